"""From what a user writes to values of the IR: units, distributions and names are dealt with here."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from neuro.errors import ParameterError, unknown_name
from neuro.ir.values import Draw, Value
from neuro.units import Quantity, Unit, parse_unit, to_si


@dataclass(frozen=True, slots=True)
class Uniform:
    """Numbers drawn uniformly between `low` and `high`.

    Parameters
    ----------
    low, high
        In the unit of what they are given for, or texts with a unit.
    seed
        None derives one from the network's seed and the place.
    """

    low: float | str
    high: float | str
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Normal:
    """Numbers drawn from a normal distribution, clipped to `low` and `high`.

    Parameters
    ----------
    mean, sd
        Mean and standard deviation, in the unit of what they are given for, or texts with a unit.
    low, high
        Bounds to clip to; None for none.
    seed
        None derives one from the network's seed and the place.
    """

    mean: float | str
    sd: float | str
    low: float | str | None = None
    high: float | str | None = None
    seed: int | None = None


Given: TypeAlias = Quantity | Uniform | Normal
"""A number, a text with a unit, an array, or a distribution."""


def to_value(given: Given, unit: str | Unit, *, where: str) -> Value:
    """Convert what a user wrote into a value of the IR, in SI units.

    Parameters
    ----------
    given
        Number, text with a unit, array or distribution.
    unit
        Unit of a bare number.
    where
        Names the parameter in errors.

    Raises
    ------
    UnitError
        If a text has a unit of another dimension, or `given` is no quantity.
    """
    of = parse_unit(unit) if isinstance(unit, str) else unit

    def number(value: float | str) -> float:
        return float(to_si(value, of, where=where))

    def bound(value: float | str | None) -> float | None:
        return None if value is None else number(value)

    if isinstance(given, Uniform):
        return Draw(
            distribution="uniform", a=number(given.low), b=number(given.high), seed=given.seed
        )
    if isinstance(given, Normal):
        return Draw(
            distribution="normal",
            a=number(given.mean),
            b=number(given.sd),
            low=bound(given.low),
            high=bound(given.high),
            seed=given.seed,
        )
    value = to_si(given, of, where=where)
    return float(value) if value.ndim == 0 else value


def to_values(
    given: Mapping[str, Given],
    units: Mapping[str, str],
    *,
    kind: str,
    where: str,
    weight_unit: Unit | None = None,
) -> dict[str, Value]:
    """Convert named values; `units` holds the unit of every name that is known.

    Raises
    ------
    UnknownNameError
        If a name is not in `units`.
    """
    result: dict[str, Value] = {}
    for name, value in given.items():
        if name not in units:
            raise unknown_name(name, units, kind=kind, where=where)
        unit = units[name]
        if unit == "weight":
            assert weight_unit is not None
            result[name] = to_value(value, weight_unit, where=f"{where}, {name!r}")
        else:
            result[name] = to_value(value, unit, where=f"{where}, {name!r}")
    return result


def as_integer(value: int, *, where: str, least: int = 0) -> int:
    """`value` as an int.

    Raises
    ------
    ParameterError
        If it is not a whole number, or below `least`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        hint = f"Give a whole number of {least} or more."
        raise ParameterError(f"is {value!r}.", where=where, hint=hint)
    return number


def as_integers(values: Iterable[int], *, where: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """`values` as an int64 array.

    Raises
    ------
    ParameterError
        If some are not whole numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind in "iu" or not array.size:
        return array.astype(np.int64)
    flat = array.reshape(-1)
    numbers = flat.astype(np.float64) if array.dtype.kind == "f" else np.full(flat.shape, np.nan)
    whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < 2**53)
    if not whole.all():
        raise ParameterError(
            f"holds {flat.tolist()[np.argmin(whole)]!r}, which is not a whole number.",
            where=where,
            hint="Indices are whole numbers, counted from 0.",
        )
    return array.astype(np.int64)
