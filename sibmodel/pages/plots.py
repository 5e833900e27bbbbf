"""Plots for a board: what is paid when, what investors earn, who pays and who gains.

Every plot draws the numbers of a table of the same name in :mod:`sibmodel.pages.tables`. Parts are
told apart by brightness, hatching and labels as well as by colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sibmodel.pages import tables
from sibmodel.pages.basis import AbsentError
from sibmodel.pages.drawing import (
    FILLS,
    GREEN,
    ORANGE,
    SKY,
    STYLE,
    VERMILION,
    WIDTH,
    YELLOW,
    Plot,
    date_axis,
    day_of,
    fan,
    fills,
    money_axis,
    titled,
)
from sibmodel.pages.flows import investor_cash_flow
from sibmodel.pages.text import (
    benefits_valued,
    cell,
    day,
    minus,
    money,
    money_scale,
    of_hundred,
    words,
)
from sibmodel.results import Results


def payments(results: Results) -> Plot:
    """Outcome payments by period as a fan, and the payers' shares of what is expected."""
    table, by_payer = tables.payments_by_period(results), tables.payments_by_payer(results)
    currency, step = results.contract.currency, words(results.contract.timeline.step)
    if not table["p95"].max() > 0 and not table["expected"].max() > 0:
        raise AbsentError("nothing is paid in any run")
    last = int(table.loc[table["p95"] + table["expected"] > 0, "period"].max())
    shown = table[table["period"] <= last]
    payers = list(by_payer["payer"].unique())
    size, word = money_scale(max(shown["p95"].max(), shown["expected"].max()))
    rows = 2 if len(payers) > 1 else 1
    gross, net = float(table["expected"].sum()), results.expected("outcome_payments")
    total = money(gross, currency)
    total += " expected" if results.runs > 1 else ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.6 * rows), layout="constrained")
        panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        fan(panels[0], shown, size, certain=results.runs == 1)
        who = f"{words(payers[0])} pays" if len(payers) == 1 else "is paid"
        titled(panels[0], f"What {who} each {step}: {total} in all")
        if rows > 1:
            _shares(panels[1], by_payer[by_payer["period"] <= last], payers, size)
            panels[1].set_title("Who pays what is expected")
        for axes in panels:
            money_axis(axes, f"{currency} {word}".strip() + f" a {step}")
            axes.set_ylim(bottom=0)
        date_axis(panels[-1], shown, step)
    top = shown.sort_values("expected").iloc[-1]
    most, when = money(top["expected"], currency), day_of(top["date"])
    alt = f"Outcome payments by {step}: {total} in all; the most, {most}, in that from {when}"
    if results.runs > 1:
        low, high = money(top["p5"], currency), money(top["p95"], currency)
        alt += f", where 9 runs in 10 lie between {low} and {high}"
    caption = "Cash as it is paid (nominal). Each period's range is its own; ranges do not add up."
    if not math.isclose(gross, net, abs_tol=0.5):
        caption += (
            f" What goes back to payers, {money(gross - net, currency)} on average, is not taken "
            f"off here: less that it is {money(net, currency)}."
        )
    if last < int(table["period"].max()):
        caption += f" Nothing is paid after the {step} from {day_of(shown['date'].iloc[-1])}."
    return Plot(figure, f"{alt}.", caption)


def _shares(axes: Axes, by_payer: pd.DataFrame, payers: list[str], size: float) -> None:
    base: np.ndarray | float = 0.0
    whole = by_payer["expected"].sum()
    for payer, (colour, hatch) in zip(payers, fills(len(payers)), strict=True):
        mine = by_payer[by_payer["payer"] == payer]
        height = mine["expected"].to_numpy() / size
        axes.bar(
            mine["period"].to_numpy() + 0.5,
            height,
            bottom=base,
            width=0.9,
            color=colour,
            hatch=hatch,
            edgecolor="black",
            linewidth=0.8,
            label=f"{words(payer)}: {100 * mine['expected'].sum() / whole:.0f}%",
        )
        base = base + height
    axes.legend(loc="upper left", frameon=False, fontsize=12, reverse=True)
    axes.margins(y=0.25)


