"""A contract rearranged for a comparison: sections made anew or gone, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from sibmodel.contract.assumptions import Assumption, Correlation
from sibmodel.contract.contract import Contract
from sibmodel.contract.correlations import is_uncertain, uncertain_names
from sibmodel.contract.delivery import RATED, Cost
from sibmodel.simulation import simulate

Changes = Mapping[str, Any]
Data = dict[str, Any]

NOTHING: Data = {"nothing": {"due": [0], "amount": 0.0}}
"""Rules of a contract under which nothing is paid."""

NO_COSTS: Data = {"costs": {"nothing": {"amount": 0.0}}}
"""Delivery that is known to cost nothing; left out, its cost would be unknown."""

FINANCE = "finance"


def shared_number(number: Any, name: str, assumptions: Data) -> tuple[Any, list[str]]:
    """A number that two fields can share, and the names it is drawn under; adds assumptions."""
    if isinstance(number, str):
        return number, [number]
    if not isinstance(number, Mapping):
        return number, []
    if "by_group" not in number:
        if not is_uncertain(Assumption.model_validate(number)):
            return number, []
        while name in assumptions:
            name += "_"
        assumptions[name] = number
        return name, [name]
    groups, drawn = {}, []
    for group, one in number["by_group"].items():
        groups[group], names = shared_number(one, f"{name}_{group.replace('/', '_')}", assumptions)
        drawn += names
    return {**number, "by_group": groups}, list(dict.fromkeys(drawn))


def rearranged(
    contract: Contract,
    made: Changes,
    gone: Iterable[str],
    changes: Changes | None,
    name: str,
    drawn: Mapping[str, list[str]] | None = None,
    together: Iterable[Data] = (),
) -> Contract:
    """A contract with sections made anew or gone, the correlations that are left, and changes."""
    said = contract.model_fields_set
    out: Data = {section: None for section in gone if section in said}
    if contract.correlations:
        out["correlations"] = None
    bare = contract.replace({**made, **out}, name=name)
    left = [*_correlations_left(contract, bare, drawn or {}), *together]
    new = bare.replace({"correlations": left}) if left else bare
    return new.replace(changes) if changes else new


def _correlations_left(
    contract: Contract, new: Contract, drawn: Mapping[str, list[str]]
) -> list[Data]:
    """Correlations of numbers that are still uncertain, each pair of draws once."""
    known = uncertain_names(new)
    found: list[Data] = []
    seen: set[frozenset[str]] = set()
    for clause in contract.correlations:
        names = {one: drawn.get(one, [one]) for one in clause.between}
        if not drawn and all(one in known for one in clause.between):
            found.append(_said(clause, clause.between))
            continue
        for one, other in combinations(clause.between, 2):
            for a in names[one]:
                for b in names[other]:
                    if a not in known or b not in known:
                        continue
                    pair = frozenset({known[a], known[b]})
                    if len(pair) == 2 and pair not in seen:
                        seen.add(pair)
                        found.append(_said(clause, (a, b)))
    return found


def _said(clause: Correlation, between: Iterable[str]) -> Data:
    data: Data = clause.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {**data, "between": list(between)}


# --- costs and payers -----------------------------------------------------------------------------


def of_finance(costs: Mapping[str, Cost]) -> set[str]:
    """Costs that are for finance, follow capital, or are a share of such a cost."""
    found = {n for n, cost in costs.items() if cost.purpose == FINANCE or cost.of in RATED}
    while more := {n for n, cost in costs.items() if cost.of in found} - found:
        found |= more
    return found


def without_finance(contract: Contract) -> Data:
    """The delivery costs as said, but for those of finance."""
    if contract.delivery is None:
        return {}
    gone = of_finance(contract.delivery.costs)
    said: Data = contract.to_dict()["delivery"]["costs"]
    return {name: cost for name, cost in said.items() if name not in gone}


def service_costs(contract: Contract) -> Data:
    """The same, with costs that are a share of payments at what they come to in the base case."""
    found = without_finance(contract)
    for name, cost in found.items():
        if cost.get("of") != "payments":
            continue
        alone = {key: part for key, part in cost.items() if key not in ("tax", "to")}
        only = {"costs": {name: alone}}
        paid = rearranged(contract, {"delivery": only}, ("capital",), None, contract.name)
        amounts = {period: due for period, due in enumerate(base_case_costs(paid)) if due}
        kept = {key: cost[key] for key in ("to", "purpose", "tax", "source", "note") if key in cost}
        found[name] = {**kept, **({"amounts": amounts} if amounts else {"amount": 0.0})}
    return found


def base_case_costs(contract: Contract) -> list[float]:
    """Delivery costs due by period, without uncertainty, shared luck and chance."""
    base = simulate(
        contract, 1, uncertainty=False, shared_luck=False, chance=False, measures=["delivery_costs"]
    )
    assert base.ledger is not None
    return [float(cost) for cost in base.ledger["costs"].isel(run=0)]


def payers_of_a_sum(contract: Contract) -> Data:
    """Who pays which share of a sum that no rule, group or date goes with; without limits."""
    payers = contract.payments.payers
    own_by_rule = any(rule.payers for rule in contract.payments.rules.values())
    shares = {name: payer.share for name, payer in payers.items()}
    if not own_by_rule and all(isinstance(share, float | str) for share in shares.values()):
        named = [s for s in shares.values() if isinstance(s, str) and s != "rest"]
        if not named:
            return shares
    asked = [f"outcome_payments[{name}]" for name in payers]
    base = simulate(
        contract,
        1,
        uncertainty=False,
        shared_luck=False,
        chance=False,
        keep="measures",
        measures=asked,
    )
    paid = {name: max(base.base_case(f"outcome_payments[{name}]"), 0.0) for name in payers}
    total = sum(paid.values())
    first = next(iter(payers))
    return {
        name: "rest" if name == first else (amount / total if total else 0.0)
        for name, amount in paid.items()
    }


# --- money ----------------------------------------------------------------------------------------


def nominal(contract: Contract) -> Contract:
    """The contract with present values that are plain sums of nominal money; benefits go."""
    year = "2000-01" if contract.prices is None else contract.prices.base
    made = {
        "prices": {"base": year, "inflation": 0.0},
        "value": {"discount": {"rate": 0.0}},
    }
    return rearranged(contract, made, (), None, contract.name)
