"""The account against contracts as they were published.

Figures are those of the public record (INDIGO, evaluations, press); where a part is assumed, or is
a rounding of what was published, the test says so. Periods are years unless said.
"""

from __future__ import annotations

import pytest
from deals import Data, deal, flow, paid_by, rate, to, total

from sibmodel.model.measures import measures, values
from sibmodel.model.returns import STATUSES

# Rikers Island: the table as published; guarantee 75% of the loan. 0.5 at 8.5% is not published.
RIKERS: Data = {
    "tranches": {
        "loan": {
            "commitment": 9_600_000,
            "repaid": "at_end",
            "due_from": "council",
            "principal": {
                "by": "reduction",
                "below": {0.085: 0},
                "at_least": {0.085: 0.5, 0.10: 1},
            },
            "interest": {
                "by": "reduction",
                "below": {0.10: 0},
                "at_least": {
                    0.10: 0, 0.11: 0.012, 0.12: 0.015, 0.13: 0.019, 0.16: 0.033, 0.20: 0.051
                },
            },
        }
    },
    "guarantees": {
        "backing": {
            "by": "foundation",
            "covers": "loan",
            "up_to": {"from": {0: 0.833333, 4: 0.75}},
            "limit": 7_200_000,
        }
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("reduction", "interest", "city", "guarantor"),
    [
        (0.084, None, 0.0, 7_200_000),
        (0.09, None, 4_800_000, 2_400_000),
        (0.10, 0.0, 9_600_000, 0),
        (0.11, 0.012, 9_600_000 * 1.012**4, 0),
        (0.12, 0.015, 9_600_000 * 1.015**4, 0),
        (0.13, 0.019, 9_600_000 * 1.019**4, 0),
        (0.16, 0.033, 9_600_000 * 1.033**4, 0),
        (0.20, 0.051, 11_712_000, 0),  # 9.6 × 1.051⁴ = 11.713
    ],
)
def test_rikers_island(
    reduction: float, interest: float | None, city: float, guarantor: float
) -> None:
    costs = {"all": {"amount": 9_600_000}}
    stages = deal(RIKERS, periods=5, costs=costs, figures={"reduction": reduction})
    assert sum(paid_by(stages, "council")) == pytest.approx(city, rel=2e-4)
    assert total(stages, "loan", "guaranteed") == pytest.approx(guarantor)
    if interest is None:
        received = total(stages, "loan", "interest", "principal", "guaranteed")
        assert received == pytest.approx(0.75 * 9_600_000)
    else:
        assert rate(stages, "loan") == pytest.approx(interest, abs=1e-9)


def test_rikers_island_ends_in_its_fourth_year() -> None:
    # drawn to 7.2m of four equal parts; 6.0m made good; the lender loses 1.2m
    ending = {"at": 3, "if": {"reduction": {"below": 0.10}}, "settles": "at_once"}
    capital = {**RIKERS, "endings": {"option": ending}}
    costs = {"team": {"per_period": 2_400_000, "for": 4}}
    stages = deal(capital, periods=5, costs=costs, figures={"reduction": 0.084})
    assert flow(stages, "loan", "drawn") == pytest.approx([2_400_000] * 3 + [0, 0])
    assert flow(stages, "loan", "guaranteed") == pytest.approx([0, 0, 0, 6_000_000, 0], abs=3)
    assert sum(paid_by(stages, "council")) == 0
    assert stages.investor_cash_flow.sum() == pytest.approx(-1_200_000, abs=3)


def test_educate_girls() -> None:
    costs = {"all": {"amount": 270_000}}
    plain = {"tranches": {"ubs": {"commitment": 270_000, "share_of_surplus": 1.0}}}
    assert rate(deal(plain, periods=4, payments={3: 414_085}, costs=costs), "ubs") == pytest.approx(
        0.1532, abs=5e-5
    )
    # 40% of the capital back after year 1, as also reported
    early = {1: 108_000, 3: 414_085 - 108_000}
    assert rate(deal(plain, periods=4, payments=early, costs=costs), "ubs") == pytest.approx(
        0.195, abs=5e-4
    )
    capped = {
        "order": ["ubs", "return", "over"],
        "tranches": {"ubs": {"commitment": 270_000}},
        "surplus": {
            "return": {"to": {"ubs": 1}, "until": {"irr": 0.15, "of": "ubs"}},
            "over": {"to": {"council": 1}},
        },
    }
    stages = deal(capped, periods=4, payments={3: 414_085}, costs=costs)
    assert total(stages, "ubs", "principal", "surplus") == pytest.approx(410_636.25)
    assert stages.account is not None
    assert stages.account.returned["council"].sum() == pytest.approx(3_448.75)
    assert paid_by(stages, "council")[3] == pytest.approx(410_636.25)
    assert rate(stages, "ubs") == pytest.approx(0.15)


def test_denver() -> None:
    paid = {1: 3_913_932.96, 4: 620_978.40, 5: 5_104_000.00}
    capital = {"tranches": {"investors": {"commitment": 8_600_000, "share_of_surplus": 1.0}}}
    stages = deal(capital, periods=6, payments=paid, costs={"all": {"amount": 8_600_000}})
    assert total(stages, "investors", "principal", "surplus") == pytest.approx(9_638_911.36)
    found = values(stages, measures(stages.contract))
    assert found["investor_multiple"][0] == pytest.approx(1.1208, abs=5e-5)


@pytest.mark.parametrize(
    ("performance", "p", "e"), [(0.19, 0.06, 0.105), (0.24, 0.07, 0.15), (0.04, 0.0, None)]
)
def test_benevolent_society(performance: float, p: float, e: float | None) -> None:
    # two classes; rates between the published points (5%) are assumed
    common = {"draw": "at_once", "repaid": "at_end", "due_from": "council"}
    capital = {
        "order": ["class_p", "class_e", "service"],
        "tranches": {
            "class_p": {
                **common,
                "commitment": 7_500_000,
                "interest": {"by": "performance", "below": {0.05: 0}, "cap": 0.10,
                             "at_least": {0.05: 0.05, 0.19: 0.06, 0.24: 0.07}},
            },
            "class_e": {
                **common,
                "commitment": 2_500_000,
                "principal": {"by": "performance", "below": {0.05: 0}, "at_least": {0.05: 1}},
                "interest": {"by": "performance", "below": {0.05: 0}, "cap": 0.30,
                             "at_least": {0.05: 0.08, 0.19: 0.105, 0.24: 0.15}},
            },
        },
        "surplus": {"service": {"to": {"provider": 1}}},
    }  # fmt: skip
    costs = {"all": {"amount": 10_000_000}}
    stages = deal(capital, periods=6, costs=costs, figures={"performance": performance})
    assert rate(stages, "class_p") == pytest.approx(p, abs=1e-9)
    status = STATUSES[stages.irr_of(("class_e",)).status[0]]
    assert status == ("ok" if e is not None else "total_loss")
    assert rate(stages, "class_e") == pytest.approx(-1.0 if e is None else e, abs=1e-9)


NEWPIN: Data = {
    "tranches": {
        "bond": {
            "commitment": 7_000_000,
            "draw": "at_once",
            "repaid": "at_end",
            "due_from": "council",
            "principal": {"by": "rate", "at_most": {0.55: 0.5}, "above": {0.55: 1}},
            "interest": {
                "paid": "each_year",
                "rate": {
                    "by": "rate",
                    "below": {0.55: 0},
                    "through": {0.55: 0.03, 0.60: 0.075, 0.65: 0.12, 0.70: 0.15},
                    "floor": {"from": {0: 0.05, 4: 0}},
                    "cap": 0.15,
                },
            },
        }
    },
    "surplus": {"service": {"to": {"provider": 1}}},
    # the trigger is assumed
    "endings": {
        "redemption": {
            "at": 4,
            "if": {"rate": {"below": 0.50}},
            "redeem": {"bond": 0.75},
            "paid_by": "council",
            "left_to": "provider",
        }
    },
}


@pytest.mark.parametrize(
    ("restored", "coupon"), [(0.60, 0.075), (0.616, 0.0894), (0.6525, 0.1215), (0.72, 0.15)]
)
def test_newpin_coupons(restored: float, coupon: float) -> None:
    # published: 7.5%, 8.9% and 12.15% were paid at 60, 61.6 and 65.25%
    costs = {"all": {"amount": 7_000_000}}
    stages = deal(NEWPIN, periods=8, costs=costs, figures={"rate": restored})
    each = coupon * 7_000_000
    assert flow(stages, "bond", "interest") == pytest.approx([0, *[each] * 7])
    assert flow(stages, "bond", "principal") == pytest.approx([0] * 7 + [7_000_000])
    assert paid_by(stages, "council") == pytest.approx([0, *[each] * 6, each + 7_000_000])


def test_newpin_floor_of_the_coupon_and_half_of_principal() -> None:
    costs = {"all": {"amount": 7_000_000}}
    stages = deal(NEWPIN, periods=8, costs=costs, figures={"rate": 0.52})
    assert flow(stages, "bond", "interest") == pytest.approx([0, *[350_000] * 3, 0, 0, 0, 0])
    assert flow(stages, "bond", "principal") == pytest.approx([0] * 7 + [3_500_000])
    assert stages.account is not None
    assert stages.account.lost["bond"][0] == pytest.approx(3_500_000)


def test_newpin_redemption() -> None:
    costs = {"all": {"amount": 7_000_000}}
    stages = deal(
        NEWPIN, periods=8, payments={4: 100_000, 5: 9}, costs=costs, figures={"rate": 0.4}
    )
    assert flow(stages, "bond", "principal") == pytest.approx([0, 0, 0, 0, 5_250_000, 0, 0, 0])
    # 100,000 of payments lie in the account that day; the payer brings the gap; nothing follows
    assert paid_by(stages, "council") == pytest.approx(
        [0, *[350_000] * 3, 5_250_000, 0, 0, 0], abs=1e-6
    )
    assert sum(to(stages, "provider", "left")) == 0


def test_utah_preschool_over_six_years() -> None:
    # 95% of savings is paid; once the loans have 5%, 40 parts of 95 stay and 55 go back. How the
    # 40 are split is assumed.
    savings = [0, 281_000, 1_000_000, 2_000_000, 3_000_000, 3_000_000, 1_000_000]
    loan = {"draw": "at_once", "interest": 0.05}
    capital = {
        "order": [["senior", "subordinate"], "success_fee"],
        "tranches": {
            "senior": {**loan, "commitment": 4_600_000},
            "subordinate": {**loan, "commitment": 2_400_000},
        },
        "surplus": {"success_fee": {"to": {"council": 55, "senior": 26, "subordinate": 14}}},
    }
    stages = deal(
        capital,
        periods=7,
        payments={t: 0.95 * saved for t, saved in enumerate(savings)},
        costs={"all": {"amount": 7_000_000}},
    )
    assert paid_by(stages, "council") == pytest.approx(
        [0, 266_950, 950_000, 1_900_000, 2_850_000, 2_602_499, 400_000], abs=1
    )


@pytest.mark.parametrize(
    ("reduction", "risk_share"),
    [(0.10, -3_300_000), (0.186, 0), (0.30, 0), (0.413, 0), (0.50, 3_300_000)],
)
def test_dc_water(reduction: float, risk_share: float) -> None:
    # half-years; the coupon of 3.43% is assumed
    capital = {
        "tranches": {
            "bond": {
                "commitment": 25_000_000,
                "draw": "at_once",
                "repaid": "at_end",
                "due_from": "council",
                "interest": {"rate": 0.0343, "paid": "each_period"},
            }
        },
        "settlements": {
            "risk_share": {
                "from": "council",
                "to": "bond",
                "at": 10,
                "amount": {
                    "by": "runoff",
                    "below": {0.186: -3_300_000},
                    "above": {0.413: 3_300_000},
                },
            }
        },
        "surplus": {"works": {"to": {"provider": 1}}},
    }
    costs = {"works": {"amount": 25_000_000}}
    stages = deal(capital, periods=11, step="half_year", costs=costs, figures={"runoff": reduction})
    assert flow(stages, "bond", "interest") == pytest.approx([0, *[428_750] * 10])
    settled = flow(stages, "bond", "settled")[10] - flow(stages, "bond", "paid")[10]
    assert settled == pytest.approx(risk_share)
    assert stages.investor_cash_flow.sum() == pytest.approx(4_287_500 + risk_share)


def test_aspire_coupons_and_termination() -> None:
    # quarters; 2% a year until period 19, so 8% in all by period 16, that day's coupon among them,
    # and then 42% of principal is paid: half of the bond. What triggers it is assumed.
    capital = {
        "recycle": True,
        "distribute": {"from": 19, "every": 4},
        "account": {"reserve": 9_000_000},
        "order": ["bond.interest", "performance_coupon", "bond.principal", "rest"],
        "tranches": {
            "bond": {
                "commitment": 9_000_000,
                "draw": "at_once",
                "repaid": "at_end",
                "interest": {"rate": {"from": {0: 0.02, 20: 0}}, "paid": "each_period"},
            }
        },
        "surplus": {
            "performance_coupon": {"to": {"bond": 1}, "until": {"irr": 0.085, "of": "bond"}},
            "rest": {"to": {"provider": 1}},
        },
        "endings": {
            "termination": {
                "at": 16,
                "if": {"against_target": {"below": 0.5}},
                "redeem": {"bond": 0.42},
                "paid_by": "council",
                "left_to": "council",
            }
        },
    }
    stages = deal(capital, periods=32, step="quarter", figures={"against_target": 0.4})
    assert total(stages, "bond", "interest") == pytest.approx(0.02 * 4 * 9_000_000)
    both = total(stages, "bond", "interest", "principal")
    assert both == pytest.approx(0.5 * 9_000_000)


@pytest.mark.parametrize(
    ("gain", "principal", "interest"),
    [(-1.0, 0.6, 0.0), (-0.5, 0.8, 0.0), (0.0, 1.0, 0.0), (0.4, 1.0, 0.035), (0.8, 1.0, 0.07)],
)
def test_icrc_programme(gain: float, principal: float, interest: float) -> None:
    # at most 7% a year, at most 40% lost; the shape between is assumed
    capital = {
        "tranches": {
            "social_investors": {
                "commitment": 19_700_000,
                "draw": {0: 0.334, 1: 0.333, 2: 0.333},
                "repaid": "at_end",
                "due_from": "council",
                "principal": {"by": "gain", "below": {-1: 0.6}, "through": {-1: 0.6, 0: 1}},
                "interest": {"by": "gain", "below": {0: 0}, "through": {0: 0, 0.8: 0.07}},
            }
        }
    }
    parts = {0: 0.334, 1: 0.333, 2: 0.333}
    costs = {"all": {"amounts": {t: 19_700_000 * part for t, part in parts.items()}}}
    stages = deal(capital, periods=6, costs=costs, figures={"gain": gain})
    paid = total(stages, "social_investors", "principal")
    assert paid == pytest.approx(principal * 19_700_000)
    if principal == 1:
        assert rate(stages, "social_investors") == pytest.approx(interest, abs=1e-9)
