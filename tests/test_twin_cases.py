"""Cases by hand, each once paid wrongly and found by the slow twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from twin_contracts import Data, made

import sibmodel as sib
from sibmodel import Contract
from sibmodel.model.effects import relative_change
from sibmodel.plan import Plan
from sibmodel.settlement import Settlement
from sibmodel.walk import Switches

JOB: Data = {"job": {"rate": 0.5, "anyway": 0.2, "after": 1}}
ONE_COHORT: Data = {"all": {"people": 20, "intake": [20]}}


def settled(data: Data, *rows: tuple[str, int, float] | tuple[str, int, str]) -> Settlement:
    """Counts (a figure), values of a performance, or claims (a person's name) by period."""
    contract = Contract.from_dict(data)
    records: list[dict[str, Any]] = []
    for outcome, period, what in rows:
        column = "value" if outcome in contract.performance else "number"
        column = "person" if isinstance(what, str) else column
        records.append({"outcome": outcome, "period": period, column: what})
    return sib.settle(contract, pd.DataFrame(records))


def by_rule(settlement: Settlement) -> dict[str, list[float]]:
    """Each rule's payments, in order of period; what is paid back below zero."""
    table = settlement.payments
    signed = table["amount"].where(table["direction"] == "paid", -table["amount"])
    return signed.groupby(table["rule"]).apply(list).to_dict()


def test_a_reading_of_nothing_is_not_paid_where_a_test_of_numbers_fails() -> None:
    # One person, a job or not. The reading of period 1 is additional = 0 or 1, less the agreed 0,
    # and either earns 100, but only once a job was accepted: so in the runs with one.
    data = made(
        {"job": {"rate": 0.5, "anyway": 0.2, "after": 1, "against": 0}},
        {"more": {"pays": "more", "amount": {"at_least": {0: 100}}, "when": {"job": {"above": 0}}}},
        cohorts={"all": {"people": 1, "intake": [1]}},
        performance={"more": {"of": "job", "as": "additional", "over": "each_period"}},
        periods=4,
    )
    plan = Plan(Contract.from_dict(data))
    stages = plan.stages(seed=0, block=0, switches=Switches(), details=True)
    jobs = stages.claimed["job"].sum(axis=(0, 1))
    assert set(jobs) == {0, 1}
    np.testing.assert_allclose(stages.payments.sum(axis=0), 100.0 * jobs)


@pytest.mark.parametrize("how", ["persons", "counts", "simulated"])
def test_a_limit_on_number_comes_before_a_persons_on_money(how: str) -> None:
    # 7 starts at 100, at most 2 claims: each is let through in 2/7, worth 28.57. At most 20 a
    # person: 7 × 20 = 140, however the starts are known.
    data = made(
        JOB,
        {"start": {"pays": "all", "price": 100,
                   "limits": {"person": 20, "period": {"number": 2}}}},
        cohorts={"all": {"people": 7, "intake": [7]}},
    )  # fmt: skip
    if how == "simulated":
        plan = Plan(Contract.from_dict(data))
        stages = plan.stages(seed=0, block=0, switches=Switches(), details=True)
        assert stages.payments.sum(axis=0) == pytest.approx(140.0)
    elif how == "counts":
        assert settled(data, ("all", 0, 7)).paid == 140
    else:
        assert settled(data, *(("all", 0, f"p{i}") for i in range(7))).paid == 140


@pytest.mark.parametrize("how", ["persons", "counts", "simulated"])
def test_a_claim_paid_in_part_uses_a_part_of_the_number(how: str) -> None:
    # Two starts a period at 100, at most 50 a person and 3 claims in all. Period 0 pays 2 × 50 and
    # uses 2 × ½ of the number, so that period 1 still has room for 2: 100 again.
    data = made(
        JOB,
        {"start": {"pays": "all", "price": 100,
                   "limits": {"person": 50, "total": {"number": 3}}}},
        cohorts={"all": {"people": 4, "intake": [2, 2]}},
    )  # fmt: skip
    if how == "simulated":
        plan = Plan(Contract.from_dict(data))
        stages = plan.stages(seed=0, block=0, switches=Switches(), details=True)
        assert stages.payments[:2] == pytest.approx(100.0)
    elif how == "counts":
        assert by_rule(settled(data, ("all", 0, 2), ("all", 1, 2))) == {"start": [100, 100]}
    else:
        rows = [("all", i // 2, f"p{i}") for i in range(4)]
        assert by_rule(settled(data, *rows)) == {"start": [100, 100]}


@pytest.mark.parametrize("order", [("council", "fund", "trust"), ("trust", "fund", "council")])
def test_who_has_the_rest_pays_what_is_above_the_limit_of_who_has_another_rest(
    order: tuple[str, ...],
) -> None:
    # a and b earn 200 each. The fund has half of a as its rest and half of b, 200, but may pay 100:
    # 50 of each. Of b the trust pays the rest, 150.
    shares = {
        "council": {"share": 0.5},
        "fund": {"share": 0.5, "limits": {"total": 100}},
        "trust": {"share": 0},
    }
    data = made(
        {"a": {"after": 1}, "b": {"after": 1}},
        {
            "a": {"pays": "a", "price": 100, "payers": {"council": 0.5, "fund": "rest"}},
            "b": {"pays": "b", "price": 100, "payers": {"fund": 0.5, "trust": "rest"}},
        },
        cohorts=ONE_COHORT,
        payers={name: shares[name] for name in order},
    )
    table = settled(data, ("a", 1, 2), ("b", 1, 2)).payments
    paid = table.groupby("payer")["amount"].sum().to_dict()
    assert paid == {"council": 100, "fund": 100, "trust": 150}


NOTHING = ("all", 0, 20)


def floored(floors: Data, **payments: Any) -> dict[str, list[float]]:
    """What floors bring in a year of four quarters in which nothing is paid."""
    rules = {"job": {"pays": "job", "price": 10}, "start": {"pays": "all", "price": 0}}
    data = made(JOB, rules, cohorts=ONE_COHORT, periods=4, floors=floors, **payments)
    return by_rule(settled(data, NOTHING))


def test_what_a_floor_under_some_rules_brings_counts_under_the_contracts() -> None:
    # 60 is lacking under job, then 100 − 60 under the contract: never 160
    assert floored({"jobs": {"of": ["job"], "total": 60}, "contract": 100}) == {
        "floor jobs": [60],
        "floor contract": [40],
    }


def test_what_a_named_floor_brings_for_a_year_counts_in_its_total() -> None:
    # 60 for the year, and 70 − 60 in all
    assert floored({"jobs": {"of": ["job"], "year": 60, "total": 70}}) == {
        "floor jobs.year": [60],
        "floor jobs": [10],
    }


def test_a_floor_counts_what_another_brought_and_not_what_it_lacked() -> None:
    # At most 5 until the last quarter. The floor by period brings 5, 0, 0 and 10 of its 4 × 10: of
    # a year's 40 there lacks 25.
    limits = {"contract": {"from": {0: 5, 3: 100}}}
    assert floored({"period": 10, "year": 40}, limits=limits) == {
        "floor period": [5, 10],
        "floor year": [25],
    }


def test_a_floor_in_a_table_brings_nothing_before_the_first_date() -> None:
    fee = {"due": "every_period", "amount": {"from": {2: 50, 3: 10}, "floor": 20}}
    data = made(JOB, {"fee": fee}, cohorts=ONE_COHORT, periods=4)
    assert by_rule(settled(data, NOTHING)) == {"fee": [50, 20]}


def test_an_amount_that_falls_to_nothing_is_paid_back() -> None:
    # 0.35 earns 700; a later reading of 0.2 replaces it and earns nothing: 700 comes back
    data = made(
        JOB,
        {"steps": {"pays": "reduction", "amount": {"at_least": {0.3: 700}},
                   "paid_back_by": "provider"}},
        performance={"reduction": {"over": "to_date"}},
    )  # fmt: skip
    readings = ("reduction", 3, 0.35), ("reduction", 6, 0.2)
    assert by_rule(settled(data, *readings)) == {"steps": [700, -700]}


@pytest.mark.parametrize("how", ["persons", "simulated"])
def test_what_a_person_pays_back_gives_no_more_room_than_there_was(how: str) -> None:
    # 5 is paid back at the start; of 45 for the job a limit of 40 a person then leaves 40, not 45
    data = made(
        {"job": {"rate": 1.0, "anyway": 0.2, "after": 1}},
        {"start": {"pays": "all", "amount": -5, "paid_back_by": "provider"},
         "job": {"pays": "job", "price": 45}},
        cohorts={"all": {"people": 1, "intake": [1]}},
        limits={"person": 40},
    )  # fmt: skip
    if how == "persons":
        paid = by_rule(settled(data, ("all", 0, "ann"), ("job", 1, "ann")))
        assert paid == {"start": [-5], "job": [40]}
    else:
        plan = Plan(Contract.from_dict(data))
        stages = plan.stages(seed=0, block=0, switches=Switches(), details=True)
        assert stages.payments[:2, 0] == pytest.approx([-5, 40])


def test_people_who_pay_back_are_not_netted_against_those_who_are_paid() -> None:
    # In one period 30 to whoever has two points or more, 10 back from whoever has one
    data = made(
        {"points": {"unit": "point", "rate": 1, "anyway": 1, "spread": 1}},
        {"points": {"pays": "points", "amount": {"at_most": {1: -10}, "above": {1: 30}},
                    "paid_back_by": "provider"}},
        cohorts={"all": {"people": 20, "intake": [20]}},
    )  # fmt: skip
    plan = Plan(Contract.from_dict(data))
    stages = plan.stages(seed=0, block=0, switches=Switches(), details=True)
    up, down = stages.paid.paid[0, 0], stages.paid.back[0, 0]
    # 0.3679 of people have one point and 0.2642 two or more (Poisson of mean 1): sd of a run's
    # payments 30 × sqrt(20 × 0.2642 × 0.7358) = 59, over 4,096 runs 0.92
    assert up.mean() == pytest.approx(20 * 0.26424 * 30, abs=4)
    assert down.mean() == pytest.approx(20 * 0.36788 * 10, abs=2)


def test_a_payment_due_that_had_to_wait_is_not_dated_before_it_is_settled() -> None:
    grant = {"due": [0], "amount": 90, "when": {"job": {"at_least": 3}}}
    data = made(JOB, {"grant": grant}, cohorts=ONE_COHORT)
    [row] = settled(data, NOTHING, ("job", 2, 3)).payments.itertuples()
    assert (row.period, row.due.isoformat(), row.amount) == (2, "2027-10-01", 90)


def test_a_reading_of_a_cohort_goes_with_readings_of_its_groups() -> None:
    # 6 jobs of 12 young people: the rate of the young passes, and the cohort has 6 × 10
    # a cohort without groups is its own only group: its jobs are read over either
    data = made(
        JOB,
        {"jobs": {"pays": "jobs", "price": 10, "when": {"rate": {"at_least": 0.2}}}},
        cohorts={"all": {"groups": {"young": 12, "old": 8}, "intake": [20]}},
        performance={
            "jobs": {"of": "job", "as": "count", "over": "each_cohort"},
            "rate": {"of": "job", "as": "rate", "over": "each_group"},
        },
    )
    contract = Contract.from_dict(data)
    rows = [
        {"outcome": "all", "period": 0, "number": 12, "group": "young"},
        {"outcome": "job", "period": 1, "number": 6, "group": "young"},
    ]
    assert sib.settle(contract, pd.DataFrame(rows)).paid == 60


def test_a_counterfactual_that_is_zero_but_for_rounding_has_no_relative_change() -> None:
    # 0.1 + 0.2 − 0.3 leaves 5.6e-17 in floating point
    assert np.isnan(relative_change(observed=1.0, counterfactual=0.1 + 0.2 - 0.3))
