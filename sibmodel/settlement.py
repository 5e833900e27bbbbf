"""Settle: what recorded outcomes pay under the rules, and which limit took every pound not paid."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sibmodel import account as accounts
from sibmodel.acceptance import Line, accept, facts_of
from sibmodel.contract.contract import Contract
from sibmodel.contract.names import so_many
from sibmodel.figures import TOLD, awaited, unread
from sibmodel.model.assumptions import Assumptions, Drawn
from sibmodel.model.floors import floor_names
from sibmodel.model.limits import counted, person_rooms
from sibmodel.model.lots import Lot
from sibmodel.model.payments import pay
from sibmodel.model.performance import readings
from sibmodel.model.periods import wait_of
from sibmodel.model.prices import Asked, Reader, read_by, worth_of
from sibmodel.records import Recorded, RecordsError, read_records


@dataclass(frozen=True, repr=False)
class Settlement:
    """What recorded outcomes pay.

    Attributes
    ----------
    records : int
        How many rows were read.
    payments : DataFrame
        One row for each period, rule and payer: period (in which it was settled), due (date of
        cash), rule, payer, amount, direction (paid, or paid_back to the payer), net, tax.
    account : DataFrame
        One row for each record and rule, each reading that is paid, and each payment due: row,
        rule, outcome, person, cohort, group, period, claimed, accepted, price, factors, earned,
        cut, limit, paid, status (paid, cut, refused, waiting, not due), reason. Before tax that
        goes on top.
    limits : DataFrame
        What each limit took: limit, rule, period, taken.
    readings : DataFrame
        performance, cohort, group, date, people, observed, counterfactual, value.
    notes : tuple of str
        What was not tested, and the most it could have taken.
    """

    contract: Contract
    records: int
    payments: pd.DataFrame
    account: pd.DataFrame
    limits: pd.DataFrame
    readings: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def earned(self) -> float:
        """Accepted claims at their price, before limits; floors apart [money]."""
        mine = self.account["rule"].isin(list(self.contract.payments.rules))
        return float(round(self.account.loc[mine, "earned"].sum(), 2))

    @property
    def brought_by_floors(self) -> float:
        """What floors brought [money]."""
        mine = self.account["rule"].isin(list(self.contract.payments.rules))
        return float(round(self.account.loc[~mine, "paid"].sum(), 2))

    @property
    def paid(self) -> float:
        """What payers pay, less what is paid back to them [money]."""
        signs = self.payments["direction"].map({"paid": 1.0, "paid_back": -1.0})
        return float(round((self.payments["amount"] * signs).sum(), 2))

    def __repr__(self) -> str:
        currency, account = self.contract.currency, self.account
        lines = [
            f"{self.contract.name}: settlement of {so_many(self.records, 'record')}",
            f"  accepted claims at their price  {currency} {self.earned:,.2f}",
        ]
        if self.brought_by_floors:
            brought = f"{currency} {self.brought_by_floors:,.2f}"
            lines.append(f"  brought by floors               {brought}")
        lines.append(f"  paid                            {currency} {self.paid:,.2f}")
        for way, told in (("paid", "by"), ("paid_back", "paid back to")):
            mine = self.payments[self.payments["direction"] == way]
            for payer, amount in mine.groupby("payer", sort=False)["amount"].sum().items():
                lines.append(f"    {told} {payer}: {currency} {amount:,.2f}")
        if self.payments["tax"].any():
            lines.append(f"    of which tax: {currency} {self.payments['tax'].sum():,.2f}")
        for limit, taken in self.limits.groupby("limit", sort=False)["taken"].sum().items():
            lines.append(f"  taken by the limit {limit}: {currency} {taken:,.2f}")
        claims = account[account["claimed"].notna()]
        short = int((claims["accepted"] < claims["claimed"]).sum())
        if short:
            lines.append(
                f"  not accepted, or in part only: {short:,} of {len(claims):,} lines of the "
                f"account, which has the reasons"
            )
        waiting = int((account["status"] == "waiting").sum())
        if waiting:
            many = so_many(waiting, "line")
            lines.append(f"  waiting: {many} of the account, which says for what")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def settle(
    contract: Contract, outcomes: pd.DataFrame, *, as_at: dt.date | str | None = None
) -> Settlement:
    """What recorded outcomes pay, through the very payment stage that ``simulate`` feeds.

    Parameters
    ----------
    contract : Contract
        Its prices, factors, tests and tables must be agreed figures, not distributions.
    outcomes : DataFrame
        One row a fact, in any of three forms, which may stand together. Counts: ``outcome`` (or a
        cohort, for starts), ``period`` or ``date``, ``number``. Claims: ``person``, and ``number``
        or ``since`` (first day of a stretch that ends on ``date``), ``evidence`` (false refuses
        it). Measured: ``people``, ``observed`` and what it is compared with, per person; or a
        performance's own ``value``. Beside them ``cohort`` and ``group`` where there are several.
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
    recorded = read_records(contract, outcomes, as_at)
    reader = Reader(contract, _agreed(contract))
    accepted = accept(contract, recorded)
    _refuse_unknown_starts(contract, recorded)
    until = _last_day(as_at)
    facts, values, starts = facts_of(contract, accepted, recorded.measured)
    read = readings(contract, facts, values, starts, reader.drawn, until)
    timeline = contract.timeline
    last = timeline.periods - 1 if until is None else timeline.period_of(until)
    paid = pay(
        reader,
        lots=_lots(reader, accepted.lines),
        plain=None,
        readings=read,
        accepted={n: accepted.so_far(n)[:, None] for n in counted(contract.payments)
                  if n not in contract.performance},
        runs=1,
        periods=timeline.periods + max(wait_of(contract, n) for n in contract.payments.rules),
        until=min(last, timeline.periods - 1),
        as_at=until,
        keep_joint=True,
        detail=True,
        trace=True,
    )  # fmt: skip
    return Settlement(
        contract,
        len(recorded.records) + len(recorded.measured),
        accounts.payments(contract, paid),
        accounts.lines(contract, accepted.lines, paid, [*awaited(contract, read, until)]),
        accounts.limits(paid),
        accounts.readings_table(read),
        (
            *recorded.notes,
            *_not_read(recorded, len(outcomes), until),
            *accepted.notes,
            *accounts.notes(contract, paid),
            *accounts.moved(contract, paid),
            *unread(contract, recorded.measured, read, paid),
            *_beyond(contract, recorded, until),
        ),
    )


