"""A deal by itself: payments on fixed dates, costs, and capital; one run, nothing by chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from both_ways import Both

from sibmodel.model.stages import Stages
from sibmodel.walk import BASE_CASE

Data = dict[str, Any]


def deal(
    capital: Data,
    *,
    periods: int,
    step: str = "year",
    payments: Mapping[int, float] | None = None,
    payers: Data | None = None,
    costs: Data | None = None,
    figures: Mapping[str, float] | None = None,
    **more: Any,
) -> Stages:
    """The base case of a deal, in which the slow twin has every flow alike.

    Parameters
    ----------
    capital : dict
        The section.
    periods : int
    step : str
    payments : mapping of period to money, optional
        What payers pay.
    payers : dict, optional
        The section; if left out, a council alone.
    costs : dict, optional
        The section on costs of delivery.
    figures : mapping of performance to value, optional
        Known from the start.
    **more
        Fields of ``payments``.
    """
    rules: Data = {
        f"payment_{t}": {"due": [t], "amount": amount} for t, amount in (payments or {}).items()
    }
    data: Data = {
        "schema": 1,
        "name": "deal",
        "currency": "GBP",
        "timeline": {"start": "2020-01-01", "step": step, "periods": periods},
        "cohorts": {"people": {"people": 1, "intake": [1]}},
        "outcomes": {"helped": {"rate": 1.0, "after": 0}},
        "payments": {
            "rules": rules or {"none": {"due": [0], "amount": 0}},
            "payers": payers or {"council": 1.0},
            **more,
        },
        "capital": capital,
    }
    if costs is not None:
        data["delivery"] = {"costs": costs}
    if figures is not None:
        data["performance"] = {n: {"value": value, "at": 0} for n, value in figures.items()}
    both = Both(data, BASE_CASE, 1)
    both.check()
    return both.stages


def flow(stages: Stages, tranche: str, *kinds: str) -> list[float]:
    """Some kinds of flow of a tranche, by period."""
    assert stages.account is not None
    flows = stages.account.flows[tranche]
    nothing = np.zeros((stages.contract.timeline.periods, 1))
    found: list[float] = sum((flows.get(kind, nothing) for kind in kinds), nothing)[:, 0].tolist()
    return found


def total(stages: Stages, tranche: str, *kinds: str) -> float:
    """Their sum over all periods."""
    return sum(flow(stages, tranche, *kinds))


def to(stages: Stages, party: str, kind: str = "surplus") -> list[float]:
    """What a party has out of the account, by period."""
    assert stages.account is not None
    found = stages.account.moves.get(("account", party, kind))
    periods = stages.contract.timeline.periods
    return [0.0] * periods if found is None else found[:, 0].tolist()


def paid_by(stages: Stages, payer: str) -> list[float]:
    """Outcome payments of a payer, less what is returned to it, by period."""
    flows: list[float] = stages.by_payer[payer][:, 0].tolist()
    return flows


def rate(stages: Stages, *tranches: str) -> float:
    """The rate of return of tranches taken together, a year."""
    return float(stages.irr_of(tranches).rate[0])
