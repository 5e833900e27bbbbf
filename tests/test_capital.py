"""The account against answers worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from deals import deal, flow, paid_by, to, total

from sibmodel.model.measures import measures, values


@pytest.mark.parametrize(
    ("back", "manager"),
    # 8% a year on 100 over five years is 46.9328. All to investors up to that; then all to the
    # manager until it has 20% of all profit, 46.9328 × 0.2/0.8 = 11.7332; then 80 to 20.
    [(300.0, 40.0), (150.0, 3.0672), (140.0, 0.0), (90.0, 0.0)],
)
def test_preferred_return_catch_up_and_carry(back: float, manager: float) -> None:
    capital = {
        "order": ["fund", "preferred", "catch_up", "split"],
        "tranches": {"fund": {"commitment": 100}},
        "surplus": {
            "preferred": {"to": {"fund": 1}, "until": {"irr": 0.08}},
            "catch_up": {"to": {"manager": 1}, "until": {"share_of_profit": 0.2}},
            "split": {"to": {"fund": 0.8, "manager": 0.2}},
        },
    }
    stages = deal(capital, periods=6, payments={5: back}, costs={"all": {"amount": 100}})
    assert sum(to(stages, "manager")) == pytest.approx(manager, abs=5e-5)
    assert total(stages, "fund", "principal", "surplus") == pytest.approx(back - manager, abs=5e-5)
    assert stages.account is not None
    assert float(stages.account.lost["fund"][0]) == pytest.approx(max(100 - back, 0))


def test_drawdown_payback_and_multiple() -> None:
    # months: −50 × 12, −20 × 6, +10 × 6, +60 × 18: deepest 720 after 18; 660 left after 24, and
    # 11 × 60 more bring it back in the 35th month, period 34; 1,140 / 720 = 1.58333
    payments = {t: 10.0 if t < 24 else 60.0 for t in range(18, 42)}
    costs = {
        "first": {"per_period": 50, "for": 12},
        "then": {"per_period": 20, "from": 12, "for": 6},
    }
    capital = {"tranches": {"fund": {"commitment": 720, "share_of_surplus": 1.0}}}
    stages = deal(capital, periods=42, step="month", payments=payments, costs=costs)
    found = values(stages, measures(stages.contract))
    assert found["capital_at_risk"][0] == pytest.approx(720)
    assert found["payback"][0] == pytest.approx(34 / 12)
    assert found["investor_multiple"][0] == pytest.approx(1140 / 720)


@pytest.mark.parametrize(
    # received before that month's costs; costs first is the same as receipts a month later
    ("first", "deepest"), [(9, 900.0), (10, 1000.0)],
)  # fmt: skip
def test_recycling_costs_of_100_and_receipts_of_115(first: int, deepest: float) -> None:
    capital = {
        "recycle": True,
        "tranches": {"fund": {"commitment": 2400, "share_of_surplus": 1.0}},
    }
    stages = deal(
        capital,
        periods=36,
        step="month",
        payments=dict.fromkeys(range(first, first + 24), 115.0),
        costs={"team": {"per_period": 100, "for": 24}},
    )
    assert total(stages, "fund", "drawn") == pytest.approx(deepest)
    assert sum(stages.costs[:, 0]) == pytest.approx(2400)
    net = stages.investor_cash_flow[:, 0]
    assert net.sum() == pytest.approx(360)
    assert -np.cumsum(net).min() == pytest.approx(deepest)
    # what comes in before the last cost, above its cost, waits for the last cost
    assert not any(flow(stages, "fund", "principal", "surplus")[:23])


@pytest.mark.parametrize(
    ("step", "interest", "each"),
    [
        # 1,000 × 0.06 / (1 − 1.06^−5)
        ("year", 0.06, 237.39640043),
        # 0.015 a quarter: 1,000 × 0.015 / (1 − 1.015^−5)
        ("quarter", {"rate": 0.06, "paid": "each_period"}, 209.08932318),
        # 1.06^¼ − 1 = 0.01467385 a quarter
        ("quarter", 0.06, 208.88980274),
    ],
)
def test_a_level_loan_is_repaid_in_equal_instalments(step: str, interest: Any, each: float) -> None:
    nominal = 0.06 if step == "year" else 0.015 if isinstance(interest, dict) else 1.06**0.25 - 1
    assert each == pytest.approx(-npf.pmt(nominal, 5, 1000), abs=1e-6)
    loan = {
        "commitment": 1000,
        "draw": "at_once",
        "repaid": {"level": {"from": 1, "until": 5}},
        "interest": interest,
        "due_from": "council",
    }
    stages = deal(
        {"tranches": {"loan": loan}}, periods=7, step=step, costs={"all": {"amount": 1000}}
    )
    both = flow(stages, "loan", "interest", "principal")
    assert both == pytest.approx([0, each, each, each, each, each, 0])
    numbers = np.arange(1, 6)
    assert flow(stages, "loan", "interest")[1:6] == pytest.approx(
        -npf.ipmt(nominal, numbers, 5, 1000)
    )
    assert flow(stages, "loan", "principal")[1:6] == pytest.approx(
        -npf.ppmt(nominal, numbers, 5, 1000)
    )
    assert paid_by(stages, "council") == pytest.approx(both)


def test_an_instalment_that_is_missed_stays_owed_and_grows() -> None:
    # 100 at 10%, due in periods 1 and 2: 110 / (1 + 1/1.1) = 57.6190 each. Nothing comes in until
    # period 3, when 100 × 1.1³ = 133.1 is owed and paid; 6.9 is left
    capital = {
        "order": ["loan", "rest"],
        "tranches": {
            "loan": {
                "commitment": 100,
                "draw": "at_once",
                "interest": 0.1,
                "repaid": {"level": {"from": 1, "until": 2}},
            }
        },
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    stages = deal(capital, periods=5, payments={3: 140}, costs={"all": {"amount": 100}})
    assert flow(stages, "loan", "interest") == pytest.approx([0, 0, 0, 33.1, 0])
    assert flow(stages, "loan", "principal") == pytest.approx([0, 0, 0, 100, 0])
    assert to(stages, "provider") == pytest.approx([0, 0, 0, 6.9, 0])


def test_what_a_payer_brings_for_one_bond_is_not_shared_with_its_equals() -> None:
    # both due 110 in period 1; only one has a payer, and there is nothing in the account
    bond = {"commitment": 100, "draw": "at_once", "repaid": "at_end", "interest": 0.1}
    capital = {
        "order": [["first", "second"], "rest"],
        "tranches": {"first": {**bond, "due_from": "council"}, "second": bond},
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    stages = deal(capital, periods=2, costs={"all": {"amount": 200}})
    assert total(stages, "first", "interest", "principal") == pytest.approx(110)
    assert total(stages, "second", "interest", "principal") == pytest.approx(0)


def test_a_payers_limit_cuts_what_is_due_from_it_and_the_account_pays_the_rest() -> None:
    # 300 due each in period 1 from a payer who may pay 400 in all, 100 of which are outcome
    # payments; these lie in the account. 150 each are brought, 50 each come from the account
    bond = {"commitment": 300, "draw": "at_once", "repaid": "at_end", "due_from": "council"}
    capital = {
        "order": [["first", "second"], "rest"],
        "tranches": {"first": bond, "second": bond},
        "surplus": {"rest": {"to": {"provider": 1}}},
        "distribute": "at_end",
    }
    stages = deal(
        capital,
        periods=2,
        payments={0: 100},
        payers={"council": {"share": 1.0, "limits": {"total": 400}}},
        costs={"all": {"amount": 600}},
    )
    assert flow(stages, "first", "principal") == pytest.approx([0, 200])
    assert flow(stages, "second", "principal") == pytest.approx([0, 200])
    assert paid_by(stages, "council") == pytest.approx([100, 300])


def test_fees_on_commitments_undrawn_outstanding_and_payments() -> None:
    # 1,000 committed, 400 drawn by schedule at 0 and 300 at 2. Arrangement 2% of 1,000 at 0: 20.
    # Undrawn at the start of each year: 1,000, 600, 600, 300 at 1%: 10, 6, 6, 3.
    # Outstanding: 0, 400, 400, 700 at 2%: 0, 8, 8, 14. Payments of 120 hold 20 of tax: 5% of 100.
    capital = {
        "order": ["fund", "rest"],
        "account": {"opening": 500},
        "tranches": {"fund": {"commitment": 1000, "draw": {0: 0.4, 2: 0.3}, "repaid": "at_end"}},
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    costs = {
        "arrangement": {"share": 0.02, "of": "commitments", "to": "arranger"},
        "commitment": {"rate": 0.01, "of": "undrawn", "to": "lender"},
        "management": {"rate": 0.02, "of": "outstanding", "to": "manager"},
        "success": {"share": 0.05, "of": "payments", "to": "manager", "tax": 0.2},
        "advice": {"share": 0.5, "of": "arrangement", "to": "adviser"},
    }
    stages = deal(
        capital,
        periods=4,
        payments={1: 120, 3: 240},
        costs=costs,
        tax={"rate": 0.2, "included": True},
    )
    assert to(stages, "arranger", "cost") == pytest.approx([20, 0, 0, 0])
    assert to(stages, "lender", "cost") == pytest.approx([10, 6, 6, 3])
    assert to(stages, "manager", "cost") == pytest.approx([0, 8 + 5, 8, 14 + 10])
    assert to(stages, "adviser", "cost") == pytest.approx([10, 0, 0, 0])
    assert to(stages, "tax_authority", "tax") == pytest.approx([0, 1, 0, 2])
    assert stages.costs[:, 0] == pytest.approx([40, 20, 14, 29])


def test_a_fee_in_the_order_waits_for_its_turn_and_is_not_drawn_for() -> None:
    # 50 a year falls due in years 0 to 2; the fund's 100 comes first. 80 in year 1 goes to the
    # fund; of 130 in year 2 it has 20, and the fee its 110 of the 150 by then due; the last 40
    # are paid out of the 60 of year 3
    capital = {
        "order": ["fund", "fee", "rest"],
        "tranches": {"fund": {"commitment": 500}},
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    stages = deal(
        capital,
        periods=4,
        payments={1: 80, 2: 130, 3: 60},
        costs={"team": {"amount": 100}, "fee": {"per_period": 50, "for": 3, "to": "manager"}},
    )
    assert flow(stages, "fund", "drawn") == pytest.approx([100, 0, 0, 0])
    assert flow(stages, "fund", "principal") == pytest.approx([0, 80, 20, 0])
    assert to(stages, "manager", "cost") == pytest.approx([0, 0, 110, 40])
    assert to(stages, "provider") == pytest.approx([0, 0, 0, 20])


def test_what_is_left_below_a_tranche_that_waits_stays_in_the_account() -> None:
    # the bond is repaid at the end, so nothing passes it before; then the provider has the rest
    capital = {
        "order": ["bond", "rest"],
        "tranches": {"bond": {"commitment": 100, "repaid": "at_end"}},
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    stages = deal(capital, periods=4, payments={1: 90, 2: 90}, costs={"all": {"amount": 100}})
    assert stages.account is not None
    assert stages.account.balance[:, 0] == pytest.approx([0, 90, 180, 0])
    assert flow(stages, "bond", "principal") == pytest.approx([0, 0, 0, 100])
    assert to(stages, "provider") == pytest.approx([0, 0, 0, 80])


def test_principal_at_risk_that_is_not_due_stands_in_nobodys_way() -> None:
    # half of the principal is due at the close: the other half is lost, and the rest goes on
    capital = {
        "order": ["bond", "rest"],
        "tranches": {"bond": {"commitment": 100, "repaid": "at_end", "principal": 0.5}},
        "surplus": {"rest": {"to": {"provider": 1}}},
    }
    stages = deal(capital, periods=2, payments={1: 90}, costs={"all": {"amount": 100}})
    assert flow(stages, "bond", "principal") == pytest.approx([0, 50])
    assert to(stages, "provider") == pytest.approx([0, 40])


def test_costs_carried_beyond_the_last_are_met_from_all_that_comes_in() -> None:
    # 100 falls due at 0 and only 30 can be drawn; payments are not recycled, but after the last
    # cost the account is one purse: 50 of year 1 and 20 of year 2 go to costs, then 70 is surplus
    capital = {
        "on_shortfall": "carried_forward",
        "tranches": {"fund": {"commitment": 30, "share_of_surplus": 1.0}},
    }
    stages = deal(capital, periods=4, payments={1: 50, 2: 90}, costs={"all": {"amount": 100}})
    assert stages.account is not None
    assert stages.account.met[:, 0] == pytest.approx([30, 50, 20, 0])
    assert not stages.account.unmet.any()
    assert flow(stages, "fund", "principal", "surplus") == pytest.approx([0, 0, 70, 0])


def test_delivery_stops_in_the_period_after_a_cost_could_not_be_met() -> None:
    capital = {
        "on_shortfall": "delivery_stops",
        "tranches": {"fund": {"commitment": 150, "share_of_surplus": 1.0}},
    }
    stages = deal(
        capital, periods=5, payments={4: 60}, costs={"team": {"per_period": 100, "for": 4}}
    )
    assert stages.account is not None
    assert stages.account.met[:, 0] == pytest.approx([100, 50, 0, 0, 0])
    assert stages.account.unmet[:, 0] == pytest.approx([0, 50, 0, 0, 0])
    assert stages.account.costs[:, 0] == pytest.approx([100, 100, 0, 0, 0])
    assert flow(stages, "fund", "principal") == pytest.approx([0, 0, 0, 0, 60])


def test_two_settlements_share_what_the_account_holds() -> None:
    # 100 in the account; 150 and 50 are to be paid out of it, and 20 comes in the same day
    capital = {
        "account": {"opening": 100},
        "tranches": {"fund": {"commitment": 0, "share_of_surplus": 1.0}},
        "settlements": {
            "large": {"from": "account", "to": "one", "amount": 150, "at": 1},
            "small": {"from": "account", "to": "two", "amount": 50, "at": 1},
            "late": {"from": "account", "to": "three", "amount": -20, "at": 1},
        },
        "distribute": "at_end",
    }
    stages = deal(capital, periods=3)
    assert to(stages, "one", "settlement") == pytest.approx([0, 90, 0])
    assert to(stages, "two", "settlement") == pytest.approx([0, 30, 0])


@pytest.mark.parametrize(
    ("clause", "pays"),
    # 100 drawn, 30 back: 70 is missing of all of it, 50 of four fifths
    [({}, 70), ({"up_to": 0.8}, 50), ({"up_to": 0.8, "share": 0.5}, 25), ({"limit": 40}, 40),
     ({"up_to": 0.2}, 0)],
)  # fmt: skip
def test_a_guarantee_pays_a_share_of_what_is_missing_up_to_its_limit(
    clause: dict[str, float], pays: float
) -> None:
    capital = {
        "tranches": {"fund": {"commitment": 100, "share_of_surplus": 1.0}},
        "guarantees": {"backing": {"by": "foundation", "covers": "fund", **clause}},
    }
    stages = deal(capital, periods=3, payments={1: 30}, costs={"all": {"amount": 100}})
    assert flow(stages, "fund", "guaranteed") == pytest.approx([0, 0, pays])
    assert stages.account is not None
    # whatever makes it good, the account could not repay 70
    assert float(stages.account.lost["fund"][0]) == pytest.approx(70)


# --- fees that wait, limits on bonds --------------------------------------------------------------


def test_rolled_up_interest_goes_with_principal_repaid_on_a_date() -> None:
    # 100 at 10%, back after two years: 121; the provider has the other 79 of 200
    stages = deal(
        {
            "order": ["loan", "rest"],
            "tranches": {"loan": {"commitment": 100, "repaid": {2: 1.0}, "interest": 0.1}},
            "surplus": {"rest": {"to": {"provider": 1}}},
        },
        periods=6,
        payments={2: 200},
        costs={"service": {"amount": 100}},
    )
    assert flow(stages, "loan", "principal")[2] == pytest.approx(100)
    assert flow(stages, "loan", "interest")[2] == pytest.approx(21)
    assert stages.provider_cash_flow[:, 0].tolist() == pytest.approx([0, 0, 79, 0, 0, 0])


def test_a_fee_below_a_step_does_not_overtake_it_at_the_close() -> None:
    # loan 100, then 10% on it (161.05 after five years), then a fee of 50: 125 all go to the loan
    for periods in (6, 7):
        stages = deal(
            {
                "order": ["loan", "return", "fee", "rest"],
                "tranches": {"loan": {"commitment": 100}},
                "surplus": {
                    "return": {"to": {"loan": 1}, "until": {"irr": 0.1}},
                    "rest": {"to": {"provider": 1}},
                },
            },
            periods=periods,
            payments={5: 125},
            costs={"service": {"amount": 100}, "fee": {"amount": 50, "at": 5, "to": "manager"}},
        )
        assert sum(flow(stages, "loan", "principal", "surplus")) == pytest.approx(125)
        assert stages.account is not None
        assert stages.account.unmet.sum() == pytest.approx(50)


def test_what_a_limit_takes_of_a_bond_is_counted_once() -> None:
    # 100 at 10% a year for three years, of which the council may pay 5 in all: 125 are cut
    stages = deal(
        {
            "tranches": {
                "bond": {
                    "commitment": 100,
                    "draw": "at_once",
                    "repaid": "at_end",
                    "due_from": "council",
                    "interest": {"rate": 0.1, "paid": "each_year"},
                }
            },
            "surplus": {"rest": {"to": {"provider": 1}}},
        },
        periods=4,
        payers={"council": {"share": 1.0, "limits": {"total": 5}}},
        costs={"service": {"amount": 100}},
    )
    assert stages.taken_by_limits[0] == pytest.approx(125)
    assert stages.paid.cut["payer council.total"][0] == pytest.approx(125)
