"""Small random networks built in Spyx.

Run step by step, each operation on its own: under ``jax.jit``, XLA joins products and sums, which rounds once
where Spyx's code rounds twice.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("spyx")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jax.numpy as jnp
    from flax import nnx
    from spyx import nn

KINDS = ("LIF", "CuBaLIF", "ALIF", "IF", "RLIF", "RCuBaLIF", "RIF")


def randomised(layer: Any, rng: np.random.Generator) -> Any:
    """`layer` with weights of 1/64 and random decays."""
    for name, value in vars(layer).items():
        if not isinstance(value, nnx.Param):
            continue
        shape = value[...].shape
        if name in ("beta", "alpha", "gamma"):
            drawn = rng.uniform(0.5, 0.98, shape)
        else:
            low = 0.1 if name == "recurrent_w" else 0.35
            drawn = np.round(rng.normal(low, 0.7, shape) * 64) / 64
        value[...] = jnp.asarray(drawn, jnp.float32)
    return layer


def cell(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    threshold = float(rng.integers(40, 100) / 64)
    made = getattr(nn, kind)(shape, threshold=threshold, rngs=nnx.Rngs(0))
    return randomised(made, rng)


def linear(n_in: int, n_out: int, rng: np.random.Generator) -> Any:
    return randomised(nnx.Linear(n_in, n_out, rngs=nnx.Rngs(0)), rng)


def network(seed: int) -> tuple[Any, tuple[int, ...]]:
    """Network `seed` of 10, and the shape of its input with channels first."""
    rng = np.random.default_rng(seed)
    first, last = KINDS[seed % 7], KINDS[(seed + 1) % 7]
    if seed < 7:
        layers = [
            linear(5, 6, rng),
            cell(first, (6,), rng),
            linear(6, 4, rng),
            cell(last, (4,), rng),
        ]
        return nn.Sequential(*layers), (5,)
    kind = ("LIF", "IF")[seed % 2]
    conv = nnx.Conv(2, 3, (3, 2), padding="VALID", rngs=nnx.Rngs(0))
    layers = [
        randomised(conv, rng),
        cell(kind, (4, 5, 3), rng),
        nn.SumPool((2, 2), (2, 2), "VALID"),
        nn.Flatten(),
        linear(12, 4, rng),
        cell("LIF", (4,), rng),
    ]
    return nn.Sequential(*layers), (2, 6, 6)


def run(net: Any, values: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    """Its own spikes, by layer, channels first."""
    state = net.initial_state(1)
    found: dict[str, list[NDArray[Any]]] = {}
    for row in values:
        x = jnp.asarray(np.moveaxis(row, 0, -1)[None], jnp.float32)
        for number, layer in enumerate(net.layers):
            if state[number] is None:
                x = layer(x)
                continue
            x, state[number] = layer(x, state[number])
            shown = np.moveaxis(np.asarray(x[0]), -1, 0)
            found.setdefault(f"layer_{number}", []).append(shown.reshape(-1) != 0)
    return {name: np.array(rows) for name, rows in found.items()}
