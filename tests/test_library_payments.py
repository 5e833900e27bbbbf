"""What the library's contracts pay for claims, against published sums or sums by hand.

Published figures carry their source in the contract's file; where prices are not published the file
says so, and the sums here are arithmetic on the prices assumed there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from settled import reading, settled, sums, total

import sibmodel as sib
from sibmodel.library import load, records

PAID = {
    "aspire_adelaide": 6_000_000 + 3_200_000 + 2_800_000 + 3_400_000,
    "benevolent_nsw": 10_000_000 + 2_625_000 + 1_875_000,
    "cameroon_cataract": 2_800_000,
    "dc_water": 25_000_000,
    "denver_supportive_housing": 9_638_911.36,  # as paid
    "educate_girls": 422_000,  # as paid
    "innovation_fund_round_1": 8_200,
    "innovation_fund_round_2": 11_700,
    "kirklees_better_outcomes": 22_297_917,
    "made_up_stack": 320_000,
    "made_up_training": 37_800,
    "mental_health_employment": 133_000,
    "newpin_nsw": 525_000 + 625_800 + 850_500,
    "newpin_queensland": 360_000,
    "pause_plymouth": 58_000,
    "peterborough": 4_185_000,
    "reboot_west": 1_871_540,  # as paid
    "rikers_able": 0,  # as paid
    "stronger_families_suffolk": 15_675,
    "utah_preschool": 266_950,  # published as 267,000
    "village_enterprise": 4_280_618,  # as paid
    "ways_to_wellness": 8_200_000,
    "work_programme": 3_810 + 4_395 + 6_600 + 6_600,
}
"""What the records of the library pay."""


@pytest.mark.parametrize("name", PAID)
def test_the_records_pay_what_was_paid(name: str) -> None:
    assert total(settled(name)) == PAID[name]


def test_which_contracts_have_records() -> None:
    without = set(sib.library.names()) - set(PAID)
    assert without == {
        "closed_form_bond",
        "fair_chance_fund_st_basils",
        "fair_chance_fund_st_basils_elsewhere",
    }
    with pytest.raises(KeyError, match="no records of 'rikers_abel'; did you mean 'rikers_able'"):
        records("rikers_abel")


# --- prices, ladders, limits ----------------------------------------------------------------------


def test_denver() -> None:
    result = settled("denver_supportive_housing")
    assert sums(result, "rule") == {"housing": 4_534_911.36, "jail": 5_104_000}
    housing = result.payments[result.payments["rule"] == "housing"]
    assert housing["amount"].tolist() == [3_913_932.96, 620_978.40]
    assert [15.12 * days for days in (258_858, 41_070)] == pytest.approx(housing["amount"].tolist())
    assert round(9_638_911.36 / 8_600_000, 4) == 1.1208


@pytest.mark.parametrize(
    ("percent", "pays"),
    [
        (19.99, 0),
        (20, 3_200_000),
        (30, 4_800_000),
        (38, 5_104_000),
        (65, 6_130_000),
        (80, 6_130_000),
    ],
)
def test_denver_jail_tiers(percent: float, pays: float) -> None:
    assert total(settled("denver_supportive_housing", reading("jail_reduction", 19, percent))) == (
        pays
    )


def test_denver_limits() -> None:
    many = {"outcome": "days_housed", "period": 18, "number": 400_000}
    start = {"outcome": "participants", "period": 0, "number": 365}
    result = settled("denver_supportive_housing", start, many, reading("jail_reduction", 19, 80))
    assert sums(result, "rule") == {"housing": 5_290_000, "jail": 6_130_000}
    assert total(result) == 11_420_000


def test_reboot_west_pays_its_23_lines() -> None:
    result = settled("reboot_west")
    paid = sums(result, "rule")
    table = pd.read_csv(sib.library._FOLDER.joinpath("reboot_west_claims.csv").open()).iloc[1:]
    assert paid == dict(zip(table["outcome"], table["payment"], strict=True))
    assert len(paid) == 23


def test_reboot_west_is_for_those_named_at_the_start() -> None:
    """A closed cohort: whoever is not recorded as started is refused; three claims each."""
    rows: list[dict[str, Any]] = [
        {"outcome": "care_leavers", "period": 0, "person": "one"},
        *({"outcome": "feels_safe", "period": p, "person": "one"} for p in (2, 4, 6, 8)),
        {"outcome": "feels_safe", "period": 2, "person": "somebody else"},
    ]
    result = settled("reboot_west", *rows)
    assert total(result) == 3 * 220
    account = result.account.set_index(["person", "period"])
    assert account.loc[("somebody else", 2), "status"] == "refused"
    assert account.loc[("one", 8), "paid"] == 0


def test_work_programme_the_whole_way() -> None:
    result = settled("work_programme")
    by_person = result.account.groupby("person")["paid"].sum().round(2).to_dict()
    assert by_person == {"one": 3_810, "two": 4_395, "three": 6_600, "four": 6_600}
    by_rule = result.account[result.account["person"] == "one"].groupby("rule")["paid"].sum()
    assert by_rule[["joining", "job", "staying"]].tolist() == [400, 1200, 2210]


def test_work_programme_fee_by_year_of_joining_and_bonus_above_a_number() -> None:
    def joined(date: str) -> float:
        row = {"outcome": "jobseekers", "date": date, "number": 10, "group": "jsa_18_24"}
        return total(settled("work_programme", row))

    assert [joined(d) for d in ("2011-06-01", "2012-05-31", "2012-06-01", "2014-06-01")] == [
        4000,
        4000,
        3000,
        0,
    ]
    rows = [
        {"outcome": "jobseekers", "date": "2014-06-01", "number": 500, "group": "jsa_25_plus"},
        {"outcome": "job", "date": "2015-06-01", "number": 310, "group": "jsa_25_plus"},
    ]
    assert sums(settled("work_programme", *rows), "rule") == {"job": 372_000, "incentive": 10_000}


@pytest.mark.parametrize(("number", "most", "listed"), [(1, 8_200, 15_100), (2, 11_700, 20_200)])
def test_innovation_fund_stops_at_the_limit_per_person(
    number: int, most: float, listed: float
) -> None:
    result = settled(f"innovation_fund_round_{number}")
    assert result.account["earned"].sum() == listed
    assert total(result) == most
    assert result.account["cut"].sum() == listed - most
    assert "person" in set(result.account.loc[result.account["cut"] > 0, "limit"])


def test_innovation_fund_26_weeks_need_the_13() -> None:
    rows = [
        {"outcome": "young_people", "date": "2012-04-16", "person": "one"},
        {"outcome": "job_26_weeks", "date": "2014-04-16", "person": "one"},
    ]
    assert total(settled("innovation_fund_round_1", *rows)) == 0


def test_suffolk_by_the_day() -> None:
    result = settled("stronger_families_suffolk")
    assert sums(result, "rule") == {"out_at_14_weeks": 2_000, "days_out": 25 * 547}
    last = {"outcome": "days_out", "date": "2021-12-31", "person": "one", "since": "2021-07-13"}
    longer = pd.concat([records("stronger_families_suffolk"), pd.DataFrame([last])])
    beyond = sib.settle(load("stronger_families_suffolk"), longer)
    assert total(beyond) - total(result) <= 25  # 18 months end on 13 July


def test_pause_plymouth() -> None:
    result = settled("pause_plymouth")
    assert sums(result, "rule") == {
        "no_pregnancy_full": 12_000,
        "no_pregnancy_8_months": 16_000,
        "no_proceedings": 30_000,
    }
    assert sums(result, "payer") == {"life_chances_fund": 23_200, "plymouth_council": 34_800}


# --- payers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "payers"),
    [
        (
            "kirklees_better_outcomes",
            {"life_chances_fund": 6_600_000, "kirklees_council": 15_697_917},
        ),
        (
            "ways_to_wellness",
            {
                "clinical_commissioning_group": 5_200_000,
                "national_lottery": 2_000_000,
                "cabinet_office": 1_000_000,
            },
        ),
        (
            "village_enterprise",
            {"anonymous_fund": 1_608_444, "usaid": 1_004_454, "fcdo": 1_667_720},
        ),
        (
            "cameroon_cataract",
            {
                "hilton_foundation": 2_240_000,
                "fred_hollows_foundation": 280_000,
                "sightsavers": 280_000,
            },
        ),
        (
            "mental_health_employment",
            {"investor": 10_000, "commissioner": 35_000, "outcomes_fund": 5_000 + 83_000},
        ),
    ],
)
def test_payers_sums(name: str, payers: dict[str, float]) -> None:
    assert sums(settled(name), "payer") == payers


def test_kirklees_grant_in_place_of_outcomes() -> None:
    rows: list[dict[str, Any]] = [
        {"outcome": "people", "date": "2019-07-01", "number": 100},
        *(
            {"outcome": "first_assessment", "date": date, "number": 10}
            for date in ("2020-03-31", "2020-04-01", "2020-09-30", "2020-10-01")
        ),
        {"outcome": "financial_resilience", "date": "2022-03-31", "number": 1},
        {"outcome": "financial_resilience", "date": "2022-04-01", "number": 1},
    ]
    result = sums(settled("kirklees_better_outcomes", *rows), "rule")
    assert result == {
        "grant_2020": 1_800_000,
        "first_assessment": 10_000,
        "financial_resilience": 3_000,
    }


def test_ways_to_wellness_shares_change_by_year_and_outcome() -> None:
    early = settled("ways_to_wellness", reading("wellbeing_to_target", 1, 0.1))
    assert sums(early, "payer") == {
        "clinical_commissioning_group": 73_800,
        "national_lottery": 115_620,
        "cabinet_office": 56_580,
    }
    other = settled("ways_to_wellness", reading("saving_to_target", 1, 0.1))
    assert sums(other, "payer")["clinical_commissioning_group"] == round(0.62 * 574_000, 2)


def test_aspire_standing_charge_and_limit_on_outcomes() -> None:
    result = settled("aspire_adelaide")
    assert sums(result, "rule")["standing_charge"] == 6_000_000
    names = ("hospital_reduction", "conviction_reduction", "accommodation_reduction")
    best = settled("aspire_adelaide", *(reading(name, 20, 100) for name in names))
    assert total(best) == 17_000_000


def test_made_up_training() -> None:
    result = settled("made_up_training")
    paid = sums(result, "rule")
    assert paid == {
        "starts": 4_800,
        "job": 18_000 + 7_416,
        "job_part_time_kept": 6_720,
        "floor year": 864,
    }
    table = result.payments
    assert table["net"].sum() == pytest.approx(37_800 / 1.2, abs=0.01)
    assert table["tax"].sum() == pytest.approx(37_800 / 6, abs=0.01)
    due = table[table["rule"] == "job"].groupby(table["due"].astype(str))["amount"].sum()
    assert due.to_dict() == {"2028-01-01": 18_000, "2028-07-01": 7_416}


# --- and they can be simulated --------------------------------------------------------------------

BASE_CASE = {
    "denver_supportive_housing": 0.86 * 365 * 955.5 * 15.12 + 5_104_000,
    "educate_girls": 270_000 * 1.15**3,  # 422,000, less what is above 15% a year
    "mental_health_employment": 546 * 0.8 * (500 + 0.33 * (1_500 + 0.3 * (1_000 + 2_800))),
    "newpin_nsw": 7 * 525_000 + 7_000_000,  # coupons, and the principal
    "newpin_queensland": 200 * (0.40 - 0.25) * 60_000,
    "peterborough": 2_000 * (1.55 - 1.4105) * 15_000,
    "rikers_able": 0,
    "stronger_families_suffolk": (202 * 0.85 + 86 * 0.50) * (2_000 + 25 * 480),
    "utah_preschool": 110 * (1 - 0.0091) * 2_600 * 0.95,
}
"""With uncertainty, shared luck and chance off, by hand from the file's rates and prices."""


@pytest.mark.parametrize("name", PAID)
def test_every_contract_simulates_within_its_limits(name: str) -> None:
    contract = load(name)
    result = sib.simulate(contract, runs=64, keep="measures")
    paid = result.measure("outcome_payments")
    limit = contract.payments.limits.contract
    if limit is not None:
        assert paid.max() <= limit.model_dump()["amount"] * (1 + 1e-12)
    assert paid.max() > 0
    if name in BASE_CASE:
        assert result.base_case("outcome_payments") == pytest.approx(BASE_CASE[name], rel=1e-9)
