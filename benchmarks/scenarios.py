"""What a grid of scenarios costs: people are drawn once, and only money is moved again.

``python benchmarks/scenarios.py`` takes a contract with a limit per person through 1,000 scenarios
of price and limit, 10,000 runs each. In the same run it times the stages after outcomes by
themselves, and one simulation. The grid is to take at most 1.25 times the first, so often, plus the
second; and no stream of people's luck may be opened twice.
"""

# ruff: noqa: E402, I001  (the threads must be limited before numpy is imported)
from __future__ import annotations

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"  # read when numpy is imported

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sibmodel as sib
from sibmodel import simulation
from sibmodel.model import chance
from sibmodel.plan import Plan

CONTRACT = Path(__file__).parents[1] / "examples" / "homes_and_work.yaml"
PRICE, LIMIT = "payments.rules.job_13_weeks.price", "payments.limits.contract"
MEASURES = (
    "outcome_payments",
    "limit_binds[contract]",
    "investor_irr",
    "investor_loses",
    "net_present_value[public]",
)
MOST = 1.25


def main() -> int:
    """Print the figures; 1 if the target is missed."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    asked.add_argument("--scenarios", type=int, default=1000, help="a square root is best")
    asked.add_argument("--runs", type=int, default=10_000)
    said = asked.parse_args()
    side = round(said.scenarios**0.5)
    rows, columns = side, -(-said.scenarios // side)
    contract = sib.load_contract(CONTRACT)
    grid = {
        PRICE: np.linspace(3000, 6000, rows).round(2).tolist(),
        LIMIT: np.linspace(450_000, 750_000, columns).round(2).tolist(),
    }
    opened, money = Counter[tuple[str, int]](), list[float]()
    watch(opened, money)
    begun = time.perf_counter()
    found = sib.scenarios(contract, grid, measures=MEASURES, runs=said.runs, progress=True)
    whole = time.perf_counter() - begun
    count, after = len(found.names), float(np.sum(money))
    again = max(opened.values())
    begun = time.perf_counter()
    sib.simulate(contract, said.runs, keep="measures", measures=MEASURES, base_case=False)
    one = time.perf_counter() - begun
    allowed = MOST * after + one
    print(f"{count:,} scenarios, {said.runs:,} runs each: {whole:.1f} s")
    print(f"  streams of people opened: {len(opened)}, each {again} time{'s' * (again > 1)}")
    print(f"  stages after outcomes: {after:.1f} s, {1000 * after / count:.0f} ms a scenario")
    print(f"  one simulation, people and all: {one:.2f} s")
    print(f"  (grid - one simulation) / stages after outcomes: {(whole - one) / after:.3f}")
    print(f"  simulating each by itself would take about {count * one:.0f} s")
    met = whole <= allowed and again == 1
    print(f"target: at most {MOST} x stages + one simulation = {allowed:.1f} s: "
          f"{'met' if met else 'MISSED'}")  # fmt: skip
    return 0 if met else 1


def watch(opened: Counter[tuple[str, int]], money: list[float]) -> None:
    """Count streams of people's luck, and time all that comes after outcomes, as it happens."""
    made, parts, reduced = chance.PersonUniforms.__init__, Plan.parts, simulation._reduced

    def counted(self: Any, seed: int, name: str, block: int, **how: bool) -> None:
        opened[name, block] += 1
        made(self, seed, name, block, **how)

    def timed(self: Plan, **how: Any) -> Iterator[Any]:
        """The line from outcomes on: what it takes less what drawing people takes."""
        kept = how["kept"]
        walk = parts(self, **how)
        while True:
            drawn, begun = kept.drawn if kept else 0, time.perf_counter()
            stages = next(walk, None)
            if kept is None or kept.drawn == drawn:  # nobody was drawn
                money.append(time.perf_counter() - begun)
            if stages is None:
                return
            yield stages

    def also(*about: Any) -> Any:
        begun = time.perf_counter()
        part = reduced(*about)
        money.append(time.perf_counter() - begun)
        return part

    chance.PersonUniforms.__init__ = counted  # type: ignore[method-assign]
    Plan.parts = timed  # type: ignore[method-assign, assignment]
    simulation._reduced = also


if __name__ == "__main__":
    sys.exit(main())
