"""What performances are read from, and the reading: facts, figures, starts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from sibmodel.model.effects import Number


@dataclass(frozen=True)
class Fact:
    """What happened to some people, all of them together.

    Parameters
    ----------
    outcome : str
    cohort, group : str or None
        Whose it is; None: of no one cohort or group.
    period, date : int, date
        Of the record.
    people : float or array (run,) or None
        How many people; None where outcomes were counted: the people are then those who started.
    observed : float or array (run,)
        Outcomes, in total.
    counterfactual : float or array (run,) or None
        In total, of a comparison group; None where there is none, or the rate is agreed.
    present : float or array (run,), optional
        People who have a record in this period, where ``people`` counts them in another.
    row : int, optional
        Of the record.
    """

    outcome: str
    cohort: str | None
    group: str | None
    period: int
    date: dt.date
    people: Number | None
    observed: Number
    counterfactual: Number | None = None
    present: Number | None = None
    row: int | None = None


@dataclass(frozen=True)
class Started:
    """People of a group who started on a date."""

    cohort: str
    group: str | None
    period: int
    date: dt.date
    people: Number


@dataclass(frozen=True)
class Recorded:
    """A performance's figure, recorded as such and taken as it stands."""

    performance: str
    cohort: str | None
    group: str | None
    period: int
    date: dt.date
    value: Number
    row: int | None = None


@dataclass(frozen=True)
class Reading:
    """A performance read on a date; ``observed`` and ``counterfactual`` are per person."""

    performance: str
    cohort: str | None
    group: str | None
    period: int
    date: dt.date
    people: Number | None
    observed: Number | None
    counterfactual: Number | None
    value: Number

    def covers(self, cohort: str | None, group: str | None) -> bool:
        """Whether it is for people of this cohort and group, or for everyone."""
        return (self.cohort is None or cohort is None or self.cohort == cohort) and (
            self.group is None or group is None or self.group == group
        )


class Readings(dict[str, list[Reading]]):
    """The readings of each performance, in order of date."""

    def of(self, performance: str) -> list[Reading]:
        """All readings of one performance."""
        return self.get(performance, [])

    def first(
        self, performance: str, cohort: str | None, group: str | None, date: dt.date
    ) -> Reading | None:
        """The first reading dated on or after a date, of its cohort or group where it is so read.

        None where there is none yet: what asks for it waits.
        """
        later = (r for r in self.of(performance) if r.date >= date and r.covers(cohort, group))
        return next(later, None)

    def value(
        self, performance: str, cohort: str | None, group: str | None, date: dt.date
    ) -> Number:
        """The figure of that first reading; NaN where there is none yet."""
        reading = self.first(performance, cohort, group, date)
        return np.nan if reading is None else reading.value

    def latest(
        self, performance: str, cohort: str | None, group: str | None, date: dt.date
    ) -> Reading | None:
        """The last reading dated on or before a date, as it is known then."""
        known = [r for r in self.of(performance) if r.date <= date and r.covers(cohort, group)]
        return known[-1] if known else None

    def known_in(self, performance: str, period: int) -> Reading | None:
        """The last reading in a period or before it, whoever it is of."""
        known = [reading for reading in self.of(performance) if reading.period <= period]
        return known[-1] if known else None

    def table(self) -> list[dict[str, object]]:
        """One row a reading, in the order of the contract, then of date."""
        return [dict(vars(reading)) for mine in self.values() for reading in mine]
