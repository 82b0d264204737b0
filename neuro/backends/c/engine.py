"""The C engine: a compiled network behind the engine's contract."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.c import structs
from neuro.backends.c.bind import Binding
from neuro.backends.c.compiler import FLAGS, Library
from neuro.backends.contract import Engine, Snapshot
from neuro.drive import Drive, Spikes
from neuro.errors import CompilerError
from neuro.lowering.spikes import gather, scatter
from neuro.lowering.state import TableState
from neuro.lowering.tables import SignalTable, Tables
from neuro.recording.collect import SamplePlan, Sink, recorded_sources, sample_plans
from neuro.snapshot import history_lists, history_rows

CALL_STEPS = 1 << 17
"""Most steps of one call into C."""
BUFFER = 1 << 16
"""Recorded numbers that a buffer holds at least."""


class CEngine(Engine):
    """A network run by generated C.

    Parameters
    ----------
    tables
        The lowered network.
    library
        The compiled kernels of its kinds.
    """

    def __init__(self, tables: Tables, library: Library) -> None:
        self._tables = tables
        self._library = library
        self._functions = _load(library)
        self._binding = Binding(tables, self._functions)
        self._state = TableState(tables)
        plans = sample_plans(tables.network, tables.seed)
        self._synapse_plans = [plan for plan in plans if plan.of_synapses]
        self._desk = _Desk(self._binding, tables, [p for p in plans if not p.of_synapses])

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do up to `steps` steps; fewer when a buffer is full or weights are to be recorded."""
        count = min(steps, CALL_STEPS, self._until_sample())
        first, last = self.step, self.step + count
        self._set_signals(drive, last)
        desk = self._desk.prepare(drive, first, last)
        done = self._functions.nr_advance(ctypes.byref(self._binding.net), ctypes.byref(desk), last)
        if done < 0:
            raise CompilerError(
                f"could not start {self._tables.threads} threads.", where="backend 'c'"
            )
        self.step = done
        self._desk.empty(sink)
        for plan in self._synapse_plans:
            if done > first and (done - 1) % plan.every == 0:
                values = self.read(plan.target, plan.variable)[plan.index][None]
                sink.add_samples(plan.target, plan.variable, np.array([done - 1]), values)
        return int(done) - first

    def _until_sample(self) -> int:
        """Steps up to and including the next in which synapses are recorded."""
        waits = [plan.every - (self.step - 1) % plan.every for plan in self._synapse_plans]
        return min(waits, default=CALL_STEPS)

    def _set_signals(self, drive: Drive, last: int) -> None:
        """Point the inputs to the values of `drive` up to step `last`."""
        tables = [item for item in self._tables.inputs if isinstance(item, SignalTable)]
        self._kept = []
        for struct, item in zip(self._binding.signals, tables, strict=True):
            signal = drive.signals[item.node.name]
            begin, end = np.searchsorted(signal.step, [self.step, last])
            begin = max(0, begin - 1)
            step = np.ascontiguousarray(signal.step[begin:end], np.int64)
            value = self._tables.numbers.encode(
                item.node.post, item.node.port, signal.value[begin:end]
            )
            self._kept += [step, value]
            struct.step, struct.value = step.ctypes.data, value.ctypes.data
            struct.changes = len(step)
            struct.next = int(np.searchsorted(step, self.step - 1, side="right"))
            struct.width = value.shape[1] if value.ndim == 2 else 1

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """A copy of a variable's values."""
        self._settle()
        return self._state.read(target, variable)

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values."""
        self._settle()
        self._state.write(target, variable, values)

    def snapshot(self) -> Snapshot:
        """The complete state."""
        self._settle()
        result = self._state.snapshot(self.step)
        for source, (cells, counts) in enumerate(self._binding.spikes):
            first, ages = self._tables.first[source], self._tables.ages[source]
            lists = [gather(cells, counts, first, self.step - 1 - age) for age in range(ages)]
            result[f"history/{self._tables.sources[source]}"] = history_rows(lists)
        return result

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`."""
        self.step = int(snapshot["step"])
        self._settle()  # so that nothing noted before is left over
        self._binding.net.step = self.step
        self._state.restore(snapshot)
        for source, (cells, counts) in enumerate(self._binding.spikes):
            counts[...] = 0
            rows = snapshot[f"history/{self._tables.sources[source]}"]
            first = self._tables.first[source]
            for age, chosen in enumerate(history_lists(rows, self._tables.ages[source])):
                scatter(cells, counts, first, self.step - 1 - age, chosen)
        for cells_table in self._tables.cells:
            if cells_table.name in self._binding.fifos:
                self._restore_fifo(cells_table.name)

    def _restore_fifo(self, population: str) -> None:
        """List the cells that are refractory, oldest first, with what they hold."""
        place = next(k for k, cells in enumerate(self._tables.cells) if cells.name == population)
        cells = self._tables.cells[place]
        held = self._tables.cell_kernels[cells.kernel].held
        first = self._tables.first[self._tables.sources.index(population)]
        for thread, (fifo, listed, values) in enumerate(self._binding.fifos[population]):
            mine = np.arange(first[thread], first[thread + 1])
            refractory = mine[cells.until[mine] >= self.step]
            refractory = refractory[np.argsort(cells.until[refractory], kind="stable")]
            fifo.head, fifo.count = 0, len(refractory)
            listed[: len(refractory)] = refractory
            for row, name in enumerate(held):
                values[row, : len(refractory)] = cells.state[name][refractory]

    def _settle(self) -> None:
        self._functions.nr_settle(ctypes.byref(self._binding.net))

    def describe(self) -> Mapping[str, str]:
        """Compiler, flags and threads."""
        return {
            "compiler": self._library.compiler,
            "flags": " ".join(FLAGS),
            "threads": str(self._tables.threads),
            "compiled": "from cache" if self._library.cached else "now",
        }


