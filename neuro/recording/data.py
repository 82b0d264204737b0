"""What a run leaves behind: flat arrays and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import unknown_name
from neuro.recording.provenance import Provenance
from neuro.units import parse_unit

if TYPE_CHECKING:
    import neo

    from neuro.recording.plot import Plots

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SpikeData:
    """Spikes of one source, sorted by step, then index.

    Attributes
    ----------
    step, index
        Step and cell of each spike; int64, one length.
    size
        Number of cells of the source.
    """

    step: Integers
    index: Integers
    size: int

    def __len__(self) -> int:
        return len(self.step)

    def times(self, dt: float) -> NDArray[np.float64]:
        """Times of the spikes in ms, for a step of `dt` seconds."""
        return np.asarray(self.step * (dt * 1000.0), np.float64)

    def at(self, step: int) -> set[int]:
        """The cells that spike in `step`."""
        first, last = np.searchsorted(self.step, [step, step + 1])
        return {int(cell) for cell in self.index[first:last]}

    def counts(self) -> Integers:
        """Number of spikes of each cell; shape (size,)."""
        return np.bincount(self.index, minlength=self.size).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class TraceData:
    """Samples of one variable.

    Attributes
    ----------
    step
        Steps of the samples; int64, shape (k,).
    values
        In SI units; shape (k, n).
    index
        Cells (or synapses) that the columns belong to; int64, shape (n,).
    unit
        Unit for display, such as ``"mV"``.
    """

    step: Integers
    values: NDArray[Any]
    index: Integers
    unit: str = "1"

    def in_unit(self) -> NDArray[np.float64]:
        """The values in `unit`."""
        return np.asarray(parse_unit(self.unit).from_si(self.values.astype(np.float64)))


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Spikes and samples of a run, with its provenance.

    Attributes
    ----------
    spikes
        By source: ``recording.spikes["E"].step`` and ``.index``.
    traces
        By population (or projection) and variable: ``recording.traces["E"]["v"].values``.
    first_step, steps
        Where the recording starts and how many steps it covers.
    provenance
        What ran, where, and with which seed and versions.
    """

    spikes: Mapping[str, SpikeData]
    traces: Mapping[str, Mapping[str, TraceData]] = field(default_factory=dict)
    first_step: int = 0
    steps: int = 0
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def dt(self) -> float:
        """Length of a step in seconds."""
        return self.provenance.dt

    @property
    def duration(self) -> float:
        """Length of the recording in ms."""
        return self.steps * self.dt * 1000.0

    def rate(self, source: str) -> float:
        """Mean firing rate of `source` in Hz."""
        data = self.spike_data(source)
        seconds = self.steps * self.dt
        return len(data) / data.size / seconds if seconds else 0.0

    def spike_data(self, source: str) -> SpikeData:
        """The spikes of `source`.

        Raises
        ------
        UnknownNameError
            If they were not recorded.
        """
        if source not in self.spikes:
            raise unknown_name(source, self.spikes, kind="recorded source", where="recording")
        return self.spikes[source]

    def trace_data(self, target: str, variable: str) -> TraceData:
        """The samples of `variable` of `target`.

        Raises
        ------
        UnknownNameError
            If they were not recorded.
        """
        if target not in self.traces:
            raise unknown_name(target, self.traces, kind="recorded target", where="recording")
        variables = self.traces[target]
        if variable not in variables:
            raise unknown_name(variable, variables, kind="recorded variable", where=target)
        return variables[variable]

    def save(self, path: str | Path) -> Path:
        """Write the recording as HDF5; the file appears whole or not at all."""
        from neuro.recording.hdf5 import save_recording

        return save_recording(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Recording:
        """Read a recording, also one whose run was killed (up to its last flush).

        Raises
        ------
        FileFormatError
            If the file is no recording, is truncated, or has a newer schema.
        """
        from neuro.recording.hdf5 import load_recording

        return load_recording(Path(path))

    def to_neo(self) -> neo.Block:
        """The recording as a Neo block: one spike train per cell, one signal per variable.

        Raises
        ------
        UnavailableError
            If neo is not installed.
        """
        from neuro.recording.neo import to_neo

        return to_neo(self)

    @property
    def plot(self) -> Plots:
        """Figures of the recording: ``recording.plot.raster(ax=None)`` and friends."""
        from neuro.recording.plot import Plots

        return Plots(self)
