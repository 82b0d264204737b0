"""Cells that spike by themselves and that nothing reaches: sources in all but name."""

from __future__ import annotations

from typing import Any

from neuro.ir.fixed.check import fixed_findings
from neuro.ir.network import CurrentInput, Network, NumberFormat, PoissonInput, Population


def used_ports(network: Network, population: str) -> set[str]:
    """Names of the ports of a population that something arrives on."""
    inputs = (i for i in network.inputs if isinstance(i, PoissonInput | CurrentInput))
    ends: list[Any] = [*network.projections, *network.graded, *inputs]
    return {end.port for end in ends if end.post == population}


def is_generator(network: Network, node: Population, format: NumberFormat) -> bool:
    """True if nothing reaches `node` and its programs have a form in `format`.

    Such a population stays as it is when a network is quantised.
    """
    alone = Network(name=network.name, dt=network.dt, populations=(node,), format=format)
    spikes = node.cell.spike is not None
    return spikes and not used_ports(network, node.name) and not fixed_findings(alone)
