"""Words of other people for fields and choices of the language, and where some things are said."""

from __future__ import annotations

OTHER_FIELDS: dict[str, tuple[str, ...]] = {
    "by_date": ("from",),
    "by_period": ("from", "amounts"),
    "dates": ("from", "at", "due"),
    "bands": ("each_above",),
    "steps": ("at_least",),
    "min": ("floor", "pert", "at_least"),
    "minimum": ("floor", "pert", "at_least", "reserve"),
    "mode": ("pert",),
    "likely": ("pert",),
    "low": ("pert",),
    "high": ("pert",),
    "max": ("cap", "pert", "at_most", "limits", "limit"),
    "maximum": ("cap", "pert", "at_most", "limits", "limit"),
    "more_than": ("above",),
    "greater_than": ("above",),
    "less_than": ("below",),
    "cap": ("limits", "limit"),
    "caps": ("limits",),
    "tariff": ("price",),
    "fee": ("price",),
    "deadweight": ("anyway",),
    "baseline": ("anyway",),
    "counterfactual": ("against", "anyway"),
    "probability": ("rate", "chance"),
    "success_rate": ("rate",),
    "delay": ("after", "paid_after"),
    "lag": ("after", "paid_after"),
    "requires": ("needs",),
    "funders": ("payers",),
    # capital
    "coupon": ("interest",),
    "coupons": ("interest",),
    "rate": ("interest",),
    "yield": ("interest",),
    "size": ("commitment",),
    "amount": ("commitment", "limit", "per_period"),
    "investor": ("held_by",),
    "holder": ("held_by",),
    "lender": ("held_by",),
    "drawdown": ("draw",),
    "drawn": ("draw",),
    "repayment": ("repaid",),
    "repay": ("repaid",),
    "maturity": ("repaid",),
    "redemption": ("repaid", "redeem"),
    "paid_by": ("due_from", "by"),
    "payer": ("due_from", "by", "from"),
    "payee": ("to",),
    "receiver": ("to",),
    "recipient": ("to",),
    "frequency": ("paid", "every"),
    "irr": ("until",),
    "hurdle": ("until", "irr"),
    "multiple": ("until",),
    "profit": ("share_of_profit",),
    "moic": ("multiple",),
    "guarantor": ("by",),
    "tranche": ("covers", "of"),
    "percent": ("share",),
    "vat": ("tax",),
    "waterfall": ("order",),
    "priority": ("order",),
    "seniority": ("order",),
    "reinvest": ("recycle",),
    "investors": ("tranches",),
    "terminations": ("endings",),
    "termination": ("endings",),
    "when": ("if",),
    "condition": ("if",),
    "trigger": ("if",),
    "period": ("at",),
    "date": ("at",),
    "to": ("until",),
}

OTHER_CHOICES: dict[str, tuple[str, ...]] = {
    "yearly": ("each_year",),
    "annually": ("each_year",),
    "annual": ("each_year",),
    "quarterly": ("each_period",),
    "monthly": ("each_period",),
    "every_period": ("each_period",),
    "bullet": ("at_end",),
    "maturity": ("at_end",),
    "at_maturity": ("at_end",),
    "at_close": ("at_end",),
    "end": ("at_end",),
    "compound": ("rolled_up",),
    "compounding": ("rolled_up",),
    "capitalised": ("rolled_up",),
    "accrued": ("rolled_up",),
    "pik": ("rolled_up",),
    "simple": ("at_end",),
    "cash_sweep": ("as_available",),
    "sweep": ("as_available",),
    "as_possible": ("as_available",),
    "upfront": ("at_once",),
    "up_front": ("at_once",),
    "at_start": ("at_once",),
    "start": ("at_once",),
    "immediately": ("at_once",),
    "now": ("at_once",),
    "on_demand": ("as_needed",),
    "as_required": ("as_needed",),
    "when_needed": ("as_needed",),
    "no": ("never",),
    "stop": ("delivery_stops",),
    "stops": ("delivery_stops",),
    "carry": ("carried_forward",),
    "carried": ("carried_forward",),
    "provider": ("provider_bears",),
    "each_year": (),
    "level": (),
}
"""What another word stands for; nothing where no choice is meant, but another form."""

BESIDE: dict[tuple[str, str], str] = {
    ("Tranche", "draw"): "shares of the commitment by period, {0: 0.5, 4: 0.5}",
    ("Tranche", "repaid"): (
        "shares of what was drawn by period, {8: 0.5, 12: 0.5}, or {level: {from: 8, until: 12}}"
    ),
    ("Capital", "distribute"): "{from: 3, every: 4}, or a list of periods, [7, 15]",
    ("Capital", "recycle"): "{share: 0.5}, or {up_to: 100000}",
}
"""What a field may say beside its words."""

_ORDER = "who is paid first is said once for all, in capital.order: [first, second]"
_FEE = "a fee is a cost with a receiver: write it under delivery.costs, with to:"
_RETURN_CAP = (
    "a step of capital.surplus says how far a return goes, {to: {name: 1}, until: {irr: 0.15}}"
)
_GUARANTEE = "write it under capital.guarantees, {by: party, covers: tranche, up_to: 0.75}"

ELSEWHERE: dict[str, dict[str, str]] = {
    "Tranche": {
        **dict.fromkeys(
            ("senior", "junior", "subordinate", "subordinated", "seniority", "rank", "priority",
             "ranking", "order", "first_loss"),
            _ORDER,
        ),
        **dict.fromkeys(("fee", "fees", "arrangement_fee"), _FEE),
        **dict.fromkeys(("irr", "hurdle", "target_irr", "return_cap", "cap", "multiple"),
                        _RETURN_CAP),
        **dict.fromkeys(("guarantee", "guarantor", "guaranteed", "protection"), _GUARANTEE),
    },
    "Capital": {
        **dict.fromkeys(("fee", "fees"), _FEE),
        **dict.fromkeys(("irr", "return_cap", "cap"), _RETURN_CAP),
        **dict.fromkeys(("interest", "reserve", "opening"), "it is a field of capital.account"),
    },
    "Purse": {
        **dict.fromkeys(
            ("tax", "vat"), "tax contained in payments is said in payments.tax, {rate: 0.2}"
        ),
    },
    "Contract": {
        **dict.fromkeys(("fee", "fees", "costs"), "costs and fees stand in delivery.costs"),
        **dict.fromkeys(("tranches", "surplus", "guarantees", "endings", "settlements"),
                        "it stands in capital"),
    },
}  # fmt: skip
"""By clause: what is said in another place, and where."""
