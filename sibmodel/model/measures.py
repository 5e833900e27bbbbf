"""Measures: one function each over a block's stages, with name, unit and which way is better."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.names import an
from sibmodel.model.capital_measures import capital_measures
from sibmodel.model.chance import Floats
from sibmodel.model.measure import Measure, Values, total_of
from sibmodel.model.payment_measures import (
    limit_measures,
    payment_measures,
    performance_measures,
)
from sibmodel.model.stages import Stages
from sibmodel.model.value import anyway_missing
from sibmodel.model.value_measures import value_measures


def _count(kind: str, outcome: str) -> Values:
    return lambda stages: stages.totals[kind][outcome]


def _everybody(stages: Stages) -> Floats:
    total = sum((total_of(people) for people in stages.starts.values()), np.zeros(1))
    return np.broadcast_to(total, stages.runs)


def _cost_to_payers(stages: Stages) -> Floats:
    total = total_of(stages.payments)
    for costs in stages.running.values():
        total = total + total_of(costs)
    delivery = stages.contract.delivery
    if delivery is not None and delivery.by in stages.contract.payer_names:
        total = total + total_of(stages.costs)
    return np.broadcast_to(total, stages.runs)


def measures(contract: Contract) -> tuple[Measure, ...]:
    """Every measure of a contract, those that are undefined for it with their reason."""
    return (
        *payment_measures(contract),
        *limit_measures(contract),
        *performance_measures(contract),
        *_outcomes(contract),
        *_delivery(contract),
        *capital_measures(contract),
        *value_measures(contract),
    )


def _outcomes(contract: Contract) -> Iterator[Measure]:
    yield Measure(
        "people_started",
        "people",
        "up",
        "People who started",
        _everybody,
    )
    running = any(contract.payments.running_costs)
    in_house = contract.delivery is not None and contract.delivery.by in contract.payer_names
    own = "own running and delivery costs" if in_house else "own running costs"
    yield Measure(
        "cost_to_payers",
        "money",
        "down",
        f"Outcome payments and the payers' {own}, nominal",
        _cost_to_payers,
    )
    about = "All payments and costs" if in_house else "All payments and running costs"
    about = about if running or in_house else "All payments"
    for name, outcome in contract.outcomes.items():
        missing = anyway_missing(contract, name)
        no_anyway = f"anyway not stated for {missing}" if missing else None
        no_rate = f"rate not stated for {name}" if outcome.rate is None else None
        unit = "outcomes" if outcome.unit is None else "units"
        each = name if outcome.unit is None else f"{name} (each {an(outcome.unit)})"
        fewer = outcome.better == "lower"
        effect = "avoided by" if fewer else "that would not have happened without"
        better: Literal["up", "down"] = "down" if fewer else "up"
        no_price = f"fewer {name} are better: ask for those avoided" if fewer else None
        yield Measure(
            f"outcomes_achieved[{name}]",
            unit,
            better,
            f"{each} achieved",
            _count("achieved", name),
            undefined=no_rate,
        )
        yield Measure(
            f"outcomes_anyway[{name}]",
            unit,
            "",
            f"{each} that would have happened anyway",
            _count("anyway", name),
            undefined=no_anyway or no_rate,
        )
        yield Measure(
            f"outcomes_additional[{name}]",
            unit,
            "up",
            f"{each} {effect} the service",
            _count("additional", name),
            undefined=no_anyway or no_rate,
        )
        yield Measure(
            f"outcomes_claimed[{name}]",
            unit,
            "",
            f"{each} claimed with evidence",
            _count("claimed", name),
            undefined=no_rate,
        )
        yield Measure(
            f"cost_per_outcome[{name}]",
            "money per outcome",
            "down",
            f"{about} for each {name} achieved",
            expected="ratio",
            over="cost_to_payers",
            under=f"outcomes_achieved[{name}]",
            nobody=f"nobody achieved {name}",
            undefined=no_rate or no_price,
        )
        yield Measure(
            f"cost_per_additional_outcome[{name}]",
            "money per outcome",
            "down",
            f"{about} for each additional {name}",
            expected="ratio",
            over="cost_to_payers",
            under=f"outcomes_additional[{name}]",
            nobody=f"no additional {name}",
            undefined=no_anyway or no_rate,
        )


def _delivery(contract: Contract) -> Iterator[Measure]:
    none = None if contract.delivery else "no delivery costs are stated"
    yield Measure(
        "delivery_costs",
        "money",
        "down",
        "Delivery costs due, nominal",
        lambda s: np.broadcast_to(total_of(s.costs), s.runs),
        undefined=none,
    )


def values(stages: Stages, asked: tuple[Measure, ...]) -> dict[str, Floats]:
    """Every defined measure of a block, by name, shape (run,); NaN where undefined."""
    found: dict[str, Floats] = {}
    for measure in asked:
        if measure.undefined is not None:
            continue
        if measure.values is not None:
            found[measure.name] = measure.values(stages)
        else:
            assert measure.over is not None
            assert measure.under is not None
            under = found[measure.under]
            found[measure.name] = np.divide(
                found[measure.over], under, out=np.full(stages.runs, np.nan), where=under > 0
            )
    return found
