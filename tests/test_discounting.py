"""Discounting, price levels and lasting benefits, against figures worked by hand or published."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sibmodel.contract.schedules import FOREVER, SCHEDULES, flat
from sibmodel.model.discounting import (
    Bands,
    Timing,
    benefit_present_value_factor,
    discount_factors,
    price_index,
    rebase,
)

STANDARD = SCHEDULES["green_book_2026"].bands
LEVEL = flat(0.035).bands


def slow_discount_factor(bands: Bands, time: float) -> float:
    """The definition, one year after another."""
    factor, year = 1.0, 0
    while year < time:
        year += 1
        rate = next(rate for last, rate in bands if year <= last)
        factor /= (1 + rate) ** min(1.0, time - (year - 1))
    return factor


# --- discount factors -----------------------------------------------------------------------

# The rates of the Green Book 2026 (Department for Transport, TAG notice of 16 April 2026),
# compounded year by year independently of this package.
KNOWN = {
    "green_book_2026": {
        1: 0.966184,
        5: 0.841973,
        10: 0.708919,
        30: 0.356278,
        31: 0.345901,
        60: 0.146782,
        75: 0.094214,
        76: 0.091916,
        125: 0.027411,
    },
    "green_book_2026_health": {10: 0.861667, 31: 0.631615, 60: 0.435534},
    "green_book_2026_lower": {30: 0.411987, 31: 0.401664},
}


@pytest.mark.parametrize(
    ("name", "year", "factor"),
    [(name, year, factor) for name, known in KNOWN.items() for year, factor in known.items()],
)
def test_discount_factors_of_the_green_book(name: str, year: int, factor: float) -> None:
    assert discount_factors(bands=SCHEDULES[name].bands, years=year) == pytest.approx(
        factor, abs=1e-6
    )


def test_a_lower_rate_from_year_31_is_not_applied_to_the_first_thirty() -> None:
    factor = discount_factors(bands=STANDARD, years=31)
    assert factor == pytest.approx(1.035**-30 / 1.03, rel=1e-12)
    assert abs(factor - 1.03**-31) > 0.05  # the naive 0.399987


def test_two_options_of_the_green_book() -> None:
    # HM Treasury, The Green Book (2003): 10m to save 2.5m a year in years 1-4, or 5m to save 1.5m.
    factors = discount_factors(bands=LEVEL, years=np.arange(5))
    assert factors @ [-10, 2.5, 2.5, 2.5, 2.5] == pytest.approx(-0.817302, abs=1e-6)
    assert factors @ [-5, 1.5, 1.5, 1.5, 1.5] == pytest.approx(0.509619, abs=1e-6)


def test_within_a_year_the_rate_of_the_year_under_way_counts() -> None:
    # Half way through year 31 the 3.0% of that year has run for half a year.
    assert discount_factors(bands=STANDARD, years=30.5) == pytest.approx(
        1.035**-30 * 1.03**-0.5, rel=1e-12
    )
    assert discount_factors(bands=STANDARD, years=29.5) == pytest.approx(1.035**-29.5, rel=1e-12)


def test_shape_is_kept() -> None:
    assert discount_factors(bands=LEVEL, years=np.zeros((2, 3))).shape == (2, 3)
    assert discount_factors(bands=LEVEL, years=[]).shape == (0,)


def test_the_last_year_of_the_last_band_is_within_the_schedule() -> None:
    bands = [(2, 0.05), (3, 0.10)]
    assert discount_factors(bands=bands, years=3) == pytest.approx(1.05**-2 / 1.1, rel=1e-12)
    with pytest.raises(ValueError, match=r"ends at year 3.*3\.25 years"):
        discount_factors(bands=bands, years=[1, 3.25])


@pytest.mark.parametrize("years", [-0.1, float("nan"), float("inf")])
def test_times_that_cannot_be_discounted(years: float) -> None:
    with pytest.raises(ValueError, match="time"):
        discount_factors(bands=LEVEL, years=[1, years])


@pytest.mark.parametrize(
    ("bands", "fault"),
    [
        ([], "at least one band"),
        ([(30, 0.03), (30, 0.02)], "must rise"),
        ([(-1, 0.03)], "must rise"),
        ([(30, -1.0)], "above -100%"),
        ([(30, float("nan"))], "above -100%"),
    ],
)
def test_faulty_bands(bands: Bands, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        discount_factors(bands=bands, years=1)


@st.composite
def some_bands(draw: st.DrawFn) -> Bands:
    last_years = sorted(draw(st.sets(st.integers(1, 150), min_size=1, max_size=5)))
    last_years[-1] = 150
    rate = st.floats(0.001, 0.3)
    return [(last, draw(rate)) for last in last_years]


TIMES = st.floats(0, 149)


@given(some_bands(), st.lists(TIMES, min_size=1, max_size=20))
def test_fast_agrees_with_slow(bands: Bands, times: list[float]) -> None:
    slow = [slow_discount_factor(bands, time) for time in times]
    np.testing.assert_allclose(discount_factors(bands=bands, years=times), slow, rtol=1e-11)


@given(some_bands(), TIMES, st.floats(1e-3, 1))
def test_later_is_worth_less(bands: Bands, time: float, delay: float) -> None:
    now, later = discount_factors(bands=bands, years=[time, time + delay])
    assert 0 < later < now <= 1


@given(some_bands(), st.integers(0, 70), st.integers(0, 79))
def test_discounting_in_two_steps(bands: Bands, first: int, second: int) -> None:
    # From year a + b back to a under the bands that remain, then from a back to now.
    remaining = [(last - first, rate) for last, rate in bands if last > first]
    in_two = discount_factors(bands=bands, years=first) * discount_factors(
        bands=remaining, years=second
    )
    at_once = discount_factors(bands=bands, years=first + second)
    assert in_two == pytest.approx(float(at_once), rel=1e-12)


@given(st.floats(0.001, 0.3), st.integers(0, 60), st.integers(0, 60))
def test_a_flat_rate_multiplies(rate: float, first: int, second: int) -> None:
    a, b, both = discount_factors(bands=flat(rate).bands, years=[first, second, first + second])
    assert a * b == pytest.approx(both, rel=1e-12)


# --- price levels ---------------------------------------------------------------------------


def test_nominal_money_is_made_real_before_it_meets_a_real_rate() -> None:
    # 100,000 nominal in year 5, inflation 2%, real rate 3.5%: 100,000 / 1.02^5 / 1.035^5.
    factor = discount_factors(bands=LEVEL, years=5)
    assert 100_000 / price_index(years_from_base=5, inflation=0.02) * factor == pytest.approx(
        76_260.10, abs=0.005
    )
    naive = 100_000 * factor
    assert naive == pytest.approx(84_197.32, abs=0.005)
    assert naive / 76_260.10 - 1 == pytest.approx(0.104, abs=5e-4)


def test_price_index_before_the_base_year_and_by_run() -> None:
    index = price_index(years_from_base=[[-2], [0], [1]], inflation=[0.0, 0.02])
    np.testing.assert_allclose(index, [[1.0, 1 / 1.02**2], [1.0, 1.0], [1.0, 1.02]], rtol=1e-14)
    with pytest.raises(ValueError, match="-100%"):
        price_index(years_from_base=1, inflation=-1)


def test_rebase_by_a_series() -> None:
    series = {"2010-11": 80.0, "2011-12": 82.0, "2024-25": 120.0}
    there = rebase([7_900, 0], index=series, from_year="2010-11", to_year="2024-25")
    np.testing.assert_allclose(there, [11_850, 0])
    back = rebase(there, index=series, from_year="2024-25", to_year="2010-11")
    np.testing.assert_allclose(back, [7_900, 0])


def test_rebase_names_the_year_that_is_missing() -> None:
    series = {2010: 80.0, 2024: 120.0}
    with pytest.raises(ValueError, match=r"no figure for 2031 .*from 2010 to 2024"):
        rebase(1, index=series, from_year=2010, to_year=2031)
    with pytest.raises(ValueError, match="no figure for 2009"):
        rebase(1, index=series, from_year=2009, to_year=2024)
    with pytest.raises(ValueError, match="empty"):
        rebase(1, index={}, from_year=2009, to_year=2024)
    with pytest.raises(ValueError, match="above 0"):
        rebase(1, index={2010: 0.0, 2024: 1.0}, from_year=2010, to_year=2024)


# --- benefits that last ---------------------------------------------------------------------


def test_families_engaged_to_present_value() -> None:
    # A chain in the manner of the Greater Manchester cost benefit model. 51,080 a year for a
    # child in care is the unit cost database v1.4 (2013/14 prices); the rest is illustrative.
    achieved = 100 * 0.80 * 0.35
    additional = achieved - 80 * 0.20
    assert achieved == pytest.approx(28)
    assert additional == pytest.approx(12)  # not 28 × 0.8 = 22.4
    a_year = additional * 51_080
    assert a_year == pytest.approx(612_960)
    corrected = a_year * (1 - 0.15)
    assert corrected == pytest.approx(521_016)

    factor = benefit_present_value_factor(
        bands=LEVEL, start_years=[0], lag=1, profile=[1, 0.75, 0.5], timing="start"
    )
    assert corrected * factor[0] == pytest.approx(1_103_140.90, abs=0.005)
    assert corrected * 0.5 * factor[0] == pytest.approx(551_570.45, abs=0.005)


def test_drop_off_keeps_a_share_of_what_was_left() -> None:
    # 30% lost a year: 1, 0.7, 0.49; undiscounted these sum to 2.19.
    undiscounted = benefit_present_value_factor(
        bands=flat(0.0).bands, start_years=[0], years=3, drop_off=0.3
    )
    assert undiscounted[0] == pytest.approx(2.19, rel=1e-12)
    one_year_only = benefit_present_value_factor(
        bands=LEVEL, start_years=[0], years=5, drop_off=1.0
    )
    assert one_year_only[0] == 1.0


@pytest.mark.parametrize(("timing", "offset"), [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_a_level_benefit_is_an_annuity(timing: Timing, offset: float) -> None:
    factor = benefit_present_value_factor(
        bands=LEVEL, start_years=[0], lag=2, years=10, timing=timing
    )
    annuity = (1 - 1.035**-10) / 0.035 * 1.035  # in advance
    assert factor[0] == pytest.approx(annuity * 1.035 ** -(2 + offset), rel=1e-12)


def test_drop_off_by_run_and_times_agree_with_the_sum_written_out() -> None:
    starts, drop_off = np.array([0.0, 0.25, 29.5]), np.array([0.0, 0.3, 1.0, 0.05])
    factor = benefit_present_value_factor(
        bands=STANDARD, start_years=starts, lag=0.5, years=4, drop_off=drop_off, timing="middle"
    )
    assert factor.shape == (3, 4)
    for i, start in enumerate(starts):
        for j, lost in enumerate(drop_off):
            slow = sum(
                (1 - lost) ** k * slow_discount_factor(STANDARD, start + 1 + k) for k in range(4)
            )
            assert factor[i, j] == pytest.approx(slow, rel=1e-12)


def test_a_run_is_the_same_however_many_runs_there_are() -> None:
    drop_off = np.linspace(0, 1, 4096)
    many = benefit_present_value_factor(
        bands=STANDARD, start_years=[0, 1.25], years=10, drop_off=drop_off
    )
    for runs in (1, 2, 3, 7, 100):
        few = benefit_present_value_factor(
            bands=STANDARD, start_years=[0, 1.25], years=10, drop_off=drop_off[:runs]
        )
        assert (few == many[:, :runs]).all()


def test_a_benefit_says_how_long_it_lasts_and_only_once() -> None:
    def factor(**clause: object) -> None:
        benefit_present_value_factor(bands=LEVEL, start_years=[0], **clause)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="how long"):
        factor()
    with pytest.raises(ValueError, match="not both"):
        factor(profile=[1, 0.5], years=2)
    with pytest.raises(ValueError, match="not both"):
        factor(profile=[1, 0.5], drop_off=0.1)
    with pytest.raises(ValueError, match="at least one year"):
        factor(years=0)
    with pytest.raises(ValueError, match="at least one year"):
        factor(profile=[])
    with pytest.raises(ValueError, match="drop_off"):
        factor(years=2, drop_off=[0.1, 1.2])
    with pytest.raises(ValueError, match="timing"):
        factor(years=2, timing="late")


# --- the schedules as data ------------------------------------------------------------------


def test_other_schedules() -> None:
    # New Zealand Treasury: 2% in years 1-30, 1.5% in 31-100, 1% after; test at 8%.
    assert discount_factors(bands=SCHEDULES["new_zealand_2024"].bands, years=101) == pytest.approx(
        1.02**-30 * 1.015**-70 / 1.01, rel=1e-12
    )
    level = {"new_zealand_2024_sensitivity": 0.08, "omb_a94_7": 0.07}
    level |= {"australia_7": 0.07, "australia_4": 0.04, "australia_10": 0.10}
    for name, rate in level.items():
        assert discount_factors(bands=SCHEDULES[name].bands, years=40) == pytest.approx(
            (1 + rate) ** -40, rel=1e-12
        )


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_whole_and_sourced(name: str) -> None:
    schedule = SCHEDULES[name]
    assert schedule.name == name
    assert schedule.source
    assert schedule.bands[-1][0] == FOREVER
    rates = [rate for _, rate in schedule.bands]
    assert rates == sorted(rates, reverse=True)
    if name.startswith("australia"):
        assert "Secondary source" in schedule.note


def test_schedules_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SCHEDULES["omb_a94_7"].bands = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        SCHEDULES["mine"] = flat(0.05)  # type: ignore[index]


def test_flat() -> None:
    assert flat(0.035).name == "flat"
    assert flat(0.035).title == "Flat 3.5%"
