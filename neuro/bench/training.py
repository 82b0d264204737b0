"""Training steps of neuro and of other frameworks, timed in turn by ``benchmarks/training.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neuro.errors import NeuroError, UnavailableError
from neuro.resources import folder

TARGETS = {"feedforward": 2.0, "recurrent": 3.0, "scan": 10.0}
"""How many times as fast as the fastest peer we want to train, by workload."""
OURS = "neuro"


@dataclass(frozen=True, slots=True)
class Workload:
    """What one workload came to.

    Attributes
    ----------
    name
        Its name.
    device
        What it ran on.
    times
        By framework: ``forward`` and ``train``, processor and wall seconds each, and ``memory`` in MB.
    missing
        Frameworks that are not installed.
    gradients_apart
        Largest difference of our gradients from a loop's, by their largest; None but for scans.
    """

    name: str
    device: str
    times: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...]
    gradients_apart: float | None

    def seconds(self, framework: str, kind: str) -> float:
        """What counts: processor seconds on a CPU, wall seconds on a GPU."""
        return float(self.times[framework][kind][0 if self.device == "cpu" else 1])

    def ratio(self, framework: str, kind: str) -> float:
        """A framework's time by ours; above 1, ours is faster."""
        return self.seconds(framework, kind) / self.seconds(OURS, kind)

    @property
    def gain(self) -> float | None:
        """How many times as fast as the fastest peer we train; None without peers."""
        peers = [self.ratio(name, "train") for name in self.times if name != OURS]
        return min(peers, default=None)


def bench_training(*, repeat: int, threads: int, device: str) -> Iterator[Workload]:
    """Run all workloads, in a process of their own; yields each when it is done.

    Parameters
    ----------
    repeat
        Runs of each; medians count.
    threads
        Threads of torch.
    device
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    UnavailableError
        If torch, or the device, is not there.
    NeuroError
        If the process fails; says what it said last.
    """
    _check(device)
    script = folder("benchmarks") / "training.py"
    command = [sys.executable, str(script), "--json", "--device", device]
    command += ["--repeat", str(repeat), "--threads", str(threads)]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            yield _workload(json.loads(line))
        said = process.stderr.read().strip().splitlines()
    if process.returncode:
        raise NeuroError(
            f"ended with {process.returncode}: {said[-1] if said else 'it said nothing'}.",
            where=str(script),
        )


def _check(device: str) -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise UnavailableError(
            "torch is not installed.",
            where="neuro bench training",
            hint="pip install torch==2.13.0",
        )
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UnavailableError(
            "there is no GPU that torch can use.", where="device", hint="Use --device cpu."
        )


def _workload(data: Mapping[str, Any]) -> Workload:
    return Workload(
        name=data["name"],
        device=data["device"],
        times=data["times"],
        missing=tuple(data["missing"]),
        gradients_apart=data["gradients_apart"],
    )
