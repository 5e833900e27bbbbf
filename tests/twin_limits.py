"""The slow twin's limits, payers and floors: what claims earn is cut, split and entered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twin_tables import Bands, Claim, Seen, Tables

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import ShareOf, SizesByDate

Key = tuple[Any, ...]
SCOPES = ("cohort", "period", "year", "total", "contract")


@dataclass
class Item:
    """A claim in the period in which it is settled: what it earns, and what is paid of it."""

    rule: str  # or a floor
    claim: Claim
    worth: float | Bands
    factor: float
    net: float  # share that deadweight leaves
    units: float  # claims: what the price or amount is for, before deadweight
    let: float = 1.0  # share that limits on number let through
    earned: float = 0.0
    money: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)  # by payer

    @property
    def number(self) -> float:
        """Accepted claims within limits on number, with those that would have happened anyway."""
        return self.units * self.let

    @property
    def paid(self) -> float:
        """What all payers pay of it."""
        return sum(self.parts.values())


@dataclass
class Payment:
    """One payer's part of one claim, by period of settling and of cash; below 0: paid back."""

    period: int
    due: int
    rule: str
    payer: str
    amount: float


@dataclass
class Cutter:
    """Cuts one thing about items: how much there is of it, and how it is scaled."""

    of: Callable[[Item], float]
    scale: Callable[[Item, float], None]

    def total(self, items: list[Item]) -> float:
        """All of it."""
        return sum(self.of(item) for item in items)

    def cut(self, items: list[Item], left: float) -> None:
        """Cut all in one proportion so that they fit what is left."""
        total, left = self.total(items), max(left, 0.0)
        if total > left:
            for item in items:
                self.scale(item, left / total)


def _let(item: Item, share: float) -> None:
    item.let *= share


def _money(item: Item, share: float) -> None:
    item.money *= share


def _parts(item: Item, share: float) -> None:
    item.parts = {name: part * share for name, part in item.parts.items()}


NUMBER = Cutter(lambda item: item.number, _let)
MONEY = Cutter(lambda item: item.money, _money)
PAID = Cutter(lambda item: item.paid, _parts)


@dataclass
class Limits:
    """Limits with a name, and the rules they cover: None is all rules and floors."""

    name: str
    rules: list[str] | None
    clause: Any

    def of(self, items: list[Item]) -> list[Item]:
        """The items it covers."""
        return [item for item in items if self.rules is None or item.rule in self.rules]

    def by_person(self, items: list[Item]) -> dict[Any, list[Item]]:
        """The items it covers of each person; rows of counts are of nobody."""
        found: dict[Any, list[Item]] = defaultdict(list)
        for item in self.of(items):
            if item.claim.person is not None:
                found[item.claim.person].append(item)
        return found


