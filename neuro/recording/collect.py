"""Sinks: where an engine puts what it records, in memory or on disk."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuro.ir.network import Network, Population, Probe
from neuro.ir.resolve import connections
from neuro.ir.synapse import WEIGHT
from neuro.recording.data import Integers, SpikeData, TraceData


class Sink(Protocol):
    """Takes what engines record, in the order of steps."""

    def add_spikes(self, source: str, step: Integers, index: Integers) -> None:
        """Take spikes of `source`, sorted by step, then index."""
        ...

    def add_samples(self, target: str, variable: str, step: Integers, values: NDArray[Any]) -> None:
        """Take samples of a variable; shapes (k,) and (k, n)."""
        ...


class MemorySink:
    """Keeps everything in memory, in chunks that are joined at the end."""

    def __init__(self) -> None:
        self._spikes: dict[str, list[tuple[Integers, Integers]]] = {}
        self._samples: dict[tuple[str, str], list[tuple[Integers, NDArray[Any]]]] = {}

    def add_spikes(self, source: str, step: Integers, index: Integers) -> None:
        """Take spikes of `source`."""
        self._spikes.setdefault(source, []).append((step, index))

    def add_samples(self, target: str, variable: str, step: Integers, values: NDArray[Any]) -> None:
        """Take samples of a variable."""
        self._samples.setdefault((target, variable), []).append((step, values))

    def spike_data(self, source: str, size: int) -> SpikeData:
        """All spikes of `source` so far."""
        parts = self._spikes.get(source, [])
        empty = np.empty(0, np.int64)
        step, index = (np.concatenate([empty, *(part[k] for part in parts)]) for k in (0, 1))
        return SpikeData(step.astype(np.int64), index.astype(np.int64), size)

    def trace_data(self, plan: SamplePlan) -> TraceData:
        """All samples of a variable so far."""
        parts = self._samples.get((plan.target, plan.variable), [])
        step = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
        empty = np.empty((0, len(plan.index)), plan.dtype)
        values = np.concatenate([part[1] for part in parts]) if parts else empty
        return TraceData(step.astype(np.int64), values, plan.index, plan.unit)


class SamplePlan:
    """What a state probe samples.

    Attributes
    ----------
    target, variable, every
        As in the probe.
    index
        Cells or synapses, all of them if the probe names none.
    unit
        Unit for display.
    of_synapses
        True if the target is a projection.
    dtype
        Type of the samples.
    """

    __slots__ = ("dtype", "every", "index", "of_synapses", "target", "unit", "variable")

    def __init__(self, network: Network, probe: Probe, seed: int) -> None:
        source = network.sources.get(probe.target)
        self.target, self.variable, self.every = probe.target, probe.variable, probe.every
        self.of_synapses = source is None
        self.dtype = np.float32 if network.format.kind == "float32" else np.float64
        if isinstance(source, Population):
            count = source.size
            units = {variable.name: variable.unit for variable in source.cell.state}
        else:
            projection = network.projection(probe.target)
            count = connections(network, projection, seed).stored
            unit = _port_unit(network, projection.post, projection.port)
            units = {v.name: v.unit for v in projection.synapse.state} | {WEIGHT: "weight"}
            units = {name: unit if u == "weight" else u for name, u in units.items()}
        self.unit = units[probe.variable]
        self.index = np.arange(count) if probe.index is None else np.asarray(probe.index, np.int64)


def recorded_sources(network: Network) -> list[str]:
    """Sources whose spikes are recorded: those with a probe, or all if there is no probe at all."""
    if not network.probes:
        return [name for name, s in network.sources.items() if _can_spike(s)]
    return [probe.target for probe in network.probes if probe.variable == "spikes"]


def sample_plans(network: Network, seed: int) -> list[SamplePlan]:
    """The state probes of `network`."""
    return [
        SamplePlan(network, probe, seed) for probe in network.probes if probe.variable != "spikes"
    ]


def _can_spike(source: Any) -> bool:
    return not isinstance(source, Population) or source.cell.spike is not None


def _port_unit(network: Network, population: str, port: str) -> str:
    cell = network.population(population).cell
    return next(item.unit for item in cell.ports if item.name == port)
