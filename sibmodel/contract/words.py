"""Pydantic's errors, which speak of types, put into the words of the contract."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from sibmodel.contract.assumptions import Assumption, Clause
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, did_you_mean, key_text
from sibmodel.contract.meant import number_meant
from sibmodel.contract.names import is_name
from sibmodel.contract.other_words import BESIDE, ELSEWHERE, OTHER_CHOICES, OTHER_FIELDS
from sibmodel.contract.payments import Floors, Size
from sibmodel.contract.tables import TABLES

Path = tuple[str | int, ...]


def in_words(error: ValidationError, data: Any) -> list[Fault]:
    """Every error of a validation as a fault, its path as the data has it.

    Parameters
    ----------
    error : pydantic.ValidationError
        Of a ``Contract``.
    data : dict
        The plain data that was validated.

    Returns
    -------
    list of Fault
    """
    items = error.errors(include_url=False)
    inner = {item["loc"][:length] for item in items for length in range(len(item["loc"]))}
    # a list is not too short where one of its entries is wrong
    told = [i for i in items if i["type"] != "too_short" or i["loc"] not in inner]
    faults = [_one_in_words(dict(item), data) for item in told]
    scopes = [fault.path for fault in faults if fault.message.startswith(_NO_SCOPE)]
    return [f for f in faults if not any(f.path[: len(s)] == s != f.path for s in scopes)]


def misspelt(faults: list[Fault]) -> set[Path]:
    """Fields that were meant by fields there are not: price, where somebody wrote prise."""
    meant = f"{_NO_FIELD}; did you mean '"
    return {
        (*fault.path[:-1], fault.message.removeprefix(meant).removesuffix("'?"))
        for fault in faults
        if fault.message.startswith(meant)
    }


_NO_FIELD = "there is no such field"
_NO_SCOPE = ("there is no limit called", "there is no floor called")


_MISSING = {
    "currency": "three capital letters, such as GBP",
    "schema": "write schema: 1, the version of this language",
    "timeline": "{start: 2027-04-01, step: quarter, periods: 16}",
    "intake": "planned starts by period, [30, 60], or {over: 4}",
}


def _one_in_words(error: dict[str, Any], data: Any) -> Fault:
    loc, kind, seen = error["loc"], error["type"], error["input"]
    context = error.get("ctx", {})
    path = reader_path(loc, data, kind)
    if kind == "said":
        return Fault(path, error["msg"].removeprefix(f"{path[-1]}: " if path else ""))
    if kind == "string_pattern_mismatch":
        could = {"£": "GBP", "€": "EUR"}.get(str(seen), str(seen).upper())
        remedy = f": write {could}" if re.fullmatch("[A-Z]{3}", could) else ""
        return Fault(path, f"must be {_MISSING['currency']}: seen {show(seen)}{remedy}")
    if kind == "missing" and isinstance(loc[-1], int):
        return Fault(path, f"{_so_many_numbers(loc[:-1])}: seen {show(seen)}")
    if kind == "missing":
        more = _description(loc)
        if loc[-1] == "of" and "did you mean" in _misspelt_scope(loc[:-1]):
            return Fault(path[:-1], _misspelt_scope(loc[:-1]))
        return Fault(path, "is missing" + (f": {more}" if more else ""))
    if kind == "extra_forbidden":
        if kind_at(loc[:-1]) is Assumption and str(loc[-1]) in _group_names(data):
            return Fault(path, f"a number for each group is written {{by_group: {{{loc[-1]}: …}}}}")
        return Fault(path, f"{_NO_FIELD}; {_field_meant(loc)}")
    if kind in _ORDERED:
        word, bound = _ORDERED[kind]
        whole = kind == "less_than_equal" and context["le"] == 1 and 2 <= seen <= 100
        remedy = f"; for {seen:g}% write {seen / 100:g}" if whole else ""
        return Fault(path, f"must be {word.format(context[bound])}: seen {show(seen)}{remedy}")
    if kind == "literal_error":
        return Fault(path, _one_of(context["expected"], seen, _beside(loc)))
    if kind in ("too_short", "too_long"):
        return Fault(path, _length(kind, context, loc, seen))
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return Fault(path, _misspelt_scope(loc) or _mapping_wanted(loc, seen))
    if kind in _WANTED:
        meant = number_meant(seen) if isinstance(seen, str) and "number" in _WANTED[kind] else None
        if meant is not None:
            return Fault(path, f"seen the text {seen!r}: write {meant}")
        if kind == "string_type" and isinstance(seen, list):
            return Fault(path, f"takes one name, not a list: seen {show(seen)}")
        if kind == "tuple_type" and isinstance(seen, str | int | float):
            return Fault(path, f"needs a list: seen {show(seen)}; of one entry, [{show(seen)}]")
        return Fault(path, f"needs {_WANTED[kind]}{_more_wanted(kind, loc)}: seen {show(seen)}")
    return Fault(path, f"{error['msg'].replace('Input should be', 'must be')}: seen {show(seen)}")


def _group_names(data: Any) -> set[str]:
    """The groups of all cohorts, in plain data of which any part may be wrong."""
    cohorts = data.get("cohorts") if isinstance(data, Mapping) else None
    clauses = cohorts.values() if isinstance(cohorts, Mapping) else ()
    groups = [clause.get("groups") for clause in clauses if isinstance(clause, Mapping)]
    return {str(name) for named in groups if isinstance(named, Mapping) for name in named}


def _field_meant(loc: Path) -> str:
    """The remedy for a field there is not: another spelling, another word, or all there are."""
    model, name = kind_at(loc[:-1]), str(loc[-1])
    fields = [*_fields(model)] if _is_model(model) else []
    might = list(fields)
    if model is Assumption:
        might += TABLES  # it may be a table misspelt
    if _is_model(model) and issubclass(model, Size):
        might.append("from")
    other = name.lower().replace("-", "_")
    said = ELSEWHERE.get(model.__name__, {}).get(other) if _is_model(model) else None
    if said is not None:
        return said
    for word in OTHER_FIELDS.get(other, ()):
        if word in might:
            return f"did you mean {word!r}?"
    near = did_you_mean(name, might)
    return near if near.startswith("did you mean") else did_you_mean(name, fields)


_ORDERED = {
    "greater_than": ("above {:g}", "gt"),
    "greater_than_equal": ("{:g} or more", "ge"),
    "less_than": ("below {:g}", "lt"),
    "less_than_equal": ("{:g} or less", "le"),
}
_PERIODS = ("after", "paid_after", "over", "periods", "for", "notice", "every")
_A_PERIOD = ("at", "from", "until")
_WANTED = {
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "string_type": "text (in quotes if it looks like a number or a date)",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list, [first, second]",
    "list_type": "a list, [first, second]",
}


def show(value: Any) -> str:
    """A value as a reader would write it, cut short."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float | list | tuple | dict) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _more_wanted(kind: str, loc: Path) -> str:
    """What to add to the kind of value that is wanted at a place."""
    if "whole" in _WANTED[kind]:
        counted = ", the period counted from 0" if loc[-1] in _A_PERIOD else ""
        return " of periods" if loc[-1] in _PERIODS else counted
    return f", or {_beside(loc)}" if kind.startswith("bool") and _beside(loc) else ""


