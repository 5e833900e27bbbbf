"""Unit costs: the library's list, the user's own table, and what becomes of them in a contract."""

from __future__ import annotations

import builtins
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from test_value import BASE

import sibmodel as sib
from sibmodel.library.sheets import SheetError
from sibmodel.library.unit_costs import load_unit_costs, unit_costs

# Greater Manchester Combined Authority, Unit Cost Database, version 1.4: amount and price year.
GMCA = {
    "child_in_care": (51_080, "2013-14"),
    "jsa_claimant_into_work": (9_800, "2012-13"),
    "neet_18_24": (4_257, "2010-11"),
    "rough_sleeper": (7_900, "2010-11"),
    "homelessness_application": (2_501, "2010-11"),
    "ae_attendance": (109, "2011-12"),
    "permanent_exclusion": (9_219, "2005-06"),
    "prison_place": (33_785, "2013-14"),
}


# --- the library's list ---------------------------------------------------------------------------


def test_the_list_is_that_of_the_database() -> None:
    costs = unit_costs()
    assert costs.items == tuple(GMCA)
    for item, (amount, prices) in GMCA.items():
        benefit = costs.benefit(item, of="job", to="council")
        assert (benefit["per_outcome"], benefit["prices"]) == (amount, prices)


def test_components_sum_to_their_totals() -> None:
    # 9,234 + 566 = 9,800; 3,218 + 1,039 = 4,257; 7,181 + 63.69 + 970.44 + 1,003.50 = 9,218.63
    for item, sums in (
        ("jsa_claimant_into_work", 9_800),
        ("neet_18_24", 4_257),
        ("permanent_exclusion", 9_218.63),
    ):
        rows = unit_costs()[item]
        parts = rows[rows.component != "total"].amount
        assert parts.sum() == pytest.approx(sums)


def test_every_row_says_where_it_is_from_and_how_far_that_was_checked() -> None:
    table = unit_costs().table
    assert table.source.str.contains("Unit Cost Database, version 1.4").all()
    assert table.source.str.contains("not in the database itself").all()
    assert table.licence.str.contains("not checked").all()
    assert table.cashable.isna().all()  # not stated in what was read: never a guess


def test_a_table_is_frozen() -> None:
    costs = unit_costs()
    table = costs.table
    table.loc[0, "amount"] = 1.0
    assert costs.table.amount[0] == 51_080
    with pytest.raises(dataclasses.FrozenInstanceError):
        costs.name = "mine"  # type: ignore[misc]


def test_a_table_is_shown() -> None:
    assert "8 unit costs" in repr(unit_costs())
    html = unit_costs()._repr_html_()
    assert "51,080.00" in html
    assert "<script" not in html


# --- in a contract --------------------------------------------------------------------------------


def test_a_unit_cost_becomes_a_benefit_with_its_source() -> None:
    # 30 additional × 7,900 of 2010-11, × 107.3546 / 68.8561 by the series, to the council
    benefit = unit_costs().benefit(
        "rough_sleeper", of="job", to="council", kind="fiscal", cashable=0.4
    )
    contract = sib.Contract.from_dict(BASE).replace(
        {
            "prices": {"base": "2027-28", "deflator": "uk_gdp_2026_03"},
            "value.benefits": {"fewer_nights": benefit},
        }
    )
    assert contract.value is not None
    placed = contract.value.benefits["fewer_nights"]
    assert placed.source == benefit["source"]
    assert (placed.cashable, placed.kind, placed.prices) == (0.4, "fiscal", "2010-11")
    results = sib.simulate(contract, uncertainty=False, shared_luck=False, chance=False)
    gained = results.base_case("net_present_value[council]")
    paid = results.base_case("outcome_payments_present_value")
    assert gained + paid == pytest.approx(30 * 7_900 * 107.3546 / 68.8561, rel=1e-9)


