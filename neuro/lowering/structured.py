"""Lower projections whose synapses are nowhere listed: weights as they are stored, and a geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from neuro.ir.canonical_types import CanonicalSynapse
from neuro.ir.expressions.nodes import program_reads
from neuro.ir.grid import Grid
from neuro.ir.layout import dendritic_delay, is_direct
from neuro.ir.network import Projection
from neuro.ir.resolve import Structured
from neuro.ir.sliding import Axis
from neuro.ir.synapse import WEIGHT
from neuro.lowering import memory
from neuro.lowering.kernels import Form, SynapseKernel, constants_read
from neuro.lowering.places import place_of
from neuro.lowering.tables import Delivery, EdgeTable, Real, Ring, Tables

_NO_START = np.empty(0, np.uint32)
_NO_TARGET = np.empty(0, np.uint16)


def lower_structured(
    tables: Tables,
    node: Projection,
    made: Structured,
    targets: Mapping[tuple[str, str], Ring],
) -> None:
    """Add a projection's table for each thread; all have the same weights."""
    direct, port = is_direct(node, made), (node.post, node.port)
    ring = targets[port] if direct else tables.rings[port]
    for thread, edges in _tables(tables, node, made):
        (tables.direct if direct else tables.sent)[thread].append(Delivery(edges, ring))


def _tables(tables: Tables, node: Projection, made: Structured) -> Iterator[tuple[int, EdgeTable]]:
    """The threads that have postsynaptic cells, and their tables."""
    programs, known = tables.numbers.synapse(node, {"dt": tables.network.dt})
    used = constants_read((programs.send,), ())
    scalars = {name: value for name, value in known.items() if name in used}
    kernel = place_of(tables.synapse_kernels, _kernel(tables, programs, made, tuple(scalars)))
    weights = tables.numbers.encode(node.name, WEIGHT, made.weight)
    numbers = [*scalars.values(), *([weights] if weights.ndim == 0 else [])]
    state = {WEIGHT: _in_order(tables, weights, made)} if weights.ndim else {}
    pre, post = tables.sources.index(node.pre), tables.sources.index(node.post)
    bounds = tables.first[post]
    for thread in range(tables.threads):
        first, last = int(bounds[thread]), int(bounds[thread + 1])
        if first == last:
            continue
        yield (
            thread,
            EdgeTable(
                projection=node.name,
                kernel=kernel,
                pre=pre,
                post=post,
                axonal=made.axonal,
                dendritic=int(dendritic_delay(made)),
                rows=made.n_pre,
                count=made.count,
                first=first,
                last=last,
                start=_NO_START,
                target=_NO_TARGET,
                grid=made.grid,
                state=state,
                scalars=np.array(numbers, tables.dtype),
                arrays=[],
                pre_traces=[],
                post_traces=[],
                factors=[],
                chosen=None,
                deferred=None,
            ),
        )


def _in_order(tables: Tables, weights: Real, made: Structured) -> Real:
    """Weights in the order in which spikes walk through them."""
    ordered = weights if made.grid is None else made.grid.by_source(weights)
    return memory.copy(ordered, tables.numbers.weight_dtype)


def _kernel(
    tables: Tables, programs: CanonicalSynapse, made: Structured, scalars: tuple[str, ...]
) -> SynapseKernel:
    form: Form = "dense" if made.grid is None else "grid"
    uniform = np.ndim(made.weight) == 0
    assert not program_reads(programs.on_pre)  # they are static
    return SynapseKernel(
        form=form,
        state=() if uniform else (WEIGHT,),
        scalars=(*scalars, *((WEIGHT,) if uniform else ())),
        arrays=(),
        uniform=uniform,
        weight_bits=0 if uniform else tables.numbers.weight_bits,
        pre=(),
        post=(),
        factors=(),
        on_pre=(),
        send=programs.send,
        on_post=(),
        each_step=(),
        pre_on_spike=(),
        pre_each_step=(),
        post_on_spike=(),
        post_each_step=(),
        distinct=True,
        narrow=True,
        deferred=False,
    )


# For engines ---------------------------------------------------------------------------------------


def axis_table(axis: Axis) -> NDArray[np.int64]:
    """For each place: the first tap that falls on it, its output, how many; shape (size, 3)."""
    return np.ascontiguousarray(np.stack(axis.first(), axis=1))


def grid_numbers(grid: Grid) -> dict[str, int]:
    """The numbers of ``nr_grid`` in the C runtime, in its order."""
    rows, columns = grid.rows, grid.columns
    return {
        "plane_in": rows.size * columns.size,
        "width_in": columns.size,
        "plane_out": rows.out * columns.out,
        "width_out": columns.out,
        "block_in": grid.block_in,
        "block_out": grid.block_out,
        "taps": rows.window * columns.window,
        "window": columns.window,
        "row_step": rows.tap_step,
        "row_back": rows.out_step,
        "column_weights": columns.tap_step * grid.block_out,
        "column_back": columns.out_step,
    }
