"""The account of the simplest deal: one tranche gets its money back, and then all that is left.

It is what :class:`sibmodel.model.capital.AccountRun` does, with everything that such a deal has not
left out: most contracts are such, and most simulations spend much of their time there.
"""

from __future__ import annotations

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import PROVIDER
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats


def is_plain(contract: Contract) -> bool:
    """Whether a contract's capital is of that kind."""
    capital = contract.capital
    if capital is None or not contract.plain_capital:
        return False
    [tranche] = capital.tranches.values()
    delivery = contract.delivery.costs.values() if contract.delivery else ()
    return (
        isinstance(capital.recycle, bool)
        and capital.distribution in ("each_period", "after_delivery", "at_end")
        and capital.on_shortfall == "provider_bears"
        and capital.account.opening == capital.account.reserve == capital.account.interest == 0
        and tranche.draw in ("as_needed", "at_once")
        and tranche.repaid == "as_available"
        and tranche.principal == 1
        and len(capital.ranks) == 2  # the tranche and its surplus: no cost waits among them
        and all(cost.of is None and cost.tax == 0 and cost.to == PROVIDER for cost in delivery)
    )


def plain_account(
    contract: Contract, *, payments: Floats, costs: Floats, last_cost: int
) -> Account:
    """Draw when money runs short, meet costs, distribute what is left.

    Payments that may not meet costs are kept apart from money that may; after the last cost the
    two sides become one. The last period always distributes.

    Parameters
    ----------
    contract : Contract
        Whose capital is plain.
    payments : array (period, run)
        Outcome payments the account receives [money].
    costs : array (period, run) or (period, 1)
        Costs due [money].
    last_cost : int
        Period of the last cost; from it on, what is left may be distributed.
    """
    assert contract.capital is not None
    capital = contract.capital
    [(name, tranche)] = capital.tranches.items()
    periods, runs = payments.shape
    undrawn, outstanding = np.full(runs, tranche.commitment), np.zeros(runs)
    for_costs, set_aside = np.zeros(runs), np.zeros(runs)
    drawn, met, unmet, principal, surplus, balance = np.zeros((6, periods, runs))
    for t in range(periods):
        if capital.recycle:
            for_costs += payments[t]
        else:
            set_aside += payments[t]
        if tranche.draw == "at_once" and t == 0:
            drawn[t] = undrawn
            for_costs += undrawn
            undrawn = np.zeros(runs)
        due = costs[t]
        if due.any():
            draw = np.minimum(np.maximum(due - for_costs, 0.0), undrawn)
            drawn[t] += draw
            undrawn -= draw
            for_costs += draw
            np.minimum(due, for_costs, out=met[t])
            np.subtract(due, met[t], out=unmet[t])
            for_costs -= met[t]
        outstanding += drawn[t]
        if t >= last_cost:
            set_aside += for_costs
            for_costs[:] = 0.0
        if t == periods - 1 or capital.distribution == "each_period" or (
            capital.distribution == "after_delivery" and t >= last_cost
        ):  # fmt: skip
            np.minimum(set_aside, outstanding, out=principal[t])
            np.subtract(set_aside, principal[t], out=surplus[t])
            outstanding -= principal[t]
            set_aside[:] = 0.0
        np.add(for_costs, set_aside, out=balance[t])
    return Account(
        costs=np.broadcast_to(costs, (periods, runs)),
        met=met,
        unmet=unmet,
        balance=balance,
        flows={name: {"drawn": drawn, "principal": principal, "surplus": surplus}},
        lost={name: outstanding},
    )
