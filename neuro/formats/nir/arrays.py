"""Arrays as nodes of a graph hold them: of full size, in single precision where that is exact."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.formats.nir.shapes import Shape
from neuro.ir.connectivity import Convolution
from neuro.ir.expansion import Rows
from neuro.ir.grid import MOST_AXES


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


def padding_of(connectivity: Convolution) -> Any:
    """The padding as NIR says it; None if NIR has no nodes for the convolution."""
    axes, behind = len(connectivity.padding), connectivity.padding_end
    if axes > MOST_AXES or (connectivity.pool is not None and axes != MOST_AXES):
        return None
    if behind is None or behind == connectivity.padding:
        return one_or_all(connectivity.padding, axes)
    both = zip(connectivity.padding, behind, strict=True)
    spans = zip(connectivity.dilation, connectivity.kernel_shape[2:], strict=True)
    same = all(
        (p, q) == (d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2)
        for (p, q), (d, k) in zip(both, spans, strict=True)
    )
    return "same" if same and set(connectivity.stride) == {1} else None
