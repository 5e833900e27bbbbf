"""Plots of many versions of a contract: a grid as a heat map, and the curve behind a price."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sibmodel.pages.basis import AbsentError
from sibmodel.pages.drawing import BLUE, SKY, STYLE, VERMILION, WIDTH, Plot, titled
from sibmodel.pages.text import minus, words
from sibmodel.questions.pricing import Answer
from sibmodel.questions.scenarios import Scenarios, as_told
from sibmodel.results import LIMIT_WORDS, show


def heat_map(scenarios: Scenarios, measure: str, statistic: str = "expected") -> Plot:
    """A grid of two paths: one measure by shade, its figure in every cell there is room for.

    Parameters
    ----------
    scenarios : Scenarios
        A grid of two paths.
    measure : str
    statistic : str
        A column of its table.

    Raises
    ------
    AbsentError
        If it is no grid of two paths, or the measure is undefined in every cell.
    """
    if len(scenarios.paths) != 2:
        raise AbsentError("a heat map is of a grid over two paths")
    table = scenarios.grid(measure, statistic)
    values = table.to_numpy(dtype=float)
    finite = np.isfinite(values)
    if not finite.any():
        raise AbsentError(f"{measure} is undefined in every scenario")
    about = scenarios.about(measure)
    unit = about.unit.replace("money", scenarios.contract.currency)
    rows, columns = values.shape
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, min(9.0, 1.8 + 0.42 * rows)), layout="constrained")
        axes = figure.add_subplot()
        shade = axes.imshow(np.where(finite, values, np.nan), cmap="cividis", aspect="auto")
        low, high = float(np.nanmin(values[finite])), float(np.nanmax(values[finite]))
        if rows <= 16 and columns <= 9:
            for (r, c), value in np.ndenumerate(values):
                dark = not np.isfinite(value) or (value - low) < 0.55 * (high - low)
                text = minus(show(float(value), unit).removeprefix(f"{unit} "))
                axes.text(
                    c, r, text, ha="center", va="center", fontsize=11,
                    color="white" if dark and np.isfinite(value) else "black",
                )  # fmt: skip
        for ticks, labels in ((axes.set_xticks, table.columns), (axes.set_yticks, table.index)):
            every = max(1, -(-len(labels) // 12))
            places = range(0, len(labels), every)
            ticks(list(places), [as_told(labels[place]) for place in places])
        axes.set_xlabel(_axis(scenarios.paths[1]))
        axes.set_ylabel(_axis(scenarios.paths[0]))
        title = _title(about.about, about.unit)
        title += "" if statistic == "expected" else f", {statistic.upper()}"
        titled(axes, title, 55)  # as far as the shades go
        bar = figure.colorbar(shade, ax=axes, fraction=0.05)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value, unit)))
    best = f"from {show(low, unit)} to {show(high, unit)}"
    return Plot(
        figure,
        f"Heat map: {title}, by {_axis(scenarios.paths[0])} and "
        f"{_axis(scenarios.paths[1])}: {best}.",
        f"{scenarios.as_it_stands.runs:,} runs of every scenario, before the same people.",
    )


def curve(answer: Answer) -> Plot:
    """The figures a search looked at, by value, with the target and where it is reached.

    Parameters
    ----------
    answer : Answer
        Of :func:`sibmodel.price_for`.
    """
    table = answer.curve
    defined = table[np.isfinite(table["figure"])]
    if defined.empty:
        raise AbsentError(f"{answer.measure} is undefined at every value")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.fill_between(
            defined["value"], defined["figure_low"], defined["figure_high"], color=SKY, alpha=0.5,
            linewidth=0, label="about 95% confidence, given the runs",
        )  # fmt: skip
        axes.plot(defined["value"], defined["figure"], color=BLUE, marker="o", markersize=4)
        wanted = f"target: {show(answer.target, answer.unit)}"
        axes.axhline(answer.target, color=VERMILION, linestyle="--", label=wanted)
        if answer.found:
            reached = f"reached at {answer.value:,.6g}"
            axes.axvline(answer.value, color="black", linewidth=1, label=reached)
        axes.set_xlabel(_axis(answer.path))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: as_told(value)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value, answer.unit)))
        axes.legend(frameon=False)
        titled(axes, _title(answer.about, answer.unit) + _certainty(answer))
    return Plot(
        figure,
        f"{answer!r}".removesuffix(".") + ".",
        "Every value that was looked at; a point is one simulation.",
    )


def _title(about: str, unit: str) -> str:
    """What a measure is, without what explains it."""
    text = about.partition(":")[0]
    return f"{text}, share of runs" if unit == "share" else text


def _certainty(answer: Answer) -> str:
    """Which figure of the runs is drawn."""
    if answer.unit == "share":
        return ""
    if answer.confidence is None:
        return ", expected"
    return f", as good in {answer.confidence:.0%} of runs"


def _axis(path: str) -> str:
    """A path in words: price of job 13 weeks, limit per person, factor bid."""
    *before, last = path.split(".")
    if before and before[-1] == "limits":
        return f"limit {LIMIT_WORDS.get(last, words(last))}"
    if before and before[-1] == "factors":
        return f"factor {words(last)}"
    return f"{words(last)} of {words(before[-1])}" if before else words(last)
