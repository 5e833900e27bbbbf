"""The answer in one paragraph of plain words."""

from __future__ import annotations

import math

from sibmodel.contract.names import an
from sibmodel.pages.text import benefits_valued, cell, listed, money, of_hundred, words
from sibmodel.results import Results


def answer(results: Results) -> str:
    """What is paid, for what, what investors earn, and whether it is worth it.

    Examples
    --------
    >>> import sibmodel as sib
    >>> bond = sib.library.load("closed_form_bond")
    >>> print(answer(sib.simulate(bond, uncertainty=False, shared_luck=False, chance=False)))
    In the base case, council pays GBP 400,000 for outcomes. 80 people achieve success; 80 of \
them would not have without the service, which is GBP 5,000 of payments for each. \
Investors earn 11.1% a year. Whether it is worth it to society is undefined: the contract has no \
value section, so no discount schedule.
    """
    parts = [_paid(results), _outcome(results), _investors(results), _worth(results)]
    return " ".join(part for part in parts if part)


def _range(results: Results, name: str) -> str:
    currency = results.contract.currency
    if results.runs == 1 or results.withheld(name):
        return ""
    low, high = (money(results.percentile(name, percent), currency) for percent in (5, 95))
    return f" (nine runs in ten: {low} to {high})"


def _paid(results: Results) -> str:
    payers = [words(name) for name in results.contract.payer_names]
    paid = money(results.expected("outcome_payments"), results.contract.currency)
    if results.runs == 1:
        case = "one run" if any(results.switches.values()) else "the base case"
        text = f"In {case}, {listed(payers)} {'pays' if len(payers) == 1 else 'pay'} {paid}"
    else:
        be = "is" if len(payers) == 1 else "are"
        text = f"{listed(payers)} {be} expected to pay {paid}"
        text = text[:1].upper() + text[1:]
    return f"{text} for outcomes{_range(results, 'outcome_payments')}."


def _outcome(results: Results) -> str:
    headline = results.contract.headline
    if headline is None or math.isnan(results.expected(f"outcomes_achieved[{headline}]")):
        return ""
    achieved = results.expected(f"outcomes_achieved[{headline}]")
    additional = results.expected(f"outcomes_additional[{headline}]")
    clause = results.contract.outcomes[headline]
    text = f"{achieved:,.0f} people achieve {words(headline)}"
    if clause.unit is not None:
        text = f"There are {achieved:,.0f} {words(headline)} (each {an(words(clause.unit))})"
    if math.isnan(additional):
        reason = results.reason(f"outcomes_additional[{headline}]")
        return f"{text}; what the service adds is undefined: {reason}."
    if clause.better == "lower":
        text += f"; {additional:,.0f} fewer than there would be without the service"
    elif clause.unit is not None:
        text += f"; {additional:,.0f} more than there would be without the service"
    else:
        text += f"; {additional:,.0f} of them would not have without the service"
    cost = results.expected(f"cost_per_additional_outcome[{headline}]")
    if math.isnan(cost):
        return f"{text}."
    spent = "payments and running costs" if results.contract.payments.running_costs else "payments"
    return f"{text}, which is {money(cost, results.contract.currency)} of {spent} for each."


def _investors(results: Results) -> str:
    if results.contract.capital is None:
        return ""
    middle = results.percentile("investor_irr", 50)
    earned = f"{cell(middle, 'rate a year')} a year"
    if results.runs == 1:
        undefined = f"Investors’ rate of return is undefined: {results.reason('investor_irr')}."
        return undefined if math.isnan(middle) else f"Investors earn {earned}."
    text = f"Investors lose money in {of_hundred(results.expected('investor_loses'))}"
    return f"{text}." if math.isnan(middle) else f"{text}; in the middle run they earn {earned}."


def _worth(results: Results) -> str:
    name = "net_present_value[society]"
    value = results.expected(name)
    if math.isnan(value):
        return f"Whether it is worth it to society is undefined: {results.reason(name)}."
    prices, currency = results.contract.prices, results.contract.currency
    at = f", at {prices.base} prices" if prices else ""
    more = "more" if value >= 0 else "less"
    return (
        f"Counting {benefits_valued(results.contract)}, it is worth {money(abs(value), currency)} "
        f"{more} to society than the resources it uses{at}{_range(results, name)}."
    )
