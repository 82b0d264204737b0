"""A sink that appends to an HDF5 file while the run goes on, so memory stays flat.

The file is written in HDF5's single-writer mode: after a kill it can be read up to the last flush.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError
from neuro.files import storage_error
from neuro.recording.collect import SamplePlan
from neuro.recording.data import Integers
from neuro.recording.hdf5 import (
    KIND,
    LIBVER,
    SCHEMA,
    new_group,
    new_hdf5,
    open_hdf5,
    provenance_bytes,
    write_header,
)
from neuro.recording.provenance import Provenance

_CHUNK = 1 << 14
_SLACK = 1 << 16
"""Bytes of HDF5's own that one flush may add besides data."""


class StreamSink:
    """Appends spikes and samples to an HDF5 file.

    Parameters
    ----------
    path
        The file; what is there is replaced once the new one stands.
    sizes
        Number of cells of each recorded source.
    plans
        The state probes.
    provenance
        As known at the start; `finish` puts the final one in its place.
    first_step
        Where the recording starts.

    Raises
    ------
    StorageError
        If writing fails; what was flushed stays readable.
    """

    def __init__(
        self,
        path: Path,
        sizes: dict[str, int],
        plans: list[SamplePlan],
        provenance: Provenance,
        first_step: int = 0,
    ) -> None:
        self.path = path
        self._first = first_step
        self._pending: dict[str, list[NDArray[Any]]] = {}
        self.waiting = 0
        """Numbers that are not flushed yet."""
        with new_hdf5(path, kind=KIND, schema=SCHEMA) as file:
            write_header(file, provenance, first_step, steps=0)
            _add_datasets(file, sizes, plans)
        self._file = self._guarded(lambda: h5py.File(path, "r+", libver=LIBVER))
        self._file.swmr_mode = True

    def add_spikes(self, source: str, step: Integers, index: Integers) -> None:
        """Take spikes of `source`."""
        self._add(f"spikes/{source}/step", step)
        self._add(f"spikes/{source}/index", index)

    def add_samples(self, target: str, variable: str, step: Integers, values: NDArray[Any]) -> None:
        """Take samples of a variable."""
        self._add(f"traces/{target}/{variable}/values", values)
        self._add(f"traces/{target}/{variable}/step", step)

    def _add(self, dataset: str, values: NDArray[Any]) -> None:
        self._pending.setdefault(dataset, []).append(values)
        self.waiting += values.size

    def flush(self, step: int) -> None:
        """Write what is waiting; the file then covers everything before `step`."""
        self._guarded(lambda: self._flush(step))

    def _flush(self, step: int) -> None:
        self._append_pending()
        self._file["progress"][0] = step - self._first
        self._file["progress"].flush()

    def _append_pending(self) -> None:
        self._reserve()
        for name, parts in self._pending.items():
            dataset = self._file[name]
            first = len(dataset)
            dataset.resize(first + sum(map(len, parts)), axis=0)
            dataset[first:] = np.concatenate(parts)
            dataset.flush()
        self._pending.clear()
        self.waiting = 0

    def _reserve(self) -> None:
        """Claim room on the disk beforehand: HDF5 crashes the process when a write of it fails."""
        if not hasattr(os, "posix_fallocate"):
            return
        need = sum(
            _room(self._file[name], sum(map(len, parts))) for name, parts in self._pending.items()
        )
        handle, end = self._file.id.get_vfd_handle(), self._file.id.get_filesize()
        try:
            os.posix_fallocate(handle, end, need + _SLACK)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise

    def finish(self, step: int, provenance: Provenance) -> None:
        """Flush, write the final provenance and close the file."""
        self.flush(step)
        self._guarded(lambda: self._write_provenance(provenance))
        end = self._file.id.get_filesize()
        self._file.close()
        os.truncate(self.path, end)

    def _write_provenance(self, provenance: Provenance) -> None:
        dataset = self._file["provenance"]
        dataset[:] = provenance_bytes(provenance, room=len(dataset))
        dataset.flush()

    def abandon(self) -> None:
        """Close the file as it was at the last flush."""
        self._pending.clear()
        self._file.close()

    def adopt(self, earlier: Path, step: int) -> None:
        """Take over what the recording `earlier` holds from before `step`, chunk by chunk.

        Raises
        ------
        FileFormatError
            If it is no recording, or ends before `step`.
        """
        with open_hdf5(earlier, kind=KIND, schema=SCHEMA) as file:
            end = int(file.attrs["first_step"]) + int(file["progress"][0])
            if end < step:
                raise FileFormatError(
                    f"ends at step {end}, before the checkpoint, which stands at step {step}.",
                    where=str(earlier),
                    hint="Put the recording back that the checkpoint belongs to, or start afresh.",
                )
            for group in _groups(self._file):
                self._copy_before(file[group], group, step)
        self.flush(step)

    def _copy_before(self, source: h5py.Group, group: str, step: int) -> None:
        names = ("step", "index" if group.startswith("spikes") else "values")
        total = int(np.searchsorted(source["step"], step))
        for first in range(0, total, _CHUNK):
            for name in names:
                self._add(f"{group}/{name}", source[name][first : min(first + _CHUNK, total)])
            self._guarded(self._append_pending)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except (OSError, RuntimeError) as error:  # h5py raises either when a write fails
            safe = "What was flushed before stays readable."
            raise storage_error(self.path, error, safe=safe) from error


def _add_datasets(file: h5py.File, sizes: dict[str, int], plans: list[SamplePlan]) -> None:
    for name, size in sizes.items():
        group = new_group(file, "spikes", name)
        group.attrs["size"] = size
        _add_growing(group, "step", (), np.int64)
        _add_growing(group, "index", (), np.int32)
    for plan in plans:
        group = new_group(file, "traces", plan.target, plan.variable)
        group.attrs["unit"] = plan.unit
        group["index"] = plan.index
        _add_growing(group, "step", (), np.int64)
        _add_growing(group, "values", (len(plan.index),), plan.dtype)


def _add_growing(group: h5py.Group, name: str, row: tuple[int, ...], dtype: type) -> None:
    chunk = max(1, _CHUNK // max(1, int(np.prod(row))))
    group.create_dataset(
        name, shape=(0, *row), maxshape=(None, *row), chunks=(chunk, *row), dtype=dtype
    )


def _room(dataset: h5py.Dataset, rows: int) -> int:
    """Bytes that `rows` more rows take: whole chunks, and their place in the index."""
    length, count = int(dataset.chunks[0]), len(dataset)
    chunks = -(-(count + rows) // length) + (-count // length)
    return chunks * (int(np.prod(dataset.chunks)) * int(dataset.dtype.itemsize) + 64)


def _groups(file: h5py.File) -> list[str]:
    """Paths of the groups that hold a dataset ``step``."""
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if "step" in getattr(item, "keys", list)() else None
    )
    return found
