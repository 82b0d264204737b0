"""Linear nodes as connections of the IR, and chains of them as one connection.

`Term` is one way from a source to a place in the graph: the maps along it, and its delays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, ParameterError
from neuro.formats.nir.chains import merged
from neuro.formats.nir.graph import Node
from neuro.formats.nir.read import check_memory
from neuro.formats.nir.shapes import Shape, kernel, matrix, numbers, padding, per_axis, spatial
from neuro.ir.connectivity import (
    Connectivity,
    Convolution,
    Dense,
    OneToOne,
    Pooling,
    Sparse,
    output_shape,
    sliding_count,
    synapse_count,
)
from neuro.ir.expansion import Rows, expand

Steps: TypeAlias = int | NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """A linear map between flat arrays.

    Attributes
    ----------
    node
        The node that it comes from.
    n_in, n_out
        Sizes.
    connectivity, weight
        As in the IR.
    """

    node: str
    n_in: int
    n_out: int
    connectivity: Connectivity
    weight: Any

    @property
    def elementwise(self) -> bool:
        """True if it maps each number to one at the same place."""
        return isinstance(self.connectivity, OneToOne)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What a source contributes somewhere.

    Attributes
    ----------
    source
        A cell or input; None for a constant.
    maps
        What is applied, in order.
    before, after
        Delays in steps per element of the source, and per element where the term has got to.
    constant
        The constant, if there is no source.
    """

    source: str | None
    maps: tuple[Map, ...] = ()
    before: Steps = 0
    after: Steps = 0
    constant: NDArray[np.float64] | None = None


# Nodes -----------------------------------------------------------------------------------------


def map_of(node: Node, arriving: Shape) -> Map:
    """The map of a linear node, without its bias."""
    return _MAPS[node.kind](node, arriving)


def counts(step: Map) -> tuple[int, int]:
    """How many weights a map stores, and how many synapses it has."""
    connectivity, stored = step.connectivity, int(np.size(step.weight))
    if isinstance(connectivity, Convolution | Pooling):
        return stored, sliding_count(connectivity)
    return stored, synapse_count(connectivity, step.n_in, step.n_out) or 0


def bias_of(node: Node, leaving: Shape) -> NDArray[np.float64] | None:
    """The bias of a node for each element of its output; None if it has none, or zeros.

    Raises
    ------
    FileFormatError
        If its shape does not fit.
    """
    if node.values.get("bias") is None:
        return None
    bias = np.asarray(numbers(node, "bias"), np.float64).reshape(-1)
    if len(bias) not in (1, leaving[0]):
        raise FileFormatError(
            f"its bias has {len(bias)} numbers for {leaving[0]} channels.", where=node.where
        )
    flat = np.repeat(np.broadcast_to(bias, leaving[0]), prod(leaving[1:]))
    return flat if flat.any() else None


def _dense(node: Node, arriving: Shape) -> Map:
    del arriving
    weight = matrix(node)
    n_out, n_in = weight.shape
    return Map(node.name, n_in, n_out, Dense(), np.ascontiguousarray(_float(weight).T))


def _scale(node: Node, arriving: Shape) -> Map:
    scale = _float(numbers(node, "scale"))
    size = prod(arriving)
    if scale.size not in (1, size):
        raise FileFormatError(
            f"its scale has {scale.size} numbers; {size} arrive.", where=node.where
        )
    weight = float(scale.reshape(-1)[0]) if scale.size == 1 else scale.reshape(-1)
    return Map(node.name, size, size, OneToOne(), weight)


