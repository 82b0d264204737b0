"""A PHC state-space network that reads a digit row by row: 28 channels, 56 neurons, 10 classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.models.digit_reader import DigitReader, total
from neuro.models.digits import SIDE
from neuro.models.experiment import Experiment
from neuro.models.phcssm import PHCSSM
from neuro.recording.data import Recording
from neuro.resources import folder

STEPS = SIDE + 6
"""A row a step, and six more, since every stage hears the one before a step later."""


class PHCRows(DigitReader):
    """The classifier; see `neuro.models.phcssm.PHCSSM` for the network.

    The class is the readout cell with the largest total, once its bias has been added.

    Attributes
    ----------
    bias
        Of the readout, in units of its total.
    """

    def __init__(self) -> None:
        with np.load(folder("models") / "phcssm-rows" / "weights.npz") as file:
            weights = dict(file)
        self.network, self.steps = PHCSSM(weights, name="phcssm-rows").network, STEPS
        self.bias: NDArray[np.float64] = STEPS * weights["b_out"].astype(np.float64)

    def signal(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """A row a step; shape (steps, 28)."""
        return np.concatenate([pixels, np.zeros((STEPS - SIDE, SIDE))])

    def scores(self, recording: Recording) -> NDArray[np.float64]:
        """Total and bias of each class after a run of `steps`; shape (10,)."""
        return total(recording) + self.bias


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one digit."""
    return PHCRows().experiment(parameters, settings)
