"""Run one simulator on one workload, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from neuro.backends.registry import get_backend
from neuro.errors import NeuroError
from neuro.resources import folder

TIMEOUT = 1800.0
"""Seconds after which a peer is given up."""

SIMULATORS = {
    "limit": "hand-written C",
    "neuro": "neuro, C engine",
    "numba": "neuro, numba",
    "reference": "neuro, interpreter",
    "brian2": "Brian2 C++",
    "nest": "NEST",
}
"""What is compared, and its title in tables."""

PEERS = ("limit", "neuro", "brian2", "nest")
ENGINES = ("neuro", "numba", "reference")

WORKLOADS = {
    "cuba-4k": PEERS,
    "cuba-40k": PEERS,
    "coba-4k": PEERS,
    "brunel-stdp": PEERS,
    "large-stdp": PEERS,
    "ca3-256x512": ENGINES,
}
"""Which simulators run which workload; ``benchmarks/workloads.py`` says what the workloads are."""

PACKAGES = {"brian2": "peers", "nest": "peers", "numba": "numba"}
"""Extras that install the Python packages which simulators need."""

BACKENDS = {"neuro": "c", "numba": "numba", "reference": "reference"}
"""Backends behind the simulators that are ours."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one process measured.

    Attributes
    ----------
    build, run
        Seconds to build (compilation included) and to run.
    rate
        Mean firing rate, Hz.
    memory, own_memory
        Peak memory of the process, and what the network added to the empty program; MB.
    version
        Of the simulator.
    operations
        How many operations a memory did in `run` seconds; 0 for other networks.
    """

    build: float
    run: float
    rate: float
    memory: float
    own_memory: float
    version: str
    operations: int = 0


class PeerFailed(NeuroError):
    """A simulator that could not run a workload."""


def limit_folder() -> Path | None:
    """Where the hand-written C programs are: ``$NEURO_LIMIT``, or ``shared`` beside a checkout."""
    given = os.environ.get("NEURO_LIMIT")
    place = (
        Path(given) if given else folder("benchmarks").parent.parent / "shared" / "trials" / "limit"
    )
    return place if (place / "cuba.c").is_file() else None


def missing(simulator: str) -> str:
    """Why a simulator cannot be run here; "" if it can."""
    if simulator == "limit" and limit_folder() is None:
        return "the C programs are not there; give their folder with --limit or NEURO_LIMIT"
    extra = PACKAGES.get(simulator)
    if extra is not None and importlib.util.find_spec(simulator) is None:
        return f"not installed: pip install 'neuro-spiking[{extra}]'"
    return get_backend(BACKENDS[simulator]).unavailable() if simulator in BACKENDS else ""


def measure(
    simulator: str, workload: str, *, seed: int = 1, threads: int = 1, quick: bool = False
) -> Measurement:
    """Run `simulator` on `workload`.

    Raises
    ------
    PeerFailed
        If it fails or takes too long; carries the last line it printed.
    """
    where = f"{SIMULATORS[simulator]} on {workload}"
    command = _command(simulator, workload, seed, threads, quick=quick)
    try:
        with tempfile.TemporaryDirectory(prefix="neuro-bench-") as cache:
            done = subprocess.run(  # noqa: S603
                command,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                env=_environment(cache),
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise PeerFailed(f"took longer than {TIMEOUT:g} s.", where=where) from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise PeerFailed(f"failed: {last}", where=where)
    return Measurement(**json.loads(lines[-1]))


def _command(simulator: str, workload: str, seed: int, threads: int, *, quick: bool) -> list[str]:
    backend = BACKENDS.get(simulator)
    script = simulator
    if backend is not None:
        script = "ca3" if workload.startswith("ca3") else "neuro"
    path = folder("benchmarks") / f"run_{script}.py"
    command = [sys.executable, str(path), workload, "--seed", str(seed), "--threads", str(threads)]
    command += ["--backend", backend] if backend is not None else []
    return [*command, "--quick"] if quick else command


def _environment(cache: str) -> dict[str, str]:
    """The environment, in which scripts find this very package and the C programs.

    Nothing is compiled beforehand: the time to build is that of a network seen for the first time.
    """
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    place = limit_folder()
    limit = {"NEURO_LIMIT": str(place)} if place is not None else {}
    own = {"PYTHONPATH": os.pathsep.join(paths), "NEURO_CACHE_DIR": cache}
    return {**os.environ, **limit, **own}
