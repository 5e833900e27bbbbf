"""What limits allow, read from the clauses alone: period by period, for tests of what is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sibmodel import Contract
from sibmodel.contract.payments import ShareOf, SizesByDate
from sibmodel.model.chance import Floats

Sizes = list[Any]
"""How much a limit allows in each period, of one run or of many; infinite where nothing."""


def sizes(contract: Contract, stated: Any, what: str, accepted: Mapping[str, Floats]) -> Sizes:
    """``amount`` or ``number`` that a limit allows, by period.

    ``accepted`` is what was accepted so far, (period,) or (period, run), by name.
    """
    timeline = contract.timeline
    found: Sizes = []
    for t in range(timeline.periods):
        size = stated
        if isinstance(stated, SizesByDate):
            begun = [key for key in stated.begins if timeline.period_of(key) <= t]
            size = stated.begins[max(begun, key=timeline.period_of)]
        allowed = getattr(size, what)
        if isinstance(allowed, ShareOf):
            allowed = allowed.share * sum(accepted[name][t] for name in allowed.of)
        found.append(np.inf if allowed is None else allowed)
    return found


def limits_of(contract: Contract) -> Iterator[tuple[str, list[str], str, Any]]:
    """Every limit beyond those of payers: its name, the rules it covers, its scope and size."""
    payments = contract.payments
    everything = [*payments.rules]
    stated: list[tuple[str, list[str], Any]] = [("contract", everything, payments.limits)]
    stated += [(name, [name], rule.limits) for name, rule in payments.rules.items()]
    stated += [(name, [*limit.of], limit) for name, limit in payments.limits.named.items()]
    for name, rules, limits in stated:
        for scope in ("person", "cohort", "period", "year", "total", "contract"):
            size = getattr(limits, scope, None)
            if size is not None:
                yield name, rules, scope, size


def check(
    flow: Sequence[Any], allowed: Sizes, scope: str, per_year: int, told: object, slack: float
) -> None:
    """No flow (by period) passes what is allowed; what is paid back gives room, never more."""
    lasts = {"period": 1, "year": per_year}.get(scope, len(flow))
    used: Any = 0.0
    for t, amount in enumerate(flow):
        before = 0.0 if t % lasts == 0 else used
        used = np.maximum(before + amount, 0.0)
        assert np.all(used <= np.maximum(allowed[t], before) * (1 + 1e-9) + slack), (told, scope, t)
