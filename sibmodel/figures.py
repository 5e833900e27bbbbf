"""Recorded figures that decide nothing, and rules that wait for figures nobody recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sibmodel.contract.contract import Contract
from sibmodel.model.lots import Lot
from sibmodel.model.paid import Paid
from sibmodel.model.prices import performances_of
from sibmodel.model.readings import Reading, Readings
from sibmodel.records import Measured

TOLD = 10
"""Rows that a note names."""


class Awaited(NamedTuple):
    """A reading that a rule would pay for, had it been recorded."""

    rule: str
    performance: str
    period: int
    reason: str


def unread(
    contract: Contract, measured: Sequence[Measured], read: Readings, paid: Paid
) -> Iterator[str]:
    """A note of the recorded figures that no claim, reading or date due goes by.

    Parameters
    ----------
    contract : Contract
    measured : sequence of Measured
        Every recorded figure.
    read : Readings
        What was read of them.
    paid : Paid
        With its trace.
    """
    lots = [*(due.lot for due in paid.settled), *(lot for lot, _ in paid.waiting)]
    used = _used(contract, read, lots)
    idle = [figure for figure in measured if not _decides(contract, figure, measured, used)]
    if idle:
        rows = [f"row {f.row} ({f.name}, {f.date})" for f in idle[:TOLD]]
        rows += [f"{len(idle) - TOLD:,} more"] if len(idle) > TOLD else []
        yield f"figures by whose date nothing is paid or tested: {', '.join(rows)}"


def _used(contract: Contract, read: Readings, lots: Sequence[Lot]) -> list[Reading]:
    """Readings that claims, payments due and readings paid for go by, and the parts of them."""
    names = list(contract.payments.rules)
    needed = [performances_of(contract.payments, n, contract.performance) for n in names]
    todo = [lot.source for lot in lots if isinstance(lot.source, Reading)]
    for lot in lots:
        firsts = (read.first(n, lot.cohort, lot.group, lot.date) for n in needed[lot.rule])
        todo += [reading for reading in firsts if reading is not None]
    found: dict[int, Reading] = {}
    while todo:
        reading = todo.pop()
        if id(reading) in found:
            continue
        found[id(reading)] = reading
        weights = contract.performance[reading.performance].weights or {}
        parts = [*weights, *(w for w in weights.values() if isinstance(w, str))]
        latest = (read.latest(n, reading.cohort, reading.group, reading.date) for n in parts)
        todo += [part for part in latest if part is not None]
    return list(found.values())


def _decides(
    contract: Contract, figure: Measured, measured: Sequence[Measured], used: Sequence[Reading]
) -> bool:
    """Whether some reading that is used goes by a figure."""
    if figure.value is None:
        return any(
            contract.performance[r.performance].of == figure.name
            and r.date >= figure.date
            and r.covers(figure.cohort, figure.group)
            for r in used
        )
    later = [
        other.date
        for other in measured
        if (other.name, other.cohort, other.group) == (figure.name, figure.cohort, figure.group)
        and other.date > figure.date
    ]
    return any(
        (r.performance, r.cohort, r.group) == (figure.name, figure.cohort, figure.group)
        and r.date >= figure.date
        and not any(day <= r.date for day in later)
        for r in used
    )


def awaited(contract: Contract, read: Readings, until: dt.date | None) -> Iterator[Awaited]:
    """The readings that rules pay for and that are not there, by rule and date.

    Parameters
    ----------
    contract : Contract
    read : Readings
    until : date, optional
        Settled as at this date: what is read later is not yet awaited.
    """
    timeline = contract.timeline
    last = timeline.date(timeline.periods) - dt.timedelta(days=1)
    last = last if until is None else min(last, until)
    for name, rule in contract.payments.rules.items():
        if rule.pays not in contract.performance:
            continue
        dates = {reading.date for reading in read.of(rule.pays)}
        stated = contract.performance[rule.pays].at
        if stated is None:
            if not dates:
                reason = f"waits for a reading of {rule.pays}"
                yield Awaited(name, rule.pays, timeline.period_of(last), reason)
            continue
        for day in sorted({timeline.day(when) for when in stated} - dates):
            if day <= last:
                reason = f"waits for the reading of {rule.pays} on {day}"
                yield Awaited(name, rule.pays, timeline.period_of(day), reason)
