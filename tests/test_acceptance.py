"""What is accepted of every record, and the first reason why not; by hand, to the day."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd
import pytest

from sibmodel.acceptance import Accepted, Line, accept, facts_of
from sibmodel.contract.contract import Contract
from sibmodel.records import read_records

HOMES: dict[str, Any] = {
    "schema": 1,
    "name": "Homes",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 12},
    "cohorts": {"young": {"groups": {"leavers": 20, "others": 30}, "intake": [50]}},
    "outcomes": {
        "home": {"cohort": "young"},
        "moves": {"cohort": "young", "unit": "move"},
        "home_3_months": {"needs": "home", "held": {"months": 3}, "restarts_on": "moves"},
        "job": {"cohort": "young", "held": {"weeks": 26}, "within": {"years": 1}},
        "part_time": {"cohort": "young", "one_of": ["part_time", "full_time"]},
        "full_time": {"cohort": "young", "one_of": ["part_time", "full_time"]},
        "settled": {"needs": ["home", "job"]},
        "working": {"needs": {"any": ["part_time", "full_time"]}, "held": {"weeks": 2}},
        "days_home": {
            "needs": "home",
            "unit": "day",
            "held": {"weeks": 2},
            "within": {"months": 6},
        },
        "weeks_well": {"cohort": "young", "unit": "week"},
        "days_calm": {
            "cohort": "young",
            "unit": "day",
            "held": {"days": 10},
            "restarts_on": "moves",
        },
    },
    "payments": {
        "rules": {
            name: {"pays": name, "price": 100}
            for name in (
                *("home", "home_3_months", "job", "part_time", "full_time", "settled", "working"),
                *("days_home", "weeks_well", "days_calm", "moves"),
            )
        },
        "payers": {"council": 1},
    },
}


def contract(base: dict[str, Any] = HOMES, **clauses: Any) -> Contract:
    return Contract.from_dict(base | clauses)


def judged(table: pd.DataFrame | list[dict[str, Any]], agreed: Contract | None = None) -> Accepted:
    if agreed is None:
        agreed = contract()
    frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
    return accept(agreed, read_records(agreed, frame))


def claims(*rows: tuple[Any, ...], agreed: Contract | None = None) -> tuple[Line, ...]:
    """Lines of ann's claims, (outcome, date, since or None), who started on 1 April 2027."""
    start = {"outcome": "young", "date": "2027-04-01", "person": "ann", "group": "leavers"}
    mine = [
        {"outcome": outcome, "date": date, "person": "ann", "since": since[0] if since else None}
        for outcome, date, *since in rows
    ]
    return judged([start, *mine], agreed).lines[1:]


def seen(lines: tuple[Line, ...]) -> list[tuple[float, str]]:
    return [(line.accepted, line.reason) for line in lines]


YES = (1.0, "")


# --- refusals -------------------------------------------------------------------------------------


def test_first_reason_first() -> None:
    row = {"outcome": "home", "date": "2027-04-02", "person": "zed", "evidence": False}
    start = {"outcome": "young", "date": "2027-05-01", "person": "ann", "evidence": True}
    late = {"outcome": "home_3_months", "date": "2027-04-30", "person": "ann", "evidence": True}
    lines = judged([start, row, row | {"evidence": True}, late]).lines
    assert [line.reason for line in lines] == [
        "",
        "no evidence",
        "zed did not start in young",
        "ann started later, on 2027-05-01",
    ]
    assert lines[3].started is not None
    assert str(lines[3].started) == "2027-05-01"
    assert lines[1].started is None


def test_a_start_without_evidence_admits_nobody() -> None:
    rows = [
        {"outcome": "young", "date": "2027-04-01", "person": "ann", "evidence": False},
        {"outcome": "home", "date": "2027-04-02", "person": "ann", "evidence": True},
    ]
    assert [line.reason for line in judged(rows).lines] == [
        "no evidence",
        "ann did not start in young",
    ]


