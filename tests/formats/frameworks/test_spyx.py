"""Networks built in Spyx give Spyx's own spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuro
from neuro.errors import UnsupportedError
from tests.formats.frameworks.oracle import equal, ours_of, round_trip

nets = pytest.importorskip("tests.formats.frameworks.spyx_nets")


def events(seed: int, shape: tuple[int, ...]) -> Any:
    return (np.random.default_rng(seed).random((30, *shape)) < 0.4).astype(np.float32)


@pytest.mark.parametrize("seed", range(10))
def test_random_networks_give_their_own_spikes(seed: int) -> None:
    """Their weights are multiples of 1/64, so no sum depends on its order."""
    net, shape = nets.network(seed)
    values = events(seed, shape)
    theirs = nets.run(net, values)
    model = neuro.from_spyx(net, shape)
    round_trip(model)
    for backend in ("reference", "c"):
        ours = ours_of(model, values, theirs, backend)
        assert equal(ours, theirs), backend
    assert sum(spikes.sum() for spikes in theirs.values()) > 20


def test_what_has_no_counterpart_is_named() -> None:
    net = nets.nn.Sequential(nets.cell("IF", (2,), np.random.default_rng(0)), nets.nnx.relu)
    with pytest.raises(UnsupportedError, match="layer 'layer_1'"):
        neuro.from_module(net, (2,))
    cell = nets.nn.PSU_LIF((2,), rngs=nets.nnx.Rngs(0))
    with pytest.raises(UnsupportedError, match=r"PSU_LIF: it sums all steps at once.*CuBaLIF"):
        neuro.from_spyx(nets.nn.Sequential(cell), (2,))
