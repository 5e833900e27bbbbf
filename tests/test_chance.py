"""Chance: streams, counting, shared luck and the bond whose answers are known."""

from __future__ import annotations

import copy
import itertools
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generate import Data, contracts
from hypothesis import given
from scipy import stats

from sibmodel import Contract, library, load_contract, simulate
from sibmodel.model.chance import (
    BLOCK,
    PersonUniforms,
    SharedLuck,
    joined_scores,
    normal_scores,
    stream,
    uniform_per_run,
)
from sibmodel.model.outcomes import count_cell
from sibmodel.model.rates import cohort_rates
from sibmodel.plan import Plan
from sibmodel.results import Results
from sibmodel.walk import Switches

HOMES = load_contract(Path(__file__).parents[1] / "examples" / "homes_and_work.yaml")


def simple(people: int, outcomes: Data, cohort: Data | None = None, periods: int = 4) -> Contract:
    """One cohort, all starting at once unless said, and a payer."""
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "simple",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "year", "periods": periods},
            "cohorts": {"all": {"people": people, "intake": [people], **(cohort or {})}},
            "outcomes": outcomes,
            "payments": {
                "rules": {"rule": {"pays": next(iter(outcomes)), "price": 1}},
                "payers": {"council": 1.0},
            },
        }
    )


def achieved(contract: Contract, blocks: int = 1, seed: int = 0) -> dict[str, np.ndarray]:
    """Counts over groups by outcome, shape (period, run), over several blocks."""
    plan = Plan(contract)
    parts = [
        plan.stages(seed=seed, block=b, switches=Switches(), details=False) for b in range(blocks)
    ]
    return {
        name: np.concatenate([p.achieved[name].sum(axis=0, dtype=int) for p in parts], axis=-1)
        for name in contract.outcomes
    }


# --- streams --------------------------------------------------------------------------------------


def test_a_stream_hangs_on_its_seed_name_and_block_and_nothing_else() -> None:
    first = stream(1, "luck/a", 2).random(5)
    assert (stream(1, "luck/a", 2).random(5) == first).all()
    for other in (stream(2, "luck/a", 2), stream(1, "luck/b", 2), stream(1, "luck/a", 3)):
        assert not np.any(other.random(5) == first)
    uniforms = uniform_per_run(0, "anything", 0)
    assert ((uniforms > 0) & (uniforms < 1)).all()


def test_fine_uniforms_keep_the_leading_bits_of_the_coarse_ones() -> None:
    coarse = PersonUniforms(0, "people/a", 0).slab(20)
    fine = PersonUniforms(0, "people/a", 0, fine=True).slab(20)
    assert coarse.dtype == np.float32
    assert fine.dtype == np.float64
    assert (np.floor(fine * 2**24) / 2**24 == coarse).all()
    rest = (fine - coarse) * 2**24
    assert stats.kstest(rest.ravel()[:5000], "uniform").pvalue > 0.001


def assert_same_runs(first: Results, second: Results, runs: slice) -> None:
    """Every measure and every array of the ledger, bit for bit."""
    for name in first.names:
        one, other = first.measure(name)[runs], second.measure(name)[runs]
        assert np.array_equal(one, other, equal_nan=True), name
    assert first.ledger is not None
    assert second.ledger is not None
    for name, array in first.ledger.data_vars.items():
        assert array.isel(run=runs).identical(second.ledger[name].isel(run=runs)), name


@pytest.fixture(scope="module")
def ten_thousand() -> Results:
    return simulate(HOMES, runs=10_000, keep="everything", progress=False)


def test_run_17_of_1000_is_run_17_of_10000(ten_thousand: Results) -> None:
    few = simulate(HOMES, runs=1000, keep="everything", progress=False)
    assert_same_runs(few, ten_thousand, slice(0, 1000))
    one = simulate(HOMES, runs=18, keep="everything", progress=False)
    assert_same_runs(one, ten_thousand, slice(17, 18))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_the_executor_and_its_workers_change_nothing(
    kind: str, workers: int, ten_thousand: Results
) -> None:
    pool: Executor = (
        ThreadPoolExecutor(workers)
        if kind == "threads"
        else ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    )
    with pool:
        found = simulate(HOMES, runs=10_000, keep="everything", executor=pool, progress=False)
    assert_same_runs(found, ten_thousand, slice(None))
    for name in found.names:
        one, other = found.expected(name), ten_thousand.expected(name)
        assert one == other or (np.isnan(one) and np.isnan(other)), name


