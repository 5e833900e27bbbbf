"""What a limit per person takes, and which limit would explain that less was paid than claimed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.settlement import Settlement
from sibmodel.simulation import person_earnings


def explain_payment(
    settlement: Settlement,
    paid: float,
    *,
    togetherness: Sequence[float] = (0.0, 0.5, 1.0),
    seed: int = 0,
) -> pd.DataFrame:
    """What alone would bring accepted claims down to what was paid.

    Neither is observed: the same payment fits one reduction on the whole rate card, or a limit
    per person at any togetherness, or a mixture. The limits are read off simulated people, whose
    rates are the contract's at their means.

    Parameters
    ----------
    settlement : Settlement
        What the recorded outcomes would pay.
    paid : float
        What was paid [money].
    togetherness : sequence of float
        How far one person's ladders go together, 0 to 1.
    seed : int
        For the simulated people.

    Returns
    -------
    DataFrame
        One row an explanation: explanation, togetherness, figure, unit.

    Raises
    ------
    ValueError
        If more was paid than the claims earn.
    """
    earned = settlement.earned
    if not 0 < paid <= earned:
        raise ValueError(
            f"paid must be above 0 and at most what the claims earn, {earned:,.2f}: "
            f"seen {paid:,.2f}"
        )
    share, currency = paid / earned, settlement.contract.currency
    rows: list[tuple[str, float, float, str]] = [
        ("one reduction: a factor on every price", np.nan, share, "factor")
    ]
    for together in togetherness:
        money = person_earnings(settlement.contract, togetherness=together, seed=seed)
        rows.append(("a limit per person", together, limit_that_leaves(money, share), currency))
    return pd.DataFrame(rows, columns=["explanation", "togetherness", "figure", "unit"])


def limit_per_person(
    contract: Contract, *, togetherness: Sequence[float] = (0.0, 0.5), seed: int = 0
) -> pd.DataFrame:
    """What the contract's limit per person takes, at several degrees of togetherness.

    How far one person's ladders go together decides it and is seldom known: look at both ends.

    Parameters
    ----------
    contract : Contract
        With a limit per person.
    togetherness : sequence of float
        0 to 1.
    seed : int

    Returns
    -------
    DataFrame
        One row a togetherness: togetherness, people_at_limit (share of those who start), taken
        (share of what claims earn at their price).

    Raises
    ------
    ValueError
        If the contract has no limit per person.
    """
    size = contract.payments.limits.person
    if size is None or size.amount is None:
        raise ValueError(f"{contract.name} has no limit per person: add payments.limits.person")
    rows = []
    for together in togetherness:
        money = person_earnings(contract, togetherness=together, seed=seed)
        if not money.any():
            raise ValueError(
                f"{contract.name}: nobody starts, or nothing is paid for: nothing to limit"
            )
        over = np.maximum(money - size.amount, 0.0)
        rows.append((together, float((over > 0).mean()), float(over.sum() / money.sum())))
    return pd.DataFrame(rows, columns=["togetherness", "people_at_limit", "taken"])


def limit_that_leaves(money: npt.NDArray[np.float64], share: float) -> float:
    """The limit per person under which this share of all people's money is paid.

    Parameters
    ----------
    money : array (person,)
        What each person's claims earn.
    share : float
        Above 0, at most 1.

    Examples
    --------
    >>> limit_that_leaves(np.array([100.0, 300.0]), 0.75)
    200.0
    """
    ordered = np.sort(money)
    below = np.concatenate([[0.0], np.cumsum(ordered)])  # paid in full by the k poorest
    above = len(ordered) - np.arange(len(ordered))  # people at or above the k-th
    wanted = share * below[-1]
    paid_at = below[:-1] + above * ordered  # total paid if the limit is the k-th person's money
    k = int(np.searchsorted(paid_at, wanted))
    if k == len(ordered):
        return float(ordered[-1])
    return float((wanted - below[k]) / above[k])
