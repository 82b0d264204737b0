"""Projections as synapses of Brian2, with groups for their traces and factors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro.backends.brian2.cells import constant, used_constants
from neuro.backends.brian2.context import Context, Port
from neuro.backends.brian2.identifiers import Identifiers
from neuro.backends.brian2.program import (
    Array,
    Connections,
    Group,
    Operation,
    Pathway,
    Place,
    Variable,
)
from neuro.backends.brian2.rings import SEEN, add_delay_line
from neuro.ir.synapse import WEIGHT
from neuro.reference.machine import Edges, Traces


def add_projection(context: Context, edges: Edges, order: int) -> None:
    """Add the synapses of a projection; one without synapses leaves nothing but its factors."""
    _add_factors(context, edges)
    if edges.synapses.rows.count:
        _Projection(context, edges, order).add()


def _add_factors(context: Context, edges: Edges) -> None:
    """A group for each factor: one number, or one per postsynaptic cell."""
    for factor in edges.node.synapse.factors:
        name = context.extra.new(f"{context.objects[edges.node.name]}_{factor.name}")
        post = context.machine.network.sources[edges.node.post].size
        context.program.groups.append(
            Group(
                name=name,
                size=post if factor.per_post else 1,
                comment=f"factor {factor.name!r} of projection {edges.node.name!r}",
                variables=(Variable(name="sum"),),
                operations=(Operation(code="sum = 0.0", slot="ports"),),
            )
        )
        context.ports[edges.node.name, factor.name] = Port(name, "sum")


class _Projection:
    def __init__(self, context: Context, edges: Edges, order: int) -> None:
        self._context, self._edges, self._node, self._order = context, edges, edges.node, order
        self._name = context.objects[edges.node.name]
        self._names: dict[str, str] = {}
        self._local = Identifiers(self._neighbours())
        self._variables: list[Variable] = []
        self._axonal = edges.pre.lags[edges.pre.of_synapse]
        network = context.machine.network
        self._n_pre = network.sources[edges.node.pre].size
        self._n_post = network.sources[edges.node.post].size

    def _neighbours(self) -> set[str]:
        """Names on both sides: Brian2 wants those of synapses to be different."""
        context, node = self._context, self._node
        post = context.program.spiking[node.post] if self._edges.direct else self._ring()
        return context.variables(context.program.spiking[node.pre]) | context.variables(post)

    def add(self) -> None:
        """Add everything."""
        if self._edges.direct:
            self._context.program.connections.append(self._direct())
            return
        self._declare()
        source, pre, delay = self._source()
        self._add_post_traces()
        self._declare_factors()
        self._context.program.connections.append(self._connections(source, pre, delay))

    # Static, one step: events are added where they arrive ----------------------------------------

    def _direct(self) -> Connections:
        port = self._context.ports[self._node.post, self._node.port]
        weight = self._weight()
        return Connections(
            name=self._name,
            comment=f"projection {self._node.name!r}",
            source=self._context.program.spiking[self._node.pre],
            target=port.object,
            pre=self._edges.sources,
            post=self._edges.synapses.rows.indices,
            variables=(weight,),
            pathways=(
                Pathway(
                    side="pre",
                    code=f"{port.variable}_post += {weight.name}",
                    slot="arrive",
                    order=next(self._context.order),
                    delay=_single(self._axonal),
                    lag=1,
                ),
            ),
        )

    def _weight(self) -> Variable:
        name = self._names.setdefault(WEIGHT, self._local.new(WEIGHT))
        self._place(WEIGHT, name)
        return Variable(name=name, value=self._edges.weights())

    def _place(self, variable: str, name: str) -> None:
        key = f"synapse/{self._node.name}/{variable}"
        self._context.program.places[key] = Place(object=self._name, variable=name)

    # All others: events go into the ring ---------------------------------------------------------

    def _declare(self) -> None:
        edges = self._edges
        for name, value in edges.state.items():
            self._names[name] = self._local.new(name)
            own = edges.weights() if name == WEIGHT else value
            self._variables.append(Variable(name=self._names[name], value=own))
            self._place(name, self._names[name])
        programs = (edges.on_pre, edges.on_post, edges.each_step)
        for name, value in used_constants(edges.constants, [edges.send], programs).items():
            self._names[name] = self._local.new(name)
            self._variables.append(constant(self._names[name], value))

    def _declare_factors(self) -> None:
        factors = self._node.synapse.factors
        for factor in factors:
            port = self._context.ports[self._node.name, factor.name]
            place = self._local.new(f"place_{factor.name}")
            index = self._edges.synapses.rows.indices if factor.per_post else 0
            self._names[factor.name] = self._local.new(factor.name)
            self._variables += [
                Variable(name=place, kind="integer", flags="constant", value=index),
                Variable(
                    name=self._names[factor.name],
                    flags="linked",
                    link=(port.object, port.variable),
                    index=place,
                ),
            ]

    def _source(self) -> tuple[str, Array, int | Array]:
        """Where synapses hear of presynaptic spikes: the cells, or a group with their traces."""
        traces = self._edges.pre
        if not traces.state:
            source = self._context.program.spiking[self._node.pre]
            return source, self._edges.sources, _single(self._axonal)
        group = self._trace_group(traces, self._context.extra.new(f"{self._name}_before"))
        self._context.program.groups.append(group)
        rows = {row: int(lag) for row, lag in enumerate(traces.lags)}
        line = add_delay_line(self._context, self._node.pre, group, rows, "see_pre")
        self._context.program.connections.append(line)
        return group.name, traces.of_synapse * self._n_pre + self._edges.sources, 0

    def _trace_group(self, traces: Traces, name: str) -> Group:
        """Presynaptic traces, a row for each axonal delay."""
        local = self._local
        names = {trace: local.new(trace) for trace in traces.state}
        for trace, value in traces.state.items():
            self._names[trace] = f"{names[trace]}_pre"
            self._context.program.places[f"trace/{self._node.name}/pre/{trace}"] = Place(
                object=name, variable=names[trace], shape=value.shape
            )
        variables = [Variable(name=names[t], value=v.reshape(-1)) for t, v in traces.state.items()]
        more, raised, decayed = self._trace_code(traces, names, local)
        decay = (Operation(code="\n".join(decayed), slot="decay"),) if decayed else ()
        return Group(
            name=name,
            size=len(traces.lags) * self._n_pre,
            comment=f"presynaptic traces of {self._node.name!r}",
            variables=(*variables, *more, Variable(name=SEEN, kind="boolean")),
            threshold=SEEN,
            threshold_slot="see_pre",
            threshold_order=1,
            reset="\n".join([*raised, f"{SEEN} = False"]),
            reset_slot="raise_pre",
            operations=decay,
        )

    def _trace_code(
        self, traces: Traces, names: dict[str, str], local: Identifiers, prefix: str = ""
    ) -> tuple[list[Variable], list[str], list[str]]:
        """Constants, and the code that raises and that decays traces."""
        shared = {name: v for name, v in self._edges.constants.items() if not v.ndim}
        used = used_constants(shared, [], [traces.on_spike, traces.each_step])
        scope = dict(names)
        for name in used:
            scope[name] = local.new(f"{prefix}{name}")
        variables = [constant(scope[name], value) for name, value in used.items()]
        printer = self._context.printer
        raised = printer.program(traces.on_spike, scope, local).lines
        decayed = printer.program(traces.each_step, scope, local).lines
        return variables, list(raised), list(decayed)

    def _add_post_traces(self) -> None:
        """Postsynaptic traces and spikes, in the rows of the ring that synapses end on."""
        traces = self._edges.post
        if not traces.state and not self._edges.on_post:
            return
        ring = self._context.group(self._ring())
        local = Identifiers(self._context.variables(ring.name) | self._local.taken)
        names = {trace: local.new(f"{self._name}_{trace}") for trace in traces.state}
        rows = ring.size // self._n_post
        variables = []
        for trace, value in traces.state.items():
            self._names[trace] = f"{names[trace]}_post"
            start = np.full(ring.size, value[0, 0], value.dtype)
            variables.append(Variable(name=names[trace], value=start))
            self._context.program.places[f"trace/{self._node.name}/post/{trace}"] = Place(
                object=ring.name,
                variable=names[trace],
                rows=traces.lags - 1,
                shape=(rows, self._n_post),
            )
        more, raised, decayed = self._trace_code(traces, names, local, f"{self._name}_")
        decay = (Operation(code="\n".join(decayed), slot="decay"),) if decayed else ()
        seen = () if ring.threshold else (Variable(name=SEEN, kind="boolean"),)
        self._context.replace_group(
            ring,
            replace(
                ring,
                variables=(*ring.variables, *variables, *more, *seen),
                threshold=SEEN,
                threshold_slot="see_post",
                threshold_order=1,
                reset="\n".join([ring.reset or f"{SEEN} = False", *raised]),
                reset_slot="raise_post",
                operations=(*ring.operations, *decay),
            ),
        )
        self._see_rows(ring)

    def _see_rows(self, ring: Group) -> None:
        """Have the rows that synapses end on hear of postsynaptic spikes."""
        rows = {int(lag) - 1: int(lag) for lag in self._edges.post.lags}
        known = self._context.heard.setdefault(ring.name, set())
        missing = {row: lag for row, lag in rows.items() if row not in known}
        known |= set(rows)
        if missing:
            line = add_delay_line(self._context, self._node.post, ring, missing, "see_post")
            self._context.program.connections.append(line)

    def _ring(self) -> str:
        return self._context.rings[self._node.post, self._node.port]

    def _connections(self, source: str, pre: Array, delay: int | Array) -> Connections:
        edges, printer = self._edges, self._context.printer
        before = printer.program(edges.on_pre, self._names, self._local)
        sent = printer.expression(edges.send, before.names)
        pathways = [
            Pathway(
                side="pre",
                code="\n".join([*before.lines, f"sum_post += {sent}"]),
                slot="on_pre",
                order=self._order,
                delay=delay,
            )
        ]
        if edges.on_post:
            after = printer.program(edges.on_post, self._names, self._local)
            pathways.append(
                Pathway(side="post", code="\n".join(after.lines), slot="on_post", order=self._order)
            )
        each = printer.program(edges.each_step, self._names, self._local).lines
        return Connections(
            name=self._name,
            comment=f"projection {self._node.name!r}: {self._node.synapse.name}",
            source=source,
            target=self._ring(),
            pre=pre,
            post=(edges.dendritic - 1) * self._n_post + edges.synapses.rows.indices,
            variables=tuple(self._variables),
            pathways=tuple(pathways),
            operations=(Operation(code="\n".join(each), slot="each_step"),) if each else (),
        )


def _single(delay: Array) -> int | Array:
    """One number if all are the same."""
    return int(delay[0]) if len(delay) and np.all(delay == delay[0]) else delay
