"""The slow twin's claims, and the numbers they are paid by: one claim and one table at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import path_text
from sibmodel.contract.tables import Table, row_key

Path = tuple[str | int, ...]


@dataclass
class Seen:
    """A performance as it is read on a date."""

    performance: str
    cohort: str | None
    group: str | None
    date: dt.date
    value: float


@dataclass
class Claim:
    """Somebody's claim, a row of counts, a reading that is paid for, or a payment due."""

    rule: str
    period: int
    date: dt.date
    number: float
    cohort: str | None = None
    group: str | None = None
    started: dt.date | None = None
    person: Hashable = None
    reading: Seen | None = None


@dataclass
class Bands:
    """Marginal prices: the price of each unit above a bound; and whose units are counted."""

    price_above: dict[float, float]
    whose: str | None

    def of(self, units: float) -> float:
        """What the first so many units come to."""
        total = 0.0
        bounds = sorted(self.price_above)
        for bound, above in zip(bounds, [*bounds[1:], float("inf")], strict=True):
            total += max(min(units, above) - bound, 0.0) * self.price_above[bound]
        return total


class NotYetError(Exception):
    """A reading that is needed is not there yet."""


@dataclass
class Tables:
    """Reads the contract's numbers for a claim.

    ``number`` gives a plain number at a path, of a group where it differs; ``readings`` are those
    known by now.
    """

    contract: Contract
    number: Callable[[str, str | None], float]
    readings: list[Seen]

    def read(self, path: Path, clause: Any, claim: Claim) -> float | Bands | None:
        """The number for a claim; None where nothing is in force.

        Raises
        ------
        NotYetError
            If it goes by a reading that is not there yet.
        """
        if isinstance(clause, ByGroup):
            return self.of_group(path, clause, claim)
        if isinstance(clause, float):
            return clause
        if not isinstance(clause, Table):
            return self.number(path_text(path), None)
        if clause.begins is not None:
            value = self.in_force(path, clause, claim)
            if value is None:
                return None
        elif clause.each_above is not None:
            rows = {}
            for bound, one in clause.each_above.items():
                price = self.read((*path, "each_above", row_key(bound)), one, claim)
                rows[bound] = 0.0 if price is None else float(price)  # type: ignore[arg-type]
            return Bands(rows, None)
        else:
            value = self.steps_and_lines(path, clause, claim)
        if isinstance(value, Bands):
            return value
        for word, bring in (("floor", max), ("cap", min)):
            if getattr(clause, word) is not None:
                bound = self.read((*path, word), getattr(clause, word), claim)
                value = bring(value, bound)  # type: ignore[call-overload]
        return value

    def of_group(self, path: Path, clause: ByGroup, claim: Claim) -> float | Bands | None:
        """The number of the claim's group; bands in it count that group's units alone."""
        label = claim.group or claim.cohort  # a reading may be of a cohort
        assert label is not None
        key = label if label in clause.by_group else label.rpartition("/")[2]
        if clause.plain and not isinstance(clause.by_group[key], float):
            return self.number(path_text(path), label)
        found = self.read((*path, "by_group", key), clause.by_group[key], claim)
        return Bands(found.price_above, label) if isinstance(found, Bands) else found

    def in_force(self, path: Path, clause: Table, claim: Claim) -> float | Bands | None:
        """The latest row begun on the claim's date, or on the date the person started."""
        assert clause.begins is not None
        day = claim.started if clause.by == "start" else claim.date
        assert day is not None
        begun = [key for key in clause.begins if self.contract.timeline.day(key) <= day]
        if not begun:
            return None
        row = max(begun, key=self.contract.timeline.day)
        return self.read((*path, "from", row_key(row)), clause.begins[row], claim)

    def steps_and_lines(self, path: Path, clause: Table, claim: Claim) -> float | Bands | None:
        """A figure's place in steps and lines; outside all rows 0."""
        x = rounded(claim.number if clause.by is None else self.figure(clause.by, claim))
        reached: list[tuple[str, float]] = []
        reached += [("at_most", b) for b in clause.at_most or () if x <= rounded(b)]
        reached += [("below", b) for b in clause.below or () if x < rounded(b)]
        if reached:
            word, bound = min(reached, key=lambda row: row[1])
        else:
            reached += [("at_least", b) for b in clause.at_least or () if x >= rounded(b)]
            reached += [("above", b) for b in clause.above or () if x > rounded(b)]
            if not reached:
                return self.on_a_line(path, clause, x, claim)
            word, bound = max(reached, key=lambda row: row[1])
        return self.read((*path, word, row_key(bound)), getattr(clause, word)[bound], claim)

    def on_a_line(self, path: Path, clause: Table, x: float, claim: Claim) -> float:
        """Between two points; 0 before the first, the last point's value beyond it."""
        points = sorted(clause.through or ())
        if not points or not x >= rounded(points[0]):  # an undefined figure is on no line
            return 0.0

        def at(point: float) -> float:
            value = self.read((*path, "through", row_key(point)), clause.through[point], claim)  # type: ignore[index]
            return 0.0 if value is None else float(value)  # type: ignore[arg-type]

        before = max(p for p in points if rounded(p) <= x)
        after = [p for p in points if p > before]
        if not after:
            return at(before)
        part = (x - before) / (after[0] - before)
        return at(before) + part * (at(after[0]) - at(before))

    def figure(self, performance: str, claim: Claim) -> float:
        """The first reading of its cohort or group dated on or after the claim."""
        fitting = [
            seen
            for seen in self.readings
            if seen.performance == performance
            and seen.date >= claim.date
            and (seen.cohort is None or claim.cohort is None or seen.cohort == claim.cohort)
            and (seen.group is None or claim.group is None or seen.group == claim.group)
        ]
        if not fitting:
            raise NotYetError
        return min(fitting, key=lambda seen: seen.date).value


def rounded(x: float) -> float:
    """To 12 significant digits, so that 1 − 90/100 is at least 0.1."""
    return float(f"{x:.12g}")


def holds(x: float, words: dict[str, float]) -> bool:
    """Whether a figure passes all bounds of a test."""
    x = rounded(x)
    bounds = {word: rounded(bound) for word, bound in words.items()}
    return (
        x >= bounds.get("at_least", x)
        and x <= bounds.get("at_most", x)
        and ("above" not in bounds or x > bounds["above"])
        and ("below" not in bounds or x < bounds["below"])
    )
