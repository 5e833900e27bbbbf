"""What the tables stand on: the ledger if it was kept, percentiles, reasons for absence, cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from sibmodel.pages.text import cell
from sibmodel.results import Results

PERCENTILES = (5, 25, 50, 75, 95)
T = TypeVar("T")


class AbsentError(ValueError):
    """A table or plot for which there are no numbers; the message says why."""


def ledger_of(results: Results) -> xr.Dataset:
    """The ledger, if it was kept.

    Raises
    ------
    AbsentError
    """
    if results.ledger is None:
        raise AbsentError('the ledger was not kept: simulate with keep="ledger" to see it')
    return results.ledger


def dates_of(ledger: xr.Dataset) -> list[str]:
    """The first day of each period, as a table has it."""
    return [str(date)[:10] for date in ledger["date"].values]


def percentiles_of(
    values: npt.NDArray[np.float64], percentiles: Sequence[int] = PERCENTILES
) -> dict[str, npt.NDArray[np.float64]]:
    """Order statistics over the first axis, as everywhere in the results.

    Examples
    --------
    >>> percentiles_of(np.arange(1.0, 11.0), (10, 50))
    {'p10': np.float64(1.0), 'p50': np.float64(5.0)}
    """
    found = np.percentile(values, percentiles, axis=0, method="inverted_cdf")
    return {f"p{percent}": row for percent, row in zip(percentiles, found, strict=True)}


@dataclass(frozen=True)
class Shown:
    """A table ready for the page: the first column heads its row, the rest by ``numeric``."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: bool = True
    total: bool = False  # the last row is the sum of the others


def or_reason(table: Callable[[Results], T], results: Results) -> T | str:
    """A table, or the reason why it is absent."""
    try:
        return table(results)
    except AbsentError as reason:
        return str(reason)


def cells(row: Any, columns: Sequence[str], unit: str) -> list[str]:
    """Some columns of a row, all of one unit."""
    return [cell(float(row[column]), unit) for column in columns]
