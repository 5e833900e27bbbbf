"""One row of the records, read into a fact, with everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean, nearest
from sibmodel.records.facts import Measured, Record
from sibmodel.records.stretches import whole_units
from sibmodel.records.values import CellError, date, day, flag, label, number, whole

COUNTED = ("number", "person", "since", "claim")
FIGURES = ("observed", "counterfactual", "before", "comparison", "comparison_before")
MEASURED = ("people", *FIGURES)


class Row:
    """Reads one row; ``faults`` has what is wrong."""

    def __init__(self, contract: Contract, row: int, values: dict[str, Any]) -> None:
        self.contract, self.row, self.values = contract, row, values
        self.faults: list[tuple[int, str]] = []
        self.by_period = "period" in values

    def fault(self, message: str) -> None:
        """Something is wrong with this row."""
        self.faults.append((self.row, message))

    def said(self, names: tuple[str, ...]) -> list[str]:
        """Those of the columns that are filled."""
        return [name for name in names if self.values.get(name) is not None]

    def read(self, until: dt.date | None) -> Record | Measured | None:
        """The fact; None for a row with faults, or dated after ``until``."""
        when = self._when()
        if when is not None and until is not None and when > until:
            return None
        name = self.values.get("outcome")
        contract = self.contract
        known = [*contract.outcomes, *contract.performance, *contract.cohorts]
        if name is None:
            self.fault("the outcome is missing")
            return None
        if name not in known:
            self.fault(
                f"there is no outcome, performance or cohort called {name!r}; "
                f"{did_you_mean(str(name), known)}"
            )
            return None
        cohort, group = self._who(str(name))
        if when is None:
            return None
        if name in contract.performance:
            return self._value(str(name), when, cohort, group)
        if self.said(("value",)):
            self.fault(
                f"value stands under a performance's own name: {name} is "
                f"{'a cohort' if name in contract.cohorts else 'an outcome'}"
            )
        if self.said(MEASURED):
            return self._measured(str(name), when, cohort, group)
        return self._record(str(name), when, cohort, group)

    # --- when and who -----------------------------------------------------------------------------

    def _when(self) -> dt.date | None:
        timeline, column = self.contract.timeline, "period" if self.by_period else "date"
        if self.values.get(column) is None:
            self.fault(f"the {column} is missing")
            return None
        try:
            if self.by_period:
                if not isinstance(self.values["period"], int | float) and day(
                    self.values["period"]
                ):
                    raise CellError(
                        f"a period is a number, 0 the first: seen {self.values['period']!r}, for "
                        f"dates call the column date"
                    )
                period = whole(self.values["period"], "a period")
                when = timeline.date(period) if period < timeline.periods else None
                said = str(period)
            else:
                when = date(self.values["date"], "a date")
                period, said = timeline.period_of(when), str(when)
        except CellError as wrong:
            self.fault(str(wrong))
            return None
        if when is None or not 0 <= period < timeline.periods:
            last = timeline.date(timeline.periods) - dt.timedelta(days=1)
            self.fault(
                f"{said} is outside the timeline, {timeline.start} to {last} (periods 0 to "
                f"{timeline.periods - 1})"
            )
            return None
        return when

    def _who(self, name: str) -> tuple[str | None, str | None]:
        """Cohort and group as stated, or the only ones there are."""
        contract, cohorts = self.contract, self.contract.cohorts_of(name)
        stated, group = self.values.get("cohort"), self.values.get("group")
        if stated is not None and stated not in cohorts:
            self.fault(
                f"{name} is for the cohort{'s' if len(cohorts) > 1 else ''} "
                f"{' and '.join(cohorts)}: seen {stated!r}{self._nearest(stated, cohorts)}"
            )
            return None, None
        cohort = stated if stated is not None else cohorts[0] if len(cohorts) == 1 else None
        if group is None:
            labels = contract.groups(cohort) if cohort is not None else []
            return cohort, labels[0] if len(labels) == 1 else None
        labels = contract.groups(cohort) if cohort is not None else contract.groups_of(name)
        short = [one for one in labels if one.rpartition("/")[2] == group]
        found = [group] if group in labels else short
        if len(found) > 1:
            self.fault(f"several cohorts have a group {group!r}: write one of {', '.join(found)}")
        elif not found:
            names = [one.rpartition("/")[2] for one in labels]
            whose = cohort if cohort is not None else name
            self.fault(f"{whose} has no group {group!r}; {did_you_mean(str(group), names)}")
        if len(found) != 1:
            return cohort, None
        return contract.cohort_of_group(found[0]), found[0]

    @staticmethod
    def _nearest(stated: Any, known: tuple[str, ...]) -> str:
        near = nearest(str(stated), known)
        return f"; did you mean {near!r}?" if near is not None and len(known) > 1 else ""

    # --- the three forms --------------------------------------------------------------------------

    def _record(
        self, name: str, when: dt.date, cohort: str | None, group: str | None
    ) -> Record | None:
        person, claim = self.values.get("person"), self.values.get("claim")
        since = self._since(name, when)
        many = self._number(name, since, when)
        evidence = True
        try:
            if self.values.get("evidence") is not None:
                evidence = flag(self.values["evidence"], "evidence")
        except CellError as wrong:
            self.fault(str(wrong))
        if self.faults:
            return None
        return Record(
            self.row,
            name,
            self.contract.timeline.period_of(when),
            when,
            cohort,
            group,
            None if person is None else label(person),
            many,
            evidence,
            since,
            None if claim is None else label(claim),
        )

    def _since(self, name: str, when: dt.date) -> dt.date | None:
        value = self.values.get("since")
        if value is None:
            return None
        clause = self.contract.outcomes.get(name)
        if clause is None or clause.time_unit is None:
            unit = "none" if clause is None or clause.unit is None else clause.unit
            self.fault(f"since goes with a unit of time, such as day: {name} has {unit}")
            return None
        if self.by_period:
            self.fault("since goes with a date, the last day of the stretch: use the column date")
            return None
        if self.values.get("number") is not None:
            self.fault("a claim has a number or since, not both")
        if self.values.get("person") is None:
            self.fault("a stretch, since to date, needs its person")
        try:
            since = date(value, "since")
        except CellError as wrong:
            self.fault(str(wrong))
            return None
        if since > when:
            self.fault(f"since, {since}, is after the last day, {when}: exchange them?")
            return None
        if since < self.contract.timeline.start:
            self.fault(
                f"since, {since}, is before the timeline's start, {self.contract.timeline.start}"
            )
        return since

    def _number(self, name: str, since: dt.date | None, when: dt.date) -> float:
        clause, value = self.contract.outcomes.get(name), self.values.get("number")
        if value is None:
            if since is not None and clause is not None and clause.unit is not None:
                return float(whole_units([(since, when)], clause.unit)[0])
            if not self.said(("person", "since", "claim")):
                self.fault("needs a number, or a person")
            return 1.0
        try:
            found = number(value, "a number of outcomes")
        except CellError as wrong:
            self.fault(str(wrong))
            return 0.0
        if found < 0:
            self.fault(f"a number of outcomes is 0 or more: seen {value!r}")
        if clause is not None and clause.unit is not None:
            return found
        if not found.is_integer():
            self.fault(f"a number of outcomes is whole: seen {value!r}")
        elif found > 1 and self.values.get("person") is not None:
            self.fault(f"{name} happens once to a person: seen {found:g}")
        elif found > 1 and self.values.get("claim") is not None:
            self.fault(f"a claim with a name of its own is of one person: seen {found:g}")
        return found

    def _measured(
        self, name: str, when: dt.date, cohort: str | None, group: str | None
    ) -> Measured | None:
        contract = self.contract
        if name in contract.cohorts:
            self.fault(
                f"starts are recorded by number or person: {name} is a cohort, leave "
                f"{', '.join(self.said(MEASURED))} out"
            )
            return None
        self._alone("a measured row", COUNTED)
        clause = contract.outcomes[name]
        signed = clause.unit is not None and clause.time_unit is None  # points may be lost
        figures: dict[str, float | None] = {}
        for column in FIGURES:
            figures[column] = self._figure(column)
            if figures[column] is not None and not signed and (figures[column] or 0.0) < 0:
                self.fault(f"{column} is 0 or more: seen {self.values[column]!r}")
        people = None
        if self.values.get("people") is not None:
            try:
                people = whole(self.values["people"], "people", 1)
            except CellError as wrong:
                self.fault(str(wrong))
        if self.values.get("observed") is None:
            self.fault(f"a measured row needs observed, the {name} per person")
        if self.faults:
            return None
        period = contract.timeline.period_of(when)
        return Measured(self.row, name, period, when, cohort, group, people, **figures)

    def _value(
        self, name: str, when: dt.date, cohort: str | None, group: str | None
    ) -> Measured | None:
        self._alone(f"a row of the performance {name}", (*COUNTED, *MEASURED))
        value = self._figure("value")
        if self.values.get("value") is None:
            clause = self.contract.performance[name]
            reads = "" if clause.of is None else f"; or record the outcome {clause.of}"
            self.fault(f"needs a value, the figure of {name}{reads}")
        if self.faults:
            return None
        period = self.contract.timeline.period_of(when)
        return Measured(self.row, name, period, when, cohort, group, value=value)

    def _figure(self, column: str) -> float | None:
        value = self.values.get(column)
        if value is None:
            return None
        try:
            return number(value, column)
        except CellError as wrong:
            self.fault(str(wrong))
            return None

    def _alone(self, what: str, columns: tuple[str, ...]) -> None:
        """Fault columns that have no place in a row of figures."""
        if self.said(columns):
            self.fault(f"{what} takes no {', '.join(self.said(columns))}: leave it empty")
        try:
            evidence = self.values.get("evidence")
            if evidence is not None and not flag(evidence, "evidence"):
                self.fault("evidence is for claims: leave a figure without evidence out")
        except CellError as wrong:
            self.fault(str(wrong))
