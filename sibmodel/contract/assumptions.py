"""A number, how sure we are of it, and where it comes from.

Wherever a contract says a rate, price, cost or value, three things may stand: a bare number, the
name of an assumption, or a mapping with exactly one form (``value``, ``beta``, ``pert``, …) beside
its ``source``, ``grade`` and ``note``. Which one is meant is read from the key, never found by
trying each type in turn, so one mistake gives one error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    model_validator,
)

from sibmodel.contract.meant import number_meant
from sibmodel.contract.names import FIGURE, GroupName, Name, fault, is_name, name_remedy

Grade = Literal["A", "B", "C", "D", "E", "F"]
Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]


def _whole(value: Any) -> Any:
    """JSON Schema takes 4.0 for a whole number; so does the loader."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Strict(), Field(le=1_000_000_000), BeforeValidator(_whole)]
Flag = Annotated[bool, Strict()]

FORMS = (
    "value",
    "beta",
    "pert",
    "triangular",
    "uniform",
    "normal",
    "lognormal",
    "quantiles",
    "samples",
)


class Clause(BaseModel):
    """Anything written in a contract: frozen, no unknown fields, with a place for its source."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str | None = Field(None, description="Where this clause's figures come from.")
    grade: Grade | None = Field(None, description="Quality of the evidence, A (best) to F.")
    note: str | None = Field(None, description="Anything a reader should know.")


# --- the forms a distribution may take ------------------------------------------------------------


def _between(low: float, high: float, name: str) -> None:
    if not low < high:
        raise fault(f"{name}: the lowest, {low:g}, must be below the highest, {high:g}")


class Beta(BaseModel):
    """A share between 0 and 1: by mean and sd, by a count, or fitted to several sites."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Finite | None = None
    sd: Finite | None = None
    achieved: Whole | None = None
    of: Whole | None = None
    elsewhere: Finite | None = Field(
        None, description="Standard deviation between places, added to that of the count."
    )
    sites: tuple[tuple[Whole, Whole], ...] | None = Field(
        None, description="[achieved, of] for each of several places; a beta-binomial is fitted."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        said = [
            self.mean is not None or self.sd is not None,
            self.achieved is not None or self.of is not None,
            self.sites is not None,
        ]
        if sum(said) != 1:
            raise fault("beta needs one of: {mean, sd}; {achieved, of}; {sites}")
        if self.elsewhere is not None and (self.achieved is None or self.elsewhere < 0):
            raise fault(
                "beta: elsewhere is a standard deviation, 0 or more, beside achieved and of"
            )
        if said[0]:
            if self.mean is None or self.sd is None:
                raise fault("beta needs both mean and sd")
            if not 0 < self.mean < 1:
                raise fault(f"beta: the mean must lie between 0 and 1, not {self.mean:g}")
            most = math.sqrt(self.mean * (1 - self.mean))
            if not 0 < self.sd < most:
                raise fault(
                    f"beta: with mean {self.mean:g} the sd must be above 0 and below {most:.4g} "
                    f"(the square root of mean times one less the mean), not {self.sd:g}"
                )
        if said[1]:
            if self.achieved is None or self.of is None:
                raise fault("beta needs both achieved and of")
            if not 0 <= self.achieved <= self.of or self.of == 0:
                raise fault(
                    f"beta: achieved must be from 0 to of, and of above 0, not {self.achieved} of "
                    f"{self.of}"
                )
            mean = (self.achieved + 0.5) / (self.of + 1)
            most = math.sqrt(mean * (1 - mean) * (1 - 1 / (self.of + 2)))
            if self.elsewhere is not None and self.elsewhere >= most:
                raise fault(
                    f"beta: with {self.achieved} of {self.of}, elsewhere must be below {most:.4g}, "
                    f"not {self.elsewhere:g}"
                )
        if self.sites is not None:
            if len(self.sites) < 3:
                raise fault("beta: a spread over sites needs at least three [achieved, of] pairs")
            for achieved, people in self.sites:
                if not 0 <= achieved <= people or people == 0:
                    raise fault(f"beta: a site needs 0 ≤ achieved ≤ of, not [{achieved}, {people}]")
        return self


class MeanSd(BaseModel):
    """Mean and standard deviation, of a normal or a lognormal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Finite
    sd: Finite

    @model_validator(mode="after")
    def _spread(self) -> Self:
        if self.sd <= 0:
            raise fault(f"the sd must be above 0, not {self.sd:g}; for no spread write the number")
        return self


def _number_key(key: object) -> float:
    figure = isinstance(key, float | int) and not isinstance(key, bool)
    if (figure or (isinstance(key, str) and FIGURE.fullmatch(key))) and math.isfinite(float(key)):  # type: ignore[arg-type]
        return float(key)  # type: ignore[arg-type]
    meant = number_meant(key) if isinstance(key, str) else None
    if meant is not None:
        percent = str(key).strip().endswith("%")
        remedy = f" (or {float(meant) * 100:.12g}, of a figure with unit: percent)" * percent
        raise fault(f"rows begin with a number: seen {key!r}: write {meant}{remedy}")
    raise fault(f"rows begin with a number, {{0.25: …, 0.5: …}}: seen {key!r}")


def number_keys(value: object) -> object:
    """JSON has only text for keys: bring back the numbers."""
    if isinstance(value, Mapping):
        return {_number_key(key): part for key, part in value.items()}
    return value


class Quantiles(BaseModel):
    """Judged quantiles, to which a distribution is fitted by least squares on its CDF."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Annotated[dict[float, Finite], BeforeValidator(number_keys)]
    fit: Literal["beta", "normal", "lognormal"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if isinstance(value, Mapping) and "at" not in value:
            return {"at": value}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        shares = sorted(self.at)
        if len(shares) < 2 or not all(0 < share < 1 for share in shares):
            raise fault("quantiles needs two or more shares between 0 and 1, {0.25: …, 0.5: …}")
        values = [self.at[share] for share in shares]
        if any(b <= a for a, b in pairwise(values)):
            raise fault(f"quantiles must rise: seen {values}")
        return self


class Samples(BaseModel):
    """Draws from elsewhere, equally likely. Columns of one file keep their joint draw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: tuple[Finite, ...] = Field((), description="Filled from the file when it is loaded.")
    file: str | None = None
    column: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"values": value} if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.file is not None and self.column is None:
            raise fault("samples: say which column of the file")
        if len(self.values) < 2:
            raise fault("samples needs at least two numbers, or file and column of a CSV beside it")
        return self


Three = tuple[Finite, Finite, Finite]


class Assumption(Clause):
    """One number, certain (``value``) or not, with its source."""

    value: Finite | None = None
    beta: Beta | None = None
    pert: Three | None = Field(None, description="[lowest, most likely, highest]")
    triangular: Three | None = Field(None, description="[lowest, most likely, highest]")
    uniform: tuple[Finite, Finite] | None = Field(None, description="[lowest, highest]")
    normal: MeanSd | None = None
    lognormal: MeanSd | None = None
    quantiles: Quantiles | None = None
    samples: Samples | None = None
    truncated: Flag = Field(False, description="Cut a normal or lognormal to the field's range.")

    @property
    def form(self) -> str:
        """Which of the forms is said."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        said = [form for form in FORMS if getattr(self, form) is not None]
        if len(said) != 1:
            seen = " and ".join(said) if said else "none"
            raise fault(f"a number takes exactly one of {', '.join(FORMS)}: seen {seen}")
        for name in ("pert", "triangular"):
            three = getattr(self, name)
            if three is not None:
                low, mode, high = three
                _between(low, high, name)
                if not low <= mode <= high:
                    raise fault(
                        f"{name}: the most likely, {mode:g}, must lie in {low:g} to {high:g}"
                    )
        if self.uniform is not None:
            _between(*self.uniform, "uniform")
        if self.lognormal is not None and self.lognormal.mean <= 0:
            raise fault(f"lognormal: the mean must be above 0, not {self.lognormal.mean:g}")
        if self.truncated and self.form not in ("normal", "lognormal"):
            raise fault("truncated goes with normal or lognormal only")
        return self


# --- where a number stands ------------------------------------------------------------------------


def kind_of_number(value: Any) -> str:
    if isinstance(value, bool):
        raise fault(f"needs a number, not {str(value).lower()}")
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        meant = number_meant(value)
        if meant is not None:
            raise fault(f"seen the text {value!r}: write {meant}")
        if not is_name(value):
            ends = [number_meant(end) for end in re.split(r" to | ?[-–] ?", value)]
            remedy = name_remedy(value) if re.fullmatch(r"[\w-]+", value) else ""
            if len(ends) == 2 and None not in ends:
                remedy = f"; for any number between write {{uniform: [{ends[0]}, {ends[1]}]}}"
            raise fault(f"needs a number, or the name of an assumption: seen {value!r}{remedy}")
        return "name"
    if isinstance(value, ByGroup) or (isinstance(value, Mapping) and "by_group" in value):
        return "by_group"
    if isinstance(value, Mapping) and {
        "from",
        "at_least",
        "above",
        "at_most",
        "below",
        "through",
        "each_above",
    } & set(value):
        raise fault("takes one number here, not a table")
    if isinstance(value, Assumption | Mapping):
        return "assumption"
    raise fault(
        f"needs a number, the name of an assumption, or a mapping such as "
        f"{{pert: [0.2, 0.3, 0.5]}}: seen {value!r}"
    )


def _number_like(value: Any) -> Any:
    kind_of_number(value)  # pydantic takes no faults from the function that picks the kind
    return value


One = Annotated[
    Annotated[Finite, Tag("number")]
    | Annotated[Name, Tag("name")]
    | Annotated[Assumption, Tag("assumption")],
    Discriminator(kind_of_number),
    BeforeValidator(_number_like),
]


class ByGroup(Clause):
    """A number for each group; one uniform moves them all unless ``independent``."""

    by_group: dict[GroupName, One] = Field(min_length=1)
    independent: Flag = Field(False, description="Whether each group is drawn by itself.")

    @property
    def plain(self) -> bool:
        """Whether every group has one number, not a table."""
        return all(isinstance(n, float | str | Assumption) for n in self.by_group.values())


Number = Annotated[
    Annotated[Finite, Tag("number")]
    | Annotated[Name, Tag("name")]
    | Annotated[Assumption, Tag("assumption")]
    | Annotated[ByGroup, Tag("by_group")],
    Discriminator(kind_of_number),
    BeforeValidator(_number_like),
]


def a_share_a_year(value: Any) -> Any:
    """Refuse a percentage written as a whole number: 2 where 0.02 is meant."""
    if isinstance(value, int | float) and not isinstance(value, bool) and not -0.5 < value < 1:
        raise fault(f"is a share a year: for {value:g}% write {value / 100:g}")
    return value


LARGE = 1e6
"""An upper bound that only keeps out slips of the pen says nothing of what a value may be."""


@dataclass(frozen=True)
class Range:
    """What a field's numbers must lie in, and their unit for the reader."""

    low: float
    high: float
    unit: str

    @property
    def can_be_searched(self) -> bool:
        """Whether it says where to look for a value: a share or a rate does, 0 to 1e12 does not."""
        return math.isfinite(self.low) and self.high < LARGE


Share = Annotated[Number, Range(0.0, 1.0, "share")]
"""A number from 0 to 1."""
Money = Annotated[Number, Range(0.0, math.inf, "money")]
"""Money, nominal, never negative."""
AnyMoney = Annotated[Number, Range(-math.inf, math.inf, "money")]
"""Money that may be negative."""
Multiple = Annotated[Number, Range(0.0, math.inf, "number")]
"""A pure number, never negative."""
AnnualRate = Annotated[Number, Range(-0.99, 10.0, "rate a year")]
"""A rate a year, as a share."""


class Correlation(Clause):
    """Two or more uncertain numbers that move together."""

    between: tuple[str, ...] = Field(min_length=2, description="Paths, or names of assumptions.")
    spearman: Finite | None = None
    kendall: Finite | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.spearman is None) == (self.kendall is None):
            raise fault("a correlation takes exactly one of spearman and kendall")
        size = self.spearman if self.spearman is not None else self.kendall
        if size is not None and not -1 <= size <= 1:
            raise fault(f"a correlation lies between -1 and 1, not {size:g}")
        if len(set(self.between)) != len(self.between):
            raise fault("a correlation names one number twice")
        return self
