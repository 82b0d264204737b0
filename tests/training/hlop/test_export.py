"""A trained network in the IR gives the layers' spikes and answers, on every engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import neuro
from neuro.errors import ParameterError, UnsupportedError
from neuro.ir.network import Probe
from neuro.training.hlop.export import network_answers, network_inputs, to_network
from neuro.training.hlop.layers import ProjectedConv2d
from neuro.training.hlop.network import SpikingLayers, perceptron
from neuro.training.hlop.rules import BPTT, DSR, OTTT, Rule

RULES = [DSR(), DSR(leaky=False), BPTT(), OTTT()]


def trained(rule: Rule, **given: Any) -> SpikingLayers:
    """Layers after some batches, so that thresholds have moved too."""
    generator = torch.Generator().manual_seed(1)
    layers = perceptron((20, 30, 24, 6), rule.neuron, generator=generator, **given)
    optimiser = torch.optim.SGD(layers.parameters(), lr=0.5)

    def update() -> None:
        optimiser.step()
        optimiser.zero_grad()

    for seed in range(5):
        rule.learn(layers, images(30, seed), torch.arange(30) % 6, update)
    return layers


def images(count: int, seed: int) -> torch.Tensor:
    return 3 * torch.randn(count, 20, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.steps}")
def test_answers_are_those_of_the_layers(rule: Rule) -> None:
    layers, shown = trained(rule), images(40, 9)
    with torch.no_grad():
        expected = rule.answer(layers, shown).numpy()
    found = network_answers(to_network(layers, rule), shown.numpy(), rule.steps, backend="c")
    assert (found.argmax(1) == expected.argmax(1)).all()
    scale = np.sum(found * expected) / np.sum(found**2)
    np.testing.assert_allclose(scale * found, expected, atol=1e-3 * np.abs(expected).max())


def test_spikes_are_those_of_the_layers_to_the_last_bit() -> None:
    rule = DSR()
    layers, shown = trained(rule, exact=True), images(3, 9)
    network = to_network(layers, rule)
    probes = [Probe(target=f"Hidden{k}", variable="spikes") for k in (1, 2)]
    probed = replace(network, probes=(*network.probes, *probes))
    with torch.no_grad():
        sent = [layers.projected[0](rule.shown(shown))]
        first = layers.neurons[0](sent[0])
        second = layers.neurons[1](layers.projected[1](first))
    for sample in range(3):
        inputs = network_inputs(shown[sample].numpy(), rule.steps, 3)
        recording = neuro.simulate(probed, steps=rule.steps + 3, inputs=inputs, backend="c")
        for place, spikes in enumerate((first, second), start=1):
            step, index = spikes[:, sample].nonzero(as_tuple=True)
            found = recording.spikes[f"Hidden{place}"]
            inside = found.step < rule.steps + place
            assert found.step[inside].tolist() == (step + place).tolist()
            assert found.index[inside].tolist() == index.tolist()


def test_engines_agree_about_it() -> None:
    rule = DSR(8)
    image = images(1, 3)[0].numpy()
    network = to_network(trained(rule), rule, image=image)
    found = neuro.verify(network, steps=11, backends=["reference", "c"])
    assert found.identical
    given = neuro.simulate(network, steps=11, inputs=network_inputs(image, rule.steps, 3))
    own = neuro.simulate(network, steps=11)
    assert np.array_equal(
        own.trace_data("Readout", "total").values, given.trace_data("Readout", "total").values
    )
    assert own.trace_data("Readout", "total").values[-1].any()


def test_what_cannot_be_is_refused() -> None:
    rule = DSR()
    generator = torch.Generator().manual_seed(0)
    kernels = SpikingLayers([ProjectedConv2d(1, 2, 3, generator=generator)], [])
    with pytest.raises(UnsupportedError, match="only matrices"):
        to_network(kernels, rule)
    network = to_network(trained(rule), rule)
    with pytest.raises(ParameterError, match="has shape"):
        network_answers(network, [np.zeros(4)], 20)
    other = neuro.NetworkBuilder(dt=1.0, name="other", seed=0)
    other.population(2, neuro.LIF(), label="a")
    with pytest.raises(ParameterError, match="no Pixels"):
        network_answers(other.build(), [np.zeros(4)], 20)
