"""Norse itself: small random networks written by its exporter give its own spikes.

Norse 1.1.0 writes ``dt / tau_mem_inv``, so its exporter is told a step of 1, which gives seconds.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import neuro

pytest.importorskip("norse")
pytest.importorskip("nirtorch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import norse.torch as norse
    import torch

STEPS, DT = 40, 1e-3


def dyadic(rng: np.random.Generator, *shape: int) -> Any:
    return torch.tensor(rng.integers(-20, 60, shape) / 16, dtype=torch.float32)


def cell(kind: str, n: int, rng: np.random.Generator) -> Any:
    """Threshold and time constants of their own; tau is a power of two of a step."""
    inverse = torch.tensor(1 / DT / 2.0 ** rng.integers(1, 5, n), dtype=torch.float32)
    threshold = torch.tensor(rng.integers(4, 20, n) / 16, dtype=torch.float32)
    zero = torch.zeros(n)
    if kind == "box":
        p = norse.LIFBoxParameters(tau_mem_inv=inverse, v_th=threshold, v_leak=zero, v_reset=zero)
        return norse.LIFBoxCell(p=p, dt=DT)
    p = norse.LIFParameters(
        tau_mem_inv=inverse,
        tau_syn_inv=torch.full((n,), 1 / DT / 4),
        v_th=threshold,
        v_leak=zero,
        v_reset=zero,
    )
    return norse.LIFCell(p=p, dt=DT)


def network(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    kind = ("box", "cuba")[seed % 2]
    layers = [torch.nn.Linear(4, 6), cell(kind, 6, rng), torch.nn.Linear(6, 3), cell(kind, 3, rng)]
    with torch.no_grad():
        for layer in (layers[0], layers[2]):
            layer.weight.copy_(dyadic(rng, *layer.weight.shape))
            layer.bias.copy_(dyadic(rng, *layer.bias.shape) / 4)
    return norse.SequentialState(*layers)


@pytest.mark.parametrize("seed", range(12))
def test_feed_forward_networks_give_their_own_spikes(seed: int) -> None:
    net = network(seed)
    values = (np.random.default_rng(seed).random((STEPS, 4)) < 0.3).astype(np.float32)
    theirs, state = [], None
    with torch.no_grad():
        for row in values:
            out, state = net(torch.tensor(row[None]), state)
            theirs.append(out.numpy()[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = norse.to_nir(net, torch.zeros(4), dt=1.0)
    model = neuro.from_nir(graph, profile="norse", dt=DT)
    found = model.simulate(values, backend="reference").spikes[next(iter(model.outputs.values()))]
    ours = np.zeros((STEPS, 3))
    ours[found.step, found.index] = 1
    np.testing.assert_array_equal(ours, np.array(theirs))
    assert ours.sum() > 0
