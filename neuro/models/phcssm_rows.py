"""A PHC state-space network that reads a digit row by row: 28 channels, 56 neurons, 10 classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.models.digits import SIDE, chosen_digit
from neuro.models.experiment import Experiment, Report
from neuro.models.phcssm import PHCSSM
from neuro.recording.data import Recording
from neuro.resources import folder

STEPS = SIDE + 6
"""A row a step, and six more, since every stage hears the one before a step later."""
REGIONS = ("Region1", "Region2", "Region3")


class PHCRows:
    """The classifier; see `neuro.models.phcssm.PHCSSM` for the network.

    The class is the readout cell with the largest total, once its bias has been added.

    Attributes
    ----------
    network
        The network; its readout's ``total`` is recorded in every step.
    bias
        Of the readout, in units of its total.
    """

    def __init__(self) -> None:
        with np.load(folder("models") / "phcssm-rows" / "weights.npz") as file:
            weights = dict(file)
        self.network: Network = PHCSSM(weights, name="phcssm-rows").network
        self.bias: NDArray[np.float64] = STEPS * weights["b_out"].astype(np.float64)

    def inputs(self, image: ArrayLike) -> dict[str, Any]:
        """Inputs of a run that shows `image`, shape (28, 28), from 0 to 1.

        Raises
        ------
        ParameterError
            If its shape is not (28, 28).
        """
        rows = np.asarray(image, np.float32).astype(np.float64)
        if rows.shape != (SIDE, SIDE):
            raise ParameterError(
                f"has shape {rows.shape}.", where="image", hint=f"Needed: ({SIDE}, {SIDE})."
            )
        return {"signal": np.concatenate([rows, np.zeros((STEPS - SIDE, SIDE))])}

    def scores(self, recording: Recording) -> NDArray[np.float64]:
        """Total and bias of each class after a run of `STEPS`; shape (10,)."""
        total = recording.trace_data("Readout", "total").values[-1]
        return np.asarray(total, np.float64) + self.bias

    def classify(self, images: Iterable[ArrayLike], *, backend: str = "auto") -> NDArray[np.int64]:
        """The class of each image, shape (28, 28) from 0 to 1."""
        found = []
        with neuro.Session(self.network, backend=backend) as session:
            start = session.snapshot()
            for image in images:
                session.restore(start)
                recording = session.run(STEPS, inputs=self.inputs(image), progress=None)
                found.append(int(np.argmax(self.scores(recording))))
        return np.array(found, np.int64)


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one digit."""
    model = PHCRows()
    image, label = chosen_digit(parameters, settings["source"])
    return Experiment(
        network=model.network,
        steps=STEPS,
        inputs=model.inputs(image),
        report=lambda recording: report(model.scores(recording), label),
        shown=REGIONS,
    )


def report(scores: NDArray[np.float64], label: int) -> Report:
    """Scores of the classes, and whether the largest is that of the right one."""
    answer = int(np.argmax(scores))
    return Report(
        title="Scores",
        columns=("class", "score"),
        rows=[(str(k), f"{score:.2f}") for k, score in enumerate(scores)],
        passed=answer == label,
        notes=(f"class {answer}; shown was {label}.",),
    )
