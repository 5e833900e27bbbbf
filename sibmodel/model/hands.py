"""Claims handed over person by person, or by when people started, where a rule asks for that."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import ShareOf, Size
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.claims import prices_by_group
from sibmodel.model.ladders import dearest_path
from sibmodel.model.lots import Lot
from sibmodel.model.outcomes import Claims, Counts, OnClaimed
from sibmodel.model.payments import within_person_limit
from sibmodel.model.people import Cell
from sibmodel.model.prices import read_by

CellClaims = tuple[Cell, str, int, Counts]
"""A cell, what is claimed (or the cohort, for who starts), the period, and how many (run,)."""

Claimable = frozenset[tuple[str, str]]
"""An outcome or a cohort, and how its claims are worth something: by ``price`` or by ``amount``."""


@dataclass
class Held:
    """What the people of one slab claim in one period.

    ``number`` is (person, run), masks or numbers, each of ``weight`` people; where ``people``, the
    slab's key, is None it is (run,), claims of nobody in particular.
    """

    cell: Cell
    paid_for: str
    worth: str
    period: int
    number: Counts
    people: int | None
    weight: float | Floats


class Hands:
    """Takes the claims of people, each slab of them with a key: its place in ``slabs``.

    Where claims are worth an ``amount``, all of a person's time is one claim.

    Parameters
    ----------
    claims : set of (outcome or cohort, worth)
        Which claims are taken.
    columns : slice
        The runs that are kept.
    """

    def __init__(self, claims: Claimable, columns: slice) -> None:
        self.claims, self.columns = claims, columns
        self.held, self.slabs = list[Held](), list[int]()

    def collector(self, cell: Cell, weight: float | Floats = 1.0) -> OnClaimed:
        """What takes the claims of one cell, each of whose people stands for so many."""

        def collect(paid_for: str, claims: Claims, as_one: Claims) -> None:
            if paid_for == cell.cohort:
                everybody = list(claims)
                self.slabs.append(len(everybody[0][1]))
                claims = iter(everybody)
            people = len(self.slabs) - 1
            for worth, given in (("price", claims), ("amount", as_one)):
                for delay, number in given if (paid_for, worth) in self.claims else ():
                    mine = np.ascontiguousarray(number[:, self.columns])
                    if mine.any():
                        self.held.append(
                            Held(cell, paid_for, worth, cell.start + delay, mine, people, weight)
                        )

        return collect

    def lots(self, contract: Contract, rules: Collection[str]) -> Iterator[Lot]:
        """The claims as lots, for some rules."""
        paying: dict[tuple[str, str], list[int]] = {}
        for r, (name, rule) in enumerate(contract.payments.rules.items()):
            if name in rules and rule.pays is not None:
                paying.setdefault((rule.pays, rule.worth), []).append(r)
        for one in self.held:
            for r in paying.get((one.paid_for, one.worth), ()):
                yield Lot(
                    rule=r,
                    period=one.period,
                    date=contract.timeline.date(one.period),
                    number=one.number,
                    cohort=one.cell.cohort,
                    group=one.cell.group,
                    started=contract.timeline.date(one.cell.start),
                    people=one.people,
                    weight=one.weight,
                )

    def add_up_to(self, cells: Sequence[CellClaims]) -> None:
        """Weigh people so that their claims add up to these, where nobody's chance is drawn.

        Even people stand for a cell only nearly. What is claimed by ``amount`` is left as it is.
        """
        by_price = [one for one in self.held if one.worth == "price"]
        found: dict[tuple[str, int, str, int], Floats] = {}
        for one in by_price:
            key = (one.cell.group, one.cell.start, one.paid_for, one.period)
            found[key] = found.get(key, 0.0) + one.number.sum(axis=0) * one.weight
        wanted: dict[tuple[str, int, str, int], Floats] = {}
        for cell, paid_for, period, count in cells:
            if (paid_for, "price") not in self.claims:
                continue
            key = (cell.group, cell.start, paid_for, period)
            wanted[key] = count[self.columns]
            nobody = np.equal(found.get(key, 0.0), 0) * count[self.columns]
            if nobody.any():  # too few to be one of the even people
                self.held.append(Held(cell, paid_for, "price", period, nobody, None, 1.0))
        for one in by_price:
            key = (one.cell.group, one.cell.start, one.paid_for, one.period)
            if key in wanted:
                some = found[key] > 0
                share = np.divide(wanted[key], found[key], out=np.ones(some.shape), where=some)
                one.weight = one.weight * share


def claimable(contract: Contract, rules: Collection[str]) -> Claimable:
    """What some rules pay for, and how it is worth something."""
    paying = (contract.payments.rules[name] for name in rules)
    return frozenset((rule.pays, rule.worth) for rule in paying if rule.pays is not None)


def lots_by_start(
    contract: Contract, rules: Collection[str], cells: Sequence[CellClaims], columns: slice
) -> Iterator[Lot]:
    """Claims of some runs for rules whose price is read by the date of the start."""
    paying: dict[str, list[int]] = {}
    for r, (name, rule) in enumerate(contract.payments.rules.items()):
        if name in rules and rule.pays is not None:
            paying.setdefault(rule.pays, []).append(r)
    for cell, paid_for, period, count in cells:
        for r in paying.get(paid_for, ()):
            if count.any():
                yield Lot(
                    rule=r,
                    period=period,
                    date=contract.timeline.date(period),
                    number=np.asarray(count[columns], dtype=np.float64),
                    cohort=cell.cohort,
                    group=cell.group,
                    started=contract.timeline.date(cell.start),
                )


# --- which rules ask for it -----------------------------------------------------------------------


def person_by_person(contract: Contract, routes: Mapping[str, str], drawn: Drawn) -> frozenset[str]:
    """Rules whose claims are taken person by person: by their route, or a limit that may bind.

    Parameters
    ----------
    contract : Contract
    routes : mapping of rule to route
        Of every rule that pays an outcome or a cohort.
    drawn : Drawn
    """
    payments = contract.payments
    found = {name for name, way in routes.items() if way == "people"}
    limits: list[tuple[Sequence[str], Size | None]] = [
        (of, payments.limits.named[name].person) for name, of in payments.limit_rules()
    ]
    limits.append((list(payments.rules), payments.limits.person))
    for rules, size in limits:
        paying = [name for name in rules if name in routes]
        if size is not None and _can_bind(contract, paying, size, drawn):
            found.update(paying)
    return frozenset(found)


def may_go_person_by_person(contract: Contract, routes: Mapping[str, str]) -> frozenset[str]:
    """Rules whose claims may be taken person by person, whatever the prices and the limits are."""
    payments = contract.payments
    found = {name for name, way in routes.items() if way == "people"}
    for name, of in payments.limit_rules():
        if payments.limits.named[name].person is not None:
            found.update(of)
    if payments.limits.person is not None:
        found.update(payments.rules)
    return frozenset(found & set(routes))


def _can_bind(contract: Contract, rules: Sequence[str], size: Size, drawn: Drawn) -> bool:
    """Whether the dearest path of one person passes a limit."""
    if isinstance(size.number, ShareOf):
        return True
    dearest = {name: _dearest_prices(contract, name, drawn) for name in rules}
    for cohort in contract.cohorts:
        for group in contract.groups(cohort):
            number: dict[str, float] = {}
            money: dict[str, float] = {}
            for name in rules:
                pays = contract.payments.rules[name].pays or ""
                if group in dearest[name]:
                    number[pays] = number.get(pays, 0.0) + 1
                    money[pays] = money.get(pays, 0.0) + dearest[name][group]
            for limit, worth in ((size.number, number), (size.amount, money)):
                if limit is not None and dearest_path(contract, cohort, group, worth) > limit:
                    return True
    return False


def _dearest_prices(contract: Contract, name: str, drawn: Drawn) -> dict[str, float]:
    """The most one claim of a rule earns, by group; infinite where its price hangs on more."""
    rule = contract.payments.rules[name]
    if rule.amount is not None or read_by(contract.payments, name) - {"group", "date"}:
        return dict.fromkeys(contract.groups_of(rule.pays or ""), math.inf)
    once = rule.pays not in contract.outcomes or contract.outcomes[rule.pays].unit is None
    return {
        group: max(
            float(np.max(within_person_limit(rule, price) if once else price)) for price in prices
        )
        for group, prices in prices_by_group(
            contract, name, drawn, periods=contract.timeline.periods
        ).items()
    }
