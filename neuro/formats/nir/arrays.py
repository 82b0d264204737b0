"""Arrays as nodes of a graph hold them: of full size, in single precision where that is exact."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.formats.nir.shapes import Shape
from neuro.ir.expansion import Rows


def full(value: Any, shape: Shape) -> NDArray[Any]:
    """`value` at full size, in single precision where that is exact."""
    array = np.asarray(value)
    if array.size == prod(shape) and array.ndim:
        return narrow(array.reshape(shape))
    return narrow(np.broadcast_to(array, shape).copy())


def narrow(array: NDArray[Any]) -> NDArray[Any]:
    """`array` in single precision if nothing is lost by it."""
    if array.dtype == np.float32:
        return array
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    return single if (single == array).all() else array.astype(np.float64)


def whole(weight: Any, sign: int) -> Any:
    """A sign in the precision of `weight`."""
    dtype = weight.dtype if isinstance(weight, np.ndarray) else np.float64
    return np.asarray(sign, dtype)


def one_or_all(values: Shape, axes: int) -> Any:
    """NIR's form of values per axis: one number for one axis."""
    return values[0] if axes == 1 else tuple(values)


def positions(rows: Rows, n_pre: int) -> NDArray[np.int64]:
    """Where synapses stand in the flat matrix of shape (post, pre)."""
    return np.asarray(rows.indices.astype(np.int64) * n_pre + rows.sources(), np.int64)
