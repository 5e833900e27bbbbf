"""What a payer sets aside by financial year."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from sibmodel import statistics
from sibmodel.contract.faults import did_you_mean
from sibmodel.results import Results, checked_percentiles, need_results, show

Floats = npt.NDArray[np.float64]

TOTAL = "all years"
"""The last row: the whole term, with percentiles of its own."""

PERCENTILES = (50, 80, 90)

KINDS = {
    "financial": "financial year, April to March",
    "calendar": "calendar year",
    "contract": "contract year, from its start",
}


@dataclass(frozen=True, repr=False)
class Budget:
    """What a payer spends by financial year.

    Attributes
    ----------
    title : str
    table : DataFrame
        One row a year, to the last that any money falls in, then ``all years``, in nominal money:
        ``payments`` (expected; less what is paid or handed back), their ``p50`` …,
        ``running_costs`` (those of delivery too where it is in-house), ``cashable_savings`` and
        ``net`` (payments and running costs less savings), all expected. With a budget also
        ``budget``, ``over`` (share of runs in which payments and running costs pass it),
        ``over_low`` and ``over_high`` (its Wilson limits).
    notes : tuple of str
        How to read it, and why anything is undefined.
    currency : str
    """

    title: str
    table: pd.DataFrame
    notes: tuple[str, ...]
    currency: str

    def told(self) -> list[list[str]]:
        """The table as texts, the head first."""
        names = [c for c in self.table.columns if c not in ("over_low", "over_high")]
        head = ["year", *(name.replace("_", " ") for name in names)]
        return [head, *([str(year), *(self._cell(row, name) for name in names)]
                        for year, row in self.table.iterrows())]  # fmt: skip

    def _cell(self, row: pd.Series[float], name: str) -> str:
        value = float(row[name])
        if name in ("over", "budget") and math.isnan(value):
            return "–"
        return show(value, "share" if name == "over" else self.currency)

    def __repr__(self) -> str:
        rows = self.told()
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in rows
        ]
        return "\n".join([self.title, *lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        head, *rows = self.told()
        cells = "".join(f"<th>{escape(text)}</th>" for text in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
        )
        return (
            f"<p><b>{escape(self.title)}</b></p><table><thead><tr>{cells}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{'<br>'.join(map(escape, self.notes))}</p>"
        )


def budget(
    results: Results,
    payer: str | None = None,
    percentiles: Sequence[float] = PERCENTILES,
    budget: Mapping[str, float] | None = None,
    years: Literal["financial", "contract"] = "financial",
) -> Budget:
    """Payments, running costs and cashable savings of a payer by financial year.

    Parameters
    ----------
    results : Results
        With its ledger.
    payer : str, optional
        One of the payers, or ``public`` for all public ones; all payers together if left out.
    percentiles : sequence of float
        Of payments, each year by itself, each between 0 and 100.
    budget : mapping of year to amount, optional
        What is set aside, ``{"2028-29": 42000}``, nominal: how often payments and the payer's own
        running costs pass it. A year before the first payment or after the last may be named.
    years : {"financial", "contract"}
        Financial years, April to March (calendar years where prices are); or 12 months each from
        the timeline's start, "year 1" and on, by which cashable savings are not known.

    Returns
    -------
    Budget

    Raises
    ------
    KeyError
        If there is no such payer.
    ValueError
        If the ledger was not kept, or a year is not written like those of the contract.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=4096)
    >>> print(budget(bond).table.loc["2028-29", "p90"])
    445000.0
    """
    need_results(results, "budget")
    if results.ledger is None:
        raise ValueError('the ledger was not kept: simulate with keep="ledger" to see years')
    percentiles = checked_percentiles(percentiles)
    asked, whose = _payers(results, payer)
    kind = _kind(results, years)
    wanted = {_year(year, kind): _amount(year, money) for year, money in (budget or {}).items()}
    paid = _by_year(results, {"paid_by_payer": 1, "paid_back": -1}, asked, kind)
    running = _by_year(results, {"running_costs": 1, "costs": 1}, asked, kind)
    savings, why = _savings(results, asked, whose)
    if kind == "contract" and savings:
        savings, why = None, "Cashable savings are known by financial year only."
    flows = (paid, running, savings or {})
    first = min({*wanted, *(year for flow in flows for year in flow)})
    moved = {year for flow in flows for year, money in flow.items() if money.any()}
    span = range(first, max({first, *wanted, *moved}) + 1)  # no row after the last money
    nothing = np.zeros(results.runs)
    rows: dict[str, dict[str, float]] = {}
    for year in (*span, None):
        payments, costs = (
            np.sum(list(flow.values()) or [nothing], axis=0)
            if year is None
            else flow.get(year, nothing)
            for flow in (paid, running)
        )
        saved = math.nan
        if savings is not None:
            of_year = savings.values() if year is None else [savings.get(year, nothing)]
            saved = float(np.sum([part.mean() for part in of_year]))
        row = {"payments": float(payments.mean())}
        row |= {f"p{p:g}": statistics.percentile(payments, p) for p in percentiles}
        row |= {"running_costs": float(costs.mean()), "cashable_savings": saved}
        row["net"] = row["payments"] + row["running_costs"] - saved
        if wanted and year is None:
            spent = sum((flow.get(y, nothing) for flow in (paid, running) for y in wanted), nothing)
            row |= _over(spent, sum(wanted.values()))
        elif wanted:
            row |= _over(payments + costs, wanted.get(year))
        rows[TOTAL if year is None else _label(year, kind)] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "year"
    return Budget(
        f"{results.contract.name}: payments of {whose} by {KINDS[kind]}; "
        f"{results.contract.currency}, nominal, in cash",
        table,
        tuple(_notes(results, asked, percentiles, wanted, why)),
        results.contract.currency,
    )


def _notes(
    results: Results,
    payers: Sequence[str],
    percentiles: Sequence[float],
    wanted: Mapping[int, float],
    why: str,
) -> list[str]:
    named = ", ".join(f"P{percent:g}" for percent in percentiles)
    notes = [
        f"{named}: of payments, each year by itself. They do not add up to those of all years, "
        f"because years do not all turn out dear together; expected values do.",
        "Net: payments and the payer’s own running costs less cashable savings, all expected.",
    ]
    if "paid_back" in (results.ledger or {}):
        notes.append("Payments: less what is paid or handed back, in the year in which it is.")
    if _in_house(results, payers):
        notes.append("Running costs: with those of delivery, which is in-house.")
    if wanted:
        notes.append(
            "Over: the share of runs in which payments and running costs pass the budget; in the "
            "last row those of the years named, and their budgets taken together."
        )
    return [*notes, *([why] if why else [])]


def _over(spent: Floats, amount: float | None) -> dict[str, float]:
    if amount is None:
        return dict.fromkeys(("budget", "over", "over_low", "over_high"), math.nan)
    # a sum of floats that meets the budget exactly has not passed it
    share = float((spent > amount * (1 + 1e-12)).mean())
    low, high = statistics.wilson(share, len(spent))
    return {"budget": amount, "over": share, "over_low": low, "over_high": high}


def _payers(results: Results, payer: str | None) -> tuple[list[str], str]:
    contract = results.contract
    names = list(contract.payer_names)
    public = [name for name in names if contract.is_public(name)]
    if payer is None:
        return names, _words(names[0]) if len(names) == 1 else "all payers together"
    if payer == "public":
        if not public:
            raise KeyError("no payer is public")
        return public, "all public payers together"
    if payer not in names:
        raise KeyError(f"there is no payer called {payer!r}; {did_you_mean(payer, names)}")
    return [payer], _words(payer)


def _words(name: str) -> str:
    return name.replace("_", " ")


# --- years ----------------------------------------------------------------------------------------


def _amount(year: str, money: object) -> float:
    """What is set aside in a year."""
    if isinstance(money, bool) or not isinstance(money, int | float | np.number):
        raise ValueError(f"what is set aside in {year} is a number: seen {money!r}")
    if not 0 <= money < math.inf:
        raise ValueError(f"what is set aside in {year} is an amount, 0 or more: seen {money:g}")
    return float(money)


def _kind(results: Results, years: str) -> str:
    """Which years are meant."""
    if years not in ("financial", "contract"):
        raise ValueError(f"years is financial or contract: seen {years!r}")
    prices = results.contract.prices
    calendar = prices is not None and len(prices.base) == 4
    return "calendar" if calendar and years == "financial" else years


def _year(label: str, kind: str) -> int:
    """The year in which a labelled year begins; of contract years its number."""
    label = str(label)  # a calendar year may be given as a number
    form = {"calendar": r"(\d{4})", "financial": r"(\d{4})-\d{2}", "contract": r"year (\d{1,3})"}
    written = re.fullmatch(form[kind], label)
    if written is None or label != _label(int(written[1]), kind):
        example = _label(2 if kind == "contract" else 2028, kind)
        raise ValueError(f"a year of this contract’s budget is written {example}: seen {label!r}")
    return int(written[1])


def _label(year: int, kind: str) -> str:
    if kind == "contract":
        return f"year {year}"
    return str(year) if kind == "calendar" else f"{year}-{(year + 1) % 100:02d}"


def _by_year(
    results: Results, variables: Mapping[str, int], payers: Sequence[str], kind: str
) -> dict[int, Floats]:
    """These payers' part of variables of the ledger, with their signs, by year, each (run,)."""
    assert results.ledger is not None
    found: dict[int, Floats] = {}
    for variable, sign in variables.items():
        if variable not in results.ledger:
            continue
        array: xr.DataArray = results.ledger[variable]
        if "payer" in array.dims:
            mine = [payer for payer in payers if payer in array["payer"].values]
            array = array.sel(payer=mine).sum("payer")
        elif not _in_house(results, payers):
            continue
        money = sign * array.transpose("run", "period").values
        for period, year in enumerate(_years(results, kind)):
            found[year] = found.get(year, np.zeros(results.runs)) + money[:, period]
    return found


