"""Tax within costs uses nothing up: whoever bears the cost pays it to the tax authority."""

from __future__ import annotations

from typing import Any

import pytest

import sibmodel as sib

WORTH = {
    "prices": {"base": "2020", "inflation": 0.0},
    "value": {"discount": {"rate": 0.0}, "benefits": {"good": {"of": "helped", "per_outcome": 0,
              "to": "council"}}},
}  # fmt: skip


def table(costs: Any, capital: Any = None, **payments: Any) -> Any:
    """The incidence of a payment of 200, worked by hand beside each test."""
    data: Any = {
        "schema": 1,
        "name": "taxed",
        "currency": "GBP",
        "timeline": {"start": "2020-01-01", "step": "year", "periods": 6},
        "cohorts": {"people": {"people": 1, "intake": [1]}},
        "outcomes": {"helped": {"rate": 1.0, "anyway": 0.0}},
        "payments": {
            "rules": {"fixed": {"due": [2], "amount": 200}},
            "payers": {"council": 1.0},
            **payments,
        },
        "delivery": {"costs": costs},
        **WORTH,
    }
    if capital is not None:
        data["capital"] = capital
    contract = sib.Contract.from_dict(data)
    results = sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)
    return results.incidence()


TAXED = {"service": {"amount": 100, "tax": 0.2}}
LOAN = {"tranches": {"loan": {"commitment": 1000, "share_of_surplus": 1.0}}}


@pytest.mark.parametrize("capital", [None, LOAN], ids=["no capital", "a loan"])
def test_a_cost_of_100_and_20_of_tax_costs_society_100(capital: Any) -> None:
    found = table(TAXED, capital)
    assert found.costs["society"] == pytest.approx(-100)
    assert found.payments["tax_authority"] == pytest.approx(20)
    assert found.payments["society"] == pytest.approx(0)


def test_what_is_not_met_the_provider_pays_with_its_tax() -> None:
    short = {"tranches": {"loan": {"commitment": 60, "share_of_surplus": 1.0}}}
    found = table(TAXED, short)
    assert found.costs["society"] == pytest.approx(-100)
    assert found.costs["provider"] == pytest.approx(-50)
    assert found.payments["tax_authority"] == pytest.approx(20)


def test_a_fee_that_nobody_pays_is_not_taxed() -> None:
    short = {"tranches": {"loan": {"commitment": 0, "share_of_surplus": 1.0}}}
    found = table({"fee": {"amount": 100, "tax": 0.2, "to": "manager"}}, short)
    assert found.costs["manager"] == pytest.approx(-100)
    assert found.payments["tax_authority"] == pytest.approx(0)
    assert found.net["provider"] == pytest.approx(0)


def test_a_payers_own_costs_are_taxed_too() -> None:
    own = {"council": {"per_period": 10, "tax": 0.2}}
    found = table({"service": {"amount": 100}}, running_costs=own)
    assert found.costs["council"] == pytest.approx(-60)
    assert found.payments["tax_authority"] == pytest.approx(12)
