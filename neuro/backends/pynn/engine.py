"""An engine that runs whole stretches in a process of its own, from the start each time.

PyNN's simulators keep their state in the process and cannot hand it out, so a stretch that goes on
from an earlier one is run again from step 0 with the same input: the same network gives the same
spikes, and two networks never meet in one process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro.backends.pynn.worker
from neuro.backends.contract import Engine, Snapshot
from neuro.backends.pynn.mechanisms import environment_for
from neuro.backends.pynn.process import private_folder, run_script
from neuro.backends.pynn.simulators import Simulator
from neuro.backends.pynn.standard import find_cell
from neuro.backends.pynn.translate import Plan, add_drive, is_spike_source, translate
from neuro.drive import Drive, Signal, Spikes, drive_of
from neuro.errors import UnsupportedError
from neuro.ir import resolve
from neuro.ir.network import Network
from neuro.ir.synapse import WEIGHT
from neuro.recording.collect import MemorySink, SamplePlan, Sink, recorded_sources, sample_plans
from neuro.reference import Interpreter
from neuro.resources import folder as resource
from neuro.units import parse_unit

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of the first `steps` steps left behind.

    Attributes
    ----------
    arrays
        ``spikes/NAME/step`` and ``/index``, ``trace/NAME/VARIABLE``, ``weights/NAME``,
        ``samples/NAME``.
    facts
        What the process said of itself.
    """

    steps: int
    arrays: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class PyNNEngine(Engine):
    """A network on one of PyNN's simulators.

    Parameters
    ----------
    network
        A network that has passed the rules.
    simulator
        Where it runs.
    seed
        Seed of noise and random connections.
    timeout
        Seconds that one stretch may take.
    processes
        How many processes of MPI.
    """

    def __init__(
        self,
        network: Network,
        simulator: Simulator,
        seed: int,
        *,
        timeout: float,
        processes: int = 1,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self._network, self._simulator, self._seed = network, simulator, seed
        self._timeout, self._processes = timeout, processes
        self._facts = dict(facts or {})
        self._drive = drive_of(network)
        self._result = Result(0)
        self._plans = sample_plans(network, seed)
        self._recorded = recorded_sources(network)
        self.step = 0

    def prepare(self, steps: int, drive: Drive) -> None:
        """Run up to `steps` steps from here, all at once."""
        self._drive = drive = joined(self._drive, drive, self.step)
        end = self.step + steps
        drive = Drive({**drive.spikes, **self._noise(end)}, drive.signals)
        plan = self._plan(end, drive)
        plan.tree["sample_weights"] = {
            p.target: list(range(0, end, p.every)) for p in self._plans if p.of_synapses
        }
        with private_folder() as folder:
            plan.write(folder)
            self._run(folder)
            with np.load(folder / "result.npz") as found:
                arrays = dict(found)
            facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        arrays |= {f"spikes/{name}/step": s.step for name, s in drive.spikes.items()}
        arrays |= {f"spikes/{name}/index": s.index for name, s in drive.spikes.items()}
        self._result = Result(end, arrays, facts)

    def _plan(self, end: int, drive: Drive) -> Plan:
        """The network and its drive up to step `end`."""
        plan = translate(self._network, self._simulator, self._seed)
        add_drive(plan, self._network, drive, end)
        return plan

    def _run(self, folder: Path) -> None:
        if self._simulator.name == "brian2":  # compiling takes minutes, and has no cache here
            (folder / "brian_preferences").write_text("codegen.target = 'numpy'\n")
        launcher = ("mpirun", "-n", str(self._processes)) if self._processes > 1 else ()
        run_script(
            Path(neuro.backends.pynn.worker.__file__),
            [str(folder), str(resource("deploy") / "pynn")],
            folder,
            where=f"backend 'pynn:{self._simulator.name}'",
            timeout=self._timeout,
            environment=environment_for(self._simulator),
            launcher=launcher,
        )

    def _noise(self, steps: int) -> dict[str, Spikes]:
        """Spikes of the network's own Poisson sources; they depend on nothing else in it."""
        own = self._simulator.own_noise
        sources = tuple(p for p in self._network.populations if is_spike_source(p) and not own)
        if not sources:
            return {}
        noise = Network(
            name="noise",
            dt=self._network.dt,
            populations=sources,
            format=self._network.format,
            seed=self._network.seed,
        )
        sink = MemorySink()
        machine = Interpreter(noise, self._seed)
        done = 0
        while done < steps:
            done += machine.advance(steps - done, drive_of(noise), sink)
        data = {p.name: sink.spike_data(p.name, p.size) for p in sources}
        return {name: Spikes(d.step, d.index) for name, d in data.items()}

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Hand out what the run recorded in the next `steps` steps."""
        if self.step + steps > self._result.steps:
            self.prepare(steps, drive)
        first, last = self.step, self.step + steps
        for name in self._recorded:
            step = self._result.arrays[f"spikes/{name}/step"]
            inside = (step >= first) & (step < last)
            index = self._result.arrays[f"spikes/{name}/index"][inside]
            sink.add_spikes(name, step[inside].astype(np.int64), index.astype(np.int64))
        for plan in self._plans:
            self._add_samples(plan, first, last, sink)
        self.step = last
        return steps

    def _add_samples(self, plan: SamplePlan, first: int, last: int, sink: Sink) -> None:
        steps = np.arange(-(-first // plan.every) * plan.every, last, plan.every, dtype=np.int64)
        if plan.of_synapses:
            each = self._result.arrays[f"samples/{plan.target}"][steps // plan.every]
            values = self._as_stored(plan.target, each)
            unit = self._weight_unit(plan.target)
        else:
            values, unit = self._trace(plan.target, plan.variable, steps)
        si = np.asarray(parse_unit(unit).to_si(values[:, plan.index]), plan.dtype)
        sink.add_samples(plan.target, plan.variable, steps, si)

    def _trace(self, target: str, variable: str, steps: Array) -> tuple[Array, str]:
        match = find_cell(self._network.population(target).cell)
        assert match is not None
        ours = next(k for k in match.standard.variables if match.renaming[k] == variable)
        unit = next(v.unit for v in match.standard.cell.state if v.name == ours)
        return self._result.arrays[f"trace/{target}/{match.standard.variables[ours]}"][steps], unit

    def _weight_unit(self, name: str) -> str:
        projection = self._network.projection(name)
        cell = self._network.population(projection.post).cell
        return next(p.unit for p in cell.ports if p.name == projection.port)

    def read(self, target: str, variable: str) -> Array:
        """Weights of a projection; PyNN gives no other state out."""
        projections = {p.name: p for p in self._network.projections}
        if target not in projections or variable != WEIGHT:
            raise self._cannot("give out the state of cells and synapses other than weights")
        found = self._result.arrays.get(f"weights/{target}")
        if found is None:
            made = resolve.connections(self._network, projections[target], self._seed)
            return np.broadcast_to(np.asarray(made.weight), made.stored).copy()
        each = np.asarray(parse_unit(self._weight_unit(target)).to_si(np.abs(found)))
        return self._as_stored(target, each)

    def _as_stored(self, name: str, each: Array) -> Array:
        """Weights as the network has them, from one a synapse."""
        projection = self._network.projection(name)
        return resolve.stored_weights(self._network, projection, self._seed, each)

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Not possible."""
        raise self._cannot("take over other values during a run")

    def snapshot(self) -> Snapshot:
        """Not possible."""
        raise self._cannot("give out its complete state")

    def restore(self, snapshot: Snapshot) -> None:
        """Not possible."""
        raise self._cannot("take over a state")

    def describe(self) -> Mapping[str, str]:
        """The simulator, and in what it is not exact."""
        return {"simulator": self._simulator.title, "module": self._simulator.module, **self._facts}

    def _cannot(self, what: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self._simulator.title} cannot {what} through PyNN.",
            hint="Record with probes, or use another backend.",
        )


