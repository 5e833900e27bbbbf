"""The register: every number with its source, every default, and what moves together."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_bad_contracts import GOOD, PAYING, STACK

from sibmodel.contract.assumptions import Assumption
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, path_text
from sibmodel.contract.files import load_contract, loads
from sibmodel.contract.register import Entry, distribution, moves_together, register

ROOT = Path(__file__).parents[1]


@pytest.fixture
def contract() -> Contract:
    return load_contract(ROOT / "examples/homes_and_work.yaml")


def entries(contract: Contract) -> dict[str, Entry]:
    found = register(contract)
    assert len({entry.path for entry in found}) == len(found)
    return {entry.path: entry for entry in found}


@pytest.mark.parametrize(
    ("path", "value", "unit", "source", "grade"),
    [
        # a distribution, with its own source
        ("outcomes.moves_in.anyway", "PERT 0.30 – 0.40 – 0.55", "share",
         "illustrative: housing register, people not referred", "D"),
        # a name, with the source of the assumption
        ("outcomes.moves_in.rate", "placement_rate: Beta mean 0.85 sd 0.05", "share",
         "illustrative: provider's last two projects", "B"),
        ("assumptions.placement_rate", "Beta mean 0.85 sd 0.05", "number",
         "illustrative: provider's last two projects", "B"),
        # a group, with a source of its own, and one with that of the clause around it
        ("outcomes.job_13_weeks.rate.by_group.homeless", "PERT 0.15 – 0.28 – 0.40", "share",
         "illustrative: range over similar projects", "C"),
        ("outcomes.job_13_weeks.rate.by_group.care_leavers", "0.2", "share",
         "illustrative: judgement of the commissioning team", "E"),
        # plain numbers, with the source of the nearest clause that has one, or none
        ("payments.rules.home_3_months.price", "2,100", "GBP",
         "illustrative: rate card of the draft contract", None),
        ("payments.limits.contract", "680,000", "GBP",
         "illustrative: rate card of the draft contract", None),
        ("payments.payers.council.share", "0.8", "share",
         "illustrative: rate card of the draft contract", None),
        ("payments.running_costs.council.per_period", "4,000", "GBP",
         "illustrative: half a contract manager's salary", None),
        ("capital.tranches.investor.commitment", "300,000", "GBP",
         "illustrative: investor's draft terms", None),
        ("capital.hurdle", "0.06", "rate a year", "illustrative: investor's draft terms", None),
        ("timeline.periods", "16", "periods", None, None),
        ("timeline.start", "2027-04-01", "", None, None),
        ("cohorts.young_people.intake", "30, 60, 60, 50", "people", None, None),
        ("cohorts.young_people.groups.homeless", "120", "people", None, None),
        ("cohorts.young_people.alikeness", "0.02", "correlation", None, None),
        ("correlations[0].spearman", "0.5", "correlation",
         "illustrative: a strong labour market helps everybody", None),
        ("value.discount.schedule", "green_book_2026", "", None, None),
        ("value.benefits.fewer_nights_homeless.per_outcome", "7,900", "GBP",
         "illustrative: local authority spending on a household without a home", "C"),
        ("prices.inflation", "0.02", "rate a year",
         "illustrative: the Bank of England's target for consumer prices", None),
    ],
)  # fmt: skip
def test_a_number_is_told_with_its_unit_and_the_nearest_source(
    contract: Contract, path: str, value: str, unit: str, source: str | None, grade: str | None
) -> None:
    assert entries(contract)[path] == Entry(path, value, unit, source, grade, None, "stated")


@pytest.mark.parametrize(
    ("path", "value", "unit", "status"),
    [
        ("payments.rules.job.price.from[2028-04-01]", "300", "GBP", "stated"),
        ("payments.rules.home.price.by_group.young", "900", "GBP", "stated"),
        ("payments.rules.days.amount.through[180]", "2,000", "GBP", "stated"),
        ("payments.rules.moves.price.each_above[20]", "30", "GBP", "stated"),
        ("payments.rules.moves.limits.person.number", "3", "claims", "stated"),
        ("payments.rules.crimes.amount.at_least[0.1]", "20,000", "GBP", "stated"),
        ("payments.rules.crimes.amount.cap", "30,000", "GBP", "stated"),
        ("payments.rules.crimes.when.quality.at_least", "60", "number", "stated"),
        ("payments.rules.job.deadweight", "0.1", "share", "stated"),
        ("payments.rules.home.deadweight", "0", "share", "default"),
        ("payments.rules.saved.factors.saving", "0.95", "number", "stated"),
        ("payments.rules.saved.due", "2029-07-01, 2030-04-01", "", "stated"),
        ("payments.rules.grant.due", "every_period", "", "stated"),
        ("payments.limits.contract", "900,000", "GBP", "stated"),
        ("payments.limits.housing.total.number.share", "0.4", "share", "stated"),
        ("payments.limits.housing.total.amount", "60,000", "GBP", "stated"),
        ("payments.floors.contract", "1,000", "GBP", "stated"),
        ("payments.floors.jobs.year", "500", "GBP", "stated"),
        ("payments.payers.fund.share.from[2029-04-01]", "0.4", "share", "stated"),
        ("payments.payers.council.limits.total", "800,000", "GBP", "stated"),
        ("payments.factors.index", "index: uniform 0.9 – 1.1", "number", "stated"),
        ("payments.tax.rate", "0.2", "share", "stated"),
        ("payments.tax.included", "true", "", "stated"),
        ("payments.tax.to", "tax_authority", "", "default"),
        ("outcomes.job.held", "13 weeks", "", "stated"),
        ("outcomes.moves.unit", "move", "", "stated"),
        ("outcomes.moves.rate", "0.2", "move a person", "stated"),
        ("outcomes.moves.spread", "not stated", "move between people", "default"),
        ("outcomes.crimes.better", "lower", "", "stated"),
        ("outcomes.crimes.against.control", "matched", "", "stated"),
        ("outcomes.nights.against", "5", "number a person", "stated"),
        ("performance.reduction.as", "relative", "", "stated"),
        ("performance.saved.at", "2029-04-01", "", "stated"),
        ("performance.quality.over", "everyone", "", "default"),
        ("performance.quality.value", "80", "figure", "stated"),
        ("performance.whole.weights.quality", "0.7", "weight", "stated"),
        ("performance.whole.weights.share", "share", "", "stated"),
    ],
)
def test_what_payment_rules_say_is_told(path: str, value: str, unit: str, status: str) -> None:
    entry = entries(loads(PAYING))[path]
    assert (entry.value, entry.unit, entry.status) == (value, unit, status)


def test_a_row_borrows_the_source_of_the_table_and_the_rule_around_it() -> None:
    text = PAYING.replace("{through: {0: 0, 180: 2000}}", "{through: {0: 0, 180: 2000}, source: a}")
    text = text.replace("due: every_period,", "due: every_period, source: b,")
    found = entries(loads(text))
    assert found["payments.rules.days.amount.through[180]"].source == "a"
    assert found["payments.rules.grant.amount"].source == "b"
    changed = loads(text).replace({"payments.rules.days.amount.through[180.0]": 5})
    new = entries(changed)["payments.rules.days.amount.through[180]"]
    assert (new.value, new.source, new.status) == ("5", None, "changed")


def test_defaults_that_mean_nothing_are_not_told() -> None:
    found = entries(loads(PAYING))
    assert "outcomes.home.spread" not in found  # happens once
    assert "outcomes.days.spread" not in found  # a length of time
    assert "payments.rules.home.paid_back_by" not in found  # a price is never below zero


@pytest.mark.parametrize(
    ("path", "value", "unit", "status"),
    [
        ("capital.account.interest", "base_rate: PERT 0.01 – 0.02 – 0.05", "rate a year", "stated"),
        ("capital.recycle.share", "0.5", "share", "stated"),
        ("capital.distribute.every", "2", "periods", "stated"),
        ("capital.order", "bond; senior, junior.interest; audit; junior.principal; "
         "manager_bonus; rest", "", "stated"),
        ("capital.draw_order", "grant; senior, junior", "", "stated"),
        ("capital.tranches.grant.repaid", "never", "", "stated"),
        ("capital.tranches.senior.draw[2]", "0.5", "share", "stated"),
        ("capital.tranches.senior.interest.rate", "0.05", "rate a year", "stated"),
        ("capital.tranches.senior.interest.paid", "rolled_up", "", "default"),
        ("capital.tranches.bond.draw", "at_once", "", "stated"),
        ("capital.tranches.bond.interest.rate.at_least[0.5]", "0.05", "rate a year", "stated"),
        ("capital.tranches.bond.principal", "1", "share of drawn", "default"),
        ("capital.surplus.rest.to.council", "4", "share or part", "stated"),
        ("capital.surplus.manager_bonus.until.irr", "0.15", "rate a year", "stated"),
        ("capital.guarantees.foundation.up_to", "0.75", "share of drawn", "stated"),
        ("capital.guarantees.foundation.share", "1", "share", "default"),
        ("capital.settlements.risk_share.amount.below[0.2]", "-500", "GBP", "stated"),
        ("capital.endings.poor.if.success.below", "0.3", "number", "stated"),
        ("capital.endings.poor.redeem.bond.of_drawn", "0.75", "share of drawn", "stated"),
        ("capital.endings.poor.redeem.senior.irr", "0.02", "rate a year", "stated"),
        ("capital.endings.stop.chance", "0.1", "share", "stated"),
        ("delivery.costs.manager_fee.share", "0.02", "share", "stated"),
        ("delivery.costs.manager_fee.at", "0", "period", "default"),
        ("delivery.costs.undrawn_fee.rate", "0.005", "rate a year", "stated"),
        ("delivery.costs.team.tax", "0", "share", "default"),
    ],
)  # fmt: skip
def test_what_capital_and_costs_say_is_told(path: str, value: str, unit: str, status: str) -> None:
    entry = entries(loads(STACK))[path]
    assert (entry.value, entry.unit, entry.status) == (value, unit, status)


def test_defaults_of_capital_that_mean_nothing_are_not_told() -> None:
    found = entries(loads(STACK))
    assert "capital.tranches.grant.interest" not in found  # never repaid
    assert "capital.endings.poor.settles" not in found  # redeemed, so closed on the day
    assert "capital.endings.stop.notice" not in found  # one cohort's starts stop, and no cost
    assert "delivery.costs.success_fee.at" not in found  # a share of payments, when they come in


@pytest.mark.parametrize(
    "text", [GOOD, PAYING, STACK], ids=["small", "many ways to pay", "a stack of capital"]
)
def test_no_number_is_left_out(text: str) -> None:
    contract = loads(text)
    told = set(entries(contract))
    for at in contract.numbers():
        path = path_text(at.path)
        assert path in told or any(entry.startswith(f"{path}.by_group.") for entry in told) or (
            not at.said
        )  # fmt: skip
    assert {f"assumptions.{name}" for name in contract.assumptions} <= told


@pytest.mark.parametrize(
    "line",
    [
        "timeline.timing = start (default): Where in a period its money is dated",
        "outcomes.moves_in.claimed = 1 (default): "
        "Share of achieved that reaches the payer with evidence",
        "capital.distribute = after_delivery (default): "
        "after_delivery where payments are recycled, else each_period",
        "capital.tranches.investor.draw = as_needed (default): "
        "As costs lack it; at once; or {period: share}",
        "capital.tranches.investor.interest = 0 (default): A rate a year, or {rate: …, paid: …}",
        "capital.account.reserve = 0 (default): Kept back from distribution to the last period",
        "capital.order = investor; surplus (default): "
        "Priority: tranches (or name.interest, name.principal), steps, costs",
        "payments.running_costs.council.for = not stated (default): "
        "How many periods; if left out, to the last",
    ],
)
def test_a_default_says_what_it_means(contract: Contract, line: str) -> None:
    path = line.partition(" = ")[0]
    assert str(entries(contract)[path]) == line
    assert entries(contract)[path].source is None


def test_what_a_section_left_out_means_is_told() -> None:
    text = GOOD[: GOOD.index("capital:")].replace("    anyway: 0.4\n", "")
    found = entries(loads(text))
    assert str(found["capital"]) == (
        "capital = not stated (default): If left out, nobody invests: payment by results"
    )
    assert found["prices"].status == "default"
    assert found["outcomes.home.anyway"].value == "not stated"
    assert "capital.recycle" not in found


def test_a_default_that_could_mean_nothing_is_not_told(contract: Contract) -> None:
    # set_up is an amount: it has no first period, and nothing is spread over periods
    assert "delivery.costs.set_up.at" in entries(contract)
    assert "delivery.costs.set_up.from" not in entries(contract)
    assert "delivery.costs.team.at" not in entries(contract)


def test_a_changed_number_has_lost_the_source_of_the_old_one(contract: Contract) -> None:
    new = entries(
        contract.replace(
            {
                "outcomes.moves_in.anyway": 0.4,
                "payments.rules.moves_in.price": 900,
                "payments.rules.home_3_months.price": {"value": 2000, "source": "the bid"},
                "cohorts.young_people.intake[0]": 20,
                "cohorts.young_people.intake[1]": 70,
                "delivery.costs": {"team": {"per_period": 50000, "source": "new budget"}},
            }
        )
    )
    assert new["outcomes.moves_in.anyway"] == Entry(
        "outcomes.moves_in.anyway", "0.4", "share", None, None, None, "changed"
    )
    assert (new["payments.rules.moves_in.price"].source, new["payments.limits.person"].source) == (
        None,
        "illustrative: rate card of the draft contract",
    )
    assert new["payments.rules.home_3_months.price"].source == "the bid"
    assert new["cohorts.young_people.intake"].status == "changed"
    assert new["delivery.costs.team.per_period"].source == "new budget"
    assert new["delivery.costs.team.per_period"].status == "changed"
    stated = {path for path, entry in new.items() if entry.status == "stated"}
    assert "payments.rules.job_13_weeks.price" in stated


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (Assumption(value=2100), "2,100"),
        (Assumption(pert=(1900, 2100, 2300.5)), "PERT 1,900.0 – 2,100.0 – 2,300.5"),
        (Assumption(triangular=(0, 0.5, 1)), "triangular 0.0 – 0.5 – 1.0"),
        (Assumption(uniform=(2, 4)), "uniform 2 – 4"),
        (Assumption.model_validate({"beta": {"mean": 0.85, "sd": 0.05}}), "Beta mean 0.85 sd 0.05"),
        (Assumption.model_validate({"beta": {"achieved": 12, "of": 40}}), "Beta 12 of 40"),
        (
            Assumption.model_validate({"beta": {"achieved": 12, "of": 40, "elsewhere": 0.09}}),
            "Beta 12 of 40, elsewhere sd 0.09",
        ),
        (
            Assumption.model_validate({"beta": {"sites": [[1, 9], [2, 9], [5, 9]]}}),
            "Beta fitted to 3 sites",
        ),
        (
            Assumption.model_validate({"normal": {"mean": 5, "sd": 1}, "truncated": True}),
            "normal mean 5 sd 1, truncated",
        ),
        (
            Assumption.model_validate({"lognormal": {"mean": 5000, "sd": 1}}),
            "lognormal mean 5,000 sd 1",
        ),
        (
            Assumption.model_validate({"quantiles": {"at": {0.25: 3, 0.75: 4}, "fit": "normal"}}),
            "quantiles 25%: 3, 75%: 4, normal fitted",
        ),
        (Assumption.model_validate({"samples": [1, 2, 3]}), "3 samples"),
    ],
)
def test_a_distribution_in_words(number: Assumption, words: str) -> None:
    assert distribution(number) == words


# --- what moves together --------------------------------------------------------------------------


def test_what_shares_a_draw_is_told_and_what_does_not(tmp_path: Path) -> None:
    (tmp_path / "posterior.csv").write_text("a,b\n0.1,0.2\n0.2,0.3\n", encoding="utf-8")
    text = """\
