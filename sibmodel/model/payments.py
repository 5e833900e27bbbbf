"""Paid: prices and limits turn claims into money, by rule and payer.

One kernel serves both verbs: :func:`pay` takes claims that were simulated, and claims that were
recorded. Limits work period by period. Within a period a limit cuts all that it covers in the same
proportion, between periods it is first come, first served, and only what is finally paid uses it
up, so the order of clauses and records changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments, Rule
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.evidence import Mask
from sibmodel.model.outcomes import Counts, ladders

Price = float | Floats


@dataclass(frozen=True)
class Paid:
    """What the rules pay.

    ``number`` and ``earned`` (rule, period of claim, run): claims, and their price before limits.
    ``paid`` (rule, period of cash, run) and ``by_payer`` (payer, period of cash, run).
    ``joint`` (payer, rule, period of cash, run) where it was asked for.
    ``cut`` (rule, period of claim, run) by limit: what each limit took.
    """

    number: Counts
    earned: Floats
    paid: Floats
    by_payer: Floats
    joint: Floats | None
    cut: Mapping[str, Floats]


def price_of(payments: Payments, name: str, drawn: Drawn, group: str) -> Price:
    """Price of one claim under a rule for one group: price × factors, up to the rule's person limit."""
    rule = payments.rules[name]
    price = drawn(f"payments.rules.{name}.price", group)
    for factor in payments.factors:
        price = price * drawn(f"payments.factors.{factor}")
    for factor in rule.factors:
        price = price * drawn(f"payments.rules.{name}.factors.{factor}")
    return _within_person_limit(rule, price)


def _within_person_limit(rule: Rule, price: Price) -> Price:
    """A person claims once under a rule, so the rule's limit per person is a ceiling on the price."""
    limit = rule.limits.person
    if limit is None:
        return price
    if limit.number is not None and limit.number < 1:
        price = price * limit.number
    if limit.amount is not None:
        price = np.minimum(price, limit.amount)
    return price


def earn(
    payments: Payments,
    *,
    claims: Mapping[str, Mapping[str, Counts]],
    prices: Mapping[str, Mapping[str, Price]],
    periods: int,
    runs: int,
) -> tuple[Counts, Floats]:
    """Number of claims and what they earn before limits, each (rule, period, run).

    Parameters
    ----------
    claims : mapping of rule to mapping of group to array (period, run)
    prices : mapping of rule to mapping of group to float or array (run,)
    """
    number = np.zeros((len(payments.rules), periods, runs))
    earned = np.zeros((len(payments.rules), periods, runs))
    for r, name in enumerate(payments.rules):
        groups = claims[name]
        first = next(iter(prices[name].values()))
        if all(price is first or np.array_equal(price, first) for price in prices[name].values()):
            total = sum_groups(list(groups.values()))
            number[r] = total
            np.multiply(number[r], first, out=earned[r])
        else:
            for group, count in groups.items():
                number[r] += count
                earned[r] += count * prices[name][group]
    return number, earned


def sum_groups(counts: Sequence[Counts]) -> Counts:
    """Sum of count arrays of one shape, in their own integer type where they have one."""
    total = counts[0]
    for count in counts[1:]:
        total = total + count
    return total


# --- limits per person ----------------------------------------------------------------------------


def dearest_path(contract: Contract, prices: Mapping[str, Price], cohort: str) -> float:
    """The most one person of a cohort can earn, given the dearest price of each outcome paid for."""
    mine = ladders(contract, cohort)

    def beyond(needs: str | None) -> float:
        return sum(
            max(
                sum(float(np.max(prices.get(o, 0.0))) for o in chain) + beyond(chain[-1])
                for chain in ladder.chains
            )
            for ladder in mine
            if ladder.needs == needs
        )

    return float(np.max(prices.get(cohort, 0.0))) + beyond(None)


@dataclass
class _Slab:
    """Some people of one cell: their claims by period, and what is left of their limit."""

    left: Floats
    weight: float | Floats
    claims: dict[int, list[tuple[int, Price, Mask]]] = field(default_factory=dict)
    kept: list[tuple[int, Floats]] = field(default_factory=list)


