"""The JSON Schema refuses what the loader refuses, and nothing else."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from generate import contracts
from hypothesis import given
from hypothesis import strategies as st
from test_bad_contracts import EVERY, JARGON, STACK

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.files import json_schema
from sibmodel.contract.reading import read

ROOT = Path(__file__).parents[1]
PUBLISHED = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("sibmodel/library/*.yaml")])
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def as_json_data(value: Any) -> Any:
    """What an editor's schema checker sees: names of entries are text, and so are dates."""
    if isinstance(value, dict):
        return {str(key): as_json_data(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_json_data(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_the_schema_takes_every_published_contract(path: Path) -> None:
    data = as_json_data(read(path.read_text(encoding="utf-8"), path.name).value)
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


def test_the_committed_schema_is_up_to_date() -> None:
    committed = (ROOT / "docs/contract.schema.json").read_text(encoding="utf-8")
    assert committed == json.dumps(SCHEMA, indent=1, ensure_ascii=False) + "\n", (
        "write it anew: python -c 'import json; from sibmodel.contract.files import json_schema; "
        "print(json.dumps(json_schema(), indent=1, ensure_ascii=False))' "
        "> docs/contract.schema.json"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] == "sibmodel contract"


# One clause about another, arithmetic, the calendar: what a schema cannot say. By a word of the
# message. Everything else that the table has, the schema refuses too.
BEYOND = (
    "there is no assumption", "there is no outcome", "there is no cohort", "there is no number",
    "there is no discount", "there is no group", "is a cohort, and", "there is no payer",
    "for the group", "circle",
    "shares add", "have the rest", "can go from", "can be any number", "the sd must be",
    "the mean must", "achieved must", "must be below the highest", "quantiles must",
    "not a day of the calendar", "years 1900", "do not run over", "follow each other",
    "lies between -1 and 1", "is certain", "together these", "share this name", "last period is",
    "the last is", "intake adds to", "no base year", "say which cohort", "the most likely",
    "who has what is left", "finite number", "itself among", "several together",
    "must need the same step", "states another list", "nobody in particular", "unit: write",
    "there is no performance", "there is no rule",
    "nothing to compare with", "a share may differ", "a payer's limits cover",
    "shares beside", "there is no limit",
    "there is no floor", "pays on dates", "is always one", "is read in the last period",
    "there is no number of claims", "for no one", "outside the timeline", "the last payment",
    "rows overlap", "is only another name",
    "the account meets the costs",
    "both have a row", "mixes dates", "says nothing before", "cannot differ by group", "twice",
    "nothing says who pays it back", "nothing could count", "above the cap", "is money only",
    "stands in a price only", "each_above takes no", "within another table", "has a unit (",
    "different cohorts", "but the step it needs", "they go in a circle", "wait for each other",
    "names the rule itself", "has this name", "must be certain", "pays nobody in particular",
    "within a by_group already", "reads what each rule", "which is 0", "no outcome can be",
    "no cohort can be", "no performance can be", "no rule can be", "no party can be",
    "a site needs", "cannot be brought", "could be", "is a group and", "above payments",
    "must be another outcome", "say held as well",
    # capital and costs
    "guarantees of", "leave inflation out", "write a party", "is a party: give",
    "party that holds it",
    "who is paid first", "leaves out '", "there is no tranche", "there is no repaid tranche",
    "has the parts", "whole and in part", "never repaid", "cannot rank equally", "in all: at most",
    "before from", "one rate for the whole life", "beside surplus", "says nothing below",
    "says nothing above", "says nothing between", "say by: and the performance",
    "write the name of a performance", "one figure is wanted here", "no one start here",
    "in a payment rule's price only", "cannot be a table here", "nothing is left for",
    "is the last step", "gets nothing from this step", "puts nothing in", "is never reached",
    "the shares in to add", "is named nowhere else", "is a step and a cost", "a tranche has this",
    "a guarantee is given by another", "a sum runs between two", "there is no cost called",
    "in the end, a share of itself", "no cost can be called", "a share of payments only",
    "the contract has no capital", "no tranche can be called",
    # value
    "has no share for it", "has no grade", "no party's income", "and per_outcome is",
    "of a certain per_outcome",
    # prices
    "the kind of the base year", "lacks a year",
)  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_the_schema_refuses_what_the_loader_refuses(name: str) -> None:
    case = EVERY[name]
    text = case["good"].replace(case["instead_of"], case["write"])
    try:
        data = as_json_data(read(text, name).value)
    except ContractError:
        return  # it is not even YAML: no schema is asked
    if not all(map(is_beyond, case["says"])):
        assert not VALIDATOR.is_valid(data)


def is_beyond(fault: str) -> bool:
    """Whether a schema cannot say what is wrong."""
    return any(word in fault for word in BEYOND)


GARBAGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 2.0, 1.5, 1e300, "60%", "7_900", "rest", "no such name", "",
    [], [0.1, 0.2], [1, "x"], {}, {"share": 0.5}, {"value": 3}, {"pert": [1, 2]}, {"beta": {}},
    {"number": 3}, {"rate": 0.03}, {"by_group": {}}, {"by_group": {"a": "60%"}}, {"samples": [1]},
    {"nothing": {"like": "it"}}, {"from": {"2027-04-01": 1}}, {"from": {}}, {"from": {"0": -1}},
    {"at_least": {"0.1": 5, "0.3": -1}}, {"through": {"0": 1, "x": 2}}, {"each_above": {"0": 5}},
    {"by": "start", "from": {"0": 1}}, {"by": "nothing", "at_least": {"0.1": 5}}, {"weeks": 13},
    {"by_group": {"a": {"from": {"0": 5}}}}, {"months": 1.5}, {"weeks": 1, "days": 2},
    {"any": ["a"]}, {"any": []}, {"control": "matched"}, {"number": {"share": 0.4, "of": ["x"]}},
    {"of": ["a"], "total": 5}, {"at_least": 0.1}, {"rate": 0.2, "included": True}, 1e13,
    "every_period", [0, "2027-04-01"], "2027-04-01", "start", "day", "percent",
)  # fmt: skip


def faults_of(data: dict[str, Any]) -> list[str]:
    """What a contract is told; nothing if it is good."""
    try:
        Contract.from_dict(data)
    except ContractError as error:
        return [str(fault) for fault in error.faults]
    return []


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of plain data but the root."""
    found = [path] if path else []
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, part in parts:
        inner = isinstance(part, dict | list)
        found += places(part, (*path, key)) if inner else [(*path, key)]
    return found


def spoilt(data: dict[str, Any], luck: random.Random) -> dict[str, Any]:
    """The data with one or three places gone, misspelt, or saying something odd."""
    found = copy.deepcopy(data)
    for _ in range(luck.choice([1, 1, 3])):
        *inner, last = luck.choice(places(found))
        home = found
        for step in inner:
            home = home[step]
        what = luck.randrange(4)
        if what == 0 and isinstance(home, dict):
            del home[last]
        elif what == 1 and isinstance(home, dict):
            home[f"{last}x"] = home.pop(last)
        else:
            home[last] = copy.deepcopy(luck.choice(GARBAGE))
    return found


def agree(data: dict[str, Any]) -> None:
    """The loader and the schema say the same of plain data, and say it in plain words."""
    valid = VALIDATOR.is_valid(as_json_data(data))
    told = faults_of(data)
    assert valid or told, "the loader takes what the schema refuses"
    assert not valid or all(map(is_beyond, told)), "the schema takes what the loader refuses"
    assert not [fault for fault in told if JARGON.search(fault)]


@given(contracts(), st.integers(0, 2**32))
def test_any_spoilt_contract_is_told_in_plain_words_and_the_schema_agrees(
    data: dict[str, Any], seed: int
) -> None:
    luck = random.Random(seed)
    for _ in range(10):
        agree(spoilt(data, luck))


def test_any_spoilt_capital_is_told_in_plain_words_and_the_schema_agrees() -> None:
    luck = random.Random("capital")
    data = as_json_data(read(STACK, "a stack of capital").value)
    for _ in range(100):
        agree(spoilt(data, luck))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_any_spoilt_published_contract_is_told_in_plain_words(path: Path) -> None:
    luck = random.Random(path.stem)
    data = as_json_data(read(path.read_text(encoding="utf-8"), path.name).value)
    for _ in range(10):
        agree(spoilt(data, luck))
