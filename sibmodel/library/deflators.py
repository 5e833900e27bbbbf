"""A price series of the user's own, ready for ``prices.deflator``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from sibmodel.library.sheets import SheetError, a_number, a_price_year, read_sheet

_COLUMNS = ("year", "index", "status", "note")


def load_deflator(path: str | Path) -> dict[str, float]:
    """A price index by year from a CSV or Excel file.

    Parameters
    ----------
    path : path
        Columns `year` (2010-11 or 2010) and `index` (above 0, on any base); `status` and `note`
        may stand beside them.

    Returns
    -------
    dict of str to float
        What stands in a contract under ``prices.deflator`` [index points by year].

    Raises
    ------
    SheetError
        With every row that cannot be read, and why.
    ImportError
        If it is an Excel file and openpyxl is not installed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = file.write_text("year,index\\n2025-26,100\\n2026-27,102.5\\n")
    >>> load_deflator(file)
    {'2025-26': 100.0, '2026-27': 102.5}
    """
    path = Path(path)
    series: dict[str, float] = {}
    faults: list[str] = []
    for row in read_sheet(path, needs=_COLUMNS[:2], takes=_COLUMNS):
        column = "year"
        try:
            year = a_price_year(row.cells["year"])
            if year in series:
                raise ValueError(f"{year} stands there twice")
            column = "index"
            index = a_number(row.cells["index"])
            if not index > 0:
                raise ValueError(f"seen {index:g}: an index is above 0")
            series[year] = index
        except ValueError as wrong:
            faults.append(row.fault(column, str(wrong)))
    if len({len(year) for year in series}) > 1:
        faults.append("some years are like 2010-11 and some like 2010: keep to one kind")
    elif not faults:
        for before, after in pairwise(sorted(series)):
            if int(after[:4]) - int(before[:4]) > 1:
                faults.append(f"there is no year between {before} and {after}: add it")
    if faults:
        raise SheetError(faults, path.name)
    return dict(sorted(series.items()))
