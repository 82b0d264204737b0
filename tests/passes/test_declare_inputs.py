"""The input of a run, written into the network, does the same."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import UnknownNameError
from neuro.ir.network import Network
from neuro.passes.declare_inputs import declare_inputs


def network() -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="inputs")
    source = net.population(3, neuro.SpikeSourceArray(), label="source")
    cells = net.population(3, neuro.LIF(), label="cells")
    net.projection(source, cells, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=0.8))
    net.inject(neuro.DCSource(0.0), cells, port="input", label="current")
    return net.build()


def test_a_run_without_inputs_is_the_run_with_them() -> None:
    inputs = {"source": ([7, 2, 2], [0, 2, 1]), "current": np.linspace(0, 0.5, 30)}
    declared = declare_inputs(network(), inputs)
    ours = neuro.simulate(network(), 30, inputs=inputs, backend="reference")
    theirs = neuro.simulate(declared, 30, backend="reference")
    assert len(ours.spikes["cells"]) > 5
    for name, spikes in ours.spikes.items():
        assert np.array_equal(spikes.step, theirs.spikes[name].step)
        assert np.array_equal(spikes.index, theirs.spikes[name].index)


def test_nothing_given_changes_nothing_and_unknown_names_are_told() -> None:
    assert declare_inputs(network(), None) == network()
    with pytest.raises(UnknownNameError, match="Did you mean 'source'"):
        declare_inputs(network(), {"sourse": ([0], [0])})
