"""From claims to money and value: the second half of the straight line, for some runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sibmodel.contract.capital import Cost
from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.capital import cost_by_period, last_cost_period, run_account
from sibmodel.model.chance import Floats
from sibmodel.model.claims import Kinds, accepted_so_far, count_lots, plain_claims, routes
from sibmodel.model.facts import assumed_figures
from sibmodel.model.lots import Lot
from sibmodel.model.outcomes import Counts
from sibmodel.model.payments import pay
from sibmodel.model.performance import readings
from sibmodel.model.prices import Reader
from sibmodel.model.readings import Fact, Readings, Started
from sibmodel.model.stages import Stages
from sibmodel.model.value import benefit_flow, incidence, real_weights, undefined_benefits


@dataclass(frozen=True)
class Terms:
    """What is the same in every run: present values by period, the last cost, routes of claims."""

    contract: Contract
    weights: Floats | str
    last_cost: int
    routes: Mapping[str, str]

    @classmethod
    def of(cls, contract: Contract) -> Terms:
        """Worked out once for a contract."""
        return cls(contract, real_weights(contract), last_cost_period(contract), routes(contract))


def move_money(
    terms: Terms,
    *,
    drawn: Drawn,
    people: Mapping[str, Counts],
    counts: Kinds,
    lots: Sequence[Lot],
    person_by_person: Collection[str],
    facts: Sequence[Fact],
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
    lots : sequence of Lot
        Claims of the rules whose claims are taken person by person, or by start.
    person_by_person : collection of str
        The rules those lots are of.
    facts : sequence of Fact
        What performances are read of.
    details : bool
        Also what only the ledger asks for: payments by rule and payer, benefits by year.
    """
    contract, payments = terms.contract, terms.contract.payments
    periods, runs = contract.timeline.periods, next(iter(people.values())).shape[-1]
    per_year = contract.timeline.periods_per_year
    route = {name: way for name, way in terms.routes.items() if name not in person_by_person}
    plain = [name for name, way in route.items() if way == "plain"]
    counted = [name for name, way in route.items() if way == "counts"]
    reading = readings_of(contract, people, facts, drawn)
    paid = pay(
        Reader(contract, drawn),
        lots=[*lots, *count_lots(contract, counted, counts, people)],
        plain=plain_claims(contract, plain, drawn=drawn, counts=counts, people=people, runs=runs),
        readings=reading,
        accepted=accepted_so_far(contract, counts, people),
        runs=runs,
        periods=periods,
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
        readings=reading,
        costs=costs,
        running=costs_of("payments.running_costs", payments.running_costs),
    )
    if contract.capital is not None:
        account = run_account(
            contract.capital, payments=stages.income, costs=costs, last_cost=terms.last_cost
        )
        stages = replace(stages, account=account)
    return _valued(terms, stages, drawn, details)


def readings_of(
    contract: Contract, people: Mapping[str, Counts], facts: Sequence[Fact], drawn: Drawn
) -> Readings:
    """What performances read, from simulated facts and from figures assumed as such."""
    if not contract.performance:
        return Readings()
    starts = [
        Started(contract.cohort_of_group(group), group, t, contract.timeline.date(t), count[t])
        for group, count in people.items()
        for t in range(len(count))
        if np.any(count[t])
    ]
    return readings(
        contract, facts, assumed_figures(contract, drawn), starts, drawn, simulated=True
    )


def _attribution(contract: Contract, drawn: Drawn) -> dict[str, Floats]:
    """Attribution by outcome, shape (group, 1 or run); below zero where fewer are better."""
    shares = {}
    for name in contract.outcomes:
        by_group = [
            np.atleast_1d(drawn(f"outcomes.{name}.attribution", group))
            for group in contract.groups_of(name)
        ]
        sign = 1.0 if contract.outcomes[name].better == "higher" else -1.0
        shares[name] = sign * np.stack(np.broadcast_arrays(*by_group))
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
            by_payer=stages.by_payer,
            income=stages.income,
            tax=stages.tax,
            backs=stages.backs,
            running=stages.running,
            due=stages.costs,
            met=account.met if account else None,
            drawn=account.drawn if account else None,
            distributed=account.distributed if account else None,
            benefits=worth,
            runs=stages.runs,
        ),
    )
