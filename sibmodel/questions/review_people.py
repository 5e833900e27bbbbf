"""The corners of cohort and outcomes: who is served, what is to happen to them, who looks."""

from __future__ import annotations

import math
from typing import Any

from sibmodel.contract.delivery import PROVIDER
from sibmodel.questions.four_es import outcomes_told
from sibmodel.questions.review_figures import EITHER_WAY, Effect, scaled, years_looked_at
from sibmodel.questions.review_reader import (
    UNKNOWN,
    WORTH,
    Finding,
    Reader,
    Stated,
    in_years,
    lacking,
    status_of,
)

TEN = 10
"""People of a hundred, for what it would cost to choose those who would get there anyway."""


# --- cohort ---------------------------------------------------------------------------------------


def eligibility(reader: Reader) -> Finding:
    """Whether it is clear who may be served, and what choosing the likeliest would cost."""
    found, missing = reader.texts("cohorts", "eligibility", "who may be served")
    effects, why = _ten_more(reader) if missing else ((), "")
    return Finding(
        "eligibility",
        "cohort",
        "Is it clear, on objective data, who may be served?",
        status_of(found, missing),
        tuple(found),
        tuple(missing),
        effects,
        why=why,
    )


def _ten_more(reader: Reader) -> tuple[tuple[Effect, ...], str]:
    """What ten more of every hundred cost who achieve what they would have anyway."""
    results, rules = reader.results, reader.contract.payments.rules
    assert results.ledger is not None
    for outcome in outcomes_told(results):
        clause = reader.contract.outcomes[outcome]
        achieved = results.expected(f"outcomes_achieved[{outcome}]")
        mine = [name for name, rule in rules.items() if rule.pays == outcome]
        paid = sum(float(results.ledger["paid"].sel(rule=n).sum("period").mean()) for n in mine)
        if clause.unit is not None or clause.better == "lower" or not achieved > 0 or not paid > 0:
            continue
        stated = results.expected("outcome_payments")
        more = stated + paid / achieved * results.expected("people_started") * TEN / 100
        words = f"if {TEN} more of every 100 achieve {outcome} who would have anyway"
        effect = Effect(
            "outcome_payments", "Outcome payments", reader.contract.currency, stated,
            ((words, more),), "",
        )  # fmt: skip
        return (effect,), f"Before limits, at what {outcome} is paid on average."
    return (), ""


def distance(reader: Reader) -> Finding:
    """How far people are from the outcomes; else rates moved a quarter either way."""
    found, missing = reader.texts(
        "cohorts", "distance", "how far people are from the outcomes when they start"
    )
    fewer: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for name, clause in reader.contract.outcomes.items():
        if clause.steps or clause.rate is None or clause.better == "lower":
            continue
        most = 1.0 if clause.unit is None else math.inf
        path, less = f"outcomes.{name}.rate", scaled(reader.contract, clause.rate, 1 - EITHER_WAY)
        if less is not None:
            fewer[path] = less
            more[path] = scaled(reader.contract, clause.rate, 1 + EITHER_WAY, most)
    effects: tuple[Effect, ...] = ()
    if missing and fewer:
        ends = {"if a quarter fewer get there": fewer, "if a quarter more do": more}
        effects = reader.trials.effects(ends, ("outcome_payments", WORTH[0], "investor_loses"))
    return Finding(
        "distance",
        "cohort",
        "How far are participants from the outcomes?",
        status_of(found, missing),
        tuple(found),
        tuple(missing),
        effects,
        why="Rates that are stated without uncertainty, a quarter either way.",
    )


