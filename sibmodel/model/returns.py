"""What investors earn and what they stand to lose: IRR, payback, capital at risk, multiple.

Functions of cash flows with the axes (run, period). A negative flow is money the investor puts
in, a positive one money received. Periods are counted from 0 and dated at their first day.

How the roots are found is in `roots.py`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sibmodel.model.roots import (
    EXTREME,
    OK,
    STATUSES,
    TOTAL_LOSS,
    UNDECIDED,
    Codes,
    Floats,
    careful_roots,
    last_period,
    quick_roots,
)

EXTREME_RATE = 10.0  # a year; beyond it, to 12 digits, a rate is flagged
_BLOCK = 4096  # runs taken together, so that a row of them stays in the processor's cache


__all__ = [
    "STATUSES",
    "Irr",
    "annualise",
    "capital_at_risk",
    "irr",
    "multiple",
    "npv",
    "payback",
]


@dataclass(frozen=True, eq=False)
class Irr:
    """Internal rates of return, one a run.

    Attributes
    ----------
    rate : (run,)
        Rate, compounded [share a year]; NaN where the status is `no_outlay`, `several` or `none`.
    status : (run,)
        Codes, places in `STATUSES`.
    """

    rate: Floats
    status: Codes

    @property
    def names(self) -> npt.NDArray[np.str_]:
        """The status of each run in words, (run,)."""
        return np.array(STATUSES)[self.status]


def irr(cash_flows: npt.ArrayLike, *, periods_per_year: float = 1.0) -> Irr:
    """Internal rate of return, and whether there is one.

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
    """
    flows = _period_first(cash_flows)
    runs = flows.shape[1]
    log_growth, status = np.empty(runs), np.empty(runs, dtype=np.uint8)
    # Overflow and 0/0 mean that a run is not a quick one: it is left for the careful path.
    with np.errstate(all="ignore"):
        for start in range(0, runs, _BLOCK):
            part = slice(start, start + _BLOCK)
            log_growth[part], status[part] = quick_roots(flows[:, part])
        undecided = np.flatnonzero(status == UNDECIDED)
        for start in range(0, undecided.size, _BLOCK):
            some = undecided[start : start + _BLOCK]
            log_growth[some], status[some] = careful_roots(flows.take(some, axis=1))
        rate = np.expm1(log_growth * periods_per_year) + 0.0  # no −0
    rate[status == TOTAL_LOSS] = -1.0
    rate[(status != OK) & (status != TOTAL_LOSS)] = np.nan
    status[rate > EXTREME_RATE * (1 + 1e-12)] = EXTREME
    return Irr(rate, status)


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


def multiple(*, drawn: npt.ArrayLike, distributed: npt.ArrayLike) -> Floats:
    """Money received for each unit put in.

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


def _period_first(cash_flows: npt.ArrayLike) -> Floats:
    """Cash flows as (period, run) with contiguous periods, copied only if they are not."""
    flows = np.asarray(cash_flows, dtype=np.float64)
    if flows.ndim not in (1, 2):
        raise ValueError(f"cash_flows has {flows.ndim} axes; (run, period) or (period,) is meant")
    flows = np.ascontiguousarray(np.atleast_2d(flows).T)
    with np.errstate(over="ignore", invalid="ignore"):
        total = flows.sum()  # not finite if a flow is not: cheaper than looking at each
    if not np.isfinite(total) and not (finite := np.isfinite(flows)).all():
        run, period = np.argwhere(~finite.T)[0]
        raise ValueError(
            f"cash_flows: run {run}, period {period} is {flows[period, run]}; "
            "a cash flow must be a finite number"
        )
    return flows


def weighted_average_life(
    drawn: npt.ArrayLike, received: npt.ArrayLike, *, periods_per_year: float
) -> Floats:
    """Years from a unit put in to a unit received, each dated by its weighted mean.

    Parameters
    ----------
    drawn, received : (run, period), or (period,) for one run
        Money in and out, never negative [money].
    periods_per_year : float

    Returns
    -------
    (run,)
        Years [year]; NaN where nothing was drawn or received.

    Examples
    --------
    >>> weighted_average_life([100.0, 0, 0], [0.0, 50, 50], periods_per_year=1)
    array([1.5])
    """
    dates = []
    for flows in (_period_first(drawn), _period_first(received)):
        total = flows.sum(axis=0)
        weighted = (np.arange(len(flows))[:, None] * flows).sum(axis=0)
        dates.append(weighted / np.where(total > 0, total, np.nan))
    return np.asarray((dates[1] - dates[0]) / periods_per_year)
