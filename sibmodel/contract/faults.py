"""What is wrong with a contract, told in the reader's words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


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
    """``("intake", 2)`` as ``intake[2]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for a name nobody has: the nearest known name, or all of them."""
    known = sorted(set(known))
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"known are: {shown}"


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
