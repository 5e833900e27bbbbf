"""Limits, floors and payers, for contracts and records made up by hypothesis and settled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from generate_records import COIN, Case, frame, on_top, settlements, signed
from hypothesis import assume, given
from limit_checks import check, limits_of, sizes

from sibmodel import Contract
from sibmodel.acceptance import accept
from sibmodel.records import read_records


def flow(table: pd.DataFrame, periods: int, column: str = "paid") -> list[float]:
    """A column's sum in each period."""
    by_period = table.groupby("period")[column].sum()
    return [float(by_period.get(t, 0.0)) for t in range(periods)]


def with_numbers(contract: Contract, account: pd.DataFrame) -> pd.DataFrame:
    """The account with the number of claims that were paid for, in money's proportion.

    NaN under marginal bands, where half the money is not half the claims.
    """

    def number(row: Any) -> float:
        rule = contract.payments.rules.get(row.rule)
        if rule is None or row.earned <= 0:
            return 0.0
        if "each_above" in str(rule.model_dump(exclude_none=True)):
            return np.nan
        unit = contract.outcomes[rule.pays].unit if rule.pays in contract.outcomes else None
        each = 1.0 if rule.amount is not None and unit is not None else row.accepted
        return float(each * row.paid / row.earned)

    numbers = [number(row) for row in account.itertuples()]
    return account.assign(number=np.array(numbers, dtype=float))


def once(contract: Contract, rule: str) -> bool:
    """Whether a rule pays for what a person has once."""
    pays = contract.payments.rules[rule].pays
    return pays in contract.cohorts or (
        pays in contract.outcomes and contract.outcomes[pays].unit is None
    )


@given(settlements())
def test_no_payment_passes_a_limit(case: Case) -> None:
    _, rows, result = case
    contract, per_year = result.contract, result.contract.timeline.periods_per_year
    periods = contract.timeline.periods
    accepted = accept(contract, read_records(contract, frame(rows)))
    known = {n: accepted.so_far(n) for n in (*contract.outcomes, *contract.cohorts)}
    account = with_numbers(contract, result.account)
    slack = COIN * (len(account) + 1)
    for name, rules, scope, size in limits_of(contract):
        mine = account[account["rule"].isin(rules)]
        if name == "contract":
            mine = account  # floors are under it too
        parts = {"all": mine}
        if scope == "person":
            parts = dict(iter(mine[mine["person"].notna()].groupby(["cohort", "person"])))
            nameless = mine[mine["person"].isna() & mine["accepted"].gt(0)]
            for row in nameless.itertuples() if rules == [name] and once(contract, name) else ():
                if size.amount is not None:  # each of a count is one person
                    assert row.paid <= size.amount * row.accepted + COIN
        elif scope == "cohort":
            parts = dict(iter(mine[mine["cohort"].notna()].groupby("cohort")))
            if name == "contract":  # what is for no one cohort is not under it
                parts = {c: p[[is_of_a_cohort(contract, r) for r in p["rule"]]]
                         for c, p in parts.items()}  # fmt: skip
        for whom, part in parts.items():
            told = name, whom
            allowed = sizes(contract, size, "amount", known)
            check(flow(part, periods), allowed, scope, per_year, told, slack)
            numbers = flow(part, periods, "number")
            if not np.isnan(part["number"].to_numpy(dtype=float)).any():
                allowed = sizes(contract, size, "number", known)
                check(numbers, allowed, scope, per_year, told, 1e-3 * (len(part) + 1))
    payments = result.payments.assign(paid=signed(result.payments) / on_top(contract))
    for payer, clause in contract.payments.payers.items():
        for scope, size in clause.limits:
            if size is not None:
                mine = payments[payments["payer"] == payer]
                allowed = sizes(contract, size, "amount", known)
                check(flow(mine, periods), allowed, scope, per_year, payer, slack)


