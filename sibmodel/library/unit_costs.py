"""What outcomes are worth, from a table of unit costs: the library's, or the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from sibmodel.contract.faults import did_you_mean
from sibmodel.library.sheets import Row, SheetError, a_number, a_price_year, read_sheet

KINDS = ("fiscal", "economic", "social")
TOTAL = "total"


@dataclass(frozen=True)
class UnitCost:
    """What one unit of something costs.

    Parameters
    ----------
    item : str
        What it is called in the table.
    component : str
        Which part of the cost; "total" for the sum of several parts; empty where there are none.
    title, agency : str
        What it is, and who bears it.
    amount : float
        [money of the price year per unit].
    unit : str
        Such as "per year" or "per event".
    prices : str
        Price year, 2013-14 or 2013.
    kind : str
        fiscal, economic or social; empty where not stated.
    cashable : float or None
        Share that can be taken out of a budget; None where not stated.
    source, licence, note : str
    """

    item: str
    component: str
    title: str
    agency: str
    amount: float
    unit: str
    prices: str
    kind: str
    cashable: float | None
    source: str
    licence: str
    note: str


COLUMNS = tuple(field.name for field in fields(UnitCost))
NEEDED = ("item", "amount", "prices", "source")


@dataclass(frozen=True, repr=False)
class UnitCosts:
    """A table of unit costs.

    Parameters
    ----------
    rows : tuple of UnitCost
    name : str
        Where the table comes from.

    Examples
    --------
    >>> costs = unit_costs()
    >>> costs["jsa_claimant_into_work"][["component", "amount"]].values.tolist()
    [['total', 9800.0], ['dwp', 9234.0], ['nhs', 566.0]]
    """

    rows: tuple[UnitCost, ...]
    name: str

    @property
    def table(self) -> pd.DataFrame:
        """All rows, one a component; a fresh copy."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(COLUMNS))

    @property
    def items(self) -> tuple[str, ...]:
        """The items, in the order of the table."""
        return tuple(dict.fromkeys(row.item for row in self.rows))

    def __getitem__(self, item: str) -> pd.DataFrame:
        rows = self._rows_of(item)
        return pd.DataFrame([asdict(row) for row in rows], columns=list(COLUMNS))

    def benefit(
        self, item: str, *, of: str, to: str, component: str | None = None, **others: Any
    ) -> dict[str, Any]:
        """A benefit for a contract, its source with it.

        Parameters
        ----------
        item : str
        of : str
            The outcome that is worth so much.
        to : str
            The party that gains.
        component : str, optional
            Which part of the cost; the total if left out.
        **others
            Further fields of a benefit, such as ``years=3``; one that the table states too is
            taken from here.

        Returns
        -------
        dict
            What stands in a contract under ``value.benefits.NAME``.

        Raises
        ------
        KeyError
            If the table has no such item or component.

        Examples
        --------
        >>> benefit = unit_costs().benefit("rough_sleeper", of="moves_in", to="council", years=2)
        >>> benefit["per_outcome"], benefit["prices"], benefit["years"]
        (7900.0, '2010-11', 2)
        """
        row = self._row(item, component)
        said: dict[str, Any] = {
            "of": of,
            "per_outcome": row.amount,
            "prices": row.prices,
            "to": to,
            "kind": row.kind,
            "cashable": row.cashable,
            "source": row.source,
            "note": "; ".join(text for text in (row.title, row.unit, row.note) if text),
        }
        return {name: told for name, told in said.items() if told not in ("", None)} | others

    def _rows_of(self, item: str) -> list[UnitCost]:
        rows = [row for row in self.rows if row.item == item]
        if not rows:
            meant = did_you_mean(item, self.items)
            raise KeyError(f"{self.name} has no unit cost {item!r}; {meant}")
        return rows

    def _row(self, item: str, component: str | None) -> UnitCost:
        rows = {row.component: row for row in self._rows_of(item)}
        if component is None and len(rows) == 1:
            return next(iter(rows.values()))
        if component is None and TOTAL not in rows:
            raise KeyError(f"{item!r} has no total: say which component, {', '.join(rows)}")
        component = TOTAL if component is None else component
        if component not in rows:
            meant = did_you_mean(component, [name for name in rows if name])
            raise KeyError(f"{item!r} has no component {component!r}; {meant}")
        return rows[component]

    def __repr__(self) -> str:
        shown = self._shown().to_string(index=False)
        return f"{self.name}: {len(self.items)} unit costs\n{shown}"

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (only notebooks ask)

        shown = self._shown().to_html(index=False, border=0)
        return f"<p>{escape(self.name)}: {len(self.items)} unit costs</p>{shown}"

    def _shown(self) -> pd.DataFrame:
        """The table without its long texts, as it is read."""
        shown = self.table[["item", "component", "agency", "amount", "unit", "prices", "kind"]]
        return shown.assign(amount=[f"{amount:,.2f}" for amount in shown.amount])


