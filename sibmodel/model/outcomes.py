"""Outcomes: achieved, would have happened anyway, and (through evidence) claimed.

A ladder is a chain of outcomes decided by one uniform u a person: rung k is reached where u < Q_k,
and would have been reached without the service where u < D_k. The same uniform decides both
worlds, which gives the smallest variance of additional outcomes that the two rates allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import (
    BLOCK,
    Floats,
    PersonUniforms,
    Uniforms,
    join,
    lattice,
    shared_luck,
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
Counts = npt.NDArray[np.generic]


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
    """Where on its ladder's uniform an outcome lies: reached where low ≤ u < high."""

    low: Rate
    high: Rate


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


def rungs(ladder: Ladder, shares: Mapping[str, Rate]) -> dict[str, Rung]:
    """Where each outcome of a ladder lies, given the shares of starters who reach each outcome.

    Chains that exclude one another lie side by side; where a run's luck makes them pass 1
    together, all are narrowed in the same proportion.
    """
    whole = shares[ladder.needs] if ladder.needs else 1.0
    beside: list[Rate] = []
    for chain in ladder.chains:
        beside.append(_divide(shares[chain[0]], whole) if chain[0] in shares else 0.0)
    narrowed: Rate = 1.0
    if len(beside) > 1:
        narrowed = 1 / np.maximum(sum(beside), 1.0)
    found: dict[str, Rung] = {}
    low: Rate = 0.0
    for chain, width in zip(ladder.chains, beside, strict=True):
        for outcome in chain:
            if outcome in shares:
                found[outcome] = Rung(low, low + _divide(shares[outcome], whole) * narrowed)
        low = low + width * narrowed
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
    fine: bool


def cohort_rates(
    contract: Contract, cohort: str, drawn: Drawn, luck: Callable[[str], Floats] | None, periods: list[int]
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
    achieved, anyway, share_achieved, share_anyway = {}, {}, {}, {}
    fine = False
    lucks = {}
    if luck is not None and clause.alikeness > 0:
        together = clause.shared_by == "cohort"
        lucks = {t: luck(f"luck/{cohort}" if together else f"luck/{cohort}/{t}") for t in periods}
        if together:
            lucks = dict.fromkeys(periods, lucks[periods[0]]) if periods else {}
    for group in clause.labels(cohort):
        expected = [
            running_products(contract, names, field, drawn, group) for field in ("rate", "anyway")
        ]
        fine |= any(
            bool(np.any((np.asarray(share) > 0) & (np.asarray(share) < FINE_BELOW)))
            for shares in expected
            for share in shares.values()
        )
        worlds: list[tuple[dict[str, Rate], dict[str, Rung]]] = []
        for index, t in enumerate(periods):
            key = (group, t)
            if index == 0 or (lucks and clause.shared_by == "start"):
                worlds = []
                for shares in expected:
                    if lucks:
                        shares = {  # noqa: PLW2901  (the world of this start period)
                            name: shared_luck(share, lucks[t], alikeness=clause.alikeness)
                            for name, share in shares.items()
                        }
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
    return CohortRates(
        mine, achieved, anyway, share_achieved, share_anyway, claims, clause.togetherness, fine
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
    most = int(people.max(initial=0))
    fewest = int(people.min(initial=most))
    runs = len(people)
    kind = np.float64 if rates.fine else np.float32
    own = {la.name: luck_of(f"people/{la.name}/{cell}", rates.fine) for la in rates.ladders}
    common: dict[str | None, PersonLuck] = {}
    siblings = {n: sum(la.needs == n for la in rates.ladders) for n in {la.needs for la in rates.ladders}}
    if rates.togetherness > 0:
        common = {
            needs: luck_of(f"together/{needs or 'start'}/{cell}", rates.fine)
            for needs, count in siblings.items()
            if count > 1
        }
    with_service = {n: _as(kind, rung) for n, rung in rates.achieved[group, start].items()}
    without = {n: _as(kind, rung) for n, rung in rates.anyway[group, start].items()}
    evidence = {
        name: luck_of(f"evidence/{name}/{cell}", False)
        for name in with_service
        if np.any(np.asarray(rates.claimed[name][group]) != 1)
    }
    parents = {la.needs for la in rates.ladders if la.needs}
    counts = CellCounts({}, {}, {})
    for first in range(0, most, SLAB):
        size = min(SLAB, most - first)
        absent = None
        if first + size > fewest:
            absent = np.arange(first, first + size)[:, None] >= people
        shared = {needs: luck.slab(size) for needs, luck in common.items()}
        if on_claimed is not None:
            started = np.ones((size, runs), dtype=bool) if absent is None else ~absent
            on_claimed(cell.partition("/")[0], started)
        reached: dict[str, Mask] = {}
        anyway: dict[str, Mask] = {}
        for ladder in rates.ladders:
            u = own[ladder.name].slab(size)[:, :runs]
            if ladder.needs in shared:
                u = join(u, shared[ladder.needs][:, :runs], rates.togetherness)
            if ladder.needs is None:
                mine = theirs = u if absent is None else np.where(absent, kind(NOBODY), u)
            else:
                mine = np.where(reached[ladder.needs], u, kind(NOBODY))
                if ladder.needs in anyway:
                    theirs = np.where(anyway[ladder.needs], u, kind(NOBODY))
            for name in ladder.outcomes:
                if name in with_service:
                    hit = _between(mine, with_service[name])
                    _add(counts.achieved, name, hit)
                    if name in parents:
                        reached[name] = hit
                    if name in evidence:
                        hit = claimed(
                            achieved=hit,
                            uniforms=evidence[name].slab(size)[:, :runs],
                            share=rates.claimed[name][group],
                        )
                        _add(counts.claimed, name, hit)
                    if on_claimed is not None:
                        on_claimed(name, hit)
                if name in without:
                    hit = _between(theirs, without[name])
                    _add(counts.anyway, name, hit)
                    if name in parents:
                        anyway[name] = hit
    for name, count in counts.achieved.items():
        counts.claimed.setdefault(name, count)
    return counts


def _as(kind: type[np.floating], rung: Rung) -> Rung:
    return Rung(
        *(np.ascontiguousarray(np.asarray(end, dtype=kind)) for end in (rung.low, rung.high))
    )


def _between(u: Uniforms, rung: Rung) -> Mask:
    hit: Mask = u < rung.high
    if np.any(rung.low):
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
