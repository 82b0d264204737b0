"""Have Brian2 write a network as a C++ program, and run that.

The program is built once per network and kept in neuro's cache; how long it runs and what drives it
comes in files.  It keeps no state between runs: a run that goes on is done again from step 0, which
gives the same bits.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.brian2.engine import ProgramEngine
from neuro.backends.brian2.functions import library_in_c, needed
from neuro.backends.brian2.installed import brian2_version
from neuro.backends.brian2.program import Array, Program
from neuro.backends.brian2.script import Owner, arrays, environment, render
from neuro.backends.contract import Snapshot
from neuro.cache import writable_cache
from neuro.drive import Drive, Signal, Spikes
from neuro.errors import CompilerError, DeviceError, UnsupportedError
from neuro.recording.collect import SamplePlan, Sink
from neuro.reference.machine import Machine
from neuro.resources import folder
from neuro.version import __version__

FLAGS = ["-w", "-O2", "-std=c++17", "-ffp-contract=off"]
"""Brian2's own flags hold ``-ffast-math``, which changes what is computed."""
RUNTIME = ("neuro_math.h", "neuro_memory.h", "neuro_philox.h", "neuro_root.h")
"""Headers of the C runtime that the program includes."""
LONGEST = 10**9
"""Steps of the longest run."""
BUILD_SECONDS = 600.0


@dataclass(slots=True)
class _Done:
    """What the program gave for a run from step 0; `steps` is how many."""

    steps: int = -1
    state: dict[str, Array] = field(default_factory=dict)
    spikes: dict[str, Spikes] = field(default_factory=dict)
    samples: list[Array] = field(default_factory=list)


