"""Cohorts: who is served, in which groups, starting when."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sibmodel.contract.assumptions import Clause, Finite, Multiple, Whole
from sibmodel.contract.names import Name, fault

WholeOrNone = Annotated[Whole, Field(ge=0)]


class Ramp(Clause):
    """Planned starts spread over so many periods, level or rising linearly."""

    over: Annotated[Whole, Field(ge=1)]
    ramp: Literal["flat", "linear"] = "flat"
    begin: WholeOrNone = Field(0, alias="from", description="Period of the first start.")


def _kind_of_intake(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, Ramp | dict):
        return "ramp"
    raise fault(f"is a list of planned starts by period, or {{over: 4}}: seen {value!r}")


def _intake_like(value: Any) -> Any:
    _kind_of_intake(value)  # pydantic takes no faults from the function that picks the kind
    return value


class Cohort(Clause):
    """The people served: how many, in which groups, starting in which periods."""

    groups: dict[Name, Annotated[Whole, Field(ge=1)]] | None = None
    people: Annotated[Whole, Field(ge=1)] | None = None
    intake: Annotated[
        Annotated[tuple[WholeOrNone, ...], Tag("list")] | Annotated[Ramp, Tag("ramp")],
        Discriminator(_kind_of_intake),
        BeforeValidator(_intake_like),
    ]
    referrals: Multiple = Field(1.0, description="Share of the planned starts that turn up.")
    alikeness: Annotated[Finite, Field(ge=0, lt=1)] = Field(
        0.0, description="Intra-cohort correlation of the 0/1 results of two people."
    )
    shared_by: Literal["cohort", "start"] = Field(
        "cohort", description="Whether luck is shared by the whole cohort, or who start together."
    )
    togetherness: Annotated[Finite, Field(ge=0, le=1)] = Field(
        0.0, description="How far one person's ladders go together (Gaussian copula)."
    )

    eligibility: str | None = Field(
        None, description="Who may be served: the test, on data that can be checked."
    )
    referred_by: Name | None = Field(None, description="The party that says who is served.")
    distance: str | None = Field(
        None, description="How far people are from the outcomes when they start."
    )

    @model_validator(mode="after")
    def _who(self) -> Self:
        if (self.groups is None) == (self.people is None):
            raise fault("a cohort has exactly one of people and groups")
        if self.groups is not None and not self.groups:
            raise fault("a cohort needs at least one group, {young: 80, old: 120}")
        if not isinstance(self.intake, Ramp) and sum(self.intake) != self.size:
            raise fault(
                f"the intake adds to {sum(self.intake)} people, the cohort has {self.size}: "
                f"make them agree"
            )
        return self

    @property
    def size(self) -> int:
        """People planned, over all groups."""
        return self.people if self.people is not None else sum((self.groups or {}).values())

    def labels(self, name: str) -> dict[str, int]:
        """People planned by group label: ``cohort/group``, or the cohort's name if it has none."""
        if self.groups is None:
            return {name: self.size}
        return {f"{name}/{group}": people for group, people in self.groups.items()}

    @property
    def last_start(self) -> int:
        """The last period in which anybody is planned to start."""
        if isinstance(self.intake, Ramp):
            return self.intake.begin + self.intake.over - 1
        return max(period for period, people in enumerate(self.intake) if people)
