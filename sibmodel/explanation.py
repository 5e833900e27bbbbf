"""One run, walked from people to pounds: what the ledger says of it, selected and put in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from sibmodel.results import Results

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
            shown = table.to_string(float_format=lambda x: f"{x:,.2f}", na_rep="undefined")
            parts.append(f"\n{TITLES[name]}\n{shown}")
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (only notebooks ask)

        parts = [f"<h3>{escape(self.title)}</h3>"]
        parts += [f"<p>{escape(self.ending)}</p>"] if self.ending else []
        for name, table in self.tables.items():
            shown = table.to_html(float_format=lambda x: f"{x:,.2f}", na_rep="undefined")
            parts.append(f"<h4>{escape(TITLES[name])}</h4>{shown}")
        return "\n".join(parts)


def explanation(results: Results, run: int) -> Explanation:
    """What happened in one run.

    Parameters
    ----------
    results : Results
        With its ledger.
    run : int
        From 0.

    Raises
    ------
    ValueError
        If there is no such run, or the ledger was not kept.

    Examples
    --------
    >>> import sibmodel as sib
    >>> results = sib.simulate(sib.library.load("closed_form_bond"), runs=20)
    >>> told = explanation(results, 17)
    >>> told["outcomes"].achieved.sum() * 5000 == told["payers"].paid.sum()
    True
    """
    if results.ledger is None:
        raise ValueError('the ledger was not kept: simulate with keep="ledger" to explain a run')
    if not 0 <= run < results.runs:
        raise ValueError(f"run must be from 0 to {results.runs - 1}: seen {run!r}")
    one = results.ledger.isel(run=run)
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
        "measures": _measures(results, run),
    }
    if not tables["moves"].empty:
        tables["moves"] = tables["moves"].loc[lambda moves: moves.money != 0]
    return Explanation(
        run=run,
        title=f"{results.contract.name}: run {run} of {results.runs:,}, seed {results.seed}",
        tables={name: table for name, table in tables.items() if not table.empty},
        ending=_ending(results, one),
    )


def _frame(one: xr.Dataset, names: Mapping[str, str], *, over: str | tuple[str, ...]) -> pd.DataFrame:
    """Variables of one run, summed over some axes, side by side."""
    found = {title: one[name].sum(over) for name, title in names.items() if name in one}
    if not found:
        return pd.DataFrame()
    return pd.DataFrame({title: array.to_series() for title, array in found.items()})


def _column(one: xr.Dataset, name: str, title: str) -> pd.DataFrame:
    return one[name].to_series().to_frame(title) if name in one else pd.DataFrame()


def _account(one: xr.Dataset) -> pd.DataFrame:
    """Money in and out of the account by period."""
    table = {"payments": one["paid"].sum("rule"), "costs due": one["costs"]}
    for name in ("paid_back", "drawn", "met", "unmet"):
        if name in one:
            axes = [axis for axis in one[name].dims if axis != "period"]
            table[name.replace("_", " ")] = one[name].sum(axes)
    for name in ("interest", "principal", "surplus", "guaranteed", "distributed"):
        if name in one:
            table[name] = one[name].sum("tranche")
    if "balance" in one:
        table["balance"] = one["balance"]
    frame = pd.DataFrame({title: array.to_series() for title, array in table.items()})
    frame.insert(0, "date", [str(day)[:10] for day in one["date"].to_numpy()])
    return frame


def _measures(results: Results, run: int) -> pd.DataFrame:
    rows = {
        name: {
            "value": float(results.values[name][run]),
            "unit": results.about(name).unit.replace("money", results.contract.currency),
        }
        for name in results.names
        if name in results.values
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _ending(results: Results, one: xr.Dataset) -> str:
    if "ending" not in one or int(one["ending"]) < 0:
        return ""
    name = results.contract.ending_names[int(one["ending"])]
    period = int(one["ended"])
    day = results.contract.timeline.date(period)
    return f"It ended early: {name} held in period {period} ({day})."


def median_run(results: Results, name: str = "investor_irr") -> int:
    """The run whose measure is the median: the lowest such run.

    Raises
    ------
    ValueError
        If the measure is undefined in every run.
    """
    value = results.measure(name)
    defined = np.flatnonzero(~np.isnan(value))
    if not defined.size:
        raise ValueError(f"{name} is undefined in every run: {results.reason(name)}")
    ordered = defined[np.argsort(value[defined], kind="stable")]
    return int(ordered[(len(ordered) - 1) // 2])
