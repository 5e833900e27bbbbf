"""Economy, efficiency, effectiveness and equity: what a value-for-money page reads off a result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel import statistics
from sibmodel.questions.deadweight import deadweight_switch
from sibmodel.questions.equity import additional_of, over_the_term, paid_by_group
from sibmodel.results import WITHHELD_ABOVE, Results, need_results, show

Floats = npt.NDArray[np.float64]
Row = dict[str, float | str]

PER = 1000
"""Money for which outcomes are counted: a single pound buys a small fraction of one."""

COLUMNS = ("expected", "p5", "p95", "unit", "note")
GAP = "gap"
"""The row that has the difference between the highest and the lowest group."""


@dataclass(frozen=True, repr=False)
class FourEs:
    """A result by the four Es of value for money.

    Attributes
    ----------
    name : str
        Of the contract.
    economy, efficiency, effectiveness : DataFrame
        One row a measure: expected (mean of an amount, ratio of means of a ratio), p5, p95, unit,
        note. NaN where it is undefined, and the note says why.
    equity : DataFrame
        The same for (measure, group); the group ``gap`` is the highest less the lowest. Empty
        where the ledger was not kept.
    equity_note : str
        What to know of the equity table, or why there is none.
    """

    name: str
    economy: pd.DataFrame
    efficiency: pd.DataFrame
    effectiveness: pd.DataFrame
    equity: pd.DataFrame
    equity_note: str

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The four tables by name."""
        return {
            "economy": self.economy,
            "efficiency": self.efficiency,
            "effectiveness": self.effectiveness,
            "equity": self.equity,
        }

    def __repr__(self) -> str:
        lines = [f"{self.name}: economy, efficiency, effectiveness, equity"]
        for name, table in self.tables.items():
            lines += ["", name.capitalize()]
            texts = [(what, told(row)) for what, row in rows_of(table)]
            width = max((len(what) for what, _ in texts), default=0)
            lines += [f"  {what:<{width}}  {text}" for what, text in texts]
        return "\n".join([*lines, *([f"  {self.equity_note}"] if self.equity_note else [])])

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{escape(self.name)}</b></p>"]
        for name, table in self.tables.items():
            body = "".join(
                f"<tr><td style='text-align:left'>{escape(what)}</td>"
                f"<td style='text-align:left'>{escape(told(row))}</td></tr>"
                for what, row in rows_of(table)
            )
            parts.append(f"<p>{name.capitalize()}</p><table>{body}</table>")
        return "".join([*parts, f"<p>{escape(self.equity_note)}</p>"])


def four_es(results: Results) -> FourEs:
    """Economy, efficiency, effectiveness and equity of a simulated contract.

    Economy is what inputs cost, efficiency what is got for them, effectiveness what would not have
    happened anyway, equity how all this differs between groups.

    Parameters
    ----------
    results : Results
        With its ledger, for equity.

    Returns
    -------
    FourEs

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=4096)
    >>> float(four_es(bond).economy["expected"]["delivery cost per start"])
    1800.0
    """
    need_results(results, "four_es")
    equity, note = _equity(results)
    return FourEs(
        results.contract.name,
        _table(_economy(results)),
        _table(_efficiency(results)),
        _table(_effectiveness(results)),
        equity,
        note,
    )


def told(row: pd.Series[float]) -> str:
    """One row as a sentence's worth of text: the figure, its range, and the note."""
    expected, unit, note = float(row["expected"]), str(row["unit"]), str(row["note"])
    if math.isnan(expected):
        return f"undefined: {note}" if note else "undefined"
    text = figure(expected, unit)
    low, high = float(row["p5"]), float(row["p95"])
    if not math.isnan(low) and low != high:
        text += f"   (9 in 10 runs: {figure(low, unit)} to {figure(high, unit)})"
    return f"{text}; {note}" if note else text


def figure(value: float, unit: str) -> str:
    """A number of these tables as text.

    Examples
    --------
    >>> figure(0.642, "outcomes per 1,000 GBP"), figure(0.25, "share"), figure(200.0, "GBP")
    ('0.642', '25.0%', 'GBP 200')
    """
    return f"{value:.3g}" if unit.startswith("outcomes per") else show(value, unit)


# --- the tables -----------------------------------------------------------------------------------


