"""Outcomes: achieved, would have happened anyway, and (through evidence) claimed.

The people of one cell (group and start) are walked in slabs; each has one uniform a ladder, which
decides both worlds. What the ladders and their rates are is in :mod:`sibmodel.model.ladders`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sibmodel.model.chance import (
    Floats,
    PersonUniforms,
    Uniforms,
    joined_scores,
    lattice,
    normal_scores,
)
from sibmodel.model.evidence import Mask, claimed
from sibmodel.model.ladders import CohortRates, Ladder, Rung

SLAB = 255
"""People counted at once: what a byte holds."""

NOBODY = 2.0
"""Above every uniform: this person never gets anywhere."""

Counts = npt.NDArray[Any]
"""Whole people as small integers; fractions of people, float64, where there is no chance."""


# --- luck, real or even ---------------------------------------------------------------------------


class PersonLuck(Protocol):
    """Where the uniforms of a cell's people come from, one after another."""

    def slab(self, people: int) -> Uniforms:
        """The next people's uniforms, shape (person, run)."""


LuckOf = Callable[[str, bool], PersonLuck]


def random_luck(seed: int, block: int) -> LuckOf:
    """People's own luck, one stream for each name."""
    return lambda name, fine: PersonUniforms(seed, name, block, fine=fine)


class EvenPeople:
    """The same evenly spread people in every run, for a limit per person without chance."""

    def __init__(self, name: str, points: int, runs: int) -> None:
        self._points = np.broadcast_to(lattice(points, name)[:, None], (points, runs))
        self._next = 0

    def slab(self, people: int) -> Uniforms:
        """The next people's uniforms, shape (person, run)."""
        self._next += people
        return self._points[self._next - people : self._next]


# --- one cohort, all its cells --------------------------------------------------------------------


@dataclass(frozen=True)
class CellCounts:
    """Counts of one cell by outcome, each shape (run,); anyway only where it is stated."""

    achieved: dict[str, Counts]
    anyway: dict[str, Counts]
    claimed: dict[str, Counts]


def expected_cell(rates: CohortRates, group: str, start: int, people: Floats) -> CellCounts:
    """A cell without chance: people as fractions."""
    key = (group, start)
    achieved = {name: people * share for name, share in rates.share_achieved[key].items()}
    anyway = {name: people * share for name, share in rates.share_anyway[key].items()}
    claims = {name: count * rates.claimed[name][group] for name, count in achieved.items()}
    return CellCounts(achieved, anyway, claims)


def count_cell(
    rates: CohortRates,
    cell: str,
    group: str,
    start: int,
    people: npt.NDArray[np.int64],
    luck_of: LuckOf,
    on_claimed: Callable[[str, Mask], None] | None = None,
) -> CellCounts:
    """Walk the people of one cell in slabs and count who gets where.

    Parameters
    ----------
    rates : CohortRates
    cell : str
        Name of the cell, ``cohort/group/start``: its streams are named after it.
    group, start : str, int
        Label of the group and period of the start.
    people : int array (run,)
        How many start in each run.
    luck_of : callable
        Uniforms by name.
    on_claimed : callable, optional
        Called for each slab with the cohort and the mask (person, run) of who started, then
        with each outcome and the mask of who claims it.
    """
    most, runs = int(people.max(initial=0)), len(people)
    fewest = int(people.min(initial=most))
    with_service, without = rates.achieved[group, start], rates.anyway[group, start]
    draws = _Draws(rates, cell, luck_of, runs)
    parents = {ladder.needs for ladder in rates.ladders if ladder.needs}
    counts = CellCounts({}, {}, {})
    for first in range(0, most, SLAB):
        size = min(SLAB, most - first)
        absent = None
        if first + size > fewest:
            absent = np.arange(first, first + size)[:, None] >= people
        if on_claimed is not None:
            started = np.ones((size, runs), dtype=bool) if absent is None else ~absent
            on_claimed(cell.partition("/")[0], started)
        draws.next_slab(size)
        achieved, anyway = _World(with_service), _World(without)
        for ladder in rates.ladders:
            u = draws.ladder(ladder)
            mine = achieved.place(ladder, u, absent, draws)
            # the same uniforms decide both worlds, and where all start they are the same array
            theirs = mine if ladder.needs is None else anyway.place(ladder, u, absent, draws)
            for name in ladder.outcomes:
                if name in with_service:
                    hit = _between(mine, with_service[name])
                    _add(counts.achieved, name, hit)
                    if name in parents:
                        achieved.reached[name] = (hit, mine)
                    if name in draws.evidence:
                        hit = claimed(
                            achieved=hit,
                            uniforms=draws.paper(name),
                            share=rates.claimed[name][group],
                        )
                        _add(counts.claimed, name, hit)
                    if on_claimed is not None:
                        on_claimed(name, hit)
                if name in without:
                    hit = _between(theirs, without[name])
                    _add(counts.anyway, name, hit)
                    if name in parents:
                        anyway.reached[name] = (hit, theirs)
    for name, count in counts.achieved.items():
        counts.claimed.setdefault(name, count)
    return counts


