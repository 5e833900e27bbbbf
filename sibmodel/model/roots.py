"""The roots of cash flows, and how many there are: what `irr` and `xirr` rest on.

With v = 1/(1 + rate) a flow is worth P(v) = Σ flow_t·v^time_t, and its IRRs are the roots v > 0.
The times, a list that begins at 0 and rises, are 0, 1, 2, … for periods and need not be whole:
what is said below holds for any real powers. Three steps, each for all runs at once:

1. `quick_roots` counts changes of sign and takes Newton steps from a start that is almost right.
   One change of sign: one root (Descartes; for real powers Laguerre), done.
2. `_never_changes_side`: for several changes of sign, a root is the only one if the balance
   compounded at it never changes side before the end (Soper). Most real flows pass.
3. `_all_roots` shuts every root of what is left between bounds, or shows that there is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Codes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

STATUSES = ("ok", "total_loss", "no_outlay", "several", "none", "extreme")
OK, TOTAL_LOSS, NO_OUTLAY, SEVERAL, NONE, EXTREME = range(len(STATUSES))
UNDECIDED = 255

_DUST = 1e-12  # of a run's largest flow: smaller flows are what rounding left, and count as nothing
_SAME_ROOT = 1e-5  # roots nearer than this in log(1 + rate) are one: a double root, as computed
_SETTLED = 1e-7  # of Newton's steps in log(1 + rate): the next would be about its square
_CROWD = 1024  # pieces of the line still open for one run; more is a root of high order: give up
_NIL = 1e-12  # relative: so near nil, where a run was given up, is a root
_SLAB = 1 << 22  # flows looked at together in search of roots, to bound memory


@dataclass(frozen=True)
class Dates:
    """When flows fall.

    Attributes
    ----------
    times : (date,)
        From 0 and rising: periods, or years.
    gaps : (date,)
        From each to the next; what follows the last is never used.
    """

    times: tuple[float, ...]
    gaps: tuple[float, ...]

    @classmethod
    def of(cls, counts: Sequence[int], *, per_unit: int = 1) -> Dates:
        """Dates from whole counts, of days say, with so many to the unit of time."""
        gaps = [after - before for before, after in itertools.pairwise(counts)]
        return cls(
            times=tuple((count - counts[0]) / per_unit for count in counts),
            gaps=tuple(gap / per_unit for gap in [*gaps, per_unit][: len(counts)]),
        )


def last_period(flags: Flags) -> Integers:
    """Last period that is flagged, counted from 1; 0 where none is, (run,)."""
    periods = len(flags)
    count = np.arange(1, periods + 1, dtype=np.min_scalar_type(periods))[:, None]
    last: Integers = (flags * count).max(axis=0, initial=0).astype(np.intp)
    return last


def _powers(x: Floats, gaps: Sequence[float]) -> dict[float, Floats]:
    """v^gap for each gap there is, v = e^x: one alone where periods are regular."""
    return {gap: np.exp(x * gap) for gap in set(gaps)}


def _spans(flows: Floats) -> tuple[Integers, Integers, Integers, Integers]:
    """First and last period with money in, then with money out, counted from 1, (run,) each.

    Where there is none the first lies after the end and the last is 0.
    """
    after, money_in, money_out = len(flows) + 1, flows > 0, flows < 0
    return (
        after - last_period(money_in[::-1]),
        last_period(money_in),
        after - last_period(money_out[::-1]),
        last_period(money_out),
    )


def quick_roots(flows: Floats, dates: Dates) -> tuple[Floats, Codes]:
    """Log growth at the only root, and the status: `UNDECIDED` where it is not plain, (run,) each.

    Flows are (date, run), and growth is by the unit in which times are.
    """
    first_in, last_in, first_out, last_out = _spans(flows)
    status = np.full(flows.shape[1], UNDECIDED, dtype=np.uint8)
    status[last_in == 0] = TOTAL_LOSS
    status[last_out == 0] = NO_OUTLAY

    x, settled = _newton(flows, dates)
    settled &= status == UNDECIDED
    one_change = (last_out < first_in) | (last_in < first_out)
    status[settled & one_change] = OK
    if (several := np.flatnonzero(settled & ~one_change)).size:
        side = np.where(first_in < first_out, 1.0, -1.0)[several]
        last = np.maximum(last_in, last_out)[several]
        some = flows * side if several.size == len(x) else flows.take(several, axis=1) * side
        sole = _never_changes_side(some, dates, x[several], last)
        status[several[sole]] = OK
    return -x, status


def _newton(flows: Floats, dates: Dates) -> tuple[Floats, Flags]:
    """A root as x = log v, and whether Newton's steps settled on it, (run,) each."""
    net, gross = _moments(flows, dates)
    inflow, date_in, spread_in = _mean_dates(gross + net)
    outflow, date_out, spread_out = _mean_dates(gross - net)
    # log(in / out) is nearly gap + slope·(x + bend·x²/2): the start is where that is nil.
    gap, slope = np.log(inflow / outflow), date_in - date_out
    bend = (spread_in - spread_out) / slope
    x = -2 * gap / slope / (1 + np.sqrt(1 - 2 * np.clip(gap / slope * bend, -4, 0.45)))
    centre = (date_in + date_out + (spread_in + spread_out) * x / 2) / 2

    # Where one side may be dust beside the other, the careful path looks.
    plain = np.abs(gap) < 12
    for _ in range(2):
        step = _newton_step(flows, dates.gaps, x, centre, bend)
        x += step
    settled = plain & (np.abs(step) < _SETTLED)
    going = np.flatnonzero(plain & ~settled)
    flows = flows.take(going, axis=1)
    for _ in range(6):
        if not going.size:
            break
        step = _newton_step(flows, dates.gaps, x[going], centre[going], bend[going])
        x[going] += step
        close = np.abs(step) < _SETTLED
        settled[going[close]] = True
        going, flows = going[~close], flows[:, ~close]
    return x, settled


