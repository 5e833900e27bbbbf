"""Tables of figures from a user's CSV or Excel file, each row with its place in the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.meant import number_meant

Lines = list[tuple[int, list[Any]]]
"""Lines that are neither empty nor comments: row in the file, cells."""


class SheetError(ValueError):
    """A table that cannot be used; ``faults`` has every reason, with its row."""

    def __init__(self, faults: Iterable[str], file: str) -> None:
        self.faults = tuple(faults)
        self.file = file
        count = len(self.faults)
        head = f"{file}: {count} fault{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[type[SheetError], tuple[tuple[str, ...], str]]:
        return type(self), (self.faults, self.file)


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    place : int
        Its row in the file, counted from 1 as a spreadsheet counts.
    cells : dict of str to object
        What stands in each column: text, from Excel also numbers and dates; None where empty.
    """

    place: int
    cells: dict[str, Any]

    def fault(self, column: str, message: str) -> str:
        """What is wrong with one of its cells, with the place."""
        return f"row {self.place}, {column}: {message}"


def read_sheet(path: str | Path, *, needs: Sequence[str], takes: Sequence[str]) -> list[Row]:
    """Rows of a CSV file (UTF-8) or of the first sheet of an Excel workbook (.xlsx).

    The first row that is neither empty nor a comment (#) names the columns.

    Parameters
    ----------
    path : path
    needs, takes : sequences of str
        Columns that must be there, and all that may be.

    Raises
    ------
    SheetError
        If it is no such file, or has other columns.
    """
    path = Path(path)
    excel = path.suffix.lower() in (".xlsx", ".xlsm")
    lines = _of_excel(path) if excel else _of_csv(path)
    if not lines:
        raise SheetError(["it is empty: the first row names the columns"], path.name)
    place, header = lines[0]
    names = [str(cell).strip().lower() if cell is not None else "" for cell in header]
    _check_columns(names, needs, takes, path.name, place)
    faults: list[str] = []
    rows: list[Row] = []
    for place, cells in lines[1:]:
        if any(cell is not None for cell in cells[len(names) :]):
            faults.append(f"row {place} has {len(cells)} cells, and the columns are {len(names)}")
        padded = [*cells, *[None] * len(names)]
        rows.append(Row(place, {n: c for n, c in zip(names, padded, strict=False) if n}))
    if faults:
        raise SheetError(faults, path.name)
    if not rows:
        raise SheetError(["it has no figures, only the names of columns"], path.name)
    return rows


def a_number(seen: Any) -> float:
    """A figure of a cell.

    Raises
    ------
    ValueError
        With what to write in its place.

    Examples
    --------
    >>> a_number("7900")
    7900.0
    """
    if isinstance(seen, int | float) and not isinstance(seen, bool) and math.isfinite(seen):
        return float(seen)
    if isinstance(seen, str) and re.fullmatch(r"-?\d+(\.\d+)?", seen, re.ASCII):
        return float(seen)
    meant = number_meant(seen) if isinstance(seen, str) else None
    remedy = f"write {meant}" if meant is not None else "a number is wanted"
    raise ValueError(f"seen {_shown(seen)}: {remedy}")


def a_price_year(seen: Any) -> str:
    """A price year of a cell, 2013-14 or 2013.

    Raises
    ------
    ValueError
        With what to write in its place.

    Examples
    --------
    >>> a_price_year("2013-14"), a_price_year(2013)
    ('2013-14', '2013')
    """
    if isinstance(seen, dt.date):  # so Excel reads 2010-11, and what was meant is plain
        meant = f"{seen.year}-{(seen.year + 1) % 100:02}"
        made = f", which Excel makes of {meant}" if f"{seen:%Y-%m}" == meant else ""
        raise ValueError(
            f"seen the date {seen:%Y-%m-%d}{made}: make the column text and write {meant} again"
        )
    text = f"{seen:g}" if isinstance(seen, float) else str(seen)
    if re.fullmatch(r"\d{4}", text, re.ASCII):
        return text
    if found := re.fullmatch(r"(\d{4})\s*[-/–]\s*(\d{2}|\d{4})", text, re.ASCII):
        first, second = found[1], found[2][-2:]
        if (int(first) + 1) % 100 != int(second):
            raise ValueError(f"{text} does not run over two years that follow each other")
        if text == f"{first}-{second}":
            return text
        raise ValueError(f"seen {_shown(seen)}: write {first}-{second}")
    raise ValueError(f"a price year is written 2013-14 (April to March) or 2013: seen {text!r}")


