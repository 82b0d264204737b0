"""One time step, in order: the specification of what a network means.

`advance` runs the six phases of `docs/explanation/step.md`, one function each.  Every other engine
is compared with this file.
"""

from __future__ import annotations

import numpy as np

from neuro.drive import Drive
from neuro.ir.expressions.evaluate import evaluate, run
from neuro.ir.network import CurrentInput, PoissonInput
from neuro.ir.philox import stream_of, words
from neuro.ir.poisson import counts
from neuro.ir.synapse import WEIGHT
from neuro.reference.machine import Array, Cells, Edges, Grading, Machine, Traces


def advance(machine: Machine, drive: Drive) -> None:
    """Do step ``machine.step`` and move on to the next."""
    arrive(machine, drive)
    for cells in machine.cells.values():
        update(machine, cells)
        fire(machine, cells)
    send(machine, drive)


def send(machine: Machine, drive: Drive) -> None:
    """All that follows once the cells of the step have fired, and move on to the next step."""
    for name, source in drive.spikes.items():
        machine.spikes[name].appendleft(source.at(machine.step))
    for edges in machine.edges.values():
        see_post_spikes(machine, edges)
    for edges in machine.edges.values():
        see_pre_spikes(machine, edges)
        run_each_step(machine, edges)
        decay(machine, edges)
    for grading in machine.graded:
        send_graded(machine, grading)
    machine.step += 1


# 1. Arrive -------------------------------------------------------------------------------------


def arrive(machine: Machine, drive: Drive) -> None:
    """Fill every port: ring, direct events, external input, graded input; in this order."""
    for cells in machine.cells.values():
        open_ports(machine, cells)
    for edges in machine.edges.values():
        if edges.direct:
            deliver_directly(machine, edges)
        edges.factors = {
            f.name: np.zeros(_factor_size(machine, edges, f.per_post), machine.dtype)
            for f in edges.node.synapse.factors
        }
    deliver_inputs(machine, drive)
    for grading in machine.graded:
        add(machine, grading.node.post, grading.node.port, shift(grading.ring))


def deliver_inputs(machine: Machine, drive: Drive) -> None:
    """Add currents and Poisson events, in declaration order."""
    for item in machine.network.inputs:
        if isinstance(item, CurrentInput):
            value = drive.signals[item.name].at(machine.step)
            add(machine, item.post, item.port, machine.numbers.encode(item.post, item.port, value))
        elif isinstance(item, PoissonInput):
            deliver_poisson(machine, item)


def _factor_size(machine: Machine, edges: Edges, per_post: bool) -> int:
    return machine.network.sources[edges.node.post].size if per_post else 1


def open_ports(machine: Machine, cells: Cells) -> None:
    """Start each port from zero or its variable, and add what is due on its ring."""
    for declared in cells.node.cell.ports:
        if declared.into is None:
            cells.ports[declared.name] = np.zeros(cells.node.size, machine.dtype)
        ring = machine.rings.get((cells.node.name, declared.name))
        if ring is not None:
            add(machine, cells.node.name, declared.name, shift(ring))


def add(machine: Machine, name: str, port_name: str, values: Array) -> None:
    """Add `values` to what has arrived on a port."""
    machine.numbers.add(port(machine, name, port_name), values)


def port(machine: Machine, name: str, port_name: str) -> Array:
    """The array behind a port: of a cell (bound or free), or a projection's factor."""
    if name in machine.edges:
        return machine.edges[name].factors[port_name]
    cells = machine.cells[name]
    declared = next(p for p in cells.node.cell.ports if p.name == port_name)
    return cells.ports[port_name] if declared.into is None else cells.state[declared.into]


def shift(ring: Array) -> Array:
    """Take the sums that are due now and make room for a step further ahead."""
    due: Array = ring[0].copy()
    ring[:-1] = ring[1:]
    ring[-1] = 0
    return due


