"""A small recording made by hand, and a comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro.recording.data import Recording, SpikeData, TraceData
from neuro.recording.provenance import Provenance

PROVENANCE = Provenance(network="net", network_hash="abc", backend="c", dt=0.001, seed=2**64 - 1)


def sample(first_step: int = 0, steps: int = 50) -> Recording:
    """Sources in an order that is not the alphabet's; two of three cells have a trace."""
    at = np.arange(first_step, first_step + steps)
    spikes = {
        "Z": SpikeData(at[::5], at[::5] % 4, 4),
        "A": SpikeData(at[[3, 3, 7]], np.array([0, 2, 1]), 3),
        "silent": SpikeData(at[:0], at[:0], 2),
    }
    v = np.stack([-0.065 + 1e-4 * at, -0.06 + 1e-4 * at], axis=1).astype(np.float32)
    g = (1e-6 * v[::10, :1]).astype(np.float64)
    traces = {
        "A": {
            "v": TraceData(at, v, np.array([0, 2]), "mV"),
            "g": TraceData(at[::10], g, np.array([1]), "uS"),
        }
    }
    return Recording(spikes, traces, first_step, steps, PROVENANCE)


def assert_same(one: Recording, other: Recording) -> None:
    """Both hold the same, in the same order and of the same types."""
    assert (one.first_step, one.steps) == (other.first_step, other.steps)
    assert list(one.spikes) == list(other.spikes)
    for name, spikes in one.spikes.items():
        assert spikes.size == other.spikes[name].size
        assert_equal(spikes.step, other.spikes[name].step)
        assert_equal(spikes.index, other.spikes[name].index)
    assert {t: list(v) for t, v in one.traces.items()} == {
        t: list(v) for t, v in other.traces.items()
    }
    for target, variables in one.traces.items():
        for variable, trace in variables.items():
            again = other.traces[target][variable]
            assert trace.unit == again.unit
            assert_equal(trace.step, again.step)
            assert_equal(trace.index, again.index)
            assert_equal(trace.values, again.values)


def assert_equal(one: np.ndarray, other: np.ndarray) -> None:
    """Equal values of one type and shape."""
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


def same_provenance(recording: Recording) -> Provenance:
    """The provenance without what differs from run to run."""
    return replace(recording.provenance, started="", wall={}, engine={}, reason="")
