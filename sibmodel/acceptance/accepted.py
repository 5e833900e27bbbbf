"""Every record with what is accepted of it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sibmodel.acceptance.counts import no_more_than_started
from sibmodel.acceptance.persons import Evidence
from sibmodel.contract.contract import Contract
from sibmodel.model.chance import Floats
from sibmodel.records import Record, Recorded

TOLD = 10
"""Refused rows that a note names."""


@dataclass(frozen=True)
class Line:
    """One record: how much of it is accepted, and why not more.

    Parameters
    ----------
    record : Record
    accepted : float
        Of ``record.number``.
    reason : str
        Why it is refused, or accepted in part only; empty where all of it is accepted.
    started : date, optional
        When the person started, where that is recorded; of a start, its own date.
    """

    record: Record
    accepted: float
    reason: str
    started: dt.date | None


@dataclass(frozen=True)
class Accepted:
    """Every record with what is accepted of it, in the order given.

    Parameters
    ----------
    lines : tuple of Line
    periods : int
        Periods of the timeline.
    notes : tuple of str
        What was taken as already checked.
    """

    lines: tuple[Line, ...]
    periods: int
    notes: tuple[str, ...]

    def so_far(self, name: str) -> Floats:
        """How many were accepted up to each period, the period included.

        Parameters
        ----------
        name : str
            An outcome; a cohort (its starts); or a group (its starts), with its cohort's name
            before it or without.

        Returns
        -------
        array (period,)
        """
        found = np.zeros(self.periods)
        for line in self.lines:
            record = line.record
            is_start = record.outcome == record.cohort
            group = record.group if is_start and record.group is not None else ""
            if name in (record.outcome, group, group.rpartition("/")[2]):
                found[record.period] += line.accepted
        total: Floats = np.cumsum(found)
        return total


def accept(contract: Contract, recorded: Recorded) -> Accepted:
    """What is accepted of every record, refused ones with the first reason.

    The order of the rows changes nothing: claims are taken by date, then steps before those that
    need them; of outcomes that exclude one another on one day, the first in ``one_of``.

    Parameters
    ----------
    contract : Contract
    recorded : Recorded

    Returns
    -------
    Accepted

    Examples
    --------
    >>> import pandas as pd, sibmodel as sib
    >>> from sibmodel.records import read_records
    >>> bond = sib.library.load("closed_form_bond")
    >>> table = pd.DataFrame({"outcome": ["people", "success"], "period": [0, 1],
    ...                       "number": [50, 72]})
    >>> accept(bond, read_records(bond, table)).lines[1].accepted
    50.0
    """
    evidence = Evidence(contract, recorded)
    found: dict[int, tuple[float, str]] = {}
    for record in sorted(recorded.records, key=lambda r: _place(contract, r)):
        found[record.row] = evidence.judge(record)
    counts = [
        record
        for record in recorded.records
        if record.cohort is not None and not (record.number and found[record.row][0] == 0)
    ]
    found |= no_more_than_started(contract, counts, found)
    lines = tuple(
        Line(record, *found[record.row], evidence.started(record)) for record in recorded.records
    )
    return Accepted(lines, contract.timeline.periods, tuple(_notes(contract, recorded, lines)))


def _place(contract: Contract, record: Record) -> tuple[object, ...]:
    """Where a record stands among the others; only rows that say the same share a place."""
    clause = contract.outcomes.get(record.outcome)
    one_of = clause.one_of if clause is not None and clause.one_of is not None else ()
    return (
        record.date,
        _depth(contract, record.outcome),
        one_of.index(record.outcome) if record.outcome in one_of else 0,
        record.outcome,
        record.since or record.date,
        record.number,
        record.claim or "",
        record.row,
    )


def _depth(contract: Contract, outcome: str) -> int:
    """Steps before an outcome on its ladder; starts come first."""
    if outcome in contract.cohorts:
        return 0
    steps = contract.outcomes[outcome].steps
    return 1 + max((_depth(contract, step) for step in steps), default=0)


def _notes(contract: Contract, recorded: Recorded, lines: Sequence[Line]) -> list[str]:
    """What was taken as already checked."""
    nameless = [line for line in lines if line.record.person is None and line.accepted > 0]
    counted = {line.record.outcome for line in nameless if line.record.outcome in contract.outcomes}
    found = []
    if counted:
        found.append(
            "rows without a person: that each had the step before, in time, as often as allowed, "
            "is taken as already checked"
        )
    started = recorded.started()
    cohorts = {line.record.cohort for line in nameless if line.record.outcome in counted}
    found += [
        f"no starts are recorded for {cohort}: that no more were claimed than started is not tested"
        for cohort in sorted(cohort for cohort in cohorts if cohort and cohort not in started)
    ]
    clocks = [
        name
        for name, clause in contract.outcomes.items()
        if clause.held is not None or clause.within is not None
    ]
    named = {line.record.outcome for line in lines if line.record.person is not None}
    tested = [name for name in clocks if name in named]
    if recorded.by_period and tested:
        found.append(
            f"records are dated by period: held and within of {', '.join(tested)} are tested in "
            f"whole periods"
        )
    paid = {rule.pays for rule in contract.payments.rules.values()}
    unpaid = [
        f"row {line.record.row}, {line.record.outcome}: {line.reason}"
        for line in lines
        if line.reason and line.record.outcome not in paid
    ]
    if unpaid:
        told = unpaid[:TOLD] + ([f"{len(unpaid) - TOLD:,} more"] if len(unpaid) > TOLD else [])
        found.append(f"not accepted, of what no rule pays and steps may need: {'; '.join(told)}")
    found += _said_twice(recorded)
    both = sorted(counted & {fact.name for fact in recorded.measured})
    if both:
        found.append(f"performances read the figures recorded of {', '.join(both)}, not its counts")
    return found


def _said_twice(recorded: Recorded) -> list[str]:
    """A note of the counts that stand in several rows alike: split rows add up, so both count."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for record in recorded.records:
        if record.person is None and record.claim is None and record.number and record.evidence:
            whose = record.outcome, record.cohort, record.group, record.date, record.number
            alike[whose].append(record.row)
    twice = [rows for rows in alike.values() if len(rows) > 1]
    told = [
        f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]} say the same: "
        f"{'both' if len(rows) == 2 else 'all'} counted"
        for rows in twice[:TOLD]
    ]
    return told + ([f"{len(twice) - TOLD:,} more such rows"] if len(twice) > TOLD else [])