class TwinLimits:
    """Limits, payers and floors, and what has used them up.

    Parameters
    ----------
    contract : Contract
    number : callable
        A plain number at a path, of a group where it differs.
    readings : list of Seen
    accepted : callable
        How many of an outcome, or starts of a cohort or group, were accepted up to a period.
    """

    def __init__(
        self,
        contract: Contract,
        number: Callable[[str, str | None], float],
        readings: list[Seen],
        accepted: Callable[[str, int], float],
    ) -> None:
        self.contract, self.number, self.accepted = contract, number, accepted
        self.readings = readings
        self.clause, self.timeline = contract.payments, contract.timeline
        limits = self.clause.limits
        self.own = [Limits(n, [n], r.limits) for n, r in self.clause.rules.items()]
        self.named = [Limits(n, list(of), limits.named[n]) for n, of in self.clause.limit_rules()]
        self.top = Limits("contract", None, limits)
        self.used: dict[Key, float] = defaultdict(float)  # limit, what, scope, span
        self.paid_on_account: dict[Key, float] = defaultdict(float)
        self.under: dict[str, set[str]] = {}  # rules that a floor covers, by line
        self.payments: list[Payment] = []

    # --- limits -----------------------------------------------------------------------------------

    def limit_numbers(self, items: list[Item], t: int) -> None:
        """Each person's first, in order of date; then the rules' others; then named ones."""
        for limits in [*self.own, *self.named]:
            size = self.size(limits.clause.person, "number", t)
            if size is None:
                continue
            self.cut_people(limits, size, "number", NUMBER, items)
            self.cut_counts(limits, size, NUMBER, items)
        for limits in [*self.own, *self.named]:
            self.cut_scopes(limits, "number", NUMBER, items, t)

    def limit_money(self, items: list[Item], t: int) -> None:
        """Every person's; the rules' others; named ones; payers'; the contract's."""
        up = [item for item in items if item.money > 0]
        for limits in [*self.own, *self.named, self.top]:
            size = self.size(limits.clause.person, "amount", t)
            if size is None:
                continue
            self.cut_people(limits, size, "amount", MONEY, up)
            self.cut_counts(limits, size, MONEY, up)
        for limits in [*self.own, *self.named]:
            self.cut_scopes(limits, "amount", MONEY, up, t)
        self.pay_within(items, t)

    def cut_people(
        self, limits: Limits, size: float, what: str, cutter: Cutter, items: list[Item]
    ) -> None:
        """Cut what each person has to a limit; of numbers the earlier date first."""
        for person, theirs in limits.by_person(items).items():
            left = size - self.used[limits.name, what, "person", person]
            if what == "amount":
                cutter.cut(theirs, left)
                continue
            for day in sorted({item.claim.date for item in theirs}):
                today = [item for item in theirs if item.claim.date == day]
                cutter.cut(today, left)
                left -= cutter.total(today)

    def cut_counts(self, limits: Limits, size: float, cutter: Cutter, items: list[Item]) -> None:
        """Cut rows of counts of what happens once to a rule's own limit: each is one person."""
        for item in limits.of(items) if limits in self.own else ():
            if item.claim.person is None and self.happens_once(item.claim):
                cutter.cut([item], size * item.claim.number)

    def pay_within(self, items: list[Item], t: int) -> None:
        """Split between the payers, within their limits and the contract's."""
        for item in items:
            self.split(item)
        up = [item for item in items if item.money > 0]
        self.limit_payers(up, t)
        self.cut_scopes(self.top, "amount", PAID, up, t)

    def size(self, size: Any, what: str, t: int) -> float | None:
        """How much money (``amount``) or ``number`` a limit allows; a row of dates from its period.

        None if it says nothing of that.
        """
        if isinstance(size, SizesByDate):
            begun = [key for key in size.begins if self.timeline.period_of(key) <= t]
            size = size.begins[max(begun, key=self.timeline.day)]
        found = getattr(size, what, None)
        if isinstance(found, ShareOf):
            return found.share * sum(self.accepted(name, t) for name in found.of)
        return None if found is None else float(found)

    def span(self, scope: str, t: int, item: Item) -> Any:
        """What an item falls in of a scope: a person, a cohort, a period, a year, or all."""
        year = t // self.timeline.periods_per_year
        person, cohort = item.claim.person, item.claim.cohort
        return {"person": person, "cohort": cohort, "period": t, "year": year}.get(scope)

    def cut_scopes(
        self, limits: Limits, what: str, cutter: Cutter, items: list[Item], t: int
    ) -> None:
        """Cut to what limits leave beyond a person, narrow to wide."""
        for scope in SCOPES:
            size = self.size(getattr(limits.clause, scope, None), what, t)
            if size is None:
                continue
            spans: dict[Any, list[Item]] = defaultdict(list)
            for item in limits.of(items):
                if scope != "cohort" or item.claim.cohort is not None:
                    spans[self.span(scope, t, item)].append(item)
            for span, mine in spans.items():
                cutter.cut(mine, size - self.used[limits.name, what, scope, span])

    def happens_once(self, claim: Claim) -> bool:
        """Whether a record of several is as many claims: starts, and outcomes without a unit."""
        pays = getattr(self.clause.rules.get(claim.rule), "pays", None) or ""
        outcome = self.contract.outcomes.get(pays)
        return pays in self.contract.cohorts or (outcome is not None and outcome.unit is None)

    # --- payers -----------------------------------------------------------------------------------

    def payers_of(self, rule: str) -> tuple[Key, dict[str, Any]]:
        """Who pays for a rule, or a floor, and where that is said."""
        own = self.clause.rules[rule].payers if rule in self.clause.rules else None
        if own is not None:
            return ("payments", "rules", rule, "payers"), own
        return ("payments", "payers"), self.clause.payers

    def who_has_the_rest(self, rule: str) -> str | None:
        """The payer of a rule who has the rest."""
        _, payers = self.payers_of(rule)
        return next((name for name, payer in payers.items() if payer.share == "rest"), None)

    def split(self, item: Item) -> None:
        """Money by payer, at the shares of the claim's date; the rest is what the others leave."""
        path, payers = self.payers_of(item.rule)
        rest = self.who_has_the_rest(item.rule)
        item.parts = {
            name: item.money * self.share((*path, name, "share"), payer.share, item.claim)
            for name, payer in payers.items()
            if name != rest
        }
        if rest is not None:
            item.parts[rest] = item.money - item.paid

    def split_back(self, item: Item) -> None:
        """What is paid back: to those who have paid, as they have; what is above by shares."""
        paid: dict[str, float] = defaultdict(float)
        for payment in self.payments:
            if payment.rule == item.rule:
                paid[payment.payer] += payment.amount
        paid = {name: max(amount, 0.0) for name, amount in paid.items()}
        whole, back = sum(paid.values()), -item.money
        first = min(back, whole)
        item.money = -(back - first)
        self.split(item)
        for name, amount in paid.items():
            if first:
                item.parts[name] = item.parts.get(name, 0.0) - amount * first / whole
        item.money = -back

    def share(self, path: Key, clause: Any, claim: Claim) -> float:
        """A payer's share of one claim; that of groups not named is 0."""
        names = {claim.group, (claim.group or "").rpartition("/")[2]}
        if isinstance(clause, ByGroup) and claim.group and not names & {*clause.by_group}:
            return 0.0
        tables = Tables(self.contract, self.number, self.readings)
        return as_number(tables.read(path, clause, claim))

    def limit_payers(self, up: list[Item], t: int) -> None:
        """Payers' limits; what is above one falls to who has the rest, who comes after."""
        rest = [self.who_has_the_rest(item.rule) for item in up]
        for name in self.rest_last():
            for item, last in zip(up, rest, strict=True):
                if last == name:
                    others = sum(part for n, part in item.parts.items() if n != name)
                    item.parts[name] = item.money - others
            self.cut_scopes(self.payer_limits(name), "amount", self.part_of(name), up, t)

    def rest_last(self) -> list[str]:
        """Payers, each after those whose rest it has; in a circle by name."""
        left, found = sorted(self.clause.payers), list[str]()

        def waits(name: str) -> bool:
            mine = [r for r in self.clause.rules if self.who_has_the_rest(r) == name]
            return any({*self.payers_of(rule)[1]} & {*left} - {name} for rule in mine)

        while left:
            found.append(next((name for name in left if not waits(name)), left[0]))
            left.remove(found[-1])
        return found

    def payer_limits(self, name: str) -> Limits:
        """What one payer's payments cannot exceed."""
        return Limits(f"payer {name}", None, self.clause.payers[name].limits)

    def part_of(self, payer: str) -> Cutter:
        """Cuts one payer's part."""

        def scale(item: Item, share: float) -> None:
            if payer in item.parts:
                item.parts[payer] *= share

        return Cutter(lambda item: item.parts.get(payer, 0.0), scale)

    # --- what is paid, and floors -----------------------------------------------------------------

    def enter(self, items: list[tuple[Item, int]], t: int) -> None:
        """Enter what is paid, and when; that alone uses limits up, all of a period together."""
        using: dict[Key, float] = defaultdict(float)

        def use(limits: Limits, what: str, amount: float, item: Item) -> None:
            for scope in ("person", *SCOPES):
                using[limits.name, what, scope, self.span(scope, t, item)] += amount

        for item, due in sorted(items, key=lambda one: one[0].money < 0):
            if item.money < 0:
                self.split_back(item)
            if item.claim.reading is not None:
                whose = (item.rule, item.claim.cohort, item.claim.group)
                self.paid_on_account[whose] += item.paid
            for payer, amount in item.parts.items():
                if amount:
                    self.payments.append(Payment(t, due, item.rule, payer, amount))
                use(self.payer_limits(payer), "amount", amount, item)
            number = item.number * item.paid / item.earned if item.earned else 0.0
            for limits in [*self.own, *self.named, self.top]:
                if limits.of([item]):
                    use(limits, "amount", item.paid, item)
                    use(limits, "number", number, item)
        for key, amount in using.items():  # what is paid back gives room, never more than all
            self.used[key] = max(self.used[key] + amount, 0.0)

    def fill_to_floors(self, t: int) -> None:
        """At the end of a span pay at once what is lacking: fewest rules first, short spans first.

        What one floor brings counts under all that cover its rules.
        """
        floors = self.clause.floors
        ordered = sorted(floors.named.items(), key=lambda one: (len(set(one[1].of)), one[0]))
        for name, floor in ordered:
            for scope in ("period", "year", "total"):
                line = f"floor {name}" if scope == "total" else f"floor {name}.{scope}"
                self.fill_up(line, getattr(floor, scope), scope, {*floor.of}, t)
        for scope in ("period", "year", "contract"):
            self.fill_up(f"floor {scope}", getattr(floors, scope), scope, {*self.clause.rules}, t)

    def fill_up(self, line: str, floor: float | None, scope: str, rules: set[str], t: int) -> None:
        """Pay what one floor lacks, if its span ends now."""
        self.under[line] = rules
        a_year = self.timeline.periods_per_year
        first = {"period": t, "year": t - t % a_year}.get(scope, 0)
        end = t == self.timeline.periods - 1
        over = {"period": True, "year": (t + 1) % a_year == 0 or end}.get(scope, end)
        if floor is None or not over:
            return
        paid = sum(
            payment.amount
            for payment in self.payments
            if payment.period >= first and self.under.get(payment.rule, {payment.rule}) <= rules
        )
        if paid >= floor:
            return
        claim = Claim(line, t, self.timeline.date(t), 1.0)
        item = Item(line, claim, 0.0, 1.0, 1.0, 1.0, earned=floor - paid, money=floor - paid)
        self.pay_within([item], t)
        self.enter([(item, t)], t)


def as_number(value: float | Bands | None) -> float:
    """A number; what is not in force is nothing."""
    assert not isinstance(value, Bands)
    return 0.0 if value is None else value
