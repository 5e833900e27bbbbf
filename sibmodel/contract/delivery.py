"""Delivery costs: money the service needs. A fee is a cost with a receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sibmodel.contract.assumptions import AnnualRate, Clause, Money, Share, Whole
from sibmodel.contract.names import Name, fault
from sibmodel.contract.tables import TabledMoney, TabledRate, TabledShare

PROVIDER = "provider"
"""The party that delivers: who receives a cost where nothing else is said."""

Period = Annotated[Whole, Field(ge=0)]

Purpose = Literal["delivery", "set_up", "bid", "evaluation", "management", "finance"]
"""What a cost is for."""


def _period_key(key: object) -> int:
    if isinstance(key, str) and key.isdecimal():
        return int(key)  # JSON has only text for keys
    if isinstance(key, int) and not isinstance(key, bool) and key >= 0:
        return key
    raise fault(f"rows begin with a period, counted from 0, {{0: …, 4: …}}: seen {str(key)!r}")


def by_period(value: Any) -> Any:
    """Rows by period, whose keys are whole numbers again."""
    if isinstance(value, Mapping):
        return {_period_key(key): part for key, part in value.items()}
    return value


class Cost(Clause):
    """Money the service needs. Everything said adds up."""

    amount: TabledMoney | None = Field(None, description="One sum.")
    at: Period = Field(0, description="Period of the amount, or of a share of commitments.")
    amounts: Annotated[dict[Period, Money], BeforeValidator(by_period)] = Field(
        {}, min_length=1, description="Money by period."
    )
    per_period: TabledMoney | None = Field(None, description="The same in each period.")
    begin: Period = Field(0, alias="from", description="First period of per_period and of rate.")
    lasts: Annotated[Whole, Field(ge=1)] | None = Field(
        None, alias="for", description="How many periods; if left out, to the last."
    )
    per_start: Money | None = Field(None, description="For each person who starts.")
    over: Annotated[Whole, Field(ge=1)] = Field(1, description="Periods per_start is spread over.")
    per_outcome: dict[Name, Money] = Field(
        {}, min_length=1, description="For each outcome, when achieved."
    )
    share: TabledShare | None = Field(
        None, description="Of payments, when they come in; of commitments, once; of another cost."
    )
    rate: TabledRate | None = Field(
        None, description="A year, each period: of commitments, undrawn or outstanding."
    )
    of: str | None = Field(
        None, description="payments, commitments, undrawn, outstanding, or another cost."
    )
    to: str = Field(PROVIDER, description="Who receives it.")
    purpose: Purpose | None = Field(
        None,
        description="What it is for; if left out, delivery; of a payer's running costs, "
        "management.",
    )
    inflation: AnnualRate = Field(0.0, description="A year, from period 0.")
    contingency: Share = Field(
        0.0, description="On top, as a share: what it may cost beyond what is known to be needed."
    )
    tax: TabledShare = Field(0.0, description="Irrecoverable tax on top, as a share.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = (self.amount, self.amounts, self.per_period, self.per_start, self.per_outcome,
                self.share, self.rate)  # fmt: skip
        if self.share is not None and self.rate is not None:
            raise fault("a cost takes a share of something or a rate a year on it, not both")
        if self.share is not None and self.of is None:
            raise fault("share of what? Add of: payments, commitments or another cost")
        if self.rate is not None and self.of is None:
            raise fault(f"rate on what? Add of: {', '.join(RATED[:-1])} or {RATED[-1]}")
        if self.of is not None and self.share is None and self.rate is None:
            raise fault(f"says of: {self.of} and not how much: add share, or rate (a year)")
        if not any(part not in (None, {}) for part in said):
            raise fault(
                "a cost needs one or more of amount, amounts, per_period, per_start, per_outcome, "
                "share, rate"
            )
        if self.share is not None and self.of in ("undrawn", "outstanding"):
            raise fault(f"a fee on what is {self.of} is so much a year: write rate, not share")
        if self.rate is not None and self.of not in RATED:
            raise fault(
                f"a rate a year is of {', '.join(RATED[:-1])} or {RATED[-1]}: for {self.of!r} "
                f"write share"
            )
        return self


RATED: tuple[Literal["commitments"], Literal["undrawn"], Literal["outstanding"]] = (
    "commitments",
    "undrawn",
    "outstanding",
)


class Delivery(Clause):
    """What the service costs to deliver."""

    by: Name = Field(
        PROVIDER, description="Who delivers and, where there is no capital, bears the costs."
    )
    costs: dict[Name, Cost] = Field(min_length=1)
