"""The level of prices in a year: a deflator series where it has the year, inflation beyond it."""

from __future__ import annotations

from sibmodel.contract.value import Prices, first_year
from sibmodel.model.discounting import price_index, rebase


def year_label(year: int, kind: str) -> str:
    """2027 as "2027-28" or "2027", in the manner of ``kind``."""
    return f"{year}-{(year + 1) % 100:02d}" if len(kind) == 7 else str(year)


def price_level(prices: Prices, year: int) -> float:
    """Level of prices in a year on one chained index: the deflator series, and inflation beyond it.

    Without a series the base year is 1.
    """
    series = {first_year(label): level for label, level in prices.series.items()}
    if year in series:
        return series[year]
    if prices.inflation is None:
        where = "prices.deflator" if isinstance(prices.deflator, dict) else prices.deflator
        raise ValueError(
            f"prices of {year_label(year, prices.base)} are not in {where}, and "
            f"prices.inflation is not stated"
        )
    if not series:
        series = {first_year(prices.base): 1.0}
    near = max(min(year, max(series)), min(series))
    return series[near] * float(
        price_index(years_from_base=year - near, inflation=prices.inflation)
    )


def to_base(prices: Prices, year: str) -> float:
    """What brings one unit of money of a price year to the base year: X·D(b)/D(y)."""
    index = {label: price_level(prices, first_year(label)) for label in (year, prices.base)}
    return float(rebase(1.0, index=index, from_year=year, to_year=prices.base))
