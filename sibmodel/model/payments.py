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

    ``earned`` (rule, period of claim, run): accepted claims at their price, before limits.
    ``paid`` (rule, period of cash, run) and ``by_payer`` (payer, period of cash, run).
    ``joint`` (payer, rule, period of cash, run) where it was asked for.
    ``cut`` by limit, what it took: (run,), or with ``detail`` (rule, period of claim, run).
    """

    earned: Floats
    paid: Floats
    by_payer: Floats
    joint: Floats | None
    cut: Mapping[str, Floats]


def price_of(payments: Payments, name: str, drawn: Drawn, group: str) -> Price:
    """Price of a claim by a group under a rule: price × factors, up to its limit per person."""
    rule = payments.rules[name]
    price = drawn(f"payments.rules.{name}.price", group)
    for factor in payments.factors:
        price = price * drawn(f"payments.factors.{factor}")
    for factor in rule.factors:
        price = price * drawn(f"payments.rules.{name}.factors.{factor}")
    return _within_person_limit(rule, price)


def _within_person_limit(rule: Rule, price: Price) -> Price:
    """A person claims once under a rule, so the rule's limit per person is a ceiling on price."""
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
) -> tuple[Floats | None, Floats]:
    """Number of claims and what they earn before limits, each (rule, period, run).

    The number is None unless some rule is limited by number: nothing else asks for it.

    Parameters
    ----------
    claims : mapping of rule to mapping of group to array (period, run)
    prices : mapping of rule to mapping of group to float or array (run,)
    """
    shape = (len(payments.rules), periods, runs)
    number = np.zeros(shape) if limited_by_number(payments) else None
    earned = np.empty(shape)
    for r, name in enumerate(payments.rules):
        groups = claims[name]
        first = next(iter(prices[name].values()))
        same = all(p is first or np.array_equal(p, first) for p in prices[name].values())
        if number is not None:
            for group, count in groups.items():  # a claim at a price of 0 uses up no limit
                number[r] += count * np.greater(prices[name][group], 0)
        if same:
            np.multiply(sum_groups(list(groups.values())), first, out=earned[r])
        else:
            earned[r] = 0.0
            for group, count in groups.items():
                earned[r] += count * prices[name][group]
    return number, earned


def limited_by_number(payments: Payments) -> bool:
    """Whether any rule has a limit on the number of its claims, beyond once a person."""
    return any(
        size is not None and size.number is not None
        for rule in payments.rules.values()
        for size in (rule.limits.period, rule.limits.year, rule.limits.total)
    )


def sum_groups(counts: Sequence[Counts]) -> Counts:
    """Sum of arrays of one shape, in order and in their own type."""
    if len(counts) == 1:
        return counts[0]
    total = counts[0] + counts[1]
    for count in counts[2:]:
        total += count
    return total


# --- limits per person ----------------------------------------------------------------------------


def dearest_path(contract: Contract, prices: Mapping[str, Price], cohort: str) -> float:
    """The most one person of a cohort can earn, given the dearest price of each outcome."""
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
        """Take what is finally paid of the period's claims, a share (rule, run), off the limits."""
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
        if not over.any():
            taken.append(np.zeros(1))
            continue
        fits = np.divide(room.left, left, out=np.ones_like(left), where=over)
        taken.append(left * (1 - fits))
        share = fits if share is None else share * fits
    return share, taken


