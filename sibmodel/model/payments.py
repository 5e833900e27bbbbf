"""Paid: prices and limits turn claims into money, by rule and payer.

One kernel serves both verbs: :func:`pay` takes claims that were simulated, and claims that were
recorded. Limits work period by period. Within a period a limit cuts all that it covers in the same
proportion, between periods it is first come, first served, and only what is finally paid uses it
up, so the order of clauses and records changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments, Rule
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.ladders import ladders
from sibmodel.model.limits import Cut, Limits, PersonLimit, Price, share_of
from sibmodel.model.outcomes import Counts


@dataclass(frozen=True)
class Paid:
    """What the rules pay.

    ``earned`` (rule, period of claim, run): accepted claims at their price, before limits.
    ``paid`` (rule, period of cash, run) and ``by_payer`` (payer, period of cash, run).
    ``joint`` (payer, rule, period of cash, run) where it was asked for.
    ``cut`` by limit, what it took: (run,), or with ``detail`` (rule, period of claim, run).
    """

    earned: Floats
    paid: Floats
    by_payer: Floats
    joint: Floats | None
    cut: Mapping[str, Floats]


def price_of(payments: Payments, name: str, drawn: Drawn, group: str) -> Price:
    """Price of a claim by one group under a rule: price × factors, before limits."""
    rule = payments.rules[name]
    price = drawn(f"payments.rules.{name}.price", group)
    for factor in payments.factors:
        price = price * drawn(f"payments.factors.{factor}")
    for factor in rule.factors:
        price = price * drawn(f"payments.rules.{name}.factors.{factor}")
    return price


def within_person_limit(rule: Rule, price: Price) -> Price:
    """What of a price a rule's own limit per person lets through: a person claims once under it."""
    limit = rule.limits.person
    if limit is None:
        return price
    if limit.number is not None and limit.number < 1:
        price = price * limit.number
    if limit.amount is not None:
        price = np.minimum(price, limit.amount)
    return price


def earn(
    payments: Payments,
    *,
    claims: Mapping[str, Mapping[str, Counts]],
    prices: Mapping[str, Mapping[str, Price]],
    periods: int,
    runs: int,
) -> tuple[Floats | None, Floats, dict[int, Floats]]:
    """Number of claims and what they earn before limits, each (rule, period, run).

    The number is None unless some rule is limited by number: nothing else asks for it. Third, for
    each rule with a limit per person of its own, what of its earnings that limit lets through.

    Parameters
    ----------
    claims : mapping of rule to mapping of group to array (period, run)
    prices : mapping of rule to mapping of group to float or array (run,)
    """
    shape = (len(payments.rules), periods, runs)
    number = np.zeros(shape) if limited_by_number(payments) else None
    earned = np.empty(shape)
    for r, name in enumerate(payments.rules):
        groups = claims[name]
        first = next(iter(prices[name].values()))
        same = all(p is first or np.array_equal(p, first) for p in prices[name].values())
        if number is not None:
            for group, count in groups.items():  # a claim at a price of 0 uses up no limit
                number[r] += count * np.greater(prices[name][group], 0)
        if same:
            np.multiply(sum_groups(list(groups.values())), first, out=earned[r])
        else:
            earned[r] = 0.0
            for group, count in groups.items():
                earned[r] += count * prices[name][group]
    within = {
        r: sum(
            (
                count * within_person_limit(rule, prices[name][group])
                for group, count in claims[name].items()
            ),
            np.zeros((periods, runs)),
        )
        for r, (name, rule) in enumerate(payments.rules.items())
        if rule.limits.person is not None
    }
    return number, earned, within


def limited_by_number(payments: Payments) -> bool:
    """Whether any rule has a limit on the number of its claims, beyond once a person."""
    return any(
        size is not None and size.number is not None
        for rule in payments.rules.values()
        for size in (rule.limits.period, rule.limits.year, rule.limits.total)
    )


def sum_groups(counts: Sequence[Counts]) -> Counts:
    """Sum of arrays of one shape, in order and in their own type."""
    if len(counts) == 1:
        return counts[0]
    total = counts[0] + counts[1]
    for count in counts[2:]:
        total += count
    return total


