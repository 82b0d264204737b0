"""Plastic synapses in torch: the reference's bits, weights for each sample, and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, seed, settings

import neuro
from neuro.drive import drive_of
from neuro.simulation.verify import first_difference
from tests.backends.test_random_networks import DRAWN, advance, assert_same, run, start
from tests.networks import SYNAPSES, Case, cases, synapse_case


@pytest.mark.parametrize("name", SYNAPSES)
def test_every_synapse_has_the_bits_of_the_reference(name: str) -> None:
    case = synapse_case(name)
    assert_same(run(case, "reference"), run(case, "torch"))


def test_networks_drawn_at_random_have_the_bits_of_the_reference() -> None:
    @seed(0)
    @settings(DRAWN, max_examples=12)
    @given(cases())
    def check(case: Case) -> None:
        assert_same(run(case, "reference"), run(case, "torch"))

    check()


def test_a_run_goes_on_from_another_engines_snapshot() -> None:
    case = synapse_case("stdp all_to_all additive")
    half, end = run(case, "c")
    engine = start(case, "torch")
    engine.restore(half)
    advance(engine, drive_of(case.network, case.inputs), case.steps)
    assert first_difference(end, engine.snapshot(), case.steps) is None


def network(synapse: neuro.Synapse) -> neuro.Network:
    """Six sources on three cells that are far from spiking."""
    net = neuro.NetworkBuilder(dt=1.0, name="plastic", seed=2, format=neuro.FLOAT64)
    source = net.population(6, neuro.SpikeSourceArray(), label="source")
    cells = net.population(3, neuro.LIF(v_thresh=1e3), label="cells")
    net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="plastic")
    cells.record("v")
    return net.build()


def spikes(batch: int = 2, steps: int = 40) -> torch.Tensor:
    chosen = np.random.default_rng(3).random((steps, batch, 6)) < 0.2
    return torch.from_numpy(chosen.astype(np.float64))


RULES = {
    "tsodyks-markram": lambda w: neuro.TsodyksMarkram(weight=w, U=0.3, tau_rec=40.0),
    "hebbian": lambda w: neuro.Hebbian(weight=w),
    "stdp": lambda w: neuro.PairSTDP(weight=w, A_plus=0.01, A_minus=0.02, w_max=5.0),
}


@pytest.mark.parametrize("rule", RULES)
def test_samples_have_weights_of_their_own(rule: str) -> None:
    module = neuro.to_torch(network(RULES[rule](0.4)), record=["cells/v"])
    together = module(spikes()).variables["cells/v"]
    for sample in range(2):
        alone = module(spikes()[:, sample : sample + 1]).variables["cells/v"]
        assert torch.equal(together[:, sample : sample + 1], alone)
    assert not torch.equal(together[:, 0], together[:, 1])


@pytest.mark.parametrize("rule", RULES)
def test_gradients_pass_through_what_synapses_do(rule: str) -> None:
    weight = np.random.default_rng(0).uniform(0.2, 0.8, 18)
    module = neuro.to_torch(
        network(RULES[rule](weight)), train=["plastic.weight"], record=["cells/v"]
    )
    (parameter,) = module.parameters()
    factor = torch.from_numpy(np.random.default_rng(1).normal(size=(40, 2, 3)))

    def total() -> torch.Tensor:
        return (module(spikes()).variables["cells/v"] * factor).sum()

    (found,) = torch.autograd.grad(total(), parameter)
    with torch.no_grad():
        for place in (0, 7, 17):
            values = []
            for step in (1e-5, -1e-5):
                parameter.view(-1)[place] += step
                values.append(total().item())
                parameter.view(-1)[place] -= step
            slope = (values[0] - values[1]) / 2e-5
            assert found.reshape(-1)[place].item() == pytest.approx(slope, rel=1e-5, abs=1e-9)
    assert found.abs().max() > 0


def test_a_run_in_two_parts_is_one_run() -> None:
    module = neuro.to_torch(network(RULES["stdp"](0.4)), record=["cells/v"])
    whole = module(spikes())
    first = module(spikes()[:15])
    second = module(spikes()[15:], first.state.detach())
    parts = [first.variables["cells/v"], second.variables["cells/v"]]
    assert torch.equal(torch.cat(parts), whole.variables["cells/v"])
    for name, value in whole.state.synapses.items():
        assert torch.equal(second.state.synapses[name], value), name


def test_probed_weights_are_returned() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="probed", seed=2)
    source = net.population(4, neuro.SpikeSourceArray(), label="source")
    cells = net.population(3, neuro.LIF(v_thresh=-60.0), label="cells")
    synapse = neuro.PairSTDP(weight=2.0, A_plus=0.05, A_minus=0.02, w_max=5.0)
    handle = net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="plastic")
    handle.record("w")
    given_ = (torch.rand(30, 2, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    weights = neuro.to_torch(net.build())(given_).variables["plastic/w"]
    assert weights.shape == (30, 2, 12)
    assert not torch.equal(weights[0], weights[-1])