def _last_day(as_at: dt.date | str | None) -> dt.date | None:
    return dt.date.fromisoformat(as_at) if isinstance(as_at, str) else as_at


def _not_read(recorded: Recorded, rows: int, until: dt.date | None) -> Iterator[str]:
    """A note of the rows dated after the day up to which is settled."""
    read = {r.row for r in recorded.records} | {m.row for m in recorded.measured}
    later = [str(row) for row in range(1, rows + 1) if row not in read]
    if until is not None and later:
        told = ", ".join(later[:TOLD])
        more = f" and {len(later) - TOLD:,} more" if len(later) > TOLD else ""
        yield f"dated after {until} and not read: row{'s' * (len(later) > 1)} {told}{more}"


def _refuse_unknown_starts(contract: Contract, recorded: Recorded) -> None:
    """Starts that tests or limits count must be recorded: none recorded is not none started."""
    starts = [record for record in recorded.records if record.outcome == record.cohort]
    cohorts = {record.cohort for record in recorded.records} & {*contract.cohorts}
    faults = []
    for name in sorted(counted(contract.payments) - {*contract.outcomes, *contract.performance}):
        labels = [g for g in contract.group_labels if name in (g, g.rpartition("/")[2])]
        cohort = name if name in contract.cohorts else contract.cohort_of_group(labels[0])
        mine = [start for start in starts if start.cohort == cohort]
        known = mine if name in contract.cohorts else [s for s in mine if s.group is not None]
        if cohort in cohorts and (not known or len(known) < len(mine)):
            of = cohort if name in contract.cohorts else f"{cohort}, with their group,"
            faults.append(f"a test or limit counts the starts of {name}: record the starts of {of}")
    if faults:
        raise RecordsError(faults)


def _beyond(contract: Contract, recorded: Recorded, until: dt.date | None) -> Iterator[str]:
    """Floors and fixed payments go to the end of the contract unless settled as at a date."""
    rules = contract.payments.rules.values()
    fixed = any(rule.pays is None for rule in rules) or bool(floor_names(contract.payments))
    days = [record.date for record in recorded.records]
    days += [figure.date for figure in recorded.measured]
    timeline = contract.timeline
    if until is None and fixed and days:
        last = timeline.date(timeline.periods) - dt.timedelta(days=1)
        if timeline.period_of(max(days)) < timeline.periods - 1:
            yield (
                f"settled to the end of the contract, {last}: floors and payments on dates after "
                f"the last record, {max(days)}, are in it; as_at settles up to a date"
            )


def _agreed(contract: Contract) -> Drawn:
    """The contract's numbers; those that payments go by must be certain."""
    numbers = Assumptions(contract)
    uncertain = [
        key
        for key in numbers.labels
        if (key.startswith("payments.") and not key.startswith("payments.running_costs."))
        or ".against" in key
    ]
    if uncertain:
        raise ValueError(
            f"settle wants agreed figures: {', '.join(uncertain)} is uncertain. "
            f"Give one with contract.replace({{{uncertain[0].partition('@')[0]!r}: …}})"
        )
    return numbers.means()


# --- claims ---------------------------------------------------------------------------------------


def _lots(reader: Reader, lines: Sequence[Line]) -> list[Lot]:
    """A lot for each record and rule that pays for it."""
    contract = reader.contract
    payments = contract.payments
    limited = any(person_rooms(payments, what) for what in ("number", "money"))
    people: dict[tuple[str | None, str], int] = {}
    lots: list[Lot] = []
    faults: list[str] = []
    paying: dict[str | None, list[int]] = defaultdict(list)
    for r, rule in enumerate(payments.rules.values()):
        paying[rule.pays].append(r)
    by_group = {n for n in payments.rules if "group" in read_by(payments, n)}
    for line in lines:
        record = line.record
        if line.accepted <= 0:
            continue
        for r in paying[record.outcome]:
            key = None
            if limited and record.person is not None:
                key = people.setdefault((record.cohort, record.person), len(people))
            shape = (1,) if key is None else (1, 1)
            lot = Lot(
                r,
                record.period,
                record.date,
                np.full(shape, line.accepted),
                record.cohort,
                record.group,
                line.started,
                key,
                source=line,
            )
            lots.append(lot)
            name = list(payments.rules)[r]
            if record.group is None and name in by_group:
                faults += _ungrouped(reader, name, lot)
    if faults:
        raise RecordsError(faults)
    return lots


def _ungrouped(reader: Reader, name: str, lot: Lot) -> Iterator[str]:
    """A fault if a price differs by group and the record does not say which."""
    try:
        worth_of(reader, name, Asked(lot.date, None, lot.started, lot.number, lambda _: 0.0))
    except ValueError:
        line = lot.source
        assert isinstance(line, Line)
        groups = ", ".join(reader.contract.groups(lot.cohort)) if lot.cohort else ""
        yield (
            f"row {line.record.row}: the price of {name} differs by group: add a column 'group' "
            f"({groups})"
        )
