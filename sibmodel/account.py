"""A settlement as tables: who pays what and when, and what became of every record."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sibmodel.acceptance import Line
from sibmodel.contract.contract import Contract
from sibmodel.figures import Awaited
from sibmodel.model.lots import Due, Lot
from sibmodel.model.paid import Paid
from sibmodel.model.prices import Bands
from sibmodel.model.pricing import GAVE_WAY
from sibmodel.model.readings import Reading, Readings

COINS = 100
"""Smallest coins in one unit of currency."""


def _to_coins(
    amounts: Sequence[float], periods: Sequence[int], names: Sequence[object]
) -> list[float]:
    """Amounts in whole coins, whose sum by the end of every period is the rounded sum.

    So what is settled later moves no coin of what was settled before. Within a period the largest
    remainders are rounded up; where they are alike, the first by ``names``.

    Examples
    --------
    >>> _to_coins([1 / 3, 1 / 3, 1 / 3, 2.5], [0, 0, 0, 1], ["b", "a", "c", "a"])
    [0.33, 0.34, 0.33, 2.5]
    """
    exact = np.array(amounts) * COINS
    coins = np.floor(np.round(exact, 6)).astype(np.int64)
    remainders = np.round(exact - coins, 6)
    rounded_up = sorted(range(len(coins)), key=lambda i: (-remainders[i], names[i], i))
    due, given = 0.0, 0
    for t in sorted(set(periods)):
        mine = [i for i in rounded_up if periods[i] == t]
        due += math.fsum(exact[mine])
        wanted = math.floor(round(due, 6) + 0.5) - given
        for i in mine[: wanted - int(coins[mine].sum())]:
            coins[i] += 1
        given += wanted
    return [float(coin / COINS) for coin in coins]


def _signed_coins(
    amounts: Sequence[float], periods: Sequence[int], names: Sequence[object]
) -> list[float]:
    """What is paid, and what is paid back below zero, each in whole coins."""
    up = _to_coins([max(amount, 0.0) for amount in amounts], periods, names)
    down = _to_coins([max(-amount, 0.0) for amount in amounts], periods, names)
    return [a - b for a, b in zip(up, down, strict=True)]


_PAYMENTS = ["period", "due", "rule", "payer", "amount", "direction", "net", "tax"]


def payments(contract: Contract, paid: Paid) -> pd.DataFrame:
    """Payments by period, rule and payer, rounded once to the smallest coin."""
    names, tax = list(contract.payments.payers), contract.payments.tax
    on_top = 1.0 if tax is None or tax.included else 1 + tax.rate
    whole: dict[tuple[Any, ...], float] = defaultdict(float)
    for entry in paid.entries:
        way = "paid_back" if entry.back else "paid"
        key = (entry.period, entry.rule, entry.payer, entry.due, way)
        whole[key] += float(entry.amount[0]) * on_top
    rows = [(t, due, paid.rules[r], names[p], way) for t, r, p, due, way in sorted(whole)]
    table = pd.DataFrame(rows, columns=["period", "due", "rule", "payer", "direction"])
    periods = [t for t, *_ in rows]
    whose = [row[2:] + row[1:2] for row in rows]
    amounts = [whole[key] * (1 if key[-1] == "paid" else -1) for key in sorted(whole)]
    table["amount"] = [abs(amount) for amount in _signed_coins(amounts, periods, whose)]
    table["tax"] = _to_coins((table["amount"] * paid.tax).tolist(), periods, whose)
    table["net"] = (table["amount"] - table["tax"]).round(2)
    return table[_PAYMENTS]


_ACCOUNT = [
    *("row", "rule", "outcome", "person", "cohort", "group", "period", "claimed", "accepted"),
    *("price", "factors", "earned", "cut", "limit", "paid", "status", "reason"),
]


def lines(
    contract: Contract, accepted: Sequence[Line], paid: Paid, awaited: Sequence[Awaited] = ()
) -> pd.DataFrame:
    """A row for each record and rule, reading paid for and payment due, from claim to payment.

    And one for each reading that is ``awaited``.
    """
    names = list(contract.payments.rules)
    paying: dict[str | None, list[str]] = defaultdict(list)
    for name, rule in contract.payments.rules.items():
        paying[rule.pays].append(name)
    spare = _not_due(contract, paid)
    rows = [_settled_row(contract, due, paid, spare) for due in paid.settled]
    rows += [
        {**_whose(lot), "rule": names[lot.rule], "reason": reason,
         "status": "not due" if names[lot.rule] in spare else "waiting"}
        for lot, reason in paid.waiting
    ]  # fmt: skip
    rows += [
        {"rule": one.rule, "outcome": one.performance, "period": one.period,
         "status": "not due" if one.rule in spare else "waiting", "reason": one.reason}
        for one in awaited
    ]  # fmt: skip
    for line in accepted:
        if line.accepted <= 0:
            lot = Lot(0, line.record.period, line.record.date, np.zeros(1), source=line)
            rows += [
                {**_whose(lot), "rule": name, "status": "refused" if line.reason else "paid",
                 "reason": line.reason}
                for name in paying[line.record.outcome]
            ]  # fmt: skip
    rows += [
        {"rule": entry_rule, "period": t, "earned": amount, "paid": amount, "status": "paid"}
        for t, entry_rule, amount in _floors(contract, paid)
    ]
    last = len(accepted) + 1
    rows.sort(key=lambda row: (row.get("row", last), row.get("period", 0), row["rule"]))
    account = pd.DataFrame(rows, columns=_ACCOUNT)
    account["row"] = account["row"].astype("Int64")  # none for what no row is behind
    for column in ("limit", "reason"):
        account[column] = account[column].astype(object).where(account[column].notna(), "")
    for column in ("earned", "paid", "cut"):
        account[column] = account[column].astype(float).fillna(0.0)
    periods = [row["period"] for row in rows]
    whose = [[str(row.get(name)) for name in ("rule", "cohort", "group", "person")] for row in rows]
    account["paid"] = _signed_coins(account["paid"].tolist(), periods, whose)
    account["cut"] = (account["earned"] - account["paid"]).round(2).clip(lower=0.0) + 0.0
    account.loc[account["earned"] < 0, "cut"] = 0.0
    for column in ("outcome", "person", "cohort", "group"):
        account[column] = account[column].astype(object).where(account[column].notna(), None)
    return account


def _whose(lot: Lot) -> dict[str, Any]:
    """Whose claim it is, and what is claimed."""
    found: dict[str, Any] = {"period": lot.period, "cohort": lot.cohort, "group": lot.group}
    if isinstance(lot.source, Line):
        record = lot.source.record
        found |= {
            "row": record.row,
            "outcome": record.outcome,
            "person": record.person,
            "cohort": record.cohort,
            "group": record.group,
            "claimed": record.number,
            "accepted": lot.source.accepted,
        }
    elif isinstance(lot.source, Reading):
        value = float(np.asarray(lot.source.value))
        found |= {"outcome": lot.source.performance, "claimed": value, "accepted": value}
    return found


def _not_due(contract: Contract, paid: Paid) -> set[str]:
    """Rules that are an alternative, by ``unless``, to one that pays: they need not pay too."""
    pays = {name for r, name in enumerate(paid.rules) if paid.paid[r].any()}
    found: set[str] = set()
    for name, rule in contract.payments.rules.items():
        found |= {name} if rule.unless in pays else set()
        found |= {rule.unless} if rule.unless is not None and name in pays else set()
    return found


def _settled_row(contract: Contract, due: Due, paid: Paid, spare: set[str]) -> dict[str, Any]:
    """One settled claim, from its price to what is paid of it; ``spare`` rules need not pay."""
    lot, names = due.lot, list(contract.payments.rules)
    earned, kept = float(due.earned[0]), float(due.total(due.money)[0])
    amount = kept * float(due.share[0]) if kept > 0 else kept
    factor = float(np.asarray(due.factor).reshape(-1)[0])
    each = due.worth
    if isinstance(each, Bands):  # what a unit comes to on average
        units = float(due.total(due.net)[0]) * factor
        value = float(lot.number.reshape(-1)[0])
        units = value * factor if isinstance(lot.source, Reading) else units
        each = earned / units if units else 0.0
    own = {"person", *(f"{n}.person" for n in (*names, *contract.payments.limits.named))}
    took = [
        name
        for name, cut in paid.cut.items()
        if cut[lot.rule, due.period, 0] > 1e-9 and (name in due.took or name not in own)
    ]
    reasons = [due.refused, lot.source.reason if isinstance(lot.source, Line) else ""]
    cut, name = earned - amount > 1e-9, names[lot.rule]
    if cut and took:
        reasons.append(f"above the limit{'s' * (len(took) > 1)} {' and '.join(took)}")
    status = "cut" if cut or any(reasons) else "paid"
    if due.refused:
        gave_way = name in spare or due.refused.endswith(GAVE_WAY)
        status = "not due" if gave_way else "refused"
    return {
        **_whose(lot),
        "period": due.period,
        "rule": name,
        "price": float(np.asarray(each).reshape(-1)[0]),
        "factors": factor,
        "earned": earned,
        "limit": " + ".join(took) if cut else "",
        "paid": amount,
        "status": status,
        "reason": "; ".join(reason for reason in reasons if reason),
    }


def _floors(contract: Contract, paid: Paid) -> Iterator[tuple[int, str, float]]:
    """What floors brought: period, label, amount."""
    rules = len(contract.payments.rules)
    for r in range(rules, len(paid.rules)):
        for t in np.flatnonzero(paid.earned[r, :, 0]):
            yield int(t), paid.rules[r], float(paid.earned[r, t, 0])


def limits(paid: Paid) -> pd.DataFrame:
    """What each limit took, by rule and period of settling; adds to earned less paid."""
    rows = [
        (name, paid.rules[r], int(t), float(cut[r, t, 0]))
        for name, cut in paid.cut.items()
        for r, t in np.argwhere(cut[:, :, 0] > 1e-9)
    ]
    table = pd.DataFrame(rows, columns=["limit", "rule", "period", "taken"])
    names, rules, periods = list(table["limit"]), list(table["rule"]), list(table["period"])
    table["taken"] = _to_coins(list(table["taken"]), periods, [*zip(names, rules, strict=True)])
    return table


_READINGS = [
    *("performance", "cohort", "group", "date", "people", "observed", "counterfactual", "value"),
]


def readings_table(read: Readings) -> pd.DataFrame:
    """Every reading, figures as plain numbers."""
    rows = [{name: _plain(row[name]) for name in _READINGS} for row in read.table()]
    return pd.DataFrame(rows, columns=_READINGS)


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | dt.date):
        return value
    return float(np.asarray(value, dtype=float).reshape(-1)[0])


def moved(contract: Contract, paid: Paid) -> list[str]:
    """What payers' limits left to the payer who has the rest."""
    return [
        f"the limit {name} left {contract.currency} {float(amount[0]):,.2f} to the payer with the "
        f"rest"
        for name, amount in paid.moved.items()
        if amount[0] > 1e-9
    ]


