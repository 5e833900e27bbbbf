"""The contract: its clauses together, and the numbers in them."""

from __future__ import annotations

import datetime as dt
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema

from sibmodel.contract.assumptions import (
    Assumption,
    ByGroup,
    Clause,
    Correlation,
    Flag,
    One,
    Range,
    Whole,
)
from sibmodel.contract.capital import Capital, Delivery
from sibmodel.contract.names import Name, fault
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.payments import Payments
from sibmodel.contract.people import Cohort
from sibmodel.contract.value import Prices, Value

PERIODS_PER_YEAR = {"month": 12, "quarter": 4, "half_year": 2, "year": 1}


def _date(value: Any) -> Any:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise fault(f"needs a date such as 2027-04-01: seen {value!r}")
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise fault(f"needs a date such as 2027-04-01: seen {value!r}")
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            raise fault(f"{value} is not a day of the calendar") from None
    if not 1900 <= value.year <= 2200:
        raise fault(f"must lie in the years 1900 to 2200: seen {value}")
    return value


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]


class Timeline(Clause):
    """Contract time: periods of one length, numbered from 0."""

    start: Date
    step: Literal["month", "quarter", "half_year", "year"]
    periods: Annotated[Whole, Field(ge=1, le=1200)]
    timing: Literal["start", "middle", "end"] = Field(
        "start", description="Where in a period its money is dated."
    )

    @property
    def periods_per_year(self) -> int:
        """How many periods make a year."""
        return PERIODS_PER_YEAR[self.step]

    def date(self, period: int) -> dt.date:
        """First day of a period."""
        months = self.start.year * 12 + self.start.month - 1
        months += period * (12 // self.periods_per_year)
        year, month = divmod(months, 12)
        day = self.start.day
        while True:  # the 31st of a month begins its 30-day neighbours on the 30th
            try:
                return dt.date(year, month + 1, day)
            except ValueError:
                day -= 1


class Party(Clause):
    """Anybody who pays, gains or loses."""

    public: Flag = Field(False, description="Whether its gains and costs are the public's.")


class Contract(Clause):
    """An outcomes contract: what was agreed, and what is assumed about it.

    Load one with :func:`sibmodel.load_contract`; change one with ``replace``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(alias="schema")
    name: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    prices: Prices | None = Field(
        None, description="If left out, money is nominal only and real present values undefined."
    )
    timeline: Timeline
    parties: dict[Name, Party] = Field({}, description="Who is public.")
    assumptions: dict[Name, One] = Field({}, description="Numbers with a name.")
    cohorts: dict[Name, Cohort] = Field(min_length=1)
    outcomes: dict[Name, Outcome] = Field(min_length=1)
    headline: str | None = Field(
        None, description="The outcome that stands for the contract; if left out, none does."
    )
    correlations: tuple[Correlation, ...] = ()
    payments: Payments
    delivery: Delivery | None = Field(None, description="If left out, delivery costs nothing here.")
    capital: Capital | None = Field(
        None, description="If left out, nobody invests: payment by results."
    )
    value: Value | None = Field(
        None, description="If left out, outcomes have no value stated and nothing is discounted."
    )

    _text: str | None = PrivateAttr(None)  # the YAML it was read from, for its comments
    _changed: frozenset[str] = PrivateAttr(frozenset())  # paths changed since

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contract) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        people = sum(cohort.size for cohort in self.cohorts.values())
        return (
            f"{self.name}: {people:,} people in {', '.join(self.cohorts)}; "
            f"outcomes {', '.join(self.outcomes)}; paid by {', '.join(self.payer_names)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The contract as plain data, only what was said, in the words of the language."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], name: str = "contract") -> Contract:
        """A contract from plain data, such as ``to_dict`` gives, checked.

        Raises
        ------
        ContractError
            With every fault.
        """
        from sibmodel.contract.validation import validated  # noqa: PLC0415  (needs Contract)

        return validated(data, name)

    # --- names ------------------------------------------------------------------------------------

    def cohort_of(self, outcome: str) -> str:
        """The cohort an outcome belongs to: its own, that of the step it needs, or the only one."""
        seen: set[str] = set()
        name: str | None = outcome
        while name is not None and name in self.outcomes and name not in seen:
            seen.add(name)
            clause = self.outcomes[name]
            if clause.cohort is not None:
                return clause.cohort
            name = clause.needs
        if len(self.cohorts) == 1:
            return next(iter(self.cohorts))
        raise KeyError(f"outcome {outcome!r} does not say its cohort")

    def cohort_paid(self, pays: str) -> str:
        """The cohort whose people a rule pays for."""
        return pays if pays in self.cohorts else self.cohort_of(pays)

    def delay_of(self, outcome: str) -> int:
        """Periods from a person's start to the outcome."""
        clause = self.outcomes[outcome]
        return clause.after + (self.delay_of(clause.needs) if clause.needs else 0)

    def groups(self, cohort: str) -> list[str]:
        """Labels of a cohort's groups, in the order of every group axis."""
        return sorted(self.cohorts[cohort].labels(cohort))

    @property
    def group_labels(self) -> tuple[str, ...]:
        """Every group, ``cohort/group`` (a cohort without groups: its name), sorted."""
        return tuple(sorted(label for cohort in self.cohorts for label in self.groups(cohort)))

    @property
    def payer_names(self) -> tuple[str, ...]:
        """Everybody who pays for outcomes, in the file's order."""
        names = dict.fromkeys(self.payments.payers)
        for rule in self.payments.rules.values():
            names.update(dict.fromkeys(rule.payers or {}))
        return tuple(names)

    @property
    def party_names(self) -> tuple[str, ...]:
        """Every party named anywhere, sorted."""
        names = {*self.parties, *self.payer_names, *self.payments.running_costs, "provider"}
        for cost in (*(self.delivery.costs.values() if self.delivery else ()),
                     *self.payments.running_costs.values()):  # fmt: skip
            names.add(cost.to)
        for tranche_name, tranche in (self.capital.tranches if self.capital else {}).items():
            names.add(tranche.held_by or tranche_name)
        for benefit in (self.value.benefits if self.value else {}).values():
            names.update({benefit.to} | ({benefit.taken_from} if benefit.taken_from else set()))
        return tuple(sorted(names))

    def is_public(self, party: str) -> bool:
        """Whether a party is public; one without an entry is private."""
        return party in self.parties and self.parties[party].public

    # --- numbers ----------------------------------------------------------------------------------

    def numbers(self) -> Iterator[NumberAt]:
        """Every number that may be an assumption, with its path and range, in the file's order."""
        yield from _numbers_in(self, ())

    def replace(self, changes: Mapping[str, Any], name: str | None = None) -> Contract:
        """A new contract with the numbers or clauses at these paths changed, then checked once.

        Parameters
        ----------
        changes : mapping of path to new value
            ``{"payments.rules.job_13_weeks.price": 3200}``; a list item is ``[2]``; a new name
            adds a clause; None removes one.
        name : str, optional
            The new contract's name.

        Raises
        ------
        ContractError
            If a path is unknown or the changed contract has faults.

        Examples
        --------
        >>> import sibmodel as sib
        >>> bond = sib.library.load("closed_form_bond")
        >>> bond.replace({"payments.rules.success.price": 5500}).payments.rules["success"].price
        5500.0
        """
        from sibmodel.contract.change import replaced  # noqa: PLC0415  (change needs Contract)

        return replaced(self, changes, name)


@dataclass(frozen=True)
class NumberAt:
    """A number of the contract and where it stands."""

    path: tuple[str | int, ...]
    number: float | str | Assumption | ByGroup
    range: Range
    clause: Clause
    said: bool


def _range_in(annotation: Any) -> Range | None:
    """The Range an annotation carries, looking through optional, dict and tuple types."""
    if get_origin(annotation) is Annotated:
        for extra in annotation.__metadata__:
            if isinstance(extra, Range):
                return extra
        return _range_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType, dict, tuple):
        for part in get_args(annotation):
            found = _range_in(part)
            if found is not None:
                return found
    return None


_RANGES: dict[type[BaseModel], dict[str, Range | None]] = {}


def ranges(model: type[BaseModel]) -> dict[str, Range | None]:
    """The Range of each field of a clause that is a number; None for the others."""
    if model not in _RANGES:
        hints = typing.get_type_hints(model, include_extras=True)
        _RANGES[model] = {name: _range_in(hints[name]) for name in model.model_fields}
    return _RANGES[model]


def _numbers_in(clause: BaseModel, path: tuple[str | int, ...]) -> Iterator[NumberAt]:
    in_clause = ranges(type(clause))
    for name, field in type(clause).model_fields.items():
        value = getattr(clause, name)
        here = (*path, field.alias or name)
        limits = in_clause[name]
        if value is None or here == ("assumptions",):
            continue
        said = name in clause.model_fields_set
        if limits is not None and isinstance(clause, Clause):
            if isinstance(value, dict):
                for key, number in value.items():
                    yield NumberAt((*here, key), number, limits, clause, said)
            else:
                yield NumberAt(here, value, limits, clause, said)
        elif isinstance(value, BaseModel):
            yield from _numbers_in(value, here)
        elif isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, BaseModel):
                    yield from _numbers_in(part, (*here, key))
