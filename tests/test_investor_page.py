"""The investors' report: a stack of capital worked by hand, its words, its plot and its page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle
from test_cli import sibmodel

import sibmodel as sib
from sibmodel.contract.files import loads
from sibmodel.pages import html, investors, plots, rules, shown_investors, tables
from sibmodel.pages.basis import AbsentError
from sibmodel.pages.capital_clauses import CapitalClauses, capital_clauses
from sibmodel.pages.files import write

# By hand: 100 people all succeed; 75,000 comes two years after 102,000 was put in. Senior has
# 60,000 × 1.05² = 66,150; junior the other 8,850, topped up to half of its 42,000 by 12,150.
# Where it is stopped after a year nothing is paid: senior loses all, junior has 21,000.
STACK = """
schema: 1
name: A stack worked by hand
currency: GBP
timeline: {start: 2027-04-01, step: year, periods: 3}
parties:
  council: {public: true}
cohorts:
  people: {people: 100, intake: [100]}
outcomes:
  success: {cohort: people, rate: 1, anyway: 0, after: 1}
performance:
  share: {of: success, as: rate, over: to_date}
payments:
  rules:
    success: {pays: success, price: 750}
  payers: {council: 1.0}
  paid_after: 1
delivery:
  costs:
    service: {amount: 100000, at: 0}
    fee: {amount: 2000, at: 0, to: foundation}
capital:
  hurdle: 0.05
  order: [senior, junior, split]
  tranches:
    senior: {commitment: 60000, interest: 0.05, held_by: bank}
    junior: {commitment: 42000}
  surplus:
    split: {to: {junior: 0.5, council: 0.5}}
  guarantees:
    half: {by: foundation, covers: junior, up_to: 0.5}
  endings:
    stopped: {at: 1, chance: 0.25, settles: at_once}
