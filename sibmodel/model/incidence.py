"""Incidence: who pays and who gains, party by party, in present values that add up to society's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sibmodel.contract.contract import TAX_AUTHORITY, Contract
from sibmodel.contract.delivery import PROVIDER
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.value import OnNominal, nominal_worth

BENEFITS = ("cash_savings", "other_benefits", "transfers")
"""Columns that are benefits: out of a budget; all others; and what another loses."""

COLUMNS = ("payments", "costs", *BENEFITS, "return")
"""Columns of the incidence table; over all parties payments, transfers and return cancel."""

WEIGHTED = "weighted_net"
"""The column beside them where distributional weights are stated."""

ACCOUNT = "account"
"""The row of the incidence table for money that waits in the account."""


def _taxed(table: dict[str, dict[str, Floats]], party: str, tax: Floats) -> None:
    """Tax within a party's costs uses nothing up: it is paid to the tax authority."""
    if not np.any(tax):
        return
    table[party]["costs"] += tax
    table[party]["payments"] -= tax
    table[TAX_AUTHORITY]["payments"] += tax


def _account_rows(
    contract: Contract,
    table: dict[str, dict[str, Floats]],
    weights: OnNominal,
    account: Account,
    due: Floats,
    tax_due: Floats,
) -> None:
    """Enter costs met, what capital puts in and gets, and sums between parties."""
    assert contract.capital is not None
    for flow in account.brought.values():
        table[ACCOUNT]["payments"] += nominal_worth(weights, flow)
    for flow in account.returned.values():
        table[ACCOUNT]["payments"] -= nominal_worth(weights, flow)
    spent = nominal_worth(weights, account.met)
    table[ACCOUNT]["costs"] -= spent
    # who is paid for delivery spends what it gets; what is not met, the provider bears
    table[PROVIDER]["costs"] -= nominal_worth(weights, due) - spent
    for party, flow in account.forgone.items():
        worth = nominal_worth(weights, flow)
        table[PROVIDER]["costs"] += worth
        table[party]["costs"] -= worth
    if np.any(account.untaxed):
        table[PROVIDER]["costs"] += nominal_worth(weights, account.untaxed)
    met_tax = sum(
        (nominal_worth(weights, f) for (_, _, kind), f in account.moves.items() if kind == "tax"),
        np.zeros_like(tax_due),
    )
    _taxed(table, PROVIDER, tax_due - met_tax)
    for name, kinds in account.flows.items():
        holder = table[contract.capital.holder(name)]
        for kind, flow in kinds.items():
            if kind in ("drawn", "interest", "principal", "surplus"):
                gain = nominal_worth(weights, flow) * (-1 if kind == "drawn" else 1)
                holder["return"] += gain
                table[ACCOUNT]["return"] -= gain
    for (giver, taker, kind), flow in account.moves.items():
        worth = nominal_worth(weights, flow)
        if kind == "tax":
            _taxed(table, ACCOUNT, worth)
        elif kind != "cost":
            for end, sign in ((giver, -1), (taker, 1)):
                party = contract.capital.holder(end) if end in account.flows else end
                table[party]["return"] += sign * worth


def incidence(
    contract: Contract,
    *,
    weights: OnNominal,
    by_payer: Mapping[str, Floats],
    income: Floats,
    tax: Floats | None,
    backs: Mapping[str, Floats],
    running: Mapping[str, Floats],
    running_tax: Mapping[str, Floats],
    due: Floats,
    cost_tax: Floats,
    account: Account | None,
    benefits: Mapping[str, Floats],
    cashable: Mapping[str, Floats],
    elasticity: float | Floats | None,
    runs: int,
) -> dict[str, dict[str, Floats]]:
    """Who pays and who gains: party → column → present value (run,), gains positive.

    Parameters
    ----------
    weights : array (period,)
        Present value of nominal money by period.
    by_payer, running : mapping of payer to array (period, run)
        Outcome payments less what is paid back, and the payer's own costs of running the contract.
    income, tax : array (period, run)
        Of those payments, what the account (or the provider) receives, and what is tax (or None).
    backs : mapping of party to array (period, run)
        What is paid back to payers.
    running_tax : mapping of payer to array (period, run)
        Tax within its costs.
    due, cost_tax : array (period, run)
        Delivery costs, and tax within them.
    account : Account or None
        Of a contract with capital.
    benefits, cashable : mapping of benefit to array (run,)
        Present values, and their cashable parts; one that is left out is undefined, and so is
        whoever it touches.
    elasticity : float, array (run,) or None
        Of the distributional weights; None where none are stated.

    Returns
    -------
    dict
        Every party named in the contract, and the account where there is one. Summed over
        parties, payments, transfers and return are zero; costs are minus the real resources.
        With weights, also each party's net gain × its weight.
    """
    parties = [*contract.party_names, *([ACCOUNT] if account is not None else [])]
    table = {party: {column: np.zeros(runs) for column in COLUMNS} for party in parties}
    receiver = ACCOUNT if account is not None else PROVIDER
    for payer, flow in by_payer.items():
        table[payer]["payments"] -= nominal_worth(weights, flow)
    table[receiver]["payments"] += nominal_worth(weights, income)
    if tax is not None and contract.payments.tax is not None:
        table[contract.payments.tax.to]["payments"] += nominal_worth(weights, tax)
    for party, flow in backs.items():
        table[party]["payments"] -= nominal_worth(weights, flow)
    for payer, flow in running.items():
        table[payer]["costs"] -= nominal_worth(weights, flow)
    for payer, flow in running_tax.items():
        _taxed(table, payer, nominal_worth(weights, flow))
    tax_due = nominal_worth(weights, cost_tax) if np.any(cost_tax) else np.zeros(runs)
    if account is None:
        bears = contract.delivery.by if contract.delivery is not None else PROVIDER
        table[bears]["costs"] -= nominal_worth(weights, due)
        _taxed(table, bears, tax_due)
    else:
        _account_rows(contract, table, weights, account, due, tax_due)
    assert contract.value is not None
    undefined = np.full(runs, np.nan)
    for name, benefit in contract.value.benefits.items():
        # a benefit whose anyway is not stated is not nothing: who it touches is undefined
        worth = benefits.get(name, undefined)
        if benefit.taken_from:
            table[benefit.to]["transfers"] += worth
            table[benefit.taken_from]["transfers"] -= worth
        else:
            cash = cashable.get(name, undefined)
            table[benefit.to]["cash_savings"] += cash
            table[benefit.to]["other_benefits"] += worth - cash
    if elasticity is not None:
        for party, row in table.items():
            net = sum((row[column] for column in COLUMNS), np.zeros(runs))
            row[WEIGHTED] = net * income_weight(contract, party, elasticity)
    return table


def income_weight(contract: Contract, party: str, elasticity: float | Floats) -> float | Floats:
    """What a gain of a party counts: (reference income / its income)^elasticity; 1 without income.

    Source: HM Treasury, The Green Book, annex on distributional appraisal.
    """
    assert contract.value is not None
    assert contract.value.weights is not None
    stated = contract.parties.get(party)
    if stated is None or stated.income is None:
        return 1.0
    return (contract.value.weights.reference_income / stated.income) ** elasticity
