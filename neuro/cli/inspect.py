"""``neuro inspect``: a NIR file as a table and a picture."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from neuro.cli.console import out, print_findings, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.formats.nir.build import build
from neuro.formats.nir.graph import Graph
from neuro.formats.nir.inspect import Inspection, NodeFacts
from neuro.formats.nir.inspect import inspect as inspect_graph
from neuro.formats.nir.profiles import Conventions
from neuro.formats.nir.read import read_graph


@readable_errors
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A NIR file.")],
    picture: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write a picture of the graph here.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the nodes of a NIR file, their parameters, and whose conventions it seems to follow."""
    graph = read_graph(file)
    found = inspect_graph(graph)
    if json:
        print_json(_facts(found))
    else:
        _show(file, found)
    if picture is not None:
        written = _draw(graph, picture)
        if not json:
            out.print(f"wrote {written}")


def _facts(found: Inspection) -> dict[str, Any]:
    return {
        "version": found.graph.version,
        "nodes": [asdict(node) for node in found.nodes],
        "edges": [list(edge) for edge in found.graph.edges],
        "resembles": [asdict(item) for item in found.resembles],
        "findings": [asdict(finding) for finding in found.findings],
    }


def _show(file: Path, found: Inspection) -> None:
    version = f", written by nir {found.graph.version}" if found.graph.version else ""
    rows = [
        (n.name, n.kind, "x".join(map(str, n.shape)), *_counts(n), _ranges(n)) for n in found.nodes
    ]
    columns = ("node", "kind", "shape out", "weights", "synapses", "parameters")
    print_table(f"{file.name}{version}", columns, rows)
    edges = ", ".join(f"{a} -> {b}" for a, b in found.graph.edges)
    out.print(f"edges: {edges}", markup=False)
    for item in found.resembles:
        name = f"like {item.profile}: " if item.profile else ""
        out.print(f"{name}{item.why}", markup=False)
    if not found.resembles:
        out.print("like no framework that is known here; see --profile")
    print_findings(found.findings)


def _counts(node: NodeFacts) -> tuple[str, str]:
    """Weights that are stored and synapses, where there are some."""
    return (f"{node.weights:,}", f"{node.synapses:,}") if node.synapses else ("", "")


def _ranges(node: NodeFacts) -> str:
    """Parameters as ``name=value`` or ``name=least..greatest``."""
    parts = []
    for name, (low, high) in node.ranges.items():
        parts.append(f"{name}={low:g}" if low == high else f"{name}={low:g}..{high:g}")
    return " ".join(parts)


def _draw(graph: Graph, path: Path) -> Path:
    """A picture; conventions play no role in it."""
    import matplotlib as mpl

    from neuro.recording.plot_style import save_figure
    from neuro.report.graph import network_graph

    mpl.use("Agg")
    any_ = replace(Conventions(), dt=1e-3, scheme="decay", reset="value")
    made = build(graph, any_, name="graph", cycles="stretch")
    return save_figure(network_graph(made.network), path)


command = inspect