def _shown(seen: Any) -> str:
    return "nothing" if seen is None else repr(seen)


def _check_columns(
    names: list[str], needs: Sequence[str], takes: Sequence[str], file: str, place: int
) -> None:
    faults = [f"there is no column {name!r}" for name in needs if name not in names]
    for name in dict.fromkeys(names):
        if name and name not in takes:
            faults.append(f"row {place}: {name!r} is no column; {did_you_mean(name, takes)}")
        if name and names.count(name) > 1:
            faults.append(f"row {place}: two columns are called {name!r}")
    if faults:
        raise SheetError(faults, file)


# --- CSV ------------------------------------------------------------------------------------------

_ZIPPED, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_AS_XLSX = "if it is an older or a protected workbook, save it as .xlsx without a password"
_SAVE = "save it as CSV UTF-8 (so called in Excel, under Save as)"


def _of_csv(path: Path) -> Lines:
    raw = path.read_bytes()
    if raw.startswith(_OLD_EXCEL):
        raise SheetError([f"it is no CSV: {_AS_XLSX}"], path.name)
    if raw.startswith(_ZIPPED):
        raise SheetError(
            ["it is a workbook: if Excel's, let its name end in .xlsx; or save it as CSV UTF-8"],
            path.name,
        )
    if raw.startswith(_UTF_16):
        raise SheetError([f"it is text in UTF-16: {_SAVE}"], path.name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        said = f"row {line} seems to be in Windows-1252 or Latin-1: {_SAVE}"
        raise SheetError([said], path.name) from None
    found: Lines = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    place = 1
    try:
        for written in reader:
            cells = [cell.strip() or None for cell in written]
            if any(cells) and not (cells[0] or "").startswith("#"):
                found.append((place, cells))
            place = reader.line_num + 1
    except csv.Error as wrong:
        raise SheetError([f"row {place} is no CSV: {wrong}"], path.name) from None
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if found and len(found[0][1]) == 1 and sign in str(found[0][1][0]):
            raise SheetError([f"it is separated by {name}: save it with commas"], path.name)
    return found


# --- Excel ----------------------------------------------------------------------------------------


def _of_excel(path: Path) -> Lines:
    try:
        import openpyxl  # noqa: PLC0415  (only who reads Excel needs it)
    except ImportError:
        raise ImportError(
            "to read Excel files install openpyxl: pip install 'sibmodel[excel]'; or save the "
            "sheet as CSV UTF-8"
        ) from None
    path.stat()  # a file that is not there is told as such
    if not zipfile.is_zipfile(path):
        raise SheetError([f"it is no Excel workbook (.xlsx): {_AS_XLSX}"], path.name)
    # a formula's value is what Excel last saved; a file that Excel never saw has none
    values, formulas = (
        [list(row) for row in openpyxl.load_workbook(path, data_only=as_value).worksheets[0].values]
        for as_value in (True, False)
    )
    found: Lines = []
    faults: list[str] = []
    for place, (row, written) in enumerate(zip(values, formulas, strict=True), start=1):
        for column, (value, formula) in enumerate(zip(row, written, strict=True)):
            if value is None and isinstance(formula, str) and formula.startswith("="):
                faults.append(
                    f"row {place}, column {column + 1} has the formula {formula} without its "
                    f"value: open the file in Excel and save it, or write the number"
                )
        cells = [(cell.strip() or None) if isinstance(cell, str) else cell for cell in row]
        if any(cell is not None for cell in cells) and not str(cells[0]).startswith("#"):
            found.append((place, cells))
    if faults:
        raise SheetError(faults, path.name)
    return found
