"""Recorded outcomes: read from a DataFrame, checked row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean

COLUMNS = ("outcome", "period", "date", "number", "person", "evidence", "cohort", "group")


class RecordsError(ValueError):
    """Records that cannot be settled; every reason, with its row."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"records: {count} fault{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))


@dataclass(frozen=True)
class Record:
    """One fact: so many of an outcome (or of a cohort's starts), in a period."""

    row: int
    outcome: str
    period: int
    date: dt.date
    cohort: str
    group: str | None
    person: str | None
    number: float
    evidence: bool


def read_records(
    contract: Contract, records: pd.DataFrame, as_at: dt.date | str | None = None
) -> list[Record]:
    """The records as facts, in the order given.

    Parameters
    ----------
    contract : Contract
    records : DataFrame
        Columns ``outcome``; ``period`` or ``date``; ``number`` or ``person``; where they are
        needed, ``cohort``, ``group`` and ``evidence``. Rows are counted from 1 in what is said.
    as_at : date, optional
        Leave out what is dated later; a record by period is dated at the period's first day.

    Raises
    ------
    RecordsError
        Naming every faulty row, what was seen and what to do.
    """
    if not isinstance(records, pd.DataFrame):
        raise TypeError(f"records are a pandas DataFrame, one row a fact: seen {type(records)}")
    until = None if as_at is None else day(as_at)
    if as_at is not None and until is None:
        raise ValueError(f"as_at is a date, such as 2027-07-05: seen {as_at!r}")
    faults: list[str] = []
    for column in records.columns[records.columns.duplicated()]:
        faults.append(f"the column {column!r} stands twice")
    for column in records.columns:
        if column not in COLUMNS:
            faults.append(f"there is no column {column!r}; {did_you_mean(str(column), COLUMNS)}")
    if "outcome" not in records:
        faults.append(
            "a column 'outcome' is needed: the name of an outcome, or of a cohort (starts)"
        )
    if ("period" in records) == ("date" in records):
        faults.append("exactly one of the columns 'period' and 'date' is needed")
    if "number" not in records and "person" not in records:
        faults.append("a column 'number' (counts) or 'person' (one claim a row) is needed")
    if faults:
        raise RecordsError(faults)
    found = []
    for row, values in enumerate(records.to_dict("records"), start=1):
        fact = _Reader(contract, row, {str(k): _missing_to_none(v) for k, v in values.items()})
        record = fact.read()
        faults += fact.faults
        if record is not None and (until is None or record.date <= until):
            found.append(record)
    if faults:
        raise RecordsError(faults)
    return found


def day(value: Any) -> dt.date | None:
    """A date, a timestamp, or text like 2027-07-05, as a date; anything else is None.

    Day and month of 05/07/2027 stand in one order here and in another there: not read.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _missing_to_none(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None or pd.isna(value) else value


class _Reader:
    """Reads one row, gathering what is wrong with it."""

    def __init__(self, contract: Contract, row: int, values: dict[str, Any]) -> None:
        self.contract, self.row, self.values = contract, row, values
        self.faults: list[str] = []
        self._dated: dt.date | None = None

    def fault(self, message: str) -> None:
        self.faults.append(f"row {self.row}: {message}")

    def read(self) -> Record | None:
        contract, outcome = self.contract, self.values.get("outcome")
        known = [*contract.outcomes, *contract.cohorts]
        if outcome not in known:
            self.fault(
                f"there is no outcome or cohort called {outcome!r}; "
                f"{did_you_mean(str(outcome), known)}"
            )
            return None
        cohort = contract.cohort_paid(str(outcome))
        stated = self.values.get("cohort")
        if stated is not None and stated != cohort:
            self.fault(f"{outcome} is for the cohort {cohort!r}: seen {stated!r}")
        period, group, number = self._period(), self._group(cohort), self._number()
        evidence = self.values.get("evidence", True)
        if evidence is None or evidence not in (True, False, 0, 1):
            self.fault(f"evidence is true or false: seen {evidence!r}")
        if self.faults:
            return None
        person = self.values.get("person")
        return Record(
            self.row,
            str(outcome),
            period,
            self._dated if self._dated is not None else contract.timeline.date(period),
            cohort,
            group,
            None if person is None else str(person),
            number,
            bool(evidence),
        )

    def _period(self) -> int:
        timeline = self.contract.timeline
        value = self.values.get("period", self.values.get("date"))
        if "period" in self.values:
            if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
                self.fault(f"a period is a whole number from 0: seen {value!r}")
                return 0
            period = int(value)
        else:
            self._dated = day(value)
            if self._dated is None:
                self.fault(f"a date is written 2027-07-05: seen {value!r}")
                return 0
            starts = [timeline.date(t) for t in range(timeline.periods + 1)]
            period = sum(start <= self._dated for start in starts) - 1
        if not 0 <= period < timeline.periods:
            last = timeline.date(timeline.periods) - dt.timedelta(days=1)
            self.fault(
                f"{value} is outside the timeline, {timeline.start} to {last} (periods 0 to "
                f"{timeline.periods - 1})"
            )
        return period

    def _group(self, cohort: str) -> str | None:
        labels = self.contract.cohorts[cohort].labels(cohort)
        stated = self.values.get("group")
        if stated is None:
            return next(iter(labels)) if len(labels) == 1 else None
        known = {label.rpartition("/")[2]: label for label in labels} | {n: n for n in labels}
        if stated not in known:
            self.fault(f"{cohort} has no group {stated!r}; {did_you_mean(str(stated), known)}")
            return None
        return known[stated]

    def _number(self) -> float:
        value = self.values.get("number")
        if value is None:
            if self.values.get("person") is None:
                self.fault("needs a number, or a person")
            return 1.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
            self.fault(f"a number of outcomes is 0 or more: seen {value!r}")
            return 0.0
        if value != int(value):
            self.fault(f"a number of outcomes is whole: seen {value!r}")
        if self.values.get("person") is not None and value > 1:
            self.fault(f"{self.values['outcome']} happens once to a person: seen {value:g}")
        return float(value)