def referral(reader: Reader) -> Finding:
    """Who refers, and whether they gain by the outcomes."""
    contract = reader.contract
    found: list[Stated] = []
    silent: list[str] = []
    doubts: list[str] = []
    gains = {PROVIDER: "delivers the service"}
    if contract.delivery is not None:
        gains[contract.delivery.by] = "delivers the service"
    if contract.capital is not None:
        for tranche in contract.capital.tranches:
            gains.setdefault(contract.capital.holder(tranche), "has money in the contract")
    for name, cohort in contract.cohorts.items():
        who = cohort.referred_by
        if who is None:
            silent.append(name)
            continue
        found.append(reader.at(f"cohorts.{name}.referred_by", who))
        if who in gains:
            doubts.append(f"{who}, who refers to cohorts.{name}, {gains[who]}")
    missing = lacking("cohorts", silent, "who refers", "referred_by")
    return Finding(
        "referral",
        "cohort",
        "Are people referred independently of those who gain by the outcomes?",
        status_of(found, missing, doubts) if found else UNKNOWN,
        tuple(found),
        (*doubts, *missing),
    )


# --- outcomes -------------------------------------------------------------------------------------


def link(reader: Reader) -> Finding:
    """Why the service should bring the outcomes about."""
    found, missing = reader.texts(
        "outcomes", "because", "why the service should bring it about", reader.told
    )
    return Finding(
        "link",
        "outcomes",
        "Is there a logical link from the activity to each outcome?",
        status_of(found, missing),
        tuple(found),
        tuple(missing),
    )


def tracking(reader: Reader) -> Finding:
    """How long anybody looks at people after an outcome."""
    contract = reader.contract
    found: list[Stated] = []
    once: list[str] = []
    remarks: list[str] = []
    for name in reader.told:
        clause = contract.outcomes[name]
        found += reader.states(*(f"outcomes.{name}.{f}" for f in ("held", "within", "tracked")))
        looked = years_looked_at(contract, name)
        if looked > 0:
            if name in reader.main:
                remarks.append(f"People are looked at for {in_years(looked)} after {name}.")
        elif clause.held is None and clause.unit is None:
            once.append(name)
        elif clause.unit is not None and name in reader.main:
            remarks.append(f"{name} is counted as it happens, each {clause.unit}.")
    missing = [f"seen once, and nobody looks again (held, tracked): {', '.join(once)}"] * bool(once)
    return Finding(
        "tracking",
        "outcomes",
        "Are people followed for an adequate period?",
        status_of([*found, *remarks], missing),
        tuple(found),
        tuple(missing),
        remarks=tuple(remarks),
    )


def stuck(reader: Reader) -> Finding:
    """What tells whether an outcome lasts, and what evidence there is of it."""
    contract, results = reader.contract, reader.results
    found, missing = reader.texts(
        "outcomes", "measured_by", "what evidence there is of it", reader.told
    )
    remarks: list[str] = []
    fleeting: list[str] = []
    for name in reader.told:
        clause, path = contract.outcomes[name], f"outcomes.{name}"
        found += reader.states(f"{path}.held", f"{path}.restarts_on", f"{path}.claimed")
        later = [n for n, o in contract.outcomes.items() if name in o.steps and o.unit is None]
        achieved = results.expected(f"outcomes_achieved[{name}]")
        shown = name in reader.main and clause.unit is None and achieved > 0
        for step in later if shown else ():
            share = results.expected(f"outcomes_achieved[{step}]") / achieved
            remarks.append(f"Of every 100 with {name}, {100 * share:.0f} have {step} later.")
        if clause.held is None and not later and clause.unit is None:
            fleeting.append(name)
    doubts = reader.doubts(
        [f"outcomes.{name}.claimed" for name in reader.told], "how much reaches the payer"
    )
    if fleeting:
        missing.append(f"no later step, and need not last (held): {', '.join(fleeting)}")
    effects: tuple[Effect, ...] = ()
    if doubts:
        whole = {f"outcomes.{n}.claimed": 1 for n in reader.told
                 if reader.states(f"outcomes.{n}.claimed")}  # fmt: skip
        effects = reader.trials.effects(
            {"if all of it came with evidence": whole}, ("outcome_payments",)
        )
    return Finding(
        "stuck",
        "outcomes",
        "Is there a way to tell whether the effect has stuck?",
        status_of([*found, *remarks], missing, doubts),
        tuple(found),
        (*missing, *doubts),
        effects,
        tuple(remarks),
    )
