"""A contract is changed at named places, all at once, and stays what it was elsewhere."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_bad_contracts import GOOD

from sibmodel.contract.change import steps
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.files import load_contract, loads

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
         ["payments.rules.extra.price: is missing: Money per claim"]),
        ({"payments.rules.moves_in.pays": "move_in", "outcomes.moves_in.anyway": 1.5},
         ["payments.rules.moves_in.pays: there is no outcome or cohort called 'move_in'; "
          "did you mean 'moves_in'?",
          "outcomes.moves_in.anyway: must be from 0 to 1: seen 1.5"]),
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
