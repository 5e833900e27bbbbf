"""What it costs not to know: figures of a contract at either end of what it leaves open."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.timeline import DAYS_PER_YEAR
from sibmodel.contract.value import Benefit
from sibmodel.happened import People
from sibmodel.results import Results, show
from sibmodel.simulation import simulate

EITHER_WAY = 0.25
"""How far a number that has a source and no uncertainty is moved: a convention of the review."""

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """What one measure comes to as stated, and at either end of what is left open.

    Attributes
    ----------
    measure, about, unit : str
    stated : float
        Its expected value as the contract stands; NaN where it is undefined.
    ends : tuple of (str, float)
        Each end in words, and the expected value there.
    note : str
        Why a figure is undefined.
    """

    measure: str
    about: str
    unit: str
    stated: float
    ends: tuple[tuple[str, float], ...]
    note: str

    def told(self) -> str:
        """In words.

        Examples
        --------
        >>> ends = (("if none would have", 5.0), ("if all would have", 0.0))
        >>> Effect("benefit_cost_ratio[society]", "BCR", "ratio", 3.0, ends, "").told()
        'BCR: 3.00 as stated; 5.00 if none would have; 0.00 if all would have'
        """
        parts = [f"{show(self.stated, self.unit)} as stated"]
        parts += [f"{show(value, self.unit)} {words}" for words, value in self.ends]
        note = f" ({self.note})" if self.note else ""
        return f"{self.about}: {'; '.join(parts)}{note}"


@dataclass(frozen=True)
class Trials:
    """A contract simulated as it stands, to be set beside itself with something changed."""

    results: Results
    switches: Mapping[str, Any]
    people: People

    def effects(self, ends: Mapping[str, Changes], measures: Sequence[str]) -> tuple[Effect, ...]:
        """Measures as stated and with each of these changes, where nothing forbids it.

        A measure of which nothing new can be said is left out.

        Parameters
        ----------
        ends : mapping of words to changes
            Changes as ``Contract.replace`` takes them.
        measures : sequence of str
        """
        wanted = [name for name in measures if name in self.results.names]
        tried = {}
        for words, changes in ends.items():
            # such as rates of outcomes that exclude one another, which would pass 1
            with contextlib.suppress(ContractError):
                tried[words] = self.tried(changes, wanted)
        found = []
        for name in wanted:
            about = self.results.about(name)
            figures = tuple((words, other.expected(name)) for words, other in tried.items())
            stated = self.results.expected(name)
            if all(math.isnan(value) or _same(value, stated) for _, value in figures):
                continue  # nothing to tell
            reasons = [
                result.reason(name)
                for result, value in (
                    (self.results, stated),
                    *zip(tried.values(), (value for _, value in figures), strict=True),
                )
                if math.isnan(value)
            ]
            unit = about.unit.replace("money", self.results.contract.currency)
            note = "; ".join(dict.fromkeys(filter(None, reasons)))
            found.append(Effect(name, _plain(name, about.about), unit, stated, figures, note))
        return tuple(found)

    def tried(self, changes: Changes, measures: Sequence[str]) -> Results:
        """The contract with something changed, before the same people."""
        return simulate(
            changed(self.results.contract, changes),
            self.results.runs,
            seed=self.results.seed,
            keep="measures",
            measures=measures,
            people=self.people,
            progress=False,
            **self.switches,
        )


def _same(value: float, stated: float) -> bool:
    return math.isclose(value, stated, rel_tol=1e-9)


def _plain(name: str, about: str) -> str:
    """What a measure is, for a sentence."""
    if name == "investor_loses":
        return "Chance that investors lose money"
    return about.replace(" (all parties)", "").removesuffix(", nominal")


def changed(contract: Contract, changes: Changes) -> Contract:
    """A contract with these numbers, and without correlations that a number tried has no more.

    Parameters
    ----------
    contract : Contract
    changes : mapping of path to value

    Returns
    -------
    Contract
    """
    left = []
    for clause in contract.correlations:
        between = [name for name in clause.between if not _touched(name, changes)]
        if len(between) > 1:
            left.append(clause.model_dump(mode="json", exclude_unset=True) | {"between": between})
    whole = dict(changes)
    if contract.correlations:
        whole["correlations"] = left
    return contract.replace(whole)


def _touched(name: str, changes: Changes) -> bool:
    return any(name == path or name.startswith(f"{path}.") for path in changes)


def scaled(contract: Contract, number: object, factor: float, most: float = math.inf) -> Any:
    """A certain number times a factor, at most so much, as plain data; None of an uncertain one.

    Examples
    --------
    >>> import sibmodel as sib
    >>> scaled(sib.library.load("closed_form_bond"), 0.5, 1.25)
    0.625
    """
    if isinstance(number, str):
        number = contract.assumptions[number]
    if isinstance(number, Assumption):
        number = number.value
    if isinstance(number, float):
        return min(number * factor, most)
    if isinstance(number, ByGroup):
        parts = {g: scaled(contract, one, factor, most) for g, one in number.by_group.items()}
        return None if None in parts.values() else {"by_group": parts}
    return None


# --- tracking -------------------------------------------------------------------------------------


def years_looked_at(contract: Contract, outcome: str) -> float:
    """Years after an outcome at which anybody still looks at the person.

    Until a later step of the ladder falls due, or for as long as ``tracked`` says.

    Parameters
    ----------
    contract : Contract
    outcome : str

    Returns
    -------
    float
        [years]

    Examples
    --------
    >>> import sibmodel as sib
    >>> years_looked_at(sib.library.load("fair_chance_fund_st_basils"), "moves_in")
    1.5
    """
    clause = contract.outcomes[outcome]
    longest = 0.0
    if clause.tracked is not None:
        longest = clause.tracked.in_days(contract.timeline) / DAYS_PER_YEAR
    for name, later in contract.outcomes.items():
        if outcome in later.steps:
            wait = max(contract.after(name, group) for group in contract.groups_of(name))
            years = wait / contract.timeline.periods_per_year
            longest = max(longest, years + years_looked_at(contract, name))
    return longest


def tracked_part(contract: Contract, benefit: str) -> Changes | None:
    """Changes that leave a benefit only the years begun while anybody looks; None if that is all.

    Parameters
    ----------
    contract : Contract
    benefit : str

    Returns
    -------
    mapping of path to value, or None
    """
    assert contract.value is not None
    clause = contract.value.benefits[benefit]
    looked = years_looked_at(contract, clause.of)
    years = _years(clause)
    kept = sum(clause.lag + year < looked - 1e-9 for year in range(years))
    if kept == years:
        return None
    path = f"value.benefits.{benefit}"
    if kept == 0:
        return {path: None}
    if clause.profile is not None:
        return {f"{path}.profile": list(clause.profile[:kept])}
    return {f"{path}.years": kept}


def lasts_until(clause: Benefit) -> int:
    """Years after the outcome at which a benefit ends."""
    return clause.lag + _years(clause)


def _years(clause: Benefit) -> int:
    return len(clause.profile) if clause.profile is not None else clause.years
