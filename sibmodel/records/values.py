"""One cell of the records, read strictly; what cannot be read says what to write."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from typing import Any

import numpy as np
import pandas as pd

from sibmodel.contract.meant import date_meant, number_meant

MOST = 1e12
"""Numbers from here on are taken for slips of the hand."""

_DAY = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class CellError(ValueError):
    """A cell that cannot be read, and what to write."""


def cell(value: Any) -> Any:
    """A cell without blanks around it; an empty one is None."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else value


def number(value: Any, what: str) -> float:
    """A number, from a number or from the plain text of one.

    Examples
    --------
    >>> number("12.5", "observed")
    12.5
    >>> number("£1,000", "a number")
    Traceback (most recent call last):
        ...
    sibmodel.records.values.CellError: a number: seen the text '£1,000': write 1000
    """
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", value):
            meant = number_meant(value)
            raise CellError(
                f"{what}: seen {value!r}, which is no number"
                if meant is None
                else f"{what}: seen the text {value!r}: write {meant}"
            )
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise CellError(f"{what}: seen {value!r}, which is no number")
    found = float(value)
    if not math.isfinite(found) or abs(found) >= MOST:
        raise CellError(f"{what} is a number below a million million: seen {found:g}")
    return found


def whole(value: Any, what: str, least: int = 0) -> int:
    """A whole number, not below the least."""
    found = number(value, what)
    if found < least or not found.is_integer():
        raise CellError(f"{what} is a whole number from {least}: seen {value!r}")
    return int(found)


def day(value: Any) -> dt.date | None:
    """A date, a timestamp, or text like 2027-07-05, as a date; anything else is None.

    Spreadsheets write a time beside the day, 2027-07-05 00:00:00: only the day is read. Day and
    month of 05/07/2027 stand in one order here and in another there: not read.

    Examples
    --------
    >>> day("2027-07-05 00:00:00"), day("05/07/2027")
    (datetime.date(2027, 7, 5), None)
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or not re.fullmatch(_DAY, value):
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        return None


def date(value: Any, what: str) -> dt.date:
    """A date, or a fault that says how one is written."""
    found = day(value)
    if found is None:
        remedy = date_meant(value) if isinstance(value, str) else ""
        if isinstance(value, int | float) and 20_000 <= value < 80_000:
            there = dt.date(1899, 12, 30) + dt.timedelta(days=int(value))
            remedy = f"write {there}, if it is Excel's number of a day"
        seen = f"{value!r}: {remedy}" if remedy else repr(value)
        raise CellError(f"{what} is written 2027-07-05: seen {seen}")
    return found


def flag(value: Any, what: str) -> bool:
    """Yes or no: true, false, yes, no, 1 or 0."""
    if isinstance(value, bool) or (isinstance(value, numbers.Real) and value in (0, 1)):
        return bool(value)
    if isinstance(value, str) and value.lower() in _YES_NO:
        return _YES_NO[value.lower()]
    raise CellError(f"{what} is true or false: seen {value!r}")


def label(value: Any) -> str:
    """A name or key as text; a key that pandas made a fraction of is whole again.

    Examples
    --------
    >>> label(17.0), label("ann")
    ('17', 'ann')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
