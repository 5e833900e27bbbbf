"""Small contracts by hand, each named by what it puts to the test in the slow twin's comparison."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]

TWO_GROUPS: Data = {"all": {"groups": {"young": 22, "old": 14}, "intake": [12, 14, 10]}}
TWO_COHORTS: Data = {
    "first": {"people": 24, "intake": [14, 10], "alikeness": 0.1},
    "second": {"groups": {"young": 12, "old": 10}, "intake": [0, 0, 12, 10]},
}
ONE_PAYER: Data = {"council": 1.0}


def made(
    outcomes: Data,
    rules: Data,
    *,
    cohorts: Data = TWO_GROUPS,
    performance: Data | None = None,
    periods: int = 12,
    step: str = "quarter",
    **payments: Any,
) -> Data:
    """A contract with these clauses."""
    data: Data = {
        "schema": 1,
        "name": "made for the twin",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": step, "periods": periods},
        "cohorts": cohorts,
        "outcomes": outcomes,
        "payments": {"rules": rules, "payers": ONE_PAYER} | payments,
    }
    return data | ({"performance": performance} if performance else {})


LADDER: Data = {
    "home": {"rate": {"by_group": {"young": 0.8, "old": 0.6}}, "anyway": 0.3, "after": 1},
    "job": {"needs": "home", "rate": 0.6, "anyway": 0.4, "after": 2, "claimed": 0.9},
}
WEEKS: Data = {
    "needs": "home",
    "unit": "week",
    "rate": 14,
    "anyway": 5,
    "held": {"weeks": 4},
    "within": {"weeks": 36},
}

# fmt: off
CONTRACTS: dict[str, Data] = {
    "units_of_time_by_price_and_by_amount": made(
        LADDER | {"weeks": WEEKS, "days": {"unit": "day", "rate": 80, "anyway": 40, "within": 3}},
        {
            "weeks": {"pays": "weeks", "price": 20, "limits": {"person": {"number": 26}}},
            "days": {"pays": "days", "amount": {"through": {30: 0, 180: 900}, "cap": 700}},
            "days_again": {"pays": "days", "price": 1, "limits": {"person": 100}},
        },
        limits={"person": 900},
    ),
    "whole_numbers_of_a_person": made(
        {
            "moves": {"unit": "move", "rate": 1.3, "anyway": 0.4, "after": 1},
            "points": {"unit": "point", "rate": 4, "anyway": 3, "spread": 3, "after": 2},
            "tests": {"unit": "test", "rate": 2.5, "anyway": 1, "spread": 0.9, "after": 2},
        },
        {
            "moves": {"pays": "moves", "price": 100, "limits": {"person": {"number": 2}}},
            "points": {"pays": "points", "amount": {"at_least": {3: 50, 6: 90}, "below": {1: 5}}},
            "points_each": {"pays": "points", "price": {"above": {4: 10}, "at_most": {2: 12}}},
            "tests": {"pays": "tests", "price": 30, "limits": {"period": {"number": 20}}},
        },
        limits={"tests_and_moves": {"of": ["tests", "moves"], "person": {"number": 4}}},
    ),
    "prices_by_date_by_start_by_group": made(
        LADDER,
        {
            "joining": {
                "pays": "all",
                "price": {"by": "start", "from": {"2027-04-01": 400, "2027-10-01": 300}},
            },
            "joined_job": {"pays": "job", "price": {"by": "start", "from": {0: 90, 1: 70, 2: 0}}},
            "home": {
                "pays": "home",
                "price": {"by_group": {
                    "young": {"from": {1: 500, 3: {"uniform": [300, 450]}}},
                    "old": {"from": {2: 400}, "cap": 350},
                }},
                "factors": {"priority": {"by_group": {"young": 1.5, "old": 1}}},
            },
            "job": {
                "pays": "job",
                "amount": {"pert": [1000, 1500, 3000]},
                "factors": {"index": {"from": {0: 1, 4: 1.03}}},
            },
        },
        factors={"bid": 0.9, "pause": {"from": {0: 1, 2: 0, 3: 1}}},
    ),
    "bands_of_a_rule_and_of_each_group": made(
        LADDER | {"weeks": WEEKS},
        {
            "home": {"pays": "home", "price": {"each_above": {0: 100, 9: 70, 20: 20}},
                     "deadweight": 0.2, "limits": {"total": {"number": 24}}},
            "job": {"pays": "job", "price": {"by_group": {
                "young": {"each_above": {3: 200, 6: 100}}, "old": 150}}},
            "weeks": {"pays": "weeks", "price": {"each_above": {
                0: {"by_group": {"young": 9, "old": 8}}, 100: {"from": {0: 5, 5: 4}}}}},
        },
        limits={"person": 300},
    ),
    "a_test_for_each_cohort_else_one_for_all": made(
        {"convicted": {"cohort": ["first", "second"], "rate": 0.35, "anyway": 0.5, "after": 2,
                       "better": "lower", "against": {"control": "matched", "people_each": 3}}},
        {
            "one_cohort": {"pays": "avoided", "when": {"reduction": {"at_least": 0.45}},
                           "price": 100},
            "all_cohorts": {"pays": "pooled_avoided", "unless": "one_cohort", "price": 90,
                            "when": {"pooled": {"above": 0, "below": 0.6}}},
            "steps": {"pays": "reduction",
                      "amount": {"at_least": {0.1: 300, 0.3: 700}, "below": {0: 10}}},
        },
        cohorts=TWO_COHORTS,
        performance={
            "reduction": {"of": "convicted", "as": "relative", "over": "each_cohort"},
            "avoided": {"of": "convicted", "as": "additional", "over": "each_cohort"},
            "pooled": {"of": "convicted", "as": "relative", "at": 10},
            "pooled_avoided": {"of": "convicted", "as": "additional", "at": 10},
        },
    ),
    "on_account_and_each_period": made(
        {"home": {"rate": 0.6, "anyway": 0.4, "after": 1, "against": {"from": {
            0: 0.4, 2: {"by_group": {"young": 0.5, "old": 0.3}}}}},
         "cut": {"rate": 0.45, "anyway": 0.5, "after": 2, "better": "lower", "against": 0.45}},
        {
            "to_date": {"pays": "more_homes", "price": {"each_above": {0: 100, 3: 60}},
                        "limits": {"total": 550}},
            "share": {"pays": "share", "amount": {"through": {40: 500, 80: 2000}}},
            "cut": {"pays": "cut_so_far", "price": 40, "paid_back_by": "provider",
                    "limits": {"total": 90}},
            "a_period": {"pays": "cut_in_period", "price": 100,
                         "factors": {"f": {"from": {0: 1, 3: 0.5}}}},
            "two_sided": {"pays": "cut_in_period", "paid_back_by": "provider",
                          "amount": {"below": {-1: -50}, "above": {1: 80}}},
        },
        performance={
            "more_homes": {"of": "home", "as": "additional", "over": "to_date"},
            "share": {"of": "home", "as": "rate", "over": "to_date", "unit": "percent"},
            "cut_so_far": {"of": "cut", "as": "additional", "over": "to_date"},
            "cut_in_period": {"of": "cut", "as": "additional", "over": "each_period"},
        },
        payers={"council": 0.75, "fund": "rest"},
        limits={"period": 1500},
    ),
    "amounts_below_zero_of_people": made(
        {"points": {"unit": "point", "rate": 2, "anyway": 1, "after": 1}},
        {
            "points": {"pays": "points", "amount": {"below": {2: -5}, "at_least": {2: 50}},
                       "paid_back_by": "provider"},
            "start": {"pays": "all", "amount": {"by_group": {"young": -8, "old": 30}},
                      "paid_back_by": "provider"},
            "each": {"pays": "points", "price": 10},
            "loan": {"due": [1, 4], "amount": {"from": {0: 90, 2: -70}}, "paid_back_by": "fund"},
        },
        limits={"person": 45, "period": 400, "contract": 500},
        payers={"council": 0.6, "fund": "rest"},
        tax={"rate": 0.2, "included": False},
    ),
    "weights_dues_and_figures_as_such": made(
        LADDER,
        {
            "index": {"pays": "index", "amount": {"through": {0.2: 0, 0.6: 4000}, "floor": 300}},
            "coupon": {"due": [3, 5, 8], "factors": {"principal": 70000},
                       "amount": {"by": "homes", "through": {0.4: 0.01, 0.9: 0.05},
                                  "floor": {"from": {0: 0.02, 5: 0}}}},
            "standing": {"due": "every_period", "amount": {"from": {0: 100, 6: 50}}},
            "home": {"pays": "home", "price": 40, "due": [4, 9], "paid_after": 1,
                     "factors": {"quality": {"by": "quality", "at_least": {0.5: 1, 0.7: 1.2}}}},
        },
        performance={
            "homes": {"of": "home", "as": "rate", "over": "to_date"},
            "jobs": {"of": "job", "as": "rate", "over": "to_date", "at": [4, 6, 10]},
            "quality": {"value": {"uniform": [0.4, 0.9]}, "over": "to_date"},
            "index": {"weights": {"homes": 0.6, "jobs": "quality"}, "at": [6, 10]},
        },
        paid_after=1,
        periods=14,
    ),
    "claims_that_wait": made(
        LADDER,
        {
            "home": {"pays": "home", "when": {"job": {"at_least": 8}}, "price": {"from": {
                0: 100, 2: 80}}, "limits": {"period": 900}},
            "job": {"pays": "job", "when": {"homes": {"at_least": 0.7}}, "price": 500},
            "late": {"pays": "job", "price": {"by": "homes", "at_least": {0.65: 200, 0.75: 400}}},
            "start": {"pays": "all", "when": {"home": {"above": 5}, "all": {"at_most": 36}},
                      "amount": 30},
        },
        performance={"homes": {"of": "home", "as": "rate", "over": "each_group", "at": [3, 6]}},
        paid_after=1,
    ),
    "limits_in_every_scope": made(
        {"home": {"cohort": ["first", "second"], "rate": 0.9, "anyway": 0.3, "after": 1},
         "job": {"needs": "home", "rate": 0.7, "anyway": 0.4, "after": 1},
         "bonus": {"cohort": "first", "rate": 0.5, "after": 2}},
        {
            "home": {"pays": "home", "price": 100, "limits": {
                "person": 90, "cohort": 1100, "period": {"number": 9, "amount": 820}, "year": 950,
                "total": {"from": {0: 700, 3: {"amount": 1000}, 4: {"amount": 1500}}}}},
            "job": {"pays": "job", "price": 200, "limits": {
                "total": {"number": {"share": 0.35, "of": ["home"]}, "amount": 2400},
                "year": {"number": 8}}},
            "job_again": {"pays": "job", "amount": 70, "limits": {
                "cohort": {"number": 8}, "period": {"number": {"share": 0.15, "of": ["home"]}}}},
            "bonus": {"pays": "bonus", "price": 60},
        },
        cohorts=TWO_COHORTS,
        limits={
            "person": 280, "cohort": 2300, "period": 1400, "year": 2300, "contract": 3900,
            "jobs": {"of": ["job", "job_again"], "person": 230, "total": 2600},
            "wide": {"of": ["job", "home", "bonus"], "period": {"amount": 1300, "number": 15},
                     "cohort": {"number": 30}},
        },
    ),
    "payers_by_rule_date_group_and_the_rest": made(
        LADDER,
        {
            "home": {"pays": "home", "price": 100},
            "job": {"pays": "job", "price": 300, "payers": {"council": 0.3, "fund": "rest"}},
            "job_young": {"pays": "job", "price": {"by_group": {"young": 50, "old": 0}},
                          "payers": {"council": {"from": {0: 1, 4: 0.5}},
                                     "lottery": {"from": {0: 0, 4: 0.5}}}},
        },
        payers={
            "council": {"share": {"by_group": {"young": 0.6, "old": 0.2}},
                        "limits": {"period": 420, "total": 1500}},
            "lottery": {"share": {"by_group": {"old": 0.5}}, "limits": {"year": 150}},
            "fund": {"share": "rest", "limits": {"total": 2000}},
        },
        limits={"contract": 3600, "period": 1300},
    ),
    "payers_of_the_rest_in_a_chain": made(
        {"a": {"rate": 0.6, "anyway": 0.2, "after": 1}, "b": {"rate": 0.5, "after": 1}},
        {
            "a": {"pays": "a", "price": 100, "payers": {"council": 0.5, "fund": "rest"}},
            "b": {"pays": "b", "price": 80, "payers": {"fund": 0.4, "trust": "rest"}},
        },
        payers={"trust": {"share": 0, "limits": {"year": 700}},
                "fund": {"share": 0.5, "limits": {"total": 1100}},
                "council": 0.5},
    ),
    "rules_that_give_way_and_shares_of_numbers": made(
        {"a": {"rate": 0.3, "anyway": 0.2, "after": 1, "against": 0.16},
         "b": {"rate": 0.5, "after": 2},
         "weeks": {"unit": "week", "rate": 10, "within": {"weeks": 39}, "claimed": 0.7}},
        {
            "last": {"pays": "b", "price": 10, "unless": "then"},
            "then": {"pays": "more", "price": 100, "unless": "first"},
            "first": {"pays": "b", "price": 5, "when": {"b": {"at_least": 16}},
                      "limits": {"total": 40}},
            "weeks": {"pays": "weeks", "price": {"above": {10: 3}, "at_most": {4: 20}},
                      "limits": {"person": {"number": {"share": 0.5, "of": ["a", "all"]}}}},
            "stays": {"pays": "weeks", "amount": {"above": {12: 200}}, "deadweight": 0.3,
                      "limits": {"total": {"number": 5}, "person": 100}},
        },
        performance={"more": {"of": "a", "as": "additional", "over": "each_period"}},
        limits={"both": {"of": ["weeks", "stays"], "period": {"number": 55}}},
    ),
    "floors_and_tax_on_top": made(
        LADDER,
        {
            "home": {"pays": "home", "price": 30},
            "job": {"pays": "job", "price": 80, "paid_after": 2, "due": [6, 9, 13]},
        },
        floors={"period": 20, "year": 500, "contract": 3900,
                "jobs": {"of": ["job"], "year": 300, "total": 2400}},
        tax={"rate": 0.2, "included": False},
        payers={"council": {"share": 0.7, "limits": {"year": 900}}, "fund": 0.3},
        periods=14,
    ),
    "tax_included_and_an_account": made(
        LADDER,
        {"home": {"pays": "home", "price": 600}, "job": {"pays": "job", "price": 900}},
        tax={"rate": 0.2, "included": True, "to": "treasury"},
        limits={"year": 16000},
    )
    | {
        "prices": {"base": "2027-28", "inflation": 0.02},
        "delivery": {"costs": {"team": {"per_period": 1500, "for": 6}, "each": {"per_start": 100},
                               "job": {"per_outcome": {"job": 20}}}},
        "capital": {"recycle": True,
                    "tranches": {"investor": {"commitment": 9000, "share_of_surplus": 1.0}}},
        "value": {"discount": "green_book_2026", "benefits": {
            "jobs": {"of": "job", "per_outcome": 900, "to": "council", "years": 2}}},
    },
    "routes_any_and_all": made(
        {
            "a": {"rate": 0.6, "anyway": 0.2, "after": 1},
            "b": {"rate": 0.5, "anyway": 0.3, "after": 3},
            "either": {"needs": {"any": ["a", "b"]}, "rate": 0.8, "anyway": 0.5, "after": 1},
            "both": {"needs": ["a", "b"], "rate": 0.7, "anyway": 0.5, "held": {"weeks": 13}},
            "weeks": {"needs": {"any": ["a", "b"]}, "unit": "week", "rate": 9, "anyway": 2,
                      "within": {"months": 6}},
        },
        {
            "either": {"pays": "either", "price": 100},
            "both": {"pays": "both", "price": 300},
            "weeks": {"pays": "weeks", "price": 7},
            "seen": {"pays": "weeks_each", "price": 10},
        },
        performance={"weeks_each": {"of": "weeks", "as": "rate", "over": "each_period"}},
        limits={"routes": {"of": ["either", "both"], "person": {"number": 1}}},
        cohorts={"all": {"people": 40, "intake": {"over": 3, "ramp": "linear"}, "alikeness": 0.05,
                         "togetherness": 0.4}},
    ),
    "differences_by_group_and_control": made(
        {"home": {"rate": {"by_group": {"young": 0.7, "old": 0.5}}, "anyway": 0.4, "after": 1,
                  "against": {"difference_in_differences": "additive"}},
         "points": {"unit": "point", "rate": 5, "anyway": 4, "spread": 3, "after": 2,
                    "against": {"control": "randomised", "people": 60}}},
        {
            "home": {"pays": "homes", "price": {"by_group": {"young": 30, "old": 20}}},
            "points": {"pays": "points_more", "price": 100,
                       "when": {"points_to_date": {"at_least": -1}}},
            "points_so_far": {"pays": "points_to_date", "price": 25, "deadweight": 0.1},
        },
        performance={
            "homes": {"of": "home", "as": "additional_per_person", "over": "each_group",
                      "unit": "percent"},
            "points_more": {"of": "points", "as": "relative", "unit": "percent", "at": 9},
            "points_to_date": {"of": "points", "as": "additional", "over": "to_date"},
        },
    ),
}