def _beside(loc: Path) -> str:
    """What the field at a place may say beside its words."""
    for end in (len(loc) - 1, len(loc) - 2):  # the last step may be the kind chosen among several
        model = kind_at(loc[:end])
        if _is_model(model):
            return BESIDE.get((model.__name__, str(loc[end])), "")
    return ""


def _one_of(expected: str, seen: Any, beside: str) -> str:
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    if len(words) == 1:
        remedy = ", in quotes: take them off" if seen == words[0] else ""
        return f"must be {words[0]}: seen {show(seen)}{remedy}"
    near = _choice_meant(seen, words) if isinstance(seen, str) else ""
    remedy = f"; {near}" if near.startswith("did") else ""
    more = f"; or {beside}" if beside else ""
    return f"must be one of {', '.join(words)}{more}: seen {show(seen)}{remedy}"


def _choice_meant(seen: str, words: list[str]) -> str:
    meant = OTHER_CHOICES.get(seen.lower())
    if meant is None or {*meant} - {*words}:
        return did_you_mean(seen, words)
    return f"did you mean {meant[0]!r}?" if meant else ""


def _length(kind: str, context: dict[str, Any], loc: Path, seen: Any) -> str:
    least, most = context.get("min_length"), context.get("max_length")
    if _numbers_wanted(loc):
        return f"{_so_many_numbers(loc)}: seen {show(seen)}"
    if kind == "too_short":
        return f"needs at least {least} {'entry' if least == 1 else 'entries'}"
    return f"takes {most} {'entry' if most == 1 else 'entries'} at most"


def _numbers_wanted(loc: Path) -> int:
    """How many numbers a list of fixed length takes, such as the three of pert; 0 for others."""
    kind = kind_at(loc)
    fixed = get_origin(kind) is tuple and Ellipsis not in get_args(kind)
    return len(get_args(kind)) if fixed else 0


