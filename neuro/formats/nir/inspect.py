"""Look at a graph without running it: its nodes, and whose conventions it seems to follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.errors import Finding
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.linear import counts, is_linear, map_of
from neuro.formats.nir.normalise import normalise
from neuro.formats.nir.shapes import Shape, infer_shapes, input_shape
from neuro.formats.nir.sidecar import KEY

_NEAR = 1e-3
_STEPS = (1e-4, 1e-3)
"""Steps that frameworks write into files."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A row of the table.

    Attributes
    ----------
    name, kind, shape
        Of the node.
    ranges
        Least and greatest number of each parameter.
    weights, synapses
        Weights that a linear node stores, and synapses that it stands for; 0 for other nodes.
    """

    name: str
    kind: str
    shape: Shape
    ranges: dict[str, tuple[float, float]]
    weights: int = 0
    synapses: int = 0


@dataclass(frozen=True, slots=True)
class Resemblance:
    """A framework whose conventions a graph seems to follow, and why."""

    profile: str
    why: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect` finds.

    Attributes
    ----------
    graph
        The flattened graph.
    nodes
        Its nodes.
    resembles
        Frameworks that may have written it; a hint, never taken for granted.
    findings
        What was repaired or is odd.
    """

    graph: Graph
    nodes: tuple[NodeFacts, ...]
    resembles: tuple[Resemblance, ...]
    findings: tuple[Finding, ...]


def inspect(graph: Graph) -> Inspection:
    """Look at a graph.

    Raises
    ------
    FileFormatError
        If it contradicts itself.
    """
    flat = normalise(graph)
    shapes = infer_shapes(flat)
    nodes = tuple(
        NodeFacts(
            node.name, node.kind, shapes[node.name], _ranges(node), *_counts(flat, node, shapes)
        )
        for node in (flat.node(name) for name in flat.nodes)
    )
    return Inspection(flat, nodes, tuple(_resemblances(flat)), flat.findings)


def _counts(graph: Graph, node: Node, shapes: dict[str, Shape]) -> tuple[int, int]:
    """Weights and synapses of a linear node."""
    arriving = input_shape(graph, node.name, shapes)
    if not is_linear(node) or arriving is None:
        return 0, 0
    return counts(map_of(node, arriving))


def _ranges(node: Node) -> dict[str, tuple[float, float]]:
    """Least and greatest of each value that holds numbers, but for shapes."""
    found = {}
    for name in node.primitive.numbers:
        value = node.values.get(name)
        if name != "shape" and value is not None and not isinstance(value, str):
            found[name] = (float(np.min(value)), float(np.max(value)))
    return found


def _resemblances(graph: Graph) -> list[Resemblance]:
    if KEY in graph.metadata:
        return [Resemblance("", "neuro wrote it; from_nir needs no further arguments")]
    cells = [node for node in graph.of_role("cell") if node.kind in ("LIF", "CubaLIF", "IF")]
    if not cells:
        return []
    found = [(name, rule(cells)) for name, rule in _RULES.items()]
    return [Resemblance(name, why) for name, why in found if why]


def _leaky(cells: list[Node]) -> tuple[NDArray[Any], NDArray[Any]]:
    """All time constants of membranes, and resistances."""
    leaky = [node for node in cells if node.kind != "IF"]
    tau = [np.broadcast_to(n.values.get("tau_mem", n.values.get("tau")), np.shape(n.values["r"]))
           for n in leaky]  # fmt: skip
    none = np.zeros(0)
    flat = [np.ravel(t) for t in tau], [np.ravel(node.values["r"]) for node in leaky]
    return np.concatenate([none, *flat[0]]), np.concatenate([none, *flat[1]])


def _close(a: Any, b: Any) -> bool:
    return bool(np.size(a)) and bool(np.allclose(a, b, rtol=_NEAR, atol=0))


def _like_snntorch(cells: list[Node]) -> str:
    tau, r = _leaky(cells)
    return "r = tau / 0.1 ms in all its neurons" if _close(r, tau / 1e-4) else ""


def _like_rockpool(cells: list[Node]) -> str:
    tau, r = _leaky(cells)
    for dt in _STEPS:
        if _close(r, tau * np.exp(-dt / np.maximum(tau, 1e-12)) / dt):
            return f"r = tau * exp(-dt / tau) / dt with dt = {dt * 1e3:g} ms"
    return ""


def _like_norse(cells: list[Node]) -> str:
    tau, r = _leaky(cells)
    short = tau.size and tau.max() < 1
    return "r = 1 and time constants below a second" if short and _close(r, 1.0) else ""


def _like_sinabs(cells: list[Node]) -> str:
    tau, r = _leaky(cells)
    if any("v_reset" in node.values for node in cells):
        return ""
    if not tau.size and all(_close(node.values["r"], 1.0) for node in cells):
        return "neurons without leak, r = 1, no v_reset"
    long = tau.size and tau.min() >= 1
    return (
        "r = 1, time constants of 1 and more (steps), no v_reset" if long and _close(r, 1) else ""
    )


def _like_spyx(cells: list[Node]) -> str:
    tau, r = _leaky(cells)
    long = tau.size and tau.min() >= 1
    return "r = 1 - 1 / tau, time constants in steps" if long and _close(r, 1 - 1 / tau) else ""


_RULES: dict[str, Callable[[list[Node]], str]] = {
    "snntorch": _like_snntorch,
    "rockpool": _like_rockpool,
    "norse": _like_norse,
    "sinabs": _like_sinabs,
    "spyx": _like_spyx,
}
