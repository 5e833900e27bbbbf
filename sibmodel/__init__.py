"""The finances of outcomes contracts: what is paid, what is earned, is it worth it?"""

from sibmodel import library
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, ContractWarning
from sibmodel.contract.files import json_schema, load_contract, save_contract
from sibmodel.happened import People
from sibmodel.questions.compare import Comparison, compare
from sibmodel.questions.investors import investors
from sibmodel.questions.person_limit import explain_payment, limit_per_person
from sibmodel.questions.pricing import Answer, price_for, smallest_commitment
from sibmodel.records import RecordsError
from sibmodel.results import Results
from sibmodel.settlement import Settlement, settle
from sibmodel.simulation import investor_xirr, simulate

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Comparison",
    "Contract",
    "ContractError",
    "ContractWarning",
    "People",
    "RecordsError",
    "Results",
    "Settlement",
    "__version__",
    "compare",
    "explain_payment",
    "investor_xirr",
    "investors",
    "json_schema",
    "library",
    "limit_per_person",
    "load_contract",
    "price_for",
    "save_contract",
    "settle",
    "simulate",
    "smallest_commitment",
]