def joined(before: Drive, after: Drive, step: int) -> Drive:
    """What came from outside: `before` until `step`, `after` from there on."""
    spikes = {n: _joined_spikes(before.spikes[n], s, step) for n, s in after.spikes.items()}
    signals = {n: _joined_signals(before.signals[n], s, step) for n, s in after.signals.items()}
    return Drive(spikes, signals)


def _joined_spikes(before: Spikes, after: Spikes, step: int) -> Spikes:
    old, new = before.step < step, after.step >= step
    return Spikes(
        np.concatenate([before.step[old], after.step[new]]),
        np.concatenate([before.index[old], after.index[new]]),
    )


def _joined_signals(before: Signal, after: Signal, step: int) -> Signal:
    old, new = before.step < step, after.step > step
    width = max(before.value.shape[1:], after.value.shape[1:])
    parts = [before.value[old], after.at(step)[None], after.value[new]]
    value = np.concatenate([_widened(part, width) for part in parts])
    return Signal(np.concatenate([before.step[old], [step], after.step[new]]), value)


def _widened(value: Array, width: tuple[int, ...]) -> Array:
    """Rows of `value` with one number for each cell, where others have that."""
    if value.shape[1:] == width:
        return value
    return np.broadcast_to(value[:, None], (len(value), *width))
