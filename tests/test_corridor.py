"""The price corridor, against examples worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

import sibmodel as sib
from sibmodel.model.corridor import corridor
from sibmodel.questions.corridor import price_corridor

# V 12,000, p 0.5, d 0.2, c 2,400, K 300, f 0.9:
#   lowest (2,400 + 300) / (0.5 × 0.9) = 6,000; highest 12,000 × (0.5 − 0.2) / (0.5 × 0.9) = 8,000
DATA = {
    "schema": 1,
    "name": "corridor",
    "currency": "GBP",
    "prices": {"base": "2027-28", "inflation": 0.0},
    "timeline": {"start": "2027-04-01", "step": "year", "periods": 2},
    "parties": {"council": {"public": True}, "nhs": {"public": True}, "charity": {}},
    "cohorts": {"people": {"people": 400, "intake": [400]}},
    "outcomes": {"job": {"rate": 0.5, "anyway": 0.2, "claimed": 0.9, "after": 0}},
    "payments": {
        "rules": {"job": {"pays": "job", "price": 7000}},
        "payers": {"council": 1.0},
    },
    "delivery": {"costs": {"service": {"per_start": 2400}, "finance": {"per_start": 300}}},
    "value": {
        "discount": {"rate": 0.0},
        "benefits": {"work": {"of": "job", "per_outcome": 12000, "to": "nhs"}},
    },
}


def contract(**changes):
    changed = {path.replace("__", "."): value for path, value in changes.items()}
    return sib.Contract.from_dict(DATA).replace(changed)


def base(found, name):
    return found.table.loc[name, "base_case"]


def test_the_formulas_by_hand():
    d = np.array([0.2, 0.3])
    found = corridor(rate=0.5, anyway=d, claimed=0.9, cost=2400, finance=300, value=12_000)
    np.testing.assert_allclose(found.lowest, 6000)
    np.testing.assert_allclose(found.highest, [8000, 16_000 / 3])
    assert found.workable.tolist() == [True, False]


def test_attribution_takes_off_what_is_worth_paying_and_nobody_has_no_price():
    found = corridor(
        rate=[0.5, 0.0], anyway=[0.2, 0.0], claimed=0.9, cost=2400, finance=300, value=12_000,
        attribution=0.75,
    )  # fmt: skip
    # 12,000 × 0.3 × 0.75 = 2,700 is just what it costs: lowest and highest meet
    assert found.highest[0] == pytest.approx(6000)
    assert found.workable.tolist() == [True, False]
    assert np.isnan(found.lowest[1])


def test_the_worked_example_as_a_contract():
    found = price_corridor(contract(), "job", runs=4096)
    assert base(found, "lowest") == pytest.approx(6000)
    assert base(found, "highest") == pytest.approx(8000)
    assert found.own == pytest.approx(7000)
    assert found.stands == "within the corridor"
    for name, by_hand in (("lowest", 6000), ("highest", 8000)):
        row = found.table.loc[name]
        assert 0 < row["mc_error"] < 40
        assert abs(row["expected"] - by_hand) < 4 * row["mc_error"]
        assert row["p5"] < row["p50"] < row["p95"]
    # additional jobs are binomial; 90 of them are worth what all 400 people cost
    assert found.workable == pytest.approx(binom.sf(89, 400, 0.3), abs=0.005)


def test_its_unworkable_twin():
    found = price_corridor(contract(outcomes__job__anyway=0.3), "job", runs=4096)
    assert base(found, "highest") == pytest.approx(16_000 / 3)
    assert found.stands == "above the highest worth paying"
    # in a run: 90 additional jobs or more meet 1,080,000; each of 400 is one with chance 0.2
    assert found.workable == pytest.approx(binom.sf(89, 400, 0.2), abs=0.02)
    at = price_corridor(
        contract(outcomes__job__anyway=0.3, payments__rules__job__price=5500), "job", runs=500
    )
    assert at.stands.endswith("no price is both")


def test_the_hurdle_is_what_finance_costs():
    # 2,400 now, paid for a year later at a hurdle of 12.5%: 2,400 × 1.125 = 2,700, as above
    found = price_corridor(
        contract(
            outcomes__job__after=1,
            delivery__costs__finance=None,
            capital={
                "hurdle": 0.125,
                "tranches": {"fund": {"commitment": 960_000, "share_of_surplus": 1.0}},
            },
        ),
        "job",
        runs=10,
    )
    assert base(found, "lowest") == pytest.approx(6000)
    assert base(found, "highest") == pytest.approx(8000)
    assert "hurdle of 12.5% a year" in repr(found)


def test_other_rules_take_their_part():
    # 400 starts at 450 are 180,000 of 1,080,000: (1,080,000 − 180,000) / 180 = 5,000;
    # and (1,440,000 − 180,000 − 2 × 9,000 of running costs) / 180 = 6,900
    rules = {"start": {"pays": "people", "price": 450}, "job": {"pays": "job", "price": 7000}}
    found = price_corridor(
        contract(
            payments__rules=rules,
            payments__running_costs={"council": {"per_period": 9000}},
            payments__limits={"contract": 100_000},
        ),
        "job",
        runs=10,
    )
    assert base(found, "lowest") == pytest.approx(5000)
    assert base(found, "highest") == pytest.approx(6900)


def test_units_are_weighted_by_the_weights_of_money():
    # prices a tenth higher a year later, when the claims are paid: a nominal price of 8,800 is
    # worth 8,000; and discounted at 25%, benefits a year later too, the factor cancels
    found = price_corridor(
        contract(outcomes__job__after=1, prices__inflation=0.1, value__discount={"rate": 0.25}),
        "job",
        runs=10,
    )
    assert base(found, "highest") == pytest.approx(8800)


def test_factors_deadweight_tax_and_a_fee_on_payments():
    # each claim pays 0.8 × 0.75 of the price; of that the provider keeps what is left after tax,
    # 1 / 1.2, less a fee of a tenth of it; the payer pays the whole
    found = price_corridor(
        contract(
            payments__rules__job__factors={"bid": 0.8},
            payments__rules__job__deadweight=0.25,
            payments__tax={"rate": 0.2, "included": True},
            delivery__costs__fee={"share": 0.1, "of": "payments"},
        ),
        "job",
        runs=10,
    )
    assert base(found, "lowest") == pytest.approx(1_080_000 / (108 / 1.2 * 0.9))
    assert base(found, "highest") == pytest.approx(1_440_000 / 108)


def test_a_price_by_group_stands_at_its_mean():
    # 100 of 400 at 9,000 and 300 at 5,000, all alike: 6,000 on average
    found = price_corridor(
        contract(
            cohorts__people={"groups": {"a": 100, "b": 300}, "intake": [400]},
            payments__rules__job__price={"by_group": {"a": 9000, "b": 5000}},
        ),
        "job",
        runs=10,
    )
    assert found.own == pytest.approx(6000)
    assert base(found, "lowest") == pytest.approx(6000)


def test_a_perspective_sees_its_own_benefits_and_payments():
    shared = contract(payments__payers={"council": 0.75, "nhs": 0.25})
    nhs = price_corridor(shared, "job", perspective="nhs", runs=10)
    assert base(nhs, "highest") == pytest.approx(4 * 8000)  # all benefits, a quarter of the price
    council = price_corridor(shared, "job", perspective="council", runs=10)
    assert base(council, "highest") == 0
    public = price_corridor(shared, "job", perspective="public", runs=10)
    assert base(public, "highest") == pytest.approx(8000)
    private = price_corridor(
        contract(payments__payers={"charity": 1.0}), "job", perspective="public", runs=10
    )
    assert "no payer is public" in repr(private)


def test_what_is_not_stated_is_undefined_and_says_why():
    found = price_corridor(contract(delivery=None, outcomes__job__anyway=None), "job", runs=10)
    assert found.table["expected"].isna().tolist() == [True, False, True]
    assert math.isnan(found.workable)
    assert "no delivery costs are stated" in repr(found)
    assert "anyway" in found.table.loc["highest", "note"]
    assert "undefined" in found._repr_html_()


def test_an_uncertain_price_that_moves_with_another_number():
    uncertain = contract(
        payments__rules__job__price={"uniform": [6000, 8000], "source": "bids"},
        outcomes__job__rate={"uniform": [0.4, 0.6], "source": "others"},
        correlations=[
            {
                "between": ["payments.rules.job.price", "outcomes.job.rate"],
                "spearman": 0.5,
                "source": "bids",
            }
        ],
    )
    found = price_corridor(uncertain, "job", runs=500)
    assert found.own == pytest.approx(7000)
    assert base(found, "lowest") == pytest.approx(6000)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"pays": "job", "amount": 7000}, "pays an amount"),
        ({"due": [0], "amount": 7000}, "pays on due dates"),
        ({"pays": "job", "price": {"each_above": {0: 7000, 50: 6000}}}, "table of numbers"),
    ],
)
def test_other_kinds_of_rules_are_refused(rule, said):
    with pytest.raises(ValueError, match=said):
        price_corridor(contract(payments__rules={"job": rule}), "job", runs=10)


def test_unknown_names_are_told():
    with pytest.raises(KeyError, match="did you mean 'job'"):
        price_corridor(contract(), "jobs", runs=10)
    with pytest.raises(KeyError, match="no perspective called 'nhs'"):
        price_corridor(contract(), "job", perspective="nhs", runs=10)