@given(contracts(anyway=True))
def test_a_new_clause_leaves_the_others_people_alone(data: Data) -> None:
    cohort = next(iter(data["cohorts"]))
    richer = copy.deepcopy(data)
    richer["outcomes"]["new"] = {"cohort": cohort, "rate": 0.5, "anyway": 0.2, "claimed": 0.5}
    richer["outcomes"]["rare"] = {"cohort": cohort, "rate": 1e-6, "anyway": 0.0}
    richer["payments"]["rules"]["new"] = {"pays": "new", "price": 11.0}
    richer["payments"]["payers"]["nobody"] = 0.0
    richer.setdefault("value", {"discount": {"rate": 0.03}}).setdefault("benefits", {})["new"] = {
        "of": "new", "per_outcome": 5.0, "to": "council", "grade": "C",
    }  # fmt: skip
    before, after = (
        Plan(Contract.from_dict(d)).stages(seed=0, block=0, switches=Switches(), details=False)
        for d in (data, richer)
    )
    for group, people in before.starts.items():
        assert (people == after.starts[group]).all()
    for name in data["outcomes"]:
        for kind in ("achieved", "anyway", "claimed"):
            assert (getattr(before, kind)[name] == getattr(after, kind)[name]).all(), name


# --- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [1, 255, 256, 300, 70_000])
def test_nobody_is_lost_in_counting(people: int) -> None:
    # one ladder: everybody, then half of them, then none
    ladder = {
        "all_of_them": {"rate": 1.0},
        "half": {"needs": "all_of_them", "rate": 0.5},
        "nobody": {"needs": "half", "rate": 0.0},
    }
    found = achieved(simple(people, ladder))
    assert (found["all_of_them"][0] == people).all()
    assert (found["nobody"] == 0).all()
    mean = found["half"][0].mean()
    assert mean == pytest.approx(people / 2, abs=4 * np.sqrt(people / 4 / BLOCK))


def test_a_rate_of_one_in_a_million_is_right_in_the_mean() -> None:
    # 2,000 people × 40,960 runs at 1e-6: 81.9 expected, sd 9.05
    found = achieved(simple(2000, {"rare": {"rate": 1e-6}}), blocks=10)
    assert found["rare"].sum() == pytest.approx(81.92, abs=3 * 9.05)


@pytest.mark.parametrize("togetherness", [0.0, 0.5, 1.0])
def test_a_rate_of_1_is_always_reached_and_0_never(togetherness: float) -> None:
    # the luckiest and the unluckiest uniforms there are, through the joining of ladders
    outcomes = {
        "always": {"cohort": "all", "rate": 1.0, "anyway": 0.0},
        "never": {"cohort": "all", "rate": 0.0, "anyway": 1.0},
    }
    contract = simple(6, outcomes, {"togetherness": togetherness})

    class Extreme:
        def slab(self, people: int) -> np.ndarray:
            ends = np.array([0.0, 1 - 2.0**-24, 0.5], dtype=np.float32)
            return np.broadcast_to(np.resize(ends, people)[:, None], (people, 4)).copy()

    drawn = Plan(contract).assumptions.means()
    rates = cohort_rates(contract, "all", drawn, None, [0])
    people = np.full(4, 6)
    found = count_cell(rates, "all/all/0", "all", 0, people, lambda name, fine: Extreme())
    assert (found.achieved["always"][0] == 6).all()
    assert (found.achieved["never"][0] == 0).all()
    assert (found.anyway["always"][0] == 0).all()
    assert (found.anyway["never"][0] == 6).all()


def test_togetherness_is_the_correlation_of_scores_and_leaves_uniforms_uniform() -> None:
    rng = np.random.default_rng(0)
    common, one, other = (normal_scores(rng.random(100_000)) for _ in range(3))
    first, second = (joined_scores(common, own, 0.3) for own in (one, other))
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.3, abs=0.01)
    assert stats.kstest(first, "norm").pvalue > 0.001


