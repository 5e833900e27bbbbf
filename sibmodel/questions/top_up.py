"""What the payments of others do to a payer's benefit-cost ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import pandas as pd

from sibmodel.results import Results, need_results


@dataclass(frozen=True, repr=False)
class TopUp:
    """What the payments of others do to each payer's benefit-cost ratio.

    Attributes
    ----------
    table : DataFrame
        One row a payer, then ``public``: costs (present value), share_paid (of all payments, in
        present value), ratio (the benefit-cost ratio), ratio_if_alone (had it paid everything
        itself), factor (ratio over ratio_if_alone; NaN where there is no ratio above 0 to lift),
        without_running_costs (1 over the share paid). Empty with one payer.
    lines : tuple of str
        The same in words, with the reason.
    """

    table: pd.DataFrame
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.lines)


def top_up(results: Results) -> TopUp:
    """How far the payments of others lift each payer's benefit-cost ratio.

    Had a payer paid everything itself, its benefits and its running costs would be the same and
    only its payments larger. So its ratio is (costs + others' payments) / costs times what it would
    be alone: 1 over the share it pays where it has no other costs, less where it has.

    Parameters
    ----------
    results : Results

    Returns
    -------
    TopUp

    Source
    ------
    B / (sP + R) against B / (P + R): benefits B, share s of payments P, running costs R.
    """
    need_results(results, "top_up")
    contract, empty = results.contract, pd.DataFrame()
    if len(contract.payer_names) < 2:
        return TopUp(empty, ("There is one payer: nobody tops up.",))
    reason = next(
        (why for payer in contract.payer_names
         if (why := results.about(f"costs_present_value[{payer}]").undefined)), None,
    )  # fmt: skip
    if reason is not None:
        return TopUp(empty, (f"What a top-up does is undefined: {reason}.",))
    table = results.incidence()
    paid = {payer: -float(table["payments"][payer]) for payer in contract.payer_names}
    whole = sum(paid.values())
    rows: dict[str, dict[str, float]] = {}
    lines = []
    for payer in contract.payer_names:
        row = _row(results, payer, paid[payer], whole)
        if not paid[payer] > 0 or not row["costs"] > 0:
            continue
        rows[payer] = row
        if row["ratio"] > 0:
            lines.append(
                _lifted(payer, row, running=row["costs"] - paid[payer] > 1e-9 * row["costs"])
            )
        else:
            lines.append(_unlifted(results, payer, row))
    public = [payer for payer in contract.payer_names if contract.is_public(payer)]
    if public:
        rows["public"] = _row(results, "public", sum(paid[p] for p in public), whole)
        private = [_words(payer) for payer in paid if payer not in public and paid[payer] > 0]
        if not private:
            lines.append(
                "To the public purse the top-up changes nothing: all who pay are public, so what "
                "one saves another spends, and the ratio counts the whole payment whoever makes it."
            )
        else:
            lines.append(
                f"To the public purse only what {' and '.join(private)} pays is a saving: what one "
                f"public payer saves by a top-up of another, the other spends."
            )
    return TopUp(pd.DataFrame.from_dict(rows, orient="index"), tuple(lines))


def _row(results: Results, whose: str, paid: float, whole: float) -> dict[str, float]:
    """What one perspective pays of all payments, and its ratio with and without the others."""
    costs = results.expected(f"costs_present_value[{whose}]")
    gained = results.expected(f"benefits_present_value[{whose}]")
    # what is left of sums that cancel is no payment of others
    others = 0.0 if math.isclose(paid, whole, rel_tol=1e-9) else whole - paid
    share = paid / whole if whole > 0 else math.nan
    alone = costs + others
    return {
        "costs": costs,
        "share_paid": share,
        "ratio": gained / costs if costs > 0 else math.nan,
        "ratio_if_alone": gained / alone if alone > 0 else math.nan,
        "factor": alone / costs if costs > 0 and gained > 0 else math.nan,
        "without_running_costs": 1 / share if share > 0 else math.nan,
    }


def _unlifted(results: Results, payer: str, row: Mapping[str, float]) -> str:
    """Why a payer has no ratio that a top-up could lift."""
    pays = f"{_sentence(_words(payer))} pays {row['share_paid']:.0%} of the payments and"
    if math.isnan(row["ratio"]):
        reason = results.reason(f"benefits_present_value[{payer}]")
        return f"{pays} its ratio is undefined: {reason}."
    gains = "loses by" if row["ratio"] < 0 else "gains none of"
    return f"{pays} {gains} the benefits valued: it has no ratio to lift."


def _lifted(payer: str, row: Mapping[str, float], *, running: bool) -> str:
    share, name = row["share_paid"], _words(payer)
    text = (
        f"{_sentence(name)} pays {share:.0%} of the payments and others the rest. Its ratio counts "
        f"only what it pays itself: {row['ratio']:.2f}, and {row['ratio_if_alone']:.2f} had it "
        f"paid everything"
    )
    lift = row["without_running_costs"]
    if running:
        return (
            f"{text}. The top-up lifts it {row['factor']:.3g} times, not by 1/{share:.2g} = "
            f"{lift:.3g}, because {name} bears its running costs whole: nobody tops those up."
        )
    return f"{text}: 1/{share:.2g} = {lift:.3g} times as much."


def _words(name: str) -> str:
    return name.replace("_", " ")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
