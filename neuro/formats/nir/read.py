"""Read a NIR file, or take a live ``nir.NIRGraph``, into plain data.

Files are read with h5py alone: the reader of the ``nir`` package refuses some files that its older
versions wrote, and builds objects whose shapes it checks by rules that have errors (see `shapes`).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py

from neuro.errors import FileFormatError, NeuroError, ParameterError
from neuro.formats.nir.graph import Graph, Node, checked_kind
from neuro.formats.nir.heap import Heaps, read_heaps

_DEEPEST = 32

BROKEN = (
    *(OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError),
    *(ArithmeticError, MemoryError, zlib.error),
)
"""What h5py and numpy raise for a file that is not as it should be."""


def read_graph(source: Any) -> Graph:
    """The graph in a file, or a live one.

    Parameters
    ----------
    source
        A path, or an object with the ``to_dict`` of ``nir.NIRGraph``.

    Raises
    ------
    FileFormatError
        If the file is missing, no HDF5, truncated, no NIR, or holds an unknown primitive.
    ParameterError
        If `source` is neither a path nor a graph, or its arrays do not fit into memory.
    """
    if isinstance(source, Graph):
        return source
    if isinstance(source, str | os.PathLike):
        return _read_file(Path(source))
    if not hasattr(source, "to_dict"):
        raise ParameterError(
            f"is {type(source).__name__}.", where="from_nir", hint="Give a path or a nir.NIRGraph."
        )
    return _graph_of(source.to_dict(), "graph", "", "")


def _read_file(path: Path) -> Graph:
    if not path.is_file():
        raise FileFormatError("does not exist.", where=str(path))
    try:
        heaps = read_heaps(path)
        with h5py.File(path, "r") as file:
            version = _version(file.get("version"), heaps)
            if not isinstance(file.get("node"), h5py.Group):
                raise FileFormatError("is HDF5, but holds no NIR graph.", where=str(path))
            data = dict(_items(file["node"], heaps))
            return _graph_of(data, str(path), "", version)
    except BROKEN as error:
        if isinstance(error, NeuroError):
            raise
        reason = str(error).partition("(")[0].strip()
        raise FileFormatError(
            f"is no NIR file, or is truncated: {reason or type(error).__name__}.",
            where=str(path),
            hint="NIR files are HDF5; write it again.",
        ) from None


def _version(item: Any, heaps: Heaps) -> str:
    """The version that a file gives, if it is one text; nothing depends on it."""
    if not isinstance(item, h5py.Dataset) or item.shape != ():
        return ""
    return _text(_read(item, heaps))


def _items(group: h5py.Group, heaps: Heaps, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What a group holds: arrays, texts, and dictionaries for groups."""
    where = str(heaps.path)
    if depth > _DEEPEST:
        raise FileFormatError(f"graphs are nested more than {_DEEPEST} deep.", where=where)
    for name, item in group.items():
        if isinstance(name, bytes):
            what = f"the name {name!r} is no text."
            raise FileFormatError(what, where=f"{where}, {group.name}")
        if isinstance(item, h5py.Group):
            yield name, dict(_items(item, heaps, depth + 1))
        elif not isinstance(item, h5py.Dataset) or item.shape is None:
            raise FileFormatError("holds nothing.", where=f"{where}, {group.name}/{name}")
        else:
            yield name, _plain(_read(item, heaps))


def _read(item: h5py.Dataset, heaps: Heaps) -> Any:
    """What a dataset holds, if that is numbers or texts, and fits into memory.

    Other objects are not touched: HDF5's library crashes on some that are damaged.
    """
    where = f"{heaps.path}, {item.name}"
    check_memory(item.size * item.dtype.itemsize, where)
    if item.dtype.kind == "O":
        if h5py.check_string_dtype(item.dtype) is None:
            what = "holds neither numbers nor texts."
            raise FileFormatError(what, where=where, hint="Write it again.")
        heaps.check(item)
    return item[()]


def check_memory(needed: int, where: str) -> None:
    """Refuse arrays that would take more than half of the machine's memory.

    Raises
    ------
    ParameterError
        Says how many bytes are needed and how many there are.
    """
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > available // 2:
        raise ParameterError(
            f"needs {needed:,} bytes; this machine has {available:,}.",
            where=where,
            hint="Split the layer, or use a machine with more memory.",
        )


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _graph_of(data: Mapping[str, Any], source: str, name: str, version: str) -> Graph:
    """A graph from nested dictionaries, as files and ``to_dict`` have them."""
    where = f"{source}, graph {name!r}" if name else source
    nodes, edges = data.get("nodes", {}), data.get("edges", [])
    if not isinstance(nodes, Mapping) or not nodes:
        raise FileFormatError("has no nodes.", where=where)
    return Graph(
        nodes={key: _node_of(key, item, source) for key, item in nodes.items()},
        edges=tuple(_edges(edges, where)),
        metadata=_metadata(data),
        source=source,
        version=version,
    )


def _node_of(name: str, data: Any, source: str) -> Node | Graph:
    where = f"{source}, node {name!r}"
    if not isinstance(data, Mapping) or "type" not in data:
        raise FileFormatError("has no type.", where=where)
    kind = checked_kind(_text(_plain(data["type"])), where)
    if kind == "NIRGraph":
        return _graph_of(data, source, name, "")
    return Node(name, kind, {key: _plain(item) for key, item in data.items() if key != "type"})


def _edges(edges: Any, where: str) -> Iterator[tuple[str, str]]:
    try:
        for a, b in edges:
            yield _text(a), _text(b)
    except (TypeError, ValueError):
        raise FileFormatError("its edges are not pairs of names.", where=where) from None


def _metadata(data: Mapping[str, Any]) -> dict[str, Any]:
    found = data.get("metadata", {})
    if not isinstance(found, Mapping):
        return {}
    return {key: _plain(value) for key, value in found.items()}
