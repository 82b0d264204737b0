"""Shapes of what flows along the edges, inferred from parameters and inputs.

Own rules, because those of nir 1.0.8 take the height of a kernel for its width, too, and need every
parameter at full size.  Dimensions of a batch that exporters leave in shapes are dropped where they
are 1; everything else that does not fit is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeAlias

import numpy as np

from neuro.errors import FileFormatError
from neuro.formats.nir.graph import Graph, Node
from neuro.ir.connectivity import spatial_shape

Shape: TypeAlias = tuple[int, ...]

MOST = 1 << 31
"""Cells of a layer are numbered in 32 bits."""


def infer_shapes(graph: Graph) -> dict[str, Shape]:
    """The shape of what each node puts out.

    Raises
    ------
    FileFormatError
        If shapes contradict each other or cannot be known; names the node.
    """
    known: dict[str, Shape] = {}
    waiting = dict.fromkeys(graph.nodes)
    while waiting:
        found = {}
        for name in waiting:
            shape = _output(graph, name, known)
            if shape is not None:
                found[name] = shape
        if not found:
            raise _unknown(graph, list(waiting))
        known |= found
        for name in found:
            del waiting[name]
    for name in graph.nodes:
        _check_inputs(graph, name, known)
    return known


def input_shape(graph: Graph, name: str, known: Mapping[str, Shape]) -> Shape | None:
    """The shape of what arrives at a node; None if no node before it is known."""
    return next((known[before] for before in graph.before(name) if before in known), None)


def _unknown(graph: Graph, names: list[str]) -> FileFormatError:
    listed = ", ".join(repr(name) for name in names[:8])
    return FileFormatError(
        f"the shapes of {listed} cannot be known.",
        where=graph.source,
        hint="Give Input nodes their shape and connect every node to one.",
    )


def _output(graph: Graph, name: str, known: Mapping[str, Shape]) -> Shape | None:
    node = graph.node(name)
    arriving = input_shape(graph, name, known)
    if node.primitive.role == "cell":
        return _cell(node, arriving, graph)
    rule = _RULES.get(node.kind)
    if rule is not None:
        return rule(node)
    if arriving is None:
        return None
    return _PASSING.get(node.kind, _same)(node, arriving)


def _cell(node: Node, arriving: Shape | None, graph: Graph) -> Shape | None:
    """The common shape of the parameters; single numbers take the shape of what arrives."""
    try:
        shape = np.broadcast_shapes(
            *(
                np.shape(node.values[name])
                for name, _ in node.primitive.parameters
                if node.values.get(name) is not None
            )
        )
    except ValueError:
        raise _bad(node, "its parameters have shapes that do not fit each other.") from None
    if prod(shape) > 1:
        return shape[_batch(shape, arriving) :]
    return arriving if arriving is not None or _driven(graph, node.name) else (1,)


def _driven(graph: Graph, name: str) -> bool:
    return bool(graph.before(name))


def _batch(shape: Shape, arriving: Shape | None) -> int:
    """How many leading ones of `shape` are a batch."""
    if arriving is None or prod(shape) != prod(arriving):
        return 0
    extra = max(0, len(shape) - len(arriving))
    return extra if set(shape[:extra]) <= {1} else 0


def _given(node: Node) -> Shape:
    shape = tuple(int(n) for n in _array(node, "shape").reshape(-1))
    if not shape or min(shape) < 1 or prod(shape) > MOST:
        raise _bad(node, f"its shape is {shape}.")
    return shape


def _matrix(node: Node) -> Shape:
    return (matrix(node).shape[0],)


def matrix(node: Node) -> Any:
    """The weights of a Linear or Affine node as a matrix of shape (out, in).

    Raises
    ------
    FileFormatError
        If they have no such shape.
    """
    weight = _array(node, "weight")
    while weight.ndim > 2 and weight.shape[0] == 1:
        weight = weight[0]
    if weight.ndim != 2 or 0 in weight.shape:
        raise _bad(node, f"its weight has shape {weight.shape}.", "Needed: (out, in).")
    return weight


def _array(node: Node, name: str) -> Any:
    """A value that must be numbers."""
    value = np.asarray(node.values[name])
    if value.dtype.kind not in "fiub":
        raise _bad(node, f"its {name} is {node.values[name]!r}.", "It must be numbers.")
    return value


def numbers(node: Node, name: str, default: float | None = None) -> Any:
    """The numbers of a parameter, as an array.

    Raises
    ------
    FileFormatError
        If it holds no numbers.
    """
    if node.values.get(name) is None:
        return np.asarray(default)
    return _array(node, name)


def per_axis(node: Node, name: str, axes: int, least: int) -> Shape:
    """A value with one whole number per spatial axis, also from one number for all.

    Raises
    ------
    FileFormatError
        If it is not.
    """
    value = np.atleast_1d(_array(node, name)).reshape(-1)
    if len(value) == 1:
        value = np.repeat(value, axes)
    if len(value) != axes or (value != np.floor(value)).any() or value.min() < least:
        raise _bad(node, f"its {name} is {value.tolist()}.", f"Needed: {axes} whole numbers.")
    return tuple(int(n) for n in value)


def padding(node: Node, axes: int, kernel: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Padding before and behind, also from the words 'same' and 'valid'.

    Where 'same' needs an odd number, the one more is behind, as in PyTorch.

    Raises
    ------
    FileFormatError
        If it is another word, or 'same' with a stride.
    """
    value = node.values["padding"]
    if not isinstance(value, str):
        both = per_axis(node, "padding", axes, 0)
        return both, both
    if value == "valid":
        return (0,) * axes, (0,) * axes
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if value != "same":
        raise _bad(node, f"its padding is {value!r}.", "Known: 'same', 'valid' and numbers.")
    if set(per_axis(node, "stride", axes, 1)) != {1}:
        raise _bad(node, "its padding is 'same' with a stride.", "Give padding as numbers.")
    return tuple(span // 2 for span in spans), tuple(span - span // 2 for span in spans)


def _conv(node: Node, arriving: Shape) -> Shape:
    weight = kernel(node)
    axes = weight.ndim - 2
    groups = int(per_axis(node, "groups", 1, 1)[0])
    space = spatial(node, arriving, axes, weight.shape[1] * groups)
    dilation = per_axis(node, "dilation", axes, 1)
    before, behind = padding(node, axes, weight.shape[2:], dilation)
    stride = per_axis(node, "stride", axes, 1)
    out = spatial_shape(space, weight.shape[2:], stride, before, dilation, behind)
    return _positive(node, (weight.shape[0], *out))


def kernel(node: Node) -> Any:
    """The weights of a convolution: channels out, channels in by groups, then the kernel.

    Raises
    ------
    FileFormatError
        If they have another number of axes.
    """
    weight = _array(node, "weight")
    axes = 1 if node.kind == "Conv1d" else 2
    if weight.ndim != axes + 2 or 0 in weight.shape:
        raise _bad(node, f"its weight has shape {weight.shape}.", f"Needed: {axes + 2} axes.")
    return weight


def spatial(node: Node, arriving: Shape, axes: int, channels: int | None) -> Shape:
    """The spatial part of what arrives at a convolution or pooling.

    Raises
    ------
    FileFormatError
        If channels or axes do not fit.
    """
    trimmed = arriving[len(arriving) - axes - 1 :] if len(arriving) > axes + 1 else arriving
    fits = len(trimmed) == axes + 1 and prod(trimmed) == prod(arriving)
    if not fits or (channels is not None and trimmed[0] != channels):
        needed = f"({channels or 'channels'}, {', '.join(['size'] * axes)})"
        raise _bad(node, f"what arrives has shape {arriving}.", f"Needed: {needed}.")
    return trimmed[1:]


def _pool(node: Node, arriving: Shape) -> Shape:
    space = spatial(node, arriving, 2, None)
    window = per_axis(node, "kernel_size", 2, 1)
    geometry = (window, per_axis(node, "stride", 2, 1), per_axis(node, "padding", 2, 0), (1, 1))
    channels = arriving[-3]
    return _positive(node, (channels, *spatial_shape(space, *geometry)))


def _positive(node: Node, shape: Shape) -> Shape:
    if min(shape) < 1 or prod(shape) > MOST:
        raise _bad(node, f"its output would have shape {shape}.")
    return shape


def _flatten(node: Node, arriving: Shape) -> Shape:
    """Flattened between two axes; files disagree on a batch axis, and the order stays the same."""
    ends = [int(numbers(node, k, d).reshape(-1)[0]) for k, d in (("start_dim", 0), ("end_dim", -1))]
    first, last = (end if end >= 0 else len(arriving) + end for end in ends)
    if not 0 <= first <= last < len(arriving):
        return (prod(arriving),)
    return (*arriving[:first], prod(arriving[first : last + 1]), *arriving[last + 1 :])


def _same(node: Node, arriving: Shape) -> Shape:
    del node
    return arriving


_RULES: dict[str, Callable[[Node], Shape]] = {
    "Input": _given,
    "Linear": _matrix,
    "Affine": _matrix,
}
_PASSING: dict[str, Callable[[Node, Shape], Shape]] = {
    "Conv1d": _conv,
    "Conv2d": _conv,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
    "Flatten": _flatten,
}


def _check_inputs(graph: Graph, name: str, known: Mapping[str, Shape]) -> None:
    """Everything that arrives at a node has as many numbers as it takes."""
    node = graph.node(name)
    arriving = input_shape(graph, name, known)
    needed = _takes(node, known[name], arriving)
    for before in graph.before(name):
        size = prod(known[before])
        if graph.node(before).primitive.role == "output":
            raise _bad(graph.node(before), f"an edge from it leads to {name!r}.")
        if node.primitive.role == "input":
            raise _bad(node, f"an edge from {before!r} ends on it.")
        if needed is not None and size != needed:
            what = f"{before!r} gives {size} numbers (shape {known[before]}), it takes {needed}."
            raise _bad(node, what)


def _takes(node: Node, shape: Shape, arriving: Shape | None) -> int | None:
    """How many numbers a node takes; its rule has checked what arrives first."""
    if node.kind in ("Linear", "Affine"):
        return int(matrix(node).shape[1])
    if node.kind == "Output" and node.values.get("shape") is not None:
        return prod(_given(node))
    if node.primitive.role == "cell":
        return prod(shape)
    return None if arriving is None else prod(arriving)


def _bad(node: Node, what: str, hint: str = "") -> FileFormatError:
    return FileFormatError(what, where=node.where, hint=hint)
