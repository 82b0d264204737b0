"""HLOP's lateral circuit alone: a network that finds, online, where the samples it sees lie."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording

SIZE, ROWS = 16, 3
VARIANCES = (3.0, 2.0, 1.0)
"""Of samples, in the directions to be found; 0.01 in all others."""
RATE = 0.03
SHOWN = 10
"""Rows of the table."""


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows samples drawn from a distribution, one a frame."""
    from neuro.training.hlop.circuit import RESIDUAL, SUBSPACE, LateralCircuit

    del settings
    if parameters["samples"] < 1:
        raise ParameterError(
            f"is {parameters['samples']}.", where="samples", hint="Give 1 or more."
        )
    directions, samples = drawn(parameters["samples"], parameters["seed"])
    rng = np.random.default_rng(parameters["seed"] + 1)
    start = np.linalg.qr(rng.normal(size=(SIZE, ROWS)))[0].T
    circuit = LateralCircuit(start, rate=RATE)
    return Experiment(
        network=circuit.network,
        steps=len(samples) * circuit.code.frame + 1,
        inputs=circuit.inputs(np.concatenate([samples, np.zeros((1, SIZE))])),
        report=lambda recording: report(recording, directions),
        shown=(RESIDUAL, SUBSPACE),
    )


def drawn(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strong directions, shape (n, rows), and `count` samples, shape (count, n)."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]
    variances = np.full(SIZE, 0.01)
    variances[:ROWS] = VARIANCES
    return axes[:, :ROWS], (rng.normal(size=(count, SIZE)) * np.sqrt(variances)) @ axes.T


def report(recording: Recording, directions: NDArray[np.float64]) -> Report:
    """How much of the rows lies in the strong directions, as samples come in."""
    weights = np.asarray(recording.trace_data("forward", "w").values, np.float64)
    shown = np.unique(np.linspace(0, len(weights) - 1, SHOWN).round().astype(int))
    rows, shares = [], [0.0]
    for sample in shown:
        h = weights[sample].reshape(SIZE, ROWS).T
        shares.append(float(np.sum((h @ directions) ** 2) / np.sum(h**2)))
        distance = np.linalg.norm(h @ h.T - np.eye(ROWS))
        rows.append((str(sample), f"{shares[-1]:.4f}", f"{distance:.3f}"))
    return Report(
        title="The rows of the lateral circuit",
        columns=("samples seen", "share in the strong directions", "distance from orthonormal"),
        rows=rows,
        notes=(
            f"{ROWS} subspace cells and {SIZE} inputs; 1 is the space of the strongest directions.",
        ),
    )
