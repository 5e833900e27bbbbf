"""What clauses may be called, and how a clause says what is wrong with it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def fault(message: str) -> PydanticCustomError:
    """A validation error whose message is already written for the reader."""
    return PydanticCustomError("said", message)


def so_many(number: int, thing: str) -> str:
    """How many of something, in words for one or several.

    Examples
    --------
    >>> so_many(1, "record"), so_many(1200, "rule")
    ('1 record', '1,200 rules')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def an(word: str) -> str:
    """A word with its article.

    Examples
    --------
    >>> an("day"), an("arrest"), an("unit"), an("hour")
    ('a day', 'an arrest', 'a unit', 'an hour')
    """
    sound = re.match(r"(hour|hono|heir|[aeiou](?!ni[tvqf]|se|uro))", word, re.IGNORECASE)
    return f"{'an' if sound else 'a'} {word}"


NAME = r"[A-Za-z][A-Za-z0-9_]*"
NOT_NAMES = ("yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan", "inf")
"""Words that some programs read as true, false, nothing or a number."""


FIGURE = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
"""A number as the key of a row."""


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


def is_name(text: str) -> bool:
    """Whether a clause may be called so."""
    return re.fullmatch(NAME, text) is not None and text.lower() not in NOT_NAMES


def name_remedy(text: str) -> str:
    """What to write for a text that cannot be a name: underscores for all that stands between.

    Examples
    --------
    >>> name_remedy("job-13-weeks")
    '; write job_13_weeks'
    """
    could = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return f"; write {could}" if is_name(could) else ""


def checked_name(value: Any) -> Any:
    """The name, or a fault that says what is wrong with it."""
    if not isinstance(value, str):
        raise fault(f"a name begins with a letter: seen {value!r}")
    if value.lower() in NOT_NAMES:
        raise fault(f"{value!r} cannot be a name: some programs do not read it as text")
    if not re.fullmatch(NAME, value):
        raise fault(
            f"{value!r} cannot be a name: a letter first, then letters, digits and underscores"
            f"{name_remedy(value)}"
        )
    return value


Name = Annotated[
    str,
    BeforeValidator(checked_name),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{NAME}$",
            "not": {"pattern": f"^({'|'.join(_any_case(word) for word in NOT_NAMES)})$"},
        }
    ),
]
"""What a clause is called, so that a path can name it."""


def checked_group(value: Any) -> Any:
    """The name of a group, perhaps with its cohort's before it."""
    if isinstance(value, str) and value.count("/") == 1:
        for part in value.split("/"):
            checked_name(part)
        return value
    return checked_name(value)


GroupName = Annotated[
    str,
    BeforeValidator(checked_group),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME}(/{NAME})?$"}),
]
"""A group, or ``cohort/group`` where two cohorts have groups of one name."""
