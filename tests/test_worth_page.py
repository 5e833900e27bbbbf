"""Pages of reviews, and the commands that answer whether it is worth it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import sibmodel as sib
from sibmodel.cli import app
from sibmodel.pages.worth import review_page, side_by_side, write_reviews
from sibmodel.questions.review import Review, review

EXAMPLES = Path(__file__).parents[1] / "examples"
HOMES, POOR = EXAMPLES / "homes_and_work.yaml", EXAMPLES / "poor_specification.yaml"


@pytest.fixture(scope="module")
def poor() -> Review:
    return review(sib.load_contract(POOR), 100)


@pytest.fixture(scope="module")
def page(poor: Review) -> str:
    return review_page(poor, {"council": {"2028-29": 250_000}})


def plain(html: str) -> str:
    """The text of a page, tags and spaces taken out."""
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_a_page_asks_for_nothing_from_elsewhere(page: str) -> None:
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_every_question_is_on_the_page_with_its_status(poor: Review, page: str) -> None:
    text = plain(page)
    for finding in poor.findings:
        assert finding.question in text
    assert page.count('class="finding"') == 12
    assert page.count('class="status open"') == 7


def test_lines_paths_and_what_is_open_are_on_the_page(poor: Review, page: str) -> None:
    text = plain(page)
    [stated] = [s for f in poor.findings for s in f.states
                if f.key == "long" and s.path.endswith(".years")]  # fmt: skip
    assert f"{stated.path} line {stated.line} : 5" in text
    assert "people_with_needs does not say who may be served (eligibility)" in text


def test_the_page_has_the_four_es_the_budget_and_who_pays(page: str) -> None:
    text = plain(page)
    for title in ("Economy", "Efficiency", "Effectiveness", "Equity", "What to set aside"):
        assert title in text
    assert "Payments of council by financial year" in text
    assert "250,000" in text
    assert "Who pays and who gains" in text


def test_the_page_says_why_a_top_up_lifts_one_ratio_and_not_the_other() -> None:
    contract = sib.load_contract(HOMES).replace({"payments.running_costs": {}})
    text = plain(review_page(review(contract, 50)))
    assert "Council pays 80% of the payments and others the rest" in text
    assert "1/0.8 = 1.25 times as much" in text
    assert "To the public purse the top-up changes nothing" in text
    text = plain(review_page(review(sib.load_contract(HOMES), 50)))
    assert "because council bears its running costs whole" in text


def test_a_contract_without_value_says_what_is_undefined_and_why() -> None:
    text = plain(review_page(review(sib.library.load("closed_form_bond"), 50)))
    assert "Benefit-cost ratios are undefined: " in text
    assert "Cashable savings of council are undefined: the contract states no value" in text
    assert "There is one payer: nobody tops up" in text


def test_side_by_side_has_each_question_once_and_both_answers(poor: Review) -> None:
    other = review(sib.library.load("closed_form_bond"), 50)
    html = side_by_side([poor, other])
    assert html.count('class="finding"') == 12
    assert html.count('class="status') == 24
    for finding in poor.findings:
        assert html.count(f"<h3>{finding.question}</h3>") == 1
    with pytest.raises(ValueError, match="two reviews"):
        side_by_side([poor])


def test_what_is_written(poor: Review, tmp_path: Path) -> None:
    paths = write_reviews([poor], tmp_path / "one")
    assert [path.name for path in paths][:2] == ["review.html", "findings.csv"]
    table = pd.read_csv(tmp_path / "one" / "findings.csv")
    assert list(table["status"]) == [finding.status for finding in poor.findings]
    before = (tmp_path / "one" / "review.html").read_bytes()
    write_reviews([poor], tmp_path / "one")
    assert (tmp_path / "one" / "review.html").read_bytes() == before
    names = [path.name for path in write_reviews([poor, poor], tmp_path / "two")]
    assert {"review_1.html", "review_2.html", "side_by_side.html"} <= set(names)


def test_text_of_a_contract_is_escaped() -> None:
    changes: dict[str, Any] = {"cohorts.people_with_needs.eligibility": "<b>bold</b> & more"}
    html = review_page(review(sib.load_contract(POOR).replace(changes), 20))
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in html


# --- commands -------------------------------------------------------------------------------------


def sibmodel(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), prog_name="sibmodel")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_review_prints_and_writes(tmp_path: Path) -> None:
    out = tmp_path / "here"
    result = sibmodel("review", str(POOR), "closed_form_bond", "--runs", "30", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "12 questions:" in result.stdout
    assert (out / "side_by_side.html").exists()


def test_budget_of_a_payer() -> None:
    options = ("--payer", "council", "--set-aside", "2028-29=250000", "--runs", "50")
    result = sibmodel("budget", str(POOR), *options)
    assert result.exit_code == 0, result.output
    assert "payments of council by financial year" in result.stdout
    assert "GBP 250,000" in result.stdout


def test_compare_price_and_scenarios(tmp_path: Path) -> None:
    bond, path = "closed_form_bond", "payments.rules.success.price"
    result = sibmodel("compare", bond, str(POOR), "--runs", "30")
    assert "Better lives partnership, against A bond with a closed form" in result.stdout
    result = sibmodel("price", bond, path, "outcome_payments=440000", "--runs", "2000")
    assert f"{path} = 5," in result.stdout
    table = tmp_path / "table.csv"
    options = ("--measure", "outcome_payments", "--runs", "30", "--out", str(table))
    result = sibmodel("scenarios", bond, f"{path}=4500,5500", *options)
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(table)) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("review", "nothing_here"), 2, "the library has no contract"),
        (("budget", "closed_form_bond", "--payer", "counsil"), 2, "council"),
        (("budget", "closed_form_bond", "--set-aside", "2028-29=4,000"), 2, "write 4000"),
        (("budget", "closed_form_bond", "--set-aside", "2028"), 2, "write YEAR=AMOUNT"),
        (("compare", "closed_form_bond"), 1, "two contracts or more"),
        (("price", "closed_form_bond", "payments", "irr"), 2, "write MEASURE=TARGET"),
        (("price", "closed_form_bond", "a.b", "investor_irr=6%"), 2, "write 0.06"),
        (("scenarios", "closed_form_bond", "a.b"), 2, "write PATH=V1,V2"),
        (("scenarios", "closed_form_bond", "a.b=2,500,3,000"), 2, "write 3000 and not 3,000"),
    ],
)
def test_what_is_wrong_is_told_plainly(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = sibmodel(*arguments)
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output
