"""Discount factors as a table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sibmodel.contract.schedules import Schedule, flat
from sibmodel.model import discounting
from sibmodel.model.present_value import RealRate, schedule


def discount_factors(
    at: str | Schedule | RealRate, years: int | Iterable[float] = 30
) -> pd.DataFrame:
    """What a unit of real money at each time is worth now.

    Parameters
    ----------
    at : str, Schedule or RealRate
        A schedule, by its name or itself, or one real rate.
    years : int or iterable of float
        The last year, from 0 on; or the times themselves [years].

    Returns
    -------
    DataFrame
        By year: rate [share per year], that of the year which ends then (of the year under way,
        between two); factor [money now per money then].

    Raises
    ------
    KeyError
        If there is no schedule of that name; the message has the nearest.

    Notes
    -----
    Source: HM Treasury, The Green Book, discounting annex (marginal rates by band of years).

    Examples
    --------
    >>> discount_factors("green_book_2026", [1, 30, 31]).factor.round(6).tolist()
    [0.966184, 0.356278, 0.345901]
    """
    if isinstance(at, str):
        at = schedule(at)
    bands = (flat(at.rate) if isinstance(at, RealRate) else at).bands
    times = np.arange(years + 1) if isinstance(years, int) else np.array([*years])
    factors = discounting.discount_factors(bands=bands, years=times)
    last, rates = (np.array(column) for column in zip(*bands, strict=True))
    # year 0 is now: no rate has run yet, and the first year's is shown
    rate = rates[np.searchsorted(last, np.ceil(times))]
    return pd.DataFrame({"rate": rate, "factor": factors}, index=pd.Index(times, name="year"))
