"""IRR and XIRR: a corpus of known flows, other programs, dates, and rules for several roots."""

from __future__ import annotations

import datetime
import doctest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import numpy_financial
import pandas as pd
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sibmodel.model.returns import Irr, irr, xirr

Floats = npt.NDArray[np.float64]

CORPUS: dict[str, dict[str, Any]] = YAML(typ="safe").load(Path(__file__).parent / "cash_flows.yaml")


def flows_of(case: dict[str, Any]) -> Floats:
    """Flows of a case of the corpus, (period,)."""
    flows: list[float] = []
    for flow in case["flows"]:
        times, _, amount = flow.partition(" x ") if isinstance(flow, str) else (1, "", flow)
        flows += [float(amount)] * int(times)
    return np.array(flows)


def asked(case: dict[str, Any], **rule: Any) -> Irr:
    """What irr or xirr finds for a case."""
    if "dates" in case:
        return xirr(flows_of(case), case["dates"], **rule)
    return irr(flows_of(case), periods_per_year=case.get("periods_per_year", 1), **rule)


def near(found: Irr, rate: float, case: dict[str, Any]) -> bool:
    """Whether a rate is as near to that expected as the case says."""
    return bool(abs(found.rate[0] - rate) <= float(case.get("within", 1e-9 * (1 + rate))))


def years_of(case: dict[str, Any]) -> Floats:
    """When the flows fall, in years, (period,)."""
    if "dates" in case:
        days = np.array(case["dates"], dtype="datetime64[D]").astype(float)
        return (days - days.min()) / 365
    return np.arange(len(flows_of(case))) / case.get("periods_per_year", 1)


def relative_residual(flows: Floats, years: Floats, rate: Floats) -> Floats:
    """Present value at the rate over that of the flows all taken as positive, (run,)."""
    present = -np.log1p(rate)[:, None] * years
    discount = np.exp(present - present.max(axis=1, keepdims=True))
    value, size = np.atleast_2d(flows) * discount, np.abs(flows) * discount
    residual: Floats = np.abs(value.sum(axis=1)) / size.sum(axis=1)
    return residual


# --- the corpus -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORPUS)
def test_known_flows(name: str) -> None:
    case = CORPUS[name]
    assert case["source"]
    found = asked(case)
    assert found.names.tolist() == [case["status"]]
    if "rate" not in case:
        assert np.isnan(found.rate[0])
        return
    assert near(found, case["rate"], case)
    if case["status"] != "total_loss":
        assert relative_residual(flows_of(case), years_of(case), found.rate)[0] < 1e-10


@pytest.mark.parametrize("rule", ["lowest", "highest", "nearest"])
@pytest.mark.parametrize("name", CORPUS)
def test_rules_for_several_roots(name: str, rule: str) -> None:
    case, plain = CORPUS[name], asked(CORPUS[name])
    nearest = case.get("nearest", {"guess": 0.1})
    found = asked(case, several=rule, guess=nearest["guess"] if rule == "nearest" else None)
    assert found.names.tolist() == [case["status"]]  # a rule gives a rate and hides nothing
    if case["status"] != "several":
        np.testing.assert_array_equal(found.rate, plain.rate)
        return
    assert relative_residual(flows_of(case), years_of(case), found.rate)[0] < 1e-10
    expected = nearest.get("rate") if rule == "nearest" else case.get(rule)
    if expected is not None:
        assert near(found, expected, case)


def test_the_corpus_has_every_status() -> None:
    for dated in (False, True):
        seen = {case["status"] for case in CORPUS.values() if ("dates" in case) is dated}
        assert seen == {"ok", "total_loss", "no_outlay", "several", "none", "extreme"}


# --- other programs -------------------------------------------------------------------------------


