"""Synapses that learn: inputs that fire together win over those that fire alone.

Run it with: python stdp.py [FOLDER]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neuro

STEPS = 60_000
TOGETHER, ALONE = 40, 160
RATE = 10.0


def inputs() -> tuple[np.ndarray, np.ndarray]:
    """Spikes of all inputs: the first 40 fire together, the others on their own, all at 10 Hz."""
    random = np.random.default_rng(1)
    chance = RATE / 1000
    spikes = random.random((STEPS, TOGETHER + ALONE)) < chance
    spikes[:, :TOGETHER] = random.random((STEPS, 1)) < chance
    return np.nonzero(spikes)


def main(folder: Path) -> None:
    """Run a minute, and draw the weights before and after."""
    net = neuro.NetworkBuilder(dt=1.0, name="stdp", seed=2)
    source = net.population(TOGETHER + ALONE, neuro.SpikeSourceArray(), label="inputs")
    cell = net.population(1, neuro.IF_curr_exp(tau_refrac=2.0, tau_syn_E=2.0), label="cell")
    synapse = neuro.PairSTDP(
        weight=neuro.Uniform(0.2, 0.6), A_plus=0.008, A_minus=0.009, w_max=0.8, tau_minus=20.0
    )
    net.projection(source, cell, neuro.AllToAllConnector(), synapse, label="plastic")

    # A session keeps its state, so weights can be read at any time; they are in amperes.
    with neuro.Session(net.build()) as session:
        before = session.read("plastic", "w") * 1e9
        recording = session.run(STEPS, inputs={"inputs": inputs()})
        after = session.read("plastic", "w") * 1e9

    print(f"together: {before[:TOGETHER].mean():.2f} nA -> {after[:TOGETHER].mean():.2f} nA")
    print(f"alone:    {before[TOGETHER:].mean():.2f} nA -> {after[TOGETHER:].mean():.2f} nA")
    print(f"the cell fired at {recording.rate('cell'):.1f} Hz")

    figure, panels = plt.subplots(
        1, 2, figsize=(6.4, 3.0), sharex=True, sharey=True, layout="constrained"
    )
    for axes, weights, title in zip(panels, (before, after), ("before", "after"), strict=True):
        both = [weights[:TOGETHER], weights[TOGETHER:]]
        axes.hist(both, bins=20, range=(0, 0.8), stacked=True, label=["together", "alone"])
        axes.set(title=title, xlabel="weight (nA)")
    panels[0].set_ylabel("synapses")
    panels[0].legend()
    figure.savefig(folder / "stdp.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
