"""How many synapses each presynaptic cell has, and how many of their weights are not zero."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import Convolution, Dense, OneToOne, Pooling, output_shape
from neuro.ir.network import GradedProjection, Network, Projection
from neuro.ir.philox import derived_seed
from neuro.ir.resolve import sizes, synapses, target_size
from neuro.ir.values import expand

AnyProjection: TypeAlias = Projection | GradedProjection
Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FanOut:
    """The synapses of a projection, counted.

    Attributes
    ----------
    weights
        Numbers in its matrix or kernel, with the zeros.
    zeros
        Those that are zero, or for which there is no synapse.
    effective
        By presynaptic cell: synapses whose weight is not zero; int64.
    dense
        Synapses that there would be without a zero.
    """

    weights: int
    zeros: int
    effective: Integers
    dense: int


def fan_out(network: Network, item: AnyProjection, seed: int) -> FanOut | None:
    """Count the synapses of `item`; None for pooling, which NeuroBench does not count.

    Parameters
    ----------
    network, item
        A projection, graded or not, and its network.
    seed
        Stands in where connections or weights are drawn without a seed of their own.
    """
    match item.connectivity:
        case Pooling():
            return None
        case Convolution():
            return _convolution(item, item.connectivity, seed)
        case Dense() if isinstance(item.weight, np.ndarray):
            n_pre = sizes(network, item.pre)
            effective = np.count_nonzero(item.weight.reshape(n_pre, -1), axis=1)
            return _counted(effective.astype(np.int64), item.weight.size)
        case _:
            return _listed(network, item, seed)


def projections(network: Network) -> list[AnyProjection]:
    """Projections and graded projections, in order."""
    return [*network.projections, *network.graded]


def _counted(effective: Integers, weights: int) -> FanOut:
    """Where every weight is one synapse."""
    return FanOut(weights, max(0, weights - int(effective.sum())), effective, weights)


def _listed(network: Network, item: AnyProjection, seed: int) -> FanOut:
    """Any connectivity as a matrix; a diagonal one holds only its diagonal."""
    n_pre, n_post = sizes(network, item.pre), target_size(network, item)
    made = synapses(network, item, seed)
    used = np.broadcast_to(np.asarray(made.weight) != 0, (made.rows.count,))
    effective = np.bincount(made.rows.sources()[used], minlength=n_pre).astype(np.int64)
    diagonal = isinstance(item.connectivity, OneToOne)
    return _counted(effective, n_pre if diagonal else n_pre * n_post)


def _convolution(item: AnyProjection, c: Convolution, seed: int) -> FanOut:
    """A kernel, whose every number makes many synapses; they are not listed."""
    size = prod(c.kernel_shape)
    flat = expand(item.weight, size, derived_seed(seed, f"{item.name}/weight"))
    used = np.broadcast_to(np.asarray(flat).reshape(-1) != 0, (size,)).reshape(c.kernel_shape)
    effective = _reached(c, used)
    return FanOut(
        weights=size,
        zeros=size - int(np.count_nonzero(used)),
        effective=effective,
        dense=int(_reached(c, np.ones_like(used)).sum()),
    )


def _reached(c: Convolution, used: NDArray[np.bool_]) -> Integers:
    """By presynaptic cell: outputs that it reaches through the `used` entries of the kernel."""
    _, inside, *window = c.kernel_shape
    per_tap = used.reshape(c.groups, -1, inside, *window).sum(axis=1, dtype=np.int64)
    found = per_tap.reshape(-1, *window)
    for axis in range(len(window)):
        found = np.tensordot(found, _taps(c, axis), axes=([1], [1]))
    return np.asarray(found.reshape(-1), np.int64)


def _taps(c: Convolution, axis: int) -> Integers:
    """1 where a place of the input meets a place of the kernel for some output; shape (in, kernel)."""
    place = np.arange(c.input_shape[1 + axis])[:, None]
    tap = np.arange(c.kernel_shape[2 + axis])[None, :]
    shifted = place + c.padding[axis] - tap * c.dilation[axis]
    output, rest = np.divmod(shifted, c.stride[axis])
    inside = (output >= 0) & (output < output_shape(c)[1 + axis])
    return np.asarray(inside & (rest == 0), np.int64)
