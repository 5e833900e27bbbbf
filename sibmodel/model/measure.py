"""A measure: one number a run, asked of the stages of a block."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sibmodel.contract.faults import did_you_mean
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts
from sibmodel.model.stages import Stages

Expected = Literal["mean", "ratio", "irr", "payback", "life"]
Values = Callable[[Stages], Floats]


@dataclass(frozen=True)
class Measure:
    """A number per run asked of the ledger.

    ``values`` gives it for a block, shape (run,); a ratio names its ``over`` and ``under``
    instead, and is undefined in a run where what is under is not above 0. ``of``: the tranches
    whose cash flow an IRR, a payback or a life is of. ``undefined`` says why the measure does not
    exist for this contract at all.
    """

    name: str
    unit: str
    better: Literal["up", "down", ""]
    about: str
    values: Values | None = None
    expected: Expected = "mean"
    over: str | None = None
    under: str | None = None
    of: tuple[str, ...] = ()
    nobody: str = ""
    undefined: str | None = None


def total_of(flow: Counts) -> Floats:
    """Sum over the first axis, in order: whole people stay whole until the end."""
    total: Floats = np.add.reduce(flow, axis=0, dtype=flow.dtype).astype(np.float64)
    return total


def only(measures: tuple[Measure, ...], asked: Collection[str] | None) -> tuple[Measure, ...]:
    """The measures asked for, and those they are ratios of, in their order; all where None is.

    Raises
    ------
    KeyError
        If there is no such measure; the message has the nearest name.
    """
    if asked is None:
        return measures
    known = {measure.name: measure for measure in measures}
    wanted = set(asked)
    for name in asked:
        if name not in known:
            raise KeyError(f"there is no measure called {name!r}; {did_you_mean(name, known)}")
        wanted |= {part for part in (known[name].over, known[name].under) if part is not None}
    return tuple(measure for measure in measures if measure.name in wanted)
