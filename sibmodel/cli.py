"""The command line: run, settle, check and list contracts, and print their JSON Schema."""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sibmodel import cli_worth
from sibmodel.cli_shared import USAGE, ContractArgument, find, stop, told

if TYPE_CHECKING:
    import pandas as pd

    from sibmodel.contract.contract import Contract
    from sibmodel.results import Results

app = typer.Typer(
    help="The finances of outcomes contracts (social impact bonds, payment by results).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(cli_worth.app)


class Keep(StrEnum):
    """What is kept of each run."""

    measures = "measures"
    ledger = "ledger"
    everything = "everything"


def main() -> None:
    """Run the command line."""
    app(prog_name="sibmodel")


def _version(asked: bool) -> None:
    if asked:
        from sibmodel import __version__

        typer.echo(f"sibmodel {__version__}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    contract: ContractArgument,
    *,
    runs: Annotated[int, typer.Option(min=1, help="How many possible futures.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same runs.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for page, plots and tables.  [default: out/NAME]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
    keep: Annotated[Keep, typer.Option(help="What is kept of each run.")] = Keep.ledger,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="RUN|median",
            help="One run from people to pounds: its number, from 0, or the middle one.",
        ),
    ] = None,
) -> None:
    """Simulate a contract; print the answer and write a page, plots and tables."""
    number = _run_to_explain(explain, runs, keep)
    with told():
        from sibmodel.contract.files import contract_warnings
        from sibmodel.pages.files import write

        agreed = find(contract)
        results = _simulate(agreed, runs=runs, seed=seed, workers=workers, keep=keep)
        typer.echo(repr(results))
        _warn(contract_warnings(agreed))
        folder = out if out is not None else Path("out") / slug(agreed.name)
        if explain is not None:
            number = results.median_run() if number is None else number
            typer.echo(f"\n{results.explain(number)!r}")
        paths = write(results, folder, explain=number)
        typer.echo("\n".join(["\nWritten:", *(f"  {path}" for path in paths)]))


def _run_to_explain(asked: str | None, runs: int, keep: Keep) -> int | None:
    """The run to explain; None for the middle one. What cannot be is told before the runs."""
    if asked is not None and keep is Keep.measures:
        stop("--explain reads the ledger, which --keep measures does not keep", USAGE)
    if asked is None or asked == "median":
        return None
    if not asked.isdecimal() or int(asked) >= runs:
        stop(f"--explain is a run from 0 to {runs - 1}, or median: seen {asked!r}", USAGE)
    return int(asked)


def _simulate(agreed: Contract, *, runs: int, seed: int, workers: int, keep: Keep) -> Results:
    from sibmodel import simulate

    if workers == 1:
        return simulate(agreed, runs, seed=seed, keep=keep.value)
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # spawn: a fork of a process with threads (numpy's) may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        return simulate(agreed, runs, seed=seed, keep=keep.value, executor=executor)


def slug(name: str) -> str:
    """A contract's name as the name of a folder.

    Examples
    --------
    >>> slug("Young people: homes & work"), slug("…")
    ('young-people-homes-work', 'contract')
    """
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-_") or "contract"


def _warn(warnings: list[str]) -> None:
    if warnings:
        typer.echo("\nA reviewer would ask:")
        for warning in warnings:
            typer.echo(f"  {warning}")


def _date(text: str) -> dt.date:
    from sibmodel.contract.meant import date_meant

    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        remedy = date_meant(text) or "write YYYY-MM-DD, such as 2027-07-05"
        raise typer.BadParameter(f"seen {text!r}: {remedy}") from None


@app.command()
def settle(
    contract: ContractArgument,
    claims: Annotated[
        str,
        typer.Argument(
            metavar="CLAIMS", help="A .csv file of recorded outcomes, or a name of the library."
        ),
    ],
    *,
    as_at: Annotated[
        dt.date | None,
        typer.Option(
            parser=_date, metavar="YYYY-MM-DD", help="Settle up to this date, read nothing later."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables.  [default: none]")] = None,
) -> None:
    """Say what recorded outcomes pay, which limit took what, and why claims are refused."""
    with told():
        from sibmodel.cli_settle import by_rule, not_in_full, write_settlement
        from sibmodel.settlement import settle as settled_by

        agreed, table = find(contract), _find_claims(claims)
        if out is not None:
            _try_folder(out)
        settled = settled_by(agreed, table, as_at=as_at)
        typer.echo(repr(settled))
        typer.echo("\n".join([*by_rule(settled), *not_in_full(settled)]))
        if out is not None:
            paths = write_settlement(settled, out)
            typer.echo("\n".join(["\nWritten:", *(f"  {path}" for path in paths)]))


def _find_claims(name: str) -> pd.DataFrame:
    """Recorded outcomes by file, or of a contract of the library."""
    from sibmodel import library
    from sibmodel.contract.faults import did_you_mean
    from sibmodel.records import load_records

    path = Path(name)
    if path.exists() or path.suffix or len(path.parts) > 1:
        if not path.exists():
            near = [str(p) for p in path.parent.glob("*.csv")]
            remedy = f"; {did_you_mean(name, near)}" if near else ""
            raise ValueError(f"there is no file {name}{remedy}")
        return load_records(path)
    try:
        return library.records(name.removesuffix("_records"))
    except KeyError as error:
        raise ValueError(error.args[0]) from None


def _try_folder(folder: Path) -> None:
    """Make the folder and write to it, so that nobody waits for what cannot be kept."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


@app.command()
def check(contract: ContractArgument) -> None:
    """Say what is wrong with a contract, line by line, or what is in it."""
    with told():
        from sibmodel.cli_check import base_case, description
        from sibmodel.contract.files import contract_warnings

        agreed = find(contract)
        typer.echo(f"{agreed.name}: no faults")
        for line in description(agreed):
            typer.echo(f"  {line}")
        refusal, notes = base_case(agreed)
        if refusal:
            typer.echo(f"\nIt can be settled, not simulated: {refusal}")
        _warn([*contract_warnings(agreed), *notes])


@app.command("list")
def list_library() -> None:
    """List the contracts of the library."""
    with told():
        from sibmodel import library

        names = library.names()
        width = max(map(len, names), default=0)
        for name in names:
            typer.echo(f"{name:<{width}}  {library.load(name).name}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the contract language, for editors."""
    with told():
        import json

        from sibmodel.contract.files import json_schema

        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
