"""Excitation and inhibition in balance: the CUBA network of Vogels and Abbott (2005).

Run it with: python balanced_network.py [FOLDER]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import neuro


def build() -> neuro.Network:
    """Four thousand cells, four of five excitatory, each with 80 inputs."""
    net = neuro.NetworkBuilder(dt=0.1, name="cuba", seed=1)
    # With 20 nF and 20 ms, a current of 1 nA moves the resting potential by 1 mV.
    cell = neuro.IF_curr_exp(
        cm=20.0,
        tau_m=20.0,
        v_rest=-49.0,
        v_reset=-60.0,
        v_thresh=-50.0,
        tau_refrac=5.0,
        tau_syn_E=5.0,
        tau_syn_I=10.0,
    )
    start = {"v": neuro.Uniform(-60.0, -50.0)}
    excitatory = net.population(3200, cell, label="E", initial_values=start)
    inhibitory = net.population(800, cell, label="I", initial_values=start)

    connector = neuro.FixedProbabilityConnector(0.02)
    excite = neuro.StaticSynapse(weight=1.62, delay=0.1)
    inhibit = neuro.StaticSynapse(weight=9.0, delay=0.1)
    for post in (excitatory, inhibitory):
        net.projection(excitatory, post, connector, excite, receptor_type="excitatory")
        net.projection(inhibitory, post, connector, inhibit, receptor_type="inhibitory")
        post.record("spikes")
    return net.build()


def main(folder: Path) -> None:
    """Run half a second and draw spikes and rates, one above the other."""
    recording = neuro.simulate(build(), steps=5000)
    for name in recording.spikes:
        print(f"{name}: {recording.rate(name):.1f} Hz")

    figure, (above, below) = plt.subplots(
        2, 1, figsize=(6.4, 5.6), sharex=True, height_ratios=[3, 1], layout="constrained"
    )
    recording.plot.raster(ax=above)
    recording.plot.rate(bin_ms=5.0, ax=below)
    above.set_xlabel("")
    figure.savefig(folder / "balanced_network.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
