"""Printed numbers read back bit for bit; what is printed is what engines and people see."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro.ir.expressions.nodes import (
    Assign,
    Binary,
    Call,
    Compare,
    Expression,
    Literal,
    Logical,
    Name,
    Select,
    Unary,
)
from neuro.ir.expressions.parser import parse_expression
from neuro.ir.expressions.printer import print_assignment, print_expression, print_program

A, B, C = Name("a"), Name("b"), Name("c")


@given(st.floats(min_value=0, allow_infinity=False))
def test_numbers_read_back_bit_for_bit(value: float) -> None:
    found = parse_expression(print_expression(Literal(value)))
    assert isinstance(found, Literal)
    assert found.value.hex() == value.hex()


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Literal(2.0), "2"),
        (Literal(-2.0), "-2"),
        (Literal(1e300), "1e+300"),
        (Binary("-", A, Binary("-", B, C)), "a - (b - c)"),
        (Binary("-", Binary("-", A, B), C), "a - b - c"),
        (Binary("/", A, Binary("*", B, C)), "a / (b * c)"),
        (Binary("**", Unary("-", A), B), "(-a) ** b"),
        (Unary("-", Binary("**", A, B)), "-a ** b"),
        (Binary("**", A, Binary("**", B, C)), "a ** b ** c"),
        (Binary("**", Literal(-2.0), B), "(-2) ** b"),
        (Binary("*", Unary("-", A), B), "-a * b"),
        (Unary("not", Compare("<", A, B)), "not a < b"),
        (Logical("and", Logical("or", A, B), C), "(a or b) and c"),
        (Logical("or", A, Logical("and", B, C)), "a or b and c"),
        (Compare("<", Compare("<", A, B), C), "(a < b) < c"),
        (Select(C, A, Select(B, A, C)), "a if c else a if b else c"),
        (Select(Select(A, B, C), A, B), "a if (b if a else c) else b"),
        (Binary("+", Select(A, B, C), A), "(b if a else c) + a"),
        (Call("max", (Select(A, B, C), Binary("+", A, B))), "max(b if a else c, a + b)"),
        (Unary("-", Unary("-", A)), "--a"),
    ],
)
def test_parentheses_stand_where_they_are_needed(tree: Any, text: str) -> None:
    assert print_expression(tree) == text


def test_programs_print_a_line_per_assignment() -> None:
    program = (Assign("a", Binary("+", A, B)), Assign("b", Literal(0.5)))
    assert print_assignment(program[0]) == "a = a + b"
    assert print_program(program) == "a = a + b\nb = 0.5"
    assert print_program(()) == ""


def test_what_is_no_expression_is_a_type_error() -> None:
    wrong: Expression = "a"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="not an expression: 'a'"):
        print_expression(wrong)
