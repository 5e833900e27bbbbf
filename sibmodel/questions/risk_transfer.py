"""What a payer pays on average to be rid of risk, and what it no longer bears."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.happened import People
from sibmodel.questions.comparators import fee_for_service
from sibmodel.questions.rearranged import nominal
from sibmodel.questions.told import real_money_of
from sibmodel.results import Results, show
from sibmodel.simulation import simulate

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class RiskTransfer:
    """What a payer pays above another arrangement, and what it no longer bears.

    All amounts are expected present values of the payer's payments and own costs; ``unit`` says
    whether real or nominal.

    Attributes
    ----------
    names : (str, str)
        The contract, and what it is compared with.
    payer : str
        Whose cost it is.
    premium : float
        Mean of what the payer pays under the contract less what it pays under the other.
    premium_error : float
        Its Monte Carlo error, the runs paired.
    not_borne : float
        Mean, over all runs, of what the contract costs less, 0 where it costs more: losses the
        payer no longer bears.
    for_success : float
        Mean of what the contract costs more, 0 where it costs less. The premium is this less
        ``not_borne``.
    per_pound : float
        Premium for each unit of loss no longer borne; NaN where none is.
    sd, sd_other : float
        Standard deviation between runs of the payer's cost: the risk it keeps.
    costs_more : float
        Share of runs in which the contract costs more than the other.
    note : str
        Why something is undefined, or an empty text.
    """

    names: tuple[str, str]
    payer: str
    unit: str
    runs: int
    seed: int
    cost: float
    cost_other: float
    premium: float
    premium_error: float
    not_borne: float
    for_success: float
    per_pound: float
    sd: float
    sd_other: float
    costs_more: float
    note: str

    @property
    def table(self) -> pd.DataFrame:
        """A row for each figure: ``value``, ``unit`` and what it is (``about``)."""
        one, other = self.names
        share, ratio = "share", "ratio"
        rows: dict[str, tuple[float, str, str]] = {
            "cost": (self.cost, self.unit, f"{one}: expected cost to {self.payer}"),
            "cost_other": (self.cost_other, self.unit, f"{other}: expected cost"),
            "premium": (self.premium, self.unit, "premium: what is paid above it on average"),
            "for_success": (self.for_success, self.unit, "more, where the contract costs more"),
            "not_borne": (self.not_borne, self.unit, "less, where it costs less: not borne now"),
            "per_pound": (self.per_pound, ratio, "premium for each 1 of loss no longer borne"),
            "sd": (self.sd, self.unit, f"{one}: standard deviation of the cost"),
            "sd_other": (self.sd_other, self.unit, f"{other}: standard deviation"),
            "costs_more": (self.costs_more, share, "how often the contract costs more"),
        }
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "unit", "about"])
        table.index.name = "figure"
        return table

    def _told(self) -> list[tuple[str, str]]:
        rows = self.table.itertuples(index=False)
        return [(str(about), show(float(value), str(unit))) for value, unit, about in rows]

    def _title(self) -> str:
        money = "real present values" if self.unit.startswith("real") else "nominal money"
        return (
            f"{self.names[0]}, against {self.names[1]}: {money}, {self.runs:,} runs, "
            f"seed {self.seed}"
        )

    def __repr__(self) -> str:
        rows = self._told()
        width, wide = (max(len(row[n]) for row in rows) for n in (0, 1))
        lines = [f"  {about:<{width}}  {value:>{wide}}" for about, value in rows]
        return "\n".join([self._title(), *lines, *([f"  {self.note}"] if self.note else [])])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(about)}</th>"
            f"<td style='white-space:nowrap'>{escape(value)}</td></tr>"
            for about, value in self._told()
        )
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<p><b>{escape(self._title())}</b></p><table>{rows}</table>{note}"


def risk_transfer(
    contract: Contract,
    comparator: Contract | None = None,
    *,
    payer: str | None = None,
    runs: int = 10_000,
    seed: int = 0,
) -> RiskTransfer:
    """What a payer pays, on average and by run, above what another arrangement would cost it.

    Under a fee for service a payer pays the same whatever is achieved. Under an outcomes contract
    it pays less where little is achieved and more where much is: the mean of the difference is the
    premium, and the mean of what it pays less is the loss it no longer bears.

    Parameters
    ----------
    contract : Contract
    comparator : Contract, optional
        A fee for service at expected cost if left out.
    payer : str, optional
        Whose cost: a payer, or "public" for all public parties; all payers together if left out.
        What a payer has back from the account is taken off.
    runs, seed : int
        As in :func:`sibmodel.simulate`.

    Returns
    -------
    RiskTransfer
        In real present values where both contracts have them, else nominal, undiscounted.

    Raises
    ------
    ValueError
        If there is no such payer, or real money of the two is not of one year and day.

    Examples
    --------
    >>> import sibmodel as sib
    >>> found = risk_transfer(sib.library.load("closed_form_bond"), runs=4096)
    >>> round(found.premium, -4), found.sd_other
    (40000.0, 0.0)
    """
    other = fee_for_service(contract) if comparator is None else comparator
    for one in (contract, other):
        known = [*one.payer_names, "public"]
        if payer is not None and payer not in known:
            raise ValueError(f"{one.name} has no payer called {payer!r}; known: {', '.join(known)}")
    people = People()
    pair = [_simulated(one, payer, runs, seed, people) for one in (contract, other)]
    real = all(_defined(result, payer) for result in pair)
    if not real:
        pair = [_simulated(nominal(one), payer, runs, seed, people) for one in (contract, other)]
    elif real_money_of(contract) != real_money_of(other):
        raise ValueError(
            f"{real_money_of(contract)} cannot be compared with {real_money_of(other)}: bring both "
            "contracts to one price base and one date of value"
        )
    cost, cost_other = (_cost(result, payer) for result in pair)
    more = cost - cost_other
    dust = 1e-9 * float(np.abs(cost).max(initial=0.0))  # what is left of sums that are the same
    more = np.where(np.abs(more) <= dust, 0.0, more)
    not_borne = float(np.maximum(-more, 0.0).mean())
    undefined = (
        "" if not_borne > 0 else "in no run does the contract cost less: nothing is not borne"
    )
    return RiskTransfer(
        names=(contract.name, other.name),
        payer=payer or ("all payers" if len(contract.payer_names) > 1 else contract.payer_names[0]),
        unit=f"real {contract.currency}" if real else contract.currency,
        runs=runs,
        seed=seed,
        cost=float(cost.mean()),
        cost_other=float(cost_other.mean()),
        premium=float(more.mean()),
        premium_error=statistics.mean_error(more),
        not_borne=not_borne,
        for_success=float(np.maximum(more, 0.0).mean()),
        per_pound=float(more.mean()) / not_borne if not_borne > 0 else math.nan,
        sd=_sd(cost),
        sd_other=_sd(cost_other),
        costs_more=float((more > 0).mean()),
        note=undefined,
    )


def _simulated(
    contract: Contract, payer: str | None, runs: int, seed: int, people: People
) -> Results:
    return simulate(
        contract,
        runs,
        seed=seed,
        keep="measures",
        measures=_names(contract, payer),
        people=people,
        progress=False,
    )


def _names(contract: Contract, payer: str | None) -> list[str]:
    payers = [payer] if payer is not None else list(contract.payer_names)
    return [f"costs_present_value[{one}]" for one in payers]


def _defined(result: Results, payer: str | None) -> bool:
    return all(result.about(name).undefined is None for name in _names(result.contract, payer))


def _cost(result: Results, payer: str | None) -> Floats:
    """Present value of what the payer pays and spends, less what it has back, (run,)."""
    first, *others = (result.measure(name) for name in _names(result.contract, payer))
    return sum(others, first)


def _sd(values: Floats) -> float:
    """Standard deviation between runs; 0 where they differ by rounding alone."""
    same = np.ptp(values) <= 1e-9 * float(np.abs(values).max(initial=0.0))
    return 0.0 if same or len(values) < 2 else float(values.std(ddof=1))
