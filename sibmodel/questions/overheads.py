"""What a contract costs beside the service, and how large it must be to be worth that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import get_args

import pandas as pd

from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost, Purpose
from sibmodel.happened import People
from sibmodel.questions.rearranged import (
    FINANCE,
    NO_COSTS,
    NOTHING,
    Data,
    nominal,
    of_finance,
    payers_of_a_sum,
    rearranged,
)
from sibmodel.results import Results, show
from sibmodel.simulation import simulate

DELIVERY, MANAGEMENT = "delivery", "management"
COSTS = "costs_present_value[society]"
WORTH = "net_present_value[society]"
_GROWS = ("per_start", "over", "per_outcome", "share", "rate", "of")
_FIXED = ("amount", "amounts", "per_period")


@dataclass(frozen=True, repr=False, eq=False)
class Overheads:
    """Costs by what they are for, and the smallest contract worth its fixed overheads.

    Attributes
    ----------
    table : DataFrame
        By purpose: ``cost``, expected, and its ``share`` of all costs; the last row is all.
    unit : str
        The currency; "real …" where costs are real present values, else they are nominal sums.
    fixed : float
        Overheads that do not grow with people.
    people : float
        Expected people who start.
    worth_each : float
        Net present value to society for each of them before fixed overheads; NaN where undefined.
    smallest : float
        People from which the contract is worth its fixed overheads; infinite where no size is.
    low, high : float
        Between which that lies, about 95% confidence, given the runs.
    note : str
        Why something is undefined, and what is assumed.
    """

    name: str
    table: pd.DataFrame
    unit: str
    runs: int
    seed: int
    fixed: float
    people: float
    worth_each: float
    smallest: float
    low: float
    high: float
    note: str

    def _told(self) -> list[tuple[str, str, str]]:
        rows = zip(self.table.index, self.table["cost"], self.table["share"], strict=True)
        return [
            (str(purpose).replace("_", " "), show(cost, self.unit), show(share, "share"))
            for purpose, cost, share in rows
        ]

    def _answer(self) -> str:
        if math.isnan(self.smallest):
            return "Smallest contract worth its fixed overheads: undefined"
        each = show(self.worth_each, self.unit)
        if math.isinf(self.smallest):
            return f"No size is worth it: before overheads each person is worth {each} to society"
        low = f"{self.low:,.0f}"
        high = "no size at all" if math.isinf(self.high) else f"{self.high:,.0f}"
        between = f" ({low} to {high}, given the runs)" if low != high else ""
        return (
            f"Smallest contract worth its fixed overheads of {show(self.fixed, self.unit)}: "
            f"{self.smallest:,.0f} people{between}; here {self.people:,.0f}, each worth {each} to "
            f"society before them"
        )

    def __repr__(self) -> str:
        rows = self._told()
        wide = [max(len(row[n]) for row in rows) for n in range(3)]
        lines = [f"  {a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
        title = f"{self.name}: costs by what they are for"
        return "\n".join([title, *lines, self._answer(), f"  {self.note}"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(purpose)}</th>"
            f"<td>{escape(cost)}</td><td>{escape(share)}</td></tr>"
            for purpose, cost, share in self._told()
        )
        return (
            f"<p><b>{escape(self.name)}: costs by what they are for</b></p><table>{rows}</table>"
            f"<p>{escape(self._answer())}</p><p>{escape(self.note)}</p>"
        )


def overheads(contract: Contract, runs: int = 10_000, *, seed: int = 0) -> Overheads:
    """Costs by purpose, and the smallest contract worth its fixed overheads.

    All costs are those of delivery and the payers' own, without tax on them (a transfer), as if
    nothing ended early. What a cost is for is its ``purpose``; if left out, delivery; of a payer's
    own, management; of what follows capital, finance.

    Parameters
    ----------
    contract : Contract
        With delivery costs.
    runs, seed : int
        As in :func:`sibmodel.simulate`.

    Returns
    -------
    Overheads

    Raises
    ------
    ValueError
        If no delivery costs are stated.

    Notes
    -----
    With fixed overheads F (``amount``, ``amounts`` and ``per_period`` of costs for anything but
    delivery) and net present value to society v for each person before them, the smallest contract
    is of F / v people. That is linear: benefits and all other costs are taken to grow with people,
    fixed costs of delivery among them, and limits and luck are left as they are.

    Examples
    --------
    >>> import sibmodel as sib
    >>> overheads(sib.library.load("closed_form_bond"), runs=10).table["share"].to_dict()
    {'delivery': 1.0, 'all': 1.0}
    """
    if contract.delivery is None:
        raise ValueError(f"{contract.name} states no delivery costs")
    whole = _without_endings(contract)
    asks = _Asks(runs, seed, People())
    results = asks.of(whole, [COSTS, WORTH, "people_started"])
    real = results.about(COSTS).undefined is None
    valued = whole if real else nominal(whole)
    by_purpose = _by_purpose(valued, asks)
    fixed = _spent(valued, *_fixed_overheads(valued), asks)
    total = math.fsum(by_purpose.values())
    rows = {
        purpose: {"cost": cost, "share": cost / total if total else math.nan}
        for purpose, cost in {**by_purpose, "all": total}.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "purpose"
    people = results.measure("people_started")
    each, error, why = math.nan, math.nan, results.reason(WORTH)
    if contract.value is not None and not contract.value.benefits:
        why = "no benefits are stated"
    elif results.about(WORTH).undefined is None:
        each, error = statistics.ratio_of_means(results.measure(WORTH) + fixed, people)
        why = "nobody starts" if math.isnan(each) else ""
    unsure = 0.0 if math.isnan(error) else 1.96 * error
    return Overheads(
        name=contract.name,
        table=table,
        unit=f"real {contract.currency}" if real else contract.currency,
        runs=results.runs,
        seed=seed,
        fixed=fixed,
        people=float(people.mean()),
        worth_each=each,
        smallest=_size(fixed, each),
        low=_size(fixed, each + unsure),
        high=_size(fixed, each - unsure),
        note=f"undefined: {why}" if why else _LINEAR,
    )


_LINEAR = (
    "Linear: benefits and all costs but fixed overheads are taken to grow with people, as they "
    "are for each person here"
)


@dataclass(frozen=True)
class _Asks:
    """How many runs, and the people they meet."""

    runs: int
    seed: int
    people: People

    def of(self, contract: Contract, measures: list[str]) -> Results:
        return simulate(
            contract,
            self.runs,
            seed=self.seed,
            keep="measures",
            measures=measures,
            people=self.people,
            progress=False,
        )


def _size(fixed: float, each: float) -> float:
    """People from which fixed overheads are worth it."""
    if math.isnan(each):
        return math.nan
    if fixed == 0:
        return 0.0 if each >= 0 else math.inf
    return fixed / each if each > 0 else math.inf


def _without_endings(contract: Contract) -> Contract:
    capital = contract.capital
    if capital is None:
        return contract
    said = capital.model_fields_set
    stops = {"endings", *({"on_shortfall"} if capital.on_shortfall == "delivery_stops" else ())}
    gone = {f"capital.{field}": None for field in sorted(stops & said)}
    return contract.replace(gone) if gone else contract


def _purposes(contract: Contract) -> tuple[dict[str, str], dict[str, str]]:
    """What each delivery cost, and each payer's own cost, is for."""
    assert contract.delivery is not None
    finance = of_finance(contract.delivery.costs)
    costs = {
        name: cost.purpose or (FINANCE if name in finance else DELIVERY)
        for name, cost in contract.delivery.costs.items()
    }
    running = contract.payments.running_costs
    return costs, {name: cost.purpose or MANAGEMENT for name, cost in running.items()}


