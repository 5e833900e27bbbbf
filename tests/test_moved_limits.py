"""A payer's limit whose excess another payer has: it binds, takes nothing, and moves money."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import sibmodel as sib
from sibmodel import Contract


def contract(fund: Any) -> Contract:
    """100 people, half of them in work a quarter later, at 10 each; the council pays up to 300."""
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "Work",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 4},
            "parties": {"council": {"public": True}, "fund": {"public": True}},
            "cohorts": {"people": {"people": 100, "intake": [100]}},
            "outcomes": {"work": {"rate": 0.5, "after": 1}},
            "payments": {
                "rules": {"work": {"pays": "work", "price": 10}},
                "payers": {"council": {"share": 0.8, "limits": {"total": 300}}, "fund": fund},
            },
        }
    )


# 50 in work earn 500: the council's share is 400, of which its limit leaves 300. The other 100
# falls to the fund where it has the rest, and is not paid where it has not.
LIMIT = "payer council.total"


def test_a_limit_that_leaves_money_to_another_payer_binds() -> None:
    results = sib.simulate(contract("rest"), runs=200, seed=0)
    base = {name: results.estimates[name].base_case for name in results.names}
    assert base[f"moved_by_limits[{LIMIT}]"] == pytest.approx(100)
    assert base[f"taken_by_limits[{LIMIT}]"] == 0
    assert base[f"limit_binds[{LIMIT}]"] == 1
    assert base["outcome_payments[fund]"] == pytest.approx(200)
    # run by run: what moves is what the council would have paid above 300
    achieved = results.measure("outcomes_achieved[work]")
    moved = results.measure(f"moved_by_limits[{LIMIT}]")
    assert moved == pytest.approx((8 * achieved - 300).clip(min=0))
    assert results.measure(f"limit_binds[{LIMIT}]") == pytest.approx((8 * achieved > 300) * 1.0)
    assert LIMIT not in results.idle_limits
    assert "to another payer" in repr(results)


def test_without_a_payer_with_the_rest_nothing_moves() -> None:
    results = sib.simulate(contract(0.2), runs=200, seed=0)
    assert f"moved_by_limits[{LIMIT}]" not in results.names
    assert results.estimates[f"taken_by_limits[{LIMIT}]"].base_case == pytest.approx(100)


def test_a_settlement_says_what_moved() -> None:
    table = pd.DataFrame({"outcome": ["work"], "period": [1], "number": [50]})
    settled = sib.settle(contract("rest"), table)
    assert settled.paid == 500
    assert f"the limit {LIMIT} left GBP 100.00 to the payer with the rest" in settled.notes
