"""Settle: what recorded outcomes pay under the rules, and which limit took every pound not paid."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sibmodel.acceptance import Line, accept
from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Assumptions, Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.limits import PersonLimit
from sibmodel.model.payments import Paid, pay
from sibmodel.records import Record, read_records

COINS = 100
"""Smallest coins in one unit of currency."""


@dataclass(frozen=True, repr=False)
class Settlement:
    """What recorded outcomes pay.

    Attributes
    ----------
    payments : DataFrame
        One row for each period of claim, rule and payer: period, due (date of cash), rule, payer,
        amount.
    account : DataFrame
        One row for each record and rule: row, rule, outcome, person, group, period, claimed,
        accepted, price, earned, cut, limit, paid, status (paid, cut, refused), reason.
    limits : DataFrame
        What each limit took: limit, rule, period, taken.
    notes : tuple of str
        What was not tested, and the most it could have taken.
    """

    contract: Contract
    payments: pd.DataFrame
    account: pd.DataFrame
    limits: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def earned(self) -> float:
        """Accepted claims at their price, before limits [money]."""
        return float(round(self.account["earned"].sum(), 2))

    @property
    def paid(self) -> float:
        """What is paid, all payers [money]."""
        return float(round(self.payments["amount"].sum(), 2))

    def __repr__(self) -> str:
        currency = self.contract.currency
        lines = [
            f"{self.contract.name}: settlement of {self.account['row'].nunique():,} records",
            f"  accepted claims at their price  {currency} {self.earned:,.2f}",
            f"  paid                            {currency} {self.paid:,.2f}",
        ]
        for payer, amount in self.payments.groupby("payer", sort=False)["amount"].sum().items():
            lines.append(f"    by {payer}: {currency} {amount:,.2f}")
        for limit, taken in self.limits.groupby("limit", sort=False)["taken"].sum().items():
            lines.append(f"  taken by the limit {limit}: {currency} {taken:,.2f}")
        account = self.account
        missing = account["claimed"] - account["accepted"]
        if missing.any():
            lines.append(
                f"  not accepted: {missing.sum():,.0f} of {account['claimed'].sum():,.0f} claims "
                f"({currency} {(missing * account['price']).sum():,.2f}); account has the reasons"
            )
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def settle(
    contract: Contract, outcomes: pd.DataFrame, *, as_at: dt.date | str | None = None
) -> Settlement:
    """What recorded outcomes pay, through the very payment stage that ``simulate`` feeds.

    Parameters
    ----------
    contract : Contract
        Its prices and factors must be agreed figures, not distributions.
    outcomes : DataFrame
        One row a fact. Columns: ``outcome`` (an outcome, or a cohort for starts), ``period`` or
        ``date``, and ``number`` (counts) or ``person`` (a claim a row); ``group`` where prices
        differ by group; ``evidence`` (false refuses the claim).
    as_at : date, optional
        Settle up to this date and read nothing later.

    Returns
    -------
    Settlement

    Raises
    ------
    RecordsError
        Naming every row that cannot be read.
    ValueError
        If a price is uncertain.

    Examples
    --------
    >>> import pandas as pd, sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> records = pd.DataFrame({"outcome": ["success"], "period": [1], "number": [72]})
    >>> sib.settle(bond, records).paid
    360000.0
    """
    facts = read_records(contract, outcomes, as_at)
    drawn = _agreed(contract)
    lines = accept(contract, facts, drawn)
    paid, kept = _pay(contract, lines)
    account = _account(contract, lines, paid, kept)
    return Settlement(
        contract,
        _payments(contract, paid),
        account,
        _limits(contract, paid),
        tuple(_notes(contract, facts, lines)),
    )


def _agreed(contract: Contract) -> Drawn:
    """The contract's numbers; prices and factors must be certain."""
    numbers = Assumptions(contract)
    uncertain = [key for key in numbers.labels if key.startswith("payments.")]
    if uncertain:
        raise ValueError(
            f"settle wants agreed figures: {', '.join(uncertain)} is uncertain. "
            f"Give one with contract.replace({{{uncertain[0].partition('@')[0]!r}: …}})"
        )
    return numbers.means()


# --- paying ---------------------------------------------------------------------------------------