class _Desk:
    """The buffers into which C records, and the events that it is given."""

    def __init__(self, binding: Binding, tables: Tables, plans: list[SamplePlan]) -> None:
        self._tables = tables
        self._sources = recorded_sources(tables.network)
        self._plans = plans
        self._spikes = [self._spike_buffer(name) for name in self._sources]
        self._samples = [self._sample_buffer(plan) for plan in plans]
        places = [tables.sources.index(name) for name in self._sources]
        self._spike_probes = (structs.SpikeProbe * max(1, len(places)))(
            *(
                structs.SpikeProbe(place, len(step), 0, step.ctypes.data, cell.ctypes.data)
                for place, (step, cell) in zip(places, self._spikes, strict=True)
            )
        )
        self._state_probes = (structs.StateProbe * max(1, len(plans)))(
            *(
                self._state_probe(plan, *buffers)
                for plan, buffers in zip(plans, self._samples, strict=True)
            )
        )
        self._given: list[Any] = []
        self._alive = binding

    def _spike_buffer(self, source: str) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        room = max(BUFFER, 2 * self._tables.network.sources[source].size)
        return np.empty(room, np.int64), np.empty(room, np.uint32)

    def _sample_buffer(self, plan: SamplePlan) -> tuple[NDArray[Any], ...]:
        rows = max(1, min(BUFFER, 16 * BUFFER // max(1, len(plan.index))))
        sample = np.empty((rows, len(plan.index)), self._tables.dtype)
        return plan.index.astype(np.uint32), np.empty(rows, np.int64), sample

    def _state_probe(
        self, plan: SamplePlan, index: NDArray[Any], step: NDArray[Any], sample: NDArray[Any]
    ) -> structs.StateProbe:
        cells = next(cells for cells in self._tables.cells if cells.name == plan.target)
        return structs.StateProbe(
            value=cells.state[plan.variable].ctypes.data,
            index=index.ctypes.data,
            width=len(index),
            every=plan.every,
            capacity=len(step),
            count=0,
            step=step.ctypes.data,
            sample=sample.ctypes.data,
        )

    def prepare(self, drive: Drive, first: int, last: int) -> structs.Desk:
        """The desk for a call that does steps `first` to `last`."""
        self._given = []
        events = [self._events(name, spikes, first, last) for name, spikes in drive.spikes.items()]
        table = (structs.Events * max(1, len(events)))(*events)
        self._given.append(table)
        return structs.Desk(
            events=ctypes.addressof(table),
            spikes=ctypes.addressof(self._spike_probes),
            states=ctypes.addressof(self._state_probes),
            n_events=len(events),
            n_spikes=len(self._sources),
            n_states=len(self._plans),
            first=first,
        )

    def _events(self, name: str, spikes: Spikes, first: int, last: int) -> structs.Events:
        """The spikes of a source from step `first` up to `last`."""
        place = np.searchsorted(spikes.step, np.arange(first, last + 1))
        start = (place - place[0]).astype(np.uint64)
        cell = np.ascontiguousarray(spikes.index[place[0] : place[-1]], np.uint32)
        self._given += [start, cell]
        source = self._tables.sources.index(name)
        return structs.Events(source, start.ctypes.data, cell.ctypes.data)

    def empty(self, sink: Sink) -> None:
        """Pass on what was recorded, and make room."""
        for name, probe, (step, cell) in zip(
            self._sources, self._spike_probes, self._spikes, strict=False
        ):
            if probe.count:
                sink.add_spikes(
                    name, step[: probe.count].copy(), cell[: probe.count].astype(np.int64)
                )
            probe.count = 0
        for plan, state, (_, step, sample) in zip(
            self._plans, self._state_probes, self._samples, strict=False
        ):
            if state.count:
                rows = slice(0, state.count)
                values = self._tables.numbers.decode(plan.target, plan.variable, sample[rows])
                sink.add_samples(plan.target, plan.variable, step[rows].copy(), np.array(values))
            state.count = 0


def _load(library: Library) -> ctypes.CDLL:
    try:
        functions = ctypes.CDLL(str(library.path))
    except OSError as error:
        raise CompilerError(
            f"the compiled engine cannot be loaded: {error}.",
            where="backend 'c'",
            hint=f"Delete it and run again: {library.path}",
        ) from error
    functions.nr_advance.restype = ctypes.c_int64
    functions.nr_advance.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    functions.nr_columns.restype = None
    functions.nr_columns.argtypes = [
        *(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    ]
    functions.nr_settle.restype = None
    functions.nr_settle.argtypes = [ctypes.c_void_p]
    return functions