def deliver_directly(machine: Machine, edges: Edges) -> None:
    """Add the events of direct synapses one by one, by presynaptic cell, then synapse."""
    chosen = passing(machine, edges)
    target = port(machine, edges.node.post, edges.node.port)
    sent = evaluate(edges.send, {WEIGHT: edges.weights(chosen)}, machine.dtype)
    machine.numbers.add_at(target, edges.synapses.rows.indices[chosen], sent)


def deliver_poisson(machine: Machine, item: PoissonInput) -> None:
    """Add weight times the number of Poisson events."""
    train = machine.poisson[item.name]
    size = len(train.table_of_cell)
    word = words(machine.seed, stream_of(item.name), 0, machine.step, size)
    count = np.zeros(size, machine.dtype)
    for place, table in enumerate(train.tables):
        mine = train.table_of_cell == place
        count[mine] = counts(word[mine], table)
    add(machine, item.post, item.port, machine.numbers.product(train.weight, count))


# 2. Update, 3. Fire ----------------------------------------------------------------------------


def scope_of(machine: Machine, cells: Cells) -> dict[str, Array]:
    """What a cell's programs can read."""
    scope = {**cells.constants, **cells.state, **cells.ports}
    scope["t"] = machine.numbers.time(machine.step)
    stream = stream_of(cells.node.name)
    for k, name in enumerate(cells.draws):
        word = words(machine.seed, stream, k, machine.step, cells.node.size)
        scope[name] = machine.numbers.draw(name, word)
    return scope


def update(machine: Machine, cells: Cells) -> None:
    """Run `update`; held variables of refractory cells keep their value."""
    scope, held, refractory = scope_of(machine, cells), cells.held, cells.remaining > 0
    for statement in cells.update:
        value = evaluate(statement.value, scope, machine.dtype)
        if statement.target in held:
            value = np.where(refractory, cells.state[statement.target], value)
        scope[statement.target] = value
        if statement.target in cells.state:
            cells.state[statement.target] = np.broadcast_to(value, cells.node.size).copy()


def fire(machine: Machine, cells: Cells) -> None:
    """Spike where the condition holds and the cell is not refractory; reset those cells."""
    refractory = cells.remaining > 0
    spiking = np.zeros(cells.node.size, bool)
    if cells.spike is not None:
        condition = evaluate(cells.spike, scope_of(machine, cells), machine.dtype)
        spiking = np.broadcast_to(condition, cells.node.size) & ~refractory
    scope = scope_of(machine, cells)
    for statement in cells.reset:
        value = evaluate(statement.value, scope, machine.dtype)
        scope[statement.target] = value
        if statement.target in cells.state:
            old = cells.state[statement.target]
            cells.state[statement.target] = np.where(spiking, value, old)
    cells.remaining[refractory] -= 1
    cells.remaining[spiking] = np.broadcast_to(cells.refractory, cells.node.size)[spiking]
    machine.spikes[cells.node.name].appendleft(np.flatnonzero(spiking))


# 4. Post ---------------------------------------------------------------------------------------


def see_post_spikes(machine: Machine, edges: Edges) -> None:
    """Synapses see postsynaptic spikes after the dendritic delay: `on_post`, then the traces."""
    if not edges.on_post and not edges.post.state:
        return
    history = machine.spikes[edges.node.post]
    seen = np.zeros(edges.synapses.rows.count, bool)
    for row, lag in enumerate(edges.post.lags):
        spiked = np.isin(edges.synapses.rows.indices, history[lag])
        seen |= spiked & (edges.post.of_synapse == row)
    run_synapses(machine, edges, np.flatnonzero(seen), edges.on_post)
    raise_traces(machine, edges, edges.post, edges.node.post)


# 5. Pre ----------------------------------------------------------------------------------------


