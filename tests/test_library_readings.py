"""What the library's contracts pay for readings, against published sums or sums by hand.

Published figures carry their source in the contract's file; where prices are not published the file
says so, and the sums here are arithmetic on the prices assumed there.
"""

from __future__ import annotations

from typing import Any

import pytest
from settled import reading, settled, sums, total

import sibmodel as sib
from sibmodel.library import load, records


def cohort(name: str, period: int, observed: float, counterfactual: float) -> dict[str, Any]:
    return {
        "outcome": "reconvictions",
        "cohort": name,
        "period": period,
        "people": 1000,
        "observed": observed,
        "counterfactual": counterfactual,
    }


def test_peterborough_as_it_went() -> None:
    result = settled("peterborough")
    first = result.readings[
        (result.readings["performance"] == "reduction") & (result.readings["cohort"] == "first")
    ]
    assert round(float(first["value"].iloc[0]), 3) == 0.084
    assert sums(result, "rule") == {"all_cohorts": 4_185_000}
    assert total(sib.settle(load("peterborough"), records("peterborough"), as_at="2016-12-31")) == 0


@pytest.mark.parametrize(
    ("first", "second", "pays"),
    [
        ((90, 100), (100, 100), {"one_cohort": 1_500_000}),  # 10% exactly: paid at once
        ((90.1, 100), (100, 100), {}),
        ((92.5, 100), (92.5, 100), {"all_cohorts": 2_250_000}),  # 7.5% exactly
        ((92.6, 100), (92.5, 100), {}),
        ((90, 100), (92.5, 100), {"one_cohort": 1_500_000}),  # the other rule is for nothing else
    ],
)
def test_peterborough_tests(
    first: tuple[float, float], second: tuple[float, float], pays: dict[str, float]
) -> None:
    rows = [cohort("first", 17, *first), cohort("second", 25, *second)]
    rows = [r | {k: r[k] / 100 for k in ("observed", "counterfactual")} for r in rows]
    assert sums(settled("peterborough", *rows), "rule") == pays


def test_newpin_coupons() -> None:
    result = settled("newpin_nsw")
    assert sums(result, "period") == {0: 525_000, 1: 625_800, 2: 850_500}
    rates = [paid / 7_000_000 for paid in sums(result, "period").values()]
    assert rates == pytest.approx([0.075, 0.0894, 0.1215])


def test_newpin_floor_and_cap() -> None:
    poor = settled("newpin_nsw", *(reading("restoration_rate", year, 0.40) for year in range(7)))
    assert sums(poor, "period") == dict.fromkeys(range(3), 350_000)
    good = settled("newpin_nsw", *(reading("restoration_rate", year, 0.80) for year in range(7)))
    assert sums(good, "period") == dict.fromkeys(range(7), 1_050_000)


@pytest.mark.parametrize(
    ("reduction", "pays", "a_year"),
    [
        (0.0849, 0, None),
        (0.085, 4_800_000, None),
        (0.10, 9_600_000, 0),
        (0.11, 10_080_000, 1.2),
        (0.12, 10_176_000, 1.5),
        (0.125, 10_272_000, None),
        (0.13, 10_368_000, 1.9),
        (0.16, 10_944_000, 3.3),
        (0.20, 11_712_000, 5.1),
        (0.50, 11_712_000, 5.1),
    ],
)
def test_rikers_table(reduction: float, pays: float, a_year: float | None) -> None:
    result = total(settled("rikers_able", reading("reduction", 15, reduction)))
    assert result == pays
    if a_year is not None:  # on 9,600,000 four years before, as published
        assert round(100 * ((result / 9_600_000) ** (1 / 4) - 1), 1) == a_year


@pytest.mark.parametrize(
    ("value", "principal", "class_p", "class_e"),
    [
        (0.049, 7_500_000, 0, 0),
        (0.19, 10_000_000, 0.06, 0.105),
        (0.24, 10_000_000, 0.07, 0.15),
    ],
)
def test_benevolent_classes(value: float, principal: float, class_p: float, class_e: float) -> None:
    result = sums(settled("benevolent_nsw", reading("performance_percentage", 4, value)), "rule")
    assert result.pop("principal") == principal
    rates = {
        rule: paid / 5 / {"return_class_p": 7_500_000, "return_class_e": 2_500_000}[rule]
        for rule, paid in result.items()
    }
    assert rates == {
        k: pytest.approx(v)
        for k, v in {"return_class_p": class_p, "return_class_e": class_e}.items()
        if v
    }


