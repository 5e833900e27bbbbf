"""Comparators: the same people under other arrangements, on figures worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.questions.comparators import (
    comparators,
    do_nothing,
    fee_for_service,
    in_house,
    without_investors,
)
from sibmodel.questions.compare import Comparison, compare

BOND = sib.library.load("closed_form_bond")
HOMES = sib.load_contract(Path(__file__).parents[1] / "examples" / "homes_and_work.yaml")
RUNS = 600


def with_costs(**costs: object) -> sib.Contract:
    """The bond with other delivery costs."""
    return BOND.replace({"delivery.costs": costs})


def base_case(contract: sib.Contract) -> sib.Results:
    return sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)


@pytest.fixture(scope="module")
def homes() -> Comparison:
    return compare(comparators(HOMES, by="council"), runs=RUNS)


# --- the same people ------------------------------------------------------------------------------


def test_all_but_do_nothing_meet_the_same_people(homes: Comparison) -> None:
    contract = homes.results[-1]
    outcomes = [f"outcomes_achieved[{name}]" for name in HOMES.outcomes]
    assert len(homes.results) == 5
    for result in homes.results:
        assert (result.measure("people_started") == contract.measure("people_started")).all()
    for result in homes.results[1:]:
        for name in outcomes:
            assert (result.measure(name) == contract.measure(name)).all()
    nothing = homes.results[0]
    assert (nothing.measure(outcomes[0]) < contract.measure(outcomes[0])).mean() > 0.99


def test_nothing_is_additional_where_nothing_is_done(homes: Comparison) -> None:
    nothing = homes.results[0]
    for name in HOMES.outcomes:
        assert nothing.measure(f"outcomes_achieved[{name}]").any()
        assert (nothing.measure(f"outcomes_additional[{name}]") == 0).all()
    for party in ("council", "public", "society", "provider"):
        assert (nothing.measure(f"net_present_value[{party}]") == 0).all()


def test_who_pays_moves_no_value_of_society(homes: Comparison) -> None:
    # delivery costs are the same real resources, whoever bears them
    name = "net_present_value[society]"
    contract = homes.results[-1].measure(name)
    for result in homes.results[1:]:
        assert np.allclose(result.measure(name), contract, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize("place", range(5))
def test_the_incidence_of_each_adds_up_to_society(homes: Comparison, place: int) -> None:
    table = homes.results[place].incidence()
    parties, society = table.iloc[:-1], table.loc["society"]
    assert society[["payments", "transfers", "return"]].tolist() == [0, 0, 0]
    for column in table.columns:
        assert society[column] == pytest.approx(parties[column].sum(), abs=1e-6)
    contract = homes.results[-1].incidence().loc["society"] if place else 0 * society
    assert society.tolist() == pytest.approx(contract.tolist(), rel=1e-9, abs=1e-6)


def test_every_comparator_of_the_library_can_be_simulated() -> None:
    # one of each kind: a bond with coupons, a guarantee, terms by performance, no delivery costs
    left_out = {
        "newpin_nsw": {"payment by results"},  # what is paid is due to the bond
        "rikers_able": set(),
        "utah_preschool": {"do nothing"},  # anyway is not stated
        "work_programme": {"do nothing", "fee for service", "in-house", "payment by results"},
    }
    every = {"do nothing", "fee for service", "in-house", "payment by results"}
    for name, missing in left_out.items():
        contract = sib.library.load(name)
        found = comparators(contract)
        told = {one.name.removeprefix(f"{contract.name}: ") for one in found[:-1]}
        assert told == every - missing, name
        for one in found:
            assert base_case(one).base_case("outcome_payments") >= 0


# --- do nothing -----------------------------------------------------------------------------------


def test_what_happens_is_what_would_have_happened_anyway() -> None:
    some = BOND.replace({"outcomes.success.anyway": 0.25})
    nothing = sib.simulate(do_nothing(some), RUNS, keep="measures")
    contract = sib.simulate(some, RUNS, keep="measures")
    anyway = contract.measure("outcomes_anyway[success]")
    assert (nothing.measure("outcomes_achieved[success]") == anyway).all()
    assert nothing.expected("outcome_payments") == nothing.expected("delivery_costs") == 0


def test_an_uncertain_anyway_is_one_draw_of_both() -> None:
    # uniform from 0.1 to 0.3 of 200 people: mean 40, and 20 to 60 but for chance
    unsure = {"uniform": [0.1, 0.3], "source": "test"}
    nothing = do_nothing(BOND.replace({"outcomes.success.anyway": unsure}))
    assert nothing.outcomes["success"].rate == nothing.outcomes["success"].anyway
    assert nothing.assumptions["success_anyway"].uniform == (0.1, 0.3)
    results = sib.simulate(nothing, 4096, keep="measures")
    assert results.expected("outcomes_achieved[success]") == pytest.approx(40, abs=1)
    assert results.measure("outcomes_achieved[success]").std() > 10
    assert (results.measure("outcomes_additional[success]") == 0).all()


def test_an_anyway_by_group_stays_one_draw_over_groups() -> None:
    groups = {"groups": {"young": 100, "old": 100}, "intake": [200]}
    anyway = {"by_group": {"young": {"uniform": [0.1, 0.3]}, "old": {"uniform": [0.2, 0.6]}}}
    contract = BOND.replace({"cohorts.people": groups, "outcomes.success.anyway": anyway})
    nothing = do_nothing(contract)
    both = [
        sib.simulate(one, 4096, chance=False, keep="measures").measure(name)
        for one, name in (
            (nothing, "outcomes_achieved[success]"),
            (contract, "outcomes_anyway[success]"),
        )
    ]
    # 100 (0.1 + 0.2 u) + 100 (0.2 + 0.4 u) = 30 + 60 u: sd 60 / sqrt(12) = 17.3, and 12.9 apart
    for counts in both:
        assert counts.mean() == pytest.approx(60, abs=1)
        assert counts.std() == pytest.approx(60 / np.sqrt(12), rel=0.03)


def test_a_correlation_with_itself_and_with_what_is_gone_is_dropped() -> None:
    assert len(HOMES.correlations) == 1  # of a rate with its own anyway
    assert do_nothing(HOMES).correlations == ()
    joined = HOMES.replace(
        {
            "correlations[1]": {
                "between": ["outcomes.moves_in.anyway", "outcomes.job_13_weeks.anyway"],
                "spearman": 0.4,
            }
        }
    )
    [left] = do_nothing(joined).correlations
    assert set(left.between) == {"moves_in_anyway", "job_13_weeks_anyway"}
    assert left.spearman == 0.4


def test_without_anyway_nobody_knows_what_nothing_would_do() -> None:
    silent = BOND.replace({"outcomes.success.anyway": None})
    with pytest.raises(ValueError, match="anyway is not stated for success"):
        do_nothing(silent)
    assert next(one.name for one in comparators(silent)) == f"{BOND.name}: fee for service"


# --- a fee ----------------------------------------------------------------------------------------


def test_the_fee_is_the_expected_cost_by_period_with_a_margin() -> None:
    # period 0: 40,000 + 200 × 300 + 10,000 = 110,000; period 1: 10,000 × 1.1 + 80 × 50 = 15,000
    # with 10% inflation on the team alone. With a tenth on top 121,000 and 16,500.
    contract = with_costs(
        set_up={"amount": 40000},
        people={"per_start": 300},
        team={"per_period": 10000, "inflation": 0.1},
        bonus={"per_outcome": {"success": 50}},
    )
    fee = fee_for_service(contract, margin=0.1)
    results = sib.simulate(fee, RUNS)
    paid = results.ledger["paid_by_payer"].sel(payer="council")
    assert np.allclose(paid, [121_000, 16_500], rtol=1e-12)
    costs = results.measure("delivery_costs")
    assert results.measure("provider_net") == pytest.approx(137_500 - costs, rel=1e-9)
    assert costs.std() > 0  # which the provider bears


def test_costs_of_finance_go_and_shares_of_payments_stay_as_expected() -> None:
    # expected payments 200 × 0.4 × 5,000 = 400,000 in period 1; a tenth of them is 40,000
    contract = with_costs(
        service={"amount": 100000},
        arranging={"amount": 9000, "purpose": "finance"},
        watching={"rate": 0.02, "of": "outstanding"},
        of_that={"share": 0.5, "of": "watching"},
        bonus={"share": 0.1, "of": "payments"},
    )
    fee = fee_for_service(contract)
    assert set(fee.delivery.costs) == {"service", "bonus"}
    assert fee.delivery.costs["bonus"].amounts == {1: pytest.approx(40_000)}
    assert base_case(fee).base_case("outcome_payments") == pytest.approx(140_000)
    assert set(without_investors(contract).delivery.costs) == {"service", "bonus"}
    assert without_investors(contract).delivery.costs["bonus"].share == 0.1
    own = in_house(contract)
    assert base_case(own).base_case("cost_to_payers") == pytest.approx(140_000)


def test_each_payer_keeps_its_share_without_limits() -> None:
    payers = {"council": {"share": 0.25, "limits": {"total": 1000}}, "fund": "rest"}
    split = BOND.replace({"payments.payers": payers})
    results = base_case(fee_for_service(split))
    assert results.base_case("outcome_payments[council]") == pytest.approx(90_000)
    assert results.base_case("outcome_payments[fund]") == pytest.approx(270_000)
    # where shares go by rule: as the expected payments are split, 100,000 to 300,000
    rules = {
        "success": {"pays": "success", "price": 3750, "payers": {"fund": 1.0}},
        "start": {"pays": "people", "price": 500, "payers": {"council": 1.0}},
    }
    by_rule = split.replace(
        {"payments.rules": rules, "payments.payers": {"council": 0.5, "fund": 0.5}}
    )
    results = base_case(fee_for_service(by_rule))
    assert results.base_case("outcome_payments[council]") == pytest.approx(90_000)


def test_what_else_would_differ_is_said() -> None:
    changes = {"outcomes.success.rate": 0.3, "delivery.costs.service.amount": 300000}
    fee = fee_for_service(BOND, changes=changes, name="block contract")
    results = base_case(fee)
    assert fee.name == "block contract"
    assert results.base_case("outcome_payments") == pytest.approx(300_000)
    assert results.base_case("outcomes_achieved[success]") == 60
    nothing = do_nothing(BOND, changes={"outcomes.success.rate": 0.1})
    assert base_case(nothing).base_case("outcomes_achieved[success]") == 20


# --- in-house, and without investors --------------------------------------------------------------


def test_who_delivers_bears_the_costs() -> None:
    valued = BOND.replace(
        {
            "prices": {"base": "2027-28", "inflation": 0.0},
            "value": {"discount": {"rate": 0.0}},
            "payments.running_costs": {"council": {"amount": 5000}},
            "delivery.costs.service.tax": 0.2,
        }
    )
    results = base_case(in_house(valued))
    table = results.incidence()
    moved = table.loc["council", ["payments", "costs", "transfers", "return", "net"]]
    assert moved.tolist() == [-72_000, -365_000, 0, 0, -437_000]
    assert table.loc["tax_authority", "payments"] == 72_000
    assert table.loc["provider", "net"] == 0
    assert results.base_case("cost_to_payers") == 437_000
    assert results.base_case("provider_net") == 0
    assert results.about("cost_to_payers").about.endswith("own running and delivery costs, nominal")


def test_without_investors_the_provider_bears_the_gap() -> None:
    results = sib.simulate(without_investors(BOND), RUNS)
    gap = 5000 * results.measure("outcomes_achieved[success]") - 360_000
    assert results.measure("provider_net") == pytest.approx(gap)
    assert (gap < 0).any()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"delivery.by": "nobody"}, "there is no payer called 'nobody'"),
        ({"delivery.by": "council"}, "with capital the account meets the costs"),
    ],
)
def test_only_a_payer_delivers_and_only_without_capital(
    changes: dict[str, object], fault: str
) -> None:
    contract = BOND if "capital" in fault else without_investors(BOND)
    with pytest.raises(sib.ContractError, match=fault):
        contract.replace(changes)


def test_faulty_questions() -> None:
    bare = without_investors(BOND).replace({"delivery": None})
    two = BOND.replace({"payments.payers": {"council": 0.5, "fund": 0.5}})
    for faulty, fault in (
        (lambda: fee_for_service(bare), "states no delivery costs"),
        (lambda: fee_for_service(BOND, margin=-2), "-1 or more"),
        (lambda: in_house(bare), "states no delivery costs"),
        (lambda: in_house(two), "say which payer delivers: by= one of council, fund"),
        (lambda: in_house(two, by="nobody"), "known are: council, fund"),
        (lambda: without_investors(sib.library.load("newpin_nsw")), "due to bond"),
    ):
        with pytest.raises(ValueError, match=fault):
            faulty()
