"""Drawn and distributed: costs, and the account through which capital and payments run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sibmodel.contract.capital import Capital, Cost
from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts


@dataclass(frozen=True)
class Account:
    """The account, period by period; every array (period, run) [money].

    drawn + payments = met + distributed + change in balance, and costs = met + unmet.
    """

    drawn: Floats
    met: Floats
    unmet: Floats
    distributed: Floats
    balance: Floats


def cost_by_period(
    cost: Cost,
    *,
    path: str,
    drawn: Drawn,
    starts: Mapping[str, Counts],
    achieved: Mapping[str, Counts],
    periods: int,
    periods_per_year: int,
) -> Floats:
    """One cost, shape (period, run) or (period, 1) where it is the same in every run.

    Parameters
    ----------
    cost : Cost
        The clause.
    path : str
        Where it stands, ``delivery.costs.team``.
    drawn : Drawn
        Values of the contract's numbers.
    starts : mapping of group to array (period, run)
    achieved : mapping of outcome to array (period, run), over all groups
    """
    total: Floats = np.zeros((periods, 1))

    def add(at: slice | int, amount: float | Floats) -> None:
        nonlocal total
        if np.ndim(amount) and np.shape(amount)[-1] > total.shape[1]:
            total = np.repeat(total, np.shape(amount)[-1], axis=1)
        total[at] += amount

    if cost.amount is not None:
        add(cost.at, drawn(f"{path}.amount"))
    for period in cost.amounts:
        add(period, drawn(f"{path}.amounts[{period}]"))
    if cost.per_period is not None:
        last = periods if cost.lasts is None else cost.begin + cost.lasts
        add(slice(cost.begin, last), drawn(f"{path}.per_period"))
    if cost.per_start is not None:
        for group, people in starts.items():
            each = drawn(f"{path}.per_start", group)
            for t in np.flatnonzero(np.any(people, axis=1)):
                add(slice(t, t + cost.over), people[t] * (each / cost.over))
    for outcome in cost.per_outcome:
        each = drawn(f"{path}.per_outcome.{outcome}")
        add(slice(None), achieved[outcome] * each)
    inflation = drawn(f"{path}.inflation")
    if np.any(np.asarray(inflation) != 0):
        years = np.arange(periods)[:, None] / periods_per_year
        total = total * (1 + np.asarray(inflation)) ** years
    return total


def last_cost_period(contract: Contract) -> int:
    """The last period in which a delivery cost can fall due; -1 where there is none."""
    last = -1
    for cost in (contract.delivery.costs if contract.delivery else {}).values():
        periods = [*cost.amounts]
        if cost.amount is not None:
            periods.append(cost.at)
        if cost.per_period is not None:
            end = contract.timeline.periods if cost.lasts is None else cost.begin + cost.lasts
            periods.append(end - 1)
        if cost.per_start is not None:
            starts = max(cohort.last_start for cohort in contract.cohorts.values())
            periods.append(starts + cost.over - 1)
        for outcome in cost.per_outcome:
            periods.append(contract.last_due(outcome))
        last = max(last, *periods)
    return last


def run_account(capital: Capital, *, payments: Floats, costs: Floats, last_cost: int) -> Account:
    """Draw when money runs short, meet costs, distribute what is left.

    Payments that may not meet costs are kept apart from money that may; after the last cost the
    two sides become one. The last period always distributes.

    Parameters
    ----------
    capital : Capital
        The clause, with one tranche.
    payments : array (period, run)
        Outcome payments in [money].
    costs : array (period, run) or (period, 1)
        Costs due [money].
    last_cost : int
        Period of the last cost; from it on, what is left may be distributed.

    Returns
    -------
    Account

    Source
    ------
    Priority of payments in the project's contract language, docs/language.md.
    """
    periods, runs = payments.shape
    tranche = next(iter(capital.tranches.values()))
    undrawn = np.full(runs, tranche.commitment)
    for_costs, set_aside = np.zeros(runs), np.zeros(runs)
    account = Account(*(np.zeros((periods, runs)) for _ in range(5)))
    for t in range(periods):
        if capital.recycle:
            for_costs += payments[t]
        else:
            set_aside += payments[t]
        if tranche.draw == "at_once" and t == 0:
            account.drawn[t] = undrawn
            for_costs += undrawn
            undrawn = np.zeros(runs)
        due = costs[t]
        if np.any(due):
            draw = np.minimum(np.maximum(due - for_costs, 0.0), undrawn)
            account.drawn[t] += draw
            undrawn -= draw
            for_costs += draw
            np.minimum(due, for_costs, out=account.met[t])
            account.unmet[t] = due - account.met[t]
            for_costs -= account.met[t]
        if t >= last_cost:
            set_aside += for_costs
            for_costs[:] = 0.0
        final = t == periods - 1
        if final or capital.distribution == "each_period" or (
            capital.distribution == "after_delivery" and t >= last_cost
        ):  # fmt: skip
            account.distributed[t] = set_aside
            set_aside[:] = 0.0
        np.add(for_costs, set_aside, out=account.balance[t])
    return account
