"""The facts that a simulated contract would have recorded, and the figures assumed as such."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sibmodel.contract.contract import Contract
from sibmodel.contract.performance import AGAINST_SOMETHING, Comparison, yardsticks
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts
from sibmodel.model.readings import Fact, Recorded
from sibmodel.model.yardsticks import in_force

Planned = Mapping[str, npt.NDArray[np.int64]]
Starts = Mapping[str, Counts]


def outcomes_read(contract: Contract) -> list[str]:
    """Outcomes that some performance reads."""
    return list(dict.fromkeys(p.of for p in contract.performance.values() if p.of is not None))


def outcomes_compared(contract: Contract) -> list[str]:
    """Outcomes that some performance sets against a comparison group."""
    against = {p.of for p in contract.performance.values() if p.read_as in AGAINST_SOMETHING}
    return [
        name
        for name in outcomes_read(contract)
        if name in against
        and any(isinstance(y, Comparison) for y in yardsticks(contract.outcomes[name].against))
    ]


def simulated_facts(
    contract: Contract,
    *,
    planned: Planned,
    starts: Starts,
    claimed: Mapping[str, Counts],
    comparisons: Mapping[str, Floats],
) -> list[Fact]:
    """What would be recorded of each outcome that a performance reads, by group and period.

    Outcomes that nobody compares with other people are recorded as counts, as ``settle`` is given
    them: their people are those who have started. Set against a comparison group, people are
    measured when their outcome falls due: of routes that differ with the first, of units of time in
    their first period. In each of those periods they are *present*.

    Parameters
    ----------
    contract : Contract
    planned : mapping of group to array (period,)
        Planned starts [people]: they decide which periods have facts.
    starts : mapping of group to array (period, run)
        Those who started [people].
    claimed : mapping of outcome to array (group of the outcome, period, run)
    comparisons : mapping of outcome to array (group of the outcome, period, run)
        As :func:`comparison_totals` gives them, of the same runs.
    """
    facts, measured = [], outcomes_compared(contract)
    for outcome in outcomes_read(contract):
        for g, group in enumerate(contract.groups_of(outcome)):
            delays = contract.delays(outcome, group)
            first = delays[0]
            lasts = delays[-1] - first + contract.accrues_over(outcome, group)
            due = [int(t) + first for t in np.flatnonzero(planned[group])]
            for period in sorted({p + later for p in due for later in range(lasts)}):
                date = contract.timeline.date(period)
                here = [p for p in due if p <= period < p + lasts]
                observed = claimed[outcome][g, period].astype(np.float64)
                cohort = contract.cohort_of_group(group)
                if outcome not in measured:
                    facts.append(Fact(outcome, cohort, group, period, date, None, observed))
                    continue
                compared = outcome in comparisons and isinstance(
                    in_force(contract, outcome, date)[0], Comparison
                )
                facts.append(
                    Fact(
                        outcome,
                        cohort,
                        group,
                        period,
                        date,
                        _people(starts[group], [p - first for p in here if p == period]),
                        observed,
                        comparisons[outcome][g, period] if compared else None,
                        _people(starts[group], [p - first for p in here]) if lasts > 1 else None,
                    )
                )
    return facts


def _people(starts: Counts, periods: list[int]) -> Floats:
    """Those who started in any of some periods, shape (run,)."""
    found: Floats = starts[periods].sum(axis=0, dtype=np.float64)
    return found


def assumed_figures(contract: Contract, drawn: Drawn) -> list[Recorded]:
    """Figures recorded as such, at the value that is assumed of them.

    Read on the dates of ``at``; else a cohort's when its last outcome is due, a group's and what is
    to date each period, everyone's in the last period.

    Raises
    ------
    ValueError
        If no value is stated.
    """
    timeline, found = contract.timeline, list[Recorded]()
    for name, clause in contract.performance.items():
        if not clause.recorded:
            continue
        if clause.value is None:
            raise ValueError(
                f"cannot simulate: performance.{name} is recorded as such, and no value is assumed "
                f"for it. Add performance.{name}.value"
            )
        keys: list[tuple[str | None, str | None]] = [(None, None)]
        if clause.over == "each_cohort":
            keys = [(cohort, None) for cohort in contract.cohorts]
        elif clause.over == "each_group":
            keys = [(contract.cohort_of_group(g), g) for g in contract.group_labels]
        for cohort, group in keys:
            periods = [timeline.periods - 1]
            if clause.at is not None:
                periods = [timeline.period_of(when) for when in clause.at]
            elif clause.over == "each_cohort" and cohort is not None:
                mine = [o for o in contract.outcomes if cohort in contract.cohorts_of(o)]
                periods = [max(contract.last_due(o) for o in mine)] if mine else periods
            elif clause.over != "everyone":
                periods = list(range(timeline.periods))
            value = drawn(f"performance.{name}.value", group or cohort)
            dates = (
                [timeline.date(period) for period in periods]
                if clause.at is None
                else [timeline.day(when) for when in clause.at]
            )
            found += [
                Recorded(name, cohort, group, period, date, value)
                for period, date in zip(periods, dates, strict=True)
            ]
    return found
