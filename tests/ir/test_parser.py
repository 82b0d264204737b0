"""Expressions parse into our own trees, print back, and refuse what is not in the language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro.errors import ExpressionError
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
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.expressions.printer import print_expression, print_program

NUMBERS = st.floats(min_value=0, allow_infinity=False, allow_nan=False).map(Literal)
NAMES = st.sampled_from(["v", "tau_m", "x_1", "R"]).map(Name)


def _grow(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(Unary, st.sampled_from(["-", "not"]), inner),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner),
        st.builds(Logical, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(Select, inner, inner, inner),
        st.builds(lambda a: Call("exp", (a,)), inner),
        st.builds(lambda a, b: Call("max", (a, b)), inner, inner),
    )


TREES: st.SearchStrategy[Any] = st.recursive(st.one_of(NUMBERS, NAMES), _grow, max_leaves=25)


@given(TREES)
def test_printing_and_parsing_is_the_identity(tree: Expression) -> None:
    assert parse_expression(print_expression(tree)) == tree


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a-(b-c)", "a - (b - c)"),
        ("-a**2", "-a ** 2"),
        ("where(a > 1, b, c)", "b if a > 1 else c"),
        ("not (a > 1 and b < 2)", "not (a > 1 and b < 2)"),
        ("  1.50 *\n v", "1.5 * v"),
    ],
)
def test_printing_uses_no_more_parentheses_than_needed(source: str, printed: str) -> None:
    assert print_expression(parse_expression(source)) == printed


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("v +", 3, "syntax error"),
        ("v +* 2", 3, "syntax error"),
        ("exp(v", 3, "never closed"),
        ("2 * v.real", 4, "attribute access"),
        ("v[0]", 0, "indexing"),
        ("1 + (lambda: 0)()", 5, "lambda"),
        ("__import__('os').system('ls')", 0, "attribute access"),
        ("eval('1')", 0, "no function 'eval'"),
        ("epx(v)", 0, "Did you mean 'exp'?"),
        ("exp(v, 2)", 0, "takes 1 arguments, got 2"),
        ("exp(x=v)", 0, "keyword"),
        ("a < b < c", 0, "chained"),
        ("v @ w", 0, "not one of"),
        ("~v", 0, "'not'"),
        ("'text'", 0, "is not a number"),
        ("True", 0, "is not a number"),
        ("[v for v in w]", 0, "comprehension"),
        ("1e999", 0, "too large"),
        ("", 0, "syntax error"),
        ("é.x + 1", 0, "attribute access"),
    ],
)
def test_refusals_point_at_the_column(source: str, column: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(source)
    assert words in str(caught.value)
    assert caught.value.column == column
    lines = str(caught.value).splitlines()
    if source:
        assert lines[2] == " " * (4 + column) + "^"


def test_a_program_is_assignments() -> None:
    program = parse_program(
        """
        # how the membrane relaxes
        v = beta * v + (
            input
        )
        w += 1; u = v  # two on a line
        """
    )
    assert print_program(program) == "v = beta * v + input\nw = w + 1\nu = v"
    assert program[1] == Assign("w", Binary("+", Name("w"), Literal(1.0)))


@pytest.mark.parametrize("source", ["v", "v.x = 1", "v, w = 1, 2", "import os", "del v", "v := 1"])
def test_other_statements_are_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        parse_program(source)


def test_the_error_of_a_program_shows_the_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_program("v = 1\nw = v.real")
    assert "w = v.real" in str(caught.value)
    assert caught.value.column == 4


def test_a_very_deep_expression_is_refused_not_a_crash() -> None:
    with pytest.raises(ExpressionError):
        parse_expression("(" * 5000 + "v" + ")" * 5000)
