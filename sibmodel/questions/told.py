"""Figures of a comparison as a reader expects them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sibmodel.contract.contract import Contract
from sibmodel.model.measure import Measure
from sibmodel.results import Results, show

Row = dict[str, float | int | str]

COLUMNS = ("reference", "expected", "difference", "in 9 of 10 runs", "higher", "lower")


def real_money_of(contract: Contract) -> str:
    """What real money of a contract is: prices of a year, at the value of a day."""
    year = contract.prices.base if contract.prices is not None else "no year"
    return f"real money of {year} at {contract.valued_on}"


def headline_names(contract: Contract, names: Sequence[str]) -> list[str]:
    """The measures read first, of those there are."""
    headline, payers = contract.headline, contract.payer_names
    wanted = [
        "outcome_payments",
        *(f"outcome_payments[{payer}]" for payer in payers if len(payers) > 1),
        *(["cost_to_payers"] if contract.payers_bear_costs else []),
        *(name for name in names if name.startswith("limit_binds[")),
        "people_started",
        f"outcomes_achieved[{headline}]",
        f"outcomes_additional[{headline}]",
        f"cost_per_additional_outcome[{headline}]",
        "investor_irr",
        "investor_loses",
        "capital_at_risk",
        "shortfall",
        "net_present_value[society]",
        "net_present_value[public]",
    ]
    return [name for name in wanted if name in names]


def about(measure: Measure) -> str:
    """What a measure is, without what explains it."""
    text = measure.about.partition(":")[0]
    return text + (", of the mean cash flow" if measure.expected == "irr" else "")


def cells(row: Row) -> tuple[str, ...]:
    """A row of the summary as a reader expects it."""
    unit = str(row["unit"])
    was, now, change, low, high, higher, lower = (
        float(row[column])
        for column in ("reference", "expected", "difference", "p5", "p95", "higher", "lower")
    )
    if change == 0 and higher == lower == 0:
        return show(was, unit), show(now, unit), "no change", "", "", ""
    spread = "" if unit == "share" else f"{signed(low, unit)} to {signed(high, unit)}"
    if math.isnan(higher):
        spread = f"undefined in {row['undefined']:,} runs"
    shares = ["" if math.isnan(often) else share(often) for often in (higher, lower)]
    return show(was, unit), show(now, unit), signed(change, unit), spread, *shares


def signed(value: float, unit: str) -> str:
    """A difference with its sign; of shares and rates in percentage points."""
    if math.isnan(value):
        return "undefined"
    if unit in ("share", "rate a year"):
        text = f"{100 * abs(value):.1f} points"
    else:
        text = show(abs(value), unit)
    shown = any(digit in text for digit in "123456789")
    return f"{'+' if value > 0 else '−'}{text}" if shown else text


def share(value: float) -> str:
    """A share of runs, in whole percent."""
    return "under 1%" if 0 < value < 0.01 else f"{100 * value:.0f}%"


def figure(result: Results, name: str) -> str:
    """What a measure of one contract comes to, and between what it lies in 9 of 10 runs."""
    if name not in result.names:
        return "not in this contract"
    unit = result.about(name).unit.replace("money", result.contract.currency)
    if math.isnan(result.expected(name)):
        return f"undefined: {result.reason(name)}"
    text = show(result.expected(name), unit)
    if unit == "share" or result.runs == 1:
        return text
    low, high = result.percentile(name, 5), result.percentile(name, 95)
    if math.isnan(low):
        return f"{text} ({result.estimates[name].undefined:,} runs undefined)"
    return text if low == high else f"{text} ({show(low, unit)} to {show(high, unit)})"
