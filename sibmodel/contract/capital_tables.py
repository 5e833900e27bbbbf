"""Tables in costs and capital: what may be read there, and against what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, unknown
from sibmodel.contract.payment_warnings import unit_of
from sibmodel.contract.tables import FROM_ABOVE, FROM_BELOW, Table

Path = tuple[str | int, ...]
Numbers = Iterator[tuple[Path, Any]]


def _numbers(clause: BaseModel, path: Path) -> Numbers:
    """Every field of a clause, and of those in it, that holds a table or numbers by group."""
    for name, field in type(clause).model_fields.items():
        value, here = getattr(clause, name), (*path, field.alias or name)
        if isinstance(value, Table | ByGroup):
            yield here, value
        elif isinstance(value, BaseModel):
            yield from _numbers(value, here)
        elif isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, Table | ByGroup):
                    yield (*here, key), part
                elif isinstance(part, BaseModel):
                    yield from _numbers(part, (*here, key))


def tables_of_capital(contract: Contract) -> Iterator[tuple[Path, Table]]:
    """Every table in delivery costs, running costs and capital, those within others too."""
    todo: list[tuple[Path, Any]] = []
    if contract.delivery is not None:
        todo += _numbers(contract.delivery, ("delivery",))
    for name, cost in contract.payments.running_costs.items():
        todo += _numbers(cost, ("payments", "running_costs", name))
    if contract.capital is not None:
        todo += _numbers(contract.capital, ("capital",))
    while todo:
        path, number = todo.pop(0)
        if isinstance(number, Table):
            yield path, number
            todo += [((*path, *place), part) for place, part in number.parts()]
        elif isinstance(number, ByGroup):
            todo += [((*path, "by_group", g), one) for g, one in number.by_group.items()]


def table_faults_of_capital(contract: Contract) -> Iterator[Fault]:
    for path, table in tables_of_capital(contract):
        if "by_group" in path:
            yield Fault(path, "a number by group cannot be a table here: write one number")
        elif table.each_above is not None:
            yield Fault(
                (*path, "each_above"), "marginal bands stand in a payment rule's price only"
            )
        elif table.by == "start":
            yield Fault(
                (*path, "by"), "there is no one start here: by a performance, or from dates"
            )
        elif table.form == "figure" and table.by is None:
            yield Fault(path, "say by: and the performance it is read against")
        elif table.by is not None and table.by not in contract.performance:
            yield no_figure(contract, (*path, "by"), table.by)
        elif table.by is not None:
            yield from one_figure(contract, (*path, "by"), table.by)
            yield from _silent(path, table)
        floor, cap = table.floor, table.cap
        if isinstance(floor, float) and isinstance(cap, float) and floor > cap:
            yield Fault((*path, "floor"), f"is {floor:g}, above the cap, {cap:g}")


def no_figure(contract: Contract, path: Path, name: str, more: tuple[str, ...] = ()) -> Fault:
    """A figure that nobody reads; an outcome is none until a performance reads it."""
    if name in contract.outcomes:
        return Fault(
            path, f"{name!r} is an outcome: write the name of a performance that reads it, such as "
            f"performance: {{{name}_rate: {{of: {name}, as: rate}}}}"
        )  # fmt: skip
    return unknown(path, "performance", name, [*contract.performance, *more])


def one_figure(contract: Contract, path: Path, figure: str) -> Iterator[Fault]:
    """Capital asks for one figure: not one of each cohort or group."""
    over = contract.read_over(figure)
    if over not in ("each_cohort", "each_group"):
        return
    try:
        several = len(contract.groups_of(figure)) > 1
    except KeyError:
        return
    if several:
        yield Fault(
            path,
            f"{figure!r} is read for {over.replace('_', ' ')}, and one figure is wanted here: read "
            f"it over everyone",
        )


def _silent(path: Path, table: Table) -> Iterator[Fault]:
    """A table by figure must say what holds everywhere: silence would be read as 0."""
    below = [bound for word in FROM_BELOW for bound in (getattr(table, word) or ())]
    above = [bound for word in FROM_ABOVE for bound in (getattr(table, word) or ())]
    points = sorted(table.through or ())
    first = min([*below, *points], default=None)
    if first is not None and (not above or max(above) < first):
        if not above:
            yield Fault(path, f"says nothing below {first:g}: add below: {{{first:g}: …}}")
        elif path[-1] != "amount":  # a settlement's middle tier is nothing
            yield Fault(path, f"says nothing between {max(above):g} and {first:g}: rows must meet")
    if first is None and above:
        yield Fault(path, f"says nothing above {max(above):g}: add at_least: {{{max(above):g}: …}}")


def shares_for_percents(contract: Contract) -> Iterator[str]:
    """Figures compared with what looks like a percent where a share is meant, or the other way."""
    for path, table in tables_of_capital(contract):
        for form in (*FROM_BELOW, *FROM_ABOVE, "through"):
            if table.by is not None and getattr(table, form):
                yield from unit_of(contract, (*path, form), table.by, [*getattr(table, form)])
    for name, ending in (contract.capital.endings if contract.capital else {}).items():
        for figure, test in ending.when.items():
            bounds = [getattr(test, word) for word in (*FROM_BELOW, *FROM_ABOVE)]
            said = [bound for bound in bounds if isinstance(bound, float)]
            yield from unit_of(contract, ("capital", "endings", name, "if", figure), figure, said)


def performances_read(contract: Contract) -> set[str]:
    """Performances that capital and costs are read against."""
    found = {table.by for _, table in tables_of_capital(contract) if table.by is not None}
    for ending in (contract.capital.endings if contract.capital else {}).values():
        found |= set(ending.when) & set(contract.performance)
    return found
