"""Contracts as files: YAML and JSON in and out."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Literal

from sibmodel.contract import checks
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, Fault, key_text
from sibmodel.contract.reading import LARGEST, Node, read
from sibmodel.contract.samples import filled, write_missing
from sibmodel.contract.schema import json_schema
from sibmodel.contract.validation import validated
from sibmodel.contract.writing import as_json, as_yaml

__all__ = ["contract_warnings", "json_schema", "load_contract", "loads", "save_contract"]

Format = Literal["yaml", "json"]
FORMATS: dict[str, Format] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def load_contract(path: str | FilePath) -> Contract:
    """Read a contract from a file.

    Parameters
    ----------
    path : str or pathlib.Path
        A .yaml, .yml or .json file.

    Returns
    -------
    Contract
        Checked. What a reviewer would ask about is in :func:`contract_warnings`.

    Raises
    ------
    ContractError
        With every fault, each with its line.

    Examples
    --------
    >>> load_contract("no_such_file.yaml")
    Traceback (most recent call last):
    sibmodel.contract.faults.ContractError: no_such_file.yaml: 1 fault
      there is no file no_such_file.yaml
    """
    path = FilePath(path)
    return loads(_text_of(path), path.name, path.parent, _format_of(path))


def _format_of(path: FilePath) -> Format:
    if path.suffix.lower() not in FORMATS:
        message = f"a contract is a .yaml, .yml or .json file: seen {path.suffix or 'no ending'!r}"
        raise ContractError([Fault((), message)], path.name)
    return FORMATS[path.suffix.lower()]


def _text_of(path: FilePath) -> str:
    _format_of(path)
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise ContractError([Fault((), f"there is no file {path}")], path.name) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ContractError([Fault((), message)], path.name) from None
    except UnicodeDecodeError as error:
        if len(raw) > LARGEST:
            return raw.decode("latin-1")  # refused for its size, whatever it says
        line = raw[: error.start].count(b"\n") + 1
        raise ContractError(
            [Fault((), "is not UTF-8 text: save it as UTF-8", line)], path.name
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def loads(
    text: str,
    name: str = "contract",
    folder: str | FilePath | None = None,
    format: Format = "yaml",
) -> Contract:
    """Read a contract from text.

    Parameters
    ----------
    text : str
        YAML or JSON.
    name : str
        What the text is called in an error.
    folder : str or pathlib.Path, optional
        Where files of samples are; without it there can be none.
    format : {"yaml", "json"}

    Returns
    -------
    Contract

    Raises
    ------
    ContractError
        With every fault, each with its line.

    Examples
    --------
    >>> loads("schema: 2", "mine.yaml")
    Traceback (most recent call last):
    sibmodel.contract.faults.ContractError: mine.yaml: 7 faults
      line 1: schema: must be 1: seen 2
      line 1: name: is missing
      line 1: currency: is missing: three capital letters, such as GBP
      line 1: timeline: is missing: {start: 2027-04-01, step: quarter, periods: 16}
      line 1: cohorts: is missing
      line 1: outcomes: is missing
      line 1: payments: is missing
    """
    root = read(text, name, format)
    data, sample_faults = filled(root.value, FilePath(folder) if folder is not None else None)
    try:
        contract = validated(data, name, sample_faults)
    except ContractError as error:
        raise ContractError(_with_lines(error.faults, root), name) from None
    if format == "yaml":
        contract._text = text
    return contract


def _with_lines(faults: tuple[Fault, ...], root: Node) -> list[Fault]:
    lines = {tuple(map(key_text, path)): line for path, line in root.lines()}
    found = []
    for fault in faults:
        path = tuple(map(key_text, fault.path))
        while path not in lines:
            path = path[:-1]
        found.append(Fault(fault.path, fault.message, lines[path]))
    return sorted(found, key=lambda fault: fault.line or 0)


def save_contract(contract: Contract, path: str | FilePath) -> None:
    """Write a contract to a file, from which it loads the same.

    YAML keeps the text it was read from, with its comments, wherever the clauses still stand.
    Samples that came from a CSV are written as the file and column; the CSV is written beside the
    contract if it is not there yet.

    Parameters
    ----------
    contract : Contract
    path : str or pathlib.Path
        A .yaml, .yml or .json file; replaced if it exists.

    Raises
    ------
    ContractError
        If what would be written does not load the same, for example because a CSV of that name
        with other values is there. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_contract(bond, folder + "/bond.json")
    ...     load_contract(folder + "/bond.json") == bond
    True
    """
    path = FilePath(path)
    format = _format_of(path)
    text = as_json(contract) if format == "json" else as_yaml(contract)
    made = write_missing(contract, path.parent)
    try:
        if loads(text, path.name, path.parent, format) != contract:
            message = "would not load as it is: a CSV of samples there has other values"
            raise ContractError([Fault((), message)], path.name)
        path.write_text(text, encoding="utf-8", newline="\n")
    except BaseException:
        for file in made:
            file.unlink()
        raise


def contract_warnings(contract: Contract) -> list[str]:
    """What a contract may say, but a reviewer would ask about.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    list of str

    Examples
    --------
    >>> import sibmodel as sib
    >>> contract_warnings(sib.library.load("closed_form_bond"))
    []
    """
    return checks.warnings(contract)
