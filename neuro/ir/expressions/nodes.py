"""The nodes of an expression: immutable trees, equal when they are built alike.

A *program* is a tuple of assignments, run from first to last; a name that is assigned but not
declared is local to the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

UnaryOperator: TypeAlias = OneOf["-", "not"]
BinaryOperator: TypeAlias = OneOf["+", "-", "*", "/", "**"]
Comparison: TypeAlias = OneOf["<", "<=", ">", ">=", "==", "!="]
LogicalOperator: TypeAlias = OneOf["and", "or"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number; rounded to the network's number format when it is used."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, state variable, port, trace, local, unit, or ``dt`` and ``t``."""

    id: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``not x``."""

    op: UnaryOperator
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic on two operands, rounded once."""

    op: BinaryOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; false when either side is not a number (except ``!=``)."""

    op: Comparison
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Logical:
    """``a and b`` or ``a or b``; both sides are always evaluated."""

    op: LogicalOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Select:
    """``a if condition else b``; both sides are always evaluated."""

    condition: Expression
    if_true: Expression
    if_false: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function known to the language, such as ``exp(x)``."""

    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Literal | Name | Unary | Binary | Compare | Logical | Select | Call


@dataclass(frozen=True, slots=True)
class Assign:
    """``target = value``; what a program is made of."""

    target: str
    value: Expression


Program: TypeAlias = tuple[Assign, ...]


def constant(expression: Expression) -> float | None:
    """The value of a literal, with or without a minus before it; None for anything else."""
    match expression:
        case Literal(value):
            return value
        case Unary("-", Literal(value)):
            return -value
        case _:
            return None


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct operands of `expression`, left to right."""
    match expression:
        case Literal() | Name():
            return ()
        case Unary(operand=operand):
            return (operand,)
        case Select(condition, if_true, if_false):
            return (condition, if_true, if_false)
        case Call(arguments=arguments):
            return arguments
        case Binary() | Compare() | Logical():
            return (expression.left, expression.right)


def rebuild(expression: Expression, operands: tuple[Expression, ...]) -> Expression:
    """`expression` with its direct operands replaced."""
    match expression:
        case Literal() | Name():
            return expression
        case Unary(op=op):
            return Unary(op, *operands)
        case Binary(op=op):
            return Binary(op, *operands)
        case Compare(op=op):
            return Compare(op, *operands)
        case Logical(op=op):
            return Logical(op, *operands)
        case Select():
            return Select(*operands)
        case Call(function=function):
            return Call(function, operands)


def transform(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Apply `change` to every node of `expression`, leaves first."""
    operands = tuple(transform(child, change) for child in children(expression))
    return change(rebuild(expression, operands))


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node of `expression`, leaves first, left to right."""
    for child in children(expression):
        yield from walk(child)
    yield expression


def names(expression: Expression) -> set[str]:
    """The names that `expression` reads."""
    return {node.id for node in walk(expression) if isinstance(node, Name)}


def calls(expression: Expression) -> set[str]:
    """The functions that `expression` calls."""
    return {node.function for node in walk(expression) if isinstance(node, Call)}


def program_reads(program: Program) -> set[str]:
    """The names that `program` reads, whether or not it assigned them before."""
    return set().union(*(names(statement.value) for statement in program))


def program_writes(program: Program) -> set[str]:
    """The names that `program` assigns."""
    return {statement.target for statement in program}
