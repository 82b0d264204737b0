"""Generate the C of a network's kinds of cells and synapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from neuro.backends.c.printer import KEYWORDS, CPrinter
from neuro.ir.expressions.evaluate import Float, Numeric
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import names, program_writes
from neuro.ir.synapse import WEIGHT
from neuro.lowering.kernels import CellKernel, SynapseKernel
from neuro.lowering.library import (
    cell_expressions,
    library_functions,
    synapse_expressions,
    synapse_programs,
)
from neuro.lowering.symbols import Printed, Symbols, safe_names
from neuro.version import __version__


def generate(cells: Sequence[CellKernel], synapses: Sequence[SynapseKernel], dtype: Numeric) -> str:
    """One translation unit with all the kernels; see `deploy/runtime` for the rest of the engine."""
    content = kernel_context(cells, synapses, dtype)
    return environment().get_template("engine.c.j2").render(content, device=False) + "\n"


def kernel_context(
    cells: Sequence[CellKernel], synapses: Sequence[SynapseKernel], dtype: Numeric
) -> dict[str, Any]:
    """What the template ``kernels.c.j2`` needs, apart from `device`."""
    fixed = dtype is np.int32
    return {
        "version": __version__,
        "precision": "fixed" if fixed else np.dtype(dtype).name,
        "add": _add_saturated if fixed else _add,
        "time": "nr_saturate(nr_step)" if fixed else "(real)((double)nr_step * nr_all->dt)",
        "functions": [] if fixed else _functions(cells, synapses, dtype),  # type: ignore[arg-type]
        "grids": any(kernel.form == "grid" for kernel in synapses),
        "cells": [_cell(kernel, dtype) for kernel in cells],
        "synapses": [_synapse(kernel, dtype, k) for k, kernel in enumerate(synapses)],
    }


@cache
def environment() -> Environment:
    """The templates of generated C."""
    return Environment(
        loader=PackageLoader("neuro.backends.c"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - it is C, not HTML
    )


def _add(sum: str, value: str) -> str:
    """The statement that adds what arrives to a sum."""
    return f"{sum} += {value};"


def _add_saturated(sum: str, value: str) -> str:
    return f"{sum} = nr_plus({sum}, {value});"


# Library functions -------------------------------------------------------------------------------


def _functions(
    cells: Sequence[CellKernel], synapses: Sequence[SynapseKernel], dtype: Float
) -> list[dict[str, Any]]:
    """The library functions that kernels need."""
    precision: Precision = "float32" if dtype is np.float32 else "float64"
    expressions = [e for kernel in cells for e in cell_expressions(kernel)]
    expressions += [e for kernel in synapses for e in synapse_expressions(kernel)]
    return [
        library_function_in_c(name, precision, dtype)
        for name in library_functions(expressions, precision)
    ]


def library_function_in_c(name: str, precision: Precision, dtype: Float) -> dict[str, Any]:
    """What the template ``function.c.j2`` needs for a library function."""
    meaning = definition(name, precision)
    local = sorted(program_writes(meaning.body))
    known = safe_names([meaning.argument, *local], KEYWORDS)
    lines = CPrinter(known, dtype).program(meaning.body, [meaning.argument])
    argument, result = known[meaning.argument], known["result"]
    return {"name": name, "argument": argument, "body": lines, "result": result}


# Cells -------------------------------------------------------------------------------------------


def _cell(kernel: CellKernel, dtype: Numeric) -> SimpleNamespace:
    """What the template of a cell needs."""
    ports = [*kernel.free, *(port for port, _ in kernel.rings)]
    symbols = Symbols(
        {
            "state": kernel.state,
            "scalar": kernel.scalars,
            "array": kernel.arrays,
            "silent": kernel.silent,
            "port": ports,
            "draw": kernel.draws,
            "time": ("t",),
        },
        (kernel.update, kernel.reset),
        KEYWORDS,
        lambda known: CPrinter(known, dtype),
    )
    update = symbols.print(kernel.update, value=kernel.spike)
    masked = kernel.refractory == "mask"
    ringed = symbols.entries("state", {variable for _, variable in kernel.rings})
    return SimpleNamespace(
        title=f"Cells with {', '.join(kernel.state) or 'no state'}.",
        literals=None,
        port_types={},
        refractory=kernel.refractory,
        held=[symbols.entry("state", name) for name in kernel.held],
        free=[symbols.entry("port", name) for name in kernel.free],
        ports=symbols.entries("port"),
        rings=[(symbols[variable], symbols[port]) for port, variable in kernel.rings],
        used_state=sorted({*update.uses["state"], *ringed}, key=lambda entry: entry.place),
        changed_state=sorted({*update.writes["state"], *ringed}, key=lambda entry: entry.place),
        draws=[(symbols[name], name.partition("$")[0]) for name in kernel.draws],
        update=_keep_held(kernel, symbols, update) if masked else update,
        spike=f"nr_active & ({update.value})" if masked and update.value else update.value,
        recheck=_recheck(kernel, symbols),
        reset=symbols.print(kernel.reset),
    )


def _recheck(kernel: CellKernel, symbols: Symbols) -> Printed | None:
    """The condition on its own, if it can be asked again from what the update stored.

    Then the update of a block only notes whether any cell spikes, which saves a store per cell.
    """
    stored = {*kernel.state, *kernel.scalars, *kernel.arrays}
    if kernel.spike is None or kernel.refractory == "mask" or not names(kernel.spike) <= stored:
        return None
    return symbols.print((), value=kernel.spike)


def _keep_held(kernel: CellKernel, symbols: Symbols, update: Printed) -> Printed:
    """The update where refractory cells keep what they hold."""
    lines = list(update.lines)
    for place, statement in enumerate(kernel.update):
        if statement.target in kernel.held:
            name = symbols[statement.target]
            value = symbols.printer.expression(statement.value)
            lines[place] = f"{name} = (nr_active ? {value} : {name});"
    return replace(update, lines=lines)


# Synapses ----------------------------------------------------------------------------------------


def _synapse(kernel: SynapseKernel, dtype: Numeric, number: int) -> SimpleNamespace:
    """What the template of a synapse needs."""
    symbols = Symbols(
        {
            "state": kernel.state,
            "scalar": kernel.scalars,
            "array": kernel.arrays,
            "pre": kernel.pre,
            "post": kernel.post,
            "factor": [name for name, _ in kernel.factors],
        },
        synapse_programs(kernel),
        KEYWORDS,
        lambda known: CPrinter(known, dtype),
        per_post={name for name, per_post in kernel.factors if per_post},
    )
    on_pre = symbols.print(kernel.on_pre, value=kernel.send)
    on_post = symbols.print(kernel.on_post)
    raise_pre = symbols.print((*kernel.pre_on_spike, *kernel.pre_each_step))
    decay_pre = symbols.print(kernel.pre_each_step)
    passing = [on_pre, on_post, raise_pre, decay_pre] if kernel.deferred else [on_pre]
    return SimpleNamespace(
        title=f"Synapses with {', '.join(kernel.state) or 'one constant weight'}.",
        number=number,
        index="uint16_t" if kernel.narrow else "uint32_t",
        kept={symbols[WEIGHT]: f"int{kernel.weight_bits}_t"} if kernel.weight_bits else {},
        deferred=kernel.deferred,
        distinct=kernel.distinct,
        form=kernel.form,
        dense=kernel.form == "dense",
        packed="",
        narrow_sums=False,
        literals=None,
        chain=symbols.entries("pre"),
        on_pre=on_pre,
        on_post=on_post if kernel.on_post else None,
        each_step=symbols.print(kernel.each_step) if kernel.each_step else None,
        raise_pre=raise_pre,
        decay_pre=decay_pre,
        passing=symbols.union(passing),
        flushing=symbols.union([on_post, decay_pre]),
        traces=_traces(kernel, symbols),
        entries=_entries(kernel),
    )


def _traces(kernel: SynapseKernel, symbols: Symbols) -> list[SimpleNamespace]:
    """The traces that are kept in step with time; deferred kinds have none before the synapse."""
    sides = [("post", kernel.post, kernel.post_on_spike, kernel.post_each_step)]
    if not kernel.deferred:
        sides.append(("pre", kernel.pre, kernel.pre_on_spike, kernel.pre_each_step))
    return [
        SimpleNamespace(
            name=name,
            state=symbols.entries(name),
            on_spike=symbols.print(on_spike),
            each_step=symbols.print(each_step),
        )
        for name, state, on_spike, each_step in sides
        if state
    ]


def _entries(kernel: SynapseKernel) -> list[str]:
    """The entries of the kernel's table besides `on_pre`."""
    entries = []
    if kernel.deferred:
        entries.append("flush")
    elif kernel.on_post:
        entries.append("on_post")
    if kernel.each_step:
        entries.append("each_step")
    if kernel.post:
        entries += ["raise_post", "decay_post"]
    if kernel.pre and not kernel.deferred:
        entries += ["raise_pre", "decay_pre"]
    return entries
