"""A slow, obvious twin of the model: one run at a time, one person at a time, in plain Python.

Written from the contract language, not from the fast code. It shares with the model only what it
would be no use to make twice: the streams of uniforms, the draws of assumptions, of shared luck and
of comparison groups (each tested by itself elsewhere), so that the same run has the same people.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from twin_money import TwinPayments
from twin_people import Person
from twin_readings import Begun, Told, TwinReadings
from twin_tables import Claim, Seen
from twin_value import TwinValue, Worth, added

from sibmodel.model.comparison import comparison_totals
from sibmodel.model.facts import assumed_figures, outcomes_compared
from sibmodel.model.rates import cohort_luck
from sibmodel.plan import Plan


@dataclass
class Run:
    """One possible future, everything by period."""

    people: list[Person]
    paid: dict[tuple[str, str], list[float]]  # rule or floor, payer
    back: dict[tuple[str, str], list[float]]  # what is paid back, likewise
    readings: list[Seen]
    income: list[float]
    drawn: list[float]
    distributed: list[float]
    met: list[float]
    unmet: list[float]
    balance: list[float]
    worth: Worth

    def count(self, kind: str, outcome: str, group: str, period: int) -> float:
        """How many of an outcome people of a group have in a period."""
        return sum(
            getattr(person, kind).get(outcome, {}).get(period, 0.0)
            for person in self.people
            if person.group == group
        )

    def paid_by_rule(self, rule: str) -> list[float]:
        """Payments of a rule by period."""
        return added(flow for (r, _), flow in self.paid.items() if r == rule)

    def paid_by_payer(self, payer: str) -> list[float]:
        """Payments of a payer, less what is paid back to it, by period."""
        up = added(flow for (_, p), flow in self.paid.items() if p == payer)
        down = added(flow for (_, p), flow in self.back.items() if p == payer)
        return [a - b for a, b in zip(up, down, strict=True)]

    @property
    def cash_flow(self) -> list[float]:
        """What investors get less what they put in, by period; what rounding leaves is nil."""
        nil = 1e-12 * max(self.distributed + self.drawn)
        net = [back - put for back, put in zip(self.distributed, self.drawn, strict=True)]
        return [flow if abs(flow) > nil else 0.0 for flow in net]


class Twin(TwinValue):
    """A contract whose runs can be asked for one by one."""

    def run(self, number: int) -> Run:
        """One run of the block."""
        people = self.people(number)
        self.live(people, number)
        readings = self.readings(people, number)
        paid, back = self.payments(people, readings, number)
        tax = self.contract.payments.tax
        net = 1.0 if tax is None else 1 / (1 + tax.rate)
        income = [flow * net for flow in added(paid.values())]
        flows = self.account(people, income, number)
        result = Run(people, paid, back, readings, income, *flows, Worth())
        if self.contract.value is not None:
            result.worth = self.present_values(result, number)
        return result

    # --- payments ---------------------------------------------------------------------------------

    def payments(
        self, people: list[Person], readings: list[Seen], run: int
    ) -> tuple[dict[tuple[str, str], list[float]], dict[tuple[str, str], list[float]]]:
        """Payments, and what is paid back, by rule (or floor) and payer, by period of cash."""
        clause, periods = self.contract.payments, self.contract.timeline.periods
        twin = TwinPayments(
            self.contract,
            lambda path, group: self.number(path, run, group),
            list(self.claims(people)),
            readings,
            lambda name, t: self.accepted(people, name, t),
        )
        entered = twin.pay()
        rules = dict.fromkeys([*clause.rules, *(payment.rule for payment in entered)])
        paid = {(r, p): [0.0] * periods for r in rules for p in clause.payers}
        back = {(r, p): [0.0] * periods for r in rules for p in clause.payers}
        on_top = 1.0
        if clause.tax is not None and not clause.tax.included:
            on_top += clause.tax.rate
        for payment in entered:
            side = paid if payment.amount > 0 else back
            when = min(payment.due, periods - 1)  # what would come later is paid in the last
            side[payment.rule, payment.payer][when] += abs(payment.amount) * on_top
        return paid, back

    def claims(self, people: list[Person]) -> Iterator[Claim]:
        """What people claim: starts, outcomes, units by period; by amount, all of a time as one."""
        timeline, outcomes = self.contract.timeline, self.contract.outcomes
        for place, person in enumerate(people):
            started = timeline.date(person.start)
            for name, rule in self.contract.payments.rules.items():
                records: dict[int, float] = {}
                if rule.pays == person.cohort:
                    records = {person.start: 1.0}
                elif rule.pays in person.claimed:
                    records = person.claimed[rule.pays]
                    if rule.worth == "amount" and outcomes[rule.pays].time_unit is not None:
                        records = dict([person.as_one[rule.pays]])
                for t, number in records.items():
                    yield Claim(name, t, timeline.date(t), number, person.cohort, person.group,
                                started, place)  # fmt: skip

    def accepted(self, people: list[Person], name: str, t: int) -> float:
        """How many of an outcome, or starts of a cohort or group, up to a period."""
        total = 0.0
        for person in people:
            if name in (person.cohort, person.group, person.group.rpartition("/")[2]):
                total += person.start <= t
            records = person.claimed.get(name, {})
            total += sum(number for period, number in records.items() if period <= t)
        return total

    # --- readings ---------------------------------------------------------------------------------

    @cached_property
    def compared(self) -> dict[str, np.ndarray]:
        """What the model draws of comparison groups, by outcome (group, period, run)."""
        plan = Plan(self.contract)
        drawn = plan.assumptions.draw(self.seed, self.block)
        starts = plan.walk.starts(drawn, 4096, whole=True)
        luck = cohort_luck(self.seed, self.block)
        return comparison_totals(
            self.contract,
            planned=plan.walk.planned,
            starts=starts,
            rates=plan.walk.rates(drawn, luck),
            drawn=drawn,
            luck=luck,
            seed=self.seed,
            block=self.block,
            chance=True,
        )

    def readings(self, people: list[Person], run: int) -> list[Seen]:
        """Every reading of every performance."""
        if not self.contract.performance:
            return []
        timeline = self.contract.timeline
        drawn = Plan(self.contract).assumptions.draw(self.seed, self.block)
        figures = [
            Seen(one.performance, one.cohort, one.group, one.date,
                 float(np.broadcast_to(one.value, 4096)[run]))
            for one in assumed_figures(self.contract, drawn)
        ]  # fmt: skip
        starts = [Begun(p.cohort, p.group, timeline.date(p.start), 1.0) for p in people]
        number = lambda path, group: self.number(path, run, group)  # noqa: E731
        told = list(self.told(people, run))
        return TwinReadings(self.contract, number, told, figures, starts, simulated=True).all()

    def told(self, people: list[Person], run: int) -> Iterator[Told]:
        """What is recorded of each group and period in which an outcome falls due."""
        contract, measured = self.contract, outcomes_compared(self.contract)
        for outcome in dict.fromkeys(p.of for p in contract.performance.values() if p.of):
            for g, group in enumerate(contract.groups_of(outcome)):
                cohort = contract.cohort_of_group(group)
                delays = contract.delays(outcome, group)
                last = delays[-1] + contract.accrues_over(outcome, group) - 1
                planned = self.planned(cohort)[group]
                starts = [t for t, some in enumerate(planned) if some]
                mine = [person for person in people if person.group == group]
                for t in sorted({s + d for s in starts for d in range(delays[0], last + 1)}):
                    observed = sum(p.claimed.get(outcome, {}).get(t, 0.0) for p in mine)
                    if outcome not in measured:  # counted, of those who have started
                        yield Told(
                            outcome, cohort, group, contract.timeline.date(t), None, observed
                        )
                        continue
                    compared = self.compared.get(outcome)
                    counterfactual = None if compared is None else float(compared[g, t, run])
                    yield Told(
                        outcome,
                        cohort,
                        group,
                        contract.timeline.date(t),
                        sum(p.start + delays[0] == t for p in mine),
                        observed,
                        counterfactual,
                        sum(p.start + delays[0] <= t <= p.start + last for p in mine),
                    )


def internal_rate(flow: list[float], periods_per_year: int) -> tuple[str, float]:
    """Status and rate a year: roots of the netted flow between the signs on a fine grid, halved."""
    largest = max((abs(x) for x in flow), default=0.0)
    flow = [x if abs(x) > 1e-12 * largest else 0.0 for x in flow]
    if not any(x < 0 for x in flow):
        return "no_outlay", math.nan
    if not any(x > 0 for x in flow):
        return "total_loss", -1.0

    def value(growth: float) -> float:  # growth is log(1 + rate of a period)
        # scaled by its largest term, so that neither end overflows
        shift = max(-growth * t for t, x in enumerate(flow) if x)
        return sum(x * math.exp(-growth * t - shift) for t, x in enumerate(flow) if x)

    signs = [x > 0 for x in flow if x]
    several = sum(a != b for a, b in itertools.pairwise(signs)) > 1
    grid = [k / 50 for k in range(-3000, 3001)] if several else [-60.0, 60.0]
    roots = []
    for ends in itertools.pairwise(grid):
        rising = value(ends[0]) < 0
        if rising == (value(ends[1]) < 0):
            continue
        low, high = ends
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if (value(middle) < 0) == rising else (low, middle)
        roots.append(low)
    if len(roots) != 1:
        return ("several" if roots else "none"), math.nan
    rate = math.expm1(roots[0] * periods_per_year)
    return ("extreme" if rate > 10 else "ok"), rate
