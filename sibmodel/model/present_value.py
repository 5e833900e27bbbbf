"""Money at dates, nominal and real kept apart by type: neither meets the other's rates by mistake.

Nominal money is what is paid on the day. Real money is in the prices of one year. Discount
schedules for public appraisal are real; an investor's hurdle is nominal. Nominal money discounted
at a real rate is worth too much: by 10.4% in year 5 where inflation is 2%.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.schedules import SCHEDULES, Schedule, flat
from sibmodel.contract.timeline import months_after
from sibmodel.contract.value import Prices, first_year
from sibmodel.model.discounting import FloatArray, discount_factors
from sibmodel.model.price_levels import price_level

_APRIL = 4


@dataclass(frozen=True)
class RealRate:
    """A rate above inflation.

    Parameters
    ----------
    rate : float
        [share per year].

    Examples
    --------
    >>> round(RealRate(0.035).nominal(inflation=0.02).rate, 6)
    0.0557
    """

    rate: float

    def nominal(self, inflation: float) -> NominalRate:
        """The rate with inflation in it, (1 + r)(1 + i) − 1 [share per year].

        Source: Fisher, The Theory of Interest (1930).
        """
        return NominalRate((1 + self.rate) * (1 + inflation) - 1)


@dataclass(frozen=True)
class NominalRate:
    """A rate with inflation in it, such as an investor's hurdle or what a loan costs.

    Parameters
    ----------
    rate : float
        [share per year].

    Examples
    --------
    >>> round(NominalRate(0.06).real(inflation=0.02).rate, 6)
    0.039216
    """

    rate: float

    def real(self, inflation: float) -> RealRate:
        """The rate above inflation, (1 + n)/(1 + i) − 1 [share per year].

        Source: Fisher, The Theory of Interest (1930).
        """
        return RealRate((1 + self.rate) / (1 + inflation) - 1)


@dataclass(frozen=True, eq=False, init=False)
class _Flows:
    """Money by time: what nominal and real money have in common."""

    amounts: FloatArray
    years: FloatArray
    start: dt.date | None

    __array_ufunc__: ClassVar[None] = None  # so that an array cannot be added either

    def __init__(
        self, amounts: ArrayLike, years: ArrayLike, *, start: dt.date | str | None = None
    ) -> None:
        money, times = (np.array(given, dtype=np.float64) for given in (amounts, years))
        if times.ndim != 1 or money.shape[-1:] != times.shape:
            raise ValueError(
                f"money is by time on its last axis: there are amounts of shape {money.shape} and "
                f"years of shape {times.shape}"
            )
        if not (times >= 0).all():
            raise ValueError("years are counted from the day of valuation: 0 or later, numbers")
        money.flags.writeable = times.flags.writeable = False
        for name, value in (("amounts", money), ("years", times), ("start", _day(start))):
            object.__setattr__(self, name, value)

    def _like(self, amounts: FloatArray) -> Self:
        raise NotImplementedError

    def _with(self, other: Any) -> FloatArray:
        """The amounts of the other, if it can be added to these."""
        if not isinstance(other, type(self)):
            raise TypeError(_not_added(self, other))
        if not np.array_equal(other.years, self.years):
            raise ValueError("the two are dated at different times: bring them to the same years")
        if None not in (self.start, other.start) and self.start != other.start:
            raise ValueError(f"year 0 is {self.start} for one and {other.start} for the other")
        return other.amounts

    def __add__(self, other: Self) -> Self:
        return self._like(self.amounts + self._with(other))

    def __sub__(self, other: Self) -> Self:
        return self._like(self.amounts - self._with(other))

    def __neg__(self) -> Self:
        return self._like(-self.amounts)

    def __mul__(self, factor: float) -> Self:
        return self._like(self.amounts * factor)

    __rmul__ = __mul__

    def _levels(self, prices: Prices) -> FloatArray:
        """Price level at each time relative to the base year, shape (time,)."""
        if self.start is None:
            raise ValueError(
                'to tell the price year, say which day year 0 is: start="2027-04-01", or '
                'start="2027-28" for the first day of that year'
            )
        base = price_level(prices, first_year(prices.base))
        years = [_price_year(self.start, time, prices.base) for time in self.years]
        return np.array([price_level(prices, year) / base for year in years])


@dataclass(frozen=True, eq=False, init=False)
class Nominal(_Flows):
    """Money as it is paid on the day.

    Parameters
    ----------
    amounts : array_like, shape (..., time)
        Any axes before time, such as (run, time) [money of the day].
    years : array_like, shape (time,)
        When, from the day of valuation, 0 or later [years].
    start : date or str, optional
        Which day year 0 is: a date, or a price year's first day, "2027-28". Needed to make the
        money real.

    Examples
    --------
    100,000 in year 5, at inflation of 2% and a real rate of 3.5%:

    >>> prices = Prices(base="2027-28", inflation=0.02)
    >>> paid = Nominal([100_000], years=[5], start="2027-28")
    >>> float(paid.real(prices).present_value("green_book_2026").round(2))
    76260.1
    """

    def real(self, prices: Prices) -> Real:
        """In prices of the base year: each amount ÷ the price level of the year it falls in.

        The level is a step a year, financial (April to March) or calendar as the base year is.
        Source: HM Treasury, The Green Book (real and nominal prices).
        """
        return Real(self.amounts / self._levels(prices), self.years, prices.base, start=self.start)

    def present_value(self, hurdle: NominalRate) -> FloatArray:
        """Worth on the day of valuation at a nominal rate, shape (...) [money of that day]."""
        if not isinstance(hurdle, NominalRate):
            raise TypeError(_no_rate_for_nominal(hurdle))
        return _summed(self.amounts, flat(hurdle.rate), self.years)

    def _like(self, amounts: FloatArray) -> Self:
        return type(self)(amounts, self.years, start=self.start)


@dataclass(frozen=True, eq=False, init=False)
class Real(_Flows):
    """Money in the prices of one year.

    Parameters
    ----------
    amounts : array_like, shape (..., time)
        Any axes before time, such as (run, time) [money of the base year].
    years : array_like, shape (time,)
        When, from the day of valuation, 0 or later [years].
    base : str
        The year of its prices, "2027-28" or "2027".
    start : date or str, optional
        Which day year 0 is: a date, or a price year's first day, "2027-28". Needed to make the
        money nominal.

    Examples
    --------
    10m to save 2.5m in each of years 1 to 4 [HM Treasury, The Green Book, 2003]:

    >>> option = Real([-10, 2.5, 2.5, 2.5, 2.5], years=range(5), base="2003-04")
    >>> float(option.present_value("green_book_2026").round(6))
    -0.817302
    """

    base: str

    def __init__(
        self,
        amounts: ArrayLike,
        years: ArrayLike,
        base: str,
        *,
        start: dt.date | str | None = None,
    ) -> None:
        super().__init__(amounts, years, start=start)
        object.__setattr__(self, "base", base)

    def nominal(self, prices: Prices) -> Nominal:
        """As it is paid on the day: each amount × the price level of the year it falls in."""
        self._of(prices.base)
        return Nominal(self.amounts * self._levels(prices), self.years, start=self.start)

    def rebased(self, prices: Prices) -> Real:
        """In the prices of another year: X·D(base)/D(year).

        Source: HM Treasury, GDP deflators at market prices.
        """
        to, old = (price_level(prices, first_year(year)) for year in (prices.base, self.base))
        return Real(self.amounts * to / old, self.years, prices.base, start=self.start)

    def present_value(self, at: str | Schedule | RealRate) -> FloatArray:
        """Worth on the day of valuation, shape (...) [money of the base year].

        Parameters
        ----------
        at : str, Schedule or RealRate
            A schedule, by its name or itself: schedules are real. Or one real rate.
        """
        if isinstance(at, RealRate):
            return _summed(self.amounts, flat(at.rate), self.years)
        if isinstance(at, Schedule):
            return _summed(self.amounts, at, self.years)
        if not isinstance(at, str):
            raise TypeError(_no_rate_for_real(at))
        return _summed(self.amounts, schedule(at), self.years)

    def _like(self, amounts: FloatArray) -> Self:
        return type(self)(amounts, self.years, self.base, start=self.start)

    def _with(self, other: Any) -> FloatArray:
        amounts = super()._with(other)
        self._of(other.base)
        return amounts

    def _of(self, base: str) -> None:
        if base != self.base:
            raise ValueError(
                f"this money is in prices of {self.base}, and {base} was asked for: bring it "
                f"there first, .rebased(prices)"
            )


def schedule(name: str) -> Schedule:
    """A discount schedule by its name.

    Raises
    ------
    KeyError
        If there is none of that name; the message has the nearest.
    """
    if name not in SCHEDULES:
        raise KeyError(f"there is no discount schedule {name!r}; {did_you_mean(name, SCHEDULES)}")
    return SCHEDULES[name]


def _summed(amounts: FloatArray, at: Schedule, years: FloatArray) -> FloatArray:
    """Discounted and added up in order of times: what a run is worth is the same among others."""
    total: FloatArray = np.zeros(amounts.shape[:-1])
    for place, factor in enumerate(discount_factors(bands=at.bands, years=years)):
        total = total + amounts[..., place] * factor
    return total


# --- dates ----------------------------------------------------------------------------------------


def _day(start: dt.date | str | None) -> dt.date | None:
    if not isinstance(start, str):
        return start
    if len(start) == len("2027-04-01"):
        return dt.date.fromisoformat(start)
    return dt.date(first_year(start), _APRIL if "-" in start else 1, 1)


def _price_year(start: dt.date, time: float, kind: str) -> int:
    """The price year of a time: whole months from the start are exact, days within them near."""
    months = int(time * 12 + 1e-6)
    day = months_after(start, months) + dt.timedelta(days=int((time * 12 - months) * 30 + 1e-6))
    return day.year - ("-" in kind and day.month < _APRIL)


# --- what is wrong, and what to do ----------------------------------------------------------------


def _not_added(money: _Flows, other: object) -> str:
    kinds = {Nominal: "nominal", Real: "real"}
    this = kinds[type(money)]
    if isinstance(other, _Flows):
        return (
            f"{this} money cannot be added to {kinds[type(other)]} money: make both real, "
            f"nominal.real(prices), or both nominal, real.nominal(prices)"
        )
    return (
        f"only money can be added to {this} money, and {other!r} does not say whether it is "
        f"nominal or real: write Nominal(…) or Real(…)"
    )


def _no_rate_for_nominal(rate: object) -> str:
    if isinstance(rate, str | Schedule | RealRate):
        named = rate.name if isinstance(rate, Schedule) else rate
        return (
            f"this money is nominal and {named} is real: what is paid late would be worth too "
            f"much, by all the inflation until then. Make it real first, "
            f".real(prices).present_value(…), or discount it at a nominal rate, NominalRate(0.06)"
        )
    return (
        f"say that the rate is nominal: NominalRate({rate}). For a real rate or a schedule make "
        f"the money real first, .real(prices)"
    )


def _no_rate_for_real(rate: object) -> str:
    if isinstance(rate, NominalRate):
        return (
            f"this money is real and {rate} has inflation in it: what is paid late would be worth "
            f"too little. Take inflation out of the rate, .real(inflation=0.02), or make the money "
            f"nominal first, .nominal(prices)"
        )
    return f"say that the rate is real: RealRate({rate}), or name a schedule"
