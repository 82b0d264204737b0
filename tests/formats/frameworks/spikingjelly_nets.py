"""Small random networks built in SpikingJelly."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from numpy.typing import NDArray

from tests.formats.frameworks.torch_nets import Numbers, Watched, torch, watched

pytest.importorskip("spikingjelly")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.neuron.base_node import BaseNode

KINDS = ("IF", "LIF", "PLIF", "CUBALIF")


def cell(kind: str, seed: int, n: Numbers) -> Any:
    """A neuron with numbers of its own."""
    given = {
        "v_threshold": float(n.between(0.3, 0.9, ())),
        "v_reset": (0.0, None, -0.25)[seed % 3],
    }
    decays = bool(seed // 3 % 2)
    if kind == "LIF":
        return neuron.LIFNode(tau=1 + float(n.rng.uniform(0.2, 3)), decay_input=decays, **given)
    if kind == "PLIF":
        return neuron.ParametricLIFNode(init_tau=2.3, decay_input=decays, **given)
    return neuron.CUBALIFNode(0.4, 0.8, **given) if kind == "CUBALIF" else neuron.IFNode(**given)


def network(seed: int) -> tuple[Any, tuple[int, ...]]:
    """Network `seed` of 10, and the shape of its input."""
    n = Numbers(seed)
    first, last = (cell(KINDS[(seed + k) % 4], seed, n) for k in range(2))
    if seed < 6:
        net = torch.nn.Sequential(
            n.filled(layer.Linear(5, 7)),
            first,
            layer.Dropout(0.5),
            n.filled(layer.Linear(7, 4)),
            last,
        )
        shape: tuple[int, ...] = (5,)
    else:
        pool = layer.AvgPool2d(2) if seed % 2 else layer.MaxPool2d(2)
        conv = n.filled(layer.Conv2d(2, 3, (3, 2), padding=(1, 0)))
        if seed == 8:
            conv, pool = (layer.SeqToANNContainer(part) for part in (conv, pool))
        net = torch.nn.Sequential(
            conv, first, pool, layer.Flatten(), n.filled(layer.Linear(18, 4)), last
        )
        shape = (2, 6, 6)
    if seed % 2 == 0:
        functional.set_step_mode(net, "m")
    return net.eval(), shape


def watch(net: Any, values: NDArray[Any]) -> Watched:
    """What its neurons do, step by step or all steps at once; then there are no membranes."""
    functional.reset_net(net)
    rows = torch.tensor(values).to(next(net.parameters()).dtype)[:, None]
    many = any(getattr(module, "step_mode", "s") == "m" for module in net.modules())
    found = watched(
        net,
        lambda m: isinstance(m, BaseNode),
        lambda: net(rows) if many else [net(r) for r in rows],
        lambda module, out: module.v,
    )
    spikes = {name: array.reshape(len(rows), -1) for name, array in found.spikes.items()}
    return Watched(spikes, {} if many else found.membranes)


def run(net: Any, values: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    """Its own spikes, by layer."""
    return watch(net, values).spikes
