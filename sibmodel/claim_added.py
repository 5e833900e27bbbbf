"""What payments rise by where one more claim is made: the payment stage run again with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.happened import Happened
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.claims import accepted_so_far, count_lots, plain_claims
from sibmodel.model.facts import simulated_facts
from sibmodel.model.hands import lots_by_start
from sibmodel.model.lots import Lot
from sibmodel.model.outcomes import Counts
from sibmodel.model.paid import Paid
from sibmodel.model.payments import pay, tax_share
from sibmodel.model.prices import Reader
from sibmodel.money import readings_of
from sibmodel.plan import Plan
from sibmodel.walk import Switches, Where

HALF = 0.5
"""Share of its price below which a claim is said to be taken by limits."""


@dataclass(frozen=True)
class Claim:
    """One more claim: of what, by whom, and in which period; ``start`` is that of the person."""

    outcome: str
    group: str
    period: int
    start: int


@dataclass
class Gain:
    """What one claim adds, summed over runs.

    ``earned`` at its price before limits, ``paid`` in all, ``taken`` by limit [money, before tax on
    top]; ``lost``: the runs in which less than half of what it earns is paid; ``claims``: those
    there are anyhow.
    """

    earned: float = 0.0
    paid: float = 0.0
    lost: int = 0
    claims: float = 0.0
    taken: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """Some runs of a block, ready to be paid for."""

    plan: Plan
    drawn: Drawn
    people: Mapping[str, Counts]
    claimed: Mapping[str, Counts]
    compared: Mapping[str, Floats]
    lots: Sequence[Lot]
    by_person: frozenset[str]
    by_start: frozenset[str]

    @property
    def runs(self) -> int:
        return int(next(iter(self.people.values())).shape[-1])

    def with_one_more(self, claim: Claim) -> _Part:
        """The same with a claim of somebody who has no other."""
        contract = self.plan.contract
        counts = np.array(self.claimed[claim.outcome], dtype=np.float64)
        counts[contract.groups_of(claim.outcome).index(claim.group), claim.period] += 1
        added = [
            Lot(
                rule=r,
                period=claim.period,
                date=contract.timeline.date(claim.period),
                number=np.ones((1, self.runs) if name in self.by_person else self.runs),
                cohort=contract.cohort_of_group(claim.group),
                group=claim.group,
                started=contract.timeline.date(claim.start),
                people=self._nobody_else if name in self.by_person else None,
            )
            for r, (name, rule) in enumerate(contract.payments.rules.items())
            if rule.pays == claim.outcome and name in self.by_person | self.by_start
        ]
        return replace(
            self,
            claimed={**self.claimed, claim.outcome: counts},
            lots=[*self.lots, *added],
        )

    @property
    def _nobody_else(self) -> int:
        """A key for a slab of people that nobody has."""
        return 1 + max((lot.people for lot in self.lots if lot.people is not None), default=-1)

    def paid(self) -> Paid:
        """What the rules pay for these claims."""
        contract, routes = self.plan.contract, self.plan.terms.routes
        apart = self.by_person | self.by_start
        ways = {way: [n for n, w in routes.items() if w == way and n not in apart] for way in _WAYS}
        counts = {"claimed": self.claimed}
        facts = simulated_facts(
            contract,
            planned=self.plan.walk.planned,
            starts=self.people,
            claimed=self.claimed,
            comparisons=self.compared,
        )
        return pay(
            Reader(contract, self.drawn),
            lots=[*self.lots, *count_lots(contract, ways["counts"], counts, self.people)],
            plain=plain_claims(
                contract,
                ways["plain"],
                drawn=self.drawn,
                counts=counts,
                people=self.people,
                runs=self.runs,
            ),
            readings=readings_of(contract, self.people, facts, self.drawn),
            accepted=accepted_so_far(contract, counts, self.people),
            runs=self.runs,
            periods=contract.timeline.periods,
        )


_WAYS = ("plain", "counts")


def one_more_claim(contract: Contract, *, runs: int, seed: int) -> dict[Claim, Gain]:
    """What each possible further claim of an outcome that is paid for adds to payments.

    Early endings and what is due to capital are left out: rules and their limits alone decide.

    Parameters
    ----------
    contract : Contract
    runs, seed : int

    Returns
    -------
    dict of Claim to Gain
        By outcome, group and period, of those periods in which the group may have it.
    """
    plan, switches, tax = Plan(contract, ()), Switches(), contract.payments.tax
    on_top = tax is not None and not tax.included
    found = {claim: Gain() for claim in claims_of(contract, plan)}
    for block in range(-(-runs // switches.runs)):
        most = min(runs - block * switches.runs, switches.runs)
        for part in _parts(plan, Where(seed, block, switches), most):
            before = part.paid()
            net = 1 - tax_share(contract.payments) if on_top else 1.0
            for claim, gain in found.items():
                _add(gain, before, part.with_one_more(claim).paid(), net)
                row = contract.groups_of(claim.outcome).index(claim.group)
                counted = part.claimed[claim.outcome][row, claim.period]
                gain.claims += float(counted.sum(dtype=np.float64))
    return found


def claims_of(contract: Contract, plan: Plan) -> Iterator[Claim]:
    """Every claim that somebody who starts as planned may make, of outcomes that are paid for.

    By a rule itself, or through a performance that is read of them.
    """
    pays = {rule.pays for rule in contract.payments.rules.values() if rule.pays is not None}
    paid_for = pays.union(*(contract.outcomes_read(name) for name in pays))
    for outcome in contract.outcomes:
        for group in contract.groups_of(outcome) if outcome in paid_for else ():
            starts: dict[int, int] = {}
            delays = contract.delays(outcome, group)
            last = delays[-1] + contract.accrues_over(outcome, group)
            for start in np.flatnonzero(plan.walk.planned[group]):
                for delay in range(delays[0], last):
                    starts[int(start) + delay] = int(start)
            for period in sorted(starts):
                if period < contract.timeline.periods:
                    yield Claim(outcome, group, period, starts[period])


def _parts(plan: Plan, where: Where, most: int) -> Iterator[_Part]:
    """The first runs of a block, some at a time, with the claims their people make."""
    drawn = plan.drawn(where)
    wanted, by_person, by_start = plan.wanted(drawn)
    happened = Happened(plan.walk, where=where, drawn=drawn, wanted=wanted, width=1024)
    for number, columns in enumerate(happened.columns):
        some = slice(columns.start, min(columns.stop, most))
        if some.start >= most:
            return
        by_hand = happened.hands(number).lots(plan.contract, by_person)
        yield _Part(
            plan,
            drawn.of(some),
            {group: count[:, some] for group, count in happened.people.items()},
            {name: count[..., some] for name, count in happened.counts["claimed"].items()},
            {name: total[..., some] for name, total in happened.compared.items()},
            [
                *(_first(lot, some.stop - some.start) for lot in by_hand),
                *lots_by_start(plan.contract, by_start, happened.cells, some),
            ],
            by_person,
            by_start,
        )


def _first(lot: Lot, runs: int) -> Lot:
    """A lot's first runs."""
    weight = lot.weight[:runs] if isinstance(lot.weight, np.ndarray) else lot.weight
    return replace(lot, number=lot.number[..., :runs], weight=weight)


def _add(gain: Gain, before: Paid, after: Paid, net: float) -> None:
    """Enter what a claim changed in some runs; ``net``: the share of payments before tax on top."""
    earned = after.earned.sum(axis=(0, 1)) - before.earned.sum(axis=(0, 1))
    paid = (_total(after) - _total(before)) * net
    gain.earned += float(earned.sum())
    gain.paid += float(paid.sum())
    gain.lost += int(((earned > 0) & (paid < HALF * earned * (1 - 1e-9))).sum())
    for name in {*before.cut, *after.cut}:
        taken = [np.sum(one.cut[name]) if name in one.cut else 0.0 for one in (before, after)]
        gain.taken[name] = gain.taken.get(name, 0.0) + float(taken[1] - taken[0])


def _total(paid: Paid) -> Floats:
    """All payments less what is paid back, (run,)."""
    total: Floats = paid.whole.sum(axis=0)
    return total if paid.back_to is None else total - paid.back_to.sum(axis=(0, 1))
