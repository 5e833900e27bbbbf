"""Checks of payers: shares that make up every payment, whoever it is for and whenever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, unknown
from sibmodel.contract.number_checks import groups_of, unknown_group
from sibmodel.contract.payments import Payer
from sibmodel.contract.tables import Table, row_key

Path = tuple[str | int, ...]


def payer_faults(contract: Contract) -> Iterator[Fault]:
    """Shares that do not add up; payers of one rule that are no payers of the contract."""
    payers = contract.payments.payers
    shared = [name for name, rule in contract.payments.rules.items() if rule.payers is None]
    yield from _shares(contract, ("payments", "payers"), payers, shared)
    for name, rule in contract.payments.rules.items():
        if rule.payers is None:
            continue
        path = ("payments", "rules", name, "payers")
        yield from _shares(contract, path, rule.payers, [name])
        for payer, share in rule.payers.items():
            if payer not in payers:
                yield unknown((*path, payer), "payer", payer, payers)
            if share.limits.model_fields_set:
                yield Fault(
                    (*path, payer, "limits"),
                    "a payer's limits cover all its payments: write them under payments.payers",
                )


def _shares(
    contract: Contract, path: Path, payers: Mapping[str, Payer], rules: list[str]
) -> Iterator[Fault]:
    """Faults of one list of payers, who share the payments of some rules."""
    known, nobody = _groups(contract, rules)
    wrong = []
    for name, payer in payers.items():
        if payer.share != "rest":
            here = (*path, name) if _short(payer) else (*path, name, "share")
            wrong += list(_share(here, payer.share, known, nobody))
    yield from wrong
    rest = [name for name, payer in payers.items() if payer.share == "rest"]
    if len(rest) > 1:
        yield Fault(path, f"only one payer can have the rest: seen {' and '.join(rest)}")
    elif not wrong:
        yield from _sums(contract, path, payers, known)


def _short(payer: Payer) -> bool:
    return not payer.limits.model_fields_set


def _groups(contract: Contract, rules: list[str]) -> tuple[dict[str, str], str | None]:
    """Groups whose payments are shared, and a rule that pays for no one group, if there is one."""
    known: dict[str, str] = {}
    nobody = None
    for name in rules:
        try:
            groups = groups_of(contract, ("payments", "rules", name))
        except KeyError:
            continue  # what it pays is unknown, which has a fault of its own
        known |= groups
        if not groups and nobody is None:
            nobody = name
    return known, nobody


def _share(
    path: Path, share: Any, known: dict[str, str], nobody: str | None, around: tuple[str, ...] = ()
) -> Iterator[Fault]:
    """What is wrong with one payer's share."""
    if isinstance(share, ByGroup) and "by_group" not in around:
        if nobody is not None:
            own = path[:3] == ("payments", "rules", nobody)
            remedy = "write one share" if own else "give that rule payers of its own"
            yield Fault(
                path,
                f"differs by group, and the rule {nobody!r} pays for no one group: {remedy}",
            )
            return
        for group, one in share.by_group.items():
            here = (*path, "by_group", group)
            if group not in known:
                yield unknown_group(here, group, known)
            yield from _share(here, one, known, None, (*around, "by_group"))
    elif isinstance(share, Table) and "from" not in around and _is_by_date(share):
        for key, row in (share.begins or {}).items():
            here = (*path, "from", row_key(key))
            yield from _share(here, row, known, nobody, (*around, "from"))
    elif isinstance(share, ByGroup | Table):
        yield Fault(path, "a share may differ by group and by date of the claim, and not otherwise")
    elif isinstance(share, str) or (isinstance(share, Assumption) and share.form != "value"):
        yield Fault(path, "a share must be certain: write a number from 0 to 1")
    elif not 0 <= _certain(share) <= 1:
        seen = _certain(share)
        remedy = f"; for {seen:g}% write {seen / 100:g}" if 2 <= seen <= 100 else ""
        yield Fault(path, f"must be from 0 to 1: seen {seen:g}{remedy}")


def _is_by_date(table: Table) -> bool:
    return table.begins is not None and (table.by, table.floor, table.cap) == (None, None, None)


def _certain(share: float | Assumption) -> float:
    return share if isinstance(share, float) else share.value or 0.0


def _sums(
    contract: Contract, path: Path, payers: Mapping[str, Payer], known: dict[str, str]
) -> Iterator[Fault]:
    """Shares that do not add to 1 for some group at some date: the first such."""
    timeline = contract.timeline
    shares = [payer.share for payer in payers.values() if payer.share != "rest"]
    rest = len(shares) < len(payers)
    end = timeline.date(timeline.periods)
    begun = {timeline.day(key) for share in shares for key in _keys(share)}
    days = sorted({timeline.start} | {day for day in begun if timeline.start < day < end})
    groups: list[str | None] = [*sorted(set(known.values()))] or [None]
    totals = {
        (day, group): sum(_at(contract, share, group, day) for share in shares)
        for day in days
        for group in groups
    }
    wrong = [at for at, total in totals.items()
             if total > 1 + 1e-9 or (not rest and total < 1 - 1e-9)]  # fmt: skip
    if not wrong:
        return
    day, group = wrong[0]
    total = totals[wrong[0]]
    when = ""
    if len({totals[day, other] for other in groups}) > 1:
        when += f" for {group}"
    if len({totals[other, group] for other in days}) > 1:
        when += f" from {day}"
    if rest:
        yield Fault(path, f"the shares beside the rest add to {total:.12g}{when}, more than 1")
    else:
        remedy = "mend one, or let one payer have the rest"
        yield Fault(path, f"the shares add to {total:.12g}{when}, not 1: {remedy}")


def _keys(share: Any) -> Iterator[int | dt.date]:
    if isinstance(share, ByGroup):
        for one in share.by_group.values():
            yield from _keys(one)
    elif isinstance(share, Table):
        for key, row in (share.begins or {}).items():
            yield key
            yield from _keys(row)


def _at(contract: Contract, share: Any, group: str | None, day: dt.date) -> float:
    """A share for one group on one day; 0 for groups not named and before the first date."""
    if isinstance(share, ByGroup):
        short = (group or "").rpartition("/")[2]
        key = group if group in share.by_group else short
        return _at(contract, share.by_group[key], group, day) if key in share.by_group else 0.0
    if isinstance(share, Table):
        begins = {contract.timeline.day(key): one for key, one in (share.begins or {}).items()}
        begun = [since for since in begins if since <= day]
        return _at(contract, begins[max(begun)], group, day) if begun else 0.0
    return _certain(share)
