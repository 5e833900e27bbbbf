"""The same contract with its costs raised by the grade of their evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sibmodel.contract.assumptions import Assumption
from sibmodel.contract.contract import Contract
from sibmodel.contract.delivery import Cost
from sibmodel.contract.faults import path_text
from sibmodel.contract.value import GMCA_OPTIMISM, GRADES


def cautious_costs(
    contract: Contract, shares: Mapping[str, float] | None = None, name: str | None = None
) -> Contract:
    """The contract with a contingency on every cost, by the grade of its evidence.

    What people are said to cost is, like what they are worth, believed too readily where little
    is known. ``value.optimism`` takes something off benefits; this puts as much on costs, of
    delivery and of running the contract. Compare it with the contract as it stands.

    Parameters
    ----------
    contract : Contract
    shares : mapping of grade to float, optional
        What is put on top by grade, A to F [share]; if left out, those of ``value.optimism`` where
        they are numbers there, else 0, 5, 10, 15, 25 and 40%.
    name : str, optional
        If left out, the contract's with ": cautious costs".

    Returns
    -------
    Contract

    Raises
    ------
    ValueError
        If there is no cost, or a cost has no grade: neither of its own nor of a number in it.

    Notes
    -----
    Source: corrections by grade of Greater Manchester's cost benefit analysis model (New Economy),
    on costs up and benefits down; not re-read.

    Examples
    --------
    >>> import sibmodel as sib
    >>> graded = sib.load_contract("examples/homes_and_work.yaml").replace(
    ...     {f"delivery.costs.{n}.grade": "C" for n in ("set_up", "team", "per_person")}
    ...     | {"payments.running_costs.council.grade": "A"})
    >>> cautious_costs(graded).delivery.costs["team"].contingency
    0.1
    """
    table = _shares(contract) if shares is None else dict(shares)
    costs = dict(_costs(contract))
    if not costs:
        raise ValueError(f"{contract.name} states no cost of delivery or of running it")
    grades = {path: _grade(contract, path, cost) for path, cost in costs.items()}
    ungraded = [path for path, grade in grades.items() if grade is None]
    if ungraded:
        raise ValueError(
            f"no grade of evidence (A to F) is stated for {', '.join(ungraded)}: add grade: to "
            "each, or to its number"
        )
    missing = sorted({str(grade) for grade in grades.values()} - {*table})
    if missing:
        raise ValueError(f"shares has nothing for grade {', '.join(missing)}: add it")
    changes: dict[str, Any] = {
        f"{path}.contingency": table[str(grade)] for path, grade in grades.items()
    }
    return contract.replace(changes, name=name or f"{contract.name}: cautious costs")


def _shares(contract: Contract) -> dict[str, float]:
    """The shares by grade that correct benefits, where the contract states plain ones."""
    optimism = contract.value.optimism if contract.value else None
    if optimism is None or optimism.table is not None:
        return dict(GMCA_OPTIMISM)
    stated = {grade: getattr(optimism, grade) for grade in optimism.stated}
    return {grade: share for grade, share in stated.items() if isinstance(share, float)}


def _costs(contract: Contract) -> Iterator[tuple[str, Cost]]:
    for name, cost in (contract.delivery.costs if contract.delivery else {}).items():
        yield f"delivery.costs.{name}", cost
    for payer, cost in contract.payments.running_costs.items():
        yield f"payments.running_costs.{payer}", cost


def _grade(contract: Contract, path: str, cost: Cost) -> str | None:
    """A cost's own grade, or the weakest of the numbers in it."""
    if cost.grade is not None:
        return cost.grade
    found = []
    for at in contract.numbers():
        if path_text(at.path).startswith(f"{path}."):
            number = contract.assumptions[at.number] if isinstance(at.number, str) else at.number
            if isinstance(number, Assumption) and number.grade is not None:
                found.append(number.grade)
    return max(found, key=GRADES.index, default=None)