def test_benevolent_index_from_its_parts() -> None:
    def measured(outcome: str, observed: float, counterfactual: float) -> dict[str, Any]:
        figures = {"people": 303, "observed": observed, "counterfactual": counterfactual}
        return {"outcome": outcome, "period": 4, **figures}

    parts = {
        "matched_share": 0.86,
        "unmatched_share": 0.10,
        "shortfall_share": 0.04,
        "agreed_for_unmatched": 0.15,
        "agreed_for_shortfall": 0.20,
    }
    result = settled(
        "benevolent_nsw",
        measured("enters_care", 0.17, 0.25),  # 32% fewer
        measured("safety_assessment", 0.54, 0.60),  # 10%
        measured("helpline_report", 1.8, 2.0),  # 10%
        *(reading(name, 4, value) for name, value in parts.items()),
    )
    found = result.readings.set_index("performance")["value"]
    assert found["improvement"] == pytest.approx(0.6 * 0.32 + 0.2 * 0.10 + 0.2 * 0.10)
    assert found["performance_percentage"] == pytest.approx(0.86 * 0.232 + 0.015 + 0.008)


def test_educate_girls_limit_binds() -> None:
    assert (round(8_940 / 5_592, 2), round(0.92 / 0.79, 2)) == (1.60, 1.16)
    result = settled("educate_girls")
    by_year = sums(result, "period")
    assert by_year[0] == round(0.8 * 65.38 * 1_286 + 0.2 * 4_627.85 * 44, 2)
    assert round(by_year[0] / 270_000, 2) == 0.40
    assert total(result) == 422_000
    listed = settled("educate_girls", payments__limits__contract=1_000_000)
    assert total(listed) == round(0.8 * 65.38 * 8_940 + 0.2 * 4_627.85 * 92, 2)


def test_utah_share_of_savings() -> None:
    assert total(settled("utah_preschool")) == round(281_000 * 0.95, 2)
    measured = {"outcome": "special_education", "period": 1, "people": 110, "observed": 1 / 110}
    assert total(settled("utah_preschool", measured)) == round(109 * 2_600 * 0.95, 2)


@pytest.mark.parametrize(
    ("percent", "pays"),
    [(18.5, -3_300_000), (18.6, 0), (30, 0), (41.3, 0), (41.4, 3_300_000)],
)
def test_dc_water_tiers(percent: float, pays: float) -> None:
    result = settled("dc_water", reading("runoff_reduction", 9, percent))
    assert sums(result, "rule").get("risk_share", 0) == pays
    assert total(result) == 25_000_000 + pays
    back = result.payments[result.payments["direction"] == "paid_back"]
    assert (back["amount"].sum() > 0) == (pays < 0)


@pytest.mark.parametrize(("home", "pays"), [(16, 360_000), (11, 60_000), (10, 0), (9, 0)])
def test_newpin_queensland_counts_beyond_the_agreed_rate(home: int, pays: float) -> None:
    rows = [
        {"outcome": "children", "period": 0, "number": 40},
        {"outcome": "home_at_18_months", "period": 3, "number": home},
    ]
    assert total(settled("newpin_queensland", *rows)) == pays


def test_cameroon_quality_gate_and_bonuses() -> None:
    def year_one(good: float, poorest: float) -> dict[str, float]:
        rows = [
            {"outcome": "patients", "date": "2018-01-01", "number": 2_300},
            {"outcome": "operation", "date": "2018-12-31", "number": 2_300},
            {"outcome": "good_results", "date": "2018-12-31", "value": good},
            {"outcome": "poorest_share", "date": "2022-12-31", "value": poorest},
            {"outcome": "earnings_ratio", "date": "2022-12-31", "value": 0},
        ]
        return sums(settled("cameroon_cataract", *rows), "rule")

    assert year_one(0.70, 0.40) == {"operations": 276_000, "for_the_poorest": 320_000}
    assert year_one(0.50, 0.39) == {"operations": 276_000}
    assert year_one(0.49, 0.39) == {}
