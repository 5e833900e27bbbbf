"""Effects and tests at a bound, against answers worked by hand or published."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sibmodel.model.bounds import reaches, round12
from sibmodel.model.effects import (
    additional,
    chance_of_payment,
    difference_in_differences,
    rate_ratio_error,
    relative_change,
)

# --- at a bound -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "word", "bound", "passes"),
    [
        (1 - 90 / 100, "at_least", 0.1, True),  # in floating point 0.09999999999999998
        (1 - 0.925, "at_least", 0.075, True),  # 0.07499999999999996
        (1 - 90 / 100, "above", 0.1, False),
        (1 - 90 / 100, "below", 0.1, False),
        (1 - 90 / 100, "at_most", 0.1, True),
        (0.0999999999, "at_least", 0.1, False),
        (-3.3e6, "at_most", -3.3e6, True),
        (0.0, "above", 0.0, False),
        (1e300, "at_least", 1e300, True),
        (math.inf, "above", 1.0, True),
        (-math.inf, "below", 1.0, True),
    ],
)
def test_at_a_bound(value: float, word: str, bound: float, passes: bool) -> None:
    assert bool(reaches(value, word, bound)) is passes


@pytest.mark.parametrize("word", ["at_least", "above", "at_most", "below"])
def test_what_is_undefined_reaches_no_bound(word: str) -> None:
    assert not reaches(np.array([np.nan, np.nan]), word, np.array([0.0, np.nan])).any()


@given(st.floats(1e-9, 1e12), st.integers(-3, 3), st.booleans())
def test_rounding_meets_across_a_decade_and_is_done_once(
    size: float, decade: int, negative: bool
) -> None:
    value = (-size if negative else size) * 10.0**decade
    rounded = round12(value)
    assert float(rounded) == pytest.approx(value, rel=1e-11)
    assert float(rounded) == float(f"{value:.11e}") or math.isclose(rounded, value, rel_tol=6e-12)
    assert float(round12(rounded)) == float(rounded)
    near = 10.0**decade * (1 - 2e-16)
    assert float(round12(near)) == float(round12(10.0**decade))


# --- the arithmetic -------------------------------------------------------------------------------


def test_two_ways_of_difference_in_differences() -> None:
    # Peterborough, interim figures per 100: 84 before and 78 after; nationally 75 and 84 (Ministry
    # of Justice, June 2013; known, not read again).
    rates = {"before": 0.84, "comparison": 0.84, "comparison_before": 0.75}
    added = difference_in_differences(**rates, design="additive")
    by_ratio = difference_in_differences(**rates, design="ratio")
    assert added == pytest.approx(0.93)
    assert by_ratio == pytest.approx(0.9408)
    assert additional(people=100, observed=0.78, counterfactual=added) == pytest.approx(-15)
    assert relative_change(observed=0.78, counterfactual=by_ratio) == pytest.approx(
        -0.1709, abs=5e-5
    )
    before_after = relative_change(observed=0.78, counterfactual=0.84)
    assert before_after == pytest.approx(-0.0714, abs=5e-5)


def test_no_counterfactual_no_relative_change() -> None:
    assert np.isnan(relative_change(observed=0.3, counterfactual=0.0))
    none = difference_in_differences(
        before=0.5, comparison=0.2, comparison_before=0.0, design="ratio"
    )
    assert np.isnan(none)


def test_a_difference_that_is_only_rounding_is_nil() -> None:
    assert relative_change(observed=0.1 + 0.2, counterfactual=0.3) == 0.0
    assert additional(people=1000, observed=0.1 + 0.2, counterfactual=0.3) == 0.0


@pytest.mark.parametrize(
    ("reduced", "dispersion", "error", "chance"),
    [
        # Events as published (142 per 100), although the question is asked under no effect.
        (1.42, 1, 0.0287, 0.0001),
        (1.42, 3, 0.0496, 0.0169),
        (1.42, 4, 0.0573, 0.0330),
        # Events under the effect asked about: none, 155 per 100 in both groups.
        (1.55, 3, 0.0477, 0.0136),
        (1.55, 4, 0.0551, 0.0279),
    ],
)
def test_chance_of_paying_for_no_effect_by_the_formula(
    reduced: float, dispersion: float, error: float, chance: float
) -> None:
    # 142 convictions for every 100 men against 155 (Civil Society, 7 August 2014), 936 men against
    # 9,360 matched men (the evaluators' report; known, not read again).
    found = rate_ratio_error(
        events_treated=reduced * 936, events_control=1.55 * 9360, dispersion=dispersion
    )
    assert found == pytest.approx(error, abs=5e-5)
    paid = chance_of_payment(threshold=0.1, true_reduction=0.0, standard_error=found)
    assert paid == pytest.approx(chance, abs=5e-5)


def test_an_effect_as_large_as_the_threshold_is_paid_half_the_time() -> None:
    errors = np.array([0.01, 0.05, 0.3])
    assert chance_of_payment(
        threshold=0.1, true_reduction=0.1, standard_error=errors
    ) == pytest.approx(0.5)
