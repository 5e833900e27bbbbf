"""Floors: the least that is paid in a span; what is lacking at its end is paid then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments
from sibmodel.model.chance import Floats


@dataclass
class _Floor:
    rules: frozenset[int]
    size: float
    lasts: int
    so_far: Floats


def _stated(payments: Payments) -> Iterator[tuple[str, str, tuple[str, ...], float]]:
    """Floors, fewest rules and short spans first: label, span, rules covered, size."""
    named = sorted(payments.floors.named.items(), key=lambda item: (len(set(item[1].of)), item[0]))
    for name, floor in named:
        for span in ("period", "year", "total"):
            size = getattr(floor, span)
            if size is not None:
                label = f"floor {name}" if span == "total" else f"floor {name}.{span}"
                yield label, span, floor.of, size
    everything = tuple(payments.rules)
    for span in ("period", "year", "contract"):
        size = getattr(payments.floors, span)
        if size is not None:
            yield f"floor {span}", span, everything, size


def floor_names(payments: Payments) -> list[str]:
    """Labels of the floors, as they stand beside the rules in payments and accounts."""
    return [label for label, *_ in _stated(payments)]


class Floors:
    """What each floor still lacks."""

    def __init__(self, contract: Contract, runs: int) -> None:
        self._last = contract.timeline.periods - 1
        names = list(contract.payments.rules)
        lasts = {"period": 1, "year": contract.timeline.periods_per_year}
        self._floors = [
            _Floor(
                frozenset(names.index(rule) for rule in of),
                size,
                lasts.get(span, contract.timeline.periods),
                np.zeros(runs),
            )
            for _, span, of, size in _stated(contract.payments)
        ]

    def _ends(self, floor: _Floor, period: int) -> bool:
        return (period + 1) % floor.lasts == 0 or period == self._last

    @property
    def any(self) -> bool:
        """Whether there is a floor at all."""
        return bool(self._floors)

    def lacking(self, by_rule: Floats, period: int) -> Iterator[tuple[int, Floats]]:
        """Take a period's payments (rule, run) in; each floor whose span ends, and what it lacks.

        What is then paid under it is told by :meth:`bring` before the next is asked for.
        """
        for floor in self._floors:
            floor.so_far = floor.so_far + by_rule[sorted(floor.rules)].sum(axis=0)
        for number, floor in enumerate(self._floors):
            if self._ends(floor, period):
                lack = np.maximum(floor.size - floor.so_far, 0.0)
                if lack.any():
                    yield number, lack
                floor.so_far = np.zeros_like(floor.so_far)

    def bring(self, number: int, amount: Floats, period: int) -> None:
        """Count what one floor brings under all others that cover its rules, in the open spans."""
        for other, floor in enumerate(self._floors):
            closed = other <= number and self._ends(floor, period)
            if floor.rules >= self._floors[number].rules and not closed:
                floor.so_far = floor.so_far + amount