"""
RUNS = 400


@pytest.fixture(scope="module")
def stack() -> sib.Results:
    return sib.simulate(loads(STACK), runs=RUNS)


@pytest.fixture(scope="module")
def bond() -> sib.Results:
    return sib.simulate(sib.library.load("closed_form_bond"), runs=RUNS)


# --- tables ---------------------------------------------------------------------------------------


def test_endings_with_money_by_hand(stack: sib.Results) -> None:
    table = investors.endings(stack).set_index("ending")
    assert 0.18 < table.share["stopped"] < 0.32
    assert table.share_low["stopped"] < table.share["stopped"] < table.share_high["stopped"]
    assert table.share.sum() == pytest.approx(1)
    assert table.payments.to_dict() == pytest.approx({"stopped": 0, "none": 75_000})
    assert table.drawn.to_dict() == pytest.approx({"stopped": 102_000, "none": 102_000})
    assert table.received.to_dict() == pytest.approx({"stopped": 21_000, "none": 87_150})
    assert table.loss.to_dict() == pytest.approx({"stopped": 81_000, "none": 14_850})
    assert table.p_loss.to_list() == [1, 1]


def test_investors_by_hand(stack: sib.Results) -> None:
    stopped = stack.measure("ends_early[stopped]").mean()
    table = investors.investors(stack).set_index("tranche")
    assert list(table.index) == ["all investors", "senior", "junior"]
    assert table.held_by.to_list() == ["", "bank", "junior"]
    assert table.drawn.to_list() == pytest.approx([102_000, 60_000, 42_000])
    senior = 66_150 * (1 - stopped)
    assert table.received.to_list() == pytest.approx([senior + 21_000, senior, 21_000])
    assert table.irr_p95["senior"] == pytest.approx(0.05)
    assert table.irr_p5["senior"] == -1
    assert table.irr_total_loss["senior"] == round(stopped * RUNS)
    assert table.irr_ok["senior"] == RUNS - round(stopped * RUNS)
    assert table.p_loss.to_list() == pytest.approx([1, stopped, 1])
    assert table.loss_given_loss[["senior", "junior"]].to_list() == pytest.approx([1, 0.5])
    assert table.multiple_var["all investors"] == pytest.approx(21_000 / 102_000)
    assert table.multiple_cvar["all investors"] == pytest.approx(21_000 / 102_000)
    # worth 66,150 ÷ 1.05² = 60,000 at the hurdle where it is not stopped
    assert table.present_value["senior"] == pytest.approx(-60_000 * stopped)


def test_losses_guarantees_and_fees_by_hand(stack: sib.Results) -> None:
    stopped = stack.measure("ends_early[stopped]").mean()
    table = investors.losses(stack).set_index(["kind", "who"])
    assert table.when_it_happens["loses", "senior"] == pytest.approx(60_000)
    assert table.share["loses", "senior"] == pytest.approx(stopped)
    assert table.when_it_happens["loses", "junior"] == pytest.approx(21_000)
    paid = 21_000 * stopped + 12_150 * (1 - stopped)
    assert table.expected["guarantees", "foundation"] == pytest.approx(paid)
    assert table.p95["guarantees", "foundation"] == pytest.approx(21_000)
    assert table.expected["receives", "foundation"] == pytest.approx(2_000)
    assert table.share["handed_back", "council"] == 0
    assert table.share["unmet", "provider"] == 0
    assert ("exposed", "provider") not in table.index  # nothing beside the unmet costs


def test_what_is_handed_back_by_hand(stack: sib.Results) -> None:
    """Of 120,000 senior has 66,150 and junior 42,000; half of the other 11,850 goes back."""
    dear = sib.simulate(stack.contract.replace({"payments.rules.success.price": 1200}), runs=50)
    table = investors.losses(dear).set_index("kind")
    assert table.when_it_happens["handed_back"] == pytest.approx(5_925)


def test_the_middle_run_adds_up_by_tranche(stack: sib.Results) -> None:
    table = investors.median_run(stack)
    assert table.put_in.to_list() == pytest.approx([102_000, 0, 0])
    assert table.received.to_list() == pytest.approx([0, 0, 87_150])
    assert table.cumulative.to_list() == pytest.approx([-102_000, -102_000, -14_850])
    for side in ("put_in", "received"):
        parts = table[f"{side}[senior]"] + table[f"{side}[junior]"]
        assert parts.to_list() == pytest.approx(table[side].to_list())
    assert table["run"].eq(stack.median_run()).all()


def test_capital_at_risk_by_period(stack: sib.Results) -> None:
    table = investors.capital_at_risk_by_period(stack)
    assert table.p5.to_list() == pytest.approx([-102_000, -102_000, -81_000])
    assert table.p95.to_list() == pytest.approx([-102_000, -81_000, -14_850])
    deepest = stack.percentile("capital_at_risk", 95)
    assert -table[["p5", "p95"]].min(axis=None) == pytest.approx(deepest)


def test_a_contract_without_endings_or_capital_says_so(bond: sib.Results) -> None:
    found, absent = tables.tables(bond)
    assert absent["endings"] == "the contract has no ending"
    assert len(found["investors"]) == 1
    bare = sib.simulate(bond.contract.replace({"capital": None}), runs=20)
    for table in (investors.investors, investors.losses, investors.median_run):
        with pytest.raises(AbsentError, match="no capital"):
            table(bare)
    assert 'id="investors"' not in html.page(bare)


def test_thresholds_of_the_capital_stand_beside_those_of_rules(stack: sib.Results) -> None:
    tested = {"capital.endings.stopped.if": {"share": {"below": 0.4}}}
    rate = {"by": "share", "below": {0.5: 0}, "at_least": {0.5: 0.05}}
    changed = stack.contract.replace({**tested, "capital.tranches.senior.interest": rate})
    found = [(one.word, one.bound, one.rule) for one in rules.stated(changed)]
    assert found == [
        ("below", 0.4, "stopped"),
        ("at_least", 0.5, "senior"),
        ("below", 0.5, "senior"),
    ]


# --- words ----------------------------------------------------------------------------------------


def test_capital_in_words(stack: sib.Results) -> None:
    said = capital_clauses(stack.contract)
    assert said == CapitalClauses(
        tranches={
            "senior": "Up to GBP 60,000 from bank, as costs need it; paid back as there is money, "
            "in every year, with interest of 5% a year, rolled up.",
            "junior": "Up to GBP 42,000 from junior, as costs need it; paid back as there is "
            "money, in every year.",
        },
        order=[
            "Senior: interest, then what it put in.",
            "Junior: what it put in.",
            "Split: what is left, 50% to junior and 50% to council.",
        ],
        account=[
            "Payments meet no costs: all costs are met from capital.",
            "Costs that cannot be met are the provider’s to bear.",
        ],
        others={
            "half": "At the close, what junior lacks of 50% of what it put in; made good by "
            "foundation.",
            "stopped": "On 1 April 2028, with a chance of 25%: nobody more starts and nothing more "
            "is drawn; accounts close that day and no payment follows.",
        },
        costs={
            "service": "GBP 100,000 on 1 April 2027, to provider.",
            "fee": "GBP 2,000 on 1 April 2027, to foundation.",
        },
    )


TABLE = {"by": "share", "below": {0.5: -3000}, "at_least": {0.5: 3000}}


@pytest.mark.parametrize(
    ("path", "clause", "sentence"),
    [
        ("tranches.junior.repaid", "never", "as costs need it; a grant, never paid back."),
        ("tranches.junior.draw", "at_once", "GBP 42,000 from junior, at once, on 1 April 2027;"),
        ("tranches.junior.draw", {0: 0.9, 1: 0.1}, "90% on 1 April 2027 and 10% on 1 April 2028;"),
        (
            "tranches.senior.repaid",
            {"level": {"from": 1, "until": 2}},
            "in equal instalments from 1 April 2028 to 1 April 2029, with interest of 5% a year.",
        ),
        (
            "tranches.senior",
            {"commitment": 60_000, "repaid": "at_end", "due_from": "council", "principal": 0.8},
            "at the end (1 April 2029); of what was drawn 80% is due; what is due is brought by "
            "council.",
        ),
        (
            "tranches.senior.interest",
            {"rate": 0.03, "paid": "each_period"},
            "with interest of 3% a year, paid each year.",
        ),
        ("surplus.split.to", {"junior": 3, "council": 1}, "3 parts in 4 to junior and 1 parts"),
        (
            "tranches.senior.interest",
            {"rate": {"by": "share", "below": {0.5: 0}, "at_least": {0.5: 0.05}}, "paid": "at_end"},
            "; with interest a year, simple, paid at the end: read off share, 0% below 0.5, 5% "
            "from 0.5.",
        ),
        ("distribute", "at_end", "as there is money, at the end (1 April 2029)."),
        ("recycle", {"share": 0.4}, "40% of each payment meets costs."),
        ("recycle", {"up_to": 9000}, "The first GBP 9,000 of payments meet costs."),
        ("account.reserve", 5000, "GBP 5,000 is kept back until the end."),
        ("on_shortfall", "delivery_stops", "If costs cannot be met, nobody more starts"),
        ("draw_order", ["junior", "senior"], "Drawn first: junior, then senior."),
        (
            "guarantees.half.limit",
            900,
            "lacks of 50% of what it put in, up to GBP 900; made good by foundation.",
        ),
        (
            "settlements",
            {"risk": {"from": "council", "to": "senior", "amount": TABLE}},
            "On 1 April 2029, from council to senior: read off share, −GBP 3,000 below 0.5, "
            "GBP 3,000 from 0.5; below nothing, the other way.",
        ),
        (
            "settlements",
            {"bonus": {"from": "account", "to": "provider", "amount": 100, "at": 2}},
            "On 1 April 2029, from the account to provider: GBP 100.",
        ),
        (
            "endings.stopped",
            {
                "at": 1,
                "if": {"share": {"below": 0.5}},
                "redeem": {"senior": 0.75, "junior": {"irr": 0.0}},
                "paid_by": "council",
                "left_to": "council",
            },
            "On 1 April 2028, if share is below 0.5: nobody more starts and nothing more is drawn; "
            "for senior 75% of what it put in, and no more; for junior what brings its return to "
            "0% a year, and no more; what the account lacks for that is brought by council; what "
            "is left goes to council.",
        ),
        (
            "endings.stopped",
            {"from": 1, "if": {"balance": {"below": 10}}, "notice": 1},
            "In every year from 1 April 2028, if the balance of the account is below GBP 10: "
            "nobody more starts and nothing more is drawn; costs go on for 1 year; those who have "
            "started are still paid for.",
        ),
    ],
)
def test_each_clause_in_words(path: str, clause: object, sentence: str, stack: sib.Results) -> None:
    changes = {f"capital.{path}": clause}
    if clause == "never":  # its place in the order goes with it
        changes |= {
            "capital.order": ["senior", "split"],
            "capital.surplus.split.to": {"council": 1},
        }
        changes |= {"capital.guarantees": None}
    if path == "distribute" or "redeem" in str(clause):
        changes |= {"capital.guarantees": None}
    said = capital_clauses(stack.contract.replace(changes))
    assert said is not None
    every = [*said.tranches.values(), *said.order, *said.account, *said.others.values()]
    assert any(sentence in text for text in every), every


def test_until_in_words(stack: sib.Results) -> None:
    steps = {
        "preferred": {"to": {"junior": 1}, "until": {"irr": 0.08}},
        "catch_up": {"to": {"manager": 1}, "until": {"share_of_profit": 0.2}},
        "more": {"to": {"junior": 0.5, "manager": 0.5}, "until": {"multiple": 1.5, "of": "junior"}},
        "rest": {"to": {"council": 1}},
    }
    order = ["senior", "junior", *steps]
    said = capital_clauses(
        stack.contract.replace({"capital.surplus": steps, "capital.order": order})
    )
    assert said is not None
    assert said.order[2:] == [
        "Preferred: all to junior, up to a return of 8% a year.",
        "Catch up: all to manager, up to 20% of all profit.",
        "More: 50% to junior and 50% to manager, up to 1.5 times what was put in for junior.",
        "Rest: what is left, all to council.",
    ]


@pytest.mark.parametrize("name", sib.library.names())
def test_every_published_capital_can_be_said(name: str) -> None:
    contract = sib.library.load(name)
    said = capital_clauses(contract)
    if contract.capital is None:
        assert said is None
        return
    assert said is not None
    assert list(said.tranches) == list(contract.capital.tranches)
    assert said.order or len(contract.capital.repaid) == 1
    for text in [*said.tranches.values(), *said.order, *said.others.values(), *said.costs.values()]:
        assert re.fullmatch(r"[A-Z0-9−].*\.", text), text


# --- plot, page, files, command line --------------------------------------------------------------


def test_bars_draw_the_middle_run(stack: sib.Results) -> None:
    panel, fan = plots.PLOTS["investor_cash_flow"](stack).figure.axes
    bars = [bar for bar in panel.patches if isinstance(bar, Rectangle)]
    table = investors.median_run(stack)
    heights = np.array([bar.get_height() for bar in bars]) * 1_000
    assert heights[heights > 0].sum() == pytest.approx(table.received.sum())
    assert heights[heights < 0].sum() == pytest.approx(-table.put_in.sum())
    [line] = [line for line in panel.lines if line.get_marker() == "o"]
    assert np.asarray(line.get_ydata()) * 1_000 == pytest.approx(table.cumulative.to_numpy())
    lowest = min(np.min(np.asarray(line.get_ydata())) for line in fan.lines)
    assert lowest * 1_000 == pytest.approx(-102_000)


def test_page_of_a_stack_shows_tranches_endings_and_guarantee(stack: sib.Results) -> None:
    text = html.page(stack)
    for said in ("Tranche by tranche", "How it ends", "Foundation pays as guarantor (half)",
                 "Foundation receives as its fee", "Handed back to council", "no ending holds",
                 f"The account in run {stack.median_run()}", "from first to last"):  # fmt: skip
        assert said in text, said


def test_page_of_one_tranche_repeats_nothing(bond: sib.Results) -> None:
    text = html.page(bond)
    section = text[text.index('id="investors"') : text.index("Payments by year")]
    assert "Tranche by tranche" not in section
    assert "from first to last" not in section
    assert "How it ends" not in section
    assert section.count("Investors lose</th>") == 1
    assert "In the worst 5% of runs investors receive at most" in section
    assert shown_investors.returns(bond) is None
    assert [row[0] for row in shown_investors.losses(bond).rows] == [
        "Investors lose",
        "Costs nobody could meet",
    ]


def test_a_grant_has_no_return_on_the_page(stack: sib.Results) -> None:
    grant = {"commitment": 2000, "repaid": "never", "held_by": "lottery"}
    given = sib.simulate(stack.contract.replace({"capital.tranches.gift": grant}), runs=50)
    shown = shown_investors.returns(given)
    assert shown is not None
    assert shown.columns == ["", "All investors", "senior", "junior"]
    rows = {row[0]: row for row in shown_investors.losses(given).rows}
    assert rows["Lottery gives as a grant (gift)"][1:3] == ["100.0%", "2,000"]


def test_the_account_of_one_run_balances(stack: sib.Results) -> None:
    """All that goes in and out is in the table: sums to others beside tranches among it."""
    settlement = {"bonus": {"from": "account", "to": "provider", "amount": 500, "at": 2}}
    changes = {
        "capital.settlements": settlement,
        "capital.account.reserve": 1000,
        "payments.rules.success.price": 1200,
        "capital.surplus.split.to": {"manager": 0.5, "council": 0.5},
    }
    table = sib.simulate(stack.contract.replace(changes), runs=40).explain(0)["account"]
    into = table["payments"] + table["drawn"]
    out = table[["met", "paid back", "interest", "principal", "surplus", "to others"]].sum(axis=1)
    assert table["to others"].sum() > 500
    assert (into - out).cumsum().to_numpy() == pytest.approx(table["balance"].to_numpy(), abs=1e-6)


def test_explained_run_is_written_and_the_last_one_goes(bond: sib.Results, tmp_path: Path) -> None:
    write(bond, tmp_path, explain=17)
    account = pd.read_csv(tmp_path / "tables" / "run_17_account.csv")
    assert bond.ledger is not None
    paid = bond.ledger["paid"].sel(run=17).sum("rule").values
    assert account["payments"].to_list() == pytest.approx(list(paid))
    write(bond, tmp_path, explain=3)
    assert not list((tmp_path / "tables").glob("run_17_*"))
    assert (tmp_path / "tables" / "run_3_account.csv").exists()
    write(bond, tmp_path)
    assert not list((tmp_path / "tables").glob("run_*"))


def test_explain_on_the_command_line(bond: sib.Results, tmp_path: Path) -> None:
    options = ("--runs", str(RUNS), "--out", str(tmp_path))
    result = sibmodel("run", "closed_form_bond", *options, "--explain", "median")
    assert result.exit_code == 0, result.output
    middle = bond.median_run()
    assert f"run {middle} of {RUNS}, seed 0" in result.stdout
    assert "The account, period by period" in result.stdout
    assert str(tmp_path / "tables" / f"run_{middle}_account.csv") in result.stdout
    assert (
        "run 17 of 400" in sibmodel("run", "closed_form_bond", *options, "--explain", "17").stdout
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--explain", "50"), "--explain is a run from 0 to 49, or median: seen '50'"),
        (("--explain", "-1"), "--explain is a run from 0 to 49, or median: seen '-1'"),
        (("--explain", "mean"), "--explain is a run from 0 to 49, or median: seen 'mean'"),
        (("--explain", "3", "--keep", "measures"), "--explain reads the ledger"),
    ],
)
def test_what_cannot_be_explained_is_told_first(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    result = sibmodel("run", "closed_form_bond", "--runs", "50", "--out", str(tmp_path), *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(tmp_path.iterdir())
