"""Samples kept in a CSV beside the contract."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from pathlib import PureWindowsPath
from typing import Any

from pydantic import BaseModel

from sibmodel.contract.assumptions import Samples
from sibmodel.contract.faults import Fault, did_you_mean, key_text

Path = tuple[str | int, ...]


def filled(data: Any, folder: FilePath | None) -> tuple[Any, list[Fault]]:
    """Plain data with the values of every ``samples: {file, column}``, and what was wrong.

    Parameters
    ----------
    data : dict
        Plain data; not changed.
    folder : pathlib.Path or None
        The contract's folder, in which the files must be.

    Returns
    -------
    data : dict
    faults : list of Fault
    """
    faults: list[Fault] = []
    lengths: dict[str, tuple[str, int]] = {}

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [walk(part, (*path, i)) for i, part in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        if path and path[-1] == "samples" and isinstance(value.get("file"), str):
            return fill(value, path)
        return {key: walk(part, (*path, key_text(key))) for key, part in value.items()}

    def fill(value: Mapping[str, Any], path: Path) -> Any:
        file, column = value["file"], value.get("column")
        try:
            if "values" in value:
                raise _CannotReadError("says both values and a file: keep one")
            if not isinstance(column, str):
                raise _CannotReadError(f"say which column of {file}, column: …")
            values = _column(_inside(file, folder), file, column)
            before = lengths.setdefault(file, (column, len(values)))
            if before[1] != len(values):
                raise _CannotReadError(
                    f"{file}: the column {column!r} has {len(values)} rows and {before[0]!r} has "
                    f"{before[1]}: columns of one file keep their joint draw and need as many rows"
                )
        except _CannotReadError as error:
            faults.append(Fault(path, str(error)))
            return dict(value)
        return {**value, "values": values}

    return walk(data, ()), faults


class _CannotReadError(Exception):
    pass


def _inside(file: str, folder: FilePath | None) -> FilePath:
    if folder is None:
        raise _CannotReadError(f"{file}: text without a folder has no files beside it; load a file")
    windows = PureWindowsPath(file)
    path = (folder / file).resolve()
    if windows.drive or windows.root or ".." in windows.parts or not path.is_relative_to(
        folder.resolve()
    ):  # fmt: skip
        raise _CannotReadError(
            f"{file} is outside the contract's folder: put it beside the contract"
        )
    return path


def _column(path: FilePath, file: str, column: str) -> list[float]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            header = [cell.strip() for cell in next(rows, [])]
            if header.count(column) != 1:
                times = "no" if column not in header else "more than one"
                raise _CannotReadError(
                    f"{file} has {times} column {column!r}; {did_you_mean(column, header)}"
                )
            place = header.index(column)
            cells = [(rows.line_num, row[place] if place < len(row) else "") for row in rows]
    except FileNotFoundError:
        raise _CannotReadError(f"there is no file {file} beside the contract") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _CannotReadError(f"{file} cannot be read as a CSV: {error}") from None
    while cells and not cells[-1][1].strip():
        cells.pop()
    return [_number(cell, f"{file}, row {row}, column {column!r}") for row, cell in cells]


def _number(cell: str, where: str) -> float:
    try:
        value = float(cell.replace("_", "?"))
    except ValueError:
        raise _CannotReadError(f"{where}: {cell!r} is not a number") from None
    if not math.isfinite(value):
        raise _CannotReadError(f"{where}: {cell} is not a finite number")
    return value


def write_missing(contract: BaseModel, folder: FilePath) -> list[FilePath]:
    """Write the CSVs of samples that are not in a folder yet.

    Parameters
    ----------
    contract : Contract
    folder : pathlib.Path

    Returns
    -------
    list of pathlib.Path
        What was written.
    """
    columns: dict[str, dict[str, tuple[float, ...]]] = {}
    for samples in _samples_in(contract):
        if samples.file is not None and samples.column is not None:
            columns.setdefault(samples.file, {})[samples.column] = samples.values
    made = []
    for file, values in columns.items():
        path = _inside(file, folder)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(values)
                writer.writerows(zip(*values.values(), strict=True))
            made.append(path)
    return made


def _samples_in(value: Any) -> Iterator[Samples]:
    if isinstance(value, Samples):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _samples_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _samples_in(part)
