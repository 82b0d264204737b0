"""One neuron, many frameworks: the experiment of the NIR paper (Pedersen et al. 2024).

NIR describes a neuron by its equation; every framework makes its own step of it.  The same graph and
the same 34 input spikes give other output spikes under other conventions.

Run it with: python nir_frameworks.py [FOLDER]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import nir
import numpy as np

import neuro

STEPS, DT = 1000, 1e-4
INPUT = [
    *(60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500),
    *(510, 520, 530, 670, 680, 690, 700, 710, 720, 730, 740, 750, 760, 770, 780, 840, 850),
]


def graph(size: float) -> nir.NIRGraph:
    """A leaky neuron with a time constant of 2.5 ms behind a weight."""
    neuron = nir.LIF(
        tau=np.array([0.0025]),
        r=np.array([1.0]),
        v_leak=np.array([0.0]),
        v_threshold=np.array([0.1]),
    )
    weight = nir.Linear(weight=np.array([[size]]))
    return nir.NIRGraph.from_list(nir.Input(np.array([1])), weight, neuron)


def main(folder: Path) -> None:
    """Print a table in Markdown and draw the membranes."""
    values = np.zeros((STEPS, 1))
    values[INPUT] = 1
    print("| profile | spikes in step | |\n|---|---|---|")
    figure, axes = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    for name, profile in neuro.NIR_PROFILES.items():
        # Rockpool's own files hold weights that are scaled by dt / tau already.
        size = 0.04 if profile.conventions.bare else 1.0
        model = neuro.from_nir(graph(size), profile=name, dt=DT, time_unit="s")
        # Counted in the framework's own steps; the network itself runs one step later.
        recording = model.simulate(values, backend="reference", record=["lif"])
        steps = recording.spikes["lif"].step
        print(f"| `{name}` | {', '.join(map(str, steps))} | {profile.summary} |")
        if name in ("exact", "norse", "sinabs"):
            trace = recording.traces["lif"]["v"]
            axes.plot(trace.step, trace.values[:, 0], label=name, linewidth=0.8)
    axes.set(xlabel="step", ylabel="membrane", xlim=(400, 800))
    axes.legend()
    figure.savefig(folder / "nir_frameworks.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
