"""One self-contained HTML page of a simulation, for a board."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
import matplotlib as mpl
import pandas as pd

from sibmodel.contract.checks import warnings
from sibmodel.contract.register import Entry, moves_together, register
from sibmodel.pages import plots as drawn
from sibmodel.pages import tables
from sibmodel.pages.answer import answer
from sibmodel.pages.tables import AbsentError
from sibmodel.pages.text import ABSENT, cell, day, error, listed, minus, words
from sibmodel.results import Results

NO_SOURCE = "no source"


@dataclass(frozen=True)
class Shown:
    """A table ready for the page: the first column heads its row, the rest by ``numeric``."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: bool = True
    total: bool = False  # the last row is the sum of the others


def page(
    results: Results,
    *,
    person_limit_table: pd.DataFrame | None = None,
    plots: tuple[dict[str, drawn.Plot], dict[str, str]] | None = None,
) -> str:
    """The page: answer first, then plots, every measure, who gains, and every assumption.

    Parameters
    ----------
    results : Results
    person_limit_table : pandas.DataFrame, optional
        What a limit per person takes at a togetherness of 0 and of 0.5, shown as it stands; it
        needs runs of its own.
    plots : (dict of Plot, dict of str), optional
        If :func:`sibmodel.pages.plots.plots` has drawn them already.

    Returns
    -------
    str
        HTML that asks for nothing from elsewhere and needs no script.

    Examples
    --------
    >>> import sibmodel as sib
    >>> text = page(sib.simulate(sib.library.load("closed_form_bond"), runs=100))
    >>> text.startswith("<!DOCTYPE html>"), "<script" in text
    (True, False)
    """
    contract = results.contract
    found, missing = drawn.plots(results) if plots is None else plots
    entries = register(contract)
    folder = files(__package__)
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
    )
    return environment.get_template("page.html.j2").render(
        style=folder.joinpath("page.css").read_text("utf-8"),
        name=contract.name,
        source=contract.source,
        note=contract.note,
        answer=answer(results),
        headlines=[
            (words(question).strip(), question.startswith(" "), minus(" ".join(text.split())))
            for question, text in results.headlines()
        ],
        made=_made(results),
        money=_money_notes(results),
        warnings=warnings(contract),
        plots=[
            {
                "title": TITLES[name],
                "image": _image(plot.figure),
                "alt": plot.alt,
                "caption": plot.caption,
                "tables": _behind(results, name),
            }
            for name, plot in found.items()
        ],
        absent_plots=[(TITLES[name], reason) for name, reason in missing.items()],
        by_year=_by_year(results),
        measures=_measures(results),
        undefined=_undefined(results),
        limits=_maybe(_limits, results),
        base_and_mean=_base_and_mean(results),
        incidence=_maybe(_incidence, results),
        additional=_additional(results),
        groups=_maybe(_groups, results),
        person_limit=_has_person_limit(results),
        person_limit_table=_as_it_stands(person_limit_table),
        register_count=_register_count(entries),
        register=_register([entry for entry in entries if entry.status != "default"]),
        defaults=_defaults([entry for entry in entries if entry.status == "default"]),
        together=moves_together(contract),
        version=version("sibmodel"),
    )


TITLES = {
    "payments": "What is paid, when, and by whom",
    "investor_return": "What investors earn",
    "incidence": "Who pays and who gains",
}


