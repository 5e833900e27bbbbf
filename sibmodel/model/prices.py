"""Prices: what numbers and tables say for a claim, by group, date, figure and count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import path_text
from sibmodel.contract.payments import Payments
from sibmodel.contract.tables import FROM_ABOVE, FROM_BELOW, STEPS, TABLES, Table, row_key
from sibmodel.model.assumptions import Drawn
from sibmodel.model.bounds import reaches, round12
from sibmodel.model.chance import Floats

Value = float | Floats


# --- tables ---------------------------------------------------------------------------------------


def steps_and_lines(
    figure: Value,
    *,
    rows: Mapping[str, Mapping[float, Value]],
    points: Mapping[float, Value] | None = None,
) -> Value:
    """A table read at a figure: steps, straight lines, or both where they do not overlap.

    Parameters
    ----------
    figure : float or array
        What it is read against; compared with bounds after rounding to 12 significant digits.
    rows : mapping of word to mapping of bound to value
        Words are ``at_least``, ``above``, ``at_most``, ``below``. Of rows from below the last one
        reached counts; of rows from above the first that still holds.
    points : mapping of figure to value, optional
        Straight lines between them; beyond the last, its value.

    Returns
    -------
    float or array
        0 outside all rows, and where the figure is undefined.

    Examples
    --------
    >>> float(steps_and_lines(0.616, rows={}, points={0.60: 0.075, 0.65: 0.12}).round(4))
    0.0894
    >>> float(steps_and_lines(1 - 90 / 100, rows={"at_least": {0.1: 9.6}}))
    9.6
    """
    seen = round12(figure)
    value: Value = np.zeros(np.shape(seen))
    if points:
        value = _lines(seen, sorted(points.items()))
    above = sorted(
        ((bound, word) for word in FROM_ABOVE for bound in rows.get(word, {})), reverse=True
    )
    below = sorted((bound, word) for word in FROM_BELOW for bound in rows.get(word, {}))
    for bound, word in (*above, *below):
        value = np.where(reaches(seen, word, bound), rows[word][bound], value)
    return value


def _lines(seen: Floats, points: list[tuple[float, Value]]) -> Floats:
    """Straight lines between points whose values may differ by run; 0 before the first."""
    value = np.where(seen >= points[0][0], points[0][1], 0.0)
    for (low, at_low), (high, at_high) in pairwise(points):
        share = np.clip((seen - low) / (high - low), 0.0, 1.0)
        value = np.where(seen >= low, at_low + share * (np.asarray(at_high) - at_low), value)
    return value


@dataclass(frozen=True)
class Bands:
    """Marginal bands: each unit above a bound has its price; ``times`` multiplies them all."""

    bounds: tuple[float, ...]
    prices: tuple[Value, ...]
    times: Value = 1.0

    def worth(self, count: Value) -> Value:
        """What the first ``count`` units are worth together.

        Examples
        --------
        >>> float(Bands((0, 30, 65), (160_000.0, 38_000.0, 0.0)).worth(38.0))
        5104000.0
        """
        total: Value = np.zeros(np.shape(count))
        for index, (bound, price) in enumerate(zip(self.bounds, self.prices, strict=True)):
            last = index + 1 == len(self.bounds)
            end = np.inf if last else self.bounds[index + 1]
            total = total + np.clip(np.asarray(count) - bound, 0.0, end - bound) * price
        return total * self.times


# --- what a number is read for --------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a number is read for: whose claim, of which date, and the figures known by then."""

    date: dt.date
    group: str | None = None
    started: dt.date | None = None
    figure: Value | None = None
    reading: Callable[[str], Value] | None = None


