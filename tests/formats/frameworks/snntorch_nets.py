"""Small random networks built in snnTorch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from numpy.typing import NDArray

from tests.formats.frameworks.torch_nets import Numbers, Watched, torch, watched

pytest.importorskip("snntorch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import snntorch as snn
    from snntorch._neurons.neurons import SpikingNeuron

RESETS = ("subtract", "zero", "none")
FORWARD = ("Leaky", "Synaptic", "Alpha", "Lapicque")


def neuron(kind: str, seed: int, shape: tuple[int, ...], n: Numbers, **more: Any) -> Any:
    """A neuron with numbers of its own for each cell; sometimes it never leaks, or at once."""
    decay = n.between(0.5, 0.98, shape)
    if seed % 5 == 0:
        decay.view(-1)[0], decay.view(-1)[-1] = 1.0, 0.0
    given = {
        "threshold": n.between(0.4, 1.5, shape),
        "reset_mechanism": RESETS[seed % 3],
        "init_hidden": True,
        "learn_threshold": bool(seed % 2),
        **more,
    }
    if kind == "Lapicque":
        circuit = {"R": 2.0, "C": 1.7} if seed % 2 else {"beta": 0.8}
        return snn.Lapicque(**circuit, **given)
    if kind == "Alpha":
        return snn.Alpha(n.between(0.8, 0.95, shape), n.between(0.4, 0.7, shape), **given)
    given["reset_delay"] = bool(seed // 3 % 2) or kind == "RSynaptic"
    if kind == "Leaky":
        factor = n.between(0.5, 2, shape) if seed % 4 == 3 else 1.0
        return snn.Leaky(decay, learn_beta=True, **{"graded_spikes_factor": factor, **given})
    if kind == "RLeaky":
        return n_filled(snn.RLeaky(decay, **given), n)
    alpha = n.between(0.3, 0.9, shape)
    if kind == "Synaptic":
        return snn.Synaptic(alpha, decay, learn_alpha=True, **given)
    return n_filled(snn.RSynaptic(alpha, decay, **given), n)


def n_filled(layer: Any, n: Numbers) -> Any:
    """Random recurrent weights, smaller than those between layers."""
    if layer.all_to_all:
        n.filled(layer.recurrent)
        with torch.no_grad():
            layer.recurrent.weight.mul_(0.25)
    return layer


def dense(seed: int, n: Numbers) -> Any:
    kinds = [FORWARD[(seed + k) % 4] for k in range(3)]
    inner = torch.nn.Sequential(
        n.linear(7, 6), torch.nn.Dropout(0.5), neuron(kinds[1], seed, (6,), n)
    )
    first = [n.linear(5, 7)]
    if seed % 4 == 0:
        first.append(n.normalised(torch.nn.BatchNorm1d(7)))
    return torch.nn.Sequential(
        *first,
        neuron(kinds[0], seed, (7,), n),
        inner,
        n.linear(6, 4),
        neuron(kinds[2], seed, (4,), n),
    )


def recurrent(seed: int, n: Numbers) -> Any:
    kind = ("RLeaky", "RSynaptic")[seed % 2]
    loop: dict[str, Any] = {"linear_features": 6}
    if seed % 4 >= 2:
        loop = {"all_to_all": False, "V": n.weights(6) if seed % 8 >= 4 else 0.3}
    return torch.nn.Sequential(
        n.linear(5, 6),
        neuron(kind, seed, (6,), n, **loop),
        n.linear(6, 4),
        neuron(kind, seed + 1, (4,), n, linear_features=4),
    )


def convolutional(seed: int, n: Numbers) -> Any:
    pool = (torch.nn.AvgPool2d(2), torch.nn.MaxPool2d(2), torch.nn.LPPool2d(1, 2))[seed % 3]
    loop = {"conv2d_channels": 3, "kernel_size": 3}
    first = neuron("Leaky", seed, (3, 1, 1), n, graded_spikes_factor=1.0) if seed % 2 else None
    layers = [n.filled(torch.nn.Conv2d(2, 3, (3, 2), padding=(1, 0)))]
    if seed % 2 == 0:
        layers.append(n.normalised(torch.nn.BatchNorm2d(3)))
    return torch.nn.Sequential(
        *layers,
        first or neuron("RLeaky", seed, (3, 6, 5), n, **loop),
        pool,
        torch.nn.Flatten(),
        n.linear(18, 4),
        neuron("Synaptic", seed, (4,), n),
    )


def network(seed: int) -> tuple[Any, tuple[int, ...]]:
    """Network `seed` of 30, and the shape of its input."""
    n = Numbers(seed)
    make, shape = ((dense, (5,)), (recurrent, (5,)), (convolutional, (2, 6, 6)))[seed // 10]
    return make(seed, n).eval(), shape


def reset(net: Any) -> None:
    for module in net.modules():
        if hasattr(module, "reset_mem"):
            module.reset_mem()


def watch(net: Any, values: NDArray[Any]) -> Watched:
    """What its neurons do."""
    reset(net)
    rows = torch.tensor(values).to(next(net.parameters()).dtype)
    return watched(net, is_neuron, lambda: [net(r[None]) for r in rows])


def is_neuron(module: Any) -> bool:
    return isinstance(module, SpikingNeuron)


def run(net: Any, values: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    """Its own spikes, by layer."""
    return watch(net, values).spikes
