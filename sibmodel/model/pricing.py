"""Tests and prices: which claims may be paid in a period, and what they are worth before limits."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sibmodel.contract.payments import Payments, Rule
from sibmodel.contract.tables import STEPS, Test
from sibmodel.model.bounds import reaches
from sibmodel.model.chance import Floats
from sibmodel.model.limits import Accepted, share_of
from sibmodel.model.lots import Due, Lot
from sibmodel.model.periods import due_dates
from sibmodel.model.prices import (
    Asked,
    Bands,
    Reader,
    Value,
    bands_by_group,
    performances_of,
    worth_of,
)
from sibmodel.model.readings import Readings

Truth = npt.NDArray[np.bool_]

GAVE_WAY = "has earned something"
"""Why a rule that gives way to another pays nothing."""


class Pricing:
    """Claims waiting to be settled, what each rule has counted, and what it earned on account.

    Parameters
    ----------
    reader : Reader
        The contract's numbers in these runs.
    readings : Readings
    accepted : mapping of name to array (period, run)
        Accepted so far, of what tests ask for.
    earned : array (rule, period, run)
        Filled as claims are priced; plain rules' are there already.
    """

    def __init__(
        self, reader: Reader, readings: Readings, accepted: Accepted, earned: Floats
    ) -> None:
        self.reader, self.contract = reader, reader.contract
        self.readings, self.accepted, self.earned = readings, accepted, earned
        self.runs = earned.shape[-1]
        payments = self.contract.payments
        self.names, self.rules = list(payments.rules), list(payments.rules.values())
        self._lots: dict[int, list[tuple[Lot, str]]] = defaultdict(list)
        self._never: list[tuple[Lot, str]] = []
        self._needed = [performances_of(payments, n, self.contract.performance) for n in self.names]
        self._order = _after_unless(payments)
        self._counted: dict[tuple[int, str | None], Floats] = {}
        given_way = {rule.unless for rule in self.rules if rule.unless is not None}
        self._given_way_to = [self.names.index(name) for name in sorted(given_way)]
        self.let_through: dict[int, Truth] = {}
        self.room_left: Callable[[int], Truth] = lambda _: np.ones(self.runs, dtype=bool)
        self.paid_on_account: dict[tuple[int, str | None, str | None], Floats] = {}
        self._on_account: dict[tuple[int, str | None, str | None], Floats] = {}
        self._by_group = [bands_by_group(rule.price) for rule in self.rules]

    # --- what is to be settled when ---------------------------------------------------------------

    def expect(self, lots: Sequence[Lot], as_at: dt.date | None = None) -> None:
        """Put every claim, reading and payment due where it will be settled."""
        for lot in lots:
            self._expect(lot)
        for r, (name, rule) in enumerate(zip(self.names, self.rules, strict=True)):
            if rule.pays in self.contract.performance:
                for reading in self.readings.of(rule.pays):
                    value = np.broadcast_to(np.asarray(reading.value, dtype=float), (self.runs,))
                    self._expect(
                        Lot(
                            r,
                            reading.period,
                            reading.date,
                            value,
                            reading.cohort,
                            reading.group,
                            source=reading,
                        )
                    )
            elif rule.pays is None:
                for t, day in due_dates(self.contract, name):
                    if as_at is not None and day > as_at:
                        break
                    self._expect(Lot(r, t, day, np.ones(self.runs)))

    def _expect(self, lot: Lot) -> None:
        """A claim waits for the first reading, dated on or after it, of all that it needs."""
        when, why = lot.period, ""
        for name in self._needed[lot.rule]:
            reading = self.readings.first(name, lot.cohort, lot.group, lot.date)
            if reading is None:
                self._never.append((lot, f"waits for a reading of {name}"))
                return
            if reading.period > when:
                when, why = reading.period, f"waits for the reading of {name} on {reading.date}"
        self._lots[when].append((lot, why))

    def waiting(self, last: int) -> list[tuple[Lot, str]]:
        """Claims not settled before a period, and what they wait for."""
        later = [
            (lot, why)
            for t, lots in self._lots.items()
            for lot, why in lots
            if lot.period < last <= t
        ]
        return [*self._never, *later]

    # --- tests ------------------------------------------------------------------------------------

    def tested(self, t: int) -> list[Due]:
        """Claims of a period that pass their tests, at their price; others wait or are refused."""
        arriving: dict[int, list[Lot]] = defaultdict(list)
        for lot, _ in self._lots.pop(t, ()):
            arriving[lot.rule].append(lot)
        dues: list[Due] = []
        for r in self._order if arriving else ():
            mine = [due for lot in arriving.get(r, ()) for due in self._due(lot, t)]
            self.price(mine)
            mine = [part for due in mine for part in self._by_sign(due)]
            for due in mine:
                if self.rules[r].pays in self.contract.performance:
                    due.money = self._of_reading(due, self.rules[r])
                due.earned = due.total(due.money)
                self.earned[r, t] += np.maximum(due.earned, 0.0)
            dues += mine
        return dues

    def _by_sign(self, due: Due) -> list[Due]:
        """Of people who are paid and people who pay back, each by themselves: nothing is netted."""
        below = due.money < 0
        if due.lot.people is None or not below.any():
            return [due]
        return [
            replace(due, number=due.number * mine, money=due.money * mine, took=[])
            for mine in (~below, below)
        ]

    def _due(self, lot: Lot, t: int) -> list[Due]:
        """A claim that is tested and priced; what fails a test of a number waits."""
        rule = self.rules[lot.rule]
        passes, reason = np.ones(self.runs, dtype=bool), ""
        for name, test in rule.when.items():
            counted = name not in self.contract.performance
            if counted:
                figure: Value = self.accepted[name][t]
            else:
                figure = self.readings.value(name, lot.cohort, lot.group, lot.date)
            holds, told = self._test(test, name, figure, lot)
            if not counted:
                passes &= holds
                reason = reason or told
            elif not holds.all():
                self._wait(self._where(~holds, lot), t, told)
                if not holds.any():
                    return []
                lot = self._where(holds, lot)
        if rule.unless is not None:
            earned = self._has_earned(self.names.index(rule.unless), t)
            passes &= ~earned
            if earned.all():
                reason = reason or f"{rule.unless} {GAVE_WAY}"
        due = self._asked(lot, t)
        due.number = due.number * passes
        due.refused = reason
        if not reason and not np.any(due.number):
            due.refused = f"its {rule.worth} is 0: none is in force, or its table or factors say 0"
        return [due]

    def _has_earned(self, r: int, t: int) -> Truth:
        """Whether a rule has earned anything that limits on number let through, by run."""
        before = self.let_through.get(r, np.zeros(self.runs, dtype=bool))
        now = (self.earned[r, t] > 0) & self.room_left(r)
        return np.asarray(before | now)

    def earned_within(self, dues: Sequence[Due], plain: Floats | None) -> None:
        """Note which rules have earned something, once limits on number are applied."""
        for r in self._given_way_to:
            mine = [due.total(due.money) for due in dues if due.lot.rule == r]
            now = _sum(mine, self.runs) if plain is None else _sum([*mine, plain[r]], self.runs)
            before = self.let_through.get(r, np.zeros(self.runs, dtype=bool))
            self.let_through[r] = before | (now > 0)

    def _where(self, runs: Truth, lot: Lot) -> Lot:
        """The claims of some runs only; a reading of 0 is still a reading, so none is NaN."""
        if self.rules[lot.rule].pays in self.contract.performance:
            return replace(lot, number=np.where(runs, lot.number, np.nan))
        return replace(lot, number=lot.number * runs)

    def _test(self, test: Test, name: str, figure: Value, lot: Lot) -> tuple[Truth, str]:
        """Whether a test holds in each run; and, where it holds in none, what is needed."""
        passes, reason = np.ones(self.runs, dtype=bool), ""
        path = f"payments.rules.{self.names[lot.rule]}.when.{name}"
        asked = Asked(lot.date, self._group(lot), lot.started)
        for word in STEPS:
            stated = getattr(test, word)
            if stated is None:
                continue
            bound = self.reader.read(stated, f"{path}.{word}", asked)
            holds = reaches(figure, word, bound)
            passes &= holds
            if not holds.any() and not reason:
                needed = f"{word.replace('_', ' ')} {float(np.mean(bound)):g} needed"
                reason = f"{name} is {float(np.mean(figure)):.6g}, {needed}"
        return passes, reason

    def _wait(self, lot: Lot, t: int, reason: str) -> None:
        """Keep a claim for the next period; after the last, it waits for good."""
        if t + 1 < self.contract.timeline.periods:
            self._lots[t + 1].append((lot, reason))
        else:
            self._never.append((lot, reason))

    # --- prices -----------------------------------------------------------------------------------

    def _asked(self, lot: Lot, t: int) -> Due:
        """A claim with its price as read, before limits; a price of 0 leaves nothing to pay."""
        name, rule = self.names[lot.rule], self.rules[lot.rule]
        reading = rule.pays in self.contract.performance
        asked = Asked(
            lot.date,
            self._group(lot),
            lot.started,
            lot.number if reading or self.repeats(rule) else None,
            lambda tested: self.readings.value(tested, lot.cohort, lot.group, lot.date),
        )
        worth, factor = worth_of(self.reader, name, asked)
        gone = self.reader.read(rule.deadweight, f"payments.rules.{name}.deadweight", asked)
        number = lot.number
        if reading:
            number = np.isfinite(number).astype(float)
        elif rule.amount is not None and self.repeats(rule):
            number = (number > 0).astype(float)  # each record is one claim, whatever its size
        # a reading that comes to nothing still replaces the one before
        replaces = reading and self._replaces(rule)
        each = np.asarray(factor if replaces or isinstance(worth, Bands) else worth * factor)
        return Due(lot, t, number * (each != 0), lot.number, worth, factor, gone)

    def _group(self, lot: Lot) -> str | None:
        """Whose numbers a claim is priced by: its group's; of a reading by cohort, the cohort's."""
        reading = self.rules[lot.rule].pays in self.contract.performance
        return lot.cohort if reading and lot.group is None else lot.group

    def repeats(self, rule: Rule) -> bool:
        """Whether a rule pays an outcome that one person can have several of."""
        outcome = self.contract.outcomes.get(rule.pays or "")
        return outcome is not None and outcome.unit is not None

    def claims(self, due: Due) -> bool:
        """Whether it is a claim, of an outcome or a start: limits on number are for claims."""
        pays = self.rules[due.lot.rule].pays
        return pays in self.contract.outcomes or pays in self.contract.cohorts

    def price(self, dues: Sequence[Due]) -> None:
        """What claims are worth: number let through, less deadweight, at the price."""
        banded: dict[tuple[int, str | None], list[Due]] = defaultdict(list)
        for due in dues:
            if isinstance(due.worth, Bands) and self.claims(due):
                banded[self._key(due)].append(due)
            elif not isinstance(due.worth, Bands):
                due.money = due.net * due.worth * due.factor
        for key, mine in banded.items():
            before = self._counted.get(key, np.zeros(self.runs))
            now = _sum([due.total(due.net) for due in mine], self.runs)
            for due in mine:  # all claims of a period share the bands alike
                each = due.worth.worth(before + now) - due.worth.worth(before)
                due.money = due.net * share_of(each, now, otherwise=0.0) * due.factor

    def _key(self, due: Due) -> tuple[int, str | None]:
        """What marginal bands count: the rule's claims, or one group's."""
        return due.lot.rule, due.lot.group if self._by_group[due.lot.rule] else None

    def count(self, dues: Sequence[Due]) -> None:
        """Add the claims of a period to what marginal bands count."""
        for due in dues:
            if isinstance(due.worth, Bands) and self.claims(due):
                so_far = self._counted.get(self._key(due), 0.0)
                self._counted[self._key(due)] = so_far + due.total(due.net)

    def _replaces(self, rule: Rule) -> bool:
        """Whether a later reading of the same people replaces an earlier one."""
        return self.contract.read_over(rule.pays or "") != "each_period"

    def paid(self, due: Due, amount: Floats) -> None:
        """Note what is paid of a reading on account; below zero, what is paid back."""
        rule = self.rules[due.lot.rule]
        if rule.pays in self.contract.performance and self._replaces(rule):
            key = (due.lot.rule, due.lot.cohort, due.lot.group)
            self.paid_on_account[key] = self.paid_on_account.get(key, 0.0) + amount

    def _of_reading(self, due: Due, rule: Rule) -> Floats:
        """What a reading earns; of readings on account, beyond what earlier ones did."""
        lot, value = due.lot, np.nan_to_num(due.lot.number)
        if rule.amount is not None:
            each = due.worth
        elif isinstance(due.worth, Bands):
            each = due.worth.worth(value)
        else:
            each = value * due.worth
        earned: Floats = np.asarray(each * due.factor * due.number * (1 - due.deadweight))
        if self._replaces(rule):
            key = (lot.rule, lot.cohort, lot.group)
            before = self._on_account.get(key, np.zeros(self.runs))
            due_in_all = np.where(due.number > 0, earned, before)
            earned = due_in_all - before
            if rule.paid_back_by is None:
                earned = np.maximum(earned, 0.0)
            self._on_account[key] = before + earned
            paid = self.paid_on_account.get(key, np.zeros(self.runs))
            # what limits cut was never paid, and is not paid back
            earned = np.where(earned < 0, np.minimum(due_in_all - paid, 0.0), earned)
        return earned if rule.paid_back_by else np.asarray(np.maximum(earned, 0.0))


def _sum(parts: Sequence[Floats], runs: int) -> Floats:
    total = np.zeros(runs)
    for part in parts:
        total = total + part
    return total


def _after_unless(payments: Payments) -> list[int]:
    """Rules, each after the one it gives way to."""
    names = list(payments.rules)
    order: list[int] = []

    def add(r: int) -> None:
        other = payments.rules[names[r]].unless
        if r not in order:
            if other is not None:
                add(names.index(other))
            order.append(r)

    for r in range(len(names)):
        add(r)
    return order
