"""Counts: no more claims than the people who had started could have."""

from __future__ import annotations

import math
from collections import defaultdict

from sibmodel.contract.contract import Contract
from sibmodel.records import Record


def allowed(contract: Contract, outcome: str) -> float:
    """How many of an outcome one person can be paid for: infinite where nothing says."""
    if contract.outcomes[outcome].unit is None:
        return 1.0
    rules = [rule for rule in contract.payments.rules.values() if rule.pays == outcome]
    sizes = [rule.limits.person.number for rule in rules if rule.limits.person is not None]
    numbers = [size for size in sizes if isinstance(size, float)]
    return max(numbers) if rules and len(numbers) == len(rules) else math.inf


def no_more_than_started(
    contract: Contract, records: list[Record], found: dict[int, tuple[float, str]]
) -> dict[int, tuple[float, str]]:
    """Counts beyond the starts recorded to date, by row: what is accepted, and why not more.

    Of a group where starts and claims say theirs, and of the cohort. Claims with a person are
    tested by name; here they only leave less for the counts beside them.
    """
    cut: dict[int, tuple[float, str]] = {}
    starts: dict[str, list[Record]] = defaultdict(list)
    claims: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        assert record.cohort is not None
        if record.outcome == record.cohort:
            starts[record.cohort].append(record)
        elif math.isfinite(allowed(contract, record.outcome)):
            claims[record.outcome, record.cohort].append(record)
    for (outcome, cohort), mine in claims.items():
        if starts[cohort] and any(record.person is None for record in mine):
            cut |= _cut_back(outcome, mine, starts[cohort], allowed(contract, outcome), found)
    return cut


def _cut_back(
    outcome: str,
    claims: list[Record],
    starts: list[Record],
    allowed: float,
    found: dict[int, tuple[float, str]],
) -> dict[int, tuple[float, str]]:
    """The claims of one outcome and cohort, period by period, in proportion within each."""
    cut: dict[int, tuple[float, str]] = {}
    taken: dict[str | None, float] = defaultdict(float)  # by group; under None, all of them
    by_group = all(start.group is not None for start in starts)
    each = "it is paid once a person" if allowed == 1 else f"at most {allowed:g} each are paid"

    def take(record: Record, number: float) -> None:
        taken[None] += number
        if record.group is not None:
            taken[record.group] += number

    for period in sorted({record.period for record in claims}):
        now = [record for record in claims if record.period == period]
        for record in now:
            if record.person is not None:
                take(record, found[record.row][0])
        counts = {r.row: found[r.row][0] for r in now if r.person is None}
        groups = {r.group for r in now if r.group is not None} if by_group else set()
        for group in (*sorted(groups), None):
            mine = [r for r in now if r.row in counts and group in (r.group, None)]
            people = sum(
                found[s.row][0] for s in starts if s.period <= period and group in (s.group, None)
            )
            left = max(allowed * people - taken[group], 0.0)
            asked = math.fsum(counts[record.row] for record in mine)
            if asked > left:
                for record in mine:
                    counts[record.row] *= left / asked
                    reason = f"more {outcome} than people who had started ({people:g}): {each}"
                    cut[record.row] = counts[record.row], reason
        for record in now:
            if record.row in counts:
                take(record, counts[record.row])
    return cut
