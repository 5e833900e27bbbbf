"""Why two contracts differ: the difference of a measure shared out among the parts that differ.

Every mixture of the two contracts' parts is simulated before the same people. What a part
contributes depends on what has changed before it; averaged over all orders in which the parts could
change, the contributions sum to the whole difference and no part is last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel import statistics
from sibmodel.contract.contract import Contract
from sibmodel.happened import People
from sibmodel.questions.compare import parts_of_ratio
from sibmodel.questions.mixtures import Mixtures
from sibmodel.questions.told import real_money_of, signed
from sibmodel.results import Results, show
from sibmodel.simulation import simulate

Floats = npt.NDArray[np.float64]
Chosen = frozenset[int]
"""The parts, by place, that are those of the second contract."""


@dataclass(frozen=True, repr=False, eq=False)
class Difference:
    """Why a measure differs between two contracts.

    Attributes
    ----------
    measure : str
    names : (str, str)
        Of the two contracts.
    was, now : float
        What the measure comes to, expected, in the first and in the second.
    table : DataFrame
        A row for each part that differs: ``contribution``, averaged over all orders, and its
        ``mc_error`` (NaN where the measure is neither a mean nor a ratio of means); ``first``, what
        the part alone does to the first contract, and ``last``, what it does when all others have
        changed, so that a reader sees how far the parts work on one another; ``note``.
    mixtures : DataFrame
        A row for each mixture: a column for each part, true where it is the second contract's, and
        ``expected``.
    note : str
        Why there is no answer, or an empty text.
    """

    measure: str
    names: tuple[str, str]
    was: float
    now: float
    table: pd.DataFrame
    mixtures: pd.DataFrame
    runs: int
    seed: int
    unit: str
    note: str

    @property
    def difference(self) -> float:
        """The second contract's expected value less the first's."""
        return self.now - self.was

    def _title(self) -> str:
        return (
            f"{self.measure}: {show(self.was, self.unit)} in {self.names[0]}, "
            f"{show(self.now, self.unit)} in {self.names[1]}; difference "
            f"{signed(self.difference, self.unit) if self.difference else 'none'}"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        rows = zip(self.table.index, *(self.table[column] for column in _SHOWN), strict=True)
        return [(str(part), *(signed(x, self.unit) for x in figures)) for part, *figures in rows]

    def _notes(self) -> list[str]:
        notes = [str(note) for note in self.table["note"] if note]
        about = (
            f"contribution: averaged over all orders, {self.runs:,} runs on the same people, "
            f"seed {self.seed}"
        )
        return [*([self.note] if self.note else []), *notes, about]

    def __repr__(self) -> str:
        table = [("", *_SHOWN), *self._rows()]
        widths = [max(len(row[column]) for row in table) for column in range(len(_SHOWN) + 1)]
        lines = []
        for part, *figures in table:
            cells = [text.rjust(width) for text, width in zip(figures, widths[1:], strict=True)]
            lines.append("  ".join(["", part.ljust(widths[0]), *cells]).rstrip())
        return "\n".join([self._title(), *lines, *(f"  {note}" for note in self._notes())])

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in _SHOWN)
        body = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(part)}</th>"
            + "".join(f"<td style='white-space:nowrap'>{escape(text)}</td>" for text in figures)
            + "</tr>"
            for part, *figures in self._rows()
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        return (
            f"<p><b>{escape(self._title())}</b></p><table><thead><tr><td></td>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{notes}"
        )


_SHOWN = ("contribution", "first", "last")


def explain_difference(
    reference: Contract,
    other: Contract,
    measure: str,
    runs: int = 10_000,
    *,
    seed: int = 0,
    uncertainty: bool = True,
    shared_luck: bool = True,
    chance: bool = True,
) -> Difference:
    """Share out the difference of a measure between two contracts among the parts that differ.

    The parts are *price* (payments, payers, their running costs), *volume* (cohorts), *rate*
    (outcomes, performance), *cost* (delivery), *capital*, *value* (benefits, discounting, prices,
    who is public) and *time* (the timeline). A named assumption, or a correlation, that changed
    goes with the part that uses it. Parts that share one, and parts of which one cannot stand
    without the other, are taken together; the row says so.

    Parameters
    ----------
    reference, other : Contract
        In one currency. The difference is of the second less the first.
    measure : str
        Its expected value is shared out: of a ratio the ratio of means, of an IRR that of the mean
        cash flow.
    runs, seed, uncertainty, shared_luck, chance
        As in :func:`sibmodel.simulate`. There are 2 ** parts simulations.

    Returns
    -------
    Difference

    Raises
    ------
    KeyError
        If one of the contracts has no such measure.
    ValueError
        If currencies differ; if the measure is of real money, and that is not the same in both.

    Notes
    -----
    Source: Shapley (1953), A value for n-person games; Shorrocks (2013), Journal of Economic
    Inequality 11, for decompositions.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> changes = {"payments.rules.success.price": 6000, "cohorts.people.people": 100,
    ...            "cohorts.people.intake": [100]}
    >>> why = explain_difference(bond, bond.replace(changes), "outcome_payments", chance=False)
    >>> why.table["contribution"].round().to_dict()
    {'price': 60000.0, 'volume': -220000.0}
    """
    if reference.currency != other.currency:
        raise ValueError(
            f"the contracts are in {reference.currency} and {other.currency}: restate them in one "
            f"currency"
        )

    bases = real_money_of(reference), real_money_of(other)
    people = People()

    def simulated(contract: Contract) -> Results:
        return simulate(
            contract,
            runs,
            seed=seed,
            uncertainty=uncertainty,
            shared_luck=shared_luck,
            chance=chance,
            keep="measures",
            measures=[measure],
            people=people,
            progress=False,
        )

    ends = simulated(reference), simulated(other)
    if ends[0].about(measure).unit.startswith("real") and bases[0] != bases[1]:
        raise ValueError(
            f"{measure} cannot be shared out: {bases[0]}, and {bases[1]}; bring both contracts to "
            "one price base and one date of value"
        )
    mixtures = Mixtures(reference, other, _stands)
    everything, nothing = frozenset(range(len(mixtures.parts))), frozenset[int]()
    seen: dict[Chosen, Results | None] = {nothing: ends[0]}
    for chosen in _subsets(everything):
        if nothing < chosen < everything:
            try:
                seen[chosen] = simulated(mixtures.of(chosen))
            except KeyError:  # what is measured is part of what has changed
                seen[chosen] = None
    seen[everything] = ends[1]
    about = ends[0].about(measure)
    expected = {
        chosen: math.nan if result is None else result.expected(measure)
        for chosen, result in seen.items()
    }
    moved = _moved(seen, measure, about.expected)
    rows = {}
    for part in sorted(everything):
        rest = everything - {part}
        rows[mixtures.label(part)] = {
            "contribution": _average(expected, part, everything),
            "mc_error": _error(moved, part, everything),
            "first": expected[frozenset({part})] - expected[nothing],
            "last": expected[everything] - expected[rest],
            "note": mixtures.why_together(part),
        }
    columns = ["contribution", "mc_error", *_SHOWN[1:], "note"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "part"
    return Difference(
        measure,
        (reference.name, other.name),
        expected[nothing],
        expected[everything],
        table,
        pd.DataFrame(
            [
                {**{mixtures.label(p): p in chosen for p in sorted(everything)}, "expected": value}
                for chosen, value in expected.items()
            ]
        ),
        ends[0].runs,
        seed,
        about.unit.replace("money", reference.currency),
        _note(seen, expected, measure, mixtures),
    )


def _note(
    seen: Mapping[Chosen, Results | None],
    expected: Mapping[Chosen, float],
    measure: str,
    mixtures: Mixtures,
) -> str:
    """Why there is no answer: nothing differs, or the measure is undefined in some mixture."""
    if not mixtures.parts:
        return "nothing that is simulated differs"
    for chosen, value in expected.items():
        if math.isnan(value):
            changed = ", ".join(mixtures.label(part) for part in sorted(chosen)) or "nothing"
            result = seen[chosen]
            why = "there is no such measure" if result is None else result.reason(measure)
            return f"undefined: with {changed} changed, {why}"
    return ""


def _stands(contract: Contract) -> bool:
    """Whether a mixture can be simulated at all."""
    try:
        simulate(
            contract,
            1,
            uncertainty=False,
            shared_luck=False,
            chance=False,
            keep="measures",
            measures=["outcome_payments"],
        )
    except (ValueError, RuntimeError):
        return False
    return True


def _subsets(parts: Chosen) -> Iterator[Chosen]:
    """Every set of parts, the smallest first."""
    for size in range(len(parts) + 1):
        yield from map(frozenset, combinations(sorted(parts), size))


def _weights(part: int, parts: Chosen) -> Iterator[tuple[Chosen, float]]:
    """What has changed before a part, and in which share of all orders just that has."""
    count = len(parts)
    for before in _subsets(parts - {part}):
        size = len(before)
        yield (
            before,
            math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count),
        )


def _average(expected: Mapping[Chosen, float], part: int, parts: Chosen) -> float:
    """What a part contributes, averaged over all orders."""
    return math.fsum(
        share * (expected[before | {part}] - expected[before])
        for before, share in _weights(part, parts)
    )


def _moved(
    seen: Mapping[Chosen, Results | None], measure: str, kind: str
) -> dict[Chosen, Floats] | None:
    """How each run moves the expected value of each mixture, (run,); None where nobody knows."""
    found: dict[Chosen, Floats] = {}
    for chosen, result in seen.items():
        if result is None or math.isnan(result.expected(measure)):
            return None
        if kind not in ("mean", "ratio"):
            return None
        mean = kind == "mean"
        found[chosen] = result.measure(measure) if mean else parts_of_ratio(result, measure)
    return found


def _error(moved: Mapping[Chosen, Floats] | None, part: int, parts: Chosen) -> float:
    """Monte Carlo error of a contribution: the mixtures meet the same people, run by run."""
    if moved is None:
        return math.nan
    found = sum(
        share * (moved[before | {part}] - moved[before]) for before, share in _weights(part, parts)
    )
    return statistics.mean_error(np.asarray(found))