class StandaloneEngine(ProgramEngine):
    """A network as a C++ program that Brian2 has written.

    Parameters
    ----------
    machine, program
        As for `ProgramEngine`.

    Raises
    ------
    CompilerError
        If it could not be built.
    """

    def __init__(self, machine: Machine, program: Program) -> None:
        super().__init__(machine, program)
        self._folder = built(machine, program, self._plans)
        self._files: dict[str, list[str]] = json.loads(
            (self._folder / "files.json").read_text(encoding="utf-8")
        )
        self._past: list[tuple[int, int, Drive]] = []
        self._done = _Done()

    # Running -------------------------------------------------------------------------------------

    def prepare(self, steps: int, drive: Drive) -> None:
        """Run all the steps that are to come at once."""
        if steps:
            self._run(self.step + steps, drive)

    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do `steps` steps, if they have not been done already."""
        first, last = self.step, self.step + steps
        if self._done.steps < last:
            self._run(last, drive)
        self._past.append((first, last, drive))
        self.step = last
        self._record(first, last, sink)
        return steps

    def _run(self, steps: int, drive: Drive) -> None:
        """Run from step 0; `drive` is what drives the steps that are new."""
        if steps > LONGEST:
            raise UnsupportedError(f"A C++ program of Brian2 runs {LONGEST:,} steps at most.")
        past = [*self._past, (self.step, steps, drive)]
        with tempfile.TemporaryDirectory(prefix="neuro-brian2-") as name:
            place = Path(name)
            for file, values in _drive_files(self._program, past, steps).items():
                values.tofile(place / file)
            _call_program(self._folder / "build", place)
            self._done = self._collect(place, steps)

    def _collect(self, place: Path, steps: int) -> _Done:
        """Read what the program wrote."""

        def load(key: str) -> Array:
            file, kind = self._files[key]
            return np.fromfile(place / "results" / file, np.dtype(kind))

        done = _Done(steps=steps)
        for item in self._program.places.values():
            key = f"{item.object}/{item.variable}"
            done.state[key] = load(key)
        for number, name in enumerate(_spiking(self._machine)):
            times = load(f"spikes/{number}/t") / self._program.dt
            index = load(f"spikes/{number}/i").astype(np.int64)
            done.spikes[name] = Spikes(np.round(times).astype(np.int64), index)
        for number, plan in enumerate(self._plans):
            values = load(f"samples/{number}").reshape(-1, len(_sampled(self._machine, plan)))
            done.samples.append(self._as_stored(plan, values.astype(self._program.dtype)))
        return done

    def _as_stored(self, plan: SamplePlan, values: Array) -> Array:
        """Samples of weights that several synapses share, which stay what they are."""
        edges = self._machine.edges.get(plan.target)
        if edges is None or edges.weight_of is None:
            return values
        return np.tile(edges.state[plan.variable][plan.index], (len(values), 1))

    def _record(self, first: int, last: int, sink: Sink) -> None:
        for name in self._sources:
            spikes = self._done.spikes[name]
            start, end = np.searchsorted(spikes.step, [first, last])
            if start < end:
                sink.add_spikes(name, spikes.step[start:end], spikes.index[start:end])
        for plan, values in zip(self._plans, self._done.samples, strict=True):
            steps = np.arange(-(-first // plan.every) * plan.every, last, plan.every)
            if len(steps):
                sink.add_samples(plan.target, plan.variable, steps, values[steps])

    # State ---------------------------------------------------------------------------------------

    def _array(self, owner: str, variable: str) -> Array:
        if self._done.steps != self.step:
            self._again()
        return self._done.state[f"{owner}/{variable}"]

    def _again(self) -> None:
        """Run again, exactly as far as has been asked for."""
        if self.step:
            self._run(self.step, Drive({}, {}))
        else:
            self._done = _Done(steps=0, state=start(self._program))

    def _spikes(self, source: str) -> list[Array]:
        depth = self._machine.spikes[source].maxlen or 1
        if source not in self._done.spikes:
            return [np.empty(0, np.int64)] * depth
        spikes = self._done.spikes[source]
        return [spikes.at(self.step - 1 - age) for age in range(depth)]

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Not possible: the program starts from values that were built in."""
        raise UnsupportedError(
            "A C++ program of Brian2 cannot be changed while it runs.", hint=_HINT
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Not possible: the program always starts at step 0."""
        raise UnsupportedError("A C++ program of Brian2 starts at step 0 only.", hint=_HINT)

    def describe(self) -> Mapping[str, str]:
        """Version of Brian2, and how the program was compiled."""
        return {"brian2": brian2_version(), "mode": "cpp_standalone", "flags": " ".join(FLAGS)}


_HINT = "Use mode='runtime'."


def _spiking(machine: Machine) -> list[str]:
    """Sources that can spike."""
    return [
        name
        for name in machine.spikes
        if name not in machine.cells or machine.cells[name].spike is not None
    ]


def start(program: Program) -> dict[str, Array]:
    """The state before step 0, by object and variable."""
    sizes = {group.name: group.size for group in program.groups}
    sizes |= {synapses.name: len(synapses.pre) for synapses in program.connections}
    owners: list[Owner] = [*program.groups, *program.connections]
    return {
        f"{owner.name}/{variable.name}": np.broadcast_to(
            np.asarray(0 if variable.value is None else variable.value), sizes[owner.name]
        ).astype(program.dtype if variable.kind == "1" else np.int64)
        for owner in owners
        for variable in owner.variables
        if "shared" not in variable.flags and variable.link is None
    }


# Building ----------------------------------------------------------------------------------------


def built(machine: Machine, program: Program, plans: list[SamplePlan]) -> Path:
    """The folder with the built program, from the cache if it is there."""
    values = arrays(program)
    samples = []
    for number, plan in enumerate(plans):
        kind = "synapse" if plan.of_synapses else "state"
        kept = program.places[f"{kind}/{plan.target}/{plan.variable}"]
        samples.append((kept.object, kept.variable))
        values[f"samples/{number}"] = _sampled(machine, plan)
    script, header = _texts(machine, program, samples)
    place = writable_cache() / f"brian2-{_key(script, header, values)}"
    if not (place / "files.json").is_file():
        _build(place, script, header, values)
    return place


def _sampled(machine: Machine, plan: SamplePlan) -> Array:
    """What Brian2 records: cells or synapses; of weights that synapses share it only counts steps."""
    edges = machine.edges.get(plan.target)
    if edges is None or edges.weight_of is None:
        return plan.index
    return np.arange(min(1, edges.synapses.count))


def _texts(machine: Machine, program: Program, samples: list[tuple[str, str]]) -> tuple[str, str]:
    """The script that builds the program, and the header that it includes."""
    also = ["listed", "stop"]
    script = render(
        program,
        "standalone.py.j2",
        also=also,
        mode="standalone",
        version=__version__,
        longest=LONGEST,
        spikes=[program.spiking[name] for name in _spiking(machine)],
        samples=samples,
        places=sorted({(p.object, p.variable) for p in program.places.values()}),
        flags=FLAGS,
    )
    functions = needed(program.functions, program.dtype)
    header = (
        environment()
        .get_template("functions.h.j2")
        .render(
            version=__version__,
            library=library_in_c(functions, program.dtype),
            dt=program.dt.hex(),
            seed=program.seed,
        )
    )
    return script, header


def _key(script: str, header: str, values: Mapping[str, Array]) -> str:
    """A name for a program, from all that is in it."""
    content = hashlib.sha256(f"{script}\0{header}\0{brian2_version()}".encode())
    for name, array in sorted(values.items()):
        content.update(f"{name}{array.dtype}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:24]


def _build(place: Path, script: str, header: str, values: Mapping[str, Array]) -> None:
    """Build beside `place`, and move it there when it is whole."""
    with tempfile.TemporaryDirectory(prefix=f"{place.name}-", dir=place.parent) as name:
        beside = Path(name) / "program"
        beside.mkdir()
        (beside / "build.py").write_text(script, encoding="utf-8")
        _write_headers(beside / "build", header)
        given: dict[str, Any] = dict(values)
        np.savez(beside / "arrays.npz", **given)
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-W", "ignore", str(beside / "build.py")],
            cwd=beside,
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
        )
        if done.returncode or not (beside / "files.json").is_file():
            raise CompilerError(
                "Brian2 could not build the C++ program:\n" + _errors(done.stdout + done.stderr),
                where="backend 'brian2', cpp_standalone",
                hint="It needs g++ and make; mode='runtime' needs neither.",
            )
        if not place.exists():
            beside.rename(place)


def _write_headers(build: Path, header: str) -> None:
    """Put what the code includes where it is compiled, so that no path is in it."""
    build.mkdir()
    (build / "neuro_brian2.h").write_text(header, encoding="utf-8")
    for name in RUNTIME:
        shutil.copyfile(folder("deploy") / "runtime" / name, build / name)


def _errors(text: str) -> str:
    """The compiler's errors, if there are any, or else the last lines."""
    return _last_lines("\n".join(re.findall(r".*error: .*", text)) or text)


def _last_lines(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.strip().splitlines()[-8:])


# One run -----------------------------------------------------------------------------------------


def _call_program(build: Path, place: Path) -> None:
    """Run the program; its results go to ``place/results``."""
    results = place / "results"
    results.mkdir()
    done = subprocess.run(  # noqa: S603 - built above
        [str(build / "main"), "--results_dir", f"{results}{os.sep}"],
        cwd=build,
        env={**os.environ, "NEURO_DRIVE": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeviceError(
            f"ended with {done.returncode}:\n{_last_lines(done.stderr)}",
            where="Brian2's C++ program",
        )


def _drive_files(
    program: Program, past: list[tuple[int, int, Drive]], steps: int
) -> dict[str, Array]:
    """What drives a run, as arrays by file."""
    files: dict[str, Array] = {"limit_0": np.array([steps], np.int64)}
    for source in program.sources:
        parts = [_between(d.spikes.get(source.input), a, b) for a, b, d in past]
        files[f"spike_step_{source.number}"] = np.concatenate([p.step for p in parts])
        files[f"spike_index_{source.number}"] = np.concatenate([p.index for p in parts])
    for number, name in enumerate(program.signals):
        step, value = _signal([(a, b, d.signals.get(name)) for a, b, d in past])
        files[f"signal_step_{number}"], files[f"signal_value_{number}"] = step, value
    for number, (stream, thresholds, first, table) in enumerate(program.poisson):
        files[f"poisson_stream_{number}"] = np.array([stream], np.float64)
        files[f"poisson_threshold_{number}"] = thresholds.astype(np.int64)
        files[f"poisson_first_{number}"] = np.asarray(first, np.int64)
        files[f"poisson_table_{number}"] = np.asarray(table, np.int64)
    return files


def _between(spikes: Spikes | None, first: int, last: int) -> Spikes:
    """The spikes of steps `first` to `last` - 1."""
    if spikes is None:
        return Spikes(np.empty(0, np.int64), np.empty(0, np.int64))
    start, end = np.searchsorted(spikes.step, [first, last])
    return Spikes(spikes.step[start:end], spikes.index[start:end])


def _signal(parts: list[tuple[int, int, Signal | None]]) -> tuple[Array, Array]:
    """One signal from several that follow one another: changes, and values from there on."""
    known = [(a, b, s) for a, b, s in parts if s is not None and a < b]
    steps = [np.array([a, *s.step[(s.step > a) & (s.step < b)]], np.int64) for a, b, s in known]
    values = [
        np.array([s.at(int(k)) for k in own]) for own, (_, _, s) in zip(steps, known, strict=True)
    ]
    if not known:
        return np.empty(0, np.int64), np.empty(0)
    widest = max(v.ndim for v in values)
    width = max((v.shape[1] for v in values if v.ndim == 2), default=1)
    if widest == 2:
        values = [v if v.ndim == 2 else np.repeat(v[:, None], width, axis=1) for v in values]
    return np.concatenate(steps), np.concatenate(values).astype(np.float64)
