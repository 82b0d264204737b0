"""From a network to a Brian2 program."""

from __future__ import annotations

import numpy as np

from neuro.backends.brian2.cells import add_population, constant
from neuro.backends.brian2.context import Context, Port
from neuro.backends.brian2.edges import add_projection
from neuro.backends.brian2.identifiers import Identifiers
from neuro.backends.brian2.printer import Brian2Printer
from neuro.backends.brian2.program import (
    Connections,
    Group,
    Operation,
    Place,
    Program,
    Source,
    Variable,
)
from neuro.backends.brian2.rings import add_rings, ring_variables, shift
from neuro.ir.network import CurrentInput, Network, PoissonInput, SpikeArray
from neuro.ir.philox import stream_of
from neuro.reference.machine import Grading, Machine, PoissonTrain, build


def lower(network: Network, seed: int) -> tuple[Machine, Program]:
    """The Brian2 program of a float network.

    Parameters
    ----------
    network
        Verified, in float32 or float64.
    seed
        Seed of the run.
    """
    context = _context(network, seed)
    machine, program = context.machine, context.program
    listed = [item for item in network.inputs if isinstance(item, SpikeArray)]
    for number, source in enumerate(listed):
        name = context.objects[source.name]
        program.sources.append(
            Source(name=name, size=source.size, input=source.name, number=number)
        )
        program.spiking[source.name] = name
    for cells in machine.cells.values():
        program.spiking[cells.node.name] = context.objects[cells.node.name]
        add_population(context, cells)
    add_rings(context)
    for order, edges in enumerate(machine.edges.values()):
        add_projection(context, edges, order)
    for item in network.inputs:
        if isinstance(item, CurrentInput):
            _add_current(context, item)
        elif isinstance(item, PoissonInput):
            _add_poisson(context, machine.poisson[item.name])
    for grading in machine.graded:
        _add_grading(context, grading)
    return machine, program


def _context(network: Network, seed: int) -> Context:
    machine = build(network, seed)
    dtype = np.float64 if network.format.kind == "float64" else np.float32
    program = Program(name=network.name, dt=network.dt, seed=seed, dtype=dtype)
    extra = Identifiers()
    parts = (*network.sources.values(), *network.projections, *network.graded)
    objects = {item.name: extra.new(item.name) for item in parts}
    rings = {
        (name, port): extra.new(f"{objects[name]}_{port}_ring") for name, port in machine.rings
    }
    return Context(
        machine=machine,
        program=program,
        printer=Brian2Printer(dtype, program.functions),
        objects=objects,
        rings=rings,
        extra=extra,
    )


def _arrives(context: Context, port: Port, code: str, *variables: Variable) -> None:
    context.add_to_group(
        port.object,
        variables=variables,
        operations=(Operation(code=code, slot="arrive", order=next(context.order)),),
    )


def _add_current(context: Context, item: CurrentInput) -> None:
    port = context.ports[item.post, item.port]
    number = len(context.program.signals)
    context.program.signals.append(item.name)
    call = context.printer.call("signal", str(number), "i", "t_in_timesteps")
    _arrives(context, port, f"{port.variable} += {call}")


def _add_poisson(context: Context, train: PoissonTrain) -> None:
    port = context.ports[train.node.post, train.node.port]
    number = len(context.program.poisson)
    first = np.cumsum([0, *(len(table) for table in train.tables)])
    thresholds = np.concatenate([np.empty(0, np.uint32), *train.tables])
    context.program.poisson.append(
        (stream_of(train.node.name), thresholds, first, np.asarray(train.table_of_cell))
    )
    taken = Identifiers(context.variables(port.object))
    weight = taken.new(f"weight_{number}")
    call = context.printer.call("poisson", str(number), "i", "t_in_timesteps")
    value = np.asarray(train.weight)
    _arrives(context, port, f"{port.variable} += {weight} * {call}", constant(weight, value))


def _add_grading(context: Context, grading: Grading) -> None:
    """A ring of its own, filled through synapses that never wait for a spike."""
    node, rows = grading.node, grading.synapses.rows
    depth, size = grading.ring.shape
    name = context.extra.new(f"{context.objects[node.name]}_ring")
    context.program.groups.append(
        Group(
            name=name,
            size=depth * size,
            comment=f"what graded projection {node.name!r} has sent",
            variables=ring_variables(depth, size, name),
            operations=(),
        )
    )
    context.program.places[f"graded/{node.name}"] = Place(
        object=name, variable="sum", shape=grading.ring.shape
    )
    port = context.ports[node.post, node.port]
    taken = Identifiers(context.variables(port.object))
    due = Variable(
        name=taken.new(f"due_{context.objects[node.name]}"),
        flags="linked",
        link=(name, "sum"),
        index=np.arange(size),
    )
    _arrives(context, port, f"{port.variable} += {due.name}", due)
    context.add_to_group(name, operations=(shift(context, "arrive", next(context.order)),))
    if not rows.count:
        return
    slot = np.broadcast_to(grading.synapses.delay, rows.count) - 1
    value = context.program.places[f"state/{node.pre}/{node.variable}"].variable
    context.program.connections.append(
        Connections(
            name=context.objects[node.name],
            comment=f"graded projection {node.name!r}",
            source=context.program.spiking[node.pre],
            target=name,
            pre=rows.sources(),
            post=slot * size + rows.indices,
            variables=(Variable(name="w", value=grading.weight),),
            operations=(
                Operation(
                    code=f"sum_post += w * {value}_pre", slot="decay", order=next(context.order)
                ),
            ),
        )
    )
