"""What the code of a firmware is made of, counted; `predict` turns the counts into bytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from neuro.backends.firmware.generate import common_scalars
from neuro.backends.firmware.tables import StaticTables
from neuro.ir.expressions.functions import LIBRARY
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import (
    Assign,
    Binary,
    Call,
    Compare,
    Expression,
    Literal,
    Logical,
    Name,
    Program,
    Select,
    Unary,
    children,
    names,
    program_reads,
    program_writes,
    transform,
    walk,
)
from neuro.ir.synapse import WEIGHT
from neuro.lowering import tables as low
from neuro.lowering.kernels import CellKernel, SynapseKernel
from neuro.lowering.library import cell_expressions, library_functions, synapse_expressions

Counts = Counter[str]
Function = tuple[Hashable, Counts]
"""What tells a generated function from others, and its features."""

PARTS = ("cells", "synapses", "functions", "runtime", "arithmetic", "start-up")
"""Parts of a program's code."""

_BINARY = {"+": "add", "-": "add", "*": "multiply", "/": "divide"}
_PRIMITIVES = {
    "min": {"compare": 1, "select": 1},
    "max": {"compare": 1, "select": 1},
    "clip": {"compare": 2, "select": 2},
    "abs": {"select": 1},
    "sign": {"compare": 2, "select": 2, "add": 1, "subtract": 1},
    "pow2": {"compare": 2, "select": 2, "truncate": 1},
    "exponent": {"convert": 1},
}
"""What functions are made of that are printed where they are called."""


def code_features(static: StaticTables) -> dict[str, Counts]:
    """Counts of what decides the size of a firmware's code, by part of the program."""
    functions = _functions(static.tables)
    found = {
        "cells": _kept(f for k in range(len(static.tables.cell_kernels)) for f in cell(static, k)),
        "synapses": _kept(
            f for k in range(len(static.tables.synapse_kernels)) for f in synapse(static, k)
        ),
        "functions": Counter({f"function.{name}": 1 for name in functions}),
        "runtime": _runtime(static),
        "start-up": Counter({"start-up": 1}),
    }
    found["arithmetic"] = _arithmetic([*found.values(), _bodies(functions, static.tables)])
    return {part: found[part] for part in PARTS}


def _functions(tables: low.Tables) -> list[str]:
    """Functions of the language's library that the kernels need."""
    expressions = [e for kernel in tables.cell_kernels for e in cell_expressions(kernel)]
    expressions += [e for kernel in tables.synapse_kernels for e in synapse_expressions(kernel)]
    return library_functions(expressions, _precision(tables))


def _bodies(functions: Iterable[str], tables: low.Tables) -> Counts:
    """What is done in functions of the language's library."""
    bodies = (definition(name, _precision(tables)).body for name in functions)
    return _named("body", operations(step.value for body in bodies for step in body))


def _precision(tables: low.Tables) -> Precision:
    return "float64" if tables.network.format.kind == "float64" else "float32"


def _kept(functions: Iterable[Function]) -> Counts:
    """Features of generated functions; compilers keep one of those that are the same."""
    known: set[Hashable] = set()
    total: Counts = Counter()
    for key, counts in functions:
        total.update({"folded": 1} if key in known else counts)
        known.add(key)
    return total


# Expressions -------------------------------------------------------------------------------------


def operations(expressions: Iterable[Expression]) -> Counts:
    """How often each kind of operation is done."""
    total: Counts = Counter()
    for expression in expressions:
        for node in walk(expression):
            total.update(_operation(node))
    return total


def _operation(node: Expression) -> dict[str, int]:
    match node:
        case Binary():
            return _arithmetic_operation(node)
        case Compare():
            return {"compare": 1}
        case Select():
            return {"select": 1}
        case Logical() | Unary():
            return {"logical": 1}
        case Call(function) if function in LIBRARY:
            return {"call": 1}
        case Call(function):
            return _call(node, function)
    return {}


