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
from sibmodel.contract.faults import Fault
from sibmodel.contract.names import an
from sibmodel.contract.number_checks import groups_of, number_faults, support
from sibmodel.contract.outcome_checks import outcome_faults
from sibmodel.contract.payer_checks import payer_faults
from sibmodel.contract.payment_checks import payment_faults
from sibmodel.contract.payment_warnings import payment_warnings
from sibmodel.contract.performance_checks import performance_faults
from sibmodel.contract.table_checks import table_faults, tables
from sibmodel.contract.time_checks import time_faults
from sibmodel.contract.value_checks import value_faults, value_warnings

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
        *value_faults(contract),
        *correlation_faults(contract),
    ]


def warnings(contract: Contract) -> list[str]:
    """What is allowed but a reviewer would ask about."""
    found = []
    if not any(contract.is_public(payer) for payer in contract.payer_names):
        found.append("no payer is public: say parties: {name: {public: true}} if one is")
    found += value_warnings(contract)
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
    found += capital_warnings(contract)
    return [*found, *payment_warnings(contract)]


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
