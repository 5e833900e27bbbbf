"""Which recorded claims are accepted, and at which price: the evidence end of settling."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.payments import price_of, within_person_limit
from sibmodel.records import Record


@dataclass(frozen=True)
class Line:
    """One record under one rule: what it claims, what is accepted, at which price."""

    record: Record
    rule: str
    accepted: float
    price: float
    within: float  # of the price, what the rule's own limit per person lets through
    reason: str


def accept(contract: Contract, facts: list[Record], drawn: Drawn) -> list[Line]:
    """A line for each record and each rule that pays for it, refused ones with the first reason."""
    starts: dict[tuple[str, str | None], Record] = {
        (f.cohort, f.person): f
        for f in facts
        if f.person and f.outcome in contract.cohorts and f.evidence and f.number
    }
    facts = [
        replace(fact, group=starts[fact.cohort, fact.person].group)
        if fact.person and fact.group is None and (fact.cohort, fact.person) in starts
        else fact
        for fact in facts
    ]
    reached: dict[tuple[str, str], int] = {}
    reasons: dict[int, str] = {}
    for fact in sorted(facts, key=lambda f: (f.period, _depth(contract, f.outcome), f.row)):
        reason = _refusal(contract, fact, starts, reached)
        if reason:
            reasons[fact.row] = reason
        elif fact.person and fact.number:
            reached[fact.person, fact.outcome] = fact.period
    accepted = _no_more_than_started(contract, [f for f in facts if f.row not in reasons])
    lines = []
    for fact in facts:
        for name, rule in contract.payments.rules.items():
            if rule.pays != fact.outcome:
                continue
            number, reason = accepted.get(fact.row, (fact.number, ""))
            if fact.row in reasons:
                number, reason = 0.0, reasons[fact.row]
            price = _price(contract, name, drawn, fact)
            within = float(within_person_limit(rule, price))
            lines.append(Line(fact, name, number, price, within, reason))
    return lines


def _depth(contract: Contract, outcome: str) -> int:
    """Steps before an outcome on its ladder; starts come first."""
    if outcome in contract.cohorts:
        return 0
    needs = contract.outcomes[outcome].needs
    return 1 + (_depth(contract, needs) if needs else 0)


def _refusal(
    contract: Contract,
    fact: Record,
    starts: dict[tuple[str, str | None], Record],
    reached: dict[tuple[str, str], int],
) -> str:
    """Why a claim is refused, or an empty text."""
    if not fact.evidence:
        return "no evidence"
    if fact.person is None:
        return ""
    if (fact.person, fact.outcome) in reached:
        return f"{fact.person} already has {fact.outcome}: it is paid once a person"
    if fact.outcome in contract.cohorts:
        return ""
    if starts and (fact.cohort, fact.person) not in starts:
        return f"{fact.person} did not start in {fact.cohort}"
    start = starts.get((fact.cohort, fact.person))
    if start is not None and fact.period < start.period:
        return f"{fact.person} started later, in period {start.period}"
    clause = contract.outcomes[fact.outcome]
    if clause.needs and (fact.person, clause.needs) not in reached:
        return f"{fact.person} has no accepted {clause.needs}, which {fact.outcome} needs"
    for other in clause.one_of or ():
        if other != fact.outcome and (fact.person, other) in reached:
            return f"{fact.person} already has {other}, which excludes {fact.outcome}"
    return ""


def _no_more_than_started(contract: Contract, facts: list[Record]) -> dict[int, tuple[float, str]]:
    """Counts beyond the starts recorded to date, by row: what is accepted, and why not more.

    Of a group where starts and claims say theirs, and of the cohort. Claims with a person are
    tested by name; here they only leave less for the counts beside them.
    """
    found: dict[int, tuple[float, str]] = {}
    for outcome in contract.outcomes:
        cohort = contract.cohort_of(outcome)
        starts = [fact for fact in facts if fact.outcome == cohort]
        claims = [fact for fact in facts if fact.outcome == outcome]
        if not starts:
            continue
        taken: dict[str | None, float] = defaultdict(float)  # by group; under None, all of them
        by_group = all(start.group is not None for start in starts)
        for period in sorted({fact.period for fact in claims}):
            now = [fact for fact in claims if fact.period == period]
            for fact in now:
                if fact.person is not None:
                    taken[fact.group] += fact.number
                    taken[None] += fact.number if fact.group is not None else 0.0
            counts = {fact.row: fact.number for fact in now if fact.person is None}
            groups = {fact.group for fact in now if fact.group is not None} if by_group else set()
            for group in (*sorted(groups), None):
                mine = [f for f in now if f.row in counts and group in (f.group, None)]
                most = sum(
                    s.number for s in starts if s.period <= period and group in (s.group, None)
                )
                asked, left = sum(counts[f.row] for f in mine), max(most - taken[group], 0.0)
                if asked > left:
                    reason = (
                        f"more {outcome} than people who had started ({most:g}): it is paid once "
                        f"a person"
                    )
                    for fact in mine:
                        counts[fact.row] *= left / asked
                        found[fact.row] = (counts[fact.row], reason)
            for fact in now:
                if fact.row in counts:
                    taken[fact.group] += counts[fact.row]
                    taken[None] += counts[fact.row] if fact.group is not None else 0.0
    return found


def _price(contract: Contract, rule: str, drawn: Drawn, fact: Record) -> float:
    if fact.group is not None:
        return float(price_of(contract.payments, rule, drawn, fact.group))
    groups = contract.cohorts[fact.cohort].labels(fact.cohort)
    prices = {float(price_of(contract.payments, rule, drawn, group)) for group in groups}
    if len(prices) > 1:
        raise ValueError(
            f"row {fact.row}: the price of {rule} differs by group: add a column 'group' "
            f"({', '.join(groups)})"
        )
    return prices.pop()
