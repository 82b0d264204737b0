"""Damaged texts in HDF5 files, found before HDF5's library runs around them without end.

Texts of any length lie in *global heaps*: a header (``GCOL``, version, size), then objects of a header
(index, count, length) and their bytes, and last a free object as long as what remains.  A dataset holds
only their lengths and places.  HDF5 2.0 runs for ever around a free object that ends too early, and makes room for
any length that a dataset claims.  See "Disk Format: Level 1E" of the HDF5 File Format Specification.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neuro.errors import FileFormatError

_HEADER = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HH4xQ")
_MARK = b"GCOL\x01\x00\x00\x00"
_PLACE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])


@dataclass(frozen=True, slots=True)
class Heaps:
    """The global heaps of a file.

    Attributes
    ----------
    path
        The file.
    lengths
        By place of the heap: by index, the length of each object.
    """

    path: Path
    lengths: Mapping[int, Mapping[int, int]]

    def check(self, item: h5py.Dataset) -> None:
        """Refuse a dataset of texts that claims more than the heaps hold.

        Raises
        ------
        FileFormatError
            Names the dataset.
        """
        for part in _places(item, self.path):
            for length, heap, index in part.tolist():
                if length > self.lengths.get(heap, {}).get(index, 0):
                    raise FileFormatError(
                        f"is damaged: a text of {length} bytes is not in the file.",
                        where=f"{self.path}, {item.name}",
                        hint="Write it again.",
                    )


def read_heaps(path: Path) -> Heaps:
    """The global heaps of a file; none if it is empty.

    Raises
    ------
    FileFormatError
        If one does not end; names the place in the file.
    OSError
        If it cannot be read.
    """
    if not path.stat().st_size:
        return Heaps(path, {})
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return Heaps(path, {place: _objects(data, place, path) for place in _heaps(data)})


def _heaps(data: mmap.mmap) -> Iterator[int]:
    """Where global heaps start that lie in the file as a whole."""
    place = data.find(_MARK)
    while place >= 0:
        if place + _HEADER.size <= len(data):
            _, _, size = _HEADER.unpack_from(data, place)
            if _HEADER.size <= size <= len(data) - place:
                yield place
        place = data.find(_MARK, place + 1)


def _objects(data: mmap.mmap, place: int, path: Path) -> dict[int, int]:
    """Lengths of the objects of the heap at `place`, which must follow each other up to its end."""
    _, _, size = _HEADER.unpack_from(data, place)
    at, end, found = place + _HEADER.size, place + size, {}
    while at + _OBJECT.size <= end:
        index, _, length = _OBJECT.unpack_from(data, at)
        step = length if index == 0 else _OBJECT.size + (length + 7) // 8 * 8
        if at + step > end or (index == 0 and at + step != end):
            raise FileFormatError(
                f"is damaged: its list of texts at byte {place} does not end.",
                where=str(path),
                hint="Write it again.",
            )
        if index == 0:
            break
        found[index] = length
        at += step
    return found


def _places(item: h5py.Dataset, path: Path) -> Iterator[Any]:
    """Lengths and places of a dataset's texts, where it is stored in one piece or in plain chunks."""
    settings = item.id.get_create_plist()
    if settings.get_layout() == h5py.h5d.CONTIGUOUS:
        start, size = item.id.get_offset(), item.id.get_storage_size()
        if start is not None and size == item.size * _PLACE.itemsize:
            yield np.fromfile(path, _PLACE, item.size, offset=start)
    elif settings.get_layout() == h5py.h5d.CHUNKED:
        filters = [settings.get_filter(k)[0] for k in range(settings.get_nfilters())]
        if filters in ([], [h5py.h5z.FILTER_DEFLATE]):
            yield from _chunks(item, packed=bool(filters))


def _chunks(item: h5py.Dataset, *, packed: bool) -> Iterator[Any]:
    for number in range(item.id.get_num_chunks()):
        mask, raw = item.id.read_direct_chunk(item.id.get_chunk_info(number).chunk_offset)
        data = zlib.decompress(raw) if packed and not mask else raw
        yield np.frombuffer(data, _PLACE, len(data) // _PLACE.itemsize)
