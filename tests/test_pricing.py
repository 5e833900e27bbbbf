"""Which price, commitment, share or guarantee reaches a target; and that none does."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sibmodel as sib

BOND = sib.library.load("closed_form_bond")
PRICE = "payments.rules.success.price"
RUNS = 1024


def test_a_planted_price_is_found() -> None:
    dearer = sib.simulate(BOND.replace({PRICE: 5432.1}), runs=RUNS, keep="measures")
    median = dearer.percentile("investor_irr", 50)
    answer = sib.price_for(BOND, PRICE, investor_irr=median, runs=RUNS)
    # the same people face every price, so only the width of the last interval is left
    assert answer.value == pytest.approx(5432.1, abs=4 * 5000 * 1e-4)
    assert answer.low < answer.value < answer.high
    again = sib.simulate(BOND.replace({PRICE: answer.value}), runs=RUNS, keep="measures")
    assert again.percentile("investor_irr", 50) >= median


def test_a_payment_is_proportional_to_its_price() -> None:
    # expected payment 400,000 at 5,000 (200 people, rate 0.4): 440,000 needs 5,500 by hand
    paid = sib.simulate(BOND, runs=RUNS, keep="measures").expected("outcome_payments")
    answer = sib.price_for(BOND, PRICE, outcome_payments=paid * 1.1, confidence=None, runs=RUNS)
    assert answer.value == pytest.approx(5500, abs=2)
    assert answer.value <= 5500  # on the side that pays no more


def test_confidence_is_a_share_of_runs() -> None:
    sure = sib.price_for(BOND, PRICE, investor_irr=0.05, confidence=0.9, runs=RUNS)
    even = sib.price_for(BOND, PRICE, investor_irr=0.05, confidence=0.5, runs=RUNS)
    assert sure.value > even.value
    rate = sib.simulate(BOND.replace({PRICE: sure.value}), runs=RUNS).measure("investor_irr")
    assert np.mean(rate >= 0.05) >= 0.9


def test_a_chance_of_loss_is_reached_by_its_expected_value() -> None:
    answer = sib.price_for(BOND, PRICE, investor_loses=0.02, runs=RUNS)
    assert answer.confidence is None
    loses = sib.simulate(BOND.replace({PRICE: answer.value}), runs=RUNS).expected("investor_loses")
    assert 0 < loses <= 0.02


def test_where_none_does_it_says_so_and_shows_the_curve() -> None:
    answer = sib.price_for(BOND, PRICE, investor_irr=5.0, between=(1000, 2000), runs=256)
    assert not answer.found
    assert math.isnan(answer.value)
    assert repr(answer).startswith(f"No {PRICE} gives investor_irr of 500.0%")
    assert "no value reaches it" in answer.note
    assert answer.curve["value"].tolist() == np.linspace(1000, 2000, 9).tolist()
    assert not answer.curve["reaches"].any()


def test_where_every_value_does_it_says_so() -> None:
    answer = sib.price_for(BOND, PRICE, investor_irr=-0.9, between=(4000, 6000), runs=256)
    assert answer.value == 4000
    assert answer.note == "Every value looked at reaches it"


def test_wrong_questions() -> None:
    with pytest.raises(ValueError, match="takes one target"):
        sib.price_for(BOND, PRICE, investor_irr=0.1, investor_loses=0.1)
    with pytest.raises(KeyError, match="did you mean 'investor_irr'"):
        sib.price_for(BOND, PRICE, investor_ir=0.1)
    with pytest.raises(ValueError, match="say between which values"):
        sib.price_for(BOND, "payments.limits.contract", investor_irr=0.1)
    with pytest.raises(ValueError, match="leads nowhere; did you mean 'price'"):
        sib.price_for(BOND, "payments.rules.success.prize", investor_irr=0.1)
    with pytest.raises(ValueError, match=r"net_present_value.* is undefined for this contract"):
        sib.price_for(BOND, PRICE, {"net_present_value[society]": 0})
    with pytest.raises(ValueError, match="confidence is a share"):
        sib.price_for(BOND, PRICE, investor_irr=0.1, confidence=90)


def test_the_smallest_commitment() -> None:
    # all cost, 360,000, is due at once: with less some of it goes unmet in every run
    answer = sib.smallest_commitment(BOND, shortfall=0.05, runs=256)
    assert answer.value == pytest.approx(360_000, rel=2e-4)
    assert answer.value >= 360_000


def test_the_smallest_commitment_where_all_may_fall_short_is_nothing() -> None:
    assert sib.smallest_commitment(BOND, shortfall=1.0, runs=64).value == 0


def test_a_guarantee_that_brings_the_chance_of_loss_down() -> None:
    guaranteed = BOND.replace(
        {"capital.guarantees": {"fund": {"by": "guarantor", "covers": "investor", "up_to": 0.9}}}
    )
    answer = sib.price_for(
        guaranteed,
        "capital.guarantees.fund.up_to",
        investor_loss=500.0,
        confidence=None,
        between=(0.0, 1.0),
        runs=RUNS,
    )
    loss = sib.simulate(
        guaranteed.replace({"capital.guarantees.fund.up_to": answer.value}), runs=RUNS
    ).expected("investor_loss")
    assert loss <= 500
    assert loss == pytest.approx(500, rel=0.01)
