"""Turn programs over real numbers into programs of integer operations.

Every value has an *exponent*: the integer X stands for ``X * 2**-exponent``.  An expression is
compiled *towards* an exponent that is wanted of it, or, where none is, at its *natural* one: the
largest at which the bound of its magnitude fits into 31 bits.  `docs/explanation/fixed-point.md` has
the rules as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from neuro.ir.expressions.integer import (
    MAX_FLOOR_SHIFT,
    MAX_LEFT,
    MAX_PRODUCT_SHIFT,
    MAX_SHIFT,
    MAX_WIDE,
)
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
    transform,
)
from neuro.ir.expressions.printer import print_expression
from neuro.ir.fixed.constants import Constants
from neuro.ir.fixed.mantissa import best_exponent, fits, largest

STEPS = Name("t")
"""In a compiled program ``t`` is the number of the step, saturated to int32."""
_SECONDS = Binary("*", STEPS, Name("dt"))
ZERO = Literal(0.0)
QUOTIENT_BITS = 8
"""A quotient that goes nowhere in particular may be this many bits larger than where both sides are
as large as they can be."""


@dataclass(frozen=True, slots=True)
class Range:
    """Exponent of a value, and a bound of its magnitude."""

    exponent: int
    bound: float


def stored(exponent: int) -> Range:
    """The range of a variable that is stored with `exponent`."""
    return Range(exponent, largest(exponent))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a variable is stored: its exponent, and its bits if these are fewer than 32."""

    exponent: int
    bits: int = 32


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a program that has no integer form."""

    program: str
    what: str


@dataclass(frozen=True, slots=True)
class _Term:
    expression: Expression
    exponent: int


class Compiler:
    """Compiles the programs of one population or projection.

    Parameters
    ----------
    constants
        Its constants; receives those that the programs need.
    variables
        Ranges of everything else that the programs may read.

    Attributes
    ----------
    problems
        What could not be compiled; 0 stands in its place.
    """

    def __init__(self, constants: Constants, variables: Mapping[str, Range]) -> None:
        self._constants = constants
        self._variables = {**variables, STEPS.id: Range(0, largest(0))}
        self._scope: dict[str, Range | None] = dict(self._variables)  # None is a condition
        self._place = ""
        self.problems: list[Problem] = []

    def program(self, place: str, program: Program, targets: Mapping[str, Target]) -> Program:
        """`program` in integers; `targets` are the variables that it may assign."""
        self._start(place)
        return tuple(self._assign(statement, targets) for statement in program)

    def value(self, place: str, expression: Expression, exponent: int) -> Expression:
        """`expression` as an integer with `exponent`."""
        self._start(place)
        return self.towards(_in_steps(expression), exponent)

    def condition(self, place: str, expression: Expression) -> Expression:
        """`expression`, a condition, over integers."""
        self._start(place)
        return self._condition(_in_steps(expression))

    def _start(self, place: str) -> None:
        self._place, self._scope = place, dict(self._variables)

    def _assign(self, statement: Assign, targets: Mapping[str, Target]) -> Assign:
        name, value = statement.target, _in_steps(statement.value)
        if name in targets:
            found = self.towards(value, targets[name].exponent)
            if targets[name].bits < 32:
                found = Call("clip_bits", (found, Literal(float(targets[name].bits))))
            return Assign(name, found)
        if self._is_condition(value):
            found, self._scope[name] = self._condition(value), None
            return Assign(name, found)
        reached = self.range_of(value)
        found, self._scope[name] = self.towards(value, reached.exponent), reached
        return Assign(name, found)

    # Ranges --------------------------------------------------------------------------------------

    def range_of(self, expression: Expression) -> Range:
        """The natural exponent of `expression`, and the bound behind it."""
        if self._is_constant(expression):
            constants = self._constants
            return Range(constants.exponent(expression), constants.bound(expression))
        match expression:
            case Name(id):
                return self._scope[id] or Range(0, 1.0)
            case Unary(operand=operand):
                return self.range_of(operand)
            case Binary("*" | "/"):
                return self._range_of_product(expression)
            case Binary(op=_, left=left, right=right):
                return _sum(self.range_of(left), self.range_of(right))
            case Select(_, if_true, if_false):
                return _either(self.range_of(if_true), self.range_of(if_false))
            case Call(function, arguments) if function in _RANGES:
                return _RANGES[function](*(self.range_of(argument) for argument in arguments))
            case _:
                return Range(0, 1.0)

    def _range_of_product(self, expression: Binary) -> Range:
        left = self.range_of(expression.left)
        if expression.op == "*":
            right = self.range_of(expression.right)
        elif self._is_constant(expression.right):
            right = self.range_of(_inverse(expression.right))
        else:
            divisor = self.range_of(expression.right)
            bound = left.bound / (divisor.bound or 1.0) * 2**QUOTIENT_BITS
            return Range(best_exponent(bound), bound)
        bound = left.bound * right.bound
        return Range(min(best_exponent(bound), left.exponent + right.exponent), bound)

    # Values --------------------------------------------------------------------------------------

    def natural(self, expression: Expression) -> _Term:
        """`expression` at its natural exponent."""
        exponent = self.range_of(expression).exponent
        return _Term(self.towards(expression, exponent), exponent)

    def towards(self, expression: Expression, exponent: int) -> Expression:
        """`expression` as an integer with `exponent`, saturated."""
        if self._is_constant(expression):
            return self._constant(expression, exponent)
        match expression:
            case Name(id):
                return shifted(expression, (self._scope[id] or Range(0, 1.0)).exponent - exponent)
            case Unary("-", operand):
                return Call("neg_sat", (self.towards(operand, exponent),))
            case Binary("*" | "/", left, right):
                return self._product(expression, exponent)
            case Binary(op, left, right):
                sides = (self.towards(left, exponent), self.towards(right, exponent))
                return Call("add_sat" if op == "+" else "sub_sat", sides)
            case Select(condition, if_true, if_false):
                branches = (self.towards(if_true, exponent), self.towards(if_false, exponent))
                return Select(self._condition(condition), *branches)
            case Call(function, arguments) if function in _ALIKE:
                return Call(
                    _ALIKE[function], tuple(self.towards(each, exponent) for each in arguments)
                )
            case Call("sign" | "floor"):
                return self._whole(expression, exponent)
            case _:
                return self._refuse(expression)

    def _constant(self, expression: Expression, exponent: int) -> Expression:
        if not np.isfinite(self._constants.value(expression)).all():
            return self._problem(f"'{print_expression(expression)}' is not a finite number.")
        return self._constants.at(expression, exponent)

    def _product(self, expression: Binary, exponent: int) -> Expression:
        left, right = expression.left, expression.right
        divides = expression.op == "/"
        if divides and self._is_constant(right):
            divides, right = False, _inverse(right)
        a, b = self.natural(left), self.natural(right)
        if divides:
            return divided(a.expression, b.expression, a.exponent - b.exponent - exponent)
        return multiplied(a.expression, b.expression, a.exponent + b.exponent - exponent)

    def _whole(self, expression: Call, exponent: int) -> Expression:
        """``sign`` and ``floor``, which give whole numbers."""
        inner = expression.arguments[0]
        if expression.function == "floor" and isinstance(inner, Binary) and inner.op == "*":
            return self._whole_product(inner, exponent)
        argument = self.natural(inner)
        if expression.function == "sign":
            return shifted(Call("sign", (argument.expression,)), -exponent)
        places = min(max(argument.exponent, 0), MAX_LEFT)
        whole = Call("floor_shift", (argument.expression, Literal(float(places))))
        return shifted(whole, min(argument.exponent, 0) - exponent)

    def _whole_product(self, product: Binary, exponent: int) -> Expression:
        """The whole part of a product, from all its bits: it is not rounded first."""
        a, b = self.natural(product.left), self.natural(product.right)
        places = a.exponent + b.exponent
        if places < 0:
            return self._product(product, exponent)
        s = Literal(float(min(places, MAX_FLOOR_SHIFT)))
        return shifted(Call("mul_floor", (a.expression, b.expression, s)), -exponent)

    def _refuse(self, expression: Expression) -> Expression:
        text = print_expression(expression)
        if isinstance(expression, Call) and expression.function == "normal_quantile":
            text = "normal()"
        return self._problem(f"'{text}' has no exact integer form.")

    def _problem(self, what: str) -> Expression:
        found = Problem(self._place, what)
        if found not in self.problems:
            self.problems.append(found)
        return ZERO

    # Conditions ----------------------------------------------------------------------------------

    def _is_condition(self, expression: Expression) -> bool:
        match expression:
            case Compare() | Logical() | Unary(op="not"):
                return True
            case Select(if_true=branch):
                return self._is_condition(branch)
            case Name(id):
                return id in self._scope and self._scope[id] is None
            case _:
                return False

    def _condition(self, expression: Expression) -> Expression:
        if self._is_constant(expression):
            return Compare("!=", self._constants.at(expression, 0), ZERO)
        match expression:
            case Compare():
                return self._compare(_by_steps(expression, self._is_constant))
            case Logical(op, left, right):
                return Logical(op, self._condition(left), self._condition(right))
            case Unary(op=op, operand=operand):
                return Unary(op, self._condition(operand))
            case Select(condition, if_true, if_false):
                return Select(*map(self._condition, (condition, if_true, if_false)))
            case _:
                return expression

    def _compare(self, expression: Compare) -> Expression:
        """A constant is rounded to the other side's exponent; else both are aligned exactly."""
        left, right = expression.left, expression.right
        for constant, other in ((right, left), (left, right)):
            if self._is_constant(constant) and not self._is_constant(other):
                exponent = self.range_of(other).exponent
                if fits(self._constants.value(constant), exponent):
                    sides = (self.towards(side, exponent) for side in (left, right))
                    return Compare(expression.op, *sides)
        a, b = self.natural(left), self.natural(right)
        common = max(a.exponent, b.exponent)
        return Compare(expression.op, *(_widened(term, common) for term in (a, b)))

    def _is_constant(self, expression: Expression) -> bool:
        return self._constants.has(expression, self._scope)


