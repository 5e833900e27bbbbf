"""Which recorded claims are accepted, and why the others are not: the evidence end of settling."""

from sibmodel.acceptance.accepted import Accepted, Line, accept
from sibmodel.acceptance.facts import facts_of

__all__ = ["Accepted", "Line", "accept", "facts_of"]
