"""The price corridor: the lowest price that is workable, and the highest that is worth paying."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.tables import Table
from sibmodel.happened import People
from sibmodel.margins import Margins, margins
from sibmodel.questions.one_number import fixed
from sibmodel.results import WITHHELD_ABOVE, show
from sibmodel.statistics import percentile, ratio_of_means

Floats = npt.NDArray[np.float64]

IGNORED = "Both ignore limits, floors, early endings and the chance of loss."


@dataclass(frozen=True, repr=False, eq=False)
class PriceCorridor:
    """The corridor of one rule's price.

    Attributes
    ----------
    contract : Contract
    rule, perspective : str
    runs, seed : int
    hurdle : float or None
        Rate at which the service's money is discounted; None: it is not.
    lowest, highest : array (run,)
        Lowest workable price and highest worth paying in each run [money, nominal], NaN where
        nothing is claimed, or the figure is undefined.
    own : float
        The contract's price; where it differs by group or date or is uncertain, the mean of what
        claims earn at it in the base case, before factors and agreed deadweight.
    table : DataFrame
        lowest, own, highest × expected (ratio of means), p5, p50, p95, mc_error, base_case,
        undefined (runs), note.
    """

    contract: Contract
    rule: str
    perspective: str
    runs: int
    seed: int
    hurdle: float | None
    lowest: Floats
    highest: Floats
    own: float
    table: pd.DataFrame

    @property
    def workable(self) -> float:
        """Share of runs in which the lowest price is at most the highest; NaN if undefined.

        A run in which nothing is claimed has no price that works.
        """
        if self.table.loc[["lowest", "highest"], "expected"].isna().any():
            return math.nan
        return float(_at_most(self.lowest, self.highest).mean())

    @property
    def stands(self) -> str:
        """Where the contract's own price stands among the two expected prices."""
        lowest, highest = self.table.loc[["lowest", "highest"], "expected"]
        below = self.own < lowest * (1 - 1e-12)
        above = self.own > highest * (1 + 1e-12)
        if below and above:
            return "above what is worth paying and below what is workable: no price is both"
        if below:
            return "below the lowest workable"
        if above:
            return "above the highest worth paying"
        if math.isnan(lowest) and math.isnan(highest):
            return "beside an undefined corridor"
        if math.isnan(lowest):
            return "at most the highest worth paying; the lowest workable is undefined"
        if math.isnan(highest):
            return "at least the lowest workable; the highest worth paying is undefined"
        return "within the corridor"

    def lines(self) -> list[tuple[str, str]]:
        """What is asked, and the answer."""
        money = self.contract.currency
        rows = []
        for name, question in (
            ("lowest", "Lowest workable price"),
            ("highest", "Highest worth paying"),
        ):
            note = str(self.table.loc[name, "note"])
            expected, p5, p95 = (
                float(self.table[column][name]) for column in ("expected", "p5", "p95")
            )
            if math.isnan(expected):
                rows.append((question, f"undefined: {note}"))
                continue
            text = show(expected, money)
            if not math.isnan(p5) and self.runs > 1:
                text += f"   (9 in 10 runs: {show(p5, money)} to {show(p95, money)})"
            rows.append((question, f"{text}   {note}".rstrip()))
        rows.insert(1, ("The contract's price", f"{show(self.own, money)}: {self.stands}"))
        share = "undefined" if math.isnan(self.workable) else f"in {self.workable:.0%} of runs"
        rows.append(("Some price is both", share))
        return rows

    @property
    def basis(self) -> str:
        """How money at different dates was compared, and what both prices leave out."""
        at = (
            "without a hurdle, so nominal and undiscounted"
            if self.hurdle is None
            else f"at the investors' hurdle of {100 * self.hurdle:.3g}% a year, nominal"
        )
        return f"Lowest: {at}. Highest: real present values. {IGNORED}"

    def __repr__(self) -> str:
        head = (
            f"Price corridor of {self.rule}, for {self.perspective}: {self.runs:,} runs, "
            f"seed {self.seed}"
        )
        width = max(len(question) for question, _ in self.lines())
        lines = [f"  {question:<{width}}  {answer}" for question, answer in self.lines()]
        return "\n".join([head, *lines, f"  {self.basis}"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(question)}</th>"
            f"<td style='text-align:left'>{escape(answer)}</td></tr>"
            for question, answer in self.lines()
        )
        return (
            f"<p><b>{escape(f'Price corridor of {self.rule}, for {self.perspective}')}</b>: "
            f"{self.runs:,} runs, seed {self.seed}</p><table>{rows}</table>"
            f"<p>{escape(self.basis)}</p>"
        )


