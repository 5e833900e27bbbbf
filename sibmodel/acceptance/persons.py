"""Claims of persons: steps, clocks, windows, and days already claimed."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict

from sibmodel.contract.contract import Contract
from sibmodel.contract.timeline import DAYS_OF, PERIODS_PER_YEAR, Length
from sibmodel.records import Record, Recorded
from sibmodel.records.stretches import Stretch, days, whole_units, within, without

_DAY = dt.timedelta(days=1)
Person = tuple[str | None, str | None]
"""Cohort and person."""


class Evidence:
    """What is known of each person so far, as records are judged in order.

    Parameters
    ----------
    contract : Contract
    recorded : Recorded
    """

    def __init__(self, contract: Contract, recorded: Recorded) -> None:
        self.contract, self.by_period = contract, recorded.by_period
        self.closed = recorded.by_person()
        self.starts: dict[Person, dt.date] = {}
        for record in recorded.records:
            if record.outcome in self.closed and record.evidence and record.number:
                whose = record.cohort, record.person
                self.starts[whose] = min(record.date, self.starts.get(whose, record.date))
        self.had: dict[tuple[Person, str], list[dt.date]] = defaultdict(list)
        self.taken: dict[tuple[Person, str], list[Stretch]] = defaultdict(list)
        self.numbered: dict[tuple[Person, str], list[tuple[dt.date, float]]] = defaultdict(list)

    def started(self, record: Record) -> dt.date | None:
        """When the person of a record started; a start, its own date."""
        if record.outcome == record.cohort:
            return record.date
        return self.starts.get((record.cohort, record.person)) if record.person else None

    def judge(self, record: Record) -> tuple[float, str]:
        """How many are accepted, and why not more."""
        if not record.evidence:
            return 0.0, "no evidence"
        if record.person is None:
            return record.number, ""
        accepted, reason = self._of_person(record)
        if accepted:
            self.had[(record.cohort, record.person), record.outcome].append(record.date)
        return accepted, reason

    def _of_person(self, record: Record) -> tuple[float, str]:
        whose, person = (record.cohort, record.person), record.person
        clause = self.contract.outcomes.get(record.outcome)
        if clause is None:
            if self.had[whose, record.outcome]:
                return 0.0, f"{person} already started in {record.outcome}"
            return record.number, ""
        if record.cohort is None:
            return 0.0, f"{person} did not start in {' or '.join(self._cohorts(record))}"
        start = self.starts.get(whose)
        if start is None and record.cohort in self.closed:
            return 0.0, f"{person} did not start in {record.cohort}"
        if start is not None and record.date < start:
            return 0.0, f"{person} started later, {self._when(start)}"
        times = {step: self.had[whose, step] for step in clause.steps}
        missing = [step for step, dates in times.items() if not dates]
        if missing and (not clause.any_step or len(missing) == len(times)):
            steps = (" or " if clause.any_step else " and ").join(missing)
            return 0.0, f"{person} has no accepted {steps}, which {record.outcome} needs"
        begun = [dates[0] for dates in times.values() if dates]
        clock = (min(begun) if clause.any_step else max(begun)) if begun else start
        if record.since is not None:
            return self._stretch(record, record.since, clock)
        if clause.time_unit is not None and clock is not None and self._has_window(record):
            return self._of_time(record, clock)
        reason = self._outside(record, clock) if clock is not None else ""
        if not reason and clause.unit is None:
            reason = self._already(record)
        return (0.0, reason) if reason else (record.number, "")

    def _cohorts(self, record: Record) -> tuple[str, ...]:
        return self.contract.cohorts_of(record.outcome)

    def _already(self, record: Record) -> str:
        """Why a person cannot have once what is had once."""
        whose = record.cohort, record.person
        if self.had[whose, record.outcome]:
            return f"{record.person} already has {record.outcome}: it is paid once a person"
        for other in self.contract.outcomes[record.outcome].one_of or ():
            if other != record.outcome and self.had[whose, other]:
                return f"{record.person} already has {other}, which excludes {record.outcome}"
        return ""

    # --- the clock --------------------------------------------------------------------------------

    def _length(self, record: Record, field: str) -> Length | None:
        label = record.group if record.group is not None else record.cohort
        return self.contract.length(record.outcome, field, label or "")

    def _reached(self, length: Length, day: dt.date) -> dt.date:
        """The day so long after another; of records by period, in whole periods."""
        timeline = self.contract.timeline
        if self.by_period:
            return timeline.date(timeline.period_of(day) + length.in_periods(timeline))
        return length.after(day, timeline)

    def _when(self, day: dt.date) -> str:
        if self.by_period:
            return f"in period {self.contract.timeline.period_of(day)}"
        return f"on {day}"

    def _clocks(self, record: Record, clock: dt.date) -> list[dt.date]:
        """The days on which the clock of ``held`` started, before the record's day."""
        again = self.contract.outcomes[record.outcome].restarts_on
        restarts = self.had[(record.cohort, record.person), again] if again is not None else []
        return [clock, *sorted({day for day in restarts if clock < day < record.date})]

    def _outside(self, record: Record, clock: dt.date) -> str:
        """Why a claim on one day is too early or too late."""
        held, most = self._length(record, "held"), self._length(record, "within")
        if held is not None:
            last = self._clocks(record, clock)[-1]
            enough = self._reached(held, last)
            if record.date < enough:
                return (
                    f"held too short: {held} from {self._day(last)} are reached "
                    f"{self._when(enough)}"
                )
        if most is not None:
            end = self._reached(most, clock)
            if record.date > end:
                return f"too late: {most} from {self._day(clock)} ended {self._when(end)}"
        return ""

    def _day(self, day: dt.date) -> str:
        return self._when(day).removeprefix("on ").removeprefix("in ")

    def _windows(self, record: Record, clock: dt.date | None) -> list[Stretch]:
        """The days that count: those held for, up to the end of ``within``."""
        held, most = self._length(record, "held"), self._length(record, "within")
        clocks = [dt.date.min] if clock is None else [clock]
        if held is not None and clock is not None:
            clocks = self._clocks(record, clock)
        ends = [*(day - _DAY for day in clocks[1:]), dt.date.max]
        waits = [
            day if held is None or clock is None else self._reached(held, day) for day in clocks
        ]
        last = dt.date.max
        if most is not None and clock is not None:
            last = self._reached(most, clock) - _DAY
        return [(first, min(end, last)) for first, end in zip(waits, ends, strict=True)]

    def _has_window(self, record: Record) -> bool:
        return any(self._length(record, field) is not None for field in ("held", "within"))

    def _of_time(self, record: Record, clock: dt.date) -> tuple[float, str]:
        """Of a number of days or weeks, as many as the window has from the clock to their date.

        The number does not say which days they are. Dated after the window they are those since the
        person's record before, if there is one: what was had later cannot fill an earlier gap.
        """
        whose = (record.cohort, record.person), record.outcome
        unit = self.contract.outcomes[record.outcome].unit or ""
        begins, end = self._span(record, clock)
        room = self._room(record, clock, begins, end)
        if room <= 0:
            return 0.0, self._outside(record, clock) or f"no {unit} of it is inside the window"
        inside = min(record.number, room)
        before = math.fsum(number for day, number in self.numbered[whose] if day >= begins)
        accepted = min(inside, max(room - before, 0.0))
        self.numbered[whose].append((record.date, accepted))
        reasons, known = [], f"{record.number:g} {unit}s"
        if inside < record.number:
            reasons.append(f"{record.number - inside:g} of {known} are outside the window")
        if accepted < inside:
            reasons.append(f"{inside - accepted:g} of {known} are already claimed")
        return accepted, ", ".join(reasons)

    def _span(self, record: Record, clock: dt.date) -> tuple[dt.date, dt.date]:
        """The first day that a number can be of, and the last day of the window."""
        most, begins = self._length(record, "within"), clock
        end = dt.date.max if most is None else most.after(clock, self.contract.timeline) - _DAY
        if record.date - _DAY > end:  # the day on which it is reached is still in time
            had = self.had[(record.cohort, record.person), record.outcome]
            earlier = [self._last_day(day) for day in had if day < record.date]
            begins = max([clock, *(day + _DAY for day in earlier)])
        return begins, end

    def _room(self, record: Record, clock: dt.date, begins: dt.date, end: dt.date) -> float:
        """Units of time that the window has from a day to a record's date."""
        timeline, outcome = self.contract.timeline, record.outcome
        unit, held = self.contract.outcomes[outcome].unit or "", self._length(record, "held")
        last = self._last_day(record.date)
        if not self.by_period:
            inside = within([(begins, min(last, end))], self._windows(record, clock))
            exact = days(inside) / DAYS_OF[unit] if unit not in PERIODS_PER_YEAR else 0.0
            whole = whole_units(inside, unit)[0]
            return exact if record.number <= exact else float(whole)
        first = begins if held is None else max(begins, held.after(clock, timeline))
        exactly = whole_units([(first, min(last, end))], unit)[0]
        # a quarter of 90 days is 13 weeks too
        passed = record.period + 1 - timeline.period_of(begins)
        waited = 0.0 if held is None or begins > clock else held.in_days(timeline) / DAYS_OF[unit]
        nominal = passed * self.contract.units_a_period(outcome) - waited
        if end < dt.date.max:
            left = 0.0 if begins > end else (end - begins).days + 1
            nominal = min(nominal, left / DAYS_OF[unit] - waited)
        return float(max(exactly, math.floor(round(nominal, 9)), 0))

    def _last_day(self, day: dt.date) -> dt.date:
        """The last day that a record's date stands for: of a record by period, the period's."""
        timeline = self.contract.timeline
        return timeline.date(timeline.period_of(day) + 1) - _DAY if self.by_period else day

    def _stretch(self, record: Record, since: dt.date, clock: dt.date | None) -> tuple[float, str]:
        """The whole units of a stretch that lie in the window and were not claimed before."""
        unit = self.contract.outcomes[record.outcome].unit or ""
        taken = self.taken[(record.cohort, record.person), record.outcome]
        said = [(since, record.date)]
        inside = within(said, self._windows(record, clock))
        if not inside:
            outside = self._outside(record, clock) if clock is not None else ""
            return 0.0, outside or "no day of it is inside the window"
        free = without(inside, taken)
        if not free:
            return 0.0, "these days are already claimed"
        units, used = whole_units(free, unit)
        taken += used  # days beyond the last whole unit may be claimed again
        reasons = []
        if days(inside) < days(said):
            reasons.append(f"{_so_many(days(said) - days(inside))} outside the window")
        if days(free) < days(inside):
            reasons.append(f"{_so_many(days(inside) - days(free))} already claimed")
        if units == 0:
            reasons.append(f"{_so_many(days(free))} no whole {unit}")
        return float(units), ", ".join(reasons)


def _so_many(number: int) -> str:
    return f"{number} day is" if number == 1 else f"{number} days are"
