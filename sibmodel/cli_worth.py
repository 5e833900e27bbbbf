"""Commands on value for money: review, budget, compare, price and scenarios."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sibmodel.cli_shared import USAGE, ContractArgument, find, stop, told

app = typer.Typer()

Runs = Annotated[int, typer.Option(min=1, help="How many possible futures.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same runs.")]
Others = Annotated[
    list[str], typer.Argument(metavar="CONTRACT …", help="Contracts by file or library name.")
]


@app.command()
def review(
    contract: ContractArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="CONTRACT", help="Another, to set beside it.")
    ] = None,
    *,
    runs: Runs = 2_000,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for pages.  [default: none]")] = None,
) -> None:
    """Say what a contract leaves open, and what it costs not to know."""
    with told():
        from sibmodel.pages.worth import write_reviews
        from sibmodel.questions.review import review as reviewed

        agreed = [find(name) for name in (contract, other) if name is not None]
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)  # nobody waits for what cannot be kept
        reviews = [reviewed(one, runs, seed=seed) for one in agreed]
        typer.echo("\n\n".join(map(repr, reviews)))
        if out is not None:
            paths = write_reviews(reviews, out)
            typer.echo("\n".join(["\nWritten:", *(f"  {path}" for path in paths)]))


@app.command()
def budget(
    contract: ContractArgument,
    *,
    payer: Annotated[
        str | None, typer.Option(help="One payer, or public.  [default: all together]")
    ] = None,
    set_aside: Annotated[
        list[str] | None,
        typer.Option(metavar="YEAR=AMOUNT", help="Money set aside, such as 2028-29=42000."),
    ] = None,
    runs: Runs = 10_000,
    seed: Seed = 0,
) -> None:
    """Say what a payer is to set aside, by financial year."""
    pairs = [_pair(text, "YEAR=AMOUNT") for text in set_aside or []]
    amounts = {year: _number(text) for year, text in pairs}
    with told():
        from sibmodel import simulate
        from sibmodel.questions.budget import budget as budgeted

        agreed = find(contract)
        results = simulate(agreed, runs, seed=seed)
        typer.echo(repr(budgeted(results, payer, budget=amounts or None)))


@app.command()
def compare(contracts: Others, *, runs: Runs = 10_000, seed: Seed = 0) -> None:
    """Set contracts before the same people; the first is what the others are compared with."""
    with told():
        from sibmodel import compare as compared

        typer.echo(repr(compared([find(name) for name in contracts], runs, seed=seed)))


@app.command()
def price(
    contract: ContractArgument,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A number of the contract.")],
    target: Annotated[
        str, typer.Argument(metavar="MEASURE=TARGET", help="Such as investor_irr=0.06.")
    ],
    *,
    confidence: Annotated[
        float, typer.Option(help="Share of runs that are to be as good; 0.5: the median.")
    ] = 0.5,
    expected: Annotated[
        bool, typer.Option("--expected", help="The expected value, in place of a share of runs.")
    ] = False,
    low: Annotated[float | None, typer.Option(help="Where to look from.")] = None,
    high: Annotated[float | None, typer.Option(help="Where to look to.")] = None,
    runs: Runs = 10_000,
    seed: Seed = 0,
) -> None:
    """Find the price, or any number of a contract, at which a measure reaches a target."""
    measure, text = _pair(target, "MEASURE=TARGET")
    figure = _number(text)
    if (low is None) != (high is None):
        stop("--low and --high go together: where to look from, and to", USAGE)
    with told():
        from sibmodel import price_for

        answer = price_for(
            find(contract),
            path,
            {measure: figure},
            confidence=None if expected else confidence,
            between=None if low is None or high is None else (low, high),
            runs=runs,
            seed=seed,
        )
        typer.echo(repr(answer))


@app.command()
def scenarios(
    contract: ContractArgument,
    changes: Annotated[
        list[str],
        typer.Argument(metavar="PATH=V1,V2 …", help="Values of a number; several make a grid."),
    ],
    *,
    measure: Annotated[
        list[str] | None, typer.Option(help="Which measure.  [default: the headlines]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A .csv file.  [default: none]")] = None,
    runs: Runs = 10_000,
    seed: Seed = 0,
) -> None:
    """Try many values of a contract's numbers before the same people."""
    grid = {path: _values(text) for path, text in (_pair(c, "PATH=V1,V2") for c in changes)}
    with told():
        from sibmodel.questions.scenarios import scenarios as tried

        found = tried(find(contract), grid, measures=measure or None, runs=runs, seed=seed)
        typer.echo(repr(found))
        if out is not None:
            found.table.to_csv(out, index=False, lineterminator="\n")
            typer.echo(f"\nWritten:\n  {out}")


# --- what is typed --------------------------------------------------------------------------------


def _pair(text: str, form: str) -> tuple[str, str]:
    """A name and what it is set to."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        stop(f"write {form}: seen {text!r}", USAGE)
    return name.strip(), value.strip()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        from sibmodel.contract.meant import number_meant

        meant = number_meant(text)
        stop(f"seen {text!r}: write {meant if meant is not None else 'a number'}", USAGE)


def _values(text: str) -> Sequence[Any]:
    """Values between commas: numbers, true, false, or names."""
    if re.search(r",0\d\d(,|$)", text):  # 000 by itself is no value that anybody means
        stop(f"seen {text!r}: commas part values: write 3000 and not 3,000", USAGE)
    words = {"true": True, "false": False, "none": None}
    found: list[Any] = []
    for part in (part.strip() for part in text.split(",")):
        if part.lower() in words:
            found.append(words[part.lower()])
            continue
        try:
            found.append(float(part))
        except ValueError:
            found.append(part)
    return found
