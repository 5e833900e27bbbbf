"""How names and numbers are said on a page."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

from sibmodel.contract.contract import Contract

SCALES = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"), (1.0, ""))
ABSENT = "–"
PERCENT = ("share", "share used", "rate a year")
"""Units that are told in percent."""


def words(name: str) -> str:
    """A name of the contract as a reader says it.

    Examples
    --------
    >>> words("outcomes_fund")
    'outcomes fund'
    """
    return name.replace("_", " ")


def sentence(text: str) -> str:
    """A text with a capital first letter.

    Examples
    --------
    >>> sentence("paid by the GP fund.")
    'Paid by the GP fund.'
    """
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def benefits_valued(contract: Contract) -> str:
    """How many benefits a contract counts: a net value means little without it.

    Examples
    --------
    >>> import sibmodel as sib
    >>> benefits_valued(sib.library.load("closed_form_bond"))
    'no benefits'
    """
    count = len(contract.value.benefits) if contract.value else 0
    if count == 0:
        return "no benefits"
    return f"the {count} benefits valued" if count > 1 else "the one benefit valued"


def day(date: dt.date) -> str:
    """A date in words.

    Examples
    --------
    >>> day(dt.date(2027, 4, 1))
    '1 April 2027'
    """
    return f"{date.day} {date:%B %Y}"


def money_scale(most: float) -> tuple[float, str]:
    """What to divide an axis of money by, and the word for it.

    Examples
    --------
    >>> money_scale(2_450_000), money_scale(88_000), money_scale(420)
    ((1000000.0, 'million'), (1000.0, 'thousand'), (1.0, ''))
    """
    return next(((size, word) for size, word in SCALES if most >= 2 * size), SCALES[-1])


def money(value: float, currency: str) -> str:
    """Money to three figures, in words.

    Examples
    --------
    >>> money(587_663, "GBP"), money(-1_250_000, "GBP"), money(0.2, "GBP")
    ('GBP 588,000', '−GBP 1.25 million', 'GBP 0')
    """
    if math.isnan(value):
        return "undefined"
    figures = float(f"{abs(value):.3g}")
    if figures >= 1e6:
        size, word = next((s, w) for s, w in SCALES if figures >= s)
        decimals = 2 - math.floor(math.log10(figures / size))
        text = f"{figures / size:,.{max(decimals, 0)}f} {word}"
    else:
        text = f"{figures:,.0f}"
    return f"{'−' if value < 0 and text != '0' else ''}{currency} {text}"


def of_hundred(share: float) -> str:
    """A share of runs in words.

    Examples
    --------
    >>> of_hundred(0.317), of_hundred(0.0), of_hundred(0.002)
    ('32 of every 100 runs', 'no run', '2 of every 1,000 runs')
    """
    if share in (0.0, 1.0):
        return "every run" if share else "no run"
    if share > 0.995:
        return "almost every run"
    many = next((n for n in (100, 1_000, 10_000) if round(share * n) >= 1), 100_000)
    return f"{max(round(share * many), 1)} of every {many:,} runs"


def minus(text: str) -> str:
    """Negative numbers with the sign that is as wide as a plus; hyphens stay.

    Examples
    --------
    >>> minus("-5.2% in 2027-28")
    '−5.2% in 2027-28'
    """
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)


def cell(value: float, unit: str) -> str:
    """A number in a table whose column or row has the unit.

    Examples
    --------
    >>> cell(-1234.5, "GBP"), cell(12.5, "GBP per outcome"), cell(0.052, "rate a year")
    ('−1,234', '12.50', '5.2%')
    >>> cell(float("nan"), "GBP"), cell(float("inf"), "years")
    ('–', 'never')
    """
    if math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "never"
    if unit in PERCENT:
        return minus(f"{100 * value:.1f}%")
    if unit in ("multiple", "ratio", "years"):
        return minus(f"{value:.2f}")
    if unit in ("people", "outcomes", "units"):
        return minus(f"{value:,.1f}")
    if unit in ("percent", "figure") and abs(value) < 1000:
        return minus(f"{value:.3g}")
    small = 0 < abs(value) < 100
    return minus(f"{value:,.2f}" if small else f"{value:,.0f}")


def error(value: float, unit: str) -> str:
    """A Monte Carlo error: of a share or a rate in percentage points.

    Examples
    --------
    >>> error(0.0038, "rate a year"), error(0.302, "outcomes")
    ('0.38 pp', '0.302')
    """
    if math.isnan(value):
        return ABSENT
    if unit in PERCENT:
        return f"{100 * value:.2f} pp"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
