"""A cell of one's own, from its differential equations.

Run it with: python cell_from_equations.py [FOLDER]
"""

import sys
from pathlib import Path

import neuro

# A leaky cell with a slow current that each spike strengthens and that holds the cell back.
# The equations are linear, so sympy derives their exact solution over a step.
ADAPTING = neuro.cell_from_equations(
    "adapting",
    """
    dv/dt = (i * R - R * a - v) / tau : mV, held
    da/dt = -a / tau_a : nA
    """,
    parameters="tau : ms = 10; tau_a : ms = 150; R : MOhm = 20; jump : nA = 0.1",
    ports="i : nA",
    spike="v > 10 * mV",
    reset="v = 0 * mV; a = a + jump",
    refractory="2 * ms",
)


def main(folder: Path) -> None:
    """Inject a step of current into three cells that adapt to different degrees."""
    net = neuro.NetworkBuilder(dt=0.1, name="adaptation")
    cells = net.population(3, neuro.CustomCell(ADAPTING, jump=[0.0, 0.05, 0.2]), label="cells")
    net.inject(neuro.StepCurrentSource(times=[50.0, 350.0], amplitudes=[1.0, 0.0]), cells, port="i")
    cells.record(["spikes", "v"])

    recording = neuro.simulate(net.build(), steps=4000)
    print("spikes of each cell:", recording.spikes["cells"].counts())

    axes = recording.plot.trace("cells", "v")
    axes.figure.savefig(folder / "cell_from_equations.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
