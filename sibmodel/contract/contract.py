"""The contract: its clauses together, and the numbers in them."""

from __future__ import annotations

import datetime as dt
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from sibmodel.contract.assumptions import (
    Assumption,
    ByGroup,
    Clause,
    Correlation,
    Finite,
    Flag,
    One,
    Range,
)
from sibmodel.contract.capital import DELIVERY_STOPS, Capital
from sibmodel.contract.delivery import PROVIDER, Delivery
from sibmodel.contract.names import Name, fault
from sibmodel.contract.outcomes import Outcome
from sibmodel.contract.payments import Payments
from sibmodel.contract.people import Cohort
from sibmodel.contract.performance import FINEST_FIRST, Performance
from sibmodel.contract.timeline import Length, LengthByGroup, Timeline
from sibmodel.contract.value import Prices, Value

TAX_AUTHORITY = "tax_authority"
"""The party that tax on costs goes to."""
BANK = "bank"
"""The party that pays interest on the account's balance."""


def _not_true(value: Any) -> Any:
    if value is True:  # which equals 1
        raise fault("must be 1: seen true")
    return value


class Party(Clause):
    """Anybody who pays, gains or loses."""

    public: Flag = Field(False, description="Whether its gains and costs are the public's.")
    income: Annotated[Finite, Field(gt=0)] | None = Field(
        None, description="Of one of its people, a year: for distributional weights."
    )


