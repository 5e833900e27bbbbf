"""Capital in plain words: who puts money in, who is paid first, and how it may end early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sibmodel.contract.capital import (
    ACCOUNT,
    DELIVERY_STOPS,
    FIGURES,
    Capital,
    Ending,
    Every,
    Guarantee,
    Recycle,
    Settlement,
    Step,
)
from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost
from sibmodel.contract.tables import STEPS, Table, Test
from sibmodel.contract.tranches import Instalments, Tranche
from sibmodel.pages.figures import Figures, plain, share
from sibmodel.pages.text import day, listed, sentence, words

BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
PAID = {
    "rolled_up": "rolled up",
    "each_year": "paid each year",
    "at_end": "simple, paid at the end",
}
FIGURE_WORDS = {
    "balance": "the balance of the account",
    "drawn": "what has been drawn",
    "unmet": "what costs could not be met",
}


@dataclass(frozen=True)
class CapitalClauses:
    """Sentences by name, in the order of the contract; ``order`` from the first paid to the last.

    ``order`` is empty where one tranche has everything: its own sentence says so.
    """

    tranches: Mapping[str, str]
    order: Sequence[str]
    account: Sequence[str]
    others: Mapping[str, str]
    costs: Mapping[str, str]


def capital_clauses(contract: Contract) -> CapitalClauses | None:
    """What a contract's capital and costs say; None where it has no capital.

    Examples
    --------
    >>> import sibmodel as sib
    >>> said = capital_clauses(sib.library.load("closed_form_bond"))
    >>> said.tranches["investor"]
    'Up to GBP 360,000 from investor, as costs need it; paid back as there is money, in every \
year; all that is left goes to it.'
    >>> said.costs["service"], said.order
    ('GBP 360,000 on 1 April 2027, to provider.', [])
    """
    if contract.capital is None:
        return None
    writer = _Writer(contract, contract.capital)
    capital = contract.capital
    others = {name: writer.guarantee(one) for name, one in capital.guarantees.items()}
    others |= {name: writer.settlement(one) for name, one in capital.settlements.items()}
    others |= {name: writer.ending(one) for name, one in capital.endings.items()}
    if capital.on_shortfall == DELIVERY_STOPS:
        others[DELIVERY_STOPS] = "If costs cannot be met, nobody more starts and costs lapse."
    costs = contract.delivery.costs if contract.delivery else {}
    return CapitalClauses(
        {name: sentence(f"{writer.tranche(name, t)}.") for name, t in capital.tranches.items()},
        [sentence(f"{text}.") for text in writer.order()],
        [sentence(f"{text}.") for text in writer.account()],
        {name: sentence(f"{text.removesuffix('.')}.") for name, text in others.items()},
        {name: sentence(f"{writer.cost(cost)}.") for name, cost in costs.items()},
    )


class _Writer(Figures):
    """Puts the capital of one contract into words."""

    def __init__(self, contract: Contract, capital: Capital) -> None:
        super().__init__(contract)
        self.capital = capital
        timeline = contract.timeline
        self.last = day(timeline.date(timeline.periods - 1))

    # --- tranches ---

    def tranche(self, name: str, tranche: Tranche) -> str:
        """Who, how much, drawn how; what is due, when, from whom."""
        amount, holder = self.money(tranche.commitment), words(self.capital.holder(name))
        if tranche.draw == "as_needed":
            text = f"up to {amount} from {holder}, as costs need it"
        elif tranche.draw == "at_once":
            text = f"{amount} from {holder}, at once, on {day(self.day_of(0))}"
        else:
            text = f"{amount} from {holder}: {self._parts(tranche.draw)}"
        due = "a grant, never paid back" if tranche.repaid == "never" else self._due(tranche)
        text = f"{text}; {due}"
        return f"{text}; all that is left goes to it" if self._has_all(name) else text

    def _parts(self, by_period: Mapping[int, float]) -> str:
        return listed(
            [f"{share(part)} on {day(self.day_of(t))}" for t, part in sorted(by_period.items())]
        )

    def _due(self, tranche: Tranche) -> str:
        """What is paid back, when, with what interest, and who brings it."""
        if isinstance(tranche.repaid, Instalments):
            level = tranche.repaid.level
            begin, end = day(self.day_of(level.begin)), day(self.day_of(level.until))
            text = f"paid back with its interest in equal instalments from {begin} to {end}"
        elif tranche.repaid == "as_available":
            text = f"paid back as there is money, {self._distributions()}"
        elif tranche.repaid == "at_end":
            text = f"paid back at the end ({self.last})"
        else:
            assert isinstance(tranche.repaid, dict)
            text = f"paid back {self._parts(tranche.repaid)}"
        if tranche.principal != 1:
            part = self.number(tranche.principal, share, None)
            tabled = isinstance(tranche.principal, Table)
            text += f"; of what was drawn {f'this is due: {part}' if tabled else f'{part} is due'}"
        rate = tranche.interest.rate
        if rate != 0:
            said = self.number(rate, share, None)
            how = PAID.get(tranche.interest.paid, f"paid each {self.step}")
            how = "" if isinstance(tranche.repaid, Instalments) else f", {how}"
            if isinstance(rate, Table):
                text += f"; with interest a year{how}: {said}"
            else:
                text += f", with interest of {said} a year{how}"
        if tranche.due_from is not None:
            text += f"; what is due is brought by {words(tranche.due_from)}"
        return text

    def _distributions(self) -> str:
        """When the account pays out."""
        when = self.capital.distribution
        if isinstance(when, Every):
            first = day(self.day_of(when.begin))
            if when.every == 1:
                return f"in every {self.step} from {first}"
            return f"every {when.every} {self.step}s from {first}"
        if isinstance(when, tuple):
            return f"{self.dates(when)} and at the end"
        return {
            "each_period": f"in every {self.step}",
            "after_delivery": "once the last cost is met",
            "at_end": f"at the end ({self.last})",
        }[when]

    def _has_all(self, name: str) -> bool:
        """Whether there is this tranche alone, and all that is left is its."""
        steps = list(self.capital.steps.values())
        alone = list(self.capital.repaid) == [name] and len(self.capital.ranks) <= 2
        return alone and len(steps) == 1 and steps[0].until is None and set(steps[0].to) == {name}

    # --- the order of payment ---

    def order(self) -> list[str]:
        """Who is paid before whom, and the steps of surplus, top to bottom."""
        if any(map(self._has_all, self.capital.repaid)):
            return []
        steps = self.capital.steps
        last = max((n for n, rank in enumerate(self.capital.ranks) if set(rank) & set(steps)),
                   default=-1)  # fmt: skip
        found = []
        for n, rank in enumerate(self.capital.ranks):
            parts = [
                f"{words(name)}: {self._step(steps[name], rest=n == last)}"
                if name in steps else self._place(name)
                for name in rank
            ]  # fmt: skip
            text = listed(parts)
            found.append(f"{text}, in proportion to what each is due" if len(rank) > 1 else text)
        return found

    def _place(self, name: str) -> str:
        """A tranche, one part of it, or a cost that waits."""
        tranche, _, part = name.partition(".")
        if tranche not in self.capital.tranches:
            return f"{words(name)}, a cost that waits its turn"
        if part:
            return f"{part} of {words(tranche)}"
        interest = self.capital.tranches[tranche].interest.rate != 0
        return f"{words(tranche)}: {'interest, then ' if interest else ''}what it put in"

    def _step(self, step: Step, *, rest: bool) -> str:
        """Who gets a step of surplus, and how far it goes."""
        some = {name: part for name, part in step.to.items() if part > 0}
        whole = sum(some.values())
        parts = whole > 1 + 1e-9 and whole != 100
        said = [f"{x:g} parts in {whole:g}" if parts else share(x / whole) for x in some.values()]
        each = [f"{part} to {words(name)}" for name, part in zip(some, said, strict=True)]
        whose = f"all to {words(next(iter(some)))}" if len(some) == 1 else listed(each)
        if step.until is None:
            return f"what is left, {whose}" if rest else whose
        kind, bound = step.until.kind, getattr(step.until, step.until.kind)
        if kind == "irr":
            much = f"a return of {self.number(bound, share, None)} a year"
        elif kind == "multiple":
            much = f"{self.number(bound, plain, None)} times what was put in"
        elif kind == "amount":
            much = self.number(bound, self.money, None)
        else:
            much = f"{self.number(bound, share, None)} of all profit"
        of = listed([words(name) for name in step.measured])
        return f"{whose}, up to {much}{'' if set(step.measured) == set(some) else f' for {of}'}"

    # --- the account ---

    def account(self) -> list[str]:
        """What else holds of the account: recycling, reserve, who is drawn first, shortfalls."""
        capital, found = self.capital, []
        recycle = capital.recycle
        if recycle is True:
            found.append("payments meet costs before more capital is drawn")
        elif isinstance(recycle, Recycle):
            some = recycle.up_to if recycle.up_to is not None else recycle.share
            say = self.money if recycle.up_to is not None else share
            of = "the first {} of payments meet" if recycle.up_to is not None else (
                "{} of each payment meets"
            )  # fmt: skip
            found.append(f"{of.format(self.number(some, say, None))} costs")
        else:
            found.append("payments meet no costs: all costs are met from capital")
        if list(capital.repaid) and not self._says_when():
            found.append(f"what is left over is paid out {self._distributions()}")
        purse = capital.account
        if purse.opening != 0:
            found.append(f"{self.number(purse.opening, self.money, None)} is there at the start")
        if purse.reserve != 0:
            kept = self.number(purse.reserve, self.money, None)
            found.append(f"{kept} is kept back until the end")
        if purse.interest != 0:
            rate = self.number(purse.interest, share, None)
            found.append(f"the balance earns {rate} a year")
        if len(capital.draws) > 1:
            ranks = [listed([words(name) for name in rank]) for rank in capital.draws]
            found.append(f"drawn first: {', then '.join(ranks)}")
        if capital.on_shortfall == "provider_bears":
            found.append("costs that cannot be met are the provider’s to bear")
        elif capital.on_shortfall == "carried_forward":
            found.append("costs that cannot be met are carried to the next period")
        return found

    def _says_when(self) -> bool:
        """Whether a tranche's own sentence says when money is paid out."""
        return any(t.repaid == "as_available" for t in self.capital.tranches.values())

    # --- guarantees, settlements, endings ---

    def guarantee(self, one: Guarantee) -> str:
        """Who makes good what, up to what."""
        part = "" if one.share == 1 else f"{self.number(one.share, share, None)} of "
        whole = "" if one.up_to == 1 else f"{self.number(one.up_to, share, None)} of "
        text = f"at the close, {part}what {words(one.covers)} lacks of {whole}what it put in"
        if one.limit is not None:
            text += f", up to {self.number(one.limit, self.money, None)}"
        return f"{text}; made good by {words(one.by)}"

    def settlement(self, one: Settlement) -> str:
        """Who pays whom how much, when."""
        when = self.last if one.at is None else day(self.day_of(one.at))
        giver, taker = (_end(name) for name in (one.giver, one.taker))
        text = f"on {when}, from {giver} to {taker}: {self.number(one.amount, self.money, None)}"
        return f"{text}; below nothing, the other way" if _two_sided(one.amount) else text

    def ending(self, one: Ending) -> str:
        """On what condition it ends, and what then happens."""
        if one.at is not None:
            text = f"on {day(self.day_of(one.at))}"
        else:
            text = f"in every {self.step} from {day(self.day_of(one.begin or 0))}"
        tests = [self._test(name, test) for name, test in one.when.items()]
        text += f", if {listed(tests)}" if tests else ""
        if one.chance is not None:
            chance = self.number(one.chance, share, None)
            text += f", with a chance of {chance}" if not tests else f", and then in {chance}"
        return f"{text}: {'; '.join(self._then(one))}"

    def _test(self, name: str, test: Test) -> str:
        what = FIGURE_WORDS[name] if name in FIGURES else words(name)
        say = self.money if name in FIGURES else self.reading(name)
        bounds = [
            f"{BOUNDS[word]} {self.number(getattr(test, word), say, None)}"
            for word in STEPS
            if getattr(test, word) is not None
        ]
        return f"{what} is {listed(bounds)}"

    def _then(self, one: Ending) -> list[str]:
        if one.cancels is not None:
            return [f"nobody more of {words(one.cancels)} starts"]
        found = ["nobody more starts and nothing more is drawn"]
        for name, redemption in one.redeem.items():
            if redemption.irr is not None:
                earned = self.number(redemption.irr, share, None)
                gets = f"what brings its return to {earned} a year"
            else:
                gets = f"{self.number(redemption.of_drawn, share, None)} of what it put in"
            found.append(f"for {words(name)} {gets}, and no more")
        if one.redeem:
            if one.paid_by is not None:
                found.append(f"what the account lacks for that is brought by {words(one.paid_by)}")
            found.append(f"what is left goes to {words(one.left_to or '')}")
        elif one.closes:
            found.append("accounts close that day and no payment follows")
        else:
            if one.notice:
                many = f"{one.notice} {self.step}{'s' if one.notice > 1 else ''}"
                found.append(f"costs go on for {many}")
            found.append("those who have started are still paid for")
        return found

    # --- costs ---

    def cost(self, cost: Cost) -> str:
        """How much, when, and who receives it."""
        parts = []
        if cost.amount is not None:
            parts.append(f"{self._sum(cost.amount)} on {day(self.day_of(cost.at))}")
        if cost.amounts:
            each = [
                f"{self._sum(amount)} on {day(self.day_of(t))}"
                for t, amount in sorted(cost.amounts.items())
            ]
            parts.append(listed(each))
        if cost.per_period is not None:
            parts.append(f"{self._sum(cost.per_period)} in {self._stretch(cost)}")
        if cost.per_start is not None:
            over = f", over {cost.over} {self.step}s" if cost.over > 1 else ""
            parts.append(f"{self._sum(cost.per_start)} for each person who starts{over}")
        parts += [
            f"{self._sum(amount)} for each {words(name)}"
            for name, amount in cost.per_outcome.items()
        ]
        of = words(cost.of or "")
        if cost.share is not None:
            part = self.number(cost.share, share, None)
            when = f" on {day(self.day_of(cost.at))}" if cost.of == "commitments" else ""
            parts.append(f"{part} of {of}{when}")
        if cost.rate is not None:
            of = "commitments" if cost.of == "commitments" else f"what is {of}"
            rate = self.number(cost.rate, share, None)
            parts.append(f"{rate} a year of {of}, in {self._stretch(cost)}")
        text = " and ".join(parts)
        if cost.inflation != 0:
            text += f", rising {self.number(cost.inflation, share, None)} a year"
        if cost.contingency != 0:
            text += f", with a contingency of {self.number(cost.contingency, share, None)}"
        if cost.tax != 0:
            text += f", with {self.number(cost.tax, share, None)} tax on top"
        return f"{text}, to {words(cost.to)}"

    def _sum(self, amount: object) -> str:
        return self.number(amount, self.money, None)

    def _stretch(self, cost: Cost) -> str:
        """In which periods."""
        begin = f" from {day(self.day_of(cost.begin))}" if cost.begin else ""
        if cost.lasts is None:
            return f"every {self.step}{begin}"
        return f"each of {cost.lasts} {self.step}s{begin}" if cost.lasts > 1 else (
            f"the {self.step}{begin or f' from {day(self.day_of(0))}'}"
        )  # fmt: skip


def _two_sided(amount: Any) -> bool:
    """Whether an amount may be below nothing; what is uncertain may."""
    if isinstance(amount, Table):
        return any(_two_sided(part) for _, part in amount.parts())
    return not isinstance(amount, int | float) or amount < 0


def _end(name: str) -> str:
    return "the account" if name == ACCOUNT else words(name)
