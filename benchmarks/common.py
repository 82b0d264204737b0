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


def task() -> Task:
    """The task on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    return Task(workload(given.workload, quick=given.quick), given.seed, given.threads)


def peak_megabytes() -> float:
    """Peak memory of this process or the largest of its children."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(own, children) / 1024


def result(
    *, build: float, run: float, spikes: int, work: Workload, baseline: float = 0.0, version: str
) -> None:
    """Print what was measured: seconds to build and to run, rate, memory over the empty program."""
    rate = spikes / work.cells / (work.milliseconds / 1000)
    memory = peak_megabytes()
    print(
        json.dumps(
            {
                "build": build,
                "run": run,
                "rate": rate,
                "memory": memory,
                "own_memory": memory - baseline,
                "version": version,
            }
        )
    )
