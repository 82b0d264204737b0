"""One call of a module: populations in order, each for as many steps as can be done at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from neuro.backends.torch import fused
from neuro.backends.torch.arrivals import Arrivals, rows
from neuro.backends.torch.cells import Step
from neuro.backends.torch.fused import Loop, Stretch
from neuro.backends.torch.inputs import SEEDS, PoissonTrains, current, listed_spikes
from neuro.backends.torch.memory import zeros
from neuro.backends.torch.program import Cells, Program
from neuro.backends.torch.state import State
from neuro.backends.torch.trains import Train
from neuro.backends.torch.values import Values
from neuro.backends.torch.wiring import Group
from neuro.drive import Drive
from neuro.ir.cell import Port
from neuro.ir.network import CurrentInput, PoissonInput, SpikeArray
from neuro.ir.numbers import FloatNumbers
from neuro.ir.philox import stream_of, words

Extra = Callable[[Tensor, int], Tensor]
"""Adds what is due in a step (counted from the first of a stretch) to a bound variable."""


@dataclass(kw_only=True, eq=False)
class Run:
    """A network while one call of its module runs.

    Attributes
    ----------
    program, values
        The network, and its numbers.
    state
        Where the run starts.
    steps, batch, seed
        How many steps and samples; the seed of the noise.
    given
        Inputs by name; shape (steps, batch, n).
    drive
        Declared inputs, for those that are not given.
    poisson
        Poisson inputs by name.
    recorded
        State variables to keep, as ``POPULATION/VARIABLE``.
    exact
        Whether sums keep the reference's order.
    fuse
        Whether generated C does many steps of a population at once, where it can.
    compiled
        Steps of populations that `torch.compile` has compiled.
    """

    program: Program
    values: Values
    state: State
    steps: int
    batch: int
    seed: int
    given: Mapping[str, Tensor]
    drive: Drive
    poisson: Mapping[str, PoissonTrains]
    recorded: frozenset[str]
    exact: bool
    fuse: bool
    compiled: Mapping[str, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spikes = {name: Train(past) for name, past in self.state.history.items()}
        self.variables = {
            name: Train(self.state.cells[name].new_empty(0, *self.state.cells[name].shape))
            for name in self.recorded | self._sent()
        }
        self._cells = {name: self._start(name) for name in self.program.cells}
        self._refractory = dict(self.state.refractory)
        weights = {name: self.values[f"{name}.weight"] for name in self.program.wirings}
        self._arrivals = Arrivals(
            self.program, self.spikes, self.variables, weights, exact=self.exact
        )
        self._constants = {
            name: own.constants.tensors(own.code.constants, self.values)
            for name, own in self.program.cells.items()
        }
        self._external: dict[str, Tensor] = {}
        self.synapses: dict[str, list[Tensor]] = {}

    def _sent(self) -> set[str]:
        return {f"{g.pre}/{g.variable}" for g in self.program.network.graded}

    def _start(self, name: str) -> tuple[Tensor, ...]:
        code = self.program.cells[name].code
        return tuple(self.state.cells[f"{name}/{variable}"] for variable in code.state)

    def advance(self) -> State:
        """Do all steps; returns the state after them."""
        for item in self.program.network.inputs:
            if isinstance(item, SpikeArray):
                self.spikes[item.name].append(self._source(item))
            else:
                self._external[item.name] = self._input(item)
        for component in self.program.order:
            loops = self.program.loops(component)
            if loops is not None and self._in_one(component.members[0], loops):
                continue
            stride = component.stride or self.steps
            for first in range(0, self.steps, stride):
                for name in component.members:
                    self._stretch(name, first, min(stride, self.steps - first))
        return self._end()

    # Inputs -----------------------------------------------------------------------------------

    def _source(self, item: SpikeArray) -> Tensor:
        if item.name in self.given:
            return self.given[item.name]
        listed = listed_spikes(
            self.drive, item.name, item.size, self.state.step, self.steps, self.program.dtype
        )
        return listed.to(self._device).expand(-1, self.batch, -1)

    def _input(self, item: PoissonInput | CurrentInput) -> Tensor:
        if item.name in self.given:
            return self.given[item.name]
        if isinstance(item, CurrentInput):
            return current(item, self.drive, self.values, self.state.step, self.steps)
        trains = self.poisson[item.name]
        made = trains.at(self.seed, self.state.step, self.steps, self.batch)
        return made.to(self._device)

    @property
    def _device(self) -> torch.device:
        for tensor in (*self.state.cells.values(), *self.state.history.values()):
            return tensor.device
        return torch.device("cpu")

    # Cells ------------------------------------------------------------------------------------

    def _stretch(self, name: str, first: int, count: int) -> None:
        """Run a population for `count` steps from `first` on."""
        own = self.program.cells[name]
        free = [self._free(own, port, first, count) for port in self._ports(own, bound=False)]
        bound = [(p, self._bound(own, p, first, count)) for p in self._ports(own, bound=True)]
        extras = [extra for _, listed in bound for extra in listed]
        sums = [extra for extra in extras if isinstance(extra, Tensor)]
        if self.fuse and own.can_fuse and len(sums) == len(extras) and self._device.type == "cpu":
            counts = tuple((port.name, len(listed)) for port, listed in bound)
            self._fused(own, free, sums, counts, first, count)
        else:
            self._one_by_one(own, free, bound, first, count)

    def _in_one(self, name: str, loops: tuple[tuple[str, Group], ...]) -> bool:
        """All steps of a population that feeds back to itself in one call; False if it cannot be.

        The sums of its ports hold all that others sent, and its own spikes of before the run.
        """
        own = self.program.cells[name]
        if not (self.fuse and self.exact and own.can_fuse and self._device.type == "cpu"):
            return False
        bound = [(p, self._bound(own, p, 0, self.steps)) for p in self._ports(own, bound=True)]
        extras = [extra for _, listed in bound for extra in listed]
        sums = [extra for extra in extras if isinstance(extra, Tensor)]
        if len(sums) != len(extras):
            return False
        ports = self._ports(own, bound=False)
        free = [self._free(own, port, 0, self.steps) for port in ports]
        counts = tuple((port.name, len(listed)) for port, listed in bound)
        self._fused(own, free, sums, counts, 0, self.steps, loops)
        return True

    def _fused(
        self,
        own: Cells,
        free: list[Tensor],
        extras: list[Tensor],
        counts: tuple[tuple[str, int], ...],
        first: int,
        count: int,
        loops: tuple[tuple[str, Group], ...] = (),
    ) -> None:
        """All steps in one call of generated C."""
        name, shape = own.node.name, (self.batch, own.node.size)
        known = self._constants[name]
        code = own.fused(counts, known)
        time = [
            FloatNumbers(self.program.network).time(self.state.step + first + k)
            for k in range(count)
        ]
        stretch = Stretch(
            code=code,
            time=torch.from_numpy(np.stack(time)),
            period=own.refractory,
            left=None if own.refractory is None else self._refractory[name],
            loops=tuple(
                Loop(code.sums.index(self.program.wirings[n].node.port), group.delay)
                for n, group in loops
            ),
        )
        weights = [self._arrivals.part(n, group) for n, group in loops]
        draws = [self._draws(own, first + k) for k in range(count)] if own.code.draws else []
        given = [*free, *(torch.stack(d) for d in zip(*draws, strict=True)), *extras]
        wide = [x.expand(count, *shape) for x in given]
        state = [value.expand(shape) for value in self._cells[name]]
        constants = [known[n] for n in code.constants]
        done = fused.advance(stretch, wide, constants, state, weights)
        self._cells[name] = done.final
        if done.left is not None:
            self._refractory[name] = done.left
        if done.spikes is not None:
            self.spikes[name].append(done.spikes)
        for variable, values in zip(code.state, done.variables, strict=True):
            if f"{name}/{variable}" in self.variables:
                self.variables[f"{name}/{variable}"].append(values)

    def _one_by_one(
        self,
        own: Cells,
        free: list[Tensor],
        bound: list[tuple[Port, list[Extra | Tensor]]],
        first: int,
        count: int,
    ) -> None:
        """Step by step, in torch's own operations."""
        name = own.node.name
        steps = [port.unbind() for port in free]  # one node of the graph, not one per step
        adding = [(port, [_adding(extra) for extra in listed]) for port, listed in bound]
        kept = [v for v in own.code.state if f"{name}/{v}" in self.variables]
        fired: list[Tensor] = []
        seen: dict[str, list[Tensor]] = {variable: [] for variable in kept}
        for k in range(count):
            spikes = self._step(own, first + k, [port[k] for port in steps], adding, k)
            if spikes is not None:
                fired.append(spikes)
            for variable in kept:
                seen[variable].append(self._cells[name][own.code.state.index(variable)])
        if fired:
            self.spikes[name].append(torch.stack(fired))
        for variable in kept:
            self.variables[f"{name}/{variable}"].append(torch.stack(seen[variable]))

    def _ports(self, own: Cells, *, bound: bool) -> list[Port]:
        return [port for port in own.node.cell.ports if (port.into is not None) == bound]

    def _step(
        self,
        own: Cells,
        step: int,
        ports: list[Tensor],
        bound: list[tuple[Port, list[Extra]]],
        k: int,
    ) -> Tensor | None:
        """One step of a population; returns its spikes, None if it has none."""
        name, code = own.node.name, own.code
        state = list(self._cells[name])
        for port, extras in bound:
            place = code.state.index(port.into or "")
            for extra in extras:
                state[place] = extra(state[place], k)
        left = self._refractory[name]
        quiet = left > 0 if own.refractory is not None else None
        constants = tuple(self._constant(name, c, step) for c in code.constants)
        step_of = self.compiled.get(name, code.step)
        spikes, after = step_of(
            tuple(state), tuple(ports), constants, self._draws(own, step), quiet
        )
        shape = (self.batch, own.node.size)
        self._cells[name] = tuple(value.expand(shape) for value in after)
        if spikes is None:
            return None
        spikes = spikes.expand(shape)
        if quiet is not None and own.refractory is not None:
            going = left - quiet.to(left.dtype)
            self._refractory[name] = torch.where(
                spikes.detach() > 0.5, own.refractory.to(left.device), going
            )
        made: Tensor = spikes
        return made

    def _constant(self, name: str, constant: str, step: int) -> Tensor:
        if constant != "t":
            return self._constants[name][constant].to(self._device)
        time = FloatNumbers(self.program.network).time(self.state.step + step)
        return torch.from_numpy(time).to(self._device)

    def _draws(self, own: Cells, step: int) -> tuple[Tensor, ...]:
        """Random numbers; sample `b` has the seed of the run plus `b`."""
        numbers, stream = FloatNumbers(self.program.network), stream_of(own.node.name)
        made = []
        for k, name in enumerate(own.code.draws):
            rows_ = [
                numbers.draw(
                    name,
                    words(
                        (self.seed + b) % SEEDS, stream, k, self.state.step + step, own.node.size
                    ),
                )
                for b in range(self.batch)
            ]
            made.append(torch.stack([torch.from_numpy(row) for row in rows_]).to(self._device))
        return tuple(made)

    # Ports ------------------------------------------------------------------------------------

    def _free(self, own: Cells, port: Port, first: int, count: int) -> Tensor:
        """Everything that arrives on a free port; shape (count, batch, n)."""
        name = own.node.name
        sums = self._ring(name, port.name, first, count, first + count)
        if sums is None:
            sums = self._zeros(count, own.node.size)
        sums = self._arrivals.direct(name, port.name, sums, first)
        for item in self._inputs(name, port.name):
            sums = sums + item[first : first + count]
        for due in self._graded(name, port.name, first, count):
            sums = sums + due
        return sums

    def _bound(self, own: Cells, port: Port, first: int, count: int) -> list[Extra | Tensor]:
        """What is added to a variable in each step, in order."""
        name = own.node.name
        extras: list[Extra | Tensor] = []
        ring = self._ring(name, port.name, first, count, first + count)
        if ring is not None:
            extras.append(ring)
        if self.program.groups(name, port.name, direct=True):
            extras.append(self._directly(name, port.name, first))
        extras += [item[first : first + count] for item in self._inputs(name, port.name)]
        extras += self._graded(name, port.name, first, count)
        return extras

    def _directly(self, name: str, port: str, first: int) -> Extra:
        def add(value: Tensor, k: int) -> Tensor:
            return self._arrivals.direct(name, port, value[None], first + k)[0]

        return add

    def _ring(self, name: str, port: str, first: int, count: int, now: int) -> Tensor | None:
        """Sums of the ring of a port; None if it has none."""
        due = self.state.rings.get(f"{name}/{port}")
        if due is None:
            return None
        return self._arrivals.ring(name, port, rows(due, first, count), first, now)

    def _inputs(self, name: str, port: str) -> list[Tensor]:
        return [
            self._external[item.name]
            for item in self.program.network.inputs
            if not isinstance(item, SpikeArray) and (item.post, item.port) == (name, port)
        ]

    def _graded(self, name: str, port: str, first: int, count: int) -> list[Tensor]:
        return [
            self._arrivals.graded(
                wiring.node.name,
                rows(self.state.graded[wiring.node.name], first, count),
                first,
                first + count,
            )
            for wiring in self.program.graded(name, port)
        ]

    def _zeros(self, count: int, size: int) -> Tensor:
        return zeros((count, self.batch, size), self.program.dtype, self._device)

    # The end ----------------------------------------------------------------------------------

    def _end(self) -> State:
        end, program = self.steps, self.program
        cells = {
            f"{name}/{variable}": value
            for name, own in program.cells.items()
            for variable, value in zip(own.code.state, self._cells[name], strict=True)
        }
        graded = {}
        for name, due in self.state.graded.items():
            graded[name] = self._arrivals.graded(name, rows(due, end, len(due)), end, end)
        return State(
            step=self.state.step + end,
            cells=cells,
            refractory=self._refractory,
            history={name: self._past(name) for name in self.spikes},
            rings=self._due_rings(),
            graded=graded,
            synapses=self._end_synapses(),
        )

    def _due_rings(self) -> dict[str, Tensor]:
        """What is due on rings after the last step."""
        end, found = self.steps, {}
        for (name, port), depth in self.program.plan.rings.items():
            due = rows(self.state.rings[f"{name}/{port}"], end, depth)
            found[f"{name}/{port}"] = self._arrivals.ring(name, port, due, end, end)
        return found

    def _end_synapses(self) -> dict[str, Tensor]:
        """Synapses that have changed: none."""
        return {}

    def _past(self, name: str) -> Tensor:
        """The last spikes of a source; none of a population that never spikes."""
        train = self.spikes[name]
        if train.end == 0:
            return self.state.history[name]
        return train.window(self.steps - self.program.depth(name), self.steps)


def _adding(sums: Extra | Tensor) -> Extra:
    if not isinstance(sums, Tensor):
        return sums
    steps = sums.unbind()
    return lambda value, k: value + steps[k]
