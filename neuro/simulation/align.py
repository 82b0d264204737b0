"""Recordings counted in the steps of another framework, which runs all layers within one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neuro.recording.data import Recording, SpikeData, TraceData


def aligned(recording: Recording, latency: Mapping[str, int], steps: int) -> Recording:
    """`recording` with the latency of each source taken off.

    Parameters
    ----------
    recording
        Of a run from step 0.
    latency
        By source: how many steps later it runs; 0 where nothing is said.
    steps
        How many steps to keep.
    """
    return replace(
        recording,
        spikes={n: _shift(d, latency.get(n, 0), steps) for n, d in recording.spikes.items()},
        traces={
            name: {v: _shift_trace(d, latency.get(name, 0), steps) for v, d in found.items()}
            for name, found in recording.traces.items()
        },
        steps=steps,
    )


def _shift(data: SpikeData, latency: int, steps: int) -> SpikeData:
    first, last = np.searchsorted(data.step, [latency, latency + steps])
    return SpikeData(data.step[first:last] - latency, data.index[first:last], data.size)


def _shift_trace(data: TraceData, latency: int, steps: int) -> TraceData:
    inside = (data.step >= latency) & (data.step < latency + steps)
    return replace(data, step=data.step[inside] - latency, values=data.values[inside])
