"""Rules, limits, floors and payers: how outcomes turn into money, up to what, and whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from sibmodel.contract.assumptions import Clause, Finite, Flag, Whole, kind_of_number
from sibmodel.contract.delivery import Cost
from sibmodel.contract.meant import length_meant, number_meant
from sibmodel.contract.names import Name, checked_name, fault
from sibmodel.contract.tables import (
    Tabled,
    TabledAnyMoney,
    TabledMoney,
    TabledMultiple,
    TabledShare,
    Test,
    kind_of_tabled,
)
from sibmodel.contract.timeline import Length, When

Positive = Annotated[Finite, Field(ge=0)]


# --- how much a limit allows ----------------------------------------------------------------------


class ShareOf(BaseModel):
    """A share of what has been accepted of some outcomes, or started in some cohorts or groups."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: Annotated[Finite, Field(ge=0, le=1)]
    of: tuple[str, ...] = Field(min_length=1)


def _kind_of_count(value: Any) -> str:
    return "share" if isinstance(value, Mapping | ShareOf) else "number"


Count = Annotated[
    Annotated[Positive, Tag("number")] | Annotated[ShareOf, Tag("share")],
    Discriminator(_kind_of_count),
]


def _length_in(value: Any) -> str | None:
    """The length that somebody wrote for a limit."""
    if isinstance(value, Mapping) and len(value) == 1 and {*value} <= {*Length.model_fields}:
        return ", ".join(f"{{{unit}: {size}}}" for unit, size in value.items())
    meant = length_meant(value) if isinstance(value, str) else None
    return meant if meant is not None and not meant.isdigit() else None


class Size(BaseModel):
    """How much a limit allows: money, a number of claims, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Positive | None = None
    number: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "from" in value:
            raise fault(
                "only a limit on the total can go by date: write it under total, or under contract "
                "for the whole contract"
            )
        length = _length_in(value)
        if length is not None:
            raise fault(
                f"a limit is money, or {{number: 3}} of what its rule pays, not a length: for the "
                f"most that is paid of an outcome with unit: day write {{number: …}}; how long "
                f"something may take is within: {length}, of the outcome"
            )
        if isinstance(value, dict | Size):
            return value
        if isinstance(value, str) and number_meant(value) is None:
            raise fault(f"a limit is money, or {{number: 3}}, or both: seen {value!r}")
        if not isinstance(value, list) and kind_of_number(value) == "number":
            return {"amount": value}
        raise fault(f"a limit is money, or {{number: 3}}, or both: seen {value!r}")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.amount is None and self.number is None:
            raise fault("a limit needs an amount of money or a number")
        return self


class MoneySize(Size):
    """How much money a limit allows."""

    @model_validator(mode="after")
    def _no_number(self) -> Self:
        if self.number is not None:
            raise fault("is money only: a limit by number stands in a rule, or has a name and of")
        return self


class SizesByDate(BaseModel):
    """A limit on the total to a date: the latest row begun is in force."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    begins: dict[When, Size] = Field(alias="from", min_length=1)


def _kind_of_total(value: Any) -> str:
    return "from" if isinstance(value, SizesByDate) or (
        isinstance(value, Mapping) and "from" in value) else "size"  # fmt: skip


Total = Annotated[
    Annotated[Size, Tag("size")] | Annotated[SizesByDate, Tag("from")],
    Discriminator(_kind_of_total),
]
TotalMoney = Annotated[
    Annotated[MoneySize, Tag("size")] | Annotated[SizesByDate, Tag("from")],
    Discriminator(_kind_of_total),
]


class RuleLimits(BaseModel):
    """What one rule cannot exceed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Size | None = None
    cohort: Size | None = None
    period: Size | None = None
    year: Size | None = None
    total: Total | None = None


class NamedLimit(Clause):
    """What several rules together cannot exceed."""

    of: tuple[str, ...] = Field(min_length=1, description="The rules it covers.")
    person: Size | None = None
    cohort: Size | None = None
    period: Size | None = None
    year: Size | None = None
    total: Total | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, scope) is None for scope in RuleLimits.model_fields):
            raise fault(f"a limit takes one or more of {', '.join(RuleLimits.model_fields)}")
        return self


class PayerLimits(BaseModel):
    """What one payer's payments cannot exceed (money)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: MoneySize | None = None
    year: MoneySize | None = None
    total: TotalMoney | None = None


class NamedFloor(Clause):
    """The least that is paid under some rules together."""

    of: tuple[str, ...] = Field(min_length=1, description="The rules it covers.")
    period: Positive | None = None
    year: Positive | None = None
    total: Positive | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.period is None and self.year is None and self.total is None:
            raise fault("a floor takes one or more of period, year, total")
        return self


def _named_too(value: Any, own: Mapping[str, Any]) -> Any:
    """Pydantic checks what extras are, not what they are called."""
    if isinstance(value, Mapping):
        for name in value:
            if name not in own:
                checked_name(name)
    return value


class ContractLimits(BaseModel):
    """What the whole contract's payments cannot exceed (money); and limits with a name."""

    model_config = ConfigDict(frozen=True, extra="allow")

    person: MoneySize | None = None
    cohort: MoneySize | None = None
    period: MoneySize | None = None
    year: MoneySize | None = None
    contract: TotalMoney | None = None

    __pydantic_extra__: dict[str, NamedLimit]
    named_kind: ClassVar[type[BaseModel]] = NamedLimit

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return _named_too(value, cls.model_fields)

    @property
    def named(self) -> dict[str, NamedLimit]:
        """Limits with a name of their own."""
        return self.__pydantic_extra__ or {}


