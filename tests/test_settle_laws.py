"""Laws of settling, for contracts and records made up by hypothesis: no pound is lost or found."""

from __future__ import annotations

import copy
import datetime as dt
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from changed import scaled, shuffled
from generate import contracts
from generate_limits import nested_limits
from generate_numbers import Data
from generate_records import (
    COIN,
    Case,
    Rows,
    by_start,
    each_read,
    on_top,
    settled,
    settlements,
    signed,
    whose,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from small_blocks import RUNS, small_blocks  # noqa: F401  (a fixture for all tests here)

from sibmodel import Contract
from sibmodel.plan import Plan
from sibmodel.settlement import Settlement
from sibmodel.walk import Switches


def sums(payments: pd.DataFrame, *by: str) -> dict[Any, float]:
    """Net payments by columns."""
    return signed(payments).groupby([payments[name] for name in by]).sum().to_dict()


def same(one: dict[Any, float], other: dict[Any, float], slack: float = COIN) -> None:
    """The same money, up to a coin, in each place."""
    for key in {*one, *other}:
        assert one.get(key, 0.0) == pytest.approx(other.get(key, 0.0), abs=slack), key


# --- money is conserved ---------------------------------------------------------------------------


@given(settlements())
def test_what_payers_pay_is_what_rules_pay_and_what_the_account_says(
    case: Case,
) -> None:
    result = case[2]
    times = on_top(result.contract)
    account, payments = result.account, result.payments
    by_rule = {r: m * times for r, m in account.groupby("rule")["paid"].sum().items()}
    same(sums(payments, "rule"), by_rule, COIN * max(len(account), len(payments)))
    assert result.paid == pytest.approx(account["paid"].sum() * times, abs=2 * COIN)
    period = {t: m * times for t, m in account.groupby("period")["paid"].sum().items()}
    same(sums(payments, "period"), period, 3 * COIN)


@given(settlements())
def test_every_pound_not_paid_has_its_limit_or_its_reason(case: Case) -> None:
    result = case[2]
    account = result.account
    claims = account[account["earned"] >= 0]
    assert ((claims["earned"] - claims["cut"] - claims["paid"]).abs() <= COIN).all()
    assert (account["cut"] >= 0).all()
    assert (account["paid"] <= account["earned"].clip(lower=0) + COIN)[account["paid"] > 0].all()
    cut = account[account["cut"] > COIN]
    assert (cut["limit"] != "").all()
    assert (cut["status"] == "cut").all()
    for status in ("refused", "waiting"):
        some = account[account["status"] == status]
        assert (some["paid"] == 0).all()
        assert (some["reason"] != "").all()
    lost = account[(account["accepted"] < account["claimed"]) & (account["rule"] != "")]
    of_records = lost[lost["row"].notna()]
    assert (of_records["reason"] != "").all()
    taken = (claims["earned"] - claims["paid"]).sum()
    assert result.limits["taken"].sum() == pytest.approx(taken, abs=COIN * (len(account) + 1))


@given(settlements())
def test_tax_is_what_is_paid_less_what_is_received(case: Case) -> None:
    data, rows, result = case
    payments = result.payments
    assert ((payments["amount"] - payments["tax"] - payments["net"]).abs() < 1e-9).all()
    tax = data["payments"].get("tax")
    rate = tax["rate"] if tax else 0.0
    expected = payments["amount"] * rate / (1 + rate)
    assert ((payments["tax"] - expected).abs() <= COIN).all()
    assert payments["tax"].sum() == pytest.approx(expected.sum(), abs=COIN)
    if tax:  # the same contract without tax pays what is received, where prices are without it
        without = copy.deepcopy(data)
        del without["payments"]["tax"]
        plain = settled(without, rows).payments
        column = "amount" if tax["included"] else "net"
        mine = signed(payments, column).sum()
        assert mine == pytest.approx(signed(plain).sum(), abs=COIN * (len(payments) + 1))


# --- nothing but the facts matters ----------------------------------------------------------------


def amounts(result: Settlement) -> dict[Any, float]:
    """Payments by period, rule and payer."""
    return sums(result.payments, "period", "due", "rule", "payer")


@given(settlements(), st.integers(0, 9))
def test_the_order_of_clauses_and_of_rows_changes_nothing(case: Case, order: int) -> None:
    data, rows, first = case
    mixed = random.Random(order).sample(rows, len(rows))
    same(amounts(first), amounts(settled(data, mixed)))
    other = settled(shuffled(data, random.Random(order)), rows)
    same(amounts(first), amounts(other))
    assert sorted(first.account["reason"]) == sorted(other.account["reason"])


@given(settlements())
def test_the_unit_of_currency_changes_no_more_than_the_unit(case: Case) -> None:
    data, rows, small = case
    large = settled(scaled(data, 1000.0), rows)
    same(amounts(small), {key: amount / 1000 for key, amount in amounts(large).items()})


@given(settlements(counted=True), st.integers(1, 4))
def test_splitting_a_row_of_counts_changes_nothing(case: Case, part: int) -> None:
    data, rows, result = case
    split: Rows = []
    for row in rows:
        if row.get("number", 0) > part and not {"person", "claim"} & {*row}:
            split += [row | {"number": part}, row | {"number": row["number"] - part}]
        else:
            split.append(row)
    assume(len(split) > len(rows))
    pd.testing.assert_frame_equal(result.payments, settled(data, split).payments)


@given(settlements(), st.sets(st.integers(0, 9), min_size=2, max_size=3))
def test_settling_period_by_period_is_settling_at_once(case: Case, periods: set[int]) -> None:
    data, rows, whole = case
    timeline = whole.contract.timeline
    for t in sorted(periods & {*range(timeline.periods)}):
        end = timeline.date(t + 1) - dt.timedelta(days=1)
        so_far = settled(data, rows, as_at=end).payments
        known = whole.payments[whole.payments["period"] <= t]
        pd.testing.assert_frame_equal(so_far, known, check_dtype=False)


# --- a dearer price, a further claim --------------------------------------------------------------


@st.composite
def nested_settlements(draw: st.DrawFn, **options: Any) -> tuple[Data, Rows]:
    """Settlements with nested limits of money; no gate, switch or two-sided rule."""
    data, rows, _ = draw(settlements(limited=False, gated=False, **options))
    nested_limits(draw, data)
    return data, rows


@given(nested_settlements(), st.sampled_from([1.01, 1.5, 4.0]), st.integers(0, 3))
def test_where_limits_nest_a_dearer_price_never_pays_less(
    case: tuple[Data, Rows], dearer: float, which: int
) -> None:
    data, rows = case
    names = list(data["payments"]["rules"])
    before = settled(data, rows).paid
    data["payments"]["rules"][names[which % len(names)]].setdefault("factors", {})["x"] = dearer
    assert settled(data, rows).paid >= before - COIN


@given(nested_settlements(read=False), st.integers(0, 9))
def test_where_limits_nest_a_further_claim_never_pays_less(
    case: tuple[Data, Rows], which: int
) -> None:
    """Without performances, which one claim more may worsen; and without marginal bands: a claim
    that a limit leaves unpaid brings the next ones into a cheaper band all the same.
    """
    data, rows = case
    assume("each_above" not in str(data["payments"]["rules"]))
    before = settled(data, rows)
    people = sorted({row["person"] for row in rows if "person" in row})
    if people:  # somebody more, with all that one person had
        person = people[which % len(people)]
        mine = [row for row in rows if row.get("person") == person]
        more = [*rows, *(row | {"person": "somebody more"} for row in mine)]
    else:
        groups = sorted({row["group"] for row in rows})
        group = groups[which % len(groups)]
        more = [
            row | {"number": row["number"] + 1}
            if row["group"] == group and "claim" not in row and row["number"]
            else row
            for row in rows
        ]
    assert settled(data, more).paid >= before.paid - COIN


# --- what was simulated ---------------------------------------------------------------------------


def counted(data: Data) -> Data:
    """The contract without limits per person, which counts cannot meet."""
    payments = copy.deepcopy(data["payments"])
    top = payments.get("limits", {})
    named = [limit for limit in top.values() if isinstance(limit, dict) and "of" in limit]
    for limits in (top, *named, *(r.get("limits", {}) for r in payments["rules"].values())):
        limits.pop("person", None)
    payments["limits"] = {
        name: limit
        for name, limit in top.items()
        if not isinstance(limit, dict) or {*limit} != {"of"}
    }
    return data | {"payments": payments}


@given(contracts(read=False, settled=True), st.integers(0, RUNS - 1))
def test_settling_what_was_simulated_pays_the_same(data: Data, run: int) -> None:
    """By counts: where no rule reads each person's claims, or when people started."""
    data = counted(data)
    contract = Contract.from_dict(data)
    assume(not any(each_read(contract, outcome) for outcome in contract.outcomes))
    assume(not any(by_start(contract, cohort) for cohort in contract.cohorts))
    stages = Plan(contract).stages(seed=1, block=0, switches=Switches(), details=True)
    counts = {group: {contract.cohort_of_group(group): people[:, run]}
              for group, people in stages.starts.items()}  # fmt: skip
    for name, claimed in stages.claimed.items():
        for g, group in enumerate(contract.groups_of(name)):
            counts[group][name] = claimed[g, :, run]
    rows = [
        {
            "outcome": name,
            "period": t,
            "number": float(many),
            **whose(group.partition("/")[0], group),
        }
        for group, mine in counts.items()
        for name, flow in mine.items()
        for t, many in enumerate(flow)
        if many
    ]
    assume(rows)
    result = settled(data, rows)
    names = {rule: r for r, rule in enumerate(stages.paid.rules)}
    paid = np.zeros(stages.paid.paid.shape[:2])
    for row in result.payments.itertuples():
        paid[names[row.rule], min(contract.timeline.period_of(row.due), paid.shape[1] - 1)] += (
            row.amount
        )
    np.testing.assert_allclose(paid, stages.paid.paid[:, :, run], atol=COIN * 5)
