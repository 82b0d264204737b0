"""The integer operations of fixed point: what they mean, on numpy arrays.

A fixed-point program is an ordinary program whose names hold int32 and whose calls are these.  Each
takes the exact result, multiplies it by ``2**-s``, rounds it to the nearest integer (halves away
from zero; ``floor_shift`` and ``mul_floor`` to the one below) and saturates it to int32.  They are not part of the language that people write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[Any]

LOW, HIGH = -(2**31), 2**31 - 1
"""Range of int32."""
MAX_LEFT = 31
"""Left shifts beyond this saturate like this one."""
MAX_SHIFT = 33
"""Right shifts of an int32 beyond this give 0 like this one."""
MAX_PRODUCT_SHIFT = 62
"""Right shifts of a product beyond this give 0."""
MAX_FLOOR_SHIFT = 63
"""The whole part of a product shifted by more bits than this is like that."""
MAX_WIDE = 32
"""Aligning by more bits than this compares like this."""


def saturated(x: Integers) -> Integers:
    """The int32 nearest to the int64 `x`."""
    return np.asarray(np.clip(x, LOW, HIGH).astype(np.int32))


def add_sat(a: Integers, b: Integers) -> Integers:
    """``a + b``."""
    return saturated(_wide(a) + _wide(b))


def sub_sat(a: Integers, b: Integers) -> Integers:
    """``a - b``."""
    return saturated(_wide(a) - _wide(b))


def neg_sat(a: Integers) -> Integers:
    """``-a``."""
    return saturated(-_wide(a))


def abs_sat(a: Integers) -> Integers:
    """``abs(a)``."""
    return saturated(np.abs(_wide(a)))


def shift(a: Integers, s: Integers) -> Integers:
    """``a * 2**-s`` for -31 <= s <= 33."""
    return _shifted(_wide(a), int(s))


def mul_shift(a: Integers, b: Integers, s: Integers) -> Integers:
    """``a * b * 2**-s`` for -31 <= s; 0 where s is above 62."""
    if int(s) > MAX_PRODUCT_SHIFT:
        return np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b)), np.int32)
    return _shifted(_wide(a) * _wide(b), int(s))


def _shifted(x: Integers, s: int) -> Integers:
    if s <= 0:
        return saturated(_wide(saturated(x)) * np.int64(2 ** min(-s, MAX_LEFT)))
    half = np.int64(1) << np.int64(s - 1)
    return saturated((x + half - (x < 0)) >> np.int64(s))


def div_shift(a: Integers, b: Integers, s: Integers) -> Integers:
    """``a / b * 2**-s`` for -31 <= s <= 31; 0 / 0 is 0, else a division by 0 saturates."""
    up, down = max(-int(s), 0), max(int(s), 0)
    dividend, divisor = np.broadcast_arrays(
        _wide(a) * np.int64(2**up), _wide(b) * np.int64(2**down)
    )
    size = np.abs(divisor)
    quotient = (np.abs(dividend) + size // 2) // np.where(size == 0, 1, size)
    quotient = np.where(size == 0, np.where(dividend == 0, 0, 2**32), quotient)
    return saturated(np.where((dividend < 0) != (divisor < 0), -quotient, quotient))


def floor_shift(a: Integers, s: Integers) -> Integers:
    """The whole number not above ``a * 2**-s``, for 0 <= s <= 31."""
    return saturated(_wide(a) >> np.int64(int(s)))


def mul_floor(a: Integers, b: Integers, s: Integers) -> Integers:
    """The whole number not above ``a * b * 2**-s``, for 0 <= s <= 63."""
    return saturated((_wide(a) * _wide(b)) >> np.int64(int(s)))


def clip_bits(a: Integers, bits: Integers) -> Integers:
    """`a` saturated to a signed integer of `bits` bits."""
    high = 2 ** (int(bits) - 1) - 1
    return np.asarray(np.clip(a, -high - 1, high).astype(np.int32))


def wide(a: Integers, s: Integers) -> Integers:
    """``a * 2**s`` in 64 bits, for 0 <= s <= 32; only to be compared."""
    return np.asarray(_wide(a) * np.int64(2 ** int(s)))


def _wide(a: Integers) -> Integers:
    return np.asarray(a, np.int64)


INTEGER: dict[str, Callable[..., Integers]] = {
    function.__name__: function
    for function in (
        *(add_sat, sub_sat, neg_sat, abs_sat, shift, mul_shift, div_shift),
        *(floor_shift, mul_floor, clip_bits, wide),
    )
}
"""The operations by name."""
