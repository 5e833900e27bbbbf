"""Contracts with records to settle, made up by hypothesis."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pandas as pd
from generate import contracts
from generate_numbers import Data, maybe
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import sibmodel as sib
from sibmodel import Contract
from sibmodel.contract.performance import Comparison, yardsticks
from sibmodel.records import RecordsError
from sibmodel.records.numbers import numbers_of, reads_own_number, reads_start, yardstick
from sibmodel.settlement import Settlement

Rows = list[Data]


def frame(rows: Rows) -> pd.DataFrame:
    """Records as a table."""
    return pd.DataFrame(rows).astype(object)


def settled(data: Data, rows: Rows, as_at: dt.date | None = None) -> Settlement:
    """What records pay under a contract."""
    return sib.settle(Contract.from_dict(data), frame(rows), as_at=as_at)


Case = tuple[Data, Rows, Settlement]
"""A contract, records, and what they pay under it."""

COIN = 0.011
"""Money is rounded once, so that one row may be a coin off."""


def on_top(contract: Contract) -> float:
    """Payments before tax times this are payments."""
    tax = contract.payments.tax
    return 1.0 if tax is None or tax.included else 1 + tax.rate


def signed(payments: pd.DataFrame, column: str = "amount") -> pd.Series:
    """Paid above zero, paid back below."""
    return payments[column].where(payments["direction"] == "paid", -payments[column])


@st.composite
def settlements(draw: DrawFn, *, counted: bool = False, **options: Any) -> Case:
    """A contract, records, and what they pay under it; options as of ``contracts``.

    Where ``counted``, starts are counted if possible, and so is what is claimed.
    """
    data = draw(contracts(settled=True, **options))
    rows = records(draw, Contract.from_dict(data), counted=counted)
    while rows:  # a row that cannot stand beside the others is left out
        try:
            return data, rows, settled(data, rows)
        except RecordsError as wrong:
            faulty = {int(n) for n in re.findall(r"^  row (\d+):", str(wrong), re.M)}
            if not faulty:
                raise
            rows = [row for number, row in enumerate(rows, start=1) if number not in faulty]
    assume(False)
    raise AssertionError


def records(draw: DrawFn, contract: Contract, *, counted: bool) -> Rows:
    """Starts, claims, counts, figures and values, in the order of time."""
    dates = _Dates(contract, dated=maybe(draw))
    rows: Rows = []
    people: dict[str, list[tuple[str, str, int]]] = {}
    for name in contract.cohorts:
        if by_start(contract, name) or (not counted and maybe(draw, 0.6)):
            people[name] = []
            for number in range(draw(st.integers(1, 4))):
                group = draw(st.sampled_from(contract.groups(name)))
                start = 0 if number == 0 else draw(st.integers(0, dates.last))
                people[name].append((f"{name}{number}", group, start))
                row = {"person": f"{name}{number}", **whose(name, group)}
                rows.append({"outcome": name, **row, **dates.on(draw, start)})
        else:
            for group in contract.groups(name):
                many = {"number": draw(st.integers(1, 6)), **whose(name, group)}
                rows.append({"outcome": name, **many, **dates.on(draw, 0)})
    for outcome in contract.outcomes:
        if _measured(contract, outcome):
            rows += measured(draw, contract, outcome, dates)
            continue
        for cohort in contract.cohorts_of(outcome):
            if cohort in people:
                rows += claims(draw, contract, outcome, cohort, people[cohort], dates)
            else:
                rows += counts(draw, contract, outcome, cohort, dates)
    for name, clause in contract.performance.items():
        if clause.recorded:
            rows += values(draw, contract, name, dates)
    return rows


def whose(cohort: str, group: str) -> Data:
    return {"cohort": cohort, "group": group}


class _Dates:
    """Writes when something was, by date or by period."""

    def __init__(self, contract: Contract, *, dated: bool) -> None:
        self.timeline, self.dated = contract.timeline, dated
        self.last = contract.timeline.periods - 1

    def on(self, draw: DrawFn, period: int) -> Data:
        if not self.dated:
            return {"period": period}
        day = self.timeline.date(period) + dt.timedelta(days=draw(st.sampled_from([0, 9, 27])))
        return {"date": day.isoformat()}

    def some(self, draw: DrawFn, first: int = 0) -> Data:
        """Some period from the first on."""
        return self.on(draw, draw(st.integers(min(first, self.last), self.last)))


def claims(
    draw: DrawFn,
    contract: Contract,
    outcome: str,
    cohort: str,
    people: list[tuple[str, str, int]],
    dates: _Dates,
) -> Rows:
    """Claims of persons, of whom not all have one, and some two; some without evidence."""
    unit, rows = contract.outcomes[outcome].unit, []
    for person, group, start in people:
        for _ in range(draw(st.sampled_from([0, 1, 1, 2 if unit else 1]))):
            row: Data = {"outcome": outcome, "person": person, **whose(cohort, group)}
            row |= dates.some(draw, start)
            if unit is not None and dates.dated and contract.outcomes[outcome].time_unit:
                day = dt.date.fromisoformat(row["date"])
                since = day - dt.timedelta(days=draw(st.sampled_from([6, 40, 100])))
                row["since"] = max(since, contract.timeline.start).isoformat()
            elif unit is not None:
                row["number"] = draw(st.integers(1, 9))
            if maybe(draw, 0.1):
                row["evidence"] = False
            rows.append(row)
    return rows


def counts(draw: DrawFn, contract: Contract, outcome: str, cohort: str, dates: _Dates) -> Rows:
    """Counts by group; claims of one each where each claim is read for itself."""
    rows = []
    for group in contract.groups(cohort):
        for number in draw(st.lists(st.integers(0, 5), max_size=2)):
            row = {"outcome": outcome, "number": number, **whose(cohort, group)}
            if each_read(contract, outcome):
                row["claim"] = f"{group} {len(rows)}"
            rows.append(row | dates.some(draw))
    return rows


def measured(draw: DrawFn, contract: Contract, outcome: str, dates: _Dates) -> Rows:
    """Figures of a cohort's groups per person, with those of a comparison group."""
    rows = []
    for group in contract.groups_of(outcome):
        cohort = contract.cohort_of_group(group)
        for period in sorted(draw(st.sets(st.integers(0, dates.last), min_size=1, max_size=2))):
            row: Data = {"outcome": outcome, **whose(cohort, group), **dates.on(draw, period)}
            row |= {"people": draw(st.integers(1, 20)), "observed": figure(draw)}
            clause = contract.outcomes[outcome]
            day = dates.timeline.date(period)
            if dates.dated:
                day = dt.date.fromisoformat(row["date"])
            agreed = yardstick(clause.against, day, dates.timeline)
            if isinstance(agreed, Comparison) and agreed.control is not None:
                row["counterfactual"] = figure(draw)
            elif isinstance(agreed, Comparison):
                row |= {c: figure(draw) for c in ("before", "comparison", "comparison_before")}
            rows.append(row)
    return rows


