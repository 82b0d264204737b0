"""Lava's environment for tests: made once, from the package index; and networks to run in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.backends.lava.environment import Environment, make_environment
from neuro.errors import UnavailableError
from neuro.ir.network import Network


@pytest.fixture(scope="session")
def lava(_own_cache: None) -> Environment:
    """Lava's environment in the cache of this test run; skips where it cannot be made."""
    try:
        return make_environment()
    except UnavailableError as error:
        pytest.skip(f"Lava's environment cannot be made here: {error}")


def random_network(
    seed: int, *, sparse: bool, format: Any = None
) -> tuple[Network, dict[str, Any]]:
    """Two recurrent populations, a generator, currents, many delays; and input for 150 steps."""
    random = np.random.default_rng(seed)
    made = neuro.NetworkBuilder(
        dt=1.0, name=f"random-{seed}", format=format or neuro.fixed_point(31, 0), seed=seed
    )
    source = made.population(10, neuro.SpikeSourceArray(), label="source")
    noise = made.population(5, neuro.SpikeSourcePoisson(rate=100.0), label="noise")
    bias = random.integers(-20, 60, 20).astype(float)
    first = made.population(
        20, neuro.LoihiLIF(du=400, dv=200, vth=300, bias_mant=bias, bias_exp=2), label="first"
    )
    second = made.population(15, neuro.LoihiLIF(du=3000, vth=200), label="second")
    alone = neuro.LoihiLIF(du=4095, dv=100, vth=50, bias_mant=1000)
    made.population(3, alone, label="alone")
    full = 0.2 if sparse else 0.9
    for pre, post, longest in ((source, first, 7), (first, second, 63), (second, first, 2)):
        pairs = np.argwhere(random.random((pre.size, post.size)) < full)
        pairs = np.concatenate([pairs, pairs[:3]])  # some pairs have two synapses
        count = len(pairs)
        synapse = neuro.StaticSynapse(
            weight=2.0 * random.integers(-40, 60, count),
            delay=random.integers(1, longest + 1, count).astype(float),
        )
        made.projection(pre, post, neuro.FromListConnector(pairs.tolist()), synapse)
    inhibition = neuro.StaticSynapse(weight=-255.0, delay=3.0, dendritic_delay_fraction=0.34)
    made.projection(noise, second, neuro.AllToAllConnector(), inhibition)
    strong = neuro.StaticSynapse(weight=255.0 * 128)
    made.projection(noise, first, neuro.FixedProbabilityConnector(0.1), strong)
    made.inject(neuro.StepCurrentSource([10.0, 40.0], [30.0, -10.0]), first, port="input")
    events = np.nonzero(random.random((150, 10)) < 0.2)
    return made.build(), {"source": events}
