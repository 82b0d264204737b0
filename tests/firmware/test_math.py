"""The firmware's own floor and square root are those of IEEE 754, bit for bit."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuro.backends.c.compiler import compile_library

SOURCE = """
#define NR_FLOAT64 {double}
#define NR_OWN_MATH 1
#include "neuro_math.h"
void roots(const real *from, real *to, uint32_t count);
void roots(const real *from, real *to, uint32_t count)
{{
    for (uint32_t k = 0; k < count; ++k)
        to[k] = nr_sqrt(from[k]);
}}
void floors(const real *from, real *to, uint32_t count);
void floors(const real *from, real *to, uint32_t count)
{{
    for (uint32_t k = 0; k < count; ++k)
        to[k] = nr_floor(from[k]);
}}
"""
DTYPES = [np.float32, np.float64]


def computed(function: str, values: NDArray[Any]) -> NDArray[Any]:
    source = SOURCE.format(double=int(values.dtype == np.float64))
    library = ctypes.CDLL(str(compile_library(source).path))
    found: NDArray[Any] = np.empty_like(values)
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (values, found))
    library[function](*pointers, len(values))
    return found


def samples(dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """Numbers of every exponent, squares and their neighbours, whole numbers and halves, ends."""
    rng = np.random.default_rng(1)
    words = np.dtype(f"u{np.dtype(dtype).itemsize}")
    anywhere = np.frombuffer(rng.bytes(200_000 * words.itemsize), words).view(dtype)
    squares = (rng.random(20_000).astype(dtype) + 1) ** 2
    near = [np.nextafter(squares, dtype(side)) for side in (0, 9)]
    halves = np.arange(-2000, 2000, dtype=dtype) / 2
    large = np.ldexp(dtype(1), np.arange(-160, 128)).astype(dtype)
    info = np.finfo(dtype)
    ends = [
        0,
        -0.0,
        info.max,
        -info.max,
        info.tiny,
        info.smallest_subnormal,
        np.inf,
        -np.inf,
        np.nan,
    ]
    more = [np.array(ends, dtype), large, -large, large + dtype(0.5), -large - dtype(0.5)]
    found: NDArray[Any] = np.concatenate([anywhere, squares, *near, halves, *more]).astype(dtype)
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_square_roots_are_rounded_exactly(dtype: type[np.floating[Any]]) -> None:
    values = samples(dtype)
    with np.errstate(invalid="ignore"):
        assert_same_bits(computed("roots", values), np.sqrt(values))


@pytest.mark.parametrize("dtype", DTYPES)
def test_floors_are_exact(dtype: type[np.floating[Any]]) -> None:
    values = samples(dtype)
    with np.errstate(invalid="ignore"):
        assert_same_bits(computed("floors", values), np.floor(values))


def assert_same_bits(found: NDArray[Any], expected: NDArray[Any]) -> None:
    """The same bits, sign of zero included; any NaN is as good as another."""
    assert (np.isnan(found) == np.isnan(expected)).all()
    both = ~np.isnan(found)
    words = f"u{found.itemsize}"
    assert (found[both].view(words) == expected[both].view(words)).all()
