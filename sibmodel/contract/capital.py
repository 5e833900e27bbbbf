"""Capital: who puts money in, what is due to whom, who has the surplus, and how it may end early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from sibmodel.contract.assumptions import (
    Clause,
    Finite,
    Flag,
    Money,
    Whole,
    a_share_a_year,
)
from sibmodel.contract.delivery import Period, whole_keys
from sibmodel.contract.names import Name, fault
from sibmodel.contract.tables import (
    TabledAnyMoney,
    TabledMoney,
    TabledMultiple,
    TabledRate,
    TabledShare,
    Test,
)

Share = Annotated[Finite, Field(ge=0, le=1)]
Positive = Annotated[Finite, Field(ge=0)]

SURPLUS = "surplus"
"""The step that share_of_surplus is short for."""
ACCOUNT = "account"
"""What a settlement calls the purse that payments and capital go into."""
DELIVERY_STOPS = "delivery_stops"
"""The ending that on_shortfall: delivery_stops stands for."""
FIGURES = ("balance", "drawn", "unmet")
"""Figures of the account that an ending may test."""


# --- the account ----------------------------------------------------------------------------------


class Purse(Clause):
    """The account itself."""

    opening: Money = Field(0.0, description="Already there at the start, nobody's capital.")
    reserve: TabledMoney = Field(0.0, description="Kept back from distribution to the last period.")
    interest: TabledRate = Field(0.0, description="Earned a year on the balance brought forward.")


class Recycle(Clause):
    """How much of the payments may meet costs."""

    up_to: Money | None = Field(None, description="The first so much of them, money.")
    share: Share | None = Field(None, description="That share of each.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.up_to is None) == (self.share is None):
            raise fault("recycle takes one of up_to and share, or true, or false")
        return self


class Every(Clause):
    """Distribution dates at even distances."""

    begin: Period = Field(alias="from")
    every: Annotated[Whole, Field(ge=1)]


# --- tranches -------------------------------------------------------------------------------------


class Interest(Clause):
    """What is earned on principal outstanding."""

    rate: TabledRate
    paid: Literal["rolled_up", "each_period", "each_year", "at_end"] = "rolled_up"


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


def _kind_of_repaid(value: Any) -> str:
    if isinstance(value, Instalments) or (isinstance(value, Mapping) and "level" in value):
        return "level"
    return "dates" if isinstance(value, Mapping) else "word"


def _kind_of_draw(value: Any) -> str:
    return "dates" if isinstance(value, Mapping) else "word"


ByPeriod = Annotated[dict[Period, Share], BeforeValidator(whole_keys), Field(min_length=1)]
DRAWS = ("as_needed", "at_once")
Draw = Annotated[
    Annotated[Literal["as_needed", "at_once"], Tag("word")] | Annotated[ByPeriod, Tag("dates")],
    Discriminator(_kind_of_draw),
]
Repaid = Annotated[
    Annotated[Literal["as_available", "at_end", "never"], Tag("word")]
    | Annotated[Instalments, Tag("level")]
    | Annotated[ByPeriod, Tag("dates")],
    Discriminator(_kind_of_repaid),
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
    principal: TabledMultiple = Field(1.0, description="Share of drawn that is due at the close.")
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
                raise fault(f"a grant is never repaid: it takes no {' or '.join(sorted(said))}")
        if self.due_from is not None and self.repaid == "as_available":
            raise fault(
                f"what is due from {self.due_from!r} has a date: write repaid: at_end, or "
                f"{{period: share}}"
            )
        if isinstance(self.repaid, Instalments):
            if self.interest.paid not in ("rolled_up", "each_period"):
                raise fault("level instalments hold each period's interest: leave paid out")
            if "principal" in self.model_fields_set:
                raise fault("level instalments repay all that was drawn: leave principal out")
        return self


# --- surplus, guarantees, settlements, endings ----------------------------------------------------


class Until(Clause):
    """How far a step of surplus goes: until ``of`` has this much, counting every receipt so far."""

    kinds: ClassVar[tuple[str, ...]] = ("irr", "multiple", "amount", "share_of_profit")

    irr: TabledRate | None = None
    multiple: TabledMultiple | None = None
    amount: TabledMoney | None = None
    share_of_profit: TabledShare | None = None
    of: tuple[str, ...] = Field(
        (), description="Whose, of several together; if left out, the step's only receiver's."
    )

    @field_validator("of", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def kind(self) -> str:
        """Which of the four is said."""
        return next(kind for kind in self.kinds if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = [kind for kind in self.kinds if getattr(self, kind) is not None]
        if len(said) != 1:
            seen = " and ".join(said) if said else "none"
            raise fault(f"until takes exactly one of {', '.join(self.kinds)}: seen {seen}")
        return self


class Step(Clause):
    """One step of surplus: who gets it, and how far it goes."""

    to: dict[str, Positive] = Field(
        min_length=1, description="Tranches or parties; shares that add to 1, or whole parts."
    )
    until: Until | None = Field(None, description="If left out: all that is left.")

    @property
    def shares(self) -> dict[str, float]:
        """Each receiver's share of the step; they add to 1."""
        whole = sum(self.to.values())
        return {name: part / whole for name, part in self.to.items()}

    @property
    def measured(self) -> tuple[str, ...]:
        """Whose receipts decide how far the step goes."""
        return () if self.until is None else self.until.of or tuple(self.to)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        whole = sum(self.to.values())
        in_parts = all(float(part).is_integer() for part in self.to.values()) and whole > 0
        if not in_parts and abs(whole - 1) > 1e-9:
            raise fault(
                f"to: shares add to {whole:g}, not 1 (or write whole parts, such as 4 to 1)"
            )
        if self.until is not None and not self.until.of and len(self.to) > 1:
            raise fault("until: say of whom, of: one of " + ", ".join(self.to))
        return self


