"""Graphs as objects of the ``nir`` package, and as files that it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neuro.errors import UnavailableError
from neuro.files import replacing
from neuro.formats.nir.graph import Graph, Node
from neuro.formats.nir.sidecar import KEY

_TERMINALS = {"Input": "input_type", "Output": "output_type"}


def live_graph(graph: Graph, metadata: str) -> Any:
    """`graph` as a ``nir.NIRGraph``, with a text of ours in its metadata.

    nir's own check of shapes is left out: it takes the height of a kernel for its width, too.

    Raises
    ------
    UnavailableError
        If ``nir`` is not installed.
    """
    nir = _nir()
    nodes = {name: _live(nir, node) for name, node in graph.nodes.items()}
    return nir.NIRGraph(nodes, list(graph.edges), metadata={KEY: metadata}, type_check=False)


def write_file(graph: Any, path: Path) -> Path:
    """Write a live graph, whole or not at all."""
    with replacing(path) as beside:
        _nir().write(str(beside), graph)
    return path


def _live(nir: Any, node: Node | Graph) -> Any:
    assert isinstance(node, Node)
    kind = getattr(nir, node.kind)
    if node.kind in _TERMINALS:
        return kind(**{_TERMINALS[node.kind]: np.asarray(node.values["shape"])})
    values = dict(node.values)
    if node.kind == "Flatten":
        values["input_type"] = {"input": values["input_type"]}
    return kind(**values)


def _nir() -> Any:
    try:
        import nir
    except ImportError:
        raise UnavailableError(
            "the package nir is not installed.", where="to_nir", hint="pip install nir==1.0.8"
        ) from None
    return nir