def _conv(node: Node, arriving: Shape) -> Map:
    weight = _float(kernel(node))
    axes = weight.ndim - 2
    groups = int(per_axis(node, "groups", 1, 1)[0])
    dilation = per_axis(node, "dilation", axes, 1)
    if weight.shape[0] % groups:
        raise FileFormatError(
            f"{weight.shape[0]} channels out do not divide by {groups} groups.", where=node.where
        )
    before, behind = padding(node, axes, weight.shape[2:], dilation)
    connectivity = Convolution(
        input_shape=(weight.shape[1] * groups, *spatial(node, arriving, axes, None)),
        kernel_shape=weight.shape,
        stride=per_axis(node, "stride", axes, 1),
        padding=before,
        dilation=dilation,
        groups=groups,
        padding_end=None if behind == before else behind,
    )
    return Map(node.name, prod(arriving), _size_out(connectivity), connectivity, weight)


def _pool(node: Node, arriving: Shape) -> Map:
    window = per_axis(node, "kernel_size", 2, 1)
    connectivity = Pooling(
        input_shape=(arriving[-3], *spatial(node, arriving, 2, None)),
        window=window,
        stride=per_axis(node, "stride", 2, 1),
        padding=per_axis(node, "padding", 2, 0),
    )
    weight = 1.0 / prod(window) if node.kind == "AvgPool2d" else 1.0
    return Map(node.name, prod(arriving), _size_out(connectivity), connectivity, weight)


def _size_out(connectivity: Convolution | Pooling) -> int:
    return prod(output_shape(connectivity))


def _float(array: Any) -> Any:
    """Weights as they are in the file, whole numbers as float32."""
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def is_linear(node: Node) -> bool:
    """True if `map_of` has a map of it."""
    return node.kind in _MAPS


_MAPS: dict[str, Callable[[Node, Shape], Map]] = {
    "Linear": _dense,
    "Affine": _dense,
    "Scale": _scale,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
}


# Terms -----------------------------------------------------------------------------------------


def through_map(term: Term, step: Map) -> Term:
    """`term` behind one more map.

    Raises
    ------
    ParameterError
        If delays that differ within the layer before would be mixed.
    """
    if term.constant is not None:
        return replace(term, constant=_apply(step, term.constant))
    after = term.after
    if not step.elementwise and isinstance(after, np.ndarray):
        if all(earlier.elementwise for earlier in term.maps):
            term, after = replace(term, before=term.before + after), 0
        else:
            raise ParameterError(
                "different delays per channel stand between two maps that mix channels.",
                where=f"node {step.node!r}",
                hint="Give the Delay one value, or put it beside a neuron.",
            )
    return replace(term, maps=(*term.maps, step), after=after)


def through_delay(term: Term, steps: Steps) -> Term:
    """`term` behind a delay; one number for all is kept as one."""
    if isinstance(steps, np.ndarray) and (steps == steps[0]).all():
        steps = int(steps[0])
    return replace(term, after=term.after + steps)


def compose(maps: tuple[Map, ...]) -> tuple[Connectivity, Any]:
    """Connectivity and weight of maps in a row; structure is kept where one window does as much.

    Raises
    ------
    ParameterError
        If the product does not fit into memory.
    """
    kept = _windows_merged([step for step in maps if not _is_identity(step)])
    if not kept:
        return OneToOne(), 1.0
    if len(kept) == 1:
        return kept[0].connectivity, kept[0].weight
    product = reduce(_product, map(_rows, kept))
    weight = product.weight.astype(np.float32)
    if product.rows.count == (len(product.rows.indptr) - 1) * kept[-1].n_out:
        return Dense(), weight.reshape(-1, kept[-1].n_out)
    return Sparse(indptr=product.rows.indptr, indices=product.rows.indices), weight


def _windows_merged(maps: list[Map]) -> list[Map]:
    """`maps` with convolutions and poolings in a row as one, as far as that goes."""
    found: list[Map] = []
    for step in maps:
        whole = _merged(found[-1], step) if found else None
        found[-1:] = [whole] if whole is not None else [*found[-1:], step]
    return found