class Contract(Clause):
    """An outcomes contract: what was agreed, and what is assumed about it.

    Load one with :func:`sibmodel.load_contract`; change one with ``replace``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[1], BeforeValidator(_not_true)] = Field(alias="schema")
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
    performance: dict[Name, Performance] = Field({}, description="Figures read of many people.")
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
    _numbers: tuple[NumberAt, ...] | None = PrivateAttr(None)

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

    def cohorts_of(self, name: str) -> tuple[str, ...]:
        """The cohorts an outcome, a cohort's starts or a performance is of.

        An outcome's are its own, those of the step it needs, or the only one; a figure recorded as
        such is of all cohorts.
        """
        if name in self.cohorts:
            return (name,)
        if name in self.performance and name not in self.outcomes:
            outcomes = self.outcomes_read(name)
            found = dict.fromkeys(c for outcome in outcomes for c in self.cohorts_of(outcome))
            return tuple(found) or tuple(self.cohorts)
        seen: set[str] = set()
        step: str | None = name
        while step is not None and step in self.outcomes and step not in seen:
            seen.add(step)
            clause = self.outcomes[step]
            if clause.cohort is not None:
                return (clause.cohort,) if isinstance(clause.cohort, str) else clause.cohort
            step = clause.steps[0] if clause.steps else None
        if len(self.cohorts) == 1:
            return tuple(self.cohorts)
        raise KeyError(f"outcome {name!r} does not say its cohort")

    def outcomes_read(self, performance: str) -> tuple[str, ...]:
        """The outcomes a performance is read of, itself or through its weights."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        todo = [performance]
        while todo:
            name = todo.pop()
            if name in seen or name not in self.performance:
                continue
            seen.add(name)
            clause = self.performance[name]
            if clause.of is not None:
                found[clause.of] = None
            for part, weight in (clause.weights or {}).items():
                todo += [part, weight] if isinstance(weight, str) else [part]
        return tuple(found)

    def read_over(self, performance: str) -> str:
        """Whose records a performance reads together; of a composite, as its finest part."""
        return next(over for over in FINEST_FIRST if over in self._overs(performance, set()))

    def _overs(self, performance: str, seen: set[str]) -> set[str]:
        if performance in seen or performance not in self.performance:
            return set()
        clause = self.performance[performance]
        found: set[str] = set() if clause.weights else {clause.over}
        for part, weight in (clause.weights or {}).items():
            for name in (part, weight):
                if isinstance(name, str):
                    found |= self._overs(name, seen | {performance})
        return found or {"everyone"}

    def groups_of(self, name: str) -> list[str]:
        """Labels of the groups an outcome, a cohort's starts or a performance is of, sorted."""
        return sorted(label for cohort in self.cohorts_of(name) for label in self.groups(cohort))

    def cohort_of_group(self, label: str) -> str:
        """The cohort of a group label."""
        return label.partition("/")[0]

    def length(self, outcome: str, field: str, group: str) -> Length | None:
        """``held`` or ``within`` of an outcome, of one group where it differs by group."""
        value = getattr(self.outcomes[outcome], field)
        if isinstance(value, LengthByGroup):
            short = group.rpartition("/")[2]
            return value.by_group[group] if group in value.by_group else value.by_group[short]
        return value  # type: ignore[no-any-return]

    def after(self, outcome: str, group: str) -> int:
        """Periods from the step needed (or the start) to the outcome, for one group."""
        clause = self.outcomes[outcome]
        if clause.after is not None:
            return clause.after
        held = self.length(outcome, "held", group)
        return 0 if held is None else held.in_periods(self.timeline)

    def delays(self, outcome: str, group: str) -> tuple[int, ...]:
        """Periods from a person's start to the outcome; several where routes to it differ."""
        clause = self.outcomes[outcome]
        before: set[int] = {0}
        for index, step in enumerate(clause.steps):
            routes = set(self.delays(step, group))
            if index == 0:
                before = routes
            elif clause.any_step:
                before |= routes
            else:
                before = {max(a, b) for a in before for b in routes}
        own = self.after(outcome, group)
        return tuple(sorted(own + delay for delay in before))

    def window(self, outcome: str, group: str) -> float:
        """Most units of time a person can have: ``within`` less ``held``; infinite if not said."""
        days = self.outcomes[outcome].time_unit
        within = self.length(outcome, "within", group)
        if days is None or within is None:
            return math.inf
        held = self.length(outcome, "held", group)
        waiting = 0.0 if held is None else held.in_days(self.timeline)
        return max(within.in_days(self.timeline) - waiting, 0.0) / days

    def units_a_period(self, outcome: str) -> float:
        """Units of time in one period: what one person can have of the outcome in it."""
        days = self.outcomes[outcome].time_unit
        return math.inf if days is None else self.timeline.days_per_period / days

    def accrues_over(self, outcome: str, group: str) -> int:
        """Periods over which one person's units of time fall due; 1 for all else."""
        window = self.window(outcome, group)
        if math.isinf(window):
            return 1
        return max(1, math.ceil(round(window / self.units_a_period(outcome), 9)))

    def last_due(self, outcome: str) -> int:
        """The last period in which anybody can achieve an outcome."""
        return max(
            self.cohorts[cohort].last_start
            + self.delays(outcome, group)[-1]
            + self.accrues_over(outcome, group)
            - 1
            for cohort in self.cohorts_of(outcome)
            for group in self.groups(cohort)
        )

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
    def payers_bear_costs(self) -> bool:
        """Whether payers spend more than what they pay for outcomes."""
        in_house = self.delivery is not None and self.delivery.by in self.payer_names
        return in_house or bool(self.payments.running_costs)

    @property
    def party_names(self) -> tuple[str, ...]:
        """Every party named anywhere, sorted."""
        names = {*self.parties, *self.payer_names, *self.payments.running_costs, PROVIDER}
        names.update({self.delivery.by} if self.delivery else set())
        for cost in (*(self.delivery.costs.values() if self.delivery else ()),
                     *self.payments.running_costs.values()):  # fmt: skip
            names.add(cost.to)
            if cost.tax != 0:
                names.add(TAX_AUTHORITY)
        if self.capital is not None:
            names.update(party for _, party in self.capital.parties())
            if self.capital.account.interest != 0:
                names.add(BANK)
        for rule in self.payments.rules.values():
            names.update({rule.paid_back_by} if rule.paid_back_by else set())
        if self.payments.tax is not None:
            names.add(self.payments.tax.to)
        for benefit in (self.value.benefits if self.value else {}).values():
            names.update({benefit.to} | ({benefit.taken_from} if benefit.taken_from else set()))
        return tuple(sorted(names))

    @property
    def bonds(self) -> tuple[str, ...]:
        """Tranches for which a payer may bring money: their rows among payments."""
        if self.capital is None:
            return ()
        redeemed = {
            name
            for ending in self.capital.endings.values()
            for name in ending.redeem
            if ending.paid_by in self.payments.payers
        }
        tranches = self.capital.tranches.items()
        return tuple(n for n, t in tranches if t.due_from is not None or n in redeemed)

    @property
    def ending_names(self) -> list[str]:
        """Everything that can end the contract early, in the file's order."""
        if self.capital is None:
            return []
        stops = self.capital.on_shortfall == DELIVERY_STOPS
        return [*self.capital.endings, *([DELIVERY_STOPS] if stops else [])]

    @property
    def plain_capital(self) -> bool:
        """Whether one tranche gets its money back and then all that is left, and nothing else."""
        if self.capital is None:
            return True
        capital = self.capital
        beside = (capital.guarantees, capital.settlements, capital.endings, capital.surplus)
        [first, *others] = capital.tranches.values()
        return not others and not any(beside) and first.interest.rate == 0

    @property
    def hands_back(self) -> bool:
        """Whether surplus may be handed back to a payer."""
        if self.capital is None:
            return False
        return any(party in self.payments.payers for _, party in self.capital.parties())

    @property
    def valued_on(self) -> dt.date:
        """The day of present values."""
        at = self.value.at if self.value is not None else None
        return self.timeline.start if at is None else self.timeline.day(at)

    def is_public(self, party: str) -> bool:
        """Whether a party is public; one without an entry is private."""
        return party in self.parties and self.parties[party].public

    # --- numbers ----------------------------------------------------------------------------------

    def numbers(self) -> tuple[NumberAt, ...]:
        """Every number that may be an assumption, with its path and range, in the file's order."""
        if self._numbers is None:  # found once: nothing in a contract changes
            self._numbers = tuple(_numbers_in(self, ()))
        return self._numbers

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


