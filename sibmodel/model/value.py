"""Dates, price levels and the weights that bring money to the date of present values.

Present values are real money of the base year at ``value.at``, the start of the timeline if that
is not stated; investors' own are nominal. Nominal money is divided by the price index of the year
it falls in, then discounted; benefits are stated in real money and only brought to the base year.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import NewType

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.schedules import SCHEDULES, flat
from sibmodel.contract.timeline import Timeline
from sibmodel.contract.value import Discount, Prices, first_year
from sibmodel.model.chance import Floats
from sibmodel.model.discounting import (
    Bands,
    discount_factors,
)
from sibmodel.model.price_levels import price_level


def times(timeline: Timeline) -> Floats:
    """When each period's money is dated, shape (period,) [years from the timeline's start]."""
    within = {"start": 0.0, "middle": 0.5, "end": 1.0}[timeline.timing]
    return (np.arange(timeline.periods) + within) / timeline.periods_per_year


def dated(timeline: Timeline) -> list[dt.date]:
    """The day each period's money is dated; at the end is its last day."""
    days = [timeline.date(period) for period in range(timeline.periods + 1)]
    if timeline.timing == "start":
        return days[:-1]
    if timeline.timing == "end":
        return [day - dt.timedelta(days=1) for day in days[1:]]
    return [day + (after - day) / 2 for day, after in pairwise(days)]


def years(timeline: Timeline, kind: str) -> list[int]:
    """The year each period's money falls in: April to March where ``kind`` is like 2027-28."""
    return [year_of(day, kind) for day in dated(timeline)]


def year_of(day: dt.date, kind: str) -> int:
    """The year a day falls in, by when it begins: April to March where ``kind`` is like 2027-28."""
    return day.year - (len(kind) == 7 and (day.month, day.day) < (4, 1))


def price_levels(timeline: Timeline, prices: Prices) -> Floats:
    """Price level of each period relative to the base year, shape (period,)."""
    base = price_level(prices, first_year(prices.base))
    return np.array([price_level(prices, y) / base for y in years(timeline, prices.base)])


def bands_of(discount: Discount) -> Bands:
    """The rates of a named schedule, or of one flat rate."""
    if discount.schedule is not None:
        return SCHEDULES[discount.schedule].bands
    assert discount.rate is not None
    return flat(discount.rate).bands


def valued_at(contract: Contract) -> float:
    """The date of present values [years from the timeline's start, below 0 before it].

    Periods are of equal length here, as in :func:`times`; within one, days count.
    """
    at = contract.value.at if contract.value else None
    if at is None:
        return 0.0
    timeline = contract.timeline
    period, day = timeline.period_of(at), timeline.day(at)
    first, after = timeline.date(period), timeline.date(period + 1)
    return (period + (day - first) / (after - first)) / timeline.periods_per_year


def schedule_start(contract: Contract) -> float:
    """Where a schedule's years are counted from: the timeline's start, or ``value.at`` before it.

    So nothing is ever discounted from before the schedule begins [years from the start].
    """
    return min(valued_at(contract), 0.0)


def worth_at(contract: Contract, discount: Discount) -> float:
    """What one unit of real money at the schedule's start is worth at ``value.at``, 1 / DF(at)."""
    years = valued_at(contract) - schedule_start(contract)
    return 1.0 / float(discount_factors(bands=bands_of(discount), years=years))


def real_weights(contract: Contract) -> OnNominal | str:
    """Present value of one unit of nominal money in each period, or why there is none."""
    if contract.value is None:
        return "the contract has no value section, so no discount schedule"
    prices = contract.prices
    if prices is None or (prices.inflation is None and not prices.deflator):
        return "prices.inflation is not stated, so nominal money cannot be made real"
    discount = contract.value.discount
    when = times(contract.timeline) - schedule_start(contract)
    factors = discount_factors(bands=bands_of(discount), years=when) * worth_at(contract, discount)
    try:
        return OnNominal(factors / price_levels(contract.timeline, prices))
    except ValueError as missing:
        return str(missing)


def undefined_benefits(contract: Contract) -> dict[str, str]:
    """Benefits that have no value, by name, and why."""
    if contract.value is None:
        return {}
    return {
        name: f"anyway not stated for {missing}"
        for name, benefit in contract.value.benefits.items()
        if (missing := anyway_missing(contract, benefit.of))
    }


def anyway_missing(contract: Contract, outcome: str) -> str | None:
    """The outcome, this one or one it needs, whose anyway (or rate) is not stated."""
    clause = contract.outcomes[outcome]
    if clause.anyway is None:
        return outcome
    found = (anyway_missing(contract, step) for step in clause.steps)
    return next((step for step in found if step is not None), None)


OnNominal = NewType("OnNominal", Floats)
"""What one unit of nominal money is worth, by period: it has inflation taken out, or is discounted
at a nominal rate. A type of its own, so that discount factors alone are refused."""

OnReal = NewType("OnReal", Floats)
"""What one unit of real money is worth, by period: discount factors of a schedule."""


def nominal_worth(weights: OnNominal, flows: Floats) -> Floats:
    """Present value of nominal money (period, run), shape (run,)."""
    return _weighted(weights, flows)


def real_worth(weights: OnReal, flows: Floats) -> Floats:
    """Present value of real money (period, run), or of units of it, shape (run,)."""
    return _weighted(weights, flows)


def _weighted(weights: Floats, flows: Floats) -> Floats:
    """Sum over periods of weight × flow, shape (run,), added up in order of periods.

    Not a matrix product: its last digits would depend on how many runs are asked for.
    """
    total = np.zeros(np.broadcast_shapes(weights.shape[1:], flows.shape[1:]))
    for weight, flow in zip(weights, flows, strict=True):
        if np.any(flow):
            total += weight * flow
    return total
