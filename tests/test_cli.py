"""The command line: what it prints, what it writes, and messages in place of tracebacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from generate_records import Case, settlements
from hypothesis import given
from typer.testing import CliRunner, Result

import sibmodel as sib
from sibmodel.cli import app, slug
from sibmodel.cli_settle import limits_table
from sibmodel.contract.register import register
from sibmodel.model.limits import limit_names

EXAMPLE = Path(__file__).parents[1] / "examples" / "homes_and_work.yaml"


def sibmodel(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), prog_name="sibmodel")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_run_prints_the_answer_and_writes_the_page(tmp_path: Path) -> None:
    result = sibmodel("run", str(EXAMPLE), "--runs", "200", "--out", str(tmp_path / "here"))
    assert result.exit_code == 0, result.output
    assert "Young people into homes and work: 200 runs, seed 0" in result.stdout
    assert "What will we pay?" in result.stdout
    assert str(tmp_path / "here" / "page.html") in result.stdout
    assert (tmp_path / "here" / "page.html").exists()
    assert (tmp_path / "here" / "plots" / "payments.png").exists()
    assert (tmp_path / "here" / "tables" / "summary.csv").exists()


def test_run_writes_beside_the_reader_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--runs", "50", "--seed", "7", "--keep", "measures")
    result = sibmodel("run", "closed_form_bond", *options)
    assert result.exit_code == 0, result.output
    made = json.loads(
        (tmp_path / "out" / "a-bond-with-a-closed-form" / "manifest.json").read_text()
    )
    assert (made["seed"], made["runs"], made["ledger_kept"]) == (7, 50, False)


def test_run_warns(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("public: true", "public: false")
    private = tmp_path / "private.yaml"
    private.write_text(text, encoding="utf-8")
    result = sibmodel("run", str(private), "--runs", "20", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert "no payer is public" in result.stdout
    assert "no payer is public" in sibmodel("check", str(private)).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "closed_form_bnd"), 2, "did you mean 'closed_form_bond'?"),
        (("run", "nowhere.yaml"), 2, "there is no file nowhere.yaml"),
        (("check", "nowhere/there"), 2, "there is no file nowhere/there"),
        (("run", "closed_form_bond", "--runs", "0"), 2, "--runs"),
        (("run", "closed_form_bond", "--runs", "many"), 2, "--runs"),
        (("run", "closed_form_bond", "--seed", "-1"), 2, "--seed"),
        (("run", "closed_form_bond", "--keep", "nothing"), 2, "--keep"),
        (("run", "closed_form_bond", "--runs", "100000000"), 1, "ask for at most"),
        (("frobnicate",), 2, "frobnicate"),
        (("run",), 2, "CONTRACT"),
    ],
)
def test_errors_are_messages(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = sibmodel(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_folder_that_cannot_be_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    result = sibmodel("run", "closed_form_bond", "--runs", "10", "--out", str(tmp_path / "taken"))
    assert result.exit_code == 1
    assert "taken" in result.stderr
    assert "Written" not in result.stdout


def test_check_says_every_fault_with_its_line(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("council: 0.8,", "council: 0.7,")
    text = text.replace("rate: placement_rate", "rate: 1.5")
    bad = tmp_path / "bad.yaml"
    bad.write_text(text, encoding="utf-8")
    lines = text.splitlines()
    result = sibmodel("check", str(bad))
    assert result.exit_code == 1
    assert "bad.yaml: 2 faults" in result.stderr
    rate = 1 + next(n for n, line in enumerate(lines) if "rate: 1.5" in line)
    assert f"line {rate}: outcomes.moves_in.rate: must be from 0 to 1: seen 1.5" in result.stderr
    assert "the shares add to 0.9, not 1" in result.stderr


def test_check_describes_a_good_contract() -> None:
    result = sibmodel("check", str(EXAMPLE))
    assert result.exit_code == 0
    for said in (
        "no faults",
        "200 people in young_people",
        "3 outcomes: moves_in, home_3_months, job_13_weeks",
        "3 rules, 2 limits, paid by council, outcomes_fund",
        "with investors' capital; 1 benefit valued",
        "defaults applied",
    ):
        assert said in result.stdout


def test_list_and_schema_and_version() -> None:
    assert "closed_form_bond" in sibmodel("list").stdout
    assert "A bond with a closed form" in sibmodel("list").stdout
    assert "cohorts" in json.loads(sibmodel("schema").stdout)["properties"]
    assert sibmodel("--version").stdout == "sibmodel 0.1.0\n"
    for command in ("run", "settle", "check", "list", "schema"):
        assert command in sibmodel("--help").stdout


HOMES = """\
outcome,date,person,evidence,group
young_people,2027-04-05,ann,,care_leavers
young_people,2027-04-06,bo,,homeless
moves_in,2027-07-05,ann,yes,

