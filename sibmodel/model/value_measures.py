"""Measures of value: what is gained and spent, for each perspective, and what the money costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.value import Benefit
from sibmodel.model.chance import Floats
from sibmodel.model.incidence import ACCOUNT, BENEFITS, COLUMNS, WEIGHTED
from sibmodel.model.measure import Measure, Values
from sibmodel.model.stages import Stages, investors
from sibmodel.model.value import (
    OnNominal,
    nominal_worth,
    real_weights,
    times,
    undefined_benefits,
    valued_at,
)

SPENT = ("payments", "costs", "return")
"""Columns of what a perspective spends, less what it receives."""


@dataclass(frozen=True)
class Perspective:
    """Whose gains and costs are added up, and why its benefits or costs may be undefined."""

    name: str
    members: tuple[str, ...]
    about: str
    no_worth: str | None
    no_costs: str | None


def value_measures(contract: Contract) -> Iterator[Measure]:
    """Present values for each perspective and kind of benefit; public and investors' money."""
    views = {view.name: view for view in _perspectives(contract)}
    for view in views.values():
        yield from _of_one(contract, view)
    yield from _by_kind(contract)
    yield from _beside(contract, views["public"], views["society"])
    yield from _public_funds(contract, views["public"], views["society"])
    yield from _finance(contract)


def _perspectives(contract: Contract) -> Iterator[Perspective]:
    weights = real_weights(contract)
    no_value = weights if isinstance(weights, str) else None
    stated = _benefits(contract)
    touched = {
        party: reason
        for benefit, reason in undefined_benefits(contract).items()
        for party in (stated[benefit].to, stated[benefit].taken_from)
        if party is not None
    }
    parties = (*contract.party_names, *([ACCOUNT] if contract.capital else []))
    public = tuple(party for party in parties if contract.is_public(party))
    groups = {**{party: (party,) for party in parties}, "public": public, "society": parties}
    about = {"society": "society (all parties)", "public": "all public parties"}
    for name, members in groups.items():
        no_money = no_value or ("no party is public" if not members else None)
        no_resources = name == "society" and contract.delivery is None
        yield Perspective(
            name,
            members,
            about.get(name, name),
            no_money or next((touched[m] for m in members if m in touched), None),
            no_money or ("no delivery costs are stated" if no_resources else None),
        )


def _benefits(contract: Contract) -> Mapping[str, Benefit]:
    return contract.value.benefits if contract.value else {}


def _present_value(parties: Iterable[str], columns: tuple[str, ...], sign: int = 1) -> Values:
    def value(stages: Stages) -> Floats:
        total = np.zeros(stages.runs)
        for party in parties:
            for column in columns:
                total += sign * stages.incidence[party][column]
        return total

    return value


def _gained(contract: Contract, kind: str, parties: Collection[str]) -> Values:
    """Present values of one kind (cashable, uncorrected) that parties gain, less what they lose."""
    stated = _benefits(contract)
    gained = [name for name, benefit in stated.items() if benefit.to in parties]
    lost = [name for name, benefit in stated.items() if benefit.taken_from in parties]

    def value(stages: Stages) -> Floats:
        flows: Mapping[str, Floats] = getattr(stages, kind)
        total = np.zeros(stages.runs)
        for name in gained:
            total += flows[name]
        for name in lost:
            total -= flows[name]
        return total

    return value


# --- one perspective ------------------------------------------------------------------------------


def _of_one(contract: Contract, view: Perspective) -> Iterator[Measure]:
    """Benefits and costs of one perspective, their difference and ratio."""
    name, reason = view.name, view.no_worth or view.no_costs
    yield Measure(
        f"net_present_value[{name}]",
        "real money",
        "up",
        f"Net present value to {view.about}",
        _present_value(view.members, COLUMNS),
        undefined=reason,
    )
    if name not in (*contract.payer_names, "public", "society"):
        return
    yield Measure(
        f"benefits_present_value[{name}]",
        "real money",
        "up",
        f"Present value of benefits to {view.about}, less what it loses by them",
        _present_value(view.members, BENEFITS),
        undefined=view.no_worth,
    )
    if name != "society":
        yield Measure(
            f"cashable_benefits_present_value[{name}]",
            "real money",
            "up",
            f"The part of benefits to {view.about} that can be taken out of a budget",
            _gained(contract, "cashable", view.members),
            undefined=view.no_worth,
        )
    # what a perspective receives is taken off its costs, so that value is benefits less costs
    yield Measure(
        f"costs_present_value[{name}]",
        "real money",
        "down",
        "Present value of real resources used"
        if name == "society"
        else f"Present value of payments, costs and capital of {view.about}, less what it receives",
        _present_value(view.members, ("costs",) if name == "society" else SPENT, sign=-1),
        undefined=view.no_costs,
    )
    yield Measure(
        f"benefit_cost_ratio[{name}]",
        "ratio",
        "up",
        f"Benefits for each unit of cost to {view.about}",
        expected="ratio",
        over=f"benefits_present_value[{name}]",
        under=f"costs_present_value[{name}]",
        nobody="there is no cost",
        undefined=reason,
    )


