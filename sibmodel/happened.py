"""What happens to people before any money, drawn once and kept where it is asked for again."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sibmodel.contract.contract import Contract
from sibmodel.contract.correlations import stated_matrix
from sibmodel.contract.faults import path_text
from sibmodel.model.assumptions import Drawn
from sibmodel.model.comparison import comparison_totals
from sibmodel.model.endings import Stops, without_later_starts
from sibmodel.model.facts import outcomes_compared
from sibmodel.model.hands import CellClaims, Claimable, Hands
from sibmodel.model.rates import cohort_luck
from sibmodel.walk import Walk, Where, points_of

MOST_BYTES = 2**30
"""What kept people may take up."""


@dataclass(frozen=True)
class Wanted:
    """What money asks of people beyond counts: claims by cell, and some person by person."""

    cells: bool = False
    claims: Claimable = frozenset()

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.cells or other.cells, self.claims | other.claims)

    def __le__(self, other: Wanted) -> bool:
        return self | other == other


class Happened:
    """What happens to the people of one block of runs.

    ``people``: who starts, by group (period, run); ``counts`` by kind and outcome (group, period,
    run); ``compared``: what comparison groups show, by outcome (group, period, run); ``cells``:
    claims by cell; ``columns``: the runs whose money is moved together.
    """

    def __init__(
        self,
        walk: Walk,
        *,
        where: Where,
        drawn: Drawn,
        wanted: Wanted,
        width: int,
        stops: Stops | None = None,
    ) -> None:
        contract, switches, runs = walk.contract, where.switches, where.switches.runs
        seed, block = where.seed, where.block
        luck = cohort_luck(seed, block) if switches.shared_luck else None
        self.wanted = wanted
        self.people = walk.starts(drawn, runs, whole=switches.chance)
        if stops is not None:
            self.people = without_later_starts(contract, self.people, stops)
        rates = walk.rates(drawn, luck)
        self.compared = comparison_totals(
            contract,
            planned=walk.planned,
            starts=self.people,
            rates=rates,
            drawn=drawn,
            luck=luck,
            seed=seed,
            block=block,
            chance=switches.chance,
        )
        if wanted.claims:  # each part walks the people again: as few as memory allows
            width = min(runs, walk.held_at_once(self.people, runs, switches.chance, wanted.claims))
        self.columns = [slice(low, min(low + width, runs)) for low in range(0, runs, width)]
        again = functools.partial(
            walk.counts, rates=rates, people=self.people, seed=seed, block=block
        )
        self.cells: list[CellClaims] = []
        first = Hands(wanted.claims, self.columns[0]) if switches.chance else None
        self.counts = again(
            chance=switches.chance,
            hands=first if wanted.claims else None,
            on_cell=(lambda *cell: self.cells.append(cell)) if wanted.cells else None,
        )
        for cell in walk.cells if wanted.cells else ():
            self.cells.append((cell, cell.cohort, cell.start, self.people[cell.group][cell.start]))
        self._taken = {} if first is None else {0: first}
        self._take: Callable[[slice], Hands] | None = functools.partial(
            _hands, again, wanted.claims, None if switches.chance else points_of(runs), self.cells
        )

    def hands(self, part: int) -> Hands:
        """The claims of some columns, person by person: taken when asked for, and handed over."""
        if self._take is None:
            return self._taken[part]
        return self._taken.pop(part, None) or self._take(self.columns[part])

    def keep(self) -> Happened:
        """The same with all claims taken, and nothing in it to be changed any more."""
        self._taken = {part: self.hands(part) for part in range(len(self.columns))}
        self._take = None
        for array in self._arrays():
            array.flags.writeable = False
        return self

    @property
    def bytes(self) -> int:
        """What it takes up; an array that is there twice counts once."""
        return sum({id(array): array.nbytes for array in self._arrays()}.values())

    def _arrays(self) -> Iterator[npt.NDArray[Any]]:
        yield from self.people.values()
        yield from self.compared.values()
        for counts in self.counts.values():
            yield from counts.values()
        yield from (count for *_, count in self.cells)
        for hands in self._taken.values():
            yield from (one.number for one in hands.held)


def _hands(
    again: Callable[..., Any],
    claims: Claimable,
    even: int | None,
    cells: list[CellClaims],
    columns: slice,
) -> Hands:
    """Claims taken person by person; by ``even`` people where there is no chance."""
    hands = Hands(claims, columns)
    if claims:
        again(chance=True, hands=hands, even=even)
    if claims and even is not None:
        hands.add_up_to(cells)
    return hands


# --- kept -----------------------------------------------------------------------------------------


class People:
    """People, their luck and what they achieve: drawn once, kept for contracts that share them.

    Hand the same one to several calls of :func:`sibmodel.simulate`. A contract that differs only in
    money (prices, limits, payers, costs, capital, value) is then taken through the stages after
    outcomes alone, and gives what it gives by itself, run by run. One that differs in people,
    outcomes, their assumptions or correlations has its people drawn. Contracts that end early draw
    those again whose later starts never happen.

    Parameters
    ----------
    most_bytes : int
        What may be kept; beyond it the oldest are drawn again when they are asked for.

    Attributes
    ----------
    drawn : int
        Blocks of runs drawn so far, the base case among them.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond, people = sib.library.load("closed_form_bond"), sib.People()
    >>> for price in (4500, 5000, 5500):
    ...     dearer = bond.replace({"payments.rules.success.price": price})
    ...     results = sib.simulate(dearer, 4096, people=people)
    >>> people.drawn  # 4,096 runs and the base case
    2
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.drawn = most_bytes, 0
        self._kept: dict[tuple[str, Where], Happened] = {}
        self._wanted: dict[str, Wanted] = {}

    @property
    def bytes(self) -> int:
        """What is kept takes up so much."""
        return sum(one.bytes for one in self._kept.values())

    def expect(self, people: str, wanted: Wanted) -> None:
        """Say beforehand what will be asked of a contract's people, so that they are drawn once."""
        self._wanted[people] = self._wanted.get(people, Wanted()) | wanted

    def happened(
        self,
        people: str,
        where: Where,
        wanted: Wanted,
        make: Callable[[Wanted], Happened],
    ) -> Happened:
        """What happens to people, told as ``people_of`` does, in a block: kept, or else made."""
        self.expect(people, wanted)
        place = (people, where)
        found = self._kept.get(place)
        if found is not None and wanted <= found.wanted:
            return found
        self.drawn += 1
        made = make(self._wanted[people]).keep()
        self._kept.pop(place, None)
        self._kept[place] = made
        while self._kept and self.bytes > self.most_bytes:
            del self._kept[next(iter(self._kept))]
        return made


def people_of(contract: Contract) -> str:
    """All that decides who starts and what they achieve and claim, as text.

    Their clauses, and the numbers in them by what they are rather than by their names; what joins
    numbers together, wherever those stand; and which outcomes are compared with other people's.
    """
    clauses: dict[str, Any] = {
        "timeline": contract.timeline.model_dump(mode="json"),
        "cohorts": {n: one.model_dump(mode="json") for n, one in contract.cohorts.items()},
        "outcomes": {n: one.model_dump(mode="json") for n, one in contract.outcomes.items()},
        "named": {
            path_text(at.path): _plain(contract.assumptions[at.number])
            for at in contract.numbers()
            if isinstance(at.number, str) and at.path[0] in ("cohorts", "outcomes")
        },
        "compared": outcomes_compared(contract),
    }
    if contract.correlations:
        names, matrix = stated_matrix(contract)
        clauses["joined"] = [names, np.round(matrix, 12).tolist()]
    return json.dumps(clauses)


def _plain(number: Any) -> Any:
    return number if isinstance(number, float) else number.model_dump(mode="json")
