"""Contract time: periods, dates and lengths."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sibmodel.contract.assumptions import Clause, Whole
from sibmodel.contract.meant import date_meant, length_meant
from sibmodel.contract.names import GroupName, fault

PERIODS_PER_YEAR = {"month": 12, "quarter": 4, "half_year": 2, "year": 1}
DAYS_PER_YEAR = 365.25
DAYS_OF = {
    "day": 1.0,
    "week": 7.0,
    "four_weeks": 28.0,
    "month": DAYS_PER_YEAR / 12,
    "quarter": DAYS_PER_YEAR / 4,
    "half_year": DAYS_PER_YEAR / 2,
    "year": DAYS_PER_YEAR,
}
"""Units of time that an outcome may be counted in, and their days."""


def _no_date(value: Any) -> PydanticCustomError:
    seen = repr(value) if isinstance(value, str) else str(value)
    meant = date_meant(value)
    if meant:
        return fault(f"needs a date: seen {seen}: {meant}")
    return fault(f"needs a date such as 2027-04-01: seen {seen}")


def _date(value: Any) -> Any:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise _no_date(value)
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise _no_date(value)
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            raise fault(f"{value} is not a day of the calendar") from None
    if not 1900 <= value.year <= 2200:
        raise fault(f"must lie in the years 1900 to 2200: seen {value}")
    return value


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]


def _kind_of_when(value: Any) -> str:
    if isinstance(value, bool):
        raise fault(f"needs a date or the number of a period: seen {str(value).lower()}")
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "period"
    if isinstance(value, str) and re.fullmatch("[0-9]+", value):
        return "period"  # JSON has only text for keys
    if isinstance(value, str | dt.date):
        return "date"
    raise fault(f"needs a date such as 2027-04-01, or the number of a period: seen {value!r}")


def _when(value: Any) -> Any:
    if _kind_of_when(value) == "period":
        period = int(value)
        if not 0 <= period <= 1200:
            raise fault(f"a period is a whole number from 0 to 1200: seen {value!r}")
        return period
    return _date(value)


When = Annotated[
    int | dt.date,
    BeforeValidator(_when),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 1200},
                {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
            ]
        }
    ),
]
"""A date, or a period (0 is the first)."""


class Length(BaseModel):
    """A length of time: so many periods, or in a unit of the calendar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    periods: Annotated[Whole, Field(ge=0)] | None = None
    days: Annotated[Whole, Field(ge=0)] | None = None
    weeks: Annotated[Whole, Field(ge=0)] | None = None
    months: Annotated[Whole, Field(ge=0)] | None = None
    years: Annotated[Whole, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Mapping | Length):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"periods": value}
        meant = length_meant(value) if isinstance(value, str) else None
        if meant is not None:
            raise fault(f"seen the text {value!r}: write {meant}")
        raise fault(f"a length is a number of periods, or such as {{weeks: 13}}: seen {value!r}")

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        said = [n for n in type(self).model_fields if getattr(self, n) is not None]
        if len(said) != 1:
            seen = " and ".join(said) if said else "none"
            raise fault(f"a length takes one of days, weeks, months, years: seen {seen}")
        return self

    def after(self, day: dt.date, timeline: Timeline) -> dt.date:
        """The day this length after another: 13 weeks after 1 April are reached on 1 July."""
        if self.periods is not None:
            months = self.periods * (12 // timeline.periods_per_year)
        elif self.months is not None or self.years is not None:
            months = (self.months or 0) + 12 * (self.years or 0)
        else:
            return day + dt.timedelta(days=(self.days or 0) + 7 * (self.weeks or 0))
        return months_after(day, months)

    def in_days(self, timeline: Timeline) -> float:
        """Days, of months and years of average length."""
        if self.periods is not None:
            return self.periods * timeline.days_per_period
        if self.months is not None or self.years is not None:
            return ((self.months or 0) / 12 + (self.years or 0)) * DAYS_PER_YEAR
        return float((self.days or 0) + 7 * (self.weeks or 0))

    def in_periods(self, timeline: Timeline) -> int:
        """The nearest whole number of periods."""
        return int(self.in_days(timeline) / timeline.days_per_period + 0.5)

    def __str__(self) -> str:
        [name] = [n for n in type(self).model_fields if getattr(self, n) is not None]
        return f"{getattr(self, name)} {name}"


class LengthByGroup(BaseModel):
    """A length for each group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by_group: dict[GroupName, Length] = Field(min_length=1)


def _kind_of_length(value: Any) -> str:
    if isinstance(value, LengthByGroup) or (isinstance(value, Mapping) and "by_group" in value):
        return "by_group"
    return "length"


Lengths = Annotated[
    Annotated[Length, Tag("length")] | Annotated[LengthByGroup, Tag("by_group")],
    Discriminator(_kind_of_length),
]
"""A length, perhaps of each group."""


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = day.day
    while True:  # the 31st of a month begins its 30-day neighbours on the 30th
        try:
            return dt.date(year, month + 1, last)
        except ValueError:
            last -= 1


class Timeline(Clause):
    """Contract time: periods of one length, numbered from 0."""

    start: Date
    step: Literal["month", "quarter", "half_year", "year"]
    periods: Annotated[Whole, Field(ge=1, le=1200)]
    timing: Literal["start", "middle", "end"] = Field(
        "start", description="Where in a period its money is dated."
    )

    @property
    def periods_per_year(self) -> int:
        """How many periods make a year."""
        return PERIODS_PER_YEAR[self.step]

    @property
    def days_per_period(self) -> float:
        """Days of an average period."""
        return DAYS_OF[self.step]

    def date(self, period: int) -> dt.date:
        """First day of a period."""
        return months_after(self.start, period * (12 // self.periods_per_year))

    def period_of(self, when: int | dt.date) -> int:
        """The period of a date or period: below 0 before the first, from ``periods`` on after."""
        if isinstance(when, int):
            return when
        months = (when.year - self.start.year) * 12 + when.month - self.start.month
        period = months // (12 // self.periods_per_year) + 1
        while self.date(period) > when:
            period -= 1
        return period

    def day(self, when: int | dt.date) -> dt.date:
        """The date itself, or the first day of a period."""
        return self.date(when) if isinstance(when, int) else when
