"""Recordings as Neo blocks, the field's exchange objects for analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuro.errors import UnavailableError
from neuro.recording.data import Recording, SpikeData, TraceData

if TYPE_CHECKING:
    import neo


def to_neo(recording: Recording) -> neo.Block:
    """One segment with a spike train per cell and a signal per recorded variable.

    Spike trains carry ``source`` and ``index`` as annotations; signals ``target``, ``variable`` and
    the array annotation ``index``.  Times are in ms.

    Raises
    ------
    UnavailableError
        If neo is not installed.
    """
    try:
        import neo
        import quantities
    except ImportError as error:
        raise UnavailableError(
            "neo is not installed.", where="to_neo", hint="pip install 'neuro-spiking[neo]'."
        ) from error
    block = neo.Block(name=recording.provenance.network, **_annotations(recording))
    segment = neo.Segment(name="run")
    block.segments.append(segment)
    start = recording.first_step * recording.dt * 1000
    stop = start + recording.duration
    for source, spikes in recording.spikes.items():
        for cell, times in enumerate(_times_by_cell(spikes, recording.dt)):
            train = neo.SpikeTrain(
                times, units="ms", t_start=start, t_stop=stop, source=source, index=cell
            )
            segment.spiketrains.append(train)
    for target, variables in recording.traces.items():
        for variable, trace in variables.items():
            signal = _signal(neo, quantities, recording, trace)
            signal.annotate(target=target, variable=variable)
            signal.name = f"{target}.{variable}"
            segment.analogsignals.append(signal)
    return block


def _annotations(recording: Recording) -> dict[str, Any]:
    provenance = recording.provenance
    return {
        "backend": provenance.backend,
        "device": provenance.device,
        "seed": provenance.seed,
        "dt_ms": recording.dt * 1000,
        "network_hash": provenance.network_hash,
    }


def _times_by_cell(spikes: SpikeData, dt: float) -> list[Any]:
    import numpy as np

    order = np.argsort(spikes.index, kind="stable")
    edges = np.cumsum(np.bincount(spikes.index, minlength=spikes.size))[:-1]
    return np.split(spikes.times(dt)[order], edges)


def _signal(neo: Any, quantities: Any, recording: Recording, trace: TraceData) -> Any:
    interval = float(trace.step[1] - trace.step[0]) if len(trace.step) > 1 else 1.0
    unit = "dimensionless" if trace.unit in ("1", "weight") else trace.unit
    start = float(trace.step[0]) if len(trace.step) else float(recording.first_step)
    return neo.AnalogSignal(
        trace.in_unit(),
        units=getattr(quantities, unit, unit),
        t_start=start * recording.dt * 1000 * quantities.ms,
        sampling_period=interval * recording.dt * 1000 * quantities.ms,
        array_annotations={"index": trace.index},
    )