def _arithmetic_operation(node: Binary) -> dict[str, int]:
    match node:
        case Binary("-", _, Literal(value)) if value < 0:  # compilers add its opposite
            return {"add": 1}
        case Binary("-"):
            return {"add": 1, "subtract": 1}
        case Binary("/", _, Literal(value)) if abs(math.frexp(value)[0]) == 0.5:
            return {"multiply": 1}  # by a power of two, whose reciprocal is exact
    return {_BINARY[node.op]: 1}


def _call(node: Call, function: str) -> dict[str, int]:
    """Operations of the language that are written as calls."""
    match node:
        case Call("mul_shift", (_, _, Literal(shift))) if shift <= 0:
            return {"mul_left": 1}
        case Call("mul_shift", (one, other, Literal(shift))):
            fits = any(isinstance(x, Literal) and abs(x.value) <= 2**shift for x in (one, other))
            return {"mul_near" if shift <= 32 else "mul_far": 1, "saturate": int(not fits)}
        case Call("shift", (_, Literal(shift))):
            return {"shift_left" if shift < 0 else "shift_right": 1}
    return _PRIMITIVES.get(function, {function: 1})


def folded(node: Expression) -> Expression:
    """A node as compilers see it: what depends on numbers only is a number."""
    match node:
        case Binary("*", Literal(1.0), other) | Binary("*", other, Literal(1.0)):
            return other
        case Call("add_sat", (other, Literal(0.0))) | Call("add_sat", (Literal(0.0), other)):
            return other
        case Call("mul_shift", (Literal(0.0), _, _)) | Call("mul_shift", (_, Literal(0.0), _)):
            return Literal(0.0)
        case Call("clip_bits", (Call("clip", (_, Literal(), Literal())) as clipped, _)):
            return clipped
        case Binary() | Call() | Unary():
            inner = children(node)
            if inner and all(isinstance(operand, Literal) for operand in inner):
                return Literal(float("nan"))
    return node


def _named(prefix: str, counts: Mapping[str, int]) -> Counts:
    return Counter({f"{prefix}.{name}": count for name, count in counts.items() if count})


class _Code:
    """A program and what is evaluated after it, with the constants that compilers see.

    Parameters
    ----------
    program, more
        The program, and expressions after it.
    constants
        Values that are printed in place of names.
    """

    def __init__(
        self, program: Program, more: Sequence[Expression], constants: Mapping[str, float]
    ) -> None:
        def known(node: Expression) -> Expression:
            if isinstance(node, Name) and node.id in constants:
                return Literal(constants[node.id])
            return folded(node)

        self._lines = [Assign(s.target, transform(s.value, known)) for s in program]
        self._more = [transform(expression, known) for expression in more]
        self.expressions = [*(line.value for line in self._lines), *self._more]
        self.writes = program_writes(program)
        reads = program_reads(tuple(self._lines)).union(*map(names, self._more))
        self.used = reads | self.writes

    def count(self, *tables: Iterable[str]) -> int:
        """How many names of `tables` are used."""
        return len(self.used.intersection(name for table in tables for name in table))

    @property
    def literals(self) -> int:
        """How many different numbers stand in it, apart from 0."""
        nodes = (node for expression in self.expressions for node in walk(expression))
        return len({node.value for node in nodes if isinstance(node, Literal)} - {0.0})

    def shape(self, tables: Mapping[str, Sequence[str]]) -> Hashable:
        """The code with the places of names in `tables` instead of the names."""
        places = {n: f"{table}.{k}" for table, own in tables.items() for k, n in enumerate(own)}

        def place(node: Expression) -> Expression:
            return Name(places.get(node.id, node.id)) if isinstance(node, Name) else node

        lines = [(places.get(s.target, s.target), transform(s.value, place)) for s in self._lines]
        return (*lines, *(transform(expression, place) for expression in self._more))


def _constants(static: StaticTables, kind: str, number: int) -> dict[str, float]:
    """The constants that are printed into a kernel, by name."""
    tables = static.tables
    kernels: Sequence[CellKernel | SynapseKernel] = (
        tables.cell_kernels if kind == "cells" else tables.synapse_kernels
    )
    values = common_scalars(tables)[kind][number]
    return (
        {}
        if values is None
        else dict(zip(kernels[number].scalars, map(float, values), strict=True))
    )


