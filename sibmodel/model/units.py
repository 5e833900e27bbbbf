"""Units: outcomes that a person can have several of, in one world, of one group and start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats, Uniforms
from sibmodel.model.quantities import (
    Numbers,
    Rate,
    ends_in,
    expected_in,
    falls_in,
    numbers,
    possible_ratio,
    shared_mean,
    shared_stretch,
    stretches,
    survival,
    time_scale,
    variance_ratio,
)


class Quantity(Protocol):
    """A number a person, in one world, of one group and start."""

    @property
    def mean(self) -> Rate:
        """Mean number a person in each run."""

    def rare(self, below: float) -> bool:
        """Whether any run decides it by a chance so small."""

    def of(self, uniforms: Uniforms) -> Numbers:
        """Each person's number, shape (person, run)."""

    def by_period(self, number: Numbers) -> Iterator[Numbers]:
        """What of it falls in each period from the delay on."""

    def as_one(self, number: Numbers) -> Iterator[Numbers]:
        """All of it in the period in which it is complete."""

    def expected(self) -> Sequence[Rate]:
        """What is expected of a person in each period from the delay on."""


@dataclass(frozen=True)
class WholeNumber:
    """So many, all recorded at once."""

    outcome: str
    mean: Rate
    ratio: Rate

    @cached_property
    def survival(self) -> Floats:
        """Chance of k or more, shape (k − 1, run or 1)."""
        return survival(mean=self.mean, ratio=self.ratio, outcome=self.outcome)

    def rare(self, below: float) -> bool:
        return bool(np.any((np.asarray(self.mean) > 0) & (np.asarray(self.mean) < below)))

    def of(self, uniforms: Uniforms) -> Numbers:
        return numbers(uniforms=uniforms, survival=self.survival)

    def by_period(self, number: Numbers) -> Iterator[Numbers]:
        yield number

    def as_one(self, number: Numbers) -> Iterator[Numbers]:
        yield number

    def expected(self) -> Sequence[Rate]:
        return [self.mean]


@dataclass(frozen=True)
class Stretch:
    """A time, each period's part of it recorded in that period."""

    mean: Rate
    edges: tuple[float, ...]

    @cached_property
    def scale(self) -> Floats:
        """θ in each run."""
        return time_scale(mean=self.mean, window=self.edges[-1])

    def rare(self, below: float) -> bool:
        return False

    def of(self, uniforms: Uniforms) -> Numbers:
        return stretches(uniforms=uniforms, scale=self.scale, window=self.edges[-1])

    def by_period(self, number: Numbers) -> Iterator[Numbers]:
        return falls_in(stretch=number, edges=self.edges)

    def as_one(self, number: Numbers) -> Iterator[Numbers]:
        return ends_in(stretch=number, edges=self.edges)

    def expected(self) -> Sequence[Rate]:
        return expected_in(scale=self.scale, edges=self.edges)


def quantity(
    contract: Contract,
    outcome: str,
    field: str,
    drawn: Drawn,
    group: str,
    *,
    alikeness: float = 0.0,
    luck: Floats | None = None,
) -> Quantity | None:
    """The number a person of an outcome with a unit has, with the service or without it.

    Parameters
    ----------
    contract, outcome : Contract, str
    field : str
        ``rate``, or ``anyway``: None where it is not stated.
    drawn : Drawn
        Values of the contract's numbers in each run.
    group : str
        Label of the group.
    alikeness : float
    luck : array (run,), optional
        Normal score of the shared luck; None: there is none.

    Raises
    ------
    ValueError
        If no window is stated for a time, or its mean is not within it.
    """
    clause = contract.outcomes[outcome]
    if getattr(clause, field) is None:
        return None
    path = f"outcomes.{outcome}"
    mean = drawn(f"{path}.{field}", group)
    shared = alikeness if luck is not None else 0.0
    if clause.time_unit is not None:
        window = contract.window(outcome, group)
        if np.isinf(window):
            raise ValueError(
                f"cannot simulate: {outcome} is counted in {clause.unit}s, and how long after its "
                f"start they count is not stated. Add {path}.within, such as {{months: 18}}"
            )
        if np.any(np.asarray(mean) >= window):
            raise ValueError(
                f"{path}.{field}: a mean of {np.max(mean):,.6g} {clause.unit}s a person cannot "
                f"come about within {window:,.6g}: it must be below that"
            )
        if luck is not None and shared > 0:
            mean = shared_stretch(mean=mean, window=window, alikeness=shared, luck=luck)
        length, periods = contract.units_a_period(outcome), contract.accrues_over(outcome, group)
        edges = tuple(j * length for j in range(periods))
        return Stretch(mean, (*edges, window))
    spread = None if clause.spread is None else drawn(f"{path}.spread", group)
    rate = drawn(f"{path}.rate", group)
    ratio = variance_ratio(mean=rate, spread=spread)
    if luck is not None and shared > 0:
        mean = shared_mean(mean=mean, ratio=ratio, alikeness=shared, luck=luck)
    return WholeNumber(outcome, mean, possible_ratio(mean=rate, ratio=(1 - shared) * ratio))
