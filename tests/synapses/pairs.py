"""Pairs of cells that spike exactly when they are told, with one synapse each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro

Trains = Sequence[Sequence[int]]
"""Per pair: the steps in which a cell spikes, ascending."""


def run_pairs(
    synapse: neuro.Synapse,
    pre: Trains,
    post: Trains,
    steps: int,
    *,
    backend: str = "reference",
    factors: Mapping[str, Any] | None = None,
) -> dict[str, NDArray[Any]]:
    """Weight ``w`` and further variables of each synapse after every step; and ``v``, what arrived.

    Postsynaptic cells spike in step 1 at the earliest.  A factor is a current source.
    """
    net = neuro.NetworkBuilder(dt=1.0, format=neuro.FLOAT64)
    source = net.population(len(pre), neuro.SpikeSourceArray(pre), label="pre")
    ahead = [[step - 1 for step in train] for train in post]
    teacher = net.population(len(post), neuro.SpikeSourceArray(ahead), label="teacher")
    cells = net.population(len(post), neuro.LIF(tau_m=1e-3, v_thresh=100.0), label="post")
    pairs = neuro.OneToOneConnector()
    net.projection(teacher, cells, pairs, neuro.StaticSynapse(weight=1000.0))
    plastic = net.projection(source, cells, pairs, synapse, label="plastic")
    variables = ["w", *(variable.name for variable in synapse.synapse_type.state)]
    plastic.record(variables)
    cells.record(["spikes", "v"])
    for factor, signal in (factors or {}).items():
        net.inject(signal, plastic, port=factor)
    recording = neuro.simulate(net.build(), steps, backend=backend)
    assert spike_trains(recording, len(post)) == [list(train) for train in post]
    traces = recording.traces["plastic"]
    found = {name: traces[name].values for name in variables}
    return found | {"v": recording.traces["post"]["v"].values}


def spike_trains(recording: neuro.Recording, size: int) -> list[list[int]]:
    spikes = recording.spikes["post"]
    return [spikes.step[spikes.index == cell].tolist() for cell in range(size)]


def random_trains(count: int, steps: int, rate: float, seed: int) -> list[list[int]]:
    """Trains in which each step from 1 on has a spike with probability `rate`."""
    random = np.random.default_rng(seed)
    return [(1 + np.flatnonzero(random.random(steps - 1) < rate)).tolist() for _ in range(count)]
