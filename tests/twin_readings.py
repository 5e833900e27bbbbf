"""The slow twin's readings: the outcomes of many people read as one figure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from twin_tables import Seen

from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import AgainstByDate, Comparison, Performance

Number = Callable[[str, str | None], float]
Key = tuple[str | None, str | None]


@dataclass
class Told:
    """What is recorded of some people; their number is None where outcomes were counted."""

    outcome: str
    cohort: str | None
    group: str | None
    date: dt.date
    people: float | None
    observed: float
    counterfactual: float | None = None
    present: float | None = None  # people with a record in this period, if counted in another


@dataclass
class Begun:
    """People who started."""

    cohort: str
    group: str | None
    date: dt.date
    people: float


class TwinReadings:
    """Reads the performances of a contract.

    ``told`` of outcomes, ``figures`` recorded as such, and starts; ``simulated``: facts come as
    they fall due, and none replaces another.
    """

    def __init__(
        self,
        contract: Contract,
        number: Number,
        told: Iterable[Told],
        figures: Iterable[Seen],
        starts: Iterable[Begun],
        *,
        simulated: bool,
    ) -> None:
        self.contract, self.timeline, self.number = contract, contract.timeline, number
        self.told, self.figures, self.starts = list(told), list(figures), list(starts)
        self.simulated = simulated

    def all(self) -> list[Seen]:
        """Every reading."""
        return [seen for name in self.contract.performance for seen in self.read(name)]

    def read(self, name: str) -> list[Seen]:
        """The readings of one performance."""
        clause = self.contract.performance[name]
        found = self.recorded(name, clause)  # taken as they stand, whatever else is known
        stands = {(seen.date, seen.cohort, seen.group) for seen in found}
        worked_out = self.weighed(name, clause) if clause.weights else self.of_outcome(name, clause)
        return found + [s for s in worked_out if (s.date, s.cohort, s.group) not in stands]

    def of_outcome(self, name: str, clause: Performance) -> list[Seen]:
        """Read of what happened to people."""
        mine = [told for told in self.told if told.outcome == clause.of]
        if clause.over == "each_period":
            return self.each_period(name, clause, mine)
        keys = dict.fromkeys(whose(clause, told) for told in mine)
        found = []
        for key in keys:
            own = [told for told in mine if whose(clause, told) == key]
            for date in self.dates(clause, sorted({told.date for told in own})):
                known = [told for told in own if told.date <= date]
                if known:
                    begun = [s for s in self.begun(clause, date) if whose(clause, s) == key]
                    value = self.value(clause, self.standing(clause, known), begun)
                    found.append(Seen(name, *key, date, value))
        return found

    def begun(self, clause: Performance, date: dt.date) -> list[Begun]:
        """Starts by a date, of the cohorts whose outcome is read."""
        cohorts = self.contract.cohorts_of(clause.of or "")
        return [start for start in self.starts if start.cohort in cohorts and start.date <= date]

    def too_late(self, clause: Performance, start: Begun, date: dt.date) -> bool:
        """Whether nothing counts any more for people who started, in the period of a date."""
        of = clause.of or ""
        groups = [start.group] if start.group else self.contract.groups(start.cohort)
        lengths = [self.contract.length(of, "within", group) for group in groups]
        if self.contract.outcomes[of].steps or None in lengths:
            return False
        ends = [length.after(start.date, self.timeline) for length in lengths if length]
        return max(ends) <= self.timeline.date(self.timeline.period_of(date))

    def dates(self, clause: Performance, recorded: list[dt.date]) -> list[dt.date]:
        """When it is read."""
        if clause.at is not None:
            return sorted(self.timeline.day(when) for when in clause.at)
        if clause.over == "everyone":
            return [self.timeline.date(self.timeline.periods) - dt.timedelta(days=1)]
        if not self.simulated:
            return recorded
        if clause.over == "each_cohort":
            return recorded[-1:]
        first = self.timeline.period_of(recorded[0])
        return [self.timeline.date(t) for t in range(first, self.timeline.periods)]

    def standing(self, clause: Performance, known: list[Told]) -> list[Told]:
        """To date a later measured row of the same people replaces what was recorded before."""
        if self.simulated or clause.over != "to_date":
            return known

        def replaced(one: Told, by: Told) -> bool:
            same = by.cohort in (None, one.cohort) and by.group in (None, one.group)
            later = by.date > one.date or (by.date == one.date and one.people is None)
            return by.people is not None and same and later

        return [one for one in known if not any(replaced(one, by) for by in known)]

    def each_period(self, name: str, clause: Performance, mine: list[Told]) -> list[Seen]:
        """The records of each period by themselves."""
        found = []
        for period in sorted({self.timeline.period_of(told.date) for told in mine}):
            own = [told for told in mine if self.timeline.period_of(told.date) == period]
            date = max(told.date for told in own)
            if clause.at is not None:
                later = [d for d in self.dates(clause, []) if d >= date]
                if not later:
                    continue
                date = later[0]
            begun = [s for s in self.begun(clause, date) if not self.too_late(clause, s, date)]
            own = [one if one.present is None else replace(one, people=one.present) for one in own]
            found.append(Seen(name, None, None, date, self.value(clause, own, begun)))
        return found

    def recorded(self, name: str, clause: Performance) -> list[Seen]:
        """Figures recorded as such, as they stand."""
        mine = [seen for seen in self.figures if seen.performance == name]
        if clause.at is None:
            return mine
        found = []
        for key in dict.fromkeys((seen.cohort, seen.group) for seen in mine):
            for date in self.dates(clause, []):
                known = [s for s in mine if (s.cohort, s.group) == key and s.date <= date]
                if known:
                    last = max(known, key=lambda seen: seen.date)
                    found.append(Seen(name, *key, date, last.value))
        return found

    def weighed(self, name: str, clause: Performance) -> list[Seen]:
        """Other performances times their weights: of everybody, or of each they are read of.

        Read whenever a part is, once all are known; what is assumed is known all along.
        """
        assert clause.weights is not None
        names = {*clause.weights, *(w for w in clause.weights.values() if isinstance(w, str))}
        read = {name: self.read(name) for name in names}
        assumed = {n for n in names if self.simulated and self.contract.performance[n].recorded}
        every = [seen for mine in read.values() for seen in mine]
        keys = {(seen.cohort, seen.group) for seen in every}
        found = []
        for key in [k for k in keys if not any(is_part(o, k) for o in keys)]:

            def latest(figure: str | float, date: dt.date, key: Key = key) -> float | None:
                if not isinstance(figure, str):
                    return figure
                mine = [s for s in read[figure] if covers((s.cohort, s.group), key)]
                known = [seen for seen in mine if seen.date <= date]
                if not known and figure in assumed:
                    return mine[0].value
                last = max((seen.date for seen in known), default=date)
                return next((s.value for s in reversed(known) if s.date == last), None)

            told = [seen for seen in every if seen.performance not in assumed] or every
            mine = {seen.date for seen in told if covers((seen.cohort, seen.group), key)}
            for date in self.dates(clause, []) if clause.at is not None else sorted(mine):
                pairs = [(latest(one, date), latest(w, date)) for one, w in clause.weights.items()]
                parts = [a * b for a, b in pairs if a is not None and b is not None]
                if len(parts) == len(pairs):
                    found.append(Seen(name, *key, date, sum(parts)))
        return found

    # --- the figure -------------------------------------------------------------------------------

    def value(self, clause: Performance, told: list[Told], begun: list[Begun]) -> float:
        """People pooled, and read against the counterfactual."""
        counted = any(one.people is None for one in told)
        rows = [*told, *(begun if counted else [])]
        people = sum(one.people for one in rows if one.people is not None)
        observed = sum(one.observed for one in told)
        better = self.contract.outcomes[clause.of or ""].better
        sign = 1 if better == "higher" else -1
        if clause.read_as == "count":
            return observed
        percent = 100 if clause.unit == "percent" else 1
        if clause.read_as == "rate":
            return percent * observed / people if people else math.nan
        expected = sum(self.counterfactual(clause.of or "", one) for one in rows)
        more = sign * (observed - expected)
        if clause.read_as == "additional":
            return more
        whole = expected if clause.read_as == "relative" else people
        whole = 0.0 if abs(whole) < 1e-12 else whole
        return percent * more / whole if whole else math.nan

    def counterfactual(self, outcome: str, one: Told | Begun) -> float:
        """What is expected of some people: a comparison group's, or an agreed rate's."""
        if one.people is None:
            return 0.0  # expected of those who started
        against, path = self.contract.outcomes[outcome].against, f"outcomes.{outcome}.against"
        if isinstance(against, AgainstByDate):
            begun = [key for key in against.begins if self.timeline.day(key) <= one.date]
            key = max(begun, key=self.timeline.day)
            against, path = against.begins[key], f"{path}.from[{key}]"
        if not isinstance(against, Comparison):
            return one.people * self.number(path, one.group)
        known = one.counterfactual if isinstance(one, Told) else None
        return math.nan if known is None else known


def covers(one: Key, other: Key) -> bool:
    """Whether a reading of some cohort and group is one for others, or the other way round."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def is_part(one: Key, of: Key) -> bool:
    """Whether one cohort or group is a part of another."""
    return one != of and all(b in (None, a) for a, b in zip(one, of, strict=True))


def whose(clause: Performance, one: Told | Begun) -> Key:
    """Whose reading it is a part of."""
    if clause.over == "each_cohort":
        return one.cohort, None
    return (one.cohort, one.group) if clause.over == "each_group" else (None, None)