def investor_return(results: Results) -> Plot:
    """Runs by investors' internal rate of return; losses hatched, total losses by themselves."""
    table = tables.irr_distribution(results)
    loses, middle = results.expected("investor_loses"), results.percentile("investor_irr", 50)
    place = np.arange(len(table), dtype=float)
    if table["part"].iloc[0] == "total loss":
        place[1:] += 0.6
    shares = 100 * table["share"].to_numpy()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
        axes = figure.subplots()
        for part, colour, hatch in (
            ("total loss", VERMILION, "xxx"),
            ("loss", "#F3B48B", "///"),
            ("gain", SKY, ""),
        ):
            here = (table["part"] == part).to_numpy()
            axes.bar(
                place[here],
                shares[here],
                width=1.0,
                color=colour,
                hatch=hatch,
                edgecolor="black",
                linewidth=0.8,
            )
        _return_axis(axes, table, place)
        marks = {"middle run": middle}
        if results.contract.capital is not None and results.contract.capital.hurdle is not None:
            marks["hurdle"] = results.contract.capital.hurdle
        _marks(axes, table, place, marks, 1.14 * shares.max())
        axes.set_ylim(0, 1.32 * shares.max())
        axes.set_ylabel("Runs, %")
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.grid(axis="y", color="0.85", linewidth=0.8)
        axes.set_axisbelow(True)
        left = 3 * np.argmax(shares) < len(shares)  # the key stands where the bars are lower
        axes.legend(
            handles=_return_key(table),
            loc="upper right" if left else "upper left",
            frameon=False,
            fontsize=12,
        )
        title = f"Investors lose money in {of_hundred(loses)}"
        if not math.isnan(middle):
            title += f";\nin the middle run they earn {cell(middle, 'rate a year')} a year"
        axes.set_title(title)
    counts = results.irr_statuses()
    undefined = int(counts[["no_outlay", "several", "none"]].sum())
    caption = (
        f"Nominal cash, a year. Everything was lost (−100%) in {counts['total_loss']:,} of "
        f"{results.runs:,} runs. The rate is undefined in {undefined:,} runs"
        + ("." if not undefined else f", not drawn: {results.reason('investor_irr')}.")
    )
    low, high = results.percentile("investor_irr", 5), results.percentile("investor_irr", 95)
    spread = (
        "" if math.isnan(low) else f" 9 runs in 10 lie between {cell(low, 'rate a year')} and "
        f"{cell(high, 'rate a year')} a year."
    )  # fmt: skip
    return Plot(figure, f"Runs by rate of return. {' '.join(title.split())}.{spread}", caption)


def _return_key(table: pd.DataFrame) -> list[Patch]:
    said = {
        "total loss": ("everything lost", VERMILION, "xxx"),
        "loss": ("loss", "#F3B48B", "///"),
        "gain": ("capital back, or more", SKY, ""),
    }
    return [
        Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=label)
        for part, (label, colour, hatch) in said.items()
        if (table["part"] == part).any()
    ]


def _return_axis(axes: Axes, table: pd.DataFrame, place: np.ndarray) -> None:
    ticks: list[float] = []
    labels: list[str] = []
    if table["part"].iloc[0] == "total loss":
        ticks, labels = [0.0], ["all\nlost"]
    bins = table[(table["part"] != "total loss") & np.isfinite(table["low"])]
    every = max(1, math.ceil(len(bins) / 8))
    zero = int(np.argmin(np.abs(bins["low"].to_numpy()))) if len(bins) else 0
    for row, (index, low) in enumerate(bins["low"].items()):
        if (row - zero) % every == 0:
            ticks.append(place[int(str(index))] - 0.5)
            labels.append(minus(f"{100 * low:g}%"))
    for side, label in (("low", "\nless"), ("high", "\nmore")):
        ticks += place[np.isinf(table[side])].tolist()
        labels += [label] * int(np.isinf(table[side]).sum())
    axes.set_xticks(ticks, labels)
    axes.set_xlabel("Investors' internal rate of return a year")


def _marks(
    axes: Axes, table: pd.DataFrame, place: np.ndarray, marks: dict[str, float], height: float
) -> None:
    """Lines at a rate, each with its name; the lower rate's name stands to the left."""
    bins = table[np.isfinite(table["low"]) & np.isfinite(table["high"]) & (table["low"] > -1)]
    if bins.empty:
        return
    low, high = bins["low"].iloc[0], bins["high"].iloc[-1]
    start = place[bins.index[0]] - 0.5
    width = bins["high"].iloc[0] - low
    ordered = sorted((v, k) for k, v in marks.items() if low <= v <= high)
    for order, (value, name) in enumerate(ordered):
        x = start + (value - low) / width
        line = "-" if name == "middle run" else (0, (4, 3))
        axes.plot([x, x], [0, height], color="black", linewidth=1.8, linestyle=line)
        left = order == 0 and len(ordered) > 1
        axes.annotate(
            f"{name} {cell(value, 'rate a year')}",
            (x, height),
            xytext=(-4 if left else 4, -2),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top",
            fontsize=12,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )


