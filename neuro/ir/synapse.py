"""Synapse types: what a synapse computes when spikes pass, and what it remembers."""

from __future__ import annotations

from neuro.ir.cell import Derived, Parameter, StateVariable
from neuro.ir.expressions.nodes import Expression, Name, Program
from neuro.ir.node import Node, node

WEIGHT = "w"
"""Name of the weight in the programs of a synapse type."""


@node
class Trace(Node):
    """Variables per neuron that spikes raise and time decays.

    Attributes
    ----------
    state
        The variables; synapse programs read them under these names.
    on_spike
        Run for a neuron when its spike is seen, after the synapses have been updated.
    each_step
        Run for every neuron at the end of each step.
    """

    state: tuple[StateVariable, ...] = ()
    on_spike: Program = ()
    each_step: Program = ()


@node
class Factor(Node):
    """A third factor of plasticity (reward, astrocyte, gate), fed by inputs and graded projections.

    Attributes
    ----------
    name
        Identifier, read in the programs of the synapse.
    unit
        Unit of what arrives.
    per_post
        True for one value per postsynaptic neuron; else one for the whole projection.
    """

    name: str
    unit: str = "1"
    per_post: bool = False


@node
class SynapseType(Node):
    """Weight, further state and the programs of a synapse.

    Programs read and assign the weight ``w`` and `state`; they read `parameters`, `derived`, the
    traces of both neurons and the `factors`.

    Attributes
    ----------
    name
        Name of the type.
    parameters, derived
        Constants; a parameter that traces use must be shared.
    state
        Variables per synapse besides the weight.
    pre, post
        Traces per presynaptic and postsynaptic neuron.
    factors
        Ports for third factors; they start each step from zero.
    on_pre
        Run when a presynaptic spike passes, before the event is sent.
    send
        The value of the event that is sent then.
    on_post
        Run when a postsynaptic spike is seen.
    each_step
        Run for every synapse at the end of each step, before traces decay.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    derived: tuple[Derived, ...] = ()
    state: tuple[StateVariable, ...] = ()
    pre: Trace = Trace()
    post: Trace = Trace()
    factors: tuple[Factor, ...] = ()
    on_pre: Program = ()
    send: Expression = Name(WEIGHT)
    on_post: Program = ()
    each_step: Program = ()

    @property
    def is_static(self) -> bool:
        """True if nothing about the synapse ever changes, so an event is just its weight."""
        programs = (self.on_pre, self.on_post, self.each_step, self.pre.state, self.post.state)
        return not any(programs) and self.send == Name(WEIGHT)


STATIC = SynapseType(name="static")
"""A fixed weight."""
