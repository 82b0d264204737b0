"""What every simulator's script prints: one line of JSON."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from workloads import Workload, workload


@dataclass(frozen=True)
class Task:
    """What a script is asked to run."""

    work: Workload
    seed: int
    threads: int
    backend: str


def task() -> Task:
    """The task on the command line."""
    given = arguments()
    work = workload(given.workload, quick=given.quick)
    return Task(work, given.seed, given.threads, given.backend)


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backend", default="c", help="of those that are ours")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def peak_megabytes() -> float:
    """Peak memory of this process.

    Not what getrusage says where it can be helped: that keeps the peak of the parent over exec, so
    a small process seems as large as the one that started it.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        kilo = 1024 if sys.platform == "darwin" else 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo / 1024
    line = next(line for line in lines if line.startswith("VmHWM:"))
    return float(line.split()[1]) / 1024


def peak_megabytes_of_children() -> float:
    """Peak memory of the largest child; a compiler is one too."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def result(
    *,
    build: float,
    run: float,
    spikes: int,
    work: Workload,
    version: str,
    baseline: float = 0.0,
    memory: float | None = None,
) -> None:
    """Print what was measured: seconds to build and to run, rate, memory over the empty program."""
    rate = spikes / work.cells / (work.milliseconds / 1000)
    report(build=build, run=run, rate=rate, baseline=baseline, version=version, memory=memory)


def report(
    *,
    build: float,
    run: float,
    rate: float,
    baseline: float,
    version: str,
    memory: float | None = None,
    operations: int = 0,
) -> None:
    """Print one line of JSON with the fields of `neuro.bench.peers.Measurement`."""
    peak = peak_megabytes() if memory is None else memory
    found = {
        "build": build,
        "run": run,
        "rate": rate,
        "memory": peak,
        "own_memory": peak - baseline,
        "version": version,
        "operations": operations,
    }
    print(json.dumps(found))
