"""Contracts as files: what is written loads the same, and comments stay."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from generate import contracts
from hypothesis import given
from hypothesis import strategies as st
from test_bad_contracts import GOOD, PAYING, STACK

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.files import (
    contract_warnings,
    load_contract,
    loads,
    save_contract,
)
from sibmodel.contract.reading import read
from sibmodel.contract.writing import as_yaml

ROOT = Path(__file__).parents[1]
PUBLISHED = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("sibmodel/library/*.yaml")])


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_every_published_contract_loads(path: Path) -> None:
    assert load_contract(path).name


def test_the_example_has_nothing_a_reviewer_would_ask_about() -> None:
    assert contract_warnings(load_contract(ROOT / "examples/homes_and_work.yaml")) == []


def test_warnings_are_kept_for_those_who_ask() -> None:
    quiet = loads(GOOD.replace("    anyway: 0.4\n", ""))
    (warning,) = contract_warnings(quiet)
    assert warning.startswith("anyway is not stated for home: additional outcomes")


# YAML 1.2, core schema, https://yaml.org/spec/1.2.2/#103-core-schema; dates as YAML 1.1 has them.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("007", 7),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("yes", "yes"),
        ("7_900", "7_900"),
        ("0x1F", "0x1F"),
        ("2010-11", "2010-11"),
        ("'12'", "12"),
        ("9" * 400, float("inf")),
    ],
)
def test_a_word_is_read_as_the_standard_says(text: str, value: Any) -> None:
    found = read(f"a: {text}", "words").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_lines_are_those_of_the_file_whatever_ends_them(tmp_path: Path) -> None:
    bad = GOOD.replace("after: 2", "after: two")
    for ending in ("\n", "\r\n", "\r"):
        file = tmp_path / "contract.yaml"
        file.write_bytes(b"\xef\xbb\xbf" + bad.replace("\n", ending).encode())
        with pytest.raises(ContractError) as caught:
            load_contract(file)
        assert [fault.line for fault in caught.value.faults] == [22]


def test_json_says_the_same_as_yaml(tmp_path: Path) -> None:
    contract = loads(GOOD)
    save_contract(contract, tmp_path / "contract.json")
    text = (tmp_path / "contract.json").read_text(encoding="utf-8")
    assert load_contract(tmp_path / "contract.json") == contract
    with pytest.raises(ContractError) as caught:
        loads(text.replace('"after": 2', '"after": "two"').replace("  ", "\t"), format="json")
    line = text[: text.index('"after": 2')].count("\n") + 1
    assert [(fault.where, fault.line) for fault in caught.value.faults] == [
        ("outcomes.job.after", line)
    ]


def test_periods_and_shares_are_numbers_in_json_too() -> None:
    cost = "{amounts: {0: 5, 3: 7}}"
    rate = "{quantiles: {0.25: 0.3, 0.75: 0.5}}"
    text = GOOD.replace("{per_period: 9000, for: 6}", cost).replace(
        "rate: placement_rate", f"rate: {rate}"
    )
    contract = loads(
        text.replace("  placement_rate:", "  other:").replace("placement_rate", "other")
    )
    again = Contract.from_dict(json.loads(json.dumps(contract.to_dict())))
    assert again == contract
    assert again.delivery is not None
    assert again.delivery.costs["team"].amounts == {0: 5.0, 3: 7.0}


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["yaml", "yml", "json"])
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_what_is_saved_loads_the_same(path: Path, ending: str, tmp_path: Path) -> None:
    contract = load_contract(path)
    save_contract(contract, tmp_path / f"again.{ending}")
    assert load_contract(tmp_path / f"again.{ending}") == contract


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_an_unchanged_contract_is_saved_as_it_was_written(path: Path, tmp_path: Path) -> None:
    save_contract(load_contract(path), tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_comments_stay_where_the_clauses_stand_and_go_with_those_that_go() -> None:
    text = """\
