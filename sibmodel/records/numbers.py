"""What the numbers of a rule are read against: groups, the start, the claim's own number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Rule
from sibmodel.contract.performance import AgainstByDate, Comparison
from sibmodel.contract.tables import Table
from sibmodel.contract.timeline import Timeline
from sibmodel.records.facts import Measured


def numbers_of(contract: Contract, rule: Rule) -> dict[str, Any]:
    """The numbers that turn a claim of a rule into money, by the name a reader gives them."""
    found: dict[str, Any] = {
        rule.worth: rule.price if rule.price is not None else rule.amount,
        "deadweight": rule.deadweight,
    }
    found |= {f"factor {name}": number for name, number in rule.factors.items()}
    if rule.price is not None:
        found |= {f"factor {name}": number for name, number in contract.payments.factors.items()}
    for name, payer in (rule.payers or contract.payments.payers).items():
        found[f"share of {name}"] = payer.share
    return found


def inside(number: Any) -> Iterator[Any]:
    """A number and every number in it."""
    yield number
    parts: Iterable[Any] = ()
    if isinstance(number, ByGroup):
        parts = number.by_group.values()
    elif isinstance(number, Table):
        parts = (part for _, part in number.parts())
    for part in parts:
        yield from inside(part)


def differs_by_group(number: Any) -> bool:
    """Whether a number is another in other groups."""
    return any(isinstance(one, ByGroup) for one in inside(number))


def reads_start(number: Any) -> bool:
    """Whether a number goes by the date the person started."""
    return any(isinstance(one, Table) and one.by == "start" for one in inside(number))


def reads_own_number(number: Any) -> bool:
    """Whether a number is read off the claim's own number."""
    return any(
        isinstance(one, Table) and one.form == "figure" and one.by is None for one in inside(number)
    )


def yardstick(against: Any, day: dt.date, timeline: Timeline) -> Any:
    """The counterfactual agreed for a day: the latest row begun; None before the first."""
    if not isinstance(against, AgainstByDate):
        return against
    begun = [key for key in against.begins if timeline.day(key) <= day]
    return against.begins[max(begun, key=timeline.day)] if begun else None


DIFFERENCES = ("before", "comparison", "comparison_before")
"""Columns from which difference in differences computes the counterfactual."""


def compared(agreed: Comparison) -> tuple[str, ...]:
    """The columns that say what a figure is compared with."""
    return ("counterfactual",) if agreed.difference_in_differences is None else DIFFERENCES


def recorded_counterfactual(fact: Measured, agreed: Any) -> float | None:
    """The counterfactual per person that a row records, by the design agreed.

    Difference in differences: before + (comparison − comparison_before), or before × comparison ÷
    comparison_before by ratio. None where the contract agrees a number, or the row lacks a column.

    Examples
    --------
    >>> after = Measured(1, "calls", 0, dt.date(2027, 4, 1), None, None, before=0.84,
    ...                  comparison=0.84, comparison_before=0.75)
    >>> additive = Comparison(difference_in_differences="additive")
    >>> round(recorded_counterfactual(after, additive), 4)
    0.93
    """
    if not isinstance(agreed, Comparison):
        return None
    if agreed.difference_in_differences is None:
        return fact.counterfactual
    if fact.before is None or fact.comparison is None or fact.comparison_before is None:
        return None
    if agreed.difference_in_differences == "additive":
        return fact.before + (fact.comparison - fact.comparison_before)
    if fact.comparison_before == 0:
        return None
    return fact.before * fact.comparison / fact.comparison_before
