"""The account: payments and capital go in; costs, then investors, come out, period by period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sibmodel.contract.capital import ACCOUNT, Ending, Every, Guarantee, Recycle
from sibmodel.contract.contract import BANK, TAX_AUTHORITY, Contract
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Costs, Known
from sibmodel.model.limits import share_of
from sibmodel.model.outcomes import Counts
from sibmodel.model.payments import Bring
from sibmodel.model.prices import Value
from sibmodel.model.surplus import StepRun
from sibmodel.model.tranches import Closing, Holding

ROUNDING = 1e-12
"""Share of a sum that rounding may leave of it."""
NEVER = 10**9
"""The period in which nothing ended."""


@dataclass(frozen=True)
class Stops:
    """Where endings held: by run, the period, and which ending (-1: none)."""

    period: npt.NDArray[np.int64]
    ending: npt.NDArray[np.int64]

    def of(self, runs: slice) -> Stops:
        """Those of some runs."""
        return Stops(self.period[runs], self.ending[runs])

    @classmethod
    def together(cls, parts: Sequence[tuple[Stops | None, int]]) -> Stops | None:
        """Stops of parts one after another, each with its number of runs; None where none held."""
        if all(stops is None for stops, _ in parts):
            return None
        never = [cls(np.full(runs, NEVER), np.full(runs, -1)) for _, runs in parts]
        found = [stops or none for (stops, _), none in zip(parts, never, strict=True)]
        return cls(
            np.concatenate([stops.period for stops in found]),
            np.concatenate([stops.ending for stops in found]),
        )


@dataclass(frozen=True)
class Account:
    """The account, period by period; every array (period, run) [money].

    opening + payments + brought + drawn + earned + settlements in = met + tax on costs + interest +
    principal + surplus + settlements out + change in balance, and costs = met + unmet.

    ``flows`` by tranche and kind; ``moves`` between parties, by giver, taker and kind, of all that
    is no tranche's flow: endpoints are parties or ``account``. ``brought`` by payer and tranche,
    ``returned`` by payer; ``lost`` by tranche (run,). ``stops`` where there are endings.
    """

    costs: Floats
    met: Floats
    unmet: Floats
    balance: Floats
    flows: Mapping[str, Mapping[str, Floats]]
    moves: Mapping[tuple[str, str, str], Floats] = field(default_factory=dict)
    brought: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    returned: Mapping[str, Floats] = field(default_factory=dict)
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
        assert contract.capital is not None
        self.contract, self.capital, self.known = contract, contract.capital, known
        self.costs, self.last_cost, self.runs = costs, last_cost, runs
        self.periods, self.per_year = contract.timeline.periods, contract.timeline.periods_per_year
        self.stops, self.lots_of_luck = stops, lots_of_luck or {}
        self.holdings = {
            name: Holding(name, clause, known, runs)
            for name, clause in self.capital.tranches.items()
        }
        self.steps = {
            name: StepRun(name, step, known, self.holdings, runs)
            for name, step in self.capital.steps.items()
        }
        self.has_dues = {
            name: h.bears or h.clause.repaid != "as_available" for name, h in self.holdings.items()
        }
        named = [name.partition(".")[0] for rank in self.capital.ranks for name in rank]
        self.waits = [name for name in costs.names if name in named]
        delivery = contract.delivery.costs if contract.delivery else {}
        self.receivers = {n for n, c in delivery.items() if c.to != "provider"} | set(costs.tax)
        """Costs that others than the provider receive, in part or whole."""
        opening = known.at(0, self.capital.account.opening, "capital.account.opening")
        self.for_costs, self.set_aside = np.zeros(runs) + opening, np.zeros(runs)
        self.recycled: Value = 0.0
        self.carried: dict[str, Value] = {}
        self.waiting: dict[str, Floats] = {name: np.zeros(runs) for name in self.waits}
        self.profit = np.zeros(runs)
        self.profits: dict[str, Floats] = defaultdict(lambda: np.zeros(runs))
        self.receipts: dict[str, Floats] = defaultdict(lambda: np.zeros(runs))
        shape = (self.periods, runs)
        self.due, self.met, self.unmet, self.balance = (np.zeros(shape) for _ in range(4))
        self.unmet_so_far = np.zeros(runs)
        self.moves: dict[tuple[str, str, str], Floats] = {}
        self.brought: dict[tuple[str, str], Floats] = {}
        self.returned: dict[str, Floats] = {}
        self.found_period = np.full(runs, NEVER, dtype=np.int64)
        self.found_ending = np.full(runs, -1, dtype=np.int64)
        self.ending_names = ending_names(contract)

    # --- one period -------------------------------------------------------------------------------

    def period(self, t: int, income: Floats, bring: Bring) -> None:
        """Take one period through the priority of payments.

        Parameters
        ----------
        t : int
        income : array (run,)
            Outcome payments the account receives, net of tax.
        bring : callable
            Asks a payer for what is due from it.
        """
        closing, live = self._closing(t), self._live(t)
        if live is not None:
            income = income * live
        self._grow(t, live)
        self._receive(income)
        self._settle(t)
        if self.ending_names and self.stops is None:
            self._test_endings(t)
        if self.carried:  # after the last cost what is carried may be met from all there is
            one = self._no_cost_from(t, known_in=t)
            self.for_costs = self.for_costs + np.where(one, self.set_aside, 0.0)
            self.set_aside = np.where(one, 0.0, self.set_aside)
        due = self._fall_due(t, income)
        self._draw(t, due)
        self._meet(t, due, closing)
        one = self._no_cost_from(t + 1, known_in=t)
        if one is not False:
            self.set_aside = self.set_aside + np.where(one, self.for_costs, 0.0)
            self.for_costs = np.where(one, 0.0, self.for_costs)
        self._pay_dues(t, closing, bring)
        self._distribute(t, closing)
        if closing is not False:
            self._close(t, closing)
        for step in self.steps.values():
            step.end()
        np.add(self.for_costs, self.set_aside, out=self.balance[t])

    def _closing(self, t: int) -> Closing:
        last = t == self.periods - 1
        if self.stops is None or not self._closers.any():
            return last
        now = self._closers & (self.stops.period == t)
        now = now | (last & ~(self._closers & (self.stops.period < t)))
        return now if now.any() else False

    @property
    def _closers(self) -> npt.NDArray[np.bool_]:
        """Runs whose ending closes the accounts on the day."""
        assert self.stops is not None
        closes = np.array([self._ending(n).closes for n in self.ending_names] + [False])
        found: npt.NDArray[np.bool_] = closes[self.stops.ending]
        return found

    def _live(self, t: int) -> npt.NDArray[np.bool_] | None:
        """Runs whose accounts are still open in a period; None: all."""
        if self.stops is None:
            return None
        gone = self._closers & (self.stops.period < t)
        return ~gone if gone.any() else None

    def _stopped(self, t: int) -> npt.NDArray[np.bool_] | None:
        """Runs in which nothing more is drawn; None: none."""
        if self.stops is None:
            return None
        whole = np.array([self._ending(n).cancels is None for n in self.ending_names] + [False])
        stopped = whole[self.stops.ending] & (self.stops.period <= t)
        return stopped if stopped.any() else None

    def _costs_over(self, t: int) -> npt.NDArray[np.bool_] | None:
        """Runs whose costs have lapsed; None: none."""
        stopped = self._stopped(t)
        if stopped is None or self.stops is None:
            return None
        notice = np.array([self._ending(n).notice for n in self.ending_names] + [0])
        over = stopped & (self.stops.period + notice[self.stops.ending] <= t)
        return over if over.any() else None

    def _no_cost_from(self, t: int, *, known_in: int) -> Closing:
        """Runs in which no cost falls due from a period on, as is known in a period."""
        if t > self.last_cost:
            return True
        over = self._costs_over(t)
        if over is None or self.stops is None:
            return False
        return over & (self.stops.period <= known_in)

    def _ending(self, name: str) -> Ending:
        return STOPPED if name == DELIVERY_STOPS else self.capital.endings[name]

    # --- 1 to 3: what comes in, and endings -------------------------------------------------------

    def _grow(self, t: int, live: npt.NDArray[np.bool_] | None) -> None:
        """Interest on the balance brought forward, and on what is outstanding."""
        clause = self.capital.account
        if clause.interest != 0.0 and t > 0:
            rate = self.known.at(t, clause.interest, "capital.account.interest")
            growth = (1 + np.asarray(rate)) ** (1 / self.per_year) - 1
            if live is not None:
                growth = growth * live
            self._move(BANK, ACCOUNT, "interest", t, (self.for_costs + self.set_aside) * growth)
            self.for_costs = self.for_costs * (1 + growth)
            self.set_aside = self.set_aside * (1 + growth)
        for holding in self.holdings.values():
            holding.accrue(t)
        for step in self.steps.values():
            step.begin(t)

    def _receive(self, income: Floats) -> None:
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

    def _settle(self, t: int) -> None:
        """Sums between two parties that may run either way: into the account, then out of it."""
        live = self._live(t)
        out: list[tuple[str, Floats]] = []
        for name, clause in self.capital.settlements.items():
            if t != (self.periods - 1 if clause.at is None else clause.at):
                continue
            amount = self.known.at(t, clause.amount, f"capital.settlements.{name}.amount")
            amount = np.broadcast_to(np.asarray(amount, dtype=float), (self.runs,))
            if live is not None:
                amount = amount * live
            sides = (clause.giver, clause.taker)
            for (giver, taker), signed in ((sides, amount), (sides[::-1], -amount)):
                part = np.maximum(signed, 0.0)
                if giver == ACCOUNT:
                    out.append((taker, part))
                    continue
                if giver in self.holdings:
                    self.holdings[giver].flow("paid", t, part)
                if taker == ACCOUNT:
                    self._receive(part)
                self._sum(giver, taker, t, part)
        if out:  # the account gives no more than it has
            whole = sum((part for _, part in out), np.zeros(self.runs))
            share = share_of(self._take(whole), whole, otherwise=0.0)
            for taker, part in out:
                self._sum(ACCOUNT, taker, t, part * share)

    def _sum(self, giver: str, taker: str, t: int, amount: Floats) -> None:
        """Note a settlement, and what a tranche has of it."""
        if not amount.any():
            return
        if taker in self.holdings:
            self.holdings[taker].flow("settled", t, amount)
        self._move(giver, taker, "settlement", t, amount)

    def _test_endings(self, t: int) -> None:
        """Note the first ending that holds in each run."""
        for index, name in enumerate(self.ending_names):
            clause = self._ending(name)
            if (t != clause.at) if clause.at is not None else (t < (clause.begin or 0)):
                continue
            holds = (self.found_ending < 0) & self._holds(t, name, clause)
            self.found_period[holds] = t
            self.found_ending[holds] = index

    def _holds(self, t: int, name: str, clause: Ending) -> npt.NDArray[np.bool_]:
        holds = np.ones(self.runs, dtype=bool)
        figures = {
            "balance": lambda: self.for_costs + self.set_aside,
            "drawn": lambda: sum(h.drawn for h in self.holdings.values()),
            "unmet": lambda: self.unmet_so_far,
        }
        for figure, test in clause.when.items():
            path = f"capital.endings.{name}.if.{figure}"
            if figure in figures:
                value: Value = figures[figure]()
            else:
                value = self.known.figure(t, figure)
            holds &= self.known.meets(t, value, test, path)
        if clause.chance is not None:
            chance = self.known.at(t, clause.chance, f"capital.endings.{name}.chance")
            holds &= self.lots_of_luck[name] < chance
        return holds

    # --- 4 to 6: costs ----------------------------------------------------------------------------

    def _fall_due(self, t: int, income: Floats) -> dict[str, Value]:
        """Costs of the period with what was carried, by cost; scheduled draws are paid in."""
        outstanding: Value = 0.0
        undrawn: Value = 0.0
        commitments = sum(h.clause.commitment for h in self.holdings.values())
        if self.costs.following:
            outstanding = sum(h.outstanding for h in self.holdings.values() if not h.grant)
            undrawn = sum(h.undrawn for h in self.holdings.values())
        due = self.costs.due(
            t,
            {"payments": income, "commitments": commitments, "undrawn": undrawn,
             "outstanding": outstanding},
        )  # fmt: skip
        over = self._costs_over(t)
        for name, amount in due.items():
            if over is not None:
                due[name] = amount * ~over
            if name in self.costs.tax:
                due[name] = due[name] * (1 + self.costs.tax[name])
        for amount in due.values():
            self.due[t] += amount
        for name in self.waits:
            self.waiting[name] = self.waiting[name] + due.pop(name)
        for name, amount in self.carried.items():
            due[name] = due[name] + amount
        self.carried = {}
        stopped = self._stopped(t)
        for holding in self.holdings.values():
            draw = holding.clause.draw
            share = (1.0 if t == 0 else 0.0) if draw == "at_once" else 0.0
            share = draw.get(t, 0.0) if isinstance(draw, dict) else share
            if share:
                amount = np.minimum(holding.undrawn, share * holding.clause.commitment)
                self._drawn(t, holding, amount if stopped is None else amount * ~stopped)
        return due

    def _draw(self, t: int, due: Mapping[str, Value]) -> None:
        """Draw as needed what costs still lack, in order, equals in proportion to what is undrawn."""
        self._due_now: Value = sum(due.values()) if due else 0.0
        if not np.any(self._due_now):
            return
        lack = np.maximum(self._due_now - self.for_costs, 0.0)
        stopped = self._stopped(t)
        if stopped is not None:
            lack = lack * ~stopped
        for rank in self.capital.draws:
            mine = [self.holdings[n] for n in rank if self.holdings[n].clause.draw == "as_needed"]
            if len(mine) == 1:
                amount = np.minimum(lack, mine[0].undrawn)
                self._drawn(t, mine[0], amount)
                lack = lack - amount
            elif mine:
                undrawn = sum((h.undrawn for h in mine), np.zeros(self.runs))
                whole = np.minimum(lack, undrawn)
                for holding, part in zip(mine, [h.undrawn for h in mine], strict=True):
                    amount = np.minimum(whole * share_of(part, undrawn, otherwise=0.0), part)
                    self._drawn(t, holding, amount)
                lack = lack - whole

    def _drawn(self, t: int, holding: Holding, amount: Floats) -> None:
        holding.flow("drawn", t, amount)
        self.for_costs = self.for_costs + amount

    def _meet(self, t: int, due: Mapping[str, Value], closing: Closing) -> None:
        """Meet costs, in proportion if money is short."""
        if not np.any(self._due_now):
            return
        met = np.minimum(self._due_now, self.for_costs)
        self.met[t] += met
        self.for_costs = self.for_costs - met
        short = self._due_now - met
        short = np.where(short > ROUNDING * self._due_now, short, 0.0)
        if self.receivers:
            self._to_receivers(t, due, share_of(met, met + short, otherwise=0.0))
        if not np.any(short):
            return
        if self.capital.on_shortfall == "carried_forward" and closing is not True:
            on = short if closing is False else np.where(closing, 0.0, short)
            part = share_of(on, met + short, otherwise=0.0)
            self.carried = {name: amount * part for name, amount in due.items()}
            short = short - on
        self.unmet[t] += short
        self.unmet_so_far = self.unmet_so_far + short

    def _to_receivers(self, t: int, due: Mapping[str, Value], share: Value) -> None:
        """Who receives what is met: costs to others than the provider, and tax within them."""
        assert self.contract.delivery is not None
        for name in self.receivers & due.keys():
            clause = self.contract.delivery.costs[name]
            paid = due[name] * share
            if name in self.costs.tax:
                tax = self.costs.tax[name]
                self._move(ACCOUNT, TAX_AUTHORITY, "tax", t, paid * (tax / (1 + np.asarray(tax))))
                paid = paid / (1 + np.asarray(tax))
            if clause.to != "provider":
                self._move(ACCOUNT, clause.to, "cost", t, paid)

    # --- 7: dues ----------------------------------------------------------------------------------

    def _pay_dues(self, t: int, closing: Closing, bring: Bring) -> None:
        """Pay interest, then principal, that is due today, down the order; equals in proportion."""
        redeemed = self._redeemed(t, closing)
        coupons = {name: self.holdings[name].owed for name in redeemed}
        if closing is not False:
            for holding in self.holdings.values():
                if not holding.grant:
                    holding.close(t, closing)
        if closing is False and not any(self.has_dues.values()):
            return
        owed = {
            name: self._due(t, name, closing, redeemed, coupons)
            for name, holding in self.holdings.items()
            if not holding.grant and (closing is not False or self.has_dues[name])
        }
        for rank in self.capital.ranks:
            for part in ("interest", "principal"):
                places = [place.partition(".") for place in rank]
                names = [n for n, _, only in places if n in owed and only in ("", part)]
                dues = {name: owed[name][part] for name in names}
                self._pay_ranked(t, dues, part, bring, redeemed)

    def _due(
        self,
        t: int,
        name: str,
        closing: Closing,
        redeemed: Mapping[str, Floats],
        coupons: Mapping[str, Value],
    ) -> dict[str, Value]:
        """What a tranche is due today, interest and principal: of one that is redeemed, coupons due
        by today, and the redemption."""
        holding = self.holdings[name]
        interest = holding.interest_due(t)
        principal = holding.principal_due(t, closing, interest)
        if name in redeemed:
            now = self._redeems(t, name)
            interest = np.where(now, coupons[name], interest)
            principal = np.where(now, redeemed[name], principal)
        return {"interest": interest, "principal": principal}

    def _redeems(self, t: int, tranche: str) -> npt.NDArray[np.bool_]:
        """Runs in which an ending redeems a tranche in this period."""
        if self.stops is None:
            return np.zeros(self.runs, dtype=bool)
        which = np.array([tranche in self._ending(n).redeem for n in self.ending_names] + [False])
        found: npt.NDArray[np.bool_] = which[self.stops.ending] & (self.stops.period == t)
        return found

    def _redeeming(self, t: int) -> npt.NDArray[np.bool_]:
        """Runs in which an ending redeems any tranche in this period."""
        assert self.stops is not None
        which = np.array([bool(self._ending(n).redeem) for n in self.ending_names] + [False])
        found: npt.NDArray[np.bool_] = which[self.stops.ending] & (self.stops.period == t)
        return found

    def _redeemed(self, t: int, closing: Closing) -> dict[str, Floats]:
        """What endings that hold now give tranches in place of all that was due."""
        found: dict[str, Floats] = {}
        if self.stops is None or closing is False:
            return found
        for index, name in enumerate(self.ending_names):
            now = (self.stops.ending == index) & (self.stops.period == t)
            if not now.any():
                continue
            for tranche, redemption in self._ending(name).redeem.items():
                path = f"capital.endings.{name}.redeem.{tranche}"
                worth = self.holdings[tranche].redeem(t, now, redemption, path)
                found[tranche] = found.get(tranche, np.zeros(self.runs)) + worth
        return found

    def _pay_ranked(
        self,
        t: int,
        dues: Mapping[str, Value],
        part: str,
        bring: Bring,
        redeemed: Mapping[str, Floats],
    ) -> None:
        """Pay what is due to equals: what their payers bring, then what the account holds."""
        due_now: dict[str, Floats] = {
            n: due + np.zeros(self.runs) for n, due in dues.items() if np.any(due)
        }
        if not due_now:
            return
        due_from = {name: self.holdings[name].clause.due_from for name in due_now}
        wanted: dict[str, dict[str, Floats]] = {}
        for name, payer in due_from.items():
            if payer is not None:
                asked = due_now[name]
                if name in redeemed and part == "principal":
                    asked = asked * ~self._redeems(t, name)
                wanted.setdefault(payer, {})[name] = asked
        for name, amount in bring(t, wanted).items() if wanted else ():
            self._bring(t, due_from[name] or "", name, amount)
            self._pay(t, name, part, amount)  # it is for this tranche and no other
            due_now[name] = due_now[name] - amount
        whole = sum(due_now.values(), np.zeros(self.runs))
        paid = self._take(whole)
        share = share_of(paid, whole, otherwise=0.0)
        for name, due in due_now.items():
            self._pay(t, name, part, due * share)
            if name in redeemed and part == "principal":
                self._bring_gap(t, name, due - due * share)

    def _bring(self, t: int, payer: str, tranche: str, amount: Floats) -> None:
        key = (payer, tranche)
        if key not in self.brought:
            self.brought[key] = np.zeros((self.periods, self.runs))
        self.brought[key][t] += amount

    def _bring_gap(self, t: int, tranche: str, lack: Floats) -> None:
        """What a redemption lacks is brought by whoever the ending names."""
        assert self.stops is not None
        for index, name in enumerate(self.ending_names):
            clause = self._ending(name)
            if tranche not in clause.redeem or clause.paid_by is None:
                continue
            gap = lack * ((self.stops.ending == index) & (self.stops.period == t))
            if not gap.any():
                continue
            if clause.paid_by in self.contract.payments.payers:
                self._bring(t, clause.paid_by, tranche, gap)
            else:
                self._move(clause.paid_by, ACCOUNT, "redemption", t, gap)
            self._pay(t, tranche, "principal", gap)

    def _pay(self, t: int, name: str, part: str, amount: Floats) -> None:
        """Pay a tranche interest or principal."""
        holding = self.holdings[name]
        holding.flow(part, t, amount)
        if part == "interest":
            holding.pay_interest(amount)
            self.profit = self.profit + amount
            self.profits[name] = self.profits[name] + amount
        else:
            holding.outstanding = np.maximum(holding.outstanding - amount, 0.0)

    def _take(self, amount: Floats) -> Floats:
        """Take up to an amount out of the account: first from what may not meet costs."""
        first = np.minimum(amount, self.set_aside)
        then = np.minimum(amount - first, self.for_costs)
        self.set_aside = self.set_aside - first
        self.for_costs = self.for_costs - then
        return first + then

    # --- 8: distribution --------------------------------------------------------------------------

    def _is_date(self, t: int) -> bool:
        dates = self.capital.distribution
        if isinstance(dates, Every):
            return t >= dates.begin and (t - dates.begin) % dates.every == 0
        if isinstance(dates, tuple):
            return t in dates
        return dates == "each_period" or (dates == "after_delivery" and t >= self.last_cost)

    def _distribute(self, t: int, closing: Closing) -> None:
        """Distribute what lies above the reserve, down the order."""
        everyone = self._is_date(t)
        early = self._after_ending(t) if self.stops is not None and not everyone else None
        if not everyone and closing is False and early is None:
            return
        left = self.set_aside
        reserve = self.capital.account.reserve
        if self.stops is not None:  # nothing after a close; a redemption leaves the rest to one
            gone = self._redeeming(t)
            live = self._live(t)
            left = left * (~gone if live is None else live & ~gone)
        if reserve != 0.0:
            kept = self.known.at(t, reserve, "capital.account.reserve")
            kept = np.where(closing, 0.0, kept)
            left = np.minimum(left, np.maximum(left + self.for_costs - kept, 0.0))
        if not everyone:
            where: Closing = closing if early is None else (closing | early)
            left = np.where(where, left, 0.0)
        before, held = left, np.zeros(self.runs)
        for rank in self.capital.ranks:
            if not left.any():
                break
            left, blocked = self._distribute_rank(t, rank, left, closing)
            held = held + np.where(blocked, left, 0.0)
            left = np.where(blocked, 0.0, left)
        self.set_aside = self.set_aside - (before - left - held)
        if closing is not False and self.stops is not None:
            self._leave(t)

    def _after_ending(self, t: int) -> npt.NDArray[np.bool_] | None:
        """Where delivery is over early, what was to wait for its end need not."""
        if self.capital.distribution != "after_delivery":
            return None
        over = self._no_cost_from(t + 1, known_in=t)
        return None if isinstance(over, bool) else over

    def _distribute_rank(
        self, t: int, rank: Sequence[str], left: Floats, closing: Closing
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Pay one rank out of what is left; what remains, and runs in which nothing passes it."""
        blocked = np.zeros(self.runs, dtype=bool)
        for part in ("interest", "principal"):
            wants: dict[str, Value] = {}
            for place in rank:
                name, _, only = place.partition(".")
                if name not in self.holdings or only not in ("", part):
                    continue
                holding = self.holdings[name]
                if holding.clause.repaid != "as_available":
                    continue
                if part == "principal":
                    wants[name] = np.where(closing, 0.0, holding.outstanding)
                elif holding.how == "rolled_up":
                    wants[name] = holding.rolled
            wants = {name: want for name, want in wants.items() if np.any(want)}
            if wants:
                whole = sum(wants.values(), np.zeros(self.runs))
                paid = np.minimum(whole, left)
                share = share_of(paid, whole, otherwise=0.0)
                for name, want in wants.items():
                    self._pay(t, name, part, want * share)
                left = left - paid
            if part == "principal":
                for place in rank:
                    name, _, only = place.partition(".")
                    holding_or_none = self.holdings.get(name)
                    if holding_or_none is None or only == "interest":
                        continue
                    if holding_or_none.clause.due_from is None:
                        blocked |= holding_or_none.still_owed(t, closing) > holding_or_none.tiny
        for place in rank:
            if place in self.waiting:
                paid = np.minimum(self.waiting[place], left)
                self.waiting[place] = self.waiting[place] - paid
                self.met[t] += paid
                self._to_receivers(t, {place: paid}, 1.0)
                left = left - paid
            elif place in self.steps:
                left = self._step(t, self.steps[place], left)
        return left, blocked

    def _step(self, t: int, step: StepRun, left: Floats) -> Floats:
        """One step of surplus."""
        amount = np.minimum(left, step.wants(t, self.profit, self.profits, self.receipts))
        if not amount.any():
            return left
        self.profit = self.profit + amount
        for name, share in step.shares.items():
            part = amount * share if share != 1 else amount
            self.profits[name] = self.profits[name] + part
            if name in self.holdings:
                self.holdings[name].flow("surplus", t, part)
            else:
                self.receipts[name] = self.receipts[name] + part
                self._hand(t, name, part, "surplus")
        return left - amount

    def _hand(self, t: int, party: str, amount: Floats, kind: str) -> None:
        """Money out of the account to a party; to a payer it is returned."""
        if party in self.contract.payments.payers:
            if party not in self.returned:
                self.returned[party] = np.zeros((self.periods, self.runs))
            self.returned[party][t] += amount
        else:
            self._move(ACCOUNT, party, kind, t, amount)

    def _leave(self, t: int) -> None:
        """After a redemption, what the account has left goes to whoever the ending names."""
        assert self.stops is not None
        for index, name in enumerate(self.ending_names):
            clause = self._ending(name)
            if clause.left_to is None:
                continue
            now = (self.stops.ending == index) & (self.stops.period == t)
            rest = (self.set_aside + self.for_costs) * now
            if rest.any():
                self._hand(t, clause.left_to, rest, "left")
                self.set_aside = self.set_aside * ~now
                self.for_costs = self.for_costs * ~now

    # --- 9: the close -----------------------------------------------------------------------------

    def _close(self, t: int, closing: Closing) -> None:
        """Guarantees pay; what is still owed is lost."""
        for name, clause in self.capital.guarantees.items():
            self._guarantee(t, name, clause, closing)
        for holding in self.holdings.values():
            holding.forget(closing)
        for name, amount in self.waiting.items():
            if np.any(amount):
                gone = np.where(closing, amount, 0.0)
                self.unmet[t] += gone
                self.waiting[name] = amount - gone

    def _guarantee(self, t: int, name: str, clause: Guarantee, closing: Closing) -> None:
        holding, path = self.holdings[clause.covers], f"capital.guarantees.{name}"
        up_to = self.known.at(t, clause.up_to, f"{path}.up_to")
        share = self.known.at(t, clause.share, f"{path}.share")
        missing = np.maximum(up_to * holding.drawn - holding.received, 0.0)
        amount = np.where(closing, missing * share, 0.0)
        if holding.name in self._all_redeemed(t):
            amount = np.where(self._redeems(t, holding.name), 0.0, amount)
        if clause.limit is not None:
            amount = np.minimum(amount, self.known.at(t, clause.limit, f"{path}.limit"))
        if amount.any():
            holding.flow("guaranteed", t, amount)
            self._move(clause.by, clause.covers, "guarantee", t, amount)

    def _all_redeemed(self, t: int) -> set[str]:
        if self.stops is None:
            return set()
        return {name for name in self.holdings if self._redeems(t, name).any()}

    def _move(self, giver: str, taker: str, kind: str, t: int, amount: Value) -> None:
        key = (giver, taker, kind)
        if key not in self.moves:
            self.moves[key] = np.zeros((self.periods, self.runs))
        self.moves[key][t] += amount

    # --- the whole --------------------------------------------------------------------------------

    def shut(self) -> npt.NDArray[np.bool_] | None:
        """Periods after the close of the accounts, (period, run); None where there are none."""
        if self.stops is None or not self._closers.any():
            return None
        late = np.arange(self.periods)[:, None] > self.stops.period
        return late & self._closers

    def found(self) -> Stops | None:
        """Where endings held, once all periods are through; None where none did."""
        if not np.any(self.found_ending >= 0):
            return None
        return Stops(self.found_period, self.found_ending)

    def result(self) -> Account:
        """What happened, once all periods are through."""
        return Account(
            costs=self.due,
            met=self.met,
            unmet=self.unmet,
            balance=self.balance,
            flows={name: holding.flows for name, holding in self.holdings.items()},
            moves=self.moves,
            brought=self.brought,
            returned=self.returned,
            lost={n: h.lost for n, h in self.holdings.items() if h.lost is not None},
            stops=self.stops,
        )


def ending_names(contract: Contract) -> list[str]:
    """Everything that can end a contract early, in the file's order."""
    if contract.capital is None:
        return []
    stops = contract.capital.on_shortfall == "delivery_stops"
    return [*contract.capital.endings, *([DELIVERY_STOPS] if stops else [])]


def without_later_starts(
    contract: Contract, people: Mapping[str, Counts], stops: Stops
) -> dict[str, Counts]:
    """Who starts, by group (period, run), where nobody does from an ending on."""
    names = ending_names(contract)
    found = {}
    for group, count in people.items():
        cohort = contract.cohort_of_group(group)
        mine = np.array(
            [
                name == DELIVERY_STOPS or contract.capital.endings[name].cancels in (None, cohort)  # type: ignore[union-attr]
                for name in names
            ]
            + [False]
        )
        gone = np.arange(len(count))[:, None] >= np.where(mine[stops.ending], stops.period, NEVER)
        found[group] = np.where(gone, 0, count).astype(count.dtype)
    return found


DELIVERY_STOPS = "delivery_stops"
"""The ending that on_shortfall: delivery_stops stands for."""
STOPPED = Ending.model_validate({"from": 0, "if": {"unmet": {"above": 0.0}}})
