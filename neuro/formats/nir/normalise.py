"""Flatten nested graphs, repair what has one repair, and drop what changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import FileFormatError, Finding
from neuro.formats.nir.graph import Edge, Graph, Node, note

LARGEST = 1e30
"""Numbers beyond this overflow in single precision as soon as anything is done with them."""


@dataclass
class _Flat:
    """What `_flatten` collects."""

    source: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def normalise(graph: Graph) -> Graph:
    """`graph` without nested graphs: their nodes have dotted names, their terminals are identities.

    Raises
    ------
    FileFormatError
        If an edge names a node that does not exist and no repair is certain, or a nested graph has
        no single input or output where one is needed.
    """
    flat = _Flat(graph.source)
    _flatten(graph, "", flat)
    flat.nodes = {name: checked(node, graph.source) for name, node in flat.nodes.items()}
    _drop_repeated_edges(flat)
    return replace(
        graph,
        nodes=flat.nodes,
        edges=tuple(flat.edges),
        findings=(*graph.findings, *flat.findings),
    )


def _flatten(graph: Graph, prefix: str, flat: _Flat) -> None:
    where = f"{flat.source}, graph {prefix[:-1]!r}" if prefix else flat.source
    edges, findings = _repaired(graph, where)
    flat.findings += findings
    for name, item in graph.nodes.items():
        if isinstance(item, Graph):
            _flatten(item, f"{prefix}{name}.", flat)
        else:
            _add(flat, _inner(replace(item, name=prefix + name), nested=bool(prefix)))
    for a, b in edges:
        start = prefix + _terminal(graph, a, "Output", where)
        flat.edges.append((start, prefix + _terminal(graph, b, "Input", where)))


def _add(flat: _Flat, node: Node) -> None:
    if node.name in flat.nodes:
        raise FileFormatError(
            "two nodes have this name once nested graphs are flattened.",
            where=f"{flat.source}, node {node.name!r}",
            hint="Rename one.",
        )
    flat.nodes[node.name] = node


def _inner(node: Node, *, nested: bool) -> Node:
    """Input and output of a nested graph become identities."""
    if nested and node.kind in ("Input", "Output"):
        return replace(node, kind="Identity")
    return node


def _terminal(graph: Graph, name: str, kind: str, where: str) -> str:
    """Where an edge to or from `name` ends: inside it, if it is a graph."""
    item = graph.nodes[name]
    if not isinstance(item, Graph):
        return name
    found = [k for k, n in item.nodes.items() if isinstance(n, Node) and n.kind == kind]
    if len(found) != 1:
        raise FileFormatError(
            f"the nested graph has {len(found)} nodes of kind {kind}, so an edge is ambiguous.",
            where=f"{where}, node {name!r}",
            hint=f"Give it exactly one {kind}.",
        )
    return f"{name}.{found[0]}"


def _repaired(graph: Graph, where: str) -> tuple[list[Edge], list[Finding]]:
    """The edges; a name that nothing has is repaired if one node is left over, and only one."""
    used = {name for edge in graph.edges for name in edge}
    missing, unused = used - graph.nodes.keys(), sorted(graph.nodes.keys() - used)
    if not missing:
        return list(graph.edges), [_unused(where, name) for name in unused]
    if len(missing) != 1 or len(unused) != 1:
        raise FileFormatError(
            f"edges name {', '.join(map(repr, sorted(missing)))}, which {_do(missing)} not exist.",
            where=where,
            hint=f"Nodes are {', '.join(sorted(graph.nodes))}.",
        )
    (wrong,), (right,) = missing, unused
    edges = [(right if a == wrong else a, right if b == wrong else b) for a, b in graph.edges]
    what = (
        f"edges name {wrong!r}, which does not exist; taken as {right!r}, the node without edges."
    )
    return edges, [note(where, what, "Rename it in the file.", rule="dangling-edge")]


def _do(names: set[str]) -> str:
    return "do" if len(names) > 1 else "does"


def _unused(where: str, name: str) -> Finding:
    return note(where, f"node {name!r} has no edges and is left out.", rule="unused-node")


def checked(node: Node, source: str) -> Node:
    """`node` with arrays of finite numbers wherever it must have numbers.

    Raises
    ------
    FileFormatError
        If a value is missing, is no number, or is not finite.
    """
    where = f"{source}, node {node.name!r}"
    missing = [key for key in node.primitive.needed if node.values.get(key) is None]
    if missing:
        raise FileFormatError(f"a {node.kind} without {', '.join(missing)}.", where=where)
    values = dict(node.values)
    for key in node.primitive.numbers:
        words = key == "padding" and isinstance(values[key], str)
        if values.get(key) is not None and not words:
            values[key] = _numbers(values[key], f"{where}, {key}")
    return replace(node, values=values)


def _numbers(value: Any, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub" or not array.size:
        raise FileFormatError(f"is {value!r}.", where=where, hint="It must hold numbers.")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise FileFormatError(
            f"holds {array.reshape(-1)[bad[0]]} at index {int(bad[0])} ({len(bad)} such values).",
            where=where,
            hint="All parameters must be finite numbers.",
        )
    most = float(np.abs(array.astype(np.float64)).max())
    if most > LARGEST:
        raise FileFormatError(f"holds {most:g}.", where=where, hint=f"At most {LARGEST:g}.")
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _drop_repeated_edges(flat: _Flat) -> None:
    flat.findings += _repeated(flat)
    flat.edges = list(dict.fromkeys(flat.edges))
    ends = {name for edge in flat.edges for name in edge}
    flat.nodes = {name: node for name, node in flat.nodes.items() if name in ends}


def _repeated(flat: _Flat) -> Iterator[Finding]:
    for (a, b), count in Counter(flat.edges).items():
        if count > 1:
            what = f"stands {count} times in the file; it is taken once."
            yield note(f"{flat.source}, edge {a!r} -> {b!r}", what, rule="repeated-edge")
