"""The same contract said otherwise: in another order, in another unit of currency."""

from __future__ import annotations

import copy
import random
from typing import Any

from generate_numbers import Data


def shuffled(data: Any, order: random.Random) -> Any:
    """The same clauses in another order."""
    if isinstance(data, dict):
        keys = list(data)
        order.shuffle(keys)
        return {key: shuffled(data[key], order) for key in keys}
    return data


def scaled(data: Data, by: float) -> Data:
    """A contract in another unit of currency."""
    data = copy.deepcopy(data)
    payments = data["payments"]
    for rule in payments["rules"].values():
        for field in {"price", "amount"} & {*rule}:
            rule[field] = times(rule[field], by)
    limited = [payments, *payments["rules"].values(), *payments["payers"].values()]
    for clause in limited:
        if isinstance(clause, dict) and "limits" in clause:
            clause["limits"] = larger(clause["limits"], by)
    payments["floors"] = larger(payments.get("floors", {}), by)
    costs = [payments.get("running_costs", {}), data.get("delivery", {}).get("costs", {})]
    for cost in (cost for some in costs for cost in some.values()):
        for field in {"amount", "amounts", "per_period", "per_start", "per_outcome"} & {*cost}:
            cost[field] = times(cost[field], by)
    for tranche in data.get("capital", {}).get("tranches", {}).values():
        tranche["commitment"] *= by
    for benefit in data.get("value", {}).get("benefits", {}).values():
        benefit["per_outcome"] = times(benefit["per_outcome"], by)
    return data


def times(number: Any, by: float) -> Any:
    """A number that is money, certain or not, or a table of such numbers."""
    if isinstance(number, dict):
        return {key: value if key in ("by", "independent") else times(value, by)
                for key, value in number.items()}  # fmt: skip
    if isinstance(number, list):
        return [times(one, by) for one in number]
    return number * by


def larger(limits: Data, by: float) -> Data:
    """Limits and floors, but for those on number, and the rules that named ones cover."""
    return {
        key: size if key in ("number", "of") else larger(size, by) if isinstance(size, dict)
        else size * by
        for key, size in limits.items()
    }  # fmt: skip