def _pay(contract: Contract, lines: list[Line]) -> tuple[Paid, list[float]]:
    """The payment stage on one run; and what each line keeps after limits per person."""
    payments = contract.payments
    rules = list(payments.rules)
    waits = [r.paid_after for r in payments.rules.values()]
    latest = max(payments.paid_after if wait is None else wait for wait in waits)
    number, earned = np.zeros((2, len(rules), contract.timeline.periods + latest, 1))
    within: dict[int, Floats] = {}
    for line in lines:
        r = rules.index(line.rule)
        number[r, line.record.period] += line.accepted if line.price > 0 else 0.0
        earned[r, line.record.period] += line.accepted * line.price
        if contract.payments.rules[line.rule].limits.person is not None:
            through = within.setdefault(r, np.zeros(earned.shape[1:]))
            through[line.record.period] += line.accepted * line.within
    limit = payments.limits.person
    people = None
    if limit is not None and any(line.record.person for line in lines):
        people = _people(lines, rules, limit)
    paid = pay(
        payments,
        number=number,
        earned=earned,
        within=within,
        periods_per_year=contract.timeline.periods_per_year,
        people=people,
        keep_joint=True,
        detail=True,
    )
    if people is None:
        return paid, [line.accepted * line.within for line in lines]
    slabs = list(dict.fromkeys(_slab(line) for line in lines))
    kept: dict[tuple[str, int, int], float] = defaultdict(float)
    for slab, period, rule, money in people.remembered:
        kept[slabs[slab], period, rule] += float(money.sum())
    return paid, [
        kept[_slab(line), line.record.period, rules.index(line.rule)] if line.accepted else 0.0
        for line in lines
    ]


def _slab(line: Line) -> str:
    """Whose limit a line comes under: its person's, or none."""
    record = line.record
    return f"{record.cohort}/{record.person}" if record.person else f"row {record.row}"


def _people(lines: list[Line], rules: list[str], limit: float) -> PersonLimit:
    """Every person's claims, one person a slab; rows without a person are not limited."""
    people = PersonLimit(limit, rules=len(rules), runs=1, remember=True)
    claims: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        claims[_slab(line)].append(line)
    for mine in claims.values():
        named = mine[0].record.person is not None
        people.add_people(1, 1.0 if named else mine[0].accepted, limited=named)
        for line in mine:
            if line.accepted:
                people.add_claims(
                    rule=rules.index(line.rule),
                    period=line.record.period,
                    price=line.within,
                    claimed=np.ones((1, 1), dtype=bool),
                )
    return people


# --- the account ----------------------------------------------------------------------------------


def _to_coins(amounts: list[float], total: float | None = None) -> list[float]:
    """Amounts in whole coins that add to the rounded total, largest remainders first."""
    exact = np.array(amounts) * COINS
    coins = np.floor(np.round(exact, 6)).astype(np.int64)
    wanted = round((sum(amounts) if total is None else total) * COINS)
    remainders = np.round(exact - coins, 6)
    for i in np.argsort(-remainders, kind="stable")[: max(int(wanted - coins.sum()), 0)]:
        coins[i] += 1
    return [float(coin / COINS) for coin in coins]


def _waits(contract: Contract) -> dict[str, int]:
    payments = contract.payments
    return {
        name: payments.paid_after if rule.paid_after is None else rule.paid_after
        for name, rule in payments.rules.items()
    }


def _payments(contract: Contract, paid: Paid) -> pd.DataFrame:
    """Payments by period of claim, rule and payer, rounded once to the smallest coin."""
    assert paid.joint is not None
    rows = []
    for r, (rule, wait) in enumerate(_waits(contract).items()):
        for p, payer in enumerate(contract.payments.payers):
            for cash in np.flatnonzero(paid.joint[p, r, :, 0]):
                due = contract.timeline.date(int(cash))
                amount = float(paid.joint[p, r, cash, 0])
                rows.append((int(cash) - wait, due, rule, payer, amount))
    rows.sort(key=lambda row: row[0])
    table = pd.DataFrame(rows, columns=["period", "due", "rule", "payer", "amount"])
    table["amount"] = _to_coins(table["amount"].tolist()) if rows else []
    return table


