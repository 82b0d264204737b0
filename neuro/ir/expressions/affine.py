"""Read programs as affine maps: what a cell computes, whatever way it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import (
    Binary,
    Compare,
    Expression,
    Literal,
    Name,
    Program,
    Unary,
    names,
)
from neuro.ir.expressions.printer import print_expression

Number = NDArray[np.float64]
"""A number, or one per cell."""


class NotAffineError(Exception):
    """An expression that is no weighted sum of variables."""

    def __init__(self, expression: Expression) -> None:
        super().__init__(f"'{print_expression(expression)}' is not linear")


@dataclass(frozen=True, slots=True)
class Affine:
    """A weighted sum of variables and a constant.

    Attributes
    ----------
    factors
        What each variable is multiplied by; those that are missing have 0.
    constant
        What is added.
    """

    factors: Mapping[str, Number] = field(default_factory=dict)
    constant: Number = field(default_factory=lambda: np.zeros(()))

    def factor(self, name: str) -> Number:
        """What the variable `name` is multiplied by."""
        return self.factors.get(name, np.zeros(()))

    def plus(self, other: Affine, sign: float = 1.0) -> Affine:
        """The sum with `sign` times `other`."""
        together = {*self.factors, *other.factors}
        return Affine(
            {name: self.factor(name) + sign * other.factor(name) for name in together},
            self.constant + sign * other.constant,
        )

    def times(self, number: Number | float) -> Affine:
        """All of it, multiplied by a number."""
        return Affine(
            {name: value * number for name, value in self.factors.items()}, self.constant * number
        )


Scope = Mapping[str, Affine]
"""What names stand for."""


def affine_scope(constants: Mapping[str, float | Number], variables: list[str]) -> Scope:
    """A scope in which `constants` have their values and `variables` are free."""
    known = {
        name: Affine(constant=np.asarray(value, np.float64)) for name, value in constants.items()
    }
    return known | {name: Affine({name: np.ones(())}) for name in variables}


def affine(expression: Expression, scope: Scope) -> Affine:
    """`expression`, canonical, as a weighted sum of the variables of `scope`.

    Raises
    ------
    NotAffineError
        If it is none; tells the smallest part that is not.
    """
    if all(name in scope and not scope[name].factors for name in names(expression)):
        values = {name: scope[name].constant for name in names(expression)}
        return Affine(constant=np.asarray(evaluate(expression, values, np.float64)))
    match expression:
        case Literal(value):
            return Affine(constant=np.asarray(value))
        case Name(id) if id in scope:
            return scope[id]
        case Unary("-", operand):
            return affine(operand, scope).times(-1.0)
        case Binary("+" | "-" as op, left, right):
            return affine(left, scope).plus(affine(right, scope), 1.0 if op == "+" else -1.0)
        case Binary("*" | "/" as op, left, right):
            return _product(expression, op, affine(left, scope), affine(right, scope))
        case _:
            raise NotAffineError(expression)


def _product(expression: Expression, op: str, left: Affine, right: Affine) -> Affine:
    if not right.factors:
        return left.times(right.constant if op == "*" else 1 / right.constant)
    if not left.factors and op == "*":
        return right.times(left.constant)
    raise NotAffineError(expression)


def affine_program(program: Program, scope: Scope) -> dict[str, Affine]:
    """What each name that `program` assigns is at its end.

    Raises
    ------
    NotAffineError
        If one of them is no weighted sum.
    """
    known = dict(scope)
    for statement in program:
        known[statement.target] = affine(statement.value, known)
    return {statement.target: known[statement.target] for statement in program}


def affine_condition(condition: Expression, scope: Scope) -> tuple[Affine, bool]:
    """A comparison as a sum that is above zero (True: strictly).

    Raises
    ------
    NotAffineError
        If it is something else.
    """
    match condition:
        case Compare(">" | ">=" as op, left, right):
            return affine(left, scope).plus(affine(right, scope), -1.0), op == ">"
        case Compare("<" | "<=" as op, left, right):
            return affine(right, scope).plus(affine(left, scope), -1.0), op == "<"
        case _:
            raise NotAffineError(condition)
