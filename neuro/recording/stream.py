"""A sink that appends to an HDF5 file while the run goes on, so memory stays flat.

The file is written in HDF5's single-writer mode: after a kill it can be read up to the last flush.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neuro.files import storage_error
from neuro.recording.collect import SamplePlan
from neuro.recording.data import Integers
from neuro.recording.hdf5 import KIND, SCHEMA, open_hdf5, write_header
from neuro.recording.provenance import Provenance

_CHUNK = 1 << 14


class StreamSink:
    """Appends spikes and samples to an HDF5 file.

    Parameters
    ----------
    path
        The file; it is replaced.
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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._guarded(lambda: self._create(sizes, plans, provenance))

    def _create(
        self, sizes: dict[str, int], plans: list[SamplePlan], provenance: Provenance
    ) -> h5py.File:
        file = h5py.File(self.path, "w", libver="latest")
        write_header(file, provenance, self._first)
        file["progress"] = np.zeros(1, np.int64)
        for name, size in sizes.items():
            group = file.create_group(f"spikes/{name}")
            group.attrs["size"] = size
            _growing(group, "step", (), np.int64)
            _growing(group, "index", (), np.int32)
        for plan in plans:
            group = file.create_group(f"traces/{plan.target}/{plan.variable}")
            group.attrs["unit"] = plan.unit
            group["index"] = plan.index
            _growing(group, "step", (), np.int64)
            _growing(group, "values", (len(plan.index),), np.float64)
        file.swmr_mode = True
        return file

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
        for name, parts in self._pending.items():
            dataset = self._file[name]
            first = len(dataset)
            dataset.resize(first + sum(map(len, parts)), axis=0)
            dataset[first:] = np.concatenate(parts)
            dataset.flush()
        self._pending.clear()
        self.waiting = 0
        self._file["progress"][0] = step - self._first
        self._file["progress"].flush()

    def finish(self, step: int, provenance: Provenance) -> None:
        """Flush, write the final provenance and close the file in the ordinary way."""
        self.flush(step)
        self._file.close()
        with h5py.File(self.path, "r+") as file:
            file.attrs["provenance"] = provenance.to_json()

    def abandon(self) -> None:
        """Close the file as it was at the last flush."""
        self._pending.clear()
        self._file.close()

    def adopt(self, earlier: Path, step: int) -> None:
        """Take over what the recording `earlier` holds from before `step`, chunk by chunk."""
        with open_hdf5(earlier, kind=KIND, schema=SCHEMA) as file:
            for path in _groups(self._file):
                self._guarded(lambda path=path: _copy_before(file[path], self._file[path], step))
        self.flush(step)

    def _guarded(self, work: Any) -> Any:
        try:
            return work()
        except OSError as error:
            safe = "What was flushed before stays readable."
            raise storage_error(self.path, error, safe=safe) from error


def _growing(group: h5py.Group, name: str, row: tuple[int, ...], dtype: type) -> None:
    chunk = max(1, _CHUNK // max(1, int(np.prod(row))))
    group.create_dataset(
        name, shape=(0, *row), maxshape=(None, *row), chunks=(chunk, *row), dtype=dtype
    )


def _groups(file: h5py.File) -> list[str]:
    """Paths of the groups that hold a dataset ``step``."""
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if "step" in getattr(item, "keys", list)() else None
    )
    return found


def _copy_before(source: Any, target: Any, step: int) -> None:
    values = "index" if source.name.startswith("/spikes") else "values"
    total = min(len(source["step"]), len(source[values]))
    for first in range(0, total, _CHUNK):
        steps = source["step"][first : min(first + _CHUNK, total)]
        count = int(np.searchsorted(steps, step))
        for name in ("step", values):
            end = len(target[name])
            target[name].resize(end + count, axis=0)
            target[name][end:] = source[name][first : first + count]
        if count < len(steps):
            return
