"""What arrives on the ports of a population: rings, direct events, inputs and graded values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neuro.backends.torch.sums import Segment, add_events
from neuro.ir.network import GradedProjection

if TYPE_CHECKING:
    from neuro.backends.torch.program import Program
    from neuro.backends.torch.trains import Train
    from neuro.backends.torch.wiring import Group


class Arrivals:
    """Sums of what was sent, for any steps of a run.

    Parameters
    ----------
    program
        The network.
    spikes
        Trains by source.
    variables
        Trains of state variables by ``POPULATION/VARIABLE``.
    weights
        Tensors by the name of a projection, in SI.
    exact
        As for `add_events`.
    """

    def __init__(
        self,
        program: Program,
        spikes: Mapping[str, Train],
        variables: Mapping[str, Train],
        weights: Mapping[str, Tensor],
        *,
        exact: bool,
    ) -> None:
        self._program, self._exact = program, exact
        self._spikes, self._variables = spikes, variables
        self._weights = weights
        self._parts: dict[tuple[str, int, int], Tensor] = {}

    def ring(self, post: str, port: str, start: Tensor, first: int, now: int) -> Tensor:
        """Sums that are due from step `first` on, of events sent before step `now`.

        Parameters
        ----------
        post, port
            The port.
        start
            What they are added to; shape (steps, batch, n).
        first
            Step of its first row.
        now
            Events of this step and later ones are not there yet.
        """
        groups = self._program.groups(post, port, direct=False)
        return self._add(start, first, self._over_ring(groups, first, len(start), now))

    def direct(self, post: str, port: str, start: Tensor, first: int) -> Tensor:
        """`start` and the direct events of its steps; arguments as for `ring`."""
        groups = self._program.groups(post, port, direct=True)
        last = first + len(start)
        wanted = [(name, g, first, last, 1 + g.axonal) for name, g in groups]
        return self._add(start, first, wanted)

    def graded(self, name: str, start: Tensor, first: int, now: int) -> Tensor:
        """Values that a graded projection brings; arguments as for `ring`."""
        groups = [(name, group) for group in self._program.wirings[name].groups]
        return self._add(start, first, self._over_ring(groups, first, len(start), now))

    def _over_ring(
        self, groups: Sequence[tuple[str, Group]], first: int, count: int, now: int
    ) -> list[tuple[str, Group, int, int, int]]:
        """Per group: steps in which something that was sent within the run may arrive, and delay."""
        return [
            (name, g, max(first, g.dendritic), min(first + count, now + g.dendritic), g.delay)
            for name, g in groups
        ]

    def _add(
        self, start: Tensor, origin: int, wanted: Sequence[tuple[str, Group, int, int, int]]
    ) -> Tensor:
        given: list[Tensor] = []
        places: dict[int, int] = {}

        def place(tensor: Tensor) -> int:
            if id(tensor) not in places:
                places[id(tensor)] = len(given)
                given.append(tensor)
            return places[id(tensor)]

        segments: list[Segment] = []
        for name, group, first, last, delay in wanted:
            if first >= last or not group.matrix.n_pre:
                continue
            weight = place(self.part(name, group))
            for step, tensor, begin, count in self._pieces(name, first - delay, last - delay):
                at = step + delay - origin
                segments.append(Segment(at, count, place(tensor), begin, weight, group.matrix))
        return add_events(start, tuple(segments), tuple(given), exact=self._exact)

    def _pieces(self, name: str, first: int, last: int) -> Iterator[tuple[int, Tensor, int, int]]:
        node = self._program.wirings[name].node
        if isinstance(node, GradedProjection):
            return self._variables[f"{node.pre}/{node.variable}"].pieces(first, last)
        return self._spikes[node.pre].pieces(first, last)

    def part(self, name: str, group: Group) -> Tensor:
        """Weights of a group; made once a run."""
        key = (name, group.axonal, group.dendritic)
        if key not in self._parts:
            self._parts[key] = group.weights(self._weights[name]).contiguous()
        return self._parts[key]


def rows(tensor: Tensor, first: int, count: int) -> Tensor:
    """`count` rows from `first` on; zeros where there are none."""
    own = tensor[first : first + count]
    if len(own) == count:
        return own
    missing = tensor.new_zeros(count - len(own), *tensor.shape[1:])
    return torch.cat([own, missing]) if len(own) else missing
