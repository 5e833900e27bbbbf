"""Numbers made up by hypothesis: certain, uncertain, by group, and read off tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Data = dict[str, Any]

RATES = (0.0, 0.08, 0.3, 0.5, 0.77, 1.0)
PRICES = (0.0, 10.0, 35.0, 60.0, 99.9)
FIGURES = (-0.2, 0.0, 0.1, 0.35, 1.0, 3.0)
"""Bounds of tables read against a performance: shares, and counts."""
OWN = (1.0, 2.0, 5.0, 9.0)
"""Bounds of tables read against a claim's own number."""


def maybe(draw: DrawFn, chance: float = 0.5) -> bool:
    """True about so often; False is the simpler case."""
    return draw(st.integers(0, 99)) >= 100 * (1 - chance)


def shares(low: float = 0.05, high: float = 0.95, *, certain: bool = False) -> SearchStrategy[Any]:
    """A number that is a share, mostly certain."""
    middle = (low + high) / 2
    sure = st.sampled_from([r for r in RATES if low - 0.05 <= r <= high + 0.05])
    if certain:
        return sure
    return st.one_of(
        sure,
        st.sampled_from(
            [
                {"pert": [low, middle, high]},
                {"uniform": [low, high]},
                {"triangular": [low, low, high]},
                {"beta": {"mean": middle, "sd": 0.1}},
                {"beta": {"achieved": 3, "of": 8, "elsewhere": 0.05}},
                {"samples": [low, middle, middle, high]},
                {"normal": {"mean": middle, "sd": 0.2}, "truncated": True},
                {"quantiles": {0.25: middle - 0.05, 0.5: middle, 0.75: middle + 0.05}},
            ]
        ),
    )


def money(amounts: Sequence[float], *, certain: bool = False) -> SearchStrategy[Any]:
    """A number that is money, mostly certain."""
    sure = st.sampled_from(list(amounts))
    if certain:
        return sure
    return st.one_of(
        sure,
        st.sampled_from(
            [
                {"pert": [0.5 * amounts[-1], 0.8 * amounts[-1], amounts[-1]]},
                {"lognormal": {"mean": amounts[-1], "sd": 0.2 * amounts[-1]}},
            ]
        ),
    )


def by_group(draw: DrawFn, one: SearchStrategy[Any], groups: Sequence[str]) -> Any:
    """One number, or one for each group."""
    if not groups or maybe(draw, 0.6):
        return draw(one)
    numbers: Data = {"by_group": {group: draw(one) for group in groups}}
    if maybe(draw, 0.2):
        numbers["independent"] = True
    return numbers


def by_date(draw: DrawFn, one: SearchStrategy[Any], last: int, *, whole: bool = False) -> Data:
    """A number that changes; where ``whole``, one that says something from the first period."""
    first = 0 if whole else draw(st.sampled_from([0, 0, 1]))
    later = draw(st.integers(first + 1, max(last, first + 1)))
    return {"from": {first: draw(one), later: draw(one)}}


def figure_table(draw: DrawFn, one: SearchStrategy[Any], bounds: Sequence[float]) -> Data:
    """Steps, straight lines, or both where they do not overlap; perhaps within a cap."""
    low, high = sorted(
        draw(st.lists(st.sampled_from(list(bounds)), min_size=2, max_size=2, unique=True))
    )
    forms: list[Data] = [
        {"at_least": {low: draw(one), high: draw(one)}},
        {"above": {low: draw(one)}, "at_most": {low: draw(one)}},
        {"below": {high: draw(one)}, "at_least": {high: draw(one)}},
        {"through": {low: draw(one), high: draw(one)}},
        {"below": {low: draw(one)}, "through": {low: draw(one), high: draw(one)}},
    ]
    table = dict(draw(st.sampled_from(forms)))
    if maybe(draw, 0.2):
        table["cap"] = draw(one)
    return table


def bands(draw: DrawFn, one: SearchStrategy[Any], bounds: Sequence[float]) -> Data:
    """Marginal bands; the first perhaps not from 0."""
    chosen = sorted(
        draw(st.lists(st.sampled_from([0.0, *bounds]), min_size=1, max_size=3, unique=True))
    )
    return {"each_above": {bound: draw(one) for bound in chosen}}
