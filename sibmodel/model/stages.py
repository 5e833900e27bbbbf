"""One block taken through the stages; what every measure is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import PROVIDER
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.endings import Stops
from sibmodel.model.outcomes import Counts
from sibmodel.model.paid import Paid, sum_groups
from sibmodel.model.readings import Readings
from sibmodel.model.returns import Irr, irr
from sibmodel.model.tranches import RECEIVED


@dataclass(frozen=True)
class TrancheFlow:
    """Money in and out, (period, run): ``drawn``; ``put_in``, which adds what is paid under
    settlements or paid back; ``received``."""

    drawn: Floats
    put_in: Floats
    received: Floats

    @cached_property
    def cash_flow(self) -> Floats:
        """Received less put in; what rounding leaves is nil."""
        flow = self.received - self.put_in
        flow[np.abs(flow) <= 1e-12 * np.maximum(self.put_in, self.received).max(axis=0)] = 0.0
        return flow


@dataclass(frozen=True)
class Stages:
    """All that happened in a block of runs; the run axis is last, so that one period is contiguous.

    ``starts`` by group (period, run); ``achieved``, ``anyway``, ``claimed`` by outcome (group of
    its cohorts, period, run), ``anyway`` only where it is stated; ``attribution`` by outcome
    (group, 1 or run), below zero where fewer outcomes are better; ``paid``, and the ``readings`` it
    went by; ``costs`` (period, run), ``running`` by payer (period, run), and the tax within them,
    ``cost_tax`` and ``running_tax``; ``account`` where there is capital, and where endings were
    ``found`` to hold; ``assumed``: uncertain numbers by path; ``benefits``, their ``cashable``
    parts, and ``uncorrected`` for optimism, present values by name (run,); ``benefit_years`` real
    money by name (year, run), ``savings`` the cashable part, nominal, by year of prices;
    ``incidence`` party → column → (run,); ``value_numbers``: numbers of the value clause that
    measures ask for, by path.
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
    costs: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    running: Mapping[str, Floats] = field(default_factory=dict)
    cost_tax: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    running_tax: Mapping[str, Floats] = field(default_factory=dict)
    account: Account | None = None
    found: Stops | None = None
    assumed: Mapping[str, float | Floats] = field(default_factory=dict)
    benefits: Mapping[str, Floats] = field(default_factory=dict)
    cashable: Mapping[str, Floats] = field(default_factory=dict)
    uncorrected: Mapping[str, Floats] = field(default_factory=dict)
    benefit_years: Mapping[str, Floats] = field(default_factory=dict)
    savings: Mapping[str, Floats] = field(default_factory=dict)
    value_numbers: Mapping[str, float | Floats] = field(default_factory=dict)
    incidence: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)

    @cached_property
    def by_payer(self) -> dict[str, Floats]:
        """Outcome payments by payer, less what is paid or handed back to it, (period, run)."""
        names, net = self.contract.payments.payers, self.paid.by_payer
        if self.paid.back_to is not None:
            net = net - self.paid.back_to
        found = dict(zip(names, net, strict=True))
        if self.account is not None:
            for (payer, _), amount in self.account.brought.items():
                found[payer] = found[payer] + amount
            for payer, amount in self.account.returned.items():
                found[payer] = found[payer] - amount
        return found

    def gross_of(self, payer: str) -> Floats:
        """Outcome payments of one payer, before anything goes back to it, (period, run)."""
        found: Floats = self.paid.by_payer[list(self.contract.payments.payers).index(payer)]
        if self.account is not None:
            for (name, _), amount in self.account.brought.items():
                if name == payer:
                    found = found + amount
        return found

    @cached_property
    def payments(self) -> Floats:
        """Outcome payments of all payers, less what goes back to them, (period, run)."""
        return sum_groups(list(self.by_payer.values()))  # type: ignore[no-any-return]

    @property
    def tax(self) -> Floats | None:
        """Tax within outcome payments, (period, run); None where there is none."""
        return self.paid.tax_within

    @property
    def income(self) -> Floats:
        """What the account, or the provider, receives for outcomes: payments net of tax."""
        return self.paid.net

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
    def tranches(self) -> dict[str, TrancheFlow]:
        """Each tranche's money in and out."""
        assert self.account is not None
        assert self.contract.capital is not None
        nothing = np.zeros((self.contract.timeline.periods, self.runs))
        backs, found = self.backs, {}
        for name, flows in self.account.flows.items():
            put_in = [flows[kind] for kind in ("drawn", "paid") if kind in flows]
            holder = self.contract.capital.holder(name)
            if holder in backs:  # who holds it pays back
                put_in.append(backs[holder] * self.contract.capital.part_of_holder(name))
            received = [flows[kind] for kind in RECEIVED if kind in flows]
            found[name] = TrancheFlow(
                drawn=flows.get("drawn", nothing),
                put_in=_sum(put_in, nothing),
                received=_sum(received, nothing),
            )
        return found

    @cached_property
    def _pools(self) -> dict[tuple[str, ...], TrancheFlow]:
        return {}

    @cached_property
    def _rates(self) -> dict[tuple[str, ...], Irr]:
        return {}

    def together(self, names: tuple[str, ...]) -> TrancheFlow:
        """Money in and out of several tranches taken together."""
        if len(names) == 1:
            return self.tranches[names[0]]
        if names not in self._pools:
            nothing = np.zeros((self.contract.timeline.periods, self.runs))
            flows = [self.tranches[name] for name in names]
            sides = ("drawn", "put_in", "received")
            self._pools[names] = TrancheFlow(
                *(sum((getattr(flow, side) for flow in flows), nothing) for side in sides)
            )
        return self._pools[names]

    def irr_of(self, names: tuple[str, ...]) -> Irr:
        """The internal rate of return of several tranches taken together, a year."""
        if names not in self._rates:
            per_year = self.contract.timeline.periods_per_year
            self._rates[names] = irr(self.together(names).cash_flow.T, periods_per_year=per_year)
        return self._rates[names]

    @cached_property
    def investor_cash_flow(self) -> Floats:
        """Received by all investors less what they put in, (period, run)."""
        return self.together(investors(self.contract)).cash_flow

    @cached_property
    def provider_cash_flow(self) -> Floats:
        """What the provider receives less what it spends and puts in, (period, run)."""
        if self.account is None:
            delivery = self.contract.delivery
            delivers = delivery is None or delivery.by == PROVIDER
            flow = self.income - (self.costs if delivers else 0.0)
        else:
            assert self.contract.capital is not None
            # who is paid for delivery spends what it gets
            flow = 0.0 - self.account.unmet  # no −0
            if self.account.forgone:
                flow = flow + sum(self.account.forgone.values()) + self.account.untaxed
            for name, tranche in self.tranches.items():
                if self.contract.capital.holder(name) == PROVIDER:
                    flow = flow + tranche.received - tranche.put_in
            for (giver, taker, kind), amount in self.account.moves.items():
                if kind != "cost" and PROVIDER in (giver, taker):
                    flow = flow + amount * (1.0 if taker == PROVIDER else -1.0)
        if PROVIDER in self.backs and not self._provider_holds:
            flow = flow - self.backs[PROVIDER]
        return flow

    @property
    def _provider_holds(self) -> bool:
        """Whether what the provider pays back is within a tranche's flow already."""
        capital = self.contract.capital
        return capital is not None and PROVIDER in map(capital.holder, capital.tranches)

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

    def additional(self, outcome: str, counts: tuple[Floats, Floats] | None = None) -> Floats:
        """(achieved − anyway) × attribution over all groups, (period, run); may be negative.

        Where fewer outcomes are better it is what was avoided, (anyway − achieved) × attribution.
        ``counts``: what counts of each outcome achieved, and of each that happens anyway; None:
        all of it.
        """
        achieved, anyway = self.achieved[outcome], self.anyway[outcome]
        shares = self.attribution[outcome]
        alike = bool(np.all(shares == shares[:1]))
        if alike:
            achieved, anyway = sum_groups(list(achieved)), sum_groups(list(anyway))
        net: Floats
        if counts is None:
            net = np.subtract(achieved, anyway, dtype=np.float64)
        else:
            with_service, without = counts
            net = np.multiply(achieved, with_service, dtype=np.float64)
            net -= np.multiply(anyway, without, dtype=np.float64)
        return net * shares[0] if alike else np.asarray((net * shares[:, None]).sum(axis=0))


def _sum(flows: list[Floats], nothing: Floats) -> Floats:
    total: Floats = sum(flows[1:], flows[0]) if flows else nothing
    return total


def investors(contract: Contract) -> tuple[str, ...]:
    """Tranches that are repaid, and not held by a payer or the provider."""
    if contract.capital is None:
        return ()
    nobody = {*contract.payer_names, PROVIDER}
    return tuple(n for n in contract.capital.repaid if contract.capital.holder(n) not in nobody)


def _whole(counts: Counts) -> Floats:
    """Sum of an array (group, period, run) over groups and periods: nobody is counted twice."""
    flat = counts.reshape(-1, counts.shape[-1])
    total: Floats = np.add.reduce(flat, axis=0, dtype=flat.dtype).astype(np.float64)
    return total