class _Draws:
    """The uniforms of a cell's people, slab by slab, each from its own stream."""

    def __init__(self, rates: CohortRates, cell: str, luck_of: LuckOf, runs: int) -> None:
        self.togetherness, self._runs, self._size = rates.togetherness, runs, 0
        self._fine = rates.fine
        self._own = {
            la.name: luck_of(f"people/{la.name}/{cell}", la.name in rates.fine)
            for la in rates.ladders
        }
        self._common = {
            needs: luck_of(f"together/{needs or 'start'}/{cell}", False)
            for needs in dict.fromkeys(la.needs for la in rates.ladders)
            if rates.togetherness > 0
        }
        self.evidence = {
            name: luck_of(f"evidence/{name}/{cell}", False) for name in rates.unsure_evidence
        }

    def next_slab(self, size: int) -> None:
        """Begin the next people of the cell."""
        self._size = size
        self._shared = {
            needs: normal_scores(luck.slab(size)[:, : self._runs])
            for needs, luck in self._common.items()
        }

    def ladder(self, ladder: Ladder) -> Uniforms:
        """One ladder's own uniforms, shape (person, run)."""
        return self._own[ladder.name].slab(self._size)[:, : self._runs]

    def paper(self, outcome: str) -> Uniforms:
        """Luck with the evidence of one outcome, shape (person, run)."""
        return self.evidence[outcome].slab(self._size)[:, : self._runs]

    def together(self, ladder: Ladder, own: Uniforms, rank: Counts | None) -> Uniforms:
        """A ladder's uniforms joined to those of its neighbours.

        Ladders that begin at the start share one score a person. Ladders that branch from an
        outcome share one too, itself joined to the person's ``rank`` among those who got there:
        the rank is again uniform among them, so stated rates hold exactly.
        """
        common = self._shared[ladder.needs]
        if rank is not None:
            common = joined_scores(normal_scores(rank), common, self.togetherness)
        scores = joined_scores(common, normal_scores(own), self.togetherness)
        kind = np.float64 if ladder.name in self._fine else np.float32
        uniforms: Uniforms = ndtr(scores).astype(kind, copy=False)
        # rounded to 1, a rate of 1 would not be reached
        return np.minimum(uniforms, np.nextafter(kind(1), kind(0)), out=uniforms)


class _World:
    """With the service or without it: who reached the outcomes that others branch from."""

    def __init__(self, rungs: Mapping[str, Rung]) -> None:
        self._rungs = rungs
        self.reached: dict[str, tuple[Mask, Uniforms]] = {}

    def place(self, ladder: Ladder, u: Uniforms, absent: Mask | None, draws: _Draws) -> Uniforms:
        """A ladder's uniforms in this world; people who do not begin it get NOBODY."""
        if ladder.needs is None:
            if draws.togetherness > 0:
                u = draws.together(ladder, u, None)
            return u if absent is None else np.where(absent, u.dtype.type(NOBODY), u)
        if ladder.needs not in self.reached:
            return np.full_like(u, NOBODY)
        begins, above = self.reached[ladder.needs]
        if draws.togetherness > 0:
            rung = self._rungs[ladder.needs]
            low = 0.0 if rung.low is None else rung.low
            width = np.maximum(np.asarray(rung.high) - low, above.dtype.type(1e-30))
            rank = np.asarray((above - low) / width, dtype=above.dtype)
            u = draws.together(ladder, u, rank)
        return np.where(begins, u, u.dtype.type(NOBODY))


def _between(u: Uniforms, rung: Rung) -> Mask:
    hit: Mask = u < rung.high
    if rung.low is not None:
        hit &= u >= rung.low
    return hit


def _add(counts: dict[str, Counts], name: str, hit: Mask) -> None:
    count = np.add.reduce(hit.view(np.uint8), axis=0, dtype=np.uint8)
    if name in counts:
        counts[name] = counts[name] + count.astype(np.uint32)
    else:
        counts[name] = count