def test_people_start_once() -> None:
    row = {"outcome": "young", "date": "2027-04-01", "person": "ann"}
    assert seen(judged([row, row]).lines) == [YES, (0.0, "ann already started in young")]


def test_what_no_rule_pays_is_told_when_refused() -> None:
    row = {"outcome": "young", "date": "2027-04-01", "person": "ann"}
    assert judged([row, row]).notes == (
        "not accepted, of what no rule pays and steps may need: row 2, young: ann already started "
        "in young",
    )


def test_cohorts_are_open_where_no_starts_are_recorded() -> None:
    rows = [{"outcome": "home", "date": "2027-04-02", "person": "zed"}]
    assert seen(judged(rows).lines) == [YES]


def test_once_a_person() -> None:
    lines = claims(("home", "2027-04-02"), ("home", "2027-04-09"), ("moves", "2027-05-01"),
                   ("moves", "2027-06-01"))  # fmt: skip
    again = "ann already has home: it is paid once a person"
    assert seen(lines) == [YES, (0.0, again), YES, YES]


def test_a_claim_of_none_does_not_stand_in_the_way() -> None:
    rows = [
        {"outcome": "home", "date": "2027-04-02", "person": "ann", "number": 0},
        {"outcome": "home", "date": "2027-04-03", "person": "ann", "number": 1},
    ]
    assert seen(judged(rows).lines) == [(0.0, ""), YES]


def test_steps_needed() -> None:
    home, job = ("home", "2027-04-02"), ("job", "2027-09-30")
    assert seen(claims(("home_3_months", "2027-07-02"))) == [
        (0.0, "ann has no accepted home, which home_3_months needs")
    ]
    assert seen(claims(home, ("settled", "2027-10-01")))[-1] == (
        0.0,
        "ann has no accepted job, which settled needs",
    )
    assert seen(claims(("settled", "2027-10-01")))[-1] == (
        0.0,
        "ann has no accepted home and job, which settled needs",
    )
    assert seen(claims(home, job, ("settled", "2027-09-30")))[-1] == YES
    assert seen(claims(("working", "2027-10-01"))) == [
        (0.0, "ann has no accepted part_time or full_time, which working needs")
    ]
    assert seen(claims(("full_time", "2027-09-01"), ("working", "2027-10-01")))[-1] == YES


def test_a_step_on_the_same_day_comes_first() -> None:
    prompt = contract(outcomes=HOMES["outcomes"] | {"next": {"needs": "home"}})
    assert seen(claims(("next", "2027-04-02"), ("home", "2027-04-02"), agreed=prompt)) == [YES, YES]


def test_outcomes_that_exclude_one_another() -> None:
    lines = claims(("full_time", "2027-05-01"), ("part_time", "2027-05-02"))
    assert seen(lines) == [YES, (0.0, "ann already has full_time, which excludes part_time")]
    # on one day, the first of the list
    lines = claims(("full_time", "2027-05-01"), ("part_time", "2027-05-01"))
    assert seen(lines) == [(0.0, "ann already has part_time, which excludes full_time"), YES]


# --- the clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "claim", "reason"),
    [
        ("2027-04-02", "2027-07-02", ""),
        (
            "2027-04-02",
            "2027-07-01",
            "held too short: 3 months from 2027-04-02 are reached on 2027-07-02",
        ),
        ("2027-11-30", "2028-02-29", ""),  # the last of February, 2028 a leap year
        (
            "2027-11-30",
            "2028-02-28",
            "held too short: 3 months from 2027-11-30 are reached on 2028-02-29",
        ),
    ],
)
def test_held_counts_from_the_step(home: str, claim: str, reason: str) -> None:
    assert claims(("home", home), ("home_3_months", claim))[-1].reason == reason


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("2027-09-29", "held too short: 26 weeks from 2027-04-01 are reached on 2027-09-30"),
        ("2027-09-30", ""),  # 182 days
        ("2028-04-01", ""),
        ("2028-04-02", "too late: 1 years from 2027-04-01 ended on 2028-04-01"),
    ],
)
def test_held_and_within_count_from_the_start(claim: str, reason: str) -> None:
    assert claims(("job", claim))[0].reason == reason


