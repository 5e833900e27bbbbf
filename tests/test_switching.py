"""Switching values, against answers worked by hand."""

from __future__ import annotations

import math

import pytest

import sibmodel as sib
from sibmodel.questions.deadweight import deadweight_switch
from sibmodel.questions.switching import switching_value, switching_values

# 100 people at 0.5 and 0.2 anyway, 2,000 each: 30 × 2,000 = 60,000 against 20,000 of resources
DATA = {
    "schema": 1,
    "name": "switching",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
    "parties": {"council": {"public": True}, "nhs": {"public": True}},
    "cohorts": {"people": {"people": 100, "intake": [100]}},
    "outcomes": {"job": {"rate": 0.5, "anyway": 0.2, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 1000}},
        "payers": {"council": 1.0},
    },
    "delivery": {"costs": {"team": {"amount": 20000}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {"work": {"of": "job", "per_outcome": 2000, "to": "nhs"}},
    },
}
BETA = {"mean": 0.5, "sd": 0.05}
UNCERTAIN = {
    "outcomes.job.rate": {"beta": BETA, "source": "elsewhere"},
    "outcomes.job.anyway": {"uniform": [0.1, 0.3], "source": "register"},
    "value.benefits.work.per_outcome": {"uniform": [1500, 2500], "source": "unit costs"},
}
NPV, BCR = "net_present_value[society]", "benefit_cost_ratio[society]"


def contract(changes=None):
    return sib.Contract.from_dict(DATA).replace(changes or {})


@pytest.mark.parametrize(
    ("path", "measure", "by_hand"),
    [
        ("outcomes.job.anyway", BCR, 0.4),  # 100 × (0.5 − d) × 2,000 = 20,000
        ("outcomes.job.rate", BCR, 0.3),
        ("cohorts.people.referrals", BCR, 1 / 3),  # whole people: the ratio goes up in steps
        ("value.benefits.work.per_outcome", NPV, 2000 / 3),
        ("delivery.costs.team.amount", BCR, 60_000),
        ("payments.rules.job.price", "net_present_value[public]", 1200),  # 60,000 over 50
    ],
)
def test_by_hand(path, measure, by_hand):
    found = switching_value(contract(), path, measure, runs=4096)
    # people are counted: the mean of 4,096 runs of 100 people is near, not equal
    assert found.value == pytest.approx(by_hand, rel=0.02)
    assert found.low <= found.value <= found.high
    assert abs(found.value - by_hand) < 2 * (found.high - found.low)
    assert found.simulations <= 8


def test_all_uncertainty_about_the_number_is_replaced():
    found = switching_value(contract(UNCERTAIN), "outcomes.job.anyway", BCR, runs=8192)
    assert found.value == pytest.approx(0.4, rel=0.02)
    assert found.mean == pytest.approx(0.2)
    assert (found.p5, found.p95) == pytest.approx((0.11, 0.29), abs=0.005)  # of uniform 0.1 to 0.3
    assert found.inside is False
    assert found.change == pytest.approx(found.value / 0.2 - 1)


def test_what_simulation_adds_to_the_base_case_is_found():
    # a limit of 50 paid: the base case pays 50,000 up to a rate of 0.5 and no more beyond; on
    # average 100 people at 0.5 are paid less, E[min(B(100, 0.5), 50)] = 48.0103
    limited = contract({"payments.limits": {"contract": 50_000}})
    found = switching_value(limited, "outcomes.job.rate", "outcome_payments", 48_010.3, runs=8192)
    assert found.value == pytest.approx(0.5, abs=0.004)
    assert abs(found.value - 0.5) < found.high - found.low


def test_none_does_is_said_with_what_was_seen():
    found = switching_value(contract(), "outcomes.job.rate", BCR, target=20, runs=200)
    assert not found.found
    assert math.isnan(found.value)
    assert found.inside is None
    assert "no value from 0 to 1 does" in repr(found)
    assert "8.00" in repr(found)  # at a rate of 1: 80 × 2,000 ÷ 20,000


def test_a_number_that_does_not_matter_is_told():
    found = switching_value(contract(), "payments.rules.job.price", NPV, runs=200)
    assert not found.found
    assert "it does not move net_present_value[society]" in repr(found)


def test_the_hurdle_is_the_target_of_an_irr():
    capital = {"hurdle": 0.1, "tranches": {"fund": {"commitment": 20000, "share_of_surplus": 1.0}}}
    with_fund = contract({"capital": capital})
    # 20,000 now for 50 × price a year later: 22,000 = 50 × 440
    found = switching_value(with_fund, "payments.rules.job.price", "investor_irr", runs=4096)
    assert found.value == pytest.approx(440, rel=0.02)
    with pytest.raises(ValueError, match="no hurdle is stated"):
        switching_value(
            with_fund.replace({"capital.hurdle": None}),
            "payments.rules.job.price",
            "investor_irr",
            runs=10,
        )


def test_what_cannot_be_asked_is_told():
    with pytest.raises(KeyError, match="no number at"):
        switching_value(contract(), "outcomes.jobs.rate", BCR, runs=10)
    with pytest.raises(KeyError, match="no measure"):
        switching_value(contract(), "outcomes.job.rate", "worth", runs=10)
    with pytest.raises(ValueError, match="say which outcome_payments"):
        switching_value(contract(), "outcomes.job.rate", "outcome_payments", runs=10)
    with pytest.raises(ValueError, match="undefined"):
        switching_value(contract({"delivery": None}), "outcomes.job.rate", BCR, runs=10)


