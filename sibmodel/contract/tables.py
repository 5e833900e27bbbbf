"""Numbers read off a table: by date, in steps, along straight lines, by marginal band.

Wherever a payment rule wants a number, a table may stand, and the values in it are numbers again:
dates within groups, groups within bands.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sibmodel.contract.assumptions import (
    Assumption,
    ByGroup,
    Clause,
    Finite,
    Range,
    kind_of_number,
    number_keys,
)
from sibmodel.contract.names import GroupName, Name, fault
from sibmodel.contract.timeline import When

FROM_BELOW = ("at_least", "above")
FROM_ABOVE = ("at_most", "below")
STEPS = (*FROM_BELOW, *FROM_ABOVE)
"""The four words of comparison; at_least and at_most include the bound."""
TABLES = ("from", *STEPS, "through", "each_above")
_OF_TABLES = {*TABLES, "by", "floor", "cap"}


def kind_of_tabled(value: Any) -> str:
    """Which kind of number is meant, read from its keys."""
    if isinstance(value, Table) or (isinstance(value, Mapping) and _OF_TABLES & set(value)):
        return "table"
    return kind_of_number(value)


def _tabled_like(value: Any) -> Any:
    kind_of_tabled(value)  # pydantic takes no faults from the function that picks the kind
    return value


class GroupTable(ByGroup):
    """A number for each group, each of which may be a table."""

    by_group: dict[GroupName, Tabled] = Field(min_length=1)  # type: ignore[assignment]


class Table(Clause):
    """A number read off a table."""

    by: str | None = Field(
        None,
        description="What it is read against: a performance, or start (with from); if left out, "
        "what the rule pays.",
    )
    begins: dict[When, Tabled] | None = Field(
        None, alias="from", min_length=1, description="By date or period: the latest row begun."
    )
    at_least: Rows | None = Field(None, description="Steps: the last row reached.")
    above: Rows | None = Field(None, description="Steps: the last row passed.")
    at_most: Rows | None = Field(None, description="Steps from above, the bound included.")
    below: Rows | None = Field(None, description="Steps from above, the bound left out.")
    through: Rows | None = Field(None, description="Straight lines between the points.")
    each_above: Rows | None = Field(
        None, description="Marginal bands: the price of each unit above the bound."
    )
    floor: Tabled | None = Field(None, description="The value is at least this.")
    cap: Tabled | None = Field(None, description="The value is at most this.")

    forms: ClassVar[dict[str, str]] = {form: form for form in TABLES} | {"from": "begins"}

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        said = [form for form in TABLES if getattr(self, self.forms[form]) is not None]
        if not said:
            raise fault(f"a table takes one or more of {', '.join(TABLES)}: seen none")
        for alone in ("from", "each_above"):
            if alone in said and len(said) > 1:
                others = ", ".join(form for form in said if form != alone)
                raise fault(f"{alone} takes no other form beside it: seen {others}")
        if self.each_above is not None and self.by is not None:
            raise fault("each_above takes no by: it counts what its own rule pays")
        if self.by == "start" and self.begins is None:
            raise fault("by: start goes with from")
        if self.begins is not None and self.by not in (None, "start"):
            raise fault("from is read against the date: by can only be start")
        if self.begins is not None and len({isinstance(key, int) for key in self.begins}) > 1:
            raise fault("from mixes dates and periods: write one kind")
        below = [x for word in FROM_BELOW for x in (getattr(self, word) or ())]
        over = [x for word in FROM_ABOVE for x in (getattr(self, word) or ())]
        for words in (FROM_BELOW, FROM_ABOVE):
            both = set(getattr(self, words[0]) or ()) & set(getattr(self, words[1]) or ())
            if both:
                raise fault(f"{words[0]} and {words[1]} both have a row at {min(both):g}")
        if below and over and (
            min(below) < max(over)
            or (min(below) == max(over) and min(below) in (self.at_least or ())
                and max(over) in (self.at_most or ()))
        ):  # fmt: skip
            raise fault(
                f"rows overlap: those from above reach {max(over):g}, those from below begin at "
                f"{min(below):g}"
            )
        points = sorted(self.through or ())
        if points and below and min(below) < points[-1]:
            raise fault(f"rows overlap: a step from below begins before {points[-1]:g}, the last "
                        f"point of through")  # fmt: skip
        if points and over and max(over) > points[0]:
            raise fault(f"rows overlap: a step from above reaches beyond {points[0]:g}, the first "
                        f"point of through")  # fmt: skip
        return self

    @property
    def form(self) -> str:
        """``from``, ``each_above``, or ``figure`` (steps and lines)."""
        if self.begins is not None:
            return "from"
        return "each_above" if self.each_above is not None else "figure"

    def parts(self) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        """Every number in it, with the steps of its path."""
        for form in TABLES:
            rows = getattr(self, self.forms[form])
            for key, value in (rows or {}).items():
                yield (form, row_key(key)), value
        for name in ("floor", "cap"):
            if getattr(self, name) is not None:
                yield (name,), getattr(self, name)


def by_figure(number: object) -> bool:
    """Whether a number is read against a performance, itself or within its table."""
    if isinstance(number, Table):
        return number.by is not None or any(by_figure(part) for _, part in number.parts())
    if isinstance(number, ByGroup):
        return any(by_figure(part) for part in number.by_group.values())
    return False


def row_key(key: float | int | dt.date) -> str | int:
    """The key of a row as a path says it: ``at_least[0.3]``, ``from[2027-04-01]``."""
    if isinstance(key, dt.date):
        return key.isoformat()
    return int(key) if float(key).is_integer() else f"{key:.12g}"


Tabled = Annotated[
    Annotated[Finite, Tag("number")]
    | Annotated[Name, Tag("name")]
    | Annotated[Assumption, Tag("assumption")]
    | Annotated[GroupTable, Tag("by_group")]
    | Annotated[Table, Tag("table")],
    Discriminator(kind_of_tabled),
    BeforeValidator(_tabled_like),
]
"""A number, or a table of numbers."""

Rows = Annotated[dict[float, Tabled], Field(min_length=1), BeforeValidator(number_keys)]

GroupTable.model_rebuild()
Table.model_rebuild()

AnyNumber = Range(-math.inf, math.inf, "number")

TabledMoney = Annotated[Tabled, Range(0.0, math.inf, "money")]
"""Money, nominal, never negative; perhaps from a table."""
TabledAnyMoney = Annotated[Tabled, Range(-math.inf, math.inf, "money")]
"""Money that may be negative; perhaps from a table."""
TabledMultiple = Annotated[Tabled, Range(0.0, math.inf, "number")]
"""A pure number, never negative; perhaps from a table."""
TabledShare = Annotated[Tabled, Range(0.0, 1.0, "share")]
"""A number from 0 to 1; perhaps from a table."""
TabledRate = Annotated[Tabled, Range(0.0, 1.0, "rate a year")]
"""A rate a year, from 0 to 1; perhaps from a table."""
TabledNumber = Annotated[Tabled, AnyNumber]
"""Any number; perhaps from a table."""


class Test(Clause):
    """What must hold of a figure; of several bounds, all."""

    __test__ = False  # not one of pytest's

    at_least: TabledNumber | None = None
    above: TabledNumber | None = None
    at_most: TabledNumber | None = None
    below: TabledNumber | None = None

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if isinstance(value, Mapping | Test):
            return value
        raise fault(f"a test is such as {{at_least: 0.10}}: seen {value!r}")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, word) is None for word in STEPS):
            raise fault(f"a test takes one or more of {', '.join(STEPS)}")
        return self