def pay(
    payments: Payments,
    *,
    number: Floats | None,
    earned: Floats,
    periods_per_year: int,
    people: PersonLimit | None = None,
    keep_joint: bool = False,
    detail: bool = False,
) -> Paid:
    """Limits, payers and cash dates: from what claims earn to what is paid.

    Order in each period: limits on number; limits per person; each rule's limits on money; the
    split by payer and payers' limits; the contract's limits. Then the cash date.

    Parameters
    ----------
    payments : Payments
        The clause.
    number : array (rule, period, run) or None
        Claims; needed where a rule is limited by number.
    earned : array (rule, period, run)
        What they earn at their price [money].
    periods_per_year : int
        For limits by year, which are counted from the timeline's start.
    people : PersonLimit, optional
        Where a limit per person can bind.
    keep_joint : bool
        Keep payments by payer and rule together.
    detail : bool
        Keep what each limit took by rule and period, not only its total.

    Returns
    -------
    Paid

    Source
    ------
    The order of work in the project's contract language, docs/language.md.
    """
    limits = _Limits(payments, periods_per_year)
    waits = [
        payments.paid_after if w is None else w
        for w in (r.paid_after for r in payments.rules.values())
    ]
    names, shares = limits.payers, limits.shares
    split = keep_joint or limits.by_payer
    cut = _Cut(earned.shape, detail)
    paid = np.zeros_like(earned)
    joint = np.zeros((len(names), *earned.shape)) if split else None
    for t in range(earned.shape[1]):
        limits.open(t)
        due = earned[:, t]
        if not due.any():
            continue
        money = due.copy() if limits.any or people is not None else due
        allowed = limits.cut_numbers(money, None if number is None else number[:, t], t, cut)
        if people is not None:
            before, after = people.earn(t, allowed)
            kept = _share(after, before, otherwise=1.0)
            cut.add("person", slice(None), t, money * (1 - kept))
            money *= kept
            within_person = money.copy()
        limits.cut_rules(money, t, cut)
        parts = None
        if split:
            parts = shares[:, :, None] * money
            limits.cut_payers(parts, t, cut)
            money = parts.sum(axis=0)
        fits = limits.cut_contract(money, t, cut)
        if fits is not None:
            money *= fits
            if parts is not None:
                parts *= fits
        limits.use(money, parts, None if number is None else number[:, t], due)
        if people is not None:
            people.use(_share(money, within_person, otherwise=0.0))
        for r, wait in enumerate(waits):
            paid[r, t + wait] += money[r]
            if joint is not None and parts is not None:
                joint[:, r, t + wait] += parts[:, r]
    by_payer = joint.sum(axis=1) if joint is not None else _by_payer(paid, shares)
    return Paid(earned, paid, by_payer, joint if keep_joint else None, cut.taken)


