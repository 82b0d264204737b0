"""How the spikes of a network changed when its numbers did."""

from __future__ import annotations

from dataclasses import dataclass

from neuro.recording.data import SpikeData


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeChange:
    """How the spikes of one source changed.

    Attributes
    ----------
    source
        Its name.
    before, after
        Number of spikes in the run before and in the run after.
    changed
        How many spikes are in one of the runs only.
    """

    source: str
    before: int
    after: int
    changed: int


def spike_change(source: str, before: SpikeData, after: SpikeData) -> SpikeChange:
    """Compare the spikes of one source in two runs.

    Parameters
    ----------
    source
        Its name.
    before, after
        Its spikes in both runs.
    """
    old, new = (set(zip(s.step.tolist(), s.index.tolist(), strict=True)) for s in (before, after))
    return SpikeChange(source=source, before=len(old), after=len(new), changed=len(old ^ new))