# the whole file
schema: 1
name: Small     # a name
currency: GBP
timeline: {start: 2027-04-01, step: year, periods: 3}
cohorts: {people: {people: 10, intake: [10]}}
outcomes:
  # about home
  home: {rate: 0.5, anyway: 0}    # in one line

  # about job
  job:
    rate: 0.3   # the rate
    anyway: 0   # nobody

# about money
payments:
  rules:
    home: {pays: home, price: 850}   # the price of home
    job:
      pays: job
      price: 2100   # the price of job
  payers: {council: 1}   # all of it
"""
    new = loads(text).replace(
        {
            "outcomes.home": None,
            "payments.rules.home": None,
            "payments.rules.job.price": {"pert": [1900, 2100, 2300], "source": "bids: three"},
            "outcomes.job.rate": 0.25,
            "outcomes.degree": {"rate": 0.1, "anyway": 0, "needs": "job"},
            "payments.paid_after": 1,
            "payments.payers": {"council": 0.5, "fund": "rest"},
        },
        name="Smaller",
    )
    assert (
        as_yaml(new)
        == """\
# the whole file
schema: 1
name: Smaller     # a name
currency: GBP
timeline: {start: 2027-04-01, step: year, periods: 3}
cohorts: {people: {people: 10, intake: [10]}}
outcomes:

  # about job
  job:
    rate: 0.25   # the rate
    anyway: 0   # nobody
  degree: {needs: job, rate: 0.1, anyway: 0}

# about money
payments:
  rules:
    job:
      pays: job
      price: {pert: [1900, 2100, 2300], source: "bids: three"}   # the price of job
  payers: {council: 0.5, fund: rest}   # all of it
  paid_after: 1
