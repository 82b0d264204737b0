"""Constants of fixed-point programs: computed in double precision, then stored as integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.functions import RANDOM
from neuro.ir.expressions.nodes import Expression, Literal, Name, calls, names
from neuro.ir.fixed.mantissa import best_exponent, mantissa

Number: TypeAlias = float | NDArray[np.float64]


class Constants:
    """The constants that the programs of one population or projection read.

    Every constant part of an expression is one: it is computed in double precision and rounded
    once, to the exponent at which it is used.

    Parameters
    ----------
    values
        Parameters, derived constants and ``dt``, by name.

    Attributes
    ----------
    stored
        Integers by the name that programs use; int32, one or one per cell or synapse.
    """

    def __init__(self, values: Mapping[str, Number]) -> None:
        self._scope = {name: np.asarray(value, np.float64) for name, value in values.items()}
        self._values: dict[Expression, NDArray[np.float64]] = {}
        self._names: dict[Expression, str] = {}
        self.stored: dict[str, NDArray[np.int32]] = {}

    def has(self, expression: Expression, hidden: Mapping[str, object]) -> bool:
        """True if `expression` is constant; names in `hidden` are not."""
        read = names(expression)
        known = read <= self._scope.keys() and not read & hidden.keys()
        return known and not calls(expression) & set(RANDOM)

    def value(self, expression: Expression) -> NDArray[np.float64]:
        """The value of a constant expression; conditions are 1 or 0."""
        if expression not in self._values:
            found = evaluate(expression, self._scope, np.float64)
            self._values[expression] = np.asarray(found, np.float64)
        return self._values[expression]

    def bound(self, expression: Expression) -> float:
        """The largest magnitude of a constant expression."""
        return float(np.max(np.abs(self.value(expression)), initial=0.0))

    def exponent(self, expression: Expression) -> int:
        """The exponent that keeps most bits of a constant expression."""
        bound = self.bound(expression)
        return best_exponent(bound) if np.isfinite(bound) else 0

    def at(self, expression: Expression, exponent: int) -> Expression:
        """A constant expression as an integer with `exponent`."""
        value = self.value(expression)
        if not names(expression):
            return Literal(float(mantissa(value, exponent)))
        name = f"{self._name(expression)}${'m' if exponent < 0 else ''}{abs(exponent)}"
        if name not in self.stored:
            self.stored[name] = mantissa(value, exponent)
        return Name(name)

    def _name(self, expression: Expression) -> str:
        if expression not in self._names:
            plain = expression.id if isinstance(expression, Name) else None
            self._names[expression] = plain or f"const${len(self._names)}"
        return self._names[expression]
