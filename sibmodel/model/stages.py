"""One block taken through the stages; what every measure is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts
from sibmodel.model.paid import Paid
from sibmodel.model.payments import sum_groups
from sibmodel.model.readings import Readings
from sibmodel.model.returns import Irr, irr


@dataclass(frozen=True)
class Stages:
    """All that happened in a block of runs; the run axis is last, so that one period is contiguous.

    ``starts`` by group (period, run); ``achieved``, ``anyway``, ``claimed`` by outcome (group of
    its cohorts, period, run), ``anyway`` only where it is stated; ``attribution`` by outcome
    (group, 1 or run), below zero where fewer outcomes are better; ``paid``, and the ``readings`` it
    went by; ``costs`` (period, run), ``running`` by payer (period, run);
    ``account`` where there is capital; ``benefits`` and their ``cashable`` parts, present values by
    name (run,), and ``benefit_years`` real money by name (year, run); ``incidence`` party → column
    → (run,).
    """

    contract: Contract
    runs: int
    starts: Mapping[str, Counts]
    achieved: Mapping[str, Counts]
    anyway: Mapping[str, Counts]
    claimed: Mapping[str, Counts]
    attribution: Mapping[str, Floats]
    paid: Paid
    readings: Readings
    costs: Floats
    running: Mapping[str, Floats]
    account: Account | None = None
    benefits: Mapping[str, Floats] = field(default_factory=dict)
    cashable: Mapping[str, Floats] = field(default_factory=dict)
    benefit_years: Mapping[str, Floats] = field(default_factory=dict)
    incidence: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)

    @cached_property
    def by_payer(self) -> dict[str, Floats]:
        """Outcome payments by payer, less what is paid back to it, (period, run)."""
        names = self.contract.payments.payers
        if self.paid.back_to is None:
            return dict(zip(names, self.paid.by_payer, strict=True))
        return dict(zip(names, self.paid.by_payer - self.paid.back_to, strict=True))

    @cached_property
    def payments(self) -> Floats:
        """Outcome payments of all payers, less what is paid back to them, (period, run)."""
        return sum_groups(list(self.by_payer.values()))  # type: ignore[no-any-return]

    @cached_property
    def tax(self) -> Floats | None:
        """Tax within outcome payments, (period, run); None where there is none."""
        if self.paid.tax == 0:
            return None
        whole: Floats = sum_groups(list(self.paid.by_payer))
        return whole * self.paid.tax

    @cached_property
    def income(self) -> Floats:
        """What the account, or the provider, receives for outcomes: payments net of tax."""
        if self.tax is None and self.paid.back_to is None:
            return self.payments
        whole: Floats = sum_groups(list(self.paid.by_payer))
        return whole if self.tax is None else whole - self.tax

    @cached_property
    def backs(self) -> dict[str, Floats]:
        """What each party pays back to payers, (period, run)."""
        found: dict[str, Floats] = {}
        if self.paid.back is None:
            return found
        for r, rule in enumerate(self.contract.payments.rules.values()):
            if rule.paid_back_by is not None:
                mine = found.get(rule.paid_back_by, 0.0) + self.paid.back[r]
                found[rule.paid_back_by] = mine
        return found

    @cached_property
    def taken_by_limits(self) -> Floats:
        """What all limits took, shape (run,)."""
        return sum(self.paid.cut.values(), np.zeros(self.runs))

    @cached_property
    def investor_cash_flow(self) -> Floats:
        """Distributed less drawn and paid back, (period, run); what rounding leaves is nil."""
        assert self.account is not None
        drawn, distributed = self.account.drawn, self.account.distributed
        flow = distributed - drawn
        assert self.contract.capital is not None
        for name, tranche in self.contract.capital.tranches.items():
            if (tranche.held_by or name) in self.backs:  # who holds it pays back
                flow = flow - self.backs[tranche.held_by or name]
        flow[np.abs(flow) <= 1e-12 * np.maximum(drawn, distributed).max(axis=0)] = 0.0
        return flow

    @cached_property
    def investor_irr(self) -> Irr:
        """Investors' internal rate of return, a year, with its status."""
        per_year = self.contract.timeline.periods_per_year
        return irr(self.investor_cash_flow.T, periods_per_year=per_year)

    @cached_property
    def totals(self) -> dict[str, dict[str, Floats]]:
        """Achieved, anyway, claimed and additional by outcome over the whole term, shape (run,)."""
        totals = {
            kind: {name: _whole(counts) for name, counts in getattr(self, kind).items()}
            for kind in ("achieved", "anyway")
        }
        totals["claimed"] = {
            name: totals["achieved"][name] if counts is self.achieved[name] else _whole(counts)
            for name, counts in self.claimed.items()
        }
        totals["additional"] = {}
        for name in self.anyway:
            shares = self.attribution[name]
            if np.all(shares == shares[:1]):
                net = totals["achieved"][name] - totals["anyway"][name]
                totals["additional"][name] = net * shares[0]
            else:
                totals["additional"][name] = self.additional(name).sum(axis=0)
        return totals

    def additional(self, outcome: str) -> Floats:
        """(achieved − anyway) × attribution over all groups, (period, run); may be negative.

        Where fewer outcomes are better it is what was avoided, (anyway − achieved) × attribution.
        """
        achieved, anyway = self.achieved[outcome], self.anyway[outcome]
        shares = self.attribution[outcome]
        if np.all(shares == shares[:1]):
            achieved, anyway = sum_groups(list(achieved)), sum_groups(list(anyway))
            net: Floats = np.subtract(achieved, anyway, dtype=np.float64) * shares[0]
            return net
        difference = np.subtract(achieved, anyway, dtype=np.float64)
        return np.asarray((difference * shares[:, None]).sum(axis=0))


def _whole(counts: Counts) -> Floats:
    """Sum of an array (group, period, run) over groups and periods: nobody is counted twice."""
    flat = counts.reshape(-1, counts.shape[-1])
    total: Floats = np.add.reduce(flat, axis=0, dtype=flat.dtype).astype(np.float64)
    return total
