"""Limits: what is left under each, per person, rule, named set of rules, payer and contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments, ShareOf, Size, SizesByDate
from sibmodel.contract.timeline import Timeline
from sibmodel.model.chance import Floats
from sibmodel.model.lots import Due

SCOPES = ("cohort", "period", "year", "total", "contract")
"""Spans of a limit beyond a person."""

Accepted = Mapping[str, Floats]
"""Accepted so far by outcome, cohort or group, shape (period, run)."""


def share_of(part: Floats, whole: Floats, *, otherwise: float) -> Floats:
    """part / whole, and ``otherwise`` where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(whole, otherwise), where=whole > 0)


def share_that_fits(amount: Floats, left: float | Floats) -> Floats | None:
    """Share of an amount that fits into what is left; None where all of it does, in every run."""
    over = amount > left
    if not over.any():
        return None
    return np.divide(left, amount, out=np.ones_like(amount), where=over)


# --- one limit ------------------------------------------------------------------------------------


class Room:
    """What is left under one limit on money or number, by run.

    Parameters
    ----------
    name : str
        As accounts and measures call it.
    sizes : sequence of float or array (run,), or None
        By period; None where no limit is in force.
    lasts : int or None
        After how many periods it starts afresh; None: never.
    cohort : str, optional
        Only claims of this cohort are under it.
    """

    def __init__(
        self,
        name: str,
        sizes: Sequence[float | Floats],
        lasts: int | None = None,
        cohort: str | None = None,
    ) -> None:
        self.name, self.sizes, self.lasts, self.cohort = name, sizes, lasts, cohort
        self.used: float | Floats = 0.0
        self._size: float | Floats = 0.0

    def open(self, period: int) -> None:
        """Begin a period: a limit by period or year starts afresh."""
        if self.lasts is not None and period % self.lasts == 0:
            self.used = 0.0
        self._size = self.sizes[min(period, len(self.sizes) - 1)]

    @property
    def left(self) -> float | Floats:
        """What may still be paid."""
        return np.maximum(self._size - self.used, 0.0)

    def use(self, amount: Floats) -> None:
        """Take what is paid off; what is paid back gives room again, never more than there was."""
        self.used = np.maximum(self.used + amount, 0.0)


def fit(rooms: Iterable[Room], amount: Floats) -> tuple[Floats | None, list[tuple[str, Floats]]]:
    """Share of an amount that fits (None: all of it in every run), and what each room takes away.

    Rooms are asked one after another, so that each is charged with what it alone takes.
    """
    share: Floats | None = None
    taken = []
    for room in rooms:
        left = amount if share is None else amount * share
        fits = share_that_fits(left, room.left)
        if fits is not None:
            taken.append((room.name, left * (1 - fits)))
            share = fits if share is None else share * fits
    return share, taken


@dataclass(frozen=True)
class _Span:
    """What sizes are read from: the timeline, and what was accepted so far."""

    timeline: Timeline
    accepted: Accepted


def _rooms(limits: Any, what: str, owner: str, span: _Span, cohorts: Iterable[str]) -> list[Room]:
    """The rooms of one owner's limits on ``what`` (amount or number), beyond those per person."""
    rooms = []
    for scope in SCOPES:
        stated = getattr(limits, scope, None)
        sizes = None if stated is None else _sizes(stated, what, span)
        if sizes is None:
            continue
        lasts = {"period": 1, "year": span.timeline.periods_per_year}.get(scope)
        name = "contract" if scope == "contract" else f"{owner}.{scope}"
        if scope == "cohort":
            rooms += [Room(name, sizes, lasts, cohort) for cohort in cohorts]
        else:
            rooms.append(Room(name, sizes, lasts))
    return rooms


def _sizes(stated: Size | SizesByDate, what: str, span: _Span) -> list[float | Floats] | None:
    """A limit's size by period; None if it says nothing of ``what``."""
    if isinstance(stated, SizesByDate):
        rows = sorted((span.timeline.period_of(key), size) for key, size in stated.begins.items())
        by_row = [(begun, _sizes(size, what, span)) for begun, size in rows]
        if all(sizes is None for _, sizes in by_row):
            return None
        sizes: list[float | Floats] = [np.inf] * span.timeline.periods
        for begun, own in by_row:
            for t in range(max(begun, 0), span.timeline.periods):
                sizes[t] = np.inf if own is None else own[min(t, len(own) - 1)]
        return sizes
    size = getattr(stated, what)
    if size is None:
        return None
    if isinstance(size, ShareOf):
        accepted = np.sum([span.accepted[name] for name in size.of], axis=0)
        return list(size.share * accepted)
    return [size]


# --- limits per person ----------------------------------------------------------------------------


