"""Discount schedules in public use, named and dated: data only.

A guidance that changes gets a new name; a name never changes its figures, so that a contract
appraised under it can always be appraised again. All rates are real, per year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

FOREVER: Final = 1_000_000
"""Last year of a band that has no end."""


@dataclass(frozen=True)
class Schedule:
    """Discount rates by band of years.

    Parameters
    ----------
    name : str
        As a contract file writes it.
    title : str
        As a page prints it.
    bands : tuple of (int, float)
        Last year of each band, rising [years], and the rate in it [share per year].
    source : str
        Where the figures come from.
    note : str
        How far they were checked, and when they are meant to be used.

    Examples
    --------
    >>> SCHEDULES["green_book_2026"].bands[:2]
    ((30, 0.035), (75, 0.03))
    """

    name: str
    title: str
    bands: tuple[tuple[int, float], ...]
    source: str
    note: str = ""


def flat(rate: float) -> Schedule:
    """One rate for all years, chosen by the user.

    Parameters
    ----------
    rate : float
        Discount rate [share per year].

    Returns
    -------
    Schedule
        Named "flat".

    Examples
    --------
    >>> flat(0.05).title
    'Flat 5%'
    """
    return Schedule(
        name="flat",
        title=f"Flat {100 * rate:.12g}%",
        bands=((FOREVER, rate),),
        source="chosen by the user",
    )


_GREEN_BOOK_2026 = (
    "HM Treasury, The Green Book (February 2026), as tabulated by the Department for Transport, "
    "TAG forthcoming change: Green Book updates (16 April 2026), https://www.gov.uk/government/"
    "publications/tag-forthcoming-changes/forthcoming-change-green-book-updates"
)
_NEW_ZEALAND_2024 = (
    "The Treasury (New Zealand), Discount Rates: public sector discount rates, non-commercial "
    "proposals, in force from 1 October 2024, https://www.treasury.govt.nz/information-and-"
    "services/state-sector-leadership/guidance/reporting-financial/discount-rates"
)
_AUSTRALIA_7 = (
    "KPMG Australia, Infrastructure project investment discount rate: 7% real is what "
    "Infrastructure Australia and state treasuries advise"
)

_ALL = (
    Schedule(
        name="green_book_2026",
        title="Green Book 2026, standard",
        bands=(
            (30, 0.035),
            (75, 0.030),
            (125, 0.025),
            (200, 0.020),
            (300, 0.015),
            (FOREVER, 0.010),
        ),
        source=_GREEN_BOOK_2026,
        note=(
            "Read in the transport notice, not in the Green Book itself. An independent review "
            "reported in June 2026 is said to recommend 3.0%: secondary source; not re-read; "
            "not adopted here."
        ),
    ),
    Schedule(
        name="green_book_2026_health",
        title="Green Book 2026, health",
        bands=(
            (30, 0.0150),
            (75, 0.0129),
            (125, 0.0107),
            (200, 0.0086),
            (300, 0.0064),
            (FOREVER, 0.0043),
        ),
        source=_GREEN_BOOK_2026,
        note="For effects on health and life. Read in the transport notice.",
    ),
    Schedule(
        name="green_book_2026_lower",
        title="Green Book 2026, lower sensitivity",
        bands=(
            (30, 0.0300),
            (75, 0.0257),
            (125, 0.0214),
            (200, 0.0171),
            (300, 0.0129),
            (FOREVER, 0.0086),
        ),
        source=_GREEN_BOOK_2026,
        note=(
            "An additional test for projects that reach beyond 50 years, beside the standard "
            "rates. Read in the transport notice."
        ),
    ),
    Schedule(
        name="omb_a94_7",
        title="OMB Circular A-94, 7%",
        bands=((FOREVER, 0.07),),
        source=(
            "US Office of Management and Budget, Circular A-94, Guidelines and Discount Rates "
            "for Benefit-Cost Analysis of Federal Programs (1992): base case"
        ),
        note="Real. Whether this edition is the one in force was not checked: see the circular.",
    ),
    Schedule(
        name="new_zealand_2024",
        title="New Zealand 2024, non-commercial",
        bands=((30, 0.020), (100, 0.015), (FOREVER, 0.010)),
        source=_NEW_ZEALAND_2024,
        note="To be shown with the test at 8%, new_zealand_2024_sensitivity, which is mandatory.",
    ),
    Schedule(
        name="new_zealand_2024_sensitivity",
        title="New Zealand 2024, sensitivity 8%",
        bands=((FOREVER, 0.08),),
        source=_NEW_ZEALAND_2024,
        note="The mandatory test beside new_zealand_2024.",
    ),
    Schedule(
        name="australia_7",
        title="Australia, 7%",
        bands=((FOREVER, 0.07),),
        source=_AUSTRALIA_7,
        note="Central rate. Secondary source; the official guidance was not re-read.",
    ),
    Schedule(
        name="australia_4",
        title="Australia, 4% sensitivity",
        bands=((FOREVER, 0.04),),
        source="Reported as the lower test beside the Australian central rate of 7%",
        note="Secondary source; not re-read. Confirm with the payer before relying on it.",
    ),
    Schedule(
        name="australia_10",
        title="Australia, 10% sensitivity",
        bands=((FOREVER, 0.10),),
        source="Reported as the upper test beside the Australian central rate of 7%",
        note="Secondary source; not re-read. Confirm with the payer before relying on it.",
    ),
)

SCHEDULES: Final[Mapping[str, Schedule]] = MappingProxyType({s.name: s for s in _ALL})
