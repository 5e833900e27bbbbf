"""What becomes of a contract whose prices are fixed if inflation is a point higher."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost
from sibmodel.contract.value import Prices, first_year
from sibmodel.questions.compare import Comparison, compare
from sibmodel.results import Results, show

Number = float | str | Assumption | ByGroup


def higher_inflation(contract: Contract, by: float = 0.01) -> Contract:
    """The contract with inflation so much higher from the year after its start.

    What prices are, and what costs rise by, goes up; the rate card, limits and capital are nominal
    and stay. Years up to that of the timeline's start keep their price levels: they have happened.

    Parameters
    ----------
    contract : Contract
        Its ``prices.inflation`` must be stated.
    by : float
        Added to inflation [share a year].

    Returns
    -------
    Contract
        Called as it was, with the inflation added.

    Raises
    ------
    ValueError
        If ``prices.inflation`` is not stated, or a cost's inflation is uncertain in a form that
        cannot be shifted.

    Examples
    --------
    >>> import sibmodel as sib
    >>> contract = sib.load_contract("examples/homes_and_work.yaml")
    >>> dearer = higher_inflation(contract)
    >>> dearer.prices.inflation, dearer.delivery.costs["team"].inflation
    (0.03, 0.01)
    """
    prices = contract.prices
    if prices is None or prices.inflation is None:
        raise ValueError(
            "prices.inflation is not stated, so there is nothing that could be higher: add it, "
            "prices: {base: 2027-28, inflation: 0.02}"
        )
    changes: dict[str, Any] = {"prices.inflation": _sum(prices.inflation, by)}
    series = _series(contract, prices, by)
    if series:
        changes["prices.deflator"] = series
    for path, cost in _costs(contract).items():
        changes |= _raised(contract, f"{path}.inflation", cost.inflation, by)
    return contract.replace(changes, name=f"{contract.name}, inflation {_points(by)}")


def _points(by: float) -> str:
    """So much more inflation, in words: +1 point, −0.5 points."""
    text = f"{100 * by:+g} point{'' if math.isclose(abs(by), 0.01) else 's'}"
    return text.replace("-", "−")


def _sum(number: float, by: float) -> float:
    return round(number + by, 12)  # 0.02 + 0.01 is 0.03


def _costs(contract: Contract) -> dict[str, Cost]:
    """Costs that state money of their own, by path: a share of something rises with that."""
    delivery = contract.delivery.costs if contract.delivery else {}
    places = {f"delivery.costs.{name}": cost for name, cost in delivery.items()}
    running = contract.payments.running_costs
    places |= {f"payments.running_costs.{name}": cost for name, cost in running.items()}
    own = ("amount", "amounts", "per_period", "per_start", "per_outcome")
    return {
        path: cost
        for path, cost in places.items()
        if any(getattr(cost, field) not in (None, {}) for field in own)
    }


# --- the price level ------------------------------------------------------------------------------


def _series(contract: Contract, prices: Prices, by: float) -> dict[str, float]:
    """The deflator: as it was to the year of the start, then growing by more; none if none needed.

    Beyond its last year it goes on at the higher inflation, and before its first it is not asked.
    """
    assert prices.inflation is not None
    old = {first_year(label): level for label, level in prices.series.items()}
    start, base = _year(contract.timeline.start, prices.base), first_year(prices.base)
    benefits = contract.value.benefits.values() if contract.value else ()
    asked = {first_year(benefit.prices) for benefit in benefits if benefit.prices is not None}
    first, last = min({start, base, *old, *asked}), max({start, base, *old, *asked})
    if not old and first == last:
        return {}
    old = old or {base: 1.0}
    for year in range(max(old) + 1, last + 1):
        old[year] = old[year - 1] * (1 + prices.inflation)
    for year in range(min(old) - 1, first - 1, -1):
        old[year] = old[year + 1] / (1 + prices.inflation)
    new = {year: old[year] for year in range(first, start + 1)}
    for year in range(start + 1, last + 1):
        new[year] = new[year - 1] * (old[year] / old[year - 1] + by)
    return {_label(year, prices.base): level for year, level in new.items()}


def _year(day: dt.date, kind: str) -> int:
    """The year a day is in: April to March where ``kind`` is like 2027-28."""
    return day.year - (len(kind) == 7 and (day.month, day.day) < (4, 1))


def _label(year: int, kind: str) -> str:
    return f"{year}-{(year + 1) % 100:02d}" if len(kind) == 7 else str(year)


# --- what costs rise by ---------------------------------------------------------------------------


def _raised(contract: Contract, path: str, number: Number, by: float) -> dict[str, Any]:
    """The change that adds to one number, wherever it stands."""
    if isinstance(number, ByGroup):
        parts = {f"{path}.by_group.{group}": one for group, one in number.by_group.items()}
        return {p: c for at, n in parts.items() for p, c in _raised(contract, at, n, by).items()}
    if not isinstance(number, str):
        return {path: _shifted(path, number, by)}
    named = contract.assumptions[number]
    if isinstance(named, float):
        return {path: _sum(named, by)}
    assert isinstance(named, Assumption)
    uses = [at.path[-1] for at in contract.numbers() if at.number == number]
    if any(use != "inflation" for use in uses):
        raise ValueError(
            f"assumptions.{number} is used for more than the inflation of costs, so it cannot be "
            f"raised for that alone: give {path} a number of its own"
        )
    return {f"assumptions.{number}": _shifted(f"assumptions.{number}", named, by)}


def _shifted(path: str, number: float | Assumption, by: float) -> Any:
    """A number, or each point of a distribution, with so much added."""
    if isinstance(number, float):
        return _sum(number, by)
    said = number.model_dump(mode="json", exclude_unset=True)
    stated = said[number.form]
    if number.form == "value":
        said["value"] = _sum(stated, by)
    elif number.form in ("uniform", "triangular", "pert"):
        said[number.form] = [_sum(x, by) for x in stated]
    elif number.form == "normal":  # where it is cut, -99% and 1000% a year, is far off
        said["normal"] = {**stated, "mean": _sum(stated["mean"], by)}
    else:
        raise ValueError(
            f"{path} is uncertain as a {number.form}, which cannot be shifted: write it as "
            f"uniform, triangular, pert or normal"
        )
    return said


# --- the two before the same people ---------------------------------------------------------------


@dataclass(frozen=True, repr=False, eq=False)
class InflationTest:
    """A contract beside itself under higher inflation.

    Attributes
    ----------
    comparison : Comparison
        The contract first, then the one under higher inflation.
    by : float
        How much higher [share a year].
    sentences : mapping of whom to text
        What it does to payers, to provider and investors, and to society.
    """

    comparison: Comparison
    by: float
    sentences: Mapping[str, str]

    def __repr__(self) -> str:
        width = max(map(len, self.sentences))
        lines = [f"  {whom:<{width}}  {text}" for whom, text in self.sentences.items()]
        return "\n".join([self._title, *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(whom)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for whom, text in self.sentences.items()
        )
        return f"<p>{escape(self._title)}</p><table><tbody>{rows}</tbody></table>"

    @property
    def _title(self) -> str:
        reference = self.comparison.reference
        return (
            f"{reference.contract.name} with inflation {_points(self.by)} under fixed "
            f"prices: {reference.runs:,} runs, seed {reference.seed}"
        )


def inflation_test(
    contract: Contract, by: float = 0.01, *, runs: int = 10_000, seed: int = 0
) -> InflationTest:
    """What higher inflation does to payers, provider and investors, and society.

    Parameters
    ----------
    contract : Contract
    by : float
        Added to inflation [share a year].
    runs, seed : int
        As in ``simulate``.

    Returns
    -------
    InflationTest

    Raises
    ------
    ValueError
        As :func:`higher_inflation`.

    Examples
    --------
    >>> import sibmodel as sib
    >>> contract = sib.load_contract("examples/homes_and_work.yaml")
    >>> found = inflation_test(contract, runs=200)
    >>> list(found.sentences)
    ['payers', 'provider and investors', 'society']
    """
    comparison = compare([contract, higher_inflation(contract, by)], runs, seed=seed)
    was, now = comparison.results
    sentences = {
        "payers": _sentence(
            was, now,
            ("outcome_payments", "payments in money of the day"),
            ("outcome_payments_present_value", "payments in real present value"),
        ),
        "provider and investors": _sentence(
            was, now,
            ("delivery_costs", "delivery costs in money of the day"),
            ("shortfall", "costs that nobody meets"),
            ("provider_net", "what the provider keeps"),
            ("investor_irr", "investors' IRR of the mean cash flow, nominal"),
        ),
        "society": _sentence(was, now, ("net_present_value[society]", "net present value, real")),
    }  # fmt: skip
    return InflationTest(comparison, by, sentences)


def _sentence(was: Results, now: Results, *measures: tuple[str, str]) -> str:
    """What becomes of some measures, those that the contract has."""
    told = []
    for name, about in measures:
        if name not in was.names:
            continue
        unit = was.about(name).unit.replace("money", was.contract.currency)
        before, after = was.expected(name), now.expected(name)
        if math.isnan(before) or math.isnan(after):
            told.append(f"{about}: undefined, {was.reason(name) or now.reason(name)}")
        elif show(before, unit) == show(after, unit):
            told.append(f"{about}: {show(before, unit)}, as before")
        else:
            change = ""
            if unit.startswith((was.contract.currency, "real")) and before:
                percent = f"{100 * (after - before) / abs(before):+.1f}%"
                change = f" ({percent.replace('-', '−')})"
            told.append(f"{about}: from {show(before, unit)} to {show(after, unit)}{change}")
    return "; ".join(told)
