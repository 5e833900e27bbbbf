"""Laws that hold for every contract: money is conserved, no limit is passed, nobody is invented."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
from changed import scaled, shuffled
from generate import Data, contracts
from generate_limits import nested_limits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from limit_checks import check, limits_of, sizes
from small_blocks import RUNS, small_blocks  # noqa: F401  (a fixture for all tests here)

from sibmodel import Contract, People, simulate
from sibmodel.model.incidence import BENEFITS, COLUMNS
from sibmodel.model.measures import measures, values
from sibmodel.model.stages import Stages
from sibmodel.model.value import real_weights, undefined_benefits
from sibmodel.plan import Plan
from sibmodel.walk import BASE_CASE, Switches

CENT = 1e-6


def block(data: Data, seed: int = 0) -> Stages:
    """All runs of the first block of a contract."""
    plan = Plan(Contract.from_dict(data))
    return plan.stages(seed=seed, block=0, switches=Switches(), details=True)


def total(stages: Stages) -> np.ndarray:
    """Outcome payments of each run, less what is paid back, shape (run,)."""
    return sum(stages.by_payer.values()).sum(axis=0)  # type: ignore[union-attr]


# --- people are drawn once ------------------------------------------------------------------------


@given(contracts(), st.floats(0.3, 2.0))
@settings(max_examples=15)
def test_people_that_are_kept_give_what_drawing_them_gives(data: Data, dearer: float) -> None:
    people, changed = People(), copy.deepcopy(data)
    for rule in changed["payments"]["rules"].values():
        if isinstance(rule.get("price"), float | int):
            rule["price"] = rule["price"] * dearer
    for one in (data, changed, data):
        plan = Plan(Contract.from_dict(one))
        [kept] = plan.parts(
            seed=0, block=0, switches=Switches(), details=True, width=RUNS, kept=people
        )
        drawn = block(one)
        for name, value in values(kept, plan.measures).items():
            np.testing.assert_array_equal(value, values(drawn, plan.measures)[name], err_msg=name)


# --- money is conserved ---------------------------------------------------------------------------


@given(contracts(capital=True))
def test_money_is_conserved_in_every_run_and_period(data: Data) -> None:
    stages = block(data)
    account = stages.account
    assert account is not None
    before = np.vstack([np.zeros(stages.runs), account.balance[:-1]])
    tax = data["payments"].get("tax", {"rate": 0.0})["rate"]
    [tranche] = stages.tranches.values()
    drawn, distributed = tranche.drawn, tranche.received
    came = before + drawn + stages.paid.by_payer.sum(axis=0) / (1 + tax)
    np.testing.assert_allclose(came, account.met + distributed + account.balance, atol=CENT)
    np.testing.assert_allclose(
        np.broadcast_to(stages.costs, account.met.shape), account.met + account.unmet, atol=CENT
    )
    commitment = next(iter(data["capital"]["tranches"].values()))["commitment"]
    assert (drawn.sum(axis=0) <= commitment + CENT).all()
    assert (np.abs(account.balance[-1]) <= CENT).all()
    for flow in (drawn, account.met, account.unmet, distributed, account.balance):
        assert (flow >= -CENT).all()


@given(contracts(valued=True, anyway=True))
def test_over_all_parties_transfers_cancel_and_society_is_benefits_less_resources(
    data: Data,
) -> None:
    contract = Contract.from_dict(data)
    stages = block(data)
    columns = {column: sum(row[column] for row in stages.incidence.values()) for column in COLUMNS}
    for column in ("payments", "return"):
        np.testing.assert_allclose(columns[column], 0.0, atol=CENT)
    if undefined_benefits(contract):  # who such a benefit touches is undefined, and so is society
        assert all(np.isnan(sum(columns[column] for column in BENEFITS)))
        return
    np.testing.assert_allclose(columns["transfers"], 0.0, atol=CENT)
    weights = real_weights(contract)
    assert not isinstance(weights, str)
    resources = [stages.costs, *stages.running.values()]
    spent = sum(weights @ np.broadcast_to(flow, (len(weights), stages.runs)) for flow in resources)
    real = sum(
        (
            worth
            for name, worth in stages.benefits.items()
            if contract.value.benefits[name].taken_from is None  # type: ignore[union-attr]
        ),
        np.zeros(stages.runs),
    )
    society = sum(columns.values())
    np.testing.assert_allclose(society, real - spent, rtol=1e-9, atol=CENT)
    found = values(stages, measures(contract))
    if contract.delivery is None:
        assert "net_present_value[society]" not in found
        return
    np.testing.assert_allclose(found["net_present_value[society]"], society, rtol=1e-12, atol=CENT)


# --- limits ---------------------------------------------------------------------------------------


def undelayed(data: Data) -> Data:
    """The same contract paid in the period of the claim, in which limits are counted."""
    data = copy.deepcopy(data)
    data["payments"].pop("paid_after", None)
    for rule in data["payments"]["rules"].values():
        rule.pop("paid_after", None)
        if "pays" in rule:
            rule.pop("due", None)
    return data


@given(contracts())
def test_no_payment_passes_a_limit_and_payers_shares_sum_to_it(data: Data) -> None:
    data = undelayed(data)
    contract = Contract.from_dict(data)
    stages = block(data)
    payments, per_year = contract.payments, contract.timeline.periods_per_year
    paid, joint = stages.paid, stages.paid.joint
    assert joint is not None
    np.testing.assert_allclose(joint.sum(axis=0), paid.paid, atol=CENT)
    np.testing.assert_allclose(joint.sum(axis=1), paid.by_payer, atol=CENT)
    assert (joint >= -CENT).all()
    on_top = 1.0 if payments.tax is None or payments.tax.included else 1 + payments.tax.rate
    assert (paid.paid <= paid.earned * (1 + 1e-9) * on_top + CENT).all()
    net = paid.paid / on_top if paid.back is None else (paid.paid - paid.back) / on_top
    known = {
        name: np.cumsum(stages.claimed[name].sum(axis=0, dtype=float), axis=0)
        for name in contract.outcomes
    }
    for cohort in contract.cohorts:
        started = sum(stages.starts[group].astype(float) for group in contract.groups(cohort))
        known[cohort] = np.cumsum(started, axis=0)
    names = [*payments.rules]
    people = sum(group.sum(axis=0) for group in stages.starts.values())
    for name, rules, scope, size in limits_of(contract):
        every = range(len(net)) if name == "contract" else [names.index(rule) for rule in rules]
        flow = net[every].sum(axis=0)
        allowed = sizes(contract, size, "amount", known)
        if scope == "person" and size.amount is not None:
            claims = [r for r in every if r < len(names) and of_people(contract, names[r])]
            assert (net[claims].sum(axis=(0, 1)) <= people * size.amount + CENT).all()
        elif scope == "cohort" and len(contract.cohorts) == 1 and name != "contract":
            check(flow, allowed, scope, per_year, name, CENT)
        elif scope not in ("person", "cohort"):
            check(flow, allowed, scope, per_year, name, CENT)
            price = data["payments"]["rules"].get(name, {}).get("price")
            plain = isinstance(price, float) and of_people(contract, name)
            if plain and not payments.factors and not payments.rules[name].factors:
                numbers = sizes(contract, size, "number", known)
                if np.isfinite(numbers[0]).all():
                    most = [price * number for number in numbers]
                    check(flow, most, scope, per_year, name, CENT)
    back = 0.0 if paid.back_to is None else paid.back_to
    for p, payer in enumerate(payments.payers.values()):
        for scope, size in payer.limits:
            if size is not None:
                allowed = sizes(contract, size, "amount", known)
                flow = ((paid.by_payer - back) / on_top)[p]
                check(flow, allowed, scope, per_year, payer, CENT)


def of_people(contract: Contract, rule: str) -> bool:
    """Whether a rule pays for claims, each of one person."""
    pays = contract.payments.rules[rule].pays
    return pays in contract.outcomes or pays in contract.cohorts


@st.composite
def nested(draw: st.DrawFn, **options: Any) -> Data:
    """Contracts with nested limits of money; no gate, switch, volume limit or two-sided rule."""
    data = draw(contracts(limited=False, gated=False, referrals=False, **options))
    nested_limits(draw, data)
    return data


@given(nested(), st.sampled_from([1.01, 1.5, 4.0]), st.integers(0, 3))
def test_where_limits_nest_a_dearer_price_never_pays_less(
    data: Data, dearer: float, which: int
) -> None:
    names = list(data["payments"]["rules"])
    rule = data["payments"]["rules"][names[which % len(names)]]
    rule.setdefault("factors", {})["dearer"] = 1.0
    before = total(block(data))
    rule["factors"]["dearer"] = dearer
    after = total(block(data))
    assert (after >= before - CENT).all()


@given(nested(read=False), st.sampled_from([0.0, 0.3, 0.8]), st.integers(0, 4))
def test_where_limits_nest_a_further_claim_never_pays_less(
    data: Data, share: float, which: int
) -> None:
    """Without performances, which one claim more may worsen; and without marginal bands: a claim
    that a limit leaves unpaid brings the next ones into a cheaper band all the same.
    """
    assume("each_above" not in str(data["payments"]["rules"]))
    outcome = list(data["outcomes"].values())[which % len(data["outcomes"])]
    outcome["claimed"] = share
    before = total(block(data))
    outcome["claimed"] = 1.0
    after = total(block(data))
    assert (after >= before - CENT).all()


# --- additional outcomes --------------------------------------------------------------------------


@given(contracts(anyway=True, limited=False, read=False), st.data())
def test_more_deadweight_never_makes_more_additional_outcomes(data: Data, choose: Any) -> None:
    contract = Contract.from_dict(data)
    name = choose.draw(st.sampled_from(list(data["outcomes"])))
    data["outcomes"][name]["anyway"] = 0.1
    before = block(data)
    data["outcomes"][name]["anyway"] = 0.3
    after = block(data)

    followed = [step for clause in contract.outcomes.values() for step in clause.steps]
    branched = any(
        len(clause.steps) > 1 or any(followed.count(step) > 1 for step in clause.steps)
        for clause in contract.outcomes.values()
    )

    def exempt(other: str) -> bool:
        """Outcomes of which fewer is better, and those that make room for it: which it excludes,
        and what follows them.

        Where ladders go together, so is what follows it, if it is one of several: how high somebody
        stands among those who took a step moves with the room the step has. Where people are
        alike, so is what branches from it: shared luck moves the share of all who start, so that
        those who begin a branch are the less likely to go on the more others begin it.
        """
        if contract.outcomes[other].better == "lower":
            return True
        cohorts = [contract.cohorts[c] for c in contract.cohorts_of(other)]
        together = any(cohort.togetherness > 0 for cohort in cohorts)
        alike = any(cohort.alikeness > 0 for cohort in cohorts)
        todo = [other]
        while todo:
            step = todo.pop()
            family = next(
                (o.one_of for o in contract.outcomes.values() if step in (o.one_of or ())), ()
            )
            if name in family and (step != name or (together and other != name)):
                return True
            if alike and name in contract.outcomes[step].steps and branched:
                return True
            todo += contract.outcomes[step].steps
        return False

    for other in contract.outcomes:
        if not exempt(other):
            # so far: more who take the quicker of two routes without us come sooner, not later
            less, more = (np.cumsum(x.additional(other), axis=0) for x in (after, before))
            assert (less <= more + CENT).all(), other
    assert (after.anyway[name].sum(axis=(0, 1)) >= before.anyway[name].sum(axis=(0, 1))).all()


# --- runs -----------------------------------------------------------------------------------------


@given(contracts(referrals=False))
def test_with_nothing_left_to_chance_one_run_is_who_starts_times_the_mean_rates(data: Data) -> None:
    plan = Plan(Contract.from_dict(data))
    stages = plan.stages(seed=0, block=0, switches=BASE_CASE, details=True)
    assert stages.runs == 1
    again = plan.stages(seed=5, block=1, switches=BASE_CASE, details=True)
    np.testing.assert_array_equal(stages.paid.paid, again.paid.paid)
    drawn = plan.assumptions.means()
    for name, clause in plan.contract.outcomes.items():
        if clause.steps or clause.one_of:
            continue
        for g, group in enumerate(plan.contract.groups_of(name)):
            expected = stages.starts[group].sum() * drawn(f"outcomes.{name}.rate", group)
            assert stages.achieved[name][g].sum() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=max(settings.default.max_examples // 4, 5))
@given(contracts(), st.integers(0, RUNS - 1))
def test_a_run_is_the_same_whatever_the_number_of_runs(data: Data, run: int) -> None:
    contract = Contract.from_dict(data)
    few = simulate(contract, runs=run + 1, progress=False)
    many = simulate(contract, runs=RUNS + 7, progress=False)
    for name in few.names:
        assert few.measure(name)[run] == pytest.approx(
            many.measure(name)[run], rel=1e-12, abs=1e-12, nan_ok=True
        ), name


# --- order and currency ---------------------------------------------------------------------------


@given(contracts(), st.integers(0, 9))
def test_the_order_of_clauses_changes_nothing(data: Data, order: int) -> None:
    mixed = shuffled(data, random.Random(order))
    contract, other = Contract.from_dict(data), Contract.from_dict(mixed)
    first, second = block(data), block(mixed)
    for name in contract.outcomes:
        for kind in ("achieved", "anyway", "claimed"):
            if name in getattr(first, kind):
                assert (getattr(first, kind)[name] == getattr(second, kind)[name]).all()
    rules, payers = list(other.payments.rules), list(other.payments.payers)
    for r, rule in enumerate(contract.payments.rules):
        np.testing.assert_allclose(
            first.paid.paid[r], second.paid.paid[rules.index(rule)], rtol=1e-9, atol=CENT
        )
    for p, payer in enumerate(contract.payments.payers):
        np.testing.assert_allclose(
            first.paid.by_payer[p], second.paid.by_payer[payers.index(payer)], rtol=1e-9, atol=CENT
        )
    for party, row in first.incidence.items():
        for column, worth in row.items():
            np.testing.assert_allclose(worth, second.incidence[party][column], rtol=1e-9, atol=CENT)


@given(contracts())
def test_the_unit_of_currency_changes_no_more_than_the_unit(data: Data) -> None:
    small, large = block(data), block(scaled(data, 1000.0))
    np.testing.assert_allclose(large.paid.paid, 1000 * small.paid.paid, rtol=1e-9, atol=CENT)
    first = values(small, measures(small.contract))
    second = values(large, measures(large.contract))
    for measure in measures(small.contract):
        if measure.name not in first:
            continue
        by = 1000.0 if "money" in measure.unit else 1.0
        np.testing.assert_allclose(
            second[measure.name], by * first[measure.name], rtol=1e-6, atol=1e-4,
            err_msg=measure.name,
        )  # fmt: skip


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e6, 1e9])
def test_whether_a_limit_binds_does_not_hang_on_the_unit_of_currency(unit: float) -> None:
    # Every limit is just met by seven claims, but for what rounding adds.
    candidates = (round(100 + 37.77 * k, 2) for k in range(2000))
    prices = [p for p in candidates if 7 * (p * unit) > round(7 * p, 2) * unit][:20]
    assert prices
    rules: Data = {
        f"rule_{k}": {
            "pays": "done",
            "price": price * unit,
            "limits": {"total": round(7 * price, 2) * unit},
        }
        for k, price in enumerate(prices)
    }
    data: Data = {
        "schema": 1,
        "name": "just met",
        "currency": "GBP",
        "timeline": {"start": "2027-04-01", "step": "year", "periods": 3},
        "cohorts": {"all": {"people": 7, "intake": [7]}},
        "outcomes": {"done": {"cohort": "all", "rate": 1.0, "anyway": 0.0}},
        "payments": {"rules": rules, "payers": {"council": 1.0}},
    }
    stages = block(data)
    found = values(stages, measures(stages.contract))
    binds = [v for name, v in found.items() if name.startswith("limit_binds")]
    assert len(binds) == len(prices)
    assert any(cut.any() for cut in stages.paid.cut.values())  # the case is a real one
    assert not any(v.any() for v in binds)
