"""What was meant by a number, a date or a length that is written in another way."""

from __future__ import annotations

import datetime as dt
import re

from sibmodel.contract.names import is_name

# --- numbers --------------------------------------------------------------------------------------

_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}


def number_meant(text: str) -> str | None:
    """What should have been written, if the text is a number in disguise.

    Examples
    --------
    >>> number_meant("£1,000"), number_meant("500 GBP"), number_meant("1.5m"), number_meant("60%")
    ('1000', '500', '1500000', '0.6')
    >>> number_meant("3.000,50") is None  # a point here, a comma there: not for us to say
    True
    """
    if is_name(text.strip()):
        return None  # GBP500 may be an assumption
    bare = re.sub(r"^[A-Z]{3}(?=[ \d])|(?<=[ \d])[A-Z]{3}$", "", text.strip())
    bare = re.sub(r"[\s_]", "", bare).strip("£$€")
    if re.fullmatch(r"-?\d{1,3}([,']\d{3})+(\.\d+)?[kKmM]?", bare):
        bare = re.sub("[,']", "", bare)
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)([kKmM]?)(%?)", bare)
    if found is None:
        return None
    number = float(found[1]) * _THOUSANDS[found[2].lower()] / (100 if found[3] else 1)
    return f"{number:.12g}"


# --- dates ----------------------------------------------------------------------------------------

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})(?:([-/. ])(?P<m>\d{1,2})\2(?P<d>\d{1,2})|"
                         r"(?P<mm>\d{2})(?P<dd>\d{2}))([ t]\d{2}:\d{2}.*)?")  # fmt: skip
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})([-/. ])(?P<b>\d{1,2})\2(?P<y>\d{4}|\d{2})")
_NAMED = (
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[- ](?P<m>[a-z]{3,9})\.?,?[- ](?P<y>\d{4}|\d{2})"),
    re.compile(r"(?P<m>[a-z]{3,9})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})"),
)
_NO_DAY = (
    re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})[-/](?P<y>\d{4})"),
    re.compile(r"(?P<m>[a-z]{3,9})\.?,? (?P<y>\d{4})"),
)


def date_meant(value: object) -> str:
    """What to write for a date written in another way; empty where that cannot be told.

    Where day and month could stand in either order, both are said.

    Examples
    --------
    >>> date_meant("1 April 2027"), date_meant("31/12/2027")
    ('write 2027-04-01', 'write 2027-12-31')
    >>> date_meant("01/04/2027")
    'write 2027-04-01 for 1 April 2027, or 2027-01-04 for 4 January 2027'
    >>> date_meant("April 2027")
    'write its day too, 2027-04-01'
    """
    text = " ".join(str(value).lower().split())
    if found := _YEAR_FIRST.fullmatch(text):
        day = _day(found["y"], found["m"] or found["mm"], found["d"] or found["dd"])
        return "" if day is None else f"write {day}"
    if found := _YEAR_LAST.fullmatch(text):
        british, american = (
            _day(found["y"], month, day)
            for month, day in ((found["b"], found["a"]), (found["a"], found["b"]))
        )
        if british is not None and american is not None and british != american:
            return f"write {_of(british)}, or {_of(american)}"
        day = british or american
        return "" if day is None else f"write {day}"
    for form in _NAMED:
        if found := form.fullmatch(text):
            day = _day(found["y"], found["m"], found["d"])
            return "" if day is None else f"write {day}"
    for form in _NO_DAY:
        if found := form.fullmatch(text):
            day = _day(found["y"], found["m"], "1")
            return "" if day is None else f"write its day too, {day}"
    return ""


def _day(year: str, month: str, day: str) -> dt.date | None:
    if month.isalpha():
        names = [name for name in _MONTHS if name.lower().startswith(month.removesuffix("t"))]
        month = str(_MONTHS.index(names[0]) + 1) if names else "0"
    try:
        return dt.date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None


def _of(day: dt.date) -> str:
    return f"{day} for {day.day} {_MONTHS[day.month - 1]} {day.year}"


# --- lengths --------------------------------------------------------------------------------------

_UNITS = {
    **dict.fromkeys(("d", "day"), "days"),
    **dict.fromkeys(("w", "wk", "week"), "weeks"),
    **dict.fromkeys(("month", "mth"), "months"),
    **dict.fromkeys(("y", "yr", "year"), "years"),
}


def length_meant(text: str) -> str | None:
    """A length written as text, as a contract has it.

    Examples
    --------
    >>> length_meant("13 weeks"), length_meant("1 year"), length_meant("2 periods")
    ('{weeks: 13}', '{years: 1}', '2')
    """
    found = re.fullmatch(r"(\d+) ?-?([a-z]*?)s?", text.strip().lower())
    if found is None:
        return None
    if found[2] in ("", "period"):
        return found[1]
    return f"{{{_UNITS[found[2]]}: {found[1]}}}" if found[2] in _UNITS else None
