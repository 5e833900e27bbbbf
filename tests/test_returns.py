"""Returns against hand calculations and exact root counts; `test_irr.py` has known rates."""

import itertools
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sibmodel.model.returns import (
    annualise,
    capital_at_risk,
    irr,
    multiple,
    npv,
    payback,
    weighted_average_life,
)

Floats = npt.NDArray[np.float64]

amounts = st.floats(1, 1e6)
sides = st.lists(amounts, min_size=1, max_size=20)
# What an investment is: money in for some periods, then money back.
investments = st.tuples(sides, sides).map(lambda parts: [-x for x in parts[0]] + parts[1])
any_flows = st.lists(st.integers(-1000, 1000), min_size=1, max_size=15)


def one(cash_flows: npt.ArrayLike, periods_per_year: float = 1.0) -> tuple[float, str]:
    found = irr(cash_flows, periods_per_year=periods_per_year)
    return float(found.rate[0]), str(found.names[0])


def relative_residual(cash_flows: Floats, rate: Floats) -> Floats:
    """Present value at the rate, over that of the flows all taken as positive."""
    discount = (1 + rate[:, None]) ** -np.arange(cash_flows.shape[1], dtype=float)
    value, size = cash_flows * discount, np.abs(cash_flows) * discount
    residual: Floats = np.abs(value.sum(axis=1)) / size.sum(axis=1)
    return residual


def netted_flows(rng: np.random.Generator, runs: int, periods: int = 32) -> Floats:
    """Costs drawn and payments distributed in every period: many changes of sign."""
    period = np.arange(periods)
    costs = np.where(period < 20, 100.0, 0.0) * rng.uniform(0.8, 1.2, (runs, 1))
    payments = np.where(period > 3, rng.gamma(3, 33, (runs, periods)), 0.0)
    return payments * rng.lognormal(0, 0.4, (runs, 1)) - costs


def positive_roots(coefficients: list[int]) -> tuple[int, bool]:
    """Distinct roots above 0 by Sturm's theorem in exact fractions, and whether all are simple."""
    poly = [Fraction(c) for c in coefficients]
    while poly and poly[-1] == 0:
        poly.pop()
    while poly and poly[0] == 0:
        poly.pop(0)
    if len(poly) < 2:
        return 0, True
    chain = [poly, [i * c for i, c in enumerate(poly)][1:]]
    while len(chain[-1]) > 1:
        rest, divisor = list(chain[-2]), chain[-1]
        while len(rest) >= len(divisor):
            factor, shift = rest[-1] / divisor[-1], len(rest) - len(divisor)
            for i, c in enumerate(divisor):
                rest[i + shift] -= factor * c
            rest.pop()
        while rest and rest[-1] == 0:
            rest.pop()
        if not rest:
            break
        chain.append([-c for c in rest])

    def changes(values: list[Fraction]) -> int:
        signs = [value > 0 for value in values if value]
        return sum(a != b for a, b in itertools.pairwise(signs))

    at_0, at_infinity = [p[0] for p in chain], [p[-1] for p in chain]
    return changes(at_0) - changes(at_infinity), len(chain[-1]) == 1


# --- known answers ----------------------------------------------------------------------------


def test_rates_compound_over_the_year() -> None:
    # 1% a month is 12.6825% a year, 2% a quarter 8.2432%: not 12% and 8%
    assert annualise(0.01, periods_per_year=12) == pytest.approx(0.126825, abs=5e-7)
    assert annualise(0.02, periods_per_year=4) == pytest.approx(0.082432, abs=5e-7)
    assert one([-100, 101], periods_per_year=12)[0] == pytest.approx(0.126825, abs=5e-7)
    assert one([-100, 0, 104.04], periods_per_year=4)[0] == pytest.approx(0.082432, abs=5e-7)


def test_drawdown_example() -> None:
    # Monthly −50 ×12, −20 ×6, +10 ×6, +60 ×18: 720 is out after month 18; month 35 pays it back.
    flow = np.repeat([-50.0, -20.0, 10.0, 60.0], [12, 6, 6, 18])
    assert capital_at_risk(flow) == 720
    assert np.cumsum(flow).argmin() == 17  # month 18, the first being month 1
    assert payback(flow, periods_per_year=12) == pytest.approx(34 / 12)  # month 35
    ratio = multiple(drawn=-flow[flow < 0].sum(), distributed=flow[flow > 0].sum())
    assert ratio == pytest.approx(1.58333, abs=5e-6)


def test_recycling_example() -> None:
    # Cost 100 a month in months 1–24, receipts 115 in months 10–33.
    costs, receipts = np.zeros(33), np.zeros(33)
    costs[:24], receipts[9:] = 100.0, 115.0
    assert capital_at_risk(receipts - costs) == 900
    assert (receipts - costs).sum() == 360
    costs_first = np.stack([-costs, receipts], axis=1).ravel()
    assert capital_at_risk(costs_first) == 1_000


