"""Run a network from its start: into memory, or onto disk with checkpoints."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuro.drive import Drive, drive_of
from neuro.errors import FileFormatError, ParameterError
from neuro.formats.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from neuro.ir.network import Network
from neuro.recording.collect import recorded_sources, sample_plans
from neuro.recording.data import Recording
from neuro.recording.provenance import Provenance, now
from neuro.recording.stream import StreamSink
from neuro.simulation.progress import ProgressOption, progress_of
from neuro.simulation.session import Session

FLUSH_SECONDS = 1.0
FLUSH_NUMBERS = 1 << 20
CHECKPOINT_SECONDS = 30.0


def simulate(
    network: Network,
    steps: int,
    *,
    inputs: Mapping[str, Any] | None = None,
    backend: str = "auto",
    seed: int | None = None,
    options: dict[str, Any] | None = None,
    progress: ProgressOption = "auto",
) -> Recording:
    """Run `network` for `steps` steps and return the recording.

    Parameters
    ----------
    network
        What to run.
    steps
        How many steps.
    inputs
        Replaces declared inputs by name.  For a spike array: a pair of integer arrays (step,
        index).  For a current input: one value (or row of values) per step, in SI units, or a pair
        (step, value) of changes.
    backend
        ``"reference"``, ``"c"``, ``"numba"``, ..., or ``"auto"``, which takes what gives results
        soonest and says so in the provenance.
    seed
        Seed of noise and random connections, if the network has none; 0 by default.
    options
        Options of the backend by name, such as ``{"threads": 2}``.
    progress
        ``"auto"``: a bar on a terminal after two seconds; None: silence; or a callable with
        (done, total).

    Returns
    -------
    Recording
        Spikes of all sources with a spike probe (all sources, if the network has no probes) and
        the samples of its state probes.

    Raises
    ------
    VerificationError, UnsupportedError, UnknownNameError, ParameterError
        If the network, the backend or an input is not as it must be; nothing has run then.
    RunInterrupted
        On Ctrl-C; its `recording` holds everything up to there.
    """
    with Session(network, backend=backend, seed=seed, options=options, steps=steps) as session:
        return session.run(steps, inputs=inputs, progress=progress)


def simulate_to_file(
    path: str | Path,
    network: Network,
    steps: int,
    *,
    inputs: Mapping[str, Any] | None = None,
    backend: str = "auto",
    seed: int | None = None,
    options: dict[str, Any] | None = None,
    progress: ProgressOption = "auto",
    resume: bool = False,
    overwrite: bool = False,
    checkpoint_every: float = CHECKPOINT_SECONDS,
) -> Path:
    """Run `network` and stream the recording to an HDF5 file, so that memory stays flat.

    Beside `path` a checkpoint ``path.checkpoint`` is kept while the run goes on.  A run that was
    killed leaves a file that is readable up to its last flush, and with `resume` it goes on to
    the same bits as an uninterrupted run.

    Parameters
    ----------
    path
        The recording.
    network, steps, inputs, backend, seed, options, progress
        As for `simulate`; `steps` counts from the very start.
    resume
        True goes on from the checkpoint beside `path`; False starts afresh.
    overwrite
        True starts afresh even where an unfinished run could be resumed.
    checkpoint_every
        Seconds between checkpoints.

    Returns
    -------
    Path
        The finished recording.

    Raises
    ------
    FileFormatError
        If `resume` finds no checkpoint, or one of another network, seed or input.
    StorageError
        If writing fails; what was flushed stays readable.
    KeyboardInterrupt
        On Ctrl-C; recording and checkpoint are complete, and `resume` goes on.
    """
    target = Path(path)
    _require_positive(checkpoint_every)
    with Session(network, backend=backend, seed=seed, options=options, steps=steps) as session:
        _require_state(session, backend)
        drive = drive_of(network, inputs)
        run = _StreamedRun(target, session, drive, checkpoint_every)
        run.start(steps, resume=resume, overwrite=overwrite)
        with progress_of(progress, network.name) as report:
            run.drive(steps, report)
    return target


def _require_positive(seconds: float) -> None:
    if seconds <= 0:
        raise ParameterError(
            f"is {seconds}.", where="checkpoint_every", hint="Use seconds above 0."
        )


def _require_state(session: Session, backend: str) -> None:
    if not session.keeps_state:
        raise ParameterError(
            f"{backend!r} gives out no state, so its runs cannot be stopped and resumed.",
            where="backend",
            hint="Run it without streaming, or on another backend.",
        )


class _StreamedRun:
    """One run onto disk: the recording, and the checkpoint beside it."""

    def __init__(self, path: Path, session: Session, drive: Drive, every: float) -> None:
        self._path = path
        self._checkpoint = path.with_name(path.name + ".checkpoint")
        self._session = session
        self._drive = drive
        self._every = every
        self._inputs_hash = _hash_of(drive)
        self._begin = self._flushed = self._saved = time.monotonic()
        self._provenance = replace(session.provenance, started=now(), completed=False)
        self._sink: StreamSink

    def start(self, steps: int, *, resume: bool, overwrite: bool) -> None:
        """Open the recording; on resuming, take over what an earlier run had recorded."""
        if resume:
            self._go_on(steps)
            return
        if self._checkpoint.exists() and not overwrite:
            raise ParameterError(
                "belongs to a run that was not finished.",
                where=str(self._checkpoint),
                hint="Resume that run, or allow it to be overwritten.",
            )
        self._sink = self._open(self._path)
        try:
            self._save()
        except BaseException:
            self._sink.abandon()
            raise

    def _go_on(self, steps: int) -> None:
        """Restore the checkpoint, and take over the recording up to there."""
        checkpoint = self._load()
        if checkpoint.step > steps:
            raise ParameterError(
                f"is {steps}, but the run to be resumed has done {checkpoint.step}.", where="steps"
            )
        self._session.restore(checkpoint.snapshot)
        fresh = self._path.with_name(f".{self._path.name}.resumed")
        self._sink = self._open(fresh)
        try:
            self._sink.adopt(self._path, checkpoint.step)
            fresh.replace(self._path)
        except BaseException:
            self._sink.abandon()
            fresh.unlink()
            raise
        self._sink.path = self._path

    def _load(self) -> Checkpoint:
        if not self._checkpoint.exists():
            raise FileFormatError(
                "does not exist, so there is nothing to resume.",
                where=str(self._checkpoint),
                hint="Start without resuming.",
            )
        checkpoint = load_checkpoint(self._checkpoint)
        session = self._session
        hashed = session.network.content_hash
        checkpoint.check(hashed, session.seed, self._checkpoint, self._inputs_hash)
        return checkpoint

    def _open(self, path: Path) -> StreamSink:
        session = self._session
        sources = session.network.sources
        sizes = {name: sources[name].size for name in recorded_sources(session.network)}
        plans = sample_plans(session.network, session.seed)
        return StreamSink(path, sizes, plans, self._provenance)

    def drive(self, steps: int, report: Callable[[int, int], None]) -> None:
        """Run to step `steps`; on Ctrl-C, leave recording and checkpoint complete."""
        already = self._session.step

        def from_start(done: int, total: int) -> None:
            report(already + done, already + total)

        try:
            self._run_on(steps - already, from_start)
        except BaseException:
            self._sink.abandon()
            raise
        self._checkpoint.unlink(missing_ok=True)

    def _run_on(self, steps: int, report: Callable[[int, int], None]) -> None:
        try:
            self._session.drive(steps, self._drive, self._sink, report, pause=self._pause)
        except KeyboardInterrupt:
            self._save()
            self._finish(completed=False)
            raise
        self._finish(completed=True)

    def _pause(self) -> None:
        """Flush and save from time to time."""
        moment = time.monotonic()
        if moment - self._saved > self._every:
            self._save()
        elif moment - self._flushed > FLUSH_SECONDS or self._sink.waiting > FLUSH_NUMBERS:
            self._sink.flush(self._session.step)
            self._flushed = moment

    def _save(self) -> None:
        """Flush the recording, then write the checkpoint that stands for the same step."""
        session = self._session
        self._sink.flush(session.step)
        snapshot = session.snapshot()
        hashed = session.network.content_hash
        save_checkpoint(
            Checkpoint(hashed, session.seed, snapshot, self._inputs_hash), self._checkpoint
        )
        self._flushed = self._saved = time.monotonic()

    def _finish(self, *, completed: bool) -> None:
        wall = {**self._provenance.wall, "run": time.monotonic() - self._begin}
        provenance: Provenance = replace(self._provenance, wall=wall, completed=completed)
        self._sink.finish(self._session.step, provenance)


def _hash_of(drive: Drive) -> str:
    """Digest of all input, so that a run is not resumed with another one."""
    digest = hashlib.sha256()
    for name in sorted(drive.spikes):
        spikes = drive.spikes[name]
        for array in (spikes.step, spikes.index):
            digest.update(name.encode() + np.ascontiguousarray(array, np.int64).tobytes())
    for name in sorted(drive.signals):
        signal = drive.signals[name]
        digest.update(name.encode() + signal.step.tobytes() + signal.value.tobytes())
    return digest.hexdigest()
