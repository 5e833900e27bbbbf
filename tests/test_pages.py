"""Tables, plots, the page and the files: known numbers, self-contained, the same every time."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import sibmodel as sib
from sibmodel.contract.register import register
from sibmodel.pages import html, plots, rules, tables
from sibmodel.pages.basis import AbsentError
from sibmodel.pages.files import manifest, write

EXAMPLE = Path(__file__).parents[1] / "examples" / "homes_and_work.yaml"
RUNS = 400


@pytest.fixture(scope="module")
def rich() -> sib.Results:
    """A contract with two payers, limits, capital and value."""
    return sib.simulate(sib.load_contract(EXAMPLE), runs=RUNS, seed=3)


@pytest.fixture(scope="module")
def bond() -> sib.Results:
    return sib.simulate(sib.library.load("closed_form_bond"), runs=RUNS)


@pytest.fixture(scope="module")
def base_case() -> sib.Results:
    """200 × 0.4 × 5,000 = 400,000 a year after 360,000 was put in, by hand."""
    return sib.simulate(
        sib.library.load("closed_form_bond"), uncertainty=False, shared_luck=False, chance=False
    )


# --- tables ---------------------------------------------------------------------------------------


def test_payments_by_hand(base_case: sib.Results) -> None:
    table = tables.payments_by_period(base_case)
    assert table["date"].tolist() == ["2027-04-01", "2028-04-01"]
    for column in ("expected", "p5", "p50", "p95"):
        assert table[column].tolist() == pytest.approx([0, 400_000])
    years = tables.payments_by_year(base_case).set_index("year")
    assert years.loc["2028-29", "p80"] == pytest.approx(400_000)
    assert years.loc["all years", "expected"] == pytest.approx(400_000)


def test_payers_and_years_add_up_to_the_payments(rich: sib.Results) -> None:
    expected = rich.expected("outcome_payments")
    by_payer = tables.payments_by_payer(rich).groupby("payer")["expected"].sum()
    assert by_payer["council"] == pytest.approx(0.8 * expected)
    assert by_payer["outcomes_fund"] == pytest.approx(0.2 * expected)
    years = tables.payments_by_year(rich)
    assert years["expected"].iloc[:-1].sum() == pytest.approx(years["expected"].iloc[-1])


def test_percentiles_are_order_statistics(rich: sib.Results) -> None:
    """The 20th of 400 in order, for 5%: not something between two runs."""
    assert rich.ledger is not None
    paid = np.sort(rich.ledger["paid_by_payer"].sum("payer").sel(period=4).values)
    row = tables.payments_by_period(rich).set_index("period").loc[4]
    assert [row["p5"], row["p50"], row["p95"]] == [paid[19], paid[199], paid[379]]


def test_every_defined_run_is_in_one_band_of_returns(rich: sib.Results) -> None:
    table = tables.irr_distribution(rich)
    rates = rich.measure("investor_irr")
    assert table["runs"].sum() == np.isfinite(rates).sum()
    losses = table[table["part"] != "gain"]["runs"].sum()
    assert losses == RUNS * rich.expected("investor_loses")
    for _, row in table[table["part"] != "total loss"].iterrows():
        inside = (rates > -1) & (rates >= row["low"] - 1e-9) & (rates < row["high"] - 1e-9)
        assert inside.sum() == row["runs"]


def test_total_losses_stand_by_themselves() -> None:
    """One person: 360,000 back or nothing, so about half the runs lose all, half earn 0."""
    alone = sib.library.load("closed_form_bond").replace(
        {
            "cohorts.people.people": 1,
            "cohorts.people.intake": [1],
            "outcomes.success.rate": 0.5,
            "payments.rules.success.price": 360_000,
        }
    )
    results = sib.simulate(alone, runs=RUNS)
    table = tables.irr_distribution(results)
    assert table["part"].tolist() == ["total loss", "gain"]
    assert table["low"].tolist() == [-1, 0]
    lost = int((results.measure("outcome_payments") == 0).sum())
    assert 100 < lost < 300
    assert table["runs"].tolist() == [lost, RUNS - lost]
    assert f"in {lost} of 400 runs" in plots.investor_return(results).caption


def test_incidence_adds_to_society(rich: sib.Results) -> None:
    table = tables.incidence(rich).set_index("party")
    parties = table.drop(index="society")
    np.testing.assert_allclose(parties.sum(), table.loc["society"], atol=1e-6)
    assert table.loc["society", ["payments", "transfers", "return"]].tolist() == [0, 0, 0]


def test_outcomes_by_group_add_to_the_measure(rich: sib.Results) -> None:
    table = tables.outcomes_by_group(rich)
    for outcome, part in table.groupby("outcome"):
        assert part["achieved"].sum() == pytest.approx(
            rich.expected(f"outcomes_achieved[{outcome}]")
        )


def test_anyway_that_is_not_stated_is_missing_not_nothing() -> None:
    silent = sib.library.load("closed_form_bond").replace({"outcomes.success.anyway": None})
    results = sib.simulate(silent, runs=50)
    assert math.isnan(tables.outcomes_by_group(results)["anyway"].iloc[0])
    row = tables.additional_outcomes(results).iloc[0]
    assert math.isnan(row["additional"])
    assert "anyway not stated" in row["note"]
    assert "anyway not stated" in html.page(results)


def test_limits_say_how_often_and_how_much(rich: sib.Results, bond: sib.Results) -> None:
    table = tables.limits(rich).set_index("limit")
    assert table.loc["contract", "binds"] == rich.expected("limit_binds[contract]")
    parts = table.drop(index="all limits")
    assert parts["taken"].sum() == pytest.approx(table.loc["all limits", "taken"])
    assert (parts["binds_low"] <= parts["binds"]).all()
    with pytest.raises(AbsentError, match="no limits"):
        tables.limits(bond)


def test_every_measure_has_a_section(rich: sib.Results) -> None:
    assert set(tables.summary(rich)["section"]) == set(tables.SECTIONS) - {"Performance"}
    measured = sib.simulate(sib.library.load("peterborough"), runs=1, keep="measures")
    assert set(tables.summary(measured)["section"]) == set(tables.SECTIONS)


def test_without_ledger_tables_are_absent_with_the_reason() -> None:
    results = sib.simulate(sib.load_contract(EXAMPLE), runs=50, keep="measures")
    found, absent = tables.tables(results)
    assert set(absent) == {
        "payments_by_rule",
        "payments_by_period",
        "payments_by_payer",
        "outcomes_by_group",
        "thresholds",
        "endings",
        "median_run",
        "capital_at_risk_by_period",
    }
    assert absent.pop("endings") == "the contract has no ending"
    assert absent.pop("thresholds") == "the contract has no performance"
    assert all("ledger was not kept" in reason for reason in absent.values())
    assert {"summary", "irr_distribution", "incidence", "register"} <= set(found)
    assert "ledger was not kept" in html.page(results)


# --- plots ----------------------------------------------------------------------------------------


def _bars(figure: Figure, panel: int = 0) -> list[Rectangle]:
    return [p for p in figure.axes[panel].patches if isinstance(p, Rectangle)]


def test_fan_draws_the_table(rich: sib.Results) -> None:
    table = tables.payments_by_period(rich)
    fan = plots.payments(rich).figure.axes[0]
    middle = next(line for line in fan.lines if line.get_label() == "middle run")
    drawn = np.asarray(middle.get_ydata())[:-1] * 1_000
    assert drawn.tolist() == pytest.approx(table["p50"].iloc[: len(drawn)].tolist())
    assert table["p95"].iloc[len(drawn) :].sum() == 0
    band = next(c for c in fan.collections if "P5" in str(c.get_label()))
    vertices = band.get_paths()[0].vertices * 1_000
    assert vertices[:, 1].max() == pytest.approx(table["p95"].max())
    assert fan.get_ylabel() == "GBP thousand a quarter"


def test_payer_bars_draw_the_table(rich: sib.Results) -> None:
    heights = sum(bar.get_height() for bar in _bars(plots.payments(rich).figure, 1)) * 1_000
    assert heights == pytest.approx(rich.expected("outcome_payments"))


def test_return_bars_draw_the_table(rich: sib.Results) -> None:
    table, figure = tables.irr_distribution(rich), plots.investor_return(rich).figure
    bars = sorted(_bars(figure), key=lambda bar: bar.get_x())
    assert [bar.get_height() for bar in bars] == pytest.approx((100 * table["share"]).tolist())
    hatched = [bool(bar.get_hatch()) for bar in bars]
    assert hatched == (table["part"] != "gain").tolist()


def test_incidence_bars_draw_the_table(rich: sib.Results) -> None:
    table, figure = tables.incidence(rich), plots.incidence(rich).figure
    drawn = sum(bar.get_width() for bar in _bars(figure)) * 1_000
    assert drawn == pytest.approx(table["net"].sum())
    scale = 1_000
    net = next(line for line in figure.axes[0].lines if line.get_label() == "net")
    said = table[table["net"] != 0]["net"] / scale
    assert np.asarray(net.get_xdata()).tolist() == pytest.approx(said.tolist())


def test_plots_that_cannot_be_say_why(bond: sib.Results, base_case: sib.Results) -> None:
    assert plots.plots(bond)[1] == {
        "incidence": "the contract has no value section, so no discount schedule"
    }
    assert "one run has no distribution" in plots.plots(base_case)[1]["investor_return"]
    unfunded = bond.contract.replace({"capital": None})
    results = sib.simulate(unfunded, runs=50)
    assert plots.plots(results)[1]["investor_return"] == "the contract has no capital"


# --- the page -------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """Tags that must close, what is fetched, texts, and images without words."""

    VOID = frozenset({"meta", "img", "br", "link", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.without_alt = 0
        self.tags: set[str] = set()
        self.headings: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.fetched += [v or "" for k, v in attrs if k in ("src", "srcset", "data", "action")]
        if tag == "a":
            self.fetched += [link for link in [given.get("href") or ""] if link[:1] != "#"]
        self.without_alt += tag == "img" and not given.get("alt")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


def test_page_is_whole_and_asks_for_nothing(rich: sib.Results) -> None:
    text = html.page(rich)
    page = _Page(text)
    assert not page.open
    assert page.without_alt == 0
    assert len(page.fetched) == 4
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.fetched)
    assert not page.tags & {"script", "link", "iframe", "object", "form"}
    assert '<html lang="en-GB">' in text
    assert not re.search(r"url\(|@import", text)


def test_page_has_every_measure_and_every_assumption(rich: sib.Results) -> None:
    page = _Page(html.page(rich))
    for name in rich.names:
        assert name in page.said
    for entry in register(rich.contract):
        assert entry.path in page.said
        assert entry.value in page.said
        assert (entry.source or "no source") in page.said
    assert "Spearman correlation 0.5" in page.said


def test_page_says_what_its_money_is_and_what_it_assumes(rich: sib.Results) -> None:
    page = _Page(html.page(rich))
    assert page.headings[0] == "Young people into homes and work"
    for said in (
        "400 possible futures (“runs”), from seed 3",
        "Real, at 2027-28 prices, present value on 1 April 2027 (discount: green_book_2026)",
        "are nominal cash",
        "the same luck decides both worlds",
        "n(p − d)(1 − (p − d))",
    ):
        assert said in page.said


def test_page_shows_what_the_person_limit_takes(rich: sib.Results) -> None:
    page = _Page(html.page(rich))
    for row in tables.limit_per_person(rich).itertuples():
        assert f"{row.taken:.1%}" in page.said
        assert f"{row.people_at_limit:.1%}" in page.said


def test_page_of_a_contract_with_no_public_payer_says_so() -> None:
    private = sib.library.load("closed_form_bond").replace({"parties": {}})
    assert "no payer is public" in _Page(html.page(sib.simulate(private, runs=50))).said


def test_names_cannot_break_the_page(bond: sib.Results) -> None:
    nasty = bond.contract.replace({}, name="<script>alert('x')</script> & co")
    page = _Page(html.page(sib.simulate(nasty, runs=20)))
    assert "script" not in page.tags
    assert page.headings[0] == "<script>alert('x')</script> & co"


def test_percentiles_withheld_are_said_to_be() -> None:
    """With one person in two achieving, half the runs have no cost per outcome."""
    alone = sib.library.load("closed_form_bond").replace(
        {"cohorts.people.people": 1, "cohorts.people.intake": [1], "outcomes.success.rate": 0.5}
    )
    page = _Page(html.page(sib.simulate(alone, runs=100)))
    assert "nobody achieved success; percentiles withheld" in page.said


# --- files ----------------------------------------------------------------------------------------


def test_files_are_the_same_again_and_parse(rich: sib.Results, tmp_path: Path) -> None:
    first = write(rich, tmp_path / "first")
    again = sib.simulate(sib.load_contract(EXAMPLE), runs=RUNS, seed=3)
    second = write(again, tmp_path / "second")
    assert [p.name for p in first] == [p.name for p in second]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name
    for path in first:
        if path.suffix == ".csv":
            back = pd.read_csv(path)
            assert len(back) == len(tables.TABLES[path.stem](rich))
        elif path.suffix == ".png":
            assert path.read_bytes()[:4] == b"\x89PNG"
    summary = pd.read_csv(tmp_path / "first" / "tables" / "summary.csv").set_index("measure")
    assert summary.loc["outcome_payments", "expected"] == rich.expected("outcome_payments")


def test_manifest_says_what_it_was_made_from(rich: sib.Results, tmp_path: Path) -> None:
    *_, last = write(rich, tmp_path)
    made = json.loads(last.read_text(encoding="utf-8"))
    assert made["contract"] == "Young people into homes and work"
    assert (made["seed"], made["runs"]) == (3, RUNS)
    assert made["switches"] == {"uncertainty": True, "shared_luck": True, "chance": True}
    assert set(made["versions"]) >= {"sibmodel", "python", "numpy", "scipy"}
    assert "page.html" in made["files"]
    assert str(tmp_path) not in last.read_text(encoding="utf-8")
    dearer = rich.contract.replace({"payments.rules.moves_in.price": 900})
    other = manifest(sib.simulate(dearer, runs=2))
    assert other["contract_data_sha256"] != made["contract_data_sha256"]


def test_what_is_absent_now_does_not_stay_from_before(bond: sib.Results, tmp_path: Path) -> None:
    write(bond, tmp_path)
    assert (tmp_path / "plots" / "payments.png").exists()
    write(sib.simulate(bond.contract, runs=20, keep="measures"), tmp_path)
    assert not (tmp_path / "plots" / "payments.png").exists()
    assert not (tmp_path / "tables" / "payments_by_period.csv").exists()


# --- rules, thresholds, limits --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["made_up_training", "dc_water", "peterborough"])
def test_rules_floors_and_what_is_paid_back_add_up(name: str) -> None:
    """Of these one has a floor and tax, one pays back, one pays by tests."""
    results = sib.simulate(sib.library.load(name), runs=RUNS)
    table = rules.payments_by_rule(results).set_index("rule")
    parts = table.drop(index="all payments")
    assert parts["expected"].sum() == pytest.approx(results.expected("outcome_payments"))
    assert table.loc["all payments", "expected"] == pytest.approx(parts["expected"].sum())
    assert ("floor year" in table.index) == (name == "made_up_training")
    assert ("paid back" in table.index) == (name == "dc_water")
    for rule in parts.index:
        if f"pays[{rule}]" in results.names:
            assert parts.loc[rule, "pays"] == results.expected(f"pays[{rule}]")


def test_thresholds_stand_beside_the_performances_that_meet_them() -> None:
    results = sib.simulate(sib.library.load("peterborough"), runs=RUNS)
    table = rules.thresholds(results).set_index("performance")
    first = results.measure("performance[reduction/first]")
    assert table.loc["reduction/first", "met"] == (first >= 0.1).mean()
    assert table.loc["reduction/first", "p50"] == np.sort(first)[RUNS // 2 - 1]
    assert table.loc["pooled_reduction", "bound"] == 0.075  # published for all cohorts together
    assert pd.isna(table.loc["avoided/first", "bound"])
    page = _Page(html.page(results))
    for said in ("at least 0.075", "For each 1 of pooled avoided", "Not shown, and why"):
        assert said in page.said


def test_limits_that_never_bind_are_summed_up_in_one_line(rich: sib.Results) -> None:
    results = sib.simulate(sib.library.load("denver_supportive_housing"), runs=50)
    assert results.idle_limits == ("housing.total", "jail.total", "contract")
    assert dict(results.headlines())["Which limits never bind?"].startswith("housing.total, ")
    said = _Page(html.page(results)).said
    assert "3 limits never bind in any of the runs: housing.total, jail.total, contract." in said
    assert "How often does the limit" not in said
    assert rich.idle_limits == ()
    assert "never bind" not in _Page(html.page(rich)).said


def test_one_drawn_run_is_not_called_the_base_case(
    bond: sib.Results, base_case: sib.Results
) -> None:
    one = _Page(html.page(sib.simulate(bond.contract, runs=1))).said
    assert "One possible future (a “run”), from seed 0." in one
    assert "In one run, council pays" in one
    assert "One future, the base case, from seed 0." in _Page(html.page(base_case)).said
