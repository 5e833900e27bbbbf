"""One block taken through the stages; what every measure is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sibmodel.contract.contract import Contract
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.outcomes import Counts
from sibmodel.model.payments import Paid


@dataclass(frozen=True)
class Stages:
    """All that happened in a block of runs; the run axis is last, so that one period is contiguous.

    ``starts`` by group (period, run); ``achieved``, ``anyway``, ``claimed`` by outcome (group of
    its cohort, period, run), ``anyway`` only where it is stated; ``attribution`` by outcome
    (group, 1 or run); ``paid``; ``costs`` (period, run), ``running`` by payer (period, run);
    ``account`` where there is capital; ``benefits`` present values by name (run,) and
    ``benefit_years`` real money by name (year, run); ``incidence`` party → column → (run,).
    """

    contract: Contract
    runs: int
    starts: Mapping[str, Counts]
    achieved: Mapping[str, Counts]
    anyway: Mapping[str, Counts]
    claimed: Mapping[str, Counts]
    attribution: Mapping[str, Floats]
    paid: Paid
    costs: Floats
    running: Mapping[str, Floats]
    account: Account | None
    benefits: Mapping[str, Floats]
    benefit_years: Mapping[str, Floats]
    incidence: Mapping[str, Mapping[str, Floats]]
