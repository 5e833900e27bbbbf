"""With uncertainty, shared luck and chance off one run equals a calculation by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from generate import Data

from sibmodel import Contract, simulate
from sibmodel.model.returns import npv
from sibmodel.model.stages import Stages
from sibmodel.plan import Plan
from sibmodel.results import Results
from sibmodel.walk import BASE_CASE, Switches

# 100 people, 60 of kind a and 40 of kind b; 50 start in each of years 0 and 1: 30 a and 20 b.
# A year later 80% of a and 50% of b have a home: 24 + 10 = 34 of each start.
# A year after that half of those have a job: 12 + 5 = 17 of each start.
#
#   year                      0        1         2         3
#   homes                              34        34
#   jobs, a and b                             12 + 5    12 + 5
#   homes at 1,000                  34,000    34,000
#   jobs at 4,000 and 5,000                   73,000    73,000     (48,000 + 25,000)
#   payments                        34,000   107,000    73,000     214,000 in all
#   set up                 20,000
#   team                   30,000   30,000    30,000
#   200 for each start     10,000   10,000
#   costs                  60,000   40,000    30,000               130,000 in all
DATA: Data = {
    "schema": 1,
    "name": "worked by hand",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 4},
    "cohorts": {"people": {"groups": {"a": 60, "b": 40}, "intake": [50, 50], "alikeness": 0.1}},
    "outcomes": {
        "home": {"rate": {"by_group": {"a": 0.8, "b": 0.5}}, "anyway": 0.2, "after": 1},
        "job": {"needs": "home", "rate": 0.5, "anyway": 0.25, "after": 1},
    },
    "payments": {
        "rules": {
            "home": {"pays": "home", "price": 1000},
            "job": {"pays": "job", "price": {"by_group": {"a": 4000, "b": 5000}}},
        },
        "limits": {"contract": 300000},
        "payers": {"council": 0.75, "fund": 0.25},
    },
    "delivery": {
        "costs": {
            "set_up": {"amount": 20000, "at": 0},
            "team": {"per_period": 30000, "for": 3},
            "people": {"per_start": 200},
        }
    },
    "capital": {
        "recycle": True,
        "tranches": {"investor": {"commitment": 70000, "share_of_surplus": 1.0}},
    },
}


def changed(**limits: float) -> Data:
    """The example with other limits."""
    data = copy.deepcopy(DATA)
    data["payments"]["limits"] = limits
    return data


def base_case(data: Data) -> Results:
    """The one run of a contract with everything switched off."""
    contract = Contract.from_dict(data)
    results = simulate(contract, uncertainty=False, shared_luck=False, chance=False)
    assert results.runs == 1
    return results


def flow(results: Results, name: str) -> np.ndarray:
    """A flow of the ledger by period, added over its other axes."""
    array = results.ledger[name].isel(run=0)
    return array.sum([axis for axis in array.dims if axis != "period"]).to_numpy()


def test_people_payments_and_costs_are_those_worked_by_hand() -> None:
    results = base_case(DATA)
    ledger = results.ledger.isel(run=0)
    home = ledger.achieved.sel(outcome="home")
    assert home.sel(group="people/a").to_numpy() == pytest.approx([0, 24, 24, 0])
    assert home.sel(group="people/b").to_numpy() == pytest.approx([0, 10, 10, 0])
    job = ledger.achieved.sel(outcome="job")
    assert job.sum("group").to_numpy() == pytest.approx([0, 0, 17, 17])
    # anyway: 50 × 0.2 = 10 homes, and 10 × 0.25 = 2.5 jobs of each start
    assert ledger.anyway.sel(outcome="home").sum("group").to_numpy() == pytest.approx(
        [0, 10, 10, 0]
    )
    assert ledger.anyway.sel(outcome="job").sum("group").to_numpy() == pytest.approx(
        [0, 0, 2.5, 2.5]
    )
    assert ledger.paid.sel(rule="home").to_numpy() == pytest.approx([0, 34_000, 34_000, 0])
    assert ledger.paid.sel(rule="job").to_numpy() == pytest.approx([0, 0, 73_000, 73_000])
    council = ledger.paid_by_payer.sel(payer="council").to_numpy()
    assert council == pytest.approx([0, 25_500, 80_250, 54_750])
    assert flow(results, "costs") == pytest.approx([60_000, 40_000, 30_000, 0])


def test_recycled_payments_lower_later_draws_and_surplus_waits_for_the_last_cost() -> None:
    # year 0: draws 60,000. Year 1: 34,000 comes in, 40,000 is due: draws 6,000.
    # year 2: 107,000 − 30,000 = 77,000 is left after the last cost: out. Year 3: 73,000: out.
    results = base_case(DATA)
    assert flow(results, "drawn") == pytest.approx([60_000, 6_000, 0, 0])
    assert flow(results, "distributed") == pytest.approx([0, 0, 77_000, 73_000])
    assert flow(results, "unmet") == pytest.approx([0, 0, 0, 0])
    # −60 − 6v + 77v² + 73v³ = 0: at 41% v = 0.709220 and the sum is
    # −60 − 4.255319 + 38.730446 + 26.041770 = 0.516897; at 42% v = 0.704225 and it is
    # −60 − 4.225352 + 38.186867 + 25.495287 = −0.543198; between them by a straight line 0.41488.
    irr = results.base_case("investor_irr")
    assert irr == pytest.approx(0.41488, abs=5e-5)
    flows = results.ledger.investor_cash_flow.to_numpy()
    assert npv(flows, rate=irr)[0] == pytest.approx(0, abs=1e-6)
    assert results.base_case("investor_multiple") == pytest.approx(150_000 / 66_000)
    assert results.base_case("capital_at_risk") == pytest.approx(66_000)
    assert results.base_case("payback") == 2


def test_a_contract_limit_cuts_the_claims_of_one_period_in_proportion() -> None:
    # year 1: 34,000, leaving 66,000 of 100,000. Year 2 earns 107,000: each rule gets 66/107.
    results = base_case(changed(contract=100_000))
    paid = results.ledger.paid.isel(run=0)
    assert paid.sel(rule="home").to_numpy() == pytest.approx([0, 34_000, 34_000 * 66 / 107, 0])
    assert paid.sel(rule="job").to_numpy() == pytest.approx([0, 0, 73_000 * 66 / 107, 0])
    # the account: 66,000 − 30,000 = 36,000 goes out in year 2; 66,000 had been drawn
    assert flow(results, "distributed") == pytest.approx([0, 0, 36_000, 0])
    assert results.base_case("investor_loses") == 1


def test_costs_beyond_the_commitment_are_not_met() -> None:
    data = copy.deepcopy(DATA)
    data["capital"]["tranches"]["investor"]["commitment"] = 50_000
    # year 0: 50,000 of 60,000. Year 1: 34,000 of 40,000. Neither lack is paid later.
    results = base_case(data)
    assert flow(results, "unmet") == pytest.approx([10_000, 6_000, 0, 0])
    assert flow(results, "distributed") == pytest.approx([0, 0, 77_000, 73_000])


def test_without_recycling_costs_are_drawn_and_payments_leave_at_once() -> None:
    data = copy.deepcopy(DATA)
    data["capital"]["recycle"] = False
    data["capital"]["tranches"]["investor"]["commitment"] = 200_000
    results = base_case(data)
    assert flow(results, "drawn") == pytest.approx([60_000, 40_000, 30_000, 0])
    assert flow(results, "distributed") == pytest.approx([0, 34_000, 107_000, 73_000])


# --- a limit per person without chance ------------------------------------------------------------


def test_a_limit_per_person_without_chance_uses_evenly_spread_people() -> None:
    # Whoever has a job had 1,000 for the home, so 3,500 is left of 4,500, for a and for b: jobs
    # pay 17 × 3,500 = 59,500 a start. Even people stand for shares to 1 in 4,096.
    results = base_case(changed(person=4500))
    paid = results.ledger.paid.isel(run=0)
    assert paid.sel(rule="home").to_numpy() == pytest.approx([0, 34_000, 34_000, 0])
    assert paid.sel(rule="job").to_numpy() == pytest.approx([0, 0, 59_500, 59_500], rel=1e-3)


@pytest.mark.parametrize(("togetherness", "paid"), [(0.0, 7500), (1.0, 5000)])
def test_even_people_have_outcomes_together_as_often_as_real_ones(
    togetherness: float, paid: float
) -> None:
    # Two outcomes of half the people, 100 each, 100 a person: apart 3 in 4 have one or both, all
    # together 1 in 2.
    data: Data = {
        "schema": 1,
        "name": "two ladders",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": "year", "periods": 1},
        "cohorts": {"all": {"people": 100, "intake": [100], "togetherness": togetherness}},
        "outcomes": {name: {"cohort": "all", "rate": 0.5} for name in ("home", "job")},
        "payments": {
            "rules": {name: {"pays": name, "price": 100} for name in ("home", "job")},
            "limits": {"person": 100},
            "payers": {"council": 1.0},
        },
    }
    assert flow(base_case(data), "paid").sum() == pytest.approx(paid, rel=0.02)
    stages = Plan(Contract.from_dict(data)).stages(
        seed=0, block=0, switches=Switches(), details=False
    )
    # sd of a run: 100 × 10 × sqrt(3)/4 = 433 apart, 500 together; 4,096 runs
    assert stages.payments.sum(axis=0).mean() == pytest.approx(paid, abs=4 * 500 / 64)


def test_the_counts_path_and_the_person_path_give_one_answer() -> None:
    # The bonus is never earned (rate 0), so the limit, 6,000, never binds: but only a person by
    # person calculation can know.
    free = changed()
    free["outcomes"]["bonus"] = {"cohort": "people", "rate": 0.0, "after": 1}
    free["payments"]["rules"]["bonus"] = {"pays": "bonus", "price": 50_000}
    limited = copy.deepcopy(free)
    limited["payments"]["limits"] = {"person": 6000}
    for switches in (Switches(), Switches(chance=False), BASE_CASE):
        one, other = (
            Plan(Contract.from_dict(data)).stages(seed=0, block=0, switches=switches, details=True)
            for data in (free, limited)
        )
        np.testing.assert_allclose(one.paid.paid, other.paid.paid, rtol=1e-12, atol=1e-6)


# --- where a dearer price pays less ---------------------------------------------------------------


def one_person(rules: Data, limits: Data, payers: Data) -> Stages:
    """One person who achieves everything, each outcome in the period that ends its name."""
    outcomes = {name: {"rate": 1.0, "after": int(name[-1])} for name in rules}
    data: Data = {
        "schema": 1,
        "name": "one person",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": "year", "periods": 4},
        "cohorts": {"all": {"people": 1, "intake": [1]}},
        "outcomes": outcomes,
        "payments": {
            "rules": {name: {"pays": name, **rule} for name, rule in rules.items()},
            "limits": limits,
            "payers": payers,
        },
    }
    return Plan(Contract.from_dict(data)).stages(seed=0, block=0, switches=Switches(), details=True)


@pytest.mark.parametrize(("price", "paid"), [(40, 100), (60, 90)])
def test_where_limits_cross_a_dearer_price_can_pay_less(price: float, paid: float) -> None:
    # A person's limit of 100 is met before a payer's of 40: the limits cross, since the payer pays
    # only for x_1 and the person's limit covers y_1 too. At 40 the person claims 40 + 60 = 100,
    # all paid. At 60 the claims are 120, cut to 100 in proportion: 50 for each rule; of the first
    # 50 the payer pays 40. 40 + 50 = 90. Such contracts are exempt from the law of dearer prices.
    stages = one_person(
        {
            "x_1": {"price": price, "payers": {"council": 1.0}},
            "y_1": {"price": 60, "payers": {"fund": 1.0}},
        },
        {"person": 100},
        {"council": {"share": 1.0, "limits": {"total": 40}}, "fund": 0.0},
    )
    assert stages.paid.paid.sum(axis=(0, 1)) == pytest.approx(paid)


@pytest.mark.parametrize(("price", "paid"), [(40, [40, 40, 20]), (60, [50, 50, 0])])
def test_only_what_is_finally_paid_uses_a_persons_limit_up(price: float, paid: list[float]) -> None:
    # Three claims in three years, at most 100 a person and 50 a year of the payer. Were the
    # person's limit used up by what the payer then cuts (60 in the first year), the second year
    # would find 40 left, and 60 would pay 90 in all where 40 pays 100. It is used up by what is
    # paid: 50, then 50.
    stages = one_person(
        {f"claim_{year}": {"price": price} for year in (1, 2, 3)},
        {"person": 100},
        {"council": {"share": 1.0, "limits": {"period": 50}}},
    )
    assert stages.paid.paid.sum(axis=0)[1:, 0] == pytest.approx(paid)