def _by_purpose(contract: Contract, asks: _Asks) -> dict[str, float]:
    """Expected costs by purpose, those there are, in the order of the language."""
    assert contract.delivery is not None
    clauses = contract.delivery.costs
    purposes, running = _purposes(contract)
    financed = of_finance(clauses)
    said = contract.to_dict()
    found: dict[str, float] = {}
    for purpose in get_args(Purpose):
        own = {n for n, other in purposes.items() if other == purpose and n not in financed}
        payers = {n for n, other in running.items() if other == purpose}
        if not own and not payers:
            continue
        # a cost that is a share of another needs that beside it, whatever that is for
        bases = _followed(clauses, own) - own
        mine = {n: said["delivery"]["costs"][n] for n in clauses if n in own | bases}
        theirs = {n: said["payments"]["running_costs"][n] for n in payers}
        spent = _spent(contract, mine, theirs, asks)
        if bases:
            beside = {n: said["delivery"]["costs"][n] for n in bases}
            spent -= _spent(contract, beside, {}, asks)
        found[purpose] = spent
    if financed:
        rest = asks.of(contract, [COSTS]).expected(COSTS) - math.fsum(found.values())
        found[FINANCE] = found.get(FINANCE, 0.0) + rest
    return found


def _followed(costs: Mapping[str, Cost], some: set[str]) -> set[str]:
    """Costs that some are, in the end, a share of."""
    found = set(some)
    while more := {of for n in found if (of := costs[n].of) in costs and of is not None} - found:
        found |= more
    return found


def _fixed_overheads(contract: Contract) -> tuple[Data, Data]:
    """Costs for anything but delivery, without what grows with people or money."""
    said = contract.to_dict()
    purposes, running = _purposes(contract)
    sections = (
        (said["delivery"]["costs"], purposes),
        (said["payments"].get("running_costs", {}), running),
    )
    costs, own = (
        {
            name: {field: part for field, part in clauses[name].items() if field not in _GROWS}
            for name, purpose in about.items()
            if purpose != DELIVERY and any(field in clauses[name] for field in _FIXED)
        }
        for clauses, about in sections
    )
    return costs, own


def _spent(contract: Contract, costs: Data, running: Data, asks: _Asks) -> float:
    """Expected present value of some costs alone, that follow no capital."""
    if not costs and not running:
        return 0.0
    payments: Data = dict(contract.to_dict()["payments"])
    shares = [cost for cost in (*costs.values(), *running.values()) if cost.get("of") == "payments"]
    if not shares:
        payments = {"rules": NOTHING, "payers": payers_of_a_sum(contract)}
    payments = {**payments, "running_costs": running}
    made = {"payments": payments, "delivery": {"costs": costs} if costs else NO_COSTS}
    alone = rearranged(contract, made, ("capital",), None, contract.name)
    return asks.of(alone, [COSTS]).expected(COSTS)
