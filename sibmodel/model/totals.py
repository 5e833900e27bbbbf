"""Totals: what many people have together, person by person or, of a great many, at one draw.

A comparison group's people are of interest only as a total. Up to a thousand are drawn one by one;
the total of more is drawn with one normal score, bent so that its mean, variance and skewness are
exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sibmodel.model.chance import Floats, PersonUniforms, uniform_per_run
from sibmodel.model.outcomes import NOBODY, SLAB
from sibmodel.model.quantities import stretch_variance
from sibmodel.model.rates import FINE_BELOW
from sibmodel.model.units import Quantity, Stretch, WholeNumber

Rate = float | Floats
Cumulants = tuple[Rate, Rate, Rate]
"""Mean, variance and third central moment of one person's number."""

MANY = 1000
"""People from whom on a total is drawn at once."""

SKEWED = 0.2
"""Above this skewness of the total people are drawn one by one, however many they are."""


# --- the arithmetic -------------------------------------------------------------------------------


def cornish_fisher(*, score: Floats, mean: Rate, variance: Rate, third: Rate) -> Floats:
    """A skewed number from a normal score z: μ + σ(z + γ(z²−1)/6 − γ²(2z³−5z)/36).

    Parameters
    ----------
    score : array (run,)
        z.
    mean, variance, third : float or array (run,)
        μ, σ² and the third central moment γσ³; exact to the second order of γ.

    Source
    ------
    Cornish and Fisher (1938), Moments and cumulants in the specification of distributions.

    Examples
    --------
    The 95th percentile of a Poisson total of 100: 117 in the tables, 116.4 by the normal alone.

    >>> float(cornish_fisher(score=ndtri(np.array([0.95])), mean=100, variance=100, third=100)[0])
    116.7...
    """
    spread = np.sqrt(variance)
    cubed = np.where(spread > 0, spread, 1.0) ** 3
    skew = np.where(spread > 0, third / cubed, 0.0)
    bent = score + skew * (score**2 - 1) / 6 - skew**2 * (2 * score**3 - 5 * score) / 36
    found: Floats = mean + spread * bent
    return found


def cumulants(quantity: Quantity) -> Cumulants:
    """Mean, variance and third central moment of the number one person has.

    Source
    ------
    Panjer class of ratio φ ≥ 1: μ, μφ, μφ(2φ−1). Below 1: independent trials, q(1−q)(1−2q) each. A
    stretch cut at W: E[X³] = 6θ³(1 − e^(−y)(1 + y + y²/2)), y = W/θ.
    """
    mean = np.asarray(quantity.mean)
    if isinstance(quantity, Stretch):
        theta, window = quantity.scale, quantity.edges[-1]
        y = window / np.where(theta > 0, theta, window)
        cubed = 6 * theta**3 * (1 - np.exp(-y) * (1 + y + y**2 / 2))
        spread = stretch_variance(mean=mean, window=window)
        return mean, spread, cubed - 3 * mean * spread - mean**3
    assert isinstance(quantity, WholeNumber)
    ratio = np.asarray(quantity.ratio)
    few = ratio < 1
    q = np.where(few, 1 - ratio, 1.0)
    whole = np.floor(np.round(mean / q, 9))
    last = np.maximum(mean - whole * q, 0.0)  # the trial left over, with a smaller chance
    _, variance, third = share_cumulants(q)
    _, last_variance, last_third = share_cumulants(last)
    return (
        mean,
        np.where(few, whole * variance + last_variance, mean * ratio),
        np.where(few, whole * third + last_third, mean * ratio * (2 * ratio - 1)),
    )


def share_cumulants(share: Rate) -> Cumulants:
    """The same of an outcome that happens once or not: q, q(1−q), q(1−q)(1−2q)."""
    variance = share * (1 - share)
    return share, variance, variance * (1 - 2 * share)


# --- draws ----------------------------------------------------------------------------------------


