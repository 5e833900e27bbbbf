"""Benefits, perspectives and the cost of money on figures worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from generate import contracts
from hypothesis import given
from hypothesis import strategies as st

import sibmodel as sib
from sibmodel.contract.files import contract_warnings
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.model.benefits import additional_impact, savings_years, share_that_counts
from sibmodel.model.discounting import discount_factors
from sibmodel.model.value import undefined_benefits
from sibmodel.plan import Plan
from sibmodel.walk import Switches

# 100 people, 50 achieve it a year after they start and 20 would have anyway: 30 additional.
BASE = {
    "schema": 1,
    "name": "Benefits by hand",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
    "parties": {"council": {"public": True}, "nhs": {"public": True}, "fund": {"public": True}},
    "cohorts": {"people": {"people": 100, "intake": [100]}},
    "outcomes": {"job": {"rate": 0.5, "anyway": 0.2, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 1000}},
        "payers": {"council": 1.0},
    },
    "delivery": {"costs": {"team": {"amount": 20000}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {
            "work": {"of": "job", "per_outcome": 2000, "to": "nhs", "prices": "2027-28"},
        },
    },
}
WORK = "value.benefits.work"
SOCIETY = "benefits_present_value[society]"


def base_case(changes: dict, **how) -> sib.Results:
    contract = sib.Contract.from_dict(BASE).replace(changes)
    return sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False, **how)


def worth(changes: dict, measure: str = SOCIETY) -> float:
    return base_case(changes).base_case(measure)


# --- a chain as reviewers know it -----------------------------------------------------------------


def test_the_chain_from_families_to_present_value_to_the_penny():
    """100 families × 80% engaged × 35% = 28; anyway 20% of the engaged leaves 12, not 28 × 0.8.

    12 × 51,080 = 612,960 a year; optimism of grade D takes 15%, 521,016; at the ends of years 1 to
    3, 100/75/50% of it: 521,016 × (1/1.035 + 0.75/1.035² + 0.5/1.035³) = 1,103,140.90. Half of it
    is cashable. Unit cost: Greater Manchester unit cost database v1.4, child in care, a year.
    """
    results = base_case(
        {
            "cohorts": {"families": {"people": 100, "intake": [100]}},
            "outcomes": {
                "engaged": {"rate": 0.8, "anyway": 0.8},
                "success": {"needs": "engaged", "rate": 0.35, "anyway": 0.2},
            },
            "payments.rules": {"success": {"pays": "success", "price": 1000}},
            "value.discount": {"rate": 0.035},
            "value.optimism": "gmca",
            "value.benefits": {
                "care_avoided": {
                    "of": "success",
                    "per_outcome": 51080,
                    "prices": "2027-28",
                    "to": "council",
                    "kind": "fiscal",
                    "cashable": 0.5,
                    "lag": 1,
                    "profile": [1, 0.75, 0.5],
                    "grade": "D",
                }
            },
        }
    )
    assert results.base_case("outcomes_achieved[success]") == pytest.approx(28)
    assert results.base_case("outcomes_additional[success]") == pytest.approx(12)
    assert results.base_case(SOCIETY) == pytest.approx(1_103_140.90, abs=0.005)
    cashable = results.base_case("cashable_benefits_present_value[council]")
    assert cashable == pytest.approx(551_570.45, abs=0.005)
    uncorrected = results.base_case("benefits_present_value_uncorrected[society]")
    assert uncorrected == pytest.approx(1_103_140.90 / 0.85, abs=0.01)
    table = results.incidence()
    assert table.loc["council", "cash_savings"] == pytest.approx(551_570.45, abs=0.005)
    assert table.loc["council", "other_benefits"] == pytest.approx(551_570.45, abs=0.005)
    saved = results.ledger["cashable_savings"].sel(party="council").isel(run=0)
    assert saved["financial_year"].values.tolist()[:4] == [
        "2028-29",
        "2029-30",
        "2030-31",
        "2031-32",
    ]
    # half of 521,016, 75% and 50% of it, in 2028-29 to 2030-31
    assert saved.values[:3] == pytest.approx([260_508, 195_381, 130_254])


# --- the date of present values, timing, horizon --------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 60,000 a year after the start, at 10%
        ("2027-04-01", 60_000 / 1.1),
        (1, 60_000),
        ("2028-04-01", 60_000),
        ("2029-04-01", 60_000 * 1.1),
        ("2026-04-01", 60_000 / 1.1**2),
    ],
)
def test_present_values_are_at_the_date_that_is_stated(at, expected):
    changes = {"value.discount": {"rate": 0.1}, "value.at": at}
    assert worth(changes) == pytest.approx(expected)
    # 20,000 now
    assert worth(changes, "costs_present_value[society]") == pytest.approx(
        20_000 * (expected / 60_000) * 1.1
    )


def test_a_schedule_is_counted_from_the_start_or_from_an_earlier_date():
    """Green Book 2026: 3.5% in years 1 to 30, 3% in years 31 to 75.

    A benefit 30 years after the outcome, which is a year after the start: year 31.
    """
    late = {"value.discount": "green_book_2026", f"{WORK}.lag": 30}
    assert worth(late) == pytest.approx(60_000 / (1.035**30 * 1.03))
    later = {**late, "value.at": "2029-04-01"}  # the same schedule, two years of it taken back
    assert worth(later) == pytest.approx(60_000 / (1.035**28 * 1.03))
    before = {**late, "value.at": "2025-04-01"}  # the outcome is 3 years away, the benefit 33
    assert worth(before) == pytest.approx(60_000 / (1.035**30 * 1.03**3))


@pytest.mark.parametrize(("timing", "years"), [("start", 1), ("middle", 1.5), ("end", 2)])
def test_a_benefits_years_are_dated_at_their_start_middle_or_end(timing, years):
    changes = {"value.discount": {"rate": 0.1}, "value.timing": timing}
    assert worth(changes) == pytest.approx(60_000 / 1.1**years)


@pytest.mark.parametrize(
    ("horizon", "timing", "counted"),
    [(1, "start", 0), (2, "start", 1), ({"years": 2.5}, "start", 2), (2, "end", 0), (9, "end", 4)],
)
def test_benefits_from_the_horizon_on_are_not_counted(horizon, timing, counted):
    """Years of benefit begin 1, 2, 3 and 4 years after the start."""
    changes = {f"{WORK}.years": 4, "value.horizon": horizon, "value.timing": timing}
    results = base_case(changes)
    assert results.base_case(SOCIETY) == 60_000 * counted
    assert results.ledger["benefits"].sel(party="nhs").sum() == 60_000 * counted


# --- additionality --------------------------------------------------------------------------------


def test_additionality_has_two_brackets():
    """HCA Additionality Guide: 100 × 0.9 × 0.7 × 1.2 − 40 × 0.9 × 0.7 × M*."""
    factors = {"leakage": 0.1, "displacement": 0.3, "substitution": 0.0, "multiplier": 1.2}
    impact = additional_impact(gross=100, reference=40, **factors)
    assert impact == pytest.approx(45.36)
    impact = additional_impact(gross=100, reference=40, reference_multiplier=1.0, **factors)
    assert impact == pytest.approx(50.40)
    # the short cut, deadweight as one more factor, gives the first answer to the second question
    assert pytest.approx(45.36) == 100 * (1 - 0.4) * 0.9 * 0.7 * 1.2


@pytest.mark.parametrize("factors", [{"leakage": 1.2}, {"substitution": -0.1}, {"multiplier": -1}])
def test_a_share_outside_its_range_is_refused(factors):
    with pytest.raises(ValueError, match=r"from 0 to 1|0 or more"):
        share_that_counts(**factors)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"leakage": 0.1, "displacement": 0.3, "multiplier": 1.2}, 30 * 0.756),
        ({"substitution": 0.5}, 15),
        (
            {
                "leakage": 0.1,
                "displacement": 0.3,
                "multiplier": 1.2,
                "reference": {"multiplier": 1},
            },
            50 * 0.756 - 20 * 0.63,
        ),
        ({"reference": {"leakage": 0.5}}, 50 - 10),
    ],
)
def test_a_benefit_counts_what_is_left_of_each_bracket(fields, counted):
    work = {**BASE["value"]["benefits"]["work"], **fields}
    results = base_case({WORK: work})
    assert results.base_case(SOCIETY) == pytest.approx(2000 * counted)
    # what happened is as it was
    assert results.base_case("outcomes_additional[job]") == 30


def test_where_fewer_are_better_both_brackets_change_sides():
    changes = {"outcomes.job.better": "lower", "outcomes.job.attribution": 0.5}
    changes |= {"payments.rules": {"fee": {"due": 0, "amount": 10}}}
    fields = {"leakage": 0.1, "reference": {"leakage": 0.2}}
    changes[WORK] = {**BASE["value"]["benefits"]["work"], **fields}
    # (20 × 0.8 − 50 × 0.9) × 0.5 × 2,000
    assert worth(changes) == pytest.approx(-29_000)


def test_brackets_may_be_uncertain_and_attribution_differ_by_group():
    changes = {
        "cohorts.people": {"groups": {"a": 60, "b": 40}, "intake": [100]},
        "outcomes.job.attribution": {"by_group": {"a": 1.0, "b": 0.5}},
        f"{WORK}.leakage": {"uniform": [0.1, 0.3]},
    }
    # a: 18 additional, b: 12 of which half
    assert worth(changes) == pytest.approx(24 * 0.8 * 2000)
    contract = sib.Contract.from_dict(BASE).replace(changes)
    results = sib.simulate(contract, 200, shared_luck=False, chance=False)
    leakage = results.ledger["assumed"].sel(assumption=f"{WORK}.leakage").values
    np.testing.assert_allclose(results.measure(SOCIETY), 48_000 * (1 - leakage))


# --- optimism and components ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "share"),
    [("A", 0), ("B", 0.05), ("C", 0.10), ("D", 0.15), ("E", 0.25), ("F", 0.40)],
)
def test_a_table_of_optimism_by_grade(grade, share):
    changes = {"value.optimism": "gmca", f"{WORK}.grade": grade}
    assert worth(changes) == pytest.approx(60_000 * (1 - share))


def test_optimism_by_shares_of_ones_own_is_shown_beside():
    results = base_case({"value.optimism": {"B": 0.1, "C": 1.0}, f"{WORK}.grade": "C"})
    for who in ("public", "society"):
        assert results.base_case(f"benefits_present_value[{who}]") == 0
        assert results.base_case(f"benefits_present_value_uncorrected[{who}]") == 60_000
    without = base_case({})
    assert "benefits_present_value_uncorrected[society]" not in without.names


def test_components_that_sum_are_taken():
    parts = {"dwp": 1500.5, "nhs": 499.5}  # an amount for each part of what 2,000 is made of
    assert worth({f"{WORK}.components": parts}) == 60_000


# --- columns, weights -----------------------------------------------------------------------------

RICH = {
    f"{WORK}.cashable": 0.25,
    "value.benefits.wages": {"of": "job", "per_outcome": 500, "to": "people", "prices": "2027-28"},
    "value.benefits.dole": {
        "of": "job",
        "per_outcome": 300,
        "to": "council",
        "from": "people",
        "cashable": 1.0,
        "prices": "2027-28",
    },
    "capital": {"tranches": {"investor": {"commitment": 20000, "share_of_surplus": 1.0}}},
}


def test_columns_of_the_incidence_table_by_hand():
    table = base_case(RICH).incidence()
    assert table.columns.tolist() == [
        "payments",
        "costs",
        "cash_savings",
        "other_benefits",
        "transfers",
        "return",
        "net",
    ]
    rows = {
        "council": (-50_000, 0, 0, 0, 9_000, 0, -41_000),
        "nhs": (0, 0, 15_000, 45_000, 0, 0, 60_000),
        "people": (0, 0, 0, 15_000, -9_000, 0, 6_000),
        "investor": (0, 0, 0, 0, 0, 30_000, 30_000),
        "account": (50_000, -20_000, 0, 0, 0, -30_000, 0),
        "society": (0, -20_000, 15_000, 60_000, 0, 0, 55_000),
    }
    for party, expected in rows.items():
        assert table.loc[party].tolist() == pytest.approx(expected), party


def test_gains_weighted_by_income_are_shown_beside_the_unweighted():
    """With incomes of 20,000 and 60,000 against 30,000 and an elasticity of 1: 1.5 and 0.5."""
    weighted = {
        **RICH,
        "parties.people": {"income": 20000},
        "parties.investor": {"income": 60000},
        "value.weights": {"reference_income": 30000, "elasticity": 1.0, "source": "by hand"},
    }
    results = base_case(weighted)
    table = results.incidence()
    assert table.columns[-1] == "weighted_net"
    assert table.loc["people", "weighted_net"] == pytest.approx(1.5 * 6_000)
    assert table.loc["investor", "weighted_net"] == pytest.approx(0.5 * 30_000)
    assert table.loc["nhs", "weighted_net"] == pytest.approx(60_000)  # no income: once
    total = -41_000 + 60_000 + 1.5 * 6_000 + 0.5 * 30_000
    assert table.loc["society", "weighted_net"] == pytest.approx(total)
    assert results.base_case("weighted_net_present_value[society]") == pytest.approx(total)
    assert results.base_case("net_present_value[society]") == pytest.approx(55_000)
    # 1.3 where it is not said: (30,000 / 20,000)^1.3 = 1.69402
    plain = {**weighted, "value.weights": {"reference_income": 30000}}
    found = base_case(plain).incidence().loc["people", "weighted_net"]
    assert found == pytest.approx(6_000 * 1.69402, rel=1e-5)


# --- what the money costs -------------------------------------------------------------------------


def test_investors_money_against_public_borrowing():
    """20,000 drawn now and 50,000 a year later, against 4.5% a year."""
    none = base_case(RICH)
    for name in ("finance_cost", "finance_cost_on_capital", "risk_borne_by_investors"):
        assert none.reason(name) == "value.public_borrowing is not stated"
        assert name not in base_case({}).names  # nobody invests
    borrowing = {"rate": 0.045, "name": "PWLB, 10 years", "source": "illustrative"}
    results = base_case({**RICH, "value.public_borrowing": borrowing})
    gain = 50_000 / 1.045 - 20_000
    assert results.base_case("finance_cost") == pytest.approx(gain)
    assert results.base_case("finance_cost_on_capital") == pytest.approx(gain / 20_000)
    assert results.base_case("risk_borne_by_investors") == 0
    assert "public borrowing at PWLB, 10 years" in results.about("finance_cost").about
    lost = base_case({**RICH, "value.public_borrowing": borrowing, "outcomes.job.rate": 0.2})
    assert lost.base_case("risk_borne_by_investors") == pytest.approx(20_000 - 20_000 / 1.045)
    later = {**RICH, "value.public_borrowing": borrowing, "value.at": 1}
    assert base_case(later).base_case("finance_cost") == pytest.approx(1.045 * gain)


def test_risk_borne_is_the_mean_of_losses_not_the_loss_of_the_mean():
    """One outcome of one person, at even odds, pays 100 or nothing for 40 put in: ½ × 40 lost."""
    contract = sib.Contract.from_dict(BASE).replace(
        {
            "cohorts.people": {"people": 1, "intake": [1]},
            "payments.rules.job.price": 100,
            "delivery.costs.team.amount": 40,
            "capital": {"tranches": {"investor": {"commitment": 40, "share_of_surplus": 1.0}}},
            "value.public_borrowing": {"rate": 0.0, "name": "a loan for nothing"},
        }
    )
    results = sib.simulate(contract, 4096)
    risk = results.expected("risk_borne_by_investors")
    assert abs(risk - 20) < 4 * results.mc_error("risk_borne_by_investors")
    assert abs(results.expected("finance_cost") - 10) < 4 * results.mc_error("finance_cost")


def test_the_cost_of_public_funds_is_of_what_the_public_must_raise():
    """The council pays 50,000 and the nhs saves a quarter of 60,000 in cash: 35,000 is raised."""
    results = base_case({f"{WORK}.cashable": 0.25, "value.public_funds_cost": 0.25})
    assert results.base_case("cost_of_public_funds") == pytest.approx(0.25 * 35_000)
    net = results.base_case("net_present_value[society]")
    assert net == 40_000  # as without it
    after = results.base_case("net_present_value_after_public_funds[society]")
    assert after == pytest.approx(40_000 - 8_750)
    saves = base_case({f"{WORK}.cashable": 1.0, "value.public_funds_cost": 0.25})
    assert saves.base_case("cost_of_public_funds") == 0  # no credit for what is saved on balance
    assert "cost_of_public_funds" not in base_case({}).names
    private = {"parties": {"fund": {}}, "value.public_funds_cost": 0.25}
    assert base_case(private).reason("cost_of_public_funds") == "no party is public"


# --- savings by financial year --------------------------------------------------------------------


def test_cashable_savings_are_nominal_by_the_year_they_are_dated_in():
    """30 × 2,000 × 40% = 24,000 of 2027-28 prices, half a year into years that begin 1 April.

    In 2028-29 and 2029-30 prices, at 2%: 24,480 and 24,969.60.
    """
    changes = {
        "prices.inflation": 0.02,
        "value.timing": "middle",
        f"{WORK}.cashable": 0.4,
        f"{WORK}.years": 2,
        f"{WORK}.from": "people",
    }
    ledger = base_case(changes).ledger
    saved = ledger["cashable_savings"].isel(run=0)
    assert saved.attrs["units"] == "GBP"
    # starts in any of three years may lead to an outcome: 2027-28 is the first year there could be
    assert saved["financial_year"].values.tolist() == ["2027-28", "2028-29", "2029-30", "2030-31"]
    assert saved.sel(party="nhs").values == pytest.approx([0, 24_480, 24_969.60, 0])
    assert saved.sel(party="people").values == pytest.approx([0, -24_480, -24_969.60, 0])
    assert "cashable_savings" not in base_case({}).ledger  # none are stated


def test_a_calendar_base_gives_calendar_years_and_the_end_of_a_year_is_its_last_day():
    calendar = {"prices.base": "2027", f"{WORK}.prices": "2027", f"{WORK}.cashable": 1.0}
    start = {"timeline.start": "2027-01-01", "value.timing": "end"}
    saved = base_case(calendar | start).ledger["cashable_savings"]
    assert saved.sel(party="nhs", financial_year="2028").item() == 60_000


def test_savings_of_an_undefined_benefit_are_not_nothing():
    changes = {f"{WORK}.cashable": 1.0, "outcomes.job.anyway": None}
    changes["value.benefits.dole"] = {**RICH["value.benefits.dole"], "of": "home"}
    changes["outcomes.home"] = {"rate": 0.4, "anyway": 0.1}
    ledger = base_case(changes).ledger
    assert np.isnan(ledger["cashable_savings"].sel(party="nhs")).all()
    assert ledger["cashable_savings"].sel(party="council").sum() == 30 * 300
    nothing_known = {f"{WORK}.cashable": 1.0, "outcomes.job.anyway": None}
    assert np.isnan(base_case(nothing_known).ledger["cashable_savings"].sel(party="nhs")).all()


def test_savings_past_the_price_series_are_undefined_and_say_why():
    series = {"2027-28": 100.0, "2028-29": 102.0, "2029-30": 104.0}
    prices = {"prices": {"base": "2027-28", "deflator": series}}
    ledger = base_case(prices | {f"{WORK}.cashable": 1.0, f"{WORK}.years": 9}).ledger
    assert "cashable_savings" not in ledger
    assert "prices of 2030-31 are not in" in ledger.attrs["cashable_savings_undefined"]
    assert ledger["benefits"].sel(party="nhs").sum() == 9 * 60_000


@given(contracts(valued=True, anyway=True))
def test_savings_deflated_and_discounted_are_the_cashable_present_value(data):
    """With one rate of 0 for all benefits: what is dated in a year is worth what it buys."""
    data["value"]["discount"] = {"rate": 0.0}
    for benefit in data["value"].get("benefits", {}).values():
        benefit.pop("discount", None)
    contract = sib.Contract.from_dict(data)
    stages = Plan(contract).stages(seed=1, block=0, switches=Switches(), details=True)
    years = savings_years(contract)
    level = np.array([1.02 ** (year - 2027) for year in years])
    for name, saved in stages.savings.items():
        np.testing.assert_allclose(
            (saved / level[:, None]).sum(axis=0), stages.cashable[name], rtol=1e-9, atol=1e-6
        )
    cashable = {n for n, b in contract.value.benefits.items() if b.cashable != 0}
    assert set(stages.savings) == cashable - set(undefined_benefits(contract)) or not years


def test_savings_of_a_year_discounted_from_its_date_are_the_cashable_present_value():
    changes = {
        "prices.inflation": 0.03,
        "value.discount": "green_book_2026",
        f"{WORK}.cashable": 0.4,
        f"{WORK}.years": 40,
        f"{WORK}.drop_off": 0.1,
    }
    results = base_case(changes)
    saved = results.ledger["cashable_savings"].sel(party="nhs").isel(run=0)
    real = saved.values / 1.03 ** np.arange(len(saved))  # dated 1 April of each year from 2027
    factors = discount_factors(bands=SCHEDULES["green_book_2026"].bands, years=range(len(saved)))
    found = results.base_case("cashable_benefits_present_value[public]")  # all of it is the nhs's
    assert (real * factors).sum() == pytest.approx(found)


# --- a top-up -------------------------------------------------------------------------------------

LOCAL = {f"{WORK}.to": "council", "value.discount": {"rate": 0.035}}
SHARED = {"payments.payers": {"council": 0.8, "fund": 0.2}}
RUNNING = {"payments.running_costs": {"council": {"per_period": 1000}}}


def ratio(changes: dict, who: str) -> float:
    return worth(LOCAL | changes, f"benefit_cost_ratio[{who}]")


def test_a_top_up_lifts_the_local_payers_ratio_and_leaves_the_public_purses():
    """60,000 for 50,000 is 1.2; for 40,000, 1.5. With 3,000 of its own costs 60/53 and 60/43."""
    none = {"value.discount": {"rate": 0.0}}
    assert ratio(none, "council") == pytest.approx(1.2)
    assert ratio(none | SHARED, "council") == pytest.approx(1.5)
    assert ratio(none | RUNNING, "council") == pytest.approx(60 / 53)
    assert ratio(none | RUNNING | SHARED, "council") == pytest.approx(60 / 43)
    for running in ({}, RUNNING):
        assert ratio(none | running, "public") == ratio(none | running | SHARED, "public")


@given(
    top_up=st.floats(0.01, 0.99),
    rate=st.floats(0.1, 1.0),
    price=st.floats(1, 10_000),
    own=st.sampled_from([0.0, 0.5, 300.0]),
)
def test_a_top_up_multiplies_the_ratio_by_one_over_what_is_left(top_up, rate, price, own):
    alone = {
        "outcomes.job.rate": rate,
        "payments.rules.job.price": price,
        "payments.running_costs": {"council": {"amount": own}},
    }
    shared = alone | {"payments.payers": {"council": 1 - top_up, "fund": top_up}}
    lifted = ratio(shared, "council") / ratio(alone, "council")
    if rate == 0.2:
        return  # no benefit at all
    if own == 0:
        assert lifted == pytest.approx(1 / (1 - top_up))
    else:
        assert 1 < lifted < 1 / (1 - top_up)
    assert ratio(shared, "public") == pytest.approx(ratio(alone, "public"))


# --- warnings -------------------------------------------------------------------------------------


def test_a_social_benefit_that_is_cashable_is_asked_about():
    contract = sib.Contract.from_dict(BASE).replace({f"{WORK}.kind": "social"})
    assert not [said for said in contract_warnings(contract) if "cashable" in said]
    [said] = [
        said
        for said in contract_warnings(contract.replace({f"{WORK}.cashable": 0.1}))
        if "cashable" in said
    ]
    assert said.startswith("the benefits work are social and cashable")
