"""What investors earn and stand to lose: all together, and each tranche."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel.results import Results
from sibmodel.simulation import investor_xirr
from sibmodel.statistics import cvar, percentile, value_at_risk

Floats = npt.NDArray[np.float64]


def investors(results: Results, *, tail: float = 0.05) -> pd.DataFrame:
    """Returns and risks of all investors together and of each tranche.

    Parameters
    ----------
    results : Results
    tail : float
        Share of the worst runs that value at risk and conditional value at risk are of.

    Returns
    -------
    DataFrame
        One row for all and one a tranche that is repaid: drawn, received, multiple and
        multiple_on_peak (ratios of means), irr_p5, irr_p50, irr_p95, irr_of_mean and xirr_p50 (of
        dated flows, where the ledger was kept) [a year], payback and weighted_average_life [years],
        capital_at_risk, p_loss, loss_given_loss (mean, as a share of what was drawn), multiple_var
        and multiple_cvar (the multiple at the tail, and its mean beyond), present_value,
        present_value_var and present_value_cvar (at the hurdle).

    Raises
    ------
    ValueError
        Where there is no capital, or the tail is no share.

    Examples
    --------
    >>> import sibmodel as sib
    >>> table = investors(sib.simulate(sib.library.load("closed_form_bond"), runs=4096))
    >>> bool(abs(table.p_loss["all investors"] - 0.109415) < 0.02)
    True
    """
    if results.contract.capital is None:
        raise ValueError(f"{results.contract.name} has no capital: nobody invests")
    if not 0 < tail < 1:
        raise ValueError(f"tail is a share of runs, above 0 and below 1: seen {tail:g}")
    tranches = list(results.contract.capital.tranches)
    rows = {"all investors": _row(results, "", tail)}
    repaid = results.contract.capital.repaid  # a grant has no return
    rows |= {
        n: _row(results, f"[{n}]", tail) for n in tranches if n in repaid and len(tranches) > 1
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "tranche"
    return table


def _row(results: Results, suffix: str, tail: float) -> dict[str, float]:
    drawn = results.measure(f"investor_drawn{suffix}")
    received = results.measure(f"investor_distributed{suffix}")
    loss = results.measure(f"investor_loss{suffix}")
    put_in = np.where(drawn > 0, drawn, np.nan)
    lost = loss[loss > 0] / put_in[loss > 0]
    multiple = (received / put_in)[drawn > 0]
    row = {
        "drawn": results.expected(f"investor_drawn{suffix}"),
        "received": results.expected(f"investor_distributed{suffix}"),
        "multiple": results.expected(f"investor_multiple{suffix}"),
        "multiple_on_peak": results.expected(f"investor_multiple_on_peak{suffix}"),
        **{
            f"irr_p{percent}": results.percentile(f"investor_irr{suffix}", percent)
            for percent in (5, 50, 95)
        },
        "irr_of_mean": results.expected(f"investor_irr{suffix}"),
        "xirr_p50": _xirr(results, suffix),
        "payback": results.percentile(f"payback{suffix}", 50),
        "weighted_average_life": results.expected(f"weighted_average_life{suffix}"),
        "capital_at_risk": results.expected(f"capital_at_risk{suffix}"),
        "p_loss": results.expected(f"investor_loses{suffix}"),
        "loss_given_loss": float(lost.mean()) if lost.size else math.nan,
        **_tail("multiple", multiple, tail),
    }
    value = results.measure(f"investor_present_value{suffix}")
    row["present_value"] = results.expected(f"investor_present_value{suffix}")
    return row | _tail("present_value", value[~np.isnan(value)], tail)


def _xirr(results: Results, suffix: str) -> float:
    """The median rate of dated flows; NaN where it is undefined in a run, or nothing was kept."""
    if results.ledger is None:
        return math.nan
    rate = investor_xirr(results, suffix[1:-1] or None).rate
    return math.nan if np.isnan(rate).any() else percentile(rate, 50)


def _tail(name: str, values: Floats, tail: float) -> dict[str, float]:
    """Value at risk and the mean beyond it, of the worst runs."""
    if not values.size:
        return {f"{name}_var": math.nan, f"{name}_cvar": math.nan}
    at_risk, beyond = value_at_risk(values, share=tail), cvar(values, share=tail)
    return {f"{name}_var": at_risk, f"{name}_cvar": beyond}
