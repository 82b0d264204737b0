"""A network on Lava: cells and synapses run there, sources and bookkeeping here.

Lava computes all currents, membranes and spikes.  Sources are played to it.  What is on its way, and
recent spikes, are kept beside it in the form of the interpreter, from the spikes that Lava gave: a
snapshot needs them, and Lava does not tell.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.backends.lava.environment import Environment
from neuro.backends.lava.plan import Plan, external, make_plan
from neuro.backends.lava.process import LavaProcess
from neuro.backends.lava.rules import is_loihi_cell
from neuro.drive import Drive
from neuro.errors import ParameterError
from neuro.ir.loihi import as_mantissas
from neuro.ir.network import CurrentInput, Network, PoissonInput
from neuro.ir.synapse import WEIGHT
from neuro.recording.collect import Sink
from neuro.reference import Interpreter
from neuro.reference.machine import Machine
from neuro.reference.step import arrive, deliver_inputs, fire, send, update

ROWS = 64
"""Most steps in one call."""


class Shadow(Interpreter):
    """The interpreter's state of a network whose spikes come from elsewhere."""

    @property
    def machine(self) -> Machine:
        """The state."""
        return self._machine

    def take(self, drive: Drive, spikes: Mapping[str, NDArray[np.int64]]) -> None:
        """Move on a step in which the cells of each population in `spikes` fired."""
        arrive(self._machine, drive)
        for name, index in spikes.items():
            self._machine.spikes[name].appendleft(index)
        send(self._machine, drive)

    def record(self, step: int, sink: Sink) -> None:
        """Record what is probed in `step`."""
        self._record(step, sink)

    def every(self) -> int:
        """Steps after which a state has to be looked at; 0 if never."""
        plans = [plan.every for plan in self._plans if not plan.of_synapses]
        return int(np.gcd.reduce(plans)) if plans else 0


