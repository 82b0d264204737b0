"""Cells take their parameters in the documented units, as texts, arrays and distributions."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import UnitError, UnknownNameError
from neuro.ir.declare import cell_type
from neuro.ir.values import Draw


def test_a_bare_number_takes_the_documented_unit() -> None:
    cell = neuro.IF_curr_exp(tau_m=12, v_rest=-70.0, cm=0.5)
    assert cell.parameters["tau_m"] == pytest.approx(0.012)
    assert cell.parameters["v_rest"] == pytest.approx(-0.070)
    assert cell.parameters["cm"] == pytest.approx(0.5e-9)


def test_texts_arrays_and_distributions_are_taken_too() -> None:
    cell = neuro.AdEx(tau_m="12000 us", v_rest=np.array([-70.0, -60.0]), a=neuro.Uniform(1.0, 3.0))
    assert cell.parameters["tau_m"] == pytest.approx(0.012)
    np.testing.assert_allclose(cell.parameters["v_rest"], [-0.07, -0.06])  # type: ignore[arg-type]
    draw = cell.parameters["a"]
    assert isinstance(draw, Draw)
    np.testing.assert_allclose([draw.a, draw.b], [1e-9, 3e-9])


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="tau_refrac"):
        neuro.IF_curr_exp(tau_refract=1.0)


def test_a_text_with_a_unit_of_another_dimension_is_refused() -> None:
    with pytest.raises(UnitError, match="v_rest"):
        neuro.IF_curr_exp(v_rest="3 ms")


def test_a_cell_of_any_type_takes_values_for_its_parameters() -> None:
    kind = cell_type("ramp", parameters="speed : mV/ms = 1", state="v : mV = 0")
    cell = neuro.CustomCell(kind, speed=2.0)
    assert cell.parameters == {"speed": pytest.approx(2.0)}
    assert repr(cell) == "CustomCell(speed=2.0)"
