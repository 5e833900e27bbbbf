"""Checks of costs: names that refer to nothing, and costs that are a share of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import PROVIDER, RATED, Cost
from sibmodel.contract.faults import Fault, did_you_mean, unknown

Path = tuple[str | int, ...]

_NOT_COSTS = ("payments", *RATED)
"""What a cost may be a share of beside another cost."""


def cost_faults(contract: Contract) -> Iterator[Fault]:
    """Everything that is wrong with costs across clauses, tables left out."""
    running, costs = contract.payments.running_costs, delivery_costs(contract)
    for section, clauses in ((("delivery", "costs"), costs),
                             (("payments", "running_costs"), running)):  # fmt: skip
        for name, cost in clauses.items():
            for outcome in cost.per_outcome:
                if outcome not in contract.outcomes:
                    path: Path = (*section, name, "per_outcome")
                    yield unknown(path, "outcome", outcome, contract.outcomes)
    for payer, cost in running.items():
        if payer not in contract.payer_names:
            yield unknown(
                ("payments", "running_costs", payer), "payer", payer, contract.payer_names
            )
        if cost.of not in (None, "payments"):
            yield Fault(
                ("payments", "running_costs", payer, "of"),
                f"a payer's running cost may be a share of payments only: seen {cost.of!r}",
            )
    if contract.delivery is not None and contract.delivery.by != PROVIDER:
        by = contract.delivery.by
        if contract.capital is not None:
            yield Fault(
                ("delivery", "by"),
                f"with capital the account meets the costs, and not {by!r}: leave by out",
            )
        elif by not in contract.payer_names:
            yield unknown(("delivery", "by"), "payer", by, contract.payer_names)
    yield from _shares(contract, costs)


def delivery_costs(contract: Contract) -> dict[str, Cost]:
    """The costs of delivery, by name."""
    return dict(contract.delivery.costs) if contract.delivery else {}


def _shares(contract: Contract, costs: dict[str, Cost]) -> Iterator[Fault]:
    """What costs of delivery are a share of."""
    for name, cost in costs.items():
        path = ("delivery", "costs", name, "of")
        if name in _NOT_COSTS:
            yield Fault(
                path[:3], f"no cost can be called {name!r}: of: {name} already means something else"
            )
        if cost.of in RATED and contract.capital is None:
            what = {"commitments": "there are no commitments"}.get(cost.of, f"nothing is {cost.of}")
            yield Fault(path, f"{what}: the contract has no capital")
        elif cost.of is not None and cost.of not in (*_NOT_COSTS, *costs):
            known = [*costs, "payments", "commitments"]
            yield Fault(
                path, f"there is no cost called {cost.of!r}; {did_you_mean(cost.of, known)}"
            )
        elif cost.of in costs and cost.inflation != 0 and not _has_money(cost):
            yield Fault(
                (*path[:3], "inflation"),
                f"follows {cost.of!r}, with its prices: leave inflation out",
            )
        elif name in _followed(costs, name):
            yield Fault(path, f"{name!r} is, in the end, a share of itself")


def _has_money(cost: Cost) -> bool:
    """Whether a cost states money of its own beside a share."""
    own = (cost.amount, cost.amounts, cost.per_period, cost.per_start, cost.per_outcome)
    return any(part not in (None, {}) for part in own)


def _followed(costs: dict[str, Cost], name: str) -> list[str]:
    """The costs that a cost is a share of, one after another."""
    found: list[str] = []
    of = costs[name].of
    while of in costs and of not in found:
        found.append(of)
        of = costs[of].of
    return found
