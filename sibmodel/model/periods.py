"""When a rule's money falls due, and when it is paid."""

from __future__ import annotations

import datetime as dt

from sibmodel.contract.contract import Contract
from sibmodel.contract.timeline import months_after


def due_dates(contract: Contract, name: str) -> list[tuple[int, dt.date]]:
    """Periods and days on which a rule's payments fall due, in order."""
    rule, timeline = contract.payments.rules[name], contract.timeline
    if rule.due == "every_period":
        return [(t, timeline.date(t)) for t in range(timeline.periods)]
    return sorted((timeline.period_of(when), timeline.day(when)) for when in rule.due or ())


def wait_of(contract: Contract, name: str) -> int:
    """Periods from claim to cash."""
    own = contract.payments.rules[name].paid_after
    return contract.payments.paid_after if own is None else own


class Calendar:
    """When one rule's claims are paid: after the wait, on the first due date from then on.

    Parameters
    ----------
    contract, name : Contract, str
    periods : int
        Length of the axis of cash: what would come later is paid in the last.

    Examples
    --------
    >>> import sibmodel as sib
    >>> calendar = Calendar(sib.library.load("closed_form_bond"), "success", 2)
    >>> calendar.cash(1, dt.date(2028, 4, 1))
    (1, datetime.date(2028, 4, 1))
    """

    def __init__(self, contract: Contract, name: str, periods: int) -> None:
        rule = contract.payments.rules[name]
        self._timeline, self._periods = contract.timeline, periods
        self._wait = wait_of(contract, name)
        self._fixed = rule.pays is None
        self._dates = due_dates(contract, name) if rule.due is not None and rule.pays else []

    @property
    def dated(self) -> bool:
        """Whether claims of one period may be paid on different due dates."""
        return bool(self._dates)

    def cash(self, period: int, claimed: dt.date) -> tuple[int, dt.date]:
        """Period and day of cash of a claim settled in a period."""
        if self._fixed and self._wait == 0:
            day = max(claimed, self._timeline.date(period))  # it may have had to wait
            return min(period, self._periods - 1), day
        later = period + self._wait
        if self._dates:
            months = self._wait * (12 // self._timeline.periods_per_year)
            ready = months_after(max(claimed, self._timeline.date(period)), months)
            for when, day in self._dates:
                if day >= ready:
                    return min(when, self._periods - 1), day
        return min(later, self._periods - 1), self._timeline.date(later)
