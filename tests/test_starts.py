"""Planned starts and referrals: whole people, in any split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sibmodel import Contract
from sibmodel.contract.people import Cohort
from sibmodel.model.people import planned_intake, planned_starts, starts
from sibmodel.plan import Plan
from sibmodel.walk import Switches


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Intake by period, and sizes of groups that add to the same."""
    groups = draw(st.lists(st.integers(1, 60), min_size=1, max_size=6))
    periods = draw(st.integers(1, 8))
    ends = sorted(draw(st.lists(st.integers(0, sum(groups)), min_size=periods - 1,
                                max_size=periods - 1)))  # fmt: skip
    intake = np.diff([0, *ends, sum(groups)]).tolist()
    return intake, groups


@given(splits())
def test_planned_starts_are_whole_and_add_up_both_ways(split: tuple[list[int], list[int]]) -> None:
    intake, groups = split
    planned = planned_starts(intake=intake, groups=groups)
    assert planned.dtype == np.int64
    assert (planned >= 0).all()
    assert planned.sum(axis=0).tolist() == intake
    assert planned.sum(axis=1).tolist() == groups
    due = np.outer(groups, np.cumsum(intake)) / sum(groups)
    assert (np.abs(np.cumsum(planned, axis=1) - due) < len(groups)).all()


@given(splits(), st.randoms(use_true_random=False))
def test_the_order_of_groups_in_the_file_changes_nothing(
    split: tuple[list[int], list[int]], order: st.DataObject
) -> None:
    intake, sizes = split
    named = {f"group_{i}": size for i, size in enumerate(sizes)}
    mixed = list(named)
    order.shuffle(mixed)  # type: ignore[attr-defined]

    def planned(groups: dict[str, int]) -> dict[str, list[int]]:
        contract = Contract.from_dict(
            {
                "schema": 1,
                "name": "starts",
                "currency": "GBP",
                "timeline": {"start": "2027-04-01", "step": "year", "periods": 8},
                "cohorts": {"all": {"groups": groups, "intake": intake}},
                "outcomes": {"done": {"rate": 0.5}},
                "payments": {"rules": {"done": {"pays": "done", "price": 1}},
                             "payers": {"council": 1.0}},
            }
        )  # fmt: skip
        return {name: row.tolist() for name, row in Plan(contract).walk.planned.items()}

    assert planned(named) == planned({name: named[name] for name in mixed})


def test_equal_groups_tie_and_the_first_by_name_goes_first() -> None:
    # 4 of 9 have come: 4/3 each, so one each, and the tie for the fourth goes to the first. After
    # 8: 8/3 each, less 2, 1 and 1: one each to the last two, and of the three equal remainders
    # of 2/3 the first two. The ninth is the last one's.
    planned = planned_starts(intake=[4, 4, 1], groups=[3, 3, 3])
    assert planned.tolist() == [[2, 1, 0], [1, 2, 0], [1, 1, 1]]


@given(st.integers(1, 500), st.integers(1, 12), st.sampled_from(["flat", "linear"]),
       st.integers(0, 3))  # fmt: skip
def test_a_ramp_adds_to_the_cohort_and_rises(people: int, over: int, ramp: str, first: int) -> None:
    cohort = Cohort.model_validate(
        {"people": people, "intake": {"over": over, "ramp": ramp, "from": first}}
    )
    planned = planned_intake(cohort, periods=20)
    assert planned.sum() == people
    assert planned[:first].sum() == planned[first + over :].sum() == 0
    weights = np.arange(1, over + 1) if ramp == "linear" else np.ones(over)
    reached = people * np.cumsum(weights) / weights.sum()
    assert (np.abs(np.cumsum(planned[first : first + over]) - reached) <= 0.5).all()


def test_zeros_after_the_last_period_are_no_starts() -> None:
    cohort = Cohort.model_validate({"people": 5, "intake": [2, 3, 0, 0]})
    assert planned_intake(cohort, periods=2).tolist() == [2, 3]


def test_a_linear_ramp_over_four_periods_weighs_them_one_to_four() -> None:
    cohort = Cohort.model_validate({"people": 200, "intake": {"over": 4, "ramp": "linear"}})
    assert planned_intake(cohort, periods=4).tolist() == [20, 40, 60, 80]


@given(splits(), st.floats(0, 3))
def test_referrals_are_rounded_on_the_running_total(
    split: tuple[list[int], list[int]], share: float
) -> None:
    planned = planned_starts(intake=split[0], groups=split[1])
    come = starts(planned=planned, referrals=np.array([share, 1.0]), runs=2, whole=True)
    assert (come >= 0).all()
    assert (come[..., 1] == planned).all()
    running = np.cumsum(come, axis=1)[..., 0]
    assert (np.abs(running - np.cumsum(planned, axis=1) * share) <= 0.5 + 1e-8).all()
    parts = starts(planned=planned, referrals=share, runs=1, whole=False)
    np.testing.assert_allclose(parts[..., 0], planned * share, atol=1e-9)


def test_a_half_turns_up_rounding_halves_upward() -> None:
    # running totals 1.5, 3, 4.5 round to 2, 3, 5
    come = starts(planned=np.array([[3, 3, 3]]), referrals=0.5, runs=1, whole=True)
    assert come[0, :, 0].tolist() == [2, 1, 2]


@pytest.mark.parametrize("referrals", [5.0, {"lognormal": {"mean": 1.0, "sd": 0.5}}])
def test_many_more_may_turn_up_than_were_planned(referrals: object) -> None:
    # 16,000 × 5 = 80,000 people: more than two bytes hold
    contract = Contract.from_dict(
        {
            "schema": 1,
            "name": "crowd",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "year", "periods": 1},
            "cohorts": {"all": {"people": 16000, "intake": [16000], "referrals": referrals}},
            "outcomes": {"seen": {"rate": 1.0}},
            "payments": {"rules": {"seen": {"pays": "seen", "price": 1}},
                         "payers": {"council": 1.0}},
        }
    )  # fmt: skip
    plan = Plan(contract)
    assert plan.walk.small is np.uint32
    if referrals == 5.0:
        stages = plan.stages(seed=0, block=0, switches=Switches(), details=False)
        assert (stages.achieved["seen"].sum(axis=(0, 1)) == 80_000).all()
