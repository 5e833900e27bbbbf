"""One run, walked from people to pounds: what the ledger says of it, selected and put in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from sibmodel.contract.capital import ACCOUNT
from sibmodel.contract.contract import Contract

TITLES = {
    "assumptions": "What was drawn for the uncertain numbers",
    "people": "Who started",
    "outcomes": "What happened, would have happened anyway, and was claimed",
    "readings": "Performances as read",
    "rules": "What each rule paid",
    "payers": "What each payer paid",
    "account": "The account, period by period",
    "tranches": "What each tranche put in and received",
    "moves": "Sums between other parties",
    "measures": "The measures of this run",
}


@dataclass(frozen=True, repr=False)
class Explanation:
    """One run of a simulation.

    Attributes
    ----------
    run : int
    title : str
        Contract, run and seed.
    tables : mapping of str to DataFrame
        ``assumptions``, ``people``, ``outcomes``, ``readings``, ``rules``, ``payers``,
        ``account``, ``tranches``, ``moves``, ``measures``: those that the contract has.
    ending : str
        Which ending held and when; empty where none did.
    """

    run: int
    title: str
    tables: Mapping[str, pd.DataFrame]
    ending: str

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def __repr__(self) -> str:
        parts = [self.title, *([self.ending] if self.ending else [])]
        for name, table in self.tables.items():
            shown = table.to_string(float_format=_number, na_rep="undefined")
            parts.append(f"\n{TITLES[name]}\n{shown}")
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (only notebooks ask)

        parts = [f"<h3>{escape(self.title)}</h3>"]
        parts += [f"<p>{escape(self.ending)}</p>"] if self.ending else []
        for name, table in self.tables.items():
            shown = table.to_html(float_format=_number, na_rep="undefined")
            parts.append(f"<h4>{escape(TITLES[name])}</h4>{shown}")
        return "\n".join(parts)


def _number(value: float) -> str:
    """Rates to four places, money to the penny.

    Examples
    --------
    >>> _number(0.05125), _number(1234567.5)
    ('0.0512', '1,234,567.50')
    """
    return f"{value:.4f}" if 0 < abs(value) < 10 and value % 1 else f"{value:,.2f}"


def explanation(
    contract: Contract, one: xr.Dataset, measures: pd.DataFrame, title: str
) -> Explanation:
    """What happened in one run.

    Parameters
    ----------
    contract : Contract
    one : xarray.Dataset
        The ledger of one run.
    measures : DataFrame
        Its measures, with value and unit.
    title : str
    """
    tables = {
        "assumptions": _column(one, "assumed", "value"),
        "people": _frame(one, {"starts": "started"}, over="period"),
        "outcomes": _frame(
            one, {n: n for n in ("achieved", "anyway", "claimed")}, over=("period", "group")
        ),
        "readings": _column(one, "readings", "figure"),
        "rules": _frame(one, {"paid": "paid"}, over="period"),
        "payers": _frame(
            one,
            {"paid_by_payer": "paid", "paid_back": "handed back", "running_costs": "own costs"},
            over="period",
        ),
        "account": _account(one),
        "tranches": _frame(
            one,
            {n: n for n in ("drawn", "interest", "principal", "surplus", "guaranteed")}
            | {"distributed": "received", "put_in": "put in"},
            over="period",
        ),
        "moves": _frame(one, {"moved": "money"}, over="period"),
        "measures": measures,
    }
    if not tables["moves"].empty:
        tables["moves"] = tables["moves"].loc[lambda moves: moves.money != 0]
    return Explanation(
        run=int(one["run"]),
        title=title,
        tables={name: table for name, table in tables.items() if not table.empty},
        ending=_ending(contract, one),
    )


def _frame(
    one: xr.Dataset, names: Mapping[str, str], *, over: str | tuple[str, ...]
) -> pd.DataFrame:
    """Variables of one run, summed over some axes, side by side."""
    found = {title: one[name].sum(over) for name, title in names.items() if name in one}
    if not found:
        return pd.DataFrame()
    return pd.DataFrame({title: array.to_series() for title, array in found.items()})


def _column(one: xr.Dataset, name: str, title: str) -> pd.DataFrame:
    return one[name].to_series().to_frame(title) if name in one else pd.DataFrame()


def _account(one: xr.Dataset) -> pd.DataFrame:
    """Money in and out of the account by period."""
    table = {"payments": one["paid"].sum("rule")}
    if "tax" in one:
        table["tax"] = one["tax"]
    table["costs due"] = one["costs"]
    for name in ("paid_back", "drawn", "met", "unmet"):
        if name in one:
            axes = [axis for axis in one[name].dims if axis != "period"]
            table[name.replace("_", " ")] = one[name].sum(axes)
    for name in ("interest", "principal", "surplus", "guaranteed", "distributed"):
        if name in one:
            table[name] = one[name].sum("tranche")
    table |= _with_others(one)
    if "balance" in one:
        table["balance"] = one["balance"]
    frame = pd.DataFrame({title: array.to_series() for title, array in table.items()})
    frame.insert(0, "date", [str(day)[:10] for day in one["date"].to_numpy()])
    return frame


def _with_others(one: xr.Dataset) -> dict[str, xr.DataArray]:
    """Sums between the account and others, those apart that are within the costs met."""
    table = {}
    for title, place in (("to others", 0), ("from others", 1)):
        mine = [
            move
            for move in (one["moved"]["move"].values if "moved" in one else ())
            if move.partition(": ")[0].split(" to ")[place] == ACCOUNT
            and move.partition(": ")[2] not in ("cost", "tax")
        ]
        if mine:
            table[title] = one["moved"].sel(move=mine).sum("move")
    return table


def _ending(contract: Contract, one: xr.Dataset) -> str:
    if "ending" not in one or int(one["ending"]) < 0:
        return ""
    name, period = contract.ending_names[int(one["ending"])], int(one["ended"])
    return f"It ended early: {name} held in period {period} ({contract.timeline.date(period)})."
