"""Bind lowered tables to the structs of the C runtime."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.c import structs
from neuro.ir.grid import Grid
from neuro.lowering import tables as low
from neuro.lowering.structured import axis_table, grid_numbers

Array = NDArray[Any]


class Binding:
    """The structs of one network, and what keeps their memory alive.

    Parameters
    ----------
    tables
        The lowered network; its arrays are shared, not copied.
    functions
        The compiled library.

    Attributes
    ----------
    net
        The root struct.
    fifos
        Refractory lists by population and thread; None where there are none.
    spikes
        Arrays of cells and counts of each source's recent spikes.
    """

    def __init__(self, tables: low.Tables, functions: ctypes.CDLL) -> None:
        self._tables = tables
        self._functions = functions
        self._alive: list[Any] = []
        self.net = structs.Net()
        self.fifos: dict[str, list[tuple[structs.Fifo, Array, Array]]] = {}
        self.spikes: list[tuple[Array, Array]] = []
        self.signals: Any = None
        self._fill()

    def _fill(self) -> None:
        net, tables = self.net, self._tables
        net.step, net.seed, net.dt = 0, tables.seed, tables.network.dt
        net.threads = tables.threads
        net.sources, net.populations = len(tables.sources), len(tables.cells)
        net.factors, net.transfers = len(tables.factors), len(tables.transfers)
        net.inputs, net.graded_transfers = len(tables.inputs), len(tables.graded_transfers)
        net.traces = len(tables.traces)
        net.shared_traces = tables.threads > 1 and any(t.side == "pre" for t in tables.traces)
        net.synaptic_steps = any(kernel.each_step for kernel in tables.synapse_kernels)
        net.spikes = self.table(structs.Spikes, [self._spikes(k) for k in range(net.sources)])
        net.cells = self.table(structs.Cells, [self._cells(cells) for cells in tables.cells])
        net.factor = self.table(structs.Ring, [self._ring(r) for r in tables.factors.values()])
        net.transfer = self.table(structs.Transfer, [self._transfer(t) for t in tables.transfers])
        net.graded_transfer = self.table(
            structs.Transfer, [self._transfer(t) for t in tables.graded_transfers]
        )
        net.trace = self.table(structs.Traces, [self._traces(t) for t in tables.traces])
        self._fill_inputs()
        net.share = self.table(structs.Share, [self._share(k) for k in range(tables.threads)])

    def _fill_inputs(self) -> None:
        """Tables of inputs by kind, and their order."""
        order: list[Any] = []
        poisson: list[Any] = []
        signals: list[Any] = []
        for item in self._tables.inputs:
            if isinstance(item, low.PoissonTable):
                order.append(structs.Input(0, len(poisson)))
                poisson.append(self._poisson(item))
            else:
                order.append(structs.Input(1, len(signals)))
                target, first = self._ring(item.target), self._first(item.owner)
                signals.append(structs.Signal(target=target, first=first))
        self.net.input = self.table(structs.Input, order)
        self.net.poisson = self.table(structs.Poisson, poisson)
        self.net.signal = self.table(structs.Signal, signals)
        self.signals = self._alive[-1] if signals else []

    # Memory --------------------------------------------------------------------------------------

    def address(self, array: Array | None) -> int | None:
        """Address of an array, which stays alive with the binding; None for None."""
        if array is None:
            return None
        assert array.flags.c_contiguous
        self._alive.append(array)
        return int(array.ctypes.data)

    def table(self, kind: type[Any], items: Sequence[Any]) -> int | None:
        """Address of a table of structs; None if it is empty."""
        if not items:
            return None
        made = (kind * len(items))(*items)
        self._alive.append(made)
        return ctypes.addressof(made)

    def pointers(self, arrays: Sequence[Array]) -> int | None:
        """Address of a table of addresses."""
        return self.table(ctypes.c_void_p, [self.address(array) for array in arrays])

    # Structs -------------------------------------------------------------------------------------

    def _ring(self, ring: low.Ring) -> structs.Ring:
        return structs.Ring(self.address(ring.sums), ring.depth, ring.sums.strides[0])

    def _first(self, owner: int) -> int | None:
        """Bounds of the threads' shares of a source's cells; of one value if `owner` is -1."""
        if owner >= 0:
            return self.address(self._tables.first[owner])
        return self.address(np.array([0] + [1] * self._tables.threads, np.uint32))

    def _spikes(self, source: int) -> structs.Spikes:
        tables = self._tables
        size, slots = tables.network.sources[tables.sources[source]].size, tables.slots[source]
        cells, counts = (
            np.zeros((slots, size), np.uint32),
            np.zeros((slots, tables.threads), np.uint32),
        )
        self.spikes.append((cells, counts))
        return structs.Spikes(
            self.address(cells), self.address(counts), self._first(source), slots, size
        )

    def _cells(self, cells: low.CellTable) -> structs.Cells:
        uniform = isinstance(cells.refractory, int)
        return structs.Cells(
            kernel=cells.kernel,
            stream=cells.stream,
            refractory=cells.refractory if uniform else 0,
            source=self._tables.sources.index(cells.name),
            state=self.pointers(list(cells.state.values())),
            array=self.pointers(cells.arrays),
            scalar=self.address(cells.scalars),
            port=self.table(structs.Ring, [self._ring(ring) for ring in cells.ports]),
            refractory_of=None if uniform else self.address(np.asarray(cells.refractory)),
            until=self.address(cells.until),
            fifo=self._fifo(cells),
        )

    def _fifo(self, cells: low.CellTable) -> int | None:
        kernel = self._tables.cell_kernels[cells.kernel]
        if kernel.refractory != "fifo":
            return None
        first = self._tables.first[self._tables.sources.index(cells.name)]
        lists, arrays = [], []
        for thread in range(self._tables.threads):
            capacity = int(first[thread + 1]) - int(first[thread])
            listed = np.zeros(max(1, capacity), np.uint32)
            held = np.zeros((max(1, len(kernel.held)), max(1, capacity)), self._tables.dtype)
            lists.append(structs.Fifo(self.address(listed), self.address(held), max(1, capacity)))
            arrays.append((listed, held))
        address = self.table(structs.Fifo, lists)
        made = self._alive[-1]
        self.fifos[cells.name] = [(made[k], *arrays[k]) for k in range(len(arrays))]
        return address

    def _traces(self, traces: low.TraceTable) -> structs.Traces:
        return structs.Traces(
            traces.kernel,
            traces.source,
            traces.lag,
            traces.side == "post",
            self.pointers(list(traces.state.values())),
            self.address(traces.scalars),
        )

    def _transfer(self, transfer: low.Transfer) -> structs.Transfer:
        return structs.Transfer(
            self._ring(transfer.ring), self._ring(transfer.target), self._first(transfer.owner)
        )

    def _poisson(self, item: low.PoissonTable) -> structs.Poisson:
        return structs.Poisson(
            target=self._ring(item.target),
            first=self._first(item.owner),
            stream=item.stream,
            per_cell=len(item.weight) > 1,
            weight=self.address(item.weight),
            threshold=self.address(item.thresholds),
            table=self.address(item.table),
            table_of=self.address(item.table_of),
        )

    def _share(self, thread: int) -> structs.Share:
        tables = self._tables
        direct, sent, graded = tables.direct[thread], tables.sent[thread], tables.graded[thread]
        return structs.Share(
            direct=self.table(structs.Delivery, [self._delivery(d) for d in direct]),
            sent=self.table(structs.Delivery, [self._delivery(d) for d in sent]),
            graded=self.table(structs.Graded, [self._graded(g) for g in graded]),
            directs=len(direct),
            sents=len(sent),
            gradeds=len(graded),
        )

    def _graded(self, graded: low.GradedTable) -> structs.Graded:
        return structs.Graded(
            ring=self._ring(graded.ring),
            value=self.address(graded.value),
            start=self.address(graded.start),
            target=self.address(graded.target),
            weight=self.address(graded.weight),
            rows=len(graded.start) - 1,
            delay=graded.delay,
            uniform=len(graded.weight) == 1,
            shift=graded.shift,
        )

    def _delivery(self, delivery: low.Delivery) -> structs.Delivery:
        edges = self._edges(delivery.edges)
        self._alive.append(edges)
        return structs.Delivery(ctypes.pointer(edges), self._ring(delivery.ring))

    def _edges(self, edges: low.EdgeTable) -> structs.Edges:
        kernel = self._tables.synapse_kernels[edges.kernel]
        cells = self._tables.network.sources[self._tables.sources[edges.post]].size
        made = structs.Edges(
            kernel=edges.kernel,
            pre=edges.pre,
            post=edges.post,
            axonal=edges.axonal,
            dendritic=edges.dendritic,
            rows=edges.rows,
            cells=cells,
            first=edges.first,
            last=edges.last,
            grid=self._grid(edges.grid),
            start=self.address(edges.start),
            target=self.address(edges.target),
            state=self.pointers(list(edges.state.values())),
            array=self.pointers(edges.arrays),
            scalar=self.address(edges.scalars),
            pre_trace=self.pointers(edges.pre_traces),
            post_trace=self.pointers(edges.post_traces),
            factor=self.pointers(edges.factors),
        )
        if edges.deferred is not None:
            made.notes = self.address(edges.deferred.notes)
            block = edges.deferred.aside
            made.shelf = self.table(
                structs.Shelf, [structs.Shelf(self.address(block), 0, len(block))]
            )
            made.visited = self.address(edges.deferred.visited)
            made.epoch = self.address(edges.deferred.epoch)
            made.chain = self.pointers(edges.deferred.chain)
        elif kernel.on_post:
            self._add_columns(made, kernel.narrow, len(edges.target))
        return made

    def _grid(self, grid: Grid | None) -> int | None:
        if grid is None:
            return None
        row, column = (axis_table(axis).astype(np.uint32) for axis in (grid.rows, grid.columns))
        fields = {"row": self.address(row), "column": self.address(column), **grid_numbers(grid)}
        return self.table(structs.Grid, [structs.Grid(**fields)])

    def _add_columns(self, edges: structs.Edges, narrow: bool, count: int) -> None:
        """Index the synapses by postsynaptic cell."""
        edges.column = self.address(np.empty(edges.cells + 1, np.uint32))
        edges.column_synapse = self.address(np.empty(count, np.uint32))
        edges.column_source = self.address(np.empty(count, np.uint32))
        self._functions.nr_columns(
            *(edges.rows, edges.cells, edges.start, edges.target, narrow),
            *(edges.column, edges.column_synapse, edges.column_source),
        )
