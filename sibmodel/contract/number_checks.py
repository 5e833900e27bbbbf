"""Checks of numbers: assumptions that are there, ranges, groups, and what tables may say where."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup, Range
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, nearest, unknown
from sibmodel.contract.names import an
from sibmodel.contract.tables import Table

Path = tuple[str | int, ...]


def number_faults(contract: Contract) -> Iterator[Fault]:
    """Names that are no assumption, numbers out of range, groups without one."""
    for name, number in contract.assumptions.items():
        if isinstance(number, str):
            yield Fault(("assumptions", name), f"is only another name, {number!r}: write a number")
    for at in contract.numbers():
        if isinstance(at.number, ByGroup):
            if at.path[:2] not in RULES:
                yield from _groups(contract, at.path, at.number)
            parts = {(*at.path, "by_group", g): n for g, n in at.number.by_group.items()}
        else:
            parts = {at.path: at.number}
        for path, number in parts.items():
            meant: float | str | Assumption = number
            if isinstance(number, str):
                if number not in contract.assumptions:
                    yield unknown(path, "assumption", number, contract.assumptions)
                    continue
                meant = contract.assumptions[number]
            if not isinstance(meant, str):
                yield from _in_range(path, meant, at.range)


RULES = (("payments", "rules"), ("payments", "factors"))
"""Sections whose numbers may be tables: :mod:`sibmodel.contract.table_checks` walks them."""


# --- groups ---------------------------------------------------------------------------------------


def groups_of(contract: Contract, path: Path) -> dict[str, str]:
    """Names that may stand in ``by_group`` at a path, and the group label each one means.

    Of a performance read of each cohort they are the cohorts; of one read of everyone there are
    none.
    """
    match path:
        case ("outcomes", str(name), *_) if name in contract.outcomes:
            return _named(contract, contract.cohorts_of(name))
        case ("performance", str(name), *_) if name in contract.performance:
            return _read_by_group(contract, name)
        case ("payments", "rules", str(name), *_):
            pays = contract.payments.rules[name].pays
            if pays is None:
                return {}
            if pays in contract.performance:
                return _read_by_group(contract, pays)
            return _named(contract, contract.cohorts_of(pays))
        case ("cohorts", str(name), *_):
            return _named(contract, [name])
        case _:
            return _named(contract, contract.cohorts)


def _read_by_group(contract: Contract, performance: str) -> dict[str, str]:
    cohorts = contract.cohorts_of(performance)
    match contract.read_over(performance):
        case "each_cohort":
            return {cohort: cohort for cohort in cohorts}
        case "each_group":
            return _named(contract, cohorts)
        case _:
            return {}


def _named(contract: Contract, cohorts: Iterable[str]) -> dict[str, str]:
    labels = {label: label for c in cohorts for label in contract.cohorts[c].labels(c)}
    short = Counter(label.rpartition("/")[2] for label in labels)
    return labels | {
        label.rpartition("/")[2]: label for label in labels if short[label.rpartition("/")[2]] == 1
    }


def unknown_group(path: Path, group: str, known: dict[str, str]) -> Fault:
    """A group that is not there, and what to write instead."""
    theirs = _groups_of_cohort(group, known)
    if theirs:
        own = [label.rpartition("/")[2] for label in theirs]
        names = [name if name in known else label for name, label in zip(own, theirs, strict=True)]
        written = ", ".join(f"{name}: …" for name in names)
        return Fault(path, f"{group!r} is a cohort, and has groups: write {{{written}}}")
    return unknown(path, "group", group, known)


def _groups_of_cohort(cohort: str, known: dict[str, str]) -> list[str]:
    return sorted({label for label in known.values() if label.startswith(f"{cohort}/")})


def _meant(group: str, known: dict[str, str]) -> set[str]:
    """The labels that a group which is not there was meant for."""
    near = nearest(group, known)
    return {*_groups_of_cohort(group, known)} or ({known[near]} if near is not None else set())


def group_faults(path: Path, said: Iterable[str], known: dict[str, str]) -> Iterator[Fault]:
    """Groups that are not there, that are named twice, or that have no value."""
    said, meant = list(said), set[str]()
    for group in said:
        if group not in known:
            yield unknown_group((*path, "by_group", group), group, known)
            meant |= _meant(group, known)
    named = Counter(known[group] for group in said if group in known)
    for twice in sorted(label for label, times in named.items() if times > 1):
        yield Fault((*path, "by_group"), f"names the group {twice!r} twice: keep one")
    for missing in sorted(set(known.values()) - set(named) - meant):
        yield Fault(
            (*path, "by_group"), f"has no value for the group {missing!r}: every group needs one"
        )


_OF_OUTCOMES = ("rate", "anyway", "attribution", "claimed", "spread", "against")


def _may_differ(path: Path) -> bool:
    match path:
        case ("outcomes", _, str(field), *_):
            return field in _OF_OUTCOMES
        case ("performance", _, "value") | (_, _, _, "per_start"):
            return True
        case _:
            return False


def _groups(contract: Contract, path: Path, number: ByGroup) -> Iterator[Fault]:
    try:
        known = groups_of(contract, path)
    except KeyError:
        return  # the cohort is missing, which has a fault of its own
    if not _may_differ(path) or not known:
        yield Fault(path, "cannot differ by group: write one number")
        return
    yield from group_faults(path, number.by_group, known)


# --- ranges ---------------------------------------------------------------------------------------


def support(number: float | Assumption) -> tuple[float, float]:
    """Lowest and highest value a number can take."""
    if isinstance(number, float):
        return number, number
    match number.form:
        case "value":
            return number.value or 0.0, number.value or 0.0
        case "beta":
            return 0.0, 1.0
        case "pert" | "triangular" | "uniform":
            low, *_, high = getattr(number, number.form)
            return low, high
        case "samples":
            assert number.samples is not None
            return min(number.samples.values), max(number.samples.values)
        case "lognormal":
            return 0.0, math.inf
        case "quantiles":
            assert number.quantiles is not None
            ends = {"beta": (0.0, 1.0), "lognormal": (0.0, math.inf), None: (0.0, 0.0)}
            return ends.get(number.quantiles.fit, (-math.inf, math.inf))
        case _:
            return -math.inf, math.inf


def lowest(number: Any, contract: Contract) -> float:
    """The lowest value a number, or a table, can take: of its leaves, within its floor."""
    if isinstance(number, str):
        meant = contract.assumptions.get(number, 0.0)
        return 0.0 if isinstance(meant, str) else support(meant)[0]
    if isinstance(number, ByGroup):
        return min(lowest(one, contract) for one in number.by_group.values())
    if isinstance(number, Table):
        rows = [lowest(one, contract) for place, one in number.parts() if place[0] not in BOUNDS]
        floor = -math.inf if number.floor is None else lowest(number.floor, contract)
        return max(min(rows), floor)
    if isinstance(number, Assumption) and number.quantiles is not None:
        return min(support(number)[0], *number.quantiles.at.values())
    return support(number)[0]


BOUNDS = ("floor", "cap")


def _in_range(path: Path, number: float | Assumption, wanted: Range) -> Iterator[Fault]:
    low, high = support(number)
    if isinstance(number, Assumption) and number.quantiles is not None:
        least, most = min(number.quantiles.at.values()), max(number.quantiles.at.values())
        if least <= wanted.low or most >= wanted.high:
            inside = f"above {wanted.low:g}"
            if math.isfinite(wanted.high):
                inside += f" and below {wanted.high:g}"
            yield Fault(path, f"quantiles must be {inside}: seen {least:g} to {most:g}")
            return
    if wanted.low <= low and high <= wanted.high:
        return
    if isinstance(number, Assumption) and number.truncated:
        return
    bounds = (
        f"from {wanted.low:g} to {wanted.high:g}" if math.isfinite(wanted.high)
        else f"{wanted.low:g} or more"
    )  # fmt: skip
    if isinstance(number, float):
        remedy = ""
        if (wanted.low, wanted.high) == (0.0, 1.0) and 2 <= number <= 100:
            remedy = f"; for {number:g}% write {number / 100:g}"
        elif number < 0 and path[:2] == RULES[0] and "price" in path[3:4]:
            remedy = "; below zero may be an amount, in a rule with paid_back_by"
        yield Fault(path, f"must be {bounds}: seen {number:g}{remedy}")
        return
    remedy = ""
    if number.form in ("normal", "lognormal"):
        remedy = "; use beta or pert" if wanted.high == 1 else "; use lognormal or pert"
        remedy += ", or say truncated: true"
    reach = f"can go from {low:g} to {high:g}"
    if math.isinf(high):
        reach = "can be any number" if math.isinf(low) else f"can be any number above {low:g}"
    yield Fault(path, f"must be {bounds}: {an(number.form)} {reach}{remedy}")
