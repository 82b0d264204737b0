"""How the numbers of a network are represented while it runs; one class a kind of format.

Interpreter and lowering take programs, constants and stored values from here, so what a number
format means stands in one place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro.ir.canonical_types import (
    CanonicalCell,
    CanonicalSynapse,
    canonical_cell,
    canonical_synapse,
)
from neuro.ir.expressions.evaluate import Float, Numeric
from neuro.ir.expressions.integer import HIGH, LOW, add_sat, mul_shift
from neuro.ir.fixed.check import cell_findings, refuse_problems, synapse_findings
from neuro.ir.fixed.mantissa import mantissa, number
from neuro.ir.fixed.programs import UNIFORM_BITS, fixed_cell, fixed_synapse
from neuro.ir.fixed.scales import Scales, magnitude, weight_exponents
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.philox import Words, half_open, open_interval
from neuro.ir.resolve import Connections, Number

Array: TypeAlias = NDArray[Any]
Constants: TypeAlias = Mapping[str, Number | Array]


class Numbers(ABC):
    """The number format of one network.

    Attributes
    ----------
    dtype
        Type of state, sums and constants.
    weight_dtype
        Type in which weights may be kept; they are `dtype` wherever they are computed with.
    recorded
        Type of recorded values.
    weight_bits
        Bits of weights; 0 if they are like all other numbers.
    """

    dtype: Numeric
    weight_dtype: type[Any]
    recorded: Float
    weight_bits: int = 0

    @abstractmethod
    def cell(
        self, node: Population, values: Mapping[str, Number]
    ) -> tuple[CanonicalCell, Constants]:
        """The programs of a population, and the constants that they may read.

        Parameters
        ----------
        node
            The population.
        values
            Its parameters and derived constants, and ``dt``.
        """

    @abstractmethod
    def synapse(
        self, node: Projection, values: Mapping[str, Number]
    ) -> tuple[CanonicalSynapse, Constants]:
        """As `cell`, of a projection."""

    @abstractmethod
    def encode(self, target: str, variable: str, values: ArrayLike) -> Array:
        """`values` of a variable, port or factor as they are stored."""

    @abstractmethod
    def decode(self, target: str, variable: str, stored: Array) -> Array:
        """The numbers that `stored` values of a variable stand for."""

    @abstractmethod
    def graded(self, node: GradedProjection, weight: Number) -> tuple[Array, int]:
        """The weights of a graded projection as they are stored, and the shift of its products."""

    @abstractmethod
    def draw(self, name: str, word: Words) -> Array:
        """Random numbers from words, for a draw ``uniform$k`` or ``open$k``."""

    @abstractmethod
    def time(self, step: int) -> Array:
        """What ``t`` is in a step."""

    @abstractmethod
    def product(self, a: Array, b: Array, shift: int = 0) -> Array:
        """``a * b * 2**-shift``."""

    @abstractmethod
    def add(self, sums: Array, values: Array) -> None:
        """Add `values` to `sums`, in place."""

    @abstractmethod
    def add_at(self, sums: Array, place: Any, values: Array) -> None:
        """Add `values` one by one where `place` says, in place; a place may occur many times."""


class FloatNumbers(Numbers):
    """float32 and float64."""

    def __init__(self, network: Network) -> None:
        self.dtype = np.float64 if network.format.kind == "float64" else np.float32
        self.weight_dtype = self.recorded = self.dtype
        self._dt = network.dt

    def cell(
        self, node: Population, values: Mapping[str, Number]
    ) -> tuple[CanonicalCell, Constants]:
        """The canonical programs, which read what is declared."""
        return canonical_cell(node.cell), values

    def synapse(
        self, node: Projection, values: Mapping[str, Number]
    ) -> tuple[CanonicalSynapse, Constants]:
        """The canonical programs, which read what is declared."""
        return canonical_synapse(node.synapse), values

    def encode(self, target: str, variable: str, values: ArrayLike) -> Array:
        """`values`, rounded."""
        return np.asarray(values).astype(self.dtype)

    def decode(self, target: str, variable: str, stored: Array) -> Array:
        """The values themselves."""
        return stored

    def graded(self, node: GradedProjection, weight: Number) -> tuple[Array, int]:
        """The weights, rounded."""
        return np.asarray(weight).astype(self.dtype), 0

    def draw(self, name: str, word: Words) -> Array:
        """A number in [0, 1) or (0, 1)."""
        draw = half_open if name.startswith("uniform") else open_interval
        return draw(word, self.dtype)  # type: ignore[arg-type]

    def time(self, step: int) -> Array:
        """Seconds."""
        return np.asarray(step * self._dt).astype(self.dtype)

    def product(self, a: Array, b: Array, shift: int = 0) -> Array:
        """``a * b``, rounded."""
        return np.asarray(a * b)

    def add(self, sums: Array, values: Array) -> None:
        """Add, rounded."""
        sums += values

    def add_at(self, sums: Array, place: Any, values: Array) -> None:
        """Add one by one, each rounded."""
        np.add.at(sums, place, values)


class FixedNumbers(Numbers):
    """Fixed point: int32, each variable with an exponent of its own; see `neuro.ir.fixed`."""

    dtype = np.int32
    recorded = np.float64

    def __init__(self, network: Network, weights: Mapping[str, int]) -> None:
        self.weight_bits = network.format.weight_bits
        self.weight_dtype = np.int8 if self.weight_bits == 8 else np.int16
        self.scales = Scales(network, weights)

    def cell(
        self, node: Population, values: Mapping[str, Number]
    ) -> tuple[CanonicalCell, Constants]:
        """Integer programs and mantissas.

        Raises
        ------
        UnsupportedError
            If something has no integer form.
        """
        made = fixed_cell(node, values, self.scales)
        refuse_problems(cell_findings(node, made.problems))
        return made.programs, made.constants

    def synapse(
        self, node: Projection, values: Mapping[str, Number]
    ) -> tuple[CanonicalSynapse, Constants]:
        """Integer programs and mantissas; errors as for `cell`."""
        made = fixed_synapse(node, values, self.scales)
        refuse_problems(synapse_findings(node, made.problems))
        return made.programs, made.constants

    def encode(self, target: str, variable: str, values: ArrayLike) -> Array:
        """Mantissas, rounded half away from zero and saturated."""
        place = self.scales.target(target, variable)
        return mantissa(values, place.exponent, place.bits)

    def decode(self, target: str, variable: str, stored: Array) -> Array:
        """Numbers in float64; exact."""
        return number(stored, self.scales.of(target, variable))

    def graded(self, node: GradedProjection, weight: Number) -> tuple[Array, int]:
        """Mantissas, and how far a product is shifted to have the exponent of the port."""
        exponent = self.scales.graded(node.name, magnitude(weight))
        shift = exponent + self.scales.of(node.pre, node.variable)
        return mantissa(weight, exponent), shift - self.scales.of(node.post, node.port)

    def draw(self, name: str, word: Words) -> Array:
        """31 random bits."""
        return (word >> np.uint32(32 - UNIFORM_BITS)).astype(np.int32)

    def time(self, step: int) -> Array:
        """Steps, saturated."""
        return np.asarray(min(step, HIGH), np.int32)

    def product(self, a: Array, b: Array, shift: int = 0) -> Array:
        """``a * b * 2**-shift``, rounded half away from zero and saturated."""
        return mul_shift(a, b, np.asarray(shift))

    def add(self, sums: Array, values: Array) -> None:
        """Add, saturated."""
        sums[...] = add_sat(sums, values)

    def add_at(self, sums: Array, place: Any, values: Array) -> None:
        """Add one by one, each saturated."""
        places = np.stack(place if isinstance(place, tuple) else (place,), axis=1).tolist()
        each = np.broadcast_to(values, (len(places),)).tolist()
        for one, value in zip(map(tuple, places), each, strict=True):
            sums[one] = max(LOW, min(HIGH, int(sums[one]) + value))


def numbers_of(network: Network, expanded: Mapping[str, Connections], seed: int) -> Numbers:
    """The numbers of `network`, given the synapses of its projections by name."""
    if network.format.kind != "fixed":
        return FloatNumbers(network)
    return FixedNumbers(network, weight_exponents(network, expanded, seed))
