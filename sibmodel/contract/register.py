"""Every number of a contract with its source; what it leaves unsaid; what moves together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from sibmodel.contract.assumptions import Assumption, ByGroup, Clause
from sibmodel.contract.capital import Ending, Tranche
from sibmodel.contract.contract import Contract, range_of
from sibmodel.contract.correlations import is_uncertain
from sibmodel.contract.delivery import Cost
from sibmodel.contract.faults import key_text, path_text
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.payments import Rule, Size
from sibmodel.contract.performance import AgainstByDate
from sibmodel.contract.tables import Table
from sibmodel.contract.timeline import Length
from sibmodel.contract.words import bare, kind_at
from sibmodel.contract.writing import SHORT

Path = tuple[str | int, ...]
Status = Literal["stated", "default", "changed"]


@dataclass(frozen=True)
class Entry:
    """One number of a contract, or one choice.

    Parameters
    ----------
    path : str
        As ``Contract.replace`` takes it.
    value : str
        As a reader understands it.
    unit : str
        Empty for a choice.
    source, grade : str or None
        Its own, else that of the clause around it. None says there is none.
    note : str or None
        Its own; for a default, what the field means.
    status : {"stated", "default", "changed"}
        A default was applied because the contract is silent.
    """

    path: str
    value: str
    unit: str
    source: str | None
    grade: str | None
    note: str | None
    status: Status

    def __str__(self) -> str:
        status = "" if self.status == "stated" else f" ({self.status})"
        note = f": {self.note}" if self.note else ""
        return f"{self.path} = {self.value}{status}{note}"


@dataclass(frozen=True)
class Together:
    """Uncertain numbers that move together, and why; or, last, those that do not."""

    numbers: tuple[str, ...]
    why: str


def register(contract: Contract) -> list[Entry]:
    """Every number and choice of a contract, in its order, with sources and defaults.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    list of Entry

    Examples
    --------
    >>> import sibmodel as sib
    >>> entries = register(sib.library.load("closed_form_bond"))
    >>> print(next(e for e in entries if e.path == "outcomes.success.claimed"))
    outcomes.success.claimed = 1 (default): Share of achieved that reaches the payer with evidence
    """
    return list(_Reader(contract).clause(contract, (), ()))


class _Reader:
    """Walks the clauses of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def clause(self, clause: BaseModel, path: Path, around: tuple[Any, ...]) -> Iterator[Entry]:
        """Entries of a clause; ``around`` are the clauses it stands in, the nearest last."""
        around = (*around, (path, clause))
        for name, field in type(clause).model_fields.items():
            if name in Clause.model_fields or name == "schema_version":
                continue
            value, here = getattr(clause, name), (*path, field.alias or name)
            limit = range_of(clause, name)
            unit = _unit_of(here, name, value) if limit is None else limit.unit
            meaning = (field.description or "").rstrip(".")
            if name not in clause.model_fields_set:
                if _is_idle(clause, name):
                    continue
                value = getattr(clause, _APPLIED.get(name, name), value)
                short = SHORT.get(type(value))
                if short is not None:
                    limit, value = range_of(value, short), getattr(value, short)
                    unit = unit if limit is None else limit.unit
                if isinstance(value, BaseModel):
                    yield from self.clause(value, here, around)
                    continue
                if value is None and "left out" not in meaning.lower():
                    continue
                if value is None or (isinstance(value, bool | int | float | str | tuple)
                                     and value != ()):  # fmt: skip
                    shown = _words(value) if value is not None else "not stated"
                    note = meaning or None
                    yield Entry(
                        path_text(here), shown, self._unit(unit), None, None, note, "default"
                    )
                continue
            yield from self.value(value, here, unit, around)
        for name, value in (clause.model_extra or {}).items():
            yield from self.value(value, (*path, name), "", around)

    def value(self, value: Any, path: Path, unit: str, around: tuple[Any, ...]) -> Iterator[Entry]:
        if isinstance(value, ByGroup):
            inner = (*around, (path, value))
            for group, number in value.by_group.items():
                yield from self.value(number, (*path, "by_group", group), unit, inner)
        elif isinstance(value, Assumption):
            yield self._entry(path, distribution(value), unit, (*around, (path, value)), value.note)
        elif isinstance(value, Table | AgainstByDate):
            inner = (*around, (path, value))
            for steps, part in value.parts():
                yield from self.value(part, (*path, *steps), unit, inner)
        elif isinstance(value, Length):
            yield self._entry(path, str(value), "", around, None)
        elif isinstance(value, Size) and value.model_fields_set == {"amount"}:
            yield from self.value(value.amount, path, "money", around)
        elif isinstance(value, BaseModel):
            yield from self.clause(value, path, around)
        elif isinstance(value, dict):
            for key, part in value.items():
                yield from self.value(part, (*path, key_text(key)), unit, around)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for index, part in enumerate(value):
                yield from self.clause(part, (*path, index), around)
        elif isinstance(value, str) and value in self.contract.assumptions and unit:
            yield self._named(path, value, unit)
        elif not isinstance(value, str | tuple) or _is_told(path, value):
            told_unit = "" if isinstance(value, str) else unit
            yield self._entry(path, _words(value), told_unit, around, None)

    def _named(self, path: Path, name: str, unit: str) -> Entry:
        number = self.contract.assumptions[name]
        source, grade, shown = None, None, name
        if isinstance(number, Assumption):
            source, grade, shown = number.source, number.grade, f"{name}: {distribution(number)}"
        elif isinstance(number, float):
            shown = f"{name}: {_words(number)}"
        status: Status = "changed" if self._changed(path) is not None else "stated"
        return Entry(path_text(path), shown, self._unit(unit), source, grade, None, status)

    def _entry(
        self, path: Path, shown: str, unit: str, around: tuple[Any, ...], note: str | None
    ) -> Entry:
        changed = self._changed(path)
        source = grade = None
        for place, clause in around:  # the nearest clause that has a source speaks for the number
            # a source that stood around a number before it was changed is not the new number's
            if changed is not None and not path_text(place).startswith(changed):
                continue
            if getattr(clause, "source", None) is not None:
                source, grade = clause.source, None
            if getattr(clause, "grade", None) is not None:
                grade = clause.grade
        status: Status = "changed" if changed is not None else "stated"
        return Entry(path_text(path), shown, self._unit(unit), source, grade, note, status)

    def _changed(self, path: Path) -> str | None:
        """The changed path at or above a path, or below it where a list is told as one."""
        text = path_text(path)
        for changed in self.contract._changed:
            if text == changed or text.startswith((f"{changed}.", f"{changed}[")):
                return changed
            if changed.startswith((f"{text}.", f"{text}[")):
                return text
        return None

    def _unit(self, unit: str) -> str:
        return self.contract.currency if unit == "money" else unit


