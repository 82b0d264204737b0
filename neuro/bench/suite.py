"""Run several simulators on several workloads, in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from neuro.bench.peers import WORKLOADS, Measurement, PeerFailed, measure, missing
from neuro.bench.table import Row, rows


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a suite came to.

    Attributes
    ----------
    results
        Measurements by workload and simulator.
    missing
        Why a simulator cannot be run here, by simulator.
    failed
        What went wrong, by workload and simulator.
    """

    results: Mapping[str, Mapping[str, Sequence[Measurement]]]
    missing: Mapping[str, str]
    failed: Mapping[str, Mapping[str, str]]

    def table(self, workload: str) -> list[Row]:
        """Medians and ratios of the simulators that ran `workload`."""
        return rows(self.results[workload])

    @property
    def agree(self) -> bool:
        """True if the firing rates agree on every workload."""
        return all(row.agrees for workload in self.results for row in self.table(workload))

    @property
    def passed(self) -> bool:
        """True if the rates agree and our own engines did not fail."""
        ours = {"neuro", "numba", "reference"}
        return self.agree and not any(ours & set(failed) for failed in self.failed.values())

    def data(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "agree": self.agree,
            "missing": dict(self.missing),
            "failed": {name: dict(failed) for name, failed in self.failed.items()},
            "workloads": {
                name: {
                    "table": [asdict(row) for row in self.table(name)],
                    "measurements": {s: [asdict(m) for m in ms] for s, ms in results.items()},
                }
                for name, results in self.results.items()
            },
        }


def run_suite(
    workloads: Sequence[str],
    simulators: Sequence[str],
    *,
    times: int,
    seed: int = 1,
    threads: int = 1,
    quick: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Run every simulator on every workload it is for, `times` times, taking turns.

    Parameters
    ----------
    workloads, simulators
        Names of `WORKLOADS` and `SIMULATORS`.
    times
        Runs of each; they have seeds `seed`, `seed` + 1, ...
    threads
        Threads of each simulator.
    quick
        True takes the small form of the workloads.
    progress
        Called with (done, total) after each run.
    """
    absent = {name: problem for name in simulators if (problem := missing(name))}
    results: dict[str, dict[str, list[Measurement]]] = {name: {} for name in workloads}
    failed: dict[str, dict[str, str]] = {}
    turns = [
        (workload, simulator, seed + run)
        for workload in workloads
        for run in range(times)
        for simulator in simulators
        if simulator in WORKLOADS[workload] and simulator not in absent
    ]
    for done, (workload, simulator, number) in enumerate(turns):
        progress(done, len(turns))
        if simulator in failed.get(workload, {}):
            continue
        try:
            found = measure(simulator, workload, seed=number, threads=threads, quick=quick)
        except PeerFailed as problem:
            failed.setdefault(workload, {})[simulator] = problem.what
        else:
            results[workload].setdefault(simulator, []).append(found)
    progress(len(turns), len(turns))
    return Outcome(results, absent, failed)
