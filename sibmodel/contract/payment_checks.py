"""Checks of payment rules, and of the limits and floors on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, unknown
from sibmodel.contract.outcome_checks import circles, mixed_keys
from sibmodel.contract.payments import NamedLimit, Rule, RuleLimits, ShareOf, Size, SizesByDate
from sibmodel.contract.table_checks import amount_faults
from sibmodel.contract.tables import row_key

Path = tuple[str | int, ...]
TOP = ("payments", "limits")


def payment_faults(contract: Contract) -> Iterator[Fault]:
    """What is wrong with rules, limits and floors, and between them."""
    for name, rule in contract.payments.rules.items():
        yield from _rule(contract, name, rule)
    unless = {
        name: [rule.unless]
        for name, rule in contract.payments.rules.items()
        if rule.unless not in (None, name)
    }
    for circle in circles(unless):
        told = " unless ".join([*circle, circle[0]])
        yield Fault(
            ("payments", "rules", circle[0], "unless"), f"the rules wait for each other: {told}"
        )
    yield from amount_faults(contract)
    yield from _limits(contract)
    yield from _floors(contract)


def _rule(contract: Contract, name: str, rule: Rule) -> Iterator[Fault]:
    path = ("payments", "rules", name)
    countable = [*contract.outcomes, *contract.cohorts]
    payable = [*countable, *contract.performance]
    if rule.pays is not None and rule.pays not in payable:
        yield unknown((*path, "pays"), "outcome, cohort or performance", rule.pays, payable)
    for figure in rule.when:
        if figure not in payable:
            yield unknown(
                (*path, "when", figure), "performance, outcome or cohort", figure, payable
            )
    if rule.unless == name:
        yield Fault((*path, "unless"), "names the rule itself: it must be another")
    elif rule.unless is not None and rule.unless not in contract.payments.rules:
        yield unknown((*path, "unless"), "rule", rule.unless, contract.payments.rules)
    if rule.pays is None and rule.deadweight != 0.0:
        yield Fault((*path, "deadweight"), "the rule pays on dates: there are no claims to lessen")


# --- limits ---------------------------------------------------------------------------------------


def _limits(contract: Contract) -> Iterator[Fault]:
    limits, rules = contract.payments.limits, contract.payments.rules
    for name, rule in rules.items():
        path: Path = ("payments", "rules", name, "limits")
        yield from _sizes(contract, path, rule.limits)
        yield from _scopes(contract, path, rule.limits, [name])
    for name, limit in limits.named.items():
        path = (*TOP, name)
        yield from _covered(contract, path, limit.of)
        if name in rules:
            yield Fault(path, f"the rule payments.rules.{name} has this name: rename the limit")
        yield from _sizes(contract, path, limit)
        yield from _scopes(contract, path, limit, [rule for rule in limit.of if rule in rules])
    wide: dict[Path, Any] = {(*TOP, "contract"): limits.contract}
    for payer, clause in contract.payments.payers.items():
        wide["payments", "payers", payer, "limits", "total"] = clause.limits.total
    for path, sizes in wide.items():
        if isinstance(sizes, SizesByDate):
            yield from _by_date(contract, path, sizes)
            for place, size in _by_row(sizes):
                if size.number is not None:
                    yield Fault((*path, *place), "is money only: take the number out")


def _covered(contract: Contract, path: Path, of: Sequence[str]) -> Iterator[Fault]:
    for rule in dict.fromkeys(of):
        if rule not in contract.payments.rules:
            yield unknown((*path, "of"), "rule", rule, contract.payments.rules)
        elif of.count(rule) > 1:
            yield Fault((*path, "of"), f"names {rule!r} twice: keep one")


def _scopes(
    contract: Contract, path: Path, limits: RuleLimits | NamedLimit, covered: list[str]
) -> Iterator[Fault]:
    """Numbers of claims, and limits on a person, where a rule covered has no claims of people."""
    for name in covered:
        pays = contract.payments.rules[name].pays
        if pays is not None and pays not in contract.performance:
            continue
        what = "pays on dates" if pays is None else f"pays the performance {pays!r}"
        whose = "the rule" if path[1] == "rules" else f"the rule {name!r}"
        for scope in RuleLimits.model_fields:
            size = getattr(limits, scope)
            if size is None:
                continue
            if any(one.number is not None for _, one in _by_row(size)):
                yield Fault(
                    (*path, scope), f"{whose} {what}: there is no number of claims, write money"
                )
            elif scope == "person":
                yield Fault(
                    (*path, scope), f"{whose} {what}, for no one person: use period, year or total"
                )
            elif scope == "cohort" and not _of_a_cohort(contract, pays):
                yield Fault(
                    (*path, scope), f"{whose} {what}, for no one cohort: use period, year or total"
                )


def _of_a_cohort(contract: Contract, pays: str | None) -> bool:
    return pays is not None and contract.read_over(pays) in ("each_cohort", "each_group")


def _by_row(size: Any) -> list[tuple[Path, Size]]:
    """The sizes of a limit in order of date, with the steps of their paths."""
    if isinstance(size, SizesByDate):
        rows = sorted(size.begins.items(), key=lambda row: str(row[0]).zfill(4))
        return [(("from", row_key(key)), one) for key, one in rows]
    return [((), size)]


def _sizes(contract: Contract, path: Path, limits: RuleLimits | NamedLimit) -> Iterator[Fault]:
    for scope in RuleLimits.model_fields:
        size = getattr(limits, scope)
        if size is None:
            continue
        if isinstance(size, SizesByDate):
            yield from _by_date(contract, (*path, scope), size)
        for place, one in _by_row(size):
            if isinstance(one.number, ShareOf):
                yield from _share_of(contract, (*path, scope, *place, "number"), one.number)


def _by_date(contract: Contract, path: Path, sizes: SizesByDate) -> Iterator[Fault]:
    timeline = contract.timeline
    yield from mixed_keys(path, sizes.begins)
    first = min(map(timeline.day, sizes.begins))
    if first > timeline.start:
        yield Fault(
            (*path, "from"),
            f"says nothing before {first}: the first row must begin on {timeline.start} or before",
        )
    for key in sizes.begins:
        day = timeline.day(key)
        if timeline.start <= day < timeline.date(timeline.periods):
            first = timeline.date(timeline.period_of(day))
            if day != first:
                after = timeline.date(timeline.period_of(day) + 1)
                yield Fault(
                    (*path, "from", row_key(key)),
                    f"a limit goes by whole periods: write {first} or {after}",
                )


def _share_of(contract: Contract, path: Path, share: ShareOf) -> Iterator[Fault]:
    labels = list(contract.group_labels)
    short = [label.rpartition("/")[2] for label in labels if "/" in label]
    groups = {label for label in labels if "/" in label} | set(short)
    counted = {*contract.outcomes, *contract.cohorts}
    for name in dict.fromkeys(share.of):
        if name not in counted | groups:
            yield unknown((*path, "of"), "outcome, cohort or group", name, [*counted, *groups])
        elif name in counted and name in groups:
            yield Fault(
                (*path, "of"),
                f"{name!r} is a group and an outcome or cohort: write the group with its cohort, "
                f"{next(label for label in labels if label.endswith('/' + name))}",
            )
        elif short.count(name) > 1:
            several = [label for label in labels if label.endswith("/" + name)]
            yield Fault((*path, "of"), f"{name!r} could be {' or '.join(several)}: write which")
        elif share.of.count(name) > 1:
            yield Fault((*path, "of"), f"names {name!r} twice: keep one")
        elif name in groups:
            label = next(one for one in labels if name in (one, one.rpartition("/")[2]))
            if label.partition("/")[0] in share.of:
                yield Fault(
                    (*path, "of"),
                    f"counts the people of {name!r} twice: their cohort is named too",
                )


# --- floors ---------------------------------------------------------------------------------------


def _floors(contract: Contract) -> Iterator[Fault]:
    floors, limits = contract.payments.floors, contract.payments.limits
    for scope in type(floors).model_fields:
        floor, limit = getattr(floors, scope), getattr(limits, scope)
        if floor is not None and limit is not None:
            yield from _above(("payments", "floors", scope), floor, limit, f"limits.{scope}")
    for name, clause in floors.named.items():
        path = ("payments", "floors", name)
        yield from _covered(contract, path, clause.of)
        if name in contract.payments.rules:
            yield Fault(path, f"the rule payments.rules.{name} has this name: rename the floor")
        for scope in ("period", "year", "total"):
            floor = getattr(clause, scope)
            whole = "contract" if scope == "total" else scope
            over = {f"limits.{whole}": getattr(limits, whole)}
            over |= {
                f"limits.{other}.{scope}": getattr(limit, scope)
                for other, limit in limits.named.items()
                if set(limit.of) == set(clause.of)
            }
            for where, size in over.items():
                if floor is not None and size is not None:
                    yield from _above((*path, scope), floor, size, where)


def _above(path: Path, floor: float, size: Any, where: str) -> Iterator[Fault]:
    most = [one.amount for _, one in _by_row(size)][-1]
    if most is not None and floor > most:
        yield Fault(path, f"is {floor:,.12g}, above payments.{where}, {most:,.12g}")
