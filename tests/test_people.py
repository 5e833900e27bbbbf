"""People with several steps, cohorts and numbers: known answers, exact shares and the slow twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from twin_people import TwinPeople

from sibmodel import Contract
from sibmodel.model.chance import BLOCK
from sibmodel.model.hands import Hands, claimable
from sibmodel.model.ladders import dearest_path
from sibmodel.model.rates import cohort_luck
from sibmodel.plan import Plan
from sibmodel.walk import BASE_CASE, Switches, Where

Data = dict[str, Any]
RUNS = (0, 17, 4095)
SEED = 5


def contract_of(outcomes: Data, cohorts: Data | None = None, **more: Any) -> Contract:
    """Quarters, a payer, and a rule for the first outcome; 100 people start at once unless said."""
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "people",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 24},
            "parties": {"council": {"public": True}},
            "cohorts": cohorts or {"all": {"people": 100, "intake": [100]}},
            "outcomes": outcomes,
            "payments": {
                "rules": {"rule": {"pays": next(iter(outcomes)), "price": 1}},
                "payers": {"council": 1.0},
            },
        }
        | more
    )


def counts(contract: Contract, switches: Switches = BASE_CASE, blocks: int = 1) -> dict[str, Any]:
    """Counts by kind and outcome, shape (group, period, run)."""
    plan = Plan(contract)
    parts = [plan.happened(Where(SEED, b, switches)).counts for b in range(blocks)]
    return {
        kind: {
            name: np.concatenate([part[kind][name] for part in parts], axis=-1)
            for name in parts[0][kind]
        }
        for kind in parts[0]
    }


def expected(contract: Contract, kind: str, outcome: str) -> list[float]:
    """The base case of an outcome by period, over its groups."""
    found: list[float] = counts(contract)[kind][outcome].sum(axis=0)[:, 0].tolist()
    return found


# --- several steps, by hand -----------------------------------------------------------------------


def test_all_steps_are_the_product_over_the_union_of_the_ways() -> None:
    # home 0.5 → work 0.4 → school 0.6 on one branch, health 0.3 on another from home: both take
    # home once, so 0.5 × 0.4 × 0.3 = 0.06 of 100 begin, and 0.8 of them do
    outcomes = {
        "home": {"rate": 0.5, "after": 1},
        "work": {"needs": "home", "rate": 0.4, "after": 1},
        "health": {"needs": "home", "rate": 0.3, "after": 3},
        "settled": {"needs": ["work", "health"], "rate": 0.8, "after": 2},
    }
    found = expected(contract_of(outcomes), "achieved", "settled")
    assert found[6] == pytest.approx(100 * 0.5 * 0.4 * 0.3 * 0.8, rel=1e-12)  # the last: 1 + 3
    assert sum(found) == pytest.approx(found[6])


def test_any_step_is_one_less_none_and_its_clock_starts_with_the_first() -> None:
    # a in period 1 by 0.2, b in period 3 by 0.5, c after a in period 2 by 0.9 of them. Any of b, c:
    # 1 − 0.5 × (1 − 0.18) = 0.59; with c in 2: 0.18, else b in 3: 0.5 × 0.82 = 0.41
    outcomes = {
        "a": {"cohort": "all", "rate": 0.2, "anyway": 0.1, "after": 1},
        "c": {"needs": "a", "rate": 0.9, "anyway": 0.5, "after": 1},
        "b": {"cohort": "all", "rate": 0.5, "anyway": 0.4, "after": 3},
        "either": {"needs": {"any": ["b", "c"]}, "rate": 0.5, "anyway": 1.0, "after": 2},
    }
    contract = contract_of(outcomes)
    found = expected(contract, "achieved", "either")
    assert (found[4], found[5]) == pytest.approx((9.0, 20.5), rel=1e-12)
    assert sum(found) == pytest.approx(100 * 0.59 * 0.5)
    # without us: c 0.05, b 0.4 × 0.95
    found = expected(contract, "anyway", "either")
    assert (found[4], found[5]) == pytest.approx((5.0, 38.0), rel=1e-12)


def test_what_excludes_one_another_is_never_taken_together() -> None:
    both = ["part_time", "full_time"]
    outcomes = {
        name: {"cohort": "all", "rate": 0.3, "anyway": 0.1, "one_of": both} for name in both
    }
    outcomes["all_of_it"] = {"needs": both, "rate": 1.0, "anyway": 1.0}
    outcomes["work"] = {"needs": {"any": both}, "rate": 1.0}
    contract = contract_of(outcomes)
    assert sum(expected(contract, "achieved", "all_of_it")) == 0
    assert sum(expected(contract, "anyway", "all_of_it")) == 0
    assert sum(expected(contract, "achieved", "work")) == pytest.approx(60)
    drawn = counts(contract, Switches())["achieved"]
    assert drawn["all_of_it"].sum() == 0
    assert (drawn["work"] == drawn["part_time"] + drawn["full_time"]).all()


def test_a_rate_of_1_after_several_steps_is_reached_whatever_the_luck() -> None:
    cohorts = {"all": {"people": 100, "intake": [100], "alikeness": 0.3}}
    outcomes = {
        "a": {"cohort": "all", "rate": 0.5},
        "b": {"cohort": "all", "rate": 0.6},
        "both": {"needs": ["a", "b"], "rate": 1.0},
        "one": {"needs": {"any": ["a", "b"]}, "rate": 1.0},
    }
    drawn = counts(contract_of(outcomes, cohorts), Switches())["achieved"]
    total = {name: count.sum(axis=(0, 1), dtype=int) for name, count in drawn.items()}
    assert (total["both"] + total["one"] == total["a"] + total["b"]).all()


# --- several cohorts ------------------------------------------------------------------------------


def test_an_outcome_of_several_cohorts_has_the_groups_of_all_of_them() -> None:
    cohorts = {
        "first": {"groups": {"young": 10, "old": 20}, "intake": [30]},
        "second": {"people": 40, "intake": [0, 40]},
        "third": {"people": 50, "intake": [50]},
    }
    outcomes = {
        "done": {"cohort": ["second", "first"], "rate": 0.5, "after": 1},
        "more": {"needs": "done", "rate": 0.5, "after": 1},
        "other": {"cohort": "third", "rate": 0.1},
    }
    contract = contract_of(outcomes, cohorts)
    found = counts(contract)["achieved"]
    assert contract.groups_of("done") == ["first/old", "first/young", "second"]
    assert found["done"][:, 1:3, 0].tolist() == [[10, 0], [5, 0], [0, 20]]
    assert found["more"][:, 2:4, 0].tolist() == [[5, 0], [2.5, 0], [0, 10]]
    assert found["other"].shape == (1, 24, 1)


def test_held_may_differ_by_group() -> None:
    cohorts = {"all": {"groups": {"a": 10, "b": 30}, "intake": [40]}}
    held = {"by_group": {"a": {"months": 3}, "b": {"months": 12}}}
    outcomes = {
        "job": {"rate": 1.0, "held": held},
        "kept": {"needs": "job", "rate": 0.5, "after": 1},
    }
    found = counts(contract_of(outcomes, cohorts))["achieved"]
    assert found["job"][0, 1, 0] == 10
    assert found["job"][1, 4, 0] == 30
    assert found["kept"][0, 2, 0] == 5
    assert found["kept"][1, 5, 0] == 15


# --- claims on their way to payment ---------------------------------------------------------------


def test_lots_are_the_claims_person_by_person() -> None:
    outcomes = {
        "home": {"rate": 0.6, "after": 1, "claimed": 0.9},
        "days": {"needs": "home", "unit": "day", "rate": 200, "within": {"months": 18}},
        "moves": {"cohort": "all", "unit": "move", "rate": 2, "claimed": 0.5},
    }
    rules = {
        "start": {"pays": "all", "price": 5},
        "home": {"pays": "home", "price": 100},
        "days": {"pays": "days", "price": 2},
        "long": {"pays": "days", "amount": {"at_least": {300: 500}}},
        "moves": {"pays": "moves", "price": 10, "limits": {"person": {"number": 3}}},
    }
    payments = {"rules": rules, "payers": {"council": 1.0}}
    cohort = {"all": {"people": 300, "intake": [200, 100]}}
    contract = contract_of(outcomes, cohort, payments=payments)
    plan = Plan(contract)
    drawn = plan.drawn(Where(SEED, 0, Switches()))
    people = plan.walk.starts(drawn, BLOCK, whole=True)
    hands = Hands(claimable(contract, rules), slice(0, 100))
    found = plan.walk.counts(
        rates=plan.walk.rates(drawn, cohort_luck(SEED, 0)),
        people=people,
        seed=SEED,
        block=0,
        chance=True,
        hands=hands,
    )
    assert hands.slabs == [200, 100]
    for r, (name, rule) in enumerate(rules.items()):
        whole = np.zeros((contract.timeline.periods, 100))
        for lot in hands.lots(contract, rules):
            if lot.rule == r:
                assert lot.people is not None
                assert lot.number.shape == (hands.slabs[lot.people], 100)
                assert lot.date == contract.timeline.date(lot.period)
                assert lot.started == contract.timeline.date(lot.people)
                whole[lot.period] += lot.number.sum(axis=0)
        if rule["pays"] == "all":
            wanted = people["all"][:, :100]
        else:
            wanted = found["claimed"][rule["pays"]][0, :, :100]
        if name == "long":  # all of a person's time in the period of its end
            assert whole.sum() == pytest.approx(wanted.sum())
            assert whole[6:].sum() > wanted[6:].sum()
        else:
            np.testing.assert_allclose(whole, wanted)


def test_without_chance_even_people_add_up_to_the_expected_claims() -> None:
    outcomes = {
        "home": {"rate": 0.123, "after": 1},
        "rare": {"cohort": "all", "rate": 1e-5},
        "moves": {"cohort": "all", "unit": "move", "rate": 2.2},
    }
    rules = {name: {"pays": name, "price": 10} for name in outcomes}
    payments = {"rules": rules, "payers": {"council": 1.0}, "limits": {"person": 25}}
    contract = contract_of(outcomes, payments=payments)
    plan = Plan(contract)
    stages = plan.stages(seed=0, block=0, switches=BASE_CASE, details=True)
    earned = stages.paid.earned.sum(axis=(1, 2))
    assert earned == pytest.approx([123.0, 0.01, 2200.0], rel=1e-9)
    assert 0 < stages.paid.by_payer.sum() < earned.sum()


def test_the_dearest_path_takes_one_chain_and_all_numbers() -> None:
    both = ["part_time", "full_time"]
    outcomes = {
        "part_time": {"rate": 0.3, "one_of": both},
        "full_time": {"rate": 0.3, "one_of": both},
        "kept": {"needs": "full_time", "rate": 0.5},
        "either": {"needs": {"any": ["kept", "part_time"]}, "rate": 0.5},
        "weeks": {"needs": "part_time", "unit": "week", "rate": 1, "within": {"weeks": 26}},
        "moves": {"cohort": "all", "unit": "move", "rate": 1},
    }
    contract = contract_of(outcomes)
    worth = {"all": 1.0, "part_time": 10.0, "full_time": 7.0, "kept": 2.0, "either": 100.0}
    assert dearest_path(contract, "all", "all", worth) == 1 + 10 + 100
    assert dearest_path(contract, "all", "all", worth | {"kept": 5.0}) == 1 + 12 + 100
    assert dearest_path(contract, "all", "all", worth | {"weeks": 2.0}) == 1 + 10 + 100 + 52
    assert dearest_path(contract, "all", "all", worth | {"moves": 0.1}) == np.inf


# --- against all that can happen, and against the slow twin ---------------------------------------

SHARES = (0.0, 0.3, 0.5, 0.77, 1.0, {"uniform": [0.1, 0.9]}, {"beta": {"mean": 0.4, "sd": 0.1}})
MEANS = (0.0, 0.4, 1.7, 6.0, {"uniform": [0.5, 4.0]})
TIMES = (0.0, 20.0, 150.0, {"uniform": [30.0, 200.0]})


@st.composite
def people(draw: DrawFn, *, certain: bool = False) -> Data:
    """Plain data of a contract whose people have steps, routes, delays and numbers of all kinds."""
    shares = [share for share in SHARES if not certain or isinstance(share, float)]

    def maybe(percent: int) -> bool:
        return draw(st.integers(0, 99)) < percent

    cohorts: Data = {"north": {"groups": {"old": 4, "young": 3}, "intake": [3, 4]}}
    if maybe(40):
        cohorts["south"] = {"people": 5, "intake": [0, 5]}
    for clause in cohorts.values():
        if maybe(40):
            clause["alikeness"] = draw(st.sampled_from([0.02, 0.3]))
            clause["shared_by"] = draw(st.sampled_from(["cohort", "start"]))
        if maybe(40):
            clause["togetherness"] = draw(st.sampled_from([0.4, 1.0]))
        if maybe(30) and not certain:
            clause["referrals"] = {"uniform": [0.4, 1.3]}
    outcomes: Data = {}
    for letter in "abcdef"[: draw(st.integers(2, 6))]:
        clause = {"after": draw(st.integers(0, 2))}
        kind = draw(st.sampled_from(["start", "one", "all", "any", "any"])) if outcomes else "start"
        steps = draw(st.lists(st.sampled_from(list(outcomes) or ["-"]), min_size=2, max_size=3,
                              unique=True)) if len(outcomes) > 1 else list(outcomes)  # fmt: skip
        if kind == "start" or not steps:
            clause["cohort"] = list(cohorts)
        elif kind == "one":
            clause["needs"] = steps[0]
        else:
            clause["needs"] = steps if kind == "all" else {"any": steps}
        clause["rate"] = draw(st.sampled_from(shares))
        if maybe(80):
            clause["anyway"] = draw(st.sampled_from(shares))
        if maybe(30):
            clause["claimed"] = draw(st.sampled_from([0.5, 0.9]))
        outcomes[letter] = clause
    rungs = list(outcomes)
    for number in range(draw(st.integers(0, 3))):
        time = maybe(50)
        numbers = TIMES if time else MEANS
        clause = {
            "unit": draw(st.sampled_from(["day", "week"])) if time else "point",
            "rate": draw(st.sampled_from(numbers)),
            "after": draw(st.integers(0, 2)),
        }
        clause |= {"anyway": draw(st.sampled_from(numbers))} if maybe(80) else {}
        if time:
            clause["within"] = {"months": draw(st.sampled_from([9, 14]))}
            for field in ("rate", "anyway"):
                if clause["unit"] == "week" and clause.get(field):
                    clause[field] = 11.0
        elif maybe(50):
            clause["spread"] = draw(st.sampled_from([0.0, 0.7, 1.5, 4.0, {"uniform": [0.5, 3.0]}]))
        if maybe(30):
            clause["claimed"] = 0.6
        needs = draw(st.sampled_from([None, rungs[0], {"any": rungs[:2]}, rungs[:2]]))
        clause |= {"cohort": list(cohorts)} if needs is None else {"needs": needs}
        outcomes[f"number_{number}"] = clause
    return contract_of(outcomes, cohorts).to_dict()


@settings(max_examples=2 * settings.default.max_examples)
@given(people(certain=True))
def test_the_base_case_is_what_all_that_can_happen_comes_to(data: Data) -> None:
    contract = Contract.from_dict(data)
    found, planned = counts(contract), Plan(contract).walk.planned
    for cohort in contract.cohorts:
        mine = [name for name in contract.outcomes if cohort in contract.cohorts_of(name)]
        for field, kind in (("rate", "achieved"), ("anyway", "anyway")):
            known = [name for name in mine if stated(contract, name, field)]
            slow = {(n, g): np.zeros(24) for n in known for g in contract.groups(cohort)}
            for reached, chance in histories(contract, known, field, {}):
                for name, delay in reached.items():
                    for group in contract.groups(cohort):
                        for t in np.flatnonzero(planned[group]):
                            slow[name, group][t + delay] += planned[group][t] * chance
            for (name, group), by_period in slow.items():
                row = found[kind][name][contract.groups_of(name).index(group)][:, 0]
                np.testing.assert_allclose(row, by_period, atol=1e-12)


def stated(contract: Contract, name: str, field: str) -> bool:
    """Whether something is said of an outcome, and of all on the way to it."""
    clause = contract.outcomes[name]
    return (
        clause.unit is None
        and getattr(clause, field) is not None
        and all(stated(contract, step, field) for step in clause.steps)
    )


def histories(
    contract: Contract, left: list[str], field: str, reached: dict[str, int]
) -> Iterator[tuple[dict[str, int], float]]:
    """All that can happen to one person, outcome by outcome, each with its probability."""
    if not left:
        yield reached, 1.0
        return
    name, *rest = left  # in the order of the file, every outcome after its steps
    clause = contract.outcomes[name]
    steps = [reached[step] for step in clause.steps if step in reached]
    begins = bool(steps) if clause.any_step else len(steps) == len(clause.steps)
    rate = getattr(clause, field) if begins else 0.0
    if rate > 0:
        clock = 0 if not steps else min(steps) if clause.any_step else max(steps)
        there = reached | {name: clock + (clause.after or 0)}
        yield from ((got, rate * p) for got, p in histories(contract, rest, field, there))
    if rate < 1:
        yield from ((got, (1 - rate) * p) for got, p in histories(contract, rest, field, reached))


@settings(max_examples=2 * settings.default.max_examples)
@given(people())
def test_everybody_fares_as_the_twin_says(data: Data) -> None:
    contract = Contract.from_dict(data)
    found = counts(contract, Switches())
    twin = TwinPeople(contract, seed=SEED)
    for run in RUNS:
        everybody = twin.people(run)
        twin.live(everybody, run)
        for name in contract.outcomes:
            for kind in ("achieved", "anyway", "claimed"):
                slow = np.zeros((len(contract.groups_of(name)), contract.timeline.periods))
                for person in everybody:
                    g = contract.groups_of(name).index(person.group) if (
                        person.group in contract.groups_of(name)) else None  # fmt: skip
                    for period, number in getattr(person, kind).get(name, {}).items():
                        slow[g, period] += number
                fast = found[kind][name][..., run] if name in found[kind] else np.zeros_like(slow)
                np.testing.assert_allclose(
                    fast, slow, rtol=1e-9, atol=1e-7, err_msg=f"{kind} {name}"
                )