def _account(contract: Contract, lines: list[Line], paid: Paid, kept: list[float]) -> pd.DataFrame:
    """A row for each record and rule, from claim to payment."""
    rules, waits = list(contract.payments.rules), _waits(contract)
    together: dict[tuple[str, int], float] = defaultdict(float)
    for line, money in zip(lines, kept, strict=True):
        together[line.rule, line.record.period] += money
    rows = []
    for line, money in zip(lines, kept, strict=True):
        record, r = line.record, rules.index(line.rule)
        earned = line.accepted * line.price
        whole = together[line.rule, record.period]
        final = float(paid.paid[r, record.period + waits[line.rule], 0])
        amount = money / whole * final if whole > 0 else 0.0
        took = [
            n for n, cut in paid.cut.items() if cut[r, record.period, 0] > 1e-9 and n != "person"
        ]
        if money < line.accepted * line.within * (1 - 1e-12) and "person" in paid.cut:
            took.insert(0, "person")
        cut = earned - amount > 1e-9
        if line.accepted == 0 and line.reason:
            status = "refused"
        else:
            status = "cut" if cut or line.reason else "paid"
        rows.append(
            {
                "row": record.row,
                "rule": line.rule,
                "outcome": record.outcome,
                "person": record.person,
                "group": record.group,
                "period": record.period,
                "claimed": record.number,
                "accepted": line.accepted,
                "price": line.price,
                "earned": earned,
                "cut": earned - amount,
                "limit": " + ".join(took) if cut else "",
                "paid": amount,
                "status": status,
                "reason": line.reason,
            }
        )
    account = pd.DataFrame(rows, columns=_ACCOUNT)
    account["paid"] = _to_coins(account["paid"].tolist(), float(paid.paid.sum())) if rows else []
    account["cut"] = (account["earned"] - account["paid"]).round(2).clip(lower=0.0)
    return account


_ACCOUNT = [
    *("row", "rule", "outcome", "person", "group", "period", "claimed", "accepted", "price"),
    *("earned", "cut", "limit", "paid", "status", "reason"),
]


def _limits(contract: Contract, paid: Paid) -> pd.DataFrame:
    """What each limit took, by rule and period of claim; adds to earned less paid."""
    rules = list(contract.payments.rules)
    rows = [
        (name, rules[r], int(t), float(cut[r, t, 0]))
        for name, cut in paid.cut.items()
        for r, t in np.argwhere(cut[:, :, 0] > 1e-9)
    ]
    table = pd.DataFrame(rows, columns=["limit", "rule", "period", "taken"])
    table["taken"] = _to_coins(table["taken"].tolist()) if rows else []
    return table


def _notes(contract: Contract, facts: list[Record], lines: list[Line]) -> list[str]:
    """What rows without a person leave untested, and the most it could have taken."""
    nameless = [line for line in lines if line.record.person is None and line.accepted > 0]
    if not nameless:
        return []
    notes = [
        "rows without a person: that each had the step before, once, is taken as already checked"
    ]
    started = {fact.outcome for fact in facts if fact.outcome in contract.cohorts}
    for cohort in sorted({line.record.cohort for line in nameless} - started):
        notes.append(
            f"no starts are recorded for {cohort}: that no more were claimed than started is not "
            f"tested"
        )
    limit = contract.payments.limits.person
    if limit is not None:
        most = _most_taken(nameless, limit)
        notes.append(
            f"payments.limits.person ({contract.currency} {limit:,.0f}) is not tested on rows "
            f"without a person: the most it could have taken is {contract.currency} {most:,.2f} "
            f"(if the same people had as many of the outcomes as the counts allow)"
        )
    return notes


def _most_taken(lines: list[Line], limit: float) -> float:
    """The most a limit per person can take from counts: the same people had everything.

    Of all ways to hand counted outcomes to people, stacking them on the same ones leaves the most
    above any limit (it is the largest in convex order).
    """
    counts: dict[tuple[str, str | None], dict[str, tuple[float, float]]] = defaultdict(dict)
    for line in lines:
        mine = counts[line.record.cohort, line.record.group]
        before = mine.get(line.rule, (0.0, 0.0))[0]
        mine[line.rule] = (before + line.accepted, line.price)
    taken = 0.0
    for claims in counts.values():
        last = 0.0
        for people in sorted({number for number, _ in claims.values()}):
            each = sum(price for number, price in claims.values() if number >= people)
            taken += max(each - limit, 0.0) * (people - last)
            last = people
    return taken