def test_togetherness_moves_no_rate_on_a_branch() -> None:
    outcomes = {
        "home": {"rate": 0.6, "anyway": 0.3},
        "work": {"needs": "home", "rate": 0.4, "anyway": 0.2},
        "school": {"needs": "home", "rate": 0.5, "anyway": 0.5},
    }
    contract = simple(100, outcomes, {"togetherness": 0.8})
    plan = Plan(contract)
    stages = plan.stages(seed=0, block=0, switches=Switches(), details=False)
    wanted = {"achieved": {"home": 60, "work": 24, "school": 30},
              "anyway": {"home": 30, "work": 6, "school": 15}}  # fmt: skip
    for kind, means in wanted.items():
        for name, mean in means.items():
            count = getattr(stages, kind)[name].sum(axis=(0, 1), dtype=float)
            assert count.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean) / 64)


def test_outcomes_that_exclude_one_another_never_meet_in_one_person() -> None:
    # rates that a run may draw past 1 together: then they are narrowed, with chance and without
    spread = {"uniform": [0.4, 0.9]}
    both = ["part_time", "full_time"]
    outcomes = {name: {"rate": spread, "one_of": both} for name in both}
    contract = simple(30, outcomes)
    for chance in (True, False):
        stages = Plan(contract).stages(
            seed=0, block=0, switches=Switches(chance=chance), details=False
        )
        together = sum(stages.achieved[name].sum(axis=(0, 1), dtype=float) for name in both)
        assert together.max() == pytest.approx(30)


# --- luck shared within a cohort ------------------------------------------------------------------


@pytest.mark.parametrize("alikeness", [0.01, 0.05, 0.3, 0.8])
@pytest.mark.parametrize("rate", [0.05, 0.4, 0.95])
def test_shared_luck_is_the_quantile_of_a_beta(rate: float, alikeness: float) -> None:
    # Beta with mean Q and 1/(α+β+1) = ρ
    size = 1 / alikeness - 1
    luck = np.linspace(-4, 4, 321)
    found = SharedLuck(luck, alikeness=alikeness)(rate)
    exact = stats.beta.ppf(stats.norm.cdf(luck), rate * size, (1 - rate) * size)
    # straight lines in a table: coarser where people are so alike that rates run to 0 and 1
    tolerance = {0.01: 2e-5, 0.05: 5e-5, 0.3: 4e-4, 0.8: 5e-3}[alikeness]
    assert np.abs(found - exact).max() < tolerance
    by_run = SharedLuck(luck, alikeness=alikeness)(np.full(luck.shape, rate))
    np.testing.assert_allclose(by_run, found, rtol=1e-9, atol=1e-12)


def test_a_likelier_rung_stays_likelier_in_every_run() -> None:
    luck = SharedLuck(np.linspace(-8, 8, 400), alikeness=0.2)
    rates = [luck(q) for q in (0.0, 1e-6, 0.01, 0.2, 0.21, 0.5, 0.9, 1.0)]
    for less, more in itertools.pairwise(rates):
        assert (more >= less).all()
    assert (rates[0] == 0).all()
    assert (rates[-1] == 1).all()


LADDER = {
    "often": {"rate": 0.95},
    "even": {"needs": "often", "rate": 0.4 / 0.95},
    "seldom": {"needs": "even", "rate": 0.05 / 0.4},
}


def assert_variance(count: np.ndarray, wanted: float) -> None:
    """The variance of counts within four of its own standard errors."""
    squares = (count - count.mean()) ** 2
    error = squares.std() / np.sqrt(len(count))
    assert count.var() == pytest.approx(wanted, abs=4 * error)


