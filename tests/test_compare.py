"""Contracts compared run by run, against figures worked by hand."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.questions.compare import Comparison, compare

BOND = sib.library.load("closed_form_bond")
HOMES = sib.load_contract(Path(__file__).parents[1] / "examples" / "homes_and_work.yaml")
PRICE = "payments.rules.success.price"


def dearer(price: float = 5500, name: str = "dearer") -> sib.Contract:
    return BOND.replace({PRICE: price}, name=name)


@pytest.fixture(scope="module")
def bonds() -> Comparison:
    return compare([BOND, dearer()], runs=4096)


@pytest.fixture(scope="module")
def homes() -> Comparison:
    return compare(
        [
            HOMES,
            HOMES.replace({"payments.rules.job_13_weeks.price": 5600}, name="dearer jobs"),
            HOMES.replace({"cohorts.young_people.referrals": 0.5}, name="half the referrals"),
        ],
        runs=2000,
    )


# --- known answers --------------------------------------------------------------------------------


def test_a_dearer_price_is_paid_for_each_success(bonds: Comparison) -> None:
    achieved = bonds.results[0].measure("outcomes_achieved[success]")
    assert (bonds.difference("outcome_payments") == 500 * achieved).all()
    # Successes are Binomial(200, 0.4): mean 80, sd sqrt(48). So 500 × 80 = 40,000, and an error
    # of 500 × 6.9282 / sqrt(4096) = 54.127 where unpaired it is 6.9282 / 64 × sqrt(5000² + 5500²).
    row = bonds.summary().loc[("outcome_payments", "dearer")]
    assert row["difference"] == pytest.approx(40_000, abs=4 * 54.127)
    assert row["mc_error"] == pytest.approx(54.127, rel=0.04)
    assert row["reference"] + row["difference"] == pytest.approx(row["expected"], rel=1e-12)
    assert (row["higher"], row["lower"], row["undefined"]) == (1, 0, 0)
    assert row["unit"] == "GBP"


def test_percentiles_are_of_the_differences(bonds: Comparison) -> None:
    # Binomial(200, 0.4) has its 5th, 50th and 95th percentiles at 69, 80 and 91 (scipy.stats.binom
    # .ppf); 4,096 runs may miss by one.
    row = bonds.summary().loc[("outcome_payments", "dearer")]
    for percent, successes in ((5, 69), (50, 80), (95, 91)):
        assert row[f"p{percent}"] == pytest.approx(500 * successes, abs=500)


def test_the_ratio_of_means_moves_by_the_price_alone(bonds: Comparison) -> None:
    # Payments for each success are the price in every run: 5,500 - 5,000, with no error.
    row = bonds.summary().loc[("cost_per_outcome[success]", "dearer")]
    assert row["difference"] == pytest.approx(500, rel=1e-9)
    assert row["mc_error"] == pytest.approx(0, abs=1e-6)
    assert (row["p5"], row["p95"]) == (500, 500)


def test_shares_of_runs_of_a_measure_that_is_0_or_1(bonds: Comparison) -> None:
    # Investors lose below 360,000 / price: fewer than 72 successes at 5,000, than 66 at 5,500
    # (65.45). So the dearer contract turns the runs with 66 to 71 successes and no other.
    achieved = bonds.results[0].measure("outcomes_achieved[success]")
    turned = ((achieved >= 66) & (achieved <= 71)).mean()
    row = bonds.summary().loc[("investor_loses", "dearer")]
    assert turned > 0.05
    assert row["lower"] == turned
    assert row["higher"] == 0
    assert row["difference"] == pytest.approx(-turned, rel=1e-9)


def test_the_expected_irr_is_that_of_the_mean_cash_flow(bonds: Comparison) -> None:
    # 360,000 becomes price × mean successes a year later: rates price × mean / 360,000 - 1.
    mean = bonds.results[0].expected("outcomes_achieved[success]")
    row = bonds.summary().loc[("investor_irr", "dearer")]
    assert row["reference"] == pytest.approx(5000 * mean / 360_000 - 1, abs=1e-9)
    assert row["difference"] == pytest.approx(500 * mean / 360_000, abs=1e-9)
    assert math.isnan(row["mc_error"])
    assert "mean cash flow" in row["note"]
    assert "mc_error at most" in row["note"]


def test_half_the_referrals_bring_half_the_people(homes: Comparison) -> None:
    assert (homes.results[2].measure("people_started") == 100).all()  # half of the 200 planned
    row = homes.summary(["people_started"]).loc[("people_started", "half the referrals")]
    assert row["expected"] == 100
    assert row["difference"] == pytest.approx(100 - row["reference"], rel=1e-12)


def test_better_goes_by_the_direction_of_the_measure(bonds: Comparison) -> None:
    # A dearer price is better for whoever invests, worse for whoever pays for one; payments
    # themselves are better neither up nor down.
    table = bonds.summary().xs("dearer", level="contract")
    assert (
        table.loc["investor_multiple", "better"] == table.loc["investor_multiple", "higher"] > 0.9
    )
    assert table.loc["cost_per_outcome[success]", "better"] == 0
    assert table.loc["investor_loses", "better"] == table.loc["investor_loses", "lower"] > 0.05
    assert math.isnan(table.loc["outcome_payments", "better"])
    assert table.loc["people_started", "better"] == 0
    assert math.isnan(table.loc["net_present_value[society]", "better"])  # undefined


def test_contracts_side_by_side() -> None:
    alone = BOND.replace({"capital": None, PRICE: 5500}, name="<alone>")
    names = ["outcome_payments", "investor_irr", "investor_loses", "net_present_value[society]"]
    comparison = compare([BOND, alone], runs=1000)
    table = comparison.table([*names, "cost_per_outcome[success]", "net_present_value[account]"])
    assert list(table.columns) == [BOND.name, "<alone>"]
    paid, rate, loses, worth, each, account = table["<alone>"]
    low, high = (comparison.results[1].percentile("outcome_payments", p) for p in (5, 95))
    mean = comparison.results[1].expected("outcome_payments")
    assert paid == f"GBP {mean:,.0f} (GBP {low:,.0f} to GBP {high:,.0f})"
    assert rate == loses == "undefined: the contract has no capital"
    assert worth == "undefined: the contract has no value section, so no discount schedule"
    assert each == "GBP 5,500"  # in every run
    assert account == "not in this contract"
    assert table.loc["Whether investors get back less than they put in", BOND.name].endswith("%")
    assert "&lt;alone&gt;" in table._repr_html_()
    assert "Outcome payments, all payers, nominal" in comparison.table().index
    with pytest.raises(KeyError, match="did you mean 'outcome_payments'"):
        comparison.table(["outcome_payment"])


# --- pairing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [BOND, HOMES], ids=["bond", "homes"])
def test_a_contract_compared_with_itself_is_zero_everywhere(contract: sib.Contract) -> None:
    comparison = compare([contract, contract.replace({}, name="the same")], runs=1000)
    assert np.isinf(comparison.results[0].measure("payback")).any()  # never and never: no change
    for name in comparison.names:
        if comparison.results[0].about(name).undefined is None:
            change = comparison.difference(name)
            assert (change[~np.isnan(change)] == 0).all(), name
    summary = comparison.summary()
    defined = summary[summary["undefined"] < 1000]
    zero = defined[["difference", "p5", "p50", "p95", "higher", "lower"]]
    assert (zero == 0).all(axis=None)
    assert defined["mc_error"].dropna().eq(0).all()


def test_a_price_alone_changes_no_outcome_people_or_cost(homes: Comparison) -> None:
    alike = ("outcomes_", "people_", "delivery_", "benefits_", "net_present_value[society]")
    same = [name for name in homes.names if name.startswith(alike)]
    assert len(same) > 12
    for name in same:
        assert (homes.difference(name, 1) == 0).all(), name
    assert (homes.difference("outcome_payments", 1) >= 0).all()
    assert (homes.difference("outcome_payments", 1) > 0).any()


def test_pairing_lessens_the_error(homes: Comparison) -> None:
    summary = homes.summary()
    for name in ("outcome_payments", "cost_per_outcome[job_13_weeks]", "investor_multiple"):
        paired = summary.loc[(name, "dearer jobs"), "mc_error"]
        unpaired = math.hypot(*(result.mc_error(name) for result in homes.results[:2]))
        assert 0 < paired < 0.5 * unpaired, name


def test_the_error_of_a_difference_of_ratios_is_that_seen_between_batches() -> None:
    # 160 batches of 256 runs: the sd of their differences over sqrt(160) estimates the same error,
    # itself known to about 1 / sqrt(2 × 159) = 6%.
    fewer = BOND.replace({PRICE: 5500, "outcomes.success.anyway": 0.1}, name="some anyway")
    reference = BOND.replace({"outcomes.success.anyway": 0.2}, name="more anyway")
    comparison = compare([reference, fewer], runs=160 * 256)
    ratios = []
    for result in comparison.results:
        over, under = (
            result.measure(name).reshape(160, 256).sum(axis=1)
            for name in ("cost_to_payers", "outcomes_additional[success]")
        )
        ratios.append(over / under)
    seen = (ratios[1] - ratios[0]).std(ddof=1) / math.sqrt(160)
    name = "cost_per_additional_outcome[success]"
    assert comparison.summary([name])["mc_error"].item() == pytest.approx(seen, rel=0.2)


def test_each_contract_is_simulated_as_it_is_alone_and_anywhere() -> None:
    with ThreadPoolExecutor(2) as threads:
        comparison = compare([BOND, dearer()], runs=5000, seed=3, executor=threads, progress=False)
    for result, contract in zip(comparison.results, [BOND, dearer()], strict=True):
        alone = sib.simulate(contract, runs=5000, seed=3)
        assert (result.measure("investor_irr") == alone.measure("investor_irr")).all()


# --- what cannot be compared ----------------------------------------------------------------------


def rare(rate: float, price: float, name: str) -> sib.Contract:
    return BOND.replace({"outcomes.success.rate": rate, PRICE: price}, name=name)


def test_runs_in_which_either_is_undefined_are_left_out_and_counted() -> None:
    # Nobody of 200 succeeds with chance 0.96^200 = 0.00028 and 0.97^200 = 0.00226.
    name = "cost_per_outcome[success]"
    for rate, withheld in ((0.04, False), (0.03, True)):
        comparison = compare([rare(rate, 5000, "a"), rare(rate, 6000, "b")], runs=40_960)
        row = comparison.summary([name]).loc[(name, "b")]
        nobody = int((comparison.results[0].measure("outcomes_achieved[success]") == 0).sum())
        assert row["undefined"] == nobody > 0
        assert np.isnan(comparison.difference(name)).sum() == nobody
        assert f"undefined in {nobody} runs: nobody achieved success" in row["note"]
        assert row["difference"] == pytest.approx(1000, rel=1e-9)
        assert ("withheld" in row["note"]) is withheld
        assert np.isnan([row["p50"], row["higher"], row["lower"]]).all() == withheld
        assert withheld or (row["p50"], row["higher"]) == (1000, 1)


def test_a_measure_that_only_one_contract_has_is_listed() -> None:
    more = BOND.replace(
        {"outcomes.second": {"needs": "success", "rate": 0.5, "after": 0}}, name="with a second"
    )
    comparison = compare([BOND, more], runs=200)
    row = comparison.summary().loc[("outcomes_achieved[second]", "with a second")]
    assert row["note"] == "only in with a second"
    assert row["expected"] == pytest.approx(40, abs=3)
    assert np.isnan([row["reference"], row["difference"], row["p50"], row["higher"]]).all()
    assert np.isnan(comparison.difference("outcomes_achieved[second]")).all()
    assert "second" not in repr(comparison).replace("with a second", "")


def test_a_measure_that_only_a_third_contract_has_is_in_neither_of_two() -> None:
    more = BOND.replace({"outcomes.second": {"needs": "success", "rate": 0.5}}, name="a second")
    table = compare([BOND, dearer(), more], runs=50).summary(["outcomes_achieved[second]"])
    assert list(table["note"]) == ["in neither of the two contracts", "only in a second"]


def test_a_ratio_that_no_run_has() -> None:
    name = "cost_per_outcome[success]"
    row = compare([rare(0, 5000, "a"), rare(0.5, 5000, "b")], runs=50).summary([name]).iloc[0]
    assert np.isnan([row["reference"], row["difference"], row["mc_error"], row["p50"]]).all()
    assert row["undefined"] == 50
    assert row["expected"] > 0


def test_a_measure_undefined_in_one_says_in_which_and_why() -> None:
    unsure = BOND.replace({"outcomes.success.anyway": None}, name="not said")
    row = (
        compare([BOND, unsure], runs=200)
        .summary()
        .loc[("outcomes_additional[success]", "not said")]
    )
    assert row["note"] == "undefined in not said: anyway not stated for success"
    assert row["undefined"] == 200
    assert math.isnan(row["difference"])


def test_real_money_of_different_years_is_not_subtracted() -> None:
    later = HOMES.replace({"prices.base": "2028-29"}, name="later prices")
    comparison = compare([HOMES, later], runs=100)
    summary = comparison.summary(["net_present_value[society]", "outcome_payments"])
    assert "real money of 2027-28 at 2027-04-01" in summary["note"].iloc[0]
    assert np.isnan(comparison.difference("net_present_value[society]")).all()
    assert math.isnan(summary["difference"].iloc[0])
    assert summary["difference"].iloc[1] == 0


# --- shape and errors -----------------------------------------------------------------------------


def test_one_row_for_each_measure_and_contract(homes: Comparison) -> None:
    names = ["outcome_payments", "investor_irr"]
    table = homes.summary(names)
    others = ["dearer jobs", "half the referrals"]
    assert list(table.index) == [(name, other) for name in names for other in others]
    assert len(homes.summary()) == 2 * len(homes.names)
    assert list(table.columns[4:9]) == ["p5", "p25", "p50", "p75", "p95"]
    few = compare([BOND, dearer()], runs=50, percentiles=(10, 90))
    assert list(few.summary().columns[4:6]) == ["p10", "p90"]


@pytest.mark.parametrize(
    ("contracts", "fault"),
    [
        ([BOND], "two contracts or more"),
        (BOND, "two contracts or more"),
        ([BOND, BOND.replace({PRICE: 1})], r"2 contracts are called .*replace\(\{…\}, name="),
        ([BOND, BOND.replace({"currency": "EUR"}, name="abroad")], "in EUR and GBP"),
    ],
)
def test_contracts_that_cannot_be_compared(contracts: list[sib.Contract], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        compare(contracts, runs=10)


def test_faulty_questions(bonds: Comparison) -> None:
    with pytest.raises(KeyError, match="did you mean 'outcome_payments'"):
        bonds.difference("outcome_payment")
    with pytest.raises(KeyError, match="did you mean 'investor_irr'"):
        bonds.summary(["investor_ir"])
    for which in (0, 2, -1):
        with pytest.raises(IndexError, match="1 to 1"):
            bonds.difference("outcome_payments", which)
    with pytest.raises(ValueError, match="between 0 and 100"):
        compare([BOND, dearer()], runs=10, percentiles=(5, 105))


def test_the_printed_view_shows_both_and_the_difference(homes: Comparison) -> None:
    text = repr(homes)
    assert "3 contracts before the same people: 2,000 runs, seed 0" in text
    assert "half the referrals, against Young people into homes and work" in text
    started = next(line for line in text.splitlines()[20:] if "People who started" in line)
    assert " 100 " in started
    assert "−" in started
    assert started.endswith(" 0%   100%")
    assert "no change" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_view_in_a_notebook_is_escaped() -> None:
    html = compare([BOND, dearer(name="<b>dearer</b> & more")], runs=50)._repr_html_()
    assert "&lt;b&gt;dearer&lt;/b&gt; &amp; more, against A bond with a closed form" in html
    assert html.count("<table>") == html.count("</table>") == 1