def test_the_table_has_every_uncertain_number_and_every_anyway():
    named = contract(
        UNCERTAIN
        | {
            "assumptions": {"luck": {"uniform": [0.9, 1.1], "source": "judgement"}},
            "cohorts.people.referrals": "luck",
            "payments.factors": {"index": "luck"},
        }
    )
    table = switching_values(named, BCR, runs=2048)
    assert set(table.index) == {
        "assumptions.luck",
        "outcomes.job.rate",
        "outcomes.job.anyway",
        "value.benefits.work.per_outcome",
    }
    assert table.loc["outcomes.job.anyway", "switching_value"] == pytest.approx(0.4, rel=0.03)
    assert table.loc["assumptions.luck", "switching_value"] == pytest.approx(1 / 3, rel=0.03)
    assert table["inside"].tolist() == [False] * 4
    assert (table["change"].abs().diff().dropna() >= 0).all()
    certain = switching_values(contract(), BCR, runs=500)
    assert certain.index.tolist() == ["outcomes.job.anyway"]
    assert certain["inside"].tolist() == [None]


def test_a_number_that_moves_with_another_and_one_of_a_group():
    by_group = contract(
        {
            "cohorts.people": {"groups": {"a": 50, "b": 50}, "intake": [100]},
            "outcomes.job.rate": {
                "by_group": {"a": 0.5, "b": {"uniform": [0.4, 0.6], "source": "elsewhere"}}
            },
            "outcomes.job.anyway": UNCERTAIN["outcomes.job.anyway"],
            "correlations": [
                {
                    "between": ["outcomes.job.rate", "outcomes.job.anyway"],
                    "spearman": 0.5,
                    "source": "judgement",
                }
            ],
        }
    )
    table = switching_values(by_group, BCR, runs=2048)
    # 50 × (0.5 − 0.2) + 50 × (p − 0.2) = 10: p = 0.1
    row = table.loc["outcomes.job.rate.by_group.b"]
    assert row["switching_value"] == pytest.approx(0.1, abs=0.01)
    assert (row["p5"], row["p95"]) == pytest.approx((0.41, 0.59), abs=0.005)


# --- beside every ratio ---------------------------------------------------------------------------


def test_deadweight_by_hand_and_without_a_simulation():
    table = deadweight_switch(contract())
    row = table.loc["job"]
    assert row["anyway"] == 0.2
    assert row["switching_value"] == pytest.approx(0.4)
    assert row["points"] == pytest.approx(0.2)
    # 20 of 50 achieved would have happened anyway; at the switch 40 of 50
    assert row["of_achieved"] == pytest.approx(0.4)
    assert row["of_achieved_at_switch"] == pytest.approx(0.8)


def test_deadweight_is_the_switching_value_of_anyway():
    uncertain = contract(
        UNCERTAIN | {"cohorts.people.referrals": {"pert": [0.7, 0.9, 1.1], "source": "others"}}
    )
    results = sib.simulate(uncertain, runs=8192, keep="measures")
    quick = deadweight_switch(results).loc["job"]
    slow = switching_value(uncertain, "outcomes.job.anyway", BCR, runs=8192)
    assert abs(quick["switching_value"] - slow.value) < slow.high - slow.low
    assert quick["switching_value"] == pytest.approx(slow.value, rel=0.01)


def test_deadweight_by_group_moves_in_proportion():
    by_group = contract(
        {
            "cohorts.people": {"groups": {"a": 25, "b": 75}, "intake": [100]},
            "outcomes.job.anyway": {"by_group": {"a": 0.35, "b": 0.15}},
        }
    )
    row = deadweight_switch(by_group).loc["job"]
    # 25 × 0.35 + 75 × 0.15 = 20 happen anyway; at twice both 40 do
    assert row["anyway"] == pytest.approx(0.2)
    assert row["switching_value"] == pytest.approx(0.4)
    assert row["note"] == "all groups in proportion"


def test_deadweight_of_a_step_moves_what_follows_it():
    ladder = contract(
        {
            "outcomes.kept": {"needs": "job", "rate": 0.8, "anyway": 0.5, "after": 1},
            "value.benefits.kept": {"of": "kept", "per_outcome": 1000, "to": "nhs"},
        }
    )
    table = deadweight_switch(ladder)
    # 2,000 × 100(0.5 − d) + 1,000 × 100(0.4 − 0.5 d) = 20,000: d = 120,000 ÷ 250,000
    assert table.loc["job", "switching_value"] == pytest.approx(0.48)
    # 60,000 + 1,000 × 100(0.4 − 0.2 d) = 20,000 has no answer below 1
    assert math.isnan(table.loc["kept", "switching_value"])
    assert table.loc["kept", "note"] == "none from 0 to 1 does: benefits stay above costs"


def test_deadweight_of_a_ratio_below_one_and_of_none():
    dear = contract({"delivery.costs.team.amount": 80_000})
    assert deadweight_switch(dear).loc["job", "switching_value"] == pytest.approx(0.1)
    assert deadweight_switch(dear).loc["job", "points"] == pytest.approx(-0.1)
    with pytest.raises(ValueError, match="is not a ratio"):
        deadweight_switch(contract(), NPV)
    with pytest.raises(ValueError, match="no delivery costs"):
        deadweight_switch(contract({"delivery": None}))
