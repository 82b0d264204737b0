"""What follows from a network's delays: which events take the ring, and how far back spikes matter.

A spike's event arrives either *directly* (one step after it was sent, added on its own) or over a
*ring*, a buffer of sums per future step.  Direct are the events of a static projection whose
dendritic delays are all one step; everything else takes the ring.  See `docs/explanation/step.md`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuro.ir.network import Network, Projection
from neuro.ir.resolve import Connections

Port = tuple[str, str]
"""Names of a population and its port."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Depths of rings and histories.

    Attributes
    ----------
    rings
        Slots of each port's ring: its longest dendritic delay.  Ports without one are left out.
    histories
        How many steps back each source's spikes are looked at; by the next step's direct events
        one more.
    """

    rings: Mapping[Port, int]
    histories: Mapping[str, int]


def layout(network: Network, synapses: Mapping[str, Connections]) -> Layout:
    """The layout of `network`, given the synapses of its projections by name."""
    rings: dict[Port, int] = {}
    histories: dict[str, int] = defaultdict(int)
    for projection in network.projections:
        expanded = synapses[projection.name]
        dendritic = np.max(dendritic_delay(expanded), initial=1)
        _raise(histories, projection.pre, np.max(expanded.axonal, initial=0))
        if is_direct(projection, expanded):
            continue
        port = (projection.post, projection.port)
        rings[port] = max(rings.get(port, 0), int(dendritic))
        if has_post(projection):
            _raise(histories, projection.post, dendritic)
    return Layout(rings, dict(histories))


def dendritic_delay(expanded: Connections) -> int | np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The part of the delay behind the synapse, in steps."""
    return expanded.delay - expanded.axonal


def is_direct(projection: Projection, expanded: Connections) -> bool:
    """True if the projection's events arrive one by one, without a ring."""
    return projection.synapse.is_static and bool(np.all(dendritic_delay(expanded) == 1))


def has_post(projection: Projection) -> bool:
    """True if the projection's synapses look at postsynaptic spikes."""
    return bool(projection.synapse.on_post or projection.synapse.post.state)


def _raise(depths: dict[str, int], name: str, depth: object) -> None:
    depths[name] = max(depths[name], int(depth))  # type: ignore[call-overload]
