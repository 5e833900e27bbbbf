"""Payment rules made up by hypothesis: performances, rules, and what stands around them."""

from __future__ import annotations

from typing import Any

from generate_limits import floors, own_payers, payers, rule_limits, top_limits
from generate_numbers import (
    FIGURES,
    OWN,
    PRICES,
    Data,
    bands,
    by_date,
    by_group,
    figure_table,
    maybe,
    money,
    shares,
)
from generate_scene import Scene, groups_of
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

SIGNED = (-80.0, -25.0, 0.0, 30.0, 120.0)
BACK = "guarantor"


def payments(draw: DrawFn, scene: Scene, *, read: bool, floored: bool) -> Data:
    """The sections performance and payments."""
    if read and maybe(draw, 0.6):
        performances(draw, scene)
    clause: Data = {"payers": payers(draw, scene)}
    waits = draw(st.integers(0, scene.wait)) if maybe(draw, 0.5) else 0
    if waits:
        clause["paid_after"] = waits
    if maybe(draw, 0.2):
        index: list[Any] = [1.1, {"from": {0: 1.0, 2: 0.5}}, {"from": {0: 1.0, 1: 0.0, 2: 1.0}}]
        index += [] if scene.certain else [{"uniform": [0.8, 1.2]}]
        clause["factors"] = {"index": draw(st.sampled_from(index))}
    clause["rules"] = rules(draw, scene, clause)
    if scene.limited:
        limits = top_limits(draw, scene, clause["rules"])
        if limits:
            clause["limits"] = limits
        found = floors(draw, clause["rules"]) if floored or maybe(draw, 0.3) else {}
        if found:
            clause["floors"] = found
    if maybe(draw, 0.25):
        clause["tax"] = {"rate": 0.2, "included": draw(st.booleans())}
    data: Data = {"payments": clause}
    if scene.performance:
        data["performance"] = scene.performance
    return data


# --- performances ---------------------------------------------------------------------------------


def performances(draw: DrawFn, scene: Scene) -> None:
    """Figures of outcomes, one recorded as such, and a composite."""
    found = scene.performance
    for number in range(draw(st.integers(1, 3))):
        of = draw(st.sampled_from(sorted(scene.outcomes)))
        ways = ["count", "rate"]
        if "against" in scene.outcomes[of]:
            ways += 2 * ["additional", "additional_per_person", "relative"]
        over = ["each_cohort", "each_group", "each_period", "to_date", "everyone"]
        clause: Data = {"of": of, "as": draw(st.sampled_from(ways))}
        clause["over"] = draw(st.sampled_from(over))
        if maybe(draw, 0.3):
            dates = st.lists(st.integers(0, scene.last), min_size=1, max_size=2, unique=True)
            clause["at"] = sorted(draw(dates))
        if maybe(draw, 0.15):
            clause["unit"] = "percent"
        found[f"figure_{number}"] = clause
    if maybe(draw, 0.3):
        found["told"] = {"value": draw(shares(0.1, 0.6, certain=scene.certain))}
        found["told"]["over"] = draw(st.sampled_from(["everyone", "each_cohort", "to_date"]))
    if maybe(draw, 0.25):
        parts = draw(st.permutations(sorted(found)))[:2]
        weights = [0.7, draw(st.sampled_from([0.3, "told"] if "told" in found else [0.3]))]
        found["composite"] = {"weights": dict(zip(parts, weights, strict=False))}


# --- numbers of rules -----------------------------------------------------------------------------


def price(draw: DrawFn, scene: Scene, pays: str) -> Any:
    """Money per unit of what is paid for, in one of the forms it may take there."""
    one = money(PRICES, certain=scene.certain)
    sure = st.sampled_from(PRICES)
    forms = ["plain", "plain", "plain", "date", "bands"]
    if scene.readable(pays):
        forms.append("read")
    if pays in scene.of:
        forms.append("start")
    if pays in scene.performance or "unit" in scene.outcomes.get(pays, {}):
        forms.append("own")
    form = draw(st.sampled_from(forms))
    inner: SearchStrategy[Any] = one
    if form == "date":
        inner = st.just(by_date(draw, one, scene.last))
    elif form == "start":
        inner = st.just({"by": "start"} | by_date(draw, one, scene.last))
    elif form == "bands":
        inner = st.just(bands(draw, sure, OWN))
    elif form == "read":
        inner = st.just(read_table(draw, scene, pays, sure))
    elif form == "own":
        bounds = FIGURES if pays in scene.performance else OWN
        inner = st.just(figure_table(draw, sure, bounds))
    return by_group(draw, inner, groups_of(scene, pays))


def read_table(draw: DrawFn, scene: Scene, pays: str | None, one: SearchStrategy[Any]) -> Data:
    """A table read against a performance."""
    by = draw(st.sampled_from(scene.readable(pays)))
    return {"by": by} | figure_table(draw, one, FIGURES)


# --- rules ----------------------------------------------------------------------------------------


