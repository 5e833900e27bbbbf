"""Stretches of days, both ends included: cut, compared, and counted in whole units of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sibmodel.contract.timeline import DAYS_OF, PERIODS_PER_YEAR, months_after

Stretch = tuple[dt.date, dt.date]
"""First and last day."""

_DAY = dt.timedelta(days=1)


def days(stretches: Iterable[Stretch]) -> int:
    """Days in stretches that do not overlap."""
    return sum((last - first).days + 1 for first, last in stretches)


def within(stretches: Iterable[Stretch], windows: Iterable[Stretch]) -> list[Stretch]:
    """The days that lie in one of the windows.

    Examples
    --------
    >>> week = (dt.date(2027, 4, 1), dt.date(2027, 4, 7))
    >>> days(within([week], [(dt.date(2027, 4, 6), dt.date(2027, 4, 30))]))
    2
    """
    both = [
        (max(first, opens), min(last, closes))
        for first, last in stretches
        for opens, closes in windows
    ]
    return [(first, last) for first, last in both if first <= last]


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """The days that are not among those taken.

    Examples
    --------
    >>> week = (dt.date(2027, 4, 1), dt.date(2027, 4, 7))
    >>> days(without([week], [(dt.date(2027, 4, 3), dt.date(2027, 4, 4))]))
    5
    """
    left = list(stretches)
    for begins, ends in taken:
        left = [
            piece
            for first, last in left
            for piece in (
                (first, min(last, begins - _DAY)),
                (max(first, ends + _DAY), last),
            )
            if piece[0] <= piece[1]
        ]
    return left


def whole_units(stretches: Iterable[Stretch], unit: str) -> tuple[int, list[Stretch]]:
    """Whole units of time, each stretch counted from its first day, and the days that make them.

    Months and years go by the calendar.

    Parameters
    ----------
    stretches : iterable of (first day, last day)
    unit : str
        One of ``DAYS_OF``.

    Examples
    --------
    >>> whole_units([(dt.date(2027, 2, 1), dt.date(2027, 2, 28))], "month")[0]
    1
    >>> whole_units([(dt.date(2027, 2, 1), dt.date(2027, 2, 9))], "week")
    (1, [(datetime.date(2027, 2, 1), datetime.date(2027, 2, 7))])
    """
    units, used = 0, []
    for first, last in stretches:
        here = 0
        if unit not in PERIODS_PER_YEAR:
            here = days([(first, last)]) // int(DAYS_OF[unit])
        else:
            while _later(first, here + 1, unit) <= last + _DAY:
                here += 1
        if here:
            units += here
            used.append((first, _later(first, here, unit) - _DAY))
    return units, used


def _later(day: dt.date, units: int, unit: str) -> dt.date:
    """The day so many units of time later."""
    if unit in PERIODS_PER_YEAR:
        return months_after(day, units * 12 // PERIODS_PER_YEAR[unit])
    return day + units * int(DAYS_OF[unit]) * _DAY
