"""Put new weights into a projection, however its connectivity is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import Convolution, Sparse
from neuro.ir.network import Projection
from neuro.ir.resolve import Structured, Synapses
from neuro.ir.values import Draw, Value


def with_weights(node: Projection, weights: NDArray[np.float64], expanded: Synapses) -> Projection:
    """`node` with `weights`; what chance or a kernel decides is written out if they differ.

    Parameters
    ----------
    node
        The projection.
    weights
        One number, or one for each synapse of `expanded`.
    expanded
        The synapses of `node`.
    """
    if weights.ndim == 0 or (weights.size and np.ptp(weights) == 0):
        return replace(node, weight=float(np.ravel(weights)[0]))
    kernel = _as_kernel(node, weights, expanded)
    if kernel is not None:
        return replace(node, weight=kernel)
    listed = not isinstance(node.connectivity, Convolution)
    if listed and isinstance(node.weight, np.ndarray) and weights.size == node.weight.size:
        return replace(node, weight=weights.reshape(node.weight.shape))
    rows = expanded.rows
    return replace(
        node,
        connectivity=Sparse(indptr=rows.indptr, indices=rows.indices),
        weight=weights,
        delay=_steps(expanded.delay),
        axonal=_steps(expanded.axonal),
    )


def with_stored_weights(
    node: Projection, weights: NDArray[np.float64], made: Structured
) -> Projection:
    """`node` with `weights` as its ``w`` has them: one number, a kernel or a matrix."""
    if weights.size == 1 and made.stored == 1:
        return replace(node, weight=float(np.ravel(weights)[0]))
    shape: tuple[int, ...] = (made.n_pre, made.n_post)
    if isinstance(node.connectivity, Convolution):
        shape = node.connectivity.kernel_shape
    return replace(node, weight=np.broadcast_to(np.ravel(weights), made.stored).reshape(shape))


def _as_kernel(
    node: Projection, weights: NDArray[np.float64], expanded: Synapses
) -> NDArray[np.float64] | None:
    """The kernel behind weights of a convolution; None if there is none.

    Places of the kernel that no synapse has stay as they are.
    """
    places = expanded.rows.kernel_index
    if places is None or not isinstance(node.connectivity, Convolution):
        return None
    shape = node.connectivity.kernel_shape
    found = np.zeros(shape) if isinstance(node.weight, Draw) else np.empty(shape)
    if not isinstance(node.weight, Draw):
        found[...] = node.weight
    kernel = found.reshape(-1)
    kernel[places] = weights
    return found if np.array_equal(kernel[places], weights) else None


def _steps(value: int | NDArray[np.int64]) -> Value:
    return value if isinstance(value, np.ndarray) else int(value)
