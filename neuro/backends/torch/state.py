"""The state of a network between two calls of its module, one tensor a variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """What `SpikingModule.forward` starts from and returns.

    Attributes
    ----------
    step
        The next step.
    cells
        State variables by ``POPULATION/VARIABLE``; shape (batch, n).
    refractory
        Steps for which each cell is still refractory, by population; int64, (batch, n).
    history
        Recent spikes by source; shape (depth, batch, n), the last step last.
    rings
        Sums that are due in coming steps, by ``POPULATION/PORT``; shape (depth, batch, n).
    graded
        The same for graded projections, by name.
    synapses
        Variables of plastic synapses by ``PROJECTION/VARIABLE``, shape (batch, synapses), and traces
        by ``PROJECTION/pre/VARIABLE`` or ``post``, shape (batch, delays, n).
    """

    step: int = 0
    cells: Tensors = field(default_factory=dict)
    refractory: Tensors = field(default_factory=dict)
    history: Tensors = field(default_factory=dict)
    rings: Tensors = field(default_factory=dict)
    graded: Tensors = field(default_factory=dict)
    synapses: Tensors = field(default_factory=dict)

    def detach(self) -> State:
        """The same numbers without gradients, for truncated backpropagation through time."""
        return self._map(torch.Tensor.detach)

    def to(self, device: torch.device | str) -> State:
        """The state on another device."""
        return self._map(lambda tensor: tensor.to(device))

    @property
    def batch(self) -> int:
        """Number of samples."""
        tensors = (*self.cells.values(), *self.history.values())
        return 1 if not tensors else int(tensors[0].shape[-2])

    def _map(self, change: Callable[[Tensor], Tensor]) -> State:
        def changed(tensors: Tensors) -> Tensors:
            return {name: change(tensor) for name, tensor in tensors.items()}

        return replace(
            self,
            cells=changed(self.cells),
            refractory=changed(self.refractory),
            history=changed(self.history),
            rings=changed(self.rings),
            graded=changed(self.graded),
            synapses=changed(self.synapses),
        )