@pytest.mark.parametrize(("name", "rate"), [("often", 0.95), ("even", 0.4), ("seldom", 0.05)])
def test_counts_over_groups_and_starts_are_beta_binomial(name: str, rate: float) -> None:
    # Source: variance m Q (1−Q) (1 + (m−1) ρ) of a beta-binomial count of m people
    cohort = {"people": None, "groups": {"a": 10, "b": 20}, "intake": [12, 18], "alikeness": 0.05}
    data = simple(30, LADDER).to_dict()
    data["cohorts"]["all"] = {k: v for k, v in cohort.items() if v is not None}
    count = achieved(Contract.from_dict(data), blocks=10)[name].sum(axis=0)
    assert_variance(count, 30 * rate * (1 - rate) * (1 + 29 * 0.05))
    exact = stats.betabinom(30, rate * 19, (1 - rate) * 19)
    reached = np.cumsum(np.bincount(count, minlength=31)) / len(count)
    gap = np.abs(reached - exact.cdf(np.arange(31))).max()
    assert gap < 1.63 / np.sqrt(len(count))  # Kolmogorov's 1% bound, safe for counts


def test_luck_shared_by_start_is_apart_between_starts() -> None:
    cohort = {"intake": [15, 15], "alikeness": 0.2, "shared_by": "start"}
    contract = simple(30, {"even": {"rate": 0.4}}, cohort)
    first, second = achieved(contract, blocks=4)["even"][:2]
    assert_variance(first, 15 * 0.24 * (1 + 14 * 0.2))
    assert_variance(second, 15 * 0.24 * (1 + 14 * 0.2))
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0, abs=4 / np.sqrt(4 * BLOCK))


# --- the bond whose answers are known -------------------------------------------------------------

BOND = library.load("closed_form_bond")
RUNS = 200_000


def bond(**changes: Any) -> Results:
    """The bond, changed, in 200,000 runs."""
    paths = {path.replace("__", "."): value for path, value in changes.items()}
    changed = BOND.replace(paths) if paths else BOND
    return simulate(changed, runs=RUNS, keep="measures", progress=False)


# Source: binomial and beta-binomial with ρ = 0.05 for 200 people at 0.4: P(loss) = P(K < 72).
@pytest.mark.parametrize(
    ("alikeness", "sd", "loss"), [(0.0, 34_641.02, 0.109415), (0.05, 114_629.84, 0.370767)]
)
def test_the_bond_pays_and_loses_as_its_formulas_say(
    alikeness: float, sd: float, loss: float
) -> None:
    results = bond(cohorts__people__alikeness=alikeness)
    paid = results.measure("outcome_payments")
    assert paid.mean() == pytest.approx(400_000, abs=3 * sd / np.sqrt(RUNS))
    error = ((paid - 400_000) ** 2).std() / np.sqrt(RUNS) / (2 * sd)
    assert paid.std() == pytest.approx(sd, abs=3 * error)
    lost = results.measure("investor_loses").mean()
    assert lost == pytest.approx(loss, abs=3 * np.sqrt(loss * (1 - loss) / RUNS))
    exact = stats.betabinom(200, 0.4 * 19, 0.6 * 19) if alikeness else stats.binom(200, 0.4)
    assert exact.cdf(71) == pytest.approx(loss, abs=5e-7)
    assert 5000 * exact.std() == pytest.approx(sd, abs=0.005)


@pytest.mark.parametrize(("number", "expected"), [(80, 386_198.46), (90, 398_823.13)])
def test_a_limit_on_paid_outcomes_costs_more_than_it_seems(number: int, expected: float) -> None:
    results = bond(payments__rules__success__limits={"total": {"number": number}})
    paid = results.measure("outcome_payments")
    assert paid.max() <= number * 5000
    assert paid.mean() == pytest.approx(expected, abs=3 * paid.std() / np.sqrt(RUNS))


def test_four_starts_with_luck_of_their_own_lose_less_often() -> None:
    # Source: P(loss) 0.371 where all 200 share their luck, 0.259 in four starts of 50
    results = bond(
        timeline__periods=5,
        cohorts__people={
            "people": 200, "intake": [50] * 4, "alikeness": 0.05, "shared_by": "start",
        },
    )  # fmt: skip
    lost = results.measure("investor_loses").mean()
    one = stats.betabinom(50, 0.4 * 19, 0.6 * 19).pmf(np.arange(51))
    four = np.convolve(np.convolve(one, one), np.convolve(one, one))
    exact = four[:72].sum()
    assert exact == pytest.approx(0.259, abs=5e-4)
    assert lost == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / RUNS))
