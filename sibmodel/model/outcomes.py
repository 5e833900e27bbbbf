"""Outcomes: achieved, would have happened anyway, and (through evidence) claimed.

A ladder is a chain of outcomes decided by one uniform u a person: rung k is reached where u < Q_k,
and would have been reached without the service where u < D_k. The same uniform decides both
worlds, which gives the smallest variance of additional outcomes that the two rates allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import (
    BLOCK,
    Floats,
    PersonUniforms,
    SharedLuck,
    Uniforms,
    joined_scores,
    lattice,
    normal_scores,
    uniform_per_run,
)
from sibmodel.model.evidence import Mask, claimed

SLAB = 255
"""People counted at once: what a byte holds."""

FINE_BELOW = 1e-4
"""Rates below this are decided by 48 bits instead of 24."""

NOBODY = 2.0
"""Above every uniform: this person never gets anywhere."""

Rate = float | Floats
Bound = float | npt.NDArray[Any]
Counts = npt.NDArray[Any]
"""Whole people as small integers; fractions of people, float64, where there is no chance."""


@dataclass(frozen=True)
class Ladder:
    """Outcomes decided by one uniform a person.

    ``chains`` has one chain of rungs, or several that exclude one another. Everybody begins it who
    started, or who reached the outcome it ``needs``.
    """

    name: str
    needs: str | None
    chains: tuple[tuple[str, ...], ...]

    @property
    def outcomes(self) -> Iterator[str]:
        """Its rungs, chain by chain."""
        return (outcome for chain in self.chains for outcome in chain)


def ladders(contract: Contract, cohort: str) -> tuple[Ladder, ...]:
    """The ladders of a cohort, each after the one it branches from."""
    mine = [name for name in sorted(contract.outcomes) if contract.cohort_of(name) == cohort]
    followers: dict[str | None, list[tuple[str, ...]]] = {}
    for name in mine:
        outcome = contract.outcomes[name]
        family = outcome.one_of or next(
            (o.one_of for o in contract.outcomes.values() if o.one_of and name in o.one_of), (name,)
        )
        families = followers.setdefault(outcome.needs, [])
        if family not in families:
            families.append(family)

    def chain_from(first: str) -> tuple[str, ...]:
        chain = [first]
        while len(nexts := followers.get(chain[-1], [])) == 1 and len(nexts[0]) == 1:
            chain.append(nexts[0][0])
        return tuple(chain)

    found: list[Ladder] = []

    def begin(needs: str | None) -> None:
        for family in followers.get(needs, []):
            chains = tuple(chain_from(first) for first in family)
            found.append(Ladder("|".join(sorted(family)), needs, chains))
            for chain in chains:
                begin(chain[-1])

    begin(None)
    return tuple(found)


# --- the rates of a run ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Rung:
    """Where on its ladder's uniform an outcome lies: reached where low ≤ u < high (no low: 0)."""

    low: Bound | None
    high: Bound

    def narrow(self) -> Rung:
        """The same in single precision, as coarse uniforms are, contiguous for comparing."""
        low = None if self.low is None else np.asarray(self.low, dtype=np.float32)
        return Rung(low, np.ascontiguousarray(self.high, dtype=np.float32))


def running_products(
    contract: Contract, names: tuple[str, ...], field: str, drawn: Drawn, group: str
) -> dict[str, Rate]:
    """Share of those who started that reach each outcome; outcomes without the field are left out.

    ``names`` come with every outcome after the one it needs.
    """
    shares: dict[str, Rate] = {}
    for name in names:
        outcome = contract.outcomes[name]
        if getattr(outcome, field) is None or (outcome.needs and outcome.needs not in shares):
            continue
        rate = drawn(f"outcomes.{name}.{field}", group)
        shares[name] = rate * shares[outcome.needs] if outcome.needs else rate
    return shares


def fitted(ladders: tuple[Ladder, ...], shares: dict[str, Rate]) -> dict[str, Rate]:
    """The same shares; outcomes that exclude one another together pass 1 in no run.

    Where a run's draws or luck make them, all of them, and what follows them, are narrowed in the
    same proportion.
    """
    if all(len(ladder.chains) == 1 for ladder in ladders):
        return shares
    found = dict(shares)
    fit: dict[str | None, Rate] = {None: 1.0}
    for ladder in ladders:
        fits = fit.get(ladder.needs, 1.0)
        if len(ladder.chains) > 1:
            whole = shares.get(ladder.needs, 0.0) if ladder.needs else 1.0
            beside = (_divide(shares[c[0]], whole) for c in ladder.chains if c[0] in shares)
            fits = fits / np.maximum(sum(beside), 1.0)
        for outcome in ladder.outcomes:
            fit[outcome] = fits
            if outcome in shares:
                found[outcome] = shares[outcome] * fits
    return found


def rungs(ladder: Ladder, shares: Mapping[str, Rate]) -> dict[str, Rung]:
    """Where each outcome of a ladder lies, given the shares of starters who reach each outcome.

    Chains that exclude one another lie side by side.
    """
    whole = shares[ladder.needs] if ladder.needs else 1.0
    found: dict[str, Rung] = {}
    low: Bound | None = None
    for chain in ladder.chains:
        for outcome in chain:
            if outcome in shares:
                high = _divide(shares[outcome], whole)
                found[outcome] = Rung(low, high if low is None else low + high)
        if chain[0] in found:
            low = found[chain[0]].high
    return found


