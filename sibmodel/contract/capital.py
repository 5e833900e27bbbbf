"""Delivery costs, and the capital that carries them until outcomes are paid."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sibmodel.contract.assumptions import (
    AnnualRate,
    Clause,
    Finite,
    Flag,
    Money,
    Whole,
    a_share_a_year,
)
from sibmodel.contract.names import Name, fault

Period = Annotated[Whole, Field(ge=0)]


def _whole_keys(value: Any) -> Any:
    """JSON has only text for keys: bring back the periods."""
    if isinstance(value, dict):
        return {int(k) if isinstance(k, str) and k.isdigit() else k: v for k, v in value.items()}
    return value


class Cost(Clause):
    """Money the service needs. Everything said adds up."""

    amount: Money | None = None
    at: Period = Field(0, description="Period of the amount.")
    amounts: Annotated[dict[Period, Money], BeforeValidator(_whole_keys)] = Field(
        {}, min_length=1, description="Money by period."
    )
    per_period: Money | None = None
    begin: Period = Field(0, alias="from", description="First period of per_period.")
    lasts: Annotated[Whole, Field(ge=1)] | None = Field(
        None, alias="for", description="How many periods; if left out, to the last."
    )
    per_start: Money | None = Field(None, description="For each person who starts.")
    over: Annotated[Whole, Field(ge=1)] = Field(1, description="Periods per_start is spread over.")
    per_outcome: dict[Name, Money] = Field(
        {}, min_length=1, description="For each outcome, when achieved."
    )
    to: str = Field("provider", description="Who receives it.")
    inflation: AnnualRate = Field(0.0, description="A year, from period 0.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = (self.amount, self.amounts, self.per_period, self.per_start, self.per_outcome)
        if not any(part not in (None, {}) for part in said):
            raise fault("a cost needs one of amount, amounts, per_period, per_start, per_outcome")
        return self


class Delivery(Clause):
    """What the service costs to deliver."""

    costs: dict[Name, Cost] = Field(min_length=1)


class Tranche(Clause):
    """One lot of investors' capital."""

    commitment: Annotated[Finite, Field(ge=0)] = Field(description="The most that is drawn, money.")
    held_by: str | None = Field(None, description="The party; if left out, the tranche's name.")
    draw: Literal["as_needed", "at_once"] = Field(
        "as_needed", description="As costs fall due, or all of it in period 0."
    )
    share_of_surplus: Annotated[Finite, Field(ge=0, le=1)] | None = Field(
        None, description="Share of what is left once the capital is back."
    )


Distribute = Literal["each_period", "after_delivery", "at_end"]


class Capital(Clause):
    """The account through which investors' money and payments run."""

    recycle: Flag = Field(False, description="Whether outcome payments may meet costs.")
    hurdle: Annotated[Finite, BeforeValidator(a_share_a_year)] | None = Field(
        None, description="A year, nominal: the rate for investors' present values."
    )
    distribute: Distribute | None = Field(
        None, description="after_delivery where payments are recycled, else each_period."
    )
    tranches: dict[Name, Tranche] = Field(min_length=1, max_length=1)

    @property
    def distribution(self) -> Distribute:
        """When the account distributes, whether said or not."""
        return self.distribute or ("after_delivery" if self.recycle else "each_period")

    @model_validator(mode="after")
    def _who_has_the_rest(self) -> Self:
        shares = [tranche.share_of_surplus for tranche in self.tranches.values()]
        if sum(share or 0.0 for share in shares) != 1.0:
            raise fault(
                "nothing says who has what is left once the capital is back: write "
                "share_of_surplus: 1.0 on the tranche"
            )
        return self