def _merged(first: Map, second: Map) -> Map | None:
    windows = (first.connectivity, _as_window(first.connectivity, second))
    if not all(isinstance(window, Convolution | Pooling) for window in windows):
        return None
    weights = [np.asarray(step.weight, np.float64) for step in (first, second)]
    if isinstance(second.connectivity, Dense):
        weights[1] = weights[1].T.reshape(windows[1].kernel_shape)  # type: ignore[union-attr]
    made = merged(windows[0], weights[0], windows[1], weights[1])  # type: ignore[arg-type]
    if made is None or (isinstance(second.connectivity, Dense) and made[0].pool is None):
        return None
    kernel = made[1].astype(np.float32)
    return Map(second.node, first.n_in, second.n_out, made[0], kernel)


def _as_window(before: Connectivity, step: Map) -> Connectivity:
    """A matrix behind a pooling as a convolution that sees all places at once."""
    if not isinstance(before, Pooling) or not isinstance(step.connectivity, Dense):
        return step.connectivity
    shape = output_shape(before)
    ones, none = (1,) * len(shape[1:]), (0,) * len(shape[1:])
    kernel = (step.n_out, *shape)
    return Convolution(
        input_shape=shape, kernel_shape=kernel, stride=ones, padding=none, dilation=ones
    )


def _is_identity(step: Map) -> bool:
    return step.elementwise and not isinstance(step.weight, np.ndarray) and step.weight == 1.0


def delays(term: Term, connectivity: Connectivity, n_pre: int, n_post: int) -> Steps:
    """The delay of each synapse, or one number for all."""
    if not isinstance(term.before, np.ndarray) and not isinstance(term.after, np.ndarray):
        return term.before + term.after
    rows = expand(connectivity, n_pre, n_post, 0)
    before, after = np.broadcast_to(term.before, n_pre), np.broadcast_to(term.after, n_post)
    return np.asarray(before[rows.sources()] + after[rows.indices], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    rows: Rows
    weight: NDArray[np.float64]
    n_out: int


def _rows(step: Map) -> _Weighted:
    check_memory(_synapses(step) * 24, f"node {step.node!r}, expanded")
    rows = expand(step.connectivity, step.n_in, step.n_out, 0)
    weight = np.asarray(step.weight, np.float64).reshape(-1)
    if rows.kernel_index is not None:
        weight = weight[rows.kernel_index]
    return _Weighted(rows, np.broadcast_to(weight, rows.count), step.n_out)


def _synapses(step: Map) -> int:
    """About how many synapses a map has."""
    match step.connectivity:
        case OneToOne():
            return step.n_in
        case Convolution(kernel_shape=shape):
            return step.n_out * prod(shape[1:])
        case Pooling(window=window):
            return step.n_out * prod(window)
        case _:
            return step.n_in * step.n_out


def _product(a: _Weighted, b: _Weighted) -> _Weighted:
    """First `a`, then `b`: sums over the middle, in double precision."""
    fan = np.diff(b.rows.indptr)[a.rows.indices]
    total = int(fan.sum())
    check_memory(total * 48, "a chain of linear nodes")
    first = np.repeat(b.rows.indptr[a.rows.indices] - (np.cumsum(fan) - fan), fan)
    place = first + np.arange(total)
    key = np.repeat(a.rows.sources().astype(np.int64), fan) * b.n_out + b.rows.indices[place]
    found, where = np.unique(key, return_inverse=True)
    terms = np.repeat(a.weight, fan) * b.weight[place]
    weight = _sums(where, terms, len(found))
    n_pre = len(a.rows.indptr) - 1
    counts = np.bincount(found // b.n_out, minlength=n_pre)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return _Weighted(Rows(indptr, (found % b.n_out).astype(np.int32)), weight, b.n_out)


def _apply(step: Map, constant: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map of a constant."""
    made = _rows(step)
    terms = constant[made.rows.sources()] * made.weight
    return _sums(made.rows.indices, terms, step.n_out)


def _sums(place: NDArray[Any], terms: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The sum of `terms` at each place."""
    return np.asarray(np.bincount(place, terms, size), np.float64)