moves_in,2027-07-09,bo,no,
home_3_months,2027-10-11,ann,yes,
job_13_weeks,2027-10-11,zed,yes,
"""


@pytest.fixture
def homes(tmp_path: Path) -> str:
    path = tmp_path / "homes.csv"
    path.write_text(HOMES, encoding="utf-8")
    return str(path)


def test_settle_says_what_is_paid_and_why_not_more(homes: str) -> None:
    # ann: 850 + 2,100, shared 80:20; bo has no evidence and zed did not start
    result = sibmodel("settle", str(EXAMPLE), homes)
    assert result.exit_code == 0, result.output
    printed = " ".join(result.stdout.split())
    for said in (
        "paid GBP 2,950.00",
        "by council: GBP 2,360.00",
        "by outcomes_fund: GBP 590.00",
        "By rule: moves_in GBP 850.00 home_3_months GBP 2,100.00",
        "row 1 is the first row below the names of the columns",
        "row 4, moves_in, refused: no evidence",  # the empty line is not counted
        "row 6, job_13_weeks, refused: zed did not start in young_people",
    ):
        assert said in printed
    early = sibmodel("settle", str(EXAMPLE), homes, "--as-at", "2027-08-31")
    assert "paid GBP 850.00" in " ".join(early.stdout.split())


def test_settle_writes_its_tables(homes: str, tmp_path: Path) -> None:
    result = sibmodel("settle", str(EXAMPLE), homes, "--out", str(tmp_path / "settled"))
    assert result.exit_code == 0, result.output
    written = sorted(path.name for path in (tmp_path / "settled").iterdir())
    assert written == ["account.csv", "limits.csv", "notes.txt", "payments.csv", "readings.csv"]
    payments = (tmp_path / "settled" / "payments.csv").read_text(encoding="utf-8")
    assert "council,680.0" in payments
    assert str(tmp_path / "settled" / "account.csv") in result.stdout


LIMITED = """\
schema: 1
name: Limits of every scope
currency: GBP
timeline: {start: 2027-04-01, step: quarter, periods: 8}
parties: {council: {public: true}}
cohorts: {people: {people: 10, intake: [10]}}
outcomes:
  home: {after: 1}
  weeks: {unit: week, within: {years: 1}}
payments:
  rules:
    home: {pays: home, price: 1000, limits: {total: {from: {2027-04-01: 1500, 2028-04-01: 4000}}}}
    weeks: {pays: weeks, price: 10, limits: {person: {number: 20}}}
  limits: {year: 1800}
  payers: {council: {share: 1.0, limits: {total: 2000}}}
"""


def test_settle_says_how_much_of_each_limit_is_used(tmp_path: Path) -> None:
    """By hand: ann's 30 weeks are cut to 20 (200 of 300), two homes to 1,500, the year holds."""
    contract, claims = tmp_path / "limited.yaml", tmp_path / "claims.csv"
    contract.write_text(LIMITED, encoding="utf-8")
    claims.write_text(
        "outcome,date,person,number\npeople,2027-04-01,ann,\npeople,2027-04-01,bo,\n"
        "home,2027-07-01,ann,\nhome,2027-07-01,bo,\nweeks,2027-12-31,ann,30\n",
        encoding="utf-8",
    )
    result = sibmodel("settle", str(contract), str(claims), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "out" / "limits.csv").fillna("").set_index("limit")
    rows = {name: table.loc[[name]] for name in table.index}
    figures = ["allowed", "used", "asked", "cut"]
    weeks = rows["weeks.person"].iloc[0]
    assert (weeks["whom"], weeks["in"]) == ("ann in people", "number")
    assert weeks[figures].tolist() == [20, 20, 30, 100]  # what it took is money
    assert rows["home.total"]["period"].tolist() == [
        "2027-04-01 to 2028-03-31",
        "2028-04-01 to 2029-03-31",
    ]
    assert rows["home.total"][figures].to_numpy().tolist() == [
        [1500, 1500, 2000, 500],
        [4000, 1500, 2000, 0],
    ]
    assert rows["contract.year"][figures].to_numpy().tolist() == [[1800, 1700, 2300, 0]]
    assert rows["payer council.total"][figures].to_numpy().tolist() == [[2000, 1700, 1700, 0]]


@pytest.mark.parametrize("name", ["made_up_training", "village_enterprise", "pause_plymouth"])
def test_limits_that_are_written_are_those_that_are_stated(name: str) -> None:
    contract = sib.library.load(name)
    settled = sib.settle(contract, sib.library.records(name))
    table = limits_table(settled)
    assert set(table["limit"]) <= set(limit_names(contract))
    assert set(settled.limits["limit"]) <= set(table["limit"])
    assert (table["used"] <= table["allowed"] + 0.01).all()


