"""Join recordings that follow one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from neuro.errors import ParameterError
from neuro.recording.data import Recording, SpikeData, TraceData


def join(recordings: Sequence[Recording]) -> Recording:
    """One recording from several of the same session, in order.

    Raises
    ------
    ParameterError
        If there are none, they are of different networks, or one does not start where the last one
        ended.
    """
    if not recordings:
        raise ParameterError("there are no recordings.", where="join")
    first, last = recordings[0], recordings[-1]
    if len({recording.provenance.network_hash for recording in recordings}) > 1:
        raise ParameterError("the recordings are of different networks.", where="join")
    for earlier, later in pairwise(recordings):
        if earlier.first_step + earlier.steps != later.first_step:
            raise ParameterError(
                f"one ends at step {earlier.first_step + earlier.steps}, "
                f"the next starts at step {later.first_step}.",
                where="join",
            )
    return replace(
        first,
        spikes={name: _spikes([r.spikes[name] for r in recordings]) for name in first.spikes},
        traces={
            target: {
                name: _trace([r.traces[target][name] for r in recordings]) for name in variables
            }
            for target, variables in first.traces.items()
        },
        steps=sum(recording.steps for recording in recordings),
        provenance=last.provenance,
    )


def _spikes(parts: Sequence[SpikeData]) -> SpikeData:
    step = np.concatenate([part.step for part in parts])
    index = np.concatenate([part.index for part in parts])
    return SpikeData(step, index, parts[0].size)


def _trace(parts: Sequence[TraceData]) -> TraceData:
    step = np.concatenate([part.step for part in parts])
    values = np.concatenate([part.values for part in parts])
    return replace(parts[0], step=step, values=values)
