"""What the documents say is so: their examples run, their tables and commands are complete."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import typing
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args, get_origin

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

import sibmodel as sib
from sibmodel.contract.assumptions import (
    Assumption,
    Beta,
    ByGroup,
    Clause,
    Correlation,
    MeanSd,
    Quantiles,
    Range,
    Samples,
)
from sibmodel.contract.capital import (
    Capital,
    Ending,
    Every,
    Guarantee,
    Purse,
    Recycle,
    Redemption,
    Settlement,
    Step,
    Until,
)
from sibmodel.contract.contract import Contract, Party
from sibmodel.contract.deflators import DEFLATORS
from sibmodel.contract.delivery import Cost, Delivery
from sibmodel.contract.files import loads
from sibmodel.contract.outcomes import AnyOf, Outcome
from sibmodel.contract.payments import (
    ContractLimits,
    Floors,
    MoneySize,
    NamedFloor,
    NamedLimit,
    Payer,
    PayerLimits,
    Payments,
    Rule,
    RuleLimits,
    ShareOf,
    Size,
    SizesByDate,
    Tax,
)
from sibmodel.contract.people import Cohort, Ramp
from sibmodel.contract.performance import AgainstByDate, Comparison, Performance
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.tables import GroupTable, Table, Test
from sibmodel.contract.timeline import Length, LengthByGroup, Timeline
from sibmodel.contract.tranches import Instalments, Interest, Level, Tranche
from sibmodel.contract.value import (
    Benefit,
    Discount,
    Optimism,
    Prices,
    PublicBorrowing,
    Reference,
    Value,
    Weights,
)

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "docs/language.md", "docs/method.md", "docs/decisions.md")
LINKED = (*PAGES, "CHANGELOG.md", "docs/returns.md")  # examples of the last run in test_irr.py

SECTIONS: dict[type[BaseModel], str] = {
    Contract: "The file",
    Timeline: "`timeline`",
    Length: "Dates and lengths",
    LengthByGroup: "A length by group",
    Party: "`parties`",
    Prices: "`prices`",
    Assumption: "Numbers",
    Beta: "`beta`",
    MeanSd: "`normal` and `lognormal`",
    Quantiles: "`quantiles`",
    Samples: "`samples`",
    ByGroup: "`by_group`",
    Correlation: "`correlations`",
    Cohort: "`cohorts`",
    Ramp: "`intake`",
    Outcome: "`outcomes`",
    AnyOf: "Any of several steps",
    Comparison: "`against`",
    AgainstByDate: "`against` by date",
    Performance: "`performance`",
    Table: "Tables",
    GroupTable: "A table by group",
    Payments: "`payments`",
    Rule: "`payments.rules`",
    Test: "Tests: `when` and `unless`",
    RuleLimits: "Limits of a rule: `payments.rules.….limits`",
    ContractLimits: "Limits of the contract: `payments.limits`",
    NamedLimit: "Limits with a name",
    PayerLimits: "Limits of a payer: `payments.payers.….limits`",
    Size: "The size of a limit",
    MoneySize: "The size of a limit",
    ShareOf: "A number that is a share",
    SizesByDate: "A limit by date",
    Floors: "`payments.floors`",
    NamedFloor: "Floors with a name",
    Payer: "`payments.payers`",
    Tax: "`payments.tax`",
    Delivery: "`delivery`",
    Cost: "A cost",
    Capital: "`capital`",
    Purse: "`capital.account`",
    Recycle: "`capital.recycle`",
    Every: "`capital.distribute`",
    Tranche: "`capital.tranches`",
    Interest: "Interest: `….interest`",
    Instalments: "Level instalments: `….repaid`",
    Level: "Level instalments: `….repaid.level`",
    Step: "`capital.surplus`",
    Until: "How far a step goes: `….until`",
    Guarantee: "`capital.guarantees`",
    Settlement: "`capital.settlements`",
    Ending: "`capital.endings`",
    Redemption: "A redemption",
    Value: "`value`",
    Discount: "`value.discount`",
    Optimism: "`value.optimism`",
    Weights: "`value.weights`",
    PublicBorrowing: "`value.public_borrowing`",
    Benefit: "`value.benefits`",
    Reference: "The reference case: `….reference`",
}


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), flags=re.M | re.S)


# --- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_run_and_the_shown_output_is_theirs(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    for block in blocks(page, "python"):
        with contextlib.redirect_stdout(printed):
            exec(compile(block, page, "exec"), {})
    for line in "".join(blocks(page, "text")).splitlines():
        if not re.search(r"\b[A-Z]{3} -?\d|\d  +\w+  +\d|\d\.\d|%|runs:", line):
            continue
        question = _question(line)
        answers = [x for x in printed.getvalue().splitlines() if _question(x) == question]
        assert answers, f"{page} shows {question!r}, which is not printed"
        # to 2%: the figures are those of another machine, and nobody reads them closer
        np.testing.assert_allclose(
            _figures(line),
            _figures(answers[0]),
            rtol=0.02,
            atol=0.15,
            err_msg=f"{page} shows {line.strip()!r}; printed is {answers[0].strip()!r}",
        )


def _question(line: str) -> str:
    """What a printed line is about: its first cell, and the second where that is only a count."""
    cells = re.split("  +| = ", line.strip())
    return " ".join(cells[: 2 if cells[0].isdecimal() else 1])


def _figures(line: str) -> list[float]:
    return [float(x.replace(",", "")) for x in re.findall(r"-?\d[\d,]*\.?\d*", line)]


def test_the_smallest_contract_loads_runs_and_fits_on_twenty_lines() -> None:
    (block,) = blocks("README.md", "yaml")
    lines = [line for line in block.splitlines() if line.strip()]
    assert len(lines) <= 20
    contract = loads(block)
    # by hand: 100 people × PERT mean (0.20 + 4 × 0.30 + 0.35) / 6 × 4,000
    results = sib.simulate(contract, runs=1, keep="measures")
    assert results.base_case("outcome_payments") == pytest.approx(100 * 1.75 / 6 * 4000)


LANGUAGE_BLOCKS = blocks("docs/language.md", "yaml")


@pytest.mark.parametrize("number", range(len(LANGUAGE_BLOCKS)))
def test_each_part_shown_in_the_language_can_stand_in_its_first_contract(number: int) -> None:
    yaml = YAML(typ="safe")
    first = yaml.load(LANGUAGE_BLOCKS[0])
    contract = Contract.from_dict(first | yaml.load(LANGUAGE_BLOCKS[number]))
    results = sib.simulate(contract, runs=1, keep="measures")
    assert results.expected("people_started") > 0


SAID = re.compile(
    r"# without chance(?: and (?P<path>[\w.]+) at (?P<value>[\d.]+))?"
    r"(?:, (?P<measure>\w+\[\w+\]|[a-z]+_\w+))?[^:\n]*: (?P<sums>.*)$",
    flags=re.M,
)
"""What an example says of itself: a measure of its base case, outcome payments if none is named."""


@pytest.mark.parametrize(
    "block", [block for block in LANGUAGE_BLOCKS if "# without chance" in block]
)
def test_what_an_example_says_it_comes_to_is_what_it_comes_to(block: str) -> None:
    yaml = YAML(typ="safe")
    contract = Contract.from_dict(yaml.load(LANGUAGE_BLOCKS[0]) | yaml.load(block))
    assert len(SAID.findall(block)) == block.count("# without chance")
    for said in SAID.finditer(block):
        changed = contract
        if said["path"]:
            changed = contract.replace({said["path"]: float(said["value"])})
        results = sib.simulate(changed, runs=1, keep="measures")
        base = results.base_case(said["measure"] or "outcome_payments")
        for side in said["sums"].split("="):
            assert base == pytest.approx(*_worked_out(side)), said[0]


def _worked_out(sum_said: str) -> tuple[float, float, float]:
    """What a sum comes to, and how near it must be: a plain figure, to the digits shown."""
    plain = sum_said.strip().replace(",", "")
    digits = len(plain.partition(".")[2]) if re.fullmatch(r"[\d.]+", plain) else 9
    for sign, operator in zip("×−÷^", ("*", "-", "/", "**"), strict=True):
        plain = plain.replace(sign, operator)
    return float(eval(plain)), 1e-9, 0.5001 * 10**-digits


def test_the_contracts_without_records_are_those_named() -> None:
    without = set(sib.library.names())
    for name in sib.library.names():
        with contextlib.suppress(KeyError):
            sib.library.records(name)
            without.remove(name)
    settling = text("README.md").partition("## Settle recorded outcomes")[2].partition("\n## ")[0]
    many = len(sib.library.names()) - len(without)
    said = settling.partition(f"has the records of {many}\ncontracts")[2].partition("On the")[0]
    assert "Three have none" in said
    assert without == set(re.findall(r"`([a-z_]+)`", said))


def recipe(word: str) -> Contract:
    """The example of a recipe, in the language's first contract."""
    yaml = YAML(typ="safe")
    recipes = text("docs/language.md").partition("## Recipes")[2].partition("\n## ")[0]
    [block] = [b for b in re.findall(r"```yaml\n(.*?)```", recipes, flags=re.S) if word in b]
    return Contract.from_dict(yaml.load(LANGUAGE_BLOCKS[0]) | yaml.load(block))


