"""What a contract is to be compared with: the same people under other arrangements.

Each comparator is a contract again, made from the first by changing who pays what, when, and who
bears the risk. By default the outcomes are those of the first: whoever believes that another
arrangement would achieve more or less, or cost more or less, says so in ``changes``.
"""

from __future__ import annotations

import math

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.questions.rearranged import (
    NO_COSTS,
    NOTHING,
    Changes,
    Data,
    base_case_costs,
    payers_of_a_sum,
    rearranged,
    service_costs,
    shared_number,
    without_finance,
)


def do_nothing(
    contract: Contract, *, changes: Changes | None = None, name: str | None = None
) -> Contract:
    """Nobody is served: what happens is what would have happened anyway.

    Each outcome's rate is its *anyway*, on the same draw, so additional outcomes are 0 in every
    run. Nothing is paid and nothing spent; benefits stay and come to 0. An uncertain *anyway*
    becomes a named assumption of both: it has the same distribution as in the contract, by another
    draw.

    Parameters
    ----------
    contract : Contract
        Every outcome must state what would have happened anyway.
    changes : mapping of path to value, optional
        What else would differ.
    name : str, optional
        "…: do nothing" if left out.

    Returns
    -------
    Contract

    Raises
    ------
    ValueError
        If *anyway* is not stated for some outcome.

    Examples
    --------
    >>> import sibmodel as sib
    >>> nothing = do_nothing(sib.library.load("closed_form_bond"))
    >>> nothing.outcomes["success"].rate, nothing.capital
    (0.0, None)
    """
    silent = [outcome for outcome, clause in contract.outcomes.items() if clause.anyway is None]
    if silent:
        raise ValueError(
            f"anyway is not stated for {', '.join(silent)}: without it nobody knows what would "
            f"happen if nothing were done"
        )
    data = contract.to_dict()
    assumptions = dict(data.get("assumptions", {}))
    outcomes: Data = {}
    drawn: dict[str, list[str]] = {}
    together: list[Data] = []
    for outcome, said in data["outcomes"].items():
        number, named = shared_number(said["anyway"], f"{outcome}_anyway", assumptions)
        outcomes[outcome] = {**said, "rate": number, "anyway": number}
        drawn[f"outcomes.{outcome}.anyway"] = named
        drawn[f"outcomes.{outcome}.rate"] = []  # no longer a number of its own
        clause = contract.outcomes[outcome].anyway
        if len(named) > 1 and isinstance(clause, ByGroup) and not clause.independent:
            together.append({"between": named, "spearman": 1.0})
    made: Data = {
        "outcomes": outcomes,
        "payments": {"rules": NOTHING, "payers": payers_of_a_sum(contract)},
        "delivery": NO_COSTS,
    }
    if assumptions:
        made["assumptions"] = assumptions
    gone = ("capital", "performance")
    title = name or f"{contract.name}: do nothing"
    return rearranged(contract, made, gone, changes, title, drawn, together)


def fee_for_service(
    contract: Contract,
    margin: float = 0.0,
    *,
    changes: Changes | None = None,
    name: str | None = None,
) -> Contract:
    """Payers pay an agreed fee by period, whatever is achieved.

    The fee is what delivery is expected to cost, its costs in the base case with the tax on them,
    and a margin; it is due in the periods in which those costs fall. If costs or people turn out
    otherwise the provider bears it. Each payer's share is the contract's own, without limits;
    where shares differ by rule, group or date, each payer's part of the expected payments. Capital
    goes, and with it costs that are for finance or a rate on commitments or on what is undrawn or
    outstanding. A cost that is a share of payments stays at what it comes to in the base case.
    Payers' own running costs stay; tax on payments is on top of the fee.

    Parameters
    ----------
    contract : Contract
        With delivery costs.
    margin : float
        On top of expected costs, as a share.
    changes : mapping of path to value, optional
        What else would differ, such as rates or costs; the fee follows changed costs.
    name : str, optional
        "…: fee for service" if left out.

    Returns
    -------
    Contract

    Raises
    ------
    ValueError
        If no delivery costs are stated, or the margin is below −1.

    Examples
    --------
    >>> import sibmodel as sib
    >>> fee = fee_for_service(sib.library.load("closed_form_bond"), margin=0.1)
    >>> round(sib.simulate(fee, runs=10).expected("outcome_payments"))
    396000
    """
    if not -1 <= margin < math.inf:
        raise ValueError(f"margin is a share of the costs, -1 or more: seen {margin:g}")
    costs = service_costs(contract)
    if not costs:
        raise ValueError(f"{contract.name} states no delivery costs: nothing to base a fee on")
    said = contract.to_dict()
    payments: Data = {"rules": NOTHING, "payers": payers_of_a_sum(contract)}
    if "running_costs" in said["payments"]:
        payments["running_costs"] = said["payments"]["running_costs"]
    if "tax" in said["payments"]:
        payments["tax"] = {**said["payments"]["tax"], "included": False}
    made = {"payments": payments, "delivery": {"costs": costs}}
    title = name or f"{contract.name}: fee for service"
    unpaid = rearranged(contract, made, ("capital",), changes, title)
    fee = {
        period: (1 + margin) * cost for period, cost in enumerate(base_case_costs(unpaid)) if cost
    }
    if not any(fee.values()):
        return unpaid
    rule = {"due": list(fee), "amount": {"from": fee}}
    return unpaid.replace({"payments.rules": {"fee": rule}})


