"""Pooling: figures of many people as totals over all of them, never averages of averages."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sibmodel.model.effects import Number


@dataclass(frozen=True)
class Part:
    """What one fact, or people who start, bring to a pool: totals."""

    date: dt.date
    cohort: str | None
    group: str | None
    people: Number | None
    observed: Number
    counterfactual: Number | None
    measured: bool


@dataclass(frozen=True)
class Pool:
    """People, and what is observed and expected of them in total; None: not known."""

    people: Number | None = 0.0
    observed: Number = 0.0
    counterfactual: Number | None = 0.0

    def with_parts(self, parts: Sequence[Part]) -> Pool:
        """The pool with more people in it."""
        observed = total([self.observed, *(part.observed for part in parts)])
        assert observed is not None
        return Pool(
            total([self.people, *(part.people for part in parts)]),
            observed,
            total([self.counterfactual, *(part.counterfactual for part in parts)]),
        )


def total(numbers: Sequence[Number | None]) -> Number | None:
    """Their sum, in floats exact whatever their order; None where one is not known."""
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return None
    if all(isinstance(number, float | int) for number in known):
        return math.fsum(known)
    return sum(known[1:], known[0])


def standing(parts: Sequence[Part]) -> list[Part]:
    """Parts that no later measured one of the same people replaces.

    A measured row of a cohort, or of everyone, is all that was recorded of them so far: it replaces
    earlier rows, and counts, of the people it covers.
    """
    measured: dict[tuple[str | None, str | None], dt.date] = {}
    for part in parts:  # in order of date
        if part.measured:
            measured[part.cohort, part.group] = part.date

    def stands(part: Part) -> bool:
        covers = {(part.cohort, part.group), (part.cohort, None), (None, None)}
        dates = [measured[key] for key in covers if key in measured]
        return not dates or (part.measured and part.date == max(dates))

    return [part for part in parts if stands(part)]