COLUMNS = {
    "payments": ("outcome payments", *FILLS[0]),
    "costs": ("real resources used", "#555555", ""),
    "cash_savings": ("savings in cash", GREEN, ""),
    "other_benefits": ("other benefits", GREEN, ".."),
    "transfers": ("benefits taken from another", YELLOW, "xx"),
    "return": ("investors' return", ORANGE, "//"),
}


def incidence(results: Results) -> Plot:
    """Who pays and who gains: bars by party, the net marked; society is the sum."""
    table = tables.incidence(results)
    currency = results.contract.currency
    base = results.contract.prices.base if results.contract.prices else ""
    columns = [column for column in COLUMNS if table[column].abs().max() > 0]
    touched = (table[columns].abs().sum(axis=1) > 0) | table["net"].isna()
    rows = table[touched | (table["party"] == "society")]
    size, word = money_scale(float(rows[columns].abs().to_numpy().max()))
    y = np.arange(len(rows), dtype=float)[::-1]
    y[:-1] += 0.5
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.6 + 0.75 * len(rows)), layout="constrained")
        axes = figure.subplots()
        ends = {side: np.zeros(len(rows)) for side in (1, -1)}
        for column in columns:
            label, colour, hatch = COLUMNS[column]
            amounts = rows[column].to_numpy() / size
            for side in (1, -1):
                part = np.where(side * amounts > 0, amounts, 0.0)
                axes.barh(
                    y,
                    part,
                    left=ends[side],
                    height=0.62,
                    color=colour,
                    hatch=hatch,
                    edgecolor="black",
                    linewidth=0.8,
                    label=label if side == 1 else None,
                )
                ends[side] = ends[side] + part
        net = rows["net"].to_numpy() / size
        axes.plot(net, y, "D", color="black", markersize=9, markeredgecolor="white", label="net")
        span = ends[1].max() - ends[-1].min()
        for height, end, value in zip(y, ends[1], rows["net"], strict=True):
            axes.annotate(
                f"net {money(value, currency)}",
                (end + 0.02 * span, height),
                va="center",
                fontsize=12,
                fontweight="bold" if height == 0 else "normal",
            )
        axes.axvline(0, color="black", linewidth=1.2)
        axes.axhline(0.75, color="0.5", linewidth=1)
        axes.set_yticks(y, [_party(name) for name in rows["party"]])
        axes.set_xlim(ends[-1].min() - 0.05 * span, ends[1].max() + 0.48 * span)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: minus(f"{x:,g}")))
        unit = f"{currency} {word}".strip()
        axes.set_xlabel(f"← pays or loses · gains →\nPresent value, {unit} at {base} prices")
        axes.grid(axis="x", color="0.85", linewidth=0.8)
        axes.set_axisbelow(True)
        worth = float(rows["net"].iloc[-1])
        gains = f"Society {'gains' if worth >= 0 else 'loses'} {money(abs(worth), currency)}"
        if np.isnan(worth):
            gains = "What society gains is undefined"
        axes.set_title(f"{gains}, counting {benefits_valued(results.contract)}", x=-0.2)
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=12,
        )
    each = "; ".join(
        f"{words(name)} {money(net, currency)}"
        for name, net in zip(rows["party"], rows["net"], strict=True)
    )
    alt = f"Bars of what each party pays and gains. Net: {each}."
    valued_on = results.contract.valued_on
    caption = (
        f"Expected values, real at {base} prices, present value on {day(valued_on)}. What one "
        "pays another receives: over all parties payments, transfers and return cancel."
    )
    return Plot(figure, alt, caption)


def _party(name: str) -> str:
    return {"society": "society\n(sum of all)", "account": "account\n(holds the money)"}.get(
        name, words(name)
    )


PLOTS: dict[str, Callable[[Results], Plot]] = {
    "payments": payments,
    "investor_return": investor_return,
    "investor_cash_flow": investor_cash_flow,
    "incidence": incidence,
}
"""Every plot, in the order of the page."""


def plots(results: Results) -> tuple[dict[str, Plot], dict[str, str]]:
    """Every plot there is, and for each that there is not, the reason."""
    found, absent = {}, {}
    for name, plot in PLOTS.items():
        try:
            found[name] = plot(results)
        except AbsentError as reason:
            absent[name] = str(reason)
    return found, absent
