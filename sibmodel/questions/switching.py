"""Switching values: how far a number may move before a measure reaches its target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.happened import People
from sibmodel.model.measure import Measure
from sibmodel.questions.one_number import (
    Gap,
    Place,
    base_case,
    crossing,
    fixed,
    numbers_of,
    place_of,
)
from sibmodel.results import show
from sibmodel.simulation import simulate

MOST_SIMULATIONS = 8
"""For one number; a straight line needs two or three."""
UNSEEN = 0.02
"""Share of its own Monte Carlo error below which a gap is taken for closed."""
NARROW = 1e-5
"""How narrow a switching value is to be known, as a share of where it is looked for."""


@dataclass(frozen=True, repr=False)
class SwitchingValue:
    """Where a number of the contract takes a measure's expected value to its target.

    Attributes
    ----------
    path, measure : str
    target : float
    mean : float
        The number in the contract; its mean, where it is uncertain.
    value : float
        The number that reaches the target, in place of all uncertainty about it; NaN: none.
    low, high : float
        Between which the value lies, about 95% confidence, given so many runs.
    p5, p95 : float
        Nine draws in ten of the number lie between; NaN where it is certain.
    note : str
    simulations : int
        How many it took.
    measured_in : str
        Unit of the measure.
    """

    path: str
    measure: str
    target: float
    mean: float
    value: float
    low: float
    high: float
    p5: float
    p95: float
    note: str
    simulations: int
    measured_in: str

    @property
    def found(self) -> bool:
        """Whether any value reaches the target."""
        return not math.isnan(self.value)

    @property
    def points(self) -> float:
        """From the mean to the value, in the number's own unit."""
        return self.value - self.mean

    @property
    def change(self) -> float:
        """The same as a share of the mean; NaN where that is 0."""
        return self.points / abs(self.mean) if self.mean else math.nan

    @property
    def inside(self) -> bool | None:
        """Whether the value lies in the number's own 90% range; None: none does, or no range."""
        if math.isnan(self.value) or math.isnan(self.p5):
            return None
        return self.p5 <= self.value <= self.p95

    def __repr__(self) -> str:
        wanted = f"{self.measure} of {show(self.target, self.measured_in)} (expected)"
        if not self.found:
            return f"No {self.path} gives {wanted}: {self.note}"
        text = f"{self.path} = {self.value:,.4g} gives {wanted}; it is {self.mean:,.4g}"
        if not math.isnan(self.p5):
            text += f", in 9 of 10 draws {self.p5:,.4g} to {self.p95:,.4g}"
        return f"{text}. {self.note}".rstrip(". ")


def switching_value(
    contract: Contract,
    path: str,
    measure: str,
    target: float | None = None,
    *,
    between: tuple[float, float] | None = None,
    runs: int = 10_000,
    seed: int = 0,
) -> SwitchingValue:
    """The value of one number at which a measure's expected value reaches a target.

    All uncertainty about the number is replaced by the value; all else stays as uncertain as it
    is. The base case is searched first; a few simulations before the same people correct it.

    Parameters
    ----------
    contract : Contract
    path : str
        Where the number stands, as ``Contract.replace`` takes it; ``assumptions.name`` for one
        that is used in several places.
    measure : str
    target : float, optional
        If left out: 0 for a net present value, 1 for a benefit-cost ratio, the hurdle for an
        investors' IRR.
    between : (float, float), optional
        Where to look; if left out, the field's own range, or from 0 to four times the mean.
    runs, seed : int
        As in ``simulate``.

    Returns
    -------
    SwitchingValue
        Where several values reach the target, the one nearest the mean.

    Raises
    ------
    KeyError
        If there is no such measure or number.
    ValueError
        If the measure is undefined for this contract, or target or range must be said.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> found = switching_value(bond, "outcomes.success.rate", "outcome_payments", 300_000)
    >>> round(found.value, 2), found.mean
    (0.3, 0.4)
    """
    search = _Search(contract, measure, target, runs, seed)
    return search.of(place_of(search.places, path), between)


