"""Blocks of a few runs, for laws asked of many contracts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sibmodel import plan, walk
from sibmodel.model import chance, rates

RUNS = 64
"""A law that holds for so many runs holds for 4,096."""


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Blocks of ``RUNS`` runs, as long as the tests of one module last."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (chance, rates, plan, walk):
            patch.setattr(module, "BLOCK", RUNS)
        yield
