"""Connectors under PyNN's names, with PyNN's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import ParameterError
from neuro.ir.connectivity import (
    AllToAll,
    Connectivity,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
)
from neuro.ir.expressions.parser import parse_expression
from neuro.surface import as_integer, as_integers
from neuro.units import UNITS, to_si


@dataclass(frozen=True, slots=True, eq=False)
class Connected:
    """What a connector comes to: connectivity, and weights or delays that it brings itself.

    Attributes
    ----------
    connectivity
        Node of the IR.
    weight, delay
        One per synapse, in the units of the surface; None leaves them to the synapse.
    order
        Where each synapse of `connectivity` stands in the connector's own order; None if it is
        the same.
    shape
        Shape of an array of one number per synapse in the connector's own order, where `order` is
        given and that is a matrix.
    """

    connectivity: Connectivity
    weight: NDArray[np.float64] | None = None
    delay: NDArray[np.float64] | None = None
    order: NDArray[np.int64] | None = None
    shape: tuple[int, ...] | None = None


class Connector(Protocol):
    """Anything that says which cells are connected."""

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """Connectivity between populations of these sizes."""
        ...


@dataclass(frozen=True, slots=True)
class AllToAllConnector:
    """Every cell to every cell.

    Parameters
    ----------
    allow_self_connections
        False leaves out pairs of equal indices.
    """

    allow_self_connections: bool = True

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """All pairs."""
        return Connected(AllToAll(self_connections=self.allow_self_connections))


@dataclass(frozen=True, slots=True)
class OneToOneConnector:
    """Cell i to cell i."""

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """The pairs of equal indices."""
        return Connected(OneToOne())


@dataclass(frozen=True, slots=True)
class FixedProbabilityConnector:
    """Each pair with the same probability.

    Parameters
    ----------
    p_connect
        Probability, 0 to 1.
    allow_self_connections
        False leaves out pairs of equal indices.
    seed
        None derives one from the network's seed and the projection's name.
    """

    p_connect: float
    allow_self_connections: bool = True
    seed: int | None = None

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A seeded connector of the IR."""
        return Connected(
            FixedProbability(
                probability=float(self.p_connect),
                self_connections=self.allow_self_connections,
                seed=self.seed,
            )
        )