# --- against exact counts ---------------------------------------------------------------------


@pytest.mark.parametrize(("largest", "periods"), [(2, 7), (9, 5), (9, 12), (1000, 14)])
def test_statuses_agree_with_exact_root_counts(largest: int, periods: int) -> None:
    rng = np.random.default_rng(largest + periods)
    flows = rng.integers(-largest, largest + 1, (400, periods))
    flows[::3, :-1] = [  # with a root at 10% for certain
        np.convolve(flow[:-2], [-10, 11]) for flow in flows[::3]
    ]
    names = irr(flows).names
    seen = set()
    for flow, name in zip(flows, names, strict=True):
        if not (flow < 0).any():
            expected = "no_outlay"
        elif not (flow > 0).any():
            expected = "total_loss"
        else:
            count, simple = positive_roots(flow.tolist())
            if not simple:
                continue
            expected = {0: "none", 1: "ok"}.get(count, "several")
        assert ("ok" if name == "extreme" else name) == expected, flow
        seen.add(expected)
    assert {"ok", "several", "none"} <= seen


# --- properties -------------------------------------------------------------------------------


@given(investments)
def test_present_value_at_the_irr_is_nil(cash_flows: list[float]) -> None:
    found = irr(cash_flows)
    assert found.names[0] in ("ok", "extreme")
    flows = np.array([cash_flows])
    assert relative_residual(flows, found.rate)[0] < 1e-9
    if found.rate[0] >= 0:
        value = npv(cash_flows, rate=found.rate)
        assert abs(value[0]) <= 1e-9 * np.abs(flows).sum()


@given(any_flows, st.integers(0, 5), st.integers(0, 5))
def test_zeros_before_and_after_change_nothing(flows: list[int], before: int, after: int) -> None:
    assume(positive_roots(flows)[1])
    plain, padded = one(flows), one([0] * before + flows + [0] * after)
    assert plain[1] == padded[1]
    assert plain[0] == pytest.approx(padded[0], rel=1e-9, abs=1e-9, nan_ok=True)


@given(any_flows, st.sampled_from([1e-9, 1e-3, 0.37, 100.0, 1e12]))
def test_the_currency_unit_changes_nothing(flows: list[int], unit: float) -> None:
    assume(positive_roots(flows)[1])
    plain, scaled = one(flows), one([unit * flow for flow in flows])
    assert plain[1] == scaled[1]
    assert plain[0] == pytest.approx(scaled[0], rel=1e-7, abs=1e-7, nan_ok=True)


@given(any_flows)
def test_flows_turned_round_have_the_same_roots(flows: list[int]) -> None:
    assume(positive_roots(flows)[1])
    rate, status = one(flows)
    other, other_status = one([-flow for flow in flows])
    if status not in ("total_loss", "no_outlay"):
        assert status == other_status
        assert rate == pytest.approx(other, rel=1e-7, abs=1e-7, nan_ok=True)


def test_a_run_is_the_same_in_any_company() -> None:
    rng = np.random.default_rng(5)
    flows = np.concatenate([netted_flows(rng, 30), rng.normal(size=(30, 32))])
    flows = np.tile(flows, (200, 1))  # past the size of a block
    together = irr(flows)
    for run in range(60):
        alone = irr(flows[run])
        for place in (run, 11940 + run):
            assert np.array_equal(alone.rate[0], together.rate[place], equal_nan=True)
            assert alone.status[0] == together.status[place]


def test_memory_layout_changes_nothing() -> None:
    flows = netted_flows(np.random.default_rng(6), 50)
    np.testing.assert_array_equal(irr(flows).rate, irr(np.asfortranarray(flows)).rate)


# --- edges ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [-0.999, -0.9, -0.5, 0.0, 0.3, 3.0, 9.0, 50.0, 1e4])
def test_rates_from_ruin_to_riches(rate: float) -> None:
    for periods in (1, 5, 40):
        found, status = one([-1.0] + [0.0] * (periods - 1) + [(1 + rate) ** periods])
        if (1 + rate) ** periods < 1e-12:
            assert (found, status) == (-1.0, "total_loss")
        elif (1 + rate) ** periods < 1e12:
            assert status == ("extreme" if rate > 10 else "ok")
            assert found == pytest.approx(rate, rel=1e-9, abs=1e-12)


