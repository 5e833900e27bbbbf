"""How much would have to happen anyway for benefits to be no more than costs."""

from __future__ import annotations

import math

import pandas as pd

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.questions.one_number import base_case, crossing, fixed, numbers_of
from sibmodel.results import Results


def deadweight_switch(
    of: Results | Contract, ratio: str = "benefit_cost_ratio[society]"
) -> pd.DataFrame:
    """How much would have to happen anyway for a benefit-cost ratio to be 1, all else as it is.

    It is quick: benefits fall in a straight line as *anyway* rises, so base cases give the slope
    and nothing is simulated. That is exact for expected values where what an outcome is worth, and
    how many start, are uncertain apart from *anyway*. Where benefits bend, the place is searched.

    Parameters
    ----------
    of : Results or Contract
        Results, for their expected benefits and costs; a contract, for its base case.
    ratio : str
        A benefit-cost ratio.

    Returns
    -------
    DataFrame
        One row a valued outcome: anyway (its mean), switching_value (NaN: none), points (from one
        to the other), of_achieved and of_achieved_at_switch (what happens anyway as a share of what
        is achieved, base case), note. Where *anyway* differs by group, all groups' move in
        proportion and the mean is that over planned people.

    Raises
    ------
    KeyError
        If there is no such measure.
    ValueError
        If the measure is no ratio of two others, or is undefined for this contract.

    Examples
    --------
    >>> import sibmodel as sib
    >>> contract = sib.load_contract("examples/homes_and_work.yaml")
    >>> list(deadweight_switch(contract, "benefit_cost_ratio[society]").index)
    ['moves_in']
    """
    contract = of if isinstance(of, Contract) else of.contract
    valued = [benefit.of for benefit in contract.value.benefits.values()] if contract.value else []
    counts = [f"outcomes_{kind}[{o}]" for o in set(valued) for kind in ("anyway", "achieved")]
    base = base_case(contract, ratio, *counts)
    about = base.about(ratio)
    if about.over is None or about.under is None:
        raise ValueError(f"{ratio} is not a ratio: ask for a benefit_cost_ratio")
    if about.undefined is not None:
        raise ValueError(f"{ratio} is undefined for this contract: {about.undefined}")
    parts = about.over, about.under
    stands = _gap(base if isinstance(of, Contract) else of, *parts)
    rows = {outcome: _row(base, outcome, parts, stands) for outcome in dict.fromkeys(valued)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "outcome"
    return table


def _gap(results: Results, over: str, under: str) -> float:
    return results.expected(over) - results.expected(under)


def _row(
    base: Results, outcome: str, parts: tuple[str, str], stands: float
) -> dict[str, float | str]:
    """One outcome: where its *anyway*, moved by a factor if it goes by group, closes the gap."""
    contract, path = base.contract, f"outcomes.{outcome}.anyway"
    number, places = contract.outcomes[outcome].anyway, numbers_of(contract, base, draws=0)
    paths, note = [path], ""
    if isinstance(number, ByGroup):
        paths, note = [f"{path}.by_group.{g}" for g in number.by_group], "all groups in proportion"
    means = {one: places[one].mean for one in paths}
    mean = _mean(contract, outcome, means)
    tops = [
        places[one].range.high * mean / m if places[one].range.can_be_searched else 4 * mean
        for one, m in means.items()
        if m > 0
    ]
    top = min(tops, default=1.0)
    beside = stands - _gap(base, *parts)

    def left(value: float) -> float:
        """The gap with *anyway* at a value: the base case's, and what stood beside that."""
        if value == mean:
            return stands
        try:
            changed = contract
            for one, m in means.items():
                changed = fixed(changed, one, m * value / mean if mean else value)
            return _gap(base_case(changed, *parts, ledger=False), *parts) + beside
        except ValueError:  # shares that would pass 1 together, or more time than there is
            return math.nan

    found = crossing(left, low=0.0, high=top, near=mean, width=1e-6 * top)
    if math.isnan(found):
        none = f"none from 0 to {top:.3g} does: benefits stay {'above' if stands > 0 else 'below'}"
        note = "; ".join(filter(None, (note, f"{none} costs")))
    anyway, achieved = (base.expected(f"outcomes_{k}[{outcome}]") for k in ("anyway", "achieved"))
    share = anyway / achieved if achieved else math.nan
    return {
        "anyway": mean,
        "switching_value": found,
        "points": found - mean,
        "of_achieved": share,
        "of_achieved_at_switch": share * found / mean if mean else math.nan,
        "note": note,
    }


def _mean(contract: Contract, outcome: str, means: dict[str, float]) -> float:
    """The mean of *anyway*, over groups by the people planned."""
    if len(means) == 1:
        return next(iter(means.values()))
    people: dict[str, int] = {}
    for cohort in contract.cohorts_of(outcome):
        for label, planned in contract.cohorts[cohort].labels(cohort).items():
            people[label] = people[label.rpartition("/")[2]] = planned
    weights = {path: people[path.rpartition(".by_group.")[2]] for path in means}
    return sum(means[path] * weights[path] for path in means) / sum(weights.values())
