"""A PHC network that classifies movements: BasicMotions, 6 channels, 100 steps, 4 classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neuro.errors import ParameterError
from neuro.formats.network_file import load_network
from neuro.models.digit_reader import regions, score_report, total
from neuro.models.experiment import Experiment
from neuro.models.phcssm import LEAD
from neuro.resources import folder
from neuro.training.uea import Series, load_set, merged, shares, standardised


def parts(name: str, folder: str, protocol: str, seed: int) -> tuple[Series, Series, Series]:
    """Standardised samples to train, validate and test.

    Parameters
    ----------
    name, folder
        The set, and where it is; "" is what comes with aeon.
    protocol
        ``"merged"``: all samples, without those that are there twice, drawn anew, 70/15/15 %;
        ``"official"``: the archive's test samples, and 15 % of its training samples to validate.
    seed
        Of what is drawn.

    Raises
    ------
    ParameterError
        If there is no such protocol.
    """
    train, test = load_set(name, Path(folder) if folder else None)
    if protocol == "merged":
        chosen = shares(merged(train, test), seed)
    elif protocol == "official":
        order = np.random.default_rng(seed).permutation(len(train))
        held = round(0.15 * len(order))
        chosen = (train.of(np.sort(order[held:])), train.of(np.sort(order[:held])), test)
    else:
        raise ParameterError(
            f"is {protocol!r}.", where="protocol", hint="Use 'merged' or 'official'."
        )
    first, second, third = standardised(*chosen)
    return first, second, third


def build(parameters: dict[str, Any], settings: dict[str, Any]) -> Experiment:
    """The experiment that shows one test sample."""
    _, _, test = parts("BasicMotions", parameters["data"], "official", settings["seed"])
    number = int(parameters["sample"])
    if not 0 <= number < len(test):
        hint = f"Samples are 0 to {len(test) - 1}."
        raise ParameterError(f"there is no sample {number}.", where="sample", hint=hint)
    network = load_network(folder("models") / "phcssm-uea" / "network.h5")
    signal = test.values[number].astype(np.float64)
    return Experiment(
        network=network,
        steps=len(signal) + LEAD + 1,
        inputs={"signal": np.pad(signal, ((0, LEAD + 1), (0, 0)))},
        report=lambda recording: score_report(
            total(recording), int(test.labels[number]), test.classes
        ),
        shown=regions(network),
    )
