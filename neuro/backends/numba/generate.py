"""Generate a Python module for each kind of cell and synapse, for numba to compile."""

from __future__ import annotations

import keyword
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from neuro.backends.numba.printer import PythonPrinter
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import Expression, program_writes
from neuro.lowering.kernels import CellKernel, SynapseKernel
from neuro.lowering.library import (
    cell_expressions,
    library_functions,
    synapse_expressions,
    synapse_programs,
)
from neuro.lowering.symbols import Printed, Symbols, safe_names
from neuro.version import __version__

_FORBIDDEN = frozenset(keyword.kwlist) | frozenset(
    [
        "state",
        "array",
        "scalar",
        "port",
        "word",
        "until",
        "step",
        "t_now",
        "fired",
        "count",
        "active",
        "i",
        "refractory",
        "njit",
        "start",
        "target",
        "pre",
        "post",
        "factor",
        "cells",
        "sums",
        "column",
        "synapse",
        "source",
        "row",
        "s",
        "c",
        "k",
        "len",
        "range",
        "abs",
        "np",
        "F32",
        "F64",
        "uint32",
        "uint64",
        "update",
        "reset",
        "on_pre",
        "on_post",
        "each_step",
        "Any",
    ]
)


def generate_cell(kernel: CellKernel, dtype: Float) -> str:
    """The module of a kind of cell."""
    ports = [*kernel.free, *(port for port, _ in kernel.rings)]
    printer = _printer(dtype)
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
        _FORBIDDEN,
        printer,
    )
    update = symbols.print(kernel.update, value=kernel.spike)
    ringed = symbols.entries("state", {variable for _, variable in kernel.rings})
    kinds = {name: name.partition("$")[0] for name in kernel.draws}
    return _render(
        "cell.py.j2",
        functions=_functions(cell_expressions(kernel), dtype),
        zero=printer({}).literal(0.0),
        update=_keep_held(kernel, symbols, update),
        reset=symbols.print(kernel.reset),
        used_state=_by_place({*update.uses["state"], *ringed}),
        changed_state=_by_place({*update.writes["state"], *ringed}),
        free=[symbols.entry("port", name) for name in kernel.free],
        ports=symbols.entries("port"),
        rings=[(symbols[v], symbols.entry("port", p).place) for p, v in kernel.rings],
        draws=[(symbols[name], printer({}).function(kind)) for name, kind in kinds.items()],
    )


def generate_synapse(kernel: SynapseKernel, dtype: Float) -> str:
    """The module of a kind of synapse."""
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
        _FORBIDDEN,
        _printer(dtype),
        per_post={name for name, per_post in kernel.factors if per_post},
    )
    sides = (
        ("pre", kernel.pre, kernel.pre_on_spike, kernel.pre_each_step),
        ("post", kernel.post, kernel.post_on_spike, kernel.post_each_step),
    )
    return _render(
        "synapse.py.j2",
        form=kernel.form,
        functions=_functions(synapse_expressions(kernel), dtype),
        on_pre=symbols.print(kernel.on_pre, value=kernel.send),
        on_post=symbols.print(kernel.on_post) if kernel.on_post else None,
        each_step=symbols.print(kernel.each_step) if kernel.each_step else None,
        sides=[
            SimpleNamespace(
                name=name, on_spike=symbols.print(on_spike), each_step=symbols.print(each_step)
            )
            for name, state, on_spike, each_step in sides
            if state
        ],
    )


def _printer(dtype: Float) -> Any:
    return lambda known: PythonPrinter(known, dtype)


def _keep_held(kernel: CellKernel, symbols: Symbols, update: Printed) -> Printed:
    """The update where refractory cells keep what they hold."""
    lines = list(update.lines)
    for place, statement in enumerate(kernel.update):
        if statement.target in kernel.held:
            name = symbols[statement.target]
            value = symbols.printer.expression(statement.value)
            lines[place] = f"{name} = ({value}) if active else {name}"
    return replace(update, lines=lines)


def _by_place(entries: set[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: entry.place)


def _functions(expressions: list[Expression], dtype: Float) -> list[SimpleNamespace]:
    """Library functions that the expressions need."""
    precision: Precision = "float32" if dtype is np.float32 else "float64"
    result = []
    for name in library_functions(expressions, precision):
        meaning = definition(name, precision)
        known = safe_names([meaning.argument, *sorted(program_writes(meaning.body))], _FORBIDDEN)
        lines = PythonPrinter(known, dtype).program(meaning.body)
        argument, last = known[meaning.argument], known["result"]
        result.append(SimpleNamespace(name=name, argument=argument, lines=lines, result=last))
    return result


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(version=__version__, **values) + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("neuro.backends.numba"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - it is Python, not HTML
    )
