"""How long a run takes, beside two scripts that do the same work and the least it could take.

``python benchmarks/simulate.py`` prints microseconds per run on one thread, and fails if the three
do not agree on what they compute. ``--million`` also measures the memory of 1,000,000 runs.

- floor: drawing one float32 uniform per person, and nothing else;
- simulate: ``sibmodel.simulate`` with ``keep="measures"``; it gives more measures than the others;
- vectorised: ``vectorised.py``, chained binomials and arrays over runs, pyxirr run by run;
- loop: ``loop.py``, a plain loop over runs, numpy-financial's IRR.
"""

# ruff: noqa: E402, I001  (the threads must be limited before numpy is imported)
from __future__ import annotations

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"  # read when numpy is imported

import argparse
import functools
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import loop
import numpy as np
import pyxirr
import sibmodel as sib
import terms
import vectorised
from sibmodel.statistics import ratio_of_means
from terms import LADDER, Floats, Measures

BLOCK = 4096
ROUNDS = 7
RUNS = {"floor": 40 * BLOCK, "simulate": 10 * BLOCK, "vectorised": 2 * BLOCK, "loop": 512}
"""Runs timed in a round, each about as long, so that a busy machine slows all alike."""

MILLION = 1_000_000
MOST_MEMORY = 2.0  # GiB

SPREAD = ("outcome_payments", "outcomes_additional[works_2_years]", "investor_irr")
"""Measures whose spread must agree too: the share of runs up to the library's percentiles."""

Sample = tuple[Measures, Floats]
"""Measures by run and the mean cash flow of the investors."""


