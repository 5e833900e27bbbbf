"""Measures of capital: of investors, of each tranche, of the provider, of the vehicle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sibmodel.contract.contract import Contract
from sibmodel.model import returns
from sibmodel.model.capital import Account
from sibmodel.model.chance import Floats
from sibmodel.model.measure import Measure, Values, total_of
from sibmodel.model.stages import Stages, investors
from sibmodel.model.value import times

NO_CAPITAL = "the contract has no capital"


def capital_measures(contract: Contract) -> Iterator[Measure]:
    """Measures of all investors together, of each tranche, and of those around them."""
    everyone = investors(contract)
    yield from _returns(contract, "", everyone)
    tranches = tuple(contract.capital.tranches) if contract.capital else ()
    for name in tranches if len(tranches) > 1 else ():
        yield from _returns(contract, f"[{name}]", (name,))
    yield from _provider(contract)
    yield from _vehicle(contract)


def _returns(contract: Contract, suffix: str, tranches: tuple[str, ...]) -> Iterator[Measure]:
    """What some tranches put in, get back, earn and stand to lose."""
    none = None if contract.capital else NO_CAPITAL
    if contract.capital and suffix and suffix[1:-1] not in contract.capital.repaid:
        none = "a grant is never repaid"
    rate = contract.capital.hurdle if contract.capital else None
    who = suffix[1:-1] or "investors"
    per_year = contract.timeline.periods_per_year

    def of(values: Values) -> Values:
        return lambda stages: values(stages) if stages.account else np.zeros(stages.runs)

    yield Measure(
        f"investor_drawn{suffix}",
        "money",
        "",
        f"Capital drawn from {who}",
        of(lambda s: total_of(s.together(tranches).drawn)),
        undefined=None if contract.capital else NO_CAPITAL,
    )
    yield Measure(
        f"investor_distributed{suffix}",
        "money",
        "up",
        f"Paid out to {who}",
        of(lambda s: total_of(s.together(tranches).received)),
        undefined=None if contract.capital else NO_CAPITAL,
    )
    yield Measure(
        f"investor_irr{suffix}",
        "rate a year",
        "up",
        f"Internal rate of return of {who}, nominal, a year",
        lambda s: s.irr_of(tranches).rate,
        expected="irr",
        of=tranches,
        undefined=none,
    )
    yield Measure(
        f"investor_multiple{suffix}",
        "multiple",
        "up",
        "Paid out for each unit drawn",
        expected="ratio",
        over=f"investor_distributed{suffix}",
        under=f"investor_drawn{suffix}",
        nobody="nothing was drawn",
        undefined=none,
    )
    yield Measure(
        f"capital_at_risk{suffix}",
        "money",
        "down",
        f"Deepest point of the cumulative cash flow of {who}",
        lambda s: returns.capital_at_risk(s.together(tranches).cash_flow.T),
        undefined=none,
    )
    yield Measure(
        f"investor_multiple_on_peak{suffix}",
        "multiple",
        "up",
        "Paid out for each unit of capital at risk",
        expected="ratio",
        over=f"investor_distributed{suffix}",
        under=f"capital_at_risk{suffix}",
        nobody="nothing was at risk",
        undefined=none,
    )
    yield Measure(
        f"investor_loses{suffix}",
        "share",
        "down",
        f"Whether {who} get back less than they put in: its expected value is P(loss)",
        lambda s: _loses(s, tranches),
        undefined=none,
    )
    yield Measure(
        f"investor_loss{suffix}",
        "money",
        "down",
        f"What {who} put in and do not get back; 0 where nothing is lost",
        lambda s: _lost(s, tranches),
        undefined=none,
    )
    yield Measure(
        f"investor_present_value{suffix}",
        "money",
        "up",
        f"Cash flow of {who} at the hurdle rate, nominal",
        _at_hurdle(contract, tranches),
        undefined=none or (None if rate is not None else "capital.hurdle is not stated"),
    )
    yield Measure(
        f"payback{suffix}",
        "years",
        "down",
        f"Years until the cumulative cash flow of {who} stays at or above 0; never is infinite",
        _payback(contract, tranches),
        expected="payback",
        of=tranches,
        nobody="nothing was drawn",
        undefined=none,
    )
    yield Measure(
        f"weighted_average_life{suffix}",
        "years",
        "",
        f"Years from a pound drawn to a pound received by {who}, weighted by amount",
        lambda s: returns.weighted_average_life(
            s.together(tranches).drawn.T,
            s.together(tranches).received.T,
            periods_per_year=per_year,
        ),
        expected="life",
        of=tranches,
        nobody="nothing was drawn, or nothing came back",
        undefined=none,
    )


def _at_hurdle(contract: Contract, tranches: tuple[str, ...]) -> Values:
    """Cash flow at the hurdle, valued at the timeline's start."""
    rate = (contract.capital.hurdle if contract.capital else None) or 0.0
    per_year = contract.timeline.periods_per_year
    to_start: float = (1 + rate) ** -float(times(contract.timeline)[0])  # to the first day

    def value(stages: Stages) -> Floats:
        flows = stages.together(tranches).cash_flow.T
        present: Floats = returns.npv(flows, rate=rate, periods_per_year=per_year)
        return present * to_start

    return value


