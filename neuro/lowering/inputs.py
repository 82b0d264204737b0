"""Lower Poisson inputs and graded projections."""

from __future__ import annotations

import numpy as np

from neuro.ir.network import GradedProjection, PoissonInput
from neuro.ir.philox import derived_seed, stream_of
from neuro.ir.poisson import thresholds
from neuro.ir.resolve import synapses, target_size
from neuro.ir.values import expand
from neuro.lowering.tables import GradedTable, PoissonTable, Ring, Tables, Transfer


def lower_poisson(tables: Tables, node: PoissonInput, target: Ring) -> PoissonTable:
    """The table of a Poisson input: thresholds of each distinct rate."""
    size = tables.network.sources[node.post].size
    rate = expand(node.rate, size, derived_seed(tables.seed, f"{node.name}/rate"))
    weight = expand(node.weight, size, derived_seed(tables.seed, f"{node.name}/weight"))
    means, place = np.unique(np.asarray(rate) * tables.network.dt, return_inverse=True)
    parts = [thresholds(float(mean)) for mean in means]
    table = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return PoissonTable(
        node=node,
        target=target,
        owner=tables.sources.index(node.post),
        stream=stream_of(node.name),
        weight=np.atleast_1d(tables.numbers.encode(node.post, node.port, weight)),
        thresholds=np.concatenate(parts).astype(np.uint32),
        table=table.astype(np.uint32),
        table_of=None if len(means) == 1 else place.reshape(-1).astype(np.uint32),
    )


def lower_graded(tables: Tables, node: GradedProjection, target: Ring) -> None:
    """Add the tables of a graded projection: one per delay and thread."""
    network = tables.network
    expanded = synapses(network, node, tables.seed)
    rows, size = expanded.rows, target_size(network, node)
    ring = Ring(np.zeros((int(np.max(expanded.delay, initial=1)), size), tables.dtype))
    tables.graded_rings[node.name] = ring
    owner = tables.sources.index(node.post) if node.post in tables.sources else -1
    if owner < 0 and size > 1:
        owner = tables.sources.index(network.projection(node.post).post)
    tables.graded_transfers.append(Transfer(ring, target, owner))
    bounds = tables.first[owner] if owner >= 0 else np.array([0] + [1] * tables.threads)
    value = next(cells for cells in tables.cells if cells.name == node.pre).state[node.variable]
    delay = np.broadcast_to(expanded.delay, (rows.count,))
    weight, shift = tables.numbers.graded(node, expanded.weight)
    sources = rows.sources()
    for steps in np.unique(delay):
        for thread in range(tables.threads):
            mine = (rows.indices >= bounds[thread]) & (rows.indices < bounds[thread + 1])
            chosen = np.flatnonzero(mine & (delay == steps))
            counts = np.bincount(sources[chosen], minlength=len(rows.indptr) - 1)
            tables.graded[thread].append(
                GradedTable(
                    name=node.name,
                    ring=ring,
                    value=value,
                    start=np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
                    target=rows.indices[chosen].astype(np.uint32),
                    weight=weight[chosen] if weight.ndim else weight.reshape(1),
                    shift=shift,
                    delay=int(steps),
                )
            )