def dearest_path(contract: Contract, prices: Mapping[str, Price], cohort: str) -> float:
    """The most one person of a cohort can earn, given the dearest price of each outcome."""
    mine = ladders(contract, cohort)

    def beyond(needs: str | None) -> float:
        return sum(
            max(
                sum(float(np.max(prices.get(o, 0.0))) for o in chain) + beyond(chain[-1])
                for chain in ladder.chains
            )
            for ladder in mine
            if ladder.needs == needs
        )

    return float(np.max(prices.get(cohort, 0.0))) + beyond(None)


# --- the kernel -----------------------------------------------------------------------------------


def pay(
    payments: Payments,
    *,
    number: Floats | None,
    earned: Floats,
    periods_per_year: int,
    within: Mapping[int, Floats] | None = None,
    people: PersonLimit | None = None,
    keep_joint: bool = False,
    detail: bool = False,
) -> Paid:
    """Limits, payers and cash dates: from what claims earn to what is paid.

    Order in each period: limits on number; limits per person; each rule's limits on money; the
    split by payer and payers' limits; the contract's limits. Then the cash date.

    Parameters
    ----------
    payments : Payments
        The clause.
    number : array (rule, period, run) or None
        Claims; needed where a rule is limited by number.
    earned : array (rule, period, run)
        What they earn at their price [money].
    periods_per_year : int
        For limits by year, which are counted from the timeline's start.
    within : mapping of rule number to array (period, run), optional
        Of rules with a limit per person of their own, what that lets through of ``earned``.
    people : PersonLimit, optional
        Where a limit per person can bind.
    keep_joint : bool
        Keep payments by payer and rule together.
    detail : bool
        Keep what each limit took by rule and period, not only its total.

    Returns
    -------
    Paid

    Source
    ------
    The order of work in the project's contract language, docs/language.md.
    """
    limits = Limits(payments, periods_per_year)
    waits = [
        payments.paid_after if w is None else w
        for w in (r.paid_after for r in payments.rules.values())
    ]
    names, shares, names_of_rules = limits.payers, limits.shares, list(payments.rules)
    split = keep_joint or limits.by_payer
    cut = Cut(earned.shape, detail)
    paid = np.zeros_like(earned)
    joint = np.zeros((len(names), *earned.shape)) if split else None
    for t in range(earned.shape[1]):
        limits.open(t)
        due = earned[:, t]
        if not due.any():
            continue
        money = due.copy() if limits.any or within or people is not None else due
        allowed = limits.cut_numbers(money, None if number is None else number[:, t], t, cut)
        for r, through in (within or {}).items():
            kept_of_rule = share_of(through[t], due[r], otherwise=1.0)
            cut.add(f"{names_of_rules[r]}.person", r, t, money[r] * (1 - kept_of_rule))
            money[r] *= kept_of_rule
        if people is not None:
            before, after = people.earn(t, allowed)
            kept = share_of(after, before, otherwise=1.0)
            cut.add("person", slice(None), t, money * (1 - kept))
            money *= kept
            within_person = money.copy()
        limits.cut_rules(money, t, cut)
        parts = None
        if split:
            parts = shares[:, :, None] * money
            limits.cut_payers(parts, t, cut)
            money = parts.sum(axis=0)
        fits = limits.cut_contract(money, t, cut)
        if fits is not None:
            money *= fits
            if parts is not None:
                parts *= fits
        limits.use(money, parts, None if number is None else number[:, t], due)
        if people is not None:
            people.use(share_of(money, within_person, otherwise=0.0))
        for r, wait in enumerate(waits):
            paid[r, t + wait] += money[r]
            if joint is not None and parts is not None:
                joint[:, r, t + wait] += parts[:, r]
    by_payer = joint.sum(axis=1) if joint is not None else _by_payer(paid, shares)
    return Paid(earned, paid, by_payer, joint if keep_joint else None, cut.taken)


def _by_payer(paid: Floats, shares: Floats) -> Floats:
    """Payments by payer, shape (payer, period, run), where no payer has a limit."""
    same = bool(np.all(shares == shares[:, :1]))
    total = sum_groups(list(paid)) if same else paid[0]
    if same and len(shares) == 1:
        return total[None]
    by_payer = np.zeros((len(shares), *paid.shape[1:]))
    for p, row in enumerate(shares):
        if same:
            np.multiply(total, row[0], out=by_payer[p])
        else:
            for r, share in enumerate(row):
                by_payer[p] += paid[r] * share
    return by_payer
