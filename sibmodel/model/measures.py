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
from sibmodel.model.payment_measures import payment_measures, performance_measures
from sibmodel.model.stages import Stages
from sibmodel.model.value import (
    COLUMNS,
    anyway_missing,
    real_weights,
    undefined_benefits,
)


def _count(kind: str, outcome: str) -> Values:
    return lambda stages: stages.totals[kind][outcome]


def _everybody(stages: Stages) -> Floats:
    total = sum((total_of(people) for people in stages.starts.values()), np.zeros(1))
    return np.broadcast_to(total, stages.runs)


def _present_value(parties: list[str], columns: tuple[str, ...], sign: int = 1) -> Values:
    def value(stages: Stages) -> Floats:
        total = np.zeros(stages.runs)
        for party in parties:
            for column in columns:
                total += sign * stages.incidence[party][column]
        return total

    return value


def _cashable(gained: list[str], lost: list[str]) -> Values:
    def value(stages: Stages) -> Floats:
        total = np.zeros(stages.runs)
        for name in gained:
            total += stages.cashable[name]
        for name in lost:
            total -= stages.cashable[name]
        return total

    return value


def _worth(benefits: list[str]) -> Values:
    return lambda stages: sum((stages.benefits[n] for n in benefits), np.zeros(stages.runs))


def measures(contract: Contract) -> tuple[Measure, ...]:
    """Every measure of a contract, those that are undefined for it with their reason."""
    return (
        *payment_measures(contract),
        *performance_measures(contract),
        *_outcomes(contract),
        *_delivery(contract),
        *capital_measures(contract),
        *_value(contract),
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
    yield Measure(
        "cost_to_payers",
        "money",
        "down",
        "Outcome payments and the payers' own running costs, nominal",
        lambda s: (
            total_of(s.payments)
            + sum(
                (np.broadcast_to(total_of(c), s.runs) for c in s.running.values()), np.zeros(s.runs)
            )
        ),
    )
    about = "All payments and running costs" if running else "All payments"
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


def _value(contract: Contract) -> Iterator[Measure]:
    """Present values of benefits and costs, their difference and ratio, for each perspective."""
    weights = real_weights(contract)
    no_value = weights if isinstance(weights, str) else None
    missing = undefined_benefits(contract)
    stated = contract.value.benefits if contract.value else {}
    parties = [*contract.party_names, *(["account"] if contract.capital else [])]
    public = [party for party in parties if contract.is_public(party)]
    perspectives = {
        **{party: [party] for party in parties},
        "public": public,
        "society": parties,
    }
    touched = {
        party: reason
        for benefit, reason in missing.items()
        for party in (stated[benefit].to, stated[benefit].taken_from)
        if party is not None
    }
    for name, members in perspectives.items():
        no_money = no_value or ("no party is public" if not members else None)
        no_worth = no_money or next((touched[m] for m in members if m in touched), None)
        no_costs = no_money
        if name == "society" and contract.delivery is None:
            no_costs = no_money or "no delivery costs are stated"
        reason = no_worth or no_costs
        about = {"society": "society (all parties)", "public": "all public parties"}.get(name, name)
        yield Measure(
            f"net_present_value[{name}]",
            "real money",
            "up",
            f"Net present value to {about}",
            _present_value(members, COLUMNS),
            undefined=reason,
        )
        if name not in (*contract.payer_names, "public", "society"):
            continue
        yield Measure(
            f"benefits_present_value[{name}]",
            "real money",
            "up",
            f"Present value of benefits to {about}, less what it loses by them",
            _present_value(members, ("benefits", "transfers")),
            undefined=no_worth,
        )
        if name != "society":
            yield Measure(
                f"cashable_benefits_present_value[{name}]",
                "real money",
                "up",
                f"The part of benefits to {about} that can be taken out of a budget",
                _cashable(
                    [n for n, b in stated.items() if b.to in members],
                    [n for n, b in stated.items() if b.taken_from in members],
                ),
                undefined=no_worth,
            )
        # what a perspective receives is taken off its costs, so that value is benefits less costs
        spent = ("costs",) if name == "society" else ("payments", "costs", "return")
        yield Measure(
            f"costs_present_value[{name}]",
            "real money",
            "down",
            "Present value of real resources used"
            if name == "society"
            else f"Present value of payments, costs and capital of {about}, less what it receives",
            _present_value(members, spent, sign=-1),
            undefined=no_costs,
        )
        yield Measure(
            f"benefit_cost_ratio[{name}]",
            "ratio",
            "up",
            f"Benefits for each unit of cost to {about}",
            expected="ratio",
            over=f"benefits_present_value[{name}]",
            under=f"costs_present_value[{name}]",
            nobody="there is no cost",
            undefined=reason,
        )
    for kind in ("fiscal", "economic", "social", None):
        names = [n for n, b in stated.items() if b.kind == kind]
        if names:
            yield Measure(
                f"benefits_by_kind[{kind or 'not stated'}]",
                "real money",
                "up",
                f"Present value of benefits of kind {kind or 'not stated'}, gross of transfers",
                _worth(names),
                undefined=no_value or next((missing[n] for n in names if n in missing), None),
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