def shifted(x: Expression, s: int) -> Expression:
    """``x * 2**-s``."""
    if s == 0 or x == ZERO:
        return x
    return Call("shift", (x, Literal(float(max(-MAX_LEFT, min(s, MAX_SHIFT))))))


def multiplied(a: Expression, b: Expression, s: int) -> Expression:
    """``a * b * 2**-s``; nothing is left of it where `s` is above 62."""
    if s > MAX_PRODUCT_SHIFT or ZERO in (a, b):
        return ZERO
    return Call("mul_shift", (a, b, Literal(float(max(-MAX_LEFT, s)))))


def divided(a: Expression, b: Expression, s: int) -> Expression:
    """``a / b * 2**-s``; nothing is left of it where `s` is above 31."""
    if s > MAX_LEFT:
        return ZERO
    quotient = Call("div_shift", (a, b, Literal(float(max(-MAX_LEFT, s)))))
    return shifted(quotient, min(s + MAX_LEFT, 0))


def _widened(term: _Term, common: int) -> Expression:
    s = min(common - term.exponent, MAX_WIDE)
    return Call("wide", (term.expression, Literal(float(s)))) if s else term.expression


def _inverse(expression: Expression) -> Expression:
    return Binary("/", Literal(1.0), expression)


def _sum(a: Range, b: Range) -> Range:
    bound = a.bound + b.bound
    return Range(min(best_exponent(bound), max(a.exponent, b.exponent)), bound)


