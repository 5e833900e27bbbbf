"""Costs: what the service needs, when it falls due, and fees that follow payments and capital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost
from sibmodel.contract.tables import STEPS, Table, Test
from sibmodel.model.bounds import reaches
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts
from sibmodel.model.prices import Asked, Reader, Value
from sibmodel.model.readings import Readings


@dataclass(frozen=True)
class Known:
    """Reads a number as it is known in a period: drawn, off a table, by the latest reading.

    Parameters
    ----------
    reader : Reader
    readings : Readings
        Of every performance.
    """

    reader: Reader
    readings: Readings

    def at(self, period: int, number: object, path: str, group: str | None = None) -> Value:
        """A number's value in a period: float or array (run,).

        Raises
        ------
        ValueError
            Where a table is read before there is a reading of its performance.
        """

        def latest(name: str) -> Value:
            reading = self.readings.known_in(name, period)
            if reading is None:
                raise ValueError(
                    f"{path} is read in period {period}, before the first reading of {name!r}: "
                    f"add a date to performance.{name}.at, or begin the table later"
                )
            return reading.value

        day = self.reader.contract.timeline.date(period)
        value: Value = self.reader.read(number, path, Asked(day, group, reading=latest))
        return value

    def figure(self, period: int, name: str) -> Value:
        """The latest reading of a performance known in a period; NaN where there is none."""
        reading = self.readings.known_in(name, period)
        return np.nan if reading is None else reading.value

    def meets(self, period: int, figure: Value, test: Test, path: str) -> npt.NDArray[np.bool_]:
        """Whether a figure meets every bound of a test, () or (run,); undefined meets none."""
        holds: npt.NDArray[np.bool_] = np.isfinite(np.asarray(figure, dtype=float))
        for word in STEPS:
            bound = getattr(test, word)
            if bound is not None:
                holds = holds & reaches(figure, word, self.at(period, bound, f"{path}.{word}"))
        return holds


@dataclass(frozen=True)
class Following:
    """A cost that follows something of the account, period by period.

    ``of``: payments, undrawn, outstanding, commitments or another cost; ``share`` by period, of
    what that is in the period; with inflation.
    """

    name: str
    of: str
    share: Mapping[int, Value]


@dataclass(frozen=True)
class Costs:
    """Delivery costs of some runs.

    ``fixed`` by cost (period, 1 or run): what falls due whatever the account does, with inflation
    and before tax; ``following`` costs, each after those it is a share of; ``tax`` by cost, a share
    on top.
    """

    names: tuple[str, ...]
    fixed: Mapping[str, Floats]
    following: Sequence[Following] = ()
    tax: Mapping[str, Value] = field(default_factory=dict)

    def due(self, t: int, bases: Mapping[str, Value]) -> dict[str, Value]:
        """Each cost due in a period, tax left out: float, array (1,) or array (run,).

        Parameters
        ----------
        t : int
        bases : mapping
            ``payments``, ``undrawn``, ``outstanding`` and ``commitments`` in the period [money].
        """
        due: dict[str, Value] = {name: fixed[t] for name, fixed in self.fixed.items()}
        for follower in self.following:
            share = follower.share.get(t)
            if share is not None:
                base = bases[follower.of] if follower.of in bases else due[follower.of]
                due[follower.name] = due[follower.name] + share * base
        return due


def costs_of(
    contract: Contract,
    clauses: Mapping[str, Cost],
    path: str,
    *,
    known: Known,
    starts: Mapping[str, Counts],
    achieved: Mapping[str, Counts],
) -> Costs:
    """Costs of one section.

    Parameters
    ----------
    contract : Contract
    clauses : mapping of name to Cost
    path : str
        Where they stand, ``delivery.costs``.
    known : Known
    starts : mapping of group to array (period, run)
    achieved : mapping of outcome to array (group, period, run)
    """
    fixed, following, tax = {}, {}, {}
    for name, cost in clauses.items():
        here = f"{path}.{name}"
        fixed[name] = fixed_by_period(
            cost,
            path=here,
            known=known,
            starts=starts,
            achieved={o: achieved[o].sum(axis=0) for o in cost.per_outcome},
        )
        if cost.of is not None:
            following[name] = _following(contract, name, cost, here, known)
        if cost.tax != 0:
            tax[name] = known.at(cost.at, cost.tax, f"{here}.tax")
    return Costs(tuple(clauses), fixed, _in_order(following), tax)


def _following(contract: Contract, name: str, cost: Cost, path: str, known: Known) -> Following:
    assert cost.of is not None
    periods, per_year = contract.timeline.periods, contract.timeline.periods_per_year
    begin = cost.begin
    if cost.share is not None:
        dates = range(cost.at, cost.at + 1) if cost.of == "commitments" else range(periods)
        share = {t: known.at(t, cost.share, f"{path}.share") for t in dates}
    else:
        end = periods if cost.lasts is None else begin + cost.lasts
        share = {t: known.at(t, cost.rate, f"{path}.rate") / per_year for t in range(begin, end)}
    if cost.of in ("payments", "commitments", "undrawn", "outstanding"):
        rise = _rise(cost, path, known, periods, per_year)
        share = {t: each * rise[t] for t, each in share.items()}
    more = _contingency(cost, path, known)
    share = {t: each * more for t, each in share.items()}
    return Following(name, cost.of, share)


def _in_order(following: Mapping[str, Following]) -> list[Following]:
    """Each cost after the one it is a share of."""
    found: list[Following] = []

    def add(name: str) -> None:
        follower = following[name]
        if follower not in found:
            if follower.of in following:
                add(follower.of)
            found.append(follower)

    for name in following:
        add(name)
    return found


def _contingency(cost: Cost, path: str, known: Known) -> Value:
    """What a cost is multiplied by for its contingency."""
    return 1 + known.at(0, cost.contingency, f"{path}.contingency")


def _rise(cost: Cost, path: str, known: Known, periods: int, per_year: int) -> Floats:
    """Prices by period relative to period 0, shape (period,) or (period, run)."""
    inflation = known.at(0, cost.inflation, f"{path}.inflation")
    if not np.any(np.asarray(inflation) != 0):
        return np.ones(periods)
    years = np.arange(periods) / per_year
    if np.ndim(inflation):
        years = years[:, None]
    rise: Floats = (1 + np.asarray(inflation)) ** years
    return rise


def fixed_by_period(
    cost: Cost,
    *,
    path: str,
    known: Known,
    starts: Mapping[str, Counts],
    achieved: Mapping[str, Counts],
) -> Floats:
    """What of a cost does not follow the account, shape (period, 1 or run) [money], with inflation.

    Parameters
    ----------
    cost : Cost
        The clause.
    path : str
        Where it stands, ``delivery.costs.team``.
    known : Known
    starts : mapping of group to array (period, run)
    achieved : mapping of outcome to array (period, run), over all groups
    """
    timeline = known.reader.contract.timeline
    periods = timeline.periods
    total: Floats = np.zeros((periods, 1))

    def add(at: slice | int, amount: Value) -> None:
        nonlocal total
        if np.ndim(amount) and np.shape(amount)[-1] > total.shape[1]:
            total = np.repeat(total, np.shape(amount)[-1], axis=1)
        total[at] += amount

    if cost.amount is not None:
        add(cost.at, known.at(cost.at, cost.amount, f"{path}.amount"))
    for period, amount in cost.amounts.items():
        add(period, known.at(period, amount, f"{path}.amounts[{period}]"))
    if cost.per_period is not None:
        last = periods if cost.lasts is None else cost.begin + cost.lasts
        if isinstance(cost.per_period, Table):
            for t in range(cost.begin, last):
                add(t, known.at(t, cost.per_period, f"{path}.per_period"))
        else:
            add(slice(cost.begin, last), known.at(0, cost.per_period, f"{path}.per_period"))
    if cost.per_start is not None:
        for group, people in starts.items():
            each = known.at(0, cost.per_start, f"{path}.per_start", group)
            for start in np.flatnonzero(np.any(people, axis=1)):
                t = int(start)
                add(slice(t, t + cost.over), people[t] * (each / cost.over))
    for outcome, price in cost.per_outcome.items():
        each = known.at(0, price, f"{path}.per_outcome.{outcome}")
        add(slice(None), achieved[outcome] * each)
    if cost.contingency != 0:
        total = total * _contingency(cost, path, known)
    rise = _rise(cost, path, known, periods, timeline.periods_per_year)
    return total if np.all(rise == 1) else total * rise.reshape(periods, -1)


def last_cost_period(contract: Contract) -> int:
    """The last period in which a delivery cost can fall due; -1 where there is none.

    A cost that waits in the order of payment does not count: it is paid out of what is left.
    """
    waiting = {
        name for rank in (contract.capital.ranks if contract.capital else ()) for name in rank
    }
    costs = contract.delivery.costs if contract.delivery else {}
    return max((_last_of(contract, name) for name in costs if name not in waiting), default=-1)


def _last_of(contract: Contract, name: str) -> int:
    """The last period in which one delivery cost can fall due."""
    assert contract.delivery is not None
    cost, end_of_all = contract.delivery.costs[name], contract.timeline.periods
    periods = [-1, *cost.amounts]
    if cost.of in contract.delivery.costs:
        periods.append(_last_of(contract, cost.of))
    if cost.amount is not None or (cost.share is not None and cost.of == "commitments"):
        periods.append(cost.at)
    if cost.share is not None and cost.of == "payments":
        periods.append(end_of_all - 1)
    if cost.per_period is not None or cost.rate is not None:
        end = end_of_all if cost.lasts is None else cost.begin + cost.lasts
        periods.append(end - 1)
    if cost.per_start is not None:
        starts = max(cohort.last_start for cohort in contract.cohorts.values())
        periods.append(starts + cost.over - 1)
    periods += [contract.last_due(outcome) for outcome in cost.per_outcome]
    return max(periods)
