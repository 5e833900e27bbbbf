"""The slow twin's people: who starts, and what each achieves, would have anyway, and claims."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.special import ndtr, ndtri

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
    achieved: set[str] = field(default_factory=set)
    anyway: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    received: float = 0.0


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
            for world, kind in (("rate", person.achieved), ("anyway", person.anyway)):
                shares = self.shares(person, world, run)
                self.climb(None, person, shares, kind, cell, index, run)
            for outcome in person.achieved:
                share = np.float32(self.number(f"outcomes.{outcome}.claimed", run, person.group))
                if share == 1 or self.uniform(f"evidence/{outcome}/{cell}", index, run) < share:
                    person.claimed.add(outcome)

    def shares(self, person: Person, world: str, run: int) -> dict[str, float]:
        """Share of those who start like this person who reach each outcome, in this run's luck."""
        cohort = self.contract.cohorts[person.cohort]
        found: dict[str, float] = {}

        def reach(outcome: str) -> float | None:
            clause = self.contract.outcomes[outcome]
            before = 1.0 if clause.needs is None else reach(clause.needs)
            if getattr(clause, world) is None or before is None:
                return None
            return self.number(f"outcomes.{outcome}.{world}", run, person.group) * before

        for outcome in self.contract.outcomes:
            if self.contract.cohort_of(outcome) != person.cohort:
                continue
            share = reach(outcome)
            if share is None:
                continue
            if cohort.alikeness > 0:
                name = f"luck/{person.cohort}"
                name += f"/{person.start}" if cohort.shared_by == "start" else ""
                luck = ndtri(uniform_per_run(self.seed, name, self.block)[run : run + 1])
                share = float(SharedLuck(luck, alikeness=cohort.alikeness)(share)[0])
            found[outcome] = share
        return found

    def followers(self, cohort: str, needs: str | None) -> list[tuple[str, ...]]:
        """What comes after a step: outcomes that exclude one another stand together."""
        outcomes = self.contract.outcomes
        lists = [clause.one_of for clause in outcomes.values() if clause.one_of]
        found: list[tuple[str, ...]] = []
        for name in sorted(outcomes):
            if self.contract.cohort_of(name) != cohort or outcomes[name].needs != needs:
                continue
            family = next((one_of for one_of in lists if name in one_of), (name,))
            if family not in found:
                found.append(family)
        return found

    def climb(
        self,
        needs: str | None,
        person: Person,
        shares: dict[str, float],
        got: set[str],
        cell: str,
        index: int,
        run: int,
        rank: np.float32 | None = None,
    ) -> None:
        """The ladders that begin after a step this person has taken, ``rank`` high among takers."""
        for family in self.followers(person.cohort, needs):
            u = self.uniform(f"people/{'|'.join(sorted(family))}/{cell}", index, run)
            together = self.contract.cohorts[person.cohort].togetherness
            if together > 0:
                common = self.uniform(f"together/{needs or 'start'}/{cell}", index, run)
                u = joined(u, common, rank, together)
            whole = 1.0 if needs is None else shares[needs]
            width = {o: shares[o] / whole if whole > 0 else 0.0 for o in family if o in shares}
            narrowed = 1 / max(1.0, sum(width.values()))
            low = 0.0
            for first in family:
                if first not in width:
                    continue
                step: str | None = first
                while step is not None and step in shares:
                    high = low + (shares[step] / whole if whole > 0 else 0.0) * narrowed
                    bottom, top = np.float32(low), np.float32(high)
                    if bottom <= u < top:
                        got.add(step)
                    after = self.followers(person.cohort, step)
                    if len(after) == 1 and len(after[0]) == 1:
                        step = after[0][0]
                        continue
                    if step in got:
                        place = (u - bottom) / (top - bottom)
                        self.climb(step, person, shares, got, cell, index, run, place)
                    step = None
                low += width[first] * narrowed

    def uniform(self, name: str, index: int, run: int) -> np.float32:
        """The uniform of one person of a cell in one run, as coarse as it is drawn."""
        if (name, run) not in self._slabs:
            slab = PersonUniforms(self.seed, name, self.block).slab(60)
            self._slabs[name, run] = slab[:, run].copy()
        return np.float32(self._slabs[name, run][index])


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
