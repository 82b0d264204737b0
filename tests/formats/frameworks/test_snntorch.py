"""Networks built in snnTorch give snnTorch's own spikes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from tests.formats.frameworks.oracle import (
    BACKENDS,
    compare,
    equal,
    ours_of,
    round_trip,
    same_membranes,
)
from tests.formats.frameworks.torch_nets import doubled, events, torch

nets = pytest.importorskip("tests.formats.frameworks.snntorch_nets")
snn = pytest.importorskip("snntorch")


def checked(net: Any, shape: tuple[int, ...], seed: int = 0) -> int:
    values = events(seed, shape)

    def in_double() -> Any:
        other = doubled(net)
        return neuro.from_snntorch(other, shape), nets.run(other, values)

    model = neuro.from_snntorch(net, shape)
    round_trip(model)
    theirs = nets.watch(net, values)
    if seed % 2:
        same_membranes(model, values, theirs.membranes)
    return compare(model, values, theirs.spikes, in_double)


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_give_their_own_spikes(seed: int) -> None:
    net, shape = nets.network(seed)
    assert checked(net, shape, seed) > 20


def small(seed: int = 1) -> Any:
    n = nets.Numbers(seed)
    neurons = [snn.Leaky(0.9, init_hidden=True), snn.Synaptic(0.5, 0.8, init_hidden=True)]
    return torch.nn.Sequential(n.linear(3, 6), neurons[0], n.linear(6, 4), neurons[1]).eval()


def test_numbers_may_come_in() -> None:
    net = small()
    values = np.round(np.random.default_rng(0).normal(0, 64, (40, 3))) / 64
    theirs = nets.run(net, values.astype(np.float32))
    model = neuro.from_snntorch(net, (3,), inputs="values")
    for backend in BACKENDS:
        assert equal(ours_of(model, values, theirs, backend), theirs)


def test_a_model_in_double_precision_stays_so() -> None:
    net = doubled(small(2))
    values = events(0, (3,))
    theirs = nets.run(net, values)
    model = neuro.from_snntorch(net, (3,))
    assert model.network.format == neuro.FLOAT64
    for backend in BACKENDS:
        assert equal(ours_of(model, values, theirs, backend), theirs)


def test_a_membrane_that_stays_above_its_threshold_is_reset_again() -> None:
    """With reset_delay=False, what snnTorch does to inputs much larger than the threshold."""
    lif = snn.Leaky(0.9, init_hidden=True, reset_delay=False)
    net = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), lif)
    with torch.no_grad():
        net[0].weight.fill_(2.75)
    values = np.float32([[1], [0], [0], [0], [1], [1], [0], [0]])
    theirs = nets.run(net, values)
    assert 3 < theirs["1"].sum() < 8
    assert equal(ours_of(neuro.from_snntorch(net, (1,)), values, theirs, "reference"), theirs)


def test_other_readers_get_snntorch_s_conventions(tmp_path: Path) -> None:
    """Without the sidecar, by the profile of the same name: the default reset of snnTorch."""
    net = small()
    model = neuro.from_snntorch(net, (3,))
    neuro.to_nir(model, tmp_path / "net.nir")
    assert neuro.from_nir(tmp_path / "net.nir").network == model.network
    plain = neuro.from_nir(tmp_path / "net.nir", profile="snntorch")
    values = events(0, (3,))
    theirs = nets.run(net, values)
    for name, spikes in theirs.items():
        like = {model.names[name]: spikes}
        assert equal(ours_of(plain, values, like, "reference"), like)


def test_decays_of_one_and_zero_are_exact() -> None:
    alpha, beta = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 1.0, 0.0])
    neurons = snn.Synaptic(alpha, beta, init_hidden=True)
    net = torch.nn.Sequential(nets.Numbers(1).linear(2, 3), neurons)
    assert checked(net, (2,)) > 0
    written = neuro.to_nir(neuro.from_snntorch(net, (2,)))
    assert [loss for loss in written.losses if "decay of exactly 1" in loss.what]


@pytest.mark.parametrize("seed", range(6))
def test_sums_in_another_order_are_traced(seed: int) -> None:
    """Thresholds are set to what sums come to in torch, so that the last bit decides."""
    linear = torch.nn.Linear(24, 8, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(np.random.default_rng(seed).normal(0, 1, (8, 24))))
        values = events(seed, (24,), 20)
        met = linear(torch.tensor(values[3])[None])[0].abs()
    threshold = torch.nextafter(met, torch.zeros(8)) if seed % 2 else met
    lif = snn.Leaky(0.0, threshold=threshold, init_hidden=True, reset_mechanism="none")
    net = torch.nn.Sequential(linear, lif)

    def in_double() -> Any:
        other = doubled(net)
        return neuro.from_snntorch(other, (24,)), nets.run(other, values)

    model = neuro.from_snntorch(net, (24,))
    assert compare(model, values, nets.run(net, values), in_double, ("reference",)) > 0
