"""Prices, perspectives and incidence on figures worked by hand."""

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.contract.files import contract_warnings
from sibmodel.contract.value import Prices
from sibmodel.model.price_levels import price_level, to_base
from sibmodel.model.value import dated
from sibmodel.pages import plots, tables

BASE = {
    "schema": 1,
    "name": "Value by hand",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
    "parties": {"council": {"public": True}, "nhs": {"public": True}},
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
            "work": {
                "of": "job",
                "per_outcome": 2000,
                "to": "nhs",
                "kind": "fiscal",
                "prices": "2027-28",
            }
        },
    },
}


def base_case(**changes):
    contract = sib.Contract.from_dict(BASE).replace(
        {path.replace("__", "."): value for path, value in changes.items()}
    )
    return sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)


def test_one_index_from_the_series_and_inflation_beyond_it():
    prices = Prices(base="2027-28", inflation=0.02, deflator={"2010-11": 80})
    assert price_level(prices, 2012) == pytest.approx(80 * 1.02**2)
    series = {"2024-25": 120.0, "2025-26": 123.0}
    prices = Prices(base="2027-28", inflation=0.02, deflator=series)
    # 2027-28 is two years of inflation beyond the last figure: 123 × 1.02²
    assert to_base(prices, "2024-25") == pytest.approx(123 * 1.02**2 / 120)
    assert to_base(prices, "2023-24") == pytest.approx(123 * 1.02**3 / 120)


def test_a_series_with_a_hole_is_a_fault():
    with pytest.raises(ValueError, match="lacks a year between 2024 and 2026"):
        Prices(base="2027-28", deflator={"2024-25": 100, "2026-27": 104})


def test_a_percentage_for_a_share_is_a_fault():
    with pytest.raises(sib.ContractError, match=r"for 2% write 0\.02"):
        base_case(prices__inflation=2)


def test_the_financial_year_is_that_of_the_day_money_is_dated():
    timeline = (
        sib.Contract.from_dict(BASE)
        .replace({"timeline.start": "2027-01-01", "timeline.timing": "middle"})
        .timeline
    )
    assert dated(timeline)[0].isoformat() == "2027-07-02"
    results = base_case(timeline__start="2027-01-01", timeline__timing="middle")
    assert results.base_case("payments_in_year[2028-29]") == 50_000


def test_net_value_is_benefits_less_costs_for_every_perspective():
    # 50 achieved at 1,000; 30 additional at 2,000 to the nhs; 20,000 of resources
    results = base_case()
    assert results.base_case("net_present_value[council]") == -50_000
    assert results.base_case("net_present_value[public]") == 60_000 - 50_000
    assert results.base_case("net_present_value[society]") == 60_000 - 20_000
    assert results.base_case("benefit_cost_ratio[society]") == 3
    public_provider = base_case(parties__provider={"public": True})
    # what a public provider is paid stays in the public purse
    assert public_provider.base_case("costs_present_value[public]") == 20_000
    for name in ("council", "public", "society"):
        for found in (results, public_provider):
            assert found.base_case(f"net_present_value[{name}]") == pytest.approx(
                found.base_case(f"benefits_present_value[{name}]")
                - found.base_case(f"costs_present_value[{name}]")
            )


def test_a_transfer_moves_value_and_cash_but_makes_none():
    results = base_case(
        **{"value__benefits__work__from": "council", "value__benefits__work__cashable": 1}
    )
    assert results.base_case("net_present_value[society]") == -20_000
    assert results.base_case("benefits_present_value[public]") == 0
    assert results.base_case("cashable_benefits_present_value[public]") == 0
    assert results.base_case("cashable_benefits_present_value[council]") == -60_000


def test_a_benefit_without_anyway_is_undefined_not_nothing():
    results = base_case(outcomes__job__anyway=None)
    table = results.incidence()
    assert np.isnan(table.loc["nhs", "net"])
    assert np.isnan(table.loc["society", "net"])
    assert table.loc["council", "net"] == -50_000
    assert table.attrs["undefined"] == {"work": "anyway not stated for job"}
    assert results.reason("net_present_value[society]") == "anyway not stated for job"
    shown = tables.incidence(results).set_index("party")
    assert np.isnan(shown.loc["nhs", ["cash_savings", "other_benefits", "net"]].astype(float)).all()
    assert "nhs undefined" in plots.incidence(results).alt


def test_society_has_no_value_where_no_cost_is_stated():
    results = base_case(delivery=None)
    assert results.reason("benefit_cost_ratio[society]") == "no delivery costs are stated"
    assert results.base_case("net_present_value[public]") == 10_000


def test_the_hurdle_discounts_from_where_money_is_dated():
    capital = {"hurdle": 0.1, "tranches": {"fund": {"commitment": 20000, "share_of_surplus": 1.0}}}
    at_start = base_case(capital=capital)
    # −20,000 now and 50,000 a year later
    assert at_start.base_case("investor_present_value") == pytest.approx(50_000 / 1.1 - 20_000)
    at_end = base_case(capital=capital, timeline__timing="end")
    assert at_end.base_case("investor_present_value") == pytest.approx(
        (50_000 / 1.1 - 20_000) / 1.1
    )


@pytest.mark.parametrize("name", ["account", "public", "society"])
def test_names_of_perspectives_are_not_for_parties(name):
    with pytest.raises(sib.ContractError, match=f"no party can be called '{name}'"):
        base_case(value__benefits__work__to=name)


def test_a_reviewer_is_told_of_what_is_unused_or_unpriced():
    contract = sib.Contract.from_dict(BASE | {"assumptions": {"spare": 0.3}})
    contract = contract.replace({"value.benefits.work.prices": None})
    said = " ".join(contract_warnings(contract))
    assert "assumptions that nothing uses: spare" in said
    assert "no price year is stated for the benefits work" in said


def test_what_cancels_over_all_parties_is_shown_as_nothing():
    table = sib.simulate(sib.load_contract("examples/homes_and_work.yaml"), runs=50).incidence()
    assert table.loc["society", ["payments", "transfers", "return"]].tolist() == [0, 0, 0]
    assert table.loc["society", "net"] == pytest.approx(table.iloc[:-1]["net"].sum())
