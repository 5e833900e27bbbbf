"""What the rules pay, and claims on their way there: the arrays of the payment stage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sibmodel.model.chance import Floats
from sibmodel.model.lots import Due, Lot


@dataclass(frozen=True)
class Plain:
    """Claims of rules that need no more than a price by group and date, all periods at once.

    ``number`` and ``earned`` (rule, period, run), 0 for the other rules; number is None where
    nothing is limited by number. ``within`` by rule: of ``earned``, what the rule's own limit per
    person lets through, (period, run). ``whole``: all rules are such, and there is no floor.
    """

    number: Floats | None
    earned: Floats
    within: Mapping[int, Floats]
    whole: bool


@dataclass(frozen=True)
class Entry:
    """One payer's payment under one rule, or what is paid back to it, before tax on top."""

    period: int
    due: dt.date
    rule: int
    payer: int
    amount: Floats
    back: bool = False


@dataclass(frozen=True)
class Paid:
    """What the rules pay; the rule axis has the rules and then the floors.

    ``earned`` (rule, period, run): claims at their price, before limits, by period of settling.
    ``paid`` (rule, period of cash, run) and ``by_payer`` (payer, period of cash, run), with tax;
    ``back`` (rule, period, run) and ``back_to`` (payer, period, run): what is paid back to payers.
    ``joint`` (payer, rule, period of cash, run) where it was asked for, ``joint_back`` likewise.
    ``cut`` by limit, what it took before tax: (run,), or with ``detail`` (rule, period, run).
    ``moved`` by payer's limit: what it left to the payer who has the rest, (run,).
    ``tax`` is the share of every payment that is tax. Where a trace was asked for, ``settled`` has
    every claim, ``waiting`` those that still wait, and ``entries`` each sum by period of settling.
    """

    rules: tuple[str, ...]
    earned: Floats
    paid: Floats
    by_payer: Floats
    joint: Floats | None
    cut: Mapping[str, Floats]
    moved: Mapping[str, Floats] = field(default_factory=dict)
    back: Floats | None = None
    back_to: Floats | None = None
    joint_back: Floats | None = None
    tax: float = 0.0
    settled: Sequence[Due] = ()
    entries: Sequence[Entry] = ()
    waiting: Sequence[tuple[Lot, str]] = ()

    @cached_property
    def whole(self) -> Floats:
        """What all payers pay, (period of cash, run)."""
        total: Floats = sum_groups(list(self.by_payer))
        return total

    @cached_property
    def tax_within(self) -> Floats | None:
        """Tax within it, (period of cash, run); None where there is none."""
        return None if self.tax == 0 else self.whole * self.tax

    @cached_property
    def net(self) -> Floats:
        """What is left of it for whoever receives the payments, (period of cash, run)."""
        return self.whole if self.tax_within is None else self.whole - self.tax_within


def sum_groups(counts: Sequence[Any]) -> Any:
    """Sum of arrays of one shape, in order and in their own type."""
    if len(counts) == 1:
        return counts[0]
    total = counts[0] + counts[1]
    for count in counts[2:]:
        total += count
    return total
