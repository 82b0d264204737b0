"""Evaluate expressions on numpy arrays: the meaning of the language, one function per construct.

Every operation is rounded to `dtype` once.  The reference interpreter runs programs with it, and
constants are computed with it when a network is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.functions import LIBRARY
from neuro.ir.expressions.integer import INTEGER
from neuro.ir.expressions.library import definition
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
)

Value: TypeAlias = NDArray[Any]
Scope: TypeAlias = Mapping[str, Value]
Float: TypeAlias = type[np.float32] | type[np.float64]
Numeric: TypeAlias = Float | type[np.int32]
"""Type of numbers: a float, or the integers of fixed point."""


def evaluate(expression: Expression, scope: Scope, dtype: Numeric) -> Value:
    """The value of `expression`, broadcast over the arrays in `scope`.

    Parameters
    ----------
    expression
        Canonical or not; without random draws.
    scope
        Arrays (or 0-d arrays) of type `dtype` by name.
    dtype
        ``numpy.float32`` or ``numpy.float64``; every operation rounds to it.  ``numpy.int32`` for a
        program of integer operations (see `integer`).
    """
    with np.errstate(all="ignore"):
        return _evaluate(expression, scope, dtype)


def run(program: Program, scope: dict[str, Value], dtype: Numeric) -> None:
    """Run `program`, leaving what it assigns in `scope`."""
    for statement in program:
        scope[statement.target] = evaluate(statement.value, scope, dtype)


@singledispatch
def _evaluate(expression: Expression, scope: Scope, dtype: Numeric) -> Value:
    raise TypeError(f"not an expression: {expression!r}")


@_evaluate.register
def _(expression: Literal, scope: Scope, dtype: Numeric) -> Value:
    return np.asarray(expression.value, dtype=dtype)


@_evaluate.register
def _(expression: Name, scope: Scope, dtype: Numeric) -> Value:
    return scope[expression.id]


@_evaluate.register
def _(expression: Unary, scope: Scope, dtype: Numeric) -> Value:
    operand = _evaluate(expression.operand, scope, dtype)
    return np.asarray(-operand if expression.op == "-" else np.logical_not(operand))


@_evaluate.register
def _(expression: Binary, scope: Scope, dtype: Numeric) -> Value:
    left = _evaluate(expression.left, scope, dtype)
    right = _evaluate(expression.right, scope, dtype)
    return np.asarray(_BINARY[expression.op](left, right))


@_evaluate.register
def _(expression: Compare, scope: Scope, dtype: Numeric) -> Value:
    left = _evaluate(expression.left, scope, dtype)
    right = _evaluate(expression.right, scope, dtype)
    return np.asarray(_COMPARE[expression.op](left, right))


@_evaluate.register
def _(expression: Logical, scope: Scope, dtype: Numeric) -> Value:
    left = _evaluate(expression.left, scope, dtype)
    right = _evaluate(expression.right, scope, dtype)
    combine = np.logical_and if expression.op == "and" else np.logical_or
    return np.asarray(combine(left, right))


@_evaluate.register
def _(expression: Select, scope: Scope, dtype: Numeric) -> Value:
    condition = _evaluate(expression.condition, scope, dtype)
    if_true = _evaluate(expression.if_true, scope, dtype)
    return np.where(condition, if_true, _evaluate(expression.if_false, scope, dtype))


@_evaluate.register
def _(expression: Call, scope: Scope, dtype: Numeric) -> Value:
    arguments = [_evaluate(argument, scope, dtype) for argument in expression.arguments]
    if expression.function in LIBRARY:
        return _library(expression.function, arguments[0], dtype)
    return np.asarray(_PRIMITIVES[expression.function](*arguments))


def _library(name: str, argument: Value, dtype: Numeric) -> Value:
    """Run the program that defines a library function."""
    meaning = definition(name, "float32" if dtype is np.float32 else "float64")
    local = {meaning.argument: argument}
    for statement in meaning.body:
        local[statement.target] = _evaluate(statement.value, local, dtype)
    return local["result"]


def maximum(a: Value, b: Value) -> Value:
    """``a if a > b else b``, which is what one instruction of most machines does."""
    return np.where(a > b, a, b)


def minimum(a: Value, b: Value) -> Value:
    """``a if a < b else b``."""
    return np.where(a < b, a, b)


def clip(x: Value, low: Value, high: Value) -> Value:
    """``min(max(x, low), high)``."""
    return minimum(maximum(x, low), high)


def sign(x: Value) -> Value:
    """1, -1 or 0."""
    return np.asarray((x > 0).astype(x.dtype) - (x < 0).astype(x.dtype))


def pow2(k: Value) -> Value:
    """2**k for a whole number `k`, which is first clipped to the exponents of normal numbers."""
    info = np.finfo(k.dtype)
    low, high = k.dtype.type(info.minexp), k.dtype.type(info.maxexp - 1)
    return np.asarray(np.ldexp(k.dtype.type(1), clip(k, low, high).astype(np.int32)))


def exponent(x: Value) -> Value:
    """The exponent field of `x`: floor(log2(abs(x))) for normal numbers."""
    info = np.finfo(x.dtype)
    bits: Value = np.asarray(x).view(np.int32 if info.bits == 32 else np.int64)
    field = (bits >> info.nmant) & ((1 << info.iexp) - 1)
    return np.asarray(field - (info.maxexp - 1)).astype(x.dtype)


_BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_COMPARE: dict[str, Callable[[Value, Value], Value]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_PRIMITIVES: dict[str, Callable[..., Value]] = {
    "abs": np.abs,
    "min": minimum,
    "max": maximum,
    "clip": clip,
    "sign": sign,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "pow2": pow2,
    "exponent": exponent,
    **INTEGER,
}
