"""The slow twin's people: who starts, and what each achieves, would have anyway, and claims."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import stats
from scipy.special import ndtr, ndtri
from twin_numbers import chance_of_a_trial, k_or_more, pieces, scale_of, stretch

from sibmodel.contract.contract import Contract
from sibmodel.contract.people import Ramp
from sibmodel.model.assumptions import Assumptions
from sibmodel.model.chance import (
    PersonUniforms,
    SharedLuck,
    joined_scores,
    normal_scores,
    uniform_per_run,
)


@dataclass
class Person:
    """Somebody who started, and what came of it."""

    cohort: str
    group: str
    start: int
    achieved: dict[str, dict[int, float]] = field(default_factory=dict)  # outcome: period: number
    anyway: dict[str, dict[int, float]] = field(default_factory=dict)
    claimed: dict[str, dict[int, float]] = field(default_factory=dict)
    as_one: dict[str, tuple[int, float]] = field(default_factory=dict)  # outcome: period, number
    received: float = 0.0


@dataclass
class World:
    """One person with the service, or without it: shares of people alike, and how far this one got.

    ``reached`` has delays from the start, ``ranks`` how high up among those who got there.
    """

    field: str
    shares: dict[str, float]
    reached: dict[str, int] = field(default_factory=dict)
    ranks: dict[str, np.float32] = field(default_factory=dict)


class TwinPeople:
    """The people of any one run."""

    def __init__(self, contract: Contract, *, seed: int = 0, block: int = 0) -> None:
        self.contract, self.seed, self.block = contract, seed, block
        self.values = Assumptions(contract).draw(seed, block).values
        self._slabs: dict[tuple[str, int], np.ndarray] = {}

    def number(self, path: str, run: int, group: str | None = None) -> float:
        """A number of the contract in a run, of one group where it differs by group."""
        value = self.values.get(f"{path}@{group}")
        if value is None:
            value = self.values[path]
        return float(value if np.ndim(value) == 0 else np.asarray(value)[run])

    # --- people -----------------------------------------------------------------------------------

    def people(self, run: int) -> list[Person]:
        """Everybody who starts."""
        found = []
        for name in self.contract.cohorts:
            turn_up = self.number(f"cohorts.{name}.referrals", run)
            for group, planned in self.planned(name).items():
                so_far = 0
                for period in range(len(planned)):
                    reached = round(sum(planned[: period + 1]) * turn_up, 9)
                    now = math.floor(reached + 0.5)
                    found += [Person(name, group, period) for _ in range(now - so_far)]
                    so_far = now
        return found

    def planned(self, name: str) -> dict[str, list[int]]:
        """Planned starts of each group by period: each place goes to the group furthest behind."""
        cohort = self.contract.cohorts[name]
        sizes = cohort.labels(name)
        given = {group: [0] * self.contract.timeline.periods for group in sorted(sizes)}
        come = 0
        for period, arriving in enumerate(self.intake(name)):
            come += arriving
            for _ in range(arriving):
                behind = {g: Fraction(sizes[g] * come, cohort.size) - sum(given[g]) for g in given}
                given[max(behind, key=lambda g: behind[g])][period] += 1
        return given

    def intake(self, name: str) -> list[int]:
        """Planned starts of a cohort by period."""
        cohort = self.contract.cohorts[name]
        if not isinstance(cohort.intake, Ramp):
            return list(cohort.intake)
        ramp = cohort.intake
        weights = [k + 1 if ramp.ramp == "linear" else 1 for k in range(ramp.over)]
        starts, so_far = [0] * ramp.begin, 0
        for k in range(ramp.over):
            reached = Fraction(cohort.size * sum(weights[: k + 1]), sum(weights))
            starts.append(math.floor(reached + Fraction(1, 2)) - so_far)
            so_far += starts[-1]
        return starts

    # --- outcomes ---------------------------------------------------------------------------------

    def live(self, people: list[Person], run: int) -> None:
        """Decide what each person achieves, would have achieved anyway, and claims."""
        place: dict[tuple[str, int], int] = defaultdict(int)
        for person in people:
            index = place[person.group, person.start]
            place[person.group, person.start] += 1
            group = person.group if "/" in person.group else f"{person.group}/{person.group}"
            cell = f"{group}/{person.start}"
            for name, had in (("rate", person.achieved), ("anyway", person.anyway)):
                world = World(name, self.shares(person, name, run))
                self.walk(person, world, cell, index, run)
                for outcome, delay in world.reached.items():
                    had[outcome] = {person.start + delay: 1.0}
                self.count(person, world, had, cell, index, run)
            for outcome, records in person.achieved.items():
                share = np.float32(self.number(f"outcomes.{outcome}.claimed", run, person.group))
                if share == 1 or self.uniform(f"evidence/{outcome}/{cell}", index, run) < share:
                    person.claimed[outcome] = records
                    whole = sum(records.values())
                    if whole > 0:
                        last = max(t for t, number in records.items() if number > 0)
                        person.as_one[outcome] = (last, whole)

    def mine(self, cohort: str) -> list[str]:
        """Outcomes of a cohort."""
        names = sorted(self.contract.outcomes)
        return [name for name in names if cohort in self.contract.cohorts_of(name)]

    def shares(self, person: Person, world: str, run: int) -> dict[str, float]:
        """Share of those who start like this person who reach each outcome, in this run's luck.

        Of several steps the share that takes them stands under their label.
        """
        cohort = self.contract.cohorts[person.cohort]
        expected: dict[str, float] = {}

        def reach(outcome: str) -> float | None:
            clause = self.contract.outcomes[outcome]
            before: float | None = 1.0
            if len(clause.steps) == 1:
                before = reach(clause.steps[0])
            elif clause.step is not None:
                if any(reach(step) is None for step in clause.steps):
                    return None
                before = self.share_of_steps(person, world, outcome, run)
                expected[clause.step] = before
            if getattr(clause, world) is None or before is None:
                return None
            if clause.unit is not None:
                return before
            return self.number(f"outcomes.{outcome}.{world}", run, person.group) * before

        for outcome in self.mine(person.cohort):
            share = reach(outcome)
            if share is not None and self.contract.outcomes[outcome].unit is None:
                expected[outcome] = share
        if cohort.alikeness == 0:
            return expected
        luck = np.array([self.luck(person, run)])
        return {
            name: float(SharedLuck(luck, alikeness=cohort.alikeness)(share)[0])
            for name, share in expected.items()
        }

    def luck(self, person: Person, run: int) -> float:
        """Normal score of the luck a person shares with others."""
        name = f"luck/{person.cohort}"
        if self.contract.cohorts[person.cohort].shared_by == "start":
            name += f"/{person.start}"
        return float(ndtri(uniform_per_run(self.seed, name, self.block)[run]))

    def share_of_steps(self, person: Person, world: str, outcome: str, run: int) -> float:
        """Share of starters who take the steps of an outcome, each ladder by itself.

        Everything that can happen is gone through, one family of outcomes after another.
        """
        needed: set[str] = set()
        todo = list(self.contract.outcomes[outcome].steps)
        while todo:
            step = todo.pop()
            needed.add(step)
            todo += self.contract.outcomes[step].steps
        families = [
            family
            for label in {self.contract.outcomes[name].step for name in needed}
            for family in self.followers(person.cohort, label)
            if needed & set(family)
        ]

        def chance(got: frozenset[str], left: list[tuple[str, ...]]) -> float:
            for family in left:
                if self.clock(dict.fromkeys(got, 0), family[0]) is None:
                    continue
                rates = {
                    name: self.number(f"outcomes.{name}.{world}", run, person.group)
                    for name in family
                    if getattr(self.contract.outcomes[name], world) is not None
                }
                narrowed = max(1.0, sum(rates.values()))
                rest = [other for other in left if other != family]
                nowhere = 1 - sum(rates.values()) / narrowed
                ways = (p / narrowed * chance(got | {name}, rest) for name, p in rates.items())
                return nowhere * chance(got, rest) + sum(ways)
            return float(self.clock(dict.fromkeys(got, 0), outcome) is not None)

        return chance(frozenset(), families)

    def clock(self, reached: dict[str, int], outcome: str) -> int | None:
        """When the clock of an outcome starts: the last of all steps, the first of any."""
        clause = self.contract.outcomes[outcome]
        taken = [reached[step] for step in clause.steps if step in reached]
        if not clause.steps:
            return 0
        if clause.any_step:
            return min(taken) if taken else None
        return max(taken) if len(taken) == len(set(clause.steps)) else None

    def followers(self, cohort: str, label: str | None) -> list[tuple[str, ...]]:
        """What comes after a step, or several: those that exclude one another stand together."""
        outcomes = self.contract.outcomes
        lists = [clause.one_of for clause in outcomes.values() if clause.one_of]
        found: list[tuple[str, ...]] = []
        for name in self.mine(cohort):
            if outcomes[name].step != label or outcomes[name].unit is not None:
                continue
            family = next((one_of for one_of in lists if name in one_of), (name,))
            if family not in found:
                found.append(family)
        return found

    def walk(self, person: Person, world: World, cell: str, index: int, run: int) -> None:
        """All ladders of a person in one world, those after several steps when they are taken."""
        self.climb(None, person, world, cell, index, run)
        outcomes = self.contract.outcomes
        waiting = {name for name in self.mine(person.cohort) if len(outcomes[name].steps) > 1}
        labels = {outcomes[name].step for name in waiting}
        while labels:
            known = {o for label in labels for family in self.followers(person.cohort, label)
                     for o in family}  # fmt: skip
            for label in sorted(labels, key=str):
                first = next(name for name in waiting if outcomes[name].step == label)
                if not self.before(first) & known:
                    if self.clock(world.reached, first) is not None and label in world.shares:
                        self.climb(label, person, world, cell, index, run)
                    labels.discard(label)
                    break

    def before(self, outcome: str) -> set[str]:
        """Every outcome on the way to one."""
        steps = self.contract.outcomes[outcome].steps
        return set(steps).union(*(self.before(step) for step in steps))

    def climb(
        self, needs: str | None, person: Person, world: World, cell: str, index: int, run: int
    ) -> None:
        """The ladders that begin after a step, or several, that this person has taken."""
        shares = world.shares
        for family in self.followers(person.cohort, needs):
            u = self.joined(
                f"people/{'|'.join(sorted(family))}", needs, person, world, cell, index, run
            )
            whole = 1.0 if needs is None else shares[needs]
            width = {o: shares[o] / whole if whole > 0 else 0.0 for o in family if o in shares}
            narrowed = 1 / max(1.0, sum(width.values()))
            low = 0.0
            for first in family:
                if first not in width:
                    continue
                delay = self.clock(world.reached, first)
                assert delay is not None
                step: str | None = first
                while step is not None and step in shares:
                    high = low + (shares[step] / whole if whole > 0 else 0.0) * narrowed
                    bottom, top = np.float32(low), np.float32(high)
                    delay += self.contract.after(step, person.group)
                    if bottom <= u < top:
                        world.reached[step] = delay
                        world.ranks[step] = (u - bottom) / (top - bottom)
                    after = self.followers(person.cohort, step)
                    if len(after) == 1 and len(after[0]) == 1:
                        step = after[0][0]
                        continue
                    if step in world.reached:
                        self.climb(step, person, world, cell, index, run)
                    step = None
                low += width[first] * narrowed

    def joined(
        self,
        stream: str,
        needs: str | None,
        person: Person,
        world: World,
        cell: str,
        index: int,
        run: int,
    ) -> np.float32:
        """A ladder's uniform, joined to its neighbours' where a person's ladders go together."""
        u = self.uniform(f"{stream}/{cell}", index, run)
        together = self.contract.cohorts[person.cohort].togetherness
        if together == 0:
            return u
        step = needs if needs in self.contract.outcomes else None  # several steps: as the start
        common = self.uniform(f"together/{step or 'start'}/{cell}", index, run)
        return joined(u, common, None if step is None else world.ranks[step], together)

    def uniform(self, name: str, index: int, run: int) -> np.float32:
        """The uniform of one person of a cell in one run, as coarse as it is drawn."""
        if (name, run) not in self._slabs:
            slab = PersonUniforms(self.seed, name, self.block).slab(60)
            self._slabs[name, run] = slab[:, run].copy()
        return np.float32(self._slabs[name, run][index])

    # --- numbers a person -------------------------------------------------------------------------

    def count(
        self,
        person: Person,
        world: World,
        had: dict[str, dict[int, float]],
        cell: str,
        index: int,
        run: int,
    ) -> None:
        """How much of each outcome with a unit a person has, and when."""
        for outcome in self.mine(person.cohort):
            clause = self.contract.outcomes[outcome]
            clock = self.clock(world.reached, outcome)
            if clause.unit is None or getattr(clause, world.field) is None or clock is None:
                continue
            if len(clause.steps) > 1 and clause.step not in world.shares:
                continue  # something on the way is not stated
            u = self.joined(f"people/{outcome}", clause.step, person, world, cell, index, run)
            start = person.start + clock + self.contract.after(outcome, person.group)
            mean = self.number(f"outcomes.{outcome}.{world.field}", run, person.group)
            if clause.time_unit is None:
                number = self.whole_number(outcome, mean, u, person, run)
                if number > 0:
                    had[outcome] = {start: float(number)}
                continue
            window = self.contract.window(outcome, person.group)
            lasts = stretch(u, self.mean_time(mean, window, person, run), window)
            period = self.contract.timeline.days_per_period / clause.time_unit
            if lasts > 0:
                had[outcome] = dict(pieces(lasts, period, start))

    def mean_time(self, mean: float, window: float, person: Person, run: int) -> float:
        """The mean stretch in this run's luck: its variance is alikeness of that between people."""
        alikeness = self.contract.cohorts[person.cohort].alikeness
        if alikeness == 0 or mean == 0:
            return mean
        theta = scale_of(mean, window)
        second = 2 * theta**2 * (1 - math.exp(-window / theta) * (1 + window / theta))
        share = mean / window
        size = share * (1 - share) * window**2 / (alikeness * (second - mean**2)) - 1
        beta = stats.beta(share * size, (1 - share) * size)
        return float(beta.ppf(ndtr(self.luck(person, run)))) * window

    def whole_number(
        self, outcome: str, mean: float, u: np.float32, person: Person, run: int
    ) -> int:
        """The largest k with u < P(k or more)."""
        path = f"outcomes.{outcome}"
        rate = self.number(f"{path}.rate", run, person.group)
        ratio = 1.0
        if self.contract.outcomes[outcome].spread is not None and rate > 0:
            ratio = self.number(f"{path}.spread", run, person.group) ** 2 / rate
        alikeness = self.contract.cohorts[person.cohort].alikeness
        if alikeness > 0 and mean * ratio > 0:
            gamma = stats.gamma(mean / (alikeness * ratio), scale=alikeness * ratio)
            mean = float(gamma.ppf(ndtr(self.luck(person, run))))
        trial = chance_of_a_trial(rate, (1 - alikeness) * ratio)
        k = 0
        while u < np.float32(k_or_more(k + 1, mean, (1 - alikeness) * ratio, trial)):
            k += 1
        return k


def joined(
    u: np.float32, common: np.float32, rank: np.float32 | None, together: float
) -> np.float32:
    """A ladder's uniform joined to its neighbours' by a Gaussian copula.

    Neighbours share a score; where they branch from a step, it is itself joined to how far up the
    person was among those who took the step.
    """

    def score(x: np.float32) -> np.ndarray:
        return normal_scores(np.array([x], dtype=np.float32))

    shared = score(common)
    if rank is not None:
        shared = joined_scores(score(rank), shared, together)
    return np.float32(ndtr(joined_scores(shared, score(u), together))[0])
