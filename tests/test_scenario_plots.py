"""Plots of scenarios and of a price that was looked for, and how both are told."""

from __future__ import annotations

import pytest

import sibmodel as sib
from sibmodel.pages.drawing import Plot
from sibmodel.pages.scenario_plots import curve, heat_map

PRICE = "payments.rules.success.price"


@pytest.fixture(scope="module")
def bond() -> sib.Contract:
    return sib.library.load("closed_form_bond")


def title(plot: Plot) -> str:
    return str(plot.figure.axes[0].get_title(loc="left")).replace("\n", " ")


def test_a_heat_map_is_called_by_its_measure_without_what_explains_it(bond: sib.Contract) -> None:
    found = sib.scenarios(
        bond,
        {PRICE: [4000, 5000], "capital.tranches.investor.commitment": [300_000, 400_000]},
        measures=["investor_loses"],
        runs=200,
    )
    plot = heat_map(found, "investor_loses")
    assert title(plot) == "Whether investors get back less than they put in, share of runs"
    assert heat_map(found, "investor_loses", "p50").alt.count("P50") == 1
    assert plot._repr_png_().startswith(b"\x89PNG")
    assert repr(plot) == f"{plot.alt} {plot.caption}"  # what a reader who cannot see it hears


def test_the_curve_of_an_answer_says_what_is_drawn(bond: sib.Contract) -> None:
    answer = sib.price_for(bond, PRICE, outcome_payments=440_000, confidence=None, runs=200)
    plot = curve(answer)
    assert title(plot) == "Outcome payments, all payers, nominal, expected"
    legend = plot.figure.axes[0].get_legend()
    assert legend is not None
    assert "target: GBP 440,000" in [text.get_text() for text in legend.get_texts()]
    html = answer._repr_html_()
    assert html.count("<tr>") == 1 + len(answer.curve)
    assert "440,000" in html
