"""What one more outcome earns, by outcome and group, and from when a limit takes that away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pandas as pd

from sibmodel.claim_added import HALF, Gain, one_more_claim
from sibmodel.contract.contract import Contract
from sibmodel.results import LIMIT_WORDS, show

SAID = (
    "One more claim by one more person who has no other; early endings and what is due to capital "
    "are left out."
)


@dataclass(frozen=True, repr=False, eq=False)
class OneMore:
    """What one more outcome earns.

    Attributes
    ----------
    contract : Contract
    runs, seed : int
    by_period : DataFrame
        One row an outcome, group and period of the claim: date; price (what the claim earns,
        factors and agreed deadweight applied, before limits); rise (in all payments, after
        limits); lost (share of runs in which less than half of the price is paid); claims (those
        there are anyhow); limit (that which takes most of it). Expected values [money, before tax
        on top].
    table : DataFrame
        One row an outcome and group: price and rise (over periods as the claims there are anyhow
        fall), share (rise ÷ price; NaN: it earns nothing), taken_from (first period from which
        less than half of the price is paid in half the runs or more; NaN: none), date, limit and
        note.
    """

    contract: Contract
    runs: int
    seed: int
    by_period: pd.DataFrame
    table: pd.DataFrame

    def __repr__(self) -> str:
        rows = self._rows
        heads = ("", "price", "payments rise by", "")
        columns = list(zip(heads, *rows, strict=True))
        widths = [max(map(len, column)) for column in columns]
        lines = [
            "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]),
                       row[3]]).rstrip()
            for row in (heads, *rows)
        ]  # fmt: skip
        return "\n".join([self._title, *(f"  {line}" for line in lines), f"  {SAID}"])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(name)}</th>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in self._rows
        )
        head = "<td></td><th>price</th><th>payments rise by</th><td></td>"
        return (
            f"<p>{escape(self._title)}</p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{escape(SAID)}</p>"
        )

    @property
    def _title(self) -> str:
        return f"What one more outcome earns: {self.runs:,} runs, seed {self.seed}"

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        """Outcome and group, price, rise and note, as a reader expects them."""
        names = [f"{outcome} · {group}" for outcome, group in self.table.index]
        money = [
            [show(value, self.contract.currency) for value in self.table[column]]
            for column in ("price", "rise")
        ]
        return list(zip(names, *money, self.table["note"], strict=True))


def one_more(contract: Contract, *, runs: int = 1000, seed: int = 0) -> OneMore:
    """What one more outcome earns, by outcome and group, and when a limit takes that away.

    One claim is added to those of each run and all are paid again, limits and all. It is somebody's
    who has no other claim, so a limit per person takes only what one claim is above it. Where a
    performance is read of the outcome, it is of the same people with one more claim between them.

    Parameters
    ----------
    contract : Contract
    runs : int
        Every period, group and outcome is another payment of all claims: fewer do than elsewhere.
    seed : int

    Returns
    -------
    OneMore

    Raises
    ------
    ValueError
        If no rule pays for an outcome.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> one_more(bond, runs=100).table[["price", "rise"]].to_numpy().tolist()
    [[5000.0, 5000.0]]
    """
    found = one_more_claim(contract, runs=runs, seed=seed)
    if not found:
        raise ValueError("no rule pays for an outcome: one more earns nothing")
    rows = [
        (claim.outcome, claim.group, claim.period, contract.timeline.date(claim.period),
         gain.earned / runs, gain.paid / runs, gain.lost / runs, gain.claims / runs, _limit(gain))
        for claim, gain in found.items()
    ]  # fmt: skip
    by_period = pd.DataFrame(
        rows,
        columns=["outcome", "group", "period", "date", "price", "rise", "lost", "claims", "limit"],
    ).set_index(["outcome", "group", "period"])
    table = pd.DataFrame(
        {
            names: _summary(part.droplevel(["outcome", "group"]))
            for names, part in by_period.groupby(level=["outcome", "group"], sort=False)
        }
    ).T
    table.index.names = ["outcome", "group"]
    numbers = ["price", "rise", "share", "taken_from"]
    return OneMore(contract, runs, seed, by_period, table.astype(dict.fromkeys(numbers, float)))


def _limit(gain: Gain) -> str:
    """The limit that takes most of a claim; none where none takes anything to speak of."""
    name = max(gain.taken, key=lambda limit: gain.taken[limit], default="")
    return name if name and gain.taken[name] > 1e-9 * abs(gain.earned) else ""


def _summary(part: pd.DataFrame) -> dict[str, object]:
    """One outcome and group, over its periods."""
    weights = part["claims"] if part["claims"].sum() > 0 else part["claims"] + 1.0
    price = float((part["price"] * weights).sum() / weights.sum())
    rise = float((part["rise"] * weights).sum() / weights.sum())
    gone = part["lost"] >= HALF
    # from the first period after the last in which it is still paid
    kept = part.index[~gone]
    late = part.index[part.index > kept[-1]] if len(kept) else part.index
    row: dict[str, object] = {
        "price": price,
        "rise": rise,
        "share": rise / price if price else math.nan,
        "taken_from": math.nan,
        "date": None,
        "limit": "",
        "note": "no limit takes it" if price else "it earns nothing",
    }
    if len(late):
        first = late[0]
        limit = str(part.loc[first, "limit"])
        told = f"the limit {LIMIT_WORDS.get(limit, limit)} takes it" if limit else "it is not paid"
        row |= {"taken_from": first, "date": part.loc[first, "date"], "limit": limit}
        row["note"] = f"{told} from period {first} ({part.loc[first, 'date']})"
    elif (part["lost"] > 0).any():
        often = f"{part['lost'].max():.0%}" if part["lost"].max() >= 0.005 else "under 1%"
        row["note"] = f"a limit takes most of it in up to {often} of runs"
    elif part["limit"].any():
        limit = str(part["limit"].max())  # any that is named
        row["note"] = f"the limit {LIMIT_WORDS.get(limit, limit)} takes part of it"
    return row
