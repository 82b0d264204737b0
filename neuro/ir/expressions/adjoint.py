"""Reverse-mode differentiation of programs: a program in, the program of its gradients out.

Every name is assigned once.  Conditions count as numbers, 0 or 1, whose derivative a rule gives,
for that of a step is zero almost everywhere: a surrogate gradient, when networks are trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

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
)

Slope: TypeAlias = Callable[[Compare], Expression | None]
"""The derivative of a comparison by its left side minus its right side; None if it has none."""

ZERO, ONE = Literal(0.0), Literal(1.0)


def adjoint(
    program: Program, seeds: Mapping[str, Expression], wanted: Iterable[str], slope: Slope
) -> tuple[Program, dict[str, str]]:
    """The gradients of a program by what it reads.

    Parameters
    ----------
    program
        Canonical; each name is assigned once, and none that it reads from outside.
    seeds
        Gradients of what it computes, by name.
    wanted
        Names that it reads from outside whose gradients are needed.
    slope
        The derivative of comparisons.

    Returns
    -------
    program, gradients
        A program to be run after the first one, and the names of the gradients in it; names that
        nothing depends on are left out.  Its locals have a ``$`` in their names.
    """
    pulling = _Pulling(slope, set(wanted) | {statement.target for statement in program})
    for name, seed in seeds.items():
        pulling.give(name, seed)
    for statement in reversed(program):
        gradient = pulling.gradient(statement.target)
        if gradient is not None:
            pulling.pull(statement.value, gradient)
    found = {name: bar.id for name in wanted if (bar := pulling.gradient(name))}
    return tuple(pulling.program), found


@dataclass(slots=True)
class _Pulling:
    """Gradients while they are pulled back through expressions."""

    slope: Slope
    followed: set[str]
    program: list[Assign] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _count: int = 0

    def gradient(self, name: str) -> Name | None:
        """The gradient of `name` so far; None if it is zero."""
        return Name(_bar(name)) if name in self._known else None

    def give(self, name: str, gradient: Expression) -> None:
        """Add to the gradient of `name`."""
        if name not in self.followed:
            return
        bar = Name(_bar(name))
        value = Binary("+", bar, gradient) if name in self._known else gradient
        self.program.append(Assign(bar.id, value))
        self._known.add(name)

    def pull(self, expression: Expression, gradient: Expression) -> None:
        """Give the operands of `expression` what they are due."""
        match expression:
            case Name(id):
                self.give(id, gradient)
            case Unary("-", operand):
                self.pull(operand, Unary("-", gradient))
            case Unary("not", operand):
                self.pull(operand, Unary("-", gradient))
            case Binary():
                self._pull_binary(expression, self._named(gradient))
            case Select():
                self._pull_select(expression, self._named(gradient))
            case Compare():
                self._pull_compare(expression, gradient)
            case Logical():
                self._pull_logical(expression, self._named(gradient))
            case Call():
                self._pull_call(expression, self._named(gradient))

    def _named(self, expression: Expression) -> Expression:
        """`expression` under a name, so that it is computed once."""
        if isinstance(expression, Name | Literal):
            return expression
        name = f"{_bar('')}${self._count}"  # no other name has two signs in a row
        self._count += 1
        self.program.append(Assign(name, expression))
        return Name(name)

    def _pull_binary(self, expression: Binary, gradient: Expression) -> None:
        left, right = expression.left, expression.right
        for operand, value in _BINARY[expression.op](left, right, gradient):
            if self._matters(operand):
                self.pull(operand, value)

    def _matters(self, expression: Expression) -> bool:
        return not isinstance(expression, Literal)

    def _pull_select(self, expression: Select, gradient: Expression) -> None:
        condition, a, b = expression.condition, expression.if_true, expression.if_false
        if self._matters(a):
            self.pull(a, Select(condition, gradient, ZERO))
        if self._matters(b):
            self.pull(b, Select(condition, ZERO, gradient))
        if _is_number(a) and _is_number(b):
            self.pull(condition, Binary("*", gradient, Binary("-", a, b)))

    def _pull_compare(self, expression: Compare, gradient: Expression) -> None:
        slope = self.slope(expression)
        if slope is None:
            return
        due = self._named(Binary("*", gradient, slope))
        self.pull(expression.left, due)
        self.pull(expression.right, Unary("-", due))

    def _pull_logical(self, expression: Logical, gradient: Expression) -> None:
        """``a and b`` is ``a * b``, ``a or b`` is ``a + b - a * b``."""
        a, b = expression.left, expression.right
        off, on = (ZERO, gradient) if expression.op == "and" else (gradient, ZERO)
        self.pull(a, Select(b, on, off))
        self.pull(b, Select(a, on, off))

    def _pull_call(self, expression: Call, gradient: Expression) -> None:
        if expression.function in _CHOICES:
            for operand, condition in _CHOICES[expression.function](*expression.arguments):
                self.pull(operand, Select(condition, gradient, ZERO))
            return
        slope = _SLOPES.get(expression.function)
        if slope is not None:
            (x,) = expression.arguments
            self.pull(x, Binary("*", gradient, slope(x, expression)))


def _bar(name: str) -> str:
    return f"d${name}"


def _is_number(expression: Expression) -> bool:
    return not isinstance(expression, Compare | Logical)


_Pairs: TypeAlias = tuple[tuple[Expression, Expression], ...]


def _quotient(left: Expression, right: Expression, gradient: Expression) -> _Pairs:
    share = Binary("/", gradient, right)
    return (left, share), (right, Unary("-", Binary("*", share, Binary("/", left, right))))


_BINARY: dict[str, Callable[[Expression, Expression, Expression], _Pairs]] = {
    "+": lambda a, b, g: ((a, g), (b, g)),
    "-": lambda a, b, g: ((a, g), (b, Unary("-", g))),
    "*": lambda a, b, g: ((a, Binary("*", g, b)), (b, Binary("*", g, a))),
    "/": _quotient,
}


def _less(a: Expression, b: Expression) -> Compare:
    return Compare("<", a, b)


def _of_min(a: Expression, b: Expression) -> _Pairs:
    return (a, _less(a, b)), (b, Unary("not", _less(a, b)))


def _of_max(a: Expression, b: Expression) -> _Pairs:
    return (a, _less(b, a)), (b, Unary("not", _less(b, a)))


def _of_clip(x: Expression, low: Expression, high: Expression) -> _Pairs:
    above = _less(low, x)
    raised = Select(above, x, low)
    inside = _less(raised, high)
    return (
        (x, Logical("and", above, inside)),
        (low, Logical("and", Unary("not", above), inside)),
        (high, Unary("not", inside)),
    )


_CHOICES: dict[str, Callable[..., _Pairs]] = {"min": _of_min, "max": _of_max, "clip": _of_clip}
"""Functions that give one of their arguments: which one, and when."""


def _call(function: str, *arguments: Expression) -> Call:
    return Call(function, arguments)


def _exprel(x: Expression, y: Expression) -> Expression:
    """``(exp(x) - exprel(x)) / x``; by its series near 0, where the difference loses digits."""
    series = Binary("+", Literal(0.5), Binary("*", x, Literal(1 / 3)))
    ratio = Binary("/", Binary("-", _call("exp", x), y), x)
    return Select(_less(_call("abs", x), Literal(1e-3)), series, ratio)


def _density(x: Expression, y: Expression) -> Expression:
    del x
    half = Binary("*", Literal(0.5), Binary("*", y, y))
    return Binary("*", Literal(math.sqrt(2 * math.pi)), _call("exp", half))


_SLOPES: dict[str, Callable[[Expression, Expression], Expression]] = {
    "abs": lambda x, y: _call("sign", x),
    "sqrt": lambda x, y: Binary("/", Literal(0.5), y),
    "exp": lambda x, y: y,
    "expm1": lambda x, y: Binary("+", y, ONE),
    "exprel": _exprel,
    "log": lambda x, y: Binary("/", ONE, x),
    "log1p": lambda x, y: Binary("/", ONE, Binary("+", ONE, x)),
    "sin": lambda x, y: _call("cos", x),
    "cos": lambda x, y: Unary("-", _call("sin", x)),
    "tanh": lambda x, y: Binary("-", ONE, Binary("*", y, y)),
    "sigmoid": lambda x, y: Binary("*", y, Binary("-", ONE, y)),
    "normal_quantile": _density,
}
"""Derivatives by argument and value; functions that are missing are flat."""