@dataclass(frozen=True, slots=True)
class FixedNumberPreConnector:
    """A fixed number of presynaptic cells for each postsynaptic one, without repeats.

    Parameters
    ----------
    n
        The number.
    allow_self_connections, seed
        As for `FixedProbabilityConnector`.
    """

    n: int
    allow_self_connections: bool = True
    seed: int | None = None

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A seeded connector of the IR."""
        return Connected(
            FixedNumber(
                side="pre",
                number=as_integer(self.n, where="FixedNumberPreConnector, n"),
                self_connections=self.allow_self_connections,
                seed=self.seed,
            )
        )


@dataclass(frozen=True, slots=True)
class FixedNumberPostConnector:
    """A fixed number of postsynaptic cells for each presynaptic one, without repeats.

    Parameters
    ----------
    n
        The number.
    allow_self_connections, seed
        As for `FixedProbabilityConnector`.
    """

    n: int
    allow_self_connections: bool = True
    seed: int | None = None

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A seeded connector of the IR."""
        return Connected(
            FixedNumber(
                side="post",
                number=as_integer(self.n, where="FixedNumberPostConnector, n"),
                self_connections=self.allow_self_connections,
                seed=self.seed,
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class DistanceDependentProbabilityConnector:
    """Each pair with a probability that depends on the distance.

    Parameters
    ----------
    d_expression
        Expression of the distance ``d``, such as ``"exp(-d / 0.2)"``.
    pre_positions, post_positions
        Coordinates, shapes (n_pre, dimensions) and (n_post, dimensions); `post_positions` is by
        default the same as `pre_positions`.
    allow_self_connections, seed
        As for `FixedProbabilityConnector`.
    """

    d_expression: str
    pre_positions: ArrayLike
    post_positions: ArrayLike | None = None
    allow_self_connections: bool = True
    seed: int | None = None

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A seeded connector of the IR."""
        pre = _positions(self.pre_positions)
        post = pre if self.post_positions is None else _positions(self.post_positions)
        return Connected(
            DistanceDependent(
                probability=parse_expression(self.d_expression),
                pre_positions=pre,
                post_positions=post,
                self_connections=self.allow_self_connections,
                seed=self.seed,
            )
        )


def _positions(given: ArrayLike) -> NDArray[np.float64]:
    where = "DistanceDependentProbabilityConnector, positions"
    positions = to_si(given, UNITS["1"], where=where)
    return positions[:, None] if positions.ndim == 1 else positions


@dataclass(frozen=True, slots=True, eq=False)
class FromListConnector:
    """Synapses from a list.

    Parameters
    ----------
    conn_list
        Rows (i, j), or (i, j, weight), or (i, j, weight, delay): presynaptic and postsynaptic index,
        weight in the unit of the port, delay in ms.  Synapses of one presynaptic cell keep the
        order of the list.
    """

    conn_list: Sequence[Sequence[float]] | NDArray[np.float64]

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """Explicit rows, sorted by presynaptic cell."""
        table = self._table()
        order = np.argsort(table[:, 0], kind="stable")
        table = table[order]
        pre = _cells(table[:, 0], n_pre, "presynaptic", where="FromListConnector, i")
        post = _cells(table[:, 1], n_post, "postsynaptic", where="FromListConnector, j")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(pre, minlength=n_pre))])
        rows = Sparse(indptr=indptr.astype(np.int64), indices=post.astype(np.int32))
        weight = table[:, 2].copy() if table.shape[1] > 2 else None
        delay = table[:, 3].copy() if table.shape[1] > 3 else None
        return Connected(rows, weight, delay, order)

    def _table(self) -> NDArray[np.float64]:
        where = "FromListConnector, conn_list"
        hint = "Give rows (i, j), (i, j, weight) or (i, j, weight, delay), all of one kind."
        try:
            table = np.asarray(self.conn_list, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError("is no table of numbers.", where=where, hint=hint) from None
        if table.size == 0:
            return np.empty((0, 2))
        if table.ndim != 2 or table.shape[1] not in (2, 3, 4):
            raise ParameterError(f"has shape {table.shape}.", where=where, hint=hint)
        return table


def _cells(numbers: NDArray[np.float64], size: int, side: str, *, where: str) -> NDArray[np.int64]:
    """`numbers` as cells of a population of `size`."""
    cells = as_integers(numbers, where=where)
    outside = cells[(cells < 0) | (cells >= size)]
    if len(outside):
        raise ParameterError(
            f"{side} cell {outside[0]} does not exist.",
            where=where,
            hint=f"The population has cells 0 to {size - 1}.",
        )
    return cells


@dataclass(frozen=True, slots=True)
class DenseConnector:
    """Every cell to every cell, with a matrix of weights of shape (n_pre, n_post)."""

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """Dense connectivity."""
        return Connected(Dense())


@dataclass(frozen=True, slots=True)
class ConvolutionConnector:
    """A convolution; the synapse's weight is the kernel.

    Parameters
    ----------
    input_shape
        (channels, length) or (channels, height, width).
    kernel_shape
        (channels_out, channels_in / groups, *kernel).
    stride, padding, dilation
        One number, or one per spatial axis.
    groups
        Blocks of channels that are convolved separately.
    padding_end
        Padding behind the last place, where it differs from `padding`, that before the first.
    pool
        Window of a pooling in front, side by side, which sums; one number, or one per axis.
    """

    input_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] = 0
    dilation: int | tuple[int, ...] = 1
    groups: int = 1
    padding_end: int | tuple[int, ...] | None = None
    pool: int | tuple[int, ...] | None = None

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A convolution of the IR."""
        axes = len(self.input_shape) - 1
        return Connected(
            Convolution(
                input_shape=tuple(self.input_shape),
                kernel_shape=tuple(self.kernel_shape),
                stride=_per_axis(self.stride, axes),
                padding=_per_axis(self.padding, axes),
                dilation=_per_axis(self.dilation, axes),
                groups=self.groups,
                padding_end=_if_given(self.padding_end, axes),
                pool=_if_given(self.pool, axes),
            )
        )


@dataclass(frozen=True, slots=True)
class PoolingConnector:
    """Windows of each channel are summed; a weight of 1 / window size averages.

    Parameters
    ----------
    input_shape
        (channels, length) or (channels, height, width).
    window, padding
        One number, or one per spatial axis.
    stride
        As `window`, which is also its default.
    """

    input_shape: tuple[int, ...]
    window: int | tuple[int, ...]
    stride: int | tuple[int, ...] | None = None
    padding: int | tuple[int, ...] = 0

    def connect(self, n_pre: int, n_post: int) -> Connected:
        """A pooling of the IR."""
        axes = len(self.input_shape) - 1
        window = _per_axis(self.window, axes)
        return Connected(
            Pooling(
                input_shape=tuple(self.input_shape),
                window=window,
                stride=window if self.stride is None else _per_axis(self.stride, axes),
                padding=_per_axis(self.padding, axes),
            )
        )


def _if_given(value: int | tuple[int, ...] | None, axes: int) -> tuple[int, ...] | None:
    return None if value is None else _per_axis(value, axes)


def _per_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)
