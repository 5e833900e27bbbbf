"""A contract is changed at named places, all at once, and stays what it was elsewhere."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_bad_contracts import GOOD, PAYING, STACK

from sibmodel.contract.change import steps
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.files import load_contract, loads
from sibmodel.contract.timeline import Length

ROOT = Path(__file__).parents[1]


@pytest.fixture
def contract() -> Contract:
    return load_contract(ROOT / "examples/homes_and_work.yaml")


def at(contract: Contract, *path: str | int) -> Any:
    """What stands at a path of the plain data."""
    value: Any = contract.to_dict()
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("headline", ("headline",)),
        ("payments.rules.jail.price", ("payments", "rules", "jail", "price")),
        ("correlations[0].between[1]", ("correlations", 0, "between", 1)),
        ("a..b", ()),
        (".a", ()),
        ("a.", ()),
        ("a[x]", ()),
        ("a b[1]c", ()),
        ("rules.jail.amount.at_least[0.30]", ("rules", "jail", "amount", "at_least", "0.3")),
        ("amount.below[-5]", ("amount", "below", "-5")),
        ("amount.above[1e6]", ("amount", "above", "1000000")),
        ("price.from[2027-04-01]", ("price", "from", "2027-04-01")),
        ("price.from[4].by_group.first/young", ("price", "from", 4, "by_group", "first/young")),
        ("", ()),
    ],
)
def test_a_path_is_names_joined_by_dots_and_items_in_brackets(
    text: str, path: tuple[str | int, ...]
) -> None:
    assert steps(text) == path


def test_all_changes_are_made_and_the_first_contract_stays(contract: Contract) -> None:
    before = contract.to_dict()
    new = contract.replace(
        {
            "payments.rules.job_13_weeks.price": 3200,
            "capital.recycle": False,
            "cohorts.young_people.intake[0]": 20,
            "cohorts.young_people.intake[1]": 70,
            "outcomes.moves_in.anyway": 0.4,
            "outcomes.job_13_weeks.rate.by_group.homeless.pert[1]": 0.3,
            "payments.rules.moves_in.limits.person": 300,
            "payments.payers": {"council": 0.5, "outcomes_fund": "rest"},
            "value": None,
        },
        name="dearer jobs",
    )
    assert contract.to_dict() == before
    assert new.name == "dearer jobs"
    assert at(new, "payments", "rules", "job_13_weeks", "price") == 3200
    assert at(new, "capital", "recycle") is False
    assert at(new, "cohorts", "young_people", "intake") == [20, 70, 60, 50]
    assert at(new, "outcomes", "moves_in", "anyway") == 0.4
    homeless = at(new, "outcomes", "job_13_weeks", "rate", "by_group", "homeless")
    assert homeless["pert"] == [0.15, 0.3, 0.4]
    assert homeless["source"].startswith("illustrative")
    assert at(new, "payments", "rules", "moves_in", "limits", "person", "amount") == 300
    assert at(new, "payments", "payers", "outcomes_fund", "share") == "rest"
    assert new.value is None


def test_two_changes_that_need_each_other_are_checked_once(contract: Contract) -> None:
    # The intake must add to the groups: each of these alone is a fault.
    changes = {
        "cohorts.young_people.groups.homeless": 130,
        "cohorts.young_people.intake": [30, 60, 60, 60],
    }
    for path, value in changes.items():
        with pytest.raises(ContractError, match="the intake adds to"):
            contract.replace({path: value})
    assert contract.replace(changes).cohorts["young_people"].size == 210


def test_a_new_name_adds_a_clause_and_none_takes_one_out(contract: Contract) -> None:
    new = contract.replace(
        {
            "outcomes.degree": {"cohort": "young_people", "rate": 0.1, "anyway": 0},
            "payments.rules.degree": {"pays": "degree", "price": 900},
            "payments.rules.home_3_months": None,
            "correlations": None,
        }
    )
    assert list(new.payments.rules) == ["moves_in", "job_13_weeks", "degree"]
    assert new.correlations == ()
    assert new.replace({"outcomes.degree": None, "payments.rules.degree": None}).outcomes == {
        name: outcome for name, outcome in new.outcomes.items() if name != "degree"
    }


def test_items_of_a_list_are_taken_out_whatever_their_order() -> None:
    text = GOOD.replace("people:\n    groups: {young: 30, old: 70}", "people:\n    people: 100")
    contract = loads(
        text.replace("[50, 50]", "[50, 0, 0, 50]").replace("periods: 8", "periods: 12")
    )
    for changes in (
        {"cohorts.people.intake[1]": None, "cohorts.people.intake[2]": None},
        {"cohorts.people.intake[2]": None, "cohorts.people.intake[1]": None},
    ):
        assert at(contract.replace(changes), "cohorts", "people", "intake") == [50, 50]
    longer = {"cohorts.people.intake[0]": 40, "cohorts.people.intake[4]": 10}
    assert at(contract.replace(longer), "cohorts", "people", "intake") == [40, 0, 0, 50, 10]


def test_rows_of_tables_limits_and_tests_are_changed_by_their_paths() -> None:
    contract = loads(PAYING)
    rules = "payments.rules"
    new = contract.replace(
        {
            f"{rules}.job.price.from[2027-04-01]": 450,
            f"{rules}.job.price.from[2029-04-01]": 200,  # a new row
            f"{rules}.job.price.from[2028-04-01]": None,
            f"{rules}.days.amount.through[180.0]": 2500,
            f"{rules}.days.amount.through[0]": 10,
            f"{rules}.crimes.amount.at_least[0.10]": {"pert": [1, 2, 3]},
            f"{rules}.crimes.amount.cap": 20000,
            f"{rules}.crimes.when.quality.at_least": 50,
            f"{rules}.trained.when.trained": {"at_most": 40},  # a new test
            f"{rules}.two_sided.amount.below[0.2]": -600,
            f"{rules}.home.price.by_group.young": {"from": {0: 5, 4: 6}},
            "payments.limits.housing.total.number.share": 0.5,
            "payments.limits.person": {"amount": 4000},
            "payments.limits.routes": {"of": ["home", "job"], "person": {"number": 1}},
            "payments.floors.jobs.year": 400,
            "payments.factors.bid": 0.9,
            "payments.payers.council.share.from[2029-04-01]": 0.7,
            "payments.payers.fund.share.from[2029-04-01]": 0.3,
            "payments.tax": None,
            "performance.whole.weights.quality": 0.6,
            "performance.saved.as": "count",
            "performance.saved.at": [8],
            "outcomes.job.held.weeks": 26,
            "outcomes.nights.against": {"control": "area", "people": 400},
        }
    )
    card = at(new, "payments", "rules")
    assert card["job"]["price"]["from"] == {"2027-04-01": 450, "2029-04-01": 200}
    assert [*card["days"]["amount"]["through"].values()] == [10, 2500]
    steps = card["crimes"]["amount"]["at_least"]
    assert [*steps.values()] == [{"pert": [1, 2, 3]}, 40000]
    assert card["crimes"]["amount"]["cap"] == 20000
    assert card["crimes"]["when"] == {"quality": {"at_least": 50}}
    assert card["trained"]["when"]["trained"] == {"at_most": 40}
    assert [*card["two_sided"]["amount"]["below"].values()] == [-600]
    assert card["home"]["price"]["by_group"]["young"]["from"] == {"0": 5, "4": 6}
    limits = at(new, "payments", "limits")
    assert limits["housing"]["total"] == {
        "number": {"share": 0.5, "of": ["first"]},
        "amount": 60000,
    }
    assert limits["person"] == {"amount": 4000}
    assert limits["routes"] == {"of": ["home", "job"], "person": {"number": 1}}
    assert new.payments.floors.named["jobs"].year == 400
    assert new.payments.tax is None
    assert new.performance["saved"].at == (8,)
    assert new.length("job", "held", "first/old") == Length(weeks=26)
    assert new._changed >= {
        "payments.rules.crimes.amount.at_least[0.1]",
        "payments.rules.days.amount.through[180]",
        "payments.rules.two_sided.amount.below[0.2]",
    }


def test_clauses_of_capital_are_changed_by_their_paths() -> None:
    contract = loads(STACK)
    tranches = "capital.tranches"
    new = contract.replace(
        {
            f"{tranches}.senior.interest.rate": 0.06,  # written short, interest: 0.05
            f"{tranches}.senior.draw[2]": None,
            f"{tranches}.senior.draw[3]": 0.4,
            f"{tranches}.junior.interest": {"from": {0: 0.02, 8: 0.03}},
            f"{tranches}.bond.interest.rate.at_least[0.5]": 0.07,
            f"{tranches}.bond.principal": {"by": "success", "below": {0: 0.5}, "at_least": {0: 1}},
            f"{tranches}.loan": {"commitment": 500, "repaid": {4: 0.5, 8: 0.5}},
            "capital.order[5]": ["loan"],
            "capital.order[6]": "rest",
            "capital.draw_order[1][1]": "loan",
            "capital.draw_order[2]": "junior",
            "capital.account.opening": 0,
            "capital.recycle": {"up_to": 20000},
            "capital.distribute": [4, 8, 15],
            "capital.surplus.manager_bonus.until.irr": {"from": {0: 0.1, 8: 0.15}},
            "capital.surplus.rest.to.provider": None,
            "capital.guarantees.foundation.up_to": {"from": {0: 0.8, 8: 0.75}},
            "capital.settlements.risk_share.amount.below[0.2]": -700,
            "capital.endings.poor.redeem.bond.of_drawn": 0.8,
            "capital.endings.poor.redeem.senior.irr": 0.03,
            "capital.endings.poor.if.success.below": 0.25,
            "capital.endings.stop.chance": None,
            "capital.endings.stop.if": {"drawn": {"above": 40000}},
            "delivery.costs.manager_fee.share": 0.03,
            "delivery.costs.audit": {"amounts": {2: 100, 8: 4000}},
        }
    )  # fmt: skip
    capital = new.capital
    assert capital is not None
    senior, loan = capital.tranches["senior"], capital.tranches["loan"]
    assert (senior.interest.rate, senior.interest.paid) == (0.06, "rolled_up")
    assert senior.draw == {0: 0.5, 3: 0.4}
    assert loan.repaid == {4: 0.5, 8: 0.5}
    assert at(new, "capital", "tranches", "junior", "interest") == {
        "rate": {"from": {"0": 0.02, "8": 0.03}}
    }
    assert capital.ranks[4:] == (("manager_bonus",), ("loan",), ("rest",))
    assert capital.draws == (("grant",), ("senior", "loan"), ("junior",))
    assert capital.distribution == (4, 8, 15)
    assert capital.surplus["rest"].to == {"council": 4.0}
    assert capital.endings["poor"].redeem["bond"].of_drawn == 0.8
    assert capital.endings["poor"].redeem["senior"].irr == 0.03
    assert new._changed >= {
        "capital.tranches.senior.draw[2]",
        "capital.tranches.bond.interest.rate.at_least[0.5]",
    }
    assert Contract.from_dict(json.loads(json.dumps(new.to_dict()))) == new


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"capital.tranches.senior.interest.rate": "6%"},
         "capital.tranches.senior.interest.rate: seen the text '6%': write 0.06"),
        ({"capital.tranches.senor.interest.rate": 0.06},
         "capital.tranches.senor: leads nowhere; did you mean 'senior'?"),
        ({"capital.tranches.senior.interest.coupon": 0.06},
         "capital.tranches.senior.interest.coupon: leads nowhere; known are: grade, note, paid, "
         "rate, source"),
        ({"capital.tranches.senior.draw[5]": None},
         "capital.tranches.senior.draw[5]: leads nowhere; known are: 0, 2"),
        ({"capital.order[0]": "bonds"},
         "capital.order: there is no tranche, step or cost called 'bonds'; did you mean 'bond'?"),
    ],
)  # fmt: skip
def test_a_change_of_capital_that_cannot_be_made(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ContractError) as caught:
        loads(STACK).replace(changes)
    assert [str(fault) for fault in caught.value.faults] == [says]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payments.rules.crimes.amount.at_leat[0.1]": 5},
         "payments.rules.crimes.amount.at_leat: leads nowhere; did you mean 'at_least'?"),
        ({"payments.rules.crimes.amount.at_least[0.15]": None},
         "payments.rules.crimes.amount.at_least[0.15]: leads nowhere; did you mean '0.1'?"),
        ({"payments.limits.housng.total": 5},
         "payments.limits.housng: leads nowhere; did you mean 'housing'?"),
        ({"payments.limits.housng": 5},
         "payments.limits.housng: there is no limit called 'housng'; known are: cohort, contract, "
         "period, person, year (one with a name of its own says which rules it covers, "
         "{of: [rule, other], total: 1000})"),
        ({"payments.rules.job.price.from[8]": 5, "payments.rules.job.price.from[8.0]": 6},
         "'payments.rules.job.price.from[8]' and 'payments.rules.job.price.from[8.0]' change the "
         "same place: keep one"),
    ],
)  # fmt: skip
def test_a_change_in_a_table_that_cannot_be_made(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ContractError) as caught:
        loads(PAYING).replace(changes)
    assert [str(fault) for fault in caught.value.faults] == [says]


def test_clauses_and_numpy_numbers_can_be_put_in(contract: Contract) -> None:
    new = contract.replace(
        {
            "payments.rules.dearer": contract.payments.rules["moves_in"],
            "payments.rules.moves_in.price": np.float64(900.0),
            "outcomes.moves_in.after": np.int64(2),
            "cohorts.young_people.intake": np.array([50, 50, 50, 50]),
        }
    )
    assert new.payments.rules["dearer"] == contract.payments.rules["moves_in"]
    assert new.payments.rules["moves_in"].price == 900.0
    assert new.outcomes["moves_in"].after == 2
    assert at(new, "cohorts", "young_people", "intake") == [50, 50, 50, 50]


def test_periods_of_a_cost_are_named_like_fields(contract: Contract) -> None:
    new = contract.replace({"delivery.costs.set_up": {"amounts": {0: 100, 3: 50}}})
    dearer = new.replace({"delivery.costs.set_up.amounts.3": 70})
    assert at(dearer, "delivery", "costs", "set_up", "amounts") == {"0": 100, "3": 70}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payments.rules.jobs_13_weeks.price": 3200},
         ["payments.rules.jobs_13_weeks: leads nowhere; did you mean 'job_13_weeks'?"]),
        ({"payments.rules.job_13_weeks.prize": 3200},
         ["payments.rules.job_13_weeks.prize: leads nowhere; did you mean 'price'?"]),
        ({"capital.recyle": True}, ["capital.recyle: leads nowhere; did you mean 'recycle'?"]),
        ({"payments.rules.jobs": None},
         ["payments.rules.jobs: leads nowhere; "
          "known are: home_3_months, job_13_weeks, moves_in"]),
        ({"cohorts.young_people.intake[9]": 5},
         ["cohorts.young_people.intake[9]: leads nowhere: the list has items [0] to [3]"]),
        ({"cohorts.young_people.intake.first": 5},
         ["cohorts.young_people.intake.first: leads nowhere: the list has items [0] to [3]"]),
        ({"outcomes.moves_in.rate.beta.mean": 0.3},
         ["outcomes.moves_in.rate.beta: leads nowhere: "
          "outcomes.moves_in.rate is 'placement_rate', which has no parts"]),
        ({"payments..price": 5},
         ["'payments..price' is not a path such as payments.limits.contract or intake[2]"]),
        ({"payments.limits": {}, "payments.limits.person": 5},
         ["'payments.limits' and 'payments.limits.person' change the same place: keep one"]),
        ({"payments.rules.moves_in.price": "60%"},
         ["payments.rules.moves_in.price: seen the text '60%': write 0.6"]),
        ({"payments.rules.extra": {"pays": "moves_in"}},
         ["payments.rules.extra: says neither price (per unit) nor amount (for each, whatever its "
          "size)"]),
        ({"payments.rules.moves_in.pays": "move_in", "outcomes.moves_in.anyway": 1.5},
         ["outcomes.moves_in.anyway: must be from 0 to 1: seen 1.5",
          "payments.rules.moves_in.pays: there is no outcome, cohort or performance called "
          "'move_in'; did you mean 'moves_in'?"]),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made(
    contract: Contract, changes: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises(ContractError) as caught:
        contract.replace(changes, name="changed")
    assert [str(fault) for fault in caught.value.faults] == says
    assert caught.value.name == "changed"


def test_what_was_changed_is_remembered_and_is_no_part_of_the_contract(contract: Contract) -> None:
    once = contract.replace({"payments.rules.moves_in.price": 900})
    twice = once.replace({"cohorts.young_people.alikeness": 0.05})
    assert once._changed == {"payments.rules.moves_in.price"}
    assert twice._changed == {"payments.rules.moves_in.price", "cohorts.young_people.alikeness"}
    assert contract._changed == frozenset()
    back = twice.replace(
        {"payments.rules.moves_in.price": 850, "cohorts.young_people.alikeness": 0.02}
    )
    assert back == contract
    assert back._text == contract._text


def test_a_contract_travels_to_another_process_as_it_is(contract: Contract) -> None:
    changed = contract.replace({"payments.rules.moves_in.price": 900})
    for way in (pickle.loads(pickle.dumps(changed)), Contract.from_dict(changed.to_dict())):
        assert way == changed
        assert way.to_dict() == changed.to_dict()
    assert pickle.loads(pickle.dumps(changed))._changed == changed._changed
    assert changed != contract
