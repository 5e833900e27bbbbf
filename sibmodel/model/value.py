"""Value: what outcomes are worth, to whom, and who pays and gains in present values.

Present values are real money of the base year at the start of the timeline, except investors' own,
which are nominal at their hurdle. Nominal money is divided by the price index of the year it falls
in, then discounted; benefits are stated in real money and only brought to the base year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sibmodel.contract.contract import TAX_AUTHORITY, Contract
from sibmodel.contract.delivery import PROVIDER
from sibmodel.contract.schedules import SCHEDULES, flat
from sibmodel.contract.timeline import Timeline
from sibmodel.contract.value import Benefit, Discount, Prices, first_year
from sibmodel.model.assumptions import Drawn
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.discounting import (
    Bands,
    benefit_present_value_factor,
    discount_factors,
    price_index,
    rebase,
)

COLUMNS = ("payments", "costs", "benefits", "transfers", "return")
"""Columns of the incidence table; over all parties payments, transfers and return cancel."""

ACCOUNT = "account"
"""The row of the incidence table for money that waits in the account."""


def times(timeline: Timeline) -> Floats:
    """When each period's money is dated, shape (period,) [years from the timeline's start]."""
    within = {"start": 0.0, "middle": 0.5, "end": 1.0}[timeline.timing]
    return (np.arange(timeline.periods) + within) / timeline.periods_per_year


def dated(timeline: Timeline) -> list[dt.date]:
    """The day each period's money is dated; at the end is its last day."""
    days = [timeline.date(period) for period in range(timeline.periods + 1)]
    if timeline.timing == "start":
        return days[:-1]
    if timeline.timing == "end":
        return [day - dt.timedelta(days=1) for day in days[1:]]
    return [day + (after - day) / 2 for day, after in pairwise(days)]


def years(timeline: Timeline, kind: str) -> list[int]:
    """The year each period's money falls in: April to March where ``kind`` is like 2027-28."""
    april = len(kind) == 7
    return [d.year - (april and (d.month, d.day) < (4, 1)) for d in dated(timeline)]


def year_label(year: int, kind: str) -> str:
    """2027 as "2027-28" or "2027", in the manner of ``kind``."""
    return f"{year}-{(year + 1) % 100:02d}" if len(kind) == 7 else str(year)


def price_levels(timeline: Timeline, prices: Prices) -> Floats:
    """Price level of each period relative to the base year, shape (period,)."""
    base = price_level(prices, first_year(prices.base))
    return np.array([price_level(prices, y) / base for y in years(timeline, prices.base)])


def price_level(prices: Prices, year: int) -> float:
    """Level of prices in a year on one chained index: the deflator series, and inflation beyond it.

    Without a series the base year is 1.
    """
    series = {first_year(label): level for label, level in prices.deflator.items()}
    if year in series:
        return series[year]
    if prices.inflation is None:
        raise ValueError(
            f"prices of {year_label(year, prices.base)} are not in prices.deflator, and "
            f"prices.inflation is not stated"
        )
    if not series:
        series = {first_year(prices.base): 1.0}
    near = max(min(year, max(series)), min(series))
    return series[near] * float(
        price_index(years_from_base=year - near, inflation=prices.inflation)
    )


def to_base(prices: Prices, year: str) -> float:
    """What brings one unit of money of a price year to the base year: X·D(b)/D(y)."""
    index = {label: price_level(prices, first_year(label)) for label in (year, prices.base)}
    return float(rebase(1.0, index=index, from_year=year, to_year=prices.base))


def bands_of(discount: Discount) -> Bands:
    """The rates of a named schedule, or of one flat rate."""
    if discount.schedule is not None:
        return SCHEDULES[discount.schedule].bands
    assert discount.rate is not None
    return flat(discount.rate).bands


def real_weights(contract: Contract) -> Floats | str:
    """Present value of one unit of nominal money in each period, or why there is none."""
    if contract.value is None:
        return "the contract has no value section, so no discount schedule"
    prices = contract.prices
    if prices is None or (prices.inflation is None and not prices.deflator):
        return "prices.inflation is not stated, so nominal money cannot be made real"
    factors = discount_factors(
        bands=bands_of(contract.value.discount), years=times(contract.timeline)
    )
    try:
        return factors / price_levels(contract.timeline, prices)
    except ValueError as missing:
        return str(missing)