def test_the_clock_starts_with_the_last_of_all_and_the_first_of_any() -> None:
    outcomes = HOMES["outcomes"] | {
        "both": {"needs": ["home", "part_time"], "held": {"days": 10}},
        "either": {"needs": {"any": ["home", "part_time"]}, "held": {"days": 10}},
    }
    steps = ("home", "2027-05-01"), ("part_time", "2027-05-06")
    lines = claims(*steps, ("both", "2027-05-15"), ("either", "2027-05-11"),
                   agreed=contract(outcomes=outcomes))  # fmt: skip
    assert lines[2].reason == "held too short: 10 days from 2027-05-06 are reached on 2027-05-16"
    assert lines[3].reason == ""


def test_a_new_tenancy_starts_the_clock_again() -> None:
    home, move = ("home", "2027-04-02"), ("moves", "2027-06-10")
    lines = claims(home, move, ("home_3_months", "2027-09-09"))
    assert lines[-1].reason == "held too short: 3 months from 2027-06-10 are reached on 2027-09-10"
    assert claims(home, move, ("home_3_months", "2027-09-10"))[-1].reason == ""
    # a move on the day of the claim: what was held up to it stands
    assert claims(home, ("moves", "2027-07-02"), ("home_3_months", "2027-07-02"))[-1].reason == ""


def test_records_by_period_are_tested_in_whole_periods() -> None:
    # 26 weeks are two quarters (182 days of an average of 91.3), a year is four
    start = {"outcome": "young", "period": 1, "person": "ann"}
    job = {"outcome": "job", "person": "ann"}
    for period, reason in [
        (2, "held too short: 26 weeks from period 1 are reached in period 3"),
        (3, ""),
        (5, ""),
        (6, "too late: 1 years from period 1 ended in period 5"),
    ]:
        accepted = judged([start, job | {"period": period}])
        assert accepted.lines[1].reason == reason
    assert accepted.notes == (
        "records are dated by period: held and within of job are tested in whole periods",
    )
    early = judged([start, job | {"period": 0}])
    assert early.lines[1].reason == "ann started later, in period 1"


# --- stretches ------------------------------------------------------------------------------------

MOVED_IN = ("home", "2027-04-02")


@pytest.mark.parametrize(
    ("since", "until", "days", "reason"),
    [
        # home on 2 April; days count from 16 April (two weeks), up to 1 October (six months)
        ("2027-04-16", "2027-04-25", 10, ""),
        ("2027-04-10", "2027-04-25", 10, "6 days are outside the window"),
        (
            "2027-04-02",
            "2027-04-15",
            0,
            "held too short: 2 weeks from 2027-04-02 are reached on 2027-04-16",
        ),
        ("2027-09-30", "2027-10-01", 2, ""),
        ("2027-10-01", "2027-10-02", 1, "1 day is outside the window"),
        ("2027-10-03", "2027-10-09", 0, "too late: 6 months from 2027-04-02 ended on 2027-10-02"),
        ("2027-04-01", "2027-12-31", 169, "106 days are outside the window"),  # 275 − 169
    ],
)
def test_days_outside_the_window_are_trimmed(
    since: str, until: str, days: int, reason: str
) -> None:
    assert seen(claims(MOVED_IN, ("days_home", until, since)))[-1] == (days, reason)


def test_days_before_the_start_are_trimmed() -> None:
    rows = [
        {"outcome": "young", "date": "2027-05-01", "person": "ann", "since": None},
        {"outcome": "weeks_well", "date": "2027-05-14", "person": "ann", "since": "2027-04-24"},
    ]
    assert seen(judged(rows).lines)[1] == (2, "7 days are outside the window")


