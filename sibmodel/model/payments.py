"""Paid: tests, prices, limits and floors turn claims into money, by rule and payer.

One kernel serves both verbs: :func:`pay` takes claims that were simulated, and claims that were
recorded. It works period by period. Within a period a limit cuts all that it covers in the same
proportion, between periods it is first come, first served, and only what is finally paid uses it
up, so the order of clauses and records changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments, Rule
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.cuts import Cuts
from sibmodel.model.floors import Floors, floor_names
from sibmodel.model.limits import Accepted, Cut, Room, fit, share_of
from sibmodel.model.lots import Due, Lot
from sibmodel.model.paid import Entry, Paid, Plain, sum_groups
from sibmodel.model.periods import Calendar
from sibmodel.model.prices import Asked, Reader, Value, worth_of
from sibmodel.model.pricing import Pricing
from sibmodel.model.readings import Readings


def tax_share(payments: Payments) -> float:
    """Share of a payment, as payers pay it, that is tax."""
    return 0.0 if payments.tax is None else payments.tax.rate / (1 + payments.tax.rate)


def price_of(contract: Contract, name: str, drawn: Drawn, group: str, period: int) -> Value:
    """Price of a claim by one group in a period under a plain rule, net of agreed deadweight."""
    reader = Reader(contract, drawn)
    asked = Asked(contract.timeline.date(period), group)
    worth, factor = worth_of(reader, name, asked)
    rule = contract.payments.rules[name]
    gone = reader.read(rule.deadweight, f"payments.rules.{name}.deadweight", asked)
    value: Value = worth * factor * (1 - gone)
    return value


def within_person_limit(rule: Rule, price: Value) -> Value:
    """What of a price a rule's own limit per person lets through: a person claims once under it."""
    limit = rule.limits.person
    if limit is None:
        return price
    if isinstance(limit.number, float) and limit.number < 1:
        price = price * limit.number
    if limit.amount is not None:
        price = np.minimum(price, limit.amount)
    return price


# --- the kernel -----------------------------------------------------------------------------------

Bring = Callable[[int, str, Mapping[str, Mapping[str, Floats]]], dict[str, Floats]]
"""Asks payers for sums in a period: period, interest or principal, amounts by payer and what for;
gives, by what for, what limits allow."""
After = Callable[[int, Floats, Bring], None]
"""Told of each period, once it is settled: period, payments in cash (run,) before tax on top, and
how to ask a payer for more."""


def pay(
    reader: Reader,
    *,
    lots: Sequence[Lot],
    plain: Plain | None,
    readings: Readings,
    accepted: Accepted,
    runs: int,
    periods: int,
    until: int | None = None,
    as_at: dt.date | None = None,
    keep_joint: bool = False,
    detail: bool = False,
    trace: bool = False,
    after: After | None = None,
) -> Paid:
    """Tests, prices, limits, payers and cash dates: from claims to what is paid.

    Order in each period: tests; limits on number (a person's, the rule's, named ones); prices;
    limits on money (every person's, the rule's, named ones, the split by payer and payers' own,
    the contract's); floors; tax; the cash date.

    Parameters
    ----------
    reader : Reader
        The contract's numbers in these runs.
    lots : sequence of Lot
        Accepted claims of rules that are not plain, by rule.
    plain : Plain or None
        Claims of the others.
    readings : Readings
        Of every performance.
    accepted : mapping of name to array (period, run)
        Accepted so far, of outcomes, cohorts and groups that tests and limits ask for.
    runs, periods : int
        Lengths of the run axis and of the axis of cash; what would come later is paid in the last.
    until : int, optional
        Settle up to this period, the last one included; None: the timeline's last.
    as_at : date, optional
        Nothing that falls due later is paid.
    keep_joint : bool
        Keep payments by payer and rule together.
    detail : bool
        Keep what each limit took by rule and period, not only its total.
    trace : bool
        Keep every claim with what became of it.
    after : callable, optional
        Told of each period once it is settled; may ask payers for what is due from them.

    Returns
    -------
    Paid

    Source
    ------
    The order of work in the project's contract language, docs/language.md.
    """
    kernel = _Kernel(reader, plain, readings, accepted, runs, periods, keep_joint, detail, trace)
    kernel.pricing.expect(lots, as_at)
    last = reader.contract.timeline.periods if until is None else until + 1
    for t in range(last):
        kernel.period(t)
        if after is not None:
            after(t, kernel.paid[:, t].sum(axis=0), kernel.bring)
    return kernel.result(keep_joint, last)


