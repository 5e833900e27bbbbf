"""Checks of outcomes: steps, cohorts, clocks, and what excludes what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, unknown
from sibmodel.contract.number_checks import group_faults, groups_of
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.performance import AgainstByDate
from sibmodel.contract.timeline import LengthByGroup


def outcome_faults(contract: Contract) -> Iterator[Fault]:
    """What is wrong between outcomes, and between them and the cohorts."""
    for name, outcome in contract.outcomes.items():
        yield from _steps(contract, name, outcome)
        yield from _cohorts(contract, name, outcome)
        yield from _exclusive(contract, name, outcome)
        yield from _clocks(contract, name, outcome)
        if isinstance(outcome.against, AgainstByDate):
            yield from mixed_keys(("outcomes", name, "against"), outcome.against.begins)
    steps = {name: outcome.steps for name, outcome in contract.outcomes.items()}
    for circle in circles(steps):
        told = " needs ".join([*circle, circle[0]])
        yield Fault(("outcomes", circle[0], "needs"), f"the ladder goes in a circle: {told}")
    if contract.headline is not None and contract.headline not in contract.outcomes:
        yield unknown(("headline",), "outcome", contract.headline, contract.outcomes)


def circles(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Chains of names that lead back to their first, each told once."""
    found: list[list[str]] = []
    for name in graph:
        if any(name in circle for circle in found):
            continue
        came_from: dict[str, str] = {}
        todo = [name]
        while todo and name not in came_from:
            here = todo.pop(0)
            for other in graph.get(here, ()):
                if other not in came_from:
                    came_from[other] = here
                    todo.append(other)
        if name in came_from:
            circle = [name]
            while came_from[circle[-1]] != name:
                circle.append(came_from[circle[-1]])
            found.append([name, *reversed(circle[1:])])
    return found


def mixed_keys(path: tuple[str | int, ...], begins: Iterable[int | dt.date]) -> Iterator[Fault]:
    """Dates and periods in one table by date."""
    if len({isinstance(key, int) for key in begins}) > 1:
        yield Fault((*path, "from"), "mixes dates and periods: write one kind")


def _steps(contract: Contract, name: str, outcome: Outcome) -> Iterator[Fault]:
    here = ("outcomes", name, "needs")
    for step in outcome.steps:
        if step not in contract.outcomes:
            yield unknown(here, "outcome", step, contract.outcomes)
        elif contract.outcomes[step].unit is not None:
            yield Fault(
                here,
                f"{step!r} has a unit ({contract.outcomes[step].unit}): only what happens once to "
                f"a person can be a step",
            )
    twice = sorted({step for step in outcome.steps if outcome.steps.count(step) > 1})
    if twice:
        yield Fault(here, f"names {twice[0]!r} twice: keep one")


def _cohorts(contract: Contract, name: str, outcome: Outcome) -> Iterator[Fault]:
    here = ("outcomes", name)
    stated = (outcome.cohort,) if isinstance(outcome.cohort, str) else outcome.cohort or ()
    for cohort in dict.fromkeys(stated):
        if cohort not in contract.cohorts:
            yield unknown((*here, "cohort"), "cohort", cohort, contract.cohorts)
        elif stated.count(cohort) > 1:
            yield Fault((*here, "cohort"), f"names {cohort!r} twice: keep one")
    if not stated and not outcome.steps and len(contract.cohorts) > 1:
        yield Fault(here, f"say which cohort it is for: {', '.join(contract.cohorts)}")
    above = {}
    for step in outcome.steps:
        try:
            above[step] = contract.cohorts_of(step) if step in contract.outcomes else ()
        except KeyError:
            continue  # it does not say its cohort, which has a fault of its own
    for step, cohorts in above.items():
        if cohorts and set(stated) & set(contract.cohorts) - set(cohorts):
            yield Fault(
                (*here, "cohort"),
                f"is {_listed(stated)}, but the step it needs, {step!r}, is for {_listed(cohorts)}",
            )
    if not stated and len({frozenset(cohorts) for cohorts in above.values() if cohorts}) > 1:
        told = ", ".join(f"{step!r} for {_listed(cohorts)}" for step, cohorts in above.items())
        yield Fault(
            (*here, "needs"), f"the steps are of different cohorts: {told}; a person is in one"
        )


def _listed(cohorts: Sequence[str]) -> str:
    return " and ".join(repr(cohort) for cohort in cohorts)


def _exclusive(contract: Contract, name: str, outcome: Outcome) -> Iterator[Fault]:
    if outcome.one_of is None:
        return
    here, outcomes = ("outcomes", name), contract.outcomes
    for other in outcome.one_of:
        if other not in outcomes:
            yield unknown((*here, "one_of"), "outcome", other, outcomes)
        elif outcomes[other].unit is not None:
            yield Fault(
                (*here, "one_of"),
                f"{other!r} has a unit ({outcomes[other].unit}): only what happens once to a "
                f"person can exclude another",
            )
        elif (set(outcomes[other].steps), outcomes[other].any_step) != (
            set(outcome.steps),
            outcome.any_step,
        ):
            yield Fault((*here, "one_of"), f"{other!r} and {name!r} must need the same step before")
        elif outcomes[other].one_of not in (None, outcome.one_of):
            yield Fault((*here, "one_of"), f"{other!r} states another list: write one list")
    if name not in outcome.one_of:
        yield Fault((*here, "one_of"), f"must name {name!r} itself among the outcomes")
    if any(other not in outcomes for other in outcome.one_of):
        return
    for field in ("rate", "anyway"):
        fixed = [getattr(outcomes[other], field) for other in outcome.one_of]
        if all(isinstance(rate, float) for rate in fixed) and sum(fixed) > 1 + 1e-12:
            yield Fault(
                (*here, field),
                f"the {field}s of {', '.join(outcome.one_of)} add to {sum(fixed):g}: "
                f"of outcomes that exclude one another they cannot pass 1",
            )


def _clocks(contract: Contract, name: str, outcome: Outcome) -> Iterator[Fault]:
    here = ("outcomes", name)
    if outcome.restarts_on is not None:
        if outcome.restarts_on not in contract.outcomes:
            yield unknown((*here, "restarts_on"), "outcome", outcome.restarts_on, contract.outcomes)
        elif outcome.restarts_on == name:
            yield Fault((*here, "restarts_on"), "must be another outcome, whose records restart it")
        if outcome.held is None:
            yield Fault((*here, "restarts_on"), "restarts the clock of held: say held as well")
    try:
        known = groups_of(contract, here)
    except KeyError:
        return  # the cohort is missing, which has a fault of its own
    whole = True
    for field in ("held", "within"):
        length = getattr(outcome, field)
        if isinstance(length, LengthByGroup):
            wrong = list(group_faults((*here, field), length.by_group, known))
            whole = whole and not wrong
            yield from wrong
    if outcome.held is None or outcome.within is None or not whole:
        return
    for group in sorted(set(known.values())):
        held = contract.length(name, "held", group)
        within = contract.length(name, "within", group)
        assert held is not None
        assert within is not None
        shortest = held.in_days(contract.timeline)
        longest = within.in_days(contract.timeline)
        if longest < shortest or (longest == shortest and outcome.time_unit is not None):
            yield Fault(
                (*here, "within"),
                f"is {within}, and what counts must have been held for {held}: nothing could count",
            )
            return
