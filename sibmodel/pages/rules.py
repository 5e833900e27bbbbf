"""Tables of the rules: what each pays, and performances beside the thresholds that they meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel.contract.assumptions import Assumption, ByGroup
from sibmodel.contract.capital import Capital
from sibmodel.contract.contract import Contract
from sibmodel.contract.tables import STEPS, Table
from sibmodel.pages.basis import AbsentError, ledger_of, percentiles_of
from sibmodel.results import Results

PERCENTILES = (10, 50, 90)

BOUND = 1e-11
"""Bounds are tested on 12 significant digits."""


def payments_by_rule(results: Results) -> pd.DataFrame:
    """Outcome payments by rule and floor: expected, percentiles, how often it pays [money].

    What is paid back has a row of its own, below zero. The last row is all payments: the expected
    values add up to it, percentiles do not.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=100, chance=False)
    >>> payments_by_rule(bond)[["rule", "expected", "pays"]].values.tolist()
    [['success', 400000.0, 1.0], ['all payments', 400000.0, 1.0]]
    """
    ledger = ledger_of(results)
    paid = ledger["paid"].sum("period").transpose("run", "rule")
    sums = {str(rule): paid.sel(rule=rule).values for rule in paid["rule"].values}
    if "paid_back" in ledger:
        sums["paid back"] = 0.0 - ledger["paid_back"].sum(["period", "payer"]).values
    whole = sum(sums.values(), np.zeros(results.runs))
    rows = []
    for name, values in {**sums, "all payments": whole}.items():
        rounding = BOUND * np.abs(whole)  # what a full limit leaves
        row = {"rule": name, "expected": float(values.mean())}
        row |= {p: float(v) for p, v in percentiles_of(values, PERCENTILES).items()}
        rows.append(row | {"pays": float((np.abs(values) > rounding).mean())})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Threshold:
    """A figure at which a performance begins to decide otherwise."""

    performance: str
    word: str
    bound: float
    rule: str

    def met(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each value meets it; what is undefined does not.

        Examples
        --------
        >>> Threshold("rate", "at_least", 0.1, "bonus").met(np.array([0.1, 0.09, np.nan])).tolist()
        [True, False, False]
        """
        near = np.abs(values - self.bound) <= BOUND * abs(self.bound)
        over, under = (values > self.bound) & ~near, (values < self.bound) & ~near
        return {
            "at_least": over | near,
            "above": over,
            "at_most": under | near,
            "below": under,
        }[self.word]


def thresholds(results: Results) -> pd.DataFrame:
    """Performances as last read, beside every threshold of a test or table that reads them.

    Returns
    -------
    pandas.DataFrame
        performance (with its cohort or group), p10, p50, p90 and base_case of its value; ``test``
        and ``bound``; ``met``, the share of runs in which the last reading meets it, with its 95%
        limits; ``rules`` that go by it. A performance without a threshold has one row.
    """
    contract = results.contract
    if not contract.performance:
        raise AbsentError("the contract has no performance")
    by: dict[str, dict[tuple[str, float], list[Threshold]]] = {}
    for one in stated(contract):
        mine = by.setdefault(one.performance, {}).setdefault((one.word, one.bound), [])
        mine.append(one)
    rows: list[dict[str, Any]] = []
    for name in results.names:
        if not name.startswith("performance["):
            continue
        label = name.partition("[")[2][:-1]
        row: dict[str, Any] = {"performance": label}
        row |= {f"p{percent}": results.percentile(name, percent) for percent in PERCENTILES}
        row["base_case"] = results.base_case(name)
        values = results.measure(name)
        found = sorted(by.get(label.partition("/")[0], {}).items(), key=lambda item: item[0][1])
        for (word, bound), all_of_it in found:
            rules = ", ".join(dict.fromkeys(one.rule for one in all_of_it))
            met = float(all_of_it[0].met(values).mean())
            rows.append(row | {"test": word, "bound": bound, "met": met, "rules": rules})
        if not found:
            rows.append(row | {"test": "", "bound": np.nan, "met": np.nan, "rules": ""})
    return pd.DataFrame(rows)


def stated(contract: Contract) -> Iterator[Threshold]:
    """Every certain threshold on a performance, rule by rule, then those of the capital.

    Examples
    --------
    >>> import sibmodel as sib
    >>> for one in stated(sib.library.load("peterborough")):
    ...     print(one.performance, one.word, one.bound, one.rule)
    reduction at_least 0.1 one_cohort
    pooled_reduction at_least 0.075 all_cohorts
    """
    for name, rule in contract.payments.rules.items():
        for tested, test in rule.when.items():
            for word in STEPS:
                bound = _certain(contract, getattr(test, word))
                if tested in contract.performance and bound is not None:
                    yield Threshold(tested, word, bound, name)
        for value in (rule.price, rule.amount, rule.deadweight, *rule.factors.values()):
            yield from _in_tables(contract, value, rule.pays, name)
    if contract.capital is not None:
        yield from _in_capital(contract, contract.capital)


def _in_capital(contract: Contract, capital: Capital) -> Iterator[Threshold]:
    """What endings test, and what interest, principal and sums are read off."""
    for name, ending in capital.endings.items():
        for tested, test in ending.when.items():
            for word in STEPS:
                bound = _certain(contract, getattr(test, word))
                if tested in contract.performance and bound is not None:
                    yield Threshold(tested, word, bound, name)
    values: list[tuple[str, Any]] = []
    for name, tranche in capital.tranches.items():
        values += [(name, tranche.principal), (name, tranche.interest.rate)]
    for name, guarantee in capital.guarantees.items():
        values += [(name, guarantee.up_to), (name, guarantee.limit)]
    values += [(name, settlement.amount) for name, settlement in capital.settlements.items()]
    for name, value in values:
        yield from _in_tables(contract, value, None, name)


def _in_tables(contract: Contract, value: Any, pays: str | None, rule: str) -> Iterator[Threshold]:
    """Bounds of rows: steps as they are; ends of lines and bands as what must be passed."""
    if isinstance(value, ByGroup):
        for one in value.by_group.values():
            yield from _in_tables(contract, one, pays, rule)
    if not isinstance(value, Table):
        return
    against = value.by or pays
    if value.form != "from" and against is not None and against in contract.performance:
        for word in STEPS:
            for bound in sorted(getattr(value, word) or ()):
                yield Threshold(against, word, bound, rule)
        for bound in sorted(value.through or ()):
            yield Threshold(against, "at_least", bound, rule)
        for bound in sorted(value.each_above or ()):
            yield Threshold(against, "above", bound, rule)
    for _, part in value.parts():
        yield from _in_tables(contract, part, pays, rule)


def _certain(contract: Contract, bound: Any) -> float | None:
    """A bound that is one figure; None if it is uncertain or read off a table."""
    if isinstance(bound, str):
        bound = contract.assumptions[bound]
    if isinstance(bound, Assumption):
        return bound.value if bound.form == "value" else None
    return float(bound) if isinstance(bound, int | float) else None
