"""Steps of surplus: how much each takes until whoever it is measured by has enough."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sibmodel.contract.capital import Step
from sibmodel.contract.tables import Table
from sibmodel.model.chance import Floats
from sibmodel.model.costs import Known
from sibmodel.model.prices import Value
from sibmodel.model.tranches import Holding, future_value, growth_a_period


def catch_up(*, share: Value, of_step: float, profit: Value, have: Value) -> Value:
    """What a catch-up step takes until one party has a share of all profit.

    Parameters
    ----------
    share : float or array
        Of all profit, wanted.
    of_step : float
        The party's share of this step, above ``share``.
    profit, have : float or array
        Profit distributed so far to all, and to the party [money].

    Source
    ------
    have + u·x = q·(profit + x); for a preferred return of P and nothing so far x = q·P/(u − q).

    Examples
    --------
    >>> round(float(catch_up(share=0.2, of_step=1.0, profit=46.9328, have=0.0)), 4)
    11.7332
    """
    return np.maximum(share * np.asarray(profit) - have, 0.0) / (of_step - np.asarray(share))


class StepRun:
    """One step of surplus, period by period.

    Parameters
    ----------
    name : str
    step : Step
    known : Known
    holdings : mapping of name to Holding
        Tranches.
    """

    def __init__(
        self, name: str, step: Step, known: Known, holdings: Mapping[str, Holding], runs: int
    ) -> None:
        self.name, self.step, self.known, self.runs = name, step, known, runs
        self.shares, self.per_year = step.shares, known.reader.contract.timeline.periods_per_year
        self.path = f"capital.surplus.{name}.until"
        self.measured = [holdings[n] for n in step.measured if n in holdings]
        self.others = [n for n in step.measured if n not in holdings]
        self.of_step = sum(self.shares.get(name, 0.0) for name in step.measured)
        until = step.until
        irr = until.irr if until is not None else None
        self.varies = isinstance(irr, Table)
        self._owed = np.zeros(runs)
        """What is missing from the preferred return, before this period's flows."""

    def begin(self, t: int) -> None:
        """The preferred return on what was missing grows over the period just ended."""
        until = self.step.until
        if until is None or until.irr is None or self.varies or t == 0:
            return
        rate = self.known.at(t, until.irr, f"{self.path}.irr")
        self._owed = self._owed * growth_a_period(rate, periods_per_year=self.per_year)

    def end(self) -> None:
        """Take this period's flows into what is missing."""
        until = self.step.until
        if until is not None and until.irr is not None and not self.varies:
            self._owed = self._owed + self._now()

    def _now(self) -> Value:
        return sum((h.drawn_now - h.received_now for h in self.measured), np.zeros(self.runs))

    def wants(self, t: int, profit: Floats, profits: Mapping[str, Floats],
              receipts: Mapping[str, Floats]) -> Value:  # fmt: skip
        """The most the step takes now; infinite where it has no end.

        Parameters
        ----------
        t : int
        profit : array (run,)
            Interest and surplus distributed so far.
        profits, receipts : mapping of name to array (run,)
            Each tranche's or party's part of that profit; all each party received as surplus.
        """
        until = self.step.until
        if until is None:
            return np.inf
        read = f"{self.path}.{until.kind}"
        number = getattr(until, until.kind)
        level = self.known.at(t, number, read)
        if until.irr is not None:
            missing: Value = self._owed + self._now()
            if self.varies:
                flows = [holding.net_put_in(t) for holding in self.measured]
                missing = sum(
                    future_value(put, rate=level, periods_per_year=self.per_year) for put in flows
                )
        elif until.share_of_profit is not None:
            have = sum((profits.get(name, 0.0) for name in self.step.measured), np.zeros(self.runs))
            return catch_up(share=level, of_step=self.of_step, profit=profit, have=have)
        else:
            got = sum((h.received for h in self.measured), np.zeros(self.runs))
            for name in self.others:
                got = got + receipts.get(name, 0.0)
            put_in = sum((h.drawn for h in self.measured), np.zeros(self.runs))
            missing = (level * put_in if until.multiple is not None else level) - got
        return np.maximum(missing, 0.0) / self.of_step