def _by_kind(contract: Contract) -> Iterator[Measure]:
    """Benefits by kind, gross of transfers."""
    stated, missing = _benefits(contract), undefined_benefits(contract)
    weights = real_weights(contract)
    for kind in ("fiscal", "economic", "social", None):
        names = [n for n, b in stated.items() if b.kind == kind]
        if names:
            yield Measure(
                f"benefits_by_kind[{kind or 'not stated'}]",
                "real money",
                "up",
                f"Present value of benefits of kind {kind or 'not stated'}, gross of transfers",
                _worth(names),
                undefined=weights
                if isinstance(weights, str)
                else next((missing[n] for n in names if n in missing), None),
            )


def _worth(benefits: list[str]) -> Values:
    return lambda stages: sum((stages.benefits[n] for n in benefits), np.zeros(stages.runs))


# --- beside the headline --------------------------------------------------------------------------


def _beside(contract: Contract, public: Perspective, society: Perspective) -> Iterator[Measure]:
    """What benefits would be uncorrected for optimism, and net value weighted by income."""
    value = contract.value
    if value is not None and value.optimism is not None:
        for view in (public, society):
            yield Measure(
                f"benefits_present_value_uncorrected[{view.name}]",
                "real money",
                "up",
                f"Present value of benefits to {view.about} before the correction for optimism",
                _gained(contract, "uncorrected", view.members),
                undefined=view.no_worth,
            )
    if value is not None and value.weights is not None:
        yield Measure(
            f"weighted_net_present_value[{society.name}]",
            "real money",
            "up",
            "Net present value of each party × its distributional weight, over all parties",
            _present_value(society.members, (WEIGHTED,)),
            undefined=society.no_worth or society.no_costs,
        )


def _public_funds(
    contract: Contract, public: Perspective, society: Perspective
) -> Iterator[Measure]:
    """What it costs society to raise what the public lays out, and net value after it."""
    if contract.value is None or "public_funds_cost" not in contract.value.model_fields_set:
        return
    spent = _present_value(public.members, SPENT, sign=-1)
    saved = _gained(contract, "cashable", public.members)
    net = _present_value(society.members, COLUMNS)

    def cost(stages: Stages) -> Floats:
        outlay = np.maximum(spent(stages) - saved(stages), 0.0)
        return outlay * stages.value_numbers["public_funds_cost"]

    yield Measure(
        "cost_of_public_funds",
        "real money",
        "down",
        "Cost to society of raising what public parties pay beyond what they receive and save",
        cost,
        undefined=public.no_worth,
    )
    yield Measure(
        "net_present_value_after_public_funds[society]",
        "real money",
        "up",
        "Net present value to society (all parties), less the cost of raising public money",
        lambda stages: net(stages) - cost(stages),
        undefined=public.no_worth or society.no_worth or society.no_costs,
    )


# --- what investors' money costs ------------------------------------------------------------------


def _finance(contract: Contract) -> Iterator[Measure]:
    """Investors' money against public borrowing: what they receive above it, and may lose."""
    if contract.capital is None:
        return
    borrowing = contract.value.public_borrowing if contract.value else None
    none = "value.public_borrowing is not stated" if borrowing is None else None
    at = f"public borrowing at {borrowing.name}" if borrowing else "public borrowing"
    tranches = investors(contract)
    when = (times(contract.timeline) - valued_at(contract))[:, None]

    def present(stages: Stages, flow: Floats) -> Floats:
        rate = np.asarray(stages.value_numbers["public_borrowing.rate"])
        return nominal_worth(OnNominal((1 + rate) ** -when), flow)

    def gain(stages: Stages) -> Floats:
        return present(stages, stages.investor_cash_flow)

    yield Measure(
        "finance_cost",
        "money",
        "down",
        f"What investors receive above {at}: present value of their cash flow at its rate, nominal",
        gain,
        undefined=none,
    )
    yield Measure(
        "investor_drawn_present_value",
        "money",
        "",
        f"Capital drawn from investors, present value at the rate of {at}, nominal",
        lambda stages: present(stages, stages.together(tranches).drawn),
        undefined=none,
    )
    yield Measure(
        "finance_cost_on_capital",
        "ratio",
        "down",
        f"What investors receive above {at}, for each unit drawn",
        expected="ratio",
        over="finance_cost",
        under="investor_drawn_present_value",
        nobody="nothing was drawn",
        undefined=none,
    )
    yield Measure(
        "risk_borne_by_investors",
        "money",
        "",
        f"What investors lose against {at}, present value, nominal; 0 where they lose nothing",
        lambda stages: np.maximum(-gain(stages), 0.0),
        undefined=none,
    )
