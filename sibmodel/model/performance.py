"""Performance: what happened to many people, read as one figure on a date.

Facts are totals over people, recorded or simulated; a reading pools them by people and sets them
against the counterfactual. Relative figures are never averaged.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import Performance
from sibmodel.model.assumptions import Drawn
from sibmodel.model.effects import Number, additional, ratio, relative_change
from sibmodel.model.pooling import Part, Pool, standing
from sibmodel.model.readings import Fact, Reading, Readings, Recorded, Started
from sibmodel.model.yardsticks import agreed_rate

Key = tuple[str | None, str | None]
"""Cohort and group of a reading; None where it is of everyone."""

_A_PERSON = ("rate", "additional_per_person", "relative")


def readings(
    contract: Contract,
    facts: Iterable[Fact],
    recorded: Iterable[Recorded],
    starts: Iterable[Started],
    drawn: Drawn,
    as_at: dt.date | None = None,
    *,
    simulated: bool = False,
) -> Readings:
    """Every reading of every performance.

    A reading needs a record: where nothing is recorded by its date there is none, not a reading of
    nothing. What cannot be computed (nobody, a counterfactual of 0 or none at all) is NaN. A figure
    recorded under a performance's own name is read on the date of its record, or on the dates of
    ``at``.

    Parameters
    ----------
    contract : Contract
    facts, recorded, starts : iterables of Fact, Recorded and Started
        Starts are the people of facts that are counted; measured facts bring their own.
    drawn : Drawn
        The contract's numbers: counterfactuals that are agreed.
    as_at : date, optional
        Nothing later is read.
    simulated : bool
        Facts as they fall due: without ``at`` a cohort is read once, when its last outcome is due,
        groups and what is read to date each period to the end; no fact replaces another.

    Source
    ------
    The contract language, docs/language.md, Performance.
    """
    until = as_at or dt.date.max
    reader = _Reader(
        contract,
        [_placed(contract, fact) for fact in facts if fact.date <= until],
        [record for record in recorded if record.date <= until],
        [start for start in starts if start.date <= until],
        drawn,
        until,
        simulated,
    )
    return Readings({name: reader.read(name) for name in contract.performance})


def _placed(contract: Contract, fact: Fact) -> Fact:
    """The fact with its cohort and group, where there can be only one."""
    cohort, group = fact.cohort, fact.group
    if cohort is None and len(cohorts := contract.cohorts_of(fact.outcome)) == 1:
        cohort = cohorts[0]
    if group is None and cohort is not None and len(groups := contract.groups(cohort)) == 1:
        group = groups[0]
    return replace(fact, cohort=cohort, group=group)


# --- how a performance is read --------------------------------------------------------------------


class _Reader:
    """Reads the performances of a contract, each once."""

    def __init__(
        self,
        contract: Contract,
        facts: list[Fact],
        recorded: list[Recorded],
        starts: list[Started],
        drawn: Drawn,
        until: dt.date,
        simulated: bool,
    ) -> None:
        self.contract, self.timeline, self.drawn = contract, contract.timeline, drawn
        self.facts, self.recorded, self.starts = facts, recorded, starts
        self.until, self.simulated = until, simulated
        self._read: dict[str, list[Reading]] = {}

    def read(self, name: str) -> list[Reading]:
        """The readings of one performance, by date, cohort and group."""
        if name not in self._read:
            clause = self.contract.performance[name]
            found = self._as_recorded(name, clause)
            stands = {(reading.date, reading.cohort, reading.group) for reading in found}
            if clause.weights is not None:
                computed = self._composite(name, clause, clause.weights)
            else:
                computed = self._of_outcome(name, clause, clause.of) if clause.of else []
            found += [r for r in computed if (r.date, r.cohort, r.group) not in stands]
            self._read[name] = sorted(
                found, key=lambda r: (r.date, r.cohort or "", r.group or "", r.period)
            )
        return self._read[name]

    def _dates(self, clause: Performance, otherwise: Iterable[dt.date]) -> list[dt.date]:
        """Dates on which it is read: those stated, or else others; as far as anything is read."""
        stated = None if clause.at is None else [self.timeline.day(when) for when in clause.at]
        dates = {*(otherwise if stated is None else stated)}
        return sorted(date for date in dates if date <= self.until)

    # --- recorded as such, and composites ---

    def _as_recorded(self, name: str, clause: Performance) -> list[Reading]:
        mine = [record for record in self.recorded if record.performance == name]
        found = []
        for key in {(record.cohort, record.group) for record in mine}:
            own = [record for record in mine if (record.cohort, record.group) == key]
            for date in self._dates(clause, (record.date for record in own)):
                known = [record for record in own if record.date <= date]
                if known:
                    value = max(known, key=lambda record: record.date).value
                    period = self.timeline.period_of(date)
                    found.append(Reading(name, *key, period, date, None, None, None, value))
        return found

    def _composite(
        self, name: str, clause: Performance, weights: Mapping[str, float | str]
    ) -> list[Reading]:
        """Read on each date on which a part is, once every part has a reading."""
        by = Readings({part: self.read(part) for part in weights})
        by |= {weight: self.read(weight) for weight in weights.values() if isinstance(weight, str)}
        parts = [reading for mine in by.values() for reading in mine]
        told = [r for r in parts if not self._assumed(r.performance)] or parts
        found = []
        for key in _finest({(reading.cohort, reading.group) for reading in parts}):
            for date in self._dates(clause, (r.date for r in told if r.covers(*key))):
                pairs = [
                    (self._known(by, part, key, date), self._known(by, weight, key, date))
                    for part, weight in weights.items()
                ]
                known = [one * share for one, share in pairs if not (one is None or share is None)]
                if len(known) == len(weights):
                    value = sum(known[1:], known[0])
                    period = self.timeline.period_of(date)
                    found.append(Reading(name, *key, period, date, None, None, None, value))
        return found

    def _known(self, by: Readings, figure: str | float, key: Key, date: dt.date) -> Number | None:
        """A constant, or what is known of a performance by a date."""
        if not isinstance(figure, str):
            return figure
        reading = by.latest(figure, *key, date)
        if reading is None and self._assumed(figure):
            reading = by.first(figure, *key, dt.date.min)
        return None if reading is None else reading.value

    def _assumed(self, name: str) -> bool:
        """Whether its figures are assumed: they are then known all along."""
        return self.simulated and self.contract.performance[name].recorded

    # --- of an outcome ---

    def _of_outcome(self, name: str, clause: Performance, outcome: str) -> list[Reading]:
        facts = [fact for fact in self.facts if fact.outcome == outcome]
        if not facts:
            return []
        found = []
        if clause.over == "each_period":
            for date, some in self._period_by_period(clause, facts):
                starts = self._started(outcome, facts, date, window=True)
                parts = [self._part(fact, bool(starts), present=True) for fact in some]
                pool = Pool().with_parts([*starts, *parts])
                found.append(self._reading(name, clause, outcome, date, (None, None), pool))
            return found
        starts = self._started(outcome, facts, self.until)
        parts = [*starts, *(self._part(fact, bool(starts)) for fact in facts)]
        for key, mine in self._by_key(name, clause, parts).items():
            mine.sort(key=lambda part: part.date)
            own = {fact.date for fact in facts if key in ((None, None), _key(clause, fact))}
            replaces = clause.over == "to_date" and not self.simulated
            pool, used = Pool(), 0
            for date in self._dates(clause, self._whenever(clause, own)):
                known = bisect_right(mine, date, key=lambda part: part.date)
                if not own or date < min(own):
                    continue
                if replaces:
                    pool = Pool().with_parts(standing(mine[:known]))
                else:
                    pool, used = pool.with_parts(mine[used:known]), known
                found.append(self._reading(name, clause, outcome, date, key, pool))
        return found

    def _part(self, fact: Fact, starts: bool, *, present: bool = False) -> Part:
        """A fact's totals; the people of a counted one come from the starts, if there are any."""
        people = fact.present if present and fact.present is not None else fact.people
        counterfactual = fact.counterfactual
        if people is None:
            people = counterfactual = 0.0 if starts else None
        elif (agreed := self._agreed(fact.outcome, fact)) is not None:
            counterfactual = agreed * people
        return Part(
            fact.date,
            fact.cohort,
            fact.group,
            people,
            fact.observed,
            counterfactual,
            fact.people is not None,
        )

    def _started(
        self, outcome: str, facts: list[Fact], until: dt.date, *, window: bool = False
    ) -> list[Part]:
        """People of counted facts: those who started by a date, where no fact brings its own.

        With ``window`` only those for whom something can still count in the period of that date.
        """
        counted = {fact.cohort for fact in facts if fact.people is None}
        measured = {fact.cohort for fact in facts if fact.people is not None}
        if not counted:
            return []
        cohorts = [
            cohort
            for cohort in self.contract.cohorts_of(outcome)
            if {cohort, None} & counted or not {cohort, None} & measured
        ]
        found = []
        for start in self.starts:
            if start.cohort in cohorts and start.date <= until:
                if window and self._too_late(outcome, start, until):
                    continue
                agreed = self._agreed(outcome, start)
                expected = None if agreed is None else agreed * start.people
                found.append(
                    Part(start.date, start.cohort, start.group, start.people, 0.0, expected, False)
                )
        return found

    def _too_late(self, outcome: str, start: Started, date: dt.date) -> bool:
        """Whether ``within`` had ended before a date's period; its clock must be the start."""
        if self.contract.outcomes[outcome].steps:
            return False
        groups = self.contract.groups(start.cohort) if start.group is None else [start.group]
        lengths = [self.contract.length(outcome, "within", group) for group in groups]
        first_day = self.timeline.date(self.timeline.period_of(date))
        return all(
            length is not None and length.after(start.date, self.timeline) <= first_day
            for length in lengths
        )

    def _agreed(self, outcome: str, of: Fact | Started) -> Number | None:
        return agreed_rate(
            self.contract, self.drawn, outcome, cohort=of.cohort, group=of.group, date=of.date
        )

    # --- whose, and when ---

    def _by_key(
        self, name: str, clause: Performance, parts: Iterable[Part]
    ) -> dict[Key, list[Part]]:
        found: dict[Key, list[Part]] = {}
        for part in parts:
            key = _key(clause, part)
            if (clause.over == "each_cohort" and part.cohort is None) or (
                clause.over == "each_group" and part.group is None
            ):
                whose = clause.over.removeprefix("each_")
                raise ValueError(
                    f"performance.{name} is read over {clause.over}: every record of "
                    f"{clause.of} must say its {whose}"
                )
            found.setdefault(key, []).append(part)
        return found

    def _whenever(self, clause: Performance, recorded: set[dt.date]) -> Iterable[dt.date]:
        """Dates on which it is read where none is stated."""
        if clause.over == "everyone":
            return [self.timeline.date(self.timeline.periods) - dt.timedelta(days=1)]
        if not self.simulated or not recorded:
            return recorded
        if clause.over == "each_cohort":
            return [max(recorded)]
        first = self.timeline.period_of(min(recorded))
        return [self.timeline.date(period) for period in range(first, self.timeline.periods)]

    def _period_by_period(
        self, clause: Performance, facts: list[Fact]
    ) -> Iterator[tuple[dt.date, list[Fact]]]:
        """The facts of each period, and when they are read: with ``at``, each once, when it can."""
        periods: dict[int, list[Fact]] = {}
        for fact in sorted(facts, key=lambda fact: fact.period):
            periods.setdefault(fact.period, []).append(fact)
        for mine in periods.values():
            last = max(fact.date for fact in mine)
            read = [date for date in self._dates(clause, [last]) if date >= last]
            if read:
                yield read[0], mine

    def _reading(
        self, name: str, clause: Performance, outcome: str, date: dt.date, key: Key, pool: Pool
    ) -> Reading:
        o, c = pool.observed, pool.counterfactual
        expected = np.nan if c is None else c
        better = self.contract.outcomes[outcome].better
        everybody = np.nan if pool.people is None else pool.people
        match clause.read_as:
            case "count":
                value = o
            case "rate":
                value = ratio(o, everybody)
            case "relative":
                value = relative_change(observed=o, counterfactual=expected, better=better)
            case _:
                value = additional(people=1.0, observed=o, counterfactual=expected, better=better)
                if clause.read_as == "additional_per_person":
                    value = ratio(value, everybody)
        if clause.unit == "percent" and clause.read_as in _A_PERSON:
            value = 100 * value
        return Reading(
            name,
            *key,
            self.timeline.period_of(date),
            date,
            pool.people,
            None if pool.people is None else ratio(o, pool.people),
            None if pool.people is None or c is None else ratio(c, pool.people),
            value,
        )


def _key(clause: Performance, of: Fact | Part) -> Key:
    """Whose reading a fact belongs to."""
    if clause.over == "each_cohort":
        return of.cohort, None
    return (of.cohort, of.group) if clause.over == "each_group" else (None, None)


def _finest(keys: set[Key]) -> list[Key]:
    """Keys that no other is a part of: everyone is left out where cohorts are read, and so on."""

    def within(one: Key, other: Key) -> bool:
        return one != other and all(o in (None, mine) for mine, o in zip(one, other, strict=True))

    return [key for key in keys if not any(within(other, key) for other in keys)]