def figure(draw: DrawFn) -> float:
    return draw(st.sampled_from([0.1, 0.25, 0.4, 0.65]))


def values(draw: DrawFn, contract: Contract, name: str, dates: _Dates) -> Rows:
    """Figures of a performance that are recorded as such."""
    rows = []
    each = contract.performance[name].over == "each_cohort"
    for cohort in contract.cohorts_of(name) if each else [None]:
        for period in sorted(draw(st.sets(st.integers(0, dates.last), max_size=2))):
            row: Data = {"outcome": name, "value": figure(draw)} | dates.on(draw, period)
            rows.append(row if cohort is None else row | {"cohort": cohort})
    return rows


# --- what the rules ask of the records ------------------------------------------------------------


def _paying(contract: Contract, outcome: str) -> list[Any]:
    return [rule for rule in contract.payments.rules.values() if rule.pays == outcome]


def by_start(contract: Contract, cohort: str) -> bool:
    """Whether some price goes by when the people of a cohort started."""
    of = {cohort} | {o for o in contract.outcomes if cohort in contract.cohorts_of(o)}
    return any(
        reads_start(number)
        for outcome in of
        for rule in _paying(contract, outcome)
        for number in numbers_of(contract, rule).values()
    )


def each_read(contract: Contract, outcome: str) -> bool:
    """Whether a rule reads the number of each claim, or pays an amount for each."""
    counted = contract.outcomes[outcome].unit is not None
    return any(
        (rule.amount is not None and counted)
        or any(reads_own_number(number) for number in numbers_of(contract, rule).values())
        for rule in _paying(contract, outcome)
    )


def _measured(contract: Contract, outcome: str) -> bool:
    """Whether figures are recorded of an outcome: those read against a comparison, and not paid."""
    payments, clause = contract.payments, contract.outcomes[outcome]
    used = any(outcome == r.pays or outcome in r.when for r in payments.rules.values())
    used = used or any(outcome in other.steps for other in contract.outcomes.values())
    read = any(p.of == outcome for p in contract.performance.values())
    compared = any(isinstance(y, Comparison) for y in yardsticks(clause.against))
    return read and not used and (compared or len(outcome) % 2 == 0)
