"""Pages on whether a contract is well specified and worth it: one review, or two side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sibmodel.contract.names import so_many
from sibmodel.pages import shown
from sibmodel.pages.basis import Shown, or_reason
from sibmodel.pages.template import rendered
from sibmodel.pages.text import ABSENT, cell, listed, minus, sentence, words
from sibmodel.questions.budget import Budget, budget
from sibmodel.questions.four_es import GAP, FourEs, figure, four_es, outcomes_told, rows_of
from sibmodel.questions.review import CORNERS, Review
from sibmodel.questions.review_figures import Effect
from sibmodel.questions.review_reader import Finding
from sibmodel.questions.top_up import top_up
from sibmodel.results import Results, show

TITLES = {
    "cohort": "Cohort: who is served",
    "outcomes": "Outcomes: what is to happen to them",
    "price": "Price: what it is worth",
    "feasibility": "Is it feasible?",
}

ES = {
    "economy": "What inputs cost.",
    "efficiency": "What is got for them.",
    "effectiveness": "What would not have happened anyway, and whether it is worth what it costs.",
    "equity": "How all this differs between groups.",
}


def review_page(
    review: Review, budgets: dict[str, dict[str, float]] | None = None, *, es: FourEs | None = None
) -> str:
    """One contract: the questions, the four Es, budgets, who pays and who gains.

    Parameters
    ----------
    review : Review
    budgets : mapping of payer to (year to amount), optional
        What payers set aside: see ``budget``.
    es : FourEs, optional
        If :func:`sibmodel.questions.four_es.four_es` has been asked already.

    Returns
    -------
    str
        HTML that asks for nothing from elsewhere and needs no script.

    Examples
    --------
    >>> import sibmodel as sib
    >>> from sibmodel.questions.review import review
    >>> text = review_page(review(sib.library.load("closed_form_bond"), runs=50))
    >>> text.startswith("<!DOCTYPE html>"), "<script" in text
    (True, False)
    """
    results = review.results
    found = four_es(results) if es is None else es
    return rendered(
        "review.html.j2",
        name=review.contract.name,
        note=review.contract.note,
        counted=review.counted(),
        made=_made(results),
        corners=[(TITLES[corner], _told(review, corner)) for corner in CORNERS],
        ratios=_ratios(results, found),
        top_up=top_up(results).lines,
        es=_es(found),
        budgets=_budgets(results, budgets or {}),
        incidence=or_reason(shown.incidence, results),
        undefined=shown.undefined(results),
    )


def side_by_side(reviews: Sequence[Review]) -> str:
    """Two reviews, question by question.

    Parameters
    ----------
    reviews : sequence of Review
        Two.

    Returns
    -------
    str
        HTML that asks for nothing from elsewhere and needs no script.

    Raises
    ------
    ValueError
        If there are not two.
    """
    if len(reviews) != 2:
        raise ValueError(f"side_by_side takes two reviews: seen {len(reviews)}")
    one, other = reviews
    return rendered(
        "side_by_side.html.j2",
        names=[review.contract.name for review in reviews],
        notes=[review.contract.note for review in reviews],
        counted=[review.counted() for review in reviews],
        made=[_made(review.results) for review in reviews],
        corners=[
            (TITLES[corner], list(zip(_told(one, corner), _told(other, corner), strict=True)))
            for corner in CORNERS
        ],
        figures=_beside(one.results, other.results),
    )


def write_reviews(
    reviews: Sequence[Review],
    folder: str | Path,
    budgets: dict[str, dict[str, float]] | None = None,
) -> list[Path]:
    """Write the page and tables of one review; or of two, with the page that sets them beside.

    Parameters
    ----------
    reviews : sequence of Review
        One or two.
    folder : str or pathlib.Path
        Made if it is not there.
    budgets : mapping of payer to (year to amount), optional

    Returns
    -------
    list of pathlib.Path
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, str] = {}
    for number, review in enumerate(reviews, start=1):
        last = f"_{number}" if len(reviews) > 1 else ""
        es = four_es(review.results)
        texts[f"review{last}.html"] = review_page(review, budgets, es=es)
        tables = {"findings": review.table, "figures": review.effects}
        tables |= {name: table.reset_index() for name, table in es.tables.items()}
        tables["budget"] = budget(review.results).table.reset_index()
        for name, table in tables.items():
            texts[f"{name}{last}.csv"] = table.to_csv(index=False, lineterminator="\n")
    if len(reviews) > 1:
        texts["side_by_side.html"] = side_by_side(reviews)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


