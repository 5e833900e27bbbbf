"""The account: payments and capital go in; costs, then investors, come out, period by period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sibmodel.contract.capital import ACCOUNT
from sibmodel.contract.contract import BANK, Contract
from sibmodel.model.books import Books
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Costs, Known
from sibmodel.model.distribution import Distribution
from sibmodel.model.dues import Dues
from sibmodel.model.endings import EndingTests, Ends, Stops, Truth
from sibmodel.model.limits import share_of
from sibmodel.model.outlays import Outlays
from sibmodel.model.payments import Bring
from sibmodel.model.tranches import growth_a_period


@dataclass(frozen=True)
class Account:
    """The account, period by period; every array (period, run) [money].

    opening + payments + brought + drawn + earned + settlements in = met + tax on costs + interest +
    principal + surplus + settlements out + change in balance, and costs = met + unmet.

    ``flows`` by tranche and kind; ``moves`` between parties, by giver, taker and kind, of all that
    is no tranche's flow: endpoints are parties or ``account``. ``brought`` by payer and tranche,
    ``returned`` by payer; ``forgone``: of unmet costs, what others than the provider go without,
    tax left out; ``tax_due``: within costs due, less ``untaxed``, that on what others go without.
    ``lost`` by tranche (run,). ``stops`` where there are endings.
    """

    costs: Floats
    met: Floats
    unmet: Floats
    balance: Floats
    flows: Mapping[str, Mapping[str, Floats]]
    moves: Mapping[tuple[str, str, str], Floats] = field(default_factory=dict)
    brought: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    returned: Mapping[str, Floats] = field(default_factory=dict)
    forgone: Mapping[str, Floats] = field(default_factory=dict)
    tax_due: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    untaxed: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    lost: Mapping[str, Floats] = field(default_factory=dict)
    stops: Stops | None = None


class AccountRun:
    """Takes the account through the periods of some runs.

    Parameters
    ----------
    contract : Contract
        With capital.
    known : Known
        Its numbers and readings.
    costs : Costs
    last_cost : int
        Period of the last cost; from it on, what is left may be distributed.
    runs : int
    stops : Stops, optional
        Where the contract ends early. None: endings are only tested, and nothing ends.
    lots_of_luck : mapping of ending to array (run,), optional
        A uniform for each ending: one that has a chance happens where it is below that.

    Source
    ------
    Priority of payments in the project's contract language, docs/language.md.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        known: Known,
        costs: Costs,
        last_cost: int,
        runs: int,
        stops: Stops | None = None,
        lots_of_luck: Mapping[str, Floats] | None = None,
    ) -> None:
        self.books = Books(contract, known, runs)
        self.ends = Ends(contract, stops, last_cost)
        self.outlays = Outlays(self.books, self.ends, costs)
        self.dues = Dues(self.books, self.ends, self.outlays)
        self.distribution = Distribution(self.books, self.ends, self.outlays)
        self.tests: EndingTests | None = None
        if contract.ending_names and stops is None:
            self.tests = EndingTests(contract, known, runs, lots_of_luck or {})

    def period(self, t: int, income: Floats, bring: Bring) -> None:
        """Take one period through the priority of payments.

        Parameters
        ----------
        t : int
        income : array (run,)
            Outcome payments the account receives, net of tax.
        bring : callable
            Asks payers for what is due from them.
        """
        books = self.books
        closing, live = self.ends.closing(t), self.ends.live(t)
        if live is not None:
            income = income * live
        self._grow(t, live)
        books.receive(income)
        self._settle(t, live)
        if self.tests is not None:
            self.tests.test(
                t,
                {
                    "balance": lambda: np.where(books.held > self._dust, books.held, 0.0),
                    "drawn": lambda: sum(h.drawn for h in books.holdings.values()),
                    "unmet": lambda: self.outlays.unmet_so_far,
                },
            )
        self.outlays.period(t, income, closing)
        self.dues.period(t, closing, bring)
        self.distribution.period(t, closing)
        for step in books.steps.values():
            step.end()
        np.add(books.for_costs, books.set_aside, out=books.balance[t])

    @property
    def _dust(self) -> float:
        """What rounding may leave in an account that is empty."""
        return 1e-12 * sum(h.clause.commitment for h in self.books.holdings.values())

    def _grow(self, t: int, live: Truth | None) -> None:
        """Interest on the balance brought forward, and on what is outstanding."""
        books, clause = self.books, self.books.capital.account
        if clause.interest != 0.0 and t > 0:
            rate = books.known.at(t, clause.interest, "capital.account.interest")
            growth = growth_a_period(rate, periods_per_year=books.per_year) - 1
            if live is not None:
                growth = growth * live
            books.move(BANK, ACCOUNT, "interest", t, books.held * growth)
            books.for_costs = books.for_costs * (1 + growth)
            books.set_aside = books.set_aside * (1 + growth)
        for holding in books.holdings.values():
            holding.accrue(t)
        for step in books.steps.values():
            step.begin(t)

    def _settle(self, t: int, live: Truth | None) -> None:
        """Sums between two parties that may run either way: into the account, then out of it."""
        books, out = self.books, list[tuple[str, Floats]]()
        for name, clause in books.capital.settlements.items():
            if t != (books.periods - 1 if clause.at is None else clause.at):
                continue
            read = books.known.at(t, clause.amount, f"capital.settlements.{name}.amount")
            amount = np.broadcast_to(np.asarray(read, dtype=float), (books.runs,))
            if live is not None:
                amount = amount * live
            sides = (clause.giver, clause.taker)
            for (giver, taker), signed in ((sides, amount), (sides[::-1], -amount)):
                part = np.maximum(signed, 0.0)
                if giver == ACCOUNT:
                    out.append((taker, part))
                    continue
                if giver in books.holdings:
                    books.holdings[giver].flow("paid", t, part)
                if taker == ACCOUNT:
                    books.receive(part)
                self._note(giver, taker, t, part)
        if out:  # the account gives no more than it has
            whole = sum((part for _, part in out), np.zeros(books.runs))
            share = share_of(books.take(whole), whole, otherwise=0.0)
            for taker, part in out:
                self._note(ACCOUNT, taker, t, part * share)

    def _note(self, giver: str, taker: str, t: int, amount: Floats) -> None:
        """Note a settlement, and what a tranche has of it."""
        if not amount.any():
            return
        if taker in self.books.holdings:
            self.books.holdings[taker].flow("settled", t, amount)
        self.books.move(giver, taker, "settlement", t, amount)

    # --- the whole --------------------------------------------------------------------------------

    def found(self) -> Stops | None:
        """Where endings held, once all periods are through; None where none did."""
        return None if self.tests is None else self.tests.found()

    def result(self) -> Account:
        """What happened, once all periods are through."""
        books = self.books
        return Account(
            costs=books.due,
            met=books.met,
            unmet=books.unmet,
            balance=books.balance,
            flows={name: holding.flows for name, holding in books.holdings.items()},
            moves=dict(books.moves),
            brought=dict(books.brought),
            returned=dict(books.returned),
            forgone=dict(books.forgone),
            tax_due=books.tax_due,
            untaxed=books.untaxed,
            lost={n: h.lost for n, h in books.holdings.items() if h.lost is not None},
            stops=self.ends.stops,
        )
