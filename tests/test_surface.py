"""From what a user writes to values of the IR."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuro.errors import ParameterError, UnitError, UnknownNameError
from neuro.ir.values import Draw
from neuro.surface import Normal, Uniform, as_integer, as_integers, to_value, to_values
from neuro.units import parse_unit


def test_numbers_stay_numbers_and_arrays_arrays() -> None:
    number = to_value("10 ms", "s", where="x")
    assert number == 0.01
    assert type(number) is float
    array = to_value([1, 2], "mV", where="x")
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [0.001, 0.002]


def test_distributions_are_converted_with_their_bounds() -> None:
    assert to_value(Uniform(1, "2 s", seed=3), "ms", where="x") == Draw(
        distribution="uniform", a=0.001, b=2.0, seed=3
    )
    assert to_value(Normal("-65 mV", 2, high=0), "mV", where="x") == Draw(
        distribution="normal", a=-0.065, b=0.002, high=0.0
    )


def test_a_distribution_in_the_wrong_unit_is_refused() -> None:
    with pytest.raises(UnitError, match=r"cell, 'v': '2 s' is in s, but V is needed"):
        to_value(Uniform(1, "2 s"), "mV", where="cell, 'v'")


def test_values_by_name_take_their_own_units() -> None:
    units = {"tau": "ms", "w_max": "weight"}
    found = to_values(
        {"tau": 5, "w_max": 2}, units, kind="parameter", where="s", weight_unit=parse_unit("nA")
    )
    assert found == {"tau": 0.005, "w_max": 2e-9}


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        to_values({"tau_x": 5}, {"tau_m": "ms", "v": "mV"}, kind="parameter", where="LIF")
    assert str(caught.value) == "LIF: there is no parameter 'tau_x'. Did you mean 'tau_m'?"


@pytest.mark.parametrize("given", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers_are_ints(given: Any) -> None:
    found = as_integer(given, where="n")
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("given", [2.0, "3", None, -1, np.array([1, 2])])
def test_what_is_no_count_is_refused(given: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        as_integer(given, where="n")
    assert caught.value.where == "n"
    assert caught.value.hint == "Give a whole number of 0 or more."


@pytest.mark.parametrize("given", [[1, 2], [1.0, 2.0], np.array([1, 2], np.uint8), (1, 2)])
def test_indices_are_int64(given: Any) -> None:
    found = as_integers(given, where="i")
    assert found.dtype == np.int64
    assert found.tolist() == [1, 2]


def test_no_indices_are_no_indices() -> None:
    assert as_integers([], where="i").shape == (0,)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([1, 2.5], "2.5"),
        ([0.0, np.nan], "nan"),
        ([np.inf], "inf"),
        ([1e300], "1e+300"),
        ([True, False], "True"),
        (["a"], "'a'"),
        ([None], "None"),
    ],
)
def test_indices_that_are_not_whole_are_named(given: Any, wrong: str) -> None:
    with pytest.raises(ParameterError) as caught:
        as_integers(given, where="i")
    assert str(caught.value) == (
        f"i: holds {wrong}, which is not a whole number. Indices are whole numbers, counted from 0."
    )
