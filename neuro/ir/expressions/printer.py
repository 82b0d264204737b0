"""Print expressions and programs as text that parses back to the same tree."""

from __future__ import annotations

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
)

_SELECT, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATE, _POWER, _ATOM = range(10)
_BINARY_LEVEL = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def print_expression(expression: Expression) -> str:
    """The text of `expression`, with no more parentheses than needed."""
    return _print(expression, 0)


def print_assignment(statement: Assign) -> str:
    """``target = value``."""
    return f"{statement.target} = {print_expression(statement.value)}"


def print_program(program: Program) -> str:
    """The text of `program`, one assignment a line."""
    return "\n".join(print_assignment(statement) for statement in program)


def _print(expression: Expression, context: int) -> str:
    """Text of `expression`, in parentheses if it binds less tightly than `context` asks for."""
    text, level = _text_and_level(expression)
    return text if level >= context else f"({text})"


def _text_and_level(expression: Expression) -> tuple[str, int]:  # noqa: C901 - one case a node
    match expression:
        case Literal(value):
            return _number(value), _NEGATE if value < 0 else _ATOM
        case Name(id):
            return id, _ATOM
        case Call(function, arguments):
            return f"{function}({', '.join(_print(a, 0) for a in arguments)})", _ATOM
        case Unary("-", operand):
            return f"-{_print(operand, _NEGATE)}", _NEGATE
        case Unary("not", operand):
            return f"not {_print(operand, _NOT)}", _NOT
        case Binary("**", left, right):
            return f"{_print(left, _ATOM)} ** {_print(right, _NEGATE)}", _POWER
        case Binary(op, left, right):
            level = _BINARY_LEVEL[op]
            return f"{_print(left, level)} {op} {_print(right, level + 1)}", level
        case Compare(op, left, right):
            return f"{_print(left, _SUM)} {op} {_print(right, _SUM)}", _COMPARE
        case Logical(op, left, right):
            level = _OR if op == "or" else _AND
            return f"{_print(left, level)} {op} {_print(right, level + 1)}", level
        case Select(condition, if_true, if_false):
            parts = (_print(part, _OR) for part in (if_true, condition))
            return f"{' if '.join(parts)} else {_print(if_false, _SELECT)}", _SELECT
    raise TypeError(f"not an expression: {expression!r}")


def _number(value: float) -> str:
    """The shortest text that reads back as `value`; whole numbers without a point."""
    text = repr(value)
    return text.removesuffix(".0")
