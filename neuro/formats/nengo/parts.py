"""A built Nengo model as plain data: who sends what to whom, as matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """A linear filter without passthrough: ``x = A x + B u``, ``y = C x``, once a step.

    Attributes
    ----------
    a
        Rows of A.
    b, c
        Entries of B and C.
    """

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Synapse:
    """What lies between a weighted sum and where it goes.

    Attributes
    ----------
    delay
        Steps: 0 for Nengo's None, 1 for every other synapse.
    filter
        The filter; None passes values on.
    """

    delay: int = 0
    filter: Filter | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Neurons:
    """The neurons of an ensemble.

    Attributes
    ----------
    name, size
        Label and number.
    kind
        Name of the neuron type.
    parameters, initial
        Its numbers, and its state at the beginning.
    amplitude
        What a spike counts, divided by ``dt``.
    """

    name: str
    size: int
    kind: str
    parameters: Mapping[str, Any]
    initial: Mapping[str, Matrix]
    amplitude: float


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A node that gives values.

    Attributes
    ----------
    name, size
        Label and number.
    constant
        Its values; None if they differ from step to step.
    function
        Gives them from the time in seconds; None if they have to be given.
    """

    name: str
    size: int
    constant: Matrix | None = None
    function: Callable[[float], Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """What a probe of values shows."""

    name: str
    size: int


Source: TypeAlias = Neurons | Values
Sink: TypeAlias = Neurons | Readout


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What one source sends to one sink.

    Attributes
    ----------
    source, sink
        Their names.
    synapse
        What lies between.
    matrix
        Shape (sink, source).
    """

    source: str
    sink: str
    synapse: Synapse
    matrix: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What stands for a probe.

    Attributes
    ----------
    target, variable
        A part, and ``"spikes"`` or a state variable.
    columns
        Which of its cells.
    scale
        What a spike counts; 1 for values.
    every
        Steps between two samples.
    """

    target: str
    variable: str
    columns: NDArray[Any]
    scale: float = 1.0
    every: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A model.

    Attributes
    ----------
    name, dt
        Label, and length of a step in seconds.
    neurons, values, readouts
        By name.
    terms
        Connections, through nodes that only pass values on.
    probes
        By the probe's object.
    """

    name: str
    dt: float
    neurons: Mapping[str, Neurons] = field(default_factory=dict)
    values: Mapping[str, Values] = field(default_factory=dict)
    readouts: Mapping[str, Readout] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()
    probes: Mapping[Any, Watch] = field(default_factory=dict)
