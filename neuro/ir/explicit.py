"""Put new weights into a projection, however its connectivity is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import Convolution, Sparse
from neuro.ir.network import Projection
from neuro.ir.resolve import Synapses
from neuro.ir.values import Value


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


def _steps(value: int | NDArray[np.int64]) -> Value:
    return value if isinstance(value, np.ndarray) else int(value)
