"""Whose claims: each person's cohort and group, from the start recorded or said once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from sibmodel.contract.contract import Contract
from sibmodel.records.facts import Record, Recorded

Faults = list[tuple[int, str]]


def with_their_starts(
    contract: Contract, recorded: Recorded, *, complete: bool
) -> tuple[Recorded, Faults]:
    """The records, each with the cohort and group of its person's start; and faults by row.

    Parameters
    ----------
    contract : Contract
    recorded : Recorded
    complete : bool
        Whether every row could be read: else a start may be missing only here, and nobody is
        asked for a cohort.
    """
    faults: Faults = []
    closed = recorded.by_person()
    starts = {
        (record.cohort, record.person) for record in recorded.records if record.outcome in closed
    }
    placed = []
    for record in recorded.records:
        found, message = _cohort(contract, record, starts, closed)
        placed.append(replace(record, cohort=found))
        if message and complete:
            faults.append((record.row, message))
    groups: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for record in placed:
        if record.person and record.cohort and record.group:
            groups[record.cohort, record.person].setdefault(record.group, record.row)
    for (_, person), rows in groups.items():
        (first, _), *others = rows.items()
        faults += [
            (row, f"{person} is in the group {_short(first)}: seen {_short(group)}")
            for group, row in others
        ]
    for index, record in enumerate(placed):
        if record.group is None and record.person and record.cohort:
            mine = groups.get((record.cohort, record.person), {})
            placed[index] = replace(record, group=next(iter(mine), None))
    notes = (*recorded.notes, *_misspelt(contract, placed, closed))
    return replace(recorded, records=tuple(placed), notes=notes), faults


def _misspelt(contract: Contract, records: list[Record], closed: frozenset[str]) -> Iterator[str]:
    """Persons nobody of whose name started, but somebody of nearly that name."""
    started = {r.person: _plain(r.person) for r in records if r.outcome in closed and r.person}
    named = {plain: person for person, plain in started.items()}
    for record in records:
        if record.person is None or record.person in started:
            continue
        meant = named.get(_plain(record.person))
        if meant is not None and closed.intersection(contract.cohorts_of(record.outcome)):
            yield (
                f"row {record.row}: nobody called {record.person!r} is recorded as started; did "
                f"you mean {meant!r}?"
            )


def _plain(person: str) -> str:
    """A person's name without what two spellings differ in: capitals, blanks, noughts before it."""
    return re.sub(r"[\s_-]", "", person).casefold().lstrip("0")


def _cohort(
    contract: Contract,
    record: Record,
    starts: set[tuple[str | None, str | None]],
    closed: frozenset[str],
) -> tuple[str | None, str]:
    """The cohort of a record, or what is wrong."""
    if record.cohort is not None:
        return record.cohort, ""
    cohorts = contract.cohorts_of(record.outcome)
    ask = f"{record.outcome} is for several cohorts ({', '.join(cohorts)}): say which, in cohort"
    if record.person is None:
        return None, ask
    mine = [cohort for cohort in cohorts if (cohort, record.person) in starts]
    if len(mine) > 1:
        return None, f"{record.person} started in {' and in '.join(mine)}: say which, in cohort"
    if mine:
        return mine[0], ""
    return None, "" if closed.issuperset(cohorts) else ask


def _short(label: str) -> str:
    return label.rpartition("/")[2]
