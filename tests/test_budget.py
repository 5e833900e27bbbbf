"""What a payer sets aside by financial year, on figures worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

import sibmodel as sib
from sibmodel.questions.budget import budget
from sibmodel.questions.top_up import top_up

BASE: dict[str, Any] = {
    "schema": 1,
    "name": "Budget by hand",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "half_year", "periods": 5},
    "parties": {"council": {"public": True}, "fund": {"public": True}},
    "cohorts": {"people": {"people": 100, "intake": [100]}},
    "outcomes": {"job": {"rate": 0.5, "anyway": 0.2, "after": 2}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 1000}},
        "payers": {"council": 0.8, "fund": 0.2},
        "running_costs": {"council": {"per_period": 1000}},
    },
    "delivery": {"costs": {"team": {"amount": 20000}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {"work": {"of": "job", "per_outcome": 2000, "to": "council", "cashable": 0.25}},
    },
}
# Paid in period 2, which begins on 1 April 2028: the council 0.8 × 1,000 for each of B(100, 0.5).


def simulated(runs: int = 10_000, **changes: Any) -> sib.Results:
    contract = sib.Contract.from_dict(BASE).replace(
        {path.replace("__", "."): value for path, value in changes.items()}
    )
    return sib.simulate(contract, runs, progress=False)


def test_a_council_s_years_by_hand() -> None:
    results = simulated()
    table = budget(results, "council").table
    assert list(table.index)[:3] == ["2027-28", "2028-29", "2029-30"]
    assert table.index[-1] == "all years"
    assert table["payments"]["2027-28"] == 0
    row = table.loc["2028-29"]
    # B(100, 0.5) has its 50th, 80th and 90th percentiles at 50, 54 and 56
    quantiles = [800.0 * binom.ppf(share, 100, 0.5) for share in (0.5, 0.8, 0.9)]
    assert [row["p50"], row["p80"], row["p90"]] == pytest.approx(quantiles, abs=800)
    assert row["payments"] == pytest.approx(40_000, abs=4 * 800 * 5 / math.sqrt(10_000))
    assert [table["running_costs"][year] for year in table.index] == [2000, 2000, 1000, 5000]


def test_expected_values_add_up_and_percentiles_do_not() -> None:
    spread = simulated(2000, cohorts__people__intake=[50, 0, 50])
    table = budget(spread).table
    years, total = table.iloc[:-1], table.iloc[-1]
    assert years["payments"].sum() == pytest.approx(total["payments"])
    assert years["p90"].sum() > total["p90"]
    assert total["p80"] == spread.percentile("outcome_payments", 80)
    assert "do not add up" in repr(budget(spread))


def test_all_payers_together_are_the_results_own_years() -> None:
    results = simulated(500)
    of_all = budget(results).table["payments"]
    own = results.payments_by_year()["expected"]
    for year in own.index:
        assert of_all[year] == pytest.approx(own[year])
    assert budget(results, "public").table["p90"].equals(budget(results).table["p90"])


def test_the_chance_of_passing_a_budget() -> None:
    # payments and 2,000 of running costs pass 42,000 where more than 50 achieve it
    table = budget(simulated(), "council", budget={"2028-29": 42_000}).table
    assert table["over"]["2028-29"] == pytest.approx(binom.sf(50, 100, 0.5), abs=0.02)
    assert table["over_low"]["2028-29"] < table["over"]["2028-29"] < table["over_high"]["2028-29"]
    assert math.isnan(table["over"]["2027-28"])
    # the last row is of the years named, not of the running costs of others
    assert table["over"]["all years"] == table["over"]["2028-29"]


def test_a_year_before_and_after_payments() -> None:
    table = budget(simulated(200), "council", budget={"2026-27": 10, "2035-36": 0}).table
    assert next(iter(table.index)) == "2026-27"
    assert table.index[-2] == "2035-36"
    assert list(table.loc["2026-27", ["payments", "p90", "running_costs", "over"]]) == [0] * 4


def test_years_of_the_calendar() -> None:
    table = budget(simulated(50, prices={"base": "2027"})).table
    assert list(table.index)[:3] == ["2027", "2028", "2029"]


def test_a_payer_without_benefits_saves_nothing_and_one_whose_value_is_unsaid_is_undefined() -> (
    None
):
    assert (budget(simulated(50), "fund").table["cashable_savings"] == 0).all()
    silent = budget(simulated(50, value=None), "council")
    assert silent.table["cashable_savings"].isna().all()
    assert silent.table["net"].isna().all()
    assert any("value" in note for note in silent.notes)
    unknown = budget(simulated(50, outcomes__job__anyway=None), "council")
    assert unknown.table["cashable_savings"].isna().all()
    assert any("anyway not stated for job" in note for note in unknown.notes)


def test_cashable_savings_and_what_is_left_to_find() -> None:
    results = simulated(2000)
    assert results.ledger is not None
    if "cashable_savings" not in results.ledger:
        pytest.skip("the ledger has no cashable savings by year")
    table = budget(results, "council").table
    # 30 additional × 2,000 × 0.25 = 15,000 in the year of the outcome
    error = 4 * 500 * math.sqrt(100 * 0.3 * 0.7 / 2000)
    assert table["cashable_savings"]["2028-29"] == pytest.approx(15_000, abs=error)
    row = table.loc["2028-29"]
    assert row["net"] == pytest.approx(
        row["payments"] + row["running_costs"] - row["cashable_savings"]
    )


def test_what_is_refused_says_what_to_do() -> None:
    results = simulated(20)
    with pytest.raises(KeyError, match="council"):
        budget(results, "counsil")
    with pytest.raises(ValueError, match="2028-29"):
        budget(results, budget={"2028": 5})
    with pytest.raises(ValueError, match="ledger"):
        budget(sib.simulate(results.contract, 20, keep="measures", progress=False))


# --- the top-up -----------------------------------------------------------------------------------


def test_a_fifth_paid_by_another_lifts_the_payer_s_ratio_by_a_quarter() -> None:
    table = top_up(simulated(500, payments__running_costs={})).table
    assert table["share_paid"]["council"] == pytest.approx(0.8)
    assert table["factor"]["council"] == pytest.approx(1 / 0.8)
    # 60,000 of benefits for 40,000, and for the whole 50,000
    assert table["ratio"]["council"] == pytest.approx(1.25 * table["ratio_if_alone"]["council"])
    assert table["factor"]["public"] == 1
    assert table["ratio"]["public"] == pytest.approx(table["ratio_if_alone"]["council"])


def test_running_costs_make_the_lift_smaller_and_the_text_says_why() -> None:
    found = top_up(simulated(500, payments__running_costs={"council": {"per_period": 2000}}))
    # (50,000 + 10,000) / (40,000 + 10,000)
    assert found.table["factor"]["council"] == pytest.approx(1.2, abs=0.002)
    told = " ".join(found.lines)
    assert told.startswith("Council pays 80% of the payments")
    assert math.isnan(found.table["factor"]["fund"])  # it gains nothing: there is no ratio to lift
    assert "1.25" in told
    assert "running costs" in told
    assert "public purse" in told


def test_a_sole_payer_has_no_top_up() -> None:
    found = top_up(simulated(20, payments__payers={"council": 1.0}))
    assert found.table.empty
    assert "one payer" in found.lines[0]


def test_contract_years_count_from_the_start_whatever_the_month() -> None:
    # quarters from 1 July: the first four are one contract year, and two financial years
    contract = sib.load_contract("examples/homes_and_work.yaml").replace(
        {"timeline.start": "2027-07-01"}
    )
    results = sib.simulate(contract, runs=200)
    table = budget(results, "council", years="contract", budget={"year 2": 1e9}).table
    assert list(table.index)[:2] == ["year 1", "year 2"]
    paid = results.ledger["paid_by_payer"].sel(payer="council").mean("run")  # type: ignore[index]
    assert table.loc["year 1", "payments"] == pytest.approx(float(paid[:4].sum()))
    assert table.loc["year 2", "payments"] == pytest.approx(float(paid[4:8].sum()))
    assert table.loc["all years", "payments"] == pytest.approx(
        budget(results, "council").table.loc["all years", "payments"]
    )
    assert table["cashable_savings"].isna().all()
    assert table.loc["year 2", "over"] == 0
    with pytest.raises(ValueError, match="is written year 2: seen '2028-29'"):
        budget(results, "council", years="contract", budget={"2028-29": 1})
    with pytest.raises(ValueError, match="years is financial or contract: seen 'tax'"):
        budget(results, years="tax")  # type: ignore[arg-type]
