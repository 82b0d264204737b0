"""Projections as matrices: one for each pair of axonal and dendritic delay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.backends.torch.sums import Matrix, matrix_of
from neuro.ir.connectivity import Convolution, Dense
from neuro.ir.expansion import Rows
from neuro.ir.layout import dendritic_delay, is_direct
from neuro.ir.network import GradedProjection, Network, Projection
from neuro.ir.resolve import Synapses, connections, shares_weights, synapses, target_size

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Synapses of one projection that share their delays.

    Attributes
    ----------
    axonal, dendritic
        Steps before and behind the synapse.
    matrix
        Who is connected.
    place
        Where their weights stand among the projection's; None if they are all of them, in order.
    """

    axonal: int
    dendritic: int
    matrix: Matrix
    place: Tensor | None

    @property
    def delay(self) -> int:
        """Steps from spike to arrival."""
        return self.axonal + self.dendritic

    def weights(self, stored: Tensor) -> Tensor:
        """The weights of these synapses, out of those of the projection."""
        shape = (self.matrix.n_pre, self.matrix.n_post) if self.matrix.is_dense else (-1,)
        if self.place is None:
            return stored.reshape(shape)
        if stored.ndim == 0:
            return stored.expand(len(self.place)).reshape(shape)
        return stored.reshape(-1)[self.place].reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """A projection, or graded projection, ready to be summed.

    Attributes
    ----------
    node
        The projection.
    direct
        True if events arrive without a ring.
    groups
        By delay, longest dendritic delay first, then longest axonal one.
    stored
        Weights as they are stored, in SI: shape (), (n_synapses,), (n_pre, n_post) or a kernel's.
    expanded
        The synapses.
    """

    node: Projection | GradedProjection
    direct: bool
    groups: tuple[Group, ...]
    stored: NDArray[np.float64]
    expanded: Synapses


def wiring_of(network: Network, node: Projection | GradedProjection, seed: int) -> Wiring:
    """Matrices and weights of `node`."""
    expanded = synapses(network, node, seed)
    return Wiring(
        node=node,
        direct=isinstance(node, Projection) and is_direct(node, expanded),
        groups=tuple(_groups(expanded, target_size(network, node))),
        stored=_stored(network, node, expanded, seed),
        expanded=expanded,
    )


def _stored(
    network: Network, node: Projection | GradedProjection, expanded: Synapses, seed: int
) -> NDArray[np.float64]:
    """Weights, those of a kernel once, and those of all pairs as a matrix."""
    weight = np.asarray(expanded.weight, np.float64)
    if isinstance(node.connectivity, Dense) and weight.ndim:
        return weight.reshape(-1, target_size(network, node))
    if isinstance(node, Projection) and shares_weights(node) and weight.ndim:
        assert isinstance(node.connectivity, Convolution)
        kernel = np.asarray(connections(network, node, seed).weight, np.float64)
        return kernel.reshape(node.connectivity.kernel_shape)
    index = expanded.rows.kernel_index
    if index is None or weight.ndim == 0:
        return weight
    assert isinstance(node.connectivity, Convolution)
    shape = node.connectivity.kernel_shape
    if isinstance(node.weight, np.ndarray):
        return np.asarray(node.weight, np.float64).reshape(shape)
    kernel = np.zeros(math.prod(shape))
    kernel[index] = weight
    return kernel.reshape(shape)


def _groups(expanded: Synapses, n_post: int) -> list[Group]:
    rows = expanded.rows
    axonal = np.broadcast_to(expanded.axonal, rows.count)
    dendritic = np.broadcast_to(dendritic_delay(expanded), rows.count)
    pairs = sorted(set(zip(axonal.tolist(), dendritic.tolist(), strict=True)), key=_longest_first)
    single = len(pairs) == 1
    kernel = rows.kernel_index
    scalar = np.ndim(expanded.weight) == 0
    made = []
    for a, d in pairs:
        chosen = None if single else np.flatnonzero((axonal == a) & (dendritic == d))
        matrix = matrix_of(rows if chosen is None else _some(rows, chosen), n_post)
        place = np.arange(rows.count) if chosen is None else chosen
        if kernel is not None and not scalar:
            place = kernel[place]
        whole = chosen is None and kernel is None and not scalar
        made.append(
            Group(a, d, matrix, None if whole else torch.from_numpy(place.astype(np.int64)))
        )
    return made


def _longest_first(pair: tuple[int, int]) -> tuple[int, int]:
    return -pair[1], -pair[0]


def _some(rows: Rows, chosen: Integers) -> Rows:
    counts = np.bincount(rows.sources()[chosen], minlength=len(rows.indptr) - 1)
    return Rows(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), rows.indices[chosen])