def random_flows(seed: int, runs: int, periods: int = 28) -> Floats:
    """Flows of four kinds in turn: investments, an account's, signs at random, long tails."""
    rng = np.random.default_rng(seed)
    period, part = np.arange(periods), runs // 4
    outlay = rng.integers(1, 12, (part, 1))
    back = rng.gamma(2, 8, (part, periods)) * rng.lognormal(-0.5, 0.7, (part, 1)) * outlay / 4
    invested = np.where(period < outlay, -rng.uniform(10, 100, (part, periods)), back)
    costs = np.where(period < 18, 100.0, 0.0) * rng.uniform(0.8, 1.2, (part, 1))
    paid = np.where(period > 3, rng.gamma(3, 30, (part, periods)), 0.0)
    netted = paid * rng.lognormal(0, 0.4, (part, 1)) - costs
    normal = rng.normal(size=(part, periods))
    heavy = rng.standard_t(2, size=(part, periods)) * (rng.random((part, periods)) < 0.2)
    return np.concatenate([invested, netted, normal, heavy])


def check_against_pyxirr(found: Irr, flows: Floats, years: Floats, theirs: Floats) -> None:
    """One root: the same rate, where pyxirr has found a root. No root: it has found none.

    What it answers is no root where the present value is not nil beside the flows: it takes one
    that is small for such, and at 1e30 or so all but the first flow are.
    """
    one, none = np.isin(found.names, ["ok", "extreme"]), found.names == "none"
    root = np.zeros(len(flows), dtype=bool)
    answered = np.flatnonzero(~np.isnan(theirs))
    root[answered] = relative_residual(flows[answered], years, theirs[answered]) < 1e-8
    assert root[one].mean() > 0.95
    assert not root[none].any()
    apart = np.abs(theirs - found.rate)[one & root] / (1 + found.rate[one & root])
    assert apart.max() < 1e-6
    assert np.mean(apart < 1e-8) > 0.99
    assert relative_residual(flows[one], years, found.rate[one]).max() < 1e-12


def test_100_000_random_flows_agree_with_pyxirr() -> None:
    flows = random_flows(seed=0, runs=100_000)
    flows = flows[(flows > 0).any(axis=1) & (flows < 0).any(axis=1)]  # pyxirr refuses others
    found, years = irr(flows), np.arange(28.0)
    theirs = np.array([pyxirr.irr(flow) for flow in flows], dtype=float)
    assert np.isin(found.names, ["ok", "extreme"]).sum() > 70_000
    assert (found.names == "several").sum() > 10_000
    check_against_pyxirr(found, flows, years, theirs)

    some = (found.names == "several") & ~np.isnan(theirs)
    lowest, highest = (irr(flows[some], several=rule).rate for rule in ("lowest", "highest"))
    assert (theirs[some] >= lowest - 1e-6 * (1 + lowest)).all()
    assert (theirs[some] <= highest + 1e-6 * (1 + highest)).all()
    assert relative_residual(flows[some], years, lowest).max() < 1e-12
    assert relative_residual(flows[some], years, highest).max() < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_random_dated_flows_agree_with_pyxirr(seed: int) -> None:
    rng = np.random.default_rng(seed)
    flows = random_flows(seed=seed, runs=8_000)
    flows = flows[(flows > 0).any(axis=1) & (flows < 0).any(axis=1)]
    days = np.datetime64("2020-01-31") + np.sort(rng.integers(0, 3000, 28))
    found = xirr(flows, days)
    # a rate beyond these has lost the digits of 1 + rate, or nearly all its money to one flow
    told = ~((found.rate < -0.9999) | (found.rate > 1e6))
    assert told.mean() > 0.95
    found, flows = Irr(found.rate[told], found.status[told]), flows[told]
    dates = days.tolist()
    theirs = np.array([pyxirr.xirr(dates, flow) for flow in flows], dtype=float)
    years = (days - days[0]).astype(float) / 365
    check_against_pyxirr(found, flows, years, theirs)


def test_agrees_with_numpy_financial() -> None:
    # 1.0 takes the root nearest nil of several, so it is asked of investments alone
    flows = random_flows(seed=1, runs=800)[:200]
    others = np.array([numpy_financial.irr(flow) for flow in flows])
    np.testing.assert_allclose(irr(flows).rate, others, rtol=1e-7, atol=1e-7)


# --- dates ----------------------------------------------------------------------------------------


def test_dates_a_year_apart_are_periods() -> None:
    flows = random_flows(seed=2, runs=400, periods=12)
    days = np.datetime64("2021-01-01") + 365 * np.arange(12)
    regular, dated = irr(flows, several="lowest"), xirr(flows, days, several="lowest")
    assert regular.names.tolist() == dated.names.tolist()
    np.testing.assert_allclose(dated.rate, regular.rate, rtol=1e-9, atol=1e-9)


