"""Costs that may be higher than they are said to be, and how much of a limit is used."""

from __future__ import annotations

from typing import Any

import pytest

import sibmodel as sib

BASE = {
    "schema": 1,
    "name": "Costs by grade",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
    "parties": {"council": {"public": True}},
    "cohorts": {"people": {"people": 100, "intake": [100]}},
    "outcomes": {"job": {"rate": 0.5, "after": 1}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 1000}},
        "limits": {"contract": 80_000},
        "payers": {"council": 1.0},
        "running_costs": {"council": {"per_period": 1000, "grade": "A"}},
    },
    "delivery": {
        "costs": {
            "team": {"per_period": 5000, "for": 2, "grade": "C"},
            "people": {"per_start": {"value": 100, "grade": "F"}},
            "fee": {"share": 0.1, "of": "payments", "grade": "B"},
        }
    },
}


def base(contract: sib.Contract) -> sib.Results:
    return sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)


def contract(**changes: Any) -> sib.Contract:
    return sib.Contract.from_dict(BASE).replace(
        {k.replace("__", "."): v for k, v in changes.items()}
    )


def test_a_contingency_is_a_share_on_top_of_all_that_a_cost_says() -> None:
    # 10,000 + 10,000 + 10% of 50,000 as stated; by grade C 10%, F 40%, B 5%
    assert base(contract()).base_case("delivery_costs") == 25_000
    cautious = sib.cautious_costs(contract())
    assert cautious.name == "Costs by grade: cautious costs"
    results = base(cautious)
    assert results.base_case("delivery_costs") == pytest.approx(11_000 + 14_000 + 5_250)
    assert results.base_case("cost_to_payers") == 50_000 + 3 * 1000  # grade A: as stated


def test_a_share_of_another_cost_follows_it_and_has_its_own() -> None:
    made = contract(
        delivery__costs={
            "team": {"amount": 1000, "contingency": 0.2},
            "overhead": {"share": 0.5, "of": "team", "contingency": 0.1},
        }
    )
    assert base(made).base_case("delivery_costs") == pytest.approx(1200 + 0.5 * 1200 * 1.1)


def test_shares_by_grade_are_the_users_or_the_contracts() -> None:
    own = {"A": 0, "B": 0.1, "C": 0.2, "F": 0.5}
    assert sib.cautious_costs(contract(), own).delivery.costs["team"].contingency == 0.2  # type: ignore[union-attr]
    stated = contract(
        prices={"base": "2027-28", "inflation": 0.02},
        value={"discount": "green_book_2026", "optimism": {"A": 0.0, "B": 0.0, "C": 0.3, "F": 0.6}},
    )
    assert sib.cautious_costs(stated).delivery.costs["people"].contingency == 0.6  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"delivery__costs__team__grade": None}, "no grade .* for delivery.costs.team: add grade"),
        ({"delivery": None, "payments__running_costs": None}, "states no cost"),
    ],
)
def test_costs_without_a_grade_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        sib.cautious_costs(contract(**changes))
    with pytest.raises(ValueError, match="nothing for grade B, C, F"):
        sib.cautious_costs(contract(), {"A": 0.0})


# --- how much of a limit is used ------------------------------------------------------------------


def test_how_much_of_each_limit_on_a_total_is_used() -> None:
    assert base(contract()).base_case("limit_used[contract]") == 50 / 80
    full = base(contract(payments__limits__contract=40_000))
    assert full.base_case("limit_used[contract]") == 1
    each = base(
        contract(
            payments__limits={"jobs": {"of": ["job"], "total": 100_000}, "contract": 200_000},
            payments__rules__job__limits={"total": 62_500},
            payments__payers={"council": {"share": 0.5, "limits": {"total": 50_000}}, "fund": 0.5},
        )
    )
    assert [each.base_case(f"limit_used[{name}]") for name in (
        "contract", "payer council.total", "job.total", "jobs.total"
    )] == [0.25, 0.5, 0.8, 0.5]  # fmt: skip


@pytest.mark.parametrize("included", [True, False])
def test_tax_within_prices_is_within_limits_and_tax_on_top_is_not(included: bool) -> None:
    made = contract(payments__tax={"rate": 0.2, "included": included})
    assert base(made).base_case("limit_used[contract]") == pytest.approx(50 / 80)


def test_a_price_for_how_much_of_a_limit_is_used() -> None:
    answer = sib.price_for(
        contract(), "payments.rules.job.price", {"limit_used[contract]": 0.9}, confidence=None,
        runs=4096,
    )  # fmt: skip
    # 50 jobs expected; hardly a run in which 80,000 is passed: 0.9 × 80,000 / 50, up to chance
    assert answer.low < answer.value < answer.high
    assert abs(answer.value - 1440) < 15
