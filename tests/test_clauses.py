"""The payment clause in words: published contracts read as their sources tell them."""

from __future__ import annotations

import re

import pytest

import sibmodel as sib
from sibmodel.pages.clauses import clauses


@pytest.mark.parametrize(
    ("name", "rule", "said"),
    [
        (  # Urban fact sheet: 15.12 a day, 5,290,000 at most
            "denver_supportive_housing",
            "housing",
            "For each day of days housed: USD 15.12; up to USD 5,290,000 in all; paid 1 quarter "
            "after the claim by city of denver.",
        ),
        (  # INDIGO: tiers at 20, 30 and 65%
            "denver_supportive_housing",
            "jail",
            "For jail reduction, if jail reduction is at least 20%: USD 160,000 for each "
            "percentage point from 0% to 30%, USD 38,000 for each percentage point from 30% to "
            "65%, nothing above 65%; up to USD 6,130,000 in all; paid 1 quarter after the reading "
            "by city of denver.",
        ),
        (  # Barrow Cadbury: 7.5% for all cohorts together, if no single one reached 10%
            "peterborough",
            "all_cohorts",
            "For each 1 of pooled avoided, if pooled reduction is at least 0.075, unless one "
            "cohort has earned anything: GBP 15,000; paid in the quarter of the reading by "
            "ministry of justice (50%) and big lottery fund (50%).",
        ),
        (  # Tomkinson: the table of the coupon, its floor and cap
            "newpin_nsw",
            "coupon",
            "On 7 dates from 1 July 2013 to 1 July 2019: read off restoration rate, 0 below 0.55, "
            "on straight lines through 0.03 at 0.55, 0.075 at 0.6, 0.12 at 0.65 and 0.15 at 0.7, "
            "never less than 0.05 from 1 July 2013 and 0 from 1 July 2016, never more than 0.15, "
            "times principal (7,000,000), in AUD; paid 1 year later by new south wales.",
        ),
    ],
)
def test_rules_in_words(name: str, rule: str, said: str) -> None:
    assert clauses(sib.library.load(name)).rules[rule] == said


def test_what_all_rules_have_in_common_is_said_once() -> None:
    found = clauses(sib.library.load("fair_chance_fund_st_basils"))
    assert found.rules["home_12_months"] == "For each claim of home 12 months: GBP 1,500."
    assert found.together == [
        "Under every rule: paid 1 quarter after the claim by communities department (66.67%) and "
        "social outcomes fund (33.33%)."
    ]


def test_performances_limits_and_floors_in_words() -> None:
    found = clauses(sib.library.load("made_up_training"))
    assert "All payments together: at least GBP 15,000 in a year, whatever is claimed." in (
        found.together
    )
    read = clauses(sib.library.load("peterborough")).performances["reduction"]
    assert read == (
        "Reconvictions below a matched comparison group, as a share of it, each cohort by itself."
    )


@pytest.mark.parametrize("name", sib.library.names())
def test_every_contract_of_the_library_can_be_said(name: str) -> None:
    contract = sib.library.load(name)
    found = clauses(contract)
    assert list(found.rules) == list(contract.payments.rules)
    for text in (*found.rules.values(), *found.performances.values(), *found.together):
        assert text.endswith(".")
        assert not re.search(r"None|<|_|\(\)|  ", text)
