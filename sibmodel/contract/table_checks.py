"""Checks of the numbers of payment rules, which may be tables: what may be read where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, path_text, unknown
from sibmodel.contract.number_checks import BOUNDS, group_faults, groups_of, lowest
from sibmodel.contract.payments import Rule
from sibmodel.contract.tables import STEPS, Table

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A number of a rule (None: of all rules), and what stands around it."""

    path: Path
    number: Any
    rule: str | None
    field: str
    around: tuple[Any, ...] = ()

    def within(self, place: Path, number: Any) -> Place:
        """A number in this one."""
        return Place(
            (*self.path, *place), number, self.rule, self.field, (*self.around, self.number)
        )


def numbers_of_rules(contract: Contract) -> Iterator[Place]:
    """Every number of the rules that may be a table, as a whole."""
    for name, rule in contract.payments.rules.items():
        path = ("payments", "rules", name)
        for field in ("price", "amount", "deadweight"):
            if getattr(rule, field) is not None:
                yield Place((*path, field), getattr(rule, field), name, field)
        for factor, number in rule.factors.items():
            yield Place((*path, "factors", factor), number, name, "factors")
        for figure, test in rule.when.items():
            bounds = {word: getattr(test, word) for word in STEPS}
            for word, bound in bounds.items():
                if bound is not None:
                    yield Place((*path, "when", figure, word), bound, name, "when")
    for factor, number in contract.payments.factors.items():
        yield Place(("payments", "factors", factor), number, None, "factors")


def _parts(place: Place) -> Iterator[Place]:
    """A number and, where it is a table, everything in it."""
    yield place
    if isinstance(place.number, ByGroup):
        for group, one in place.number.by_group.items():
            yield from _parts(place.within(("by_group", group), one))
    elif isinstance(place.number, Table):
        for steps, one in place.number.parts():
            yield from _parts(place.within(steps, one))


def leaves(contract: Contract) -> Iterator[Place]:
    """Every number of the rules, and every number in it."""
    for place in numbers_of_rules(contract):
        yield from _parts(place)


def tables(contract: Contract) -> Iterator[tuple[Place, Table]]:
    """Every table in the numbers of the rules, and where it stands."""
    for part in leaves(contract):
        if isinstance(part.number, Table):
            yield part, part.number


def _whose(contract: Contract) -> Iterator[Fault]:
    """What is read for each cohort or group cannot decide a payment for nobody in particular."""
    asked: list[tuple[str, Path, str]] = [
        (name, ("payments", "rules", name, "when", figure), figure)
        for name, rule in contract.payments.rules.items()
        for figure in rule.when
    ]
    asked += [
        (place.rule, (*place.path, "by"), table.by)
        for place, table in tables(contract)
        if place.rule is not None and table.by is not None
    ]
    for name, path, figure in asked:
        pays = contract.payments.rules[name].pays
        if figure not in contract.performance or contract.read_over(figure) not in _FINE:
            continue
        if pays is not None and (
            pays not in contract.performance or contract.read_over(pays) in _FINE
        ):
            continue
        try:
            several = len(contract.groups_of(figure)) > 1
        except KeyError:
            continue  # an unknown name, which has a fault of its own
        if several:
            over = contract.read_over(figure).replace("_", " ")
            yield Fault(
                path,
                f"{figure!r} is read for {over}, and {name!r} pays for nobody in particular: read "
                f"it over everyone",
            )


_FINE = ("each_cohort", "each_group")


def table_faults(contract: Contract) -> Iterator[Fault]:
    """Tables where none can stand, that read what is not there, or that leave a group out."""
    yield from _whose(contract)
    for whole in numbers_of_rules(contract):
        for place in _parts(whole):
            if isinstance(place.number, ByGroup):
                yield from _groups(contract, place)
            elif isinstance(place.number, Table):
                yield from _bands(place)
                yield from _read_by(contract, place)
                yield from _always_a_bound(contract, place)
                yield from _bounds(contract, place)


def _always_a_bound(contract: Contract, place: Place) -> Iterator[Fault]:
    """A test needs a bound on every date: none would be read as 0."""
    begins = place.number.begins
    if place.field != "when" or not begins:
        return
    first = min(map(contract.timeline.day, begins))
    if first > contract.timeline.start:
        yield Fault(
            (*place.path, "from"),
            f"gives no bound before {first}: the first row must begin on "
            f"{contract.timeline.start} or before",
        )


