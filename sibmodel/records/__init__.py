"""Recorded outcomes: counts, claims and figures, read from a DataFrame and checked row by row."""

from sibmodel.records.facts import Measured, Record, Recorded, RecordsError
from sibmodel.records.files import load_records
from sibmodel.records.reading import COLUMNS, read_records

__all__ = [
    "COLUMNS",
    "Measured",
    "Record",
    "Recorded",
    "RecordsError",
    "load_records",
    "read_records",
]
