"""What NIR cannot say, kept beside the graph: the whole network as text, without its numbers.

The graph's metadata holds one text, JSON.  It has the network's own text, in which long arrays are
names; most of these stand in nodes of the graph, the others follow in base64.  A check sum covers all
of the graph that is not read back, so that a graph which was changed since is never taken for ours.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, NeuroError
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.write import Reference, Written, content
from neuro.formats.text_parser import parse_network
from neuro.formats.text_printer import print_network
from neuro.ir.network import Network
from neuro.ir.verify import verified

KEY = "neuro"
SCHEMA = 1
_INLINE = 16


@dataclass(frozen=True, slots=True)
class Restored:
    """What a sidecar holds.

    Attributes
    ----------
    network
        The network as it was written.
    facts
        Latencies, shapes, inputs, outputs, names, coding and conventions, as they were.
    """

    network: Network
    facts: Mapping[str, Any]


def sidecar(network: Network, written: Written, facts: Mapping[str, Any]) -> str:
    """The text that goes into the metadata of `written`'s graph."""
    references: dict[str, dict[str, str]] = {}
    arrays: dict[str, str] = {}

    def store(place: str, array: NDArray[Any]) -> str | None:
        found = written.references.get(content(array))
        if found is not None:
            references[place] = _described(found, array)
            return place
        if array.size <= _INLINE:
            return None
        arrays[place] = _packed(array)
        return place

    text = print_network(network, store)
    return json.dumps(
        {
            "schema": SCHEMA,
            "text": text,
            "references": references,
            "arrays": arrays,
            "facts": facts,
            "sum": _check_sum(written.graph, references),
        }
    )


def _described(found: Reference, array: NDArray[Any]) -> dict[str, str]:
    """A reference as text."""
    return {
        "node": found.node,
        "value": found.value,
        "change": found.change,
        "shape": str(array.shape),
        "dtype": array.dtype.str,
        "positions": "" if found.positions is None else _packed(found.positions),
    }


def restore(graph: Graph) -> Restored | None:
    """The network that a graph was written from; None if there is no sidecar, or it is of no use.

    Raises
    ------
    FileFormatError
        If the graph has been changed since, or its sidecar is damaged or of a newer schema.
    """
    text = graph.metadata.get(KEY)
    if text is None:
        return None
    where = f"{graph.source}, metadata {KEY!r}"
    try:
        data = json.loads(text)
        schema, references = data["schema"], data["references"]
    except (TypeError, ValueError, KeyError):
        raise FileFormatError("is damaged.", where=where, hint=_HINT) from None
    if schema != SCHEMA:
        raise FileFormatError(f"has schema {schema}, known is {SCHEMA}.", where=where, hint=_HINT)
    if data["sum"] != _check_sum(graph, references):
        what = "does not fit the graph, which has been changed since neuro wrote it."
        raise FileFormatError(what, where=where, hint=_HINT)
    try:
        return Restored(verified(parse_network(data["text"], _arrays(graph, data))), data["facts"])
    except (NeuroError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise FileFormatError(f"is damaged: {error}.", where=where, hint=_HINT) from None


_HINT = "Give profile=… or dt=…, scheme=… and reset=… to read the graph without it."


def _arrays(graph: Graph, data: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """All arrays of the text by name: those packed, and those that stand in the graph."""
    arrays = {place: _unpacked(text) for place, text in data["arrays"].items()}
    return arrays | {place: _read(graph, found) for place, found in data["references"].items()}


def _value(graph: Graph, found: Mapping[str, str]) -> NDArray[Any]:
    node = graph.nodes[found["node"]]
    assert isinstance(node, Node)
    return np.asarray(node.values[found["value"]])


def _read(graph: Graph, found: Mapping[str, str]) -> NDArray[Any]:
    value = _value(graph, found)
    if found["change"] == "transposed":
        value = value.T
    if found["change"] == "gathered":
        value = value.reshape(-1)[_unpacked(found["positions"])]
    shape = tuple(int(n) for n in found["shape"].strip("()").split(",") if n.strip())
    return np.ascontiguousarray(value.reshape(shape).astype(found["dtype"]))


def _check_sum(graph: Graph, references: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256 over nodes, edges and all values that are not read back."""
    read = {(found["node"], found["value"]) for found in references.values()}
    digest = hashlib.sha256(repr(sorted(graph.edges)).encode())
    for name, node in sorted(graph.nodes.items()):
        assert isinstance(node, Node)
        digest.update(f"{name}:{node.kind};".encode())
        for key, value in sorted(node.values.items()):
            if (name, key) not in read and key not in ("metadata", "input_type", "input_shape"):
                array = np.asarray(value)
                plain = array.astype(np.float64) if array.dtype.kind in "iufb" else array
                digest.update(f"{key}{plain.reshape(-1).tolist()}".encode())
    return digest.hexdigest()


def _packed(array: NDArray[Any]) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return base64.b64encode(zlib.compress(buffer.getvalue(), 6)).decode("ascii")


def _unpacked(text: str) -> NDArray[Any]:
    raw = zlib.decompress(base64.b64decode(text))
    return np.asarray(np.load(io.BytesIO(raw), allow_pickle=False))