def see_pre_spikes(machine: Machine, edges: Edges) -> None:
    """Synapses see presynaptic spikes after the axonal delay: `on_pre`, send, then the traces."""
    if edges.direct:
        return
    chosen = passing(machine, edges)
    scope = run_synapses(machine, edges, chosen, edges.on_pre)
    sent = evaluate(edges.send, scope, machine.dtype)
    ring = machine.rings[edges.node.post, edges.node.port]
    slot = edges.dendritic[chosen] - 1
    machine.numbers.add_at(ring, (slot, edges.synapses.rows.indices[chosen]), sent)
    raise_traces(machine, edges, edges.pre, edges.node.pre)


def passing(machine: Machine, edges: Edges) -> Array:
    """Synapses that a spike passes now, in the order in which their events are added.

    That is: longest axonal delay first, then presynaptic cell, then synapse.
    """
    indptr, found = edges.synapses.rows.indptr, [np.empty(0, np.int64)]
    for row, lag in enumerate(edges.pre.lags):
        for cell in machine.spikes[edges.node.pre][lag]:
            synapse = np.arange(indptr[cell], indptr[cell + 1])
            found.append(synapse[edges.pre.of_synapse[synapse] == row])
    return np.concatenate(found)


def run_synapses(
    machine: Machine, edges: Edges, chosen: Array, program: object
) -> dict[str, Array]:
    """Run `program` on the `chosen` synapses; returns what they can read afterwards."""
    pre, post = edges.sources[chosen], edges.synapses.rows.indices[chosen]
    scope = {
        name: value[chosen] if value.ndim else value for name, value in edges.constants.items()
    }
    scope |= {
        name: value[edges.pre.of_synapse[chosen], pre] for name, value in edges.pre.state.items()
    }
    scope |= {
        name: value[edges.post.of_synapse[chosen], post] for name, value in edges.post.state.items()
    }
    scope |= {
        name: value if len(value) == 1 else value[post] for name, value in edges.factors.items()
    }
    scope |= {name: value[chosen] for name, value in edges.state.items() if name != WEIGHT}
    scope[WEIGHT] = edges.weights(chosen)
    run(program, scope, machine.dtype)  # type: ignore[arg-type]
    for name, value in edges.state.items():
        if name != WEIGHT or edges.weight_of is None:  # shared weights are static
            value[chosen] = scope[name]
    return scope


def raise_traces(machine: Machine, edges: Edges, traces: Traces, source: str) -> None:
    """Run `on_spike` for the traces of cells whose spikes were seen."""
    if not traces.state:
        return
    shared = {name: value for name, value in edges.constants.items() if not value.ndim}
    for row, lag in enumerate(traces.lags):
        spiked = machine.spikes[source][lag]
        scope = shared | {name: value[row, spiked] for name, value in traces.state.items()}
        run(traces.on_spike, scope, machine.dtype)
        for name, value in traces.state.items():
            value[row, spiked] = scope[name]


def run_each_step(machine: Machine, edges: Edges) -> None:
    """Run `each_step` on every synapse."""
    if edges.each_step:
        run_synapses(machine, edges, np.arange(edges.synapses.rows.count), edges.each_step)


# 6. Decay --------------------------------------------------------------------------------------


def decay(machine: Machine, edges: Edges) -> None:
    """Decay the traces to the next step."""
    shared = {name: value for name, value in edges.constants.items() if not value.ndim}
    for traces in (edges.pre, edges.post):
        scope = shared | traces.state
        run(traces.each_step, scope, machine.dtype)
        for name, old in traces.state.items():
            traces.state[name] = np.broadcast_to(scope[name], old.shape).copy()


def send_graded(machine: Machine, grading: Grading) -> None:
    """Send a state variable through the matrix, by presynaptic cell, then synapse."""
    value = machine.cells[grading.node.pre].state[grading.node.variable]
    rows = grading.synapses.rows
    slot = np.broadcast_to(grading.synapses.delay, rows.count) - 1
    sent = machine.numbers.product(grading.weight, value[rows.sources()], grading.shift)
    machine.numbers.add_at(grading.ring, (slot, rows.indices), sent)
