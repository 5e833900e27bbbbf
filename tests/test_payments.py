"""Payments by hand: limits, floors, payers, prices and dates on figures small enough to see."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import sibmodel as sib
from sibmodel.settlement import Settlement

Data = dict[str, Any]


def contract(rules: Data, *, periods: int = 6, step: str = "quarter", **more: Any) -> sib.Contract:
    """A contract whose outcomes a, b and c are counted in pounds, and d happens once."""
    data: Data = {
        "schema": 1,
        "name": "by hand",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": step, "periods": periods},
        "cohorts": {"north": {"people": 20, "intake": [20]}},
        "outcomes": {"a": {"unit": "GBP"}, "b": {"unit": "GBP"}, "c": {"unit": "GBP"}, "d": {}},
    }
    for section in ("cohorts", "outcomes", "performance"):
        if section in more:
            data[section] = more.pop(section)
    data["payments"] = {"rules": rules, "payers": {"council": 1.0}} | more
    return sib.Contract.from_dict(data)


def pounds(*names: str, **clauses: Data) -> Data:
    """Rules that pay an outcome of the same name at a price of 1."""
    return {n: {"pays": n, "price": 1} | clauses.get(n, {}) for n in (names or ("a",))}


def settle(agreed: sib.Contract, **flows: list[float]) -> Settlement:
    """What so many of each outcome, period by period, pay."""
    rows = [
        {"outcome": name, "period": t, "number": number}
        for name, flow in flows.items()
        for t, number in enumerate(flow)
        if number
    ]
    return sib.settle(agreed, pd.DataFrame(rows))


def by(settlement: Settlement, column: str, key: object, at: str = "period") -> list[float]:
    """Payments of one rule or payer by period, or by period of cash."""
    mine = settlement.payments[settlement.payments[column] == key]
    timeline = settlement.contract.timeline
    when = mine["period"] if at == "period" else mine["due"].map(timeline.period_of)
    sums = mine["amount"].groupby(when).sum()
    return [round(float(sums.get(t, 0.0)), 2) for t in range(timeline.periods)]


def taken(settlement: Settlement, limit: str) -> dict[tuple[str, int], float]:
    """What a limit took, by rule and period."""
    mine = settlement.limits[settlement.limits["limit"] == limit]
    return {(row.rule, row.period): row.taken for row in mine.itertuples()}


# --- limits ---------------------------------------------------------------------------------------


def test_a_contract_limit_cuts_all_rules_of_a_period_in_proportion():
    # 100 and 300 claimed against 200: half of each
    result = settle(contract(pounds("a", "b"), limits={"contract": 200}), a=[100, 10], b=[300])
    assert by(result, "rule", "a")[:2] == [50, 0]
    assert by(result, "rule", "b")[:2] == [150, 0]
    assert taken(result, "contract") == {("a", 0): 50, ("a", 1): 10, ("b", 0): 150}


def test_between_periods_first_come_first_served():
    result = settle(contract(pounds(), limits={"contract": 150}), a=[100, 100, 100])
    assert by(result, "rule", "a")[:3] == [100, 50, 0]


def test_a_limit_by_year_starts_afresh_after_four_quarters():
    result = settle(contract(pounds(), limits={"year": 100}), a=[80, 80, 0, 0, 80, 80])
    assert by(result, "rule", "a") == [80, 20, 0, 0, 80, 20]


def test_a_limit_by_period_does_not_carry_over():
    result = settle(contract(pounds(), limits={"period": 50}), a=[30, 80, 80])
    assert by(result, "rule", "a")[:3] == [30, 50, 50]


def test_a_limit_on_number_is_of_claims_and_comes_before_the_price():
    # 3 claims allowed, 5 made at 10 each in the second period after 1 in the first
    rules = {"d": {"pays": "d", "price": 10, "limits": {"total": {"number": 3}}}}
    result = settle(contract(rules), d=[1, 5])
    assert by(result, "rule", "d")[:2] == [10, 20]
    assert taken(result, "d.total") == {("d", 1): 30}


def test_a_claim_at_a_price_of_nothing_uses_up_no_limit():
    price = {"from": {0: 0, 1: 10}}
    rules = {"d": {"pays": "d", "price": price, "limits": {"total": {"number": 3}}}}
    assert by(settle(contract(rules), d=[3, 3]), "rule", "d")[:2] == [0, 30]


def test_only_what_is_finally_paid_uses_up_a_limit():
    # The rule may earn 100. In the first period the contract lets only 50 of its 80 through, so
    # 50 is left under the rule for the second, not 20.
    rules = pounds(a={"limits": {"total": 100}})
    result = settle(contract(rules, limits={"period": 50}), a=[80, 80])
    assert by(result, "rule", "a")[:2] == [50, 50]
    assert taken(result, "a.total") == {("a", 1): 30}
    assert taken(result, "contract.period") == {("a", 0): 30}


def test_a_limit_with_a_name_cuts_the_rules_it_lists_and_no_other():
    # 60 + 60 of the two listed against 80: two thirds of each; the third rule is whole
    limits = {"both": {"of": ["a", "b"], "total": 80}}
    result = settle(contract(pounds("a", "b", "c"), limits=limits), a=[60], b=[60], c=[60])
    assert [by(result, "rule", rule)[0] for rule in "abc"] == [40, 40, 60]
    assert taken(result, "both.total") == {("a", 0): 20, ("b", 0): 20}


def test_a_limit_by_date_is_a_limit_on_the_total_to_that_date():
    rules = pounds(a={"limits": {"total": {"from": {0: 100, 2: 250}}}})
    assert by(settle(contract(rules), a=[80, 80, 80, 80]), "rule", "a")[:4] == [80, 20, 80, 70]


def test_a_limit_by_share_is_of_what_was_accepted_so_far():
    # half of d: 2 of 4 claims of e in the first period, then 3 of 6 in all: one more
    rules = {
        "d": {"pays": "d", "price": 1},
        "e": {
            "pays": "e",
            "price": 10,
            "limits": {"total": {"number": {"share": 0.5, "of": ["d"]}}},
        },
    }
    agreed = contract(rules, outcomes={"d": {}, "e": {}})
    result = settle(agreed, d=[4, 2], e=[4, 4])
    assert by(result, "rule", "e")[:2] == [20, 10]


TWO: Data = {"north": {"people": 9, "intake": [9]}, "south": {"people": 9, "intake": [9]}}
OF_TWO: Data = {
    "d": {"cohort": ["north", "south"], "against": 0.2},
    "e": {"cohort": "north"},
}


def two_cohorts(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    """Counts by cohort, beside 5 who start in each."""
    started = [("north", "north", 0, 5), ("south", "south", 0, 5)]
    columns = ["outcome", "cohort", "period", "number"]
    return pd.DataFrame([*started, *rows], columns=columns)


def test_a_limit_by_cohort_is_one_for_each():
    rules = {"d": {"pays": "d", "price": 10, "limits": {"cohort": 30}}}
    agreed = contract(rules, cohorts=TWO, outcomes=OF_TWO)
    rows = two_cohorts(("d", "north", 0, 4), ("d", "south", 0, 1), ("d", "south", 1, 3))
    result = sib.settle(agreed, rows)
    assert by(result, "rule", "d")[:2] == [30 + 10, 20]
    assert taken(result, "d.cohort") == {("d", 0): 10, ("d", 1): 10}


def test_a_rule_for_one_cohort_may_have_a_limit_by_cohort():
    # the south has no claims under rule e, and its limit nothing to cut
    rules = {"e": {"pays": "e", "price": 10, "limits": {"cohort": 30}}}
    agreed = contract(rules, cohorts=TWO, outcomes=OF_TWO)
    assert sib.settle(agreed, two_cohorts(("e", "north", 0, 4))).paid == 30


def test_a_limit_by_cohort_is_not_on_what_is_paid_for_everyone():
    # 2 + 3 of 10 people are 3 more than 0.2 each: 3 × 10; the north's starts 5 × 10, at most 40
    rules = {
        "start": {"pays": "north", "price": 10},
        "extra": {"pays": "extra", "price": 10},
    }
    performance = {"extra": {"of": "d", "as": "additional"}}
    agreed = contract(
        rules, cohorts=TWO, outcomes=OF_TWO, performance=performance, limits={"cohort": 40}
    )
    result = sib.settle(agreed, two_cohorts(("d", "north", 1, 2), ("d", "south", 1, 3)))
    assert by(result, "rule", "start")[0] == 40
    assert by(result, "rule", "extra")[-1] == 30


def test_a_persons_limit_is_used_up_by_what_is_finally_paid():
    # One person, limit 100. Claims of 80 then 80, and the contract pays at most 50 a period: the
    # second claim has 50 left under the limit, all of which the contract lets through.
    agreed = contract(pounds(), limits={"person": 100, "period": 50})
    rows = [{"outcome": "a", "period": t, "person": "ann", "number": 80} for t in (0, 1)]
    result = sib.settle(agreed, pd.DataFrame(rows))
    assert by(result, "rule", "a")[:2] == [50, 50]
    assert taken(result, "person") == {("a", 1): 30}


def test_two_people_meet_a_limit_each_on_their_own():
    # 70 then 70 for the first, only the second claim for the other: 100 + 70
    agreed = contract(pounds(), limits={"person": 100})
    claims = [("ann", 0), ("ann", 1), ("bo", 1)]
    rows = [{"outcome": "a", "period": t, "person": who, "number": 70} for who, t in claims]
    assert by(sib.settle(agreed, pd.DataFrame(rows)), "rule", "a")[:2] == [70, 100]


# --- payers ---------------------------------------------------------------------------------------


def test_what_a_payer_may_not_pay_is_not_paid_unless_another_has_the_rest():
    shares: Data = {"council": {"share": 0.8, "limits": {"total": 100}}, "fund": 0.2}
    result = settle(contract(pounds(), payers=shares), a=[100, 100])
    assert by(result, "payer", "council")[:2] == [80, 20]
    assert by(result, "payer", "fund")[:2] == [20, 20]
    assert taken(result, "payer council.total") == {("a", 1): 60}
    result = settle(contract(pounds(), payers=shares | {"fund": "rest"}), a=[100, 100])
    assert by(result, "payer", "fund")[:2] == [20, 80]
    assert result.limits.empty


def test_the_rest_of_one_rule_may_be_another_payers():
    agreed = contract(
        pounds("a", "b", b={"payers": {"council": 0.5, "trust": "rest"}}),
        payers={
            "council": {"share": 0.5, "limits": {"total": 60}},
            "fund": 0.5,
            "trust": 0.0,
        },
    )
    result = settle(agreed, a=[100], b=[100])
    # the council owes 50 + 50 and may pay 60: what it cannot pay of b falls to the trust
    assert [by(result, "payer", who)[0] for who in ("council", "fund", "trust")] == [60, 50, 70]
    assert sum(taken(result, "payer council.total").values()) == 20


@pytest.mark.parametrize("order", [("fund", "trust"), ("trust", "fund")])
def test_who_has_the_rest_may_have_a_limit_too(order):
    # rule a: half each, up to 100 and 50; rule b: half the fund's, the rest the trust's
    payers = {
        "fund": {"share": 0.5, "limits": {"total": 100}},
        "trust": {"share": 0.5, "limits": {"total": 50}},
    }
    agreed = contract(
        pounds("a", "b", b={"payers": {"fund": 0.5, "trust": "rest"}}),
        payers={name: payers[name] for name in order},
    )
    result = settle(agreed, a=[400], b=[400])
    assert by(result, "payer", "fund")[0] == 100
    assert by(result, "payer", "trust")[0] == 50
    assert result.limits["taken"].sum() == 800 - 150


def test_payers_split_before_the_contracts_limit():
    shares = {"council": 0.8, "fund": 0.2}
    result = settle(contract(pounds(), payers=shares, limits={"contract": 50}), a=[100])
    assert [by(result, "payer", who)[0] for who in ("council", "fund")] == [40, 10]


EXTRA: Data = {"extra": {"of": "d", "as": "additional", "over": "each_cohort"}}


def test_what_is_read_of_each_cohort_may_have_a_price_and_payers_by_cohort():
    # 2 of 5 against 0.2 each: one more in either cohort, 10 for the north's and 20 for the south's;
    # the council pays a fifth of the first and nine tenths of the second, 2 + 18
    rules = {
        "extra": {
            "pays": "extra",
            "price": {"by_group": {"north": 10, "south": 20}},
            "payers": {"council": {"by_group": {"north": 0.2, "south": 0.9}}, "fund": "rest"},
        }
    }
    agreed = contract(
        rules,
        cohorts=TWO,
        outcomes=OF_TWO,
        performance=EXTRA,
        payers={"council": 0.5, "fund": 0.5},
    )
    result = sib.settle(agreed, two_cohorts(("d", "north", 1, 2), ("d", "south", 1, 2)))
    assert by(result, "payer", "council")[1] == 20
    assert by(result, "payer", "fund")[1] == 10


# --- floors ---------------------------------------------------------------------------------------


def test_a_floor_is_brought_up_to_at_the_end_of_its_span():
    # 30 in the first year of 100; 120 in what there is of the second
    result = settle(contract(pounds(), floors={"year": 100}), a=[30, 0, 0, 0, 60, 60])
    assert by(result, "rule", "floor year") == [0, 0, 0, 70, 0, 0]


def test_what_one_floor_brings_counts_under_those_that_cover_its_rules():
    # Nothing is earned. Rule a has at least 60 a year, 120 in all: the contract's 100 is met.
    floors = {"contract": 100, "least": {"of": ["a"], "year": 60}}
    result = settle(contract(pounds("a", "b"), floors=floors), c=[1])
    assert by(result, "rule", "floor least.year") == [0, 0, 0, 60, 0, 60]
    assert result.paid == 120
    # and what is brought for all rules counts where one floor covers all of them by name
    floors = {"period": 10, "least": {"of": ["a"], "year": 40}}
    result = settle(contract(pounds("a"), floors=floors), c=[1])
    assert by(result, "rule", "floor period") == [10, 10, 10, 0, 10, 0]
    assert by(result, "rule", "floor least.year") == [0, 0, 0, 10, 0, 30]


def test_a_floor_stays_within_the_contracts_limit():
    agreed = contract(pounds(), floors={"year": 50}, limits={"contract": 80})
    assert by(settle(agreed, a=[10]), "rule", "floor year") == [0, 0, 0, 40, 0, 30]


# --- dates and coins ------------------------------------------------------------------------------


def test_cash_comes_after_the_claim_and_limits_go_by_the_claim():
    # one period from claim to cash; a limit by year of 100: the claims of quarters 3 and 4 are of
    # different years though their cash falls in quarters 4 and 5
    agreed = contract(pounds(), paid_after=1, limits={"year": 100})
    result = settle(agreed, a=[0, 0, 0, 90, 90])
    assert by(result, "rule", "a", "due") == [0, 0, 0, 0, 90, 90]


def test_what_is_settled_later_moves_no_coin():
    # A third each of 100.00: 33.34 + 33.33 + 33.33, in either period and whatever follows. All at
    # once 199.98 in whole pence and two more, both of which once fell into the first period.
    third = 1 / 3
    agreed = contract(
        pounds(), periods=2, payers={"one": third, "three": third, "two": 1 - third - third}
    )
    result = settle(agreed, a=[100, 100])
    assert [by(result, "payer", who) for who in ("one", "three", "two")] == [
        [33.34, 33.34],
        [33.33, 33.33],
        [33.33, 33.33],
    ]
    assert result.paid == 200
    # half a penny a period: every other one
    assert by(settle(contract(pounds()), a=[0.125] * 4), "rule", "a")[:4] == [
        0.13,
        0.12,
        0.13,
        0.12,
    ]


def test_a_full_limit_leaves_a_rule_that_pays_nothing():
    # 0.1 + 0.2 of 0.3: in floating point 4e-17 is left for the last claim
    agreed = contract(
        {"d": {"pays": "d", "price": {"from": {0: 0.1, 1: 0.2}}},
         "e": {"pays": "e", "price": 5, "when": {"d": {"at_least": 0}}}},
        outcomes={"d": {"rate": 1, "after": 0}, "e": {"rate": 1, "after": 2}},
        cohorts={"north": {"people": 2, "intake": [1, 1]}},
        limits={"contract": 0.3},
    )  # fmt: skip
    results = sib.simulate(agreed, runs=1, progress=False)
    assert results.measure("pays[e]")[0] == 0