def test_days_are_claimed_once() -> None:
    lines = claims(
        ("weeks_well", "2027-05-14", "2027-05-01"),  # judged second: 1 May and 9 to 14 are left
        ("weeks_well", "2027-05-24", "2027-05-08"),  # judged last: 9 to 24 May, two weeks
        ("weeks_well", "2027-05-20", "2027-05-16"),  # judged third
        ("weeks_well", "2027-05-13", "2027-05-02"),  # judged first, by its date: 2 to 8 May
    )
    assert seen(lines) == [
        (0, "7 days are already claimed, 7 days are no whole week"),
        (2, "1 day is already claimed"),
        (0, "5 days are no whole week"),
        (1, ""),
    ]
    twice = claims(*[("weeks_well", "2027-05-14", "2027-05-01")] * 2)
    assert seen(twice) == [(2, ""), (0, "these days are already claimed")]


def test_days_beyond_whole_weeks_may_be_claimed_with_the_next() -> None:
    # 31 days of May are four weeks and three days; from 29 May to 25 June another four
    lines = claims(("weeks_well", "2027-05-31", "2027-05-01"),
                   ("weeks_well", "2027-06-25", "2027-05-29"))  # fmt: skip
    assert [line.accepted for line in lines] == [4, 4]


def test_a_move_starts_the_waiting_again() -> None:
    # start on 1 April: days count from 11 April; a move on 1 May: again from 11 May
    lines = claims(("moves", "2027-05-01"), ("days_calm", "2027-05-20", "2027-04-01"))
    assert seen(lines)[1] == (30, "20 days are outside the window")  # 11–30 April, 11–20 May


def test_a_number_of_days_goes_by_its_date() -> None:
    rows = [
        {"outcome": "young", "date": "2027-04-01", "person": "ann"},
        {"outcome": "days_calm", "date": "2027-04-10", "person": "ann", "number": 5},
        {"outcome": "days_calm", "date": "2027-04-30", "person": "ann", "number": 12.5},
    ]
    lines = judged(rows).lines
    assert lines[1].reason == "held too short: 10 days from 2027-04-01 are reached on 2027-04-11"
    assert lines[2].accepted == 12.5


# --- counts ---------------------------------------------------------------------------------------


def counts(*rows: tuple[Any, ...], agreed: Contract | None = None) -> list[float]:
    columns = ["outcome", "period", "number", "group"]
    table = pd.DataFrame([row + (None,) * (4 - len(row)) for row in rows], columns=columns)
    return [line.accepted for line in judged(table, agreed).lines]


def test_no_more_than_started() -> None:
    # 50 start; 40 and then 30 homes: 10 are left for the second
    assert counts(("young", 0, 50), ("home", 1, 40), ("home", 2, 30)) == [50, 40, 10]
    assert counts(("home", 1, 400)) == [400]
    accepted = judged([{"outcome": "home", "period": 1, "number": 400}])
    assert accepted.notes == (
        "rows without a person: that each had the step before, in time, as often as allowed, is "
        "taken as already checked",
        "no starts are recorded for young: that no more were claimed than started is not tested",
    )


def test_starts_count_to_date_and_by_group() -> None:
    assert counts(
        ("young", 0, 20, "leavers"),
        ("young", 3, 30, "others"),
        ("home", 1, 30, "leavers"),  # 20 had started
        ("home", 1, 10, "others"),  # nobody had yet
        ("home", 4, 30, "others"),
    ) == [20, 30, 20, 0, 30]


def test_splitting_a_count_changes_nothing() -> None:
    whole = counts(("young", 0, 50), ("home", 1, 60), ("home", 1, 20))
    assert whole == pytest.approx([50, 37.5, 12.5])
    split = counts(("young", 0, 50), ("home", 1, 45), ("home", 1, 15), ("home", 1, 20))
    assert split[1] + split[2] == pytest.approx(whole[1])


