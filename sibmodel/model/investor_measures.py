"""Measures of investors: what they put in, get back, and risk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model import returns
from sibmodel.model.chance import Floats
from sibmodel.model.measure import Measure, Values, total_of
from sibmodel.model.stages import Stages
from sibmodel.model.value import times


def investor_measures(contract: Contract) -> Iterator[Measure]:
    """Every measure of capital, in the order they are shown."""
    none = None if contract.capital else "the contract has no capital"
    rate = contract.capital.hurdle if contract.capital else None
    yield Measure(
        "investor_drawn",
        "money",
        "",
        "Capital drawn",
        lambda s: total_of(s.account.drawn) if s.account else np.zeros(s.runs),
        undefined=none,
    )
    yield Measure(
        "investor_distributed",
        "money",
        "up",
        "Paid out to investors",
        lambda s: total_of(s.account.distributed) if s.account else np.zeros(s.runs),
        undefined=none,
    )
    yield Measure(
        "investor_irr",
        "rate a year",
        "up",
        "Investors' internal rate of return, nominal, a year",
        lambda s: s.investor_irr.rate,
        expected="irr",
        undefined=none,
    )
    yield Measure(
        "investor_multiple",
        "multiple",
        "up",
        "Paid out for each unit drawn",
        expected="ratio",
        over="investor_distributed",
        under="investor_drawn",
        nobody="nothing was drawn",
        undefined=none,
    )
    yield Measure(
        "capital_at_risk",
        "money",
        "down",
        "Deepest point of investors' cumulative cash flow",
        lambda s: returns.capital_at_risk(s.investor_cash_flow.T),
        undefined=none,
    )
    yield Measure(
        "investor_multiple_on_peak",
        "multiple",
        "up",
        "Paid out for each unit of capital at risk",
        expected="ratio",
        over="investor_distributed",
        under="capital_at_risk",
        nobody="nothing was at risk",
        undefined=none,
    )
    yield Measure(
        "investor_loses",
        "share",
        "down",
        "Whether investors get back less than was drawn: its expected value is P(loss)",
        _loses,
        undefined=none,
    )
    yield Measure(
        "investor_present_value",
        "money",
        "up",
        "Investors' cash flow at the hurdle rate, nominal",
        _at_hurdle(contract),
        undefined=none or (None if rate is not None else "capital.hurdle is not stated"),
    )
    yield Measure(
        "payback",
        "years",
        "down",
        "Years until investors' cumulative cash flow stays at or above 0; never is infinite",
        _payback(contract),
        expected="payback",
        nobody="nothing was drawn",
        undefined=none,
    )


def _at_hurdle(contract: Contract) -> Values:
    """Investors' cash flow at the hurdle, valued at the timeline's start."""
    rate = (contract.capital.hurdle if contract.capital else None) or 0.0
    per_year = contract.timeline.periods_per_year
    to_start: float = (1 + rate) ** -float(times(contract.timeline)[0])  # to the first day

    def value(stages: Stages) -> Floats:
        flows = stages.investor_cash_flow.T
        present: Floats = returns.npv(flows, rate=rate, periods_per_year=per_year)
        return present * to_start

    return value


def _payback(contract: Contract) -> Values:
    per_year = contract.timeline.periods_per_year

    def value(stages: Stages) -> Floats:
        assert stages.account is not None
        late = returns.payback(stages.investor_cash_flow.T, periods_per_year=per_year)
        return np.asarray(np.where(total_of(stages.account.drawn) > 0, late, np.nan))

    return value


def _loses(stages: Stages) -> Floats:
    assert stages.account is not None
    back, put = total_of(stages.account.distributed), total_of(stages.account.drawn)
    return np.asarray(back < put * (1 - 1e-12), dtype=np.float64)
