"""Projections: both ends exist and fit, delays are whole steps, weights are numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np

from neuro.errors import ExpressionError, Finding, suggestion
from neuro.ir.cell import CellType, Port
from neuro.ir.connectivity import (
    Connectivity,
    Convolution,
    Dense,
    DistanceDependent,
    FixedNumber,
    FixedProbability,
    OneToOne,
    Pooling,
    Sparse,
    output_shape,
    synapse_count,
)
from neuro.ir.expressions.typing import REAL, infer_type
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.values import Draw, Value
from neuro.ir.verify.names import check_seed, error
from neuro.ir.verify.values import check_value


def check_connections(network: Network) -> Iterator[Finding]:
    """Findings in projections and graded projections."""
    for projection in network.projections:
        yield from _check_projection(network, projection)
    for graded in network.graded:
        yield from _check_graded(network, graded)


def _check_projection(network: Network, projection: Projection) -> Iterator[Finding]:
    where = f"projection {projection.name!r}"
    pre, post = network.sources.get(projection.pre), network.sources.get(projection.post)
    yield from _check_end(network, f"{where}, pre", projection.pre)
    yield from _check_end(network, f"{where}, post", projection.post)
    if isinstance(pre, Population) and pre.cell.spike is None:
        yield error(
            "graded-source",
            where,
            f"{pre.name!r} ({pre.cell.name}) has no threshold, so it never spikes.",
            "Use a graded projection of one of its state variables.",
        )
    yield from check_port(f"{where}, port", post, projection.port)
    count = None
    if pre is not None and post is not None:
        yield from _check_synapses(where, projection, pre.size, post.size)
        count = synapse_count(projection.connectivity, pre.size, post.size)
    yield from _check_delays(where, projection, count)
    yield from _check_sign(where, projection, post)


def _check_graded(network: Network, graded: GradedProjection) -> Iterator[Finding]:
    where = f"graded projection {graded.name!r}"
    yield from _check_end(network, f"{where}, pre", graded.pre)
    pre = network.sources.get(graded.pre)
    known = {v.name for v in pre.cell.state} if isinstance(pre, Population) else set()
    if pre is not None and graded.variable not in known:
        hint = suggestion(graded.variable, known)
        yield error("unknown-name", where, f"{graded.pre!r} has no {graded.variable!r}.", hint)
    size = yield from check_target(network, where, graded.post, graded.port)
    count = None
    if pre is not None and size is not None:
        yield from _check_synapses(where, graded, pre.size, size)
        count = synapse_count(graded.connectivity, pre.size, size)
    yield from _check_delay(f"{where}, delay", graded.delay, 1, count)


def check_target(network: Network, where: str, post: str, port: str) -> Any:
    """Findings about a port or factor; returns how many values it takes, or None."""
    factors = {p.name: p for p in network.projections}
    if post not in factors:
        yield from _check_end(network, f"{where}, post", post)
        target = network.sources.get(post)
        yield from check_port(f"{where}, port", target, port)
        return target.size if target is not None else None
    projection = factors[post]
    known = {factor.name: factor for factor in projection.synapse.factors}
    if port not in known:
        hint = suggestion(port, known)
        yield error("unknown-port", where, f"projection {post!r} has no factor {port!r}.", hint)
        return None
    end = network.sources.get(projection.post)
    return 1 if not known[port].per_post or end is None else end.size


def _check_end(network: Network, where: str, name: str) -> Iterator[Finding]:
    if name not in network.sources:
        hint = suggestion(name, network.sources)
        yield error("unknown-name", where, f"there is no population {name!r}.", hint)


def check_port(where: str, target: Any, port: str) -> Iterator[Finding]:
    """Findings about `port` of the population `target` (None if that is unknown)."""
    if target is None:
        return
    cell = target.cell if isinstance(target, Population) else CellType(name="spike array")
    known = {p.name for p in cell.ports}
    if port not in known:
        hint = suggestion(port, known)
        yield error("unknown-port", where, f"{target.name!r} has no port {port!r}.", hint)


def _check_synapses(
    where: str, projection: Projection | GradedProjection, n_pre: int, n_post: int
) -> Iterator[Finding]:
    connectivity = projection.connectivity
    yield from _check_connectivity(connectivity, f"{where}, connectivity", n_pre, n_post)
    seed = getattr(connectivity, "seed", None)
    yield from check_seed(f"{where}, connectivity", seed)
    shape, count = _weight_shape(connectivity, n_pre, n_post)
    weight = projection.weight
    if shape is not None and isinstance(weight, np.ndarray) and weight.shape != shape:
        yield error(
            "bad-shape", f"{where}, weight", f"has shape {weight.shape}.", f"Needed: {shape}."
        )
        return
    if isinstance(weight, np.ndarray):
        weight = weight.reshape(-1)
    yield from check_value(f"{where}, weight", weight, count, per="synapse")


def _weight_shape(
    connectivity: Connectivity, n_pre: int, n_post: int
) -> tuple[tuple[int, ...] | None, int | None]:
    """Shape that an array of weights must have and how many numbers; None where unknown."""
    match connectivity:
        case Dense():
            return (n_pre, n_post), None
        case Convolution(kernel_shape=shape):
            return shape, None
        case _:
            return None, synapse_count(connectivity, n_pre, n_post)


def _check_delays(where: str, projection: Projection, count: int | None) -> Iterator[Finding]:
    yield from _check_delay(f"{where}, delay", projection.delay, 1, count)
    yield from _check_delay(f"{where}, axonal delay", projection.axonal, 0, count)
    if isinstance(projection.delay, Draw) or isinstance(projection.axonal, Draw):
        return
    if not np.any(projection.axonal):
        return
    try:
        least = np.min(np.subtract(projection.delay, projection.axonal), initial=2**31)
    except ValueError:
        return
    if least < 1:
        yield error(
            "bad-delay",
            where,
            f"the axonal delay leaves a dendritic delay of {int(least)} steps.",
            "The dendritic part must be at least 1 step.",
        )


def _check_delay(where: str, delay: Any, least: int, count: int | None) -> Iterator[Finding]:
    """Findings in a delay in steps."""
    hint = f"It must be at least {least} step{'s' if least != 1 else ''}."
    if isinstance(delay, Draw):
        yield from check_value(where, delay, None, per="synapse")
        if delay.distribution == "uniform" and delay.a < least - 0.5:
            yield error("bad-delay", where, f"is drawn from {delay.a:g} steps upwards.", hint)
        return
    values = np.asarray(delay)
    if values.dtype.kind not in "iu":
        yield error("bad-delay", where, f"is {delay!r}.", "Delays are whole numbers of steps.")
        return
    if values.ndim:
        yield from check_value(where, values, count, per="synapse")
    if values.size and values.min() < least:
        yield error("bad-delay", where, f"is {int(values.min())} steps.", hint)


def _check_sign(where: str, projection: Projection, post: Any) -> Iterator[Finding]:
    ports = {p.name: p for p in post.cell.ports} if isinstance(post, Population) else {}
    port: Port | None = ports.get(projection.port)
    if port is None or not port.nonnegative:
        return
    least = _least(projection.weight)
    if least < 0:
        yield error(
            "negative-weight",
            f"{where}, weight",
            f"is {least} on port {port.name!r}, whose weights are magnitudes.",
            "Drop the minus sign, or use the other port.",
        )


def _least(weight: Value) -> float:
    """The least of `weight`, as far as it is known."""
    if isinstance(weight, Draw):
        return weight.a if weight.distribution == "uniform" and weight.low is None else 0.0
    return float(np.min(weight, initial=np.inf))


@singledispatch
def _check_connectivity(
    connectivity: Connectivity, where: str, n_pre: int, n_post: int
) -> Iterator[Finding]:
    """Findings in one connectivity; kinds without a rule of their own always fit."""
    yield from ()


@_check_connectivity.register
def _(connectivity: Sparse, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    indptr, indices = connectivity.indptr, connectivity.indices
    if {indptr.dtype.kind, indices.dtype.kind} - set("iu"):
        yield error("bad-shape", where, f"indptr is {indptr.dtype}, indices {indices.dtype}.",
                    "Both are arrays of whole numbers.")  # fmt: skip
        return
    if indptr.shape != (n_pre + 1,) or indptr[0] != 0 or indptr[-1] != len(indices):
        yield error(
            "bad-shape",
            where,
            f"indptr has shape {indptr.shape} and ends at {indptr[-1] if indptr.size else None}.",
            f"It needs {n_pre + 1} entries from 0 to {len(indices)}.",
        )
    elif (np.diff(indptr) < 0).any():
        yield error("bad-shape", where, "indptr descends.", "Rows must ascend.")
    outside = np.flatnonzero((indices < 0) | (indices >= n_post))
    if len(outside):
        first = int(outside[0])
        yield error(
            "index-out-of-range",
            where,
            f"synapse {first} ends at cell {int(indices[first])} ({len(outside)} such synapses).",
            f"The target has cells 0 to {n_post - 1}.",
        )


@_check_connectivity.register
def _(connectivity: OneToOne, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    if n_pre != n_post:
        yield error(
            "bad-shape",
            where,
            f"one-to-one between {n_pre} and {n_post} cells.",
            "Sizes must agree.",
        )


@_check_connectivity.register
def _(connectivity: FixedProbability, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    if not 0 <= connectivity.probability <= 1:
        yield error("bad-probability", where, f"is {connectivity.probability}.", "Use 0 to 1.")


@_check_connectivity.register
def _(connectivity: FixedNumber, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    partners = n_pre if connectivity.side == "pre" else n_post
    available = partners if connectivity.self_connections else partners - 1
    if not 0 <= connectivity.number <= available:
        yield error(
            "bad-number",
            where,
            f"{connectivity.number} partners are wanted, {available} are there.",
            "Partners are drawn without replacement.",
        )


@_check_connectivity.register
def _(connectivity: DistanceDependent, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    sides = (
        ("pre", connectivity.pre_positions, n_pre),
        ("post", connectivity.post_positions, n_post),
    )
    for side, positions, size in sides:
        if positions.ndim != 2 or len(positions) != size:
            yield error("bad-shape", where, f"{side} positions have shape {positions.shape}.",
                        f"Needed: ({size}, dimensions).")  # fmt: skip
    try:
        infer_type(connectivity.probability, {"d": REAL})
    except ExpressionError as problem:
        yield error("bad-expression", where, str(problem), "Only the distance 'd' is known here.")


@_check_connectivity.register
def _(connectivity: Convolution, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    axes = len(connectivity.input_shape) - 1
    padding = (connectivity.padding, _behind(connectivity))
    pool = connectivity.dilation if connectivity.pool is None else connectivity.pool
    geometry = (connectivity.stride, *padding, connectivity.dilation, pool)
    if (
        axes < 1
        or len(connectivity.kernel_shape) != axes + 2
        or any(len(g) != axes for g in geometry)
    ):
        yield error("bad-shape", where, "input, kernel, stride, padding and dilation disagree.",
                    "One number per spatial axis each.")  # fmt: skip
        return
    channels, groups = connectivity.input_shape[0], connectivity.groups
    if groups < 1 or connectivity.kernel_shape[0] % groups:
        yield error("bad-shape", where,
                    f"{connectivity.kernel_shape[0]} channels out, {groups} groups.",
                    "kernel_shape[0] is a multiple of groups.")  # fmt: skip
        return
    if channels != connectivity.kernel_shape[1] * connectivity.groups:
        yield error("bad-shape", where, f"{channels} channels do not fit the kernel.",
                    "Channels in = kernel_shape[1] * groups.")  # fmt: skip
        return
    yield from _check_window(connectivity, where, n_pre, n_post)


@_check_connectivity.register
def _(connectivity: Pooling, where: str, n_pre: int, n_post: int) -> Iterator[Finding]:
    axes = len(connectivity.input_shape) - 1
    geometry = (connectivity.window, connectivity.stride, connectivity.padding)
    if axes < 1 or any(len(g) != axes for g in geometry):
        yield error("bad-shape", where, "input, window, stride and padding disagree.",
                    "One number per spatial axis each.")  # fmt: skip
        return
    yield from _check_window(connectivity, where, n_pre, n_post)


def _check_window(
    connectivity: Convolution | Pooling, where: str, n_pre: int, n_post: int
) -> Iterator[Finding]:
    positive = (*connectivity.stride, *connectivity.input_shape, *_taps(connectivity))
    if min(positive) < 1 or min(*connectivity.padding, *_behind(connectivity)) < 0:
        yield error(
            "bad-shape",
            where,
            "a size, stride, dilation or window is not positive, or padding is negative.",
            "Use 1 or more, and padding of 0 or more.",
        )
        return
    shape = output_shape(connectivity)
    if min(shape) < 1:
        yield error("bad-shape", where, f"the output would have shape {shape}.")
    for side, needed, size in (("pre", connectivity.input_shape, n_pre), ("post", shape, n_post)):
        if int(np.prod(needed)) != size:
            yield error("bad-shape", where, f"needs {side} of shape {needed}.",
                        f"The population has {size} cells.")  # fmt: skip


def _taps(connectivity: Convolution | Pooling) -> tuple[int, ...]:
    """Sizes of the window and distances of its taps."""
    if isinstance(connectivity, Pooling):
        return connectivity.window
    return (*connectivity.kernel_shape, *connectivity.dilation, *(connectivity.pool or ()))


def _behind(connectivity: Convolution | Pooling) -> tuple[int, ...]:
    """Padding behind the last places."""
    behind = connectivity.padding_end if isinstance(connectivity, Convolution) else None
    return connectivity.padding if behind is None else behind