def switching_values(
    contract: Contract,
    measure: str,
    target: float | None = None,
    *,
    paths: Sequence[str] | None = None,
    runs: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Switching values of one measure: of every uncertain number and every outcome's anyway.

    Parameters
    ----------
    contract : Contract
    measure : str
    target : float, optional
        As in :func:`switching_value`.
    paths : sequence of str, optional
        Which numbers.
    runs, seed : int
        As in ``simulate``.

    Returns
    -------
    DataFrame
        One row a path, the nearest first: mean, switching_value (NaN: none does), change (share
        of the mean), points (in the number's unit), p5 and p95 of the number's own draw, inside
        (whether the switching value lies between them; None where none does or the number is
        certain), unit, note.

    Raises
    ------
    KeyError, ValueError
        As :func:`switching_value`.
    """
    search = _Search(contract, measure, target, runs, seed)
    places = search.places
    asked = _asked(places) if paths is None else [place_of(places, path) for path in paths]
    rows: list[tuple[object, ...]] = []
    for place in asked:
        try:
            found = search.of(place, None)
        except ValueError as unsaid:  # where to look is not known: the others still are
            rows.append((place.mean, *[math.nan] * 3, place.p5, place.p95, None, unsaid))
            continue
        rows.append(
            (found.mean, found.value, found.change, found.points, found.p5, found.p95,
             found.inside, found.note)
        )  # fmt: skip
    table = pd.DataFrame(
        rows,
        index=pd.Index([place.path for place in asked], name="number"),
        columns=["mean", "switching_value", "change", "points", "p5", "p95", "inside", "note"],
    )
    table.insert(7, "unit", [place.range.unit for place in asked])
    return table.iloc[table["change"].abs().argsort(kind="stable")]


def _asked(places: Mapping[str, Place]) -> list[Place]:
    """Every uncertain number once, and every outcome's anyway; a name in place of where it is."""
    wanted = [
        place
        for place in places.values()
        if place.uncertain or place.path.partition(".by_group.")[0].endswith(".anyway")
    ]
    paths = [
        place.path if place.named is None else f"assumptions.{place.named}" for place in wanted
    ]
    return [places[path] for path in dict.fromkeys(paths)]


class _Search:
    """Looks for the values of numbers at which one measure reaches its target."""

    def __init__(
        self, contract: Contract, measure: str, target: float | None, runs: int, seed: int
    ) -> None:
        self.contract, self.measure, self.runs, self.seed = contract, measure, runs, seed
        base = base_case(contract, measure)
        about = base.about(measure)
        if about.undefined is not None:
            raise ValueError(f"{measure} is undefined for this contract: {about.undefined}")
        self.unit = about.unit.replace("money", contract.currency)
        self.target = _target(contract, about) if target is None else target
        self.people, self.places = People(), numbers_of(contract, base, seed=seed)

    def of(self, place: Place, between: tuple[float, float] | None) -> SwitchingValue:
        """The switching value of one number."""
        low, high = between or _where(place)
        if not low < high:
            raise ValueError(f"between goes from low to high: seen {low:g} to {high:g}")
        # people are kept where they are the same whatever the number
        same = not place.path.startswith(("cohorts.", "outcomes.", "assumptions."))
        bases: dict[float, float] = {}
        seen: dict[float, tuple[float, float]] = {}

        def base(x: float) -> float:
            if x not in bases:
                bases[x] = self._base(place.path, x, self.people if same else None)
            return bases[x]

        def simulated(x: float) -> tuple[float, float]:
            if x not in seen:
                seen[x] = self._simulated(place.path, x, self.people if same else None)
            return seen[x]

        value = _found(base, simulated, low, high, place.mean)
        note, half = "", math.nan
        if math.isnan(value):
            at_low, at_high = (show(base(x) + self.target, self.unit) for x in (low, high))
            note = f"no value from {low:,.4g} to {high:,.4g} does"
            if base(low) == base(high) == base(place.mean):
                note += f": it does not move {self.measure}"
            else:
                note += f"; in the base case it goes from {at_low} to {at_high}"
        else:
            nearest = min(seen, key=lambda x: abs(x - value))
            half = _half(base, seen[nearest][1], value, low, high)
        return SwitchingValue(
            place.path, self.measure, self.target, place.mean, value, value - half, value + half,
            place.p5, place.p95, note, len(seen), self.unit,
        )  # fmt: skip

    def _base(self, path: str, x: float, people: People | None) -> float:
        """How far the base case is from the target; NaN where there can be no such contract."""
        try:
            changed = fixed(self.contract, path, x)
            found = base_case(changed, self.measure, ledger=False, people=people)
        except ValueError:  # shares that would pass 1 together, or more time than there is
            return math.nan
        return found.expected(self.measure) - self.target

    def _simulated(self, path: str, x: float, people: People | None) -> tuple[float, float]:
        """How far the expected value is from the target, and its Monte Carlo error."""
        try:
            results = simulate(
                fixed(self.contract, path, x),
                self.runs,
                seed=self.seed,
                keep="measures",
                measures=[self.measure],
                people=people,
                base_case=False,
                progress=False,
            )
        except ValueError:  # as in the base case
            return math.nan, math.nan
        return results.expected(self.measure) - self.target, results.mc_error(self.measure)


def _found(
    base: Gap,
    simulated: Callable[[float], tuple[float, float]],
    low: float,
    high: float,
    near: float,
) -> float:
    """Where the simulated gap closes; NaN if nowhere.

    First where the base case's does, then where it does with what simulation added there, then by
    straight lines through what was simulated.
    """
    width = NARROW * (high - low)
    bounds = {"low": low, "high": high, "near": near, "width": width}
    x = crossing(base, **bounds)
    if math.isnan(x):
        x = min((low, high), key=lambda end: _size(base(end)))
    seen: list[Point] = []
    for turn in range(MOST_SIMULATIONS):
        here, error = simulated(x)
        if math.isnan(here):
            break
        seen.append((x, here))
        if abs(here) <= UNSEEN * error or here == 0:
            return x
        if turn == 0:
            following = crossing(_moved(base, here - base(x)), **bounds)
            if math.isnan(following) or abs(following - x) <= width:
                following = low if x - low > high - x else high
        else:
            following = _straight(*_two(seen))
            if math.isnan(following):  # level: people are whole, so a step wider may be needed
                following = x + 4 * (x - seen[0][0])
            following = min(max(following, low), high)
            if min(abs(following - old) for old, _ in seen) <= width:
                break
        x = following
    if len(seen) < 2:
        return math.nan
    one, other = _two(seen)
    value = _straight(one, other)
    # where all are on one side of the target, a line that leaves the range closes no gap
    near_enough = one[1] * other[1] < 0 or min(abs(value - one[0]), abs(value - other[0])) <= width
    return value if low <= value <= high and near_enough else math.nan


Point = tuple[float, float]
"""A value of the number, and how far the measure is from its target there."""


def _moved(base: Gap, by: float) -> Gap:
    return lambda x: base(x) + by


def _two(seen: list[Point]) -> tuple[Point, Point]:
    """The two nearest points on either side of the target, or else those nearest to it."""
    pairs = [(one, other) for one, other in combinations(seen, 2) if one[1] * other[1] < 0]
    if pairs:
        return min(pairs, key=lambda pair: abs(pair[1][0] - pair[0][0]))
    one, other = sorted(seen, key=lambda point: abs(point[1]))[:2]
    return one, other


def _straight(one: Point, other: Point) -> float:
    """Where a line through two points meets nothing; NaN where it is level."""
    (a, at_a), (b, at_b) = one, other
    rise = at_b - at_a
    return a - at_a * (b - a) / rise if math.isfinite(rise) and rise != 0 else math.nan


def _size(gap: float) -> float:
    return math.inf if math.isnan(gap) else abs(gap)


def _half(base: Gap, error: float, value: float, low: float, high: float) -> float:
    """Half of the interval of a value, from the error of the measure and the base case's slope."""
    step = 1e-3 * (high - low)
    a, b = max(value - step, low), min(value + step, high)
    slope = (base(b) - base(a)) / (b - a)
    return 1.96 * error / abs(slope) if slope else math.nan


def _where(place: Place) -> tuple[float, float]:
    """Where to look for a number: its field's own range, or up to four times its mean."""
    if place.range.can_be_searched:
        return place.range.low, place.range.high
    if place.range.low == 0 and place.mean > 0:
        return 0.0, 4 * place.mean
    raise ValueError(f"say between which values of {place.path} to look: between=(low, high)")


def _target(contract: Contract, about: Measure) -> float:
    """The target of a measure for which none is said."""
    kind = about.name.partition("[")[0]
    if kind == "net_present_value":
        return 0.0
    if kind == "benefit_cost_ratio":
        return 1.0
    if kind == "investor_irr" and contract.capital is not None:
        if contract.capital.hurdle is None:
            raise ValueError("no hurdle is stated: say which IRR is the target, target=0.06")
        return contract.capital.hurdle
    raise ValueError(f"say which {about.name} is the target: target=")
