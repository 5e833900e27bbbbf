"""The straight line: one block of runs taken through all the stages."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.happened import Happened, People, Wanted, people_of
from sibmodel.model.assumptions import Assumptions, Drawn
from sibmodel.model.chance import BLOCK, Floats, uniform_per_run
from sibmodel.model.claims import Kinds
from sibmodel.model.endings import Stops
from sibmodel.model.facts import simulated_facts
from sibmodel.model.hands import Hands, claimable, lots_by_start, person_by_person
from sibmodel.model.measure import Measure, only
from sibmodel.model.measures import measures
from sibmodel.model.outcomes import Counts
from sibmodel.model.prices import Asked, Reader, worth_of
from sibmodel.model.stages import Stages
from sibmodel.money import Terms, move_money
from sibmodel.walk import Switches, Walk, Where

WIDTH = 2048
"""Runs whose money is moved together: few enough for the processor's cache."""


class Plan:
    """A contract made ready: what is the same in every block is worked out once.

    Parameters
    ----------
    contract : Contract
    asked : collection of str, optional
        Measures that are worked out, with those they are ratios of; all if left out.

    Raises
    ------
    ValueError
        If the contract cannot be simulated.
    KeyError
        If there is no such measure.
    """

    def __init__(self, contract: Contract, asked: Collection[str] | None = None) -> None:
        unrated = [n for n, o in contract.outcomes.items() if o.rate is None]
        if unrated:
            raise ValueError(
                f"cannot simulate: no rate is stated for {', '.join(unrated)}. Add outcomes."
                f"{unrated[0]}.rate, or use settle() with recorded outcomes"
            )
        self.contract = contract
        self.assumptions = Assumptions(contract)
        self.measures: tuple[Measure, ...] = only(measures(contract), asked)
        self.walk = Walk(contract)
        self.terms = Terms.of(contract)
        self.endings = contract.ending_names
        self._refuse_numbers()

    def _refuse_numbers(self) -> None:
        """Find out at once that a number a person cannot be simulated.

        Raises
        ------
        ValueError
        """
        if all(outcome.unit is None for outcome in self.contract.outcomes.values()):
            return
        for rates in self.walk.rates(self.assumptions.means(), None).values():
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
        self,
        *,
        seed: int,
        block: int,
        switches: Switches,
        details: bool,
        width: int = WIDTH,
        kept: People | None = None,
    ) -> Iterator[Stages]:
        """All stages for one block of runs, its runs in parts small enough to stay in the cache.

        People are walked for the whole block at once, or found among those ``kept``; money is then
        moved part by part. Where endings hold, the block is taken through again with the later
        starts left out.
        """
        line = functools.partial(
            self._line, seed=seed, block=block, switches=switches, details=details, width=width
        )
        if not self.endings:
            yield from line(kept=kept)
            return
        found = list(line(kept=kept))
        stops = Stops.together([(stages.found, stages.runs) for stages in found])
        yield from found if stops is None else line(stops=stops)

    def wanted(self, drawn: Drawn) -> tuple[Wanted, frozenset[str], frozenset[str]]:
        """What money asks of people; rules whose claims go person by person, and by start."""
        by_person = person_by_person(self.contract, self.terms.routes, drawn)
        by_start = frozenset(n for n, way in self.terms.routes.items() if way == "starts")
        by_start -= by_person
        claims = claimable(self.contract, by_person)
        return Wanted(bool(by_start or by_person), claims), by_person, by_start

    @functools.cached_property
    def people(self) -> str:
        """All that decides who starts and what they achieve."""
        return people_of(self.contract)

    def drawn(self, where: Where) -> Drawn:
        """The contract's numbers in each run of a block."""
        if where.switches.uncertainty:
            return self.assumptions.draw(where.seed, where.block)
        return self.assumptions.means()

    def _line(
        self,
        *,
        seed: int,
        block: int,
        switches: Switches,
        details: bool,
        width: int,
        kept: People | None = None,
        stops: Stops | None = None,
    ) -> Iterator[Stages]:
        """The straight line once; with ``stops``, nobody starts after them."""
        where = Where(seed, block, switches)
        drawn = self.drawn(where)
        wanted, by_person, by_start = self.wanted(drawn)

        def make(wanted: Wanted) -> Happened:
            return Happened(
                self.walk, where=where, drawn=drawn, wanted=wanted, width=width, stops=stops
            )

        happened = make(wanted) if kept is None else kept.happened(self.people, where, wanted, make)
        lots_of_luck = {
            name: uniform_per_run(seed, f"ending/{name}", block)[: switches.runs]
            if switches.chance
            else np.full(switches.runs, 0.5)
            for name in self.endings
        }
        for part, some in enumerate(happened.columns):
            started = {group: count[:, some] for group, count in happened.people.items()}
            counted, here = _of(happened.counts, some), drawn.of(some)
            lots = [
                *happened.hands(part).lots(self.contract, by_person),
                *lots_by_start(self.contract, by_start, happened.cells, some),
            ]
            yield move_money(
                self.terms,
                drawn=here,
                assumed=self.assumptions.uncertain_of(here),
                people=started,
                counts=counted,
                lots=lots,
                person_by_person=by_person | by_start,
                facts=simulated_facts(
                    self.contract,
                    planned=self.walk.planned,
                    starts=started,
                    claimed=counted["claimed"],
                    comparisons={n: totals[..., some] for n, totals in happened.compared.items()},
                ),
                details=details,
                stops=None if stops is None else stops.of(some),
                lots_of_luck={name: luck[some] for name, luck in lots_of_luck.items()},
            )

    def happened(self, where: Where) -> Happened:
        """What happens to people in one block of runs, before any money."""
        drawn, width = self.drawn(where), where.switches.runs
        return Happened(self.walk, where=where, drawn=drawn, wanted=Wanted(), width=width)

    def person_earnings(self, *, seed: int) -> Floats:
        """What each simulated person's claims earn at their price, before limits, shape (person,).

        The people of the first runs of block 0, assumptions at their means, no shared luck.
        """
        drawn, rules = self.assumptions.means(), self.terms.routes
        hands = Hands(claimable(self.contract, rules), slice(0, 1024))
        self.walk.counts(
            rates=self.walk.rates(drawn, None),
            people=self.walk.starts(drawn, BLOCK, whole=True),
            seed=seed,
            block=0,
            chance=True,
            hands=hands,
        )
        reader, names = Reader(self.contract, drawn), list(self.contract.payments.rules)
        earned = [np.zeros((people, 1024)) for people in hands.slabs]
        for lot in hands.lots(self.contract, rules):
            asked = Asked(lot.date, lot.group, lot.started, lot.number)
            worth, factor = worth_of(reader, names[lot.rule], asked)
            by_price = self.contract.payments.rules[names[lot.rule]].worth == "price"
            assert lot.people is not None
            earned[lot.people] += (lot.number if by_price else lot.number > 0) * (worth * factor)
        return np.concatenate([np.zeros(0), *(slab.ravel() for slab in earned)])


def _of(counts: Kinds, runs: slice) -> dict[str, dict[str, Counts]]:
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
