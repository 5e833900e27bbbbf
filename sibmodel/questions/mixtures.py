"""Mixtures of two contracts: some parts of the one, the others of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations
from typing import Any

from sibmodel.contract.assumptions import ByGroup
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError

PARTS: dict[str, tuple[str, ...]] = {
    "price": ("payments",),
    "volume": ("cohorts",),
    "rate": ("outcomes", "performance", "headline"),
    "cost": ("delivery",),
    "capital": ("capital",),
    "value": ("value", "prices", "parties"),
    "time": ("timeline",),
}
"""Parts of a contract, and the sections of the file that are theirs."""

_PART_OF = {section: part for part, sections in PARTS.items() for section in sections}
_ABOUT = ("source", "grade", "note")

Some = frozenset[str]


class Mixtures:
    """The parts in which two contracts differ, and every mixture of them.

    Parameters
    ----------
    reference, other : Contract
    stands : callable
        Whether a mixture can be simulated.

    Attributes
    ----------
    parts : list of frozenset of str
        Parts that differ; those that cannot be had apart in one set.
    """

    def __init__(
        self, reference: Contract, other: Contract, stands: Callable[[Contract], bool]
    ) -> None:
        self._pair, self._stands = (reference, other), stands
        self._said = reference.to_dict(), other.to_dict()
        self._users = _users(reference, other)
        self._why: dict[Some, str] = {}
        self.parts = [frozenset({part}) for part in PARTS if self._differs(part)]
        self._join_what_is_shared()
        self._join_what_cannot_stand()
        self.parts.sort(key=lambda some: min(map([*PARTS].index, some)))

    def of(self, chosen: frozenset[int]) -> Contract:
        """The mixture in which the chosen parts, by place, are the second contract's."""
        mixture = self._mixture(frozenset(chain.from_iterable(self.parts[n] for n in chosen)))
        assert mixture is not None
        return mixture

    def label(self, place: int) -> str:
        """What the reader calls a part, or several together."""
        return _listed([part for part in PARTS if part in self.parts[place]])

    def why_together(self, place: int) -> str:
        """Why several parts are taken together, or an empty text."""
        some = self.parts[place]
        whys = [why for inner, why in self._why.items() if inner <= some]
        return f"{self.label(place)} together: {'; '.join(whys)}" if whys else ""

    # --- what differs -----------------------------------------------------------------------------

    def _differs(self, part: str) -> bool:
        a, b = self._said
        return any(_bare(a.get(section)) != _bare(b.get(section)) for section in PARTS[part])

    def _join_what_is_shared(self) -> None:
        """Parts that use an assumption that changed, or that a changed correlation joins."""
        a, b = (said.get("assumptions", {}) for said in self._said)
        for name in a.keys() & b.keys():
            if _bare(a[name]) != _bare(b[name]) and self._users.get(name):
                self._join(self._users[name], f"{name} has changed, and all of them use it")
        for clause in self._own_correlations(0) + self._own_correlations(1):
            self._join(self._touched(clause), "a correlation between their numbers has changed")

    def _touched(self, clause: dict[str, Any]) -> Some:
        """The parts whose numbers a correlation joins."""
        found: set[str] = set()
        for name in clause["between"]:
            section = name.partition(".")[0]
            found |= {_PART_OF[section]} if section in _PART_OF else self._users.get(name, set())
        return frozenset(found)

    def _own_correlations(self, side: int) -> list[dict[str, Any]]:
        """The correlations that one contract has and the other has not."""
        others = [_bare(clause) for clause in self._said[1 - side].get("correlations", [])]
        mine = self._said[side].get("correlations", [])
        return [clause for clause in mine if _bare(clause) not in others]

    def _join(self, some: Some, why: str) -> None:
        if not some:
            return
        joined = frozenset(chain(some, *(group for group in self.parts if group & some)))
        self.parts = [group for group in self.parts if not group & some] + [joined]
        if len(some) > 1:
            self._why.setdefault(frozenset(some), why)

    # --- what can stand ---------------------------------------------------------------------------

    def _join_what_cannot_stand(self) -> None:
        """Join parts, two at a time, until every mixture can be simulated."""
        falls = {changed for changed in _unions(self.parts) if not self._can(changed)}
        while falls:
            pairs = combinations(self.parts, 2)
            first, second = min(pairs, key=lambda pair: self._left(falls, *pair))
            why = "one cannot stand without the other"
            self._join(first | second, why if len(first | second) == 2 else "none can stand alone")
            falls &= set(_unions(self.parts))

    def _left(self, falls: set[Some], first: Some, second: Some) -> int:
        """How many mixtures still fall if two parts are taken together."""
        return sum((first <= changed) == (second <= changed) for changed in falls)

    def _can(self, changed: Some) -> bool:
        mixture = self._mixture(changed)
        if mixture is None:
            return False
        return any(mixture is whole for whole in self._pair) or self._stands(mixture)

    def _mixture(self, changed: Some) -> Contract | None:
        """The contract with these parts of the second; None if it has faults."""
        if not changed:
            return self._pair[0]
        if all(group <= changed for group in self.parts):
            return self._pair[1]
        a, b = self._said
        data = {"schema": a["schema"], "currency": a["currency"], "name": f"{a['name']}, changed"}
        for part, sections in PARTS.items():
            side = b if part in changed else a
            data |= {section: side[section] for section in sections if section in side}
        named = b.get("assumptions", {}) | a.get("assumptions", {})
        for name in named:
            if self._users.get(name, frozenset()) & changed and name in b.get("assumptions", {}):
                named[name] = b["assumptions"][name]
        if named:
            data["assumptions"] = named
        own = (self._own_correlations(0), self._own_correlations(1))
        kept = [clause for clause in a.get("correlations", []) if clause not in own[0]]
        kept += [clause for clause in own[0] if not self._touched(clause) & changed]
        kept += [clause for clause in own[1] if self._touched(clause) & changed]
        if kept:
            data["correlations"] = kept
        try:
            return Contract.from_dict(data)
        except ContractError:
            return None


def _users(*contracts: Contract) -> dict[str, Some]:
    """The parts that use each named assumption, in any of the contracts."""
    found: dict[str, set[str]] = {}
    for contract in contracts:
        for at in contract.numbers():
            numbers = at.number.by_group.values() if isinstance(at.number, ByGroup) else [at.number]
            for number in numbers:
                if isinstance(number, str):
                    found.setdefault(number, set()).add(_PART_OF[str(at.path[0])])
    return {name: frozenset(parts) for name, parts in found.items()}


def _unions(groups: list[Some]) -> Iterator[Some]:
    """Every choice of some of the groups, as the parts in them."""
    for size in range(len(groups) + 1):
        for some in combinations(groups, size):
            yield frozenset(chain.from_iterable(some))


def _bare(data: Any) -> Any:
    """Plain data without what is only said about it: sources, grades, notes."""
    if isinstance(data, dict):
        return {k: _bare(v) for k, v in data.items() if not (k in _ABOUT and isinstance(v, str))}
    return [_bare(part) for part in data] if isinstance(data, list) else data


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
