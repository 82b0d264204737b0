"""Cell and synapse types with all their programs in canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from neuro.ir.cell import CellType
from neuro.ir.expressions.canonical import Canonicaliser
from neuro.ir.expressions.nodes import Expression, Program
from neuro.ir.synapse import WEIGHT, SynapseType, Trace


@dataclass(frozen=True, slots=True)
class CanonicalCell:
    """Programs of a cell type, and the names of its random draws in order."""

    update: Program
    spike: Expression | None
    reset: Program
    draws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CanonicalTrace:
    """Programs of the traces of one side."""

    on_spike: Program
    each_step: Program


@dataclass(frozen=True, slots=True)
class CanonicalSynapse:
    """Programs of a synapse type."""

    on_pre: Program
    send: Expression
    on_post: Program
    each_step: Program
    pre: CanonicalTrace
    post: CanonicalTrace


@cache
def canonical_cell(cell: CellType) -> CanonicalCell:
    """The programs of `cell` in canonical form."""
    declared: list[Any] = [*cell.parameters, *cell.state, *cell.ports, *cell.derived]
    canonical = Canonicaliser(item.name for item in declared)
    update = canonical.program(cell.update)
    spike = None if cell.spike is None else canonical.expression(cell.spike)
    reset = canonical.program(cell.reset)
    return CanonicalCell(update, spike, reset, tuple(canonical.draws))


@cache
def canonical_synapse(synapse: SynapseType) -> CanonicalSynapse:
    """The programs of `synapse` in canonical form."""
    traces = (*synapse.pre.state, *synapse.post.state)
    constants: list[Any] = [*synapse.parameters, *synapse.derived, *synapse.factors]
    declared = [*constants, *synapse.state, *traces]
    canonical = Canonicaliser([WEIGHT, *(item.name for item in declared)])

    def trace(side: Trace) -> CanonicalTrace:
        return CanonicalTrace(canonical.program(side.on_spike), canonical.program(side.each_step))

    return CanonicalSynapse(
        on_pre=canonical.program(synapse.on_pre),
        send=canonical.expression(synapse.send),
        on_post=canonical.program(synapse.on_post),
        each_step=canonical.program(synapse.each_step),
        pre=trace(synapse.pre),
        post=trace(synapse.post),
    )
