"""The numba engine: the phases of a step in Python, around compiled kernels."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.backends.numba.generate import generate_cell, generate_synapse
from neuro.backends.numba.modules import load_module
from neuro.backends.numba.runtime import nr_words
from neuro.drive import Drive
from neuro.ir.expansion import stable_argsort
from neuro.ir.poisson import counts
from neuro.lowering.state import TableState
from neuro.lowering.structured import axis_table, grid_numbers
from neuro.lowering.tables import (
    CellTable,
    Delivery,
    EdgeTable,
    GradedTable,
    PoissonTable,
    Ring,
    SignalTable,
    Tables,
    TraceTable,
)
from neuro.recording.collect import Sink, recorded_sources, sample_plans
from neuro.snapshot import history_lists, history_rows

Array = NDArray[Any]


@dataclass(slots=True)
class _Cells:
    """A population and its kernel."""

    table: CellTable
    kernel: ModuleType
    state: tuple[Array, ...]
    array: tuple[Array, ...]
    words: tuple[Array, ...]
    fired: Array
    refractory: Array


@dataclass(slots=True)
class _Edges:
    """A group of synapses and its kernel."""

    table: EdgeTable
    ring: Ring
    kernel: ModuleType
    places: tuple[Any, Any]
    """Where targets are: start and target of a list; or tables and numbers of a grid."""
    values: tuple[Any, ...]
    """What all functions of the kernel take: state, constants, traces, factors."""
    columns: tuple[Array, Array, Array] | None


@dataclass(slots=True)
class _Traces:
    table: TraceTable
    kernel: ModuleType
    state: tuple[Array, ...]


class NumbaEngine(Engine):
    """A network run by kernels that numba has compiled.

    Parameters
    ----------
    tables
        The lowered network, for one thread and without deferred rules.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._state = TableState(tables)
        self._seed = np.uint64(tables.seed)
        dtype: Any = tables.dtype  # a float: `check` refuses fixed point
        cells = [load_module("cell", generate_cell(k, dtype)) for k in tables.cell_kernels]
        synapses = [
            load_module("synapse", generate_synapse(k, dtype)) for k in tables.synapse_kernels
        ]
        self._cells = [self._bind_cells(table, cells[table.kernel]) for table in tables.cells]
        self._direct = [self._bind_edges(d, synapses) for d in tables.direct[0]]
        self._sent = [self._bind_edges(d, synapses) for d in tables.sent[0]]
        self._traces = [
            _Traces(table, synapses[table.kernel], tuple(table.state.values()))
            for table in tables.traces
        ]
        self._spikes = [self._no_spikes(age) for age in tables.ages]
        self._sources = recorded_sources(tables.network)
        self._plans = sample_plans(tables.network, tables.seed)
        self._compile()

    def _compile(self) -> None:
        """Have numba compile all kernels now, by calls that do nothing.

        Otherwise it would do so in the first steps, and Ctrl-C would have to wait for it.
        """
        nothing = np.empty(0, np.int64)
        nr_words(self._seed, 0, 0, 0, np.empty(0, np.uint32))
        now = self._tables.dtype(0)
        for cells in self._cells:
            table, scalars = cells.table, cells.table.scalars
            ports = tuple(ring.sums[0] for ring in table.ports)
            cells.kernel.update(
                *(cells.state, cells.array, scalars, ports, cells.words),
                *(table.until[:0], 0, now, cells.fired),
            )
            cells.kernel.reset(
                *(cells.state, cells.array, scalars, table.until, cells.refractory),
                *(0, now, nothing),
            )
        for edges in (*self._direct, *self._sent):
            group = edges.table
            edges.kernel.on_pre(*edges.places, *edges.values, nothing, edges.ring.sums[0])
            if edges.columns is not None:
                edges.kernel.on_post(*edges.columns, *edges.values, nothing)
            if hasattr(edges.kernel, "each_step"):
                edges.kernel.each_step(group.start[:1], group.target, *edges.values)
        for traces in self._traces:
            side, scalars = traces.table.side, traces.table.scalars
            getattr(traces.kernel, f"raise_{side}")(traces.state, scalars, nothing)
            empty = tuple(values[:0] for values in traces.state)
            getattr(traces.kernel, f"decay_{side}")(empty, scalars)

    def _bind_cells(self, table: CellTable, kernel: ModuleType) -> _Cells:
        draws = self._tables.cell_kernels[table.kernel].draws
        return _Cells(
            table=table,
            kernel=kernel,
            state=tuple(table.state.values()),
            array=tuple(table.arrays),
            words=tuple(np.empty(table.size, np.uint32) for _ in draws),
            fired=np.empty(table.size, np.int64),
            refractory=np.atleast_1d(np.asarray(table.refractory, np.int64)),
        )

    def _bind_edges(self, delivery: Delivery, synapses: list[ModuleType]) -> _Edges:
        edges = delivery.edges
        values = (
            tuple(edges.state.values()),
            tuple(edges.arrays),
            edges.scalars,
            tuple(edges.pre_traces),
            tuple(edges.post_traces),
            tuple(edges.factors),
        )
        columns = None
        if self._tables.synapse_kernels[edges.kernel].on_post:
            size = self._tables.network.sources[self._tables.sources[edges.post]].size
            columns = _columns(edges, size)
        return _Edges(edges, delivery.ring, synapses[edges.kernel], _places(edges), values, columns)

    def _no_spikes(self, ages: int) -> deque[Array]:
        return deque([np.empty(0, np.int64)] * ages, maxlen=ages)

    # Running -------------------------------------------------------------------------------------

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do `steps` steps."""
        for _ in range(steps):
            self._arrive(drive)
            self._update_and_fire(drive)
            self._see_post_spikes()
            self._see_pre_spikes()
            self._send_graded()
            self._decay()
            self._record(sink)
            self.step += 1
        return steps

    def _arrive(self, drive: Drive) -> None:
        tables, step = self._tables, self.step
        for factor in tables.factors.values():
            factor.sums[...] = 0
        for transfer in tables.transfers:
            _transfer(transfer.ring, transfer.target, step)
        for edges in self._direct:
            self._deliver(edges, self._spikes[edges.table.pre][edges.table.axonal], step)
        for item in tables.inputs:
            if isinstance(item, PoissonTable):
                self._poisson(item)
            else:
                self._signal(item, drive)
        for transfer in tables.graded_transfers:
            _transfer(transfer.ring, transfer.target, step)

    def _deliver(self, edges: _Edges, cells: Array, step: int) -> None:
        if len(cells):
            sums = edges.ring.sums[step % edges.ring.depth]
            edges.kernel.on_pre(*edges.places, *edges.values, cells, sums)

    def _poisson(self, item: PoissonTable) -> None:
        target = item.target.sums[self.step % item.target.depth]
        word = np.empty(len(target), np.uint32)
        nr_words(self._seed, item.stream, 0, self.step, word)
        events = np.zeros(len(target), self._tables.dtype)
        for table in range(len(item.table) - 1):
            part = item.thresholds[item.table[table] : item.table[table + 1]]
            mine = slice(None) if item.table_of is None else item.table_of == table
            events[mine] = counts(word[mine], part)
        target += item.weight * events

    def _signal(self, item: SignalTable, drive: Drive) -> None:
        signal = drive.signals[item.node.name]
        if len(signal.step) and signal.step[0] <= self.step:
            target = item.target.sums[self.step % item.target.depth]
            target += signal.at(self.step).astype(self._tables.dtype)

    def _update_and_fire(self, drive: Drive) -> None:
        tables, step = self._tables, self.step
        now = tables.dtype(step * tables.network.dt)
        for cells in self._cells:
            table = cells.table
            for draw, word in enumerate(cells.words):
                nr_words(self._seed, table.stream, draw, step, word)
            ports = tuple(ring.sums[step % ring.depth] for ring in table.ports)
            count = cells.kernel.update(
                *(cells.state, cells.array, table.scalars, ports, cells.words),
                *(table.until, step, now, cells.fired),
            )
            fired = cells.fired[:count].copy()
            if count:
                cells.kernel.reset(
                    *(cells.state, cells.array, table.scalars),
                    *(table.until, cells.refractory, step, now, fired),
                )
            self._spikes[tables.sources.index(table.name)].appendleft(fired)
        for name, source in drive.spikes.items():
            self._spikes[tables.sources.index(name)].appendleft(source.at(step).copy())

    def _see_post_spikes(self) -> None:
        for edges in self._sent:
            if edges.columns is not None:
                cells = self._spikes[edges.table.post][edges.table.dendritic]
                if len(cells):
                    edges.kernel.on_post(*edges.columns, *edges.values, cells)
        self._raise("post")

    def _see_pre_spikes(self) -> None:
        for edges in self._sent:
            cells = self._spikes[edges.table.pre][edges.table.axonal]
            self._deliver(edges, cells, self.step + edges.table.dendritic)
        self._raise("pre")
        for edges in self._sent:
            if hasattr(edges.kernel, "each_step"):
                edges.kernel.each_step(edges.table.start, edges.table.target, *edges.values)

    def _raise(self, side: str) -> None:
        for traces in self._traces:
            if traces.table.side == side:
                cells = self._spikes[traces.table.source][traces.table.lag]
                if len(cells):
                    raised = getattr(traces.kernel, f"raise_{side}")
                    raised(traces.state, traces.table.scalars, cells)

    def _decay(self) -> None:
        for traces in self._traces:
            decay = getattr(traces.kernel, f"decay_{traces.table.side}")
            decay(traces.state, traces.table.scalars)

    def _send_graded(self) -> None:
        for graded in self._tables.graded[0]:
            _send(graded, graded.ring.sums[(self.step + graded.delay) % graded.ring.depth])

    def _record(self, sink: Sink) -> None:
        for name in self._sources:
            cells = self._spikes[self._tables.sources.index(name)][0]
            if len(cells):
                sink.add_spikes(name, np.full(len(cells), self.step), cells)
        for plan in self._plans:
            if self.step % plan.every == 0:
                values = self._state.read(plan.target, plan.variable)[plan.index][None]
                sink.add_samples(plan.target, plan.variable, np.array([self.step]), values)

    # State ---------------------------------------------------------------------------------------

    def read(self, target: str, variable: str) -> Array:
        """A copy of a variable's values."""
        return self._state.read(target, variable)

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values."""
        self._state.write(target, variable, values)

    def snapshot(self) -> Snapshot:
        """The complete state."""
        result = self._state.snapshot(self.step)
        for name, history in zip(self._tables.sources, self._spikes, strict=True):
            result[f"history/{name}"] = history_rows(list(history))
        return result

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`."""
        self.step = int(snapshot["step"])
        self._state.restore(snapshot)
        for place, name in enumerate(self._tables.sources):
            ages = self._tables.ages[place]
            self._spikes[place] = deque(
                history_lists(snapshot[f"history/{name}"], ages), maxlen=ages
            )

    def describe(self) -> Mapping[str, str]:
        """Version of numba."""
        return {"numba": numba.__version__}


