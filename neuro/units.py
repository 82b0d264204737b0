"""Units at the surface, SI floats inside.

Milliseconds, millivolts, nanoamperes, nanofarads and microsiemens are what users write (PyNN's
convention); a string such as ``"10 ms"`` is accepted wherever a number is, and a bare number takes
the documented unit of its parameter.  Inside, and in files, every value is an SI float.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.errors import UnitError, suggestion

FloatArray: TypeAlias = NDArray[np.float64]
Quantity: TypeAlias = float | str | ArrayLike
"""A number in the documented unit, a string with a unit, or an array of numbers."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of volt, ampere and second; all that a network of neurons needs."""

    volt: Fraction = Fraction(0)
    ampere: Fraction = Fraction(0)
    second: Fraction = Fraction(0)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(
            self.volt + other.volt, self.ampere + other.ampere, self.second + other.second
        )

    def __truediv__(self, other: Dimension) -> Dimension:
        return self * other**-1

    def __pow__(self, exponent: int | Fraction) -> Dimension:
        return Dimension(self.volt * exponent, self.ampere * exponent, self.second * exponent)

    def __str__(self) -> str:
        """The dimension as a product of SI base units, such as ``A*s/V``."""
        return SI_NAMES.get(self) or _spell_out(self)


@dataclass(frozen=True, slots=True)
class Unit:
    """A named unit: SI value = number * `numerator` / `denominator`.

    Both are exact powers of ten, so that -57 mV becomes the float nearest to -0.057.
    """

    name: str
    dimension: Dimension
    numerator: float = 1.0
    denominator: float = 1.0

    def to_si(self, value: FloatArray | float) -> FloatArray | float:
        """Convert `value` from this unit into SI."""
        return value * self.numerator / self.denominator

    def from_si(self, value: FloatArray | float) -> FloatArray | float:
        """Convert an SI `value` into this unit."""
        return value * self.denominator / self.numerator


NONE = Dimension()
VOLT = Dimension(volt=Fraction(1))
AMPERE = Dimension(ampere=Fraction(1))
SECOND = Dimension(second=Fraction(1))
SIEMENS = AMPERE / VOLT
OHM = VOLT / AMPERE
FARAD = AMPERE * SECOND / VOLT
HERTZ = NONE / SECOND

SI_NAMES = {
    NONE: "1",
    VOLT: "V",
    AMPERE: "A",
    SECOND: "s",
    SIEMENS: "S",
    OHM: "Ohm",
    FARAD: "F",
    HERTZ: "Hz",
}

_PREFIXES = {
    "G": (1e9, 1.0),
    "M": (1e6, 1.0),
    "k": (1e3, 1.0),
    "": (1.0, 1.0),
    "m": (1.0, 1e3),
    "u": (1.0, 1e6),
    "n": (1.0, 1e9),
    "p": (1.0, 1e12),
}
_PREFIXES_OF = {
    "V": ("", "m", "u"),
    "A": ("", "m", "u", "n", "p"),
    "s": ("", "m", "u"),
    "S": ("", "m", "u", "n"),
    "Ohm": ("", "k", "M", "G"),
    "F": ("", "u", "n", "p"),
    "Hz": ("", "k"),
}


def _unit_table() -> dict[str, Unit]:
    base = {name: dimension for dimension, name in SI_NAMES.items()}
    table = {"1": Unit("1", NONE)}
    for symbol, prefixes in _PREFIXES_OF.items():
        for prefix in prefixes:
            name = prefix + symbol
            table[name] = Unit(name, base[symbol], *_PREFIXES[prefix])
    return table


UNITS = _unit_table()
"""All units by name: V, mV, nA, ms, uS, MOhm, nF, Hz, ... and ``1`` for plain numbers."""


def parse_unit(text: str, *, where: str = "") -> Unit:
    """Parse a unit such as ``"mV"``, ``"nA/ms"`` or ``"1/s"``.

    Parameters
    ----------
    text
        A product, quotient or power of `UNITS`.
    where
        Names the parameter in errors.

    Raises
    ------
    UnitError
        If a name in it is unknown, or it is not a product of units.
    """
    if text in UNITS:
        return UNITS[text]
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
        dimension, numerator, denominator = _evaluate_unit(tree)
    except (SyntaxError, _NoUnit, OverflowError):
        raise _bad_unit(text, where) from None
    return Unit(text, dimension, numerator, denominator)