def undefined_benefits(contract: Contract) -> dict[str, str]:
    """Benefits that have no value, by name, and why."""
    if contract.value is None:
        return {}
    return {
        name: f"anyway not stated for {missing}"
        for name, benefit in contract.value.benefits.items()
        if (missing := anyway_missing(contract, benefit.of))
    }


def anyway_missing(contract: Contract, outcome: str) -> str | None:
    """The outcome, this one or one it needs, whose anyway (or rate) is not stated."""
    clause = contract.outcomes[outcome]
    if clause.anyway is None:
        return outcome
    found = (anyway_missing(contract, step) for step in clause.steps)
    return next((step for step in found if step is not None), None)


@dataclass(frozen=True)
class BenefitFlow:
    """One benefit: present value (run,), its cashable part, and real money by year (year, run)."""

    present_value: Floats
    cashable: Floats
    by_year: Floats | None


def benefit_flow(
    contract: Contract,
    name: str,
    *,
    additional: Floats,
    drawn: Drawn,
    with_years: bool,
) -> BenefitFlow:
    """What a benefit is worth.

    Parameters
    ----------
    contract, name : Contract, str
        The contract and which of its benefits.
    additional : array (period, run)
        Additional outcomes.
    drawn : Drawn
        Values of the contract's numbers.
    with_years : bool
        Also give real money by year, for the ledger.
    """
    assert contract.value is not None
    benefit: Benefit = contract.value.benefits[name]
    path = f"value.benefits.{name}"
    each = drawn(f"{path}.per_outcome")
    if benefit.prices is not None and contract.prices is not None:
        each = each * to_base(contract.prices, benefit.prices)
    drop_off = drawn(f"{path}.drop_off")
    when = times(contract.timeline)
    factor = benefit_present_value_factor(
        bands=bands_of(benefit.discount or contract.value.discount),
        start_years=when,
        lag=benefit.lag,
        years=None if benefit.profile is not None else benefit.years,
        drop_off=0.0 if benefit.profile is not None else drop_off,
        profile=benefit.profile,
    )
    present_value = weighted(factor, additional) * each
    cashable = present_value * drawn(f"{path}.cashable")
    if not with_years:
        return BenefitFlow(present_value, cashable, None)
    shares: Sequence[float | Floats] = benefit.profile or [
        (1 - drop_off) ** k for k in range(benefit.years)
    ]
    by_year = np.zeros((benefit_years(contract), additional.shape[1]))
    for t, year in enumerate(np.floor(when + 1e-9).astype(int)):
        if np.any(additional[t]):
            for k, share in enumerate(shares):
                by_year[year + benefit.lag + k] += additional[t] * each * share
    return BenefitFlow(present_value, cashable, by_year)


def benefit_years(contract: Contract) -> int:
    """Length of the axis of years on which benefits run."""
    if contract.value is None:
        return 0
    last = int(np.floor(times(contract.timeline)[-1] + 1e-9))
    longest = (b.lag + len(b.profile or range(b.years)) for b in contract.value.benefits.values())
    return last + max(longest, default=0)


def _taxed(table: dict[str, dict[str, Floats]], party: str, tax: Floats) -> None:
    """Tax within a party's costs uses nothing up: it is paid to the tax authority."""
    if not np.any(tax):
        return
    table[party]["costs"] += tax
    table[party]["payments"] -= tax
    table[TAX_AUTHORITY]["payments"] += tax