def _either(*ranges: Range) -> Range:
    bound = max(r.bound for r in ranges)
    return Range(min(best_exponent(bound), max(r.exponent for r in ranges)), bound)


_ALIKE = {"abs": "abs_sat", "min": "min", "max": "max", "clip": "clip"}
"""Functions whose arguments and result share an exponent, and the operations they become."""
_RANGES: dict[str, Callable[..., Range]] = {
    "abs": _either,
    "min": _either,
    "max": _either,
    "clip": lambda _, low, high: _either(low, high),
    "sign": lambda _: Range(0, 1.0),
    "floor": lambda x: Range(min(x.exponent, best_exponent(x.bound + 1), 0), x.bound + 1),
}


def _in_steps(expression: Expression) -> Expression:
    """`expression` with the time ``t`` as steps times ``dt``."""
    return transform(expression, lambda node: _SECONDS if node == STEPS else node)


def _by_steps(expression: Compare, is_constant: Callable[[Expression], bool]) -> Compare:
    """A comparison of the time with a constant as one of steps."""
    left, right = expression.left, expression.right
    if left == _SECONDS and is_constant(right):
        return Compare(expression.op, STEPS, Binary("/", right, Name("dt")))
    if right == _SECONDS and is_constant(left):
        return Compare(expression.op, Binary("/", left, Name("dt")), STEPS)
    return expression
