"""One number of a contract at a time: what is known of it, another in its place, and roots."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from sibmodel.contract.assumptions import Assumption, ByGroup, Range
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, did_you_mean, path_text
from sibmodel.happened import People
from sibmodel.results import Results
from sibmodel.simulation import simulate

POINTS = 9
"""Evenly spread places at which a range is looked at before a root is narrowed down."""
STRAIGHT = 1e-6
"""How near to a straight line a gap must be to be taken for one, as a share of its size."""
SPREAD_RUNS = 4096
"""Draws that a number's own range is read off."""


def fixed(contract: Contract, path: str, value: float) -> Contract:
    """The contract with a plain number at a path, all uncertainty about it replaced.

    Where a correlation joined what stood there to something else, that is left out: a certain
    number moves with nothing.

    Parameters
    ----------
    contract : Contract
    path : str
        As ``Contract.replace`` takes it.
    value : float

    Raises
    ------
    ContractError
        If the contract cannot have that number there.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> fixed(bond, "outcomes.success.rate", 0.5).outcomes["success"].rate
    0.5
    """
    return replaced(contract, {path: value})


def replaced(contract: Contract, changes: Mapping[str, Any], name: str | None = None) -> Contract:
    """``Contract.replace``, with correlations of what has become certain left out.

    Raises
    ------
    ContractError
        If the changed contract has faults.
    """
    try:
        return contract.replace(changes, name)
    except ContractError:
        if not contract.correlations or "correlations" in changes:
            raise
    gone: set[str] = set()
    for path, value in changes.items():
        if isinstance(value, int | float | np.number):
            gone |= {path, path.partition(".by_group.")[0]}
            section, _, named = path.partition(".")
            if section == "assumptions":
                gone |= {named}
                gone |= {path_text(at.path) for at in contract.numbers() if at.number == named}
    left = []
    for clause in contract.correlations:
        between = [one for one in clause.between if one not in gone]
        if len(between) > 1:
            left.append(clause.model_dump(exclude_unset=True) | {"between": between})
    return contract.replace({**changes, "correlations": left or None}, name)


def base_case(
    contract: Contract, *measures: str, ledger: bool = True, people: People | None = None
) -> Results:
    """The base case of a contract, with these measures and, if asked, its ledger."""
    return simulate(
        contract,
        1,
        uncertainty=False,
        shared_luck=False,
        chance=False,
        keep="ledger" if ledger else "measures",
        base_case=ledger,  # the one run is the base case; only a ledger is sized by another
        measures=measures,
        people=people,
        progress=False,
    )


