"""What recorded outcomes tell performances: what happened, to how many, and who started."""

from __future__ import annotations

from collections.abc import Iterable

from sibmodel.acceptance.accepted import Accepted
from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import Comparison
from sibmodel.model.readings import Fact, Started
from sibmodel.model.readings import Recorded as RecordedValue
from sibmodel.records import Measured, Record
from sibmodel.records.numbers import recorded_counterfactual, yardstick


def facts_of(
    contract: Contract, accepted: Accepted, measured: Iterable[Measured]
) -> tuple[list[Fact], list[RecordedValue], list[Started]]:
    """What performances are read from: what happened, values as they stand, and who started.

    Figures are brought to totals over their people; where their number is not recorded (and so
    nothing pools or counts them) they stand for one. Counts are left out where figures of the same
    people would count them twice, and where they lack a comparison group's figure.

    Parameters
    ----------
    contract : Contract
    accepted : Accepted
    measured : iterable of Measured
    """
    facts, values = [], []
    figures: set[tuple[str, str | None]] = set()
    for fact in measured:
        whose = fact.cohort, fact.group, fact.period, fact.date
        if fact.value is not None:
            values.append(RecordedValue(fact.name, *whose, fact.value, row=fact.row))
            continue
        assert fact.observed is not None
        figures.add((fact.name, fact.cohort))
        people = 1 if fact.people is None else fact.people
        agreed = yardstick(contract.outcomes[fact.name].against, fact.date, contract.timeline)
        expected = recorded_counterfactual(fact, agreed)
        facts.append(
            Fact(
                fact.name,
                *whose,
                people,
                people * fact.observed,
                None if expected is None else people * expected,
                row=fact.row,
            )
        )
    starts = []
    for line in accepted.lines:
        record = line.record
        if record.cohort is None or (not line.accepted and line.reason):
            continue  # a row that says none is a record all the same
        whose = record.cohort, record.group, record.period, record.date
        if record.outcome == record.cohort:
            starts.append(Started(record.cohort, *whose[1:], line.accepted))
        elif _read_as_count(contract, record, figures):
            facts.append(Fact(record.outcome, *whose, None, line.accepted, row=record.row))
    return facts, values, starts


def _read_as_count(
    contract: Contract, record: Record, figures: set[tuple[str, str | None]]
) -> bool:
    """Whether performances read a counted or claimed record."""
    readers = [clause for clause in contract.performance.values() if clause.of == record.outcome]
    if {(record.outcome, record.cohort), (record.outcome, None)} & figures:
        return bool(readers) and all(clause.over == "to_date" for clause in readers)
    agreed = yardstick(contract.outcomes[record.outcome].against, record.date, contract.timeline)
    ways = {clause.read_as for clause in readers}
    return bool(ways & {"count", "rate"} if isinstance(agreed, Comparison) else ways)
