"""Records read from a DataFrame, one row a fact, every fault named at once."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.meant import date_meant
from sibmodel.records.checks import record_faults
from sibmodel.records.facts import Measured, Record, Recorded, RecordsError
from sibmodel.records.measured_checks import measured_faults
from sibmodel.records.persons import with_their_starts
from sibmodel.records.rows import COUNTED, MEASURED, Row
from sibmodel.records.values import cell, day

COLUMNS = (
    *("outcome", "period", "date", "cohort", "group"),
    *COUNTED,
    "evidence",
    *MEASURED,
    "value",
)


def read_records(
    contract: Contract, records: pd.DataFrame, as_at: dt.date | str | None = None
) -> Recorded:
    """The records as facts, in the order given.

    Parameters
    ----------
    contract : Contract
    records : DataFrame
        One row a fact. Columns: ``outcome`` (an outcome, a performance, or a cohort for starts);
        ``period`` or ``date``; where there are several, ``cohort`` and ``group``; and in one of
        three forms: counts (``number``); claims (``person``, ``number`` or ``since``,
        ``evidence``, ``claim``); figures (``people``, ``observed``, ``counterfactual``, or
        ``before``, ``comparison`` and ``comparison_before``; ``value``). Capitals and blanks in
        their names do not matter, and a column ``note``, ``comment`` or ``source`` is not read.
        Rows are counted from 1 in what is said. Text is read strictly: 1000 is a number, £1,000
        is not.
    as_at : date, optional
        Read nothing dated later; a record by period is dated at the period's first day.

    Returns
    -------
    Recorded

    Raises
    ------
    RecordsError
        Naming every faulty row, what was seen and what to do.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> table = pd.DataFrame({"outcome": ["success"], "period": [1], "number": [72]})
    >>> read_records(bond, table).records[0].number
    72.0
    """
    if not isinstance(records, pd.DataFrame):
        raise TypeError(f"records are a pandas DataFrame, one row a fact: seen {type(records)}")
    until = None if as_at is None else day(as_at)
    if as_at is not None and (until is None or (isinstance(as_at, str) and len(as_at) != 10)):
        remedy = date_meant(as_at) or "write YYYY-MM-DD, such as 2027-07-05"
        raise ValueError(f"as_at is a date: seen {as_at!r}: {remedy}")
    records, notes = _named(records)
    _check_columns(records)
    faults: list[tuple[int, str]] = []
    claims: list[Record] = []
    figures: list[Measured] = []
    for number, values in enumerate(records.to_dict("records"), start=1):
        row = Row(contract, number, {str(k): cell(v) for k, v in values.items()})
        fact = row.read(until)
        faults += row.faults
        if isinstance(fact, Record):
            claims.append(fact)
        elif fact is not None:
            figures.append(fact)
    complete = not faults
    recorded = Recorded(tuple(claims), tuple(figures), "period" in records, notes)
    recorded, more = with_their_starts(contract, recorded, complete=complete)
    faults += more
    faults += record_faults(contract, recorded, complete=complete)
    faults += measured_faults(contract, recorded)
    if faults:
        in_order = sorted(faults, key=lambda fault: fault[0])
        raise RecordsError(f"row {row}: {message}" for row, message in in_order)
    return recorded


UNREAD = ("note", "notes", "comment", "comments", "source", "sources")
"""Columns for people, which nothing here reads."""


def _named(records: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The records with plain names of columns and without those nobody reads; and notes of them."""
    plain = [str(column).strip().lower().replace(" ", "_") for column in records.columns]
    names = [new if new in (*COLUMNS, *UNREAD) else old
             for new, old in zip(plain, records.columns, strict=True)]  # fmt: skip
    named = records.set_axis(names, axis="columns")
    empty = [
        (name == "" or str(name).startswith("Unnamed: "))  # as spreadsheets and pandas leave them
        and all(cell(value) is None for value in named.iloc[:, place])
        for place, name in enumerate(names)
    ]
    unread = [str(column) for column, name in zip(records.columns, names, strict=True)
              if name in UNREAD]  # fmt: skip
    keep = [not bare and name not in UNREAD for bare, name in zip(empty, names, strict=True)]
    several = "s" if len(unread) > 1 else ""
    notes = (f"not read: the column{several} {', '.join(unread)} of the records",) if unread else ()
    return named.loc[:, keep], notes


_OTHER_WORDS = {
    "outcome": ("metric", "milestone", "result", "kpi", "event"),
    "number": ("count", "n", "quantity", "total"),
    "person": ("participant", "client", "beneficiary", "id", "name", "case"),
    "date": ("day", "when"),
    "period": ("quarter", "month", "year"),
    "counterfactual": ("control", "comparison_group", "control_group"),
    "before": ("baseline",),
    "observed": ("rate", "treatment"),
}
"""Words of other people for the columns."""


def _column_meant(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_")
    for column, words in _OTHER_WORDS.items():
        if plain in words:
            return f"did you mean {column!r}?"
    return did_you_mean(name, COLUMNS)


def _check_columns(records: pd.DataFrame) -> None:
    faults = [
        f"the column {column!r} stands twice"
        for column in records.columns[records.columns.duplicated()]
    ]
    faults += [
        f"there is no column {column!r}; {_column_meant(str(column))}"
        for column in records.columns
        if column not in COLUMNS
    ]
    if "outcome" not in records:
        faults.append(
            "a column 'outcome' is needed: the name of an outcome, of a performance, or of a "
            "cohort (starts)"
        )
    if ("period" in records) == ("date" in records):
        seen = ": seen both, take one out" if "date" in records else ""
        faults.append(f"exactly one of the columns 'period' and 'date' is needed{seen}")
    if not {"number", "person", "observed", "value"} & {*records.columns}:
        faults.append(
            "a column 'number' (counts), 'person' (one claim a row), 'observed' or 'value' "
            "(figures) is needed"
        )
    if faults:
        raise RecordsError(faults)
