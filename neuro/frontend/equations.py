"""Cells from differential equations, as texts.

One equation a line, or several divided by semicolons: ``dv/dt = expression : unit [= initial]
[, held]``.  What stands in the expressions are variables, parameters, free ports and units; a free
port is constant over a step, and what arrives on a bound port acts from the beginning of the step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from neuro.errors import ExpressionError, ParameterError, suggestion
from neuro.frontend.propagators import propagate
from neuro.frontend.symbolic import from_sympy, symbol, to_sympy
from neuro.ir.cell import CellType, Derived, Parameter, Port, StateVariable
from neuro.ir.declare import parse_parameters, parse_ports, parse_state, read
from neuro.ir.expressions.nodes import Assign, Binary, Call, Expression, Name, Program, names
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.expressions.typing import Type, infer_type
from neuro.units import SECOND, UNITS, parse_unit

Method = Literal["exact", "exponential_euler", "euler"]

_EQUATION = re.compile(
    r"d(?P<name>\w+)/dt\s*=\s*(?P<rate>[^:]+?)\s*:\s*(?P<unit>[^=,]+?)\s*(?P<rest>(?:=[^,]+)?(?:,\s*held)?)\s*\Z"
)


@dataclass(frozen=True, slots=True)
class _Equation:
    name: str
    rate: Expression
    unit: str
    source: str


def cell_from_equations(
    name: str,
    equations: str,
    *,
    parameters: str = "",
    ports: str = "",
    spike: str | None = None,
    reset: str = "",
    refractory: str | None = None,
    method: Method = "exact",
) -> CellType:
    """Make a cell type from differential equations.

    Parameters
    ----------
    name
        Name of the type.
    equations
        One equation a line (or divided by semicolons): ``dv/dt = (v_rest - v) / tau_m + i / cm : mV = v_rest, held``.
    parameters, ports
        Declarations as for `neuro.ir.declare.cell_type`.
    spike, reset, refractory
        Condition for a spike, assignments of the cells that spike, refractory time.
    method
        ``"exact"``: the solution of linear equations over a step, derived by sympy;
        ``"exponential_euler"``: each variable relaxes exactly while the others stand still (first
        order; equations must be linear in their own variable); ``"euler"``: forward Euler (first
        order; any equation).

    Returns
    -------
    CellType
        Use it as ``neuro.CustomCell(cell_type, ...)``.

    Raises
    ------
    ExpressionError
        If a line has a syntax error, an unknown name or the wrong unit, or if the equations do not
        suit the method.

    Examples
    --------
    >>> leaky = cell_from_equations(
    ...     "leaky",
    ...     "dv/dt = (i * R - v) / tau : mV, held",
    ...     parameters="tau : ms = 10; R : MOhm = 1",
    ...     ports="i : nA",
    ...     spike="v > 10 * mV", reset="v = 0 * mV",
    ... )
    >>> from neuro.ir.expressions.printer import print_program
    >>> print(print_program(leaky.update))
    v = v * P_v_v + i * P_v_i
    """
    at = f"cell type {name!r}"
    return CellType(
        name=name,
        **_integrated(equations, parameters, ports, method, where=at),
        **_at_spikes(spike, reset, refractory, where=at),
    )


def _integrated(
    equations: str, parameters: str, ports: str, method: Method, *, where: str
) -> dict[str, Any]:
    """Declarations of a cell, and the step that its equations come to."""
    declared = read(parse_parameters, parameters.replace(";", "\n"), f"{where}, parameters")
    inputs = read(parse_ports, ports.replace(";", "\n"), f"{where}, ports")
    state, system = _parse(equations, where=where)
    free = [port for port in inputs if port.into is None]
    _check_units(system, [*declared, *state, *free], where=where)
    derived, update = _METHODS[_known(method)](system, [port.name for port in free])
    return {
        "parameters": declared,
        "state": state,
        "ports": inputs,
        "derived": derived,
        "update": update,
    }


def _at_spikes(
    spike: str | None, reset: str, refractory: str | None, *, where: str
) -> dict[str, Any]:
    return {
        "spike": _optional(spike, where=f"{where}, spike"),
        "reset": read(parse_program, reset, f"{where}, reset"),
        "refractory": _optional(refractory, where=f"{where}, refractory"),
    }


def _optional(source: str | None, *, where: str) -> Expression | None:
    return None if source is None else read(parse_expression, source, where)


def _known(method: str) -> str:
    if method not in _METHODS:
        raise ParameterError(
            f"there is no method {method!r}.",
            where="cell_from_equations",
            hint=suggestion(method, _METHODS),
        )
    return method


def _parse(text: str, *, where: str) -> tuple[tuple[StateVariable, ...], list[_Equation]]:
    """State variables and their equations, in the order of the text."""
    state: list[StateVariable] = []
    system: list[_Equation] = []
    for source in _lines(text):
        match = _EQUATION.match(source)
        if match is None:
            raise ExpressionError(
                "this is not an equation.",
                source=source,
                column=0,
                where=where,
                hint="Write 'dv/dt = expression : unit'; '= initial' and ', held' may follow.",
            )
        name, unit = match["name"], match["unit"]
        if any(equation.name == name for equation in system):
            raise ExpressionError(
                f"this is the second equation for {name!r}.",
                source=source,
                column=0,
                where=where,
                hint="Add up both right-hand sides, or rename one.",
            )
        place = f"{where}, d{name}/dt"
        state += read(parse_state, f"{name} : {unit} {match['rest']}", place)
        rate = read(parse_expression, match["rate"], place)
        system.append(_Equation(name, rate, unit, source))
    if not system:
        raise ExpressionError("there is no equation.", where=where, hint="Give at least one.")
    return tuple(state), system


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in line.partition("#")[0].split(";"):
            if part.strip():
                yield part.strip()


def _check_units(
    system: Iterable[_Equation], declared: Iterable[Parameter | StateVariable | Port], *, where: str
) -> None:
    """Make sure that each right-hand side has the unit of its variable per time."""
    scope = {name: Type("real", unit.dimension) for name, unit in UNITS.items()}
    scope |= {name: Type("real", SECOND) for name in ("dt", "t")}
    for item in declared:
        unit = parse_unit(item.unit, where=f"{where}, {item.name!r}")
        scope[item.name] = Type("real", unit.dimension)
    for equation in system:
        place = f"{where}, d{equation.name}/dt"
        needed = parse_unit(equation.unit).dimension / SECOND
        try:
            found = infer_type(equation.rate, scope)
        except ExpressionError as problem:
            raise ExpressionError(
                problem.what, source=equation.source, column=0, where=place, hint=problem.hint
            ) from None
        if found.kind != "real" or found.dimension not in (needed, None):
            given = "a condition" if found.kind != "real" else f"in {found.dimension}"
            raise ExpressionError(
                f"the right-hand side is {given}, but {needed} is needed.",
                source=equation.source,
                column=0,
                where=place,
                hint=f"A derivative is in the unit of its variable ({equation.unit}) per time.",
            )


def _euler(system: list[_Equation], free: list[str]) -> tuple[tuple[Derived, ...], Program]:
    """``x <- x + dt * f(x)``, all from old values."""
    del free
    steps = {e.name: Binary("+", Name(e.name), Binary("*", Name("dt"), e.rate)) for e in system}
    return (), simultaneous(steps)


def _exponential_euler(
    system: list[_Equation], free: list[str]
) -> tuple[tuple[Derived, ...], Program]:
    """``x <- x exp(a dt) + b dt exprel(a dt)`` for ``dx/dt = a x + b``, all from old values."""
    del free
    steps: dict[str, Expression] = {}
    for equation in system:
        rate, own = to_sympy(equation.rate), symbol(equation.name)
        slope = sympy.simplify(sympy.diff(rate, own))
        if slope.has(own):
            raise ExpressionError(
                f"d{equation.name}/dt is not linear in {equation.name!r}.",
                hint="Choose method='euler'.",
            )
        rest = sympy.simplify(sympy.expand(rate - slope * own))
        steps[equation.name] = _relax(equation.name, slope, rest)
    return (), simultaneous(steps)


def _relax(name: str, slope: Any, rest: Any) -> Expression:
    dt = Name("dt")
    if slope == 0:
        return Binary("+", Name(name), Binary("*", dt, from_sympy(rest)))
    turn = Binary("*", from_sympy(slope), dt)
    decayed = Binary("*", Name(name), Call("exp", (turn,)))
    if rest == 0:
        return decayed
    gain = Binary("*", dt, Call("exprel", (turn,)))
    return Binary("+", decayed, Binary("*", gain, from_sympy(rest)))


def _exact(system: list[_Equation], free: list[str]) -> tuple[tuple[Derived, ...], Program]:
    """The solution over one step, by constants that are computed when a network is loaded."""
    for equation in system:
        if "t" in names(equation.rate):
            raise ExpressionError(
                f"d{equation.name}/dt depends on the time.",
                source=equation.source,
                column=0,
                hint="Choose method='exponential_euler' or 'euler'.",
            )
    variables = [equation.name for equation in system]
    rates = [to_sympy(equation.rate) for equation in system]
    derived, steps = propagate(variables, free, rates)
    return derived, simultaneous(steps)


_METHODS: Mapping[str, Any] = {
    "exact": _exact,
    "exponential_euler": _exponential_euler,
    "euler": _euler,
}


def simultaneous(steps: Mapping[str, Expression]) -> Program:
    """Assignments that all read old values; locals are used only where the order demands it."""
    left, program = dict(steps), []
    late: list[Assign] = []
    while left:
        ready = [
            name for name in left if not any(name in names(left[o]) for o in left if o != name)
        ]
        if ready:
            program.append(Assign(ready[0], left.pop(ready[0])))
            continue
        name = next(iter(left))
        program.append(Assign(f"next_{name}", left.pop(name)))
        late.append(Assign(name, Name(f"next_{name}")))
    return (*program, *late)