def _is_idle(clause: BaseModel, name: str) -> bool:
    """Whether a field left out says nothing, since what it belongs to is not said either."""
    match clause, name:
        case Cost(amount=None), "at":
            return clause.of != "commitments"
        case Cost(per_period=None, rate=None), "begin" | "lasts":
            return True
        case Cost(per_start=None), "over":
            return True
        case Outcome(), "spread":  # a length of time comes about by a constant chance of ending
            return clause.unit is None or clause.time_unit is not None
        case Rule(amount=None), "paid_back_by":
            return True
        case Tranche(repaid="never"), "principal" | "interest" | "due_from":
            return True
        case Ending(), "settles" | "notice":
            return bool(clause.redeem or clause.cancels) or (name == "notice" and clause.closes)
    return False


_APPLIED = {"distribute": "distribution", "order": "ranks", "draw_order": "draws"}
"""Fields whose default follows from another: the property that says it."""

_UNITS = {
    **dict.fromkeys(
        ("periods", "after", "paid_after", "lasts", "over", "every", "notice"), "periods"
    ),
    **dict.fromkeys(("at", "begin", "until"), "period"),
    **dict.fromkeys(("groups", "people", "intake"), "people"),
    **dict.fromkeys(("commitment", "amount", "period", "year", "total", "contract"), "money"),
    "number": "claims",
    "weights": "weight",
    "people_each": "people",
    **dict.fromkeys(("share", "share_of_surplus", "profile", "draw", "repaid"), "share"),
    "to": "share or part",
    **dict.fromkeys(("alikeness", "togetherness", "spearman", "kendall"), "correlation"),
    **dict.fromkeys(("inflation", "rate", "hurdle"), "rate a year"),
    **dict.fromkeys(("years", "lag"), "years"),
    "deflator": "index",
    "assumptions": "number",
}


def _unit_of(path: Path, name: str, value: Any) -> str:
    """The unit of a figure that is not of the kind that may be uncertain; of a word, none."""
    if value is None or isinstance(value, str) or (isinstance(value, tuple) and _is_dates(value)):
        return ""
    return "share" if path[-2:] == ("tax", "rate") else _UNITS.get(name, "")


def _is_dates(value: tuple[Any, ...]) -> bool:
    return all(isinstance(day, dt.date) for day in value)


_TOLD_TEXTS = {
    "schedule",
    "base",
    "deflator",
    "prices",
    "share",
    "currency",
    "unit",
    "held",
    "within",
}


def _is_told(path: Path, value: Any) -> bool:
    """Whether text or a list is a figure or a choice, rather than a name that refers."""
    if isinstance(value, tuple):
        ranked = path in (("capital", "order"), ("capital", "draw_order"))
        return ranked or (bool(value) and not isinstance(value[0], str | tuple))
    if path[-1] in _TOLD_TEXTS or "weights" in path[:-1] or value == "every_period":
        return True
    kind = kind_at(path, tagged=False)
    return any(get_origin(bare(one)) is Literal for one in (kind, *get_args(kind)))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        between = "; " if any(isinstance(one, tuple) for one in value) else ", "
        return between.join(map(_words, value))
    if isinstance(value, int | float):
        return f"{value:,.12g}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _alike(values: Sequence[float], between: str = " – ") -> str:
    """Numbers with as many decimals as the one that needs most."""
    texts = [f"{value:.12g}" for value in values]
    if any("e" in text for text in texts):
        return between.join(texts)
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return between.join(f"{value:,.{decimals}f}" for value in values)


