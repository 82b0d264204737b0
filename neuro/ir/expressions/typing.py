"""Give every expression a kind (real or bool) and a dimension, or say what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal as OneOf

from neuro.errors import ExpressionError, suggestion
from neuro.ir.expressions.functions import FUNCTIONS
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
    constant,
)
from neuro.ir.expressions.printer import print_expression
from neuro.units import NONE, Dimension


@dataclass(frozen=True, slots=True)
class Type:
    """Kind and dimension; a dimension of None fits any (the literal 0 has it)."""

    kind: OneOf["real", "bool"]
    dimension: Dimension | None = NONE


REAL = Type("real", NONE)
BOOL = Type("bool", NONE)


def infer_type(expression: Expression, scope: Mapping[str, Type]) -> Type:
    """The type of `expression` with the names of `scope`.

    Raises
    ------
    ExpressionError
        If a name is unknown, kinds are mixed up, or dimensions do not agree.
    """
    match expression:
        case Literal(value):
            return Type("real", None) if value == 0 else REAL
        case Name(id):
            return _lookup(id, scope)
        case Unary("-", operand):
            return _real(operand, scope)
        case Unary("not", operand):
            return _bool(operand, scope)
        case Binary():
            return _binary(expression, scope)
        case Compare(_, left, right):
            _common(expression, (left, right), scope)
            return BOOL
        case Logical(_, left, right):
            _bool(left, scope)
            return _bool(right, scope)
        case Select(condition, if_true, if_false):
            _bool(condition, scope)
            return _select(expression, if_true, if_false, scope)
        case Call():
            return _call(expression, scope)
    raise TypeError(f"not an expression: {expression!r}")


def _lookup(name: str, scope: Mapping[str, Type]) -> Type:
    if name not in scope:
        raise ExpressionError(f"there is no name {name!r}.", hint=suggestion(name, scope))
    return scope[name]


def _real(expression: Expression, scope: Mapping[str, Type]) -> Type:
    result = infer_type(expression, scope)
    if result.kind != "real":
        raise ExpressionError(
            f"'{print_expression(expression)}' is a condition where a number is needed.",
            hint="Write '1 if … else 0'.",
        )
    return result


def _bool(expression: Expression, scope: Mapping[str, Type]) -> Type:
    if infer_type(expression, scope).kind != "bool":
        raise ExpressionError(
            f"'{print_expression(expression)}' is a number where a condition is needed.",
            hint="Compare it with something.",
        )
    return BOOL


def _binary(expression: Binary, scope: Mapping[str, Type]) -> Type:
    left, right = expression.left, expression.right
    match expression.op:
        case "+" | "-":
            return Type("real", _common(expression, (left, right), scope))
        case "*" | "/":
            return _product(expression.op, _real(left, scope), _real(right, scope))
        case "**":
            return _power(expression, scope)


def _product(op: str, left: Type, right: Type) -> Type:
    if left.dimension is None or right.dimension is None:
        return Type("real", None)
    if op == "*":
        return Type("real", left.dimension * right.dimension)
    return Type("real", left.dimension / right.dimension)


def _power(expression: Binary, scope: Mapping[str, Type]) -> Type:
    base, exponent = _real(expression.left, scope), _real(expression.right, scope)
    if exponent.dimension not in (NONE, None):
        raise ExpressionError(
            f"the exponent in '{print_expression(expression)}' is in {exponent.dimension}."
        )
    if base.dimension in (NONE, None):
        return base
    power = constant(expression.right)
    if power is None or not power.is_integer():
        raise ExpressionError(
            f"'{print_expression(expression)}' raises {base.dimension} to a power that is not a "
            "whole number.",
            hint="Use sqrt(), or divide by a unit first.",
        )
    return Type("real", None if base.dimension is None else base.dimension ** int(power))


def _select(
    expression: Expression, if_true: Expression, if_false: Expression, scope: Mapping[str, Type]
) -> Type:
    kinds = {infer_type(branch, scope).kind for branch in (if_true, if_false)}
    if kinds == {"bool"}:
        return BOOL
    return Type("real", _common(expression, (if_true, if_false), scope))


def _call(expression: Call, scope: Mapping[str, Type]) -> Type:
    match FUNCTIONS[expression.function].rule:
        case "same":
            return Type("real", _common(expression, expression.arguments, scope))
        case "sign":
            _real(expression.arguments[0], scope)
            return REAL
        case "sqrt":
            dimension = _real(expression.arguments[0], scope).dimension
            return Type("real", None if dimension is None else dimension ** Fraction(1, 2))
        case "dimensionless":
            for argument in expression.arguments:
                _plain(expression, argument, scope)
            return REAL


def _plain(expression: Call, argument: Expression, scope: Mapping[str, Type]) -> None:
    dimension = _real(argument, scope).dimension
    if dimension not in (NONE, None):
        raise ExpressionError(
            f"the argument of '{print_expression(expression)}' is in {dimension}, "
            "but a plain number is needed."
        )


def _common(
    expression: Expression, operands: tuple[Expression, ...], scope: Mapping[str, Type]
) -> Dimension | None:
    """The dimension that all `operands` share."""
    found = {_real(operand, scope).dimension for operand in operands} - {None}
    if len(found) > 1:
        listed = " and ".join(sorted(map(str, found)))
        raise ExpressionError(f"'{print_expression(expression)}' mixes {listed}.")
    return found.pop() if found else None