class LavaEngine(Engine):
    """A network that runs on Lava.

    Parameters
    ----------
    network
        A network that has passed `lava_findings`.
    seed
        Of the run.
    environment
        Where Lava is.
    timeout
        Seconds to wait for Lava to answer.
    """

    def __init__(
        self, network: Network, seed: int, environment: Environment, timeout: float
    ) -> None:
        self._network, self._seed = network, seed
        self._environment, self._timeout = environment, timeout
        self._shadow = Shadow(network, seed)
        self._cells = [p.name for p in network.populations if is_loihi_cell(p)]
        self._others = [p.name for p in network.populations if not is_loihi_cell(p)]
        self._process: LavaProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._start()

    @property
    def process(self) -> LavaProcess:
        """The process that Lava runs in."""
        assert self._process is not None
        return self._process

    @property
    def place(self) -> Path:
        """The folder of its files."""
        return self._place

    def describe(self) -> Mapping[str, str]:
        """Versions of Lava and of its Python."""
        return {"precision": "fixed_pt", **self._environment.versions}

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do up to `ROWS` steps, or up to the next one in which a state is recorded."""
        count = min(steps, ROWS, self._until_sample())
        own = self._own_spikes(count)
        self._play(count, own, drive)
        self.process.run(count)
        recorded = np.memmap(self._place / "output.bin", np.uint8, "r", shape=self._output_shape)
        rows = (np.arange(count) + self.step - self._first) % ROWS
        for k, row in enumerate(rows):
            last = k == count - 1
            if last:
                self._fetch()
            found = {n: np.flatnonzero(recorded[row, self._plan.cells.of(n)]) for n in self._cells}
            self._shadow.take(drive, {**found, **{n: own[n][k] for n in self._others}})
            self._shadow.record(self.step + k, sink)
        self.step += count
        return count

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """A copy of a variable's values."""
        return self._shadow.read(target, variable).copy()

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values; Lava is started anew."""
        if variable == WEIGHT and as_mantissas(values) is None:
            raise ParameterError(
                "are no 8-bit mantissas with one exponent from 0 to 7.",
                where=f"weights of {target!r}",
                hint="Round them with neuro.ir.loihi.quantise_weights.",
            )
        self._shadow.assign(target, variable, values)
        self._start()

    def snapshot(self) -> Snapshot:
        """The complete state."""
        return self._shadow.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`; Lava is started anew."""
        self._shadow.restore(snapshot)
        self._start()

    def close(self) -> None:
        """End Lava's process and remove its files."""
        if self._process is not None:
            self._process.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # Start -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Start Lava from the state of the shadow."""
        self.close()
        machine = self._shadow.machine
        self.step = self._first = machine.step
        self._pending = self._on_its_way()
        state = {
            f"{variable}/{name}": machine.cells[name].state[variable].astype(np.int64)
            for name in self._cells
            for variable in "uv"
        }
        self._plan: Plan = make_plan(
            self._network,
            self._weighted(),
            state,
            self._seed,
            rows=ROWS,
            pending=frozenset(n for n, rows in self._pending.items() if rows.any()),
        )
        self._folder = tempfile.TemporaryDirectory(prefix="neuro-lava-")
        self._place = Path(self._folder.name)
        self._plan.write(self._place)
        self._output_shape = (ROWS, self._plan.cells.width)
        try:
            self._process = LavaProcess(self._environment, self._place, self._timeout)
        except BaseException:
            self.close()
            raise

    def _weighted(self) -> dict[str, Any]:
        """Synapses with the weights of now."""
        machine = self._shadow.machine
        decoded = {n: self._shadow.read(n, WEIGHT) for n in machine.edges}
        return {
            name: replace(edges.synapses, weight=edges.each(decoded[name]))
            for name, edges in machine.edges.items()
        }

    def _on_its_way(self) -> dict[str, NDArray[np.int64]]:
        """What will still arrive at each population from spikes before now; rows are steps."""
        later = copy.deepcopy(self._shadow)
        machine, silence = later.machine, Drive({}, {})
        depth = max(
            (int(np.max(e.synapses.delay, initial=1)) for e in machine.edges.values()), default=0
        )
        rows: dict[str, list[NDArray[Any]]] = {name: [] for name in self._cells}
        machine.network = _without_inputs(machine.network)
        nothing = {name: np.empty(0, np.int64) for name in machine.spikes}
        for _ in range(depth):
            later.take(silence, nothing)
            for name, arrived in rows.items():
                arrived.append(machine.cells[name].ports["input"].astype(np.int64))
        return {name: np.array(arrived).reshape(depth, -1) for name, arrived in rows.items()}

    # A call ----------------------------------------------------------------------------------------

    def _until_sample(self) -> int:
        """Steps up to and with the next in which a state is recorded."""
        every = self._shadow.every()
        return ROWS if not every else (-self.step) % every + 1

    def _own_spikes(self, count: int) -> dict[str, list[NDArray[np.int64]]]:
        """Spikes of populations that are computed here, for `count` steps."""
        machine = self._shadow.machine
        start = machine.step
        kept = {name: copy.copy(machine.spikes[name]) for name in self._others}
        spikes: dict[str, list[NDArray[np.int64]]] = {name: [] for name in self._others}
        for machine.step in range(start, start + count):
            for name in self._others:
                cells = machine.cells[name]
                cells.ports = {
                    p.name: np.zeros(cells.node.size, machine.dtype) for p in cells.node.cell.ports
                }
                update(machine, cells)
                fire(machine, cells)
                spikes[name].append(machine.spikes[name][0])
        machine.step = start
        machine.spikes.update(kept)
        return spikes

    def _play(self, count: int, own: Mapping[str, list[NDArray[np.int64]]], drive: Drive) -> None:
        """Write what is played in the next `count` steps."""
        shape = (ROWS, self._plan.played.width)
        file = np.memmap(self._place / "input.bin", np.int32, "r+", shape=shape)
        for k in range(count):
            row = file[(self.step + k - self._first) % ROWS]
            row[:] = 0
            for name in self._plan.played.first:
                if name.startswith("+"):
                    continue
                index = own[name][k] if name in own else drive.spikes[name].at(self.step + k)
                row[self._plan.played.of(name)][index] = 1
            for name, values in self._inputs(self.step + k, drive).items():
                row[self._plan.played.of(external(name))] += values
        file.flush()

    def _inputs(self, step: int, drive: Drive) -> dict[str, NDArray[np.int32]]:
        """What is added to populations in `step` besides events that Lava sends."""
        played = [n for n in self._cells if external(n) in self._plan.played.first]
        found = external_inputs(self._shadow.machine, played, step, drive)
        for name in played:
            due, row = self._pending[name], step - self._first
            if row < len(due):
                found[name] = (found[name] + due[row]).astype(np.int32)
        return found

    def _fetch(self) -> None:
        """Take currents and membranes from Lava."""
        with np.load(self._place / "state.npz") as state:
            for name in self._cells:
                for variable in "uv":
                    stored = self._shadow.variable(name, variable)
                    stored[...] = state[f"{variable}/{name}"]


def external_inputs(
    machine: Machine, names: Collection[str], step: int, drive: Drive
) -> dict[str, NDArray[np.int32]]:
    """What currents and Poisson inputs add to the populations `names` in a step."""
    if not names:
        return {}
    now, machine.step = machine.step, step
    for cells in machine.cells.values():
        cells.ports = {
            port.name: np.zeros(cells.node.size, machine.dtype) for port in cells.node.cell.ports
        }
    deliver_inputs(machine, drive)
    machine.step = now
    return {name: machine.cells[name].ports["input"].astype(np.int32) for name in names}


def _without_inputs(network: Network) -> Network:
    kept = tuple(i for i in network.inputs if not isinstance(i, PoissonInput | CurrentInput))
    return replace(network, inputs=kept)
