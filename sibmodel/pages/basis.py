"""What the tables stand on: the ledger if it was kept, percentiles, and reasons for absence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from sibmodel.results import Results

PERCENTILES = (5, 25, 50, 75, 95)


class AbsentError(ValueError):
    """A table or plot for which there are no numbers; the message says why."""


def ledger_of(results: Results) -> xr.Dataset:
    """The ledger, if it was kept.

    Raises
    ------
    AbsentError
    """
    if results.ledger is None:
        raise AbsentError('the ledger was not kept: simulate with keep="ledger" to see it')
    return results.ledger


def percentiles_of(
    values: npt.NDArray[np.float64], percentiles: Sequence[int] = PERCENTILES
) -> dict[str, npt.NDArray[np.float64]]:
    """Order statistics over the first axis, as everywhere in the results.

    Examples
    --------
    >>> percentiles_of(np.arange(1.0, 11.0), (10, 50))
    {'p10': np.float64(1.0), 'p50': np.float64(5.0)}
    """
    found = np.percentile(values, percentiles, axis=0, method="inverted_cdf")
    return {f"p{percent}": row for percent, row in zip(percentiles, found, strict=True)}