def test_named_claims_leave_less_for_counts() -> None:
    rows: list[dict[str, Any]] = [
        {"outcome": "young", "period": 0, "number": 2},
        {"outcome": "home", "period": 1, "person": "ann"},
        {"outcome": "home", "period": 1, "number": 2},
    ]
    lines = judged(rows).lines
    assert seen(lines)[1:] == [
        YES,
        (1.0, "more home than people who had started (2): it is paid once a person"),
    ]


def test_a_limit_on_each_persons_number_bounds_the_counts() -> None:
    rules = HOMES["payments"]["rules"]
    limited = rules["moves"] | {"limits": {"person": {"number": 3}}}
    agreed = contract(payments=HOMES["payments"] | {"rules": rules | {"moves": limited}})
    assert counts(("young", 0, 50), ("moves", 1, 200), agreed=agreed) == [50, 150]
    reason = judged(
        pd.DataFrame({"outcome": ["young", "moves"], "period": [0, 1], "number": [50, 200]}), agreed
    )
    assert reason.lines[1].reason == (
        "more moves than people who had started (50): at most 3 each are paid"
    )
    # a second rule without a limit: as many as are recorded
    both = rules | {"moves": limited, "also": {"pays": "moves", "price": 1}}
    free = contract(payments=HOMES["payments"] | {"rules": both})
    assert counts(("young", 0, 50), ("moves", 1, 200), agreed=free) == [50, 200]


def test_refused_counts_leave_the_others_their_place() -> None:
    rows = [
        {"outcome": "young", "period": 0, "number": 5, "evidence": True},
        {"outcome": "home", "period": 1, "number": 4, "evidence": True},
        {"outcome": "home", "period": 1, "number": 4, "evidence": False},
    ]
    assert [line.accepted for line in judged(rows).lines] == [5, 4, 0]


def test_accepted_so_far() -> None:
    rows: list[dict[str, Any]] = [
        {"outcome": "young", "period": 0, "number": 2, "group": "leavers"},
        {"outcome": "young", "period": 2, "number": 3, "group": "others"},
        {"outcome": "home", "period": 1, "number": 1, "group": "leavers"},
        {"outcome": "home", "period": 3, "number": 3, "group": "others"},
    ]
    accepted = judged(rows)
    assert accepted.so_far("young")[:4].tolist() == [2, 2, 5, 5]
    assert accepted.so_far("home")[:4].tolist() == [0, 1, 1, 4]
    assert accepted.so_far("leavers")[-1] == 2 == accepted.so_far("young/leavers")[-1]
    assert accepted.so_far("job").tolist() == [0] * 12


# --- order ----------------------------------------------------------------------------------------


def test_the_order_of_rows_changes_nothing() -> None:
    """Every order of six rows that depend on one another, claim by claim."""
    rows = [
        {"outcome": "young", "date": "2027-04-01", "person": "ann", "claim": "a"},
        {"outcome": "home", "date": "2027-04-02", "person": "ann", "claim": "b"},
        {"outcome": "moves", "date": "2027-05-02", "person": "ann", "claim": "c"},
        {"outcome": "home_3_months", "date": "2027-07-02", "person": "ann", "claim": "d"},
        {"outcome": "full_time", "date": "2027-05-02", "person": "ann", "claim": "e"},
        {"outcome": "part_time", "date": "2027-05-02", "person": "ann", "claim": "f"},
    ]
    agreed = contract()
    found = set()
    for order in itertools.permutations(rows):
        lines = judged(pd.DataFrame(list(order)), agreed).lines
        found.add(tuple(sorted((str(li.record.claim), li.accepted, li.reason) for li in lines)))
    assert len(found) == 1
    assert [accepted for _, accepted, _ in found.pop()] == [1, 1, 1, 0, 0, 1]


# --- for performances -----------------------------------------------------------------------------

