"""Limits, floors and payers made up by hypothesis."""

from __future__ import annotations

from typing import Any

from generate_numbers import Data, maybe
from generate_scene import Scene, groups_of
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

# --- limits and floors ----------------------------------------------------------------------------


def size(draw: DrawFn, scene: Scene, sizes: tuple[float, ...], *, number: bool) -> Any:
    """How much a limit allows: money, a number of claims, or both."""
    amount: Any = draw(st.sampled_from(sizes))
    if not number or maybe(draw, 0.6):
        return amount
    count: Any = float(draw(st.integers(0, 5)))
    if maybe(draw, 0.3):
        of = draw(st.sets(st.sampled_from(sorted(scene.of)), min_size=1, max_size=2))
        count = {"share": draw(st.sampled_from([0.25, 0.5, 1.0])), "of": sorted(of)}
    return {"number": count} | ({"amount": amount} if maybe(draw, 0.3) else {})


def scopes(
    draw: DrawFn, scene: Scene, sizes: dict[str, tuple[float, ...]], *, number: bool
) -> Data:
    """Limits on some scopes."""
    limits: Data = {}
    for scope, some in sizes.items():
        if not maybe(draw, 0.35):
            continue
        if scope in ("total", "contract") and maybe(draw, 0.2):
            later = draw(st.integers(1, max(scene.last, 1)))
            rows = {t: size(draw, scene, some, number=number) for t in (0, later)}
            limits[scope] = {"from": rows}
        elif scope == "person" and number and maybe(draw, 0.3):
            limits[scope] = {"number": float(draw(st.integers(0, 4)))}
        else:
            limits[scope] = size(draw, scene, some, number=number and scope != "person")
    return limits


RULE_SIZES = {
    "person": (20.0, 50.0),
    "cohort": (70.0, 160.0),
    "period": (40.0, 110.0, 200.0),
    "year": (90.0, 250.0),
    "total": (100.0, 333.3, 700.0),
}


def allowed(scene: Scene, pays: str | None) -> tuple[dict[str, tuple[float, ...]], bool]:
    """The scopes a rule's limits may have, and whether they may be of numbers."""
    if pays in scene.of:
        return RULE_SIZES, True
    each = pays is not None and "weights" not in scene.performance[pays]
    each = each and scene.over(pays or "") in ("each_cohort", "each_group")
    gone = {"person"} if each else {"person", "cohort"}
    return {scope: sizes for scope, sizes in RULE_SIZES.items() if scope not in gone}, False


def rule_limits(draw: DrawFn, scene: Scene, pays: str | None) -> Data:
    """Limits of one rule."""
    sizes, number = allowed(scene, pays)
    return scopes(draw, scene, sizes, number=number)


def top_limits(draw: DrawFn, scene: Scene, found: Data) -> Data:
    """Limits on all payments, and one or two with a name."""
    top = {
        "person": (15.0, 60.0, 110.0),
        "cohort": (90.0, 300.0),
        "period": (150.0, 300.0),
        "year": (150.0, 600.0),
        "contract": (80.0, 400.0, 1000.0),
    }
    limits = scopes(draw, scene, top, number=False)
    for name in ("joint", "other"):
        if len(found) < 2 or not maybe(draw, 0.25):
            continue
        of = sorted(draw(st.sets(st.sampled_from(sorted(found)), min_size=1, max_size=3)))
        kinds = [allowed(scene, found[rule].get("pays")) for rule in of]
        sizes = {s: x for s, x in RULE_SIZES.items() if all(s in kind for kind, _ in kinds)}
        named = scopes(draw, scene, sizes, number=all(number for _, number in kinds))
        if named:
            limits[name] = {"of": of} | named
    return limits


