"""What the service keeps and what payers gain under a contract: present values, run by run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.happened import People
from sibmodel.model.chance import Floats
from sibmodel.model.stages import Stages
from sibmodel.model.value import OnNominal, nominal_worth, real_weights, times
from sibmodel.plan import Plan
from sibmodel.walk import BASE_CASE, Switches


@dataclass(frozen=True)
class Margins:
    """Present values, shape (run,).

    ``kept``: payments net of tax, less what goes back and the delivery costs due, nominal, at a
    rate a year; ``gained``: benefits to some parties less what some payers pay and their running
    costs, real; NaN where either is undefined. ``paid``: by one rule, nominal, not discounted.
    """

    kept: Floats
    gained: Floats
    paid: Floats


def margins(
    contract: Contract,
    rule: str,
    *,
    hurdle: float,
    parties: Collection[str],
    payers: Collection[str],
    runs: int | None,
    seed: int,
    people: People,
) -> Margins:
    """What is kept and gained in each run.

    Parameters
    ----------
    contract : Contract
    rule : str
        The rule whose payments are also given by themselves.
    hurdle : float
        Rate at which money of the service is discounted to the timeline's start [a year].
    parties, payers : collection of str
        Whose benefits count, and whose payments and running costs.
    runs : int or None
        None: the base case.
    seed : int
    people : People
        Drawn once for contracts that differ in money alone.
    """
    switches = BASE_CASE if runs is None else Switches()
    plan, weights = Plan(contract, ()), real_weights(contract)
    nominal = OnNominal((1 + hurdle) ** -times(contract.timeline))
    place = list(contract.payments.rules).index(rule)
    found: list[Margins] = []
    for block in range(-(-(runs or 1) // switches.runs)):
        for stages in plan.parts(
            seed=seed, block=block, switches=switches, details=False, kept=people
        ):
            gained = np.full(stages.runs, np.nan)
            if not isinstance(weights, str):
                gained = _gained(stages, weights, parties, payers)
            backs = sum(stages.backs.values(), np.zeros_like(stages.income))
            kept = nominal_worth(nominal, stages.income - backs - stages.costs)
            found.append(Margins(kept, gained, stages.paid.paid[place].sum(axis=0)))
    joined = (
        np.concatenate([getattr(part, field.name) for part in found])[:runs]
        for field in fields(Margins)
    )
    return Margins(*joined)


def _gained(
    stages: Stages, weights: OnNominal, parties: Collection[str], payers: Collection[str]
) -> Floats:
    """Benefits to parties less what payers pay, and what it costs them to run the contract."""
    assert stages.contract.value is not None
    undefined, total = np.full(stages.runs, np.nan), np.zeros(stages.runs)
    for name, benefit in stages.contract.value.benefits.items():
        sign = (benefit.to in parties) - (benefit.taken_from in parties)
        if sign:
            total += sign * stages.benefits.get(name, undefined)
    for p, payer in enumerate(stages.contract.payments.payers):
        if payer not in payers:
            continue
        total -= nominal_worth(weights, stages.paid.by_payer[p])
        if stages.paid.back_to is not None:
            total += nominal_worth(weights, stages.paid.back_to[p])
        if payer in stages.running:
            total -= nominal_worth(weights, stages.running[payer])
    return total