def to_si(value: Quantity, unit: Unit, *, where: str) -> FloatArray:
    """Convert what a user wrote into an SI array (0-d for a scalar).

    Parameters
    ----------
    value
        Number or array in `unit`; or a string with a unit of its own.
    unit
        The documented unit of the parameter.
    where
        Names the parameter in errors.

    Raises
    ------
    UnitError
        If a string carries a unit of another dimension, or is no quantity.
    """
    if isinstance(value, str):
        return np.asarray(_quantity_to_si(value, unit, where), dtype=np.float64)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _no_quantity(value, unit, where) from None
    if value is None:  # numpy would make it nan
        raise _no_quantity(value, unit, where)
    return np.asarray(unit.to_si(array), dtype=np.float64)


def _no_quantity(value: object, unit: Unit, where: str) -> UnitError:
    example = "10" if unit.name == "1" else f"10 (in {unit.name}), '10 {unit.name}'"
    return UnitError(
        f"{value!r} is not a number, an array of numbers or a text with a unit.",
        where=where,
        hint=f"Write {example}, or an array.",
    )


def _quantity_to_si(text: str, unit: Unit, where: str) -> float:
    number, _, name = text.strip().partition(" ")
    try:
        value = float(number)
    except ValueError:
        raise UnitError(
            f"{text!r} is not a quantity.",
            where=where,
            hint=f"Write a number, a space and a unit, such as '10 {unit.name}'.",
        ) from None
    given = parse_unit(name.strip(), where=where) if name.strip() else unit
    if given.dimension != unit.dimension:
        raise UnitError(
            f"{text!r} is in {given.dimension}, but {unit.dimension} is needed.",
            where=where,
            hint=f"Write {_example(number, unit)} if that was meant.",
        )
    return float(given.to_si(value))


def _example(number: str, unit: Unit) -> str:
    return number if unit.name == "1" else f"'{number} {unit.name}'"


class _NoUnit(Exception):
    """A part of a text that is no unit."""


def _evaluate_unit(node: ast.expr) -> tuple[Dimension, float, float]:
    """Dimension and exact scale of a product, quotient or power of units."""
    match node:
        case ast.Name(id=name) if name in UNITS:
            unit = UNITS[name]
            return unit.dimension, unit.numerator, unit.denominator
        case ast.Constant(value=1):
            return NONE, 1.0, 1.0
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            (d1, n1, m1), (d2, n2, m2) = _evaluate_unit(left), _evaluate_unit(right)
            return d1 * d2, n1 * n2, m1 * m2
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            (d1, n1, m1), (d2, n2, m2) = _evaluate_unit(left), _evaluate_unit(right)
            return d1 / d2, n1 * m2, m1 * n2
        case ast.BinOp(left=left, op=ast.Pow(), right=exponent):
            power = _integer(exponent)
            dimension, numerator, denominator = _evaluate_unit(left)
            if power < 0:
                numerator, denominator = denominator, numerator
            return dimension**power, numerator ** abs(power), denominator ** abs(power)
        case _:
            raise _NoUnit


def _integer(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
        case _:
            raise _NoUnit


def _bad_unit(text: str, where: str) -> UnitError:
    near = suggestion(text, UNITS)
    offer = f"{near} " if near.startswith("Did") else ""
    return UnitError(
        f"{text!r} is not a unit.",
        where=where,
        hint=f"{offer}Use products, quotients and powers of: {', '.join(UNITS)}.",
    )


def _spell_out(dimension: Dimension) -> str:
    """``V**2*s/A`` for dimensions without a name of their own."""
    parts = [("V", dimension.volt), ("A", dimension.ampere), ("s", dimension.second)]
    above = [_power(name, exponent) for name, exponent in parts if exponent > 0]
    below = [_power(name, -exponent) for name, exponent in parts if exponent < 0]
    return "/".join(["*".join(above) or "1", *below])


def _power(name: str, exponent: Fraction) -> str:
    return name if exponent == 1 else f"{name}**{exponent}"