def _payback(contract: Contract, tranches: tuple[str, ...]) -> Values:
    per_year = contract.timeline.periods_per_year

    def value(stages: Stages) -> Floats:
        flow = stages.together(tranches)
        late = returns.payback(flow.cash_flow.T, periods_per_year=per_year)
        return np.asarray(np.where(total_of(flow.drawn) > 0, late, np.nan))

    return value


def _loses(stages: Stages, tranches: tuple[str, ...]) -> Floats:
    return (_lost(stages, tranches) > 0).astype(np.float64)


def _lost(stages: Stages, tranches: tuple[str, ...]) -> Floats:
    flow = stages.together(tranches)
    back, put = total_of(flow.received), total_of(flow.put_in)
    return np.where(back < put * (1 - 1e-12), put - back, 0.0)


# --- the provider, the vehicle, and others --------------------------------------------------------


def _provider(contract: Contract) -> Iterator[Measure]:
    none = None if contract.delivery else "no delivery costs are stated"
    yield Measure(
        "provider_net",
        "money",
        "up",
        "What the provider is left with: receipts less costs and what it put in",
        lambda s: total_of(s.provider_cash_flow),
        undefined=none,
    )
    yield Measure(
        "provider_exposure",
        "money",
        "down",
        "Deepest point of the provider's cumulative cash flow",
        lambda s: returns.capital_at_risk(s.provider_cash_flow.T),
        undefined=none,
    )


def _vehicle(contract: Contract) -> Iterator[Measure]:
    none = None if contract.delivery else "no delivery costs are stated"
    none = none or (None if contract.capital else NO_CAPITAL)
    yield Measure(
        "shortfall",
        "money",
        "down",
        "Delivery costs that the account could not meet: the provider bears them",
        _unmet,
        undefined=none,
    )
    yield Measure(
        "falls_short",
        "share",
        "down",
        "Whether some delivery cost could not be met: its expected value is P(shortfall)",
        lambda s: (_unmet(s) > 1e-6).astype(np.float64),
        undefined=none,
    )
    capital = contract.capital
    if capital is None:
        return
    for index, name in enumerate(contract.ending_names):
        yield Measure(
            f"ends_early[{name}]",
            "share",
            "",
            f"Whether the ending {name} holds",
            _ends(index),
        )
    for name, guarantee in capital.guarantees.items():
        yield Measure(
            f"guarantee_pays[{name}]",
            "money",
            "",
            f"Paid by {guarantee.by} for {guarantee.covers}",
            _moved(guarantee.by, guarantee.covers, "guarantee"),
        )
    payers = [party for _, party in capital.parties() if party in contract.payments.payers]
    for payer in dict.fromkeys(payers):
        yield Measure(
            f"returned[{payer}]",
            "money",
            "up",
            f"Surplus handed back to {payer}, taken off what it paid",
            _returned(payer),
        )


def _unmet(stages: Stages) -> Floats:
    return total_of(stages.account.unmet) if stages.account else np.zeros(stages.runs)


def _ends(index: int) -> Values:
    def value(stages: Stages) -> Floats:
        stops = stages.account.stops if stages.account else None
        if stops is None:
            return np.zeros(stages.runs)
        held: Floats = (stops.ending == index).astype(np.float64)
        return held

    return value


def _moved(giver: str, taker: str, kind: str) -> Values:
    return _flow(lambda account: account.moves.get((giver, taker, kind)))


def _returned(payer: str) -> Values:
    return _flow(lambda account: account.returned.get(payer))


def _flow(of: Callable[[Account], Floats | None]) -> Values:
    """All of a flow of the account, which may not have happened at all."""

    def value(stages: Stages) -> Floats:
        assert stages.account is not None
        flow = of(stages.account)
        return np.zeros(stages.runs) if flow is None else total_of(flow)

    return value
