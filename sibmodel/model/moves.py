"""Sums between parties that are no tranche's own flow: which there can be, and their names."""

from __future__ import annotations

from sibmodel.contract.capital import ACCOUNT
from sibmodel.contract.contract import BANK, TAX_AUTHORITY, Contract
from sibmodel.contract.delivery import PROVIDER

Move = tuple[str, str, str]
"""Giver, taker, kind; an end is a party, a tranche or the account."""


def moves_of(contract: Contract) -> tuple[Move, ...]:
    """Every sum that can move in a contract's account beside tranches' own flows, in a fixed order.

    Parameters
    ----------
    contract : Contract

    Examples
    --------
    >>> import sibmodel as sib
    >>> moves_of(sib.library.load("closed_form_bond"))
    ()
    """
    capital = contract.capital
    if capital is None:
        return ()
    found: list[Move] = []
    if capital.account.interest != 0:
        found.append((BANK, ACCOUNT, "interest"))
    for cost in (contract.delivery.costs if contract.delivery else {}).values():
        if cost.tax != 0:
            found.append((ACCOUNT, TAX_AUTHORITY, "tax"))
        if cost.to != PROVIDER:
            found.append((ACCOUNT, cost.to, "cost"))
    parties = {*contract.payments.payers, *capital.tranches}
    for step in capital.steps.values():
        found += [(ACCOUNT, party, "surplus") for party in step.to if party not in parties]
    for guarantee in capital.guarantees.values():
        found.append((guarantee.by, guarantee.covers, "guarantee"))
    for settlement in capital.settlements.values():
        found += [
            (settlement.giver, settlement.taker, "settlement"),
            (settlement.taker, settlement.giver, "settlement"),
        ]
    for ending in capital.endings.values():
        if ending.paid_by is not None and ending.paid_by not in contract.payments.payers:
            found.append((ending.paid_by, ACCOUNT, "redemption"))
        if ending.left_to is not None and ending.left_to not in contract.payments.payers:
            found.append((ACCOUNT, ending.left_to, "left"))
    return tuple(dict.fromkeys(found))


def label(move: Move) -> str:
    """A move as the ledger calls it.

    Examples
    --------
    >>> label(("account", "manager", "surplus"))
    'account to manager: surplus'
    """
    giver, taker, kind = move
    return f"{giver} to {taker}: {kind}"
