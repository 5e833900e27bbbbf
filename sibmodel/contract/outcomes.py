"""Outcomes: what can be achieved, what would have happened anyway, how it is evidenced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from sibmodel.contract.assumptions import Clause, Multiple, Range, Share, Whole
from sibmodel.contract.names import Name, fault
from sibmodel.contract.performance import Against
from sibmodel.contract.timeline import DAYS_OF, Length, Lengths


class AnyOf(BaseModel):
    """One of several steps is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    any: tuple[Name, ...] = Field(min_length=1)


def _kind_of_needs(value: Any) -> str:
    if isinstance(value, str):
        return "one"
    if isinstance(value, list | tuple):
        return "all"
    if isinstance(value, AnyOf) or (isinstance(value, Mapping) and "any" in value):
        return "any"
    raise fault(f"is a step, a list of them (all), or {{any: [one, other]}}: seen {value!r}")


def _needs_like(value: Any) -> Any:
    _kind_of_needs(value)  # pydantic takes no faults from the function that picks the kind
    return value


Needs = Annotated[
    Annotated[str, Tag("one")]
    | Annotated[tuple[str, ...], Tag("all"), Field(min_length=1)]
    | Annotated[AnyOf, Tag("any")],
    Discriminator(_kind_of_needs),
    BeforeValidator(_needs_like),
]
"""Steps needed before: one, a list (all), or any of some."""


def _kind_of_cohort(value: Any) -> str:
    return "several" if isinstance(value, list | tuple) else "one"


OneOrSeveral = Annotated[
    Annotated[str, Tag("one")] | Annotated[tuple[str, ...], Tag("several"), Field(min_length=1)],
    Discriminator(_kind_of_cohort),
]


class Outcome(Clause):
    """A result that can be paid for. Without a unit it happens once to a person, or not at all."""

    cohort: OneOrSeveral | None = Field(
        None,
        description="The cohort, or several; if left out, that of the step needed, else the only "
        "one.",
    )
    unit: str | None = Field(
        None,
        description="What one is (day, week, point, …) where a person can have several; without "
        "it the outcome happens once to a person.",
    )
    needs: Needs | None = Field(
        None, description="The step a person must have had before; of a list all, of any: one."
    )
    one_of: tuple[str, ...] | None = Field(
        None, description="Outcomes, this one among them, of which a person can have one only."
    )
    rate: Multiple | None = Field(
        None,
        description="Share of those who took the step before (or started) who achieve it; with a "
        "unit, the mean number a person.",
    )
    anyway: Multiple | None = Field(
        None,
        description="Read like rate: the share who would have, without the service; "
        "if left out, what is additional is undefined.",
    )
    spread: Annotated[Multiple, Range(0.0, 1e12, "number")] | None = Field(
        None,
        description="With a unit: standard deviation of the number between people; if left out, "
        "the square root of the mean.",
    )
    attribution: Share = Field(
        1.0, description="Of those beyond anyway, the share that is this service's doing."
    )
    after: Annotated[Whole, Field(ge=0)] | None = Field(
        None,
        description="Periods from the step needed, or from the start; if left out, held in whole "
        "periods, or 0.",
    )
    claimed: Share = Field(
        1.0, description="Share of achieved that reaches the payer with evidence."
    )
    held: Lengths | None = Field(
        None,
        description="How long it must last from the clock's start; of units of time, a waiting "
        "time before they count.",
    )
    within: Lengths | None = Field(
        None, description="How long after the clock's start anything counts."
    )
    restarts_on: str | None = Field(
        None, description="An outcome each of whose records starts the clock of held again."
    )
    better: Literal["higher", "lower"] = Field("higher", description="Which way is better.")
    against: Against | None = Field(
        None, description="The counterfactual agreed in the contract, a person."
    )

    because: str | None = Field(None, description="Why the service should bring it about.")
    measured_by: str | None = Field(
        None, description="What evidence there is that it happened, and who verifies it."
    )
    tracked: Length | None = Field(
        None, description="How long people are looked at after it, by anybody."
    )

    @model_validator(mode="after")
    def _units(self) -> Self:
        meant = (
            (self.unit or "").strip().lower().removesuffix("s").replace(" ", "_").replace("-", "_")
        )
        for unit in DAYS_OF:
            if self.unit not in (None, unit) and meant in (unit, unit.removesuffix("s")):
                raise fault(f"unit: write {unit}, not {self.unit!r}")
        if self.unit is None and self.spread is not None:
            raise fault("spread goes with a unit: what happens once to a person has none")
        if self.time_unit is not None and self.spread is not None:
            raise fault(
                f"a number of {self.unit}s comes about by a constant chance of ending: leave "
                f"spread out"
            )
        if self.unit is not None and self.one_of is not None:
            raise fault("one_of is for outcomes that happen once to a person: it takes no unit")
        return self

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps needed before."""
        if self.needs is None:
            return ()
        if isinstance(self.needs, AnyOf):
            return self.needs.any
        return (self.needs,) if isinstance(self.needs, str) else self.needs

    @property
    def any_step(self) -> bool:
        """Whether one of the steps is enough."""
        return isinstance(self.needs, AnyOf)

    @property
    def step(self) -> str | None:
        """The steps needed as one label: None where there are none."""
        return (" or " if self.any_step else " and ").join(sorted(self.steps)) or None

    @property
    def time_unit(self) -> float | None:
        """Days of one unit, where the unit is one of time."""
        return DAYS_OF.get(self.unit) if self.unit is not None else None

    def range_of(self, field: str) -> Range | None:
        """The range of a number that depends on another field."""
        if field in ("rate", "anyway"):
            if self.unit is None:
                return Range(0.0, 1.0, "share")
            return Range(0.0, 1e12, f"{self.unit} a person")
        if field == "spread":
            return Range(0.0, 1e12, f"{self.unit} between people")
        return None
