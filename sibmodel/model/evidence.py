"""Claimed: the achieved outcomes that reach the payer with evidence.

Evidence lost by chance does not undo later rungs: who lost the paper for one rung may still be
claimed for on the next.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sibmodel.model.chance import Floats, Uniforms

Mask = npt.NDArray[np.bool_]


def claimed(*, achieved: Mask, uniforms: Uniforms, share: float | Floats) -> Mask:
    """Which achieved outcomes are claimed.

    Parameters
    ----------
    achieved : bool array (person, run)
    uniforms : array (person, run)
        The person's luck with the paperwork of this outcome.
    share : float or array (run,)
        Share of achieved that is claimed.

    Examples
    --------
    >>> claimed(achieved=np.array([[True]]), uniforms=np.array([[0.5]]), share=0.4).tolist()
    [[False]]
    """
    return achieved & (uniforms < np.asarray(share, dtype=uniforms.dtype))