def price_corridor(
    contract: Contract,
    rule: str,
    *,
    perspective: str = "society",
    runs: int = 10_000,
    seed: int = 0,
) -> PriceCorridor:
    """Between which prices of one rule a contract is workable and worth paying.

    The lowest workable price is that at which payments, with those of all other rules, just meet
    the delivery costs: in present values at the investors' hurdle, so that what they need is
    within it; where no hurdle is stated nominal and undiscounted, and finance costs nothing. The
    highest worth paying is that at which benefits just meet payments and the payers' own running
    costs, in real present values. Both are found with every limit, floor and early ending left
    out, and with one price for every claim, the rule's factors and agreed deadweight on it.

    Parameters
    ----------
    contract : Contract
    rule : str
        It pays a price for each claim of an outcome or each start of a cohort.
    perspective : str
        Whose benefits are set against the payments: ``society`` (everybody's, against what all
        payers pay), ``public`` (public parties', against what public payers pay), or a payer.
    runs, seed : int
        As in ``simulate``.

    Returns
    -------
    PriceCorridor

    Raises
    ------
    ValueError
        If the rule pays by something else than a price a claim, or costs or payments of the
        contract do not rise in a straight line with a price.
    KeyError
        If there is no such rule or perspective.

    Source
    ------
    Break-even prices by algebra, as in ``sibmodel.model.corridor``; money kept and gained is a
    straight line in the price, so two simulations before the same people give both.

    Examples
    --------
    >>> import sibmodel as sib
    >>> contract = sib.load_contract("examples/homes_and_work.yaml")
    >>> found = price_corridor(contract, "moves_in", runs=1000)
    >>> found.stands
    'within the corridor'
    """
    _check_rule(contract, rule)
    parties, payers = _perspective(contract, perspective)
    free = _without_limits(contract)
    hurdle = contract.capital.hurdle if contract.capital else None
    people = People()

    def found(one: Contract, runs: int | None) -> Margins:
        return margins(
            one,
            rule,
            hurdle=hurdle or 0.0,
            parties=parties,
            payers=payers,
            runs=runs,
            seed=seed,
            people=people,
        )

    path = f"payments.rules.{rule}.price"
    at_one, as_is = (found(one, None) for one in (fixed(free, path, 1.0), free))
    paid = float(at_one.paid[0])
    own = float(as_is.paid[0]) / paid if paid > 0 else math.nan
    step = own if own > 0 else 1.0
    contracts = [fixed(free, path, price) for price in (step, 2 * step)]
    base = _prices(step, *(found(one, None) for one in contracts))
    many = _prices(step, *(found(one, runs) for one in contracts))
    why = {
        "lowest": None if contract.delivery else "no delivery costs are stated",
        "highest": _no_value(contract, perspective, payers, many["highest"][0]),
    }
    rows = {
        name: _row(*many[name], base=_ratio(*base[name])[0], why=why[name])
        for name in ("lowest", "highest")
    }
    rows["own"] = {"expected": own, "base_case": own, "undefined": 0, "note": ""}
    by_run = {
        name: np.full(runs, np.nan) if why[name] else _by_run(*many[name])
        for name in ("lowest", "highest")
    }
    table = pd.DataFrame.from_dict(rows, orient="index").loc[["lowest", "own", "highest"]]
    table.index.name = "price"
    return PriceCorridor(
        contract, rule, perspective, runs, seed, hurdle, by_run["lowest"], by_run["highest"],
        own, table,
    )  # fmt: skip


# --- what it takes --------------------------------------------------------------------------------


def _check_rule(contract: Contract, name: str) -> None:
    rules = contract.payments.rules
    if name not in rules:
        raise KeyError(f"there is no rule called {name!r}; {did_you_mean(name, rules)}")
    rule = rules[name]
    takes = "price_corridor takes a rule with a price for each claim of an outcome, or each start"
    if rule.pays not in (*contract.outcomes, *contract.cohorts):
        raise ValueError(f"{takes}: {name} pays {rule.pays or 'on due dates'}")
    if rule.price is None:
        raise ValueError(f"{takes}: {name} pays an amount, whatever the number")
    if _banded(rule.price):
        raise ValueError(f"{takes}: the price of {name} is read off a table of numbers")
    if contract.bonds:
        raise ValueError(
            f"capital is due from a payer ({', '.join(contract.bonds)}): outcome payments are not "
            f"all that pays for delivery, and have no lowest price of their own"
        )
    for cost, clause in (contract.delivery.costs if contract.delivery else {}).items():
        if clause.of in ("undrawn", "outstanding"):
            raise ValueError(
                f"delivery.costs.{cost} follows what is {clause.of}, which no straight line ties "
                f"to a price"
            )


