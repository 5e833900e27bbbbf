"""The slow twin's tranche: what is outstanding, what interest has grown, what is due today."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.capital import Instalments, Tranche
from sibmodel.contract.tables import Table

RECEIVED = ("interest", "principal", "surplus", "guaranteed", "settled")


def by_figure(number: Any) -> bool:
    """Whether a number is read off a table by a performance, somewhere in it."""
    if isinstance(number, ByGroup):
        return any(map(by_figure, number.by_group.values()))
    if not isinstance(number, Table):
        return False
    return number.by is not None or any(by_figure(part) for _, part in number.parts())


class Lot:
    """One tranche in one run."""

    def __init__(self, clause: Tranche, periods: int, per_year: int) -> None:
        self.clause, self.per_year = clause, per_year
        self.flows = {kind: [0.0] * periods for kind in ("drawn", *RECEIVED, "paid")}
        self.outstanding = self.arrears = self.rolled = self.years = 0.0
        self.grant = clause.repaid == "never"
        self.level = clause.repaid.level if isinstance(clause.repaid, Instalments) else None
        self.how = clause.interest.paid
        self.once = self.how == "rolled_up" and by_figure(clause.interest.rate)
        """A rolled-up rate by a figure is read once, at the close."""
        self.reads_at_close = self.once or self.how in ("each_year", "at_end")

    @property
    def drawn(self) -> float:
        """All that was drawn."""
        return sum(self.flows["drawn"])

    @property
    def undrawn(self) -> float:
        """What may still be drawn."""
        return self.clause.commitment - self.drawn

    @property
    def repaid(self) -> float:
        """Principal repaid."""
        return self.drawn - self.outstanding

    @property
    def received(self) -> float:
        """Everything received."""
        return sum(sum(self.flows[kind]) for kind in RECEIVED)

    def flow(self, kind: str, t: int, amount: float) -> None:
        """Note a flow."""
        self.flows[kind][t] += amount
        if kind == "drawn":
            self.outstanding += amount
        elif kind == "principal":
            self.outstanding = max(self.outstanding - amount, 0.0)

    def accrue(self, t: int, rate: float) -> None:
        """Interest over the period just ended, on what was outstanding."""
        if self.how == "rolled_up":
            growth = (1 + rate) ** (1 / self.per_year)
            self.rolled = (self.rolled + self.outstanding) * growth - self.outstanding
            return
        self.years += self.outstanding / self.per_year
        whole_year = self.how == "each_year" and t % self.per_year == 0
        if self.how == "each_period" or whole_year:
            self.arrears += rate * self.years
            self.years = 0.0

    def instalment(self, t: int, rate: float) -> float:
        """What pays all that is owed in equal sums, the first now, the last in period until."""
        assert self.level is not None
        each = rate / self.per_year
        if self.how == "rolled_up":
            each = (1 + rate) ** (1 / self.per_year) - 1
        left = max(self.level.until - t + 1, 1)
        owed = self.outstanding + self.rolled + self.arrears
        return owed / sum((1 + each) ** -k for k in range(left))

    def interest_due(self, t: int, rate: float) -> float:
        """Interest due before the close: coupons with arrears; within an instalment."""
        if isinstance(self.clause.repaid, dict) and self.how == "rolled_up" and not self.once:
            principal = self.principal_due(t, rate)  # what is rolled up goes with it
            part = principal / self.outstanding if self.outstanding else 0.0
            return self.arrears + part * self.rolled
        if self.level is None or t < self.level.begin or self.how != "rolled_up":
            return self.arrears
        return min(self.instalment(t, rate), self.rolled)

    def principal_due(self, t: int, rate: float) -> float:
        """Principal due before the close, with what stayed owed."""
        due = 0.0
        if self.level is not None and t >= self.level.begin:
            due = self.instalment(t, rate) - self.interest_due(t, rate)
        elif isinstance(self.clause.repaid, dict):
            so_far = sum(share for at, share in self.clause.repaid.items() if at <= t)
            due = so_far * self.drawn - self.repaid
        return min(max(due, 0.0), self.outstanding)

    def interest_at_close(self, t: int, rate: float) -> float:
        """All interest."""
        if self.once:
            return max(worth([self], t, rate) - self.outstanding, 0.0)
        return self.arrears + self.rolled + rate * self.years

    def pay_interest(self, amount: float) -> None:
        """Interest is paid: arrears first."""
        first = min(amount, self.arrears)
        self.arrears -= first
        self.rolled = max(self.rolled - (amount - first), 0.0)


def worth(lots: Iterable[Lot], t: int, rate: float) -> float:
    """What is missing today for tranches together to have earned a rate a year."""
    total = 0.0
    for lot in lots:
        for s in range(t + 1):
            put_in = lot.flows["drawn"][s] + lot.flows["paid"][s]
            got = sum(lot.flows[kind][s] for kind in RECEIVED)
            total += (put_in - got) * (1 + rate) ** ((t - s) / lot.per_year)
    return total
