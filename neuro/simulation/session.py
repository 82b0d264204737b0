"""A session: a network that keeps its state between calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.drive import Drive, Signal, Spikes, drive_of
from neuro.errors import ParameterError, SessionClosedError, unknown_name
from neuro.ir.network import Network, Population
from neuro.ir.synapse import WEIGHT
from neuro.ir.verify import verified
from neuro.recording.collect import MemorySink, Sink, recorded_sources, sample_plans
from neuro.recording.data import Recording
from neuro.recording.provenance import Provenance, machine, now, versions
from neuro.simulation.choose import choose_backend, choose_seed, make_options
from neuro.simulation.interrupt import held_back
from neuro.simulation.progress import ProgressOption, progress_of
from neuro.snapshot import check_snapshot

CALL_SECONDS = 0.03
"""How long one call into an engine should take, so that Ctrl-C is honoured within 100 ms."""


GROWTH = 16
"""How many times more steps the next call may do, for the first ones say little about speed."""


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C during a run; `recording` holds what had been recorded."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(f"interrupted after {recording.steps} steps")
        self.recording = recording


class Session:
    """A network on a backend, run step by step or in long stretches.

    Parameters
    ----------
    network
        What to run; it is verified first.
    backend
        Name of a backend, or ``"auto"``.
    seed
        Seed of noise and random connections; see `choose_seed`.
    options
        Options of the backend by name.
    steps
        How many steps are to come, if known; helps ``"auto"`` to choose.

    Raises
    ------
    VerificationError, UnsupportedError
        If the network breaks rules, or cannot run on the backend.

    Examples
    --------
    >>> import neuro
    >>> net = neuro.NetworkBuilder(dt=1.0)
    >>> source = net.population(1, neuro.SpikeSourceArray(), label="source")
    >>> cell = net.population(1, neuro.IF_curr_exp(tau_refrac=1.0), label="cell")
    >>> _ = net.projection(source, cell, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=40.0))
    >>> with neuro.Session(net.build(), backend="reference") as session:
    ...     recording = session.run(5, inputs={"source": ([0], [0])})
    >>> recording.spikes["cell"].step.tolist()
    [1, 3]
    """

    def __init__(
        self,
        network: Network,
        *,
        backend: str = "auto",
        seed: int | None = None,
        options: dict[str, Any] | None = None,
        steps: int | None = None,
    ) -> None:
        self.network = verified(network)
        self.seed = choose_seed(network, seed)
        choice = choose_backend(backend, network, steps, seed=self.seed, options=options)
        self._backend = choice.backend
        start = time.perf_counter()
        chosen = make_options(self._backend, options)
        self._engine: Engine | None = self._backend.compile(network, chosen, self.seed)
        self._sources = recorded_sources(network)
        self._plans = sample_plans(network, self.seed)
        self._provenance = Provenance(
            network=network.name,
            network_hash=network.content_hash,
            backend=self._backend.name,
            reason=choice.reason,
            device=self._backend.runs_on(chosen),
            engine=dict(self._engine.describe()),
            dt=network.dt,
            seed=self.seed,
            number_format=network.format.kind,
            wall={"build": time.perf_counter() - start},
            versions=versions(),
            machine=machine(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The engine behind the session.

        Raises
        ------
        SessionClosedError
            If the session was closed.
        """
        if self._engine is None:
            raise SessionClosedError("is closed.", where="session", hint="Open a new one.")
        return self._engine

    @property
    def keeps_state(self) -> bool:
        """False if the backend gives out spikes only, so that there are no snapshots."""
        return self._backend.comparison == "state"

    @property
    def step(self) -> int:
        """The next step to be done."""
        return self.engine.step

    @property
    def provenance(self) -> Provenance:
        """Where recordings of this session come from."""
        return self._provenance

    def run(
        self,
        steps: int,
        *,
        inputs: Mapping[str, Any] | None = None,
        progress: ProgressOption = None,
    ) -> Recording:
        """Do `steps` steps and return what was recorded in them.

        Parameters
        ----------
        steps
            How many.
        inputs
            Replaces declared inputs for these steps; as for `neuro.simulate`, but step 0 is the
            next step.
        progress
            ``"auto"`` shows a bar on a terminal; or a callable with (done, total).

        Raises
        ------
        RunInterrupted
            On Ctrl-C; carries the recording so far, and the session can go on.
        """
        first, start, sink = self.step, time.perf_counter(), MemorySink()
        drive = self._drive(inputs)
        try:
            with progress_of(progress, self.network.name) as report:
                self.drive(steps, drive, sink, report)
        except KeyboardInterrupt:
            raise RunInterrupted(self._collect(sink, first, start, completed=False)) from None
        return self._collect(sink, first, start, completed=True)

    def drive(
        self,
        steps: int,
        drive: Drive,
        sink: Sink,
        report: Callable[[int, int], None],
        *,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Do `steps` steps in short calls, so that progress is seen and Ctrl-C is heard.

        Parameters
        ----------
        steps, drive, sink
            What to do, what comes from outside, where recordings go.
        report
            Called with (done, total) after each call.
        pause
            Called between calls; streaming runs flush and save there.
        """
        _check_count(steps)
        done, call = 0, 1
        self.engine.prepare(steps, drive)
        with held_back() as let_ctrl_c_through:
            while done < steps:
                start = time.perf_counter()
                advanced = self.engine.advance(min(call, steps - done), drive, sink)
                done += advanced
                seconds = time.perf_counter() - start
                call = max(1, min(GROWTH * call, int(advanced * CALL_SECONDS / max(seconds, 1e-9))))
                report(done, steps)
                if pause is not None:
                    pause()
                let_ctrl_c_through()

    def read(self, target: str, variable: str = WEIGHT) -> NDArray[Any]:
        """Values of a state variable of a population, or of a synaptic variable; SI units.

        Synaptic variables have one value per synapse.  Static convolutions and poolings with one
        delay have their weights as they are stored: the kernel, flat, or one number for all.

        Raises
        ------
        UnknownNameError
            If there is no such target or variable.
        """
        self._check_variable(target, variable)
        return self.engine.read(target, variable)

    def write(self, target: str, variable: str, values: ArrayLike) -> None:
        """Set what `read` reads.

        Raises
        ------
        UnknownNameError
            If there is no such target or variable.
        ParameterError
            If the shape does not fit, a value is not finite, or weights differ between static
            synapses that were built with one weight for all.
        """
        self._check_variable(target, variable)
        shape = self.engine.read(target, variable).shape
        array = np.asarray(values, np.float64)
        where = f"{target!r}, {variable!r}"
        if array.shape not in ((), shape):
            raise ParameterError(f"has shape {array.shape}.", where=where, hint=f"Needed: {shape}.")
        if not np.isfinite(array).all():
            raise ParameterError("holds values that are not finite.", where=where)
        varied = array.size > 1 and np.ptp(array) > 0
        if varied and variable == WEIGHT and _is_shared(self.network, target):
            raise ParameterError(
                "all synapses share one weight here, so it cannot differ between them.",
                where=where,
                hint="Give the projection an array of weights when it is built.",
            )
        self.engine.write(target, variable, np.broadcast_to(array, shape))

    def snapshot(self) -> Snapshot:
        """The complete state; see `neuro.snapshot`."""
        return self.engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`, taken on this or any other backend.

        Raises
        ------
        ParameterError
            If it is one of another network.
        """
        check_snapshot(snapshot, like=self.engine.snapshot())
        self.engine.restore(snapshot)

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, whole or not at all, from which `load` goes on bit for bit."""
        from neuro.formats.checkpoint import Checkpoint, save_checkpoint

        checkpoint = Checkpoint(self.network.content_hash, self.seed, self.engine.snapshot())
        return save_checkpoint(checkpoint, Path(path))

    def load(self, path: str | Path) -> None:
        """Go to the state of a checkpoint.

        Raises
        ------
        FileFormatError
            If it is no checkpoint, or one of another network or seed.
        """
        from neuro.formats.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(Path(path))
        checkpoint.check(self.network.content_hash, self.seed, Path(path))
        self.engine.restore(checkpoint.snapshot)

    def close(self) -> None:
        """Free the engine."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _drive(self, inputs: Mapping[str, Any] | None) -> Drive:
        """The declared drive, with `inputs` in place of some of it from the next step on."""
        declared, given = drive_of(self.network), drive_of(self.network, inputs)
        spikes, signals = dict(declared.spikes), dict(declared.signals)
        for name in inputs or {}:
            if name in spikes:
                new = given.spikes[name]
                spikes[name] = Spikes(new.step + self.step, new.index)
            else:
                signal = given.signals[name]
                signals[name] = Signal(signal.step + self.step, signal.value)
        return Drive(spikes, signals)

    def _collect(self, sink: MemorySink, first: int, start: float, *, completed: bool) -> Recording:
        sources = self.network.sources
        traces: dict[str, dict[str, Any]] = {}
        for plan in self._plans:
            traces.setdefault(plan.target, {})[plan.variable] = sink.trace_data(plan)
        wall = {**self._provenance.wall, "run": time.perf_counter() - start}
        provenance = replace(
            self._provenance,
            started=now(),
            wall=wall,
            engine=dict(self.engine.describe()),
            completed=completed,
        )
        if provenance.device == "mapping only":  # nothing ran: no spikes is not the same as silence
            return Recording({}, {}, first, self.step - first, provenance)
        return Recording(
            spikes={name: sink.spike_data(name, sources[name].size) for name in self._sources},
            traces=traces,
            first_step=first,
            steps=self.step - first,
            provenance=provenance,
        )

    def _check_variable(self, target: str, variable: str) -> None:
        projections = {p.name: p for p in self.network.projections}
        source = self.network.sources.get(target)
        if target in projections:
            known = [WEIGHT, *(v.name for v in projections[target].synapse.state)]
        elif isinstance(source, Population):
            known = [v.name for v in source.cell.state]
        else:
            targets = [*projections, *(p.name for p in self.network.populations)]
            raise unknown_name(target, targets, kind="population or projection", where="session")
        if variable not in known:
            raise unknown_name(variable, known, kind="variable", where=repr(target))


def _is_shared(network: Network, name: str) -> bool:
    """Whether all synapses of a projection have one weight, which engines keep once."""
    return any(
        p.name == name and p.synapse.is_static and isinstance(p.weight, int | float)
        for p in network.projections
    )


def _check_count(steps: int) -> None:
    if not isinstance(steps, int | np.integer) or steps < 0:
        raise ParameterError(
            f"is {steps!r}.", where="steps", hint="Give a whole number, 0 or more."
        )