def floors(draw: DrawFn, found: Data) -> Data:
    """The least that is paid, below every limit of the same span."""
    sizes = {"period": (3.0, 9.0), "year": (12.0, 35.0), "contract": (25.0, 75.0)}
    floor = {s: draw(st.sampled_from(x)) for s, x in sizes.items() if maybe(draw, 0.4)}
    if maybe(draw, 0.3):
        of = sorted(draw(st.sets(st.sampled_from(sorted(found)), min_size=1, max_size=2)))
        floor["least"] = {"of": of, draw(st.sampled_from(["period", "year", "total"])): 8.0}
    return floor


# --- payers ---------------------------------------------------------------------------------------


def payers(draw: DrawFn, scene: Scene) -> Data:
    """Shares that add to 1, or a payer of the rest; some with limits of their own."""
    splits: dict[str, Data] = {
        "one": {"council": 1.0},
        "two": {"council": 0.6, "fund": 0.4},
        "three": {"council": 0.5, "fund": 0.3, "health": 0.2},
        "rest": {"council": 0.5, "fund": "rest", "health": 0.25},
        "by date": {
            "council": {"from": {0: 0.3, 1: 0.8}},
            "fund": {"from": {0: 0.7, 1: 0.2}},
        },
        "by date, rest": {"council": {"from": {1: 0.8}}, "fund": "rest"},
    }
    split = dict(splits[draw(st.sampled_from(sorted(splits)))])
    sizes = {"period": (12.0, 50.0), "year": (40.0, 120.0), "total": (60.0, 300.0)}
    for name, share in list(split.items()):
        if scene.limited and maybe(draw, 0.4):
            stated = scopes(draw, scene, sizes, number=False)
            if stated:
                split[name] = {"share": share, "limits": stated}
    return split


def own_payers(draw: DrawFn, scene: Scene, rule: Data, split: Data) -> Data:
    """A rule's own payers, of those the contract has."""
    first, last = next(iter(split)), list(split)[-1]
    groups = groups_of(scene, rule.get("pays"))
    if groups and maybe(draw):
        some = {group: draw(st.sampled_from([0.2, 0.9])) for group in groups}
        if maybe(draw):
            return {first: {"by_group": some}, last: "rest"}
        others = {group: 1 - share for group, share in some.items()}
        return {first: {"by_group": some}, last: {"by_group": others}}
    return {first: 0.25, last: draw(st.sampled_from([0.75, "rest"]))}


# --- limits that nest -----------------------------------------------------------------------------


def nested_limits(draw: DrawFn, data: Data) -> None:
    """Give a contract limits of money, each of whose scopes lies within the next one's.

    Left out, because what is dearer may pay less there: limits on number (used up by claims, not
    by money); payers' limits; floors; and limits that overlap without containing one another, such
    as a person's over several rules beside a rule's own, a person's over several periods beside a
    period's, or the contract's by year beside a rule's total.
    """
    payments = data["payments"]
    chosen = draw(st.sampled_from(["rule", "person", "cohort", "time", "named"]))
    for rule in payments["rules"].values():
        scopes = {"period": 90.0}
        if chosen in ("rule", "named"):
            scopes |= {"year": 150.0, "total": 250.0}
        pays = rule.get("pays")
        if pays in data["cohorts"] or "unit" not in data["outcomes"].get(pays, {"unit": ""}):
            scopes["person"] = 30.0  # who claims once does so in one period
        elif pays in data["outcomes"] and chosen in ("rule", "named") and maybe(draw):
            scopes = {"person": 30.0, "total": 250.0}
        if chosen not in ("person", "cohort"):
            limits = {scope: size for scope, size in scopes.items() if maybe(draw)}
            rule["limits"] = {s: size * draw(st.sampled_from([1, 2])) for s, size in limits.items()}
    top: dict[str, Data] = {
        "rule": {"contract": 300.0},
        "person": {"person": 60.0, "contract": 300.0},
        "cohort": {"person": 60.0, "cohort": 130.0, "contract": 300.0},
        "time": {"period": 120.0, "year": 200.0, "contract": 350.0},
        "named": {"some": {"of": [*payments["rules"]][:2], "total": 210.0}, "contract": 400.0},
    }
    payments["limits"] = top[chosen]