class Guarantee(Clause):
    """Tops a tranche up at the close."""

    by: str = Field(description="The party that pays.")
    covers: str = Field(description="The tranche.")
    up_to: TabledMultiple = Field(1.0, description="Share of drawn that is made good.")
    share: TabledShare = Field(1.0, description="Of what is missing.")
    limit: TabledMoney | None = Field(None, description="The most it pays.")


class Settlement(Clause):
    """A sum between two named parties, on a date, that may run either way."""

    giver: str = Field(alias="from", description="A party, a tranche, or account.")
    taker: str = Field(alias="to", description="A party, a tranche, or account.")
    amount: TabledAnyMoney = Field(description="Below zero: the other way.")
    at: Period | None = Field(None, description="If left out, the last period.")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.giver == self.taker:
            raise fault(f"from and to are both {self.giver!r}")
        return self


class Redemption(Clause):
    """What a tranche gets in place of principal and interest."""

    of_drawn: TabledMultiple | None = Field(None, description="A share of drawn.")
    irr: TabledRate | None = Field(None, description="What brings its rate of return to this.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Redemption) or (
            isinstance(value, Mapping) and {"irr", "of_drawn"} & set(value)
        ):
            return value
        return {"of_drawn": value}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.of_drawn is None) == (self.irr is None):
            raise fault("a redemption is a share of drawn, or {irr: 0.03}")
        return self


class Ending(Clause):
    """Closes the contract early in the runs where its condition holds."""

    at: Period | None = Field(None, description="The period it is tested in.")
    begin: Period | None = Field(None, alias="from", description="Tested in each period from it.")
    when: dict[str, Test] = Field(
        {}, alias="if", min_length=1, description="Performances, or balance, drawn, unmet."
    )
    chance: TabledShare | None = Field(None, description="That it happens, where the test holds.")
    notice: Period = Field(0, description="Periods for which costs go on.")
    settles: Literal["at_end", "at_once"] = Field(
        "at_end", description="Whether those who started are still paid for."
    )
    redeem: dict[Name, Redemption] = Field(
        {}, min_length=1, description="Closes now; what these tranches get, and no more."
    )
    paid_by: str | None = Field(None, description="Who brings what the account lacks for that.")
    left_to: str | None = Field(None, description="Who has what the account has left.")
    cancels: str | None = Field(None, description="Only this cohort's further starts.")

    @property
    def closes(self) -> bool:
        """Whether accounts close on the day."""
        return self.settles == "at_once" or bool(self.redeem)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.at is None) == (self.begin is None):
            raise fault("say when it is tested: at one period, or from one on")
        if not self.when and self.chance is None:
            raise fault("say on what condition: if: {figure: {below: …}}, or chance")
        if self.chance is not None and self.begin is not None and not self.when:
            raise fault("a chance alone is drawn once: write at")
        if self.redeem and self.left_to is None:
            raise fault("redeem needs left_to: who has what the account has left")
        if not self.redeem and (self.paid_by is not None or self.left_to is not None):
            raise fault("paid_by and left_to go with redeem")
        if self.redeem and self.settles_said and self.settles == "at_end":
            raise fault("redeem closes now: leave settles out")
        if self.closes and self.notice:
            raise fault("accounts close on the day: leave notice out")
        if self.cancels is not None and (self.closes or self.notice):
            raise fault("cancels stops one cohort's starts and nothing else: it stands alone")
        return self

    @property
    def settles_said(self) -> bool:
        """Whether settles is written."""
        return "settles" in self.model_fields_set


# --- the section ----------------------------------------------------------------------------------

DISTRIBUTE = ("each_period", "after_delivery", "at_end")