def _so_many_numbers(loc: Path) -> str:
    meaning = _description(loc)
    return f"needs {_numbers_wanted(loc)} numbers{', ' if meaning else ''}{meaning}"


def _mapping_wanted(loc: Path, seen: Any) -> str:
    kind = bare(kind_at(loc))
    if _is_model(kind):
        own = [name for name in _fields(kind) if name not in Clause.model_fields]
        return f"needs a mapping with some of {', '.join(own)}: seen {show(seen)}"
    if get_origin(kind) is dict and bare(get_args(kind)[0]) is int:
        return f"needs a mapping of periods, {{0: …, 4: …}}: seen {show(seen)}"
    named = seen if isinstance(seen, list) else [seen]
    names = named if all(isinstance(one, str) and is_name(one) for one in named) else ["name"]
    written = ", ".join(f"{name}: …" for name in names)
    return f"needs a mapping of names, {{{written}}}: seen {show(seen)}"


def _misspelt_scope(loc: Path) -> str:
    """What to say of a limit or floor that is neither a scope nor one with a name of its own."""
    home = kind_at(loc[:-1])
    if not takes_names(home) or loc[-1] in _fields(home):
        return ""
    kind = "floor" if home is Floors else "limit"
    meant = "contract" if loc[-1] == "total" else str(loc[-1])  # total is the word within a rule
    return (
        f"there is no {kind} called {loc[-1]!r}; {did_you_mean(meant, _fields(home))} (one "
        f"with a name of its own says which rules it covers, {{of: [rule, other], total: 1000}})"
    )


def _description(loc: Path) -> str:
    name = str(loc[-1])
    model = kind_at(loc[:-1])
    if name in _MISSING or not _is_model(model):
        return _MISSING.get(name, "")
    field = model.model_fields.get(_fields(model).get(name, ""))
    return (field.description or "").rstrip(".") if field is not None else ""


def key_of(data: Mapping[Any, Any], step: str | int) -> Any:
    """The key of a mapping that a step of a path means, whatever its type: 0.30 is '0.3'."""
    if step in data:
        return step
    wanted = key_text(step)
    return next((key for key in data if key_text(key) == wanted), step)


def reader_path(loc: Path, data: Any, kind: str = "") -> Path:
    """Pydantic's place as the file has it: no union tags, no fields that shorthand leaves out."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        if isinstance(data, Mapping) and key_of(data, step) in data:
            path.append(key_text(step))
            data = data[key_of(data, step)]
        elif isinstance(data, list | tuple) and isinstance(step, int) and step < len(data):
            path.append(step)
            data = data[step]
        elif kind == "missing" and index == len(loc) - 1 and isinstance(step, str):
            path.append(step)
    return tuple(path)


# --- what the typed clauses want at a place -------------------------------------------------------


def bare(kind: Any) -> Any:
    """A type without its annotations and without None."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        parts = [part for part in get_args(kind) if part is not type(None)]
        if len(parts) == 1:
            return bare(parts[0])
    return kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _fields(model: type[BaseModel]) -> dict[str, str]:
    """The names a file uses for a clause's fields, and those of Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def kind_at(loc: Path, tagged: bool = True) -> Any:
    """The type the language wants at a place (None where nothing is known).

    Pydantic's places name the kind chosen among several (``tagged``); a reader's paths do not.
    """
    kind: Any = Contract
    for step in loc:
        kind = bare(kind)
        if get_origin(kind) in (Union, types.UnionType):
            if tagged:
                tags = (part for part in get_args(kind) if Tag(str(step)) in _extras(part))
                kind = next(tags, None)
                continue
            kind = next((part for part in _models(kind) if step in _fields(part)), None)
        if _is_model(kind):
            hints = typing.get_type_hints(kind, include_extras=True)
            named = kind.named_kind if takes_names(kind) else None
            kind = hints.get(_fields(kind).get(str(step), ""), named)
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        else:
            return None
    return bare(kind)


def takes_names(kind: Any) -> bool:
    """Whether a kind of clause has entries with names of the reader's beside its own fields."""
    return _is_model(kind) and hasattr(kind, "named_kind")


def field_names(path: Path) -> list[str]:
    """The fields a clause at a reader's path may have; none where its names are the reader's."""
    kind = kind_at(path, tagged=False)
    return [name for model in _models(kind) for name in _fields(model)]


def _models(kind: Any) -> list[type[BaseModel]]:
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else [kind]
    return [kind for kind in map(bare, parts) if _is_model(kind)]


def _extras(kind: Any) -> tuple[Any, ...]:
    return kind.__metadata__ if get_origin(kind) is Annotated else ()
