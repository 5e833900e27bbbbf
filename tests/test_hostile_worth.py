"""What goes wrong by mistake: odd contracts, tables of another shape, slips in what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import sibmodel as sib

EXAMPLE = "examples/homes_and_work.yaml"

MANY_TIMES = """
schema: 1
name: Outcomes with a unit
currency: GBP
prices: {base: 2027-28, inflation: 0.02}
timeline: {start: 2027-04-01, step: quarter, periods: 8}
parties: {council: {public: true}}
cohorts: {people: {people: 100, intake: [100]}}
outcomes:
  moves: {unit: move, rate: 2.0, anyway: 1.0}
  weeks: {unit: week, rate: 15, anyway: 12, within: {months: 9}}
payments:
  rules: {moves: {pays: moves, price: 1000}}
  payers: {council: 1.0}
delivery: {costs: {each: {per_start: 300}}}
value:
  discount: {rate: 0.0}
  benefits:
    fewer: {of: moves, per_outcome: 1000, to: council}
    longer: {of: weeks, per_outcome: 500, to: council}
"""


@pytest.fixture
def many_times(tmp_path: Path) -> sib.Contract:
    file = tmp_path / "many_times.yaml"
    file.write_text(MANY_TIMES, encoding="utf-8")
    return sib.load_contract(file)


def test_what_happens_anyway_many_times_is_looked_for_near_its_mean(
    many_times: sib.Contract,
) -> None:
    # 100 × (2 − x) × 1,000 + 100 × (15 − 12) × 500 = 200,000: x = 1.5
    # 100 × (2 − 1) × 1,000 + 100 × (15 − x) × 500 = 200,000: x = 13
    found = sib.deadweight_switch(many_times, "benefit_cost_ratio[council]")
    assert found["switching_value"].round(4).to_dict() == {"moves": 1.5, "weeks": 13.0}
    values = sib.switching_values(many_times, "benefit_cost_ratio[council]", runs=2000)
    assert values["switching_value"]["outcomes.moves.anyway"] == pytest.approx(1.5, abs=0.05)
    assert "moves" in repr(sib.review(many_times, 50))
    more = sib.price_for(
        many_times, "outcomes.moves.rate", outcome_payments=300_000, confidence=None, runs=500
    )
    assert more.value == pytest.approx(3.0, rel=0.03)


def test_overheads_of_nothing_have_no_infinite_end() -> None:
    # society's gain and cost are equal: given the runs each person may be worth less than nothing
    contract = sib.library.load("closed_form_bond").replace(
        {
            "prices": {"base": "2027-28", "inflation": 0.0},
            "value": {
                "discount": {"rate": 0.0},
                "benefits": {"worth": {"of": "success", "per_outcome": 4500, "to": "council"}},
            },
        }
    )
    told = repr(sib.overheads(contract, 200))
    assert "inf" not in told
    assert "no size at all" in told


# --- scenarios ------------------------------------------------------------------------------------


def test_what_one_scenario_leaves_undefined_is_not_the_same_in_all() -> None:
    contract = sib.load_contract(EXAMPLE)
    changes = {"unvalued": {"value": None}, "as agreed": {"payments.limits.person": 7000}}
    found = sib.scenarios(contract, changes, runs=30)
    _, _, same = repr(found).partition("The same in every scenario")
    assert "net_present_value[society]" not in same
    assert "outcome_payments GBP" in same


def test_one_scenario_alone_shows_what_it_changes() -> None:
    contract = sib.load_contract(EXAMPLE)
    found = sib.scenarios(contract, {"tight": {"payments.limits.person": 70}}, runs=30)
    _, _, same = repr(found).partition("The same in every scenario")
    assert "outcome_payments " not in same
    assert "people_started" in same


def test_scenarios_are_in_one_currency() -> None:
    contract = sib.load_contract(EXAMPLE)
    with pytest.raises(ValueError, match="is in EUR and the contract in GBP: restate"):
        sib.scenarios(contract, {"currency": ["GBP", "EUR"]}, runs=5)


def test_the_name_of_one_measure_is_a_list_of_one() -> None:
    contract = sib.library.load("closed_form_bond")
    assert sib.simulate(contract, 5, measures="investor_irr").names == ("investor_irr",)
    found = sib.scenarios(
        contract, {"payments.rules.success.price": [1, 2]}, measures="outcome_payments", runs=5
    )
    assert found.measures == ("outcome_payments",)
    assert repr(sib.simulate(contract, 5, measures=[])).startswith("A bond")


# --- slips ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("money", "told"),
    [
        (float("nan"), "an amount, 0 or more"),
        (-5, "an amount, 0 or more"),
        ("42,000", "is a number: seen '42,000'"),
    ],
)
def test_money_set_aside_is_an_amount(money: object, told: str) -> None:
    results = sib.simulate(sib.library.load("closed_form_bond"), 5)
    with pytest.raises(ValueError, match=told):
        sib.budget(results, budget={"2028-29": money})  # type: ignore[dict-item]


def test_a_year_that_is_a_number_is_told_how_years_are_written() -> None:
    results = sib.simulate(sib.library.load("closed_form_bond"), 5)
    with pytest.raises(ValueError, match="is written 2028-29: seen '2028'"):
        sib.budget(results, budget={2028: 42_000})  # type: ignore[dict-item]


@pytest.mark.parametrize("target", [float("nan"), float("inf"), "6%"])
def test_a_target_is_a_number(target: object) -> None:
    bond = sib.library.load("closed_form_bond")
    with pytest.raises(ValueError, match="a target is a number, such as"):
        sib.price_for(bond, "payments.rules.success.price", {"investor_irr": target})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "path", ["payments.limits.contract", "capital.tranches.investor.commitment"]
)
def test_a_plain_number_is_looked_for_up_to_four_times_what_it_is(path: str) -> None:
    contract = sib.load_contract(EXAMPLE)
    found = sib.price_for(contract, path, investor_loses=0.99, runs=20)
    stated = {"contract": 680_000, "commitment": 300_000}[path.rpartition(".")[2]]
    assert found.curve["value"].max() == 4 * stated


def test_contracts_and_results_are_told_apart() -> None:
    bond = sib.library.load("closed_form_bond")
    results = sib.simulate(bond, 5)
    for question in (sib.budget, sib.four_es, sib.top_up):
        with pytest.raises(TypeError, match=r"takes results, .*simulate\(contract.*: seen Con"):
            question(bond)  # type: ignore[operator]
    with pytest.raises(TypeError, match="compare takes contracts, and simulates them: seen Res"):
        sib.compare([results, results])  # type: ignore[list-item]
    two = (bond.replace({}, name=name) for name in ("one", "two"))
    assert len(sib.compare(two, runs=5).results) == 2  # type: ignore[arg-type]


def test_a_margin_is_a_number() -> None:
    with pytest.raises(ValueError, match="margin is a share of the costs"):
        sib.fee_for_service(sib.library.load("closed_form_bond"), margin=float("nan"))


def test_people_of_no_room_are_drawn_each_time() -> None:
    people = sib.People(most_bytes=-1)
    sib.simulate(sib.library.load("closed_form_bond"), 5, people=people)
    assert people.bytes == 0


# --- tables ---------------------------------------------------------------------------------------


def faults_of(file: Path) -> str:
    with pytest.raises(sib.SheetError) as told:
        sib.load_unit_costs(file)
    return str(told.value)


def test_a_total_with_a_capital_letter_is_the_total(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    head = "item,component,amount,prices,source\n"
    file.write_text(head + "a,Total,5,2010-11,x\na,one,3,2010-11,x\na,two,3,2010-11,x\n")
    assert "components sum to 6.00" in faults_of(file)
    file.write_text(head + "a,Total,6,2010-11,x\na,one,3,2010-11,x\na,two,3,2010-11,x\n")
    assert sib.load_unit_costs(file).benefit("a", of="b", to="c")["per_outcome"] == 6


def test_what_is_no_workbook_is_told_so(tmp_path: Path) -> None:
    for name, raw, told in (
        ("text.xlsx", b"item,amount", "it is no Excel workbook"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0", "protected workbook"),
        ("old.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("sheet.ods", b"PK\x03\x04", "save it as CSV UTF-8"),
    ):
        (tmp_path / name).write_bytes(raw)
        assert told in faults_of(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        sib.load_unit_costs(tmp_path / "absent.xlsx")


def test_digits_of_other_scripts_are_not_taken_for_a_year(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text("item,amount,prices,source\na,5,２０１０-１１,x\n", encoding="utf-8")
    assert "a price year is written 2013-14" in faults_of(file)
