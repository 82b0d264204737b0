"""snnTorch itself: small random networks written by its NIR exporter give its own spikes.

Weights are multiples of 1/64, so that sums are exact in any order.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import neuro

pytest.importorskip("snntorch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import snntorch as snn
    import torch

STEPS = 40
RESETS = {"subtract": "subtract", "zero": "value", "none": "none"}
CELLS = ("Leaky", "Synaptic", "RLeaky", "RSynaptic")


def dyadic(rng: np.random.Generator, *shape: int) -> Any:
    return torch.tensor(rng.integers(-40, 80, shape) / 64, dtype=torch.float32)


def weighted(layer: Any, rng: np.random.Generator) -> Any:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(dyadic(rng, *parameter.shape))
    return layer


def neuron(kind: str, reset: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """A cell with random numbers of its own."""
    n = shape[0]
    beta, alpha, threshold = (
        torch.tensor(rng.uniform(low, high, shape), dtype=torch.float32)
        for low, high in ((0.6, 0.98), (0.6, 0.95), (0.5, 1.5))
    )
    given = {"threshold": threshold, "reset_mechanism": reset, "init_hidden": True}
    if kind == "Leaky":
        return snn.Leaky(beta, **given)
    if kind == "Synaptic":
        return snn.Synaptic(alpha, beta, **given)
    loop: dict[str, Any] = {"all_to_all": True, "linear_features": n}
    if rng.random() < 0.3:
        loop = {"all_to_all": False, "V": dyadic(rng, n)}
    made = (
        snn.RLeaky(beta, **loop, **given)
        if kind == "RLeaky"
        else snn.RSynaptic(alpha, beta, **loop, **given)
    )
    if loop["all_to_all"]:
        weighted(made.recurrent, rng)
    return made


def dense(seed: int) -> tuple[Any, tuple[int, ...]]:
    rng = np.random.default_rng(seed)
    reset, kind = list(RESETS)[seed % 3], CELLS[seed % 4]
    return torch.nn.Sequential(
        weighted(torch.nn.Linear(5, 7), rng),
        neuron(kind, reset, (7,), rng),
        weighted(torch.nn.Linear(7, 4, bias=bool(seed % 2)), rng),
        neuron(kind, reset, (4,), rng),
    ).eval(), (5,)


def run(net: Any, values: np.ndarray) -> dict[str, np.ndarray]:
    """Spikes of each cell, by name: shape (steps, cells)."""
    found: dict[str, list[np.ndarray]] = {}
    for name, module in net.named_children():
        if hasattr(module, "reset_mem"):
            module.reset_mem()
            module.register_forward_hook(
                lambda _, __, out, name=name: found.setdefault(name, []).append(
                    out.detach().numpy().reshape(-1).copy()
                )
            )
    with torch.no_grad():
        for row in values:
            net(torch.tensor(row[None], dtype=torch.float32))
    return {name: np.array(rows) for name, rows in found.items()}


def compare(net: Any, shape: tuple[int, ...], model: neuro.NIRModel, seed: int) -> None:
    values = (np.random.default_rng(seed).random((STEPS, *shape)) < 0.4).astype(float)
    theirs = run(net, values)
    found = model.simulate(values, backend="reference")
    for name, spikes in theirs.items():
        (population,) = {p for n, p in model.names.items() if n in (name, f"{name}.lif")}
        ours = np.zeros_like(spikes)
        ours[found.spikes[population].step, found.spikes[population].index] = 1
        np.testing.assert_array_equal(ours, spikes, err_msg=name)
    assert sum(spikes.sum() for spikes in theirs.values()) > 0


@pytest.mark.parametrize("seed", range(12))
def test_what_its_exporter_writes_gives_its_own_spikes(seed: int) -> None:
    """The file has lost the reset mode, so it is given."""
    pytest.importorskip("nirtorch")
    from snntorch.export_nir import export_to_nir

    net, shape = dense(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = export_to_nir(net, torch.zeros(1, *shape), ignore_dims=[0])
    model = neuro.from_nir(graph, profile="snntorch", reset=list(RESETS.values())[seed % 3])
    compare(net, shape, model, seed)
