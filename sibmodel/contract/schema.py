"""The contract language as a JSON Schema, for editors and other programs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from sibmodel.contract.assumptions import FORMS, Range
from sibmodel.contract.contract import Contract, ranges
from sibmodel.contract.names import Name
from sibmodel.contract.writing import SHORT

_EXACTLY_ONE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Assumption": tuple((form,) for form in FORMS),
    "Beta": (("mean", "sd"), ("achieved", "of"), ("sites",)),
    "Cohort": (("people",), ("groups",)),
    "Correlation": (("spearman",), ("kendall",)),
    "Discount": (("schedule",), ("rate",)),
    "Samples": (("values",), ("file", "column")),
}
_ONE_OR_MORE = {
    "Cost": ("amount", "amounts", "per_period", "per_start", "per_outcome"),
    "Size": ("amount", "number"),
}
_KEYS = {("Cost", "amounts"): r"^\d+$", ("Quantiles", "at"): r"^0?\.\d*[1-9]\d*$"}
_LEAST = {
    ("Beta", "sites"): {"minItems": 3},
    ("Benefit", "profile"): {"minItems": 1},
    ("Cohort", "groups"): {"minProperties": 1},
    ("Quantiles", "at"): {"minProperties": 2},
    ("Samples", "values"): {"minItems": 2},
}
_NOT_BESIDE = {("Benefit", "profile"): ("years", "drop_off")}
_NAME: dict[str, Any] = TypeAdapter(Name).json_schema()
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a contract file.

    What one clause says about another (a name that refers to nothing, shares that do not add to
    one) is beyond a schema; of everything else, it refuses what ``load_contract`` refuses.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.

    Examples
    --------
    >>> json_schema()["required"][:3]
    ['schema', 'name', 'currency']
    """
    schema = Contract.model_json_schema(by_alias=True)
    definitions = {name: _tidied(part) for name, part in schema.pop("$defs").items()}
    top = _tidied(schema)
    for model in _models():
        name = model.__name__
        clause = top if model is Contract else definitions.get(name)
        if clause is not None:
            _completed(model, clause)
            if model in SHORT:
                short = clause["properties"][SHORT[model]]
                definitions[name] = {"anyOf": [short, clause]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sibmodel contract",
        **{key: part for key, part in top.items() if key not in ("title", "description")},
        "description": "An outcomes contract: what was agreed, and what is assumed about it.",
        "$defs": {"Name": _NAME, **definitions},
    }


def _models(parent: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for model in parent.__subclasses__():
        if model.__module__.startswith("sibmodel.contract."):
            yield model
        yield from _models(model)


def _tidied(part: Any, named: bool = False) -> Any:
    """Pydantic's schema without null (an empty value is a fault), and with keys that are checked.

    ``named`` says that the keys of this part are the language's own, not JSON Schema's.
    """
    if part == _NAME:
        return {"$ref": "#/$defs/Name"}
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    if named:
        return {key: _tidied(value) for key, value in part.items()}
    tidy = {
        _BOUNDS.get(key, key): _tidied(value, named=key in ("properties", "patternProperties"))
        for key, value in part.items()
        if key != "title"
        and not (key == "default" and (value is None or isinstance(value, dict | list)))
    }
    if "anyOf" in tidy:
        kinds = [kind for kind in tidy.pop("anyOf") if kind != {"type": "null"}]
        tidy = {**kinds[0], **tidy} if len(kinds) == 1 else {"anyOf": kinds, **tidy}
    if "patternProperties" in tidy:
        ((pattern, value),) = tidy.pop("patternProperties").items()
        names = {"$ref": "#/$defs/Name"} if pattern == _NAME["pattern"] else {"pattern": pattern}
        tidy |= {"additionalProperties": value, "propertyNames": names}
    return tidy


def _completed(model: type[BaseModel], clause: dict[str, Any]) -> None:
    """Add what pydantic leaves to a validator: one form of several, ranges, keys."""
    name, fields = model.__name__, clause["properties"]
    if name in _EXACTLY_ONE:
        every = {field for group in _EXACTLY_ONE[name] for field in group}
        clause["oneOf"] = [
            {"required": [*group], "properties": dict.fromkeys(sorted(every - {*group}), False)}
            for group in _EXACTLY_ONE[name]
        ]
    if name in _ONE_OR_MORE:
        clause["anyOf"] = [{"required": [field]} for field in _ONE_OR_MORE[name]]
    for (owner, field), pattern in _KEYS.items():
        if owner == name:
            fields[field]["propertyNames"] = {"pattern": pattern}
    for (owner, field), least in _LEAST.items():
        if owner == name:
            fields[field] |= least
    for (owner, field), others in _NOT_BESIDE.items():
        if owner == name:
            either = [{"required": [other]} for other in others]
            clause["not"] = {"required": [field], "anyOf": either}
    for field, limits in ranges(model).items():
        alias = model.model_fields[field].alias or field
        if limits is not None:
            number = fields[alias].get("additionalProperties", fields[alias])
            for kind in number["oneOf"]:
                kind.update(_within(limits).get(kind.get("$ref", kind.get("type")), {}))


def _within(limits: Range) -> dict[str, dict[str, Any]]:
    """What each kind of number must also be to lie in a range; of other things it says nothing."""
    ends = {"minimum": limits.low, "maximum": limits.high}
    bounds = {word: end for word, end in ends.items() if math.isfinite(end)}
    known = {form: {"items": bounds} for form in ("pert", "triangular", "uniform")}
    assumption = {"properties": {"value": bounds, **known}}
    groups = {"additionalProperties": {**bounds, **assumption}}
    return {
        "number": bounds,
        "#/$defs/Assumption": assumption,
        "#/$defs/ByGroup": {"properties": {"by_group": groups}},
    }
