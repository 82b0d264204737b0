"""Exponents of all variables of a network in fixed point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuro.ir.fixed.compile import Target
from neuro.ir.fixed.mantissa import best_exponent
from neuro.ir.network import Network, Population, Projection
from neuro.ir.resolve import Connections, Number, parameters
from neuro.ir.synapse import WEIGHT

GRADED_BITS = 31
"""Weights of graded projections keep all bits of an int32."""


class Scales:
    """The exponent and bits of every variable.

    Parameters
    ----------
    network
        A network in fixed point.
    weights
        Exponents of weights that the network does not give, by projection; see `weight_exponent`.
    """

    def __init__(self, network: Network, weights: Mapping[str, int]) -> None:
        self._network = network
        self._given = {(s.target, s.variable): s.exponent for s in network.scales}
        self._weights = dict(weights)
        self._projections = {p.name for p in network.projections}

    def target(self, name: str, variable: str) -> Target:
        """How a variable of a population or projection is stored; a bound port is its variable."""
        if variable == WEIGHT and name in self._projections:
            return Target(self._weight(name), self._network.format.weight_bits)
        variable = bound_variable(self._network, name, variable)
        return Target(self._given.get((name, variable), self._network.format.fraction_bits))

    def of(self, name: str, variable: str) -> int:
        """The exponent of a variable."""
        return self.target(name, variable).exponent

    def graded(self, name: str, bound: float) -> int:
        """The exponent of the weights of a graded projection, which are at most `bound`."""
        return self._given.get((name, WEIGHT), best_exponent(bound, GRADED_BITS))

    def _weight(self, projection: str) -> int:
        return self._given.get((projection, WEIGHT), self._weights.get(projection, 0))


def bound_variable(network: Network, name: str, variable: str) -> str:
    """The state variable behind a bound port of a population, or `variable` itself."""
    source = network.sources.get(name)
    if isinstance(source, Population):
        for port in source.cell.ports:
            if port.name == variable and port.into is not None:
                return port.into
    return variable


def weight_exponents(
    network: Network, expanded: Mapping[str, Connections], seed: int
) -> dict[str, int]:
    """The exponent with which weights, and constants of their unit, fit best into weight bits."""
    return {
        p.name: _weight_exponent(network, p, expanded[p.name], seed) for p in network.projections
    }


def _weight_exponent(network: Network, node: Projection, expanded: Connections, seed: int) -> int:
    declared = [p for p in node.synapse.parameters if p.unit == "weight"]
    place = f"{node.name}/parameter"
    values = parameters(declared, node.parameters, expanded.count, seed, place)
    bound = max(magnitude(value) for value in (expanded.weight, *values.values()))
    return best_exponent(bound, network.format.weight_bits - 1)


def magnitude(value: Number) -> float:
    """The largest magnitude in `value`."""
    return float(np.max(np.abs(value), initial=0.0))
