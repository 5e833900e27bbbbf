"""Measures of payments: by payer and year, what limits took, what performances read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.contract.payments import Payments, Size
from sibmodel.model.chance import Floats
from sibmodel.model.limits import limit_names
from sibmodel.model.measure import Measure, Values, total_of
from sibmodel.model.price_levels import year_label
from sibmodel.model.shares import leaves_to_another
from sibmodel.model.stages import Stages
from sibmodel.model.value import OnNominal, nominal_worth, real_weights, years


def _payer_total(payer: str) -> Values:
    return lambda stages: total_of(stages.by_payer[payer])


def _payments_in(periods: list[int]) -> Values:
    return lambda stages: total_of(stages.payments[periods])


def _taken_by(limit: str) -> Values:
    return lambda stages: stages.paid.cut.get(limit, np.zeros(stages.runs))


def _moved_by(limit: str) -> Values:
    return lambda stages: stages.paid.moved.get(limit, np.zeros(stages.runs))


def _binds(limit: str) -> Values:
    def binds(stages: Stages) -> Floats:
        taken = _taken_by(limit)(stages) + _moved_by(limit)(stages)
        rounding = 1e-11 * (taken + total_of(stages.payments))  # whatever the unit of currency
        return np.asarray(taken > rounding, dtype=np.float64)

    return binds


def _used(limit: str, size: float, payments: Payments) -> Values:
    """What is paid under a limit on the total, as a share of it; tax on top is not under it."""
    taxed = payments.tax is not None and not payments.tax.included
    before = size * (1 + payments.tax.rate if taxed and payments.tax is not None else 1.0)
    rules, owner = list(payments.rules), limit.removesuffix(".total")

    def used(stages: Stages) -> Floats:
        if limit == "contract":
            return sum(map(total_of, map(stages.gross_of, payments.payers)), np.zeros(1)) / before
        if owner.startswith("payer "):
            return total_of(stages.gross_of(owner.removeprefix("payer "))) / before
        of = payments.limits.named[owner].of if owner in payments.limits.named else (owner,)
        paid = (total_of(stages.paid.paid[rules.index(name)]) for name in of)
        return sum(paid, np.zeros(1)) / before

    return used


def _totals(payments: Payments) -> Iterator[tuple[str, float]]:
    """Limits of money on a total, by name, and what they allow."""
    owners: list[tuple[str, object]] = [("contract", payments.limits.contract)]
    owners += [(f"payer {n}.total", p.limits.total) for n, p in payments.payers.items()]
    owners += [(f"{n}.total", rule.limits.total) for n, rule in payments.rules.items()]
    owners += [(f"{n}.total", limit.total) for n, limit in payments.limits.named.items()]
    for name, size in owners:
        if isinstance(size, Size) and size.amount:
            yield name, size.amount


def _read(name: str, cohort: str | None, group: str | None) -> Values:
    def value(stages: Stages) -> Floats:
        mine = [
            reading
            for reading in stages.readings.of(name)
            if (reading.cohort, reading.group) == (cohort, group)
        ]
        last = mine[-1].value if mine else np.nan
        return np.array(np.broadcast_to(np.asarray(last, dtype=float), (stages.runs,)))

    return value


def _pays(rule: int) -> Values:
    def pays(stages: Stages) -> Floats:
        rounding = 1e-11 * stages.paid.by_payer.sum(axis=(0, 1))  # what a full limit leaves
        return np.asarray(total_of(stages.paid.paid[rule]) > rounding, dtype=np.float64)

    return pays


def payment_measures(contract: Contract) -> Iterator[Measure]:
    """Every measure of payments, in the order they are shown."""
    payers = contract.payer_names
    weights = real_weights(contract)
    yield Measure(
        "outcome_payments",
        "money",
        "",
        "Outcome payments, all payers, nominal",
        lambda s: total_of(s.payments),
    )
    for payer in payers:
        yield Measure(
            f"outcome_payments[{payer}]",
            "money",
            "",
            f"Outcome payments by {payer}, nominal",
            _payer_total(payer),
        )
    reason = weights if isinstance(weights, str) else None
    factors = OnNominal(np.zeros(0)) if isinstance(weights, str) else weights
    yield Measure(
        "outcome_payments_present_value",
        "real money",
        "",
        "Outcome payments in present value, real",
        lambda s: nominal_worth(factors, s.payments),
        undefined=reason,
    )
    if any(rule.paid_back_by for rule in contract.payments.rules.values()):
        yield Measure(
            "paid_back",
            "money",
            "",
            "What is paid back to payers, nominal; taken off their outcome payments",
            lambda s: sum((total_of(flow) for flow in s.backs.values()), np.zeros(s.runs)),
        )
    if contract.payments.tax is not None:
        yield Measure(
            "tax",
            "money",
            "",
            "Tax within outcome payments, nominal",
            lambda s: np.zeros(s.runs) if s.tax is None else total_of(s.tax),
        )
    labels = _year_labels(contract)
    for label in dict.fromkeys(labels):
        rows = [t for t, other in enumerate(labels) if other == label]
        yield Measure(
            f"payments_in_year[{label}]",
            "money",
            "",
            f"Outcome payments in {label}, nominal, in cash",
            _payments_in(rows),
        )
    yield Measure(
        "taken_by_limits",
        "money",
        "",
        "Claims at their price that limits did not let through",
        lambda s: s.taken_by_limits,
    )
    leaving = tuple(f"payer {name}." for name in sorted(leaves_to_another(contract)))
    for limit in limit_names(contract):
        moves = limit.startswith(leaving)
        yield Measure(
            f"taken_by_limits[{limit}]",
            "money",
            "",
            f"What the limit {limit} took",
            _taken_by(limit),
        )
        if moves:
            yield Measure(
                f"moved_by_limits[{limit}]",
                "money",
                "",
                f"What the limit {limit} left to the payer who has the rest",
                _moved_by(limit),
            )
        yield Measure(
            f"limit_binds[{limit}]",
            "share",
            "",
            f"Whether the limit {limit} took anything{' or left it to another payer' * moves}: its "
            f"expected value is how often",
            _binds(limit),
        )


def limit_measures(contract: Contract) -> Iterator[Measure]:
    """How much of each limit on a total is used."""
    stated = set(limit_names(contract))
    for limit, size in _totals(contract.payments):
        if limit in stated:
            yield Measure(
                f"limit_used[{limit}]",
                "share used",
                "",
                f"What is paid under the limit {limit}, as a share of it",
                _used(limit, size, contract.payments),
            )


def performance_measures(contract: Contract) -> Iterator[Measure]:
    """The last reading of every performance, and how often what it decides is paid."""
    for name, clause in contract.performance.items():
        keys: list[tuple[str | None, str | None]] = [(None, None)]
        over = contract.read_over(name)
        if over == "each_cohort":
            keys = [(cohort, None) for cohort in contract.cohorts_of(name)]
        elif over == "each_group":
            keys = [(contract.cohort_of_group(g), g) for g in contract.groups_of(name)]
        for cohort, group in keys:
            whose = "" if cohort is None else f"/{group or cohort}"
            label = f", in {clause.unit}" if clause.unit not in (None, "percent") else ""
            yield Measure(
                f"performance[{name}{whose}]",
                "percent" if clause.unit == "percent" else "figure",
                "",
                f"{name}{whose and f' of {whose[1:]}'}, as last read{label}",
                _read(name, cohort, group),
                nobody="nobody is compared, or the counterfactual is 0",
            )
    for r, (name, rule) in enumerate(contract.payments.rules.items()):
        if rule.pays in contract.performance or rule.when or rule.unless:
            yield Measure(
                f"pays[{name}]",
                "share",
                "",
                f"Whether {name} pays anything: its expected value is how often",
                _pays(r),
            )


def _year_labels(contract: Contract) -> list[str]:
    kind = contract.prices.base if contract.prices is not None else "2027-28"
    return [year_label(year, kind) for year in years(contract.timeline, kind)]
