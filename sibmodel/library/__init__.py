"""Published contracts and reference tables, every figure with its source."""

from __future__ import annotations

from importlib.resources import files

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.files import load_contract

_FOLDER = files(__name__)


def names() -> tuple[str, ...]:
    """Names of the library's contracts, sorted."""
    return tuple(
        sorted(p.name.removesuffix(".yaml") for p in _FOLDER.iterdir() if p.name.endswith(".yaml"))
    )


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
