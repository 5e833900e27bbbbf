"""Uncertain numbers: their distributions against scipy.stats, and what moves together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from generate import Data
from scipy import stats
from scipy.optimize import minimize
from scipy.special import ndtri

from sibmodel import Contract
from sibmodel.contract.assumptions import Assumption, Beta, Range
from sibmodel.contract.correlations import stated_matrix
from sibmodel.model.assumptions import (
    Assumptions,
    Distribution,
    beta_parameters,
    distribution,
    fit_beta_binomial,
)
from sibmodel.model.chance import BLOCK

SHARE = Range(0.0, 1.0, "share")
MONEY = Range(0.0, math.inf, "money")
ANY = Range(-math.inf, math.inf, "money")
U = np.concatenate([[1e-9, 1e-6, 1e-4], np.linspace(0.001, 0.999, 999), [1 - 1e-6, 1 - 1e-9]])


def made(wanted: Range = MONEY, **form: Any) -> Distribution:
    """The distribution a number states."""
    return distribution(Assumption.model_validate(form), wanted)


def at(found: Distribution, u: np.ndarray = U) -> np.ndarray:
    """Its quantiles."""
    return found.quantile(u, ndtri(u))


def test_pert_is_the_beta_of_the_textbook() -> None:
    # Source: α = 1 + 4(m−a)/(b−a), β = 1 + 4(b−m)/(b−a): for 5, 10, 20 they are 2.3333 and
    # 3.6667, and the mean is 10.8333
    found = made(pert=[5, 10, 20])
    assert found.mean == pytest.approx(10.8333, abs=5e-5)
    exact = stats.beta(7 / 3, 11 / 3, loc=5, scale=15)
    np.testing.assert_allclose(at(found), exact.ppf(U), atol=15e-6)
    assert at(found).min() >= 5
    assert at(found).max() <= 20


@pytest.mark.parametrize(("mean", "sd"), [(0.85, 0.05), (0.5, 0.28), (0.03, 0.02), (0.98, 0.01)])
def test_beta_by_mean_and_sd_has_them_and_its_table_is_close(mean: float, sd: float) -> None:
    found = made(SHARE, beta={"mean": mean, "sd": sd})
    size = mean * (1 - mean) / sd**2 - 1
    exact = stats.beta(mean * size, (1 - mean) * size)
    assert exact.mean() == pytest.approx(mean)
    assert exact.std() == pytest.approx(sd)
    np.testing.assert_allclose(at(found), exact.ppf(U), atol=2e-6)
    assert found.mean == pytest.approx(mean)


def test_beta_by_counts_is_the_same_project_again() -> None:
    # Source: Jeffreys, Beta(a + ½, n − a + ½)
    found = made(SHARE, beta={"achieved": 30, "of": 100})
    np.testing.assert_allclose(at(found), stats.beta(30.5, 70.5).ppf(U), atol=2e-6)
    assert found.mean == pytest.approx(30.5 / 101)
    assert "same project" in found.label


def test_elsewhere_adds_the_spread_between_places() -> None:
    # variance of Beta(30.5, 70.5) is 0.0020666; with an sd of 0.091 between places 0.0103476
    alpha, other, said = beta_parameters(Beta(achieved=30, of=100, elsewhere=0.091))
    assert alpha / (alpha + other) == pytest.approx(30.5 / 101)
    assert stats.beta(alpha, other).var() == pytest.approx(0.0020666 + 0.091**2, abs=1e-7)
    assert "another place" in said


# Entry into employment at the seven Fair Chance Fund projects, of those who had the first
# assessment. Source: final evaluation of the Fair Chance Fund, outcomes by project.
SITES = [[141, 406], [73, 162], [57, 209], [153, 345], [53, 273], [46, 138], [101, 322]]


def test_sites_are_fitted_by_maximum_likelihood() -> None:
    achieved, people = np.array(SITES).T

    def unlikely(x: np.ndarray) -> float:
        return -float(stats.betabinom(people, *np.exp(x)).logpmf(achieved).sum())

    best = minimize(unlikely, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8})
    alpha, other = fit_beta_binomial(np.array(SITES))
    assert unlikely(np.log([alpha, other])) <= best.fun + 1e-6
    assert [alpha, other] == pytest.approx(np.exp(best.x), rel=2e-3)
    # far wider than chance within one project alone
    assert stats.beta(alpha, other).std() > 2 * math.sqrt(0.34 * 0.66 / 265)


def test_sites_that_differ_by_chance_alone_have_hardly_any_spread() -> None:
    alpha, other = fit_beta_binomial(np.array([[30, 100], [31, 100], [29, 100]]))
    assert alpha / (alpha + other) == pytest.approx(0.3, abs=1e-3)
    assert stats.beta(alpha, other).std() < 0.002


def test_quartiles_give_the_beta_that_elicitation_gives() -> None:
    # Source: quartiles .50, .55, .60 → Beta(24.889, 20.409), least squares on the CDF (SHELF)
    found = made(SHARE, quantiles={0.25: 0.50, 0.5: 0.55, 0.75: 0.60})
    exact = stats.beta(24.889, 20.409)
    np.testing.assert_allclose(at(found), exact.ppf(U), atol=2e-5)
    assert found.mean == pytest.approx(24.889 / 45.298, abs=1e-5)


def test_quartiles_of_a_beta_give_it_back() -> None:
    exact = stats.beta(20, 15)
    found = made(SHARE, quantiles={q: float(exact.ppf(q)) for q in (0.25, 0.5, 0.75)})
    np.testing.assert_allclose(at(found), exact.ppf(U), atol=5e-6)


@pytest.mark.parametrize(
    ("wanted", "exact"), [(MONEY, stats.lognorm(0.4, scale=300)), (ANY, stats.norm(-20, 7))]
)
def test_quantiles_of_money_give_back_a_lognormal_and_a_normal(wanted: Range, exact: Any) -> None:
    found = made(wanted, quantiles={q: float(exact.ppf(q)) for q in (0.1, 0.5, 0.9)})
    np.testing.assert_allclose(at(found), exact.ppf(U), rtol=1e-6)
    assert found.mean == pytest.approx(exact.mean(), rel=1e-6)


def test_lognormal_has_the_mean_and_sd_stated() -> None:
    # Source: σ² = ln(1 + s²/μ²)
    found = made(lognormal={"mean": 1000, "sd": 300})
    exact = stats.lognorm(math.sqrt(math.log(1.09)), scale=1000 / math.sqrt(1.09))
    assert exact.mean() == pytest.approx(1000)
    assert exact.std() == pytest.approx(300)
    np.testing.assert_allclose(at(found), exact.ppf(U), rtol=1e-9)
    assert found.mean == 1000


def test_the_other_forms_are_those_of_scipy() -> None:
    np.testing.assert_allclose(
        at(made(triangular=[2, 3, 7])), stats.triang(0.2, loc=2, scale=5).ppf(U), rtol=1e-9
    )
    np.testing.assert_allclose(at(made(uniform=[2, 7])), stats.uniform(2, 5).ppf(U), rtol=1e-12)
    np.testing.assert_allclose(at(made(ANY, normal={"mean": 2, "sd": 7})),
                               stats.norm(2, 7).ppf(U), rtol=1e-9)  # fmt: skip
    assert made(triangular=[2, 3, 7]).mean == 4
    assert made(triangular=[2, 2, 7]).quantile(np.array([1e-9]), np.array([-6.0]))[0] >= 2


@pytest.mark.parametrize(("mean", "sd"), [(0.9, 0.2), (0.5, 0.1), (-0.3, 0.4)])
def test_a_truncated_normal_keeps_within_and_its_mean_is_that_of_what_is_left(
    mean: float, sd: float
) -> None:
    found = made(SHARE, normal={"mean": mean, "sd": sd}, truncated=True)
    exact = stats.truncnorm((0 - mean) / sd, (1 - mean) / sd, loc=mean, scale=sd)
    np.testing.assert_allclose(at(found), exact.ppf(U), atol=1e-7)
    assert found.mean == pytest.approx(exact.mean(), abs=1e-6)


# --- one draw of each a run -----------------------------------------------------------------------


def drawn(outcomes: Data, blocks: int = 4, **clauses: Any) -> dict[str, np.ndarray]:
    """Draws of every uncertain number of a contract, by path."""
    data = {
        "schema": 1,
        "name": "draws",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": "year", "periods": 1},
        "cohorts": {"all": {"groups": {"a": 5, "b": 5, "c": 5}, "intake": [15]}},
        "outcomes": outcomes,
        "payments": {
            "rules": {"rule": {"pays": next(iter(outcomes)), "price": 1}},
            "payers": {"council": 1.0},
        },
    } | clauses
    made_ready = Assumptions(Contract.from_dict(data))
    parts = [made_ready.draw(0, block).values for block in range(blocks)]
    return {
        name: np.concatenate([part[name] for part in parts])
        for name, value in parts[0].items()
        if np.ndim(value)
    }


def test_draws_have_the_distribution_and_the_mean_stated() -> None:
    found = drawn({"home": {"rate": {"pert": [0.2, 0.3, 0.6]}}})["outcomes.home.rate"]
    exact = stats.beta(2, 4, loc=0.2, scale=0.4)
    assert stats.kstest(found, exact.cdf).pvalue > 0.001
    assert found.mean() == pytest.approx(exact.mean(), abs=4 * exact.std() / math.sqrt(len(found)))


def test_a_spearman_correlation_is_reached_whatever_the_shapes() -> None:
    # Source: 2 sin(π ρ / 6): Spearman .5 → .5176 between normal scores
    outcomes = {"home": {"rate": {"pert": [0.2, 0.3, 0.9]},
                         "anyway": {"beta": {"mean": 0.1, "sd": 0.08}}}}  # fmt: skip
    between = ["outcomes.home.rate", "outcomes.home.anyway"]
    clause = [{"between": between, "spearman": 0.5}]
    found = drawn(outcomes, correlations=clause)
    one, other = (found[path] for path in between)
    assert stats.spearmanr(one, other).statistic == pytest.approx(0.5, abs=4 * 0.8 / 128)
    # and each by itself is as it was
    assert (
        stats.kstest(one, stats.beta(*_pert(0.2, 0.3, 0.9), loc=0.2, scale=0.7).cdf).pvalue > 1e-3
    )
    clause = [{"between": between, "kendall": -0.4}]
    found = drawn(outcomes, correlations=clause)
    one, other = (found[path] for path in between)
    assert stats.kendalltau(one, other).statistic == pytest.approx(-0.4, abs=4 * 0.6 / 128)


def _pert(low: float, mode: float, high: float) -> tuple[float, float]:
    alpha = 1 + 4 * (mode - low) / (high - low)
    return alpha, 6 - alpha


def test_spearman_a_half_is_0_5176_between_normal_scores() -> None:
    data = {"home": {"rate": {"uniform": [0, 1]}, "anyway": {"uniform": [0, 1]}}}
    contract = Contract.from_dict(
        {
            "schema": 1,
            "name": "two",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "year", "periods": 1},
            "cohorts": {"all": {"people": 1, "intake": [1]}},
            "outcomes": data,
            "correlations": [
                {"between": ["outcomes.home.rate", "outcomes.home.anyway"], "spearman": 0.5}
            ],
            "payments": {"rules": {"rule": {"pays": "home", "price": 1}},
                         "payers": {"council": 1.0}},
        }
    )  # fmt: skip
    _, matrix = stated_matrix(contract)
    assert matrix[0, 1] == pytest.approx(0.5176, abs=5e-5)


GROUPS = {g: {"beta": {"mean": m, "sd": 0.047}} for g, m in (("a", 0.3), ("b", 0.4), ("c", 0.5))}


def test_groups_move_together_unless_they_are_independent() -> None:
    joined = drawn({"home": {"rate": {"by_group": GROUPS}}})
    ranks = [np.argsort(np.argsort(joined[f"outcomes.home.rate@all/{g}"])) for g in "abc"]
    assert (ranks[0] == ranks[1]).all()
    assert (ranks[0] == ranks[2]).all()
    apart = drawn({"home": {"rate": {"by_group": GROUPS, "independent": True}}})
    draws = np.stack([apart[f"outcomes.home.rate@all/{g}"] for g in "abc"])
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 4 / math.sqrt(4 * BLOCK)
    # the trap: the mean of three that are apart has an sd of 0.047/√3 = 0.0271
    assert draws.mean(axis=0).std() == pytest.approx(0.0271, abs=0.0007)
    together = np.stack([joined[f"outcomes.home.rate@all/{g}"] for g in "abc"])
    assert together.mean(axis=0).std() == pytest.approx(0.047, abs=0.001)


def test_a_named_assumption_used_twice_is_one_draw() -> None:
    found = drawn(
        {"home": {"rate": "chance"}, "work": {"rate": "chance"}},
        assumptions={"chance": {"uniform": [0.2, 0.6]}},
    )
    assert (found["outcomes.home.rate"] == found["outcomes.work.rate"]).all()


def test_columns_of_one_file_keep_their_joint_draw() -> None:
    values = {"first": [0.1, 0.2, 0.3, 0.4], "second": [0.9, 0.5, 0.7, 0.6]}
    outcomes = {
        name: {"rate": {"samples": {"values": column, "file": "fit.csv", "column": name}}}
        for name, column in values.items()
    }
    found = drawn(outcomes)
    pairs = set(zip(found["outcomes.first.rate"], found["outcomes.second.rate"], strict=True))
    assert pairs == set(zip(values["first"], values["second"], strict=True))
    shares = np.unique(found["outcomes.first.rate"], return_counts=True)[1] / (4 * BLOCK)
    assert np.abs(shares - 0.25).max() < 4 * math.sqrt(0.25 * 0.75 / (4 * BLOCK))
