"""The module as people use it: training, state between calls, and back to a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import neuro
from neuro.errors import ParameterError, UnknownNameError, UnsupportedError


def two_layers(n_in: int = 12, hidden: int = 16, out: int = 3) -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0, name="layers", seed=1)
    source = net.population(n_in, neuro.SpikeSourceArray([]), label="source")
    first = net.population(hidden, neuro.LIF(tau_m=5.0, reset="subtract"), label="hidden")
    last = net.population(out, neuro.LIF(tau_m=5.0, reset="subtract"), label="out")
    dense = neuro.DenseConnector()
    rng = np.random.default_rng(0)
    for pre, post, label in ((source, first, "in"), (first, last, "read")):
        weight = rng.normal(0, 0.5, (pre.size, post.size))
        net.projection(pre, post, dense, neuro.StaticSynapse(weight=weight), label=label)
    return net.build()


def spikes(steps: int = 20, batch: int = 5, size: int = 12) -> torch.Tensor:
    return (
        torch.rand(steps, batch, size, generator=torch.Generator().manual_seed(0)) < 0.2
    ).float()


def test_a_batch_is_its_samples_one_by_one() -> None:
    module, given = neuro.to_torch(two_layers()), spikes()
    whole = module(given).spikes["out"]
    for sample in range(5):
        alone = module(given[:, sample : sample + 1]).spikes["out"]
        assert torch.equal(alone[:, 0], whole[:, sample])


def test_training_learns_and_the_trained_network_gives_the_modules_spikes() -> None:
    module, given = neuro.to_torch(two_layers(), surrogate="atan"), spikes()
    labels = torch.tensor([0, 1, 2, 0, 1])
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        counts = module(given).spikes["out"].sum(0)
        loss = torch.nn.functional.cross_entropy(counts, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    expected = module(given[:, :1]).spikes["out"][:, 0].nonzero()
    step, index = given[:, 0].nonzero(as_tuple=True)
    for backend in ("reference", "c"):
        recording = neuro.simulate(
            module.to_network(), steps=20, inputs={"source": (step, index)}, backend=backend
        )
        found = recording.spikes["out"]
        assert found.step.tolist() == expected[:, 0].tolist()
        assert found.index.tolist() == expected[:, 1].tolist()


def test_going_on_from_a_state_is_the_same_run() -> None:
    module, given = neuro.to_torch(two_layers()), spikes()
    whole = module(given)
    first = module(given[:7])
    second = module(given[7:], first.state.detach())
    both = torch.cat([first.spikes["out"], second.spikes["out"]])
    assert torch.equal(both, whole.spikes["out"])
    assert second.state.step == 20


def test_untrained_it_gives_the_network_back_unchanged() -> None:
    network = two_layers()
    single = neuro.to_torch(network).to_network()
    for old, new in zip(network.projections, single.projections, strict=True):
        assert np.array_equal(np.float32(old.weight), np.float32(new.weight))
    assert neuro.to_torch(network, train=False).to_network() == network


def test_a_detached_reset_changes_gradients_only() -> None:
    given, found = spikes(), {}
    for detach in (True, False):
        module = neuro.to_torch(two_layers(), detach_reset=detach)
        output = module(given)
        output.spikes["out"].sum().backward()
        found[detach] = (output.spikes["out"], module.values.raw("in.weight").grad)
    assert torch.equal(found[True][0], found[False][0])
    assert not torch.equal(found[True][1], found[False][1])


def test_magnitudes_stay_magnitudes() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="m")
    source = net.population(2, neuro.SpikeSourceArray([]), label="source")
    cells = net.population(2, neuro.IF_cond_exp(), label="cells")
    net.projection(source, cells, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=0.01))
    module = neuro.to_torch(net.build())
    (parameter,) = module.parameters()
    with torch.no_grad():
        parameter -= 100
    module.clamp_()
    assert (parameter >= 0).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m(torch.zeros(5, 12)), ParameterError, "Axis 0 is time"),
        (lambda m: m(torch.zeros(5, 2, 11)), ParameterError, "12 cells of 'source'"),
        (lambda m: m({"sorce": torch.zeros(5, 2, 12)}), UnknownNameError, "source"),
        (lambda m: m(), ParameterError, "how many steps"),
        (lambda m: m(torch.zeros(5, 2, 12), m.rest(3)), ParameterError, "3 samples"),
    ],
)
def test_bad_input(call: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(neuro.to_torch(two_layers()))  # type: ignore[operator]


def test_bad_requests() -> None:
    with pytest.raises(ParameterError, match=r"hiden\.weight"):
        neuro.to_torch(two_layers(), train=["hiden.weight"])
    with pytest.raises(ParameterError, match="fast_sigmoid"):
        neuro.to_torch(two_layers(), surrogate="fastsigmoid")
    with pytest.raises(UnsupportedError, match="fixed point"):
        neuro.to_torch(replace(two_layers(), format=neuro.fixed_point(15, 16)))
