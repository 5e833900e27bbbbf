"""Checks across clauses: names that refer to nothing, shares that do not add, too little time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from sibmodel.contract.assumptions import Assumption, ByGroup, Range
from sibmodel.contract.capital import Cost
from sibmodel.contract.contract import Contract
from sibmodel.contract.correlations import correlation_faults
from sibmodel.contract.faults import Fault, did_you_mean, path_text
from sibmodel.contract.payments import Payer
from sibmodel.contract.schedules import SCHEDULES
from sibmodel.contract.value import Discount


def faults(contract: Contract) -> list[Fault]:
    """Everything that is wrong across the clauses of a contract whose shape is right."""
    return [
        *_names(contract),
        *_ladders(contract),
        *_numbers(contract),
        *_time(contract),
        *_payers(contract),
        *_value(contract),
        *correlation_faults(contract),
    ]


def warnings(contract: Contract) -> list[str]:
    """What is allowed but a reviewer would ask about."""
    found = []
    if not any(contract.is_public(payer) for payer in contract.payer_names):
        found.append("no payer is public: say parties: {name: {public: true}} if one is")
    benefits = (contract.value.benefits if contract.value else {}).items()
    for name, benefit in benefits:
        above = contract.outcomes[benefit.of].needs
        while above is not None:
            for other, lower in benefits:
                if lower.of == above:
                    found.append(
                        f"benefits {name!r} and {other!r} are on rungs of one ladder: the value "
                        f"of {benefit.of!r} must be what it adds to {above!r}"
                    )
            above = contract.outcomes[above].needs
    silent = [n for n, o in contract.outcomes.items() if o.rate is not None and o.anyway is None]
    if silent:
        found.append(
            f"anyway is not stated for {', '.join(silent)}: additional outcomes, and value that "
            f"uses them, are undefined; whoever means none writes 0"
        )
    used = {at.number for at in contract.numbers() if isinstance(at.number, str)}
    for at in contract.numbers():
        if isinstance(at.number, ByGroup):
            used |= {one for one in at.number.by_group.values() if isinstance(one, str)}
    unused = sorted(set(contract.assumptions) - used)
    if unused:
        found.append(f"assumptions that nothing uses: {', '.join(unused)}")
    unpriced = [n for n, b in benefits if b.prices is None and b.per_outcome != 0]
    if unpriced:
        found.append(
            f"no price year is stated for the benefits {', '.join(unpriced)}: taken as prices of "
            f"the base year; older unit values are then too low"
        )
    capital = contract.capital
    if capital and capital.recycle and capital.distribute == "each_period":
        found.append(
            "capital.distribute: each_period changes nothing where payments are recycled: "
            "they may be distributed only after the last cost"
        )
    return found


def _unknown(path: tuple[str | int, ...], kind: str, name: str, known: Iterable[str]) -> Fault:
    return Fault(path, f"there is no {kind} called {name!r}; {did_you_mean(name, known)}")


def _names(contract: Contract) -> Iterator[Fault]:
    outcomes, cohorts = contract.outcomes, contract.cohorts
    for shared in sorted(set(outcomes) & set(cohorts)):
        yield Fault(("outcomes", shared), "an outcome and a cohort share this name: rename one")
    for name, outcome in outcomes.items():
        here = ("outcomes", name)
        if outcome.cohort is not None and outcome.cohort not in cohorts:
            yield _unknown((*here, "cohort"), "cohort", outcome.cohort, cohorts)
        if outcome.needs is not None and outcome.needs not in outcomes:
            yield _unknown((*here, "needs"), "outcome", outcome.needs, outcomes)
        if outcome.cohort is None and outcome.needs is None and len(cohorts) > 1:
            yield Fault(here, f"say which cohort it is for: {', '.join(cohorts)}")
        if outcome.needs in outcomes and outcome.cohort is not None:
            above = outcomes[outcome.needs].cohort
            if above is not None and above != outcome.cohort:
                yield Fault(
                    (*here, "cohort"),
                    f"is {outcome.cohort!r}, but the step it needs, {outcome.needs!r}, "
                    f"is for {above!r}",
                )
        for other in outcome.one_of or ():
            if other not in outcomes:
                yield _unknown((*here, "one_of"), "outcome", other, outcomes)
            elif outcomes[other].needs != outcome.needs:
                yield Fault(
                    (*here, "one_of"), f"{other!r} and {name!r} must need the same step before"
                )
            elif outcomes[other].one_of not in (None, outcome.one_of):
                yield Fault((*here, "one_of"), f"{other!r} states another list: write one list")
        if outcome.one_of is not None and name not in outcome.one_of:
            yield Fault((*here, "one_of"), f"must name {name!r} itself among the outcomes")
    for party in sorted({"public", "society", "account"} & set(contract.party_names)):
        where = ("parties", party) if party in contract.parties else ()
        yield Fault(where, f"no party can be called {party!r}: it means several together")
    for reserved in sorted({"contract", "person"} & set(contract.payments.rules)):
        yield Fault(
            ("payments", "rules", reserved),
            f"no rule can be called {reserved!r}: it is the name of a limit",
        )
    if contract.headline is not None and contract.headline not in outcomes:
        yield _unknown(("headline",), "outcome", contract.headline, outcomes)
    for name, rule in contract.payments.rules.items():
        if rule.pays not in outcomes and rule.pays not in cohorts:
            yield _unknown(
                ("payments", "rules", name, "pays"),
                "outcome or cohort",
                rule.pays,
                [*outcomes, *cohorts],
            )
    costs = {("delivery", "costs", n): c for n, c in _costs(contract)}
    costs |= {
        ("payments", "running_costs", n): c for n, c in contract.payments.running_costs.items()
    }
    for path, cost in costs.items():
        for outcome_name in cost.per_outcome:
            if outcome_name not in outcomes:
                yield _unknown((*path, "per_outcome"), "outcome", outcome_name, outcomes)
        last = contract.timeline.periods - 1
        for field, period in (("at", cost.at), ("from", cost.begin), *(
            ("amounts", p) for p in cost.amounts
        ), *((("for", cost.begin + cost.lasts - 1),) if cost.lasts else ())):  # fmt: skip
            if period > last:
                yield Fault((*path, field), f"reaches period {period}; the last is {last}")
    for payer in contract.payments.running_costs:
        if payer not in contract.payer_names:
            yield _unknown(
                ("payments", "running_costs", payer), "payer", payer, contract.payer_names
            )


def _costs(contract: Contract) -> Iterator[tuple[str, Cost]]:
    yield from (contract.delivery.costs if contract.delivery else {}).items()


def _ladders(contract: Contract) -> Iterator[Fault]:
    circular = set()
    for name in contract.outcomes:
        seen, step = [name], contract.outcomes[name].needs
        while step in contract.outcomes and step not in seen:
            seen.append(step)
            step = contract.outcomes[step].needs
        if step == name and name not in circular:
            circular.update(seen)
            circle = " needs ".join([*seen, name])
            yield Fault(("outcomes", name, "needs"), f"the ladder goes in a circle: {circle}")
    for name, outcome in contract.outcomes.items():
        if outcome.one_of is None or any(o not in contract.outcomes for o in outcome.one_of):
            continue
        for field in ("rate", "anyway"):
            fixed = [getattr(contract.outcomes[other], field) for other in outcome.one_of]
            if all(isinstance(rate, float) for rate in fixed) and sum(fixed) > 1 + 1e-12:
                yield Fault(
                    ("outcomes", name, field),
                    f"the {field}s of {', '.join(outcome.one_of)} add to {sum(fixed):g}: "
                    f"of outcomes that exclude one another they cannot pass 1",
                )


def _numbers(contract: Contract) -> Iterator[Fault]:
    for name, number in contract.assumptions.items():
        if isinstance(number, str):
            yield Fault(("assumptions", name), f"is only another name, {number!r}: write a number")
    for at in contract.numbers():
        if isinstance(at.number, ByGroup):
            yield from _groups(contract, at.path, at.number)
            parts = {(*at.path, "by_group", g): n for g, n in at.number.by_group.items()}
        else:
            parts = {at.path: at.number}
        for path, number in parts.items():
            meant: float | str | Assumption = number
            if isinstance(number, str):
                if number not in contract.assumptions:
                    yield _unknown(path, "assumption", number, contract.assumptions)
                    continue
                meant = contract.assumptions[number]
            if not isinstance(meant, str):
                yield from _in_range(path, meant, at.range)


def groups_of(contract: Contract, path: tuple[str | int, ...]) -> dict[str, str]:
    """Names that may stand in ``by_group`` at a path, and the group label each one means."""
    match path:
        case ("outcomes", str(name), *_) if name in contract.outcomes:
            cohorts = [contract.cohort_of(name)]
        case ("payments", "rules", str(name), *_):
            cohorts = [contract.cohort_paid(contract.payments.rules[name].pays)]
        case ("cohorts", str(name), *_):
            cohorts = [name]
        case _:
            cohorts = list(contract.cohorts)
    labels = {label: label for c in cohorts for label in contract.cohorts[c].labels(c)}
    short = Counter(label.rpartition("/")[2] for label in labels)
    return labels | {
        label.rpartition("/")[2]: label for label in labels if short[label.rpartition("/")[2]] == 1
    }


_GROUPED = {"rate", "anyway", "attribution", "claimed", "price", "per_start"}


def _groups(contract: Contract, path: tuple[str | int, ...], number: ByGroup) -> Iterator[Fault]:
    if path[-1] not in _GROUPED or path[-2] in ("factors", "per_outcome", "amounts"):
        yield Fault(path, "cannot differ by group: write one number")
        return
    try:
        known = groups_of(contract, path)
    except KeyError:
        return  # the cohort is missing, which has a fault of its own
    named = {known[group] for group in number.by_group if group in known}
    for group in number.by_group:
        if group not in known:
            yield _unknown((*path, "by_group", group), "group", group, known)
    for missing in sorted(set(known.values()) - named):
        yield Fault(
            (*path, "by_group"), f"has no value for the group {missing!r}: every group needs one"
        )


def support(number: float | Assumption) -> tuple[float, float]:
    """Lowest and highest value a number can take."""
    if isinstance(number, float):
        return number, number
    match number.form:
        case "value":
            return number.value or 0.0, number.value or 0.0
        case "beta":
            return 0.0, 1.0
        case "pert" | "triangular" | "uniform":
            low, *_, high = getattr(number, number.form)
            return low, high
        case "samples":
            assert number.samples is not None
            return min(number.samples.values), max(number.samples.values)
        case "lognormal":
            return 0.0, math.inf
        case "quantiles":
            assert number.quantiles is not None
            ends = {"beta": (0.0, 1.0), "lognormal": (0.0, math.inf), None: (0.0, 0.0)}
            return ends.get(number.quantiles.fit, (-math.inf, math.inf))
        case _:
            return -math.inf, math.inf


def _in_range(
    path: tuple[str | int, ...], number: float | Assumption, wanted: Range
) -> Iterator[Fault]:
    low, high = support(number)
    if isinstance(number, Assumption) and number.quantiles is not None:
        least, most = min(number.quantiles.at.values()), max(number.quantiles.at.values())
        if least <= wanted.low or most >= wanted.high:
            inside = f"above {wanted.low:g}"
            if math.isfinite(wanted.high):
                inside += f" and below {wanted.high:g}"
            yield Fault(path, f"quantiles must be {inside}: seen {least:g} to {most:g}")
            return
    if wanted.low <= low and high <= wanted.high:
        return
    if isinstance(number, Assumption) and number.truncated:
        return
    bounds = (
        f"from {wanted.low:g} to {wanted.high:g}" if math.isfinite(wanted.high)
        else f"{wanted.low:g} or more"
    )  # fmt: skip
    if isinstance(number, float):
        yield Fault(path, f"must be {bounds}: seen {number:g}")
        return
    remedy = ""
    if number.form in ("normal", "lognormal"):
        remedy = "; use beta or pert" if wanted.high == 1 else "; use lognormal or pert"
        remedy += ", or say truncated: true"
    reach = f"can go from {low:g} to {high:g}"
    if math.isinf(high):
        reach = "can be any number" if math.isinf(low) else f"can be any number above {low:g}"
    yield Fault(path, f"must be {bounds}: a {number.form} {reach}{remedy}")


def _time(contract: Contract) -> Iterator[Fault]:
    last = contract.timeline.periods - 1
    needed: dict[tuple[str | int, ...], tuple[int, str]] = {}
    for name, cohort in contract.cohorts.items():
        needed["cohorts", name, "intake"] = (cohort.last_start, "the last start is in")
    for name in contract.outcomes:
        try:
            start = contract.cohorts[contract.cohort_of(name)].last_start
            delay = contract.delay_of(name)
        except (KeyError, RecursionError):
            continue  # an unknown name or a circle, which have faults of their own
        needed["outcomes", name] = (start + delay, "the last can be achieved in")
    for name, rule in contract.payments.rules.items():
        claim = needed.get(("outcomes", rule.pays)) or needed.get(("cohorts", rule.pays, "intake"))
        if claim is not None:
            wait = contract.payments.paid_after if rule.paid_after is None else rule.paid_after
            needed["payments", "rules", name] = (claim[0] + wait, "the last payment falls in")
    starts = max(cohort.last_start for cohort in contract.cohorts.values())
    for name, cost in (contract.delivery.costs if contract.delivery else {}).items():
        if cost.per_start is not None:
            end = starts + cost.over - 1
            needed["delivery", "costs", name] = (end, "the last part of per_start falls due in")
    for name, cost in contract.payments.running_costs.items():
        if cost.per_start is not None:
            end = starts + cost.over - 1
            needed["payments", "running_costs", name] = (
                end,
                "the last part of per_start falls due in",
            )
    latest = max(period for period, _ in needed.values())
    for path, (period, what) in needed.items():
        follows = path[:2] == ("payments", "rules") and _claimed_too_late(contract, path[2], last)
        if period > last and not follows:
            yield Fault(
                path,
                f"{what} period {period}, and the last period is {last}: "
                f"write timeline.periods: {latest + 1} or more",
            )


def _claimed_too_late(contract: Contract, rule: str | int, last: int) -> bool:
    """Whether what a rule pays for can come after the last period: that is told where it stands."""
    pays = contract.payments.rules[str(rule)].pays
    start = contract.cohorts[contract.cohort_paid(pays)].last_start
    return start + (contract.delay_of(pays) if pays in contract.outcomes else 0) > last


def _payers(contract: Contract) -> Iterator[Fault]:
    yield from _shares(("payments", "payers"), contract.payments.payers)
    for name, rule in contract.payments.rules.items():
        if rule.payers is not None:
            path = ("payments", "rules", name, "payers")
            yield from _shares(path, rule.payers)
            for payer, share in rule.payers.items():
                if payer not in contract.payments.payers:
                    yield _unknown((*path, payer), "payer", payer, contract.payments.payers)
                if share.limits.model_fields_set:
                    yield Fault(
                        (*path, payer, "limits"),
                        "a payer's limits cover all its payments: write them under payments.payers",
                    )


def _shares(path: tuple[str, ...], payers: dict[str, Payer]) -> Iterator[Fault]:
    rest = [name for name, payer in payers.items() if payer.share == "rest"]
    total = sum(p.share for p in payers.values() if isinstance(p.share, float))
    if len(rest) > 1:
        yield Fault(path, f"only one payer can have the rest: seen {' and '.join(rest)}")
    elif rest and total > 1 + 1e-9:
        yield Fault(path, f"the shares beside the rest add to {total:.12g}, more than 1")
    elif not rest and abs(total - 1) > 1e-9:
        yield Fault(
            path,
            f"the shares add to {total:.12g}, not 1: mend one, or let one payer have the rest",
        )


def _value(contract: Contract) -> Iterator[Fault]:
    if contract.value is None:
        return
    discounts: dict[tuple[str | int, ...], Discount] = {
        ("value", "discount"): contract.value.discount
    }
    for name, benefit in contract.value.benefits.items():
        here = ("value", "benefits", name)
        if benefit.of not in contract.outcomes:
            yield _unknown((*here, "of"), "outcome", benefit.of, contract.outcomes)
        if benefit.discount is not None:
            discounts[*here, "discount"] = benefit.discount
        yield from _price_year(contract, here, benefit.prices)
    for path, discount in discounts.items():
        if discount.schedule is not None and discount.schedule not in SCHEDULES:
            yield _unknown(path, "discount schedule", discount.schedule, SCHEDULES)


def _price_year(contract: Contract, here: tuple[str, ...], year: str | None) -> Iterator[Fault]:
    prices = contract.prices
    if year is None or (prices is not None and year == prices.base):
        return
    if prices is None:
        yield Fault(
            (*here, "prices"),
            f"is {year}, and the contract states no base year: "
            f"add prices: {{base: …, inflation: …}}",
        )
    elif len(year) != len(prices.base):
        yield Fault((*here, "prices"), f"{year} is not the kind of year of the base, {prices.base}")
    elif prices.inflation is None and not {year, prices.base} <= set(prices.deflator):
        yield Fault(
            (*here, "prices"),
            f"{year} cannot be brought to {prices.base}: give {path_text(('prices', 'inflation'))} "
            f"or both years in prices.deflator",
        )
