"""Counts against an agreed rate: simulated and settled, the same people read the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import sibmodel as sib
from sibmodel import Contract
from sibmodel.plan import Plan
from sibmodel.walk import BASE_CASE

WAYS = {
    "rate_so_far": {"of": "passes", "as": "rate", "over": "to_date"},
    "beyond_so_far": {"of": "passes", "as": "additional", "over": "to_date"},
    "rate_of_period": {"of": "passes", "as": "rate", "over": "each_period"},
    "beyond_of_period": {"of": "passes", "as": "additional", "over": "each_period"},
}


def school(**passes: Any) -> Contract:
    """20 pupils start in each of the first two quarters; half pass two quarters later."""
    return Contract.from_dict(
        {
            "schema": 1,
            "name": "School",
            "currency": "GBP",
            "timeline": {"start": "2027-04-01", "step": "quarter", "periods": 6},
            "parties": {"council": {"public": True}},
            "cohorts": {"pupils": {"people": 40, "intake": [20, 20]}},
            "outcomes": {"passes": {"rate": 0.5, "after": 2, "against": 0.25, **passes}},
            "performance": WAYS,
            "payments": {
                "rules": {"beyond": {"pays": "beyond_so_far", "price": 100}},
                "payers": {"council": 1},
            },
        }
    )


def simulated(contract: Contract) -> dict[str, dict[int, float]]:
    """Readings of the base case by performance and period."""
    stages = Plan(contract).stages(seed=0, block=0, switches=BASE_CASE, details=False)
    return {
        name: {r.period: float(np.mean(r.value)) for r in stages.readings.of(name)} for name in WAYS
    }


def settled(contract: Contract, rows: list[tuple[str, int, float]]) -> dict[str, dict[int, float]]:
    """The same of records."""
    table = sib.settle(contract, pd.DataFrame(rows, columns=["outcome", "period", "number"]))
    period = contract.timeline.period_of
    return {
        name: {
            period(r.date): r.value for r in table.readings.itertuples() if r.performance == name
        }
        for name in WAYS
    }


STARTS: list[tuple[str, int, float]] = [("pupils", 0, 20), ("pupils", 1, 20)]


def test_people_count_from_their_start_whether_simulated_or_recorded() -> None:
    # By quarter 2: 10 passes of the 40 who have started, where 25% of 40 = 10 are expected;
    # by quarter 3: 20 passes against the same 10. Of quarter 3 by itself: 10 against 10.
    by_hand = {
        "rate_so_far": {2: 0.25, 3: 0.5},
        "beyond_so_far": {2: 0.0, 3: 10.0},
        "rate_of_period": {2: 0.25, 3: 0.25},
        "beyond_of_period": {2: 0.0, 3: 0.0},
    }
    recorded = settled(school(), [*STARTS, ("passes", 2, 10), ("passes", 3, 10)])
    found = simulated(school())
    for name, readings in by_hand.items():
        assert recorded[name] == pytest.approx(readings)
        assert {t: found[name][t] for t in readings} == pytest.approx(readings)
    # read to date each period to the end, once everything is known nothing changes
    assert [found["beyond_so_far"][t] for t in (4, 5)] == pytest.approx([10, 10])


def test_a_period_by_itself_leaves_out_those_whose_window_has_ended() -> None:
    # Nothing counts nine months, three quarters, after the start: 3.75 a quarter of each of the 20
    # who can have it. Quarter 0: 20 pupils, 1 and 2: 40, 3: the 20 of quarter 1.
    contract = school(unit="lesson", within={"months": 9}, rate=2, after=2)
    rows = [*STARTS, *(("passes", t, 30.0) for t in range(4))]
    recorded = settled(contract, rows)
    assert recorded["rate_of_period"] == pytest.approx({0: 1.5, 1: 0.75, 2: 0.75, 3: 1.5})
    assert recorded["beyond_of_period"] == pytest.approx({0: 25, 1: 20, 2: 20, 3: 25})
    found = simulated(contract)  # 2 each, of 20 pupils, in quarters 2 and 3
    assert found["rate_of_period"] == pytest.approx({2: 1.0, 3: 2.0})


def test_a_row_that_says_none_is_a_record() -> None:
    # Nobody of 20 passes where 5 were expected: with fewer better, 5 avoided.
    contract = school(better="lower")
    recorded = settled(contract, [("pupils", 0, 20), ("passes", 2, 0)])
    assert recorded["beyond_so_far"] == pytest.approx({2: 5.0})
    assert recorded["rate_of_period"] == pytest.approx({2: 0.0})
