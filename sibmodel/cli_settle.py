"""What ``sibmodel settle`` prints and writes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from sibmodel.contract.payments import ShareOf, Size, SizesByDate
from sibmodel.contract.timeline import Timeline
from sibmodel.settlement import Settlement

LISTED = 25
"""Rows not paid in full that are printed; the account has them all."""


def by_rule(settled: Settlement) -> list[str]:
    """What each rule pays, as lines to print."""
    payments = settled.payments
    signed = payments["amount"].where(payments["direction"] == "paid", -payments["amount"])
    paid = signed.groupby(payments["rule"], sort=False).sum()
    width = max((len(str(rule)) for rule in paid.index), default=0)
    currency = settled.contract.currency
    return [
        "\nBy rule:" if len(paid) else "\nNothing is paid.",
        *(f"  {rule:<{width}}  {currency} {amount:>14,.2f}" for rule, amount in paid.items()),
    ]


def not_in_full(settled: Settlement) -> list[str]:
    """What is refused, accepted in part or waiting, and why, as lines to print."""
    account = settled.account
    told = account[account["reason"] != ""]
    told = told.drop_duplicates(["row", "rule", "period", "status", "reason"])
    if told.empty:
        return []
    lines = ["\nNot in full (row 1 is the first row below the names of the columns):"]
    for line, recorded in zip(told.to_dict("records")[:LISTED], told["row"].notna(), strict=False):
        where = f"row {line['row']}" if recorded else f"period {line['period']}"
        lines.append(f"  {where}, {line['rule']}, {line['status']}: {line['reason']}")
    if len(told) > LISTED:
        lines.append(f"  and {len(told) - LISTED:,} more: --out writes the account with all")
    return lines


def write_settlement(settled: Settlement, folder: Path) -> list[Path]:
    """Write the tables of a settlement and its notes into a folder that is there."""
    tables = {
        "payments.csv": settled.payments,
        "account.csv": settled.account,
        "limits.csv": limits_table(settled),
        "readings.csv": settled.readings,
    }
    for name, table in tables.items():
        table.to_csv(folder / name, index=False)
    notes = folder / "notes.txt"
    notes.write_text("".join(f"{note}\n" for note in settled.notes), encoding="utf-8")
    return [*(folder / name for name in tables), notes]


# --- limits ---------------------------------------------------------------------------------------

COLUMNS = ("limit", "scope", "whom", "period", "in", "allowed", "used", "asked", "cut")


@dataclass(frozen=True)
class _Stated:
    """A limit as the contract states it, and what is under it."""

    name: str
    scope: str
    size: Size | SizesByDate
    lines: pd.DataFrame  # of the account, or a payer's payments: number, asked, used, period, …


def limits_table(settled: Settlement) -> pd.DataFrame:
    """Every limit of the contract, how much it allows and how much of that is used.

    Returns
    -------
    DataFrame
        One row for each limit and person, cohort, period or year that claims something under it;
        in all, one row for each size in turn. ``in`` is money or number, and ``allowed``, ``used``
        and ``asked`` (before any limit) are in it; ``cut`` is what this very limit took [money],
        missing where it took something together with others. ``allowed`` is missing where it is a
        share of what the account does not count.

    Examples
    --------
    >>> import pandas as pd, sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> bond = bond.replace({"payments.limits.contract": 100_000})
    >>> records = pd.DataFrame({"outcome": ["success"], "period": [1], "number": [72]})
    >>> limits_table(sib.settle(bond, records))[["allowed", "used", "asked", "cut"]].values.tolist()
    [[100000.0, 100000.0, 360000.0, 260000.0]]
    """
    rows = [row for stated in _stated(settled) for row in _rows(settled, stated)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _stated(settled: Settlement) -> Iterator[_Stated]:
    """Rules' limits, those with a name, payers' and the contract's."""
    payments, lines = settled.contract.payments, _lines(settled)
    own = lines[lines["rule"].isin(list(payments.rules))]  # floors are under payers and contract
    for name, rule in payments.rules.items():
        yield from _of_clause(rule.limits, name, own[own["rule"] == name])
    for name, limit in payments.limits.named.items():
        yield from _of_clause(limit, name, own[own["rule"].isin(limit.of)])
    for name, payer in payments.payers.items():
        owner = f"payer {name}"
        yield from _of_clause(payer.limits, owner, _paid_by(settled, name, owner))
    for scope in ("person", "cohort", "period", "year", "contract"):
        size = getattr(payments.limits, scope)
        if size is not None:
            alone = scope in ("person", "contract")
            name = scope if alone else f"contract.{scope}"
            yield _Stated(name, scope, size, own if scope == "person" else lines)


def _of_clause(limits: BaseModel, owner: str, lines: pd.DataFrame) -> Iterator[_Stated]:
    for scope in ("person", "cohort", "period", "year", "total"):
        size = getattr(limits, scope, None)
        if size is not None:
            yield _Stated(f"{owner}.{scope}", scope, size, lines)


