"""What is left is distributed down the order; at the close guarantees pay, and the rest is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sibmodel.contract.capital import Every, Guarantee
from sibmodel.model.books import Books
from sibmodel.model.chance import Floats
from sibmodel.model.endings import Ends, Truth
from sibmodel.model.limits import share_of
from sibmodel.model.outlays import Outlays
from sibmodel.model.prices import Value
from sibmodel.model.surplus import StepRun
from sibmodel.model.tranches import Closing


class Distribution:
    """Steps 8 and 9 of a period.

    Parameters
    ----------
    books : Books
    ends : Ends
    outlays : Outlays
        Who receives the costs that wait in the order.
    """

    def __init__(self, books: Books, ends: Ends, outlays: Outlays) -> None:
        self.books, self.ends, self.outlays = books, ends, outlays

    def period(self, t: int, closing: Closing) -> None:
        """Distribute what lies above the reserve; close the accounts where they close."""
        self._distribute(t, closing)
        if closing is not False:
            self._leave(t)
            received = {name: h.received for name, h in self.books.holdings.items()}
            for name, clause in self.books.capital.guarantees.items():
                self._guarantee(t, name, clause, closing, received[clause.covers])
            for holding in self.books.holdings.values():
                holding.forget(closing)
            self._never_met(t, closing)

    def _is_date(self, t: int) -> bool:
        dates = self.books.capital.distribution
        if isinstance(dates, Every):
            return t >= dates.begin and (t - dates.begin) % dates.every == 0
        if isinstance(dates, tuple):
            return t in dates
        return dates == "each_period" or (dates == "after_delivery" and t >= self.ends.last_cost)

    def _where(self, t: int, closing: Closing) -> Closing:
        """Runs that distribute: on the dates, at the close, and where delivery is over early."""
        if self._is_date(t):
            return True
        if self.books.capital.distribution != "after_delivery":
            return closing
        early = self.ends.no_cost_from(t + 1, known_in=t)
        if closing is False or isinstance(early, bool):
            return early if closing is False else closing
        return closing | early

    def _distribute(self, t: int, closing: Closing) -> None:
        books, where = self.books, self._where(t, closing)
        if where is False:
            return
        left = books.set_aside
        live, redeeming = self.ends.live(t), self.ends.redeeming(t)
        if live is not None:
            left = left * live  # nothing after a close
        if redeeming is not None:
            left = left * ~redeeming  # what is left has one receiver
        if books.capital.account.reserve != 0.0:
            kept = books.known.at(t, books.capital.account.reserve, "capital.account.reserve")
            above = left + books.for_costs - np.where(closing, 0.0, kept)
            left = np.minimum(left, np.maximum(above, 0.0))
        if where is not True:
            left = np.where(where, left, 0.0)
        before, held = left, np.zeros(books.runs)
        for rank in books.capital.ranks:
            if not left.any():
                break
            left, blocked = self._rank(t, rank, left, closing)
            if blocked.any():
                held = held + np.where(blocked, left, 0.0)
                left = np.where(blocked, 0.0, left)
        books.set_aside = books.set_aside - (before - left - held)

    def _rank(
        self, t: int, rank: Sequence[str], left: Floats, closing: Closing
    ) -> tuple[Floats, Truth]:
        """Pay one rank out of what is left; what remains, and runs in which nothing passes it."""
        books, blocked = self.books, np.zeros(self.books.runs, dtype=bool)
        for part in ("interest", "principal"):
            places = [place.partition(".") for place in rank]
            names = [n for n, _, only in places if n in books.holdings and only in ("", part)]
            left = self._to_tranches(t, names, part, left, closing)
            for name in names if part == "principal" else ():
                holding = books.holdings[name]
                if holding.clause.due_from is None:
                    blocked |= holding.still_owed(t, closing) > holding.tiny
        for place in rank:
            if place in books.waiting:
                paid = np.minimum(books.waiting[place], left)
                self.outlays.pay_waiting(t, place, paid)
                left = left - paid
            elif place in books.steps:
                left = self._step(t, books.steps[place], left)
        return left, blocked

    def _to_tranches(
        self, t: int, names: Sequence[str], part: str, left: Floats, closing: Closing
    ) -> Floats:
        """Interest rolled up, or principal, of tranches repaid as money is there; what remains."""
        wants: dict[str, Value] = {}
        for name in names:
            holding = self.books.holdings[name]
            if holding.clause.repaid != "as_available":
                continue
            if part == "principal":
                wants[name] = np.where(closing, 0.0, holding.outstanding)
            elif holding.how == "rolled_up":
                wants[name] = holding.rolled
        wants = {name: want for name, want in wants.items() if np.any(want)}
        if not wants:
            return left
        whole = np.zeros(self.books.runs) + sum(wants.values())
        paid = np.minimum(whole, left)
        share = share_of(paid, whole, otherwise=0.0)
        for name, want in wants.items():
            self.books.pay(t, name, part, want * share)
        return left - paid

    def _step(self, t: int, step: StepRun, left: Floats) -> Floats:
        """One step of surplus; what remains."""
        books = self.books
        wants = step.wants(t, books.profit, books.profits, books.receipts)
        amount = np.minimum(left, wants)
        if not amount.any():
            return left
        books.profit = books.profit + amount
        for name, share in step.shares.items():
            part = amount * share if share != 1 else amount
            books.profits[name] = books.profits[name] + part
            if name in books.holdings:
                books.holdings[name].flow("surplus", t, part)
            else:
                books.receipts[name] = books.receipts[name] + part
                books.hand(t, name, part, "surplus")
        return left - amount

    # --- the close --------------------------------------------------------------------------------

    def _leave(self, t: int) -> None:
        """After a redemption, what the account has left goes to whoever the ending names."""
        books = self.books
        for _, clause, now in self.ends.now(t):
            rest = books.held * now
            if clause.left_to is not None and rest.any():
                books.hand(t, clause.left_to, rest, "left")
                books.set_aside = books.set_aside * ~now
                books.for_costs = books.for_costs * ~now

    def _guarantee(
        self, t: int, name: str, clause: Guarantee, closing: Closing, received: Floats
    ) -> None:
        """Top a tranche up: not one that is redeemed, which gets that and no more."""
        books, path = self.books, f"capital.guarantees.{name}"
        holding = books.holdings[clause.covers]
        up_to = books.known.at(t, clause.up_to, f"{path}.up_to")
        share = books.known.at(t, clause.share, f"{path}.share")
        missing = np.maximum(up_to * holding.drawn - received, 0.0)
        amount = np.where(closing, missing * share, 0.0)
        redeeming = self.ends.redeeming(t, clause.covers)
        if redeeming is not None:
            amount = amount * ~redeeming
        if clause.limit is not None:
            amount = np.minimum(amount, books.known.at(t, clause.limit, f"{path}.limit"))
        if amount.any():
            holding.flow("guaranteed", t, amount)
            books.move(clause.by, clause.covers, "guarantee", t, amount)

    def _never_met(self, t: int, closing: Closing) -> None:
        """Costs that still wait at the close are never met."""
        for name, amount in self.books.waiting.items():
            if np.any(amount):
                gone = np.where(closing, amount, 0.0)
                self.outlays.never_met(t, name, gone)
                self.books.waiting[name] = amount - gone
