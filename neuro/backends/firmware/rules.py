"""What a network must not be to become firmware."""

from __future__ import annotations

from neuro.errors import Finding
from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import Network

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