def _image(figure: Any) -> str:
    buffer = io.BytesIO()
    with mpl.rc_context(drawn.STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _maybe(table: Callable[[Results], Shown], results: Results) -> Shown | str:
    """A table, or the reason why it is absent."""
    try:
        return table(results)
    except AbsentError as reason:
        return str(reason)


def _made(results: Results) -> list[str]:
    """How the numbers were made."""
    said = {
        "uncertainty": "our uncertainty about the assumptions",
        "shared_luck": "luck shared within a cohort",
        "chance": "chance between people",
    }
    on = [text for name, text in said.items() if results.switches[name]]
    off = [text for name, text in said.items() if not results.switches[name]]
    runs = f"{results.runs:,} possible futures" if results.runs > 1 else "One future, the base case"
    lines = [f"{runs} (“runs”), from seed {results.seed}."]
    if on:
        lines.append(f"They differ by {listed(on)}.")
    if off:
        lines.append(f"Switched off: {listed(off)}.")
    lines.append(
        "The base case is the one run with all three switched off: every assumption at its mean, "
        "people as fractions. Percentiles are those of the runs; “Monte Carlo error” is how far "
        "the expected value may be out because there are only so many runs."
    )
    return lines


def _money_notes(results: Results) -> list[tuple[str, str]]:
    """Which measures are nominal, and which real at which prices."""
    contract = results.contract
    of: dict[str, dict[str, None]] = {"real": {}, "nominal": {}}
    for measure in results.asked:
        if "money" in measure.unit:
            kind = "real" if measure.unit.startswith("real") else "nominal"
            of[kind][measure.name.partition("[")[0]] = None
    notes = [("Nominal, cash as it changes hands", ", ".join(of["nominal"]))]
    if contract.value is None or contract.prices is None:
        notes.append(("Real", results.reason("outcome_payments_present_value")))
    else:
        discount = contract.value.discount
        how = discount.schedule or f"{100 * (discount.rate or 0):g}% a year"
        title = (
            f"Real, at {contract.prices.base} prices, present value on "
            f"{day(contract.timeline.start)} (discount: {how})"
        )
        notes.append((title, ", ".join(of["real"])))
    if contract.capital is not None:
        text = "their measures (IRR, multiple, capital at risk, payback) are nominal cash"
        if contract.capital.hurdle is not None:
            text += f"; present value at their hurdle of {100 * contract.capital.hurdle:g}% a year"
        notes.append(("Investors", text))
    return notes


# --- tables of the page ---------------------------------------------------------------------------


def _cells(row: Any, columns: Sequence[str], unit: str) -> list[str]:
    return [cell(float(row[column]), unit) for column in columns]


def _behind(results: Results, plot: str) -> list[Shown]:
    """The tables behind a plot."""
    currency = results.contract.currency
    percentiles = [f"p{p}" for p in tables.PERCENTILES]
    if plot == "incidence":
        return []  # it has a section of its own
    if plot == "payments":
        columns = ["expected", *percentiles]
        table = tables.payments_by_period(results)
        by_payer = tables.payments_by_payer(results)
        shown = [
            Shown(
                f"Outcome payments by period, {currency}, nominal",
                ["Period from", *map(_percentile, columns)],
                [[row["date"], *_cells(row, columns, currency)] for _, row in table.iterrows()],
            )
        ]
        if by_payer["payer"].nunique() > 1:
            wide = by_payer.pivot(index="date", columns="payer", values="expected")
            payers = list(by_payer["payer"].unique())
            shown.append(
                Shown(
                    f"Expected outcome payments by period and payer, {currency}, nominal",
                    ["Period from", *map(words, payers)],
                    [[str(date), *_cells(row, payers, currency)] for date, row in wide.iterrows()],
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


def _by_year(results: Results) -> Shown:
    table = tables.payments_by_year(results)
    columns = [column for column in table.columns if column != "year"]
    return Shown(
        f"Outcome payments by year of cash, {results.contract.currency}, nominal",
        ["Year", *map(_percentile, columns)],
        [
            [row["year"], *_cells(row, columns, results.contract.currency)]
            for _, row in table.iterrows()
        ],
        total=True,
    )


def _measures(results: Results) -> list[tuple[str, list[dict[str, Any]]]]:
    """Measures that are defined in some run, by section; each with its cells."""
    columns = [f"p{p}" for p in tables.PERCENTILES]
    rows = []
    for _, row in tables.summary(results).iterrows():
        if row["undefined"] == results.runs:
            continue
        unit, name = row["unit"], row["measure"]
        spread, notes = _cells(row, columns, unit), []
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
                "about": _sentence(row["about"]),
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


def _sentence(text: str) -> str:
    text = words(text)
    return text[:1].upper() + text[1:]


def _undefined(results: Results) -> list[tuple[str, list[str]]]:
    """Measures that this contract does not define, by reason."""
    found: dict[str, list[str]] = {}
    for name in results.names:
        if results.estimates[name].undefined == results.runs:
            found.setdefault(results.reason(name), []).append(name)
    return list(found.items())


def _limits(results: Results) -> Shown:
    currency = results.contract.currency
    return Shown(
        f"How often each limit binds, and what it takes, {currency}, nominal",
        ["Limit", "Binds in", "95% interval", "Takes, expected", "Takes, base case"],
        [
            [
                words(row["limit"]),
                cell(row["binds"], "share"),
                f"{cell(row['binds_low'], 'share')} to {cell(row['binds_high'], 'share')}"
                if not math.isnan(row["binds"])
                else "",
                *_cells(row, ["taken", "taken_base_case"], currency),
            ]
            for _, row in tables.limits(results).iterrows()
        ],
        total=True,
    )


def _base_and_mean(results: Results) -> str:
    """What lies between the base case and the mean."""
    currency = results.contract.currency
    paid, base = results.expected("outcome_payments"), results.base_case("outcome_payments")
    between = f"{cell(abs(paid - base), currency)} {'below' if paid < base else 'above'}"
    return (
        f"Expected outcome payments are {currency} {cell(paid, currency)}, "
        f"{currency} {between} the base case of {currency} {cell(base, currency)} "
        f"(Monte Carlo error {error(results.mc_error('outcome_payments'), currency)})."
    )


def _incidence(results: Results) -> Shown:
    table = tables.incidence(results)
    columns = [column for column in table.columns if column != "party"]
    currency, prices = results.contract.currency, results.contract.prices
    base = prices.base if prices else ""
    return Shown(
        f"Expected present values by party, real {currency} at {base} prices",
        ["Party", *map(str.capitalize, columns)],
        [[words(row["party"]), *_cells(row, columns, currency)] for _, row in table.iterrows()],
        total=True,
    )


def _additional(results: Results) -> Shown:
    columns = ["achieved", "anyway", "additional", *(f"p{p}" for p in tables.PERCENTILES)]
    return Shown(
        "Outcomes: achieved, what would have happened anyway, and additional (P5 to P95 are of the "
        "additional)",
        ["Outcome", *map(_percentile, columns), "Note"],
        [
            [
                words(row["outcome"]),
                *_cells(row, columns, "outcomes"),
                f"undefined: {row['note']}" if row["note"] else "",
            ]
            for _, row in tables.additional_outcomes(results).iterrows()
        ],
    )


def _groups(results: Results) -> Shown:
    columns = ["started", "achieved", "p5", "p50", "p95", "anyway", "claimed"]
    return Shown(
        "Outcomes by group, expected (P5 to P95 are of those achieved)",
        ["Group and outcome", *map(_percentile, columns)],
        [
            [f"{words(row['group'])}: {words(row['outcome'])}", *_cells(row, columns, "outcomes")]
            for _, row in tables.outcomes_by_group(results).iterrows()
        ],
    )


def _has_person_limit(results: Results) -> bool:
    payments = results.contract.payments
    return payments.limits.person is not None or any(
        rule.limits.person is not None for rule in payments.rules.values()
    )


def _as_it_stands(table: pd.DataFrame | None) -> Shown | None:
    if table is None:
        return None
    return Shown(
        "What the limit per person takes, by how far one person’s outcomes go together",
        [words(str(column)).capitalize() for column in table.columns],
        [
            [f"{value:,.4g}" if isinstance(value, float) else str(value) for value in row]
            for row in table.itertuples(index=False)
        ],
    )


def _register_count(entries: list[Entry]) -> str:
    said = [entry for entry in entries if entry.status != "default"]
    changed = sum(entry.status == "changed" for entry in said)
    sourceless = sum(entry.source is None for entry in said)
    text = f"{len(said)} stated, of which {sourceless} without a source"
    if changed:
        text += f" and {changed} changed since the file was read"
    return f"{text}; {len(entries) - len(said)} defaults applied because the contract is silent."


def _register(entries: list[Entry]) -> Shown:
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


def _defaults(entries: list[Entry]) -> Shown:
    return Shown(
        "Defaults applied",
        ["Path", "Value", "Unit", "What it means"],
        [[entry.path, entry.value, entry.unit, entry.note or ""] for entry in entries],
        numeric=False,
    )