def _account_rows(
    contract: Contract,
    table: dict[str, dict[str, Floats]],
    weights: Floats,
    account: Account,
    due: Floats,
    tax_due: Floats,
) -> None:
    """Enter costs met, what capital puts in and gets, and sums between parties."""
    assert contract.capital is not None
    for flow in account.brought.values():
        table[ACCOUNT]["payments"] += weighted(weights, flow)
    for flow in account.returned.values():
        table[ACCOUNT]["payments"] -= weighted(weights, flow)
    spent = weighted(weights, account.met)
    table[ACCOUNT]["costs"] -= spent
    # who is paid for delivery spends what it gets; what is not met, the provider bears
    table[PROVIDER]["costs"] -= weighted(weights, due) - spent
    for party, flow in account.forgone.items():
        worth = weighted(weights, flow)
        table[PROVIDER]["costs"] += worth
        table[party]["costs"] -= worth
    if np.any(account.untaxed):
        table[PROVIDER]["costs"] += weighted(weights, account.untaxed)
    met_tax = sum(
        (weighted(weights, f) for (_, _, kind), f in account.moves.items() if kind == "tax"),
        np.zeros_like(tax_due),
    )
    _taxed(table, PROVIDER, tax_due - met_tax)
    for name, kinds in account.flows.items():
        holder = table[contract.capital.holder(name)]
        for kind, flow in kinds.items():
            if kind in ("drawn", "interest", "principal", "surplus"):
                gain = weighted(weights, flow) * (-1 if kind == "drawn" else 1)
                holder["return"] += gain
                table[ACCOUNT]["return"] -= gain
    for (giver, taker, kind), flow in account.moves.items():
        worth = weighted(weights, flow)
        if kind == "tax":
            _taxed(table, ACCOUNT, worth)
        elif kind != "cost":
            for end, sign in ((giver, -1), (taker, 1)):
                party = contract.capital.holder(end) if end in account.flows else end
                table[party]["return"] += sign * worth


def weighted(weights: Floats, flows: Floats) -> Floats:
    """Sum over periods of weight × flow, shape (run,), added up in order of periods.

    Not a matrix product: its last digits would depend on how many runs are asked for.
    """
    total = np.zeros(np.broadcast_shapes(weights.shape[1:], flows.shape[1:]))
    for weight, flow in zip(weights, flows, strict=True):
        if np.any(flow):
            total += weight * flow
    return total


def incidence(
    contract: Contract,
    *,
    weights: Floats,
    by_payer: Mapping[str, Floats],
    income: Floats,
    tax: Floats | None,
    backs: Mapping[str, Floats],
    running: Mapping[str, Floats],
    running_tax: Mapping[str, Floats],
    due: Floats,
    cost_tax: Floats,
    account: Account | None,
    benefits: Mapping[str, Floats],
    runs: int,
) -> dict[str, dict[str, Floats]]:
    """Who pays and who gains: party → column → present value (run,), gains positive.

    Parameters
    ----------
    weights : array (period,)
        Present value of nominal money by period.
    by_payer, running : mapping of payer to array (period, run)
        Outcome payments less what is paid back, and the payer's own costs of running the contract.
    income, tax : array (period, run)
        Of those payments, what the account (or the provider) receives, and what is tax (or None).
    backs : mapping of party to array (period, run)
        What is paid back to payers.
    running_tax : mapping of payer to array (period, run)
        Tax within its costs.
    due, cost_tax : array (period, run)
        Delivery costs, and tax within them.
    account : Account or None
        Of a contract with capital.
    benefits : mapping of benefit to array (run,)
        Present values; one that is left out is undefined, and so is whoever it touches.

    Returns
    -------
    dict
        Every party named in the contract, and the account where there is one. Summed over
        parties, payments, transfers and return are zero; costs are minus the real resources.
    """
    parties = [*contract.party_names, *([ACCOUNT] if account is not None else [])]
    table = {party: {column: np.zeros(runs) for column in COLUMNS} for party in parties}
    receiver = ACCOUNT if account is not None else PROVIDER
    for payer, flow in by_payer.items():
        table[payer]["payments"] -= weighted(weights, flow)
    table[receiver]["payments"] += weighted(weights, income)
    if tax is not None and contract.payments.tax is not None:
        table[contract.payments.tax.to]["payments"] += weighted(weights, tax)
    for party, flow in backs.items():
        table[party]["payments"] -= weighted(weights, flow)
    for payer, flow in running.items():
        table[payer]["costs"] -= weighted(weights, flow)
    for payer, flow in running_tax.items():
        _taxed(table, payer, weighted(weights, flow))
    tax_due = weighted(weights, cost_tax) if np.any(cost_tax) else np.zeros(runs)
    if account is None:
        table[PROVIDER]["costs"] -= weighted(weights, due)
        _taxed(table, PROVIDER, tax_due)
    else:
        _account_rows(contract, table, weights, account, due, tax_due)
    assert contract.value is not None
    for name, benefit in contract.value.benefits.items():
        # a benefit whose anyway is not stated is not nothing: who it touches is undefined
        worth = benefits.get(name, np.full(runs, np.nan))
        column = "transfers" if benefit.taken_from else "benefits"
        table[benefit.to][column] += worth
        if benefit.taken_from:
            table[benefit.taken_from][column] -= worth
    return table
