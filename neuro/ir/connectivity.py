"""Who is connected to whom: explicit lists, connectors with a seed, and structured connectivity.

All of them expand to the same compressed sparse rows everywhere (see `expansion`).  The order of
synapses within a row is part of the meaning: events are added in it.
"""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from neuro.ir.expressions.nodes import Expression
from neuro.ir.node import SILENT, Node, node
from neuro.ir.sliding import Axis


@node
class Sparse(Node):
    """Explicit compressed sparse rows.

    Attributes
    ----------
    indptr
        Where each presynaptic neuron's synapses start; int64, shape (n_pre + 1,).
    indices
        Postsynaptic neuron of each synapse; int32, shape (n_synapses,).
    """

    indptr: NDArray[Any]
    indices: NDArray[Any]


@node
class AllToAll(Node):
    """Every presynaptic neuron to every postsynaptic one; rows in ascending order.

    Attributes
    ----------
    self_connections
        False leaves out the pairs with equal indices (also between different populations).
    """

    self_connections: bool = True


@node
class OneToOne(Node):
    """Neuron i to neuron i; both sides have the same size."""


@node
class FixedProbability(Node):
    """Each pair with the same probability, independently.

    Attributes
    ----------
    probability
        In [0, 1].
    self_connections
        As for `AllToAll`.
    seed
        None takes the network's seed together with the projection's name.
    """

    probability: float
    self_connections: bool = True
    seed: int | None = None


@node
class FixedNumber(Node):
    """A fixed number of partners, drawn without replacement for each neuron of one side.

    Attributes
    ----------
    side
        ``"pre"``: every postsynaptic neuron has `number` presynaptic partners (a fixed in-degree);
        ``"post"``: every presynaptic neuron has `number` postsynaptic ones (a fixed out-degree).
    number
        How many.
    self_connections, seed
        As for `FixedProbability`.
    """

    side: Literal["pre", "post"]
    number: int
    self_connections: bool = True
    seed: int | None = None


@node
class DistanceDependent(Node):
    """Each pair with a probability that is an expression of the distance ``d``.

    Attributes
    ----------
    probability
        Expression of ``d``; clipped to [0, 1].
    pre_positions, post_positions
        Coordinates; shapes (n_pre, dimensions) and (n_post, dimensions).
    self_connections, seed
        As for `FixedProbability`.
    """

    probability: Expression
    pre_positions: NDArray[Any]
    post_positions: NDArray[Any]
    self_connections: bool = True
    seed: int | None = None


@node
class Dense(Node):
    """All to all with a matrix of weights of shape (n_pre, n_post)."""


@node
class Convolution(Node):
    """A convolution (cross-correlation, as in deep learning) whose weights are stored once.

    The projection's weight is the kernel, of shape (channels_out, channels_in / groups, *kernel).
    Neurons are numbered channel first, then row by row.

    Attributes
    ----------
    input_shape
        (channels, length) or (channels, height, width).
    kernel_shape
        (channels_out, channels_in / groups, *kernel).
    stride, padding, dilation
        One number per spatial axis; padding adds silence on both sides.
    groups
        Number of blocks of channels that are convolved separately.
    padding_end
        Padding behind the last place of each axis, where it differs from that before the first;
        None if it does not.
    pool
        Window and stride, per axis, of a pooling in front of the convolution, which then sees sums;
        None if there is none.
    """

    input_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    padding_end: tuple[int, ...] | None = field(default=None, metadata=SILENT)
    pool: tuple[int, ...] | None = field(default=None, metadata=SILENT)


@node
class Pooling(Node):
    """Sums windows of each channel; with a weight of 1 / window size it averages.

    Attributes
    ----------
    input_shape
        (channels, length) or (channels, height, width).
    window, stride, padding
        One number per spatial axis.
    """

    input_shape: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]


Connectivity: TypeAlias = (
    Sparse
    | AllToAll
    | OneToOne
    | FixedProbability
    | FixedNumber
    | DistanceDependent
    | Dense
    | Convolution
    | Pooling
)


def synapse_count(connectivity: Connectivity, n_pre: int, n_post: int) -> int | None:
    """How many synapses there will be; None where chance or geometry decides."""
    match connectivity:
        case Sparse(indices=indices):
            return len(indices)
        case OneToOne():
            return n_pre
        case AllToAll(self_connections=True) | Dense():
            return n_pre * n_post
        case AllToAll():
            return n_pre * n_post - min(n_pre, n_post)
        case FixedNumber(side=side, number=number):
            return number * (n_post if side == "pre" else n_pre)
        case _:
            return None


def sliding_count(connectivity: Convolution | Pooling) -> int:
    """How many synapses a convolution or pooling has that passes the verifier."""
    pairs = prod(axis.pairs for axis in axes_of(connectivity))
    if isinstance(connectivity, Pooling):
        return connectivity.input_shape[0] * pairs
    return connectivity.kernel_shape[0] * connectivity.kernel_shape[1] * pairs


def spatial_shape(
    size: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    padding_end: tuple[int, ...] | None = None,
) -> tuple[int, ...]:
    """Output size of a sliding window along each axis."""
    spans = (d * (w - 1) + 1 for w, d in zip(window, dilation, strict=True))
    behind = padding if padding_end is None else padding_end
    axes = zip(size, spans, stride, padding, behind, strict=True)
    return tuple((n + p + q - span) // s + 1 for n, span, s, p, q in axes)


def axes_of(connectivity: Convolution | Pooling) -> tuple[Axis, ...]:
    """The spatial axes of a convolution or pooling."""
    size, stride = connectivity.input_shape[1:], connectivity.stride
    padding = connectivity.padding
    window, dilation, behind, block = _window(connectivity)
    seen = tuple(n // b for n, b in zip(size, block, strict=True))
    out = spatial_shape(seen, window, stride, padding, dilation, behind)
    numbers = zip(size, window, stride, padding, dilation, out, block, strict=True)
    return tuple(Axis(*own) for own in numbers)


def _window(
    connectivity: Convolution | Pooling,
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...] | None, tuple[int, ...]]:
    """Taps, their distance, the padding behind, and what is summed in front."""
    ones = (1,) * len(connectivity.stride)
    if isinstance(connectivity, Pooling):
        return connectivity.window, ones, None, ones
    taps = connectivity.kernel_shape[2:]
    return taps, connectivity.dilation, connectivity.padding_end, connectivity.pool or ones


def output_shape(connectivity: Convolution | Pooling) -> tuple[int, ...]:
    """Shape (channels, *space) of what a convolution or pooling projects onto."""
    space = tuple(axis.out for axis in axes_of(connectivity))
    if isinstance(connectivity, Pooling):
        return (connectivity.input_shape[0], *space)
    return (connectivity.kernel_shape[0], *space)
