"""A spiking classifier of handwritten digits: 784 - 96 - 10 leaky cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.models.digits import SIDE, chosen_digit
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording
from neuro.resources import folder

LEVELS = 8
"""A pixel spikes in the first steps, the brighter the more; at most in so many."""
STEPS = LEVELS + 2
"""Steps from the start of an image to its class."""
TAU = 10.0
"""Membrane time constant, ms; a step is 1 ms."""

Weights = Literal["int8", "float"]


class MnistLIF:
    """The classifier.

    Cells are `neuro.LIF` that are reset by subtraction.  The class is the output cell that spikes
    most; the lower number wins a tie.

    Parameters
    ----------
    weights
        ``"int8"``: whole numbers of 8 bits times a power of two; ``"float"``: those before they
        were rounded.

    Attributes
    ----------
    network
        Sources ``Pixels`` (784), ``Hidden`` (96) and ``Out`` (10).

    Raises
    ------
    ParameterError
        If `weights` is neither.
    """

    def __init__(self, weights: Weights = "int8") -> None:
        hidden, out = load_weights(weights)
        net = neuro.NetworkBuilder(dt=1.0, name="mnist-lif", seed=0)
        pixels = net.population(hidden.shape[0], neuro.SpikeSourceArray(), label="Pixels")
        cell = neuro.LIF(reset="subtract", tau_m=TAU)
        first = net.population(hidden.shape[1], cell, label="Hidden")
        second = net.population(out.shape[1], cell, label="Out")
        for pre, post, values in ((pixels, first, hidden), (first, second, out)):
            synapse = neuro.StaticSynapse(weight=values.reshape(-1), delay=1.0)
            net.projection(pre, post, neuro.AllToAllConnector(), synapse)
        second.record("spikes")
        self.network: Network = net.build()

    def inputs(self, image: ArrayLike) -> dict[str, Any]:
        """Inputs of a run that shows `image`, shape (28, 28), from 0 to 1."""
        return {"Pixels": encode(image)}

    def classify(self, images: Iterable[ArrayLike], *, backend: str = "auto") -> NDArray[np.int64]:
        """The class of each image, shape (28, 28) from 0 to 1."""
        found = []
        with neuro.Session(self.network, backend=backend) as session:
            start = session.snapshot()
            for image in images:
                session.restore(start)
                recording = session.run(STEPS, inputs=self.inputs(image), progress=None)
                found.append(class_of(recording))
        return np.array(found, np.int64)


def load_weights(kind: Weights = "int8") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of both layers, shapes (784, 96) and (96, 10).

    Raises
    ------
    ParameterError
        If `kind` is unknown.
    """
    with np.load(folder("models") / "mnist-lif" / "weights.npz") as file:
        if kind == "int8":
            scales = 2.0 ** -file["exponents"].astype(np.float64)
            return file["hidden"] * scales[0], file["out"] * scales[1]
        if kind == "float":
            return file["float_hidden"].astype(np.float64), file["float_out"].astype(np.float64)
    raise ParameterError(f"is {kind!r}.", where="mnist-lif, weights", hint="Use 'int8' or 'float'.")


def encode(image: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spikes (steps, cells) of an image: pixel p spikes in step t if p > (t + 0.5) / 8.

    Raises
    ------
    ParameterError
        If its shape is not (28, 28).
    """
    pixels = np.asarray(image, np.float32)
    if pixels.shape != (SIDE, SIDE):
        raise ParameterError(
            f"has shape {pixels.shape}.", where="image", hint=f"Needed: ({SIDE}, {SIDE})."
        )
    levels = ((np.arange(LEVELS) + 0.5) / LEVELS).astype(np.float32)
    step, cell = np.nonzero(pixels.reshape(-1) > levels[:, None])
    return step, cell


def class_of(recording: Recording) -> int:
    """The output cell that spiked most."""
    return int(np.argmax(counts(recording)))


def counts(recording: Recording) -> NDArray[np.int64]:
    """Spikes of each output cell."""
    return np.bincount(recording.spikes["Out"].index, minlength=10)


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one digit."""
    model = MnistLIF(parameters["weights"])
    image, label = chosen_digit(parameters, settings["source"])
    return Experiment(
        network=model.network,
        steps=STEPS,
        inputs=model.inputs(image),
        report=lambda recording: report(recording, label),
        shown=("Out",),
    )


def report(recording: Recording, label: int) -> Report:
    """Spikes of the output cells, and whether the class is right."""
    found = counts(recording)
    rows: Sequence[Sequence[str]] = [(str(k), str(count)) for k, count in enumerate(found)]
    answer = int(np.argmax(found))
    return Report(
        title="Spikes of the output cells",
        columns=("class", "spikes"),
        rows=rows,
        passed=answer == label,
        notes=(f"class {answer}; shown was {label}.",),
    )
