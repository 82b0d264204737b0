"""Costs on a microcontroller, counted in an emulator: per event, per cell, per step, in flash and RAM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import neuro
from neuro.backends.firmware.generate import generate
from neuro.deploy.board import Board
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.ir.network import Network
from neuro.passes.quantise import quantise

PRE, POST = 64, 256
STEPS = 20
_KERNELS = ("nr_update", "nr_reset", "nr_on_", "nr_each_", "nr_raise_", "nr_decay_")
_AROUND = ("neuro_", "main", "mem", "__")
"""Start-up code, input and output, and what comes from the compiler's library."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One figure.

    Attributes
    ----------
    what, unit
        What was counted.
    value
        How much.
    target
        How much it should be at most; None if there is no target.
    """

    what: str
    unit: str
    value: float
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None if there is none."""
        return None if self.target is None else self.value <= self.target


def measure_costs(
    board: Board, memory: Network, *, toolchain: str = "auto", optimise: str = "-O2"
) -> list[Cost]:
    """All figures for `board`.

    Parameters
    ----------
    board
        A board whose core unicorn emulates.
    memory
        The CA3 memory, whose whole program is weighed.
    toolchain, optimise
        As for `EmulatedDevice`.

    Raises
    ------
    CompilerError, UnavailableError, UnsupportedError
        As for `EmulatedDevice`.
    """

    def run(network: Network) -> _Run:
        return _Run(network, board, toolchain, optimise)

    costs = []
    for kind, share in (("rows of 256", 1.0), ("lists of about 128", 0.5)):
        for name, make in _FORMATS.items():
            costs.append(_event_cost(run(make(_layer(share))), f"{kind}, {name}"))
    for name, make in _FORMATS.items():
        costs.append(_cell_cost(run(make(_layer(1.0))), name))
    return [*costs, *_program_costs(run(memory))]


def _layer(share: float) -> Network:
    """Inputs onto LIF cells, all of them or a share."""
    net = neuro.NetworkBuilder(dt=1.0, name="layer", seed=1)
    pre = net.population(PRE, neuro.SpikeSourceArray(), label="In")
    post = net.population(POST, neuro.LIF(), label="Out")
    connector = neuro.AllToAllConnector() if share == 1 else neuro.FixedProbabilityConnector(share)
    weight = neuro.Uniform(-0.01, 0.01)
    net.projection(pre, post, connector, neuro.StaticSynapse(weight=weight, delay=1.0))
    return net.build()


def _int8(network: Network) -> Network:
    """The network in fixed point with weights of 8 bits."""
    events = (np.repeat(np.arange(STEPS), PRE), np.tile(np.arange(PRE), STEPS))
    return quantise(network, steps=STEPS, inputs={"In": events}, weight_bits=8).network


_FORMATS: dict[str, Callable[[Network], Network]] = {
    "float32": lambda network: network,
    "int8": _int8,
}
"""Number formats that are measured."""


class _Run:
    """A firmware in an emulator."""

    def __init__(self, network: Network, board: Board, toolchain: str, optimise: str) -> None:
        self.firmware = generate(network, 0, "bench")
        self.device = EmulatedDevice(self.firmware, board, toolchain=toolchain, optimise=optimise)

    def count(self, cells: list[int]) -> Counter[str]:
        """Mean instructions of a step by function, when `cells` of the first source of inputs spike."""
        total: Counter[str] = Counter()
        names = self.firmware.tables.sources
        source = names.index("In") if "In" in names else 0
        for _ in range(STEPS):
            with self.device.machine.counting() as counted:
                self.device.step([(source, cell) for cell in cells])
            total.update(counted)
        return Counter({name: count // STEPS for name, count in total.items()})


def _sum(counts: Counter[str], *starts: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(starts))


def _event_cost(run: _Run, name: str) -> Cost:
    """Instructions of the loop over the synapses of spiking cells, by event."""
    run.count(list(range(PRE)))
    counted = run.count(list(range(PRE)))
    events = sum(
        d.edges.count for d in (*run.firmware.tables.direct[0], *run.firmware.tables.sent[0])
    )
    target = 6.0 if "int8" in name else None
    return Cost(
        f"synaptic event, {name}",
        "instructions",
        _sum(counted, "nr_on_pre", "nr_add_rows", "nr_add_eight") / events,
        target,
    )


def _cell_cost(run: _Run, name: str) -> Cost:
    counted = run.count([])
    value = _sum(counted, "nr_update") / POST
    return Cost(f"LIF cell, silent, {name}", "instructions", value, 25.0)


def _program_costs(run: _Run) -> list[Cost]:
    """Flash and RAM of the CA3 memory's program beside what the network itself needs."""
    image, firmware = run.device.image, run.firmware
    code = [s for s in image.symbols.values() if s.function]
    runtime = sum(s.size for s in code if not s.name.startswith((*_KERNELS, *_AROUND)))
    stack = image.symbol("neuro_stack_top").address - image.symbol("neuro_stack_bottom").address
    needed = firmware.state_size
    return [
        Cost("runtime besides kernels, CA3 memory", "bytes of flash", runtime, 3072),
        Cost(
            "RAM over states, rings and spikes, CA3 memory",
            "percent",
            100 * (image.ram - stack - needed) / needed,
            10.0,
        ),
        Cost("step of the CA3 memory at rest", "instructions", float(sum(run.count([]).values()))),
    ]
