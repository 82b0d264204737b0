"""A network prepared for torch: code, matrices and depths, without anything that is trained."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from neuro.backends.c.compiler import find_compiler
from neuro.backends.torch.cells import CellCode, cell_code
from neuro.backends.torch.fused_code import FusedCode, fused_code
from neuro.backends.torch.load import DTYPES
from neuro.backends.torch.order import Component, components
from neuro.backends.torch.plastic import Edges, edges_of
from neuro.backends.torch.state import State
from neuro.backends.torch.surrogates import Foreign, Surrogate
from neuro.backends.torch.values import (
    CellConstants,
    Stored,
    input_values,
    stored_of,
    weight_unit,
)
from neuro.backends.torch.wiring import Group, Wiring, wiring_of
from neuro.ir.cell import CellType
from neuro.ir.expressions.evaluate import Float
from neuro.ir.layout import Layout, layout
from neuro.ir.network import GradedProjection, Network, Population, Projection, SpikeArray
from neuro.ir.resolve import initial_state, refractory_steps, target_size


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One population.

    Attributes
    ----------
    node
        The population.
    code
        Its printed step.
    constants
        Its parameters.
    refractory
        Steps, shape () or (n,); None if there is no refractory period.
    kind, surrogate, detach_reset
        Number format and gradients.
    """

    node: Population
    code: CellCode
    constants: CellConstants
    refractory: Tensor | None
    kind: Float
    surrogate: Surrogate
    detach_reset: bool

    @property
    def can_fuse(self) -> bool:
        """True if generated C can do many steps at once."""
        plain = not self.surrogate.smooth and not isinstance(self.surrogate, Foreign)
        return plain and bool(self.code.state) and find_compiler() is not None

    def fused(
        self, extras: tuple[tuple[str, int], ...], constants: Mapping[str, Tensor]
    ) -> FusedCode:
        """C of this kind of cell for constants such as these; see `fused_code`."""
        trained = frozenset(name for name, value in constants.items() if value.requires_grad)
        scalars = frozenset(name for name, value in constants.items() if not value.ndim)
        cell = self.node.cell
        quiet, kind = self.refractory is not None, cast("Hashable", self.kind)
        return _fused(
            cell, extras, trained, scalars, kind, self.surrogate, self.detach_reset, quiet
        )


