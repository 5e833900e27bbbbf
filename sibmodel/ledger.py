"""The ledger: the stages of all runs as labelled arrays, with units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from sibmodel.contract.contract import Contract
from sibmodel.model.benefits import benefit_years, no_savings, savings_years
from sibmodel.model.capital import Account
from sibmodel.model.floors import floor_names
from sibmodel.model.moves import label, moves_of
from sibmodel.model.price_levels import year_label
from sibmodel.model.stages import Stages
from sibmodel.model.value import anyway_missing, undefined_benefits

# variable: axes inside the model (the run axis last, so that a period is contiguous), unit, title
VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "starts": (("period", "group", "run"), "people", "People who started"),
    "achieved": (("period", "group", "outcome", "run"), "outcomes", "Achieved"),
    "anyway": (
        ("period", "group", "outcome", "run"),
        "outcomes",
        "Would have happened anyway (0 where not stated: see attrs)",
    ),
    "claimed": (("period", "group", "outcome", "run"), "outcomes", "Claimed with evidence"),
    "paid": (("rule", "period", "run"), "money", "Outcome payments by rule, in cash"),
    "paid_by_payer": (("payer", "period", "run"), "money", "Outcome payments by payer, in cash"),
    "paid_by_rule_and_payer": (
        ("payer", "rule", "period", "run"),
        "money",
        "Outcome payments by rule and payer, in cash",
    ),
    "tax": (
        ("period", "run"),
        "money",
        "Tax within outcome payments, which the account does not get",
    ),
    "paid_back": (
        ("payer", "period", "run"),
        "money",
        "Paid or handed back to payers, in cash",
    ),
    "readings": (("reading", "run"), "figures", "Performances as read, by date of reading"),
    "costs": (("period", "run"), "money", "Delivery costs due"),
    "running_costs": (("payer", "period", "run"), "money", "Payers' own running costs"),
    "met": (("period", "run"), "money", "Delivery costs met from the account"),
    "unmet": (("period", "run"), "money", "Delivery costs not met: borne by the provider"),
    "balance": (("period", "run"), "money", "Balance of the account at the end of the period"),
    "drawn": (("tranche", "period", "run"), "money", "Investors' money in"),
    "distributed": (("tranche", "period", "run"), "money", "Investors' money out"),
    "interest": (("tranche", "period", "run"), "money", "Interest paid to tranches"),
    "principal": (("tranche", "period", "run"), "money", "Principal paid back to tranches"),
    "surplus": (("tranche", "period", "run"), "money", "Surplus paid to tranches"),
    "guaranteed": (("tranche", "period", "run"), "money", "Paid to tranches under guarantees"),
    "put_in": (
        ("tranche", "period", "run"),
        "money",
        "Drawn from tranches, and paid by them under settlements or back to payers",
    ),
    "moved": (("move", "period", "run"), "money", "Sums between other parties"),
    "ending": (("run",), "place of the ending among the contract's", "Which ending held; -1: none"),
    "ended": (("run",), "period", "When it ended early; -1: it did not"),
    "assumed": (("assumption", "run"), "as stated", "Uncertain numbers as drawn"),
    "investor_cash_flow": (
        ("period", "run"),
        "money",
        "Received by investors less what they put in",
    ),
    "provider_cash_flow": (
        ("period", "run"),
        "money",
        "What the provider receives less what it spends and puts in",
    ),
    "benefits": (
        ("year", "party", "run"),
        "real money",
        "Benefits by year after the start, less what a party loses by them",
    ),
    "cashable_savings": (
        ("financial_year", "party", "run"),
        "money",
        "Cashable part of benefits by the year it is dated in, nominal, less what a party loses",
    ),
}

_ORDER = (
    *("run", "year", "financial_year", "period", "group", "outcome", "payer", "rule", "tranche"),
    *("party", "reading", "move", "assumption"),
)


def arrays(stages: Stages, *, joint: bool) -> dict[str, npt.NDArray[Any]]:
    """What a block keeps, by variable, axes as in VARIABLES."""
    contract = stages.contract
    groups, outcomes = contract.group_labels, list(contract.outcomes)
    some = next(iter(stages.achieved.values()))
    periods, runs = some.shape[1], some.shape[2]
    kind_of_number = np.result_type(*{counts.dtype for counts in stages.achieved.values()})
    kept: dict[str, npt.NDArray[Any]] = {
        "starts": np.stack([stages.starts[group] for group in groups], axis=1)
    }
    kept["starts"] = kept["starts"].astype(kind_of_number, copy=False)
    for kind in ("achieved", "anyway", "claimed"):
        counts = getattr(stages, kind)
        whole = np.zeros((periods, len(groups), len(outcomes), runs), dtype=kind_of_number)
        for o, outcome in enumerate(outcomes):
            if outcome in counts:
                mine = contract.groups_of(outcome)
                where = [groups.index(group) for group in mine]
                whole[:, where, o] = counts[outcome].transpose(1, 0, 2)
        kept[kind] = whole
    kept |= _payments(stages, joint=joint)
    if contract.performance:
        kept["readings"] = _readings(stages)
    if stages.assumed:
        kept["assumed"] = np.stack(
            [np.broadcast_to(value, (runs,)) for value in stages.assumed.values()]
        )
    if contract.delivery is not None:
        kept["provider_cash_flow"] = np.broadcast_to(stages.provider_cash_flow, (periods, runs))
    kept["costs"] = np.broadcast_to(stages.costs, (periods, runs))
    if stages.running:
        kept["running_costs"] = np.stack(
            [
                np.broadcast_to(stages.running.get(payer, np.zeros((periods, 1))), (periods, runs))
                for payer in contract.payments.payers
            ]
        )
    if stages.account is not None:
        account = stages.account
        kept |= {"met": account.met, "unmet": account.unmet, "balance": account.balance}
        kept |= _capital(stages, account)
        kept["investor_cash_flow"] = stages.investor_cash_flow
    if stages.benefit_years:
        assert contract.value is not None
        parties = contract.party_names
        by_party = np.zeros((benefit_years(contract), len(parties), runs))
        for name, flow in stages.benefit_years.items():
            benefit = contract.value.benefits[name]
            by_party[:, parties.index(benefit.to)] += flow
            if benefit.taken_from:
                by_party[:, parties.index(benefit.taken_from)] -= flow
        kept["benefits"] = by_party
    if stages.incidence and savings_years(contract) and no_savings(contract) is None:
        kept["cashable_savings"] = _savings(stages)
    return kept


def _savings(stages: Stages) -> npt.NDArray[Any]:
    """Cashable savings, (financial_year, party, run); NaN where a benefit is undefined."""
    contract = stages.contract
    assert contract.value is not None
    parties = contract.party_names
    saved = np.zeros((len(savings_years(contract)), len(parties), stages.runs))
    for name, benefit in contract.value.benefits.items():
        if benefit.cashable != 0:
            flow = stages.savings.get(name, np.nan)
            saved[:, parties.index(benefit.to)] += flow
            if benefit.taken_from:
                saved[:, parties.index(benefit.taken_from)] -= flow
    return saved


def _capital(stages: Stages, account: Account) -> dict[str, npt.NDArray[Any]]:
    """Tranches' money in and out, what it was, and sums between other parties."""
    contract = stages.contract
    flows = list(stages.tranches.values())
    kept: dict[str, npt.NDArray[Any]] = {
        "drawn": np.stack([flow.drawn for flow in flows]),
        "distributed": np.stack([flow.received for flow in flows]),
    }
    nothing = np.zeros(kept["drawn"].shape[1:])
    if not contract.plain_capital:
        for kind in ("interest", "principal", "surplus", "guaranteed", "put_in"):
            parts = (
                [flow.put_in for flow in flows]
                if kind == "put_in"
                else [mine.get(kind, nothing) for mine in account.flows.values()]
            )
            kept[kind] = np.stack(parts)
    moves = moves_of(contract)
    if moves:
        kept["moved"] = np.stack([account.moves.get(move, nothing) for move in moves])
    if contract.ending_names:
        stops = account.stops
        none = np.full(stages.runs, -1)
        kept["ending"] = none if stops is None else stops.ending
        kept["ended"] = none if stops is None else np.where(none < stops.ending, stops.period, none)
    return kept


