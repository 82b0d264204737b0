"""Between our expressions and sympy's: for derivatives, and for solving linear equations."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sympy

from neuro.errors import ExpressionError
from neuro.ir.expressions.nodes import (
    Binary,
    Call,
    Compare,
    Expression,
    Literal,
    Logical,
    Name,
    Select,
    Unary,
)

_FUNCTIONS = {
    "abs": sympy.Abs,
    "sqrt": sympy.sqrt,
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
}
_BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def symbol(name: str) -> sympy.Symbol:
    """The real symbol called `name`."""
    return sympy.Symbol(name, real=True)


def to_sympy(expression: Expression) -> Any:
    """`expression` as sympy sees it.

    Raises
    ------
    ExpressionError
        If it holds something that sympy cannot differentiate.
    """
    match expression:
        case Literal(value):
            return sympy.Integer(int(value)) if value.is_integer() else sympy.Float(repr(value), 17)
        case Name(id):
            return symbol(id)
        case Unary("-", operand):
            return -to_sympy(operand)
        case Binary(op, left, right):
            return _BINARY[op](to_sympy(left), to_sympy(right))
        case Call(function, arguments) if function in _FUNCTIONS:
            return _FUNCTIONS[function](*map(to_sympy, arguments))
        case Call(function, _):
            raise ExpressionError(
                f"'{function}' has no derivative here.",
                hint="Choose method='euler', which needs none.",
            )
        case Select() | Compare() | Logical() | Unary():
            raise ExpressionError(
                "conditions have no derivative.", hint="Choose method='euler', which needs none."
            )
    raise TypeError(f"not an expression: {expression!r}")


@singledispatch
def from_sympy(tree: Any) -> Expression:
    """Our expression for what sympy found."""
    name = {found: ours for ours, found in _FUNCTIONS.items()}.get(tree.func)
    if name is None:
        raise ExpressionError(
            f"'{tree}' cannot be written in the expression language.",
            hint="Choose method='euler', which takes the equation as it stands.",
        )
    return Call(name, tuple(from_sympy(argument) for argument in tree.args))


@from_sympy.register
def _(tree: sympy.Symbol) -> Expression:
    return Name(tree.name)


@from_sympy.register
def _(tree: sympy.Rational) -> Expression:
    above = _signed(float(tree.p))
    return above if tree.q == 1 else Binary("/", above, Literal(float(tree.q)))


@from_sympy.register
def _(tree: sympy.Float) -> Expression:
    return _signed(float(tree))


@from_sympy.register(sympy.core.numbers.Exp1)
def _(tree: Any) -> Expression:
    del tree
    return Call("exp", (Literal(1.0),))


@from_sympy.register
def _(tree: sympy.Add) -> Expression:
    result: Expression | None = None
    for term in tree.args:
        if result is None:
            result = from_sympy(term)
        elif term.could_extract_minus_sign():
            result = Binary("-", result, from_sympy(-term))
        else:
            result = Binary("+", result, from_sympy(term))
    assert result is not None
    return result


@from_sympy.register
def _(tree: sympy.Mul) -> Expression:
    if tree.could_extract_minus_sign():
        return Unary("-", from_sympy(-tree))
    above, below = sympy.fraction(tree)
    if below != 1:
        return Binary("/", from_sympy(above), from_sympy(below))
    result: Expression | None = None
    for factor in tree.args:
        part = from_sympy(factor)
        result = part if result is None else Binary("*", result, part)
    assert result is not None
    return result


@from_sympy.register
def _(tree: sympy.Pow) -> Expression:
    base, exponent = tree.args
    if exponent == sympy.Rational(1, 2):
        return Call("sqrt", (from_sympy(base),))
    if exponent.could_extract_minus_sign():
        return Binary("/", Literal(1.0), from_sympy(base**-exponent))
    return Binary("**", from_sympy(base), from_sympy(exponent))


def _signed(value: float) -> Expression:
    """A number; the language writes negative ones with a minus."""
    return Unary("-", Literal(-value)) if value < 0 else Literal(value)
