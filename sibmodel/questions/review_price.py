"""The corner of price, and the plain questions of feasibility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sibmodel.contract.delivery import Cost
from sibmodel.questions.four_es import anyway_at_one
from sibmodel.questions.review_figures import (
    EITHER_WAY,
    Effect,
    lasts_until,
    scaled,
    tracked_part,
    years_looked_at,
)
from sibmodel.questions.review_reader import (
    OPEN,
    WORTH,
    Finding,
    Reader,
    Stated,
    in_years,
    lacking,
    status_of,
)
from sibmodel.results import show

FEW = 0.7
"""Share of planned starts that is tried where nothing is said of referrals."""
UNSHARED = 0.5
"""Attribution that is tried where none is stated."""


# --- price ----------------------------------------------------------------------------------------


def benefit(reader: Reader) -> Finding:
    """What would happen anyway, what an outcome is worth, and how sure that is."""
    contract = reader.contract
    numbers = {name: contract.outcomes[name].anyway for name in reader.told}
    paths = [f"outcomes.{name}.anyway" for name in reader.told]
    found = list(reader.states(*paths))
    silent = [name for name, number in numbers.items() if number is None]
    unsourced = [name for name in reader.told if reader.unsourced(f"outcomes.{name}.anyway")]
    certain = [
        name
        for name, number in numbers.items()
        if name not in silent and name not in unsourced and not reader.uncertain(number)
    ]
    doubts = reader.doubts(paths, "what would happen anyway")
    if certain:
        doubts.append(f"what would happen anyway is stated without uncertainty: "
                      f"{', '.join(certain)}")  # fmt: skip
    benefits = contract.value.benefits if contract.value is not None else {}
    worth = [f"value.benefits.{name}.per_outcome" for name in benefits]
    valued = list(reader.states(*worth))
    doubts += reader.doubts(worth, "what it is worth")
    undated = [name for name, clause in benefits.items() if clause.prices is None]
    if undated:
        doubts.append(f"no price year (prices): {', '.join(undated)}")
    missing = lacking("outcomes", silent, "what would happen anyway", "anyway")
    if not benefits:
        missing.append("no benefit is valued (value.benefits): what a price is worth is not known")
    effects, why = _deadweight(reader, [*silent, *unsourced], certain)
    return Finding(
        "benefit",
        "price",
        "Is the benefit estimated robustly, against what would happen anyway?",
        status_of(found, missing, doubts),
        (*found, *valued),
        (*missing, *doubts),
        effects,
        why=why,
    )


def _deadweight(
    reader: Reader, unsure: Sequence[str], certain: Sequence[str]
) -> tuple[tuple[Effect, ...], str]:
    """Figures from nothing anyway to everything; with a source, a quarter either way."""
    outcomes = reader.contract.outcomes
    # what nobody values moves no figure
    unsure = [name for name in unsure if name in reader.main]
    certain = [name for name in certain if name in reader.main]
    ends: dict[str, dict[str, Any]] = {}
    if unsure:
        # of a comparison with other people, and where fewer are better, 0 anyway is no end
        higher = [name for name in unsure if outcomes[name].better == "higher"]
        plain = [name for name in higher if outcomes[name].against is None]
        if plain:
            ends["if none would have"] = {f"outcomes.{name}.anyway": 0 for name in plain}
        # with attribution 0 nothing is additional, however what happens is drawn
        none = {f"outcomes.{name}.attribution": 0 for name in unsure}
        none |= {f"outcomes.{n}.anyway": 0 for n in unsure if outcomes[n].anyway is None}
        ends["if all would have"] = none
        why = f"What would have happened anyway, of {', '.join(unsure)}, from none to all of it."
        return reader.trials.effects(ends, reader.measures), why
    if certain:
        for words, factor in (
            ("a quarter less", 1 - EITHER_WAY),
            ("a quarter more", 1 + EITHER_WAY),
        ):
            ends[f"with {words}"] = {
                f"outcomes.{name}.anyway": scaled(
                    reader.contract,
                    outcomes[name].anyway,
                    factor,
                    1.0 if outcomes[name].unit is None else math.inf,
                )
                for name in certain
            }
        why = f"What would have happened anyway, of {', '.join(certain)}, a quarter either way."
        return reader.trials.effects(ends, reader.measures), why
    return (), ""


def cause(reader: Reader) -> Finding:
    """Which share is the service's doing, and whether a comparison is agreed."""
    outcomes, told = reader.contract.outcomes, reader.told
    paths = {name: f"outcomes.{name}.attribution" for name in told}
    found = list(reader.states(*paths.values()))
    silent = [name for name in told if not reader.states(paths[name])]
    compared = [name for name in told if outcomes[name].against is not None]
    for name in compared:
        path = f"outcomes.{name}.against"
        found += reader.states(path) or [reader.at(path, "a comparison is agreed")]
    alone = [name for name in told if name not in compared]
    what = "which share is the service’s doing, so all beyond what happens anyway is counted"
    missing = lacking("outcomes", silent, what, "attribution")
    doubts = reader.doubts(paths.values(), "attribution")
    asked = [f"no comparison is agreed (against): {', '.join(alone)}"] if alone else []
    tried = [name for name in silent if name in reader.main]
    effects: tuple[Effect, ...] = ()
    if tried:
        half = {paths[name]: UNSHARED for name in tried}
        effects = reader.trials.effects({"if half is the service’s doing": half}, reader.measures)
    return Finding(
        "cause",
        "price",
        "How sure is it that the outcomes are caused by the service?",
        status_of(found, missing, doubts),
        tuple(found),
        (*missing, *doubts, *asked),
        effects,
        why=f"Attribution of {', '.join(tried)}.",
    )


