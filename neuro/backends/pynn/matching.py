"""Recognise a cell or synapse type by its equations: equal up to the names of what is in them.

Derived constants and locals are put in place of their names first, so it does not matter how an
equation is cut into pieces.  What is compared are the new values of the state variables, the
conditions and the resets; sums and products may be written in either order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations

from neuro.ir.canonical_types import canonical_cell, canonical_synapse
from neuro.ir.cell import CellType, Derived, Port, StateVariable
from neuro.ir.expressions.canonical import Canonicaliser, fold
from neuro.ir.expressions.nodes import (
    Binary,
    Expression,
    Literal,
    Name,
    Program,
    children,
    rebuild,
    transform,
)
from neuro.ir.synapse import WEIGHT, SynapseType, Trace

NEW = "$new"
"""Ends the name of a held variable after `update` has assigned it: refractory cells see the old one."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """How the names of one type translate into those of another.

    Attributes
    ----------
    names
        Name in the other type by name in the known one: parameters, state, ports, factors.
    """

    names: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.names[name]


@dataclass(frozen=True, slots=True)
class _Form:
    """A type without derived constants and locals.

    `equations` have the form (label, state variable or "", expression); `kinds` says of each name
    what it is: names only translate into names of their kind.
    """

    equations: tuple[tuple[str, str, Expression], ...]
    kinds: Mapping[str, str]
    states: tuple[str, ...]


def match_cell(known: CellType, other: CellType) -> Renaming | None:
    """The renaming that turns `known` into `other`; None if their equations differ."""
    return _match(_cell_form(known), _cell_form(other))


def match_synapse(known: SynapseType, other: SynapseType) -> Renaming | None:
    """The renaming that turns `known` into `other`; None if their equations differ."""
    return _match(_synapse_form(known), _synapse_form(other))


def cell_difference(known: CellType, other: CellType) -> list[str]:
    """Labels of the equations of `other` that `known` does not have, names taken as they are."""
    return _differences(_cell_form(known), _cell_form(other))


def synapse_difference(known: SynapseType, other: SynapseType) -> list[str]:
    """As `cell_difference`, for synapse types."""
    return _differences(_synapse_form(known), _synapse_form(other))


def _differences(known: _Form, other: _Form) -> list[str]:
    theirs = {(label, state): value for label, state, value in known.equations}
    mine = {(label, state): value for label, state, value in other.equations}
    places = [*mine, *(place for place in theirs if place not in mine)]
    return [
        f"{label} of {state}" if state else label
        for label, state in places
        if theirs.get((label, state)) != mine.get((label, state))
    ]


# Forms -------------------------------------------------------------------------------------------


@cache
def _cell_form(cell: CellType) -> _Form:
    programs = canonical_cell(cell)
    constants = _inlined(cell.derived, [*cell.parameters, *cell.state, *cell.ports])
    held = {variable.name for variable in cell.state if variable.held}
    after = _run(programs.update, constants, held)
    states = tuple(variable.name for variable in cell.state)
    equations = [("update", name, after.get(name, Name(name))) for name in states]
    reset = _run(programs.reset, constants, set())
    equations += [("reset", name, reset.get(name, Name(name))) for name in states]
    if programs.spike is not None:
        equations.append(("spike", "", _put(programs.spike, constants)))
    if cell.refractory is not None:
        canonical = Canonicaliser(item.name for item in cell.parameters)
        equations.append(("refractory", "", _put(canonical.expression(cell.refractory), constants)))
    kinds = {p.name: "parameter" for p in cell.parameters}
    kinds |= {s.name: f"state held={s.held}" for s in cell.state}
    kinds |= {f"{name}{NEW}": "new" for name in held}
    kinds |= {p.name: _port_kind(p) for p in cell.ports}
    equations += [("port", p.into, Name(p.name)) for p in cell.ports if p.into is not None]
    return _Form(tuple(equations), kinds, states)


def _port_kind(port: Port) -> str:
    return f"port bound={port.into is not None} nonnegative={port.nonnegative}"


@cache
def _synapse_form(synapse: SynapseType) -> _Form:
    programs = canonical_synapse(synapse)
    pre, post = synapse.pre.state, synapse.post.state
    declared = [*synapse.parameters, *synapse.factors, *synapse.state, *pre, *post]
    constants = _inlined(synapse.derived, declared)
    states = (WEIGHT, *(v.name for v in synapse.state))
    equations: list[tuple[str, str, Expression]] = [("send", "", _put(programs.send, constants))]
    for label, program, names in (
        ("on_pre", programs.on_pre, states),
        ("on_post", programs.on_post, states),
        ("each_step", programs.each_step, states),
        ("pre trace, on_spike", programs.pre.on_spike, _names(pre)),
        ("pre trace, each_step", programs.pre.each_step, _names(pre)),
        ("post trace, on_spike", programs.post.on_spike, _names(post)),
        ("post trace, each_step", programs.post.each_step, _names(post)),
    ):
        after = _run(program, constants, set())
        equations += [(label, name, after.get(name, Name(name))) for name in names]
    equations += _starts(synapse.pre, "pre") + _starts(synapse.post, "post")
    kinds = {p.name: "parameter" for p in synapse.parameters}
    kinds |= {f.name: "factor" for f in synapse.factors}
    kinds |= dict.fromkeys(states, "state") | {WEIGHT: "weight"}
    kinds |= dict.fromkeys(_names(pre), "pre trace") | dict.fromkeys(_names(post), "post trace")
    return _Form(tuple(equations), kinds, (*states, *_names(pre), *_names(post)))


def _starts(trace: Trace, side: str) -> list[tuple[str, str, Expression]]:
    return [(f"{side} trace, start", v.name, v.initial) for v in trace.state]


def _names(state: Iterable[StateVariable]) -> tuple[str, ...]:
    return tuple(variable.name for variable in state)


def _inlined(derived: Sequence[Derived], declared: Iterable[object]) -> dict[str, Expression]:
    """Derived constants as expressions of parameters alone."""
    canonical = Canonicaliser([*(d.name for d in derived), *(d.name for d in declared)])  # type: ignore[attr-defined]
    known: dict[str, Expression] = {}
    for item in derived:
        known[item.name] = _put(canonical.expression(item.value), known)
    return known


def _run(
    program: Program, constants: Mapping[str, Expression], held: set[str]
) -> dict[str, Expression]:
    """What `program` leaves in each name, as expressions of what was there before."""
    scope, after = dict(constants), dict[str, Expression]()
    for step in program:
        after[step.target] = _put(step.value, scope)
        new = Name(f"{step.target}{NEW}") if step.target in held else after[step.target]
        scope[step.target] = new
    return after


def _put(expression: Expression, known: Mapping[str, Expression]) -> Expression:
    def change(node: Expression) -> Expression:
        return known.get(node.id, node) if isinstance(node, Name) else fold(node)

    return transform(expression, change)


# Unification -------------------------------------------------------------------------------------


def _match(known: _Form, other: _Form) -> Renaming | None:
    if sorted(known.kinds.values()) != sorted(other.kinds.values()):
        return None
    if len(known.equations) != len(other.equations):
        return None
    for order in permutations(other.states):
        pairs = dict(zip(known.states, order, strict=True))
        if any(known.kinds[a] != other.kinds[b] for a, b in pairs.items()):
            continue
        start = pairs | {f"{a}{NEW}": f"{b}{NEW}" for a, b in pairs.items()}
        found = next(_match_equations(known, other, start), None)
        if found is not None:
            return Renaming({a: b for a, b in found.items() if a in known.kinds})
    return None


def _match_equations(known: _Form, other: _Form, pairs: dict[str, str]) -> Iterator[dict[str, str]]:
    targets = {(label, state): value for label, state, value in other.equations}
    left: list[Expression] = []
    right: list[Expression] = []
    for label, state, value in known.equations:
        place = (label, pairs.get(state, state))
        if place not in targets:
            return
        left.append(value)
        right.append(targets[place])
    yield from _unify_all(tuple(left), tuple(right), pairs, known, other)


def _unify_all(
    left: tuple[Expression, ...],
    right: tuple[Expression, ...],
    pairs: dict[str, str],
    known: _Form,
    other: _Form,
) -> Iterator[dict[str, str]]:
    if len(left) != len(right):
        return
    if not left:
        yield pairs
        return
    for found in _unify(left[0], right[0], pairs, known, other):
        yield from _unify_all(left[1:], right[1:], found, known, other)


def _unify(
    a: Expression, b: Expression, pairs: dict[str, str], known: _Form, other: _Form
) -> Iterator[dict[str, str]]:
    """Every extension of `pairs` that turns `a` into `b`."""
    if isinstance(a, Name) and isinstance(b, Name):
        yield from _unify_names(a.id, b.id, pairs, known, other)
        return
    if type(a) is not type(b) or isinstance(a, Name):
        return
    if isinstance(a, Literal):
        if a == b:
            yield pairs
        return
    below = children(b)
    if rebuild(a, below) != b:
        return
    yield from _unify_all(children(a), below, pairs, known, other)
    if isinstance(a, Binary) and a.op in ("+", "*") and below[0] != below[1]:
        yield from _unify_all(children(a), below[::-1], pairs, known, other)


def _unify_names(
    a: str, b: str, pairs: dict[str, str], known: _Form, other: _Form
) -> Iterator[dict[str, str]]:
    if a in pairs:
        if pairs[a] == b:
            yield pairs
        return
    kind = known.kinds.get(a)
    if kind is None:  # dt, t and random draws
        if a == b and b not in other.kinds:
            yield pairs
        return
    if other.kinds.get(b) == kind and b not in pairs.values():
        yield pairs | {a: b}
