"""The slow twin of ``settle``: accepted records, paid one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pandas as pd
from twin_money import TwinPayments
from twin_readings import Begun, Told, TwinReadings
from twin_tables import Claim, Seen

from sibmodel.acceptance import Line, accept, facts_of
from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Assumptions
from sibmodel.records import read_records


def settle_twin(
    contract: Contract, records: pd.DataFrame
) -> dict[tuple[int, int, str, str, str], float]:
    """Payments by period of settling, period of cash, rule, payer and direction, not rounded.

    What is accepted of the records, and what that tells performances, is taken from the model.
    """
    recorded = read_records(contract, records, None)
    accepted = accept(contract, recorded)
    facts, figures, starts = facts_of(contract, accepted, recorded.measured)
    values = Assumptions(contract).means().values

    def number(path: str, group: str | None) -> float:
        value = values.get(f"{path}@{group}")
        return float(values[path] if value is None else value)  # type: ignore[arg-type]

    read = TwinReadings(
        contract,
        number,
        [Told(f.outcome, f.cohort, f.group, f.date, f.people, f.observed, f.counterfactual)
         for f in facts],
        [Seen(f.performance, f.cohort, f.group, f.date, float(f.value)) for f in figures],
        [Begun(s.cohort, s.group, s.date, float(s.people)) for s in starts],
        simulated=False,
    )  # fmt: skip
    twin = TwinPayments(
        contract,
        number,
        claims_of(contract, accepted.lines),
        read.all(),
        lambda name, t: accepted_of(accepted.lines, name, t),
    )
    on_top = 1.0
    if contract.payments.tax is not None and not contract.payments.tax.included:
        on_top += contract.payments.tax.rate
    found: dict[tuple[int, int, str, str, str], float] = defaultdict(float)
    for payment in twin.pay():
        way = "paid" if payment.amount > 0 else "paid_back"
        key = (payment.period, payment.due, payment.rule, payment.payer, way)
        found[key] += abs(payment.amount) * on_top
    return dict(found)


def claims_of(contract: Contract, lines: Sequence[Line]) -> list[Claim]:
    """A claim for each accepted record and rule that pays for it."""
    found = []
    for line in lines:
        record = line.record
        for name, rule in contract.payments.rules.items():
            if rule.pays == record.outcome and line.accepted > 0:
                person = None if record.person is None else (record.cohort, record.person)
                found.append(
                    Claim(name, record.period, record.date, line.accepted, record.cohort,
                          record.group, line.started, person)
                )  # fmt: skip
    return found


def accepted_of(lines: Sequence[Line], name: str, t: int) -> float:
    """How many of an outcome, or starts of a cohort or group, were accepted up to a period."""
    total = 0.0
    for line in lines:
        record = line.record
        names = {record.outcome}
        if record.outcome == record.cohort and record.group is not None:
            names |= {record.group, record.group.rpartition("/")[2]}
        if name in names and record.period <= t:
            total += line.accepted
    return total
