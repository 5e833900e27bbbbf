"""From claims to money and value: the second half of the straight line, for some runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.benefits import benefit_flow, brackets
from sibmodel.model.capital import AccountRun
from sibmodel.model.chance import Floats
from sibmodel.model.claims import Kinds, accepted_so_far, count_lots, plain_claims, routes
from sibmodel.model.costs import Costs, Known, costs_of, last_cost_period
from sibmodel.model.endings import Stops
from sibmodel.model.facts import assumed_figures
from sibmodel.model.incidence import incidence
from sibmodel.model.lots import Lot
from sibmodel.model.outcomes import Counts
from sibmodel.model.paid import Paid
from sibmodel.model.payments import Bring, pay, tax_share
from sibmodel.model.performance import readings
from sibmodel.model.plain_account import is_plain, plain_account
from sibmodel.model.prices import Reader
from sibmodel.model.readings import Fact, Readings, Started
from sibmodel.model.stages import Stages
from sibmodel.model.value import OnNominal, real_weights, undefined_benefits


@dataclass(frozen=True)
class Terms:
    """What is the same in every run: present values by period, the last cost, routes of claims.

    ``bonds``: something is due from a payer, so the account is walked along with the payments.
    ``plain``: capital is so simple that a short way through the account gives the same.
    """

    contract: Contract
    weights: OnNominal | str
    last_cost: int
    routes: Mapping[str, str]
    bonds: bool
    plain: bool

    @classmethod
    def of(cls, contract: Contract) -> Terms:
        """Worked out once for a contract."""
        tranches = contract.capital.tranches.values() if contract.capital else ()
        return cls(
            contract,
            real_weights(contract),
            last_cost_period(contract),
            routes(contract),
            any(tranche.due_from is not None for tranche in tranches),
            is_plain(contract),
        )


def move_money(
    terms: Terms,
    *,
    drawn: Drawn,
    assumed: Mapping[str, float | Floats],
    people: Mapping[str, Counts],
    counts: Kinds,
    lots: Sequence[Lot],
    person_by_person: Collection[str],
    facts: Sequence[Fact],
    details: bool,
    stops: Stops | None = None,
    lots_of_luck: Mapping[str, Floats] | None = None,
) -> Stages:
    """Claims are paid, costs met, capital drawn and distributed, and all of it valued.

    Parameters
    ----------
    terms : Terms
    drawn : Drawn
        Values of the contract's numbers in these runs.
    assumed : mapping of path to float or array (run,)
        Those of them that are uncertain, for the ledger.
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
    stops : Stops, optional
        Where the contract ends early; None: endings are tested, and nothing ends.
    lots_of_luck : mapping of ending to array (run,), optional
        A uniform for each ending: one that has a chance happens where it is below that.
    """
    contract, payments = terms.contract, terms.contract.payments
    periods, runs = contract.timeline.periods, next(iter(people.values())).shape[-1]
    route = {name: way for name, way in terms.routes.items() if name not in person_by_person}
    plain = [name for name, way in route.items() if way == "plain"]
    counted = [name for name, way in route.items() if way == "counts"]
    reading = readings_of(contract, people, facts, drawn)
    reader = Reader(contract, drawn)
    known = Known(reader, reading)
    delivery = costs_of(
        contract,
        contract.delivery.costs if contract.delivery else {},
        "delivery.costs",
        known=known,
        starts=people,
        achieved=counts["achieved"],
    )
    account = None
    if contract.capital is not None and not terms.plain:
        account = AccountRun(
            contract,
            known=known,
            costs=delivery,
            last_cost=terms.last_cost,
            runs=runs,
            stops=stops,
            lots_of_luck=lots_of_luck,
        )
    net = 1.0 if payments.tax is None or not payments.tax.included else 1 - tax_share(payments)

    def after(t: int, cash: Floats, bring: Bring) -> None:
        assert account is not None
        account.period(t, cash * net, bring)

    paid = pay(
        reader,
        lots=[*lots, *count_lots(contract, counted, counts, people)],
        plain=plain_claims(contract, plain, drawn=drawn, counts=counts, people=people, runs=runs),
        readings=reading,
        accepted=accepted_so_far(contract, counts, people),
        runs=runs,
        periods=periods,
        keep_joint=details,
        after=after if terms.bonds else None,
    )
    if account is not None and stops is not None:
        paid = paid_while_open(paid, account)
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
        assumed=assumed,
    )
    if account is not None:
        if not terms.bonds:
            for t, income in enumerate(stages.income):
                account.period(t, income, _nobody)
        stages = replace(stages, account=account.result(), found=account.found())
    elif contract.capital is not None:
        stages = replace(
            stages,
            account=plain_account(
                contract,
                payments=stages.income,
                costs=_by_period(delivery, stages.income),
                last_cost=terms.last_cost,
            ),
        )
    running = costs_of(
        contract,
        payments.running_costs,
        "payments.running_costs",
        known=known,
        starts=people,
        achieved=counts["achieved"],
    )
    stages = replace(
        stages,
        costs=stages.account.costs if stages.account else _by_period(delivery, stages.income),
        cost_tax=stages.account.tax_due if stages.account else _tax(delivery, stages.income),
        running={
            payer: _while_open(_by_period(running, stages.gross_of(payer), payer), account)
            for payer in payments.running_costs
        },
        running_tax={
            payer: _while_open(_tax(running, stages.gross_of(payer), payer), account)
            for payer in payments.running_costs
            if payer in running.tax
        },
    )
    return _valued(terms, stages, drawn, details)


def _nobody(t: int, part: str, wanted: Mapping[str, Mapping[str, Floats]]) -> dict[str, Floats]:
    raise AssertionError(f"in period {t} {part} is due from {', '.join(wanted)}: nothing can be")


def _by_period(costs: Costs, payments: Floats, name: str | None = None) -> Floats:
    """Costs of a contract whose costs follow nothing but payments, (period, 1 or run)."""
    names = costs.names if name is None else (name,)
    if costs.following or costs.tax:
        rows = []
        for t, cash in enumerate(payments):
            due = costs.due(t, {"payments": cash, "commitments": 0.0})
            taxed = [due[n] * (1 + np.asarray(costs.tax.get(n, 0.0))) for n in names]
            rows.append(sum(taxed, np.zeros(payments.shape[-1])))
        return np.stack(rows)
    total: Floats = sum((costs.fixed[n] for n in names), np.zeros((len(payments), 1)))
    return total


def _tax(costs: Costs, payments: Floats, name: str | None = None) -> Floats:
    """Tax within those costs, (period, 1 or run)."""
    if not costs.tax:
        return np.zeros((1, 1))
    untaxed = replace(costs, tax={})
    return _by_period(costs, payments, name) - _by_period(untaxed, payments, name)


def _while_open(costs: Floats, account: AccountRun | None) -> Floats:
    """A payer's costs of running the contract end when its accounts close."""
    shut = None if account is None else account.ends.shut()
    return costs if shut is None else np.where(shut, 0.0, costs)


