"""Ladders: which outcomes hang on one uniform a person, and where on it each lies.

A ladder is a chain of outcomes decided by one uniform u a person: rung k is reached where u < Q_k,
and would have been reached without the service where u < D_k. The same uniform decides both
worlds, which gives the smallest variance of additional outcomes that the two rates allow. An
outcome with a unit is a ladder by itself, whose uniform decides a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.steps import shares_by_delay

Rate = float | Floats
Bound = float | npt.NDArray[Any]


@dataclass(frozen=True)
class Ladder:
    """Outcomes decided by one uniform a person.

    ``chains`` has one chain of rungs, or several that exclude one another. Everybody begins it who
    started, or who took the ``steps`` it ``needs`` (their label): all of them, or with
    ``any_step`` any. ``counts``: its one outcome is a number a person.
    """

    name: str
    needs: str | None
    chains: tuple[tuple[str, ...], ...]
    steps: tuple[str, ...] = ()
    any_step: bool = False
    counts: bool = False

    @property
    def outcomes(self) -> Iterator[str]:
        """Its rungs, chain by chain."""
        return (outcome for chain in self.chains for outcome in chain)

    def offsets(self, after: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """Its outcomes with their delays from where it begins; ``after`` from the rung before."""
        for chain in self.chains:
            delay = 0
            for outcome in chain:
                delay += after[outcome]
                yield outcome, delay

    @property
    def several(self) -> bool:
        """Whether it begins after several steps."""
        return len(self.steps) > 1

    @property
    def beside(self) -> str | None:
        """The step whose ladders it goes together with; after several steps, those of the start."""
        return None if self.several else self.needs


def ladders(contract: Contract, cohort: str) -> tuple[Ladder, ...]:
    """The ladders of a cohort, each after those it branches from; numbers come last."""
    mine = [name for name in sorted(contract.outcomes) if cohort in contract.cohorts_of(name)]
    followers: dict[str | None, list[tuple[str, ...]]] = {}
    begins: dict[str | None, tuple[tuple[str, ...], bool]] = {}
    for name in mine:
        outcome = contract.outcomes[name]
        begins[outcome.step] = (outcome.steps, outcome.any_step)
        if outcome.unit is not None:
            continue
        family = outcome.one_of or next(
            (o.one_of for o in contract.outcomes.values() if o.one_of and name in o.one_of), (name,)
        )
        family = tuple(other for other in family if other in mine)
        families = followers.setdefault(outcome.step, [])
        if family not in families:
            families.append(family)

    def chain_from(first: str) -> tuple[str, ...]:
        chain = [first]
        while len(nexts := followers.get(chain[-1], [])) == 1 and len(nexts[0]) == 1:
            chain.append(nexts[0][0])
        return tuple(chain)

    found: list[Ladder] = []
    reached: set[str] = set()

    def begin(needs: str | None) -> None:
        for family in followers.get(needs, []):
            chains = tuple(chain_from(first) for first in family)
            found.append(Ladder("|".join(sorted(family)), needs, chains, *begins[needs]))
            reached.update(found[-1].outcomes)
            for chain in chains:
                begin(chain[-1])

    begin(None)
    waiting = [label for label in followers if len(begins[label][0]) > 1]
    while ready := [label for label in waiting if reached.issuperset(begins[label][0])]:
        begin(ready[0])
        waiting.remove(ready[0])
    for name in mine:
        outcome = contract.outcomes[name]
        if outcome.unit is not None:
            steps = (outcome.steps, outcome.any_step)
            found.append(Ladder(name, outcome.step, ((name,),), *steps, counts=True))
    return tuple(found)


def dearest_path(contract: Contract, cohort: str, group: str, worth: Mapping[str, float]) -> float:
    """The most one person can earn, given the most that one of each outcome earns.

    Parameters
    ----------
    contract : Contract
    cohort, group : str
    worth : mapping of outcome, or the cohort's name, to float
        The most one of it can earn; what is left out earns nothing.

    Returns
    -------
    float
        Infinite where a number that earns anything has no end.
    """
    mine = ladders(contract, cohort)

    def most(outcome: str) -> float:
        each = worth.get(outcome, 0.0)
        if contract.outcomes[outcome].unit is None or each <= 0:
            return each
        return each * contract.window(outcome, group)

    def beyond(needs: str) -> float:
        return sum(best(ladder) for ladder in mine if ladder.needs == needs and not ladder.counts)

    def best(ladder: Ladder) -> float:
        return max(sum(map(most, chain)) + beyond(chain[-1]) for chain in ladder.chains)

    from_the_start = (la for la in mine if la.needs is None or la.several or la.counts)
    return worth.get(cohort, 0.0) + sum(best(ladder) for ladder in from_the_start)


# --- places on the ladders ------------------------------------------------------------------------


@dataclass(frozen=True)
class Rung:
    """Where on its ladder's uniform an outcome lies: reached where low ≤ u < high (no low: 0)."""

    low: Bound | None
    high: Bound

    @property
    def width(self) -> Bound:
        """Share of those who begin the ladder."""
        return self.high if self.low is None else self.high - self.low

    def narrow(self) -> Rung:
        """The same in single precision, as coarse uniforms are, contiguous for comparing."""
        low = None if self.low is None else np.asarray(self.low, dtype=np.float32)
        return Rung(low, np.ascontiguousarray(self.high, dtype=np.float32))


