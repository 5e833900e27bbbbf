"""What is wrong with a contract is said in the reader's words, all at once, with lines.

The cases with one thing wrong are in the files bad_….yaml, for anybody to read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError
from sibmodel.contract.files import contract_warnings, load_contract, loads


def table(file: str) -> tuple[str, dict[str, Any]]:
    """The good contract of a file, and its cases, each with its good contract."""
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    found = YAML(typ="safe").load(text)
    good: str = found["contract"]
    return good, {name: {**case, "good": good} for name, case in found["cases"].items()}


GOOD, CASES = table("bad_contracts.yaml")
PAYING, _ = table("bad_payments.yaml")
STACK, _ = table("bad_capital.yaml")
TABLES = [table(path.name) for path in sorted(Path(__file__).parent.glob("bad_*.yaml"))]
EVERY = {name: case for _, cases in TABLES for name, case in cases.items()}

JARGON = re.compile(
    r"Input should|Field required|valid (number|string|integer)|extra_forbidden|value_error|"
    r"_type\b|_parsing|pydantic|NoneType|discriminator|tagged-union",
    re.IGNORECASE,
)


def said(text: str, **how: Any) -> list[str]:
    """Every fault of a text, as it is printed."""
    with pytest.raises(ContractError) as caught:
        loads(text, **how)
    return [str(fault) for fault in caught.value.faults]


def test_the_contracts_of_the_tables_are_good() -> None:
    assert {GOOD, PAYING, STACK} <= {good for good, _ in TABLES}
    for good, _ in TABLES:
        contract = loads(good)
        assert good == GOOD or contract_warnings(contract) == [], contract.name
    assert len(EVERY) == sum(len(cases) for _, cases in TABLES)  # no two of one name


@pytest.mark.parametrize("name", EVERY)
def test_each_fault_is_told_word_for_word(name: str) -> None:
    case = EVERY[name]
    assert case["good"].count(case["instead_of"]) == 1
    faults = said(case["good"].replace(case["instead_of"], case["write"]))
    assert faults == case["says"]
    assert not any(JARGON.search(fault) for fault in faults)


# Faults of several clauses, of shape and of sense, are told together: none hides another.
TOGETHER = (
    "a word that is not among the choices",
    "a beta whose sd is impossible",
    "a group of nobody",
    "a probability above one",
    "a step nobody has",
    "a misspelt field that is needed",
    "shares that do not sum to one",
    "a limit below zero",
    "no money to draw",
)


def test_several_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text, expected = GOOD, []
    for name in TOGETHER:
        text = text.replace(CASES[name]["instead_of"], CASES[name]["write"])
        expected += CASES[name]["says"]
    faults = said(text)
    assert sorted(faults) == sorted(expected)
    lines = [int(re.findall(r"line (\d+)", fault)[0]) for fault in faults]
    assert lines == sorted(lines)


def test_an_error_says_how_many_and_lists_each() -> None:
    with pytest.raises(ContractError) as caught:
        loads(
            GOOD.replace("after: 2", "after: two").replace("price: 850", "price: -1"), "mine.yaml"
        )
    assert str(caught.value) == (
        "mine.yaml: 2 faults\n"
        "  line 22: outcomes.job.after: needs a whole number of periods: seen 'two'\n"
        "  line 28: payments.rules.home.price: must be 0 or more: seen -1; "
        "below zero may be an amount, in a rule with paid_back_by"
    )
    assert [fault.path for fault in caught.value.faults] == [
        ("outcomes", "job", "after"),
        ("payments", "rules", "home", "price"),
    ]


# What follows only from another fault is not told: the reader mends one thing.
@pytest.mark.parametrize(
    ("instead_of", "write", "says"),
    [
        # the assumption is wrong in itself, and its name is used
        ("sd: 0.05", "sd: 5", ["line 8: assumptions.placement_rate.beta: with mean 0.85"]),
        # the intake has no sum while one of its parts is no number
        ("intake: [50, 50]", "intake: [50, x]", ["line 12: cohorts.people.intake[1]: needs"]),
        # the payers' shares have no sum while one of them is no number
        ("fund: 0.2", "fund: 20%", ["line 31: payments.payers.fund: seen the text '20%'"]),
        # the timeline's end is not known
        ("periods: 8", "periods: eight", ["line 4: timeline.periods: needs a whole number"]),
        # a correlation names a number that is wrong in itself
        ("pert: [0.2, 0.3, 0.5]", "pert: [3, 2]", ["line 20: outcomes.job.rate.pert: needs 3"]),
    ],
)
def test_nothing_is_told_that_only_follows(instead_of: str, write: str, says: list[str]) -> None:
    faults = said(GOOD.replace(instead_of, write))
    assert len(faults) == len(says)
    assert all(fault.startswith(start) for fault, start in zip(faults, says, strict=True))


# What may be said: each of these changes the contract of many payments into another good one.
@pytest.mark.parametrize(
    ("instead_of", "write"),
    [
        # a composite is read as its finest part is, and its price may differ so
        ("{quality: 0.7, share: share}, at: 12}", "{saved: 1}}\n  other: {weights: {whole: 1}}"),
        # what happens once may have several steps, of which one is enough
        ("held_job: {needs: home,", "held_job: {needs: {any: [home, job]},"),
        # bands within groups and dates
        ("{each_above: {0: 50, 20: 30}}",
         "{by_group: {young: {from: {0: {each_above: {0: 5}}}}, old: {each_above: {0: 7}}}}"),
        # a floor under the whole table keeps its values from being negative
        ("500}}, paid_back_by: investor", "500}, floor: 0}"),
        # what a length of time needs is asked where it is simulated
        ("unit: day, within: {months: 6}, rate", "unit: day, rate"),
        # a due date on the very day of the last payment
        ("[2029-07-01, 2030-04-01]", "[2027-07-01, 2029-07-01]"),
        # a limit by date that begins before the contract
        ("contract: 900000\n", "contract: {from: {2020-04-01: 500000, 2028-04-01: 900000}}\n"),
        # a share by group and date, and who has the rest
        ("home: {pays: home,",
         "home: {payers: {council: {from: {0: {by_group: {old: 0.5}}}}, fund: rest}, pays: home,"),
        # a price by the date of the start, a factor by a performance
        ("{from: {2027-04-01: 400, 2028-04-01: 300}}", "{by: start, from: {0: 400, 4: 300}}"),
        ("factors: {index: index}", "factors: {bid: {by: quality, at_least: {50: 1}, cap: 2}}"),
    ],
)  # fmt: skip
def test_what_may_be_said(instead_of: str, write: str) -> None:
    assert PAYING.count(instead_of) == 1
    loads(PAYING.replace(instead_of, write))


def test_a_price_differs_by_group_where_a_composite_is_read_of_each() -> None:
    text = PAYING.replace("{quality: 0.7, share: share}, at: 12}", "{saved: 1}, at: 12}")
    text = text.replace("crimes, price: 100}", "crimes, price: {by_group: {young: 5, old: 6}}}")
    assert loads(text).read_over("whole") == "each_group"


HOME = "home: {pays: home, price: {by_group: {young: 900, old: 700}}}"
ASKS_SHARE = "10 of 'reduction' means 1000%: did you mean 0.1, or unit: percent in"


# A figure that is a share until it says unit: percent, compared with what looks like a percent.
@pytest.mark.parametrize(
    ("instead_of", "write", "says"),
    [
        (HOME, "home: {pays: home, price: 4, when: {reduction: {at_least: 10}}}",
         f"payments.rules.home.when.reduction: {ASKS_SHARE}"),
        (HOME, "home: {pays: home, price: 4, when: {reduction: {at_least: {from: {0: 5, 4: 10}}}}}",
         f"payments.rules.home.when.reduction: {ASKS_SHARE}"),
        (HOME, "home: {pays: home, price: {by: reduction, through: {0: 5, 10: 8}}}",
         f"payments.rules.home.price.through: {ASKS_SHARE}"),
        ("relative, over: each_cohort}", "relative, over: each_cohort, unit: percent}",
         "payments.rules.crimes.amount.at_least: 0.2 of 'reduction', whose unit is percent, means "
         "0.2%: did you mean 20?"),
        # a reduction by half and by one and a half may both be meant; a count is no share
        (HOME, "home: {pays: home, price: {by: reduction, at_least: {0.5: 5, 1.5: 8}}}", None),
        (HOME, "home: {pays: home, price: 4, when: {saved: {at_least: 10}}}", None),
    ],
)  # fmt: skip
def test_a_bound_that_seems_to_be_a_percent_is_asked_about(
    instead_of: str, write: str, says: str | None
) -> None:
    assert PAYING.count(instead_of) == 1
    asked = contract_warnings(loads(PAYING.replace(instead_of, write)))
    assert len(asked) == (says is not None)
    assert says is None or asked[0].startswith(says)


# Eight quarters: two years.
@pytest.mark.parametrize(
    ("limits", "floors", "says"),
    [
        ("{contract: 5000}", "{period: 2000}",
         "payments.floors.period, 2,000 in each period, comes to 16,000 in the whole contract, "
         "above payments.limits.contract, 5,000: no limit is passed"),
        ("{year: 7999}", "{period: 2000}",
         "payments.floors.period, 2,000 in each period, comes to 8,000 in each year, above "
         "payments.limits.year, 7,999: no limit is passed"),
        ("{contract: {from: {0: 3000, 4: 9000}}}", "{year: 5000}",
         "payments.floors.year, 5,000 in each year, comes to 10,000 in the whole contract, above "
         "payments.limits.contract, 9,000: no limit is passed"),
        ("{period: 1000}", "{contract: 8001}",
         "payments.floors.contract is 8,001, and payments.limits.period lets through 8,000 at "
         "most in the whole contract: no limit is passed"),
        ("{year: 8000, contract: 16000}", "{period: 2000}", None),
        ("{period: 1000}", "{year: 4000}", None),
    ],
)  # fmt: skip
def test_a_floor_that_a_limit_leaves_no_room_for_is_asked_about(
    limits: str, floors: str, says: str | None
) -> None:
    text = GOOD.replace("limits: {person: 3000}", f"limits: {limits}\n  floors: {floors}")
    assert contract_warnings(loads(text)) == ([] if says is None else [says])


# What may be said of capital: each changes the stack into another good contract.
@pytest.mark.parametrize(
    ("instead_of", "write"),
    [
        # shares of a hundred are whole parts
        ("{junior: 0.8, manager: 0.2}", "{junior: 80, manager: 20}"),
        # no order is needed of one tranche and its last step
        (STACK[STACK.index("capital:"):],
         "capital: {tranches: {senior: {commitment: 5, share_of_surplus: 1.0}}}\n"),
        # a tranche that is drawn by its own schedule needs no place in the draw order
        ("[grant, [senior, junior]]", "[grant, junior]"),
        # of several taken together
        ("irr: 0.15, of: junior", "amount: 5000, of: [junior, manager]"),
        # nothing in a settlement's middle tier; in a rate the rows meet
        ("below: {0.5: 0}, at_least: {0.5: 0.05}", "at_most: {0.5: 0}, above: {0.5: 0.05}"),
        ("below: {0.5: 0}, at_least: {0.5: 0.05}",
         "below: {0.2: 0}, through: {0.2: 0.01, 0.6: 0.05}"),
        # fixed first, then by a figure
        ("interest: 0.05\n",
         "interest: {from: {0: 0.02, 8: {by: success, below: {0: 0}, through: {0: 0, 1: 0.1}}}}\n"),
        # instalments by period, and level
        ("repaid: at_end", "repaid: {8: 0.5, 12: 0.5}"),
        ("paid: each_year}}", "paid: each_period}, repaid: {level: {from: 8, until: 15}}}"),
        # a chance beside a test, from one period on
        ("{from: 4, if: {unmet: {above: 5000}}, notice: 1}",
         "{from: 4, if: {unmet: {above: 5000}}, chance: 0.5, settles: at_once}"),
        ("distribute: {from: 4, every: 2}", "distribute: [4, 9, 15]"),
        ("recycle: {share: 0.5}", "recycle: {up_to: 20000}"),
    ],
)  # fmt: skip
def test_what_may_be_said_of_capital(instead_of: str, write: str) -> None:
    assert STACK.count(instead_of) == 1
    text = STACK.replace(instead_of, write)
    if "endings" not in text:  # the fee on commitments undrawn goes to nobody else
        text = text.replace("to: lender", "to: bank_of_the_north")
    loads(text)


@pytest.mark.parametrize(
    ("instead_of", "write", "says"),
    [
        ("recycle: {share: 0.5}\n  hurdle: 0.05\n  distribute: {from: 4, every: 2}",
         "recycle: true\n  distribute: each_period",
         "capital.distribute: each_period changes nothing where payments are recycled"),
        ("up_to: 0.75", "up_to: 75",
         "capital.guarantees.foundation.up_to: is 75 times what was drawn: for 75% write 0.75"),
        ("redeem: {bond: 0.75", "redeem: {bond: 75",
         "capital.endings.poor.redeem.bond.of_drawn: is 75 times what was drawn: for 75% write"),
        ("{success: {below: 0.3}}", "{success: {below: 30}}",
         "capital.endings.poor.if.success: 30 of 'success' means 3000%: did you mean 0.3"),
        ("below: {0.5: 0}, at_least: {0.5: 0.05}", "below: {50: 0}, at_least: {50: 0.05}",
         "capital.tranches.bond.interest.rate.at_least: 50 of 'success' means 5000%: did you mean"),
    ],
)  # fmt: skip
def test_what_a_reviewer_would_ask_about_capital(instead_of: str, write: str, says: str) -> None:
    assert STACK.count(instead_of) == 1
    asked = contract_warnings(loads(STACK.replace(instead_of, write)))
    assert any(warning.startswith(says) for warning in asked), asked


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"there is no file .*gone\.yaml"):
        load_contract(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("big.yaml", b"# " + b"x" * 2_000_000, "the file is over 2 MB: put samples in a CSV"),
        ("big.json", b" " * 2_000_001, "the file is over 2 MB: put samples in a CSV"),
        ("empty.yaml", b"", "the file is empty: a contract begins with schema: 1"),
        ("blank.yaml", b"# nothing yet\n", "the file is empty: a contract begins with schema: 1"),
        ("list.yaml", b"- schema: 1\n", "line 1: a contract is a mapping of names to values"),
        ("text.yaml", b"schema 1\n", "line 1: a contract is a mapping of names to values"),
        ("latin.yaml", "schema: 1\nname: caf\xe9\n".encode("latin-1"), "line 2: is not UTF-8 text"),
        ("deep.yaml", b"a: " + b"[" * 50_000, "line 1: is nested more than 40 deep"),
        ("deep.json", b'{"a":' + b"[" * 200_000, "is nested more than 40 deep"),
        ("bell.yaml", b"schema: 1\nname: \x07\n", "line 2: a character that cannot be printed"),
        ("broken.json", b'{\n"schema": 1,\n}', "line 3: cannot be read as JSON"),
        ("twice.json", b'{"schema": 1,\n"schema": 1}', "line 2: 'schema' is written twice"),
        ("nan.json", b'{"schema": 1,\n"price": NaN}', "line 2: NaN is not a number a contract"),
        ("inf.json", b'{"schema": 1,\n"price": -Infinity}', "line 2: -Infinity is not a number"),
        ("digits.json", b'{"schema": ' + b"9" * 5000 + b"}", "has a number with too many digits"),
        ("list.json", b"[1, 2]", "line 1: a contract is a mapping of names to values"),
        ("contract.txt", b"schema: 1\n", "a contract is a .yaml, .yml or .json file: seen '.txt'"),
    ],
)
def test_a_file_that_cannot_be_a_contract(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ContractError) as caught:
        load_contract(tmp_path / name)
    assert len(caught.value.faults) == 1
    assert str(caught.value.faults[0]).startswith(says)
    assert caught.value.name == name


def test_a_folder_is_not_a_contract(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ContractError, match="cannot be read"):
        load_contract(tmp_path / "folder.yaml")


def test_plain_data_is_checked_the_same_way() -> None:
    data = loads(GOOD).to_dict()
    data["payments"]["rules"]["job"]["pays"] = "jobs"
    data["headline"] = None
    with pytest.raises(ContractError) as caught:
        Contract.from_dict(data, name="from a program")
    assert [str(fault) for fault in caught.value.faults] == [
        "headline: is empty: write a value or leave the line out; an entry without fields is {}",
        "payments.rules.job.pays: there is no outcome, cohort or performance called 'jobs'; "
        "did you mean 'job'?",
    ]
    with pytest.raises(ContractError, match="a contract is a mapping: seen 5"):
        Contract.from_dict(5)  # type: ignore[arg-type]
