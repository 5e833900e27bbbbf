"""Present values: discount factors, price levels, and what a benefit that lasts is worth today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bands = Sequence[tuple[int, float]]
FloatArray = NDArray[np.float64]
Timing = Literal["start", "middle", "end"]
Year = TypeVar("Year", int, str)

OFFSETS: Mapping[Timing, float] = {"start": 0.0, "middle": 0.5, "end": 1.0}


def discount_factors(*, bands: Bands, years: ArrayLike) -> FloatArray:
    """Value now of one unit of money at each time, under rates that change with the year.

    Each year is discounted at the rate of the band it is in, on top of all years before it:
    DF(0) = 1, DF(n) = DF(n-1) / (1 + r_n), and within a year DF(n+f) = DF(n) / (1 + r_{n+1})^f.
    A rate that falls from year 31 therefore leaves the discounting of years 1 to 30 as it was.

    Parameters
    ----------
    bands : sequence of (int, float)
        Last year of each band, rising [years], and the rate in it [share per year].
    years : array_like, any shape
        Times from the date of valuation, 0 or later, fractions allowed [years].

    Returns
    -------
    ndarray, shape of `years`
        Discount factors [money now per money then]. Never NaN.

    Raises
    ------
    ValueError
        If the bands are out of order or a rate is -100% or less; if a time is negative, not a
        number, or later than the last band.

    Notes
    -----
    Source: HM Treasury, The Green Book, discounting annex (marginal rates by band of years).

    Examples
    --------
    >>> discount_factors(bands=[(30, 0.035), (75, 0.03)], years=[0, 1, 30, 31]).round(6).tolist()
    [1.0, 0.966184, 0.356278, 0.345901]
    """
    last_years, rates = _checked(bands)
    years = np.asarray(years, dtype=np.float64)
    if not (years >= 0).all():
        raise ValueError("times to discount must be 0 or later, and numbers")
    latest = np.max(years, initial=0.0)
    if latest > last_years[-1]:
        raise ValueError(
            f"the discount schedule ends at year {last_years[-1]} and a time of {latest:g} years "
            "was asked for: add a band to the schedule, or shorten the term"
        )
    whole = np.floor(years).astype(np.int64)
    # The year after the last band is looked up only for its fraction 0: any rate will do.
    band = np.searchsorted(last_years, np.arange(1, int(latest) + 2))
    growth = 1.0 + rates[np.minimum(band, len(rates) - 1)]
    at_whole_years = np.concatenate([[1.0], 1.0 / np.cumprod(growth)])
    factors: FloatArray = at_whole_years[whole] / growth[whole] ** (years - whole)
    return factors


def price_index(*, years_from_base: ArrayLike, inflation: ArrayLike) -> FloatArray:
    """Level of prices relative to the base year, at a constant rate of inflation.

    Divide nominal money by it to make it real; multiply real money by it to make it nominal.

    Parameters
    ----------
    years_from_base : array_like
        Years after the base year, negative before it [years].
    inflation : array_like
        Rate of inflation; must broadcast with `years_from_base` [share per year].

    Returns
    -------
    ndarray, broadcast shape of the two
        (1 + inflation) ^ years [prices then per prices of the base year]. Never NaN.

    Notes
    -----
    Source: HM Treasury, The Green Book (real and nominal prices).

    Examples
    --------
    >>> price_index(years_from_base=[-1, 0, 5], inflation=0.02).round(6).tolist()
    [0.980392, 1.0, 1.104081]
    """
    growth = 1.0 + np.asarray(inflation, dtype=np.float64)
    if not (growth > 0).all():
        raise ValueError("inflation must be above -100% a year, and a number")
    index: FloatArray = growth ** np.asarray(years_from_base, dtype=np.float64)
    return index


def rebase(
    amount: ArrayLike, *, index: Mapping[Year, float], from_year: Year, to_year: Year
) -> FloatArray:
    """Bring money from the prices of one year to those of another.

    Parameters
    ----------
    amount : array_like, any shape
        Money in the prices of `from_year` [money].
    index : mapping of year to float
        Price level of each year, above 0, on any base; years as numbers or as "2010-11"
        [index points].
    from_year, to_year : int or str
        Price years, as the series writes them.

    Returns
    -------
    ndarray, shape of `amount`
        amount × index(to) / index(from), in the prices of `to_year` [money].

    Raises
    ------
    ValueError
        If the series lacks one of the two years or is not above 0 there.

    Notes
    -----
    Source: HM Treasury, GDP deflators at market prices: X·D(to) / D(from).

    Examples
    --------
    >>> float(rebase(7900, index={2010: 80.0, 2024: 120.0}, from_year=2010, to_year=2024))
    11850.0
    """
    for year in (from_year, to_year):
        if year not in index:
            span = f"it runs from {min(index)} to {max(index)}" if index else "it is empty"
            raise ValueError(f"the price series has no figure for {year} ({span}): add that year")
        if not index[year] > 0:
            raise ValueError(f"the price series is {index[year]} in {year}: it must be above 0")
    rebased: FloatArray = np.asarray(amount, dtype=np.float64) * index[to_year] / index[from_year]
    return rebased


def benefit_present_value_factor(
    *,
    bands: Bands,
    start_years: ArrayLike,
    lag: float = 0.0,
    years: int | None = None,
    drop_off: ArrayLike = 0.0,
    profile: Sequence[float] | None = None,
    timing: Timing = "start",
    horizon: float | None = None,
) -> FloatArray:
    """Present value of a benefit worth 1 in its first year, for each time an outcome happens.

    For an outcome at time t the factor is Σ_k w_k · DF(t + lag + k + offset), k = 0, 1, ….
    The weights w_k are `profile`, or (1 - drop_off)^k for k < `years`.

    Parameters
    ----------
    bands : sequence of (int, float)
        Discount schedule, as in `discount_factors`.
    start_years : array_like, shape (time,)
        When outcomes happen, from the date of valuation [years].
    lag : float
        From the outcome to the first year of benefit [years].
    years : int, optional
        How long the benefit lasts; with `drop_off` [years].
    drop_off : array_like, scalar or shape (run,)
        Share of the benefit lost each year, from 0 to 1 [share per year].
    profile : sequence of float, optional
        Size of the benefit in each of its years; in place of `years` and `drop_off` [share].
    timing : {"start", "middle", "end"}
        When in each year of benefit the money falls: 0, ½ or 1 year into it.
    horizon : float, optional
        Money that falls then or later is not counted [years from the date of valuation].

    Returns
    -------
    ndarray, shape (time,), or (time, run) if `drop_off` is by run
        Present value per unit of first-year benefit [money now per money a year]. Never NaN.

    Notes
    -----
    Source: HM Treasury, Supporting public service transformation: cost benefit analysis guidance
    for local partnerships (2014), prepared with New Economy, Greater Manchester (lag, drop-off).

    Examples
    --------
    Outcomes now and a year from now; benefits of 100%, 75% and 50%, each a year in arrears:

    >>> benefit_present_value_factor(
    ...     bands=[(30, 0.035)], start_years=[0, 1], lag=1, profile=[1, 0.75, 0.5]
    ... ).round(6).tolist()
    [2.117288, 2.045689]
    """
    if timing not in OFFSETS:
        raise ValueError(f"timing is start, middle or end, not {timing!r}")
    keep = 1.0 - np.asarray(drop_off, dtype=np.float64)
    if not ((keep >= 0) & (keep <= 1)).all():
        raise ValueError("drop_off must be from 0 to 1, and a number")
    if profile is not None:
        if years is not None or (keep != 1).any():
            raise ValueError("a benefit has a profile, or years and a drop-off: not both")
        weights = [np.asarray(size, dtype=np.float64) for size in profile]
    elif years is not None:
        weights = [keep**k for k in range(years)]
    else:
        raise ValueError("say how long the benefit lasts: years, or a profile")
    if not weights:
        raise ValueError("a benefit must last at least one year")

    first = np.asarray(start_years, dtype=np.float64) + (lag + OFFSETS[timing])
    # Year by year: the last bits of a matrix product may depend on how many runs there are.
    total: FloatArray = np.zeros(first.shape + np.shape(weights[0]))
    for k, weight in enumerate(weights):
        factors = discount_factors(bands=bands, years=first + k)
        if horizon is not None:
            factors = np.where(first + k < horizon - 1e-9, factors, 0.0)
        total += np.multiply.outer(factors, weight)
    return total


def _checked(bands: Bands) -> tuple[NDArray[np.int64], FloatArray]:
    """Bands as two arrays (band,): last years and rates."""
    last_years = np.array([last for last, _ in bands], dtype=np.int64)
    rates = np.array([rate for _, rate in bands], dtype=np.float64)
    if len(rates) == 0:
        raise ValueError("a discount schedule needs at least one band")
    if last_years[0] < 0 or (np.diff(last_years) <= 0).any():
        raise ValueError(f"the bands of a discount schedule must rise: {last_years.tolist()}")
    if not (rates > -1).all():
        raise ValueError(f"discount rates must be above -100%, and numbers: {rates.tolist()}")
    return last_years, rates
