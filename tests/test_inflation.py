"""Inflation a point higher under a fixed rate card, against figures worked by hand."""

from __future__ import annotations

import pytest

import sibmodel as sib
from sibmodel.questions.inflation import higher_inflation, inflation_test
from sibmodel.results import show

# 50 claims at 1,000 a year after the start; 20,000 of costs then, in prices of the start
DATA = {
    "schema": 1,
    "name": "fixed prices",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.02},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 4},
    "parties": {"council": {"public": True}, "nhs": {"public": True}},
    "cohorts": {"people": {"people": 100, "intake": [100]}},
    "outcomes": {"job": {"rate": 0.5, "anyway": 0.2, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 1000}},
        "payers": {"council": 1.0},
        "running_costs": {"council": {"amount": 1000, "at": 1}},
    },
    "delivery": {"costs": {"team": {"amount": 20000, "at": 1, "inflation": 0.02}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {"work": {"of": "job", "per_outcome": 2000, "to": "nhs"}},
    },
}


def contract(**changes):
    changed = {path.replace("__", "."): value for path, value in changes.items()}
    return sib.Contract.from_dict(DATA).replace(changed)


def base_case(one, name):
    results = sib.simulate(one, uncertainty=False, shared_luck=False, chance=False)
    return results.base_case(name)


def test_prices_and_costs_rise_and_the_rate_card_stays():
    was = contract()
    now = higher_inflation(was)
    assert now.prices.inflation == 0.03
    assert not now.prices.series
    assert now.payments.rules["job"].price == 1000
    assert now.payments.running_costs["council"].inflation == 0.01
    by_hand = {
        "outcome_payments": (50_000, 50_000),
        "outcome_payments_present_value": (50_000 / 1.02, 50_000 / 1.03),
        "delivery_costs": (20_400, 20_600),
        # costs keep up with prices, so they are the same in real money; the running cost of 1,000
        # did not, and lags behind by 2% as before: 1,000 / 1.02, and 1,010 / 1.03
        "net_present_value[society]": (
            60_000 - 20_000 - 1000 / 1.02,
            60_000 - 20_000 - 1010 / 1.03,
        ),
    }
    for name, (before, after) in by_hand.items():
        assert base_case(was, name) == pytest.approx(before), name
        assert base_case(now, name) == pytest.approx(after), name


def test_years_that_have_happened_keep_their_price_level():
    # a base year, and a benefit's price year, before the start of 2027-28
    was = contract(prices__base="2025-26", value__benefits__work__prices="2024-25")
    now = higher_inflation(was)
    assert now.prices.series == pytest.approx(
        {"2024-25": 1 / 1.02, "2025-26": 1, "2026-27": 1.02, "2027-28": 1.02**2}
    )
    real = "outcome_payments_present_value"
    assert base_case(was, real) == pytest.approx(50_000 / 1.02**3)
    assert base_case(now, real) == pytest.approx(50_000 / 1.02**2 / 1.03)
    worth = "benefits_present_value[society]"
    assert base_case(now, worth) == pytest.approx(60_000 * 1.02)
    assert base_case(was, worth) == pytest.approx(60_000 * 1.02)


def test_a_series_is_raised_from_the_year_after_the_start():
    series = {"2026-27": 100.0, "2027-28": 104.0, "2028-29": 107.12}
    now = higher_inflation(contract(prices__deflator=series), by=0.02)
    # 107.12 is 3% above 104; 5% above is 109.2; then 4% a year
    assert now.prices.series == pytest.approx({"2026-27": 100, "2027-28": 104, "2028-29": 109.2})
    assert now.prices.inflation == 0.04


def test_calendar_years():
    was = contract(prices={"base": "2026", "inflation": 0.02}, timeline__start="2027-01-01")
    assert higher_inflation(was).prices.series == pytest.approx({"2026": 1, "2027": 1.02})


def test_lower_inflation_undoes_higher():
    there = higher_inflation(contract(), by=0.01)
    back = higher_inflation(there, by=-0.01)
    assert back.prices.inflation == 0.02
    assert back.delivery.costs["team"].inflation == 0.02


def test_uncertain_inflation_is_shifted():
    pert = {"pert": [0.01, 0.02, 0.04], "source": "forecasts"}
    own = higher_inflation(contract(delivery__costs__team__inflation=pert))
    assert own.delivery.costs["team"].inflation.pert == pytest.approx((0.02, 0.03, 0.05))
    named = contract(
        assumptions={
            "wages": {
                "normal": {"mean": 0.03, "sd": 0.01},
                "truncated": True,
                "source": "forecasts",
            }
        },
        delivery__costs__team__inflation="wages",
        payments__running_costs__council__inflation="wages",
    )
    now = higher_inflation(named)
    assert now.assumptions["wages"].normal.mean == 0.04
    assert now.delivery.costs["team"].inflation == "wages"


def test_a_share_of_something_rises_with_that():
    now = higher_inflation(
        contract(delivery__costs__fee={"share": 0.1, "of": "team", "to": "manager"})
    )
    assert now.delivery.costs["fee"].inflation == 0
    assert base_case(now, "delivery_costs") == pytest.approx(1.1 * 20_600)


def test_what_cannot_be_done_is_told():
    with pytest.raises(ValueError, match=r"prices\.inflation is not stated"):
        higher_inflation(contract(prices=None))
    with pytest.raises(ValueError, match="lognormal, which cannot be shifted"):
        higher_inflation(
            contract(
                delivery__costs__team__inflation={
                    "lognormal": {"mean": 0.02, "sd": 0.01},
                    "truncated": True,
                    "source": "forecasts",
                }
            )
        )
    with pytest.raises(ValueError, match="used for more than the inflation"):
        higher_inflation(
            contract(
                assumptions={"x": {"uniform": [0.1, 0.2], "source": "made up"}},
                delivery__costs__team__inflation="x",
                outcomes__job__anyway="x",
            )
        )


def test_the_two_are_told_for_everybody():
    capital = {"hurdle": 0.1, "tranches": {"fund": {"commitment": 30000, "share_of_surplus": 1.0}}}
    found = inflation_test(contract(capital=capital), runs=500)
    payments = found.comparison.summary(["outcome_payments"]).iloc[0]
    assert payments["difference"] == 0
    same = show(payments["expected"], "GBP")
    assert found.sentences["payers"].startswith(f"payments in money of the day: {same}, as before")
    # a hundredth of 1.03: 1 / 1.03 against 1 / 1.02 is −0.97%
    assert "(−1.0%)" in found.sentences["payers"]
    assert "from GBP 20,400 to GBP 20,600 (+1.0%)" in found.sentences["provider and investors"]
    assert "IRR" in found.sentences["provider and investors"]
    assert "net present value" in repr(found)
    assert "society" in found._repr_html_()


def test_what_is_undefined_is_said_to_be():
    found = inflation_test(contract(value=None), runs=50)
    assert "undefined" in found.sentences["society"]
