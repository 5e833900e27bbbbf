"""One run from people to pounds, and what investors earn and stand to lose."""

from __future__ import annotations

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.model.returns import STATUSES

BOND = sib.library.load("closed_form_bond")
STACK = sib.library.load("made_up_stack")


def test_a_run_is_walked_from_people_to_pounds() -> None:
    results = sib.simulate(BOND, runs=20)
    told = results.explain(run=17)
    achieved = told["outcomes"].achieved.sum()
    assert told["people"].started.sum() == 200
    assert told["payers"].paid.sum() == achieved * 5000
    account = told["account"]
    assert account["payments"].sum() + account["drawn"].sum() == pytest.approx(
        account["met"].sum() + account["distributed"].sum()
    )
    assert told["measures"].value["investor_irr"] == results.measure("investor_irr")[17]
    text = repr(told)
    for title in ("run 17 of 20, seed 0", "Who started", "The account, period by period"):
        assert title in text


def test_without_a_run_it_is_the_median_one() -> None:
    results = sib.simulate(BOND, runs=101)
    told = results.explain()
    rate = results.measure("investor_irr")
    assert rate[told.run] == np.sort(rate)[50]
    assert (rate[: told.run] != rate[told.run]).all()


def test_no_such_run_and_no_ledger() -> None:
    with pytest.raises(ValueError, match="run must be from 0 to 19: seen 20"):
        sib.simulate(BOND, runs=20).explain(20)
    with pytest.raises(ValueError, match="the ledger was not kept"):
        sib.simulate(BOND, runs=20, keep="measures").explain(0)


def test_what_each_tranche_received_is_interest_principal_surplus_and_guarantees() -> None:
    results = sib.simulate(STACK, runs=50)
    table = results.explain(3)["tranches"]
    parts = table[["interest", "principal", "surplus", "guaranteed"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["received"])


def test_the_investors_table_has_the_closed_forms() -> None:
    results = sib.simulate(BOND, runs=8192)
    row = sib.investors(results).loc["all investors"]
    # worked by hand: all cost 360,000 is drawn at once, 400,000 expected a year later
    assert row.drawn == 360_000
    assert row.multiple == pytest.approx(400_000 / 360_000, abs=4 * 34_641 / 360_000 / 8192**0.5)
    assert row.p_loss == pytest.approx(0.109415, abs=4 * (0.1094 * 0.8906 / 8192) ** 0.5)
    assert row.weighted_average_life == 1
    multiple = np.sort(results.measure("investor_multiple"))
    assert row.multiple_cvar == pytest.approx(multiple[:409].mean(), rel=1e-3)
    assert row.multiple_var == multiple[409]


def test_grants_have_no_return() -> None:
    results = sib.simulate(STACK, runs=50)
    assert STACK.capital is not None
    grants = [n for n, t in STACK.capital.tranches.items() if t.repaid == "never"]
    assert grants
    assert not set(grants) & set(sib.investors(results).index)
    assert results.reason(f"investor_irr[{grants[0]}]") == "a grant is never repaid"
    assert results.expected(f"investor_drawn[{grants[0]}]") > 0


def test_xirr_by_run_has_a_status() -> None:
    results = sib.simulate(BOND, runs=64)
    found = sib.investor_xirr(results)
    rate, days = results.measure("investor_irr"), 365
    span = BOND.timeline.date(1) - BOND.timeline.date(0)
    expected = (1 + rate) ** (days / span.days) - 1
    np.testing.assert_allclose(found.rate, expected, atol=1e-12)
    assert set(np.array(STATUSES)[found.status]) <= {"ok", "total_loss"}
    with pytest.raises(ValueError, match="no tranche called 'x'"):
        sib.investor_xirr(results, "x")


def test_the_providers_cash_stands_in_the_ledger_by_period() -> None:
    results = sib.simulate(BOND.replace({"capital.tranches.investor.commitment": 300_000}), runs=8)
    assert results.ledger is not None
    flow = results.ledger["provider_cash_flow"].sum("period")
    # of 360,000 due at once 300,000 can be met: the provider bears the rest
    assert flow.to_numpy().tolist() == [-60_000] * 8
    assert results.measure("provider_exposure").tolist() == [60_000] * 8
