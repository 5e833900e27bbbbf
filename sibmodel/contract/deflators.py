"""Price series in public use, named and dated: data only, in the library's CSV files.

A new release gets a new name; a name never changes its figures, so that a contract appraised with
it can always be appraised again.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

DEFLATORS: Final = ("uk_gdp_2026_03",)
"""Names of the series, as a contract file writes them."""


@dataclass(frozen=True)
class Deflator:
    """A price index by year.

    Parameters
    ----------
    name : str
        As a contract file writes it.
    title : str
        As a page prints it.
    index : mapping of str to float
        Level of prices by year, years as contracts write them [index points].
    forecast : tuple of str
        Years whose index is forecast; all others are outturn.
    base : str
        The year in which the index is 100.
    source, licence, read, note : str
        Where the figures come from, under which licence, the day they were read, and how far
        they were checked.

    Examples
    --------
    >>> series = deflator("uk_gdp_2026_03")
    >>> series.index["2010-11"], series.forecast[0]
    (68.8561, '2025-26')
    """

    name: str
    title: str
    index: Mapping[str, float]
    forecast: tuple[str, ...]
    base: str
    source: str
    licence: str
    read: str
    note: str


@cache
def deflator(name: str) -> Deflator:
    """A series of `DEFLATORS`.

    Raises
    ------
    KeyError
        If there is none of that name.

    Examples
    --------
    >>> deflator("uk_gdp_2026_03").base
    '2024-25 = 100'
    """
    if name not in DEFLATORS:
        raise KeyError(name)
    text = files("sibmodel").joinpath("library", f"{name}.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    said = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return Deflator(
        name=name,
        index=MappingProxyType({row["year"]: float(row["index"]) for row in rows}),
        forecast=tuple(row["year"] for row in rows if row["status"] == "forecast"),
        **said,
    )
