"""The payment stage by hand: limits, payers and cash dates on figures small enough to see."""

import numpy as np
import pytest

from sibmodel.contract.payments import Payments
from sibmodel.model.limits import PersonLimit
from sibmodel.model.payments import pay


def clause(rules=("a",), **more):
    """A payments clause whose rules pay an outcome of the same name at a price of 1."""
    limits = more.pop("rule_limits", {})
    return Payments.model_validate(
        {
            "rules": {
                name: {"pays": name, "price": 1, "limits": limits.get(name, {})} for name in rules
            },
            "payers": {"council": 1.0},
            **more,
        }
    )


def paid(payments, earned, number=None, people=None, **options):
    """Pay what rules earn by period (rule, period) in one run."""
    earned = np.array(earned, dtype=float)[:, :, None]
    if number is not None:
        number = np.array(number, dtype=float)[:, :, None]
    return pay(
        payments,
        number=number,
        earned=earned,
        periods_per_year=4,
        people=people,
        detail=True,
        **options,
    )


def test_a_contract_limit_cuts_all_rules_of_a_period_in_proportion():
    # 100 and 300 claimed against 200: half of each
    result = paid(clause(("a", "b"), limits={"contract": 200}), [[100, 10], [300, 0]])
    assert result.paid[:, :, 0].tolist() == [[50, 0], [150, 0]]
    assert result.cut["contract"][:, :, 0].tolist() == [[50, 10], [150, 0]]


def test_between_periods_first_come_first_served():
    result = paid(clause(limits={"contract": 150}), [[100, 100, 100]])
    assert result.paid[0, :, 0].tolist() == [100, 50, 0]


def test_a_limit_by_year_starts_afresh_after_four_quarters():
    result = paid(clause(limits={"year": 100}), [[80, 80, 0, 0, 80, 80]])
    assert result.paid[0, :, 0].tolist() == [80, 20, 0, 0, 80, 20]


def test_a_limit_by_period_does_not_carry_over():
    result = paid(clause(limits={"period": 50}), [[30, 80, 80]])
    assert result.paid[0, :, 0].tolist() == [30, 50, 50]


def test_a_limit_on_number_is_of_claims_and_comes_before_the_price():
    # 3 claims allowed, 5 made at 10 each in the second period after 1 in the first
    payments = clause(rule_limits={"a": {"total": {"number": 3}}})
    result = paid(payments, [[10, 50]], number=[[1, 5]])
    assert result.paid[0, :, 0].tolist() == [10, 20]
    assert result.cut["a.total"][0, :, 0].tolist() == [0, 30]


def test_a_claim_at_a_price_of_nothing_uses_up_no_limit():
    payments = clause(rule_limits={"a": {"total": {"number": 3}}})
    result = paid(payments, [[0, 30]], number=[[3, 3]])
    assert result.paid[0, :, 0].tolist() == [0, 30]


def test_only_what_is_finally_paid_uses_up_a_limit():
    # The rule may earn 100. In the first period the contract lets only 50 of its 80 through, so
    # 50 is left under the rule for the second, not 20.
    payments = clause(rule_limits={"a": {"total": 100}}, limits={"period": 50})
    result = paid(payments, [[80, 80]])
    assert result.paid[0, :, 0].tolist() == [50, 50]
    assert result.cut["a.total"][0, :, 0].tolist() == [0, 30]
    assert result.cut["contract.period"][0, :, 0].tolist() == [30, 0]


def test_what_a_payer_may_not_pay_is_not_paid_unless_another_has_the_rest():
    shares = {"council": {"share": 0.8, "limits": {"total": 100}}, "fund": 0.2}
    result = paid(clause(payers=shares), [[100, 100]])
    assert result.by_payer[:, :, 0].tolist() == [[80, 20], [20, 20]]
    assert result.cut["payer council.total"][0, :, 0].tolist() == [0, 60]
    shares["fund"] = "rest"
    result = paid(clause(payers=shares), [[100, 100]])
    assert result.by_payer[:, :, 0] == pytest.approx(np.array([[80, 20], [20, 80]]))
    assert not result.cut


