"""Checks of time: nothing that is agreed may fall outside the timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost
from sibmodel.contract.faults import Fault

Path = tuple[str | int, ...]


def time_faults(contract: Contract) -> Iterator[Fault]:
    """Starts, outcomes, readings, payments and costs outside the timeline."""
    last = contract.timeline.periods - 1
    needed: dict[Path, tuple[int, str]] = {}
    for name, cohort in contract.cohorts.items():
        needed["cohorts", name, "intake"] = (cohort.last_start, "the last start is in")
    for name in contract.outcomes:
        due = last_claim(contract, name)
        if due is not None:
            needed["outcomes", name] = (due, "the last can be achieved in")
    follows: set[Path] = set()
    for name in contract.payments.rules:
        path: Path = ("payments", "rules", name)
        cash, claim = _last_cash(contract, name)
        if cash is not None:
            needed[path] = (cash, "the last payment falls in")
        if claim > last:
            follows.add(path)  # what comes too late is told where it stands
        yield from _due_too_soon(contract, name, claim)
    starts = max(cohort.last_start for cohort in contract.cohorts.values())
    running = contract.payments.running_costs
    costs: dict[Path, Cost] = {("delivery", "costs", n): c for n, c in _delivery(contract)}
    costs |= {("payments", "running_costs", n): c for n, c in running.items()}
    for place, cost in costs.items():
        if cost.per_start is not None:
            end = starts + cost.over - 1
            needed[place] = (end, "the last part of per_start falls due in")
        yield from _cost_too_late(place, cost, last)
    latest = max(period for period, _ in needed.values())
    for place, (period, what) in needed.items():
        if period > last and place not in follows:
            yield Fault(
                place,
                f"{what} period {period}, and the last period is {last}: "
                f"write timeline.periods: {latest + 1} or more",
            )
    for name, performance in contract.performance.items():
        yield from _outside(contract, ("performance", name, "at"), performance.at or ())
    for name, rule in contract.payments.rules.items():
        if rule.due is not None and not isinstance(rule.due, str):
            path = ("payments", "rules", name, "due")
            yield from _outside(contract, path, rule.due)
            days = [contract.timeline.day(when) for when in rule.due]
            for day in sorted({day for day in days if days.count(day) > 1}):
                yield Fault(path, f"names {day} twice: keep one")


def _delivery(contract: Contract) -> Iterable[tuple[str, Cost]]:
    return contract.delivery.costs.items() if contract.delivery else ()


def last_claim(contract: Contract, name: str) -> int | None:
    """The last period in which an outcome, a start or a reading can be claimed.

    None where a name is unknown or a ladder circular, which have faults of their own, and for a
    figure recorded as such, which is read whenever it is recorded.
    """
    if name in contract.cohorts:
        return contract.cohorts[name].last_start
    if name in contract.performance:
        return _last_reading(contract, name)
    try:
        return contract.last_due(name)
    except (KeyError, RecursionError):
        return None


def _last_reading(contract: Contract, name: str) -> int | None:
    found: list[int | None] = []
    for read in _readings(contract, name):
        clause = contract.performance[read]
        if clause.at is not None:
            found.append(max(map(contract.timeline.period_of, clause.at)))
        elif clause.over == "everyone":
            found.append(contract.timeline.periods - 1)
        else:
            found.append(None if clause.of is None else last_claim(contract, clause.of))
    return max((period for period in found if period is not None), default=None)


def _readings(contract: Contract, name: str) -> list[str]:
    """The performances whose dates are those of a performance: a composite's are its parts'."""
    found: list[str] = []
    seen: set[str] = set()
    todo = [name]
    while todo:
        here = todo.pop()
        if here in seen or here not in contract.performance:
            continue
        seen.add(here)
        clause = contract.performance[here]
        if clause.weights is None or clause.at is not None:
            found.append(here)
        else:
            todo += clause.weights
    return found


def _last_cash(contract: Contract, name: str) -> tuple[int | None, int]:
    """The period in which a rule's last payment falls, if that can pass the end; its last claim."""
    rule = contract.payments.rules[name]
    claim = None if rule.pays is None else last_claim(contract, rule.pays)
    if claim is None:
        return None, 0
    if rule.due is not None or _at_the_end(contract, rule.pays):
        return None, claim
    return claim + _wait(contract, name), claim


def _wait(contract: Contract, name: str) -> int:
    wait = contract.payments.rules[name].paid_after
    return contract.payments.paid_after if wait is None else wait


def _at_the_end(contract: Contract, pays: str | None) -> bool:
    """Whether a performance is read in the last period, however late that is."""
    read = [contract.performance[name] for name in _readings(contract, pays or "")]
    return any(clause.at is None and clause.over == "everyone" for clause in read)


def _due_too_soon(contract: Contract, name: str, claim: int) -> Iterator[Fault]:
    rule, last = contract.payments.rules[name], contract.timeline.periods - 1
    cash = claim + _wait(contract, name)
    if rule.pays is None or claim > last:
        return
    if rule.due is not None and not isinstance(rule.due, str):
        end = max(map(contract.timeline.period_of, rule.due))
        if cash > end:
            yield Fault(
                ("payments", "rules", name, "due"),
                f"the last payment is earned by period {cash}, and the last date is in period "
                f"{end}: add a later one",
            )
    elif cash > last and _at_the_end(contract, rule.pays):
        yield Fault(
            ("payments", "rules", name),
            f"{rule.pays!r} is read in the last period, {last}, and would be paid in period "
            f"{cash}: say when it is read, performance.{rule.pays}.at, or paid_after: 0",
        )
    elif cash > last and rule.due is not None:
        yield Fault(
            ("payments", "rules", name, "due"),
            f"the last payment is earned by period {cash}, and the last period is {last}: "
            f"write timeline.periods: {cash + 1} or more",
        )


def _cost_too_late(path: Path, cost: Cost, last: int) -> Iterator[Fault]:
    ends = [("at", cost.at), ("from", cost.begin), *(("amounts", p) for p in cost.amounts)]
    if cost.lasts:
        ends.append(("for", cost.begin + cost.lasts - 1))
    for field, period in ends:
        if period > last:
            yield Fault((*path, field), f"reaches period {period}; the last is {last}")


def _outside(contract: Contract, path: Path, days: Iterable[int | dt.date]) -> Iterator[Fault]:
    timeline = contract.timeline
    for when in days:
        period = timeline.period_of(when)
        if 0 <= period < timeline.periods:
            continue
        end = timeline.date(timeline.periods) - dt.timedelta(days=1)
        shown = f"period {when}" if isinstance(when, int) else when.isoformat()
        yield Fault(
            path,
            f"{shown} is outside the timeline, which runs from {timeline.start} to {end} "
            f"(periods 0 to {timeline.periods - 1})",
        )
