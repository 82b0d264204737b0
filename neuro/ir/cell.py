"""Cell types: what a neuron, an astrocyte or a source computes in one step."""

from __future__ import annotations

from neuro.ir.expressions.nodes import Expression, Literal, Program
from neuro.ir.node import Node, node


@node
class Parameter(Node):
    """A constant of a cell or synapse type.

    Attributes
    ----------
    name
        Identifier, read in expressions.
    unit
        Unit of a bare number at the surface, such as ``"mV"``; ``"weight"`` stands for the unit of
        the port that a synapse ends on.
    default
        Value in SI units, or None if it must be given.
    shared
        True if one value serves the whole population or projection; else it may be an array.
    """

    name: str
    unit: str
    default: float | None = None
    shared: bool = False


@node
class StateVariable(Node):
    """A variable that lives from step to step.

    Attributes
    ----------
    name
        Identifier, read and assigned in expressions.
    unit
        Unit at the surface, as for `Parameter`.
    initial
        Expression of parameters for the value before step 0.
    held
        True if the variable keeps its value during the refractory period.
    """

    name: str
    unit: str
    initial: Expression = Literal(0.0)
    held: bool = False


@node
class Port(Node):
    """A named input of a cell, where events, currents and graded values are summed.

    Attributes
    ----------
    name
        Identifier; a free port is read in expressions under this name.
    unit
        Unit of what arrives, hence of weights.
    into
        Name of the state variable that input is added to, or None for a *free* port, which starts
        each step from zero.  A variable that is held cannot be bound.
    nonnegative
        True if weights are magnitudes: the cell itself gives the sign.
    """

    name: str
    unit: str
    into: str | None = None
    nonnegative: bool = False


@node
class Derived(Node):
    """A constant computed from parameters and ``dt`` in double precision when loaded."""

    name: str
    value: Expression


@node
class CellType(Node):
    """Parameters, state, ports and three programs: `update`, `spike` and `reset`.

    In each step a cell runs `update` on its ports and old state; then, if it is not refractory and
    `spike` holds, it spikes, runs `reset` and becomes refractory.

    Attributes
    ----------
    name
        Name of the type.
    parameters, state, ports, derived
        What the programs may read.  `derived` is evaluated in order.
    update
        Assignments to state variables and locals, in order.
    spike
        Condition for a spike; None for a cell that never spikes (a graded cell).
    reset
        Assignments run by the cells that spike.
    refractory
        Expression of parameters for the refractory time in seconds; it is rounded to steps.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    state: tuple[StateVariable, ...] = ()
    ports: tuple[Port, ...] = ()
    derived: tuple[Derived, ...] = ()
    update: Program = ()
    spike: Expression | None = None
    reset: Program = ()
    refractory: Expression | None = None
