"""Value at risk and CVaR against a distribution worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sibmodel.statistics import cvar, value_at_risk

# 100 runs: 5 lose 100, 15 lose 20, 30 break even, 50 gain 8
RUNS = np.repeat([-100.0, -20.0, 0.0, 8.0], [5, 15, 30, 50])

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
shares = st.floats(0.01, 1)


def test_worked_by_hand() -> None:
    assert (RUNS < 0).mean() == 0.20
    assert cvar(RUNS, share=0.05) == -100
    assert cvar(RUNS, share=0.10) == -60  # (5 · 100 + 5 · 20) / 10
    assert cvar(RUNS, share=0.20) == -40  # (5 · 100 + 15 · 20) / 20
    assert cvar(RUNS, share=1.0) == -4  # the mean of all: (400 − 500 − 300) / 100
    assert cvar(RUNS, share=0.055) == pytest.approx(-510 / 5.5)  # half of the sixth run
    risks = [value_at_risk(RUNS, share=share) for share in (0.05, 0.06, 0.20, 0.21, 0.50, 0.51)]
    assert risks == [-100, -20, -20, 0, 0, 8]


def test_a_share_that_is_whole_but_for_rounding() -> None:
    assert 0.07 * 100 > 7
    values = np.arange(100.0)
    assert value_at_risk(values, share=0.07) == 6
    assert cvar(values, share=0.07) == 3


def test_a_share_smaller_than_a_run_is_the_worst_run() -> None:
    assert value_at_risk([3.0, 1.0, 2.0], share=0.01) == cvar([3.0, 1.0, 2.0], share=0.01) == 1


def test_undefined_runs_are_not_left_out() -> None:
    for values in ([], [1.0, np.nan]):
        assert math.isnan(cvar(values, share=0.5))
        assert math.isnan(value_at_risk(values, share=0.5))
    assert cvar([np.inf, 1.0, 2.0], share=0.5) == pytest.approx(4 / 3)  # of 1.5 runs


@given(values, shares)
def test_the_tail_is_no_better_than_its_edge(runs: list[float], share: float) -> None:
    edge = value_at_risk(runs, share=share)
    assert edge in runs
    assert min(runs) - 1e-6 <= cvar(runs, share=share) <= edge + 1e-6
    assert np.mean(np.array(runs) <= edge) >= share - 1e-9


@given(values, shares)
def test_against_its_other_definition(runs: list[float], share: float) -> None:
    # CVaR = max over c of c − E[(c − value)+] / share; the best c is one of the values
    held = np.array(runs)
    best = max(c - np.maximum(c - held, 0).mean() / share for c in held)
    assert cvar(runs, share=share) == pytest.approx(best, rel=1e-9, abs=1e-4)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_shares_that_cannot_be_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share is"):
        cvar(RUNS, share=share)


def test_one_axis_alone() -> None:
    with pytest.raises(ValueError, match="2 axes"):
        value_at_risk(np.zeros((2, 2)), share=0.1)
