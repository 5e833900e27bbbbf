"""Statistics over runs: percentiles as order statistics, Monte Carlo errors of figures."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def percentile(values: Floats, percent: float) -> float:
    """The order statistic at a percentile: always the value of some run, so infinity may stay.

    Examples
    --------
    >>> percentile(np.array([3.0, 1.0, np.inf, 2.0]), 50)
    2.0
    """
    place = min(max(math.ceil(percent / 100 * len(values)) - 1, 0), len(values) - 1)
    return float(np.partition(values, place)[place])


def percentile_interval(values: Floats, percent: float, z: float = 1.96) -> tuple[float, float]:
    """Order statistics between which a percentile lies with about 95% confidence.

    Source: the number of runs below the true percentile is binomial; normal approximation.
    """
    count, share = len(values), percent / 100
    half = z * math.sqrt(count * share * (1 - share))
    low = min(max(math.floor(count * share - half) - 1, 0), count - 1)
    high = min(max(math.ceil(count * share + half), 0), count - 1)
    ordered = np.sort(values)
    return float(ordered[low]), float(ordered[high])


def wilson(share: float, runs: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson limits of a share of runs, about 95% confidence.

    Examples
    --------
    >>> low, high = wilson(0.0, 100)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.037)
    """
    middle = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z * math.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2)) / (1 + z**2 / runs)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def mean_error(values: Floats) -> float:
    """Monte Carlo error of a mean: standard deviation over the square root of the runs."""
    if len(values) < 2:
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def ratio_of_means(over: Floats, under: Floats) -> tuple[float, float]:
    """Ratio of two means over the same runs and its Monte Carlo error (delta method)."""
    if under.mean() <= 0:
        return math.nan, math.nan
    ratio = float(over.mean() / under.mean())
    if len(over) < 2:
        return ratio, math.nan
    error = (over - ratio * under).std(ddof=1) / math.sqrt(len(over)) / under.mean()
    return ratio, float(error)


def irr_error(
    *, mean: Floats, second: Floats, runs: int, rate: float, periods_per_year: float
) -> float:
    """Monte Carlo error of the IRR of a mean cash flow (delta method).

    Parameters
    ----------
    mean : array (period,)
        Mean cash flow [money].
    second : array (period, period)
        Mean of the products of two periods' cash flows [money squared].
    runs : int
    rate : float
        The annual IRR of the mean.
    periods_per_year : float
    """
    if runs < 2 or not math.isfinite(rate) or rate <= -1:
        return math.nan
    per_period = (1 + rate) ** (1 / periods_per_year)
    dates = np.arange(len(mean))
    discount = per_period ** -dates.astype(float)
    covariance = second - np.outer(mean, mean)
    variance = max(float(discount @ covariance @ discount), 0.0) / (runs - 1)
    slope = abs(float((dates * discount) @ mean)) / per_period
    if slope == 0:
        return math.nan
    annual = periods_per_year * per_period ** (periods_per_year - 1)
    return float(math.sqrt(variance) / slope * annual)


# --- the worst runs -------------------------------------------------------------------------------


def value_at_risk(values: npt.ArrayLike, *, share: float) -> float:
    """Best value among the worst share of runs: that share does no better.

    Parameters
    ----------
    values : (run,)
        A multiple [1] or present value [money] of each run; more is better.
    share : float
        Share of runs that count as the worst, above 0 and up to 1 [1].

    Returns
    -------
    float
        The ⌈share · runs⌉-th smallest value, in the unit of `values` and with its sign: always the
        value of some run. NaN (undefined) where there is no run, or a value is NaN: to leave out
        runs would flatter the rest.

    Notes
    -----
    Source: the lower quantile of Rockafellar and Uryasev (2002), Journal of Banking & Finance 26,
    there for losses.

    Examples
    --------
    >>> value_at_risk([-100.0] * 5 + [-20.0] * 15 + [0.0] * 30 + [8.0] * 50, share=0.10)
    -20.0
    """
    ranked, tail = _worst_first(values, share)
    return float(ranked[math.ceil(tail) - 1]) if ranked.size else math.nan


def cvar(values: npt.ArrayLike, *, share: float) -> float:
    """Mean of the worst share of runs: conditional value at risk, or expected shortfall.

    Parameters
    ----------
    values : (run,)
        A multiple [1] or present value [money] of each run; more is better.
    share : float
        Share of runs that count as the worst, above 0 and up to 1 [1].

    Returns
    -------
    float
        In the unit of `values` and with its sign; where share · runs is not whole, the last run
        counts for the part. NaN (undefined) where there is no run, or a value is NaN.

    Notes
    -----
    Source: Rockafellar and Uryasev (2002), Journal of Banking & Finance 26, proposition 8, there
    for losses.

    Examples
    --------
    >>> cvar([-100.0] * 5 + [-20.0] * 15 + [0.0] * 30 + [8.0] * 50, share=0.10)
    -60.0
    """
    ranked, tail = _worst_first(values, share)
    if not ranked.size:
        return math.nan
    whole = math.floor(tail)
    total = ranked[:whole].sum()
    if tail > whole:
        total += (tail - whole) * ranked[whole]
    return float(total / tail)


def _worst_first(values: npt.ArrayLike, share: float) -> tuple[Floats, float]:
    """Values from the worst on, empty where the answer is undefined, and how many are the worst."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"values has {found.ndim} axes; (run,) is meant")
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must be above 0 and at most 1")
    if np.isnan(found).any():
        return np.empty(0), 0.0
    # share · runs to 12 digits: 0.07 × 100 is 7.000000000000001, and there is no eighth run in it
    return np.sort(found), float(f"{share * found.size:.12g}")
