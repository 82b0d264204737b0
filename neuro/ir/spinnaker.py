"""SpiNNaker's numbers: s16.15 state, and 16-bit weights with a shift for each kind of input."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FRACTION_BITS = 15
"""State is s16.15: 32 bits, 15 of them behind the point."""
WEIGHT_BITS = 16
"""Bits of a weight without sign, and of the sums in a ring buffer."""
TRACE_BITS = 11
"""Bits behind the point of traces and of their decays."""


def ring_buffer_shift(bound: float) -> int:
    """How far a sum in a ring buffer is shifted left to become s16.15.

    The smallest whole number, at least 0, with which `bound` lies below ``2**shift``: 16 bits then
    hold twice as much.

    Parameters
    ----------
    bound
        The largest sum that is expected to arrive in one step; nA.

    Examples
    --------
    >>> ring_buffer_shift(0.9), ring_buffer_shift(1.0), ring_buffer_shift(66.0)
    (0, 1, 7)
    """
    if bound <= 0:
        return 0
    shift = math.ceil(max(0.0, math.log2(bound)))
    return shift + 1 if 2.0**shift <= bound else shift


def weight_step(shift: int) -> float:
    """The step between weights, in nA."""
    return 2.0 ** (shift - FRACTION_BITS)


def quantise_weights(weights: ArrayLike, shift: int) -> NDArray[np.float64]:
    """Weights as the board holds them: whole steps, to the nearest, at most 65535.

    Parameters
    ----------
    weights
        Magnitudes in nA.
    shift
        Shift of the ring buffer that they end on; see `ring_buffer_shift`.

    Returns
    -------
    numpy.ndarray
        Magnitudes in nA; zero where a weight is below half a step.

    Examples
    --------
    >>> quantise_weights([0.3, 0.1, 0.7, 0.0123], 2).tolist()
    [0.300048828125, 0.0999755859375, 0.699951171875, 0.0123291015625]
    """
    steps = np.rint(np.asarray(weights, np.float64) / weight_step(shift))
    return np.asarray(np.clip(steps, 0, 2**WEIGHT_BITS - 1) * weight_step(shift))
