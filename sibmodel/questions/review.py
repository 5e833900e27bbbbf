"""A contract reviewed against the outcomes specification triangle, and for plain feasibility."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.contract.names import so_many
from sibmodel.happened import People
from sibmodel.questions.review_figures import Trials
from sibmodel.questions.review_people import distance, eligibility, link, referral, stuck, tracking
from sibmodel.questions.review_price import anyway, benefit, cause, defined, long, size
from sibmodel.questions.review_reader import OPEN, PARTLY, STATED, UNKNOWN, Finding, Reader, Stated
from sibmodel.results import Results
from sibmodel.simulation import simulate

CORNERS = ("cohort", "outcomes", "price", "feasibility")
STATUSES = (STATED, PARTLY, OPEN, UNKNOWN)
QUESTIONS = (
    *(eligibility, distance, referral),
    *(link, tracking, stuck),
    *(benefit, cause, long),
    *(size, defined, anyway),
)
"""Three a corner, in order."""


@dataclass(frozen=True, repr=False)
class Review:
    """What a reviewer would ask of a contract, and what it costs not to know.

    Attributes
    ----------
    results : Results
        The contract as it stands, with its ledger.
    findings : tuple of Finding
        Nine of the triangle, three a corner, and three of feasibility.
    """

    results: Results
    findings: tuple[Finding, ...]

    @property
    def contract(self) -> Contract:
        """The contract reviewed."""
        return self.results.contract

    @property
    def table(self) -> pd.DataFrame:
        """One row a question: corner, question, status, states, open, figures (all texts)."""
        return pd.DataFrame(
            [
                {
                    "corner": finding.corner,
                    "question": finding.question,
                    "status": finding.status,
                    "states": "; ".join(_told(one) for one in finding.states),
                    "open": "; ".join(finding.open),
                    "figures": finding.told(),
                }
                for finding in self.findings
            ]
        )

    @property
    def effects(self) -> pd.DataFrame:
        """One row a figure tried: question, measure, unit, stated, end, figure, note."""
        rows = [
            (finding.key, effect.measure, effect.unit, effect.stated, words, figure, effect.note)
            for finding in self.findings
            for effect in finding.effects
            for words, figure in effect.ends
        ]
        columns = ["question", "measure", "unit", "stated", "end", "figure", "note"]
        return pd.DataFrame(rows, columns=columns)

    def counted(self) -> str:
        """How many questions have which status."""
        found = [finding.status for finding in self.findings]
        parts = [f"{found.count(status)} {status}" for status in STATUSES if status in found]
        return f"{so_many(len(found), 'question')}: {', '.join(parts)}"

    def __repr__(self) -> str:
        lines = [
            f"{self.contract.name}: review of the outcomes specification "
            f"({so_many(self.results.runs, 'run')}, seed {self.results.seed})",
            f"  {self.counted()}",
        ]
        for corner in CORNERS:
            lines += ["", corner.capitalize()]
            for finding in self.findings:
                if finding.corner != corner:
                    continue
                lines.append(f"  {finding.question} {finding.status.capitalize()}.")
                lines += [f"    states  {_told(one)}" for one in finding.states]
                lines += [f"    open    {text}" for text in finding.open]
                lines += [f"    figures {finding.told()}"] if finding.told() else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self.table
        head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
        body = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{escape(str(text))}</td>" for text in row)
            + "</tr>"
            for row in table.itertuples(index=False)
        )
        return (
            f"<p><b>{escape(self.contract.name)}</b>: {escape(self.counted())}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def review(
    contract: Contract,
    runs: int = 2_000,
    *,
    seed: int = 0,
    uncertainty: bool = True,
    shared_luck: bool = True,
    chance: bool = True,
) -> Review:
    """Review a contract against the outcomes specification triangle, and for feasibility.

    Each question says what the contract states, what it leaves open, and what that does to the
    figures: the contract is simulated with what is open at one end and at the other. A blank is
    open; nothing is filled in.

    Parameters
    ----------
    contract : Contract
    runs, seed : int
        As in ``simulate``.
    uncertainty, shared_luck, chance : bool
        As in ``simulate``.

    Returns
    -------
    Review

    Raises
    ------
    ValueError
        If the contract cannot be simulated.

    Examples
    --------
    >>> import sibmodel as sib
    >>> found = review(sib.library.load("closed_form_bond"), runs=100)
    >>> found.counted()
    '12 questions: 1 stated, 3 partly, 7 open, 1 not known from the contract'
    """
    switches: dict[str, Any] = {
        "uncertainty": uncertainty, "shared_luck": shared_luck, "chance": chance,
    }  # fmt: skip
    people = People()
    results = simulate(contract, runs, seed=seed, people=people, progress=False, **switches)
    reader = Reader(results, Trials(results, switches, people))
    return Review(results, tuple(question(reader) for question in QUESTIONS))


def _told(one: Stated) -> str:
    line = f" (line {one.line})" if one.line is not None else ""
    return f"{one.path}: {one.value}{line}"
