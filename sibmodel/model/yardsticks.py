"""Yardsticks: the counterfactual that is in force, and the rate where one is agreed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import path_text
from sibmodel.contract.performance import AgainstByDate, Comparison
from sibmodel.contract.tables import row_key
from sibmodel.model.assumptions import Drawn
from sibmodel.model.effects import Number


def in_force(contract: Contract, outcome: str, date: dt.date) -> tuple[Any, str]:
    """The counterfactual of an outcome in force on a date, None before any is, and its path."""
    against, path = contract.outcomes[outcome].against, f"outcomes.{outcome}.against"
    if not isinstance(against, AgainstByDate):
        return against, path
    begun = [key for key in against.begins if contract.timeline.day(key) <= date]
    if not begun:
        return None, path
    row = max(begun, key=contract.timeline.day)
    return against.begins[row], path_text(("outcomes", outcome, "against", "from", row_key(row)))


def agreed_rate(
    contract: Contract,
    drawn: Drawn,
    outcome: str,
    *,
    cohort: str | None,
    group: str | None,
    date: dt.date,
) -> Number | None:
    """The counterfactual a person that was agreed and is in force on a date, if any is.

    Raises
    ------
    ValueError
        If it differs by group and the group is not said.
    """
    against, path = in_force(contract, outcome, date)
    if against is None or isinstance(against, Comparison):
        return None
    if group is not None:
        return drawn(path, group)
    cohorts = contract.cohorts_of(outcome) if cohort is None else (cohort,)
    rates = [drawn(path, label) for one in cohorts for label in contract.groups(one)]
    if any(not np.array_equal(rate, rates[0]) for rate in rates):
        raise ValueError(f"{path} differs by group: records of {outcome} must say their group")
    return rates[0]
