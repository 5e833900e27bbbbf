"""A slow, obvious twin of the model: one run at a time, one person at a time, in plain Python.

Written from the contract language, not from the fast code. It shares with the model only what it
would be no use to make twice: the streams of uniforms, the draws of assumptions and the draw of
shared luck (each tested by itself elsewhere), so that the same run has the same people.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from twin_money import TwinMoney
from twin_people import Person

from sibmodel.contract.schedules import SCHEDULES


@dataclass
class Run:
    """One possible future, everything by period."""

    people: list[Person]
    paid: dict[tuple[str, str], list[float]]  # rule, payer
    drawn: list[float]
    distributed: list[float]
    met: list[float]
    unmet: list[float]
    balance: list[float]
    net_present_value: dict[str, float]

    def count(self, kind: str, outcome: str, group: str, start: int) -> int:
        """People of a group and start period who have an outcome."""
        return sum(
            outcome in getattr(person, kind)
            for person in self.people
            if (person.group, person.start) == (group, start)
        )

    def paid_by_rule(self, rule: str) -> list[float]:
        """Payments of a rule by period."""
        return _added(flow for (r, _), flow in self.paid.items() if r == rule)

    def paid_by_payer(self, payer: str) -> list[float]:
        """Payments of a payer by period."""
        return _added(flow for (_, p), flow in self.paid.items() if p == payer)

    @property
    def cash_flow(self) -> list[float]:
        """What investors get less what they put in, by period; what rounding leaves is nil."""
        nil = 1e-12 * max(self.distributed + self.drawn)
        net = [back - put for back, put in zip(self.distributed, self.drawn, strict=True)]
        return [flow if abs(flow) > nil else 0.0 for flow in net]


def _added(flows: Iterable[list[float]]) -> list[float]:
    return [sum(parts) for parts in zip(*flows, strict=True)]


class Twin(TwinMoney):
    """A contract whose runs can be asked for one by one."""

    def run(self, number: int) -> Run:
        """One run of the block."""
        people = self.people(number)
        self.live(people, number)
        paid = self.pay(people, number)
        flows = self.account(people, paid, number)
        result = Run(people, paid, *flows, {})
        if self.contract.value is not None:
            result.net_present_value = self.present_values(result, number)
        return result

    # --- value ------------------------------------------------------------------------------------

    def present_values(self, result: Run, run: int) -> dict[str, float]:
        """Net present value of each party, and of the account; NaN where a benefit is undefined."""
        contract, timeline = self.contract, self.contract.timeline
        value = contract.value
        assert value is not None
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[timeline.timing]
        when = [(t + shift) / timeline.periods_per_year for t in range(timeline.periods)]
        weight = [discounted(at, value.discount) / self.level(t) for t, at in enumerate(when)]

        def worth(flow: list[float]) -> float:
            return sum(w * x for w, x in zip(weight, flow, strict=True))

        net: dict[str, float] = defaultdict(float)
        for payer in contract.payments.payers:
            paid = worth(result.paid_by_payer(payer))
            net[payer] -= paid
            net["provider" if contract.capital is None else "account"] += paid
        for payer, cost in contract.payments.running_costs.items():
            flow = self.costs(result.people, "payments.running_costs", {payer: cost}, run)
            net[payer] -= worth(flow)
        net["provider"] -= worth(result.unmet)
        if contract.capital is not None:
            name, tranche = next(iter(contract.capital.tranches.items()))
            net["account"] -= worth(result.met) + worth(result.cash_flow)
            net[tranche.held_by or name] += worth(result.cash_flow)
        for name, benefit in value.benefits.items():
            gained = self.benefit(name, result, when, run)
            net[benefit.to] += gained
            if benefit.taken_from is not None:
                net[benefit.taken_from] -= gained
        return dict(net)

    def benefit(self, name: str, result: Run, when: list[float], run: int) -> float:
        """Present value of one benefit, person by person and year by year."""
        contract = self.contract
        assert contract.value is not None
        assert contract.prices is not None
        benefit = contract.value.benefits[name]
        path = f"value.benefits.{name}"
        each = self.number(f"{path}.per_outcome", run)
        if benefit.prices is not None:
            between = int(contract.prices.base[:4]) - int(benefit.prices[:4])
            each *= (1 + contract.prices.inflation) ** between
        drop_off = self.number(f"{path}.drop_off", run)
        profile = benefit.profile or [(1 - drop_off) ** k for k in range(benefit.years)]
        if any(contract.outcomes[o].anyway is None for o in self.path_to(benefit.of)):
            return math.nan  # anyway left out is not zero: undefined
        total = 0.0
        for person in result.people:
            more = (benefit.of in person.achieved) - (benefit.of in person.anyway)
            if not more:
                continue
            share = self.number(f"outcomes.{benefit.of}.attribution", run, person.group)
            at = when[person.start + contract.delay_of(benefit.of)] + benefit.lag
            for k, size in enumerate(profile):
                factor = discounted(at + k, benefit.discount or contract.value.discount)
                total += more * share * each * size * factor
        return total

    def path_to(self, outcome: str) -> list[str]:
        """An outcome and the steps it needs."""
        needs = self.contract.outcomes[outcome].needs
        return [outcome, *(self.path_to(needs) if needs else [])]

    def level(self, period: int) -> float:
        """Price level on the day a period's money is dated, relative to the base year."""
        prices, timeline = self.contract.prices, self.contract.timeline
        assert prices is not None
        assert prices.inflation is not None
        first, after = timeline.date(period), timeline.date(period + 1)
        day = {
            "start": first,
            "middle": first + (after - first) / 2,
            "end": after - timedelta(days=1),
        }[timeline.timing]
        year = day.year if day.month >= 4 else day.year - 1
        return float((1 + prices.inflation) ** (year - int(prices.base[:4])))


def discounted(years: float, discount: object) -> float:
    """DF(n + f) = DF(n) / (1 + r of year n + 1)^f, year by year."""
    schedule = getattr(discount, "schedule", None)

    def rate(year: int) -> float:
        if schedule is None:
            return float(discount.rate)  # type: ignore[attr-defined]
        return next(r for last, r in SCHEDULES[schedule].bands if year <= last)

    factor, whole = 1.0, math.floor(years)
    for year in range(1, whole + 1):
        factor /= 1 + rate(year)
    return factor / (1 + rate(whole + 1)) ** (years - whole)


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
