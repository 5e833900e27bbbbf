"""Tests at a bound, on values rounded to 12 significant digits.

In floating point ``1 - 90/100 >= 0.1`` is false, and a contract's whole payment can turn on it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sibmodel.model.chance import Floats

DIGITS = 12
"""Significant digits on which a test at a bound is made."""


def round12(value: npt.ArrayLike) -> Floats:
    """Values rounded to 12 significant digits; 0, infinite and NaN stay as they are.

    Parameters
    ----------
    value : float or array (…)

    Returns
    -------
    array of the same shape

    Examples
    --------
    >>> round12([1 - 90 / 100, 1 / 3, 0.0, 1e15 + 0.4]).tolist()
    [0.1, 0.333333333333, 0.0, 1000000000000000.0]
    """
    x = np.asarray(value, dtype=np.float64)
    plain = np.isfinite(x) & (x != 0)
    decade = np.floor(np.log10(np.abs(np.where(plain, x, 1.0))))
    places = np.clip(DIGITS - 1 - decade, -300, 300)
    # scaled by whole powers of ten, which are exact up to 1e22: neighbours of a bound meet on it
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    rounded: Floats = np.where(plain, np.rint(np.where(plain, x, 0.0) * up / down) / up * down, x)
    return rounded


def reaches(value: npt.ArrayLike, word: str, bound: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether values pass a test at a bound; a value that is undefined (NaN) passes none.

    Parameters
    ----------
    value : float or array (run,)
    word : str
        ``at_least`` and ``at_most`` include the bound; ``above`` and ``below`` do not.
    bound : float or array (run,)

    Returns
    -------
    bool array, the shape of both together

    Source
    ------
    The contract language, docs/language.md: tests are made on 12 significant digits.

    Examples
    --------
    >>> bool(reaches(1 - 90 / 100, "at_least", 0.1)), bool(reaches(1 - 90 / 100, "above", 0.1))
    (True, False)
    >>> reaches([0.07, 1 - 0.925, np.nan], "at_least", 0.075).tolist()
    [False, True, False]
    """
    x, at = round12(value), round12(bound)
    tests = {"at_least": x >= at, "above": x > at, "at_most": x <= at, "below": x < at}
    return np.asarray(tests[word], dtype=bool)