def test_a_wait_is_held_and_after_is_not_asked_of_records() -> None:
    """13 weeks from 1 April 2027 are reached on 1 July, 26 on 30 September, the last day."""
    contract = recipe("held")
    dates = {"ann": "2027-06-30", "bo": "2027-07-01", "cy": "2027-09-30", "di": "2027-10-01"}
    rows = [("people", "2027-04-01", who) for who in dates]
    rows += [("starts_job", "2027-04-01", who) for who in dates]  # at once, and not after a quarter
    rows += [("job_13_weeks", date, who) for who, date in dates.items()]
    settled = sib.settle(contract, pd.DataFrame(rows, columns=["outcome", "date", "person"]))
    account = settled.account
    mine = account[account["rule"] == "job_13_weeks"].set_index("person")["status"]
    assert mine.to_dict() == {"ann": "refused", "bo": "paid", "cy": "paid", "di": "refused"}
    assert settled.paid == 4 * 500 + 2 * 2500


def test_a_person_in_two_cohorts_has_limits_in_each() -> None:
    contract = recipe("unless").replace(
        {
            "outcomes.home": {"cohort": ["first", "second"]},
            "payments.rules.home": {"pays": "home", "price": 100, "limits": {"person": 60}},
        }
    )
    rows = pd.DataFrame(
        [(what, "2027-07-01", "ann", c) for c in ("first", "second") for what in (c, "home")],
        columns=["outcome", "date", "person", "cohort"],
    )
    assert sib.settle(contract, rows).paid == 60 + 60


