"""The contract language as a JSON Schema, for editors and other programs."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from sibmodel.contract.assumptions import FORMS, Range
from sibmodel.contract.capital import Capital
from sibmodel.contract.contract import Contract, ranges
from sibmodel.contract.delivery import RATED
from sibmodel.contract.names import FIGURE, Name
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.payments import Payer, RuleLimits
from sibmodel.contract.performance import AgainstByDate
from sibmodel.contract.tables import STEPS, TABLES
from sibmodel.contract.timeline import DAYS_OF
from sibmodel.contract.tranches import Tranche
from sibmodel.contract.value import GRADES
from sibmodel.contract.writing import ONE_OR_SEVERAL, RANKED, SHORT

_EXACTLY_ONE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Assumption": tuple((form,) for form in FORMS),
    "Beta": (("mean", "sd"), ("achieved", "of"), ("sites",)),
    "Cohort": (("people",), ("groups",)),
    "Comparison": (("control",), ("difference_in_differences",)),
    "Correlation": (("spearman",), ("kendall",)),
    "Discount": (("schedule",), ("rate",)),
    "Ending": (("at",), ("from",)),
    "Length": (("periods",), ("days",), ("weeks",), ("months",), ("years",)),
    "Recycle": (("up_to",), ("share",)),
    "Redemption": (("of_drawn",), ("irr",)),
    "Rule": (("price",), ("amount",)),
    "Samples": (("values",), ("file", "column")),
    "Until": (("irr",), ("multiple",), ("amount",), ("share_of_profit",)),
}
_ONE_OR_MORE = {
    "Cost": ("amount", "amounts", "per_period", "per_start", "per_outcome", "share", "rate"),
    "Ending": ("if", "chance"),
    "NamedFloor": ("period", "year", "total"),
    "NamedLimit": tuple(RuleLimits.model_fields),
    "Optimism": ("table", *GRADES),
    "Rule": ("pays", "due"),
    "Size": ("amount", "number"),
    "Table": TABLES,
    "Test": STEPS,
}
_PERIOD = r"^0*\d{1,9}$"
_WHEN = r"^(0*(\d{1,3}|1[01]\d\d|1200)|\d{4}-\d{2}-\d{2})$"
_KEYS = {
    ("Cost", "amounts"): _PERIOD,
    ("Quantiles", "at"): r"^0?\.\d*[1-9]\d*$",
    **{(clause, "from"): _WHEN for clause in ("AgainstByDate", "SizesByDate", "Table")},
    **{("Table", form): f"^{FIGURE.pattern}$" for form in TABLES if form != "from"},
}
_A_SHARE_A_YEAR = {"exclusiveMinimum": -0.5, "exclusiveMaximum": 1}
_LEAST = {
    ("Capital", "hurdle"): _A_SHARE_A_YEAR,
    ("Prices", "inflation"): _A_SHARE_A_YEAR,
    ("Beta", "sites"): {"minItems": 3},
    ("Benefit", "profile"): {"minItems": 1},
    ("Cohort", "groups"): {"minProperties": 1},
    ("Quantiles", "at"): {"minProperties": 2},
    ("Samples", "values"): {"minItems": 2},
}
_NOT_BESIDE = {
    ("Benefit", "profile"): ("years", "drop_off"),
    ("Comparison", "people"): ("people_each",),
    ("Cost", "share"): ("rate",),
    ("Optimism", "table"): GRADES,
    ("Outcome", "unit"): ("one_of",),
    ("Performance", "of"): ("weights", "value"),
    ("Performance", "weights"): ("value",),
    ("Table", "each_above"): ("by", *(form for form in TABLES if form != "each_above")),
    ("Table", "from"): tuple(form for form in TABLES if form != "from"),
}
_GOES_WITH = {
    "Cost": {"share": ["of"], "rate": ["of"]},
    "Ending": {"redeem": ["left_to"], "paid_by": ["redeem"], "left_to": ["redeem"]},
    "Outcome": {"spread": ["unit"]},
    "Performance": {"of": ["as"], "as": ["of"]},
    "Rule": {"price": ["pays"]},
}
_CLOSES: dict[str, Any] = {
    "anyOf": [
        {"required": ["redeem"]},
        {"required": ["settles"], "properties": {"settles": {"const": "at_once"}}},
    ]
}
_NO_NOTICE = {"properties": {"notice": {"const": 0}}}


def _when_it_is(field: str, *values: str) -> dict[str, Any]:
    return {"required": [field], "properties": {field: {"enum": [*values]}}}


_IF: dict[str, tuple[dict[str, Any], ...]] = {
    "Cost": (
        {"if": {"required": ["of"]},
         "then": {"anyOf": [{"required": ["share"]}, {"required": ["rate"]}]}},
        {"if": {"required": ["share"]},
         "then": {"not": _when_it_is("of", *(of for of in RATED if of != "commitments"))}},
        {"if": {"required": ["rate"]}, "then": _when_it_is("of", *RATED)},
    ),
    "Ending": (
        {"if": {"required": ["chance"], "properties": {"if": False}},
         "then": {"required": ["at"]}},
        {"if": {"required": ["redeem"]}, "then": {"not": _when_it_is("settles", "at_end")}},
        {"if": _CLOSES, "then": _NO_NOTICE},
        {"if": {"required": ["cancels"]}, "then": {"not": _CLOSES, **_NO_NOTICE}},
    ),
    "Step": (
        {"if": {"required": ["until"], "properties": {"until": {"properties": {"of": False}}}},
         "then": {"properties": {"to": {"maxProperties": 1}}}},
    ),
    "Tranche": (
        {"if": _when_it_is("repaid", "never"),
         "then": {"properties": dict.fromkeys(("principal", "interest", "due_from"), False)}},
        {"if": {"required": ["due_from"]},
         "then": {"required": ["repaid"], "not": _when_it_is("repaid", "as_available")}},
        {"if": {"required": ["repaid"], "properties": {"repaid": {"required": ["level"],
                                                                  "type": "object"}}},
         "then": {"properties": {"principal": False,
                                 "interest": {"not": _when_it_is("paid", "each_year", "at_end")}}}},
    ),
    "Outcome": (
        {"if": {"required": ["unit"], "properties": {"unit": {"enum": [*DAYS_OF]}}},
         "then": {"properties": {"spread": False}}},
    ),
    "MoneySize": ({"required": ["amount"], "properties": {"number": False}},),
    "Table": (
        {"if": {"required": ["by"], "properties": {"by": {"const": "start"}}},
         "then": {"required": ["from"]}},
        {"if": {"required": ["from"]}, "then": {"properties": {"by": {"const": "start"}}}},
    ),
}  # fmt: skip
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
        clause = top if model is Contract else definitions.get(model.__name__)
        if clause is not None:
            _completed(model, clause)
    definitions |= _tables_by_range(definitions)
    for model, field in SHORT.items():
        clause = definitions[model.__name__]
        definitions[model.__name__] = {"anyOf": [clause["properties"][field], clause]}
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
    rules: list[dict[str, Any]] = [*_IF.get(name, ())]
    if name in _EXACTLY_ONE:
        every = {field for group in _EXACTLY_ONE[name] for field in group}
        clause["oneOf"] = [
            {"required": [*group], "properties": dict.fromkeys(sorted(every - {*group}), False)}
            for group in _EXACTLY_ONE[name]
        ]
    if name in _ONE_OR_MORE:
        clause["anyOf"] = [{"required": [field]} for field in _ONE_OR_MORE[name]]
    if name in _GOES_WITH:
        clause["dependentRequired"] = _GOES_WITH[name]
    for (owner, field), pattern in _KEYS.items():
        if owner == name:
            fields[field]["propertyNames"] = {"pattern": pattern}
    for (owner, field), least in _LEAST.items():
        if owner == name:
            fields[field] |= least
    for (owner, field), others in _NOT_BESIDE.items():
        if owner == name:
            either = [{"required": [other]} for other in others]
            rules.append({"not": {"required": [field], "anyOf": either}})
    for owning, several in ONE_OR_SEVERAL:
        if owning is model:
            fields[several] = _or_one(fields[several])
    if hasattr(model, "named_kind"):
        clause["propertyNames"] = {"$ref": "#/$defs/Name"}
    if model is Capital:
        for field in RANKED:
            fields[field]["items"] = {"anyOf": [{"type": "string"}, fields[field]["items"]]}
    if model is Tranche:
        for field in ("draw", "repaid"):
            for kind in fields[field]["oneOf"]:
                if "additionalProperties" in kind:
                    kind |= {"propertyNames": {"pattern": _PERIOD}, "minProperties": 1}
                    del kind["minLength"]  # pydantic says it of the mapping's text
    if model is Payer:
        fields["share"] = _share(fields["share"])
    for field, limits in ranges(model).items():
        alias = model.model_fields[field].alias or field
        if limits is not None:
            _bounded(fields[alias].get("additionalProperties", fields[alias])["oneOf"], limits)
    if model is AgainstByDate:
        _bounded(fields["from"]["additionalProperties"]["oneOf"], Range(0.0, math.inf, ""))
    if model is Outcome:
        rules.append({"if": {"required": ["unit"]}, "then": _rates(1e12), "else": _rates(1.0)})
    if rules:
        clause["allOf"] = rules


def _rates(most: float) -> dict[str, Any]:
    """What holds of the rates of an outcome, with a unit or without."""
    return {
        "properties": dict.fromkeys(("rate", "anyway", "spread"), _any_within(Range(0.0, most, "")))
    }


def _or_one(several: dict[str, Any]) -> dict[str, Any]:
    """A list that may also be written as its only entry."""
    array = ("items", "minItems", "type")
    kinds = several.pop("oneOf", None) or [{word: several.pop(word) for word in array}]
    [listed] = [kind for kind in kinds if kind.get("type") == "array"]
    return {**several, "anyOf": [*kinds, listed["items"]]}


def _share(share: dict[str, Any]) -> dict[str, Any]:
    """A payer's share: certain, and the rest is a word, not a name."""
    numbers, rest = share.pop("oneOf")
    _bounded(numbers["oneOf"], Range(0.0, 1.0, "share"))
    named = ("#/$defs/Name", "#/$defs/Assumption")
    kinds = [kind for kind in numbers["oneOf"] if kind.get("$ref") not in named]
    return {**share, "oneOf": [*kinds, rest]}


