"""Steps: who has taken all or any of several, and when their clock then starts.

A delay is the number of periods from a person's start. Of several steps the clock starts with the
last of all, or the first of any, so people can begin what follows at different delays.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sibmodel.model.chance import Floats
from sibmodel.model.evidence import Mask

if TYPE_CHECKING:
    from sibmodel.model.ladders import Ladder, Rung

When = list[tuple[int, Mask]]
"""Who, by delay: every person once at most, each mask (person, run)."""

Rate = float | Floats
State = frozenset[tuple[str, int]]
"""Outcomes that a person has reached, each with its delay."""

_ONE_OF_THEM = ""  # in a state: any of the steps, once it no longer matters which


def taken(steps: Sequence[When], *, any_step: bool) -> When:
    """Who has taken the steps, by the delay at which their clock starts.

    Parameters
    ----------
    steps : sequence of lists of (delay, mask (person, run))
        Who has taken each step, and when.
    any_step : bool
        One of them is enough, and the first counts; otherwise all are needed, and the last does.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = np.array([[True], [True]]), np.array([[True], [False]])
    >>> [(d, who[:, 0].tolist()) for d, who in taken([[(2, one)], [(1, other)]], any_step=True)]
    [(1, [True, False]), (2, [False, True])]
    """
    if len(steps) == 1:
        return steps[0]
    whoever = [functools.reduce(operator.or_, (who for _, who in step)) for step in steps]
    left = functools.reduce(operator.or_ if any_step else operator.and_, whoever)
    found: When = []
    delays = {d for step in steps for d, _ in step}
    if not any_step:  # nobody has all before the slowest can be taken
        slowest = max(min(d for d, _ in step) for step in steps)
        delays = {d for d in delays if d >= slowest}
    for delay in sorted(delays, reverse=not any_step):
        then = functools.reduce(
            operator.or_, (who for step in steps for d, who in step if d == delay)
        )
        found.append((delay, then & left))
        left = left & ~then
    return found


def shares_by_delay(
    ladders: Sequence[Ladder],
    places: Mapping[str, Rung],
    *,
    steps: tuple[str, ...],
    any_step: bool,
    after: Mapping[str, int],
) -> dict[int, Rate] | None:
    """Share of starters who take the steps, by the delay at which their clock starts.

    Exact where a person's ladders are independent of one another: ladder by ladder, all that a
    person can have reached by then and that still matters, and its probability. (Of all, that is
    the product of the conditional rates over the union of the outcomes on the way; of any, one less
    the probability of none.)

    Parameters
    ----------
    ladders : sequence of Ladder
        Those the steps can be on, each after the ones it needs.
    places : mapping of outcome to Rung
        Where each lies on its ladder.
    steps : tuple of str
    any_step : bool
        One of them is enough.
    after : mapping of outcome to int
        Periods from the step before.

    Returns
    -------
    dict of delay to float or array (run,)
        None where one of the outcomes on the way has no place: nothing is stated about it.
    """
    needed = set(steps)
    ways_there: list[Ladder] = []
    for ladder in reversed(ladders):
        if needed.intersection(ladder.outcomes):
            ways_there.insert(0, ladder)
            needed.update(ladder.steps)
    if not needed <= set(places):
        return None
    states: dict[State, Rate] = {frozenset(): 1.0}
    for index, ladder in enumerate(ways_there):
        later = {step for other in ways_there[index + 1 :] for step in other.steps}
        coming = {outcome for other in ways_there[index + 1 :] for outcome in other.outcomes}
        now: dict[State, Rate] = {}
        for before, share in states.items():
            clock = _clock(before, ladder.steps, ladder.any_step)
            pieces = _pieces(ladder, places, needed, after, clock)
            for reached, width in pieces if clock is not None else [(frozenset(), 1.0)]:
                state = _what_matters(before | reached, steps, any_step, later)
                if any_step or all(step in dict(state) or step in coming for step in steps):
                    now[state] = now.get(state, 0.0) + share * width
        states = now
    found: dict[int, Rate] = {}
    for state, share in states.items():
        clock = _clock(state, (*steps, _ONE_OF_THEM) if any_step else steps, any_step)
        if clock is not None:
            found[clock] = found.get(clock, 0.0) + share
    return found


def _clock(state: State, steps: tuple[str, ...], any_step: bool) -> int | None:
    """When the clock of what follows some steps starts; None if they are not taken."""
    if not steps:
        return 0
    delays = [delay for outcome, delay in state if outcome in steps]
    if any_step:
        return min(delays, default=None)
    return max(delays) if len(delays) == len(set(steps)) else None


def _pieces(
    ladder: Ladder,
    places: Mapping[str, Rung],
    needed: set[str],
    after: Mapping[str, int],
    clock: int | None,
) -> Iterator[tuple[State, Rate]]:
    """How far up a ladder one can get: the outcomes reached that matter, and the share."""
    nowhere: Rate = 1.0
    for chain in ladder.chains:
        delay, rungs = clock or 0, list[tuple[str, int]]()
        for outcome in chain:
            delay += after[outcome]
            if outcome in needed:
                rungs.append((outcome, delay))
        for k, (outcome, _) in enumerate(rungs):
            width = places[outcome].width
            if k == 0:
                nowhere = nowhere - width
            beyond = places[rungs[k + 1][0]].width if k + 1 < len(rungs) else 0.0
            yield frozenset(rungs[: k + 1]), width - beyond
    yield frozenset(), nowhere


def _what_matters(state: State, steps: tuple[str, ...], any_step: bool, later: set[str]) -> State:
    """A state without what neither later ladders nor the steps ask for: there are fewer of them."""
    if not any_step:
        return frozenset(pair for pair in state if pair[0] in later or pair[0] in steps)
    done = [d for outcome, d in state if outcome not in later and outcome in (*steps, _ONE_OF_THEM)]
    kept = frozenset(pair for pair in state if pair[0] in later)
    return kept | {(_ONE_OF_THEM, min(done))} if done else kept
