"""People drawn once for contracts that differ only in money: kept they give what drawing does."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.model import chance

EXAMPLE = "examples/homes_and_work.yaml"


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """How often each stream of people's luck is opened, by name and block."""
    opened: Counter[tuple[str, int]] = Counter()
    made = chance.PersonUniforms.__init__

    def counted(self: chance.PersonUniforms, seed: int, name: str, block: int, **how: bool) -> None:
        opened[name, block] += 1
        made(self, seed, name, block, **how)

    monkeypatch.setattr(chance.PersonUniforms, "__init__", counted)
    return opened


def same(a: sib.Results, b: sib.Results) -> None:
    """Every measure of every run, bit for bit; and the ledgers."""
    assert a.names == b.names
    for name in a.names:
        np.testing.assert_array_equal(a.measure(name), b.measure(name), err_msg=name)
        np.testing.assert_allclose(a.expected(name), b.expected(name), rtol=1e-12, err_msg=name)
    if a.ledger is not None:
        assert a.ledger.equals(b.ledger)


CHANGES = {
    "dearer": {"payments.rules.job_13_weeks.price": 5200},
    "no limit a person can reach": {"payments.limits.person": 50000},
    "a tighter limit": {"payments.limits.contract": 400000},
    "no capital": {"capital": None},
    "another discount": {"value.discount": {"rate": 0.05}},
    "another split": {"payments.payers": {"council": 0.5, "outcomes_fund": 0.5}},
    "a bid discount": {"payments.factors": {"bid": 0.9}},
}


def test_contracts_that_differ_in_money_meet_the_same_people_drawn_once(
    streams: Counter[tuple[str, int]],
) -> None:
    contract, people = sib.load_contract(EXAMPLE), sib.People()
    sib.simulate(contract, 5000, people=people)
    assert people.drawn == 3  # two blocks, and the base case
    drawn = Counter(streams)
    assert set(drawn.values()) == {1}
    for changes in CHANGES.values():
        changed = contract.replace(changes)
        kept = sib.simulate(changed, 5000, people=people)
        assert streams == drawn, changes
        same(kept, sib.simulate(changed, 5000))
        streams.clear()
        streams.update(drawn)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcomes.home_3_months.anyway": 0.72},
        {"assumptions.placement_rate": 0.8},
        {"cohorts.young_people.togetherness": 0.5},
        {"correlations": None},
    ],
)
def test_what_touches_people_has_them_drawn(changes: dict[str, object]) -> None:
    contract, people = sib.load_contract(EXAMPLE), sib.People()
    sib.simulate(contract, 100, people=people)
    changed = contract.replace(changes)
    same(sib.simulate(changed, 100, people=people), sib.simulate(changed, 100))
    assert people.drawn == 4


def test_a_price_that_is_correlated_with_a_rate_has_people_drawn_when_it_goes() -> None:
    contract = sib.load_contract(EXAMPLE).replace(
        {
            "payments.rules.moves_in.price": {"uniform": [800, 900]},
            "correlations": [
                {
                    "between": ["outcomes.job_13_weeks.anyway", "payments.rules.moves_in.price"],
                    "spearman": 0.4,
                }
            ],
        }
    )
    fixed = contract.replace({"payments.rules.moves_in.price": 850, "correlations": None})
    people = sib.People()
    for one in (contract, fixed, contract):
        same(sib.simulate(one, 100, people=people), sib.simulate(one, 100))
    assert people.drawn == 4


def test_what_is_kept_has_a_bound_and_cannot_be_changed() -> None:
    contract, people = sib.load_contract(EXAMPLE), sib.People(most_bytes=1000)
    for _ in range(2):
        same(sib.simulate(contract, 50, people=people), sib.simulate(contract, 50))
    assert people.drawn == 4  # nothing fits: drawn again


def test_without_chance_the_even_people_are_kept_too() -> None:
    contract, people = sib.load_contract(EXAMPLE), sib.People()
    for changes in CHANGES.values():
        changed = contract.replace(changes)
        kept = sib.simulate(changed, 300, chance=False, people=people)
        same(kept, sib.simulate(changed, 300, chance=False))
    assert people.drawn == 2


# claims by start and by person; comparison groups; endings; rungs that differ by group
@pytest.mark.parametrize("name", ["work_programme", "newpin_nsw", "rikers_able", "pause_plymouth"])
def test_contracts_of_the_library_give_the_same_from_kept_people(name: str) -> None:
    people, contract = sib.People(), sib.library.load(name)
    drawn = sib.simulate(contract, 20)
    for _ in range(2):
        same(sib.simulate(contract, 20, people=people), drawn)


def test_only_the_measures_asked_for_are_worked_out() -> None:
    contract = sib.load_contract(EXAMPLE)
    whole = sib.simulate(contract, 200)
    some = sib.simulate(contract, 200, measures=["benefit_cost_ratio[public]", "investor_irr"])
    assert some.names == (
        "investor_irr",
        "benefits_present_value[public]",
        "costs_present_value[public]",
        "benefit_cost_ratio[public]",
    )
    for name in some.names:
        assert some.expected(name) == whole.expected(name)
    assert "investor" in repr(some)
    with pytest.raises(KeyError, match="did you mean 'investor_irr'"):
        sib.simulate(contract, 10, measures=["investor_ir"])
