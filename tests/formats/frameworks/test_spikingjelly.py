"""Networks built in SpikingJelly give SpikingJelly's own spikes."""

from __future__ import annotations

from typing import Any

import pytest

import neuro
from neuro.errors import UnsupportedError
from tests.formats.frameworks.oracle import compare, round_trip, same_membranes
from tests.formats.frameworks.torch_nets import doubled, events, torch

nets = pytest.importorskip("tests.formats.frameworks.spikingjelly_nets")
spikingjelly = pytest.importorskip("spikingjelly")


def checked(net: Any, shape: tuple[int, ...], seed: int = 0) -> int:
    values = events(seed, shape)

    def in_double() -> Any:
        other = doubled(net)
        return neuro.from_spikingjelly(other, shape), nets.run(other, values)

    model = neuro.from_spikingjelly(net, shape)
    round_trip(model)
    theirs = nets.watch(net, values)
    if seed % 2:
        same_membranes(model, values, theirs.membranes)
    return compare(model, values, theirs.spikes, in_double)


@pytest.mark.parametrize("seed", range(10))
def test_random_networks_give_their_own_spikes(seed: int) -> None:
    net, shape = nets.network(seed)
    assert checked(net, shape, seed) > 20


def test_what_has_no_counterpart_is_named() -> None:
    from spikingjelly.activation_based import layer, neuron, surrogate

    soft = neuron.IFNode(surrogate_function=surrogate.Sigmoid(spiking=False))
    with pytest.raises(UnsupportedError, match=r"layer '0': its surrogate .*spiking=True"):
        neuro.from_spikingjelly(torch.nn.Sequential(soft), (2,))
    net = torch.nn.Sequential(layer.Linear(2, 2), neuron.QIFNode())
    with pytest.raises(UnsupportedError, match=r"layer '1': .*QIFNode.*Supported: .*CUBALIFNode"):
        neuro.from_spikingjelly(net, (2,))
