"""Records from a CSV file, every cell as text: what is a number is read strictly later."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from sibmodel.contract.names import so_many
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
    text = _text_of(Path(path))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [line for line in reader if any(map(str.strip, line))]
    except csv.Error as wrong:
        raise RecordsError([f"{path} is no CSV file in UTF-8: {wrong}"]) from None
    if not lines:
        raise RecordsError([f"{path} is empty: the first line names the columns"])
    header, *body = [[cell.strip() for cell in line] for line in lines]
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise RecordsError([f"{path} is separated by {name}: save it with commas"])
    faults = [
        f"row {row}: {so_many(len(line), 'cell')}, but {so_many(len(header), 'column')} named in "
        f"the first line"
        for row, line in enumerate(body, start=1)
        if len(line) != len(header)
    ]
    if faults:
        raise RecordsError(faults)
    if not body:
        raise RecordsError([f"{path} has no records, only the names of columns"])
    return pd.DataFrame(body, columns=header, dtype=str)


_BEGINNINGS = {
    b"PK\x03\x04": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\xff\xfe": "text in UTF-16, which Excel calls Unicode text",
    b"\xfe\xff": "text in UTF-16, which Excel calls Unicode text",
}


def _text_of(path: Path) -> str:
    raw = path.read_bytes()
    wrong = ""
    for beginning, kind in _BEGINNINGS.items():
        if raw.startswith(beginning):
            wrong = f"it is {kind}"
    try:
        if not wrong:
            return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        seen = raw[error.start : error.start + 1].decode("cp1252", errors="replace")
        wrong = f"line {line} seems to be in Windows-1252 or Latin-1 (seen {seen!r})"
    save = "save it as CSV UTF-8 (so called in Excel, under Save as)"
    raise RecordsError([f"{path} is no CSV file in UTF-8: {wrong}; {save}"])
