"""Numbers a person: against scipy, against integrals, and in many runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats
from test_people import contract_of, counts

from sibmodel.model.chance import BLOCK
from sibmodel.model.quantities import (
    ends_in,
    expected_in,
    falls_in,
    numbers,
    possible_ratio,
    shared_mean,
    shared_stretch,
    stretch_variance,
    stretches,
    survival,
    time_scale,
    variance_ratio,
)
from sibmodel.plan import Plan
from sibmodel.walk import BASE_CASE, Switches

LUCK = special.ndtri((np.arange(20_000) + 0.5) / 20_000)


def pmf(mean: Any, ratio: Any) -> np.ndarray:
    """Probability of k, for k from 0, shape (k, run)."""
    found = survival(mean=mean, ratio=ratio, outcome="points")
    whole = np.vstack([np.ones(found.shape[1]), found, np.zeros(found.shape[1])])
    return -np.diff(whole, axis=0)


# --- whole numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "ratio", "oracle"),
    [
        (1.5, 1.0, stats.poisson(1.5)),
        (40.0, 1.0, stats.poisson(40.0)),
        (3.0, 0.75, stats.binom(12, 0.25)),
        (6.0, 0.4, stats.binom(10, 0.6)),
        (2.0, 1.7, stats.nbinom(2 / 0.7, 1 / 1.7)),
        (900.0, 3.0, stats.nbinom(450, 1 / 3)),
        (800.0, 0.5, stats.binom(1600, 0.5)),
    ],
)
def test_thresholds_are_scipys(mean: float, ratio: float, oracle: Any) -> None:
    found = survival(mean=mean, ratio=ratio, outcome="points")[:, 0]
    np.testing.assert_allclose(found, oracle.sf(np.arange(len(found))), rtol=0, atol=1e-9)
    assert oracle.sf(len(found)) < 1e-9


def test_three_kinds_may_stand_in_one_array_of_runs() -> None:
    mean, ratio = np.array([2.0, 2.0, 2.0, 0.0]), np.array([0.5, 1.0, 2.0, 1.0])
    together = survival(mean=mean, ratio=ratio, outcome="points")
    for run in range(4):
        alone = survival(mean=mean[run], ratio=ratio[run], outcome="points")[:, 0]
        np.testing.assert_allclose(together[: len(alone), run], alone, atol=1e-15)
        assert (together[len(alone) :, run] < 1e-9).all()


@given(st.floats(0.01, 60.0), st.floats(0.0, 6.0))
def test_mean_and_spread_are_those_stated(mean: float, ratio: float) -> None:
    # the least variance that whole numbers of this mean can have is that of its two neighbours
    least = (mean % 1) * (1 - mean % 1)
    possible = possible_ratio(mean=mean, ratio=ratio)
    p = pmf(mean, possible)[:, 0]
    k = np.arange(len(p))
    assert p.min() > -1e-12
    assert p @ k == pytest.approx(mean, rel=1e-6)
    assert p @ k**2 - mean**2 == pytest.approx(max(ratio * mean, least), rel=1e-5, abs=1e-6)


def test_no_spread_is_always_the_same_number_where_that_is_whole() -> None:
    ratio = possible_ratio(mean=3.0, ratio=variance_ratio(mean=3.0, spread=0.0))
    u = np.linspace(0.0, 1.0, 50, endpoint=False, dtype=np.float32)[:, None]
    found = numbers(uniforms=u, survival=survival(mean=3.0, ratio=ratio, outcome="points"))
    assert (found == 3).all()


@given(st.floats(0.05, 20.0), st.floats(0.0, 1.0), st.floats(0.0, 4.0), st.floats(0.0, 0.9))
def test_a_lower_mean_is_less_for_everybody(
    rate: float, share: float, ratio: float, alikeness: float
) -> None:
    luck = LUCK[::500]
    within = possible_ratio(mean=rate, ratio=(1 - alikeness) * ratio)
    u = np.random.default_rng(0).random((60, len(luck)), dtype=np.float32)

    def drawn(mean: float) -> np.ndarray:
        means: Any = mean
        if alikeness > 0.01:
            means = shared_mean(mean=mean, ratio=ratio, alikeness=alikeness, luck=luck)
        reached = survival(mean=means, ratio=within, outcome="points")
        return numbers(uniforms=u, survival=reached)

    assert (drawn(rate * share) <= drawn(rate)).all()


def test_searching_many_thresholds_gives_what_comparing_them_does() -> None:
    u = np.random.default_rng(1).random((40, 30), dtype=np.float32)
    u[0], u[1] = 0.0, 2.0  # the luckiest, and somebody who is not there
    for mean in (np.linspace(100, 300, 30), np.array([250.0])):
        reached = survival(mean=mean, ratio=1.0, outcome="points")
        assert len(reached) > 128
        slow = sum((u < row).astype(int) for row in reached.astype(np.float32))
        assert (numbers(uniforms=u, survival=reached) == slow).all()


def test_too_many_thresholds_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"number of pounds_saved .* state it in larger units"):
        survival(mean=5000.0, ratio=1.0, outcome="pounds_saved")


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
def test_shared_luck_takes_its_part_of_the_variance(ratio: float) -> None:
    mean, alikeness = 5.0, 0.1
    found = shared_mean(mean=mean, ratio=ratio, alikeness=alikeness, luck=LUCK)
    assert found.mean() == pytest.approx(mean, rel=1e-4)
    assert found.var() == pytest.approx(alikeness * ratio * mean, rel=5e-3)


# --- time -----------------------------------------------------------------------------------------


@given(st.floats(0, 1, exclude_max=True), st.floats(0.1, 2000.0))
def test_a_stretch_has_its_mean(share: float, window: float) -> None:
    mean = share * window
    theta = time_scale(mean=mean, window=window)
    exact = theta * -np.expm1(-window / theta) if theta > 0 else 0.0
    assert exact == pytest.approx(mean, rel=1e-9, abs=1e-9 * window)


@pytest.mark.parametrize("share", [1e-3, 0.03, 0.5, 0.9, 0.999, 0.999999])
def test_the_variance_of_a_stretch_is_its_integral(share: float) -> None:
    theta = float(time_scale(mean=share, window=1.0))
    second, _ = integrate.quad(lambda x: 2 * x * np.exp(-x / theta), 0, 1, points=[min(theta, 1)])
    found = float(stretch_variance(mean=share, window=1.0))
    assert found == pytest.approx(second - share**2, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.95])
def test_shared_luck_of_a_stretch_has_its_part_of_the_variance(share: float) -> None:
    window, alikeness = 500.0, 0.1
    found = shared_stretch(mean=share * window, window=window, alikeness=alikeness, luck=LUCK)
    assert found.mean() == pytest.approx(share * window, rel=1e-4)
    wanted = alikeness * float(stretch_variance(mean=share * window, window=window))
    assert found.var() == pytest.approx(wanted, rel=1e-2)
    assert 0 <= found.min() <= found.max() <= window


# of people half as alike and more the two cross far out in a tail, by up to 1e-4 of the window
@given(st.floats(0.001, 0.98), st.floats(0.0, 1.0), st.floats(0.01, 0.3))
def test_a_shorter_mean_is_shorter_in_every_run(share: float, less: float, alike: float) -> None:
    long, short = (
        shared_stretch(mean=x, window=1.0, alikeness=alike, luck=LUCK[::200])
        for x in (share, share * less)
    )
    assert (short <= long * (1 + 1e-9) + 1e-12).all()


def test_time_by_hand() -> None:
    # u = e^(−1): just θ; the window cuts what is longer; nobody has less than nothing
    u = np.array([[np.exp(-1)], [np.exp(-9)], [0.0], [2.0]])
    found = stretches(uniforms=u, scale=100.0, window=400.0)
    np.testing.assert_allclose(found[:, 0], [100.0, 400.0, 400.0, 0.0])
    edges = (0.0, 90.0, 180.0, 270.0, 360.0, 400.0)
    np.testing.assert_allclose(
        [part[:, 0] for part in falls_in(stretch=found, edges=edges)],
        np.transpose([[90, 10, 0, 0, 0], [90] * 4 + [40], [90] * 4 + [40], [0] * 5]),
    )
    np.testing.assert_allclose(
        [part[:, 0] for part in ends_in(stretch=found, edges=edges)],
        np.transpose([[0, 100, 0, 0, 0], [0] * 4 + [400], [0] * 4 + [400], [0] * 5]),
    )


def test_time_that_ends_with_a_period_ends_in_it() -> None:
    ends = list(ends_in(stretch=np.array([90.0]), edges=(0.0, 90.0, 180.0)))
    assert [part.tolist() for part in ends] == [[90.0], [0.0]]


def test_expected_time_is_the_integral_of_who_is_left() -> None:
    edges = (0.0, 91.3, 182.6, 250.0)
    parts = expected_in(scale=120.0, edges=edges)
    for part, low, high in zip(parts, edges[:-1], edges[1:], strict=True):
        exact, _ = integrate.quad(lambda x: np.exp(-x / 120), low, high)
        assert part == pytest.approx(exact, rel=1e-10)


# --- in a contract --------------------------------------------------------------------------------

PEOPLE, RUNS = 30, 200_000
COHORT = {"all": {"people": PEOPLE, "intake": [PEOPLE], "alikeness": 0.05}}


def totals(outcome: dict[str, Any], kind: str = "achieved", cohort: Any = None) -> np.ndarray:
    """An outcome's number over people and periods, shape (run,)."""
    contract = contract_of({"it": outcome}, cohort or COHORT)
    found = counts(contract, Switches(), blocks=RUNS // BLOCK + 1)[kind]["it"]
    whole: np.ndarray = found.sum(axis=(0, 1))[:RUNS]
    return whole


def assert_moments(found: np.ndarray, mean: float, variance: float) -> None:
    """Mean and variance within four of their standard errors."""
    assert found.mean() == pytest.approx(mean, abs=4 * found.std() / np.sqrt(len(found)))
    squares = (found - found.mean()) ** 2
    assert found.var() == pytest.approx(variance, abs=4 * squares.std() / np.sqrt(len(found)))


@pytest.mark.parametrize("spread", [None, 0.9, 4.0])
def test_counts_over_people_vary_as_alikeness_says(spread: float | None) -> None:
    # Source: m people of variance v with correlation ρ: variance m v (1 + (m−1) ρ)
    outcome = {"unit": "move", "rate": 2.0} | ({} if spread is None else {"spread": spread})
    each = 2.0 if spread is None else spread**2
    # a binomial's last trial moves with the run's mean: its variance is a little off within runs
    wanted = PEOPLE * each * (1 + (PEOPLE - 1) * 0.05)
    found = totals(outcome)
    if spread == 0.9:
        assert found.mean() == pytest.approx(PEOPLE * 2.0, abs=4 * found.std() / np.sqrt(RUNS))
        assert found.var() == pytest.approx(wanted, rel=0.02)
    else:
        assert_moments(found, PEOPLE * 2.0, wanted)


@pytest.mark.parametrize("alikeness", [0.0, 0.05])
def test_time_over_people_varies_as_its_run_does(alikeness: float) -> None:
    window, mean = 365.25, 100.0
    outcome = {"unit": "day", "rate": mean, "within": {"years": 1}}
    found = totals(outcome, cohort={"all": COHORT["all"] | {"alikeness": alikeness}})
    between = float(stretch_variance(mean=mean, window=window))
    if alikeness == 0:
        assert_moments(found, PEOPLE * mean, PEOPLE * between)
        return
    means = shared_stretch(mean=mean, window=window, alikeness=alikeness, luck=LUCK)
    within = stretch_variance(mean=means, window=window).mean()
    assert_moments(found, PEOPLE * mean, PEOPLE * within + PEOPLE**2 * alikeness * between)


def test_a_rare_number_is_right_in_the_mean() -> None:
    # 30 people × 200,000 runs at 2e-6: 12 expected, sd 3.5
    outcome = {"unit": "move", "rate": 2e-6}
    cohort = {"all": {"people": PEOPLE, "intake": [PEOPLE]}}
    assert totals(outcome, cohort=cohort).sum() == pytest.approx(12, abs=4 * 3.5)


def test_claims_are_a_share_of_the_number_and_anyway_is_never_more() -> None:
    outcomes = {
        "home": {"cohort": "all", "rate": 0.7, "anyway": 0.4},
        "days": {"needs": "home", "unit": "day", "rate": 150, "anyway": 90,
                 "within": {"months": 18}, "claimed": 0.8},
        "moves": {"cohort": "all", "unit": "move", "rate": 2, "anyway": 1.9, "spread": 3,
                  "claimed": 0.5},
    }  # fmt: skip
    cohort = {"all": {"people": PEOPLE, "intake": [PEOPLE], "alikeness": 0.1, "togetherness": 0.5}}
    found = counts(contract_of(outcomes, cohort), Switches(), blocks=5)
    for name, share in (("days", 0.8), ("moves", 0.5)):
        achieved, anyway = found["achieved"][name], found["anyway"][name]
        assert (anyway <= achieved + 1e-9).all()
        claimed = found["claimed"][name]
        assert (claimed <= achieved).all()
        error = 4 * (claimed.sum(axis=(0, 1)) / achieved.sum(axis=(0, 1)).mean()).std() / 143
        assert claimed.sum() / achieved.sum() == pytest.approx(share, abs=error)


def test_the_base_case_is_people_times_mean_by_period() -> None:
    # days out from period 1 + 2 on, 18 months = 547.875 days of 91.3125 a quarter: six periods
    outcomes = {
        "out": {"rate": 0.5, "after": 1},
        "days_out": {"needs": "out", "unit": "day", "rate": 300, "after": 2,
                     "within": {"months": 18}},
        "weeks_out": {"needs": "out", "unit": "week", "rate": 300 / 7, "after": 2,
                      "within": {"months": 18}},
        "points": {"cohort": "all", "unit": "point", "rate": 3.3, "spread": 1.0, "after": 4},
    }  # fmt: skip
    found = counts(contract_of(outcomes), BASE_CASE)["achieved"]
    days = found["days_out"][0, :, 0]
    theta = float(time_scale(mean=300.0, window=547.875))
    by_hand = 50 * theta * -np.diff(np.exp(-np.arange(7) * 91.3125 / theta))
    np.testing.assert_allclose(days[3:9], by_hand, rtol=1e-9)
    assert days.sum() == pytest.approx(15_000, rel=1e-9)
    np.testing.assert_allclose(found["weeks_out"][0, :, 0], days / 7, rtol=1e-9)
    assert found["points"][0, 4, 0] == pytest.approx(330)


def test_a_waiting_time_comes_before_days_count() -> None:
    # held for 3 months of 12: from period 1 on, at most 273.9375 days, so three periods
    outcomes = {
        "days": {"cohort": "all", "unit": "day", "rate": 270, "held": {"months": 3},
                 "within": {"months": 12}},
    }  # fmt: skip
    found = counts(contract_of(outcomes), Switches())["achieved"]["days"]
    assert (found[0, [0, 4]] == 0).all()
    assert (found[0, 1:4] > 0).all()
    assert found.sum(axis=(0, 1)).max() <= 100 * 273.9375 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ({"unit": "day", "rate": 50}, r"days, and how long .* Add outcomes.it.within"),
        ({"unit": "day", "rate": 100, "anyway": 400, "within": {"years": 1}}, "365.25"),
        ({"unit": "GBP", "rate": 5000}, "number of it can pass 2,000"),
    ],
)
def test_what_cannot_be_simulated_is_refused_at_once(outcome: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Plan(contract_of({"it": outcome}))
