"""The finances of outcomes contracts: what is paid, what investors earn, and whether it is worth it."""

from sibmodel import library
from sibmodel.contract.contract import Contract
from sibmodel.contract.faults import ContractError, ContractWarning
from sibmodel.contract.files import load_contract
from sibmodel.results import Results
from sibmodel.simulation import simulate

__version__ = "0.1.0"

__all__ = [
    "Contract",
    "ContractError",
    "ContractWarning",
    "Results",
    "__version__",
    "library",
    "load_contract",
    "simulate",
]
