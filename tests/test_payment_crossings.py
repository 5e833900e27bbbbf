"""Two ideas of the payment language meeting, worked by hand: each was wrong once."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import sibmodel as sib
from sibmodel.contract.faults import ContractError
from sibmodel.records import RecordsError
from sibmodel.settlement import Settlement

Data = dict[str, Any]


def contract(rules: Data, **payments: Any) -> sib.Contract:
    """A contract of two groups, with outcomes o and q, and a figure recorded as such."""
    return sib.Contract.from_dict(
        {
            "schema": 1,
            "name": "crossings",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "month", "periods": 24},
            "cohorts": {"c": {"groups": {"g": 10, "h": 10}, "intake": [20]}},
            "outcomes": {
                "o": {"after": 1, "rate": 1, "anyway": 0},
                "q": {"after": 2, "rate": 1, "anyway": 0},
            },
            "performance": {"figure": {"value": 1, "over": "to_date", "at": list(range(1, 20))}},
            "payments": {"rules": rules, "payers": payments.pop("payers", {"x": 1.0})} | payments,
        }
    )


def settle(agreed: sib.Contract, *rows: tuple[Any, ...], **options: Any) -> Settlement:
    """Rows of outcome, period, group and number; a figure's number is its value."""
    table = pd.DataFrame(rows, columns=["outcome", "period", "group", "number"])
    table["value"] = table["number"].where(table["outcome"] == "figure")
    table.loc[table["outcome"] == "figure", "number"] = None
    return sib.settle(agreed, table, **options)


def net(settled: Settlement) -> dict[str, float]:
    """What each payer has paid, less what was paid back to it."""
    table = settled.payments
    signed = table["amount"].where(table["direction"] == "paid", -table["amount"])
    return {k: round(v, 2) for k, v in signed.groupby(table["payer"]).sum().items()}


STARTS = [("c", 0, "g", 10), ("c", 0, "h", 10)]


@pytest.mark.parametrize("group", ["g", "c/g"])
def test_a_share_of_a_group_by_its_short_name_is_simulated_as_settled(group: str) -> None:
    limits = {"total": {"number": {"share": 0.1, "of": [group]}}}
    agreed = contract({"a": {"pays": "o", "price": 100, "limits": limits}})
    claims = [("o", 1, "g", 3), ("o", 1, "h", 2)]
    assert settle(agreed, *STARTS, *claims).paid == 100  # a tenth of 10 people
    run = sib.simulate(agreed, runs=1, uncertainty=False, shared_luck=False, chance=False)
    assert run.expected("outcome_payments") == pytest.approx(100)


def test_what_is_paid_back_goes_to_those_who_paid() -> None:
    # 50: x pays 10, its limit, and z 40. Of the 30 that come back x has a fifth, as it paid a fifth
    rules = {"a": {"pays": "figure", "price": 10, "paid_back_by": "i"}}
    payers = {"x": {"share": 0.5, "limits": {"total": 10}}, "z": "rest"}
    settled = settle(
        contract(rules, payers=payers), ("figure", 1, None, 5), ("figure", 14, None, 2)
    )
    assert net(settled) == {"x": 4, "z": 16}


def test_what_nobody_has_paid_is_paid_back_by_shares() -> None:
    rules = {"a": {"pays": "figure", "amount": {"below": {0: -40}}, "paid_back_by": "i"}}
    settled = settle(contract(rules, payers={"x": 0.25, "z": 0.75}), ("figure", 1, None, -1))
    assert net(settled) == {"x": -10, "z": -30}


@pytest.mark.parametrize(("second", "kept"), [(5, 500), (3, 300), (8, 600)])
def test_what_a_limit_cut_is_not_paid_back(second: float, kept: float) -> None:
    # the first reading earns 1,000 and pays 600; the second earns less
    rules = {"a": {"pays": "figure", "price": 100, "paid_back_by": "i", "limits": {"total": 600}}}
    agreed = contract(rules)
    settled = settle(agreed, ("figure", 1, None, 10), ("figure", 2, None, second))
    assert settled.paid == kept


