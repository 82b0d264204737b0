"""Numbers as integers: a number ``x`` is stored as ``x * 2**exponent``, rounded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.ir.expressions.integer import HIGH, LOW

WORD = 31
"""Bits of an int32 besides the sign."""


def mantissa(value: ArrayLike, exponent: int, bits: int = WORD + 1) -> NDArray[np.int32]:
    """`value` times ``2**exponent``, rounded half away from zero, saturated to `bits` bits."""
    scaled = np.ldexp(np.asarray(value, np.float64), exponent)
    whole = np.trunc(scaled)
    whole = whole + np.sign(scaled) * (np.abs(scaled - whole) >= 0.5)
    high = 2.0 ** (bits - 1) - 1
    return np.asarray(np.clip(whole, -high - 1, high)).astype(np.int32)


def number(stored: NDArray[np.integer], exponent: int) -> NDArray[np.float64]:
    """The numbers that `stored` stands for; exact."""
    return np.asarray(np.ldexp(np.asarray(stored, np.float64), -exponent))


def best_exponent(bound: float, bits: int = WORD) -> int:
    """The largest exponent with which numbers up to `bound` fit into `bits` bits and a sign.

    >>> best_exponent(1.0), best_exponent(1.0, 7), best_exponent(0.065)
    (30, 6, 34)
    """
    if bound == 0:
        return bits
    high = 2**bits - 1
    exponent = bits - math.frexp(bound)[1]
    return exponent if math.floor(math.ldexp(bound, exponent) + 0.5) <= high else exponent - 1


def largest(exponent: int) -> float:
    """The largest number with `exponent`."""
    return math.ldexp(HIGH, -exponent)


def fits(value: ArrayLike, exponent: int) -> bool:
    """True if `value` needs no saturation with `exponent`."""
    scaled = np.ldexp(np.asarray(value, np.float64), exponent)
    return bool(np.all((scaled >= LOW - 0.5) & (scaled < HIGH + 0.5)))