def _share(part: Floats, whole: Floats, *, otherwise: float) -> Floats:
    """part / whole, and ``otherwise`` where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(whole, otherwise), where=whole > 0)


def _by_payer(paid: Floats, shares: Floats) -> Floats:
    """Payments by payer, shape (payer, period, run), where no payer has a limit."""
    same = bool(np.all(shares == shares[:, :1]))
    total = sum_groups(list(paid)) if same else paid[0]
    if same and len(shares) == 1:
        return total[None]
    by_payer = np.zeros((len(shares), *paid.shape[1:]))
    for p, row in enumerate(shares):
        if same:
            np.multiply(total, row[0], out=by_payer[p])
        else:
            for r, share in enumerate(row):
                by_payer[p] += paid[r] * share
    return by_payer


def limit_names(payments: Payments) -> list[str]:
    """Names of the limits that a contract states, as they stand in accounts and measures."""
    limits = _Limits(payments, periods_per_year=1)
    person = ["person"] if payments.limits.person is not None else []
    return [*person, *dict.fromkeys(limits.names)]


class _Cut:
    """What each limit took, in total or by rule and period."""

    def __init__(self, shape: tuple[int, ...], detail: bool) -> None:
        self._shape, self._detail = shape, detail
        self.taken: dict[str, Floats] = {}

    def add(self, limit: str, rule: int | slice, period: int, amount: Floats) -> None:
        """Charge an amount, (run,) of one rule or (rule, run), to a limit."""
        if not amount.any():
            return
        if limit not in self.taken:
            self.taken[limit] = np.zeros(self._shape if self._detail else self._shape[-1])
        if self._detail:
            self.taken[limit][rule, period] += amount
        else:
            self.taken[limit] += amount if amount.ndim == 1 else amount.sum(axis=0)


class _Limits:
    """Every limit on money and number of a payments clause, with what is left under each."""

    def __init__(self, payments: Payments, periods_per_year: int) -> None:
        def rooms(limits: object, what: str, owner: str) -> list[_Room]:
            return _rooms(limits, what, owner, periods_per_year)

        rules = payments.rules.items()
        self.numbers = [rooms(rule.limits, "number", name) for name, rule in rules]
        self.rules = [rooms(rule.limits, "amount", name) for name, rule in rules]
        self.payers, self.shares, self.rest = payer_shares(payments)
        self.payer_rooms = [
            rooms(payments.payers[name].limits, "amount", f"payer {name}") for name in self.payers
        ]
        self.contract = rooms(payments.limits, "amount", "contract")
        groups = (*self.numbers, *self.rules, *self.payer_rooms, self.contract)
        self._all = [room for group in groups for room in group]
        self.any = bool(self._all)
        self.by_payer = any(self.payer_rooms)

    @property
    def names(self) -> list[str]:
        """Names of all limits."""
        return [room.name for room in self._all]

    def open(self, period: int) -> None:
        """Begin a period."""
        for room in self._all:
            room.open(period)

    def cut_numbers(self, money: Floats, number: Floats | None, period: int, cut: _Cut) -> Floats:
        """Cut ``money`` (rule, run) to the claims allowed; return the share of claims allowed."""
        allowed = np.ones_like(money)
        for r, rooms in enumerate(self.numbers):
            if not rooms or number is None:
                continue
            # a claim at a price of 0 uses up no limit
            count = np.where(money[r] > 0, number[r], 0.0)
            fits, taken = _tightest(rooms, count)
            each = _share(money[r], count, otherwise=0.0)
            for room, amount in zip(rooms, taken, strict=True):
                cut.add(room.name, r, period, amount * each)
            if fits is not None:
                allowed[r] = fits
                money[r] *= fits
        return allowed

    def cut_rules(self, money: Floats, period: int, cut: _Cut) -> None:
        """Cut each rule's ``money`` (rule, run) to the rule's own limits."""
        for r, rooms in enumerate(self.rules):
            if not rooms:
                continue
            fits, taken = _tightest(rooms, money[r])
            for room, amount in zip(rooms, taken, strict=True):
                cut.add(room.name, r, period, amount)
            if fits is not None:
                money[r] *= fits

    def cut_payers(self, parts: Floats, period: int, cut: _Cut) -> None:
        """Cut ``parts`` (payer, rule, run) to payers' limits; who has the rest takes it over."""
        for p, rooms in enumerate(self.payer_rooms):
            if not rooms:
                continue
            whole = parts[p].sum(axis=0)
            fits, taken = _tightest(rooms, whole)
            if fits is None:
                continue
            for r, rest in enumerate(self.rest):
                if rest is not None:
                    parts[rest, r] += parts[p, r] * (1 - fits)
                    continue
                for room, amount in zip(rooms, taken, strict=True):
                    part = _share(amount, whole, otherwise=0.0)
                    cut.add(room.name, r, period, parts[p, r] * part)
            parts[p] *= fits

    def cut_contract(self, money: Floats, period: int, cut: _Cut) -> Floats | None:
        """Share (run,) of ``money`` (rule, run) that the contract's limits let through."""
        if not self.contract:
            return None
        whole = money.sum(axis=0)
        fits, taken = _tightest(self.contract, whole)
        if fits is None:
            return None
        for room, amount in zip(self.contract, taken, strict=True):
            cut.add(room.name, slice(None), period, money * _share(amount, whole, otherwise=0.0))
        return fits

    def use(self, money: Floats, parts: Floats | None, number: Floats | None, due: Floats) -> None:
        """Take what is finally paid off every limit."""
        for r, rooms in enumerate(self.rules):
            for room in rooms:
                room.use(money[r])
        for r, rooms in enumerate(self.numbers):
            for room in rooms:
                if number is not None:
                    room.use(number[r] * _share(money[r], due[r], otherwise=0.0))
        for p, rooms in enumerate(self.payer_rooms):
            for room in rooms:
                if parts is not None:
                    room.use(parts[p].sum(axis=0))
        if self.contract:
            total = money.sum(axis=0)
            for room in self.contract:
                room.use(total)


def payer_shares(payments: Payments) -> tuple[list[str], Floats, list[int | None]]:
    """Payers in the file's order, their shares (payer, rule), and who has the rest of each rule."""
    names = list(payments.payers)
    shares = np.zeros((len(names), len(payments.rules)))
    rest: list[int | None] = []
    for r, rule in enumerate(payments.rules.values()):
        stated = rule.payers or payments.payers
        for name, payer in stated.items():
            if payer.share != "rest":
                shares[names.index(name), r] = payer.share
        has_rest = [names.index(name) for name, payer in stated.items() if payer.share == "rest"]
        rest.append(has_rest[0] if has_rest else None)
        for p in has_rest:
            shares[p, r] = 1 - shares[:, r].sum()
    return names, shares, rest
