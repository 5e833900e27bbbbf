"""A contract changed at named places, and checked once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, Fault, did_you_mean, key_text, path_text
from sibmodel.contract.validation import validated
from sibmodel.contract.words import Path, field_names, key_of, kind_at, takes_names

_STEP = re.compile(r"(?:^|(?<=.)\.)([^.\[\]]+)|\[([-+.]?\d[\w.+-]*)\]")


def steps(text: str) -> Path:
    """A path as its steps.

    Parameters
    ----------
    text : str
        Names joined by dots; an item of a list is ``[2]``, a row of a table ``[0.3]`` or
        ``[2027-04-01]``.

    Returns
    -------
    tuple of str and int
        Empty if the text is not a path.

    Examples
    --------
    >>> steps("cohorts.young_people.intake[2]")
    ('cohorts', 'young_people', 'intake', 2)
    >>> steps("payments.rules.jail.amount.at_least[0.30]")[-2:]
    ('at_least', '0.3')
    """
    found: list[str | int] = []
    end = 0
    for match in _STEP.finditer(text):
        if match.start() != end:
            return ()
        end = match.end()
        inside = match[2]
        if inside is None:
            found.append(match[1])
        else:
            found.append(int(inside) if inside.isdecimal() else key_text(inside))
    return tuple(found) if end == len(text) else ()


def replaced(contract: Contract, changes: Mapping[str, Any], name: str | None = None) -> Contract:
    """A new contract with the values at these paths changed.

    Parameters
    ----------
    contract : Contract
    changes : mapping of path to new value
        Plain data, or clauses. All are applied, then the whole is checked once.
    name : str, optional
        The new contract's name.

    Returns
    -------
    Contract
        It remembers the text it came from and every path changed since.

    Raises
    ------
    ContractError
        If a path leads nowhere, two paths overlap, or the changed contract has faults.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> replaced(bond, {"payments.rules.success.prize": 5500})
    Traceback (most recent call last):
    sibmodel.contract.faults.ContractError: A bond with a closed form: 1 fault
      payments.rules.success.prize: leads nowhere; did you mean 'price'?
    """
    title = name if name is not None else contract.name
    data = contract.to_dict()
    paths = {text: steps(text) if isinstance(text, str) else () for text in changes}
    faults = list(_overlaps(paths))
    if faults:
        raise ContractError(faults, title)
    # what is taken out last, and from the end of a list, so that no other path moves
    gone = sorted((t for t in changes if changes[t] is None), key=_place(paths), reverse=True)
    for text in [*(t for t in changes if changes[t] is not None), *gone]:
        fault = _applied(data, text, paths[text], _plain(changes[text]))
        if fault is not None:
            faults.append(fault)
    if faults:
        raise ContractError(faults, title)
    if name is not None:
        data["name"] = name
    new = validated(data, title)
    new._text = contract._text
    new._changed = contract._changed | {path_text(path) for path in paths.values()}
    return new


def _place(paths: Mapping[str, Path]) -> Callable[[str], tuple[str, ...]]:
    return lambda text: tuple(
        f"{step:09}" if isinstance(step, int) else step for step in paths[text]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dt.date | str) or value is None:
        return value
    return value.tolist() if hasattr(value, "tolist") else value  # numpy's numbers


def _overlaps(paths: Mapping[str, Path]) -> Iterable[Fault]:
    ordered = sorted(paths.items(), key=lambda item: len(item[1]))
    for index, (text, path) in enumerate(ordered):
        for longer_text, longer in ordered[index + 1 :]:
            if path and [*map(key_text, longer[: len(path)])] == [*map(key_text, path)]:
                yield Fault((), f"{text!r} and {longer_text!r} change the same place: keep one")


def _applied(data: Any, text: str, path: Path, value: Any) -> Fault | None:
    """Change the data at a path; or say why that cannot be done."""
    if not path:
        return Fault((), f"{text!r} is not a path such as payments.limits.contract or intake[2]")
    home = data
    for index, step in enumerate(path[:-1]):
        fault = _absent(home, path, index)
        if fault is not None:
            if not isinstance(home, dict) or step not in field_names(path[:index]):
                return fault
            home[step] = {}
        home = home[key_of(home, step) if isinstance(home, dict) else step]
    last = len(path) - 1
    fault = _absent(home, path, last)
    if fault is not None and (value is None or not _may_be_added(home, path, last)):
        return fault
    key = key_of(home, path[-1]) if isinstance(home, dict) else path[-1]
    if value is None:
        del home[key]
    elif isinstance(home, list) and key == len(home):
        home.append(value)
    else:
        home[key] = value
    return None


def _absent(home: Any, path: Path, index: int) -> Fault | None:
    step, here = path[index], path[: index + 1]
    if isinstance(home, dict):
        if key_of(home, step) in home:
            return None
        known = [*home, *field_names(path[:index])]
        return Fault(here, f"leads nowhere; {did_you_mean(str(step), map(str, known))}")
    if isinstance(home, list):
        if isinstance(step, int) and step < len(home):
            return None
        return Fault(here, f"leads nowhere: the list has items [0] to [{len(home) - 1}]")
    return Fault(here, f"leads nowhere: {path_text(path[:index])} is {home!r}, which has no parts")


def _may_be_added(home: Any, path: Path, index: int) -> bool:
    """Whether a step not there yet may be made: a field of the clause, or a new name."""
    if isinstance(home, list):
        return path[index] == len(home)
    if not isinstance(home, dict):
        return False
    kind, fields = kind_at(path[:index], tagged=False), field_names(path[:index])
    return path[index] in fields or takes_names(kind) or (not fields and kind is not None)