class PersonLimit:
    """A limit on what one person's claims can earn, kept person by person.

    Parameters
    ----------
    limit : float
        Money per person.
    rules, runs : int
        Lengths of the rule and run axes.
    remember : bool
        Keep what each person keeps: ``remembered`` has (slab, period, rule, money (person, run)).
    """

    def __init__(self, limit: float, *, rules: int, runs: int, remember: bool = False) -> None:
        self._limit, self._shape, self._slabs = limit, (rules, runs), list[_Slab]()
        self._remember = remember
        self.remembered: list[tuple[int, int, int, Floats]] = []

    def add_people(
        self, people: int, weight: float | Floats = 1.0, *, limited: bool = True
    ) -> None:
        """Begin a slab of people; the claims that follow are theirs."""
        left = np.full((people, self._shape[1]), self._limit if limited else np.inf)
        self._slabs.append(_Slab(left, weight))

    def add_claims(self, *, rule: int, period: int, price: Price, claimed: Mask) -> None:
        """Claims of the current slab: one a person, shape (person, run)."""
        self._slabs[-1].claims.setdefault(period, []).append((rule, price, claimed))

    def earn(self, period: int, allowed: Floats) -> tuple[Floats, Floats]:
        """What a period's claims earn before and after the limit, each (rule, run).

        ``allowed`` (rule, run) is the share of claims that limits on number let through.
        """
        before, after = np.zeros(self._shape), np.zeros(self._shape)
        for index, slab in enumerate(self._slabs):
            slab.kept = []
            wanted = [
                (rule, claimed * (price * allowed[rule]))
                for rule, price, claimed in slab.claims.get(period, ())
            ]
            if not wanted:
                continue
            total = wanted[0][1] if len(wanted) == 1 else sum(money for _, money in wanted)
            over = total > slab.left
            share = np.divide(slab.left, total, out=np.ones_like(total), where=over)
            for rule, money in wanted:
                kept = money * share
                before[rule] += money.sum(axis=0) * slab.weight
                after[rule] += kept.sum(axis=0) * slab.weight
                slab.kept.append((rule, kept))
                if self._remember:
                    self.remembered.append((index, period, rule, kept * slab.weight))
        return before, after

    def use(self, paid_share: Floats) -> None:
        """Take what is finally paid of the last period's claims, a share (rule, run), off the limits."""
        for slab in self._slabs:
            for rule, kept in slab.kept:
                slab.left -= kept * paid_share[rule]
            np.maximum(slab.left, 0.0, out=slab.left)


# --- the kernel -----------------------------------------------------------------------------------


class _Room:
    """What is left under one limit on money or number, by run."""

    def __init__(self, name: str, size: float, scope: str, periods_per_year: int) -> None:
        self.name, self._size, self._scope = name, size, scope
        self._lasts = {"period": 1, "year": periods_per_year}.get(scope)
        self.left: float | Floats = size

    def open(self, period: int) -> None:
        """Begin a period: a limit by period or year starts afresh."""
        if self._lasts is not None and period % self._lasts == 0:
            self.left = self._size

    def use(self, amount: Floats) -> None:
        self.left = np.maximum(self.left - amount, 0.0)


def _rooms(limits: object, what: str, owner: str, periods_per_year: int) -> list[_Room]:
    """The rooms of one owner's limits on ``what`` (amount or number)."""
    rooms = []
    for scope in ("period", "year", "total", "contract"):
        size = getattr(limits, scope, None)
        if size is not None and not isinstance(size, float):
            size = getattr(size, what)
        elif what == "number":
            size = None
        if size is not None:
            name = "contract" if scope == "contract" else f"{owner}.{scope}"
            rooms.append(_Room(name, size, scope, periods_per_year))
    return rooms


def _tightest(rooms: list[_Room], amount: Floats) -> tuple[Floats | None, list[Floats]]:
    """Share of an amount that fits (None: all of it in every run), and what each room takes away.

    Rooms are asked one after another, so that each is charged with what it alone takes.
    """
    share: Floats | None = None
    taken = []
    for room in rooms:
        left = amount if share is None else amount * share
        over = left > room.left
        if not np.any(over):
            taken.append(np.zeros_like(amount))
            continue
        fits = np.divide(room.left, left, out=np.ones_like(left), where=over)
        taken.append(left * (1 - fits))
        share = fits if share is None else share * fits
    return share, taken


