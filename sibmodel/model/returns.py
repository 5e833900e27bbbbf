"""What investors earn: IRR of regular and of dated flows, payback, capital at risk, multiple.

Functions of cash flows with the axes (run, period). A negative flow is money the investor puts
in, a positive one money received. Periods are counted from 0 and dated at their first day.

How the roots are found is in `roots.py`; what the worst runs come to, in `sibmodel.statistics`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from sibmodel.model.roots import (
    EXTREME,
    OK,
    SEVERAL,
    STATUSES,
    TOTAL_LOSS,
    UNDECIDED,
    Codes,
    Dates,
    Floats,
    careful_roots,
    last_period,
    quick_roots,
)

EXTREME_RATE = 10.0  # a year; beyond it, to 12 digits, a rate is flagged
_BLOCK = 8192  # runs taken together, so that a row of them stays in the processor's cache


__all__ = [
    "STATUSES",
    "Irr",
    "Several",
    "annualise",
    "capital_at_risk",
    "irr",
    "multiple",
    "npv",
    "payback",
    "weighted_average_life",
    "xirr",
]

Several = Literal["undefined", "lowest", "highest", "nearest"]
"""What is given where there are several roots: none of them, or the one that this names."""


@dataclass(frozen=True, eq=False)
class Irr:
    """Internal rates of return, one a run.

    Attributes
    ----------
    rate : (run,)
        Rate, compounded [1/year]; NaN where the status is `no_outlay` or `none`, or is `several`
        and no rule was named.
    status : (run,)
        Codes, places in `STATUSES`.
    """

    rate: Floats
    status: Codes

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """The status of each run in words, (run,)."""
        return np.array(STATUSES)[self.status]


def irr(
    cash_flows: npt.ArrayLike,
    *,
    periods_per_year: float = 1.0,
    several: Several = "undefined",
    guess: float | None = None,
) -> Irr:
    """Internal rate of return of regular flows, and whether there is one.

    - `ok`: exactly one rate above −100% makes the present value nil.
    - `total_loss`: money went in and none came back; the rate is −1 and belongs in percentiles.
    - `no_outlay`: no money went in. `several`: more than one root. `none`: no root.
    - `extreme`: one root, above 1000% a year: given, but not to be averaged.

    Flows below 1e-12 of a run's largest are rounding and count as nothing. Two roots whose
    log(1 + rate) differ by less than 1e-5 are one (a double root, in floating point), known to
    about that; roots of higher order scatter more widely and may be told as `several`.

    Parameters
    ----------
    cash_flows : (run, period), or (period,) for one run
        Net flow to the investor; negative is paid in [money]. Fastest where the memory is
        (period, run) and the transposed view is passed.
    periods_per_year : float
        Periods in a year; the periodic root r becomes (1 + r)^periods_per_year − 1 [1/year].
    several : "undefined", "lowest", "highest" or "nearest"
        The rate given where there are several roots; the status stays `several`.
    guess : float
        What "nearest" is nearest to, and needed there alone [1/year].

    Returns
    -------
    Irr
        `rate` and `status`, both (run,).

    Raises
    ------
    ValueError
        Where a flow is NaN or infinite; names the first run and period.

    Notes
    -----
    Source: one change of sign, one root: Descartes' rule of signs. Uniqueness from the balance at
    the rate: Soper (1959), The Economic Journal 69, as stated by Bernhard (1977), Journal of
    Financial and Quantitative Analysis 12.

    Examples
    --------
    >>> found = irr([[-100, 39, 59, 55, 20], [-1600, 10_000, -10_000, 0, 0]])
    >>> found.rate.round(5), found.names
    (array([0.28095,     nan]), array(['ok', 'several'], dtype='<U10'))
    >>> irr([-1600, 10_000, -10_000], several="lowest").rate.round(5)
    array([0.25])
    """
    flows = _runs_first(cash_flows)
    dates = Dates.of(range(flows.shape[1]))
    return _solved(flows, dates, periods_per_year, _rank(several, guess))


def xirr(
    cash_flows: npt.ArrayLike,
    dates: Sequence[date | str] | npt.NDArray[np.datetime64],
    *,
    several: Several = "undefined",
    guess: float | None = None,
) -> Irr:
    """Internal rate of return of dated flows, and whether there is one.

    A flow on day d counts (d − first day) / 365 years later, in leap years too. Statuses are those
    of `irr`, and mean the same.

    Parameters
    ----------
    cash_flows : (run, date), or (date,) for one run
        Net flow to the investor; negative is paid in [money].
    dates : (date,)
        Days, the same for every run, in any order; flows of one day are added up.
    several : "undefined", "lowest", "highest" or "nearest"
        The rate given where there are several roots; the status stays `several`.
    guess : float
        What "nearest" is nearest to, and needed there alone [1/year].

    Returns
    -------
    Irr
        `rate` and `status`, both (run,).

    Raises
    ------
    ValueError
        Where a flow is NaN or infinite; names the first run and the place of the date. Where
        there are not as many dates as flows, or one is missing.

    Notes
    -----
    Source: days over 365, Microsoft Excel documentation of XIRR; one change of sign, one root, for
    powers that are not whole: Jameson (2006), The Mathematical Gazette 90.

    Examples
    --------
    >>> days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    >>> found = xirr([-10_000, 2_750, 4_250, 3_250, 2_750], days)
    >>> found.rate.round(6), found.names
    (array([0.373363]), array(['ok'], dtype='<U10'))
    """
    flows = _runs_first(cash_flows)
    days = np.asarray(dates, dtype="datetime64[D]")
    if days.shape != flows.shape[1:]:
        raise ValueError(f"{flows.shape[1]} flows a run want as many dates; there are {days.size}")
    if np.isnat(days).any():
        raise ValueError(f"dates: number {np.isnat(days).argmax()} (from 0) is missing")
    rank = _rank(several, guess)
    counts, place = np.unique(days.astype(np.int64), return_inverse=True)
    by_day = flows
    if not np.array_equal(place, np.arange(days.size)):
        _check_finite(flows.T)  # here, where the places are still the caller's
        by_day = np.zeros((counts.size, len(flows))).T
        for flow, day in zip(flows.T, place, strict=True):
            by_day[:, day] += flow
    return _solved(by_day, Dates.of(counts.tolist(), per_unit=365), 1.0, rank)


def _solved(
    flows: Floats, dates: Dates, units_per_year: float, rank: Callable[[Floats], Floats] | None
) -> Irr:
    """Rates and statuses of flows (run, date), block by block."""
    runs = len(flows)
    log_growth, status = np.empty(runs), np.empty(runs, dtype=np.uint8)

    def yearly(growth: Floats) -> Floats:
        rate: Floats = np.expm1(growth * units_per_year)
        return rate

    def place(growth: Floats) -> Floats:
        return growth if rank is None else rank(yearly(growth))

    # Overflow and 0/0 mean that a run is not a quick one: it is left for the careful path.
    with np.errstate(all="ignore"):
        for start in range(0, runs, _BLOCK):
            part = slice(start, start + _BLOCK)
            block = np.ascontiguousarray(flows[part].T)
            _check_finite(block, first_run=start)
            log_growth[part], status[part] = quick_roots(block, dates)
        undecided = np.flatnonzero(status == UNDECIDED)
        for start in range(0, undecided.size, _BLOCK):
            some = undecided[start : start + _BLOCK]
            block = np.ascontiguousarray(flows[some].T)
            log_growth[some], status[some] = careful_roots(block, dates, place)
        rate = yearly(log_growth) + 0.0  # no −0
    rate[status == TOTAL_LOSS] = -1.0
    given = (OK, TOTAL_LOSS) if rank is None else (OK, TOTAL_LOSS, SEVERAL)
    rate[~np.isin(status, given)] = np.nan
    status[(status == OK) & (rate > EXTREME_RATE * (1 + 1e-12))] = EXTREME
    return Irr(rate, status)


def _rank(several: str, guess: float | None) -> Callable[[Floats], Floats] | None:
    """What is lowest for the rate that the rule wants; None where it wants none."""
    if (several == "nearest") != (guess is not None):
        raise ValueError('a guess is for several="nearest", which needs one')
    if guess is not None:
        return lambda rate: np.abs(rate - guess)
    if several == "undefined":
        return None
    if several == "lowest":
        return lambda rate: rate
    if several == "highest":
        return lambda rate: -rate
    raise ValueError(f'several is "{several}"; it may be undefined, lowest, highest or nearest')


def npv(cash_flows: npt.ArrayLike, *, rate: npt.ArrayLike, periods_per_year: float = 1.0) -> Floats:
    """Net present value at the first day of period 0.

    Parameters
    ----------
    cash_flows : (run, period), or (period,) for one run
        Net flow to the investor [money].
    rate : scalar or (run,)
        Discount rate [1/year]. Where it is NaN, or −1 or below, so is the value undefined: NaN.
    periods_per_year : float
        Periods in a year.

    Returns
    -------
    (run,)
        Σ flow_t · (1 + rate)^(−t / periods_per_year) [money].

    Examples
    --------
    >>> npv([-100.0, 60.0, 60.0], rate=0.1).round(4)
    array([4.1322])
    """
    flows = _period_first(cash_flows)
    rates = np.asarray(rate, dtype=np.float64)
    growth = np.where(rates > -1, 1 + rates, np.nan)
    value = np.zeros(flows.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # near −100% the value may be infinite
        v = growth ** (-1 / periods_per_year)
        for flow in flows[::-1]:
            value *= v
            value += flow
    return value


def capital_at_risk(cash_flows: npt.ArrayLike) -> Floats:
    """Deepest point of the cumulative flow: the most that is ever out at once.

    Parameters
    ----------
    cash_flows : (run, period), or (period,) for one run
        Net flow to the investor [money].

    Returns
    -------
    (run,)
        Never negative; 0 where the cumulative flow is never below 0 [money].

    Examples
    --------
    >>> capital_at_risk([-50.0, -50.0, 30.0, -20.0, 120.0])
    array([100.])
    """
    flows = _period_first(cash_flows)
    cumulative, deepest = np.zeros((2, flows.shape[1]))
    for flow in flows:
        cumulative += flow
        np.minimum(deepest, cumulative, out=deepest)
    return np.abs(deepest)


def payback(cash_flows: npt.ArrayLike, *, periods_per_year: float) -> Floats:
    """Years to the first period from which the cumulative flow stays at or above 0.

    The period with index i is dated at its first day, i / periods_per_year years from the start:
    paid back by the receipt of "month 35", the first month being month 1, is 34/12 years.

    Parameters
    ----------
    cash_flows : (run, period), or (period,) for one run
        Net flow to the investor [money].
    periods_per_year : float
        Periods in a year.

    Returns
    -------
    (run,)
        Years [year]; +infinity where it is never paid back; 0 where nothing was ever out. A
        shortfall below 1e-9 of the largest cumulative flow is rounding and counts as paid back.

    Examples
    --------
    >>> payback([[-100.0, 60.0, 60.0], [-100.0, 60.0, 0.0]], periods_per_year=4)
    array([0.5, inf])
    """
    flows = _period_first(cash_flows)
    cumulative = np.add.accumulate(flows, axis=0)
    tolerance = 1e-9 * np.abs(cumulative).max(axis=0, initial=0)
    below = cumulative < -tolerance
    paid_back = last_period(below)  # from 1: the index from 0 of the period after
    return np.where(paid_back < len(flows), paid_back / periods_per_year, np.inf)


def weighted_average_life(
    drawn: npt.ArrayLike, received: npt.ArrayLike, *, periods_per_year: float
) -> Floats:
    """Years from a unit put in to a unit received, each dated by its weighted mean.

    Parameters
    ----------
    drawn : (run, period), or (period,) for one run
        Money in, never negative [money].
    received : (run, period), or (period,) for one run
        Principal repaid, for the life of a loan; or all that came back. Never negative [money].
    periods_per_year : float
        Periods in a year.

    Returns
    -------
    (run,)
        Mean date of `received` less that of `drawn` [year]; NaN (undefined) where nothing was
        drawn or received.

    Notes
    -----
    Source: by definition; a loan at the rate r pays interest of r · life · principal in all.

    Examples
    --------
    >>> weighted_average_life([100.0, 0, 0], [0.0, 50, 50], periods_per_year=1)
    array([1.5])
    """
    return (_mean_period(received) - _mean_period(drawn)) / periods_per_year


def _mean_period(amounts: npt.ArrayLike) -> Floats:
    """Mean period weighted by amount, (run,); NaN where there is none."""
    flows = _period_first(amounts)
    total, later = np.zeros((2, flows.shape[1]))
    for flow in flows[:0:-1]:  # what comes in period t is counted t times, from the last on
        total += flow
        later += total
    total += flows[0] if len(flows) else 0.0
    mean: Floats = later / np.where(total > 0, total, np.nan)
    return mean


def multiple(*, drawn: npt.ArrayLike, distributed: npt.ArrayLike) -> Floats:
    """Money received for each unit put in: distributed to paid in, or DPI.

    Parameters
    ----------
    drawn : (run,)
        Total put in [money]; or capital at risk, for the multiple on the peak.
    distributed : (run,)
        Total received [money].

    Returns
    -------
    (run,)
        distributed / drawn [1]; NaN (undefined) where nothing was drawn.

    Examples
    --------
    >>> multiple(drawn=[720.0, 0.0], distributed=[1140.0, 10.0]).round(5)
    array([1.58333,     nan])
    """
    put_in = np.asarray(drawn, dtype=np.float64)
    return np.asarray(distributed, dtype=np.float64) / np.where(put_in > 0, put_in, np.nan)


def annualise(rate: npt.ArrayLike, *, periods_per_year: float) -> Floats:
    """A periodic rate as a rate a year, by compounding (never by multiplying).

    Parameters
    ----------
    rate : any shape
        Rate a period, −1 or above [1/period].
    periods_per_year : float
        Periods in a year.

    Returns
    -------
    same shape
        (1 + rate)^periods_per_year − 1 [1/year].

    Examples
    --------
    >>> annualise([0.01, -1.0], periods_per_year=12).round(6)
    array([ 0.126825, -1.      ])
    """
    with np.errstate(divide="ignore"):
        yearly: Floats = np.expm1(periods_per_year * np.log1p(np.asarray(rate, dtype=np.float64)))
    return yearly


def _runs_first(cash_flows: npt.ArrayLike) -> Floats:
    """Cash flows as (run, period)."""
    flows = np.asarray(cash_flows, dtype=np.float64)
    if flows.ndim not in (1, 2):
        raise ValueError(f"cash_flows has {flows.ndim} axes; (run, period) or (period,) is meant")
    return np.atleast_2d(flows)


def _period_first(cash_flows: npt.ArrayLike) -> Floats:
    """Cash flows as (period, run) with contiguous periods, copied only if they are not."""
    flows = np.ascontiguousarray(_runs_first(cash_flows).T)
    _check_finite(flows)
    return flows


def _check_finite(flows: Floats, *, first_run: int = 0) -> None:
    """Refuse flows (period, run) that are no numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = flows.sum()  # not finite if a flow is not: cheaper than looking at each
    if not np.isfinite(total) and not (finite := np.isfinite(flows)).all():
        run, period = np.argwhere(~finite.T)[0]
        raise ValueError(
            f"cash_flows: run {first_run + run}, period {period} is {flows[period, run]}; "
            "a cash flow must be a finite number"
        )
