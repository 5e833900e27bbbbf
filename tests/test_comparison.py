"""Comparison groups: other people, with their own chance around what would have happened anyway."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from sibmodel.contract.contract import Contract
from sibmodel.model.assumptions import Assumptions
from sibmodel.model.bounds import reaches
from sibmodel.model.chance import BLOCK, Floats, stream
from sibmodel.model.comparison import comparison_totals
from sibmodel.model.effects import relative_change
from sibmodel.model.facts import assumed_figures, simulated_facts
from sibmodel.model.people import planned_intake, planned_starts
from sibmodel.model.performance import readings
from sibmodel.model.rates import CohortRates, cohort_luck, cohort_rates
from sibmodel.model.readings import Readings, Started
from sibmodel.model.totals import (
    MANY,
    cornish_fisher,
    cumulants,
    share_cumulants,
    total_number,
    total_reached,
)
from sibmodel.model.units import Quantity, Stretch, WholeNumber

MATCHED = {"control": "matched", "people_each": 10}


def contract(
    against: Any,
    cohort: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
    **outcome: Any,
) -> Contract:
    """Six years of quarters; 400 people start over a year; read against a counterfactual."""
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "compared",
            "currency": "GBP",
            "timeline": {"start": "2020-01-01", "step": "quarter", "periods": 24},
            "parties": {"council": {"public": True}},
            "cohorts": {"men": {"intake": {"over": 4}, **(cohort or {"people": 400})}},
            "outcomes": {
                "done": {
                    "rate": 0.5,
                    "anyway": 0.3,
                    "after": 2,
                    "cohort": "men",
                    "against": against,
                    **outcome,
                },
                **(more or {}),
            },
            "performance": {
                "change": {"of": "done", "as": "relative"},
                "beyond": {"of": "done", "as": "additional", "over": "to_date"},
            },
            "payments": {
                "rules": {"done": {"pays": "beyond", "price": 1}},
                "payers": {"council": 1},
            },
        }
    )


class Simulated:
    """One block of a contract's comparison groups, without all that comes before and after."""

    def __init__(
        self, made: Contract, *, chance: bool = True, luck: bool = True, block: int = 0
    ) -> None:
        self.contract, self.drawn = made, Assumptions(made).means()
        self.planned, self.starts = {}, {}
        for name, cohort in made.cohorts.items():
            labels = made.groups(name)
            planned = planned_starts(
                intake=planned_intake(cohort, periods=made.timeline.periods),
                groups=[cohort.labels(name)[label] for label in labels],
            )
            for label, row in zip(labels, planned, strict=True):
                self.planned[label] = row
                self.starts[label] = np.repeat(row[:, None], BLOCK, axis=1)
        scores = cohort_luck(0, block) if luck else None
        self.rates: dict[str, CohortRates] = {
            name: cohort_rates(made, name, self.drawn, scores, list(range(cohort.last_start + 1)))
            for name, cohort in made.cohorts.items()
        }
        self.totals = comparison_totals(
            made,
            planned=self.planned,
            starts=self.starts,
            rates=self.rates,
            drawn=self.drawn,
            luck=scores,
            seed=0,
            block=block,
            chance=chance,
        )

    @property
    def per_person(self) -> Floats:
        """The counterfactual of everybody together, a person, shape (run,)."""
        people = sum(starts.sum(axis=0) for starts in self.starts.values())
        return np.asarray(self.totals["done"].sum(axis=(0, 1)) / people)

    def read(self, observed: float = 0.5) -> Readings:
        """Readings where exactly this share of those who started two periods before claims."""
        claimed = {}
        for name in self.contract.outcomes:
            groups = self.contract.groups_of(name)
            counts = np.zeros((len(groups), self.contract.timeline.periods, BLOCK))
            for g, group in enumerate(groups):
                counts[g, 2:] = observed * self.starts[group][:-2]
            claimed[name] = counts
        facts = simulated_facts(
            self.contract,
            planned=self.planned,
            starts=self.starts,
            claimed=claimed,
            comparisons=self.totals,
        )
        figures = assumed_figures(self.contract, self.drawn)
        cohort, date = self.contract.cohort_of_group, self.contract.timeline.date
        starts = [
            Started(cohort(group), group, t, date(t), people[t])
            for group, people in self.starts.items()
            for t in np.flatnonzero(self.planned[group]).tolist()
        ]
        return readings(self.contract, facts, figures, starts, self.drawn, simulated=True)


