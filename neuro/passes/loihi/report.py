"""What quantising to Loihi's format chose, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass

from neuro.ir.network import Network
from neuro.passes.spike_change import SpikeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class LoihiCells:
    """How a population is expressed.

    Attributes
    ----------
    population
        Its name.
    gain
        Steps of Loihi's membrane for each unit (SI) of the cell's own.
    du, dv, vth, bias_mant, bias_exp
        Parameters of `neuro.LoihiLIF`; the largest, where cells differ.
    refractory
        Refractory steps, likewise.
    """

    population: str
    gain: float
    du: int
    dv: int
    vth: int
    bias_mant: int
    bias_exp: int
    refractory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoihiSynapses:
    """How the weights of a projection are expressed.

    Attributes
    ----------
    projection
        Its name.
    exponent
        Exponent of its weights.
    largest
        The largest mantissa that a weight has or reaches, at most 255.
    error
        Largest change of a weight, as a part of the largest weight.
    lost
        How many weights other than zero became zero.
    clipped
        How many were too large.
    silent
        Parameters of its rule, in the weight's unit, that are too small and became zero.
    """

    projection: str
    exponent: int
    largest: int
    error: float
    lost: int
    clipped: int
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoihiReport:
    """What `to_loihi` chose, and how spikes changed in a run of `steps` steps.

    Attributes
    ----------
    dropped
        Probes of variables that Loihi's cells do not have, as ``population.variable``.
    """

    steps: int
    cells: tuple[LoihiCells, ...]
    synapses: tuple[LoihiSynapses, ...]
    spikes: tuple[SpikeChange, ...]
    dropped: tuple[str, ...]

    @property
    def changed(self) -> int:
        """How many spikes are in one of the runs only."""
        return sum(change.changed for change in self.spikes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoihiNetwork:
    """A network in Loihi's format, and how it came to be."""

    network: Network
    report: LoihiReport