def _groups(contract: Contract, place: Place) -> Iterator[Fault]:
    if any(isinstance(one, ByGroup) for one in place.around):
        yield Fault(place.path, "stands within a by_group already: write one value for each group")
        return
    for name in [place.rule] if place.rule is not None else list(contract.payments.rules):
        rule = contract.payments.rules[name]
        try:
            known = groups_of(contract, ("payments", "rules", name))
        except KeyError:
            return  # what it pays is unknown, which has a fault of its own
        if not known and (place.rule is not None or rule.price is not None):
            whose = "its rule" if place.rule is not None else f"the rule {name!r}"
            yield Fault(place.path, f"cannot differ by group: {whose} pays {_no_group(rule)}")
            return
    try:
        known = groups_of(contract, place.path)
    except KeyError:
        return
    yield from group_faults(place.path, place.number.by_group, known)


def _no_group(rule: Rule) -> str:
    if rule.pays is None:
        return "on dates, not for people"
    return f"{rule.pays!r}, which is not read by group (over: each_group)"


def _bands(place: Place) -> Iterator[Fault]:
    table = place.number
    if table.each_above is None:
        return
    path = (*place.path, "each_above")
    inside = [one for one in place.around if isinstance(one, Table)]
    if place.field != "price":
        yield Fault(path, f"stands in a price only: write at_least for {_article(place.field)}")
    elif any(one.begins is None for one in inside) or any(w in place.path for w in BOUNDS):
        yield Fault(path, "cannot stand within another table by figure, or its floor or cap")
    for bound in BOUNDS:
        if getattr(table, bound) is not None:
            yield Fault(
                (*place.path, bound), f"each_above takes no {bound}: it has no one value to bound"
            )


def _article(field: str) -> str:
    return {"amount": "an amount", "when": "a test", "factors": "a factor"}.get(field, f"a {field}")


def _read_by(contract: Contract, place: Place) -> Iterator[Fault]:
    table: Table = place.number
    names = list(contract.payments.rules) if place.rule is None else [place.rule]
    rules = {name: contract.payments.rules[name] for name in names}
    if place.rule is None:  # factors of all rules are on prices only
        rules = {name: rule for name, rule in rules.items() if rule.price is not None}
    if table.by == "start":
        for name, rule in rules.items():
            if rule.pays is None or rule.pays in contract.performance:
                whose = "this rule" if place.rule is not None else f"the rule {name!r}"
                yield Fault(
                    (*place.path, "by"), f"{whose} pays nobody in particular: there is no start"
                )
                return
    elif table.by is not None and table.by not in contract.performance:
        yield unknown((*place.path, "by"), "performance", table.by, contract.performance)
    elif table.by is None and table.form == "figure":
        for name, rule in rules.items():
            yield from _own_figure(contract, place, name, rule)
            if place.rule is None:
                return


def _own_figure(contract: Contract, place: Place, name: str, rule: Rule) -> Iterator[Fault]:
    """A table without ``by`` reads what its rule pays."""
    remedy = "say by: and the performance it is read against"
    if place.rule is None:
        yield Fault(place.path, f"reads what each rule pays, and rules differ: {remedy}")
    elif rule.pays is None:
        yield Fault(place.path, f"the rule pays on dates, so there is no figure to read: {remedy}")
    elif rule.pays in contract.cohorts or (
        rule.pays in contract.outcomes and contract.outcomes[rule.pays].unit is None
    ):
        what = "a start" if rule.pays in contract.cohorts else f"a claim of {rule.pays!r}"
        yield Fault(place.path, f"{what} is always one, so there is no figure to read: {remedy}")


def _bounds(contract: Contract, place: Place) -> Iterator[Fault]:
    floor, cap = place.number.floor, place.number.cap
    if isinstance(floor, float) and isinstance(cap, float) and floor > cap:
        yield Fault((*place.path, "floor"), f"is {floor:g}, above the cap, {cap:g}")


def amount_faults(contract: Contract) -> Iterator[Fault]:
    """Amounts that can be below zero where nobody pays them back."""
    for name, rule in contract.payments.rules.items():
        if rule.amount is None or rule.paid_back_by is not None:
            continue
        path = ("payments", "rules", name, "amount")
        if lowest(rule.amount, contract) < 0:
            place = _below_zero(contract, Place(path, rule.amount, name, "amount"))
            low = lowest(place.number, contract)
            seen = f"is {low:g}" if isinstance(place.number, float) else "can be below zero"
            yield Fault(
                place.path, f"{seen}, and nothing says who pays it back: add paid_back_by to "
                f"{path_text(path[:3])}, or write 0"
            )  # fmt: skip


def _below_zero(contract: Contract, place: Place) -> Place:
    """The first number in a table that can be below zero."""
    low = [part for part in _parts(place) if not isinstance(part.number, ByGroup | Table)]
    return next(part for part in low if lowest(part.number, contract) < 0)