@given(settlements())
def test_no_limit_is_used_beyond_what_it_allows(case: Case) -> None:
    *_, settled = case
    table = limits_table(settled).dropna(subset="allowed")
    assert (
        table["used"] <= table["allowed"] * (1 + 1e-6) + 0.05
    ).all()  # sums are rounded to coins
    assert (table["asked"] + 0.05 >= table["used"]).all()


def test_check_says_what_cannot_be_simulated(tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(LIMITED, encoding="utf-8")
    result = sibmodel("check", str(unknown))
    assert result.exit_code == 0, result.output
    assert "It can be settled, not simulated: no rate is stated for home, weeks" in result.stdout
    assert sibmodel("run", str(unknown)).exit_code == 1
    assert "simulated" not in sibmodel("check", str(EXAMPLE)).stdout


def test_check_lists_figures_without_a_source(tmp_path: Path) -> None:
    bare = tmp_path / "bare.yaml"
    bare.write_text(LIMITED, encoding="utf-8")
    said = sibmodel("check", str(bare)).stdout
    assert "payments.rules.home.price = 1,000" in said or "timeline.start = 2027-04-01" in said
    stated = [e for e in register(sib.load_contract(bare)) if e.status != "default"]
    lacking = sum(entry.source is None for entry in stated)
    assert lacking > 10
    assert f"and {lacking - 10} more; all in tables/register.csv" in said


def test_settle_takes_names_of_the_library() -> None:
    result = sibmodel("settle", "denver_supportive_housing", "denver_supportive_housing_records")
    assert result.exit_code == 0, result.output
    assert "USD 9,638,911.36" in result.stdout  # the sum repaid, published


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('outcome,date,number\nmoves_in,2027-07-05,"1,000"\n', "write 1000"),
        ("outcome,date,number\nmoves,2027-07-05,1\n", "did you mean 'moves_in'?"),
        ("outcome,date,number\nmoves_in,2027-07-05,1,2\n", "row 1: 4 cells, but 3 columns"),
        ("outcome,date,numbr\nmoves_in,2027-07-05,1\n", "did you mean 'number'?"),
        ("outcome;date;number\n", "separated by semicolons: save it with commas"),
        ("outcome,date,number\n", "has no records, only the names of columns"),
        ("", "is empty: the first line names the columns"),
        ('outcome,date,number\nmoves_in,"2027\n', "is no CSV file in UTF-8"),
    ],
)
def test_faulty_claims_are_messages(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text(text, encoding="utf-8")
    result = sibmodel("settle", str(EXAMPLE), str(path))
    assert result.exit_code == 1, result.output
    assert message in result.stderr


def test_wrong_files_of_claims_are_messages(homes: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "home.csv")
    result = sibmodel("settle", str(EXAMPLE), missing)
    assert (result.exit_code, "did you mean" in result.stderr) == (1, True)
    result = sibmodel("settle", str(EXAMPLE), "rikers_abel")
    assert (result.exit_code, "did you mean 'rikers_able'?" in result.stderr) == (1, True)
    (tmp_path / "sheet.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    result = sibmodel("settle", str(EXAMPLE), str(tmp_path / "sheet.csv"))
    assert (result.exit_code, "no CSV file in UTF-8" in result.stderr) == (1, True)
    assert sibmodel("settle", str(EXAMPLE), str(tmp_path)).exit_code == 1
    assert sibmodel("settle", "nowhere.yaml", homes).exit_code == 2
    assert sibmodel("settle", str(EXAMPLE), homes, "--as-at", "July").exit_code == 2
    result = sibmodel("settle", str(EXAMPLE), homes, "--out", homes)
    assert result.exit_code == 1
    assert "paid" not in result.stdout  # told before any work


def test_workers_give_the_same_numbers(tmp_path: Path) -> None:
    for workers in ("1", "2"):
        folder = str(tmp_path / workers)
        options = ("--runs", "5000", "--workers", workers, "--out", folder)
        assert sibmodel("run", "closed_form_bond", *options).exit_code == 0
    one, two = (tmp_path / n / "tables" / "summary.csv" for n in ("1", "2"))
    assert one.read_bytes() == two.read_bytes()


def test_python_m_works() -> None:
    command = [sys.executable, "-m", "sibmodel", "check", "closed_form_bnd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "the library has no contract 'closed_form_bnd'; did you mean 'closed_form_bond'?\n"
    )


def test_slug() -> None:
    assert slug("Fair Chance Fund: St Basils") == "fair-chance-fund-st-basils"
