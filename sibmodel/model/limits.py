"""Limits: what is left under each, per person, rule, payer and contract, and what each takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sibmodel.contract.payments import Payments
from sibmodel.model.chance import Floats
from sibmodel.model.evidence import Mask

Price = float | Floats


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


# --- limits on rules, payers and the contract -----------------------------------------------------


def share_of(part: Floats, whole: Floats, *, otherwise: float) -> Floats:
    """part / whole, and ``otherwise`` where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(whole, otherwise), where=whole > 0)


class _Room:
    """What is left under one limit on money or number, by run."""

    def __init__(self, name: str, size: float, scope: str, periods_per_year: int) -> None:
        self.name, self._size = name, size
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


def limit_names(payments: Payments) -> list[str]:
    """Names of the limits that a contract states, as they stand in accounts and measures."""
    limits = Limits(payments, periods_per_year=1)
    person = ["person"] if payments.limits.person is not None else []
    by_rule = [f"{n}.person" for n, r in payments.rules.items() if r.limits.person is not None]
    return [*person, *by_rule, *dict.fromkeys(limits.names)]


class Cut:
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


class Limits:
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

    def cut_numbers(self, money: Floats, number: Floats | None, period: int, cut: Cut) -> Floats:
        """Cut ``money`` (rule, run) to the claims allowed; return the share of claims allowed."""
        allowed = np.ones_like(money)
        for r, rooms in enumerate(self.numbers):
            if not rooms or number is None:
                continue
            # a claim at a price of 0 uses up no limit
            count = np.where(money[r] > 0, number[r], 0.0)
            fits, taken = _tightest(rooms, count)
            each = share_of(money[r], count, otherwise=0.0)
            for room, amount in zip(rooms, taken, strict=True):
                cut.add(room.name, r, period, amount * each)
            if fits is not None:
                allowed[r] = fits
                money[r] *= fits
        return allowed

    def cut_rules(self, money: Floats, period: int, cut: Cut) -> None:
        """Cut each rule's ``money`` (rule, run) to the rule's own limits."""
        for r, rooms in enumerate(self.rules):
            if not rooms:
                continue
            fits, taken = _tightest(rooms, money[r])
            for room, amount in zip(rooms, taken, strict=True):
                cut.add(room.name, r, period, amount)
            if fits is not None:
                money[r] *= fits

    def cut_payers(self, parts: Floats, period: int, cut: Cut) -> None:
        """Cut ``parts`` (payer, rule, run) to payers' limits; who has the rest takes it over.

        Payers who have the rest of some rule come last, when all that falls to them is known; what
        is above their own limits nobody pays.
        """
        with_rest = {rest for rest in self.rest if rest is not None}
        last = [p for p in range(len(self.payers)) if p in with_rest]
        for p in [p for p in range(len(self.payers)) if p not in with_rest] + last:
            rooms = self.payer_rooms[p]
            if not rooms:
                continue
            whole = parts[p].sum(axis=0)
            fits, taken = _tightest(rooms, whole)
            if fits is None:
                continue
            for r, rest in enumerate(self.rest):
                if rest is not None and p not in with_rest:
                    parts[rest, r] += parts[p, r] * (1 - fits)
                    continue
                for room, amount in zip(rooms, taken, strict=True):
                    part = share_of(amount, whole, otherwise=0.0)
                    cut.add(room.name, r, period, parts[p, r] * part)
            parts[p] *= fits

    def cut_contract(self, money: Floats, period: int, cut: Cut) -> Floats | None:
        """Share (run,) of ``money`` (rule, run) that the contract's limits let through."""
        if not self.contract:
            return None
        whole = money.sum(axis=0)
        fits, taken = _tightest(self.contract, whole)
        if fits is None:
            return None
        for room, amount in zip(self.contract, taken, strict=True):
            cut.add(room.name, slice(None), period, money * share_of(amount, whole, otherwise=0.0))
        return fits

    def use(self, money: Floats, parts: Floats | None, number: Floats | None, due: Floats) -> None:
        """Take what is finally paid off every limit."""
        for r, rooms in enumerate(self.rules):
            for room in rooms:
                room.use(money[r])
        for r, rooms in enumerate(self.numbers):
            for room in rooms:
                if number is not None:
                    room.use(number[r] * share_of(money[r], due[r], otherwise=0.0))
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
