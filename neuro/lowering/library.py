"""Which library functions kernels need, each after what it needs itself."""

from __future__ import annotations

from collections.abc import Iterable

from neuro.ir.expressions.functions import LIBRARY
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import Expression, Program, calls
from neuro.lowering.kernels import CellKernel, SynapseKernel


def cell_expressions(kernel: CellKernel) -> list[Expression]:
    """All expressions of a cell's programs."""
    spike = [] if kernel.spike is None else [kernel.spike]
    return [*spike, *(step.value for step in (*kernel.update, *kernel.reset))]


def synapse_programs(kernel: SynapseKernel) -> tuple[Program, ...]:
    """All programs of a synapse."""
    return (
        kernel.on_pre,
        kernel.on_post,
        kernel.each_step,
        kernel.pre_on_spike,
        kernel.pre_each_step,
        kernel.post_on_spike,
        kernel.post_each_step,
    )


def synapse_expressions(kernel: SynapseKernel) -> list[Expression]:
    """All expressions of a synapse's programs."""
    return [kernel.send, *(step.value for program in synapse_programs(kernel) for step in program)]


def library_functions(expressions: Iterable[Expression], precision: Precision) -> list[str]:
    """Library functions that `expressions` need, each after those that it calls."""
    ordered: list[str] = []

    def add(name: str) -> None:
        body = definition(name, precision).body
        for needed in sorted(_used(step.value for step in body)):
            add(needed)
        if name not in ordered:
            ordered.append(name)

    for name in sorted(_used(expressions)):
        add(name)
    return ordered


def _used(expressions: Iterable[Expression]) -> set[str]:
    return {function for e in expressions for function in calls(e)} & set(LIBRARY)
