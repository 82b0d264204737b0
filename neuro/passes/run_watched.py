"""Run a network and note the largest magnitude of every variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from neuro.ir.network import Network, Projection
from neuro.passes.watch_peaks import (
    PREFIX,
    cell_variables,
    synapse_variables,
    watch_peaks,
)
from neuro.recording.data import Recording
from neuro.simulation.session import Session

Places = dict[tuple[str, str], NDArray[Any]]
"""Largest magnitudes as they are stored, by target and variable; one per cell or synapse."""


def run_watched(
    network: Network, steps: int, inputs: Mapping[str, Any] | None, seed: int, backend: str
) -> tuple[Recording, Places]:
    """All spikes of a run, and the largest magnitudes of all variables in it.

    Parameters
    ----------
    network
        What to run; its probes are left out.
    steps, inputs, seed, backend
        As for `neuro.simulate`.
    """
    watched = watch_peaks(replace(network, probes=()))
    with Session(watched, backend=backend, seed=seed, steps=steps) as session:
        recording = session.run(steps, inputs=inputs)
        snapshot = session.snapshot()
    return recording, dict(_watched(network, snapshot))


def _watched(
    network: Network, snapshot: Mapping[str, NDArray[Any]]
) -> Iterator[tuple[tuple[str, str], NDArray[Any]]]:
    for population in network.populations:
        for name in cell_variables(population.cell):
            yield (population.name, name), snapshot[f"state/{population.name}/{PREFIX}{name}"]
    for node in network.projections:
        for name, place in _places(node).items():
            yield (node.name, name), snapshot[place]


def _places(node: Projection) -> dict[str, str]:
    """Where a snapshot has the largest magnitude of each variable of a projection."""
    if node.synapse.is_static:
        return {}
    places = {v: f"synapse/{node.name}/{PREFIX}{v}" for v in synapse_variables(node.synapse)}
    for side, trace in (("pre", node.synapse.pre), ("post", node.synapse.post)):
        places |= {v.name: f"trace/{node.name}/{side}/{PREFIX}{v.name}" for v in trace.state}
    return places