def _banded(price: Any) -> bool:
    """Whether a price is read against how many there are, or a performance: not by date alone."""
    if isinstance(price, Table):
        return price.form != "from" or any(_banded(part) for _, part in price.parts())
    if isinstance(price, ByGroup):
        return any(_banded(part) for part in price.by_group.values())
    return not isinstance(price, float | str | Assumption)


def _perspective(contract: Contract, name: str) -> tuple[list[str], list[str]]:
    """Whose benefits count, and whose payments."""
    if name == "society":
        return list(contract.party_names), list(contract.payer_names)
    if name == "public":
        return (
            [party for party in contract.party_names if contract.is_public(party)],
            [payer for payer in contract.payer_names if contract.is_public(payer)],
        )
    if name not in contract.payer_names:
        known = ("society", "public", *contract.payer_names)
        raise KeyError(f"there is no perspective called {name!r}; {did_you_mean(name, known)}")
    return [name], [name]


def _without_limits(contract: Contract) -> Contract:
    """The contract without limits, floors and what ends it early."""
    payments = contract.to_dict()["payments"]
    gone = [f"payments.{word}" for word in ("limits", "floors") if word in payments]
    payers = {"payments.payers": payments["payers"]}
    for name, rule in payments["rules"].items():
        if "limits" in rule:
            gone.append(f"payments.rules.{name}.limits")
        payers[f"payments.rules.{name}.payers"] = rule.get("payers") or {}
    for place, each in payers.items():
        gone += [
            f"{place}.{payer}.limits"
            for payer, said in each.items()
            if isinstance(said, dict) and "limits" in said
        ]
    if contract.capital is not None:
        said = contract.to_dict()["capital"]
        gone += [f"capital.{word}" for word in ("endings", "on_shortfall") if word in said]
    return contract.replace(dict.fromkeys(gone)) if gone else contract


def _no_value(
    contract: Contract, perspective: str, payers: list[str], gained: Floats
) -> str | None:
    """Why there is no highest price worth paying, if so."""
    if contract.value is None or not contract.value.benefits:
        return "no benefit is valued"
    if not payers:
        return f"no payer is {perspective}"
    if np.isnan(gained).all():
        return "benefits are undefined: an outcome's anyway, or what makes money real, is missing"
    return None


# --- the arithmetic -------------------------------------------------------------------------------

Parts = tuple[Floats, Floats]
"""What must be covered, or may be spent, and the units it is spread over; (run,) each."""


def _prices(step: float, once: Margins, twice: Margins) -> dict[str, Parts]:
    """Both prices as ratios, from what is kept and gained at a price and at twice that."""
    earns, costs = (twice.kept - once.kept) / step, (once.gained - twice.gained) / step
    return {
        "lowest": (earns * step - once.kept, earns),
        "highest": (once.gained + costs * step, costs),
    }


def _ratio(over: Floats, under: Floats) -> tuple[float, float]:
    return ratio_of_means(over, np.where(_some(under), under, 0.0))


def _by_run(over: Floats, under: Floats) -> Floats:
    each: Floats = np.divide(over, under, out=np.full(len(over), np.nan), where=_some(under))
    return each


def _some(units: Floats) -> npt.NDArray[np.bool_]:
    """Where anything is claimed; what is left by rounding is nothing."""
    return np.asarray(units > 1e-9)


def _row(over: Floats, under: Floats, *, base: float, why: str | None) -> dict[str, Any]:
    if why is None and not _some(under).any():
        why = "nothing is claimed under the rule"
    if why is not None:
        return {
            **dict.fromkeys(("expected", "p5", "p50", "p95", "mc_error", "base_case"), math.nan),
            "undefined": len(over),
            "note": why,
        }
    expected, error = _ratio(over, under)
    by_run = _by_run(over, under)
    defined = by_run[~np.isnan(by_run)]
    missing = len(by_run) - len(defined)
    withheld = missing > WITHHELD_ABOVE * len(by_run)
    note = f"undefined in {missing:,} runs: nothing is claimed" if missing else ""
    return {
        "expected": expected,
        **{f"p{p}": math.nan if withheld else percentile(defined, p) for p in (5, 50, 95)},
        "mc_error": error,
        "base_case": base,
        "undefined": missing,
        "note": f"{note}; percentiles withheld" if withheld else note,
    }


def _at_most(lowest: Floats, highest: Floats) -> npt.NDArray[np.bool_]:
    met = (lowest <= highest) | np.isclose(lowest, highest, rtol=1e-9, atol=0.0)
    return np.asarray(met)  # NaN compares as false
