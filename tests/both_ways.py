"""One contract's capital taken both ways: by the engine, and by the slow twin, run by run."""

from __future__ import annotations

from typing import Any

import numpy as np
from generate_numbers import Data
from twin_capital import TwinCapital
from twin_purse import Told
from twin_tables import Seen

from sibmodel import Contract
from sibmodel.model.chance import uniform_per_run
from sibmodel.model.stages import Stages
from sibmodel.model.tranches import KINDS
from sibmodel.plan import Plan
from sibmodel.walk import Switches

ATOL = 1e-7


def same(fast: Any, slow: Any, what: object) -> None:
    """Equal but for rounding."""
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=ATOL, err_msg=str(what))


class Both:
    """The engine's runs of a contract, before endings hold and after, and the twin of each."""

    def __init__(self, data: Data, switches: Switches, runs: int) -> None:
        self.contract, self.runs, self.switches = Contract.from_dict(data), runs, switches
        self.plan = Plan(self.contract)
        line = self.plan._line(seed=0, block=0, switches=switches, details=True, width=runs)
        [self.first] = line
        self.stages = self.plan.stages(seed=0, block=0, switches=switches, details=True)
        assumptions = self.plan.assumptions
        self.drawn = assumptions.draw(0, 0) if switches.uncertainty else assumptions.means()

    def check(self) -> None:
        """Every flow of every run is the same in both, and so is every ending."""
        first = [TwinCapital(self.told(self.first, n, None)).walk() for n in range(self.runs)]
        self.compare(self.first.account, first)
        for run, twin in enumerate(first):
            assert self.found(run) == twin.found, run
            self.check_stop(run, twin.found)
        second = [
            TwinCapital(self.told(self.stages, run, twin.found)).walk()
            for run, twin in enumerate(first)
        ]
        self.compare(self.stages.account, second)

    def found(self, run: int) -> tuple[int, str] | None:
        """The period and name of the ending that holds in a run, if any does."""
        found = self.first.found
        if found is None or found.ending[run] < 0:
            return None
        return int(found.period[run]), self.plan.endings[found.ending[run]]

    def luck(self, ending: str, run: int) -> float:
        """The uniform of an ending in a run; the middle where there is no chance."""
        return (
            float(uniform_per_run(0, f"ending/{ending}", 0)[run]) if self.switches.chance else 0.5
        )

    def told(self, stages: Stages, run: int, stop: tuple[int, str] | None) -> Told:
        """What the twin is told of a run."""

        def of_run(array: Any) -> float:
            return float(np.broadcast_to(np.asarray(array, dtype=float), (self.runs,))[run])

        payers = self.contract.payments.payers
        return Told(
            contract=self.contract,
            number=lambda path, group: of_run(self.drawn(path, group)),
            readings=[
                Seen(r.performance, r.cohort, r.group, r.date, of_run(r.value))
                for mine in stages.readings.values()
                for r in mine
            ],
            cash={
                payer: cash[:, run].tolist()
                for payer, cash in zip(payers, stages.paid.by_payer, strict=True)
            },
            starts={group: people[:, run].tolist() for group, people in stages.starts.items()},
            achieved={
                name: counts[:, :, run].sum(axis=0).tolist()
                for name, counts in stages.achieved.items()
            },
            luck={name: self.luck(name, run) for name in self.plan.endings},
            stop=stop,
        )

    def compare(self, account: Any, twins: list[TwinCapital]) -> None:
        """Every flow of every run is the same in both."""
        nothing = np.zeros((self.contract.timeline.periods, self.runs))

        def of_twins(what: str, *key: Any) -> np.ndarray:
            """An attribute of each twin, or what stands there by a key."""
            found = [getattr(twin, what) for twin in twins]
            return np.array([one[key[0]] for one in found] if key else found).T

        for name, flows in account.flows.items():
            for kind in KINDS:
                slow = np.array([twin.lots[name].flows[kind] for twin in twins]).T
                same(flows.get(kind, nothing), slow, (name, kind))
        same(np.broadcast_to(account.costs, nothing.shape), of_twins("due"), "costs")
        for what in ("met", "unmet", "balance"):
            same(getattr(account, what), of_twins(what), what)
        for what in ("moves", "brought", "returned"):
            fast = getattr(account, what)
            for key in {*fast}.union(*(getattr(twin, what) for twin in twins)):
                same(fast.get(key, nothing), of_twins(what, key), (what, key))
        for name, lost in account.lost.items():
            same(lost, of_twins("lost", name), ("lost", name))

    def check_stop(self, run: int, stop: tuple[int, str] | None) -> None:
        """Nobody starts from the ending on; after a close nothing is paid."""
        assert self.contract.capital is not None
        clause = None if stop is None else self.contract.capital.endings.get(stop[1])
        for group, people in self.stages.starts.items():
            expected = self.first.starts[group][:, run].copy()
            cohort = self.contract.cohort_of_group(group)
            if stop is not None and (clause is None or clause.cancels in (None, cohort)):
                expected[stop[0] :] = 0
            np.testing.assert_array_equal(people[:, run], expected)
        if stop is not None and clause is not None and clause.closes:
            assert not self.stages.paid.by_payer[:, stop[0] + 1 :, run].any()
