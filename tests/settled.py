"""Contracts of the library settled, and sums over what they pay."""

from __future__ import annotations

from typing import Any

import pandas as pd

import sibmodel as sib
from sibmodel.library import load, records
from sibmodel.settlement import Settlement


def settled(name: str, *rows: dict[str, Any], **changes: Any) -> Settlement:
    """A contract settled with these rows, or with the library's records."""
    contract = load(name)
    if changes:
        contract = contract.replace({path.replace("__", "."): v for path, v in changes.items()})
    return sib.settle(contract, pd.DataFrame(rows) if rows else records(name))


def sums(settlement: Settlement, by: str, column: str = "amount") -> dict[Any, float]:
    """Money paid less money paid back, by a column of the payments."""
    table = settlement.payments
    signed = table[column].where(table["direction"] == "paid", -table[column])
    return {key: round(sum_, 2) for key, sum_ in signed.groupby(table[by]).sum().items() if sum_}


def reading(performance: str, period: int, value: float) -> dict[str, Any]:
    return {"outcome": performance, "period": period, "value": value}


def total(settlement: Settlement) -> float:
    return round(sum(sums(settlement, "rule").values()), 2)
