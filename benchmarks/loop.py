"""The contract run by run in a plain loop: what somebody would write first.

numpy draws, numpy-financial's IRR, one run after another. Nothing of the library is used.
"""

from __future__ import annotations

import math

import numpy as np
import numpy_financial as npf
from scipy.special import betaincinv
from terms import Floats, Measures, Terms


def simulate(terms: Terms, runs: int, seed: int) -> tuple[Measures, Floats]:
    """Measures of each run, and the mean cash flow of the investors (period,)."""
    rng = np.random.default_rng(seed)
    rows, flow = [], np.zeros(terms.periods)
    for _ in range(runs):
        row, cash_flow = one_run(terms, rng)
        rows.append(row)
        flow += cash_flow
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}, flow / runs


def one_run(terms: Terms, rng: np.random.Generator) -> tuple[dict[str, float], Floats]:
    """One possible future."""
    groups, starts = terms.planned.shape
    rungs = len(terms.outcomes)

    # Rates, moved by the cohort's luck: betas whose correlation between two people is alikeness.
    size, luck = 1 / terms.alikeness - 1, rng.random()
    share = np.cumprod(rng.beta(terms.alpha, terms.beta), axis=0)
    share = betaincinv(share * size, (1 - share) * size, luck)
    without = np.cumprod(terms.anyway)
    without = betaincinv(without * size, (1 - without) * size, luck)

    # People: one uniform says how far each gets, with the service and without.
    achieved = np.zeros((rungs, terms.periods))
    anyway = np.zeros((rungs, terms.periods))
    for group in range(groups):
        reached = np.concatenate([share[:, group], without])
        for start in range(starts):
            people = terms.planned[group, start]
            if people == 0:
                continue
            counts = (rng.random(people)[:, None] < reached).sum(axis=0)
            achieved[range(rungs), start + terms.delay] += counts[:rungs]
            anyway[range(rungs), start + terms.delay] += counts[rungs:]

    # Payments, up to the contract's limit.
    claims = terms.price @ achieved
    payments = np.zeros(terms.periods)
    left = terms.limit
    for t in range(terms.periods - terms.paid_after):
        payment = min(claims[t], left)
        left -= payment
        payments[t + terms.paid_after] = payment

    # The account: draw for costs what payments do not meet, distribute after the last cost.
    drawn, distributed = np.zeros(terms.periods), np.zeros(terms.periods)
    balance, undrawn, unmet = 0.0, terms.commitment, 0.0
    for t in range(terms.periods):
        balance += payments[t]
        due = terms.costs[t]
        drawn[t] = min(max(due - balance, 0.0), undrawn)
        undrawn -= drawn[t]
        balance += drawn[t]
        met = min(due, balance)
        unmet += due - met
        balance -= met
        if t >= terms.last_cost:
            distributed[t] = balance
            balance = 0.0
    flow = distributed - drawn
    found = measures(
        terms,
        achieved=achieved,
        anyway=anyway,
        claims=claims,
        payments=payments,
        drawn=drawn,
        distributed=distributed,
        flow=flow,
        unmet=unmet,
    )
    return found, flow


def measures(
    terms: Terms,
    *,
    achieved: Floats,
    anyway: Floats,
    claims: Floats,
    payments: Floats,
    drawn: Floats,
    distributed: Floats,
    flow: Floats,
    unmet: float,
) -> dict[str, float]:
    """What is asked of one run."""
    total, put, back = payments.sum(), drawn.sum(), distributed.sum()
    cumulative = np.cumsum(flow)
    at_risk = max(-cumulative.min(), 0.0)
    taken = claims.sum() - total
    found = {
        "outcome_payments": total,
        "taken_by_limits": taken,
        "limit_binds[contract]": float(taken > 1e-6),
        "people_started": terms.planned.sum(),
        "delivery_costs": terms.costs.sum(),
        "shortfall": unmet,
        "investor_drawn": put,
        "investor_distributed": back,
        "investor_irr": yearly_irr(flow) if back > 0 else -1.0,
        "investor_multiple": back / put,
        "capital_at_risk": at_risk,
        "investor_multiple_on_peak": back / at_risk,
        "investor_loses": float(back < put * (1 - 1e-12)),
        "investor_present_value": flow @ (1 + terms.hurdle) ** (-np.arange(terms.periods) / 4),
        "payback": payback(cumulative),
    }
    labels = terms.years
    for year in sorted(set(labels)):
        found[f"payments_in_year[{year}]"] = sum(
            payments[t] for t in range(terms.periods) if labels[t] == year
        )
    for k, name in enumerate(terms.outcomes):
        reached, deadweight = achieved[k].sum(), anyway[k].sum()
        added = reached - deadweight
        found[f"outcomes_achieved[{name}]"] = reached
        found[f"outcomes_anyway[{name}]"] = deadweight
        found[f"outcomes_additional[{name}]"] = added
        found[f"cost_per_outcome[{name}]"] = total / reached if reached > 0 else math.nan
        found[f"cost_per_additional_outcome[{name}]"] = total / added if added > 0 else math.nan
    return found


def yearly_irr(flow: Floats) -> float:
    """IRR a year of quarterly flows."""
    return float((1 + npf.irr(flow)) ** 4 - 1)


def payback(cumulative: Floats) -> float:
    """Years until the cumulative cash flow stays at or above 0."""
    below = np.flatnonzero(cumulative < -1e-9 * np.abs(cumulative).max())
    if below.size == 0:
        return 0.0
    return float((below[-1] + 1) / 4) if below[-1] + 1 < len(cumulative) else math.inf
