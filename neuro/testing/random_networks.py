"""Random networks: cells, connectors, delays, plasticity, noise, inputs and graded parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np

import neuro
from neuro.frontend.handles import PopulationHandle
from neuro.ir.cell import CellType
from neuro.ir.fixed.mantissa import best_exponent
from neuro.ir.network import Network, Scale
from neuro.passes.watch_peaks import cell_variables
from neuro.testing.library import INTEGER_CELLS, LIBRARY_CELLS, STEPS, SYNAPSES, Case, plastic
from neuro.testing.types import ASTROCYTE, INTEGER_ASTROCYTE
from neuro.units import parse_unit

T = TypeVar("T")

SIZES = (1, 3, 17, 70, 130)
"""Sizes of populations; most are no multiple of anything."""
SMALL = (1, 3, 17)
"""Sizes for simulators that take long."""
NOT_DRAWN = ("ModulatedLIF", "PHC adaptive")
"""Cells that came later: without them, a random network with a number stays the same in all versions."""


class Choices(Protocol):
    """What a random network is drawn with."""

    def one_of(self, options: Sequence[T]) -> T:
        """One of `options`."""
        ...

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        ...

    def boolean(self) -> bool:
        """True or false."""
        ...

    def pairs(self, first: int, second: int, most: int) -> list[tuple[int, int]]:
        """At most `most` different pairs of numbers below `first` and `second`."""
        ...


class FixedChoices:
    """Choices that follow from a seed, the same on every machine and version."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Philox(key=seed)

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + (int(self._generator.random_raw()) * (high - low + 1) >> 64)

    def one_of(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.integer(0, len(options) - 1)]

    def boolean(self) -> bool:
        """True or false."""
        return bool(self.integer(0, 1))

    def pairs(self, first: int, second: int, most: int) -> list[tuple[int, int]]:
        """Different pairs of numbers below `first` and `second`."""
        count = self.integer(0, most)
        found = {(self.integer(0, first - 1), self.integer(0, second - 1)) for _ in range(count)}
        return sorted(found)


def random_case(choose: Choices, *, fixed: bool = False, sizes: Sequence[int] = SIZES) -> Case:
    """A random network.

    Parameters
    ----------
    choose
        Where the choices come from.
    fixed
        True for fixed point; exponents are drawn too, so some variables saturate and some keep few
        bits.
    sizes
        Sizes of populations.
    """
    formats = [neuro.fixed_point(7, 24, weight_bits=bits) for bits in (8, 16)]
    format = choose.one_of(formats if fixed else [neuro.FLOAT32, neuro.FLOAT64])
    kinds = [name for name in (INTEGER_CELLS if fixed else LIBRARY_CELLS) if name not in NOT_DRAWN]
    seed = choose.integer(0, 2**64 - 1)
    net = neuro.NetworkBuilder(dt=choose.one_of([0.5, 1.0]), name="random", format=format)
    source = net.population(choose.integer(1, 30), neuro.SpikeSourceArray(), label="source")
    count = choose.integer(1, 3)
    populations = [_population(choose, net, place, kinds, sizes) for place in range(count)]
    for place in range(choose.integer(1, 5)):
        pre = choose.one_of([source, *(handle for handle, _ in populations)])
        _projection(choose, net, pre, *choose.one_of(populations), place)
    for handle, weight in populations:
        _inputs(choose, net, handle, weight)
    if choose.boolean():
        _glia(choose, net, *populations[0], INTEGER_ASTROCYTE if fixed else ASTROCYTE)
    table = np.array(sorted(choose.pairs(STEPS, source.size, 150)), np.int64).reshape(-1, 2)
    network = net.build()
    if fixed:
        network = scaled(network, lambda: choose.integer(-2, 6))
    return Case(network, {"source": (table[:, 0], table[:, 1])}, seed=seed)


def scaled(network: Network, finer: Callable[[], int] = lambda: 0) -> Network:
    """`network` with room for 128 units in each variable of a cell, or ``2**-finer()`` of that."""
    found = [
        Scale(target=p.name, variable=variable, exponent=_exponent(unit) + finer())
        for p in network.populations
        for variable, unit in cell_variables(p.cell).items()
    ]
    return replace(network, scales=tuple(found))


def _exponent(unit: str) -> int:
    return best_exponent(128 * float(parse_unit(unit).to_si(1.0)))


