"""Results: the ledger and the measures of a simulation, to be selected and shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import did_you_mean
from sibmodel.contract.names import so_many
from sibmodel.explanation import Explanation, explanation
from sibmodel.model.incidence import COLUMNS, WEIGHTED
from sibmodel.model.measure import Measure
from sibmodel.model.returns import STATUSES

Floats = npt.NDArray[np.float64]

WITHHELD_ABOVE = 0.001
"""Share of undefined runs above which a measure's percentiles are withheld."""

PERCENTILES = (5, 25, 50, 75, 95)

LIMIT_WORDS = {"person": "per person", "contract": "on the contract"}
"""How limits are called in headlines, where not by name."""


@dataclass(frozen=True)
class Estimate:
    """What is known of a measure over all runs: expected value and its error, base case."""

    expected: float
    mc_error: float
    base_case: float
    undefined: int
    reason: str


@dataclass(frozen=True, repr=False, eq=False)
class Results:
    """The outcome of :func:`sibmodel.simulate`: measures by run, and the ledger if it was kept.

    Attributes
    ----------
    contract : Contract
    runs, seed : int
    ledger : xarray.Dataset or None
        Axes run, period, group, outcome, rule, payer, tranche; None with ``keep="measures"``.
    irr_status : mapping of measure to array (run,)
        Codes into ``sibmodel.model.returns.STATUSES``, of each IRR.
    mean_cash_flows : mapping of tranches to array (period,)
        Mean cash flow of those an IRR is of, taken together.
    """

    contract: Contract
    runs: int
    seed: int
    switches: Mapping[str, bool]
    asked: tuple[Measure, ...]
    values: Mapping[str, Floats]
    estimates: Mapping[str, Estimate]
    irr_status: Mapping[str, npt.NDArray[np.uint8]]
    mean_cash_flows: Mapping[tuple[str, ...], Floats]
    incidence_mean: Mapping[str, Mapping[str, float]]
    undefined_benefits: Mapping[str, str]
    ledger: xr.Dataset | None
    drawn_labels: Mapping[str, str]

    # --- selecting --------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all measures."""
        return tuple(measure.name for measure in self.asked)

    def about(self, name: str) -> Measure:
        """Unit, direction and description of a measure.

        Raises
        ------
        KeyError
            If there is no such measure; the message has the nearest name.
        """
        for measure in self.asked:
            if measure.name == name:
                return measure
        raise KeyError(f"there is no measure called {name!r}; {did_you_mean(name, self.names)}")

    def measure(self, name: str) -> Floats:
        """A measure's values, shape (run,); NaN in runs where it is undefined.

        A measure that does not exist for this contract is NaN in every run; ``reason(name)`` says
        why.
        """
        if self.about(name).undefined is not None:
            return np.full(self.runs, np.nan)
        return self.values[name].copy()

    def expected(self, name: str) -> float:
        """Mean of an amount; ratio of means of a ratio; IRR of the mean cash flow of an IRR."""
        self.about(name)
        return self.estimates[name].expected

    def mc_error(self, name: str) -> float:
        """Monte Carlo error of ``expected``."""
        self.about(name)
        return self.estimates[name].mc_error

    def base_case(self, name: str) -> float:
        """The measure in the one run without uncertainty, shared luck and chance."""
        self.about(name)
        return self.estimates[name].base_case

    def reason(self, name: str) -> str:
        """Why a measure is undefined (in some runs or in all), or an empty text."""
        self.about(name)
        return self.estimates[name].reason

    def withheld(self, name: str) -> bool:
        """Whether too many runs are undefined for percentiles to be shown."""
        self.about(name)
        return self.estimates[name].undefined > WITHHELD_ABOVE * self.runs

    def percentile(self, name: str, percent: float) -> float:
        """An order statistic of a measure over the runs in which it is defined; NaN if withheld."""
        if self.withheld(name):
            return math.nan
        value = self.values[name]
        return statistics.percentile(value[~np.isnan(value)], percent)

    def percentile_interval(self, name: str, percent: float) -> tuple[float, float]:
        """Values between which a percentile lies, about 95% confidence, given these many runs."""
        if self.withheld(name):
            return math.nan, math.nan
        value = self.values[name]
        return statistics.percentile_interval(value[~np.isnan(value)], percent)

    def share_interval(self, name: str) -> tuple[float, float]:
        """Wilson limits of the expected value of a measure that is 0 or 1."""
        if self.about(name).unit != "share":
            raise ValueError(f"{name} is not a share of runs")
        return statistics.wilson(self.expected(name), self.runs)

    @property
    def idle_limits(self) -> tuple[str, ...]:
        """Limits that take nothing in any run, nor in the base case."""
        names = (name for name in self.names if name.startswith("limit_binds["))
        return tuple(
            name.partition("[")[2][:-1]
            for name in names
            if not self.values[name].any() and not self.estimates[name].base_case
        )

    # --- tables -----------------------------------------------------------------------------------

    def summary(
        self,
        percentiles: float | Sequence[float] = PERCENTILES,
        names: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Measure × expected, percentiles, Monte Carlo error, base case, undefined runs and why.

        Parameters
        ----------
        percentiles : sequence of float
            Between 0 and 100.
        names : sequence of str, optional
            Which measures; all if left out.
        """
        percentiles = checked_percentiles(percentiles)
        names = [names] if isinstance(names, str) else names
        rows = {}
        for name in names if names is not None else self.names:
            measure, estimate = self.about(name), self.estimates[name]
            row: dict[str, float | str | int] = {"expected": estimate.expected}
            row |= {f"p{percent:g}": self.percentile(name, percent) for percent in percentiles}
            row |= {
                "mc_error": estimate.mc_error,
                "base_case": estimate.base_case,
                "undefined": estimate.undefined,
                "unit": measure.unit.replace("money", self.contract.currency),
                "note": self._note(name),
            }
            rows[name] = row
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index.name = "measure"
        return table

    def _note(self, name: str) -> str:
        estimate = self.estimates[name]
        if not estimate.undefined:
            return ""
        if estimate.undefined == self.runs:
            return f"undefined: {estimate.reason}"
        withheld = "; percentiles withheld" if self.withheld(name) else ""
        return f"undefined in {estimate.undefined:,} runs: {estimate.reason}{withheld}"

    def irr_statuses(self, name: str = "investor_irr") -> pd.Series[int]:
        """How many runs have which status of an IRR, of all investors or of one tranche."""
        self.about(name)
        counts = (
            np.bincount(self.irr_status[name], minlength=len(STATUSES))
            if name in self.irr_status
            else np.zeros(len(STATUSES), dtype=int)
        )
        return pd.Series(counts, index=pd.Index(STATUSES, name="status"), name="runs")

    def payments_by_year(self, percentiles: Sequence[float] = (50, 80, 90)) -> pd.DataFrame:
        """Outcome payments by year of cash: expected and percentiles, each year by itself.

        Financial years (April to March) unless the contract's price base is a calendar year.
        Percentiles of years do not add up to the percentile of the total.
        """
        prefix = "payments_in_year["
        names = [name for name in self.names if name.startswith(prefix)]
        rows = {
            name[len(prefix) : -1]: {
                "expected": self.expected(name),
                **{f"p{percent:g}": self.percentile(name, percent) for percent in percentiles},
            }
            for name in names
        }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index.name = "year"
        return table

    def incidence(self) -> pd.DataFrame:
        """Who pays and who gains: party × column, expected real present values, gains positive.

        Benefits are ``cash_savings``, what can be taken out of a budget; ``other_benefits``, other
        savings and what people gain; and ``transfers``, what another party loses. The last row,
        society, is the sum of all parties; there payments, transfers and return are zero. Where
        distributional weights are stated, the last column is each party's net × its weight.

        NaN for whoever is touched by a benefit that is undefined (``attrs["undefined"]`` says
        why); empty where present values are undefined altogether.
        """
        if not self.incidence_mean:
            return pd.DataFrame(columns=[*COLUMNS, "net"])
        given = pd.DataFrame.from_dict(
            {party: dict(row) for party, row in self.incidence_mean.items()}, orient="index"
        )
        table = given[list(COLUMNS)].copy()
        table["net"] = table.sum(axis=1, skipna=False)
        if WEIGHTED in given:
            table[WEIGHTED] = given[WEIGHTED]
        society = table.sum(axis=0, skipna=False)
        dust = 1e-9 * table.abs().max(axis=0)  # what is left of sums that cancel
        table.loc["society"] = society.mask(society.abs() <= dust, 0.0)
        table.index.name = "party"
        table.attrs["undefined"] = dict(self.undefined_benefits)
        return table

    def explain(self, run: int | None = None) -> Explanation:
        """One run, walked from people to pounds.

        Parameters
        ----------
        run : int, optional
            From 0; if left out, the run with the median investors' IRR, or the median payments
            where that is undefined.

        Raises
        ------
        ValueError
            If there is no such run, or the ledger was not kept.
        """
        if self.ledger is None:
            raise ValueError('the ledger was not kept: simulate with keep="ledger" to see a run')
        run = self.median_run() if run is None else run
        if not 0 <= run < self.runs:
            raise ValueError(f"run must be from 0 to {self.runs - 1}: seen {run!r}")
        measures = {
            name: {
                "value": float(value[run]),
                "unit": self.about(name).unit.replace("money", self.contract.currency),
            }
            for name, value in self.values.items()
        }
        return explanation(
            self.contract,
            self.ledger.isel(run=run),
            pd.DataFrame.from_dict(measures, orient="index"),
            f"{self.contract.name}: run {run} of {self.runs:,}, seed {self.seed}",
        )

    def median_run(self, name: str | None = None) -> int:
        """The run in which a measure is at its median; of several the first.

        Parameters
        ----------
        name : str, optional
            If left out, investors' IRR, or payments where that is undefined.

        Raises
        ------
        ValueError
            If the measure is undefined in every run.
        """
        if name is None:
            irr = self.values.get("investor_irr", np.array([np.nan]))
            name = "outcome_payments" if np.isnan(irr).all() else "investor_irr"
        value = self.measure(name)
        defined = np.flatnonzero(~np.isnan(value))
        if not defined.size:
            raise ValueError(f"{name} is undefined in every run: {self.reason(name)}")
        ordered = defined[np.argsort(value[defined], kind="stable")]
        return int(ordered[(len(ordered) - 1) // 2])

    # --- a view for people ------------------------------------------------------------------------

    def headlines(self) -> list[tuple[str, str]]:
        """The few sentences a commissioner reads first: what is asked, and the answer."""
        rows: list[tuple[str, str]] = []

        def add(question: str, name: str, *, spread: bool = True) -> None:
            if name not in self.estimates:
                return
            measure, estimate = self.about(name), self.estimates[name]
            if estimate.undefined == self.runs:
                rows.append((question, f"undefined: {estimate.reason}"))
                return
            unit = measure.unit.replace("money", self.contract.currency)
            if measure.expected in ("irr", "payback"):
                text = f"median {show(self.percentile(name, 50), unit)}"
            else:
                text = show(estimate.expected, unit)
            if spread and not self.withheld(name) and self.runs > 1:
                low, high = self.percentile(name, 5), self.percentile(name, 95)
                text += f"   (9 in 10 runs: {show(low, unit)} to {show(high, unit)})"
            elif self.withheld(name):
                text += f"   ({self._note(name)})"
            rows.append((question, text))

        headline, idle = self.contract.headline, self.idle_limits
        add("What will we pay?", "outcome_payments")
        for payer in self.contract.payer_names if len(self.contract.payer_names) > 1 else ():
            add(f"  of which {payer}", f"outcome_payments[{payer}]")
        if self.contract.payers_bear_costs:
            add("  with the payers' own costs", "cost_to_payers")
        for name in self.names:
            what = name.partition("[")[2][:-1]
            if name.startswith("performance["):
                add(f"What is {what}, as last read?", name)
            if name.startswith("pays["):
                add(f"How often does {what} pay?", name, spread=False)
            if name.startswith("limit_binds[") and what not in idle:
                limit = LIMIT_WORDS.get(what, what)
                add(f"How often does the limit {limit} bind?", name, spread=False)
                question, answer = rows[-1]
                rows[-1] = (question, f"{answer}   ({self._taken_by(what)} on average)")
        if idle:
            named = (LIMIT_WORDS.get(limit, limit) for limit in idle)
            rows.append(("Which limits never bind?", ", ".join(named)))
        add("How many people start?", "people_started")
        if headline:
            for question, name in self._about_outcome(headline):
                add(question, name)
        for question, name in self._about_investors():
            add(question, name, spread=not name.startswith(("investor_loses", "ends_early")))
        if self.contract.delivery:
            add("Costs nobody could meet?", "shortfall")
        if self.contract.value:
            count = len(self.contract.value.benefits)
            valued = f"{so_many(count, 'benefit')} valued"
            add(f"Is it worth it to society? ({valued})", "net_present_value[society]")
            add("  and to the public purse?", "net_present_value[public]")
        return rows

    def _taken_by(self, limit: str) -> str:
        """What a limit takes, and what it leaves to another payer, on average."""
        currency, moved = self.contract.currency, f"moved_by_limits[{limit}]"
        told = f"takes {show(self.expected(f'taken_by_limits[{limit}]'), currency)}"
        if moved in self.names:
            told += f" and leaves {show(self.expected(moved), currency)} to another payer"
        return told

    def _about_investors(self) -> list[tuple[str, str]]:
        """Questions about investors and who stands behind them, with the measures that answer."""
        if self.contract.capital is None:
            return []
        endings = [
            (f"How often does it end early by {name.replace('_', ' ')}?", f"ends_early[{name}]")
            for name in self.contract.ending_names
        ]
        guarantees = [
            (f"What does the guarantee {name} pay?", f"guarantee_pays[{name}]")
            for name in self.contract.capital.guarantees
        ]
        return [
            ("What do investors earn a year?", "investor_irr"),
            ("Do investors lose money?", "investor_loses"),
            ("Most they have at risk?", "capital_at_risk"),
            *endings,
            *guarantees,
        ]

    def _about_outcome(self, name: str) -> list[tuple[str, str]]:
        """Questions about the headline outcome, and the measures that answer them."""
        fewer = self.contract.outcomes[name].better == "lower"
        beyond = "fewer than would have happened" if fewer else "beyond what would have happened"
        one = "one avoided" if fewer else "additional one"
        return [
            (f"How many {'' if fewer else 'achieve '}{name}?", f"outcomes_achieved[{name}]"),
            (f"  {beyond}", f"outcomes_additional[{name}]"),
            (f"  cost for each {one}", f"cost_per_additional_outcome[{name}]"),
        ]

    def __repr__(self) -> str:
        off = [name.replace("_", " ") for name, on in self.switches.items() if not on]
        head = f"{self.contract.name}: {so_many(self.runs, 'run')}, seed {self.seed}" + (
            f", without {', '.join(off)}" if off else ""
        )
        rows = self.headlines()
        width = max((len(question) for question, _ in rows), default=0)
        lines = [f"  {question:<{width}}  {answer}" for question, answer in rows]
        return "\n".join([head, *lines, "  summary() has every measure with its error and unit."])

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (only notebooks ask)

        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(question)}</td>"
            f"<td style='text-align:left'>{escape(answer)}</td></tr>"
            for question, answer in self.headlines()
        )
        return (
            f"<p><b>{escape(self.contract.name)}</b>: {self.runs:,} runs, seed {self.seed}</p>"
            f"<table>{rows}</table>"
        )


def need_results(given: object, verb: str) -> None:
    """Say what is wanted where something else than results is handed to a question.

    Raises
    ------
    TypeError
    """
    if not isinstance(given, Results):
        raise TypeError(
            f"{verb} takes results, {verb}(simulate(contract)): seen {type(given).__name__}"
        )


def checked_percentiles(percentiles: float | Sequence[float]) -> tuple[float, ...]:
    """Percentiles as a tuple; each above 0 and below 100.

    Examples
    --------
    >>> checked_percentiles(50)
    (50,)
    """
    asked = (percentiles,) if isinstance(percentiles, int | float) else tuple(percentiles)
    for percent in asked:
        if not 0 < percent < 100:
            raise ValueError(f"a percentile is above 0 and below 100: seen {percent:g}")
    return asked


def show(value: float, unit: str) -> str:
    """A number as a reader expects it: whole money, percentages, people.

    Examples
    --------
    >>> show(1234567.8, "GBP"), show(0.0525, "rate a year"), show(0.125, "share")
    ('GBP 1,234,568', '5.2%', '12.5%')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "never"
    size, currency = abs(value), unit.removeprefix("real ").partition(" ")[0]
    if unit in ("share", "share used", "rate a year"):
        text = f"{100 * size:.1f}%"
    elif unit in ("multiple", "ratio"):
        text = f"{size:.2f}"
    elif unit == "years":
        text = f"{size:.2f} years"
    elif unit in ("people", "outcomes", "units"):
        text = f"{size:,.1f}".removesuffix(".0")
    elif unit == "percent":
        text = f"{size:.3g}%"
    elif unit == "figure":
        text = f"{size:,.1f}" if size >= 1000 else f"{size:.3g}"
    else:
        text = f"{currency} {size:,.0f}"
    nothing = not any(digit in text for digit in "123456789")
    return text if value > 0 or nothing else f"−{text}"
