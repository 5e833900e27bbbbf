"""What payment rules may say, but a reviewer would ask about: shares for percents, idle floors."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import path_text
from sibmodel.contract.payments import SizesByDate
from sibmodel.contract.table_checks import Path, leaves, tables


def payment_warnings(contract: Contract) -> Iterator[str]:
    """Bounds that seem to be percents, or shares of a percent; floors that limits cut."""
    for path, figure, bounds in _bounds(contract):
        yield from unit_of(contract, path, figure, bounds)
    yield from _floors(contract)


def _bounds(contract: Contract) -> Iterator[tuple[Path, str, list[float]]]:
    """Where a performance is tested or read by a table, and the figures it is compared with."""
    tests: dict[tuple[Path, str], list[float]] = {}
    for place in leaves(contract):
        if place.field == "when" and isinstance(place.number, float):
            figure = str(place.path[4])
            tests.setdefault((place.path[:5], figure), []).append(place.number)
    for (path, figure), bounds in tests.items():
        yield path, figure, bounds
    for place, table in tables(contract):
        pays = contract.payments.rules[place.rule].pays if place.rule is not None else None
        read = table.by or pays
        if table.begins is None and read is not None:
            rows = [(form, getattr(table, form)) for form in table.forms if form != "from"]
            for form, values in rows:
                yield (*place.path, form), read, list(values or ())


def unit_of(contract: Contract, path: Path, figure: str, bounds: list[float]) -> Iterator[str]:
    """Asks about bounds of a share that look like percents, or of a percent like shares."""
    sizes = sorted({abs(bound) for bound in bounds} - {0.0})
    if not sizes or not _is_share(contract, figure):
        return
    least, most = sizes[0], sizes[-1]
    where = f"{path_text(path)}: {most:g} of {figure!r}"
    if contract.performance[figure].unit == "percent":
        if most < 1:
            yield f"{where}, whose unit is percent, means {most:g}%: did you mean {most * 100:g}?"
    elif least >= 1 and most > 1:
        yield (
            f"{where} means {most * 100:g}%: did you mean {most / 100:g}, or unit: percent in "
            f"performance.{figure}?"
        )


def _is_share(contract: Contract, figure: str) -> bool:
    """Whether a figure would be a share, were it not for ``unit: percent``."""
    clause = contract.performance.get(figure)
    if clause is None or clause.of is None:
        return False
    once = contract.outcomes[clause.of].unit is None
    return clause.read_as == "relative" or (
        once and clause.read_as in ("rate", "additional_per_person")
    )


_SPANS = {"period": "each period", "year": "each year", "contract": "the whole contract"}


def _floors(contract: Contract) -> Iterator[str]:
    """Floors of one span that a limit on another does not leave room for."""
    floors, limits, timeline = (
        contract.payments.floors, contract.payments.limits, contract.timeline
    )  # fmt: skip
    a_year = min(timeline.periods_per_year, timeline.periods)
    years = math.ceil(timeline.periods / timeline.periods_per_year)
    times = {
        ("period", "year"): a_year,
        ("period", "contract"): timeline.periods,
        ("year", "contract"): years,
    }
    for (short, long), number in times.items():
        least, most = getattr(floors, short), _most(getattr(limits, long))
        if least is not None and most is not None and least * number > most:
            yield (
                f"payments.floors.{short}, {least:,.12g} in {_SPANS[short]}, comes to "
                f"{least * number:,.12g} in {_SPANS[long]}, above payments.limits.{long}, "
                f"{most:,.12g}: no limit is passed"
            )
        least, most = getattr(floors, long), _most(getattr(limits, short))
        if least is not None and most is not None and least > most * number:
            yield (
                f"payments.floors.{long} is {least:,.12g}, and payments.limits.{short} lets "
                f"through {most * number:,.12g} at most in {_SPANS[long]}: no limit is passed"
            )


def _most(size: object) -> float | None:
    if isinstance(size, SizesByDate):
        amounts = [one.amount for one in size.begins.values()]
        return max((amount for amount in amounts if amount is not None), default=None)
    return getattr(size, "amount", None)
