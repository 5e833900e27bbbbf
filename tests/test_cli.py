"""The command line: what it prints, what it writes, and messages in place of tracebacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sibmodel.cli import app, slug

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
    for command in ("run", "check", "list", "schema"):
        assert command in sibmodel("--help").stdout


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
