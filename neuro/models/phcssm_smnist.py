"""A PHC network that reads a digit pixel by pixel: one channel, 784 steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.formats.network_file import load_network
from neuro.models.digit_reader import DigitReader, total
from neuro.models.digits import SIDE
from neuro.models.experiment import Experiment
from neuro.models.phcssm import LEAD
from neuro.recording.data import Recording
from neuro.resources import folder

PIXELS = SIDE * SIDE


class PHCDigits(DigitReader):
    """The classifier; see `neuro.models.PHCSSM` for the network.

    The class is the readout cell with the largest total.
    """

    def __init__(self) -> None:
        self.network = load_network(folder("models") / "phcssm-smnist" / "network.h5")
        self.steps = PIXELS + LEAD + 1

    def signal(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """A pixel a step; shape (steps, 1)."""
        return np.pad(pixels.reshape(-1, 1), ((0, LEAD + 1), (0, 0)))

    def scores(self, recording: Recording) -> NDArray[np.float64]:
        """Mean of each class's readout after a run of `steps`; shape (10,)."""
        return total(recording) / (PIXELS + LEAD)


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one digit."""
    return PHCDigits().experiment(parameters, settings)
