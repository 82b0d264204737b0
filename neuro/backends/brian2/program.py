"""A Brian2 program as data: groups, synapses and the operations on them, each at its place in a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from neuro.ir.expressions.evaluate import Float

Array: TypeAlias = NDArray[Any]
Kind = Literal["1", "integer", "boolean"]

SCHEDULE = (
    "start",
    "ports",
    "arrive",
    "groups",
    "thresholds",
    "resets",
    "see_post",
    "on_post",
    "raise_post",
    "see_pre",
    "on_pre",
    "raise_pre",
    "each_step",
    "decay",
    "end",
)
"""The slots of one time step: `docs/explanation/step.md` in Brian2's words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variable:
    """A variable of a group or of synapses.

    Attributes
    ----------
    name, kind
        Identifier and type.
    flags
        Brian2's flags, such as ``"shared, constant"``.
    value
        What it starts with: a number, or an array; None leaves it zero.
    link, index
        For a linked variable: object and variable it stands for, and an array (or the name of a
        variable) that says which element.
    """

    name: str
    kind: Kind = "1"
    flags: str = ""
    value: float | int | bool | Array | None = None
    link: tuple[str, str] | None = None
    index: Array | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Code that runs in every step, at a place of the schedule."""

    code: str
    slot: str
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """A ``NeuronGroup``: cells, or what keeps something for them.

    Attributes
    ----------
    name, size, comment
        Identifier, number of elements, what it is.
    variables
        Its variables.
    threshold, threshold_slot
        Condition for a spike ("" for none), and when it is looked at.
    reset, reset_slot
        What those that spike do, and when.
    operations
        Code that runs in every step.
    """

    name: str
    size: int
    comment: str
    variables: tuple[Variable, ...] = ()
    threshold: str = ""
    threshold_slot: str = "thresholds"
    threshold_order: int = 0
    reset: str = ""
    reset_slot: str = "resets"
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Listed spikes: `name` as in Brian2, `input` as in the network."""

    name: str
    size: int
    input: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pathway:
    """What synapses do when a spike of one side passes, `delay` steps after it.

    Attributes
    ----------
    side
        ``"pre"`` or ``"post"``.
    code
        What they do.
    slot, order
        When in a step.
    delay
        Steps; a number, or one per synapse.
    lag
        1 if it runs before the spikes of its step: the queue is then a step behind.
    """

    side: Literal["pre", "post"]
    code: str
    slot: str
    order: int = 0
    delay: int | Array = 0
    lag: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Connections:
    """A ``Synapses`` object.

    Attributes
    ----------
    name, comment
        Identifier, and what it is.
    source, target
        Identifiers of both groups.
    pre, post
        Elements of both groups that each synapse connects.
    origin
        For each element of the source group: which cell of which network source it stands for; used
        to fill queues again.
    """

    name: str
    comment: str
    source: str
    target: str
    pre: Array
    post: Array
    variables: tuple[Variable, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where a number of the network's state is kept: object, variable, and rows of it (or all)."""

    object: str
    variable: str
    rows: Array | None = None
    shape: tuple[int, ...] | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Program:
    """A network as a Brian2 program.

    Attributes
    ----------
    name, dt, seed, dtype
        Of the network.
    sources, groups, connections
        The objects, in the order in which they are made.
    functions
        Names of the functions that the code calls.
    poisson
        By number: stream, thresholds, first threshold of each table, and the table of each cell.
    signals
        Names of the current inputs, by number.
    places
        Where each array of a snapshot is.
    spiking
        Object of each network source.
    """

    name: str
    dt: float
    seed: int
    dtype: Float
    sources: list[Source] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    connections: list[Connections] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    poisson: list[tuple[int, Array, Array, Array]] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    spiking: dict[str, str] = field(default_factory=dict)
