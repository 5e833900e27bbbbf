"""One benefit: how many outcomes count, what they are worth, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from sibmodel.contract.contract import Contract
from sibmodel.contract.timeline import months_after
from sibmodel.contract.value import GMCA_OPTIMISM, Benefit, first_year
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.discounting import OFFSETS, benefit_present_value_factor
from sibmodel.model.price_levels import price_level, to_base
from sibmodel.model.value import (
    OnReal,
    bands_of,
    dated,
    real_worth,
    schedule_start,
    times,
    worth_at,
    year_of,
)

ADDITIONALITY = ("leakage", "displacement", "substitution", "multiplier")


def share_that_counts(
    *,
    leakage: ArrayLike = 0.0,
    displacement: ArrayLike = 0.0,
    substitution: ArrayLike = 0.0,
    multiplier: ArrayLike = 1.0,
) -> Floats:
    """What is left of each outcome once what is lost to others is taken off.

    Parameters
    ----------
    leakage, displacement, substitution : array_like
        Shares that go to others than those intended; that are taken from others nearby; that only
        stand in place of what was done before [share].
    multiplier : array_like
        Effects in all for each direct effect, 0 or more [ratio].

    Returns
    -------
    ndarray, broadcast shape of the four
        (1 − leakage)(1 − displacement)(1 − substitution) × multiplier [ratio].

    Notes
    -----
    Source: Homes and Communities Agency, Additionality Guide, 4th edition (2014).

    Examples
    --------
    >>> float(share_that_counts(leakage=0.1, displacement=0.3, multiplier=1.2).round(6))
    0.756
    """
    shares = [np.asarray(share, dtype=float) for share in (leakage, displacement, substitution)]
    if not all(np.all((share >= 0) & (share <= 1)) for share in shares):
        raise ValueError("leakage, displacement and substitution are shares from 0 to 1")
    if not np.all(np.asarray(multiplier) >= 0):
        raise ValueError("a multiplier is 0 or more")
    left, nearby, new = (1.0 - share for share in shares)
    counts: Floats = left * nearby * new * np.asarray(multiplier, dtype=float)
    return counts


def additional_impact(
    *,
    gross: ArrayLike,
    reference: ArrayLike,
    leakage: ArrayLike = 0.0,
    displacement: ArrayLike = 0.0,
    substitution: ArrayLike = 0.0,
    multiplier: ArrayLike = 1.0,
    reference_leakage: ArrayLike | None = None,
    reference_displacement: ArrayLike | None = None,
    reference_substitution: ArrayLike | None = None,
    reference_multiplier: ArrayLike | None = None,
) -> Floats:
    """Additional impact in two brackets: with the service, less the reference case.

    AI = GI(1−L)(1−Dp)(1−S)M − GI*(1−L*)(1−Dp*)(1−S*)M*. Deadweight is the whole second bracket: to
    multiply the first by (1 − deadweight) is right only where all factors are the same in both.

    Parameters
    ----------
    gross, reference : array_like
        Outcomes with the service, and in the reference case, before anything is taken off
        [outcomes].
    leakage, displacement, substitution : array_like
        With the service [share].
    multiplier : array_like
        With the service [ratio].
    reference_leakage, reference_displacement, reference_substitution, reference_multiplier
        In the reference case; each as with the service if left out.

    Returns
    -------
    ndarray, broadcast shape of all
        Additional outcomes, which may be negative [outcomes].

    Notes
    -----
    Source: Homes and Communities Agency, Additionality Guide, 4th edition (2014).

    Examples
    --------
    >>> factors = {"leakage": 0.1, "displacement": 0.3, "multiplier": 1.2}
    >>> float(additional_impact(gross=100, reference=40, **factors).round(6))
    45.36
    """

    def or_same(other: ArrayLike | None, same: ArrayLike) -> ArrayLike:
        return same if other is None else other

    with_service = share_that_counts(
        leakage=leakage,
        displacement=displacement,
        substitution=substitution,
        multiplier=multiplier,
    )
    without = share_that_counts(
        leakage=or_same(reference_leakage, leakage),
        displacement=or_same(reference_displacement, displacement),
        substitution=or_same(reference_substitution, substitution),
        multiplier=or_same(reference_multiplier, multiplier),
    )
    impact: Floats = np.asarray(gross) * with_service - np.asarray(reference) * without
    return impact


def brackets(contract: Contract, name: str, drawn: Drawn) -> tuple[Floats, Floats] | None:
    """What counts of each outcome achieved, and of each that happens anyway, () or (run,).

    None where nothing is said of it: all counts.
    """
    assert contract.value is not None
    benefit, path = contract.value.benefits[name], f"value.benefits.{name}"
    if not benefit.model_fields_set & {*ADDITIONALITY, "reference"}:
        return None
    own = {field: drawn(f"{path}.{field}") for field in ADDITIONALITY}
    other = {
        field: drawn(f"{path}.reference.{field}")
        for field in ADDITIONALITY
        if benefit.reference is not None and getattr(benefit.reference, field) is not None
    }
    return share_that_counts(**own), share_that_counts(**own | other)


def correction(contract: Contract, name: str, drawn: Drawn) -> float | Floats:
    """The share taken off a benefit for optimism, by the grade of its evidence."""
    assert contract.value is not None
    optimism, grade = contract.value.optimism, contract.value.benefits[name].grade
    if optimism is None:
        return 0.0
    assert grade is not None
    return GMCA_OPTIMISM[grade] if optimism.table else drawn(f"value.optimism.{grade}")


# --- when -----------------------------------------------------------------------------------------


def _falls(contract: Contract, benefit: Benefit) -> Iterator[tuple[int, int, float]]:
    """Period of the outcome, year of the benefit, and when its money falls, within the horizon.

    Years are counted from the timeline's start.
    """
    assert contract.value is not None
    horizon = contract.value.horizon
    first = times(contract.timeline) + benefit.lag + OFFSETS[contract.value.timing]
    for t, k in product(range(len(first)), range(_lasts(benefit))):
        if horizon is None or first[t] + k < horizon - 1e-9:
            yield t, k, float(first[t] + k)


def _lasts(benefit: Benefit) -> int:
    return len(benefit.profile or range(benefit.years))


def benefit_years(contract: Contract) -> int:
    """Length of the axis of years on which benefits run."""
    value = contract.value
    if value is None:
        return 0
    last = float(times(contract.timeline)[-1])
    ends = (b.lag + OFFSETS[value.timing] + _lasts(b) - 1 for b in value.benefits.values())
    longest = _year(last + max(ends, default=0.0)) + 1
    if value.horizon is not None:
        longest = min(longest, int(np.ceil(value.horizon - 1e-9)))
    return longest


def _year(when: float) -> int:
    return int(np.floor(when + 1e-9))


def savings_years(contract: Contract) -> list[int]:
    """The years in which cashable benefits may fall.

    April to March where the price base is like 2027-28.
    """
    value, timeline = contract.value, contract.timeline
    if value is None or contract.prices is None:
        return []
    days, found = dated(timeline), list[int]()
    for benefit in value.benefits.values():
        first = float(times(timeline)[0]) + benefit.lag + OFFSETS[value.timing]
        if benefit.cashable == 0 or (value.horizon is not None and first >= value.horizon - 1e-9):
            continue
        last = _price_year(contract, benefit, days[-1], _lasts(benefit) - 1)
        if value.horizon is not None:
            end = months_after(timeline.start, int(np.ceil(12 * value.horizon)))
            last = min(last, year_of(end, contract.prices.base))
        found += [_price_year(contract, benefit, days[0], 0), last]
    return list(range(min(found), max(found) + 1)) if found else []


def _price_year(contract: Contract, benefit: Benefit, outcome: dt.date, k: int) -> int:
    """The year of prices in which one year of a benefit is dated, of an outcome of that day."""
    assert contract.value is not None
    assert contract.prices is not None
    months = {"start": 0, "middle": 6, "end": 12}[contract.value.timing]
    day = months_after(outcome, 12 * (benefit.lag + k) + months)
    if months == 12:
        day -= dt.timedelta(days=1)  # the end of a year is its last day
    return year_of(day, contract.prices.base)


def no_savings(contract: Contract) -> str | None:
    """Why cashable savings are not known by year; None where they are, or none are stated."""
    years = savings_years(contract)
    if not years:
        return None
    try:
        _levels(contract, years)
    except ValueError as missing:
        return str(missing)
    return None


def _levels(contract: Contract, years: list[int]) -> Floats:
    """Price levels of years relative to the base year."""
    prices = contract.prices
    assert prices is not None
    base = price_level(prices, first_year(prices.base))
    return np.array([price_level(prices, year) / base for year in years])


# --- how much -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BenefitFlow:
    """One benefit: present value (run,), its cashable part, and uncorrected for optimism.

    For the ledger also real money by year after the start, ``by_year`` (year, run), and its
    cashable part in nominal money by year of prices, ``savings`` (year, run).
    """

    present_value: Floats
    cashable: Floats
    uncorrected: Floats
    by_year: Floats | None = None
    savings: Floats | None = None


def benefit_flow(
    contract: Contract,
    name: str,
    *,
    counted: Floats,
    drawn: Drawn,
    with_years: bool,
) -> BenefitFlow:
    """What a benefit is worth.

    Parameters
    ----------
    contract, name : Contract, str
        The contract and which of its benefits.
    counted : array (period, run)
        Additional outcomes, once leakage and the like are taken off [outcomes].
    drawn : Drawn
        Values of the contract's numbers.
    with_years : bool
        Also give money by year, for the ledger.
    """
    value = contract.value
    assert value is not None
    benefit = value.benefits[name]
    path = f"value.benefits.{name}"
    each = drawn(f"{path}.per_outcome")
    if benefit.prices is not None and contract.prices is not None:
        each = each * to_base(contract.prices, benefit.prices)
    drop_off, discount = drawn(f"{path}.drop_off"), benefit.discount or value.discount
    first = schedule_start(contract)
    factor = benefit_present_value_factor(
        bands=bands_of(discount),
        start_years=times(contract.timeline) - first,
        lag=benefit.lag,
        years=None if benefit.profile is not None else benefit.years,
        drop_off=0.0 if benefit.profile is not None else drop_off,
        profile=benefit.profile,
        timing=value.timing,
        horizon=None if value.horizon is None else value.horizon - first,
    )
    uncorrected = real_worth(OnReal(factor * worth_at(contract, discount)), counted) * each
    kept = 1 - correction(contract, name, drawn)
    share = drawn(f"{path}.cashable")
    flow = BenefitFlow(uncorrected * kept, uncorrected * kept * share, uncorrected)
    if not with_years:
        return flow
    sizes = benefit.profile or [(1 - drop_off) ** k for k in range(benefit.years)]
    by_year, savings = _by_year(contract, benefit, counted, sizes, each * kept, share)
    return BenefitFlow(flow.present_value, flow.cashable, uncorrected, by_year, savings)


def _by_year(
    contract: Contract,
    benefit: Benefit,
    counted: Floats,
    sizes: Sequence[float | Floats],
    each: float | Floats,
    cashable: float | Floats,
) -> tuple[Floats, Floats | None]:
    """Real money by year after the start; its cashable part, nominal, by year of prices."""
    by_year = np.zeros((benefit_years(contract), counted.shape[1]))
    years = savings_years(contract) if benefit.cashable != 0 else []
    known = bool(years) and no_savings(contract) is None
    savings = np.zeros((len(years), counted.shape[1])) if known else None
    levels, days = _levels(contract, years) if known else np.zeros(0), dated(contract.timeline)
    for t, k, when in _falls(contract, benefit):
        if np.any(counted[t]):
            money = counted[t] * each * sizes[k]
            by_year[_year(when)] += money
            if savings is not None:
                row = _price_year(contract, benefit, days[t], k) - years[0]
                savings[row] += money * cashable * levels[row]
    return by_year, savings
