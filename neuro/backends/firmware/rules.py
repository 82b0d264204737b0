"""What a network must not be to become firmware."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuro.backends.firmware.tables import StaticTables
from neuro.errors import Finding
from neuro.ir.expressions.nodes import Expression, Literal, walk
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import Network
from neuro.lowering.library import cell_expressions, synapse_expressions

MOST_CELLS = 1 << 16
"""Cells of a source; an event names one in 16 bits."""


def firmware_findings(network: Network, backend: str) -> list[Finding]:
    """Everything that keeps `network` from being firmware."""
    return [*fixed_findings(network), *_too_large(network), *_empty(network)]


def _too_large(network: Network) -> list[Finding]:
    return [
        Finding(
            severity="error",
            rule="too-many-cells",
            where=f"population {name!r}",
            what=f"has {source.size} cells; an event of a firmware names one of {MOST_CELLS}.",
            hint="Split it.",
        )
        for name, source in network.sources.items()
        if source.size > MOST_CELLS
    ]


def _empty(network: Network) -> list[Finding]:
    if network.sources:
        return []
    return [
        Finding(
            severity="error",
            rule="no-cells",
            where=f"network {network.name!r}",
            what="has no cells.",
            hint="Add a population.",
        )
    ]


def number_findings(static: StaticTables) -> list[Finding]:
    """Numbers that C cannot write, since they are beyond the network's number format."""
    kind = static.tables.network.format.kind
    owners = dict.fromkeys(owner for owner, values in _numbers(static) if not _finite(values))
    return [
        Finding(
            severity="error",
            rule="no-c-form",
            where=owner,
            what=f"holds a number that is too large for {kind}.",
            hint="Use smaller numbers or other units." + (" Or float64." * (kind == "float32")),
        )
        for owner in owners
    ]


def _finite(values: object) -> bool:
    return bool(np.isfinite(np.asarray(values)).all())


def _numbers(static: StaticTables) -> Iterator[tuple[str, object]]:
    """Numbers in constants, initial values and programs, and where they are from."""
    tables = static.tables
    for constant in static.memory.constants:
        yield constant.owner, constant.array
    for variable in static.memory.variables:
        yield variable.owner, variable.array
    for number, kernel in enumerate(tables.cell_kernels):
        owner = next(cells.name for cells in tables.cells if cells.kernel == number)
        yield owner, _literals(cell_expressions(kernel), static)
    deliveries = (*tables.direct[0], *tables.sent[0])
    for number, synapse in enumerate(tables.synapse_kernels):
        owner = next(d.edges.projection for d in deliveries if d.edges.kernel == number)
        yield owner, _literals(synapse_expressions(synapse), static)


def _literals(expressions: list[Expression], static: StaticTables) -> object:
    nodes = (node for expression in expressions for node in walk(expression))
    values = [node.value for node in nodes if isinstance(node, Literal)]
    with np.errstate(over="ignore"):
        return np.array(values, static.tables.dtype)
