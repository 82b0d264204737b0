"""Print expressions and programs as Brian2's abstract code.

Brian2 hands assignments to existing variables to sympy, which may turn ``v = v * a * b`` into
``v *= a * b`` and so change how it is rounded.  New local variables are left as they are.  So each
assignment makes a new local, and variables get their values at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from neuro.backends.brian2.identifiers import Identifiers
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
from neuro.lowering.kernels import condition_locals, is_condition


@dataclass(frozen=True, slots=True)
class Printed:
    """Statements, and the identifiers that names have after them."""

    lines: tuple[str, ...]
    names: Mapping[str, str]


class Brian2Printer:
    """Prints over Brian2's identifiers.

    Parameters
    ----------
    dtype
        Number format; literals are rounded to it.
    functions
        Receives the names of the functions that are called.
    """

    def __init__(self, dtype: Float, functions: set[str]) -> None:
        self._dtype, self._functions = dtype, functions

    def literal(self, value: float) -> str:
        """A number that reads back as `value`, rounded to the number format."""
        return repr(float(self._dtype(value)))

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of the program's own functions."""
        self._functions.add(function)
        return f"nr_{function}({', '.join(arguments)})"

    def expression(
        self, expression: Expression, names: Mapping[str, str], conditions: Collection[str] = ()
    ) -> str:
        """The text of `expression`; `conditions` are the locals that are conditions."""
        match expression:
            case Literal(value):
                return self.literal(value)
            case Name("t"):
                return self.call("seconds", "t_in_timesteps")
            case Name(id):
                return names[id]
            case Call(function, arguments):
                return self.call(
                    function, *(self.expression(a, names, conditions) for a in arguments)
                )
            case Unary(op, operand):
                inner = self._inner(operand, names, conditions)
                return f"-{inner}" if op == "-" else f"not {inner}"
            case Binary(op, left, right) | Compare(op, left, right) | Logical(op, left, right):
                sides = (self._inner(side, names, conditions) for side in (left, right))
                return f" {op} ".join(sides)
            case Select():
                return self._select(expression, names, conditions)
        raise TypeError(f"not an expression: {expression!r}")

    def _select(self, select: Select, names: Mapping[str, str], conditions: Collection[str]) -> str:
        parts = (select.condition, select.if_true, select.if_false)
        if is_condition(select.if_true, set(conditions)):
            condition, yes, no = (self._inner(part, names, conditions) for part in parts)
            return f"({condition} and {yes}) or ((not {condition}) and {no})"
        return self.call("choose", *(self.expression(part, names, conditions) for part in parts))

    def _inner(
        self, expression: Expression, names: Mapping[str, str], conditions: Collection[str]
    ) -> str:
        text = self.expression(expression, names, conditions)
        simple = isinstance(expression, Name | Call | Literal) and not text.startswith("-")
        return text if simple else f"({text})"

    def program(
        self,
        program: Program,
        names: Mapping[str, str],
        local: Identifiers,
        *,
        held: Collection[str] = (),
    ) -> Printed:
        """The statements of `program`.

        Parameters
        ----------
        program
            Canonical.
        names
            Identifiers of what is declared.
        local
            Makes identifiers of locals.
        held
            Variables that keep their value while the cell is refractory.
        """
        current, lines, conditions = dict(names), [], condition_locals(program)
        for statement in program:
            target = statement.target
            text = self.expression(statement.value, current, conditions)
            if target in held:
                text = self.call("choose", "left > 0", names[target], text)
            new = local.new(f"new_{names[target]}" if target in names else target)
            lines.append(f"{new} = {text}")
            current[target] = new
        written = dict.fromkeys(s.target for s in program if s.target in names)
        lines += [f"{names[target]} = {current[target]}" for target in written]
        return Printed(tuple(lines), current)
