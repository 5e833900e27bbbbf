"""The straight line: one block of runs taken through all the stages."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.checks import support
from sibmodel.contract.contract import Contract
from sibmodel.contract.people import Cohort
from sibmodel.model.assumptions import Assumptions, Drawn
from sibmodel.model.chance import BLOCK, Floats
from sibmodel.model.evidence import Mask
from sibmodel.model.ladders import CohortRates, cohort_luck, cohort_rates
from sibmodel.model.limits import PersonLimit, Price
from sibmodel.model.measures import Measure, measures
from sibmodel.model.outcomes import (
    Counts,
    EvenPeople,
    LuckOf,
    count_cell,
    expected_cell,
    random_luck,
)
from sibmodel.model.payments import dearest_path
from sibmodel.model.people import planned_intake, planned_starts, starts
from sibmodel.model.stages import Stages
from sibmodel.money import Terms, move_money, prices_of

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


@dataclass(frozen=True)
class Cell:
    """People of one group who start in one period."""

    cohort: str
    group: str
    start: int

    @property
    def name(self) -> str:
        """The name its streams carry: ``cohort/group/start``."""
        group = self.group if "/" in self.group else f"{self.group}/{self.group}"
        return f"{group}/{self.start}"


class Claimants(Protocol):
    """Anything that is handed people's claims, slab by slab."""

    def add_people(self, people: int, weight: float | Floats = 1.0) -> None:
        """Begin a slab of people; the claims that follow are theirs."""

    def add_claims(self, *, rule: int, period: int, price: Price, claimed: Mask) -> None:
        """Claims of the current slab: one a person, shape (person, run)."""


