"""Poisson counts from one random word, by comparing it with a table of thresholds."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import Call, Name

MAX_MEAN = 500.0
"""Largest mean count a step; above it a current with noise is the better model."""


@cache
def thresholds(mean: float) -> NDArray[np.uint32]:
    """Thresholds whose number at or below a random word is a Poisson count with `mean`.

    The k-th is P(count <= k) * 2**32; the table ends where that rounds to 2**32.

    Raises
    ------
    ParameterError
        If `mean` is negative or above `MAX_MEAN`.
    """
    if not 0 <= mean <= MAX_MEAN:
        raise ParameterError(
            f"a Poisson input has {mean:.6g} events on average in a step. "
            f"Use 0 to {MAX_MEAN:g}; beyond that, use a current with noise."
        )
    term = float(evaluate(Call("exp", (Name("x"),)), {"x": np.asarray(-mean)}, np.float64))
    table: list[int] = []
    cumulative, k = term, 0
    while (level := int(cumulative * 2.0**32)) < 2**32 and not _saturated(table, level, k, mean):
        table.append(level)
        k += 1
        term = term * mean / k
        cumulative += term
    result = np.asarray(table, dtype=np.uint32)
    result.flags.writeable = False
    return result


def _saturated(table: list[int], level: int, k: int, mean: float) -> bool:
    """True where rounding keeps the sum below 1 for ever."""
    return k > mean and bool(table) and table[-1] == level


def counts(word: NDArray[np.uint32], table: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The Poisson count of each random word."""
    return np.searchsorted(table, word, side="right").astype(np.int64)
