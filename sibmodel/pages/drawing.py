"""What the plots share: colours, style, and axes of dates and money."""

from __future__ import annotations

import datetime as dt
import io
import math
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sibmodel.pages.text import day, minus

# Source: Okabe and Ito (2008), Color Universal Design: colours most colour-blind readers tell apart
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
)
FILLS = (
    (SKY, ""),
    (ORANGE, "//"),
    (GREEN, ".."),
    (YELLOW, "xx"),
    (PURPLE, "\\\\"),
    (VERMILION, "--"),
    (BLUE, "++"),
)
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.8,
    "svg.hashsalt": "sibmodel",
}
WIDTH = 9.0  # inches


@dataclass(frozen=True, repr=False)
class Plot:
    """A figure, what a reader who cannot see it should hear, and what to add below it."""

    figure: Figure
    alt: str
    caption: str

    def __repr__(self) -> str:
        return f"{self.alt} {self.caption}"

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        picture = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.figure.savefig(picture, format="png", dpi=100, metadata={"Software": None})
        return picture.getvalue()


def day_of(iso: str) -> str:
    """A date of a table in words."""
    return day(dt.date.fromisoformat(iso))


def fan(
    axes: Axes,
    shown: pd.DataFrame,
    size: float,
    *,
    certain: bool,
    middle: str = "middle run",
    key: Literal["upper left", "best"] = "upper left",
) -> None:
    """Percentiles as steps: money of a period is drawn over the whole of it."""
    edges = np.append(shown["period"].to_numpy(), shown["period"].iloc[-1] + 1)

    def steps(column: str) -> np.ndarray:
        return np.append(shown[column].to_numpy(), shown[column].iloc[-1]) / size

    if certain:
        axes.fill_between(edges, steps("p50"), step="post", color=SKY, linewidth=0)
        return
    for low, high, colour, label in (
        ("p5", "p95", "#CFE3F1", "9 runs in 10 (P5 to P95)"),
        ("p25", "p75", "#6FAED6", "half of all runs (P25 to P75)"),
    ):
        axes.fill_between(
            edges, steps(low), steps(high), step="post", color=colour, linewidth=0, label=label
        )
    axes.step(edges, steps("p50"), where="post", color="black", linewidth=2, label=middle)
    axes.step(edges, steps("p95"), where="post", color=BLUE, linewidth=1, linestyle=(0, (4, 2)))
    axes.step(edges, steps("p5"), where="post", color=BLUE, linewidth=1, linestyle=(0, (1, 1)))
    axes.legend(loc=key, frameon=False, fontsize=12)
    axes.margins(y=0.25)


def fills(count: int) -> list[tuple[str, str]]:
    """Colour and hatching of so many parts."""
    return [FILLS[index % len(FILLS)] for index in range(count)]


def date_axis(axes: Axes, shown: pd.DataFrame, step: str) -> None:
    """Periods by the month in which they begin."""
    every = max(1, math.ceil(len(shown) / 9))
    some = shown.iloc[::every]
    axes.set_xticks(
        some["period"].to_numpy() + 0.5,
        [pd.Timestamp(date).strftime("%b\n%Y") for date in some["date"]],
    )
    axes.set_xlim(shown["period"].iloc[0], shown["period"].iloc[-1] + 1)
    axes.set_xlabel(f"{step.capitalize()} beginning")


def titled(axes: Axes, title: str, width: int = 69) -> None:
    """A title, over several lines where it is too long for one."""
    axes.set_title(textwrap.fill(title, width))


def money_axis(axes: Axes, title: str) -> None:
    """An axis of money upwards, with a grid."""
    axes.set_ylabel(title)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:,g}")))
    axes.grid(axis="y", color="0.85", linewidth=0.8)
    axes.set_axisbelow(True)