def test_what_is_due_on_dates_waits_for_the_cash_as_well() -> None:
    changes = {"payments.paid_after": 1, "payments.rules.fee": {"due": [0], "amount": 50}}
    contract = recipe("held").replace(changes)
    records = pd.DataFrame({"outcome": ["people"], "period": [0], "number": [1]})
    assert sib.settle(contract, records).payments["due"].astype(str).tolist() == ["2027-07-01"]
    at_once = contract.replace({"payments.rules.fee.paid_after": 0})
    assert sib.settle(at_once, records).payments["due"].astype(str).tolist() == ["2027-04-01"]


# --- field tables ---------------------------------------------------------------------------------


def models_in(kind: Any, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every typed clause a type can hold, itself included, added to those seen."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:  # a table holds tables
            seen.add(kind)
            for hint in typing.get_type_hints(kind, include_extras=True).values():
                models_in(hint, seen)
    elif get_origin(kind) is not ClassVar:
        for part in get_args(kind):
            if not isinstance(part, str):
                models_in(part, seen)
    return seen


def takes_a_table(hint: Any) -> bool:
    """Whether a number of a field may be read off a table."""
    return hint is Table or any(
        takes_a_table(part) for part in get_args(hint) if not isinstance(part, str)
    )


def takes_any_number(hint: Any) -> bool:
    """Whether a field's type carries the range of a number that may be uncertain."""
    if get_origin(hint) is Annotated and any(isinstance(x, Range) for x in hint.__metadata__):
        return True
    return any(takes_any_number(part) for part in get_args(hint) if not isinstance(part, str))


def field_rows(heading: str) -> dict[str, list[str]]:
    """The rows of a section's field tables, by field."""
    section = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text("docs/language.md"), flags=re.M | re.S
    )
    assert section, f"docs/language.md has no section {heading!r}"
    rows, wanted = {}, False
    for line in section[1].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            wanted = False
        elif cells[0] == "field":
            wanted = True
        elif wanted and not set(cells[0]) <= {"-"}:
            rows[cells[0].strip("`")] = cells
    return rows


