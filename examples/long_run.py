"""A long run, written to disk while it goes on, stopped in the middle and resumed.

Run it with: python long_run.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np

import neuro

STEPS = 200_000


def build() -> neuro.Network:
    """Twenty cells driven by noise."""
    net = neuro.NetworkBuilder(dt=1.0, name="long", seed=7)
    noise = net.population(100, neuro.SpikeSourcePoisson(rate=10.0), label="noise")
    cells = net.population(20, neuro.LIF(), label="cells")
    connector = neuro.FixedProbabilityConnector(0.1)
    net.projection(noise, cells, connector, neuro.StaticSynapse(weight=0.4))
    cells.record("spikes")
    return net.build()


def stop_halfway(done: int, total: int) -> None:
    """Stand in for somebody who presses Ctrl-C."""
    if done > total // 2:
        raise KeyboardInterrupt


def main(folder: Path) -> None:
    """Run in two halves, and compare with a run that was not stopped."""
    network, path = build(), folder / "long_run.h5"
    try:
        neuro.simulate_to_file(path, network, STEPS, progress=stop_halfway, overwrite=True)
    except KeyboardInterrupt:
        print("stopped at step", neuro.Recording.load(path).steps)

    neuro.simulate_to_file(path, network, STEPS, resume=True)
    resumed = neuro.Recording.load(path)
    print("finished at step", resumed.steps)

    whole = neuro.simulate(network, STEPS)
    same = np.array_equal(whole.spikes["cells"].step, resumed.spikes["cells"].step)
    print("the same spikes as without a stop:", same)

    axes = resumed.plot.rate(bin_ms=2000.0)
    axes.figure.savefig(folder / "long_run.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
