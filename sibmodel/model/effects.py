"""Effects: what is observed set against what would have been, and how sure a measurement is."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtr

from sibmodel.model.chance import Floats

Number = float | Floats
Better = Literal["higher", "lower"]

_ROUNDING = 1e-12  # a difference smaller than this share of what it is between is none


def additional(
    *, people: Number, observed: Number, counterfactual: Number, better: Better = "higher"
) -> Number:
    """Outcomes beyond the counterfactual: s·n·(o − c), s = −1 where lower is better.

    Parameters
    ----------
    people : float or array (run,)
        n [people].
    observed, counterfactual : float or array (run,)
        o and c [outcomes a person].
    better : higher or lower

    Returns
    -------
    float or array (run,)
        [outcomes]; negative where things are worse than the counterfactual.

    Source
    ------
    The contract language, docs/language.md, Performance.

    Examples
    --------
    >>> round(float(additional(people=936, observed=1.42, counterfactual=1.55, better="lower")), 2)
    121.68
    """
    return people * better_by(observed, counterfactual, better)


def relative_change(
    *, observed: Number, counterfactual: Number, better: Better = "higher"
) -> Number:
    """Change relative to the counterfactual: s·(o − c)/c, s = −1 where lower is better.

    Parameters
    ----------
    observed, counterfactual : float or array (run,)
        o and c, both a person or both in total.
    better : higher or lower

    Returns
    -------
    float or array (run,)
        A share; NaN where the counterfactual is 0 (but for what rounding leaves of differences).

    Source
    ------
    The contract language, docs/language.md, Performance.

    Examples
    --------
    142 reconvictions per 100 people against 155: 8.4% fewer.

    >>> round(float(relative_change(observed=142, counterfactual=155, better="lower")), 4)
    0.0839
    """
    something = np.abs(counterfactual) >= _ROUNDING
    return ratio(
        better_by(observed, counterfactual, better), np.where(something, counterfactual, 0.0)
    )


def difference_in_differences(
    *,
    before: Number,
    comparison: Number,
    comparison_before: Number,
    design: Literal["additive", "ratio"],
) -> Number:
    """The counterfactual, a person, by difference in differences.

    Parameters
    ----------
    before : float or array (run,)
        Of the people served, before the service [outcomes a person].
    comparison, comparison_before : float or array (run,)
        Of the comparison group, over the same two times [outcomes a person].
    design : additive or ratio
        The comparison group's change is added, or multiplies; the two differ.

    Returns
    -------
    float or array (run,)
        before + (comparison − comparison_before), or before × comparison / comparison_before (NaN
        where that is 0).

    Source
    ------
    The contract language, docs/language.md, Performance.

    Examples
    --------
    >>> rates = {"before": 84.0, "comparison": 84.0, "comparison_before": 75.0}  # per 100
    >>> [float(difference_in_differences(**rates, design=d)) for d in ("additive", "ratio")]
    [93.0, 94.08]
    """
    if design == "additive":
        return before + (comparison - comparison_before)
    return ratio(before * comparison, comparison_before)


def rate_ratio_error(
    *, events_treated: Number, events_control: Number, dispersion: Number = 1.0
) -> Number:
    """Standard error of the logarithm of a ratio of two rates: sqrt(φ/events₁ + φ/events₀).

    Parameters
    ----------
    events_treated, events_control : float or array
        Events counted in each group, above 0.
    dispersion : float or array
        φ, variance of a person's events over their mean; 1 for Poisson.

    Source
    ------
    Delta method on two independent counts with variance φ × mean, as in METHOD (docs/method.md).

    Examples
    --------
    >>> events = {"events_treated": 1.42 * 936, "events_control": 1.55 * 9360}
    >>> [round(float(rate_ratio_error(**events, dispersion=phi)), 4) for phi in (1, 4)]
    [0.0287, 0.0573]
    """
    error: Number = np.sqrt(dispersion / events_treated + dispersion / events_control)
    return error


def chance_of_payment(
    *, threshold: Number, true_reduction: Number, standard_error: Number
) -> Number:
    """Chance that a measured relative reduction reaches a threshold.

    Φ((ln(1−T) − ln(1−e)) / SE): the logarithm of the measured ratio is taken as normal. ½ where the
    true reduction equals the threshold, whatever the error.

    Parameters
    ----------
    threshold, true_reduction : float or array
        T and e, shares below 1.
    standard_error : float or array
        Of the log rate ratio, with the events expected *under the true reduction asked about*.

    Source
    ------
    METHOD (docs/method.md), Payment by measured performance.

    Examples
    --------
    >>> error = rate_ratio_error(events_treated=1329.12, events_control=14508, dispersion=4)
    >>> chance = chance_of_payment(threshold=0.1, true_reduction=0.0, standard_error=error)
    >>> round(float(chance), 3)
    0.033
    """
    chance: Number = ndtr((np.log1p(-threshold) - np.log1p(-true_reduction)) / standard_error)
    return chance


def better_by(observed: Number, counterfactual: Number, better: Better) -> Number:
    """The difference, positive where things are better; what only rounding leaves is nil."""
    sign = 1.0 if better == "higher" else -1.0
    difference = sign * np.subtract(observed, counterfactual)
    size = np.maximum(np.abs(observed), np.abs(counterfactual))
    net: Number = np.where(np.abs(difference) <= _ROUNDING * size, 0.0, difference)[()]
    return net


def ratio(part: Number, whole: Number) -> Number:
    """Part over whole, NaN where the whole is 0."""
    top, bottom = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    found: Number = np.divide(top, bottom, out=undefined, where=bottom != 0)[()]
    return found
