"""The fast model against its slow twin, run by run: contracts made up by hypothesis and by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from generate import Data, contracts
from hypothesis import given, settings
from twin import Run, Twin, internal_rate
from twin_contracts import CONTRACTS

from sibmodel import Contract
from sibmodel.model.benefits import savings_years
from sibmodel.model.incidence import COLUMNS, WEIGHTED
from sibmodel.model.limits import limit_names
from sibmodel.model.returns import STATUSES
from sibmodel.plan import Plan
from sibmodel.walk import Switches

RUNS = (0, 17, 4095)
SEED = 3


def same(fast: Any, slow: Any, what: Any = "") -> None:
    """Equal but for rounding."""
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-7, err_msg=str(what))


@settings(max_examples=3 * settings.default.max_examples)
@given(contracts())
def test_a_generated_contract_gives_the_twins_people_and_money(data: Data) -> None:
    check(Contract.from_dict(data))


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_by_hand_gives_the_twins_people_and_money(name: str) -> None:
    check(Contract.from_dict(CONTRACTS[name]))


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_rule_and_limit_of_a_contract_by_hand_matters(name: str) -> None:
    contract = Contract.from_dict(CONTRACTS[name])
    stages = Plan(contract).stages(seed=SEED, block=0, switches=Switches(), details=True)
    some = list(RUNS)
    for rule, paid in zip(stages.paid.rules, stages.paid.paid, strict=True):
        assert paid[:, some].any(), rule
    for limit in limit_names(contract):
        assert stages.paid.cut[limit][..., some].any(), limit


def check(contract: Contract) -> None:
    """Some runs are the same in both."""
    stages = Plan(contract).stages(seed=SEED, block=0, switches=Switches(), details=True)
    twin = Twin(contract, seed=SEED)
    for number in RUNS:
        run = twin.run(number)
        check_people(contract, stages, run, number)
        check_readings(stages, run, number)
        check_payments(contract, stages, run, number)
        if stages.account is not None:
            for flow in ("met", "unmet", "balance"):
                same(getattr(stages.account, flow)[:, number], getattr(run, flow), flow)
            [tranche] = stages.tranches.values()
            same(tranche.drawn[:, number], run.drawn, "drawn")
            same(tranche.received[:, number], run.distributed, "distributed")
            per_year = contract.timeline.periods_per_year
            status, rate = internal_rate(run.cash_flow, per_year)
            found = stages.irr_of(tuple(stages.tranches))
            assert STATUSES[found.status[number]] == status
            if status == "ok":
                assert found.rate[number] == pytest.approx(rate, rel=1e-6, abs=1e-7)
        check_value(contract, stages, run, number)


def check_people(contract: Contract, stages: Any, run: Run, number: int) -> None:
    """Starts and the three counts, group by group and period by period, are the same."""
    for group in contract.group_labels:
        mine = [person for person in run.people if person.group == group]
        for t in range(contract.timeline.periods):
            assert stages.starts[group][t, number] == sum(person.start == t for person in mine)
    for outcome in contract.outcomes:
        for kind in ("achieved", "anyway", "claimed"):
            counts = getattr(stages, kind).get(outcome)
            for g, group in enumerate(contract.groups_of(outcome)):
                for t in range(contract.timeline.periods):
                    slow = run.count(kind, outcome, group, t)
                    fast = 0.0 if counts is None else counts[g, t, number]
                    same(fast, slow, (outcome, kind, group, t))


def check_readings(stages: Any, run: Run, number: int) -> None:
    """Every performance is read on the same dates, of the same people, at the same value."""
    fast = {
        (name, seen.cohort, seen.group, seen.date): np.broadcast_to(seen.value, stages.runs)[number]
        for name, mine in stages.readings.items()
        for seen in mine
    }
    slow = {(s.performance, s.cohort, s.group, s.date): s.value for s in run.readings}
    assert {*fast} == {*slow}
    for key, value in slow.items():
        same(fast[key], value, key)


def check_payments(contract: Contract, stages: Any, run: Run, number: int) -> None:
    """Payments, and what is paid back, by rule or floor and by payer."""
    paid, nothing = stages.paid, [0.0] * contract.timeline.periods
    assert {rule for rule, _ in run.paid} <= {*paid.rules}
    for r, rule in enumerate(paid.rules):
        for p, payer in enumerate(contract.payments.payers):
            same(paid.joint[p, r, :, number], run.paid.get((rule, payer), nothing), (rule, payer))
            back = nothing if paid.joint_back is None else paid.joint_back[p, r, :, number]
            same(back, run.back.get((rule, payer), nothing), ("back", rule, payer))
        if any(name == rule for name, _ in run.paid):
            same(paid.paid[r, :, number], run.paid_by_rule(rule), rule)
    for payer in contract.payments.payers:
        same(stages.by_payer[payer][:, number], run.paid_by_payer(payer), payer)


def check_value(contract: Contract, stages: Any, run: Run, number: int) -> None:
    """What each party gains, in cash, weighted, uncorrected, and by year, is the same."""
    if not stages.incidence:
        return
    for party, row in stages.incidence.items():
        about = {"net": sum(row[column][number] for column in COLUMNS)}
        about["cash"] = row["cash_savings"][number]
        if WEIGHTED in row:
            about["weighted"] = row[WEIGHTED][number]
        for kind, fast in about.items():
            slow = getattr(run.worth, kind)[party]
            assert fast == pytest.approx(slow, rel=1e-9, abs=1e-6, nan_ok=True), (party, kind)
    assert contract.value is not None
    uncorrected: dict[str, float] = dict.fromkeys(contract.party_names, 0.0)
    saved: dict[tuple[str, int], float] = {}
    for name, benefit in contract.value.benefits.items():
        for party, sign in ((benefit.to, 1.0), (benefit.taken_from, -1.0)):
            if party is None or name not in stages.uncorrected:
                continue
            uncorrected[party] += sign * stages.uncorrected[name][number]
            years = savings_years(contract) if name in stages.savings else []
            for y, year in enumerate(years):
                money = sign * stages.savings[name][y, number]
                saved[party, year] = saved.get((party, year), 0.0) + money
    undefined = {party for party, worth in run.worth.uncorrected.items() if math.isnan(worth)}
    for party in {*contract.party_names} - undefined:
        same(uncorrected[party], run.worth.uncorrected[party], ("uncorrected", party))
    for (party, year), money in run.worth.saved.items():
        if party not in undefined:
            same(saved.get((party, year), 0.0), money, ("saved", party, year))
