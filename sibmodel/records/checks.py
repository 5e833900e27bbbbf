"""What is wrong with counts and claims once all rows are known."""

from __future__ import annotations

from collections.abc import Iterator

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import AGAINST_SOMETHING, Comparison
from sibmodel.contract.timeline import LengthByGroup
from sibmodel.records.facts import Record, Recorded
from sibmodel.records.numbers import (
    compared,
    differs_by_group,
    numbers_of,
    reads_own_number,
    reads_start,
    yardstick,
)

Faulty = Iterator[tuple[int, str]]


def record_faults(contract: Contract, recorded: Recorded, *, complete: bool) -> Faulty:
    """Faults of counts and claims, by row.

    Parameters
    ----------
    contract : Contract
    recorded : Recorded
    complete : bool
        Whether every row could be read: else a start may be missing only here.
    """
    yield from _claims_twice(recorded)
    yield from _groups_missing(contract, recorded)
    yield from _counts_where_claims_are_read(contract, recorded)
    yield from _counts_where_figures_are_compared(contract, recorded)
    if complete:
        yield from _starts_missing(contract, recorded)
        yield from _people_missing(contract, recorded)


def _claims_twice(recorded: Recorded) -> Faulty:
    seen: dict[tuple[str, str], int] = {}
    for record in recorded.records:
        if record.claim is None:
            continue
        first = seen.setdefault((record.outcome, record.claim), record.row)
        if first != record.row:
            yield (
                record.row,
                f"the claim {record.claim} of {record.outcome} stands in row {first} already",
            )


def _groups_missing(contract: Contract, recorded: Recorded) -> Faulty:
    """A number, a length or a reading that differs by group wants the group."""
    reasons: dict[str, str] = {}
    lengths: dict[str, str] = {}
    for name, rule in contract.payments.rules.items():
        for what, number in numbers_of(contract, rule).items():
            if rule.pays is not None and differs_by_group(number):
                reasons.setdefault(rule.pays, f"the {what} of {name} differs by group")
    for name, performance in contract.performance.items():
        if performance.of is None:
            continue
        if performance.over == "each_group":
            for what in (performance.of, *contract.cohorts_of(name)):
                reasons.setdefault(what, f"{name} is read for each group")
        against = contract.outcomes[performance.of].against
        if performance.read_as in AGAINST_SOMETHING and isinstance(against, ByGroup):
            for what in (performance.of, *contract.cohorts_of(name)):
                reasons.setdefault(what, f"the rate agreed for {name} differs by group")
    for outcome, clause in contract.outcomes.items():
        for field in ("held", "within"):
            if isinstance(getattr(clause, field), LengthByGroup):
                lengths.setdefault(outcome, f"{field} of {outcome} differs by group")
    for record in recorded.records:
        reason = reasons.get(record.outcome)
        if reason is None and record.person is not None:
            reason = lengths.get(record.outcome)
        if reason and record.group is None and record.cohort is not None:
            names = [label.rpartition("/")[2] for label in contract.groups(record.cohort)]
            yield record.row, f"{reason}: say which, in group ({', '.join(names)})"


def _counts_where_claims_are_read(contract: Contract, recorded: Recorded) -> Faulty:
    reasons: dict[str, str] = {}
    for name, rule in contract.payments.rules.items():
        if rule.pays is None:
            continue
        own = [w for w, number in numbers_of(contract, rule).items() if reads_own_number(number)]
        outcome = contract.outcomes.get(rule.pays)
        if own:
            reasons.setdefault(rule.pays, f"the {own[0]} of {name} is read off each claim's number")
        elif rule.amount is not None and outcome is not None and outcome.unit is not None:
            reasons.setdefault(rule.pays, f"{name} pays an amount for each claim")
    for record in recorded.records:
        if record.outcome in reasons and record.person is None and record.claim is None:
            yield (
                record.row,
                f"{reasons[record.outcome]}: a count is no claim, write one claim a row, with its "
                f"person or claim",
            )


def _counts_where_figures_are_compared(contract: Contract, recorded: Recorded) -> Faulty:
    """Counts that only a comparison could use, and that come without the comparison's figure."""
    measured = {fact.name for fact in recorded.measured}
    for record in recorded.records:
        clause = contract.outcomes.get(record.outcome)
        if clause is None or record.outcome in measured or _used(contract, record.outcome):
            continue
        readers = _readers(contract, record.outcome, AGAINST_SOMETHING)
        agreed = yardstick(clause.against, record.date, contract.timeline)
        if readers and isinstance(agreed, Comparison):
            yield (
                record.row,
                f"{readers[0]} compares {record.outcome} with a comparison group: record figures, "
                f"not a number, in the columns people, observed, {', '.join(compared(agreed))}",
            )


def _used(contract: Contract, outcome: str) -> bool:
    """Whether the records of an outcome are used by anything but performances."""
    payments = contract.payments
    if any(outcome == rule.pays or outcome in rule.when for rule in payments.rules.values()):
        return True
    return any(
        outcome in clause.steps or outcome == clause.restarts_on
        for clause in contract.outcomes.values()
    )


def _readers(contract: Contract, outcome: str, ways: tuple[str, ...]) -> list[str]:
    """The performances that read an outcome in one of these ways."""
    return [
        name
        for name, clause in contract.performance.items()
        if clause.of == outcome and clause.read_as in ways
    ]


def _starts_missing(contract: Contract, recorded: Recorded) -> Faulty:
    """Claims whose clock or price goes by a start, where no starts are recorded by person."""
    closed = recorded.by_person()
    by_start = {
        rule.pays: f"the {what} of {name} goes by the start"
        for name, rule in contract.payments.rules.items()
        for what, number in numbers_of(contract, rule).items()
        if rule.pays is not None and reads_start(number)
    }
    for record in recorded.records:
        clause = contract.outcomes.get(record.outcome)
        if clause is None:
            continue
        if record.person is None:
            if record.outcome in by_start:
                yield (
                    record.row,
                    f"{by_start[record.outcome]}: write one claim a row, with its person, and "
                    f"the persons' starts",
                )
            continue
        if record.cohort is None or record.cohort in closed:
            continue
        field = next((f for f in ("held", "within") if getattr(clause, f) is not None), None)
        reason = by_start.get(record.outcome)
        if reason is None and field is not None and not clause.steps:
            reason = f"{field} of {record.outcome} counts from the start"
        if reason:
            yield (
                record.row,
                f"{reason}: record when {record.person} started, as a row of {record.cohort}",
            )


def _people_missing(contract: Contract, recorded: Recorded) -> Faulty:
    """Counts that a performance reads per person, where nobody's start is recorded."""
    started = recorded.started()
    measured = {fact.name for fact in recorded.measured}
    told: set[tuple[str, str]] = set()
    for record in recorded.records:
        readers = _readers(contract, record.outcome, ("rate", *AGAINST_SOMETHING))
        if not readers or record.cohort is None or record.outcome in measured:
            continue
        if record.cohort in started or (record.outcome, record.cohort) in told:
            continue
        if contract.outcomes[record.outcome].against is None or _by_agreement(contract, record):
            told.add((record.outcome, record.cohort))
            yield (
                record.row,
                f"{readers[0]} is read per person: record how many started, as rows of "
                f"{record.cohort}",
            )


def _by_agreement(contract: Contract, record: Record) -> bool:
    agreed = yardstick(contract.outcomes[record.outcome].against, record.date, contract.timeline)
    return agreed is not None and not isinstance(agreed, Comparison)