def distribution(number: Assumption) -> str:
    """A number and how sure we are of it, in words.

    Parameters
    ----------
    number : Assumption

    Returns
    -------
    str

    Examples
    --------
    >>> distribution(Assumption(pert=(0.3, 0.4, 0.55)))
    'PERT 0.30 – 0.40 – 0.55'
    """
    truncated = ", truncated" if number.truncated else ""
    match number.form:
        case "pert" | "triangular" | "uniform" as form:
            title = "PERT" if form == "pert" else form
            return f"{title} {_alike(getattr(number, form))}"
        case "normal" | "lognormal" as form:
            spread = getattr(number, form)
            return f"{form} mean {_words(spread.mean)} sd {_words(spread.sd)}{truncated}"
        case "beta":
            return _beta(number)
        case "quantiles":
            assert number.quantiles is not None
            at = ", ".join(f"{100 * k:.12g}%: {_words(v)}" for k, v in number.quantiles.at.items())
            fitted = f", {number.quantiles.fit} fitted" if number.quantiles.fit else ""
            return f"quantiles {at}{fitted}"
        case "samples":
            assert number.samples is not None
            home = f" ({number.samples.column} in {number.samples.file})"
            count = len(number.samples.values)
            return f"{count:,} samples{home if number.samples.file else ''}"
        case _:
            return _words(number.value)


def _beta(number: Assumption) -> str:
    beta = number.beta
    assert beta is not None
    if beta.sites is not None:
        return f"Beta fitted to {len(beta.sites)} sites"
    if beta.mean is not None:
        return f"Beta mean {_words(beta.mean)} sd {_words(beta.sd)}"
    elsewhere = f", elsewhere sd {_words(beta.elsewhere)}" if beta.elsewhere is not None else ""
    return f"Beta {_words(beta.achieved)} of {_words(beta.of)}{elsewhere}"


def moves_together(contract: Contract) -> list[Together]:
    """Which uncertain numbers share a draw or are correlated; last, those drawn by themselves.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    list of Together
        The last has ``why`` "each is drawn by itself"; it is left out if there are none.

    Examples
    --------
    >>> import sibmodel as sib
    >>> moves_together(sib.library.load("closed_form_bond"))
    []
    """
    uses: dict[str, list[str]] = {}
    files: dict[str, list[str]] = {}
    groups: list[Together] = []
    alone: list[str] = []
    for name, number in contract.assumptions.items():
        if isinstance(number, Assumption) and is_uncertain(number):
            uses[name] = []
            _place(f"assumptions.{name}", number, files, alone)
    for at in contract.numbers():
        path = path_text(at.path)
        parts: dict[str, Any] = {path: at.number}
        if isinstance(at.number, ByGroup):
            parts = {f"{path}.by_group.{g}": number for g, number in at.number.by_group.items()}
            drawn = tuple(place for place, number in parts.items() if is_uncertain(number))
            if len(drawn) > 1 and not at.number.independent:
                groups.append(Together(drawn, "one draw moves all groups"))
                parts = {place: n for place, n in parts.items() if place not in drawn}
        for place, number in parts.items():
            if isinstance(number, str) and number in uses:
                uses[number].append(place)
            elif isinstance(number, Assumption) and is_uncertain(number):
                _place(place, number, files, alone)
    found = [
        Together((f"assumptions.{name}", *places), f"one draw: the assumption {name}")
        for name, places in uses.items()
        if len(places) > 1
    ]
    found += [
        Together(tuple(places), f"one row of {file}")
        for file, places in files.items()
        if len(places) > 1
    ]
    alone += [places[0] for places in files.values() if len(places) == 1]
    found += groups
    found += [
        Together(clause.between, f"Spearman correlation {clause.spearman:g}")
        if clause.spearman is not None
        else Together(clause.between, f"Kendall correlation {clause.kendall:g}")
        for clause in contract.correlations
    ]
    joined = {number for group in found for number in group.numbers}
    single = tuple(place for place in alone if not joined & _names_of(place))
    return [*found, Together(single, "each is drawn by itself")] if single else found


def _names_of(place: str) -> set[str]:
    """What a correlation may call the number at a place."""
    return {place, place.removeprefix("assumptions."), place.partition(".by_group.")[0]}


def _place(path: str, number: Assumption, files: dict[str, list[str]], alone: list[str]) -> None:
    if number.samples is not None and number.samples.file is not None:
        files.setdefault(number.samples.file, []).append(path)
    else:
        alone.append(path)
