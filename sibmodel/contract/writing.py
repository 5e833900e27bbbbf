"""A contract as text: anew, or into the text it came from so that its comments stay."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from sibmodel.contract.assumptions import Clause, Quantiles, Samples
from sibmodel.contract.capital import Capital, Until
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, key_text
from sibmodel.contract.payments import MoneySize, Payer, Rule, Size
from sibmodel.contract.performance import Performance
from sibmodel.contract.reading import Key, Node, read, scalar
from sibmodel.contract.timeline import Length
from sibmodel.contract.tranches import Interest, Redemption
from sibmodel.contract.value import Discount, Optimism

WIDTH = 100
"""Characters a line may have before a clause is broken over several."""

SHORT: dict[type[BaseModel], str] = {
    Payer: "share",
    Size: "amount",
    MoneySize: "amount",
    Length: "periods",
    Discount: "schedule",
    Optimism: "table",
    Interest: "rate",
    Redemption: "of_drawn",
    Quantiles: "at",
    Samples: "values",
}
"""Clauses that may be written as the value of one of their fields."""

ONE_OR_SEVERAL: tuple[tuple[type[BaseModel], str], ...] = (
    (Performance, "at"),
    (Rule, "due"),
    (Until, "of"),
)
"""Lists that may be written as their only entry."""

RANKED = ("order", "draw_order")
"""Lists of capital in which a rank of one may be written as its name."""


def plain(value: Any) -> Any:
    """Plain data as a person would write it: short where that is possible, sources last.

    Parameters
    ----------
    value : Contract or any part of one

    Returns
    -------
    dict, list, str, int, float, bool or date

    Examples
    --------
    >>> plain(Payer(share=0.8))
    0.8
    """
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        names = [n for n in fields if n not in Clause.model_fields] + [*Clause.model_fields]
        said = {
            fields[name].alias or name: plain(getattr(value, name))
            for name in names
            if name in value.model_fields_set and getattr(value, name) is not None
        }
        said |= {name: plain(part) for name, part in (value.model_extra or {}).items()}
        for one_of in ONE_OR_SEVERAL:
            if isinstance(value, one_of[0]) and isinstance(said.get(one_of[1]), list):
                [first, *others] = said[one_of[1]]
                said[one_of[1]] = [first, *others] if others else first
        if isinstance(value, Capital):
            for field in {*RANKED} & {*said}:
                said[field] = [rank if len(rank) > 1 else rank[0] for rank in said[field]]
        if isinstance(value, Samples) and value.file is not None:
            del said["values"]
        short = SHORT.get(type(value))
        return said[short] if short is not None and [*said] == [short] else said
    if isinstance(value, Mapping):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def as_json(contract: Contract) -> str:
    """The contract as JSON."""
    return json.dumps(_texts(plain(contract)), indent=2, ensure_ascii=False) + "\n"


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _texts(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def as_yaml(contract: Contract) -> str:
    """The contract as YAML: into the text it was read from, if there is one, else anew."""
    data = plain(contract)
    anew = "\n".join(_block(data, 0)) + "\n"
    if contract._text is None:
        return anew
    text = contract._text if contract._text.endswith("\n") else contract._text + "\n"
    mended = _Mending(text).to(data)
    try:
        kept = _same(read(mended, contract.name).value, data)
    except ContractError:
        kept = False
    return mended if kept else anew


# --- anew -----------------------------------------------------------------------------------------


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, str):
        return repr(value)
    simple = re.fullmatch(r"[^\W\d](?:[\w ()/.;+%£$€–-]*[\w)%.])?|\d{4}-\d{2}", value)
    if simple and scalar(value) == value and not re.match(r"(?i)(yes|no|on|off|y|n)$", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return _word(value)


def _deep(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max((_deep(part) for part in parts), default=0)


def _block(value: Any, indent: int) -> list[str]:
    """Lines of a mapping or list, one entry after another."""
    lines = []
    entries = value.items() if isinstance(value, dict) else [(None, part) for part in value]
    for key, part in entries:
        sign = "-" if key is None else f"{_word(key)}:"
        lines += _entry(sign, part, indent)
    return lines


def _entry(sign: str, part: Any, indent: int) -> list[str]:
    line = f"{' ' * indent}{sign} {_flow(part)}"
    simple = not isinstance(part, dict | list) or not part
    if simple or sign == "-" or (_deep(part) <= 2 and len(line) <= WIDTH):
        return [line]
    return [f"{' ' * indent}{sign}", *_block(part, indent + 2)]


# --- into a text there is already ----------------------------------------------------------------


def _same(a: Any, b: Any) -> bool:
    """Whether two pieces of plain data say the same, one perhaps in its short form."""
    if isinstance(a, dict) and isinstance(b, dict):
        others = {key_text(key): part for key, part in b.items()}
        return {key_text(key) for key in a} == set(others) and all(
            _same(part, others[key_text(key)]) for key, part in a.items()
        )
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    for long, short in ((a, b), (b, a)):
        if isinstance(long, dict) and len(long) == 1 and not isinstance(short, dict):
            return next(iter(long)) in SHORT.values() and _same(next(iter(long.values())), short)
        if isinstance(long, list) and len(long) == 1 and not isinstance(short, dict | list):
            return _same(long[0], short)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b) or str(a) == str(b)


class _Mending:
    """The changes a text needs to say something else."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.edits: list[tuple[int, int, str]] = []

    def to(self, data: dict[str, Any]) -> str:
        self._mapping(read(self.text, "contract"), data)
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _value(self, node: Node, key: Key | None, new: Any) -> None:
        if _same(node.value, new):
            return
        if isinstance(node.value, dict) and isinstance(new, dict) and self._mapping(node, new):
            return
        if isinstance(node.value, list) and isinstance(new, list) and len(new) == len(node.parts):
            for part, item in zip(node.parts.values(), new, strict=True):
                self._value(part, None, item)
            return
        if key is not None and not node.flow:  # it stands below its name: write it beside or below
            lines = _entry(":", new, key.column)
            self.edits.append((key.end, node.end, "\n".join(lines).lstrip()))
        else:
            self.edits.append((node.start, node.end, _flow(new)))

    def _mapping(self, node: Node, new: dict[str, Any]) -> bool:
        """Change a mapping entry by entry; False if it must be written as a whole."""
        wanted = {key_text(key): part for key, part in new.items()}
        gone = [key for key in node.keys if key_text(key) not in wanted]
        there = {key_text(key) for key in node.keys}
        added = {key: part for key, part in new.items() if key_text(key) not in there}
        if (gone or added) and (node.flow or not wanted or not node.keys):
            return False
        if any(self.text[self._line(node.keys[key].start) : node.keys[key].start].strip()
               for key in gone):  # fmt: skip
            return False  # it shares its line with the dash of a list
        for key, place in node.keys.items():
            if key in gone:
                start = self._with_comments(self._line(place.start), place.column)
                self.edits.append((start, self._next_line(node.parts[key].end), ""))
            else:
                self._value(node.parts[key], place, wanted[key_text(key)])
        if added:
            column = next(iter(node.keys.values())).column
            lines = "".join(f"{line}\n" for line in _block(added, column))
            end = self._next_line(node.end)
            self.edits.append((end, end, lines))
        return True

    def _line(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _next_line(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _with_comments(self, start: int, column: int) -> int:
        """The first of the comment lines directly above, which speak of what goes."""
        while start > 0:
            above = self._line(start - 1)
            if not re.match(rf" {{{column}}}#", self.text[above:start]):
                break
            start = above
        return start