def is_of_a_cohort(contract: Contract, rule: str) -> bool:
    """Whether each payment of a rule is for people of one cohort."""
    clause = contract.payments.rules.get(rule)
    if clause is None or clause.pays is None:
        return False
    read = clause.pays in contract.performance
    return not read or contract.read_over(clause.pays) in ("each_cohort", "each_group")


@given(settlements(floored=True))
def test_a_floor_holds_unless_a_limit_forbids_and_brings_no_more_than_it_must(
    case: Case,
) -> None:
    data, _, result = case
    assume("floors" in data["payments"])
    contract, account = result.contract, result.account
    per_year, periods = contract.timeline.periods_per_year, contract.timeline.periods
    stated = contract.payments.floors
    every = [*contract.payments.rules]
    floors: dict[str, tuple[list[str], str, float | None]] = {}
    for name, clause in stated.named.items():
        for span in ("period", "year", "total"):
            label = f"floor {name}" if span == "total" else f"floor {name}.{span}"
            floors[label] = [*clause.of], span, getattr(clause, span)
    for span in ("period", "year", "contract"):
        floors[f"floor {span}"] = every, span, getattr(stated, span)
    floors = {label: floor for label, floor in floors.items() if floor[2] is not None}
    limited = any(p.limits.model_fields_set for p in contract.payments.payers.values())
    limits = contract.payments.limits
    for label, (rules, span, size) in floors.items():
        inside = {o for o, (of, _, _) in floors.items() if {*of} <= {*rules}}
        before = inside & {*[*floors][: [*floors].index(label) + 1]}
        paid = np.array(flow(account[account["rule"].isin([*rules, *inside])], periods))
        by_now = np.array(flow(account[account["rule"].isin([*rules, *before])], periods))
        own = np.array(flow(account[account["rule"] == label], periods))
        whole = np.array(flow(account, periods))
        lasts = {"period": 1, "year": per_year}.get(span, periods)
        for first in range(0, periods, lasts):
            these = slice(first, first + lasts)
            last = min(first + lasts, periods) - 1
            if own[these].sum() > 0:
                assert own[these].sum() == own[last]
                assert by_now[these].sum() <= size + COIN * (len(account) + 1)
            year = slice(last - last % per_year, last + 1)
            reached = [
                one is not None and sum_ >= sizes(contract, one, "amount", {})[last] - 1
                for one, sum_ in (
                    (limits.period, whole[last]),
                    (limits.year, whole[year].sum()),
                    (limits.contract, whole[: last + 1].sum()),
                )
            ]
            if not (limited or any(reached)):
                assert paid[these].sum() >= size - COIN * (len(account) + 1), (label, first)


@given(settlements())
def test_payers_pay_their_shares(case: Case) -> None:
    result = case[2]
    payments, contract = result.payments, result.contract
    if any(payer.limits.model_fields_set for payer in contract.payments.payers.values()):
        return  # what is above a payer's limit is nobody's, or falls to who has the rest
    totals = payments.groupby(["period", "due", "rule", "direction"])["amount"].sum()
    for row in payments.itertuples():
        rule = contract.payments.rules.get(row.rule)
        payers = contract.payments.payers if rule is None or not rule.payers else rule.payers
        least, most = (1.0, 1.0)
        for name, payer in payers.items():
            low, high = span_of(payer.share)
            if name == row.payer and payer.share != "rest":
                least, most = low, high
                break
            if name != row.payer:
                least, most = least - high, most - low
        whole = totals[row.period, row.due, row.rule, row.direction]
        assert least * whole - 2 * COIN <= row.amount <= most * whole + 2 * COIN


def span_of(share: Any) -> tuple[float, float]:
    """The least and the most that a payer's share can be; nothing of groups that are not named."""
    if isinstance(share, float | str):
        return (share, share) if isinstance(share, float) else (0.0, 0.0)
    rows = getattr(share, "begins", None) or share.by_group
    spans = [span_of(one) for one in rows.values()]
    if hasattr(share, "begins"):
        spans.append((0.0, 0.0))  # before the first date
    return min(low for low, _ in spans), max(high for _, high in spans)