def _kind_of_dates(value: Any) -> str:
    if isinstance(value, str):
        return "word"
    return "every" if isinstance(value, Mapping | Every) else "list"


Distribute = Annotated[
    Annotated[Literal["each_period", "after_delivery", "at_end"], Tag("word")]
    | Annotated[Every, Tag("every")]
    | Annotated[tuple[Period, ...], Tag("list")],
    Discriminator(_kind_of_dates),
]


def _kind_of_recycle(value: Any) -> str:
    return "part" if isinstance(value, Mapping | Recycle) else "flag"


def _ranks(value: Any) -> Any:
    """A name by itself is a rank of one."""
    if isinstance(value, list | tuple):
        return tuple((item,) if isinstance(item, str) else item for item in value)
    return value


Ranks = Annotated[
    tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...], BeforeValidator(_ranks)
]


class Capital(Clause):
    """The account through which investors' money and payments run."""

    account: Purse = Purse()
    recycle: Annotated[
        Annotated[Flag, Tag("flag")] | Annotated[Recycle, Tag("part")],
        Discriminator(_kind_of_recycle),
    ] = Field(False, description="Whether outcome payments may meet costs, or how much of them.")
    hurdle: Annotated[Finite, BeforeValidator(a_share_a_year)] | None = Field(
        None, description="A year, nominal: the rate for investors' present values."
    )
    distribute: Distribute | None = Field(
        None, description="after_delivery where payments are recycled, else each_period."
    )
    on_shortfall: Literal["provider_bears", "carried_forward", "delivery_stops"] = Field(
        "provider_bears", description="What happens to costs that cannot be met."
    )
    tranches: dict[Name, Tranche] = Field(min_length=1)
    surplus: dict[Name, Step] = Field({}, min_length=1, description="What is left, cut in steps.")
    guarantees: dict[Name, Guarantee] = Field({}, min_length=1)
    settlements: dict[Name, Settlement] = Field({}, min_length=1)
    endings: dict[Name, Ending] = Field({}, min_length=1, description="The first to hold counts.")
    order: Ranks | None = Field(
        None, description="Priority: tranches (or name.interest, name.principal), steps, costs."
    )
    draw_order: Ranks | None = Field(
        None, description="Who is drawn first; if left out, grants, then all others together."
    )

    @property
    def distribution(self) -> str | Every | tuple[int, ...]:
        """When the account distributes, whether said or not."""
        return self.distribute or ("after_delivery" if self.recycle else "each_period")

    @property
    def repaid(self) -> dict[str, Tranche]:
        """Tranches that are repaid: all but grants."""
        return {name: t for name, t in self.tranches.items() if t.repaid != "never"}

    @property
    def steps(self) -> dict[str, Step]:
        """Steps of surplus, with the one that share_of_surplus is short for."""
        shares = {
            name: tranche.share_of_surplus
            for name, tranche in self.tranches.items()
            if tranche.share_of_surplus is not None
        }
        return {**self.surplus, SURPLUS: Step(to=shares)} if shares else self.surplus

    @property
    def ranks(self) -> tuple[tuple[str, ...], ...]:
        """The order of payment, top to bottom, whether said or not; equals stand together."""
        if self.order is None:
            return tuple((name,) for name in (*self.repaid, *self.steps))
        last = SURPLUS in self.steps and SURPLUS not in self.surplus
        said = any(SURPLUS in rank for rank in self.order)
        return (*self.order, (SURPLUS,)) if last and not said else self.order

    @property
    def draws(self) -> tuple[tuple[str, ...], ...]:
        """Who is drawn first, whether said or not; equals in proportion to what is undrawn."""
        if self.draw_order is not None:
            return self.draw_order
        grants = tuple(name for name in self.tranches if name not in self.repaid)
        return tuple(rank for rank in (grants, tuple(self.repaid)) if rank)

    def holder(self, tranche: str) -> str:
        """The party that holds a tranche."""
        return self.tranches[tranche].held_by or tranche

    def parties(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every party named, tranches left out, and where."""
        for name, tranche in self.tranches.items():
            yield ("tranches", name, "held_by"), tranche.held_by or name
        ends: list[tuple[tuple[str, ...], str | None]] = []
        ends += [(("surplus", n, "to"), party) for n, s in self.surplus.items() for party in s.to]
        ends += [(("guarantees", n, "by"), g.by) for n, g in self.guarantees.items()]
        for name, settlement in self.settlements.items():
            ends += [(("settlements", name, "from"), settlement.giver)]
            ends += [(("settlements", name, "to"), settlement.taker)]
        for name, ending in self.endings.items():
            ends += [(("endings", name, "paid_by"), ending.paid_by)]
            ends += [(("endings", name, "left_to"), ending.left_to)]
        for place, party in ends:
            if party is not None and party != ACCOUNT and party not in self.tranches:
                yield place, party