class Floors(BaseModel):
    """The least that is paid; what is lacking at the end of the span is paid then (money)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    period: Positive | None = None
    year: Positive | None = None
    contract: Positive | None = None

    __pydantic_extra__: dict[str, NamedFloor]
    named_kind: ClassVar[type[BaseModel]] = NamedFloor

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return _named_too(value, cls.model_fields)

    @property
    def named(self) -> dict[str, NamedFloor]:
        """Floors with a name of their own."""
        return self.__pydantic_extra__ or {}


# --- payers ---------------------------------------------------------------------------------------


def _kind_of_share(value: Any) -> str:
    if isinstance(value, str) and value == "rest":
        return "rest"
    meant = number_meant(value) if isinstance(value, str) else None
    if meant is not None and not 0 <= float(meant) <= 1:
        raise fault(f"a payer's share is from 0 to 1, and 1 is all of it: seen {value!r}")
    if kind_of_tabled(value) in ("number", "by_group", "table"):
        return "number"
    raise fault(f"a payer is a share from 0 to 1, or rest, or {{share:, limits:}}: seen {value!r}")


def _share_like(value: Any) -> Any:
    _kind_of_share(value)  # pydantic takes no faults from the function that picks the kind
    return value


class Payer(Clause):
    """A share of every payment, or the rest; up to the payer's own limits."""

    share: Annotated[
        Annotated[Tabled, Tag("number")] | Annotated[Literal["rest"], Tag("rest")],
        Discriminator(_kind_of_share),
        BeforeValidator(_share_like),
    ] = Field(description="Share of every payment, perhaps by date or group; or the rest.")
    limits: PayerLimits = PayerLimits()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Payer) or (isinstance(value, dict) and {"share", "limits"} & {*value}):
            return value
        return {"share": value}


# --- rules ----------------------------------------------------------------------------------------


def _due_like(value: Any) -> Any:
    if value == "every_period":
        return value
    if isinstance(value, str) and not value[:1].isdecimal():
        raise fault(f"is a date, a period, a list of them, or every_period: seen {value!r}")
    return value if isinstance(value, list | tuple) else [value]


def _kind_of_due(value: Any) -> str:
    return "word" if isinstance(value, str) else "dates"


class Rule(Clause):
    """What is paid for, when, and how much."""

    pays: str | None = Field(
        None,
        description="An outcome (each claim), a cohort (each start) or a performance (each "
        "reading); or else due.",
    )
    when: dict[Name, Test] = Field(
        {}, description="Tests of performances, or of numbers accepted: all must hold."
    )
    unless: str | None = Field(
        None, description="Another rule: nothing is paid once that has earned anything."
    )
    price: TabledMoney | None = Field(None, description="Money per unit of what it pays.")
    amount: TabledAnyMoney | None = Field(
        None, description="Money for each claim, reading or due date, whatever its size."
    )
    deadweight: TabledShare = Field(
        0.0, description="Share of the claims agreed to have happened anyway."
    )
    factors: dict[Name, TabledMultiple] = Field(
        {}, description="Named numbers that multiply the price or amount."
    )
    limits: RuleLimits = RuleLimits()
    payers: dict[Name, Payer] | None = Field(None, description="In place of payments.payers.")
    paid_back_by: Name | None = Field(
        None, description="Who pays when the amount is below zero; if left out, nothing below is."
    )
    due: (
        Annotated[
            Annotated[Literal["every_period"], Tag("word")]
            | Annotated[tuple[When, ...], Tag("dates"), Field(min_length=1)],
            Discriminator(_kind_of_due),
            BeforeValidator(_due_like),
        ]
        | None
    ) = Field(
        None,
        description="With pays: dates on which what was earned is paid. Without: dates on which "
        "the amount is.",
    )
    paid_after: Annotated[Whole, Field(ge=0)] | None = Field(
        None, description="Periods from claim to cash; if left out, that of all payments."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.pays is None and self.due is None:
            raise fault("needs pays (a cohort, an outcome or a performance), or due")
        if self.price is None and self.amount is None:
            raise fault("says neither price (per unit) nor amount (for each, whatever its size)")
        if self.price is not None and self.amount is not None:
            raise fault("says both price and amount: keep one")
        if self.pays is None and self.price is not None:
            raise fault("without pays there is nothing to price: write amount")
        return self

    @property
    def worth(self) -> str:
        """``price`` or ``amount``, whichever is said."""
        return "price" if self.price is not None else "amount"


class Tax(Clause):
    """Tax on outcome payments."""

    rate: Annotated[Finite, Field(ge=0, le=1)] = Field(
        description="Share of the payment net: 0.20 for 20%."
    )
    included: Flag = Field(description="Whether prices and limits include it, or it is on top.")
    to: Name = Field("tax_authority", description="Who receives it.")


class Payments(Clause):
    """The rules, their limits and floors, and who pays."""

    rules: dict[Name, Rule] = Field(min_length=1)
    limits: ContractLimits = ContractLimits()
    floors: Floors = Floors()
    payers: dict[Name, Payer] = Field(min_length=1)
    factors: dict[Name, TabledMultiple] = Field({}, description="Named numbers on every price.")
    paid_after: Annotated[Whole, Field(ge=0)] = Field(0, description="Periods from claim to cash.")
    tax: Tax | None = Field(None, description="If left out, payments carry no tax.")
    running_costs: dict[Name, Cost] = Field(
        {}, description="What it costs a payer to run the contract."
    )

    def limit_rules(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Limits with a name, fewest rules first, then by name; and the rules each covers."""
        ordered = sorted(
            self.limits.named.items(), key=lambda item: (len(set(item[1].of)), item[0])
        )
        yield from ((name, limit.of) for name, limit in ordered)