def test_a_rule_whose_claims_no_limit_on_number_lets_through_has_earned_nothing() -> None:
    none = {"total": {"number": 0}}
    rules = {
        "a": {"pays": "o", "price": 100, "limits": none},
        "b": {"pays": "q", "price": 10, "unless": "a"},
    }
    claims = [("o", 1, "g", 2), ("q", 1, "g", 1), ("q", 2, "g", 1)]
    assert settle(contract(rules), *STARTS, *claims).paid == 20
    rules["a"]["limits"] = {"total": {"number": 1}}
    assert settle(contract(rules), *STARTS, *claims).paid == 100


def test_nothing_that_falls_due_later_is_settled() -> None:
    agreed = contract({"a": {"due": ["2027-05-20"], "amount": 10}})
    assert settle(agreed, *STARTS, as_at="2027-05-19").paid == 0
    assert settle(agreed, *STARTS, as_at="2027-05-20").paid == 10


def test_a_limit_of_money_cuts_a_persons_claims_of_one_period_in_proportion() -> None:
    agreed = contract(
        {"a": {"pays": "o", "price": 300}, "b": {"pays": "q", "price": 100}}, limits={"person": 200}
    )
    rows = [("c", "2027-04-01", "g"), ("o", "2027-05-02", "g"), ("q", "2027-05-20", "g")]
    table = pd.DataFrame(rows, columns=["outcome", "date", "group"]).assign(person="ann")
    assert sib.settle(agreed, table).account["paid"].tolist() == [150, 50]


def test_the_most_a_limit_per_person_could_take_of_what_one_can_have_several_of() -> None:
    agreed = contract({"a": {"pays": "o", "price": 17}}, limits={"person": 1000}).replace(
        {"outcomes.o": {"unit": "point"}}
    )
    [*_, note] = settle(agreed, *STARTS, ("o", 1, "g", 1000)).notes
    assert "GBP 16,000.00" in note  # 17,000 for one person, of whom 1,000 may be paid


@pytest.mark.parametrize(
    ("rules", "payments", "says"),
    [
        ({"a": {"due": [1, 1], "amount": 10}}, {}, "due: names 2027-05-01 twice: keep one"),
        (
            {"a": {"due": ["2027-05-01", "2027-05-01"], "amount": 10}},
            {},
            "due: names 2027-05-01 twice: keep one",
        ),
        (
            {"a": {"pays": "o", "price": 1,
                   "limits": {"total": {"number": {"share": 0.1, "of": ["c", "c/g"]}}}}},
            {},
            "counts the people of 'c/g' twice: their cohort is named too",
        ),
        (
            {"a": {"pays": "o", "price": 1}},
            {"tax": {"rate": 5, "included": True}},
            "payments.tax.rate: must be 1 or less: seen 5",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told(rules: Data, payments: Data, says: str) -> None:
    with pytest.raises(ContractError) as error:
        contract(rules, **payments)
    assert says in str(error.value)


def test_starts_that_a_limit_counts_must_be_recorded() -> None:
    limits = {"total": {"number": {"share": 0.1, "of": ["c"]}}}
    agreed = contract({"a": {"pays": "o", "price": 100, "limits": limits}})
    with pytest.raises(RecordsError, match="counts the starts of c: record the starts of c"):
        settle(agreed, ("o", 1, "g", 3))


def test_what_floors_bring_is_told_apart_from_what_claims_earn() -> None:
    agreed = contract({"a": {"pays": "o", "price": 100}}, floors={"year": 1000})
    settled = settle(agreed, *STARTS, ("o", 1, "g", 3))
    assert (settled.earned, settled.brought_by_floors, settled.paid) == (300, 1700, 2000)
    assert any("to the end of the contract, 2029-03-31" in note for note in settled.notes)
    assert settle(agreed, *STARTS, ("o", 1, "g", 3), as_at="2027-12-31").paid == 300
