"""From claims to money and value: the second half of the straight line, for some runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sibmodel.contract.capital import Cost
from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.capital import cost_by_period, last_cost_period, run_account
from sibmodel.model.chance import Floats
from sibmodel.model.limits import PersonLimit, Price
from sibmodel.model.outcomes import Counts
from sibmodel.model.payments import earn, pay, price_of, within_person_limit
from sibmodel.model.stages import Stages
from sibmodel.model.value import benefit_flow, incidence, real_weights, undefined_benefits

Kinds = Mapping[str, Mapping[str, Counts]]
"""Counts by kind (achieved, anyway, claimed) and outcome, each (group, period, run)."""


@dataclass(frozen=True)
class Terms:
    """What is the same in every run: the present value of a unit by period, the last cost."""

    contract: Contract
    weights: Floats | str
    last_cost: int

    @classmethod
    def of(cls, contract: Contract) -> Terms:
        """Worked out once for a contract."""
        return cls(contract, real_weights(contract), last_cost_period(contract))


def prices_of(
    contract: Contract, drawn: Drawn, *, limited: bool = False
) -> dict[str, dict[str, Price]]:
    """Price of a claim by rule and group; ``limited``: up to the rule's own limit per person."""
    rules = contract.payments.rules
    if limited:
        return {
            name: {group: within_person_limit(rules[name], price) for group, price in row.items()}
            for name, row in prices_of(contract, drawn).items()
        }
    return {
        name: {
            group: price_of(contract.payments, name, drawn, group)
            for group in contract.groups(contract.cohort_paid(rule.pays))
        }
        for name, rule in rules.items()
    }


def move_money(
    terms: Terms,
    *,
    drawn: Drawn,
    people: Mapping[str, Counts],
    counts: Kinds,
    person: PersonLimit | None,
    details: bool,
) -> Stages:
    """Claims are paid, costs met, capital drawn and distributed, and all of it valued.

    Parameters
    ----------
    terms : Terms
    drawn : Drawn
        Values of the contract's numbers in these runs.
    people : mapping of group to array (period, run)
        Who started.
    counts : mapping
        Counts by kind and outcome.
    person : PersonLimit or None
        Where a limit per person can bind.
    details : bool
        Also what only the ledger asks for: payments by rule and payer, benefits by year.
    """
    contract, payments = terms.contract, terms.contract.payments
    periods, runs = contract.timeline.periods, next(iter(people.values())).shape[-1]
    per_year = contract.timeline.periods_per_year
    number, earned, within = earn(
        payments,
        claims={
            name: _claims(contract, rule.pays, counts, people)
            for name, rule in payments.rules.items()
        },
        prices=prices_of(contract, drawn),
        periods=periods,
        runs=runs,
    )
    paid = pay(
        payments,
        number=number,
        earned=earned,
        periods_per_year=per_year,
        within=within,
        people=person,
        keep_joint=details,
    )

    def costs_of(path: str, clauses: Mapping[str, Cost]) -> dict[str, Floats]:
        return {
            name: cost_by_period(
                cost,
                path=f"{path}.{name}",
                drawn=drawn,
                starts=people,
                achieved={o: counts["achieved"][o].sum(axis=0) for o in cost.per_outcome},
                periods=periods,
                periods_per_year=per_year,
            )
            for name, cost in clauses.items()
        }

    delivery = costs_of("delivery.costs", contract.delivery.costs if contract.delivery else {})
    costs: Floats = sum(delivery.values(), np.zeros((periods, 1)))
    stages = Stages(
        contract=contract,
        runs=runs,
        starts=people,
        achieved=counts["achieved"],
        anyway=counts["anyway"],
        claimed=counts["claimed"],
        attribution=_attribution(contract, drawn),
        paid=paid,
        costs=costs,
        running=costs_of("payments.running_costs", payments.running_costs),
    )
    if contract.capital is not None:
        account = run_account(
            contract.capital, payments=stages.payments, costs=costs, last_cost=terms.last_cost
        )
        stages = replace(stages, account=account)
    return _valued(terms, stages, drawn, details)


def _claims(
    contract: Contract, pays: str, counts: Kinds, people: Mapping[str, Counts]
) -> dict[str, Counts]:
    """What a rule pays for, by group: claims of an outcome, or a cohort's starts."""
    mine = contract.groups(contract.cohort_paid(pays))
    if pays in contract.cohorts:
        return {group: people[group] for group in mine}
    return dict(zip(mine, counts["claimed"][pays], strict=True))


def _attribution(contract: Contract, drawn: Drawn) -> dict[str, Floats]:
    """Attribution by outcome, shape (group, 1 or run)."""
    shares = {}
    for name in contract.outcomes:
        by_group = [
            np.atleast_1d(drawn(f"outcomes.{name}.attribution", group))
            for group in contract.groups(contract.cohort_of(name))
        ]
        shares[name] = np.stack(np.broadcast_arrays(*by_group))
    return shares


def _valued(terms: Terms, stages: Stages, drawn: Drawn, details: bool) -> Stages:
    """The same stages with benefits, and with who pays and who gains in present values."""
    contract = terms.contract
    if contract.value is None or isinstance(terms.weights, str):
        return stages
    missing = undefined_benefits(contract)
    flows = {
        name: benefit_flow(
            contract,
            name,
            additional=stages.additional(benefit.of),
            drawn=drawn,
            with_years=details,
        )
        for name, benefit in contract.value.benefits.items()
        if name not in missing
    }
    worth = {name: flow.present_value for name, flow in flows.items()}
    account = stages.account
    return replace(
        stages,
        benefits=worth,
        cashable={name: flow.cashable for name, flow in flows.items()},
        benefit_years={n: f.by_year for n, f in flows.items() if f.by_year is not None},
        incidence=incidence(
            contract,
            weights=terms.weights,
            by_payer=dict(zip(contract.payments.payers, stages.paid.by_payer, strict=True)),
            running=stages.running,
            due=stages.costs,
            met=account.met if account else None,
            drawn=account.drawn if account else None,
            distributed=account.distributed if account else None,
            benefits=worth,
            runs=stages.runs,
        ),
    )