# --- the questions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A finding as the page has it."""

    finding: Finding
    effects: Shown | None

    @property
    def open(self) -> list[str]:
        """What is left open, as sentences; a path keeps its small letter."""
        return [_sentence(text) for text in self.finding.open]

    @property
    def remarks(self) -> list[str]:
        """Figures read off the result."""
        return [_sentence(minus(text)) for text in self.finding.remarks]

    @property
    def notes(self) -> list[str]:
        """Why figures are undefined."""
        found = dict.fromkeys(effect.note for effect in self.finding.effects if effect.note)
        return [f"Undefined: {note}" for note in found]

    @property
    def mark(self) -> str:
        """The status as the style knows it."""
        return self.finding.status.partition(" ")[0]


def _told(review: Review, corner: str) -> list[Told]:
    return [
        Told(finding, _effects(finding)) for finding in review.findings if finding.corner == corner
    ]


def _effects(finding: Finding) -> Shown | None:
    """The figures of a finding as a table: a row a measure, a column an end."""
    if not finding.effects:
        return None
    ends = [words for words, _ in finding.effects[0].ends]
    rows = [
        [sentence(effect.about), _figure(effect, effect.stated)]
        + [_figure(effect, value) for _, value in effect.ends]
        for effect in finding.effects
    ]
    return Shown(finding.why, ["", "As stated", *map(sentence, ends)], rows)


def _sentence(text: str) -> str:
    """With a capital, unless it begins with a name of the contract."""
    first = text.partition(" ")[0]
    return text if "." in first or "_" in first else sentence(text)


def _figure(effect: Effect, value: float) -> str:
    return "undefined" if math.isnan(value) else show(value, effect.unit)


def _made(results: Results) -> str:
    off = [name.replace("_", " ") for name, on in results.switches.items() if not on]
    text = f"{so_many(results.runs, 'possible future')} (“runs”), from seed {results.seed}."
    return f"{text} Switched off: {listed(off)}." if off else text


# --- figures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noted:
    """One row: what it is, its cells, and a note below what it is."""

    what: str
    cells: Sequence[str]
    note: str


@dataclass(frozen=True)
class NotedTable:
    """A table whose rows carry notes, in sections of which the title may be empty."""

    caption: str
    columns: Sequence[str]
    sections: Sequence[tuple[str, Sequence[Noted]]]


def _ratios(results: Results, found: FourEs) -> NotedTable | str:
    """Every benefit-cost ratio, and how much would have to happen anyway for it to be 1."""
    rows, reasons = [], []
    for what, row in rows_of(found.effectiveness):
        whose = what.removeprefix(RATIO)
        if whose == what:
            continue
        if math.isnan(float(row["expected"])):
            reasons.append(str(row["note"]))
        rows.append(_noted(words(whose), row))
    if len(reasons) == len(rows) and len(set(reasons)) == 1:
        return reasons[0]
    caption = "Benefits for each unit of cost, present values; society counts real resources only"
    return NotedTable(caption, ["To", "Expected", "9 in 10 runs"], [("", rows)])


RATIO = "benefit-cost ratio, "


