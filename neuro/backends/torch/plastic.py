"""Synapses that change while the network runs, as ordinary operations on whole tensors.

Each sample of a batch has weights of its own.  A program runs on all synapses, and is kept where a spike
passes; the choice has the spike's surrogate gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuro.backends.torch.plastic_code import SENT, Action, action_of
from neuro.backends.torch.runtime import nr_select
from neuro.backends.torch.wiring import Wiring
from neuro.ir.canonical_types import CanonicalTrace, canonical_synapse
from neuro.ir.expressions.evaluate import Float
from neuro.ir.network import Network, Projection
from neuro.ir.resolve import constants, initial_state, parameters
from neuro.ir.synapse import WEIGHT, Trace

Integers = NDArray[np.int64]
Spiked = Callable[[int], Tensor]
"""From a lag in steps to the spikes of that step; shape (batch, n)."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Traces of one side; rows are the delays at which its spikes are seen, longest first."""

    lags: tuple[int, ...]
    row: Tensor
    cell: Tensor
    fresh: Mapping[str, float]
    count: int
    on_spike: Action
    each_step: Action

    def seen(self, spiked: Spiked) -> Tensor:
        """Whether a spike passes each synapse now; shape (batch, synapses)."""
        return self.rows(spiked)[:, self.row, self.cell]

    def rows(self, spiked: Spiked) -> Tensor:
        """The spikes that are seen now; shape (batch, delays, n)."""
        found = [spiked(lag) for lag in self.lags]
        return torch.stack(found, dim=1) if found else spiked(0)[:, None][:, :0]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """A projection whose events take the ring.

    Attributes
    ----------
    node
        The projection.
    pre, post
        Its traces.
    constants
        What programs read: one number, or one a synapse.
    state
        Variables besides the weight before step 0; shape (synapses,).
    on_pre, on_post, each_step
        Programs; the first also leaves what is sent.
    rounds
        By dendritic delay: for each round, the synapse that adds to each cell, or the number of
        synapses where there is none; shape (rounds, n_post).
    weight_of
        Where each synapse's weight stands among those that are stored; None if in order.
    """

    node: Projection
    pre: Side
    post: Side
    constants: Mapping[str, Tensor]
    state: Mapping[str, Tensor]
    on_pre: Action
    on_post: Action
    each_step: Action
    rounds: Mapping[int, Tensor]
    weight_of: Tensor | None

    def weights(self, stored: Tensor) -> Tensor:
        """One weight a synapse, of those that are stored."""
        flat = stored.reshape(-1)
        if self.weight_of is not None and stored.ndim:
            return flat[self.weight_of]
        return flat.expand(len(self.pre.cell))


def edges_of(network: Network, wiring: Wiring, seed: int, kind: Float, dtype: torch.dtype) -> Edges:
    """Prepare a projection."""
    node, expanded = wiring.node, wiring.expanded
    assert isinstance(node, Projection)
    count = expanded.rows.count
    values = parameters(
        node.synapse.parameters, node.parameters, count, seed, f"{node.name}/parameter"
    )
    values |= constants(node.synapse.derived, values, network.dt)
    declared = node.synapse.state
    began = initial_state(declared, node.initial, values, count, seed, f"{node.name}/initial")
    programs = canonical_synapse(node.synapse)
    source = np.asarray(expanded.rows.sources(), np.int64)
    target = np.asarray(expanded.rows.indices, np.int64)
    dendritic = np.broadcast_to(expanded.delay - expanded.axonal, (count,))
    axonal = np.broadcast_to(expanded.axonal, (count,))
    index = expanded.rows.kernel_index

    def side(
        programs: CanonicalTrace, trace: Trace, lag: Integers, cells: Integers, n: int
    ) -> Side:
        fresh = initial_state(trace.state, {}, values, 1, 0, "")
        lags, row = np.unique(-lag, return_inverse=True)
        return Side(
            lags=tuple((-lags).tolist()),
            row=torch.from_numpy(row.astype(np.int64)),
            cell=torch.from_numpy(cells.astype(np.int64)),
            fresh={name: float(value[0]) for name, value in fresh.items()},
            count=n,
            on_spike=action_of(programs.on_spike, kind),
            each_step=action_of(programs.each_step, kind),
        )

    n_pre, n_post = network.sources[node.pre].size, network.sources[node.post].size
    known = {**values, "dt": network.dt}
    return Edges(
        node=node,
        pre=side(programs.pre, node.synapse.pre, axonal, source, n_pre),
        post=side(programs.post, node.synapse.post, dendritic, target, n_post),
        constants={n: torch.as_tensor(np.array(v)).to(dtype) for n, v in known.items()},
        state={n: torch.from_numpy(v).to(dtype) for n, v in began.items() if n != WEIGHT},
        on_pre=action_of(programs.on_pre, kind, programs.send),
        on_post=action_of(programs.on_post, kind),
        each_step=action_of(programs.each_step, kind),
        rounds=dict(_rounds(axonal, dendritic, target, n_post)),
        weight_of=None if index is None else torch.from_numpy(np.asarray(index, np.int64)),
    )