class _Earnings:
    """Adds up what each person's claims earn."""

    def __init__(self, runs: int) -> None:
        self._runs, self._slabs = runs, list[Floats]()

    def add_people(self, people: int, weight: float | Floats = 1.0) -> None:
        self._slabs.append(np.zeros((people, self._runs)))

    def add_claims(self, *, rule: int, period: int, price: Price, claimed: Mask) -> None:
        self._slabs[-1] += claimed * price

    def per_person(self) -> Floats:
        return np.concatenate([np.zeros(0), *(slab.ravel() for slab in self._slabs)])


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
        self.rules_paying: dict[str, list[int]] = {}
        for r, rule in enumerate(contract.payments.rules.values()):
            self.rules_paying.setdefault(rule.pays, []).append(r)
        self.delay = {name: contract.delay_of(name) for name in contract.outcomes}
        self.terms = Terms.of(contract)
        most = sum(cohort.size * _most(contract, cohort) for cohort in contract.cohorts.values())
        self.small: type[np.generic] = np.uint16 if most < 2**16 else np.uint32

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

        People are walked for the whole block at once; money is then moved part by part.
        """
        runs = switches.runs
        drawn = (
            self.assumptions.draw(seed, block) if switches.uncertainty else self.assumptions.means()
        )
        people = self._starts(drawn, runs, whole=switches.chance)
        luck = cohort_luck(seed, block) if switches.shared_luck else None
        rates = self._rates(drawn, luck)
        prices = prices_of(self.contract, drawn, limited=True)
        limited = self._person_limit_can_bind(prices)
        if limited:  # each part would walk the people again: as few parts as memory allows
            width = min(runs, self._people_held_at_once(people, runs, switches.chance))
        columns = [slice(low, min(low + width, runs)) for low in range(0, runs, width)]
        walk = functools.partial(
            self._walk, rates=rates, people=people, prices=prices, seed=seed, block=block
        )
        person = self._person(columns[0]) if limited and switches.chance else None
        counts = walk(chance=switches.chance, person=person, columns=columns[0])
        for index, some in enumerate(columns):
            if limited and (index > 0 or not switches.chance):
                person = self._person(some)
                even = None if switches.chance else self._points(runs)
                walk(chance=True, person=person, columns=some, even=even)
            yield move_money(
                self.terms,
                drawn=drawn.of(some),
                people={group: count[:, some] for group, count in people.items()},
                counts=_of(counts, some),
                person=person,
                details=details,
            )

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
        prices: Mapping[str, Mapping[str, Price]],
        seed: int,
        block: int,
        chance: bool,
        person: Claimants | None,
        columns: slice,
        even: int | None = None,
    ) -> dict[str, dict[str, Counts]]:
        """Every cell's people, into counts by kind and outcome, shape (group, period, run)."""
        runs = next(iter(people.values())).shape[-1]
        kind = self.small if chance else np.float64
        labels = {name: self.contract.groups(name) for name in self.contract.cohorts}
        counts: dict[str, dict[str, Counts]] = {"achieved": {}, "anyway": {}, "claimed": {}}
        for name in self.contract.outcomes if even is None else ():
            cohort = self.contract.cohort_of(name)
            shape = (len(labels[cohort]), self.periods, runs)
            counts["achieved"][name] = np.zeros(shape, dtype=kind)
            if any(name in shares for shares in rates[cohort].share_anyway.values()):
                counts["anyway"][name] = np.zeros(shape, dtype=kind)
            certain = name not in rates[cohort].unsure_evidence
            counts["claimed"][name] = (
                counts["achieved"][name] if certain else np.zeros(shape, dtype=kind)
            )
        for cell in self.cells:
            mine = people[cell.group][cell.start]
            if not np.any(mine):
                continue
            weight: float | Floats = 1.0
            luck_of: LuckOf = random_luck(seed, block)
            if even is not None:
                weight = mine[columns] / even
                mine = np.full(runs, even)
                luck_of = functools.partial(_even_luck, points=even, runs=runs)
            if not chance:
                counted = expected_cell(rates[cell.cohort], cell.group, cell.start, mine)
            else:
                counted = count_cell(
                    rates[cell.cohort],
                    cell.name,
                    cell.group,
                    cell.start,
                    mine,
                    luck_of,
                    self._collector(person, cell, prices, columns, weight) if person else None,
                )
            if even is not None:
                continue
            g = labels[cell.cohort].index(cell.group)
            for what in ("achieved", "anyway", "claimed"):
                found: dict[str, Counts] = getattr(counted, what)
                for name, count in found.items():
                    if what == "claimed" and counts["claimed"][name] is counts["achieved"][name]:
                        continue
                    counts[what][name][g, cell.start + self.delay[name]] = count
        return counts

    def _collector(
        self,
        person: Claimants,
        cell: Cell,
        prices: Mapping[str, Mapping[str, Price]],
        columns: slice,
        weight: float | Floats,
    ) -> Callable[[str, Mask], None]:
        """Hands the claims of a cell's people to the limit per person, slab by slab."""
        names = list(self.contract.payments.rules)

        def collect(paid_for: str, mask: Mask) -> None:
            if paid_for == cell.cohort:
                person.add_people(len(mask), weight)
            for r in self.rules_paying.get(paid_for, ()):
                price = prices[names[r]][cell.group]
                person.add_claims(
                    rule=r,
                    period=cell.start + self.delay.get(paid_for, 0),
                    price=price if np.ndim(price) == 0 else np.asarray(price)[columns],
                    claimed=mask[:, columns],
                )

        return collect

    def _person_limit_can_bind(self, prices: Mapping[str, Mapping[str, Price]]) -> bool:
        limit = self.contract.payments.limits.person
        if limit is None:
            return False
        for name in self.contract.cohorts:
            for group in self.contract.cohorts[name].labels(name):
                worth: dict[str, Price] = {}
                for rule, clause in self.contract.payments.rules.items():
                    if group in prices[rule]:
                        worth[clause.pays] = worth.get(clause.pays, 0.0) + prices[rule][group]
                if dearest_path(self.contract, worth, name) > limit:
                    return True
        return False

    def person_earnings(self, *, seed: int) -> Floats:
        """What each simulated person's claims earn at their price, before limits, shape (person,).

        The people of the first runs of block 0, assumptions at their means, no shared luck.
        """
        drawn, some = self.assumptions.means(), slice(0, 1024)
        people = self._starts(drawn, BLOCK, whole=True)
        prices = prices_of(self.contract, drawn)
        earnings = _Earnings(some.stop)
        self._walk(
            rates=self._rates(drawn, None),
            people=people,
            prices=prices,
            seed=seed,
            block=0,
            chance=True,
            person=earnings,
            columns=some,
        )
        return earnings.per_person()

    def _person(self, columns: slice) -> PersonLimit:
        limit = self.contract.payments.limits.person
        assert limit is not None
        return PersonLimit(
            limit, rules=len(self.contract.payments.rules), runs=columns.stop - columns.start
        )

    @staticmethod
    def _points(runs: int) -> int:
        """How many even people stand for a cell where there is no chance."""
        return 4096 if runs == 1 else 128

    def _people_held_at_once(self, people: Mapping[str, Counts], runs: int, chance: bool) -> int:
        """How many runs fit in memory where every person is held."""
        held = sum(
            int(people[cell.group][cell.start].max()) if chance else self._points(runs)
            for cell in self.cells
        )
        each = 10 + 2 * len(self.contract.payments.rules)
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
