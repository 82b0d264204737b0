"""Integer operations: rounding, saturation and shifts, against Python's integers and fractions."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro.backends.c.compiler import require_compiler
from neuro.ir.expressions.integer import HIGH, INTEGER, LOW
from neuro.ir.fixed.mantissa import best_exponent, fits, mantissa, number
from neuro.resources import folder

EDGES = (LOW, LOW + 1, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30 - 1, 2**30, HIGH - 1, HIGH)
INT32 = st.one_of(st.sampled_from(EDGES), st.integers(LOW, HIGH))


def rounded(exact: Fraction) -> int:
    """Nearest int32; halves away from zero."""
    whole = int(abs(exact) + Fraction(1, 2))
    return max(LOW, min(HIGH, whole if exact >= 0 else -whole))


def quotient(a: int, b: int, s: int) -> int:
    if b == 0:
        return 0 if a == 0 else HIGH if a > 0 else LOW
    return rounded(Fraction(a, b) / Fraction(2) ** s)


EXACT: dict[str, tuple[Callable[..., int], range]] = {
    "add_sat": (lambda a, b, s: rounded(Fraction(a + b)), range(1)),
    "sub_sat": (lambda a, b, s: rounded(Fraction(a - b)), range(1)),
    "neg_sat": (lambda a, b, s: rounded(Fraction(-a)), range(1)),
    "abs_sat": (lambda a, b, s: rounded(Fraction(abs(a))), range(1)),
    "shift": (lambda a, b, s: rounded(Fraction(a) / Fraction(2) ** s), range(-31, 34)),
    "mul_shift": (lambda a, b, s: rounded(a * b / Fraction(2) ** s), range(-31, 63)),
    "div_shift": (quotient, range(-31, 32)),
    "floor_shift": (lambda a, b, s: a // 2**s, range(32)),
    "mul_floor": (lambda a, b, s: max(LOW, min(HIGH, a * b // 2**s)), range(64)),
    "clip_bits": (lambda a, b, s: max(-(2 ** (s - 1)), min(2 ** (s - 1) - 1, a)), range(8, 17, 8)),
    "wide": (lambda a, b, s: a * 2**s, range(33)),
}
"""Exact meaning of each operation, and its shifts."""
ARGUMENTS = {"add_sat": "ab", "sub_sat": "ab", "neg_sat": "a", "abs_sat": "a"} | {
    "mul_shift": "abs",
    "div_shift": "abs",
    "mul_floor": "abs",
}
"""Which arguments an operation takes; ``as`` if it is not here."""


def arguments(name: str, a: int, b: int, s: int) -> list[int]:
    values = {"a": a, "b": b, "s": s}
    return [values[letter] for letter in ARGUMENTS.get(name, "as")]


def test_every_operation_is_compared() -> None:
    assert EXACT.keys() == INTEGER.keys()


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=300, deadline=None)
@given(a=INT32, b=INT32, data=st.data())
def test_operations_are_exact_but_for_one_rounding(
    name: str, a: int, b: int, data: st.DataObject
) -> None:
    meaning, shifts = EXACT[name]
    s = data.draw(st.sampled_from(shifts))
    found = INTEGER[name](*(np.asarray(x, np.int32) for x in arguments(name, a, b, s)))
    assert int(found) == meaning(a, b, s)


def test_a_product_shifted_beyond_its_bits_is_zero() -> None:
    low = np.asarray(LOW, np.int32)
    assert int(INTEGER["mul_shift"](low, low, np.asarray(63))) == 0


_PROGRAM = """
#include <stdio.h>
#include "neuro_fixed.h"
int main(void)
{
    int a, b, s, k;
    while (scanf("%d %d %d %d", &k, &a, &b, &s) == 4) {
        int64_t r = 0;
        switch (k) {
CASES
        }
        printf("%lld\\n", (long long)r);
    }
    return 0;
}
"""


@pytest.mark.parametrize("form", [[], ["-DNR_NARROW_SUMS"]], ids=["wide", "narrow"])
def test_c_is_the_same_and_has_no_undefined_behaviour(tmp_path: Path, form: list[str]) -> None:
    calls = (
        f"        case {k}: r = nr_{name}({', '.join(ARGUMENTS.get(name, 'as'))}); break;"
        for k, name in enumerate(EXACT)
    )
    source, program = tmp_path / "operations.c", tmp_path / "operations"
    source.write_text(_PROGRAM.replace("CASES", "\n".join(calls)))
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O2"]
    traps = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    include = f"-I{folder('deploy') / 'runtime'}"
    command = [
        str(require_compiler()),
        *flags,
        *traps,
        *form,
        include,
        "-o",
        str(program),
        str(source),
    ]
    subprocess.run(command, check=True)
    cases = [
        (k, a, b, s)
        for k, (_, shifts) in enumerate(EXACT.values())
        for a in EDGES
        for b in EDGES
        for s in shifts
    ]
    lines = "\n".join(" ".join(map(str, case)) for case in cases)
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, check=True)
    meanings = [meaning for meaning, _ in EXACT.values()]
    wrong = [
        (list(EXACT)[k], a, b, s, found)
        for (k, a, b, s), found in zip(cases, map(int, done.stdout.split()), strict=True)
        if found != meanings[k](a, b, s)
    ]
    assert not wrong, wrong[:5]


# Mantissas


@given(value=st.floats(-1e6, 1e6), exponent=st.integers(-10, 40), bits=st.sampled_from([8, 16, 32]))
def test_mantissas_are_rounded_half_away_from_zero(value: float, exponent: int, bits: int) -> None:
    exact = Fraction(value) * Fraction(2) ** exponent
    whole = int(abs(exact) + Fraction(1, 2))
    high = 2 ** (bits - 1) - 1
    expected = max(-high - 1, min(high, whole if exact >= 0 else -whole))
    assert int(mantissa(value, exponent, bits)) == expected


@given(bound=st.floats(1e-30, 1e30), bits=st.sampled_from([7, 15, 31]))
def test_the_best_exponent_is_the_largest_that_fits(bound: float, bits: int) -> None:
    best = best_exponent(bound, bits)
    assert int(mantissa(bound, best, 64)) <= 2**bits - 1 if bits < 31 else fits(bound, best)
    assert Fraction(bound) * Fraction(2) ** (best + 1) >= Fraction(2**bits) - Fraction(1, 2)


def test_numbers_come_back_exactly() -> None:
    stored = np.array([LOW, -1, 0, 5, HIGH], np.int32)
    assert np.array_equal(mantissa(number(stored, 40), 40), stored)
