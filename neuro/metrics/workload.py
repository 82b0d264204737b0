"""What a run did: activation sparsity, synaptic operations, membrane updates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.ir.expressions.nodes import program_reads
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.resolve import synapses
from neuro.metrics.fan_out import AnyProjection, FanOut, fan_out, projections
from neuro.recording.data import Recording, TraceData

MEMBRANE = "v"
"""The state variable that counts as the membrane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Synaptic operations.

    Attributes
    ----------
    effective_macs
        Multiplications: inputs other than 0, 1 and -1 that meet a weight other than zero.
    effective_acs
        Additions: spikes that meet a weight other than zero.
    dense
        Operations of a machine that leaves out nothing.
    """

    effective_macs: float = 0.0
    effective_acs: float = 0.0
    dense: float = 0.0


def activation_sparsity(network: Network, recording: Recording) -> dict[str, float]:
    """By population that can spike, and for all (``""``): the share of cells and steps without one.

    Raises
    ------
    ParameterError
        If spikes are missing in the recording.
    """
    cells = [p for p in network.populations if p.cell.spike is not None]
    steps = recording.steps
    found = {p.name: (_spikes(network, recording, p.name, steps).sum(), p.size) for p in cells}
    shares = {name: _silent(count, size * steps) for name, (count, size) in found.items()}
    total = sum(size for _, size in found.values())
    return shares | {"": _silent(sum(count for count, _ in found.values()), total * steps)}


def _silent(active: float, places: int) -> float:
    return float(1 - active / places) if places else 0.0


def operations(
    network: Network, recording: Recording, latency: Mapping[str, int], seed: int
) -> Operations:
    """Synaptic operations of a run; what would arrive after its end is not counted.

    Raises
    ------
    ParameterError
        If spikes or values that are needed are missing in the recording.
    """
    macs = acs = dense = 0
    for item in projections(network):
        fan = fan_out(network, item, seed)
        if fan is None:
            continue
        within = _arriving(network, item, recording, latency, seed)
        add, multiply = _effective(network, item, recording, fan, within)
        macs, acs = macs + multiply, acs + add
        dense += fan.dense * recording.steps
    return Operations(effective_macs=macs, effective_acs=acs, dense=dense)


def _arriving(
    network: Network,
    item: AnyProjection,
    recording: Recording,
    latency: Mapping[str, int],
    seed: int,
) -> int:
    """How many of the recording's steps send something that arrives within it."""
    drawn = synapses(network, item, seed).delay if not isinstance(item.delay, int) else item.delay
    shift = latency.get(item.pre, 0) - latency.get(item.post, 0)
    least = int(np.min(drawn)) if np.size(drawn) else 1
    return max(0, recording.steps - max(0, least + shift))


def _effective(
    network: Network, item: AnyProjection, recording: Recording, fan: FanOut, steps: int
) -> tuple[int, int]:
    """Additions and multiplications of one projection."""
    if isinstance(item, Projection):
        return int(_spikes(network, recording, item.pre, steps) @ fan.effective), 0
    return _graded(recording, item, fan, steps)


def _spikes(network: Network, recording: Recording, source: str, steps: int) -> NDArray[np.int64]:
    """Spikes of each cell of `source` in the first `steps` steps of the recording."""
    data = recording.spikes.get(source)
    if data is None or _partial(network, source):
        raise _missing(source, "spikes")
    last = int(np.searchsorted(data.step, recording.first_step + steps))
    return np.bincount(data.index[:last], minlength=data.size).astype(np.int64)


def _graded(
    recording: Recording, item: GradedProjection, fan: FanOut, steps: int
) -> tuple[int, int]:
    """Values that are 0, 1 or -1 in a whole step need no multiplication."""
    values = _samples(recording, item.pre, item.variable).values[:steps]
    used = (values != 0).astype(np.int64) @ fan.effective
    plain = np.isin(values, (-1.0, 0.0, 1.0)).all(axis=1)
    return int(used[plain].sum()), int(used[~plain].sum())


def membrane_updates(network: Network, recording: Recording) -> int:
    """How often a membrane changed from one step to the next; in the first step all of them count.

    Membranes are the ``v`` of cells that remember it from step to step.

    Raises
    ------
    ParameterError
        If a membrane is missing in the recording.
    """
    return sum(_changes(recording, population) for population in membranes(network))


def membranes(network: Network) -> Iterator[Population]:
    """The populations that have a membrane."""
    for population in network.populations:
        cell = population.cell
        states = {variable.name for variable in cell.state}
        keeps = cell.spike is not None or MEMBRANE in program_reads(cell.update)
        if MEMBRANE in states and keeps:
            yield population


def _changes(recording: Recording, population: Population) -> int:
    values = _samples(recording, population.name, MEMBRANE).values
    if not len(values):
        return 0
    return population.size + int(np.count_nonzero(np.diff(values, axis=0)))


def _samples(recording: Recording, target: str, variable: str) -> TraceData:
    """All samples of a variable, in every step."""
    data = recording.traces.get(target, {}).get(variable)
    if data is None or len(data.step) != recording.steps:
        raise _missing(target, variable)
    return data


def _partial(network: Network, source: str) -> bool:
    """True if only some cells of `source` are recorded."""
    probes = [p for p in network.probes if (p.target, p.variable) == (source, "spikes")]
    return any(probe.index is not None for probe in probes)


def _missing(target: str, variable: str) -> ParameterError:
    return ParameterError(
        f"the recording lacks {variable!r} of {target!r}, or some of it.",
        where="metrics",
        hint="Run neuro.metrics.observed(model), which records what is needed.",
    )
