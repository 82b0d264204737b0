"""The one-neuron experiment of the NIR paper on every backend, as a table.

One LIF neuron, as Norse writes it, gets 34 spikes in 1000 steps of 0.1 ms (Pedersen et al., Nature
Communications 2024).  Written into the documentation by ``python -m neuro.testing.one_neuron``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.registry import backend_names
from neuro.formats.nir.graph import Graph, Node
from neuro.simulation.check import check
from neuro.simulation.nir import NIRModel, from_nir

STEPS, DT = 1000, 1e-4
EXPECTED = (460, 510, 710, 760)
"""Steps in which the exact solution, Norse and most platforms spike."""

INPUT = (
    *(60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500),
    *(510, 520, 530, 670, 680, 690, 700, 710, 720, 730, 740, 750, 760, 770, 780, 840, 850),
)
"""Steps of the input spikes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a backend did with the neuron.

    Attributes
    ----------
    backend
        Its name.
    spikes
        Steps of its spikes; None if it was refused.
    rules
        The rules that refused it; ``"unavailable"`` if something is not installed.
    """

    backend: str
    spikes: tuple[int, ...] | None = None
    rules: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        """A line of the table."""
        if self.spikes is not None:
            return f"| `{self.backend}` | {', '.join(map(str, self.spikes))} |"
        return f"| `{self.backend}` | refused: {', '.join(self.rules)} |"


def lif_graph() -> Graph:
    """The graph of ``lif_norse.nir``."""
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    neuron = {
        "tau": np.full(1, 0.0025, np.float32),
        "r": one,
        "v_leak": zero,
        "v_threshold": np.full(1, 0.1, np.float32),
    }
    nodes = (
        Node("input", "Input", {"shape": np.array([1])}),
        Node("0", "Affine", {"weight": np.ones((1, 1), np.float32), "bias": zero}),
        Node("1", "LIF", neuron),
        Node("output", "Output", {"shape": np.array([1])}),
    )
    edges = (("input", "0"), ("0", "1"), ("1", "output"))
    return Graph({node.name: node for node in nodes}, edges)


def stimulus() -> NDArray[np.float64]:
    """The input: a row per step."""
    values = np.zeros((STEPS, 1))
    values[list(INPUT)] = 1
    return values


def run(backend: str, model: NIRModel | None = None) -> Found:
    """Run the neuron on a backend, or say by which rules it is refused.

    Parameters
    ----------
    backend
        Its name.
    model
        The neuron; by default `lif_graph` under Norse's conventions.
    """
    made = model if model is not None else from_nir(lif_graph(), profile="norse", dt=DT)
    errors = [f for f in check(made.network, backend) if f.severity == "error"]
    rules = tuple(sorted({finding.rule for finding in errors}))
    if rules:
        rest = tuple(rule for rule in rules if rule != "unavailable")
        return Found(backend, rules=rest or rules)
    recording = made.simulate(stimulus(), backend=backend, progress=None)
    spikes: Any = recording.spikes[made.outputs["output"]].step
    return Found(backend, tuple(int(step) for step in spikes))


def table(backends: Iterable[str]) -> str:
    """The table in Markdown."""
    head = "| backend | spikes in step |\n|---|---|"
    return "\n".join([head, *(run(name).row for name in backends)]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(backend_names()))
