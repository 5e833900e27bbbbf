"""The finances of outcomes contracts: what is paid, what is earned, is it worth it?"""

from sibmodel import library
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, ContractWarning
from sibmodel.contract.files import json_schema, load_contract, save_contract
from sibmodel.contract.value import Prices
from sibmodel.factors import discount_factors
from sibmodel.happened import People
from sibmodel.library.deflators import load_deflator
from sibmodel.library.sheets import SheetError
from sibmodel.library.unit_costs import UnitCosts, load_unit_costs, unit_costs
from sibmodel.model.benefits import additional_impact
from sibmodel.model.corridor import corridor
from sibmodel.model.present_value import Nominal, NominalRate, Real, RealRate
from sibmodel.questions.budget import Budget, budget
from sibmodel.questions.caution import cautious_costs
from sibmodel.questions.comparators import (
    comparators,
    do_nothing,
    fee_for_service,
    in_house,
    without_investors,
)
from sibmodel.questions.compare import Comparison, compare
from sibmodel.questions.corridor import PriceCorridor, price_corridor
from sibmodel.questions.deadweight import deadweight_switch
from sibmodel.questions.decomposition import Difference, explain_difference
from sibmodel.questions.four_es import FourEs, four_es
from sibmodel.questions.frontier import frontier
from sibmodel.questions.inflation import InflationTest, higher_inflation, inflation_test
from sibmodel.questions.investors import investors
from sibmodel.questions.marginal import OneMore, one_more
from sibmodel.questions.overheads import Overheads, overheads
from sibmodel.questions.person_limit import explain_payment, limit_per_person
from sibmodel.questions.pricing import Answer, price_for, smallest_commitment
from sibmodel.questions.review import Review, review
from sibmodel.questions.risk_transfer import RiskTransfer, risk_transfer
from sibmodel.questions.scenarios import Scenarios, scenarios
from sibmodel.questions.switching import SwitchingValue, switching_value, switching_values
from sibmodel.questions.top_up import TopUp, top_up
from sibmodel.records import RecordsError
from sibmodel.results import Results
from sibmodel.settlement import Settlement, settle
from sibmodel.simulation import investor_xirr, simulate

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Budget",
    "Comparison",
    "Contract",
    "ContractError",
    "ContractWarning",
    "Difference",
    "FourEs",
    "InflationTest",
    "Nominal",
    "NominalRate",
    "OneMore",
    "Overheads",
    "People",
    "PriceCorridor",
    "Prices",
    "Real",
    "RealRate",
    "RecordsError",
    "Results",
    "Review",
    "RiskTransfer",
    "Scenarios",
    "Settlement",
    "SheetError",
    "SwitchingValue",
    "TopUp",
    "UnitCosts",
    "__version__",
    "additional_impact",
    "budget",
    "cautious_costs",
    "comparators",
    "compare",
    "corridor",
    "deadweight_switch",
    "discount_factors",
    "do_nothing",
    "explain_difference",
    "explain_payment",
    "fee_for_service",
    "four_es",
    "frontier",
    "higher_inflation",
    "in_house",
    "inflation_test",
    "investor_xirr",
    "investors",
    "json_schema",
    "library",
    "limit_per_person",
    "load_contract",
    "load_deflator",
    "load_unit_costs",
    "one_more",
    "overheads",
    "price_corridor",
    "price_for",
    "review",
    "risk_transfer",
    "save_contract",
    "scenarios",
    "settle",
    "simulate",
    "smallest_commitment",
    "switching_value",
    "switching_values",
    "top_up",
    "unit_costs",
    "without_investors",
]