# Kernels -----------------------------------------------------------------------------------------


def cell(static: StaticTables, number: int) -> list[Function]:
    """The functions of one kind of cell: its update, and its reset."""
    kernel = static.tables.cell_kernels[number]
    constants = _constants(static, "cells", number) | dict.fromkeys(kernel.silent, 0.0)
    tables = {"state": kernel.state, "scalar": kernel.scalars, "array": kernel.arrays}
    masked = kernel.refractory == "mask"
    spike = () if kernel.spike is None else (kernel.spike,)
    update = _Code(kernel.update, spike, constants)
    update.used |= {variable for _, variable in kernel.rings}
    ports = (kernel.free, kernel.silent, kernel.rings, kernel.draws, kernel.held, masked)
    reset = _Code(kernel.reset, (), constants)
    return [
        (("update", update.shape(tables), ports), _update(kernel, update)),
        (("reset", reset.shape(tables), masked), _reset(kernel, reset)),
    ]


def _update(kernel: CellKernel, code: _Code) -> Counts:
    masked = kernel.refractory == "mask"
    held = masked * len(code.writes & set(kernel.held))
    update = {
        "kernel": 1,
        "scalar": code.count(kernel.scalars),
        "literal": code.literals,
        "array": code.count(kernel.state, kernel.arrays),
        "store": len(code.writes & set(kernel.state)),
        "port": len(kernel.free) + len(kernel.rings),
        "draw": len(kernel.draws),
        "mask": int(masked),
        "spike": int(kernel.spike is not None),
        "time": int("t" in code.used),
    }
    more = {"select": held, "add": len(kernel.rings)}
    return _named("update", update) + _named("op", operations(code.expressions) + Counter(more))


def _reset(kernel: CellKernel, code: _Code) -> Counts:
    masked = kernel.refractory == "mask"
    if not kernel.reset and not masked:
        return Counter()
    reset = {
        "kernel": 1,
        "scalar": code.count(kernel.scalars),
        "literal": code.literals,
        "array": code.count(kernel.state, kernel.arrays),
        "store": len(code.writes & set(kernel.state)),
        "mask": int(masked),
        "time": int("t" in code.used),
    }
    return _named("reset", reset) + _named("op", operations(code.expressions))


def synapse(static: StaticTables, number: int) -> list[Function]:
    """The functions of one kind of synapse: what spikes do to it, then its traces."""
    kernel = static.tables.synapse_kernels[number]
    constants = _constants(static, "synapses", number)
    dense = number in static.dense
    packed = dense and sends_bytes(kernel)
    index = "" if dense else static.target.get(number, np.dtype(np.uint16)).name
    tables = {
        "state": kernel.state,
        "scalar": kernel.scalars,
        "array": kernel.arrays,
        "pre": kernel.pre,
        "post": kernel.post,
        "factor": [name for name, _ in kernel.factors],
    }
    programs: list[tuple[str, str, Program, tuple[Expression, ...]]] = [
        ("pre", "unrolled", kernel.on_pre, (kernel.send,)),
        *([("post", "op", kernel.on_post, ())] if kernel.on_post else []),
        *([("each", "op", kernel.each_step, ())] if kernel.each_step else []),
    ]
    found: list[Function] = []
    for name, unit, program, more in programs:
        code = _Code(program, more, constants)
        shape = (
            name,
            index,
            packed,
            kernel.form,
            number in static.narrow.synapses,
            kernel.weight_bits,
            kernel.factors,
            code.shape(tables),
        )
        form = "dense" if dense else kernel.form
        counts = {form: 1, **_accesses(kernel, code)}
        if name == "pre":
            counts |= {"packed": int(packed), "narrow_sums": int(number in static.narrow.synapses)}
        found.append((shape, _named(name, counts) + _named(unit, operations(code.expressions))))
    return [*found, *_traces(kernel, constants)]


