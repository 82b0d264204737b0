"""The same bits everywhere: one network on three engines, compared after every step.

Run it with: python same_everywhere.py [FOLDER]
"""

import sys
from pathlib import Path

import neuro


def build() -> neuro.Network:
    """Thirty cells with noise, random delays and synapses that learn."""
    net = neuro.NetworkBuilder(dt=1.0, name="thirty", seed=3)
    cells = net.population(30, neuro.LIF(tau_refrac=2.0), label="cells")
    net.poisson_input(cells, rate=80.0, weight=0.5)
    learning = neuro.PairSTDP(
        weight=neuro.Uniform(0.0, 0.4), w_max=0.4, delay=neuro.Uniform(1.0, 20.0)
    )
    net.projection(cells, cells, neuro.FixedProbabilityConnector(0.3), learning)
    cells.record("spikes")
    return net.build()


def main(folder: Path) -> None:
    """Check that each engine can run the network, compare them, draw what they agree on."""
    network = build()
    engines = ["reference", "c", "numba"]
    for engine in engines:
        print(engine, "runs it:", neuro.check(network, target=engine) or "nothing to say")

    # The interpreter is the yardstick; a difference would name its first step, variable and cell.
    result = neuro.verify(network, steps=300, backends=engines)
    for engine, divergence in result.divergences.items():
        print(engine, "identical" if divergence is None else divergence)

    axes = neuro.simulate(network, steps=300).plot.raster()
    axes.figure.savefig(folder / "same_everywhere.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
