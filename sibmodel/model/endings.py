"""Endings: where they hold, and what they stop from then on.

They are found in a first pass, in which nothing ends; then the contract is walked again with the
stops known, so that nobody starts after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sibmodel.contract.capital import DELIVERY_STOPS, Ending
from sibmodel.contract.contract import Contract
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Known
from sibmodel.model.outcomes import Counts
from sibmodel.model.prices import Value
from sibmodel.model.tranches import Closing

Truth = npt.NDArray[np.bool_]

NEVER = 10**9
"""The period in which nothing ended."""
STOPPED = Ending.model_validate({"from": 0, "if": {"unmet": {"above": 0.0}}})
"""What on_shortfall: delivery_stops is short for."""


def ending(contract: Contract, name: str) -> Ending:
    """An ending's clause."""
    assert contract.capital is not None
    return STOPPED if name == DELIVERY_STOPS else contract.capital.endings[name]


@dataclass(frozen=True)
class Stops:
    """Where endings held: by run, the period, and which ending (-1: none)."""

    period: npt.NDArray[np.int64]
    ending: npt.NDArray[np.int64]

    def of(self, runs: slice) -> Stops:
        """Those of some runs."""
        return Stops(self.period[runs], self.ending[runs])

    @classmethod
    def together(cls, parts: Sequence[tuple[Stops | None, int]]) -> Stops | None:
        """Stops of parts one after another, each with its number of runs; None where none held."""
        if all(stops is None for stops, _ in parts):
            return None
        never = [cls(np.full(runs, NEVER), np.full(runs, -1)) for _, runs in parts]
        found = [stops or none for (stops, _), none in zip(parts, never, strict=True)]
        return cls(
            np.concatenate([stops.period for stops in found]),
            np.concatenate([stops.ending for stops in found]),
        )


def without_later_starts(
    contract: Contract, people: Mapping[str, Counts], stops: Stops
) -> dict[str, Counts]:
    """Who starts, by group (period, run), where nobody does from an ending on."""
    clauses = [ending(contract, name) for name in contract.ending_names]
    found = {}
    for group, count in people.items():
        cohort = contract.cohort_of_group(group)
        mine = np.array([clause.cancels in (None, cohort) for clause in clauses] + [False])
        gone = np.arange(len(count))[:, None] >= np.where(mine[stops.ending], stops.period, NEVER)
        found[group] = np.where(gone, 0, count).astype(count.dtype)
    return found


# --- finding them ---------------------------------------------------------------------------------


class EndingTests:
    """Tests endings period by period, and keeps the first that holds in each run.

    Parameters
    ----------
    contract : Contract
    known : Known
    runs : int
    lots_of_luck : mapping of ending to array (run,)
        A uniform for each ending: one that has a chance happens where it is below that.
    """

    def __init__(
        self, contract: Contract, known: Known, runs: int, lots_of_luck: Mapping[str, Floats]
    ) -> None:
        self.contract, self.known, self.runs = contract, known, runs
        self.lots_of_luck, self.names = lots_of_luck, contract.ending_names
        self.stops = Stops(np.full(runs, NEVER), np.full(runs, -1))

    def test(self, t: int, figures: Mapping[str, Callable[[], Value]]) -> None:
        """Note which endings hold in a period, by performances and by figures of the account."""
        for index, name in enumerate(self.names):
            clause = ending(self.contract, name)
            if (t != clause.at) if clause.at is not None else (t < (clause.begin or 0)):
                continue
            holds = (self.stops.ending < 0) & self._holds(t, name, clause, figures)
            self.stops.period[holds] = t
            self.stops.ending[holds] = index

    def _holds(
        self, t: int, name: str, clause: Ending, figures: Mapping[str, Callable[[], Value]]
    ) -> Truth:
        holds, path = np.ones(self.runs, dtype=bool), f"capital.endings.{name}"
        for figure, test in clause.when.items():
            value = figures[figure]() if figure in figures else self.known.figure(t, figure)
            holds &= self.known.meets(t, value, test, f"{path}.if.{figure}")
        if clause.chance is not None:
            chance = self.known.at(t, clause.chance, f"{path}.chance")
            holds &= self.lots_of_luck[name] < chance
        return holds

    def found(self) -> Stops | None:
        """Where endings held, once all periods are through; None where none did."""
        return self.stops if np.any(self.stops.ending >= 0) else None


# --- what they stop -------------------------------------------------------------------------------


class Ends:
    """What is over when, in each run.

    Parameters
    ----------
    contract : Contract
    stops : Stops or None
        None: nothing ends early.
    last_cost : int
        Period of the last cost.
    """

    def __init__(self, contract: Contract, stops: Stops | None, last_cost: int) -> None:
        self.contract, self.stops, self.last_cost = contract, stops, last_cost
        self.last = contract.timeline.periods - 1
        self.names = contract.ending_names
        clauses = [ending(contract, name) for name in self.names]
        nothing = Stops(np.zeros(0, dtype=int), np.zeros(0, dtype=int))
        where = (stops or nothing).ending
        self.closers = np.array([c.closes for c in clauses] + [False])[where]
        """Runs whose accounts close on the day."""
        self._whole = np.array([c.cancels is None for c in clauses] + [False])[where]
        self._notice = np.array([c.notice for c in clauses] + [0])[where]

    def closing(self, t: int) -> Closing:
        """Whether accounts close in a period."""
        last = t == self.last
        if self.stops is None or not self.closers.any():
            return last
        now = self.closers & (self.stops.period == t)
        now = now | (last & ~(self.closers & (self.stops.period < t)))
        return now if now.any() else False

    def live(self, t: int) -> Truth | None:
        """Runs whose accounts are still open in a period; None: all."""
        if self.stops is None:
            return None
        gone = self.closers & (self.stops.period < t)
        return ~gone if gone.any() else None

    def stopped(self, t: int) -> Truth | None:
        """Runs in which nothing more is drawn; None: none."""
        if self.stops is None:
            return None
        stopped = self._whole & (self.stops.period <= t)
        return stopped if stopped.any() else None

    def costs_over(self, t: int) -> Truth | None:
        """Runs whose costs have lapsed; None: none."""
        stopped = self.stopped(t)
        if stopped is None or self.stops is None:
            return None
        over = stopped & (self.stops.period + self._notice <= t)
        return over if over.any() else None

    def no_cost_from(self, t: int, *, known_in: int) -> Closing:
        """Runs in which no cost falls due from a period on, as is known in a period."""
        if t > self.last_cost:
            return True
        over = self.costs_over(t)
        if over is None or self.stops is None:
            return False
        return over & (self.stops.period <= known_in)

    def now(self, t: int) -> Iterator[tuple[str, Ending, Truth]]:
        """Endings that hold in a period in some run, with their clause and those runs."""
        if self.stops is None:
            return
        for index, name in enumerate(self.names):
            holds = (self.stops.ending == index) & (self.stops.period == t)
            if holds.any():
                yield name, ending(self.contract, name), holds

    def redeeming(self, t: int, tranche: str | None = None) -> Truth | None:
        """Runs in which a tranche (if left out, any) is redeemed in a period; None: none."""
        found: Truth | None = None
        for _, clause, holds in self.now(t):
            if tranche in clause.redeem or (tranche is None and clause.redeem):
                found = holds if found is None else found | holds
        return found

    def shut(self) -> Truth | None:
        """Periods after the close of the accounts, (period, run); None where there are none."""
        if self.stops is None or not self.closers.any():
            return None
        late: Truth = np.arange(self.last + 1)[:, None] > self.stops.period
        shut: Truth = late & self.closers
        return shut
