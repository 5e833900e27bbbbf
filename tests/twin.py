"""A slow, obvious twin of the model: one run at a time, one person at a time, in plain Python.

Written from the contract language, not from the fast code. It shares with the model only what it
would be no use to make twice: the streams of uniforms, the draws of assumptions and the draw of
shared luck (each tested by itself elsewhere), so that the same run has the same people.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.special import ndtr, ndtri

from sibmodel.contract.contract import Contract
from sibmodel.contract.people import Ramp
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.model.assumptions import Assumptions
from sibmodel.model.chance import (
    PersonUniforms,
    SharedLuck,
    joined_scores,
    normal_scores,
    uniform_per_run,
)


@dataclass
class Person:
    """Somebody who started, and what came of it."""

    cohort: str
    group: str
    start: int
    achieved: set[str] = field(default_factory=set)
    anyway: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    received: float = 0.0


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


class Twin:
    """A contract whose runs can be asked for one by one."""

    def __init__(self, contract: Contract, *, seed: int = 0, block: int = 0) -> None:
        self.contract, self.seed, self.block = contract, seed, block
        self.values = Assumptions(contract).draw(seed, block).values
        self._slabs: dict[tuple[str, int], np.ndarray] = {}

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

    def number(self, path: str, run: int, group: str | None = None) -> float:
        """A number of the contract in a run, of one group where it differs by group."""
        value = self.values.get(f"{path}@{group}")
        if value is None:
            value = self.values[path]
        return float(value if np.ndim(value) == 0 else np.asarray(value)[run])

    # --- people -----------------------------------------------------------------------------------

    def people(self, run: int) -> list[Person]:
        """Everybody who starts."""
        found = []
        for name in self.contract.cohorts:
            turn_up = self.number(f"cohorts.{name}.referrals", run)
            for group, planned in self.planned(name).items():
                so_far = 0
                for period in range(len(planned)):
                    reached = round(sum(planned[: period + 1]) * turn_up, 9)
                    now = math.floor(reached + 0.5)
                    found += [Person(name, group, period) for _ in range(now - so_far)]
                    so_far = now
        return found

    def planned(self, name: str) -> dict[str, list[int]]:
        """Planned starts of each group by period: each place goes to the group furthest behind."""
        cohort = self.contract.cohorts[name]
        sizes = cohort.labels(name)
        given = {group: [0] * self.contract.timeline.periods for group in sorted(sizes)}
        come = 0
        for period, arriving in enumerate(self.intake(name)):
            come += arriving
            for _ in range(arriving):
                behind = {g: Fraction(sizes[g] * come, cohort.size) - sum(given[g]) for g in given}
                given[max(behind, key=lambda g: behind[g])][period] += 1
        return given

    def intake(self, name: str) -> list[int]:
        """Planned starts of a cohort by period."""
        cohort = self.contract.cohorts[name]
        if not isinstance(cohort.intake, Ramp):
            return list(cohort.intake)
        ramp = cohort.intake
        weights = [k + 1 if ramp.ramp == "linear" else 1 for k in range(ramp.over)]
        starts, so_far = [0] * ramp.begin, 0
        for k in range(ramp.over):
            reached = Fraction(cohort.size * sum(weights[: k + 1]), sum(weights))
            starts.append(math.floor(reached + Fraction(1, 2)) - so_far)
            so_far += starts[-1]
        return starts

    # --- outcomes ---------------------------------------------------------------------------------

    def live(self, people: list[Person], run: int) -> None:
        """Decide what each person achieves, would have achieved anyway, and claims."""
        place: dict[tuple[str, int], int] = defaultdict(int)
        for person in people:
            index = place[person.group, person.start]
            place[person.group, person.start] += 1
            group = person.group if "/" in person.group else f"{person.group}/{person.group}"
            cell = f"{group}/{person.start}"
            for world, kind in (("rate", person.achieved), ("anyway", person.anyway)):
                shares = self.shares(person, world, run)
                self.climb(None, person, shares, kind, cell, index, run)
            for outcome in person.achieved:
                share = np.float32(self.number(f"outcomes.{outcome}.claimed", run, person.group))
                if share == 1 or self.uniform(f"evidence/{outcome}/{cell}", index, run) < share:
                    person.claimed.add(outcome)

    def shares(self, person: Person, world: str, run: int) -> dict[str, float]:
        """Share of those who start like this person who reach each outcome, in this run's luck."""
        cohort = self.contract.cohorts[person.cohort]
        found: dict[str, float] = {}

        def reach(outcome: str) -> float | None:
            clause = self.contract.outcomes[outcome]
            before = 1.0 if clause.needs is None else reach(clause.needs)
            if getattr(clause, world) is None or before is None:
                return None
            return self.number(f"outcomes.{outcome}.{world}", run, person.group) * before

        for outcome in self.contract.outcomes:
            if self.contract.cohort_of(outcome) != person.cohort:
                continue
            share = reach(outcome)
            if share is None:
                continue
            if cohort.alikeness > 0:
                name = f"luck/{person.cohort}"
                name += f"/{person.start}" if cohort.shared_by == "start" else ""
                luck = ndtri(uniform_per_run(self.seed, name, self.block)[run : run + 1])
                share = float(SharedLuck(luck, alikeness=cohort.alikeness)(share)[0])
            found[outcome] = share
        return found

    def followers(self, cohort: str, needs: str | None) -> list[tuple[str, ...]]:
        """What comes after a step: outcomes that exclude one another stand together."""
        outcomes = self.contract.outcomes
        lists = [clause.one_of for clause in outcomes.values() if clause.one_of]
        found: list[tuple[str, ...]] = []
        for name in sorted(outcomes):
            if self.contract.cohort_of(name) != cohort or outcomes[name].needs != needs:
                continue
            family = next((one_of for one_of in lists if name in one_of), (name,))
            if family not in found:
                found.append(family)
        return found

    def climb(
        self,
        needs: str | None,
        person: Person,
        shares: dict[str, float],
        got: set[str],
        cell: str,
        index: int,
        run: int,
        rank: np.float32 | None = None,
    ) -> None:
        """The ladders that begin after a step this person has taken, ``rank`` high among takers."""
        for family in self.followers(person.cohort, needs):
            u = self.uniform(f"people/{'|'.join(sorted(family))}/{cell}", index, run)
            together = self.contract.cohorts[person.cohort].togetherness
            if together > 0:
                common = self.uniform(f"together/{needs or 'start'}/{cell}", index, run)
                u = joined(u, common, rank, together)
            whole = 1.0 if needs is None else shares[needs]
            width = {o: shares[o] / whole if whole > 0 else 0.0 for o in family if o in shares}
            narrowed = 1 / max(1.0, sum(width.values()))
            low = 0.0
            for first in family:
                if first not in width:
                    continue
                step: str | None = first
                while step is not None and step in shares:
                    high = low + (shares[step] / whole if whole > 0 else 0.0) * narrowed
                    bottom, top = np.float32(low), np.float32(high)
                    if bottom <= u < top:
                        got.add(step)
                    after = self.followers(person.cohort, step)
                    if len(after) == 1 and len(after[0]) == 1:
                        step = after[0][0]
                        continue
                    if step in got:
                        place = (u - bottom) / (top - bottom)
                        self.climb(step, person, shares, got, cell, index, run, place)
                    step = None
                low += width[first] * narrowed

    def uniform(self, name: str, index: int, run: int) -> np.float32:
        """The uniform of one person of a cell in one run, as coarse as it is drawn."""
        if (name, run) not in self._slabs:
            slab = PersonUniforms(self.seed, name, self.block).slab(60)
            self._slabs[name, run] = slab[:, run].copy()
        return np.float32(self._slabs[name, run][index])

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

    # --- value ------------------------------------------------------------------------------------

    def present_values(self, result: Run, run: int) -> dict[str, float]:
        """Net present value of each party, and of the account; benefits as far as defined."""
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
            return 0.0
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
        """Price level of a period relative to the base year (April to March)."""
        prices, day = self.contract.prices, self.contract.timeline.date(period)
        assert prices is not None
        assert prices.inflation is not None
        year = day.year if day.month >= 4 else day.year - 1
        return float((1 + prices.inflation) ** (year - int(prices.base[:4])))


def joined(
    u: np.float32, common: np.float32, rank: np.float32 | None, together: float
) -> np.float32:
    """A ladder's uniform joined to its neighbours' by a Gaussian copula.

    Neighbours share a score; where they branch from a step, it is itself joined to how far up the
    person was among those who took the step.
    """

    def score(x: np.float32) -> np.ndarray:
        return normal_scores(np.array([x], dtype=np.float32))

    shared = score(common)
    if rank is not None:
        shared = joined_scores(score(rank), shared, together)
    return np.float32(ndtr(joined_scores(shared, score(u), together))[0])


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
    if total > left:
        for i in which:
            amounts[i] *= max(left, 0.0) / total


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