class _Kernel:
    """Takes claims through the periods, and keeps what is paid."""

    def __init__(
        self,
        reader: Reader,
        plain: Plain | None,
        readings: Readings,
        accepted: Accepted,
        runs: int,
        periods: int,
        keep_joint: bool,
        detail: bool,
        trace: bool,
    ) -> None:
        contract = reader.contract
        self.contract, self.runs = contract, runs
        self.names, self.rules = list(contract.payments.rules), contract.payments.rules.values()
        self.all_rules = (*self.names, *floor_names(contract.payments))
        shape = (len(self.all_rules), periods, runs)
        self.plain = plain
        # where every rule is plain, nothing will be added
        self.earned = plain.earned if plain is not None and plain.whole else np.zeros(shape)
        if plain is not None and not plain.whole:
            self.earned[: len(self.names)] = plain.earned
        self.pricing = Pricing(reader, readings, accepted, self.earned)
        self.taken = Cut(shape, detail)
        self.cuts = Cuts(contract, accepted, self.pricing, self.taken)
        self.floors = Floors(contract, runs)
        self.calendars = [Calendar(contract, name, periods) for name in self.names]
        days = [contract.timeline.date(t) for t in range(contract.timeline.periods)]
        self.plain_cash = [
            [calendar.cash(t, day) for t, day in enumerate(days)] for calendar in self.calendars
        ]
        self.split = (
            keep_joint
            or self.cuts.limits.by_payer
            or not self.cuts.shares.constant
            or self.floors.any
            or any(rule.paid_back_by for rule in self.rules)
        )
        payers = len(self.cuts.shares.names)
        self.paid = np.zeros(shape)
        self.joint = np.zeros((payers, *shape)) if self.split else None
        self.back: Floats | None = None
        self.cut_from_bonds: dict[tuple[str, str, str], Floats] = {}
        """By limit, what for, interest or principal: what was cut, of what was last due."""
        self.settled: list[Due] | None = [] if trace else None
        self.entries: list[Entry] = []

    def period(self, t: int) -> None:
        """Settle everything that falls in a period."""
        cuts = self.cuts
        cuts.limits.open(t)
        dues = self.pricing.tested(t)
        plain, number = self._plain(t)
        if plain is not None or dues:
            plain = self._within(dues, plain, number, t)
            self.pricing.count(dues)
            self.pricing.earned_within(dues, plain)
            cuts.people(dues, t)
            money = cuts.by_row(dues, plain)
            entered = money.copy() if dues or number is not None else money
            cuts.rules(money, t)
            shares, rest = cuts.shares_of(dues, t)
            parts = shares * money if self.split else None
            if parts is not None and cuts.limits.by_payer:
                cuts.payers(parts, rest, t)
                money = parts.sum(axis=0)
            cuts.whole(money, parts, t)
            self._pay_out(money, parts, shares, entered, dues, number, t)
        elif self.floors.any:
            self._bring_up(np.zeros((len(self.names), self.runs)), t)

    def _plain(self, t: int) -> tuple[Floats | None, Floats | None]:
        """Money and number of the plain rules' claims in a period, (rule, run); None if nothing."""
        if self.plain is None or t >= self.plain.earned.shape[1]:
            return None, None
        money = self.plain.earned[:, t]
        if not money.any():
            return None, None
        return money, None if self.plain.number is None else self.plain.number[:, t]

    def _within(
        self, dues: list[Due], plain: Floats | None, number: Floats | None, t: int
    ) -> Floats | None:
        """What limits on number, and plain rules' own limits per person, let through."""
        if plain is not None and self.plain is not None and (
            self.cuts.limits.any or self.plain.within
        ):  # fmt: skip
            plain = plain.copy()
        if self.cuts.on_numbers:
            plain = self.cuts.numbers(dues, plain, number, t)
        if plain is None or self.plain is None:
            return plain
        for r, through in self.plain.within.items():
            kept = share_of(through[t], self.plain.earned[r, t], otherwise=1.0)
            self.taken.add(f"{self.names[r]}.person", r, t, plain[r] * (1 - kept))
            plain[r] *= kept
        return plain

    def _pay_out(
        self,
        money: Floats,
        parts: Floats | None,
        shares: Floats,
        entered: Floats,
        dues: list[Due],
        number: Floats | None,
        t: int,
    ) -> None:
        """Put the period's money on its cash dates, and take it off the limits."""
        cuts = self.cuts
        cuts.use_people(money, entered, dues)
        for i, row in enumerate(cuts.rows):
            for (when, day), share in self._by_cash(i, row.rule, dues, money[i], t).items():
                self.paid[row.rule, when] += money[i] if share is None else money[i] * share
                if parts is not None and self.joint is not None:
                    part = parts[:, i] if share is None else parts[:, i] * share
                    self.joint[:, row.rule, when] += part
                    self._enter(t, day, row.rule, part)
        net, net_parts = money, parts
        if any(rule.paid_back_by for rule in self.rules):
            net, net_parts = self._pay_back(money, parts, shares, dues, t)
        if cuts.limits.any:
            counted = None
            if number is not None and self.plain is not None:
                of_rule = np.stack([net[rows].sum(axis=0) for rows in cuts.of_rule])
                counted = number * share_of(of_rule, self.plain.earned[:, t], otherwise=0.0)
            cuts.use(net, net_parts, dues, counted)
        if self.settled is not None:
            self.settled += dues
        if self.floors.any:
            self._bring_up(np.stack([net[rows].sum(axis=0) for rows in cuts.of_rule]), t)

    def _by_cash(
        self, row: int, rule: int, dues: list[Due], money: Floats, t: int
    ) -> dict[tuple[int, dt.date], Floats | None]:
        """Share of a row's money by period and day of cash; None: all of it."""
        mine = [due for due in dues if self.cuts.row(due.lot) == row] if dues else []
        if not mine:
            return {self.plain_cash[rule][t]: None}
        days = [self.calendars[rule].cash(t, due.lot.date) for due in mine]
        if len(set(days)) == 1:
            return {days[0]: None}
        found: dict[tuple[int, dt.date], Floats | None] = {}
        for due, when in zip(mine, days, strict=True):
            amount = np.maximum(due.total(due.money), 0.0) * due.share
            before = found.get(when)
            share = share_of(amount, money, otherwise=0.0)
            found[when] = share if before is None else before + share
        return found

    def _pay_back(
        self, money: Floats, parts: Floats | None, shares: Floats, dues: list[Due], t: int
    ) -> tuple[Floats, Floats]:
        """Enter what is paid back to payers, by their shares; what is paid less that."""
        assert self.joint is not None  # kept wherever anything can be paid back
        assert parts is not None
        net, net_parts = money.copy(), parts.copy()
        if self.back is None:
            self.back = np.zeros_like(self.joint)
        for due in dues:
            amount = np.maximum(-due.total(due.money), 0.0)
            row = self.cuts.row(due.lot)
            self.pricing.paid(due, np.maximum(due.total(due.money), 0.0) * due.share - amount)
            if not amount.any():
                continue
            when, day = self.calendars[due.lot.rule].cash(t, due.lot.date)
            by_payer = self._back_to(due.lot.rule, shares[:, row], amount)
            self.back[:, due.lot.rule, when] += by_payer
            self._enter(t, day, due.lot.rule, by_payer, back=True)
            net[row] -= amount
            net_parts[:, row] -= by_payer
        return net, net_parts

    def _back_to(self, rule: int, shares: Floats, amount: Floats) -> Floats:
        """What each payer is paid back: first what it has paid, in proportion; then by shares."""
        assert self.joint is not None
        assert self.back is not None
        paid = (self.joint[:, rule] - self.back[:, rule]).sum(axis=1)
        paid = np.maximum(paid, 0.0)
        whole = paid.sum(axis=0)
        first = np.minimum(amount, whole)
        back: Floats = paid * share_of(first, whole, otherwise=0.0) + shares * (amount - first)
        return back

    def _bring_up(self, so_far: Floats, t: int) -> None:
        """Pay what floors lack at the end of their span, within payers' and contract's limits."""
        assert self.joint is not None  # kept wherever there is a floor
        limits = self.cuts.limits
        overall = [room for room in limits.contract if room.cohort is None]
        for number, lack in self.floors.lacking(so_far, t):
            shares, rest = self.cuts.shares.of_all(t)
            parts = shares[:, None] * lack
            for p in sorted(range(len(parts)), key=lambda payer: payer == rest):
                share, taken = fit(limits.payers[p], parts[p])
                if share is not None:
                    if rest is not None and p != rest:
                        parts[rest] += parts[p] * (1 - share)
                        for name, amount in taken:
                            self.cuts.move(name, amount)
                    parts[p] *= share
            share, _ = fit(overall, parts.sum(axis=0))
            if share is not None:
                parts *= share
            for p, rooms in enumerate(limits.payers):
                for room in rooms:
                    room.use(parts[p])
            for room in overall:
                room.use(parts.sum(axis=0))
            r = len(self.names) + number
            self.earned[r, t] += parts.sum(axis=0)
            self.paid[r, t] += parts.sum(axis=0)
            self.joint[:, r, t] += parts
            self.floors.bring(number, parts.sum(axis=0), t)
            self._enter(t, self.contract.timeline.date(t), r, parts)

    def bring(
        self, t: int, part: str, wanted: Mapping[str, Mapping[str, Floats]]
    ) -> dict[str, Floats]:
        """What payers may still pay in a period of what is due from them, by what for.

        Each payer's limits cut all that is due from it in one proportion, then the contract's cut
        all of it.
        """
        limits = self.cuts.limits
        overall = [room for room in limits.contract if room.cohort is None]
        found: dict[str, Floats] = {}
        for payer, dues in wanted.items():
            rooms = limits.payers[self.cuts.shares.names.index(payer)]
            found |= self._fitting(rooms, part, dues)
        found = self._fitting(overall, part, found)
        for payer, dues in wanted.items():
            for room in limits.payers[self.cuts.shares.names.index(payer)]:
                room.use(sum((found[what] for what in dues), np.zeros(self.runs)))
        for room in overall:
            room.use(sum(found.values(), np.zeros(self.runs)))
        return found

    def _fitting(
        self, rooms: Sequence[Room], part: str, dues: Mapping[str, Floats]
    ) -> dict[str, Floats]:
        """Sums by what for, cut in one proportion to what limits leave.

        What is cut stays due and is asked for again: the last time counts for what limits took.
        """
        whole = sum(dues.values(), np.zeros(self.runs))
        share, taken = fit(rooms, whole)
        for name, cut in taken:
            for what, due in dues.items():
                key = (name, what, part)
                before = self.cut_from_bonds.get(key, np.zeros(self.runs))
                mine = cut * share_of(due, whole, otherwise=0.0)
                self.cut_from_bonds[key] = np.where(due > 0, mine, before)
        return {what: due if share is None else due * share for what, due in dues.items()}

    def _enter(self, t: int, due: dt.date, rule: int, parts: Floats, *, back: bool = False) -> None:
        """Note each payer's sum, where a trace is asked for."""
        if self.settled is not None:
            self.entries += [
                Entry(t, due, rule, p, part, back) for p, part in enumerate(parts) if part.any()
            ]

    def result(self, keep_joint: bool, last: int) -> Paid:
        """What was paid, with tax."""
        for (name, _, _), cut in self.cut_from_bonds.items():
            self.taken.taken[name] = self.taken.taken.get(name, np.zeros(self.runs)) + cut
        tax = self.contract.payments.tax
        if tax is not None and not tax.included:
            for money in (self.paid, self.joint, self.back):
                if money is not None:
                    np.multiply(money, 1 + tax.rate, out=money)
        if self.joint is None:
            by_payer = _by_payer(self.paid, self.cuts.shares.at(0)[0])
        else:
            by_payer = self.joint.sum(axis=1)
        return Paid(
            rules=self.all_rules,
            earned=self.earned,
            paid=self.paid,
            by_payer=by_payer,
            joint=self.joint if keep_joint else None,
            cut=self.taken.taken,
            moved=self.cuts.moved,
            back=None if self.back is None else self.back.sum(axis=0),
            back_to=None if self.back is None else self.back.sum(axis=1),
            joint_back=self.back if keep_joint else None,
            tax=tax_share(self.contract.payments),
            settled=self.settled or (),
            entries=self.entries,
            waiting=self.pricing.waiting(last),
        )


def _by_payer(paid: Floats, shares: Floats) -> Floats:
    """Payments by payer, shape (payer, period, run), where shares are the same in every period."""
    same = bool(np.all(shares == shares[:, :1]))
    total = sum_groups(list(paid)) if same else paid[0]
    if same and len(shares) == 1:
        return np.asarray(total[None])
    by_payer = np.zeros((len(shares), *paid.shape[1:]))
    for p, row in enumerate(shares):
        if same:
            np.multiply(total, row[0], out=by_payer[p])
        else:
            for r, share in enumerate(row):
                by_payer[p] += paid[r] * share
    return by_payer