def total_reached(
    *, people: npt.NDArray[Any], share: Rate, seed: int, name: str, block: int
) -> Floats:
    """How many of these people get there, shape (run,).

    Parameters
    ----------
    people : array (run,)
        Whole people.
    share : float or array (run,)
        Chance of each.
    seed, name, block : int, str, int
        The stream.

    Examples
    --------
    >>> people = np.full(4096, 10_000)
    >>> drawn = total_reached(people=people, share=0.3, seed=0, name="men", block=0)
    >>> float(drawn.mean().round(-1)), float(drawn.std().round())
    (3000.0, 46.0)
    """
    one = share_cumulants(share)
    if at_once(people, one):
        found = _at_once(people, one, seed, name, block)
        return np.clip(np.floor(found + 0.5), 0.0, people)
    bound = np.asarray(share)
    fine = bool(np.any((bound > 0) & (bound < FINE_BELOW)))
    total = np.zeros(len(people))
    for u in _slabs(people, seed, name, block, fine=fine):
        hit = (u < bound.astype(u.dtype)).view(np.uint8)
        total += np.add.reduce(hit, axis=0, dtype=np.uint8)  # a slab is what a byte holds
    return total


def total_number(
    *, people: npt.NDArray[Any], quantity: Quantity, seed: int, name: str, block: int
) -> list[Floats]:
    """What these people have together in each period from the delay on, each shape (run,).

    Drawn at once, the total of a time is split over its periods as is expected: the total is exact,
    each period's own chance is not.

    Parameters
    ----------
    people : array (run,)
        Whole people.
    quantity : Quantity
        The number each has.
    seed, name, block : int, str, int
        The stream.
    """
    one = cumulants(quantity)
    if at_once(people, one):
        found = np.maximum(_at_once(people, one, seed, name, block), 0.0)
        if not isinstance(quantity, Stretch):
            return [np.floor(found + 0.5)]
        found = np.minimum(found, people * quantity.edges[-1])
        return [found * share for share in split(quantity)]
    fine = quantity.rare(FINE_BELOW)
    totals = np.zeros((len(quantity.expected()), len(people)))
    for u in _slabs(people, seed, name, block, fine=fine):
        for period, number in enumerate(quantity.by_period(quantity.of(u))):
            totals[period] += number.sum(axis=0, dtype=np.float64)
    return list(totals)


def split(quantity: Quantity) -> list[Rate]:
    """Share of the number that is expected in each period; all at first where there is none."""
    parts = quantity.expected()
    whole = np.asarray(sum(parts))
    some = np.where(whole > 0, whole, 1.0)
    return [np.where(whole > 0, part / some, float(j == 0)) for j, part in enumerate(parts)]


def at_once(people: npt.NDArray[Any], one: Cumulants) -> bool:
    """Whether there are so many people, in a block of runs, that one draw of the total will do."""
    if people.max(initial=0) < MANY:
        return False
    _, variance, third = one
    spread = np.sqrt(people * variance)
    cubed = np.where(spread > 0, spread, 1.0) ** 3
    return bool(np.all(np.abs(people * third) <= SKEWED * cubed))


def _at_once(people: npt.NDArray[Any], one: Cumulants, seed: int, name: str, block: int) -> Floats:
    score = ndtri(uniform_per_run(seed, f"{name}/total", block, len(people)))
    mean, variance, third = (people * cumulant for cumulant in one)
    return cornish_fisher(score=score, mean=mean, variance=variance, third=third)


def _slabs(
    people: npt.NDArray[Any], seed: int, name: str, block: int, *, fine: bool
) -> Iterator[npt.NDArray[Any]]:
    """Uniforms of the people, slab by slab, (person, run); those who are not there get NOBODY."""
    luck = PersonUniforms(seed, name, block, fine=fine)
    most, fewest = int(people.max(initial=0)), int(people.min(initial=0))
    for first in range(0, most, SLAB):
        size = min(SLAB, most - first)
        u = luck.slab(size)[:, : len(people)]
        if first + size > fewest:
            absent = np.arange(first, first + size)[:, None] >= people
            u = np.where(absent, u.dtype.type(NOBODY), u)
        yield u