def _divide(part: Rate, whole: Rate) -> Rate:
    if isinstance(whole, float) and isinstance(part, float):
        return part / whole if whole > 0 else 0.0
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)


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
class CohortRates:
    """What is decided before any person is: rungs in both worlds by (group, start), claim rates."""

    ladders: tuple[Ladder, ...]
    achieved: Mapping[tuple[str, int], Mapping[str, Rung]]
    anyway: Mapping[tuple[str, int], Mapping[str, Rung]]
    share_achieved: Mapping[tuple[str, int], Mapping[str, Rate]]
    share_anyway: Mapping[tuple[str, int], Mapping[str, Rate]]
    claimed: Mapping[str, Mapping[str, Rate]]
    togetherness: float
    fine: frozenset[str]  # ladders with a rate too small for 24 bits

    @cached_property
    def unsure_evidence(self) -> tuple[str, ...]:
        """Outcomes of which not everything achieved is claimed."""
        return tuple(
            name
            for name, shares in self.claimed.items()
            if any(np.any(np.asarray(share) != 1) for share in shares.values())
        )


def cohort_rates(
    contract: Contract,
    cohort: str,
    drawn: Drawn,
    luck: Callable[[str], Floats] | None,
    periods: list[int],
) -> CohortRates:
    """The rates of a cohort in each run: assumptions drawn, shared luck applied.

    Parameters
    ----------
    contract, cohort : Contract, str
    drawn : Drawn
        Values of the contract's numbers in each run.
    luck : callable or None
        Normal score of the shared luck by name, shape (run,); None switches shared luck off.
    periods : list of int
        Periods in which anybody may start.
    """
    clause = contract.cohorts[cohort]
    mine = ladders(contract, cohort)
    names = tuple(outcome for ladder in mine for outcome in ladder.outcomes)
    achieved: dict[tuple[str, int], dict[str, Rung]] = {}
    anyway: dict[tuple[str, int], dict[str, Rung]] = {}
    share_achieved: dict[tuple[str, int], dict[str, Rate]] = {}
    share_anyway: dict[tuple[str, int], dict[str, Rate]] = {}
    fine: set[str] = set()
    lucks = {}
    if luck is not None and clause.alikeness > 0:
        together = clause.shared_by == "cohort"
        names_of_luck = {t: f"luck/{cohort}" if together else f"luck/{cohort}/{t}" for t in periods}
        drawn_luck = {
            name: SharedLuck(luck(name), alikeness=clause.alikeness)
            for name in dict.fromkeys(names_of_luck.values())
        }
        lucks = {t: drawn_luck[name] for t, name in names_of_luck.items()}
    for group in clause.labels(cohort):
        expected = [
            running_products(contract, names, field, drawn, group) for field in ("rate", "anyway")
        ]
        small = {
            name
            for shares in expected
            for name, share in shares.items()
            if np.any((np.asarray(share) > 0) & (np.asarray(share) < FINE_BELOW))
        }
        fine |= {ladder.name for ladder in mine if small.intersection(ladder.outcomes)}
        worlds: list[tuple[dict[str, Rate], dict[str, Rung]]] = []
        for index, t in enumerate(periods):
            key = (group, t)
            if index == 0 or (lucks and clause.shared_by == "start"):
                worlds = []
                for shares in expected:
                    if lucks:
                        shares = {  # noqa: PLW2901  (the world of this start period)
                            name: lucks[t](share) for name, share in shares.items()
                        }
                    shares = fitted(mine, shares)  # noqa: PLW2901
                    places: dict[str, Rung] = {}
                    for ladder in mine:
                        if ladder.needs is None or ladder.needs in shares:
                            places |= rungs(ladder, shares)
                    worlds.append((shares, places))
            (share_achieved[key], achieved[key]), (share_anyway[key], anyway[key]) = worlds
    claims = {
        name: {group: drawn(f"outcomes.{name}.claimed", group) for group in clause.labels(cohort)}
        for name in names
    }
    precise = {o for ladder in mine if ladder.name in fine for o in ladder.outcomes}
    narrowed: dict[int, dict[str, Rung]] = {}  # starts that share their rungs go on sharing
    for places_by_cell in (achieved, anyway):
        for key, places in places_by_cell.items():
            if id(places) not in narrowed:
                narrowed[id(places)] = {
                    n: rung if n in precise else rung.narrow() for n, rung in places.items()
                }
            places_by_cell[key] = narrowed[id(places)]
    return CohortRates(
        mine,
        achieved,
        anyway,
        share_achieved,
        share_anyway,
        claims,
        clause.togetherness,
        frozenset(fine),
    )


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


def cohort_luck(seed: int, block: int) -> Callable[[str], Floats]:
    """Normal score of shared luck by name, shape (run,)."""
    return lambda name: ndtri(uniform_per_run(seed, name, block, BLOCK))
