"""How the 784-96-10 classifier of handwritten digits is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

import neuro
from neuro.errors import ParameterError
from neuro.models.mnist_lif import LEVELS, STEPS, TAU
from neuro.training import datasets, encodings, losses
from neuro.training.measures import accuracy
from neuro.training.task import Settings, Task


def training(parameters: dict[str, Any], settings: dict[str, Any]) -> Task:
    """The task: weights drawn anew, pixels as spikes, the class is the cell that spikes most."""
    if not parameters["data"]:
        raise ParameterError(
            "no data is given.",
            where="data",
            hint="Give MNIST: --set data=mnist.npz (or a folder).",
        )
    path, seed = Path(parameters["data"]), int(settings["seed"])
    known = datasets.mnist(path, "train")
    train, validation = datasets.split(known, settings.pop("held_out"), seed)
    limit = settings.pop("samples", 0) or len(train[1])
    network = untrained(settings.pop("hidden"), seed)
    return Task(
        name="mnist-lif",
        module=neuro.to_torch(network, surrogate=settings.pop("surrogate")),
        train=_data((train[0][:limit], train[1][:limit])),
        validation=_data(validation),
        test=_data(datasets.mnist(path, "test")),
        loss=losses.spike_count("Out"),
        measure=accuracy(losses.most_spikes("Out")),
        settings=Settings(**settings),
        facts={"hidden": network.population("Hidden").size},
    )


def untrained(hidden: int, seed: int) -> neuro.Network:
    """The network with weights drawn from a normal distribution."""
    rng = np.random.default_rng(seed)
    net = neuro.NetworkBuilder(dt=1.0, name="mnist-lif", seed=0)
    cell = neuro.LIF(reset="subtract", tau_m=TAU)
    pixels = net.population(784, neuro.SpikeSourceArray(), label="Pixels")
    first = net.population(hidden, cell, label="Hidden")
    second = net.population(10, cell, label="Out")
    for pre, post, gain in ((pixels, first, 1.0), (first, second, 2.0)):
        weight = rng.normal(0, gain / np.sqrt(pre.size), (pre.size, post.size))
        synapse = neuro.StaticSynapse(weight=weight, delay=1.0)
        net.projection(pre, post, neuro.DenseConnector(), synapse)
    second.record("spikes")
    return net.build()


def _data(arrays: datasets.Arrays) -> datasets.Labelled:
    def encode(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        del generator
        spikes = encodings.levels(images.flatten(1), LEVELS)
        quiet = spikes.new_zeros(STEPS - LEVELS, *spikes.shape[1:])
        return torch.cat([spikes, quiet])

    return datasets.labelled(*arrays, classes=10, source="Pixels", encoding=encode)
