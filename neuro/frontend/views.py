"""Connections between views: explicit rows between the whole populations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.frontend.connectors import Connected
from neuro.frontend.handles import PopulationView, Target
from neuro.ir.connectivity import Convolution, Dense, FixedNumber, Pooling, Sparse
from neuro.ir.expansion import expand
from neuro.ir.philox import derived_seed
from neuro.ir.values import Value


def between_views(
    connected: Connected, pre: Target, post: Target, *, seed: int | None, name: str
) -> Connected:
    """What a connector says about views, for their whole populations.

    Parameters
    ----------
    connected
        Connections between the cells of `pre` and `post`, counted from 0.
    pre, post
        Views or populations.
    seed
        The network's; random connectors that have no seed of their own need it.
    name
        Name of the projection.

    Raises
    ------
    ParameterError
        If the connector needs whole populations, or a seed.
    """
    where = f"projection {name!r}"
    sources, targets = _cells(pre), _cells(post)
    connectivity, drop_self = _with_self(connected.connectivity, sources, targets, where)
    if getattr(connectivity, "seed", 0) is None and seed is None:
        raise ParameterError(
            "a random connector between views needs a seed.",
            where=where,
            hint="Give the connector or the builder a seed.",
        )
    own_seed = derived_seed(seed or 0, f"{name}/connectivity")
    rows = expand(connectivity, pre.size, post.size, own_seed)
    source, target = sources[rows.sources()], targets[rows.indices]
    if drop_self:
        other = source != target
        source, target = source[other], target[other]
    shape = (pre.size, post.size) if isinstance(connectivity, Dense) else None
    return _embed(replace(connected, shape=shape), source, target, _whole_size(pre))


def ordered(value: Value, connected: Connected, *, where: str) -> Value:
    """An array of one number per synapse, brought into the order of the rows.

    Raises
    ------
    ParameterError
        If it does not hold one number per synapse.
    """
    if connected.order is None or not isinstance(value, np.ndarray):
        return value
    needed = connected.shape or connected.order.shape
    if value.size != len(connected.order) or (connected.shape and value.shape != needed):
        raise ParameterError(
            f"has shape {value.shape}, but there are {len(connected.order)} synapses.",
            where=where,
            hint=f"Give one number, or an array of shape {needed}.",
        )
    return np.asarray(value.reshape(-1)[connected.order])


def _with_self(
    connectivity: Any, sources: NDArray[np.int64], targets: NDArray[np.int64], where: str
) -> tuple[Any, bool]:
    """The connectivity to expand, and whether pairs of one index are to be left out after it.

    In views a cell's own place need not be its index in the population, which decides.
    """
    if isinstance(connectivity, Convolution | Pooling):
        raise ParameterError(
            "a convolution or pooling connects whole populations only.",
            where=where,
            hint="Leave the view out.",
        )
    if getattr(connectivity, "self_connections", True) or np.array_equal(sources, targets):
        return connectivity, False
    if isinstance(connectivity, FixedNumber):
        raise ParameterError(
            "a fixed number of partners without self-connections needs equal views.",
            where=where,
            hint="Use whole populations or one view twice, or allow self-connections.",
        )
    return replace(connectivity, self_connections=True), True


def _cells(target: Target) -> NDArray[np.int64]:
    return target.index if isinstance(target, PopulationView) else np.arange(target.size)


def _whole_size(target: Target) -> int:
    return target.population.size if isinstance(target, PopulationView) else target.size


def _embed(
    connected: Connected, source: NDArray[np.int64], target: NDArray[np.int64], size: int
) -> Connected:
    """`connected` with synapses from `source` to `target`, sorted into `size` rows."""
    order = np.argsort(source, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=size))])
    return Connected(
        connectivity=Sparse(indptr=indptr.astype(np.int64), indices=target[order].astype(np.int32)),
        weight=None if connected.weight is None else connected.weight[order],
        delay=None if connected.delay is None else connected.delay[order],
        order=order if connected.order is None else connected.order[order],
        shape=connected.shape,
    )
