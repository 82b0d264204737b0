"""A network that is shown a digit step by step and names it from its readout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.models.digits import SIDE, chosen_digit
from neuro.models.experiment import Experiment, Report
from neuro.recording.data import Recording


class DigitReader(ABC):
    """A classifier of digits, as it was trained.

    Attributes
    ----------
    network
        The network; its readout's ``total`` is recorded in every step.
    steps
        Steps from the first input to the class.
    """

    network: Network
    steps: int

    @abstractmethod
    def signal(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the network hears of an image, shape (28, 28); shape (steps, channels)."""

    @abstractmethod
    def scores(self, recording: Recording) -> NDArray[np.float64]:
        """Score of each class after a run of `steps`; shape (10,)."""

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
        return {"signal": self.signal(pixels)}

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

    def experiment(self, parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
        """The experiment that shows the digit that parameters and settings choose."""
        image, label = chosen_digit(parameters, settings["source"])
        return Experiment(
            network=self.network,
            steps=self.steps,
            inputs=self.inputs(image),
            report=lambda recording: score_report(self.scores(recording), label),
            shown=regions(self.network),
        )


def regions(network: Network) -> tuple[str, ...]:
    """Populations of a PHC network whose spikes people look at."""
    return tuple(p.name for p in network.populations if p.name.startswith("Region"))


def total(recording: Recording) -> NDArray[np.float64]:
    """Totals of the readout after the last step; shape (classes,)."""
    return np.asarray(recording.trace_data("Readout", "total").values[-1], np.float64)


def score_report(
    scores: NDArray[np.float64], label: int, classes: Sequence[str] | None = None
) -> Report:
    """Scores of the classes, and whether the largest is that of the right one.

    Parameters
    ----------
    scores
        Shape (classes,).
    label
        The right one.
    classes
        Their names; numbers if they have none.
    """
    answer = int(np.argmax(scores))
    names = [f"class {k}" for k in range(len(scores))] if classes is None else classes
    shown = [str(k) for k in range(len(scores))] if classes is None else classes
    right = str(label) if classes is None else classes[label]
    return Report(
        title="Scores",
        columns=("class", "score"),
        rows=[(name, f"{score:.2f}") for name, score in zip(shown, scores, strict=True)],
        passed=answer == label,
        notes=(f"{names[answer]}; shown was {right}.",),
    )
