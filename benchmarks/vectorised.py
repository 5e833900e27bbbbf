"""The contract for all runs at once: what a good numpy user would write, with pyxirr for the IRR.

Chained binomials over runs in place of people, arrays over runs for the rest. Nothing of the
library is used.
"""

from __future__ import annotations

import numpy as np
import pyxirr
from scipy.special import betaincinv
from terms import Floats, Measures, Terms

CHUNK = 4096  # runs at once, so that the arrays stay small


def simulate(terms: Terms, runs: int, seed: int) -> tuple[Measures, Floats]:
    """Measures of each run, and the mean cash flow of the investors (period,)."""
    rng = np.random.default_rng(seed)
    parts, flow = [], np.zeros(terms.periods)
    for first in range(0, runs, CHUNK):
        part, total = some_runs(terms, min(CHUNK, runs - first), rng)
        parts.append(part)
        flow += total
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, flow / runs


def some_runs(terms: Terms, runs: int, rng: np.random.Generator) -> tuple[Measures, Floats]:
    """Some runs together: their measures, and the sum of their cash flows."""
    achieved, anyway = outcomes(terms, runs, rng)

    # Payments, up to the contract's limit.
    claims = np.einsum("k,ktr->tr", terms.price, achieved)
    within = np.minimum(np.cumsum(claims, axis=0), terms.limit)
    payments = np.zeros((terms.periods, runs))
    payments[terms.paid_after :] = np.diff(within, axis=0, prepend=0)[: -terms.paid_after]

    # The account: draw for costs what payments do not meet, distribute after the last cost.
    drawn, distributed = np.zeros((2, terms.periods, runs))
    balance, unmet, undrawn = np.zeros(runs), np.zeros(runs), np.full(runs, terms.commitment)
    for t in range(terms.periods):
        balance += payments[t]
        due = terms.costs[t]
        if due > 0:
            drawn[t] = np.minimum(np.maximum(due - balance, 0), undrawn)
            undrawn -= drawn[t]
            balance += drawn[t]
            met = np.minimum(due, balance)
            unmet += due - met
            balance -= met
        if t >= terms.last_cost:
            distributed[t] = balance
            balance[:] = 0
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
    return found, flow.sum(axis=1)


def outcomes(terms: Terms, runs: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Achieved and anyway, (outcome, period, run).

    Both worlds share each person's luck: the shares that get to each rung, with the service and
    without, are put in order, and who passes one is drawn from those who passed the one before.
    """
    rungs, groups = terms.alpha.shape
    size, luck = 1 / terms.alikeness - 1, rng.random(runs)
    rate = rng.beta(terms.alpha[:, :, None], terms.beta[:, :, None], (rungs, groups, runs))
    share = np.cumprod(rate, axis=0)
    share = betaincinv(share * size, (1 - share) * size, luck)
    without = np.cumprod(terms.anyway)[:, None]
    without = betaincinv(without * size, (1 - without) * size, luck)

    starts = np.flatnonzero(terms.planned.any(axis=0))
    achieved, anyway = np.zeros((2, rungs, terms.periods, runs))
    for group in range(groups):
        shares = np.concatenate([share[:, group], without])
        order = np.argsort(-shares, axis=0)
        ordered = np.take_along_axis(shares, order, axis=0)
        onward = ordered / np.concatenate([np.ones((1, runs)), ordered[:-1]])
        people = np.broadcast_to(terms.planned[group, starts][:, None], (len(starts), runs))
        counts = np.empty((2 * rungs, len(starts), runs), dtype=np.int64)
        for step, chance in enumerate(onward):
            people = counts[step] = rng.binomial(people, chance)
        back = np.argsort(order, axis=0)
        counts = np.take_along_axis(counts, back[:, None], axis=0)
        for k, delay in enumerate(terms.delay):
            achieved[k, starts + delay] += counts[k]
            anyway[k, starts + delay] += counts[rungs + k]
    return achieved, anyway


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
    unmet: Floats,
) -> Measures:
    """What is asked of each run."""
    runs = flow.shape[1]
    total, put, back = payments.sum(axis=0), drawn.sum(axis=0), distributed.sum(axis=0)
    cumulative = np.cumsum(flow, axis=0)
    at_risk = np.maximum(-cumulative.min(axis=0), 0)
    taken = claims.sum(axis=0) - total
    found: Measures = {
        "outcome_payments": total,
        "taken_by_limits": taken,
        "limit_binds[contract]": (taken > 1e-6).astype(float),
        "people_started": np.full(runs, float(terms.planned.sum())),
        "delivery_costs": np.full(runs, terms.costs.sum()),
        "shortfall": unmet,
        "investor_drawn": put,
        "investor_distributed": back,
        "investor_irr": yearly_irr(flow, back),
        "investor_multiple": back / put,
        "capital_at_risk": at_risk,
        "investor_multiple_on_peak": back / at_risk,
        "investor_loses": (back < put * (1 - 1e-12)).astype(float),
        "investor_present_value": (1 + terms.hurdle) ** (-np.arange(terms.periods) / 4) @ flow,
        "payback": payback(cumulative),
    }
    labels = np.array(terms.years)
    for year in np.unique(labels):
        found[f"payments_in_year[{year}]"] = payments[labels == year].sum(axis=0)
    for k, name in enumerate(terms.outcomes):
        reached, deadweight = achieved[k].sum(axis=0), anyway[k].sum(axis=0)
        added = reached - deadweight
        found[f"outcomes_achieved[{name}]"] = reached
        found[f"outcomes_anyway[{name}]"] = deadweight
        found[f"outcomes_additional[{name}]"] = added
        found[f"cost_per_outcome[{name}]"] = total / np.where(reached > 0, reached, np.nan)
        found[f"cost_per_additional_outcome[{name}]"] = total / np.where(added > 0, added, np.nan)
    return found


def yearly_irr(flow: Floats, distributed: Floats) -> Floats:
    """IRR a year of quarterly flows (period, run); −1 where nothing came back."""
    rates = np.full(flow.shape[1], -1.0)
    for run, flows in enumerate(flow.T.tolist()):  # pyxirr is quickest with lists
        if distributed[run] > 0:
            rate = pyxirr.irr(flows)
            rates[run] = np.nan if rate is None else rate
    return (1 + rates) ** 4 - 1


def payback(cumulative: Floats) -> Floats:
    """Years until the cumulative cash flow (period, run) stays at or above 0."""
    below = cumulative < -1e-9 * np.abs(cumulative).max(axis=0)
    periods = len(cumulative)
    after = np.where(below.any(axis=0), periods - np.argmax(below[::-1], axis=0), 0)
    return np.where(after < periods, after / 4, np.inf)
