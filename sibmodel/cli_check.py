"""What ``sibmodel check`` says of a contract without faults."""

from __future__ import annotations

from collections.abc import Sequence

from sibmodel.contract.contract import Contract
from sibmodel.contract.names import so_many
from sibmodel.contract.register import Entry, register
from sibmodel.model.limits import limit_names
from sibmodel.results import show
from sibmodel.simulation import simulate

LISTED = 10
"""Figures without a source that are printed; the register has them all."""


def description(contract: Contract) -> list[str]:
    """What is in a contract, in a few lines.

    Examples
    --------
    >>> import sibmodel as sib
    >>> print(*description(sib.library.load("closed_form_bond"))[:3], sep="; ")
    200 people in people; 1 outcome: success; 1 rule, no limits, paid by council
    """
    people = ", ".join(f"{c.size:,} people in {name}" for name, c in contract.cohorts.items())
    rules = count(len(contract.payments.rules), "rule")
    limits = count(len(limit_names(contract)), "limit")
    entries = register(contract)
    said = [entry for entry in entries if entry.status != "default"]
    without = [entry for entry in said if entry.source is None]
    return [
        people,
        f"{count(len(contract.outcomes), 'outcome')}: {', '.join(contract.outcomes)}",
        f"{rules}, {limits}, paid by {', '.join(contract.payer_names)}",
        f"{'with' if contract.capital else 'without'} investors' capital; "
        f"{count(len(contract.value.benefits) if contract.value else 0, 'benefit')} valued",
        f"{len(said)} figures and choices stated, {len(without) or 'none'} of them without a source"
        f"{':' if without else ''}",
        *sourceless(without),
        f"{count(len(entries) - len(said), 'default')} applied",
    ]


def count(many: int, what: str) -> str:
    """How many of something.

    Examples
    --------
    >>> count(2, "rule"), count(1, "record"), count(0, "limit")
    ('2 rules', '1 record', 'no limits')
    """
    return so_many(many, what) if many else f"no {what}s"


def sourceless(entries: Sequence[Entry]) -> list[str]:
    """Figures without a source, by path: the first few, and how many more."""
    more = len(entries) - LISTED
    return [
        *(f"  {entry.path} = {entry.value}" for entry in entries[:LISTED]),
        *([f"  and {more:,} more; all in tables/register.csv, which run writes"]
          if more > 0 else []),
    ]  # fmt: skip


def base_case(contract: Contract) -> tuple[str, list[str]]:
    """Why ``simulate`` would refuse a contract that can be settled, and what its base case shows.

    Parameters
    ----------
    contract : Contract
        Its base case is run: that meets every refusal, in a second or so.

    Returns
    -------
    (str, list of str)
        The refusal, empty where there is none; and what a reviewer would ask about.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> base_case(bond)
    ('', [])
    >>> unknown = bond.replace({"outcomes.success.rate": None, "outcomes.success.anyway": None})
    >>> base_case(unknown)[0].partition(". ")[0]
    'no rate is stated for success'
    >>> base_case(bond.replace({"capital.tranches.investor.commitment": 300_000}))[1]
    ['in the base case GBP 60,000 of delivery costs is not met: commitments are too small for them']
    """
    try:
        results = simulate(
            contract, 1, uncertainty=False, shared_luck=False, chance=False, keep="measures"
        )
    except (ValueError, RuntimeError) as refusal:
        return str(refusal).removeprefix("cannot simulate: "), []
    short = results.base_case("shortfall") if contract.capital and contract.delivery else 0.0
    notes = []
    if short > 0.005:
        notes.append(
            f"in the base case {show(short, contract.currency)} of delivery costs is not met: "
            f"commitments are too small for them"
        )
    return "", notes
