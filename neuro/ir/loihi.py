"""Loihi's numbers: widths of its variables, and weights of an 8-bit mantissa and an exponent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.ir.network import fixed_point

UNIT = 64
"""What arrives, and the threshold, are in units of this many steps of the membrane (6 bits)."""
DECAY_ONE = 4096
"""A decay of this much clears a variable in one step (12 bits)."""
LIMIT = 2**23
"""Current and membrane have 24 bits: the current wraps here, the membrane is saturated below."""
MAX_DECAY = 4095
MAX_THRESHOLD = 2**17 - 1
MAX_BIAS, MAX_BIAS_EXPONENT = 4095, 7
MAX_DELAY = 63
"""Most steps from a spike to its arrival: Loihi's synapses add 0 to 62 steps to one."""

WHOLE = fixed_point(31, 0)
"""The number format of a network in Loihi's format: whole numbers."""

SignMode = Literal["mixed", "excitatory", "inhibitory"]
MAX_EXPONENT = 7
"""Largest exponent of weights that is used here; smaller ones than 0 would drop bits of sums."""
LARGEST = {"mixed": 254, "excitatory": 255, "inhibitory": 255}
"""Largest magnitude of a mantissa; mixed mantissas give a bit to the sign and are even."""


@dataclass(frozen=True, slots=True, eq=False)
class LoihiWeights:
    """Weights of one projection.

    Attributes
    ----------
    mantissa
        int32 within ±`LARGEST`; even where signs are mixed.
    exponent
        0 to 7: a weight is its mantissa times ``2**exponent``.
    sign_mode
        Signs that the mantissas may have.
    clipped
        How many weights were too large for the largest exponent.
    """

    mantissa: NDArray[np.int32]
    exponent: int
    sign_mode: SignMode
    clipped: int

    @property
    def values(self) -> NDArray[np.float64]:
        """The weights."""
        return np.ldexp(self.mantissa.astype(np.float64), self.exponent)


def sign_mode(weights: ArrayLike) -> SignMode:
    """Signs that `weights` need."""
    array = np.asarray(weights)
    if np.any(array < 0):
        return "mixed" if np.any(array > 0) else "inhibitory"
    return "excitatory"


def quantise_weights(weights: ArrayLike, bound: float | None = None) -> LoihiWeights:
    """`weights` with the smallest exponent that fits them, rounded half away from zero.

    Parameters
    ----------
    weights
        In units of what arrives at a cell (64 steps of its membrane).
    bound
        The largest magnitude that weights will have, if they change; else that of `weights`.
    """
    array = np.asarray(weights, np.float64)
    mode = sign_mode(array)
    largest = max(float(np.max(np.abs(array), initial=0.0)), bound or 0.0)
    exponent = weight_exponent(largest, mode)
    grid = 2.0 ** (exponent + (mode == "mixed"))
    whole = np.sign(array) * np.floor(np.abs(array) / grid + 0.5) * (1 + (mode == "mixed"))
    high = LARGEST[mode]
    clipped = int(np.count_nonzero(np.abs(whole) > high))
    return LoihiWeights(np.clip(whole, -high, high).astype(np.int32), exponent, mode, clipped)


def weight_exponent(largest: float, mode: SignMode) -> int:
    """The smallest exponent with which magnitudes up to `largest` fit; at most 7."""
    for exponent in range(MAX_EXPONENT):
        if largest <= LARGEST[mode] * 2.0**exponent:
            return exponent
    return MAX_EXPONENT


def as_mantissas(weights: ArrayLike) -> LoihiWeights | None:
    """`weights` that are on Loihi's grid already; None if they are not.

    Parameters
    ----------
    weights
        Whole numbers, if they are on the grid.
    """
    array = np.asarray(weights, np.float64)
    found = quantise_weights(array)
    return found if np.array_equal(found.values, array) else None
