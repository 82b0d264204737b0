"""The structs of the C runtime as static tables: the text that `neuro.backends.c.bind` has in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.firmware.identifiers import identifier
from neuro.backends.firmware.memory import LAST_STEP, TIME, Memory
from neuro.backends.firmware.narrow import NARROW, narrow_sums
from neuro.drive import Drive
from neuro.ir.expressions.nodes import program_writes
from neuro.ir.grid import Grid
from neuro.lowering import tables as low
from neuro.lowering.structured import axis_table, grid_numbers

Array = NDArray[Any]
WORD = 4
"""Bytes of a pointer, and of a number in a struct, on a microcontroller."""
EDGE_WORDS = 23
"""Words of a group of synapses, but for the geometry that networks with convolutions have."""
GRID_WORDS = 14
SIGNAL_WORDS = 12
"""Words of a signal; there is one more table of them in RAM."""


def reached(steps: Array) -> Array:
    """Those of ascending `steps` that a device comes to, in its type."""
    return steps[: np.searchsorted(steps, LAST_STEP)].astype(TIME)


class StaticTables:
    """All tables of one network.

    Parameters
    ----------
    tables
        The network, lowered for one thread.
    drive
        What its inputs do by themselves.

    Attributes
    ----------
    memory
        Variables and constants.
    declarations
        C declarations of the tables, in order.
    table_bytes
        Bytes of all tables on a device with 32-bit addresses.
    spikes
        Recent spikes of each source, a bit per cell; shape (slots, words).
    own
        What the network's inputs do by themselves.
    target
        The narrowest type for targets of each kind of synapse.
    dense
        Kinds of synapses that connect every cell to every other; they need no targets.
    narrow
        Sums that have 16 bits.
    net
        Initialiser of the network's struct.
    """

    def __init__(self, tables: low.Tables, drive: Drive) -> None:
        self.tables = tables
        self.memory = Memory(np.dtype(tables.dtype))
        self.declarations: list[str] = []
        self.table_bytes = 0
        self.spikes: list[NDArray[np.uint32]] = []
        self._made: dict[str, str] = {}
        self.own = drive
        sizes = [source.size for source in tables.network.sources.values()]
        counts = [len(d.edges.target) for d in (*tables.direct[0], *tables.sent[0])]
        counts += [len(graded.target) for graded in tables.graded[0]]
        sizes += [n for grid in self._grids() for n in (grid.rows.window, grid.columns.window)]
        self.index = np.dtype(np.uint16 if max(sizes, default=0) < 1 << 16 else np.uint32)
        self.offset = np.dtype(np.uint16 if max(counts, default=0) < 1 << 16 else np.uint32)
        self.target = self._target_types()
        self.dense = self._dense_kernels()
        self.edge_words = EDGE_WORDS + any(k.form == "grid" for k in tables.synapse_kernels)
        self.narrow = narrow_sums(tables)
        self.trains: list[str] = []
        self.net = self._net()

    def _grids(self) -> list[Grid]:
        deliveries = (*self.tables.direct[0], *self.tables.sent[0])
        return [d.edges.grid for d in deliveries if d.edges.grid is not None]

    def _target_types(self) -> dict[int, np.dtype[Any]]:
        """The narrowest type for targets of each kind of synapse."""
        found: dict[int, np.dtype[Any]] = {}
        for delivery in (*self.tables.direct[0], *self.tables.sent[0]):
            edges = delivery.edges
            kind = np.min_scalar_type(max(0, self._size(edges.post) - 1))
            found[edges.kernel] = max(kind, found.get(edges.kernel, kind))
        return found

    def _dense_kernels(self) -> set[int]:
        """Kinds of synapses that only connect every cell to every other, in order."""
        found: dict[int, bool] = {}
        for delivery in (*self.tables.direct[0], *self.tables.sent[0]):
            edges = delivery.edges
            full = edges.count == edges.rows * self._size(edges.post) and self._is_full(edges)
            found[edges.kernel] = found.get(edges.kernel, True) and full
        return {kernel for kernel, full in found.items() if full}

    def _is_full(self, edges: low.EdgeTable) -> bool:
        """Whether as many synapses as there are pairs stand in the order of pairs."""
        form = self.tables.synapse_kernels[edges.kernel].form
        if form != "list":
            return form == "dense"
        cells = self._size(edges.post)
        return bool((edges.target.reshape(edges.rows, cells) == np.arange(cells)).all())

    def _size(self, source: int) -> int:
        return self.tables.network.sources[self.tables.sources[source]].size

    # Text ----------------------------------------------------------------------------------------

    def table(self, type: str, items: Sequence[str], name: str, *, words: int) -> str:
        """The name of a table in flash with `items` of so many words each; equal ones once."""
        if not items:
            return "0"
        body = ",\n".join(f"    {item}" for item in items)
        key = f"{type}\n{body}"
        if key not in self._made:
            self._made[key] = f"nr_t{len(self._made)}_{identifier(name)}"
            self.declarations.append(f"static {type} {self._made[key]}[] = {{\n{body},\n}};")
            self.table_bytes += len(items) * words * WORD
        return self._made[key]

    def pointers(self, items: Sequence[str], name: str, *, constant: bool = False) -> str:
        """The name of a table of addresses."""
        kind = "const real *const" if constant else "real *const"
        return self.table(kind, items, name, words=1)

    def ring(self, ring: low.Ring) -> str:
        """Initialiser of a ring."""
        place = self._sums(ring, "ring", "")
        kind = self._sum_type(ring) or np.dtype(self.tables.dtype)
        return f"{{{place}, {ring.depth}u, {ring.sums.shape[1] * kind.itemsize}u}}"

    def _sums(self, ring: low.Ring, name: str, owner: str) -> str:
        return self.memory.variable(ring.sums, name, "rings", owner, self._sum_type(ring))

    def _sum_type(self, ring: low.Ring) -> np.dtype[Any] | None:
        """16 bits where they do; else None."""
        return NARROW if int(ring.sums.ctypes.data) in self.narrow.rings else None

    # Network -------------------------------------------------------------------------------------

    def _net(self) -> str:
        t = self.tables
        cells = [self._cells(cells) for cells in t.cells]
        for (population, port), ring in t.rings.items():
            self._sums(ring, f"ring_{population}_{port}", population)
        factors = []
        for (projection, factor), ring in t.factors.items():
            name = f"factor_{projection}_{factor}"
            self.memory.variable(ring.sums, name, "rings", projection)
            factors.append(self.ring(ring))
        for name, ring in t.graded_rings.items():
            self.memory.variable(ring.sums, f"graded_{name}", "rings", name)
        spikes = [self._spikes(k) for k in range(len(t.sources))]
        transfers = [self._transfer(transfer) for transfer in t.transfers]
        traces = [self._traces(traces) for traces in t.traces]
        share = self._share()
        inputs, poisson, signals = self._inputs()
        graded = [self._transfer(transfer) for transfer in t.graded_transfers]
        self._trains()
        fields = {
            "seed": f"{t.seed}u" if t.seed < 1 << 31 else f"{t.seed}ull",
            "dt": float(t.network.dt).hex(),
            "threads": "1",
            "sources": len(t.sources),
            "populations": len(cells),
            "factors": len(factors),
            "transfers": len(transfers),
            "inputs": len(inputs),
            "graded_transfers": len(graded),
            "traces": len(traces),
            "synaptic_steps": int(any(kernel.each_step for kernel in t.synapse_kernels)),
            "spikes": self.table("const nr_spikes", spikes, "spikes", words=4),
            "cells": self.table("const nr_cells", cells, "cells", words=11),
            "factor": self.table("const nr_ring", factors, "factors", words=3),
            "transfer": self.table("const nr_transfer", transfers, "transfers", words=7),
            "input": self.table("const nr_input", inputs, "inputs", words=2),
            "poisson": self.table("const nr_poisson", poisson, "poisson", words=10),
            "signal": self._signal_table(signals),
            "graded_transfer": self.table("const nr_transfer", graded, "graded", words=7),
            "trace": self.table("const nr_traces", traces, "traces", words=6),
            "share": self.table("const nr_share", [share], "share", words=6),
        }
        return ",\n".join(f"    .{name} = {value}" for name, value in fields.items())

    def _signal_table(self, signals: Sequence[str]) -> str:
        """Signals note how far they are, so their table is in RAM, and starts from one in flash."""
        if not signals:
            return "0"
        body = ",\n".join(f"    {item}" for item in signals)
        self.declarations += [
            f"static const nr_signal nr_own_signals[] = {{\n{body},\n}};",
            f"static nr_signal nr_signals[{len(signals)}];",
        ]
        self.table_bytes += len(signals) * SIGNAL_WORDS * WORD
        return "nr_signals"

    def _spikes(self, source: int) -> str:
        t = self.tables
        name, size, slots = t.sources[source], self._size(source), t.slots[source]
        bits = np.zeros((slots, -(-size // 32)), np.uint32)
        self.spikes.append(bits)
        place = self.memory.variable(bits, f"spikes_{name}", "spikes", name)
        return f"{{{place}, {self._first(size)}, {slots}u, {size}u}}"

    def _first(self, size: int) -> str:
        return self.memory.constant(np.array([0, size], np.uint32), f"first_{size}", "")

    def _cells(self, cells: low.CellTable) -> str:
        owner, variable, constant = cells.name, self.memory.variable, self.memory.constant
        state = [variable(a, f"{v}_{owner}", "state", owner) for v, a in cells.state.items()]
        for name, ring in zip(self._ports(cells), cells.ports, strict=True):
            self._sums(ring, f"port_{owner}_{name}", owner)
        arrays = [constant(array, f"constant_{owner}", owner) for array in cells.arrays]
        uniform = isinstance(cells.refractory, int)
        until = "0"
        if self.tables.cell_kernels[cells.kernel].refractory != "none":
            until = variable(cells.until, f"until_{owner}", "state", owner, TIME)
        steps = np.asarray(cells.refractory)
        return self._struct(
            kernel=f"{cells.kernel}u",
            stream=f"{cells.stream}u",
            refractory=f"{cells.refractory if uniform else 0}u",
            source=f"{self.tables.sources.index(owner)}u",
            state=self.pointers(state, f"state_{owner}"),
            array=self.pointers(arrays, f"arrays_{owner}", constant=True),
            scalar=constant(cells.scalars, f"scalars_{owner}", owner),
            port=self.table(
                "const nr_ring", [self.ring(r) for r in cells.ports], f"ports_{owner}", words=3
            ),
            refractory_of="0" if uniform else constant(steps, f"refractory_{owner}", owner),
            until=until,
        )

    def _ports(self, cells: low.CellTable) -> list[str]:
        kernel = self.tables.cell_kernels[cells.kernel]
        return [*kernel.free, *(port for port, _ in kernel.rings)]

    def _struct(self, **fields: str) -> str:
        return "{" + ", ".join(f".{k} = {v}" for k, v in fields.items() if v != "0") + "}"

    def _traces(self, traces: low.TraceTable) -> str:
        owner = traces.projection
        state = [
            self.memory.variable(a, f"trace_{owner}_{v}_{traces.lag}", "traces", owner)
            for v, a in traces.state.items()
        ]
        return self._struct(
            kernel=f"{traces.kernel}u",
            source=f"{traces.source}u",
            lag=f"{traces.lag}u",
            is_post=f"{int(traces.side == 'post')}u",
            state=self.pointers(state, f"traces_{owner}"),
            scalar=self.memory.constant(traces.scalars, f"scalars_{owner}", owner),
        )

    def _transfer(self, transfer: low.Transfer) -> str:
        size = transfer.ring.sums.shape[1]
        return f"{{{self.ring(transfer.ring)}, {self.ring(transfer.target)}, {self._first(size)}}}"

    # Inputs --------------------------------------------------------------------------------------

    def _inputs(self) -> tuple[list[str], list[str], list[str]]:
        """The order of inputs, and tables of each kind."""
        order: list[str] = []
        poisson: list[str] = []
        signals: list[str] = []
        for item in self.tables.inputs:
            if isinstance(item, low.PoissonTable):
                order.append(f"{{0u, {len(poisson)}u}}")
                poisson.append(self._poisson(item))
            else:
                order.append(f"{{1u, {len(signals)}u}}")
                signals.append(self._signal(item))
        return order, poisson, signals

    def _poisson(self, item: low.PoissonTable) -> str:
        owner, constant = item.node.name, self.memory.constant
        table_of = "0"
        if item.table_of is not None:
            table_of = constant(item.table_of, f"table_of_{owner}", owner)
        return self._struct(
            target=self.ring(item.target),
            first=self._first(item.target.sums.shape[1]),
            stream=f"{item.stream}u",
            per_cell=f"{int(len(item.weight) > 1)}u",
            weight=constant(item.weight, f"weight_{owner}", owner),
            threshold=constant(item.thresholds, f"threshold_{owner}", owner),
            table=constant(item.table, f"table_{owner}", owner),
            table_of=table_of,
        )

    def _signal(self, item: low.SignalTable) -> str:
        owner, signal = item.node.name, self.own.signals[item.node.name]
        value = self.tables.numbers.encode(item.node.post, item.node.port, signal.value)
        step = reached(signal.step)
        return self._struct(
            target=self.ring(item.target),
            first=self._first(item.target.sums.shape[1]),
            step=self.memory.constant(step, f"step_{owner}", owner),
            value=self.memory.constant(value[: len(step)], f"value_{owner}", owner),
            changes=f"{len(step)}u",
            width=f"{value.shape[1] if value.ndim == 2 else 1}u",
        )

    def _trains(self) -> None:
        """Spikes that sources fire by themselves."""
        for name, spikes in self.own.spikes.items():
            steps = reached(spikes.step)
            cells = spikes.index[: len(steps)].astype(self.index)
            step = self.memory.constant(steps, f"train_step_{name}", name)
            cell = self.memory.constant(cells, f"train_{name}", name)
            source = self.tables.sources.index(name)
            self.trains.append(f"{{{step}, {cell}, {len(steps)}u, {source}u}}")

    # Synapses ------------------------------------------------------------------------------------

    def _share(self) -> str:
        t = self.tables
        direct = [self._delivery(delivery) for delivery in t.direct[0]]
        sent = [self._delivery(delivery) for delivery in t.sent[0]]
        graded = [self._graded(graded) for graded in t.graded[0]]
        return self._struct(
            direct=self.table("const nr_delivery", direct, "direct", words=4),
            sent=self.table("const nr_delivery", sent, "sent", words=4),
            graded=self.table("const nr_graded", graded, "gradeds", words=11),
            directs=f"{len(direct)}u",
            sents=f"{len(sent)}u",
            gradeds=f"{len(graded)}u",
        )

    def _graded(self, graded: low.GradedTable) -> str:
        constant, owner = self.memory.constant, graded.name
        return self._struct(
            ring=self.ring(graded.ring),
            value=self.memory.variable(graded.value, f"value_{owner}", "state", owner),
            start=constant(graded.start.astype(self.offset), f"start_{owner}", owner),
            target=constant(graded.target.astype(self.index), f"target_{owner}", owner),
            weight=constant(graded.weight, f"weight_{owner}", owner),
            rows=f"{len(graded.start) - 1}u",
            delay=f"{graded.delay}u",
            uniform=f"{int(len(graded.weight) == 1)}u",
            shift=f"{graded.shift}",
        )

    def _delivery(self, delivery: low.Delivery) -> str:
        edges = self.table(
            "const nr_edges", [self._edges(delivery.edges)], "edges", words=self.edge_words
        )
        return f"{{{edges}, {self.ring(delivery.ring)}}}"

    def _edges(self, edges: low.EdgeTable) -> str:
        owner, constant = edges.projection, self.memory.constant
        kernel = self.tables.synapse_kernels[edges.kernel]
        target = edges.target.astype(self.target[edges.kernel])
        arrays = [constant(array, f"constant_{owner}", owner) for array in edges.arrays]
        fields = {
            "kernel": f"{edges.kernel}u",
            "pre": f"{edges.pre}u",
            "post": f"{edges.post}u",
            "axonal": f"{edges.axonal}u",
            "dendritic": f"{edges.dendritic}u",
            "rows": f"{edges.rows}u",
            "cells": f"{self._size(edges.post)}u",
            "grid": self._grid(edges.grid, owner),
            "start": "0",
            "target": "0",
            "state": self.pointers(self._synaptic_state(edges), f"synapses_{owner}"),
            "array": self.pointers(arrays, f"arrays_{owner}", constant=True),
            "scalar": constant(edges.scalars, f"scalars_{owner}", owner),
            "pre_trace": self._shared(edges.pre_traces, f"pre_{owner}"),
            "post_trace": self._shared(edges.post_traces, f"post_{owner}"),
            "factor": self._shared(edges.factors, f"factors_{owner}"),
        }
        if kernel.form == "list" and edges.kernel not in self.dense:
            fields["start"] = constant(edges.start.astype(self.offset), f"start_{owner}", owner)
            fields["target"] = constant(target, f"target_{owner}", owner)
            if kernel.on_post:
                fields |= self._columns(edges)
        return self._struct(**fields)

    def _grid(self, grid: Grid | None, owner: str) -> str:
        """The geometry of a convolution or pooling."""
        if grid is None:
            return "0"
        places = {
            name: self.memory.constant(
                axis_table(axis).astype(self.index), f"grid_{name}_{owner}", owner
            )
            for name, axis in (("row", grid.rows), ("column", grid.columns))
        }
        numbers = {name: f"{value}u" for name, value in grid_numbers(grid).items()}
        body = self._struct(**places, **numbers)
        return self.table("const nr_grid", [body], f"grid_{owner}", words=GRID_WORDS)

    def _shared(self, arrays: Sequence[Array], name: str) -> str:
        """Addresses of arrays that have been placed before."""
        return self.pointers([self.memory.variable(a, name, "traces", "") for a in arrays], name)

    def _synaptic_state(self, edges: low.EdgeTable) -> list[str]:
        """Addresses of synaptic variables; those that never change are in flash."""
        owner, kernel = edges.projection, self.tables.synapse_kernels[edges.kernel]
        written = program_writes((*kernel.on_pre, *kernel.on_post, *kernel.each_step))
        places = []
        for name, array in edges.state.items():
            if name in written:
                place = self.memory.variable(array, f"{name}_{owner}", "weights", owner)
            else:
                place = self.memory.constant(array, f"{name}_{owner}", owner)
            plain = place == "0" or (name in written and array.dtype == self.tables.dtype)
            places.append(place if plain else f"(real *){place}")
        return places

    def _columns(self, edges: low.EdgeTable) -> dict[str, str]:
        """The same synapses by postsynaptic cell, in the order of their presynaptic cells."""
        owner, constant = edges.projection, self.memory.constant
        order = np.argsort(edges.target, kind="stable")
        counts = np.bincount(edges.target, minlength=self._size(edges.post))
        column = np.concatenate([[0], np.cumsum(counts)]).astype(self.offset)
        rows = np.repeat(np.arange(len(edges.start) - 1), np.diff(edges.start))
        return {
            "column": constant(column, f"column_{owner}", owner),
            "column_synapse": constant(order.astype(self.offset), f"by_post_{owner}", owner),
            "column_source": constant(rows[order].astype(self.index), f"source_{owner}", owner),
        }