def _payments(stages: Stages, *, joint: bool) -> dict[str, npt.NDArray[Any]]:
    """Payments by rule and by payer, what payers bring for tranches among them; what goes back."""
    contract, paid, account = stages.contract, stages.paid, stages.account
    payers, kept = list(contract.payments.payers), {"paid": paid.paid}
    kept["paid_by_payer"] = paid.by_payer
    if stages.tax is not None:
        kept["tax"] = stages.tax
    bonds = contract.bonds
    if bonds and account is not None:
        brought = np.zeros((len(payers), len(bonds), *paid.paid.shape[1:]))
        for (payer, tranche), amount in account.brought.items():
            brought[payers.index(payer), bonds.index(tranche)] += amount
        kept["paid"] = np.concatenate([paid.paid, brought.sum(axis=0)])
        kept["paid_by_payer"] = paid.by_payer + brought.sum(axis=1)
        if joint and paid.joint is not None:
            kept["paid_by_rule_and_payer"] = np.concatenate([paid.joint, brought], axis=1)
    elif joint and paid.joint is not None:
        kept["paid_by_rule_and_payer"] = paid.joint
    rules = contract.payments.rules.values()
    back = np.zeros_like(paid.by_payer) if paid.back_to is None else paid.back_to
    if account is not None and contract.hands_back:
        back = back.copy()
        for payer, amount in account.returned.items():
            back[payers.index(payer)] += amount
        kept["paid_back"] = back
    elif any(rule.paid_back_by for rule in rules):
        kept["paid_back"] = back
    return kept


