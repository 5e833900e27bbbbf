"""Laws of the account, asked of contracts with capital of every kind; the slow twin among them."""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from both_ways import ATOL, Both, same
from changed import scaled, shuffled, times
from generate import contracts
from generate_capital import capital_contracts
from generate_numbers import Data
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sibmodel import Contract, plan, simulate, walk
from sibmodel.contract.contract import BANK, TAX_AUTHORITY
from sibmodel.model import chance, rates
from sibmodel.model.measures import measures, values
from sibmodel.model.returns import npv
from sibmodel.model.stages import Stages, investors
from sibmodel.model.tranches import KINDS
from sibmodel.plan import Plan
from sibmodel.walk import Switches

RUNS = 12


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Blocks of a few runs: what holds for so many holds for 4,096."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (chance, rates, plan, walk):
            patch.setattr(module, "BLOCK", RUNS)
        yield


@settings(max_examples=4 * settings.default.max_examples)
@given(capital_contracts())
def test_every_run_is_the_twins(data: Data) -> None:
    Both(data, Switches(), RUNS).check()


# --- conservation ---------------------------------------------------------------------------------


def block(data: Data) -> Stages:
    """All runs of the first block of a contract."""
    return Plan(Contract.from_dict(data)).stages(seed=0, block=0, switches=Switches(), details=True)


def sums(flows: Any, *kinds: str) -> np.ndarray:
    """Some kinds of flow of all tranches, (period, run)."""
    mine = [flow for one in flows.values() for kind, flow in one.items() if kind in kinds]
    return sum(mine, np.zeros((1, RUNS)))


def through_account(account: Any, *, into: bool) -> np.ndarray:
    """What moves between the account and parties, costs left out, (period, run)."""
    side = 1 if into else 0
    mine = [
        flow
        for ends, flow in account.moves.items()
        if ends[side] == "account" and ends[2] not in ("cost", "tax")
    ]
    return sum(mine, np.zeros((1, RUNS)))


@given(capital_contracts())
def test_what_comes_into_the_account_goes_out_or_stays(data: Data) -> None:
    stages = block(data)
    account = stages.account
    assert account is not None
    opening = np.full((1, RUNS), data["capital"].get("account", {}).get("opening", 0.0))
    before = np.vstack([opening, account.balance[:-1]])
    came = before + stages.income + sums(account.flows, "drawn")
    came = came + sum(account.brought.values(), np.zeros((1, RUNS)))
    # a redemption's gap is brought by a party, and is within what the tranche has as principal
    came = came + through_account(account, into=True)
    went = account.met + sums(account.flows, "interest", "principal", "surplus")
    went = went + sum(account.returned.values(), np.zeros((1, RUNS)))
    went = went + through_account(account, into=False)
    np.testing.assert_allclose(came, went + account.balance, rtol=1e-9, atol=ATOL)


@given(capital_contracts())
def test_costs_are_met_unmet_or_carried_and_no_tranche_is_overdrawn(data: Data) -> None:
    stages = block(data)
    account, capital = stages.account, stages.contract.capital
    assert account is not None
    assert capital is not None
    carried = np.cumsum(account.costs - account.met - account.unmet, axis=0)
    assert (carried >= -ATOL).all()
    np.testing.assert_allclose(carried[-1], 0.0, atol=ATOL)
    named = {name for rank in capital.order or () for name in rank}
    waits = named & {*data["delivery"]["costs"]}
    if capital.on_shortfall != "carried_forward" and not waits:
        np.testing.assert_allclose(carried, 0.0, atol=ATOL)
    for name, flows in account.flows.items():
        drawn = flows.get("drawn", np.zeros((1, RUNS))).sum(axis=0)
        assert (drawn <= capital.tranches[name].commitment * (1 + 1e-12)).all(), name
        for kind, flow in flows.items():
            assert (flow >= -ATOL).all(), (name, kind)
    for flow in (account.met, account.unmet, account.balance, *account.moves.values()):
        assert (flow >= -ATOL).all()


