"""What every command of the command line needs: a contract by its name, and plain errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sibmodel.contract.contract import Contract

FAULT, USAGE = 1, 2
"""Exit codes: the contract, the records or the run is at fault; the command line is."""

ContractArgument = Annotated[
    str, typer.Argument(metavar="CONTRACT", help="A .yaml or .json file, or a name of the library.")
]


@contextmanager
def told() -> Iterator[None]:
    """Turn what goes wrong into a message and an exit code."""
    try:
        yield
    except KeyError as error:  # a name that nothing has; str() would put it in quotes
        stop(str(error.args[0]) if error.args else "a name is missing", USAGE)
    except (ValueError, RuntimeError) as error:
        stop(str(error), FAULT)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        stop(f"{where}{error.strerror or error}", FAULT)


def stop(message: str, code: int) -> NoReturn:
    """Print a message and end with an exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def find(name: str) -> Contract:
    """A contract by file or by its name in the library."""
    from sibmodel import library, load_contract
    from sibmodel.contract.faults import did_you_mean

    path = Path(name)
    if path.exists() or path.suffix or len(path.parts) > 1:
        if not path.exists():
            near = [str(p) for p in path.parent.glob("*") if p.suffix in (".yaml", ".yml", ".json")]
            remedy = f"; {did_you_mean(name, near)}" if near else ""
            raise KeyError(f"there is no file {name}{remedy}")
        return load_contract(path)
    return library.load(name)
