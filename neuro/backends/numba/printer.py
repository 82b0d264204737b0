"""Print expressions and programs as Python for numba, every literal in the number format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from neuro.ir.expressions.evaluate import Float
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

_BY_FORMAT = ("sign", "pow2", "exponent", "uniform", "open")
"""Functions of the runtime that come once per number format."""


class PythonPrinter:
    """Prints expressions over Python identifiers.

    Parameters
    ----------
    names
        Python identifier of each name.
    dtype
        Number format.
    """

    def __init__(self, names: Mapping[str, str], dtype: Float) -> None:
        self._names = names
        self._bits = 32 if dtype is np.float32 else 64
        self._dtype = dtype

    def function(self, name: str) -> str:
        """Name of a function of the language in the generated module."""
        return f"nr_{name}_{self._bits}" if name in _BY_FORMAT else f"nr_{name}"

    def literal(self, value: float) -> str:
        """A number in the number format."""
        rounded = float(self._dtype(value))
        return f"F32({rounded!r})" if self._bits == 32 else repr(rounded)

    def program(self, program: Program, declared: Iterable[str] = ()) -> list[str]:
        """The statements of `program`; Python needs no declarations."""
        del declared
        return [f"{self._names[s.target]} = {self.expression(s.value)}" for s in program]

    def expression(self, expression: Expression) -> str:
        """The text of `expression`, with parentheses around every operation inside another."""
        match expression:
            case Literal(value):
                return self.literal(value)
            case Name(id):
                return self._names[id]
            case Call(function, arguments):
                inner = ", ".join(self.expression(argument) for argument in arguments)
                return f"{self.function(function)}({inner})"
            case Unary(op, operand):
                return f"{'-' if op == '-' else 'not '}{self._inner(operand)}"
            case Binary(op, left, right) | Compare(op, left, right) | Logical(op, left, right):
                return f"{self._inner(left)} {op} {self._inner(right)}"
            case Select(condition, if_true, if_false):
                parts = (self._inner(part) for part in (if_true, condition, if_false))
                return "{} if {} else {}".format(*parts)
        raise TypeError(f"not an expression: {expression!r}")

    def _inner(self, expression: Expression) -> str:
        text = self.expression(expression)
        simple = isinstance(expression, Name | Call | Literal) and not text.startswith("-")
        return text if simple else f"({text})"