def _newton_step(
    flows: Floats, gaps: Sequence[float], x: Floats, centre: Floats, bend: Floats
) -> Floats:
    """Step in x to the root of v^−centre·P(v), which is nearly straight, for the known bend."""
    value, slope = _value_and_slope(flows, gaps, x)
    slope -= centre * value
    step = -value / slope
    corrected: Floats = step / np.maximum(1 + bend * step / 2, 0.5)  # Halley
    return corrected


def _value_and_slope(flows: Floats, gaps: Sequence[float], x: Floats) -> tuple[Floats, Floats]:
    """P(v) at v = e^x and its slope in x, by Horner's rule, (run,) each."""
    powers = _powers(x, gaps)
    value, slope = np.zeros((2, x.size))
    for flow, gap in zip(reversed(flows), reversed(gaps), strict=True):
        v = powers[gap]
        slope += value if gap == 1 else value * gap
        slope *= v
        value *= v
        value += flow
    return value, slope


def _moments(flows: Floats, dates: Dates) -> tuple[Floats, Floats]:
    """Sums of flow × (1, time, time²), (3, run): of the flows, and of their sizes.

    They only serve the start, for which single precision will do.
    """
    total, first, second = sums = np.zeros((3, 2, flows.shape[1]), dtype=np.float32)
    both = np.empty_like(total)
    for flow, time in zip(flows, np.array(dates.times, dtype=np.float32), strict=True):
        both[0] = flow
        np.abs(both[0], out=both[1])
        total += both
        both *= time
        first += both
        both *= time
        second += both
    return sums[:, 0].astype(np.float64), sums[:, 1].astype(np.float64)


def _mean_dates(moments: Floats) -> tuple[Floats, Floats, Floats]:
    """Total, mean date, and variance of the date, (run,) each."""
    total, first, second = moments
    date = first / total
    return total, date, second / total - date * date


def _never_changes_side(flows: Floats, dates: Dates, x: Floats, last: Integers) -> Flags:
    """Whether the balance compounded at a root is at or above 0 until the last flow, (run,).

    Then there is no other root: at any other growth P is the sum over dates of the balance,
    discounted, times 1 − (growth at the root / growth)^gap, all of one sign.
    """
    growths = _powers(-x, dates.gaps)
    balance, gross = np.zeros((2, x.size))
    holds = np.ones(x.size, dtype=np.bool_)
    for period, (flow, gap) in enumerate(zip(flows, dates.gaps, strict=True), start=1):
        balance += flow
        gross += np.abs(flow)
        holds &= (balance >= 1e-9 * gross) | (period >= last)
        balance *= growths[gap]
        gross *= growths[gap]
    result: Flags = holds & (np.abs(balance) <= 1e-9 * gross) & np.isfinite(gross)
    return result


