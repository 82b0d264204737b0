"""SpikeSourcePoisson: its probability of a spike, its window, and independence."""

from __future__ import annotations

from typing import Any

import numpy as np

import neuro


def spikes(size: int, steps: int, seed: int = 1, dt: float = 1.0, **parameters: Any) -> np.ndarray:
    """Which cell spiked in which step; shape (steps, size)."""
    net = neuro.NetworkBuilder(dt=dt, seed=seed)
    net.population(size, neuro.SpikeSourcePoisson(**parameters), label="noise")
    found = neuro.simulate(net.build(), steps, backend="reference").spikes["noise"]
    table = np.zeros((steps, size), bool)
    table[found.step, found.index] = True
    assert table.sum() == len(found), "at most one spike a step"
    return table


def test_a_step_has_a_spike_with_the_probability_of_at_least_one_event() -> None:
    for rate, dt in [(50.0, 1.0), (900.0, 1.0), (400.0, 0.1)]:
        table = spikes(500, 200, rate=rate, dt=dt)
        p = 1 - np.exp(-rate * dt / 1000)
        deviation = np.sqrt(p * (1 - p) / table.size)
        assert abs(table.mean() - p) < 4 * deviation


def test_cells_and_steps_are_independent() -> None:
    table = spikes(200, 500, rate=300.0).astype(float)
    p = table.mean()
    variance = p * (1 - p)
    for a, b in [(table[:, 1:], table[:, :-1]), (table[1:], table[:-1])]:
        covariance = ((a - p) * (b - p)).mean()
        assert abs(covariance) < 4 * variance / np.sqrt(a.size)


def test_spikes_stay_within_start_and_duration() -> None:
    steps = np.flatnonzero(spikes(50, 40, rate=2000.0, start=10.0, duration=15.0).any(axis=1))
    assert steps.tolist() == list(range(10, 25))


def test_each_cell_may_have_a_rate_of_its_own() -> None:
    table = spikes(3, 1000, rate=np.array([0.0, 100.0, 1e6]))
    assert table[:, 0].sum() == 0
    assert 50 < table[:, 1].sum() < 150
    assert table[:, 2].all()


def test_the_seed_decides() -> None:
    first = spikes(20, 50, rate=200.0)
    assert np.array_equal(first, spikes(20, 50, rate=200.0))
    assert not np.array_equal(first, spikes(20, 50, rate=200.0, seed=2))
