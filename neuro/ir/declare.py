"""Write cell and synapse types as short texts, one declaration a line.

>>> leaky = cell_type(
...     "leaky",
...     parameters="tau_m : ms = 20",
...     state="v : 1 = 0, held",
...     ports="input : 1",
...     derived="beta = exp(-dt / tau_m)",
...     update="v = beta * v + input",
...     spike="v >= 1",
...     reset="v = 0",
... )
>>> leaky.parameters[0].default
0.02

Lines are ``name : unit = default`` for parameters (append ``, shared`` for one value per population
or projection), ``name : unit = initial`` for state (append ``, held``), ``name : unit -> variable``
for bound ports and ``name : unit`` for free ones (append ``, nonnegative``).  Defaults are numbers
in the unit given; they are stored in SI units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from neuro.errors import ExpressionError, UnitError
from neuro.ir.cell import CellType, Derived, Parameter, Port, StateVariable
from neuro.ir.expressions.nodes import Expression, Literal
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.synapse import Factor, SynapseType, Trace
from neuro.units import parse_unit

T = TypeVar("T")

_LINE = re.compile(
    r"(?P<name>\w+)\s*:\s*(?P<unit>[^\s=,>][^=,>]*?)\s*(?:->\s*(?P<into>\w+)\s*)?(?:=\s*(?P<value>.+?)\s*)?\Z"
)


def cell_type(
    name: str,
    *,
    parameters: str = "",
    state: str = "",
    ports: str = "",
    derived: str = "",
    update: str = "",
    spike: str | None = None,
    reset: str = "",
    refractory: str | None = None,
) -> CellType:
    """Build a `CellType` from texts; see the module for their form.

    Raises
    ------
    ExpressionError
        If a line or an expression has a syntax error.
    """
    at = f"cell type {name!r}"
    return CellType(
        name=name,
        parameters=read(parse_parameters, parameters, f"{at}, parameters"),
        state=read(parse_state, state, f"{at}, state"),
        ports=read(parse_ports, ports, f"{at}, ports"),
        derived=read(parse_derived, derived, f"{at}, derived"),
        update=read(parse_program, update, f"{at}, update"),
        spike=None if spike is None else read(parse_expression, spike, f"{at}, spike"),
        reset=read(parse_program, reset, f"{at}, reset"),
        refractory=None
        if refractory is None
        else read(parse_expression, refractory, f"{at}, refractory"),
    )


def synapse_type(
    name: str,
    *,
    parameters: str = "",
    derived: str = "",
    state: str = "",
    pre: Trace | None = None,
    post: Trace | None = None,
    factors: str = "",
    on_pre: str = "",
    send: str = "w",
    on_post: str = "",
    each_step: str = "",
) -> SynapseType:
    """Build a `SynapseType` from texts; see the module for their form.

    Raises
    ------
    ExpressionError
        If a line or an expression has a syntax error.
    """
    at = f"synapse type {name!r}"
    return SynapseType(
        name=name,
        parameters=read(parse_parameters, parameters, f"{at}, parameters"),
        derived=read(parse_derived, derived, f"{at}, derived"),
        state=read(parse_state, state, f"{at}, state"),
        pre=pre or Trace(),
        post=post or Trace(),
        factors=read(parse_factors, factors, f"{at}, factors"),
        on_pre=read(parse_program, on_pre, f"{at}, on_pre"),
        send=read(parse_expression, send, f"{at}, send"),
        on_post=read(parse_program, on_post, f"{at}, on_post"),
        each_step=read(parse_program, each_step, f"{at}, each_step"),
    )


def read(parse: Callable[[str], T], text: str, where: str) -> T:
    """What `parse` makes of `text`; an error names the place `where`."""
    try:
        return parse(text)
    except (ExpressionError, UnitError) as error:
        raise error.at(where) from None


def trace(state: str, *, on_spike: str, each_step: str) -> Trace:
    """Build a `Trace` from texts."""
    return Trace(
        state=parse_state(state),
        on_spike=parse_program(on_spike),
        each_step=parse_program(each_step),
    )


def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """Parameters from lines ``name : unit = default [, shared]``."""
    return tuple(
        Parameter(
            name=match["name"],
            unit=match["unit"],
            default=_default(match),
            shared="shared" in flags,
        )
        for match, flags in _lines(text, {"shared"}, "name : unit = value, shared")
    )


def parse_state(text: str) -> tuple[StateVariable, ...]:
    """State variables from lines ``name : unit = initial [, held]``."""
    return tuple(
        StateVariable(
            name=match["name"],
            unit=match["unit"],
            initial=_initial(match),
            held="held" in flags,
        )
        for match, flags in _lines(text, {"held"}, "name : unit = value, held")
    )


def parse_ports(text: str) -> tuple[Port, ...]:
    """Ports from lines ``name : unit [-> variable] [, nonnegative]``."""
    return tuple(
        Port(
            name=match["name"],
            unit=match["unit"],
            into=match["into"],
            nonnegative="nonnegative" in flags,
        )
        for match, flags in _lines(text, {"nonnegative"}, "name : unit -> variable, nonnegative")
    )


def parse_factors(text: str) -> tuple[Factor, ...]:
    """Factors from lines ``name : unit [, per_post]``."""
    return tuple(
        Factor(name=match["name"], unit=match["unit"], per_post="per_post" in flags)
        for match, flags in _lines(text, {"per_post"}, "name : unit, per_post")
    )


def parse_derived(text: str) -> tuple[Derived, ...]:
    """Derived constants from assignments."""
    return tuple(Derived(name=step.target, value=step.value) for step in parse_program(text))


def _lines(text: str, allowed: set[str], form: str) -> Iterator[tuple[re.Match[str], set[str]]]:
    """Each line's match and its flags, the words behind commas at its end; `form` allows parts."""
    for line in text.splitlines():
        source = line.partition("#")[0].strip()
        if not source:
            continue
        declaration, flags = _split_flags(source, allowed)
        match = _LINE.match(declaration)
        if match is None:
            raise _not_declared(source, 0, form)
        for part, sign in (("into", "->"), ("value", "=")):
            if match[part] is not None and sign not in form:
                raise _not_declared(source, source.index(sign), form)
        yield match, flags


def _not_declared(source: str, column: int, form: str) -> ExpressionError:
    hint = f"Write '{form}'; what stands behind the unit may be left out."
    return ExpressionError("this is not a declaration.", source=source, column=column, hint=hint)


def _split_flags(source: str, allowed: set[str]) -> tuple[str, set[str]]:
    flags: set[str] = set()
    while True:
        body, comma, last = source.rpartition(",")
        if not comma or last.strip() not in allowed:
            return source, flags
        flags.add(last.strip())
        source = body.strip()


def _default(match: re.Match[str]) -> float | None:
    if match["value"] is None:
        return None
    try:
        number = float(match["value"])
    except ValueError:
        raise ExpressionError(
            f"the default {match['value']!r} is not a number.",
            source=match[0],
            column=match.start("value"),
            hint="Write a number alone; it is in the unit before it.",
        ) from None
    return _to_si(number, match["unit"])


def _initial(match: re.Match[str]) -> Expression:
    """Initial value: a number in the unit given, or an expression of parameters in SI units."""
    text = match["value"]
    if text is None:
        return Literal(0.0)
    try:
        number = float(text)
    except ValueError:
        return parse_expression(text)
    return Literal(_to_si(number, match["unit"]))


def _to_si(number: float, unit: str) -> float:
    """`number` in SI; weights keep their number, for their unit is the port's."""
    return number if unit == "weight" else float(parse_unit(unit).to_si(number))
