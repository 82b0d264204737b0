"""Kernels: what a kind of cell or synapse computes, without any sizes or values.

Two populations (or projections) with equal kernels share generated code, so the code of a network
depends on the kinds in it, not on how many there are or how large they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neuro.ir.expressions.nodes import (
    Compare,
    Expression,
    Logical,
    Name,
    Program,
    Select,
    Unary,
    names,
    program_reads,
)

Refractory = Literal["none", "fifo", "mask"]
"""How refractory cells are dealt with: there are none; they are listed oldest first and get their
held values back after the update (all cells have the same period, and nothing else depends on held
values); or every cell looks at its own counter."""

Form = Literal["list", "dense", "grid"]
"""How a spike finds its synapses: in a list of targets; every cell has one, in order; or by the
geometry of a convolution or pooling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKernel:
    """What a kind of cell computes.

    Attributes
    ----------
    state
        State variables.
    held
        Those that are held during the refractory period.
    scalars, arrays
        Constants, one per population or one per cell.
    free
        Free ports that something arrives on.
    silent
        Free ports that nothing arrives on; they are zero.
    rings
        Pairs (port, variable) of bound ports that only a ring reaches: the kernel adds it.
    update, spike, reset
        Canonical programs.
    draws
        Names of the random draws, in order.
    refractory
        See `Refractory`.
    """

    state: tuple[str, ...]
    held: tuple[str, ...]
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    free: tuple[str, ...]
    silent: tuple[str, ...]
    rings: tuple[tuple[str, str], ...]
    update: Program
    spike: Expression | None
    reset: Program
    draws: tuple[str, ...]
    refractory: Refractory


@dataclass(frozen=True, slots=True, kw_only=True)
class SynapseKernel:
    """What a kind of synapse computes.

    Attributes
    ----------
    form
        See `Form`.
    state
        Variables per synapse; the weight ``w`` first, unless it is `uniform`.
    scalars, arrays
        Constants, one per projection or one per synapse.
    uniform
        True if all synapses have one constant weight, the scalar ``w``.
    weight_bits
        In how many bits weights are kept, for 8 or 16 in fixed point; else 0.
    pre, post
        Names of the traces.
    factors
        Names of the factors, and whether each has one value per postsynaptic cell.
    on_pre, send, on_post, each_step
        Canonical programs.
    pre_on_spike, pre_each_step, post_on_spike, post_each_step
        Canonical programs of the traces.
    distinct
        True if no presynaptic cell has two synapses onto one cell.
    narrow
        True if postsynaptic cells are numbered with 16 bits.
    deferred
        True if postsynaptic updates wait until the next presynaptic spike passes.
    """

    form: Form
    state: tuple[str, ...]
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    uniform: bool
    weight_bits: int
    pre: tuple[str, ...]
    post: tuple[str, ...]
    factors: tuple[tuple[str, bool], ...]
    on_pre: Program
    send: Expression
    on_post: Program
    each_step: Program
    pre_on_spike: Program
    pre_each_step: Program
    post_on_spike: Program
    post_each_step: Program
    distinct: bool
    narrow: bool
    deferred: bool


def is_condition(expression: Expression, conditions: set[str]) -> bool:
    """True if `expression` is a condition; `conditions` are the locals that are."""
    match expression:
        case Compare() | Logical() | Unary(op="not"):
            return True
        case Select(if_true=branch):
            return is_condition(branch, conditions)
        case Name(id):
            return id in conditions
        case _:
            return False


def condition_locals(program: Program) -> set[str]:
    """The locals of `program` that are conditions."""
    found: set[str] = set()
    for statement in program:
        if is_condition(statement.value, found):
            found.add(statement.target)
    return found


def constants_read(expressions: tuple[Expression, ...], programs: tuple[Program, ...]) -> set[str]:
    """Names that any of the expressions and programs read."""
    read: set[str] = set()
    return read.union(*(names(e) for e in expressions), *(program_reads(p) for p in programs))


def depends_on_held(update: Program, held: set[str], state: set[str]) -> bool:
    """True if a variable that is not held depends on the new value of one that is.

    Then held variables must be kept back inside the update; else they can be put back after it.
    """
    tainted: set[str] = set()
    for statement in update:
        reads_new = bool(names(statement.value) & tainted)
        if statement.target in held or (statement.target not in state and reads_new):
            tainted.add(statement.target)
        elif statement.target in state and reads_new:
            return True
    return False
