"""Exact propagators of linear equations: constants that carry the state over one step.

For ``dx/dt = A x + B u + c`` with constant ``u`` the state after a step is ``P x + Q u + q``.  Where no
variable reaches another by more than one link, the entries have closed forms; for longer chains and
loops they are the Taylor series of the matrix exponential, scaled and squared, in double precision.
"""

from __future__ import annotations

from typing import Any

import sympy

from neuro.errors import ExpressionError
from neuro.frontend.symbolic import from_sympy, symbol
from neuro.ir.cell import Derived
from neuro.ir.expressions.nodes import Binary, Call, Expression, Literal, Name

TERMS = 12
"""Terms of the Taylor series; the scaled matrix is small enough for double precision."""
SQUARINGS = 10
"""The step is divided by 2 to this power before the series, and squared back after it."""

_ONE = "one"
"""Name of the constant input that stands for terms without variables, unless it is taken."""


def propagate(
    variables: list[str], free: list[str], rates: list[Any]
) -> tuple[tuple[Derived, ...], dict[str, Expression]]:
    """Constants, and each variable's new value.

    Parameters
    ----------
    variables, rates
        State variables and what their derivatives are, for sympy.
    free
        Names of inputs that are constant over a step.

    Raises
    ------
    ExpressionError
        If a derivative is not linear in the variables and inputs.
    """
    one = _ONE
    while one in {*variables, *free}:
        one += "_"
    inputs = [*free, one]
    matrix = _coefficients(variables, inputs, rates)
    if _has_long_paths(matrix, len(variables)):
        derived, entries = _series(variables, inputs, matrix)
    else:
        derived, entries = _closed_forms(variables, inputs, matrix)
    return derived, {name: _new_value(name, inputs, entries) for name in variables}


def _coefficients(variables: list[str], inputs: list[str], rates: list[Any]) -> list[list[Any]]:
    """Rows of variables, columns of variables and inputs."""
    known = [symbol(name) for name in (*variables, *inputs[:-1])]
    rows = []
    for name, rate in zip(variables, rates, strict=True):
        row = [sympy.simplify(sympy.diff(rate, column)) for column in known]
        for entry, column in zip(row, known, strict=True):
            if entry.free_symbols & set(known):
                raise ExpressionError(
                    f"d{name}/dt is not linear in {column.name!r}.",
                    hint="Choose method='exponential_euler' or 'euler'.",
                )
        linear = sum(entry * column for entry, column in zip(row, known, strict=True))
        rows.append([*row, sympy.simplify(sympy.expand(rate - linear))])
    return rows


def _has_long_paths(matrix: list[list[Any]], count: int) -> bool:
    """True if a variable is reached over another one, or reaches itself."""
    for middle in range(count):
        into = any(matrix[middle][c] != 0 for c in range(len(matrix[0])) if c != middle)
        out = any(matrix[r][middle] != 0 for r in range(count) if r != middle)
        if into and out:
            return True
    return False


def _closed_forms(
    variables: list[str], inputs: list[str], matrix: list[list[Any]]
) -> tuple[tuple[Derived, ...], dict[tuple[str, str], str]]:
    """``exp(a dt)`` on the diagonal; ``b dt exp(c dt) exprel((a - c) dt)`` beside it.

    There ``b`` is the coefficient, and ``a`` and ``c`` are the rates of target and source; exprel
    keeps it right where they are equal.
    """
    derived: list[Derived] = []
    entries: dict[tuple[str, str], str] = {}
    columns = [*variables, *inputs]
    for r, row in enumerate(variables):
        for c, column in enumerate(columns):
            link = matrix[r][c]
            if r != c and link == 0:
                continue
            source = matrix[c][c] if c < len(variables) else sympy.Integer(0)
            value = _diagonal(link) if r == c else _link(link, matrix[r][r], source)
            entries[row, column] = f"P_{row}_{column}"
            derived.append(Derived(name=f"P_{row}_{column}", value=value))
    return tuple(derived), entries


def _diagonal(rate: Any) -> Expression:
    return Literal(1.0) if rate == 0 else Call("exp", (_times_dt(rate),))


def _link(link: Any, target: Any, source: Any) -> Expression:
    value = _times_dt(link)
    if source != 0:
        value = Binary("*", value, Call("exp", (_times_dt(source),)))
    difference = sympy.simplify(target - source)
    if difference == 0:
        return value
    return Binary("*", value, Call("exprel", (_times_dt(difference),)))


