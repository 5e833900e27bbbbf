"""What a record says: so many of an outcome, one person's claim, or a figure of many people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


class RecordsError(ValueError):
    """Records that cannot be settled; every reason, with its row."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"records: {count} fault{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[type[RecordsError], tuple[tuple[str, ...]]]:
        return type(self), (self.faults,)


@dataclass(frozen=True)
class Record:
    """So many of an outcome (or of a cohort's starts), or one person's claim.

    Parameters
    ----------
    row : int
        Row of the records, counted from 1.
    outcome : str
        An outcome; or a cohort, whose starts these are.
    period, date : int, date
        When; a record by period is dated at the period's first day.
    cohort : str, optional
        None only where a person is not among the starts recorded, and so of no cohort.
    group : str, optional
        The group's label, None where the record does not say.
    person : str, optional
        None for counts.
    number : float
        How many; of a stretch, its whole units.
    evidence : bool
    since : date, optional
        First day of a stretch that ends on ``date``, both included.
    claim : str, optional
        The claim's own name.
    """

    row: int
    outcome: str
    period: int
    date: dt.date
    cohort: str | None
    group: str | None
    person: str | None
    number: float
    evidence: bool = True
    since: dt.date | None = None
    claim: str | None = None


@dataclass(frozen=True)
class Measured:
    """A figure of many people: per person and what it is compared with, or a value as it stands.

    Parameters
    ----------
    row : int
        Row of the records, counted from 1.
    name : str
        The outcome observed; with ``value``, the performance.
    period, date : int, date
        When it was measured.
    cohort, group : str, optional
        Whose figure it is; None is everyone's.
    people : int, optional
        How many people were observed.
    observed, counterfactual, before, comparison, comparison_before : float, optional
        Per person.
    value : float, optional
        The performance's value, taken as it stands.
    """

    row: int
    name: str
    period: int
    date: dt.date
    cohort: str | None
    group: str | None
    people: int | None = None
    observed: float | None = None
    counterfactual: float | None = None
    before: float | None = None
    comparison: float | None = None
    comparison_before: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class Recorded:
    """Every record, in the order given.

    Parameters
    ----------
    records : tuple of Record
    measured : tuple of Measured
    by_period : bool
        Whether they are dated by period only: lengths are then tested in whole periods.
    notes : tuple of str
        What was left unread, and persons who may be misspelt.
    """

    records: tuple[Record, ...]
    measured: tuple[Measured, ...]
    by_period: bool
    notes: tuple[str, ...] = ()

    def by_person(self) -> frozenset[str]:
        """The cohorts whose starts are recorded by person: nobody else is in them."""
        return frozenset(
            record.outcome for record in self.records if _is_start(record) and record.person
        )

    def started(self) -> frozenset[str]:
        """The cohorts whose starts are recorded, as counts or by person."""
        return frozenset(record.outcome for record in self.records if _is_start(record))


def _is_start(record: Record) -> bool:
    return record.outcome == record.cohort
