"""A PHC network that reads a digit pixel by pixel: one channel, 784 steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro
from neuro.errors import ParameterError
from neuro.formats.network_file import load_network
from neuro.ir.network import Network
from neuro.models.digits import SIDE, chosen_digit
from neuro.models.experiment import Experiment
from neuro.models.phcssm import LEAD
from neuro.models.phcssm_rows import report
from neuro.recording.data import Recording
from neuro.resources import folder

PIXELS = SIDE * SIDE


class PHCDigits:
    """The classifier, as it was trained; see `neuro.models.PHCSSM` for the network.

    The class is the readout cell with the largest total.

    Attributes
    ----------
    network
        The network; its readout's ``total`` is recorded in every step.
    steps
        Steps from the first pixel to the class.
    """

    def __init__(self) -> None:
        self.network: Network = load_network(folder("models") / "phcssm-smnist" / "network.h5")
        self.steps = PIXELS + LEAD + 1

    def inputs(self, image: ArrayLike) -> dict[str, Any]:
        """Inputs of a run that shows `image`, shape (28, 28), from 0 to 1.

        Raises
        ------
        ParameterError
            If its shape is not (28, 28).
        """
        pixels = np.asarray(image, np.float32).astype(np.float64)
        if pixels.shape != (SIDE, SIDE):
            raise ParameterError(
                f"has shape {pixels.shape}.", where="image", hint=f"Needed: ({SIDE}, {SIDE})."
            )
        return {"signal": np.pad(pixels.reshape(-1, 1), ((0, LEAD + 1), (0, 0)))}

    def scores(self, recording: Recording) -> NDArray[np.float64]:
        """Mean of each class's readout after a run of `steps`; shape (10,)."""
        total = recording.trace_data("Readout", "total").values[-1]
        return np.asarray(total, np.float64) / (PIXELS + LEAD)

    def classify(self, images: Iterable[ArrayLike], *, backend: str = "auto") -> NDArray[np.int64]:
        """The class of each image, shape (28, 28) from 0 to 1."""
        found = []
        with neuro.Session(self.network, backend=backend) as session:
            start = session.snapshot()
            for image in images:
                session.restore(start)
                recording = session.run(self.steps, inputs=self.inputs(image), progress=None)
                found.append(int(np.argmax(self.scores(recording))))
        return np.array(found, np.int64)


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one digit."""
    model = PHCDigits()
    image, label = chosen_digit(parameters, settings["source"])
    return Experiment(
        network=model.network,
        steps=model.steps,
        inputs=model.inputs(image),
        report=lambda recording: report(model.scores(recording), label),
        shown=tuple(p.name for p in model.network.populations if p.name.startswith("Region")),
    )
