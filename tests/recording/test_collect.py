"""What is recorded: sources, samples, and their units."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.recording.collect import MemorySink, recorded_sources, sample_plans

ENGINES = ("reference", "c", "numba")


def network(format: neuro.ir.network.NumberFormat = neuro.FLOAT32) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=0.5, format=format)
    source = net.population(2, neuro.SpikeSourceArray([[1.0, 2.0], [2.0]]), label="source")
    cells = net.population(3, neuro.IF_curr_exp(i_offset=0.3), label="cells")
    synapse = neuro.StaticSynapse(weight=neuro.Uniform(1.0, 2.0))
    every = net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="all")
    cells.record("v", index=[0, 2], sampling_interval=1.5)
    every.record("w", sampling_interval=5.0)
    return net.build()


def test_without_probes_all_spikes_are_recorded() -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(1, neuro.SpikeSourceArray(), label="in")
    net.population(1, neuro.LIF(), label="out")
    assert sorted(recorded_sources(net.build())) == ["in", "out"]


def test_with_probes_only_those_are_recorded() -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(1, neuro.SpikeSourceArray(), label="in").record("spikes")
    net.population(1, neuro.LIF(), label="out").record("v")
    assert recorded_sources(net.build()) == ["in"]


@pytest.mark.parametrize("backend", ENGINES)
def test_samples_are_taken_at_their_interval(backend: str) -> None:
    recording = neuro.simulate(network(), 12, backend=backend)
    trace = recording.traces["cells"]["v"]
    assert trace.step.tolist() == [0, 3, 6, 9]
    assert trace.index.tolist() == [0, 2]
    assert trace.values.shape == (4, 2)
    assert recording.traces["all"]["w"].values.shape == (2, 6)


def test_units_are_those_of_the_variable() -> None:
    plans = {plan.target: plan for plan in sample_plans(network(), 0)}
    assert plans["cells"].unit == "mV"
    assert plans["all"].unit == "nA"


@pytest.mark.parametrize("format", [neuro.FLOAT32, neuro.FLOAT64])
def test_samples_have_the_type_of_the_network_even_if_there_are_none(
    format: neuro.ir.network.NumberFormat,
) -> None:
    for steps in (0, 5):
        values = neuro.simulate(network(format), steps, backend="c").traces["cells"]["v"].values
        assert values.dtype == format.kind


def test_a_sink_joins_what_it_was_given() -> None:
    sink = MemorySink()
    sink.add_spikes("a", np.array([1, 1]), np.array([0, 3]))
    sink.add_spikes("a", np.array([4]), np.array([2], np.uint32))
    data = sink.spike_data("a", 5)
    assert (data.step.tolist(), data.index.tolist()) == ([1, 1, 4], [0, 3, 2])
    assert data.index.dtype == np.int64
    assert len(sink.spike_data("b", 5)) == 0
