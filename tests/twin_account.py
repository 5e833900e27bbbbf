"""The slow twin's account: costs met, capital drawn and distributed, period by period."""

from __future__ import annotations

from twin_people import Person, TwinPeople


class TwinAccount(TwinPeople):
    """The account of any one run."""

    def costs(self, people: list[Person], path: str, clauses: dict, run: int) -> list[float]:
        """All costs of a section by period."""
        timeline = self.contract.timeline
        due = [0.0] * timeline.periods
        for name, cost in clauses.items():
            here, mine = f"{path}.{name}", [0.0] * timeline.periods
            if cost.amount is not None:
                mine[cost.at] += self.number(f"{here}.amount", run)
            for period in cost.amounts:
                mine[period] += self.number(f"{here}.amounts[{period}]", run)
            if cost.per_period is not None:
                for t in range(timeline.periods):
                    if t >= cost.begin and (cost.lasts is None or t < cost.begin + cost.lasts):
                        mine[t] += self.number(f"{here}.per_period", run)
            for person in people:
                if cost.per_start is not None:
                    each = self.number(f"{here}.per_start", run, person.group)
                    for k in range(cost.over):
                        mine[person.start + k] += each / cost.over
                for outcome in {*person.achieved} & {*cost.per_outcome}:
                    for when, number in person.achieved[outcome].items():
                        mine[when] += number * self.number(f"{here}.per_outcome.{outcome}", run)
            growth = 1 + self.number(f"{here}.inflation", run)
            more = 1 + self.number(f"{here}.contingency", run)
            for t in range(timeline.periods):
                due[t] += mine[t] * more * growth ** (t / timeline.periods_per_year)
        return due

    def last_cost(self) -> int:
        """The last period in which the contract foresees a cost of delivery."""
        contract, last = self.contract, -1
        for cost in (contract.delivery.costs if contract.delivery else {}).values():
            if cost.amount is not None:
                last = max(last, cost.at)
            last = max([last, *cost.amounts])
            if cost.per_period is not None:
                end = contract.timeline.periods - 1
                last = max(last, end if cost.lasts is None else cost.begin + cost.lasts - 1)
            for cohort in contract.cohorts.values():
                if cost.per_start is not None:
                    last = max(last, cohort.last_start + cost.over - 1)
            last = max([last, *(contract.last_due(outcome) for outcome in cost.per_outcome)])
        return last

    def account(
        self, people: list[Person], income: list[float], run: int
    ) -> tuple[list[float], ...]:
        """Drawn, distributed, met, unmet and balance, by period."""
        contract = self.contract
        periods = contract.timeline.periods
        costs = contract.delivery.costs if contract.delivery else {}
        due = self.costs(people, "delivery.costs", costs, run)
        drawn, distributed, met, unmet, balance = ([0.0] * periods for _ in range(5))
        if contract.capital is None:
            return drawn, distributed, met, due, balance
        tranche = next(iter(contract.capital.tranches.values()))
        when = contract.capital.distribute or (
            "after_delivery" if contract.capital.recycle else "each_period"
        )
        may_meet_costs = may_not = 0.0
        for t in range(periods):
            if contract.capital.recycle:
                may_meet_costs += income[t]
            else:
                may_not += income[t]
            if tranche.draw == "at_once":
                drawn[t] = tranche.commitment if t == 0 else 0.0
                may_meet_costs += drawn[t]
            else:
                lacking = max(due[t] - may_meet_costs, 0.0)
                drawn[t] = min(lacking, tranche.commitment - sum(drawn))
                may_meet_costs += drawn[t]
            met[t] = min(due[t], may_meet_costs)
            unmet[t] = due[t] - met[t]
            may_meet_costs -= met[t]
            over = t >= self.last_cost()
            if over:
                may_not, may_meet_costs = may_not + may_meet_costs, 0.0
            last = t == periods - 1
            if last or when == "each_period" or (when == "after_delivery" and over):
                distributed[t], may_not = may_not, 0.0
            balance[t] = may_meet_costs + may_not
        return drawn, distributed, met, unmet, balance
