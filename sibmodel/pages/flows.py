"""The plot of investors' cash: the middle run by tranche, and how far any run may be down."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sibmodel.pages import investors
from sibmodel.pages.basis import AbsentError
from sibmodel.pages.drawing import (
    STYLE,
    WIDTH,
    Plot,
    date_axis,
    day_of,
    fan,
    fills,
    money_axis,
    titled,
)
from sibmodel.pages.text import cell, money, money_scale, words
from sibmodel.results import Results


def investor_cash_flow(results: Results) -> Plot:
    """The middle run's money in below the line and out above it; below, the fan of all runs."""
    middle, spread = investors.median_run(results), investors.capital_at_risk_by_period(results)
    currency, step = results.contract.currency, words(results.contract.timeline.step)
    if not middle[["put_in", "received"]].to_numpy().any():
        raise AbsentError("investors put nothing in in the middle run")
    last = _last_change(middle, spread)
    middle, spread = middle[: last + 1], spread[: last + 1]
    most = middle[["put_in", "received", "cumulative"]].abs().to_numpy().max()
    size, word = money_scale(max(most, spread[["p5", "p95"]].abs().to_numpy().max()))
    rows = 2 if results.runs > 1 else 1
    run = int(middle["run"].iloc[0])
    put_in, received = (money(middle[side].sum(), currency) for side in ("put_in", "received"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.8 * rows), layout="constrained")
        panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        _bars(panels[0], middle, investors.investing(results), size)
        which = f"The middle run (run {run})" if rows > 1 else "This run"
        titled(panels[0], f"{which}: {put_in} in, {received} out")
        if rows > 1:
            fan(panels[1], spread, size, certain=False, middle="P50", key="best")
            panels[1].set_title("All runs: received less put in, so far")
        for axes in panels:
            money_axis(axes, f"{currency} {word}".strip())
            axes.axhline(0, color="black", linewidth=1.2)
        date_axis(panels[-1], middle, step)
    rate = cell(float(results.measure("investor_irr")[run]), "rate a year")
    deepest = spread.iloc[int(spread["p5"].to_numpy().argmin())]
    alt = f"Investors' cash by {step}. {which}: {put_in} put in and {received} received"
    if rows > 1:
        down, when = money(-float(deepest["p5"]), currency), day_of(str(deepest["date"]))
        alt += (
            f". Over all runs they are furthest down from {when}: one run in twenty has "
            f"{down} or more still out"
        )
    caption = (
        "Nominal cash: above the line is what investors receive, below it what they put in. "
        f"Rate of return of this run: {rate} a year."
    )
    if rows > 1:
        caption += (
            " The middle run is the one with the median rate of return, or with median payments "
            "where no run has a rate. In the lower panel each period has its own percentiles: no "
            "line is one run."
        )
    return Plot(figure, f"{alt}.", caption)


def _last_change(middle: pd.DataFrame, spread: pd.DataFrame) -> int:
    """The last period in which anything moves, in the middle run or in the spread."""
    still = spread[["expected", "p5", "p95"]].diff().abs().max(axis=1)
    moves = middle[["put_in", "received"]].sum(axis=1) + still.fillna(0.0)
    return int(np.flatnonzero(moves.to_numpy() > investors.DUST).max(initial=0))


def _bars(axes: Axes, middle: pd.DataFrame, tranches: tuple[str, ...], size: float) -> None:
    """Received above the line and put in below it, stacked by tranche; cumulative as a line."""
    place = middle["period"].to_numpy() + 0.5
    columns = [f"[{name}]" for name in tranches] if len(tranches) > 1 else [""]
    names = [words(name) for name in tranches] if len(tranches) > 1 else ["investors"]
    ends = {1: np.zeros(len(middle)), -1: np.zeros(len(middle))}
    for column, name, (colour, hatch) in zip(columns, names, fills(len(names)), strict=True):
        for side, kind in ((-1, "put_in"), (1, "received")):
            part = side * middle[f"{kind}{column}"].to_numpy() / size
            axes.bar(
                place,
                part,
                bottom=ends[side],
                width=0.8,
                color=colour,
                hatch=hatch,
                edgecolor="black",
                linewidth=0.8,
                label=name if side == 1 else None,
            )
            ends[side] = ends[side] + part
    axes.plot(
        place,
        middle["cumulative"] / size,
        color="black",
        linewidth=2,
        marker="o",
        markersize=4,
        label="received less put in, so far",
    )
    axes.margins(y=0.25)
    axes.legend(loc="best", frameon=False, fontsize=12)
