"""How long internal rates of return take, beside loops over two other programs.

``python benchmarks/irr.py`` takes 100,000 flows of 28 periods on one thread, of two kinds:
investments, whose sign changes once, and costs netted against payments, whose sign changes often.
The slower programs are given fewer flows and compared per flow; it fails if a rate differs, or a
target is missed.
"""

# ruff: noqa: E402  (the threads must be limited before numpy is imported)
from __future__ import annotations

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"  # read when numpy is imported

import platform
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import numpy_financial
import pyxirr

from sibmodel.model.returns import irr, xirr

Floats = npt.NDArray[np.float64]

RUNS, PERIODS, ROUNDS = 100_000, 28, 7
FLOWS = {"ours": RUNS, "pyxirr": 20_000, "numpy-financial": 400}
"""Flows that each takes in a round."""
TARGETS = {"pyxirr": 10, "numpy-financial": 250}
DAYS = np.arange("2020-01", "2022-05", dtype="datetime64[M]").astype("datetime64[D]")


def main() -> int:
    """Print the times and ratios of both kinds; 1 if a target is missed."""
    print(
        f"IRR of {RUNS:,} × {PERIODS} flows: µs each, one thread, best of {ROUNDS} interleaved "
        f"rounds (Python {platform.python_version()}, numpy {np.__version__})\n"
    )
    rng, days = np.random.default_rng(0), DAYS.tolist()
    met = True
    for kind, flows in (("investments", investments(rng)), ("netted", netted(rng))):
        regular = {
            "ours": lambda some: irr(some).rate,
            "pyxirr": lambda some: np.array([pyxirr.irr(flow) for flow in some]),
            "numpy-financial": lambda some: np.array([numpy_financial.irr(flow) for flow in some]),
        }
        met &= compared(kind, flows, regular)
    dated = {
        "ours": lambda some: xirr(some, DAYS).rate,
        "pyxirr": lambda some: np.array([pyxirr.xirr(days, flow) for flow in some]),
    }
    compared("investments by date, no target", flows=investments(rng), programs=dated, targets={})
    return 0 if met else 1


def investments(rng: np.random.Generator) -> Floats:
    """Money in for up to eleven periods, then money back, (run, period)."""
    outlay = rng.integers(1, 12, (RUNS, 1))
    back = rng.gamma(2, 8, (RUNS, PERIODS)) * rng.lognormal(-1.5, 1, (RUNS, 1)) * outlay / 3
    early = np.arange(PERIODS) < outlay
    return np.where(early, -rng.uniform(10, 100, (RUNS, PERIODS)), back)


def netted(rng: np.random.Generator) -> Floats:
    """Costs for eight periods less payments from the fifth on, (run, period)."""
    period = np.arange(PERIODS)
    costs = np.where(period < 8, 100.0, 0.0) * rng.uniform(0.8, 1.2, (RUNS, 1))
    return np.where(period > 3, rng.gamma(3, 15, (RUNS, PERIODS)), 0.0) - costs


def compared(
    kind: str,
    flows: Floats,
    programs: dict[str, Callable[[Floats], Floats]],
    targets: dict[str, int] = TARGETS,
) -> bool:
    """Print microseconds a flow and ratios; whether every target is met.

    The programs take turns, so that whatever else the machine does falls on each of them.

    Raises
    ------
    SystemExit
        Where two programs find different rates.
    """
    least, rates = dict.fromkeys(programs, np.inf), {}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            some = flows[: FLOWS[name]]
            begun = time.perf_counter()
            rates[name] = program(some)
            least[name] = min(least[name], (time.perf_counter() - begun) / len(some))
    print(kind)
    met = True
    for name, seconds in least.items():
        line = f"  {name:<18}{1e6 * seconds:>8.2f}"
        if name != "ours":
            ratio = seconds / least["ours"]
            line += f"   {ratio:>6.1f} times as long"
            if name in targets:
                reached = ratio >= targets[name]
                met &= reached
                line += f", at least {targets[name]}: {'met' if reached else 'MISSED'}"
            theirs = rates[name].astype(float)
            apart = np.nanmax(np.abs(theirs - rates["ours"][: len(theirs)]))
            line += f"; rates within {apart:.0e}"
            if not apart < 1e-6:
                raise SystemExit(f"{kind}: {name} finds other rates, {apart:.1e} away")
        print(line)
    return met


if __name__ == "__main__":
    sys.exit(main())
