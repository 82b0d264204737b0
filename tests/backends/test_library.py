"""Every cell and synapse of the library gives the same bits on every engine.

Several kinds share a network, so that less is compiled; populations and projections bear the names
of their kinds.  Populations are larger than a cache line's worth of cells, so that two threads both
have work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.network import Network
from neuro.ir.synapse import WEIGHT
from neuro.simulation.verify import first_difference
from tests.networks import LIBRARY_CELLS, SYNAPSES, add_standard_projections, plastic

SIZE = 130
STEPS = 100
FORMATS = [neuro.FLOAT32, neuro.FLOAT64]
ENGINES: list[tuple[str, dict[str, Any]]] = [
    ("c", {"threads": 1}),
    ("c", {"threads": 2}),
    ("c", {"threads": 2, "defer": True}),
    ("numba", {}),
]


def by_five(names: Iterable[str]) -> list[tuple[str, ...]]:
    ordered = list(names)
    return [tuple(ordered[k : k + 5]) for k in range(0, len(ordered), 5)]


def label(name: str) -> str:
    return name.replace(" ", "-")


@dataclass(frozen=True)
class Run:
    """All that a run gave."""

    recording: neuro.Recording
    snapshot: dict[str, Any]


def run(network: Network, backend: str, options: dict[str, Any]) -> Run:
    with neuro.Session(network, backend=backend, options=options) as session:
        recording = session.run(STEPS)
        return Run(recording, session.snapshot())


def builder(format: Any) -> tuple[neuro.NetworkBuilder, PopulationHandle]:
    net = neuro.NetworkBuilder(dt=1.0, name="library", seed=3, format=format)
    return net, net.population(SIZE, neuro.SpikeSourcePoisson(rate=120.0), label="noise")


def network_of_cells(names: tuple[str, ...], format: Any) -> Network:
    """Populations of these kinds, recurrent, with noise; every state variable is recorded."""
    net, noise = builder(format)
    for name in names:
        make, weight = LIBRARY_CELLS[name]
        cells = net.population(SIZE, make(), label=label(name))
        add_standard_projections(net, noise, cells, weight, density=0.02)
        variables = [variable.name for variable in cells.cell.cell_type.state]  # type: ignore[union-attr]
        cells.record(["spikes", *variables])
    return net.build()


def network_of_synapses(names: tuple[str, ...], format: Any) -> Network:
    """A population for each kind of recurrent synapse; all synaptic variables are recorded."""
    net, noise = builder(format)
    for name in names:
        cells = net.population(SIZE, neuro.LIF(tau_refrac=2.0), label=f"cells-{label(name)}")
        drive = neuro.StaticSynapse(weight=1.2)
        net.projection(noise, cells, neuro.OneToOneConnector(), drive)
        synapse = plastic(name, 0.3, delay=neuro.Uniform(1.0, 4.0))
        connector = neuro.FixedProbabilityConnector(0.05)
        handle = net.projection(cells, cells, connector, synapse, label=label(name))
        for factor in synapse.synapse_type.factors:
            source = neuro.StepCurrentSource([0.0, 20.0, 50.0], [0.5, -0.5, 1.0])
            net.inject(source, handle, port=factor.name)
        cells.record(["spikes", "v"])
        handle.record([WEIGHT, *(variable.name for variable in synapse.synapse_type.state)])
    return net.build()


def assert_lively(found: Run, names: list[str]) -> None:
    """Every population spikes, neither hardly nor always."""
    for name in names:
        count = len(found.recording.spikes[name])
        assert SIZE // 10 < count < SIZE * STEPS // 2, (name, count)


def assert_same(expected: Run, found: Run) -> None:
    for name, spikes in expected.recording.spikes.items():
        mine = found.recording.spikes[name]
        assert np.array_equal(spikes.step, mine.step), name
        assert np.array_equal(spikes.index, mine.index), name
    for target, traces in expected.recording.traces.items():
        for variable, trace in traces.items():
            mine = found.recording.traces[target][variable]
            assert mine.values.dtype == trace.values.dtype
            assert mine.values.tobytes() == trace.values.tobytes(), (target, variable)
    assert expected.snapshot.keys() == found.snapshot.keys()
    difference = first_difference(expected.snapshot, found.snapshot, STEPS)
    assert difference is None, str(difference)


@pytest.mark.parametrize("format", FORMATS, ids=["float32", "float64"])
@pytest.mark.parametrize("names", by_five(LIBRARY_CELLS), ids=", ".join)
def test_every_cell_has_the_bits_of_the_reference(names: tuple[str, ...], format: Any) -> None:
    network = network_of_cells(names, format)
    expected = run(network, "reference", {})
    assert_lively(expected, [label(name) for name in names])
    for backend, options in ENGINES:
        assert_same(expected, run(network, backend, options))


@pytest.mark.parametrize("format", FORMATS, ids=["float32", "float64"])
@pytest.mark.parametrize("names", by_five(SYNAPSES), ids=", ".join)
def test_every_synapse_has_the_bits_of_the_reference(names: tuple[str, ...], format: Any) -> None:
    network = network_of_synapses(names, format)
    expected = run(network, "reference", {})
    assert_lively(expected, [f"cells-{label(name)}" for name in names])
    for name in names:
        weights = expected.recording.traces[label(name)][WEIGHT].values
        changed = np.mean(weights[-1] != weights[0])
        assert changed > 0.2 or name == "static" or name.startswith("tm"), name
    for backend, options in ENGINES:
        assert_same(expected, run(network, backend, options))
