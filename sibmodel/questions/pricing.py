"""At which price, or any number of a contract, a measure reaches a target; or that none does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from sibmodel.contract.change import steps
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import path_text
from sibmodel.happened import People
from sibmodel.questions.one_number import fixed
from sibmodel.results import Results, show
from sibmodel.simulation import simulate

POINTS = 9
"""Places of the curve that are looked at before the search narrows."""


@dataclass(frozen=True, repr=False)
class Answer:
    """Where a measure reaches a target.

    Attributes
    ----------
    path, measure : str
    target : float
    confidence : float or None
        Share of runs in which the measure is to be at least as good as the target; None: its
        expected value is.
    value : float
        The number of the contract, on the side that reaches the target; NaN where none does.
    low, high : float
        Between which the value lies, about 95% confidence, given so many runs; NaN where unknown.
    curve : DataFrame
        Every value that was looked at: value, figure (what the measure came to), reaches.
    note : str
        Why there is no value, or what to know of it.
    unit, about : str
        Of the measure.
    """

    path: str
    measure: str
    target: float
    confidence: float | None
    value: float
    low: float
    high: float
    curve: pd.DataFrame
    note: str
    unit: str
    about: str

    @property
    def found(self) -> bool:
        """Whether any value reaches the target."""
        return not math.isnan(self.value)

    def __repr__(self) -> str:
        how = "expected" if self.confidence is None else f"in {self.confidence:.0%} of runs"
        wanted = f"{self.measure} of {show(self.target, self.unit)} ({how})"
        if not self.found:
            return f"No {self.path} gives {wanted}: {self.note}"
        defined = self.curve.dropna(subset="figure")
        if defined["reaches"].all():
            ends = [show(float(defined["figure"].iloc[k]), self.unit) for k in (0, -1)]
            return (
                f"Any {self.path} will do for {wanted}. {self.note}: from "
                f"{defined['value'].iloc[0]:,.6g} to {defined['value'].iloc[-1]:,.6g} it goes from "
                f"{ends[0]} to {ends[1]}"
            )
        text = f"{self.path} = {self.value:,.6g} gives {wanted}"
        if not (math.isnan(self.low) or math.isnan(self.high)):
            text += f"; between {self.low:,.6g} and {self.high:,.6g}, given the runs"
        return f"{text}. {self.note}" if self.note else text

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th scope='col'>{escape(text)}</th>"
            for text in (self.path, self.measure, "given the runs", "reaches it")
        )
        rows = "".join(
            f"<tr><td>{value:,.6g}</td><td>{escape(show(figure, self.unit))}</td>"
            f"<td>{escape(_between(low, high, self.unit))}</td>"
            f"<td>{'yes' if reaches else 'no'}</td></tr>"
            for value, figure, low, high, reaches in self.curve.itertuples(index=False)
        )
        return (
            f"<p>{escape(repr(self))}</p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def price_for(
    contract: Contract,
    path: str,
    targets: Mapping[str, float] | None = None,
    *,
    confidence: float | None = 0.5,
    between: tuple[float, float] | None = None,
    runs: int = 10_000,
    seed: int = 0,
    people: People | None = None,
    **measures: float,
) -> Answer:
    """The price, or any other number of a contract, at which a measure reaches a target.

    The same people, luck and assumptions face every value; if it is of money they are drawn once.
    The range is looked at in nine places, then the place where the target is reached is narrowed
    down to a ten-thousandth of the range.

    Parameters
    ----------
    contract : Contract
    path : str
        Where the number stands, as ``Contract.replace`` takes it.
    targets : mapping of measure to number, optional
        One target, for a measure whose name has brackets: ``{"investor_irr[senior]": 0.06}``.
    confidence : float or None
        Share of runs in which the measure is to be at least as good as the target, 0.5 for its
        median; None for its expected value. What is better neither up nor down, such as payments,
        is to be at most the target. A measure that is 0 or 1 in a run, such as
        ``investor_loses``, is always taken by its expected value.
    between : (float, float), optional
        Where to look; if left out, the field's own range, or from 0 to four times the number.
    runs, seed : int
        As in ``simulate``.
    people : People, optional
        People already drawn.
    **measures : float
        One target by keyword: ``investor_irr=0.06``.

    Returns
    -------
    Answer

    Raises
    ------
    KeyError
        If there is no such measure.
    ValueError
        If there is not exactly one target, or the measure does not exist for this contract.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> answer = price_for(
    ...     bond, "payments.rules.success.price", outcome_payments=440_000, confidence=None,
    ...     runs=4096)
    >>> round(answer.value / 5500, 2)
    1.0
    """
    asked = dict(targets or {}) | measures
    if len(asked) != 1:
        raise ValueError(f"price_for takes one target, such as investor_irr=0.06: seen {asked}")
    [(name, target)] = asked.items()
    if not isinstance(target, int | float | np.number) or not math.isfinite(target):
        raise ValueError(f"a target is a number, such as {name}=0.06: seen {target!r}")
    if confidence is not None and not 0 < confidence < 1:
        raise ValueError(f"confidence is a share of runs, above 0 and below 1: seen {confidence:g}")
    low, high = _range(contract, path) if between is None else between
    if not low < high:
        raise ValueError(f"between goes from low to high: seen {low:g} to {high:g}")
    base = simulate(
        contract,
        uncertainty=False,
        shared_luck=False,
        chance=False,
        keep="measures",
        measures=[name],
    )
    about = base.about(name)
    if about.undefined is not None:
        raise ValueError(f"{name} is undefined for this contract: {about.undefined}")
    if about.unit == "share":
        confidence = None
    people = people if people is not None else People()
    seen: dict[float, tuple[float, float, float]] = {}

    def figure(value: float) -> float:
        if value not in seen:
            changed = fixed(contract, path, value)
            results = simulate(
                changed,
                runs=runs,
                seed=seed,
                keep="measures",
                measures=[name],
                people=people,
                base_case=False,
                progress=False,
            )
            seen[value] = _figure(results, name, about.better, confidence)
        return seen[value][0]

    sign = 1 if about.better == "up" else -1

    def reaches(value: float) -> bool:
        return sign * figure(value) >= sign * target - 1e-12 * abs(target)

    start = _value(contract, path)
    value, note = _search(reaches, figure, low, high, start)
    curve = pd.DataFrame(
        [(x, *seen[x], reaches(x)) for x in sorted(seen)],
        columns=["value", "figure", "figure_low", "figure_high", "reaches"],
    )
    known = not math.isnan(value) and not curve.dropna(subset="figure")["reaches"].all()
    least, most = _interval(curve, target, value) if known else (math.nan, math.nan)
    unit = about.unit.replace("money", contract.currency)
    if math.isnan(value):
        seen_figures = curve["figure"]
        note = (
            f"{note}; from {low:,.6g} to {high:,.6g} it goes from "
            f"{show(float(seen_figures.iloc[0]), unit)} to "
            f"{show(float(seen_figures.iloc[-1]), unit)}"
        )
    return Answer(
        path, name, target, confidence, value, least, most, curve, note, unit, about.about
    )


def smallest_commitment(
    contract: Contract,
    *,
    shortfall: float = 0.05,
    tranche: str | None = None,
    runs: int = 10_000,
    seed: int = 0,
) -> Answer:
    """The smallest commitment under which costs fall short in no more than so many runs.

    Parameters
    ----------
    contract : Contract
        With capital and delivery costs.
    shortfall : float
        The highest share of runs in which some cost may go unmet, 0 to 1.
    tranche : str, optional
        Whose commitment; may be left out where there is one tranche.
    runs, seed : int
        As in ``simulate``.

    Returns
    -------
    Answer
        Its ``value`` is the commitment [money].

    Raises
    ------
    ValueError
        Without capital, or where it is not said which tranche is meant.
    """
    if contract.capital is None:
        raise ValueError(f"{contract.name} has no capital: nobody commits anything")
    tranches = list(contract.capital.tranches)
    if tranche is None and len(tranches) > 1:
        raise ValueError(f"say which tranche's commitment: tranche= one of {', '.join(tranches)}")
    name = tranche or tranches[0]
    if name not in tranches:
        raise ValueError(f"there is no tranche called {name!r}; known are: {', '.join(tranches)}")
    costs = simulate(contract, runs=runs, seed=seed, keep="measures").measure("delivery_costs")
    return price_for(
        contract,
        f"capital.tranches.{name}.commitment",
        falls_short=shortfall,
        between=(0.0, float(np.nanmax(costs)) * 1.01 + 1.0),
        runs=runs,
        seed=seed,
    )


def _between(low: float, high: float, unit: str) -> str:
    """An interval, or nothing where it is not known."""
    unknown = math.isnan(low) or math.isnan(high)
    return "" if unknown else f"{show(low, unit)} to {show(high, unit)}"


# --- the search -----------------------------------------------------------------------------------


def _figure(
    results: Results, name: str, better: str, confidence: float | None
) -> tuple[float, float, float]:
    """What a measure comes to, and between which figures it lies given the runs."""
    if confidence is None:
        expected, error = results.expected(name), results.mc_error(name)
        if results.about(name).unit == "share":
            return expected, *results.share_interval(name)
        return expected, expected - 1.96 * error, expected + 1.96 * error
    percent = 100 * (1 - confidence if better == "up" else confidence)
    return results.percentile(name, percent), *results.percentile_interval(name, percent)


def _search(
    reaches: Callable[[float], bool],
    figure: Callable[[float], float],
    low: float,
    high: float,
    start: float,
) -> tuple[float, str]:
    """The value nearest the contract's own at which the target begins to be reached, or NaN."""
    width = (high - low) * 1e-4

    def defined(value: float) -> bool:
        return not math.isnan(figure(value))

    looked = [float(x) for x in np.linspace(low, high, POINTS)]
    # a place where the measure begins to be defined is no answer by itself, but one to look from
    edges = [
        _narrowed(defined, a, b, width) for a, b in pairwise(looked) if defined(a) != defined(b)
    ]
    places = sorted({*filter(defined, looked), *edges})
    if not places:
        return math.nan, "it is undefined in too many runs, whatever the value"
    holds = [reaches(x) for x in places]
    turns = [k for k in range(len(places) - 1) if holds[k] != holds[k + 1]]
    if not turns:
        if any(holds):
            where = "" if all(map(defined, looked)) else " where it is defined"
            return places[0], f"Every value looked at{where} reaches it"
        return math.nan, "no value reaches it"
    found = [_narrowed(reaches, places[k], places[k + 1], width) for k in turns]
    nearest = min(found, key=lambda x: 0.0 if math.isnan(start) else abs(x - start))
    note = ""
    if len(found) > 1:
        others = ", ".join(f"{x:,.6g}" for x in sorted(found) if x != nearest)
        note = f"It is also reached from or up to {others}"
    return nearest, note


