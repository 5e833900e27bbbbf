"""Quantities: outcomes counted in a unit, as often as a person has them.

Whole numbers (moves, points, claims) are of the Panjer class: binomial where their variance is
below their mean, Poisson where it is the same, negative binomial where it is above. Time (days,
weeks) lasts with a constant chance of ending, up to a window. One uniform a person decides: as on a
ladder, a lower one has more, and the same one decides both worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, gammaincinv, ndtr

from sibmodel.model.chance import Floats, Uniforms

Rate = float | Floats
Numbers = npt.NDArray[Any]
"""One number a person and run, shape (person, run): small integers, or units of time."""

MOST = 2000
"""Thresholds a whole number may need: more would take too long."""

FEW = 128
"""Thresholds that are quicker compared one by one than searched."""

NEGLIGIBLE = 1e-9
"""A number so unlikely to be reached is left out."""

_SURE = 1 - 1e-12


# --- whole numbers --------------------------------------------------------------------------------


def variance_ratio(*, mean: Rate, spread: Rate | None) -> Rate:
    """Variance over mean of a whole number: 1 where no spread is stated, or nobody has any.

    Parameters
    ----------
    mean : float or array (run,)
        Mean number a person.
    spread : float or array (run,) or None
        Standard deviation between people.
    """
    if spread is None:
        return 1.0
    some = np.asarray(mean) > 0
    ratio: Floats = np.where(some, np.square(spread) / np.where(some, mean, 1.0), 1.0)
    return float(ratio) if ratio.ndim == 0 else ratio


def possible_ratio(*, mean: Rate, ratio: Rate) -> Rate:
    """The ratio that gives whole numbers with this mean their variance, where it is below the mean.

    A binomial has whole people's trials, so one trial may be left with a smaller chance: n trials
    of chance q and one of f·q, where n + f = mean/q. The q for which their variance is ratio × mean
    is found, and 1 − q returned; at most 1, where even the least variance that whole numbers can
    have is more than was asked for. A ratio of 1 or more is possible as it is.

    Parameters
    ----------
    mean, ratio : float or array (run,)

    Source
    ------
    Sum of independent trials: mean q(n+f), variance q(n+f) − q²(n+f²), solved for f.

    Examples
    --------
    >>> float(possible_ratio(mean=3.0, ratio=0.5))  # six trials of a half
    0.5
    """
    mean, ratio = np.asarray(mean, dtype=float), np.asarray(ratio, dtype=float)
    few = (ratio < 1) & (mean > 0)
    m = np.where(few, mean, 1.0)
    h = np.where(few, (1 - ratio) / m, 0.5)  # (mean − variance) / mean²
    n = np.floor(np.round(1 / h, 9))
    root = np.sqrt(np.maximum(n * (h * (n + 1) - 1), 0.0))
    f = np.clip((h * n - root) / np.where(h == 1, 1.0, 1 - h), 0.0, 1.0)
    f = np.where(h == 1, 0.0, f)
    q = m / np.maximum(n + f, m)
    found: Floats = np.where(few, 1 - q, ratio)
    return found


def survival(*, mean: Rate, ratio: Rate, outcome: str) -> Floats:
    """Probability of having k or more, for k from 1 to where it is negligible.

    Parameters
    ----------
    mean : float or array (run,)
        Mean number a person.
    ratio : float or array (run,)
        Variance over mean; below 1, as :func:`possible_ratio` gives it.
    outcome : str
        Its name, for the error.

    Returns
    -------
    array (k − 1, run); one run where all are the same

    Raises
    ------
    ValueError
        If more than 2,000 would be needed.

    Source
    ------
    Panjer (1981): p_k = p_{k−1}(a + b/k). Poisson: a = 0, b = μ. Negative binomial of ratio φ:
    a = (φ−1)/φ, b = (μ−φ+1)/φ. Binomial of n trials of chance q: a = −q/(1−q), b = −(n+1)a.

    Examples
    --------
    >>> survival(mean=1.0, ratio=1.0, outcome="moves")[:3, 0].round(4).tolist()
    [0.6321, 0.2642, 0.0803]
    """
    mean, ratio = np.broadcast_arrays(np.atleast_1d(mean).astype(float), ratio)
    q = np.where(ratio < 1 - 1e-9, np.minimum(1 - ratio, _SURE), 0.0)
    trials = mean / np.where(q > 0, q, 1.0)
    whole = np.floor(np.round(trials, 9))
    last = np.where(q > 0, np.maximum(trials - whole, 0.0) * q, 0.0)  # the trial left over
    above = np.where(ratio > 1 + 1e-9, ratio - 1, 0.0)
    a = np.where(q > 0, -q / (1 - q), above / (1 + above))
    b = np.where(q > 0, -(whole + 1) * a, (mean - above) / (1 + above))
    each = np.where(above > 0, np.log1p(above) / np.where(above > 0, above, 1.0), 1.0)
    log_p = np.where(q > 0, whole * np.log1p(-q), -mean * each)  # in logs: p_0 may be tiny
    p = np.exp(log_p)
    reached, found = p.copy(), list[Floats]()
    for k in range(1, MOST + 2):
        k_or_more = np.maximum(1 - reached, 0.0) + last * p
        if k_or_more.max() < NEGLIGIBLE:
            return np.array(found).reshape(len(found), len(mean))
        found.append(k_or_more)
        log_p += np.log(np.maximum(a + b / k, 1e-300))
        p = np.exp(log_p)
        reached += p
    raise ValueError(
        f"one person's number of {outcome} can pass {MOST:,} (mean {mean.max():,.6g}): state it in "
        f"larger units"
    )


def numbers(*, uniforms: Uniforms, survival: Floats) -> Numbers:
    """How many each person has, shape (person, run): k or more where u < P(k or more).

    Parameters
    ----------
    uniforms : array (person, run)
    survival : array (k − 1, run)
        As :func:`survival` gives it.

    Examples
    --------
    >>> numbers(uniforms=np.array([[0.7], [0.3]]), survival=np.array([[0.6], [0.2]])).tolist()
    [[0], [1]]
    """
    rows = survival.astype(uniforms.dtype)
    found = np.zeros(uniforms.shape, dtype=np.uint16)
    if len(rows) <= FEW:
        for row in rows:
            found += (uniforms < row).view(np.uint8)
        return found
    rising = np.broadcast_to(rows[::-1], (len(rows), uniforms.shape[1])).T.copy()
    for run, u in enumerate(np.ascontiguousarray(uniforms.T)):
        found[:, run] = len(rows) - np.searchsorted(rising[run], u, side="right")
    return found


def shared_mean(*, mean: Rate, ratio: Rate, alikeness: float, luck: Floats) -> Floats:
    """Mean whole number of a run, given its shared luck: a gamma, with alikeness of the variance.

    Two people of one run then have correlation ``alikeness``, if those of a run vary by the rest,
    (1 − alikeness) × ratio × mean. A larger mean is larger in every run.

    Parameters
    ----------
    mean, ratio : float or array (run,)
        Expected number a person, and variance over mean between all people.
    alikeness : float
        Above 0, below 1.
    luck : array (run,)
        Normal score of the shared luck.

    Examples
    --------
    >>> shared_mean(mean=4.0, ratio=1.0, alikeness=0.25, luck=np.array([-1.0, 1.0])).round(3)
    array([3.011, 4.99 ])
    """
    scale = alikeness * np.asarray(ratio)
    shape = np.asarray(mean) / np.where(scale > 0, scale, 1.0)
    some = (shape > 0) & (scale > 0)
    found: Floats = gammaincinv(np.where(some, shape, 1.0), ndtr(luck)) * scale
    return np.where(some, found, mean)


# --- time -----------------------------------------------------------------------------------------


def time_scale(*, mean: Rate, window: float) -> Floats:
    """θ of a stretch min(−θ ln u, window) whose mean is this.

    Parameters
    ----------
    mean : float or array (run,)
        Mean units of time a person.
    window : float
        The most a person can have.

    Source
    ------
    E[min(X, W)] = θ(1 − e^(−W/θ)) for an exponential X; solved for y = W/θ by Newton's steps on
    (1 − e^(−y))/y = mean/W from below, which never overshoot a convex falling function.

    Examples
    --------
    >>> theta = time_scale(mean=100.0, window=365.0)
    >>> float((theta * (1 - np.exp(-365 / theta))).round(9))
    100.0
    """
    share = np.asarray(mean, dtype=float) / window
    s = np.clip(share, 1e-12, 1 - 1e-15)
    y = 2 * (1 - s)
    y = np.maximum(y, -np.expm1(-y) / s)
    for _ in range(60):
        left = -np.expm1(-y)
        over = left / y - s
        step = over * y / (left / y - np.exp(-y))
        y = y + np.maximum(step, 0.0)
        if np.all(step <= 1e-14 * y):
            break
    return np.where(share > 0, window / y, 0.0)


def stretch_variance(*, mean: Rate, window: float) -> Floats:
    """Variance between people of a stretch of this mean, cut at the window.

    Source
    ------
    E[min(X, W)²] = 2θ²(1 − e^(−y)(1 + y)), y = W/θ; near y = 0 the variance is W² y/3.
    """
    share = np.asarray(mean, dtype=float) / window
    theta = time_scale(mean=mean, window=window) / window
    some = (share > 0) & (share < 1)
    y = 1 / np.where(some, theta, 1.0)
    second = 2 * (-np.expm1(-y) - y * np.exp(-y)) / y**2
    found = np.where(y < 1e-5, y / 3, second - share**2)
    return np.where(some, np.maximum(found, 0.0), 0.0) * window**2


def shared_stretch(*, mean: Rate, window: float, alikeness: float, luck: Floats) -> Floats:
    """Mean stretch of a run, given its shared luck: a beta on the share of the window.

    Its variance is ``alikeness`` of that between people.

    Parameters
    ----------
    mean : float or array (run,)
        Expected units of time a person.
    window, alikeness : float
    luck : array (run,)
        Normal score of the shared luck.
    """
    share = np.asarray(mean, dtype=float) / window
    variance = stretch_variance(mean=mean, window=window) * (alikeness / window**2)
    some = variance > 0
    size = share * (1 - share) / np.where(some, variance, 1.0) - 1
    drawn = betaincinv(
        np.where(some, share * size, 1.0), np.where(some, (1 - share) * size, 1.0), ndtr(luck)
    )
    found: Floats = np.where(some, drawn, share) * window
    return found


def stretches(*, uniforms: Uniforms, scale: Rate, window: float) -> Floats:
    """How long each person's time lasts, shape (person, run), in units.

    Parameters
    ----------
    uniforms : array (person, run)
        Above 1: this person has none.
    scale : float or array (run,)
        θ, as :func:`time_scale` gives it.
    window : float

    Examples
    --------
    >>> stretches(uniforms=np.array([[0.5], [0.01]]), scale=100.0, window=365.0).round(2).tolist()
    [[69.31], [365.0]]
    """
    found: Floats = np.log(np.maximum(uniforms, 2.0**-54), dtype=np.float64)
    found *= -np.asarray(scale)
    return np.clip(found, 0.0, window, out=found)


def falls_in(*, stretch: Floats, edges: Sequence[float]) -> Iterator[Floats]:
    """What of a stretch falls in each period, whose bounds are the edges.

    Examples
    --------
    >>> [x.tolist() for x in falls_in(stretch=np.array([100.0]), edges=(0.0, 90.0, 180.0, 200.0))]
    [[90.0], [10.0], [0.0]]
    """
    return (np.clip(stretch - low, 0.0, high - low) for low, high in pairwise(edges))


def ends_in(*, stretch: Floats, edges: Sequence[float]) -> Iterator[Floats]:
    """The whole stretch in the period in which it ends, 0 in the others."""
    return (stretch * ((stretch > low) & (stretch <= high)) for low, high in pairwise(edges))


def expected_in(*, scale: Rate, edges: Sequence[float]) -> list[Floats]:
    """What of a stretch is expected to fall in each period: the integral of e^(−x/θ) over it."""
    theta = np.asarray(scale, dtype=float)
    some = np.where(theta > 0, theta, 1.0)
    return [
        np.where(theta > 0, -theta * np.exp(-low / some) * np.expm1((low - high) / some), 0.0)
        for low, high in pairwise(edges)
    ]
