"""Benefits, who gains them, and how money at different dates is compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, get_args

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

from sibmodel.contract.assumptions import (
    AnnualRate,
    Clause,
    Finite,
    Grade,
    Money,
    Multiple,
    Share,
    Whole,
    a_share_a_year,
)
from sibmodel.contract.deflators import DEFLATORS, deflator
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.names import Name, fault
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.timeline import When

GRADES: tuple[str, ...] = get_args(Grade)

GMCA_OPTIMISM = dict(zip(GRADES, (0.0, 0.05, 0.10, 0.15, 0.25, 0.40), strict=True))
"""Share taken off benefits by grade of evidence: Greater Manchester Combined Authority (New
Economy), cost benefit analysis model, confidence grades. From knowledge of the model: not re-read.
"""


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


def _series_named(value: Any) -> Any:
    """A series that is shipped, by its name."""
    if not isinstance(value, str):
        raise fault(
            f"is a price index by year, {{2024-25: 100, 2025-26: 102.5}}, or the name of a series "
            f"({', '.join(DEFLATORS)}): seen {value!r}"
        )
    if value not in DEFLATORS:
        raise fault(
            f"there is no price series called {value!r}; {did_you_mean(value, DEFLATORS)}; one of "
            f"your own is written out by year, {{2024-25: 100, 2025-26: 102.5}}"
        )
    return value


def _kind_of_deflator(value: Any) -> str:
    return "years" if isinstance(value, Mapping) else "name"


_Named = Annotated[
    str,
    BeforeValidator(_series_named),
    WithJsonSchema({"type": "string", "enum": [*DEFLATORS]}),
]
_ByYear = dict[PriceYear, Annotated[Finite, Field(gt=0)]]


class Prices(Clause):
    """The base year of real money, and what brings nominal money and older values to it."""

    base: PriceYear
    inflation: Annotated[Finite, BeforeValidator(a_share_a_year)] | None = Field(
        None, description="A year, for every year the deflator series does not cover."
    )
    deflator: Annotated[
        Annotated[_Named, Tag("name")] | Annotated[_ByYear, Tag("years")],
        Discriminator(_kind_of_deflator),
    ] = Field({}, description="A price index by year, or the name of a series.")

    @property
    def series(self) -> Mapping[str, float]:
        """The price index by year; empty where there is none."""
        return deflator(self.deflator).index if isinstance(self.deflator, str) else self.deflator

    @model_validator(mode="after")
    def _one_kind_of_year(self) -> Self:
        if any(len(year) != len(self.base) for year in self.series):
            raise fault(
                f"the deflator's years, {min(self.series)} and on, must be of the kind of the "
                f"base year, {self.base}"
            )
        covered = sorted(first_year(year) for year in self.series)
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


class Reference(Clause):
    """The second bracket of additionality: what holds of outcomes that happen anyway."""

    leakage: Share | None = Field(None, description="As with the service, if left out.")
    displacement: Share | None = Field(None, description="As with the service, if left out.")
    substitution: Share | None = Field(None, description="As with the service, if left out.")
    multiplier: Multiple | None = Field(None, description="As with the service, if left out.")


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
    leakage: Share = Field(0.0, description="Share that goes to others than those intended.")
    displacement: Share = Field(0.0, description="Share taken from others nearby.")
    substitution: Share = Field(0.0, description="Share put in place of what was done before.")
    multiplier: Multiple = Field(1.0, description="Further effects: so much in all for each.")
    reference: Reference | None = Field(
        None, description="The same for what happens anyway, where it differs."
    )
    components: dict[Name, Finite] = Field(
        {}, min_length=1, description="Parts of per_outcome, which they sum to."
    )

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if self.profile is not None and self.model_fields_set & {"years", "drop_off"}:
            raise fault("a benefit takes profile, or years and drop_off, not both")
        if self.profile is not None and not self.profile:
            raise fault("a profile needs at least one year, [1, 0.75, 0.5]")
        if self.to == self.taken_from:
            raise fault(f"{self.to!r} cannot both gain and lose one benefit")
        return self


def _years(value: Any) -> Any:
    if isinstance(value, Mapping):
        if [*value] != ["years"]:
            raise fault(f"is a number of years, 10 or {{years: 10}}: seen {dict(value)!r}")
        return value["years"]
    return value


_A_NUMBER = {"type": "number", "exclusiveMinimum": 0}
Years = Annotated[
    Finite,
    Field(gt=0),
    BeforeValidator(_years),
    WithJsonSchema(
        {
            "anyOf": [
                _A_NUMBER,
                {
                    "type": "object",
                    "properties": {"years": _A_NUMBER},
                    "required": ["years"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""So many years, above 0; ``{years: 10}`` or ``10``."""


_OPTIMISM = "is gmca, or a share for each grade of evidence, {A: 0, B: 0.05}"


class Optimism(Clause):
    """What is taken off a benefit by the grade of its evidence: a table's name, or the shares."""

    table: Literal["gmca"] | None = Field(None, description="A table by name, on its own.")
    A: Share | None = None
    B: Share | None = None
    C: Share | None = None
    D: Share | None = None
    E: Share | None = None
    F: Share | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"table": value}
        if isinstance(value, Mapping | Optimism):
            return value
        raise fault(f"{_OPTIMISM}: seen {value!r}")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.table is None) == (not self.stated):
            raise fault(f"{_OPTIMISM}, one of the two")
        return self

    @property
    def stated(self) -> tuple[str, ...]:
        """The grades that have a share of their own."""
        return tuple(grade for grade in GRADES if getattr(self, grade) is not None)


class Weights(Clause):
    """Distributional weights: a gain counts (reference income / income)^elasticity."""

    reference_income: Annotated[Finite, Field(gt=0)] = Field(
        description="Income a year whose gains count once."
    )
    elasticity: Multiple = Field(1.3, description="Of the marginal utility of income.")


class PublicBorrowing(Clause):
    """What the public would pay for money, to compare investors' money with."""

    rate: AnnualRate = Field(description="Nominal, a year.")
    name: str = Field(description="Whose rate, and of how many years.")


class Value(Clause):
    """What outcomes are worth and how the future is discounted."""

    discount: Discount
    at: When | None = Field(
        None, description="Date or period of present values; if left out, the timeline's start."
    )
    timing: Literal["start", "middle", "end"] = Field(
        "start", description="Where in each of a benefit's years its money is dated."
    )
    horizon: Years | None = Field(
        None, description="Years from the timeline's start: later benefits are not counted."
    )
    optimism: Optimism | None = Field(None, description="Taken off benefits by their grade.")
    weights: Weights | None = Field(None, description="Gains weighted by income, shown beside.")
    public_borrowing: PublicBorrowing | None = Field(
        None, description="What investors' money is compared with."
    )
    public_funds_cost: Share = Field(
        0.0, description="Cost to society of raising public money, beyond the money."
    )
    benefits: dict[Name, Benefit] = Field({}, description="What outcomes are worth.")
