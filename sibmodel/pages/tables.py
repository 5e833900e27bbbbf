"""Tidy tables of a simulation's results: one row a thing, one column a property."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sibmodel.contract import register as registers
from sibmodel.pages.basis import PERCENTILES, AbsentError, dates_of, ledger_of, percentiles_of
from sibmodel.pages.investors import (
    capital_at_risk_by_period,
    endings,
    investors,
    losses,
    median_run,
)
from sibmodel.pages.rules import payments_by_rule, thresholds
from sibmodel.questions import person_limit
from sibmodel.results import Results

SECTIONS = {
    "Payments": ("outcome_payments", "payments_in_year", "cost_to_payers", "paid_back", "tax"),
    "Performance": ("performance[", "pays["),
    "Limits": ("taken_by_limits", "moved_by_limits", "limit_binds", "limit_used"),
    "People and outcomes": ("people_started", "outcomes_", "cost_per_"),
    "Delivery": ("delivery_costs", "shortfall", "falls_short", "provider_"),
    "Investors": (
        "investor_",
        "capital_at_risk",
        "payback",
        "weighted_average_life",
        "guarantee_pays",
        "returned",
        "ends_early",
        "finance_cost",
        "risk_borne_by_investors",
    ),
    "Value": (
        "net_present_value",
        "weighted_net_present_value",
        "benefits_",
        "cashable_benefits_",
        "costs_present_value",
        "benefit_cost_ratio",
        "cost_of_public_funds",
    ),
}
"""What the measures are about, by how their names begin."""

STATUS_MEANINGS = {
    "ok": "one rate of return",
    "total_loss": "everything put in was lost: −100%",
    "no_outlay": "undefined: investors put nothing in",
    "several": "undefined: more than one rate fits the cash flow",
    "none": "undefined: no rate fits the cash flow",
    "extreme": "one rate, above 1,000% a year",
}


def section_of(measure: str) -> str:
    """What a measure is about."""
    for section, beginnings in SECTIONS.items():
        if measure.startswith(beginnings):
            return section
    return "Other"


def summary(results: Results) -> pd.DataFrame:
    """Every measure: what it is about, expected value, percentiles, error, base case, undefined."""
    table = results.summary().reset_index()
    table.insert(0, "section", [section_of(name) for name in table["measure"]])
    table.insert(2, "about", [results.about(name).about for name in table["measure"]])
    return table


def payments_by_period(results: Results) -> pd.DataFrame:
    """Outcome payments by period, all payers together: expected and percentiles [money, nominal].

    What is paid or handed back later is not taken off.
    Each period's percentiles are its own; they do not add up to those of the total.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=100, chance=False)
    >>> payments_by_period(bond)[["period", "date", "expected", "p50"]].values.tolist()
    [[0, '2027-04-01', 0.0, 0.0], [1, '2028-04-01', 400000.0, 400000.0]]
    """
    ledger = ledger_of(results)
    paid = ledger["paid_by_payer"].sum("payer").transpose("run", "period").values
    return pd.DataFrame(
        {"period": ledger["period"].values, "date": dates_of(ledger), "expected": paid.mean(axis=0)}
        | percentiles_of(paid)
    )


def payments_by_payer(results: Results) -> pd.DataFrame:
    """Outcome payments by period and payer: expected and percentiles [money, nominal].

    What is paid or handed back later is not taken off.
    """
    ledger = ledger_of(results)
    parts = []
    for payer in ledger["payer"].values:
        paid = ledger["paid_by_payer"].sel(payer=payer).transpose("run", "period").values
        parts.append(
            pd.DataFrame(
                {
                    "payer": str(payer),
                    "period": ledger["period"].values,
                    "date": dates_of(ledger),
                    "expected": paid.mean(axis=0),
                }
                | percentiles_of(paid)
            )
        )
    return pd.concat(parts, ignore_index=True)


def payments_by_year(results: Results) -> pd.DataFrame:
    """Outcome payments by year of cash: expected, P50, P80, P90 [money, nominal]; last, in total.

    The expected values add up to the total's; percentiles do not.
    """
    table = results.payments_by_year((50, 80, 90))
    total = results.summary((50, 80, 90), ["outcome_payments"])[table.columns]
    return pd.concat([table, total.rename({"outcome_payments": "all years"})]).reset_index(
        names="year"
    )


def irr_statuses(results: Results) -> pd.DataFrame:
    """How many runs have one rate of return, and how many have none and why."""
    if not results.irr_status:
        raise AbsentError(results.reason("investor_irr"))
    table = results.irr_statuses().reset_index()
    table["share"] = table["runs"] / results.runs
    table["meaning"] = table["status"].map(STATUS_MEANINGS)
    return table


def irr_distribution(results: Results) -> pd.DataFrame:
    """Runs by investors' internal rate of return, nominal, a year.

    Returns
    -------
    pandas.DataFrame
        ``low`` (included) and ``high`` of each band of rates [share a year]; −∞ and ∞ gather the
        furthest 0.5% on either side; ``part`` is ``total loss`` (−100%, a row of its own), ``loss``
        or ``gain`` (0 or more); ``runs`` and ``share`` of all runs. Runs in which the rate is
        undefined are in no row.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=100, chance=False)
    >>> irr_distribution(bond)[["low", "high", "runs", "part"]].values.tolist()
    [[0.11, 0.12, 100, 'gain']]
    """
    if not results.irr_status:
        raise AbsentError(results.reason("investor_irr"))
    if results.runs == 1:
        raise AbsentError("one run has no distribution: its rate is in the summary")
    rates = results.measure("investor_irr")
    rates = rates[~np.isnan(rates)]
    if not len(rates):
        raise AbsentError(f"no run has a rate of return: {results.reason('investor_irr')}")
    lost, rest = rates == -1, rates[rates != -1]
    rows = [(-1.0, -1.0, int(lost.sum()), "total loss")] if lost.any() else []
    if len(rest):
        ends = np.percentile(rest, [0.5, 99.5], method="inverted_cdf")
        width = next(
            (w for w in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if np.ptp(ends) <= 24 * w),
            float(np.ptp(ends)) / 24,
        )
        # a capital that comes back whole may earn −1e-17 by rounding, which is no loss
        places = np.floor(rest / width + 1e-9).astype(int)
        first, last = np.floor(ends / width + 1e-9).astype(int)
        inside = np.clip(places, first - 1, last + 1)
        for place in range(first - 1, last + 2):
            runs = int((inside == place).sum())
            if first <= place <= last or runs:
                low = -np.inf if place < first else round(place * width, 9)
                high = np.inf if place > last else round((place + 1) * width, 9)
                rows.append((low, high, runs, "loss" if high <= 0 else "gain"))
    table = pd.DataFrame(rows, columns=["low", "high", "runs", "part"])
    table["share"] = table["runs"] / results.runs
    return table


def incidence(results: Results) -> pd.DataFrame:
    """Who pays and who gains: party × column, expected present values [real money], gains positive.

    The last row, society, is the sum of the others.
    """
    table = results.incidence()
    if table.empty:
        raise AbsentError(results.reason("net_present_value[society]"))
    size = np.nanmax(table.abs().to_numpy())
    return table.mask(table.abs() <= 1e-9 * size, 0.0).reset_index()  # undefined stays undefined


def outcomes_by_group(results: Results) -> pd.DataFrame:
    """People started and outcomes by group: expected, and percentiles of those achieved.

    ``anyway`` is missing where the contract does not state it.
    """
    ledger = ledger_of(results)
    stated = results.contract.outcomes
    rows = []
    for group in map(str, ledger["group"].values):
        for outcome in stated:
            if group not in results.contract.groups_of(outcome):
                continue
            of = {
                kind: ledger[kind].sel(group=group, outcome=outcome).sum("period").values
                for kind in ("achieved", "anyway", "claimed")
            }
            known = stated[outcome].anyway is not None
            rows.append(
                {
                    "group": group,
                    "outcome": outcome,
                    "started": float(ledger["starts"].sel(group=group).sum("period").mean()),
                    "achieved": float(of["achieved"].mean()),
                    **{name: float(v) for name, v in percentiles_of(of["achieved"]).items()},
                    "anyway": float(of["anyway"].mean()) if known else np.nan,
                    "claimed": float(of["claimed"].mean()),
                }
            )
    return pd.DataFrame(rows)


def additional_outcomes(results: Results) -> pd.DataFrame:
    """Achieved, anyway and additional by outcome: expected, and percentiles of the additional."""
    rows = []
    for outcome in results.contract.outcomes:
        name = f"outcomes_additional[{outcome}]"
        rows.append(
            {
                "outcome": outcome,
                "achieved": results.expected(f"outcomes_achieved[{outcome}]"),
                "anyway": results.expected(f"outcomes_anyway[{outcome}]"),
                "additional": results.expected(name),
                **{f"p{percent}": results.percentile(name, percent) for percent in PERCENTILES},
                "note": results.reason(name),
            }
        )
    return pd.DataFrame(rows)


def limits(results: Results) -> pd.DataFrame:
    """How often each limit binds (with 95% limits of that share) and what it takes [money].

    ``moved`` is what a payer's limit leaves to the payer who has the rest. The last row is all
    limits together.
    """
    rows = []
    for name in results.names:
        if not name.startswith("limit_binds["):
            continue
        limit = name.partition("[")[2][:-1]
        low, high = results.share_interval(name)
        taken, moved = f"taken_by_limits[{limit}]", f"moved_by_limits[{limit}]"
        left = results.expected(moved) if moved in results.names else 0.0
        rows.append((limit, results.expected(name), low, high, *_both(results, taken), left))
    if not rows:
        raise AbsentError("the contract has no limits")
    whole, moved_in_all = _both(results, "taken_by_limits"), sum(row[-1] for row in rows)
    rows.append(("all limits", np.nan, np.nan, np.nan, *whole, moved_in_all))
    columns = ["limit", "binds", "binds_low", "binds_high", "taken", "taken_base_case", "moved"]
    return pd.DataFrame(rows, columns=columns)


def _both(results: Results, name: str) -> tuple[float, float]:
    return results.expected(name), results.base_case(name)


def limit_per_person(results: Results) -> pd.DataFrame:
    """What the limit per person takes at a togetherness of 0 and of 0.5, from people of its own."""
    if results.contract.payments.limits.person is None:
        raise AbsentError("the contract has no limit per person")
    return person_limit.limit_per_person(results.contract, seed=results.seed)


def register(results: Results) -> pd.DataFrame:
    """Every number of the contract: value or distribution, source, grade, stated or default."""
    columns = ["path", "value", "unit", "source", "grade", "note", "status"]
    rows = [
        {column: getattr(entry, column) for column in columns}
        for entry in registers.register(results.contract)
    ]
    return pd.DataFrame(rows, columns=columns)


TABLES: dict[str, Callable[[Results], pd.DataFrame]] = {
    "summary": summary,
    "payments_by_rule": payments_by_rule,
    "thresholds": thresholds,
    "payments_by_period": payments_by_period,
    "payments_by_payer": payments_by_payer,
    "payments_by_year": payments_by_year,
    "irr_distribution": irr_distribution,
    "irr_statuses": irr_statuses,
    "investors": investors,
    "endings": endings,
    "losses": losses,
    "median_run": median_run,
    "capital_at_risk_by_period": capital_at_risk_by_period,
    "incidence": incidence,
    "outcomes_by_group": outcomes_by_group,
    "additional_outcomes": additional_outcomes,
    "limits": limits,
    "limit_per_person": limit_per_person,
    "register": register,
}


def tables(results: Results) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Every table there is, and for each that there is not, the reason.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> found, absent = tables(sib.simulate(bond, runs=100, keep="measures"))
    >>> "summary" in found, absent["payments_by_period"]
    (True, 'the ledger was not kept: simulate with keep="ledger" to see it')
    """
    found, absent = {}, {}
    for name, table in TABLES.items():
        try:
            found[name] = table(results)
        except AbsentError as reason:
            absent[name] = str(reason)
    return found, absent