def long(reader: Reader) -> Finding:
    """Whether anybody looks for as long as value is counted, and how much falls after."""
    contract = reader.contract
    question = "Are people followed for as long as the benefit is said to last?"
    benefits = contract.value.benefits if contract.value is not None else {}
    if not benefits:
        return Finding("long", "price", question, OPEN, (), ("no benefit is valued",))
    found: list[Stated] = []
    missing: list[str] = []
    remarks: list[str] = []
    changes: dict[str, Any] = {}
    for name, clause in benefits.items():
        path, of = f"value.benefits.{name}", clause.of
        found += reader.states(f"{path}.lag", f"{path}.years", f"{path}.profile",
                               f"outcomes.{of}.tracked")  # fmt: skip
        part, looked = tracked_part(contract, name), years_looked_at(contract, of)
        if part is not None:
            changes |= part
            when = f"for {in_years(looked)}" if looked > 0 else "once, when it happens"
            missing.append(
                f"{path} is counted for {in_years(lasts_until(clause))} after {of}; people are "
                f"looked at {when}"
            )
    effects: tuple[Effect, ...] = ()
    if changes:
        # a year counts if it begins while anybody looks
        whole = "benefits_present_value[society]"
        found_figures = reader.trials.effects(
            {"with the years looked at alone": changes}, (whole, *WORTH)
        )
        effects = tuple(one for one in found_figures if one.measure != whole)
        for one in found_figures:
            if one.measure == whole and one.stated > 0:
                share = 1 - one.ends[0][1] / one.stated
                remarks.append(f"{share:.0%} of the value falls after anybody last looks.")
    return Finding(
        "long",
        "price",
        question,
        status_of(benefits if len(missing) < len(benefits) else [], missing),
        tuple(found),
        tuple(missing),
        effects,
        tuple(remarks),
    )


# --- feasibility ----------------------------------------------------------------------------------


def size(reader: Reader) -> Finding:
    """What arranging the contract costs, and from how many people on it is worth that."""
    contract, results = reader.contract, reader.results
    costs = contract.delivery.costs if contract.delivery is not None else {}
    fixed = [name for name, cost in costs.items() if _set_up(cost)]
    states = reader.states(*(f"delivery.costs.{name}" for name in fixed))
    missing: list[str] = []
    remarks: list[str] = []
    if not costs:
        missing.append("no delivery costs are stated")
    elif not fixed:
        missing.append("no cost is one of setting up (purpose: set_up, bid, evaluation)")
    if not contract.payments.running_costs:
        missing.append(
            "what it costs the payer to prepare, run and evaluate the contract is not stated "
            "(payments.running_costs)"
        )
    if fixed:
        nothing = {f"delivery.costs.{name}": {"amount": 0} for name in fixed}
        without = reader.trials.tried(nothing, ("delivery_costs", WORTH[0]))
        whole, people = results.expected("delivery_costs"), results.expected("people_started")
        sunk = whole - without.expected("delivery_costs")
        remarks.append(
            f"{', '.join(fixed)}: {show(sunk, contract.currency)}, {sunk / whole:.0%} of delivery "
            f"costs, {show(sunk / people, contract.currency)} for each who starts."
        )
        net, now = without.expected(WORTH[0]), results.expected(WORTH[0])
        if math.isnan(net):
            remarks.append(f"The smallest number worth it is undefined: "
                           f"{results.reason(WORTH[0])}.")  # fmt: skip
        elif net <= 0:
            remarks.append("Before these costs society does not gain: no number of people makes "
                           "them worth while.")  # fmt: skip
        else:
            smallest = math.ceil(people * (net - now) / net - 1e-9)
            remarks.append(f"Society gains more than that from {smallest:,} people on, if costs "
                           f"and effects stay what they are for each.")  # fmt: skip
    return Finding(
        "size",
        "feasibility",
        "Is it large enough for what it costs to set up?",
        status_of(states, missing),
        states,
        tuple(missing),
        remarks=tuple(remarks),
    )


