"""What can be said of a network without running it: footprint, parameters, connection sparsity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from neuro.ir.connectivity import (
    AllToAll,
    Connectivity,
    Convolution,
    Dense,
    OneToOne,
    Pooling,
    synapse_count,
)
from neuro.ir.network import CurrentInput, Network, NumberFormat, Projection
from neuro.ir.resolve import sizes, synapses, target_size
from neuro.ir.values import Draw
from neuro.metrics.fan_out import AnyProjection, fan_out, projections

_INDEX = 4
"""Bytes of an index, and of a delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes that a network takes, in its own number format.

    Attributes
    ----------
    weights
        Weights as they are stored: a kernel once, one number for all where all are equal.
    biases
        Constant currents.
    connections
        Lists of synapses, and delays that differ, where the connectivity needs them.
    parameters
        Parameters of cells and synapse types.
    state
        State of cells, synapses and traces.
    """

    weights: int = 0
    biases: int = 0
    connections: int = 0
    parameters: int = 0
    state: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.biases + self.connections + self.parameters + self.state


def footprint(network: Network, seed: int = 0) -> Footprint:
    """Bytes of everything that defines `network` and of its state.

    NeuroBench adds up the parameters and buffers of a torch module; weights and biases are the same
    here, and what a framework keeps besides is replaced by what this network has.

    Parameters
    ----------
    network
        Any network.
    seed
        Seed of the run, for random connections.
    """
    number, weight = _widths(network.format)
    items = projections(network)
    counts = {item.name: _synapses(network, item, seed) for item in items}
    return Footprint(
        weights=weight * sum(_stored(item, counts[item.name]) for item in items),
        biases=number * sum(_biases(network)),
        connections=sum(_listed(network, item, counts[item.name]) for item in items),
        parameters=number * sum(_parameters(network, counts)),
        state=number * sum(_states(network, counts)),
    )


def parameter_count(network: Network, seed: int = 0) -> int:
    """Numbers that training would set: weights and biases.

    Parameters
    ----------
    network, seed
        As for `footprint`.
    """
    items = projections(network)
    kept = (item for item in items if not isinstance(item.connectivity, Pooling))
    weights = sum(_stored(item, _synapses(network, item, seed)) for item in kept)
    return weights + sum(_own_biases(network))


def connection_sparsity(network: Network, seed: int = 0) -> float:
    """Share of weights that are zero: 0 if all cells of connected populations are connected.

    A pair of cells without a synapse counts as a weight of zero, a kernel by its own numbers; pooling
    is not counted.  Weights are those from which a run starts.

    Parameters
    ----------
    network, seed
        As for `footprint`.
    """
    found = [fan for item in projections(network) if (fan := fan_out(network, item, seed))]
    weights = sum(fan.weights for fan in found)
    return sum(fan.zeros for fan in found) / weights if weights else 0.0


def _widths(format_: NumberFormat) -> tuple[int, int]:
    """Bytes of a number, and of a weight."""
    if format_.kind == "fixed":
        return 4, format_.weight_bits // 8
    return (8, 8) if format_.kind == "float64" else (4, 4)


def _synapses(network: Network, item: AnyProjection, seed: int) -> int:
    """How many synapses there are; 0 where they follow from a structure and are never listed."""
    if _structured(item.connectivity):
        return 0
    n_pre, n_post = sizes(network, item.pre), target_size(network, item)
    known = synapse_count(item.connectivity, n_pre, n_post)
    return synapses(network, item, seed).rows.count if known is None else known


def _structured(connectivity: Connectivity) -> bool:
    return isinstance(connectivity, Convolution | Pooling)


def _stored(item: AnyProjection, count: int) -> int:
    """Weights that are stored."""
    if isinstance(item.weight, np.ndarray):
        return item.weight.size
    if not isinstance(item.weight, Draw):
        return 1
    kernel = item.connectivity
    return prod(kernel.kernel_shape) if isinstance(kernel, Convolution) else count


def _listed(network: Network, item: AnyProjection, count: int) -> int:
    """Bytes of indices and of delays that differ."""
    own = isinstance(item.delay, np.ndarray | Draw)
    delays = count * _INDEX if own else 0
    if isinstance(item.connectivity, Convolution | Pooling | Dense | AllToAll | OneToOne):
        return delays
    return delays + _INDEX * (count + sizes(network, item.pre) + 1)


def _constant(network: Network) -> Iterator[CurrentInput]:
    """Currents that never change."""
    for item in network.inputs:
        if isinstance(item, CurrentInput) and len(item.step) == 1 and np.any(item.value):
            yield item


def _biases(network: Network) -> Iterator[int]:
    """Numbers of each current that never changes, as they are stored."""
    yield from (item.value.size for item in _constant(network))


def _own_biases(network: Network) -> Iterator[int]:
    """The same, with one number a channel where a convolution arrives."""
    channels = {
        (item.post, item.port): item.connectivity.kernel_shape[0]
        for item in projections(network)
        if isinstance(item.connectivity, Convolution)
    }
    for item in _constant(network):
        rows = item.value.reshape(channels.get((item.post, item.port), item.value.size), -1)
        yield len(rows) if (rows == rows[:, :1]).all() else item.value.size


def _numbers(declared: Any, given: Mapping[str, Any], count: int) -> Iterator[int]:
    """Numbers of each declared parameter: one, or one per cell or synapse."""
    for parameter in declared:
        value = given.get(parameter.name, parameter.default)
        own = isinstance(value, np.ndarray | Draw)
        yield count if own else 1


def _parameters(network: Network, counts: Mapping[str, int]) -> Iterator[int]:
    for population in network.populations:
        yield from _numbers(population.cell.parameters, population.parameters, population.size)
    for item in network.projections:
        count = counts[item.name]
        yield from _numbers(item.synapse.parameters, item.parameters, count)


def _states(network: Network, counts: Mapping[str, int]) -> Iterator[int]:
    for population in network.populations:
        refractory = int(population.cell.refractory is not None)
        yield (len(population.cell.state) + refractory) * population.size
    for item in network.projections:
        yield from _synapse_states(network, item, counts[item.name])


def _synapse_states(network: Network, item: Projection, count: int) -> Iterator[int]:
    yield len(item.synapse.state) * count
    yield len(item.synapse.pre.state) * sizes(network, item.pre)
    yield len(item.synapse.post.state) * sizes(network, item.post)