@given(st.permutations(range(6)), st.integers(0, 3000))
def test_neither_order_nor_first_date_changes_a_rate(order: list[int], later: int) -> None:
    flows = np.array([[-60.0, -40.0, 30.0, 50.0, -5.0, 45.0], [-1.0, 0, 0, 3.0, 0, 0]])
    days = np.datetime64("2020-02-28") + np.array([0, 0, 400, 733, 733, 1500])
    plain, moved = xirr(flows, days), xirr(flows[:, order], days[order] + later)
    assert plain.names.tolist() == moved.names.tolist()
    np.testing.assert_allclose(moved.rate, plain.rate, rtol=1e-12)


@given(st.lists(st.integers(-9, 9), min_size=6, max_size=6))
def test_a_date_without_money_changes_nothing(flows: list[int]) -> None:
    days = np.datetime64("2020-02-28") + np.array([0, 31, 400, 733, 800, 1500])
    more_days = np.append(days, [np.datetime64("2019-01-01"), days[0] + 500, days[-1] + 900])
    plain, padded = xirr(flows, days), xirr([*flows, 0, 0, 0], more_days)
    assert plain.names.tolist() == padded.names.tolist()
    np.testing.assert_allclose(padded.rate, plain.rate, rtol=1e-6, atol=1e-6)


def test_dates_may_be_written_in_several_ways() -> None:
    flows, texts = [-1000, 1100], ["2020-01-01", "2021-01-01"]
    days = [datetime.date.fromisoformat(text) for text in texts]
    rates = [
        xirr(flows, written).rate[0]
        for written in (texts, days, np.array(days, "datetime64[s]"), pd.DatetimeIndex(days))
    ]
    assert len(set(rates)) == 1


def test_dates_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 flows a run want as many dates; there are 1"):
        xirr([-1, 2], ["2020-01-01"])
    with pytest.raises(ValueError, match=r"number 1 \(from 0\) is missing"):
        xirr([-1, 2], np.array(["2020-01-01", "NaT"], "datetime64[D]"))
    days = ["2021-01-01", "2020-01-01", "2021-01-01"]
    with pytest.raises(ValueError, match="run 1, period 2 is nan"):  # the caller's place
        xirr([[0, 0, 0], [0, 0, np.nan]], days)


# --- rules ----------------------------------------------------------------------------------------


def test_rules_that_cannot_be_are_refused() -> None:
    for rule, guess in (("nearest", None), ("lowest", 0.1), ("undefined", 0.1)):
        with pytest.raises(ValueError, match="guess"):
            irr([-1, 2], several=rule, guess=guess)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='several is "first"; it may be undefined, lowest'):
        irr([-1, 2], several="first")  # type: ignore[arg-type]


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9), st.floats(-0.9, 5))
def test_the_nearest_lies_between_and_the_guess_is_met(flows: list[int], guess: float) -> None:
    lowest, highest = (irr(flows, several=rule).rate[0] for rule in ("lowest", "highest"))
    nearest = irr(flows, several="nearest", guess=guess).rate[0]
    if np.isnan(nearest):
        assert np.isnan(lowest)
        assert np.isnan(highest)
        return
    assert lowest <= nearest <= highest
    assert abs(nearest - guess) <= min(abs(lowest - guess), abs(highest - guess))
    assert irr(flows, several="nearest", guess=nearest).rate[0] == nearest


def test_a_rate_by_a_rule_is_a_rate_a_year() -> None:
    # 10% and 20% a quarter: 46.41% and 107.36% a year; 0.8 a year is nearer to the second
    flows = [-100, 230, -132]
    found = irr(flows, periods_per_year=4, several="nearest", guess=0.8)
    assert found.rate[0] == pytest.approx(1.2**4 - 1)
    assert irr(flows, periods_per_year=4, several="lowest").rate[0] == pytest.approx(1.1**4 - 1)


def test_the_examples_of_the_page_run() -> None:
    page = Path(__file__).parents[1] / "docs" / "returns.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert failed == 0
    assert tried > 5
