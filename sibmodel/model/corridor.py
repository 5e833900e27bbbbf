"""The price corridor by formula: the lowest workable price, and the highest worth paying."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sibmodel.model.chance import Floats


class Corridor(NamedTuple):
    """Lowest workable price, highest worth paying, and whether the first is within the second."""

    lowest: Floats
    highest: Floats
    workable: npt.NDArray[np.bool_]


def corridor(
    *,
    rate: npt.ArrayLike,
    anyway: npt.ArrayLike,
    claimed: npt.ArrayLike,
    cost: npt.ArrayLike,
    finance: npt.ArrayLike,
    value: npt.ArrayLike,
    attribution: npt.ArrayLike = 1.0,
) -> Corridor:
    """The corridor of one price for every claim, by formula; arrays broadcast together.

    It ignores limits and the chance of loss.

    Parameters
    ----------
    rate, anyway : array
        Chance of the outcome with the service and without [share of those who start].
    claimed : array
        Outcomes claimed with evidence [share of those achieved].
    cost, finance : array
        Delivery, and what its finance costs, for each who starts [money].
    value : array
        Present value of an additional outcome [money].
    attribution : array
        Share of those beyond anyway that is the service's doing [1].

    Returns
    -------
    Corridor
        ``lowest`` and ``highest`` [money per claim], NaN where nothing is claimed; ``workable``.

    Source
    ------
    Algebra: the provider breaks even where price × rate × claimed = cost + finance; the payer where
    price × rate × claimed = value × (rate − anyway) × attribution.

    Examples
    --------
    >>> found = corridor(rate=0.5, anyway=0.2, claimed=0.9, cost=2400, finance=300, value=12_000)
    >>> round(float(found.lowest)), round(float(found.highest)), bool(found.workable)
    (6000, 8000, True)
    """
    p, d, f, c, k, v, share = np.broadcast_arrays(
        *(
            np.asarray(x, dtype=float)
            for x in (rate, anyway, claimed, cost, finance, value, attribution)
        )
    )
    worth, needed, paid_for = v * (p - d) * share, c + k, p * f
    nothing = np.full(paid_for.shape, np.nan)
    return Corridor(
        np.divide(needed, paid_for, out=nothing.copy(), where=paid_for > 0),
        np.divide(worth, paid_for, out=nothing.copy(), where=paid_for > 0),
        # a bound met but for rounding is met
        (worth >= needed) | np.isclose(worth, needed, rtol=1e-12, atol=0.0),
    )