def _population(
    choose: Choices,
    net: neuro.NetworkBuilder,
    place: int,
    kinds: Sequence[str],
    sizes: Sequence[int],
) -> tuple[PopulationHandle, float]:
    make, weight = LIBRARY_CELLS[choose.one_of(sorted(kinds))]
    size = choose.one_of(sizes)
    cell = make()
    if choose.integer(0, 4) == 0:
        _vary(choose, cell, size)
    initial = {}
    if "v" in {variable.name for variable in cell.cell_type.state} and weight < 1:
        initial = {"v": neuro.Normal(0.0, 0.2)} if cell.cell_type.state[0].unit == "1" else {}
    return net.population(size, cell, label=f"p{place}", initial_values=initial), weight


def _vary(choose: Choices, cell: neuro.Cell, size: int) -> None:
    """Give one parameter a value per cell."""
    parameter = choose.one_of(cell.cell_type.parameters)
    base = cell.parameters.get(parameter.name, parameter.default)
    assert isinstance(base, float)
    scale = np.linspace(0.8, 1.2, size)
    cell.parameters[parameter.name] = base * scale


def _projection(
    choose: Choices,
    net: neuro.NetworkBuilder,
    pre: PopulationHandle,
    post: PopulationHandle,
    weight: float,
    place: int,
) -> None:
    connectors: list[Any] = [
        neuro.FixedProbabilityConnector(
            choose.one_of([0.0, 0.1, 0.5, 1.0]), allow_self_connections=choose.boolean()
        ),
        neuro.FixedNumberPreConnector(min(2, pre.size)),
        neuro.FixedNumberPostConnector(min(3, post.size)),
        neuro.FromListConnector([(i % pre.size, (7 * i) % post.size) for i in range(12)]),
    ]
    connector = choose.one_of(connectors)
    few = choose.one_of([1, 2, 20])
    delay = choose.one_of(
        [net.dt * 1000, net.dt * 1000 * few, neuro.Uniform(net.dt * 1000, net.dt * 20000)]
    )
    fraction = 1.0 if isinstance(delay, neuro.Uniform) else choose.one_of([1.0, 0.5])
    name = choose.one_of(SYNAPSES)
    strength = weight * choose.one_of([0.2, 0.6])
    synapse = plastic(name, strength, delay=delay, dendritic_delay_fraction=fraction)
    if choose.boolean():
        synapse.weight = neuro.Uniform(0.0, 2.0 * strength)
    ports = [p.name for p in post.cell.cell_type.ports if p.name not in ("current", "bound")]  # type: ignore[union-attr]
    port = choose.one_of(ports)
    handle = net.projection(pre, post, connector, synapse, receptor_type=port, label=f"j{place}")
    for factor in synapse.synapse_type.factors:
        net.inject(neuro.StepCurrentSource([0.0, 10.0], [1.0, -0.5]), handle, port=factor.name)


def _inputs(
    choose: Choices, net: neuro.NetworkBuilder, post: PopulationHandle, weight: float
) -> None:
    ports = [port.name for port in post.cell.cell_type.ports]  # type: ignore[union-attr]
    if choose.boolean():
        rate = choose.one_of([50.0, 800.0])
        spread = neuro.Uniform(0.5 * rate, rate) if choose.boolean() else rate
        net.poisson_input(post, rate=spread, weight=0.3 * weight)
    if choose.boolean():
        port = "current" if "current" in ports else ports[0]
        source = neuro.StepCurrentSource([2.0, 20.0], [0.2, 0.1])
        net.inject(source, post, port=port)


def _glia(
    choose: Choices,
    net: neuro.NetworkBuilder,
    post: PopulationHandle,
    weight: float,
    kind: CellType,
) -> None:
    """An astrocyte that senses spikes and feeds back through a graded projection."""
    glia = net.population(2, neuro.CustomCell(kind), label="glia")
    net.projection(
        post, glia, neuro.AllToAllConnector(), neuro.StaticSynapse(weight=0.05), label="sense"
    )
    port = [p.name for p in post.cell.cell_type.ports][-1]  # type: ignore[union-attr]
    unit = (
        1e-9
        if port == "current"
        else 0.1 * weight * (1e-3 if port.startswith(("e", "inh")) else 1.0)
    )
    delays: list[Any] = [1.0, 5.0, neuro.Uniform(1.0, 6.0)]
    net.graded_projection(
        glia,
        "gate",
        post,
        neuro.AllToAllConnector(),
        weight=unit,
        delay=choose.one_of(delays),
        receptor_type=port,
        label="modulate",
    )
