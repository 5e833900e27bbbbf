"""The rates of a cohort in each run: all that is decided before any person is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import BLOCK, Floats, SharedLuck, uniform_per_run
from sibmodel.model.ladders import (
    Ladder,
    Rate,
    Rung,
    all_rungs,
    expected_shares,
    fitted,
    ladders,
    shares_of_run,
)
from sibmodel.model.units import Quantity, quantity

FINE_BELOW = 1e-4
"""Rates below this are decided by 48 bits instead of 24."""


@dataclass(frozen=True)
class World:
    """One group and start, with the service or without it.

    ``shares`` of those who started, by outcome (and by label, of several steps); ``places`` on the
    ladders; ``numbers`` of outcomes with a unit. What is not stated is left out.
    """

    shares: Mapping[str, Rate]
    places: Mapping[str, Rung]
    numbers: Mapping[str, Quantity]
    precise: frozenset[str]

    def states(self, outcome: str) -> bool:
        """Whether anything is stated about an outcome."""
        return outcome in self.places or outcome in self.numbers

    @cached_property
    def rungs(self) -> dict[str, Rung]:
        """The places as uniforms are compared with them."""
        return {
            name: place if name in self.precise else place.narrow()
            for name, place in self.places.items()
        }


Who = tuple[str, int]
"""A group's label and a period of start."""


@dataclass(frozen=True)
class CohortRates:
    """What is decided before any person is: both worlds by (group, start), claim rates, delays.

    ``after``: by group and outcome, periods from the step before.
    """

    ladders: tuple[Ladder, ...]
    achieved: Mapping[Who, World]
    anyway: Mapping[Who, World]
    claimed: Mapping[str, Mapping[str, Rate]]
    after: Mapping[str, Mapping[str, int]]
    togetherness: float
    fine: frozenset[str]  # ladders with a rate too small for 24 bits

    @cached_property
    def unsure_evidence(self) -> tuple[str, ...]:
        """Outcomes of which not everything achieved is claimed."""
        return tuple(
            name
            for name, shares in self.claimed.items()
            if any(np.any(np.asarray(share) != 1) for share in shares.values())
        )


def cohort_rates(
    contract: Contract,
    cohort: str,
    drawn: Drawn,
    luck: Callable[[str], Floats] | None,
    periods: list[int],
) -> CohortRates:
    """The rates of a cohort in each run: assumptions drawn, shared luck applied.

    Shared luck moves the share of starters who reach each outcome; after several steps, the share
    that would if one person's ladders were independent, so that a rate of 1 is 1 in every run.

    Parameters
    ----------
    contract, cohort : Contract, str
    drawn : Drawn
        Values of the contract's numbers in each run.
    luck : callable or None
        Normal score of the shared luck by name, shape (run,); None switches shared luck off.
    periods : list of int
        Periods in which anybody may start.
    """
    clause = contract.cohorts[cohort]
    mine = ladders(contract, cohort)
    groups = clause.labels(cohort)
    names = tuple(outcome for ladder in mine for outcome in ladder.outcomes)
    after = {group: {name: contract.after(name, group) for name in names} for group in groups}
    lucky: dict[int, _Luck | None] = dict.fromkeys(periods)
    if luck is not None and clause.alikeness > 0:
        together = clause.shared_by == "cohort"
        names_of_luck = {t: f"luck/{cohort}" if together else f"luck/{cohort}/{t}" for t in periods}
        drawn_luck = {
            name: _Luck(luck(name), clause.alikeness)
            for name in dict.fromkeys(names_of_luck.values())
        }
        lucky = {t: drawn_luck[name] for t, name in names_of_luck.items()}
    expected = {
        (group, field): expected_shares(contract, mine, field, drawn, group, after[group])
        for group in groups
        for field in ("rate", "anyway")
    }

    def numbers(group: str, field: str, luck: _Luck | None) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        for ladder in mine:
            if ladder.counts and (ladder.needs is None or ladder.needs in expected[group, field]):
                number = quantity(
                    contract,
                    ladder.name,
                    field,
                    drawn,
                    group,
                    alikeness=clause.alikeness,
                    luck=None if luck is None else luck.score,
                )
                if number is not None:
                    found[ladder.name] = number
        return found

    small = {
        name
        for shares in expected.values()
        for name, share in shares.items()
        if np.any((np.asarray(share) > 0) & (np.asarray(share) < FINE_BELOW))
    }
    plain = {key: numbers(*key, None) for key in expected}
    small |= {name for found in plain.values() for name in found if found[name].rare(FINE_BELOW)}
    fine = frozenset(ladder.name for ladder in mine if small.intersection(ladder.outcomes))
    precise = frozenset(o for ladder in mine if ladder.name in fine for o in ladder.outcomes)

    def world(group: str, field: str, luck: _Luck | None) -> World:
        shares = expected[group, field]
        if luck is not None:
            shares = {name: luck.share(share) for name, share in shares.items()}
        shares = fitted(mine, shares)
        places = all_rungs(mine, shares)
        if any(ladder.several for ladder in mine):
            shares = shares_of_run(mine, places, after[group])
        found = plain[group, field] if luck is None else numbers(group, field, luck)
        return World(shares, places, found, precise)

    worlds: dict[str, dict[Who, World]] = {"rate": {}, "anyway": {}}
    for group, field in expected:
        of_luck: dict[int, World] = {}  # starts that share their luck share their world
        for t in periods:
            key = id(lucky[t])
            if key not in of_luck:
                of_luck[key] = world(group, field, lucky[t])
            worlds[field][group, t] = of_luck[key]
    claims = {
        name: {group: drawn(f"outcomes.{name}.claimed", group) for group in groups}
        for name in names
    }
    return CohortRates(
        mine, worlds["rate"], worlds["anyway"], claims, after, clause.togetherness, fine
    )


class _Luck:
    """The luck a cohort, or those who start together, share."""

    def __init__(self, score: Floats, alikeness: float) -> None:
        self.score = score
        self.share = SharedLuck(score, alikeness=alikeness)


def cohort_luck(seed: int, block: int) -> Callable[[str], Floats]:
    """Normal score of shared luck by name, shape (run,)."""
    return lambda name: ndtri(uniform_per_run(seed, name, block, BLOCK))
