"""What is wrong with recorded figures, once all rows are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sibmodel.contract.contract import Contract
from sibmodel.contract.names import an
from sibmodel.contract.performance import AGAINST_SOMETHING, AgainstByDate, Comparison, Performance
from sibmodel.records.facts import Measured, Recorded
from sibmodel.records.numbers import DIFFERENCES, recorded_counterfactual, yardstick

Faulty = Iterator[tuple[int, str]]
Readers = dict[str, Performance]

COUNTED_PEOPLE = ("count", "additional")
"""Ways of reading that multiply by the people."""


def measured_faults(contract: Contract, recorded: Recorded) -> Faulty:
    """Faults of figures, by row."""
    yield from _twice(recorded)
    by_outcome: dict[str, list[Measured]] = defaultdict(list)
    for fact in recorded.measured:
        if fact.name in contract.performance:
            yield from _whose(contract, fact, {fact.name: contract.performance[fact.name]})
        else:
            by_outcome[fact.name].append(fact)
    for outcome, facts in by_outcome.items():
        readers = {n: p for n, p in contract.performance.items() if p.of == outcome}
        if not readers:
            for fact in facts:
                yield (
                    fact.row,
                    f"no performance reads {outcome}: record a number or its persons, or add one "
                    f"to the contract",
                )
            continue
        for fact in facts:
            yield from _whose(contract, fact, readers)
            yield from _compared(contract, fact, readers)
        yield from _people_missing(facts, readers)
        yield from _whole_beside_part(facts, readers)
        yield from _relative_to_nothing(contract, facts, readers)


def _twice(recorded: Recorded) -> Faulty:
    seen: dict[tuple[object, ...], int] = {}
    for fact in recorded.measured:
        first = seen.setdefault((fact.name, fact.cohort, fact.group, fact.date), fact.row)
        if first != fact.row:
            yield fact.row, f"{fact.name} of {fact.date} stands in row {first} already: keep one"


def _whose(contract: Contract, fact: Measured, readers: Readers) -> Faulty:
    """Figures read by cohort or group say theirs; a value of everyone names nobody."""
    for name, clause in readers.items():
        if clause.over in ("each_cohort", "each_group") and fact.cohort is None:
            cohorts = ", ".join(contract.cohorts_of(name))
            yield fact.row, f"{name} is read for each cohort: say which, in cohort ({cohorts})"
            return
        if clause.over == "each_group" and fact.group is None and fact.cohort is not None:
            groups = [label.rpartition("/")[2] for label in contract.groups(fact.cohort)]
            yield (
                fact.row,
                f"{name} is read for each group: say which, in group ({', '.join(groups)})",
            )
            return
        if fact.value is None or clause.over == "each_group":
            continue
        if fact.group is not None and len(contract.groups(fact.cohort or "")) > 1:
            yield fact.row, f"{name} is not read by group: leave group empty"
        elif clause.over != "each_cohort" and fact.cohort and len(contract.cohorts_of(name)) > 1:
            yield fact.row, f"{name} is not read by cohort: leave cohort empty"


def _compared(contract: Contract, fact: Measured, readers: Readers) -> Faulty:
    """The columns of the counterfactual that is agreed for the day, and no others."""
    need = next((n for n, p in readers.items() if p.read_as in AGAINST_SOMETHING), None)
    against = contract.outcomes[fact.name].against
    if need is None or against is None:
        return
    agreed = yardstick(against, fact.date, contract.timeline)
    said = [
        column for column in ("counterfactual", *DIFFERENCES) if getattr(fact, column) is not None
    ]
    if agreed is None and isinstance(against, AgainstByDate):
        first = min(map(contract.timeline.day, against.begins))
        yield (
            fact.row,
            f"{need} compares {fact.name}, and no counterfactual is agreed before {first}",
        )
    elif not isinstance(agreed, Comparison):
        if said and not (said == ["counterfactual"] and agreed == fact.counterfactual):
            seen = f" ({agreed:g})" if isinstance(agreed, float) else ""
            yield (
                fact.row,
                f"the contract agrees the counterfactual of {fact.name}{seen}: leave "
                f"{', '.join(said)} empty",
            )
    elif agreed.difference_in_differences is None:
        if fact.counterfactual is None:
            yield (
                fact.row,
                f"counterfactual is missing: {need} compares {fact.name} with "
                f"{an(agreed.control or '')} group, write that group's figure per person in the "
                f"column counterfactual",
            )
        elif len(said) > 1:
            yield (
                fact.row,
                f"{', '.join(said[1:])} belong to difference in differences: {fact.name} is "
                f"compared with {an(agreed.control or '')} group",
            )
    else:
        missing = [column for column in DIFFERENCES if column not in said]
        if missing:
            yield (
                fact.row,
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: {need} "
                f"compares {fact.name} by difference in differences, write "
                f"{'it' if len(missing) == 1 else 'them'} per person in "
                f"{'a column' if len(missing) == 1 else 'columns'} of that name",
            )
        if "counterfactual" in said:
            yield fact.row, "difference in differences computes the counterfactual: leave it empty"
        if agreed.difference_in_differences == "ratio" and fact.comparison_before == 0:
            yield fact.row, "comparison_before is 0: a ratio to it does not exist"


def _read_together(clause: Performance, facts: list[Measured]) -> list[list[Measured]]:
    """The rows of each reading: of one period, of one cohort or group, or all; to date the last."""
    found: dict[object, list[Measured]] = defaultdict(list)
    if clause.over == "to_date":
        for date in {fact.date for fact in facts}:
            latest: dict[tuple[str | None, str | None], Measured] = {}
            for fact in sorted(facts, key=lambda f: f.date):
                if fact.date <= date:
                    latest[fact.cohort, fact.group] = fact
            found[date] = list(latest.values())
    for fact in facts if clause.over != "to_date" else ():
        key: dict[str, object] = {
            "each_period": fact.period,
            "each_cohort": fact.cohort,
            "each_group": (fact.cohort, fact.group),
        }
        found[key.get(clause.over)].append(fact)
    return list(found.values())


def _people_missing(facts: list[Measured], readers: Readers) -> Faulty:
    reasons: dict[int, str] = {}
    for name, clause in readers.items():
        for rows in _read_together(clause, facts):
            for fact in rows:
                if clause.read_as in COUNTED_PEOPLE:
                    reasons.setdefault(fact.row, f"{name} is {clause.read_as}, people × figure")
                elif len(rows) > 1:
                    reasons.setdefault(fact.row, f"{name} pools {len(rows)} rows by people")
    for fact in facts:
        if fact.people is None and fact.row in reasons:
            yield fact.row, f"people is missing: {reasons[fact.row]}"


def _whole_beside_part(facts: list[Measured], readers: Readers) -> Faulty:
    """A figure of everyone beside figures of cohorts, or of a cohort beside its groups'."""
    if all(clause.over == "to_date" for clause in readers.values()):
        return  # there the later replaces the earlier
    cohorts = {fact.cohort for fact in facts if fact.cohort is not None}
    grouped = {fact.cohort for fact in facts if fact.group is not None}
    for fact in facts:
        if fact.cohort is None and cohorts:
            yield (
                fact.row,
                f"a figure of everyone beside those of {', '.join(sorted(cohorts))} would count "
                f"people twice: say its cohort, or leave it out",
            )
        elif fact.group is None and fact.cohort in grouped:
            yield (
                fact.row,
                f"a figure of {fact.cohort} beside those of its groups would count people twice: "
                f"say its group, or leave it out",
            )


def _relative_to_nothing(contract: Contract, facts: list[Measured], readers: Readers) -> Faulty:
    told: set[int] = set()
    for name, clause in readers.items():
        if clause.read_as != "relative":
            continue
        for rows in _read_together(clause, facts):
            figures = [
                recorded_counterfactual(
                    fact,
                    yardstick(contract.outcomes[fact.name].against, fact.date, contract.timeline),
                )
                for fact in rows
            ]
            if any(figure != 0 for figure in figures):
                continue
            for fact in rows:
                if fact.row not in told:
                    told.add(fact.row)
                    yield (
                        fact.row,
                        f"the counterfactual is 0: {name}, relative to it, does not exist",
                    )
