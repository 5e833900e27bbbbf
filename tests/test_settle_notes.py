"""What a settlement says beside the money: figures unread, rules that wait, rows alike; by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd

import sibmodel as sib
from sibmodel import Contract
from sibmodel.settlement import Settlement

Rows = list[dict[str, Any]]


def settled(rules: dict[str, Any], rows: Rows, as_at: str | None = None, **more: Any) -> Settlement:
    """A contract of 40 people with a score and a share as recorded, and what its rules pay."""
    contract = Contract.from_dict(
        {
            "schema": 1,
            "name": "Scores",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 8},
            "cohorts": {"people": {"people": 40, "intake": [40]}},
            "outcomes": {"job": {}},
            "performance": {"score": {"at": ["2027-10-01", "2028-10-01"]}, "share": {}},
            "payments": {"rules": rules, "payers": {"council": 1}} | more,
        }
    )
    return sib.settle(contract, pd.DataFrame(rows), as_at=as_at)


def score(date: str, value: float, name: str = "score") -> dict[str, Any]:
    return {"outcome": name, "date": date, "value": value}


SCORE = {"pays": "score", "amount": {"at_least": {5: 100}}}
JOB = {"pays": "job", "price": 10}


def test_figures_that_decide_nothing_are_named() -> None:
    # Read on 1 October of 2027 and 2028: row 2 comes after the last, row 3 is read by no rule.
    some = settled(
        {"score": SCORE},
        [score("2027-09-01", 6), score("2028-11-01", 7), score("2027-09-01", 1, "share")],
    )
    [note] = [note for note in some.notes if note.startswith("figures by whose date")]
    assert "row 2 (score, 2028-11-01), row 3 (share, 2027-09-01)" in note
    assert "row 1" not in note
    assert some.paid == 100  # on account: on the second date the same figure pays no more


def test_rows_after_the_day_of_settling_are_named() -> None:
    rows = [score("2027-09-01", 6), score("2028-09-01", 7)]
    some = settled({"score": SCORE}, rows, "2028-01-01")
    assert "dated after 2028-01-01 and not read: row 2" in some.notes
    assert not [note for note in settled({"score": SCORE}, rows).notes if "not read" in note]


def test_a_rule_waits_for_a_figure_that_is_not_there_by_name() -> None:
    rows = [{"outcome": "job", "date": "2027-09-01", "number": 3}]
    account = settled({"score": SCORE, "job": JOB}, rows).account.set_index("rule")
    assert account.loc["score", "status"].tolist() == ["waiting", "waiting"]
    assert account.loc["score", "reason"].tolist() == [
        "waits for the reading of score on 2027-10-01",
        "waits for the reading of score on 2028-10-01",
    ]
    early = settled({"score": SCORE, "job": JOB}, rows, "2028-01-01").account
    assert (early["rule"] == "score").sum() == 1  # the second is not due yet
    by_share = {"share": {"pays": "share", "price": 10}}
    [reason] = settled(by_share, rows).account["reason"]
    assert reason == "waits for a reading of share"


def test_rows_that_say_the_same_are_both_counted_and_told() -> None:
    row = {"outcome": "job", "date": "2027-09-01", "number": 3}
    some = settled({"job": JOB}, [row, row | {"number": 4}, row])
    assert some.paid == 100
    assert "rows 1 and 3 say the same: both counted" in some.notes


def test_an_alternative_to_a_rule_that_pays_is_not_due() -> None:
    # A score of 6 pays the first rule, so the second need not; one of 4 fails the first's test.
    rules = {
        "first": {"pays": "score", "when": {"score": {"at_least": 5}}, "amount": 100},
        "second": {"pays": "share", "amount": 30, "unless": "first"},
    }
    rows = [score("2027-09-01", 6), score("2027-11-01", 6, "share")]
    account = settled(rules, rows).account.set_index("rule")
    assert account.loc["second", "status"] == "not due"
    assert account.loc["second", "reason"] == "first has earned something"
    failed = settled(rules, [score("2027-09-01", 4), rows[1]]).account.set_index("rule")
    assert failed.loc["second", "status"] == "paid"
    assert set(failed.loc["first", "status"]) == {"not due"}
    assert failed.loc["first", "reason"].tolist()[0] == "score is 4, at least 5 needed"


def test_what_a_limit_cuts_says_so() -> None:
    row = {"outcome": "job", "date": "2027-09-01", "number": 30}
    [line] = settled({"job": JOB}, [row], limits={"contract": 200}).account.to_dict("records")
    assert (line["status"], line["reason"]) == ("cut", "above the limit contract")
