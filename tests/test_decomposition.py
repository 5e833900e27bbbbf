"""Why two contracts differ, on products whose shares are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.questions.comparators import fee_for_service
from sibmodel.questions.compare import compare
from sibmodel.questions.decomposition import Difference, explain_difference

BOND = sib.library.load("closed_form_bond")
HOMES = sib.load_contract(Path(__file__).parents[1] / "examples" / "homes_and_work.yaml")
PRICE, RATE = "payments.rules.success.price", "outcomes.success.rate"
PEOPLE = {"cohorts.people.people": 100, "cohorts.people.intake": [100]}


def why(changes: dict[str, Any], measure: str, runs: int = 1, **how: Any) -> Difference:
    return explain_difference(BOND, BOND.replace(changes, name="other"), measure, runs, **how)


def base_case(changes: dict[str, Any], measure: str) -> Difference:
    return why(changes, measure, uncertainty=False, shared_luck=False, chance=False)


# --- known answers --------------------------------------------------------------------------------


def test_two_factors_share_their_product_evenly() -> None:
    # payments = price × people × rate: the price's part is (p' − p) r (n + n') / 2, the people's
    # (n' − n) r (p + p') / 2
    found = base_case({PRICE: 6000, **PEOPLE}, "outcome_payments")
    assert found.table["contribution"].to_dict() == pytest.approx(
        {"price": 1000 * 0.4 * 150, "volume": -100 * 0.4 * 5500}
    )
    assert found.table["first"].to_dict() == pytest.approx({"price": 80_000, "volume": -200_000})
    assert found.table["last"].to_dict() == pytest.approx({"price": 40_000, "volume": -240_000})
    assert found.difference == pytest.approx(240_000 - 400_000)


def test_three_factors() -> None:
    # of a·b·c the part of a is (a' − a) [bc/3 + (b'c + bc')/6 + b'c'/3], over the six orders
    def part(a: float, a2: float, b: float, b2: float, c: float, c2: float) -> float:
        return (a2 - a) * (b * c / 3 + (b2 * c + b * c2) / 6 + b2 * c2 / 3)

    found = base_case({PRICE: 6000, RATE: 0.5, **PEOPLE}, "outcome_payments")
    price, people, rate = (5000, 6000), (200, 100), (0.4, 0.5)
    assert found.table["contribution"].to_dict() == pytest.approx(
        {
            "price": part(*price, *people, *rate),
            "volume": part(*people, *price, *rate),
            "rate": part(*rate, *price, *people),
        }
    )
    assert len(found.mixtures) == 8


def test_parts_that_only_add_have_one_contribution_in_every_order() -> None:
    # net to the provider without investors: 400,000 − 360,000
    alone = BOND.replace({"capital": None})
    other = alone.replace({PRICE: 5500, "delivery.costs.service.amount": 300_000}, name="other")
    found = explain_difference(alone, other, "provider_net", 200)
    assert found.table.loc["cost", ["contribution", "first", "last"]].tolist() == [60_000] * 3
    assert found.table.loc["cost", "mc_error"] == 0
    price = found.table.loc["price"]
    assert price["contribution"] == pytest.approx(price["first"]) == pytest.approx(price["last"])


@pytest.mark.parametrize(
    "measure",
    ["outcome_payments", "cost_per_outcome[success]", "investor_irr", "investor_present_value"],
)
def test_parts_sum_to_the_difference(measure: str) -> None:
    start = BOND.replace({"capital.hurdle": 0.05})
    other = start.replace(
        {
            PRICE: 6000,
            RATE: 0.5,
            "delivery.costs.service.amount": 300_000,
            "capital.hurdle": 0.08,
            "payments.limits": {"contract": 450_000},
            **PEOPLE,
        },
        name="other",
    )
    found = explain_difference(start, other, measure, 300)
    assert list(found.table.index) == ["price", "volume", "rate", "cost", "capital"]
    assert found.table["contribution"].sum() == pytest.approx(found.difference, rel=1e-9)
    results = [sib.simulate(one, 300) for one in (start, other)]
    was, now = (result.expected(measure) for result in results)
    assert (found.was, found.now) == (was, now)
    known = measure != "investor_irr"  # an IRR is of the mean cash flow: its error is not paired
    assert found.table["mc_error"].notna().all() == known


def test_the_error_of_a_contribution_is_paired() -> None:
    # the price's part is 500 × successes, Binomial(200, 0.4), sd sqrt(48); 4,096 runs
    found = why({PRICE: 5500}, "outcome_payments", 4096)
    error = 500 * np.sqrt(48) / 64
    assert found.table.loc["price", "mc_error"] == pytest.approx(error, rel=0.04)
    ratio = why({PRICE: 5500}, "cost_per_outcome[success]", 4096)
    assert ratio.table.loc["price", "contribution"] == pytest.approx(500)
    assert ratio.table.loc["price", "mc_error"] == pytest.approx(0, abs=1e-6)


# --- parts that go together -----------------------------------------------------------------------


def test_an_assumption_that_several_parts_use_takes_them_together() -> None:
    shared = {"assumptions": {"level": 0.4}, RATE: "level", "outcomes.success.claimed": "level"}
    start = BOND.replace(shared)
    within = explain_difference(
        start, start.replace({"assumptions.level": 0.5}), "outcome_payments"
    )
    assert list(within.table.index) == ["rate"]
    # success 0.4 and claimed 0.4: 200 × 0.16 × 5,000 = 160,000; with 0.5, 250,000
    assert within.difference == pytest.approx(90_000, abs=5_000)
    both = start.replace({"cohorts.people.referrals": "level"})
    found = explain_difference(
        both, both.replace({"assumptions.level": 0.5}), "outcome_payments", 50
    )
    assert list(found.table.index) == ["volume and rate"]
    assert "level has changed, and all of them use it" in found.table["note"].item()


def test_parts_of_which_one_cannot_stand_without_the_other() -> None:
    # a rule that pays a new outcome needs the outcome; the price of delivery needs neither
    changes = {
        "outcomes.second": {"needs": "success", "rate": 0.5},
        "payments.rules.second": {"pays": "second", "price": 1000},
        "delivery.costs.service.amount": 350_000,
    }
    found = base_case(changes, "outcome_payments")
    assert list(found.table.index) == ["price and rate", "cost"]
    assert found.table["contribution"].to_dict() == pytest.approx(
        {"price and rate": 40_000, "cost": 0}
    )
    note = found.table.loc["price and rate", "note"]
    assert note == "price and rate together: one cannot stand without the other"


def test_a_correlation_that_changed_goes_with_its_part() -> None:
    other = HOMES.replace({"correlations[0].spearman": 0.9}, name="closer")
    found = explain_difference(HOMES, other, "outcome_payments", 50)
    assert list(found.table.index) == ["rate"]


def test_sources_and_notes_make_no_difference() -> None:
    other = BOND.replace({"payments.source": "another", "name": "other"})
    found = explain_difference(BOND, other, "outcome_payments", 5)
    assert found.table.empty
    assert found.note == "nothing that is simulated differs"
    assert "difference none" in repr(found)


# --- what is undefined, and what is shown ---------------------------------------------------------


def test_a_mixture_in_which_the_measure_is_undefined_is_named() -> None:
    # with nobody achieving it in the one and nothing paid in the other: 0 achieved, no ratio
    never = BOND.replace({RATE: 0.0})
    found = explain_difference(
        never, never.replace({PRICE: 1, RATE: 0.5}, name="b"), "cost_per_outcome[success]", 5
    )
    assert found.table["contribution"].isna().all()
    assert found.note == "undefined: with nothing changed, nobody achieved success"
    assert "undefined" in repr(found)


def test_a_measure_that_a_contract_has_not() -> None:
    with pytest.raises(KeyError, match="did you mean 'outcome_payments'"):
        base_case({PRICE: 1}, "outcome_payment")
    with pytest.raises(ValueError, match="in GBP and EUR"):
        why({"currency": "EUR"}, "outcome_payments")


def test_a_contract_against_a_fee_for_its_service() -> None:
    comparison = compare([fee_for_service(HOMES), HOMES], runs=400)
    for measure in ("net_present_value[public]", "cost_per_additional_outcome[job_13_weeks]"):
        found = comparison.why(measure)
        assert list(found.table.index) == ["price", "capital"]
        row = comparison.summary([measure]).iloc[0]
        assert found.table["contribution"].sum() == pytest.approx(row["difference"], rel=1e-9)
        assert found.table.loc["price", "mc_error"] == pytest.approx(row["mc_error"], rel=1e-6)
        assert found.table.loc["capital", "contribution"] == pytest.approx(0, abs=1e-6)


def test_a_comparison_says_why() -> None:
    other = BOND.replace({PRICE: 6000, RATE: 0.5}, name="<dearer & better>")
    comparison = compare([BOND, other], runs=100, seed=3)
    found = comparison.why("outcome_payments")
    assert found.difference == comparison.summary(["outcome_payments"])["difference"].item()
    assert (found.runs, found.seed) == (100, 3)
    text = repr(found)
    assert "contribution" in text
    assert "price" in text
    assert "averaged over all orders, 100 runs on the same people, seed 3" in text
    html = found._repr_html_()
    assert "&lt;dearer &amp; better&gt;" in html
    assert html.count("<tr>") == html.count("</tr>") == 3
    with pytest.raises(IndexError, match="1 to 1"):
        comparison.why("outcome_payments", which=2)


def test_real_money_of_two_days_is_not_shared_out() -> None:
    contract = sib.load_contract("examples/homes_and_work.yaml")
    later = contract.replace({"value.at": "2028-04-01"}, name="valued a year later")
    with pytest.raises(ValueError, match=r"2028-04-01; bring both contracts to one price base"):
        sib.explain_difference(contract, later, "net_present_value[society]", runs=10)
    # nominal money is the same whatever the day of value is
    why = sib.explain_difference(contract, later, "outcome_payments", runs=10)
    assert why.difference == 0
