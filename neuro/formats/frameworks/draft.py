"""A NIR graph while it grows, layer by layer."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from neuro.errors import ParameterError
from neuro.formats.nir.graph import Edge, Graph, Node
from neuro.formats.nir.shapes import Shape, infer_shapes

INPUT = "input"
"""The node where values come in."""


class Draft:
    """Nodes and edges so far.

    Parameters
    ----------
    input_shape
        Shape of one sample, without batch and time.
    coding
        ``"spikes"`` if the input is zeros and ones, else ``"values"``.
    dt
        Length of a step in seconds.
    """

    def __init__(
        self, input_shape: Sequence[int], coding: Literal["spikes", "values"], dt: float
    ) -> None:
        shape = {"shape": np.array(_whole(input_shape))}
        self.nodes: dict[str, Node | Graph] = {INPUT: Node(INPUT, "Input", shape)}
        self.edges: list[Edge] = []
        self.coding, self.dt = coding, dt

    def add(self, node: Node, after: str) -> str:
        """Put `node` behind another one; returns its name."""
        self.nodes[node.name] = node
        self.edges.append((after, node.name))
        return node.name

    def join(self, name: str, sources: Iterable[str]) -> str:
        """A node that sums what several nodes put out; a single one needs none."""
        found = list(sources)
        if len(found) == 1:
            return found[0]
        node = Node(self.free(name), "Identity")
        self.nodes[node.name] = node
        self.edges += [(source, node.name) for source in found]
        return node.name

    def delay(self, name: str) -> str:
        """A delay of one step that nothing leads to yet."""
        node = Node(self.free(name), "Delay", {"delay": np.array(self.dt)})
        self.nodes[node.name] = node
        return node.name

    def output(self, source: str) -> None:
        """An output that shows what `source` puts out."""
        self.add(Node(self.free("output"), "Output"), source)

    def free(self, name: str) -> str:
        """A name that no node has."""
        free, number = name, 1
        while free in self.nodes:
            number += 1
            free = f"{name}_{number}"
        return free

    def node(self, name: str) -> Node:
        """The node called `name`."""
        found = self.nodes[name]
        assert isinstance(found, Node)
        return found

    def shape(self, name: str) -> Shape:
        """The shape of what a node puts out.

        Raises
        ------
        FileFormatError
            If shapes contradict each other; names the node.
        """
        known = {key: node for key, node in self.nodes.items() if key in self._before(name)}
        edges = tuple((a, b) for a, b in self.edges if a in known and b in known)
        return infer_shapes(Graph(known, edges))[name]

    def shape_if_known(self, name: str) -> Shape | None:
        """As `shape`; None if `name` hears from a layer that is not there yet."""
        loose = {node for node in self.nodes if node != INPUT} - {b for _, b in self.edges}
        return None if loose & self._before(name) else self.shape(name)

    def _before(self, name: str) -> set[str]:
        """`name` and all that leads to it."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += [a for a, b in self.edges if b == here]
        return seen

    def spikes(self, name: str) -> bool:
        """True if a node puts out zeros and ones."""
        node = self.node(name)
        if node.kind == "Input":
            return self.coding == "spikes"
        if node.primitive.role == "identity" and node.name != INPUT:
            before = [a for a, b in self.edges if b == name]
            return len(before) == 1 and self.spikes(before[0])
        return node.primitive.role == "cell" and node.primitive.spikes

    def graph(self, source: str) -> Graph:
        """The graph as it is now."""
        return Graph(dict(self.nodes), tuple(self.edges), source=source)


def _whole(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape, checked.

    Raises
    ------
    ParameterError
        If it is none.
    """
    try:
        found = tuple(operator.index(n) for n in shape)
    except TypeError:
        found = ()
    if not found or min(found) < 1:
        raise ParameterError(
            f"is {shape!r}.",
            where="input_shape",
            hint="One sample's, such as (784,) or (1, 28, 28).",
        )
    return found
