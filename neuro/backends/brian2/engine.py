"""Run a Brian2 program in this process, step by step."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.brian2.installed import exact_code, load_brian2
from neuro.backends.brian2.program import Array, Pathway, Place, Program
from neuro.backends.brian2.script import arrays, render
from neuro.backends.contract import Engine, Snapshot
from neuro.drive import Drive
from neuro.ir.synapse import WEIGHT
from neuro.recording.collect import Sink, recorded_sources, sample_plans
from neuro.reference.machine import Machine
from neuro.snapshot import history_lists, history_rows


class ProgramEngine(Engine):
    """What engines of a Brian2 program share: names of the state, and snapshots.

    Parameters
    ----------
    machine
        The network with its numbers, for names, shapes and depths.
    program
        The network as a Brian2 program.
    """

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine, self._program = machine, program
        self._sources = recorded_sources(machine.network)
        self._plans = sample_plans(machine.network, machine.seed)
        self._shared = {
            f"synapse/{name}/{WEIGHT}": edges
            for name, edges in machine.edges.items()
            if edges.weight_of is not None
        }
        """Projections whose weights Brian2 has once a synapse and the network once altogether."""

    @abstractmethod
    def _array(self, owner: str, variable: str) -> Array:
        """The values of a variable of a Brian2 object, as Brian2 keeps them."""

    @abstractmethod
    def _spikes(self, source: str) -> list[Array]:
        """Cells that spiked in the last steps, the last step first."""

    def _place(self, target: str, variable: str) -> Place | None:
        kind = "synapse" if target in self._machine.edges else "state"
        return self._program.places.get(f"{kind}/{target}/{variable}")

    def read(self, target: str, variable: str) -> NDArray[Any]:
        """A copy of a variable's values."""
        shared = self._shared.get(f"synapse/{target}/{variable}")
        if shared is not None:
            return shared.state[WEIGHT].copy()
        place = self._place(target, variable)
        if place is None:
            return np.empty(0, self._program.dtype)
        return self._array(place.object, place.variable).copy()

    def _arrays(self) -> Iterator[tuple[str, Array, Array | slice]]:
        """The arrays of the state by their names in a snapshot, and the rows that belong there."""
        for name, place in self._program.places.items():
            if name in self._shared:
                continue
            array = self._array(place.object, place.variable)
            if place.shape is not None:
                array = array.reshape(place.shape)
            yield name, array, slice(None) if place.rows is None else place.rows

    def snapshot(self) -> Snapshot:
        """The complete state."""
        result: Snapshot = self._constants()
        result |= {name: edges.state[WEIGHT].copy() for name, edges in self._shared.items()}
        for name, array, rows in self._arrays():
            kind = np.int64 if name.startswith("refractory/") else self._program.dtype
            result[name] = array[rows].astype(kind)
        result["step"] = np.asarray(self.step, np.int64)
        for name in self._machine.spikes:
            result[f"history/{name}"] = history_rows(self._spikes(name))
        return result

    def _constants(self) -> Snapshot:
        """What never changes: counters of cells that are never refractory, and empty arrays."""
        result: Snapshot = {}
        for name, cells in self._machine.cells.items():
            result[f"refractory/{name}"] = np.zeros(cells.node.size, np.int64)
        for name, edges in self._machine.edges.items():
            parts = {
                f"synapse/{name}": edges.state,
                f"trace/{name}/pre": edges.pre.state,
                f"trace/{name}/post": edges.post.state,
            }
            for place, state in parts.items():
                result |= {f"{place}/{k}": v[:0].copy() for k, v in state.items() if not v.size}
        return result


