"""People taken through their outcomes: the first half of the straight line, a block at once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.checks import support
from sibmodel.contract.contract import Contract
from sibmodel.contract.people import Cohort
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import BLOCK, Floats
from sibmodel.model.hands import Claimable, Hands
from sibmodel.model.outcomes import (
    Counts,
    EvenPeople,
    LuckOf,
    count_cell,
    expected_cell,
    random_luck,
)
from sibmodel.model.people import Cell, planned_intake, planned_starts, starts
from sibmodel.model.rates import CohortRates, cohort_rates

_PERSON_BYTES = 400 * 2**20  # people held at once where a limit per person can bind


@dataclass(frozen=True)
class Switches:
    """The three kinds of not knowing, each on or off."""

    uncertainty: bool = True
    shared_luck: bool = True
    chance: bool = True

    @property
    def runs(self) -> int:
        """Runs in a block: one if nothing differs between runs."""
        return BLOCK if self.uncertainty or self.shared_luck or self.chance else 1


@dataclass(frozen=True)
class Where:
    """One block of runs."""

    seed: int
    block: int
    switches: Switches


BASE_CASE = Switches(uncertainty=False, shared_luck=False, chance=False)


class Walk:
    """The people of a contract made ready: what is the same in every block is worked out once.

    ``planned`` starts by group (period,); ``cells``, all groups by start; ``rows``: by outcome, the
    place of each group; ``kept_as``: the type that whole people, or numbers, are kept in.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.periods = contract.timeline.periods
        self.planned: dict[str, npt.NDArray[np.int64]] = {}
        self.cells: list[Cell] = []
        for name, cohort in contract.cohorts.items():
            labels = {group: cohort.labels(name)[group] for group in contract.groups(name)}
            planned = planned_starts(
                intake=planned_intake(cohort, periods=self.periods), groups=list(labels.values())
            )
            for row, group in zip(planned, labels, strict=True):
                self.planned[group] = row
                self.cells += [Cell(name, group, int(t)) for t in np.flatnonzero(row)]
        self.rows = {
            name: {group: g for g, group in enumerate(contract.groups_of(name))}
            for name in contract.outcomes
        }
        self.spread = {
            name
            for name, outcome in contract.outcomes.items()
            if outcome.unit is not None
            or any(len(contract.delays(name, group)) > 1 for group in self.rows[name])
        }
        most = sum(
            cohort.size * _most_turn_up(contract, cohort) for cohort in contract.cohorts.values()
        )
        self.small: type[np.generic] = np.uint16 if most < 2**16 else np.uint32
        units = any(clause.unit is not None for clause in contract.outcomes.values())
        self.kept_as: type[np.generic] = np.float64 if units else self.small

    def rates(self, drawn: Drawn, luck: Callable[[str], Floats] | None) -> dict[str, CohortRates]:
        """The rates of each cohort in each run."""
        return {
            name: cohort_rates(
                self.contract,
                name,
                drawn,
                luck,
                sorted({cell.start for cell in self.cells if cell.cohort == name}),
            )
            for name in self.contract.cohorts
        }

    def starts(self, drawn: Drawn, runs: int, *, whole: bool) -> dict[str, Counts]:
        people: dict[str, Counts] = {}
        for name in self.contract.cohorts:
            mine = self.contract.groups(name)
            turned_up = starts(
                planned=np.stack([self.planned[group] for group in mine]),
                referrals=drawn(f"cohorts.{name}.referrals"),
                runs=runs,
                whole=whole,
            )
            people |= dict(zip(mine, turned_up, strict=True))
        return people

    def counts(
        self,
        *,
        rates: Mapping[str, CohortRates],
        people: Mapping[str, Counts],
        seed: int,
        block: int,
        chance: bool,
        hands: Hands | None,
        on_cell: Callable[[Cell, str, int, Counts], None] | None = None,
        even: int | None = None,
    ) -> dict[str, dict[str, Counts]]:
        """Every cell's people, into counts by kind and outcome, shape (group, period, run).

        Parameters
        ----------
        rates, people : mapping
            Rates by cohort; who starts, by group (period, run).
        seed, block : int
        chance : bool
            People one by one; otherwise as fractions.
        hands : Hands, optional
            Takes claims person by person.
        on_cell : callable, optional
            Is told each cell, outcome and period, and the claims, shape (run,).
        even : int, optional
            So many evenly spread people stand for each cell, for ``hands`` alone.
        """
        runs = next(iter(people.values())).shape[-1]
        counts: dict[str, dict[str, Counts]] = {"achieved": {}, "anyway": {}, "claimed": {}}
        for name, clause in self.contract.outcomes.items() if even is None else ():
            kind = self.small if chance and clause.unit is None else np.float64
            shape = (len(self.rows[name]), self.periods, runs)
            mine = [rates[cohort] for cohort in self.contract.cohorts_of(name)]
            counts["achieved"][name] = np.zeros(shape, dtype=kind)
            if any(world.states(name) for some in mine for world in some.anyway.values()):
                counts["anyway"][name] = np.zeros(shape, dtype=kind)
            certain = not any(name in some.unsure_evidence for some in mine)
            counts["claimed"][name] = (
                counts["achieved"][name] if certain else np.zeros(shape, dtype=kind)
            )
        for cell in self.cells:
            started = people[cell.group][cell.start]
            if not np.any(started):
                continue
            weight: float | Floats = 1.0
            luck_of: LuckOf = random_luck(seed, block)
            if even is not None:
                assert hands is not None
                weight = started[hands.columns] / even
                started = np.full(runs, even)
                luck_of = functools.partial(_even_luck, points=even, runs=runs)
            if not chance:
                counted = expected_cell(rates[cell.cohort], cell.group, cell.start, started)
            else:
                counted = count_cell(
                    rates[cell.cohort],
                    cell.name,
                    cell.group,
                    cell.start,
                    started,
                    luck_of,
                    hands.collector(cell, weight) if hands else None,
                )
            if even is not None:
                continue
            for what in ("achieved", "anyway", "claimed"):
                found: dict[str, dict[int, Counts]] = getattr(counted, what)
                for name, delays in found.items():
                    for delay, count in delays.items():
                        if what == "claimed" and on_cell is not None:
                            on_cell(cell, name, cell.start + delay, count)
                        whole = counts[what][name]
                        if what == "claimed" and whole is counts["achieved"][name]:
                            continue
                        place = (self.rows[name][cell.group], cell.start + delay)
                        if name in self.spread:
                            whole[place] += count
                        else:  # nobody else of the group can have it then
                            whole[place] = count
        return counts

    def held_at_once(
        self, people: Mapping[str, Counts], runs: int, chance: bool, claims: Claimable
    ) -> int:
        """How many runs fit in memory where every person's claims are held."""
        held = sum(
            int(people[cell.group][cell.start].max()) if chance else points_of(runs)
            for cell in self.cells
        )
        each = 10 + 2 * self._bytes_each(claims)
        return max(64, _PERSON_BYTES // (max(held, 1) * each))

    def bytes_of(self, claims: Claimable) -> float:
        """What holding the claims of all who can start takes, for one run."""
        cohorts = self.contract.cohorts.values()
        most = sum(cohort.size * _most_turn_up(self.contract, cohort) for cohort in cohorts)
        return most * self._bytes_each(claims)

    def _bytes_each(self, claims: Claimable) -> int:
        """What one person's claims take: a byte each, or a number for each period of time."""
        found = 0
        for paid_for, _ in claims:
            outcome = self.contract.outcomes.get(paid_for)
            if outcome is None or outcome.unit is None:
                found += 1
            else:
                found += 8 * max(
                    self.contract.accrues_over(paid_for, g) for g in self.rows[paid_for]
                )
        return found


def points_of(runs: int) -> int:
    """How many even people stand for a cell where there is no chance."""
    return 4096 if runs == 1 else 128


def _even_luck(name: str, fine: bool, *, points: int, runs: int) -> EvenPeople:
    return EvenPeople(name, points, runs)


def _most_turn_up(contract: Contract, cohort: Cohort) -> float:
    """The largest share of a cohort's planned starts that can turn up."""
    number = cohort.referrals
    if isinstance(number, str):
        number = contract.assumptions[number]
    assert not isinstance(number, str | ByGroup)
    if isinstance(number, Assumption) and number.form == "quantiles":
        return math.inf  # what is fitted may have no end
    return support(number)[1]
