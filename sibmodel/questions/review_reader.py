"""What a review reads: a contract's clauses with their lines and sources, and its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.faults import key_text, path_text
from sibmodel.contract.reading import read
from sibmodel.contract.register import Entry, register
from sibmodel.questions.four_es import outcomes_told
from sibmodel.questions.review_figures import Effect, Trials
from sibmodel.results import Results

STATED, PARTLY, OPEN, UNKNOWN = "stated", "partly", "open", "not known from the contract"

JUDGED = ("assumption", "illustrative", "judgement", "guess")
"""How a source begins that says it is none."""

BELOW = ("E", "F")
"""Grades of evidence that are no better than judgement."""

WORTH = (
    "net_present_value[society]",
    "benefit_cost_ratio[society]",
    "benefit_cost_ratio[public]",
)


@dataclass(frozen=True)
class Stated:
    """What the contract says: where, what, on which line of its file, and from which source."""

    path: str
    value: str
    line: int | None
    source: str | None


@dataclass(frozen=True)
class Finding:
    """One question of a review and what the contract answers.

    Attributes
    ----------
    key, corner, question : str
    status : {"stated", "partly", "open", "not known from the contract"}
    states : tuple of Stated
    open : tuple of str
        What is left open, as a reviewer would ask for it.
    effects : tuple of Effect
        What that does to the figures.
    remarks : tuple of str
        Figures read off the result as it stands.
    why : str
        What was moved to find the effects.
    """

    key: str
    corner: str
    question: str
    status: str
    states: tuple[Stated, ...] = ()
    open: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    remarks: tuple[str, ...] = ()
    why: str = ""

    def figures(self) -> list[str]:
        """What it does to the figures, a sentence each."""
        moved = [self.why] if self.effects and self.why else []
        return [*self.remarks, *moved, *(f"{effect.told()}." for effect in self.effects)]

    def told(self) -> str:
        """The same in one text."""
        return " ".join(self.figures())


class Reader:
    """A contract, its register, its lines and its result, as the questions read them."""

    def __init__(self, results: Results, trials: Trials) -> None:
        self.results, self.trials, self.contract = results, trials, results.contract
        self.entries: dict[str, Entry] = {e.path: e for e in register(self.contract)}

    @cached_property
    def lines(self) -> dict[str, int]:
        """The line of every path of the file it was read from; nothing for what was changed."""
        text = self.contract._text
        if text is None:
            return {}
        found = read(text, self.contract.name).lines()
        lines = {path_text(tuple(map(key_text, path))): line for path, line in found}
        changed = self.contract._changed
        return {p: n for p, n in lines.items() if not any(_within(p, c) for c in changed)}

    def states(self, *paths: str) -> tuple[Stated, ...]:
        """What the register has at or below these paths, but for defaults."""
        return tuple(
            self.at(path, entry.value, entry.source)
            for path, entry in self.entries.items()
            if entry.status != "default" and any(_within(path, wanted) for wanted in paths)
        )

    def at(self, path: str, value: str, source: str | None = None) -> Stated:
        """One thing stated, with its line."""
        return Stated(path, value, self.lines.get(path), source)

    def unsourced(self, path: str) -> bool:
        """Whether a number is stated at or below a path without a source."""
        return any(one.source is None for one in self.states(path))

    def doubts(self, paths: Iterable[str], what: str) -> list[str]:
        """What a reviewer would ask about the sources of numbers that are stated."""
        without, judged = [], []
        for one in self.states(*paths):
            if one.source is None:
                without.append(one.path)
            elif one.source.lower().startswith(JUDGED) or self.entries[one.path].grade in BELOW:
                judged.append(one.path)
        found = [f"{what} has no source: {', '.join(without)}"] if without else []
        if judged:
            found.append(f"{what} rests on judgement, by its own source: {', '.join(judged)}")
        return found

    def uncertain(self, number: object) -> bool:
        """Whether a number is drawn, itself or in any group."""
        if isinstance(number, str):
            number = self.contract.assumptions[number]
        if isinstance(number, ByGroup):
            return any(map(self.uncertain, number.by_group.values()))
        return isinstance(number, Assumption) and number.form != "value"

    def texts(
        self, section: str, field: str, what: str, only: Sequence[str] | None = None
    ) -> tuple[list[Stated], list[str]]:
        """Texts of a section's clauses that are not blank; and what the others do not say."""
        clauses: dict[str, Any] = getattr(self.contract, section)
        found, blank = [], []
        for name in only if only is not None else clauses:
            value: str | None = getattr(clauses[name], field)
            if value is None or not value.strip():
                blank.append(name)
            else:
                found.append(self.at(f"{section}.{name}.{field}", value.strip()))
        return found, lacking(section, blank, what, field)

    @cached_property
    def main(self) -> list[str]:
        """The headline and the outcomes that are valued; else those that rules pay."""
        value = self.contract.value
        valued = [b.of for b in value.benefits.values()] if value is not None else []
        head = [self.contract.headline] if self.contract.headline is not None else []
        return list(dict.fromkeys([*head, *valued])) or outcomes_told(self.results)

    @cached_property
    def told(self) -> list[str]:
        """The outcomes the review asks about: the main ones, and all that rules pay."""
        paid = {rule.pays for rule in self.contract.payments.rules.values()}
        others = [name for name in self.contract.outcomes if name in paid]
        return list(dict.fromkeys([*self.main, *others]))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """What society and the public purse gain, and the price of what is additional."""
        return (*WORTH, *(f"cost_per_additional_outcome[{name}]" for name in self.main))


def _within(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith((f"{wanted}.", f"{wanted}["))


def lacking(section: str, names: Sequence[str], what: str, field: str) -> list[str]:
    """What some clauses of a section do not say, in one sentence; none if there are none.

    Examples
    --------
    >>> lacking("outcomes", ["job"], "why", "because")
    ['outcomes.job does not say why (because)']
    >>> lacking("outcomes", ["job", "home"], "why", "because")
    ['2 outcomes do not say why (because): job, home']
    """
    if not names:
        return []
    if len(names) == 1:
        return [f"{section}.{names[0]} does not say {what} ({field})"]
    return [f"{len(names)} {section} do not say {what} ({field}): {', '.join(names)}"]


def status_of(stated: Iterable[Any], missing: Sequence[str], doubts: Sequence[str] = ()) -> str:
    """A status by whether anything is stated, and whether anything is missing or doubtful.

    Examples
    --------
    >>> status_of([], ["a"]), status_of(["b"], ["a"]), status_of(["b"], [])
    ('open', 'partly', 'stated')
    """
    if not list(stated):
        return OPEN
    return PARTLY if missing or doubts else STATED


def in_years(years: float) -> str:
    """A number of years in words.

    Examples
    --------
    >>> in_years(1.0), in_years(0.25)
    ('1 year', '0.25 years')
    """
    return "1 year" if years == 1 else f"{years:.3g} years"