def notes(contract: Contract, paid: Paid) -> list[str]:
    """What a limit per person could have taken from rows without a person."""
    limit = contract.payments.limits.person
    counts = [due for due in paid.settled if isinstance(due.lot.source, Line)
              and due.lot.source.record.person is None]  # fmt: skip
    if limit is None or limit.amount is None or not counts:
        return []
    units = any(contract.outcomes[o].unit is not None for o in _outcomes_of(contract, counts))
    if units:  # one person could have had all of them
        most = max(sum(float(due.earned[0]) for due in counts) - limit.amount, 0.0)
        why = "if one person had all of what a person can have several of"
    else:
        most = _most_taken(counts, limit.amount)
        why = "if the same people had as many of the outcomes as the counts allow"
    return [
        f"payments.limits.person ({contract.currency} {limit.amount:,.0f}) is not tested on rows "
        f"without a person: the most it could have taken is {contract.currency} {most:,.2f} ({why})"
    ]


def _outcomes_of(contract: Contract, dues: Sequence[Due]) -> set[str]:
    """The outcomes that some claims are of."""
    rules = list(contract.payments.rules.values())
    return {rules[due.lot.rule].pays or "" for due in dues} & {*contract.outcomes}


def _most_taken(dues: Sequence[Due], limit: float) -> float:
    """The most a limit per person can take from counts: the same people had everything.

    Of all ways to hand counted outcomes to people, stacking them on the same ones leaves the most
    above any limit (it is the largest in convex order).
    """
    counts: dict[tuple[str | None, str | None], dict[int, tuple[float, float]]] = defaultdict(dict)
    for due in dues:
        mine = counts[due.lot.cohort, due.lot.group]
        number, money = mine.get(due.lot.rule, (0.0, 0.0))
        mine[due.lot.rule] = (number + float(due.number[0]), money + float(due.earned[0]))
    taken = 0.0
    for claims in counts.values():
        last = 0.0
        for people in sorted({number for number, _ in claims.values() if number}):
            each = sum(money / number for number, money in claims.values() if number >= people)
            taken += max(each - limit, 0.0) * (people - last)
            last = people
    return taken