@given(capital_contracts())
def test_over_all_parties_flows_are_minus_the_change_in_the_balance(data: Data) -> None:
    stages = block(data)
    account, capital = stages.account, stages.contract.capital
    assert account is not None
    assert capital is not None
    net: dict[str, Any] = defaultdict(lambda: np.zeros((1, RUNS)))
    for payer, flow in stages.by_payer.items():
        net[payer] = net[payer] - flow
    if stages.tax is not None:
        net[TAX_AUTHORITY] = net[TAX_AUTHORITY] + stages.tax
    net["provider"] = net["provider"] + account.met
    for name, tranche in stages.tranches.items():
        holder = capital.holder(name)
        net[holder] = net[holder] + tranche.cash_flow
    for (giver, taker, kind), flow in account.moves.items():
        if kind in ("cost", "tax"):  # out of costs met
            net["provider"], net[taker] = net["provider"] - flow, net[taker] + flow
        else:  # what is a tranche's is in its cash flow
            for end, sign in ((giver, -1), (taker, 1)):
                if end != "account" and end not in account.flows:
                    net[end] = net[end] + sign * flow
    opening = np.full((1, RUNS), data["capital"].get("account", {}).get("opening", 0.0))
    change = np.diff(np.vstack([opening, account.balance]), axis=0)
    np.testing.assert_allclose(sum(net.values()), -change, rtol=1e-9, atol=1e-6)
    assert (net[BANK] <= ATOL).all()


@settings(max_examples=2 * settings.default.max_examples)
@given(capital_contracts(guaranteed=True))
def test_a_guarantee_changes_who_loses_not_what_the_contract_earns(data: Data) -> None:
    backed = block(data)
    data = copy.deepcopy(data)
    covers = data["capital"].pop("guarantees")["backing"]["covers"]
    alone = block(data)
    assert backed.account is not None
    assert alone.account is not None
    for what in ("costs", "met", "unmet", "balance"):
        same(getattr(backed.account, what), getattr(alone.account, what), what)
    for payer, flow in alone.by_payer.items():
        same(backed.by_payer[payer], flow, payer)
    given = backed.account.flows[covers].get("guaranteed", np.zeros((1, RUNS)))
    for name, tranche in alone.tranches.items():
        gift = given if name == covers else 0.0
        same(backed.tranches[name].received, tranche.received + gift, name)
        same(backed.tranches[name].put_in, tranche.put_in, name)
    backer = backed.account.moves.get(("backer", covers, "guarantee"), np.zeros((1, RUNS)))
    np.testing.assert_array_equal(backer, given)
    received = backed.tranches[covers].received.sum(axis=0)
    topped_up = given.any(axis=0)
    drawn = backed.tranches[covers].drawn.sum(axis=0)
    assert (received[topped_up] <= drawn[topped_up] * (1 + 1e-12) + ATOL).all()


@given(capital_contracts())
def test_the_present_value_at_the_irr_is_nil(data: Data) -> None:
    stages = block(data)
    mine = investors(stages.contract)
    if not mine:
        return
    found, flows = stages.irr_of(mine), stages.investor_cash_flow
    per_year = stages.contract.timeline.periods_per_year
    for run in np.flatnonzero(found.status == 0):
        worth = npv(flows[:, run], rate=found.rate[run], periods_per_year=per_year)
        assert abs(worth[0]) <= 1e-7 * np.abs(flows[:, run]).sum()


# --- what changes nothing -------------------------------------------------------------------------


def mixed_up(data: Data, order: random.Random) -> Data:
    """The same contract in another order; equals in other orders too. Endings keep theirs."""
    mixed: Data = shuffled(data, order)
    for field in {"order", "draw_order"} & {*mixed["capital"]}:
        mixed["capital"][field] = [
            order.sample(rank, len(rank)) if isinstance(rank, list) else rank
            for rank in mixed["capital"][field]
        ]
    if "endings" in data["capital"]:
        mixed["capital"]["endings"] = data["capital"]["endings"]
    return mixed


