"""Takes a contract through the stages, block by block."""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sibmodel import ledger as ledgers
from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.happened import People, Wanted, people_of
from sibmodel.model import returns
from sibmodel.model.chance import BLOCK, Floats
from sibmodel.model.claims import routes
from sibmodel.model.hands import claimable, may_go_person_by_person
from sibmodel.model.measure import Measure
from sibmodel.model.measures import measures as measures_of
from sibmodel.model.measures import values
from sibmodel.model.paid import sum_groups
from sibmodel.model.stages import Stages
from sibmodel.model.value import undefined_benefits
from sibmodel.plan import Plan
from sibmodel.results import Estimate, Results
from sibmodel.walk import BASE_CASE, Switches, Walk

Keep = Literal["measures", "ledger", "everything"]
KEEPS = ("measures", "ledger", "everything")

MOST_BYTES = 2 * 2**30
"""What one call may keep."""


@dataclass
class Part:
    """What some runs of a block hand back: arrays with the run axis last, cut to the runs asked."""

    runs: int
    measures: dict[str, Floats]
    ledger: dict[str, npt.NDArray[Any]]
    irr_status: dict[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    cash_flow_sum: dict[tuple[str, ...], Floats] = field(default_factory=dict)
    both_ways: dict[tuple[str, ...], tuple[Floats, Floats]] = field(default_factory=dict)
    cash_flow_products: dict[tuple[str, ...], Floats] = field(default_factory=dict)
    incidence_sum: dict[str, dict[str, float]] = field(default_factory=dict)
    readings: list[str] = field(default_factory=list)


def _reduced(plan: Plan, stages: Stages, keep: Keep, runs: int) -> Part:
    """The measures of these stages and what is kept of their ledger."""
    found = {name: value[:runs] for name, value in values(stages, plan.measures).items()}
    kept = ledgers.arrays(stages, joint=keep == "everything") if keep != "measures" else {}
    part = Part(runs, found, {name: array[..., :runs] for name, array in kept.items()})
    part.readings = ledgers.reading_labels(stages)
    for measure in plan.measures if stages.account is not None else ():
        if measure.expected == "irr":
            flows = stages.together(measure.of).cash_flow[:, :runs]
            part.irr_status[measure.name] = stages.irr_of(measure.of).status[:runs]
            part.cash_flow_sum[measure.of] = flows.sum(axis=1)
            part.cash_flow_products[measure.of] = flows @ flows.T
        if measure.expected == "life":
            flow = stages.together(measure.of)
            drawn, received = flow.drawn[:, :runs], flow.received[:, :runs]
            part.both_ways[measure.of] = drawn.sum(axis=1), received.sum(axis=1)
    part.incidence_sum = {
        party: {column: float(value[:runs].sum()) for column, value in row.items()}
        for party, row in stages.incidence.items()
    }
    return part


@functools.lru_cache(maxsize=4)
def _plan(contract: str, asked: tuple[str, ...] | None) -> Plan:
    return Plan(Contract.from_dict(json.loads(contract)), asked)


@dataclass(frozen=True)
class _Task:
    """One block of runs, as plain data for a worker; the contract is text, once a task."""

    contract: str
    asked: tuple[str, ...] | None
    seed: int
    block: int
    switches: Switches
    keep: Keep
    runs: int

    def __call__(self) -> list[Part]:
        """In a worker."""
        return self.worked(_plan(self.contract, self.asked), None)

    def worked(self, plan: Plan, people: People | None) -> list[Part]:
        """The block's runs in parts, cut to those asked for."""
        found: list[Part] = []
        details = self.keep != "measures"
        for stages in plan.parts(
            seed=self.seed,
            block=self.block,
            switches=self.switches,
            details=details,
            kept=people,
        ):
            left = self.runs - sum(part.runs for part in found)
            if left <= 0:
                break
            found.append(_reduced(plan, stages, self.keep, min(left, stages.runs)))
        return found


def simulate(
    contract: Contract,
    runs: int = 10_000,
    *,
    seed: int = 0,
    uncertainty: bool = True,
    shared_luck: bool = True,
    chance: bool = True,
    keep: Keep = "ledger",
    measures: Sequence[str] | None = None,
    people: People | None = None,
    base_case: bool = True,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Results:
    """Many possible futures of a contract.

    Parameters
    ----------
    contract : Contract
        Every outcome must state its rate.
    runs : int
        How many futures. Run n is the same however many runs there are.
    seed : int
        0 or more; the same seed gives the same people, luck and assumptions.
    uncertainty, shared_luck, chance : bool
        Switch off our uncertainty about the numbers (they are at their means), luck shared within
        a cohort, and chance between people (who are then fractions). With all three off there is
        one run: the base case, which equals a calculation by hand.
    keep : {"measures", "ledger", "everything"}
        What is kept of each run: the measures alone; also the ledger; also payments by rule and
        payer together.
    measures : sequence of str, optional
        Which measures are worked out, with those they are ratios of; all if left out.
    people : People, optional
        Keeps who starts and what they achieve, and has them meet every contract it is handed to
        that differs only in money. None: they are drawn for this call. Of no use to an executor.
    base_case : bool
        Whether the base case is worked beside them. Without it, which only ``keep="measures"``
        allows, base cases are NaN: it saves a little where many contracts are simulated.
    executor : concurrent.futures.Executor, optional
        Where blocks of 4,096 runs are worked; anything with its interface. None: here.
    progress : bool, optional
        Show a bar; if left out, only in a terminal and for more than one block.

    Returns
    -------
    Results

    Raises
    ------
    ValueError
        If there is nothing to run, or more than 2 GiB would be kept (with the remedy).
    KeyError
        If there is no such measure.
    RuntimeError
        If a block fails, naming its runs; the other blocks are cancelled.

    Examples
    --------
    >>> import sibmodel as sib
    >>> results = sib.simulate(sib.library.load("closed_form_bond"), runs=4096)
    >>> abs(results.expected("outcome_payments") - 400_000) < 3 * 34_641 / 64
    True
    """
    if not isinstance(contract, Contract):
        raise TypeError(f"simulate takes a Contract (see load_contract): seen {contract!r}")
    runs, seed = _whole("runs", runs, 1), _whole("seed", seed, 0)
    if keep not in KEEPS:
        raise ValueError(f"keep is one of {', '.join(KEEPS)}: seen {keep!r}")
    switches = Switches(uncertainty, shared_luck, chance)
    if switches == BASE_CASE:
        runs = 1
    if not base_case and keep != "measures":
        raise ValueError(f'keep="{keep}" needs the base case: say keep="measures" without it')
    if isinstance(measures, str):
        measures = [measures]
    asked = None if measures is None else tuple(measures)
    plan, base = Plan(contract, asked), None
    if base_case:
        [stages] = plan.parts(seed=seed, block=0, switches=BASE_CASE, details=True, kept=people)
        base = _reduced(plan, stages, keep, 1)
        base.ledger = ledgers.sized(base.ledger, plan.walk.kept_as if chance else np.float64)
    _refuse_too_much(plan, base, runs, keep)
    sizes = [min(switches.runs, runs - first) for first in range(0, runs, switches.runs)]
    gathered = _Gathered(plan.measures, base, runs)
    bar = tqdm(
        total=len(sizes),
        desc="blocks",
        unit="block",
        disable=not (progress if progress is not None else len(sizes) > 1 and sys.stderr.isatty()),
    )
    text = "" if executor is None else json.dumps(contract.to_dict())
    tasks = [
        _Task(text, asked, seed, number, switches, keep, size) for number, size in enumerate(sizes)
    ]
    with bar:
        for number, parts in _finished(tasks, executor, lambda task: task.worked(plan, people)):
            gathered.add(number, number * switches.runs, parts)
            bar.update()
    return gathered.results(contract, plan, seed=seed, switches=switches, keep=keep)


def measure_names(contract: Contract) -> tuple[str, ...]:
    """Names of all measures of a contract."""
    return tuple(measure.name for measure in measures_of(contract))


def expect(contract: Contract, people: People, *, runs: int) -> None:
    """Say beforehand that a contract will meet kept people, so that they are drawn but once.

    Claims that a limit per person may cut are then taken person by person from the start, if there
    is room for them; otherwise people are drawn again when such a limit first can bind.

    Parameters
    ----------
    contract : Contract
    people : People
    runs : int
        How many futures there will be.
    """
    ways = routes(contract)
    rules = may_go_person_by_person(contract, ways)
    wanted = Wanted(bool(rules) or "starts" in ways.values(), claimable(contract, rules))
    blocks = -(-runs // BLOCK) * BLOCK
    if blocks * Walk(contract).bytes_of(wanted.claims) <= people.most_bytes / 2:
        people.expect(people_of(contract), wanted)


def _whole(name: str, number: object, least: int) -> int:
    if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < least:
        raise ValueError(f"{name} must be a whole number, {least} or more: seen {number!r}")
    return int(number)


def person_earnings(contract: Contract, *, togetherness: float, seed: int = 0) -> Floats:
    """What each simulated person's claims earn at their price, before limits, shape (person,).

    Assumptions are at their means and there is no shared luck: the spread is between people.

    Parameters
    ----------
    contract : Contract
    togetherness : float
        How far one person's ladders go together, 0 to 1; in place of the contract's.
    seed : int
    """
    together = {f"cohorts.{name}.togetherness": togetherness for name in contract.cohorts}
    return Plan(contract.replace(together)).person_earnings(seed=seed)


def investor_xirr(results: Results, tranche: str | None = None) -> returns.Irr:
    """The internal rate of return of dated cash flows, by act/365 as spreadsheets have it.

    Parameters
    ----------
    results : Results
        With its ledger.
    tranche : str, optional
        Whose; if left out, all investors'.

    Returns
    -------
    Irr
        ``rate`` a year and ``status``, both (run,).

    Raises
    ------
    ValueError
        If the ledger was not kept, or there is no such tranche.

    Examples
    --------
    >>> import sibmodel as sib
    >>> results = sib.simulate(sib.library.load("closed_form_bond"), runs=8)
    >>> found = investor_xirr(results)
    >>> bool(abs(found.rate[0] - results.measure("investor_irr")[0]) < 0.01)
    True
    """
    if results.ledger is None or "drawn" not in results.ledger:
        raise ValueError('simulate a contract with capital, and keep="ledger", for its cash flows')
    ledger = results.ledger
    if tranche is None:
        flows = ledger["investor_cash_flow"]
    elif tranche in ledger["tranche"]:
        put_in = ledger["put_in" if "put_in" in ledger else "drawn"]
        flows = (ledger["distributed"] - put_in).sel(tranche=tranche)
    else:
        known = ", ".join(map(str, ledger["tranche"].to_numpy()))
        raise ValueError(f"there is no tranche called {tranche!r}; known are: {known}")
    dates = [results.contract.timeline.date(int(t)) for t in ledger["period"]]
    return returns.xirr(flows.transpose("run", "period").to_numpy(), dates)


def _finished(
    tasks: list[_Task], executor: Executor | None, here: Callable[[_Task], list[Part]]
) -> Iterator[tuple[int, list[Part]]]:
    """Blocks as they finish, by number; if one fails or the user stops, the rest are cancelled."""
    waiting: dict[Future[list[Part]], int] = {}

    def result(number: int, get: Callable[[], list[Part]]) -> tuple[int, list[Part]]:
        try:
            return number, get()
        except Exception as failure:
            first = number * tasks[number].switches.runs
            last = first + tasks[number].runs - 1
            raise RuntimeError(f"runs {first} to {last} failed: {failure}") from failure

    try:
        if executor is None:
            for number, task in enumerate(tasks):
                yield result(number, functools.partial(here, task))
            return
        for number, task in enumerate(tasks):
            waiting[executor.submit(task)] = number
        for done in as_completed(list(waiting)):
            yield result(waiting.pop(done), done.result)
    finally:
        for future in waiting:
            future.cancel()


def _refuse_too_much(plan: Plan, base: Part | None, runs: int, keep: Keep) -> None:
    """Say before the first block that what is to be kept would not fit."""
    of_measures = 8 * sum(measure.undefined is None for measure in plan.measures) + 1
    ledger = base.ledger.values() if base is not None else ()
    each = of_measures + sum(array.nbytes // array.shape[-1] for array in ledger)
    if runs * each <= MOST_BYTES:
        return
    most = MOST_BYTES // each
    if runs * of_measures <= MOST_BYTES and keep != "measures":
        remedy = f'say keep="measures", or at most {most:,} runs'
    else:
        remedy = f"ask for at most {most:,} runs"
    raise ValueError(
        f"{runs:,} runs would keep {runs * each / 2**30:.1f} GiB, more than 2: {remedy}"
    )


_NO_RATE = {
    "no_outlay": "nothing was drawn",
    "several": "more than one rate fits the cash flow",
    "none": "no rate fits the cash flow",
}


def _why_no_rate(status: npt.NDArray[np.uint8]) -> str:
    """Why an IRR is undefined, the most frequent reason first."""
    counts = np.bincount(status, minlength=len(returns.STATUSES))
    found = [(int(counts[returns.STATUSES.index(name)]), why) for name, why in _NO_RATE.items()]
    return "; ".join(why for count, why in sorted(found, reverse=True) if count)


class _Gathered:
    """Arrays for all runs, allocated once; blocks are written into them in any order."""

    def __init__(self, asked: tuple[Measure, ...], base: Part | None, runs: int) -> None:
        self.runs, self.base, self.asked = runs, base, asked
        self.measures: dict[str, Floats] = {}
        self.status: dict[str, npt.NDArray[np.uint8]] = {}
        self.ledger: dict[str, npt.NDArray[Any]] = {}
        self.sums: dict[int, list[Part]] = {}

    def _allocate(self, part: Part) -> None:
        self.measures = {name: np.empty(self.runs) for name in part.measures}
        self.status = {name: np.empty(self.runs, dtype=np.uint8) for name in part.irr_status}
        self.ledger = {
            name: np.empty((*array.shape[:-1], self.runs), dtype=array.dtype)
            for name, array in (self.base.ledger if self.base else {}).items()
        }

    def add(self, number: int, first: int, parts: list[Part]) -> None:
        """Write one block where it belongs; keep only its sums."""
        if not self.sums:
            self._allocate(parts[0])
        for part in parts:
            here = slice(first, first + part.runs)
            for name, value in part.measures.items():
                self.measures[name][here] = value
            for name, status in part.irr_status.items():
                self.status[name][here] = status
            for name, array in part.ledger.items():
                self.ledger[name][..., here] = array
            part.measures, part.ledger, part.irr_status = {}, {}, {}
            first += part.runs
        self.sums[number] = parts

    def results(
        self, contract: Contract, plan: Plan, *, seed: int, switches: Switches, keep: Keep
    ) -> Results:
        """All runs together, with the expected value of each measure and its error."""
        parts = [part for number in sorted(self.sums) for part in self.sums[number]]
        per_year = contract.timeline.periods_per_year
        flows = {
            of: (
                sum_groups([part.cash_flow_sum[of] for part in parts]) / self.runs,
                sum_groups([part.cash_flow_products[of] for part in parts]) / self.runs,
            )
            for of in parts[0].cash_flow_sum
        }
        estimates = {
            measure.name: self._estimate(measure, flows, parts, per_year) for measure in self.asked
        }
        table = {
            party: {c: sum(b.incidence_sum[party][c] for b in parts) / self.runs for c in row}
            for party, row in parts[0].incidence_sum.items()
        }
        return Results(
            contract=contract,
            runs=self.runs,
            seed=seed,
            switches={
                "uncertainty": switches.uncertainty,
                "shared_luck": switches.shared_luck,
                "chance": switches.chance,
            },
            asked=self.asked,
            values=self.measures,
            estimates=estimates,
            irr_status=self.status,
            mean_cash_flows={of: mean for of, (mean, _) in flows.items()},
            incidence_mean=table,
            undefined_benefits=undefined_benefits(contract),
            ledger=ledgers.dataset(
                contract,
                self.ledger,
                parts[0].readings,
                list(plan.assumptions.labels),
            )
            if keep != "measures"
            else None,
            drawn_labels=plan.assumptions.labels,
        )

    def _estimate(
        self,
        measure: Measure,
        flows: Mapping[tuple[str, ...], tuple[Floats, Floats]],
        parts: list[Part],
        per_year: int,
    ) -> Estimate:
        if measure.undefined is not None:
            return Estimate(math.nan, math.nan, math.nan, self.runs, measure.undefined)
        value = self.measures[measure.name]
        base = float(self.base.measures[measure.name][0]) if self.base else math.nan
        undefined = int(np.isnan(value).sum())
        reason = measure.nobody if undefined else ""
        if measure.expected == "ratio":
            assert measure.over is not None
            assert measure.under is not None
            expected, error = statistics.ratio_of_means(
                self.measures[measure.over], self.measures[measure.under]
            )
        elif measure.expected == "irr":
            mean, second = flows[measure.of]
            expected = float(returns.irr(mean, periods_per_year=per_year).rate[0])
            error = statistics.irr_error(
                mean=mean, second=second, runs=self.runs, rate=expected, periods_per_year=per_year
            )
            reason = _why_no_rate(self.status[measure.name]) if undefined else ""
        elif measure.expected == "payback":
            mean, _ = flows[measure.of]
            expected = float(returns.payback(mean, periods_per_year=per_year)[0])
            error = math.nan
        elif measure.expected == "life":
            sides = [
                sum_groups([part.both_ways[measure.of][side] for part in parts]) for side in (0, 1)
            ]
            [expected] = returns.weighted_average_life(*sides, periods_per_year=per_year)
            error = math.nan
        else:
            expected, error = float(value.mean()), statistics.mean_error(value)
        return Estimate(expected, error, base, undefined, reason)
