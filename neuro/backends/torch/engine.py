"""A module behind the contract of engines: one sample, without gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuro.backends.contract import Engine, Snapshot
from neuro.backends.torch.module import SpikingModule
from neuro.backends.torch.run import Run
from neuro.backends.torch.state import State
from neuro.drive import Drive
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.ir.synapse import WEIGHT
from neuro.recording.collect import SamplePlan, Sink, recorded_sources, sample_plans

Array = NDArray[Any]
STRETCH = 256
"""Steps that are kept in memory at once."""


class TorchEngine(Engine):
    """A network run by torch.

    Parameters
    ----------
    network
        A verified network.
    seed
        Seed of the run.
    exact
        As for `SpikingModule`.
    """

    def __init__(self, network: Network, seed: int, *, exact: bool) -> None:
        self._plans = sample_plans(network, seed)
        self._sources = recorded_sources(network)
        self._module = SpikingModule(network, train=False, exact=exact, seed=seed)
        self._state = self._module.rest()
        self._network = network
        self._weights: dict[str, Array] = {}

    @torch.no_grad()
    def advance(self, steps: int, drive: Drive, sink: Sink) -> int:
        """Do up to `STRETCH` steps."""
        count = min(steps, STRETCH)
        run = self._module.prepared({}, self._state, count, drive)
        first, self._state = self.step, run.advance()
        self._record(run, first, count, sink)
        self.step = self._state.step
        return count

    def _record(self, run: Run, first: int, count: int, sink: Sink) -> None:
        for name in self._sources:
            train = run.spikes[name]
            if not train.end:
                continue
            step, index = np.nonzero(train.whole()[:, 0].numpy())
            if len(step):
                sink.add_spikes(name, (step + first).astype(np.int64), index.astype(np.int64))
        for plan in self._plans:
            steps = np.arange(first, first + count)
            chosen = steps[steps % plan.every == 0]
            if len(chosen):
                values = self._sampled(run, plan, chosen - first)
                sink.add_samples(plan.target, plan.variable, chosen, values)

    def _sampled(self, run: Run, plan: SamplePlan, place: Array) -> Array:
        if plan.of_synapses:
            changing = run.synapses.get(f"{plan.target}/{plan.variable}")
            if changing is not None:
                return np.stack([changing[k][0].numpy()[plan.index] for k in place])
            own = self.read(plan.target, plan.variable)[plan.index]
            return np.repeat(own[None], len(place), axis=0)
        whole = run.variables[f"{plan.target}/{plan.variable}"].whole()[:, 0].numpy()
        return np.ascontiguousarray(whole[place][:, plan.index])

    def read(self, target: str, variable: str) -> Array:
        """A copy of a variable's values."""
        own = self._state.synapses.get(f"{target}/{variable}")
        if own is not None:
            return _array(own[0])
        if variable == WEIGHT and any(p.name == target for p in self._network.projections):
            return self._module.synapses(target)
        return self._state.cells[f"{target}/{variable}"][0].numpy().copy()

    def write(self, target: str, variable: str, values: NDArray[np.float64]) -> None:
        """Set a variable's values."""
        place = f"{target}/{variable}"
        if place in self._state.synapses:
            tensor = _like(np.asarray(values)[None], self._state.synapses[place])
            synapses = {**self._state.synapses, place: tensor}
            self._state = _replaced(self._state, synapses=synapses)
            return
        if variable == WEIGHT and any(p.name == target for p in self._network.projections):
            self._module.set_synapses(target, values)
            return
        key = f"{target}/{variable}"
        tensor = torch.from_numpy(np.array(values, np.float64)).to(self._state.cells[key].dtype)
        cells = {**self._state.cells, key: tensor.expand(1, -1)}
        self._state = _replaced(self._state, cells=cells)

    def snapshot(self) -> Snapshot:
        """The complete state."""
        state = self._state
        found: Snapshot = {"step": np.asarray(state.step, np.int64)}
        found |= {f"state/{name}": _array(tensor[0]) for name, tensor in state.cells.items()}
        found |= {f"refractory/{n}": _array(tensor[0]) for n, tensor in state.refractory.items()}
        found |= {f"ring/{name}": _array(tensor[:, 0]) for name, tensor in state.rings.items()}
        found |= {f"graded/{name}": _array(tensor[:, 0]) for name, tensor in state.graded.items()}
        for name, tensor in state.history.items():
            age, cell = np.nonzero(tensor[:, 0].numpy()[::-1])
            found[f"history/{name}"] = np.stack([age, cell], axis=1).astype(np.int64)
        for projection in self._network.projections:
            found[f"synapse/{projection.name}/{WEIGHT}"] = self.read(projection.name, WEIGHT)
        found |= {_kept(name): _array(tensor[0]) for name, tensor in state.synapses.items()}
        return found

    def restore(self, snapshot: Snapshot) -> None:
        """Go to the state of `snapshot`."""
        state = self._state
        self._state = _replaced(
            state,
            step=int(snapshot["step"]),
            cells={n: _like(snapshot[f"state/{n}"][None], t) for n, t in state.cells.items()},
            refractory={
                n: _like(snapshot[f"refractory/{n}"][None], t) for n, t in state.refractory.items()
            },
            rings={n: _like(snapshot[f"ring/{n}"][:, None], t) for n, t in state.rings.items()},
            graded={n: _like(snapshot[f"graded/{n}"][:, None], t) for n, t in state.graded.items()},
            history={n: _past(snapshot[f"history/{n}"], t) for n, t in state.history.items()},
            synapses={n: _like(snapshot[_kept(n)][None], t) for n, t in state.synapses.items()},
        )
        for projection in self._network.projections:
            if not projection.synapse.is_static:
                continue
            self._module.set_synapses(
                projection.name, snapshot[f"synapse/{projection.name}/{WEIGHT}"]
            )
        self.step = self._state.step

    def describe(self) -> Mapping[str, str]:
        """Which torch."""
        return {"torch": torch.__version__}


def _replaced(state: State, **changes: Any) -> State:
    from dataclasses import replace

    return replace(state, **changes)


def _kept(name: str) -> str:
    """What a snapshot calls a variable or trace of synapses."""
    projection, _, rest = name.partition("/")
    return f"trace/{projection}/{rest}" if "/" in rest else f"synapse/{projection}/{rest}"


def _array(tensor: torch.Tensor) -> Array:
    return np.array(tensor.numpy())


def _like(array: Array, tensor: torch.Tensor) -> torch.Tensor:
    if array.shape != tuple(tensor.shape):
        raise ParameterError(
            f"has a part of shape {array.shape}, not {tuple(tensor.shape)}.", where="snapshot"
        )
    return torch.from_numpy(np.array(array)).to(tensor.dtype)


def _past(rows: Array, tensor: torch.Tensor) -> torch.Tensor:
    """Spikes by age as a tensor, the last step last."""
    past = torch.zeros_like(tensor)
    own = rows[rows[:, 0] < len(tensor)]
    past[len(tensor) - 1 - torch.from_numpy(own[:, 0]), 0, torch.from_numpy(own[:, 1])] = 1
    return past
