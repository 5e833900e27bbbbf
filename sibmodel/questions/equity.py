"""What the ledger says of one group: its payments, its outcomes, the numbers drawn for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.tables import Table
from sibmodel.results import Results

Floats = npt.NDArray[np.float64]


def paid_by_group(results: Results) -> tuple[dict[str, Floats], dict[str, str]]:
    """What each group's outcomes were paid, and the rules whose payments are of no group.

    A rule's payments of a run are divided in proportion to the groups' claims at their price, so
    that what limits cut is cut from all alike.

    Parameters
    ----------
    results : Results
        With its ledger.

    Returns
    -------
    (dict of group to array (run,), dict of rule to str)
        [money, nominal]; and why a rule is not divided.

    Raises
    ------
    ValueError
        If the ledger was not kept.
    """
    ledger, contract = results.ledger, results.contract
    if ledger is None:
        raise ValueError('the ledger was not kept: simulate with keep="ledger"')
    groups = contract.group_labels
    paid = {group: np.zeros(results.runs) for group in groups}
    undivided: dict[str, str] = {}
    for rule in map(str, ledger["rule"].values):
        money = ledger["paid"].sel(rule=rule).sum("period").values
        weights = _weights(results, rule)
        if isinstance(weights, str):
            undivided[rule] = weights
            continue
        whole = np.sum(list(weights.values()), axis=0)
        for group, weight in weights.items():
            share = np.divide(weight, whole, out=np.zeros(results.runs), where=whole > 0)
            paid[group] += money * share
    return paid, undivided


def _weights(results: Results, name: str) -> dict[str, Floats] | str:
    """A rule's claims by group, weighted by what one earns; or why there are none."""
    contract = results.contract
    rule = contract.payments.rules.get(name)
    if rule is None:
        return "it tops up or repays, and is earned by no one group"
    if rule.pays is None or rule.pays in contract.performance:
        return "it pays for what no one group did"
    path = f"payments.rules.{name}"
    each = {"price" if rule.price is not None else "amount": rule.price or rule.amount}
    each |= {f"factors.{factor}": number for factor, number in rule.factors.items()}
    each["deadweight"] = rule.deadweight
    if any(isinstance(number, Table) for number in each.values()):
        return "its price or a factor is read off a table"
    of_starts = rule.pays in contract.cohorts
    mine = contract.groups(rule.pays) if of_starts else contract.groups_of(rule.pays)
    found = {}
    for group in mine:
        weight = (
            over_the_term(results, "starts", group=group)
            if of_starts
            else over_the_term(results, "claimed", group=group, outcome=rule.pays)
        )
        for field, number in each.items():
            if not isinstance(number, ByGroup):
                continue  # the same for all
            drawn = number_of(results, number, f"{path}.{field}", group)
            weight = weight * (1 - drawn if field == "deadweight" else drawn)
        found[group] = weight
    return found


def number_of(results: Results, number: object, path: str, group: str) -> Floats | float:
    """A number of the contract as it was in each run, for one group: array (run,), or a figure."""
    ledger = results.ledger
    assert ledger is not None
    drawn = set(map(str, ledger["assumption"].values)) if "assumed" in ledger else set()
    for key in (f"{path}@{group}", path):
        if key in drawn:
            values: Floats = ledger["assumed"].sel(assumption=key).values
            return values
    if isinstance(number, ByGroup):
        short = group.rpartition("/")[2]
        number = number.by_group[group if group in number.by_group else short]
    if isinstance(number, str):
        number = results.contract.assumptions[number]
    if isinstance(number, Assumption):
        number = number.value
    assert isinstance(number, float)
    return number


def additional_of(results: Results, outcome: str, group: str) -> Floats:
    """Outcomes of one group that would not have happened without the service, (run,)."""
    clause = results.contract.outcomes[outcome]
    achieved = over_the_term(results, "achieved", group=group, outcome=outcome)
    anyway = over_the_term(results, "anyway", group=group, outcome=outcome)
    sign = -1.0 if clause.better == "lower" else 1.0
    share = number_of(results, clause.attribution, f"outcomes.{outcome}.attribution", group)
    return sign * (achieved - anyway) * share


def over_the_term(results: Results, variable: str, **where: str) -> Floats:
    """A variable of the ledger over the whole term, shape (run,)."""
    assert results.ledger is not None
    found: Floats = results.ledger[variable].sel(where).sum("period", dtype=np.float64).values
    return found
