"""Comparison groups: what is measured on other people.

What we believe would have happened anyway is one thing, what is measured on other people another:
a comparison group has its own chance around ``anyway``. A rate agreed in the contract has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import Comparison
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.effects import difference_in_differences, ratio
from sibmodel.model.facts import Planned, Starts, outcomes_compared
from sibmodel.model.outcomes import Counts
from sibmodel.model.rates import CohortRates, World, cohort_rates
from sibmodel.model.totals import split, total_number, total_reached
from sibmodel.model.yardsticks import in_force

Luck = Callable[[str], Floats]
Rates = Mapping[str, CohortRates]
Rate = float | Floats


@dataclass(frozen=True)
class _Draw:
    """How what people have is drawn: which streams, or no chance at all."""

    seed: int
    block: int
    chance: bool

    def totals(
        self, contract: Contract, outcome: str, world: World, people: Counts, name: str
    ) -> list[Floats]:
        """What people have together in a world, in each period from the delay on."""
        clause, number = contract.outcomes[outcome], world.numbers.get(outcome)
        share: Rate = 1.0
        if clause.unit is None:
            share = world.shares[outcome]
        elif clause.step is not None:
            share = world.shares[clause.step]
        if not self.chance:
            each = [share] if number is None else [share * part for part in number.expected()]
            return [people * one for one in each]
        where: dict[str, int] = {"seed": self.seed, "block": self.block}
        if number is None:
            return [total_reached(people=people, share=share, name=name, **where)]
        if clause.step is not None:
            people = total_reached(people=people, share=share, name=f"{name}/steps", **where)
        return total_number(people=people, quantity=number, name=name, **where)


def comparison_totals(
    contract: Contract,
    *,
    planned: Planned,
    starts: Starts,
    rates: Rates,
    drawn: Drawn,
    luck: Luck | None,
    seed: int,
    block: int,
    chance: bool,
) -> dict[str, Floats]:
    """What the comparison groups show of as many people as are served, a block of runs at once.

    A comparison group's people are others, drawn around what would have happened ``anyway``: they
    have their own chance, and their own shared luck, as much alike as the cohort's, unless
    ``control: randomised``, where both groups come from one cohort and share its luck. Where
    neither ``people`` nor ``people_each`` is stated it is as large as those served; ``people`` are
    spread as starts are planned. A ``historical`` group is drawn once, whenever people start.

    By difference in differences the people served before, the comparison group and the comparison
    group before are each drawn around that same level: there is no trend beyond chance. What is
    lasting about each of the two groups, its shared luck, is the same before and after. The
    counterfactual is worked out for each group of people, all starts together.

    Parameters
    ----------
    contract : Contract
    planned : mapping of group to array (period,)
        Planned starts [people].
    starts : mapping of group to array (period, run)
        Those who started [people].
    rates : mapping of cohort to CohortRates
        Of the people served.
    drawn : Drawn
    luck : callable or None
        Normal score of shared luck by name, shape (run,); None switches it off.
    seed, block : int
        Of the streams, ``comparison/{outcome}/{group}/{start}``.
    chance : bool
        False: exactly the mean.

    Returns
    -------
    dict of outcome to array (group of the outcome, period, run)
        In total, by the period in which it is recorded; NaN where it is not defined.

    Raises
    ------
    ValueError
        If what would have happened anyway is not stated.
    """
    draw, found = _Draw(seed, block, chance), dict[str, Floats]()
    for outcome in outcomes_compared(contract):
        _check_stated(contract, outcome)
        others = {
            cohort: _others(contract, outcome, cohort, rates[cohort], drawn, luck)
            for cohort in contract.cohorts_of(outcome)
        }
        groups = contract.groups_of(outcome)
        runs = starts[groups[0]].shape[-1]
        found[outcome] = np.zeros((len(groups), contract.timeline.periods, runs))
        for total, group in zip(found[outcome], groups, strict=True):
            cohort = contract.cohort_of_group(group)
            mine = _Group(
                contract,
                outcome,
                group,
                planned,
                starts[group],
                rates[cohort],
                others[cohort],
                draw,
            )
            mine.add_to(total)
    return found


def _check_stated(contract: Contract, outcome: str) -> None:
    """That it is stated what would have happened anyway, of the outcome and the way to it."""
    way, todo = set[str](), [outcome]
    while todo:
        name = todo.pop()
        way.add(name)
        todo += contract.outcomes[name].steps
    silent = [
        name for name in contract.outcomes if name in way and contract.outcomes[name].anyway is None
    ]
    if silent:
        raise ValueError(
            f"cannot simulate: {outcome} is set against a comparison group, and what would have "
            f"happened anyway is not stated for {', '.join(silent)}. Add outcomes.{silent[0]}."
            f"anyway, or agree a rate: outcomes.{outcome}.against"
        )


def _others(
    contract: Contract, outcome: str, cohort: str, own: CohortRates, drawn: Drawn, luck: Luck | None
) -> CohortRates:
    """The rates of a comparison group with luck of its own."""
    if luck is None or contract.cohorts[cohort].alikeness == 0:
        return own
    shared = luck

    def its_luck(name: str) -> Floats:
        return shared(name.replace("luck/", f"luck/comparison/{outcome}/", 1))

    return cohort_rates(
        contract, cohort, drawn, its_luck, sorted({start for _, start in own.anyway})
    )


@dataclass(frozen=True)
class _Group:
    """One group of people, and those they are compared with."""

    contract: Contract
    outcome: str
    group: str
    planned: Planned
    starts: Counts
    own: CohortRates
    others: CohortRates
    draw: _Draw

    def add_to(self, total: Floats) -> None:
        """Add what is expected of all its starts to an array (period, run)."""
        delay = self.contract.delays(self.outcome, self.group)[0]
        designs: dict[Comparison, list[int]] = {}
        for start in map(int, np.flatnonzero(self.planned[self.group])):
            for later in range(self.contract.accrues_over(self.outcome, self.group)):
                date = self.contract.timeline.date(start + delay + later)
                design, _ = in_force(self.contract, self.outcome, date)
                if isinstance(design, Comparison):  # the first they meet is the one they stay in
                    designs.setdefault(design, []).append(start)
                    break
        for design, starts in designs.items():
            for start, each in self._each(design, starts).items():
                for later, one in enumerate(each):
                    served = self.starts[start]
                    total[start + delay + later] += np.where(served > 0, served * one, 0.0)

    def _each(self, design: Comparison, starts: list[int]) -> dict[int, list[Floats]]:
        """The counterfactual of one person, by start, in each period from the delay on."""
        if design.difference_in_differences is not None:
            return self._in_differences(design, starts)
        if design.control == "historical":
            size = self._size(design, self.planned[self.group].sum(), starts)
            once = self._a_person(self.others, starts[0], size, f"comparison/{self._name}")
            return dict.fromkeys(starts, once)
        rates = self.own if design.control == "randomised" else self.others
        return {
            start: self._a_person(
                rates,
                start,
                self._size(design, self.starts[start], [start]),
                f"comparison/{self._name}/{start}",
            )
            for start in starts
        }

    def _in_differences(self, design: Comparison, starts: list[int]) -> dict[int, list[Floats]]:
        kind = design.difference_in_differences
        assert kind is not None
        shown: dict[str, Rate] = {}
        for name, rates in (
            ("before", self.own),
            ("comparison", self.others),
            ("comparison_before", self.others),
        ):
            people = total = np.zeros(self.starts.shape[-1])
            for start in starts:
                size = self.starts[start] if self.draw.chance else np.ones(len(people))
                if name != "before":
                    size = self._size(design, self.starts[start], [start])
                drawn = self._totals(rates, start, size, f"{name}/{self._name}/{start}")
                people, total = people + size, total + reduce(add, drawn)
            shown[name] = ratio(total, people)
        each = np.asarray(difference_in_differences(**shown, design=kind))
        return {start: [each * part for part in self._split(start)] for start in starts}

    def _split(self, start: int) -> list[Rate]:
        """Share of the outcome that is expected in each period from the delay on."""
        number = self.own.anyway[self.group, start].numbers.get(self.outcome)
        return [1.0] if number is None else split(number)

    def _size(self, design: Comparison, served: Counts | np.int64, starts: list[int]) -> Counts:
        """People in the comparison group, shape (run,); never nobody."""
        if not self.draw.chance:
            return np.ones(self.starts.shape[-1])
        size = np.broadcast_to(served, self.starts.shape[-1:]) * (design.people_each or 1.0)
        if design.people is not None:
            labels = self.contract.groups_of(self.outcome)
            everybody = sum(int(self.planned[label].sum()) for label in labels)
            mine = int(self.planned[self.group][starts].sum())
            size = np.full(self.starts.shape[-1], design.people * mine / everybody)
        return np.maximum(np.floor(size + 0.5), 1).astype(np.int64)

    def _a_person(self, rates: CohortRates, start: int, size: Counts, name: str) -> list[Floats]:
        return [total / size for total in self._totals(rates, start, size, name)]

    def _totals(self, rates: CohortRates, start: int, size: Counts, name: str) -> list[Floats]:
        world = rates.anyway[self.group, start]
        return self.draw.totals(self.contract, self.outcome, world, size, name)

    @property
    def _name(self) -> str:
        return f"{self.outcome}/{self.group}"
