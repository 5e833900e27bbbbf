"""Scenarios: known answers, the same people, the faults a user will make."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sibmodel as sib
from sibmodel.model import chance
from sibmodel.questions.scenarios import scenarios

PRICE, LIMIT = "payments.rules.success.price", "payments.limits.contract"


def bond(**changes: Any) -> sib.Contract:
    return sib.library.load("closed_form_bond").replace(changes)


def test_a_grid_pays_what_the_binomial_says() -> None:
    # 200 people at 0.4: 80 × price without a limit; at 80 paid outcomes 386,198.46 of 400,000
    # (worked by summing the distribution); both grow with the price
    found = scenarios(
        bond(),
        {PRICE: [4000, 5000], LIMIT: [80 * 4000, 80 * 5000, 10**7]},
        measures=["outcome_payments"],
        runs=40_960,
    )
    table = found.grid("outcome_payments")
    assert table.index.tolist() == [4000, 5000]
    assert table.columns.tolist() == [320_000, 400_000, 10**7]
    share = 386_198.46 / 400_000
    rows = found.of("outcome_payments").set_index([PRICE, LIMIT])
    for price, limit, wanted in (
        (4000, 320_000, 320_000 * share),
        (4000, 10**7, 320_000),
        (5000, 400_000, 400_000 * share),
        (5000, 10**7, 400_000),
    ):
        row = rows.loc[(price, limit)]
        assert abs(row["expected"] - wanted) < 4 * row["mc_error"]
    # what is paired is certain: run by run 1,000 more for each of 80.0 achieved
    dearer = scenarios(bond(), {"dearer": {PRICE: 6000}}, measures=["outcome_payments"], runs=4096)
    row = dearer.of("outcome_payments").loc["dearer"]
    achieved = sib.simulate(bond(), 4096).measure("outcomes_achieved[success]")
    assert row["difference"] == pytest.approx(1000 * achieved.mean())
    assert row["difference_error"] == pytest.approx(1000 * achieved.std() / 64, rel=1e-3)


def test_a_grid_of_prices_and_limits_draws_no_person_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Counter[tuple[str, int]] = Counter()
    made = chance.PersonUniforms.__init__

    def counted(self: chance.PersonUniforms, seed: int, name: str, block: int, **how: bool) -> None:
        opened[name, block] += 1
        made(self, seed, name, block, **how)

    monkeypatch.setattr(chance.PersonUniforms, "__init__", counted)
    # a limit a person can reach in some scenarios and not in others
    found = scenarios(
        sib.load_contract("examples/homes_and_work.yaml"),
        {
            "payments.rules.job_13_weeks.price": [3000, 5000],
            "payments.limits.person": [6000, 50_000],
            LIMIT: [500_000, None],
        },
        measures=["outcome_payments", "limit_binds[contract]"],
        runs=5000,
    )
    assert len(found.names) == 8
    assert found.drawn == 2  # two blocks of 4,096 runs
    assert opened
    assert set(opened.values()) == {1}


def test_each_scenario_is_what_simulating_it_gives() -> None:
    contract = sib.load_contract("examples/homes_and_work.yaml")
    changes = {
        "as it is": {},
        "dearer": {"payments.rules.job_13_weeks.price": 5500},
        "fewer come": {"cohorts.young_people.referrals": 0.6},
        "no capital": {"capital": None},
    }
    asked = ["outcome_payments", "investor_irr", "benefit_cost_ratio[public]"]
    found = scenarios(contract, changes, measures=asked, runs=500)
    assert found.paths == ()
    for name, change in changes.items():
        alone = sib.simulate(contract.replace(change), 500, keep="measures")
        for measure in asked:
            row = found.of(measure).loc[name]
            np.testing.assert_allclose(row["expected"], alone.expected(measure), rtol=1e-12)
            np.testing.assert_allclose(row["p95"], alone.percentile(measure, 95), rtol=1e-12)
    assert found.of("investor_irr").loc["no capital", "note"].startswith("the contract has no cap")
    assert found.of("outcome_payments").loc["as it is", "difference"] == 0


def test_a_limit_may_be_removed_and_values_stand_in_the_order_given() -> None:
    found = scenarios(
        bond(),
        {LIMIT: [None, 300_000], PRICE: [5000, 4000]},
        measures=["outcome_payments"],
        runs=64,
    )
    table = found.grid("outcome_payments")
    assert table.columns.tolist() == [5000, 4000]
    assert np.isnan(table.index[0])
    assert table.iloc[1].max() <= 300_000 < table.iloc[0, 1]
    assert "removed" in repr(found)


def test_a_number_that_becomes_certain_leaves_its_correlation() -> None:
    contract = sib.load_contract("examples/homes_and_work.yaml")
    rate = "outcomes.job_13_weeks.anyway"
    assert any(rate in clause.between for clause in contract.correlations)
    found = scenarios(contract, {rate: [0.05, 0.15]}, runs=50, measures=["outcome_payments"])
    assert len(found.names) == 2


def test_the_table_is_tidy_and_the_views_follow_it() -> None:
    found = scenarios(
        bond(), {PRICE: [4500, 5500]}, measures=["outcome_payments", "people_started"], runs=64
    )
    assert list(found.table)[:5] == ["scenario", PRICE, "measure", "expected", "mc_error"]
    assert len(found.table) == 4
    assert found.table["unit"].tolist() == ["GBP", "people"] * 2
    assert found.names == ("price 4,500", "price 5,500")
    assert "price 5,500" in repr(found)
    assert "The same in every scenario: people_started 200." in repr(found)
    assert "<table" in found._repr_html_()
    assert isinstance(found.grid("outcome_payments", "p50"), pd.DataFrame)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "takes a grid"),
        ({PRICE: 5000}, "needs a list of one or more values: seen 5000"),
        ({PRICE: []}, "needs a list of one or more values"),
        ({PRICE: "5000"}, "needs a list"),
        ({PRICE: [5000, 5000.0]}, "5000 stands there twice"),
        ({PRICE: [5000], "dear": {PRICE: 6000}}, "a named list holds nothing but changes"),
    ],
)
def test_what_is_no_grid_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        scenarios(bond(), changes, runs=10)


def test_a_scenario_that_is_no_contract_is_named_before_anything_is_run() -> None:
    with pytest.raises(sib.ContractError, match=r"scenario 'price -1': must be 0 or more"):
        scenarios(bond(), {PRICE: [4500, -1]}, runs=10**9)
    with pytest.raises(sib.ContractError, match="did you mean 'price'"):
        scenarios(bond(), {"payments.rules.success.prize": [1]}, runs=10)
    with pytest.raises(sib.ContractError, match=r"payments\.limits\.contrct: scenario"):
        scenarios(bond(), {"payments.limits.contrct": [None]}, runs=10)
    with pytest.raises(KeyError, match="did you mean 'outcome_payments'"):
        scenarios(bond(), {PRICE: [1]}, measures=["outcome_payment"], runs=10)


def test_questions_put_to_scenarios_that_they_cannot_answer() -> None:
    found = scenarios(bond(), {"dear": {PRICE: 6000}}, measures=["outcome_payments"], runs=64)
    with pytest.raises(ValueError, match="a named list, not a grid"):
        found.grid("outcome_payments")
    with pytest.raises(KeyError, match="was not asked for; did you mean"):
        found.of("outcome_payment")