def test_one_component_goes_to_whom_it_belongs() -> None:
    costs = unit_costs()
    nhs = costs.benefit("jsa_claimant_into_work", of="job", to="nhs", component="nhs", years=3)
    assert (nhs["per_outcome"], nhs["kind"], nhs["years"]) == (566, "fiscal", 3)
    assert "kind" not in costs.benefit("prison_place", of="job", to="moj")  # not stated


def test_what_is_not_there_is_told() -> None:
    costs = unit_costs()
    with pytest.raises(KeyError, match="no unit cost 'rough_sleepers'; did you mean"):
        costs.benefit("rough_sleepers", of="job", to="council")
    with pytest.raises(KeyError, match="no component 'nsh'; did you mean 'nhs'"):
        costs.benefit("jsa_claimant_into_work", of="job", to="nhs", component="nsh")
    with pytest.raises(KeyError, match="no unit cost 'nothing'"):
        costs["nothing"]


# --- a table of one's own -------------------------------------------------------------------------

HEAD = "item,component,amount,unit,prices,kind,cashable,source\n"


def load(folder: Path, text: str, encoding: str = "utf-8") -> Any:
    file = folder / "mine.csv"
    file.write_bytes(text.encode(encoding))
    return load_unit_costs(file)


def test_the_least_that_a_table_needs(tmp_path: Path) -> None:
    # a byte order mark, blank lines, capitals in a heading and spaces are taken
    text = "\n# ours\nItem,amount , prices,source\n\nbed, 410.5,2024,our accounts\n,,,\n"
    costs = load(tmp_path, text, "utf-8-sig")
    assert costs.benefit("bed", of="job", to="nhs") == {
        "of": "job",
        "per_outcome": 410.5,
        "prices": "2024",
        "to": "nhs",
        "source": "our accounts",
    }


def test_every_fault_is_told_with_its_row_and_what_to_do(tmp_path: Path) -> None:
    text = HEAD + (
        'bed,,"1,410",per day,2013-14,fiscal,,a\n'
        "bed,night,£410,per day,2013/14,fiscal,40%,a\n"
        "meal,,5,each,2013-15,fsical,1.4,a\n"
        "\n"
        "visit,,=3+4,each,about 2013,social,,\n"
        "call,,5,each,2013-14,,,a\n"
        "call,,6,each,2013-14,,,a\n"
    )
    with pytest.raises(SheetError) as caught:
        load(tmp_path, text)
    assert str(caught.value).splitlines() == [
        "mine.csv: 11 faults",
        "  row 2, amount: seen '1,410': write 1410",
        "  row 3, amount: seen '£410': write 410",
        "  row 3, prices: seen '2013/14': write 2013-14",
        "  row 3, cashable: seen '40%': write 0.4",
        "  row 4, prices: 2013-15 does not run over two years that follow each other",
        "  row 4, kind: seen 'fsical': it is fiscal, economic or social, or empty",
        "  row 4, cashable: seen 1.4: a share is from 0 to 1",
        "  row 6, amount: seen '=3+4': a number is wanted",
        "  row 6, prices: a price year is written 2013-14 (April to March) or 2013: seen "
        "'about 2013'",
        "  row 6, source: is empty, and every row needs it",
        "  row 8: 'call' stands in row 7 already",
    ]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        # 9,234 + 666 = 9,900
        (["total,9800,2012-13", "dwp,9234,2012-13", "nhs,666,2012-13"],
         "row 2, amount: the total of 'job' is 9,800.00, and its components sum to 9,900.00"),
        # one too many, where no rounding can be meant
        (["total,9801,2012-13", "dwp,9234,2012-13", "nhs,566,2012-13"], "sum to 9,800.00"),
        (["total,9800.50,2012-13", "dwp,9234,2012-13", "nhs,566,2012-13"], "sum to 9,800.00"),
        (["total,9800,2012-13", "dwp,9234,2012-13", "nhs,566,2011-12"], "not all of one price"),
        ([",9800,2012-13", "dwp,9234,2012-13"], "'job' has 2 rows: name the component in each"),
        # rounded to whole pounds, and no total at all: both good
        (["total,9800,2012-13", "dwp,9233.70,2012-13", "nhs,566,2012-13"], None),
        (["dwp,9234,2012-13", "nhs,566,2011-12"], None),
    ],
)  # fmt: skip
def test_components_are_added_up(tmp_path: Path, rows: list[str], says: str | None) -> None:
    text = "item,component,amount,prices,source\n" + "".join(f"job,{row},a\n" for row in rows)
    if says is None:
        load(tmp_path, text)
        return
    with pytest.raises(SheetError, match=says):
        load(tmp_path, text)


