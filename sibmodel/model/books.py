"""The books of the account: what it holds, on which side, and every sum that moves."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sibmodel.contract.capital import ACCOUNT, Recycle
from sibmodel.contract.contract import Contract
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Known
from sibmodel.model.prices import Value
from sibmodel.model.surplus import StepRun
from sibmodel.model.tranches import Holding


class Books:
    """What the account of some runs holds, and what it has received and paid so far.

    Money that may meet costs (``for_costs``: capital, what was there at the start, recycled
    payments) is kept apart from money that may not (``set_aside``). Arrays are (run,), those by
    period (period, run) [money].

    Parameters
    ----------
    contract : Contract
        With capital.
    known : Known
    runs : int
    """

    def __init__(self, contract: Contract, known: Known, runs: int) -> None:
        assert contract.capital is not None
        self.contract, self.capital, self.known = contract, contract.capital, known
        self.runs, self.periods = runs, contract.timeline.periods
        self.per_year = contract.timeline.periods_per_year
        self.holdings = {
            name: Holding(name, clause, known, runs)
            for name, clause in self.capital.tranches.items()
        }
        self.steps = {
            name: StepRun(name, step, known, self.holdings, runs)
            for name, step in self.capital.steps.items()
        }
        opening = known.at(0, self.capital.account.opening, "capital.account.opening")
        self.for_costs, self.set_aside = np.zeros(runs) + opening, np.zeros(runs)
        self.recycled: Value = 0.0
        self.waiting: dict[str, Floats] = {}
        """Costs that wait in the order of payment, by name."""
        self.profit = np.zeros(runs)
        """Interest and surplus paid so far; by receiver in ``profits``."""
        self.profits: dict[str, Floats] = defaultdict(lambda: np.zeros(runs))
        self.receipts: dict[str, Floats] = defaultdict(lambda: np.zeros(runs))
        """Surplus each party has received."""
        shape = (self.periods, runs)
        self.due, self.met, self.unmet, self.balance = (np.zeros(shape) for _ in range(4))
        self.moves: dict[tuple[str, str, str], Floats] = defaultdict(lambda: np.zeros(shape))
        self.brought: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(shape))
        self.returned: dict[str, Floats] = defaultdict(lambda: np.zeros(shape))
        self.forgone: dict[str, Floats] = defaultdict(lambda: np.zeros(shape))
        """Costs never met that others than the provider go without, by party, tax left out."""
        self.tax_due, self.untaxed = np.zeros(shape), np.zeros(shape)
        """Tax within costs due, less what is not due because others go without; and that."""

    @property
    def held(self) -> Floats:
        """What the account holds, on both sides."""
        return self.for_costs + self.set_aside

    def receive(self, income: Floats) -> None:
        """Put payments on the side that may meet costs, or on the other."""
        recycle = self.capital.recycle
        if recycle is False:
            self.set_aside = self.set_aside + income
            return
        part: Floats = income
        if isinstance(recycle, Recycle):
            if recycle.share is not None:
                part = income * recycle.share
            else:
                up_to = self.known.at(0, recycle.up_to, "capital.recycle.up_to")
                part = np.minimum(income, np.maximum(up_to - self.recycled, 0.0))
                self.recycled = self.recycled + part
        self.for_costs = self.for_costs + part
        if part is not income:
            self.set_aside = self.set_aside + (income - part)

    def take(self, amount: Floats) -> Floats:
        """Take up to an amount out of the account: first from what may not meet costs."""
        first = np.minimum(amount, self.set_aside)
        then = np.minimum(amount - first, self.for_costs)
        self.set_aside = self.set_aside - first
        self.for_costs = self.for_costs - then
        return first + then

    def draw(self, t: int, holding: Holding, amount: Floats) -> None:
        """Draw from a tranche, for costs."""
        holding.flow("drawn", t, amount)
        self.for_costs = self.for_costs + amount

    def pay(self, t: int, name: str, part: str, amount: Floats) -> None:
        """Pay a tranche interest or principal."""
        holding = self.holdings[name]
        holding.flow(part, t, amount)
        if part == "interest":
            holding.pay_interest(amount)
            self.profit = self.profit + amount
            self.profits[name] = self.profits[name] + amount
        else:
            holding.outstanding = np.maximum(holding.outstanding - amount, 0.0)

    def bring(self, t: int, payer: str, tranche: str, amount: Floats) -> None:
        """Note what a payer brings for a tranche."""
        self.brought[payer, tranche][t] += amount

    def hand(self, t: int, party: str, amount: Floats, kind: str) -> None:
        """Money out of the account to a party; to a payer it is returned."""
        if party in self.contract.payments.payers:
            self.returned[party][t] += amount
        else:
            self.move(ACCOUNT, party, kind, t, amount)

    def move(self, giver: str, taker: str, kind: str, t: int, amount: Value) -> None:
        """Note a sum between two parties, or one and the account."""
        self.moves[giver, taker, kind][t] += amount
