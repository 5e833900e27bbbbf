"""Tranches: what is outstanding, what interest has grown, what is due, and what was received.

Interest accrues on what was outstanding over the period just ended. Everything of a period is
dated the same day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sibmodel.contract.tables import by_figure
from sibmodel.contract.tranches import Instalments, Redemption, Tranche
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Known
from sibmodel.model.prices import Value

Closing = bool | npt.NDArray[np.bool_]
"""Whether accounts close: in all runs, in none, or by run."""

KINDS = ("drawn", "interest", "principal", "surplus", "guaranteed", "settled", "paid")
"""Flows of a tranche: drawn and paid are put in, the others received."""
RECEIVED = KINDS[1:-1]


def annuity_due(*, rate: Value, periods: int) -> Value:
    """Present value of 1 at the start of each of so many periods.

    Examples
    --------
    >>> float(annuity_due(rate=0.0, periods=4)), round(float(annuity_due(rate=0.1, periods=2)), 6)
    (4.0, 1.909091)
    """
    discount = 1 / (1 + np.asarray(rate))
    total = np.zeros_like(discount)
    for k in range(periods):
        total = total + discount**k
    return total


def growth_a_period(rate: Value, *, periods_per_year: int) -> Floats:
    """What 1 grows to in one period at a rate a year.

    Examples
    --------
    >>> round(float(growth_a_period(0.0824321600, periods_per_year=4)), 6)
    1.02
    """
    growth: Floats = (1 + np.asarray(rate)) ** (1 / periods_per_year)
    return growth


def future_value(flows: Sequence[Floats], *, rate: Value, periods_per_year: int) -> Floats:
    """What flows, one a period, have grown to by the last of them.

    Parameters
    ----------
    flows : sequence of array (run,)
        One a period, the last one now [money].
    rate : float or array (run,)
        A year.
    periods_per_year : int

    Examples
    --------
    >>> future_value([np.array([100.0]), np.array([-5.0])], rate=0.1, periods_per_year=1).round(6)
    array([105.])
    """
    growth = growth_a_period(rate, periods_per_year=periods_per_year)
    total: Floats = np.zeros(np.shape(flows[0]))
    for flow in flows:
        total = total * growth + flow
    return total


class Holding:
    """One tranche, period by period; every state is an array (run,) [money].

    Parameters
    ----------
    name : str
    clause : Tranche
    known : Known
    runs : int
    """

    def __init__(self, name: str, clause: Tranche, known: Known, runs: int) -> None:
        self.name, self.clause, self.known, self.runs = name, clause, known, runs
        timeline = known.reader.contract.timeline
        self.periods, self.per_year = timeline.periods, timeline.periods_per_year
        self.undrawn = np.full(runs, clause.commitment)
        self.drawn, self.outstanding = np.zeros(runs), np.zeros(runs)
        self.received = np.zeros(runs)
        self.bears = clause.interest.rate != 0.0
        self.once = self.bears and by_figure(clause.interest.rate) and self.how == "rolled_up"
        self.rolled: Value = 0.0
        """Interest grown and not yet due."""
        self.owed: Value = 0.0
        """Interest due and not yet paid."""
        self.years: Value = 0.0
        """Principal outstanding × years since the last coupon."""
        self.lost: Floats | None = None
        self.flows: dict[str, Floats] = {}
        self.drawn_now: Value = 0.0
        self.received_now: Value = 0.0

    @property
    def how(self) -> str:
        """How interest is paid."""
        return self.clause.interest.paid

    @property
    def grant(self) -> bool:
        """Whether it is never repaid."""
        return self.clause.repaid == "never"

    @property
    def tiny(self) -> Floats:
        """What rounding may leave outstanding."""
        return self.drawn * 1e-12

    def path(self, field: str) -> str:
        """Where a number of the clause stands."""
        return f"capital.tranches.{self.name}.{field}"

    def _rate(self, t: int) -> Value:
        return self.known.at(t, self.clause.interest.rate, self.path("interest.rate"))

    # --- money in and out -------------------------------------------------------------------------

    def flow(self, kind: str, t: int, amount: Value) -> None:
        """Note a flow of this period."""
        if kind not in self.flows:
            self.flows[kind] = np.zeros((self.periods, self.runs))
        self.flows[kind][t] += amount
        if kind in RECEIVED:
            self.received = self.received + amount
            self.received_now = self.received_now + amount
        elif kind == "drawn":
            self.undrawn = self.undrawn - amount
            self.outstanding = self.outstanding + amount
            self.drawn = self.drawn + amount
            self.drawn_now = self.drawn_now + amount
        else:  # paid under a settlement
            self.received_now = self.received_now - amount

    def _sum_of(self, kinds: Sequence[str], t: int) -> Floats:
        """Flows of some kinds in a period, (run,)."""
        parts = [self.flows[kind][t] for kind in kinds if kind in self.flows]
        return sum(parts, np.zeros(self.runs))

    def net_put_in(self, t: int) -> list[Floats]:
        """Money put in less money received, in each period so far."""
        return [
            self._sum_of(("drawn", "paid"), s) - self._sum_of(RECEIVED, s) for s in range(t + 1)
        ]

    # --- interest ---------------------------------------------------------------------------------

    def accrue(self, t: int) -> None:
        """Interest over the period just ended."""
        self.drawn_now = self.received_now = 0.0
        if not self.bears or t == 0 or self.once:
            return
        part = 1 / self.per_year
        if self.how == "rolled_up":
            growth = growth_a_period(self._rate(t), periods_per_year=self.per_year)
            self.rolled = (self.rolled + self.outstanding) * growth - self.outstanding
        elif self.how == "each_period":
            self.owed = self.owed + self._rate(t) * part * self.outstanding
        else:
            self.years = self.years + self.outstanding * part
            if self.how == "each_year" and t % self.per_year == 0:
                self.owed = self.owed + self._rate(t) * self.years
                self.years = 0.0

    def close(self, t: int, closing: Closing) -> None:
        """Interest that only becomes due at the close."""
        if not self.bears or closing is False:
            return
        due: Value = self.rolled
        if self.once:
            rate = self._rate(t)
            worth = future_value(self.net_put_in(t), rate=rate, periods_per_year=self.per_year)
            due = np.maximum(worth - self.outstanding, 0.0)
        elif self.how in ("each_year", "at_end"):
            due = self._rate(t) * np.asarray(self.years)
        self.owed = self.owed + np.where(closing, due, 0.0)
        self.rolled = np.where(closing, 0.0, self.rolled)
        self.years = np.where(closing, 0.0, self.years)

    # --- what is due ------------------------------------------------------------------------------

    def instalment(self, t: int) -> Value | None:
        """A level instalment, interest and principal together; None before its dates. After them
        it is all that is still owed."""
        if not isinstance(self.clause.repaid, Instalments):
            return None
        level = self.clause.repaid.level
        if t < level.begin:
            return None
        rate: Value = 0.0
        if self.bears:
            year = np.asarray(self._rate(t))
            rate = growth_a_period(year, periods_per_year=self.per_year) - 1
            if self.how == "each_period":
                rate = year / self.per_year
        whole = self.outstanding + self.rolled + self.owed
        return whole / annuity_due(rate=rate, periods=max(level.until - t + 1, 1))

    def interest_due(self, t: int) -> Value:
        """Interest due now, with arrears; of what is rolled up, what an instalment holds, or what
        goes with the principal that is due."""
        instalment = self.instalment(t)
        if instalment is not None and self.bears and self.how == "rolled_up":
            return self.owed + np.minimum(instalment - self.owed, self.rolled)
        if isinstance(self.clause.repaid, dict) and self.bears and self.how == "rolled_up":
            whole = np.where(self.outstanding > 0, self.outstanding, 1.0)
            return self.owed + self.rolled * (self._scheduled(t) / whole)
        return self.owed

    def pay_interest(self, amount: Floats) -> None:
        """Take interest paid off what is owed, then off what is rolled up: the rest of that goes on
        growing."""
        first = np.minimum(amount, self.owed)
        self.owed = self.owed - first
        self.rolled = np.maximum(self.rolled - (amount - first), 0.0)

    def principal_due(self, t: int, closing: Closing, interest: Value) -> Value:
        """Principal due now, with arrears.

        Parameters
        ----------
        t : int
        closing : bool or array (run,)
        interest : float or array (run,)
            Interest due with it, which a level instalment holds.
        """
        due: Value = 0.0
        instalment = self.instalment(t)
        if instalment is not None:
            due = np.clip(instalment - interest, 0.0, self.outstanding)
        elif isinstance(self.clause.repaid, dict):
            due = self._scheduled(t)
        return due if closing is False else np.where(closing, self._due_at_close(t), due)

    def _scheduled(self, t: int) -> Floats:
        """Principal due by its dates so far, with arrears."""
        assert isinstance(self.clause.repaid, dict)
        so_far = sum(part for at, part in self.clause.repaid.items() if at <= t)
        due: Floats = np.clip(so_far * self.drawn - self._repaid(), 0.0, self.outstanding)
        return due

    def still_owed(self, t: int, closing: Closing) -> Floats:
        """Principal not yet repaid; at the close only what was due of it."""
        if closing is False:
            return self.outstanding
        return np.where(closing, self._due_at_close(t), self.outstanding)

    def _due_at_close(self, t: int) -> Floats:
        share = self.known.at(t, self.clause.principal, self.path("principal"))
        return np.maximum(share * self.drawn - self._repaid(), 0.0)

    def _repaid(self) -> Floats:
        return self.drawn - self.outstanding

    def redeem(self, t: int, closing: Closing, redemption: Redemption, path: str) -> Value:
        """What a redemption gives it in place of all that was due, in the runs that close."""
        if redemption.irr is not None:
            rate = self.known.at(t, redemption.irr, f"{path}.irr")
            worth = future_value(self.net_put_in(t), rate=rate, periods_per_year=self.per_year)
            worth = worth - self.owed  # coupons due by today are paid beside it
        else:
            share = self.known.at(t, redemption.of_drawn, f"{path}.of_drawn")
            worth = share * self.drawn - self._repaid()
        return np.where(closing, np.maximum(worth, 0.0), 0.0)

    def forget(self, closing: Closing) -> None:
        """What is still owed at the close is lost."""
        if closing is False:
            return
        gone = np.where(closing & (self.outstanding > self.tiny), self.outstanding, 0.0)
        if not self.grant:
            self.lost = gone if self.lost is None else self.lost + gone
        self.outstanding = np.where(closing, 0.0, self.outstanding)
        self.owed = np.where(closing, 0.0, self.owed)
        self.rolled = np.where(closing, 0.0, self.rolled)
        self.undrawn = np.where(closing, 0.0, self.undrawn)