schema: 1
name: Many draws
currency: GBP
timeline: {start: 2027-04-01, step: year, periods: 3}
assumptions:
  shared: {beta: {mean: 0.5, sd: 0.1}}
  once: {beta: {mean: 0.5, sd: 0.1}}
  certain: 0.5
cohorts: {people: {groups: {young: 5, old: 5}, intake: [10]}}
outcomes:
  one: {rate: shared, anyway: shared, attribution: once}
  two:
    rate: {samples: {file: posterior.csv, column: b}}
    anyway: {samples: {file: posterior.csv, column: a}}
  three:
    rate: {by_group: {young: {uniform: [0, 1]}, old: {uniform: [0.1, 0.9]}}}
    anyway: {by_group: {young: {uniform: [0, 1]}, old: {uniform: [0, 1]}}, independent: true}
  four: {rate: {uniform: [0, 1]}, anyway: {uniform: [0, 0.5]}, attribution: certain}
correlations:
  - {between: [outcomes.four.rate, outcomes.four.anyway], kendall: 0.3}
payments: {rules: {one: {pays: one, price: {uniform: [5, 9]}}}, payers: {council: 1}}
"""
    found = moves_together(loads(text, folder=tmp_path))
    assert [(group.why, group.numbers) for group in found] == [
        (
            "one draw: the assumption shared",
            ("assumptions.shared", "outcomes.one.rate", "outcomes.one.anyway"),
        ),
        ("one row of posterior.csv", ("outcomes.two.rate", "outcomes.two.anyway")),
        (
            "one draw moves all groups",
            ("outcomes.three.rate.by_group.young", "outcomes.three.rate.by_group.old"),
        ),
        ("Kendall correlation 0.3", ("outcomes.four.rate", "outcomes.four.anyway")),
        (
            "each is drawn by itself",
            (
                "assumptions.once",
                "outcomes.three.anyway.by_group.young",
                "outcomes.three.anyway.by_group.old",
                "payments.rules.one.price",
            ),
        ),
    ]


def test_a_correlation_may_name_an_assumption_and_a_number_by_group(contract: Contract) -> None:
    path = "outcomes.job_13_weeks.rate"
    joined = contract.replace({"correlations[0].between": [path, "placement_rate"]})
    last = moves_together(joined)[-1]
    assert last.why == "each is drawn by itself"
    assert last.numbers == (
        "cohorts.young_people.referrals",
        "outcomes.moves_in.anyway",
        "outcomes.job_13_weeks.anyway",
    )


def test_correlations_that_contradict_are_refused_before_any_of_this(contract: Contract) -> None:
    with pytest.raises(ContractError, match="names one draw twice"):
        contract.replace({"correlations[0].between": ["outcomes.moves_in.rate", "placement_rate"]})
