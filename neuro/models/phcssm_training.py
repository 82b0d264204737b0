"""How PHC networks are trained: on digits read by pixel, and on time series of the UEA archive."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from neuro.errors import ParameterError
from neuro.models.phc.module import INPUT, PHCModule, PHCOutput
from neuro.models.phc.recipe import batch_of, closing, module_of
from neuro.models.phcssm_uea import parts
from neuro.training import datasets
from neuro.training.measures import accuracy
from neuro.training.task import Data, Settings, Task
from neuro.training.uea import Series

CALIBRATED = 64
"""Sequences that thresholds are set with."""


def digits(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task to read a digit, ``pixels`` of them in each step.

    Raises
    ------
    ParameterError
        If no data are given, or a setting is wrong.
    """
    if not parameters["data"]:
        raise ParameterError(
            "no data is given.",
            where="data",
            hint="Give MNIST: --set data=mnist.npz (or a folder).",
        )
    path, seed, pixels = Path(parameters["data"]), int(settings["seed"]), settings.pop("pixels")
    if 784 % pixels:
        raise ParameterError(f"is {pixels}.", where="pixels", hint="784 is no multiple of it.")
    known = datasets.mnist(path, "train")
    train, validation = datasets.split(known, settings.pop("held_out"), seed)
    limit = settings.pop("samples") or len(train[1])
    module = module_of(settings, pixels, 10, 784 // pixels)
    make = partial(_digits, width=pixels)
    data = make((train[0][:limit], train[1][:limit]))
    return task_of(
        "phcssm-smnist",
        module,
        data,
        make(validation),
        make(datasets.mnist(path, "test")),
        settings,
    )


def series(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task to classify the sequences of a set of the UEA archive.

    Raises
    ------
    ParameterError
        If a setting is wrong.
    UnavailableError, FileFormatError
        If the set is not there; see `neuro.training.uea.load_set`.
    """
    name, protocol = str(settings.pop("set")), settings.pop("protocol")
    found = parts(name, str(parameters["data"]), protocol, int(settings["seed"]))
    _, steps, channels = found[0].values.shape
    module = module_of(settings, channels, len(found[0].classes), steps)
    train, validation, test = map(_series, found)
    task = task_of(f"phcssm-uea {name}", module, train, validation, test, settings)
    shape = {"samples": [len(part) for part in found], "steps": steps, "channels": channels}
    return replace(task, facts={**task.facts, **shape, "protocol": protocol})


def task_of(
    name: str,
    module: PHCModule,
    train: Data,
    validation: Data,
    test: Data,
    settings: dict[str, Any],
) -> Task:
    """The task of a module whose thresholds are set by some of the training data."""
    module.calibrate(batch_of(train, CALIBRATED), share=settings.pop("above"))
    return Task(
        name=name,
        module=module,
        train=train,
        validation=validation,
        test=test,
        loss=module.loss,
        measure=accuracy(_answer),
        settings=Settings(**settings),
        facts={"parameters": module.count(), "sizes": list(module.sizes)},
        closing=partial(closing, module, test),
    )


def _answer(output: PHCOutput) -> torch.Tensor:
    return output.scores.detach().argmax(1)


def _series(part: Series) -> datasets.Labelled:
    return datasets.labelled(
        part.values, part.labels, classes=len(part.classes), source=INPUT, encoding=_time_first
    )


def _time_first(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    del generator
    return values.transpose(0, 1).contiguous()


def _digits(arrays: datasets.Arrays, width: int) -> datasets.Labelled:
    shown = datasets.sequence(arrays[0], width)
    return datasets.labelled(shown, arrays[1], classes=10, source=INPUT, encoding=_time_first)
