"""What quantising to SpiNNaker's arithmetic chose, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass

from neuro.ir.network import Network
from neuro.passes.spike_change import SpikeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiNNakerWeights:
    """How the weights of a projection are expressed.

    Attributes
    ----------
    projection
        Its name.
    shift
        Shift of the ring buffer that it ends on.
    step
        Step between weights, nA.
    largest
        The largest weight, or bound of a plastic one, in steps.
    error
        Largest change of a weight, as a part of the largest weight.
    lost
        How many weights other than zero became zero.
    clipped
        How many did not fit.
    """

    projection: str
    shift: int
    step: float
    largest: int
    error: float
    lost: int
    clipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiNNakerReport:
    """What `to_spinnaker` chose, and how spikes changed in a run of `steps` steps.

    Attributes
    ----------
    dropped
        Probes of variables that the board's cells do not have, as ``population.variable``.
    """

    steps: int
    weights: tuple[SpiNNakerWeights, ...]
    spikes: tuple[SpikeChange, ...]
    dropped: tuple[str, ...]

    @property
    def changed(self) -> int:
        """How many spikes are in one of the runs only."""
        return sum(change.changed for change in self.spikes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiNNakerNetwork:
    """A network in SpiNNaker's arithmetic, and how it came to be."""

    network: Network
    report: SpiNNakerReport
