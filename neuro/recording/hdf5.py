"""Recordings as HDF5 files.

Layout: ``/spikes/SOURCE/{step,index}``, ``/traces/TARGET/VARIABLE/{step,values,index}``, and
``/progress``, the number of steps covered.  Attributes hold the kind, the schema version and the
provenance as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neuro.errors import FileFormatError
from neuro.files import replacing
from neuro.recording.data import Recording, SpikeData, TraceData
from neuro.recording.provenance import Provenance

KIND = "neuro-recording"
SCHEMA = 1


def save_recording(recording: Recording, path: Path) -> Path:
    """Write `recording` to `path`, whole or not at all."""
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        write_header(file, recording.provenance, recording.first_step)
        file["progress"] = np.array([recording.steps], np.int64)
        for name, data in recording.spikes.items():
            group = file.create_group(f"spikes/{name}")
            group.attrs["size"] = data.size
            group.create_dataset("step", data=data.step, compression="gzip")
            group.create_dataset("index", data=data.index.astype(np.int32), compression="gzip")
        for target, variables in recording.traces.items():
            for variable, trace in variables.items():
                group = file.create_group(f"traces/{target}/{variable}")
                group.attrs["unit"] = trace.unit
                group["step"], group["index"] = trace.step, trace.index
                group.create_dataset("values", data=trace.values, compression="gzip")
    return path


def write_header(file: h5py.File, provenance: Provenance, first_step: int) -> None:
    """Mark `file` as a recording."""
    file.attrs["kind"] = KIND
    file.attrs["schema"] = SCHEMA
    file.attrs["first_step"] = first_step
    file.attrs["provenance"] = provenance.to_json()


def load_recording(path: Path) -> Recording:
    """Read a recording; see `Recording.load`."""
    with open_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        first, steps = int(file.attrs["first_step"]), int(file["progress"][0])
        end = first + steps
        return Recording(
            spikes={name: _spikes(group, end) for name, group in file.get("spikes", {}).items()},
            traces={
                target: {name: _trace(group, end) for name, group in variables.items()}
                for target, variables in file.get("traces", {}).items()
            },
            first_step=first,
            steps=steps,
            provenance=Provenance.from_json(file.attrs["provenance"]),
        )


def _spikes(group: Any, end: int) -> SpikeData:
    """Spikes before step `end`: a killed run may have flushed a little more of one array."""
    count = min(len(group["step"]), len(group["index"]))
    step = group["step"][:count]
    count = int(np.searchsorted(step, end))
    index = group["index"][:count].astype(np.int64)
    return SpikeData(step[:count].astype(np.int64), index, int(group.attrs["size"]))


def _trace(group: Any, end: int) -> TraceData:
    count = min(len(group["step"]), len(group["values"]))
    step = group["step"][:count]
    count = int(np.searchsorted(step, end))
    return TraceData(
        step[:count].astype(np.int64),
        group["values"][:count],
        group["index"][:],
        group.attrs["unit"],
    )


@contextmanager
def open_hdf5(path: Path, *, kind: str, schema: int) -> Iterator[h5py.File]:
    """Open one of our files for reading, also one that a killed process was writing.

    Raises
    ------
    FileFormatError
        If it is missing, no HDF5, truncated, of another kind, or of a newer schema.
    """
    file = _open(path)
    try:
        _check_header(file, path, kind, schema)
        yield file
    except (KeyError, OSError) as error:
        raise FileFormatError(
            f"is damaged: {error}.", where=str(path), hint="Restore it from a copy, or run again."
        ) from error
    finally:
        file.close()


def _open(path: Path) -> h5py.File:
    if not path.exists():
        raise FileFormatError("does not exist.", where=str(path))
    try:
        return h5py.File(path, "r")
    except OSError as first:
        try:
            return h5py.File(path, "r", libver="latest", swmr=True)
        except (OSError, ValueError):
            raise FileFormatError(
                f"is not a complete HDF5 file ({first}).",
                where=str(path),
                hint="It may be truncated; copy it again or run again.",
            ) from first


def _check_header(file: h5py.File, path: Path, kind: str, schema: int) -> None:
    found = file.attrs.get("kind")
    if found != kind:
        raise FileFormatError(
            f"holds {found or 'something unknown'}, not a {kind}.", where=str(path)
        )
    version = int(file.attrs["schema"])
    if version > schema:
        raise FileFormatError(
            f"has schema {version}; this version reads up to {schema}.",
            where=str(path),
            hint="Install a newer neuro-spiking.",
        )