def _times_dt(rate: Any) -> Expression:
    return from_sympy(sympy.simplify(rate * symbol("dt")))


def _series(
    variables: list[str], inputs: list[str], matrix: list[list[Any]]
) -> tuple[tuple[Derived, ...], dict[tuple[str, str], str]]:
    """Constants for the exponential of the matrix with inputs, by scaling and squaring."""
    size, count = len(variables) + len(inputs), len(variables)
    scale = sympy.Rational(1, 2**SQUARINGS)
    builder = _Matrices(count, size)
    scaled = builder.name(
        "M", [[_scaled(matrix[r][c], scale) for c in range(size)] for r in range(count)]
    )
    term, total = scaled, scaled
    for k in range(2, TERMS + 1):
        product = builder.product(term, scaled)
        term = builder.name(f"T{k}_", [[_over(e, k) for e in row] for row in product])
        total = builder.name(f"S{k}_", builder.sum(total, term))
    for k in range(SQUARINGS):
        # exp(2X) - 1 = 2 (exp(X) - 1) + (exp(X) - 1)**2 loses no digits for small X.
        square = builder.product(total, total)
        twice = [[_twice(e) for e in row] for row in total]
        total = builder.name(f"D{k}_", builder.sum(twice, square))
    columns = [*variables, *inputs]
    entries: dict[tuple[str, str], str] = {}
    for r, row in enumerate(variables):
        for c, column in enumerate(columns):
            value = total[r][c]
            if r == c:
                value = Literal(1.0) if value is None else Binary("+", Literal(1.0), value)
            if value is None:
                continue
            entries[row, column] = f"P_{row}_{column}"
            builder.derived.append(Derived(name=f"P_{row}_{column}", value=value))
    return tuple(builder.derived), entries


Matrix = list[list[Expression | None]]
"""Entries that are zero are None."""


class _Matrices:
    """Builds named constants for the entries of matrices whose lower rows are zero."""

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        self.derived: list[Derived] = []

    def name(self, prefix: str, matrix: Matrix) -> Matrix:
        """Give each entry a name of its own."""
        return [
            [self._name(f"{prefix}{r}_{c}", e) for c, e in enumerate(row)]
            for r, row in enumerate(matrix)
        ]

    def _name(self, name: str, entry: Expression | None) -> Expression | None:
        if entry is None:
            return None
        self.derived.append(Derived(name=name, value=entry))
        return Name(name)

    def product(self, a: Matrix, b: Matrix) -> Matrix:
        """The product; rows beyond the variables are zero."""
        return [
            [self._dot(a[r], [b[k][c] for k in range(self._rows)]) for c in range(self._columns)]
            for r in range(self._rows)
        ]

    def _dot(
        self, row: list[Expression | None], column: list[Expression | None]
    ) -> Expression | None:
        result: Expression | None = None
        for left, right in zip(row, column, strict=False):
            if left is None or right is None:
                continue
            part = Binary("*", left, right)
            result = part if result is None else Binary("+", result, part)
        return result

    def sum(self, a: Matrix, b: Matrix) -> Matrix:
        """The sum, entry by entry."""
        return [
            [_plus(x, y) for x, y in zip(row, other, strict=True)]
            for row, other in zip(a, b, strict=True)
        ]


def _plus(a: Expression | None, b: Expression | None) -> Expression | None:
    if a is None or b is None:
        return a if b is None else b
    return Binary("+", a, b)


def _scaled(entry: Any, scale: Any) -> Expression | None:
    return None if entry == 0 else from_sympy(sympy.simplify(entry * symbol("dt") * scale))


def _over(entry: Expression | None, k: int) -> Expression | None:
    return None if entry is None else Binary("/", entry, Literal(float(k)))


def _twice(entry: Expression | None) -> Expression | None:
    return None if entry is None else Binary("*", Literal(2.0), entry)


def _new_value(name: str, inputs: list[str], entries: dict[tuple[str, str], str]) -> Expression:
    """The sum of what each variable and input contributes."""
    result: Expression | None = None
    for (row, column), constant in entries.items():
        if row != name:
            continue
        term: Expression = Name(constant)
        if column != inputs[-1]:
            term = Binary("*", Name(column), Name(constant))
        result = term if result is None else Binary("+", result, term)
    assert result is not None
    return result
