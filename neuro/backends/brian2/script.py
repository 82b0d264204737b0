"""Write a Brian2 program as Python, with the arrays that it needs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from neuro.backends.brian2.functions import ARITY, library_function, needed
from neuro.backends.brian2.program import SCHEDULE, Array, Connections, Group, Program, Variable
from neuro.ir.expressions.functions import LIBRARY

Owner = Group | Connections
_ZERO = ("0", "0.0", "False")
"""What variables start with anyway."""


def render(program: Program, template: str, *, also: Iterable[str] = (), **more: Any) -> str:
    """The text of `program` in a template.

    Parameters
    ----------
    program
        The program.
    template
        Name of the template.
    also
        Functions that the template calls besides.
    more
        What else the template needs.
    """
    owners: list[Owner] = [*program.groups, *program.connections]
    called = program.functions | set(also)
    functions = needed(called, program.dtype)
    text = (
        environment()
        .get_template(template)
        .render(
            name=program.name,
            dt=repr(program.dt),
            seed=program.seed,
            real=np.dtype(program.dtype).name,
            functions=functions,
            library={n: library_function(n, program.dtype) for n in functions if n in LIBRARY},
            called=[(name, ARITY[name]) for name in sorted(called)],
            schedule=repr(list(SCHEDULE)),
            poisson=list(enumerate(program.poisson)),
            signals=list(enumerate(program.signals)),
            sources=program.sources,
            groups=program.groups,
            connections=program.connections,
            links=[(o.name, v) for o in owners for v in o.variables if v.link is not None],
            operations=[(o.name, operation) for o in owners for operation in o.operations],
            **more,
        )
    )
    return text.rstrip() + "\n"


def arrays(program: Program) -> dict[str, Array]:
    """The arrays of `program`, under the names that its text uses."""
    found: dict[str, Array] = {}
    owners: list[Owner] = [*program.groups, *program.connections]
    for owner in owners:
        for variable in owner.variables:
            if isinstance(variable.value, np.ndarray) and _scalar(variable) is None:
                found[f"{owner.name}/{variable.name}"] = variable.value
            if isinstance(variable.index, np.ndarray):
                found[f"{owner.name}/{variable.name}"] = variable.index
    for synapses in program.connections:
        found[f"{synapses.name}/pre"] = np.asarray(synapses.pre, np.int32)
        found[f"{synapses.name}/post"] = np.asarray(synapses.post, np.int32)
        for pathway in synapses.pathways:
            if isinstance(pathway.delay, np.ndarray):
                found[f"{synapses.name}/delay"] = pathway.delay
    for number, (_, thresholds, first, table) in enumerate(program.poisson):
        found[f"poisson/{number}/thresholds"] = thresholds
        found[f"poisson/{number}/first"] = first
        found[f"poisson/{number}/table"] = table
    return found


@cache
def environment() -> Environment:
    """The templates of Brian2 programs."""
    made = Environment(
        loader=PackageLoader("neuro.backends.brian2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - it is Python, not HTML
    )
    made.globals |= {
        "model": _model,
        "block": _block,
        "reals": _reals,
        "assignments": _assignments,
        "scalar_delays": _scalar_delays,
    }
    return made


def _model(owner: Owner) -> str:
    """The variables as Brian2's equations."""
    return "\n".join(
        f"{v.name} : {v.kind}" + (f" ({v.flags})" if v.flags else "") for v in owner.variables
    )


def _block(text: str, indent: int, before: str = "") -> str:
    """`text` as an argument: a line, or a block of lines in quotes."""
    space = " " * indent
    if "\n" not in text:
        return f'{space}{before}"{text}"'
    inner = textwrap.indent(text, space + "    ")
    return f'{space}{before}"""\n{inner}\n{space}"""'


def _reals(owner: Owner) -> str:
    names = [v.name for v in owner.variables if v.kind == "1" and v.link is None]
    return repr(names)


def _assignments(owner: Owner) -> str:
    """Starting values: numbers where all are the same."""
    lines = []
    for variable in owner.variables:
        if variable.value is None:
            continue
        scalar = _scalar(variable)
        value = f'values["{owner.name}/{variable.name}"]' if scalar is None else repr(scalar)
        if repr(scalar) not in _ZERO:
            lines.append(f"    made.{variable.name} = {value}\n")
    return "".join(lines)


def _scalar(variable: Variable) -> float | int | bool | None:
    """The one value of all elements; None if they differ."""
    value = variable.value
    if not isinstance(value, np.ndarray):
        return value
    if value.size == 0:
        return 0
    first = value.reshape(-1)[:1]
    if value.tobytes() != first.tobytes() * value.size:
        return None
    single: float | int | bool = first[0].item()
    return single


def _scalar_delays(synapses: Connections) -> str:
    return ", ".join(
        f'"{p.side}": {p.delay} * clock.dt' for p in synapses.pathways if isinstance(p.delay, int)
    )
