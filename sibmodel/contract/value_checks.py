"""Checks of value: benefits of what is there, their price years, evidence and parts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sibmodel.contract.assumptions import Assumption
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, path_text, unknown
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.value import Benefit, Discount, Optimism


def value_faults(contract: Contract) -> Iterator[Fault]:
    """Benefits of no outcome, of no price year or grade, whose parts do not add; odd schedules."""
    if contract.value is None:
        return
    value = contract.value
    discounts: dict[tuple[str | int, ...], Discount] = {("value", "discount"): value.discount}
    for name, benefit in value.benefits.items():
        here = ("value", "benefits", name)
        if benefit.of not in contract.outcomes:
            yield unknown((*here, "of"), "outcome", benefit.of, contract.outcomes)
        if benefit.discount is not None:
            discounts[*here, "discount"] = benefit.discount
        yield from _price_year(contract, here, benefit.prices)
        yield from _components(contract, here, benefit)
        if value.optimism is not None:
            yield from _graded(here, benefit, value.optimism)
    for path, discount in discounts.items():
        if discount.schedule is not None and discount.schedule not in SCHEDULES:
            yield unknown(path, "discount schedule", discount.schedule, SCHEDULES)
    if value.weights is not None and all(p.income is None for p in contract.parties.values()):
        yield Fault(
            ("value", "weights"),
            "no party's income is stated, so nothing would be weighted: add "
            "parties: {name: {income: …}}, or leave weights out",
        )


def _price_year(contract: Contract, here: tuple[str, ...], year: str | None) -> Iterator[Fault]:
    prices = contract.prices
    if year is None or (prices is not None and year == prices.base):
        return
    if prices is None:
        yield Fault(
            (*here, "prices"),
            f"is {year}, and the contract states no base year: "
            f"add prices: {{base: …, inflation: …}}",
        )
    elif len(year) != len(prices.base):
        yield Fault((*here, "prices"), f"{year} is not the kind of year of the base, {prices.base}")
    elif prices.inflation is None and not {year, prices.base} <= set(prices.series):
        yield Fault(
            (*here, "prices"),
            f"{year} cannot be brought to {prices.base}: give {path_text(('prices', 'inflation'))} "
            f"or both years in prices.deflator",
        )


def _components(contract: Contract, here: tuple[str, ...], benefit: Benefit) -> Iterator[Fault]:
    """Parts that do not sum to the whole, or of a whole that is uncertain."""
    if not benefit.components:
        return
    whole = benefit.per_outcome
    if isinstance(whole, str):
        whole = contract.assumptions.get(whole, math.nan)
    if isinstance(whole, Assumption) and whole.form == "value":
        whole = whole.value or 0.0
    if not isinstance(whole, float):
        yield Fault(
            (*here, "components"), "are parts of a certain per_outcome, and this one is uncertain"
        )
        return
    total = sum(benefit.components.values())
    if abs(total - whole) > 0.005:
        yield Fault(
            (*here, "components"),
            f"add to {total:,.2f}, and per_outcome is {whole:,.2f}: mend one of them",
        )


def _graded(here: tuple[str, ...], benefit: Benefit, optimism: Optimism) -> Iterator[Fault]:
    """A benefit whose correction for optimism is not stated."""
    if benefit.grade is None:
        yield Fault(
            here,
            "has no grade, and value.optimism goes by it: add grade: A (best evidence) to F",
        )
    elif optimism.table is None and benefit.grade not in optimism.stated:
        yield Fault(
            (*here, "grade"),
            f"is {benefit.grade}, and value.optimism has no share for it: add "
            f"value.optimism.{benefit.grade}",
        )


def value_warnings(contract: Contract) -> Iterator[str]:
    """Value counted on two rungs of a ladder; no price year; social value out of a budget."""
    benefits = (contract.value.benefits if contract.value else {}).items()
    for name, benefit in benefits:
        for above in _steps_before(contract, benefit.of):
            for other, lower in benefits:
                if lower.of == above:
                    yield (
                        f"benefits {name!r} and {other!r} are on rungs of one ladder: the value "
                        f"of {benefit.of!r} must be what it adds to {above!r}"
                    )
    unpriced = [n for n, b in benefits if b.prices is None and b.per_outcome != 0]
    if unpriced:
        yield (
            f"no price year is stated for the benefits {', '.join(unpriced)}: taken as prices of "
            f"the base year; older unit values are then too low"
        )
    odd = [n for n, b in benefits if b.kind == "social" and b.cashable != 0]
    if odd:
        yield (
            f"the benefits {', '.join(odd)} are social and cashable: what people gain cannot be "
            f"taken out of a budget; a saving is of kind fiscal"
        )


def _steps_before(contract: Contract, outcome: str) -> list[str]:
    """Every step that must or may come before an outcome."""
    found: dict[str, None] = {}
    todo = list(contract.outcomes[outcome].steps)
    while todo:
        step = todo.pop(0)
        if step not in found:
            found[step] = None
            todo += contract.outcomes[step].steps
    return list(found)
