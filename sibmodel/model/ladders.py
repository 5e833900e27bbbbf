"""Ladders, and the rates on them in each run: all that is decided before any person is.

A ladder is a chain of outcomes decided by one uniform u a person: rung k is reached where u < Q_k,
and would have been reached without the service where u < D_k. The same uniform decides both
worlds, which gives the smallest variance of additional outcomes that the two rates allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import BLOCK, Floats, SharedLuck, uniform_per_run

FINE_BELOW = 1e-4
"""Rates below this are decided by 48 bits instead of 24."""

Rate = float | Floats
Bound = float | npt.NDArray[Any]


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


# --- a cohort's rates, in both worlds -------------------------------------------------------------


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


def cohort_luck(seed: int, block: int) -> Callable[[str], Floats]:
    """Normal score of shared luck by name, shape (run,)."""
    return lambda name: ndtri(uniform_per_run(seed, name, block, BLOCK))
