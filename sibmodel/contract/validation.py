"""Plain data into a contract, or every fault it has at once, in plain words.

Shape is checked by the typed clauses, sense by :mod:`sibmodel.contract.checks`. So that one round
shows both, what is wrong in shape is cut out or stood in for, and the rest is checked; what then
fails only because of the cut is not reported.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from sibmodel.contract import checks
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, Fault, key_text, path_text
from sibmodel.contract.meant import number_meant
from sibmodel.contract.words import in_words, key_of, kind_at, misspelt
from sibmodel.contract.writing import SHORT

Path = tuple[str | int, ...]


def validated(data: Any, name: str, already: Iterable[Fault] = ()) -> Contract:
    """The contract that plain data says.

    Parameters
    ----------
    data : dict
        As read from a file: only dict, list, str, int, float, bool, date.
    name : str
        What the contract is called in an error, such as its file.
    already : iterable of Fault
        Faults found before, which are reported with the others.

    Returns
    -------
    Contract

    Raises
    ------
    ContractError
        With every fault of shape and of sense.

    Examples
    --------
    >>> validated({"schema": 1}, "half a contract")
    Traceback (most recent call last):
    sibmodel.contract.faults.ContractError: half a contract: 6 faults
      name: is missing
      currency: is missing: three capital letters, such as GBP
      timeline: is missing: {start: 2027-04-01, step: quarter, periods: 16}
      cohorts: is missing
      outcomes: is missing
      payments: is missing
    """
    found = list(already)
    if not isinstance(data, Mapping):
        raise ContractError([Fault((), f"a contract is a mapping: seen {data!r}")], name)
    found += _empties(data, ())
    mended = _copied(data)
    cut: list[Path] = []
    for fault in found:
        _cut(mended, fault.path, cut)
    contract: Contract | None = None
    for _ in range(100):  # each round cuts something; a contract with more to cut has been told
        try:
            contract = Contract.model_validate(mended, by_alias=True, by_name=False)
            break
        except ValidationError as error:
            new = in_words(error, mended)
            meant = misspelt(new)  # price is not missing where it is misspelt
            found += [f for f in new if f.path not in meant and not _follows(f, cut)]
            before = list(cut)
            for fault in new:
                if not any(fault.path[: len(path)] == path for path in cut[len(before) :]):
                    _cut(mended, fault.path, cut)
            if cut == before:
                break
    if contract is not None and not any(path[0] in _ELSEWHERE and len(path) == 1 for path in cut):
        told = [Fault(_as_written(fault.path, data), fault.message) for fault in
                checks.faults(contract)]  # fmt: skip
        found += [fault for fault in told if not _follows(fault, cut)]
    if found or contract is None:
        raise ContractError(dict.fromkeys(found), name)
    return contract


def _copied(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {
            key.isoformat() if isinstance(key, dt.date) else key: _copied(value)
            for key, value in data.items()
        }
    return [_copied(value) for value in data] if isinstance(data, list | tuple) else data


_RUN_TOGETHER = re.compile(r"([A-Za-z]\w*)(?:\s*[:=]\s*(\S.*)|\s+([£$€]?\d.*))")
"""``price:12`` and ``price 12``, which YAML takes for a name without a value."""


def _empties(data: Any, path: Path) -> list[Fault]:
    if data is None:
        meant = _RUN_TOGETHER.fullmatch(str(path[-1])) if path else None
        if meant is not None:
            value = meant[2] or meant[3]
            written = f"{meant[1]}: {number_meant(value) or value}"
            return [Fault(path, f"needs a colon and a blank: write {written}")]
        return [
            Fault(
                path, "is empty: write a value or leave the line out; an entry without fields is {}"
            )
        ]
    if isinstance(data, Mapping):
        parts: Iterable[tuple[Any, Any]] = data.items()
        return [fault for key, value in parts for fault in _empties(value, (*path, key_text(key)))]
    if isinstance(data, list | tuple):
        return [fault for i, value in enumerate(data) for fault in _empties(value, (*path, i))]
    return []


_ELSEWHERE = {"timeline", "assumptions", "cohorts", "outcomes", "payments", "prices"}
"""Sections other clauses refer to: while one is gone altogether, sense cannot be checked."""


# --- cutting out what is wrong --------------------------------------------------------------------


def _cut(data: Any, path: Path, cut: list[Path]) -> None:
    """Take a faulty value out, or put one in its place that says nothing."""
    if any(isinstance(step, int) for step in path):
        path = path[: next(i for i, step in enumerate(path) if isinstance(step, int))]
    while path and (path in cut or not _reachable(data, path[:-1])):
        path = path[:-1]  # cut already, and still in the way: take more
    if not path:
        return
    cut.append(path)
    home = data
    for step in path[:-1]:
        home = home[key_of(home, step)]
    key = key_of(home, path[-1])
    before = home.pop(key, None)
    if len(path) == 2 and path[0] == "cohorts":
        home[key] = _some_cohort(before)
    elif len(path) == 3 and path[:2] == ("payments", "rules"):
        pays = before.get("pays") if isinstance(before, dict) else None
        home[key] = {"pays": pays if isinstance(pays, str) else "", "price": 0.0}
    elif len(path) == 3 and path[:2] == ("capital", "tranches"):
        home[key] = {"commitment": 0.0}
    elif len(path) == 3 and path[:2] == ("capital", "surplus"):
        home[key] = {"to": {"provider": 1}}
    elif path[-1] in _SAYS_NOTHING:
        home[key] = _SAYS_NOTHING[path[-1]]


_SAYS_NOTHING: dict[str | int, Any] = {
    "schema": 1,
    "name": "",
    "currency": "XXX",
    "start": "2000-01-01",
    "step": "year",
    "periods": 1200,
    "base": "2000",
    "timeline": {"start": "2000-01-01", "step": "year", "periods": 1200},
    "intake": {"over": 1},
    "pays": "",
    "price": 0.0,
    "commitment": 0.0,
    "share": 0.0,
    "of": "",
    "per_outcome": 0.0,
    "to": "",
}


def _some_cohort(seen: Any) -> dict[str, Any]:
    groups = seen.get("groups") if isinstance(seen, dict) else None
    who = (
        {"groups": dict.fromkeys(groups, 1)}
        if isinstance(groups, dict) and groups
        else {"people": 1}
    )
    return {**who, "intake": {"over": 1}}


def _reachable(data: Any, path: Path) -> bool:
    for step in path:
        if not isinstance(data, dict) or key_of(data, step) not in data:
            return False
        data = data[key_of(data, step)]
    return isinstance(data, dict)


def _as_written(path: Path, data: Any) -> Path:
    """A path without the fields that a short form leaves out: interest.rate of interest: 0.05."""
    written: list[str | int] = []
    for index, step in enumerate(path):
        model = kind_at(path[:index], tagged=False)
        here = data
        there = isinstance(here, Mapping) and key_of(here, step) in here
        short = isinstance(model, type) and SHORT.get(model) == step
        if short and not there and data is not None:
            continue
        written.append(step)
        if isinstance(data, list | tuple) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            data = data[key_of(data, step)] if there else None
    return tuple(written)


_RANKED = (("capital", "order"), ("capital", "draw_order"))


def _follows(fault: Fault, cut: list[Path]) -> bool:
    """Whether a fault is there only because of what was cut."""
    told = tuple(map(key_text, fault.path))
    for path in cut:
        common = min(len(path), len(told))
        if tuple(map(key_text, path[:common])) == told[:common]:
            return True
        text = path_text(path)
        if any(f"{start}{text}{end}" in fault.message for start in "'" for end in "'.["):
            return True
        if f"called {str(path[-1])!r}" in fault.message:
            return True
        # whether a tranche must be ranked depends on what it says
        ranked = fault.path in _RANKED and path[:2] == ("capital", "tranches") and len(path) > 2
        if ranked and re.search(rf"'{path[2]}['.]", fault.message):
            return True
    return False
