"""Many versions of a contract before the same people: a grid over its numbers, or a named list."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from sibmodel.contract.change import steps
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, Fault, did_you_mean
from sibmodel.contract.words import field_names
from sibmodel.happened import People
from sibmodel.model.measure import Measure
from sibmodel.questions.compare import Comparison
from sibmodel.questions.one_number import replaced
from sibmodel.questions.told import headline_names
from sibmodel.results import PERCENTILES, Results, checked_percentiles, show
from sibmodel.simulation import expect, measure_names, simulate

Changes = Mapping[str, Any]

MOST_SHOWN = 12
"""Rows of a grid, and columns, that a notebook shows whole."""


@dataclass(frozen=True, repr=False, eq=False)
class Scenarios:
    """A contract under many changes, each before the same people.

    Attributes
    ----------
    contract : Contract
        As it stands: what every scenario is compared with.
    table : DataFrame
        A row for each scenario and measure. ``scenario`` is its name; one column for each path of a
        grid; ``measure``; ``expected`` with its ``mc_error``; percentiles over the runs;
        ``difference`` from the contract as it stands, with ``difference_error``, the Monte Carlo
        error of that, runs paired; ``undefined`` counts runs; ``unit``; ``note``.
    paths : tuple of str
        Paths of a grid; empty for a named list.
    as_it_stands : Results
        The contract itself, with the measures asked for.
    drawn : int
        Blocks of runs whose people were drawn, for all scenarios together.
    """

    contract: Contract
    table: pd.DataFrame
    paths: tuple[str, ...]
    as_it_stands: Results
    drawn: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios."""
        return tuple(dict.fromkeys(self.table["scenario"]))

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(dict.fromkeys(self.table["measure"]))

    def about(self, measure: str) -> Measure:
        """Unit, direction and description of a measure."""
        return self.as_it_stands.about(measure)

    def of(self, measure: str) -> pd.DataFrame:
        """The rows of one measure, by scenario.

        Raises
        ------
        KeyError
            If it was not asked for; the message has the nearest name.
        """
        if measure not in self.measures:
            raise KeyError(f"{measure!r} was not asked for; {did_you_mean(measure, self.measures)}")
        return self.table[self.table["measure"] == measure].set_index("scenario")

    def grid(self, measure: str, statistic: str = "expected") -> pd.DataFrame:
        """One measure as a table: the first path down, the others across.

        Parameters
        ----------
        measure : str
        statistic : str
            A column of ``table``: expected, p50, difference, …

        Raises
        ------
        ValueError
            For a named list, or a statistic that is not there.
        """
        if not self.paths:
            raise ValueError("these scenarios are a named list, not a grid: read .of(measure)")
        if statistic not in self.table:
            near = did_you_mean(statistic, map(str, self.table))
            raise ValueError(f"no column {statistic!r}; {near}")
        first, *others = self.paths
        rows = self.of(measure)
        if not others:
            return rows.set_index(first)[[statistic]].rename(columns={statistic: measure})
        # scenarios are in the order of the grid, the first path slowest
        down = rows[first].drop_duplicates()
        across = rows[others].iloc[: len(rows) // len(down)]
        return pd.DataFrame(
            rows[statistic].to_numpy().reshape(len(down), -1),
            index=pd.Index(down, name=first),
            columns=pd.Index(across[others[0]], name=others[0])
            if len(others) == 1
            else pd.MultiIndex.from_frame(across),
        )

    def __repr__(self) -> str:
        lines = [self._title()]
        for measure in self._differing:
            lines += ["", f"{self.about(measure).about} ({measure})"]
            lines += [f"  {line}" for line in self._shown(measure).to_string().splitlines()]
        return "\n".join([*lines, *(f"\n{same}" for same in self._same)])

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (only notebooks ask)

        parts = [f"<p>{escape(self._title())}</p>"]
        for measure in self._differing:
            parts.append(f"<p><b>{escape(self.about(measure).about)}</b></p>")
            parts.append(self._shown(measure).to_html())
        return "".join([*parts, *(f"<p>{escape(same)}</p>" for same in self._same)])

    def _title(self) -> str:
        return (
            f"{self.contract.name}: {len(self.names):,} scenarios before the same people, "
            f"{self.as_it_stands.runs:,} runs, seed {self.as_it_stands.seed}"
        )

    @property
    def _differing(self) -> list[str]:
        """Measures that are not the same in every scenario; of one alone, that it changes."""
        found = []
        for name in self.measures:
            stands, seen = self.as_it_stands.expected(name), self.of(name)["expected"]
            alone = len(seen) == 1 and not seen.equals(pd.Series([stands], seen.index))
            if alone or seen.nunique(dropna=False) > 1:
                found.append(name)
        return found

    @property
    def _same(self) -> list[str]:
        """What is said of the measures that no scenario changes."""
        same = [name for name in self.measures if name not in self._differing]
        told = [
            f"{name} {show(self.of(name)['expected'].iloc[0], self._unit(name))}" for name in same
        ]
        return [f"The same in every scenario: {'; '.join(told)}."] if same else []

    def _unit(self, measure: str) -> str:
        return self.about(measure).unit.replace("money", self.contract.currency)

    def _shown(self, measure: str) -> pd.DataFrame:
        """One measure as a reader sees it: a grid of two paths, or a list."""
        unit = self._unit(measure)
        if len(self.paths) == 2:
            table = self.grid(measure).iloc[:MOST_SHOWN, :MOST_SHOWN]
            return table.map(lambda value: show(value, unit)).rename(index=as_told, columns=as_told)
        rows = self.of(measure).iloc[: MOST_SHOWN**2]
        columns = ["expected", *(name for name in rows if name in self._percentiles)]
        return rows[columns].map(lambda value: show(value, unit))

    @property
    def _percentiles(self) -> list[str]:
        columns = [str(name) for name in self.table]
        return columns[columns.index("mc_error") + 1 : columns.index("difference")]


def scenarios(
    contract: Contract,
    changes: Mapping[str, Sequence[Any]] | Mapping[str, Changes],
    *,
    measures: Sequence[str] | None = None,
    runs: int = 10_000,
    seed: int = 0,
    percentiles: Sequence[float] = PERCENTILES,
    people: People | None = None,
    progress: bool | None = None,
) -> Scenarios:
    """A contract under many changes, each before the same people.

    Stages that a change does not touch are not worked again: under a grid of prices and limits
    people are drawn once. Run n of every scenario has the same luck, so differences are far surer
    than either figure.

    Parameters
    ----------
    contract : Contract
    changes : mapping
        A grid, path → values, every combination of which is a scenario; or a named list, name →
        changes as ``Contract.replace`` takes them.
    measures : sequence of str, optional
        Which; if left out, those of the headlines.
    runs, seed : int
        As in :func:`sibmodel.simulate`.
    percentiles : sequence of float
        Between 0 and 100.
    people : People, optional
        People already drawn.
    progress : bool, optional
        Show a bar; if left out, only in a terminal.

    Returns
    -------
    Scenarios

    Raises
    ------
    ContractError
        Before anything is run, if a scenario is not a contract; it names the scenario.
    KeyError
        If there is no such measure.
    ValueError
        If there is nothing to change.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> found = scenarios(
    ...     bond, {"payments.rules.success.price": [4500, 5000, 5500]}, runs=4096,
    ...     measures=["outcome_payments", "investor_loses"])
    >>> found.grid("investor_loses").round(2).index.tolist()
    [4500, 5000, 5500]
    >>> found.drawn  # the people of the only block
    1
    """
    percentiles = checked_percentiles(percentiles)
    wanted = list(_named(changes))
    made = [_replaced(contract, one.name, one.changes) for one in wanted]
    for one in made:
        if one.currency != contract.currency:
            raise ValueError(
                f"scenario {one.name!r} is in {one.currency} and the contract in "
                f"{contract.currency}: restate them in one currency"
            )
    if isinstance(measures, str):
        measures = [measures]
    asked = tuple(measures or headline_names(contract, measure_names(contract)))
    people = people if people is not None else People()
    before = people.drawn
    for one in (contract, *made):
        expect(one, people, runs=runs)

    def work(one: Contract, names: Sequence[str]) -> Results:
        return simulate(
            one,
            runs,
            seed=seed,
            keep="measures",
            measures=names,
            people=people,
            base_case=False,
            progress=False,
        )

    reference = work(contract, asked)
    rows: list[dict[str, Any]] = []
    bar = tqdm(
        zip(wanted, made, strict=True),
        total=len(wanted),
        desc="scenarios",
        disable=not (progress if progress is not None else sys.stderr.isatty()),
    )
    for place, one in bar:
        try:
            results = work(one, asked)
        except KeyError:  # a change may take a limit, and its measure with it
            known = set(measure_names(one))
            results = work(one, [name for name in asked if name in known])
        rows += _rows(place, reference, results, asked, percentiles)
    paths = tuple(changes) if wanted[0].place else ()
    return Scenarios(contract, pd.DataFrame(rows), paths, reference, people.drawn - before)


# --- what is asked for ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
    """A scenario: its name, its changes, and where it stands in a grid."""

    name: str
    changes: Changes
    place: Mapping[str, Any]


def _named(changes: Mapping[str, Any]) -> Iterator[_Wanted]:
    """Every scenario of a grid or of a named list."""
    if not isinstance(changes, Mapping) or not changes:
        raise ValueError(
            "scenarios takes a grid, {path: [values]}, or a named list, {name: {path: value}}: "
            f"seen {changes!r}"
        )
    lists = [isinstance(value, Mapping) for value in changes.values()]
    if all(lists):
        for name, change in changes.items():
            yield _Wanted(name, change, {})
        return
    for path, values in changes.items():
        if isinstance(values, str | Mapping) or not hasattr(values, "__len__") or not len(values):
            raise ValueError(
                f"{path}: a grid needs a list of one or more values: seen {values!r}"
                + ("; a named list holds nothing but changes" if any(lists) else "")
            )
        for value in values:
            if [*values].count(value) > 1:
                raise ValueError(f"{path}: {value!r} stands there twice")
    for values in itertools.product(*changes.values()):
        place = {path: _plain(value) for path, value in zip(changes, values, strict=True)}
        name = ", ".join(
            f"{_short(path, changes)} {as_told(value)}" for path, value in place.items()
        )
        yield _Wanted(name, place, place)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # numpy's numbers


def as_told(value: Any) -> str:
    """A value of a grid as a reader expects it."""
    value = _plain(value)
    if value is None or value != value:  # noqa: PLR0124  (a table has NaN for None)
        return "removed"
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def _short(path: str, paths: Iterable[str]) -> str:
    """The last steps of a path, as many as tell it from the others."""
    steps = path.split(".")
    for count in range(1, len(steps) + 1):
        end = ".".join(steps[-count:])
        if not any(other != path and f".{other}".endswith(f".{end}") for other in paths):
            return end
    return path


def _replaced(contract: Contract, name: str, changes: Changes) -> Contract:
    # without a limit that the contract does not have is the contract as it stands
    stated = {p: v for p, v in changes.items() if v is not None or _stands(contract, p)}
    try:
        return replaced(contract, stated, name)
    except ContractError as error:
        told = [Fault(fault.path, f"scenario {name!r}: {fault.message}") for fault in error.faults]
        raise ContractError(told, contract.name) from None


def _stands(contract: Contract, path: str) -> bool:
    """Whether there is anything at a path; one that is misspelt higher up is left to be told."""
    home: Any = contract.to_dict()
    before: tuple[str | int, ...] = ()
    there = True
    for step in steps(path):
        there = isinstance(home, dict) and step in home
        if not there and step not in field_names(before):
            return True
        home = home[step] if there else {}
        before = (*before, step)
    return there


def _rows(
    wanted: _Wanted,
    reference: Results,
    results: Results,
    asked: Sequence[str],
    percentiles: Sequence[float],
) -> Iterator[dict[str, Any]]:
    """One scenario's rows of the table."""
    apart = Comparison((reference, results), ()).summary(asked).to_dict("index")
    for measure in asked:
        paired = apart[measure, results.contract.name]
        there = measure in results.names
        row: dict[str, Any] = {"scenario": wanted.name, **wanted.place, "measure": measure}
        row |= {
            "expected": results.expected(measure) if there else math.nan,
            "mc_error": results.mc_error(measure) if there else math.nan,
        }
        row |= {
            f"p{percent:g}": results.percentile(measure, percent) if there else math.nan
            for percent in percentiles
        }
        yield row | {
            "difference": paired["difference"],
            "difference_error": paired["mc_error"],
            "undefined": int(np.isnan(results.measure(measure)).sum()) if there else results.runs,
            "unit": reference.about(measure).unit.replace("money", reference.contract.currency),
            "note": results.reason(measure) if there else "this scenario has no such measure",
        }
