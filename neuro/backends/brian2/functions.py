"""The functions of the expression language, written for a Brian2 program in numpy.

Brian2's own ``exp`` is the machine's libm, which differs between machines; these are the fixed
sequences of exact operations of `neuro.ir.expressions.library`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.functions import FUNCTIONS, LIBRARY
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import (
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
    calls,
    walk,
)
from neuro.lowering.kernels import condition_locals, is_condition

ARITY = {
    **{name: function.arity for name, function in FUNCTIONS.items()},
    "choose": 3,
    "seconds": 1,
    "uniform": 4,
    "open": 4,
    "signal": 3,
    "poisson": 3,
    "listed": 3,
    "stop": 1,
}
"""Arguments of each function that a program may call."""

_NEEDS = {
    "sign": (),
    "clip": ("min", "max"),
    "pow2": ("clip",),
    "uniform": ("word",),
    "open": ("word",),
    "poisson": ("word",),
}
"""What functions that are written by hand call."""


@dataclass(frozen=True, slots=True)
class LibraryFunction:
    """A library function as statements."""

    name: str
    argument: str
    lines: tuple[str, ...]


def needed(used: Iterable[str], dtype: Float) -> list[str]:
    """`used` functions and all that they call, those that are called first."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for other in _called(name, dtype):
            visit(other)
        order.append(name)

    for name in sorted(used):
        visit(name)
    return order


def _called(name: str, dtype: Float) -> list[str]:
    if name not in LIBRARY:
        return list(_NEEDS.get(name, ()))
    body = definition(name, precision(dtype)).body
    found = set().union(*(calls(statement.value) for statement in body))
    if any(isinstance(n, Select) for s in body for n in walk(s.value)):
        found.add("choose")
    return sorted(found)


def precision(dtype: Float) -> Precision:
    """The name of a number format."""
    return "float64" if dtype().itemsize == 8 else "float32"


def library_function(name: str, dtype: Float) -> LibraryFunction:
    """A library function in numpy."""
    meaning = definition(name, precision(dtype))
    return LibraryFunction(name, meaning.argument, tuple(_numpy_program(meaning.body)))


def _numpy_program(program: Program) -> list[str]:
    conditions = condition_locals(program)
    return [f"{s.target} = {_numpy(s.value, conditions)}" for s in program]


def _numpy(expression: Expression, conditions: set[str]) -> str:
    """The text of `expression` over arrays of numpy."""
    match expression:
        case Literal(value):
            return repr(float(value))
        case Name(id):
            return id
        case Call(function, arguments):
            return f"nr_{function}({', '.join(_numpy(a, conditions) for a in arguments)})"
        case Unary(op, operand):
            return f"{'-' if op == '-' else '~'}{_inner(operand, conditions)}"
        case Logical(op, left, right):
            sign = "&" if op == "and" else "|"
            return f"{_inner(left, conditions)} {sign} {_inner(right, conditions)}"
        case Binary(op, left, right) | Compare(op, left, right):
            return f"{_inner(left, conditions)} {op} {_inner(right, conditions)}"
        case Select(condition, if_true, if_false):
            function = "np.where" if is_condition(if_true, conditions) else "nr_choose"
            parts = (condition, if_true, if_false)
            return f"{function}({', '.join(_numpy(part, conditions) for part in parts)})"
    raise TypeError(f"not an expression: {expression!r}")


def _inner(expression: Expression, conditions: set[str]) -> str:
    text = _numpy(expression, conditions)
    simple = isinstance(expression, Name | Call | Literal) and not text.startswith("-")
    return text if simple else f"({text})"


def library_in_c(names: Iterable[str], dtype: Float) -> list[str]:
    """Library functions as C."""
    from neuro.backends.c.generate import environment, library_function_in_c

    template = environment().get_template("function.c.j2")
    return [
        template.render(function=library_function_in_c(name, precision(dtype), dtype)).strip()
        for name in names
        if name in LIBRARY
    ]