def _economy(results: Results) -> Iterator[tuple[str, Row]]:
    currency = results.contract.currency
    starts, costs = results.measure("people_started"), results.measure("delivery_costs")
    planned = float(sum(cohort.size for cohort in results.contract.cohorts.values()))
    why = results.about("delivery_costs").undefined or "nobody starts"
    yield (
        "delivery cost per person planned",
        _ratio(costs, np.full_like(costs, planned), currency, why),
    )
    yield "delivery cost per start", _ratio(costs, starts, currency, why)
    spent = results.measure("cost_to_payers")
    yield "cost to payers per start", _ratio(spent, starts, currency, "nobody starts")
    running = spent - results.measure("outcome_payments")
    label = "payers’ running costs, share of what they spend"
    row = _ratio(running, spent, "share", "payers spend nothing")
    if not results.contract.payments.running_costs:
        row["note"] = "no running costs are stated: set-up, bid and evaluation are not in it"
    yield label, row


def _efficiency(results: Results) -> Iterator[tuple[str, Row]]:
    contract, spent = results.contract, results.measure("cost_to_payers")
    for outcome in outcomes_told(results):
        achieved = results.measure(f"outcomes_achieved[{outcome}]")
        no_rate = results.about(f"outcomes_achieved[{outcome}]").undefined
        if contract.outcomes[outcome].better == "higher":
            yield (
                f"{outcome} achieved for each {PER:,} that payers spend",
                _ratio(
                    achieved,
                    spent / PER,
                    f"outcomes per {PER:,} {contract.currency}",
                    no_rate or "payers spend nothing",
                ),
            )
        yield f"cost per {outcome}", _measure(results, f"cost_per_outcome[{outcome}]")
        claimed = results.measure(f"outcomes_claimed[{outcome}]")
        nobody = no_rate or f"nobody achieved {outcome}"
        yield f"{outcome}: share claimed", _ratio(claimed, achieved, "share", nobody)
    costs = results.measure("delivery_costs")
    why = results.about("delivery_costs").undefined or "there are no delivery costs"
    payments = results.measure("outcome_payments")
    yield "payments for each unit of delivery cost", _ratio(payments, costs, "ratio", why)


def _effectiveness(results: Results) -> Iterator[tuple[str, Row]]:
    starts = results.measure("people_started")
    for outcome in outcomes_told(results):
        name = f"outcomes_additional[{outcome}]"
        yield f"additional {outcome}", _measure(results, name)
        missing = results.about(name).undefined
        yield (
            f"additional {outcome} per start",
            _ratio(results.measure(name), starts, "ratio", missing or "nobody starts"),
        )
        yield (
            f"cost per additional {outcome}",
            _measure(results, f"cost_per_additional_outcome[{outcome}]"),
        )
    for whose in ("society", "public", *results.contract.payer_names):
        row = _measure(results, f"benefit_cost_ratio[{whose}]")
        if not math.isnan(float(row["expected"])):
            row["note"] = "; ".join(filter(None, [str(row["note"]), anyway_at_one(results, whose)]))
        yield f"benefit-cost ratio, {whose}", row


def anyway_at_one(results: Results, whose: str) -> str:
    """How much would have to happen anyway for a benefit-cost ratio of 1, in words.

    Each valued outcome by itself, the others as they are.
    """
    if results.expected(f"benefits_present_value[{whose}]") == 0:
        return "none of the benefits valued goes to it"
    table, texts = deadweight_switch(results, f"benefit_cost_ratio[{whose}]"), []
    for outcome, row in table.iterrows():
        once = results.contract.outcomes[str(outcome)].unit is None
        there, here = (
            show(float(row[column]), "share" if once else "units")
            for column in ("switching_value", "anyway")
        )
        if math.isnan(float(row["switching_value"])):
            side = str(row["note"]).rpartition(": ")[2]
            texts.append(f"whatever the anyway of {outcome}, {side}")
        else:
            texts.append(f"it is 1 where the anyway of {outcome} is {there}, in place of {here}")
    return "; ".join(texts)


# --- equity ---------------------------------------------------------------------------------------


