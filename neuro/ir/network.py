"""Populations, projections, inputs, probes, and the network that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias, TypeVar

from numpy.typing import NDArray

from neuro.errors import unknown_name
from neuro.ir.cell import CellType
from neuro.ir.connectivity import Connectivity
from neuro.ir.node import SILENT, Node, node
from neuro.ir.synapse import STATIC, SynapseType
from neuro.ir.values import Value


@node
class Population(Node):
    """Cells of one type.

    Attributes
    ----------
    name
        Identifier; noise depends on it.
    size
        Number of cells.
    cell
        Their type.
    parameters
        Values in SI units by name; what is missing has the type's default.
    initial
        Values of state variables before step 0, as `parameters`.
    """

    name: str
    size: int
    cell: CellType
    parameters: Mapping[str, Value] = field(default_factory=dict)
    initial: Mapping[str, Value] = field(default_factory=dict)


@node
class SpikeArray(Node):
    """A source whose spikes are listed; it acts like a population.

    Attributes
    ----------
    name, size
        As for `Population`.
    step, index
        Spikes: sorted by step, then index, each pair once; int64 arrays of one length.
    """

    name: str
    size: int
    step: NDArray[Any]
    index: NDArray[Any]


Source: TypeAlias = Population | SpikeArray


@node
class Projection(Node):
    """Synapses from one population (or spike array) to a port of another.

    Attributes
    ----------
    name
        Identifier.
    pre, post, port
        Names of both populations and of the port.
    connectivity
        Who is connected to whom.
    weight
        In the port's SI unit; one number, one per synapse in the order of `connectivity` (or a
        kernel), or a draw.
    delay
        Steps from spike to arrival, at least 1; one number, one per synapse, or a draw.
    axonal
        How much of `delay` lies before the synapse; the rest, the dendritic part, is at least 1.
    synapse
        The synapse type.
    parameters, initial
        Values of the type's parameters and state, as for `Population`.
    """

    name: str
    pre: str
    post: str
    port: str
    connectivity: Connectivity
    weight: Value
    delay: Value = 1
    axonal: Value = 0
    synapse: SynapseType = STATIC
    parameters: Mapping[str, Value] = field(default_factory=dict)
    initial: Mapping[str, Value] = field(default_factory=dict)


@node
class GradedProjection(Node):
    """A state variable of one population through a matrix to a port, delayed by at least a step.

    Attributes
    ----------
    name
        Identifier.
    pre, variable
        Where the value comes from.
    post, port
        A population and its port, or a projection and its factor.
    connectivity, weight, delay
        As for `Projection`; the weight's unit is the port's divided by the variable's.
    """

    name: str
    pre: str
    variable: str
    post: str
    port: str
    connectivity: Connectivity
    weight: Value
    delay: Value = 1


@node
class PoissonInput(Node):
    """Independent Poisson trains onto every cell of a population, many events a step allowed.

    Attributes
    ----------
    name
        Identifier; the noise depends on it.
    post, port
        Where the events arrive.
    rate
        Mean events a second; one number or one per cell.
    weight
        Added per event, in the port's SI unit; one number or one per cell.
    """

    name: str
    post: str
    port: str
    rate: Value
    weight: Value


@node
class CurrentInput(Node):
    """A piecewise constant signal onto a port (or onto a projection's factor).

    Attributes
    ----------
    name
        Identifier.
    post, port
        Where it is added in every step.
    step
        Ascending steps at which the value changes; before the first it is 0.  int64, shape (k,).
    value
        The values from there on, in the port's SI unit; shape (k,) or (k, size).
    """

    name: str
    post: str
    port: str
    step: NDArray[Any]
    value: NDArray[Any]


Input: TypeAlias = SpikeArray | PoissonInput | CurrentInput


@node
class Probe(Node):
    """What a run records.

    Attributes
    ----------
    target
        A population, spike array or projection.
    variable
        ``"spikes"``; or a state variable; or, for a projection, ``"w"`` or a synaptic variable.
    every
        Record in the steps that are multiples of it.
    index
        Cells (or synapses) to record; None for all.
    """

    target: str
    variable: str = "spikes"
    every: int = 1
    index: NDArray[Any] | None = None


_Named = TypeVar("_Named", Population, Projection)


@node
class NumberFormat(Node):
    """How numbers are represented while a network runs.

    Attributes
    ----------
    kind
        ``"float32"``, ``"float64"`` or ``"fixed"``.
    integer_bits, fraction_bits
        For ``"fixed"``: the state is Q`integer_bits`.`fraction_bits` in 32 bits with a sign,
        saturating, rounded half away from zero.  A `Scale` gives a variable a point of its own.
    weight_bits
        For ``"fixed"``: 8 or 16.
    """

    kind: Literal["float32", "float64", "fixed"] = "float32"
    integer_bits: int = 0
    fraction_bits: int = 0
    weight_bits: int = 0


FLOAT32 = NumberFormat(kind="float32")
FLOAT64 = NumberFormat(kind="float64")


def fixed_point(integer_bits: int, fraction_bits: int, *, weight_bits: int = 16) -> NumberFormat:
    """The format Q`integer_bits`.`fraction_bits` with weights of 8 or 16 bits."""
    return NumberFormat(
        kind="fixed",
        integer_bits=integer_bits,
        fraction_bits=fraction_bits,
        weight_bits=weight_bits,
    )


@node
class Scale(Node):
    """How a variable is stored in a network in fixed point: ``x * 2**exponent``, rounded.

    Attributes
    ----------
    target
        A population, projection or graded projection.
    variable
        Of a population: a state variable or a free port.  Of a projection: ``"w"``, a synaptic
        variable, a trace or a factor.  Of a graded projection: ``"w"``.
    exponent
        Binary digits behind the point; may be negative, or more than 31.
    """

    target: str
    variable: str
    exponent: int


@node
class Network(Node):
    """A spiking network, complete: it means the same on every backend.

    Attributes
    ----------
    name
        Identifier.
    dt
        Length of a step in seconds.
    populations, inputs, projections, graded, probes
        The parts; order of declaration matters where values are summed.
    format
        Number format.
    seed
        Seed of noise, and of connectors and draws without a seed of their own; None leaves it to
        the run.
    scales
        For a fixed-point format: exponents of variables; those that are not listed have
        `format.fraction_bits`, weights the one that fits them best.
    """

    name: str
    dt: float
    populations: tuple[Population, ...] = ()
    inputs: tuple[Input, ...] = ()
    projections: tuple[Projection, ...] = ()
    graded: tuple[GradedProjection, ...] = ()
    probes: tuple[Probe, ...] = ()
    format: NumberFormat = FLOAT32
    seed: int | None = None
    scales: tuple[Scale, ...] = field(default=(), metadata=SILENT)

    @property
    def sources(self) -> dict[str, Source]:
        """Everything that can spike, by name: populations, then spike arrays."""
        arrays = (item for item in self.inputs if isinstance(item, SpikeArray))
        sources: list[Source] = [*self.populations, *arrays]
        return {source.name: source for source in sources}

    def population(self, name: str) -> Population:
        """The population called `name`.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        return self._named(name, self.populations, "population")

    def projection(self, name: str) -> Projection:
        """The projection called `name`.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        return self._named(name, self.projections, "projection")

    def _named(self, name: str, items: tuple[_Named, ...], kind: str) -> _Named:
        for item in items:
            if item.name == name:
                return item
        known = (item.name for item in items)
        raise unknown_name(name, known, kind=kind, where=f"network {self.name!r}")
