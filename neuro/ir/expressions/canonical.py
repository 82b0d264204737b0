"""Bring expressions into the small form that every backend prints.

Units become numbers, powers become products, constant parts are computed once in double precision,
and random draws become names: the k-th draw of a cell type is ``uniform$k`` (in [0, 1)) or
``open$k`` (in (0, 1), argument of the normal quantile).  Names with ``$`` cannot be written by
users, so nothing is captured.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.functions import FUNCTIONS
from neuro.ir.expressions.nodes import (
    Assign,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Program,
    Unary,
    constant,
    names,
    transform,
    walk,
)
from neuro.units import UNITS

MAX_PRODUCT = 16
"""Whole powers up to this one become products; others go through ``exp`` and ``log``."""


class Canonicaliser:
    """Rewrites the expressions of one cell or synapse type, numbering their draws in order.

    Parameters
    ----------
    declared
        Names of the type; a unit of the same name is hidden by them.
    """

    def __init__(self, declared: Iterable[str]) -> None:
        hidden = set(declared)
        self._units = {name: unit for name, unit in UNITS.items() if name not in hidden}
        self.draws: list[str] = []

    def program(self, program: Program) -> Program:
        """`program` in canonical form; a local hides a unit of its name once it is assigned."""
        outside, rewritten = self._units, []
        for step in program:
            rewritten.append(Assign(step.target, self.expression(step.value)))
            self._units = {name: u for name, u in self._units.items() if name != step.target}
        self._units = outside
        return tuple(rewritten)

    def expression(self, expression: Expression) -> Expression:
        """`expression` in canonical form."""
        return transform(expression, self._rewrite)

    def _rewrite(self, node: Expression) -> Expression:
        match node:
            case Name(id) if id in self._units:
                unit = self._units[id]
                return Literal(unit.numerator / unit.denominator)
            case Call("uniform"):
                return self._draw("uniform")
            case Call("normal"):
                return Call("normal_quantile", (self._draw("open"),))
            case Binary("**", base, exponent):
                return transform(_expand_power(base, exponent), fold)
            case _:
                return fold(node)

    def _draw(self, kind: str) -> Name:
        name = f"{kind}${len(self.draws)}"
        self.draws.append(name)
        return Name(name)


def fold(node: Expression) -> Expression:
    """Replace `node` by its value if it is a constant number."""
    if isinstance(node, Literal) or not _is_constant(node):
        return node
    value = evaluate(node, {}, np.float64)
    if value.dtype == np.bool_ or not np.isfinite(value):
        return node
    return Literal(float(value))


def _is_constant(node: Expression) -> bool:
    if names(node):
        return False
    return not any(
        isinstance(n, Call) and FUNCTIONS[n.function].kind == "random" for n in walk(node)
    )


def _expand_power(base: Expression, exponent: Expression) -> Expression:
    power = constant(exponent)
    if power is None or not power.is_integer() or abs(power) > MAX_PRODUCT:
        if power == 0.5:
            return Call("sqrt", (base,))
        return Call("exp", (Binary("*", exponent, Call("log", (base,))),))
    if power < 0:
        return Binary("/", Literal(1.0), _product(base, int(-power)))
    return _product(base, int(power))


def _product(base: Expression, count: int) -> Expression:
    """``base * base * ...``, multiplied from the left."""
    result: Expression = Literal(1.0) if count == 0 else base
    for _ in range(count - 1):
        result = Binary("*", result, base)
    return result


def negate(expression: Expression) -> Expression:
    """Minus `expression`, folded if it is a number."""
    return fold(Unary("-", expression))
