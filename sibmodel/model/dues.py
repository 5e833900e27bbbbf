"""What is due today: interest, then principal, down the order, from payers and from the account."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sibmodel.contract.capital import ACCOUNT
from sibmodel.model.books import Books
from sibmodel.model.chance import Floats
from sibmodel.model.endings import Ends
from sibmodel.model.limits import share_of
from sibmodel.model.outlays import Outlays
from sibmodel.model.payments import Bring
from sibmodel.model.prices import Value
from sibmodel.model.tranches import Closing

PARTS = ("interest", "principal")


class Dues:
    """Step 7 of a period.

    Parameters
    ----------
    books : Books
    ends : Ends
    outlays : Outlays
        Who receives the costs that wait in the order.
    """

    def __init__(self, books: Books, ends: Ends, outlays: Outlays) -> None:
        self.books, self.ends, self.outlays = books, ends, outlays
        self._before_the_close = {
            name
            for name, holding in books.holdings.items()
            if holding.bears or holding.clause.repaid != "as_available"
        }

    def period(self, t: int, closing: Closing, bring: Bring) -> None:
        """Pay what is due in a period; equals in proportion to what they are due.

        Parameters
        ----------
        t : int
        closing : bool or array (run,)
            Where accounts close, and everything outstanding is due.
        bring : callable
            Asks payers for what is due from them.
        """
        holdings = self.books.holdings
        redeemed = self._redeemed(t, closing)
        coupons = {name: holdings[name].owed for name in redeemed}
        if closing is not False:
            for holding in holdings.values():
                if not holding.grant:
                    holding.close(t, closing)
        owed = {
            name: self._due(t, name, closing, redeemed, coupons)
            for name, holding in holdings.items()
            if not holding.grant and (closing is not False or name in self._before_the_close)
        }
        above_steps = True
        for rank in self.books.capital.ranks if owed or closing is not False else ():
            above_steps &= not any(place in self.books.steps for place in rank)
            for part in PARTS:
                places = [place.partition(".") for place in rank]
                names = [n for n, _, only in places if n in owed and only in ("", part)]
                dues = {n: owed[n][part] + np.zeros(self.books.runs) for n in names}
                dues = {name: due for name, due in dues.items() if due.any()}
                if dues:
                    self._pay(t, dues, part, bring, redeemed)
            if closing is not False and above_steps:
                for place in rank:
                    self._waiting(t, place, closing)

    def _waiting(self, t: int, place: str, closing: Closing) -> None:
        """A cost that waits above all surplus is due at the close, in its place in the order."""
        books = self.books
        if place in books.waiting and np.any(books.waiting[place]):
            paid = books.take(np.where(closing, books.waiting[place], 0.0))
            self.outlays.pay_waiting(t, place, paid)

    def _redeemed(self, t: int, closing: Closing) -> dict[str, Floats]:
        """What endings that hold now give tranches in place of all that was due."""
        found: dict[str, Floats] = {}
        for name, clause, now in self.ends.now(t) if closing is not False else ():
            for tranche, redemption in clause.redeem.items():
                path = f"capital.endings.{name}.redeem.{tranche}"
                worth = self.books.holdings[tranche].redeem(t, now, redemption, path)
                found[tranche] = worth + found.get(tranche, np.zeros(self.books.runs))
        return found

    def _due(
        self,
        t: int,
        name: str,
        closing: Closing,
        redeemed: Mapping[str, Floats],
        coupons: Mapping[str, Value],
    ) -> dict[str, Value]:
        """Interest and principal due: of what is redeemed, coupons due by today, the redemption."""
        holding = self.books.holdings[name]
        interest = holding.interest_due(t)
        principal = holding.principal_due(t, closing, interest)
        now = self.ends.redeeming(t, name) if name in redeemed else None
        if now is not None:
            interest = np.where(now, coupons[name], interest)
            principal = np.where(now, redeemed[name], principal)
        return {"interest": interest, "principal": principal}

    def _pay(
        self,
        t: int,
        dues: dict[str, Floats],
        part: str,
        bring: Bring,
        redeemed: Mapping[str, Floats],
    ) -> None:
        """Pay what is due to equals: what their payers bring, then what the account holds."""
        books = self.books
        due_from = {name: books.holdings[name].clause.due_from for name in dues}
        wanted: dict[str, dict[str, Floats]] = {}
        for name, payer in due_from.items():
            if payer is not None:
                now = self.ends.redeeming(t, name) if part == "principal" else None
                asked = dues[name] if now is None else dues[name] * ~now
                wanted.setdefault(payer, {})[name] = asked
        for name, amount in bring(t, part, wanted).items() if wanted else ():
            books.bring(t, due_from[name] or "", name, amount)
            books.pay(t, name, part, amount)  # it is for this tranche and no other
            dues[name] = dues[name] - amount
        whole = sum(dues.values(), np.zeros(books.runs))
        share = share_of(books.take(whole), whole, otherwise=0.0)
        for name, due in dues.items():
            books.pay(t, name, part, due * share)
            if name in redeemed and part == "principal":
                self._bring_gap(t, name, due - due * share)

    def _bring_gap(self, t: int, tranche: str, lack: Floats) -> None:
        """What a redemption lacks is brought by whoever the ending names."""
        for _, clause, now in self.ends.now(t):
            gap = lack * now
            if tranche not in clause.redeem or clause.paid_by is None or not gap.any():
                continue
            if clause.paid_by in self.books.contract.payments.payers:
                self.books.bring(t, clause.paid_by, tranche, gap)
            else:
                self.books.move(clause.paid_by, ACCOUNT, "redemption", t, gap)
            self.books.pay(t, tranche, "principal", gap)