def _rounds(
    axonal: Integers, dendritic: Integers, target: Integers, n_post: int
) -> Iterator[tuple[int, Tensor]]:
    """Synapses in the order in which their events are added: longest axonal delay first."""
    order = np.argsort(-axonal, kind="stable")
    for delay in np.unique(dendritic).tolist():
        mine = order[dendritic[order] == delay]
        by_cell = mine[np.argsort(target[mine], kind="stable")]
        cells = target[by_cell]
        first = np.searchsorted(cells, cells)
        place = np.arange(len(cells)) - first
        table = np.full((int(place.max(initial=-1)) + 1, n_post), len(target))
        table[place, cells] = by_cell
        yield delay, torch.from_numpy(table)


class Plasticity:
    """The synapses of one projection while a call of the module runs.

    Parameters
    ----------
    edges
        The projection.
    state
        Its variables and traces by name, such as ``w`` and ``pre/trace``; what is missing is fresh.
    weights
        Weights as they are stored, for a start without them.
    batch
        Number of samples.
    """

    def __init__(
        self, edges: Edges, state: Mapping[str, Tensor], weights: Tensor, batch: int
    ) -> None:
        self.edges, device = edges, weights.device
        fresh = {WEIGHT: edges.weights(weights), **edges.state}
        self.state = {
            name: state.get(name, value.to(device).expand(batch, -1))
            for name, value in fresh.items()
        }
        self.traces = {
            tag: {
                name: state.get(f"{tag}/{name}", self._trace(side, value, weights, batch))
                for name, value in side.fresh.items()
            }
            for tag, side in (("pre", edges.pre), ("post", edges.post))
        }
        self._constants = {name: value.to(device) for name, value in edges.constants.items()}
        self._shared = {name: v for name, v in self._constants.items() if not v.ndim}

    @staticmethod
    def _trace(side: Side, value: float, like: Tensor, batch: int) -> Tensor:
        return like.new_full((batch, len(side.lags), side.count), value)

    def end(self) -> dict[str, Tensor]:
        """All variables and traces, by name."""
        traces = {f"{tag}/{n}": v for tag, own in self.traces.items() for n, v in own.items()}
        return {**self.state, **traces}

    def see_post(self, spiked: Spiked, factors: Mapping[str, Tensor]) -> None:
        """Postsynaptic spikes after the dendritic delay: `on_post`, then the traces."""
        side = self.edges.post
        if not self.edges.on_post.writes and not side.fresh:
            return
        self._run(self.edges.on_post, side.seen(spiked), factors)
        self._raise("post", side, spiked)

    def see_pre(self, spiked: Spiked, factors: Mapping[str, Tensor], ring: list[Tensor]) -> None:
        """Presynaptic spikes after the axonal delay: `on_pre`, send, then the traces."""
        side = self.edges.pre
        seen = side.seen(spiked)
        sent = self._run(self.edges.on_pre, seen, factors)[SENT]
        sent = nr_select(seen, sent.expand(seen.shape), torch.zeros((), dtype=seen.dtype))
        padded = torch.cat([sent, sent.new_zeros(len(sent), 1)], dim=1)
        for delay, rounds in self.edges.rounds.items():
            for synapses in rounds:
                ring[delay - 1] = ring[delay - 1] + padded[:, synapses]
        self._raise("pre", side, spiked)

    def finish(self, factors: Mapping[str, Tensor]) -> None:
        """`each_step`, then the decay of the traces."""
        if self.edges.each_step.writes:
            self._run(self.edges.each_step, None, factors)
        for tag, side in (("pre", self.edges.pre), ("post", self.edges.post)):
            own = self.traces[tag]
            after = side.each_step.run({**self._shared, **own})
            self.traces[tag] = {name: after[name].expand(old.shape) for name, old in own.items()}

    def _run(
        self, action: Action, seen: Tensor | None, factors: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Run a program on all synapses; where nothing was seen, they stay as they are."""
        edges = self.edges
        scope = {**self._constants}
        for tag, side in (("pre", edges.pre), ("post", edges.post)):
            for name, value in self.traces[tag].items():
                scope[name] = value[:, side.row, side.cell]
        for name, value in factors.items():
            scope[name] = value if value.shape[1] == 1 else value[:, edges.post.cell]
        after = action.run({**scope, **self.state})
        for name, old in self.state.items():
            if name in action.writes:
                new = after[name].expand(old.shape)
                self.state[name] = new if seen is None else nr_select(seen, new, old)
        return after

    def _raise(self, tag: str, side: Side, spiked: Spiked) -> None:
        """`on_spike` for the traces of cells whose spikes are seen."""
        own = self.traces[tag]
        if not own:
            return
        seen = side.rows(spiked)
        after = side.on_spike.run({**self._shared, **own})
        self.traces[tag] = {
            name: nr_select(seen, after[name].expand(old.shape), old) for name, old in own.items()
        }
