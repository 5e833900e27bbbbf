"""Checks of capital: who ranks where, who has what is left, and names that mean nobody."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.capital import ACCOUNT, FIGURES, SURPLUS, Capital, Every, Instalments
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import Fault, did_you_mean, unknown
from sibmodel.contract.tables import FROM_ABOVE, FROM_BELOW, Table

Path = tuple[str | int, ...]
Numbers = Iterator[tuple[Path, Any]]


def capital_faults(contract: Contract) -> Iterator[Fault]:
    """Everything that is wrong with capital across clauses, and with tables of costs."""
    yield from _tables(contract)
    yield from _cost_names(contract)
    if contract.capital is None:
        return
    capital = contract.capital
    yield from _one_name_each(contract, capital)
    yield from _order(contract, capital)
    yield from _rest(capital)
    yield from _steps(capital)
    yield from _draws(capital)
    yield from _dues(contract, capital)
    yield from _protection(contract, capital)
    yield from _endings(contract, capital)
    yield from _periods(contract, capital)
    yield from _likely_slips(contract, capital)


def capital_warnings(contract: Contract) -> Iterator[str]:
    """What is allowed of capital but a reviewer would ask about."""
    capital = contract.capital
    if capital is None:
        return
    if capital.recycle is True and capital.distribute == "each_period":
        yield (
            "capital.distribute: each_period changes nothing where payments are recycled: "
            "they may be distributed only after the last cost"
        )
    if not capital.steps:
        yield "nothing says who has what the account has left at the close: it stays there"
    if contract.delivery is None and any(t.draw == "at_once" for t in capital.tranches.values()):
        yield "draw: at_once, and there are no costs: what is drawn comes straight back"


# --- names and order ------------------------------------------------------------------------------


def _costs(contract: Contract) -> dict[str, Any]:
    return dict(contract.delivery.costs) if contract.delivery else {}


def _one_name_each(contract: Contract, capital: Capital) -> Iterator[Fault]:
    """The order names tranches, steps and costs alike: no two may share a name."""
    seen = dict.fromkeys(capital.tranches, "a tranche")
    for name in capital.surplus:
        if name in seen:
            yield Fault(("capital", "surplus", name), f"{seen[name]} has this name: rename one")
        seen[name] = "a step of surplus"
    if SURPLUS in capital.tranches and SURPLUS in capital.steps:
        yield Fault(
            ("capital", "tranches", SURPLUS), "no tranche can be called 'surplus' where "
            "share_of_surplus is written: it is the name of the last step"
        )  # fmt: skip
    for name in capital.tranches:
        if name in contract.payments.rules:
            yield Fault(
                ("capital", "tranches", name),
                "a payment rule has this name: rename one, so that what each pays can be told apart",
            )


def _order(contract: Contract, capital: Capital) -> Iterator[Fault]:
    path: Path = ("capital", "order")
    repaid, steps, costs = capital.repaid, capital.steps, _costs(contract)
    if capital.order is None:
        if len(repaid) > 1 or len(steps) > 1:
            several = ", ".join(repaid) if len(repaid) > 1 else ", ".join(steps)
            yield Fault(
                path, f"is missing: with {several} it must say who comes first, such as "
                f"order: [{', '.join([*repaid, *steps])}]"
            )  # fmt: skip
        return
    parts = [f"{name}.{part}" for name in repaid for part in ("interest", "principal")]
    known = [*repaid, *steps, *costs, *parts]
    named = [name for rank in capital.order for name in rank]
    for name in named:
        if name in capital.tranches and name not in repaid:
            yield Fault(path, f"{name!r} is never repaid: leave it out")
        elif name not in known:
            yield unknown(path, "tranche, step or cost", name, [*repaid, *steps, *costs])
        elif name in steps and name in costs:
            yield Fault(path, f"{name!r} is a step and a cost: rename one")
    for name, times in Counter(named).items():
        if times > 1:
            yield Fault(path, f"names {name!r} twice")
    for name in repaid:
        whole, own = name in named, [f"{name}.{p}" in named for p in ("interest", "principal")]
        if whole and any(own):
            yield Fault(path, f"names {name!r} whole and in part: keep one")
        elif not whole and not all(own):
            left = name if not any(own) else f"{name}.{'interest' if not own[0] else 'principal'}"
            yield Fault(path, f"leaves out {left!r}")
    for name in capital.surplus:
        if name not in named:
            yield Fault(path, f"leaves out {name!r}")
    for rank in capital.order:
        alone = [name for name in rank if name in steps or name in costs]
        if alone and len(rank) > 1:
            yield Fault(path, f"{alone[0]!r} cannot rank equally with others: only tranches can")


def _rest(capital: Capital) -> Iterator[Fault]:
    """Who has what is left."""
    shared = [n for n, t in capital.tranches.items() if t.share_of_surplus is not None]
    if shared and capital.surplus:
        yield Fault(
            ("capital", "tranches", shared[0], "share_of_surplus"),
            "stands beside surplus: write it as a last step there",
        )
        return
    if shared:
        whole = sum(capital.tranches[name].share_of_surplus or 0.0 for name in shared)
        if abs(whole - 1) > 1e-9:
            yield Fault(
                ("capital", "tranches", shared[-1], "share_of_surplus"),
                f"the shares add to {whole:g}, not 1",
            )
    passing = [name for name, t in capital.repaid.items() if t.due_from is None]
    if not capital.steps and passing:
        yield Fault(
            ("capital",),
            f"nothing says who has what is left once {passing[0]!r} has its money back: write "
            f"share_of_surplus: 1.0 on a tranche, or surplus",
        )


def _steps(capital: Capital) -> Iterator[Fault]:
    named = [name for rank in capital.ranks for name in rank]
    in_order = [name for name in named if name in capital.surplus]
    for place, name in enumerate(in_order):
        step, path = capital.surplus[name], ("capital", "surplus", name)
        if step.until is None and place + 1 < len(in_order):
            yield Fault(
                path, f"has no until, so nothing is left for {in_order[place + 1]!r} below it: "
                f"say how far it goes, or put it last"
            )  # fmt: skip
        if step.until is not None and place + 1 == len(in_order):
            yield Fault(path, "is the last step and ends: say in one more who has what is left")
        if step.until is None:
            continue
        share = sum(step.shares.get(one, 0.0) for one in step.measured)
        for one in step.measured:
            if one not in step.to:
                yield Fault(
                    (*path, "until", "of"), f"{one!r} gets nothing from this step, to: "
                    f"{', '.join(step.to)}"
                )  # fmt: skip
            elif one not in capital.tranches and step.until.kind in ("irr", "multiple"):
                yield Fault(
                    (*path, "until", step.until.kind),
                    f"{one!r} puts nothing in, so it has no {step.until.kind}: of a tranche, or "
                    f"write amount or share_of_profit",
                )
        wanted = step.until.share_of_profit
        if isinstance(wanted, float) and wanted >= share > 0:
            yield Fault(
                (*path, "until", "share_of_profit"),
                f"is {wanted:g}, and the step gives {share:g}: it never gets there",
            )


def _draws(capital: Capital) -> Iterator[Fault]:
    if capital.draw_order is None:
        return
    path: Path = ("capital", "draw_order")
    named = [name for rank in capital.draw_order for name in rank]
    for name in named:
        if name not in capital.tranches:
            yield unknown(path, "tranche", name, capital.tranches)
    for name, times in Counter(named).items():
        if times > 1:
            yield Fault(path, f"names {name!r} twice")
    for name, tranche in capital.tranches.items():
        if tranche.draw == "as_needed" and name not in named:
            yield Fault(path, f"leaves out {name!r}, which would never be drawn")


# --- what refers to what --------------------------------------------------------------------------


def _dues(contract: Contract, capital: Capital) -> Iterator[Fault]:
    for name, tranche in capital.tranches.items():
        path = ("capital", "tranches", name)
        if tranche.due_from is not None and tranche.due_from not in contract.payments.payers:
            yield unknown((*path, "due_from"), "payer", tranche.due_from, contract.payments.payers)
        if isinstance(tranche.repaid, Instalments) and isinstance(tranche.interest.rate, Table):
            yield Fault((*path, "interest", "rate"), "level instalments need one rate, not a table")


def _protection(contract: Contract, capital: Capital) -> Iterator[Fault]:
    for name, guarantee in capital.guarantees.items():
        path = ("capital", "guarantees", name, "covers")
        if guarantee.covers not in capital.tranches:
            yield unknown(path, "tranche", guarantee.covers, capital.tranches)
        elif guarantee.covers not in capital.repaid:
            yield Fault(path, f"{guarantee.covers!r} is never repaid: nothing of it can be missing")
        elif guarantee.by == capital.holder(guarantee.covers):
            yield Fault(
                ("capital", "guarantees", name, "by"), f"{guarantee.by!r} holds "
                f"{guarantee.covers!r}: a guarantee is another's"
            )  # fmt: skip


def _endings(contract: Contract, capital: Capital) -> Iterator[Fault]:
    for name, ending in capital.endings.items():
        path = ("capital", "endings", name)
        for figure in ending.when:
            if figure not in FIGURES and figure not in contract.performance:
                yield unknown(
                    (*path, "if"), "performance", figure, [*contract.performance, *FIGURES]
                )
            elif figure in contract.performance:
                yield from _of_everyone(contract, (*path, "if", figure), figure)
        for tranche in ending.redeem:
            if tranche not in capital.repaid:
                yield unknown((*path, "redeem"), "repaid tranche", tranche, capital.repaid)
        if ending.cancels is not None and ending.cancels not in contract.cohorts:
            yield unknown((*path, "cancels"), "cohort", ending.cancels, contract.cohorts)


def _periods(contract: Contract, capital: Capital) -> Iterator[Fault]:
    last = contract.timeline.periods - 1
    found: list[tuple[Path, int]] = []
    for name, tranche in capital.tranches.items():
        path = ("capital", "tranches", name)
        for field in ("draw", "repaid"):
            rows = getattr(tranche, field)
            found += [((*path, field), t) for t in rows] if isinstance(rows, dict) else []
        if isinstance(tranche.repaid, Instalments):
            found.append(((*path, "repaid", "level"), tranche.repaid.level.until))
    for name, settlement in capital.settlements.items():
        found.append((("capital", "settlements", name, "at"), settlement.at or 0))
    for name, ending in capital.endings.items():
        at = ending.at if ending.at is not None else ending.begin
        found.append((("capital", "endings", name), at or 0))
    dates = capital.distribute
    if isinstance(dates, Every):
        found.append((("capital", "distribute"), dates.begin))
    elif isinstance(dates, tuple):
        found += [(("capital", "distribute"), t) for t in dates]
    for place, period in found:
        if period > last:
            yield Fault(place, f"reaches period {period}; the last is {last}")


def _likely_slips(contract: Contract, capital: Capital) -> Iterator[Fault]:
    """A party that nothing else names, and that is called almost as a tranche or party is."""
    named = [party for _, party in capital.parties()]
    elsewhere = {
        *contract.parties, *contract.payer_names, "provider",
        *(capital.holder(name) for name in capital.tranches), *capital.tranches, ACCOUNT,
        *(cost.to for cost in _costs(contract).values()),
    }  # fmt: skip
    for place, party in capital.parties():
        if party in elsewhere or named.count(party) > 1:
            continue
        near = difflib.get_close_matches(party, sorted(elsewhere), n=1, cutoff=0.8)
        if near:
            yield Fault(
                ("capital", *place), f"{party!r} is named nowhere else: did you mean {near[0]!r}? "
                f"If it is another party, add it to parties"
            )  # fmt: skip


def _cost_names(contract: Contract) -> Iterator[Fault]:
    """What costs are a share of."""
    costs = _costs(contract)
    sections: list[tuple[Path, dict[str, Any], bool]] = [
        (("delivery", "costs"), costs, True),
        (("payments", "running_costs"), dict(contract.payments.running_costs), False),
    ]
    for section, clauses, in_account in sections:
        for name, cost in clauses.items():
            path = (*section, name, "of")
            if cost.of is None or cost.of == "payments":
                continue
            if cost.of in ("commitments", "undrawn", "outstanding"):
                if contract.capital is None or not in_account:
                    why = "the contract has no capital" if in_account else "a payer has none"
                    yield Fault(path, f"there is nothing {cost.of}: {why}")
            elif not in_account:
                yield Fault(path, "a payer's running cost can only be a share of payments")
            elif cost.of not in costs:
                known = [*costs, "payments", "commitments"]
                yield Fault(
                    path, f"there is no cost called {cost.of!r}; {did_you_mean(cost.of, known)}"
                )
            elif name in _followed(costs, name):
                yield Fault(path, f"{name!r} is, in the end, a share of itself")


def _followed(costs: dict[str, Any], name: str) -> list[str]:
    """The costs that a cost is a share of, one after another."""
    found: list[str] = []
    of = costs[name].of
    while of in costs and of not in found:
        found.append(of)
        of = costs[of].of
    return found


# --- tables ---------------------------------------------------------------------------------------


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


def _tables(contract: Contract) -> Iterator[Fault]:
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
            yield unknown((*path, "by"), "performance", table.by, contract.performance)
        elif table.by is not None:
            yield from _of_everyone(contract, (*path, "by"), table.by)
            yield from _silent(path, table)


def _of_everyone(contract: Contract, path: Path, figure: str) -> Iterator[Fault]:
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
            f"{figure!r} is read for {over.replace('_', ' ')}, and capital is nobody's in "
            f"particular: read it over everyone",
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


def performances_read(contract: Contract) -> set[str]:
    """Performances that capital and costs are read against."""
    found = {table.by for _, table in tables_of_capital(contract) if table.by is not None}
    for ending in (contract.capital.endings if contract.capital else {}).values():
        found |= set(ending.when) & set(contract.performance)
    return found