def test_an_item_without_a_total_asks_which_component(tmp_path: Path) -> None:
    costs = load(
        tmp_path, "item,component,amount,prices,source\njob,dwp,1,2012,a\njob,nhs,2,2012,a\n"
    )
    with pytest.raises(KeyError, match="no total: say which component, dwp, nhs"):
        costs.benefit("job", of="job", to="nhs")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("item,amount,prices\nbed,4,2024\n", "there is no column 'source'"),
        ("item,ammount,prices,source\nbed,4,2024,a\n", "'ammount' is no column; did you mean 'am"),
        ("item,item,amount,prices,source\nbed,b,4,2024,a\n", "two columns are called 'item'"),
        ("item,amount,prices,source\nbed,4,2024,a,b\n", "row 2 has 5 cells"),
        ("item\tamount\tprices\tsource\nbed\t4\t2024\ta\n", "separated by tabs"),
    ],
)
def test_columns_are_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SheetError, match=says):
        load(tmp_path, text)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    text = "item,amount,prices,source\nbed,4,2024,in £\n"
    with pytest.raises(SheetError, match=r"row 2 seems to be in Windows-1252.*CSV UTF-8"):
        load(tmp_path, text, "cp1252")
    with pytest.raises(SheetError, match="UTF-16"):
        load(tmp_path, text, "utf-16")


# --- Excel ----------------------------------------------------------------------------------------


def workbook(folder: Path, *rows: tuple[Any, ...]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("item", "amount", "prices", "source"), *rows):
        book.active.append(row)
    file = folder / "mine.xlsx"
    book.save(file)
    return file


def test_a_workbook_is_read(tmp_path: Path) -> None:
    file = workbook(
        tmp_path, ("bed", 410.5, 2024, "a"), (None, None, None, None), ("meal", 5, "2013-14", "a")
    )
    costs = load_unit_costs(file)
    assert costs.items == ("bed", "meal")
    assert costs["bed"].prices.tolist() == ["2024"]
    assert costs["meal"].amount.tolist() == [5]


def test_what_excel_makes_of_figures_is_told(tmp_path: Path) -> None:
    # Excel takes 2010-11 for November 2010; text that looks like a number stays text
    file = workbook(
        tmp_path,
        ("bed", "1,410", "2013-14", "a"),
        ("meal", 5, dt.datetime(2010, 11, 1), "a"),
        ("call", True, "2013-14", "a"),
    )
    with pytest.raises(SheetError) as caught:
        load_unit_costs(file)
    assert caught.value.faults == (
        "row 2, amount: seen '1,410': write 1410",
        "row 3, prices: seen the date 2010-11-01, which Excel makes of 2010-11: make the column "
        "text and write 2010-11 again",
        "row 4, amount: seen True: a number is wanted",
    )


def test_a_formula_that_was_never_worked_out_is_told(tmp_path: Path) -> None:
    file = workbook(tmp_path, ("bed", "=330+840", "2013-14", "a"))
    with pytest.raises(SheetError, match=r"row 2, column 2 has the formula =330\+840 without its"):
        load_unit_costs(file)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = workbook(tmp_path, ("bed", 4, "2013-14", "a"))
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'sibmodel\[excel\]'"):
        load_unit_costs(file)


def test_a_workbook_called_csv_is_told(tmp_path: Path) -> None:
    file = workbook(tmp_path, ("bed", 4, "2013-14", "a")).rename(tmp_path / "mine.csv")
    with pytest.raises(SheetError, match=r"let its name end in \.xlsx"):
        load_unit_costs(file)
