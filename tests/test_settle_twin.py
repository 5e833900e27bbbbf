"""``settle`` against its slow twin: the library's records, and records made up by hypothesis."""

from __future__ import annotations

import pandas as pd
import pytest
from generate_numbers import Data
from generate_records import Rows, frame, settlements
from hypothesis import given, settings
from test_library_payments import PAID
from twin_settle import settle_twin

import sibmodel as sib
from sibmodel import Contract
from sibmodel.library import load, records
from sibmodel.settlement import Settlement

COIN = 0.011
"""Money is rounded once, so that one sum may be a coin off."""


def check(contract: Contract, table: pd.DataFrame, settlement: Settlement) -> None:
    """Payments by period, cash, rule, payer and direction are the twin's."""
    fast = {}
    for row in settlement.payments.itertuples():
        due = contract.timeline.period_of(row.due)
        fast[row.period, due, row.rule, row.payer, row.direction] = row.amount
    slow = settle_twin(contract, table)
    for key in {*fast, *slow}:
        assert fast.get(key, 0.0) == pytest.approx(slow.get(key, 0.0), abs=COIN, rel=1e-9), key


@pytest.mark.parametrize("name", PAID)
def test_the_librarys_records_pay_what_the_twin_says(name: str) -> None:
    check(load(name), records(name), sib.settle(load(name), records(name)))


@settings(max_examples=5 * settings.default.max_examples)
@given(settlements())
def test_made_up_records_pay_what_the_twin_says(case: tuple[Data, Rows, Settlement]) -> None:
    data, rows, settlement = case
    check(Contract.from_dict(data), frame(rows), settlement)
