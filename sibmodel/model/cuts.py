"""Limits at work: what each takes from the claims of a period, in the order that was agreed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sibmodel.contract.contract import Contract
from sibmodel.model.chance import Floats
from sibmodel.model.limits import Accepted, Cut, Limits, Room, fit, person_rooms, share_of
from sibmodel.model.lots import Due, Lot
from sibmodel.model.pricing import Pricing
from sibmodel.model.shares import PayerShares, rows_of

Rests = list[int | None]
"""By row of money, the payer who has the rest."""


class Cuts:
    """Every limit, what is left under it, and what it took.

    Money beyond a person is in rows, (row, run): a row is a rule, or one of its cohorts or groups
    where some limit or payer asks for them.
    """

    def __init__(
        self, contract: Contract, accepted: Accepted, pricing: Pricing, taken: Cut
    ) -> None:
        self.contract, self.pricing, self.taken = contract, pricing, taken
        self.runs = pricing.runs
        self.moved: dict[str, Floats] = {}
        self.names = list(contract.payments.rules)
        self.limits = Limits(contract, accepted)
        self.rows = rows_of(contract)
        self.shares = PayerShares(contract, self.rows)
        self._numbers = person_rooms(contract.payments, "number", accepted)
        self._money = person_rooms(contract.payments, "money", accepted)
        self.of_rule = [
            [i for i, row in enumerate(self.rows) if row.rule == r] for r in range(len(self.names))
        ]
        pricing.room_left = self._room_left
        self._place = {(row.rule, row.cohort, row.group): i for i, row in enumerate(self.rows)}

    def _room_left(self, r: int) -> npt.NDArray[np.bool_]:
        """Whether limits on number leave a rule any room, by run."""
        left = np.ones(self.runs, dtype=bool)
        for rules, rooms in self._number_rooms():
            for room in rooms if r in rules else ():
                if room.cohort is not None:
                    continue  # another cohort may have room
                left &= np.asarray(room.left) > 0
        return left

    @property
    def on_numbers(self) -> bool:
        """Whether any limit counts claims."""
        return self.limits.by_number or bool(self._numbers)

    # --- on number --------------------------------------------------------------------------------

    def numbers(
        self, dues: list[Due], plain: Floats | None, number: Floats | None, t: int
    ) -> Floats | None:
        """Limits on number: a person's, in order of date; the rules'; those with a name.

        Parameters
        ----------
        dues : list of Due
            Their ``let`` and ``money`` are cut.
        plain : array (rule, run) or None
            Money of plain rules; what is left of it is returned.
        number : array (rule, run) or None
            Their claims.
        """
        claims = [due for due in dues if self.pricing.claims(due)]
        # a claim at a price of 0 uses up no limit
        counts = None if plain is None or number is None else np.where(plain > 0, number, 0.0)
        lost: dict[int, list[tuple[str, Floats]]] = defaultdict(list)
        for room in self._numbers:
            fits = room.cut(claims, [due.number * due.let for due in claims])
            for due, share in zip(claims, fits, strict=True):
                if share is not None:
                    self._let(due, room.name, share, lost)
        for rules, rooms in self._number_rooms():
            for wide in rooms:
                mine = [due for due in claims if _under(wide, rules, due.lot)]
                here = _sum([due.total(due.number * due.let) for due in mine], self.runs)
                if counts is not None:
                    here = here + counts[rules].sum(axis=0)
                share, _ = fit([wide], here)
                if share is None:
                    continue
                for due in mine:
                    self._let(due, wide.name, share, lost)
                if plain is not None and counts is not None:
                    for r in rules:
                        self.taken.add(wide.name, r, t, plain[r] * (1 - share))
                        plain[r] *= share
                        counts[r] *= share
        if lost:
            self.pricing.price(claims)
        for r, taken in lost.items():
            mine = [due for due in claims if due.lot.rule == r]
            gone = _sum([due.earned - due.total(due.money) for due in mine], self.runs)
            whole = _sum([count for _, count in taken], self.runs)
            for name, count in taken:
                self.taken.add(name, r, t, gone * share_of(count, whole, otherwise=0.0))
        return plain

    def _let(
        self, due: Due, name: str, share: Floats, lost: dict[int, list[tuple[str, Floats]]]
    ) -> None:
        before = due.total(due.number * due.let)
        due.let = due.let * share
        gone = before - due.total(due.number * due.let)
        if gone.any():
            lost[due.lot.rule].append((name, gone))
            due.took.append(name)

    def _number_rooms(self) -> Iterator[tuple[list[int], list[Room]]]:
        yield from (([r], rooms) for r, rooms in enumerate(self.limits.numbers) if rooms)
        yield from ((limit.rules, limit.rooms) for limit in self.limits.named_numbers)

    # --- on money, per person ---------------------------------------------------------------------

    def people(self, dues: list[Due], t: int) -> None:
        """Limits per person: the rules' own, those with a name, the contract's."""
        for due in dues:
            due.priced = due.money
            self._one_each(due, t)
        for room in self._money:
            fits = room.cut(dues, [due.money for due in dues])
            for due, share in zip(dues, fits, strict=True):
                if share is not None:
                    self._cut(due, room.name, share, t)

    def _one_each(self, due: Due, t: int) -> None:
        """A rule's own limit per person on counts of what happens once: each is one person."""
        rule = self.contract.payments.rules[self.names[due.lot.rule]]
        size = rule.limits.person
        if size is None or due.lot.people is not None:
            return
        if self.pricing.repeats(rule) or not self.pricing.claims(due):
            return
        keep = np.ones(self.runs)
        if isinstance(size.number, float):
            keep = np.minimum(keep, size.number)
        if size.amount is not None:
            each = share_of(due.money, due.number, otherwise=0.0)
            most = np.full_like(each, size.amount)
            keep = np.minimum(keep, share_of(most, each, otherwise=1.0))
        if (keep < 1).any():
            self._cut(due, f"{self.names[due.lot.rule]}.person", keep, t)

    def _cut(self, due: Due, name: str, share: Floats, t: int) -> None:
        """Leave a share of a claim's money, and charge the rest to a limit per person."""
        before = due.total(due.money)
        due.money = due.money * share
        gone = before - due.total(due.money)
        if gone.any():
            self.taken.add(name, due.lot.rule, t, gone)
            due.took.append(name)

    # --- on money, by row -------------------------------------------------------------------------

    def by_row(self, dues: Sequence[Due], plain: Floats | None) -> Floats:
        """Money (row, run) of all claims; where nothing is cut it is the plain rules' own array."""
        if plain is None or len(self.rows) != len(self.names):
            money = np.zeros((len(self.rows), self.runs))
            if plain is not None:  # rules with several rows are not plain
                for r, rows in enumerate(self.of_rule):
                    money[rows[0]] = plain[r]
        else:
            money = plain.copy() if dues else plain
        for due in dues:
            money[self.row(due.lot)] += np.maximum(due.total(due.money), 0.0)
        return money

    def row(self, lot: Lot) -> int:
        """The row of money a claim belongs to."""
        rows = self.of_rule[lot.rule]
        if len(rows) == 1:
            return rows[0]
        for group in (lot.group, None, lot.cohort):  # of readings by cohort, the cohort itself
            if (lot.rule, lot.cohort, group) in self._place:
                return self._place[lot.rule, lot.cohort, group]
        raise ValueError(
            f"payments.rules.{self.names[lot.rule]}: a limit by cohort, or a payer's share by "
            f"group, needs to know whose a claim is: record the cohort and the group"
        )

    def rules(self, money: Floats, t: int) -> None:
        """Cut money to rules' limits, then to those with a name, fewest rules first."""
        for rules, rooms in self._money_rooms():
            for room in rooms:
                mine = self._rows_under(room, rules)
                if not mine:  # another cohort's
                    continue
                share, _ = fit([room], money[mine].sum(axis=0) if len(mine) > 1 else money[mine[0]])
                if share is not None:
                    for i in mine:
                        self.taken.add(room.name, self.rows[i].rule, t, money[i] * (1 - share))
                        money[i] *= share

    def _money_rooms(self) -> Iterator[tuple[list[int], list[Room]]]:
        yield from (([r], rooms) for r, rooms in enumerate(self.limits.rules) if rooms)
        yield from ((limit.rules, limit.rooms) for limit in self.limits.named)

    def _rows_under(self, room: Room, rules: Sequence[int]) -> list[int]:
        rows = [i for r in rules for i in self.of_rule[r]]
        return [i for i in rows if room.cohort in (None, self.rows[i].cohort)]

    def shares_of(self, dues: Sequence[Due], t: int) -> tuple[Floats, Rests]:
        """Payers' shares (payer, row, run or 1), by the dates of the claims, and who has the rest.

        Where claims of one row have different dates, its shares are those of its money.
        """
        shares, rest = self.shares.at(t)
        shares = shares[:, :, None]
        if self.shares.constant or not dues:
            return shares, rest
        shares, rest = np.repeat(shares, self.runs, axis=2), list(rest)
        mine: dict[int, list[Due]] = defaultdict(list)
        for due in dues:
            mine[self.row(due.lot)].append(due)
        for i, here in mine.items():
            split = [self.shares.of_row(self.rows[i], due.lot.date) for due in here]
            rest[i] = split[0][1]
            weights = [np.abs(due.total(due.money)) for due in here]
            whole = _sum(weights, self.runs)
            if len(here) == 1 or not whole.any():
                shares[:, i] = split[0][0][:, None]
                continue
            shares[:, i] = sum(
                own[:, None] * share_of(weight, whole, otherwise=1 / len(here))
                for (own, _), weight in zip(split, weights, strict=True)
            )
        return shares, rest

    def payers(self, parts: Floats, rest: Rests, t: int) -> None:
        """Cut parts (payer, row, run) to payers' limits; who has the rest takes it over.

        Who has the rest of a row comes after those whose rest it is, when all that falls to it is
        known; what is above its own limits nobody pays.
        """
        order = self.shares.order
        for place, p in enumerate(order):
            whole = parts[p].sum(axis=0)
            fits, taken = fit(self.limits.payers[p], whole)
            if fits is None:
                continue
            for i, other in enumerate(rest):
                passed_on = other in order[place + 1 :]
                if other is not None and passed_on:
                    parts[other, i] += parts[p, i] * (1 - fits)
                for name, amount in taken:
                    part = parts[p, i] * share_of(amount, whole, otherwise=0.0)
                    if passed_on:
                        self.move(name, part)
                    else:
                        self.taken.add(name, self.rows[i].rule, t, part)
            parts[p] *= fits

    def move(self, limit: str, amount: Floats) -> None:
        """Note what a payer's limit leaves to the payer who has the rest."""
        self.moved[limit] = self.moved.get(limit, np.zeros(self.runs)) + amount

    def whole(self, money: Floats, parts: Floats | None, t: int) -> None:
        """Cut money (row, run), and its parts by payer, to the contract's limits."""
        for room in self.limits.contract:
            mine = self._rows_under(room, range(len(self.names)))
            share, _ = fit([room], (money if len(mine) == len(money) else money[mine]).sum(axis=0))
            if share is None:
                continue
            if len(mine) == len(self.names) == len(self.rows):
                self.taken.add(room.name, slice(0, len(mine)), t, money * (1 - share))
                money *= share
                if parts is not None:
                    parts *= share
                continue
            for i in mine:
                self.taken.add(room.name, self.rows[i].rule, t, money[i] * (1 - share))
                money[i] *= share
                if parts is not None:
                    parts[:, i] *= share

    # --- what is used up --------------------------------------------------------------------------

    def use_people(self, money: Floats, entered: Floats, dues: list[Due]) -> None:
        """Take what is finally paid off every person's limits; ``entered`` is money before cuts."""
        for due in dues:
            row = self.row(due.lot)
            due.share = share_of(money[row], entered[row], otherwise=0.0)
            due.share = np.where(due.total(due.money) < 0, 1.0, due.share)  # paid back whole
            for room in self._money:
                room.use(due, due.money * due.share)
            if self.on_numbers:
                kept = share_of(due.money, due.priced, otherwise=1.0)
                due.used = due.number * due.let * kept * due.share
                for room in self._numbers:
                    room.use(due, due.used)

    def use(
        self,
        net: Floats,
        net_parts: Floats | None,
        dues: list[Due],
        plain_number: Floats | None,
    ) -> None:
        """Take what is finally paid, less what is paid back, off every limit beyond a person.

        Parameters
        ----------
        net : array (row, run)
        net_parts : array (payer, row, run) or None
        plain_number : array (rule, run) or None
            Claims of plain rules that were paid for.
        """
        for rules, rooms in self._money_rooms():
            for room in rooms:
                room.use(net[self._rows_under(room, rules)].sum(axis=0))
        for room in self.limits.contract:
            mine = self._rows_under(room, range(len(self.names)))
            room.use((net if len(mine) == len(net) else net[mine]).sum(axis=0))
        if net_parts is not None:
            for p, rooms in enumerate(self.limits.payers):
                for room in rooms:
                    room.use(net_parts[p].sum(axis=0))
        claims = [due for due in dues if self.pricing.claims(due)]
        for rules, rooms in self._number_rooms():
            for room in rooms:
                paid = [due.total(due.used) for due in claims if _under(room, rules, due.lot)]
                used = _sum(paid, self.runs)
                if plain_number is not None:
                    used = used + plain_number[rules].sum(axis=0)
                room.use(used)


def _under(room: Room, rules: Sequence[int], lot: Lot) -> bool:
    return lot.rule in rules and room.cohort in (None, lot.cohort)


def _sum(parts: Sequence[Floats], runs: int) -> Floats:
    total = np.zeros(runs)
    for part in parts:
        total = total + part
    return total
