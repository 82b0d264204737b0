"""The state of a running network, as plain arrays, and how it starts."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.ir.canonical_types import CanonicalTrace
from neuro.ir.expressions.evaluate import Numeric
from neuro.ir.expressions.nodes import Expression, Program
from neuro.ir.layout import Layout, is_direct, layout
from neuro.ir.network import GradedProjection, Network, PoissonInput, Population, Projection
from neuro.ir.numbers import Numbers, numbers_of
from neuro.ir.philox import derived_seed
from neuro.ir.poisson import thresholds
from neuro.ir.resolve import (
    Connections,
    Number,
    Synapses,
    connections,
    constants,
    initial_state,
    parameters,
    refractory_steps,
    synapses,
    target_size,
    weight_places,
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
    weight_of: Array | None
    """Where the weight of each synapse stands in ``w``, if several have one; else None."""
    pre: Traces
    post: Traces
    on_pre: Program
    send: Expression
    on_post: Program
    each_step: Program
    factors: dict[str, Array] = field(default_factory=dict)

    def weights(self, chosen: Array | slice = slice(None)) -> Array:
        """The weights of `chosen` synapses."""
        places = chosen if self.weight_of is None else self.weight_of[chosen]
        return np.asarray(self.state[WEIGHT][places])

    def each(self, stored: Array) -> Array:
        """Values of ``w`` as one for each synapse."""
        return stored if self.weight_of is None else np.asarray(stored[self.weight_of])


@dataclass(slots=True)
class Grading:
    """One graded projection while it runs: a ring of sums, next step first."""

    node: GradedProjection
    synapses: Synapses
    weight: Array
    shift: int
    """Right shift of the products of weights and values, in fixed point."""
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
    numbers: Numbers
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

    @property
    def dtype(self) -> Numeric:
        """Type of all numbers."""
        return self.numbers.dtype


def build(network: Network, seed: int) -> Machine:
    """A machine at rest before step 0."""
    expanded = {p.name: synapses(network, p, seed) for p in network.projections}
    stored = {p.name: connections(network, p, seed) for p in network.projections}
    plan, numbers = layout(network, stored), numbers_of(network, stored, seed)
    return Machine(
        network=network,
        seed=seed,
        numbers=numbers,
        layout=plan,
        cells={p.name: _build_cells(network, p, seed, numbers) for p in network.populations},
        edges={
            p.name: _build_edges(network, p, expanded[p.name], stored[p.name], seed, numbers)
            for p in network.projections
        },
        graded=[_build_grading(network, g, seed, numbers) for g in network.graded],
        poisson={
            i.name: _build_poisson(network, i, seed, numbers)
            for i in network.inputs
            if isinstance(i, PoissonInput)
        },
        rings={
            port: np.zeros((depth, network.sources[port[0]].size), numbers.dtype)
            for port, depth in plan.rings.items()
        },
        spikes={name: _empty_history(plan.histories.get(name, 0)) for name in network.sources},
    )


def _empty_history(depth: int) -> deque[Array]:
    return deque([np.empty(0, np.int64)] * (depth + 1), maxlen=depth + 1)


def _build_cells(network: Network, node: Population, seed: int, numbers: Numbers) -> Cells:
    cell, place = node.cell, f"{node.name}/parameter"
    values = parameters(cell.parameters, node.parameters, node.size, seed, place)
    values |= constants(cell.derived, values, network.dt)
    state = initial_state(cell.state, node.initial, values, node.size, seed, f"{node.name}/initial")
    programs, known = numbers.cell(node, {**values, "dt": network.dt})
    return Cells(
        node=node,
        constants=_rounded(known, numbers),
        state=_encoded(node.name, state, numbers),
        update=programs.update,
        spike=programs.spike,
        reset=programs.reset,
        draws=programs.draws,
        refractory=np.asarray(refractory_steps(node, values, network.dt)),
        remaining=np.zeros(node.size, np.int64),
    )


def _rounded(values: Mapping[str, Number | Array], numbers: Numbers) -> dict[str, Array]:
    return {name: np.asarray(value).astype(numbers.dtype) for name, value in values.items()}


def _encoded(target: str, state: Mapping[str, Array], numbers: Numbers) -> dict[str, Array]:
    return {name: numbers.encode(target, name, value) for name, value in state.items()}


def _build_edges(
    network: Network,
    node: Projection,
    expanded: Synapses,
    stored: Connections,
    seed: int,
    numbers: Numbers,
) -> Edges:
    kind, count = node.synapse, expanded.rows.count
    place = f"{node.name}/parameter"
    values = parameters(kind.parameters, node.parameters, count, seed, place)
    values |= constants(kind.derived, values, network.dt)
    state = initial_state(kind.state, node.initial, values, count, seed, f"{node.name}/initial")
    state[WEIGHT] = np.broadcast_to(stored.weight, (stored.stored,))
    dendritic = np.broadcast_to(expanded.delay - expanded.axonal, (count,))
    axonal = np.broadcast_to(expanded.axonal, (count,))
    programs, known = numbers.synapse(node, {**values, "dt": network.dt})
    n_pre, n_post = network.sources[node.pre].size, network.sources[node.post].size
    return Edges(
        node=node,
        synapses=expanded,
        direct=is_direct(node, expanded),
        sources=expanded.rows.sources(),
        dendritic=dendritic,
        constants=_rounded(known, numbers),
        state=_encoded(node.name, state, numbers),
        weight_of=weight_places(node, expanded),
        pre=_traces(programs.pre, axonal, _fresh(node, kind.pre, values, numbers), n_pre),
        post=_traces(programs.post, dendritic, _fresh(node, kind.post, values, numbers), n_post),
        on_pre=programs.on_pre,
        send=programs.send,
        on_post=programs.on_post,
        each_step=programs.each_step,
    )


def _fresh(
    node: Projection, trace: Trace, values: dict[str, Number], numbers: Numbers
) -> dict[str, Array]:
    """Values of traces before step 0; shape (1,) each."""
    return _encoded(node.name, initial_state(trace.state, {}, values, 1, 0, ""), numbers)


def _traces(programs: CanonicalTrace, lag: Array, initial: dict[str, Array], count: int) -> Traces:
    lags, of_synapse = np.unique(-lag, return_inverse=True)
    return Traces(
        lags=-lags,
        of_synapse=of_synapse,
        state={name: np.full((len(lags), count), value[0]) for name, value in initial.items()},
        on_spike=programs.on_spike,
        each_step=programs.each_step,
    )


def _build_grading(
    network: Network, node: GradedProjection, seed: int, numbers: Numbers
) -> Grading:
    expanded = synapses(network, node, seed)
    depth = int(np.max(expanded.delay, initial=1))
    weight, shift = numbers.graded(node, expanded.weight)
    ring = np.zeros((depth, target_size(network, node)), numbers.dtype)
    return Grading(node, expanded, np.broadcast_to(weight, (expanded.rows.count,)), shift, ring)


def _build_poisson(
    network: Network, node: PoissonInput, seed: int, numbers: Numbers
) -> PoissonTrain:
    size = network.sources[node.post].size
    rate = expand(node.rate, size, derived_seed(seed, f"{node.name}/rate"))
    weight = expand(node.weight, size, derived_seed(seed, f"{node.name}/weight"))
    means, table_of_cell = np.unique(np.asarray(rate) * network.dt, return_inverse=True)
    tables = [thresholds(float(mean)) for mean in means]
    places = np.broadcast_to(table_of_cell.reshape(np.shape(rate)), (size,))
    return PoissonTrain(node, tables, places, numbers.encode(node.post, node.port, weight))
