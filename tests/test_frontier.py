"""Dominance: the published example, and contracts before the same people."""

from __future__ import annotations

import numpy as np
import pytest

import sibmodel as sib
from sibmodel.questions.frontier import DOMINATED, EXTENDEDLY, ON_FRONTIER, frontier

# Source: Health Economics Resource Center, US Department of Veterans Affairs: costs and effects of
# usual care and of A to E. A is dominated by B, C extendedly by B and D.
NAMES = ("usual care", "A", "B", "C", "D", "E")
COSTS = (5_000, 12_000, 10_000, 25_000, 35_000, 55_000)
EFFECTS = (1, 1.5, 2, 3, 4, 5)


def test_the_published_example() -> None:
    found = frontier(costs=COSTS, effects=EFFECTS)
    status = dict(zip(NAMES, found.status.tolist(), strict=True))
    assert status["A"] == DOMINATED
    assert status["C"] == EXTENDEDLY
    assert [n for n, told in status.items() if told == ON_FRONTIER] == ["usual care", "B", "D", "E"]
    ratio = dict(zip(NAMES, found.ratio.tolist(), strict=True))
    assert (ratio["B"], ratio["D"], ratio["E"]) == (5_000, 12_500, 20_000)
    assert np.isnan([ratio["usual care"], ratio["A"], ratio["C"]]).all()


def test_the_order_of_options_changes_nothing() -> None:
    order = [3, 5, 0, 2, 4, 1]
    mixed = frontier(costs=np.take(COSTS, order), effects=np.take(EFFECTS, order))
    plain = frontier(costs=COSTS, effects=EFFECTS)
    assert mixed.status.tolist() == plain.status[order].tolist()
    np.testing.assert_array_equal(mixed.ratio, plain.ratio[order])


def test_of_two_that_are_the_same_one_is_kept() -> None:
    assert frontier(costs=[5, 5], effects=[1, 1]).status.tolist() == [ON_FRONTIER, DOMINATED]


@pytest.mark.parametrize(
    ("costs", "effects", "told"),
    [([], [], "as many of each"), ([1, 2], [1], "as many"), ([1], [np.nan], "are numbers")],
)
def test_what_is_no_list_of_options_is_told(
    costs: list[float], effects: list[float], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        frontier(costs=costs, effects=effects)


def test_contracts_before_the_same_people() -> None:
    # 80 of 200 at 5,000; twice the price for as many is dominated in every run
    bond = sib.library.load("closed_form_bond")
    dearer = bond.replace({"payments.rules.success.price": 10_000}, name="dearer")
    nothing = sib.do_nothing(bond, name="nothing")
    table = sib.compare([bond, dearer, nothing], runs=4096).frontier("outcomes_achieved[success]")
    assert table.index.tolist() == ["nothing", bond.name, "dearer"]
    assert table["status"].tolist() == [ON_FRONTIER, ON_FRONTIER, DOMINATED]
    assert table.loc[bond.name, "ratio"] == pytest.approx(5000)
    assert table["on_frontier"].tolist() == [1, 1, 0]
    with pytest.raises(KeyError, match="did you mean"):
        sib.compare([bond, dearer], runs=10).frontier("outcomes_achieved[sucess]")
