"""Starts: the whole people planned by group and period, and those who turn up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sibmodel.contract.people import Cohort, Ramp
from sibmodel.model.chance import Floats

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """People of one group who start in one period."""

    cohort: str
    group: str
    start: int

    @property
    def name(self) -> str:
        """The name its streams carry: ``cohort/group/start``."""
        group = self.group if "/" in self.group else f"{self.group}/{self.group}"
        return f"{group}/{self.start}"


def planned_intake(cohort: Cohort, *, periods: int) -> Whole:
    """Planned starts by period, shape (period,), whole people adding to the cohort."""
    planned = np.zeros(periods, dtype=np.int64)
    if isinstance(cohort.intake, Ramp):
        ramp = cohort.intake
        weights = np.arange(1, ramp.over + 1) if ramp.ramp == "linear" else np.ones(ramp.over)
        reached = cohort.size * np.cumsum(weights) / weights.sum()
        whole = np.floor(reached + 0.5).astype(np.int64)
        planned[ramp.begin : ramp.begin + ramp.over] = np.diff(whole, prepend=0)
    else:
        within = cohort.intake[:periods]  # beyond, only nobody may be planned: a fault otherwise
        planned[: len(within)] = within
    return planned


def planned_starts(*, intake: npt.ArrayLike, groups: npt.ArrayLike) -> Whole:
    """Planned starts by group and period: whole people, each group's size met exactly.

    Every period's people are given to the groups furthest behind their share of the running
    total: whole people first, then the largest remainders.

    Parameters
    ----------
    intake : array (period,)
        Planned starts by period [people].
    groups : array (group,)
        Size of each group; adds to the same total [people].

    Returns
    -------
    array (group, period)

    Examples
    --------
    >>> planned_starts(intake=[30, 60, 60, 50], groups=[80, 120]).tolist()
    [[12, 24, 24, 20], [18, 36, 36, 30]]
    """
    people, sizes = np.asarray(intake), np.asarray(groups)
    everybody = int(people.sum())
    due = sizes[:, None] * np.cumsum(people)  # in parts of one person, everybody parts: exact
    starts = np.zeros((len(sizes), len(people)), dtype=np.int64)
    for period, arriving in enumerate(people):
        behind = due[:, period] - starts.sum(axis=1) * everybody
        whole = np.maximum(behind, 0) // everybody
        while whole.sum() > arriving:  # somebody was given too many before: take the least behind
            least = np.where(whole > 0, behind - whole * everybody, np.iinfo(np.int64).max)
            whole[np.argmin(least)] -= 1
        for _ in range(int(arriving - whole.sum())):
            whole[np.argmax(behind - whole * everybody)] += 1
        starts[:, period] = whole
    return starts


def starts(*, planned: Whole, referrals: float | Floats, runs: int, whole: bool) -> Floats | Whole:
    """Those who start: planned × referrals, rounded on each group's running total.

    Parameters
    ----------
    planned : array (group, period)
        Planned starts [people].
    referrals : float or array (run,)
        Share of the planned starts that turn up, one draw a run.
    runs : int
        Length of the run axis.
    whole : bool
        Round to whole people; False leaves fractions, for the case without chance.

    Returns
    -------
    array (group, period, run)

    Examples
    --------
    >>> starts(planned=np.array([[3, 3, 3]]), referrals=0.5, runs=1, whole=True)[0, :, 0].tolist()
    [2, 1, 2]
    """
    reached = np.cumsum(planned, axis=1)[:, :, None] * np.atleast_1d(referrals)
    if whole:
        reached = np.floor(np.round(reached, 9) + 0.5).astype(np.int64)
    started = np.diff(reached, axis=1, prepend=reached.dtype.type(0))
    return np.broadcast_to(started, (*planned.shape, runs))
