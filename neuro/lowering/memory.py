"""Arrays that vector instructions like: each starts a cache line, and no two alias.

Arrays that start at the same place within a memory page slow each other down when they are walked
through together, so every new one starts a few cache lines further into its page.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

LINE = 64
_PAGE = 4096
_STRIDE = 5 * LINE
_turn = itertools.count()


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of `shape`, aligned to a cache line, with anything in it."""
    kind = np.dtype(dtype)
    count = int(np.prod(shape))
    skew = next(_turn) * _STRIDE % _PAGE if count * kind.itemsize >= _PAGE else 0
    block = np.empty(count * kind.itemsize + skew + 2 * LINE, np.uint8)
    start = -block.ctypes.data % LINE + skew
    return block[start : start + count * kind.itemsize].view(kind).reshape(shape)


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros, aligned to a cache line."""
    array = empty(shape, dtype)
    array[...] = 0
    return array


def full(shape: int | tuple[int, ...], value: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """An array of one value, aligned to a cache line."""
    array = empty(shape, dtype)
    array[...] = value
    return array


def copy(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """`values` as an array of its own, aligned to a cache line."""
    given = np.asarray(values)
    array = empty(given.shape, dtype)
    array[...] = given
    return array
