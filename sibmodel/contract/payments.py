"""Rules, limits and payers: how outcomes turn into money, up to what, and whose."""

from __future__ import annotations

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

from sibmodel.contract.assumptions import Clause, Finite, Money, Multiple, Whole, kind_of_number
from sibmodel.contract.capital import Cost
from sibmodel.contract.names import Name, fault

Positive = Annotated[Finite, Field(ge=0)]


class Size(BaseModel):
    """How much a limit allows: money, a number of claims, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Positive | None = None
    number: Positive | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, dict | Size):
            return value
        if not isinstance(value, list) and kind_of_number(value) == "number":
            return {"amount": value}
        raise fault(f"a limit is money, or {{number: 3}}, or both: seen {value!r}")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.amount is None and self.number is None:
            raise fault("a limit needs an amount of money or a number")
        return self


class RuleLimits(BaseModel):
    """What one rule cannot exceed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Size | None = None
    period: Size | None = None
    year: Size | None = None
    total: Size | None = None


class PayerLimits(BaseModel):
    """What one payer's payments cannot exceed (money)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: Positive | None = None
    year: Positive | None = None
    total: Positive | None = None


class ContractLimits(BaseModel):
    """What the whole contract's payments cannot exceed (money)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Positive | None = None
    period: Positive | None = None
    year: Positive | None = None
    contract: Positive | None = None


def _kind_of_share(value: Any) -> str:
    if value == "rest" or kind_of_number(value) == "number":
        return "rest" if value == "rest" else "number"
    raise fault(f"a payer is a share from 0 to 1, or rest, or {{share:, limits:}}: seen {value!r}")


def _share_like(value: Any) -> Any:
    _kind_of_share(value)  # pydantic takes no faults from the function that picks the kind
    return value


class Payer(Clause):
    """A share of every payment, or the rest; up to the payer's own limits."""

    share: Annotated[
        Annotated[Finite, Field(ge=0, le=1), Tag("number")]
        | Annotated[Literal["rest"], Tag("rest")],
        Discriminator(_kind_of_share),
        BeforeValidator(_share_like),
    ]
    limits: PayerLimits = PayerLimits()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, dict | Payer):
            return value
        return {"share": value}


class Rule(Clause):
    """What is paid for, and how much for each."""

    pays: str = Field(description="An outcome (each claim), or a cohort (each start).")
    price: Money = Field(description="Money per claim.")
    factors: dict[Name, Multiple] = Field({}, description="Named numbers that multiply the price.")
    limits: RuleLimits = RuleLimits()
    payers: dict[Name, Payer] | None = Field(None, description="In place of payments.payers.")
    paid_after: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="Periods from claim to cash; if left out, that of all payments."
    )


class Payments(Clause):
    """The rate card, its limits, and who pays."""

    rules: dict[Name, Rule] = Field(min_length=1)
    limits: ContractLimits = ContractLimits()
    payers: dict[Name, Payer] = Field(min_length=1)
    factors: dict[Name, Multiple] = Field({}, description="Named numbers on every price.")
    paid_after: Annotated[Whole, Field(ge=0)] = Field(0, description="Periods from claim to cash.")
    running_costs: dict[Name, Cost] = Field(
        {}, description="What it costs a payer to run the contract."
    )
