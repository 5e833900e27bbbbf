"""Lots: claims of one rule that share a date and a group, on their way to payment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sibmodel.model.chance import Floats


def _nothing() -> Floats:
    return np.zeros(1)


@dataclass
class Lot:
    """Claims of one rule that share a date and a group; or one reading, or one payment due.

    Parameters
    ----------
    rule : int
        Place of the rule in the contract.
    period, date : int, date
        Of the claim; simulated claims are dated at the first day of their period.
    number : array (run,) or (person, run)
        Accepted claims, or units of what is counted; of a performance, its value.
    cohort, group : str, optional
        None where it is of no one cohort or group.
    started : date, optional
        When these people started, where they started together.
    people : int, optional
        The people's key, where limits are kept person by person: ``number`` is then (person, run).
    weight : float or array (run,)
        How many people each person stands for.
    source : object
        What it came from, for the account: a record, or a reading.
    """

    rule: int
    period: int
    date: dt.date
    number: Floats
    cohort: str | None = None
    group: str | None = None
    started: dt.date | None = None
    people: int | None = None
    weight: float | Floats = 1.0
    source: object = None


@dataclass
class Due:
    """A lot in the period in which it is settled, from its price to its payment.

    ``number`` (run,) or (person, run): claims that passed the tests; ``let``: the share of them
    within limits on number. ``worth`` is the price or amount as read, ``factor`` its multiples.
    ``earned`` (run,) is before limits; ``priced`` after those on number, ``money`` after those per
    person; ``share`` (run,) is what all others leave of it, and ``used`` the number so paid for.
    ``took`` names the limits per person, and on number, that took something.
    """

    lot: Lot
    period: int
    number: Floats
    figure: Floats
    worth: Any
    factor: float | Floats
    deadweight: float | Floats
    refused: str = ""
    let: float | Floats = 1.0
    earned: Floats = field(default_factory=_nothing)
    money: Floats = field(default_factory=_nothing)
    priced: Floats = field(default_factory=_nothing)
    share: Floats = field(default_factory=_nothing)
    used: Floats = field(default_factory=_nothing)
    took: list[str] = field(default_factory=list)

    @property
    def net(self) -> Floats:
        """Claims let through, less those agreed to have happened anyway."""
        return np.asarray(self.number * self.let * (1 - self.deadweight))

    def total(self, amount: Floats) -> Floats:
        """An amount over all people, shape (run,)."""
        if self.lot.people is None:
            return amount
        whole: Floats = amount.sum(axis=0) * self.lot.weight
        return whole