# --- ranges ---------------------------------------------------------------------------------------

_TABLES = ("#/$defs/Table", "#/$defs/GroupTable")


def _bounded(kinds: list[dict[str, Any]], limits: Range) -> None:
    """Bring every kind of number within a range."""
    for kind in kinds:
        if kind.get("$ref") in _TABLES:
            kind["$ref"] += _SUFFIXES[limits.low, limits.high]
        else:
            kind.update(_within(limits).get(kind.get("$ref") or kind.get("type", ""), {}))


_SUFFIXES = {
    (-math.inf, math.inf): "",
    (0.0, math.inf): "NotNegative",
    (0.0, 1.0): "OfShares",
}
"""Ranges that the numbers of a table may have, and what the tables are then called."""


def _tables_by_range(definitions: dict[str, Any]) -> dict[str, Any]:
    """Tables, whose definitions name one another, once for each range."""
    found = {}
    for (low, high), suffix in _SUFFIXES.items():
        for name in ("Table", "GroupTable"):
            if suffix:
                found[name + suffix] = table = copy.deepcopy(definitions[name])
                for numbers in _unions(table):
                    _bounded(numbers, Range(low, high, ""))
    return found


def _unions(part: Any) -> Iterator[list[dict[str, Any]]]:
    """The kinds of number that each entry of a table may be."""
    for field in part["properties"].values():
        kinds = field.get("additionalProperties", field)
        if isinstance(kinds, dict) and "oneOf" in kinds:
            yield kinds["oneOf"]


def _ends(limits: Range) -> dict[str, float]:
    ends = {"minimum": limits.low, "maximum": limits.high}
    return {word: end for word, end in ends.items() if math.isfinite(end)}


def _within(limits: Range) -> dict[str, dict[str, Any]]:
    """What each kind of number must also be to lie in a range; of other things it says nothing."""
    bounds = _ends(limits)
    known = {form: {"items": bounds} for form in ("pert", "triangular", "uniform")}
    assumption = {"properties": {"value": bounds, **known}}
    groups = {"additionalProperties": {**bounds, **assumption}}
    return {
        "number": bounds,
        "#/$defs/Assumption": assumption,
        "#/$defs/ByGroup": {"properties": {"by_group": groups}},
    }


def _any_within(limits: Range) -> dict[str, Any]:
    """What a number of any kind must be to lie in a range."""
    within = _within(limits)
    groups = within["#/$defs/ByGroup"]["properties"]
    assumption = within["#/$defs/Assumption"]["properties"]
    return {**within["number"], "properties": {**assumption, **groups}}
