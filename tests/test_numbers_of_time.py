"""A number of days or weeks recorded: as many count as the window has up to the date; by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sibmodel.acceptance import accept
from sibmodel.contract.contract import Contract
from sibmodel.records import read_records


def judged(rows: list[tuple[Any, ...]], dated: str = "date", **weeks: Any) -> list[Any]:
    """Accepted and why not more, of rows (date or period, number) of ann's, who starts first."""
    clause = {"unit": "week", "within": {"weeks": 26}, **weeks}
    contract = Contract.from_dict(
        {
            "schema": 1,
            "name": "Work",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 12},
            "cohorts": {"young": {"people": 1, "intake": [1]}},
            "outcomes": {"weeks": clause},
            "payments": {
                "rules": {"weeks": {"pays": "weeks", "price": 100}},
                "payers": {"council": 1},
            },
        }
    )
    begun = "2027-04-01" if dated == "date" else 0
    table = pd.DataFrame(
        [("young", begun, None), *(("weeks", *row) for row in rows)],
        columns=["outcome", dated, "number"],
    ).assign(person="ann")
    return [
        (line.accepted, line.reason)
        for line in accept(contract, read_records(contract, table)).lines[1:]
    ]


@pytest.mark.parametrize(
    ("date", "number", "accepted", "reason"),
    [
        # 26 weeks from 1 April are reached on 30 September; 80 weeks on 12 October 2028.
        ("2028-10-12", 80, 26, "54 of 80 weeks are outside the window"),
        ("2027-09-30", 26, 26, ""),
        ("2027-06-30", 13, 13, ""),  # 1 April to 30 June: 91 days
        ("2027-06-09", 13, 10, "3 of 13 weeks are outside the window"),  # 70 days by then
        ("2027-06-09", 2.5, 2.5, ""),
    ],
)
def test_a_number_is_trimmed_to_the_window(
    date: str, number: float, accepted: float, reason: str
) -> None:
    assert judged([(date, number)]) == [(accepted, reason)]


def test_what_is_held_for_does_not_count() -> None:
    # Four weeks of waiting, to 28 April, leave 22 of the 26.
    held = {"held": {"weeks": 4}}
    reason = "58 of 80 weeks are outside the window"
    assert judged([("2028-10-12", 80)], **held) == [(22, reason)]
    assert judged([("2027-04-20", 2)], **held)[0][0] == 0
    assert "held too short" in judged([("2027-04-20", 2)], **held)[0][1]


def test_several_numbers_share_one_window() -> None:
    # 20 weeks by mid-September; by the end of the window there is room for 6 of the next 10.
    some = judged([("2027-09-15", 20), ("2027-09-30", 10)])
    assert some == [(20, ""), (6, "4 of 10 weeks are already claimed")]
    # what is recorded after the window, since a record after the window, lies outside it
    late = judged([("2027-09-15", 20), ("2027-10-20", 4), ("2027-12-20", 4)])
    assert [accepted for accepted, _ in late] == [20, 2, 0]
    assert late[2][1].startswith("too late: 26 weeks")


def test_splitting_a_number_changes_nothing() -> None:
    whole = judged([("2028-10-12", 80)])
    halves = judged([("2028-10-12", 40), ("2028-10-12", 40)])
    assert sum(accepted for accepted, _ in halves) == whole[0][0] == 26


def test_by_period_a_quarter_is_thirteen_weeks_whatever_its_days() -> None:
    # The quarter from January has 90 days, 12 weeks and 6 days.
    wide = {"within": {"years": 2}}
    assert judged([(0, 13), (1, 13), (2, 13), (3, 13)], "period", **wide) == [(13, "")] * 4
    assert judged([(5, 80)], "period") == [(26, "54 of 80 weeks are outside the window")]
    assert judged([(0, 20)], "period") == [(13, "7 of 20 weeks are outside the window")]
