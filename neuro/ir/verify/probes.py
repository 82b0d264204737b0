"""Probes: they point at something that exists."""

from __future__ import annotations

from collections.abc import Iterator

from neuro.errors import Finding, suggestion
from neuro.ir.network import Network, Population, Probe, SpikeArray
from neuro.ir.synapse import WEIGHT
from neuro.ir.verify.names import error


def check_probes(network: Network) -> Iterator[Finding]:
    """Findings in the probes of `network`."""
    for probe in network.probes:
        where = f"probe of {probe.target!r}.{probe.variable}"
        known = recordable(network, probe.target)
        if known is None:
            targets = [*network.sources, *(p.name for p in network.projections)]
            hint = suggestion(probe.target, targets)
            yield error("unknown-name", where, f"there is no {probe.target!r}.", hint)
            continue
        if probe.variable not in known:
            hint = suggestion(probe.variable, known)
            yield error("unknown-name", where, f"there is no {probe.variable!r}.", hint)
        yield from _check_sampling(network, probe, where)
    seen: set[tuple[str, str]] = set()
    for probe in network.probes:
        if (probe.target, probe.variable) in seen:
            yield error("duplicate-name", f"probe of {probe.target!r}.{probe.variable}",
                        "is declared twice.", "Merge both.")  # fmt: skip
        seen.add((probe.target, probe.variable))


def recordable(network: Network, target: str) -> list[str] | None:
    """The variables of `target` that a probe can record; None if there is no such thing."""
    source = network.sources.get(target)
    if isinstance(source, SpikeArray):
        return ["spikes"]
    if isinstance(source, Population):
        spikes = ["spikes"] if source.cell.spike is not None else []
        return [*spikes, *(variable.name for variable in source.cell.state)]
    for projection in network.projections:
        if projection.name == target:
            return [WEIGHT, *(variable.name for variable in projection.synapse.state)]
    return None


def _check_sampling(network: Network, probe: Probe, where: str) -> Iterator[Finding]:
    if probe.every < 1:
        yield error("bad-probe", where, f"records every {probe.every} steps.", "Use 1 or more.")
    if probe.variable == "spikes" and (probe.every != 1 or probe.index is not None):
        yield error("bad-probe", where, "spikes are recorded in every step, from every cell.")
    source = network.sources.get(probe.target)
    if probe.index is None or source is None or not probe.index.size:
        return
    hint = f"Cells are 0 to {source.size - 1}."
    if probe.index.dtype.kind not in "iu":
        yield error("bad-probe", where, f"has indices of type {probe.index.dtype}.", hint)
        return
    outside = probe.index[(probe.index < 0) | (probe.index >= source.size)]
    if len(outside):
        yield error("index-out-of-range", where, f"records cell {outside[0]}.", hint)