def _narrowed(reaches: Callable[[float], bool], a: float, b: float, width: float) -> float:
    """By halving: the end of the last interval that reaches the target."""
    first = reaches(a)
    while b - a > width:
        middle = (a + b) / 2
        if reaches(middle) == first:
            a = middle
        else:
            b = middle
    return a if first else b


def _interval(curve: pd.DataFrame, target: float, value: float) -> tuple[float, float]:
    """Around the value: where the figures' own intervals meet the target, by straight lines."""
    values = curve["value"].to_numpy(float)
    ends = [value]
    for side in ("figure_low", "figure_high"):
        gap = curve[side].to_numpy(float) - target
        ok = np.isfinite(gap)
        x, y = values[ok], gap[ok]
        k = np.flatnonzero(np.sign(y[:-1]) != np.sign(y[1:]))
        if not k.size:
            return math.nan, math.nan
        roots = x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k])
        ends.append(float(roots[np.abs(roots - value).argmin()]))
    return min(ends), max(ends)


def _value(contract: Contract, path: str) -> float:
    """What the contract says at a path, if it is a plain number; else NaN."""
    for at in contract.numbers():
        if path_text(at.path) == path and isinstance(at.number, float):
            return at.number
    return math.nan


def _range(contract: Contract, path: str) -> tuple[float, float]:
    """Where to look for a number: its field's range, or up to four times what it is."""
    if not any(path_text(at.path) == path for at in contract.numbers()):
        fixed(contract, path, 1.0)  # a path that leads nowhere is told with what was meant
    for at in contract.numbers():
        if path_text(at.path) != path:
            continue
        if at.range.can_be_searched:
            return at.range.low, at.range.high
        if isinstance(at.number, float) and at.number > 0:
            return 0.0, 4 * at.number
    stated: Any = contract.to_dict()  # a plain number, such as a limit or what is committed
    for step in steps(path):
        stated = stated.get(step) if isinstance(stated, dict) else None
    if isinstance(stated, dict) and [*stated] == ["amount"]:  # a limit is one number for short
        stated = stated["amount"]
    if isinstance(stated, int | float) and stated > 0 and not isinstance(stated, bool):
        return 0.0, 4.0 * stated
    raise ValueError(f"say between which values of {path} to look: between=(low, high)")
