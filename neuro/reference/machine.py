"""The state of a running network, as plain arrays, and how it starts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.ir.canonical_types import CanonicalTrace, canonical_cell, canonical_synapse
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.nodes import Expression, Program
from neuro.ir.layout import Layout, is_direct, layout
from neuro.ir.network import GradedProjection, Network, PoissonInput, Population, Projection
from neuro.ir.philox import derived_seed
from neuro.ir.poisson import thresholds
from neuro.ir.resolve import (
    Number,
    Synapses,
    constants,
    initial_state,
    parameters,
    refractory_steps,
    synapses,
    target_size,
)
from neuro.ir.synapse import WEIGHT, Trace
from neuro.ir.values import expand

Array = NDArray[Any]


@dataclass(slots=True)
class Cells:
    """One population while it runs."""

    node: Population
    constants: dict[str, Array]
    state: dict[str, Array]
    update: Program
    spike: Expression | None
    reset: Program
    draws: tuple[str, ...]
    refractory: Array
    """Steps of refractoriness per spike; int64, shape () or (n,)."""
    remaining: Array
    """Steps for which each cell is still refractory; int64."""
    ports: dict[str, Array] = field(default_factory=dict)
    """What has arrived on free ports in this step."""

    @property
    def held(self) -> set[str]:
        """Names of the variables that are held."""
        return {variable.name for variable in self.node.cell.state if variable.held}


@dataclass(slots=True)
class Traces:
    """Traces of one side of a projection; rows are the delays at which spikes are seen."""

    lags: Array
    """Distinct delays, longest first; int64."""
    of_synapse: Array
    """Row of each synapse; int64."""
    state: dict[str, Array]
    """Values; shape (len(lags), n)."""
    on_spike: Program
    each_step: Program


@dataclass(slots=True)
class Edges:
    """One projection while it runs."""

    node: Projection
    synapses: Synapses
    direct: bool
    sources: Array
    """Presynaptic cell of each synapse."""
    dendritic: Array
    """Dendritic delay of each synapse."""
    constants: dict[str, Array]
    state: dict[str, Array]
    """The weight ``w`` and further variables, one value per synapse."""
    pre: Traces
    post: Traces
    on_pre: Program
    send: Expression
    on_post: Program
    each_step: Program
    factors: dict[str, Array] = field(default_factory=dict)


@dataclass(slots=True)
class Grading:
    """One graded projection while it runs: a ring of sums, next step first."""

    node: GradedProjection
    synapses: Synapses
    weight: Array
    ring: Array


@dataclass(slots=True)
class PoissonTrain:
    """One Poisson input: a table of thresholds per distinct rate."""

    node: PoissonInput
    tables: list[Array]
    table_of_cell: Array
    weight: Array


@dataclass(slots=True)
class Machine:
    """A network while it runs: `step` is the next step to be done."""

    network: Network
    seed: int
    dtype: Float
    layout: Layout
    cells: dict[str, Cells]
    edges: dict[str, Edges]
    graded: list[Grading]
    poisson: dict[str, PoissonTrain]
    rings: dict[tuple[str, str], Array]
    """Sums per future step: shape (depth, n), next step first."""
    spikes: dict[str, deque[Array]]
    """Indices of the cells that spiked; ``spikes[source][k]`` is k steps back."""
    step: int = 0


def build(network: Network, seed: int) -> Machine:
    """A machine at rest before step 0."""
    dtype: Float = np.float64 if network.format.kind == "float64" else np.float32
    expanded = {p.name: synapses(network, p, seed) for p in network.projections}
    plan = layout(network, expanded)
    return Machine(
        network=network,
        seed=seed,
        dtype=dtype,
        layout=plan,
        cells={p.name: _build_cells(network, p, seed, dtype) for p in network.populations},
        edges={
            p.name: _build_edges(network, p, expanded[p.name], seed, dtype)
            for p in network.projections
        },
        graded=[_build_grading(network, g, seed, dtype) for g in network.graded],
        poisson={
            i.name: _build_poisson(network, i, seed, dtype)
            for i in network.inputs
            if isinstance(i, PoissonInput)
        },
        rings={
            port: np.zeros((depth, network.sources[port[0]].size), dtype)
            for port, depth in plan.rings.items()
        },
        spikes={name: _empty_history(plan.histories.get(name, 0)) for name in network.sources},
    )


def _empty_history(depth: int) -> deque[Array]:
    return deque([np.empty(0, np.int64)] * (depth + 1), maxlen=depth + 1)


def _build_cells(network: Network, node: Population, seed: int, dtype: Float) -> Cells:
    cell, place = node.cell, f"{node.name}/parameter"
    values = parameters(cell.parameters, node.parameters, node.size, seed, place)
    values |= constants(cell.derived, values, network.dt)
    state = initial_state(cell.state, node.initial, values, node.size, seed, f"{node.name}/initial")
    canonical = canonical_cell(cell)
    return Cells(
        node=node,
        constants=_rounded({**values, "dt": network.dt}, dtype),
        state=_rounded(state, dtype),
        update=canonical.update,
        spike=canonical.spike,
        reset=canonical.reset,
        draws=canonical.draws,
        refractory=np.asarray(refractory_steps(node, values, network.dt)),
        remaining=np.zeros(node.size, np.int64),
    )


def _rounded(values: dict[str, Number] | dict[str, Array], dtype: Float) -> dict[str, Array]:
    return {name: np.asarray(value).astype(dtype) for name, value in values.items()}


def _build_edges(
    network: Network, node: Projection, expanded: Synapses, seed: int, dtype: Float
) -> Edges:
    kind, count = node.synapse, expanded.rows.count
    place = f"{node.name}/parameter"
    values = parameters(kind.parameters, node.parameters, count, seed, place)
    values |= constants(kind.derived, values, network.dt)
    state = initial_state(kind.state, node.initial, values, count, seed, f"{node.name}/initial")
    state[WEIGHT] = np.broadcast_to(expanded.weight, (count,))
    dendritic = np.broadcast_to(expanded.delay - expanded.axonal, (count,))
    axonal = np.broadcast_to(expanded.axonal, (count,))
    canonical = canonical_synapse(kind)
    n_pre, n_post = network.sources[node.pre].size, network.sources[node.post].size
    return Edges(
        node=node,
        synapses=expanded,
        direct=is_direct(node, expanded),
        sources=expanded.rows.sources(),
        dendritic=dendritic,
        constants=_rounded({**values, "dt": network.dt}, dtype),
        state=_rounded(state, dtype),
        pre=_build_traces(kind.pre, canonical.pre, axonal, n_pre, values, dtype),
        post=_build_traces(kind.post, canonical.post, dendritic, n_post, values, dtype),
        on_pre=canonical.on_pre,
        send=canonical.send,
        on_post=canonical.on_post,
        each_step=canonical.each_step,
    )


def _build_traces(
    trace: Trace,
    programs: CanonicalTrace,
    lag: Array,
    count: int,
    values: dict[str, Number],
    dtype: Float,
) -> Traces:
    lags, of_synapse = np.unique(-lag, return_inverse=True)
    initial = initial_state(trace.state, {}, values, 1, 0, "")
    return Traces(
        lags=-lags,
        of_synapse=of_synapse,
        state={
            name: np.full((len(lags), count), value[0], dtype) for name, value in initial.items()
        },
        on_spike=programs.on_spike,
        each_step=programs.each_step,
    )


def _build_grading(network: Network, node: GradedProjection, seed: int, dtype: Float) -> Grading:
    expanded = synapses(network, node, seed)
    depth = int(np.max(expanded.delay, initial=1))
    weight = np.broadcast_to(expanded.weight, (expanded.rows.count,)).astype(dtype)
    return Grading(node, expanded, weight, np.zeros((depth, target_size(network, node)), dtype))


def _build_poisson(network: Network, node: PoissonInput, seed: int, dtype: Float) -> PoissonTrain:
    size = network.sources[node.post].size
    rate = expand(node.rate, size, derived_seed(seed, f"{node.name}/rate"))
    weight = expand(node.weight, size, derived_seed(seed, f"{node.name}/weight"))
    means, table_of_cell = np.unique(np.asarray(rate) * network.dt, return_inverse=True)
    tables = [thresholds(float(mean)) for mean in means]
    places = np.broadcast_to(table_of_cell.reshape(np.shape(rate)), (size,))
    return PoissonTrain(node, tables, places, np.asarray(weight).astype(dtype))
