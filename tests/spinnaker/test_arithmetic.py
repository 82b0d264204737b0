"""Weights in our network of SpiNNaker's arithmetic are those that sPyNNaker puts on the board."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neuro
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.ir.resolve import synapses
from tests.spinnaker.test_mapping import done, stdp_network

pytestmark = pytest.mark.skipif(bool(missing(SPINNAKER)), reason=missing(SPINNAKER))


def test_weights_equal_those_on_the_board() -> None:
    network = replace(stdp_network(200), seed=0)
    board = done(network, "spinn5", 100).mapped.weights
    made = neuro.to_spinnaker(network, steps=2, backend="reference").network
    assert set(board) == {"plastic", "near", "far"}
    for name, weights in board.items():
        ours = synapses(made, made.projection(name), 0).weight
        np.testing.assert_array_equal(np.broadcast_to(ours, weights.shape), np.abs(weights), name)
