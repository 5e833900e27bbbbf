"""Tranches: lots of capital, what is due on each, when, and who must find it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sibmodel.contract.assumptions import FORMS, Clause, Finite, Range
from sibmodel.contract.delivery import Period, by_period
from sibmodel.contract.names import fault
from sibmodel.contract.tables import Tabled, TabledRate, kind_of_tabled

Share = Annotated[Finite, Field(ge=0, le=1)]
Positive = Annotated[Finite, Field(ge=0)]
OfDrawn = Annotated[Tabled, Range(0.0, math.inf, "share of drawn")]
"""What part of the capital drawn, perhaps more than all of it; perhaps from a table."""


class Interest(Clause):
    """What is earned on principal outstanding."""

    rate: TabledRate = Field(description="A year, as a share.")
    paid: Literal["rolled_up", "each_period", "each_year", "at_end"] = Field(
        "rolled_up", description="When; rolled_up compounds until principal is repaid."
    )


def _rate_or_clause(value: Any) -> Any:
    """A bare rate, or a table of one, is rolled up."""
    if isinstance(value, Interest) or (
        isinstance(value, Mapping) and {"rate", "paid"} & set(value)
    ):
        return value
    return {"rate": value}


class Level(Clause):
    """Equal instalments of principal and interest together."""

    begin: Period = Field(alias="from", description="Period of the first instalment.")
    until: Period = Field(description="Period of the last.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.begin:
            raise fault(f"until is {self.until}, before from, {self.begin}")
        return self


class Instalments(Clause):
    """Repaid in equal instalments."""

    level: Level


def _repaid_like(value: Any) -> Any:
    """Two periods and no shares can only mean equal instalments between them."""
    if isinstance(value, Mapping) and "from" in value:
        raise fault("equal instalments are written {level: {from: 8, until: 12}}")
    return value


def _kind_of_repaid(value: Any) -> str:
    if isinstance(value, Instalments) or (isinstance(value, Mapping) and "level" in value):
        return "level"
    return "dates" if isinstance(value, Mapping) else "word"


def _kind_of_draw(value: Any) -> str:
    return "dates" if isinstance(value, Mapping) else "word"


ByPeriod = Annotated[dict[Period, Share], BeforeValidator(by_period), Field(min_length=1)]
Draw = Annotated[
    Annotated[Literal["as_needed", "at_once"], Tag("word")] | Annotated[ByPeriod, Tag("dates")],
    Discriminator(_kind_of_draw),
]
Repaid = Annotated[
    Annotated[Literal["as_available", "at_end", "never"], Tag("word")]
    | Annotated[Instalments, Tag("level")]
    | Annotated[ByPeriod, Tag("dates")],
    Discriminator(_kind_of_repaid),
    BeforeValidator(_repaid_like),
]


class Tranche(Clause):
    """One lot of capital: how much and when, what is due, when, and who must find it."""

    commitment: Positive = Field(description="The most that is drawn over its life, money.")
    held_by: str | None = Field(None, description="The party; if left out, the tranche's name.")
    draw: Draw = Field("as_needed", description="As costs lack it; at once; or {period: share}.")
    repaid: Repaid = Field(
        "as_available",
        description="On distribution dates; at_end; {period: share of drawn}; "
        "{level: {from, until}}; or never, for a grant.",
    )
    principal: OfDrawn = Field(1.0, description="Share of drawn that is due at the close.")
    interest: Annotated[Interest, BeforeValidator(_rate_or_clause)] = Field(
        Interest(rate=0.0), description="A rate a year, or {rate: …, paid: …}."
    )
    due_from: str | None = Field(
        None, description="The payer who brings what is due; if left out, the account."
    )
    share_of_surplus: Share | None = Field(
        None, description="Short for one last step of surplus with these shares."
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for field in ("draw", "repaid"):
            rows = getattr(self, field)
            if isinstance(rows, dict) and sum(rows.values()) > 1 + 1e-9:
                raise fault(f"{field} has shares of {sum(rows.values()):g} in all: at most 1")
        if self.repaid == "never":
            said = {"principal", "interest", "due_from"} & self.model_fields_set
            if said:
                raise fault(
                    f"a grant (repaid: never) takes no {' or '.join(sorted(said))}: leave that out"
                )
        if self.due_from is not None and self.repaid == "as_available":
            raise fault(
                f"what is due from {self.due_from!r} needs a date: write repaid: at_end, or "
                f"repaid: {{8: 0.5, 12: 0.5}}, shares of what was drawn by period"
            )
        if isinstance(self.repaid, Instalments):
            if self.interest.paid not in ("rolled_up", "each_period"):
                raise fault("level instalments hold each period's interest: leave out paid")
            if "principal" in self.model_fields_set:
                raise fault("level instalments repay all that was drawn: leave out principal")
        return self


class Redemption(Clause):
    """What a tranche gets in place of principal and interest."""

    of_drawn: OfDrawn | None = Field(None, description="A share of drawn.")
    irr: TabledRate | None = Field(None, description="What brings its rate of return to this.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Redemption) or (
            isinstance(value, Mapping) and {"irr", "of_drawn"} & set(value)
        ):
            return value
        if isinstance(value, Mapping) and kind_of_tabled(value) == "assumption" and not (
            {*value} & {*FORMS}
        ):  # fmt: skip
            raise fault(f"a redemption is a share of drawn, 0.75, or {{irr: 0.03}}: seen {value!r}")
        return {"of_drawn": value}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.of_drawn is None) == (self.irr is None):
            raise fault("a redemption is a share of drawn or an irr: keep one")
        return self