def _transfer(ring: Ring, target: Ring, step: int) -> None:
    """Add what a ring holds for this step, and empty it."""
    sums = ring.sums[step % ring.depth]
    target.sums[step % target.depth] += sums
    sums[...] = 0


def _send(graded: GradedTable, sums: Array) -> None:
    """Add weight times value, by presynaptic cell, then synapse."""
    rows = np.repeat(np.arange(len(graded.start) - 1), np.diff(graded.start))
    np.add.at(sums, graded.target, graded.weight * graded.value[rows])


def _places(edges: EdgeTable) -> tuple[Any, Any]:
    """What `on_pre` takes to find the targets."""
    if edges.grid is None:
        return edges.start, edges.target
    numbers = np.array(list(grid_numbers(edges.grid).values()), np.int64)
    return (axis_table(edges.grid.rows), axis_table(edges.grid.columns), numbers), edges.target


def _columns(edges: EdgeTable, size: int) -> tuple[Array, Array, Array]:
    """The synapses by postsynaptic cell: bounds of columns, synapses, presynaptic cells."""
    synapse = stable_argsort(edges.target.astype(np.int64), size)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(edges.target, minlength=size))])
    rows = np.repeat(np.arange(len(edges.start) - 1), np.diff(edges.start))
    return bounds, synapse, rows[synapse]