"""
    )


def test_dates_and_figures_that_begin_rows_keep_their_comments(tmp_path: Path) -> None:
    commented = PAYING
    for line, comment in (
        ("  fund: {from", "the fund's share"),
        ("  amount: {at_least: {0.1", "as published"),
        ("  housing: {of", "for both"),
    ):
        [stands] = [text for text in PAYING.splitlines() if line in text]
        commented = commented.replace(stands, f"{stands}  # {comment}")
    commented = commented.replace(
        "    job: {pays: job, price: {from: {2027-04-01: 400, 2028-04-01: 300}}, deadweight: 0.1}",
        "    job:\n      pays: job\n      price:\n        from:\n"
        "          2027-04-01: 400  # the first year\n          2028-04-01: 300  # later\n"
        "      deadweight: 0.10  # agreed",
    )
    contract = loads(commented)
    assert as_yaml(contract) == commented
    new = contract.replace(
        {
            "payments.rules.job.price.from[2028-04-01]": 250,
            "payments.rules.crimes.amount.at_least[0.2]": 50000,
            "payments.limits.housing.total.amount": 70000,
        }
    )
    assert as_yaml(new) == (
        commented.replace("2028-04-01: 300", "2028-04-01: 250")
        .replace("{0.1: 20000, 0.2: 40000}", "{0.1: 20000, 0.2: 50000}")
        .replace("amount: 60000", "amount: 70000")
    )
    for name in ("new.yaml", "new.json"):
        save_contract(new, tmp_path / name)
        assert load_contract(tmp_path / name) == new
    assert loads(as_yaml(Contract.from_dict(new.to_dict()))) == new


def test_short_forms_of_capital_stay_short_and_keep_their_comments(tmp_path: Path) -> None:
    commented = STACK
    for line, comment in (
        ("  interest: 0.05", "fixed"),
        ("  order: [bond", "top to bottom"),
        ("  recycle: {share", "half of it"),
        ("  rest: {to", "four to one"),
        ("  poor: {at: 10", "clause 14"),
        ("  team: {per_period", "as budgeted"),
    ):
        [stands] = [text for text in STACK.splitlines() if line in text]
        commented = commented.replace(stands, f"{stands}  # {comment}")
    contract = loads(commented)
    assert as_yaml(contract) == commented
    new = contract.replace(
        {
            "capital.tranches.senior.interest.rate": 0.06,
            "capital.tranches.senior.draw[2]": 0.25,
            "capital.surplus.manager_bonus.until.irr": 0.12,
            "capital.surplus.rest.to.council": 3,
            "capital.endings.poor.redeem.bond.of_drawn": 0.8,
            "delivery.costs.team.per_period": 9500,
        }
    )
    assert as_yaml(new) == (
        commented.replace("interest: 0.05 ", "interest: 0.06 ")
        .replace("{0: 0.5, 2: 0.5}", "{0: 0.5, 2: 0.25}")
        .replace("until: {irr: 0.15, of: junior}", "until: {irr: 0.12, of: junior}")
        .replace("council: 4", "council: 3")
        .replace("redeem: {bond: 0.75,", "redeem: {bond: 0.8,")
        .replace("per_period: 9000", "per_period: 9500")
    )
    for name in ("new.yaml", "new.json"):
        save_contract(new, tmp_path / name)
        assert load_contract(tmp_path / name) == new


def test_capital_written_anew_is_short_and_loads_the_same() -> None:
    contract = loads(STACK)
    anew = as_yaml(Contract.from_dict(json.loads(json.dumps(contract.to_dict()))))
    assert loads(anew) == contract
    for short in (
        "interest: 0.05",
        "of: junior",
        "redeem: {bond: 0.75, senior: {irr: 0.02}}",
        "draw: {0: 0.5, 2: 0.5}",
        "order: [bond, [senior, junior.interest], audit, junior.principal, manager_bonus, rest]",
        "draw_order: [grant, [senior, junior]]",
        "distribute: {from: 4, every: 2}",
    ):
        assert short in anew


@given(contracts(), st.integers(0, 100))
def test_any_contract_can_be_changed_and_saved_anew_or_into_its_text(
    data: dict[str, Any], which: int
) -> None:
    contract = Contract.from_dict(data)
    anew = as_yaml(contract)
    assert loads(anew) == contract
    rules = list(contract.payments.rules)
    rule = rules[which % len(rules)]
    worth = contract.payments.rules[rule].worth
    changed = loads(anew).replace({f"payments.rules.{rule}.{worth}": 12.5}, name="yes: no # it's")
    again = loads(as_yaml(changed))
    assert again == changed
    assert getattr(again.payments.rules[rule], worth) == 12.5


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"a contract is a \.yaml, \.yml or \.json file"):
        save_contract(loads(GOOD), tmp_path / "contract.toml")
    assert list(tmp_path.iterdir()) == []


# --- samples in a CSV -----------------------------------------------------------------------------

SAMPLED = GOOD.replace(
    "    rate: {pert: [0.2, 0.3, 0.5], source: a study}\n"
    "    anyway: {pert: [0.1, 0.2, 0.3], source: a study}\n",
    "    rate: {samples: {file: posterior.csv, column: rate}, source: a study}\n"
    "    anyway: {samples: {file: posterior.csv, column: anyway}, source: a study}\n",
).replace(
    "correlations:\n  - {between: [outcomes.job.rate, outcomes.job.anyway], spearman: 0.5}\n", ""
)
DRAWS = "rate,anyway\n0.2,0.1\n0.3,0.15\n0.4,0.3\n"


def sampled(folder: Path, draws: str = DRAWS, text: str = SAMPLED) -> Contract:
    (folder / "posterior.csv").write_text(draws, encoding="utf-8")
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    return load_contract(folder / "contract.yaml")


def values(contract: Contract) -> tuple[float, ...]:
    rate = contract.outcomes["job"].rate
    return rate.samples.values  # type: ignore[union-attr]


def test_samples_come_from_the_file_and_go_with_the_contract(tmp_path: Path) -> None:
    contract = sampled(tmp_path)
    assert values(contract) == (0.2, 0.3, 0.4)
    assert values(contract.replace({"payments.rules.home.price": 900})) == (0.2, 0.3, 0.4)
    assert values(Contract.from_dict(contract.to_dict())) == (0.2, 0.3, 0.4)
    assert values(pickle.loads(pickle.dumps(contract))) == (0.2, 0.3, 0.4)


def test_saving_writes_file_and_column_and_the_csv_if_it_is_not_there(tmp_path: Path) -> None:
    contract = sampled(tmp_path).replace({"payments.rules.home.price": 900})
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("new.yaml", "new.json"):
        save_contract(contract, other / name)
        assert load_contract(other / name) == contract
        assert "0.15" not in (other / name).read_text(encoding="utf-8")
    (other / "posterior.csv").write_text(DRAWS.replace("0.15", "0.16"), encoding="utf-8")
    before = (other / "new.yaml").read_text(encoding="utf-8")
    with pytest.raises(ContractError, match="a CSV of samples there has other values"):
        save_contract(contract.replace({"payments.rules.home.price": 1}), other / "new.yaml")
    assert (other / "new.yaml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("draws", "text", "says"),
    [
        (DRAWS, SAMPLED.replace("column: rate", "column: rates"),
         "line 20: outcomes.job.rate.samples: posterior.csv has no column 'rates'; "
         "did you mean 'rate'?"),
        (DRAWS, SAMPLED.replace("posterior.csv, column: rate", "prior.csv, column: rate"),
         "line 20: outcomes.job.rate.samples: there is no file prior.csv beside the contract"),
        (DRAWS.replace("0.3,", "about a third,"), SAMPLED,
         "line 20: outcomes.job.rate.samples: posterior.csv, row 3, column 'rate': "
         "'about a third' is not a number"),
        (DRAWS.replace("0.3,", ","), SAMPLED,
         "line 20: outcomes.job.rate.samples: posterior.csv, row 3, column 'rate': "
         "'' is not a number"),
        (DRAWS.replace("0.4", "nan"), SAMPLED,
         "line 20: outcomes.job.rate.samples: posterior.csv, row 4, column 'rate': "
         "nan is not a finite number"),
        (DRAWS.replace("0.4,0.3", "0.4,"), SAMPLED,
         "line 21: outcomes.job.anyway.samples: posterior.csv: the column 'anyway' has 2 rows and "
         "'rate' has 3: columns of one file keep their joint draw and need as many rows"),
        (DRAWS, SAMPLED.replace(", column: rate", ""),
         "line 20: outcomes.job.rate.samples: say which column of posterior.csv, column: …"),
        (DRAWS, SAMPLED.replace("column: rate}", "column: rate, values: [0.1, 0.2]}"),
         "line 20: outcomes.job.rate.samples: says both values and a file: keep one"),
        (DRAWS.replace("0.3,", "1.3,"), SAMPLED,
         "line 20: outcomes.job.rate: must be from 0 to 1: a samples can go from 0.2 to 1.3"),
    ],
)  # fmt: skip
def test_samples_that_cannot_be_read(tmp_path: Path, draws: str, text: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        sampled(tmp_path, draws, text)
    assert [str(fault) for fault in caught.value.faults] == [says]


@pytest.mark.parametrize(
    "file", ["../posterior.csv", "/etc/passwd", "C:\\\\posterior.csv", "a/../../posterior.csv"]
)
def test_files_elsewhere_are_not_read(tmp_path: Path, file: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "posterior.csv").write_text(DRAWS, encoding="utf-8")
    with pytest.raises(ContractError, match="is outside the contract's folder"):
        sampled(tmp_path / "in", text=SAMPLED.replace("posterior.csv", f'"{file}"'))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text(DRAWS, encoding="utf-8")
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ContractError, match="is outside the contract's folder"):
        sampled(tmp_path / "in", text=SAMPLED.replace("posterior.csv", "link.csv"))


def test_text_without_a_folder_has_no_files() -> None:
    with pytest.raises(ContractError, match="text without a folder has no files beside it"):
        loads(SAMPLED)
