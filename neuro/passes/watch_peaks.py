"""Add to every variable of a network another that keeps its largest magnitude.

The network does what it did before; the largest magnitudes are read from its state after a run, on
any engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from neuro.ir.cell import CellType, StateVariable
from neuro.ir.expressions.nodes import Assign, Call, Name, Program
from neuro.ir.network import Network, Population, Projection, Scale
from neuro.ir.synapse import WEIGHT, SynapseType, Trace

PREFIX = "peak_of_"


def watch_peaks(network: Network) -> Network:
    """`network` with a variable ``peak_of_x`` for every variable, free port, trace and factor ``x``.

    Static projections stay as they are.  In fixed point the new variables have the exponents of
    those that they watch, so one that was saturated has the largest integer.
    """
    return replace(
        network,
        populations=tuple(replace(p, cell=watched_cell(p.cell)) for p in network.populations),
        projections=tuple(
            p if p.synapse.is_static else replace(p, synapse=watched_synapse(p.synapse))
            for p in network.projections
        ),
        scales=(*network.scales, *_scales(network)),
    )


def cell_variables(cell: CellType) -> dict[str, str]:
    """Units of the state variables and free ports of a cell type, by name."""
    return {v.name: v.unit for v in cell.state} | {
        p.name: p.unit for p in cell.ports if p.into is None
    }


def trace_variables(synapse: SynapseType) -> dict[str, str]:
    """Units of the traces of a synapse type, by name."""
    return {v.name: v.unit for v in (*synapse.pre.state, *synapse.post.state)}


def synapse_variables(synapse: SynapseType) -> dict[str, str]:
    """Units of what each synapse sees besides traces: its weight, state and factors, by name."""
    own = {v.name: v.unit for v in synapse.state} | {f.name: f.unit for f in synapse.factors}
    return {WEIGHT: "weight", **own}


def watched_cell(cell: CellType) -> CellType:
    """A cell type that watches its variables before and after each of its programs."""
    variables = cell_variables(cell)
    return replace(
        cell,
        state=(*cell.state, *_peaks(variables)),
        update=(*_watch(variables), *_watched(cell.update, {v.name for v in cell.state})),
        reset=_watched(cell.reset, {v.name for v in cell.state}),
    )


def watched_synapse(synapse: SynapseType) -> SynapseType:
    """A synapse type that watches its variables whenever they change, and its factors always."""
    variables = synapse_variables(synapse)
    own = {WEIGHT, *(v.name for v in synapse.state)}
    factors = [factor.name for factor in synapse.factors]
    return replace(
        synapse,
        state=(*synapse.state, *_peaks(variables)),
        pre=_watched_trace(synapse.pre),
        post=_watched_trace(synapse.post),
        on_pre=_watched(synapse.on_pre, own),
        on_post=_watched(synapse.on_post, own),
        each_step=(*_watched(synapse.each_step, own), *_watch(factors)),
    )


def _watched_trace(trace: Trace) -> Trace:
    names = {variable.name: variable.unit for variable in trace.state}
    return replace(
        trace,
        state=(*trace.state, *_peaks(names)),
        on_spike=_watched(trace.on_spike, names),
        each_step=(*_watch(names), *trace.each_step),
    )


def _peaks(units: Mapping[str, str]) -> tuple[StateVariable, ...]:
    return tuple(StateVariable(name=PREFIX + name, unit=unit) for name, unit in units.items())


def _watch(names: Iterable[str]) -> Program:
    return tuple(
        Assign(PREFIX + name, Call("max", (Name(PREFIX + name), Call("abs", (Name(name),)))))
        for name in names
    )


def _watched(program: Program, names: Iterable[str]) -> Program:
    """`program`, with each assignment to one of `names` watched."""
    watched = set(names)
    return tuple(
        step for statement in program for step in (statement, *_watch({statement.target} & watched))
    )


def _scales(network: Network) -> list[Scale]:
    """The peaks' exponents: those of what they watch."""
    variables = {p.name: _of_population(p) for p in network.populations}
    variables |= {p.name: _of_projection(p) for p in network.projections}
    return [
        replace(scale, variable=PREFIX + scale.variable)
        for scale in network.scales
        if scale.variable in variables.get(scale.target, ())
    ]


def _of_population(node: Population) -> set[str]:
    return set(cell_variables(node.cell))


def _of_projection(node: Projection) -> set[str]:
    if node.synapse.is_static:
        return set()
    return {*synapse_variables(node.synapse), *trace_variables(node.synapse)}
