"""The interpreter as an engine: it steps, records, and can be stopped and continued."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro.drive import Drive
from neuro.ir.network import Network
from neuro.recording.collect import SamplePlan, Sink, recorded_sources, sample_plans
from neuro.reference.machine import Array, Machine, build
from neuro.reference.step import advance
from neuro.snapshot import history_lists, history_rows


class Interpreter:
    """A network run by the reference interpreter.

    Parameters
    ----------
    network
        A verified network.
    seed
        Seed of the run.
    """

    def __init__(self, network: Network, seed: int) -> None:
        self._machine: Machine = build(network, seed)
        self._sources = recorded_sources(network)
        self._plans = sample_plans(network, seed)

    @property
    def step(self) -> int:
        """The next step to be done."""
        return self._machine.step

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do `steps` steps."""
        for _ in range(steps):
            step = self._machine.step
            advance(self._machine, drive)
            self._record(step, sink)
        return steps

    def _record(self, step: int, sink: Sink) -> None:
        for name in self._sources:
            index = self._machine.spikes[name][0]
            if len(index):
                sink.add_spikes(name, np.full(len(index), step), index)
        for plan in self._plans:
            if step % plan.every == 0:
                values = self._sampled(plan)[plan.index][None]
                sink.add_samples(plan.target, plan.variable, np.array([step]), values.copy())

    def _sampled(self, plan: SamplePlan) -> Array:
        return self.read(plan.target, plan.variable)

    def variable(self, target: str, name: str) -> Array:
        """The array that holds a variable of a population or projection."""
        if target in self._machine.edges:
            return self._machine.edges[target].state[name]
        return self._machine.cells[target].state[name]

    def read(self, target: str, name: str) -> Array:
        """The values of a variable; not a copy where they are stored as they are."""
        return self._machine.numbers.decode(target, name, self.variable(target, name))

    def assign(self, target: str, name: str, values: NDArray[np.float64]) -> None:
        """Set a variable of a population or projection."""
        self.variable(target, name)[...] = self._machine.numbers.encode(target, name, values)

    def snapshot(self) -> dict[str, Array]:
        """The complete state; see `neuro.snapshot`."""
        result = {name: array.copy() for name, array in self._arrays().items()}
        result["step"] = np.asarray(self._machine.step, np.int64)
        for name, history in self._machine.spikes.items():
            result[f"history/{name}"] = history_rows(list(history))
        return result

    def restore(self, snapshot: dict[str, Array]) -> None:
        """Go to the state of `snapshot`."""
        for name, array in self._arrays().items():
            array[...] = snapshot[name]
        self._machine.step = int(snapshot["step"])
        for name, history in self._machine.spikes.items():
            depth = history.maxlen or 1
            history.clear()
            history.extend(history_lists(snapshot[f"history/{name}"], depth))

    def _arrays(self) -> dict[str, Array]:
        """The arrays of the state, by their names in a snapshot."""
        machine = self._machine
        result: dict[str, Array] = {}
        for name, cells in machine.cells.items():
            result |= {f"state/{name}/{key}": value for key, value in cells.state.items()}
            result[f"refractory/{name}"] = cells.remaining
        for (name, port), ring in machine.rings.items():
            result[f"ring/{name}/{port}"] = ring
        for name, edges in machine.edges.items():
            result |= {f"synapse/{name}/{key}": value for key, value in edges.state.items()}
            result |= {f"trace/{name}/pre/{key}": value for key, value in edges.pre.state.items()}
            result |= {f"trace/{name}/post/{key}": value for key, value in edges.post.state.items()}
        for grading in machine.graded:
            result[f"graded/{grading.node.name}"] = grading.ring
        return result
