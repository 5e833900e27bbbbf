"""Checks of capital: who ranks where, who has what is left, and names that mean nobody."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator

from sibmodel.contract.capital import ACCOUNT, FIGURES, SURPLUS, Capital, Every, Instalments
from sibmodel.contract.capital_tables import (
    no_figure,
    one_figure,
    shares_for_percents,
    table_faults_of_capital,
)
from sibmodel.contract.contract import Contract
from sibmodel.contract.cost_checks import delivery_costs
from sibmodel.contract.delivery import PROVIDER
from sibmodel.contract.faults import Fault, nearest, path_text, unknown
from sibmodel.contract.tables import Table, by_figure

Path = tuple[str | int, ...]

_PARTS = ("interest", "principal")
"""Parts of a tranche that may rank apart."""


def capital_faults(contract: Contract) -> Iterator[Fault]:
    """Everything that is wrong with capital across clauses, and with tables of costs."""
    yield from table_faults_of_capital(contract)
    if contract.capital is None:
        return
    capital = contract.capital
    yield from _one_name_each(contract, capital)
    yield from _nobodys_names(contract, capital)
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
    yield from _may_go_elsewhere(capital)
    yield from _multiples(contract)
    yield from shares_for_percents(contract)
    if contract.delivery is None and any(t.draw == "at_once" for t in capital.tranches.values()):
        yield "draw: at_once, and there are no costs: what is drawn comes straight back"


def _may_go_elsewhere(capital: Capital) -> Iterator[str]:
    """Where surplus may leave before a tranche has all it will be owed."""
    to_others = [
        name for name, step in capital.steps.items() if set(step.to) - set(capital.tranches)
    ]
    for name, tranche in capital.repaid.items():
        interest = tranche.interest
        late = interest.paid == "at_end" or by_figure(interest.rate)
        if to_others and tranche.repaid == "as_available" and interest.rate != 0.0 and late:
            yield (
                f"{name!r} is repaid as money is there and its interest falls due later: by then "
                f"{to_others[0]!r} may have taken what is left"
            )
    holders = {capital.holder(name): name for name in capital.repaid}
    for step_name, step in capital.surplus.items():
        for party in step.to:
            tranche_of = holders.get(party)
            if tranche_of not in (None, party) and party != PROVIDER:
                yield (
                    f"step {step_name!r} pays {party!r}, who holds {tranche_of!r}: that is no "
                    f"return of the tranche's; write {tranche_of} if it is meant to be"
                )


def _multiples(contract: Contract) -> Iterator[str]:
    """Shares of what was drawn that were meant in percent."""
    for at in contract.numbers():
        number = at.number
        if at.path[0] != "capital" or not {*_OF_DRAWN} & {*at.path}:
            continue
        if isinstance(number, float) and number >= 5:
            yield (
                f"{path_text(at.path)}: is {number:g} times what was drawn: for {number:g}% write "
                f"{number / 100:g}"
            )


_OF_DRAWN = ("principal", "up_to", "redeem")

# --- names and order ------------------------------------------------------------------------------


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
                "a payment rule has this name: rename one, to tell their payments apart",
            )


def _nobodys_names(contract: Contract, capital: Capital) -> Iterator[Fault]:
    """Tranches called as a party is, and tranches or the account where a party is meant."""
    parties = (*contract.payments.payers, PROVIDER, ACCOUNT)
    for name in capital.tranches:
        if name in parties:
            yield Fault(
                ("capital", "tranches", name),
                f"{name!r} is a party: give the tranche another name, and say held_by: {name}",
            )
    meant: list[tuple[Path, str | None]] = []
    for name, step in capital.surplus.items():
        meant += [(("surplus", name, "to"), party) for party in step.to if party == ACCOUNT]
    meant += [(("guarantees", n, "by"), g.by) for n, g in capital.guarantees.items()]
    for name, ending in capital.endings.items():
        meant += [(("endings", name, end), getattr(ending, end)) for end in ("paid_by", "left_to")]
    for place, party in meant:
        if party == ACCOUNT or (party in capital.tranches and party not in parties):
            what = "the account" if party == ACCOUNT else "a tranche"
            yield Fault(("capital", *place), f"{party!r} is {what}: write a party")
    for name, rule in contract.payments.rules.items():
        back = rule.paid_back_by
        if back in capital.tranches and capital.holder(back) != back:
            yield Fault(
                ("payments", "rules", name, "paid_back_by"),
                f"{back!r} is a tranche: write the party that holds it, {capital.holder(back)}",
            )


def _order(contract: Contract, capital: Capital) -> Iterator[Fault]:
    path: Path = ("capital", "order")
    repaid, steps, costs = capital.repaid, capital.steps, delivery_costs(contract)
    if capital.order is None:
        if len(repaid) > 1 or len(steps) > 1:
            several = ", ".join(repaid) if len(repaid) > 1 else ", ".join(steps)
            yield Fault(
                path, f"is missing: with {several} it must say who is paid first, such as "
                f"order: [{', '.join([*repaid, *steps])}]"
            )  # fmt: skip
        return
    parts = [f"{name}.{part}" for name in repaid for part in _PARTS]
    known = [*repaid, *steps, *costs, *parts]
    named = [name for rank in capital.order for name in rank]
    meant: set[str] = set()
    for name in named:
        whose, _, part = name.partition(".")
        if name in known:
            if name in steps and name in costs:
                yield Fault(path, f"{name!r} is a step and a cost: rename one")
        elif name in capital.tranches:
            yield Fault(path, f"{name!r} is a grant, never repaid: leave it out")
        elif part and whose in repaid:
            meant |= {f"{whose}.{one}" for one in _PARTS}
            yield Fault(
                path, f"{whose!r} has the parts {whose}.interest and {whose}.principal: "
                f"seen {name!r}"
            )  # fmt: skip
        else:
            near = parts if part else [*repaid, *steps, *costs]
            meant.add(nearest(name, near) or "")
            yield unknown(path, "tranche, step or cost", name, near)
    for name, times in Counter(named).items():
        if times > 1:
            yield Fault(path, f"names {name!r} twice: keep one")
    for name in repaid:
        left = [f"{name}.{part}" for part in _PARTS if f"{name}.{part}" not in named]
        if name in named:
            if len(left) < len(_PARTS):
                yield Fault(path, f"names {name!r} whole and in part: keep one")
        elif not {name, *left} & meant and left:
            yield _left_out(path, left[0] if len(left) == 1 else name)
    for name in capital.surplus:
        if name not in {*named, *meant}:
            yield _left_out(path, name)
    for rank in capital.order:
        alone = [name for name in rank if name not in parts and (name in steps or name in costs)]
        if alone and len(rank) > 1 and alone[0] not in repaid:
            yield Fault(
                path, f"{alone[0]!r} cannot rank equally with others, as tranches can: give it a "
                f"place of its own"
            )  # fmt: skip


def _left_out(path: Path, name: str) -> Fault:
    return Fault(path, f"leaves out {name!r}, which would never be paid")


def _rest(capital: Capital) -> Iterator[Fault]:
    """Who has what is left."""
    shared = [n for n, t in capital.tranches.items() if t.share_of_surplus is not None]
    if shared and capital.surplus:
        yield Fault(
            ("capital", "tranches", shared[0], "share_of_surplus"),
            "stands beside surplus: write it as the last step there, such as "
            f"rest: {{to: {{{shared[0]}: 1}}}}",
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
            f"share_of_surplus: 1.0 on a tranche, or surplus: {{rest: {{to: {{…: 1}}}}}}",
        )


def _steps(capital: Capital) -> Iterator[Fault]:
    named = [name for rank in capital.ranks for name in rank]
    in_order = [name for name in named if name in capital.surplus]
    complete = in_order and {*in_order} == {*capital.surplus}  # else the order itself is wrong
    last = in_order[-1] if complete else None
    for place, name in enumerate(in_order):
        step, path = capital.surplus[name], ("capital", "surplus", name)
        if step.until is None and place + 1 < len(in_order):
            yield Fault(
                path, f"has no until, so nothing is left for {in_order[place + 1]!r} below it: "
                f"say how far it goes, or put it last"
            )  # fmt: skip
        if step.until is not None and name == last:
            yield Fault(
                path, "is the last step and has an until: add one below it that says who has what "
                "is left, such as rest: {to: {provider: 1}}"
            )  # fmt: skip
        if step.until is None:
            continue
        share = sum(step.shares.get(one, 0.0) for one in step.measured)
        for one in step.measured:
            if one not in step.to:
                yield Fault(
                    (*path, "until", "of"), f"{one!r} gets nothing from this step, which goes to "
                    f"{', '.join(step.to)}: name one of these"
                )  # fmt: skip
            elif one not in capital.tranches and step.until.kind in ("irr", "multiple"):
                yield Fault(
                    (*path, "until", step.until.kind),
                    f"{one!r} is no tranche and puts nothing in, so it has no {step.until.kind}: "
                    f"write amount or share_of_profit, or of: a tranche",
                )
        wanted = step.until.share_of_profit
        if isinstance(wanted, float) and wanted >= share > 0:
            yield Fault(
                (*path, "until", "share_of_profit"),
                f"is {wanted:g}, and the step gives {' and '.join(step.measured)} {share:g}: that "
                f"share of all profit is never reached",
            )


def _draws(capital: Capital) -> Iterator[Fault]:
    if capital.draw_order is None:
        return
    path: Path = ("capital", "draw_order")
    named = [name for rank in capital.draw_order for name in rank]
    meant: set[str | None] = set()
    for name in named:
        if name not in capital.tranches:
            meant.add(nearest(name, capital.tranches))
            yield unknown(path, "tranche", name, capital.tranches)
    for name, times in Counter(named).items():
        if times > 1:
            yield Fault(path, f"names {name!r} twice: keep one")
    for name, tranche in capital.tranches.items():
        if tranche.draw == "as_needed" and name not in {*named, *meant}:
            yield Fault(path, f"leaves out {name!r}, which would never be drawn")


# --- what refers to what --------------------------------------------------------------------------


def _dues(contract: Contract, capital: Capital) -> Iterator[Fault]:
    for name, tranche in capital.tranches.items():
        path = ("capital", "tranches", name)
        if tranche.due_from is not None and tranche.due_from not in contract.payments.payers:
            yield unknown((*path, "due_from"), "payer", tranche.due_from, contract.payments.payers)
        if isinstance(tranche.repaid, Instalments) and isinstance(tranche.interest.rate, Table):
            yield Fault(
                (*path, "interest", "rate"),
                "level instalments need one rate for the whole life, not a table",
            )


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
                f"{guarantee.covers!r} itself: a guarantee is given by another party"
            )  # fmt: skip

    for tranche in capital.tranches:
        mine = {n: g.share for n, g in capital.guarantees.items() if g.covers == tranche}
        whole = sum(share for share in mine.values() if isinstance(share, float))
        if len(mine) > 1 and whole > 1 + 1e-9:
            yield Fault(
                ("capital", "guarantees", list(mine)[-1]),
                f"guarantees of {tranche!r} pay shares of {whole:g} in all of what is missing: at "
                f"most 1",
            )


def _endings(contract: Contract, capital: Capital) -> Iterator[Fault]:
    for name, ending in capital.endings.items():
        path = ("capital", "endings", name)
        for figure in ending.when:
            if figure not in FIGURES and figure not in contract.performance:
                yield no_figure(contract, (*path, "if", figure), figure, FIGURES)
            elif figure in contract.performance:
                yield from one_figure(contract, (*path, "if", figure), figure)
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
        *contract.parties, *contract.payer_names, PROVIDER,
        *(capital.holder(name) for name in capital.tranches), *capital.tranches, ACCOUNT,
        *(cost.to for cost in delivery_costs(contract).values()),
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
