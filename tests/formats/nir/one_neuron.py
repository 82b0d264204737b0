"""The one-neuron experiment of the NIR paper: its input, and the graph, built from code.

One LIF neuron (tau 2.5 ms, threshold 0.1) with a step of 0.1 ms gets 34 spikes in 1000 steps.  Nine
platforms ran it; their traces lie in the data folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.formats.nir.graph import Graph, Node

DT = 1e-4
STEPS = 1000

EXPECTED = {
    "exact": (460, 510, 710, 760),
    "norse": (460, 510, 710, 760),
    "snntorch": (460, 510, 710, 760),
    "snntorch-import": (460, 510, 710, 760),
    "nengo": (460, 510, 710, 760),
    "spinnaker2": (460, 510, 710, 760),
    "lava": (461, 511, 711, 761),
    "spyx": (461, 511, 711, 761),
    "rockpool": (450, 500, 710, 760),
    "rockpool-import": (450, 500, 710, 760),
    "sinabs": (450, 500, 710, 760),
}
"""Spike steps by profile."""


def node(name: str, kind: str, **values: Any) -> Node:
    """A node from lists and numbers."""
    return Node(name, kind, {key: np.asarray(value) for key, value in values.items()})


def graph() -> Graph:
    """The graph of `lif_norse.nir`."""
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    nodes = [
        node("input", "Input", shape=[1]),
        node("0", "Affine", weight=np.ones((1, 1), np.float32), bias=zero),
        node("1", "LIF", tau=np.float32([0.0025]), r=one, v_leak=zero,
             v_threshold=np.float32([0.1])),
        node("output", "Output", shape=[1]),
    ]  # fmt: skip
    edges = (("input", "0"), ("0", "1"), ("1", "output"))
    return Graph({n.name: n for n in nodes}, edges)


def trace(shared: Path, platform: str) -> NDArray[np.float64]:
    """Columns input, membrane and spike of a platform."""
    return np.loadtxt(shared / "nir" / f"lif_{platform}.csv", delimiter=",")
