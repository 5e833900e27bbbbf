"""Which numbers move together: stated correlations, checked and made into one matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, did_you_mean, path_text

MENDED_QUIETLY = 0.05
"""Most that mending may move an entry of the matrix; a larger contradiction is a fault."""


def draw_name(path: str, number: Assumption | ByGroup) -> str:
    """The name under which an uncertain number is drawn: its path, or the file of its samples."""
    if isinstance(number, Assumption) and number.samples is not None and number.samples.file:
        return f"samples/{number.samples.file}"
    return path


def uncertain_names(contract: Contract) -> dict[str, str]:
    """What a correlation may name → the name under which that number is drawn."""
    names = {
        name: draw_name(name, number)
        for name, number in contract.assumptions.items()
        if isinstance(number, Assumption) and number.form != "value"
    }
    for at in contract.numbers():
        if isinstance(at.number, float):
            continue
        path = path_text(at.path)
        if isinstance(at.number, str) and at.number in names:
            names[path] = names[at.number]
        elif isinstance(at.number, ByGroup) and not at.number.independent:
            if any(is_uncertain(number) for number in at.number.by_group.values()):
                names[path] = path
        elif isinstance(at.number, Assumption) and is_uncertain(at.number):
            names[path] = draw_name(path, at.number)
    return names


def is_uncertain(number: float | str | Assumption | ByGroup) -> bool:
    """Whether a number is a distribution written in its place."""
    return isinstance(number, Assumption) and number.form != "value"


def stated_matrix(contract: Contract) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Correlated names, sorted, and the Gaussian-copula matrix as stated (perhaps impossible)."""
    known = uncertain_names(contract)
    pairs: dict[tuple[str, str], float] = {}
    for clause in contract.correlations:
        # Source: METHOD §5, Spearman to normal 2 sin(π ρ / 6), Kendall sin(π τ / 2)
        if clause.spearman is not None:
            size = 2 * math.sin(math.pi * clause.spearman / 6)
        else:
            size = math.sin(math.pi * (clause.kendall or 0.0) / 2)
        for a, b in combinations(sorted(known[name] for name in clause.between), 2):
            pairs[a, b] = size
    names = tuple(sorted({name for pair in pairs for name in pair}))
    matrix = np.eye(len(names))
    for (a, b), size in pairs.items():
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = size
    return names, matrix


def nearest_correlation(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The nearest matrix that is a correlation matrix (alternating projections, Higham 2002)."""
    if np.linalg.eigvalsh(matrix)[0] >= 1e-10:
        return matrix
    nearest, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(200):
        trial = nearest - correction
        values, vectors = np.linalg.eigh(trial)
        positive = (vectors * np.maximum(values, 1e-10)) @ vectors.T
        correction = positive - trial
        nearest = positive.copy()
        np.fill_diagonal(nearest, 1.0)
    return nearest


def correlation_faults(contract: Contract) -> Iterator[Fault]:
    """Names that are not uncertain numbers, pairs stated twice, and impossible matrices."""
    known = uncertain_names(contract)
    everything = {path_text(at.path) for at in contract.numbers()} | set(contract.assumptions)
    seen: set[tuple[str, str]] = set()
    good = True
    for index, clause in enumerate(contract.correlations):
        here = ("correlations", index, "between")
        for name in clause.between:
            if name not in known:
                good = False
                if name in everything:
                    yield Fault(
                        here, f"{name!r} is certain (or independent by group): nothing to join"
                    )
                else:
                    yield Fault(
                        here, f"there is no number called {name!r}; {did_you_mean(name, known)}"
                    )
        drawn = sorted(known[name] for name in clause.between if name in known)
        for pair in combinations(drawn, 2):
            if pair[0] == pair[1]:
                good = False
                yield Fault(here, f"names one draw twice: both are {pair[0]!r}")
            elif pair in seen:
                good = False
                yield Fault(here, f"the pair {pair[0]!r}, {pair[1]!r} is stated twice")
            seen.add((pair[0], pair[1]))
    if good and contract.correlations:
        names, matrix = stated_matrix(contract)
        moved = float(np.abs(nearest_correlation(matrix) - matrix).max())
        if np.linalg.eigvalsh(matrix)[0] < -1e-9 and moved > MENDED_QUIETLY:
            yield Fault(
                ("correlations",),
                f"together these cannot be: no set of numbers is correlated so "
                f"(the nearest possible differs by {moved:.2f}); look again at {', '.join(names)}",
            )