@cache
def _fused(  # noqa: PLR0917 - a cache compares its arguments by place
    cell: CellType,
    extras: tuple[tuple[str, int], ...],
    trained: frozenset[str],
    scalars: frozenset[str],
    kind: Any,
    surrogate: Surrogate,
    detach_reset: bool,
    refractory: bool,
) -> FusedCode:
    return fused_code(
        cell,
        dict(extras),
        trained,
        scalars,
        kind,
        surrogate,
        detach_reset=detach_reset,
        refractory=refractory,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """All that a module needs besides its values.

    Attributes
    ----------
    network, seed, dtype
        What is run.
    cells
        Populations by name.
    wirings
        Projections by name, then graded ones.
    plan
        Depths of rings and histories.
    order
        In which order populations run.
    edges
        Where synapses are plastic: all projections whose events take a ring.
    """

    network: Network
    seed: int
    dtype: torch.dtype
    cells: Mapping[str, Cells]
    wirings: Mapping[str, Wiring]
    plan: Layout
    order: tuple[Component, ...]
    edges: Mapping[str, Edges]

    def values(self) -> dict[str, Stored]:
        """Everything that may be trained, by name."""
        found = input_values(self.network, self.dtype)
        for name, wiring in self.wirings.items():
            unit = weight_unit(self.network, wiring.node.post, wiring.node.port)
            key = f"{name}.weight"
            found[key] = stored_of(key, wiring.stored, unit, self.dtype)
        for cells in self.cells.values():
            found |= cells.constants.stored()
        return found

    def groups(self, post: str, port: str, *, direct: bool) -> list[tuple[str, Group]]:
        """Groups of spiking projections onto a port in the order of their sums.

        Over a ring, events are added in the order in which they were sent: longest dendritic delay
        first, then by projection.  Direct events go by projection.
        """
        found = [
            (place, name, group)
            for place, (name, wiring) in enumerate(self.wirings.items())
            if not isinstance(wiring.node, GradedProjection)
            and (wiring.node.post, wiring.node.port) == (post, port)
            and wiring.direct == direct
            for group in wiring.groups
        ]
        found.sort(key=lambda item: (-item[2].dendritic, item[0], -item[2].axonal))
        return [(name, group) for _, name, group in found]

    def loops(self, component: Component) -> tuple[tuple[str, Group], ...] | None:
        """The synapses of a population among its own cells, if generated C can do them too.

        That is so if it stands alone, and its own events come last on their ports, those sent
        earliest first: then they can be added to the sums of all others.

        Returns
        -------
        tuple or None
            Names of projections and their groups; None if the steps must be done one by one.
        """
        if len(component.members) != 1 or component.stride is None:
            return None
        (name,) = component.members
        inner = [w for w in self.wirings.values() if w.node.pre == name == w.node.post]
        if any(isinstance(w.node, GradedProjection) for w in inner):
            return None
        found: list[tuple[str, Group]] = []
        for port in dict.fromkeys(w.node.port for w in inner):
            tail = self._tail(name, port, {w.node.name for w in inner})
            if tail is None:
                return None
            found += tail
        return tuple(found)

    def _tail(self, name: str, port: str, inner: set[str]) -> list[tuple[str, Group]] | None:
        """Groups of a population's own projections on a port, if they come last and in order."""
        both = [self.groups(name, port, direct=direct) for direct in (False, True)]
        listed = [*both[0], *both[1]]
        count = sum(group_name in inner for group_name, _ in listed)
        own = listed[len(listed) - count :]
        last = all(group_name in inner for group_name, _ in own)
        delays = [group.delay for _, group in own]
        dense = all(group.matrix.is_dense for _, group in own)
        declared = next(p for p in self.cells[name].node.cell.ports if p.name == port)
        if not (last and dense and delays == sorted(delays, reverse=True)):
            return None
        return None if declared.into is not None or self._others(name, port) else own

    def _others(self, name: str, port: str) -> bool:
        """True if something reaches a port after events do."""
        inputs = (i for i in self.network.inputs if not isinstance(i, SpikeArray))
        driven = any((i.post, i.port) == (name, port) for i in inputs)
        return driven or bool(self.graded(name, port))

    def graded(self, post: str, port: str) -> list[Wiring]:
        """Graded projections onto a port, in order."""
        return [
            wiring
            for wiring in self.wirings.values()
            if isinstance(wiring.node, GradedProjection)
            and (wiring.node.post, wiring.node.port) == (post, port)
        ]

    def rest(self, batch: int, device: torch.device) -> State:
        """The state before step 0."""
        network, zeros = self.network, self._zeros(batch, device)
        cells: dict[str, Tensor] = {}
        for name, own in self.cells.items():
            values = initial_state(
                own.node.cell.state,
                own.node.initial,
                own.constants.known,
                own.node.size,
                self.seed,
                f"{name}/initial",
            )
            for variable, value in values.items():
                tensor = torch.from_numpy(value).to(device, self.dtype)
                cells[f"{name}/{variable}"] = tensor.expand(batch, -1)
        sizes = {name: source.size for name, source in network.sources.items()}
        quiet = {
            name: torch.zeros(batch, sizes[name], dtype=torch.int64, device=device)
            for name, own in self.cells.items()
        }
        return State(
            cells=cells,
            refractory=quiet,
            history={n: zeros(self.depth(n), size) for n, size in sizes.items()},
            rings={f"{n}/{p}": zeros(d, sizes[n]) for (n, p), d in self.plan.rings.items()},
            graded={
                name: zeros(
                    max((g.delay for g in wiring.groups), default=1),
                    target_size(network, wiring.node),
                )
                for name, wiring in self.wirings.items()
                if isinstance(wiring.node, GradedProjection)
            },
        )

    def depth(self, source: str) -> int:
        """Steps of spikes of `source` that matter later."""
        return self.plan.histories.get(source, 0) + 1

    def _zeros(self, batch: int, device: torch.device):  # type: ignore[no-untyped-def]
        def zeros(depth: int, size: int) -> Tensor:
            return torch.zeros(depth, batch, size, dtype=self.dtype, device=device)

        return zeros


def program_of(
    network: Network,
    seed: int,
    surrogates: Mapping[str, Surrogate],
    *,
    detach_reset: bool,
) -> Program:
    """Prepare `network`.

    Parameters
    ----------
    network
        Verified, and without anything that `torch` refuses.
    seed
        Of connectors, draws and noise.
    surrogates
        By population.
    detach_reset
        As for `cell_code`.
    """
    kind: Float = np.float64 if network.format.kind == "float64" else np.float32
    nodes: list[Projection | GradedProjection] = [*network.projections, *network.graded]
    wirings = {node.name: wiring_of(network, node, seed) for node in nodes}
    expanded = {p.name: wirings[p.name].expanded for p in network.projections}
    plastic = any(not p.synapse.is_static for p in network.projections)
    return Program(
        network=network,
        seed=seed,
        dtype=DTYPES[kind],
        edges={
            name: edges_of(network, wiring, seed, kind, DTYPES[kind])
            for name, wiring in wirings.items()
            if plastic and isinstance(wiring.node, Projection) and not wiring.direct
        },
        cells={
            node.name: _cells(network, node, seed, kind, surrogates[node.name], detach_reset)
            for node in network.populations
        },
        wirings=wirings,
        plan=layout(network, expanded),
        order=tuple(
            components(
                (p.name for p in network.populations),
                [
                    (w.node.pre, w.node.post, min((g.delay for g in w.groups), default=1))
                    for w in wirings.values()
                ],
            )
        ),
    )


def _cells(
    network: Network,
    node: Population,
    seed: int,
    kind: Float,
    surrogate: Surrogate,
    detach_reset: bool,
) -> Cells:
    constants = CellConstants(network, node, seed, kind)
    steps = np.asarray(refractory_steps(node, constants.known, network.dt))
    return Cells(
        node=node,
        code=cell_code(node.cell, kind, surrogate, detach_reset=detach_reset),
        constants=constants,
        refractory=torch.from_numpy(steps) if steps.any() else None,
        kind=kind,
        surrogate=surrogate,
        detach_reset=detach_reset,
    )