def _set_up(cost: Cost) -> bool:
    """Whether a cost is one of arranging the contract: by its purpose, else by being one sum."""
    if cost.purpose is not None:
        return cost.purpose not in ("delivery", "finance")
    growing = (cost.per_period, cost.per_start, cost.share, cost.rate)
    return not any(part is not None for part in growing) and not cost.per_outcome


def defined(reader: Reader) -> Finding:
    """How many are planned, in which groups, and how many turn up."""
    cohorts = reader.contract.cohorts
    fields = ("people", "groups", "intake", "referrals")
    found = reader.states(*(f"cohorts.{name}.{field}" for name in cohorts for field in fields))
    paths = {name: f"cohorts.{name}.referrals" for name in cohorts}
    silent = [name for name in cohorts if not reader.states(paths[name])]
    missing = lacking("cohorts", silent, "how many planned starts turn up", "referrals")
    doubts = reader.doubts(paths.values(), "how many turn up")
    alike = [name for name, cohort in cohorts.items() if cohort.groups is None]
    asked = [f"no groups are told apart (groups): {', '.join(alike)}"] if alike else []
    effects: tuple[Effect, ...] = ()
    if silent:
        effects = reader.trials.effects(
            {"if seven in ten turn up": {paths[name]: FEW for name in silent}},
            ("people_started", "outcome_payments", WORTH[0], "investor_loses"),
        )
    return Finding(
        "defined",
        "feasibility",
        "Is the cohort defined, and will it come?",
        status_of(found, missing, doubts),
        found,
        (*missing, *doubts, *asked),
        effects,
        why=f"Referrals to {', '.join(silent)}.",
    )


def anyway(reader: Reader) -> Finding:
    """How much of what is achieved would have been, and how much makes the contract worthless."""
    contract, results = reader.contract, reader.results
    paths = [f"outcomes.{name}.anyway" for name in reader.told]
    found, doubts = reader.states(*paths), reader.doubts(paths, "what would happen anyway")
    unknown: dict[str, None] = {}
    remarks: list[str] = []
    for name in reader.told:
        achieved = results.expected(f"outcomes_achieved[{name}]")
        expected = results.expected(f"outcomes_anyway[{name}]")
        if math.isnan(expected):
            why = results.reason(f"outcomes_anyway[{name}]")
            unknown[why.replace("anyway not stated for ", "")] = None
        elif contract.outcomes[name].better == "lower":
            remarks.append(f"{expected:,.0f} {name} without the service, {achieved:,.0f} with it.")
        elif achieved > 0:
            share = f"{100 * expected / achieved:.0f}"
            remarks.append(f"Of every 100 {name}, {share} would have happened anyway.")
    missing = [f"anyway not stated for {', '.join(unknown)}"] if unknown else []
    for whose in ("society", "public"):
        ratio = results.expected(f"benefit_cost_ratio[{whose}]")
        if not math.isnan(ratio):
            text = anyway_at_one(results, whose)
            remarks.append(f"Benefit-cost ratio, {whose}: {ratio:.2f}{text and f'; {text}'}.")
    return Finding(
        "anyway",
        "feasibility",
        "Would it have happened anyway?",
        status_of(found, missing, doubts),
        found,
        (*missing, *doubts),
        remarks=tuple(remarks),
    )