def test_every_clause_of_the_typed_contract_has_a_section() -> None:
    missing = models_in(Contract, set()) - set(SECTIONS)
    assert not missing, "docs/language.md, and SECTIONS here, need a table of the fields of these"


@pytest.mark.parametrize("model", SECTIONS, ids=lambda model: model.__name__)
def test_field_tables_are_those_of_the_typed_contract(model: type[BaseModel]) -> None:
    rows = field_rows(SECTIONS[model])
    common = set(Clause.model_fields) if issubclass(model, Clause) else set()
    fields = {f.alias or n: n for n, f in model.model_fields.items() if n not in common}
    assert set(rows) == set(fields)
    hints = typing.get_type_hints(model, include_extras=True)
    for alias, name in fields.items():
        cells, field = rows[alias], model.model_fields[name]
        assert len(cells) == 4, f"{alias}: field, meaning, unit, default"
        _meaning, unit, default = cells[1:]
        assert ("±" in unit) == takes_any_number(hints[name]), f"{alias}: is it marked ± rightly?"
        assert ("a table" in unit) == takes_a_table(hints[name]), f"{alias}: may it be a table?"
        assert default.startswith("required") == field.is_required(), alias
        if isinstance(field.default, bool | int | float | str):
            stated = (
                str(field.default).lower()
                if isinstance(field.default, bool | str)
                else f"{field.default:g}"
            )
            assert default == f"`{stated}`", alias


def test_what_every_clause_may_carry_and_every_schedule_and_series_is_named() -> None:
    language = text("docs/language.md")
    for name in (*Clause.model_fields, *SCHEDULES, *DEFLATORS):
        assert f"`{name}`" in language


# --- commands, links, versions --------------------------------------------------------------------


def commands(program: str) -> list[list[str]]:
    """Uses of a program in the documents, as words after its name."""
    found = []
    for page in PAGES:
        shown = [*re.findall(r"`([^`\n]+)`", text(page)), *"".join(blocks(page, "sh")).splitlines()]
        for line in shown:
            words = shlex.split(line, comments=True) if program in line else []
            if words and words[0].rpartition("/")[2] == program and len(words) > 1:
                found.append(words[1:])
    return found


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.M))
    named = {words[0] for words in commands("make")}
    assert {"demo", "test"} <= named <= targets


def test_the_command_line_has_the_commands_shown() -> None:
    typer = importlib.import_module("typer")
    known = typer.main.get_command(importlib.import_module("sibmodel.cli").app).commands
    shown = commands("sibmodel")
    assert {"run", "check", "list", "schema"} <= {words[0] for words in shown}
    for name, *rest in shown:
        assert name in known
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options
        named = [word for word in rest if re.fullmatch("[a-z_]+", word)]
        if name in ("run", "settle"):
            assert set(named) <= {*sib.library.names(), "settled"}


def test_the_library_is_as_large_as_the_pages_say() -> None:
    for page in ("README.md", "CHANGELOG.md"):
        assert f" {len(sib.library.names())} contracts" in text(page)


@pytest.mark.parametrize("page", LINKED)
def test_links_and_files_named_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.M)
            assert anchor in {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in headings}
    for named in re.findall(r"`((?:sibmodel|tests|docs|examples)/[\w./]*)`", text(page)):
        assert (ROOT / named).exists(), named


def test_the_citation_is_of_this_version_and_licence() -> None:
    citation = YAML(typ="safe").load(text("CITATION.cff"))
    assert citation["version"] == sib.__version__
    assert citation["license"] == "BSD-3-Clause"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert f"version {sib.__version__}" in text("README.md")
    assert "BSD 3-Clause" in text("LICENSE")


def test_the_changelog_has_a_place_for_what_is_coming() -> None:
    assert re.search(r"^## \[Unreleased\]$", text("CHANGELOG.md"), flags=re.M)