class Brian2Engine(ProgramEngine):
    """A network run by Brian2's own objects.

    ``Network.run`` prepares all objects anew whenever it is called, which takes longer than a step.
    So it is called once, for no time at all; then each step runs the objects in the order in which
    Brian2 has sorted them.

    Parameters
    ----------
    machine
        The network with its numbers, for names, shapes and depths.
    program
        The network as a Brian2 program.
    """

    def __init__(self, machine: Machine, program: Program) -> None:
        self._brian2 = brian2 = load_brian2()
        super().__init__(machine, program)
        with exact_code(brian2, codegen__target="numpy"):
            self._module = load(program)
            self._network, clock, self._objects = self._module["build"](arrays(program))
            self._network.run(0 * brian2.second, namespace=self._module["FUNCTIONS"])
        self._running = [o for o in self._network.sorted_objects if o.active and o.code_objects]
        self._timestep = clock.variables["timestep"].get_value()
        self._t = clock.variables["t"].get_value()
        self._spaces = {
            name: self._array(identifier, "_spikespace")
            for name, identifier in program.spiking.items()
            if "_spikespace" in self._objects[identifier].variables
        }
        self._fires = {s.input: self._array(s.name, "fires") for s in program.sources}
        self._history = {
            name: deque(spikes, maxlen=spikes.maxlen) for name, spikes in machine.spikes.items()
        }

    # Running -------------------------------------------------------------------------------------

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do `steps` steps."""
        for number, name in enumerate(self._program.signals):
            signal = drive.signals[name]
            self._module["SIGNALS"][number] = (signal.step, signal.value)
        with np.errstate(all="ignore"):
            for _ in range(steps):
                self._step(drive)
                self._record(sink)
                self.step += 1
        return steps

    def _step(self, drive: Drive) -> None:
        for name, fires in self._fires.items():
            fires[:] = False
            fires[drive.spikes[name].at(self.step)] = True
        for item in self._running:
            item.run()
        self._set_time(self.step + 1)
        for name, space in self._spaces.items():
            self._history[name].appendleft(space[: space[-1]].astype(np.int64))

    def _set_time(self, step: int) -> None:
        self._timestep[0] = step
        self._t[0] = step * self._program.dt

    def _record(self, sink: Sink) -> None:
        for name in self._sources:
            index = self._history[name][0]
            if len(index):
                sink.add_spikes(name, np.full(len(index), self.step), index)
        for plan in self._plans:
            if self.step % plan.every == 0:
                values = self.read(plan.target, plan.variable)[plan.index][None]
                sink.add_samples(plan.target, plan.variable, np.array([self.step]), values)

    # State ---------------------------------------------------------------------------------------

    def _array(self, owner: str, variable: str) -> Array:
        """The array that Brian2 keeps a variable in."""
        found: Array = self._objects[owner].variables[variable].get_value()
        return found

    def _spikes(self, source: str) -> list[Array]:
        return list(self._history[source])

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values."""
        shared = self._shared.get(f"synapse/{target}/{variable}")
        if shared is not None:
            shared.state[WEIGHT][...] = values
            values = shared.weights()
        place = self._place(target, variable)
        if place is not None:
            self._array(place.object, place.variable)[:] = values

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`; the queues of Brian2 are filled again from its spikes."""
        self.step = int(snapshot["step"])
        self._set_time(self.step)
        for name, array, rows in self._arrays():
            array[rows] = snapshot[name]
        for name, edges in self._shared.items():
            self.write(edges.node.name, WEIGHT, snapshot[name])
        for name, history in self._history.items():
            depth = history.maxlen or 1
            history.clear()
            history.extend(history_lists(snapshot[f"history/{name}"], depth))
            if name in self._spaces:
                _set_spikes(self._spaces[name], history[0])
        self._refill()

    def _refill(self) -> None:
        """Empty all queues, and push the spikes of the last steps again, oldest first."""
        inputs = {identifier: name for name, identifier in self._program.spiking.items()}
        for connections in self._program.connections:
            history = list(self._history.get(inputs.get(connections.source, ""), ()))
            for pathway in connections.pathways:
                made = getattr(self._objects[connections.name], pathway.side)
                for _ in range(_slots(pathway)):
                    made.queue.advance()
                for spikes in reversed(history[pathway.lag :]):
                    made.queue.push(spikes.astype(np.int32))
                    made.queue.advance()

    def describe(self) -> Mapping[str, str]:
        """Version of Brian2, and what runs its code."""
        return {"brian2": self._brian2.__version__, "mode": "runtime", "codegen": "numpy"}


def load(program: Program) -> dict[str, Any]:
    """The program's functions, from its text."""
    text = render(program, "program.py.j2", mode="engine")
    module: dict[str, Any] = {"__name__": "neuro_brian2_program"}
    exec(compile(text, "<Brian2 program>", "exec"), module)  # noqa: S102 - our own text
    return module


def _set_spikes(space: Array, spikes: Array) -> None:
    space[: len(spikes)] = spikes
    space[-1] = len(spikes)


def _slots(pathway: Pathway) -> int:
    """How many steps a queue holds."""
    return int(np.max(pathway.delay)) + 1
