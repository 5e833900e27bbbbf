"""The slow twin's purse: dues, distribution and the close of one run's account, in plain floats.

Written from the contract language, part 3. What happens outside the account (payments, starts,
outcomes, readings, luck, and the values of assumptions) it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from twin_costs import TwinCosts
from twin_tables import Claim, Seen, Tables
from twin_tranche import Lot, worth

from sibmodel.contract.capital import Ending, Every, Redemption
from sibmodel.contract.contract import TAX_AUTHORITY, Contract

NIL = 1e-12
NEVER = 10**9
STOPPED = Ending.model_validate({"from": 0, "if": {"unmet": {"above": 0.0}}})
"""What on_shortfall: delivery_stops stands for."""


@dataclass
class Told:
    """What the account is told of one run.

    ``number`` gives the value of an assumption at a path; ``cash`` by payer and period, with the
    tax it holds; ``starts`` by group and ``achieved`` by outcome, by period; ``luck`` of endings;
    ``stop``: the period and name of the ending that held, if it is known.
    """

    contract: Contract
    number: Callable[[str, str | None], float]
    readings: list[Seen]
    cash: dict[str, list[float]]
    starts: dict[str, list[float]]
    achieved: dict[str, list[float]]
    luck: dict[str, float]
    stop: tuple[int, str] | None = None


class LatestTables(Tables):
    """Tables by a figure as it is known on the day."""

    def figure(self, performance: str, claim: Claim) -> float:
        """The latest reading so far."""
        mine = [s for s in self.readings if s.performance == performance and s.date <= claim.date]
        return max(mine, key=lambda seen: seen.date).value if mine else float("nan")


@dataclass
class TwinPurse:
    """One run's account: what is in it, and who is paid out of it."""

    told: Told
    found: tuple[int, str] | None = None
    lost: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract = self.told.contract
        assert self.contract.capital is not None
        self.capital = self.contract.capital
        self.periods = self.contract.timeline.periods
        self.per_year = self.contract.timeline.periods_per_year
        self.lots = {
            name: Lot(clause, self.periods, self.per_year)
            for name, clause in self.capital.tranches.items()
        }
        self.due, self.met, self.unmet, self.balance = ([0.0] * self.periods for _ in range(4))
        flows: Callable[[], list[float]] = lambda: [0.0] * self.periods  # noqa: E731
        self.moves: dict[tuple[str, str, str], list[float]] = defaultdict(flows)
        self.brought: dict[tuple[str, str], list[float]] = defaultdict(flows)
        self.returned: dict[str, list[float]] = defaultdict(flows)
        self.may = self.number(0, self.capital.account.opening, "account", "opening")
        self.may_not = 0.0
        self.carried: dict[str, float] = {}
        self.waiting: dict[str, float] = {}
        self.recycled = self.profit = 0.0
        self.profits: dict[str, float] = defaultdict(float)
        self.receipts: dict[str, float] = defaultdict(float)
        self.closed = False

    # --- reading the contract ---------------------------------------------------------------------

    def read(self, t: int, clause: object, *path: str | int) -> float:
        """A number on the day, at a path of the whole contract."""
        tables = LatestTables(self.contract, self.told.number, self.told.readings)
        day = self.contract.timeline.date(t)
        value = tables.read(path, clause, Claim("", t, day, float("nan")))
        assert isinstance(value, float | None)
        return value or 0.0

    def number(self, t: int, clause: object, *path: str | int) -> float:
        """A number of the section on capital."""
        return self.read(t, clause, "capital", *path)

    @cached_property
    def costs(self) -> TwinCosts:
        """The costs of delivery."""
        return TwinCosts(self.contract, self.read, self.told.starts, self.told.achieved)

    @cached_property
    def ranks(self) -> list[list[str]]:
        """The order, with ``a`` written out as a.interest, a.principal; equals together."""
        found = []
        for rank in self.capital.ranks:
            parts = {n: n.partition(".") for n in rank}
            for part in ("interest", "principal"):
                mine = [n for n, _, only in parts.values() if n in self.lots and only in ("", part)]
                found += [[f"{n}.{part}" for n in mine]] if mine else []
            others = [n for n in rank if parts[n][0] not in self.lots]
            found += [others] if others else []
        return found

    @cached_property
    def ending(self) -> Ending | None:
        """The ending that held, if it ends the whole contract."""
        if self.told.stop is None:
            return None
        name = self.told.stop[1]
        clause = self.capital.endings.get(name, STOPPED)
        return None if clause.cancels is not None else clause

    def redeeming(self, t: int) -> dict[str, Redemption]:
        """What an ending that holds in this period gives tranches."""
        return self.ending.redeem if self.ending is not None and self.ended == t else {}

    @property
    def ended(self) -> int:
        """The period in which it held."""
        return self.told.stop[0] if self.told.stop is not None and self.ending else NEVER

    def no_cost_from(self, t: int) -> bool:
        """Whether no cost can fall due from a period on, as is known in the period before."""
        if t > self.costs.last(waiting=self.costs_that_wait):
            return True
        return self.ending is not None and self.ended + self.ending.notice <= t

    @cached_property
    def costs_that_wait(self) -> list[str]:
        """Costs named in the order."""
        return [n for rank in self.ranks for n in rank if n in self.costs.clauses]

    @property
    def last_foreseen(self) -> int:
        """The last period in which the contract foresees a cost."""
        return self.costs.last(waiting=self.costs_that_wait)

    def meet_cost(self, t: int, name: str, amount: float) -> None:
        """A cost is met: to its receiver, and the tax in it to the tax authority."""
        self.met[t] += amount
        clause = self.costs.clauses[name]
        tax = amount - amount / (1 + self.costs.tax(name))
        if tax:
            self.moves["account", TAX_AUTHORITY, "tax"][t] += tax
        if clause.to != "provider":
            self.moves["account", clause.to, "cost"][t] += amount - tax

    # --- 7: dues ----------------------------------------------------------------------------------

    def pay_dues(self, t: int, closing: bool) -> None:
        """Down the order: interest due with arrears, principal due; equals in proportion."""
        dues: dict[str, float] = {}
        redeem = self.redeeming(t)
        for name, lot in self.lots.items():
            if lot.grant:
                continue
            path = ("tranches", name)
            level = self.rate(t, name) if lot.level else 0.0
            interest = lot.interest_due(t, level)
            principal = lot.principal_due(t, level)
            if closing:
                rate = self.rate(t, name) if lot.reads_at_close else 0.0
                interest = lot.interest_at_close(t, rate)
                share = self.number(t, lot.clause.principal, *path, "principal")
                principal = max(share * lot.drawn - lot.repaid, 0.0)
            if name in redeem:
                interest, gift = lot.arrears, redeem[name]  # coupons due by today are still due
                here = ("endings", self.told.stop[1], "redeem", name)  # type: ignore[index]
                if gift.irr is not None:
                    principal = worth([lot], t, self.number(t, gift.irr, *here, "irr")) - interest
                else:
                    share = self.number(t, gift.of_drawn, *here, "of_drawn")
                    principal = share * lot.drawn - lot.repaid
            dues[f"{name}.interest"], dues[f"{name}.principal"] = interest, max(principal, 0.0)
        self.still_due = dues
        above_steps = True
        for rank in self.ranks:
            above_steps = above_steps and not any(place in self.capital.steps for place in rank)
            # what waits above all surplus is due at the close, in its place
            for cost in rank if closing and above_steps else ():
                if cost in self.waiting:
                    self.distribute_to(t, cost, self.take(self.waiting[cost]))
            mine = [place for place in rank if dues.get(place, 0.0) > 0]
            gifts = [place for place in mine if place in {f"{name}.principal" for name in redeem}]
            self.bring(t, [place for place in mine if place not in gifts])
            whole = sum(dues[place] for place in mine)
            paid = self.take(whole)
            for place in mine:
                self.pay(t, place, paid * (dues[place] / whole) if whole else 0.0)
            for place in gifts:
                if self.ending.paid_by:  # type: ignore[union-attr]
                    gap, by = dues[place], self.ending.paid_by  # type: ignore[union-attr]
                    if by in self.contract.payments.payers:
                        self.brought[by, place.partition(".")[0]][t] += gap
                    else:
                        self.moves[by, "account", "redemption"][t] += gap
                    self.pay(t, place, gap)

    def bring(self, t: int, places: Iterable[str]) -> None:
        """Payers bring what is due from them, within their limits, then within the contract's."""
        wanted: dict[str, dict[str, float]] = defaultdict(dict)
        for place in places:
            payer = self.lots[place.partition(".")[0]].clause.due_from
            if payer is not None:
                wanted[payer][place] = self.still_due[place]
        for payer, dues in wanted.items():
            fits = self.fits(t, sum(dues.values()), payer)
            wanted[payer] = {place: due * fits for place, due in dues.items()}
        fits = self.fits(t, sum(sum(dues.values()) for dues in wanted.values()), None)
        for payer, dues in wanted.items():
            for place, due in dues.items():
                self.brought[payer, place.partition(".")[0]][t] += due * fits
                self.pay(t, place, due * fits)

    def fits(self, t: int, amount: float, payer: str | None) -> float:
        """The share of an amount that fits under a payer's limits, or under the contract's."""
        payments = self.contract.payments
        names = [*payments.payers] if payer is None else [payer]
        limits = payments.limits if payer is None else payments.payers[payer].limits
        tax = payments.tax
        on_top = 1.0 if tax is None or tax.included else 1 + tax.rate
        year = t // self.per_year * self.per_year
        total = limits.contract if payer is None else limits.total  # type: ignore[union-attr]
        left = amount
        for first, size in ((t, limits.period), (year, limits.year), (0, total)):
            if size is not None:
                paid = [self.told.cash[name] for name in names]
                brought = [flow for (by, _), flow in self.brought.items() if by in names]
                used = sum(sum(cash[first : t + 1]) / on_top for cash in paid)
                used += sum(sum(cash[first : t + 1]) for cash in brought)
                left = max(min(left, size.amount - used), 0.0)
        return left / amount if amount > 0 else 0.0

    def pay(self, t: int, place: str, amount: float) -> None:
        """Pay a tranche interest or principal that is due."""
        name, _, part = place.partition(".")
        lot = self.lots[name]
        lot.flow(part, t, amount)
        if place in getattr(self, "still_due", {}):
            self.still_due[place] -= amount
        if part == "interest":
            lot.pay_interest(amount)
            self.profit += amount
            self.profits[name] += amount

    def take(self, amount: float) -> float:
        """Out of the account, first from the side that may not meet costs."""
        first = min(amount, self.may_not)
        then = min(amount - first, self.may)
        self.may_not -= first
        self.may -= then
        return first + then

    # --- 8: distribution --------------------------------------------------------------------------

    def is_date(self, t: int) -> bool:
        """Whether this period is one of distribution."""
        dates = self.capital.distribution
        if isinstance(dates, Every):
            return t >= dates.begin and (t - dates.begin) % dates.every == 0
        if isinstance(dates, tuple):
            return t in dates
        if dates == "after_delivery":
            return t >= self.last_foreseen or (self.ended <= t and self.no_cost_from(t + 1))
        return dates == "each_period"

    def distribute(self, t: int, closing: bool) -> None:
        """What lies above the reserve, down the order."""
        kept = self.number(t, self.capital.account.reserve, "account", "reserve")
        above = self.may + self.may_not - (0.0 if closing else kept)
        left = max(min(self.may_not, above), 0.0)
        self.may_not -= left
        for rank in self.ranks:
            wants = {place: self.wants(t, place, closing) for place in rank}
            whole = sum(wants.values())
            shared = min(whole, left)
            for place, want in wants.items():
                amount = left if want == float("inf") else shared * want / whole if whole else 0.0
                self.distribute_to(t, place, amount)
            left -= shared
            if any(self.is_in_the_way(place, closing) for place in rank):
                break
        self.may_not += left

    def wants(self, t: int, place: str, closing: bool) -> float:
        """The most that a place in the order takes now."""
        name, _, part = place.partition(".")
        if name in self.capital.steps:
            return self.step_wants(t, name)
        if name in self.waiting:
            return self.waiting[name]
        lot = self.lots[name]
        if lot.clause.repaid != "as_available" or closing:  # at the close it is all due
            return 0.0
        return lot.outstanding if part == "principal" else lot.rolled

    def is_in_the_way(self, place: str, closing: bool) -> bool:
        """Whether a tranche is still owed principal, that no other party must find."""
        name, _, part = place.partition(".")
        if part != "principal" or self.lots[name].clause.due_from is not None:
            return False
        owed = self.still_due[place] if closing else self.lots[name].outstanding
        return owed > NIL * self.lots[name].drawn

    def distribute_to(self, t: int, place: str, amount: float) -> None:
        """Pay a place in the order."""
        if place in self.waiting:
            self.waiting[place] -= amount
            self.meet_cost(t, place, amount)
        elif place not in self.capital.steps:
            self.pay(t, place, amount)
        else:
            self.profit += amount
            for name, share in self.capital.steps[place].shares.items():
                self.profits[name] += amount * share
                if name in self.lots:
                    self.lots[name].flow("surplus", t, amount * share)
                else:
                    self.receipts[name] += amount * share
                    self.hand(t, name, amount * share, "surplus")

    def step_wants(self, t: int, name: str) -> float:
        """How far a step of surplus still goes."""
        step = self.capital.steps[name]
        until = step.until
        if until is None:
            return float("inf")
        level = self.number(t, getattr(until, until.kind), "surplus", name, "until", until.kind)
        share = sum(step.shares.get(one, 0.0) for one in step.measured)
        lots = [self.lots[one] for one in step.measured if one in self.lots]
        if until.kind == "share_of_profit":
            have = sum(self.profits[one] for one in step.measured)
            return max(level * self.profit - have, 0.0) / (share - level)
        if until.kind == "irr":
            return max(worth(lots, t, level), 0.0) / share
        got = sum(lot.received for lot in lots)
        got += sum(self.receipts[one] for one in step.measured if one not in self.lots)
        wanted = level if until.kind == "amount" else level * sum(lot.drawn for lot in lots)
        return max(wanted - got, 0.0) / share

    def hand(self, t: int, party: str, amount: float, kind: str) -> None:
        """Money to a party; what goes to a payer is returned."""
        if party in self.contract.payments.payers:
            self.returned[party][t] += amount
        else:
            self.moves["account", party, kind][t] += amount

    # --- 9: the close -----------------------------------------------------------------------------

    def close(self, t: int) -> None:
        """Guarantees pay; what is still owed is lost, and costs that wait are unmet."""
        self.closed = True
        redeem = self.redeeming(t)
        for name, clause in self.capital.guarantees.items():
            lot, path = self.lots[clause.covers], ("guarantees", name)
            up_to = self.number(t, clause.up_to, *path, "up_to")
            amount = max(up_to * lot.drawn - lot.received, 0.0)
            amount *= self.number(t, clause.share, *path, "share")
            if clause.limit is not None:
                amount = min(amount, self.number(t, clause.limit, *path, "limit"))
            if clause.covers not in redeem:
                lot.flow("guaranteed", t, amount)
                self.moves[clause.by, clause.covers, "guarantee"][t] += amount
        for name, lot in self.lots.items():
            if not lot.grant:
                self.lost[name] = lot.outstanding
        self.unmet[t] += sum(self.waiting.values())
        self.waiting = dict.fromkeys(self.waiting, 0.0)