def _equity(results: Results) -> tuple[pd.DataFrame, str]:
    ledger, contract = results.ledger, results.contract
    empty = pd.DataFrame(columns=list(COLUMNS))
    if ledger is None:
        return empty, 'the ledger was not kept: simulate with keep="ledger" to see groups'
    groups = list(contract.group_labels)
    starts = {g: over_the_term(results, "starts", group=g) for g in groups}
    rows: dict[tuple[str, str], Row] = {}

    def add(what: str, each: dict[str, Row], unit: str, *, gap: bool = True) -> None:
        rows.update({(what, group): row for group, row in each.items()})
        expected = [float(row["expected"]) for row in each.values()]
        if gap and len(each) > 1:
            apart = math.nan if any(map(math.isnan, expected)) else max(expected) - min(expected)
            note = "highest less lowest of those expected"
            rows[what, GAP] = _row(apart, math.nan, math.nan, unit, note)

    add("started", {g: _amount(starts[g], "people") for g in groups}, "people", gap=False)
    everybody = np.sum(list(starts.values()), axis=0)
    shares = {g: _ratio(starts[g], everybody, "share", "nobody starts") for g in groups}
    add("share of starts", shares, "share", gap=False)
    for outcome in outcomes_told(results):
        mine = contract.groups_of(outcome)
        unit = "share" if contract.outcomes[outcome].unit is None else "ratio"
        achieved = {
            g: _ratio(
                over_the_term(results, "achieved", group=g, outcome=outcome),
                starts[g],
                unit,
                "nobody starts",
            )
            for g in mine
        }
        add(f"{outcome} achieved per start", achieved, unit)
        missing = results.about(f"outcomes_additional[{outcome}]").undefined
        more = {
            g: _ratio(
                additional_of(results, outcome, g) if missing is None else np.full(1, np.nan),
                starts[g],
                "ratio",
                missing or "nobody starts",
            )
            for g in mine
        }
        add(f"{outcome} additional per start", more, "ratio")
    paid, undivided = paid_by_group(results)
    left = f"without {', '.join(undivided)}" if undivided else ""
    each = {g: _ratio(paid[g], starts[g], contract.currency, "nobody starts") for g in groups}
    add("paid per start", each, contract.currency)
    whole = np.sum(list(paid.values()), axis=0)
    add(
        "share of payments",
        {g: _ratio(paid[g], whole, "share", "nothing is paid") for g in groups},
        "share",
        gap=False,
    )
    for (what, group), row in rows.items():
        if left and what in ("paid per start", "share of payments") and group != GAP:
            row["note"] = "; ".join(filter(None, [str(row["note"]), left]))
    notes = [f"{rule} is not divided between groups: {why}" for rule, why in undivided.items()]
    if len(groups) == 1:
        notes.insert(0, "the contract tells no groups apart: whom it serves less well cannot be "
                        "seen")  # fmt: skip
    table = _table(rows.items())
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["measure", "group"])
    return table, "; ".join(notes)


# --- rows -----------------------------------------------------------------------------------------


def outcomes_told(results: Results) -> list[str]:
    """The outcomes a page tells of: the headline, else those that rules pay, else all."""
    contract = results.contract
    if contract.headline is not None:
        return [contract.headline]
    paid = {rule.pays for rule in contract.payments.rules.values()}
    return [name for name in contract.outcomes if name in paid] or list(contract.outcomes)


def _measure(results: Results, name: str) -> Row:
    unit = results.about(name).unit.replace("money", results.contract.currency)
    low, high = (results.percentile(name, percent) for percent in (5, 95))
    note = results.reason(name)
    if note and results.estimates[name].undefined < results.runs:
        note = f"undefined in {results.estimates[name].undefined:,} runs: {note}"
    return _row(results.expected(name), low, high, unit, note)


def _amount(values: Floats, unit: str) -> Row:
    low, high = (statistics.percentile(values, percent) for percent in (5, 95))
    return _row(float(values.mean()), low, high, unit, "")


def _ratio(over: Floats, under: Floats, unit: str, nobody: str) -> Row:
    """Ratio of means, and the percentiles of the ratio where enough runs have one."""
    if np.isnan(over).all() or np.isnan(under).all() or not under.mean() > 0:
        return _row(math.nan, math.nan, math.nan, unit, nobody)
    expected, _ = statistics.ratio_of_means(over, under)
    defined = under > 0
    values = over[defined] / under[defined]
    undefined, note = int((~defined).sum()), ""
    if undefined:
        note = f"undefined in {undefined:,} runs: {nobody}"
    if undefined > WITHHELD_ABOVE * len(under):
        return _row(expected, math.nan, math.nan, unit, note)
    low, high = (statistics.percentile(values, percent) for percent in (5, 95))
    return _row(expected, low, high, unit, note)


def _row(expected: float, low: float, high: float, unit: str, note: str) -> Row:
    return dict(zip(COLUMNS, (expected, low, high, unit, note), strict=True))


def _table(rows: Iterable[tuple[object, Row]]) -> pd.DataFrame:
    found = dict(rows)
    table = pd.DataFrame(list(found.values()), index=list(found), columns=list(COLUMNS))
    table.index.name = "measure"
    return table


def rows_of(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series[float]]]:
    """Rows of one of the tables: measure, with its group where there is one, and figures."""
    for key, row in table.iterrows():
        yield (", ".join(map(str, key)) if isinstance(key, tuple) else str(key)), row
