"""Published contracts and reference tables, every figure with its source."""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.files import load_contract

_FOLDER = files(__name__)


def names() -> tuple[str, ...]:
    """Names of the library's contracts, sorted."""
    return _ending(".yaml")


def load(name: str) -> Contract:
    """A contract of the library.

    Raises
    ------
    KeyError
        If there is none of that name; the message has the nearest.

    Examples
    --------
    >>> load("closed_form_bond").currency
    'GBP'
    """
    if name not in names():
        raise KeyError(f"the library has no contract {name!r}; {did_you_mean(name, names())}")
    return load_contract(str(_FOLDER.joinpath(f"{name}.yaml")))


def records(name: str) -> pd.DataFrame:
    """Recorded outcomes of a contract of the library, to settle it with.

    What is published of them, and what is made up, is said at the top of the contract's file.

    Raises
    ------
    KeyError
        If the library has none for that contract; the message has the nearest.

    Examples
    --------
    >>> records("rikers_able").value.tolist()  # no significant reduction
    [0]
    """
    known = _ending("_records.csv")
    if name not in known:
        raise KeyError(f"the library has no records of {name!r}; {did_you_mean(name, known)}")
    with _FOLDER.joinpath(f"{name}_records.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def _ending(suffix: str) -> tuple[str, ...]:
    found = (part.name for part in _FOLDER.iterdir())
    return tuple(sorted(n.removesuffix(suffix) for n in found if n.endswith(suffix)))
