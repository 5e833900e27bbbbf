"""What is wrong with a contract, told in the reader's words."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sibmodel.contract.names import FIGURE


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where by name, what, and (once the file is known) on which line."""

    path: tuple[str | int, ...]
    message: str
    line: int | None = None

    @property
    def where(self) -> str:
        """The path as a reader writes it, ``payments.rules.jail.price`` or ``intake[2]``."""
        return path_text(self.path)

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line is not None else ""
        where = f"{self.where}: " if self.path else ""
        return f"{line}{where}{self.message}"


def path_text(path: Iterable[str | int]) -> str:
    """A path as a reader writes it: items of a list, dates and figures in brackets.

    Examples
    --------
    >>> path_text(("intake", 2)), path_text(("amount", "at_least", "0.3"))
    ('intake[2]', 'amount.at_least[0.3]')
    >>> path_text(("price", "from", "2027-04-01"))
    'price.from[2027-04-01]'
    """
    text = ""
    for step in path:
        if isinstance(step, int) or step[:1].isdigit() or FIGURE.fullmatch(step):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def key_text(key: object) -> str:
    """The key of a mapping as text, the same however it was written: 0.30 as 0.3, 5.0 as 5.

    Examples
    --------
    >>> key_text(0.30), key_text("0.30"), key_text(5.0), key_text("2027-04-01")
    ('0.3', '0.3', '5', '2027-04-01')
    """
    if isinstance(key, dt.date):
        return key.isoformat()
    if isinstance(key, str) and not FIGURE.fullmatch(key):
        return key
    if isinstance(key, str | int | float) and not isinstance(key, bool):
        number = float(key)
        return str(int(number)) if number.is_integer() else f"{number:.12g}"
    return str(key)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like another; first of all one that differs only in case and hyphens.

    Examples
    --------
    >>> nearest("HELD-JOB", ["held_job", "job"]), nearest("zebra", ["job"])
    ('held_job', None)
    """
    alike = {re.sub(r"[- ]", "_", one).casefold(): one for one in sorted(known, reverse=True)}
    meant = re.sub(r"[- ]", "_", name).casefold()
    near = difflib.get_close_matches(meant, alike, n=1, cutoff=0.6)
    return alike[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for a name nobody has: the nearest known name, or all of them."""
    known = sorted(set(known))
    near = nearest(str(name), known)
    if near is not None:
        return f"did you mean {near!r}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"known are: {shown}"


def unknown(path: tuple[str | int, ...], kind: str, name: str, known: Iterable[str]) -> Fault:
    """A name that nothing has, and the remedy."""
    return Fault(path, f"there is no {kind} called {name!r}; {did_you_mean(name, known)}")


class ContractError(ValueError):
    """A contract that cannot be used; ``faults`` has every reason."""

    def __init__(self, faults: Iterable[Fault], name: str = "contract") -> None:
        self.faults = tuple(faults)
        self.name = name
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.faults)
        head = f"{self.name}: {count} fault{'s' if count != 1 else ''}"
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])

    def __reduce__(self) -> tuple[type[ContractError], tuple[tuple[Fault, ...], str]]:
        return type(self), (self.faults, self.name)


class ContractWarning(UserWarning):
    """Something in a contract that a reviewer would ask about."""
