"""Outcomes: achieved, would have happened anyway, and (through evidence) claimed.

The people of one cell (group and start) are walked in slabs; each has one uniform a ladder, which
decides both worlds. What the ladders and their rates are is in :mod:`sibmodel.model.ladders` and
:mod:`sibmodel.model.rates`. Delays are periods from the start.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
from sibmodel.model.ladders import Ladder, Rung
from sibmodel.model.quantities import Numbers
from sibmodel.model.rates import CohortRates, World
from sibmodel.model.steps import When, shares_by_delay, taken
from sibmodel.model.units import Quantity

SLAB = 255
"""People counted at once: what a byte holds."""

NOBODY = 2.0
"""Above every uniform: this person never gets anywhere."""

Counts = npt.NDArray[Any]
"""Whole people as small integers; numbers in a unit, and fractions of people, float64."""

Claims = Iterator[tuple[int, Numbers]]
"""Claims of some people by delay: masks, or numbers, each (person, run)."""


class OnClaimed(Protocol):
    """Is told a cohort and who started, then each outcome and who claims how much of it.

    ``as_one``: the same with all of a person's time as one claim, where it ends.
    """

    def __call__(self, paid_for: str, claims: Claims, as_one: Claims) -> None: ...


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

ByDelay = dict[str, dict[int, Counts]]


@dataclass(frozen=True)
class CellCounts:
    """Counts of one cell by outcome and delay, each shape (run,); anyway only where it is stated.

    Where everything achieved is claimed the two are the same arrays.
    """

    achieved: ByDelay = field(default_factory=dict)
    anyway: ByDelay = field(default_factory=dict)
    claimed: ByDelay = field(default_factory=dict)


def expected_cell(rates: CohortRates, group: str, start: int, people: Floats) -> CellCounts:
    """A cell without chance: people as fractions."""
    counts = CellCounts()
    after = rates.after[group]
    for world, found in (
        (rates.achieved[group, start], counts.achieved),
        (rates.anyway[group, start], counts.anyway),
    ):
        for index, ladder in enumerate(rates.ladders):
            begun = shares_by_delay(
                rates.ladders[:index],
                world.places,
                steps=ladder.steps,
                any_step=ladder.any_step,
                after=after,
            )
            if begun is None:
                continue
            whole = sum(begun.values())
            for name, offset in ladder.offsets(after):
                for delay, share in begun.items():
                    part = 1.0 if len(begun) == 1 else share / np.where(whole > 0, whole, 1.0)
                    if name in world.places:
                        here = people * (world.shares[name] * part)
                        _add(found, name, delay + offset, here)
                    if name in world.numbers:
                        begins = 1.0 if ladder.needs is None else world.shares[ladder.needs]
                        for later, mean in enumerate(world.numbers[name].expected()):
                            here = people * (begins * part * mean)
                            _add(found, name, delay + offset + later, here)
    for name, delays in counts.achieved.items():
        share = rates.claimed[name][group]
        counts.claimed[name] = {delay: count * share for delay, count in delays.items()}
    return counts


def count_cell(
    rates: CohortRates,
    cell: str,
    group: str,
    start: int,
    people: npt.NDArray[np.int64],
    luck_of: LuckOf,
    on_claimed: OnClaimed | None = None,
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
        Called for each slab with the cohort and who started, then with each outcome and who
        claims it.
    """
    most, runs = int(people.max(initial=0)), len(people)
    fewest = int(people.min(initial=most))
    draws = _Draws(rates, cell, luck_of, runs)
    parents = {step for ladder in rates.ladders for step in ladder.steps}
    after, counts = rates.after[group], CellCounts()
    for first in range(0, most, SLAB):
        size = min(SLAB, most - first)
        absent = None
        if first + size > fewest:
            absent = np.arange(first, first + size)[:, None] >= people
        if on_claimed is not None:
            started = np.ones((size, runs), dtype=bool) if absent is None else ~absent
            cohort = cell.partition("/")[0]
            on_claimed(cohort, iter([(0, started)]), iter([(0, started)]))
        draws.next_slab(size)
        achieved = _Walk(rates.achieved[group, start], parents)
        anyway = _Walk(rates.anyway[group, start], parents)
        for ladder in rates.ladders:
            u = draws.ladder(ladder)
            mine = achieved.place(ladder, u, absent, draws)
            # the same uniforms decide both worlds, and where all start they are the same array
            theirs = mine if ladder.needs is None else anyway.place(ladder, u, absent, draws)
            for name, offset in ladder.offsets(after):
                hit = anyway.reach(ladder, name, theirs, offset)
                if hit is not None:
                    _count(counts.anyway, name, anyway.claims(ladder, name, hit, offset))
                hit = achieved.reach(ladder, name, mine, offset)
                if hit is None:
                    continue
                _count(counts.achieved, name, achieved.claims(ladder, name, hit, offset))
                if name in draws.evidence:
                    share = rates.claimed[name][group]
                    hit = claimed(achieved=hit, uniforms=draws.paper(name), share=share)
                    _count(counts.claimed, name, achieved.claims(ladder, name, hit, offset))
                if on_claimed is not None:
                    each = achieved.claims(ladder, name, hit, offset)
                    on_claimed(name, each, achieved.claims(ladder, name, hit, offset, as_one=True))
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
            step: luck_of(f"together/{step or 'start'}/{cell}", False)
            for step in dict.fromkeys(la.beside for la in rates.ladders)
            if rates.togetherness > 0
        }
        self.evidence = {
            name: luck_of(f"evidence/{name}/{cell}", False) for name in rates.unsure_evidence
        }

    def next_slab(self, size: int) -> None:
        """Begin the next people of the cell."""
        self._size = size
        self._shared = {
            step: normal_scores(luck.slab(size)[:, : self._runs])
            for step, luck in self._common.items()
        }

    def ladder(self, ladder: Ladder) -> Uniforms:
        """One ladder's own uniforms, shape (person, run)."""
        return self._own[ladder.name].slab(self._size)[:, : self._runs]

    def paper(self, outcome: str) -> Uniforms:
        """Luck with the evidence of one outcome, shape (person, run)."""
        return self.evidence[outcome].slab(self._size)[:, : self._runs]

    def together(self, ladder: Ladder, own: Uniforms, rank: Counts | None) -> Uniforms:
        """A ladder's uniforms joined to those of its neighbours.

        Ladders that begin at the start, or after several steps, share one score a person. Ladders
        that branch from an outcome share one too, itself joined to the person's ``rank`` among
        those who got there: the rank is again uniform among them, so stated rates hold exactly.
        """
        common = self._shared[ladder.beside]
        if rank is not None:
            common = joined_scores(normal_scores(rank), common, self.togetherness)
        scores = joined_scores(common, normal_scores(own), self.togetherness)
        kind = np.float64 if ladder.name in self._fine else np.float32
        uniforms: Uniforms = ndtr(scores).astype(kind, copy=False)
        # rounded to 1, a rate of 1 would not be reached
        return np.minimum(uniforms, np.nextafter(kind(1), kind(0)), out=uniforms)


