"""Rings: sums for the steps to come, as groups that move on by one row a step.

Element ``row * n + cell`` is what arrives at `cell` in ``row`` steps.  Postsynaptic traces are kept
here too, and the spikes that synapses see after their dendritic delay: a synapse with dendritic
delay b ends on row ``b - 1``, where it finds both.
"""

from __future__ import annotations

import numpy as np

from neuro.backends.brian2.context import Context
from neuro.backends.brian2.program import Connections, Group, Operation, Pathway, Place, Variable

SEEN = "seen"


def ring_variables(depth: int, size: int, name: str) -> tuple[Variable, ...]:
    """The sums, each with the one that follows it."""
    count = depth * size
    places = np.arange(count)
    return (
        Variable(name="sum"),
        Variable(name="last", kind="boolean", flags="constant", value=places >= count - size),
        Variable(
            name="following",
            flags="linked",
            link=(name, "sum"),
            index=np.minimum(places + size, count - 1),
        ),
    )


def shift(context: Context, slot: str, order: int) -> Operation:
    """Move on by a row."""
    code = f"moved = {context.printer.call('choose', 'last', '0.0', 'following')}\nsum = moved"
    return Operation(code=code, slot=slot, order=order)


def add_rings(context: Context) -> None:
    """Add a ring for each port that has one."""
    for (population, port), sums in context.machine.rings.items():
        name = context.rings[population, port]
        depth, size = sums.shape
        context.program.groups.append(
            Group(
                name=name,
                size=depth * size,
                comment=f"what is on its way to port {port!r} of {population!r}, {depth} step(s) ahead",
                variables=ring_variables(depth, size, name),
                operations=(shift(context, "ports", 1),),
            )
        )
        context.program.places[f"ring/{population}/{port}"] = Place(
            object=name, variable="sum", shape=sums.shape
        )


def add_delay_line(
    context: Context, source: str, group: Group, rows: dict[int, int], slot: str
) -> Connections:
    """Synapses that tell rows of `group` of the spikes of `source`, so many steps late.

    Parameters
    ----------
    context
        The program.
    source
        A population or spike array of the network.
    group
        Receives: its variable ``seen`` becomes true.
    rows
        Delay by row.
    slot
        When.
    """
    size = context.machine.network.sources[source].size
    places = np.concatenate([row * size + np.arange(size) for row in rows])
    delays = np.repeat(np.array(list(rows.values())), size)
    single = len(set(rows.values())) == 1
    return Connections(
        name=context.extra.new(f"{group.name}_delay"),
        comment=f"spikes of {source!r} on their way to synapses",
        source=context.program.spiking[source],
        target=group.name,
        pre=np.tile(np.arange(size), len(rows)),
        post=places,
        pathways=(
            Pathway(
                side="pre",
                code=f"{SEEN}_post = True",
                slot=slot,
                delay=int(delays[0]) if single else delays,
            ),
        ),
    )
