"""One self-contained HTML page of a simulation, for a board."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl

from sibmodel.contract.checks import warnings
from sibmodel.contract.register import moves_together, register
from sibmodel.pages import drawing, shown, shown_investors
from sibmodel.pages import plots as drawn
from sibmodel.pages.answer import answer
from sibmodel.pages.basis import AbsentError, or_reason
from sibmodel.pages.capital_clauses import capital_clauses
from sibmodel.pages.clauses import clauses
from sibmodel.pages.template import rendered
from sibmodel.pages.text import day, listed, minus, words
from sibmodel.results import Results


def page(
    results: Results,
    *,
    plots: tuple[dict[str, drawing.Plot], dict[str, str]] | None = None,
) -> str:
    """The page: answer first, then plots, every measure, who gains, and every assumption.

    Parameters
    ----------
    results : Results
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
    return rendered(
        "page.html.j2",
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
        plots={
            name: {
                "title": TITLES[name],
                "image": _image(plot.figure),
                "alt": plot.alt,
                "caption": plot.caption,
                "tables": shown.behind_plot(results, name),
            }
            for name, plot in found.items()
        },
        capital=capital_clauses(contract),
        returns=or_reason(shown_investors.returns, results),
        tail=or_reason(shown_investors.tail, results),
        losses=or_reason(shown_investors.losses, results),
        endings=or_reason(shown_investors.endings, results),
        clauses=clauses(contract),
        by_rule=or_reason(shown.by_rule, results),
        thresholds=or_reason(shown.thresholds, results),
        not_shown=_not_shown(results, missing),
        by_year=shown.by_year(results),
        measures=shown.measures(results),
        undefined=shown.undefined(results),
        limits=or_reason(shown.limits, results),
        never_bind=shown.never_bind(results),
        idle=shown.idle_measures(results),
        base_and_mean=shown.base_and_mean(results),
        incidence=or_reason(shown.incidence, results),
        additional=shown.additional(results),
        groups=or_reason(shown.groups, results),
        person_limit=results.contract.payments.limits.person is not None,
        limit_per_person=or_reason(shown.limit_per_person, results),
        register_count=shown.register_count(entries),
        register=shown.stated([entry for entry in entries if entry.status != "default"]),
        defaults=shown.defaults([entry for entry in entries if entry.status == "default"]),
        together=moves_together(contract),
    )


TITLES = {
    "payments": "What is paid, when, and by whom",
    "investor_return": "What investors earn",
    "investor_cash_flow": "Investors’ cash, period by period",
    "incidence": "Who pays and who gains",
}


def _not_shown(results: Results, plots: dict[str, str]) -> list[tuple[str, list[str]]]:
    """What the page leaves out, by reason: said once, at its end."""
    found: dict[str, list[str]] = {}
    for name, reason in plots.items():
        found.setdefault(reason, []).append(TITLES[name])
    for title, table in TABLES.items():
        try:
            table(results)
        except AbsentError as reason:
            found.setdefault(str(reason), []).append(title)
    return [(reason, list(dict.fromkeys(titles))) for reason, titles in found.items()]


TABLES = {
    "Payments by rule": shown.by_rule,
    "What limits do": shown.limits,
    "Who pays and who gains": shown.incidence,
    "Outcomes by group": shown.groups,
}
"""Tables that a contract may lack; performances go without saying."""


def _image(figure: Any) -> str:
    buffer = io.BytesIO()
    with mpl.rc_context(drawing.STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _made(results: Results) -> list[str]:
    """How the numbers were made."""
    said = {
        "uncertainty": "our uncertainty about the assumptions",
        "shared_luck": "luck shared within a cohort",
        "chance": "chance between people",
    }
    on = [text for name, text in said.items() if results.switches[name]]
    off = [text for name, text in said.items() if not results.switches[name]]
    one = "One possible future (a “run”)" if on else "One future, the base case"
    runs = f"{results.runs:,} possible futures (“runs”)" if results.runs > 1 else one
    lines = [f"{runs}, from seed {results.seed}."]
    if on:
        verb = "They differ by" if results.runs > 1 else "It is drawn from"
        lines.append(f"{verb} {listed(on)}.")
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
            f"{day(contract.valued_on)} (discount: {how})"
        )
        notes.append((title, ", ".join(of["real"])))
    if contract.capital is not None:
        text = "their measures (IRR, multiple, capital at risk, payback) are nominal cash"
        if contract.capital.hurdle is not None:
            text += f"; present value at their hurdle of {100 * contract.capital.hurdle:g}% a year"
        notes.append(("Investors", text))
    return notes
