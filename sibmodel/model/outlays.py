"""Costs fall due, capital is drawn for them, and they are met as far as the money goes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sibmodel.contract.capital import ACCOUNT
from sibmodel.contract.contract import TAX_AUTHORITY
from sibmodel.contract.delivery import PROVIDER
from sibmodel.model.books import Books
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Costs
from sibmodel.model.endings import Ends
from sibmodel.model.limits import share_of
from sibmodel.model.prices import Value
from sibmodel.model.tranches import Closing

ROUNDING = 1e-12
"""Share of a sum that rounding may leave of it."""


class Outlays:
    """Steps 4 to 6 of a period: costs due, draws, costs met.

    Parameters
    ----------
    books : Books
    ends : Ends
    costs : Costs
    """

    def __init__(self, books: Books, ends: Ends, costs: Costs) -> None:
        self.books, self.ends, self.costs = books, ends, costs
        named = {name for rank in books.capital.ranks for name in rank}
        self.waits = [name for name in costs.names if name in named]
        books.waiting = {name: np.zeros(books.runs) for name in self.waits}
        delivery = books.contract.delivery.costs if books.contract.delivery else {}
        self.receivers = {n for n, c in delivery.items() if c.to != PROVIDER} | set(costs.tax)
        """Costs that others than the provider receive, in part or whole."""
        self.carried: dict[str, Value] = {}
        self.unmet_so_far = np.zeros(books.runs)
        self.due_now: Value = 0.0

    def period(self, t: int, income: Floats, closing: Closing) -> None:
        """Take one period's costs through.

        Parameters
        ----------
        t : int
        income : array (run,)
            Outcome payments received in the period.
        closing : bool or array (run,)
            Where accounts close in it.
        """
        books, ends = self.books, self.ends
        if self.carried:  # after the last cost what is carried may be met from all there is
            one = ends.no_cost_from(t, known_in=t)
            books.for_costs = books.for_costs + np.where(one, books.set_aside, 0.0)
            books.set_aside = np.where(one, 0.0, books.set_aside)
        due = self._fall_due(t, income)
        self._draw(t, due)
        self._meet(t, due, closing)
        one = ends.no_cost_from(t + 1, known_in=t)
        if one is not False:
            books.set_aside = books.set_aside + np.where(one, books.for_costs, 0.0)
            books.for_costs = np.where(one, 0.0, books.for_costs)

    def _fall_due(self, t: int, income: Floats) -> dict[str, Value]:
        """Costs of the period with what was carried, by cost; scheduled draws are paid in."""
        bases: dict[str, Value] = {}
        if self.costs.following:
            holdings = self.books.holdings.values()
            bases = {
                "payments": income,
                "commitments": sum(h.clause.commitment for h in holdings),
                "undrawn": sum(h.undrawn for h in holdings),
                "outstanding": sum(h.outstanding for h in holdings if not h.grant),
            }
        due = self.costs.due(t, bases)
        over = self.ends.costs_over(t)
        for name in due:
            if over is not None:
                due[name] = np.asarray(due[name] * ~over)
            if name in self.costs.tax:
                self.books.tax_due[t] += due[name] * self.costs.tax[name]
                due[name] = due[name] * (1 + self.costs.tax[name])
        for amount in due.values():
            self.books.due[t] += amount
        for name in self.waits:
            self.books.waiting[name] = self.books.waiting[name] + due.pop(name)
        for name, amount in self.carried.items():
            due[name] = due[name] + amount
        self.carried = {}
        stopped = self.ends.stopped(t)
        for holding in self.books.holdings.values():
            draw = holding.clause.draw
            share = (1.0 if t == 0 else 0.0) if draw == "at_once" else 0.0
            share = draw.get(t, 0.0) if isinstance(draw, dict) else share
            if share:
                amount = np.minimum(holding.undrawn, share * holding.clause.commitment)
                self.books.draw(t, holding, amount if stopped is None else amount * ~stopped)
        return due

    def _draw(self, t: int, due: Mapping[str, Value]) -> None:
        """Draw as needed what costs lack, in order, equals in proportion to what is undrawn."""
        holdings = self.books.holdings
        self.due_now = sum(due.values()) if due else 0.0
        if not np.any(self.due_now):
            return
        lack = np.maximum(self.due_now - self.books.for_costs, 0.0)
        stopped = self.ends.stopped(t)
        if stopped is not None:
            lack = lack * ~stopped
        for rank in self.books.capital.draws:
            mine = [holdings[n] for n in rank if holdings[n].clause.draw == "as_needed"]
            if len(mine) == 1:
                amount = np.minimum(lack, mine[0].undrawn)
                self.books.draw(t, mine[0], amount)
                lack = lack - amount
            elif mine:
                undrawn = sum((h.undrawn for h in mine), np.zeros(self.books.runs))
                whole = np.minimum(lack, undrawn)
                for holding in mine:
                    part = holding.undrawn
                    amount = np.minimum(whole * share_of(part, undrawn, otherwise=0.0), part)
                    self.books.draw(t, holding, amount)
                lack = lack - whole

    def _meet(self, t: int, due: Mapping[str, Value], closing: Closing) -> None:
        """Meet costs, in proportion if money is short."""
        if not np.any(self.due_now):
            return
        met = np.minimum(self.due_now, self.books.for_costs)
        self.books.met[t] += met
        self.books.for_costs = self.books.for_costs - met
        short = self.due_now - met
        short = np.where(short > ROUNDING * self.due_now, short, 0.0)
        whole = met + short
        if self.receivers:
            self._to_receivers(t, due, share_of(met, whole, otherwise=0.0))
        if not np.any(short):
            return
        if self.books.capital.on_shortfall == "carried_forward" and closing is not True:
            on = short if closing is False else np.where(closing, 0.0, short)
            part = share_of(on, whole, otherwise=0.0)
            self.carried = {name: amount * part for name, amount in due.items()}
            short = short - on
        lost = share_of(short, whole, otherwise=0.0)
        for name, amount in due.items():
            self.never_met(t, name, amount * lost)
        self.unmet_so_far = self.unmet_so_far + short

    def never_met(self, t: int, name: str, amount: Value) -> None:
        """Note a cost that is never met: whoever was to receive it goes without, untaxed."""
        books = self.books
        books.unmet[t] += amount
        assert books.contract.delivery is not None
        party = books.contract.delivery.costs[name].to
        if party == PROVIDER:
            return
        net = amount / (1 + np.asarray(self.costs.tax.get(name, 0.0)))
        books.forgone[party][t] += net
        books.tax_due[t] -= amount - net
        books.untaxed[t] += amount - net

    def pay_waiting(self, t: int, name: str, paid: Floats) -> None:
        """Pay a cost that waited in the order."""
        self.books.waiting[name] = self.books.waiting[name] - paid
        self.books.met[t] += paid
        if name in self.receivers:
            self._to_receivers(t, {name: paid}, 1.0)

    def _to_receivers(self, t: int, due: Mapping[str, Value], share: Value) -> None:
        """Who receives what is met: costs to others than the provider, and tax within them."""
        assert self.books.contract.delivery is not None
        for name in self.receivers & due.keys():
            clause = self.books.contract.delivery.costs[name]
            paid = due[name] * share
            if name in self.costs.tax:
                net = paid / (1 + np.asarray(self.costs.tax[name]))
                self.books.move(ACCOUNT, TAX_AUTHORITY, "tax", t, paid - net)
                paid = net
            if clause.to != PROVIDER:
                self.books.move(ACCOUNT, clause.to, "cost", t, paid)