class _Walk:
    """Some people in one world: who begins each ladder, and who reached what others need."""

    def __init__(self, world: World, parents: set[str]) -> None:
        self._world, self._parents = world, parents
        self._reached: dict[str, tuple[Uniforms, When]] = {}
        self._begun: dict[str, When] = {}

    def place(self, ladder: Ladder, u: Uniforms, absent: Mask | None, draws: _Draws) -> Uniforms:
        """A ladder's uniforms in this world; people who do not begin it get NOBODY."""
        if ladder.needs is None:
            if draws.togetherness > 0:
                u = draws.together(ladder, u, None)
            return u if absent is None else np.where(absent, u.dtype.type(NOBODY), u)
        if any(step not in self._reached for step in ladder.steps):
            return np.full_like(u, NOBODY)
        if ladder.needs not in self._begun:
            steps = [self._reached[step][1] for step in ladder.steps]
            self._begun[ladder.needs] = taken(steps, any_step=ladder.any_step)
        if draws.togetherness > 0:
            rank = None
            if not ladder.several:
                above, _ = self._reached[ladder.needs]
                rung = self._world.rungs[ladder.needs]
                low = 0.0 if rung.low is None else rung.low
                width = np.maximum(np.asarray(rung.high) - low, above.dtype.type(1e-30))
                rank = np.asarray((above - low) / width, dtype=above.dtype)
            u = draws.together(ladder, u, rank)
        begins = functools.reduce(operator.or_, (who for _, who in self._begun[ladder.needs]))
        return np.where(begins, u, u.dtype.type(NOBODY))

    def reach(self, ladder: Ladder, name: str, u: Uniforms, offset: int) -> Numbers | None:
        """Who reaches an outcome, or how much of it each has; None where it is not stated."""
        if ladder.counts:
            number = self._world.numbers.get(name)
            return None if number is None else number.of(u)
        if name not in self._world.rungs:
            return None
        hit = _between(u, self._world.rungs[name])
        if name in self._parents:
            self._reached[name] = (u, list(self._timed(ladder, hit, offset)))
        return hit

    def claims(
        self, ladder: Ladder, name: str, hit: Numbers, offset: int, *, as_one: bool = False
    ) -> Claims:
        """The same by delay; all of a time in the period of its end if ``as_one``."""
        if not ladder.counts:
            yield from self._timed(ladder, hit, offset)
            return
        number: Quantity = self._world.numbers[name]
        for later, part in enumerate((number.as_one if as_one else number.by_period)(hit)):
            yield from self._timed(ladder, part, offset + later)

    def _timed(self, ladder: Ladder, hit: Numbers, offset: int) -> Claims:
        """By when each person's clock started, and so long after."""
        if ladder.needs is None:
            yield offset, hit
            return
        begun = self._begun.get(ladder.needs, [])
        for delay, who in begun:
            yield delay + offset, hit if len(begun) == 1 else hit * who


def _between(u: Uniforms, rung: Rung) -> Mask:
    hit: Mask = u < rung.high
    if rung.low is not None:
        hit &= u >= rung.low
    return hit


def _count(counts: ByDelay, name: str, claims: Claims) -> None:
    """Add up some people's claims, shape (run,) by delay."""
    for delay, hit in claims:
        if hit.dtype == bool:
            people = np.add.reduce(hit.view(np.uint8), axis=0, dtype=np.uint8)
            if delay in counts.get(name, {}):
                people = people.astype(np.uint32)
            _add(counts, name, delay, people)
        else:
            _add(counts, name, delay, np.add.reduce(hit, axis=0, dtype=np.float64))


def _add(counts: ByDelay, name: str, delay: int, count: Counts) -> None:
    delays = counts.setdefault(name, {})
    delays[delay] = delays[delay] + count if delay in delays else count
