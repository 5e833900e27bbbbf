"""The slow twin's costs: what falls due in one period of one run, field by field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sibmodel.contract.contract import Contract


class TwinCosts:
    """Costs of delivery in one run."""

    def __init__(
        self,
        contract: Contract,
        read: Callable[..., float],
        starts: Mapping[str, list[float]],
        achieved: Mapping[str, list[float]],
    ) -> None:
        self.contract, self.read, self.starts, self.achieved = contract, read, starts, achieved
        self.clauses = contract.delivery.costs if contract.delivery else {}
        self.periods = contract.timeline.periods
        self.per_year = contract.timeline.periods_per_year

    def due(self, t: int, **bases: float) -> dict[str, float]:
        """Every cost due in a period, with its tax."""
        return {n: self.before_tax(t, n, bases) * (1 + self.tax(n)) for n in self.clauses}

    def tax(self, name: str) -> float:
        """Irrecoverable tax on top, as a share."""
        clause = self.clauses[name]
        return self.read(clause.at, clause.tax, "delivery", "costs", name, "tax")

    def before_tax(self, t: int, name: str, bases: Mapping[str, float]) -> float:
        """All that one cost says, added up, with its contingency."""
        clause = self.clauses[name].contingency
        more = self.read(0, clause, "delivery", "costs", name, "contingency")
        return self._said(t, name, bases) * (1 + more)

    def _said(self, t: int, name: str, bases: Mapping[str, float]) -> float:
        cost, path = self.clauses[name], ("delivery", "costs", name)
        total = 0.0
        in_span = cost.begin <= t and (cost.lasts is None or t < cost.begin + cost.lasts)
        if cost.amount is not None and cost.at == t:
            total += self.read(t, cost.amount, *path, "amount")
        total += cost.amounts.get(t, 0.0)  # type: ignore[arg-type]
        if cost.per_period is not None and in_span:
            total += self.read(t, cost.per_period, *path, "per_period")
        if cost.per_start is not None:
            each = self.read(t, cost.per_start, *path, "per_start")
            for people in self.starts.values():
                for s in range(max(t - cost.over + 1, 0), t + 1):
                    total += people[s] * each / cost.over
        for outcome, price in cost.per_outcome.items():
            total += self.achieved[outcome][t] * float(price)  # type: ignore[arg-type]
        if cost.share is not None:
            share = self.read(t, cost.share, *path, "share")
            if cost.of in self.clauses:  # as that cost rises, so does this
                return total * self.rise(t, name) + share * self.before_tax(t, cost.of, bases)
            if cost.of == "payments" or cost.at == t:
                total += share * bases[str(cost.of)]
        if cost.rate is not None and in_span:
            rate = self.read(t, cost.rate, *path, "rate")
            total += rate / self.per_year * bases[str(cost.of)]
        return total * self.rise(t, name)

    def rise(self, t: int, name: str) -> float:
        """Prices relative to period 0."""
        clause = self.clauses[name].inflation
        inflation = self.read(0, clause, "delivery", "costs", name, "inflation")
        return (1 + inflation) ** (t / self.per_year)

    def last(self, waiting: Collection[str]) -> int:
        """The last period in which a cost can fall due; costs that wait do not count."""
        names = [name for name in self.clauses if name not in waiting]
        return max((self.last_of(name) for name in names), default=-1)

    def last_of(self, name: str) -> int:
        """The last period in which one cost can fall due."""
        cost, contract = self.clauses[name], self.contract
        found = [-1, *cost.amounts]
        if cost.amount is not None or (cost.of == "commitments" and cost.share is not None):
            found.append(cost.at)
        if cost.per_period is not None or cost.rate is not None:
            whole = cost.lasts is None
            found.append(self.periods - 1 if whole else cost.begin + (cost.lasts or 0) - 1)
        if cost.per_start is not None:
            starts = max(cohort.last_start for cohort in contract.cohorts.values())
            found.append(starts + cost.over - 1)
        found += [contract.last_due(outcome) for outcome in cost.per_outcome]
        if cost.of == "payments":
            found.append(self.periods - 1)
        if cost.of in self.clauses:
            found.append(self.last_of(cost.of))
        return max(found)