def _lines(settled: Settlement) -> pd.DataFrame:
    """Lines of the account that earn something, with the number that a limit counts."""
    lines = settled.account[settled.account["earned"] != 0].copy()
    contract = settled.contract
    for_each = [  # an amount is for each record, whatever its number
        name
        for name, rule in contract.payments.rules.items()
        if rule.worth == "amount"
        and rule.pays in contract.outcomes
        and contract.outcomes[rule.pays].unit is not None
    ]
    lines["number"] = lines["accepted"].where(~lines["rule"].isin(for_each), 1.0)
    lines["number_used"] = lines["number"] * lines["paid"] / lines["earned"]
    return lines.rename(columns={"earned": "money", "paid": "money_used"})


def _paid_by(settled: Settlement, payer: str, owner: str) -> pd.DataFrame:
    """What one payer pays by period of settling; what its own limits took was asked too."""
    tax, payments = settled.contract.payments.tax, settled.payments
    mine = payments[payments["payer"] == payer]
    used = mine["net" if tax is not None and not tax.included else "amount"]
    used = used.where(mine["direction"] == "paid", -used)
    limits = settled.limits[settled.limits["limit"].str.startswith(f"{owner}.")]
    asked = pd.concat([used, limits["taken"]], ignore_index=True)
    return pd.DataFrame(
        {
            "period": [*mine["period"], *limits["period"]],
            "money": asked,
            "money_used": [*used, *(0.0 for _ in limits["taken"])],
        }
    )


def _rows(settled: Settlement, stated: _Stated) -> Iterator[tuple[object, ...]]:
    timeline, lines, size = settled.contract.timeline, stated.lines, stated.size
    taken = settled.limits[settled.limits["limit"] == stated.name]
    if isinstance(size, SizesByDate):
        yield from _by_date(settled, stated, size, taken)
    elif stated.scope in ("person", "cohort"):
        for (cohort, who), mine in _by_whom(lines, stated.scope):
            whom = who if stated.scope == "cohort" else f"{who} in {cohort}"
            yield from _sizes(settled, stated, whom, "", size, mine, _cut_of(stated, mine))
    elif stated.scope in ("period", "year"):
        many = 1 if stated.scope == "period" else timeline.periods_per_year
        for span in sorted({int(t) // many for t in lines["period"]}):
            mine = lines[lines["period"] // many == span]
            cut = float(taken.loc[taken["period"] // many == span, "taken"].sum())
            said = _span(timeline, span * many, (span + 1) * many)
            yield from _sizes(settled, stated, "", said, size, mine, cut)
    else:
        yield from _sizes(settled, stated, "", "", size, lines, float(taken["taken"].sum()))


def _by_date(
    settled: Settlement, stated: _Stated, sizes: SizesByDate, taken: pd.DataFrame
) -> Iterator[tuple[object, ...]]:
    """A row for each size in turn: it allows so much of everything up to its last day."""
    timeline, lines = settled.contract.timeline, stated.lines
    begun = sorted((timeline.period_of(key), size) for key, size in sizes.begins.items())
    ends = [first for first, _ in begun[1:]] + [timeline.periods]
    for (first, size), end in zip(begun, ends, strict=True):
        mine = lines[lines["period"] < end]
        now = taken[(taken["period"] >= first) & (taken["period"] < end)]
        said = _span(timeline, first, end)
        yield from _sizes(settled, stated, "", said, size, mine, float(now["taken"].sum()))


def _by_whom(lines: pd.DataFrame, scope: str) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Lines by person and cohort, or by cohort: a person in two cohorts has limits in each."""
    known = lines[lines[scope].notna() & lines["cohort"].notna()]
    for (cohort, who), mine in known.groupby(
        [known["cohort"], known[scope].rename("who")], sort=False
    ):
        yield (str(cohort), str(who)), mine


def _cut_of(stated: _Stated, lines: pd.DataFrame) -> float:
    """What a limit took of some lines; unknown where it took from one together with others."""
    shared = lines["limit"].str.split(" + ", regex=False).map(
        lambda names: len(names) > 1 and stated.name in names
    )  # fmt: skip
    return (
        math.nan if shared.any() else float(lines.loc[lines["limit"] == stated.name, "cut"].sum())
    )


def _sizes(
    settled: Settlement,
    stated: _Stated,
    whom: str,
    period: str,
    size: Size,
    lines: pd.DataFrame,
    cut: float,
) -> Iterator[tuple[object, ...]]:
    """A row for the limit on money and one for that on number."""
    for what, allowed in (("money", size.amount), ("number", size.number)):
        if allowed is None:
            continue
        most = _share(settled, allowed) if isinstance(allowed, ShareOf) else float(allowed)
        used, asked = (float(lines[column].sum()) for column in (f"{what}_used", what))
        figures = (most, used, asked, cut)
        yield stated.name, stated.scope, whom, period, what, *(round(x, 6) for x in figures)


def _share(settled: Settlement, allowed: ShareOf) -> float:
    """A share of what was accepted in all, where the account counts each of those outcomes."""
    account = settled.account[settled.account["outcome"].isin(allowed.of)]
    if set(account["outcome"]) != set(allowed.of):
        return math.nan
    each = account.drop_duplicates(["row", "outcome"])
    return float(allowed.share * each["accepted"].sum())


def _span(timeline: Timeline, first: int, end: int) -> str:
    """First and last day of some periods."""
    return f"{timeline.date(first)} to {timeline.date(end) - dt.timedelta(days=1)}"
