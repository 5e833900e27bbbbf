"""Checks across clauses: names that refer to nothing, shares that do not add, too little time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.capital_checks import capital_faults, capital_warnings
from sibmodel.contract.capital_tables import performances_read
from sibmodel.contract.contract import Contract
from sibmodel.contract.correlations import correlation_faults
from sibmodel.contract.cost_checks import cost_faults, delivery_costs
from sibmodel.contract.faults import Fault, path_text, unknown
from sibmodel.contract.names import an
from sibmodel.contract.number_checks import groups_of, number_faults, support
from sibmodel.contract.outcome_checks import outcome_faults
from sibmodel.contract.payer_checks import payer_faults
from sibmodel.contract.payment_checks import payment_faults
from sibmodel.contract.payment_warnings import payment_warnings
from sibmodel.contract.performance_checks import performance_faults
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.table_checks import table_faults, tables
from sibmodel.contract.time_checks import time_faults
from sibmodel.contract.value import Discount

__all__ = ["faults", "groups_of", "support", "warnings"]


def faults(contract: Contract) -> list[Fault]:
    """Everything that is wrong across the clauses of a contract whose shape is right."""
    return [
        *_names(contract),
        *outcome_faults(contract),
        *performance_faults(contract),
        *cost_faults(contract),
        *number_faults(contract),
        *table_faults(contract),
        *time_faults(contract),
        *payment_faults(contract),
        *payer_faults(contract),
        *capital_faults(contract),
        *_value(contract),
        *correlation_faults(contract),
    ]


def warnings(contract: Contract) -> list[str]:
    """What is allowed but a reviewer would ask about."""
    found = []
    if not any(contract.is_public(payer) for payer in contract.payer_names):
        found.append("no payer is public: say parties: {name: {public: true}} if one is")
    benefits = (contract.value.benefits if contract.value else {}).items()
    for name, benefit in benefits:
        for above in _steps_before(contract, benefit.of):
            for other, lower in benefits:
                if lower.of == above:
                    found.append(
                        f"benefits {name!r} and {other!r} are on rungs of one ladder: the value "
                        f"of {benefit.of!r} must be what it adds to {above!r}"
                    )
    silent = [n for n, o in contract.outcomes.items() if o.rate is not None and o.anyway is None]
    if silent:
        found.append(
            f"anyway is not stated for {', '.join(silent)}: additional outcomes, and value that "
            f"uses them, are undefined; whoever means none writes 0"
        )
    used = {at.number for at in contract.numbers() if isinstance(at.number, str)}
    for at in contract.numbers():
        if isinstance(at.number, ByGroup):
            used |= {one for one in at.number.by_group.values() if isinstance(one, str)}
    unused = sorted(set(contract.assumptions) - used)
    if unused:
        found.append(f"assumptions that nothing uses: {', '.join(unused)}")
    idle = sorted(set(contract.performance) - _performances_used(contract))
    if idle:
        found.append(f"performances that nothing uses: {', '.join(idle)}")
    unpriced = [n for n, b in benefits if b.prices is None and b.per_outcome != 0]
    if unpriced:
        found.append(
            f"no price year is stated for the benefits {', '.join(unpriced)}: taken as prices of "
            f"the base year; older unit values are then too low"
        )
    found += capital_warnings(contract)
    return [*found, *payment_warnings(contract)]


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


def _performances_used(contract: Contract) -> set[str]:
    """Performances a rule pays, tests or reads a table against, and those they are weighed from."""
    todo = {name for rule in contract.payments.rules.values() for name in (rule.pays, *rule.when)}
    todo |= {table.by for _, table in tables(contract)} | performances_read(contract)
    used: set[str] = set()
    while todo:
        name = todo.pop()
        if name is None or name in used or name not in contract.performance:
            continue
        used.add(name)
        for part, weight in (contract.performance[name].weights or {}).items():
            todo |= {part, weight} if isinstance(weight, str) else {part}
    return used


# --- names ----------------------------------------------------------------------------------------

_NO_PARTY = {
    "public": "it means several together",
    "society": "it means several together",
    "account": "it means the account that payments go into",
    "rest": "it means the share of payments that is left",
    "contract": "it is the name of a limit",
    "person": "it is the name of a limit",
}


def _names(contract: Contract) -> Iterator[Fault]:
    kinds: dict[str, tuple[str, Mapping[str, Any]]] = {
        "cohort": ("cohorts", contract.cohorts),
        "outcome": ("outcomes", contract.outcomes),
        "performance": ("performance", contract.performance),
    }
    seen: dict[str, str] = {}
    for kind, (section, clauses) in kinds.items():
        for name in clauses:
            if name in seen:
                yield Fault(
                    (section, name),
                    f"{an(kind)} and {seen[name]} share this name: rename one",
                )
            seen.setdefault(name, an(kind))
            if name == "start":
                yield Fault(
                    (section, name),
                    f"no {kind} can be called 'start': in a table, by: start is the date of the "
                    f"start",
                )
    for party, meaning in _NO_PARTY.items():
        if party in contract.party_names:
            yield Fault(_named_at(contract, party), f"no party can be called {party!r}: {meaning}")
    scopes = set(type(contract.payments.limits).model_fields)
    for reserved in sorted(scopes & set(contract.payments.rules)):
        yield Fault(
            ("payments", "rules", reserved),
            f"no rule can be called {reserved!r}: it is the name of a limit",
        )


def _named_at(contract: Contract, party: str) -> tuple[str, ...]:
    """Where a party is named: among the parties, as a payer, as who pays back, in capital."""
    if party in contract.parties:
        return ("parties", party)
    if party in contract.payments.payers:
        return ("payments", "payers", party)
    for name, rule in contract.payments.rules.items():
        if rule.paid_back_by == party:
            return ("payments", "rules", name, "paid_back_by")
    for name, cost in delivery_costs(contract).items():
        if cost.to == party:
            return ("delivery", "costs", name, "to")
    named = contract.capital.parties() if contract.capital is not None else ()
    return next((("capital", *place) for place, one in named if one == party), ())


# --- value ----------------------------------------------------------------------------------------


def _value(contract: Contract) -> Iterator[Fault]:
    if contract.value is None:
        return
    discounts: dict[tuple[str | int, ...], Discount] = {
        ("value", "discount"): contract.value.discount
    }
    for name, benefit in contract.value.benefits.items():
        here = ("value", "benefits", name)
        if benefit.of not in contract.outcomes:
            yield unknown((*here, "of"), "outcome", benefit.of, contract.outcomes)
        if benefit.discount is not None:
            discounts[*here, "discount"] = benefit.discount
        yield from _price_year(contract, here, benefit.prices)
    for path, discount in discounts.items():
        if discount.schedule is not None and discount.schedule not in SCHEDULES:
            yield unknown(path, "discount schedule", discount.schedule, SCHEDULES)


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
    elif prices.inflation is None and not {year, prices.base} <= set(prices.deflator):
        yield Fault(
            (*here, "prices"),
            f"{year} cannot be brought to {prices.base}: give {path_text(('prices', 'inflation'))} "
            f"or both years in prices.deflator",
        )