PRISONS: dict[str, Any] = {
    "schema": 1,
    "name": "Two prisons",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 12},
    "cohorts": {
        "first": {"people": 100, "intake": [100]},
        "second": {"people": 300, "intake": [300]},
    },
    "outcomes": {
        "crimes": {
            "cohort": ["first", "second"],
            "better": "lower",
            "against": {"control": "matched"},
        },
        "jobs": {"cohort": ["first", "second"], "against": 0.1},
    },
    "performance": {
        "fall": {"of": "crimes", "as": "relative", "over": "each_cohort"},
        "more": {"of": "jobs", "as": "additional"},
    },
    "payments": {
        "rules": {
            "fall": {"pays": "fall", "amount": {"at_least": {0.1: 1000}}},
            "more": {"pays": "more", "price": 10},
            "crimes": {"pays": "crimes", "price": 1},
        },
        "payers": {"ministry": 1},
    },
}


def facts(*rows: dict[str, Any], base: dict[str, Any] = PRISONS) -> tuple[Any, Any, Any]:
    agreed = contract(base)
    recorded = read_records(agreed, pd.DataFrame(list(rows)))
    return facts_of(agreed, accept(agreed, recorded), recorded.measured)


def test_figures_become_totals() -> None:
    figure = {"outcome": "crimes", "cohort": "first", "period": 5, "people": 100}
    [fact], values, starts = facts(figure | {"observed": 1.42, "counterfactual": 1.55})
    assert (fact.outcome, fact.cohort, fact.period, fact.row) == ("crimes", "first", 5, 1)
    assert (fact.people, fact.observed, fact.counterfactual) == (100, 142, 155)
    assert values == starts == []


@pytest.mark.parametrize(("design", "expected"), [("additive", 93.0), ("ratio", 94.08)])
def test_differences_in_differences(design: str, expected: float) -> None:
    # Source: interim Peterborough rates per 100: 84 before; comparison 75, then 84
    outcomes = PRISONS["outcomes"] | {
        "crimes": {
            "cohort": ["first", "second"],
            "better": "lower",
            "against": {"difference_in_differences": design},
        }
    }
    figure = {"outcome": "crimes", "cohort": "first", "period": 5, "people": 100, "observed": 0.78}
    trend = {"before": 0.84, "comparison": 0.84, "comparison_before": 0.75}
    [fact], _, _ = facts(figure | trend, base=PRISONS | {"outcomes": outcomes})
    assert fact.counterfactual == pytest.approx(expected)


def test_counts_and_starts() -> None:
    found, _, starts = facts(
        {"outcome": "first", "period": 0, "number": 100},
        {"outcome": "jobs", "cohort": "first", "period": 3, "number": 30},
    )
    assert [(s.cohort, s.people) for s in starts] == [("first", 100)]
    assert [(f.outcome, f.people, f.observed, f.row) for f in found] == [("jobs", None, 30, 2)]
    found, _, _ = facts({"outcome": "crimes", "cohort": "first", "period": 3, "number": 30})
    assert found == []  # paid by number, but without the matched group's figure no reading


def test_figures_go_before_counts_of_the_same_people() -> None:
    rows: list[dict[str, Any]] = [
        {"outcome": "jobs", "cohort": "first", "period": 3, "number": 30},
        {"outcome": "jobs", "cohort": "first", "period": 4, "people": 100, "observed": 0.3},
        {"outcome": "second", "cohort": "second", "period": 0, "number": 300},
        {"outcome": "jobs", "cohort": "second", "period": 4, "number": 60},
    ]
    found, _, _ = facts(*rows)
    assert [(f.cohort, f.people, f.observed) for f in found] == [
        ("first", 100, 30),
        ("second", None, 60),
    ]
    to_date = PRISONS["performance"] | {
        "more": {"of": "jobs", "as": "additional", "over": "to_date"}
    }
    found, _, _ = facts(*rows, base=PRISONS | {"performance": to_date})
    assert len(found) == 3  # there the later figure replaces the count


def test_values_stand_as_they_are() -> None:
    _, [value], _ = facts({"outcome": "fall", "cohort": "second", "period": 5, "value": 0.09})
    assert (value.performance, value.cohort, value.value, value.row) == ("fall", "second", 0.09, 1)