def unit_costs() -> UnitCosts:
    """The library's short list of unit costs, each with its source and how far it was checked.

    Examples
    --------
    >>> unit_costs().items[:2]
    ('child_in_care', 'jsa_claimant_into_work')
    """
    return load_unit_costs(Path(__file__).with_name("unit_costs.csv"))


def load_unit_costs(path: str | Path) -> UnitCosts:
    """A table of unit costs from a CSV or Excel file.

    Parameters
    ----------
    path : path
        Columns `item`, `amount`, `prices` (2013-14 or 2013) and `source` are needed; `component`,
        `title`, `agency`, `unit`, `kind`, `cashable`, `licence` and `note` may stand beside them.
        An item of several rows names a component in each; that called total is their sum. Of an
        Excel workbook (.xlsx) the first sheet is read.

    Returns
    -------
    UnitCosts

    Raises
    ------
    SheetError
        With every row that is wrong, and what to do: a figure or year written in another way, a
        kind there is not, two rows of one name, components that do not sum to their total.
    ImportError
        If it is an Excel file and openpyxl is not installed.
    """
    path = Path(path)
    rows: list[tuple[int, UnitCost]] = []
    faults: list[str] = []
    for row in read_sheet(path, needs=NEEDED, takes=COLUMNS):
        cost, wrong = _unit_cost(row)
        faults += wrong
        if not wrong:
            rows.append((row.place, cost))
    faults += _twice(rows)
    if not faults:
        faults += _sums(rows)
    if faults:
        raise SheetError(faults, path.name)
    return UnitCosts(tuple(cost for _, cost in rows), path.name)


def _unit_cost(row: Row) -> tuple[UnitCost, list[str]]:
    """A row as a unit cost, and what is wrong with it."""
    faults: list[str] = []
    said: dict[str, Any] = {}
    for column in COLUMNS:
        seen = row.cells.get(column)
        try:
            said[column] = _cell(column, seen)
        except ValueError as wrong:
            said[column] = seen
            faults.append(row.fault(column, str(wrong)))
    return UnitCost(**said), faults


def _cell(column: str, seen: Any) -> Any:
    if seen is None:
        if column in NEEDED:
            raise ValueError("is empty, and every row needs it")
        return None if column == "cashable" else ""
    if column == "amount":
        return a_number(seen)
    if column == "prices":
        return a_price_year(seen)
    if column == "cashable":
        share = a_number(seen)
        if not 0 <= share <= 1:
            raise ValueError(f"seen {share:g}: a share is from 0 to 1")
        return share
    text = str(seen)
    if column == "component" and text.lower() == TOTAL:
        return TOTAL  # a spreadsheet's Total is meant: its parts are to add to it
    if column == "kind" and text not in KINDS:
        raise ValueError(f"seen {text!r}: it is {', '.join(KINDS[:-1])} or {KINDS[-1]}, or empty")
    return text


def _twice(rows: list[tuple[int, UnitCost]]) -> Iterator[str]:
    before: dict[tuple[str, str], int] = {}
    for place, cost in rows:
        first = before.setdefault((cost.item, cost.component), place)
        if first != place:
            named = f"{cost.item!r}" + (f", {cost.component!r}," if cost.component else "")
            yield f"row {place}: {named} stands in row {first} already"


def _sums(rows: list[tuple[int, UnitCost]]) -> Iterator[str]:
    """Items whose parts do not make their whole."""
    for item in dict.fromkeys(cost.item for _, cost in rows):
        own = {cost.component: (place, cost) for place, cost in rows if cost.item == item}
        parts = [cost for name, (_, cost) in own.items() if name != TOTAL]
        if len(own) > 1 and "" in own:
            yield (
                f"row {own[''][0]}, component: {item!r} has {len(own)} rows: name the component "
                f"in each, or write total"
            )
        elif TOTAL in own and parts:
            place, total = own[TOTAL]
            if {(cost.prices, cost.unit) for cost in parts} != {(total.prices, total.unit)}:
                yield (
                    f"row {place}: the components of {item!r} are not all of one price year and "
                    f"unit: bring them to those of the total"
                )
                continue
            added = sum(cost.amount for cost in parts)
            rounded = 0.5 if total.amount.is_integer() else 0.005
            if abs(added - total.amount) > rounded:
                yield (
                    f"row {place}, amount: the total of {item!r} is {total.amount:,.2f}, and its "
                    f"components sum to {added:,.2f}: mend one of them"
                )