def rules(draw: DrawFn, scene: Scene, clause: Data) -> Data:
    """Rules of every kind."""
    found: Data = {}
    kinds = ["claims", "claims", "claims", "due"] + 3 * ["reading"] * bool(scene.performance)
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(kinds))
        if kind == "claims":
            rule = claims_rule(draw, scene, draw(st.sampled_from(sorted(scene.of))))
        elif kind == "reading":
            rule = reading_rule(draw, scene)
        else:
            rule = due_rule(draw, scene)
        if maybe(draw, 0.2):
            rule["factors"] = {"bid": 0.9}
            if scene.readable(rule.get("pays")) and maybe(draw, 0.3):
                parts = st.sampled_from([0.0, 0.5, 1.0])
                rule["factors"]["read"] = read_table(draw, scene, rule.get("pays"), parts)
            elif not scene.certain:
                rule["factors"]["share"] = {"uniform": [0.5, 1.5]}
        if "pays" in rule and maybe(draw, 0.2):
            deadweight = shares(0.1, 0.5, certain=scene.certain)
            rule["deadweight"] = by_group(draw, deadweight, groups_of(scene, rule["pays"]))
        if scene.gated and maybe(draw, 0.25):
            rule["when"] = tests(draw, scene, rule.get("pays"))
        if scene.gated and found and maybe(draw, 0.25):
            rule["unless"] = draw(st.sampled_from(sorted(found)))
        if len(clause["payers"]) > 1 and maybe(draw, 0.3):
            rule["payers"] = own_payers(draw, scene, rule, clause["payers"])
        if "pays" in rule:
            when(draw, scene, rule)
        limits = rule_limits(draw, scene, rule.get("pays")) if scene.limited else {}
        if limits:
            rule["limits"] = limits
        found[f"rule_{number}"] = rule
    return found


def claims_rule(draw: DrawFn, scene: Scene, pays: str) -> Data:
    """A rule for an outcome's claims or a cohort's starts."""
    rule: Data = {"pays": pays}
    counted = "unit" in scene.outcomes.get(pays, {})
    if counted and maybe(draw, 0.3):
        rule["amount"] = figure_table(draw, st.sampled_from([0.0, 15.0, 70.0]), OWN)
    elif maybe(draw, 0.15):
        rule["amount"] = by_group(draw, money(PRICES, certain=scene.certain), scene.of[pays])
    else:
        rule["price"] = price(draw, scene, pays)
    return rule


def reading_rule(draw: DrawFn, scene: Scene) -> Data:
    """A rule for a performance's readings, perhaps two-sided."""
    pays = draw(st.sampled_from(sorted(scene.performance)))
    rule: Data = {"pays": pays}
    if scene.gated and maybe(draw, 0.45):
        rule["paid_back_by"] = BACK
        rule["amount"] = figure_table(draw, st.sampled_from(SIGNED), FIGURES)
    elif maybe(draw, 0.5):
        rule["amount"] = figure_table(draw, st.sampled_from(PRICES), FIGURES)
    else:
        rule["price"] = price(draw, scene, pays)
    if scene.gated and maybe(draw, 0.2):
        rule["paid_back_by"] = BACK
    return rule


def due_rule(draw: DrawFn, scene: Scene) -> Data:
    """A fixed payment on dates."""
    due: Any = "every_period"
    if maybe(draw):
        due = sorted(draw(st.sets(st.integers(0, scene.last), min_size=1, max_size=3)))
    if maybe(draw, 0.3):
        return {"due": due, "amount": by_date(draw, st.sampled_from(PRICES), scene.last)}
    if scene.readable(None) and maybe(draw, 0.4):
        return {"due": due, "amount": read_table(draw, scene, None, st.sampled_from(PRICES))}
    return {"due": due, "amount": draw(money((15.0, 45.0), certain=scene.certain))}


def tests(draw: DrawFn, scene: Scene, pays: str | None) -> Data:
    """What must hold: of a performance, or of how many were accepted."""
    if scene.readable(pays) and maybe(draw, 0.6):
        name = draw(st.sampled_from(scene.readable(pays)))
        word = draw(st.sampled_from(["at_least", "above", "at_most", "below"]))
        return {name: {word: draw(st.sampled_from(FIGURES))}}
    name = draw(st.sampled_from(sorted(scene.of)))
    return {name: {draw(st.sampled_from(["at_least", "above"])): draw(st.integers(0, 3))}}


def when(draw: DrawFn, scene: Scene, rule: Data) -> None:
    """When what was earned is paid."""
    clause = scene.performance.get(rule["pays"], {})
    if clause and ("at" in clause or scene.over(rule["pays"]) == "everyone"):
        rule["paid_after"] = 0  # it may be read on the last day
    elif "weights" in clause:
        rule["paid_after"] = 0
    elif maybe(draw, 0.3):
        rule["paid_after"] = draw(st.integers(0, scene.wait))
    if maybe(draw, 0.2):
        dates = draw(st.sets(st.integers(0, scene.last), max_size=2))
        rule["due"] = sorted(dates | {scene.last})
