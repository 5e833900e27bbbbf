"""The slow twin's money: payments claim by claim, and the account period by period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from twin_people import Person, TwinPeople


class TwinMoney(TwinPeople):
    """The payments and the account of any one run."""

    # --- payments ---------------------------------------------------------------------------------

    def price(self, rule: str, group: str, run: int) -> float:
        """Price of a claim: price × factors."""
        clause = self.contract.payments.rules[rule]
        price = self.number(f"payments.rules.{rule}.price", run, group)
        for name in self.contract.payments.factors:
            price *= self.number(f"payments.factors.{name}", run)
        for name in clause.factors:
            price *= self.number(f"payments.rules.{rule}.factors.{name}", run)
        return price

    def pay(self, people: list[Person], run: int) -> dict[tuple[str, str], list[float]]:
        """Payments by rule and payer, by period of cash."""
        payments, timeline = self.contract.payments, self.contract.timeline
        names = list(payments.payers)
        paid = {(r, p): [0.0] * timeline.periods for r in payments.rules for p in names}
        used: dict[tuple[str, ...], float] = defaultdict(float)  # (owner, kind, span)
        for t in range(timeline.periods):
            spans = {
                "period": f"period {t}",
                "year": f"year {t // timeline.periods_per_year}",
                "total": "total",
                "contract": "total",
            }
            claims = list(self.claims(people, t, run))
            money = self.within_rule_numbers(claims, used, spans)
            # a person's limits, first the rule's, then the contract's
            for i, (_, rule, price) in enumerate(claims):
                size = payments.rules[rule].limits.person
                if size is not None and size.amount is not None:
                    money[i] = min(money[i], money[i] / price * min(price, size.amount))
            for person in people:
                mine = [i for i, claim in enumerate(claims) if claim[0] is person]
                if payments.limits.person is not None:
                    cut(money, mine, payments.limits.person - person.received)
            # each rule's
            for rule, clause in payments.rules.items():
                mine = [i for i, claim in enumerate(claims) if claim[1] == rule]
                for scope, size in limits_of(clause.limits, "amount"):
                    cut(money, mine, size - used[rule, "money", spans[scope]])
            parts = self.split(claims, money, used, spans)
            # the contract's
            for scope, size in limits_of(payments.limits, "amount"):
                cut(parts, list(parts), size - used["contract", "money", spans[scope]])
            # what is finally paid uses the limits up
            final = [sum(parts[i, p] for p in names) for i in range(len(claims))]
            for i, (person, _, _) in enumerate(claims):
                person.received += final[i]
            for span in set(spans.values()):
                used["contract", "money", span] += sum(final)
                for p in names:
                    used[p, "payer", span] += sum(parts[i, p] for i in range(len(claims)))
                for rule in payments.rules:
                    mine = [i for i, claim in enumerate(claims) if claim[1] == rule]
                    used[rule, "money", span] += sum(final[i] for i in mine)
                    # a claim paid in part uses a part of the number
                    worth = sum(self.worth(claims[i][1], claims[i][2]) for i in mine)
                    if worth > 0:
                        share = sum(final[i] for i in mine) / worth
                        used[rule, "number", span] += len(mine) * share
            for (i, p), amount in parts.items():
                rule = payments.rules[claims[i][1]]
                wait = payments.paid_after if rule.paid_after is None else rule.paid_after
                if amount:
                    paid[claims[i][1], p][t + wait] += amount
        return paid

    def claims(
        self, people: list[Person], period: int, run: int
    ) -> Iterator[tuple[Person, str, float]]:
        """Claims of a period that are worth anything: person, rule, price."""
        for name, rule in self.contract.payments.rules.items():
            for person in people:
                if rule.pays == person.cohort:
                    when = person.start
                elif rule.pays in person.claimed:
                    when = person.start + self.contract.delay_of(rule.pays)
                else:
                    continue
                price = self.price(name, person.group, run)
                if when == period and price > 0:
                    yield person, name, price

    def worth(self, rule: str, price: float) -> float:
        """What a claim earns: its price, up to the rule's limit for a person, who claims once."""
        size = self.contract.payments.rules[rule].limits.person
        return price if size is None or size.amount is None else min(price, size.amount)

    def within_rule_numbers(
        self,
        claims: list[tuple[Person, str, float]],
        used: dict[tuple[str, ...], float],
        spans: dict[str, str],
    ) -> list[float]:
        """Money of the claims that rules' limits on number let through."""
        let = [1.0] * len(claims)
        for rule, clause in self.contract.payments.rules.items():
            mine = [i for i, claim in enumerate(claims) if claim[1] == rule]
            person = clause.limits.person
            if person is not None and person.number is not None:
                for i in mine:
                    let[i] = min(let[i], person.number)
            for scope, size in limits_of(clause.limits, "number"):
                cut(let, mine, size - used[rule, "number", spans[scope]])
        return [share * price for share, (_, _, price) in zip(let, claims, strict=True)]

    def split(
        self,
        claims: list[tuple[Person, str, float]],
        money: list[float],
        used: dict[tuple[str, ...], float],
        spans: dict[str, str],
    ) -> dict[tuple[int, str], float]:
        """Money by claim and payer, within the payers' limits."""
        payments = self.contract.payments
        parts = {(i, p): 0.0 for i in range(len(claims)) for p in payments.payers}
        rest: dict[int, str] = {}
        for i, (_, rule, _) in enumerate(claims):
            stated = payments.rules[rule].payers or payments.payers
            for p, payer in stated.items():
                if payer.share == "rest":
                    rest[i] = p
                else:
                    parts[i, p] = money[i] * payer.share
        for p, payer in payments.payers.items():
            mine = [(i, p) for i in range(len(claims)) if rest.get(i) != p]
            for scope, size in limits_of(payer.limits, "amount"):
                cut(parts, mine, size - used[p, "payer", spans[scope]])
        for i, p in rest.items():
            parts[i, p] = money[i] - sum(parts[i, other] for other in payments.payers)
        return parts

    # --- the account ------------------------------------------------------------------------------

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
                for outcome in person.achieved & set(cost.per_outcome):
                    when = person.start + self.contract.delay_of(outcome)
                    mine[when] += self.number(f"{here}.per_outcome.{outcome}", run)
            growth = 1 + self.number(f"{here}.inflation", run)
            for t in range(timeline.periods):
                due[t] += mine[t] * growth ** (t / timeline.periods_per_year)
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
            for outcome in cost.per_outcome:
                cohort = contract.cohorts[contract.cohort_of(outcome)]
                last = max(last, cohort.last_start + contract.delay_of(outcome))
        return last

    def account(
        self, people: list[Person], paid: dict[tuple[str, str], list[float]], run: int
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
            received = sum(flow[t] for flow in paid.values())
            if contract.capital.recycle:
                may_meet_costs += received
            else:
                may_not += received
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


def limits_of(limits: object, what: str) -> Iterator[tuple[str, float]]:
    """Scope and size of each limit on money (``amount``) or ``number`` beyond a person."""
    for scope in ("period", "year", "total", "contract"):
        size = getattr(limits, scope, None)
        if isinstance(size, float):
            size = size if what == "amount" else None
        elif size is not None:
            size = getattr(size, what)
        if size is not None:
            yield scope, size


def cut(amounts, which, left: float) -> None:  # type: ignore[no-untyped-def]
    """Cut some amounts, of a list or a mapping, in one proportion so that they fit what is left."""
    total = sum(amounts[i] for i in which)
    left = max(left, 0.0)
    if total > left:
        for i in which:
            amounts[i] *= left / total