class PersonRoom:
    """What is left for each person under one limit, on number or money.

    Parameters
    ----------
    name : str
    rules : set of int
        The rules it covers.
    what : {"number", "money"}
    sizes : sequence of float or array (run,)
        By period, or one for all.
    """

    def __init__(
        self, name: str, rules: frozenset[int], what: str, sizes: Sequence[float | Floats]
    ) -> None:
        self.name, self.rules, self.what, self._sizes = name, rules, what, sizes
        self._used: dict[int, Floats] = {}

    def cut(self, dues: Sequence[Due], amounts: list[Floats]) -> list[Floats | None]:
        """Share (person, run) of each claim's amount that fits; of numbers the earlier date first.

        What is paid back is not limited: it gives room, never more than there was.
        """
        shares: list[Floats | None] = [None] * len(dues)
        groups: dict[tuple[Any, int], list[int]] = defaultdict(list)
        for i, due in enumerate(dues):
            people = due.lot.people
            if people is not None and due.lot.rule in self.rules and not np.any(amounts[i] < 0):
                first = due.lot.date if self.what == "number" else None
                groups[first, people].append(i)
        pending: dict[int, Floats] = {}
        for (_, people), mine in sorted(groups.items()):
            total = sum(amounts[i] for i in mine[1:]) + amounts[mine[0]]
            if people in self._used:
                self._used[people] = np.maximum(self._used[people], 0.0)
            used = self._used.get(people, 0.0) + pending.get(people, 0.0)
            size = self._sizes[min(dues[mine[0]].period, len(self._sizes) - 1)]
            fits = share_that_fits(total, np.maximum(size - used, 0.0))
            for i in mine:
                shares[i] = fits
            let = total if fits is None else total * fits
            pending[people] = pending[people] + let if people in pending else let
        return shares

    def use(self, due: Due, amount: Floats) -> None:
        """Take what is finally paid of a claim off the limits of its people."""
        people = due.lot.people
        if people is not None and due.lot.rule in self.rules:
            self._used[people] = self._used.get(people, 0.0) + amount


def person_rooms(
    payments: Payments, what: str, accepted: Accepted = MappingProxyType({})
) -> list[PersonRoom]:
    """Limits per person on ``number`` or ``money``: rules' own, named ones, the contract's."""
    field = "number" if what == "number" else "amount"
    names = list(payments.rules)
    found: list[tuple[str, frozenset[int], Any]] = [
        (f"{name}.person", frozenset({r}), rule.limits.person)
        for r, (name, rule) in enumerate(payments.rules.items())
    ]
    found += [
        (f"{name}.person", frozenset(map(names.index, of)), payments.limits.named[name].person)
        for name, of in payments.limit_rules()
    ]
    found.append(("person", frozenset(range(len(names))), payments.limits.person))
    rooms = []
    for name, rules, clause in found:
        size = None if clause is None else getattr(clause, field)
        if isinstance(size, ShareOf):
            so_far = [accepted[of] for of in size.of if of in accepted]
            rooms.append(PersonRoom(name, rules, what, list(size.share * sum(so_far, np.zeros(1)))))
        elif size is not None:
            rooms.append(PersonRoom(name, rules, what, [size]))
    return rooms


def limit_names(contract: Contract) -> list[str]:
    """Names of the limits that a contract states, as they stand in accounts and measures."""
    payments = contract.payments
    asked = {name for size in _shares_of(payments) for name in size.of}
    accepted = {name: np.zeros((contract.timeline.periods, 1)) for name in asked}
    limits = Limits(contract, accepted)
    people = [r.name for what in ("money", "number") for r in person_rooms(payments, what)]
    return list(dict.fromkeys([*reversed(people), *limits.names]))


def _shares_of(payments: Payments) -> Iterator[ShareOf]:
    """Every limit that is a share of what was accepted."""
    for limits in (*(r.limits for r in payments.rules.values()), *payments.limits.named.values()):
        for scope in ("person", *SCOPES):
            size = getattr(limits, scope, None)
            sizes = size.begins.values() if isinstance(size, SizesByDate) else [size]
            for one in sizes:
                if one is not None and isinstance(one.number, ShareOf):
                    yield one.number


def counted(payments: Payments) -> set[str]:
    """Outcomes, cohorts and groups whose accepted number so far some limit or test asks for."""
    asked = {name for size in _shares_of(payments) for name in size.of}
    return asked | {name for rule in payments.rules.values() for name in rule.when}


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


# --- all limits beyond a person -------------------------------------------------------------------


@dataclass
class _Named:
    """A limit over several rules."""

    rules: list[int]
    rooms: list[Room]


class Limits:
    """Every limit on money and number of a payments clause, with what is left under each."""

    def __init__(self, contract: Contract, accepted: Accepted) -> None:
        payments, span = contract.payments, _Span(contract.timeline, accepted)
        rules = payments.rules.items()
        names = list(payments.rules)

        def rooms(limits: object, what: str, owner: str) -> list[Room]:
            return _rooms(limits, what, owner, span, contract.cohorts)

        def named(what: str) -> list[_Named]:
            found = [
                _Named([*dict.fromkeys(map(names.index, of))],
                       rooms(payments.limits.named[name], what, name))
                for name, of in payments.limit_rules()
            ]  # fmt: skip
            return [limit for limit in found if limit.rooms]

        self.numbers = [rooms(rule.limits, "number", name) for name, rule in rules]
        self.rules = [rooms(rule.limits, "amount", name) for name, rule in rules]
        self.named_numbers, self.named = named("number"), named("amount")
        self.payers = [
            rooms(payer.limits, "amount", f"payer {name}")
            for name, payer in payments.payers.items()
        ]
        self.contract = rooms(payments.limits, "amount", "contract")
        self._all = [
            room
            for group in (*self.numbers, *(n.rooms for n in self.named_numbers), *self.rules,
                          *(n.rooms for n in self.named), *self.payers, self.contract)
            for room in group
        ]  # fmt: skip
        self.any = bool(self._all)
        self.by_payer = any(self.payers)
        self.by_number = any(self.numbers) or bool(self.named_numbers)
        self.by_cohort = any(room.cohort is not None for room in self._all)

    @property
    def names(self) -> list[str]:
        """Names of all limits."""
        return list(dict.fromkeys(room.name for room in self._all))

    def open(self, period: int) -> None:
        """Begin a period."""
        for room in self._all:
            room.open(period)
