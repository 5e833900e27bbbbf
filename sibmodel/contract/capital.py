"""Capital: who puts money in, who is paid first, who has the surplus, and how it may end early."""

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
from sibmodel.contract.delivery import Period
from sibmodel.contract.names import Name, fault
from sibmodel.contract.tables import (
    TabledAnyMoney,
    TabledMoney,
    TabledMultiple,
    TabledRate,
    TabledShare,
    Test,
)
from sibmodel.contract.tranches import Instalments, OfDrawn, Positive, Redemption, Share, Tranche

__all__ = [
    "ACCOUNT", "DELIVERY_STOPS", "FIGURES", "SURPLUS", "Capital", "Ending", "Every", "Guarantee",
    "Instalments", "Purse", "Recycle", "Redemption", "Settlement", "Step", "Tranche", "Until",
]  # fmt: skip

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
            raise fault("takes one of up_to and share (or write true, or false)")
        return self


class Every(Clause):
    """Distribution dates at even distances."""

    begin: Period = Field(alias="from", description="Period of the first.")
    every: Annotated[Whole, Field(ge=1)] = Field(description="Periods from one to the next.")


# --- surplus, guarantees, settlements, endings ----------------------------------------------------


class Until(Clause):
    """How far a step of surplus goes: until ``of`` has this much, counting every receipt so far."""

    kinds: ClassVar[tuple[str, ...]] = ("irr", "multiple", "amount", "share_of_profit")

    irr: TabledRate | None = None
    multiple: TabledMultiple | None = None
    amount: TabledMoney | None = None
    share_of_profit: TabledShare | None = None
    of: tuple[str, ...] = Field(
        (),
        min_length=1,
        description="Whose, of several together; if left out, the step's only receiver's.",
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
            raise fault(f"takes exactly one of {', '.join(self.kinds)}: seen {seen}")
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
                f"the shares in to add to {whole:g}, not 1 (or write whole parts, such as 4 and 1)"
            )
        if self.until is not None and not self.until.of and len(self.to) > 1:
            whose = ", or of: ".join(self.to)
            raise fault(f"until must say whose {self.until.kind} it is: add of: {whose}")
        return self


class Guarantee(Clause):
    """Tops a tranche up at the close."""

    by: str = Field(description="The party that pays.")
    covers: str = Field(description="The tranche.")
    up_to: OfDrawn = Field(1.0, description="Share of drawn that is made good.")
    share: TabledShare = Field(1.0, description="Of what is missing.")
    limit: TabledMoney | None = Field(None, description="The most it pays; if left out, no limit.")


class Settlement(Clause):
    """A sum between two named parties, on a date, that may run either way."""

    giver: str = Field(alias="from", description="A party, a tranche, or account.")
    taker: str = Field(alias="to", description="A party, a tranche, or account.")
    amount: TabledAnyMoney = Field(description="Money; below zero it runs the other way.")
    at: Period | None = Field(None, description="If left out, the last period.")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.giver == self.taker:
            raise fault(f"from and to are both {self.giver!r}: a sum runs between two")
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
        if self.at is not None and self.begin is not None:
            raise fault("is tested at one period, or from one on: keep one of at and from")
        if self.at is None and self.begin is None:
            raise fault("does not say when it is tested: add at: 12 (once), or from: 12 (and on)")
        if not self.when and self.chance is None:
            raise fault("does not say on what condition: add if: {figure: {below: 0.5}}, or chance")
        if self.chance is not None and self.begin is not None and not self.when:
            raise fault("a chance without if is drawn once: write at in place of from")
        if self.cancels is not None and (self.closes or self.notice):
            raise fault(
                "cancels stops one cohort's starts and nothing else: leave out redeem, settles "
                "and notice"
            )
        if self.redeem and self.left_to is None:
            raise fault("redeem needs left_to: the party that has what the account has left")
        for word in ("paid_by", "left_to"):
            if not self.redeem and getattr(self, word) is not None:
                raise fault(f"{word} goes with redeem: say what each tranche gets, or leave it out")
        if self.redeem and self.settles_said and self.settles == "at_end":
            raise fault("redeem closes the accounts on the day: leave out settles")
        if self.closes and self.notice:
            raise fault("accounts close on the day, so no cost goes on: leave out notice")
        return self

    @property
    def settles_said(self) -> bool:
        """Whether settles is written."""
        return "settles" in self.model_fields_set


# --- the section ----------------------------------------------------------------------------------


def _kind_of_dates(value: Any) -> str:
    if isinstance(value, str):
        return "word"
    return "every" if isinstance(value, Mapping | Every) else "list"


Distribute = Annotated[
    Annotated[Literal["each_period", "after_delivery", "at_end"], Tag("word")]
    | Annotated[Every, Tag("every")]
    | Annotated[tuple[Period, ...], Field(min_length=1), Tag("list")],
    Discriminator(_kind_of_dates),
]


def _kind_of_recycle(value: Any) -> str:
    return "part" if isinstance(value, Mapping | Recycle) else "flag"


def _ranks(value: Any) -> Any:
    """A name by itself is a rank of one."""
    if isinstance(value, str):
        raise fault(f"is a list of names, the first on top: write [{value}]")
    if not isinstance(value, list | tuple):
        raise fault(f"is a list of names, the first on top, [first, second]: seen {value!r}")
    ranks = [(item,) if isinstance(item, str) else item for item in value]
    for rank in ranks:
        if not isinstance(rank, list | tuple) or not all(isinstance(one, str) for one in rank):
            raise fault(f"is a list of names; equals stand in a list within it: seen {rank!r}")
    return tuple(ranks)


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

    def part_of_holder(self, tranche: str) -> float:
        """A tranche's share of what its holder has committed."""
        mine = [
            clause.commitment
            for name, clause in self.tranches.items()
            if self.holder(name) == self.holder(tranche)
        ]
        whole = sum(mine)
        return self.tranches[tranche].commitment / whole if whole else 1 / len(mine)

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
