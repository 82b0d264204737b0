"""Print expressions and programs as Python for torch, every literal in the number format."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.functions import LIBRARY
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
    names,
)

_LOGICAL = {"and": "&", "or": "|"}


class TorchPrinter:
    """Prints expressions over Python identifiers.

    Literals are numbers beside an operator and tensors elsewhere, so that torch rounds each to the
    number format and never picks one of its own.

    Parameters
    ----------
    names
        Python identifier of each name.
    dtype
        Number format.
    widths
        If given, conditions are numbers with surrogate gradients; the surface unit of each variable
        that may be compared, in SI.

    Attributes
    ----------
    constants
        Tensors that the text needs, by name.
    past
        Names whose comparisons carry no gradient: state before the step, which only says what the
        step before decided.
    """

    def __init__(
        self, names: Mapping[str, str], dtype: Float, widths: Mapping[str, float] | None = None
    ) -> None:
        self._names = names
        self._dtype = dtype
        self._widths = widths
        self.constants: dict[str, float] = {}
        self.past: frozenset[str] = frozenset()

    def literal(self, value: float) -> str:
        """A number in the number format."""
        return repr(float(self._dtype(value)))

    def tensor(self, value: float) -> str:
        """The name of a tensor that holds a number."""
        rounded = float(self._dtype(value))
        for name, known in self.constants.items():
            if np.array_equal(known, rounded) and np.signbit(known) == np.signbit(rounded):
                return name
        name = f"nr_c{len(self.constants)}"
        self.constants[name] = rounded
        return name

    def program(self, program: Program) -> list[str]:
        """The statements of `program`."""
        return [f"{self._names[s.target]} = {self.value(s.value)}" for s in program]

    def value(self, expression: Expression) -> str:
        """`expression` as a tensor."""
        if isinstance(expression, Literal):
            return self.tensor(expression.value)
        return self.expression(expression)

    def expression(self, expression: Expression) -> str:
        """The text of `expression`, with parentheses around every operation inside another."""
        match expression:
            case Literal(value):
                return self.literal(value)
            case Name(id):
                return self._names[id]
            case Call(function, arguments):
                name = f"nr_library({function!r})" if function in LIBRARY else f"nr_{function}"
                return f"{name}({', '.join(map(self.value, arguments))})"
            case Unary("-", operand):
                return f"-{self._inner(operand)}"
            case Unary(operand=operand):
                return f"{'1 - ' if self._soft else '~'}{self._inner(operand)}"
            case Compare() | Logical() if self._soft:
                return self._condition(expression)
            case Binary(op, left, right) | Compare(op, left, right):
                return f"{self._inner(left)} {op} {self._inner(right)}"
            case Logical(op, left, right):
                return f"{self._inner(left)} {_LOGICAL[op]} {self._inner(right)}"
            case Select(condition, if_true, if_false):
                parts = ", ".join(map(self.value, (condition, if_true, if_false)))
                return f"nr_select({parts})"
        raise TypeError(f"not an expression: {expression!r}")

    def _condition(self, expression: Compare | Logical) -> str:
        """A condition as a number."""
        sides = f"{self.value(expression.left)}, {self.value(expression.right)}"
        if isinstance(expression, Logical):
            return f"nr_{expression.op}({sides})"
        made = f"nr_step({expression.op!r}, {sides}, nr_surrogate, {self._width(expression)!r})"
        return f"{made}.detach()" if names(expression) & self.past else made

    @property
    def _soft(self) -> bool:
        return self._widths is not None

    def _width(self, comparison: Expression) -> float:
        """The surface unit of what is compared."""
        known = self._widths or {}
        return next((known[name] for name in sorted(names(comparison)) if name in known), 1.0)

    def _inner(self, expression: Expression) -> str:
        text = self.expression(expression)
        simple = isinstance(expression, Name | Call | Literal | Select)
        return text if simple and not text.startswith("-") else f"({text})"
