"""Contracts made up by hypothesis: small, odd, and with every clause the language has.

``contracts()`` gives plain data for ``Contract.from_dict``. Its arguments forbid what a law does
not hold for, so that a test says on its face where the law ends.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Data = dict[str, Any]

PAYERS = ("council", "fund", "health")
RATES = (0.0, 0.08, 0.3, 0.5, 0.77, 1.0)
PRICES = (0.0, 10.0, 35.0, 60.0, 99.9)


def maybe(draw: DrawFn, chance: float = 0.5) -> bool:
    """True about so often; False is the simpler case."""
    return draw(st.integers(0, 99)) >= 100 * (1 - chance)


def shares(low: float = 0.05, high: float = 0.95) -> SearchStrategy[Any]:
    """A number that is a share, mostly certain."""
    middle = (low + high) / 2
    return st.one_of(
        st.sampled_from([r for r in RATES if low - 0.05 <= r <= high + 0.05]),
        st.sampled_from(
            [
                {"pert": [low, middle, high]},
                {"uniform": [low, high]},
                {"triangular": [low, low, high]},
                {"beta": {"mean": middle, "sd": 0.1}},
                {"beta": {"achieved": 3, "of": 8, "elsewhere": 0.05}},
                {"samples": [low, middle, middle, high]},
                {"normal": {"mean": middle, "sd": 0.2}, "truncated": True},
                {"quantiles": {0.25: middle - 0.05, 0.5: middle, 0.75: middle + 0.05}},
            ]
        ),
    )


def money(amounts: tuple[float, ...]) -> SearchStrategy[Any]:
    """A number that is money, mostly certain."""
    return st.one_of(
        st.sampled_from(amounts),
        st.sampled_from(
            [
                {"pert": [0.5 * amounts[-1], 0.8 * amounts[-1], amounts[-1]]},
                {"lognormal": {"mean": amounts[-1], "sd": 0.2 * amounts[-1]}},
            ]
        ),
    )


def by_group(draw: DrawFn, one: SearchStrategy[Any], groups: list[str]) -> Any:
    """One number, or one for each group."""
    if not groups or maybe(draw, 0.6):
        return draw(one)
    numbers: Data = {"by_group": {group: draw(one) for group in groups}}
    if maybe(draw, 0.2):
        numbers["independent"] = True
    return numbers


def cohort(draw: DrawFn, name: str, *, referrals: bool = True) -> tuple[Data, int]:
    """A cohort, and the period of its last start."""
    clause: Data = {}
    if maybe(draw):
        labels = [f"{name}_{kind}" for kind in "xyz"[: draw(st.integers(1, 3))]]
        clause["groups"] = {label: draw(st.integers(1, 6)) for label in labels}
        size = sum(clause["groups"].values())
    else:
        clause["people"] = size = draw(st.integers(1, 12))
    if maybe(draw, 0.6):
        cuts = sorted(draw(st.lists(st.integers(0, size), max_size=2)))
        intake = [b - a for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
        clause["intake"] = intake
        last = max(t for t, people in enumerate(intake) if people)
    else:
        ramp: Data = {"over": draw(st.integers(1, 3))}
        if maybe(draw):
            ramp["ramp"] = "linear"
        if maybe(draw, 0.3):
            ramp["from"] = draw(st.integers(0, 2))
        clause["intake"] = ramp
        last = ramp.get("from", 0) + ramp["over"] - 1
    if referrals and maybe(draw, 0.4):
        clause["referrals"] = draw(
            st.sampled_from([0.0, 0.7, 1.3, {"uniform": [0.4, 1.4]}, {"pert": [0.7, 0.95, 1.05]}])
        )
    if maybe(draw, 0.3):
        clause["alikeness"] = draw(st.sampled_from([0.02, 0.2, 0.6]))
        clause["shared_by"] = draw(st.sampled_from(["cohort", "start"]))
    if maybe(draw, 0.3):
        clause["togetherness"] = draw(st.sampled_from([0.3, 0.9, 1.0]))
    return clause, last


def outcomes(draw: DrawFn, cohort_name: str, groups: list[str], *, anyway: bool) -> Data:
    """Ladders of one cohort, with branches, and followers that exclude one another."""
    found: Data = {}
    for number in range(draw(st.integers(1, 4))):
        name = f"{cohort_name}_{'abcd'[number]}"
        needs = draw(st.sampled_from([None, *found]))
        clause: Data = {"needs": needs} if needs else {"cohort": cohort_name}
        clause["rate"] = by_group(draw, shares(), groups)
        if anyway or maybe(draw, 0.7):
            clause["anyway"] = by_group(draw, shares(0.05, 0.6), groups)
        for field, chance in (("claimed", 0.3), ("attribution", 0.3)):
            if maybe(draw, chance):
                clause[field] = by_group(draw, shares(), groups)
        if maybe(draw, 0.6):
            clause["after"] = draw(st.integers(0, 2))
        found[name] = clause
    if maybe(draw, 0.4):
        name = draw(st.sampled_from(list(found)))
        beside = [n for n in found if found[n].get("needs") == found[name].get("needs")]
        if len(beside) > 1:
            found[name]["one_of"] = beside
            spread = [0.0, 0.2, {"uniform": [0.1, 0.7]}]  # sums may pass 1 in some runs only
            for other in beside:
                for field in {"rate", "anyway"} & set(found[other]):
                    found[other][field] = draw(st.sampled_from(spread))
    return found


def delay(found: Data, name: str) -> int:
    """Periods from start to an outcome."""
    needs = found[name].get("needs")
    return found[name].get("after", 0) + (delay(found, needs) if needs else 0)


def amounts(draw: DrawFn, scopes: dict[str, tuple[float, ...]], *, number: bool) -> Data:
    """Limits on some scopes; where ``number``, some of them on the number of claims."""
    limits: Data = {}
    for scope, sizes in scopes.items():
        if not maybe(draw, 0.4):
            continue
        size: Any = draw(st.sampled_from(sizes))
        if number and maybe(draw, 0.4):
            count = float(draw(st.integers(0, 5)))
            size = {"number": count} | ({"amount": size} if maybe(draw, 0.3) else {})
        limits[scope] = size
    return limits


def payers(draw: DrawFn, *, limits: bool) -> Data:
    """Shares that add to 1, or a payer of the rest; some with limits of their own."""
    kind = draw(st.sampled_from(["one", "two", "three", "rest"]))
    split: Data = {
        "one": {"council": 1.0},
        "two": {"council": 0.6, "fund": 0.4},
        "three": {"council": 0.5, "fund": 0.3, "health": 0.2},
        "rest": {"council": 0.5, "fund": "rest", "health": 0.25},
    }[kind]
    scopes = {"period": (40.0, 150.0), "year": (90.0, 300.0), "total": (130.0, 500.0)}
    for name, share in list(split.items()):
        if limits and share != "rest" and maybe(draw, 0.4):
            stated = amounts(draw, scopes, number=False)
            if stated:
                split[name] = {"share": share, "limits": stated}
    return split


def rules(draw: DrawFn, pays: dict[str, list[str]], split: Data, limited: bool) -> Data:
    """Rules for outcomes and for starts; ``pays`` has the groups of each thing to pay for."""
    payer_names = list(split)
    has_limits = isinstance(split[payer_names[-1]], dict)
    of_the_last = st.just(0.75) if has_limits else st.sampled_from([0.75, "rest"])
    found: Data = {}
    for number in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(pays)))
        rule: Data = {"pays": name, "price": by_group(draw, money(PRICES), pays[name])}
        if maybe(draw, 0.2):
            rule["factors"] = {"bid": 0.9, "share": {"uniform": [0.5, 1.5]}}
        scopes = {
            "person": (20.0, 50.0),
            "period": (40.0, 110.0, 200.0),
            "year": (90.0, 250.0),
            "total": (100.0, 333.3, 700.0),
        }
        limits = amounts(draw, scopes, number=True) if limited else {}
        if limits:
            rule["limits"] = limits
        if maybe(draw, 0.25) and len(payer_names) > 1:
            rule["payers"] = {payer_names[0]: 0.25, payer_names[-1]: draw(of_the_last)}
        if maybe(draw, 0.3):
            rule["paid_after"] = draw(st.integers(0, 2))
        found[f"rule_{number}"] = rule
    return found


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
    return clause


def value(draw: DrawFn, names: list[str]) -> Data:
    """A discount schedule and some benefits, one of them perhaps a transfer."""
    found: Data = {"discount": draw(st.sampled_from(["green_book_2026", {"rate": 0.05}]))}
    benefits: Data = {}
    for number in range(draw(st.integers(0, 3))):
        benefit: Data = {
            "of": draw(st.sampled_from(names)),
            "per_outcome": draw(money((50.0, 400.0))),
            "to": draw(st.sampled_from(["council", "people", "provider"])),
        }
        if maybe(draw, 0.4):
            benefit["from"] = "treasury"
        if maybe(draw, 0.4):
            benefit["prices"] = "2024-25"
        if maybe(draw, 0.4):
            benefit["lag"] = draw(st.integers(0, 2))
        if maybe(draw, 0.3):
            benefit["profile"] = [1.0, 0.75, 0.5]
        elif maybe(draw):
            benefit["years"] = draw(st.integers(1, 33))
            benefit["drop_off"] = draw(st.sampled_from([0.0, 0.3, {"uniform": [0.1, 0.2]}]))
        if maybe(draw, 0.2):
            benefit["discount"] = "green_book_2026_health"
        benefits[f"benefit_{number}"] = benefit
    if benefits:
        found["benefits"] = benefits
    return found


@st.composite
def contracts(
    draw: DrawFn,
    *,
    limited: bool = True,
    anyway: bool = False,
    capital: bool = False,
    valued: bool = False,
    referrals: bool = True,
) -> Data:
    """Plain data of a contract.

    Parameters
    ----------
    limited : bool
        Whether there may be limits.
    anyway, capital, valued : bool
        Whether every outcome states its anyway; whether there is capital, and a value section,
        in every contract (otherwise in some).
    referrals : bool
        Whether others than planned may start.
    """
    cohorts: Data = {}
    every: Data = {}
    pays: dict[str, list[str]] = {}
    needed = 0
    for name in ("north", "south")[: draw(st.sampled_from([1, 1, 2]))]:
        cohorts[name], last = cohort(draw, name, referrals=referrals)
        groups = list(cohorts[name].get("groups", {}))
        mine = outcomes(draw, name, groups, anyway=anyway)
        pays |= {name: groups} | dict.fromkeys(mine, groups)
        every |= mine
        needed = max(needed, *(last + delay(every, n) for n in mine), last + 1)
    split = payers(draw, limits=limited)
    card = rules(draw, pays, split, limited)
    payments: Data = {"rules": card, "payers": split}
    if limited:
        scopes = {
            "person": (15.0, 60.0, 110.0),
            "period": (150.0, 300.0),
            "year": (150.0, 600.0),
            "contract": (80.0, 400.0, 1000.0),
        }
        top = amounts(draw, scopes, number=False)
        if top:
            payments["limits"] = top
    if maybe(draw, 0.3):
        payments["paid_after"] = draw(st.integers(0, 2))
    if maybe(draw, 0.2):
        payments["factors"] = {"index": draw(st.sampled_from([1.1, {"uniform": [0.8, 1.2]}]))}
    wait = max(r.get("paid_after", payments.get("paid_after", 0)) for r in card.values())
    last_period = needed + wait + draw(st.integers(0, 2))
    data: Data = {
        "schema": 1,
        "name": "generated",
        "currency": "GBP",
        "prices": {"base": "2027-28", "inflation": 0.02},
        "timeline": {
            "start": "2027-06-01",
            "step": draw(st.sampled_from(["year", "half_year", "quarter", "month"])),
            "periods": last_period + 1,
            "timing": draw(st.sampled_from(["start", "middle", "end"])),
        },
        "parties": {"council": {"public": True}, "treasury": {"public": True}},
        "cohorts": cohorts,
        "outcomes": every,
        "payments": payments,
    }
    labels = [g for c in cohorts.values() for g in c.get("groups", {})]
    labels = labels if all("groups" in c for c in cohorts.values()) else []
    if maybe(draw, 0.3):
        running = cost(draw, last_period, labels, list(every))
        payments["running_costs"] = {draw(st.sampled_from(list(split))): running}
    if capital or maybe(draw, 0.7):
        data["delivery"] = {
            "costs": {
                f"cost_{i}": cost(draw, last_period, labels, list(every))
                for i in range(draw(st.integers(1, 2)))
            }
        }
        if capital or maybe(draw, 0.8):
            tranche = {
                "commitment": draw(st.sampled_from([0.0, 100.0, 350.0, 2000.0])),
                "draw": draw(st.sampled_from(["as_needed", "at_once"])),
                "share_of_surplus": 1.0,
            }
            data["capital"] = {"recycle": draw(st.booleans()), "tranches": {"investor": tranche}}
            if maybe(draw):
                when = st.sampled_from(["each_period", "after_delivery", "at_end"])
                data["capital"]["distribute"] = draw(when)
    if valued or maybe(draw, 0.6):
        data["value"] = value(draw, list(every))
    return data