def careful_roots(
    flows: Floats, dates: Dates, rank: Callable[[Floats], Floats]
) -> tuple[Floats, Codes]:
    """Log growth and status where the quick way gave up, (run,) each.

    Of several roots the growth is that for which `rank`, a function of growth, is lowest.
    """
    size = np.abs(flows)
    largest = size.max(axis=0)
    flows = np.where(size > _DUST * largest, flows / largest, 0.0)
    runs = flows.shape[1]
    status = np.full(runs, NONE, dtype=np.uint8)
    status[~(flows > 0).any(axis=0)] = TOTAL_LOSS
    status[~(flows < 0).any(axis=0)] = NO_OUTLAY
    two_sided = np.flatnonzero(status == NONE)
    if not two_sided.size:
        return np.zeros(runs), status

    found, x = _all_roots(flows[:, two_sided], dates)
    run, growth = two_sided[found], -x
    lowest, highest = np.full(runs, np.inf), np.full(runs, -np.inf)
    np.minimum.at(lowest, run, growth)
    np.maximum.at(highest, run, growth)
    status[run] = np.where(highest[run] - lowest[run] <= _SAME_ROOT, OK, SEVERAL)
    chosen = (lowest + highest) / 2
    last_is_best = np.argsort(rank(growth), kind="stable")[::-1]
    last_is_best = last_is_best[status[run[last_is_best]] == SEVERAL]
    chosen[run[last_is_best]] = growth[last_is_best]
    return chosen, status


class _Curve:
    """f(x) = log(money in) − log(money out), discounted by v = e^x: nil at a root.

    Its slope is the mean date of money in less that of money out, and both mean dates rise with
    x. So their values at the ends of an interval are bounds for the slope between, which tell
    rigorously that f is monotone there, or that it cannot reach nil.
    """

    def __init__(self, flows: Floats, dates: Dates) -> None:
        self.dates, self.times = dates, np.array(dates.times)
        self.inflow, self.outflow = np.maximum(flows, 0), np.maximum(-flows, 0)
        self.first_in, self.last_in, self.first_out, self.last_out = _spans(flows)

    def at(self, run: Integers, x: Floats) -> Floats:
        """Rows x, f, mean date in, mean date out; one column for each (run, x)."""
        slab = _SLAB // len(self.times)
        parts = [slice(i, i + slab) for i in range(0, max(run.size, 1), slab)]
        return np.concatenate([self._at(run[part], x[part]) for part in parts], axis=1)

    def _at(self, run: Integers, x: Floats) -> Floats:
        value_in, date_in = _log_value(self.inflow.take(run, axis=1), self.dates, x)
        value_out, date_out = _log_value(self.outflow.take(run, axis=1), self.dates, x)
        return np.stack([x, value_in - value_out, date_in, date_out])

    def at_infinity(self, run: Integers, sign: float) -> Floats:
        """The same rows at x = ±infinity, where the first or the last flow outweighs all."""
        date_in, date_out = (
            (self.last_in, self.last_out) if sign > 0 else (self.first_in, self.first_out)
        )
        ahead = sign * np.sign(date_in - date_out)[run] * np.inf
        time_in, time_out = self.times[date_in[run] - 1], self.times[date_out[run] - 1]
        return np.stack([np.full(run.size, sign * np.inf), ahead, time_in, time_out])


def _log_value(flows: Floats, dates: Dates, x: Floats) -> tuple[Floats, Floats]:
    """Log of the discounted sum of flows at or above 0, and their mean date, (run,) each."""
    total, slope = _value_and_slope(flows, dates.gaps, x)
    date = slope / total
    log_total = np.log(total)
    far = np.flatnonzero(np.abs(x) * dates.times[-1] > 600)  # v to that power is out of range
    if far.size:
        times = np.array(dates.times)[:, None]
        terms = np.log(flows[:, far]) + times * x[far]
        top = terms.max(axis=0)
        weights = np.exp(terms - top)
        # accumulate, not sum: it adds in one order however many columns there are
        shared = np.add.accumulate(weights)[-1]
        log_total[far] = top + np.log(shared)
        date[far] = np.add.accumulate(weights * times)[-1] / shared
    return log_total, date


