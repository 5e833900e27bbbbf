"""Records read: the three forms, strict cells, and every fault with its row and its remedy."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sibmodel.contract.contract import Contract
from sibmodel.records import Record, Recorded, RecordsError, load_records, read_records
from sibmodel.records.stretches import whole_units

YOUNG: dict[str, Any] = {
    "schema": 1,
    "name": "Young people",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 12},
    "cohorts": {"young": {"groups": {"leavers": 2, "others": 3}, "intake": [5]}},
    "outcomes": {
        "home": {"cohort": "young", "after": 1},
        "job": {"cohort": "young", "after": 2},
        "days_in": {"cohort": "young", "unit": "day", "after": 1},
        "points": {"cohort": "young", "unit": "point", "after": 1},
    },
    "payments": {
        "rules": {
            "home": {"pays": "home", "price": 100},
            "job": {"pays": "job", "price": 300},
            "days_in": {"pays": "days_in", "price": 10},
            "points": {"pays": "points", "price": 5},
        },
        "payers": {"council": 1},
    },
}

COHORTS: dict[str, Any] = {
    "schema": 1,
    "name": "Two prisons",
    "currency": "GBP",
    "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 12},
    "cohorts": {
        "first": {"groups": {"men": 10, "women": 10}, "intake": [20]},
        "second": {"groups": {"men": 30}, "intake": [0, 30]},
    },
    "outcomes": {
        "crimes": {
            "cohort": ["first", "second"],
            "after": 4,
            "better": "lower",
            "against": {"control": "matched"},
        }
    },
    "performance": {"fall": {"of": "crimes", "as": "relative", "over": "each_cohort"}},
    "payments": {
        "rules": {"fall": {"pays": "fall", "amount": {"at_least": {0.1: 1000}}}},
        "payers": {"ministry": 1},
    },
}


def contract(base: dict[str, Any] = YOUNG, **changes: Any) -> Contract:
    """A contract with clauses changed at dotted paths (two underscores for a dot)."""
    data = copy.deepcopy(base)
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = data
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return Contract.from_dict(data)


def read(agreed: Contract, *rows: dict[str, Any], as_at: str | None = None) -> Recorded:
    return read_records(agreed, pd.DataFrame(list(rows)), as_at)


def faults(agreed: Contract, *rows: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(RecordsError) as error:
        read(agreed, *rows)
    return error.value.faults


# --- the forms ------------------------------------------------------------------------------------


def test_counts_claims_and_stretches() -> None:
    agreed = contract()
    found = read(
        agreed,
        {"outcome": "young", "date": "2027-04-01", "person": "ann", "group": "leavers"},
        {"outcome": "home", "date": dt.date(2027, 7, 5), "person": "ann", "evidence": False},
        {"outcome": "days_in", "date": "2027-07-07", "person": "ann", "since": "2027-07-01"},
        {"outcome": "home", "date": pd.Timestamp("2027-10-01"), "number": 4},
    )
    assert not found.by_period
    start, home, days, count = found.records
    assert start == Record(1, "young", 0, dt.date(2027, 4, 1), "young", "young/leavers", "ann", 1.0)
    assert (home.period, home.evidence, home.group) == (1, False, "young/leavers")
    assert (days.number, days.since) == (7.0, dt.date(2027, 7, 1))
    assert (count.period, count.number, count.person, count.group) == (2, 4.0, None, None)
    assert found.by_person() == {"young"} == found.started()


def test_figures_and_values() -> None:
    figures = {"people": 1000, "observed": 1.42, "counterfactual": 1.55}
    agreed = contract(COHORTS)
    found = read(
        agreed,
        {"outcome": "crimes", "cohort": "first", "period": 5} | figures,
        {"outcome": "fall", "cohort": "second", "period": 6, "value": 0.09},
    )
    crimes, fall = found.measured
    assert (crimes.name, crimes.people, crimes.observed) == ("crimes", 1000, 1.42)
    assert (crimes.counterfactual, crimes.cohort, crimes.group) == (1.55, "first", None)
    assert (fall.name, fall.value, fall.cohort) == ("fall", 0.09, "second")
    assert found.by_period


def test_the_only_cohort_and_group_may_be_said() -> None:
    agreed = contract(cohorts__young={"people": 5, "intake": [5]})
    row = {"outcome": "home", "period": 1, "number": 1}
    assert read(agreed, row).records[0].group == "young"
    said = read(agreed, row | {"cohort": "young", "group": "young"}).records[0]
    assert (said.cohort, said.group) == ("young", "young")


def test_a_group_with_its_cohort_before_it_says_both() -> None:
    agreed = contract(COHORTS)
    found = read(agreed, {"outcome": "second", "period": 1, "group": "second/men", "number": 30})
    assert (found.records[0].cohort, found.records[0].group) == ("second", "second/men")


def test_cohort_and_group_come_from_the_start() -> None:
    agreed = contract(COHORTS, payments__rules__crimes={"pays": "crimes", "price": 1})
    found = read(
        agreed,
        {"outcome": "crimes", "period": 2, "person": 7},
        {"outcome": "first", "period": 0, "person": 7.0, "group": "men"},
        {"outcome": "second", "period": 1, "person": 8},
        {"outcome": "crimes", "period": 2, "person": 9},
    )
    assert [(r.cohort, r.group) for r in found.records] == [
        ("first", "first/men"),
        ("first", "first/men"),
        ("second", "second/men"),
        (None, None),  # not among the starts, and both cohorts are closed
    ]


def test_text_is_read_strictly() -> None:
    agreed = contract()
    text = {"outcome": " home ", "period": "1", "number": "3", "evidence": "yes", "group": "others"}
    blank = {"person": "", "claim": " "}
    record = read(agreed, text | blank).records[0]
    assert (record.outcome, record.period, record.number) == ("home", 1, 3.0)
    assert (record.evidence, record.person, record.claim) == (True, None, None)
    for word, meant in [("no", False), ("FALSE", False), ("0", False), ("True", True), ("1", True)]:
        assert read(agreed, text | {"evidence": word}).records[0].evidence is meant
    assert read(agreed, text | {"evidence": np.bool_(False)}).records[0].evidence is False
    assert read(agreed, text | {"number": np.int64(2)}).records[0].number == 2.0


def test_units_may_be_parts() -> None:
    found = read(contract(), {"outcome": "points", "period": 1, "person": "ann", "number": 2.5})
    assert found.records[0].number == 2.5


@pytest.mark.parametrize(
    ("first", "last", "unit", "units"),
    [
        ("2027-07-01", "2027-07-07", "day", 7),
        ("2027-07-01", "2027-07-20", "week", 2),  # 20 days
        ("2027-07-01", "2027-07-28", "four_weeks", 1),
        ("2027-02-01", "2027-02-28", "month", 1),
        ("2027-02-01", "2027-03-30", "month", 1),
        ("2027-04-01", "2027-06-30", "quarter", 1),  # 91 days, of an average of 91.3
        ("2027-04-01", "2028-03-31", "year", 1),
        ("2027-04-01", "2028-03-30", "year", 0),
    ],
)
def test_whole_units_of_a_stretch(first: str, last: str, unit: str, units: int) -> None:
    stretch = (dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert whole_units([stretch], unit)[0] == units


def test_as_at_reads_nothing_later() -> None:
    rows = [
        {"outcome": "home", "date": "2027-07-05", "number": 1},
        {"outcome": "hom", "date": "2027-09-20", "number": -1},
    ]
    assert len(read(contract(), *rows, as_at="2027-07-31").records) == 1
    assert len(faults(contract(), *rows)) == 1
    for seen, remedy in (
        ("July", "write YYYY-MM-DD, such as 2027-07-05"),
        ("31/07/2027", "write 2027-07-31"),
        ("2027-07-31 00:00:00", "write 2027-07-31"),
    ):
        with pytest.raises(ValueError, match=f"as_at is a date: seen '{seen}': {remedy}"):
            read(contract(), *rows, as_at=seen)


# --- faults of columns ----------------------------------------------------------------------------


def test_columns_are_checked_first() -> None:
    with pytest.raises(RecordsError) as error:
        read_records(contract(), pd.DataFrame({"outcomes": ["home"], "evidance": [True]}))
    assert error.value.faults == (
        "there is no column 'outcomes'; did you mean 'outcome'?",
        "there is no column 'evidance'; did you mean 'evidence'?",
        "a column 'outcome' is needed: the name of an outcome, of a performance, or of a cohort "
        "(starts)",
        "exactly one of the columns 'period' and 'date' is needed",
        "a column 'number' (counts), 'person' (one claim a row), 'observed' or 'value' (figures) "
        "is needed",
    )


def test_columns_in_other_words() -> None:
    row = {"metric": "home", "date": "2027-05-01", "period": 1, "Client": "ann", "control": 1}
    assert faults(contract(), row)[:5] == (
        "there is no column 'metric'; did you mean 'outcome'?",
        "there is no column 'Client'; did you mean 'person'?",
        "there is no column 'control'; did you mean 'counterfactual'?",
        "a column 'outcome' is needed: the name of an outcome, of a performance, or of a cohort "
        "(starts)",
        "exactly one of the columns 'period' and 'date' is needed: seen both, take one out",
    )


def test_a_column_stands_once() -> None:
    table = pd.DataFrame([["home", 1, 1, 2]], columns=["outcome", "period", "number", "number"])
    with pytest.raises(RecordsError, match="the column 'number' stands twice"):
        read_records(contract(), table)


def test_records_are_a_table() -> None:
    with pytest.raises(TypeError, match="records are a pandas DataFrame"):
        read_records(contract(), [{"outcome": "home"}])  # type: ignore[arg-type]


def test_names_of_columns_are_read_whatever_their_capitals_and_blanks() -> None:
    table = pd.DataFrame(
        [["home", 1, "ann", "no"]], columns=["OUTCOME", " Period", "Person ", "evidence"]
    )
    (record,) = read_records(contract(), table).records
    assert (record.outcome, record.period, record.person, record.evidence) == (
        "home", 1, "ann", False
    )  # fmt: skip
    figures = CRIMES | {"Before": 0.84, "Comparison": 0.84, "Comparison before": 0.75}
    assert read(differences("ratio"), figures).measured[0].comparison_before == 0.75
    twice = table.assign(Evidence="no")
    with pytest.raises(RecordsError, match="the column 'evidence' stands twice"):
        read_records(contract(), twice)


def test_columns_for_people_are_not_read_and_that_is_noted() -> None:
    row = {"outcome": "home", "period": 1, "number": 4}
    assert read(contract(), row).notes == ()
    noted = read(contract(), row | {"Comment": "late", "note": None, "source": "panel"})
    assert noted.records == read(contract(), row).records
    assert noted.notes == ("not read: the columns Comment, note, source of the records",)


def test_columns_without_a_name_that_say_nothing_are_left_out() -> None:
    row = {"outcome": "home", "period": 1, "number": 4}
    assert read(contract(), row | {"": " ", "Unnamed: 4": float("nan")}).notes == ()
    with pytest.raises(RecordsError, match="there is no column 'Unnamed: 4'"):
        read(contract(), row | {"Unnamed: 4": 3})


@pytest.mark.parametrize(
    "date",
    [
        "2027-07-07 00:00:00",
        "2027-07-07T00:00",
        dt.datetime(2027, 7, 7),
        pd.Timestamp("2027-07-07"),
        np.datetime64("2027-07-07"),
        np.datetime64("2027-07-07T00:00:00.000000000"),
    ],
)
def test_a_day_may_come_with_its_midnight(date: Any) -> None:
    row = {"outcome": "days_in", "person": "ann", "since": "2027-07-01", "date": date}
    table = pd.DataFrame([row]).astype({"date": object})
    table.at[0, "date"] = date
    assert read_records(contract(), table).records[0].date == dt.date(2027, 7, 7)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04\x14", "it is an Excel workbook; save it as CSV UTF-8"),
        ("outcome,date".encode("utf-16"), "it is text in UTF-16, which Excel calls Unicode text"),
        (
            "outcome,person\nhome,Zo\xeb\n".encode("cp1252"),
            "line 2 seems to be in Windows-1252 or Latin-1 (seen '\xeb'); save it as CSV UTF-8",
        ),
        (b"outcome\tdate\n", "is separated by tabs: save it with commas"),
        (b"outcome,date\nhome\n", "row 1: 1 cell, but 2 columns named in the first line"),
    ],
)
def test_files_that_are_no_csv_say_what_they_are(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "claims.csv"
    file.write_bytes(content)
    with pytest.raises(RecordsError) as error:
        load_records(file)
    assert says in error.value.faults[0]


def test_a_file_is_read_with_or_without_the_mark_of_utf_8(tmp_path: Path) -> None:
    text = "Outcome,Date ,person,note,\nhome,2027-07-05 00:00:00,Zo\xeb,late,\n"
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "claims.csv").write_text(text, encoding=encoding)
        recorded = read_records(contract(), load_records(tmp_path / "claims.csv"))
        (record,) = recorded.records
        assert (record.person, record.date) == ("Zo\xeb", dt.date(2027, 7, 5))
        assert recorded.notes == ("not read: the column note of the records",)


def test_persons_misspelt_are_noted() -> None:
    starts = [{"outcome": "young", "period": 0, "person": name} for name in ("ann", "p 7", "012")]
    claims = [{"outcome": "home", "period": 1, "person": n} for n in ("Ann", "P-7", "12", "bo")]
    assert read(contract(), *starts, *claims).notes == (
        "row 4: nobody called 'Ann' is recorded as started; did you mean 'ann'?",
        "row 5: nobody called 'P-7' is recorded as started; did you mean 'p 7'?",
        "row 6: nobody called '12' is recorded as started; did you mean '012'?",
    )
    assert read(contract(), *claims).notes == ()  # no starts are recorded by person


# --- faults of one row ----------------------------------------------------------------------------

HOME = {"outcome": "home", "period": 1, "number": 1}
DAYS = {"outcome": "days_in", "date": "2027-07-07", "person": "ann", "since": "2027-07-01"}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            HOME | {"outcome": "hom"},
            "there is no outcome, performance or cohort called 'hom'; did you mean 'home'?",
        ),
        (
            HOME | {"period": 12},
            "12 is outside the timeline, 2027-04-01 to 2030-03-31 (periods 0 to 11)",
        ),
        (HOME | {"outcome": None}, "the outcome is missing"),
        (
            HOME | {"outcome": "Days in"},
            "there is no outcome, performance or cohort called 'Days in'; did you mean 'days_in'?",
        ),
        (HOME | {"group": "LEAVERS"}, "young has no group 'LEAVERS'; did you mean 'leavers'?"),
        (
            HOME | {"period": "2027-07-01"},
            "a period is a number, 0 the first: seen '2027-07-01', for dates call the column date",
        ),
        (
            {"outcome": "home", "date": 46573, "number": 1},
            "a date is written 2027-07-05: seen 46573: write 2027-07-05, if it is Excel's number "
            "of a day",
        ),
        (HOME | {"period": 1.5}, "a period is a whole number from 0: seen 1.5"),
        (HOME | {"period": -1}, "a period is a whole number from 0: seen -1"),
        (HOME | {"period": None}, "the period is missing"),
        (HOME | {"number": None}, "needs a number, or a person"),
        (HOME | {"number": -2}, "a number of outcomes is 0 or more: seen -2"),
        (HOME | {"number": 1.5}, "a number of outcomes is whole: seen 1.5"),
        (HOME | {"number": True}, "a number of outcomes: seen True, which is no number"),
        (
            HOME | {"number": float("inf")},
            "a number of outcomes is a number below a million million: seen inf",
        ),
        (HOME | {"number": "1,000"}, "a number of outcomes: seen the text '1,000': write 1000"),
        (HOME | {"number": "£5"}, "a number of outcomes: seen the text '£5': write 5"),
        (HOME | {"number": "five"}, "a number of outcomes: seen 'five', which is no number"),
        (HOME | {"evidence": "maybe"}, "evidence is true or false: seen 'maybe'"),
        (HOME | {"evidence": 2}, "evidence is true or false: seen 2"),
        (HOME | {"number": 2, "person": "ann"}, "home happens once to a person: seen 2"),
        (
            HOME | {"number": 2, "claim": "c1"},
            "a claim with a name of its own is of one person: seen 2",
        ),
        (HOME | {"group": "leaver"}, "young has no group 'leaver'; did you mean 'leavers'?"),
        (HOME | {"cohort": "old"}, "home is for the cohort young: seen 'old'"),
        (HOME | {"value": 3}, "value stands under a performance's own name: home is an outcome"),
        (
            {"outcome": "young", "period": 0, "observed": 3},
            "starts are recorded by number or person: young is a cohort, leave observed out",
        ),
        (
            {"outcome": "home", "period": 1, "people": 10, "observed": 0.5},
            "no performance reads home: record a number or its persons, or add one to the contract",
        ),
        (
            DAYS | {"date": "05/07/2027"},
            "a date is written 2027-07-05: seen '05/07/2027': write 2027-07-05 for 5 July 2027, or "
            "2027-05-07 for 7 May 2027",
        ),
        (
            DAYS | {"date": "31 July 2027"},
            "a date is written 2027-07-05: seen '31 July 2027': write 2027-07-31",
        ),
        (DAYS | {"date": "2027-02-30"}, "a date is written 2027-07-05: seen '2027-02-30'"),
        (
            DAYS | {"date": "2027-03-31"},
            "2027-03-31 is outside the timeline, 2027-04-01 to 2030-03-31 (periods 0 to 11)",
        ),
        (
            DAYS | {"since": "2027-07-08"},
            "since, 2027-07-08, is after the last day, 2027-07-07: exchange them?",
        ),
        (
            DAYS | {"since": "2027-03-31"},
            "since, 2027-03-31, is before the timeline's start, 2027-04-01",
        ),
        (DAYS | {"since": "July"}, "since is written 2027-07-05: seen 'July'"),
        (DAYS | {"outcome": "home"}, "since goes with a unit of time, such as day: home has none"),
        (
            DAYS | {"outcome": "points"},
            "since goes with a unit of time, such as day: points has point",
        ),
        (DAYS | {"number": 7}, "a claim has a number or since, not both"),
        (DAYS | {"person": None}, "a stretch, since to date, needs its person"),
        (
            {"outcome": "days_in", "period": 1, "person": "ann", "since": "2027-07-01"},
            "since goes with a date, the last day of the stretch: use the column date",
        ),
    ],
)
def test_faulty_rows(row: dict[str, Any], fault: str) -> None:
    assert faults(contract(), row) == (f"row 1: {fault}",)


def test_every_fault_is_told_at_once_in_order_of_rows() -> None:
    found = faults(
        contract(),
        HOME | {"claim": "c1"},
        HOME | {"claim": "c1", "number": -1, "evidence": "?"},
        HOME | {"outcome": "young", "group": "x"},
        HOME | {"claim": "c1"},
    )
    assert found == (
        "row 2: a number of outcomes is 0 or more: seen -1",
        "row 2: evidence is true or false: seen '?'",
        "row 3: young has no group 'x'; known are: leavers, others",
        "row 4: the claim c1 of home stands in row 1 already",
    )


# --- faults between rows and with the contract ----------------------------------------------------


def test_one_claim_may_be_of_several_outcomes() -> None:
    assert read(contract(), HOME | {"claim": "c1"}, HOME | {"outcome": "job", "claim": "c1"})


def test_a_person_is_in_one_group() -> None:
    start = {"outcome": "young", "period": 0, "person": "ann", "group": "leavers"}
    claim = {"outcome": "home", "period": 1, "person": "ann", "group": "others"}
    assert faults(contract(), start, claim) == ("row 2: ann is in the group leavers: seen others",)


def test_an_outcome_of_several_cohorts_says_which() -> None:
    agreed = contract(COHORTS, payments__rules__crimes={"pays": "crimes", "price": 1})
    ask = "crimes is for several cohorts (first, second): say which, in cohort"
    row = {"outcome": "crimes", "period": 2}
    assert faults(agreed, row | {"number": 3}, row | {"person": "ann"}) == (
        f"row 1: {ask}",
        f"row 2: {ask}",
    )
    starts = [{"outcome": c, "period": 1, "person": "ann", "group": "men"}
              for c in ("first", "second")]  # fmt: skip
    assert faults(agreed, *starts, row | {"person": "ann"}) == (
        "row 3: ann started in first and in second: say which, in cohort",
    )
    assert faults(agreed, row | {"number": 1, "group": "men"}) == (
        "row 1: several cohorts have a group 'men': write one of first/men, second/men",
    )


def test_a_price_by_group_wants_the_group() -> None:
    prices = {"by_group": {"leavers": 400, "others": {"from": {0: 300}}}}
    agreed = contract(payments__rules__job={"pays": "job", "price": prices})
    assert faults(agreed, {"outcome": "job", "period": 1, "number": 1}) == (
        "row 1: the price of job differs by group: say which, in group (leavers, others)",
    )
    paid = {"council": {"by_group": {"leavers": 1}}, "fund": {"by_group": {"others": 1}}}
    shared = contract(payments__payers=paid)
    assert "the share of council of home differs by group" in faults(shared, HOME)[0]


def test_a_length_by_group_wants_the_group_of_persons() -> None:
    held = {"by_group": {"leavers": 1, "others": {"months": 6}}}
    agreed = contract(outcomes__home__held=held)
    start = {"outcome": "young", "period": 0, "person": "ann"}
    claim = {"outcome": "home", "period": 2}
    assert read(agreed, claim | {"number": 1})
    assert faults(agreed, start, claim | {"person": "ann"}) == (
        "row 2: held of home differs by group: say which, in group (leavers, others)",
    )
    assert read(agreed, start | {"group": "others"}, claim | {"person": "ann"})


def test_a_count_where_each_claims_own_number_is_read() -> None:
    prorata = {"pays": "days_in", "amount": {"through": {0: 0, 365: 1000}}}
    agreed = contract(payments__rules__days_in=prorata)
    row = {"outcome": "days_in", "period": 2, "number": 100}
    assert faults(agreed, row) == (
        "row 1: the amount of days_in is read off each claim's number: a count is no claim, write "
        "one claim a row, with its person or claim",
    )
    assert read(agreed, row | {"person": "ann"})
    assert read(agreed, row | {"claim": "c1"})
    each = contract(payments__rules__days_in={"pays": "days_in", "amount": 1000})
    assert "days_in pays an amount for each claim" in faults(each, row)[0]
    once = contract(payments__rules__home={"pays": "home", "amount": 100})
    assert read(once, HOME | {"number": 4})  # one is one: a count of four is four claims


def test_a_start_is_needed_where_a_clock_goes_by_it() -> None:
    agreed = contract(outcomes__home__held={"months": 3})
    claim = {"outcome": "home", "period": 2, "person": "ann"}
    assert faults(agreed, claim) == (
        "row 1: held of home counts from the start: record when ann started, as a row of young",
    )
    assert read(agreed, claim, {"outcome": "young", "period": 0, "person": "bo"})  # refused later
    # a start in a faulty row may be the one: nothing more is asked for
    bad = {"outcome": "young", "period": 0, "person": "ann", "evidence": "?"}
    assert faults(agreed, claim, bad) == ("row 2: evidence is true or false: seen '?'",)


def test_a_start_is_needed_where_a_price_goes_by_it() -> None:
    price = {"by": "start", "from": {"2027-04-01": 400, "2027-10-01": 300}}
    agreed = contract(payments__rules__job={"pays": "job", "price": price})
    assert faults(agreed, {"outcome": "job", "period": 2, "number": 3}) == (
        "row 1: the price of job goes by the start: write one claim a row, with its person, and "
        "the persons' starts",
    )
    assert faults(agreed, {"outcome": "job", "period": 2, "person": "ann"}) == (
        "row 1: the price of job goes by the start: record when ann started, as a row of young",
    )
    fee = contract(payments__rules__fee={"pays": "young", "price": price})
    assert read(fee, {"outcome": "young", "period": 0, "number": 5})  # a start has its own date


def test_starts_are_needed_where_counts_are_read_per_person() -> None:
    changes: dict[str, Any] = {
        "outcomes__job__against": 0.1,
        "performance": {"more": {"of": "job", "as": "additional"}},
        "payments__rules__more": {"pays": "more", "price": 1000},
    }
    agreed = contract(**changes)
    row = {"outcome": "job", "period": 3, "number": 3}
    assert faults(agreed, row, row) == (
        "row 1: more is read per person: record how many started, as rows of young",
    )
    assert read(agreed, row, {"outcome": "young", "period": 0, "number": 5})
    changes["performance"] = {"more": {"of": "job", "as": "count"}}
    assert read(contract(**changes), row)


CRIMES = {"outcome": "crimes", "cohort": "first", "period": 5, "people": 100, "observed": 1.4}
MATCHED = {"counterfactual": 1.5}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            CRIMES,
            "counterfactual is missing: fall compares crimes with a matched group, write that "
            "group's figure per person in the column counterfactual",
        ),
        (
            CRIMES | MATCHED | {"before": 1, "comparison": 1},
            "before, comparison belong to difference in differences: crimes is compared with a "
            "matched group",
        ),
        (
            CRIMES | {"counterfactual": 0},
            "the counterfactual is 0: fall, relative to it, does not exist",
        ),
        (
            CRIMES | MATCHED | {"cohort": "First"},
            "crimes is for the cohorts first and second: seen 'First'; did you mean 'first'?",
        ),
        (CRIMES | {"counterfactual": -1}, "counterfactual is 0 or more: seen -1"),
        (
            CRIMES | MATCHED | {"observed": None},
            "a measured row needs observed, the crimes per person",
        ),
        (CRIMES | MATCHED | {"observed": "8%"}, "observed: seen the text '8%': write 0.08"),
        (CRIMES | MATCHED | {"people": 0}, "people is a whole number from 1: seen 0"),
        (CRIMES | MATCHED | {"people": 9.5}, "people is a whole number from 1: seen 9.5"),
        (
            CRIMES | MATCHED | {"cohort": None},
            "fall is read for each cohort: say which, in cohort (first, second)",
        ),
        (
            CRIMES | MATCHED | {"number": 3, "person": "ann"},
            "a measured row takes no number, person: leave it empty",
        ),
        (
            CRIMES | MATCHED | {"evidence": False},
            "evidence is for claims: leave a figure without evidence out",
        ),
        (
            {"outcome": "crimes", "cohort": "first", "period": 5, "number": 140},
            "fall compares crimes with a comparison group: record figures, not a number, in the "
            "columns people, observed, counterfactual",
        ),
        (
            {"outcome": "fall", "cohort": "first", "period": 5, "number": 1},
            "a row of the performance fall takes no number: leave it empty",
        ),
        (
            {"outcome": "fall", "cohort": "first", "period": 5, "person": None, "value": None},
            "needs a value, the figure of fall; or record the outcome crimes",
        ),
        (
            {"outcome": "fall", "period": 5, "value": 0.1},
            "fall is read for each cohort: say which, in cohort (first, second)",
        ),
        (
            {"outcome": "fall", "cohort": "first", "group": "men", "period": 5, "value": 0.1},
            "fall is not read by group: leave group empty",
        ),
    ],
)
def test_faulty_figures(row: dict[str, Any], fault: str) -> None:
    table = pd.DataFrame([row]).assign(value=row.get("value"))
    with pytest.raises(RecordsError) as error:
        read_records(contract(COHORTS), table)
    assert f"row 1: {fault}" in error.value.faults


def test_points_may_be_lost() -> None:
    agreed = contract(
        performance={"gain": {"of": "points", "as": "rate"}},
        payments__rules__gain={"pays": "gain", "price": 1},
    )
    row = {"outcome": "points", "period": 3, "people": 5, "observed": -1.5}
    assert read(agreed, row).measured[0].observed == -1.5


def differences(design: str) -> Contract:
    return contract(COHORTS, outcomes__crimes__against={"difference_in_differences": design})


def test_difference_in_differences_has_its_columns() -> None:
    trend = {"before": 0.84, "comparison": 0.84, "comparison_before": 0.75}
    assert read(differences("ratio"), CRIMES | trend)
    assert faults(
        differences("additive"), CRIMES | trend | {"before": None, "comparison": None}
    ) == (
        "row 1: before, comparison are missing: fall compares crimes by difference in differences, "
        "write them per person in columns of that name",
    )
    count = {"outcome": "crimes", "cohort": "first", "period": 5, "number": 140}
    assert faults(differences("ratio"), count) == (
        "row 1: fall compares crimes with a comparison group: record figures, not a number, in the "
        "columns people, observed, before, comparison, comparison_before",
    )
    assert faults(differences("ratio"), CRIMES | trend | {"comparison_before": 0}) == (
        "row 1: comparison_before is 0: a ratio to it does not exist",
    )
    assert faults(differences("additive"), CRIMES | trend | MATCHED) == (
        "row 1: difference in differences computes the counterfactual: leave it empty",
    )


def test_an_agreed_rate_is_not_recorded() -> None:
    agreed = contract(COHORTS, outcomes__crimes__against=1.6)
    assert faults(agreed, CRIMES | MATCHED) == (
        "row 1: the contract agrees the counterfactual of crimes (1.6): leave counterfactual empty",
    )
    assert read(agreed, CRIMES | {"counterfactual": 1.6})


def test_a_yardstick_that_changes_asks_by_the_day() -> None:
    # Newpin NSW: 25% agreed for three years, then a matched group (project INDIGO-POJ-0005)
    yardsticks = {"from": {"2027-07-01": 1.6, "2028-07-01": {"control": "matched"}}}
    agreed = contract(COHORTS, outcomes__crimes__against=yardsticks)
    early, later = CRIMES | {"period": 1}, CRIMES | {"period": 5, "cohort": "second"}
    assert read(agreed, early, later | MATCHED)
    assert "counterfactual is missing" in faults(agreed, early, later)[0]
    assert faults(agreed, CRIMES | {"period": 0} | MATCHED) == (
        "row 1: fall compares crimes, and no counterfactual is agreed before 2027-07-01",
    )


def over(word: str, read_as: str = "relative") -> Contract:
    return contract(COHORTS, performance__fall={"of": "crimes", "as": read_as, "over": word})


def test_people_are_needed_where_figures_are_pooled_or_counted() -> None:
    first = CRIMES | MATCHED | {"people": None}
    second = first | {"cohort": "second"}
    assert read(contract(COHORTS), first, second)
    assert read(over("everyone"), first)
    assert faults(over("everyone"), first, second) == (
        "row 1: people is missing: fall pools 2 rows by people",
        "row 2: people is missing: fall pools 2 rows by people",
    )
    assert faults(over("each_cohort", "additional"), first) == (
        "row 1: people is missing: fall is additional, people × figure",
    )
    # to date, a later figure of the same people replaces the earlier: nothing is pooled
    assert read(over("to_date"), first, first | {"period": 6})
    assert len(faults(over("to_date"), first, second | {"period": 6})) == 2
    assert read(over("each_period"), first, second | {"period": 6})


def test_nobody_is_counted_twice() -> None:
    row = CRIMES | MATCHED
    everyone = row | {"cohort": None}
    assert faults(over("everyone"), row, everyone) == (
        "row 2: a figure of everyone beside those of first would count people twice: say its "
        "cohort, or leave it out",
    )
    assert faults(contract(COHORTS), row, row | {"group": "men"}) == (
        "row 1: a figure of first beside those of its groups would count people twice: say its "
        "group, or leave it out",
    )
    assert faults(over("everyone"), row, row) == (
        "row 2: crimes of 2028-07-01 stands in row 1 already: keep one",
    )
    assert read(over("to_date"), row, everyone | {"period": 6})


def test_a_reading_of_each_group_wants_the_group() -> None:
    assert faults(over("each_group"), CRIMES | MATCHED) == (
        "row 1: fall is read for each group: say which, in group (men, women)",
    )
    assert read(over("each_group"), CRIMES | MATCHED | {"cohort": "second"})


def test_a_value_of_everyone_names_nobody() -> None:
    value = {"outcome": "fall", "period": 5, "value": 0.1}
    assert read(over("everyone"), value)
    assert faults(over("everyone"), value | {"cohort": "second"}) == (
        "row 1: fall is not read by cohort: leave cohort empty",
    )


def test_zero_counterfactuals_may_be_pooled_away() -> None:
    nothing = CRIMES | {"counterfactual": 0}
    assert read(over("everyone"), nothing, CRIMES | MATCHED | {"cohort": "second"})
    assert len(faults(over("everyone"), nothing)) == 1
