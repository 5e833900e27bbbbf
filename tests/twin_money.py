"""The slow twin's payments: one run, one claim at a time, from the contract language."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from twin_limits import SCOPES, Item, Key, Payment, TwinLimits, as_number
from twin_tables import Bands, Claim, NotYetError, Seen, Tables, holds

from sibmodel.contract.contract import Contract
from sibmodel.contract.tables import STEPS
from sibmodel.contract.timeline import months_after


class TwinPayments(TwinLimits):
    """Takes claims through the periods.

    Parameters
    ----------
    contract, number, readings, accepted
        As :class:`TwinLimits` takes them.
    claims : list of Claim
        Of people and of rows of counts.
    """

    def __init__(
        self,
        contract: Contract,
        number: Callable[[str, str | None], float],
        claims: list[Claim],
        readings: list[Seen],
        accepted: Callable[[str, int], float],
    ) -> None:
        super().__init__(contract, number, readings, accepted)
        self.claims = [*claims, *self.readings_paid(), *self.dues()]
        self.earns: set[str] = set()  # rules that have earned anything, within limits on number
        self.before: dict[Key, float] = defaultdict(float)  # on account, by rule and whose
        self.counted: dict[Key, float] = defaultdict(float)  # units in bands, by rule and whose

    def pay(self) -> list[Payment]:
        """All payments."""
        waiting: list[Claim] = []
        for t in range(self.timeline.periods):
            here = waiting + [claim for claim in self.claims if claim.period == t]
            items, waiting = self.tested(here, t)
            self.limit_numbers(items, t)
            self.price(items)
            self.limit_money(items, t)
            self.enter([(item, self.cash(item, t)) for item in items], t)
            self.fill_to_floors(t)
        return self.payments

    def cash(self, item: Item, t: int) -> int:
        """The period of cash: some after the claim, then the first due date on or after."""
        clause = self.clause.rules[item.rule]
        wait = self.clause.paid_after if clause.paid_after is None else clause.paid_after
        if clause.pays is None or clause.due is None:
            return t + wait
        assert not isinstance(clause.due, str)
        settled = max(item.claim.date, self.timeline.date(t))
        day = months_after(settled, wait * 12 // self.timeline.periods_per_year)
        dates = [self.timeline.day(when) for when in clause.due]
        later = [date for date in dates if date >= day]
        return self.timeline.period_of(min(later)) if later else t + wait

    # --- claims of the contract itself ------------------------------------------------------------

    def readings_paid(self) -> Iterator[Claim]:
        """Readings that rules pay for."""
        for name, rule in self.clause.rules.items():
            for seen in self.readings:
                if seen.performance == rule.pays:
                    period = self.timeline.period_of(seen.date)
                    whose = seen.cohort, seen.group
                    yield Claim(name, period, seen.date, seen.value, *whose, reading=seen)

    def dues(self) -> Iterator[Claim]:
        """Payments that are due on a date."""
        for name, rule in self.clause.rules.items():
            if rule.pays is not None:
                continue
            assert rule.due is not None
            dates = range(self.timeline.periods) if rule.due == "every_period" else rule.due
            for when in dates:
                assert not isinstance(when, str)
                day = self.timeline.day(when)
                yield Claim(name, self.timeline.period_of(day), day, 1.0)

    # --- tests ------------------------------------------------------------------------------------

    def tested(self, claims: list[Claim], t: int) -> tuple[list[Item], list[Claim]]:
        """Claims that pass, with their price; and claims that still wait."""
        passed: list[Item] = []
        now: set[str] = set()  # rules that will earn something in this period
        waiting: list[Claim] = []
        claims = [claim for claim in claims if not math.isnan(claim.number)]  # undefined readings
        known = [seen for seen in self.readings if self.timeline.period_of(seen.date) <= t]
        tables = Tables(self.contract, self.number, known)
        for name in self.others_first():
            unless, mine = self.clause.rules[name].unless, list[Item]()
            for claim in (claim for claim in claims if claim.rule == name):
                try:
                    passes = self.figures_pass(claim, tables)
                    item = self.at_its_price(claim, tables)
                    enough = self.numbers_pass(claim, tables, t)
                except NotYetError:
                    waiting.append(claim)
                    continue
                if not passes or item is None or unless in self.earns | now:
                    continue
                if enough:
                    mine.append(item)
                else:
                    waiting.append(claim)
            passed += mine
            if any(self.would_earn(item) for item in mine) and self.has_room(name, t):
                now.add(name)
        return passed, waiting

    def has_room(self, name: str, t: int) -> bool:
        """Whether limits on number, beyond a person and a cohort, leave a rule any room."""
        for limits in [*self.own, *self.named]:
            for scope in SCOPES if limits.rules is None or name in limits.rules else ():
                size = self.size(getattr(limits.clause, scope, None), "number", t)
                if size is None or scope == "cohort":
                    continue
                span = {"period": t, "year": t // self.timeline.periods_per_year}.get(scope)
                if size <= self.used[limits.name, "number", scope, span]:
                    return False
        return True

    def others_first(self) -> list[str]:
        """Rules, those that another asks about (unless) before it."""
        left, found = list(self.clause.rules), list[str]()
        while left:
            name = next(n for n in left if self.clause.rules[n].unless not in left)
            left.remove(name)
            found.append(name)
        return found

    def figures_pass(self, claim: Claim, tables: Tables) -> bool:
        """Whether the readings it goes with pass: if not it is refused."""
        asked = [n for n in self.clause.rules[claim.rule].when if n in self.contract.performance]
        figures = [(tables.figure(n, claim), self.bounds(claim, n, tables)) for n in asked]
        return all(holds(x, bounds) for x, bounds in figures)

    def numbers_pass(self, claim: Claim, tables: Tables, t: int) -> bool:
        """Whether enough has been accepted so far: until then it waits."""
        when = self.clause.rules[claim.rule].when
        asked = [name for name in when if name not in self.contract.performance]
        return all(
            holds(self.accepted(name, t), self.bounds(claim, name, tables)) for name in asked
        )

    def bounds(self, claim: Claim, figure: str, tables: Tables) -> dict[str, float]:
        """The bounds of one test."""
        test = self.clause.rules[claim.rule].when[figure]
        path = ("payments", "rules", claim.rule, "when", figure)
        return {
            word: as_number(tables.read((*path, word), getattr(test, word), claim))
            for word in STEPS
            if getattr(test, word) is not None
        }

    def at_its_price(self, claim: Claim, tables: Tables) -> Item | None:
        """The claim with its price and factors; None where nothing is in force, or one is 0."""
        rule, path = self.clause.rules[claim.rule], ("payments", "rules", claim.rule)
        numbers: list[tuple[Key, Any]] = [
            ((*path, "factors", name), one) for name, one in rule.factors.items()
        ]
        if rule.worth == "price":
            top = self.clause.factors.items()
            numbers += [(("payments", "factors", name), one) for name, one in top]
        factor = 1.0
        for where, one in numbers:
            factor *= as_number(tables.read(where, one, claim))
        worth = tables.read((*path, rule.worth), getattr(rule, rule.worth), claim)
        net = 1 - as_number(tables.read((*path, "deadweight"), rule.deadweight, claim))
        if worth is None or factor == 0 or (worth == 0 and not self.on_account(claim)):
            return None
        each_a_claim = rule.worth == "price" or self.happens_once(claim)
        units = claim.number if each_a_claim else 1.0
        return Item(claim.rule, claim, worth, factor, net, units)

    def on_account(self, claim: Claim) -> bool:
        """Whether a later reading of the same people replaces this one."""
        seen = claim.reading
        return seen is not None and self.contract.performance[seen.performance].over != (
            "each_period"
        )

    # --- prices -----------------------------------------------------------------------------------

    def would_earn(self, item: Item) -> bool:
        """Whether a claim that passed is worth anything."""
        units = item.units * item.net
        if isinstance(item.worth, Bands):
            so_far = 0.0 if item.claim.reading else self.counted[item.rule, item.worth.whose]
            earned = item.worth.of(so_far + units) - item.worth.of(so_far)
        else:
            earned = units * item.worth * item.factor
        if self.on_account(item.claim):
            earned -= self.before[item.rule, item.claim.cohort, item.claim.group]
        return earned > 0

    def price(self, items: list[Item]) -> None:
        """What each earns; all claims of a period share its bands alike."""
        together: dict[Key, float] = defaultdict(float)
        for item in items:
            if isinstance(item.worth, Bands) and item.claim.reading is None:
                together[item.rule, item.worth.whose] += item.units * item.let * item.net
        for item in items:
            units = item.units * item.let * item.net
            if not isinstance(item.worth, Bands):
                item.earned = units * item.worth * item.factor
            elif item.claim.reading is not None:
                item.earned = item.worth.of(item.units) * item.net * item.factor
            elif units > 0:
                key = item.rule, item.worth.whose
                low, now = self.counted[key], together[key]
                each = (item.worth.of(low + now) - item.worth.of(low)) / now
                item.earned = units * each * item.factor
        for key, now in together.items():
            self.counted[key] += now
        for item in items:
            whose = (item.rule, item.claim.cohort, item.claim.group)
            in_all = item.earned
            if self.on_account(item.claim):
                item.earned -= self.before[whose]
            if self.clause.rules[item.rule].paid_back_by is None:
                item.earned = max(item.earned, 0.0)
            if self.on_account(item.claim):
                self.before[whose] += item.earned
                if item.earned < 0:  # what limits cut was never paid, and is not paid back
                    item.earned = min(in_all - self.paid_on_account[whose], 0.0)
            if item.earned > 0:
                self.earns.add(item.rule)
            item.money = item.earned
