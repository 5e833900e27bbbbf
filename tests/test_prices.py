"""Real and nominal kept apart by type, price series by name, and tables of factors."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_value import BASE

import sibmodel as sib
from sibmodel.contract.deflators import DEFLATORS, deflator
from sibmodel.contract.register import register
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.value import Prices
from sibmodel.factors import discount_factors
from sibmodel.library.deflators import load_deflator
from sibmodel.library.sheets import SheetError
from sibmodel.model.present_value import Nominal, NominalRate, Real, RealRate
from sibmodel.model.price_levels import price_level, to_base

TWO_PERCENT = Prices(base="2027-28", inflation=0.02)
PAID = Nominal([100_000], years=[5], start="2027-28")

# --- worked by hand -------------------------------------------------------------------------------


def test_nominal_money_is_made_real_before_it_meets_a_real_rate() -> None:
    # 100,000 / 1.02^5 / 1.035^5
    real = PAID.real(TWO_PERCENT)
    assert real.base == "2027-28"
    assert real.amounts[0] == pytest.approx(90_573.08, abs=0.005)
    assert real.present_value("green_book_2026") == pytest.approx(76_260.10, abs=0.005)


def test_the_figure_that_mixes_them_cannot_be_had() -> None:
    # 100,000 / 1.035^5 = 84,197.32 discounts nominal money at a real rate: no way of asking for it
    # is taken, by name, by schedule, or by the rate
    for rate in ("green_book_2026", SCHEDULES["green_book_2026"], RealRate(0.035)):
        with pytest.raises(TypeError, match=r"nominal and .* is real: .* Make it real first"):
            PAID.present_value(rate)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"say that the rate is nominal: NominalRate\(0\.035\)"):
        PAID.present_value(0.035)  # type: ignore[arg-type]


def test_real_money_does_not_meet_a_nominal_rate() -> None:
    real = PAID.real(TWO_PERCENT)
    with pytest.raises(TypeError, match=r"real and NominalRate.* has inflation in it"):
        real.present_value(NominalRate(0.06))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"say that the rate is real: RealRate\(0\.035\)"):
        real.present_value(0.035)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="no discount schedule 'green_book_2025'; did you mean"):
        real.present_value("green_book_2025")


def test_real_and_nominal_money_do_not_add() -> None:
    real = PAID.real(TWO_PERCENT)
    for mixed in (lambda: PAID + real, lambda: PAID - real):
        with pytest.raises(TypeError, match="nominal money cannot be added to real money: make"):
            mixed()  # type: ignore[no-untyped-call]
    with pytest.raises(TypeError, match="real money cannot be added to nominal money"):
        real + PAID  # type: ignore[operator]
    with pytest.raises(TypeError, match="only money can be added"):
        PAID + 5  # type: ignore[operator]
    with pytest.raises(TypeError):
        np.ones(1) + PAID  # type: ignore[operator]


def test_two_options_of_the_green_book() -> None:
    # HM Treasury, The Green Book (2003): 10m to save 2.5m in each of years 1-4, 5m to save 1.5m.
    options = Real(
        [[-10, 2.5, 2.5, 2.5, 2.5], [-5, 1.5, 1.5, 1.5, 1.5]], years=range(5), base="2003-04"
    )
    for at in ("green_book_2026", RealRate(0.035)):
        assert options.present_value(at) == pytest.approx([-0.817302, 0.509619], abs=1e-6)


def test_money_is_added_by_time() -> None:
    # 100 − 40 now and 30 in a year, twice: at 10%, 2 × (60 + 30/1.1)
    both = 2 * (Nominal([100, 0], [0, 1]) - Nominal([40, -30], [0, 1]))
    assert both.present_value(NominalRate(0.10)) == pytest.approx(2 * (60 + 30 / 1.1))
    assert (-both).amounts == pytest.approx([-120, -60])
    with pytest.raises(ValueError, match="different times"):
        both + Nominal([1, 1], [0, 2])
    with pytest.raises(ValueError, match="year 0 is 2027-04-01 for one and 2028-04-01"):
        PAID + Nominal([1], [5], start="2028-04-01")
    with pytest.raises(ValueError, match=r"prices of 2010-11, and 2027-28 .* \.rebased"):
        Real([1], [0], base="2010-11") + Real([1], [0], base="2027-28")


def test_rates_with_and_without_inflation() -> None:
    # Fisher: 1.06/1.02 − 1 = 3.9216%; 1.035 × 1.02 − 1 = 5.57%
    assert NominalRate(0.06).real(0.02).rate == pytest.approx(0.0392157, abs=1e-7)
    assert RealRate(0.035).nominal(0.02).rate == pytest.approx(0.0557)
    # where inflation is level, both ways to a present value agree
    at_nominal = PAID.present_value(RealRate(0.035).nominal(0.02))
    assert at_nominal == pytest.approx(76_260.10, abs=0.005)


def test_back_to_nominal() -> None:
    again = PAID.real(TWO_PERCENT).nominal(TWO_PERCENT)
    assert again.amounts == pytest.approx([100_000])
    assert again.start == dt.date(2027, 4, 1)
    with pytest.raises(ValueError, match="say which day year 0 is"):
        Nominal([1], [0]).real(TWO_PERCENT)


def test_the_price_year_is_the_one_a_payment_falls_in() -> None:
    # Half-yearly from 1 January 2028, base 2027-28: January 2028 is still in it, July 2028 is in
    # 2028-29, January 2029 too, July 2029 in 2029-30.
    real = Nominal([1, 1, 1, 1], [0, 0.5, 1, 1.5], start="2028-01-01").real(TWO_PERCENT)
    assert 1 / real.amounts == pytest.approx([1, 1.02, 1.02, 1.02**2])
    # the same in calendar years
    calendar = Prices(base="2028", inflation=0.02)
    real = Nominal([1, 1, 1, 1], [0, 0.5, 1, 1.5], start=dt.date(2028, 7, 1)).real(calendar)
    assert 1 / real.amounts == pytest.approx([1, 1.02, 1.02, 1.02**2])


def test_money_is_frozen_and_by_time() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PAID.years = np.zeros(1)  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        PAID.real(TWO_PERCENT).base = "2010-11"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        PAID.amounts[0] = 1
    with pytest.raises(ValueError, match=r"amounts of shape \(3,\) and years of shape \(2,\)"):
        Nominal([1, 2, 3], [0, 1])
    with pytest.raises(ValueError, match="0 or later"):
        Real([1, 2], [-1, 0], "2027-28")


def test_a_run_is_worth_the_same_however_many_there_are() -> None:
    amounts = np.random.default_rng(5).normal(size=(4096, 17))
    many = Real(amounts, years=np.arange(17) / 4, base="2027-28").present_value("green_book_2026")
    for runs in (1, 2, 7, 100):
        few = Real(amounts[:runs], years=np.arange(17) / 4, base="2027-28")
        assert (few.present_value("green_book_2026") == many[:runs]).all()


# --- what the types refuse ------------------------------------------------------------------------

MIXED = """
from sibmodel.contract.value import Prices
from sibmodel.model.present_value import Nominal, NominalRate, Real, RealRate
prices = Prices(base="2027-28", inflation=0.02)
nominal, real = Nominal([1], [0]), Real([1], [0], "2027-28")
nominal + nominal; real - real; nominal.real(prices) + real; 2.0 * real
nominal.present_value(NominalRate(0.06)); real.present_value("green_book_2026")
real.present_value(NominalRate(0.06).real(0.02))
nominal + real  # wrong
real - nominal  # wrong
nominal.present_value("green_book_2026")  # wrong
nominal.present_value(RealRate(0.035))  # wrong
nominal.present_value(0.035)  # wrong
real.present_value(NominalRate(0.06))  # wrong
real.present_value(0.035)  # wrong
"""


def test_a_type_checker_refuses_what_is_mixed_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "mixed.py"
    file.write_text(MIXED)
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    ).stdout
    refused = {int(line) for line in re.findall(r"mixed\.py:(\d+): error", told)}
    wrong = {n for n, line in enumerate(MIXED.splitlines(), start=1) if "# wrong" in line}
    assert refused == wrong, told


# --- series by name -------------------------------------------------------------------------------


def test_the_shipped_series() -> None:
    # HM Treasury, GDP deflators at market prices, and money GDP, March 2026: as cited by others
    # (2008-09: 66.8397; 2015-16: 74.5804; 2018-19: 78.7948; 2019-20: 80.8738; 2022-23: 91.2996)
    series = deflator("uk_gdp_2026_03")
    cited = {"2008-09": 66.8397, "2015-16": 74.5804, "2018-19": 78.7948, "2019-20": 80.8738}
    assert {year: series.index[year] for year in cited} == cited
    assert (series.index["2022-23"], series.index["2024-25"]) == (91.2996, 100)
    assert series.forecast == tuple(f"20{n}-{n + 1}" for n in range(25, 31))


@pytest.mark.parametrize("name", DEFLATORS)
def test_every_series_is_whole_and_sourced(name: str) -> None:
    series = deflator(name)
    assert all([series.title, series.source, series.licence, series.read, series.note])
    first = [int(year[:4]) for year in series.index]
    assert first == list(range(first[0], first[0] + len(first)))
    assert min(series.index.values()) > 0
    assert series.forecast == tuple(series.index)[-len(series.forecast) :]
    assert re.fullmatch(r"uk_gdp_\d{4}_\d{2}", name)  # dated: a release never changes its name
    with pytest.raises(TypeError):
        series.index["2010-11"] = 1  # type: ignore[index]


def test_an_older_unit_value_comes_to_the_base_year_by_the_series() -> None:
    # 7,900 in 2010-11 × 107.3546 / 68.8561 = 12,317.01 in 2027-28
    prices = Prices(base="2027-28", deflator="uk_gdp_2026_03")
    assert 7900 * to_base(prices, "2010-11") == pytest.approx(12_317.01, abs=0.005)


def test_beyond_the_series_prices_follow_inflation() -> None:
    # 2030-31 is 113.6416, the last; two years at 2% beyond it
    prices = Prices(base="2024-25", deflator="uk_gdp_2026_03", inflation=0.02)
    assert price_level(prices, 2032) == pytest.approx(113.6416 * 1.02**2)
    with pytest.raises(ValueError, match="prices of 2032-33 are not in uk_gdp_2026_03"):
        price_level(Prices(base="2024-25", deflator="uk_gdp_2026_03"), 2032)


def test_a_contract_with_a_named_series() -> None:
    # 50 jobs at 1,000, the nominal payment in year 1 (2028-29): real at 2027-28 prices it is
    # 50,000 × 107.3546 / 109.3571; 30 additional × 2,000 of 2010-11 × 107.3546 / 68.8561 to the nhs
    contract = sib.Contract.from_dict(BASE).replace(
        {
            "prices": {"base": "2027-28", "deflator": "uk_gdp_2026_03"},
            "value.benefits.work.prices": "2010-11",
        }
    )
    results = sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)
    paid = results.base_case("outcome_payments_present_value")
    assert paid == pytest.approx(50_000 * 107.3546 / 109.3571, rel=1e-9)
    gained = results.base_case("net_present_value[nhs]")
    assert gained == pytest.approx(60_000 * 107.3546 / 68.8561, rel=1e-9)
    assert contract.to_dict()["prices"]["deflator"] == "uk_gdp_2026_03"
    assert sib.Contract.from_dict(contract.to_dict()) == contract
    entry = next(e for e in register(contract) if e.path == "prices.deflator")
    assert entry.value == "uk_gdp_2026_03"


# --- a series of one's own ------------------------------------------------------------------------


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "mine.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_a_series_of_ones_own_goes_into_a_contract(tmp_path: Path) -> None:
    text = "# ours\nyear,index,status\n2026-27,100,outturn\n\n2027-28,102.5,forecast\n"
    series = load_deflator(write(tmp_path, text, "utf-8-sig"))
    assert series == {"2026-27": 100, "2027-28": 102.5}
    contract = sib.Contract.from_dict(BASE).replace({"prices.deflator": series})
    assert contract.prices is not None
    assert to_base(contract.prices, "2026-27") == pytest.approx(1.025)


def test_every_fault_of_a_series_is_told_with_its_row(tmp_path: Path) -> None:
    text = "year,index\n2024-25,\n2025/26,100\n2026-28,100\n2027-28,1,025\n"
    text += "2028-29,£104\n2029-30,0\n"
    with pytest.raises(SheetError) as caught:
        load_deflator(write(tmp_path, text))
    assert caught.value.faults == ("row 5 has 3 cells, and the columns are 2",)
    with pytest.raises(SheetError) as caught:
        load_deflator(write(tmp_path, text.replace("1,025", '"1,025"')))
    assert str(caught.value).splitlines() == [
        "mine.csv: 6 faults",
        "  row 2, index: seen nothing: a number is wanted",
        "  row 3, year: seen '2025/26': write 2025-26",
        "  row 4, year: 2026-28 does not run over two years that follow each other",
        "  row 5, index: seen '1,025': write 1025",
        "  row 6, index: seen '£104': write 104",
        "  row 7, index: seen 0: an index is above 0",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("year,index\n2024-25,100\n2026-27,104\n", "no year between 2024-25 and 2026-27"),
        ("year,index\n2024-25,100\n2024-25,104\n", "row 3, year: 2024-25 stands there twice"),
        ("year,index\n2024-25,100\n2025,104\n", "keep to one kind"),
        ("year,level\n2024-25,100\n", "there is no column 'index'"),
        ("year,index,inflation\n2024-25,100,2\n", "'inflation' is no column"),
        ("year;index\n2024-25;100\n", "separated by semicolons"),
        ("", "it is empty"),
        ("year,index\n", "no figures"),
    ],
)
def test_a_series_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SheetError, match=says):
        load_deflator(write(tmp_path, text))


# --- the table ------------------------------------------------------------------------------------


def test_the_table_of_factors() -> None:
    table = discount_factors("green_book_2026", 31)
    assert [*table.index[[0, 31]]] == [0, 31]
    assert table.factor[[0, 1, 10, 30, 31]].round(6).tolist() == [
        1, 0.966184, 0.708919, 0.356278, 0.345901,
    ]  # fmt: skip
    assert table.rate[[0, 30, 31]].tolist() == [0.035, 0.035, 0.03]
    assert discount_factors(RealRate(0.05), [2]).factor[2] == pytest.approx(1.05**-2)
    with pytest.raises(KeyError, match="did you mean 'green_book_2026'"):
        discount_factors("green_book_2023", 5)