def reading_labels(stages: Stages) -> list[str]:
    """Every reading, ``performance@date`` or ``performance/group@date``, in order."""
    return [
        f"{name}{f'/{reading.group or reading.cohort}' if reading.cohort else ''}@{reading.date}"
        for name, mine in stages.readings.items()
        for reading in mine
    ]


def _readings(stages: Stages) -> npt.NDArray[Any]:
    """Readings of these runs, (reading, run)."""
    values = [
        np.broadcast_to(np.asarray(reading.value, dtype=float), (stages.runs,))
        for mine in stages.readings.values()
        for reading in mine
    ]
    return np.stack(values) if values else np.zeros((0, stages.runs))


def sized(
    base: Mapping[str, npt.NDArray[Any]], people: type[np.generic]
) -> dict[str, npt.NDArray[Any]]:
    """The base case's arrays with the types that simulated runs have: ``people`` for counts."""
    counts = {"starts", "achieved", "anyway", "claimed"}
    return {
        name: array.astype(people if name in counts else array.dtype)
        for name, array in base.items()
    }


def dataset(
    contract: Contract,
    kept: Mapping[str, npt.NDArray[Any]],
    readings: Sequence[str],
    assumed: Sequence[str],
) -> xr.Dataset:
    """The ledger as a dataset with named axes; the arrays are views, not copies."""
    timeline = contract.timeline
    coordinates: dict[str, Any] = {
        "run": np.arange(next(iter(kept.values())).shape[-1]),
        "period": np.arange(timeline.periods),
        "group": list(contract.group_labels),
        "outcome": list(contract.outcomes),
        "rule": [*contract.payments.rules, *floor_names(contract.payments), *contract.bonds],
        "payer": list(contract.payments.payers),
        "tranche": list(contract.capital.tranches) if contract.capital else [],
        "party": list(contract.party_names),
        "reading": list(readings),
        "move": [label(move) for move in moves_of(contract)],
        "assumption": list(assumed),
        "year": np.arange(benefit_years(contract)),
        "financial_year": [
            year_label(year, contract.prices.base if contract.prices else "")
            for year in savings_years(contract)
        ],
        "date": (
            "period",
            np.array([timeline.date(t) for t in range(timeline.periods)], dtype="datetime64[ns]"),
        ),
    }
    variables, used = {}, {"run", "period", "date"}
    for name, array in kept.items():
        axes, unit, title = VARIABLES[name]
        money = unit.replace("money", contract.currency)
        variables[name] = xr.DataArray(
            array, dims=axes, attrs={"units": money, "long_name": title}
        ).transpose(*(axis for axis in _ORDER if axis in axes))
        used.update(axes)
    return xr.Dataset(
        variables,
        coords={name: values for name, values in coordinates.items() if name in used},
        attrs={
            "contract": contract.name,
            "benefits_undefined": ", ".join(undefined_benefits(contract)),
            "cashable_savings_undefined": no_savings(contract) or "",
            "currency": contract.currency,
            "anyway_not_stated": ", ".join(
                name for name in contract.outcomes if anyway_missing(contract, name)
            ),
        },
    )