class Reader:
    """Reads the numbers of one contract, as drawn for some runs.

    Parameters
    ----------
    contract : Contract
    drawn : Drawn
        The values of its numbers in each run, by path.
    """

    def __init__(self, contract: Contract, drawn: Drawn) -> None:
        self.contract, self.drawn = contract, drawn

    def read(self, number: Any, path: str, asked: Asked) -> Any:
        """What a number at a path says: float, array (run,), or Bands for ``each_above``.

        Raises
        ------
        ValueError
            If it needs a group, a start or a figure that is not known.
        """
        if isinstance(number, float):
            return number
        if isinstance(number, Table):
            return self._table(number, path, asked)
        if isinstance(number, ByGroup):
            return self._of_group(number, path, asked)
        return self.drawn(path, asked.group)

    def _of_group(self, number: ByGroup, path: str, asked: Asked) -> Any:
        if asked.group is None:
            values = [*number.by_group.values()]
            if isinstance(values[0], float) and all(value == values[0] for value in values):
                return values[0]
            raise ValueError(f"{path} differs by group ({', '.join(number.by_group)}): say which")
        if number.plain:
            return self.drawn(path, asked.group)
        short = asked.group.rpartition("/")[2]
        key = asked.group if asked.group in number.by_group else short
        return self.read(number.by_group[key], f"{path}.by_group.{key}", asked)

    def _table(self, table: Table, path: str, asked: Asked) -> Any:
        def row(place: tuple[str | int, ...], number: Any) -> Any:
            return self.read(number, joined(path, place), asked)

        rows = {form: self._rows(table, form) for form in TABLES}
        if table.begins is not None:
            day = asked.started if table.by == "start" else asked.date
            if day is None:
                raise ValueError(f"{path} is read by the date of the start: record the starts")
            begun = [(self.contract.timeline.day(key), at) for key, at in rows["from"].items()]
            begun = [(since, at) for since, at in begun if since <= day]
            if not begun:  # nothing is in force, whatever the floor
                return 0.0
            value = row(*max(begun, key=lambda item: item[0])[1])
        elif table.each_above is not None:
            bounds = sorted(rows["each_above"])
            return Bands(tuple(bounds), tuple(row(*rows["each_above"][b]) for b in bounds))
        else:
            value = steps_and_lines(
                self._figure(table, path, asked),
                rows={w: {b: row(*at) for b, at in rows[w].items()} for w in STEPS},
                points={b: row(*at) for b, at in rows["through"].items()},
            )
        if table.floor is not None:
            value = np.maximum(value, self.read(table.floor, f"{path}.floor", asked))
        if table.cap is not None:
            value = np.minimum(value, self.read(table.cap, f"{path}.cap", asked))
        return value

    @staticmethod
    def _rows(table: Table, form: str) -> dict[Any, tuple[tuple[str | int, ...], Any]]:
        """Rows of one form: by key, the steps of the path and the number."""
        stated = getattr(table, table.forms[form]) or {}
        return {key: ((form, row_key(key)), number) for key, number in stated.items()}

    @staticmethod
    def _figure(table: Table, path: str, asked: Asked) -> Value:
        if table.by is not None and asked.reading is not None:
            return asked.reading(table.by)
        if table.by is None and asked.figure is not None:
            return asked.figure
        raise ValueError(f"{path} is read against a figure, and none is recorded")


def joined(path: str, place: tuple[str | int, ...]) -> str:
    """A path with further steps, ``price.at_least[0.3]``."""
    return path + path_text(("x", *place))[1:]


# --- what a rule's numbers depend on --------------------------------------------------------------


def reads(number: Any) -> set[str]:
    """What a number is read by: ``group``, ``date``, ``start``, ``count``, ``figure`` (what its
    rule pays), or ``by NAME`` for a performance.
    """
    if isinstance(number, ByGroup):
        return {"group"}.union(*(reads(one) for one in number.by_group.values()))
    if not isinstance(number, Table):
        return set()
    by = {"from": "date", "each_above": "count", "figure": "figure"}[number.form]
    if number.by is not None:
        by = "start" if number.by == "start" else f"by {number.by}"
    return {by}.union(*(reads(one) for _, one in number.parts()))


def bands_by_group(number: Any, within: bool = False) -> bool:
    """Whether marginal bands stand inside a number by group: they then count that group's."""
    if isinstance(number, ByGroup):
        return any(bands_by_group(one, True) for one in number.by_group.values())
    if not isinstance(number, Table):
        return False
    if number.each_above is not None and within:
        return True
    return any(bands_by_group(one, within) for _, one in number.parts())


def read_by(payments: Payments, name: str) -> set[str]:
    """What the price (or amount) of a rule, its factors and its deadweight are read by."""
    rule = payments.rules[name]
    numbers = [rule.price, rule.amount, rule.deadweight, *rule.factors.values()]
    if rule.price is not None:
        numbers += payments.factors.values()
    return set().union(*(reads(number) for number in numbers))


def performances_of(payments: Payments, name: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    """Performances a rule is tested by or reads its numbers against, beside what it pays."""
    rule = payments.rules[name]
    found = {by.removeprefix("by ") for by in read_by(payments, name) if by.startswith("by ")}
    found |= {test for test in rule.when if test in known}
    return tuple(sorted(found))


def worth_of(reader: Reader, name: str, asked: Asked) -> tuple[Any, Value]:
    """The price (or amount) of a rule as read, and the product of its factors.

    Returns
    -------
    (float, array or Bands), (float or array)
    """
    payments = reader.contract.payments
    rule = payments.rules[name]
    path = f"payments.rules.{name}"
    worth = reader.read(getattr(rule, rule.worth), f"{path}.{rule.worth}", asked)
    factor: Value = 1.0
    if rule.price is not None:
        for other, number in payments.factors.items():
            factor = factor * reader.read(number, f"payments.factors.{other}", asked)
    for other, number in rule.factors.items():
        factor = factor * reader.read(number, f"{path}.factors.{other}", asked)
    return worth, factor
