"""Text into plain data, knowing on which line everything stands.

Only the plain part of YAML is read: mappings, lists, numbers, dates, text, true and false. What
YAML offers beyond that (anchors, tags, several documents) is refused, so a contract cannot build
objects, grow without bound, or mean something else in another program.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from sibmodel.contract.faults import ContractError, Fault, key_text
from sibmodel.contract.meant import number_meant

LARGEST = 2_000_000
"""Most bytes a contract file may have."""
DEEPEST = 40
"""Most levels of mappings and lists within one another."""

Path = tuple[str | int, ...]


@dataclass
class Node:
    """A value of the text, its line (from 1), and its characters, from ``start`` to ``end``."""

    value: Any
    line: int
    start: int
    end: int
    flow: bool = True
    keys: dict[Any, Key] = field(default_factory=dict)
    parts: dict[Any, Node] = field(default_factory=dict)

    def lines(self, path: Path = ()) -> Iterator[tuple[Path, int]]:
        """Every path at or below this node, and its line."""
        yield path, self.line
        for name, part in self.parts.items():
            here = (*path, key_text(name) if self.keys else name)
            yield from part.lines(here)
            if name in self.keys:
                yield here, self.keys[name].line


@dataclass(frozen=True)
class Key:
    """Where the name of a mapping's entry stands."""

    line: int
    start: int
    end: int
    column: int


class _RefusedError(Exception):
    def __init__(self, message: str, line: int | None, path: Path = ()) -> None:
        self.fault = Fault(path, message, line)


def read(text: str, name: str, format: str = "yaml") -> Node:
    """The text as nodes of plain data.

    Parameters
    ----------
    text : str
        YAML or JSON.
    name : str
        What the text is called in a fault.
    format : {"yaml", "json"}
        JSON is read strictly.

    Returns
    -------
    Node
        Its ``value`` is plain data: dict, list, str, int, float, bool, date.

    Raises
    ------
    ContractError
        If the text is not one plain mapping.

    Examples
    --------
    >>> read("price: 500", "a rate card").value
    {'price': 500}
    """
    try:
        if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
            raise _RefusedError(
                f"the file is over {LARGEST // 1_000_000} MB: put samples in a CSV beside it, "
                f"samples: {{file: …, column: …}}",
                None,
            )
        if not text.strip():
            raise _RefusedError("the file is empty: a contract begins with schema: 1", None)
        if format == "json":
            _strict_json(text)
            text = text.replace("\t", " ")  # legal between JSON's marks, never within its text
        root, faults = _Builder(text).build()
    except _RefusedError as refused:
        raise ContractError([refused.fault], name) from None
    if faults:
        raise ContractError(faults, name)
    return root


# --- JSON -----------------------------------------------------------------------------------------


