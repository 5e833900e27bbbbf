"""The fast model against its slow twin, run by run, on contracts made up by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from generate import Data, contracts
from hypothesis import given, settings
from twin import Run, Twin, internal_rate

from sibmodel import Contract
from sibmodel.model.returns import STATUSES
from sibmodel.plan import Plan, Switches

RUNS = (0, 17, 4095)
SEED = 3


def same(fast: Any, slow: Any) -> None:
    """Equal but for rounding."""
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-7)


@settings(max_examples=3 * settings.default.max_examples)
@given(contracts())
def test_a_generated_contract_gives_the_twins_people_and_money(data: Data) -> None:
    contract = Contract.from_dict(data)
    stages = Plan(contract).stages(seed=SEED, block=0, switches=Switches(), details=True)
    twin = Twin(contract, seed=SEED)
    for number in RUNS:
        run = twin.run(number)
        check_people(contract, stages, run, number)
        for r, rule in enumerate(contract.payments.rules):
            same(stages.paid.paid[r, :, number], run.paid_by_rule(rule))
            for p, payer in enumerate(contract.payments.payers):
                same(stages.paid.joint[p, r, :, number], run.paid[rule, payer])
        for p, payer in enumerate(contract.payments.payers):
            same(stages.paid.by_payer[p, :, number], run.paid_by_payer(payer))
        if stages.account is not None:
            for flow in ("drawn", "distributed", "met", "unmet", "balance"):
                same(getattr(stages.account, flow)[:, number], getattr(run, flow))
            per_year = contract.timeline.periods_per_year
            status, rate = internal_rate(run.cash_flow, per_year)
            found = stages.investor_irr
            assert STATUSES[found.status[number]] == status
            if status == "ok":
                assert found.rate[number] == pytest.approx(rate, rel=1e-6, abs=1e-7)
        for party, row in stages.incidence.items():
            net = sum(column[number] for column in row.values())
            slow = run.net_present_value.get(party, 0.0)
            assert net == pytest.approx(slow, rel=1e-9, abs=1e-6, nan_ok=True)


def check_people(contract: Contract, stages: Any, run: Run, number: int) -> None:
    """Starts and the three counts, cell by cell, are the same whole people."""
    for name, cohort in contract.cohorts.items():
        for g, group in enumerate(sorted(cohort.labels(name))):
            for start in range(contract.timeline.periods):
                started = [p for p in run.people if (p.group, p.start) == (group, start)]
                assert stages.starts[group][start, number] == len(started)
                for outcome in contract.outcomes:
                    if contract.cohort_of(outcome) != name or not started:
                        continue
                    period = start + contract.delay_of(outcome)
                    for kind in ("achieved", "anyway", "claimed"):
                        slow = run.count(kind, outcome, group, start)
                        counts = getattr(stages, kind)
                        if outcome not in counts:
                            assert slow == 0
                            continue
                        assert slow == counts[outcome][g, period, number], (outcome, kind, start)
