"""The tables of the page: results' tables as texts a reader expects."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from sibmodel.contract.names import so_many
from sibmodel.contract.register import Entry
from sibmodel.pages import rules, shown_investors, tables
from sibmodel.pages.basis import PERCENTILES, Shown, cells
from sibmodel.pages.clauses import WORDS
from sibmodel.pages.text import ABSENT, cell, error, sentence, words
from sibmodel.results import Results

NO_SOURCE = "no source"


def behind_plot(results: Results, plot: str) -> list[Shown]:
    """The tables behind a plot."""
    currency = results.contract.currency
    percentiles = [f"p{p}" for p in PERCENTILES]
    if plot == "incidence":
        return []  # it has a section of its own
    if plot == "investor_cash_flow":
        return shown_investors.behind_cash_flow(results)
    if plot == "payments":
        columns = ["expected", *percentiles]
        table = tables.payments_by_period(results)
        by_payer = tables.payments_by_payer(results)
        shown = [
            Shown(
                f"Outcome payments by period, {currency}, nominal",
                ["Period from", *map(_percentile, columns)],
                [[row["date"], *cells(row, columns, currency)] for _, row in table.iterrows()],
            )
        ]
        if by_payer["payer"].nunique() > 1:
            wide = by_payer.pivot(index="date", columns="payer", values="expected")
            payers = list(by_payer["payer"].unique())
            shown.append(
                Shown(
                    f"Expected outcome payments by period and payer, {currency}, nominal",
                    ["Period from", *map(words, payers)],
                    [[str(date), *cells(row, payers, currency)] for date, row in wide.iterrows()],
                )
            )
        return shown
    bands, statuses = tables.irr_distribution(results), tables.irr_statuses(results)
    return [
        Shown(
            "Runs by investors’ internal rate of return a year, nominal",
            ["Rate a year", "Part", "Runs", "Share of runs"],
            [
                [_band(row), row["part"], f"{row['runs']:,}", cell(row["share"], "share")]
                for _, row in bands.iterrows()
            ],
        ),
        Shown(
            "Runs by whether there is a rate",
            ["Status", "Meaning", "Runs", "Share of runs"],
            [
                [row["status"], row["meaning"], f"{row['runs']:,}", cell(row["share"], "share")]
                for _, row in statuses.iterrows()
            ],
        ),
    ]


def _percentile(name: str) -> str:
    return name.upper() if name[1:].isdigit() else name.capitalize()


def _band(row: Any) -> str:
    low, high = (cell(row[end], "rate a year") for end in ("low", "high"))
    if math.isinf(row["low"]):
        return f"below {high}"
    if math.isinf(row["high"]):
        return f"{low} or more"
    return low if row["low"] == row["high"] else f"{low} to below {high}"


def by_year(results: Results) -> Shown:
    """Outcome payments by year of cash."""
    table = tables.payments_by_year(results)
    columns = [column for column in table.columns if column != "year"]
    paid = (table[columns] != 0).any(axis=1).tolist()
    last = max((row for row in range(len(table) - 1) if paid[row]), default=-1)
    table = table.iloc[[*range(last + 1), len(table) - 1]]  # no year after the last payment
    return Shown(
        f"Outcome payments by year of cash, {results.contract.currency}, nominal",
        ["Year", *map(_percentile, columns)],
        [
            [row["year"], *cells(row, columns, results.contract.currency)]
            for _, row in table.iterrows()
        ],
        total=True,
    )


def by_rule(results: Results) -> Shown:
    """Outcome payments by rule and floor; the last row is their sum."""
    currency, table = results.contract.currency, rules.payments_by_rule(results)
    columns = ["expected", "p10", "p50", "p90"]
    return Shown(
        f"Outcome payments by rule, {currency}, nominal",
        ["Rule", *map(_percentile, columns), "Pays in"],
        [
            [words(row["rule"]), *cells(row, columns, currency), cell(row["pays"], "share")]
            for _, row in table.iterrows()
        ],
        total=True,
    )


def thresholds(results: Results) -> Shown:
    """Performances beside the thresholds that decide by them."""
    rows, last = [], None
    for _, row in rules.thresholds(results).iterrows():
        name = row["performance"]
        percent = results.about(f"performance[{name}]").unit == "percent"
        unit = "percent" if percent else "figure"
        figures = cells(row, ["p10", "p50", "p90", "base_case"], unit)
        test = f"{WORDS[row['test']]} {row['bound']:,.6g}" if row["test"] else ABSENT
        rows.append(
            [
                *([words(name), *figures] if name != last else [""] * 5),
                test,
                cell(row["met"], "share"),
                words(row["rules"]),
            ]
        )
        last = name
    return Shown(
        "Performances as last read, and in how many runs that reading meets each threshold",
        ["Performance", "P10", "P50", "P90", "Base case", "Threshold", "Met in", "Decides"],
        rows,
    )


def measures(results: Results) -> list[tuple[str, list[dict[str, Any]]]]:
    """Measures that are defined in some run, by section; each with its cells."""
    columns = [f"p{p}" for p in PERCENTILES]
    rows, idle = [], idle_measures(results)
    for _, row in tables.summary(results).iterrows():
        if row["undefined"] == results.runs or row["measure"] in idle:
            continue
        unit, name = row["unit"], row["measure"]
        spread, notes = cells(row, columns, unit), []
        if unit == "share":  # 0 or 1 in each run: percentiles say nothing, an interval does
            low, high = (cell(end, unit) for end in results.share_interval(name))
            spread = [""] * len(columns)
            notes.append(f"95% interval {low} to {high}")
        if row["undefined"]:
            notes.append(row["note"])
        if results.withheld(name):
            spread = ["withheld"] * len(columns)
        rows.append(
            {
                "section": row["section"],
                "about": sentence(words(row["about"])),
                "name": name,
                "unit": unit,
                "notes": notes,
                "cells": [
                    cell(row["expected"], unit),
                    cell(row["base_case"], unit),
                    *spread,
                    error(row["mc_error"], unit),
                ],
            }
        )
    order = [*tables.SECTIONS, "Other"]
    rows.sort(key=lambda row: order.index(row["section"]))
    return [(name, list(part)) for name, part in groupby(rows, key=lambda row: row["section"])]


def undefined(results: Results) -> list[tuple[str, list[str]]]:
    """Measures that this contract does not define, by reason."""
    found: dict[str, list[str]] = {}
    for name in results.names:
        if results.estimates[name].undefined == results.runs:
            found.setdefault(results.reason(name), []).append(name)
    return list(found.items())


def idle_measures(results: Results) -> list[str]:
    """Measures of limits that take nothing in any run: all 0."""
    return [
        f"{what}[{limit}]"
        for limit in results.idle_limits
        for what in ("taken_by_limits", "moved_by_limits", "limit_binds")
        if f"{what}[{limit}]" in results.names
    ]


def never_bind(results: Results) -> str:
    """Limits that never bind, in one line."""
    idle = results.idle_limits
    if not idle:
        return ""
    many = "1 limit never binds" if len(idle) == 1 else f"{len(idle)} limits never bind"
    return f"{many} in any of the runs: {', '.join(map(words, idle))}."


def limits(results: Results) -> Shown | None:
    """How often each limit that ever binds does so, and what it takes."""
    currency = results.contract.currency
    table = tables.limits(results)
    if len(results.idle_limits) == len(table) - 1:
        return None
    moved = {"moved": "Leaves to another payer"} if table["moved"].any() else {}
    return Shown(
        f"How often each limit binds, and what it takes, {currency}, nominal",
        [
            "Limit",
            "Binds in",
            "95% interval",
            "Takes, expected",
            "Takes, base case",
            *moved.values(),
        ],
        [
            [
                words(row["limit"]),
                "" if math.isnan(row["binds"]) else cell(row["binds"], "share"),
                f"{cell(row['binds_low'], 'share')} to {cell(row['binds_high'], 'share')}"
                if not math.isnan(row["binds"])
                else "",
                *cells(row, ["taken", "taken_base_case", *moved], currency),
            ]
            for _, row in table[~table["limit"].isin(results.idle_limits)].iterrows()
        ],
        total=True,
    )


def base_and_mean(results: Results) -> str:
    """What lies between the base case and the mean."""
    currency = results.contract.currency
    paid, base = results.expected("outcome_payments"), results.base_case("outcome_payments")
    between = f"{cell(abs(paid - base), currency)} {'below' if paid < base else 'above'}"
    return (
        f"Expected outcome payments are {currency} {cell(paid, currency)}, "
        f"{currency} {between} the base case of {currency} {cell(base, currency)} "
        f"(Monte Carlo error {error(results.mc_error('outcome_payments'), currency)})."
    )


def incidence(results: Results) -> Shown:
    """Who pays and who gains, adding to society."""
    table = tables.incidence(results)
    columns = [column for column in table.columns if column != "party"]
    currency, prices = results.contract.currency, results.contract.prices
    base = prices.base if prices else ""
    return Shown(
        f"Expected present values by party, real {currency} at {base} prices",
        ["Party", *(words(column).capitalize() for column in columns)],
        [[words(row["party"]), *cells(row, columns, currency)] for _, row in table.iterrows()],
        total=True,
    )


def additional(results: Results) -> Shown:
    """Achieved, anyway and additional by outcome."""
    columns = ["achieved", "anyway", "additional", *(f"p{p}" for p in PERCENTILES)]
    return Shown(
        "Outcomes: achieved, what would have happened anyway, and additional (P5 to P95 are of the "
        "additional)",
        ["Outcome", *map(_percentile, columns), "Note"],
        [
            [
                words(row["outcome"]),
                *cells(row, columns, "outcomes"),
                f"undefined: {row['note']}" if row["note"] else "",
            ]
            for _, row in tables.additional_outcomes(results).iterrows()
        ],
    )


def groups(results: Results) -> Shown:
    """Outcomes by group."""
    columns = ["started", "achieved", "p5", "p50", "p95", "anyway", "claimed"]
    return Shown(
        "Outcomes by group, expected (P5 to P95 are of those achieved)",
        ["Group and outcome", *map(_percentile, columns)],
        [
            [f"{words(row['group'])}: {words(row['outcome'])}", *cells(row, columns, "outcomes")]
            for _, row in tables.outcomes_by_group(results).iterrows()
        ],
    )


def limit_per_person(results: Results) -> Shown:
    """What the limit per person takes, by how far one person's outcomes go together."""
    return Shown(
        "What the limit per person takes, by how far one person’s outcomes go together "
        "(assumptions at their means, before other limits)",
        ["Togetherness", "People who reach the limit", "Taken of what claims earn"],
        [
            [f"{row.togetherness:g}", f"{row.people_at_limit:.1%}", f"{row.taken:.1%}"]
            for row in tables.limit_per_person(results).itertuples()
        ],
    )