def _all_roots(flows: Floats, dates: Dates) -> tuple[Integers, Floats]:
    """Every root of every run, as its run and its x = log v; where two touch, perhaps one of them.

    The line is cut in two until f is known to be monotone, or not to reach nil, in each piece.
    """
    curve = _Curve(flows, dates)
    run = np.arange(flows.shape[1])
    ends = [curve.at_infinity(run, -1.0)]
    ends += [curve.at(run, np.full(run.size, x)) for x in (-0.5, 0.0, 0.5)]
    ends += [curve.at_infinity(run, 1.0)]
    left, right = np.concatenate(ends[:-1], axis=1), np.concatenate(ends[1:], axis=1)
    run = np.tile(run, len(ends) - 1)

    brackets, touches = [], []
    while run.size:
        crosses = ((left[1] >= 0) != (right[1] >= 0)) | _is_nil(left[1]) | _is_nil(right[1])
        monotone, clear = _bounds(left, right)
        fine, crowded = right[0] - left[0] < _SAME_ROOT / 256, np.bincount(run)[run] > _CROWD
        narrow = fine | crowded
        crossing = crosses & (monotone | narrow)
        near = fine | (np.minimum(np.abs(left[1]), np.abs(right[1])) <= _NIL)
        touching = ~crosses & ~monotone & ~clear & narrow & near
        brackets += [(run[crossing], left[:, crossing], right[:, crossing])]
        touches += [(run[touching], _between(left[0, touching], right[0, touching]))]

        is_open = ~monotone & ~narrow & (crosses | ~clear)
        run, left, right = run[is_open], left[:, is_open], right[:, is_open]
        middle = curve.at(run, _between(left[0], right[0]))
        left, right = (
            np.concatenate([left, middle], axis=1),
            np.concatenate([middle, right], axis=1),
        )
        run = np.tile(run, 2)
    run, left, right = (np.concatenate(parts, axis=-1) for parts in zip(*brackets, strict=True))
    touched, at = (np.concatenate(parts) for parts in zip(*touches, strict=True))
    root = _refined(curve, run, left, right)
    return np.concatenate([run, touched]), np.concatenate([root, at])


def _bounds(left: Floats, right: Floats) -> tuple[Flags, Flags]:
    """Whether f is monotone between, and, its ends being of one sign, whether it stays so."""
    lowest, highest = left[2] - right[3], right[2] - left[3]  # slope
    # Lines of extreme slope from both ends meet at the nearest that f can come to nil.
    above = left[1] >= 0
    fall, rise = np.where(above, lowest, -highest), np.where(above, highest, -lowest)
    nearest = rise * np.abs(left[1]) - fall * np.abs(right[1]) + rise * fall * (right[0] - left[0])
    return (lowest >= 0) | (highest <= 0), nearest > 0


def _is_nil(f: Floats) -> Flags:
    """Whether f is nil but for rounding."""
    nil: Flags = np.abs(f) <= 1e-14
    return nil


def _between(low: Floats, high: Floats) -> Floats:
    """The middle; of a half-line, a point that goes further out each time."""
    middle = np.where(np.isinf(low), 2 * high - 1, (low + high) / 2)
    return np.where(np.isinf(high), 2 * low + 1, middle)


def _refined(curve: _Curve, run: Integers, left: Floats, right: Floats) -> Floats:
    """The one root between: Newton's steps, kept inside by halving."""
    low, high, rising = left[0].copy(), right[0].copy(), right[1] >= 0
    x, f, date_in, date_out = np.where(np.abs(left[1]) < np.abs(right[1]), left, right)
    root: Floats = np.clip(np.where(_is_nil(f), x, x - f / (date_in - date_out)), low, high)
    last_step = high - low
    going = np.arange(run.size)
    for _ in range(200):
        if not going.size:
            break
        x, f, date_in, date_out = curve.at(run[going], root[going])
        beyond = (f >= 0) == rising[going]
        low[going], high[going] = np.where(beyond, low[going], x), np.where(beyond, x, high[going])
        step = np.where(_is_nil(f), 0.0, -f / (date_in - date_out))
        close = np.abs(step) <= 1e-10 * (1 + np.abs(x))
        good = (x + step > low[going]) & (x + step < high[going])
        good &= 2 * np.abs(step) <= last_step[going]
        root[going] = np.where(close | good, x + step, _between(low[going], high[going]))
        last_step[going] = np.abs(root[going] - x)
        going = going[~close]
    return root
