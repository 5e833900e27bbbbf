"""The investors' tables of the page, as texts a reader expects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sibmodel.pages import investors
from sibmodel.pages.basis import PERCENTILES, Shown, cells
from sibmodel.pages.text import ABSENT, cell, money, sentence, words
from sibmodel.results import Results

ROWS = (
    ("Drawn", "drawn", "money"),
    ("Received", "received", "money"),
    ("Received for each 1 drawn", "multiple", "multiple"),
    ("Received for each 1 at risk at most", "multiple_on_peak", "multiple"),
    ("Rate of return a year, P5", "irr_p5", "rate a year"),
    ("Rate of return a year, P50", "irr_p50", "rate a year"),
    ("Rate of return a year, P95", "irr_p95", "rate a year"),
    ("Rate of the mean cash flow", "irr_of_mean", "rate a year"),
    ("Rate by dates (XIRR), P50", "xirr_p50", "rate a year"),
    ("Everything lost (−100%)", "irr_total_loss", "runs"),
    ("No rate: nothing put in", "irr_no_outlay", "runs"),
    ("No rate: several fit", "irr_several", "runs"),
    ("No rate: none fits", "irr_none", "runs"),
    ("One rate, above 1,000% a year", "irr_extreme", "runs"),
    ("Payback, years, P50", "payback", "years"),
    ("Average life, years", "weighted_average_life", "years"),
    ("Capital at risk, expected", "capital_at_risk", "money"),
    ("Runs with a loss", "p_loss", "share"),
    ("Share lost in those runs", "loss_given_loss", "share"),
    ("Multiple in the worst 5% of runs: at most", "multiple_var", "multiple"),
    ("… on average", "multiple_cvar", "multiple"),
    ("Present value at the hurdle, expected", "present_value", "money"),
    ("… in the worst 5% of runs: at most", "present_value_var", "money"),
    ("… on average there", "present_value_cvar", "money"),
)


def returns(results: Results) -> Shown | None:
    """Returns and risks, a column for all investors and one a tranche; None with one tranche.

    Where one tranche alone is repaid every row but the tail stands among the measures, and
    :func:`tail` says that.
    """
    table = investors.investors(results)
    assert results.contract.capital is not None
    if len(results.contract.capital.repaid) <= 1:
        return None
    currency = results.contract.currency
    rows = []
    for title, column, unit in ROWS:
        if unit == "runs" and not table[column].any():
            continue
        if column.startswith(("present_value", "xirr")) and table[column].isna().all():
            continue
        shown = [
            cell(row[column] / results.runs, "share") if unit == "runs"
            else cell(float(row[column]), currency if unit == "money" else unit)
            for _, row in table.iterrows()
        ]  # fmt: skip
        if column in ("irr_p5", "irr_p50", "irr_p95"):
            shown = [_withheld(text, row, results) for text, (_, row) in zip(
                shown, table.iterrows(), strict=True)]  # fmt: skip
        rows.append([title, *shown])
    return Shown(
        f"Returns and risks by tranche, {currency}, nominal: means over the runs where nothing "
        "else is said",
        ["", *(_heading(row, results) for _, row in table.iterrows())],
        rows,
    )


def _withheld(text: str, row: Any, results: Results) -> str:
    """Percentiles are withheld where too many runs have no rate."""
    name = "investor_irr" + ("" if row["tranche"] == investors.ALL else f"[{row['tranche']}]")
    return "withheld" if results.withheld(name) else text


def _heading(row: Any, results: Results) -> str:
    """A tranche, and whether it counts among all investors."""
    name = row["tranche"]
    if name == investors.ALL:
        return "All investors"
    if name not in investors.investing(results):
        return f"{words(name)} (held by {words(row['held_by'])}: not among all)"
    return words(name)


def tail(results: Results) -> str:
    """The worst runs in one sentence."""
    whole = investors.investors(results).iloc[0]
    if results.runs == 1 or math.isnan(whole["multiple_var"]):
        return ""
    text = (
        f"In the worst 5% of runs investors receive at most {whole['multiple_var']:.2f} for each "
        f"1 drawn, and {whole['multiple_cvar']:.2f} on average"
    )
    if not math.isnan(whole["present_value_var"]):
        currency = results.contract.currency
        low, mean = (money(whole[f"present_value_{of}"], currency) for of in ("var", "cvar"))
        text += f"; at their hurdle that is worth {low} at most, and {mean} on average"
    return f"{text}."


SAID = {
    "gives": "{who} gives as a grant ({by})",
    "guarantees": "{who} pays as guarantor ({by})",
    "receives": "{who} receives as its fee",
    "handed_back": "handed back to {who}",
    "unmet": "costs nobody could meet",
    "exposed": "{who} out of pocket, at the deepest",
}


def losses(results: Results) -> Shown:
    """Who loses, who makes it good, what is handed back."""
    currency = results.contract.currency
    rows = []
    for _, row in investors.losses(results).iterrows():
        who, everyone = words(row["who"]), row["who"] == investors.ALL
        said = "investors lose" if everyone else f"{who} loses"
        text = SAID.get(row["kind"], said).format(who=who, by=words(row["by"]))
        figures = cells(row, ["expected", "when_it_happens", "p95"], currency)
        rows.append([sentence(text), cell(row["share"], "share"), *figures])
    return Shown(
        f"Losses, and who else pays or receives, {currency}, nominal",
        ["", "In so many runs", "Expected", "Mean where it happens", "P95"],
        rows,
    )


def endings(results: Results) -> Shown:
    """How often each ending holds, and the money where it does and where none does."""
    currency = results.contract.currency
    rows = []
    for _, row in investors.endings(results).iterrows():
        low, high = (cell(row[f"share_{end}"], "share") for end in ("low", "high"))
        rows.append(
            [
                "no ending holds" if row["ending"] == "none" else words(row["ending"]),
                cell(row["share"], "share"),
                "" if low == ABSENT else f"{low} to {high}",
                *cells(row, ["payments", "drawn", "received", "loss"], currency),
                cell(row["p_loss"], "share"),
            ]
        )
    return Shown(
        f"How it ends: means over the runs in question, {currency}, nominal",
        [
            "Ending",
            "In so many runs",
            "95% interval",
            "Outcome payments",
            "Investors put in",
            "They receive",
            "They lose",
            "Runs with a loss",
        ],
        rows,
    )


def behind_cash_flow(results: Results) -> list[Shown]:
    """The middle run's account and tranches, and the percentiles of all runs."""
    currency = results.contract.currency
    middle, explained = investors.median_run(results), results.explain(results.median_run())
    account = explained["account"]
    shown = [
        _by_date(
            f"The account in run {explained.run}, {currency}, nominal. {explained.ending}".strip(),
            account,
            [str(name) for name in account if name != "date" and account[name].any()],
            currency,
        )
    ]
    names = investors.investing(results)
    if len(names) > 1:
        columns = [f"{side}[{name}]" for name in names for side in ("put_in", "received")]
        shown.append(
            _by_date(
                f"Put in and received by tranche in run {explained.run}, {currency}, nominal",
                middle,
                columns,
                currency,
                [f"{words(n)} {side}" for n in names for side in ("puts in", "receives")],
            )
        )
    if results.runs > 1:
        columns = ["expected", *(f"p{p}" for p in PERCENTILES)]
        shown.append(
            _by_date(
                f"Investors’ cumulative cash flow over all runs, {currency}, nominal",
                investors.capital_at_risk_by_period(results),
                columns,
                currency,
                [name.capitalize() for name in columns],
            )
        )
    return shown


def _by_date(
    caption: str,
    table: pd.DataFrame,
    columns: Sequence[str],
    currency: str,
    titles: Sequence[str] | None = None,
) -> Shown:
    # a date is not broken over two lines
    rows = [
        [str(row["date"]).replace("-", "\u2011"), *cells(row, columns, currency)]
        for _, row in table.iterrows()
    ]
    heads = titles or [sentence(words(name)) for name in columns]
    return Shown(caption, ["Period from", *heads], rows)
