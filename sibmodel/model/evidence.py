"""Claimed: the achieved outcomes that reach the payer with evidence.

Evidence lost by chance does not undo later rungs: who lost the paper for one rung may still be
claimed for on the next. Of an outcome with a unit, all that a person has is claimed, or nothing.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sibmodel.model.chance import Floats, Uniforms

Mask = npt.NDArray[np.bool_]

Achieved = TypeVar("Achieved", bound=np.generic)


def claimed(
    *, achieved: npt.NDArray[Achieved], uniforms: Uniforms, share: float | Floats
) -> npt.NDArray[Achieved]:
    """Which achieved outcomes are claimed, or how much of them.

    Parameters
    ----------
    achieved : array (person, run)
        Whether the person did; or the person's number.
    uniforms : array (person, run)
        The person's luck with the paperwork of this outcome.
    share : float or array (run,)
        Share of achieved that is claimed.

    Examples
    --------
    >>> claimed(achieved=np.array([[True]]), uniforms=np.array([[0.5]]), share=0.4).tolist()
    [[False]]
    """
    shown = uniforms < np.asarray(share, dtype=uniforms.dtype)
    found: npt.NDArray[Achieved] = np.multiply(achieved, shown, dtype=achieved.dtype)
    return found