def test_what_rounding_leaves_is_no_cash_flow() -> None:
    dust = 1e-13
    assert one([-100.0] * 8 + [0.0] * 23 + [dust]) == (-1.0, "total_loss")
    assert one([-dust, 0.0, 40.0, 50.0])[1] == "no_outlay"
    assert one([-100.0, 60.0, 70.0, -dust])[0] == pytest.approx(one([-100, 60, 70])[0])
    assert one([-100.0, 60.0, 70.0, -dust])[1] == "ok"
    flows = np.zeros((500, 32))
    flows[:, :8] = -np.random.default_rng(7).uniform(50, 150, (500, 8))
    flows[:, -1] = dust
    assert set(irr(flows).names) == {"total_loss"}


def test_long_flows_and_large_units() -> None:
    monthly = np.concatenate([np.full(12, -100.0), np.full(348, 4.0)])
    rate, status = one(monthly, periods_per_year=12)
    assert status == "ok"
    assert npv(monthly, rate=rate, periods_per_year=12)[0] == pytest.approx(0, abs=1e-9)
    # (1e10)^−59 is out of the range of floating point
    assert one([0.0] * 59 + [-1.0, 1e10]) == (pytest.approx(1e10 - 1), "extreme")
    assert one([-1e300, 0.5e300, 0.6e300])[0] == pytest.approx(one([-10, 5, 6])[0])
    assert one([1e300, -1.5e300, 1e299])[1] == "several"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_flow_that_is_no_number_is_named(bad: float) -> None:
    flows = np.zeros((5, 7))
    flows[3, 2] = bad
    with pytest.raises(ValueError, match="run 3, period 2"):
        irr(flows)


def test_shapes() -> None:
    assert irr(np.zeros((0, 4))).rate.shape == (0,)
    assert irr(np.zeros((3, 0))).names.tolist() == ["no_outlay"] * 3
    assert irr([-1, 2]).rate.shape == (1,)
    with pytest.raises(ValueError, match="3 axes"):
        irr(np.zeros((2, 2, 2)))


def test_npv() -> None:
    # Green Book 2003: −10m then 2.5m in years 1–4 at 3.5% is −0.817302m; −5m then 1.5m, 0.509619m
    flows = [[-10, 2.5, 2.5, 2.5, 2.5], [-5, 1.5, 1.5, 1.5, 1.5]]
    np.testing.assert_allclose(npv(flows, rate=0.035), [-0.817302, 0.509619], atol=5e-7)
    value = npv([[0, 0, 0, 0, 121.0]] * 2, rate=[0.1, 0.21], periods_per_year=2)
    np.testing.assert_allclose(value, [100, 121 / 1.21**2])
    assert np.isnan(npv(flows, rate=[-1.0, np.nan])).all()


def test_payback() -> None:
    flows = [
        [-100.0, 100.0, -1.0, 1.0],  # in the red again: only the last period counts
        [-100.0, 50.0, 50.0 - 1e-8, 0.0],  # what is missing is rounding
        [-100.0, 50.0, 49.99, 0.0],
        [5.0, 5.0, 0.0, 0.0],
    ]
    np.testing.assert_array_equal(payback(flows, periods_per_year=2), [1.5, 1.0, np.inf, 0.0])


def test_multiple_is_undefined_where_nothing_was_drawn() -> None:
    ratios = multiple(drawn=[100.0, 0.0, -1.0, 50.0], distributed=[150.0, 10.0, 10.0, 0.0])
    np.testing.assert_array_equal(ratios, [1.5, np.nan, np.nan, 0.0])


def test_capital_at_risk_is_nil_where_nothing_is_ever_out() -> None:
    np.testing.assert_array_equal(capital_at_risk([[5, -3, 1], [-5, 9, -6]]), [0, 5])


def test_weighted_average_life() -> None:
    drawn = [[50.0, 50, 0, 0, 0], [7, 0, 0, 0, 0], [0, 0, 0, 0, 0], [9, 0, 0, 0, 0]]
    received = [[0.0, 25, 25, 25, 25], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    lives = weighted_average_life(drawn, received, periods_per_year=4)
    np.testing.assert_array_equal(lives, [(2.5 - 0.5) / 4, 1.0, np.nan, np.nan])


def test_interest_of_a_level_loan_is_rate_times_life_times_principal() -> None:
    # 100 at 8% over 30 years: instalment 100 · 0.08 / (1 − 1.08^−30), 8.88274 a year
    years = np.arange(1, 31)
    instalment = 100 * 0.08 / (1 - 1.08**-30)
    assert instalment == pytest.approx(8.88274, abs=5e-6)
    principal = (instalment - 8.0) * 1.08 ** (years - 1)
    assert principal.sum() == pytest.approx(100)
    life = weighted_average_life([100.0], [0.0, *principal], periods_per_year=1)[0]
    assert 0.08 * life * 100 == pytest.approx(30 * instalment - 100)