# --- what is known of a number --------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A number of a contract: its mean, and between which values nine draws in ten lie.

    ``p5`` and ``p95`` are NaN where it is certain, or no draw was asked for; ``named`` is the
    assumption it is, if it is one with a name.
    """

    path: str
    range: Range
    mean: float
    p5: float
    p95: float
    uncertain: bool
    named: str | None = None


def numbers_of(
    contract: Contract, base: Results, *, draws: int = SPREAD_RUNS, seed: int = 0
) -> dict[str, Place]:
    """Every number of a contract by its path; those with a name as ``assumptions.name`` too.

    Parameters
    ----------
    contract : Contract
    base : Results
        Its base case, with the ledger: numbers are at their means.
    draws : int
        How many draws their ranges are read off; 0: none, and no range is known.
    seed : int

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> places = numbers_of(bond, base_case(bond))
    >>> places["outcomes.success.rate"].mean
    0.4
    """
    drawn, places = _drawn(contract, base, draws, seed), dict[str, Place]()

    def add(path: str, number: float | str | Assumption, limits: Range, label: str) -> None:
        named = number if isinstance(number, str) else None
        stated = contract.assumptions[number] if isinstance(number, str) else number
        certain = stated.value if isinstance(stated, Assumption) else stated
        if label in drawn:
            place = Place(path, limits, *drawn[label], uncertain=True, named=named)
        else:
            assert isinstance(certain, float)
            place = Place(path, limits, certain, math.nan, math.nan, uncertain=False, named=named)
        places[path] = place
        if named is not None:
            name = f"assumptions.{named}"
            places.setdefault(name, replace(place, path=name, named=None))

    for at in contract.numbers():
        path = path_text(at.path)
        if not isinstance(at.number, ByGroup):
            add(path, at.number, at.range, path)
            continue
        for group, one in at.number.by_group.items():
            keys = (key for key in drawn if key.startswith(f"{path}@"))
            label = next((key for key in keys if _group(key) in (group, _group(group))), "")
            add(f"{path}.by_group.{group}", one, at.range, label)
    return places


def _group(label: str) -> str:
    """A group as it is called within its cohort."""
    return label.rpartition("@")[2].rpartition("/")[2]


def place_of(places: Mapping[str, Place], path: str) -> Place:
    """What is known of the number at a path.

    Raises
    ------
    KeyError
        If there is none; the message has the nearest path.
    """
    if path not in places:
        raise KeyError(f"there is no number at {path!r}; {did_you_mean(path, places)}")
    return places[path]


def _drawn(
    contract: Contract, base: Results, draws: int, seed: int
) -> dict[str, tuple[float, float, float]]:
    """Mean, 5th and 95th percentile of every uncertain number, by its label in the ledger."""
    means = base.ledger
    assert means is not None
    if "assumed" not in means:
        return {}
    labels = [str(label) for label in means["assumption"].to_numpy()]
    mean = means["assumed"].transpose("assumption", "run").to_numpy()[:, 0]
    ends = np.full((2, len(labels)), math.nan)
    if draws:
        ledger = simulate(
            contract, draws, seed=seed, shared_luck=False, measures=(), progress=False
        ).ledger
        assert ledger is not None
        values = ledger["assumed"].transpose("assumption", "run").to_numpy()
        ends = np.percentile(values, (5, 95), axis=1)
    return {
        label: (float(mean[k]), float(ends[0, k]), float(ends[1, k]))
        for k, label in enumerate(labels)
    }


# --- roots ----------------------------------------------------------------------------------------

Gap = Callable[[float], float]
"""How far a measure is from its target, at a value of a number; NaN where it is undefined."""


def crossing(gap: Gap, *, low: float, high: float, near: float, width: float) -> float:
    """Where a gap closes: of several places that nearest to a value; NaN if nowhere is seen.

    A straight line is tried first: most measures are straight in most numbers.

    Parameters
    ----------
    gap : callable
    low, high : float
        Where to look.
    near : float
        Looked at too, if it lies between them.
    width : float
        How narrow the place is to be known.

    Examples
    --------
    >>> round(crossing(lambda x: x * x - 2, low=0, high=8, near=1, width=1e-9), 6)
    1.414214
    """
    straight = _straight(gap, low, high, near) if low <= near <= high else None
    if straight is not None:
        return straight
    places = {float(x) for x in np.linspace(low, high, POINTS)}
    ordered = sorted(places | ({near} if low < near < high else set()))
    seen = [(x, gap(x)) for x in ordered]
    edges = [_edge(gap, a, b, width) for a, b in pairwise(seen)]
    known = {one for one in (*seen, *filter(None, edges)) if not math.isnan(one[1])}
    seen = sorted(known)
    turns = [(a, b) for a, b in pairwise(seen) if (a[1] <= 0) != (b[1] <= 0)]
    if not turns:
        return math.nan

    def distance(turn: tuple[tuple[float, float], tuple[float, float]]) -> float:
        (a, _), (b, _) = turn
        return 0.0 if math.isnan(near) else max(a - near, near - b, 0.0)

    (a, at_a), (b, at_b) = min(turns, key=distance)
    return _narrowed(gap, a, at_a, b, at_b, width)


def _edge(
    gap: Gap, a: tuple[float, float], b: tuple[float, float], width: float
) -> tuple[float, float] | None:
    """By halving: the last place, with its gap, before a gap is undefined between the two."""
    if math.isnan(a[1]) == math.isnan(b[1]):
        return None
    known, unknown = (b, a[0]) if math.isnan(a[1]) else (a, b[0])
    while abs(known[0] - unknown) > width:
        x = (known[0] + unknown) / 2
        at_x = gap(x)
        if math.isnan(at_x):
            unknown = x
        else:
            known = x, at_x
    return known


def _straight(gap: Gap, low: float, high: float, near: float) -> float | None:
    """Where a straight gap closes, NaN if beyond the range; None where it is not straight."""
    other = (near + (low if near > low else high)) / 2
    here, there = gap(near), gap(other)
    rise = (there - here) / (other - near)
    if not math.isfinite(rise):
        return None
    x = near - here / rise if rise else math.inf
    ends = (x,) if low <= x <= high else (low, high)
    narrow = STRAIGHT * max(abs(here), abs(there))
    if any(not abs(gap(end) - here - rise * (end - near)) <= narrow for end in ends):
        return None
    return x if low <= x <= high else math.nan


def _narrowed(gap: Gap, a: float, at_a: float, b: float, at_b: float, width: float) -> float:
    """By straight lines, an end that stays being given half its weight (the Illinois way).

    Source: M. Dowell and P. Jarratt, A modified regula falsi method, BIT 11 (1971), 168-174.
    """
    for _ in range(60):
        finite = math.isfinite(at_a) and math.isfinite(at_b)
        x = b - at_b * (b - a) / (at_b - at_a) if finite else (a + b) / 2
        if abs(b - a) <= width or min(abs(x - a), abs(x - b)) <= 1e-3 * width:
            return x
        at_x = gap(x)
        if math.isnan(at_x):
            return math.nan
        if at_x == 0:
            return x
        if (at_x <= 0) != (at_b <= 0):
            a, at_a = b, at_b
        else:
            at_a /= 2
        b, at_b = x, at_x
    return (a + b) / 2
