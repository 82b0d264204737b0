"""The exact operations of the expression language, and random words, for numba.

The counterpart of ``deploy/runtime/neuro_math.h`` and ``neuro_philox.h``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint32, uint64

F32 = np.float32
F64 = np.float64


@njit(inline="always", error_model="numpy")
def nr_min(a: Any, b: Any) -> Any:
    """``a if a < b else b``."""
    return a if a < b else b


@njit(inline="always", error_model="numpy")
def nr_max(a: Any, b: Any) -> Any:
    """``a if a > b else b``."""
    return a if a > b else b


@njit(inline="always", error_model="numpy")
def nr_clip(x: Any, low: Any, high: Any) -> Any:
    """``min(max(x, low), high)``."""
    return nr_min(nr_max(x, low), high)


@njit(inline="always", error_model="numpy")
def nr_abs(x: Any) -> Any:
    """``abs(x)``."""
    return abs(x)


@njit(inline="always", error_model="numpy")
def nr_sqrt(x: Any) -> Any:
    """Square root, correctly rounded."""
    return np.sqrt(x)


@njit(inline="always", error_model="numpy")
def nr_floor(x: Any) -> Any:
    """The largest whole number that is not larger."""
    return np.floor(x)


@njit(inline="always", error_model="numpy")
def nr_sign_32(x: Any) -> Any:
    """1, -1 or 0 in single precision."""
    return (F32(1) if x > F32(0) else F32(0)) - (F32(1) if x < F32(0) else F32(0))


@njit(inline="always", error_model="numpy")
def nr_sign_64(x: Any) -> Any:
    """1, -1 or 0 in double precision."""
    return (1.0 if x > 0.0 else 0.0) - (1.0 if x < 0.0 else 0.0)


@njit(inline="always", error_model="numpy")
def nr_pow2_32(k: Any) -> Any:
    """2**k in single precision, for a whole number clipped to normal exponents."""
    whole = np.int32(nr_clip(k, F32(-126), F32(127)))
    return np.int32((whole + 127) * (1 << 23)).view(np.float32)


@njit(inline="always", error_model="numpy")
def nr_pow2_64(k: Any) -> Any:
    """2**k in double precision, for a whole number clipped to normal exponents."""
    whole = np.int64(nr_clip(k, -1022.0, 1023.0))
    return np.int64((whole + 1023) * (1 << 52)).view(np.float64)


@njit(inline="always", error_model="numpy")
def nr_exponent_32(x: Any) -> Any:
    """The exponent field in single precision."""
    return F32(((np.float32(x).view(np.int32) >> 23) & 0xFF) - 127)


@njit(inline="always", error_model="numpy")
def nr_exponent_64(x: Any) -> Any:
    """The exponent field in double precision."""
    return F64(((np.float64(x).view(np.int64) >> 52) & 0x7FF) - 1023)


@njit(inline="always", error_model="numpy")
def nr_uniform_32(word: Any) -> Any:
    """A random word as a number in [0, 1), in single precision."""
    return F32(word >> 8) * F32(0.5**24)


@njit(inline="always", error_model="numpy")
def nr_uniform_64(word: Any) -> Any:
    """A random word as a number in [0, 1), in double precision."""
    return F64(word) * 0.5**32


@njit(inline="always", error_model="numpy")
def nr_open_32(word: Any) -> Any:
    """A random word as a number in (0, 1), in single precision."""
    return (F32(word >> 9) + F32(0.5)) * F32(0.5**23)


@njit(inline="always", error_model="numpy")
def nr_open_64(word: Any) -> Any:
    """A random word as a number in (0, 1), in double precision."""
    return (F64(word) + 0.5) * 0.5**32


@njit(cache=True)
def nr_words(seed: Any, stream: int, draw: int, step: int, out: Any) -> None:
    """Random words of the cells from 0 on, into `out` (uint32)."""
    low = uint64(0xFFFFFFFF)
    for block in range((len(out) + 3) // 4):
        c0, c1 = uint64(block), uint64(step) & low
        c2, c3 = uint64(step >> 32) | (uint64(draw) << uint64(16)), uint64(stream)
        k0, k1 = uint64(seed) & low, uint64(seed) >> uint64(32)
        for _ in range(10):
            p0, p1 = c0 * uint64(0xD2511F53), c2 * uint64(0xCD9E8D57)
            c0, c1 = (p1 >> uint64(32)) ^ c1 ^ k0, p1 & low
            c2, c3 = (p0 >> uint64(32)) ^ c3 ^ k1, p0 & low
            k0, k1 = (k0 + uint64(0x9E3779B9)) & low, (k1 + uint64(0xBB67AE85)) & low
        for lane, word in enumerate((c0, c1, c2, c3)):
            if 4 * block + lane < len(out):
                out[4 * block + lane] = uint32(word)
