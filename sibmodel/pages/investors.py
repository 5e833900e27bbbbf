"""Tables of the investors: what they earn and lose, how it ends, who else pays, the middle run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from sibmodel.contract.capital import ACCOUNT
from sibmodel.pages.basis import PERCENTILES, AbsentError, dates_of, ledger_of, percentiles_of
from sibmodel.questions import investors as asked
from sibmodel.results import Results

ALL = "all investors"
DUST = 1e-6
"""Money below this is what is left of sums that cancel."""


def investors(results: Results) -> pd.DataFrame:
    """Returns and risks of all investors together and of each tranche that is repaid.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`sibmodel.investors`; ``held_by``; and for each status of the rate of
        return the number of runs, ``irr_ok``, ``irr_total_loss``…

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=100, chance=False)
    >>> investors(bond)[["tranche", "drawn", "received", "irr_ok"]].values.tolist()
    [['all investors', 360000.0, 400000.0, 100]]
    """
    capital = results.contract.capital
    if capital is None:
        raise AbsentError(results.reason("investor_irr"))
    table = asked.investors(results).reset_index()
    held = [name in capital.tranches for name in table["tranche"]]
    names = [f"[{name}]" if own else "" for name, own in zip(table["tranche"], held, strict=True)]
    table.insert(1, "held_by", [capital.holder(n[1:-1]) if n else "" for n in names])
    counts = [results.irr_statuses(f"investor_irr{name}") for name in names]
    for status in counts[0].index:
        table[f"irr_{status}"] = [int(count[status]) for count in counts]
    return table


def endings(results: Results) -> pd.DataFrame:
    """How often each ending holds, and the money where it does and where none does.

    Returns
    -------
    pandas.DataFrame
        ``ending`` (the last row: ``none``); ``share`` of runs with its 95% limits; means over those
        runs of ``payments``, ``drawn``, ``received`` and ``loss`` [money]; ``p_loss``.
    """
    names = results.contract.ending_names
    if not names:
        raise AbsentError("the contract has no ending")
    held = {name: results.measure(f"ends_early[{name}]") > 0 for name in names}
    nothing = ~np.logical_or.reduce(list(held.values()))
    of = {
        "payments": "outcome_payments",
        "drawn": "investor_drawn",
        "received": "investor_distributed",
        "loss": "investor_loss",
        "p_loss": "investor_loses",
    }
    rows = []
    for name, where in {**held, "none": nothing}.items():
        limits = (np.nan, np.nan)
        if name in held:
            limits = results.share_interval(f"ends_early[{name}]")
        rows.append(
            {"ending": name, "share": where.mean(), "share_low": limits[0], "share_high": limits[1]}
            | {title: _mean(results.measure(measure)[where]) for title, measure in of.items()}
        )
    return pd.DataFrame(rows)


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else np.nan


def losses(results: Results) -> pd.DataFrame:
    """Who loses, who makes it good, and what is handed back [money].

    Returns
    -------
    pandas.DataFrame
        ``kind`` (``loses``, ``gives``, ``guarantees``, ``receives``, ``handed_back``, ``unmet``,
        ``exposed``), ``who`` and ``by`` what clause; ``share`` of runs in which there is any;
        ``expected`` over all runs, the mean ``when_it_happens``, and ``p95``. What the provider
        is exposed to has no row where it is the unmet costs and nothing else.
    """
    if results.contract.capital is None:
        raise AbsentError(results.reason("investor_irr"))
    rows = []
    for kind, who, by, value in _losses(results):
        some = value > DUST
        rows.append(
            {
                "kind": kind,
                "who": who,
                "by": by,
                "share": float(some.mean()),
                "expected": float(value.mean()),
                "when_it_happens": _mean(value[some]),
                "p95": float(percentiles_of(value, (95,))["p95"]),
            }
        )
    return pd.DataFrame(rows)


def _losses(results: Results) -> Iterator[tuple[str, str, str, npt.NDArray[np.float64]]]:
    capital = results.contract.capital
    assert capital is not None
    yield "loses", ALL, "", results.measure("investor_loss")
    for name in capital.repaid if len(capital.repaid) > 1 else ():
        yield "loses", name, "", results.measure(f"investor_loss[{name}]")
    if len(capital.tranches) > 1:
        for name in (n for n in capital.tranches if n not in capital.repaid):
            yield "gives", capital.holder(name), name, results.measure(f"investor_drawn[{name}]")
    for name, guarantee in capital.guarantees.items():
        yield "guarantees", guarantee.by, name, results.measure(f"guarantee_pays[{name}]")
    for party in dict.fromkeys(one.by for one in capital.guarantees.values()):
        fee = f"{ACCOUNT} to {party}: cost"
        if results.ledger is not None and fee in results.ledger.get("move", ()):
            paid = results.ledger["moved"].sel(move=fee).sum("period").to_numpy()
            yield "receives", party, "", paid
    for payer in results.contract.payer_names:
        if f"returned[{payer}]" in results.names:
            yield "handed_back", payer, "", results.measure(f"returned[{payer}]")
    unmet, exposed = (results.measure(name) for name in ("shortfall", "provider_exposure"))
    if not np.isnan(unmet).all():
        yield "unmet", "provider", "", unmet
        if not np.allclose(unmet, exposed, rtol=1e-9, atol=DUST):
            yield "exposed", "provider", "", exposed


def median_run(results: Results) -> pd.DataFrame:
    """Investors' cash flow in the run with the median rate of return [money, nominal].

    Returns
    -------
    pandas.DataFrame
        ``run``, ``period``, ``date``; ``put_in``, ``received`` and ``cumulative`` (received less
        put in, up to now) of all investors; where there are several tranches of theirs,
        ``put_in[tranche]`` and ``received[tranche]`` of each.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.simulate(sib.library.load("closed_form_bond"), runs=100, chance=False)
    >>> median_run(bond)[["put_in", "received", "cumulative"]].values.tolist()
    [[360000.0, 0.0, -360000.0], [0.0, 400000.0, 40000.0]]
    """
    if results.contract.capital is None:
        raise AbsentError(results.reason("investor_irr"))
    ledger, run = ledger_of(results), results.median_run()
    one, names = ledger.isel(run=run), investing(results)
    put_in = one["put_in" if "put_in" in one else "drawn"].transpose("tranche", "period")
    received = one["distributed"].transpose("tranche", "period")
    flows = {name: (put_in.sel(tranche=name), received.sel(tranche=name)) for name in names}
    into = sum((flow[0].to_numpy() for flow in flows.values()), np.zeros(one.sizes["period"]))
    out = sum((flow[1].to_numpy() for flow in flows.values()), np.zeros(one.sizes["period"]))
    table = pd.DataFrame(
        {
            "run": run,
            "period": ledger["period"].to_numpy(),
            "date": dates_of(ledger),
            "put_in": into,
            "received": out,
            "cumulative": np.cumsum(out - into),
        }
    )
    for name, (mine, back) in flows.items() if len(flows) > 1 else ():
        table[f"put_in[{name}]"], table[f"received[{name}]"] = mine.to_numpy(), back.to_numpy()
    return table


def investing(results: Results) -> tuple[str, ...]:
    """Tranches that are investors': repaid, and not held by a payer or the provider."""
    return results.about("investor_irr").of


def capital_at_risk_by_period(results: Results) -> pd.DataFrame:
    """Investors' cumulative cash flow at each period: expected and percentiles [money, nominal].

    Each period's percentiles are its own: none is one run's path.
    """
    if results.contract.capital is None:
        raise AbsentError(results.reason("investor_irr"))
    ledger = ledger_of(results)
    flow = ledger["investor_cash_flow"].transpose("run", "period").to_numpy()
    so_far = np.cumsum(flow, axis=1)
    return pd.DataFrame(
        {
            "period": ledger["period"].to_numpy(),
            "date": dates_of(ledger),
            "expected": so_far.mean(axis=0),
        }
        | percentiles_of(so_far, PERCENTILES)
    )
