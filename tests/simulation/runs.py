"""A plastic, noisy network with delays, and runs of it in processes of their own.

``python -m tests.simulation.runs memory 10000000`` measures the memory of a long streamed run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import neuro
from neuro.recording.join import join
from neuro.simulation import run
from neuro.simulation.verify import first_difference
from tests.conftest import ROOT


def plastic_network(size: int = 60, *, rate: float = 20.0, traces: bool = True) -> neuro.Network:
    """Noise drives cells with plastic recurrent synapses of many delays."""
    net = neuro.NetworkBuilder(dt=1.0, name="plastic", seed=3)
    noise = net.population(size, neuro.SpikeSourcePoisson(rate=rate), label="noise")
    cells = net.population(size, neuro.LIF(tau_refrac=2.0), label="cells")
    net.projection(noise, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=1.2))
    rule = neuro.PairSTDP(
        weight=0.1, w_max=0.5, A_plus=0.01, A_minus=0.012, delay=neuro.Uniform(1.0, 20.0)
    )
    plastic = net.projection(
        cells, cells, neuro.FixedProbabilityConnector(0.2), rule, label="plastic"
    )
    noise.record("spikes")
    cells.record("spikes")
    if traces:
        cells.record("v", sampling_interval=50.0)
        plastic.record("w", sampling_interval=5000.0)
    return net.build()


def start(*arguments: Any, **environment: str) -> subprocess.Popen[str]:
    """A process that does one of the commands below."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.runs", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def resident() -> float:
    """Memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def measure_memory(steps: int) -> dict[str, float]:
    """Stream a long run; memory after a tenth of it and at its end, and what it came to."""
    marks: dict[str, float] = {}

    def look(done: int, total: int) -> None:
        if done >= total / 10:
            marks.setdefault("early", resident())
            marks["late"] = max(marks.get("late", 0.0), resident())

    network = plastic_network(rate=200.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.h5"
        begin = time.monotonic()
        neuro.simulate_to_file(
            path, network, steps, backend="c", progress=look, checkpoint_every=5.0
        )
        return {
            **marks,
            "seconds": time.monotonic() - begin,
            "megabytes": path.stat().st_size / 1e6,
        }


def stream(path: str, steps: str, backend: str) -> None:
    """Stream a run, with a flush after every call and a checkpoint after every few."""
    run.FLUSH_SECONDS = 0.0
    neuro.simulate_to_file(
        path, plastic_network(), int(steps), backend=backend, progress=_say, checkpoint_every=0.1
    )


def interrupt(backend: str) -> None:
    """Run until Ctrl-C, go on for a few steps, and compare with a run that was left alone."""
    network = plastic_network(traces=False)
    with neuro.Session(network, backend=backend) as session:
        try:
            session.run(10**9, progress=_say)
        except neuro.RunInterrupted as stopped:
            heard, pieces = time.monotonic(), [stopped.recording]
        pieces.append(session.run(7))
        whole, end = join(pieces), session.snapshot()
    with neuro.Session(network, backend="c") as session:
        alone = session.run(whole.steps)
        difference = first_difference(session.snapshot(), end, whole.steps)
    _tell(
        {
            "heard": heard,
            "steps": pieces[0].steps,
            "completed": pieces[0].provenance.completed,
            "same state": difference is None,
            "same spikes": bool(
                np.array_equal(alone.spikes["cells"].step, whole.spikes["cells"].step)
                and np.array_equal(alone.spikes["cells"].index, whole.spikes["cells"].index)
            ),
        }
    )


def _say(done: int, total: int) -> None:
    """Tell the process that started this one how far it is."""
    del total
    _tell(done)


def _tell(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "memory":
        _tell(measure_memory(int(rest[0])))
    elif command == "stream":
        stream(*rest)
    else:
        interrupt(*rest)
