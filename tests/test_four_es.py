"""Economy, efficiency, effectiveness and equity on figures worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

import sibmodel as sib
from sibmodel.questions.equity import paid_by_group
from sibmodel.questions.four_es import FourEs, four_es

BASE: dict[str, Any] = {
    "schema": 1,
    "name": "Four Es by hand",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 2},
    "parties": {"council": {"public": True}},
    "cohorts": {"people": {"groups": {"old": 60, "young": 40}, "intake": [100]}},
    "outcomes": {
        "job": {
            "rate": {"by_group": {"old": 0.25, "young": 0.5}},
            "anyway": {"by_group": {"old": 0.15, "young": 0.25}},
            "attribution": 0.8,
            "claimed": 0.9,
            "after": 1,
        }
    },
    "headline": "job",
    "payments": {
        "rules": {
            "job": {"pays": "job", "price": {"by_group": {"old": 1000, "young": 1500}}},
            "start": {"pays": "people", "price": 100},
        },
        "payers": {"council": 1.0},
        "running_costs": {"council": {"per_period": 2000}},
    },
    "delivery": {"costs": {"team": {"amount": 20000}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {"work": {"of": "job", "per_outcome": 3000, "to": "council"}},
    },
}
# Achieved 60 × 0.25 + 40 × 0.5 = 15 + 20 = 35; claimed 31.5; anyway 9 + 10 = 19;
# additional 16 × 0.8 = 12.8. Paid: 13.5 × 1,000 + 18 × 1,500 + 100 × 100 = 50,500.


def base_case(**changes: Any) -> sib.Results:
    contract = sib.Contract.from_dict(BASE).replace(
        {path.replace("__", "."): value for path, value in changes.items()}
    )
    return sib.simulate(
        contract, 1, uncertainty=False, shared_luck=False, chance=False, progress=False
    )


def by_hand(**changes: Any) -> FourEs:
    return four_es(base_case(**changes))


def test_economy_by_hand() -> None:
    table = by_hand().economy["expected"]
    assert table["delivery cost per person planned"] == pytest.approx(20000 / 100)
    assert table["delivery cost per start"] == pytest.approx(20000 / 100)
    assert table["cost to payers per start"] == pytest.approx((50500 + 4000) / 100)
    share = table["payers’ running costs, share of what they spend"]
    assert share == pytest.approx(4000 / 54500)


def test_efficiency_by_hand() -> None:
    table = by_hand().efficiency["expected"]
    assert table["job achieved for each 1,000 that payers spend"] == pytest.approx(35 / 54.5)
    assert table["cost per job"] == pytest.approx(54500 / 35)
    assert table["job: share claimed"] == pytest.approx(0.9)
    assert table["payments for each unit of delivery cost"] == pytest.approx(50500 / 20000)


def test_effectiveness_by_hand() -> None:
    table = by_hand().effectiveness
    assert table["expected"]["additional job"] == pytest.approx(12.8)
    assert table["expected"]["additional job per start"] == pytest.approx(0.128)
    assert table["expected"]["cost per additional job"] == pytest.approx(54500 / 12.8)
    assert table["expected"]["benefit-cost ratio, society"] == pytest.approx(38400 / 24000)
    # the council: 38,400 of benefits for 54,500
    assert table["expected"]["benefit-cost ratio, council"] == pytest.approx(38400 / 54500)


def test_the_anyway_at_which_a_ratio_is_one() -> None:
    # society breaks even at 24,000 / 3,000 = 8 additional, that is 10 of 35 beyond anyway:
    # anyway of 25 in place of 19, 25 of every 100 who start
    note = by_hand().effectiveness["note"]["benefit-cost ratio, society"]
    assert "the anyway of job is 25.0%, in place of 19.0%" in note
    # the council: 54,500 / 3,000 / 0.8 = 22.7 of the 35 beyond anyway, which leaves 12.3
    note = by_hand().effectiveness["note"]["benefit-cost ratio, council"]
    assert "the anyway of job is 12.3%, in place of 19.0%" in note


def test_no_anyway_makes_the_ratio_one() -> None:
    # at most 35 × 0.8 × 300 = 8,400 of benefits, for costs of 24,000
    table = by_hand(value__benefits__work__per_outcome=300).effectiveness
    assert (
        "whatever the anyway of job, benefits stay below costs"
        in table["note"]["benefit-cost ratio, society"]
    )


def test_equity_by_hand() -> None:
    table = by_hand().equity["expected"]
    assert table["started", "people/old"] == 60
    assert table["job achieved per start", "people/young"] == pytest.approx(0.5)
    assert table["job achieved per start", "gap"] == pytest.approx(0.25)
    assert table["job additional per start", "people/old"] == pytest.approx(0.1 * 0.8)
    assert table["job additional per start", "gap"] == pytest.approx(0.12)
    # old: 13,500 for jobs and 6,000 for starts; young: 27,000 and 4,000
    assert table["paid per start", "people/old"] == pytest.approx(19500 / 60)
    assert table["paid per start", "people/young"] == pytest.approx(31000 / 40)
    assert table["share of payments", "people/young"] == pytest.approx(31000 / 50500)
    assert table["share of starts", "people/young"] == pytest.approx(0.4)


def test_groups_share_the_cuts_of_a_limit_in_proportion() -> None:
    paid, undivided = paid_by_group(base_case(payments__limits={"contract": 25250}))
    assert undivided == {}
    # half of everything is cut: 50,500 to 25,250
    assert float(paid["people/old"][0] + paid["people/young"][0]) == pytest.approx(25250)


def test_payments_without_people_are_not_divided() -> None:
    results = base_case(payments__rules__fee={"due": 0, "amount": 500})
    _, undivided = paid_by_group(results)
    assert list(undivided) == ["fee"]
    assert "fee" in four_es(results).equity["note"]["paid per start", "people/old"]


def test_what_is_undefined_says_why_and_is_never_0() -> None:
    table = by_hand(outcomes__job__anyway=None, delivery=None).effectiveness
    assert math.isnan(table["expected"]["additional job"])
    assert "anyway not stated for job" in table["note"]["additional job"]
    economy = by_hand(delivery=None).economy
    assert math.isnan(economy["expected"]["delivery cost per start"])
    assert "no delivery costs are stated" in economy["note"]["delivery cost per start"]


def test_the_attribution_that_was_drawn_is_the_groups_too() -> None:
    changes: dict[str, Any] = {"outcomes.job.attribution": {"uniform": [0.5, 1.0]}}
    contract = sib.Contract.from_dict(BASE).replace(changes)
    results = sib.simulate(contract, 500, progress=False)
    table = four_es(results).equity["expected"]
    rates = [table["job additional per start", f"people/{group}"] for group in ("old", "young")]
    whole = results.expected("outcomes_additional[job]")
    assert 60 * rates[0] + 40 * rates[1] == pytest.approx(whole, rel=1e-9)


def test_without_the_ledger_equity_says_so() -> None:
    contract = sib.Contract.from_dict(BASE)
    found = four_es(sib.simulate(contract, 50, keep="measures", progress=False))
    assert found.equity.empty
    assert "ledger was not kept" in found.equity_note
    assert "ledger was not kept" in repr(found)


def test_ranges_are_those_of_the_runs() -> None:
    results = sib.simulate(sib.Contract.from_dict(BASE), 2000, progress=False)
    row = four_es(results).effectiveness.loc["additional job"]
    assert row["p5"] == results.percentile("outcomes_additional[job]", 5)
    assert row["p95"] == results.percentile("outcomes_additional[job]", 95)
