"""Run one simulator on one workload, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from neuro.errors import NeuroError
from neuro.resources import folder

TIMEOUT = 1800.0
"""Seconds after which a peer is given up."""

SIMULATORS = {
    "limit": "hand-written C",
    "neuro": "neuro, C engine",
    "brian2": "Brian2 C++",
    "nest": "NEST",
}
"""What is compared, by the name of its script."""

PACKAGES = {"brian2": "brian2", "nest": "nest"}
"""Python packages that peers need."""


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
    """

    build: float
    run: float
    rate: float
    memory: float
    own_memory: float
    version: str


class PeerMissing(NeuroError):
    """A peer that cannot be run here."""


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
        return "the C programs are not there; set NEURO_LIMIT to their folder"
    package = PACKAGES.get(simulator)
    if package is None:
        return ""
    # NEST prints when it is imported, and neither is imported into this process.
    probe = [sys.executable, "-c", f"import {package}"]
    done = subprocess.run(probe, capture_output=True, check=False, timeout=TIMEOUT)  # noqa: S603
    return "" if done.returncode == 0 else "not installed; pip install 'neuro-spiking[peers]'"


def measure(
    simulator: str, workload: str, *, seed: int = 1, threads: int = 1, quick: bool = False
) -> Measurement:
    """Run `simulator` on `workload`.

    Raises
    ------
    PeerMissing
        If it fails; carries the last line it printed.
    """
    script = folder("benchmarks") / f"run_{simulator}.py"
    command = [
        sys.executable,
        str(script),
        workload,
        "--seed",
        str(seed),
        "--threads",
        str(threads),
    ]
    environment = dict(os.environ)
    place = limit_folder()
    if place is not None:
        environment["NEURO_LIMIT"] = str(place)
    package = Path(__file__).resolve().parents[2]
    environment["PYTHONPATH"] = os.pathsep.join([str(package), environment.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *(["--quick"] if quick else [])],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeerMissing(f"took longer than {TIMEOUT:g} s.", where=simulator) from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise PeerMissing(f"failed: {last}", where=f"{simulator}, {workload}")
    return Measurement(**json.loads(lines[-1]))