def sends_bytes(kernel: SynapseKernel) -> bool:
    """True if synapses send just their weights of 8 bits, several of which are added at a time."""
    return kernel.weight_bits == 8 and not kernel.on_pre and kernel.send == Name(WEIGHT)


def _accesses(kernel: SynapseKernel, code: _Code) -> dict[str, int]:
    """What a program of a synapse reads and writes."""
    per_post = [name for name, own in kernel.factors if own]
    return {
        "scalar": code.count(kernel.scalars),
        "literal": code.literals,
        "synaptic": code.count(kernel.state, kernel.arrays),
        "narrow": int(bool(kernel.weight_bits) and "w" in code.used),
        "store": len(code.writes & set(kernel.state)),
        "before": code.count(kernel.pre),
        "after": code.count(kernel.post, per_post),
        "shared": code.count(name for name, own in kernel.factors if not own),
    }


def _traces(kernel: SynapseKernel, constants: Mapping[str, float]) -> list[Function]:
    """What raises and decays the traces of both sides."""
    sides = (
        ("pre", kernel.pre, (kernel.pre_on_spike, kernel.pre_each_step)),
        ("post", kernel.post, (kernel.post_on_spike, kernel.post_each_step)),
    )
    found: list[Function] = []
    for side, state, programs in sides:
        for number, program in enumerate(programs if state else ()):
            code = _Code(program, (), constants)
            trace = {
                "kernel": 1,
                "scalar": code.count(kernel.scalars),
                "literal": code.literals,
                "array": code.count(state),
            }
            counts = _named("trace", trace) + _named("op", operations(code.expressions))
            found.append(((side, number, id(kernel)), counts))
    return found


# Runtime -----------------------------------------------------------------------------------------


def _runtime(static: StaticTables) -> Counts:
    """Parts of the runtime that the compiler does not leave out."""
    t = static.tables
    poisson = sum(isinstance(item, low.PoissonTable) for item in t.inputs)
    signals = len(t.inputs) - poisson
    draws = sum(bool(kernel.draws) for kernel in t.cell_kernels)
    present = {
        "core": 1,
        "philox": poisson or draws,
        "poisson": poisson,
        "signals": signals,
        "both_inputs": poisson and signals,
        "graded": len(t.graded[0]),
        "graded_transfers": len(t.graded_transfers),
        "transfers": len(t.transfers),
        "direct": len(t.direct[0]),
        "sent": len(t.sent[0]),
        "both_deliveries": len(t.direct[0]) and len(t.sent[0]),
        "factors": len(t.factors),
        "trains": len(static.trains),
        "traces": len(t.traces),
        "post": sum(bool(kernel.on_post) for kernel in t.synapse_kernels),
        "packed": sum(sends_bytes(t.synapse_kernels[number]) for number in static.dense),
        "each_step": sum(bool(kernel.each_step) for kernel in t.synapse_kernels),
        "learnt": sum(v.part == "weights" for v in static.memory.variables),
    }
    return Counter({f"runtime.{name}": 1 for name, count in present.items() if count})


_SUMS = {"add", "direct", "sent", "graded", "poisson", "signals", "transfers"}
_ROUTINES = {
    "add": _SUMS,
    "subtract": {"subtract"},
    "multiply": {"multiply", "graded", "poisson", "draw"},
    "divide": {"divide"},
    "compare": {"compare", "spike"},
    "floor": {"floor"},
    "sqrt": {"sqrt"},
    "convert": {"convert", "draw", "poisson"},
    "truncate": {"truncate"},
    "time": {"time"},
    "philox": {"philox"},
    "signals": {"signals"},
    "shift": {"mul_left", "mul_near", "mul_far", "mul_floor", "wide"},
    "div_shift": {"div_shift"},
}
"""Routines of the compiler's library, and the features that need them."""


def _arithmetic(found: Iterable[Counts]) -> Counts:
    """Which routines of the compiler's library stand in for what the core cannot do."""
    used = {feature.partition(".")[2] for counts in found for feature in counts}
    present = [name for name, features in _ROUTINES.items() if features & used]
    return Counter({f"library.{name}": 1 for name in ("any", *present)})
