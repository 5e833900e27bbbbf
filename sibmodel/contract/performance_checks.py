"""Checks of performances: what they read, against what, and in which order."""

from __future__ import annotations

from collections.abc import Iterator

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, unknown
from sibmodel.contract.outcome_checks import circles
from sibmodel.contract.performance import AGAINST_SOMETHING, Performance


def performance_faults(contract: Contract) -> Iterator[Fault]:
    """What is wrong with performances, and between them."""
    for name, clause in contract.performance.items():
        if clause.of is not None:
            yield from _read_of(contract, name, clause)
        for part, weight in (clause.weights or {}).items():
            path = ("performance", name, "weights", part)
            if part not in contract.performance:
                yield unknown(path, "performance", part, contract.performance)
            if isinstance(weight, str) and weight not in contract.performance:
                yield unknown(path, "performance", weight, contract.performance)
    parts = {
        name: [*(clause.weights or {}), *_shares(clause)]
        for name, clause in contract.performance.items()
    }
    for circle in circles(parts):
        told = " is weighed from ".join([*circle, circle[0]])
        yield Fault(("performance", circle[0], "weights"), f"they go in a circle: {told}")


def _shares(clause: Performance) -> list[str]:
    return [weight for weight in (clause.weights or {}).values() if isinstance(weight, str)]


def _read_of(contract: Contract, name: str, clause: Performance) -> Iterator[Fault]:
    path = ("performance", name)
    assert clause.of is not None
    if clause.of not in contract.outcomes:
        yield unknown((*path, "of"), "outcome", clause.of, contract.outcomes)
        return
    against = contract.outcomes[clause.of].against
    if clause.read_as in AGAINST_SOMETHING and against is None:
        yield Fault(
            (*path, "as"),
            f"{clause.read_as} compares, and there is nothing to compare with: add "
            f"'outcomes.{clause.of}.against', an agreed rate or {{control: matched}}",
        )
    if clause.read_as == "relative" and against == 0.0:
        yield Fault(
            (*path, "as"),
            f"nothing can be relative to outcomes.{clause.of}.against, which is 0: read it as "
            f"additional",
        )
