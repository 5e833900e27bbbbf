"""Payers' shares: of each rule, by date and group, and who has the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payer
from sibmodel.contract.tables import Table
from sibmodel.model.assumptions import Drawn
from sibmodel.model.chance import Floats
from sibmodel.model.prices import Asked, Reader, reads


@dataclass(frozen=True)
class Row:
    """Money limited and split together: a rule's, of one cohort or group where that matters."""

    rule: int
    cohort: str | None = None
    group: str | None = None


def payers_of(contract: Contract, rule: str) -> Mapping[str, Payer]:
    """Who pays for a rule: its own payers, else those of all payments."""
    return contract.payments.rules[rule].payers or contract.payments.payers


def by_group(contract: Contract, rule: str) -> bool:
    """Whether payers' shares of a rule differ by group."""
    return any("group" in reads(payer.share) for payer in payers_of(contract, rule).values())


def rows_of(contract: Contract) -> list[Row]:
    """The rows of money: one a rule, or one of each of its cohorts or groups."""
    limits = contract.payments.limits
    rows: list[Row] = []
    for r, (name, rule) in enumerate(contract.payments.rules.items()):
        people = _people_of(contract, rule.pays)
        limited = limits.cohort is not None or any(
            named.cohort is not None and name in named.of for named in limits.named.values()
        )
        mine: list[Row] = []
        if by_group(contract, name):
            mine = [Row(r, cohort, group) for cohort, groups in people.items() for group in groups]
        elif rule.limits.cohort is not None or limited:
            mine = [Row(r, cohort) for cohort in people]
        rows += mine or [Row(r)]
    return rows


def _people_of(contract: Contract, pays: str | None) -> dict[str, list[str]]:
    """The cohorts a rule pays for one by one, and what numbers by group tell apart in each.

    None where it pays on dates, or for the reading of a performance of everyone.
    """
    if pays is None:
        return {}
    cohorts = contract.cohorts_of(pays)
    over = contract.read_over(pays) if pays in contract.performance else "each_group"
    if over == "each_cohort":
        return {cohort: [cohort] for cohort in cohorts}
    return {cohort: contract.groups(cohort) for cohort in cohorts if over == "each_group"}


def leaves_to_another(contract: Contract) -> set[str]:
    """Payers of some rule whose rest another payer has: what passes their limits falls to it."""
    found: set[str] = set()
    for rule in contract.payments.rules:
        payers = payers_of(contract, rule)
        if any(payer.share == "rest" for payer in payers.values()):
            found |= {name for name, payer in payers.items() if payer.share != "rest"}
    return found


class PayerShares:
    """Shares (payer, row) in any period, and who has the rest of each row."""

    def __init__(self, contract: Contract, rows: list[Row]) -> None:
        self._contract, self._rows = contract, rows
        self.names = list(contract.payments.payers)
        self._rules = list(contract.payments.rules)
        stated = [payer.share for name in self._rules
                  for payer in payers_of(contract, name).values()]  # fmt: skip
        self.constant = not any(reads(share) for share in stated)
        self._known: dict[int, tuple[Floats, list[int | None]]] = {}

    @cached_property
    def order(self) -> list[int]:
        """Payers, each after those whose rest it has; in a circle by name."""
        before: dict[str, set[str]] = {name: set() for name in self.names}
        for rule in self._rules:
            payers = payers_of(self._contract, rule)
            for name, payer in payers.items():
                if payer.share == "rest":
                    before[name] |= {*payers} - {name}
        left, order = sorted(self.names), list[str]()
        while left:
            free = [name for name in left if not before[name] & {*left}]
            order.append((free or left)[0])
            left.remove(order[-1])
        return [self.names.index(name) for name in order]

    def at(self, period: int) -> tuple[Floats, list[int | None]]:
        """Shares (payer, row) of claims dated at a period's first day, and who has the rest."""
        key = 0 if self.constant else period
        if key not in self._known:
            day = self._contract.timeline.date(period)
            columns = [self.of_row(row, day) for row in self._rows]
            shares = np.stack([shares for shares, _ in columns], axis=1)
            self._known[key] = shares, [rest for _, rest in columns]
        return self._known[key]

    def of_row(self, row: Row, day: dt.date) -> tuple[Floats, int | None]:
        """Shares (payer,) of a row's claims of one day, and who has the rest."""
        return self._split(payers_of(self._contract, self._rules[row.rule]), day, row.group)

    def of_all(self, period: int) -> tuple[Floats, int | None]:
        """Shares (payer,) of what no rule is behind, such as a floor, and who has the rest."""
        day = self._contract.timeline.date(period)
        return self._split(self._contract.payments.payers, day, None)

    def _split(
        self, payers: Mapping[str, Payer], day: dt.date, group: str | None
    ) -> tuple[Floats, int | None]:
        shares, rest = np.zeros(len(self.names)), None
        for name, payer in payers.items():
            if payer.share == "rest":
                rest = self.names.index(name)
            else:
                shares[self.names.index(name)] = self._share(payer.share, day, group)
        if rest is not None:
            shares[rest] = 1 - shares.sum()
        return shares, rest

    def _share(self, share: Any, day: dt.date, group: str | None) -> float:
        """A share that is certain; a group that is not named has none."""
        if isinstance(share, float):
            return share
        if isinstance(share, Table):
            asked = Asked(day, group)
            nothing_drawn = Reader(self._contract, Drawn({}))
            rows = {
                key: self._share(value, day, group) for key, value in (share.begins or {}).items()
            }
            certain = share.model_copy(update={"begins": rows})
            return float(nothing_drawn.read(certain, "share", asked))
        short = (group or "").rpartition("/")[2]
        for key in (group, short):
            if key in share.by_group:
                return self._share(share.by_group[key], day, group)
        return 0.0
