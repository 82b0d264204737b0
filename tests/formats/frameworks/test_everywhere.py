"""A network of another framework gives that framework's spikes on the other engines, and as firmware."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import neuro
from tests.formats.frameworks.oracle import equal, ours_of
from tests.formats.frameworks.torch_nets import events

SEEDS = {"snntorch": 27, "norse": 22}
"""Convolutions and pooling; a reset by subtraction, and one to a value with a leak."""


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize(
    ("backend", "options"), [("numba", {}), ("cortex-m", {"board": "stm32f405"})]
)
def test_spikes_are_the_framework_s(name: str, backend: str, options: dict[str, Any]) -> None:
    pytest.importorskip(name)
    nets = importlib.import_module(f"tests.formats.frameworks.{name}_nets")
    net, shape = nets.network(SEEDS[name])
    values = events(0, shape, 20)
    theirs = nets.run(net, values)
    model = neuro.from_module(net, shape)
    assert equal(ours_of(model, values, theirs, backend, **options), theirs)
    assert all(spikes.any() for spikes in theirs.values())
