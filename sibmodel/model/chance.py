"""The only door by which randomness enters.

Streams are named: one for each (seed, name of what is drawn, block of runs), so a new clause leaves
the luck of the others alone, and blocks may be walked anywhere in any order. Only uniforms are
drawn; everything else follows by inverse distribution functions. A block is drawn whole and then
cut, so run 17 is the same however many runs there are.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr, ndtri

BLOCK = 4096
"""Runs in a block."""

Floats = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32] | npt.NDArray[np.float64]

_TINY = 2.0**-54


def stream(seed: int, name: str, block: int) -> np.random.Generator:
    """The random stream of one thing in one block.

    Parameters
    ----------
    seed : int
        The user's seed, 0 or more.
    name : str
        What is drawn; hashed to 128 bits, the same on every machine.
    block : int
        Number of the block of runs, from 0.

    Examples
    --------
    >>> a, b = stream(0, "luck/young_people", 0), stream(0, "luck/young_people", 0)
    >>> bool(a.random() == b.random())
    True
    """
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(*words, block)))
    )


def uniform_per_run(seed: int, name: str, block: int, runs: int = BLOCK) -> Floats:
    """One uniform a run, strictly between 0 and 1, shape (run,)."""
    return stream(seed, name, block).random(BLOCK)[:runs] + _TINY


class PersonUniforms:
    """One uniform for each person and run of a cell, handed out in slabs of people.

    Drawn as float32. Where a rate is too small for 24 bits, ``fine=True`` adds 24 more from a
    second stream: the leading bits stay, so no person's luck jumps when a rate becomes small.
    """

    def __init__(self, seed: int, name: str, block: int, *, fine: bool = False) -> None:
        self._coarse = stream(seed, name, block)
        self._fine = stream(seed, f"{name}/fine", block) if fine else None

    def slab(self, people: int) -> Uniforms:
        """The next people's uniforms, shape (person, run of the whole block)."""
        coarse = self._coarse.random((people, BLOCK), dtype=np.float32)
        if self._fine is None:
            return coarse
        rest = self._fine.random((people, BLOCK), dtype=np.float32)
        return coarse + rest * np.float64(2.0**-24)


def lattice(points: int, name: str) -> Floats:
    """Evenly spread uniforms in a fixed random order, shape (point,): chance without chance."""
    order = stream(0, f"lattice/{name}", 0).permutation(points)
    return (order + 0.5) / points


def normal_scores(uniforms: npt.NDArray[Any]) -> Uniforms:
    """Normal scores of float32 or float64 uniforms from 0 to below 1, always finite."""
    half = uniforms.dtype.type(2.0**-25)
    scores: Uniforms = ndtri(np.clip(uniforms, half, 1 - half))
    return scores


def joined_scores(common: Uniforms, own: Uniforms, togetherness: float) -> Uniforms:
    """Normal scores that share ``common`` scores: two of them have correlation ``togetherness``.

    Source: one-factor Gaussian copula, z = √τ c + √(1−τ) e.
    """
    return common * own.dtype.type(togetherness**0.5) + own * own.dtype.type(
        (1 - togetherness) ** 0.5
    )


# --- luck shared by a cohort ----------------------------------------------------------------------

_SCORES = np.linspace(-5.0, 5.0, 201)  # normal score of the rate
_LUCK = np.linspace(-8.3, 8.3, 167)  # normal score of the shared luck
_LOWEST_RATE = 3e-7  # below the first score: no shared luck, it could not be seen


@lru_cache(maxsize=32)
def _luck_table(alikeness: float) -> Floats:
    """Normal score of the rate in a run, by (score of the rate, score of the luck)."""
    size = 1 / alikeness - 1
    rate = ndtr(_SCORES)[:, None]
    # The upper half by symmetry: near 1 a double has no room left, near 0 it has plenty.
    low = betaincinv(rate * size, (1 - rate) * size, ndtr(_LUCK)[None, :])
    high = betaincinv((1 - rate) * size, rate * size, ndtr(-_LUCK)[None, :])
    with np.errstate(divide="ignore"):
        table = np.where(low < 0.5, ndtri(low), -ndtri(high))
    clipped: Floats = np.clip(table, -37.0, 37.0)
    return clipped


class SharedLuck:
    """The rate of a cohort in each run, given the cohort's shared luck.

    The rate of a run is Beta(Q(1−ρ)/ρ, (1−Q)(1−ρ)/ρ), read at the run's luck: two people's 0/1
    results then have correlation ρ at every Q, counts are beta-binomial with variance
    m Q(1−Q)(1+(m−1)ρ), and because these betas are ordered in Q, more likely rungs stay more likely
    in every run.

    Parameters
    ----------
    luck : array (run,)
        Normal score of the cohort's luck, one a run; higher is luckier.
    alikeness : float
        ρ, the intra-cohort correlation, above 0 and below 1.

    Notes
    -----
    Read off a table by straight lines in normal scores, of the rate (steps of 0.05) and of the luck
    (steps of 0.1): from the exact beta about 1e-5 at ρ 0.02, 3e-5 at 0.05, 3e-4 at 0.3.

    Source
    ------
    Beta-binomial with intra-class correlation ρ = 1/(α+β+1).

    Examples
    --------
    >>> SharedLuck(np.array([-1.0, 0.0, 1.0]), alikeness=0.05)(0.4).round(3)
    array([0.288, 0.396, 0.512])
    """

    def __init__(self, luck: Floats, *, alikeness: float) -> None:
        self._table = _luck_table(alikeness)
        self._column, self._down = _place(np.clip(luck, _LUCK[0], _LUCK[-1]), _LUCK)

    def __call__(self, rate: Floats | float) -> Floats:
        """The rate of each run, shape (run,), for an expected rate Q, float or (run,)."""
        rate = np.asarray(rate, dtype=float)
        row, across = _place(np.clip(ndtri(rate), _SCORES[0], _SCORES[-1]), _SCORES)
        if rate.ndim == 0:
            line = self._table[row] + across * (self._table[row + 1] - self._table[row])
            score = self._read(line, self._column)
        else:
            corner = row * len(_LUCK) + self._column
            below = self._read(self._table.ravel(), corner)
            score = self._read(self._table.ravel(), corner + len(_LUCK))
            score -= below
            score *= across
            score += below
        lucky: Floats = ndtr(score)
        unseen = (rate < _LOWEST_RATE) | (rate > 1 - _LOWEST_RATE)
        return np.where(unseen, rate, lucky) if np.any(unseen) else lucky

    def _read(self, line: Floats, place: npt.NDArray[np.intp]) -> Floats:
        """Between two neighbouring entries of a line, as far as the luck goes."""
        left = line[place]
        found: Floats = line[place + 1]
        found -= left
        found *= self._down
        found += left
        return found


def _place(x: Floats, grid: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Cell of an even grid that x falls in, and how far across it."""
    steps = (x - grid[0]) * ((len(grid) - 1) / (grid[-1] - grid[0]))
    cell = np.minimum(steps.astype(np.intp), len(grid) - 2)
    return cell, steps - cell
