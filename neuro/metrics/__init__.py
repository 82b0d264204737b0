"""How large, how sparse and how busy a network is, under the names and definitions of NeuroBench."""

from __future__ import annotations

from neuro.metrics.measure import Metrics, measure, observed
from neuro.metrics.static import Footprint, connection_sparsity, footprint, parameter_count
from neuro.metrics.workload import Operations

__all__ = [
    "Footprint",
    "Metrics",
    "Operations",
    "connection_sparsity",
    "footprint",
    "measure",
    "observed",
    "parameter_count",
]
