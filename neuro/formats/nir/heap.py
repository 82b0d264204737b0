"""Damaged lists of texts in HDF5 files, found before HDF5's library runs around one without end.

Texts of any length lie in *global heaps*: a header (``GCOL``, version, size), then objects of a header
(index, count, length) and their bytes, and last a free object as long as what remains.  HDF5 2.0 reads
a free object of length 0 for ever.  See "Disk Format: Level 1E" of the HDF5 File Format Specification.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from neuro.errors import FileFormatError

_HEADER = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HH4xQ")
_MARK = b"GCOL\x01\x00\x00\x00"


def check_heaps(path: Path) -> None:
    """Refuse a file with a global heap that does not end.

    Raises
    ------
    FileFormatError
        Names the place in the file.
    OSError
        If it cannot be read.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for place in _heaps(data):
            if not _ends(data, place):
                raise FileFormatError(
                    f"is damaged: its list of texts at byte {place} does not end.",
                    where=str(path),
                    hint="Write it again.",
                )


def _heaps(data: mmap.mmap) -> Iterator[int]:
    """Where global heaps start that lie in the file as a whole."""
    place = data.find(_MARK)
    while place >= 0:
        if place + _HEADER.size <= len(data):
            _, _, size = _HEADER.unpack_from(data, place)
            if _HEADER.size <= size <= len(data) - place:
                yield place
        place = data.find(_MARK, place + 1)


def _ends(data: mmap.mmap, place: int) -> bool:
    """True if the objects of the heap at `place` follow each other up to its end."""
    _, _, size = _HEADER.unpack_from(data, place)
    at, end = place + _HEADER.size, place + size
    while at + _OBJECT.size <= end:
        index, _, length = _OBJECT.unpack_from(data, at)
        step = length if index == 0 else _OBJECT.size + (length + 7) // 8 * 8
        if step < _OBJECT.size or at + step > end:
            return False
        if index == 0:
            return True
        at += step
    return True
