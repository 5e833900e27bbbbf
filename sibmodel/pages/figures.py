"""Figures, dates and tables of a contract in plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.register import distribution
from sibmodel.contract.tables import Table
from sibmodel.pages.text import day, listed, words

Say = Callable[[float], str]
"""How a figure is said: as money, a share, a number."""


def plain(value: float) -> str:
    """A figure as it stands in the file.

    Examples
    --------
    >>> plain(1234.5), plain(7000000.0)
    ('1,234.5', '7,000,000')
    """
    return f"{value:,.12g}"


def share(value: float) -> str:
    """A share in percent.

    Examples
    --------
    >>> share(0.075)
    '7.5%'
    """
    return f"{100 * value:.4g}%"


class Figures:
    """Says the figures of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.step = contract.timeline.step.replace("_", "-")

    def dates(self, when: Any) -> str:
        """Dates, or how many there are."""
        if when == "every_period":
            return f"in every {self.step}"
        days = sorted(self.day_of(one) for one in when)
        if len(days) <= 3:
            return f"on {listed([day(one) for one in days])}"
        return f"on {len(days)} dates from {day(days[0])} to {day(days[-1])}"

    def day_of(self, when: int | dt.date) -> dt.date:
        """A date, or the first day of a period."""
        return when if isinstance(when, dt.date) else self.contract.timeline.date(when)

    def money(self, value: float) -> str:
        """Money to the coin, and nothing for 0."""
        if value == 0:
            return "nothing"
        text = f"{abs(value):,.2f}".removesuffix(".00")
        return f"{'−' if value < 0 else ''}{self.contract.currency} {text}"

    def reading(self, performance: str) -> Say:
        """How a performance's value is said."""
        percent = self.contract.performance[performance].unit == "percent"
        return (lambda value: f"{plain(value)}%") if percent else plain

    def number(self, value: Any, say: Say, pays: str | None) -> str:
        """A number, certain or not, or the table it is read off."""
        if isinstance(value, str):
            return self.number(self.contract.assumptions[value], say, pays)
        if isinstance(value, Table):
            return self.table(value, say, pays)
        if isinstance(value, ByGroup):
            each = [
                f"{self.number(one, say, pays)} ({words(group.rpartition('/')[2])})"
                for group, one in value.by_group.items()
            ]
            return listed(each)
        if isinstance(value, Assumption):
            if value.value is not None:
                return say(value.value)
            return f"an uncertain figure ({distribution(value)})"
        return say(value)

    def table(self, table: Table, say: Say, pays: str | None) -> str:
        """A table, row by row."""

        def rows(form: str) -> list[tuple[Any, str]]:
            found = getattr(table, table.forms[form]) or {}
            return [(key, self.number(value, say, pays)) for key, value in found.items()]

        if table.form == "from":
            who = "for those who start " if table.by == "start" else ""
            return listed(
                [f"{value} {who}from {day(self.day_of(key))}" for key, value in rows("from")]
            )
        against = table.by or pays
        known = against is not None and against in self.contract.performance
        bound = self.reading(against) if known and against else plain
        if table.form == "each_above":
            return self._bands(sorted(rows("each_above")), bound, pays)
        parts = [
            f"{value} below {bound(key)}" if form == "below" else f"{value} at {bound(key)} or less"
            for form in ("below", "at_most")
            for key, value in sorted(rows(form))
        ]
        points = [f"{value} at {bound(key)}" for key, value in sorted(rows("through"))]
        if points:
            parts.append(f"on straight lines through {listed(points)}")
        parts += [
            f"{value} {'above' if form == 'above' else 'from'} {bound(key)}"
            for form in ("above", "at_least")
            for key, value in sorted(rows(form))
        ]
        text = ", ".join(parts)
        if against is None or against != pays or not known:
            what = words(against) if known and against else "the claim’s own number"
            text = f"read off {what}, {text}"
        if table.floor is not None:
            text += f", never less than {self.number(table.floor, say, pays)}"
        if table.cap is not None:
            text += f", never more than {self.number(table.cap, say, pays)}"
        return text

    def _bands(self, rows: list[tuple[float, str]], bound: Say, pays: str | None) -> str:
        unit = "unit"
        if pays in self.contract.performance:
            percent = self.contract.performance[pays].unit == "percent"
            unit = "percentage point" if percent else "1"
        each = [
            f"{value}{'' if value == 'nothing' else f' for each {unit}'} "
            + (f"from {bound(low)} to {bound(rows[n + 1][0])}" if n + 1 < len(rows)
               else f"above {bound(low)}")
            for n, (low, value) in enumerate(rows)
        ]  # fmt: skip
        return ", ".join(each)
