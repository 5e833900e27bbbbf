"""The slow twin's capital: the account of one run, period by period, in plain floats.

Written from the contract language, part 3, step by step of its priority of payments.
"""

from __future__ import annotations

import math

from twin_purse import NIL, STOPPED, LatestTables, TwinPurse
from twin_tables import Claim, holds
from twin_tranche import Lot

from sibmodel.contract.capital import Recycle
from sibmodel.contract.contract import BANK


class TwinCapital(TwinPurse):
    """One run's account. Ask :meth:`walk`, then read the flows."""

    # --- the walk ---------------------------------------------------------------------------------

    def walk(self) -> TwinCapital:
        """All periods in turn."""
        for t in range(self.periods):
            if not self.closed:
                self.period(t)
            self.balance[t] = self.may + self.may_not
        return self

    def period(self, t: int) -> None:
        """One period: the steps of the priority of payments."""
        self.interest(t)
        income = self.payments(t)
        self.settlements(t)
        if self.told.stop is None:
            self.test_endings(t)
        closing = t == self.periods - 1 or (
            self.ending is not None and self.ending.closes and self.ended == t
        )
        if self.no_cost_from(t):
            self.become_one()
        due = self.fall_due(t, income)
        self.draw(t, due)
        self.meet(t, due, closing)
        if t >= self.last_foreseen or (self.ended <= t and self.no_cost_from(t + 1)):
            self.become_one()
        self.pay_dues(t, closing)
        if self.redeeming(t):
            assert self.ending is not None
            self.hand(t, str(self.ending.left_to), self.take(math.inf), "left")
        elif closing or self.is_date(t):
            self.distribute(t, closing)
        if closing:
            self.close(t)

    # --- 1 to 3 -----------------------------------------------------------------------------------

    def interest(self, t: int) -> None:
        """On the balance brought forward, and on tranches."""
        if t == 0:
            return
        rate = self.number(t, self.capital.account.interest, "account", "interest")
        growth = (1 + rate) ** (1 / self.per_year)
        earned = (self.may + self.may_not) * (growth - 1)
        self.may, self.may_not = self.may * growth, self.may_not * growth
        if rate:
            self.moves[BANK, "account", "interest"][t] += earned
        for name, lot in self.lots.items():
            if not lot.once:
                lot.accrue(t, self.rate(t, name))

    def rate(self, t: int, name: str) -> float:
        """A tranche's rate of interest on the day."""
        clause = self.capital.tranches[name].interest.rate
        return self.number(t, clause, "tranches", name, "interest", "rate")

    def payments(self, t: int) -> float:
        """Payments come in, and tax goes out."""
        tax = self.contract.payments.tax
        net = 1.0 if tax is None else 1 / (1 + tax.rate)
        income = sum(cash[t] for cash in self.told.cash.values()) * net
        self.receive(income)
        return income

    def receive(self, amount: float) -> None:
        """Recycling decides to which side."""
        recycle, part = self.capital.recycle, 0.0
        if isinstance(recycle, Recycle):
            if recycle.share is not None:
                part = recycle.share * amount
            else:
                up_to = self.number(0, recycle.up_to, "recycle", "up_to")
                part = max(min(amount, up_to - self.recycled), 0.0)
                self.recycled += part
        elif recycle:
            part = amount
        self.may += part
        self.may_not += amount - part

    def settlements(self, t: int) -> None:
        """What comes into the account first; then what goes out, in proportion if it is short."""
        out: list[tuple[str, float]] = []
        for name, clause in self.capital.settlements.items():
            if t != (self.periods - 1 if clause.at is None else clause.at):
                continue
            amount = self.number(t, clause.amount, "settlements", name, "amount")
            giver, taker = clause.giver, clause.taker
            if amount < 0:
                giver, taker, amount = taker, giver, -amount
            if giver == "account":
                out.append((taker, amount))
                continue
            if giver in self.lots:
                self.lots[giver].flow("paid", t, amount)
            if taker == "account":
                self.receive(amount)
            self.settle(t, giver, taker, amount)
        whole = sum(amount for _, amount in out)
        paid = self.take(whole)
        for taker, amount in out:
            self.settle(t, "account", taker, paid * amount / whole if whole else 0.0)

    def settle(self, t: int, giver: str, taker: str, amount: float) -> None:
        """Note a settlement, and what a tranche has of it."""
        if taker in self.lots:
            self.lots[taker].flow("settled", t, amount)
        self.moves[giver, taker, "settlement"][t] += amount

    def test_endings(self, t: int) -> None:
        """The first ending to hold counts."""
        endings = dict(self.capital.endings)
        if self.capital.on_shortfall == "delivery_stops":
            endings["delivery_stops"] = STOPPED
        figures = {
            "balance": self.may + self.may_not,
            "drawn": sum(lot.drawn for lot in self.lots.values()),
            "unmet": sum(self.unmet[:t]),
        }
        tables = LatestTables(self.contract, self.told.number, self.told.readings)
        today = Claim("", t, self.contract.timeline.date(t), 0.0)
        for name, clause in endings.items():
            tested = t == clause.at if clause.at is not None else t >= (clause.begin or 0)
            if self.found is not None or not tested:
                continue
            met = True
            for figure, test in clause.when.items():
                value = figures[figure] if figure in figures else tables.figure(figure, today)
                words = {
                    word: self.number(t, bound, "endings", name, "if", figure, word)
                    for word in ("at_least", "above", "at_most", "below")
                    if (bound := getattr(test, word)) is not None
                }
                met = met and not math.isnan(value) and holds(value, words)
            if clause.chance is not None:
                chance = self.number(t, clause.chance, "endings", name, "chance")
                met = met and self.told.luck[name] < chance
            if met:
                self.found = (t, name)

    # --- 4 to 6 -----------------------------------------------------------------------------------

    def become_one(self) -> None:
        """After the last cost the two sides of the account are one."""
        self.may, self.may_not = 0.0, self.may + self.may_not

    def fall_due(self, t: int, income: float) -> dict[str, float]:
        """Costs of the period, with what was carried; what is drawn by schedule comes in."""
        due: dict[str, float] = {}
        if not (self.ending is not None and self.ended + self.ending.notice <= t):
            due = self.costs.due(
                t,
                payments=income,
                commitments=sum(lot.clause.commitment for lot in self.lots.values()),
                undrawn=sum(lot.undrawn for lot in self.lots.values()),
                outstanding=sum(lot.outstanding for lot in self.lots.values() if not lot.grant),
            )
        self.due[t] = sum(due.values())
        for name in self.costs_that_wait:
            self.waiting[name] = self.waiting.get(name, 0.0) + due.pop(name, 0.0)
        for name, amount in self.carried.items():
            due[name] = due.get(name, 0.0) + amount
        self.carried = {}
        for lot in self.lots.values():
            draw = lot.clause.draw
            share = float(t == 0) if draw == "at_once" else 0.0
            share = draw.get(t, 0.0) if isinstance(draw, dict) else share
            self.pay_in(t, lot, min(share * lot.clause.commitment, lot.undrawn))
        return due

    def pay_in(self, t: int, lot: Lot, amount: float) -> None:
        """A tranche is drawn, unless the contract has ended."""
        if t < self.ended:
            lot.flow("drawn", t, amount)
            self.may += amount

    def purse(self, t: int) -> float:
        """What may meet costs: after the last cost, all there is."""
        return self.may + (self.may_not if self.no_cost_from(t) else 0.0)

    def draw(self, t: int, due: dict[str, float]) -> None:
        """What costs lack is drawn in order; equals in proportion to what is undrawn."""
        lack = max(sum(due.values()) - self.purse(t), 0.0)
        for rank in self.capital.draws:
            mine = [self.lots[n] for n in rank if self.lots[n].clause.draw == "as_needed"]
            undrawn = [lot.undrawn for lot in mine]
            amount = min(lack, sum(undrawn))
            for lot, part in zip(mine, undrawn, strict=True):
                self.pay_in(t, lot, amount * part / sum(undrawn) if sum(undrawn) else 0.0)
            lack -= amount

    def meet(self, t: int, due: dict[str, float], closing: bool) -> None:
        """Costs are met, in proportion if money is short; the rest is carried or unmet."""
        whole = sum(due.values())
        share = min(1.0, self.purse(t) / whole) if whole else 1.0
        share = share if 1 - share > NIL else 1.0
        for name, amount in due.items():
            self.meet_cost(t, name, amount * share)
        spent = whole * share
        self.may, self.may_not = max(self.may - spent, 0.0), self.may_not - max(spent - self.may, 0)
        if self.capital.on_shortfall == "carried_forward" and not closing:
            self.carried = {name: amount * (1 - share) for name, amount in due.items()}
        else:
            self.unmet[t] += whole - spent
