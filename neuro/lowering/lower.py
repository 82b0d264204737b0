"""Lower a network: decide how it is laid out, and collect kernels and tables."""

from __future__ import annotations

import numpy as np

from neuro.ir.layout import Layout, is_direct, layout
from neuro.ir.network import CurrentInput, Network, PoissonInput
from neuro.ir.numbers import numbers_of
from neuro.ir.resolve import Connections, Structured, connections
from neuro.lowering import memory
from neuro.lowering.cells import lower_population
from neuro.lowering.edges import Defer, lower_factors, lower_projection
from neuro.lowering.inputs import lower_graded, lower_poisson
from neuro.lowering.structured import lower_structured
from neuro.lowering.tables import Ring, SignalTable, Tables, Transfer, Unsigned

ALIGN = 64
"""Cells of a thread start at a multiple of this, so that no two threads share a cache line."""

Port = tuple[str, str]


def lower(
    network: Network, seed: int, *, threads: int = 1, defer: Defer = False, lists: bool = True
) -> Tables:
    """Kernels and tables of `network`.

    Parameters
    ----------
    network
        A verified network.
    seed
        Seed of the run.
    threads
        Among how many threads cells and synapses are divided.
    defer
        True lets postsynaptic updates wait for the next presynaptic spike, where that gives the
        same bits; ``"auto"`` does so for projections whose weights are far beyond a cache.
    lists
        False does without lists of refractory cells, which saves memory.
    """
    found = {p.name: connections(network, p, seed) for p in network.projections}
    plan, numbers = layout(network, found), numbers_of(network, found, seed)
    sources = list(network.sources)
    tables = Tables(
        network=network,
        seed=seed,
        numbers=numbers,
        threads=threads,
        sources=sources,
        slots=[_slots(plan.histories.get(name, 0)) for name in sources],
        ages=[plan.histories.get(name, 0) + 1 for name in sources],
        first=[_divide(network.sources[name].size, threads) for name in sources],
        lists=lists,
        direct=[[] for _ in range(threads)],
        sent=[[] for _ in range(threads)],
        graded=[[] for _ in range(threads)],
    )
    tables.rings = {
        port: Ring(memory.zeros((depth, network.sources[port[0]].size), numbers.dtype))
        for port, depth in plan.rings.items()
    }
    others = _reached(network, found)
    targets: dict[Port, Ring] = {}
    for population in network.populations:
        targets |= lower_population(tables, population, plan, others)
    for projection in network.projections:
        lower_factors(tables, projection)
    targets |= tables.factors
    _lower_transfers(tables, plan, others, targets)
    for projection in network.projections:
        own = found.pop(projection.name)  # freed as soon as it is lowered
        if isinstance(own, Structured):
            lower_structured(tables, projection, own, targets)
        else:
            lower_projection(tables, projection, own, targets, defer=defer)
        del own
    _lower_inputs(tables, targets)
    for graded in network.graded:
        lower_graded(tables, graded, targets[graded.post, graded.port])
    return tables


def _slots(history: int) -> int:
    """Slots for spikes of `history` steps back, one more for the next step's, and the current one's.

    A power of two, so that a mask finds the slot of a step.
    """
    return 1 << (history + 1).bit_length()


def _divide(size: int, threads: int) -> Unsigned:
    """Bounds of the threads' shares of `size` cells."""
    blocks = -(-size // ALIGN)
    bounds = [min(size, blocks * k // threads * ALIGN) for k in range(threads)]
    return np.array([*bounds, size], np.uint32)


def _reached(network: Network, found: dict[str, Connections]) -> set[Port]:
    """Ports that something reaches besides a ring."""
    direct = {(p.post, p.port) for p in network.projections if is_direct(p, found[p.name])}
    inputs = (i for i in network.inputs if isinstance(i, PoissonInput | CurrentInput))
    return direct | {(i.post, i.port) for i in (*inputs, *network.graded)}


def _lower_transfers(
    tables: Tables, plan: Layout, others: set[Port], targets: dict[Port, Ring]
) -> None:
    """Rings of bound ports that other inputs reach too are added before those."""
    for port in plan.rings:
        cell = tables.network.population(port[0]).cell
        bound = next(p for p in cell.ports if p.name == port[1]).into is not None
        if bound and port in others:
            owner = tables.sources.index(port[0])
            tables.transfers.append(Transfer(tables.rings[port], targets[port], owner))


def _lower_inputs(tables: Tables, targets: dict[Port, Ring]) -> None:
    for item in tables.network.inputs:
        if isinstance(item, PoissonInput):
            tables.inputs.append(lower_poisson(tables, item, targets[item.post, item.port]))
        elif isinstance(item, CurrentInput):
            owner = owner_of(tables, item.post, item.port)
            tables.inputs.append(
                SignalTable(node=item, target=targets[item.post, item.port], owner=owner)
            )


def owner_of(tables: Tables, post: str, port: str) -> int:
    """The source whose division among threads holds for a port; -1 for one value alone."""
    if post in tables.sources:
        return tables.sources.index(post)
    projection = tables.network.projection(post)
    factor = next(f for f in projection.synapse.factors if f.name == port)
    return tables.sources.index(projection.post) if factor.per_post else -1
