"""NIR's data files: spikes and sampled values of nodes, read onto a grid of steps and written.

The layout is that of ``nir.write_data`` in nir 1.0.8: nodes, each with named observables, which are
events (index and time in seconds) or samples on a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, NeuroError, ParameterError
from neuro.files import replacing
from neuro.formats.nir.heap import read_heaps
from neuro.formats.nir.read import BROKEN, check_memory
from neuro.recording.data import Recording, SpikeData, TraceData

Grid = NDArray[np.float64]


def read_input(path: Path, dt: float, steps: int | None = None) -> dict[str, Grid]:
    """Values of inputs by node, one row per step.

    Parameters
    ----------
    path
        A NIR data file (``.h5``, ``.hdf5``, ``.nir``), a table (``.csv``: one line per step, one
        column per cell), or an array (``.npy``).  The last two are for the only input, ``""``.
    dt
        Length of a step in seconds, onto which events are put.
    steps
        How many steps events fill; by default as many as the file says.

    Raises
    ------
    FileFormatError
        If the file is missing or malformed.
    """
    if not path.is_file():
        raise FileFormatError("does not exist.", where=str(path))
    if path.suffix in (".h5", ".hdf5", ".nir"):
        return read_nir_data(path, dt, steps)
    return {"": _table(path)}


def _table(path: Path) -> Grid:
    try:
        if path.suffix == ".npy":
            array = np.load(path, allow_pickle=False)
        else:
            array = np.loadtxt(path, delimiter=",", ndmin=2)
        return np.asarray(array, np.float64)
    except (ValueError, OSError, EOFError) as error:
        raise FileFormatError(
            f"is no table of numbers: {error}.",
            where=str(path),
            hint="One line per step, one column per cell.",
        ) from None


def read_nir_data(path: Path, dt: float, steps: int | None = None) -> dict[str, Grid]:
    """The first observable of each node, on a grid of steps.

    Raises
    ------
    FileFormatError
        If the file is no NIR data, or its values do not fit a grid of `dt`.
    """
    try:
        read_heaps(path)
        with h5py.File(path, "r") as file:
            if file.attrs.get("__type__") != "NIRGraphData":
                raise FileFormatError("is no NIR data (it may be a graph).", where=str(path))
            return {
                name: _grid(group, dt, steps, f"{path}, node {name!r}")
                for name, group in file["nodes"].items()
            }
    except BROKEN as error:
        if isinstance(error, NeuroError):
            raise
        raise FileFormatError(f"is no NIR data: {error}.", where=str(path)) from None


def _grid(group: h5py.Group, dt: float, steps: int | None, where: str) -> Grid:
    observables = list(group.get("observables", {}).values())
    if not observables:
        raise FileFormatError("has no observable.", where=where)
    kind = observables[0].attrs.get("__type__")
    if kind not in _READERS:
        raise FileFormatError(
            f"holds {kind!r}.", where=where, hint=f"Known: {', '.join(sorted(_READERS))}."
        )
    return _READERS[kind](observables[0], dt, steps, where)


def _read(group: h5py.Group, name: str, where: str) -> Any:
    """The numbers of a dataset, if they are finite and fit into memory."""
    item = group[name]
    numbers = item.dtype.kind in "fiub" and item.shape is not None
    check_memory(item.size * item.dtype.itemsize if numbers else 0, f"{where}, {name}")
    values = np.asarray(item[()] if numbers else np.nan)
    if not np.isfinite(values).all():
        raise FileFormatError(
            "holds something other than finite numbers.", where=f"{where}, {name}"
        )
    return values


def _samples(group: h5py.Group, dt: float, steps: int | None, where: str) -> Grid:
    """Samples of a grid with the same step; the first of several samples of a batch."""
    own, data = float(group.attrs["dt"]), np.asarray(_read(group, "data", where), np.float64)
    if data.ndim == 3 and len(data):
        data = data[0]
    if not abs(own - dt) <= 1e-6 * dt or data.ndim != 2:
        raise FileFormatError(
            f"has steps of {own:g} s and shape {data.shape}.",
            where=where,
            hint=f"Needed: steps of {dt:g} s, shape (samples, steps, neurons).",
        )
    return data if steps is None else data[:steps]


def _events(group: h5py.Group, dt: float, steps: int | None, where: str) -> Grid:
    """Events on the nearest step; several of one cell in a step add up."""
    index, time = (_read(group, name, where).reshape(-1) for name in ("idx", "time"))
    valued = _read(group, "value", where) if "value" in group else np.ones(len(index))
    value, size = np.asarray(valued, np.float64).reshape(-1), int(group.attrs["n_neurons"])
    if not len(index) == len(time) == len(value):
        raise FileFormatError("has not as many times or values as indices.", where=where)
    if ((index < 0) | (index >= size) | (index != np.floor(index)) | (time < 0)).any():
        raise FileFormatError(f"has events outside its {size} neurons.", where=where)
    count = steps if steps is not None else round(float(group.attrs["t_max"]) / dt)
    check_memory(max(0, count) * size * 8, where)
    step = np.floor(time.astype(np.float64) / dt + 0.5)
    inside = step < count
    grid = np.zeros((max(0, count), size))
    place = (step[inside].astype(np.int64), index[inside].astype(np.int64))
    np.add.at(grid, place, value[inside])
    return grid


_READERS: dict[str, Callable[[h5py.Group, float, int | None, str], Grid]] = {
    "TimeGriddedData": _samples,
    "EventData": _events,
    "ValuedEventData": _events,
}


def write_nir_data(recording: Recording, path: str | Path) -> Path:
    """Write a recording as NIR data: spikes as events, samples as a grid.

    Parameters
    ----------
    recording
        Any recording.
    path
        The file; it appears whole or not at all.

    Raises
    ------
    ParameterError
        If samples are not one per step.
    StorageError
        If writing fails.
    """
    target = Path(path)
    grids = dict(_grids(recording))
    with replacing(target) as beside, h5py.File(beside, "w") as file:
        file.attrs["__type__"] = "NIRGraphData"
        for name in dict.fromkeys([*recording.spikes, *recording.traces]):
            node = file.create_group(f"nodes/{name}")
            node.attrs["__type__"] = "NIRNodeData"
            if name in recording.spikes:
                _write_events(node, recording.spikes[name], recording)
            for variable, values in grids.get(name, {}).items():
                _write_samples(node, variable, values, recording.dt)
    return target


def _grids(recording: Recording) -> Iterator[tuple[str, Mapping[str, NDArray[Any]]]]:
    """Sampled values by population and variable."""
    for name, traces in recording.traces.items():
        yield name, {v: _whole(f"{name}.{v}", data) for v, data in traces.items()}


def _whole(where: str, data: TraceData) -> NDArray[Any]:
    if len(data.step) > 1 and (np.diff(data.step) != 1).any():
        raise ParameterError(
            "is not sampled in every step.", where=where, hint="Probe it with every=1."
        )
    return data.values


def _write_events(node: h5py.Group, data: SpikeData, recording: Recording) -> None:
    group = node.create_group("observables/spikes")
    group.attrs["__type__"] = "EventData"
    group.attrs["n_neurons"] = data.size
    group.attrs["t_max"] = recording.steps * recording.dt
    group.create_dataset("idx", data=data.index, compression="gzip")
    group.create_dataset("time", data=data.step * recording.dt, compression="gzip")


def _write_samples(node: h5py.Group, name: str, values: NDArray[Any], dt: float) -> None:
    group = node.create_group(f"observables/{name}")
    group.attrs["__type__"] = "TimeGriddedData"
    group.attrs["dt"] = dt
    group.create_dataset("data", data=values[None], compression="gzip")
