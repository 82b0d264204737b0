"""Print expressions and programs as C99.

Operations stand in the order of the tree, with parentheses wherever C would group them otherwise;
with contraction switched off, a compiler may not round differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from neuro.ir.expressions.evaluate import Numeric
from neuro.ir.expressions.integer import LOW
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
from neuro.lowering.kernels import condition_locals

_SELECT, _OR, _AND, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(8)
_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "or": _OR, "and": _AND}
_LOGICAL = {"or": "|", "and": "&"}

KEYWORDS = frozenset(
    [
        "auto",
        "bool",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "false",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "true",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "real",
        "uint16_t",
        "uint32_t",
        "uint64_t",
        "int32_t",
        "int64_t",
        "main",
        "errno",
        "stdin",
        "stdout",
        "NULL",
    ]
)


class CPrinter:
    """Prints expressions over C identifiers.

    Parameters
    ----------
    names
        C identifier of each name.
    dtype
        Number format; decides suffixes and rounds literals.
    """

    def __init__(self, names: Mapping[str, str], dtype: Numeric) -> None:
        self._names = dict(names)
        self._dtype = dtype

    def expression(self, expression: Expression) -> str:
        """The C text of `expression`."""
        return self._print(expression, _SELECT)

    def program(self, program: Program, declared: Iterable[str]) -> list[str]:
        """C statements of `program`; what is not `declared` becomes a local variable."""
        known, conditions, lines = set(declared), condition_locals(program), []
        for statement in program:
            target = statement.target
            kind = ""
            if target not in known:
                known.add(target)
                kind = "bool " if target in conditions else "real "
            lines.append(f"{kind}{self._names[target]} = {self.expression(statement.value)};")
        return lines

    def _print(self, expression: Expression, context: int) -> str:
        text, level = self._text(expression)
        return text if level >= context else f"({text})"

    def _text(self, expression: Expression) -> tuple[str, int]:
        match expression:
            case Literal(value):
                text = literal(value, self._dtype)
                return text, _UNARY if text.startswith("-") else _ATOM
            case Name(id):
                return self._names[id], _ATOM
            case Call(function, arguments):
                inner = ", ".join(self._print(argument, _SELECT) for argument in arguments)
                return f"nr_{function}({inner})", _ATOM
            case Unary(op, operand):
                sign = "-" if op == "-" else "!"
                text = self._print(operand, _UNARY)
                return (f"{sign}{text}" if not text.startswith("-") else f"-({text})"), _UNARY
            case Binary(op, left, right):
                level = _LEVEL[op]
                return f"{self._print(left, level)} {op} {self._print(right, level + 1)}", level
            case Compare(op, left, right):
                return f"{self._print(left, _SUM)} {op} {self._print(right, _SUM)}", _COMPARE
            case Logical(op, left, right):
                # Without branches: both sides are evaluated, as the language says.
                sides = f"({self._print(left, _OR)}) {_LOGICAL[op]} ({self._print(right, _OR)})"
                return f"({sides})", _ATOM
            case Select(condition, if_true, if_false):
                parts = (self._print(part, _OR) for part in (condition, if_true, if_false))
                return "({} ? {} : {})".format(*parts), _ATOM
        raise TypeError(f"not an expression: {expression!r}")


REAL: dict[Numeric, str] = {np.float32: "float", np.float64: "double", np.int32: "int32_t"}
"""What ``real`` is in C."""


def literal(value: float, dtype: Numeric) -> str:
    """A number in C that reads back as `value` rounded to `dtype`; hexadecimal unless whole."""
    if dtype is np.int32:
        return str(int(value)) if value > LOW else "INT32_MIN"
    rounded = float(dtype(value))
    suffix = "f" if dtype is np.float32 else ""
    if rounded.is_integer() and abs(rounded) < 1e6:
        return f"{int(rounded)}.0{suffix}"
    return _trim(rounded.hex()) + suffix


def _trim(text: str) -> str:
    """A hexadecimal float without zeros at the end of its fraction."""
    mantissa, _, exponent = text.partition("p")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}p{exponent}" if fraction else f"{whole}p{exponent}"
