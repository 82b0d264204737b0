"""Plastic synapses become static ones, with the weights that they had."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnknownNameError
from neuro.ir.network import Network, Probe


def plastic() -> Network:
    net = neuro.NetworkBuilder(dt=1.0, name="plastic", seed=4)
    noise = net.population(10, neuro.SpikeSourcePoisson(rate=100.0), label="noise")
    cells = net.population(10, neuro.LIF(), label="cells")
    rule = neuro.PairSTDP(weight=neuro.Uniform(0.1, 0.9), A_plus=0.2, gated=True)
    connector = neuro.FixedProbabilityConnector(0.5)
    handle = net.projection(noise, cells, connector, rule, label="learning")
    net.inject(neuro.DCSource(1.0), handle, port="gate")
    net.projection(cells, cells, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=-0.1))
    handle.record("w")
    cells.record("spikes")
    return net.build()


def test_without_weights_those_of_the_start_stay() -> None:
    network = plastic()
    frozen = neuro.freeze(network)
    assert all(p.synapse.is_static for p in frozen.projections)
    assert frozen.inputs == ()
    with (
        neuro.Session(network, backend="reference") as before,
        neuro.Session(frozen, backend="reference") as after,
    ):
        start = before.read("learning")
        assert np.array_equal(after.read("learning"), start)
        after.run(50)
        assert np.array_equal(after.read("learning"), start)


def test_learnt_weights_are_put_in() -> None:
    network = plastic()
    with neuro.Session(network, backend="c") as session:
        session.run(100)
        learnt = session.read("learning")
    frozen = neuro.freeze(network, {"learning": learnt})
    assert Probe(target="learning", variable="w") in frozen.probes
    with neuro.Session(frozen, backend="c") as session:
        assert np.array_equal(session.read("learning"), learnt)
    assert np.ptp(learnt) > 0.2


def test_one_weight_for_all_keeps_the_connector() -> None:
    frozen = neuro.freeze(plastic(), {"learning": 0.25})
    assert frozen.projection("learning").weight == 0.25
    assert (
        frozen.projection("learning").connectivity == plastic().projection("learning").connectivity
    )


def test_wrong_weights_are_told() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'learning'"):
        neuro.freeze(plastic(), {"learnin": 1.0})
    with pytest.raises(ParameterError, match=r"has shape \(3,\) for \d+ synapses"):
        neuro.freeze(plastic(), {"learning": np.zeros(3)})
