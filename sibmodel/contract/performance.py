"""Performance: the outcomes of many people read as one figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sibmodel.contract.assumptions import (
    Assumption,
    ByGroup,
    Clause,
    Finite,
    Number,
    Range,
    Whole,
    kind_of_number,
)
from sibmodel.contract.meant import number_meant
from sibmodel.contract.names import Name, fault
from sibmodel.contract.tables import row_key
from sibmodel.contract.timeline import When

AGAINST_SOMETHING = ("additional", "additional_per_person", "relative")
"""Ways of reading that need a counterfactual."""

FINEST_FIRST = ("each_group", "each_cohort", "each_period", "to_date", "everyone")
"""Whose records may be read together, from the fewest."""

WhenList = Annotated[
    tuple[When, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else [value]),
]
"""One date or period, or several."""


class Comparison(Clause):
    """A comparison group, whose figure is recorded."""

    control: Literal["randomised", "matched", "historical", "area"] | None = None
    difference_in_differences: Literal["additive", "ratio"] | None = None
    people: Annotated[Whole, Field(ge=1)] | None = Field(
        None, description="Size of the comparison group."
    )
    people_each: Annotated[Finite, Field(gt=0)] | None = Field(
        None, description="People in the comparison group for each person served."
    )

    @model_validator(mode="after")
    def _one_design(self) -> Self:
        if (self.control is None) == (self.difference_in_differences is None):
            raise fault("a comparison is one of control and difference_in_differences")
        if self.people is not None and self.people_each is not None:
            raise fault("a comparison group has people or people_each, not both")
        return self


def _kind_of_against(value: Any) -> str:
    if isinstance(value, AgainstByDate) or (isinstance(value, Mapping) and "from" in value):
        return "from"
    if isinstance(value, Comparison) or (
        isinstance(value, Mapping)
        and set(Comparison.model_fields) - {*Clause.model_fields} & {*value}
    ):
        return "comparison"
    return kind_of_number(value)


def _against_like(value: Any) -> Any:
    _kind_of_against(value)  # pydantic takes no faults from the function that picks the kind
    return value


class AgainstByDate(Clause):
    """A yardstick that changes: the latest row begun on the date of the record."""

    begins: dict[When, Yardstick] = Field(alias="from", min_length=1)

    def parts(self) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        """Every yardstick in it, with the steps of its path."""
        for key, value in self.begins.items():
            yield ("from", row_key(key)), value


Yardstick = Annotated[
    Annotated[Finite, Tag("number")]
    | Annotated[Name, Tag("name")]
    | Annotated[Assumption, Tag("assumption")]
    | Annotated[ByGroup, Tag("by_group")]
    | Annotated[Comparison, Tag("comparison")],
    Discriminator(_kind_of_against),
    BeforeValidator(_against_like),
]
AgainstByDate.model_rebuild()

Against = Annotated[
    Annotated[Finite, Tag("number")]
    | Annotated[Name, Tag("name")]
    | Annotated[Assumption, Tag("assumption")]
    | Annotated[ByGroup, Tag("by_group")]
    | Annotated[Comparison, Tag("comparison")]
    | Annotated[AgainstByDate, Tag("from")],
    Discriminator(_kind_of_against),
    BeforeValidator(_against_like),
    Range(0.0, math.inf, "number a person"),
]
"""A counterfactual per person: an agreed rate, a comparison group, or one after another."""


def yardsticks(against: Any) -> list[Any]:
    """Every yardstick of a counterfactual, one after another where it changes."""
    return list(against.begins.values()) if isinstance(against, AgainstByDate) else [against]


def _kind_of_weight(value: Any) -> str:
    meant = number_meant(value) if isinstance(value, str) else None
    if meant is not None:
        raise fault(f"seen the text {value!r}: write {meant}")
    if isinstance(value, str):
        return "name"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    raise fault(f"a weight is a number, or the name of a performance: seen {value!r}")


def _weight_like(value: Any) -> Any:
    _kind_of_weight(value)  # pydantic takes no faults from the function that picks the kind
    return value


Weight = Annotated[
    Annotated[Finite, Tag("number")] | Annotated[Name, Tag("name")],
    Discriminator(_kind_of_weight),
    BeforeValidator(_weight_like),
]
"""A number, or the name of a performance: a recorded share."""


class Performance(Clause):
    """The outcomes of many people read as one figure, or a figure recorded as such."""

    of: str | None = Field(None, description="The outcome read.")
    read_as: Literal["count", "rate", "additional", "additional_per_person", "relative"] | None = (
        Field(None, alias="as", description="How it is read; must be said beside of.")
    )
    over: Literal["each_cohort", "each_group", "each_period", "to_date", "everyone"] = Field(
        "everyone", description="Whose records are read together."
    )
    at: WhenList | None = Field(
        None,
        description="Dates on which it is read; if left out, at the end for everyone, else "
        "whenever it is recorded.",
    )
    weights: dict[Name, Weight] | None = Field(
        None,
        min_length=1,
        description="In place of of: other performances and their weights, each a number or the "
        "name of a performance.",
    )
    unit: str | None = Field(
        None, description="percent multiplies what is per person or relative by 100; else a label."
    )
    value: Annotated[Number, Range(-math.inf, math.inf, "figure")] | None = Field(
        None, description="For a figure recorded as such: what simulate assumes."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = {"of": self.of, "weights": self.weights, "value": self.value}
        said = [kind for kind, given in kinds.items() if given is not None]
        if len(said) > 1:
            beside = " and ".join(said) if len(said) == 2 else ", ".join(said)
            raise fault(
                f"says {beside}, keep one: a figure is read of an outcome (of, as), weighed from "
                f"others (weights), or recorded as such (value, for simulate)"
            )
        if self.of is not None and self.read_as is None:
            raise fault(
                "say how it is read, as: count, rate, additional, additional_per_person or relative"
            )
        if self.of is None and self.read_as is not None:
            beside = f": {said[0]} takes no as, take it out" if said else ""
            raise fault(f"as goes with of, the outcome read{beside}")
        return self

    @property
    def recorded(self) -> bool:
        """Whether the figure is recorded as such."""
        return self.of is None and self.weights is None