def register_count(entries: list[Entry]) -> str:
    """How many figures are stated, without a source, changed, or defaults."""
    said = [entry for entry in entries if entry.status != "default"]
    changed = sum(entry.status == "changed" for entry in said)
    sourceless = sum(entry.source is None for entry in said)
    text = f"{len(said)} stated, of which {sourceless} without a source"
    if changed:
        text += f" and {changed} changed since the file was read"
    silent = len(entries) - len(said)
    return f"{text}; {so_many(silent, 'default')} applied because the contract is silent."


def stated(entries: list[Entry]) -> Shown:
    """What the contract says, with its sources."""
    return Shown(
        "Stated in the contract",
        ["Path", "Value", "Unit", "Source", "Grade", "Status", "Note"],
        [
            [
                entry.path,
                entry.value,
                entry.unit,
                entry.source or NO_SOURCE,
                entry.grade or ABSENT,
                entry.status,
                entry.note or "",
            ]
            for entry in entries
        ],
        numeric=False,
    )


def defaults(entries: list[Entry]) -> Shown:
    """What was applied because the contract is silent."""
    return Shown(
        "Defaults applied",
        ["Path", "Value", "Unit", "What it means"],
        [[entry.path, entry.value, entry.unit, entry.note or ""] for entry in entries],
        numeric=False,
    )