@settings(max_examples=2 * settings.default.max_examples)
@given(capital_contracts(), st.integers(0, 9))
def test_the_order_of_the_file_changes_nothing(data: Data, order: int) -> None:
    first, second = block(data), block(mixed_up(data, random.Random(order)))
    nothing = np.zeros((1, RUNS))
    assert first.account is not None
    assert second.account is not None
    for name, flows in first.account.flows.items():
        for kind in KINDS:
            other = second.account.flows[name].get(kind, nothing)
            same(*np.broadcast_arrays(flows.get(kind, nothing), other), (name, kind))
    for what in ("met", "unmet", "balance"):
        same(getattr(first.account, what), getattr(second.account, what), what)
    for payer, flow in first.by_payer.items():
        same(flow, second.by_payer[payer], payer)


def scaled_capital(data: Data, by: float) -> Data:
    """A contract with capital in another unit of currency."""
    data = scaled(data, by)
    capital = data["capital"]
    clauses: list[tuple[Data, str]] = [(capital.get("account", {}), "opening")]
    clauses += [(capital.get("account", {}), "reserve")]
    if isinstance(capital["recycle"], dict):
        clauses.append((capital["recycle"], "up_to"))
    clauses += [(step.get("until", {}), "amount") for step in capital.get("surplus", {}).values()]
    clauses += [(clause, "limit") for clause in capital.get("guarantees", {}).values()]
    clauses += [(clause, "amount") for clause in capital.get("settlements", {}).values()]
    for ending in capital.get("endings", {}).values():
        clauses += [(ending.get("if", {}), figure) for figure in ("balance", "drawn", "unmet")]
    for clause, field in clauses:
        if field in clause:
            clause[field] = times(clause[field], by)
    return data


@settings(max_examples=2 * settings.default.max_examples)
@given(capital_contracts(), st.sampled_from([1000.0, 0.001]))
def test_the_unit_of_currency_changes_nothing(data: Data, by: float) -> None:
    small, large = block(data), block(scaled_capital(data, by))
    assert small.account is not None
    assert large.account is not None
    for name, flows in small.account.flows.items():
        for kind, flow in flows.items():
            other = large.account.flows[name].get(kind, np.zeros((1, RUNS)))
            same(*np.broadcast_arrays(flow, other / by), (name, kind))
    same(small.account.balance, large.account.balance / by, "balance")
    same(small.account.unmet, large.account.unmet / by, "unmet")
    first, second = values(small, measures(small.contract)), values(large, measures(large.contract))
    for name in {"investor_irr", "investor_multiple", "payback"} & {*first}:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-6, atol=1e-6, err_msg=name)


@settings(max_examples=max(settings.default.max_examples // 4, 5))
@given(capital_contracts(), st.integers(0, RUNS - 1))
def test_a_run_is_the_same_whatever_the_number_of_runs(data: Data, run: int) -> None:
    contract = Contract.from_dict(data)
    few = simulate(contract, runs=run + 1, progress=False)
    many = simulate(contract, runs=RUNS + 7, progress=False)
    for name in few.names:
        assert few.measure(name)[run] == pytest.approx(
            many.measure(name)[run], rel=1e-12, abs=1e-12, nan_ok=True
        ), name


# --- the short way --------------------------------------------------------------------------------


@given(contracts(capital=True))
def test_the_short_way_through_a_plain_account_is_the_long_one(data: Data) -> None:
    contract = Contract.from_dict(data)
    short = Plan(contract)
    assume(short.terms.plain)
    long = Plan(contract)
    long.terms = replace(long.terms, plain=False)
    one, other = (
        p.stages(seed=0, block=0, switches=Switches(), details=True).account for p in (short, long)
    )
    assert one is not None
    assert other is not None
    for what in ("costs", "met", "unmet", "balance"):
        same(getattr(one, what), getattr(other, what), what)
    [mine], [others] = one.flows.values(), other.flows.values()
    nothing = np.zeros_like(one.met)
    for kind in KINDS:
        same(mine.get(kind, nothing), others.get(kind, nothing), kind)
    same(*(np.broadcast_to(sum(a.lost.values()), nothing[0].shape) for a in (one, other)), "lost")
