"""Figures of value, budgets and prices recomputed outside the package, by hand or exact sums.

Every expected figure stands here as its formula; nothing of the package is used to make it.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

import sibmodel as sib

VALUED: dict[str, Any] = {
    "schema": 1,
    "name": "Recomputed",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
    "prices": {"base": "2027-28", "inflation": 0.02},
    "parties": {"council": {"public": True}},
    "cohorts": {"people": {"people": 200, "intake": [200]}},
    "outcomes": {"job": {"rate": 0.4, "anyway": 0.1, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 5000}},
        "payers": {"council": 1.0},
        "limits": {"contract": 450_000},
    },
    "delivery": {"costs": {"service": {"amount": 360_000}}},
    "capital": {"tranches": {"investor": {"commitment": 500_000, "share_of_surplus": 1.0}}},
    "value": {
        "discount": {"rate": 0.035},
        "public_borrowing": {"rate": 0.04, "name": "ten years"},
        "benefits": {"saved": {"of": "job", "per_outcome": 9000, "to": "council"}},
    },
}
PRICE = "payments.rules.job.price"
RATIO = "benefit_cost_ratio[public]"
# Paid are 5,000 for each of K ~ B(200, 0.4), up to 450,000, in year 1: 2028-29, at 1.02 and 1.035.
# Saved are 200 × (0.4 − 0.1) × 9,000 in that year's real money; service costs 360,000 today.
K = np.arange(201)
CHANCE = binom.pmf(K, 200, 0.4)
SAVED = 200 * 0.3 * 9000


def contract(**changes: Any) -> sib.Contract:
    return sib.Contract.from_dict(VALUED).replace(
        {path.replace("__", "."): value for path, value in changes.items()}
    )


# --- value ----------------------------------------------------------------------------------------


def test_two_brackets_a_transfer_a_top_up_tax_and_running_costs_by_hand() -> None:
    given = contract(
        payments__payers={"council": 0.8, "fund": 0.2},
        payments__tax={"rate": 0.2, "included": True},
        payments__running_costs={"council": {"amount": 5000}},
        parties={"council": {"public": True}, "fund": {"public": True}},
        value__optimism="gmca",
        value__benefits={
            "saved": {
                "of": "job", "per_outcome": 9000, "to": "council", "cashable": 0.4, "grade": "C",
                "lag": 1, "years": 2, "drop_off": 0.3, "leakage": 0.1, "displacement": 0.3,
                "multiplier": 1.2, "reference": {"multiplier": 1.0},
            },
            "moved": {
                "of": "job", "per_outcome": 2000, "to": "council", "from": "served", "grade": "A"
            },
        },
    )  # fmt: skip
    table = sib.simulate(given, runs=1, chance=False).incidence()
    units = 80 * 0.9 * 0.7 * 1.2 - 20 * 0.9 * 0.7  # gross and reference, each in its own bracket
    saved = units * 9000 * (1 - 0.10) * (1.035**-2 + 0.7 * 1.035**-3)
    moved = 60 * 2000 / 1.035
    paid = 400_000 / 1.02 / 1.035
    by_hand = {
        "council": [-0.8 * paid, -5000, 0.4 * saved, 0.6 * saved, moved, 0],
        "fund": [-0.2 * paid, 0, 0, 0, 0, 0],
        "served": [0, 0, 0, 0, -moved, 0],
        "tax_authority": [paid / 6, 0, 0, 0, 0, 0],
        "investor": [0, 0, 0, 0, 0, paid / 1.2 - 360_000],
        "account": [paid / 1.2, -360_000, 0, 0, 0, 360_000 - paid / 1.2],
        "society": [0, -365_000, 0.4 * saved, 0.6 * saved, 0, 0],
    }
    for party, row in by_hand.items():
        assert table.loc[party].iloc[:6].tolist() == pytest.approx(row, abs=1e-6)
    assert table.loc["society", "net"] == pytest.approx(table["net"].drop("society").sum())


@pytest.mark.parametrize(("at", "years"), [(dt.date(2026, 4, 1), -1.0), (1, 1.0)])
def test_present_values_at_another_date(at: dt.date | int, years: float) -> None:
    # the rate is flat, so all moves by it: what society nets is the same sum some years on
    moved = sib.simulate(contract(value__at=at), runs=1, chance=False)
    net = (SAVED / 1.035 - 360_000) * 1.035**years
    assert moved.base_case("net_present_value[society]") == pytest.approx(net)


def test_values_at_two_dates_are_not_compared() -> None:
    later = contract(value__at=1).replace({}, name="later")
    comparison = sib.compare([contract(), later], runs=64)
    assert np.isnan(comparison.difference("net_present_value[society]")).all()
    assert np.isfinite(comparison.difference("outcome_payments")).all()
    with pytest.raises(ValueError, match="at 2027-04-01 cannot be compared with"):
        sib.risk_transfer(contract(), later, runs=64)


def test_what_finance_costs_against_public_borrowing() -> None:
    results = sib.simulate(contract(), runs=20_000)
    worth = np.minimum(450_000, 5000 * K) / 1.04 - 360_000
    for name, of_run in (
        ("finance_cost", worth),
        ("risk_borne_by_investors", np.maximum(-worth, 0)),
    ):
        assert results.expected(name) == pytest.approx(
            (CHANCE * of_run).sum(), abs=4 * results.mc_error(name)
        )


# --- prices ---------------------------------------------------------------------------------------


def test_a_price_is_found_next_to_where_the_ratio_is_undefined() -> None:
    # nothing is paid at 0; at P the ratio is SAVED × 1.02 / (80 P), so 3 is reached at 2,295
    planted = SAVED * 1.02 / 80 / 3
    free = contract(payments__limits=None)
    found = sib.price_for(free, PRICE, {RATIO: 3.0}, confidence=None, runs=4096)
    assert found.value == pytest.approx(planted, rel=0.005)
    assert "also" not in found.note
    assert sib.switching_value(free, PRICE, RATIO, 3.0, runs=4096).value == pytest.approx(
        planted, rel=0.005
    )


def test_where_any_price_will_do_no_figure_is_claimed_for_one() -> None:
    # with the limit a ratio of SAVED × 1.02 / 450,000 = 1.22 is the least there is
    found = sib.price_for(contract(), PRICE, {RATIO: 0.1}, confidence=None, runs=256)
    assert found.note == "Every value looked at where it is defined reaches it"
    assert repr(found).startswith(f"Any {PRICE} will do for {RATIO} of 0.10")
    most = sib.price_for(contract(), PRICE, outcome_payments=460_000, confidence=None, runs=256)
    assert repr(most).endswith("from 0 to 20,000 it goes from GBP 0 to GBP 450,000")


def test_of_two_answers_the_interval_is_that_of_the_one_given() -> None:
    # 2,000 are kept of each job, until payments meet the limit and 3,000 are lost on each more:
    # 400,000 p is 60,000 at 0.15, and 450,000 − 600,000 p at 0.65
    given = contract(
        capital=None,
        delivery__costs={"service": {"per_outcome": {"job": 3000}}},
        outcomes__job__rate=0.6,
    )
    found = sib.price_for(
        given, "outcomes.job.rate", provider_net=60_000, confidence=None, runs=4096
    )
    assert found.value == pytest.approx(0.65, abs=0.002)
    assert 0.64 < found.low <= found.value <= found.high < 0.66
    assert float(found.note.rpartition(" ")[2]) == pytest.approx(0.15, abs=0.002)


def test_price_at_which_the_cap_is_used_on_average() -> None:
    def payments(price: float) -> float:
        return float((CHANCE * np.minimum(450_000, K * price)).sum())

    found = sib.price_for(contract(), PRICE, outcome_payments=440_000, confidence=None, runs=20_000)
    assert payments(found.value) == pytest.approx(440_000, abs=4 * 200)


# --- budgets and one more -------------------------------------------------------------------------


def test_a_budget_takes_off_what_comes_back() -> None:
    # of 400,000 the fund keeps its 200,000 and 15% for the year: 170,000 goes back to the council
    capped = contract(
        payments__limits=None,
        delivery__costs__service__amount=200_000,
        capital={
            "order": ["fund", "return", "over"],
            "tranches": {"fund": {"commitment": 200_000}},
            "surplus": {
                "return": {"to": {"fund": 1}, "until": {"irr": 0.15}},
                "over": {"to": {"council": 1}},
            },
        },
    )
    results = sib.simulate(capped, runs=1, chance=False)
    spent = sib.budget(results, "council")
    assert spent.table.loc["2028-29", "payments"] == pytest.approx(230_000)
    assert spent.table.loc["all years", "p50"] == pytest.approx(
        results.expected("outcome_payments[council]")
    )
    assert any("handed back" in note for note in spent.notes)


def test_a_budget_of_delivery_in_house_has_its_costs() -> None:
    results = sib.simulate(sib.in_house(contract()), runs=1, chance=False)
    spent = sib.budget(results, "council")
    assert spent.table.loc["2027-28", "running_costs"] == 360_000
    assert spent.table.loc["all years", "running_costs"] == results.expected("cost_to_payers")
    assert any("in-house" in note for note in spent.notes)


def test_one_more_of_two_rules_under_one_limit_by_exact_sums() -> None:
    given = contract(
        cohorts__people={"people": 40, "intake": [40]},
        outcomes={
            "job": {"rate": 0.5, "anyway": 0.2, "after": 1},
            "home": {"rate": 0.4, "anyway": 0.2, "after": 1},
        },
        payments={
            "rules": {"job": {"pays": "job", "price": 100}, "home": {"pays": "home", "price": 60}},
            "payers": {"council": 1.0},
            "limits": {"contract": 3000},
        },
    )
    rise = sib.one_more(given, runs=20_000).table["rise"]
    jobs, homes = np.arange(41)[:, None], np.arange(41)[None]
    chance = binom.pmf(jobs, 40, 0.5) * binom.pmf(homes, 40, 0.4)
    room = np.maximum(3000 - 100 * jobs - 60 * homes, 0)
    for outcome, price in (("job", 100), ("home", 60)):
        exact = float((chance * np.minimum(room, price)).sum())
        error = price / 2 / math.sqrt(20_000)
        assert rise[outcome].item() == pytest.approx(exact, abs=4 * error)


def test_a_limit_that_takes_a_part_is_named() -> None:
    given = contract(payments__limits={"person": 4000})
    row = sib.one_more(given, runs=64).table.loc["job"].iloc[0]
    assert row["share"] == 0.8
    assert "takes part of it" in row["note"]
