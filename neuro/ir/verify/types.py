"""Programs of cell and synapse types: names exist, kinds and dimensions agree, nothing is unused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TypeAlias

from neuro.errors import ExpressionError, Finding, UnitError, suggestion
from neuro.ir.cell import CellType, Derived, Parameter, Port, StateVariable
from neuro.ir.expressions.functions import RANDOM
from neuro.ir.expressions.nodes import Expression, Literal, Program, calls, names
from neuro.ir.expressions.printer import print_assignment, print_expression
from neuro.ir.expressions.typing import BOOL, Type, infer_type
from neuro.ir.network import Network
from neuro.ir.synapse import WEIGHT, Factor, SynapseType, Trace
from neuro.ir.verify.names import error
from neuro.units import NONE, SECOND, UNITS, Dimension, parse_unit

_UNIT_SCOPE = {name: Type("real", unit.dimension) for name, unit in UNITS.items() if name != "1"}
_CLOCK = {"dt": Type("real", SECOND), "t": Type("real", SECOND)}
_CLOCK_NAMES = frozenset({"dt", "t"})

Scope: TypeAlias = Mapping[str, Type]
Declared: TypeAlias = Parameter | StateVariable | Port | Derived | Factor


def check_types(network: Network) -> Iterator[Finding]:
    """Findings in the cell and synapse types that `network` uses."""
    cells = dict.fromkeys(population.cell for population in network.populations)
    yield from _check_distinct("cell", cells)
    for cell in cells:
        yield from check_cell_type(cell)
    yield from _check_distinct("synapse", dict.fromkeys(p.synapse for p in network.projections))
    ports = _port_dimensions(network)
    uses = dict.fromkeys((p.synapse, ports.get((p.post, p.port))) for p in network.projections)
    for synapse, weight in uses:
        yield from check_synapse_type(synapse, weight)


def _check_distinct(kind: str, types: Iterable[CellType | SynapseType]) -> Iterator[Finding]:
    """The text form and the generated code find a type by its name."""
    for name, count in Counter(item.name for item in types).items():
        if count > 1:
            what = f"{'two' if count == 2 else count} different {kind} types are called so."
            yield error("duplicate-type", f"{kind} type {name!r}", what, "Rename all but one.")


def _port_dimensions(network: Network) -> dict[tuple[str, str], Dimension]:
    """Dimension of each port; ports with a bad unit are left out (they have their own finding)."""
    result = {}
    for population in network.populations:
        for port in population.cell.ports:
            if _unit_problem(port.unit) is None:
                result[population.name, port.name] = parse_unit(port.unit).dimension
    return result


@cache
def check_cell_type(cell: CellType) -> tuple[Finding, ...]:
    """Findings in one cell type."""
    return tuple(_cell_findings(cell))


@cache
def check_synapse_type(synapse: SynapseType, weight: Dimension | None) -> tuple[Finding, ...]:
    """Findings in one synapse type on a port whose unit has the dimension `weight`."""
    return tuple(_synapse_findings(synapse, weight))


def _cell_findings(cell: CellType) -> Iterator[Finding]:
    where = f"cell type {cell.name!r}"
    declared: list[Declared] = [*cell.parameters, *cell.state, *cell.ports, *cell.derived]
    yield from _check_declarations(where, declared, _CLOCK_NAMES)
    yield from _check_ports(where, cell)
    constants, found = _constants(where, cell.parameters, cell.derived, None)
    yield from found
    yield from _check_initial(where, cell.state, constants, None)
    free = {p.name: _unit_type(p.unit, None) for p in cell.ports if p.into is None}
    state = {s.name: _unit_type(s.unit, None) for s in cell.state}
    scope = {**constants, **state, **free, **_CLOCK}
    yield from _check_program(f"{where}, update", cell.update, scope, state)
    kept = {name: kind for name, kind in scope.items() if name not in free}
    yield from _check_program(f"{where}, reset", cell.reset, kept, state)
    if cell.spike is not None:
        yield from _check_expression(f"{where}, spike", cell.spike, scope, BOOL)
    if cell.refractory is not None:
        place = f"{where}, refractory"
        yield from _check_expression(place, cell.refractory, constants, Type("real", SECOND))
    values = [*(item.value for item in cell.derived), *(step.value for step in cell.reset)]
    yield from _check_no_noise(where, [*values, *(s.initial for s in cell.state)])


def _synapse_findings(synapse: SynapseType, weight: Dimension | None) -> Iterator[Finding]:
    where = f"synapse type {synapse.name!r}"
    variables = (*synapse.pre.state, *synapse.post.state)
    declared: list[Declared] = [*synapse.parameters, *synapse.derived, *synapse.state]
    declared += [*variables, *synapse.factors]
    yield from _check_declarations(where, declared, _CLOCK_NAMES | {WEIGHT})
    constants, found = _constants(where, synapse.parameters, synapse.derived, weight)
    yield from found
    yield from _check_initial(where, (*synapse.state, *variables), constants, weight)
    yield from _check_trace(f"{where}, pre", synapse.pre, synapse, constants, weight)
    yield from _check_trace(f"{where}, post", synapse.post, synapse, constants, weight)
    own = {s.name: _unit_type(s.unit, weight) for s in synapse.state}
    own[WEIGHT] = Type("real", weight)
    seen = {item.name: _unit_type(item.unit, weight) for item in variables}
    seen |= {factor.name: _unit_type(factor.unit, weight) for factor in synapse.factors}
    scope = {**constants, **seen, **own, "dt": _CLOCK["dt"]}
    for place in ("on_pre", "on_post", "each_step"):
        yield from _check_program(f"{where}, {place}", getattr(synapse, place), scope, own)
    yield from _check_expression(f"{where}, send", synapse.send, scope, Type("real", weight))
    traces = (synapse.pre.on_spike, synapse.pre.each_step, synapse.post.on_spike)
    programs = (synapse.on_pre, synapse.on_post, synapse.each_step, *traces, synapse.post.each_step)
    values = [statement.value for program in programs for statement in program]
    yield from _check_no_noise(where, [*values, synapse.send])


def _check_trace(
    where: str, trace: Trace, synapse: SynapseType, constants: Scope, weight: Dimension | None
) -> Iterator[Finding]:
    state = {s.name: _unit_type(s.unit, weight) for s in trace.state}
    shared = _shared_names(synapse)
    scope = {name: kind for name, kind in constants.items() if name in {*shared, "dt"}}
    for place, program in (("on_spike", trace.on_spike), ("each_step", trace.each_step)):
        yield from _check_program(f"{where}, {place}", program, {**scope, **state}, state)
    if (trace.on_spike or trace.each_step) and not trace.state:
        yield error("empty-trace", where, "has programs but no variables.")


def _shared_names(synapse: SynapseType) -> set[str]:
    """Constants with one value per projection, which traces may read."""
    shared = {p.name for p in synapse.parameters if p.shared}
    local = {p.name for p in synapse.parameters if not p.shared}
    for item in synapse.derived:
        (local if names(item.value) & local else shared).add(item.name)
    return shared


def _check_no_noise(where: str, expressions: Iterable[Expression]) -> Iterator[Finding]:
    for expression in expressions:
        if calls(expression) & set(RANDOM):
            yield error(
                "misplaced-noise",
                where,
                f"'{print_expression(expression)}' draws random numbers.",
                "Only 'update' and 'spike' of a cell type may.",
            )


def _check_declarations(
    where: str,
    declared: Iterable[Declared],
    reserved: frozenset[str],
) -> Iterator[Finding]:
    seen: set[str] = set()
    for item in declared:
        if item.name in seen:
            yield error("duplicate-name", where, f"{item.name!r} is declared twice.")
        if item.name in reserved or not item.name.isidentifier():
            yield error("bad-name", where, f"{item.name!r} cannot be declared.", "Rename it.")
        seen.add(item.name)
        unit = getattr(item, "unit", "1")
        problem = _unit_problem(unit)
        if problem:
            yield error("bad-unit", f"{where}, {item.name!r}", problem)


def _check_ports(where: str, cell: CellType) -> Iterator[Finding]:
    state = {variable.name: variable for variable in cell.state}
    for port in cell.ports:
        if port.into is None:
            continue
        place = f"{where}, port {port.name!r}"
        target = state.get(port.into)
        if target is None:
            hint = suggestion(port.into, state)
            yield error("unknown-name", place, f"there is no state variable {port.into!r}.", hint)
        elif target.held:
            yield error(
                "held-port",
                place,
                f"is bound to {port.into!r}, which is held during the refractory period.",
                "Leave the port free and add it in 'update'.",
            )
        elif _unit_type(target.unit, None) != _unit_type(port.unit, None):
            yield error("bad-unit", place, f"is in {port.unit}, {port.into!r} in {target.unit}.")


def _constants(
    where: str,
    parameters: Iterable[Parameter],
    derived: Iterable[Derived],
    weight: Dimension | None,
) -> tuple[dict[str, Type], list[Finding]]:
    """Types of parameters and derived constants, and what is wrong with the latter."""
    scope: dict[str, Type] = {p.name: _unit_type(p.unit, weight) for p in parameters}
    scope["dt"] = _CLOCK["dt"]
    findings = []
    for item in derived:
        place = f"{where}, derived {item.name!r}"
        problem = _expression_problem(item.value, scope)
        if problem:
            findings.append(error("bad-expression", place, problem))
            scope[item.name] = Type("real", None)
        else:
            scope[item.name] = infer_type(item.value, {**_UNIT_SCOPE, **scope})
    return scope, findings


def _check_initial(
    where: str, state: Iterable[StateVariable], scope: Scope, weight: Dimension | None
) -> Iterator[Finding]:
    for variable in state:
        if isinstance(variable.initial, Literal):
            continue  # a number is in the SI unit of its variable
        place = f"{where}, initial {variable.name!r}"
        expected = _unit_type(variable.unit, weight)
        yield from _check_expression(place, variable.initial, scope, expected)


def _check_program(where: str, program: Program, scope: Scope, state: Scope) -> Iterator[Finding]:
    """Findings in a program that may assign `state`; other targets become locals."""
    known = dict(scope)
    locals_: dict[str, bool] = {}
    for statement in program:
        text = f"{where}: '{print_assignment(statement)}'"
        problem = _expression_problem(statement.value, known)
        if problem:
            yield error("bad-expression", text, problem)
            continue
        for name in names(statement.value) & locals_.keys():
            locals_[name] = True
        found = infer_type(statement.value, {**_UNIT_SCOPE, **known})
        if statement.target in state:
            yield from _check_assigned(text, found, state[statement.target])
        elif statement.target in scope:
            yield error("bad-assignment", text, f"{statement.target!r} cannot be assigned.")
        else:
            known[statement.target] = found
            locals_.setdefault(statement.target, False)
    for name in (name for name, used in locals_.items() if not used):
        hint = f"{suggestion(name, state)} A name that is not declared is local to the program."
        yield error("unused-local", where, f"{name!r} is assigned but never used.", hint)


def _check_assigned(where: str, found: Type, expected: Type) -> Iterator[Finding]:
    if found.kind != expected.kind:
        yield error("bad-expression", where, "assigns a condition where a number is needed.")
    elif (
        None not in (found.dimension, expected.dimension) and found.dimension != expected.dimension
    ):
        yield error(
            "bad-unit", where, f"assigns {found.dimension}; {expected.dimension} is needed."
        )


def _check_expression(
    where: str, expression: Expression, scope: Scope, expected: Type
) -> Iterator[Finding]:
    problem = _expression_problem(expression, scope)
    if problem:
        yield error("bad-expression", where, problem)
        return
    found = infer_type(expression, {**_UNIT_SCOPE, **scope})
    text = f"{where}: '{print_expression(expression)}'"
    if found.kind == "real" and expected.kind == "bool":
        yield error("bad-expression", text, "is a number where a condition is needed.")
        return
    yield from _check_assigned(text, found, expected)


def _expression_problem(expression: Expression, scope: Scope) -> str | None:
    try:
        infer_type(expression, {**_UNIT_SCOPE, **scope})
    except ExpressionError as problem:
        return str(problem)
    return None


def _unit_problem(unit: str) -> str | None:
    if unit == "weight":
        return None
    try:
        parse_unit(unit)
    except UnitError as problem:
        return str(problem)
    return None


def _unit_type(unit: str, weight: Dimension | None) -> Type:
    if unit == "weight":
        return Type("real", weight)
    try:
        return Type("real", parse_unit(unit).dimension)
    except UnitError:
        return Type("real", NONE)