def paid_while_open(paid: Paid, account: AccountRun) -> Paid:
    """Payments up to the close of the accounts: an ending that settles at once stops the rest."""
    shut = account.ends.shut()
    if shut is None:
        return paid

    def cut(money: Floats | None) -> Floats | None:
        return None if money is None else np.where(shut, 0.0, money)

    return replace(
        paid,
        paid=np.where(shut, 0.0, paid.paid),
        by_payer=np.where(shut, 0.0, paid.by_payer),
        joint=cut(paid.joint),
        back=cut(paid.back),
        back_to=cut(paid.back_to),
        joint_back=cut(paid.joint_back),
    )


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
    if contract.value is None:
        return stages
    value = contract.value
    asked = {
        "public_borrowing.rate": value.public_borrowing is not None,
        "public_funds_cost": True,
        "weights.elasticity": value.weights is not None,
    }
    numbers = {name: drawn(f"value.{name}") for name, stated in asked.items() if stated}
    stages = replace(stages, value_numbers=numbers)
    if isinstance(terms.weights, str):
        return stages
    missing = undefined_benefits(contract)
    flows = {
        name: benefit_flow(
            contract,
            name,
            counted=stages.additional(benefit.of, brackets(contract, name, drawn)),
            drawn=drawn,
            with_years=details,
        )
        for name, benefit in value.benefits.items()
        if name not in missing
    }
    worth = {name: flow.present_value for name, flow in flows.items()}
    cashable = {name: flow.cashable for name, flow in flows.items()}
    return replace(
        stages,
        benefits=worth,
        cashable=cashable,
        uncorrected={name: flow.uncorrected for name, flow in flows.items()},
        benefit_years={n: f.by_year for n, f in flows.items() if f.by_year is not None},
        savings={n: f.savings for n, f in flows.items() if f.savings is not None},
        incidence=incidence(
            contract,
            weights=terms.weights,
            by_payer=stages.by_payer,
            income=stages.income,
            tax=stages.tax,
            backs=stages.backs,
            running=stages.running,
            running_tax=stages.running_tax,
            due=stages.costs,
            cost_tax=stages.cost_tax,
            account=stages.account,
            benefits=worth,
            cashable=cashable,
            elasticity=numbers.get("weights.elasticity"),
            runs=stages.runs,
        ),
    )