def in_house(
    contract: Contract,
    by: str | None = None,
    *,
    changes: Changes | None = None,
    name: str | None = None,
) -> Contract:
    """A payer delivers the service itself and bears its costs, whatever they come to.

    There are no outcome payments and no capital, and so no costs of finance. A cost that is a share
    of payments stays at what it comes to in the base case; the payers' own costs of running the
    contract stay.

    Parameters
    ----------
    contract : Contract
        With delivery costs.
    by : str, optional
        Which payer; may be left out where there is one.
    changes : mapping of path to value, optional
        What else would differ, such as rates or costs.
    name : str, optional
        "…: in-house" if left out.

    Returns
    -------
    Contract

    Raises
    ------
    ValueError
        If no delivery costs are stated, there is no such payer, or it is not said which.

    Examples
    --------
    >>> import sibmodel as sib
    >>> own = in_house(sib.library.load("closed_form_bond"))
    >>> own.delivery.by, round(sib.simulate(own, runs=10).expected("cost_to_payers"))
    ('council', 360000)
    """
    payers = contract.payer_names
    if by is None and len(payers) > 1:
        raise ValueError(f"say which payer delivers: by= one of {', '.join(payers)}")
    by = by or payers[0]
    if by not in payers:
        raise ValueError(f"there is no payer called {by!r}; known are: {', '.join(payers)}")
    costs = service_costs(contract)
    if not costs:
        raise ValueError(f"{contract.name} states no delivery costs: nothing to deliver")
    payments: Data = {"rules": NOTHING, "payers": payers_of_a_sum(contract)}
    running = contract.to_dict()["payments"].get("running_costs")
    if running:
        payments["running_costs"] = running
    made = {"payments": payments, "delivery": {"by": by, "costs": costs}}
    return rearranged(contract, made, ("capital",), changes, name or f"{contract.name}: in-house")


def without_investors(
    contract: Contract, *, changes: Changes | None = None, name: str | None = None
) -> Contract:
    """Payment by results alone: the provider meets the costs, waits to be paid and bears the risk.

    Capital goes, with its endings and guarantees, and the costs of finance.

    Parameters
    ----------
    contract : Contract
    changes : mapping of path to value, optional
        What else would differ.
    name : str, optional
        "…: payment by results" if left out.

    Returns
    -------
    Contract

    Raises
    ------
    ValueError
        If a payer owes investors what it pays: without them nothing says what it would pay.

    Examples
    --------
    >>> import sibmodel as sib
    >>> alone = without_investors(sib.library.load("closed_form_bond"))
    >>> round(sib.simulate(alone, runs=4096).expected("provider_net"), -4)
    40000.0
    """
    if contract.bonds:
        raise ValueError(
            f"what payers pay is due to {', '.join(contract.bonds)}: without investors nothing "
            f"says what they would pay"
        )
    made: Data = {}
    gone = ["capital"]
    kept = without_finance(contract)
    if contract.delivery is not None and kept != contract.to_dict()["delivery"]["costs"]:
        if kept:
            made["delivery.costs"] = kept
        else:
            gone.append("delivery")
    title = name or f"{contract.name}: payment by results"
    return rearranged(contract, made, gone, changes, title)


def comparators(contract: Contract, by: str | None = None) -> list[Contract]:
    """A contract after those it is to be compared with, ready for ``compare``.

    Do nothing comes first, as the reference; then a fee for the service, delivery in-house, payment
    by results without investors, and the contract. One that the contract does not say enough for is
    left out: do nothing where *anyway* is not stated, a fee and in-house without delivery costs,
    payment by results where there is no capital or payers owe what they pay to investors.

    Parameters
    ----------
    contract : Contract
    by : str, optional
        The payer that would deliver in-house; the first if left out.

    Returns
    -------
    list of Contract

    Examples
    --------
    >>> import sibmodel as sib
    >>> [one.name.partition(": ")[2] for one in comparators(sib.library.load("closed_form_bond"))]
    ['do nothing', 'fee for service', 'in-house', 'payment by results', '']
    """
    found = []
    if all(outcome.anyway is not None for outcome in contract.outcomes.values()):
        found.append(do_nothing(contract))
    if without_finance(contract):
        found.append(fee_for_service(contract))
        found.append(in_house(contract, by or contract.payer_names[0]))
    if contract.capital is not None and not contract.bonds:
        found.append(without_investors(contract))
    return [*found, contract]
