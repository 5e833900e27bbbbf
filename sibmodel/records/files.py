"""Records from a CSV file, every cell as text: what is a number is read strictly later."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from sibmodel.records.facts import RecordsError


def load_records(path: str | Path) -> pd.DataFrame:
    """A CSV file as a table of text, as ``settle`` reads it; empty lines are left out.

    Parameters
    ----------
    path : path
        Comma-separated, in UTF-8, the names of the columns in the first line.

    Raises
    ------
    RecordsError
        If it is no such file, or its lines are not of one length.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file, strict=True) if any(map(str.strip, line))]
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise RecordsError([f"{path} is no CSV file in UTF-8: {wrong}"]) from None
    if not lines:
        raise RecordsError([f"{path} is empty: the first line names the columns"])
    header, *body = [[cell.strip() for cell in line] for line in lines]
    if len(header) == 1 and ";" in header[0]:
        raise RecordsError([f"{path} is separated by semicolons: save it with commas"])
    faults = [
        f"row {row}: {len(line)} cells, but {len(header)} columns are named in the first line"
        for row, line in enumerate(body, start=1)
        if len(line) != len(header)
    ]
    if faults:
        raise RecordsError(faults)
    if not body:
        raise RecordsError([f"{path} has no records, only the names of columns"])
    return pd.DataFrame(body, columns=header, dtype=str)
