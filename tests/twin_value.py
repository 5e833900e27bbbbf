"""The slow twin's value: one benefit of one person in one year at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from twin_account import TwinAccount

from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.timeline import months_after
from sibmodel.contract.value import Benefit, Discount

if TYPE_CHECKING:
    from twin import Run

GMCA = {"A": 0.0, "B": 0.05, "C": 0.1, "D": 0.15, "E": 0.25, "F": 0.4}


def nothing() -> defaultdict[str, float]:
    """Nothing for every party."""
    return defaultdict(float)


@dataclass
class Worth:
    """Present values by party, and nominal savings by party and year; NaN where undefined."""

    net: dict[str, float] = field(default_factory=nothing)
    cash: dict[str, float] = field(default_factory=nothing)
    weighted: dict[str, float] = field(default_factory=nothing)
    uncorrected: dict[str, float] = field(default_factory=nothing)
    saved: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))


class TwinValue(TwinAccount):
    """Brings money to one date and tells who gains."""

    def present_values(self, result: Run, run: int) -> Worth:
        """What a run is worth to each party, and to the account."""
        contract, timeline = self.contract, self.contract.timeline
        value = contract.value
        assert value is not None
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[timeline.timing]
        when = [(t + shift) / timeline.periods_per_year for t in range(timeline.periods)]
        weight = [
            self.brought(at, value.discount) / self.level(self.day(t)) for t, at in enumerate(when)
        ]

        def worth(flow: list[float]) -> float:
            return sum(w * x for w, x in zip(weight, flow, strict=True))

        found = Worth()
        net = found.net
        for payer in contract.payments.payers:
            net[payer] -= worth(result.paid_by_payer(payer))
        income = worth(result.income)
        net["provider" if contract.capital is None else "account"] += income
        if contract.payments.tax is not None:
            net[contract.payments.tax.to] += worth(added(result.paid.values())) - income
        for name, rule in contract.payments.rules.items():
            if rule.paid_back_by is not None:
                mine = [flow for (r, _), flow in result.back.items() if r == name]
                net[rule.paid_back_by] -= worth(added(mine))
        for payer, cost in contract.payments.running_costs.items():
            flow = self.costs(result.people, "payments.running_costs", {payer: cost}, run)
            net[payer] -= worth(flow)
        net["provider"] -= worth(result.unmet)
        if contract.capital is not None:
            name, tranche = next(iter(contract.capital.tranches.items()))
            net["account"] -= worth(result.met) + worth(result.cash_flow)
            net[tranche.held_by or name] += worth(result.cash_flow)
        for name in value.benefits:
            self.benefit(name, result, run, found)
        for party, gain in net.items():
            found.weighted[party] = gain * self.income_weight(party, run)
        return found

    def income_weight(self, party: str, run: int) -> float:
        """What a gain of a party counts."""
        assert self.contract.value is not None
        weights, stated = self.contract.value.weights, self.contract.parties.get(party)
        if weights is None or stated is None or stated.income is None:
            return 1.0
        power = self.number("value.weights.elasticity", run)
        return float((weights.reference_income / stated.income) ** power)

    # --- one benefit ------------------------------------------------------------------------------

    def benefit(self, name: str, result: Run, run: int, found: Worth) -> None:
        """Enter one benefit: what it is worth to whom, and what is saved in which year."""
        contract = self.contract
        value = contract.value
        assert value is not None
        benefit, path = value.benefits[name], f"value.benefits.{name}"
        share = self.number(f"{path}.cashable", run)
        signs = [(benefit.to, 1.0)]
        if benefit.taken_from is not None:
            signs.append((benefit.taken_from, -1.0))
        if any(contract.outcomes[o].anyway is None for o in self.path_to(benefit.of)):
            for party, _ in signs:  # anyway left out is not zero: undefined
                found.net[party] = found.uncorrected[party] = math.nan
                if benefit.taken_from is None:
                    found.cash[party] = math.nan
                if benefit.cashable != 0:
                    found.saved[party, 0] = math.nan
            return
        kept = 1.0
        if value.optimism is not None:
            assert benefit.grade is not None
            kept -= (
                GMCA[benefit.grade] if value.optimism.table
                else self.number(f"value.optimism.{benefit.grade}", run)
            )  # fmt: skip
        for (t, k), real in self.real_money(name, result, run).items():
            at = self.years_to(t) + benefit.lag + k
            at += {"start": 0.0, "middle": 0.5, "end": 1.0}[value.timing]
            if value.horizon is not None and at > value.horizon - 1e-9:
                continue
            now = real * self.brought(at, benefit.discount or value.discount)
            day = self.day_of_benefit(benefit, t, k)
            for party, sign in signs:
                found.net[party] += sign * now * kept
                found.uncorrected[party] += sign * now
                if benefit.taken_from is None:
                    found.cash[party] += now * kept * share
                saved = sign * real * kept * share * self.level(day)
                found.saved[party, self.financial_year(day)] += saved

    def real_money(self, name: str, result: Run, run: int) -> dict[tuple[int, int], float]:
        """Money of the base year by period of the outcome and year of the benefit."""
        contract = self.contract
        assert contract.value is not None
        assert contract.prices is not None
        benefit, path = contract.value.benefits[name], f"value.benefits.{name}"
        each = self.number(f"{path}.per_outcome", run)
        if benefit.prices is not None:
            between = int(contract.prices.base[:4]) - int(benefit.prices[:4])
            each *= (1 + contract.prices.inflation) ** between
        drop_off = self.number(f"{path}.drop_off", run)
        profile = benefit.profile or [(1 - drop_off) ** k for k in range(benefit.years)]
        with_service, without = self.bracket(name, run, False), self.bracket(name, run, True)
        sign = -1.0 if contract.outcomes[benefit.of].better == "lower" else 1.0
        found: dict[tuple[int, int], float] = defaultdict(float)
        for person in result.people:
            share = self.number(f"outcomes.{benefit.of}.attribution", run, person.group)
            had, anyway = (kind.get(benefit.of, {}) for kind in (person.achieved, person.anyway))
            for t in {*had, *anyway}:
                more = had.get(t, 0.0) * with_service - anyway.get(t, 0.0) * without
                for k, size in enumerate(profile):
                    found[t, k] += sign * more * share * each * size
        return found

    def bracket(self, name: str, run: int, reference: bool) -> float:
        """What counts of one outcome, with the service or in the reference case."""
        assert self.contract.value is not None
        other = self.contract.value.benefits[name].reference
        factor = 1.0
        for field_name in ("leakage", "displacement", "substitution", "multiplier"):
            own = reference and other is not None and getattr(other, field_name) is not None
            part = self.number(
                f"value.benefits.{name}.{'reference.' if own else ''}{field_name}", run
            )
            factor *= part if field_name == "multiplier" else 1 - part
        return factor

    def path_to(self, outcome: str) -> list[str]:
        """An outcome and the steps it needs, however far back."""
        steps = self.contract.outcomes[outcome].steps
        return [outcome, *(name for step in steps for name in self.path_to(step))]

    # --- dates ------------------------------------------------------------------------------------

    def years_to(self, period: int) -> float:
        """When a period's money is dated."""
        timeline = self.contract.timeline
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[timeline.timing]
        return (period + shift) / timeline.periods_per_year

    def day(self, period: int) -> date:
        """The day a period's money is dated."""
        first, after = (self.contract.timeline.date(period + k) for k in (0, 1))
        return {
            "start": first,
            "middle": first + (after - first) / 2,
            "end": after - timedelta(days=1),
        }[self.contract.timeline.timing]

    def day_of_benefit(self, benefit: Benefit, period: int, k: int) -> date:
        """The day one year of a benefit is dated; its end is the day before the next begins."""
        assert self.contract.value is not None
        begins = months_after(self.day(period), 12 * (benefit.lag + k))
        return {
            "start": begins,
            "middle": months_after(self.day(period), 12 * (benefit.lag + k) + 6),
            "end": months_after(self.day(period), 12 * (benefit.lag + k) + 12) - timedelta(days=1),
        }[self.contract.value.timing]

    def financial_year(self, day: date) -> int:
        """The year that a day's financial year begins in."""
        return day.year if day.month >= 4 else day.year - 1

    def level(self, day: date) -> float:
        """Price level on a day, relative to the base year."""
        prices = self.contract.prices
        assert prices is not None
        assert prices.inflation is not None
        years = self.financial_year(day) - int(prices.base[:4])
        return float((1 + prices.inflation) ** years)

    def brought(self, years: float, discount: Discount) -> float:
        """Value at the date of present values; the schedule begins there, if before the start."""
        timeline, value = self.contract.timeline, self.contract.value
        assert value is not None
        if value.at is None:
            at = 0.0
        elif isinstance(value.at, int):
            at = value.at / timeline.periods_per_year
        else:
            assert value.at.day == timeline.start.day == 1
            months = 12 * (value.at.year - timeline.start.year)
            at = (months + value.at.month - timeline.start.month) / 12
        first = min(at, 0.0)
        return discounted(years - first, discount) / discounted(at - first, discount)


def added(flows: Iterable[list[float]]) -> list[float]:
    """Flows added up period by period."""
    return [sum(parts) for parts in zip(*flows, strict=True)]


def discounted(years: float, discount: Discount) -> float:
    """DF(n + f) = DF(n) / (1 + r of year n + 1)^f, year by year."""

    def rate(year: int) -> float:
        if discount.schedule is None:
            assert discount.rate is not None
            return discount.rate
        return next(r for last, r in SCHEDULES[discount.schedule].bands if year <= last)

    factor, whole = 1.0, math.floor(years)
    for year in range(1, whole + 1):
        factor /= 1 + rate(year)
    return factor / (1 + rate(whole + 1)) ** (years - whole)
