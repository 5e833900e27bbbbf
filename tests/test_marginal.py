"""What one more outcome earns, against what it earns by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binom

import sibmodel as sib
from sibmodel.questions.marginal import one_more

DATA = {
    "schema": 1,
    "name": "one more",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 4},
    "cohorts": {"people": {"people": 3, "intake": [3]}},
    "outcomes": {"job": {"rate": 1.0, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 100}},
        "payers": {"council": 1.0},
    },
}


def contract(**changes):
    changed = {path.replace("__", "."): value for path, value in changes.items()}
    return sib.Contract.from_dict(DATA).replace(changed)


def only(found):
    [(_, row)] = found.table.iterrows()
    return row


def test_without_a_limit_it_earns_its_price():
    row = only(one_more(contract(), runs=10))
    assert (row["price"], row["rise"], row["share"]) == (100, 100, 1)
    assert row["note"] == "no limit takes it"
    assert math.isnan(row["taken_from"])


def test_beyond_a_limit_it_earns_nothing():
    # three sure claims of 100 under a limit of 250: a fourth adds nothing
    row = only(one_more(contract(payments__limits={"contract": 250}), runs=10))
    assert (row["price"], row["rise"]) == (100, 0)
    assert row["taken_from"] == 1
    assert row["note"] == "the limit on the contract takes it from period 1 (2028-04-01)"
    # under one of 330 it adds 30: less than half
    row = only(one_more(contract(payments__limits={"contract": 330}), runs=10))
    assert row["rise"] == pytest.approx(30)
    assert row["taken_from"] == 1
    row = only(one_more(contract(payments__limits={"contract": 360}), runs=10))
    assert row["rise"] == pytest.approx(60)
    assert row["note"] == "the limit on the contract takes part of it"


def test_in_between_it_earns_its_price_where_the_limit_is_not_reached():
    # of 40 at 0.5, 20 or fewer leave room for one more under 21 × 100
    chances = contract(
        cohorts__people={"people": 40, "intake": [40]},
        outcomes__job__rate=0.5,
        payments__limits={"contract": 2100},
    )
    row, by_hand = only(one_more(chances, runs=4000)), binom.cdf(20, 40, 0.5)
    error = math.sqrt(by_hand * (1 - by_hand) / 4000)
    assert row["share"] == pytest.approx(by_hand, abs=4 * error)
    assert row["note"].startswith("a limit takes most of it in up to 4")


def test_more_runs_than_a_block():
    row = only(one_more(contract(payments__limits={"contract": 250}), runs=5000))
    assert (row["price"], row["rise"]) == (100, 0)


def test_a_limit_by_year_takes_it_in_that_year_only():
    # 3 claims in period 1, 1 in period 2, under 200 a year
    staged = contract(
        cohorts__people={"people": 4, "intake": [3, 1]}, payments__limits={"year": 200}
    )
    found = one_more(staged, runs=10)
    assert found.by_period["rise"].tolist() == [0, 100]
    assert found.by_period["claims"].tolist() == [3, 1]
    row = only(found)
    assert row["rise"] == pytest.approx(25)  # a quarter of the claims are in period 2
    assert math.isnan(row["taken_from"])
    assert row["note"] == "a limit takes most of it in up to 100% of runs"


def test_a_limit_that_is_used_up_takes_what_comes_late():
    # the rule's limit by number of 3 is met by those of the first start: whoever comes later is
    # not paid for, and one more who comes early takes the place of one who comes late
    staged = contract(
        cohorts__people={"people": 4, "intake": [2, 0, 2]},
        payments__rules__job__limits={"total": {"number": 5}},
    )
    found = one_more(staged, runs=10)
    assert found.by_period["rise"].tolist() == [100, 100]
    full = one_more(staged.replace({"payments.rules.job.limits.total.number": 4}), runs=10)
    assert full.by_period["rise"].tolist() == [0, 0]
    assert full.by_period["limit"].tolist() == ["job.total", "job.total"]


def test_factors_and_agreed_deadweight_are_in_the_price():
    row = only(
        one_more(
            contract(
                payments__rules__job__deadweight=0.25,
                payments__rules__job__factors={"bid": 0.8},
                payments__tax={"rate": 0.2, "included": False},
            ),
            runs=10,
        )
    )
    assert row["price"] == pytest.approx(60)  # before tax on top
    assert row["rise"] == pytest.approx(60)  # like the price, before tax on top


def test_by_group_and_rung():
    ladder = contract(
        cohorts__people={"groups": {"a": 2, "b": 2}, "intake": [4]},
        outcomes__kept={"needs": "job", "rate": 1.0, "after": 1},
        payments__rules__job__price={"by_group": {"a": 100, "b": 150}},
        payments__rules__kept={"pays": "kept", "price": 200},
    )
    table = one_more(ladder, runs=10).table
    assert table["price"].to_dict() == {
        ("job", "people/a"): 100,
        ("job", "people/b"): 150,
        ("kept", "people/a"): 200,
        ("kept", "people/b"): 200,
    }
    assert (table["rise"] == table["price"]).all()


def test_a_limit_per_person_meets_somebody_with_this_claim_alone():
    # both rungs are 300 and a person's limit 250: whoever has one rung only is paid for it
    ladder = contract(
        outcomes__kept={"needs": "job", "rate": 1.0, "after": 1},
        payments__rules__kept={"pays": "kept", "price": 200},
        payments__limits={"person": 250, "contract": 1000},
    )
    table = one_more(ladder, runs=10).table
    assert table["rise"].tolist() == [100, 200]
    # 3 × 250 = 750 are paid already: a limit of 850 leaves 100 of 200
    tight = one_more(ladder.replace({"payments.limits.contract": 850}), runs=10).table
    assert tight["rise"].tolist() == [100, 100]
    low = one_more(ladder.replace({"payments.limits.person": 150}), runs=10).table
    assert low["rise"].tolist() == [100, 150]


def test_a_price_by_the_start_is_that_of_who_starts_in_time():
    by_start = contract(
        cohorts__people={"people": 2, "intake": [1, 0, 1]},
        payments__rules__job__price={
            "by": "start", "from": {"2027-04-01": 100, "2029-04-01": 70}
        },
    )  # fmt: skip
    found = one_more(by_start, runs=10)
    assert found.by_period["rise"].tolist() == [100, 70]


def test_through_a_performance_that_is_read_of_it():
    # 10 of 10, and 2.5 would have: 7.5 × 5,000 are paid, 8.5 × 5,000 with one more
    read = contract(
        cohorts__people={"people": 10, "intake": [10]},
        outcomes__job={"rate": 0.4, "against": 0.25, "after": 1},
        performance={"net": {"of": "job", "as": "additional"}},
        payments__rules={"job": {"pays": "net", "price": 5000}},
    )
    row = only(one_more(read.replace({"outcomes.job.rate": 1.0}), runs=10))
    assert (row["price"], row["rise"]) == pytest.approx((5000, 5000))
    limited = {"outcomes.job.rate": 1.0, "payments.limits": {"contract": 40_000}}
    row = only(one_more(read.replace(limited), runs=10))  # 7.5 × 5,000 = 37,500
    assert row["rise"] == pytest.approx(2500)
    # one more of what should not happen costs
    fewer = {"outcomes.job.better": "lower", "outcomes.job.rate": 0.0}
    row = only(one_more(read.replace(fewer), runs=10))
    assert row["rise"] == pytest.approx(-5000)
    assert row["note"] == "no limit takes it"


def test_what_is_said():
    found = one_more(contract(payments__limits={"contract": 250}), runs=10)
    assert "job · people" in repr(found)
    assert "GBP 100" in found._repr_html_()
    assert "no other" in repr(found)
    due = {"fixed": {"due": [0], "amount": 100}}
    with pytest.raises(ValueError, match="no rule pays for an outcome"):
        one_more(contract(payments__rules=due), runs=10)


def test_tax_on_top_is_in_neither_the_price_nor_the_rise() -> None:
    contract = sib.library.load("closed_form_bond").replace(
        {
            "payments.tax": {"rate": 0.2, "included": False},
            "payments.limits.person": 2600,
        }
    )
    row = sib.one_more(contract, runs=64).table.iloc[0]
    assert row["price"] == pytest.approx(5000)
    assert row["share"] == pytest.approx(0.52)
