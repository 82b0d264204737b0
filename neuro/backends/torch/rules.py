"""What of a network has no form in torch."""

from __future__ import annotations

from neuro.backends.rules import only_float
from neuro.errors import Finding
from neuro.ir.network import GradedProjection, Network, Projection


def torch_findings(network: Network) -> list[Finding]:
    """Everything that keeps `network` from running as a module."""
    return only_float(network, "torch")


def unordered(network: Network) -> list[Finding]:
    """A warning for each projection that is summed by multiplying matrices."""
    nodes: list[Projection | GradedProjection] = [*network.projections, *network.graded]
    return [
        Finding(
            severity="warning",
            rule="summation-order",
            where=f"projection {projection.name!r}",
            what="is summed by a matrix product, whose order differs from the reference's.",
            hint="exact=True keeps the order; neuro.verify reports the distance.",
        )
        for projection in nodes
    ]
