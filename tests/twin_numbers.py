"""The slow twin's numbers a person: how many of a thing, how long a time, one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats
from scipy.optimize import brentq


def k_or_more(k: int, mean: float, ratio: float, trial: float) -> float:
    """P(k or more) of a whole number with a mean, by its ratio of variance to mean."""
    if mean == 0:
        return 0.0
    if ratio > 1 + 1e-9:
        return float(stats.nbinom(mean / (ratio - 1), 1 / ratio).sf(k - 1))
    if ratio > 1 - 1e-9:
        return float(stats.poisson(mean).sf(k - 1))
    n = math.floor(round(mean / trial, 9))
    trials = stats.binom(n, trial)
    return float(trials.sf(k - 1) + max(mean - n * trial, 0.0) * trials.pmf(k - 1))


def chance_of_a_trial(mean: float, ratio: float) -> float:
    """The chance of each trial, the last one's being what is left of the mean, of least error."""
    if ratio >= 1 - 1e-9:
        return 1.0
    if mean == 0:  # nothing to be exact about
        return 1 - ratio

    def too_much(q: float) -> float:
        n = math.floor(round(mean / q, 9))
        rest = mean - n * q
        return n * q * (1 - q) + rest * (1 - rest) - ratio * mean

    return 1.0 if too_much(1.0) >= 0 else float(brentq(too_much, 1e-6, 1.0, xtol=1e-15))


def scale_of(mean: float, window: float) -> float:
    """θ for which θ(1 − e^(−window/θ)) is the mean."""

    def over(theta: float) -> float:
        return theta * -math.expm1(-window / theta) - mean

    return float(brentq(over, mean / 1.0001, 1e9 * window, xtol=1e-13, rtol=1e-14))


def stretch(u: np.float32, mean: float, window: float) -> float:
    """How long it lasts, with a constant chance of ending, cut at the window."""
    if mean == 0:
        return 0.0
    return min(-math.log(u) * scale_of(mean, window), window) if u > 0 else window


def pieces(lasts: float, period: float, start: int) -> Iterator[tuple[int, float]]:
    """What of a stretch falls in each period from the one in which it begins."""
    begun = 0.0
    while begun < lasts:
        yield start, min(lasts - begun, period)
        start, begun = start + 1, begun + period
