"""The networks of `neuro.testing`, and random ones drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from neuro.testing.library import (
    INTEGER_CELLS,
    LIBRARY_CELLS,
    STEPS,
    SYNAPSES,
    Case,
    add_standard_projections,
    cell_case,
    plastic,
    synapse_case,
)
from neuro.testing.random_networks import random_case, scaled
from neuro.testing.types import ASTROCYTE, CALCIUM, COUPLED, INTEGER_ASTROCYTE, NOISY

__all__ = [
    "ASTROCYTE",
    "CALCIUM",
    "COUPLED",
    "INTEGER_ASTROCYTE",
    "INTEGER_CELLS",
    "LIBRARY_CELLS",
    "NOISY",
    "STEPS",
    "SYNAPSES",
    "Case",
    "add_standard_projections",
    "cases",
    "cell_case",
    "plastic",
    "scaled",
    "synapse_case",
]

T = TypeVar("T")


class Drawn:
    """Choices made by hypothesis, which makes a failing network smaller."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def one_of(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))  # type: ignore[no-any-return]

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))  # type: ignore[no-any-return]

    def boolean(self) -> bool:
        return self._draw(st.booleans())  # type: ignore[no-any-return]

    def pairs(self, first: int, second: int, most: int) -> list[tuple[int, int]]:
        pair = st.tuples(st.integers(0, first - 1), st.integers(0, second - 1))
        return self._draw(st.lists(pair, max_size=most, unique=True))  # type: ignore[no-any-return]


@st.composite
def cases(draw: Any, *, fixed: bool = False) -> Case:
    """A random network; in fixed point, exponents are drawn too."""
    return random_case(Drawn(draw), fixed=fixed)
