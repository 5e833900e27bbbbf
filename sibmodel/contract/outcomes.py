"""Outcomes: what can be achieved, what would have happened anyway, how it is evidenced."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sibmodel.contract.assumptions import Clause, Share, Whole


class Outcome(Clause):
    """A result that can be paid for. It happens once to a person, or not at all."""

    cohort: str | None = Field(
        None, description="The cohort; if left out, that of the step needed, else the only one."
    )
    needs: str | None = Field(None, description="The outcome a person must have had before.")
    one_of: tuple[str, ...] | None = Field(
        None, description="Outcomes, this one among them, of which a person can have one only."
    )
    rate: Share | None = Field(
        None,
        description="Share of those who took the step before (or started) who achieve it.",
    )
    anyway: Share | None = Field(
        None,
        description="Read like rate: the share who would have, without the service; "
        "if left out, what is additional is undefined.",
    )
    attribution: Share = Field(
        1.0, description="Of those beyond anyway, the share that is this service's doing."
    )
    after: Annotated[Whole, Field(ge=0)] = Field(
        0, description="Periods from the step needed, or from the start."
    )
    claimed: Share = Field(
        1.0, description="Share of achieved that reaches the payer with evidence."
    )
