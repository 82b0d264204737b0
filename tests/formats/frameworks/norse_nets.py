"""Small random networks built in Norse."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from numpy.typing import NDArray

from tests.formats.frameworks.torch_nets import Numbers, Watched, torch, watched

pytest.importorskip("norse")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import norse.torch as norse
    from norse.torch.functional.reset import reset_subtract, reset_value
    from norse.torch.module.snn import SNNCell, SNNRecurrentCell

KINDS = ("LIF", "LIFBox", "IAF")
RESETS = (reset_value, reset_subtract)


def cell(kind: str, seed: int, shape: tuple[int, ...], n: Numbers, dt: float) -> Any:
    """A neuron with numbers of its own for each cell."""
    threshold, reset = n.between(0.3, 1.2, shape), -n.between(0, 0.3, shape)
    if kind == "IAF":
        p = norse.IAFParameters(v_th=threshold * 3, v_reset=reset)
        return norse.IAFCell(p=p, dt=dt)
    given = {
        "tau_mem_inv": n.between(0.1, 0.9, shape) / dt,
        "v_leak": n.between(-0.2, 0.2, shape),
        "v_th": threshold,
        "v_reset": reset,
    }
    if kind == "LIFBox":
        p = norse.LIFBoxParameters(reset_method=RESETS[seed % 2], **given)
        return norse.LIFBoxCell(p=p, dt=dt)
    p = norse.LIFParameters(tau_syn_inv=n.between(0.2, 0.9, shape) / dt, **given)
    return norse.LIFCell(p=p, dt=dt)


def dense(seed: int, n: Numbers, dt: float) -> Any:
    kinds = [KINDS[(seed + k) % 3] for k in range(2)]
    return norse.SequentialState(
        n.linear(5, 7), cell(kinds[0], seed, (7,), n, dt), torch.nn.Dropout(0.5),
        n.linear(7, 4), cell(kinds[1], seed, (4,), n, dt),
    )  # fmt: skip


def recurrent(seed: int, n: Numbers, dt: float) -> Any:
    p = norse.LIFParameters(
        tau_syn_inv=torch.tensor(0.5 / dt),
        tau_mem_inv=n.between(0.2, 0.9, (6,)) / dt,
        v_th=n.between(0.3, 1.2, (6,)),
        v_reset=-n.between(0, 0.3, (6,)),
    )
    layer = norse.LIFRecurrentCell(5, 6, p=p, dt=dt, autapses=bool(seed % 2))
    n.filled(layer)
    with torch.no_grad():
        layer.recurrent_weights.mul_(0.25)
    return norse.SequentialState(layer, n.linear(6, 4), cell(KINDS[seed % 3], seed, (4,), n, dt))


def convolutional(seed: int, n: Numbers, dt: float) -> Any:
    pool = torch.nn.AvgPool2d(2) if seed % 2 else torch.nn.MaxPool2d(2)
    return norse.SequentialState(
        n.filled(torch.nn.Conv2d(2, 3, (3, 2), padding=(1, 0))),
        cell(KINDS[seed % 3], seed, (3, 6, 5), n, dt),
        pool, torch.nn.Flatten(), n.linear(18, 4),
        cell(KINDS[(seed + 1) % 3], seed, (4,), n, dt),
    )  # fmt: skip


def network(seed: int) -> tuple[Any, tuple[int, ...]]:
    """Network `seed` of 30, and the shape of its input."""
    n, dt = Numbers(seed), (1e-3, 5e-4)[seed % 2]
    make, shape = ((dense, (5,)), (recurrent, (5,)), (convolutional, (2, 6, 6)))[seed // 10]
    return make(seed, n, dt).eval(), shape


def watch(net: Any, values: NDArray[Any]) -> Watched:
    """What its neurons do."""

    def steps() -> None:
        state = None
        for row in torch.tensor(values).to(next(net.parameters()).dtype):
            _, state = net(row[None], state)

    return watched(net, is_neuron, steps, lambda module, out: out[1].v)


def is_neuron(module: Any) -> bool:
    return isinstance(module, SNNCell | SNNRecurrentCell)


def run(net: Any, values: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    """Its own spikes, by layer."""
    return watch(net, values).spikes
