"""Simulated claims on their way to the payment kernel: by rule, as simply as each rule allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.floors import floor_names
from sibmodel.model.limits import Accepted, Limits, counted
from sibmodel.model.lots import Lot
from sibmodel.model.outcomes import Counts
from sibmodel.model.paid import Plain, sum_groups
from sibmodel.model.payments import price_of, within_person_limit
from sibmodel.model.prices import Value, read_by
from sibmodel.model.shares import by_group, rows_of

Kinds = Mapping[str, Mapping[str, Counts]]
"""Counts by kind (achieved, anyway, claimed) and outcome, each (group, period, run)."""

ROUTES = ("plain", "counts", "starts", "people")


def routes(contract: Contract) -> dict[str, str]:
    """How the claims of each rule that pays an outcome or a cohort reach the kernel.

    ``plain``: the price needs no more than group and date, so all periods are priced at once.
    ``counts``: by group and period. ``starts``: also by start, which the price is read by.
    ``people``: person by person, since what each has is limited or is itself read off a table.
    """
    payments = contract.payments
    rows = [row.rule for row in rows_of(contract)]
    # limits on number leave each claim a share, and a person's limit is then on that
    by_number = Limits(contract, _nothing_accepted(contract)).by_number
    found = {}
    for r, (name, rule) in enumerate(payments.rules.items()):
        if rule.pays not in contract.outcomes and rule.pays not in contract.cohorts:
            continue
        by = read_by(payments, name)
        outcome = contract.outcomes.get(rule.pays)
        if outcome is not None and outcome.unit is not None and (
            rule.limits.person is not None or rule.amount is not None or "figure" in by
        ):  # fmt: skip
            found[name] = "people"
        elif "start" in by:
            found[name] = "starts"
        elif (
            rule.when
            or rule.unless
            or by - {"group", "date"}
            or rows.count(r) > 1
            or by_group(contract, name)
            or (by_number and rule.limits.person is not None and rule.limits.person.amount)
        ):
            found[name] = "counts"
        else:
            found[name] = "plain"
    return found


def prices_by_group(
    contract: Contract, name: str, drawn: Drawn, *, periods: int
) -> dict[str, list[Value]]:
    """Price of a claim under a plain rule, by group; by period only where the date matters."""
    pays = contract.payments.rules[name].pays or ""
    dated = "date" in read_by(contract.payments, name)
    return {
        group: [price_of(contract, name, drawn, group, t) for t in range(periods if dated else 1)]
        for group in contract.groups_of(pays)
    }


def claims_of(
    contract: Contract, pays: str, counts: Kinds, people: Mapping[str, Counts]
) -> dict[str, Counts]:
    """What a rule pays for, by group (period, run): claims of an outcome, or a cohort's starts."""
    mine = contract.groups_of(pays)
    if pays in contract.cohorts:
        return {group: people[group] for group in mine}
    return dict(zip(mine, counts["claimed"][pays], strict=True))


def plain_claims(
    contract: Contract,
    names: Sequence[str],
    *,
    drawn: Drawn,
    counts: Kinds,
    people: Mapping[str, Counts],
    runs: int,
) -> Plain:
    """Number and earnings of the rules named, for all periods at once.

    Parameters
    ----------
    names : sequence of str
        Plain rules.
    counts, people : mapping
        Counts by kind and outcome (group, period, run); starts by group (period, run).
    """
    payments, periods = contract.payments, contract.timeline.periods
    shape = (len(payments.rules), periods, runs)
    numbered = Limits(contract, _nothing_accepted(contract)).by_number
    number = np.zeros(shape) if numbered else None
    whole = len(names) == len(payments.rules) and not floor_names(payments)
    earned = np.empty(shape) if whole else np.zeros(shape)
    within: dict[int, Floats] = {}
    for r, (name, rule) in enumerate(payments.rules.items()):
        if name not in names:
            continue
        groups = claims_of(contract, rule.pays or "", counts, people)
        prices = prices_by_group(contract, name, drawn, periods=periods)
        first = next(iter(prices.values()))
        same = len(first) == 1 and all(
            p[0] is first[0] or np.array_equal(p[0], first[0]) for p in prices.values()
        )
        if number is not None:
            for group, count in groups.items():  # a claim at a price of 0 uses up no limit
                number[r] += count * np.greater(_by_period(prices[group]), 0)
        if same:
            np.multiply(sum_groups(list(groups.values())), first[0], out=earned[r])
        else:
            earned[r] = 0.0
            for group, count in groups.items():
                earned[r] += count * _by_period(prices[group])
        if rule.limits.person is not None:
            through = [
                count * _by_period([within_person_limit(rule, p) for p in prices[group]])
                for group, count in groups.items()
            ]
            within[r] = sum_groups(through)
    return Plain(number, earned, within, whole)


def _by_period(prices: list[Value]) -> Value:
    """Prices as they multiply an array (period, run)."""
    if len(prices) == 1:
        return prices[0]
    return np.stack(np.broadcast_arrays(*(np.atleast_1d(price) for price in prices)))


def count_lots(
    contract: Contract, names: Sequence[str], counts: Kinds, people: Mapping[str, Counts]
) -> list[Lot]:
    """Lots by group and period of the rules named; nobody's claims make none."""
    lots = []
    for r, (name, rule) in enumerate(contract.payments.rules.items()):
        if name not in names:
            continue
        for group, claims in claims_of(contract, rule.pays or "", counts, people).items():
            for t in range(len(claims)):
                if claims[t].any():
                    number = np.asarray(claims[t], dtype=float)
                    lots.append(
                        Lot(
                            r,
                            t,
                            contract.timeline.date(t),
                            number,
                            contract.cohort_of_group(group),
                            group,
                        )
                    )
    return lots


def accepted_so_far(
    contract: Contract, counts: Kinds, people: Mapping[str, Counts]
) -> dict[str, Floats]:
    """Accepted to each period, (period, run), of what tests and limits by number ask for."""
    found: dict[str, Floats] = {}
    for name in sorted(counted(contract.payments)):
        if name in contract.outcomes:
            each = list(counts["claimed"][name])
        elif name in contract.cohorts:
            each = [people[group] for group in contract.groups(name)]
        else:
            labels = [g for g in people if name in (g, g.rpartition("/")[2])]
            if name in contract.performance or not labels:
                continue
            each = [people[group] for group in labels]
        found[name] = np.cumsum(sum(np.asarray(a, dtype=float) for a in each), axis=0)
    return found


def _nothing_accepted(contract: Contract) -> Accepted:
    return {n: np.zeros((contract.timeline.periods, 1)) for n in counted(contract.payments)}