def _strict_json(text: str) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                line = _line_of_second(text, key)
                raise _RefusedError(f"{key!r} is written twice in one mapping: keep one", line)
            seen[key] = value
        return seen

    def constant(word: str) -> None:
        line = text[: text.index(word)].count("\n") + 1
        raise _RefusedError(f"{word} is not a number a contract can have", line)

    try:
        json.loads(text, object_pairs_hook=once, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise _RefusedError(f"cannot be read as JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise _RefusedError(f"is nested more than {DEEPEST} deep", None) from None
    except ValueError:
        raise _RefusedError("has a number with too many digits", None) from None


def _line_of_second(text: str, key: str) -> int | None:
    """Line of the second time a key is written, in whichever mapping."""
    found = list(re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text))
    return text[: found[1].start()].count("\n") + 1 if len(found) > 1 else None


# --- YAML -----------------------------------------------------------------------------------------

_HINTS = {
    "mapping values are not allowed here": (
        "a second colon on the line, or an indentation that does not fit: put text that has a "
        "colon in quotes"
    ),
    "found unexpected end of stream": "a quotation mark is opened and never closed",
    "expected <block end>": "the indentation does not fit the lines above",
    "expected the node content": "a value is missing, or a bracket is never closed",
    "expected ',' or '}'": "a { is never closed, or a comma is missing",
    "expected ',' or ']'": "a [ is never closed, or a comma is missing",
    "could not find expected ':'": "a name has no colon after it",
    "that cannot start any token": "text that begins with a special sign must be put in quotes",
}


def _plain_words(error: MarkedYAMLError) -> str:
    problem = str(error.problem)
    for sign, hint in _HINTS.items():
        if sign in problem:
            return hint
    return problem


def _no_blank(text: str, line: int) -> None:
    """Refuse ``price:12`` on the line that YAML cannot read, or one of the two before."""
    first = max(line - 3, 0)
    for number, seen in enumerate(text.split("\n")[first:line], start=first + 1):
        found = re.fullmatch(r"\s*(?:- )?([A-Za-z]\w*):([^\s:'\"#]+)", seen)
        if found is not None:
            message = f"there is no blank after the colon: write {found[1]}: {found[2]}"
            raise _RefusedError(message, number) from None


class _Builder:
    """Builds nodes from the parser's events; refuses what is not plain."""

    def __init__(self, text: str) -> None:
        tab = re.search(r"^ *\t", text, re.MULTILINE)
        if tab is not None:
            line = text[: tab.start()].count("\n") + 1
            raise _RefusedError("a tab in the indentation: write spaces", line)
        self.text = text
        self.faults: list[Fault] = []
        self.events = self._events(text)

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if "flow" in str(error.context) or "quoted" in str(error.context):
                mark = error.context_mark or mark  # where it was opened
            line = mark.line + 1 if mark is not None else None
            if line is not None:
                _no_blank(text, line)
            raise _RefusedError(f"cannot be read as YAML: {_plain_words(error)}", line) from None
        except ReaderError as error:
            line = text[: error.position].count("\n") + 1
            raise _RefusedError("a character that cannot be printed: take it out", line) from None

    def build(self) -> tuple[Node, list[Fault]]:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, ev.DocumentStartEvent):
                if root is not None:
                    line = event.start_mark.line + 1
                    raise _RefusedError(
                        "a second document begins here (---): one file, one contract", line
                    )
            elif not isinstance(
                event, ev.StreamStartEvent | ev.StreamEndEvent | ev.DocumentEndEvent
            ):
                root = self._node(event, ())
        if root is None or root.value is None:
            raise _RefusedError("the file is empty: a contract begins with schema: 1", None)
        if not isinstance(root.value, dict):
            raise _RefusedError(
                "a contract is a mapping of names to values, schema: 1 and so on", root.line
            )
        return root, self.faults

    def _node(self, event: Any, path: Path) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, ev.AliasEvent) or event.anchor is not None:
            sign = "*" if isinstance(event, ev.AliasEvent) else "&"
            raise _RefusedError(
                f"{sign}{event.anchor}: anchors and aliases are not read; give the number a name "
                f"under assumptions and write that name",
                line,
                path,
            )
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise _RefusedError(f"the tag {tag} is not read: write plain values", line, path)
        if len(path) > DEEPEST:
            raise _RefusedError(f"is nested more than {DEEPEST} deep", line)
        if isinstance(event, ev.ScalarEvent):
            start, end = event.start_mark.index, event.end_mark.index
            plain = event.style in (None, "")
            value = scalar(event.value) if plain else event.value
            return Node(value, line, start, start + len(self.text[start:end].rstrip()))
        if isinstance(event, ev.SequenceStartEvent):
            return self._list(event, path)
        return self._mapping(event, path)

    def _list(self, opening: Any, path: Path) -> Node:
        node = Node(
            [], opening.start_mark.line + 1, opening.start_mark.index, 0, opening.flow_style
        )
        for event in self.events:
            if isinstance(event, ev.SequenceEndEvent):
                return self._ended(node, event)
            part = self._node(event, (*path, len(node.parts)))
            node.parts[len(node.parts)] = part
            node.value.append(part.value)
        raise AssertionError("the parser ends every list")

    def _mapping(self, opening: Any, path: Path) -> Node:
        node = Node(
            {}, opening.start_mark.line + 1, opening.start_mark.index, 0, opening.flow_style
        )
        for event in self.events:
            if isinstance(event, ev.MappingEndEvent):
                return self._ended(node, event)
            mark = event.start_mark
            line = mark.line + 1
            if not isinstance(event, ev.ScalarEvent) and not isinstance(event, ev.AliasEvent):
                raise _RefusedError("a name is text, not a list or a mapping", line, path)
            key = self._node(event, path).value
            if key == "<<":
                raise _RefusedError(
                    "<< (a merged mapping) is not read: write the clause out, or give its numbers "
                    "names under assumptions",
                    line,
                    path,
                )
            part = self._node(next(self.events), (*path, key_text(key)))
            said = _COLON.match(self.text, event.end_mark.index) is not None
            if node.flow and part.value is None and not said and key_text(key)[:1].isdigit():
                self._comma_in_a_number(node, mark.index, event.end_mark.index, path)
                continue
            if any(key_text(key) == key_text(other) for other in node.parts):
                first = next(k.line for o, k in node.keys.items() if key_text(o) == key_text(key))
                message = f"is written twice, first on line {first}: keep one"
                self.faults.append(Fault((*path, key_text(key)), message, line))
                continue
            node.keys[key] = Key(line, mark.index, event.end_mark.index, mark.column)
            node.parts[key] = part
            node.value[key] = part.value
        raise AssertionError("the parser ends every mapping")

    def _comma_in_a_number(self, node: Node, start: int, end: int, path: Path) -> None:
        """``{price: 2,100}`` is read as the price 2 and an entry called 100."""
        name, before = next(reversed(node.parts.items()), (None, None))
        line = self.text[:start].count("\n") + 1
        between = r",(\d{3},)*"  # further commas of the same number
        if before is None or not re.fullmatch(between, self.text[before.end : start]):
            alone = self.text[start:end].strip()
            message = (
                f"{alone} stands alone: a number has no comma in it, and a list of numbers stands "
                f"in square brackets, [0.2, 0.3]"
            )
            if all(fault.path != path for fault in self.faults):
                self.faults.append(Fault(path, message, line))
            return
        here = (*path, str(name))
        self.faults = [fault for fault in self.faults if fault.path != here]
        seen = self.text[before.start : end].strip()
        meant = number_meant(seen)
        remedy = f"write {meant}" if meant else "a number has no comma in it, such as 1234.5"
        self.faults.append(Fault(here, f"seen {seen}: {remedy}", line))

    @staticmethod
    def _ended(node: Node, closing: Any) -> Node:
        last = next(reversed(node.parts.values()), None)
        node.end = closing.end_mark.index if node.flow or last is None else last.end
        return node


_COLON = re.compile(r"\s*:")
_INT = re.compile(r"[-+]?\d{1,18}")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}


def scalar(text: str) -> Any:
    """What an unquoted word means: YAML 1.2's core schema, and dates.

    Examples
    --------
    >>> scalar("500"), scalar("0.5"), scalar("true"), scalar("7_900"), scalar("2027-04-01")
    (500, 0.5, True, '7_900', datetime.date(2027, 4, 1))
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text  # not a day of the calendar: the field that wants a date says so
    return text
