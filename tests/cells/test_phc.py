"""PHC: the recurrence written out by hand; two scans in cascade give the same spikes."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

import neuro

STEPS = 200


def run(drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Potential and spikes of one cell in float64."""
    net = neuro.NetworkBuilder(dt=1.0, name="phc", format=neuro.FLOAT64)
    cell = net.population(1, neuro.PHC(a_exc=0.85, a_inh=0.7, r=0.6), label="cell")
    source = neuro.StepCurrentSource(times=list(range(STEPS)), amplitudes=drive.tolist())
    net.inject(source, cell, port="drive")
    cell.record(["spikes", "v"])
    recording = neuro.simulate(net.build(), STEPS, backend="reference")
    spikes = np.zeros(STEPS, bool)
    spikes[recording.spikes["cell"].step] = True
    return recording.traces["cell"]["v"].values[:, 0], spikes


def drive() -> np.ndarray:
    return np.random.default_rng(1).normal(0.35, 0.6, STEPS)


def test_the_recurrence_by_hand() -> None:
    given = drive()
    v, spikes = run(given)
    integral = adaptation = 0.0
    for step in range(STEPS):
        integral = 0.85 * integral + given[step]
        bounded = max(integral, -0.5)
        adaptation = 0.7 * adaptation + ((0.6 if bounded > 1 else 0.0) + 1e-8)
        assert v[step] == np.float64(bounded - adaptation)
        assert spikes[step] == (bounded - adaptation > 1)
    assert 5 < spikes.sum() < STEPS / 2


def test_two_scans_give_the_same() -> None:
    given = drive()
    v, spikes = run(given)
    integral = lfilter([1.0], [1.0, -0.85], given)
    bounded = np.maximum(integral, -0.5)
    adaptation = lfilter([1.0], [1.0, -0.7], 0.6 * (bounded > 1) + 1e-8)
    np.testing.assert_allclose(v, bounded - adaptation, atol=1e-12)
    np.testing.assert_array_equal(spikes, bounded - adaptation > 1)