def _es(found: FourEs) -> list[tuple[str, str, NotedTable | None, str]]:
    """The four Es: title, what it is about, the table, a note."""
    head = ["Measure", "Expected", "9 in 10 runs"]
    parts: list[tuple[str, str, NotedTable | None, str]] = []
    for name in ("economy", "efficiency", "effectiveness"):
        rows = [_noted(sentence(words(what)), row) for what, row in rows_of(found.tables[name])
                if not what.startswith(RATIO)]  # fmt: skip
        table = NotedTable("", head, [("", rows)])
        parts.append((name.capitalize(), ES[name], table, ""))
    groups: dict[str, list[Noted]] = {}
    for what, row in rows_of(found.equity):
        measure, _, group = what.rpartition(", ")
        noted = _noted(words(group), row)
        if group == GAP:
            noted = Noted("gap, highest less lowest", noted.cells, "")
        groups.setdefault(sentence(words(measure)), []).append(noted)
    equity = NotedTable("", head, list(groups.items())) if groups else None
    parts.append(("Equity", ES["equity"], equity, sentence(found.equity_note)))
    return parts


def _noted(what: str, row: pd.Series[float]) -> Noted:
    expected, unit, note = float(row["expected"]), str(row["unit"]), str(row["note"])
    low, high = float(row["p5"]), float(row["p95"])
    if math.isnan(expected):
        return Noted(what, [ABSENT, ""], f"undefined: {note}")
    certain = math.isnan(low) or low == high
    spread = "" if certain else f"{figure(low, unit)} to {figure(high, unit)}"
    return Noted(what, [figure(expected, unit), spread], sentence(note))


def _budgets(
    results: Results, budgets: dict[str, dict[str, float]]
) -> tuple[list[Shown], list[str]]:
    """A table for all payers and for each, and what to know of them."""
    payers = list(results.contract.payer_names)
    asked: list[str | None] = [*payers] if len(payers) == 1 else [None, *payers]
    found = [budget(results, payer, budget=budgets.get(payer or "all")) for payer in asked]
    notes = dict.fromkeys(note for one in found for note in one.notes)
    return [_budget(one) for one in found], list(notes)


def _budget(found: Budget) -> Shown:
    names = [name for name in found.table.columns if name not in ("over_low", "over_high")]
    rows = [
        [
            str(year).replace("-", "\u2011").replace(" ", "\u00a0"),  # on one line
            *(_money(float(row[name]), name, found.currency) for name in names),
        ]
        for year, row in found.table.iterrows()
    ]
    head = ["Year", *(HEADS.get(name, name.upper()) for name in names)]
    return Shown(sentence(found.title.rpartition(": ")[2]), head, rows, total=True)


def _money(value: float, name: str, currency: str) -> str:
    if name == "over" and not math.isnan(value):
        return cell(value, "share")
    return cell(value, currency)


HEADS = {
    "payments": "Payments, expected",
    "running_costs": "Running costs",
    "cashable_savings": "Cashable savings",
    "net": "Net to find",
    "budget": "Budget",
    "over": "Over it in",
}


def _beside(one: Results, other: Results) -> NotedTable:
    """Headline figures of two contracts: expected values, or why there are none."""
    rows = []
    for name in BESIDE:
        about = next(result.about(name) for result in (one, other))
        cells = [
            f"undefined: {result.reason(name)}"
            if math.isnan(result.expected(name))
            else show(result.expected(name), _unit(result, name)).replace(" ", "\u00a0")
            for result in (one, other)
        ]
        label = "Chance that investors lose money" if name == "investor_loses" else about.about
        rows.append(Noted(sentence(label), cells, ""))
    each = [_additional(one), _additional(other)]
    rows.append(Noted("Spent for each additional outcome", each, ""))
    columns = ["", one.contract.name, other.contract.name]
    return NotedTable("Expected values", columns, [("", rows)])


BESIDE = (
    "people_started",
    "outcome_payments",
    "net_present_value[society]",
    "benefit_cost_ratio[society]",
    "benefit_cost_ratio[public]",
    "investor_loses",
)


def _unit(results: Results, name: str) -> str:
    return results.about(name).unit.replace("money", results.contract.currency)


def _additional(results: Results) -> str:
    """What payers spend for each additional outcome, of the outcomes the page tells of."""
    texts = []
    for outcome in outcomes_told(results)[:3]:
        name = f"cost_per_additional_outcome[{outcome}]"
        value = results.expected(name)
        told = results.reason(name) if math.isnan(value) else show(value, _unit(results, name))
        texts.append(f"{words(outcome)}: {told}")
    return "; ".join(texts)
