"""Which of several options are worth their cost: dominance, and what each further unit costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

Floats = npt.NDArray[np.float64]
ON_FRONTIER, DOMINATED, EXTENDEDLY = "on the frontier", "dominated", "extendedly dominated"


@dataclass(frozen=True)
class Frontier:
    """Options by cost and effect, each array (option,).

    ``status``: on the frontier, dominated (another costs no more and does no less), or extendedly
    dominated (a mix of two others does more for the same). ``ratio``: what a further unit of effect
    costs against the next option below on the frontier [money per unit]; NaN for the cheapest and
    for those not on it.
    """

    status: npt.NDArray[np.str_]
    ratio: Floats


def frontier(*, costs: ArrayLike, effects: ArrayLike) -> Frontier:
    """Sort out options that cost more for no more effect, or more for each unit than a dearer one.

    Parameters
    ----------
    costs : array_like (option,)
        [money].
    effects : array_like (option,)
        More is better [units].

    Returns
    -------
    Frontier

    Raises
    ------
    ValueError
        If there is no option, or a figure is not a number.

    Notes
    -----
    Source: incremental cost-effectiveness, as taught by the Health Economics Resource Center (US
    Department of Veterans Affairs), whose example this is.

    Examples
    --------
    >>> found = frontier(costs=[5, 12, 10, 25, 35, 55], effects=[1, 1.5, 2, 3, 4, 5])
    >>> found.status.tolist()[1], found.status.tolist()[3], found.ratio.tolist()[2]
    ('dominated', 'extendedly dominated', 5.0)
    """
    cost, effect = (np.asarray(given, dtype=np.float64) for given in (costs, effects))
    if cost.ndim != 1 or cost.shape != effect.shape or not cost.size:
        raise ValueError("an option has one cost and one effect: give as many of each")
    if not (np.isfinite(cost).all() and np.isfinite(effect).all()):
        raise ValueError("costs and effects are numbers: leave out an option without one")
    count = len(cost)
    status = np.full(count, ON_FRONTIER, dtype=f"<U{len(EXTENDEDLY)}")
    order = sorted(range(count), key=lambda k: (cost[k], -effect[k], k))
    kept: list[int] = []
    for k in order:  # the cheapest first: who does no more than a cheaper one is dominated
        if kept and effect[k] <= effect[kept[-1]]:
            status[k] = DOMINATED
        else:
            kept.append(k)
    hull: list[int] = []
    for k in kept:  # a unit must never be cheaper from a dearer option than from the one before
        while len(hull) > 1 and _slope(cost, effect, hull[-1], k) <= _slope(
            cost, effect, hull[-2], hull[-1]
        ):
            status[hull.pop()] = EXTENDEDLY
        hull.append(k)
    ratio = np.full(count, np.nan)
    for below, k in pairwise(hull):
        ratio[k] = _slope(cost, effect, below, k)
    return Frontier(status, ratio)


def _slope(cost: Floats, effect: Floats, a: int, b: int) -> float:
    """What a unit of effect costs between two options."""
    return float((cost[b] - cost[a]) / (effect[b] - effect[a]))