def test_the_rest_of_one_rule_may_be_another_payers():
    payments = Payments.model_validate(
        {
            "rules": {
                "a": {"pays": "a", "price": 1},
                "b": {"pays": "b", "price": 1, "payers": {"council": 0.5, "trust": "rest"}},
            },
            "payers": {
                "council": {"share": 0.5, "limits": {"total": 60}},
                "fund": 0.5,
                "trust": 0.0,
            },
        }
    )
    result = paid(payments, [[100], [100]])
    # the council owes 50 + 50 and may pay 60: what it cannot pay of b falls to the trust
    assert result.by_payer[:, 0, 0] == pytest.approx([60, 50, 70])
    assert result.cut["payer council.total"].sum() == pytest.approx(20)


@pytest.mark.parametrize("order", [("fund", "trust"), ("trust", "fund")])
def test_who_has_the_rest_may_have_a_limit_too(order):
    # rule a: half each, up to 100 and 50; rule b: half the fund's, the rest the trust's
    payers = {
        "fund": {"share": 0.5, "limits": {"total": 100}},
        "trust": {"share": 0.5, "limits": {"total": 50}},
    }
    payments = Payments.model_validate(
        {
            "rules": {
                "a": {"pays": "a", "price": 1},
                "b": {"pays": "b", "price": 1, "payers": {"fund": 0.5, "trust": "rest"}},
            },
            "payers": {name: payers[name] for name in order},
        }
    )
    result = paid(payments, [[400], [400]])
    by_payer = dict(zip(order, result.by_payer[:, 0, 0], strict=True))
    assert by_payer == pytest.approx({"fund": 100, "trust": 50})
    assert sum(cut.sum() for cut in result.cut.values()) == pytest.approx(800 - 150)


def test_payers_split_before_the_contracts_limit():
    result = paid(clause(payers={"council": 0.8, "fund": 0.2}, limits={"contract": 50}), [[100]])
    assert result.by_payer[:, 0, 0] == pytest.approx([40, 10])


def test_cash_comes_after_the_claim_and_limits_go_by_the_claim():
    # one period from claim to cash; a limit by year of 100: the claims of quarter 3 and 4 are of
    # different years though their cash falls in quarters 4 and 5
    result = paid(clause(paid_after=1, limits={"year": 100}), [[0, 0, 0, 90, 90, 0]])
    assert result.paid[0, :, 0].tolist() == [0, 0, 0, 0, 90, 90]


def test_a_persons_limit_is_used_up_by_what_is_finally_paid():
    # One person, limit 100. Claims of 80 then 80, and the contract pays at most 50 a period: the
    # second claim has 50 left under the limit, all of which the contract lets through.
    people = PersonLimit(100.0, rules=1, runs=1)
    people.add_people(1)
    for period in (0, 1):
        people.add_claims(rule=0, period=period, price=80.0, claimed=np.ones((1, 1), dtype=bool))
    result = paid(clause(limits={"person": 100, "period": 50}), [[80, 80]], people=people)
    assert result.paid[0, :, 0].tolist() == [50, 50]
    assert result.cut["person"][0, :, 0].tolist() == [0, 30]


def test_two_people_meet_a_limit_each_on_their_own():
    # 70 then 70 for the first, only the second claim for the other: 100 + 70
    people = PersonLimit(100.0, rules=1, runs=1)
    people.add_people(2)
    people.add_claims(rule=0, period=0, price=70.0, claimed=np.array([[True], [False]]))
    people.add_claims(rule=0, period=1, price=70.0, claimed=np.array([[True], [True]]))
    result = paid(clause(limits={"person": 100}), [[70, 140]], people=people)
    assert result.paid[0, :, 0] == pytest.approx([70, 100])


def test_the_joint_payments_add_up_to_both_margins():
    result = paid(
        clause(("a", "b"), payers={"council": 0.7, "fund": 0.3}, limits={"contract": 130}),
        [[60, 60], [20, 20]],
        keep_joint=True,
    )
    assert result.joint.sum(axis=0) == pytest.approx(result.paid)
    assert result.joint.sum(axis=1) == pytest.approx(result.by_payer)
