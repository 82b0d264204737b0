"""Stop plasticity: weights as they are now, in static synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from neuro.errors import ParameterError, unknown_name
from neuro.ir.explicit import with_stored_weights, with_weights
from neuro.ir.network import CurrentInput, Network, Projection
from neuro.ir.resolve import Structured, connections
from neuro.ir.synapse import STATIC, WEIGHT
from neuro.simulation.choose import choose_seed


def freeze(
    network: Network, weights: Mapping[str, ArrayLike] | None = None, *, seed: int | None = None
) -> Network:
    """`network` with static synapses in place of plastic ones.

    Parameters
    ----------
    network
        A network.
    weights
        Weights by projection, as `Session.read` gives them; projections that are missing keep those
        they start with.
    seed
        Seed of the run that the weights are from; decides random connections.

    Raises
    ------
    UnknownNameError
        If there is no such projection.
    ParameterError
        If there are not as many weights as synapses.
    """
    given = dict(weights or {})
    known = [projection.name for projection in network.projections]
    for name in given:
        if name not in known:
            raise unknown_name(name, known, kind="projection", where="freeze, weights")
    chosen = choose_seed(network, seed)
    changed = {p.name for p in network.projections if not p.synapse.is_static}
    return replace(
        network,
        projections=tuple(
            _frozen(network, p, given.get(p.name), chosen) for p in network.projections
        ),
        inputs=tuple(
            i for i in network.inputs if not isinstance(i, CurrentInput) or i.post not in changed
        ),
        graded=tuple(g for g in network.graded if g.post not in changed),
        probes=tuple(p for p in network.probes if p.target not in changed or p.variable == WEIGHT),
        scales=tuple(s for s in network.scales if s.target not in changed or s.variable == WEIGHT),
    )


def _frozen(network: Network, node: Projection, weights: ArrayLike | None, seed: int) -> Projection:
    made = replace(node, synapse=STATIC, parameters={}, initial={})
    if weights is None:
        return made
    found, array = connections(network, node, seed), np.asarray(weights, np.float64)
    if array.shape not in ((), (found.stored,)):
        raise ParameterError(
            f"has shape {array.shape} for {found.stored} "
            f"{'synapses' if found.stored == found.count else 'stored weights'}.",
            where=f"freeze, weights of {node.name!r}",
            hint="Give one number, or as many as `Session.read` gives.",
        )
    if isinstance(found, Structured):
        return with_stored_weights(made, array, found)
    return with_weights(made, array, found)
