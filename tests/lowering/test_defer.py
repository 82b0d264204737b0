"""Updates that wait for the next presynaptic spike give the bits of those done at once."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.lowering.edges import EPOCH_STEPS, SHELF


def weights(network: neuro.Network, steps: int, *, defer: bool, threads: int = 1) -> np.ndarray:
    options = {"defer": defer, "threads": threads}
    with neuro.Session(network, backend="c", options=options) as session:
        session.run(steps)
        return session.read("synapses")


def network(pre: list[int], rate: float, size: int) -> neuro.Network:
    """One cell that spikes in the steps `pre`, onto cells driven by noise of `rate`."""
    net = neuro.NetworkBuilder(dt=1.0, seed=2)
    source = net.population(1, neuro.SpikeSourceArray([pre]), label="source")
    noise = net.population(size, neuro.SpikeSourcePoisson(rate=rate), label="noise")
    cells = net.population(size, neuro.LIF(tau_m=1e-3, v_thresh=100.0), label="cells")
    drive = neuro.StaticSynapse(weight=1e3)
    net.projection(noise, cells, neuro.OneToOneConnector(), drive)
    rule = neuro.PairSTDP(weight=0.5, A_plus=0.003, A_minus=0.002, tau_plus=2e4, tau_minus=50.0)
    net.projection(source, cells, neuro.AllToAllConnector(), rule, label="synapses")
    cells.record("spikes")
    return net.build()


@pytest.mark.parametrize("threads", [1, 2])
def test_across_epochs_and_long_silence(threads: int) -> None:
    pre = [3, 50, EPOCH_STEPS - 1, EPOCH_STEPS, EPOCH_STEPS + 1, 2 * EPOCH_STEPS + 7]
    case = network(pre, rate=1.0, size=130)
    steps = 2 * EPOCH_STEPS + 500
    at_once = weights(case, steps, defer=False)
    assert len(set(at_once.tolist())) > 20
    np.testing.assert_array_equal(weights(case, steps, defer=True, threads=threads), at_once)


def test_with_more_spikes_than_there_are_places_for() -> None:
    size, steps = 40, 3000
    spikes = 0.6 * size * steps
    assert spikes > 6 * (SHELF * size + 1024), "the shelf must overflow"
    case = network([2, steps - 10], rate=1000.0, size=size)
    at_once = weights(case, steps, defer=False)
    assert (at_once != 0.5).all()
    np.testing.assert_array_equal(weights(case, steps, defer=True), at_once)
