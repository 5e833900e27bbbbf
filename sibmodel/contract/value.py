"""Benefits, who gains them, and how money at different dates is compared."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sibmodel.contract.assumptions import Clause, Finite, Money, Share, Whole, a_share_a_year
from sibmodel.contract.names import Name, fault
from sibmodel.contract.schedules import SCHEDULES


def first_year(label: str) -> int:
    """The year in which a price year begins: 2027 for "2027-28" and for "2027"."""
    return int(label[:4])


def _price_year(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}(-\d{2})?", value):
        raise fault(f"a price year is written 2027-28 (April to March) or 2027: seen {value!r}")
    if len(value) == 7 and (int(value[:4]) + 1) % 100 != int(value[5:]):
        raise fault(
            f"{value!r} does not run over two years that follow each other: "
            f"write {value[:4]}-{(int(value[:4]) + 1) % 100:02}"
        )
    return value


PriceYear = Annotated[
    str,
    BeforeValidator(_price_year),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": r"^\d{4}(-\d{2})?$",
            "minimum": 1000,
            "maximum": 9999,
        }
    ),
]


class Prices(Clause):
    """The base year of real money, and what brings nominal money and older values to it."""

    base: PriceYear
    inflation: Annotated[Finite, BeforeValidator(a_share_a_year)] | None = Field(
        None, description="A year, for every year the deflator series does not cover."
    )
    deflator: dict[PriceYear, Annotated[Finite, Field(gt=0)]] = Field(
        {}, description="A price index by year."
    )

    @model_validator(mode="after")
    def _one_kind_of_year(self) -> Self:
        if any(len(year) != len(self.base) for year in self.deflator):
            raise fault(f"the deflator's years must be of the kind of the base year, {self.base}")
        covered = sorted(first_year(year) for year in self.deflator)
        for before, after in pairwise(covered):
            if after - before > 1:
                raise fault(f"the deflator lacks a year between {before} and {after}: add it")
        return self


class Discount(BaseModel):
    """A named schedule, or one rate a year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: str | None = None
    rate: Annotated[Finite, Field(gt=-0.5, lt=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"schedule": value}
        if isinstance(value, dict | Discount):
            return value
        raise fault(
            f"discount is the name of a schedule ({', '.join(SCHEDULES)}) or {{rate: 0.035}}: "
            f"seen {value!r}"
        )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.schedule is None) == (self.rate is None):
            raise fault("discount takes exactly one of a schedule's name and {rate: …}")
        return self


class Benefit(Clause):
    """What one additional outcome is worth, to whom, when, and from whom if it is a transfer."""

    of: str = Field(description="The outcome.")
    per_outcome: Money = Field(description="Money per additional outcome, in its price year.")
    prices: PriceYear | None = Field(None, description="Price year; if left out, the base year.")
    to: str = Field(description="The party that gains.")
    taken_from: str | None = Field(
        None, alias="from", description="The party that loses what the other gains: a transfer."
    )
    kind: Literal["fiscal", "economic", "social"] | None = None
    cashable: Share = Field(0.0, description="Share that can be taken out of a budget.")
    lag: Annotated[Whole, Field(ge=0)] = Field(0, description="Years from outcome to benefit.")
    years: Annotated[Whole, Field(ge=1)] = Field(1, description="How many years it lasts.")
    drop_off: Share = Field(0.0, description="Share lost each year.")
    profile: tuple[Annotated[Finite, Field(ge=0)], ...] | None = Field(
        None, description="Share of the value in each year, in place of years and drop_off."
    )
    discount: Discount | None = Field(None, description="Where it differs from the contract's.")

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if self.profile is not None and self.model_fields_set & {"years", "drop_off"}:
            raise fault("a benefit takes profile, or years and drop_off, not both")
        if self.profile is not None and not self.profile:
            raise fault("a profile needs at least one year, [1, 0.75, 0.5]")
        if self.to == self.taken_from:
            raise fault(f"{self.to!r} cannot both gain and lose one benefit")
        return self


class Value(Clause):
    """What outcomes are worth and how the future is discounted."""

    discount: Discount
    benefits: dict[Name, Benefit] = Field({}, description="What outcomes are worth.")
