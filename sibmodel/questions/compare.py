"""Contracts compared before the same people, run by run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.happened import People
from sibmodel.model.measure import Measure
from sibmodel.questions import told
from sibmodel.questions.frontier import ON_FRONTIER, frontier
from sibmodel.questions.told import COLUMNS, Row
from sibmodel.results import PERCENTILES, WITHHELD_ABOVE, Results
from sibmodel.simulation import simulate

if TYPE_CHECKING:
    from sibmodel.questions.decomposition import Difference

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""Two values nearer than this share of the reference are the same: the rest is floating point."""


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """Simulations of several contracts that met the same people; the first is the reference.

    Attributes
    ----------
    results : tuple of Results
        One for each contract, in the order given, without their ledgers.
    percentiles : tuple of float
        Of the differences between runs, in ``summary``.
    """

    results: tuple[Results, ...]
    percentiles: tuple[float, ...] = PERCENTILES

    @property
    def reference(self) -> Results:
        """What the others are compared with."""
        return self.results[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Every measure that at least one of the contracts has."""
        return tuple(dict.fromkeys(name for result in self.results for name in result.names))

    def difference(self, measure: str, which: int = 1) -> Floats:
        """A measure of one contract less the same of the reference, run by run.

        Parameters
        ----------
        measure : str
        which : int
            Place of the contract in ``results``; 1 is the first after the reference.

        Returns
        -------
        array (run,)
            In the measure's unit. NaN in a run where either is undefined; 0 where both are
            infinite (neither pays back); NaN throughout if the two cannot be compared.

        Raises
        ------
        KeyError
            If no contract has such a measure; the message has the nearest name.
        IndexError
            If there is no such contract.
        """
        other = self._other(which)
        if self._apart(measure, other):
            return np.full(self.reference.runs, np.nan)
        was, now = self.reference.measure(measure), other.measure(measure)
        changed = np.isnan(was) | np.isnan(now) | ~np.isclose(now, was, rtol=ROUNDING, atol=0)
        return np.subtract(now, was, out=np.zeros_like(was), where=changed)

    def summary(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Measure × contract: both expected values, their difference, and how it varies by run.

        Parameters
        ----------
        names : sequence of str, optional
            Which measures; all if left out.

        Returns
        -------
        pandas.DataFrame
            A row for each measure and contract after the reference. ``reference`` and
            ``expected`` are the two expected values (of a ratio the ratio of means, of an IRR that
            of the mean cash flow) and ``difference`` is theirs; ``mc_error`` is its Monte Carlo
            error, the runs paired; ``p5`` … are percentiles of the difference run by run;
            ``higher`` and ``lower`` the shares of runs in which the contract is above or below the
            reference, ``better`` the one of the two that is better, NaN of a measure that is better
            neither up nor down; ``undefined`` counts the runs left out because either is undefined.
            Where those are more than one in a thousand, percentiles and shares are withheld.
        """
        rows = {
            (name, self.results[which].contract.name): self._row(name, which, self.percentiles)
            for name in (names if names is not None else self.names)
            for which in range(1, len(self.results))
        }
        index = pd.MultiIndex.from_tuples(rows, names=["measure", "contract"])
        return pd.DataFrame(list(rows.values()), index=index)

    def table(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """The contracts side by side, for people: what each comes to, and in 9 of 10 runs.

        Parameters
        ----------
        measures : sequence of str, optional
            Which measures; those read first if left out.

        Returns
        -------
        pandas.DataFrame
            Texts: a row for each measure, under what it is about, and a column for each contract.
        """
        if measures is None:
            read_first = (
                name
                for result in self.results
                for name in told.headline_names(result.contract, result.names)
            )
            # what payers spend themselves in one arrangement they pay for in another
            spent = ("outcome_payments", "cost_to_payers")
            measures = sorted(
                dict.fromkeys(read_first), key=lambda name: not name.startswith(spent)
            )
        rows = {}
        for name in measures:
            having = [result for result in self.results if name in result.names]
            if not having:
                raise KeyError(
                    f"there is no measure called {name!r}; {did_you_mean(name, self.names)}"
                )
            # some measures of one contract are told alike
            about = told.about(having[0].about(name))
            label = f"{about} ({name})" if about in rows else about
            rows[label] = {one.contract.name: told.figure(one, name) for one in self.results}
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index.name = "measure"
        return table

    def frontier(self, effect: str, cost: str = "cost_to_payers") -> pd.DataFrame:
        """Which of the contracts are worth what they cost, and what a further outcome costs.

        Parameters
        ----------
        effect : str
            A measure of which more is better, such as ``outcomes_additional[job]``.
        cost : str
            A measure of which less is better.

        Returns
        -------
        pandas.DataFrame
            A row a contract, the cheapest first: ``cost`` and ``effect``, expected; ``status``: on
            the frontier, dominated, or extendedly dominated; ``ratio``: what a further unit of
            effect costs against the next contract below (NaN for the cheapest and those not on the
            frontier); ``on_frontier``: share of the runs, where all are defined, in which it is.

        Raises
        ------
        KeyError
            If no contract has such a measure.
        ValueError
            If a contract has none, or it is undefined there.
        """
        for name in (cost, effect):
            for which in range(1, len(self.results)):
                apart = self._apart(name, self._other(which))
                if apart:
                    raise ValueError(f"{name} cannot be set against another: {apart}")
        expected = [[result.expected(name) for result in self.results] for name in (cost, effect)]
        found = frontier(costs=expected[0], effects=expected[1])
        costs, effects = (
            np.stack([result.measure(name) for result in self.results], axis=-1)
            for name in (cost, effect)
        )
        defined = np.isfinite(costs + effects).all(axis=1)
        pairs = zip(costs[defined], effects[defined], strict=True)
        there = [frontier(costs=c, effects=e).status == ON_FRONTIER for c, e in pairs]
        often = np.mean(there, axis=0) if there else np.full(len(self.results), np.nan)
        table = pd.DataFrame(
            {
                "cost": expected[0],
                "effect": expected[1],
                "status": found.status,
                "ratio": found.ratio,
                "on_frontier": often,
            },
            index=pd.Index([result.contract.name for result in self.results], name="contract"),
        )
        return table.sort_values("cost", kind="stable")

    def why(self, measure: str, which: int = 1) -> Difference:
        """Why a contract differs from the reference: by price, volume, rate, cost, capital, value.

        Parameters
        ----------
        measure : str
        which : int
            Place of the contract in ``results``; 1 is the first after the reference.

        Returns
        -------
        Difference
            See :func:`sibmodel.questions.decomposition.explain_difference`.
        """
        from sibmodel.questions.decomposition import (  # noqa: PLC0415  (only when asked)
            explain_difference,
        )

        other = self._other(which)
        return explain_difference(
            self.reference.contract,
            other.contract,
            measure,
            runs=self.reference.runs,
            seed=self.reference.seed,
        )

    def _row(self, name: str, which: int, percentiles: Sequence[float]) -> Row:
        difference, other = self.difference(name, which), self.results[which]
        apart = self._apart(name, other)
        was, now = _expected(self.reference, name), _expected(other, name)
        kept = difference[~np.isnan(difference)]
        undefined = len(difference) - len(kept)
        withheld = undefined > WITHHELD_ABOVE * len(difference)
        change = math.nan if apart else _subtract(now, was)
        error = math.nan if apart else self._paired_error(name, other, difference)
        about = next(result.about(name) for result in self.results if name in result.names)
        return {
            "reference": was,
            "expected": now,
            "difference": change,
            "mc_error": error,
            **{
                f"p{percent:g}": math.nan if withheld else statistics.percentile(kept, percent)
                for percent in percentiles
            },
            "higher": math.nan if withheld else float((kept > 0).mean()),
            "lower": math.nan if withheld else float((kept < 0).mean()),
            "better": math.nan if withheld else _better(kept, about.better),
            "undefined": undefined,
            "unit": about.unit.replace("money", self.reference.contract.currency),
            "note": apart or self._note(about, other, undefined, withheld),
        }

    def _other(self, which: int) -> Results:
        if not 1 <= which < len(self.results):
            raise IndexError(
                f"contracts to compare with the reference are 1 to {len(self.results) - 1}: "
                f"seen {which}"
            )
        return self.results[which]

    def _apart(self, name: str, other: Results) -> str:
        """Why a measure cannot be compared at all, or an empty text."""
        if name not in self.names:
            raise KeyError(f"there is no measure called {name!r}; {did_you_mean(name, self.names)}")
        pair = (self.reference, other)
        having = [result for result in pair if name in result.names]
        if not having:
            return "in neither of the two contracts"
        if len(having) == 1:
            return f"only in {having[0].contract.name}"
        for result in pair:
            reason = result.about(name).undefined
            if reason is not None:
                return f"undefined in {result.contract.name}: {reason}"
        bases = [told.real_money_of(result.contract) for result in pair]
        if self.reference.about(name).unit.startswith("real") and bases[0] != bases[1]:
            return f"not comparable: {bases[0]}, and {bases[1]}"
        return ""

    def _note(self, measure: Measure, other: Results, undefined: int, withheld: bool) -> str:
        notes = []
        if undefined:
            reason = self.reference.reason(measure.name) or other.reason(measure.name)
            notes.append(f"undefined in {undefined:,} runs: {reason}")
        if withheld:
            notes.append("percentiles and shares withheld")
        if measure.expected in ("irr", "payback"):
            notes.append("expected: of the mean cash flow")
        if measure.expected == "irr":
            # the sd of a difference is at most the sum of the two, however they are joined
            most = self.reference.mc_error(measure.name) + other.mc_error(measure.name)
            notes.append(f"mc_error at most {most:.2g}, the two errors added")
        return "; ".join(notes)

    def _paired_error(self, name: str, other: Results, difference: Floats) -> float:
        """Monte Carlo error of the difference of two expected values over the same runs.

        A ratio of means is moved by each run's own part in it, and the error is that of the mean
        of the parts' difference. NaN for an IRR or payback of a mean cash flow.
        """
        kind = self.reference.about(name).expected
        if kind == "mean":
            return statistics.mean_error(difference)
        if kind != "ratio" or math.isnan(self.reference.expected(name) + other.expected(name)):
            return math.nan
        was, now = (parts_of_ratio(result, name) for result in (self.reference, other))
        return statistics.mean_error(now - was)

    # --- a view for people ------------------------------------------------------------------------

    def headlines(self, which: int = 1) -> list[tuple[str, ...]]:
        """The measures read first: about, then reference, expected, difference and its spread."""
        other = self._other(which)
        rows = []
        for name in told.headline_names(self.reference.contract, self.reference.names):
            if not self._apart(name, other):
                about = self.reference.about(name)
                rows.append((told.about(about), *told.cells(self._row(name, which, (5, 95)))))
        return rows

    def _title(self) -> str:
        return (
            f"{len(self.results)} contracts before the same people: "
            f"{self.reference.runs:,} runs, seed {self.reference.seed}"
        )

    def _against(self, which: int) -> str:
        return f"{self.results[which].contract.name}, against {self.reference.contract.name}"

    def __repr__(self) -> str:
        lines = [self._title()]
        for which in range(1, len(self.results)):
            table = [("", *COLUMNS), *self.headlines(which)]
            widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS) + 1)]
            lines += ["", self._against(which)]
            for about, *figures in table:
                cells = [text.rjust(width) for text, width in zip(figures, widths[1:], strict=True)]
                lines.append("  ".join(["", about.ljust(widths[0]), *cells]).rstrip())
        return "\n".join([*lines, "  summary() has every measure with its error and unit."])

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self._title())}</p>"]
        for which in range(1, len(self.results)):
            head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in COLUMNS)
            body = "".join(
                f"<tr><th scope='row' style='text-align:left'>{escape(about)}</th>"
                + "".join(f"<td style='white-space:nowrap'>{escape(text)}</td>" for text in figures)
                + "</tr>"
                for about, *figures in self.headlines(which)
            )
            parts.append(
                f"<p><b>{escape(self._against(which))}</b></p>"
                f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
        return "".join(parts)


def compare(
    contracts: Sequence[Contract],
    runs: int = 10_000,
    *,
    seed: int = 0,
    executor: Executor | None = None,
    progress: bool | None = None,
    percentiles: Sequence[float] = PERCENTILES,
) -> Comparison:
    """Contracts faced with the same people, paired run by run.

    Run n of every contract has the same luck, so what both share cancels and the difference needs
    far fewer runs than either figure.

    Parameters
    ----------
    contracts : sequence of Contract
        Two or more, in one currency and with names of their own. The first is the reference.
    runs, seed, executor, progress
        As in :func:`sibmodel.simulate`.
    percentiles : sequence of float
        Of the differences between runs, each between 0 and 100.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If there are fewer than two contracts, two have one name, or currencies differ.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> dearer = bond.replace({"payments.rules.success.price": 5500}, name="dearer")
    >>> comparison = compare([bond, dearer], runs=4096)
    >>> achieved = comparison.results[0].measure("outcomes_achieved[success]")
    >>> bool((comparison.difference("outcome_payments") == 500 * achieved).all())
    True
    """
    contracts = [contracts] if isinstance(contracts, Contract) else list(contracts)
    other = next((one for one in contracts if not isinstance(one, Contract)), None)
    if other is not None:
        raise TypeError(f"compare takes contracts, and simulates them: seen {type(other).__name__}")
    if len(contracts) < 2:
        raise ValueError("compare needs a list of two contracts or more")
    names = [contract.name for contract in contracts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{names.count(name)} contracts are called {name!r}: give each a name of its own, "
                'contract.replace({…}, name="…")'
            )
    currencies = sorted({contract.currency for contract in contracts})
    if len(currencies) > 1:
        raise ValueError(
            f"the contracts are in {' and '.join(currencies)}: restate them in one currency"
        )
    if not all(0 <= percent <= 100 for percent in percentiles):
        raise ValueError(f"percentiles lie between 0 and 100: seen {list(percentiles)}")
    people = People()
    return Comparison(
        tuple(
            simulate(
                contract,
                runs,
                seed=seed,
                keep="measures",
                people=people,
                executor=executor,
                progress=progress,
            )
            for contract in contracts
        ),
        tuple(percentiles),
    )


def _better(differences: Floats, direction: str) -> float:
    """Share of runs in which a contract is better, by a measure's direction."""
    if not direction or not len(differences):
        return math.nan
    return float(((differences > 0) if direction == "up" else (differences < 0)).mean())


def _expected(result: Results, name: str) -> float:
    return result.expected(name) if name in result.names else math.nan


def _subtract(now: float, was: float) -> float:
    """A difference that is 0 where both are infinite or the same but for rounding."""
    return 0.0 if math.isclose(now, was, rel_tol=ROUNDING) else now - was


def parts_of_ratio(result: Results, name: str) -> Floats:
    """How each run moves a ratio of means, shape (run,).

    Source: delta method; the run's a and b move A/B by (a - (A/B) b) / B.
    """
    measure = result.about(name)
    assert measure.over is not None
    assert measure.under is not None
    over, under = result.measure(measure.over), result.measure(measure.under)
    moved: Floats = (over - result.expected(name) * under) / under.mean()
    return moved
