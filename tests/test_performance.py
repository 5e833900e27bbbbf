"""Performance: facts of many people read as one figure, by hand, as published, and by law."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Assumptions
from sibmodel.model.bounds import reaches
from sibmodel.model.performance import readings
from sibmodel.model.readings import Fact, Readings, Recorded, Started

START = dt.date(2010, 1, 1)


def contract(
    performance: dict[str, Any],
    outcomes: dict[str, Any] | None = None,
    cohorts: dict[str, Any] | None = None,
) -> Contract:
    """Ten years of quarters; unless said otherwise, reconvictions of three cohorts."""
    cohorts = cohorts or {name: {"people": 1000} for name in ("first", "second", "third")}
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "read",
            "currency": "GBP",
            "timeline": {"start": "2010-01-01", "step": "quarter", "periods": 40},
            "parties": {"ministry": {"public": True}},
            "cohorts": {name: {"intake": {"over": 4}, **c} for name, c in cohorts.items()},
            "outcomes": outcomes
            or {
                "events": {
                    "cohort": list(cohorts),
                    "better": "lower",
                    "against": {"control": "matched", "people_each": 10},
                }
            },
            "performance": performance,
            "payments": {
                "rules": {f"by_{name}": {"pays": name, "price": 1} for name in performance},
                "payers": {"ministry": 1},
            },
        }
    )


def fact(day: str, people: float | None, observed: float, **more: Any) -> Fact:
    """A measured row: figures per person, as recorded; here in total."""
    date = dt.date.fromisoformat(day)
    quarter = (date.year - START.year) * 4 + (date.month - 1) // 3
    each, against = observed, more.pop("counterfactual", None)
    whole = 1 if people is None else people
    return Fact(
        more.pop("outcome", "events"),
        more.pop("cohort", None),
        more.pop("group", None),
        quarter,
        date,
        people,
        each * whole,
        None if against is None else against * whole,
        **more,
    )


def read(
    made: Contract,
    facts: list[Fact],
    recorded: list[Recorded] | None = None,
    starts: list[Started] | None = None,
    **more: Any,
) -> Readings:
    return readings(made, facts, recorded or [], starts or [], Assumptions(made).means(), **more)


def values(found: Readings, name: str) -> list[tuple[str, str | None, float]]:
    """Date, whose, and value of each reading."""
    return [
        (r.date.isoformat(), r.group or r.cohort, round(float(r.value), 9)) for r in found.of(name)
    ]


# --- Peterborough: a cohort, and all together -----------------------------------------------------

PETERBOROUGH: dict[str, Any] = {
    "reduction": {"of": "events", "as": "relative", "over": "each_cohort"},
    "avoided": {"of": "events", "as": "additional", "over": "each_cohort"},
    "pooled": {"of": "events", "as": "relative", "at": "2017-07-01"},
    "percent": {"of": "events", "as": "relative", "at": "2017-07-01", "unit": "percent"},
}


def test_peterborough() -> None:
    # The first cohort as published: 142 convictions per 100 men against 155, 8.4% fewer. The second
    # is ours, such that both together give the published 9%.
    facts = [
        fact("2014-08-07", 1000, 1.42, counterfactual=1.55, cohort="first"),
        fact("2017-06-30", 1000, 1.401, counterfactual=1.55, cohort="second"),
    ]
    found = read(contract(PETERBOROUGH), facts)
    first, second = found.of("reduction")
    assert (first.date, first.cohort, first.period) == (dt.date(2014, 8, 7), "first", 18)
    assert first.value == pytest.approx(13 / 155)  # 8.387%
    assert second.value == pytest.approx(0.149 / 1.55)
    assert not reaches(first.value, "at_least", 0.10)
    assert [r.value for r in found.of("avoided")] == pytest.approx([130, 149])
    [pooled] = found.of("pooled")
    assert pooled.value == pytest.approx(1 - 2.821 / 3.10)
    assert round(float(pooled.value), 2) == 0.09
    assert (pooled.people, pooled.date) == (2000, dt.date(2017, 7, 1))
    assert pooled.observed == pytest.approx(1.4105)
    assert pooled.counterfactual == pytest.approx(1.55)
    assert found.of("percent")[0].value == pytest.approx(100 * pooled.value)


def test_cohorts_are_pooled_by_people_not_by_averages() -> None:
    # 100 people at half the counterfactual, 900 at no change. The average of the relative figures
    # is 25%; pooled: 1 − (50 + 1,800)/(100 + 1,800) = 50/1,900 = 2.6%.
    facts = [
        fact("2012-01-01", 100, 0.5, counterfactual=1.0, cohort="first"),
        fact("2012-01-01", 900, 2.0, counterfactual=2.0, cohort="second"),
    ]
    [pooled] = read(contract(PETERBOROUGH), facts).of("pooled")
    assert pooled.value == pytest.approx(50 / 1900)


def test_each_way_of_reading() -> None:
    # 200 people, 0.6 a person against 0.5: 120; 0.6; 20 more; 0.1 a person; 20%.
    ways = {
        "count": 120.0,
        "rate": 0.6,
        "additional": 20.0,
        "additional_per_person": 0.1,
        "relative": 0.2,
    }
    for better, sign in (("higher", 1), ("lower", -1)):
        made = contract(
            {way: {"of": "events", "as": way} for way in ways},
            {"events": {"cohort": "first", "better": better, "against": {"control": "randomised"}}},
        )
        found = read(made, [fact("2012-01-01", 200, 0.6, counterfactual=0.5)])
        for way, value in ways.items():
            [reading] = found.of(way)
            against = sign if way not in ("count", "rate") else 1
            assert reading.value == pytest.approx(against * value), way
            assert reading.date == dt.date(2019, 12, 31)  # everyone: the end of the contract


def test_percent_is_a_hundred_times_what_is_a_person_and_leaves_numbers_alone() -> None:
    ways = ("count", "rate", "additional", "additional_per_person", "relative")
    plain = {way: {"of": "events", "as": way} for way in ways}
    found = read(contract(plain), [fact("2012-01-01", 200, 0.6, counterfactual=0.5)])
    in_percent = {way: {**clause, "unit": "percent"} for way, clause in plain.items()}
    hundred = read(contract(in_percent), [fact("2012-01-01", 200, 0.6, counterfactual=0.5)])
    for way in ways:
        times = 1 if way in ("count", "additional") else 100
        assert hundred.of(way)[0].value == pytest.approx(times * found.of(way)[0].value)


def test_what_cannot_be_computed_is_nan_run_by_run() -> None:
    made = contract(
        {
            "relative": {"of": "events", "as": "relative"},
            "rate": {"of": "events", "as": "rate"},
            "additional": {"of": "events", "as": "additional"},
        }
    )
    facts = [
        Fact(
            "events",
            "first",
            None,
            8,
            dt.date(2012, 1, 1),
            people=np.array([0.0, 10.0, 10.0]),
            observed=np.array([0.0, 4.0, 5.0]),
            counterfactual=np.array([0.0, 0.0, 10.0]),
        )
    ]
    found = read(made, facts, simulated=True)
    assert found.of("relative")[0].value == pytest.approx([np.nan, np.nan, 0.5], nan_ok=True)
    assert found.of("rate")[0].value == pytest.approx([np.nan, 0.4, 0.5], nan_ok=True)
    assert found.of("additional")[0].value == pytest.approx([0, -4, 5])


# --- over whom, and when --------------------------------------------------------------------------

TWO_GROUPS = {"town": {"groups": {"young": 60, "old": 40}}}
OVER: dict[str, Any] = {
    over: {"of": "events", "as": "rate", "over": over}
    for over in ("each_cohort", "each_group", "each_period", "to_date", "everyone")
}


def test_whose_records_are_read_together_and_when() -> None:
    made = contract(OVER, {"events": {"cohort": "town"}}, TWO_GROUPS)
    facts = [
        fact("2011-02-01", 30, 0.5, group="town/young"),
        fact("2011-02-01", 20, 0.2, group="town/old"),
        fact("2011-05-01", 30, 0.7, group="town/young"),
    ]
    found = read(made, facts)
    # By group: 15/30; 4/20; then 15 + 21 of 60.
    assert values(found, "each_group") == [
        ("2011-02-01", "town/old", 0.2),
        ("2011-02-01", "town/young", 0.5),
        ("2011-05-01", "town/young", 0.6),
    ]
    assert values(found, "each_cohort") == [
        ("2011-02-01", "town", 0.38),  # 19/50
        ("2011-05-01", "town", 0.5),  # 40/80
    ]
    assert values(found, "each_period") == [("2011-02-01", None, 0.38), ("2011-05-01", None, 0.7)]
    # A later row of the young replaces their earlier one: 21 + 4 of 50.
    assert values(found, "to_date") == [("2011-02-01", None, 0.38), ("2011-05-01", None, 0.5)]
    assert values(found, "everyone") == [("2019-12-31", None, 0.5)]


def test_a_row_of_a_period_is_read_once_on_its_last_record() -> None:
    made = contract(OVER, {"events": {"cohort": "town"}}, TWO_GROUPS)
    facts = [
        fact("2011-02-01", 30, 0.5, group="town/young"),
        fact("2011-03-15", 20, 0.2, group="town/old"),
        fact("2011-05-01", 30, 0.7, group="town/young"),
    ]
    assert values(read(made, facts), "each_period") == [
        ("2011-03-15", None, 0.38),
        ("2011-05-01", None, 0.7),
    ]
    yearly = {"rate": {**OVER["each_period"], "at": ["2012-01-01", "2013-01-01"]}}
    later = contract(yearly, {"events": {"cohort": "town"}}, TWO_GROUPS)
    assert values(read(later, facts), "rate") == [
        ("2012-01-01", None, 0.38),
        ("2012-01-01", None, 0.7),
    ]


def test_stated_dates_read_what_is_recorded_by_then() -> None:
    performance = {
        "rate": {"of": "events", "as": "rate", "at": [4, "2011-06-30", 12]},  # 4: 2011-01-01
    }
    made = contract(performance, {"events": {"cohort": "first"}})
    facts = [fact("2011-02-01", 50, 0.4), fact("2012-05-01", 50, 0.6)]
    # Nothing is recorded by the first date: no reading, not a reading of nothing.
    assert values(read(made, facts), "rate") == [
        ("2011-06-30", None, 0.4),
        ("2013-01-01", None, 0.5),
    ]
    told = read(made, facts, as_at=dt.date(2012, 6, 1))
    assert values(told, "rate") == [("2011-06-30", None, 0.4)]


def test_a_later_row_replaces_the_earlier_to_date() -> None:
    # Newpin, New South Wales: 60% of children restored by the first year, 61.6% by the second
    # (Pro Bono Australia, 15 August 2016). The second row covers the people of the first.
    made = contract(
        {
            "restored": {"of": "events", "as": "rate", "over": "to_date"},
            "beyond": {"of": "events", "as": "additional", "over": "to_date"},
        },
        {"events": {"cohort": ["first", "second"], "against": 0.25}},
    )
    rows = [
        fact("2014-06-30", 50, 0.60, cohort="first"),
        fact("2015-06-30", 125, 0.616, cohort="first"),
    ]
    assert values(read(made, rows), "restored") == [
        ("2014-06-30", None, 0.6),
        ("2015-06-30", None, 0.616),
    ]
    assert values(read(made, rows), "beyond")[1][2] == pytest.approx(125 * (0.616 - 0.25))
    beside = [*rows, fact("2015-06-30", 75, 0.5, cohort="second")]
    assert values(read(made, beside), "restored")[1][2] == pytest.approx((77 + 37.5) / 200)
    # A row without a cohort is everyone's: it replaces all before it.
    everyone = [*beside, fact("2016-06-30", 300, 0.55)]
    assert values(read(made, everyone), "restored")[2][2] == pytest.approx(0.55)


def test_records_must_say_whose_they_are_where_it_matters() -> None:
    rows = [fact("2014-06-30", 50, 0.60)]
    with pytest.raises(ValueError, match=r"every record of events must say its cohort"):
        read(contract({"rate": {**OVER["each_cohort"]}}), rows)
    town = contract({"rate": {**OVER["each_group"]}}, {"events": {"cohort": "town"}}, TWO_GROUPS)
    with pytest.raises(ValueError, match=r"every record of events must say its group"):
        read(town, rows)


def test_the_first_reading_on_or_after_a_date() -> None:
    facts = [
        fact("2014-08-07", 1000, 1.42, counterfactual=1.55, cohort="first"),
        fact("2017-06-30", 1000, 1.40, counterfactual=1.55, cohort="second"),
    ]
    found = read(contract(PETERBOROUGH), facts)
    own = found.first("reduction", "second", None, dt.date(2012, 1, 1))
    assert own is not None
    assert own.cohort == "second"
    same_day = found.first("reduction", "first", "first", dt.date(2014, 8, 7))
    assert same_day is not None
    assert found.first("reduction", "first", None, dt.date(2014, 8, 8)) is None
    assert found.first("reduction", "third", None, dt.date(2010, 1, 1)) is None
    everyone = found.first("pooled", "third", "third", dt.date(2010, 1, 1))
    assert everyone is not None
    assert found.value("pooled", "third", None, dt.date(2010, 1, 1)) == everyone.value
    assert math.isnan(found.value("reduction", "third", None, dt.date(2010, 1, 1)))
    assert found.latest("pooled", "first", None, dt.date(2017, 6, 30)) is None
    row = found.table()[0]
    assert list(row)[:5] == ["performance", "cohort", "group", "period", "date"]
    assert row["people"] == 1000


# --- what is agreed, and what is counted ----------------------------------------------------------


def test_agreed_rates_by_group() -> None:
    against = {"by_group": {"young": 0.5, "old": 0.1}}
    made = contract(
        {"beyond": {"of": "events", "as": "additional"}},
        {"events": {"cohort": "town", "against": against}},
        TWO_GROUPS,
    )
    facts = [
        fact("2011-02-01", 60, 0.6, group="town/young"),
        fact("2011-02-01", 40, 0.3, group="town/old"),
    ]
    [reading] = read(made, facts).of("beyond")
    assert reading.value == pytest.approx(60 * 0.1 + 40 * 0.2)
    assert reading.counterfactual == pytest.approx(0.34)
    with pytest.raises(ValueError, match="must say their group"):
        read(made, [fact("2011-02-01", 100, 0.5)])


def test_a_yardstick_that_changes_with_the_date_of_the_record() -> None:
    # Newpin: a quarter for three years, then a matched group.
    against = {"from": {"2013-07-01": 0.25, "2016-07-01": {"control": "matched"}}}
    made = contract(
        {"beyond": {"of": "events", "as": "additional", "over": "each_period"}},
        {"events": {"cohort": "first", "against": against}},
    )
    facts = [
        fact("2013-06-30", 40, 0.5),  # nothing is in force yet
        fact("2014-06-30", 40, 0.5, counterfactual=0.4),  # agreed is agreed, whatever is recorded
        fact("2016-07-01", 40, 0.5, counterfactual=0.4),
    ]
    found = [float(r.value) for r in read(made, facts).of("beyond")]
    assert found == pytest.approx([np.nan, 10, 4], nan_ok=True)


def test_counts_are_of_the_people_who_started() -> None:
    # 100 start in 2010 and 50 in 2012; 20 then 25 jobs; 6.5% expected: 45 − 9.75 = 35.25 more.
    made = contract(
        {
            "end": {"of": "events", "as": "additional"},
            "first_half": {"of": "events", "as": "rate", "at": ["2010-02-01", "2011-12-31"]},
            "by_cohort": {"of": "events", "as": "rate", "over": "each_cohort", "at": "2019-01-01"},
        },
        {"events": {"cohort": ["first", "second", "third"], "against": 0.065}},
    )
    facts = [
        fact("2011-02-01", None, 20, cohort="first"),
        fact("2013-02-01", None, 25, cohort="second"),
    ]
    starts = [
        Started("first", "first", 0, dt.date(2010, 1, 1), 100.0),
        Started("second", "second", 8, dt.date(2012, 1, 1), 50.0),
        Started("third", "third", 8, dt.date(2012, 1, 1), 0.0),
    ]
    found = read(made, facts, starts=starts)
    [end] = found.of("end")
    assert end.people == 150
    assert end.value == pytest.approx(35.25)
    assert values(found, "first_half") == [("2011-12-31", None, 0.2)]
    assert [(r.cohort, r.value) for r in found.of("by_cohort")[:2]] == [
        ("first", 0.2),
        ("second", 0.5),
    ]
    # Without starts a count is a count, and a rate is not known.
    alone = read(contract({"number": {"of": "events", "as": "count"}}), facts).of("number")[0]
    assert (alone.value, alone.people) == (45, None)
    assert math.isnan(read(made, facts).of("end")[0].value)


def test_a_yardstick_of_counts_is_that_of_the_date_of_starting() -> None:
    made = contract(
        {"beyond": {"of": "events", "as": "additional"}},
        {"events": {"cohort": "first", "against": {"from": {0: 0.1, 4: 0.2}}}},
    )
    starts = [Started("first", None, t, made.timeline.date(t), 50.0) for t in (0, 4)]
    [reading] = read(made, [fact("2013-01-01", None, 30)], starts=starts).of("beyond")
    assert reading.value == pytest.approx(30 - 5 - 10)


# --- composites and recorded figures --------------------------------------------------------------


def recorded(name: str, day: str, value: float, cohort: str | None = None) -> Recorded:
    return Recorded(name, cohort, None, 0, dt.date.fromisoformat(day), value)


def test_a_composite_index_weighted_again_by_recorded_shares() -> None:
    # 0.7 × 20% + 0.3 × 10% = 17%; 0.17 × 0.86 + 0.15 × 0.14 = 16.72%. (Figures ours, the shape that
    # of the Benevolent Society's bond: matched families, and an agreed figure for the others.)
    made = contract(
        {
            "performance_percentage": {
                "weights": {"improvement": "matched_share", "agreed": "unmatched_share"}
            },
            "improvement": {"weights": {"care": 0.7, "assessments": 0.3}},
            "care": {"of": "events", "as": "relative", "over": "each_cohort"},
            "assessments": {"of": "visits", "as": "relative", "at": "2015-01-01"},
            "matched_share": {},
            "unmatched_share": {},
            "agreed": {},
        },
        {
            name: {"cohort": ["first", "second"], "against": {"control": "matched"}}
            for name in ("events", "visits")
        },
    )
    facts = [
        fact("2014-01-01", 100, 1.2, counterfactual=1.0, cohort="first"),
        fact("2016-01-01", 100, 1.0, counterfactual=1.0, cohort="second"),
        fact("2014-01-01", 100, 1.1, counterfactual=1.0, outcome="visits", cohort="first"),
    ]
    shares = [
        recorded("matched_share", "2015-06-01", 0.86),
        recorded("unmatched_share", "2015-06-01", 0.14),
        recorded("agreed", "2014-06-01", 0.15),
    ]
    found = read(made, facts, shares)
    # The first cohort is read when the last part, the visits, is; the second when it is recorded.
    assert values(found, "improvement") == [
        ("2015-01-01", "first", 0.17),
        ("2016-01-01", "second", 0.03),
    ]
    assert values(found, "performance_percentage") == [
        ("2015-06-01", "first", round(0.17 * 0.86 + 0.15 * 0.14, 9)),
        ("2016-01-01", "second", round(0.03 * 0.86 + 0.15 * 0.14, 9)),
    ]


def test_recorded_figures_stand_as_they_are() -> None:
    made = contract(
        {
            "runoff": {"unit": "percent"},
            "yearly": {"at": ["2012-01-01", "2013-01-01"]},
            "rate": {"of": "events", "as": "rate", "over": "to_date"},
        },
        {"events": {"cohort": "first"}},
    )
    rows = [
        recorded("runoff", "2011-05-01", 41.3),
        recorded("yearly", "2011-05-01", 1.0),
        recorded("yearly", "2012-05-01", 2.0),
        recorded("rate", "2011-05-01", 0.9),
    ]
    facts = [fact("2011-05-01", 50, 0.4), fact("2012-05-01", 50, 0.5)]
    found = read(made, facts, rows)
    assert values(found, "runoff") == [("2011-05-01", None, 41.3)]
    assert values(found, "yearly") == [("2012-01-01", None, 1.0), ("2013-01-01", None, 2.0)]
    assert values(found, "rate") == [("2011-05-01", None, 0.9), ("2012-05-01", None, 0.5)]


# --- as simulated ---------------------------------------------------------------------------------


def test_simulated_facts_are_read_as_they_fall_due() -> None:
    made = contract(OVER, {"events": {"cohort": "town"}}, TWO_GROUPS)
    date = made.timeline.date
    facts = [
        Fact("events", "town", group, t, date(t), np.array([10.0, 20.0]), np.array([5.0, 4.0]))
        for group in ("town/young", "town/old")
        for t in (30, 36)
    ]
    found = read(made, facts, simulated=True)
    [cohort] = found.of("each_cohort")  # when the last outcome is due
    assert (cohort.period, cohort.people.tolist()) == (36, [40, 80])  # type: ignore[union-attr]
    to_date = found.of("to_date")  # each period to the end, nothing replaced
    assert [r.period for r in to_date] == list(range(30, 40))
    assert [r.people.tolist() for r in (to_date[0], to_date[-1])] == [[20, 40], [40, 80]]  # type: ignore[union-attr]
    assert len(found.of("each_group")) == 20
    assert [r.period for r in found.of("each_period")] == [30, 36]
    assert found.of("everyone")[0].value == pytest.approx([0.5, 0.2])


def test_a_period_by_itself_is_of_those_present_in_it() -> None:
    # 10 people, three periods of days each: 30, 20, 10 days; against 2 a person and period.
    made = contract(
        {
            "each": {"of": "days", "as": "rate", "over": "each_period"},
            "saved": {"of": "days", "as": "additional", "over": "each_period"},
            "all": {"of": "days", "as": "rate"},
        },
        {"days": {"cohort": "first", "unit": "day", "within": {"months": 9}, "against": 2}},
    )
    facts = [
        Fact("days", "first", "first", t, made.timeline.date(t), float(people), days, present=10.0)
        for t, people, days in ((4, 10, 30.0), (5, 0, 20.0), (6, 0, 10.0))
    ]
    found = read(made, facts, simulated=True)
    assert [r.value for r in found.of("each")] == pytest.approx([3, 2, 1])
    assert [r.value for r in found.of("saved")] == pytest.approx([10, 0, -10])
    assert found.of("all")[0].value == pytest.approx(6)


# --- laws -----------------------------------------------------------------------------------------

amount = st.floats(0.01, 3)
fact_lists = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from(["first", "second"]), st.integers(1, 500),
              amount, amount),
    min_size=1,
    max_size=8,
)  # fmt: skip
EVERY_WAY: dict[str, Any] = {
    f"{over}_{way}": {"of": "events", "as": way, "over": over}
    for over in ("each_cohort", "each_period", "to_date", "everyone")
    for way in ("count", "additional", "relative", "additional_per_person")
}


def facts_of(rows: list[Any]) -> list[Fact]:
    date = contract(PETERBOROUGH).timeline.date
    return [
        Fact("events", cohort, cohort, t, date(t), float(n), n * o, n * c)
        for t, cohort, n, o, c in rows
    ]


@given(fact_lists, st.randoms())
def test_the_order_of_facts_changes_nothing(rows: list[Any], random: Any) -> None:
    made, facts = contract(EVERY_WAY), facts_of(rows)
    shuffled = facts.copy()
    random.shuffle(shuffled)
    assert read(made, facts).table() == read(made, shuffled).table()


@given(fact_lists, st.floats(0.1, 0.9), st.booleans())
def test_a_fact_cut_in_two_pools_alike(rows: list[Any], cut: float, simulated: bool) -> None:
    made, facts = contract(EVERY_WAY), facts_of(rows)
    halves = []
    for whole in facts:
        for share in (cut, 1 - cut):
            totals = (whole.people, whole.observed, whole.counterfactual)
            people, observed, expected = (share * total for total in totals if total is not None)
            halves.append(replace(whole, people=people, observed=observed, counterfactual=expected))
    one, two = read(made, facts, simulated=simulated), read(made, halves, simulated=simulated)
    for name in EVERY_WAY:
        assert [(r.date, r.cohort) for r in one.of(name)] == [
            (r.date, r.cohort) for r in two.of(name)
        ]
        assert [r.value for r in one.of(name)] == pytest.approx(
            [r.value for r in two.of(name)], abs=1e-9
        )