def main() -> int:
    """Print the table; 1 if a target is missed."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    asked.add_argument("--million", action="store_true", help="also the memory of 1,000,000 runs")
    asked.add_argument("--rounds", type=int, default=ROUNDS, help="timings of each, interleaved")
    asked.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    said = asked.parse_args()
    if said.peak:
        return peak()
    taken, results, samples = timed(said.rounds)
    met = table(taken)
    agreement(results, samples)
    if said.million:
        met &= memory()
    return 0 if met else 1


# --- time -----------------------------------------------------------------------------------------


def floor(people: int, runs: int) -> None:
    """The least there is to do: a uniform for each person and run, block by block."""
    rng = np.random.default_rng(0)
    for _ in range(0, runs, BLOCK):
        rng.random((people, BLOCK), dtype=np.float32)


def timed(rounds: int) -> tuple[dict[str, Floats], sib.Results, dict[str, list[Sample]]]:
    """Seconds per run of each, by round; the last results and all samples, to be compared.

    The four take turns, so that whatever else the machine does falls on each of them.
    """
    contract, stated = sib.load_contract(LADDER), terms.read()
    people = int(stated.planned.sum())
    samples: dict[str, list[Sample]] = {"vectorised": [], "loop": []}
    seconds: dict[str, list[float]] = {name: [] for name in RUNS}

    def watch(name: str, work: Callable[..., Any], *given: Any, **said: Any) -> Any:
        begun = time.perf_counter()
        done = work(*given, **said)
        seconds[name].append((time.perf_counter() - begun) / RUNS[name])
        return done

    run = functools.partial(sib.simulate, contract, keep="measures", progress=False)
    run(runs=BLOCK)  # builds its tables once
    for seed in range(rounds):
        watch("floor", floor, people, RUNS["floor"])
        results = watch("simulate", run, runs=RUNS["simulate"], seed=seed)
        for name, script in (("vectorised", vectorised), ("loop", loop)):
            samples[name].append(watch(name, script.simulate, stated, RUNS[name], seed))
    return {name: np.array(each) for name, each in seconds.items()}, results, samples


def table(taken: dict[str, Floats]) -> bool:
    """Print microseconds per run and the ratios; whether every target is met.

    A ratio is of two times of one round; the median over rounds is held against its target.
    """
    print(
        f"{LADDER.name}: µs per run, one thread, {len(taken['floor'])} interleaved rounds "
        f"(Python {platform.python_version()}, numpy {np.__version__})\n"
    )
    print(f"{'':<24}{'least':>8}{'median':>8}")
    for name, each in taken.items():
        print(f"{name:<24}{1e6 * each.min():>8.1f}{1e6 * np.median(each):>8.1f}")
    print()
    all_met = True
    for over, under, bound, target in (
        ("loop", "simulate", "at least", 50),
        ("vectorised", "simulate", "at least", 2),
        ("simulate", "floor", "at most", 6),
    ):
        ratio = taken[over] / taken[under]
        median = float(np.median(ratio))
        met = median >= target if bound == "at least" else median <= target
        all_met &= met
        numbers = f"{f'{over} / {under}':<24}{ratio.min():>8.1f}{median:>8.1f}"
        print(f"{numbers}   {bound} {target}: {'met' if met else 'MISSED'}")
    return all_met


# --- agreement ------------------------------------------------------------------------------------


def agreement(results: sib.Results, samples: dict[str, list[Sample]]) -> None:
    """Check that the scripts compute what the library does, within three Monte Carlo errors.

    Raises
    ------
    SystemExit
        Naming every measure that is further away.
    """
    print()
    wrong = []
    for script, parts in samples.items():
        found = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
        flow = np.mean([flow for _, flow in parts], axis=0)
        away = {
            **{name: distance(results, name, found, flow) for name in found},
            **{
                f"{name}, percentile {percent}": spread_distance(results, name, percent, found)
                for name in SPREAD
                for percent in (10, 50)
            },
        }
        furthest = max(away, key=lambda name: away[name])
        print(
            f"{script} agrees with simulate: {len(away)} figures, furthest "
            f"{away[furthest]:.1f} Monte Carlo errors ({furthest})"
            if away[furthest] <= 3
            else f"{script} does NOT agree with simulate"
        )
        wrong += [f"{script}: {n} is {z:.1f} errors away" for n, z in away.items() if z > 3]
    if wrong:
        raise SystemExit("\n".join(wrong))


def distance(results: sib.Results, name: str, found: Measures, flow: Floats) -> float:
    """How many Monte Carlo errors a script's expected value is from the library's."""
    about, theirs, runs = results.about(name), found[name], len(found[name])
    ours, error = results.expected(name), results.mc_error(name)
    if about.expected == "payback":  # its expected value has no error: is it ever paid back?
        never = np.isinf(results.measure(name)).mean()
        ours, expected = float(never), float(np.isinf(theirs).mean())
        error = float(np.sqrt(never * (1 - never) / results.runs))
    elif about.expected == "ratio":
        assert about.over is not None
        assert about.under is not None
        over = "outcome_payments" if about.over == "cost_to_payers" else about.over
        expected, _ = ratio_of_means(found[over], found[about.under])
    elif about.expected == "irr":
        expected = float((1 + (pyxirr.irr(flow) or np.nan)) ** 4 - 1)
    else:
        expected = float(theirs.mean())
    if error == 0:
        return 0.0 if np.isclose(ours, expected, rtol=1e-9) else np.inf
    return float(abs(ours - expected) / (error * np.sqrt(1 + results.runs / runs)))


def spread_distance(results: sib.Results, name: str, percent: float, found: Measures) -> float:
    """How far a script's share of runs up to the library's percentile is from the library's."""
    most = results.percentile(name, percent) + 1e-9
    ours, theirs = results.measure(name) <= most, found[name] <= most
    share = float(ours.mean())
    error = np.sqrt(share * (1 - share) * (1 / len(ours) + 1 / len(theirs)))
    return float(abs(share - theirs.mean()) / error)


# --- memory ---------------------------------------------------------------------------------------


def memory() -> bool:
    """Print what a million runs need, in a process of their own; whether it is little enough."""
    here = [sys.executable, __file__, "--peak"]
    used, seconds = map(float, subprocess.check_output(here, text=True).split())
    met = used <= MOST_MEMORY
    print(
        f'\n{MILLION:,} runs with keep="measures": {used:.2f} GiB at most, {seconds:.0f} s   '
        f"at most {MOST_MEMORY:g} GiB: {'met' if met else 'MISSED'}"
    )
    return met


def peak() -> int:
    """Simulate a million runs; print the process's greatest memory [GiB] and the time [s]."""
    begun = time.perf_counter()
    sib.simulate(sib.load_contract(LADDER), MILLION, keep="measures", progress=False)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    print(used, time.perf_counter() - begun)
    return 0


if __name__ == "__main__":
    sys.exit(main())
