"""Units: what users write becomes SI, exactly; what has the wrong dimension is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro.errors import UnitError
from neuro.units import FARAD, NONE, OHM, SECOND, UNITS, VOLT, parse_unit, to_si


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        (-57, "mV", -0.057),
        (20, "ms", 0.02),
        (1.5, "nA", 1.5e-9),
        (0.25, "nF", 2.5e-10),
        (8, "uS", 8e-6),
        (3, "MOhm", 3e6),
        ("10 ms", "s", 0.01),
        ("  -65   mV ", "V", -0.065),
        ("1e3 uV", "mV", 1e-3),
        ("5", "ms", 0.005),
        ("2 1/s", "Hz", 2.0),
        ("3 nA/ms", "A/s", 3e-6),
        (True, "1", 1.0),
    ],
)
def test_quantities_become_the_nearest_si_float(text: Any, unit: str, expected: float) -> None:
    found = to_si(text, parse_unit(unit), where="x")
    assert found.shape == ()
    assert float(found) == expected


def test_arrays_are_converted_element_by_element() -> None:
    found = to_si([[1, 2], [3, 4]], UNITS["mV"], where="x")
    np.testing.assert_array_equal(found, [[0.001, 0.002], [0.003, 0.004]])


@given(st.integers(-(10**6), 10**6), st.sampled_from(sorted(UNITS)))
def test_whole_numbers_of_any_unit_are_rounded_once(number: int, name: str) -> None:
    unit = UNITS[name]
    exact = Fraction(number) * Fraction(unit.numerator) / Fraction(unit.denominator)
    assert unit.to_si(float(number)) == float(exact)


@given(st.floats(-1e9, 1e9), st.sampled_from(sorted(UNITS)))
def test_si_and_back_is_almost_the_identity(number: float, name: str) -> None:
    unit = UNITS[name]
    assert unit.from_si(unit.to_si(number)) == pytest.approx(number, rel=1e-15, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "dimension", "scale"),
    [
        ("mV*nA", VOLT * OHM**-1 * VOLT, 1e-12),
        ("nA/nF", VOLT / SECOND, 1.0),
        ("mV**2", VOLT**2, 1e-6),
        ("mV^2", VOLT**2, 1e-6),
        ("ms**-1", SECOND**-1, 1e3),
        ("1/ms", SECOND**-1, 1e3),
        ("MOhm*nF", SECOND, 1e-3),
        ("1", NONE, 1.0),
    ],
)
def test_products_quotients_and_powers(text: str, dimension: Any, scale: float) -> None:
    unit = parse_unit(text)
    assert unit.dimension == dimension
    assert unit.to_si(1.0) == pytest.approx(scale, rel=1e-15)


def test_dimensions_print_as_si_units() -> None:
    assert str(FARAD) == "F"
    assert str(VOLT * VOLT / SECOND) == "V**2/s"
    assert str(NONE / VOLT / SECOND) == "1/V/s"
    assert str(VOLT ** Fraction(1, 2)) == "V**1/2"


@pytest.mark.parametrize(
    "text",
    ["parsec", "", "mV +", "mV + mV", "2*mV", "mV**1.5", "mV**x", "f(mV)", "mV.real", "mV**999"],
)
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_unit(text, where="cell, 'v'")
    assert str(caught.value).startswith(f"cell, 'v': {text!r} is not a unit.")
    assert "Use products, quotients and powers of: 1, V, mV" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "unit", "message"),
    [
        ("10 mV", "ms", "x: '10 mV' is in V, but s is needed. Write '10 ms' if that was meant."),
        ("10 mV", "1", "x: '10 mV' is in V, but 1 is needed. Write 10 if that was meant."),
        ("10 mss", "ms", "x: 'mss' is not a unit. Did you mean 'ms'?"),
        ("10 MV", "mV", "x: 'MV' is not a unit. Did you mean 'mV'?"),
        ("10ms", "ms", "x: '10ms' is not a quantity. Write a number, a space and a unit"),
        ("ten ms", "ms", "such as '10 ms'"),
        (None, "ms", "x: None is not a number, an array of numbers or a text with a unit."),
        (None, "1", "Write 10, or an array."),
        ([1, "a"], "ms", "Write 10 (in ms), '10 ms', or an array."),
        ({"v": 1}, "ms", "is not a number"),
    ],
)
def test_wrong_quantities_are_explained(given: Any, unit: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        to_si(given, parse_unit(unit), where="x")
    assert message in str(caught.value)