def pay(
    payments: Payments,
    *,
    number: Counts,
    earned: Floats,
    periods_per_year: int,
    people: PersonLimit | None = None,
    keep_joint: bool = False,
) -> Paid:
    """Limits, payers and cash dates: from what claims earn to what is paid.

    Order in each period: limits on number; limits per person; each rule's limits on money; the
    split by payer and payers' limits; the contract's limits. Then the cash date.

    Parameters
    ----------
    payments : Payments
        The clause.
    number, earned : array (rule, period, run)
        Claims, and what they earn at their price [money].
    periods_per_year : int
        For limits by year, which are counted from the timeline's start.
    people : PersonLimit, optional
        Where a limit per person can bind.
    keep_joint : bool
        Keep payments by payer and rule together.

    Returns
    -------
    Paid

    Source
    ------
    The order of work in the project's contract language, docs/language.md.
    """
    rules, periods, runs = earned.shape
    clauses = list(payments.rules.values())
    delays = [payments.paid_after if c.paid_after is None else c.paid_after for c in clauses]
    names = list(payments.rules)
    number_rooms = [
        _rooms(c.limits, "number", n, periods_per_year) for n, c in payments.rules.items()
    ]
    money_rooms = [
        _rooms(c.limits, "amount", n, periods_per_year) for n, c in payments.rules.items()
    ]
    payer_names, shares, rest = payer_shares(payments)
    payer_rooms = [
        _rooms(payments.payers[p].limits, "amount", f"payer {p}", periods_per_year)
        for p in payer_names
    ]
    contract_rooms = _rooms(payments.limits, "amount", "contract", periods_per_year)
    all_rooms = [
        *(r for rooms in (*number_rooms, *money_rooms, *payer_rooms) for r in rooms),
        *contract_rooms,
    ]
    split_now = keep_joint or any(payer_rooms)
    paid = np.zeros_like(earned)
    joint = np.zeros((len(payer_names), *earned.shape)) if split_now else None
    cut: dict[str, Floats] = {}

    def charge(name: str, rule: int | slice, period: int, amount: Floats) -> None:
        if np.any(amount):
            cut.setdefault(name, np.zeros_like(earned))[rule, period] += amount

    limited = bool(all_rooms) or people is not None
    for t in range(periods):
        due = earned[:, t]
        if not np.any(due):
            for room in all_rooms:
                room.open(t)
            continue
        money = due.copy() if limited else due
        for room in all_rooms:
            room.open(t)
        allowed = np.ones_like(due)
        for r in range(rules):
            if not number_rooms[r]:
                continue
            count = np.where(due[r] > 0, number[r, t], 0.0)
            share, taken = _tightest(number_rooms[r], count)
            for room, amount in zip(number_rooms[r], taken, strict=True):
                worth = np.divide(due[r], count, out=np.zeros(runs), where=count > 0)
                charge(room.name, r, t, amount * worth)
            if share is not None:
                allowed[r], money[r] = share, money[r] * share
        if people is not None:
            before, after = people.earn(t, allowed)
            kept = np.divide(after, before, out=np.ones_like(after), where=before > 0)
            charge("person", slice(None), t, money * (1 - kept))
            money *= kept
        within_person = money.copy() if limited else money
        for r in range(rules):
            share, taken = _tightest(money_rooms[r], money[r])
            for room, amount in zip(money_rooms[r], taken, strict=True):
                charge(room.name, r, t, amount)
            if share is not None:
                money[r] *= share
        parts = None
        if split_now:
            parts = shares[:, :, None] * money
            for p, rooms in enumerate(payer_rooms):
                share, taken = _tightest(rooms, parts[p].sum(axis=0))
                if share is None:
                    continue
                whole = parts[p].sum(axis=0)
                if rest is None:
                    for room, amount in zip(rooms, taken, strict=True):
                        part = np.divide(amount, whole, out=np.zeros(runs), where=whole > 0)
                        charge(room.name, slice(None), t, parts[p] * part)
                else:
                    parts[rest] += parts[p] * (1 - share)
                parts[p] *= share
            money = parts.sum(axis=0)
        share, taken = _tightest(contract_rooms, money.sum(axis=0) if contract_rooms else money[0])
        whole = money.sum(axis=0) if contract_rooms else money[0]
        for room, amount in zip(contract_rooms, taken, strict=True):
            part = np.divide(amount, whole, out=np.zeros(runs), where=whole > 0)
            charge(room.name, slice(None), t, money * part)
        if share is not None:
            money = money * share
            if parts is not None:
                parts *= share
        # what is finally paid uses the limits up
        for r in range(rules):
            for room in money_rooms[r]:
                room.use(money[r])
            for room in number_rooms[r]:
                price = np.divide(money[r], due[r], out=np.zeros(runs), where=due[r] > 0)
                room.use(number[r, t] * price)
        if parts is not None:
            for p, rooms in enumerate(payer_rooms):
                for room in rooms:
                    room.use(parts[p].sum(axis=0))
        if contract_rooms:
            total = money.sum(axis=0)
            for room in contract_rooms:
                room.use(total)
        if people is not None:
            people.use(
                np.divide(money, within_person, out=np.zeros_like(money), where=within_person > 0)
            )
        for r in range(rules):
            paid[r, t + delays[r]] += money[r]
            if joint is not None and parts is not None:
                joint[:, r, t + delays[r]] += parts[:, r]
    if joint is not None:
        by_payer = joint.sum(axis=1)
    else:
        by_payer = np.zeros((len(payer_names), periods, runs))
        same = bool(np.all(shares == shares[:, :1]))
        total = sum_groups(list(paid)) if same else paid[0]
        for p in range(len(payer_names)):
            if same:
                np.multiply(total, shares[p, 0], out=by_payer[p])
            else:
                for r in range(len(names)):
                    by_payer[p] += paid[r] * shares[p, r]
    return Paid(number, earned, paid, by_payer, joint if keep_joint else None, cut)


def payer_shares(payments: Payments) -> tuple[list[str], Floats, int | None]:
    """Payers in the file's order, their shares (payer, rule), and which one has the rest."""
    names = list(payments.payers)
    shares = np.zeros((len(names), len(payments.rules)))
    rest: int | None = None
    for p, name in enumerate(names):
        if payments.payers[name].share == "rest":
            rest = p
    for r, rule in enumerate(payments.rules.values()):
        stated = rule.payers or payments.payers
        for name, payer in stated.items():
            if payer.share != "rest":
                shares[names.index(name), r] = payer.share
        for name, payer in stated.items():
            if payer.share == "rest":
                shares[names.index(name), r] = 1 - shares[:, r].sum()
    return names, shares, rest
