"""A NIR graph as plain data: nodes by name, edges as pairs of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from neuro.errors import FileFormatError, Finding
from neuro.formats.nir.primitives import PRIMITIVES, Primitive, primitive

Edge: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One primitive.

    Attributes
    ----------
    name
        Its name in the graph; dots separate the levels of nested graphs.
    kind
        The primitive's name, such as ``"LIF"``.
    values
        Its numbers by name, as read.
    """

    name: str
    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def primitive(self) -> Primitive:
        """What is known of its kind."""
        return primitive(self.kind)

    @property
    def where(self) -> str:
        """The node, for errors."""
        return f"node {self.name!r} ({self.kind})"


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes and edges; `nodes` may hold graphs until `normalise` has flattened them.

    Attributes
    ----------
    nodes
        Nodes (and nested graphs) by name.
    edges
        Pairs (from, to).
    metadata
        Texts and numbers that came with the graph.
    source
        File name, or a description of where the graph came from.
    version
        NIR version that wrote the file; empty if unknown.
    findings
        What was repaired or looks odd.
    """

    nodes: Mapping[str, Node | Graph]
    edges: tuple[Edge, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: str = "graph"
    version: str = ""
    findings: tuple[Finding, ...] = ()

    def node(self, name: str) -> Node:
        """The node called `name`, in a graph that is flat."""
        found = self.nodes[name]
        assert isinstance(found, Node)
        return found

    def before(self, name: str) -> list[str]:
        """The nodes with an edge to `name`, in the order of edges."""
        return [a for a, b in self.edges if b == name]

    def of_role(self, *roles: str) -> list[Node]:
        """The nodes of some roles, in a graph that is flat."""
        nodes = (self.node(name) for name in self.nodes)
        return [node for node in nodes if node.primitive.role in roles]


def checked_kind(kind: str, where: str) -> str:
    """`kind` if it is a primitive.

    Raises
    ------
    FileFormatError
        If it is not; lists those that are.
    """
    if kind not in PRIMITIVES:
        raise FileFormatError(
            f"there is no primitive {kind!r} here.",
            where=where,
            hint=f"Supported: {', '.join(sorted(PRIMITIVES))}.",
        )
    return kind


def note(where: str, what: str, hint: str = "", *, rule: str) -> Finding:
    """A finding of severity ``"note"``."""
    return Finding(severity="note", where=where, what=what, hint=hint, rule=rule)


def warning(where: str, what: str, hint: str = "", *, rule: str) -> Finding:
    """A finding of severity ``"warning"``."""
    return Finding(severity="warning", where=where, what=what, hint=hint, rule=rule)