# --- totals of many people ------------------------------------------------------------------------


@pytest.mark.parametrize("quantile", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_a_bent_normal_score_is_a_count(quantile: float) -> None:
    # Against the exact distribution functions; within one in counts of a hundred and more.
    score = np.array([stats.norm.ppf(quantile)])
    for exact, one, people in (
        (stats.binom(1000, 0.2), share_cumulants(0.2), 1000),
        (stats.binom(1000, 0.97), share_cumulants(0.97), 1000),
        (stats.nbinom(1000 * 1.55 / 3, 1 / 4), cumulants(WholeNumber("x", 1.55, 4.0)), 1000),
        (stats.poisson(300), cumulants(WholeNumber("x", 0.3, 1.0)), 1000),
    ):
        mean, variance, third = (people * np.asarray(c, dtype=float) for c in one)
        found = cornish_fisher(score=score, mean=mean, variance=variance, third=third)
        assert abs(found[0] - exact.ppf(quantile)) < 1.0


@pytest.mark.parametrize(("mean", "ratio"), [(1.55, 3.0), (0.4, 1.0), (3.0, 0.5), (2.3, 0.45)])
def test_moments_of_whole_numbers_are_those_of_their_probabilities(
    mean: float, ratio: float
) -> None:
    number = WholeNumber("x", mean, ratio)
    k_or_more = np.concatenate([[1.0], number.survival[:, 0], [0.0]])
    chance, k = -np.diff(k_or_more), np.arange(len(k_or_more) - 1)
    centre = float((chance * k).sum())
    found = [float(c) for c in cumulants(number)]
    assert found[0] == pytest.approx(centre, rel=1e-6) == pytest.approx(mean)
    assert found[1] == pytest.approx(float((chance * (k - centre) ** 2).sum()), rel=1e-5)
    assert found[2] == pytest.approx(float((chance * (k - centre) ** 3).sum()), rel=1e-4)


def test_moments_of_a_stretch_are_those_of_its_density() -> None:
    time = Stretch(40.0, (0.0, 91.3, 182.6))
    theta, window = float(time.scale), 182.6

    def moment(power: int) -> float:
        inside: float
        inside, _ = integrate.quad(
            lambda x: (x - 40.0) ** power * np.exp(-x / theta) / theta, 0, window
        )
        return inside + (window - 40.0) ** power * float(np.exp(-window / theta))

    mean, variance, third = (float(c) for c in cumulants(time))
    assert moment(1) == pytest.approx(0, abs=1e-9)
    assert (mean, variance, third) == pytest.approx((40.0, moment(2), moment(3)))


@pytest.mark.parametrize(
    "quantity",
    [
        pytest.param(None, id="once"),
        pytest.param(WholeNumber("x", 1.55, 3.0), id="whole"),
        pytest.param(Stretch(40.0, (0.0, 91.3, 182.6)), id="time"),
    ],
)
def test_at_the_seam_both_ways_of_drawing_agree(quantity: Quantity | None) -> None:
    # 999 people are drawn one by one, 1,000 at once: two independent samples of 8,192 totals.
    def draw(people: int) -> Floats:
        some, found = np.full(BLOCK, people), []
        for block in range(2):
            where = {"seed": 0, "block": block}
            if quantity is None:
                parts = [total_reached(people=some, share=0.3, name="seam", **where)]
            else:
                parts = total_number(people=some, quantity=quantity, name="seam", **where)
            found.append(sum(parts) / people)
        return np.concatenate(found)

    one_by_one, at_once = draw(MANY - 1), draw(MANY)
    error = one_by_one.std() / len(one_by_one) ** 0.5
    assert abs(one_by_one.mean() - at_once.mean()) < 4 * error * 2**0.5
    assert at_once.std() == pytest.approx(one_by_one.std(), rel=4 / len(one_by_one) ** 0.5)
    for percent in (1, 25, 50, 75, 99):
        apart = np.percentile(one_by_one, percent) - np.percentile(at_once, percent)
        assert abs(apart) < 0.2 * one_by_one.std(), percent
    assert not np.array_equal(one_by_one, at_once)


def test_few_events_among_many_people_are_drawn_one_by_one() -> None:
    # Two events expected among 4,000: a bent normal would put weight on −1. Exactly binomial.
    drawn = total_reached(people=np.full(BLOCK, 4000), share=0.0005, seed=0, name="rare", block=0)
    for k in range(5):
        chance = stats.binom(4000, 0.0005).pmf(k)
        error = (chance * (1 - chance) / BLOCK) ** 0.5
        assert abs((drawn == k).mean() - chance) < 4 * error


def test_people_who_are_not_there_have_nothing() -> None:
    people = np.arange(BLOCK) % 600
    assert np.array_equal(
        total_reached(people=people, share=1.0, seed=0, name="all", block=0), people
    )
    none = total_number(
        people=people, quantity=Stretch(40.0, (0.0, 91.3)), seed=0, name="none", block=0
    )
    assert (none[0][people == 0] == 0).all()
    assert (none[0][people > 0] > 0).all()


# --- Peterborough: the chance of paying for nothing -----------------------------------------------


@pytest.mark.parametrize(("dispersion", "chance"), [(3.0, 0.0155), (4.0, 0.0312)])
def test_chance_of_paying_for_no_effect_by_counts(dispersion: float, chance: float) -> None:
    # 936 men and 9,360 matched men, 1.55 convictions a man in both, a 10% threshold: simulated
    # counts give 1.55% and 3.12% (± 0.1). The formula of effects.chance_of_payment gives 1.69% and
    # 3.30%: its error has the events as published, after an effect, 142 × 9.36, in place of the
    # 155 × 9.36 expected under none; with those it gives 1.36% and 2.79%. What is left is that it
    # takes the logarithm of the ratio for normal, while counts are skewed.
    number, blocks = WholeNumber("convictions", 1.55, dispersion), 100
    treated, control = (
        np.concatenate([_at_one_draw(number, people, name, block) for block in range(blocks)])
        for people, name in ((936, "treated"), (9360, "control"))
    )
    reduction = relative_change(
        observed=treated / 936, counterfactual=control / 9360, better="lower"
    )
    paid = float(np.mean(reaches(reduction, "at_least", 0.10)))
    assert paid == pytest.approx(chance, abs=0.001)
    assert (chance * (1 - chance) / len(treated)) ** 0.5 < 0.0003


def _at_one_draw(number: WholeNumber, people: int, name: str, block: int) -> Floats:
    """A total of people by the exact distribution of a sum: r adds up, the ratio stays."""
    ratio, mean = float(number.ratio), float(number.mean)
    random = stream(0, f"{name}/{ratio:g}", block)
    return random.negative_binomial(people * mean / (ratio - 1), 1 / ratio, BLOCK).astype(float)


@pytest.mark.parametrize("dispersion", [3.0, 4.0])
def test_the_same_by_what_simulate_draws(dispersion: float) -> None:
    # The engine's own draws: the men one by one, the matched men at once. Fewer runs, so the
    # expected 1.55% and 3.12% are met within 4 standard errors.
    number = WholeNumber("convictions", 1.55, dispersion)
    reductions = []
    for block in range(3):
        where = {"quantity": number, "seed": 0, "block": block}
        [treated] = total_number(people=np.full(BLOCK, 936), name="treated", **where)  # type: ignore[arg-type]
        [control] = total_number(people=np.full(BLOCK, 9360), name="control", **where)  # type: ignore[arg-type]
        reductions.append(1 - (treated / 936) / (control / 9360))
    chance = {3.0: 0.0155, 4.0: 0.0312}[dispersion]
    paid = (np.concatenate(reductions) >= 0.10).mean()
    assert abs(paid - chance) < 4 * (chance * (1 - chance) / (3 * BLOCK)) ** 0.5


# --- designs --------------------------------------------------------------------------------------

DESIGNS: list[dict[str, Any]] = [
    {"control": "randomised"},
    {"control": "matched", "people_each": 10},
    {"control": "area", "people": 50},
    {"control": "historical", "people": 1500},
    {"difference_in_differences": "additive"},
    {"difference_in_differences": "ratio", "people_each": 2.5},
]


@pytest.mark.parametrize("against", DESIGNS)
@pytest.mark.parametrize(
    "outcome",
    [
        {},
        {"unit": "conviction", "anyway": 1.55, "spread": 2.0},
        {"unit": "day", "anyway": 40, "rate": 60, "within": {"months": 9}},
    ],
    ids=["once", "whole", "time"],
)
def test_without_chance_exactly_what_would_have_happened_anyway(
    against: dict[str, Any], outcome: dict[str, Any]
) -> None:
    made = contract(against, **outcome)
    found = Simulated(made, chance=False, luck=False)
    assert found.per_person == pytest.approx(made.outcomes["done"].anyway)
    first = 2  # four starts, read two periods after, and over three periods of days
    periods = 4 if outcome.get("unit") != "day" else 6
    assert np.flatnonzero(found.totals["done"][0, :, 0]).tolist() == list(
        range(first, first + periods)
    )


def test_the_counterfactual_on_a_way_of_several_steps() -> None:
    # 0.8 of those who would have taken the step before, 0.5: 0.4 of all who start.
    made = contract(
        MATCHED,
        more={"step": {"cohort": "men", "rate": 0.9, "anyway": 0.5, "after": 1}},
        needs="step",
        anyway=0.8,
    )
    assert Simulated(made, chance=False).per_person == pytest.approx(0.4)
    drawn = Simulated(made).per_person
    assert drawn.mean() == pytest.approx(0.4, abs=4 * drawn.std() / BLOCK**0.5)
    days = contract(
        MATCHED,
        more={"step": {"cohort": "men", "rate": 0.9, "anyway": 0.5, "after": 1}},
        needs="step",
        unit="move",
        anyway=3,
        rate=4,
    )
    assert Simulated(days, chance=False).per_person == pytest.approx(1.5)
    drawn = Simulated(days).per_person
    assert drawn.mean() == pytest.approx(1.5, abs=4 * drawn.std() / BLOCK**0.5)
    # 4,000 compared: variance of a person's number, 0.5 × 3 + 0.25 × 9 = 3.75.
    assert drawn.var() == pytest.approx(3.75 / 4000, rel=0.09)


@pytest.mark.parametrize(
    ("against", "variance"),
    [
        # 0.3 × 0.7 over the people compared: as many as served; ten each; so many in all.
        ({"control": "randomised"}, 0.21 / 400),
        ({"control": "matched", "people_each": 10}, 0.21 / 4000),
        ({"control": "area", "people": 100}, 0.21 / 100),
        ({"control": "historical", "people": 100}, 0.21 / 100),
        ({"control": "historical", "people_each": 5}, 0.21 / 2000),
        # Before, of those served; twice, of those compared.
        ({"difference_in_differences": "additive", "people": 800}, 0.21 / 400 + 2 * 0.21 / 800),
        # By ratio: the relative variances add up; (1 − 0.3)/0.3 over the people, times 0.3².
        ({"difference_in_differences": "ratio", "people": 4000}, 0.21 * (1 / 400 + 2 / 4000)),
    ],
)
def test_a_comparison_has_its_own_chance(against: dict[str, Any], variance: float) -> None:
    drawn = Simulated(contract(against)).per_person
    assert drawn.mean() == pytest.approx(0.3, abs=4 * (variance / BLOCK) ** 0.5 + 3e-4)
    # 4 standard errors of a variance: 4 √(2/4096) = 0.09; the ratio's is only a first order.
    assert drawn.var() == pytest.approx(variance, rel=0.09)


def test_a_historical_group_is_drawn_once_others_with_each_start() -> None:
    def between_starts(against: dict[str, Any]) -> float:
        totals = Simulated(contract(against)).totals["done"][0]
        return float(np.corrcoef(totals[2], totals[5])[0, 1])

    assert between_starts({"control": "historical", "people": 400}) == pytest.approx(1)
    assert abs(between_starts({"control": "matched"})) < 4 / BLOCK**0.5


def test_a_randomised_group_shares_the_luck_of_the_cohort_and_no_other_does() -> None:
    alike = {"people": 400, "alikeness": 0.05}

    def with_served(against: dict[str, Any]) -> tuple[float, float]:
        found = Simulated(contract(against, alike))
        served = np.asarray(found.rates["men"].achieved["men", 0].shares["done"])
        return float(np.corrcoef(found.per_person, served)[0, 1]), float(found.per_person.var())

    together, _ = with_served({"control": "randomised", "people_each": 10})
    assert together > 0.95
    apart, variance = with_served({"control": "matched", "people_each": 10})
    assert abs(apart) < 4 / BLOCK**0.5
    # As much alike as the cohort: p(1 − p)(1 + (m − 1)ρ)/m.
    assert variance == pytest.approx(0.21 * (1 + 3999 * 0.05) / 4000, rel=0.09)
    # Before and after, what is lasting about a place is the same: by difference it cancels.
    _, differences = with_served({"difference_in_differences": "additive", "people_each": 10})
    assert differences == pytest.approx(0.21 * 0.05 + 0.21 / 400 + 2 * 0.21 / 4000, rel=0.12)


def test_runs_are_the_same_whatever_else_the_contract_says() -> None:
    alone = Simulated(contract(MATCHED)).totals["done"]
    other = {"other": {"cohort": "men", "rate": 0.2, "anyway": 0.1, "against": MATCHED}}
    assert np.array_equal(Simulated(contract(MATCHED, more=other)).totals["done"], alone)
    assert not np.array_equal(Simulated(contract(MATCHED), block=1).totals["done"], alone)


def test_anyway_must_be_stated_on_the_whole_way() -> None:
    made = contract(
        MATCHED, more={"step": {"cohort": "men", "rate": 0.9, "after": 1}}, needs="step"
    )
    with pytest.raises(ValueError, match=r"not stated for step\. Add outcomes\.step\.anyway"):
        Simulated(made)


def test_an_agreed_rate_has_no_chance() -> None:
    found = Simulated(contract(0.25))
    assert found.totals == {}
    [change] = found.read().of("change")
    assert change.value == pytest.approx(np.full(BLOCK, 1.0))


# --- facts and readings ---------------------------------------------------------------------------


def test_readings_of_a_simulated_contract() -> None:
    found = Simulated(contract(MATCHED), chance=False, luck=False)
    [change] = found.read().of("change")
    assert change.value == pytest.approx(np.full(BLOCK, 0.5 / 0.3 - 1))
    beyond = found.read().of("beyond")  # each period from the first due to the last of all
    assert [r.period for r in beyond] == list(range(2, 24))
    people = [100, 200, 300, 400, 400]
    assert [float(np.mean(r.people)) for r in beyond[:5]] == people  # type: ignore[arg-type]
    assert [float(np.mean(r.value)) for r in beyond[:5]] == pytest.approx([0.2 * n for n in people])


def test_the_error_of_a_reading_is_that_of_both_groups() -> None:
    # 400 served, of whom exactly half achieve it, against 4,000: sd of c/c about √(0.7/0.3/4000).
    drawn = Simulated(contract(MATCHED)).read().of("change")[0].value
    spread = 0.5 / 0.3 * (0.7 / 0.3 / 4000) ** 0.5
    assert np.std(drawn) == pytest.approx(spread, rel=0.05)


def test_a_yardstick_that_becomes_a_comparison() -> None:
    # Starts fall due in periods 2 to 5; from period 4 on against a matched group.
    against = {"from": {"2020-01-01": 0.25, "2021-01-01": {"control": "matched"}}}
    found = Simulated(contract(against), chance=False, luck=False)
    assert np.flatnonzero(found.totals["done"][0, :, 0]).tolist() == [4, 5]
    beyond = found.read().of("beyond")
    assert [float(np.mean(r.value)) for r in beyond[:4]] == pytest.approx([25, 50, 70, 90])


def test_time_accrues_over_periods_in_which_people_are_present() -> None:
    made = contract(MATCHED, unit="day", anyway=40, rate=60, within={"months": 9})
    found = Simulated(made, chance=False, luck=False)
    facts = simulated_facts(
        made,
        planned=found.planned,
        starts=found.starts,
        claimed={"done": np.zeros((1, 24, BLOCK))},
        comparisons=found.totals,
    )
    assert [f.period for f in facts] == [2, 3, 4, 5, 6, 7]
    assert [f.people[0] for f in facts] == [100, 100, 100, 100, 0, 0]  # type: ignore[index]
    assert [f.present[0] for f in facts] == [100, 200, 300, 300, 200, 100]  # type: ignore[index]
    whole = sum(f.counterfactual[0] for f in facts)  # type: ignore[index]
    assert whole == pytest.approx(400 * 40)


def test_groups_are_facts_of_their_own() -> None:
    made = contract(
        MATCHED,
        {"groups": {"young": 300, "old": 100}},
        anyway={"by_group": {"young": 0.4, "old": 0.1}},
    )
    found = Simulated(made, chance=False, luck=False)
    by_group = found.totals["done"].sum(axis=1)[:, 0]
    assert dict(zip(made.groups_of("done"), by_group, strict=True)) == pytest.approx(
        {"men/old": 10, "men/young": 120}
    )


def test_figures_that_are_recorded_as_such_are_assumed() -> None:
    made = contract(MATCHED)
    data = made.to_dict()
    data["performance"] |= {
        "share": {"value": 0.86},
        "agreed": {"value": 0.15, "over": "each_cohort"},
        "yearly": {"value": 2, "at": ["2021-01-01", 8]},
        "index": {"weights": {"change": "share", "agreed": 0.14}, "at": "2022-06-30"},
    }
    data["performance"]["change"]["at"] = "2022-06-30"
    found = Simulated(Contract.from_dict(data), chance=False, luck=False).read()
    assert [(r.period, r.value) for r in found.of("yearly")] == [(4, 2.0), (8, 2.0)]
    assert [r.period for r in found.of("share")] == [23]
    assert [(r.period, r.cohort) for r in found.of("agreed")] == [(5, "men")]
    # What is assumed is known all along: the index is read with its first part, before the end.
    [index] = found.of("index")
    assert index.value == pytest.approx(np.full(BLOCK, 0.86 * (0.5 / 0.3 - 1) + 0.14 * 0.15))
    del data["performance"]["share"]["value"]
    with pytest.raises(ValueError, match=r"Add performance\.share\.value"):
        Simulated(Contract.from_dict(data), chance=False, luck=False).read()
