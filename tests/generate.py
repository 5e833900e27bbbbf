"""Contracts made up by hypothesis: small, odd, and with every clause the language has.

``contracts()`` gives plain data for ``Contract.from_dict``. Its arguments forbid what a law does
not hold for, so that a test says on its face where the law ends.
"""

from __future__ import annotations

from typing import Any

from generate_numbers import Data, by_group, maybe, money, shares
from generate_payments import payments
from generate_scene import Scene
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from sibmodel import Contract

__all__ = ["Data", "contracts"]

UNITS = {"month": "week", "quarter": "week", "half_year": "month", "year": "month"}
"""A unit of time by step of the timeline: a few to a few dozen of them in a period."""


def cohort(draw: DrawFn, name: str, *, referrals: bool, certain: bool) -> Data:
    """A cohort of a few people."""
    clause: Data = {}
    if maybe(draw):
        labels = [f"{name}_{kind}" for kind in "xyz"[: draw(st.integers(1, 3))]]
        clause["groups"] = {label: draw(st.integers(1, 6)) for label in labels}
        size = sum(clause["groups"].values())
    else:
        clause["people"] = size = draw(st.integers(1, 12))
    if maybe(draw, 0.6):
        cuts = sorted(draw(st.lists(st.integers(0, size), max_size=2)))
        clause["intake"] = [b - a for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
    else:
        ramp: Data = {"over": draw(st.integers(1, 3))}
        if maybe(draw):
            ramp["ramp"] = "linear"
        if maybe(draw, 0.3):
            ramp["from"] = draw(st.integers(0, 2))
        clause["intake"] = ramp
    if certain:
        return clause
    if referrals and maybe(draw, 0.4):
        clause["referrals"] = draw(
            st.sampled_from([0.0, 0.7, 1.3, {"uniform": [0.4, 1.4]}, {"pert": [0.7, 0.95, 1.05]}])
        )
    if maybe(draw, 0.3):
        clause["alikeness"] = draw(st.sampled_from([0.02, 0.2, 0.6]))
        clause["shared_by"] = draw(st.sampled_from(["cohort", "start"]))
    if maybe(draw, 0.3):
        clause["togetherness"] = draw(st.sampled_from([0.3, 0.9, 1.0]))
    return clause


# --- outcomes -------------------------------------------------------------------------------------


def outcomes(
    draw: DrawFn, cohorts: list[str], groups: list[str], step: str, *, anyway: bool, certain: bool
) -> Data:
    """Ladders of one cohort or several, with branches, numbers a person, and either-or."""
    found: Data = {}
    name = "both" if len(cohorts) > 1 else cohorts[0]
    for letter in "abcde"[: draw(st.integers(1, 4))]:
        once = [n for n in found if "unit" not in found[n]]
        needs = draw(st.sampled_from([None, *once]))
        clause: Data = {"needs": needs} if needs else {"cohort": cohorts}
        if len(cohorts) == 1 and not needs:
            clause["cohort"] = cohorts[0]
        if len(once) > 1 and maybe(draw, 0.25):
            some = draw(st.permutations(once))[:2]
            clause = {"needs": {"any": some} if maybe(draw) else some}
        if maybe(draw, 0.3):
            clause |= unit(draw, groups, step, anyway=anyway, certain=certain)
        else:
            clause |= once_a_person(draw, groups, anyway=anyway, certain=certain)
        for field, chance in (("claimed", 0.3), ("attribution", 0.3)):
            if maybe(draw, chance):
                clause[field] = by_group(draw, shares(certain=certain), groups)
        if "held" not in clause and maybe(draw, 0.6):
            clause["after"] = draw(st.integers(0, 2))
        found[f"{name}_{letter}"] = clause
    if any(_compared(clause) for clause in found.values()):
        for clause in found.values():  # a comparison group takes the same steps
            clause.setdefault("anyway", 0.1)
    once = [n for n in found if "unit" not in found[n]]
    if once and maybe(draw, 0.4):
        chosen = found[draw(st.sampled_from(once))]
        beside = [n for n in once if found[n].get("needs") == chosen.get("needs")]
        if len(beside) > 1:
            chosen["one_of"] = beside
            spread: list[Any] = [0.0, 0.2]
            if not certain:  # sums may pass 1 in some runs only
                spread.append({"uniform": [0.1, 0.7]})
            for other in beside:
                for field in {"rate", "anyway"} & set(found[other]):
                    found[other][field] = draw(st.sampled_from(spread))
    return found


def _compared(clause: Data) -> bool:
    return isinstance(clause.get("against"), dict) and "by_group" not in clause["against"]


def once_a_person(draw: DrawFn, groups: list[str], *, anyway: bool, certain: bool) -> Data:
    """An outcome that happens once, perhaps after it was held, perhaps with a counterfactual."""
    clause: Data = {"rate": by_group(draw, shares(certain=certain), groups)}
    if anyway or maybe(draw, 0.7):
        clause["anyway"] = by_group(draw, shares(0.05, 0.6, certain=certain), groups)
    if maybe(draw, 0.25):
        clause["held"] = length(draw, groups)
    if maybe(draw, 0.2):
        clause["within"] = 5
    if maybe(draw, 0.5):
        against(draw, clause, groups, (0.08, 0.3, 0.5))
    return clause


def unit(draw: DrawFn, groups: list[str], step: str, *, anyway: bool, certain: bool) -> Data:
    """An outcome that one person can have several of: time within a window, or a whole number."""
    if maybe(draw):
        clause: Data = {"unit": UNITS[step], "within": draw(st.sampled_from([2, 3]))}
        if maybe(draw, 0.4):
            clause["held"] = length(draw, groups, (0, 1))
        # at least one period counts, and no period has less than 4 of the unit
        means: list[Any] = [0.0, 0.5, 1.2, 2.5] + [{"uniform": [0.4, 2.8]}] * (not certain)
    else:
        clause = {"unit": draw(st.sampled_from(["point", "claim"]))}
        means = [0.0, 0.4, 1.5] + [{"uniform": [0.3, 2.0]}] * (not certain)
        if maybe(draw, 0.4):
            clause["spread"] = draw(st.sampled_from([0.8, 1.7]))
    clause["rate"] = by_group(draw, st.sampled_from(means), groups)
    if anyway or maybe(draw, 0.7):
        clause["anyway"] = by_group(draw, st.sampled_from(means), groups)
    if maybe(draw, 0.5):
        against(draw, clause, groups, (0.5, 1.5, 3.0))
    return clause


def length(draw: DrawFn, groups: list[str], periods: tuple[int, ...] = (0, 1, 2)) -> Any:
    """A length in periods, perhaps of each group."""
    if groups and maybe(draw, 0.3):
        return {"by_group": {group: draw(st.sampled_from(periods)) for group in groups}}
    return draw(st.sampled_from(periods))


def against(draw: DrawFn, clause: Data, groups: list[str], rates: tuple[float, ...]) -> None:
    """Add a counterfactual that was agreed, and which way is better."""
    agreed = st.sampled_from(rates)
    designs: list[Data] = [
        {"control": "randomised"},
        {"control": "matched", "people_each": 3},
        {"control": "area", "people": 40},
        {"difference_in_differences": "additive"},
        {"difference_in_differences": "ratio"},
    ]
    kind = draw(st.sampled_from(["agreed", "agreed", "compared", "changes"]))
    if kind == "agreed":
        clause["against"] = by_group(draw, agreed, groups)
    elif kind == "compared":
        clause["against"] = draw(st.sampled_from(designs))
    else:
        clause["against"] = {"from": {0: draw(agreed), 2: draw(st.sampled_from(designs))}}
    if maybe(draw, 0.4):
        clause["better"] = "lower"


# --- costs and value ------------------------------------------------------------------------------


def cost(draw: DrawFn, last: int, groups: list[str], names: list[str]) -> Data:
    """A cost of one or two forms."""
    clause: Data = {}
    forms = ["amount", "amounts", "per_period", "per_start", "per_outcome"]
    for form in draw(st.lists(st.sampled_from(forms), min_size=1, max_size=2, unique=True)):
        if form == "amount":
            clause |= {"amount": draw(money((0.0, 300.0))), "at": draw(st.integers(0, last))}
        elif form == "amounts":
            clause["amounts"] = dict.fromkeys(draw(st.sets(st.integers(0, last), min_size=1)), 40.0)
        elif form == "per_period":
            clause["per_period"] = draw(money((25.0, 60.0)))
            clause["from"] = draw(st.integers(0, last))
            if maybe(draw):
                clause["for"] = draw(st.integers(1, last + 1 - clause["from"]))
        elif form == "per_start":
            clause["per_start"] = by_group(draw, money((5.0, 20.0)), groups)
            clause["over"] = draw(st.integers(1, 2))
        else:
            clause["per_outcome"] = {draw(st.sampled_from(names)): draw(money((3.0, 8.0)))}
    if maybe(draw, 0.3):
        clause["inflation"] = draw(st.sampled_from([0.03, {"uniform": [0.0, 0.1]}]))
    if draw(st.integers(0, 3)) == 0:
        clause["contingency"] = draw(st.sampled_from([0.1, {"uniform": [0.0, 0.4]}]))
    return clause


def value(draw: DrawFn, names: list[str]) -> Data:
    """A discount schedule and some benefits, one of them perhaps a transfer."""
    found: Data = {"discount": draw(st.sampled_from(["green_book_2026", {"rate": 0.05}]))}
    if maybe(draw, 0.3):
        found["at"] = draw(st.sampled_from([2, "2025-06-01", "2030-06-01"]))
    if maybe(draw, 0.3):
        found["timing"] = draw(st.sampled_from(["start", "middle", "end"]))
    if maybe(draw, 0.2):
        found["horizon"] = draw(st.sampled_from([1, 2.25, {"years": 10}]))
    if maybe(draw, 0.3):
        found["optimism"] = draw(st.sampled_from(["gmca", {"C": {"uniform": [0.1, 0.3]}, "D": 1}]))
    if maybe(draw, 0.2):
        elasticity = draw(st.sampled_from([1.3, {"uniform": [1.0, 1.5]}]))
        found["weights"] = {"reference_income": 30000, "elasticity": elasticity}
    if maybe(draw, 0.2):
        found["public_borrowing"] = {"rate": 0.045, "name": "a public loan"}
    if maybe(draw, 0.2):
        found["public_funds_cost"] = draw(st.sampled_from([0.25, {"uniform": [0.1, 0.3]}]))
    benefits: Data = {}
    for number in range(draw(st.integers(0, 3))):
        benefits[f"benefit_{number}"] = benefit(draw, names)
    if benefits:
        found["benefits"] = benefits
    return found


def benefit(draw: DrawFn, names: list[str]) -> Data:
    """What one outcome is worth."""
    found: Data = {
        "of": draw(st.sampled_from(names)),
        "per_outcome": draw(money((50.0, 400.0))),
        "to": draw(st.sampled_from(["council", "people", "provider"])),
        "grade": draw(st.sampled_from("CD")),
    }
    if maybe(draw, 0.4):
        found["from"] = "treasury"
    if maybe(draw, 0.4):
        found["prices"] = "2024-25"
    if maybe(draw, 0.4):
        found["lag"] = draw(st.integers(0, 2))
    if maybe(draw, 0.3):
        found["profile"] = [1.0, 0.75, 0.5]
    elif maybe(draw):
        found["years"] = draw(st.integers(1, 33))
        found["drop_off"] = draw(st.sampled_from([0.0, 0.3, {"uniform": [0.1, 0.2]}]))
    if maybe(draw, 0.2):
        found["discount"] = "green_book_2026_health"
    if maybe(draw, 0.4):
        found["cashable"] = draw(st.sampled_from([0.5, 1.0, {"uniform": [0.0, 0.4]}]))
    if maybe(draw, 0.3):
        part: Data = {}
        for field in draw(st.sets(st.sampled_from(["leakage", "displacement", "substitution"]))):
            part[field] = draw(st.sampled_from([0.0, 0.3, {"uniform": [0.1, 0.2]}]))
        if maybe(draw):
            part["multiplier"] = 1.2
        found |= part
    if maybe(draw, 0.2):
        found["reference"] = draw(st.sampled_from([{"leakage": 0.1}, {"multiplier": 1.5}]))
    return found


def investor(draw: DrawFn) -> Data:
    """One investor."""
    tranche = {
        "commitment": draw(st.sampled_from([0.0, 100.0, 350.0, 2000.0])),
        "draw": draw(st.sampled_from(["as_needed", "at_once"])),
        "share_of_surplus": 1.0,
    }
    found: Data = {"recycle": draw(st.booleans()), "tranches": {"investor": tranche}}
    if maybe(draw):
        when = st.sampled_from(["each_period", "after_delivery", "at_end"])
        found["distribute"] = draw(when)
    return found


# --- the contract ---------------------------------------------------------------------------------


@st.composite
def contracts(
    draw: DrawFn,
    *,
    limited: bool = True,
    anyway: bool = False,
    capital: bool = False,
    valued: bool = False,
    referrals: bool = True,
    settled: bool = False,
    read: bool = True,
    gated: bool = True,
    floored: bool = False,
) -> Data:
    """Plain data of a contract.

    Parameters
    ----------
    limited : bool
        Whether there may be limits and floors.
    anyway, capital, valued : bool
        Whether every outcome states its anyway; whether there is capital, and a value section,
        in every contract (otherwise in some).
    referrals : bool
        Whether others than planned may start.
    settled : bool
        A contract to settle: every number is certain, and it ends with payments.
    read : bool
        Whether performances may be read.
    gated : bool
        Whether rules may be tested (``when``), give way (``unless``) or pay back.
    floored : bool
        Whether there are floors in every contract (otherwise in some).
    """
    step = draw(st.sampled_from(["year", "half_year", "quarter", "month"]))
    cohorts: Data = {}
    groups: dict[str, list[str]] = {}
    for name in ("north", "south")[: draw(st.sampled_from([1, 1, 2]))]:
        cohorts[name] = cohort(draw, name, referrals=referrals, certain=settled)
        groups[name] = list(cohorts[name].get("groups", {}))
    every: Data = {}
    of: dict[str, list[str]] = dict(groups)
    scopes = [[name] for name in cohorts]
    if len(cohorts) > 1 and maybe(draw):
        scopes = [[*cohorts]]
    for some in scopes:
        mine = groups[some[0]]
        if len(some) > 1:
            mine = [label for name in some for label in groups[name] or [name]]
        found = outcomes(draw, some, mine, step, anyway=anyway, certain=settled)
        every |= found
        of |= dict.fromkeys(found, mine)
    wait = draw(st.sampled_from([0, 0, 1, 2]))
    data: Data = {
        "schema": 1,
        "name": "generated",
        "currency": "GBP",
        "prices": {"base": "2027-28", "inflation": 0.02},
        "timeline": {
            "start": "2027-06-01",
            "step": step,
            "periods": 60,
            "timing": draw(st.sampled_from(["start", "middle", "end"])),
        },
        "parties": {"council": {"public": True}, "treasury": {"public": True}},
        "cohorts": cohorts,
        "outcomes": every,
        "payments": {"rules": {"any": {"pays": next(iter(every)), "price": 1.0}},
                     "payers": {"council": 1.0}},
    }  # fmt: skip
    clauses = Contract.model_validate(data)
    last = max(cohort.last_start for cohort in clauses.cohorts.values()) + 1
    last = max(last, *(clauses.last_due(name) for name in every)) + wait
    last += draw(st.integers(0, 2))
    data["timeline"]["periods"] = last + 1
    scene = Scene(cohorts, every, of, last, wait, certain=settled, limited=limited, gated=gated)
    data |= payments(draw, scene, read=read, floored=floored)
    if settled:
        return data
    labels = [g for mine in groups.values() for g in mine] if all(groups.values()) else []
    if maybe(draw, 0.3):
        running = cost(draw, last, labels, list(every))
        payer = draw(st.sampled_from(list(data["payments"]["payers"])))
        data["payments"]["running_costs"] = {payer: running}
    if capital or maybe(draw, 0.7):
        data["delivery"] = {
            "costs": {
                f"cost_{i}": cost(draw, last, labels, list(every))
                for i in range(draw(st.integers(1, 2)))
            }
        }
        if capital or maybe(draw, 0.8):
            data["capital"] = investor(draw)
    if valued or maybe(draw, 0.6):
        data["value"] = value(draw, list(every))
        if "weights" in data["value"]:
            data["parties"]["people"] = {"income": 20000}
    return data
