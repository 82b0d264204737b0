"""Build one projection through the front end and look at its synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.network import Network
from neuro.ir.resolve import synapses


@dataclass(frozen=True)
class Wires:
    """Synapses in the order of the rows."""

    source: NDArray[Any]
    target: NDArray[Any]
    weight: NDArray[Any]
    delay: NDArray[Any]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.source.tolist(), self.target.tolist(), strict=True))

    def matrix(self, n_pre: int, n_post: int) -> NDArray[np.float64]:
        """Sums of weights by pair."""
        result = np.zeros((n_pre, n_post))
        np.add.at(result, (self.source, self.target), self.weight)
        return result


def wires(network: Network, place: int = 0, seed: int = 0) -> Wires:
    """Synapses of the projection that was declared at `place`."""
    run_seed = network.seed if network.seed is not None else seed
    found = synapses(network, network.projections[place], run_seed)
    shape = found.rows.indices.shape
    return Wires(
        found.rows.sources(),
        found.rows.indices,
        np.broadcast_to(found.weight, shape),
        np.broadcast_to(found.delay, shape),
    )


def two(
    n_pre: int, n_post: int, *, seed: int | None = 1, dt: float | str = 1.0
) -> tuple[neuro.NetworkBuilder, PopulationHandle, PopulationHandle]:
    """A builder with two populations of LIF cells, whose weights have no unit."""
    net = neuro.NetworkBuilder(dt=dt, seed=seed)
    pre = net.population(n_pre, neuro.LIF(), label="pre")
    return net, pre, net.population(n_post, neuro.LIF(), label="post")


def connect(
    connector: Any, n_pre: int, n_post: int, *, seed: int | None = 1, **synapse: Any
) -> Wires:
    """The synapses of `connector` between two populations."""
    net, pre, post = two(n_pre, n_post, seed=seed)
    net.projection(pre, post, connector, neuro.StaticSynapse(**synapse))
    return wires(net.build())