def expected_shares(
    contract: Contract,
    mine: tuple[Ladder, ...],
    field: str,
    drawn: Drawn,
    group: str,
    after: Mapping[str, int],
) -> dict[str, Rate]:
    """Share of those who started that reach each outcome, and that take several steps (by label).

    Outcomes without the field are left out, and what needs them.
    """
    shares: dict[str, Rate] = {}
    for index, ladder in enumerate(mine):
        if ladder.several and ladder.needs is not None and ladder.needs not in shares:
            before = mine[:index]
            share = share_of_steps(before, all_rungs(before, fitted(before, shares)), ladder, after)
            if share is not None:
                shares[ladder.needs] = share
        for chain in ladder.chains if not ladder.counts else ():
            needs = ladder.needs
            for name in chain:
                if getattr(contract.outcomes[name], field) is None or (
                    needs is not None and needs not in shares
                ):
                    break
                rate = drawn(f"outcomes.{name}.{field}", group)
                shares[name] = rate * shares[needs] if needs is not None else rate
                needs = name
    return shares


def share_of_steps(
    before: Sequence[Ladder], places: Mapping[str, Rung], ladder: Ladder, after: Mapping[str, int]
) -> Rate | None:
    """Share of starters who take the several steps of a ladder; None where it is not stated."""
    shares = shares_by_delay(
        before, places, steps=ladder.steps, any_step=ladder.any_step, after=after
    )
    return None if shares is None else sum(shares.values(), 0.0)


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


def all_rungs(ladders: Sequence[Ladder], shares: Mapping[str, Rate]) -> dict[str, Rung]:
    """Where every outcome lies whose ladder can be begun."""
    found: dict[str, Rung] = {}
    for ladder in ladders:
        if not ladder.counts and (ladder.needs is None or ladder.needs in shares):
            found |= rungs(ladder, shares)
    return found


def shares_of_run(
    mine: tuple[Ladder, ...], places: Mapping[str, Rung], after: Mapping[str, int]
) -> dict[str, Rate]:
    """Shares of those who started, put together again from the places on the ladders.

    With several steps these are what follows from a run's luck, where ladders are independent.
    """
    found: dict[str, Rate] = {}
    for index, ladder in enumerate(mine):
        if ladder.several and ladder.needs is not None and ladder.needs not in found:
            share = share_of_steps(mine[:index], places, ladder, after)
            if share is not None:
                found[ladder.needs] = share
        for outcome in ladder.outcomes:
            if outcome in places:
                whole = 1.0 if ladder.needs is None else found[ladder.needs]
                found[outcome] = whole * places[outcome].width
    return found


def _divide(part: Rate, whole: Rate) -> Rate:
    if isinstance(whole, float) and isinstance(part, float):
        return part / whole if whole > 0 else 0.0
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
