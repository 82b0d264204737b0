"""Recordings as HDF5 files.

Layout: ``/spikes/SOURCE/{step,index}``, ``/traces/TARGET/VARIABLE/{step,values,index}``,
``/progress``, the number of steps covered, and ``/provenance``, JSON in UTF-8.  Attributes hold the
kind, the schema version and the first step.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, NeuroError
from neuro.files import replacing
from neuro.recording.data import Recording, SpikeData, TraceData
from neuro.recording.provenance import Provenance

KIND = "neuro-recording"
SCHEMA = 1
LIBVER = ("v110", "v110")
"""The oldest format that can be read while it is written; HDF5 1.10 and later read it."""
_PAGE = 4096


@contextmanager
def new_hdf5(path: Path, *, kind: str, schema: int) -> Iterator[h5py.File]:
    """An empty HDF5 file to fill; it appears at `path`, whole or not at all.

    It is built in memory: the HDF5 library crashes the process when the disk is full.

    Raises
    ------
    StorageError
        If writing fails; what was at `path` before is still there.
    """
    image = io.BytesIO()
    with h5py.File(image, "w", libver=LIBVER, track_order=True) as file:
        file.attrs["kind"] = kind
        file.attrs["schema"] = schema
        yield file
    with replacing(path) as beside:
        beside.write_bytes(image.getbuffer())


def save_recording(recording: Recording, path: Path) -> Path:
    """Write `recording` to `path`, whole or not at all."""
    with new_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        write_header(file, recording.provenance, recording.first_step, recording.steps)
        for name, data in recording.spikes.items():
            group = new_group(file, "spikes", name)
            group.attrs["size"] = data.size
            group.create_dataset("step", data=data.step, compression="gzip")
            group.create_dataset("index", data=data.index.astype(np.int32), compression="gzip")
        for target, variables in recording.traces.items():
            for variable, trace in variables.items():
                group = new_group(file, "traces", target, variable)
                group.attrs["unit"] = trace.unit
                group["step"], group["index"] = trace.step, trace.index
                group.create_dataset("values", data=trace.values, compression="gzip")
    return path


def new_group(file: h5py.File, *path: str) -> h5py.Group:
    """The group at `path`, made where it is missing; groups list their members as they came."""
    group = file
    for name in path:
        group = group[name] if name in group else group.create_group(name, track_order=True)
    return group


def write_header(file: h5py.File, provenance: Provenance, first_step: int, steps: int) -> None:
    """What a recording is about."""
    file.attrs["first_step"] = first_step
    file["progress"] = np.array([steps], np.int64)
    file["provenance"] = provenance_bytes(provenance)


def provenance_bytes(provenance: Provenance, room: int = 0) -> NDArray[np.uint8]:
    """JSON, padded with blanks to `room` bytes, or so that a longer one can take its place."""
    text = provenance.to_json().encode()
    room = room or -(-2 * len(text) // _PAGE) * _PAGE
    return np.frombuffer(text.ljust(room), np.uint8)


def load_recording(path: Path, *, before: int | None = None) -> Recording:
    """Read a recording, or what it holds from before a step; see `Recording.load`."""
    with open_hdf5(path, kind=KIND, schema=SCHEMA) as file:
        first = int(file.attrs["first_step"])
        end = first + int(file["progress"][0])
        end = end if before is None else min(end, before)
        return Recording(
            spikes={name: _spikes(group, end) for name, group in file.get("spikes", {}).items()},
            traces={
                target: {name: _trace(group, end) for name, group in variables.items()}
                for target, variables in file.get("traces", {}).items()
            },
            first_step=first,
            steps=end - first,
            provenance=Provenance.from_json(file["provenance"][()].tobytes().decode()),
        )


def _spikes(group: Any, end: int) -> SpikeData:
    """Spikes before step `end`: a killed run may have flushed a little more of one array."""
    count = rows_before(group, "index", end)
    step = group["step"][:count].astype(np.int64)
    return SpikeData(step, group["index"][:count].astype(np.int64), int(group.attrs["size"]))


def _trace(group: Any, end: int) -> TraceData:
    count = rows_before(group, "values", end)
    step = group["step"][:count].astype(np.int64)
    return TraceData(step, group["values"][:count], group["index"][:], group.attrs["unit"])


def rows_before(group: Any, values: str, end: int) -> int:
    """How many rows of a group are from before step `end`; reads only a few of them."""
    return bisect_left(group["step"], end, hi=min(len(group["step"]), len(group[values])))


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
    except NeuroError:
        raise
    except (KeyError, OSError, RuntimeError, ValueError) as error:
        raise FileFormatError(
            f"is damaged: {error}.", where=str(path), hint="Restore it from a copy, or run again."
        ) from error
    finally:
        file.close()


def _open(path: Path) -> h5py.File:
    if not path.exists():
        raise FileFormatError("does not exist.", where=str(path), hint="Check the path.")
    try:
        return h5py.File(path, "r")
    except OSError as first:
        try:
            if _is_being_written(path):
                return h5py.File(path, "r", libver=LIBVER, swmr=True)
        except (OSError, ValueError):
            pass
        raise FileFormatError(
            f"is not a complete HDF5 file ({first}).",
            where=str(path),
            hint="It may be truncated; copy it again or run again.",
        ) from first


def _is_being_written(path: Path) -> bool:
    """True if the header says that a process is writing, and the file is as long as it says.

    In a file that was cut off, the HDF5 library would wait for the missing part for ever.
    """
    with path.open("rb") as file:
        head = file.read(36)
    writing = head[8:9] == b"\x03" and bool(head[11] & 4)
    return writing and path.stat().st_size >= int.from_bytes(head[28:36], "little")


def _check_header(file: h5py.File, path: Path, kind: str, schema: int) -> None:
    found = file.attrs.get("kind")
    if found != kind:
        raise FileFormatError(
            f"holds {found or 'something unknown'}, not a {kind}.",
            where=str(path),
            hint="Check the path, or read it with the function for its kind.",
        )
    version = int(file.attrs["schema"])
    if version > schema:
        raise FileFormatError(
            f"has schema {version}; this version reads up to {schema}.",
            where=str(path),
            hint="Install a newer neuro-spiking.",
        )
