"""Networks of snnTorch's cells go back to snnTorch, and train there as they train here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError, UnsupportedError
from tests.formats.frameworks.oracle import compare, equal, ours_of
from tests.formats.frameworks.torch_nets import doubled, events, torch

nets = pytest.importorskip("tests.formats.frameworks.snntorch_nets")
snn = pytest.importorskip("snntorch")


def neurons(net: Any) -> list[Any]:
    return [m for m in net.modules() if nets.is_neuron(m)]


@pytest.mark.parametrize("seed", range(30))
def test_there_and_back_is_the_same_network(seed: int) -> None:
    net, shape = nets.network(seed)
    model = neuro.from_snntorch(net, shape)
    other = neuro.to_snntorch(model).eval()
    again = neuro.from_snntorch(other, shape)
    for before, after in zip(model.network.populations, again.network.populations, strict=True):
        assert before.cell == after.cell
        assert {k: np.float32(v).tolist() for k, v in before.parameters.items()} == {
            k: np.float32(v).tolist() for k, v in after.parameters.items()
        }
    for old, new in zip(model.network.projections, again.network.projections, strict=True):
        assert np.float32(old.weight).tobytes() == np.float32(new.weight).tobytes()
        assert old.delay == new.delay
    for layer, copied in zip(neurons(net), neurons(other), strict=True):
        assert type(layer) is type(copied)
        assert layer.reset_mechanism == copied.reset_mechanism
        if layer.reset_mechanism != "none":
            assert getattr(layer, "reset_delay", True) == getattr(copied, "reset_delay", True)


@pytest.mark.parametrize("seed", range(30))
def test_the_module_gives_the_networks_spikes(seed: int) -> None:
    net, shape = nets.network(seed)
    other = neuro.to_snntorch(neuro.from_snntorch(net, shape)).eval()
    values = events(seed, shape)

    def in_double() -> Any:
        double = doubled(other)
        return neuro.from_snntorch(double, shape), nets.run(double, values)

    theirs = nets.run(other, values)
    assert compare(neuro.from_snntorch(other, shape), values, theirs, in_double) > 20


def small(kind: str = "RLeaky", **more: Any) -> Any:
    torch.manual_seed(0)  # of weights among recurrent cells
    n = nets.Numbers(1)
    decays = {"Synaptic": (0.6, 0.9), "Alpha": (0.9, 0.7)}.get(kind, (0.9,))
    loop = {"linear_features": 6} if kind == "RLeaky" else {}
    late = {} if kind == "Alpha" else {k: v for k, v in more.items() if k == "reset_delay"}
    more = {"init_hidden": True, **{k: v for k, v in more.items() if k != "reset_delay"}}
    layers = [
        n.linear(3, 6),
        getattr(snn, kind)(*decays, **loop, **late, **more),
        n.linear(6, 4),
        snn.Leaky(0.75, output=True, **late, **more),
    ]
    return torch.nn.Sequential(*layers)


def test_a_network_without_the_shape_of_its_input_takes_rows() -> None:
    net, shape = nets.network(24)
    model = neuro.from_snntorch(net, shape)
    other = neuro.to_snntorch(model.network).eval()
    values = events(3, shape)
    flat = values.reshape(len(values), -1)
    for here, there in zip(
        nets.run(net, values).values(), nets.run(other, flat).values(), strict=True
    ):
        np.testing.assert_array_equal(here, there)


def test_numbers_may_come_in() -> None:
    other = neuro.to_snntorch(neuro.from_snntorch(small().eval(), (3,), inputs="values"))
    values = np.round(np.random.default_rng(0).normal(0, 64, (30, 3))).astype(np.float32) / 64
    theirs = nets.run(other, values)
    again = neuro.from_snntorch(other, (3,), inputs="values")
    assert equal(ours_of(again, values, theirs, "c"), theirs)


def test_double_precision_is_refused() -> None:
    model = neuro.from_snntorch(doubled(small()), (3,))
    with pytest.raises(UnsupportedError, match="computes in float64"):
        neuro.to_snntorch(model)


def test_what_is_learnt_is_a_parameter() -> None:
    other = neuro.to_snntorch(neuro.from_snntorch(small(), (3,)), learn=["beta", "threshold"])
    names = {name for name, _ in other.named_parameters()}
    assert {"1.beta", "1.threshold", "3.beta", "3.threshold"} <= names
    with pytest.raises(ParameterError, match="'gain'"):
        neuro.to_snntorch(neuro.from_snntorch(small(), (3,)), learn=["gain"])


# The same training ---------------------------------------------------------------------------


def problem() -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 4
    chance = torch.full((20, 24, 3), 0.2)
    for sample, label in enumerate(labels):
        chance[:, sample, label % 3] += 0.3 + 0.2 * (label // 3)
    return (torch.rand(chance.shape, generator=generator) < chance).float(), labels


@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("kind", ["Leaky", "RLeaky", "Synaptic", "Alpha"])
def test_snntorchs_loop_and_ours_give_the_same_losses(kind: str, reset: str, delayed: bool) -> None:
    from snntorch import functional, surrogate, utils

    from neuro.training import losses

    gradient = surrogate.fast_sigmoid(slope=5)
    theirs = small(kind, spike_grad=gradient, reset_mechanism=reset, reset_delay=delayed)
    model = neuro.from_snntorch(theirs, (3,))
    module = neuro.to_torch(model.network, train=["*.weight", "*.value"], surrogate=gradient)
    spikes, labels = problem()

    def snntorch_loop() -> Any:
        utils.reset(theirs)
        out = torch.stack([theirs(step)[0] for step in spikes])
        return functional.ce_rate_loss()(out, labels)

    name = model.network.populations[-1].name
    padded = torch.cat([spikes, torch.zeros(model.lag, *spikes.shape[1:])])

    def our_loop() -> Any:
        output = module(padded)
        late = {name: output.spikes[name][model.lag :]}
        return losses.spike_rate(name)(neuro_output(late), labels)

    curves = np.array([trained(theirs, snntorch_loop), trained(module, our_loop)])
    apart = np.abs(curves[1] / curves[0] - 1)  # sums in another order may flip a spike some time
    assert apart[:5].max() < 1e-5
    assert np.median(apart) < 1e-4
    assert apart.max() < 0.02
    assert np.ptp(curves[0]) > 0.005 * curves[0][0]
    back = neuro.to_snntorch(model.with_network(module.to_network()))
    for mine, their in zip(back.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, their, rtol=0.05, atol=0.02)


def neuro_output(spikes: Any) -> Any:
    from neuro.backends.torch.module import Output

    return Output(spikes=spikes, variables={}, state=None)  # type: ignore[arg-type]


def trained(module: Any, loss_of: Any, steps: int = 12) -> list[float]:
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    found = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_of()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


# What snnTorch cannot say --------------------------------------------------------------------


def built(**cell: Any) -> neuro.NetworkBuilder:
    net = neuro.NetworkBuilder(dt=1.0, name="net")
    source = net.population(3, neuro.SpikeSourceArray(), label="source")
    out = net.population(3, neuro.LIF(**cell), label="out")
    net.projection(source, out, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=1.0))
    return net


def test_other_cells_are_named() -> None:
    with pytest.raises(UnsupportedError, match=r"population 'out'.*no cell with the step of"):
        neuro.to_snntorch(built().build())


def test_what_is_no_chain_is_named() -> None:
    net = built()
    extra = net.population(2, neuro.SpikeSourceArray(), label="extra")
    out = net.population(2, neuro.LIF(), label="more")
    net.projection(extra, out, neuro.OneToOneConnector(), neuro.StaticSynapse(weight=1.0))
    with pytest.raises(UnsupportedError, match=r"2 inputs \(source, extra\)"):
        neuro.to_snntorch(net.build())


def test_a_bias_that_begins_early_is_refused() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), snn.Leaky(0.5, init_hidden=True))
    model = neuro.from_snntorch(net, (3,))
    first, bias = model.network.inputs
    early = replace(model.network, inputs=(first, replace(bias, step=np.array([0]))))
    with pytest.raises(UnsupportedError, match="begins in step 0"):
        neuro.to_snntorch(early)