def range_of(clause: BaseModel, field: str) -> Range | None:
    """The Range of a field, which may depend on the clause's other fields; None of no number."""
    own: Range | None = getattr(clause, "range_of", lambda _: None)(field)
    return own or ranges(type(clause))[field]


def _numbers_in(
    clause: BaseModel, path: tuple[str | int, ...], around: bool = True
) -> Iterator[NumberAt]:
    """Numbers of a clause; ``around`` says whether the clause itself is said."""
    for name, field in type(clause).model_fields.items():
        value = getattr(clause, name)
        here = (*path, field.alias or name)
        limits = range_of(clause, name)
        if value is None or here == ("assumptions",):
            continue
        said = around and name in clause.model_fields_set
        if limits is not None and isinstance(clause, Clause):
            rows = value.items() if isinstance(value, dict) else ((None, value),)
            for key, number in rows:
                place = here if key is None else (*here, key)
                yield from _leaves(number, place, limits, clause, said)
        elif isinstance(value, BaseModel):
            yield from _numbers_in(value, here, said)
        elif isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, BaseModel):
                    yield from _numbers_in(part, (*here, key), said)


def _leaves(
    number: Any, path: tuple[str | int, ...], limits: Range, clause: Clause, said: bool
) -> Iterator[NumberAt]:
    """A number itself, or those in its table."""
    if isinstance(number, ByGroup) and not number.plain:
        for group, one in number.by_group.items():
            yield from _leaves(one, (*path, "by_group", group), limits, clause, said)
    elif isinstance(number, float | str | Assumption | ByGroup):
        yield NumberAt(path, number, limits, clause, said)
    elif hasattr(number, "parts"):
        for place, one in number.parts():
            yield from _leaves(one, (*path, *place), limits, clause, said)
