"""The straight line: one block of runs taken through all the stages."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.checks import support
from sibmodel.contract.contract import Contract
from sibmodel.contract.people import Cohort
from sibmodel.model.assumptions import Assumptions, Drawn
from sibmodel.model.chance import BLOCK, Floats, uniform_per_run
from sibmodel.model.comparison import comparison_totals
from sibmodel.model.endings import Stops, without_later_starts
from sibmodel.model.facts import simulated_facts
from sibmodel.model.hands import CellClaims, Hands, lots_by_start, person_by_person
from sibmodel.model.measure import Measure
from sibmodel.model.measures import measures
from sibmodel.model.outcomes import (
    Counts,
    EvenPeople,
    LuckOf,
    count_cell,
    expected_cell,
    random_luck,
)
from sibmodel.model.people import Cell, planned_intake, planned_starts, starts
from sibmodel.model.prices import Asked, Reader, worth_of
from sibmodel.model.rates import CohortRates, cohort_luck, cohort_rates
from sibmodel.model.stages import Stages
from sibmodel.money import Terms, move_money

WIDTH = 2048
"""Runs whose money is moved together: few enough for the processor's cache."""

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


BASE_CASE = Switches(uncertainty=False, shared_luck=False, chance=False)


class Plan:
    """A contract made ready: what is the same in every block is worked out once."""

    def __init__(self, contract: Contract) -> None:
        unrated = [n for n, o in contract.outcomes.items() if o.rate is None]
        if unrated:
            raise ValueError(
                f"cannot simulate: no rate is stated for {', '.join(unrated)}. Add outcomes."
                f"{unrated[0]}.rate, or use settle() with recorded outcomes"
            )
        self.contract = contract
        self.assumptions = Assumptions(contract)
        self.measures: tuple[Measure, ...] = measures(contract)
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
        self.terms = Terms.of(contract)
        self.endings = contract.ending_names
        most = sum(cohort.size * _most(contract, cohort) for cohort in contract.cohorts.values())
        self.small: type[np.generic] = np.uint16 if most < 2**16 else np.uint32
        units = any(clause.unit is not None for clause in contract.outcomes.values())
        self.kept_as: type[np.generic] = np.float64 if units else self.small

        self._refuse_numbers()

    def _refuse_numbers(self) -> None:
        """Find out at once that a number a person cannot be simulated.

        Raises
        ------
        ValueError
        """
        if all(outcome.unit is None for outcome in self.contract.outcomes.values()):
            return
        for rates in self._rates(self.assumptions.means(), None).values():
            for world in (*rates.achieved.values(), *rates.anyway.values()):
                for number in world.numbers.values():
                    number.of(np.full((1, 1), 0.5))

    # --- one block --------------------------------------------------------------------------------

    def stages(self, *, seed: int, block: int, switches: Switches, details: bool) -> Stages:
        """All stages for one block of runs, as one part."""
        [stages] = self.parts(
            seed=seed, block=block, switches=switches, details=details, width=switches.runs
        )
        return stages

    def parts(
        self, *, seed: int, block: int, switches: Switches, details: bool, width: int = WIDTH
    ) -> Iterator[Stages]:
        """All stages for one block of runs, its runs in parts small enough to stay in the cache.

        People are walked for the whole block at once; money is then moved part by part. Where
        endings hold, the block is taken through again with the later starts left out.
        """
        line = functools.partial(
            self._line, seed=seed, block=block, switches=switches, details=details, width=width
        )
        if not self.endings:
            yield from line()
            return
        found = list(line())
        stops = Stops.together([(stages.found, stages.runs) for stages in found])
        yield from found if stops is None else line(stops=stops)

    def _line(
        self,
        *,
        seed: int,
        block: int,
        switches: Switches,
        details: bool,
        width: int,
        stops: Stops | None = None,
    ) -> Iterator[Stages]:
        """The straight line once; with ``stops``, nobody starts after them."""
        runs = switches.runs
        drawn, people, luck = self._drawn(seed, block, switches)
        if stops is not None:
            people = without_later_starts(self.contract, people, stops)
        lots_of_luck = {
            name: uniform_per_run(seed, f"ending/{name}", block)[:runs]
            if switches.chance
            else np.full(runs, 0.5)
            for name in self.endings
        }
        rates = self._rates(drawn, luck)
        compared = comparison_totals(
            self.contract,
            planned=self.planned,
            starts=people,
            rates=rates,
            drawn=drawn,
            luck=luck,
            seed=seed,
            block=block,
            chance=switches.chance,
        )
        by_person = person_by_person(self.contract, self.terms.routes, drawn)
        by_start = {n for n, way in self.terms.routes.items() if way == "starts"} - by_person
        if by_person:  # each part would walk the people again: as few parts as memory allows
            width = min(runs, self._people_held_at_once(people, runs, switches.chance, by_person))
        columns = [slice(low, min(low + width, runs)) for low in range(0, runs, width)]
        walk = functools.partial(self._walk, rates=rates, people=people, seed=seed, block=block)
        hands = Hands(self.contract, by_person, columns[0])
        cells: list[CellClaims] = []
        counts = walk(
            chance=switches.chance,
            hands=hands if by_person and switches.chance else None,
            on_cell=(lambda *cell: cells.append(cell)) if by_start or by_person else None,
        )
        for cell in self.cells if by_start or by_person else ():
            cells.append((cell, cell.cohort, cell.start, people[cell.group][cell.start]))
        for index, some in enumerate(columns):
            if by_person and (index > 0 or not switches.chance):
                hands = Hands(self.contract, by_person, some)
                walk(chance=True, hands=hands, even=None if switches.chance else _points(runs))
                if not switches.chance:
                    hands.add_up_to(cells)
            started = {group: count[:, some] for group, count in people.items()}
            counted = _of(counts, some)
            here = drawn.of(some)
            yield move_money(
                self.terms,
                drawn=here,
                assumed=self.assumptions.uncertain_of(here),
                people=started,
                counts=counted,
                lots=[*hands.lots, *lots_by_start(self.contract, by_start, cells, some)],
                person_by_person=by_person | by_start,
                facts=simulated_facts(
                    self.contract,
                    planned=self.planned,
                    starts=started,
                    claimed=counted["claimed"],
                    comparisons={name: totals[..., some] for name, totals in compared.items()},
                ),
                details=details,
                stops=None if stops is None else stops.of(some),
                lots_of_luck={name: luck[some] for name, luck in lots_of_luck.items()},
            )

    def happen(self, *, seed: int, block: int, switches: Switches) -> dict[str, dict[str, Counts]]:
        """What happens to people in one block of runs, before any money.

        Returns
        -------
        dict of kind (achieved, anyway, claimed) to dict of outcome to array (group, period, run)
        """
        drawn, people, luck = self._drawn(seed, block, switches)
        return self._walk(
            rates=self._rates(drawn, luck),
            people=people,
            seed=seed,
            block=block,
            chance=switches.chance,
            hands=None,
        )

    def _drawn(
        self, seed: int, block: int, switches: Switches
    ) -> tuple[Drawn, dict[str, Counts], Callable[[str], Floats] | None]:
        """The contract's numbers, who starts, and the luck that is shared, in each run."""
        drawn = (
            self.assumptions.draw(seed, block) if switches.uncertainty else self.assumptions.means()
        )
        luck = cohort_luck(seed, block) if switches.shared_luck else None
        return drawn, self._starts(drawn, switches.runs, whole=switches.chance), luck

    def _rates(self, drawn: Drawn, luck: Callable[[str], Floats] | None) -> dict[str, CohortRates]:
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

    def _starts(self, drawn: Drawn, runs: int, *, whole: bool) -> dict[str, Counts]:
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

    def _walk(
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

    def person_earnings(self, *, seed: int) -> Floats:
        """What each simulated person's claims earn at their price, before limits, shape (person,).

        The people of the first runs of block 0, assumptions at their means, no shared luck.
        """
        drawn = self.assumptions.means()
        hands = Hands(self.contract, self.terms.routes, slice(0, 1024))
        self._walk(
            rates=self._rates(drawn, None),
            people=self._starts(drawn, BLOCK, whole=True),
            seed=seed,
            block=0,
            chance=True,
            hands=hands,
        )
        reader, names = Reader(self.contract, drawn), list(self.contract.payments.rules)
        earned = [np.zeros((people, 1024)) for people in hands.slabs]
        for lot in hands.lots:
            asked = Asked(lot.date, lot.group, lot.started, lot.number)
            worth, factor = worth_of(reader, names[lot.rule], asked)
            by_price = self.contract.payments.rules[names[lot.rule]].worth == "price"
            assert lot.people is not None
            earned[lot.people] += (lot.number if by_price else lot.number > 0) * (worth * factor)
        return np.concatenate([np.zeros(0), *(slab.ravel() for slab in earned)])

    def _people_held_at_once(
        self, people: Mapping[str, Counts], runs: int, chance: bool, rules: Collection[str]
    ) -> int:
        """How many runs fit in memory where every person is held."""
        held = sum(
            int(people[cell.group][cell.start].max()) if chance else _points(runs)
            for cell in self.cells
        )
        each = 10
        for name in rules:
            pays = self.contract.payments.rules[name].pays or ""
            outcome = self.contract.outcomes.get(pays)
            numbers = outcome is not None and outcome.unit is not None
            spans = (
                [self.contract.accrues_over(pays, g) for g in self.rows[pays]] if numbers else []
            )
            each += 8 * max(spans) if numbers else 2
        return max(64, _PERSON_BYTES // (max(held, 1) * each))


def _of(counts: Mapping[str, Mapping[str, Counts]], runs: slice) -> dict[str, dict[str, Counts]]:
    """Some runs of all counts; what is one array stays one."""
    some: dict[str, dict[str, Counts]] = {
        kind: {name: array[..., runs] for name, array in counts[kind].items()}
        for kind in ("achieved", "anyway")
    }
    some["claimed"] = {
        name: some["achieved"][name] if array is counts["achieved"][name] else array[..., runs]
        for name, array in counts["claimed"].items()
    }
    return some


def _points(runs: int) -> int:
    """How many even people stand for a cell where there is no chance."""
    return 4096 if runs == 1 else 128


def _even_luck(name: str, fine: bool, *, points: int, runs: int) -> EvenPeople:
    return EvenPeople(name, points, runs)


def _most(contract: Contract, cohort: Cohort) -> float:
    """The largest share of a cohort's planned starts that can turn up."""
    number = cohort.referrals
    if isinstance(number, str):
        number = contract.assumptions[number]
    assert not isinstance(number, str | ByGroup)
    if isinstance(number, Assumption) and number.form == "quantiles":
        return math.inf  # what is fitted may have no end
    return support(number)[1]