def _in_house(results: Results, payers: Sequence[str]) -> bool:
    """Whether one of these payers delivers the service, so that its costs are the payer's own."""
    delivery = results.contract.delivery
    return delivery is not None and delivery.by in payers


def _years(results: Results, kind: str) -> list[int]:
    """The year each period's money falls in, as the contract dates it."""
    timeline = results.contract.timeline
    if kind == "contract":
        return [1 + period // timeline.periods_per_year for period in range(timeline.periods)]
    days = [timeline.date(period) for period in range(timeline.periods + 1)]
    found = []
    for day, following in pairwise(days):
        dated = {
            "start": day,
            "middle": day + (following - day) / 2,
            "end": following - dt.timedelta(days=1),
        }[timeline.timing]
        found.append(dated.year - (kind == "financial" and dated.month < 4))
    return found


def _savings(
    results: Results, payers: Sequence[str], whose: str
) -> tuple[dict[int, Floats] | None, str]:
    """Cashable savings of these payers by year, each (run,); or None, and why."""
    contract, ledger = results.contract, results.ledger
    assert ledger is not None
    undefined = f"Cashable savings of {whose} are undefined"
    if contract.value is None:
        return None, f"{undefined}: the contract states no value (value.benefits)"
    mine = [
        name
        for name, benefit in contract.value.benefits.items()
        if {benefit.to, benefit.taken_from} & set(payers)
    ]
    missing = [results.undefined_benefits[n] for n in mine if n in results.undefined_benefits]
    if missing:
        return None, f"{undefined}: {missing[0]}"
    if not mine:
        return {}, f"No benefit goes to {whose}: no cashable savings."
    if "cashable_savings" not in ledger:
        reason = ledger.attrs.get("cashable_savings_undefined") or "the ledger does not have them"
        return None, f"{undefined}: {reason}"
    array = ledger["cashable_savings"].sel(party=list(payers)).sum("party")
    found = {
        int(str(label)[:4]): array.sel(financial_year=label).transpose("run").values
        for label in array["financial_year"].values
    }
    return found, ""
