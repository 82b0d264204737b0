"""A call of a module with plastic synapses: all populations step by step, then all synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neuro.backends.torch.plastic import Plasticity, Spiked
from neuro.backends.torch.run import Run
from neuro.ir.network import SpikeArray

if TYPE_CHECKING:
    from neuro.backends.torch.state import State


class PlasticRun(Run):
    """As `Run`; events over rings are added when they are sent, with the weights of that step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fuse = False
        self.synapses: dict[str, list[Tensor]] = {
            f"{probe.target}/{probe.variable}": []
            for probe in self.program.network.probes
            if probe.target in self.program.edges
        }
        self._rings = {name: list(due) for name, due in self.state.rings.items()}
        self._synapses = {
            name: Plasticity(edges, self._kept(name), self.values[f"{name}.weight"], self.batch)
            for name, edges in self.program.edges.items()
        }

    def _kept(self, name: str) -> dict[str, Tensor]:
        start = f"{name}/"
        found = self.state.synapses.items()
        return {key[len(start) :]: value for key, value in found if key.startswith(start)}

    def advance(self) -> State:
        """Do all steps; returns the state after them."""
        for item in self.program.network.inputs:
            if isinstance(item, SpikeArray):
                self.spikes[item.name].append(self._source(item))
            else:
                self._external[item.name] = self._input(item)
        for step in range(self.steps):
            for name in self.program.cells:
                self._stretch(name, step, 1)
            self._send(step)
        return self._end()

    def _send(self, step: int) -> None:
        """All that follows once the cells of a step have fired, in the reference's order."""
        factors = {name: self._factors(name, step) for name in self._synapses}
        for name, own in self._synapses.items():
            own.see_post(self._spiked(own.edges.node.post, step), factors[name])
        for name, own in self._synapses.items():
            node = own.edges.node
            ring = self._rings[f"{node.post}/{node.port}"]
            own.see_pre(self._spiked(node.pre, step), factors[name], ring)
            own.finish(factors[name])
            for variable, value in own.state.items():
                key = f"{name}/{variable}"
                if key in self.synapses:
                    self.synapses[key].append(value)

    def _factors(self, name: str, step: int) -> dict[str, Tensor]:
        """What arrives on the third factors of a projection."""
        node = self._synapses[name].edges.node
        sizes = {
            f.name: self._synapses[name].edges.post.count if f.per_post else 1
            for f in node.synapse.factors
        }
        found = {}
        for factor, size in sizes.items():
            total = torch.zeros(self.batch, size, dtype=self.program.dtype, device=self._device)
            for item in self._inputs(name, factor):
                total = total + item[step]
            for due in self._graded(name, factor, step, 1):
                total = total + due[0]
            found[factor] = total
        return found

    def _spiked(self, source: str, step: int) -> Spiked:
        train = self.spikes[source]
        return lambda lag: train.window(step - lag, step - lag + 1)[0]

    def _ring(self, name: str, port: str, first: int, count: int, now: int) -> Tensor | None:
        """Sums of the ring of a port for one step, which is taken off; None if it has none."""
        due = self._rings.get(f"{name}/{port}")
        if due is None:
            return None
        due.append(torch.zeros_like(due[0]))
        arriving: Tensor = due.pop(0)[None]
        return arriving

    def _due_rings(self) -> dict[str, Tensor]:
        return {name: torch.stack(due) for name, due in self._rings.items()}

    def _end_synapses(self) -> dict[str, Tensor]:
        return {
            f"{name}/{key}": value
            for name, own in self._synapses.items()
            if not own.edges.node.synapse.is_static
            for key, value in own.end().items()
        }
