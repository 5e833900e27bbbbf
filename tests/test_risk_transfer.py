"""The cost of risk transfer and of running a contract, on figures worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

import sibmodel as sib
from sibmodel.questions.comparators import fee_for_service, in_house, without_investors
from sibmodel.questions.overheads import overheads
from sibmodel.questions.risk_transfer import risk_transfer

BOND = sib.library.load("closed_form_bond")
RUNS = 8192

VALUED = {
    "prices": {"base": "2027-28", "inflation": 0.0},
    "value": {"discount": {"rate": 0.0}},
}


# --- risk transfer --------------------------------------------------------------------------------


def test_the_bond_against_a_fee_at_cost() -> None:
    # the payer pays 5,000 X, X Binomial(200, 0.4), in place of a fee of 360,000
    successes = np.arange(201)
    chances = binom.pmf(successes, 200, 0.4)
    more = 5000 * successes - 360_000
    not_borne = float(chances @ np.maximum(-more, 0))  # 2,078
    found = risk_transfer(BOND, runs=RUNS)
    error = 5000 * math.sqrt(48 / RUNS)
    assert found.premium == pytest.approx(40_000, abs=3 * error)
    assert found.premium_error == pytest.approx(error, rel=0.03)
    assert found.not_borne == pytest.approx(not_borne, rel=0.1)
    assert found.for_success - found.not_borne == pytest.approx(found.premium, rel=1e-9)
    assert found.per_pound == pytest.approx(found.premium / found.not_borne)
    assert found.sd == pytest.approx(5000 * math.sqrt(48), rel=0.03)
    assert found.sd_other == 0
    # it costs more from 73 successes on; at 72 it costs the same
    assert found.costs_more == pytest.approx(binom.sf(72, 200, 0.4), abs=0.012)
    assert found.unit == "GBP"
    assert "nominal money" in repr(found)


def test_at_another_price_the_premium_is_what_the_price_says() -> None:
    # at 4,500 expected payments are 360,000: no premium, and as much borne as not
    fair = BOND.replace({"payments.rules.success.price": 4500}, name="fair")
    found = risk_transfer(fair, runs=RUNS)
    assert found.premium == pytest.approx(0, abs=3 * found.premium_error)
    assert found.not_borne == pytest.approx(found.for_success, rel=0.1)


def test_real_where_both_have_it_and_by_payer() -> None:
    # the fee is due at once, payments a year later at 2% inflation and a rate of 3%
    both = BOND.replace(
        {
            "prices": {"base": "2027-28", "inflation": 0.02},
            "value": {"discount": {"rate": 0.03}},
            "payments.payers": {"council": 0.75, "fund": 0.25},
            "parties.fund": {"public": True},
            "payments.running_costs": {"council": {"amount": 10_000}},
        }
    )
    whole = risk_transfer(both, runs=500)
    assert whole.unit == "real GBP"
    assert whole.payer == "all payers"
    paid = sib.simulate(both, 500).expected("outcome_payments")
    assert whole.cost == pytest.approx(paid / 1.02 / 1.03 + 10_000)
    assert whole.cost_other == pytest.approx(370_000)
    fund = risk_transfer(both, payer="fund", runs=500)
    assert fund.cost == pytest.approx(0.25 * paid / 1.02 / 1.03)
    assert fund.cost_other == pytest.approx(90_000)
    public = risk_transfer(both, payer="public", runs=500)
    assert public.premium == pytest.approx(whole.premium)


def test_another_comparator_and_one_that_is_the_same() -> None:
    own = risk_transfer(BOND, in_house(BOND), runs=500)
    fee = risk_transfer(BOND, runs=500)
    assert own.premium == pytest.approx(fee.premium)  # the cost is certain
    same = risk_transfer(BOND, without_investors(BOND), runs=500)
    assert (same.premium, same.not_borne, same.costs_more) == (0, 0, 0)
    assert math.isnan(same.per_pound)
    assert same.note == "in no run does the contract cost less: nothing is not borne"
    assert same.sd == same.sd_other > 0


def test_faulty_questions_of_risk() -> None:
    with pytest.raises(ValueError, match="no payer called 'nobody'; known: council, public"):
        risk_transfer(BOND, payer="nobody", runs=5)
    real = BOND.replace(VALUED)
    later = fee_for_service(real, changes={"prices.base": "2028-29"})
    with pytest.raises(
        ValueError, match="2027-28 at 2027-04-01 cannot be compared with real money of 2028-29"
    ):
        risk_transfer(real, later, runs=5)


def test_the_table_and_the_page() -> None:
    named = BOND.replace({}, name="<bond>")
    found = risk_transfer(named, runs=200)
    assert found.table.loc["premium", "value"] == found.premium
    assert list(found.table.columns) == ["value", "unit", "about"]
    assert "&lt;bond&gt;" in found._repr_html_()
    assert found._repr_html_().count("<tr>") == len(found.table)


# --- overheads ------------------------------------------------------------------------------------

COSTS = {
    "team": {"per_start": 100},
    "set_up": {"amount": 5000, "purpose": "set_up"},
    "support": {"share": 0.1, "of": "set_up", "purpose": "bid"},
    "evaluation": {"amounts": {1: 3000}, "per_start": 5, "purpose": "evaluation"},
}
BENEFIT = {"of": "success", "per_outcome": 1000, "prices": "2027-28", "to": "council"}


def small(**changes: object) -> sib.Contract:
    """The bond without investors: 200 people, 80 successes worth 1,000 each, and some costs."""
    stated = without_investors(BOND).replace(
        {
            **VALUED,
            "value": {"discount": {"rate": 0.0}, "benefits": {"gain": BENEFIT}},
            "delivery.costs": COSTS,
            "payments.running_costs": {"council": {"per_period": 1000}},
        }
    )
    return stated.replace(changes)


def test_costs_by_what_they_are_for() -> None:
    # delivery 20,000; set-up 5,000; bid 500; evaluation 3,000 + 1,000; management 2 × 1,000
    found = overheads(small(), runs=50)
    assert found.table["cost"].to_dict() == pytest.approx(
        {
            "delivery": 20_000,
            "set_up": 5_000,
            "bid": 500,
            "evaluation": 4_000,
            "management": 2_000,
            "all": 31_500,
        }
    )
    assert found.table.loc["set_up", "share"] == pytest.approx(5 / 31.5)
    assert found.unit == "real GBP"


def test_the_smallest_contract_worth_its_fixed_overheads() -> None:
    # fixed: 5,000 + 3,000 + 2,000; each of 200 people is worth (80,000 − 31,500 + 10,000) / 200
    found = overheads(small(**{"outcomes.success.rate": 1.0}), runs=50)
    assert found.fixed == pytest.approx(10_000)
    assert found.worth_each == pytest.approx((200_000 - 31_500 + 10_000) / 200)
    assert found.smallest == pytest.approx(10_000 / 892.5)
    assert found.low == found.high == pytest.approx(found.smallest)  # nothing is left to chance
    unsure = overheads(small(), runs=4096)
    assert unsure.worth_each == pytest.approx(292.5, abs=3)
    assert unsure.low < 10_000 / 292.5 < unsure.high
    assert "Linear" in repr(unsure)


def test_no_size_is_worth_it() -> None:
    poor = overheads(small(**{"value.benefits.gain.per_outcome": 10}), runs=50)
    assert poor.worth_each < 0
    assert math.isinf(poor.smallest)
    assert "No size is worth it" in repr(poor)


def test_what_is_not_known_is_undefined() -> None:
    silent = overheads(small(**{"outcomes.success.anyway": None}), runs=20)
    assert math.isnan(silent.smallest)
    assert silent.note == "undefined: anyway not stated for success"
    none = overheads(small(**{"value.benefits": None}), runs=20)
    assert none.note == "undefined: no benefits are stated"
    nominal = overheads(BOND, runs=20)
    assert nominal.unit == "GBP"
    assert nominal.table.loc["delivery", "cost"] == pytest.approx(360_000)
    assert "no discount schedule" in nominal.note
    with pytest.raises(ValueError, match="states no delivery costs"):
        overheads(small(delivery=None))


def test_costs_that_follow_capital_are_for_finance() -> None:
    # 2% a year on 400,000 committed, over two years, and half as much again; 1,500 to arrange it
    costs = {
        "service": {"amount": 360_000},
        "watching": {"rate": 0.02, "of": "commitments"},
        "more": {"share": 0.5, "of": "watching"},
        "lawyers": {"amount": 1500, "purpose": "finance"},
    }
    financed = BOND.replace(
        {"delivery.costs": costs, "capital.tranches.investor.commitment": 400_000}
    )
    found = overheads(financed, runs=20)
    assert found.table["cost"].to_dict() == pytest.approx(
        {"delivery": 360_000, "finance": 25_500, "all": 385_500}
    )
    assert found.fixed == pytest.approx(1500)


def test_the_page_of_overheads() -> None:
    html = overheads(small().replace({}, name="<small>"), runs=20)._repr_html_()
    assert "&lt;small&gt;" in html
    assert "set up" in html
    assert html.count("<tr>") == 6
