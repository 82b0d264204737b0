"""From expressions to integer operations: the rules, and that they keep close to real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro.ir.expressions.canonical import Canonicaliser
from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import Expression
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.expressions.printer import print_expression
from neuro.ir.fixed.compile import Compiler, Target, stored
from neuro.ir.fixed.constants import Constants
from neuro.ir.fixed.mantissa import mantissa, number

VALUES: dict[str, Any] = {
    "beta": 0.951,
    "tau": 0.02,
    "bias": 0.03,
    "zero": 0.0,
    "dt": 1e-3,
    "each": np.array([0.5, -3.0]),
}
EXPONENTS = {"v": 29, "i": 28, "g": 40, "u": 20}
NAMES = [*VALUES, *EXPONENTS, "t"]


def compiler() -> Compiler:
    return Compiler(Constants(VALUES), {name: stored(e) for name, e in EXPONENTS.items()})


def canonical(text: str) -> Expression:
    return Canonicaliser(NAMES).expression(parse_expression(text))


def compiled(text: str, exponent: int) -> str:
    return print_expression(compiler().value("here", canonical(text), exponent)).replace("$", "_")


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [
        ("v", 29, "v"),
        ("v", 31, "shift(v, -2)"),
        ("v", 20, "shift(v, 9)"),
        ("v", -50, "shift(v, 33)"),
        ("g", 80, "shift(g, -31)"),
        ("beta", 31, "beta_31"),
        ("beta", -2, "beta_m2"),
        ("0.25", 8, "64"),
        ("dt / tau", 30, "const_0_30"),
        ("v + i", 29, "add_sat(v, shift(i, -1))"),
        ("v - bias", 29, "sub_sat(v, bias_29)"),
        ("beta * v", 29, "mul_shift(beta_31, v, 31)"),
        ("v * i", 29, "mul_shift(v, i, 28)"),
        ("v / tau", 20, "mul_shift(v, const_0_25, 34)"),
        ("v / i", 20, "div_shift(v, i, -19)"),
        ("v * g", -10, "0"),  # shifted by 79: nothing is left
        ("-v", 29, "neg_sat(v)"),
        ("abs(v)", 28, "abs_sat(shift(v, 1))"),
        ("clip(v, 0, bias)", 29, "clip(v, 0, bias_29)"),
        ("sign(v)", 4, "shift(sign(v), -4)"),
        ("floor(v)", 4, "shift(floor_shift(v, 29), -4)"),
        ("floor(beta * v)", 4, "shift(mul_floor(beta_31, v, 60), -4)"),
        ("floor(u * g)", 4, "shift(mul_floor(u, g, 60), -4)"),
        ("v if i > 1 else bias", 29, "v if i > 268435456 else bias_29"),
        ("beta * v + i + bias", 29,
         "add_sat(add_sat(mul_shift(beta_31, v, 31), shift(i, -1)), bias_29)"),
    ],
)  # fmt: skip
def test_rules(text: str, exponent: int, expected: str) -> None:
    assert compiled(text, exponent) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v >= bias", "v >= bias_29"),
        ("bias < v", "bias_29 < v"),
        ("v >= i", "v >= wide(i, 1)"),
        ("u == g", "wide(u, 20) == g"),
        ("v > 1000", "v > wide(2097152000, 8)"),  # beyond the range of v
        ("not (v > 0) and i < 1", "not v > 0 and i < 268435456"),
        ("tau > 0.01", "const_0_0 != 0"),
        ("t >= 3 * dt", "t >= const_0_0"),
        ("tau * 2 > t", "const_0_0 > t"),
    ],
)
def test_conditions(text: str, expected: str) -> None:
    found = compiler().condition("here", canonical(text))
    assert print_expression(found).replace("$", "_") == expected


def test_locals_take_their_natural_exponent() -> None:
    program = Canonicaliser(NAMES).program(parse_program("a = v + i; p = a > 1; v = a if p else v"))
    found = compiler().program("here", program, {"v": Target(29)})
    texts = [f"{s.target} = {print_expression(s.value)}" for s in found]
    assert texts == [
        "a = add_sat(shift(v, 2), shift(i, 1))",
        "p = a > 134217728",
        "v = shift(a, -2) if p else v",
    ]


def test_narrow_targets_are_clipped() -> None:
    program = Canonicaliser([*NAMES, "w"]).program(parse_program("w = v + w"))
    made = Compiler(Constants(VALUES), {"v": stored(29), "w": stored(5)})
    (statement,) = made.program("here", program, {"w": Target(5, 8)})
    assert print_expression(statement.value) == "clip_bits(add_sat(shift(v, 24), w), 8)"


@pytest.mark.parametrize(
    "text", ["exp(v)", "sqrt(v)", "tanh(v) * 2 + i", "v ** 0.5", "v > 1 / zero"]
)
def test_what_has_no_integer_form_is_a_problem(text: str) -> None:
    made = compiler()
    expression = canonical(text)
    if ">" in text:
        made.condition("spike", expression)
    else:
        made.value("update", expression, 20)
    assert len(made.problems) == 1
    assert made.problems[0].program == ("spike" if ">" in text else "update")


def test_functions_of_constants_are_computed() -> None:
    made = compiler()
    made.value("update", canonical("exp(-dt / tau) * v"), 20)
    assert made.problems == []


TEXTS = st.recursive(
    st.sampled_from(["v", "i", "u", "beta", "bias", "0.5", "2", "each"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda x: f"(-{x})"),
        inner.map(lambda x: f"({x} / tau)"),
        inner.map(lambda x: f"abs({x})"),
        st.tuples(inner, inner).map(lambda p: f"min({p[0]}, {p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"clip({p[0]}, {p[1]}, {p[2]})"),
        st.tuples(inner, inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} > {p[2]} else {p[3]})"),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    text=TEXTS,
    values=st.fixed_dictionaries({name: st.floats(-2, 2) for name in ("v", "i", "u")}),
)
def test_no_natural_value_saturates(text: str, values: dict[str, float]) -> None:
    """Bounds hold: at its natural exponent an expression is close to its value in real numbers."""
    expression, made = canonical(text), compiler()
    reach = made.range_of(expression)
    program = made.value("here", expression, reach.exponent)
    raw = {name: mantissa(x, EXPONENTS[name]) for name, x in values.items()}
    real = {name: number(x, EXPONENTS[name]) for name, x in raw.items()}
    scope = {name: np.asarray(value, np.float64) for name, value in VALUES.items()}
    exact = evaluate(expression, {**scope, **real}, np.float64)
    assert np.max(np.abs(exact)) <= reach.bound * (1 + 1e-9)
    if " if " in text:
        return  # a comparison may fall on the other side
    found = evaluate(program, {**made._constants.stored, **raw}, np.int32)
    coarse = 2.0 ** -min(reach.exponent, *(made.range_of(canonical(n)).exponent for n in "viu"))
    error = np.abs(number(found, reach.exponent) - exact)
    assert np.max(error) <= coarse * 1e4 * max(1.0, float(np.max(np.abs(exact))))
