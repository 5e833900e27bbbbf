"""The figures of ladder.yaml as plain arrays, for the two scripts that do without the library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ruamel.yaml import YAML

Floats = npt.NDArray[np.float64]
Measures = dict[str, Floats]
"""Measures by name, shape (run,), under the library's names."""

LADDER = Path(__file__).with_name("ladder.yaml")


@dataclass(frozen=True)
class Terms:
    """One cohort on one ladder; outcomes are counted from the first rung.

    ``planned`` (group, period) [people]; ``alpha``, ``beta`` (outcome, group) of the betas of each
    rung's rate, given the rung before; ``anyway`` (outcome,), likewise; ``delay`` (outcome,) from
    start to outcome [periods]; ``price`` (outcome,) and ``costs`` (period,) [money].
    """

    outcomes: tuple[str, ...]
    periods: int
    first_year: int
    planned: npt.NDArray[np.int64]
    alikeness: float
    alpha: Floats
    beta: Floats
    anyway: Floats
    delay: npt.NDArray[np.int64]
    price: Floats
    limit: float
    paid_after: int
    costs: Floats
    commitment: float
    hurdle: float

    @cached_property
    def last_cost(self) -> int:
        """The last period with a cost: from it on, what is left is distributed."""
        return int(np.flatnonzero(self.costs)[-1])

    @cached_property
    def years(self) -> list[str]:
        """Financial year of each period; the first begins one."""
        first = [self.first_year + t // 4 for t in range(self.periods)]
        return [f"{year}-{(year + 1) % 100:02d}" for year in first]


def read() -> Terms:
    """The terms in ladder.yaml."""
    stated = YAML(typ="safe").load(LADDER)
    periods = stated["timeline"]["periods"]
    cohort, outcomes = stated["cohorts"]["people"], stated["outcomes"]
    groups = cohort["groups"]
    intake = np.zeros(periods)
    intake[: len(cohort["intake"])] = cohort["intake"]
    planned = np.outer(list(groups.values()), intake / intake.sum())
    assert np.array_equal(planned, planned.round()), "each group's starts must be whole people"
    betas = [[o["rate"]["by_group"][g]["beta"] for g in groups] for o in outcomes.values()]
    mean = np.array([[beta["mean"] for beta in row] for row in betas])
    sd = np.array([[beta["sd"] for beta in row] for row in betas])
    size = mean * (1 - mean) / sd**2 - 1
    cost = stated["delivery"]["costs"]
    costs = cost["per_person"]["per_start"] * intake
    costs[cost["set_up"]["at"]] += cost["set_up"]["amount"]
    costs[: cost["team"]["for"]] += cost["team"]["per_period"]
    rules = {rule["pays"]: rule["price"] for rule in stated["payments"]["rules"].values()}
    return Terms(
        outcomes=tuple(outcomes),
        periods=periods,
        first_year=stated["timeline"]["start"].year,
        planned=planned.astype(np.int64),
        alikeness=cohort["alikeness"],
        alpha=mean * size,
        beta=(1 - mean) * size,
        anyway=np.array([o["anyway"] for o in outcomes.values()]),
        delay=np.cumsum([o["after"] for o in outcomes.values()]),
        price=np.array([float(rules[name]) for name in outcomes]),
        limit=float(stated["payments"]["limits"]["contract"]),
        paid_after=stated["payments"]["paid_after"],
        costs=costs,
        commitment=float(stated["capital"]["tranches"]["investor"]["commitment"]),
        hurdle=stated["capital"]["hurdle"],
    )
